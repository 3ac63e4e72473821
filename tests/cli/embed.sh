# SPDX-License-Identifier: BSD-2-Clause
# The embedding example: a server asks a program of a type of its own, which is replaced while requests come in. Usage: embed.sh BUILD
B=$1
t=$(mktemp -d)
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$t"' EXIT
ex=$B/examples/embed

cp "$ex/filter_open.bpf.o" "$t/filter.o"
"$ex/server" "$t/filter.o" >"$t/out" 2>"$t/err" &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -s "$t/out" ] && break
	sleep 0.1
done
port=$(sed -n 's#.*:\([0-9]*\)/#\1#p' "$t/out")
[ -n "$port" ] || { echo "not ok the server starts: $(head -n 3 "$t/err")"; exit; }
echo "ok the server starts"

# get PATH [HEADER]: "STATUS MARK"
get()
{
	python3 - "$port" "$1" "${2-}" <<'PY'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
s.sendall(("GET %s HTTP/1.0\r\nHost: x\r\n%s\r\n" % (sys.argv[2], sys.argv[3] + "\r\n" if sys.argv[3] else "")).encode())
a = b""
while True:
    d = s.recv(4096)
    if not d:
        break
    a += d
a = a.decode().split("\r\n")
print(a[0].split()[1], a[1].split()[1])
PY
}
is()
{
	if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: got \"$2\", want \"$3\" ($(tail -n 3 "$t/err"))"; fi
}
# replace FILTER TEXT: load it, and wait until the server has said TEXT of it
replace()
{
	cp "$ex/$1.bpf.o" "$t/filter.o"
	: >"$t/err"
	kill -HUP "$pid"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q "$2" "$t/err" && return
		sleep 0.1
	done
	echo "not ok the server says $2 of $1: $(head -n 3 "$t/err")"
}

is "the open filter lets all pass" "$(get /admin)" "200 1"
replace filter_guard "filter:"
is "the guard lets others pass" "$(get /index)" "200 2"
is "a short path" "$(get /)" "200 2"
is "the guard refuses without a token" "$(get /admin)" "403 2"
is "and with a wrong one" "$(get /admin 'X-Token: wax')" "403 2"
is "the right token, by a function of the server" "$(get /admin/x 'x-token: honey')" "200 2"
is "a token that does not fit" "$(get /admin 'X-Token: honeyhoneyhoneyhoney')" "403 2"
replace filter_bad refused
is "a refused filter changes nothing" "$(get /admin)" "403 2"
if grep -q "no comparison with data_end" "$t/err"; then echo "ok and is explained"; else echo "not ok the refusal is explained: $(cat "$t/err")"; fi

# replaced under load: every request is answered by one filter or the other
python3 - "$port" >"$t/load" <<'PY' &
import socket, sys, time
bad = n = 0
end = time.time() + 2
while time.time() < end:
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    s.sendall(b"GET /admin HTTP/1.0\r\n\r\n")
    a = s.recv(4096).decode().split()
    n += 1
    bad += (a[1], a[a.index("X-Mark:") + 1]) not in (("200", "1"), ("403", "2"))
    s.close()
print("ok" if n > 20 and not bad else "%d of %d" % (bad, n))
PY
load=$!
for _ in 1 2 3 4 5 6 7 8; do
	replace filter_open "filter:"
	replace filter_guard "filter:"
done
wait $load
is "replaced sixteen times under load" "$(cat "$t/load")" ok
kill "$pid"
wait "$pid"
is "the server ends" $? 0
pid=
