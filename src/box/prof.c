/* SPDX-License-Identifier: BSD-2-Clause */
/* Profiles: see prof.h. */
#include "box/prof.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "box/src_priv.h"

#define CHAINS 4096

struct prof {
	struct src names;           /* for the names of threads alone: no provider */
	struct tap *tap;            /* one a CPU */
	u32 ntaps;
	struct pollfd *fds;
	struct prof_stack *chain[CHAINS], *all;
	u64 samples, lost;
	u32 *pids;
	u32 npids;
	const struct prof_events *ev;
};

static void meet(struct prof *p, u32 pid)
{
	u32 *more;

	for (u32 i = 0; i < p->npids; i++)
		if (p->pids[i] == pid)
			return;
	more = realloc(p->pids, (p->npids + 1) * sizeof(*more));
	if (!more)
		return;
	p->pids = more;
	p->pids[p->npids++] = pid;
	p->ev->seen(p->ev->ctx, pid);
}

static void add(struct prof *p, const struct sample *x, const char *comm)
{
	u64 h = x->pid;
	struct prof_stack **c, *s;

	for (u32 i = 0; i < x->nstack; i++)
		h = (h ^ x->stack[i]) * 0x9e3779b97f4a7c15ull;
	c = &p->chain[(h >> 32) % CHAINS];
	for (s = *c; s; s = s->next)
		if (s->pid == x->pid && s->n == x->nstack && !strcmp(s->comm, comm) && !memcmp(s->ip, x->stack, s->n * 8))
			break;
	if (!s) {
		s = calloc(1, sizeof(*s) + x->nstack * 8);
		if (!s)
			return;
		s->pid = x->pid;
		strcpy(s->comm, comm);
		s->n = x->nstack;
		memcpy(s->ip, x->stack, s->n * 8);
		s->next = *c;
		*c = s;
	}
	s->count++;
	p->samples++;
}

/* A thread may be gone, and its beginning in the ring of another CPU that has not been read yet: then it is called as its process. */
static const char *name_of(struct prof *p, const struct sample *x)
{
	const struct run_task *t = task_seen(&p->names, x->tid, x->pid);

	if (t && !*t->comm)
		t = task_seen(&p->names, x->pid, x->pid);
	return t && *t->comm ? t->comm : "?";
}

static void on_record(void *ctx, const struct perf_event_header *h, const u8 *body, u32 size)
{
	struct prof *p = ctx;
	struct { u32 pid, tid; u64 addr, len, off; u32 maj, min; u64 ino, gen; u32 prot, flags; } m;
	struct run_task *parent, *child;
	struct sample x;
	u32 w[4];

	if (h->type == PERF_RECORD_COMM && size > 8) {
		memcpy(w, body, 8);
		task_seen(&p->names, w[1], w[0]);
		task_named(&p->names, w[1], (const char *)body + 8);
		return;
	}
	if (h->type == PERF_RECORD_MMAP2 && size > sizeof(m)) {
		memcpy(&m, body, sizeof(m));
		p->ev->mapped(p->ev->ctx, m.pid, m.addr, m.len, m.off, (const char *)body + sizeof(m));
		return;
	}
	if (h->type == PERF_RECORD_FORK && size >= sizeof(w)) {
		memcpy(w, body, sizeof(w)); /* process, parent, thread, its parent */
		if (w[0] != w[1])
			p->ev->forked(p->ev->ctx, w[0], w[1]);
		parent = task_seen(&p->names, w[3], w[1]);
		child = task_seen(&p->names, w[2], w[0]);
		if (parent && child && !*child->comm) /* gone already: it was called as its parent */
			memcpy(child->comm, parent->comm, sizeof(child->comm));
		return;
	}
	if (sample_parse(h, body, &x)) {
		meet(p, x.pid);
		add(p, &x, name_of(p, &x));
	}
}

int prof_new(pid_t pid, u32 hz, struct prof **ret, const char **ret_why)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
				     .size = sizeof(a),
				     .config = PERF_COUNT_SW_CPU_CLOCK,
				     .sample_freq = hz,
				     .freq = 1,
				     .inherit = 1,
				     .comm = 1,
				     .comm_exec = 1,
				     .task = 1,
				     .mmap = 1,
				     .mmap2 = 1,
				     .watermark = 1,
				     .wakeup_watermark = RING_PAGES * 4096 / 4 };
	static char why[128];
	struct str s = { 0 };
	struct prof *p = calloc(1, sizeof(*p));
	pid_t *tids = NULL;
	u32 n = 0;
	int err = p ? src_threads(&p->names, pid, &tids, &n) : -ENOMEM;

	sample_attr(&a);
	if (!err && pid > 0 && !n)
		err = -ESRCH;
	if (!err) {
		p->tap = calloc(src_cpus(), sizeof(*p->tap));
		p->fds = calloc(src_cpus(), sizeof(*p->fds));
		err = p->tap && p->fds ? 0 : -ENOMEM;
	}
	for (u32 i = 0; !err && i < src_cpus(); i++) {
		err = tap_open(&p->tap[i], i, &a, tids, n, &s);
		p->ntaps += !err;
		p->fds[i] = (struct pollfd){ .fd = !err && p->tap[i].n ? p->tap[i].fds[0] : -1, .events = POLLIN };
	}
	free(tids);
	if (err) {
		snprintf(why, sizeof(why), "%s", s.len ? str_text(&s) : strerror(-err));
		*ret_why = why;
		str_free(&s);
		prof_free(p);
		return err;
	}
	str_free(&s);
	*ret = p;
	return 0;
}

void prof_poll(struct prof *p, int ms, const struct prof_events *ev)
{
	p->ev = ev;
	poll(p->fds, p->ntaps, ms);
	for (u32 i = 0; i < p->ntaps; i++)
		tap_drain(&p->tap[i], on_record, p);
}

const struct prof_stack *prof_stacks(const struct prof *p, u64 *ret_samples, u64 *ret_lost)
{
	struct prof *w = (struct prof *)(uintptr_t)p;

	for (u32 i = 0; i < CHAINS; i++) /* one list of all */
		while (w->chain[i]) {
			struct prof_stack *s = w->chain[i];
			w->chain[i] = s->next;
			s->next = w->all;
			w->all = s;
		}
	*ret_samples = p->samples;
	*ret_lost = p->lost;
	for (u32 i = 0; i < p->ntaps; i++)
		*ret_lost += p->tap[i].lost;
	return w->all;
}

void prof_free(struct prof *p)
{
	u64 n;

	if (!p)
		return;
	prof_stacks(p, &n, &n);
	while (p->all) {
		struct prof_stack *s = p->all;
		p->all = s->next;
		free(s);
	}
	for (u32 i = 0; i < p->ntaps; i++)
		tap_close(&p->tap[i]);
	tasks_free(&p->names);
	free(p->tap);
	free(p->fds);
	free(p->pids);
	free(p);
}
