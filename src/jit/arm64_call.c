/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64: frames, calls and what leaves the straight path. See arm64.c. */
#include "jit/arm64.h"

#include <errno.h>

#include "vm/outline.h"

#define E (&x->enc)
#define SLOT_LOOPS 16
#define SLOT_REGS (FLOW_REGS * 8)

/* ---- frames ---- */
struct frame {
	u8 push[8];
	u32 npush, room;
};

static struct frame frame_of(const struct a64 *x)
{
	const struct jit_sub *s = &x->j->sub[x->sub];
	struct frame f = { .npush = 0 };

	for (u8 r = BPF_REG_6; r <= BPF_REG_9; r++)
		if (s->regs >> r & 1)
			f.push[f.npush++] = a64_of[r];
	if (s->frame)
		f.push[f.npush++] = A_FP;
	if (!x->sub && x->j->need_run)
		f.push[f.npush++] = A_RUN;
	if (f.npush % 2)
		f.push[f.npush++] = A_ZR;
	if (s->frame)
		f.room = s->stack + (s->may_goto ? SLOT_LOOPS : 0) + (s->outlines ? SLOT_REGS : 0);
	return f;
}

/* Of what lies below BPF's stack, from the stack pointer. */
static s64 regs_at(u8 r)
{
	return r * 8;
}

static s64 loops_at(const struct a64 *x, size_t field)
{
	return (x->j->sub[x->sub].outlines ? SLOT_REGS : 0) + (s64)field;
}

static void move_sp(struct a64 *x, u32 op, u32 room)
{
	if (room >> 12)
		a64_addi(E, op, 64, A_SP, A_SP, room & ~0xfffu);
	if (room & 0xfff)
		a64_addi(E, op, 64, A_SP, A_SP, room & 0xfff);
}

void a64_prologue(struct a64 *x)
{
	const struct jit_sub *s = &x->j->sub[x->sub];
	const struct lowered_sub *l = &x->j->l->sub[x->sub];
	struct frame f = frame_of(x);

	if (!x->sub || l->callback || l->exception_cb)
		a64_word(E, A_BTI_C);
	a64_push(E, A_LINK_FP, A_LR);
	a64_addi(E, A_ADDI, 64, A_LINK_FP, A_SP, 0);
	for (u32 i = 0; i < f.npush; i += 2)
		a64_push(E, f.push[i], f.push[i + 1]);
	if (s->frame)
		a64_addi(E, A_ADDI, 64, A_FP, A_SP, 0);
	move_sp(x, A_SUBI, f.room);
	if (!x->sub && x->j->need_run)
		a64_mov(E, 64, A_RUN, A_ARG1);
	if (s->may_goto) {
		a64_fixed(E, A_T0, RUN_LOOPS);
		a64_mem(E, A_STORE, 4, A_T0, A_SP, loops_at(x, offsetof(struct run_loops, left)));
		a64_mem(E, A_STORE, 8, A_ZR, A_SP, loops_at(x, offsetof(struct run_loops, since)));
	}
}

static void leave(struct a64 *x)
{
	struct frame f = frame_of(x);

	move_sp(x, A_ADDI, f.room);
	for (u32 i = f.npush; i > 0; i -= 2)
		a64_pop(E, f.push[i - 2], f.push[i - 1]);
	a64_pop(E, A_LINK_FP, A_LR);
}

void a64_exit(struct a64 *x)
{
	if (x->exit_bound) {
		emit_fix(E->e, FIX_JMP, 0, x->exit, 0);
		return;
	}
	emit_bind(E->e, x->exit);
	x->exit_bound = true;
	a64_mov(E, 64, A_ARG0, A_R0);
	leave(x);
	a64_word(E, A_RET);
}

/* ---- calls ---- */
/* A C function: at `addr` here, in a portable image what `ref` says, which must be something then. */
static void call_c(struct a64 *x, u64 addr, const struct lower_ref *ref)
{
	if (!x->j->portable && !x->j->far) {
		emit_fix(E->e, FIX_ABS, 0, 0, addr);
		return;
	}
	if (!x->j->portable)
		a64_fixed(E, A_CALL, addr);
	else if (ref)
		emit_fix(E->e, FIX_SLOT, A_CALL, 0, jit_slot(x->j, ref));
	else
		x->j->err = -EINVAL;
	a64_word(E, A_BLR | A_CALL << 5);
}

void a64_call_addr(struct a64 *x, const struct ins *i)
{
	a64_mov(E, 64, A_ARG5, A_RUN);
	call_c(x, i->imm64, jit_ref(x->j, x->at));
	a64_mov(E, 64, A_R0, A_ARG0);
}

void a64_call_sub(struct a64 *x, const struct ins *i)
{
	u32 callee = flow_sub_at(x->j->l, i->target);
	s64 image = (s64)offsetof(struct run, image);

	if (callee == FLOW_NONE) { /* lowered code has no such call */
		x->j->err = -EINVAL;
		return;
	}
	if (x->j->sub[callee].tail_calls) {
		a64_mem(E, A_LOAD, 8, A_T0, A_RUN, image);
		a64_push(E, A_T0, A_ZR);
	}
	if (!callee)
		a64_mov(E, 64, A_ARG1, A_RUN);
	emit_fix(E->e, FIX_CALL, 0, jit_label_sub(x->j, callee), 0);
	if (x->j->sub[callee].tail_calls) {
		a64_pop(E, A_T0, A_ZR);
		a64_mem(E, A_STORE, 8, A_T0, A_RUN, image);
	}
	a64_mov(E, 64, A_R0, A_ARG0);
}

/* A_T0: the image in the slot that the registers name, 0: none. The context stays where it is. */
static void image_called(struct a64 *x, u32 on)
{
	static const struct lower_ref service = { .kind = LREF_SERVICE, .id = JIT_TAIL_CALL };

	a64_push(E, A_ARG0, A_ZR);
	a64_mov(E, 64, A_ARG0, A_RUN); /* map and index are where they belong */
	call_c(x, (u64)(uintptr_t)run_tail_call, &service);
	a64_mov(E, 64, A_T0, A_ARG0);
	a64_pop(E, A_ARG0, A_ZR);
	a64_cbz(E, A_CBZ, 64, A_T0, on);
}

/* What run_tail_call() does, for a slot whose place is known. Who changes it changes it for this code, too. */
static void image_in(struct a64 *x, const struct lower_tail *t, u32 on)
{
	s64 left = (s64)offsetof(struct run, tail_left);

	a64_mem(E, A_LOAD, 4, A_T1, A_RUN, left);
	a64_cbz(E, A_CBZ, 32, A_T1, on);
	a64_fixed(E, A_T0, t->id);
	a64_mem(E, A_LOAD, 4, A_T0, A_T0, 0);
	a64_cbz(E, A_CBZ, 32, A_T0, on);
	a64_fixed(E, A_T0, t->image);
	a64_mem(E, A_LOAD, 8, A_T0, A_T0, 0);
	a64_cbz(E, A_CBZ, 64, A_T0, on);
	a64_addi(E, A_SUBI, 32, A_T1, A_T1, 1);
	a64_mem(E, A_STORE, 4, A_T1, A_RUN, left);
}

/*
 * The frame goes as at an exit, and the other program's entry takes its place: a subprogram's caller gets the result. An
 * interpreted image's entry is the interpreter.
 */
void a64_tail_call(struct a64 *x, const struct ins *i)
{
	const struct lower_tail *slot = jit_tail_slot(x->j, i);
	u32 on = emit_new_label(E->e);

	if (slot)
		image_in(x, slot, on);
	else
		image_called(x, on);
	a64_mem(E, A_STORE, 8, A_T0, A_RUN, (s64)offsetof(struct run, image));
	a64_mem(E, A_LOAD, 8, A_CALL, A_T0, (s64)offsetof(struct image, tail));
	a64_mov(E, 64, A_ARG1, A_RUN);
	leave(x);
	a64_word(E, A_BR | A_CALL << 5);
	emit_bind(E->e, on);
}

/* A packet that is too short ends the function with 0. */
void a64_packet_load(struct a64 *x, const struct ins *i)
{
	u32 ok = emit_new_label(E->e);

	a64_const(E, A_T0, (u32)i->imm);
	if (ins_class(i) == IC_LDIND)
		a64_rrr(E, A_ADD, 32, A_ARG1, a64_of[i->src], A_T0);
	else
		a64_mov(E, 32, A_ARG1, A_T0);
	a64_mov(E, 64, A_ARG0, a64_of[BPF_REG_6]);
	a64_fixed(E, A_ARG2, ins_info(i)->size);
	a64_mov(E, 64, A_ARG3, A_ZR);
	a64_mov(E, 64, A_ARG4, A_ZR);
	a64_mov(E, 64, A_ARG5, A_RUN);
	call_c(x, i->imm64, jit_ref(x->j, x->at));
	a64_mov(E, 64, A_R0, A_ARG0);
	a64_addi(E, A_SUBSI, 64, A_ZR, A_R0, 0);
	a64_bcond(E, A_GE, ok);
	a64_mov(E, 64, A_R0, A_ZR);
	emit_fix(E->e, FIX_JMP, 0, x->exit, 0);
	emit_bind(E->e, ok);
}

enum keeper { KEEP_POLL, KEEP_MAY_GOTO };

static void call_keeper(struct a64 *x, enum keeper k)
{
	if (!x->keeper[k])
		x->keeper[k] = emit_new_label(E->e);
	emit_fix(E->e, FIX_CALL, 0, x->keeper[k], 0);
}

void a64_may_goto(struct a64 *x, const struct ins *i)
{
	s64 left = loops_at(x, offsetof(struct run_loops, left));
	u32 on = emit_new_label(E->e);

	a64_mem(E, A_LOAD, 4, A_T0, A_SP, left);
	a64_cbz(E, A_CBZ, 32, A_T0, i->target);
	a64_addi(E, A_SUBI, 32, A_T0, A_T0, 1);
	a64_mem(E, A_STORE, 4, A_T0, A_SP, left);
	a64_cbz(E, A_CBNZ, 32, A_T0, on);
	a64_addi(E, A_ADDI, 64, A_T0, A_SP, (u64)loops_at(x, 0));
	call_keeper(x, KEEP_MAY_GOTO);
	emit_bind(E->e, on);
}

void a64_poll(struct a64 *x)
{
	u32 on = emit_new_label(E->e);

	a64_mem(E, A_LOAD, 8, A_T0, A_RUN, (s64)offsetof(struct run, polls));
	a64_addi(E, A_SUBSI, 64, A_T0, A_T0, 1);
	a64_mem(E, A_STORE, 8, A_T0, A_RUN, (s64)offsetof(struct run, polls));
	a64_bcond(E, A_PL, on);
	call_keeper(x, KEEP_POLL);
	emit_bind(E->e, on);
}

/* ---- operations without a template ---- */
static u32 pool_label(struct a64 *x, const struct ins *i)
{
	ARENA_GROW(x->j->a, x->pool, x->npool, x->poolcap);
	x->pool[x->npool] = (struct a64_const){ .label = emit_new_label(E->e), .ins = *i };
	return x->pool[x->npool++].label;
}

void a64_outline(struct a64 *x, const struct ins *i)
{
	u16 writes = isa_writes(i);

	if (x->j->portable && i->op == OP_ARENA) /* names memory of this process */
		x->j->err = -EOPNOTSUPP;
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (x->need >> r & 1)
			a64_mem(E, A_STORE, 8, a64_of[r], A_SP, regs_at(r));
	a64_addi(E, A_ADDI, 64, A_ARG0, A_SP, 0);
	emit_fix(E->e, FIX_REL, A_ARG1, pool_label(x, i), 0);
	call_c(x, (u64)(uintptr_t)vm_body_of[i->op], &(struct lower_ref){ .kind = LREF_OP, .id = i->op });
	a64_mov(E, 64, A_T0, A_ARG0);
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (r != BPF_REG_10 && ((x->live | writes) >> r & 1))
			a64_mem(E, A_LOAD, 8, a64_of[r], A_SP, regs_at(r));
}

/* ---- thunks ---- */
/* u64 call(void *sub, u64 r1 .. r5, struct run *run): a C function's arguments, one place further for BPF's. */
static void call_thunk(struct a64 *x)
{
	a64_word(E, A_BTI_C);
	a64_push(E, A_LINK_FP, A_LR);
	a64_push(E, A_RUN, A_ZR);
	a64_mov(E, 64, A_RUN, 6);
	a64_mov(E, 64, A_CALL, 0);
	for (u8 r = 0; r < 5; r++)
		a64_mov(E, 64, r, (u8)(r + 1));
	a64_word(E, A_BLR | A_CALL << 5);
	a64_pop(E, A_RUN, A_ZR);
	a64_pop(E, A_LINK_FP, A_LR);
	a64_word(E, A_RET);
}

/* Calls C with the run, or with what is in A_T0: BPF's registers stay. */
static void keeper_thunk(struct a64 *x, enum keeper k)
{
	static const struct lower_ref service[] = { [KEEP_POLL] = { .kind = LREF_SERVICE, .id = JIT_POLL },
						    [KEEP_MAY_GOTO] = { .kind = LREF_SERVICE, .id = JIT_MAY_GOTO } };
	u64 addr = k == KEEP_POLL ? (u64)(uintptr_t)run_poll : (u64)(uintptr_t)run_may_goto;

	emit_bind(E->e, x->keeper[k]);
	a64_push(E, A_LINK_FP, A_LR);
	for (u8 r = 0; r < 8; r = (u8)(r + 2))
		a64_push(E, r, (u8)(r + 1));
	a64_mov(E, 64, A_ARG0, k == KEEP_POLL ? A_RUN : A_T0);
	call_c(x, addr, &service[k]);
	for (u8 r = 8; r > 0; r = (u8)(r - 2))
		a64_pop(E, (u8)(r - 2), (u8)(r - 1));
	a64_pop(E, A_LINK_FP, A_LR);
	a64_word(E, A_RET);
}

void a64_thunks(struct a64 *x)
{
	struct jit_emit *e = E->e;

	emit_fix(e, FIX_ALIGN, 0, 0, 16);
	emit_bind(e, x->j->call);
	call_thunk(x);
	for (u32 k = 0; k < ARRAY_SIZE(x->keeper); k++)
		if (x->keeper[k])
			keeper_thunk(x, k);
	for (u32 i = 0; i < x->npool; i++) {
		emit_room(e, sizeof(struct ins) + 64);
		emit_fix(e, FIX_ALIGN, 0, 0, 8);
		emit_bind(e, x->pool[i].label);
		memcpy(e->buf + e->n, &x->pool[i].ins, sizeof(struct ins));
		e->n += (u32)sizeof(struct ins);
	}
}
