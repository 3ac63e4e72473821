/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs whose libbpf is to work with skep and with the running kernel in turn: they are linked with -Wl,--wrap=syscall, and each
 * bpf(2) of libbpf lands in their wrapped_bpf().
 */
#ifndef SKEP_TESTS_WRAP_H
#define SKEP_TESTS_WRAP_H

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/types.h"
#include "skep/skep.h"

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* Answers as syscall() does. */
static long wrapped_bpf(long cmd, union bpf_attr *attr, long size);

/* bpf(2) of a subsystem; NULL: of the kernel. */
static inline long bpf_of(struct skep *s, long cmd, union bpf_attr *attr, long size)
{
	long ret;

	if (!s)
		return __real_syscall(SYS_bpf, cmd, attr, size);
	ret = skep_bpf_in(s, (int)cmd, attr, (unsigned)size);
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

long __wrap_syscall(long number, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf)
		return wrapped_bpf(a[0], (union bpf_attr *)a[1], a[2]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Time of this thread on a processor, ns: the kernel works on it too; what others do on the machine is not in it. */
static inline u64 thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

#endif
