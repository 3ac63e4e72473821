/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_for_each_map_elem() calls a function for every element of a map: here to find the busiest key, to expire old
 * entries while walking, and to sum up an array.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct bpf_map; /* opaque: callbacks only pass it on to helpers */

struct session {
	__u64 hits;
	__u32 age;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct session);
} sessions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} histogram SEC(".maps");

struct walk {
	__u64 best;
	__u32 best_key;
	__u32 max_age;
	__u32 expired;
	__u32 live;
};

static long visit(struct bpf_map *map, const __u32 *key, struct session *s, struct walk *w)
{
	__u32 k = *key;

	if (++s->age > w->max_age) {
		w->expired++;
		bpf_map_delete_elem(map, &k); /* deleting the element at hand is allowed */
		return 0;
	}
	w->live++;
	if (s->hits > w->best) {
		w->best = s->hits;
		w->best_key = k;
	}
	return 0;
}

static long add(struct bpf_map *map, const __u32 *key, __u64 *value, __u64 *sum)
{
	*sum += *value;
	return *sum > 1000; /* enough: stop here */
}

struct args {
	__u32 insert;   /* in: sessions to make */
	__u32 max_age;  /* in */
	__u32 visited;  /* out */
	__u32 live;     /* out */
	__u32 expired;  /* out */
	__u32 best_key; /* out */
	__u64 sum;      /* out */
};

SEC("syscall")
int walk(struct args *a)
{
	struct walk w = { .max_age = a->max_age };
	__u64 sum = 0;

	for (__u32 i = 0; i < 32; i++) {
		struct session s = { .hits = (i * 7) % 31, .age = i };
		__u32 key = i, slot = i % 16;
		__u64 *n;

		if (i >= a->insert)
			break;
		n = bpf_map_lookup_elem(&histogram, &slot);
		bpf_map_update_elem(&sessions, &key, &s, BPF_ANY);
		if (n)
			*n += s.hits;
	}
	a->visited = (__u32)bpf_for_each_map_elem(&sessions, visit, &w, 0);
	a->live = w.live;
	a->expired = w.expired;
	a->best_key = w.best_key;
	bpf_for_each_map_elem(&histogram, add, &sum, 0);
	a->sum = sum;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
