# A site of 640 files, of which most are never asked for, and one that nobody should have put there.
site="$ROOT/usr/share/nginx/html"
mkdir -p "$site/css" "$site/js" "$site/img"
echo '<title>shop</title>' >"$site/index.html"
for i in $(seq 1 220); do echo "body{margin:${i}px}" >"$site/css/part-$i.css"; done
for i in $(seq 1 220); do echo "var n=$i" >"$site/js/chunk.$(printf '%08x' $((i * 19088743))).js"; done
for i in $(seq 1 200); do echo "<svg id='s$i'/>" >"$site/img/item-$i.svg"; done
printf -- '-----BEGIN PRIVATE KEY-----\nnot one\n-----END PRIVATE KEY-----\n' >"$site/server.key"
