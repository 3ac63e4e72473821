/* SPDX-License-Identifier: BSD-2-Clause */
/* Timing of calls from outside: the lower quartile of many short rounds, which neighbours on the machine disturb least. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <stdio.h>

#include "stat.h"

#define ROUNDS 40

/* Call it `n` times in all, and print a line "NAME NANOSECONDS". */
static void rounds(const char *name, void (*fn)(void), int n)
{
	double t[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {
		double start = stat_now(CLOCK_MONOTONIC);

		for (int k = 0; k < n / ROUNDS; k++)
			fn();
		t[r] = (stat_now(CLOCK_MONOTONIC) - start) / (n / ROUNDS);
	}
	stat_sort(t, ROUNDS);
	printf("%-16s %10.0f\n", name, t[ROUNDS / 4]);
	fflush(stdout);
}

#endif
