/* SPDX-License-Identifier: BSD-2-Clause */
/* The tracer: points and processes, and what the subsystem is told. See trace.h. */
#include "box/trace.h"

#include <dirent.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "box/trace_maps.h"
#include "box/trace_priv.h"
#include "hook/perf.h"

#define KIND(k) ((u64)1 << HOOK_##k)
#define KINDS (KIND(UPROBE) | KIND(URETPROBE) | KIND(SYS_ENTER) | KIND(SYS_EXIT) | KIND(RAW_ENTER) | KIND(RAW_EXIT))

/* ---- points ---- */
static u32 *index_slot(const struct tracer *t, const struct hook_point *id)
{
	u32 i = (u32)(((u64)(uintptr_t)id * 0x9e3779b97f4a7c15ull) >> 32);

	for (;; i++) {
		u32 *at = &t->index[i & (t->nindex - 1)];

		if (!*at || t->points[*at - 1].id == id)
			return at;
	}
}

static struct point *find_point(struct tracer *t, const struct hook_point *id)
{
	if (t->index) {
		u32 at = *index_slot(t, id);

		return at ? &t->points[at - 1] : NULL;
	}
	for (u32 i = 0; i < t->npoints; i++)
		if (t->points[i].id == id)
			return &t->points[i];
	return NULL;
}

/* For all there are, and `more`. Without memory they are searched for. */
static void index_points(struct tracer *t, u32 more)
{
	u32 n = 64;

	while (n < (t->npoints + more) * 2)
		n *= 2;
	t->index = calloc(n, sizeof(*t->index));
	t->nindex = n;
	for (u32 i = 0; t->index && i < t->npoints; i++)
		*index_slot(t, t->points[i].id) = i + 1;
}

static void unindex_points(struct tracer *t)
{
	free(t->index);
	t->index = NULL;
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
/* Parent and start time; false: there is no such process. */
static bool proc_stat(pid_t pid, pid_t *ret_parent, u64 *ret_start)
{
	char text[1024], *start;

	text_of(text, sizeof(text), "/proc/%d/stat", pid);
	start = text_stat(text, 22);
	if (!start || *text_stat(text, 3) == 'Z')
		return false;
	*ret_parent = atoi(text_stat(text, 4));
	*ret_start = strtoull(start, NULL, 10);
	return true;
}

u64 proc_start_time(pid_t pid)
{
	pid_t parent;
	u64 start;

	return proc_stat(pid, &parent, &start) ? start : 0;
}

static struct proc *find_proc(struct tracer *t, pid_t pid)
{
	for (struct proc *p = t->procs; p; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct proc *tracer_new_proc(struct tracer *t, pid_t pid)
{
	struct proc *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pid = pid;
	p->start = proc_start_time(pid);
	p->next = t->procs;
	t->procs = p;
	t->stats.processes++;
	return p;
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

struct proc *tracer_proc(struct tracer *t, pid_t pid)
{
	struct proc *p = find_proc(t, pid);

	if (p && proc_start_time(pid) != p->start) {
		unlink_proc(t, p);
		p = NULL;
	}
	return p;
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

/* ---- families ---- */
struct kin { pid_t pid, parent; };

static u32 all_processes(struct kin **ret)
{
	DIR *d = opendir("/proc");
	struct kin *v = NULL;
	u32 n = 0, cap = 0;
	struct dirent *e;
	u64 start;

	while (d && (e = readdir(d))) {
		struct kin k = { .pid = atoi(e->d_name) };

		if (k.pid <= 0 || !proc_stat(k.pid, &k.parent, &start))
			continue;
		if (n == cap) {
			struct kin *more = realloc(v, (cap = cap ? cap * 2 : 256) * sizeof(*v));

			if (!more)
				break;
			v = more;
		}
		v[n++] = k;
	}
	if (d)
		closedir(d);
	*ret = v;
	return n;
}

/*
 * A child of vfork, until its execve: what were put into it would be its parent's, which waits, cannot be stopped, and goes on where it
 * stands. It is met at its execve, or when it is looked for the next time.
 */
static bool borrows_memory(pid_t pid)
{
	pid_t parent;
	u64 start;

	return proc_stat(pid, &parent, &start) && parent > 1 && !syscall(SYS_kcmp, pid, parent, KCMP_VM, 0, 0);
}

bool tracer_look(struct tracer *t)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);
	bool any = false, more = true;
	struct kin *v;
	u32 n;

	t->look_again = now < t->look_at;
	if (t->look_again)
		return false;
	n = all_processes(&v);
	while (more) {
		more = false;
		for (u32 i = 0; i < n; i++) {
			struct proc *p;

			if (!v[i].pid || ((!t->family || v[i].parent != t->family) && !find_proc(t, v[i].parent)) ||
			    tracer_proc(t, v[i].pid) || borrows_memory(v[i].pid))
				continue;
			p = tracer_new_proc(t, v[i].pid);
			if (p && tracer_agent_in(t, v[i].pid))
				p->broken = true; /* a copy of a traced one */
			v[i].pid = 0;
			any = more = p;
		}
	}
	free(v);
	t->look_at = now + 10 * (clock_ns(CLOCK_MONOTONIC) - now);
	return any;
}

/* How many processes took it, how many could not. */
struct outcome { u32 done, failed; int err; };

struct sync { struct outcome o; struct str *why; };

static int do_sync_all(struct tracer *t, void *arg)
{
	struct sync *s = arg;

	for (struct proc *p = t->procs; p; p = p->next) {
		int err = p->broken || p->execing ? 0 : proc_sync(t, p, s->o.failed ? NULL : s->why);

		if (err && err != -ESRCH && err != -EAGAIN) {
			s->o.failed++;
			s->o.err = err;
		} else {
			if (err && s->why && !s->o.failed)
				str_clear(s->why); /* it ended, or is asked again later */
			s->o.done++;
		}
	}
	return 0;
}

static struct outcome sync_all(struct tracer *t, struct str *why)
{
	struct sync s = { .why = why };

	tracer_do(t, do_sync_all, &s);
	return s.o;
}

void tracer_sync_all(struct tracer *t) { sync_all(t, NULL); }

struct sync_one { struct proc *p; struct str *why; };

static int do_sync_one(struct tracer *t, void *arg)
{
	struct sync_one *s = arg;
	int err = s->p->broken || s->p->execing ? 0 : proc_sync(t, s->p, s->why);

	return err == -EAGAIN ? 0 : err;
}

static int sync_one(struct tracer *t, struct proc *p, struct str *why)
{
	struct sync_one s = { p, why };

	return tracer_do(t, do_sync_one, &s);
}

/* ---- rings: a process cannot reach the readers' descriptors, so it rings here ---- */
void keep_add(struct keep *k, struct obj *o)
{
	struct obj **v = k->v;

	for (u32 i = 0; i < k->n; i++)
		if (v[i] == o)
			return;
	if (k->n == k->cap) {
		u32 cap = k->cap ? k->cap * 2 : 16;

		v = realloc(v, cap * sizeof(*v));
		if (!v)
			return;
		k->v = v;
		k->cap = cap;
	}
	v[k->n++] = obj_get(o);
}

void tracer_ring(struct tracer *t, struct map *m) { keep_add(&t->rings, &m->obj); }

/* Those that nobody but this refers to. */
static void keep_drop(struct keep *k, bool all)
{
	u32 n = 0;

	for (u32 i = 0; i < k->n; i++)
		if (all || __atomic_load_n(&k->v[i]->refs, __ATOMIC_RELAXED) == 1)
			obj_put(k->v[i]);
		else
			k->v[n++] = k->v[i];
	k->n = n;
}

static void drop_rings(struct tracer *t, bool all)
{
	keep_drop(&t->rings, all);
	keep_drop(&t->events, all);
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
			if (t->index)
				*index_slot(t, p->id) = t->npoints;
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
	void (*first)(void *ctx) = __atomic_exchange_n(&t->first, NULL, __ATOMIC_ACQ_REL);
	int err;

	if (first)
		first(t->first_ctx);
	if (!v)
		return -ENOMEM;
	pthread_mutex_lock(&t->lock);
	err = reserve(t, n);
	index_points(t, n);
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
		if (!takes_away)
			tracer_look(t);
		o = sync_all(t, why);
		if (o.failed && !o.done && !takes_away) {
			err = o.err;
			swap_lists(t, v, n);
			sync_all(t, NULL);
		} else if (o.failed && !takes_away && why) {
			tracer_complain(t, why); /* others took it, so the attachment holds */
			str_clear(why);
		}
		unindex_points(t);
		drop_empty(t);
		drop_rings(t, false);
	}
	unindex_points(t);
	for (u32 i = 0; i < n; i++)
		point_clear(&v[i]);
	pthread_mutex_unlock(&t->lock);
	free(v);
	return err;
}

/* ---- the tracer ---- */
int tracer_new(struct hooks *h, struct tracer **ret, struct str *why)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->hooks = h;
	stop_expect_filters(stop_own_filters());
	pthread_mutex_init(&t->lock, NULL);
	pthread_mutex_init(&t->queue, NULL);
	pthread_cond_init(&t->finished, NULL);
	err = blob_open(&t->blob, why);
	if (!err)
		t->blob.ctl->server_start = proc_start_time(getpid()), t->blob.ctl->server = (u32)getpid();
	if (!err && pthread_create(&t->server, NULL, tracer_thread, t)) {
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

/*
 * Who could not be stopped is waited for, a second, and who stands in what is to go, a tenth of it: with nobody there they would keep it.
 * Under the lock, which is given up meanwhile: the tracer's thread sees to them.
 */
static void await_leaving(struct tracer *t)
{
	const struct timespec nap = { 0, 2000000 };

	for (u32 i = 0; i < 500; i++) {
		bool pending = false, leaving = false;

		for (struct proc *p = t->procs; p; p = p->next) {
			pending |= p->pending && !p->broken && !p->execing;
			leaving |= p->leaving && !p->broken && !p->execing;
		}
		if (!pending && (!leaving || i >= 50))
			return;
		pthread_mutex_unlock(&t->lock);
		nanosleep(&nap, NULL);
		pthread_mutex_lock(&t->lock);
		reap(t);
	}
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
	await_leaving(t);
	while (t->procs)
		unlink_proc(t, t->procs);
	pthread_mutex_unlock(&t->lock);
	__atomic_store_n(&t->ending, true, __ATOMIC_RELEASE);
	map_bell_ring(&t->blob.ctl->bell);
	pthread_join(t->server, NULL);
	t->blob.ctl->server = 0;
	drop_rings(t, true);
	blob_close(&t->blob);
	maps_forget();
	str_free(&t->complaint);
	free(t->rings.v);
	free(t->events.v);
	free(t->execs);
	free(t->points);
	pthread_mutex_destroy(&t->queue);
	pthread_cond_destroy(&t->finished);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static int is_agent(void *arg, struct vma *v)
{
	return v->ino == *(u64 *)arg && strstr(v->path, "memfd:skep-agent");
}

/* Is there an agent in it, though it was never put there? */
bool tracer_agent_in(struct tracer *t, pid_t pid)
{
	struct stat st;
	u64 ino;

	if (fstat(t->blob.text_fd, &st))
		return false;
	ino = st.st_ino;
	return maps_each(pid, is_agent, &ino) == 1;
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
	if (__atomic_load_n(&t->working, __ATOMIC_ACQUIRE) == pid)
		return 0; /* we made it do what it is seen by */
	pthread_mutex_lock(&t->lock);
	p = tracer_proc(t, pid);
	if (!p && borrows_memory(pid)) {
		pthread_mutex_unlock(&t->lock);
		return 0;
	}
	if (!p) {
		p = tracer_new_proc(t, pid);
		if (p && tracer_agent_in(t, pid))
			p->broken = true; /* a child that nobody told of */
	}
	err = p ? sync_one(t, p, why) : -ENOMEM;
	pthread_mutex_unlock(&t->lock);
	return err;
}

void tracer_at_first(struct tracer *t, void (*fn)(void *ctx), void *ctx)
{
	t->first_ctx = ctx;
	__atomic_store_n(&t->first, fn, __ATOMIC_RELEASE);
}

void tracer_net(struct tracer *t, bool on) { t->net = on; }

void tracer_family(struct tracer *t, pid_t pid)
{
	pthread_mutex_lock(&t->lock);
	t->family = pid;
	pthread_mutex_unlock(&t->lock);
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
		sync_one(t, p, NULL);
		t->npoints = n;
	}
	if (p)
		unlink_proc(t, p);
	pthread_mutex_unlock(&t->lock);
}

void tracer_gone(struct tracer *t, pid_t pid)
{
	struct proc *p;

	pthread_mutex_lock(&t->lock);
	p = find_proc(t, pid);
	if (p)
		unlink_proc(t, p);
	pthread_mutex_unlock(&t->lock);
}

void tracer_exec(struct tracer *t, pid_t pid, pid_t tid)
{
	struct proc *p;

	pthread_mutex_lock(&t->lock);
	p = tracer_proc(t, pid);
	if (p)
		p->suspect = true;
	/* where nothing is attached, the new image is met when something is */
	if (t->npoints && !tracer_exec_begin(t, pid, tid) && p)
		p->execing = true;
	pthread_mutex_unlock(&t->lock);
}

#define COMPLAINTS 4096u

void tracer_complain(struct tracer *t, const struct str *why)
{
	if (why->len && t->complaint.len < COMPLAINTS && !strstr(str_text(&t->complaint), str_text(why)))
		str_printf(&t->complaint, "%s\n", str_text(why));
}

void tracer_complaints(struct tracer *t, struct str *ret)
{
	*ret = (struct str){ 0 };
	if (pthread_mutex_trylock(&t->lock)) /* it is at work, which may take long: next time */
		return;
	*ret = t->complaint;
	t->complaint = (struct str){ 0 };
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
