/* SPDX-License-Identifier: BSD-2-Clause */
/* What sources of other loaders declare for themselves. */
#include <linux/bpf.h>
#define SEC(name) __attribute__((section(name), used))

struct five_words {
	unsigned type, key_size, value_size, max_entries, flags;
};

struct seven_words {
	unsigned type, key_size, value_size, max_entries, flags, inner_map_idx, numa_node;
};

struct with_path {
	unsigned type, key_size, value_size, max_entries, flags, pinning;
	char path[256];
};

struct nine_words {
	unsigned type, key_size, value_size, max_entries, flags, id, pinning, inner_id, inner_idx;
};

static void *(*lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*update)(void *map, const void *key, const void *value, unsigned long long flags) = (void *)BPF_FUNC_map_update_elem;
static long (*tail_call)(void *ctx, void *map, unsigned slot) = (void *)BPF_FUNC_tail_call;
static long (*output)(void *ctx, void *map, unsigned long long flags, void *data, unsigned long long size) =
	(void *)BPF_FUNC_perf_event_output;

static __attribute__((always_inline)) unsigned long count(void *map, unsigned key)
{
	unsigned long *n = lookup(map, &key), one = 1;

	if (n)
		return __sync_fetch_and_add(n, 1);
	update(map, &key, &one, 0);
	return 0;
}
