/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the path without a look at its end: refused, and the filter before it stays. */
#include "request.h"

#include <bpf/bpf_helpers.h>

SEC("request")
int filter(struct request *r)
{
	const char *path = (const char *)(long)r->data;

	return path[1] == 'x' ? REQUEST_DENY : REQUEST_ALLOW;
}

char _license[] SEC("license") = "Dual BSD/GPL";
