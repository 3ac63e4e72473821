/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: expected=map_ptr */
/* A map is known to the verifier only by its own name in the source; the address of anything else is no map. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *map = (void *)1;

	return bpf_map_lookup_elem(map, &key) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
