/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers, work items, work for tasks: see async.h. */
#include "helper/async.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grace.h"
#include "helper/run_env.h"
#include "map/map.h"

#define MAX_ITEMS (1u << 20)

struct item {
	struct map *map;
	void *value;
	const struct image *image;
	struct obj *prog;        /* referenced while there is a function */
	u64 callback, due;       /* due: on the monotonic clock */
	u64 order;               /* among equal times: first come, first served */
	u32 gen, clock, prog_type;
	enum async_kind kind;
	bool used, armed, running;
	bool returns;            /* waits for async_returns() of the task */
	pthread_t runner;        /* while it is running */
	struct run_task task;    /* work for tasks: as the function sees it */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;   /* something was armed, or a function ended */
	struct item **item;
	u32 n, room;
	u64 order;
	u32 task_works;          /* that wait for a return, or did: nothing to look for while there was none */
	pthread_t thread;
	s32 pid;                 /* process the thread belongs to; 0: none yet */
} q = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The word in the value: number + 1, generation. */
struct word { u32 number, gen; u64 unused; };

/* q.lock is held. */
static struct item *find(const void *at)
{
	struct word w;

	memcpy(&w, at, offsetof(struct word, unused));
	if (!w.number || w.number > q.n || !q.item[w.number - 1]->used || q.item[w.number - 1]->gen != w.gen)
		return NULL;
	return q.item[w.number - 1];
}

static struct item *add_place(void)
{
	struct item **more;

	if (q.n == MAX_ITEMS)
		return NULL;
	if (q.n == q.room) {
		u32 room = q.room ? 2 * q.room : 16;
		more = realloc(q.item, room * sizeof(struct item *));
		if (!more)
			return NULL;
		q.item = more;
		q.room = room;
	}
	q.item[q.n] = calloc(1, sizeof(struct item));
	return q.item[q.n] ? q.item[q.n++] : NULL;
}

static struct item *new_item(u32 *ret_number)
{
	struct item *it = NULL;
	u32 i;

	for (i = 0; i < q.n && !it; i++)
		if (!q.item[i]->used && !q.item[i]->running)
			it = q.item[i];
	if (!it) {
		it = add_place();
		i = q.n;
	}
	if (!it)
		return NULL;
	*ret_number = i;
	*it = (struct item){ .gen = it->gen + 1, .used = true };
	return it;
}

int async_init(void *at, enum async_kind kind, struct map *m, void *value, u32 clock)
{
	struct word w = { 0, 0, 0 };
	struct item *it;
	int err = 0;

	pthread_mutex_lock(&q.lock);
	it = find(at);
	if (it) {
		err = -EBUSY;
	} else {
		it = new_item(&w.number);
		err = it ? 0 : -ENOMEM;
	}
	if (!err) {
		it->map = m;
		it->value = value;
		it->kind = kind;
		it->clock = clock;
		w.gen = it->gen;
		memcpy(at, &w, kind == ASYNC_TASK_WORK ? offsetof(struct word, unused) : sizeof(w));
	}
	pthread_mutex_unlock(&q.lock);
	return err;
}

int async_set_callback(void *at, u64 callback, struct run *run)
{
	struct obj *old = NULL;
	struct item *it;

	if (run->image->may_throw)
		return -EOPNOTSUPP; /* an exception has nowhere to land on the thread */
	pthread_mutex_lock(&q.lock);
	it = find(at);
	if (it) {
		old = it->prog;
		it->prog = obj_get(run->image->prog);
		it->image = run->image;
		it->callback = callback;
		it->prog_type = run->prog_type;
	}
	pthread_mutex_unlock(&q.lock);
	obj_put(old);
	return it ? 0 : -EINVAL;
}

/* ---- the thread ---- */
/* The key of the value that the item is in. */
static u64 key_of(const struct item *it, u32 *room)
{
	const struct map *m = it->map;

	if (m->nnodes)
		return (u64)(uintptr_t)it->value - m->value_off + m->key_off;
	*room = m->stride ? (u32)((u64)((u8 *)it->value - m->data) / m->stride) : 0;
	return (u64)(uintptr_t)room;
}

static void run_item(struct item *it)
{
	struct run_env env = { .pkt = NULL };
	struct run *run = malloc(sizeof(*run));
	int cpu = sched_getcpu();
	u32 index;

	if (!run)
		return;
	if (it->kind == ASYNC_TASK_WORK)
		env.task = &it->task;
	run_init(run, it->image, &env);
	run->prog_type = it->prog_type;
	run->cpu = cpu < 0 || (u32)cpu >= map_possible_cpus() ? 0 : (u32)cpu;
	grace_enter();
	run_callback(run, it->callback, (u64)(uintptr_t)it->map, key_of(it, &index), (u64)(uintptr_t)it->value, 0, 0);
	grace_leave();
	free(run);
}

static struct item *earliest(void)
{
	struct item *best = NULL;

	for (u32 i = 0; i < q.n; i++) {
		struct item *it = q.item[i];
		if (it->used && it->armed && !it->returns && (!best || it->due < best->due || (it->due == best->due && it->order < best->order)))
			best = it;
	}
	return best;
}

static void run_due(struct item *it)
{
	struct obj *prog = obj_get(it->prog);
	struct item copy;

	it->armed = false;
	it->running = true;
	it->runner = pthread_self();
	copy = *it;
	pthread_mutex_unlock(&q.lock);
	run_item(&copy);
	obj_put(prog);
	pthread_mutex_lock(&q.lock);
	it->running = false;
	pthread_cond_broadcast(&q.change);
}

static void *thread_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&q.lock);
	for (;;) {
		struct item *it = earliest();
		struct timespec t;
		if (!it) {
			pthread_cond_wait(&q.change, &q.lock);
		} else if (it->due > clock_ns(CLOCK_MONOTONIC)) {
			t = (struct timespec){ (time_t)(it->due / 1000000000u), (long)(it->due % 1000000000u) };
			pthread_cond_timedwait(&q.change, &q.lock, &t);
		} else {
			run_due(it);
		}
	}
	return NULL;
}

/* q.lock is held. A forked child has the table and no thread. */
static int ensure_thread(void)
{
	pthread_condattr_t a;
	pthread_attr_t ta;
	int err;

	if (q.pid == getpid())
		return 0;
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&q.change, &a);
	pthread_condattr_destroy(&a);
	pthread_attr_init(&ta);
	pthread_attr_setdetachstate(&ta, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&q.thread, &ta, thread_main, NULL);
	pthread_attr_destroy(&ta);
	if (!err)
		q.pid = getpid();
	return -err;
}

int async_start(void *at, u64 ns, bool absolute)
{
	struct item *it;
	u64 now, base;
	int err;

	pthread_mutex_lock(&q.lock);
	it = find(at);
	err = it && it->prog ? ensure_thread() : -EINVAL;
	if (!err) {
		now = clock_ns(CLOCK_MONOTONIC);
		base = absolute ? clock_ns((clockid_t)it->clock) : 0;
		ns = absolute ? (ns > base ? ns - base : 0) : ns;
		it->due = now + MIN(ns, (u64)1 << 62);
		it->order = q.order++;
		it->armed = true;
		pthread_cond_broadcast(&q.change);
	}
	pthread_mutex_unlock(&q.lock);
	return err;
}

/* Is it the function that asks? */
static bool runs_here(const struct item *it)
{
	return it->running && q.pid == getpid() && pthread_equal(it->runner, pthread_self());
}

/* Stop it and take its program away; waits for a running function unless called from one. */
static int stop(struct item *it, struct obj **ret_prog)
{
	int was = it->armed;

	it->armed = false;
	*ret_prog = it->prog;
	it->prog = NULL;
	while (it->running && q.pid == getpid() && !runs_here(it))
		pthread_cond_wait(&q.change, &q.lock);
	return was;
}

int async_cancel(void *at)
{
	struct obj *prog = NULL;
	struct item *it;
	int ret = -EINVAL;

	pthread_mutex_lock(&q.lock);
	it = find(at);
	if (it && runs_here(it))
		ret = -EDEADLK;
	else if (it)
		ret = stop(it, &prog);
	pthread_mutex_unlock(&q.lock);
	obj_put(prog);
	return ret;
}

/* ---- work for tasks ---- */
/* A number of /proc/TID/status; the first where there are several. */
static bool status_of(u32 tid, struct run_task *t)
{
	char path[32], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	*t = (struct run_task){ .tid = tid, .mem_fd = -1 };
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Name: %15[^\n]", t->comm);
		sscanf(line, "Tgid: %u", &t->tgid);
		sscanf(line, "Uid: %u", &t->uid);
		sscanf(line, "Gid: %u", &t->gid);
	}
	fclose(f);
	return t->tgid != 0;
}

/* q.lock is held. The item, ready to be armed; its old program is for the caller to drop. */
static int prepare_task_work(void *at, struct map *m, void *value, struct item **ret, struct obj **ret_old)
{
	struct item *it = find(at);
	struct word w = { 0, 0, 0 };

	if (it && (it->armed || it->running))
		return -EBUSY;
	if (!it) {
		it = new_item(&w.number);
		if (!it)
			return -ENOMEM;
		w.gen = it->gen;
		memcpy(at, &w, offsetof(struct word, unused));
	}
	it->map = m;
	it->value = value;
	it->kind = ASYNC_TASK_WORK;
	*ret_old = it->prog;
	*ret = it;
	return ensure_thread();
}

int async_task_work(void *at, struct map *m, void *value, u32 tid, u64 callback, struct run *run)
{
	const struct run_task *now = run->env->task;
	bool current = tid == (now ? now->tid : (u32)gettid());
	struct obj *old = NULL;
	struct run_task task;
	struct item *it;
	int err;

	if (run->image->may_throw)
		return -EOPNOTSUPP; /* an exception has nowhere to land */
	if (current && now && run->env->returns)
		task = *now; /* for others what it refers to ends with the event */
	else if (!status_of(tid, &task))
		return -ESRCH;
	pthread_mutex_lock(&q.lock);
	err = prepare_task_work(at, m, value, &it, &old);
	if (!err) {
		it->prog = obj_get(run->image->prog);
		it->image = run->image;
		it->callback = callback;
		it->prog_type = run->prog_type;
		it->task = task;
		it->returns = current && run->env->returns;
		__atomic_fetch_or(&q.task_works, it->returns, __ATOMIC_RELAXED);
		it->due = 0;
		it->order = q.order++;
		it->armed = true;
		pthread_cond_broadcast(&q.change);
	}
	pthread_mutex_unlock(&q.lock);
	obj_put(old);
	return err;
}

static struct item *work_of(u32 tid)
{
	for (u32 i = 0; i < q.n; i++) {
		struct item *it = q.item[i];

		if (it->used && it->armed && it->returns && it->task.tid == tid)
			return it;
	}
	return NULL;
}

void async_returns(u32 tid)
{
	struct item *it;

	if (!__atomic_load_n(&q.task_works, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&q.lock);
	while ((it = work_of(tid)))
		run_due(it);
	pthread_mutex_unlock(&q.lock);
}

void async_free(void *at)
{
	struct word none = { 0, 0, 0 };
	struct obj *prog = NULL;
	struct item *it;

	pthread_mutex_lock(&q.lock);
	it = find(at);
	if (it) {
		memcpy(at, &none, it->kind == ASYNC_TASK_WORK ? offsetof(struct word, unused) : sizeof(none));
		it->used = false;
		stop(it, &prog);
	}
	pthread_mutex_unlock(&q.lock);
	obj_put(prog);
}
