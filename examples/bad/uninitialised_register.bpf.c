/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R0 !read_ok */
/* The variable is never set (the empty asm hides that from the compiler): the program would return what lay there. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	int verdict;

	asm volatile("" : "=r"(verdict));
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
