/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps that are not tables: a queue (first in, first out), a stack (last in, first out), an LRU hash that throws out
 * the entry used least recently when it is full, and a Bloom filter ("perhaps seen" or "surely not").
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct job {
	__u32 id;
	__u32 cost;
};

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, struct job);
} todo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 8);
	__type(value, __u32);
} undo SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, __u64);
} recent SEC(".maps");

struct args {
	__u32 jobs;      /* in */
	__u32 refused;   /* out: pushes into the full queue */
	__u32 first;     /* out: id of the job at the head */
	__u32 order;     /* out: ids in the order they left the queue, a hex digit each */
	__u32 reverse;   /* out: the same for the stack */
	__u32 evictable; /* out: entries the LRU hash took */
	__s32 empty;     /* out: what popping an empty queue returns */
};

SEC("syscall")
int run(struct args *a)
{
	struct job job = {};
	__u32 id = 0;

	a->refused = 0;
	for (__u32 i = 0; i < 16 && i < a->jobs; i++) {
		job.id = i + 1;
		job.cost = i * i;
		if (bpf_map_push_elem(&todo, &job, 0))
			a->refused++;
		/* BPF_EXIST on a full stack or queue pushes the oldest element out. */
		bpf_map_push_elem(&undo, &job.id, BPF_EXIST);
	}
	if (!bpf_map_peek_elem(&todo, &job))
		a->first = job.id;
	a->order = 0;
	a->reverse = 0;
	for (int i = 0; i < 8; i++) {
		if (bpf_map_pop_elem(&todo, &job))
			break;
		a->order = a->order << 4 | (job.id & 15);
	}
	for (int i = 0; i < 8; i++) {
		if (bpf_map_pop_elem(&undo, &id))
			break;
		a->reverse = a->reverse << 4 | (id & 15);
	}
	a->empty = (__s32)bpf_map_pop_elem(&todo, &job);
	a->evictable = 0;
	for (__u32 i = 0; i < 64; i++) {
		__u64 v = i;

		if (!bpf_map_update_elem(&recent, &i, &v, BPF_NOEXIST))
			a->evictable++;
	}
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
