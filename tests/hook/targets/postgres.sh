# SPDX-License-Identifier: BSD-2-Clause
# A PostgreSQL server under pgbench, as an ordinary user. Usage: postgres.sh init | run TRANSACTIONS [OBJECT]: with it
# `skep run` of that user attaches its programs to the server.
dir=$WORK/pg
user() { exec setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
port=$((40000 + $$ % 10000))
if [ "$1" = init ]; then
	mkdir -p "$dir" && chown postgres:postgres "$dir"
	(user "$PG/initdb" -D "$dir/data" -U bench --no-sync -A trust >"$WORK/initdb.log" 2>&1) || { tail "$WORK/initdb.log"; exit 1; }
	exit 0
fi
user "$PG/postgres" -D "$dir/data" -p $port -k "$dir" -c fsync=off -c autovacuum=off -c listen_addresses= >"$WORK/pg.log" 2>&1 &
server=$!
i=0
until "$PG/pg_isready" -q -h "$dir" -p $port || [ $i -gt 200 ]; do sleep 0.1; i=$((i + 1)); done
"$PG/pgbench" -h "$dir" -p $port -U bench -i -q -s 1 postgres >/dev/null 2>&1
if [ -n "$3" ]; then
	(user "$SKEP" run -j -v "$3" -P $server >"$WORK/counts.json" 2>"$WORK/skep.log") &
	tracer=$!
	i=0
	until grep -qs attached "$WORK/skep.log" || ! kill -0 $tracer 2>/dev/null || [ $i -gt 600 ]; do sleep 0.1; i=$((i + 1)); done
fi
"$PG/pgbench" -h "$dir" -p $port -U bench -n -S -c 4 -t $(($2 / 4)) postgres >"$WORK/pgbench" 2>&1
grep -E 'actually processed|failed' "$WORK/pgbench"
grep -E '^tps' "$WORK/pgbench" >&2
"$PG/psql" -h "$dir" -p $port -U bench -At postgres -c 'select 1 / 0' -c 'select count(*), sum(abalance) from pgbench_accounts' 2>&1
kill -INT $server
wait $server
echo "end $?"
[ -n "$tracer" ] && wait $tracer # it says what it counted when the server has ended
grep -c 'terminated by signal\|PANIC' "$WORK/pg.log"
