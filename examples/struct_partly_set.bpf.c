/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A structure on the stack of which one field is never set. With CAP_PERFMON that is fine; without it, a map update may not read what
 * was never written (try: skep check --caps bpf,net_admin).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct flow {
	__u64 bytes;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct flow);
} flows SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct flow f;
	__u32 key = 1;

	f.bytes = 100;
	key += ctx->rx_queue_index;
	bpf_map_update_elem(&flows, &key, &f, BPF_ANY);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
