# SPDX-License-Identifier: BSD-2-Clause
# 52 processes, and the second that they are counted in. Usage: pids.sh DIRECTORY
"$1/toolload" forks
sleep 1.3
exit 0
