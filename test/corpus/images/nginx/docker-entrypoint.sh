#!/bin/sh
# What many images do first: write a piece of the settings for this very copy, then become the daemon.
set -e
mkdir -p /run/nginx
sed "s/INSTANCE/$(hostname)/" /etc/nginx/instance.template >/run/nginx/instance.conf
exec nginx -g 'daemon off;'
