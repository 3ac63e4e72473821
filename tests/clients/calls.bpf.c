/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of several functions, for what bpftool.cmds asks about lines and calls. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int mix(unsigned a, unsigned b)
{
	unsigned c = a;

	c ^= b << 3;
	if (c > 100)
		c -= 7;
	return (int)(c * 3);
}

static __attribute__((noinline)) int twice(unsigned a)
{
	return mix(a, a) + mix(a, a + 1);
}

SEC("socket")
int calls(struct __sk_buff *skb)
{
	unsigned n = (unsigned)bpf_ktime_get_ns();

	return mix(n, 5) + twice(n);
}

char _license[] SEC("license") = "GPL";
