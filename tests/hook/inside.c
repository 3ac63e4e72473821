/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions for the programs of inside.bpf.c: each is called N times (10 without an argument). */
#include <stdio.h>
#include <stdlib.h>

#define FN(name) __attribute__((noinline)) long name(long a, const char *s) { __asm__ volatile("" : : "r"(s)); return a * 2 + 1; }
FN(f_tail) FN(f_inner) FN(f_print) FN(f_loop) FN(f_kfunc) FN(f_task) FN(f_read) FN(f_stack) FN(f_storage)
FN(f_perf) FN(f_global)

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 10, sum = 0;

	for (long i = 0; i < n; i++) {
		sum += f_tail(i, "tail") + f_inner(i, "inner") + f_print(i, "print") + f_loop(i, "loop");
		sum += f_kfunc(i, "kfunc") + f_task(i, "task") + f_read(i, "read") + f_stack(i, "stack") + f_storage(i, "storage");
		sum += f_perf(i, "perf") + f_global(i, "global");
	}
	printf("%ld\n", sum);
	return sum != 11 * n * n;
}
