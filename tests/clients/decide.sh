#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs decide about calls of boxed processes: cgroup and LSM hooks, as root and as an ordinary user; cgroup programs are compared
# with the running kernel's where it may be asked. And a client that changes arguments meanwhile. Usage: decide.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool cc python3
cgroup=/sys/fs/cgroup
[ -f $cgroup/cgroup.procs ] || cgroup=$cgroup/unified
[ -f $cgroup/cgroup.procs ] || { skip "no unified cgroup hierarchy"; exit 0; }
bpf_objects decide
bpftool gen skeleton "$work/obj/decide.bpf.o" name decide_bpf >"$work/decide.skel.h" || { fail "no skeleton"; finish; }
cc -O1 -I"$work" -o "$work/decide" "$here/decide.c" -lbpf || { fail "decide.c"; finish; }
cc -O1 -pthread -o "$work/rewrite" "$here/rewrite.c" || { fail "rewrite.c"; finish; }
cc -O1 -w -o "$work/noise" "$here/noise.c" || { fail "noise.c"; finish; }
cp "$here/decide.py" "$work/"
python=$(python3 -c 'import sys; print(sys.executable)')
as user test -x "$python" || python=/usr/bin/python3
export FROM=28080 TO=28081 DENY=28082 NAME=refused CGROUP=$cgroup

# each in a directory of its own
place()
{
	rm -rf "$work/at" && mkdir "$work/at" && cd "$work/at" && echo secret >refused && echo fine >allowed && ln -s refused refused.link
	printf '#!/usr/bin/id\n' >script
	chmod 755 script
	chmod 777 . && chmod 666 refused allowed
}

# on kernel|root|user OPTION PROGRAMS CASE [ARGS]
on()
{
	where=$1 option=$2 PROGS=$3
	export PROGS
	shift 3
	place
	if [ "$where" = kernel ]; then
		timeout 30 sh -c "echo \$\$ >$CGROUP/cgroup.procs; exec \"\$@\"" sh "$work/decide" "$python" "$work/decide.py" "$@"
	else
		as "$where" timeout 30 "$skep" exec $option -- "$work/decide" "$python" "$work/decide.py" "$@"
	fi </dev/null >"$work/out.$where" 2>"$work/err.$where"
	sed -i "s/^calls.* comm/comm/" "$work/err.$where"
}

oracle=
if kernel_bpf && mkdir $cgroup/skep-test-$$ 2>/dev/null; then
	oracle=$cgroup/skep-test-$$
	trap 'rmdir $oracle; rm -rf "$work"' EXIT
fi

# same NAME OPTION PROGRAMS CASE: equal to the kernel's answer, or else to what is written here
same()
{
	name=$1
	shift
	want=$(cat)
	if [ "$oracle" ]; then
		CGROUP=$oracle on kernel "$@"
		[ "$want" = "$(cat "$work/out.kernel")" ] && ok "$name: the kernel" || { fail "$name: the kernel"; cat "$work/out.kernel" "$work/err.kernel"; }
	fi
	boxed "$name" "$@" <<-END
	$want
	END
}

boxed()
{
	name=$1
	shift
	want=$(cat)
	for who in root user; do
		on $who "$@"
		[ "$want" = "$(cat "$work/out.$who")" ] && ok "$name, $who" || { fail "$name, $who"; cat "$work/out.$who" "$work/err.$who"; }
	done
}

same "connect4" "" connect4 connect <<'END'
('127.0.0.1', 28081) ('127.0.0.1', 28081) Operation not permitted
True
END
same "bind4" "" bind4 bind <<'END'
('127.0.0.1', 28081) Operation not permitted
END
same "post_bind4, post_bind6" "" post_bind4,post_bind6 post_bind <<'END'
Operation not permitted 0 Operation not permitted None 28081 Invalid argument
True Address already in use Cannot assign requested address
Operation not permitted 0 Operation not permitted None 28081 Invalid argument
True Address already in use Cannot assign requested address
Operation not permitted 0 Operation not permitted None 28081 Invalid argument
True Address already in use Cannot assign requested address
Operation not permitted 0 Operation not permitted None 28081 Invalid argument
True Address already in use Cannot assign requested address
END
same "sendmsg4, recvmsg4" --enforce sendmsg4,recvmsg4 datagrams <<'END'
b'one' (b'two', ('127.0.0.1', 28080))
(b'three', ('127.0.0.1', 28080)) Operation not permitted
None
b'fd'
[2000000]
END
same "getpeername4" --enforce getpeername4 names <<'END'
28080 28081
END
DENY=2 same "sock_create" "" sock_create sockets <<'END'
Operation not permitted True
END
same "socket options" --enforce set_option,get_option options <<'END'
4711 1 Operation not permitted
END
same "devices" "" device device <<'END'
Operation not permitted /dev/null /dev/stdin
END

boxed "lsm socket_connect" "" lsm_connect connect <<'END'
('127.0.0.1', 28081) Connection refused Permission denied
True
END
DENY=2 boxed "lsm socket_create" "" lsm_create sockets <<'END'
Permission denied True
END
DENY=2 boxed "lsm socket_create, of a pair" "" lsm_create pairs <<'END'
Permission denied True
END
file_open_lines=$(cat <<'END'
Operation not permitted
Operation not permitted
Operation not permitted
Operation not permitted
Operation not permitted
True True /proc/thread-self/comm
0o100640 x File exists Not a directory No such file or directory Is a directory Not a directory Too many levels of symbolic links
through
END
)
for option in "" --accelerate; do
	boxed "lsm file_open $option" "$option" file_open open refused <<-END
	$file_open_lines
	END
done
NAME=id boxed "lsm bprm_check_security" "" bprm exec <<'END'
Permission denied
Permission denied
0
END
boxed "lsm path_unlink" "" unlink unlink refused <<'END'
Operation not permitted True None File exists None No such file or directory
END
boxed "lsm inode_rename" "" rename_ rename refused <<'END'
None Operation not permitted No such file or directory True
END
boxed "lsm bpf" "" bpf bpf <<'END'
Error: map create failed: Operation not permitted 0
END
DENY=15 boxed "lsm task_kill" --enforce task_kill kill <<'END'
Operation not permitted Operation not permitted Operation not permitted
-9
END

on user "" file_open open refused
grep -q "comm .* uid 61001 .* path $work/at/refused " "$work/err.user" || [ "$(id -u)" != 0 ] && ok "who and what programs see" ||
	{ fail "who and what programs see"; cat "$work/err.user"; }

# what a box does not stop refuses to be attached to, and says why
PROGS=set_option timeout 30 "$skep" exec --log "$work/log" -- "$work/decide" true 2>/dev/null
[ $? = 5 ] && grep -q 'start it with skep exec --enforce' "$work/log" && ok "needs --enforce" || { fail "needs --enforce"; tail -3 "$work/log"; }
while read -r prog why; do
	PROGS=$prog timeout 30 "$skep" exec -e --log "$work/log2" -- "$work/decide" true 2>/dev/null
	[ $? = 5 ] && grep -q "$why" "$work/log2" && ok "$prog refuses, and says why" || { fail "$prog refuses, and says why"; tail -3 "$work/log2"; }
done <<'END'
skb no packet passes by a box
sock_ops what TCP does with a connection
sock_release its last descriptor anywhere
sysctl which do not stop in a box
END

# what programs print, whoever had them run
cat >"$work/print.sh" <<END
cat /sys/kernel/tracing/trace_pipe >"$work/printed" & reader=\$!
PROGS=connect4 "$work/decide" "$python" "$work/decide.py" connect >/dev/null
head -c 64 /dev/zero >"$work/at/data"
bpftool prog loadall "$work/obj/decide.bpf.o" /sys/fs/bpf/all
bpftool prog run pinned /sys/fs/bpf/all/skb data_in "$work/at/data" >/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do grep -q packet "$work/printed" && break; sleep 0.1; done
kill \$reader
END
place
timeout 30 "$skep" exec -- sh "$work/print.sh" >"$work/out" 2>&1
grep -q 'python.*-[0-9]* .*: port 28082 is refused' "$work/printed" && grep -q 'bpftool-[0-9]* .*packet of 50 bytes' "$work/printed" &&
	ok "trace_pipe" || { fail "trace_pipe"; cat "$work/printed" "$work/out"; }

# who joins a box that enforces is in it as all others are
name=enforce-$$
PROGS=task_kill DENY=15 "$skep" exec -e -b $name -- "$work/decide" sh -c "\"$skep\" exec -b $name true; : >\"$work/ready\"
	while [ ! -e \"$work/over\" ]; do sleep 0.1; done" 2>/dev/null &
while [ ! -e "$work/ready" ]; do sleep 0.1; done
"$skep" exec -b $name -- sh -c 'kill -15 $$; exit 3' 2>/dev/null
[ $? = 3 ] && ok "who joins is decided about" || fail "who joins is decided about"
: >"$work/over"
wait

# arguments that change while they are decided on
for who in root user; do
	place
	echo x >aa.txt
	echo y >bb.txt
	CLOSED=1 PROGS=connect4,file_open NAME=bb.txt as $who timeout 60 "$skep" exec --enforce -- "$work/decide" "$work/rewrite" 28081 28082 \
		"$work/at/aa.txt" "$work/at/bb.txt" >"$work/out" 2>&1 && ok "changed arguments, $who: $(head -1 "$work/out")" ||
		{ fail "changed arguments, $who"; cat "$work/out"; }
done

# calls that make no sense, with every program in force: who decides lives, and keeps nothing
all=connect4,bind4,post_bind4,post_bind6,sendmsg4,recvmsg4,getpeername4,sock_create,set_option,get_option,device,file_open,bprm,lsm_connect,lsm_create,unlink,task_kill
for who in root user; do
	place
	name=noise-$who-$$
	PROGS=$all NAME=none as $who timeout 100 "$skep" exec -e -b $name --keep -- "$work/decide" sh -c "'$work/noise' ${CALLS:-2000} 1 &
		'$work/noise' ${CALLS:-2000} 2; wait" >"$work/out" 2>&1
	pid=$(as $who "$skep" status -j $name | "$python" -c 'import json,sys; print(json.load(sys.stdin)["supervisor"])')
	[ "$(grep -c '^done' "$work/out")" = 2 ] && [ "$(ls "/proc/$pid/fd" | wc -l)" -lt 40 ] && ok "noise, $who" ||
		{ fail "noise, $who"; cat "$work/out"; ls -l "/proc/$pid/fd"; }
	as $who "$skep" attach --stop $name
done
finish
