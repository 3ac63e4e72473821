/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R0 is not a known value */
/* The address of a kernel object would leave the program as its verdict. */
#include "net.h"

SEC("cgroup/sock_create")
long prog(struct bpf_sock *sk)
{
	return (long)sk;
}

char _license[] SEC("license") = "Dual BSD/GPL";
