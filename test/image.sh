#!/bin/bash
# Builds the image without any image registry: both bases are made from Debian's packages. Needs root, mmdebstrap, buildah.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d /tmp/whorl-image.XXXXXX)
export STORAGE_DRIVER=overlay
store=(--root "$work/store" --runroot "$work/run")
cleanup() { buildah "${store[@]}" rm -a >/dev/null 2>&1 || true; buildah "${store[@]}" rmi -a -f >/dev/null 2>&1 || true; rm -rf "$work"; }
trap cleanup EXIT

mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/base.tar"

# The builder is the same base with this machine's node and npm in it, as the usual node images have.
mkdir -p "$work/builder/usr/bin" "$work/builder/usr/lib/node_modules"
cp "$(readlink -f "$(command -v node)")" "$work/builder/usr/bin/node"
cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$work/builder/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/builder/usr/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/builder/usr/bin/npx"

base=$(buildah "${store[@]}" from scratch)
buildah "${store[@]}" add --quiet "$base" "$work/base.tar" / >/dev/null
buildah "${store[@]}" commit --quiet "$base" localhost/whorl-base >/dev/null
buildah "${store[@]}" add --quiet "$base" "$work/builder" / >/dev/null
# npm must believe whom this machine believes: behind a proxy with its own authority the base's list is not enough.
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
  buildah "${store[@]}" copy --quiet "$base" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah "${store[@]}" config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$base"
fi
buildah "${store[@]}" commit --quiet "$base" localhost/whorl-builder >/dev/null

buildah "${store[@]}" bud --quiet --layers=false --isolation chroot --build-arg BASE=localhost/whorl-base --build-arg BUILDER=localhost/whorl-builder -t localhost/whorl . >"$work/bud.log" 2>&1 ||
  { tail -40 "$work/bud.log"; exit 1; }

run=$(buildah "${store[@]}" from localhost/whorl)
in_image() { buildah "${store[@]}" run --isolation chroot "$run" -- "$@"; }
in_image whorl --version
user=$(buildah "${store[@]}" inspect --type image --format '{{.OCIv1.Config.User}}' localhost/whorl)
[ "$user" = 65532:65532 ] || { echo "the image runs as '$user', not as 65532:65532"; exit 1; }
in_image whorl keygen --no-passphrase --out /tmp/k >/dev/null
in_image sh -c 'test -x /app/dist/sensor/whorl-sensor-*'
mount=$(buildah "${store[@]}" mount "$run")
echo "image: $(du -sm "$mount" | cut -f1) MiB on disk, of these $(du -sm "$mount/app" | cut -f1) MiB Whorl with its Node"
