/* SPDX-License-Identifier: BSD-2-Clause */
/* Timing of calls from outside: the lower quartile of many short rounds, which neighbours on the machine disturb least. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 40

static double rounds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int rounds_cmp(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

/* Call it `n` times in all, and print a line "NAME NANOSECONDS". */
static void rounds(const char *name, void (*fn)(void), int n)
{
	double t[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		double start = rounds_now();

		for (int k = 0; k < n / ROUNDS; k++)
			fn();
		t[r] = (rounds_now() - start) / (n / ROUNDS);
	}
	qsort(t, ROUNDS, sizeof(t[0]), rounds_cmp);
	printf("%-16s %10.0f\n", name, t[ROUNDS / 4]);
	fflush(stdout);
}

#endif
