/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter: a label an operation, each jumping to the next operation's label.
 *
 * Invariant: it runs verified, lowered code only, so nothing is checked that the verifier has proven. The label table is
 * expanded from insn.def: a row without a body does not compile.
 */
#include "vm/interp.h"

#include "vm/abi.h"
#include "vm/sem.h"

/* What a BPF-to-BPF call keeps; it lies on the run's stack below the caller's frame. */
struct frame {
	const struct ins *back; /* operation after the call */
	const struct image *image;
	u64 r6, r7, r8, r9, fp;
	struct run_loops loops; /* may_goto's left in the caller */
};

#define FRAME_ROOM ROUND_UP((u32)sizeof(struct frame), 16)
#define NREGS 12 /* r11 is lowered code's own */

/* The subprogram that starts at this operation; calls go nowhere else. */
static const struct image_sub *sub_at(const struct image *img, u32 start)
{
	u32 lo = 0, hi = img->nsubs;

	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (img->sub[mid].start <= start)
			lo = mid;
		else
			hi = mid;
	}
	return &img->sub[lo];
}

/* Room for a frame with so much stack; NULL when the run's stack is full, which verified programs cannot reach. */
static u8 *push(struct run *run, u32 bytes)
{
	bytes = ROUND_UP(bytes, 16);
	if (unlikely((size_t)(run->stack_top - run->stack) < bytes))
		return NULL;
	run->stack_top -= bytes;
	return run->stack_top;
}

typedef u64 (*pkt_load_fn)(u64 ctx, u64 off, u64 size, u64, u64, struct run *run);

static u64 call_addr(const struct ins *pc, const u64 *r, struct run *run)
{
	helper_fn fn = (helper_fn)(uintptr_t)pc->imm64;

	return fn(r[1], r[2], r[3], r[4], r[5], run);
}

/*
 * Runs from `pc`, whose frame has `stack` bytes, until its EXIT. r[1]-r[5] are the arguments.
 * The register file is the caller's so that callbacks and entries share one prologue.
 */
static __attribute__((noinline)) u64 HOT execute(const struct ins *pc, u32 stack, u64 r[NREGS], struct run *run)
{
	static const void *const go[OP_COUNT] = {
#define I(name, ...) [OP_##name] = &&L_##name,
#define V(name, ...) [OP_##name] = &&L_##name,
#define N(name, ...) [OP_##name] = &&L_##name,
#include "isa/insn.def"
	};
	const struct ins *ops = run->image->ops;
	u8 *const base = run->stack_top;
	const u32 base_frames = run->frames;
	struct run_loops loops = { .left = RUN_LOOPS };

	r[10] = (u64)(uintptr_t)run->stack_top;
	if (!push(run, stack))
		return 0;

/* A checking build sees every operation before it runs. */
#ifndef VM_STEP
#define VM_STEP(run, pc, r) ((void)0)
#endif
#define RUN_NEXT                                                                                        \
	do {                                                                                            \
		VM_STEP(run, pc, r);                                                                    \
		goto *go[pc->op];                                                                       \
	} while (0)
#define NEXT                                                                                            \
	do {                                                                                            \
		pc++;                                                                                   \
		RUN_NEXT;                                                                               \
	} while (0)
#define JUMP                                                                                            \
	do {                                                                                            \
		pc = ops + pc->target;                                                                  \
		RUN_NEXT;                                                                               \
	} while (0)
	RUN_NEXT;

#define D r[pc->dst]
#define S r[pc->src]
#define R0 r[0]
#define OFF ((u64)(s64)pc->off)
#define IMM pc->imm
#define IMM64 pc->imm64
#define DO(name, ...)                                                                                   \
	L_##name:                                                                                       \
	__VA_ARGS__;                                                                                    \
	NEXT;
#define IF(name, ...)                                                                                   \
	L_##name:                                                                                       \
	if (__VA_ARGS__)                                                                                \
		JUMP;                                                                                   \
	NEXT;
#include "vm/ops.h"

L_JA:
L_JA32:
	JUMP;
L_MAY_GOTO:
	if (!loops.left)
		JUMP;
	if (!--loops.left)
		run_may_goto(&loops);
	NEXT;
L_CALL:
L_CALL_KFUNC:
	r[0] = call_addr(pc, r, run);
	NEXT;
L_LDABS_B:
L_LDABS_H:
L_LDABS_W:
L_LDIND_B:
L_LDIND_H:
L_LDIND_W: {
	u64 at = (u32)pc->imm + (op_info[pc->op].cls == IC_LDIND ? S : 0);
	s64 v = (s64)((pkt_load_fn)(uintptr_t)pc->imm64)(r[6], (u32)at, op_info[pc->op].size, 0, 0, run);

	r[0] = v < 0 ? 0 : (u64)v;
	if (v < 0)
		goto L_EXIT;
	NEXT;
}
L_GET_CPU:
	D = run->cpu;
	NEXT;
L_POLL:
	if (unlikely(--run->polls < 0))
		run_poll(run);
	NEXT;
L_CALL_SUB: {
	u8 *top = run->stack_top;
	struct frame *f = (struct frame *)(void *)push(run, FRAME_ROOM);

	if (unlikely(!f || !push(run, sub_at(run->image, pc->target)->stack))) {
		run->stack_top = top;
		r[0] = 0;
		goto L_EXIT;
	}
	*f = (struct frame){ .back = pc + 1, .image = run->image, .r6 = r[6], .r7 = r[7], .r8 = r[8], .r9 = r[9],
			     .fp = r[10], .loops = loops };
	r[10] = (u64)(uintptr_t)f;
	loops = (struct run_loops){ .left = RUN_LOOPS };
	run->frames++;
	JUMP;
}
L_TAIL_CALL: {
	const struct image *img = run_tail_call(run, (struct map *)(uintptr_t)r[2], r[3]);

	if (!img)
		NEXT;
	/* the new program takes over this frame, and with it its stack */
	run->stack_top = (u8 *)(uintptr_t)r[10];
	run->image = img;
	if (img->jit_call || img->throws || (img->may_throw && !run->unwind)) {
		r[0] = img->tail((void *)(uintptr_t)r[1], run);
		goto L_EXIT;
	}
	if (!push(run, img->sub[0].stack)) {
		r[0] = 0;
		goto L_EXIT;
	}
	pc = ops = img->ops;
	loops = (struct run_loops){ .left = RUN_LOOPS };
	RUN_NEXT;
}
L_EXIT: {
	const struct frame *f;

	if (run->frames == base_frames) {
		run->stack_top = base;
		return r[0];
	}
	f = (const struct frame *)(uintptr_t)r[10];
	r[6] = f->r6;
	r[7] = f->r7;
	r[8] = f->r8;
	r[9] = f->r9;
	r[10] = f->fp;
	loops = f->loops;
	run->stack_top = (u8 *)(uintptr_t)f + FRAME_ROOM;
	run->image = f->image;
	ops = f->image->ops;
	pc = f->back;
	run->frames--;
	RUN_NEXT;
}
L_INVALID:
	__builtin_trap();
#undef D
#undef S
#undef R0
#undef OFF
#undef IMM
#undef IMM64
}

u64 vm_exec(void *ctx, struct run *run)
{
	u64 r[NREGS];

	r[1] = (u64)(uintptr_t)ctx;
	return execute(run->image->ops, run->image->sub[0].stack, r, run);
}

u64 vm_call(const struct image_sub *sub, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	u64 r[NREGS];

	r[1] = r1;
	r[2] = r2;
	r[3] = r3;
	r[4] = r4;
	r[5] = r5;
	return execute(run->image->ops + sub->start, sub->stack, r, run);
}
