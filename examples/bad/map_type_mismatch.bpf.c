/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: cannot pass map_type 3 into func bpf_map_lookup_elem */
/* A program array holds programs: they can be jumped to with bpf_tail_call(), never looked up. */
#include "net.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} programs SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&programs, &key) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
