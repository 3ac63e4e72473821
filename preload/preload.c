/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libskep-preload.so: bpf(2) of a foreign libc process served by skep. LD_PRELOAD it and every call that goes through libc's
 * syscall() with SYS_bpf lands in the process's default subsystem; everything else goes to the kernel.
 *
 * Invariant: no call of bpf(2) that reaches us is passed on to the kernel: what skep cannot do fails with a reason.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skep/skep.h"

/* The kernel's own entry: libc's syscall() is the function being replaced. */
static long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if ((unsigned long)ret > -4096ul) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

__attribute__((visibility("default"))) long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf)
		return skep_bpf((int)a[0], (union bpf_attr *)(uintptr_t)a[1], (unsigned)a[2]);
	return raw_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
