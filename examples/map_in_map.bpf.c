/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of maps: user space swaps a whole inner map in one step while programs go on reading the old one. An array of
 * maps picks by index, a hash of maps by key. The slots are filled by the loader from the initialisers below.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} blue SEC(".maps"), green SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, struct inner);
} tables SEC(".maps") = {
	.values = { [0] = &blue, [2] = &green },
};

struct tenant {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} tenant_a SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, struct tenant);
} tenants SEC(".maps") = {
	.values = { [0] = &tenant_a },
};

struct args {
	__u32 table; /* in */
	__u32 slot;  /* in */
	__u64 add;   /* in */
	__u64 now;   /* out */
	__u64 tenant_total; /* out */
};

SEC("syscall")
int add(struct args *a)
{
	__u32 table = a->table, slot = a->slot, zero = 0;
	__u64 start = a->add;
	void *inner;
	__u64 *v;

	a->now = 0;
	a->tenant_total = 0;
	inner = bpf_map_lookup_elem(&tables, &table);
	if (!inner)
		return 1; /* an empty slot */
	v = bpf_map_lookup_elem(inner, &slot);
	if (!v)
		return 2;
	__sync_fetch_and_add(v, a->add);
	a->now = *v;

	inner = bpf_map_lookup_elem(&tenants, &zero);
	if (!inner)
		return 3;
	v = bpf_map_lookup_elem(inner, &slot);
	if (v)
		a->tenant_total = __sync_fetch_and_add(v, start) + start;
	else
		bpf_map_update_elem(inner, &slot, &start, BPF_NOEXIST);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
