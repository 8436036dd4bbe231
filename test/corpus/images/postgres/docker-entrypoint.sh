#!/bin/bash
# As the official image: the first start makes the cluster, then it becomes the server.
set -Eeuo pipefail
data=/var/lib/postgresql/data/pgdata
if [ ! -s "$data/PG_VERSION" ]; then
  initdb --username=postgres --auth=trust --pgdata="$data"
  echo 'CREATE DATABASE shop;' | postgres --single -D "$data" postgres >/dev/null
fi
exec postgres -D "$data" -c config_file=/etc/postgres/postgresql.conf "$@"
