#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The box beside the running kernel's bpf(2) (root): system calls of clients, with and without the accelerator, and a load of 5,400
# programs (bpftool feature probe). Before them what stopping and answering a call costs by itself (bench/floor.c). Runs are interleaved,
# numbers are medians of runs. Usage: bench/box.sh BUILD [RUNS]
B=$1 RUNS=${2:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# seconds NAME COMMAND...
seconds() { python3 -c 'import subprocess,sys,time
t = time.monotonic()
subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(sys.argv[1], int((time.monotonic() - t) * 1e9))' "$@"; }
# Programs that have nothing to do with BPF and much with files: in a box and not.
cat >"$work/stat.js" <<'END'
const fs = require("fs"), d = "/usr/include/", all = fs.readdirSync(d);
for (let i = 0; i < 20; i++) for (const f of all) fs.statSync(d + f);
END
files()
{
	to=$1
	shift
	seconds find "$@" find /usr/include -type f >>"$work/$to"
	git status >/dev/null 2>&1 && seconds git_status "$@" git status >>"$work/$to"
	seconds compile "$@" cc -D_GNU_SOURCE -O0 -Iinclude -Isrc -c -o /dev/null src/box/files.c >>"$work/$to"
	command -v node >/dev/null && seconds node_stat "$@" node "$work/stat.js" >>"$work/$to"
}
for i in $(seq "$RUNS"); do
	"$B/bench/floor" >>"$work/floor"
	"$B/bench/box" >>"$work/kernel" 2>/dev/null
	seconds feature_probe bpftool feature probe kernel >>"$work/kernel"
	files kernel
	files box "$B/skep" exec --
	files accelerated "$B/skep" exec -a --
	"$B/skep" exec -- "$B/bench/box" >>"$work/box"
	seconds feature_probe "$B/skep" exec -- bpftool feature probe kernel >>"$work/box"
	"$B/skep" exec -a -- "$B/bench/box" lookup lookup_stack update next_key open_other_file >>"$work/accelerated"
done
python3 - "$work" <<'END'
import statistics, sys
def read(name):
    rows = {}
    try:
        for line in open(sys.argv[1] + "/" + name):
            k, v = line.split()
            rows.setdefault(k, []).append(int(v))
    except FileNotFoundError:
        pass
    return {k: statistics.median(v) for k, v in rows.items()}
kernel, box, fast, floor = read("kernel"), read("box"), read("accelerated"), read("floor")
print("load " + open("/proc/loadavg").read().split()[0])
for k in floor:
    print("%-16s %12.0f   ns" % (k, floor[k]))
print("%-16s %12s %12s %8s %12s   ns" % ("call", "kernel", "box", "ratio", "accelerated"))
for k in box:
    base = kernel.get(k)
    print("%-16s %12s %12.0f %8s %12s" % (k, "%.0f" % base if base else "-", box[k], "%.2f" % (box[k] / base) if base else "-",
          "%.0f" % fast[k] if k in fast else ""))
END
