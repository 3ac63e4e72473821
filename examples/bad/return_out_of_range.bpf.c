/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: At program exit the register R0 has */
/* A control group's socket hook answers 0 (refuse) or 1 (allow), nothing else. */
#include "net.h"

SEC("cgroup/sock_create")
int prog(struct bpf_sock *sk)
{
	return 7;
}

char _license[] SEC("license") = "Dual BSD/GPL";
