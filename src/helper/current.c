/* SPDX-License-Identifier: BSD-2-Clause */
/* The current task of a run: see current.h. */
#include "helper/current.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "helper/probe.h"
#include "helper/ret.h"

#ifdef SKEP_AGENT
u32 current_tid(const struct run *run)
{
	return run->env->task ? run->env->task->tid : (u32)syscall(SYS_gettid);
}

u32 current_tgid(const struct run *run)
{
	return run->env->task ? run->env->task->tgid : (u32)getpid();
}
#else
/* Asked once a thread: a system call costs more than most programs. A child made by fork() asks anew. */
static __thread u32 own_tid, own_tgid;

static void forget_own(void)
{
	own_tid = own_tgid = 0;
}

static __attribute__((constructor)) void hear_of_forks(void)
{
	pthread_atfork(NULL, NULL, forget_own);
}

u32 current_tid(const struct run *run)
{
	if (run->env->task)
		return run->env->task->tid;
	if (!own_tid)
		own_tid = (u32)syscall(SYS_gettid);
	return own_tid;
}

u32 current_tgid(const struct run *run)
{
	if (run->env->task)
		return run->env->task->tgid;
	if (!own_tgid)
		own_tgid = (u32)getpid();
	return own_tgid;
}
#endif

#define CTX_MAX 4096u

bool current_owns(const struct run *run, u64 addr)
{
	u64 ctx = (u64)(uintptr_t)run->ctx, self = (u64)(uintptr_t)run;

	return run->env->task && (s64)addr >= 0 && addr - ctx >= CTX_MAX && addr - self >= sizeof(*run);
}

#ifdef SKEP_AGENT
/* Inside the traced process its memory is our own. */
static int read_task(const struct run_task *t, void *dst, u64 size, u64 from)
{
	(void)t;
	return probe_read(dst, from, (u32)size);
}
#else
static int read_task(const struct run_task *t, void *dst, u64 size, u64 from)
{
	struct iovec local = { dst, size }, remote = { (void *)(uintptr_t)from, size };
	ssize_t n;

	if (t->read)
		return t->read(t, dst, from, (u32)size);
	if ((s64)from < 0)
		return -EFAULT; /* the kernel's half */
	if (t->mem_fd >= 0)
		n = pread(t->mem_fd, dst, size, (off_t)from);
	else
		n = process_vm_readv((pid_t)t->tgid, &local, 1, &remote, 1, 0);
	return n == (ssize_t)size ? 0 : -EFAULT;
}
#endif

u64 current_read(const struct run *run, void *dst, u64 size, u64 from)
{
	const struct run_task *t = run->env->task;
	int err;

	if (!t)
		return guarded_read(dst, size, from);
	err = size ? read_task(t, dst, size, from) : 0;
	if (err)
		memset(dst, 0, size);
	return RET_INT_(err);
}

u64 current_read_string(const struct run *run, char *dst, u64 size, u64 from)
{
	const struct run_task *t = run->env->task;

	if (!t)
		return guarded_string(dst, size, from);
	for (u64 at = 0; at < size;) {
		/* not across a page: the string may end before an unmapped one */
		u64 n = MIN(size - at, 4096 - (from + at) % 4096);
		const char *end;

		if (read_task(t, dst + at, n, from + at)) {
			memset(dst, 0, size);
			return RET_INT_(-EFAULT);
		}
		end = memchr(dst + at, 0, n);
		if (end)
			return (u64)(end - dst) + 1;
		at += n;
	}
	if (size)
		dst[size - 1] = '\0';
	return size;
}
