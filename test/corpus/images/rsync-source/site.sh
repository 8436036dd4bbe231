mkdir -p "$ROOT/srv/src/css" "$ROOT/srv/shop"
for page in index stock prices catalogue imprint contact; do
  seq 1 400 | sed "s/^/$page /" > "$ROOT/srv/src/$page.html"
done
for part in base print dark; do
  seq 1 200 | sed "s/^/.$part-/" > "$ROOT/srv/src/css/$part.css"
done
seq 1 60000 > "$ROOT/srv/src/export.csv"
