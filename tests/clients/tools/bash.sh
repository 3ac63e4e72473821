# SPDX-License-Identifier: BSD-2-Clause
# A shell at a terminal, which somebody types commands into.
script -qec "bash --norc --noprofile -i" /dev/null >/dev/null 2>&1 <<X
echo tl-one
true tl-two
exit 0
X
exit 0
