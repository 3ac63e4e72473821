#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Clients that are killed at any moment and clients that lie: nothing stays, and the supervisor lives. KILLS, CALLS: how many.
# SCRIBBLE: seconds of noise in maps. Usage: robust.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need cc python3
KILLS=${KILLS:-60} CALLS=${CALLS:-20000} SEED=${SEED:-1}
cc -O1 -pthread -o "$work/hostile" "$here/hostile.c" || { fail "hostile.c does not compile"; finish; }
name=robust-$$
cd "$work" || exit 1 # noise as paths is relative to here

state() { "$skep" status -j $name | python3 -c 'import json,sys; s=json.load(sys.stdin); print(len(s["progs"]), len(s["maps"]), len(s["links"]), len(s["clients"]))'; }
super() { "$skep" status -j $name | python3 -c 'import json,sys; print(json.load(sys.stdin)["supervisor"])'; }
# the supervisor's memory in KiB, its descriptors and threads
size() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
fds() { ls "/proc/$pid/fd" | wc -l; }
# until the box is empty, at most 5 seconds; pins stay when their maker is killed, as in Linux
settle() { "$skep" exec -b $name -- sh -c 'rm -f /sys/fs/bpf/*'; for i in $(seq 50); do [ "$(state)" = "0 0 0 0" ] && return; sleep 0.1; done; }

"$skep" exec -b $name --keep -- true
pid=$(super)
cat >"$work/kill.py" <<'END'
import random, signal, subprocess, sys, time
n, seed, skep, name, prog = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
random.seed(seed)
for i in range(0, n, 4):
    ps = [subprocess.Popen([prog, "busy"]) for _ in range(4)]
    for p in ps:
        time.sleep(random.random() * 0.01)
        p.send_signal(signal.SIGKILL)
    for p in ps: p.wait()
END
round() { timeout 280 "$skep" exec -b $name -- python3 "$work/kill.py" $1 $SEED "$skep" $name "$work/hostile"; }
round 40
settle
before=$(size) fds_before=$(fds)
round "$KILLS"
settle
[ "$(state)" = "0 0 0 0" ] && ok "$KILLS clients killed: no object, no client is left" || fail "$KILLS clients killed: left are (programs maps links clients) $(state)"
[ "$(fds)" -le $((fds_before + 4)) ] && ok "no descriptor left" || { fail "no descriptor left: $fds_before, now $(fds)"; ls -l "/proc/$pid/fd" | tail -5; }
[ "$(size)" -le $((before + before / 4 + 4096)) ] && ok "memory is flat" || fail "memory is flat: $before KiB, now $(size)"
[ -z "$(find "/tmp/skep-boxes-$(id -u)/$name/bpf" -type f)" ] && ok "no pin left" || fail "no pin left"

timeout 20 "$skep" exec -b $name -- "$work/hostile" stall 8
code=$?
[ $code = 77 ] && skip "no userfaultfd" || { [ $code = 0 ] && ok "calls that hang in the supervisor hold up nobody" || fail "calls that hang in the supervisor: $code"; }

# noise in the memory of maps: the supervisor answers, and is not at work when its clients are gone
cc -O1 -w -o "$work/scribble" "$here/scribble.c" || fail "scribble.c does not compile"
timeout 60 "$skep" exec -b $name -- "$work/scribble" "${SCRIBBLE:-4}" "$SEED"
sleep 0.5
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
was=$(ticks)
sleep 1
now=$(ticks)
timeout 10 "$skep" status $name >/dev/null && [ $((now - was)) -lt 25 ] && ok "noise in maps' memory harms nobody" ||
	fail "noise in maps' memory: busy for $((now - was)) of 100 ticks, or no answer"

for who in root user; do
	as $who timeout 280 "$skep" exec -- sh -c "cp '$work/hostile' /dev/null; '$work/hostile' fuzz $CALLS $SEED; '$skep' status >/dev/null && exit 42" >"$work/out" 2>&1
	code=$?
	[ $code = 42 ] && ok "$CALLS malformed calls as $who: the supervisor lives" || { fail "$CALLS malformed calls as $who: exit $code"; tail -5 "$work/out"; }
done
kill -0 "$pid" 2>/dev/null && ok "the first box still runs" || fail "the first box still runs"
"$skep" attach --stop $name
finish
