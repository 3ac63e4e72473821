/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid bpf_context access */
/* Most context fields are read-only: a tc program may set the mark of a packet, but not its length. */
#include "net.h"

SEC("tc")
int prog(struct __sk_buff *skb)
{
	skb->len = 100;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
