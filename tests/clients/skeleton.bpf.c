/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a client with a libbpf skeleton uses: global data, a ring buffer, a perf buffer, a timer. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event { __u64 seq, payload; };
struct slot { struct bpf_timer timer; __u64 fired; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

const volatile __u64 step = 1;
__u64 sent, lost, fired;
__u64 data_var = 7;

SEC("xdp")
int to_ring(struct xdp_md *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e) {
		lost++;
		return XDP_DROP;
	}
	e->seq = sent;
	e->payload = sent * step;
	sent++;
	bpf_ringbuf_submit(e, 0);
	return XDP_PASS;
}

SEC("xdp")
int to_perf(struct xdp_md *ctx)
{
	struct event e = { .seq = sent, .payload = data_var };

	sent++;
	return bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e)) ? XDP_DROP : XDP_PASS;
}

static int on_timer(void *map, __u32 *key, struct slot *s)
{
	s->fired++;
	fired++;
	return 0;
}

SEC("tc")
int arm(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &key);

	if (!s)
		return 1;
	bpf_timer_init(&s->timer, &slots, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&s->timer, on_timer);
	return bpf_timer_start(&s->timer, 1000000, 0) ? 2 : 0;
}

char _license[] SEC("license") = "GPL";
