/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What loading and closing a program costs, by its size: compiled, interpreted, and by the running kernel (skipped where that does not
 * permit bpf(2)). Processor time of the thread, medians; the three take turns. Usage: load [ROUNDS]
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skep/skep.h"
#include "stat.h"

#define MAX_INSNS 4096
#define MAX_ROUNDS 10000
#define INSN(c, d, s, o, i) (struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

enum { JIT, INTERP, KERNEL, WAYS };
static const char *const name[] = { "skep, compiled", "skep, interpreted", "kernel" };
static struct skep *subsystem[WAYS];
static struct bpf_insn insns[MAX_INSNS];
static double us[WAYS][MAX_ROUNDS];

static double now(void) { return stat_now(CLOCK_THREAD_CPUTIME_ID) / 1e3; }

/* A function of the context's first word, n instructions long. */
static void fill(unsigned n)
{
	static const unsigned char op[] = { BPF_ADD, BPF_XOR, BPF_OR, BPF_MUL, BPF_LSH, BPF_RSH };

	insns[0] = INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 1, 0, 0);
	for (unsigned i = 1; i + 1 < n; i++)
		insns[i] = INSN(BPF_ALU64 | BPF_K | op[i % sizeof(op)], 0, 0, 0, (int)(i % 31 + 1));
	insns[n - 1] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load_and_close(int way, unsigned n)
{
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (__u64)(unsigned long)insns;
	a.insn_cnt = n;
	a.license = (__u64)(unsigned long)"GPL";
	fd = way == KERNEL ? (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)) :
			     skep_bpf_in(subsystem[way], BPF_PROG_LOAD, &a, sizeof(a));
	return fd < 0 ? fd : close(fd);
}

static void measure(unsigned n, unsigned rounds)
{
	fill(n);
	printf("%6u", n);
	for (unsigned r = 0; r < rounds; r++)
		for (int w = 0; w < WAYS; w++) {
			double start = now();

			us[w][r] = load_and_close(w, n) ? 0 : now() - start;
		}
	for (int w = 0; w < WAYS; w++) {
		stat_sort(us[w], rounds);
		if (us[w][0] > 0)
			printf("  %17.1f", us[w][rounds / 2]);
		else
			printf("  %17s", "-");
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;

	if (!rounds || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (int w = 0; w < KERNEL; w++) {
		struct skep_opts o = { .sz = sizeof(o), .engine = w == JIT ? SKEP_ENGINE_JIT : SKEP_ENGINE_INTERP };

		if (skep_new(&o, &subsystem[w]))
			return 1;
	}
	printf(" insns");
	for (int w = 0; w < WAYS; w++)
		printf("  %17s", name[w]);
	printf("    microseconds to load and close\n");
	for (unsigned n = 10; n <= MAX_INSNS; n *= n < 1000 ? 10 : 4)
		measure(n, n < 1000 ? rounds : rounds / 10 + 1);
	return 0;
}
