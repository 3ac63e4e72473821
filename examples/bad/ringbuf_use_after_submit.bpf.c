/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid mem access 'scalar' */
/* After the submit the record belongs to the reader; the pointer is worth nothing any more. */
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
	bpf_ringbuf_submit(e, 0);
	*e = 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
