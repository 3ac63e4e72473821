// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions: a check that fails deep in a program ends it, and the value thrown is its result, or what a handler makes of it. */
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

__noinline int decide(__u64 cookie)
{
	return cookie == TC_ACT_SHOT ? TC_ACT_STOLEN : TC_ACT_OK;
}

SEC("tc")
__attribute__((btf_decl_tag("exception_callback:decide")))
int handled(struct __sk_buff *skb)
{
	return must_be_short(skb->len) ? TC_ACT_OK : TC_ACT_PIPE;
}

char _license[] SEC("license") = "GPL";
