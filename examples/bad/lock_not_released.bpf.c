/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: cannot be used inside bpf_spin_lock-ed region */
/* One path returns with the lock held. */
#include "net.h"

struct value {
	struct bpf_spin_lock lock;
	__u32 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

SEC("tc")
int prog(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct value *v = bpf_map_lookup_elem(&values, &zero);

	if (!v)
		return 0;
	bpf_spin_lock(&v->lock);
	if (v->n++ > 100)
		return 2;
	bpf_spin_unlock(&v->lock);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
