// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions: a check that fails deep in a program ends it, and the value thrown is its result. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

extern void bpf_throw(__u64 cookie) __ksym;

static __noinline __u32 must_be_short(__u32 len)
{
	if (len > 100)
		bpf_throw(TC_ACT_SHOT);
	return len;
}

SEC("tc")
int checked(struct __sk_buff *skb)
{
	return must_be_short(skb->len) ? TC_ACT_OK : TC_ACT_PIPE;
}

char _license[] SEC("license") = "GPL";
