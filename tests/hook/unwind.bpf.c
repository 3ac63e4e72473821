/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Calls and returns of the functions of unwind.cc, counted apart. EXE: the path of that program. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum { THROWER, TAIL_THROWER, CATCHER, FRAMES, TAIL_FRAMES, OUTER_FRAMES, JUMPER, SET_AND_JUMP, RECURSE, EVEN, ODD, THROUGH_ENDER, FNS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FNS * 2);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");

static __always_inline int counted(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&count, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

#define FN(fn, what) \
	SEC("uprobe/" EXE ":" #fn) int in_##fn(void *ctx) { return counted(what * 2); } \
	SEC("uretprobe/" EXE ":" #fn) int out_##fn(void *ctx) { return counted(what * 2 + 1); }
FN(thrower, THROWER)
FN(tail_thrower, TAIL_THROWER)
FN(catcher, CATCHER)
FN(frames, FRAMES)
FN(tail_frames, TAIL_FRAMES)
FN(outer_frames, OUTER_FRAMES)
FN(jumper, JUMPER)
FN(set_and_jump, SET_AND_JUMP)
FN(recurse, RECURSE)
FN(even, EVEN)
FN(odd, ODD)
FN(through_ender, THROUGH_ENDER)

char _license[] SEC("license") = "GPL";
