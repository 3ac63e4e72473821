/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * More statements for gen.h's programs: maps in maps, per-CPU values, locks, iterators, dynptrs, objects, kernel functions, sections,
 * tail calls, may_goto, narrow spills, typed kernel pointers, and calls of any helper with arguments made after its row.
 *
 * Invariant: a statement whose effect can differ from run to run, or between systems, sets judge_only.
 */
#ifndef SKEP_DIFF_GEN_MORE_H
#define SKEP_DIFF_GEN_MORE_H

#include "gen.h"
#include "spec/spec.h"

/* ---- kernel functions, by their numbers in the running kernel's types ---- */

#define KFUNCS(K)                                                                                                      \
	K(bpf_iter_num_new) K(bpf_iter_num_next) K(bpf_iter_num_destroy) K(bpf_rcu_read_lock) K(bpf_rcu_read_unlock)       \
	K(bpf_preempt_disable) K(bpf_preempt_enable) K(bpf_local_irq_save) K(bpf_local_irq_restore) K(bpf_obj_new_impl)    \
	K(bpf_obj_drop_impl) K(bpf_dynptr_from_skb) K(bpf_dynptr_from_xdp) K(bpf_dynptr_slice) K(bpf_dynptr_slice_rdwr)    \
	K(bpf_dynptr_adjust) K(bpf_dynptr_size) K(bpf_dynptr_clone) K(bpf_dynptr_is_null) K(bpf_task_from_pid)             \
	K(bpf_task_release) K(bpf_task_acquire) K(bpf_cast_to_kern_ctx) K(bpf_rdonly_cast) K(bpf_iter_task_new)            \
	K(bpf_iter_task_next) K(bpf_iter_task_destroy) K(bpf_iter_bits_new) K(bpf_iter_bits_next) K(bpf_iter_bits_destroy) \
	K(bpf_strcmp) K(bpf_get_kmem_cache) K(bpf_throw) K(bpf_cpumask_create) K(bpf_cpumask_release) K(bpf_cpumask_set_cpu)
#define K(name) KF_##name,
enum { KFUNCS(K) KF_COUNT };
#undef K
static const char *const kfunc_name[] = {
#define K(name) #name,
	KFUNCS(K)
#undef K
};
static s32 kfunc_id[KF_COUNT];
/* Functions that tracing and LSM programs attach to. */
static const char *const hooks[] = { "bpf_fentry_test1", "bpf_fentry_test7", "bpf_lsm_file_open", "bpf_lsm_socket_bind",
				     "bpf_lsm_task_alloc", "bpf_fentry_test10", "bpf_lsm_file_permission" };
static u32 hook_id[ARRAY_SIZE(hooks)], hook_of[ARRAY_SIZE(hooks)];

static inline u32 hook_type(u32 i)
{
	return !strncmp(hooks[i], "bpf_lsm", 7) ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING;
}

static inline void find_kfuncs(void)
{
	struct btf *b = btf__load_vmlinux_btf();

	for (u32 i = 0; b && i < KF_COUNT; i++)
		kfunc_id[i] = btf__find_by_name_kind(b, kfunc_name[i], BTF_KIND_FUNC);
	for (u32 i = 0; b && i < ARRAY_SIZE(hooks); i++)
		hook_id[i] = (u32)MAX(btf__find_by_name_kind(b, hooks[i], BTF_KIND_FUNC), 0);
	btf__free(b);
}

static inline void call_kfunc(struct gen *g, u32 kf)
{
	emit(g->p, 0x85, 0, 2, 0, kfunc_id[kf]);
	clobber(g);
	set_kind(g, 0, SC, 0);
}

/* ---- the stack, below the zones of gen.h ---- */
#define ITER_ZONE   -136 /* 8 bytes: a number iterator */
#define DYN_ZONE    -160 /* 16 bytes: a dynptr; a copy below */
#define DYN2_ZONE   -176
#define ITER2_ZONE  -200 /* 24 bytes: larger iterators */
#define IRQ_ZONE    -208
#define NARROW_ZONE -224 /* 16 bytes that spills of all widths share */

/* A register of r7-r9 that is free, or -1. */
static inline s32 pick_saved(const struct gen *g)
{
	u32 start = below(3);

	for (u32 i = 0; i < 3; i++)
		if (is_free(g, 7 + (start + i) % 3))
			return (s32)(7 + (start + i) % 3);
	return -1;
}

static inline void gen_narrow(struct gen *g)
{
	static const u8 store[] = { 0x7b, 0x63, 0x63, 0x6b, 0x73 }, load[] = { 0x79, 0x61, 0x61, 0x69, 0x71, 0x81, 0x89, 0x91 };
	G_PROG;
	u32 n = 1 + below(3), d;

	/* All of it is written first: what nobody wrote differs from run to run. */
	for (s32 off = NARROW_ZONE; off < NARROW_ZONE + 16; off += 8)
		if (chance(50))
			STX8(10, off, need_scalar(g));
		else
			ST8(10, off, chance(50) ? 0 : s32_of(PICK(edges)));
	while (n--) {
		u32 code = PICK(store), size = code == 0x7b ? 8 : code == 0x63 ? 4 : code == 0x6b ? 2 : 1;

		emit(p, code, 10, need_scalar(g), NARROW_ZONE + (s32)(below(16 / size) * size), 0);
	}
	if (wrong(g)) {
		MOV_X(0, 10);
		set_kind(g, 0, UN, 0);
		emit(p, 0x63, 10, 0, NARROW_ZONE, 0);
		p->judge_only = true;
	}
	for (n = 1 + below(3); n--;) {
		u32 code = PICK(load), size = 0x18 & code ? (code & 0x18) == 0x18 ? 8 : (code & 0x18) == 0x08 ? 2 : 1 : 4;

		d = pick_dst(g);
		emit(p, code, d, 10, NARROW_ZONE + (s32)(below(16 / size) * size), 0);
		set_kind(g, d, SC, 0);
	}
}

/* A loop that may_goto lets go on, and a count ends. */
static inline void gen_may_goto(struct gen *g)
{
	G_PROG;
	u32 i = 7 + below(3), top, out;
	struct regs before;
	s32 bound;

	if (!is_free(g, i) || g->loops > 0)
		return;
	bound = (s32)gen_unknown(g);
	if ((u32)bound == i)
		return;
	g->loops++;
	emit(p, 0x57, (u32)bound, 0, 0, 15);
	MOV_K(i, 0);
	set_kind(g, i, SC, 0);
	g->busy |= (u16)(1u << i | 1u << bound);
	for (u32 r = 0; r < 10; r++)
		if (g->r.kind[r] != SC && g->r.kind[r] != CTX && is_free(g, r))
			set_kind(g, r, UN, 0);
	memset(g->r.spill, UN, sizeof(g->r.spill));
	before = g->r;
	top = p->n;
	emit(p, 0xe5, 0, 0, 0, 0);
	emit(p, chance(50) ? 0x3d : 0x7d, i, (u32)bound, 0, 0); /* if i >= bound goto out */
	out = p->n - 1;
	gen_block(g, 1 + below(3));
	for (u32 r = 0; r < 10; r++) {
		p->judge_only |= before.kind[r] == SC && g->r.kind[r] != SC;
		if (before.kind[r] == SC && g->r.kind[r] != SC && !wrong(g))
			make_scalar(g, r);
	}
	ADD_K(i, 1);
	emit(p, 0x05, 0, 0, (s32)top - (s32)p->n - 1, 0);
	land(g, top);
	land(g, out);
	merge(&g->r, &before);
	g->loops--;
	g->busy &= (u16)~(1u << i | 1u << bound);
}

/* ---- maps ---- */

static inline void put_lookup(struct gen *g, u32 map, s32 key)
{
	G_PROG;

	emit(p, 0x62, 10, 0, -64, key);
	imm64(p, 1, 5, map);
	put_stack_ptr(g, 2, -64);
	CALL_HELPER(BPF_FUNC_map_lookup_elem);
	clobber(g);
}

/* What follows runs when r0 is not NULL; returns the jump to patch, or -1 when the check was left out. */
static inline s32 null_check(struct gen *g, u32 r)
{
	G_PROG;

	if (wrong(g))
		return -1;
	if (chance(70)) {
		emit(p, 0x15, r, 0, 0, 0);
		return (s32)p->n - 1;
	}
	emit(p, 0x55, r, 0, 1, 0);
	emit(p, 0x05, 0, 0, 0, 0);
	return (s32)p->n - 1;
}

static inline void land_if(struct gen *g, s32 at)
{
	if (at >= 0)
		land(g, (u32)at);
}

/* A value of this map in a saved register for the length of a block. */
static inline void use_value(struct gen *g, u32 map, s32 key, s32 room)
{
	G_PROG;
	struct regs before;
	s32 d = pick_saved(g), at;

	if (d < 0 || !can_call(g))
		return;
	put_lookup(g, map, key);
	if (chance(30))
		emit(p, 0xbf, (u32)d, 0, 0, 0), at = null_check(g, 0);
	else if (chance(50))
		at = null_check(g, 0), emit(p, 0xbf, (u32)d, 0, 0, 0);
	else
		emit(p, 0xbf, (u32)d, 0, 0, 0), at = null_check(g, (u32)d);
	set_kind(g, (u32)d, UN, 0);
	before = g->r;
	set_kind(g, (u32)d, MV, room);
	gen_block(g, 1 + below(3));
	land_if(g, at);
	set_kind(g, (u32)d, UN, 0);
	before.kind[d] = UN;
	merge(&g->r, &before);
}

static inline void gen_inner(struct gen *g)
{
	G_PROG;
	struct regs before;
	s32 d = pick_saved(g), at, at2;

	if (d < 0 || !can_call(g))
		return;
	put_lookup(g, MAP_OUTER, (s32)below(3));
	before = g->r;
	at = null_check(g, 0);
	MOV_X(1, 0);
	put_stack_ptr(g, 2, -64);
	CALL_HELPER(BPF_FUNC_map_lookup_elem);
	at2 = null_check(g, 0);
	MOV_X((u32)d, 0);
	set_kind(g, (u32)d, MV, 24);
	gen_block(g, 1 + below(2));
	land_if(g, at);
	land_if(g, at2);
	set_kind(g, (u32)d, UN, 0);
	before.kind[d] = UN;
	merge(&g->r, &before);
}

static inline void gen_lock(struct gen *g)
{
	G_PROG;
	struct regs before;
	s32 d = pick_saved(g), at;

	if (d < 0 || !can_call(g) || g->locked)
		return;
	put_lookup(g, MAP_SPIN, 0);
	MOV_X((u32)d, 0);
	set_kind(g, (u32)d, UN, 0);
	set_kind(g, 1, UN, 0);
	before = g->r;
	at = null_check(g, 0);
	MOV_X(1, (u32)d);
	if (wrong(g))
		ADD_K(1, 4);
	CALL_HELPER(93);
	clobber(g);
	g->locked = true;
	for (u32 i = below(3); i--;)
		emit(p, 0x7b, (u32)d, need_scalar(g), 8 + (s32)below(2) * 8, 0);
	if (chance(20))
		gen_block(g, 1);
	if (wrong(g))
		emit(p, 0x63, (u32)d, need_scalar(g), 0, 0);
	if (!wrong(g)) {
		MOV_X(1, (u32)d);
		CALL_HELPER(94);
		clobber(g);
	}
	g->locked = false;
	land_if(g, at);
	merge(&g->r, &before);
}

static inline void gen_tail_call(struct gen *g)
{
	G_PROG;

	if (!can_call(g) || g->r.kind[6] != CTX)
		return;
	MOV_X(1, 6);
	imm64(p, 2, 5, MAP_PROGS);
	MOV_K(3, (s32)below(6));
	if (chance(30))
		MOV_X(3, need_scalar(g));
	CALL_HELPER(BPF_FUNC_tail_call);
	clobber(g);
	set_kind(g, 0, chance(90) ? UN : SC, 0);
	p->judge_only |= g->r.kind[0] == SC;
}

static inline void gen_queue(struct gen *g)
{
	static const u8 fn[] = { BPF_FUNC_map_push_elem, BPF_FUNC_map_pop_elem, BPF_FUNC_map_peek_elem };
	G_PROG;

	if (!can_call(g))
		return;
	imm64(p, 1, 5, MAP_QUEUE);
	put_stack_ptr(g, 2, -56);
	MOV_K(3, 0);
	CALL_HELPER(PICK(fn));
	clobber(g);
	set_kind(g, 0, SC, 0);
}

/* ---- kernel functions ---- */

static inline void gen_iter(struct gen *g)
{
	G_PROG;
	u32 top, out;
	struct regs before;
	bool unknown = chance(50);
	s32 x = -1;

	if (!can_call(g) || g->loops > 0 || g->iter || kfunc_id[KF_bpf_iter_num_new] <= 0)
		return;
	if (unknown) {
		x = (s32)gen_unknown(g);
		emit(p, 0x57, (u32)x, 0, 0, 15);
		MOV_X(3, (u32)x);
	} else {
		MOV_K(3, (s32)below(12));
	}
	put_stack_ptr(g, 1, ITER_ZONE);
	MOV_K(2, (s32)below(4) - 1);
	g->loops++;
	g->iter = true;
	call_kfunc(g, KF_bpf_iter_num_new);
	for (u32 r = 0; r < 10; r++)
		if (g->r.kind[r] != SC && g->r.kind[r] != CTX && is_free(g, r))
			set_kind(g, r, UN, 0);
	memset(g->r.spill, UN, sizeof(g->r.spill));
	set_kind(g, 0, UN, 0);
	before = g->r;
	top = p->n;
	put_stack_ptr(g, 1, ITER_ZONE);
	call_kfunc(g, KF_bpf_iter_num_next);
	emit(p, 0x15, 0, 0, 0, 0);
	out = p->n - 1;
	set_kind(g, 0, UN, 0);
	if (chance(70)) {
		u32 d = pick_dst(g);

		emit(p, 0x61, d, 0, wrong(g) ? 4 : 0, 0);
		set_kind(g, d, SC, 0);
	}
	gen_block(g, 1 + below(3));
	for (u32 r = 0; r < 10; r++) {
		p->judge_only |= before.kind[r] == SC && g->r.kind[r] != SC;
		if (before.kind[r] == SC && g->r.kind[r] != SC && !wrong(g))
			make_scalar(g, r);
	}
	emit(p, 0x05, 0, 0, (s32)top - (s32)p->n - 1, 0);
	land(g, out);
	merge(&g->r, &before);
	if (!wrong(g)) {
		put_stack_ptr(g, 1, ITER_ZONE);
		call_kfunc(g, KF_bpf_iter_num_destroy);
	}
	set_kind(g, 0, UN, 0);
	g->loops--;
	g->iter = false;
}

/* A section: RCU, no preemption, no interrupts. */
static inline void gen_section(struct gen *g)
{
	static const u8 enter[] = { KF_bpf_rcu_read_lock, KF_bpf_preempt_disable, KF_bpf_local_irq_save };
	u32 k = below(3);

	if (!can_call(g) || kfunc_id[enter[k]] <= 0)
		return;
	if (k == 2)
		put_stack_ptr(g, 1, IRQ_ZONE);
	call_kfunc(g, enter[k]);
	set_kind(g, 0, UN, 0);
	gen_block(g, 1 + below(2));
	if (!can_call(g) || wrong(g))
		return;
	if (k == 2)
		put_stack_ptr(g, 1, IRQ_ZONE);
	call_kfunc(g, enter[k] + 1u);
	set_kind(g, 0, UN, 0);
}

static inline void gen_object(struct gen *g)
{
	G_PROG;
	struct regs before;
	s32 d = pick_saved(g), at;

	if (d < 0 || !can_call(g) || kfunc_id[KF_bpf_obj_new_impl] <= 0 || !p->nfuncs)
		return;
	MOV_K(1, wrong(g) ? TYPE_INT : TYPE_MEM);
	MOV_K(2, 0);
	call_kfunc(g, KF_bpf_obj_new_impl);
	set_kind(g, 0, UN, 0);
	MOV_X((u32)d, 0);
	set_kind(g, (u32)d, UN, 0);
	before = g->r;
	at = null_check(g, 0);
	g->busy |= (u16)(1u << d);
	set_kind(g, (u32)d, MV, 16);
	gen_block(g, 1 + below(2));
	g->busy &= (u16)~(1u << d);
	if (!wrong(g) && can_call(g)) {
		MOV_X(1, (u32)d);
		MOV_K(2, 0);
		call_kfunc(g, KF_bpf_obj_drop_impl);
		set_kind(g, 0, UN, 0);
	}
	land_if(g, at);
	set_kind(g, (u32)d, UN, 0);
	before.kind[d] = UN;
	merge(&g->r, &before);
	p->judge_only = true;
}

static inline void gen_dynptr(struct gen *g)
{
	G_PROG;
	s32 d = pick_saved(g), at;
	struct regs before;

	if (!can_call(g) || d < 0)
		return;
	switch (below(3)) {
	case 0:
		imm64(p, 1, 6, MAP_ARRAY);
		MOV_K(2, (s32)below(wrong(g) ? 80 : 56));
		MOV_K(3, 0);
		put_stack_ptr(g, 4, DYN_ZONE);
		CALL_HELPER(197); /* dynptr_from_mem */
		break;
	case 1:
		if (!(g->xdp || g->skb) || g->r.kind[6] != CTX)
			return;
		MOV_X(1, 6);
		MOV_K(2, 0);
		put_stack_ptr(g, 3, DYN_ZONE);
		call_kfunc(g, g->xdp ? KF_bpf_dynptr_from_xdp : KF_bpf_dynptr_from_skb);
		break;
	default:
		if (chance(70))
			return;
		put_stack_ptr(g, 1, DYN_ZONE);
		put_stack_ptr(g, 2, DYN2_ZONE);
		call_kfunc(g, KF_bpf_dynptr_clone);
	}
	clobber(g);
	set_kind(g, 0, SC, 0);
	for (u32 n = 1 + below(3); n--;) {
		switch (below(4)) {
		case 0: /* read */
			put_stack_ptr(g, 1, -56);
			MOV_K(2, 8 + (s32)below(3) * 8);
			put_stack_ptr(g, 3, DYN_ZONE);
			MOV_K(4, (s32)below(16));
			MOV_K(5, 0);
			CALL_HELPER(201);
			break;
		case 1: /* write */
			put_stack_ptr(g, 1, DYN_ZONE);
			MOV_K(2, (s32)below(16));
			put_stack_ptr(g, 3, -56);
			MOV_K(4, (s32)below(24) + 1);
			MOV_K(5, 0);
			CALL_HELPER(202);
			break;
		case 2: /* data */
			put_stack_ptr(g, 1, DYN_ZONE);
			MOV_K(2, (s32)below(8));
			MOV_K(3, 16);
			CALL_HELPER(203);
			goto slice;
		default:
			put_stack_ptr(g, 1, DYN_ZONE);
			MOV_K(2, (s32)below(8));
			put_stack_ptr(g, 3, -56);
			MOV_K(4, 16);
			call_kfunc(g, chance(50) ? KF_bpf_dynptr_slice : KF_bpf_dynptr_slice_rdwr);
		slice:
			clobber(g);
			before = g->r;
			at = null_check(g, 0);
			MOV_X((u32)d, 0);
			set_kind(g, (u32)d, MV, 16);
			p->judge_only = true; /* a slice may be the packet or its copy */
			gen_block(g, 1);
			land_if(g, at);
			before.kind[d] = UN;
			set_kind(g, (u32)d, UN, 0);
			merge(&g->r, &before);
			continue;
		}
		clobber(g);
		set_kind(g, 0, SC, 0);
	}
}

/* ---- typed kernel pointers ---- */

static inline void gen_btf_pointer(struct gen *g)
{
	static const u8 load[] = { 0x79, 0x79, 0x79, 0x61, 0x69, 0x71 };
	G_PROG;
	s32 d = pick_saved(g);
	u32 hops = 1 + below(4);

	if (d < 0 || !can_call(g))
		return;
	p->judge_only = true;
	if (chance(50) && g->r.kind[6] == CTX) {
		LD8((u32)d, 6, (s32)below(4) * 8);
	} else {
		CALL_HELPER(158); /* get_current_task_btf */
		clobber(g);
		MOV_X((u32)d, 0);
	}
	set_kind(g, (u32)d, UN, 0);
	while (hops--) {
		u32 code = PICK(load), to = chance(60) ? (u32)d : pick_dst(g);

		emit(p, code, to, (u32)d, (s32)below(chance(70) ? 24 : 400) * 8, 0);
		set_kind(g, to, UN, 0);
		if (chance(20)) {
			emit(p, 0x55, (u32)d, 0, 1, 0);
			emit(p, 0x05, 0, 0, 0, 0);
		}
	}
}

/* ---- any helper ---- */

static const u8 map_of_need[] = { MAP_ARRAY, MAP_HASH, MAP_RODATA, MAP_RINGBUF, MAP_OUTER, MAP_PERCPU, MAP_PROGS, MAP_SPIN, MAP_QUEUE,
				  MAP_PERF, MAP_LRU, MAP_TIMED, MAP_STACKS, MAP_LPM, MAP_BLOOM, MAP_SOCKS };

/* One argument after its kind. */
static inline void put_arg(struct gen *g, u32 r, const struct arg_spec *a, u32 map)
{
	G_PROG;
	s32 have;

	if (wrong(g)) {
		MOV_X(r, below(10));
		return;
	}
	if ((a->flags & AF_NULL) && chance(25)) {
		MOV_K(r, 0);
		return;
	}
	switch ((enum arg_kind)a->kind) {
	case ARG_CTX:
		MOV_X(r, 6);
		return;
	case ARG_MAP:
		imm64(p, r, 5, map);
		return;
	case ARG_SIZE:
	case ARG_SIZE0:
		MOV_K(r, 1 + (s32)below(chance(90) ? 56 : 600));
		return;
	case ARG_ALLOC_SIZE:
		MOV_K(r, 8 + (s32)below(3) * 8);
		return;
	case ARG_CONST:
		MOV_K(r, (s32)below(4));
		return;
	case ARG_FUNC:
		if (g->ntodo < ARRAY_SIZE(g->todo)) {
			struct pending *t = &g->todo[g->ntodo++];

			memset(t, 0, sizeof(*t));
			t->callback = true;
			t->call_at = p->n;
			imm64(p, r, 4, 0);
			return;
		}
		break;
	case ARG_CONST_STR:
		imm64(p, r, 6, MAP_RODATA);
		return;
	case ARG_DYNPTR:
		put_stack_ptr(g, r, DYN_ZONE);
		return;
	case ARG_SPIN_LOCK:
	case ARG_TIMER:
	case ARG_KPTR:
		imm64(p, r, 6, chance(50) ? MAP_SPIN : MAP_TIMED);
		return;
	case ARG_MAP_KEY: case ARG_MAP_VALUE: case ARG_MEM: case ARG_STACK_OR_NULL_CTX:
		have = chance(20) ? pick_kind(g, chance(50) ? PKT : MV) : -1;
		if (have >= 6)
			MOV_X(r, (u32)have);
		else if (chance(20))
			imm64(p, r, 6, MAP_ARRAY);
		else
			put_stack_ptr(g, r, chance(90) ? -64 : -120);
		return;
	case ARG_NONE: case ARG_ANYTHING: case ARG_SOCK_COMMON: case ARG_SOCKET: case ARG_BTF_SOCK_COMMON: case ARG_BTF:
	case ARG_PERCPU_BTF: case ARG_RINGBUF_MEM:
		break;
	}
	have = pick_kind(g, SC);
	if (have >= 6 && chance(60))
		MOV_X(r, (u32)have);
	else if (chance(20))
		MOV_X(r, 6 + below(4));
	else
		MOV_K(r, chance(60) ? 0 : s32_of(PICK(edges)));
}

static inline void gen_helper(struct gen *g)
{
	G_PROG;
	const struct helper_spec *h = NULL, *v;
	u32 map = MAP_ARRAY;
	struct regs before;
	s32 at;

	if (!can_call(g))
		return;
	for (u32 i = 0; i < 20; i++) {
		h = helper_by_id(1 + below(UAPI_HELPERS - 1));
		/*
		 * Not those whose answer depends on the number of CPUs, nor those that this kernel lets sleep where later ones do
		 * not; diff/helper has them.
		 */
		if (h && (h->id == BPF_FUNC_get_smp_processor_id || (h->id >= 166 && h->id <= 168)))
			continue;
		if (h && (!helper_allowed(h, p->type, p->attach, CAPB_SYS_ADMIN, p->flags & BPF_F_SLEEPABLE) || chance(3)))
			break;
	}
	if (!h || h->id == BPF_FUNC_get_smp_processor_id || (h->id >= 166 && h->id <= 168))
		return;
	p->judge_only = true;
	v = helper_variant(h, p->type);
	for (u32 i = 0; i < 30; i++) {
		map = PICK(map_of_need);
		if (!v->arg[0].map_need || chance(3) || (map_spec[map_type[map]].helpers & v->arg[0].map_need))
			break;
	}
	for (u32 i = 0; i < 5 && v->arg[i].kind; i++)
		put_arg(g, i + 1, &v->arg[i], map);
	CALL_HELPER(h->id);
	clobber(g);
	if (v->ret == RET_INT || v->ret == RET_VOID) {
		set_kind(g, 0, v->ret == RET_INT ? SC : UN, 0);
		return;
	}
	before = g->r;
	at = null_check(g, 0);
	if (v->flags & HF_ACQUIRE) {
		MOV_X(1, 0);
		CALL_HELPER(v->ret == RET_RINGBUF_MEM ? 133 : 86);
		clobber(g);
	} else {
		for (u32 n = 1 + below(3); n--;)
			emit(p, chance(80) ? 0x61 : 0x79, 1, 0, (s32)below(16) * 4, 0);
		g->r.kind[1] = UN;
	}
	land_if(g, at);
	merge(&g->r, &before);
}

/* Arithmetic and comparisons of pointers, and reads of the packet the old way. */
static inline void gen_pointers(struct gen *g)
{
	static const u8 alu[] = { 0x07, 0x17, 0x0f, 0x1f, 0xbf, 0x57, 0x04, 0xbc };
	G_PROG;
	u32 d = pick_dst(g), s = 6 + below(4), at;

	if (g->skb && chance(40) && g->r.kind[6] == CTX && can_call(g)) {
		static const u8 size[] = { 0x20, 0x28, 0x30 };

		if (chance(30))
			emit(p, PICK(size) | 0x40u, 0, need_scalar(g), 0, (s32)below(20));
		else
			emit(p, PICK(size), 0, 0, 0, (s32)below(40));
		clobber(g);
		set_kind(g, 0, SC, 0);
		return;
	}
	p->judge_only = true;
	if (g->r.kind[s] == UN)
		s = 10;
	if (chance(60)) {
		u32 code = PICK(alu);

		MOV_X(d, s);
		emit(p, code, d, code & 8 ? need_scalar(g) : 0, 0, code & 8 ? 0 : s32_of(PICK(edges)));
		if (chance(50))
			emit(p, 0x61, d, d, -8, 0);
		set_kind(g, d, UN, 0);
		return;
	}
	emit(p, any_cond() | (chance(80) ? 5u : 6u) | (chance(50) ? 8u : 0u), s, chance(50) ? 10 : 6, 0, 0);
	at = p->n - 1;
	if (!(p->insn[at].code & 8))
		p->insn[at].src_reg = 0;
	land(g, at);
}

static inline void gen_more(struct gen *g)
{
	switch (below(17)) {
	case 0: case 1: gen_narrow(g); break;
	case 2: gen_may_goto(g); break;
	case 3: use_value(g, MAP_PERCPU, (s32)below(3), 24); break;
	case 4: gen_inner(g); break;
	case 5: gen_lock(g); break;
	case 6: gen_tail_call(g); break;
	case 7: gen_queue(g); break;
	case 8: gen_iter(g); break;
	case 9: gen_section(g); break;
	case 10: gen_object(g); break;
	case 11: gen_dynptr(g); break;
	case 12: gen_btf_pointer(g); break;
	case 13: gen_pointers(g); break;
	case 14: use_value(g, MAP_ARRAY, (s32)below(2), DIGEST_OFF); break;
	default: gen_helper(g); break;
	}
}

#endif
