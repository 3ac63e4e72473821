/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: entering a program, tail calls, callbacks from helpers, exceptions, budgets. The same for every engine.
 *
 * Invariant: after run_image() the run's stack is as it was, and it holds nothing, however the program ended. A run that is
 * stopped unwinds through C code only by its returning: callbacks have landings of their own.
 */
#include "vm/abi.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/syscall.h"
#include "vm/interp.h"

/* Where an exception or the end of a budget lands: the C frame that entered the program, or a callback. */
struct run_exit {
	void *jump[5]; /* __builtin_setjmp's */
	u64 cookie;
	struct run_exit *outer;
	const struct image *image;
	u8 *stack_top;
	u32 frames;
	bool callback;
};

#define POLL_NS 200000ull /* how often the clock is to be looked at */
#define POLL_MAX 65536u
#define POLL_FIRST 256

static u64 now(void)
{
	struct timespec t = { 0 };

	syscall6(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0, 0, 0, 0);
	return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

static void start_budget(struct run *r)
{
	r->polls = POLL_FIRST;
	r->poll_every = POLL_FIRST;
	r->polled = r->deadline = 0;
	r->stopped = false;
	r->nheld = r->unheld = 0;
}

void run_init(struct run *r, const struct image *img, struct run_env *env)
{
	memset(r, 0, offsetof(struct run, stack));
	r->image = img;
	r->env = env;
	r->tail_left = RUN_MAX_TAIL_CALLS;
	r->stack_top = r->stack + sizeof(r->stack);
	start_budget(r);
}

/* ---- what is held ---- */
void run_hold(struct run *r, void (*drop)(struct run *run, u64 what), u64 what)
{
	if (!what)
		return;
	if (r->nheld == RUN_HELD)
		r->unheld++;
	else
		r->held[r->nheld++] = (struct run_held){ drop, what };
}

void run_unhold(struct run *r, u64 what)
{
	u32 i = r->nheld;

	if (!what)
		return;
	while (i && r->held[i - 1].what != what)
		i--;
	if (!i) {
		r->unheld -= !!r->unheld;
		return;
	}
	for (r->nheld--; i <= r->nheld; i++)
		r->held[i - 1] = r->held[i];
}

static void drop_held(struct run *r)
{
	while (r->nheld) {
		const struct run_held *h = &r->held[--r->nheld];

		h->drop(r, h->what);
	}
}

/* ---- landings ---- */
static u64 call_sub(struct run *r, const struct image_sub *sub, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct image *img = r->image;
	u64 ret;

	if (sub->jit && img->jit_call)
		ret = img->jit_call(sub->jit, r1, r2, r3, r4, r5, r);
	else
		ret = vm_call(sub, r1, r2, r3, r4, r5, r);
	r->image = img; /* a tail call may have changed it */
	return ret;
}

static void enter(struct run *r, struct run_exit *e, bool callback)
{
	e->outer = r->unwind;
	e->image = r->image;
	e->stack_top = r->stack_top;
	e->frames = r->frames;
	e->callback = callback;
	r->unwind = e;
}

/*
 * The program threw: its exception callback gives the result, or the cookie is the result. Or it was stopped: 0, and a callback
 * says that no more are wanted.
 */
static u64 land(struct run *r, struct run_exit *e)
{
	const struct image *img = r->image;

	r->stack_top = e->stack_top;
	r->frames = e->frames;
	r->unwind = e->outer;
	if (r->stopped) {
		r->image = e->image;
		if (!e->outer)
			drop_held(r);
		return e->callback;
	}
	if (img->exception_sub >= img->nsubs)
		return e->cookie;
	return call_sub(r, &img->sub[img->exception_sub], e->cookie, 0, 0, 0, 0);
}

/* Not inlined: the landing must find this frame's locals, and nobody else's, in memory. */
static __attribute__((noinline)) u64 run_with_landing(struct run *r, void *ctx)
{
	struct run *volatile run = r;
	struct run_exit e;
	u64 ret;

	enter(r, &e, false);
	if (__builtin_setjmp(e.jump))
		return land(run, run->unwind);
	ret = r->image->entry(ctx, r);
	r->unwind = e.outer;
	return r->stopped ? 0 : ret; /* it may have come to its end before the next poll */
}

static __attribute__((noinline)) u64 call_with_landing(struct run *r, const struct image_sub *sub, const u64 arg[5])
{
	struct run *volatile run = r;
	struct run_exit e;
	u64 ret;

	enter(r, &e, true);
	if (__builtin_setjmp(e.jump))
		return land(run, run->unwind);
	if (--r->polls < 0)
		run_poll(r);
	ret = call_sub(r, sub, arg[0], arg[1], arg[2], arg[3], arg[4]);
	r->unwind = e.outer;
	return ret;
}

static void unwind_to(struct run *r, struct run_exit *e)
{
	r->unwind = e;
	__builtin_longjmp(e->jump, 1);
}

void run_throw(struct run *r, u64 cookie)
{
	struct run_exit *e = r->unwind;

	while (e && e->callback)
		e = e->outer;
	if (!e)
		__builtin_trap(); /* run_image() has set one for every program that throws */
	e->cookie = cookie;
	unwind_to(r, e);
	__builtin_unreachable();
}

u64 run_image_landed(struct run *r, void *ctx)
{
	r->ctx = ctx;
	start_budget(r);
	return run_with_landing(r, ctx);
}

u64 run_image(struct run *r, void *ctx)
{
	if (unlikely(r->image->may_throw))
		return run_image_landed(r, ctx);
	r->ctx = ctx;
	return r->image->entry(ctx, r);
}

/* What throws ends itself, not its caller; a budget is one for all. */
u64 run_landed(void *ctx, struct run *r)
{
	if (r->unwind && !r->image->throws)
		return r->image->entry(ctx, r);
	if (!r->unwind)
		start_budget(r);
	return run_with_landing(r, ctx);
}

u64 run_callback(struct run *r, u64 handle, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct image_sub *sub = &r->image->sub[handle];

	if (likely(!r->image->budget))
		return call_sub(r, sub, r1, r2, r3, r4, r5);
	if (r->stopped)
		return 1;
	return call_with_landing(r, sub, (u64[5]){ r1, r2, r3, r4, r5 });
}

/* ---- budgets ---- */
/* As many polls until the next look at the clock as take about POLL_NS. */
static void choose_polls(struct run *r, u64 took)
{
	u64 n = took ? r->poll_every * POLL_NS / took : POLL_MAX;

	n = MIN(n, r->poll_every * 4);
	n = MIN(n, POLL_MAX);
	r->poll_every = MAX(n, 1);
	r->polls = (s64)r->poll_every;
}

void run_poll(struct run *r)
{
	u64 t;

	if (!r->stopped) {
		t = now();
		if (!r->deadline)
			r->deadline = t + r->image->budget;
		choose_polls(r, r->polled ? t - r->polled : POLL_NS);
		r->polled = t;
		if (t < r->deadline || !r->image->budget || r->unheld)
			return;
		r->stopped = true;
	}
	r->polls = 0; /* until the program has been left */
	if (r->unwind)
		unwind_to(r, r->unwind);
}

void run_may_goto(struct run_loops *l)
{
	u64 t = now();

	if (!l->since)
		l->since = t;
	else if (t - l->since >= RUN_LOOPS_NS)
		return;
	l->left = RUN_LOOPS;
}

/* ---- tail calls ---- */
const struct image *run_tail_call(struct run *r, struct map *prog_array, u64 index)
{
	const struct image *img;

	if (!r->tail_left || (r->image->whole_index && index > U32_MAX))
		return NULL;
	img = prog_array_image(prog_array, (u32)index);
	if (img)
		r->tail_left--;
	return img;
}
