// SPDX-License-Identifier: BSD-2-Clause
/* An exception's handler: told by a tag, it decides what the program returns after bpf_throw(). */
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
