/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few system calls of the maps' program side, without a C library: yielding to a lock's owner, asking whether it still
 * lives, kicking a reader.
 */
#ifndef SKEP_MAP_OS_H
#define SKEP_MAP_OS_H

#include <asm/unistd.h>

#include "base/syscall.h"

static inline long os_call4(long nr, long a, long b, long c, long d)
{
	return syscall6(nr, a, b, c, d, 0, 0);
}

#if defined(__x86_64__)
static inline void os_relax(void) { __builtin_ia32_pause(); }
#else
static inline void os_relax(void) { __asm__ volatile("yield"); }
#endif

/* Loads before it are done before loads after it. */
static inline void os_read_fence(void)
{
#if defined(__x86_64__)
	__asm__ volatile("" ::: "memory"); /* the processor keeps loads in order */
#else
	__asm__ volatile("dmb ishld" ::: "memory");
#endif
}

struct os_time { s64 sec, nsec; };

static inline u64 os_now_ns(void)
{
	struct os_time t = { 0, 0 };

	os_call4(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&t, 0, 0);
	return (u64)t.sec * 1000000000u + (u64)t.nsec;
}

static inline void os_sleep_ns(s64 ns)
{
	struct os_time t = { 0, ns };

	os_call4(__NR_nanosleep, (long)&t, 0, 0, 0);
}

static inline void os_yield(void) { os_call4(__NR_sched_yield, 0, 0, 0, 0); }

/* The CPU this thread is on, and its NUMA node, as node << 12 | cpu. */
static inline u32 os_cpu_and_node(void)
{
	u32 v = 0;

#if defined(__x86_64__)
	/* what the limit of the segment holds that the kernel keeps for getcpu */
	__asm__("lsl %1, %0" : "=r"(v) : "r"(0x7b) : "cc");
	return v;
#else
	u32 node = 0;

	os_call4(__NR_getcpu, (long)&v, (long)&node, 0, 0);
	return node << 12 | v;
#endif
}

static inline u32 os_cpu(void) { return os_cpu_and_node() & 0xfff; }

#endif
