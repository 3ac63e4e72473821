/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's old samples: an inner map by its number. */
#include "old.h"

struct seven_words SEC("maps") a_inner = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4 };
struct seven_words SEC("maps") b_outer = { .type = BPF_MAP_TYPE_HASH_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 4, .inner_map_idx = 0 };

SEC("xdp1")
int counted(struct xdp_md *ctx)
{
	unsigned key = 1;
	void *m = lookup(&b_outer, &key);

	if (m)
		count(m, 0);
	count(&a_inner, 1);
	return 2;
}

char _license[] SEC("license") = "GPL";
