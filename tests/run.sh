#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs every test of the build in $B, two at a time, and ends with the totals alone on a line. Called by `make check`.
# A test program prints "ok NAME", "not ok NAME" or "skip NAME" lines, or ends with "N passed, N failed, N skipped".
# tests/run.sh WORD...: only tests whose name contains a word. JOBS: how many at a time. SHORT=1: a tenth of the random work.
B=${B:-build}
JOBS=${JOBS:-2}
if [ "$1" != --one ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	export SKEP_PIN_DIR="$work/pins" # no test meets the pins of another process
fi

# The random tests are bounded, so that everything together takes minutes: their options or variables make them longer.
case $B in *san*) SHORT=${SHORT:-1} LIMIT=${LIMIT:-580} ;; esac
[ -z "$LIMIT" ] || export LIMIT
part=$([ -n "$SHORT" ] && echo 10 || echo 1)
export ROUNDS="${ROUNDS:-$((6000 / part))}" SKEP_ORACLE_PROGRAMS="${SKEP_ORACLE_PROGRAMS:-$((4000 / part))}"
amount()
{
	case $1 in
	*/diff/rand) echo "-n $((3000 / part))" ;;
	*/diff/map) echo "-n $((20 / part))" ;;
	esac
}

# one LOG TITLE COMMAND...: runs it; its counts and its report go to files beside the log
if [ "$1" = --one ]; then
	log=$2 title=$3
	shift 3
	start=$(date +%s)
	timeout "${LIMIT:-300}" "$@" >"$log" 2>&1 </dev/null
	code=$?
	took=$(($(date +%s) - start))
	total=$(grep -aE '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
	if [ -n "$total" ]; then
		set -- $total
		p=$1 f=$3 s=${5:-0}
	else
		p=$(grep -ac '^ok ' "$log") f=$(grep -ac '^not ok ' "$log") s=$(grep -ac '^skip ' "$log")
	fi
	[ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$p$f$s" = 000 ] && s=1
	echo "$p $f $s" >"$log.count"
	{
		if [ "$f" -ne 0 ]; then
			echo "FAIL $title (exit $code, $took s)"
			grep -a '^not ok ' "$log" | head -n 40
			echo "  the end of its output:"
			tail -c 4000 "$log"
		else
			skipped=$([ "$s" -gt 0 ] && echo ", $s skipped")
			printf '  ok   %-34s %7s passed%s%s\n' "$title" "$p" "$skipped" "$([ "$took" -gt 9 ] && echo "  ($took s)")"
		fi
	} >"$log.report"
	cat "$log.report"
	exit 0
fi

# The list: one line a test, "TITLE<tab>COMMAND...".
list()
{
	for t in "$B"/diff/* "$B"/unit/* "$B"/map/*; do
		case $t in *.d|*\*) continue ;; esac
		[ -x "$t" ] && printf '%s\t%s\n' "${t#"$B"/}" "$t $(amount "$t")"
	done
	printf 'sound\t%s\n' "tests/sound/sound.sh $B $((1000 / part))"
	find tests/t -name '*.t' | sort | while read -r t; do
		printf '%s\t%s\n' "${t#tests/}" "$B/tools/cases $t"
	done
	for t in tests/cli/*.sh tests/hook/*.sh tests/clients/*.sh; do
		[ -e "$t" ] || continue
		printf '%s\t%s\n' "${t#tests/}" "sh $t $B"
	done
}

wanted()
{
	[ $# -eq 0 ] && return 0
	for w in "$@"; do
		case $title in *$w*) return 0 ;; esac
	done
	return 1
}

n=0
tab=$(printf '\t')
list | while IFS=$tab read -r title command; do
	wanted "$@" || continue
	n=$((n + 1))
	printf '%s\0' "exec sh tests/run.sh --one $work/$n $title $command"
done | xargs -r -0 -n 1 -P "$JOBS" sh -c

ls "$work"/*.count >/dev/null 2>&1 || echo "no test is called *$**" >&2
cat "$work"/*.count 2>/dev/null | awk '{ p += $1; f += $2; s += $3 } END {
	if (!NR) f = 1
	printf "%d passed, %d failed, %d skipped\n", p, f, s
	exit f != 0
}'
