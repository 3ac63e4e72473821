/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames, calls and what leaves the straight path. See x86.h.
 *
 * A frame, downwards: return address, rbp, BPF's stack, slots of our own, saved registers. rbp is r10; a subprogram that does
 * not use its stack has none of the middle. Every subprogram keeps those of rbx, r13-r15 that it uses, so that a caller's
 * r6-r9 stay; the entry keeps r12 too, above all others, and puts the run there.
 *
 * Tail calls *hop*: the caller leaves its frame but for r12, which stays the run, and jumps behind the place where the called program
 * would do the same. So where a hop arrives, rdi is the context, r12 the run, and on the stack are the r12 to go back with and
 * a return address.
 */
#include "jit/x86.h"

#include <errno.h>

#include "vm/outline.h"

#define E (&x->enc)
#define CALLER_SAVED 0x0fc7u /* rax, rcx, rdx, rsi, rdi, r8-r11 */
#define SLOT_LOOPS 16
#define SLOT_REGS (FLOW_REGS * 8)

/* ---- frames ---- */
static const u8 kept[] = { BPF_REG_6, BPF_REG_7, BPF_REG_8, BPF_REG_9 };

struct frame {
	u8 push[4];
	u32 npush, room;
	bool run, pad; /* r12 is kept; a word for the calls' alignment */
};

static struct frame frame_of(const struct x86 *x)
{
	const struct jit_sub *s = &x->j->sub[x->sub];
	struct frame f = { .npush = 0 };

	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		if (s->regs >> kept[i] & 1)
			f.push[f.npush++] = x86_of[kept[i]];
	f.run = !x->sub && x->j->need_run;
	if (s->frame) {
		f.room = s->stack + (s->may_goto ? SLOT_LOOPS : 0) + (s->outlines ? SLOT_REGS : 0);
		f.room += (f.npush + f.run) % 2 * 8;
	} else {
		f.pad = s->calls && (f.npush + f.run) % 2 == 0;
	}
	return f;
}

static void endbr64(struct x86 *x)
{
	x_byte(E, 0xf3);
	x_byte(E, 0x0f);
	x_byte(E, 0x1e);
	x_byte(E, 0xfa);
}

/* The frame's struct run_loops. */
static struct x86_mem loops_at(const struct x86 *x, size_t field)
{
	return x_at(X_RBP, x->slot - SLOT_LOOPS + (s32)field);
}

void x86_prologue(struct x86 *x)
{
	const struct jit_sub *s = &x->j->sub[x->sub];
	const struct lowered_sub *l = &x->j->l->sub[x->sub];
	struct frame f = frame_of(x);

	if (!x->sub || l->callback || l->exception_cb)
		endbr64(x);
	if (f.run) {
		x_push(E, X_RUN);
		x_mov(E, 64, X_RUN, X_RSI);
		emit_bind(x->enc.e, x->j->hop);
		endbr64(x);
	}
	if (s->frame) {
		x_push(E, X_RBP);
		x_mov(E, 64, X_RBP, X_RSP);
		if (f.room)
			x_fixed(E, X_SUB, 64, X_RSP, (s32)f.room);
	}
	for (u32 i = 0; i < f.npush; i++)
		x_push(E, f.push[i]);
	if (f.pad)
		x_push(E, X_RAX);
	x->slot = -(s32)s->stack;
	if (s->may_goto) {
		x_rm(E, 0xc7, 32, 0, loops_at(x, offsetof(struct run_loops, left)));
		emit_32(x->enc.e, RUN_LOOPS);
		x_rm(E, 0xc7, 64, 0, loops_at(x, offsetof(struct run_loops, since)));
		emit_32(x->enc.e, 0);
	}
}

/* Everything but r12 and the return. */
static void leave(struct x86 *x, struct frame f)
{
	if (f.pad)
		x_pop(E, X_RCX);
	for (u32 i = f.npush; i-- > 0;)
		x_pop(E, f.push[i]);
	if (!x->j->sub[x->sub].frame)
		return;
	if (f.room)
		x_byte(E, 0xc9);
	else
		x_pop(E, X_RBP);
}

void x86_exit(struct x86 *x)
{
	struct frame f = frame_of(x);

	val_settle(x, BPF_REG_0);
	if (x->exit_bound) {
		emit_fix(x->enc.e, FIX_JMP, 0, x->exit, 0);
		return;
	}
	emit_bind(x->enc.e, x->exit);
	x->exit_bound = true;
	leave(x, f);
	if (f.run)
		x_pop(E, X_RUN);
	x_byte(E, 0xc3);
}

/* ---- calls ---- */
/* Before code that changes the registers which calls may change: r1-r5 as far as they are arguments, and later values. */
static void settle_for_call(struct x86 *x, u16 args)
{
	val_settle_loads(x);
	for (u8 r = BPF_REG_6; r < FLOW_REGS; r++)
		if (x->live >> r & 1 && val_is_pending(x, r) && val_natives(&x->v[r]) & CALLER_SAVED)
			val_settle(x, r);
	val_settle_all(x, args);
}

static void after_call(struct x86 *x)
{
	for (u8 r = 0; r <= BPF_REG_5; r++)
		val_in_reg(x, r);
	flags_unknown(x);
	stored_unknown(x);
}

/* lea reg, [rip + label] */
static void lea_label(struct x86 *x, u8 reg, u32 label)
{
	x_byte(E, (u8)(0x48 | (reg >> 3) << 2));
	x_byte(E, 0x8d);
	x_byte(E, (u8)((reg & 7) << 3 | 5));
	emit_fix(x->enc.e, FIX_REL, 0, label, 0);
}

/* Through rax: a jump (4) or call (2) of what only the run knows, or what direct calls do not reach. */
static void through_rax(struct x86 *x, u8 kind)
{
	if (x->j->o->hardened) {
		if (!x->retpoline)
			x->retpoline = emit_new_label(x->enc.e);
		emit_fix(x->enc.e, kind == 2 ? FIX_CALL : FIX_JMP, 0, x->retpoline, 0);
	} else {
		x_rr(E, 0xff, 32, kind, X_RAX);
	}
}

/* A C function: at `addr` here, in a portable image what `ref` says, which must be something then. */
static void call_c(struct x86 *x, u64 addr, const struct lower_ref *ref)
{
	if (x->j->portable) {
		if (!ref) {
			x->j->err = -EINVAL;
		} else if (x->j->o->hardened) {
			x_rslot(E, X_MOV_LOAD, 64, X_RAX, jit_slot(x->j, ref));
			through_rax(x, 2);
		} else {
			x_rslot(E, 0xff, 32, 2, jit_slot(x->j, ref));
		}
		return;
	}
	if (!x->j->far) {
		emit_fix(x->enc.e, FIX_ABS, 0, 0, addr);
		return;
	}
	x_address(E, X_RAX, addr);
	through_rax(x, 2);
}

void x86_call_addr(struct x86 *x, const struct ins *i)
{
	settle_for_call(x, flow_uses(&x->j->flow, x->j->l, i));
	x_mov(E, 64, X_ARG6, X_RUN);
	call_c(x, i->imm64, jit_ref(x->j, x->at));
	after_call(x);
}

void x86_call_sub(struct x86 *x, const struct ins *i)
{
	u32 callee = flow_sub_at(x->j->l, i->target);
	struct x86_mem image = x_at(X_RUN, (s32)offsetof(struct run, image));

	if (callee == FLOW_NONE) { /* lowered code has no such call */
		x->j->err = -EINVAL;
		return;
	}
	settle_for_call(x, flow_uses(&x->j->flow, x->j->l, i));
	if (x->j->sub[callee].tail_calls) {
		x_rm(E, 0xff, 32, 6, image);
		x_push(E, X_RAX);
	}
	if (!callee)
		x_mov(E, 64, X_RSI, X_RUN);
	emit_fix(x->enc.e, FIX_CALL, 0, jit_label_sub(x->j, callee), 0);
	if (x->j->sub[callee].tail_calls) {
		x_pop(E, X_RCX);
		x_rm(E, 0x8f, 32, 0, image);
	}
	after_call(x);
}

/* rax: the image in the slot that the registers name, 0: none. The context stays in rdi. */
static void image_called(struct x86 *x, u32 on)
{
	static const struct lower_ref service = { .kind = LREF_SERVICE, .id = JIT_TAIL_CALL };

	settle_for_call(x, 0x0e);
	x_push(E, X_RDI);
	x_push(E, X_RDI);
	x_mov(E, 64, X_RDI, X_RUN);
	call_c(x, (u64)(uintptr_t)run_tail_call, &service);
	x_pop(E, X_RDI);
	x_pop(E, X_RDI);
	x_rr(E, X_TEST, 64, X_RAX, X_RAX);
	emit_fix(x->enc.e, FIX_JCC, X_E, on, 0);
}

/*
 * What run_tail_call() does, for a slot whose place is known. Who changes it changes it for this code, too. The count goes down first
 * and up again where that was one too many, which is far from here.
 */
static void image_in(struct x86 *x, const struct lower_tail *t, u32 on)
{
	s64 apart = (s64)(t->image - t->id);

	settle_for_call(x, 0x02);
	x_address(E, X_RAX, t->id);
	x_cmp_mi(E, 4, x_at(X_RAX, 0), 0);
	emit_fix(x->enc.e, FIX_JCC, X_E, on, 0);
	if (!x_fits32(apart)) {
		x_address(E, X_RAX, t->image);
		apart = 0;
	}
	x_rm(E, X_MOV_LOAD, 64, X_RAX, x_at(X_RAX, (s32)apart));
	x_rr(E, X_TEST, 64, X_RAX, X_RAX);
	emit_fix(x->enc.e, FIX_JCC, X_E, on, 0);
	ARENA_GROW(x->j->a, x->full, x->nfull, x->fullcap);
	x->full[x->nfull] = (struct x86_full){ .label = emit_new_label(x->enc.e), .on = on };
	x_rm(E, 0x83, 32, X_SUB, x_at(X_RUN, (s32)offsetof(struct run, tail_left)));
	x_byte(E, 1);
	emit_fix(x->enc.e, FIX_JCC, X_B, x->full[x->nfull++].label, 0);
}

static void count_back(struct x86 *x, const struct x86_full *f)
{
	emit_bind(x->enc.e, f->label);
	x_rm(E, 0x83, 32, X_ADD, x_at(X_RUN, (s32)offsetof(struct run, tail_left)));
	x_byte(E, 1);
	emit_fix(x->enc.e, FIX_JMP, 0, f->on, 0);
}

/*
 * On to rax, where the called program's code goes on, without an indirect jump: what the slot held when this code was made, or else this
 * program itself, is what it still mostly is. Only others go through the thunk.
 */
static void hop_hardened(struct x86 *x, const struct lower_tail *slot)
{
	u64 goal = slot ? jit_tail_goal(slot) : 0;
	u32 other = emit_new_label(x->enc.e);

	if (slot && !goal) {
		lea_label(x, X_RCX, x->j->hop);
		x_rr(E, X_ALU_RM(X_CMP), 64, X_RAX, X_RCX);
		emit_fix(x->enc.e, FIX_JCC, X_E, x->j->hop, 0);
	} else if (slot && !x->j->far) {
		x_address(E, X_RCX, goal);
		x_rr(E, X_ALU_RM(X_CMP), 64, X_RAX, X_RCX);
		emit_fix(x->enc.e, FIX_JCC, X_NE, other, 0);
		emit_fix(x->enc.e, FIX_ABS_JMP, 0, 0, goal);
		emit_bind(x->enc.e, other);
	}
	through_rax(x, 4);
}

/* The frame goes, and the other program's takes its place: a subprogram's caller gets the result. */
void x86_tail_call(struct x86 *x, const struct ins *i)
{
	const struct lower_tail *slot = jit_tail_slot(x->j, i);
	struct x86_mem hop = x_at(X_RAX, (s32)offsetof(struct image, hop));
	struct frame f = frame_of(x);
	u32 on = emit_new_label(x->enc.e);

	if (slot)
		image_in(x, slot, on);
	else
		image_called(x, on);
	x_rm(E, X_MOV_STORE, 64, X_RAX, x_at(X_RUN, (s32)offsetof(struct run, image)));
	leave(x, f);
	if (!f.run)
		x_push(E, X_RUN);
	if (x->j->o->hardened) {
		x_rm(E, X_MOV_LOAD, 64, X_RAX, hop);
		hop_hardened(x, slot);
	} else {
		x_rm(E, 0xff, 32, 4, hop);
	}
	emit_bind(x->enc.e, on);
	after_call(x);
}

/* A packet that is too short ends the function with 0. */
void x86_packet_load(struct x86 *x, const struct ins *i)
{
	struct jit_emit *e = x->enc.e;
	u32 ok = emit_new_label(e);
	bool indirect = ins_class(i) == IC_LDIND;

	settle_for_call(x, (u16)(BIT(BPF_REG_6) | (indirect ? BIT(i->src) : 0)));
	if (indirect) {
		u8 s = x86_of[i->src];

		if (s != X_RSI)
			x_mov(E, 32, X_RSI, s);
		x_ri(E, X_ADD, 32, X_RSI, i->imm);
	} else {
		x_mov_ri(E, X_RSI, (u32)i->imm);
	}
	x_mov(E, 64, X_RDI, x86_of[BPF_REG_6]);
	x_address(E, X_RDX, ins_info(i)->size);
	x_alu(E, X_XOR, 32, X_RCX, X_RCX);
	x_alu(E, X_XOR, 32, X_R8, X_R8);
	x_mov(E, 64, X_ARG6, X_RUN);
	call_c(x, i->imm64, jit_ref(x->j, x->at));
	x_rr(E, X_TEST, 64, X_RAX, X_RAX);
	emit_fix(e, FIX_JCC, X_NS, ok, 0);
	x_alu(E, X_XOR, 32, X_RAX, X_RAX);
	emit_fix(e, FIX_JMP, 0, x->exit, 0);
	emit_bind(e, ok);
	after_call(x);
}

enum keeper { KEEP_POLL, KEEP_MAY_GOTO };

static void call_keeper(struct x86 *x, enum keeper k)
{
	if (!x->keeper[k])
		x->keeper[k] = emit_new_label(x->enc.e);
	emit_fix(x->enc.e, FIX_CALL, 0, x->keeper[k], 0);
}

/* Values are settled as the target wants them. */
void x86_may_goto(struct x86 *x, const struct ins *i)
{
	struct x86_mem left = loops_at(x, offsetof(struct run_loops, left));
	u32 on = emit_new_label(x->enc.e);

	x_cmp_mi(E, 4, left, 0);
	emit_fix(x->enc.e, FIX_JCC, X_E, i->target, 0);
	x_rm(E, 0x83, 32, X_SUB, left);
	x_byte(E, 1);
	emit_fix(x->enc.e, FIX_JCC, X_NE, on, 0);
	x_rm(E, X_LEA, 64, X_TMP, loops_at(x, 0));
	call_keeper(x, KEEP_MAY_GOTO);
	emit_bind(x->enc.e, on);
	flags_unknown(x);
}

/* No register is changed, and no memory that the program knows: values stay pending. */
void x86_poll(struct x86 *x)
{
	u32 on = emit_new_label(x->enc.e);

	x_rm(E, 0x83, 64, X_SUB, x_at(X_RUN, (s32)offsetof(struct run, polls)));
	x_byte(E, 1);
	emit_fix(x->enc.e, FIX_JCC, X_NS, on, 0);
	call_keeper(x, KEEP_POLL);
	emit_bind(x->enc.e, on);
	flags_unknown(x);
}

/* ---- operations without a template ---- */
static u32 pool_label(struct x86 *x, const struct ins *i)
{
	ARENA_GROW(x->j->a, x->pool, x->npool, x->poolcap);
	x->pool[x->npool] = (struct x86_const){ .label = emit_new_label(x->enc.e), .ins = *i };
	return x->pool[x->npool++].label;
}

/* The C body works on registers in memory. A conditional jump leaves its answer in X_TMP. */
void x86_outline(struct x86 *x, const struct ins *i)
{
	s32 area = x->slot - (x->j->sub[x->sub].may_goto ? SLOT_LOOPS : 0) - SLOT_REGS;
	u16 writes = isa_writes(i);

	val_settle_all(x, x->need);
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (x->need >> r & 1)
			x_rm(E, X_MOV_STORE, 64, x86_of[r], x_at(X_RBP, area + r * 8));
	x_rm(E, X_LEA, 64, X_RDI, x_at(X_RBP, area));
	lea_label(x, X_RSI, pool_label(x, i));
	call_c(x, (u64)(uintptr_t)vm_body_of[i->op], &(struct lower_ref){ .kind = LREF_OP, .id = i->op });
	x_mov(E, 64, X_TMP, X_RAX);
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (r != BPF_REG_10 && ((x->live | writes) >> r & 1))
			x_rm(E, X_MOV_LOAD, 64, x86_of[r], x_at(X_RBP, area + r * 8));
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (writes >> r & 1)
			val_in_reg(x, r);
	flags_unknown(x);
	stored_unknown(x);
}

/* ---- thunks ---- */
/* Where a hop arrives at a program that does not keep the run. */
static void hop_thunk(struct x86 *x)
{
	emit_bind(x->enc.e, x->j->hop);
	endbr64(x);
	x_pop(E, X_RUN);
	emit_fix(x->enc.e, FIX_JMP, 0, x->j->entry, 0);
}

/* u64 call(void *sub, u64 r1 .. r5, struct run *run): a C function's arguments, one place further for BPF's. */
static void call_thunk(struct x86 *x)
{
	endbr64(x);
	x_push(E, X_RUN);
	x_rm(E, X_MOV_LOAD, 64, X_RUN, x_at(X_RSP, 16));
	x_mov(E, 64, X_RAX, X_RDI);
	x_mov(E, 64, X_RDI, X_RSI);
	x_mov(E, 64, X_RSI, X_RDX);
	x_mov(E, 64, X_RDX, X_RCX);
	x_mov(E, 64, X_RCX, X_R8);
	x_mov(E, 64, X_R8, X_R9);
	through_rax(x, 2);
	x_pop(E, X_RUN);
	x_byte(E, 0xc3);
}

/* Speculation of the return ends in a loop of its own. */
static void retpoline_thunk(struct x86 *x)
{
	struct jit_emit *e = x->enc.e;
	u32 real = emit_new_label(e), trap = emit_new_label(e);

	emit_bind(e, x->retpoline);
	emit_fix(e, FIX_CALL, 0, real, 0);
	emit_bind(e, trap);
	x_byte(E, 0xf3), x_byte(E, 0x90);                     /* pause */
	x_byte(E, 0x0f), x_byte(E, 0xae), x_byte(E, 0xe8);    /* lfence */
	emit_fix(e, FIX_JMP, 0, trap, 0);
	emit_bind(e, real);
	x_rm(E, X_MOV_STORE, 64, X_RAX, x_at(X_RSP, 0));
	x_byte(E, 0xc3);
}

/* Calls C with the run, or with what is in X_TMP, from any place: all registers stay, and the stack is aligned here. */
static void keeper_thunk(struct x86 *x, enum keeper k)
{
	static const u8 keep[] = { X_RAX, X_RCX, X_RDX, X_RSI, X_RDI, X_R8, X_R9, X_R10 };
	static const struct lower_ref service[] = { [KEEP_POLL] = { .kind = LREF_SERVICE, .id = JIT_POLL },
						    [KEEP_MAY_GOTO] = { .kind = LREF_SERVICE, .id = JIT_MAY_GOTO } };
	u64 addr = k == KEEP_POLL ? (u64)(uintptr_t)run_poll : (u64)(uintptr_t)run_may_goto;

	emit_bind(x->enc.e, x->keeper[k]);
	x_push(E, X_RBP);
	x_mov(E, 64, X_RBP, X_RSP);
	for (u32 i = 0; i < ARRAY_SIZE(keep); i++)
		x_push(E, keep[i]);
	x_fixed(E, X_AND, 64, X_RSP, -16);
	x_mov(E, 64, X_RDI, k == KEEP_POLL ? X_RUN : X_TMP);
	call_c(x, addr, &service[k]);
	x_rm(E, X_LEA, 64, X_RSP, x_at(X_RBP, -8 * (s32)ARRAY_SIZE(keep)));
	for (u32 i = (u32)ARRAY_SIZE(keep); i-- > 0;)
		x_pop(E, keep[i]);
	x_pop(E, X_RBP);
	x_byte(E, 0xc3);
}

void x86_thunks(struct x86 *x)
{
	struct jit_emit *e = x->enc.e;

	emit_fix(e, FIX_ALIGN, 0, 0, 16);
	emit_bind(e, x->j->call);
	call_thunk(x);
	if (!x->j->need_run)
		hop_thunk(x);
	for (u32 i = 0; i < x->nfull; i++) {
		emit_room(e, 64);
		count_back(x, &x->full[i]);
	}
	for (u32 k = 0; k < ARRAY_SIZE(x->keeper); k++)
		if (x->keeper[k])
			keeper_thunk(x, k);
	if (x->retpoline)
		retpoline_thunk(x);
	for (u32 i = 0; i < x->npool; i++) {
		emit_room(e, sizeof(struct ins) + 64);
		emit_fix(e, FIX_ALIGN, 0, 0, 8);
		emit_bind(e, x->pool[i].label);
		memcpy(e->buf + e->n, &x->pool[i].ins, sizeof(struct ins));
		e->n += (u32)sizeof(struct ins);
	}
}
