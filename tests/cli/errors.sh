# SPDX-License-Identifier: BSD-2-Clause
# Bad input gives one clear line on stderr, the documented exit code, and nothing half-done. Usage: errors.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
skep=$B/skep
ex=$B/examples
n=0

# expect NAME CODE PATTERN COMMAND...: exit code, exactly one line on stderr, which matches
expect()
{
	name=$1 want=$2 pattern=$3
	shift 3
	"$@" >"$t/out" 2>"$t/err"
	code=$?
	if [ "$code" != "$want" ]; then
		echo "not ok $name: exit $code, want $want: $(head -n 2 "$t/err")"
	elif [ "$want" != 0 ] && [ "$(wc -l <"$t/err")" != 1 ]; then
		echo "not ok $name: $(wc -l <"$t/err") lines on stderr: $(head -n 3 "$t/err")"
	elif ! grep -qE -- "$pattern" "$t/err" "$t/out"; then
		echo "not ok $name: no /$pattern/ in: $(head -n 2 "$t/err")"
	else
		echo "ok $name"
	fi
	n=$((n + 1))
}

good=$ex/xdp_rewrite.bpf.o
"$B/tools/mkpcap" "$t/c.pcap" 50 >/dev/null

expect "no verb" 2 "no verb" "$skep" frobnicate
expect "no object" 2 "which object" "$skep" run
expect "unknown option" 2 "no option --frob" "$skep" run --frob "$good"
expect "bad choice" 2 "takes auto.jit.interp" "$skep" run --engine fast "$good"
expect "bad number" 2 "takes a number" "$skep" run --repeat many "$good"
expect "missing file" 4 "No such file" "$skep" check "$t/none.o"
expect "empty file" 4 "not a BPF object" "$skep" check /dev/null
expect "directory" 4 "is a directory" "$skep" run "$t"
expect "directory without objects" 4 "no BPF objects in" "$skep" check "$t"
expect "directory for types" 4 "is a directory" "$skep" btf "$t"
expect "no types" 4 "neither BTF" "$skep" btf "$0"
truncate -s 8G "$t/huge"
expect "huge file" 4 "no ELF file" timeout 5 "$skep" check "$t/huge"
rm "$t/huge"
{ head -c 5 "$good"; printf '\002'; tail -c +7 "$good"; } >"$t/big.o"
expect "big-endian object" 4 "is big-endian" "$skep" check "$t/big.o"
head -c 700 "$good" >"$t/cut.o"
expect "truncated ELF" 4 "not a BPF object" "$skep" check "$t/cut.o"
expect "ELF for another machine" 4 "not a BPF object" "$skep" check /bin/true
expect "text file" 4 "not a BPF object: it is no ELF file" "$skep" check "$0"
expect "several programs" 2 "choose one with -p" "$skep" run "$good" --pcap "$t/c.pcap"
expect "missing program" 2 "no program \"nope\"" "$skep" run "$good" -p nope --pcap "$t/c.pcap"
expect "no packets given" 2 "needs packets" "$skep" run "$good" -p encap
expect "not a capture" 4 "not a capture" "$skep" run "$good" -p encap --pcap "$good"
head -c 90 "$t/c.pcap" >"$t/cut.pcap"
expect "truncated capture" 4 "after packet" "$skep" run "$good" -p encap --pcap "$t/cut.pcap"
expect "missing capture" 4 "No such file" "$skep" run "$good" -p encap --pcap "$t/none.pcap"
expect "packets twice" 2 "exclude" "$skep" run "$good" -p encap --pcap "$t/c.pcap" --data "$t/c.pcap"
expect "a context that is none" 4 "context|ctx|xdp_md" sh -c "head -c 64 $t/c.pcap >$t/one; $skep run $good -p encap --data $t/one --ctx $t/c.pcap"
expect "runt packet" 4 "at least 14 bytes" sh -c "printf 12345 >$t/runt; $skep run $good -p encap --data $t/runt"
expect "bad kernel BTF" 4 "cannot be used as kernel BTF" "$skep" check --btf "$t/c.pcap" "$good"
expect "refused program" 1 "^ *[A-Za-z]" sh -c "$skep run $ex/bad/map_no_null_check.bpf.o --pcap $t/c.pcap"
expect "refusal names the source" 1 "map_no_null_check.bpf.c:" sh -c "$skep check $ex/bad/map_no_null_check.bpf.o; r=\$?; echo >&2; exit \$r"
expect "full disc" 5 "cannot write" sh -c "$skep helpers -j >/dev/full"
expect "unwritable capture" 4 "pcap-out|No such file|denied" "$skep" run "$good" -p encap --pcap "$t/c.pcap" --pcap-out "$t/none/out.pcap"
[ ! -e "$t/none/out.pcap" ] && echo "ok nothing half-written" || echo "not ok nothing half-written"
expect "unwritable page" 4 "No such file" "$skep" check "$good" --html "$t/none/page.html"
for verb in helpers kfuncs maps insns progtypes; do
	expect "no such name in $verb" 2 "nothing called .nope." "$skep" $verb nope
done
expect "no such box" 2 "no box .nope." "$skep" status nope
expect "name that no box can have" 125 "cannot be called .a/b." "$skep" exec --box a/b -- true
expect "box whose log cannot be written" 125 "$t/none/log: No such file" "$skep" exec --log "$t/none/log" -- true
expect "box whose audit file is none" 125 "is no audit file" "$skep" exec --audit "$0" -- true
expect "unknown rejection" 2 "no rejection" "$skep" explain NOPE
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$t"
	expect "kernel refuses ordinary users" 3 "needs CAP_BPF" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$skep" check --on kernel "$good"
	expect "skep serves ordinary users" 0 "accepted" setpriv --reuid 65534 --regid 65534 --clear-groups "$skep" check "$good"
fi
for verb in $("$skep" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v version); do
	expect "help of $verb" 0 "^usage: skep $verb" "$skep" $verb --help
done

# is_json NAME COMMAND...: its stdout is one JSON document (asked of whatever is there to ask)
is_json()
{
	name=$1
	shift
	"$@" >"$t/out" 2>/dev/null
	if command -v python3 >/dev/null; then python3 -m json.tool <"$t/out" >/dev/null 2>&1
	elif command -v jq >/dev/null; then jq . <"$t/out" >/dev/null 2>&1
	else echo "skip json of $name # neither python3 nor jq"; return; fi && echo "ok json of $name" || echo "not ok json of $name"
}
for verb in explain helpers kfuncs maps insns progtypes; do
	is_json $verb "$skep" $verb -j
done
is_json run "$skep" run -j "$good" -p encap --pcap "$t/c.pcap"
is_json check "$skep" check -j "$good"
is_json dump "$skep" dump -j "$good" -p encap
