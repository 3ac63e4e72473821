/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: function calls are not allowed while holding a lock */
/* Holding a spin lock a program may call nothing but the unlock: the helper could take long, or take the same lock. */
#include "net.h"

struct value {
	struct bpf_spin_lock lock;
	__u64 when;
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
	v->when = bpf_ktime_get_ns();
	bpf_spin_unlock(&v->lock);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
