#!/bin/bash
# Try the bot on three PostgreSQL nodes on this machine, and kill things at random for five minutes:
#   bash deploy/try-scale.sh [--seconds N] [--seed N]
# It needs the extra `test` and Debian's packages postgresql, patroni and etcd-server, and says in a
# sentence which is missing. Nothing leaves this machine, and nothing is left on it.
set -e
cd "$(dirname "$0")/.."
python=python3
[ -x .venv/bin/python ] && python=.venv/bin/python
exec "$python" -m tests.faults.postgres.try_scale "$@"
