# SPDX-License-Identifier: BSD-2-Clause
# skep prof: stacks have the right names, in every format. Usage: prof.sh BUILD
. "$(dirname "$0")/lib.subr"

has()
{
	if grep -qE -- "$2" "$3"; then echo "ok $1"; else echo "not ok $1: no /$2/ in: $(head -n 20 "$3")"; fi
}

gcc -O1 -g -fno-omit-frame-pointer -pthread -o "$t/busy" tests/hook/busy.c || exit 1
if ! "$skep" prof -c "$t/busy 0 1" -f folded >"$t/probe" 2>&1; then
	grep -q 'perf_event_open' "$t/probe" && echo "skip prof: $(cat "$t/probe")" && exit 0
fi
"$skep" prof -c "$t/busy 1 200" --hz 499 -f folded >"$t/folded" 2>"$t/err"
has "folded stacks from main to the innermost function" '^busy;.*;main;work;spin [0-9]+$' "$t/folded"
has "a thread's stack" '^busy;.*;thread;work;spin [0-9]+$' "$t/folded"
top=$(sort -t' ' -k2 -n -r "$t/folded" | awk '{ n += $NF; if ($0 ~ /;spin /) s += $NF } END { print (n && s / n > 0.9) ? "yes" : "no" }')
[ "$top" = yes ] && echo "ok nine of ten samples are where the time is spent" || echo "not ok samples: $(cat "$t/folded")"
printf '%s\n' '#include <cstdlib>' 'namespace app { struct hive { volatile long s; __attribute__((noinline)) void hum(long n); }; }' \
	'void app::hive::hum(long n) { for (long i = 0; i < n; i++) s += i; }' \
	'int main(int, char **v) { app::hive h{}; h.hum(atol(v[1])); }' >"$t/hive.cc"
g++ -O1 -fno-omit-frame-pointer -o "$t/hive" "$t/hive.cc" &&
	"$skep" prof -c "$t/hive 200000000" --hz 499 -f folded >"$t/folded" 2>"$t/err"
has "names of C++" ';app::hive::hum\(long\) [0-9]+$' "$t/folded"
"$skep" prof -c "$t/busy 0 100" >"$t/table" 2>&1
has "the table" '100\.0%|9[0-9]\.[0-9]%.* spin' "$t/table"
"$skep" prof -c "$t/busy 0 100" -o "$t/f.svg" 2>"$t/err"
has "a flame graph" '<title>spin \([0-9]+ samples' "$t/f.svg"
python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$t/f.svg" && echo "ok it is well-formed" || echo "not ok the SVG is not XML"
"$skep" prof -c "$t/busy 0 100" -o "$t/f.html" 2>"$t/err"
has "a page without references to elsewhere" '^<!DOCTYPE html>' "$t/f.html"
grep -qE '(src|href)=' "$t/f.html" && echo "not ok the page refers to other files" || echo "ok the page stands alone"
"$skep" prof -c "$t/busy 0 100" -o "$t/f.pb" 2>"$t/err"
if command -v go >/dev/null && go tool pprof -top "$t/f.pb" >"$t/pprof" 2>/dev/null; then
	has "pprof reads it" ' spin$' "$t/pprof"
else
	echo "skip pprof is not here"
fi
"$skep" -j prof -c "$t/busy 0 100" >"$t/json" 2>/dev/null || "$skep" prof -j -c "$t/busy 0 100" >"$t/json" 2>/dev/null
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["samples"] > 0 and d["stacks"]' "$t/json" && echo "ok JSON" || echo "not ok JSON"
"$t/busy" 0 5000 & pid=$!; sleep 0.2
"$skep" prof -P $pid --seconds 2 -f folded >"$t/attached" 2>&1
kill $pid 2>/dev/null
has "a process that runs already" ';main;work;spin [0-9]+$' "$t/attached"
"$skep" prof >"$t/none" 2>&1; code=$?
[ $code = 2 ] && echo "ok without command or process it says what it wants" || echo "not ok exit $code: $(cat "$t/none")"
node=$(command -v node)
if [ -n "$node" ]; then
	echo 'require("fs").writeFileSync(process.argv[2], process.pid + ""); function spin(n) { return n < 2 ? n : spin(n - 1) + spin(n - 2); } const t = Date.now() + 600; while (Date.now() < t) spin(18);' >"$t/spin.js"
	"$skep" prof -c "$node --perf-basic-prof --logfile=$t/v8.log --no-logfile-per-isolate $t/spin.js $t/node-pid" --hz 499 -f folded >"$t/folded" 2>"$t/err"
	has "code that a runtime compiled while it was looked at" '^node;.*spin .*/spin\.js' "$t/folded"
	rm -f "/tmp/perf-$(cat "$t/node-pid").map"
fi
