#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Functions and system calls of running processes: a dynamic and a static program of several threads. Called with the build directory.
B=$1
code=0
for target in target target-static; do
	echo "# $target"
	N=${N:-20} TARGET=$B/hook/$target JITTED=$B/hook/jitted "$B/hook/basic" || code=1
done
exit $code
