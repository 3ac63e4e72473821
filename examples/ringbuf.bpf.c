/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring buffer: a program reserves space, fills it in place, then submits or discards it. The verifier makes sure that
 * every reservation ends in exactly one of the two. bpf_ringbuf_output() copies a ready record instead, and
 * bpf_ringbuf_query() asks how full the ring is.
 */
#include "net.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 length;
	__u16 type;
	__u8 head[14];
	__u32 number;
};

__u32 number;
__u64 discarded, full;
__u64 available;

SEC("xdp")
int record(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		full++;
		return XDP_PASS;
	}
	if (!eth) {
		discarded++;
		bpf_ringbuf_discard(e, 0);
		return XDP_DROP;
	}
	e->length = (__u32)(c.end - (void *)eth);
	e->type = bpf_ntohs(eth->h_proto);
	__builtin_memcpy(e->head, eth, sizeof(e->head));
	e->number = number++;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	available = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	return XDP_PASS;
}

SEC("xdp")
int copy(struct xdp_md *ctx)
{
	struct event e = { .length = (__u32)(ctx->data_end - ctx->data), .number = number++ };

	if (bpf_ringbuf_output(&events, &e, sizeof(e), 0))
		full++;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
