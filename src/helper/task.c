/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers and kernel functions on tasks: the real ones. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "helper/current.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "helper/probe.h"
#include "map/map.h"
#include "spec/helper_abi.h"

static u32 my_tid(void)
{
	return (u32)syscall(SYS_gettid);
}

/* ---- handles ---- */
u64 helper_get_current_task(struct run *run) { return handle_of(HANDLE_TASK, current_tid(run)); }
u64 helper_get_current_task_btf(struct run *run) { return handle_of(HANDLE_TASK, current_tid(run)); }

u64 helper_task_pt_regs(void *task, struct run *run)
{
	(void)run;
	return handle_of(HANDLE_REGS, handle_id(RET_PTR(task)));
}

static u64 task_by_pid(u32 pid)
{
	return pid && !syscall(SYS_tkill, pid, 0) ? handle_of(HANDLE_TASK, pid) : 0;
}

BODY(bpf_task_acquire) { UNUSED2; return r1; }
BODY(bpf_task_release) { (void)r1, UNUSED2; return 0; }
BODY(bpf_task_from_pid) { UNUSED2; return task_by_pid((u32)r1); }
BODY(bpf_task_from_vpid) { UNUSED2; return task_by_pid((u32)r1); }

/* ---- signals ---- */
static u64 send(u32 tgid, u32 tid, u32 sig)
{
	long r;

	if (tgid == 1)
		return RET_INT_(-EPERM);
	r = tid ? syscall(SYS_tgkill, tgid, tid, sig) : syscall(SYS_kill, tgid, sig);
	return r ? RET_INT_(-errno) : 0;
}

u64 helper_send_signal(u64 sig, struct run *run) { return send(current_tgid(run), 0, (u32)sig); }
u64 helper_send_signal_thread(u64 sig, struct run *run) { return send(current_tgid(run), current_tid(run), (u32)sig); }

BODY(bpf_send_signal_task)
{
	siginfo_t info;
	u32 tid = handle_id(r1);

	(void)r5, (void)run;
	if ((u32)r3 > 1) /* PIDTYPE_PID, PIDTYPE_TGID */
		return RET_INT_(-EINVAL);
	if (tid == 1)
		return RET_INT_(-EPERM);
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = PTR(r4);
	info.si_pid = getpid();
	info.si_uid = getuid();
	return syscall(SYS_rt_sigqueueinfo, tid, (u32)r2, &info) ? RET_INT_(-errno) : 0;
}

/* ---- another process's memory ---- */
s64 task_read(void *dst, u32 size, u64 from, u64 task)
{
	struct iovec local = { dst, size }, remote = { PTR(from), size };
	u32 tid = handle_id(task);
	int err = 0;

	if (!size)
		return 0;
	if (tid == my_tid() || tid == (u32)getpid())
		err = probe_read(dst, from, size);
	else if (process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		err = -EFAULT;
	if (err)
		memset(dst, 0, size);
	return err;
}

s64 task_read_string(char *dst, u32 size, u64 from, u64 task)
{
	u32 at = 0;

	while (at < size) {
		/* not across a page: the string may end before an unmapped one */
		u32 n = (u32)MIN((u64)(size - at), 4096 - (from + at) % 4096);
		if (task_read(dst + at, n, from + at, task)) {
			memset(dst, 0, size);
			return -EFAULT;
		}
		for (u32 end = at + n; at < end; at++)
			if (!dst[at])
				return at + 1;
	}
	if (size)
		dst[size - 1] = '\0';
	return size;
}

u64 helper_copy_from_user_task(void *dst, u64 size, u64 user_ptr, void *tsk, u64 flags, struct run *run)
{
	(void)run;
	if (flags)
		return RET_INT_(-EINVAL);
	return RET_INT_(task_read(dst, (u32)size, user_ptr, RET_PTR(tsk)));
}

u64 helper_probe_write_user(u64 dst, const void *src, u64 len, struct run *run)
{
	(void)run;
	return RET_INT_(probe_write(dst, src, (u32)len));
}
