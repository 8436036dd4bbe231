user nobody nogroup;
worker_processes 2;
pid /tmp/nginx.pid;
error_log /var/log/nginx/error.log;
events {}
http {
  include /etc/nginx/mime.types;
  access_log /var/log/nginx/access.log;
  server {
    listen 8080;
    root /usr/share/nginx/html;
    location /api/ { proxy_pass http://API_HOST:5000; }
  }
}
