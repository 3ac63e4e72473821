// SPDX-License-Identifier: BSD-2-Clause
/* Open-coded iterators: loops over numbers and bits whose end the verifier need not walk to. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_iter_num { __u64 opaque[1]; } __attribute__((aligned(8)));
struct bpf_iter_bits { __u64 opaque[2]; } __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *words, __u32 nwords) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;

/* 1 + 2 + ... + 1000 */
SEC("syscall")
int sum(void *ctx)
{
	struct bpf_iter_num it;
	int total = 0, *i;

	bpf_iter_num_new(&it, 1, 1001);
	while ((i = bpf_iter_num_next(&it)))
		total += *i;
	bpf_iter_num_destroy(&it);
	return total;
}

/* Places of the bits of a number, added up: 0 + 5 + 31 + 63. */
SEC("syscall")
int bits(void *ctx)
{
	__u64 word = 1ull | 1ull << 5 | 1ull << 31 | 1ull << 63;
	struct bpf_iter_bits it;
	int total = 0, *i;

	bpf_iter_bits_new(&it, &word, 1);
	while ((i = bpf_iter_bits_next(&it)))
		total += *i;
	bpf_iter_bits_destroy(&it);
	return total;
}

char _license[] SEC("license") = "GPL";
