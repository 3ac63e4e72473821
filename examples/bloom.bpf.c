// SPDX-License-Identifier: BSD-2-Clause
/* A Bloom filter: what was put in is always found; of what was not, hardly anything. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MEMBERS 1000

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, MEMBERS);
	__uint(map_extra, 5); /* hash functions */
	__type(value, __u32);
} seen SEC(".maps");

struct tally { __u32 missed, mistaken; }; /* how many it mistakes depends on its random seed */

static long put(__u32 i, void *cookie)
{
	__u32 value = i * 2654435761u;

	return bpf_map_push_elem(&seen, &value, BPF_ANY) ? 1 : 0;
}

static long look(__u32 i, void *cookie)
{
	__u32 member = i * 2654435761u, stranger = member + 1;
	struct tally *t = cookie;

	if (bpf_map_peek_elem(&seen, &member))
		t->missed++;
	if (!bpf_map_peek_elem(&seen, &stranger))
		t->mistaken++;
	return 0;
}

/* Number of members that were not found: none; -1: the filter takes for members what it should not. */
SEC("tc")
int members(struct __sk_buff *skb)
{
	struct tally t = { 0 };

	bpf_loop(MEMBERS, put, NULL, 0);
	bpf_loop(MEMBERS, look, &t, 0);
	return t.mistaken > MEMBERS / 5 ? -1 : (int)t.missed;
}

char _license[] SEC("license") = "Dual BSD/GPL";
