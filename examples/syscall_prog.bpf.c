/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of type syscall runs when its loader asks, on a context the loader passes in and gets back: BPF as a
 * function. This one works with numbers of every width, so it exercises the arithmetic of the instruction set.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct args {
	__u64 a, b;  /* in */
	__u64 sum, product, quotient, rest;
	__s64 shifted;
	__u32 low, rotated;
	__u64 swapped;
	__u64 gcd;
	__u64 hash;
};

static __always_inline __u32 rotl32(__u32 x, int n)
{
	return x << n | x >> (32 - n);
}

SEC("syscall")
int arithmetic(struct args *p)
{
	__u64 x = p->a, y = p->b, h = 0xcbf29ce484222325ULL;

	p->sum = x + y;
	p->product = x * y;
	p->quotient = y ? x / y : 0;
	p->rest = y ? x % y : x;
	p->shifted = (__s64)x >> (y & 63);
	p->low = (__u32)x - (__u32)y;
	p->rotated = rotl32((__u32)x, 13) ^ rotl32((__u32)y, 7);
	p->swapped = __builtin_bswap64(x);
	/* Euclid's algorithm. At most 92 rounds for 64 bits: the bound makes the loop provable. */
	for (int i = 0; i < 92 && y; i++) {
		__u64 t = x % y;

		x = y;
		y = t;
	}
	p->gcd = x;
	/* FNV-1a over the bytes of a. */
	for (int i = 0; i < 8; i++) {
		h ^= p->a >> (i * 8) & 0xff;
		h *= 0x100000001b3ULL;
	}
	p->hash = h;
	return (int)p->rest;
}

char _license[] SEC("license") = "Dual BSD/GPL";
