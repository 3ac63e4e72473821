/* SPDX-License-Identifier: BSD-2-Clause */
/* A clock in nanoseconds. */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include <time.h>

#include "base/types.h"

static inline u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

#endif
