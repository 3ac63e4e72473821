/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that need none: lookups in arrays and arrays of maps known by the proof, loops over a known callback, the number of the CPU,
 * exchanges of kernel pointers, casts, small subprograms. Lookups in other known maps skip the helper.
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
static bool is_lookup(const struct lowering *l, u32 at)
{
	return l->p->ins[at].op == OP_CALL && l->p->ins[at].imm == BPF_FUNC_map_lookup_elem && l->p->fact[at].walked;
}

/* The one map that this lookup is for, or NULL. */
static const struct map_desc *map_of(const struct lowering *l, u32 at)
{
	return is_lookup(l, at) && l->p->fact[at].call_const_map ? l->p->fact[at].map : NULL;
}

static bool array_of(const struct lowering *l, u32 at, struct lower_array *ret)
{
	const struct insn_fact *f = &l->p->fact[at];

	return is_lookup(l, at) && (f->call_const_map || f->call_inner_map) && l->o->map_array &&
	       !l->o->map_array(l->o->cookie, f->map, f->call_inner_map, ret) && ret->stride <= S32_MAX && ret->lane <= S32_MAX;
}

static bool maps_of(const struct lowering *l, u32 at, struct lower_maps *ret)
{
	const struct map_desc *m = map_of(l, at);

	return m && l->o->map_of_maps && !l->o->map_of_maps(l->o->cookie, m, ret);
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
	struct lower_maps m;
	u32 call = at - 1;

	return at > 0 && is_null_check(l, call) && ((array_of(l, call, &a) && !l->p->fact[call].key_const) || maps_of(l, call, &m));
}

/* dst = the address of the value at `off`: of the inner map that r1 is, or of the one map. */
static void value_at(struct seq *s, u8 dst, const struct lower_array *a, u64 map, u64 off)
{
	if (a->inner) {
		seq_add(s, (struct ins){ .op = OP_LDX_DW, .dst = dst, .src = BPF_REG_1, .off = (s16)a->data });
		if (off)
			op_imm(s, OP_ADD64_K, dst, (s32)off);
		return;
	}
	seq_ref(s, (struct lower_ref){ .kind = LREF_MAP_VALUE, .map = map, .off = off });
	op_const(s, dst, a->data + off);
}

/* r0 = the number of the element, r3 = that of the CPU -> r0 = its address. */
static void address(struct seq *s, const struct lower_array *a, u64 map)
{
	if (a->stride & (a->stride - 1))
		op_imm(s, OP_MUL64_K, BPF_REG_0, (s32)a->stride);
	else
		op_imm(s, OP_LSH64_K, BPF_REG_0, __builtin_ctz(a->stride));
	value_at(s, BPF_REG_1, a, map, 0);
	op_reg(s, OP_ADD64_X, BPF_REG_0, BPF_REG_1);
	if (!a->percpu)
		return;
	op_imm(s, OP_MUL64_K, BPF_REG_3, (s32)a->lane);
	op_reg(s, OP_ADD64_X, BPF_REG_0, BPF_REG_3);
}

/* r0, or 0 when it is not below n, also when the check of that was not waited for. */
static void mask_index(struct seq *s, u32 n)
{
	op_reg(s, OP_MOV64_X, BPF_REG_4, BPF_REG_0);
	seq_add(s, (struct ins){ .op = OP_LDIMM64, .dst = BPF_REG_5, .imm64 = n });
	op_reg(s, OP_SUB64_X, BPF_REG_4, BPF_REG_5);
	op_imm(s, OP_ARSH64_K, BPF_REG_4, 63);
	op_reg(s, OP_AND64_X, BPF_REG_0, BPF_REG_4);
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
	if (mask)
		mask_index(s, a->max_entries);
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
	u64 map = a->inner ? 0 : l->o->map_addr(l->o->cookie, f->map), off = (u64)f->key * a->stride;
	u32 miss[2], done;

	if (f->key_const && f->key < a->max_entries && !a->percpu && !(a->inner && off > S32_MAX)) {
		value_at(s, BPF_REG_0, a, map, off);
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

/* Straight to what the type does, without the helper: r1 is the map, r2 the key. */
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

/* ---- lookups in arrays of maps ---- */
/* dst = size bytes of slot r0 / 8 */
static void slot(struct seq *s, u16 load, u8 dst, u8 tmp, u64 base, struct lower_ref ref)
{
	seq_ref(s, ref);
	op_const(s, tmp, base);
	op_reg(s, OP_ADD64_X, tmp, BPF_REG_0);
	seq_add(s, (struct ins){ .op = load, .dst = dst, .src = tmp });
}

/*
 * r0 = the map in the slot, if it has the number that the slot says: whatever another thread or process does meanwhile, this map was
 * there. Else the type's function is asked. The check for NULL that may follow is part of it.
 */
static void lookup_map(struct lowering *l, struct seq *s, u32 at, const struct lower_maps *m)
{
	u64 map = l->o->map_addr(l->o->cookie, l->p->fact[at].map);
	const struct ins *check = lower_is_fused(l, at + 1) ? &l->p->ins[at + 1] : NULL;
	u32 out, empty, unknown, hit[2];

	seq_add(s, (struct ins){ .op = OP_LDX_W, .dst = BPF_REG_0, .src = BPF_REG_2 });
	out = jump(s, OP_JGE32_K, BPF_REG_0, m->max_entries);
	if (l->o->hardened)
		mask_index(s, m->max_entries);
	op_reg(s, OP_MOV64_X, BPF_REG_2, BPF_REG_0);
	op_imm(s, OP_LSH64_K, BPF_REG_0, 3);
	slot(s, OP_LDX_W, BPF_REG_3, BPF_REG_3, m->ids, (struct lower_ref){ .kind = LREF_MAP_VALUE, .map = map });
	slot(s, OP_LDX_DW, BPF_REG_0, BPF_REG_1, m->maps, (struct lower_ref){ .kind = LREF_MAP_MAPS, .map = map });
	unknown = jump(s, OP_JEQ_K, BPF_REG_0, 0);
	seq_add(s, (struct ins){ .op = OP_LDX_W, .dst = BPF_REG_4, .src = BPF_REG_0, .off = (s16)m->id_off });
	hit[0] = jump(s, OP_JEQ32_X, BPF_REG_4, 0);
	s->op[hit[0]].src = BPF_REG_3;
	land(s, unknown);
	empty = jump(s, OP_JEQ32_K, BPF_REG_3, 0);
	seq_ref(s, (struct lower_ref){ .kind = LREF_MAP, .map = map });
	op_const(s, BPF_REG_1, map);
	seq_ref(s, (struct lower_ref){ .kind = LREF_MAP_IN_SLOT, .map = map });
	seq_add(s, (struct ins){ .op = OP_CALL, .dst = 1 + 3, .imm64 = m->in_slot });
	hit[1] = jump(s, OP_JNE_K, BPF_REG_0, 0);
	land(s, out);
	land(s, empty);
	op_imm(s, OP_MOV64_K, BPF_REG_0, 0);
	if (check && check->op == OP_JEQ_K)
		jump_insn(s, check->target);
	land(s, hit[0]);
	land(s, hit[1]);
	if (check && check->op == OP_JNE_K)
		for (u32 k = 0; k < 2; k++) {
			s->op[hit[k]].target = check->target;
			seq_not_local(s, hit[k]);
		}
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

/* What takes one or two operations. With a budget a call says what the program holds. */
static bool short_body(const struct lowering *l, struct seq *s, const struct ins *i)
{
	if (i->imm == BPF_FUNC_get_smp_processor_id) {
		seq_add(s, (struct ins){ .op = OP_GET_CPU, .dst = BPF_REG_0 });
		return true;
	}
	if (i->imm == BPF_FUNC_kptr_xchg && !l->o->budget) {
		op_reg(s, OP_MOV64_X, BPF_REG_0, BPF_REG_2);
		op_reg(s, OP_XCHG64, BPF_REG_1, BPF_REG_0);
		return true;
	}
	return false;
}

/* A kernel function that gives back its first argument: to the verifier it is another type. */
static bool is_cast(const struct insn_fact *f)
{
	const char *name = f->kfunc_btf ? btf_type_name(f->kfunc_btf, f->kfunc_id) : "";

	return !strcmp(name, "bpf_cast_to_kern_ctx") || !strcmp(name, "bpf_rdonly_cast");
}

bool lower_inline(struct lowering *l, struct seq *s, u32 at)
{
	const struct ins *i = &l->p->ins[at];
	struct lower_array a;
	struct lower_maps m;
	u32 sub;

	if (ins_class(i) == IC_CALL_KFUNC) {
		if (!is_cast(&l->p->fact[at]))
			return false;
		op_reg(s, OP_MOV64_X, BPF_REG_0, BPF_REG_1);
		return true;
	}
	if (i->op == OP_CALL_SUB) {
		sub = lower_sub_of(l->p, i->target);
		if (!lower_has_body(l, sub))
			return false;
		l->err = lower_body(l, s, sub);
		return true;
	}
	if (array_of(l, at, &a)) {
		lookup(l, s, at, &a);
		return true;
	}
	if (maps_of(l, at, &m)) {
		lookup_map(l, s, at, &m);
		return true;
	}
	if (call_lookup(l, s, at))
		return true;
	if (is_loop(l, at)) {
		l->err = loop(l, s, at);
		return true;
	}
	return i->op == OP_CALL && short_body(l, s, i);
}
