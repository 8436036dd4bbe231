#!/bin/sh
sed "s/API_HOST/$API_HOST/" /etc/nginx/nginx.conf.tpl >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
