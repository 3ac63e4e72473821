#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# skep exec itself: exit status, signals, nesting, joining, logs, what is left behind. Usage: exec.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool python3
name=test-$$

is() { [ "$2" = "$3" ] && ok "$1" || fail "$1: \"$3\", not \"$2\""; }
status() { "$@" >/dev/null 2>&1; echo $?; }

is "exit status" 7 "$(status "$skep" exec -- sh -c 'exit 7')"
is "no such command" 127 "$(status "$skep" exec -- /nowhere/nothing)"
is "not a command" 126 "$(status "$skep" exec -- /etc/passwd)"
is "wrong option" 125 "$(status "$skep" exec --no-such-option -- true)"
is "wrong capability" 125 "$(status "$skep" exec --caps nonsense -- true)"
is "killed by a signal" 143 "$(status sh -c "\"$skep\" exec -- sh -c 'kill -TERM \$\$'")"
is "options of the command are its own" "-j --help" "$("$skep" exec echo -j --help)"
is "environment and arguments" "a b|" "$("$skep" exec -- sh -c 'printf "%s|" "$1"' x 'a b')"
is "input and output" abc "$(echo abc | "$skep" exec -- cat)"
is "many at once" 8 "$(for i in 1 2 3 4 5 6 7 8; do "$skep" exec -- bpftool map >/dev/null && echo $i & done | wc -l)"
is "many made and ended at once" 80 "$(for i in $(seq 80); do "$skep" exec -- true && echo $i & done | wc -l)"
if as user unshare -Ur true 2>/dev/null; then
	is "in a user namespace of one's own" "0 1" "$(as user unshare -Ur sh -c "'$skep' exec -b $name --keep -- true; echo \$?; '$skep' ps | grep -c '^$name '; '$skep' attach --stop $name" | xargs)"
else
	skip "no user namespaces"
fi
is "a directory that cannot hold boxes is named" 1 "$(XDG_RUNTIME_DIR=/nowhere "$skep" exec -- true 2>&1 | grep -c '/nowhere/skep-boxes.*XDG_RUNTIME_DIR')"
is "an ordinary user plays root" "0 0" "$(as user "$skep" exec -- sh -c 'echo $(id -u) $(id -g)')"
is "or does not" 61001 "$(as user "$skep" exec -u -- id -u)"
make='bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name m'
is "unprivileged: no maps" 255 "$(status as user "$skep" exec -u -- $make)"
is "without CAP_BPF: no maps" 255 "$(status as user "$skep" exec --caps net_admin -- $make)"
is "with CAP_BPF: maps" 0 "$(status as user "$skep" exec --caps bpf -- $make)"
is "nested: the same box" 1 "$("$skep" exec -- sh -c "$make && \"$skep\" exec -- bpftool map" | grep -c 'name m')"
is "threads, fork, exec" 4 "$("$skep" exec -- sh -c "$make; for i in 1 2 3 4; do (bpftool map | grep 'name m') & done; wait" | wc -l)"

# a box that stays
"$skep" exec -b $name --keep -- $make
is "a kept box is listed" 1 "$("$skep" ps | grep -c "^$name ")"
is "joined" 1 "$("$skep" exec -b $name -- bpftool map | grep -c 'name m')"
is "attached to" 1 "$("$skep" attach $name bpftool map | grep -c 'name m')"
is "exit status of who joined" 9 "$(status "$skep" attach $name sh -c 'exit 9')"
is "status" 1 "$("$skep" status $name | grep -c ' m ')"
is "status as JSON" m "$("$skep" status -j $name | python3 -c 'import json,sys; print(json.load(sys.stdin)["maps"][0]["name"])')"
is "top" 2 "$("$skep" top -n 2 $name | grep -c '^box')"
is "what a box is like its maker says" "125 125" "$(status "$skep" exec -b $name --caps none -- true) $(status "$skep" exec -- "$skep" exec --log - -- true)"
"$skep" attach --stop $name
for i in 1 2 3 4 5 6 7 8 9 10; do "$skep" ps | grep -q "^$name " && sleep 0.1; done
is "stopped" 0 "$("$skep" ps | grep -c "^$name ")"
# ended while it has clients: they are asked, and those that do not listen killed
"$skep" exec -b $name --keep -- true
"$skep" attach $name sh -c 'trap "cat /etc/passwd >/dev/null && echo bye; exit 3" TERM; echo up; sleep 20 & wait' >"$work/asked" &
asked=$!
"$skep" attach $name sh -c 'trap "" TERM; echo up; sleep 20' >"$work/deaf" &
deaf=$!
for i in $(seq 50); do [ -s "$work/asked" ] && [ -s "$work/deaf" ] && break; sleep 0.1; done
"$skep" attach --stop $name
is "a box that is stopped is gone when that returns" 0 "$("$skep" ps | grep -c "^$name ")"
wait $asked
is "its clients were asked, and served to their end" "3 up bye" "$? $(echo $(cat "$work/asked"))"
wait $deaf
is "or killed" 137 $?
"$skep" exec -b $name --keep -- true
kill "$("$skep" ps | awk -v n=$name '$1 == n { print $2 }')"
for i in 1 2 3 4 5 6 7 8 9 10; do [ -d "/tmp/skep-boxes-$(id -u)/$name" ] && sleep 0.1; done
is "a signal ends a kept box as well" 0 "$(ls "/tmp/skep-boxes-$(id -u)" | grep -c "^$name\$")"
mkdir "/tmp/skep-boxes-$(id -u)/half-made-$$" # whoever made it was killed before it had a socket
"$skep" exec -- true
is "what was killed while it began is swept" 0 "$(ls "/tmp/skep-boxes-$(id -u)" | grep -c "half-made-$$")"
is "no box of that name" 125 "$(status "$skep" attach $name true)"

# a terminal: Ctrl-C goes to the command, and ends skep as it ended that
cat >"$work/terminal.py" <<'END'
import os, pty, signal, sys, time
def run(keys, *cmd):
    pid, fd = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.write(1, b".") # the terminal is its own
        os.execv(cmd[0], cmd)
    out = os.read(fd, 1)
    for wait, k in keys:
        time.sleep(wait)
        os.write(fd, k)
    try:
        while True:
            d = os.read(fd, 4096)
            if not d: break
            out += d
    except OSError:
        pass
    return os.waitpid(pid, 0)[1], out
skep = sys.argv[1]
print("ctrl-c", run([(1, b"\x03")], skep, "exec", "--", "sleep", "20")[0])
print("early", {run([(i / 2000, b"\x03")], skep, "exec", "--", "sleep", "4")[0] for i in range(30)})
status, out = run([(1, b"\x03"), (0.3, b"echo still; exit 3\n")], skep, "exec", "--", "sh", "-i")
print("shell", os.WEXITSTATUS(status), b"(skep " in out or b"still" in out)
END
timeout 100 python3 "$work/terminal.py" "$skep" >"$work/out"
is "Ctrl-C ends the command" "ctrl-c 2" "$(grep ctrl-c "$work/out")"
is "also one that is just being started" "early {2}" "$(grep early "$work/out")"
is "Ctrl-C leaves a shell" "shell 3 True" "$(grep shell "$work/out")"

# logs
"$skep" exec --log "$work/log" -- bpftool map show id 99 2>/dev/null
is "the log has the reason" 1 "$(grep -c '"command":"BPF_MAP_GET_FD_BY_ID".*"error":"ENOENT","reason":"..*"' "$work/log")"
is "each line is JSON" 0 "$(status python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$work/log")"
case $B in *san*) accel= ;; *) accel=-a ;; esac # a sanitizer's library cannot be preloaded into others
for option in "" $accel; do
	"$skep" exec $option --log "$work/log$option" -- sh -c "$make; bpftool map update name m key 1 0 0 0 value 1 0 0 0; bpftool map dump name m" >/dev/null
done
is "also of an accelerated client every command" "$(grep -c _ELEM "$work/log")" "$(grep -c _ELEM "$work/log$accel")"
"$skep" exec --audit "$work/audit" -- bpftool map >/dev/null
"$skep" exec --audit "$work/audit" -- bpftool prog >/dev/null
is "an audit file is intact" 0 "$(status "$skep" audit verify "$work/audit")"
head -c 32 /dev/urandom >"$work/key"
"$skep" exec --audit "$work/keyed" --audit-key "$work/key" -- bpftool map >/dev/null
is "an audit file with a key" 0 "$(status "$skep" audit verify --key "$work/key" "$work/keyed")"
is "is not checked without it" 1 "$("$skep" audit verify "$work/keyed" | grep -c 'has a key')"
is "nor continued" 125 "$(status "$skep" exec --audit "$work/keyed" -- true)"
is "nor by another key" 1 "$(status "$skep" audit verify --key "$work/audit" "$work/keyed")"
is "HMAC is everybody's" 1 "$(python3 - "$work" <<'END'
import hashlib, hmac, sys
line = open(sys.argv[1] + "/keyed").readline().rstrip()
body, key = line[1:line.index(',"prev":')], open(sys.argv[1] + "/key", "rb").read()
print(int(hmac.new(key, b"0" * 64 + body.encode(), hashlib.sha256).hexdigest() == line[-66:-2]))
END
)"
last=$("$skep" audit verify "$work/audit" | sed 's/.* //')
is "a last record that was noted" 0 "$(status "$skep" audit verify --last "$last" "$work/audit")"
sed -n '1,3p' "$work/audit" >"$work/bad"
is "and is gone" "1 0" "$(status "$skep" audit verify --last "$last" "$work/bad") $(status "$skep" audit verify "$work/bad")"
is "a log that cannot be written is named" 1 "$("$skep" exec --log /nowhere/log -- true 2>&1 | grep -c '/nowhere/log: No such file')"
: >"$work/empty"
is "an audit file without records is none" 1 "$(status "$skep" audit verify "$work/empty")"
for edit in '2s/ENOENT/EPERM/' 2d '2{h;d};3{G}' '$d' 1d; do
	sed "$edit" "$work/audit" >"$work/bad"
	is "tampering ($edit) is found" 1 "$(status "$skep" audit verify "$work/bad")"
done
is "statistics" 1 "$("$skep" exec -s -- bpftool map 2>&1 | grep -c BPF_MAP_GET_NEXT_ID)"
# what stays in the background is served, and then nothing is left
"$skep" exec -b $name -- sh -c "(sleep 0.3; bpftool map >$work/late; $make 2>>$work/late) >/dev/null 2>&1 &"
is "ended before its children" 1 "$("$skep" ps | grep -c "^$name ")"
n=0
while [ $n -lt 100 ] && "$skep" ps | grep -q "^$name "; do sleep 0.1; n=$((n + 1)); done
is "a late child was served" 1 "$([ -e "$work/late" ] && ! grep -q . "$work/late" && echo 1)"
is "the box went with it" 0 "$("$skep" ps | grep -c "^$name ")"
is "no file is left" 0 "$(find "/tmp/skep-boxes-$(id -u)" -name "$name*" 2>/dev/null | wc -l)"
for who in root user; do
	cc -O1 -o "$work/threads" "$here/threads.c" -pthread && as $who timeout 20 "$skep" exec -- "$work/threads" >"$work/out" &&
		[ "$(grep -c '^ok' "$work/out")" = 5 ] && ok "processes of unusual shape, as $who" || { fail "processes of unusual shape, as $who"; cat "$work/out"; }
done
cc -O1 -o "$work/pinned" "$here/pinned.c"
is "a bound client's processor is where it is served" "another processor 0, elements gone 0" "$("$skep" exec -- "$work/pinned")"
if [ "$(uname -m)" = x86_64 ] && cc -O1 -o "$work/around" "$here/around.c"; then
	"$skep" exec -- "$work/around" >"$work/out" && ok "no way around the filter" || { fail "no way around the filter"; cat "$work/out"; }
fi
finish
