/* SPDX-License-Identifier: BSD-2-Clause */
/* What measurements of rounds share: a clock in nanoseconds, and the median. */
#ifndef BENCH_STAT_H
#define BENCH_STAT_H

#include <stdlib.h>
#include <time.h>

/* Of CLOCK_THREAD_CPUTIME_ID where it can be: what others do on this machine is no cost of ours. */
static inline double stat_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int stat_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void stat_sort(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), stat_by_value);
}

/* Sorts them. */
static inline double median(double *v, size_t n)
{
	stat_sort(v, n);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

#endif
