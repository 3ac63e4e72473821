/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three kinds of loop. The verifier must know that each ends:
 *   - a `for` with a constant bound, which it walks to the end, instruction by instruction;
 *   - bpf_loop(), whose body is a callback verified once: up to 8 million rounds at no cost to the verifier;
 *   - a loop whose bound is data, capped by a constant.
 *
 * The program is of type syscall: it is run on demand by its loader and its context is a buffer of the user's choice.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct args {
	__u32 n;      /* in: how far */
	__u32 primes; /* out */
	__u64 sum;    /* out */
	__u64 fib;    /* out */
	__u64 rounds; /* out: what bpf_loop() returned */
};

struct sieve {
	__u32 n;
	__u32 found;
};

#define MAX 2048

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX);
	__type(key, __u32);
	__type(value, __u8);
} composite SEC(".maps");

/* bpf_loop() callback: returns 1 to stop early. */
static long sieve_step(__u32 i, struct sieve *s)
{
	__u32 p = i + 2;
	__u8 *mark;

	if (p > s->n)
		return 1;
	mark = bpf_map_lookup_elem(&composite, &p);
	if (!mark)
		return 1;
	if (*mark)
		return 0;
	s->found++;
	for (__u32 k = p * p, rounds = 0; rounds < 64; k += p, rounds++) {
		if (k > s->n)
			break;
		mark = bpf_map_lookup_elem(&composite, &k);
		if (mark)
			*mark = 1;
	}
	return 0;
}

static long add_step(__u32 i, __u64 *sum)
{
	*sum += i;
	return 0;
}

SEC("syscall")
int loops(struct args *a)
{
	struct sieve s = { .n = a->n < 64 ? a->n : 64 };
	__u64 sum = 0, x = 0, y = 1;

	a->rounds = (__u64)bpf_loop(MAX, sieve_step, &s, 0);
	a->primes = s.found;

	bpf_loop(a->n, add_step, &sum, 0);
	a->sum = sum;

	for (__u32 i = 0; i < 90; i++) {
		__u64 t = x + y;

		if (i >= a->n)
			break;
		x = y;
		y = t;
	}
	a->fib = x;
	return 0;
}

struct text {
	__u8 byte[64];
};

/*
 * Walks a string byte by byte. The context may be read at constant offsets only, so the text is copied to the stack first:
 * there a variable index is fine, as long as its bounds are known.
 */
SEC("syscall")
int checksum(struct text *ctx)
{
	struct text t = *ctx;
	__u32 a = 1, b = 0;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < sizeof(t.byte); i++) {
		__u8 c = t.byte[i];

		if (!c)
			break;
		a = (a + c) % 65521;
		b = (b + a) % 65521;
	}
	return (int)(b << 16 | a);
}

char _license[] SEC("license") = "Dual BSD/GPL";
