#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Ways around decisions and around users that hostile clients try: each is refused. Usage: escape.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool cc setpriv
cgroup=/sys/fs/cgroup
[ -f $cgroup/cgroup.procs ] || cgroup=$cgroup/unified
[ -f $cgroup/cgroup.procs ] || { skip "no unified cgroup hierarchy"; exit 0; }
export CGROUP=$cgroup DENY=28082
bpf_objects decide
bpftool gen skeleton "$work/obj/decide.bpf.o" name decide_bpf >"$work/decide.skel.h" || { fail "no skeleton"; finish; }
cc -O1 -I"$work" -o "$work/decide" "$here/decide.c" -lbpf || { fail "decide.c"; finish; }
cc -O1 -w -pthread -o "$work/escape" "$here/escape.c" || { fail "escape.c"; finish; }
mkdir "$work/at" && cd "$work/at" && echo secret >refused && echo mine >own && chmod 666 refused && chmod 600 own && chmod 777 .
cp /bin/true forbidden

# tries WHO PROGRAMS CASE [ARG]: what the client says must be what is read
tries()
{
	who=$1 PROGS=$2
	export PROGS
	shift 2
	want=$(cat)
	got=$(as "$who" timeout 60 "$skep" exec --enforce -- "$work/decide" ${AS:-} "$work/escape" "$@" 2>"$work/err" </dev/null | sort)
	[ "$got" = "$(echo "$want" | sort)" ] && ok "$*, $who" || { fail "$*, $who"; echo "$got"; tail -3 "$work/err"; }
}

for who in root user; do
	export NAME=refused
	echo "name: 0" | tries $who file_open name refused
	echo "how: 0" | tries $who file_open how refused
	echo "hidden: refused" | tries $who file_open hide refused
	NAME=guarded
	tries $who kill_name numbers <<-END
	all: Operation not permitted
	group: Operation not permitted
	itself: done
	nobody: No such process
	one: Operation not permitted
	thread: Operation not permitted
	END
	NAME=forbidden
	echo "program: 0" | tries $who bprm exec ./forbidden
	echo "landlock: Operation not supported" | tries $who file_open landlock # a supervisor that acts for it would not be bound
	tries $who sendmsg4 control <<-END
	rights: Invalid argument
	credentials: Invalid argument
	length: Invalid argument
	END
done

[ "$("$skep" exec -- "$work/escape" landlock)" = "$("$work/escape" landlock)" ] && ok "where nothing is decided it is the kernel's" ||
	fail "where nothing is decided it is the kernel's"

# into the supervisor, and into a process of the same user that is not of the box
"$skep" exec --enforce -- sh -c "kill -0 \$PPID" 2>/dev/null || fenced=yes
if [ "${fenced:-}" ]; then
	as user sleep 100 &
	other=$!
	sleep 100 &
	mine=$!
	sleep 0.2
	for who in root user; do
		[ $who = user ] && [ "$(id -u)" = 0 ] && target=$other || target=$mine
		NAME=refused
		tries $who file_open look $target <<-END
		ptrace: Operation not permitted
		memory: Operation not permitted
		descriptor: Operation not permitted
		signal: Operation not permitted
		mem: Permission denied
		maps: Permission denied
		fd/0: Permission denied
		fd/3: Permission denied
		cwd: Permission denied
		environ: Permission denied
		status: done
		END
	done
	kill $other $mine
else
	skip "the kernel has no Landlock domains for signals"
fi

if [ "$(id -u)" = 0 ]; then
	AS="setpriv --reuid 61001 --regid 61001 --clear-groups" NAME=refused
	tries root file_open namespace "$work/at/own" <<-END
	outside: Permission denied
	inside: Permission denied
	END
	AS=
	# root's objects in root's box, and an ordinary user there
	cat >"$work/pins.sh" <<-END
	PATH=\$PATH:/usr/sbin:/sbin
	user="setpriv --reuid 61001 --regid 61001 --clear-groups"
	bpftool map create /sys/fs/bpf/m type array key 4 value 4 entries 1 name m
	\$user bpftool map lookup pinned /sys/fs/bpf/m key 0 0 0 0 2>/dev/null && echo looked up
	\$user mv /sys/fs/bpf/m /sys/fs/bpf/n 2>/dev/null && echo renamed
	\$user rm -f /sys/fs/bpf/m 2>/dev/null && echo removed
	\$user unshare -Ur bpftool map create /sys/fs/bpf/o type lru_hash key 4 value 4 entries 4 name o 2>/dev/null && echo made
	bpftool map lookup pinned /sys/fs/bpf/m key 0 0 0 0 | grep -c value
	END
	got=$("$skep" exec -- sh "$work/pins.sh" 2>&1)
	[ "$got" = 1 ] && ok "another user's pins" || { fail "another user's pins"; echo "$got"; }

	# a directory of the name of root's that somebody else made first
	mkdir "$work/run" && chmod 777 "$work/run"
	as user "$work/escape" spoof "$work/run" >"$work/spoofed" 2>&1 &
	for i in $(seq 50); do [ -S "$work/run/skep-boxes/lab/socket" ] && break; sleep 0.1; done
	XDG_RUNTIME_DIR=$work/run timeout 10 "$skep" exec -b lab -- true 2>/dev/null
	code=$?
	wait
	[ "$(cat "$work/spoofed")" = "nothing came" ] && [ $code = 125 ] && ok "another user's box is not joined" ||
		{ fail "another user's box is not joined: $code"; cat "$work/spoofed"; }
fi
finish
