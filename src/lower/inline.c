/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that need none: lookups in arrays known by the proof, loops over a known callback, the number of the CPU, small
 * subprograms. Lookups in other known maps skip the helper.
 *
 * They become ordinary operations, so every engine runs them and the compiler folds them with what is around: the sum that is a
 * value's address into the load that follows, and the NULL check, when that is the next instruction, into the check of the
 * index.
 */
#include "lower/seq.h"

#define MAX_LOOPS (1 << 23)
#define LOOP_STACK 24  /* r6-r8 of the caller */
#define ARENA_STACK 32 /* below them: a register while another stands in for it (8 bytes) */

static void op_imm(struct seq *s, u16 op, u8 dst, s32 imm)
{
	seq_add(s, (struct ins){ .op = op, .dst = dst, .imm = imm });
}

static void op_reg(struct seq *s, u16 op, u8 dst, u8 src)
{
	seq_add(s, (struct ins){ .op = op, .dst = dst, .src = src });
}

static void op_const(struct seq *s, u8 dst, u64 v)
{
	seq_add(s, (struct ins){ .op = OP_LDIMM64, .dst = dst, .imm64 = v });
}

/* Returns the place of the jump, whose local target is set later. */
static u32 jump(struct seq *s, u16 op, u8 dst, u32 imm)
{
	seq_local(s, s->n);
	seq_add(s, (struct ins){ .op = op, .dst = dst, .imm = (s32)imm });
	return s->n - 1;
}

static void jump_insn(struct seq *s, u32 insn)
{
	seq_add(s, (struct ins){ .op = OP_JA, .target = insn });
}

static void land(struct seq *s, u32 jump)
{
	s->op[jump].target = s->n;
}

/* ---- lookups in arrays ---- */
/* The one map that this lookup is for, or NULL. */
static const struct map_desc *map_of(const struct lowering *l, u32 at)
{
	const struct ins *i = &l->p->ins[at];
	const struct insn_fact *f = &l->p->fact[at];

	return i->op == OP_CALL && i->imm == BPF_FUNC_map_lookup_elem && f->walked && f->call_const_map ? f->map : NULL;
}

static bool array_of(const struct lowering *l, u32 at, struct lower_array *ret)
{
	const struct map_desc *m = map_of(l, at);

	return m && l->o->map_array && !l->o->map_array(l->o->cookie, m, ret) && ret->stride <= S32_MAX &&
	       ret->lane <= S32_MAX;
}

/* `if r0 == 0` or `if r0 != 0` right after the call at `at`, which nothing else leads to and which goes both ways. */
static bool is_null_check(const struct lowering *l, u32 at)
{
	const struct proof *p = l->p;
	const struct ins *i = &p->ins[at + 1];

	return at + 2 < p->n && (i->op == OP_JEQ_K || i->op == OP_JNE_K) && i->dst == BPF_REG_0 && !i->imm &&
	       !l->jumped[at + 1] && p->fact[at + 1].walked && p->fact[i->target].walked && p->fact[at + 2].walked &&
	       !l->o->hardened && lower_sub_of(p, at) == lower_sub_of(p, at + 2);
}

bool lower_is_fused(const struct lowering *l, u32 at)
{
	struct lower_array a;
	u32 call = at - 1;

	return at > 0 && is_null_check(l, call) && array_of(l, call, &a) && !l->p->fact[call].key_const;
}

/* r0 = the number of the element, r3 = that of the CPU -> r0 = its address. */
static void address(struct seq *s, const struct lower_array *a, u64 map)
{
	if (a->stride & (a->stride - 1))
		op_imm(s, OP_MUL64_K, BPF_REG_0, (s32)a->stride);
	else
		op_imm(s, OP_LSH64_K, BPF_REG_0, __builtin_ctz(a->stride));
	seq_ref(s, (struct lower_ref){ .kind = LREF_MAP_VALUE, .map = map });
	op_const(s, BPF_REG_1, a->data);
	op_reg(s, OP_ADD64_X, BPF_REG_0, BPF_REG_1);
	if (!a->percpu)
		return;
	op_imm(s, OP_MUL64_K, BPF_REG_3, (s32)a->lane);
	op_reg(s, OP_ADD64_X, BPF_REG_0, BPF_REG_3);
}

/* The checks: jumps taken when there is no such element. */
static void element(struct seq *s, const struct lower_array *a, bool mask, u32 miss[2])
{
	seq_add(s, (struct ins){ .op = OP_LDX_W, .dst = BPF_REG_0, .src = BPF_REG_2 });
	miss[1] = ~0u;
	if (a->percpu) {
		seq_add(s, (struct ins){ .op = OP_GET_CPU, .dst = BPF_REG_3 });
		miss[1] = jump(s, OP_JGE32_K, BPF_REG_3, a->lanes);
	}
	miss[0] = jump(s, OP_JGE32_K, BPF_REG_0, a->max_entries);
	if (mask) { /* all ones when it is below, also when that was not waited for */
		op_reg(s, OP_MOV64_X, BPF_REG_1, BPF_REG_0);
		seq_add(s, (struct ins){ .op = OP_LDIMM64, .dst = BPF_REG_4, .imm64 = a->max_entries });
		op_reg(s, OP_SUB64_X, BPF_REG_1, BPF_REG_4);
		op_imm(s, OP_ARSH64_K, BPF_REG_1, 63);
		op_reg(s, OP_AND64_X, BPF_REG_0, BPF_REG_1);
	}
}

static void land_miss(struct seq *s, const u32 miss[2])
{
	land(s, miss[0]);
	if (miss[1] != ~0u)
		land(s, miss[1]);
	op_imm(s, OP_MOV64_K, BPF_REG_0, 0);
}

/* The next instruction is `if r0 == 0 goto`: a miss goes there, everything else on. */
static void lookup_then_check(struct seq *s, const struct lower_array *a, u64 map, const struct ins *check)
{
	u32 miss[2], hit;

	if (check->op == OP_JNE_K) {
		element(s, a, false, miss);
		address(s, a, map);
		jump_insn(s, check->target);
		land_miss(s, miss);
		return;
	}
	if (a->percpu) {
		seq_add(s, (struct ins){ .op = OP_GET_CPU, .dst = BPF_REG_3 });
		op_imm(s, OP_MOV64_K, BPF_REG_0, 0);
		seq_add(s, (struct ins){ .op = OP_JGE32_K, .dst = BPF_REG_3, .imm = (s32)a->lanes, .target = check->target });
	}
	seq_add(s, (struct ins){ .op = OP_LDX_W, .dst = BPF_REG_0, .src = BPF_REG_2 });
	hit = jump(s, OP_JLT32_K, BPF_REG_0, a->max_entries);
	op_imm(s, OP_MOV64_K, BPF_REG_0, 0);
	jump_insn(s, check->target);
	land(s, hit);
	address(s, a, map);
}

static void lookup(struct lowering *l, struct seq *s, u32 at, const struct lower_array *a)
{
	const struct insn_fact *f = &l->p->fact[at];
	u64 map = l->o->map_addr(l->o->cookie, f->map);
	u32 miss[2], done;

	if (f->key_const && f->key < a->max_entries && !a->percpu) {
		seq_ref(s, (struct lower_ref){ .kind = LREF_MAP_VALUE, .map = map, .off = (u64)f->key * a->stride });
		op_const(s, BPF_REG_0, a->data + (u64)f->key * a->stride);
		return;
	}
	if (lower_is_fused(l, at + 1)) {
		lookup_then_check(s, a, map, &l->p->ins[at + 1]);
		return;
	}
	element(s, a, l->o->hardened, miss);
	address(s, a, map);
	done = jump(s, OP_JA, 0, 0);
	land_miss(s, miss);
	land(s, done);
}

/* Other maps: straight to what the type does, without the helper. */
static bool call_lookup(const struct lowering *l, struct seq *s, u32 at)
{
	const struct map_desc *m = map_of(l, at);
	struct ins call = l->p->ins[at];

	call.imm64 = m && l->o->map_lookup ? l->o->map_lookup(l->o->cookie, m) : 0;
	if (!call.imm64)
		return false;
	call.dst = 1 + 3;
	seq_add(s, (struct ins){ .op = OP_GET_CPU, .dst = BPF_REG_3 });
	seq_ref(s, (struct lower_ref){ .kind = LREF_MAP_LOOKUP, .map = l->o->map_addr(l->o->cookie, m) });
	seq_add(s, call);
	return true;
}

/* ---- bpf_loop ---- */
static bool is_loop(const struct lowering *l, u32 at)
{
	const struct ins *i = &l->p->ins[at];
	const struct insn_fact *f = &l->p->fact[at];

	return i->op == OP_CALL && i->imm == BPF_FUNC_loop && f->walked && f->loop_inline;
}

u32 lower_inline_stack(const struct lowering *l, u32 sub)
{
	u32 n = 0;

	for (u32 at = l->p->sub[sub].start; at < l->p->sub[sub].end && n < LOOP_STACK + ARENA_STACK; at++) {
		enum ins_class c = ins_class(&l->p->ins[at]);
		if (is_loop(l, at))
			n |= LOOP_STACK;
		else if (l->p->fact[at].mem == MF_ARENA && c != IC_LDX && c != IC_LOAD_ACQ)
			n |= ARENA_STACK;
	}
	return n;
}

static void save(struct seq *s, u16 op, u8 reg, s32 at)
{
	bool store = op == OP_STX_DW;

	seq_add(s, (struct ins){ .op = op, .dst = store ? BPF_REG_10 : reg, .src = store ? reg : BPF_REG_10, .off = (s16)at });
}

static int call_or_body(struct lowering *l, struct seq *s, u32 sub)
{
	if (lower_has_body(l, sub))
		return lower_body(l, s, sub);
	seq_add(s, (struct ins){ .op = OP_CALL_SUB, .target = l->p->sub[sub].start });
	return 0;
}

/* r1: how often, r3: the callback's context. r6: count, r7: limit, r8: context; the caller's lie below its stack. */
static int loop(struct lowering *l, struct seq *s, u32 at)
{
	const struct proof *p = l->p;
	s32 slot = -(s32)ROUND_UP((u32)p->sub[lower_sub_of(p, at)].stack, 8u);
	u32 fine, end, again, out;
	int err;

	op_reg(s, OP_MOV32_X, BPF_REG_1, BPF_REG_1);
	fine = jump(s, OP_JLE_K, BPF_REG_1, MAX_LOOPS);
	op_imm(s, OP_MOV64_K, BPF_REG_0, -7); /* -E2BIG */
	out = jump(s, OP_JA, 0, 0);
	land(s, fine);
	save(s, OP_STX_DW, BPF_REG_6, slot - 8);
	save(s, OP_STX_DW, BPF_REG_7, slot - 16);
	save(s, OP_STX_DW, BPF_REG_8, slot - 24);
	op_imm(s, OP_MOV64_K, BPF_REG_6, 0);
	op_reg(s, OP_MOV64_X, BPF_REG_7, BPF_REG_1);
	op_reg(s, OP_MOV64_X, BPF_REG_8, BPF_REG_3);
	again = s->n;
	if (l->o->budget)
		seq_add(s, (struct ins){ .op = OP_POLL });
	seq_local(s, s->n);
	end = s->n;
	op_reg(s, OP_JGE_X, BPF_REG_6, BPF_REG_7);
	op_reg(s, OP_MOV64_X, BPF_REG_1, BPF_REG_6);
	op_reg(s, OP_MOV64_X, BPF_REG_2, BPF_REG_8);
	err = call_or_body(l, s, p->fact[at].callee);
	op_imm(s, OP_ADD64_K, BPF_REG_6, 1);
	s->op[jump(s, OP_JEQ_K, BPF_REG_0, 0)].target = again;
	land(s, end);
	op_reg(s, OP_MOV64_X, BPF_REG_0, BPF_REG_6);
	save(s, OP_LDX_DW, BPF_REG_6, slot - 8);
	save(s, OP_LDX_DW, BPF_REG_7, slot - 16);
	save(s, OP_LDX_DW, BPF_REG_8, slot - 24);
	land(s, out);
	return err;
}

bool lower_inline(struct lowering *l, struct seq *s, u32 at)
{
	struct lower_array a;
	u32 sub;

	if (l->p->ins[at].op == OP_CALL_SUB) {
		sub = lower_sub_of(l->p, l->p->ins[at].target);
		if (!lower_has_body(l, sub))
			return false;
		l->err = lower_body(l, s, sub);
		return true;
	}
	if (array_of(l, at, &a)) {
		lookup(l, s, at, &a);
		return true;
	}
	if (call_lookup(l, s, at))
		return true;
	if (is_loop(l, at)) {
		l->err = loop(l, s, at);
		return true;
	}
	if (l->p->ins[at].op == OP_CALL && l->p->ins[at].imm == BPF_FUNC_get_smp_processor_id) {
		seq_add(s, (struct ins){ .op = OP_GET_CPU, .dst = BPF_REG_0 });
		return true;
	}
	return false;
}
