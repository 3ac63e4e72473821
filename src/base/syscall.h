/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system call without a C library: there is none for what runs in traced processes, and syscall() can be skep's own.
 * errno is never touched; results are the kernel's own (-errno).
 */
#ifndef SKEP_BASE_SYSCALL_H
#define SKEP_BASE_SYSCALL_H

#include "base/types.h"

/* In a process that has given up system calls the agent makes none: each fails as if it were not allowed. */
#ifdef SKEP_AGENT
extern u32 agent_sealed __attribute__((visibility("hidden")));
#define SYSCALL_SEALED unlikely(agent_sealed)
#else
#define SYSCALL_SEALED false
#endif

/* Whatever was given up. */
static inline long syscall_anyway(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "no system call for this machine"
#endif
}

static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	return SYSCALL_SEALED ? -1 /* EPERM */ : syscall_anyway(nr, a, b, c, d, e, f);
}

#endif
