#!/bin/sh
# containerd's plain client cannot say as which user, with which host name, processors and networks a container runs.
# It takes a runtime, though: this one reads what is to be different from /run/whorl-corpus/<container>.json, then is runc.
set -eu
for id; do :; done
told="/run/whorl-corpus/$id.json"
process='.user += $t.user | .env += $t.env | .cwd = $t.cwd'
change() {
  jq --slurpfile told "$told" "\$told[0] as \$t | $2" "$1" >"$1.new"
  cat "$1.new" >"$1"
}
previous=
for word; do
  case "$previous" in
    --bundle | -b)
      case " $* " in *" create "*)
        change "$word/config.json" "
          (.process |= ($process)) | .hostname = \$t.hostname | .linux.cgroupsPath = \$t.cgroup
          | (if \$t.cpus then .linux.resources.cpu.cpus = \$t.cpus else . end)
          | .mounts = ([.mounts[] | select(.destination != \"/run\")] + \$t.mounts)
          | .linux.namespaces |= map(if .type == \"network\" then .path = \$t.network else . end)" ;;
      esac ;;
    --process | -p) change "$word" "$process" ;;
  esac
  previous=$word
done
exec /usr/sbin/runc "$@"
