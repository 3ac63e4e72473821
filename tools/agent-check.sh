#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Is a linked agent fit to be put anywhere? No relocation but relative ones, none in the part that is mapped read-only and
# executable, no thread-local storage, no vector registers.
set -e
elf=$1
data=$(readelf -SW "$elf" | awk '{ sub(/^ *\[ *[0-9]+\] */, "") } $1 == ".data" { print $3 }')
bad=$(readelf -rW "$elf" | awk -v data="0000$data" '/R_X86_64_/ { if ($3 != "R_X86_64_RELATIVE" || ("0000" $1) < data) print }')
[ -z "$bad" ] || { echo "$elf: relocations:"; echo "$bad"; exit 1; } >&2
if readelf -SW "$elf" | grep -q '\.t\(bss\|data\)'; then
	echo "$elf: thread-local storage" >&2
	exit 1
fi
if objdump -d --no-show-raw-insn "$elf" | grep -q '%[xyz]mm'; then
	echo "$elf: vector registers" >&2
	exit 1
fi
