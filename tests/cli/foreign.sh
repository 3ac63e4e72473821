# SPDX-License-Identifier: BSD-2-Clause
# Objects of other loaders and other times: skep check judges each of their programs, as the running kernel does, with and without types,
# as old compilers and other assemblers write them. Usage: foreign.sh BUILD
B=$1
src=$(dirname "$0")/../foreign
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
on=both
"$B/skep" check --on kernel "$B/examples/socket_filter.bpf.o" >/dev/null 2>&1 || { on=skep; echo "skip kernel # bpf(2) is not permitted"; }
inc=-I/usr/include/$(${CC:-cc} -dumpmachine)

# expect OBJECT: its verdicts are those of the list on stdin: PROGRAM VERDICT [REASON]
expect()
{
	"$B/skep" check --no-cache --on $on "$t/$1.o" >"$t/out" 2>"$t/err"
	while read -r prog verdict reason; do
		awk -v p="$prog" '$1 == p && $2 == "skep" { print $3; exit }' "$t/out" | grep -qx "$verdict" || echo "$prog: not $verdict"
		[ -z "$reason" ] || awk -v p="$prog" '$1 == p { on = 1; print; next } /^[a-z]/ { on = 0 } on' "$t/out" |
			grep -qF "$reason" || echo "$prog: does not say: $reason"
	done >"$t/wrong"
	if [ -s "$t/wrong" ] || [ -s "$t/err" ] || grep -q DIFFERENT "$t/out"; then
		echo "not ok $1"
		cat "$t/wrong" "$t/err" "$t/out" | sed 's/^/#   /' | head -n 40
	else
		echo "ok $1"
	fi
}

verdicts()
{
	case $1 in
	maps_five) printf '%s\n' 'by_size accepted' 'by_protocol accepted' 'entry accepted' "unchecked REJECTED R0 invalid mem access 'map_value_or_null'" ;;
	maps_seven) echo 'counted accepted' ;;
	maps_elf) printf '%s\n' 'from_netdev accepted' 'tail_three accepted' 'tail_refused REJECTED R1 offset is outside of the packet' ;;
	maps_own_sections) printf '%s\n' 'entry accepted' 'leave accepted' ;;
	calls) printf '%s\n' 'one accepted' 'two accepted' 'undefined REJECTED it calls elsewhere, which the object does not define' ;;
	newer) cat <<-'END'
		tcx accepted
		netkit accepted
		optional accepted
		multi accepted
		filter accepted
		unix accepted
		by_argument accepted
		sized accepted
		inner_sized accepted
		wrong_inner REJECTED it uses map of_unheard, which cannot be made
		replacement accepted
		replacement_too_far REJECTED invalid bpf_context access
		wrong_map REJECTED it uses map unheard_of, which cannot be made
		wrong_kfunc REJECTED it calls nobody_knows_kfunc, which the kernel does not have
		wrong_ksym REJECTED it uses nobody_knows_ksym, which the kernel does not have
		wrong_target REJECTED the kernel's types have no nobody_knows_this that it could attach to
		no_target REJECTED its section names nothing to attach to
		END
		;;
	esac
}

for c in maps_five maps_seven maps_elf maps_own_sections calls newer; do
	${CLANG:-clang} -target bpf -O2 -g $inc -Wno-everything -c "$src/$c.c" -o "$t/$c.o" || exit 2
	verdicts $c | expect $c
	[ $c = newer ] && continue
	${CLANG:-clang} -target bpf -O2 $inc -Wno-everything -c "$src/$c.c" -o "$t/$c-untyped.o" || exit 2
	verdicts $c | expect $c-untyped
	for how in notype rela; do
		python3 "$src/age.py" $how "$t/$c-untyped.o" "$t/$c-$how.o"
		verdicts $c | expect $c-$how
	done
done

# an arena with variables: newer compilers only
if command -v clang-19 >/dev/null; then
	clang-19 -target bpf -mcpu=v4 -O2 -g $inc -c "$src/arena.c" -o "$t/arena.o" || exit 2
	echo 'sum accepted' | expect arena
	"$B/skep" run --on $on "$t/arena.o" >"$t/out" 2>&1
	grep -q 'returned 76' "$t/out" && ! grep -q DIFFERENT "$t/out" && echo "ok arena run" || { echo "not ok arena run"; cat "$t/out"; }
else
	echo "skip arena # no clang-19"
fi

# the user's word about sections that say nothing
"$B/skep" check --no-cache --type cgroup_skb "$t/newer.o" -p by_argument >"$t/out" 2>&1
grep -q 'REJECTED' "$t/out" && echo "ok type given" || { echo "not ok type given"; sed 's/^/#   /' "$t/out"; }
"$B/skep" check --type nonsense "$t/newer.o" >"$t/out" 2>&1
[ $? = 2 ] && grep -q 'takes a program type' "$t/out" && echo "ok type unknown" || echo "not ok type unknown"
# a run fills the places of tail calls that sections name
printf '\0%.0s' $(seq 64) >"$t/packet"
"$B/skep" run --on $on "$t/maps_elf.o" -p from_netdev --data "$t/packet" >"$t/out" 2>&1
if grep -q 'TC_ACT_OK' "$t/out" && ! grep -q DIFFERENT "$t/out"; then
	echo "ok tail call by section"
else
	echo "not ok tail call by section"
	sed 's/^/#   /' "$t/out"
fi
