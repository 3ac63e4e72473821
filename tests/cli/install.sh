# SPDX-License-Identifier: BSD-2-Clause
# What make install puts somewhere is what an application needs, and no more. Usage: install.sh BUILD
B=$1
case $B in *san*) echo "skip installation: applications are not built for a sanitizer"; exit ;; esac
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS
ok() { if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2: $(head -n 5 "$t/err")"; fi; }

make -s install B="$B" DESTDIR="$t" PREFIX=/usr >"$t/out" 2>"$t/err"
ok $? "make install"
export PKG_CONFIG_PATH="$t/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$t" LD_LIBRARY_PATH="$t/usr/lib"
flags=$(pkg-config --cflags --libs skep 2>"$t/err")
ok $? "pkg-config"

# An application that has functions of its own called like some of the library's.
cat >"$t/app.c" <<'C'
#include <skep/skep.h>
#include <stdio.h>

int sha256(void);
int log_init(void);
int sha256(void) { return 1; }
int log_init(void) { return 1; }

int main(void)
{
	struct bpf_insn insns[] = { { 0xb7, 0, 0, 0, 40 }, { 0x95, 0, 0, 0, 0 } };
	union bpf_attr a = { 0 };
	struct skep_prog *p;
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };
	uint64_t ctx[8] = { 0 };
	struct skep *s;

	a.prog_type = BPF_PROG_TYPE_SYSCALL;
	a.prog_flags = BPF_F_SLEEPABLE;
	a.insns = (uintptr_t)insns;
	a.insn_cnt = 2;
	a.license = (uintptr_t)"GPL";
	if (skep_new(&o, &s) || skep_prog_get(s, skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a)), &p))
		return 1;
	printf("%d\n", (int)skep_prog_run_raw(p, ctx) + sha256() + log_init());
	skep_prog_put(p);
	skep_free(s);
	return 0;
}
C
# shellcheck disable=SC2086 # a list of flags
${CC:-gcc} -Wall -Wextra -Werror -o "$t/app" "$t/app.c" $flags >"$t/err" 2>&1 && [ "$("$t/app" 2>"$t/err")" = 42 ]
ok $? "an application with the shared library"
${CC:-gcc} -I"$t/usr/include" -o "$t/app" "$t/app.c" "$t/usr/lib/libskep.a" -pthread >"$t/err" 2>&1 && [ "$("$t/app" 2>"$t/err")" = 42 ]
ok $? "an application with the archive"
for std in c++11 c++20 c99 gnu17; do
	case $std in c++*) lang=c++ ;; *) lang=c ;; esac
	${CLANG:-clang} -x $lang -std=$std -Wall -Wextra -Wpedantic -Wno-gnu -Werror -fsyntax-only -I"$t/usr/include" \
		"$t/usr/include/skep/skep.h" >"$t/err" 2>&1
	ok $? "the header in $std"
done

sed -n 's/^SKEP_API .*\(skep_[a-z0-9_]*\)(.*/\1/p' include/skep/skep.h | sort >"$t/api"
nm -D --defined-only "$t/usr/lib/libskep.so" | awk '{ print $3 }' | sort | diff "$t/api" - >"$t/err"
ok $? "the shared library gives what the header declares, and nothing else"
nm -g --defined-only "$t/usr/lib/libskep.a" | awk 'NF == 3 { print $3 }' | sort | diff "$t/api" - >"$t/err"
ok $? "so does the archive"
: >"$t/err"
while read -r f; do
	[ -e "$t/usr/share/man/man3/$f.3" ] && grep -q "^\.It Fn $f " "$t/usr/share/man/man3/libskep.3" || echo "$f" >>"$t/err"
done <"$t/api"
[ ! -s "$t/err" ]
ok $? "each function has a manual page"
