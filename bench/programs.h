/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs.c needs to be a BPF object and a native one, and what bench.c shares with it. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <linux/types.h>
#include <linux/bpf.h>

struct bench_data {
	__u64 result;
	__u32 low, high; /* 0 and 1024, but no compiler or verifier knows */
	__u64 words[128], copy[128];
	__u32 sorted[1024];
	__u8 bytes[1040], flags[1024], text[256], text2[256];
};

#define NUMBERS 128 /* elements of the array map */
#define TABLE 64    /* of the hash map */

/* name, does it count for the mean over the eleven kinds that the goal names? */
#define BENCH_PROGRAMS(X)                                                                                       \
	X(empty, 0) X(fnv1k, 1) X(xxh1k, 1) X(primes, 1) X(bitops, 1) X(bswapcpy, 1) X(bsearch, 1) X(sieve, 1)          \
	X(strcmp, 1) X(pktparse, 1) X(divc, 1) X(maplook, 1) X(hashlook, 0) X(percpu, 0) X(jhash, 0) X(bytes, 0)        \
	X(calls, 0) X(loop, 0) X(flow, 0) X(tail, 0)

#define DONE 2
#define DROP 1

#ifdef __bpf__
#include <bpf/bpf_helpers.h>
#define PROG(name) SEC("xdp") int bench_##name(struct xdp_md *ctx)
#define PKT_DATA(ctx) ((void *)(long)(ctx)->data)
#define PKT_END(ctx) ((void *)(long)(ctx)->data_end)
#define LOOKUP(map, key) bpf_map_lookup_elem(&map, key)
#define LOOP(n, fn, ctx) bpf_loop(n, fn, ctx, 0)
#define TAIL(fn, ctx, left) bpf_tail_call(ctx, &progs, 0)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NUMBERS);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} progs SEC(".maps");
#else
struct native_ctx { void *data, *data_end; };
#define PROG(name)                                                                                              \
	int bench_##name(struct native_ctx *ctx);                                                               \
	int bench_##name(__attribute__((unused)) struct native_ctx *ctx)
#define PKT_DATA(ctx) ((ctx)->data)
#define PKT_END(ctx) ((ctx)->data_end)
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
/* A library's map: a call, as helpers are natively. */
void *lookup_numbers(const __u32 *key);
void *lookup_table(const __u32 *key);
void *lookup_counters(const __u32 *key);
#define LOOKUP(map, key) lookup_##map(key)
static inline long native_loop(__u32 n, long (*fn)(__u32, void *), void *ctx)
{
	for (__u32 i = 0; i < n; i++)
		if (fn(i, ctx))
			return i + 1;
	return n;
}
#define LOOP(n, fn, ctx) native_loop(n, fn, ctx)
/* 33 times, as Linux allows */
#define TAIL(fn, ctx, left)                                                                                     \
	do {                                                                                                    \
		static int (*volatile next)(struct native_ctx *) = bench_##fn;                                  \
		if (left++ < 33)                                                                                \
			__attribute__((musttail)) return next(ctx);                                             \
		left = 0;                                                                                       \
	} while (0)
#endif

#endif
