# SPDX-License-Identifier: BSD-2-Clause
# The engines for arm64 under qemu-user: every operation with edge operands compiled in five ways, control flow, hidden constants, random
# programs. Skipped without the cross compiler and the emulator. `make check-arm64` does much more. Usage: arm64.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
if ! command -v aarch64-linux-gnu-gcc-12 >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
	echo "skip arm64 # no cross compiler or no emulator"
	exit 0
fi
if ! MAKEFLAGS= make -s B="$B" arm64-engines >"$t/out" 2>&1; then
	echo "not ok arm64 is built"
	sed 's/^/#   /' "$t/out"
	exit 1
fi
for unit in vm_flow jit_flow jit_oracle jit_blind jit_random; do
	if ROUNDS=$((${ROUNDS:-6000} / 10)) qemu-aarch64 "$B/arm64/$unit" >"$t/out" 2>&1; then
		echo "ok $unit on arm64"
	else
		echo "not ok $unit on arm64"
		grep -v '^ok' "$t/out" | head -n 20
	fi
done
