/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: reference leak */
/* On one path the reserved record is neither submitted nor discarded: the ring would be blocked for ever. */
#include "net.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return XDP_PASS;
	*e = ctx->rx_queue_index;
	if (*e == 7)
		return XDP_DROP;
	bpf_ringbuf_submit(e, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
