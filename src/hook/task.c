/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks as programs read them: see task.h. */
#include "hook/task.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/handle.h"

bool task_read_facts(u32 tgid, u32 tid, struct task_facts *f)
{
	u64 tick = 1000000000u / (u64)sysconf(_SC_CLK_TCK);
	char text[1024], *name, *rest;

	*f = (struct task_facts){ .tid = tid, .tgid = tgid };
	text_of(text, sizeof(text), "/proc/%u/task/%u/stat", tgid, tid);
	name = strchr(text, '(');
	rest = text_stat(text, 3);
	if (!name || !rest)
		return false;
	snprintf(f->comm, sizeof(f->comm), "%.*s", (int)MIN(rest - name - 3, 15), name + 1);
	sscanf(rest, "%c %u %*d %*d %*d %*d %lu %*u %*u %*u %*u %lu %lu %*d %*d %d %d %*d %*d %lu", &f->state, &f->ppid,
	       &f->flags, &f->utime, &f->stime, &f->prio, &f->nice, &f->start_ns);
	f->utime *= tick;
	f->stime *= tick;
	f->start_ns *= tick;
	return true;
}

static struct mirror one(struct mirrors *m, const struct task_facts *f)
{
	struct mirror t = mirror_new(m, "task_struct");

	mirror_u32(m, t, "pid", f->tid);
	mirror_u32(m, t, "tgid", f->tgid);
	mirror_set(m, t, "comm", f->comm, sizeof(f->comm));
	mirror_u32(m, t, "flags", (u32)f->flags);
	mirror_u32(m, t, "prio", (u32)(f->prio + 100));
	mirror_u32(m, t, "static_prio", (u32)(f->nice + 120));
	mirror_u32(m, t, "__state", f->state == 'R' ? 0 : f->state == 'D' ? 2 : 1);
	mirror_u64(m, t, "utime", f->utime);
	mirror_u64(m, t, "stime", f->stime);
	mirror_u64(m, t, "start_time", f->start_ns);
	mirror_u64(m, t, "start_boottime", f->start_ns);
	mirror_u32(m, t, "exit_code", f->exit_code);
	return t;
}

struct mirror task_mirror(struct mirrors *m, const struct task_facts *f)
{
	struct mirror t = one(m, f), up, leader;
	struct task_facts other;

	up = task_read_facts(f->ppid, f->ppid, &other) ? one(m, &other) : t;
	leader = f->tid == f->tgid ? t : task_read_facts(f->tgid, f->tgid, &other) ? one(m, &other) : t;
	mirror_ptr(m, t, "real_parent", up);
	mirror_ptr(m, t, "parent", up);
	mirror_ptr(m, t, "group_leader", leader);
	return t;
}

/* What is known of a task by its handle: the event's own, or one that lives. */
static bool facts_of(const struct run_env *env, u32 tid, struct task_facts *f)
{
	const struct run_task *t = env->task;

	if (!t || t->tid != tid)
		return task_read_facts(tid, tid, f);
	if (!task_read_facts(t->tgid, tid, f))
		f->start_ns = t->start_ns;
	if (!f->ppid) /* it is going */
		f->ppid = t->ppid;
	f->exit_code = t->exit_code;
	memcpy(f->comm, t->comm, sizeof(f->comm));
	return true;
}

int task_kernel_read(struct run_env *env, void *dst, u32 size, u64 from)
{
	struct mirrors m = { .btf = env->kernel_btf };
	u64 off = from & (((u64)1 << HANDLE_SHIFT) - 1), up, leader;
	struct task_facts f;
	struct mirror t;
	jmp_buf oom;

	if (!m.btf || !handle_is(from, HANDLE_TASK) || !facts_of(env, handle_id(from), &f))
		return -EFAULT;
	m.arena.oom = &oom;
	if (setjmp(oom)) {
		arena_free(&m.arena);
		return -EFAULT;
	}
	t = one(&m, &f);
	up = handle_of(HANDLE_TASK, f.ppid);
	leader = handle_of(HANDLE_TASK, f.tgid);
	mirror_u64(&m, t, "real_parent", up);
	mirror_u64(&m, t, "parent", up);
	mirror_u64(&m, t, "group_leader", leader);
	if (!t.mem || off + size > t.size) {
		arena_free(&m.arena);
		return -EFAULT;
	}
	memcpy(dst, t.mem + off, size);
	arena_free(&m.arena);
	return 0;
}
