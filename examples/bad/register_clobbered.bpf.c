/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R1 !read_ok */
/* A helper call destroys r1 to r5: assembler that goes on using one of them reads nothing. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
__attribute__((naked)) int prog(struct xdp_md *ctx)
{
	asm volatile("call %[ktime];"
		     "r0 = *(u32 *)(r1 + 16);"
		     "exit;"
		     :
		     : [ktime] "i"(BPF_FUNC_ktime_get_ns)
		     : "memory");
}

char _license[] SEC("license") = "Dual BSD/GPL";
