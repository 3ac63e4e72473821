/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libskep-preload.so: bpf(2) of a foreign libc process served by skep. LD_PRELOAD it and every call that goes through libc's
 * syscall() with SYS_bpf lands in the process's default subsystem; everything else goes to the kernel. Functions that close or
 * replace descriptors are taken over too, so that skep hears of it and need not look at descriptors again.
 *
 * In a box it does map operations on shared memory and leaves everything else to the box's supervisor. What only that needs is
 * libskep-accel.so (SKEP_ACCEL; skep exec --accelerate): a tenth of the size, which each new program pays for.
 *
 * Invariant: outside a box no call of bpf(2) that reaches us is passed on to the kernel: what skep cannot do fails with a reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "accel.h"
#include "base/syscall.h"
#include "skep/skep.h"

/* The kernel's own entry: libc's syscall() is the function being replaced. */
static long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall6(n, a, b, c, d, e, f);

	if ((unsigned long)ret > -4096ul) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

#define EXPORT __attribute__((visibility("default")))

static int boxed; /* in a box: its supervisor is the subsystem, and here is only the accelerator */

#ifdef SKEP_ACCEL
__attribute__((constructor)) static void configure(void) { boxed = accel_init(); }

static void gone(unsigned from, unsigned to) { accel_closed(from, to); }
#else
__attribute__((constructor)) static void configure(void)
{
	const struct skep_opts o = { .sz = sizeof(o), .flags = SKEP_F_HEARS_CLOSES };

	boxed = accel_init();
	if (!boxed)
		skep_configure(&o); /* fails when somebody was there before: then it is slower */
}

/* Before it happens, so that no other thread finds what is gone. */
static void gone(unsigned from, unsigned to)
{
	accel_closed(from, to);
	skep_closed(skep_default_if_made(), from, to);
}
#endif

EXPORT int close(int fd)
{
	gone((unsigned)fd, (unsigned)fd);
	return (int)raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

EXPORT int dup3(int old, int new, int flags)
{
	gone((unsigned)new, (unsigned)new);
	return (int)raw_syscall(SYS_dup3, old, new, flags, 0, 0, 0);
}

EXPORT int dup2(int old, int new)
{
	if (old == new)
		return fcntl(old, F_GETFD) < 0 ? -1 : old;
	return dup3(old, new, 0);
}

EXPORT int close_range(unsigned from, unsigned to, int flags)
{
	gone(from, to);
	return (int)raw_syscall(SYS_close_range, (long)from, (long)to, flags, 0, 0, 0);
}

EXPORT void closefrom(int from)
{
	gone((unsigned)(from < 0 ? 0 : from), UINT_MAX);
	raw_syscall(SYS_close_range, from < 0 ? 0 : from, (long)UINT_MAX, 0, 0, 0, 0);
}

static void gone_by_number(long number, const long a[6])
{
	if (number == SYS_close || number == SYS_close_range)
		gone((unsigned)a[0], (unsigned)(number == SYS_close ? a[0] : a[1]));
#ifdef SYS_dup2
	if (number == SYS_dup2 && a[0] != a[1])
		gone((unsigned)a[1], (unsigned)a[1]);
#endif
	if (number == SYS_dup3)
		gone((unsigned)a[1], (unsigned)a[1]);
}

static long boxed_bpf(const long a[6])
{
	long ret;

	if (!accel_bpf(a[0], (const void *)a[1], (unsigned long)a[2], &ret))
		return raw_syscall(SYS_bpf, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

EXPORT long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf && boxed)
		return boxed_bpf(a);
#ifndef SKEP_ACCEL
	if (number == SYS_bpf)
		return skep_bpf((int)a[0], (union bpf_attr *)(uintptr_t)a[1], (unsigned)a[2]);
#endif
	gone_by_number(number, a);
	if (boxed && path_argument(number, a))
		a[5] = (long)path_mark(path_argument(number, a));
	return raw_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
