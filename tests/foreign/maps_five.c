/* SPDX-License-Identifier: BSD-2-Clause */
/* libbpf before 1.0: five words a map, all in one section; names that only begin with the type's. */
#include "old.h"

struct five_words SEC("maps") counts = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 16 };
struct five_words SEC("maps") slots = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4 };
struct ____btf_map_counts { unsigned key; unsigned long value; };
struct ____btf_map_counts SEC(".maps.counts") ____btf_map_counts = { };

int total;

SEC("xdp_prog")
int by_size(struct xdp_md *ctx)
{
	total++;
	count(&counts, ctx->data_end - ctx->data);
	count(&slots, 1);
	return 2;
}

SEC("socket1")
int by_protocol(struct __sk_buff *ctx)
{
	return count(&counts, ctx->protocol) & 0xff;
}

SEC("kprobe/does_not_exist")
int entry(void *ctx)
{
	return count(&slots, 2);
}

/* the one that is refused, which costs the others nothing */
SEC("xdp_bad")
int unchecked(struct xdp_md *ctx)
{
	unsigned key = 7;

	return *(int *)lookup(&counts, &key);
}

char _license[] SEC("license") = "GPL";
