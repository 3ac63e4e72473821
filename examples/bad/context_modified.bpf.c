/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: dereference of modified ctx ptr */
/* A context is read at constant offsets from its start: the loader rewrites each access, so it must know the field. */
#include "net.h"

SEC("tc")
int prog(struct __sk_buff *skb)
{
	volatile __u32 *word = (void *)skb;
	void *p = (void *)skb + 16;

	asm volatile("" : "+r"(p));
	return (int)(*(volatile __u32 *)p + *word);
}

char _license[] SEC("license") = "Dual BSD/GPL";
