/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few system calls of the maps' program side, without a C library: yielding to a lock's owner, asking whether it still
 * lives, kicking a reader. Invariant: errno is never touched; results are the kernel's own (-errno).
 */
#ifndef SKEP_MAP_OS_H
#define SKEP_MAP_OS_H

#include <asm/unistd.h>

#include "base/types.h"

/* In a process that has given up system calls the agent makes none: each fails as if it were not allowed. */
#ifdef SKEP_AGENT
extern u32 agent_sealed __attribute__((visibility("hidden")));
#define OS_SEALED unlikely(agent_sealed)
#else
#define OS_SEALED false
#endif

#if defined(__x86_64__)
static inline long os_call4(long nr, long a, long b, long c, long d)
{
	long ret = -1; /* EPERM */
	register long r10 __asm__("r10") = d;

	if (OS_SEALED)
		return ret;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return ret;
}
static inline void os_relax(void) { __builtin_ia32_pause(); }
#elif defined(__aarch64__)
static inline long os_call4(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
static inline void os_relax(void) { __asm__ volatile("yield"); }
#else
#error "no system call convention for this machine"
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

/* The CPU this thread is on. */
static inline u32 os_cpu(void)
{
#if defined(__x86_64__)
	/* The limit of the segment the kernel keeps for getcpu holds node << 12 | cpu. */
	u32 v;

	__asm__("lsl %1, %0" : "=r"(v) : "r"(0x7b) : "cc");
	return v & 0xfff;
#else
	u32 v = 0;

	os_call4(__NR_getcpu, (long)&v, 0, 0, 0);
	return v;
#endif
}

#endif
