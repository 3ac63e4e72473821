# SPDX-License-Identifier: BSD-2-Clause
# skep btf: types as C that compiles, as JSON, as bytes that are read again; of skep, of objects, of the kernel. Usage: btf.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
ok()
{
	if [ "$1" = 0 ]; then echo "ok $2"; else
		echo "not ok $2"
		head -n 5 "$t/err" | sed 's/^/#   /'
	fi
}
"$B/skep" btf >"$t/vmlinux.h" 2>"$t/err" && printf '#include "vmlinux.h"\n__attribute__((section("tp_btf/sched_process_exit"))) int f(struct task_struct **t) { return t[0]->tgid; }\nchar l[] __attribute__((section("license"))) = "GPL";\n' >"$t/p.c" &&
	${CLANG:-clang} -target bpf -g -O2 -c "$t/p.c" -o "$t/p.o" 2>>"$t/err"
ok $? 'own types compile'
"$B/skep" btf --format raw >"$t/own.btf" 2>"$t/err" && "$B/skep" btf "$t/own.btf" 2>>"$t/err" | cmp -s - "$t/vmlinux.h"
ok $? 'bytes are read again'
"$B/skep" check --no-cache --btf "$t/own.btf" "$B/examples/raw_tracepoint.bpf.o" >"$t/err" 2>&1
ok $? 'and are kernel types to check'
"$B/skep" btf -j "$B/examples/xdp_firewall.bpf.o" 2>"$t/err" | python3 -c '
import json, sys
t = json.load(sys.stdin)["types"]
assert any(x["kind"] == "func" and x["name"] == "firewall" for x in t)
assert all(x["members"] for x in t if x["kind"] == "struct" and x["size"])' 2>>"$t/err"
ok $? 'an object as JSON'
"$B/skep" btf -t nobody "$t/own.btf" >"$t/err" 2>&1
[ $? = 4 ] && grep -q 'no type "nobody"' "$t/err"
ok $? 'a type that is not there'
"$B/skep" btf "$t/p.c" >"$t/err" 2>&1
[ $? = 4 ] && grep -q 'neither BTF nor' "$t/err"
ok $? 'no types'
