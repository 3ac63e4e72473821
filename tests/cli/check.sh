# SPDX-License-Identifier: BSD-2-Clause
# skep check on many objects, from its cache, step by step, and as a page. Usage: check.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
export XDG_CACHE_HOME="$t/cache"
skep=$B/skep
bad=$B/examples/bad

is()
{
	if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: got \"$2\", want \"$3\""; fi
}
has()
{
	if printf '%s\n' "$2" | grep -qF -- "$3"; then echo "ok $1"; else echo "not ok $1: no \"$3\" in: $(printf '%s' "$2" | head -n 20)"; fi
}
# Times differ from run to run.
plain() { sed -E 's/ +[0-9]+$//' "$1"; }

# a directory: in order, all cores or one, the same verdicts; the second time nothing is verified
"$skep" check --no-cache --jobs 1 "$B/examples" >"$t/one"; one=$?
"$skep" check --no-cache --jobs 4 "$B/examples" >"$t/four"; four=$?
is "exit status of a directory with refused programs" "$one$four" 11
plain "$t/one" >"$t/one.p"; plain "$t/four" >"$t/four.p"
is "one process and four say the same" "$(cmp "$t/one.p" "$t/four.p" 2>&1)" ""
is "--no-cache leaves nothing behind" "$(ls "$t/cache" 2>/dev/null)" ""
"$skep" check "$B/examples" >"$t/fill"
"$skep" check "$B/examples" >"$t/again"
sed 's/ (some known from before)//' "$t/again" | cmp - "$t/fill" && echo "ok what is known is told as it was, times included"
has "what is known is said to be" "$(tail -n 1 "$t/again")" "known from before"
"$skep" check -j "$B/examples" >"$t/j1"; "$skep" check -j --no-cache "$B/examples" >"$t/j2"
# (times and the addresses of maps differ)
for j in j1 j2; do sed -E '/time_us/d; s/0x[0-9a-f]{9,}/ADDR/' "$t/$j" >"$t/$j.p"; done
is "the document is the same from the cache" "$(cmp "$t/j1.p" "$t/j2.p" 2>&1)" ""
is "nothing private is in it" "$(grep -c '"_' "$t/j1")" 0

# contents decide, not names or times
cp "$bad/map_no_null_check.bpf.o" "$t/x.o"
has "other name, same bytes" "$("$skep" check -j "$t/x.o")" "$t/x.o"
cp "$B/examples/xdp_rewrite.bpf.o" "$t/x.o"
has "same name, other bytes" "$("$skep" check "$t/x.o")" accepted
find "$t/cache" -name '*.json' -exec sh -c 'echo "{ cut" >"$1"' sh {} \;
has "a damaged cache is not believed" "$("$skep" check "$bad/map_no_null_check.bpf.o")" REJECTED
mkdir "$t/empty"
is "a directory without objects" "$("$skep" check "$t/empty" 2>&1)" "skep check: $t/empty: no BPF objects in this directory"

# what the kernel says is its own, also where it says nothing in the log (most kernels have no infrared receivers)
if "$skep" check --on kernel "$B/examples/socket_filter.bpf.o" >/dev/null 2>&1; then
	printf '%s\n' '__attribute__((section("lirc_mode2"), used)) int f(int *c) { return *(int *)((long)c << 2); }' >"$t/l.c"
	"${CLANG:-clang}" -O2 -g -target bpf -c "$t/l.c" -o "$t/l.o"
	said() { "$skep" check --on "$1" "$t/l.o" | awk '$2 == "kernel" { on = 1; next } on { print; exit }'; }
	is "the kernel's reason does not depend on skep's" "$(said both)" "$(said kernel)"
else
	echo "skip the kernel's reason # bpf(2) is not permitted"
fi

# stepping
out=$(printf 'b :13\nc\nr\np\nq\n' | "$skep" check --step "$bad/map_index_unbounded.bpf.o")
is "exit status of a refusal under --step" $? 1
has "stops at the source line" "$out" "return table[i]"
has "shows registers" "$out" "R10=fp0"
has "ends with the report" "$out" "REJ_UNBOUNDED_ACCESS"
out=$(printf 'c\n' | "$skep" check --step -p prog "$B/examples/bad/recursion.bpf.o" 2>&1)
has "a refusal before the walk" "$out" "recursi"
is "--step wants one object" "$("$skep" check --step "$t/x.o" "$t/x.o" 2>&1)" "skep check: --step looks at one object at a time"

# the page
"$skep" check --html "$t/p.html" "$bad/map_index_unbounded.bpf.o" >/dev/null
is "exit status of a refusal with --html" $? 1
page=$(cat "$t/p.html")
has "the page has the source" "$page" "return table[i]"
has "and the states" "$page" "R10=fp0"
has "and the failing path" "$page" '"end":"REJECTED"'
is "and nothing from elsewhere" "$(grep -cE '(src|href)=' "$t/p.html")" 0
