#!/bin/bash
# What a user of the npm package gets: packed, installed in an empty folder, used there.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d /tmp/whorl-package.XXXXXX)
trap 'rm -rf "$work"' EXIT
# .npmrc keeps scripts of packages from running, and with them our own prepack.
npm run --silent build
npm pack --silent --pack-destination "$work" >/dev/null
cp .npmrc "$work/.npmrc"
cd "$work"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund ./whorl-*.tgz
whorl=node_modules/.bin/whorl
"$whorl" --version
"$whorl" keygen --no-passphrase --out vendor >/dev/null
"$whorl" trust init --signer vendor.pub --image 'example/**' --out policy.json >/dev/null
"$whorl" trust show policy.json >/dev/null
"$whorl" --help | head -n 3
if "$whorl" verify policy.json --trust policy.json 2>error.txt; then echo 'verify accepted a policy as a fingerprint'; exit 1; fi
[ "$(wc -l <error.txt)" -le 3 ] || { cat error.txt; exit 1; }
"$whorl" demo --json --no-install 2>demo.txt | tail -n 1 || { cat demo.txt; exit 1; }
echo "package: $(du -k whorl-*.tgz | cut -f1) KiB packed"
