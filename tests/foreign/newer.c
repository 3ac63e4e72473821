/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Newer than Debian's libbpf, or of other loaders' taste: section names, members of maps, values of rings, maps that cannot be made,
 * functions and variables that the kernel does not have. One program each.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event { int a, b; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, long);
	__uint(pinning, 1 << 4);
	__uint(owner, 3);
} pinned SEC(".maps");

struct {
	__uint(type, 99);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 4);
} unheard_of SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, long);
} sized_by_loader SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, int);
	__array(values, struct { __uint(type, BPF_MAP_TYPE_RINGBUF); });
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, int);
	__array(values, struct { __uint(type, 99); __uint(key_size, 4); __uint(max_entries, 1); });
} of_unheard SEC(".maps");

extern int nobody_knows_kfunc(struct xdp_md *ctx) __ksym;
extern const int nobody_knows_ksym __ksym;

SEC("tcx/ingress")
int tcx(struct __sk_buff *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (e) {
		e->a = e->b = 1;
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("netkit/peer")
int netkit(struct __sk_buff *ctx)
{
	int key = 1;

	return bpf_map_lookup_elem(&pinned, &key) ? 1 : 0;
}

SEC("?tc")
int optional(struct __sk_buff *ctx)
{
	return 0;
}

SEC("uprobe.multi/libc.so.6:malloc*")
int multi(void *ctx)
{
	return 0;
}

SEC("netfilter")
int filter(struct bpf_nf_ctx *ctx)
{
	return 1;
}

SEC("cgroup/connect_unix")
int unix(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("whatever")
int by_argument(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > 60 ? XDP_PASS : XDP_DROP;
}

SEC("xdp/sized")
int sized(struct xdp_md *ctx)
{
	int key = 1;

	return bpf_map_lookup_elem(&sized_by_loader, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/inner_sized")
int inner_sized(struct xdp_md *ctx)
{
	int key = 0;
	void *ring = bpf_map_lookup_elem(&rings, &key);

	return ring && !bpf_ringbuf_output(ring, &key, sizeof(key), 0) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/wrong_inner")
int wrong_inner(struct xdp_md *ctx)
{
	int key = 0;

	return bpf_map_lookup_elem(&of_unheard, &key) ? XDP_PASS : XDP_DROP;
}

SEC("freplace/of_another")
int replacement(struct __sk_buff *ctx)
{
	return ctx->len;
}

SEC("freplace/of_another")
int replacement_too_far(struct __sk_buff *ctx)
{
	return ((int *)ctx)[100];
}

SEC("xdp/wrong_map")
int wrong_map(struct xdp_md *ctx)
{
	int key = 1;

	return bpf_map_lookup_elem(&unheard_of, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/wrong_kfunc")
int wrong_kfunc(struct xdp_md *ctx)
{
	return nobody_knows_kfunc(ctx);
}

SEC("xdp/wrong_ksym")
int wrong_ksym(struct xdp_md *ctx)
{
	return nobody_knows_ksym;
}

SEC("fentry/nobody_knows_this")
int wrong_target(void *ctx)
{
	return 0;
}

SEC("fentry")
int no_target(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
