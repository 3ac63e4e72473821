/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run costs an application that embeds skep, over a call of a C function by pointer: an empty program, one that uses its
 * context, one that calls a helper, a packet program; by one thread and by all. Processor time, medians of eleven rounds, interleaved.
 */
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skep/skep.h"
#include "stat.h"

#define ROUNDS 11
#define TIMES 2000000
#define MAX_THREADS 16
#define INSN(c, d, s, o, i) (struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static const struct bpf_insn empty[] = { INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) };
static const struct bpf_insn reads[] = { INSN(BPF_LDX | BPF_MEM | BPF_DW, 0, 1, 8, 0), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) };
static const struct bpf_insn calls[] = { INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid),
					 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) };

static __attribute__((noinline)) uint64_t plain(void *ctx)
{
	(void)ctx;
	__asm__ volatile("");
	return 0;
}
static uint64_t (*volatile plain_pointer)(void *ctx) = plain;

static struct way {
	const char *name;
	unsigned type;
	const struct bpf_insn *insns;
	unsigned n;
	struct skep_prog *prog;
	double ns[ROUNDS], all[ROUNDS]; /* one thread; each of all */
} ways[] = {
	{ .name = "C function by pointer" },
	{ .name = "empty program", .type = BPF_PROG_TYPE_TRACEPOINT, .insns = empty, .n = 2 },
	{ .name = "program that reads its context", .type = BPF_PROG_TYPE_TRACEPOINT, .insns = reads, .n = 2 },
	{ .name = "program that calls a helper", .type = BPF_PROG_TYPE_TRACEPOINT, .insns = calls, .n = 2 },
	{ .name = "empty packet program", .type = BPF_PROG_TYPE_XDP, .insns = empty, .n = 2 },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static double now(void) { return stat_now(CLOCK_THREAD_CPUTIME_ID); }

static double measure(const struct way *w)
{
	static __thread unsigned char ctx[256], buf[512];
	struct skep_packet pkt = { .buf = buf, .buf_size = sizeof(buf), .data = buf + 128, .len = 64 };
	double start = now();

	for (int i = 0; i < TIMES; i++) {
		if (!w->prog)
			plain_pointer(ctx);
		else if (w->type == BPF_PROG_TYPE_XDP)
			skep_prog_run_packet(w->prog, &pkt);
		else
			skep_prog_run_raw(w->prog, ctx);
	}
	return (now() - start) / TIMES;
}

static int load(struct skep *s, struct way *w)
{
	union bpf_attr a = { .prog_type = w->type, .insn_cnt = w->n };
	int fd;

	if (!w->insns)
		return 0;
	a.insns = (uint64_t)(uintptr_t)w->insns;
	a.license = (uint64_t)(uintptr_t)"GPL";
	fd = skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
	if (fd < 0 || skep_prog_get(s, fd, &w->prog)) {
		fprintf(stderr, "%s: %s\n", w->name, skep_reason());
		return -1;
	}
	close(fd);
	return 0;
}

static void *one_of_all(void *result)
{
	double *ns = result;

	for (size_t i = 0; i < WAYS; i++)
		ns[i] = measure(&ways[i]);
	return NULL;
}

int main(void)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1 };
	long cores = sysconf(_SC_NPROCESSORS_ONLN), threads = cores < MAX_THREADS ? cores : MAX_THREADS;
	struct skep *s;
	double base;

	if (skep_new(&o, &s))
		return 5;
	for (size_t i = 0; i < WAYS; i++)
		if (load(s, &ways[i]))
			return 5;
	for (int r = 0; r < ROUNDS; r++) {
		double ns[MAX_THREADS][WAYS];
		pthread_t t[MAX_THREADS];
		for (size_t i = 0; i < WAYS; i++)
			ways[i].ns[r] = measure(&ways[i]);
		for (long k = 0; k < threads; k++)
			if (pthread_create(&t[k], NULL, one_of_all, ns[k]))
				return 5;
		for (long k = 0; k < threads; k++)
			pthread_join(t[k], NULL);
		for (size_t i = 0; i < WAYS; i++) {
			ways[i].all[r] = 0;
			for (long k = 0; k < threads; k++)
				ways[i].all[r] += ns[k][i] / (double)threads;
		}
	}
	printf("%-34s %10s %10s   %s\n", "ns a run", "1 thread", "all cores", "over the C function");
	base = median(ways[0].ns, ROUNDS);
	for (size_t i = 0; i < WAYS; i++) {
		double one = i ? median(ways[i].ns, ROUNDS) : base;
		printf("%-34s %10.2f %10.2f   %+.2f\n", ways[i].name, one, median(ways[i].all, ROUNDS), one - base);
		skep_prog_put(ways[i].prog);
	}
	skep_free(s);
	return 0;
}
