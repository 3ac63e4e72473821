/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tail calls: a program jumps into another and never returns. `stages` is filled by the loader from the initialiser
 * below, so the chain works from the first packet; replacing an entry changes the chain while it runs.
 *
 * `classify` runs four stages: each adds its bit to the packet's trace and goes on; an empty slot ends the chain.
 * `probe_limit` calls itself until the kernel refuses: 33 tail calls are the limit, so it counts 34 runs.
 */
#include "net.h"

struct xdp_md;
int stage_ether(struct xdp_md *ctx);
int stage_ip(struct xdp_md *ctx);
int stage_ports(struct xdp_md *ctx);
int stage_verdict(struct xdp_md *ctx);
int probe_limit(struct xdp_md *ctx);

enum { STAGE_ETHER, STAGE_IP, STAGE_PORTS, STAGE_VERDICT, STAGE_EMPTY, STAGE_PROBE, STAGES };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = {
		[STAGE_ETHER] = (void *)&stage_ether,
		[STAGE_IP] = (void *)&stage_ip,
		[STAGE_PORTS] = (void *)&stage_ports,
		[STAGE_VERDICT] = (void *)&stage_verdict,
		[STAGE_PROBE] = (void *)&probe_limit,
	},
};

/* A tail call passes nothing but the context: what the stages share lies in globals. */
__u32 trace;      /* a bit for every stage that ran */
__u32 port_seen;
__u32 missed;     /* tail calls into the empty slot: the call falls through */
__u32 probe_runs;

SEC("xdp")
int classify(struct xdp_md *ctx)
{
	trace = 1;
	port_seen = 0;
	bpf_tail_call(ctx, &stages, STAGE_ETHER);
	return XDP_ABORTED; /* reached only if the slot is empty */
}

SEC("xdp")
int stage_ether(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct ethhdr *eth = take(&c, sizeof(*eth));

	trace |= 2;
	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	bpf_tail_call(ctx, &stages, STAGE_IP);
	return XDP_ABORTED;
}

SEC("xdp")
int stage_ip(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct iphdr *ip = take(&c, sizeof(*ip));

	trace |= 4;
	if (!eth || !ip || ip->ihl != 5)
		return XDP_DROP;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP)
		bpf_tail_call(ctx, &stages, STAGE_PORTS);
	bpf_tail_call(ctx, &stages, STAGE_EMPTY);
	missed++;
	return XDP_PASS;
}

SEC("xdp")
int stage_ports(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct udphdr *ports; /* TCP and UDP begin alike */

	trace |= 8;
	if (!take(&c, sizeof(struct ethhdr) + sizeof(struct iphdr)))
		return XDP_DROP;
	ports = take(&c, sizeof(*ports));
	if (!ports)
		return XDP_DROP;
	port_seen = bpf_ntohs(ports->dest);
	bpf_tail_call(ctx, &stages, STAGE_VERDICT);
	return XDP_ABORTED;
}

SEC("xdp")
int stage_verdict(struct xdp_md *ctx)
{
	trace |= 16;
	return port_seen < 1024 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int probe_limit(struct xdp_md *ctx)
{
	probe_runs++;
	bpf_tail_call(ctx, &stages, STAGE_PROBE);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
