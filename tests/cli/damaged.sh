#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Types that refer to what is not there, or to themselves: told, and followed by nobody. Usage: damaged.sh BUILD
skep=$1/skep
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# word N: four bytes; btf NAME TYPES TYPE-BYTES: a BTF of these types and the names "a", "b"
word() { printf "\\$(printf %03o $(($1 & 255)))\\$(printf %03o $(($1 >> 8 & 255)))\\$(printf %03o $(($1 >> 16 & 255)))\\$(printf %03o $(($1 >> 24 & 255)))"; }
types() { for w; do word "$w"; done; }
btf()
{
	name=$1
	shift
	{
		printf '\237\353\001\000'
		types 24 0 $((4 * $#)) $((4 * $#)) 5 "$@"
		printf '\000a\000b\000'
	} >"$work/$name"
}

# refused NAME WORDS: by `skep btf`, with these words
refused()
{
	out=$(timeout 20 "$skep" btf "$work/$1" 2>&1)
	code=$?
	case $code-$out in
	4-*"$2"*) echo "ok $1" ;;
	*) echo "not ok $1: $code $out"; bad=1 ;;
	esac
}

TYPEDEF=$((8 << 24)) STRUCT=$((4 << 24 | 1)) INT=$((1 << 24)) PTR=$((2 << 24)) ARRAY=$((3 << 24)) FUNC=$((12 << 24))
btf int 1 $INT 4 $((1 << 24 | 32))
[ "$("$skep" btf "$work/int" 2>&1 | head -1)" ] && echo "ok a whole one" || { echo "not ok a whole one"; bad=1; }
btf itself 1 $TYPEDEF 1
refused itself "type 1 holds itself"
btf each-other 1 $TYPEDEF 2 3 $TYPEDEF 1
refused each-other "holds itself"
btf in-itself 1 $STRUCT 4 3 1 0
refused in-itself "type 1 holds itself"
btf array-of-itself 0 $ARRAY 0 1 1 4
refused array-of-itself "type 1 holds itself"
btf nowhere 0 $PTR 7
refused nowhere "type 1 refers to what is not there"
btf no-name 500 $PTR 0
refused no-name "type 1 refers to what is not there"
btf no-member 1 $STRUCT 4 3 99 0
refused no-member "type 1 refers to what is not there"
btf no-function 1 $INT 4 $((1 << 24 | 32)) 3 $FUNC 1
refused no-function "type 2 refers to what is not there"

# the same in an object: the type that the first pointer of its .BTF points to
o=$(ls "$1"/examples/*.bpf.o 2>/dev/null | head -1)
if [ "$o" ] && command -v readelf >/dev/null; then
	cp "$o" "$work/o.o"
	off=$(readelf -SW "$o" | sed -n 's/.* \.BTF  *PROGBITS  *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
	# after the header: name, kind, type
	{ printf '\001\000\000\000\000\000\000\010\001\000\000\000'; } | dd of="$work/o.o" bs=1 seek=$((0x$off + 24)) conv=notrunc 2>/dev/null
	for how in check run; do
		out=$(timeout 20 "$skep" $how $([ $how = check ] && echo --no-cache) "$work/o.o" 2>&1 </dev/null)
		code=$?
		case $code-$out in
		4-*"its types (.BTF) are damaged: type 1 holds itself"*) echo "ok skep $how" ;;
		*) echo "not ok skep $how: $code $out"; bad=1 ;;
		esac
	done
fi
exit $bad
