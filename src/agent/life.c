/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of a traced process: code that it maps, children that it forks, execve. Seen at system calls.
 *
 * Some of these the supervisor must know before the thread goes on (new code is to be rewritten before it runs): the thread asks
 * and waits. Invariant: it waits only while the supervisor lives, and never for long.
 */
#include "agent/priv.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>

#include "map/map.h"
#include "map/os.h"

#define LOOK_NS 20000000 /* how often a waiting thread asks whether the supervisor is still there */
#define LOOKS   250u

/* ---- asking ---- */
static void wait_for(struct agent_ctl *c, struct agent_req *q)
{
	struct os_time moment = { 0, LOOK_NS };

	for (u32 n = 0; n < LOOKS && __atomic_load_n(&q->state, __ATOMIC_ACQUIRE) == AGENT_REQ_READY; n++) {
		os_call6(__NR_futex, (long)&q->state, FUTEX_WAIT, AGENT_REQ_READY, (long)&moment, 0, 0);
		if (!c->server || os_call4(__NR_kill, (long)c->server, 0, 0, 0) == -ESRCH)
			break;
	}
}

static void ask(struct agent_thread *t, u32 kind, u64 arg)
{
	struct agent_ctl *c = agent_head.ctl;

	if (!c->server)
		return;
	for (u32 i = 0; i < AGENT_REQS; i++) {
		struct agent_req *q = &c->req[i];
		u32 none = AGENT_REQ_FREE;

		if (!__atomic_compare_exchange_n(&q->state, &none, AGENT_REQ_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		q->kind = kind;
		q->pid = (u32)os_call4(__NR_getpid, 0, 0, 0, 0);
		q->tid = (u32)os_call4(__NR_gettid, 0, 0, 0, 0);
		q->arg = arg;
		t->waiting = 1;
		__atomic_store_n(&q->state, AGENT_REQ_READY, __ATOMIC_RELEASE);
		map_bell_ring(&c->bell);
		wait_for(c, q);
		__atomic_store_n(&q->state, AGENT_REQ_FREE, __ATOMIC_RELEASE);
		t->waiting = 0;
		return;
	}
}

/* ---- perf events: their rings are mapped when a program first writes to one ---- */
static int sink_output(struct perf_sink *s, const void *a, u32 na, const void *b, u32 nb, u32 cpu)
{
	struct agent_sink *k = (struct agent_sink *)(void *)s;
	int err;

	if (k->cpu >= 0 && (u32)k->cpu != cpu)
		return -EOPNOTSUPP; /* the event of another CPU */
	err = map_perf_ring_write(k->page, k->size, a, na, b, nb, k->overwrite);
	if (!__atomic_exchange_n(&map_perf_share(k->page)->rung, 1, __ATOMIC_SEQ_CST))
		map_bell_ring(&agent_head.ctl->bell);
	return err == -ENOSPC ? 0 : err;
}

static const struct perf_sink_ops sink_ops = { .output = sink_output };

struct perf_sink *agent_find_sink(struct map *m, u32 i)
{
	struct agent_thread *t = agent_current();
	u32 mark = map_perf_mark(m, i);
	struct agent_sink *k = (struct agent_sink *)(void *)__atomic_load_n(&m->sinks[i], __ATOMIC_ACQUIRE);

	if (!mark)
		return NULL;
	if ((!k || k->mark != mark) && t) {
		ask(t, AGENT_REQ_SINK, m->obj.id | (u64)i << 32);
		k = (struct agent_sink *)(void *)__atomic_load_n(&m->sinks[i], __ATOMIC_ACQUIRE);
	}
	if (!k || k->mark != mark)
		return NULL;
	k->sink.ops = &sink_ops;
	return &k->sink;
}

/* ---- at system calls ---- */
void life_enter(struct agent_thread *t, u64 nr)
{
	switch (nr) {
	case __NR_execve:
	case __NR_execveat:
		ask(t, AGENT_REQ_EXEC, 0);
		break;
	case __NR_clone:
	case __NR_clone3:
		agent_head.clone_nr = (u32)nr;
		break;
	case __NR_arch_prctl:
		if (t->regs.di == ARCH_SET_FS)
			t->fs = t->regs.si; /* it comes back as the same thread */
		break;
	default:
		break;
	}
}

/* A child with memory of its own: a copy of all this. */
static void born(struct agent_thread *t)
{
	u32 pid = (u32)os_call4(__NR_getpid, 0, 0, 0, 0), parent = agent_head.known_pid;

	if (pid == parent || t->in_vfork)
		return;
	agent_head.known_pid = pid;
	ask(t, AGENT_REQ_FORKED, parent);
}

void life_exit(struct agent_thread *t, u64 nr, s64 ret)
{
	const struct agent_regs *r = &t->regs;

	switch (nr) {
	case __NR_mmap:
		if (ret > 0 && (r->dx & PROT_EXEC) && !(r->r10 & MAP_ANONYMOUS))
			ask(t, AGENT_REQ_MAPPED, (u64)ret);
		break;
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		if (!ret)
			born(t);
		break;
	default:
		break;
	}
}
