/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tracer's own thread: the only one that stops processes. It does what others ask it to (jobs), serves what processes ask
 * for (code that was mapped, children, execve), and wakes readers of rings that processes wrote to.
 *
 * Invariant: who waits for a job holds the tracer's lock for it; for its own work this thread tries the lock and never waits.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/text.h"
#include "box/trace_maps.h"
#include "box/trace_priv.h"
#include "hook/perf.h"

#define EXEC_NS   200000000ull  /* an execve that takes longer has perhaps failed: the thread is asked */
#define LOOK_NS   500000000u    /* for what does not ring: counts */
#define LEAVING_NS 10000000u
#define BUSY_NS   300000u       /* pause while something is awaited */

struct job {
	struct job *next;
	int (*fn)(struct tracer *t, void *arg);
	void *arg;
	int ret;
	bool done;
};
struct exec_job { pid_t pid, tid; u64 since; bool asked; };

/* ---- jobs ---- */
int tracer_do(struct tracer *t, int (*fn)(struct tracer *t, void *arg), void *arg)
{
	struct job j = { .fn = fn, .arg = arg }, **at;

	if (pthread_equal(pthread_self(), t->server))
		return fn(t, arg);
	pthread_mutex_lock(&t->queue);
	for (at = &t->jobs; *at; at = &(*at)->next)
		;
	*at = &j;
	map_bell_ring(&t->blob.ctl->bell);
	while (!j.done)
		pthread_cond_wait(&t->finished, &t->queue);
	pthread_mutex_unlock(&t->queue);
	return j.ret;
}

static void do_jobs(struct tracer *t)
{
	struct job *j;

	pthread_mutex_lock(&t->queue);
	while ((j = t->jobs)) {
		t->jobs = j->next;
		pthread_mutex_unlock(&t->queue);
		j->ret = j->fn(t, j->arg);
		pthread_mutex_lock(&t->queue);
		j->done = true;
		pthread_cond_broadcast(&t->finished);
	}
	pthread_mutex_unlock(&t->queue);
}

/* ---- execve ---- */
static struct exec_job *exec_of(struct tracer *t, pid_t pid)
{
	for (u32 i = 0; i < t->nexecs; i++)
		if (t->execs[i].pid == pid)
			return &t->execs[i];
	return NULL;
}

static int serve_exec(struct tracer *t, void *arg)
{
	struct exec_job *want = arg, *e = exec_of(t, want->pid);

	if (!e && t->nexecs == t->execcap) {
		u32 cap = t->execcap ? t->execcap * 2 : 16;
		struct exec_job *v = realloc(t->execs, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		t->execs = v;
		t->execcap = cap;
	}
	if (e && e->tid == want->tid) {
		e->since = clock_ns(CLOCK_MONOTONIC); /* the next directory of the path */
		return 0;
	}
	if (e || ptrace(PTRACE_SEIZE, want->tid, NULL, PTRACE_O_TRACEEXEC))
		return e ? -EBUSY : -errno;
	t->execs[t->nexecs++] = (struct exec_job){ want->pid, want->tid, clock_ns(CLOCK_MONOTONIC), false };
	return 0;
}

int tracer_exec_begin(struct tracer *t, pid_t pid, pid_t tid)
{
	struct exec_job e = { pid, tid, 0, false };

	return tracer_do(t, serve_exec, &e);
}

/* The process is a new program: it stands before its first instruction. */
static void new_image(struct tracer *t, pid_t pid)
{
	struct proc *p = tracer_proc(t, pid);
	struct stop s;

	if (p)
		proc_forget(p); /* all of it went with the old image */
	else
		p = tracer_new_proc(t, pid);
	if (!p || stop_exec(&s, pid, NULL)) {
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return;
	}
	p->broken = p->execing = p->suspect = false;
	p->fresh = true;
	if (!proc_plan(t, p))
		proc_sync_stopped(t, p, &s, NULL);
	p->fresh = false;
	stop_end(&s);
}

static void end_exec(struct tracer *t, u32 i)
{
	struct proc *p = tracer_proc(t, t->execs[i].pid);

	if (p)
		p->execing = false;
	t->execs[i] = t->execs[--t->nexecs];
}

/* One that stands still. False: it goes on, and is awaited as before. */
static bool exec_stopped(struct tracer *t, u32 i, pid_t got, int st)
{
	struct exec_job e = t->execs[i];
	int event = st >> 16;

	if (event == PTRACE_EVENT_EXEC) {
		end_exec(t, i);
		new_image(t, e.pid);
		return true;
	}
	if (event == PTRACE_EVENT_STOP && e.asked && WSTOPSIG(st) == SIGTRAP) { /* it came out of execve, where it was */
		end_exec(t, i);
		ptrace(PTRACE_DETACH, got, NULL, NULL);
		return true;
	}
	ptrace(PTRACE_CONT, got, NULL, (long)(event ? 0 : WSTOPSIG(st)));
	return false;
}

/* Has one of those that are awaited come to its event? */
static void look_at_execs(struct tracer *t)
{
	for (u32 i = 0; i < t->nexecs;) {
		struct exec_job *e = &t->execs[i];
		pid_t got;
		int st = 0;

		got = tracee_wait(e->tid, &st, WNOHANG);
		if (got <= 0 && e->tid != e->pid)
			got = tracee_wait(e->pid, &st, WNOHANG);
		if (got > 0 && WIFSTOPPED(st)) {
			i += !exec_stopped(t, i, got, st);
			continue;
		}
		if (got > 0 || (got < 0 && errno == ECHILD)) {
			end_exec(t, i); /* it ended */
			continue;
		}
		if (!e->asked && clock_ns(CLOCK_MONOTONIC) - e->since > EXEC_NS)
			e->asked = !ptrace(PTRACE_INTERRUPT, e->tid, NULL, NULL);
		i++;
	}
}

/* ---- what processes ask for ---- */
/*
 * May `pid` be what `parent`, which is traced, has made? Requests can say anything: a process of another user, which is nobody's child here,
 * is not looked into because of one.
 */
static bool is_made_by(struct tracer *t, pid_t pid, const struct proc *parent)
{
	char text[4096], theirs[4096];

	if (text_of(text, sizeof(text), "/proc/%d/status", (int)pid) <= 0)
		return false;
	if (tracer_proc(t, (pid_t)text_number(text, "PPid", 10)))
		return true;
	if (!parent) /* it has ended */
		return text_number(text, "Uid", 10) || getuid();
	return text_of(theirs, sizeof(theirs), "/proc/%d/status", (int)parent->pid) > 0 &&
	       text_number(text, "Uid", 10) == text_number(theirs, "Uid", 10);
}

static void forked(struct tracer *t, const struct agent_req *q)
{
	struct proc *parent = tracer_proc(t, (pid_t)q->arg[0]), *p = tracer_proc(t, (pid_t)q->pid);
	u32 gen = 0;

	if (p || !is_made_by(t, (pid_t)q->pid, parent))
		return;
	p = tracer_new_proc(t, (pid_t)q->pid);
	if (!p)
		return;
	p->broken = true;
	if (!parent || !parent->base ||
	    proc_peek(p->pid, parent->base + t->blob.exp->head + offsetof(struct agent_head, gen), &gen, 4) ||
	    gen != parent->gen || proc_copy(p, parent))
		return; /* a copy of something that has changed since: it goes on with what it has */
	p->broken = false;
}

static void serve_request(struct tracer *t, struct agent_req *q)
{
	struct proc *p = tracer_proc(t, (pid_t)q->pid);
	struct exec_job e = { (pid_t)q->pid, (pid_t)q->tid, 0, false };

	switch (q->kind) {
	case AGENT_REQ_FORKED:
		forked(t, q);
		break;
	case AGENT_REQ_MAPPED:
		if (p && !p->broken)
			proc_sync(t, p, NULL);
		break;
	case AGENT_REQ_EXEC:
		if (!p && q->memory != q->pid && tracer_proc(t, (pid_t)q->memory) &&
		    is_made_by(t, (pid_t)q->pid, tracer_proc(t, (pid_t)q->memory))) {
			p = tracer_new_proc(t, (pid_t)q->pid); /* a child of vfork: until then nothing is its own */
			if (p)
				p->broken = true;
		}
		if (p) {
			p->suspect = true;
			p->execing = !serve_exec(t, &e);
		}
		break;
	default:
		p = tracer_proc(t, (pid_t)q->memory);
		if (!p || p->broken || !p->base || !tracer_give(t, p, q))
			q->err = -ESRCH;
		break;
	}
}

static void serve_requests(struct tracer *t)
{
	for (u32 i = 0; i < AGENT_REQS; i++) {
		struct agent_req *q = &t->blob.ctl->req[i];
		u32 ready = AGENT_REQ_READY;
		struct agent_req mine;

		if (!__atomic_compare_exchange_n(&q->state, &ready, AGENT_REQ_SERVED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		mine = *q; /* every process can write there: what was checked must be what is done */
		serve_request(t, &mine);
		q->ret = mine.ret;
		q->err = mine.err;
		memcpy(q->data, mine.data, sizeof(q->data));
		ready = AGENT_REQ_SERVED;
		if (__atomic_compare_exchange_n(&q->state, &ready, AGENT_REQ_DONE, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			syscall(SYS_futex, &q->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	}
}

/* ---- the thread ---- */
static bool retry_pending(struct tracer *t)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);
	bool any = false;

	t->leaving = false;

	for (struct proc *p = t->procs; p; p = p->next) {
		if ((p->pending || (p->leaving && now >= p->leave_at)) && !p->broken && !p->execing)
			proc_sync(t, p, NULL);
		any |= p->pending;
		t->leaving |= p->leaving;
	}
	return any;
}

static bool is_pending(void *arg, pid_t pid)
{
	struct proc *p = tracer_proc(arg, pid);

	return p && p->pending && !p->broken && !p->execing;
}

static void wake_readers(struct tracer *t)
{
	tracer_texts(t);
	for (u32 i = 0; i < t->rings.n; i++)
		map_ring_rung(map_of(t->rings.v[i]));
	for (u32 i = 0; i < t->events.n; i++) {
		struct perf_event *e = perf_of(t->events.v[i]);

		if (__atomic_exchange_n(&map_perf_share(e->page)->rung, 0, __ATOMIC_SEQ_CST))
			perf_event_kick(e);
	}
}

/* Events that programs in processes did not see, for who asks a link. */
static void count_missed(struct tracer *t)
{
	struct agent_ctl *c = t->blob.ctl;

	for (u32 i = 0; t->hooks && i < AGENT_SLOTS; i++) {
		u64 n = __atomic_load_n(&c->missed[i], __ATOMIC_RELAXED)
				? __atomic_exchange_n(&c->missed[i], 0, __ATOMIC_RELAXED)
				: 0;

		if (n)
			hook_account(t->hooks, i, 0, 0, n);
	}
}

/* Is something awaited that does not ring? */
static bool serve(struct tracer *t)
{
	bool soon = false;

	do_jobs(t);
	if (pthread_mutex_trylock(&t->lock))
		return true;
	serve_requests(t);
	wake_readers(t);
	look_at_execs(t);
	if (t->look_again && tracer_look(t))
		tracer_sync_all(t);
	soon |= retry_pending(t) || t->nexecs || t->look_again;
	soon |= stop_linger(is_pending, t);
	count_missed(t);
	t->idle = !t->procs;
	pthread_mutex_unlock(&t->lock);
	return soon;
}

void *tracer_thread(void *arg)
{
	struct tracer *t = arg;
	struct agent_ctl *c = t->blob.ctl;
	struct timespec moment = { 0, BUSY_NS }, while_leaving = { 0, LEAVING_NS }, now_and_then = { 0, LOOK_NS };

	prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0); /* somebody stands still while this one sleeps */
	while (!__atomic_load_n(&t->ending, __ATOMIC_ACQUIRE)) {
		u32 seen = __atomic_load_n(&c->bell.rings, __ATOMIC_SEQ_CST);
		bool soon = serve(t);

		__atomic_store_n(&c->bell.sleepers, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &c->bell.rings, FUTEX_WAIT, seen,
			soon	     ? &moment
			: t->leaving ? &while_leaving
			: t->idle    ? NULL
				     : &now_and_then,
			NULL, 0);
		__atomic_store_n(&c->bell.sleepers, 0, __ATOMIC_SEQ_CST);
	}
	do_jobs(t);
	while (stop_linger(NULL, NULL))
		usleep(1000);
	return NULL;
}
