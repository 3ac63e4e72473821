/* SPDX-License-Identifier: BSD-2-Clause */
/* Subprograms in the sections of their callers, calls from one section into another, entry points that are called, undefined functions. */
#include "old.h"

struct five_words SEC("maps") counts = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 16 };
int elsewhere(void *p, int n);

static __attribute__((noinline, section("xdp/one"))) int twice(int x)
{
	return count(&counts, x) * 2;
}

static __attribute__((noinline, section("xdp/two"))) int deeper(int x)
{
	return x > 9 ? twice(x) + 1 : 7;
}

static __attribute__((noinline)) int in_text(int x)
{
	return deeper(x) + twice(x);
}

SEC("xdp/one")
int one(struct xdp_md *ctx)
{
	return twice(ctx->data_end - ctx->data) + deeper(3);
}

SEC("xdp/two")
int two(struct xdp_md *ctx)
{
	return in_text(ctx->data_end - ctx->data) + one(ctx);
}

SEC("xdp/three")
int undefined(struct xdp_md *ctx)
{
	char buf[8] = {};

	return elsewhere(buf, 8);
}

char _license[] SEC("license") = "GPL";
