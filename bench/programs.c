/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `make bench` runs: one C source, compiled for BPF and natively. Each program works on the one global `g`, whose input
 * bench.c fills in, and leaves its result in g.result.
 */
#include "programs.h"

struct bench_data g;

PROG(empty)
{
	return DONE;
}

PROG(fnv1k)
{
	__u64 h = 0xcbf29ce484222325ull;

	for (int i = 0; i < 1024; i++)
		h = (h ^ g.bytes[i]) * 0x100000001b3ull;
	g.result = h;
	return DONE;
}

static __always_inline __u64 rotl64(__u64 x, int r)
{
	return x << r | x >> (64 - r);
}

static __always_inline __u32 rotl32(__u32 x, int r)
{
	return x << r | x >> (32 - r);
}

#define P1 0x9E3779B185EBCA87ull
#define P2 0xC2B2AE3D27D4EB4Full
#define P3 0x165667B19E3779F9ull
#define P4 0x85EBCA77C2B2AE63ull

static __always_inline __u64 xxh_round(__u64 acc, __u64 in)
{
	return rotl64(acc + in * P2, 31) * P1;
}

static __always_inline __u64 xxh_merge(__u64 h, __u64 v)
{
	return (h ^ xxh_round(0, v)) * P1 + P4;
}

PROG(xxh1k)
{
	__u64 a = P1 + P2, b = P2, c = 0, d = 0 - P1, h;

	for (int i = 0; i < 128; i += 4) {
		a = xxh_round(a, g.words[i]);
		b = xxh_round(b, g.words[i + 1]);
		c = xxh_round(c, g.words[i + 2]);
		d = xxh_round(d, g.words[i + 3]);
	}
	h = rotl64(a, 1) + rotl64(b, 7) + rotl64(c, 12) + rotl64(d, 18);
	h = xxh_merge(xxh_merge(xxh_merge(xxh_merge(h, a), b), c), d) + 1024;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	g.result = h ^ h >> 32;
	return DONE;
}

PROG(primes)
{
	__u32 n = 0;

	for (__u32 i = 3; i < 1200; i += 2) {
		__u32 prime = 1;

		for (__u32 k = 3; k < 36; k += 2) {
			if (k * k > i)
				break;
			if (i % k == 0) {
				prime = 0;
				break;
			}
		}
		n += prime;
	}
	g.result = n;
	return DONE;
}

PROG(bitops)
{
	__u64 sum = 0;

	for (int i = 0; i < 128; i++) {
		__u64 x = g.words[i], r = x, p;

		p = x - (x >> 1 & 0x5555555555555555ull);
		p = (p & 0x3333333333333333ull) + (p >> 2 & 0x3333333333333333ull);
		p = (p + (p >> 4)) & 0x0f0f0f0f0f0f0f0full;
		p = p * 0x0101010101010101ull >> 56;
		r = (r >> 1 & 0x5555555555555555ull) | (r & 0x5555555555555555ull) << 1;
		r = (r >> 2 & 0x3333333333333333ull) | (r & 0x3333333333333333ull) << 2;
		r = (r >> 4 & 0x0f0f0f0f0f0f0f0full) | (r & 0x0f0f0f0f0f0f0f0full) << 4;
		sum += p ^ r;
	}
	g.result = sum;
	return DONE;
}

PROG(bswapcpy)
{
	for (int i = 0; i < 128; i++)
		g.copy[i] = __builtin_bswap64(g.words[i]);
	g.result = g.copy[5];
	return DONE;
}

PROG(bsearch)
{
	__u64 sum = 0;

	for (int i = 0; i < 16; i++) {
		__u32 want = (__u32)g.words[i] & 0xffff, lo = g.low, hi = g.high;

		for (int k = 0; k < 10; k++) {
			__u32 mid = (lo + hi) / 2;

			if (g.sorted[mid & 1023] <= want)
				lo = mid;
			else
				hi = mid;
		}
		sum += lo;
	}
	g.result = sum;
	return DONE;
}

PROG(sieve)
{
	__u32 n = 0;

	for (int i = 0; i < 1024; i++)
		g.flags[i] = 0;
	for (__u32 i = 2; i < 32; i++) {
		if (g.flags[i])
			continue;
		for (__u32 k = i * i; k < 1024; k += i)
			g.flags[k] = 1;
	}
	for (int i = 2; i < 1024; i++)
		n += !g.flags[i];
	g.result = n;
	return DONE;
}

PROG(strcmp)
{
	__u32 i;
	int d = 0;

	for (i = 0; i < 255; i++) {
		__u8 a = g.text[i], b = g.text2[i];

		d = a - b;
		if (d || !a)
			break;
	}
	g.result = (__u64)i << 32 | (__u32)d;
	return DONE;
}

struct eth { __u8 dst[6], src[6]; __u16 proto; } __attribute__((packed));
struct ip4 { __u8 vihl, tos; __u16 len, id, off; __u8 ttl, proto; __u16 sum; __u32 src, dst; };
struct udp { __u16 src, dst, len, sum; };

PROG(pktparse)
{
	__u8 *p = PKT_DATA(ctx), *end = PKT_END(ctx);
	struct eth *eth = (void *)p;
	struct ip4 *ip = (void *)(p + 14);
	struct udp *udp = (void *)(p + 34);
	__u32 sum = 0;
	__u16 *w;

	if (p + 42 > end || eth->proto != 0x0008 || ip->vihl != 0x45 || ip->proto != 17)
		return DROP;
	w = (void *)ip;
	for (int i = 0; i < 10; i++)
		sum += w[i];
	w = (void *)udp;
	for (int i = 0; i < 730; i++) {
		if ((void *)(w + 1) > (void *)end)
			break;
		sum += *w++;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	g.result = (__u64)ip->src << 32 ^ (__u64)udp->dst << 16 ^ sum;
	return DONE;
}

PROG(divc)
{
	__u64 sum = 0;

	for (int i = 0; i < 64; i++) {
		__u32 v = (__u32)g.words[i];
		__u64 x = g.words[i] >> 3;

		sum += v % 10 + v / 100 + v / 7 + x / 1000 + x % 1000000007 + v % 86400;
	}
	g.result = sum;
	return DONE;
}

PROG(maplook)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < 64; i++) {
		__u32 key = i * 7 & 127;
		__u64 *v = LOOKUP(numbers, &key);

		if (v)
			sum += *v;
	}
	g.result = sum;
	return DONE;
}

/* ---- not in the mean that Linux's programs of issue and notes have: what real programs do besides ---- */
PROG(hashlook)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < 64; i++) {
		__u32 key = i * 0x9E3779B1u >> 8;
		__u64 *v = LOOKUP(table, &key);

		if (v)
			sum += *v;
	}
	g.result = sum;
	return DONE;
}

PROG(percpu)
{
	for (__u32 i = 0; i < 64; i++) {
		__u32 key = i & 7;
		__u64 *v = LOOKUP(counters, &key);

		if (v)
			*v += i;
	}
	g.result = 0;
	return DONE;
}

static __always_inline __u32 jmix(__u32 a, __u32 b, __u32 c)
{
	c ^= b; c -= rotl32(b, 14);
	a ^= c; a -= rotl32(c, 11);
	b ^= a; b -= rotl32(a, 25);
	c ^= b; c -= rotl32(b, 16);
	a ^= c; a -= rotl32(c, 4);
	b ^= a; b -= rotl32(a, 14);
	c ^= b; c -= rotl32(b, 24);
	return c;
}

PROG(jhash)
{
	__u32 h = 0;

	for (int i = 0; i < 64; i++)
		h += jmix((__u32)g.words[i] + h, (__u32)(g.words[i] >> 32), h ^ 0xdeadbeef);
	g.result = h;
	return DONE;
}

/* Unaligned numbers of both byte orders, as parsers of formats read them. */
PROG(bytes)
{
	__u64 sum = 0;

	for (int i = 0; i < 1000; i += 8) {
		__u64 le;
		__u32 be = (__u32)g.bytes[i + 8] << 24 | (__u32)g.bytes[i + 9] << 16 | (__u32)g.bytes[i + 10] << 8 | g.bytes[i + 11];

		__builtin_memcpy(&le, &g.bytes[i + 1], 8);
		sum += le ^ be;
	}
	g.result = sum;
	return DONE;
}

static __attribute__((noinline)) __u64 step(__u64 x, __u32 k)
{
	return rotl64(x, 5) + k;
}

PROG(calls)
{
	__u64 x = 1;

	for (__u32 i = 0; i < 64; i++)
		x = step(x, i);
	g.result = x;
	return DONE;
}

struct loop_ctx { __u64 sum; __u32 stop; };

static long loop_body(__u32 i, void *ctx)
{
	struct loop_ctx *c = ctx;

	c->sum += g.words[i & 127] ^ i;
	return i == c->stop;
}

PROG(loop)
{
	struct loop_ctx c = { .stop = 200 };
	long all = LOOP(100, loop_body, &c), some = LOOP(1000, loop_body, &c), none = LOOP(0, loop_body, &c);

	g.result = c.sum + (__u64)(all * 1000000 + some * 1000 + none);
	return DONE;
}

/* Five-tuple out of a packet, its hash, a table of flows: what a load balancer does. */
PROG(flow)
{
	__u8 *p = PKT_DATA(ctx), *end = PKT_END(ctx);
	struct eth *eth = (void *)p;
	struct ip4 *ip = (void *)(p + 14);
	struct udp *udp = (void *)(p + 34);
	__u32 h, key;
	__u64 *v;

	if (p + 42 > end || eth->proto != 0x0008 || (ip->proto != 17 && ip->proto != 6) || ip->ttl <= 1)
		return DROP;
	h = jmix(ip->src, ip->dst, (__u32)udp->src << 16 | udp->dst);
	key = h % 127;
	v = LOOKUP(numbers, &key);
	if (!v)
		return DROP;
	g.result = h + *v;
	return DONE;
}

#ifdef __bpf__
char _license[] SEC("license") = "GPL";
#endif

/* A chain of tail calls through a constant slot, as long as Linux allows. */
PROG(tail)
{
#ifndef __bpf__
	static unsigned left;
#endif

	g.result = g.low + 5;
	TAIL(tail, ctx, left);
	return DONE;
}
