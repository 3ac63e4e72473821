/* SPDX-License-Identifier: BSD-2-Clause */
/* iproute2 and Cilium: nine words a map, tail calls by section ("id/slot"), maps in maps by id, programs by project names. */
#include "old.h"

struct nine_words SEC("maps") calls = { .type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 8, .id = 2, .pinning = 2 };
struct nine_words SEC("maps") inner = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4, .id = 7, .inner_idx = 1 };
struct nine_words SEC("maps") outer = { .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 4, .inner_id = 7 };

SEC("from-netdev")
int from_netdev(struct __sk_buff *ctx)
{
	tail_call(ctx, &calls, 3);
	return 2;
}

SEC("2/3")
static int tail_three(struct __sk_buff *ctx)
{
	unsigned key = 1;
	void *m = lookup(&outer, &key);

	if (!m)
		return 1;
	count(m, 0);
	return 0;
}

SEC("2/4")
static int tail_refused(struct __sk_buff *ctx)
{
	return *(int *)(long)ctx->data;
}

char _license[] SEC("license") = "Dual BSD/GPL";
