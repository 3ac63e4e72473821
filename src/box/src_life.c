/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of processes as tracepoints: sched_process_fork, _exec and _exit, from the kernel's records on the threads of the set. The
 * records come a moment after the fact, each CPU's in a ring of its own, and are put in order by their time; what a process was is
 * remembered from its earlier records, and how it ends from the call by which it does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/src_priv.h"
#include "hook/record.h"

#define UNSETTLED_NS 20000 /* a record takes that long at most from its time until it is in the ring */

enum { FORK, EXEC, EXIT };

/* ---- the three events ---- */
static void fire(struct src *s, int which, struct run_task *task, void *rec, u32 size, const u64 *args, u32 nargs)
{
	struct hook_event ev = { .task = task, .record = rec, .record_size = size, .args = args, .nargs = nargs, .cpu = U32_MAX };

	if (s->life_pt[which] && task)
		hook_fire(s->hooks, s->life_pt[which], &ev);
}

static void on_fork(struct src *s, u32 pid, u32 tid, u32 ppid, u32 ptid)
{
	struct run_task *parent = task_seen(s, ptid, ppid), *child;
	struct rec_fork r = { .parent_pid = (s32)ptid, .child_pid = (s32)tid };
	u64 args[12] = { 0 };

	if (!parent)
		return;
	child = task_seen(s, tid, pid);
	if (!child)
		return;
	if (s->life_pt[EXIT])
		task_watch(s, tid);
	if (!*child->comm) { /* gone already: it was as its parent */
		memcpy(child->comm, parent->comm, sizeof(child->comm));
		child->uid = parent->uid;
		child->gid = parent->gid;
		child->start_ns = clock_ns(CLOCK_BOOTTIME);
	}
	child->ppid = tid == pid ? parent->tgid : parent->ppid;
	r.c.pid = (s32)ptid;
	r.parent_comm = rec_data_loc(offsetof(struct rec_fork, text), (u32)strlen(parent->comm) + 1);
	r.child_comm = rec_data_loc(offsetof(struct rec_fork, text) + 16, (u32)strlen(child->comm) + 1);
	memcpy(r.text, parent->comm, 16);
	memcpy(r.text + 16, child->comm, 16);
	fire(s, FORK, parent, &r, sizeof(r), args, 2);
}

static void on_exec(struct src *s, u32 pid, u32 tid, const char *comm)
{
	struct run_task *t = task_seen(s, tid, pid);
	struct rec_exec r = { .pid = (s32)pid, .old_pid = (s32)tid };
	char path[48];
	u64 args[12] = { 0 };
	ssize_t n;

	if (!t)
		return;
	task_named(s, tid, comm);
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, r.text, sizeof(r.text) - 1);
	if (n < 0)
		n = snprintf(r.text, sizeof(r.text), "%s", comm);
	r.text[n] = '\0';
	r.c.pid = (s32)tid;
	r.filename = rec_data_loc(offsetof(struct rec_exec, text), (u32)n + 1);
	fire(s, EXEC, t, &r, sizeof(r), args, 3);
}

/* As the scheduler counts. Of a thread that is gone already: this process's, from which most have theirs. */
static s32 priority_of(u32 tid)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, tid);
	if (nice == -1 && errno)
		nice = getpriority(PRIO_PROCESS, 0);
	return 120 + nice;
}

static void on_exit_of(struct src *s, u32 pid, u32 tid)
{
	struct run_task *t = task_seen(s, tid, pid);
	struct rec_exit r = { .pid = (s32)tid, .prio = priority_of(tid), .group_dead = pid == tid };
	u64 args[12] = { 0 };

	if (!t)
		return;
	task_ended(s, tid);
	r.c.pid = (s32)tid;
	memcpy(r.comm, t->comm, sizeof(r.comm));
	fire(s, EXIT, t, &r, sizeof(r), args, 2);
	task_gone(s, tid);
}

/* ---- records, in order ---- */
struct life_rec {
	u64 time;
	u32 type, misc;
	u32 w[4];        /* fork and exit: pid, ppid, tid, ptid; comm: pid, tid */
	char comm[16];
};

static void on_record(void *ctx, const struct perf_event_header *h, const u8 *body, u32 size)
{
	struct src *s = ctx;
	struct life_rec r = { .type = h->type, .misc = h->misc };

	if (size < sizeof(r.w) + sizeof(r.time) ||
	    (h->type != PERF_RECORD_FORK && h->type != PERF_RECORD_EXIT && h->type != PERF_RECORD_COMM))
		return;
	memcpy(r.w, body, sizeof(r.w));
	memcpy(&r.time, body + size - sizeof(r.time), sizeof(r.time)); /* what all records end with */
	if (h->type == PERF_RECORD_COMM)
		memccpy(r.comm, body + 8, '\0', MIN(size - 8, sizeof(r.comm) - 1));
	if (s->nrecs == s->reccap) {
		u32 cap = s->reccap ? s->reccap * 2 : 64;
		struct life_rec *v = realloc(s->recs, cap * sizeof(*v));

		if (!v) {
			s->lost++;
			return;
		}
		s->recs = v;
		s->reccap = cap;
	}
	s->recs[s->nrecs++] = r;
}

static void act(struct src *s, const struct life_rec *r)
{
	switch (r->type) {
	case PERF_RECORD_FORK:
		on_fork(s, r->w[0], r->w[2], r->w[1], r->w[3]);
		break;
	case PERF_RECORD_EXIT:
		on_exit_of(s, r->w[0], r->w[2]);
		break;
	default:
		if (r->misc & PERF_RECORD_MISC_COMM_EXEC)
			on_exec(s, r->w[0], r->w[1], r->comm);
		else
			task_named(s, r->w[1], r->comm);
		break;
	}
}

static int earlier(const void *a, const void *b)
{
	u64 x = ((const struct life_rec *)a)->time, y = ((const struct life_rec *)b)->time;

	return (x > y) - (x < y);
}

/* What was written before the rings were looked at, is all there: in order. Younger ones wait for those that others write now. */
static void work(struct src *s, u64 until)
{
	u32 n = 0;

	for (u32 i = 0; s->life && i < src_cpus(); i++)
		tap_drain(&s->life[i], on_record, s);
	if (s->nrecs > 1)
		qsort(s->recs, s->nrecs, sizeof(*s->recs), earlier);
	while (n < s->nrecs && s->recs[n].time <= until)
		act(s, &s->recs[n++]);
	s->nrecs -= n;
	memmove(s->recs, s->recs + n, s->nrecs * sizeof(*s->recs));
}

/* ---- the source ---- */
void life_work(struct src *s)
{
	do
		work(s, clock_ns(CLOCK_MONOTONIC) - UNSETTLED_NS);
	while (s->nrecs);
}

void src_told_end(struct src *s, pid_t pid, u32 code)
{
	__atomic_store_n(&s->tells, true, __ATOMIC_RELAXED);
	if (!__atomic_load_n(&s->life, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&s->lock);
	if (s->life && task_seen(s, (u32)pid, (u32)pid))
		task_told_end(s, (u32)pid, code);
	pthread_mutex_unlock(&s->lock);
}

void life_free(struct src *s)
{
	for (u32 i = 0; s->life && i < src_cpus(); i++) {
		s->lost += s->life[i].lost;
		tap_close(&s->life[i]);
	}
	free(s->life);
	free(s->recs);
	s->life = NULL;
	s->recs = NULL;
	s->nrecs = s->reccap = 0;
}

static int life_open(struct src *s, struct str *why)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_DUMMY, .sample_period = 1,
				     .inherit = 1, .task = 1, .comm = 1, .comm_exec = 1, .exclude_kernel = 1, .exclude_hv = 1,
				     .watermark = 1, .wakeup_watermark = 1, .sample_type = PERF_SAMPLE_TIME, .sample_id_all = 1,
				     .use_clockid = 1, .clockid = CLOCK_MONOTONIC };
	pid_t *tids;
	u32 n;
	int err = src_threads(s, 0, &tids, &n);

	s->life = calloc(src_cpus(), sizeof(*s->life));
	if (!err && !s->life)
		err = -ENOMEM;
	for (u32 i = 0; i < src_cpus() && !err; i++) {
		struct epoll_event ev = { .events = EPOLLIN };
		err = tap_open(&s->life[i], i, &a, tids, n, why);
		if (!err && s->life[i].n)
			epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->life[i].fds[0], &ev);
	}
	for (u32 i = 0; i < n && !err; i++)
		if (task_seen(s, (u32)tids[i], 0)) /* names, before they change */
			task_watch(s, (u32)tids[i]);
	free(tids);
	if (err)
		life_free(s);
	return err;
}

int life_update(struct src *s, struct hook_point *pt, bool on, struct str *why)
{
	u32 which = hook_point_place(pt)->kind - HOOK_FORK;
	bool was = s->life_pt[FORK] || s->life_pt[EXEC] || s->life_pt[EXIT], is;
	int err = 0;

	if (on && !was)
		err = life_open(s, why);
	if (err)
		return err;
	if (!on)
		life_work(s); /* what has happened until now */
	s->life_pt[which] = on ? pt : NULL;
	is = s->life_pt[FORK] || s->life_pt[EXEC] || s->life_pt[EXIT];
	if (was && !is)
		life_free(s);
	return 0;
}
