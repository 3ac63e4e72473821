/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets every request pass and counts them: the smallest filter. */
#include "request.h"

#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("request")
int filter(struct request *r)
{
	__sync_fetch_and_add(&seen, 1);
	r->mark = 1;
	return REQUEST_ALLOW;
}

char _license[] SEC("license") = "Dual BSD/GPL";
