/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid access to map value, value_size=8 off=8 size=8 */
/* The value has 8 bytes; this reads the 8 after them. */
#include "net.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

SEC("tc")
int prog(struct __sk_buff *skb)
{
	__u32 key = skb->ifindex & 3;
	__u64 *v = bpf_map_lookup_elem(&values, &key);

	return v ? (int)v[1] : 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
