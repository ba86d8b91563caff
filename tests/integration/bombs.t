#!/usr/bin/env bash
# The bombs of tests/filters/hostile-bombs.t at full size: lines of a gigabyte,
# a million records in an object, a million members that hold nothing.
# BOMB_RECORDS=10000000 takes some ten minutes of CPU.
BOMB_MB=${BOMB_MB:-1024} BOMB_RECORDS=${BOMB_RECORDS:-1000000} BOMB_MEMBERS=${BOMB_MEMBERS:-1000000} exec "$(dirname "$0")/../filters/hostile-bombs.t"
