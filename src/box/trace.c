/* SPDX-License-Identifier: BSD-2-Clause */
/* The tracer: points and processes, and what the subsystem is told. See trace.h. */
#include "box/trace.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box/trace_maps.h"
#include "box/trace_priv.h"

#define KIND(k) ((u64)1 << HOOK_##k)
#define KINDS (KIND(UPROBE) | KIND(URETPROBE) | KIND(SYS_ENTER) | KIND(SYS_EXIT) | KIND(RAW_ENTER) | KIND(RAW_EXIT))

/* ---- points ---- */
static struct point *find_point(struct tracer *t, const struct hook_point *id)
{
	for (u32 i = 0; i < t->npoints; i++)
		if (t->points[i].id == id)
			return &t->points[i];
	return NULL;
}

/* Room for `n` more, so that taking over lists cannot fail. */
static int reserve(struct tracer *t, u32 n)
{
	struct point *v;

	if (t->npoints + n <= t->pointcap)
		return 0;
	v = realloc(t->points, (t->npoints + n) * 2 * sizeof(*v));
	if (!v)
		return -ENOMEM;
	t->points = v;
	t->pointcap = (t->npoints + n) * 2;
	return 0;
}

static void point_clear(struct point *p)
{
	free(p->list);
	free(p->progs);
	p->list = NULL;
	p->progs = NULL;
}

/* A copy of a list: 0 or -ENOMEM. */
static int point_copy(const struct hook_point *id, const struct hook_list *l, struct point *ret)
{
	ret->list = NULL;
	ret->progs = NULL;
	if (!l || !l->n)
		return 0;
	ret->list = malloc(sizeof(*l) + l->n * sizeof(l->ref[0]));
	ret->progs = calloc(l->n, sizeof(*ret->progs));
	if (!ret->list || !ret->progs) {
		point_clear(ret);
		return -ENOMEM;
	}
	memcpy(ret->list, l, sizeof(*l) + l->n * sizeof(l->ref[0]));
	for (u32 i = 0; i < l->n; i++)
		ret->progs[i] = hook_point_prog(id, l, i);
	return 0;
}

static void drop_empty(struct tracer *t)
{
	u32 n = 0;

	for (u32 i = 0; i < t->npoints; i++)
		if (t->points[i].list)
			t->points[n++] = t->points[i];
	t->npoints = n;
}

/* ---- processes ---- */
u64 proc_start_time(pid_t pid)
{
	char path[32], buf[1024], *p;
	u64 v = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p + 1, ' ');
		if (p && field == 2 && p[1] == 'Z')
			return 0;
	}
	if (p)
		v = strtoull(p + 1, NULL, 10);
	return v;
}

static struct proc *find_proc(struct tracer *t, pid_t pid)
{
	for (struct proc *p = t->procs; p; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

static void unlink_proc(struct tracer *t, struct proc *p)
{
	for (struct proc **at = &t->procs; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			t->stats.processes--;
			break;
		}
	proc_free(p);
}

/* Processes that are no more, or others by now. */
static void reap(struct tracer *t)
{
	struct proc *next;

	for (struct proc *p = t->procs; p; p = next) {
		next = p->next;
		if (proc_start_time(p->pid) != p->start)
			unlink_proc(t, p);
	}
}

/* How many processes took it, how many could not. */
struct outcome { u32 done, failed; int err; };

static struct outcome sync_all(struct tracer *t, struct str *why)
{
	struct outcome o = { 0 };

	for (struct proc *p = t->procs; p; p = p->next) {
		int err = p->broken ? 0 : proc_sync(t, p, o.failed ? NULL : why);

		if (err && err != -ESRCH) {
			o.failed++;
			o.err = err;
		} else {
			o.done++;
		}
	}
	return o;
}

/* ---- the provider ---- */
/* Exchange the lists of these points with what is in `v`. */
static void swap_lists(struct tracer *t, struct point *v, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct point *p = find_point(t, v[i].id), was;

		if (!p) {
			p = &t->points[t->npoints++];
			*p = v[i];
			v[i].list = NULL;
			v[i].progs = NULL;
			continue;
		}
		was = *p;
		*p = v[i];
		v[i] = was;
	}
}

static int update(void *ctx, struct hook_point *const *pt, u32 n, struct str *why)
{
	struct tracer *t = ctx;
	struct point *v = calloc(n, sizeof(*v));
	struct outcome o;
	bool takes_away = true;
	int err;

	if (!v)
		return -ENOMEM;
	pthread_mutex_lock(&t->lock);
	err = reserve(t, n);
	for (u32 i = 0; !err && i < n; i++) {
		v[i].id = pt[i];
		v[i].place = *hook_point_place(pt[i]);
		err = point_copy(pt[i], hook_point_next(pt[i]), &v[i]);
		takes_away &= !v[i].list || (find_point(t, pt[i]) && find_point(t, pt[i])->list &&
					     v[i].list->n < find_point(t, pt[i])->list->n);
	}
	if (!err) {
		swap_lists(t, v, n);
		reap(t);
		o = sync_all(t, why);
		if (o.failed && !o.done && !takes_away) {
			err = o.err;
			swap_lists(t, v, n);
			sync_all(t, NULL);
		}
		drop_empty(t);
	}
	for (u32 i = 0; i < n; i++)
		point_clear(&v[i]);
	pthread_mutex_unlock(&t->lock);
	free(v);
	return err;
}

/* ---- rings: a process cannot reach the readers' descriptors, so it rings here ---- */
static void wake_readers(struct tracer *t)
{
	pthread_mutex_lock(&t->lock);
	for (struct proc *p = t->procs; p; p = p->next)
		for (u32 i = 0; i < p->nmaps; i++)
			map_ring_rung(p->maps[i].map);
	pthread_mutex_unlock(&t->lock);
}

static void *listen_to_bell(void *arg)
{
	struct tracer *t = arg;
	struct agent_ctl *c = t->blob.ctl;

	while (!__atomic_load_n(&t->ending, __ATOMIC_ACQUIRE)) {
		u32 seen = __atomic_load_n(&c->bell.rings, __ATOMIC_SEQ_CST);

		wake_readers(t);
		__atomic_store_n(&c->bell.sleepers, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &c->bell.rings, FUTEX_WAIT, seen, NULL, NULL, 0);
		__atomic_store_n(&c->bell.sleepers, 0, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* ---- the tracer ---- */
int tracer_new(struct hooks *h, struct tracer **ret, struct str *why)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->hooks = h;
	pthread_mutex_init(&t->lock, NULL);
	err = blob_open(&t->blob, why);
	if (!err && pthread_create(&t->bell, NULL, listen_to_bell, t)) {
		blob_close(&t->blob);
		err = -EAGAIN;
	}
	if (err) {
		pthread_mutex_destroy(&t->lock);
		free(t);
		return err;
	}
	t->provider = (struct hook_provider){ .name = "agent", .kinds = KINDS, .ctx = t, .update = update };
	err = h ? hook_provider_add(h, &t->provider) : 0;
	if (err) {
		t->hooks = NULL;
		tracer_free(t);
		return err;
	}
	*ret = t;
	return 0;
}

void tracer_free(struct tracer *t)
{
	if (!t)
		return;
	if (t->hooks)
		hook_provider_del(t->hooks, &t->provider);
	pthread_mutex_lock(&t->lock);
	for (u32 i = 0; i < t->npoints; i++)
		point_clear(&t->points[i]);
	t->npoints = 0;
	reap(t);
	sync_all(t, NULL);
	while (t->procs)
		unlink_proc(t, t->procs);
	pthread_mutex_unlock(&t->lock);
	__atomic_store_n(&t->ending, true, __ATOMIC_RELEASE);
	map_bell_ring(&t->blob.ctl->bell);
	pthread_join(t->bell, NULL);
	blob_close(&t->blob);
	maps_forget();
	free(t->points);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct proc *new_proc(struct tracer *t, pid_t pid, u64 start)
{
	struct proc *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pid = pid;
	p->start = start;
	p->next = t->procs;
	t->procs = p;
	t->stats.processes++;
	return p;
}

int tracer_add(struct tracer *t, pid_t pid, struct str *why)
{
	u64 start = proc_start_time(pid);
	struct proc *p;
	int err = 0;

	if (!start) {
		str_printf(why, "there is no process %d", pid);
		return -ESRCH;
	}
	pthread_mutex_lock(&t->lock);
	p = find_proc(t, pid);
	if (p && p->start != start) {
		unlink_proc(t, p);
		p = NULL;
	}
	if (!p)
		p = new_proc(t, pid, start);
	if (!p)
		err = -ENOMEM;
	else
		err = proc_sync(t, p, why);
	pthread_mutex_unlock(&t->lock);
	return err;
}

void tracer_del(struct tracer *t, pid_t pid)
{
	u32 n = t->npoints;
	struct proc *p;

	pthread_mutex_lock(&t->lock);
	p = find_proc(t, pid);
	if (p && proc_start_time(pid) == p->start) {
		n = t->npoints;
		t->npoints = 0; /* as if nothing were attached */
		proc_sync(t, p, NULL);
		t->npoints = n;
	}
	if (p)
		unlink_proc(t, p);
	pthread_mutex_unlock(&t->lock);
}

void tracer_refresh(struct tracer *t)
{
	pthread_mutex_lock(&t->lock);
	reap(t);
	sync_all(t, NULL);
	pthread_mutex_unlock(&t->lock);
}

void tracer_stats(struct tracer *t, struct tracer_stats *ret)
{
	pthread_mutex_lock(&t->lock);
	*ret = t->stats;
	ret->sites = 0;
	for (struct proc *p = t->procs; p; p = p->next)
		ret->sites += p->nsites;
	pthread_mutex_unlock(&t->lock);
}
