#!/bin/sh
# Patroni runs this once, on the first leader, with the address of the database `postgres`.
set -e
psql -v ON_ERROR_STOP=1 -v password="$BOT_DATABASE_PASSWORD" "$1" <<'SQL'
CREATE ROLE bot LOGIN PASSWORD :'password';
-- Removes from the write-ahead log what was erased.
GRANT pg_checkpoint TO bot;
CREATE DATABASE bot OWNER bot ENCODING 'UTF8' TEMPLATE template0;
\connect bot
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO bot;
SQL
