/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples of software clocks. An event of a process fires with each sample of its threads; an event of a CPU (pid -1) fires at each
 * tick of the wall clock, as the kernel's does, with the thread of the set that was sampled on that CPU since the last tick, or
 * as the idle task when there was none.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/src_priv.h"

#define NS 1000000000ull
#define TICKS_MAX 16     /* made up for at most, when the thread was late */
#define SLOW_NS 100000000ull /* interval-like: of use without samples */

struct clk {
	struct clk *next;
	struct hook_point *pt;
	struct hook_place at;
	struct tap *tap;         /* one a CPU that is sampled */
	u32 ntaps;
	int timer;               /* wall clock; -1: samples alone */
	struct sample last;      /* of this tick */
	bool any;
	struct src *s;
};

static u64 period_of(const struct hook_place *at)
{
	return !at->period ? 0 : at->freq ? NS / at->period : at->period;
}

int clock_check(const struct hook_place *at, struct str *why)
{
	if (at->sub > 1) /* neither cpu-clock nor task-clock */
		return 0;
	if (!at->period) {
		str_printf(why, "the event counts and does not sample: a program would never run");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void fire(struct src *s, struct clk *c, const struct sample *x)
{
	u32 cpu = x ? x->cpu : c->at.cpu < 0 ? 0 : (u32)c->at.cpu;
	struct run_task idle = { .comm = "swapper/", .mem_fd = -1 }, *task = x ? task_seen(s, x->tid, x->pid) : &idle;
	static const u64 no_regs[21], no_stack[1];
	struct hook_event ev = { .task = task, .regs = (void *)(uintptr_t)(x ? x->regs : no_regs), .period = period_of(&c->at), .cpu = cpu,
				 .stack = x ? x->stack : no_stack, .nstack = x ? x->nstack : 0 };

	if (!x) {
		char *p = idle.comm + 8;
		if (cpu >= 10)
			*p++ = (char)('0' + cpu / 10 % 10);
		*p = (char)('0' + cpu % 10);
	} else {
		ev.user_ip = x->regs[16];
		ev.user_fp = x->regs[4];
	}
	if (task)
		hook_fire(s->hooks, c->pt, &ev);
}

static void on_record(void *ctx, const struct perf_event_header *h, const u8 *body, u32 size)
{
	struct clk *c = ctx;
	struct sample x;

	(void)size;
	if (!sample_parse(h, body, &x))
		return;
	if (c->timer >= 0) {
		c->last = x;
		c->any = true;
	} else {
		fire(c->s, c, &x);
	}
}

static void work(struct src *s, struct clk *c)
{
	u64 ticks = 0;

	if (c->timer >= 0 && read(c->timer, &ticks, sizeof(ticks)) != sizeof(ticks))
		return; /* not due yet */
	for (u32 i = 0; i < c->ntaps; i++)
		tap_drain(&c->tap[i], on_record, c);
	for (u64 i = 0; i < MIN(ticks, (u64)TICKS_MAX); i++) {
		fire(s, c, c->any ? &c->last : NULL);
		c->any = false;
	}
	s->lost += ticks > TICKS_MAX ? ticks - TICKS_MAX : 0;
}

void clocks_work(struct src *s)
{
	for (struct clk *c = s->clocks; c; c = c->next)
		work(s, c);
}

static void clk_free(struct src *s, struct clk *c)
{
	for (u32 i = 0; i < c->ntaps; i++) {
		s->lost += c->tap[i].lost;
		tap_close(&c->tap[i]);
	}
	if (c->timer >= 0)
		close(c->timer);
	free(c->tap);
	free(c);
}

static void poll_fd(struct src *s, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0 };

	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int open_taps(struct src *s, struct clk *c, struct str *why)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = c->at.sub, .sample_period = c->at.period,
				     .freq = c->at.freq, .inherit = 1, .watermark = c->timer >= 0, .wakeup_events = 1 };
	u32 first = c->at.cpu < 0 ? 0 : (u32)c->at.cpu, n = c->at.cpu < 0 ? src_cpus() : 1, tids_n;
	pid_t *tids;
	int err = src_threads(s, c->at.pid, &tids, &tids_n);

	if (a.watermark)
		a.wakeup_watermark = RING_PAGES * 4096 / 2; /* the timer looks often enough */
	sample_attr(&a);
	c->tap = calloc(n, sizeof(*c->tap));
	if (!err && !c->tap)
		err = -ENOMEM;
	for (u32 i = 0; i < n && !err; i++) {
		err = tap_open(&c->tap[i], first + i, &a, tids, tids_n, why);
		c->ntaps += !err;
	}
	free(tids);
	for (u32 i = 0; i < c->ntaps && c->timer < 0; i++)
		if (c->tap[i].n)
			poll_fd(s, c->tap[i].fds[0]);
	return err;
}

static int open_timer(struct src *s, struct clk *c)
{
	u64 ns = period_of(&c->at);
	struct timespec t = { (time_t)(ns / NS), (long)(ns % NS) };
	struct itimerspec it = { t, t };

	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0 || timerfd_settime(c->timer, 0, &it, NULL))
		return -errno;
	poll_fd(s, c->timer);
	return 0;
}

int clock_update(struct src *s, struct hook_point *pt, bool on, struct str *why)
{
	const struct hook_place *at = hook_point_place(pt);
	struct clk **p = &s->clocks, *c;
	int err = 0;

	while ((c = *p) && c->pt != pt)
		p = &c->next;
	if (c && !on) {
		*p = c->next;
		clk_free(s, c);
		return 0;
	}
	if (c || !on || at->sub > 1)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct clk){ .pt = pt, .at = *at, .timer = -1, .s = s };
	if (at->pid < 0)
		err = open_timer(s, c);
	if (!err) {
		err = open_taps(s, c, why);
		if (err && c->timer >= 0 && period_of(at) >= SLOW_NS)
			err = 0;
	}
	if (err) {
		clk_free(s, c);
		return err;
	}
	c->next = s->clocks;
	s->clocks = c;
	return 0;
}

void clocks_free(struct src *s)
{
	while (s->clocks) {
		struct clk *c = s->clocks;
		s->clocks = c->next;
		clk_free(s, c);
	}
}
