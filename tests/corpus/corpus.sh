#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Verdicts of skep and of the running kernel on every program of every object that Debian's packages give us. Usage: corpus.sh BUILD
# Linux's selftests (6.1, 6.12 at cpu v3 and v4), the tools of libbpf-tools and xdp-tools. Root; half an hour the first
# time, then minutes. Everything is made in BUILD/corpus; nothing of it is kept in this repository.
# WHAT="sel612v3 tools ..." runs a part. Differences that are known are lines of differences.txt, each with its reason; the list only
# shrinks. Exit status 1: a difference that is not listed.
B=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
dir=$B/corpus
export SRC=$dir
mkdir -p "$dir"
WHAT=${WHAT:-sel612v3 sel612v4 sel61v3 tools}

# The comparing program is linked with the selftests' own libbpf: Debian's is too old for them.
"$here/selftests.sh" "$dir/sel612v3" 6.12 v3 || exit 3
if [ ! -e "$dir/progs" ] || [ "$B/libskep.a" -nt "$dir/progs" ] || [ "$here/../linux/progs.c" -nt "$dir/progs" ]; then
	cc -O1 -g -D_GNU_SOURCE -I"$here/../../src" -I"$here/../../include" -I"$here/.." -I"$dir/include-6.12/include" "$here/../linux/progs.c" \
		-o "$dir/progs" -Wl,--wrap=syscall "$B/libskep.a" "$dir/include-6.12/libbpf.a" -lelf -lz -lpthread -lcrypto || exit 2
fi
for w in $WHAT; do
	case $w in
	sel612v4) "$here/selftests.sh" "$dir/$w" 6.12 v4 ;;
	sel61v3) "$here/selftests.sh" "$dir/$w" 6.1 v3 ;;
	tools)
		dpkg -s libbpf-tools xdp-tools >/dev/null 2>&1 || apt-get install -y libbpf-tools xdp-tools >/dev/null || continue
		[ -d "$dir/$w" ] || "$here/embedded.py" "$dir/$w" $(dpkg -L libbpf-tools xdp-tools | grep /sbin/.)
		;;
	esac
	[ -d "$dir/$w" ] || continue
	find "$dir/$w/" -name '*.o' | sort | xargs -P "${JOBS:-2}" -n 20 nice "$dir/progs" -t 200 >"$dir/$w.txt"
done

cd "$dir" || exit 2
cat $(for w in $WHAT; do [ ! -e "$w.txt" ] || echo "$w.txt"; done) >all.txt
# object program mode classes
awk -F'\t' '$4 != "=" && $4 !~ /^-/ { n = split($1, p, "/"); sub(/\.bpf\.o$/, "", p[n]); print p[n] " " $2 " " $3 " " $4 }' all.txt |
	sort -u >differ.txt
sed -n 's/^\([^ #]* [^ ]* [pu] [A-Z]*\)  .*/\1/p' "$here/differences.txt" | sort -u >known.txt
new=$(comm -23 differ.txt known.txt)
[ -z "$new" ] || printf 'different:\n%s\n' "$new"
awk -F'\t' '
	{ runs++; split($7, w, " "); split($8, t, " ") }
	$4 ~ /^-/ { unasked++ }
	$5 ~ /^4095/ && $6 ~ /^4095/ { neither++; next }
	$4 == "=" && $5 ~ /^0 / { accepted++ }
	$4 == "=" && $5 !~ /^0 / { refused++ }
	t[1] && t[2] { skep += t[1]; kernel += t[2] }
	END {
		printf "%d programs: both accept %d, both refuse %d; the kernel cannot be asked about %d, %d never came to a verdict\n", runs,
			accepted, refused, unasked, neither
		printf "processor time in loads: skep %.2f s, kernel %.2f s\n", skep / 1e9, kernel / 1e9
	}' all.txt
total=$(wc -l <all.txt) bad=$(printf '%s' "$new" | grep -c .)
echo "$((total - bad)) passed, $bad failed, 0 skipped"
[ -z "$new" ] && [ "$total" -gt 0 ]
