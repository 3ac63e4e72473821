/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory at addresses that a program computed: read or written without ever faulting.
 *
 * The kernel copies for us (process_vm_readv on this process): it needs no signal handler, and so works the same in an
 * embedding application, in a traced process and in any thread. Where that call is forbidden a pipe does it. No libc: the agent
 * uses it too.
 */
#include "vm/abi.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/syscall.h"


#define PIECE 4096u /* what a pipe surely takes at once */

static long call3(long nr, long a, long b, long c)
{
	return syscall6(nr, a, b, c, 0, 0, 0);
}

/* The kernel checks both addresses; a bad one leaves nothing behind but a pipe that is closed. */
static int through_pipe(u64 to, u64 from, u32 size)
{
	int fd[2], err = 0;

	if (call3(SYS_pipe2, (long)fd, O_CLOEXEC | O_NONBLOCK, 0))
		return -EFAULT;
	for (u32 at = 0; !err && at < size; at += PIECE) {
		long n = MIN(size - at, PIECE);

		if (call3(SYS_write, fd[1], (long)(from + at), n) != n || call3(SYS_read, fd[0], (long)(to + at), n) != n)
			err = -EFAULT;
	}
	call3(SYS_close, fd[0], 0, 0);
	call3(SYS_close, fd[1], 0, 0);
	return err;
}

/* The pid must be asked each time: a cached one would be the parent's after fork. */
static long by_kernel(long nr, u64 here, u64 there, u32 size)
{
	struct iovec local = { (void *)(uintptr_t)here, size }, remote = { (void *)(uintptr_t)there, size };

	return syscall6(nr, call3(SYS_getpid, 0, 0, 0), (long)&local, 1, (long)&remote, 1, 0);
}

static bool is_forbidden(long ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

int (*probe_virtual)(void *dst, u64 addr, u32 size);

int probe_read(void *dst, u64 addr, u32 size)
{
	long n;

	if (!size)
		return 0;
	if (unlikely(addr >> 63))
		return probe_virtual ? probe_virtual(dst, addr, size) : -EFAULT;
	n = by_kernel(SYS_process_vm_readv, (u64)(uintptr_t)dst, addr, size);
	if (unlikely(is_forbidden(n)))
		return through_pipe((u64)(uintptr_t)dst, addr, size);
	return n == (long)size ? 0 : -EFAULT;
}

int probe_write(u64 addr, const void *src, u32 size)
{
	long n;

	if (!size)
		return 0;
	n = by_kernel(SYS_process_vm_writev, (u64)(uintptr_t)src, addr, size);
	if (unlikely(is_forbidden(n)))
		return through_pipe(addr, (u64)(uintptr_t)src, size);
	return n == (long)size ? 0 : -EFAULT;
}
