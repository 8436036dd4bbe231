#!/bin/sh
# The nightly report: how many files there are.
ls /srv/data | wc -l
