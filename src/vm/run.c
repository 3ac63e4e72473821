/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: entering a program, tail calls, callbacks from helpers, exceptions. The same for every engine.
 *
 * Invariant: after run_image() the run's stack is as it was, however the program ended.
 */
#include "vm/abi.h"
#include "vm/interp.h"

/* Where an exception lands: the C frame that entered the program. */
struct run_exit {
	void *jump[5]; /* __builtin_setjmp's */
	u64 cookie;
	struct run_exit *outer;
	u8 *stack_top;
	u32 frames;
};

void run_init(struct run *r, const struct image *img, struct run_env *env)
{
	memset(r, 0, offsetof(struct run, stack));
	r->image = img;
	r->env = env;
	r->budget = U64_MAX;
	r->stack_top = r->stack + sizeof(r->stack);
}

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

/* The program threw: its exception callback gives the result, or the cookie is the result. */
static u64 land(struct run *r, struct run_exit *e)
{
	const struct image *img = r->image;

	r->stack_top = e->stack_top;
	r->frames = e->frames;
	r->unwind = e->outer;
	if (img->exception_sub >= img->nsubs)
		return e->cookie;
	return call_sub(r, &img->sub[img->exception_sub], e->cookie, 0, 0, 0, 0);
}

/* Not inlined: the landing must find this frame's locals, and nobody else's, in memory. */
static __attribute__((noinline)) u64 run_with_landing(struct run *r, void *ctx)
{
	struct run_exit e = { .outer = r->unwind, .stack_top = r->stack_top, .frames = r->frames };
	struct run *volatile run = r;
	u64 ret;

	if (__builtin_setjmp(e.jump))
		return land(run, run->unwind);
	r->unwind = &e;
	ret = r->image->entry(ctx, r);
	r->unwind = e.outer;
	return ret;
}

u64 run_image(struct run *r, void *ctx)
{
	r->ctx = ctx;
	if (unlikely(r->image->may_throw || r->image->may_tail_call))
		return run_with_landing(r, ctx);
	return r->image->entry(ctx, r);
}

void run_throw(struct run *r, u64 cookie)
{
	struct run_exit *e = r->unwind;

	if (!e)
		__builtin_trap(); /* neither of the above was set */
	e->cookie = cookie;
	__builtin_longjmp(e->jump, 1);
}

u64 run_callback(struct run *r, u64 handle, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return call_sub(r, &r->image->sub[handle], r1, r2, r3, r4, r5);
}

const struct image *run_tail_call(struct run *r, struct map *prog_array, u64 index)
{
	const struct image *img;

	if (r->tail_calls >= RUN_MAX_TAIL_CALLS)
		return NULL;
	img = prog_array_image(prog_array, (u32)index);
	if (img)
		r->tail_calls++;
	return img;
}
