#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Processes that may do less than others: of another user, children of vfork, with seccomp filters that kill. Usage: sealed.sh BUILD
. "$(dirname "$0")/lib.subr"

# What the program counted: calls, arguments it could read, arguments it could not.
counts()
{
	python3 - "$t/out" <<END
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l[0] == "{"]
print(*[e["value"] for e in lines[-1]["maps"][0]["elements"]] if lines else "-")
END
}

gcc -O1 -g -o "$t/sealed" tests/hook/sealed.c && bpf tests/hook/sealed.bpf.c "$t/sealed.o" "-DEXE=\"$t/sealed\"" || exit 1
chmod 755 "$t/sealed"
run() { timeout -k 1 30 "$@" >"$t/out" 2>"$t/err" </dev/null; }

run "$skep" run -j "$t/sealed.o" -c "sh -c '$t/sealed plain 5; $t/sealed plain 5; true'"
is "children of vfork" "$? $(counts)" "0 10 10 0"
other="setpriv --reuid=65534 --regid=65534 --clear-groups"
if [ "$(id -u)" = 0 ]; then
	run "$skep" run -j "$t/sealed.o" -c "$other $t/sealed plain 10"
	is "another user's" "$? $(counts)" "0 10 10 0"
	$other "$t/sealed" plain 10 2 >"$t/its" &
	pid=$!
	sleep 0.3
	run "$skep" run -j "$t/sealed.o" -P $pid
	wait $pid
	is "another user's that runs" "$? $(counts)" "0 10 10 0"
	if command -v bpftrace >/dev/null; then
		run "$skep" exec -- bpftrace -e "uprobe:$t/sealed:probed { @[str(arg0), uid] = count(); }" -c "/usr/bin/$other $t/sealed plain 10"
		is "another user's, by bpftrace" "$? $(grep -o '@.*' "$t/out")" "0 @[text, 65534]: 10"
	fi
fi

kill=
# Attach to a process once it has begun: SECONDS BEFORE, then skep's arguments.
attach()
{
	how=$1 after=$2 before=$3; shift 3
	$as "$t/sealed" $how 10 $after $before >"$t/its" &
	pid=$!
	sleep 0.4
	run $kill $as "$skep" run -j "$@" "$t/sealed.o" -P $pid
	code=$?
	wait $pid
	its="$? $(tail -n 1 "$t/its")"
}
chmod 777 "$t"
for as in "" "setpriv --reuid=nobody --regid=nogroup --clear-groups"; do
	user=$(id -un)
	if [ "$as" ]; then
		[ "$user" = root ] && id nobody >/dev/null 2>&1 || continue
		user=nobody
	fi
	for how in filter strict; do
		run $as "$skep" run -j "$t/sealed.o" -c "$t/sealed $how 10"
		is "$user: $how, while it is probed" "$? $(grep -c survived "$t/out") $(counts)" "0 1 10 0 10"
		attach $how 1.5 0
		if [ $how$user = filterroot ]; then
			is "$user: $how, before it is probed" "$its, $code $(counts)" "0 survived, 0 10 0 10"
		else
			is "$user: $how, before it is probed" "$its, $code $(grep -c seccomp "$t/err")" "0 survived, 3 1"
		fi
	done
	attach filter 2 1 --seconds 1
	is "$user: probed no more" "$its, $code $(counts)" "0 survived, 0 0 0 0"
	kill="timeout -s KILL 1"
	attach filter 2 1
	kill=
	is "$user: skep is killed" "$its, $code" "0 survived, 137"
done

# In a box one process is not probed and others are: the reason is in the log.
if command -v bpftrace >/dev/null; then
	cat >"$t/both" <<END
$t/sealed filter 10 3 0 &
sleep 1
bpftrace -e 'uprobe:$t/sealed:probed { @ = count(); }' -c '$t/sealed plain 10'
"$skep" status
wait
END
	as=
	[ "$(id -u)" != 0 ] || as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	run $as "$skep" exec --stats --log "$t/log" -- sh "$t/both"
	is "a sealed process in a box" "$? $(grep -c '^@: 10' "$t/out") $(grep -c '"unprobed".*seccomp' "$t/log")" "0 1 1"
	is "skep status and --stats say so" "$(grep -c '^not probed: .*seccomp' "$t/out") $(grep -A1 '^not probed:' "$t/err" | grep -c seccomp)" "1 1"
fi
