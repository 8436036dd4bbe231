#!/bin/sh
# The first start makes the directories of the cache, then it becomes the proxy.
set -e
[ -d /var/spool/squid/00 ] || squid -N -z
exec squid --foreground -Y
