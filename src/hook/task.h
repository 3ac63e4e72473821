/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks as programs read them: struct task_struct made up from /proc, and from what an event told of a task that is gone. */
#ifndef SKEP_HOOK_TASK_H
#define SKEP_HOOK_TASK_H

#include "helper/run_env.h"
#include "hook/mirror.h"

struct task_facts {
	u32 tid, tgid, ppid;
	char comm[16], state;
	u64 utime, stime, start_ns, flags;
	s32 prio, nice;
	u32 exit_code;
};

/* False: there is no such task. */
bool task_read_facts(u32 tgid, u32 tid, struct task_facts *ret);
/* With its parent and the leader of its group. */
struct mirror task_mirror(struct mirrors *m, const struct task_facts *f);
/*
 * For struct run_env's kernel_read: bytes of what a task's handle (helper/handle.h) stands for; pointers in it are handles. 0, or -EFAULT
 * for other addresses.
 */
int task_kernel_read(struct run_env *env, void *dst, u32 size, u64 from);

#endif
