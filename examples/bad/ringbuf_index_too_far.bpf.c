/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: max value is outside of the allowed memory range */
/* The index is masked to more bytes than were reserved. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int prog(struct __sk_buff *skb)
{
	char *event = bpf_ringbuf_reserve(&events, 64, 0);

	if (!event)
		return 0;
	event[skb->len & 127] = 1;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
