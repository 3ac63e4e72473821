/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory at addresses that a program computed: read or written without ever faulting.
 *
 * The kernel copies for us (process_vm_readv on this process): it needs no signal handler, and so works the same in an
 * embedding application, in a traced process and in any thread. No libc: the agent uses it too.
 */
#include "vm/abi.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static long syscall6(long nr, long a, long b, long c, long d, long e, long f)
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

/* The pid must be asked each time: a cached one would be the parent's after fork. */
static int copy(long nr, void *here, u64 there, u32 size)
{
	struct iovec local = { here, size }, remote = { (void *)(uintptr_t)there, size };
	long pid, n;

	if (!size)
		return 0;
	pid = syscall6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	n = syscall6(nr, pid, (long)&local, 1, (long)&remote, 1, 0);
	return n == (long)size ? 0 : -EFAULT;
}

int probe_read(void *dst, u64 addr, u32 size)
{
	return copy(SYS_process_vm_readv, dst, addr, size);
}

int probe_write(u64 addr, const void *src, u32 size)
{
	return copy(SYS_process_vm_writev, (void *)(uintptr_t)src, addr, size);
}
