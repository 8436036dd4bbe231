site="$ROOT/usr/share/nginx/html"
mkdir -p "$site"
echo '<title>shop</title>' >"$site/index.html"
for i in 1 2 3 4 5; do echo "var n=$i" >"$site/asset$i.js"; done
