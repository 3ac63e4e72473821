/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is everything that can be true in one state allowed in another one? Then what was proven there need not be
 * proven again.
 *
 * EQ_LOOSE uses that what the old state never relied on (dead registers and slots, imprecise scalars) does
 * not matter; it is right only when all paths from the old state are finished. EQ_RANGE compares all ranges,
 * EQ_EXACT everything. Invariant: true is only returned when every concrete state of `cur` is a concrete
 * state of `old`, as far as old's future looked.
 */
#include "verifier/prune.h"

#define IDMAP_SIZE ((11 + MAX_STACK / SLOT_SIZE) * MAX_FRAMES)

struct idmap {
	u32 n, fresh;
	struct { u32 old, cur; } pair[IDMAP_SIZE];
};

/* Ids name equalities only: any renaming will do, as long as it is one to one. */
static bool same_id(u32 old, u32 cur, struct idmap *m)
{
	if (!old || !cur)
		return old == cur;
	for (u32 i = 0; i < m->n; i++) {
		if (m->pair[i].old == old)
			return m->pair[i].cur == cur;
		if (m->pair[i].cur == cur)
			return false;
	}
	if (m->n == IDMAP_SIZE)
		return false;
	m->pair[m->n].old = old;
	m->pair[m->n++].cur = cur;
	return true;
}

/*
 * A scalar that was tied to no other may be tied now: that only says more of it. One that was tied needs the
 * same ties, to its base as well; a free one gets an id of its own, so that two of them do not pass for tied.
 */
static bool same_scalar_id(u32 old, u32 cur, struct idmap *m)
{
	if (!old)
		return true;
	if (!cur)
		cur = ++m->fresh;
	if (!same_id(old, cur, m))
		return false;
	return !(old & ID_ADD_MASK) || same_id(old & ~ID_ADD_MASK, cur & ~ID_ADD_MASK, m);
}

static bool same_data(const struct reg *a, const struct reg *b)
{
	return a->type == b->type && a->off == b->off && a->raw1 == b->raw1 && a->raw2 == b->raw2 &&
	       a->raw3 == b->raw3;
}

static bool same_bounds(const struct reg *a, const struct reg *b)
{
	return a->var.value == b->var.value && a->var.mask == b->var.mask && a->smin == b->smin &&
	       a->smax == b->smax && a->umin == b->umin && a->umax == b->umax && a->s32_min == b->s32_min &&
	       a->s32_max == b->s32_max && a->u32_min == b->u32_min && a->u32_max == b->u32_max;
}

bool regs_identical(const struct reg *a, const struct reg *b)
{
	return same_data(a, b) && same_bounds(a, b) && a->id == b->id && a->ref_id == b->ref_id;
}

static bool exact(const struct reg *old, const struct reg *cur, struct idmap *m)
{
	return same_data(old, cur) && same_bounds(old, cur) && same_id(old->id, cur->id, m) &&
	       same_id(old->ref_id, cur->ref_id, m);
}

static bool within(const struct reg *old, const struct reg *cur)
{
	return old->umin <= cur->umin && old->umax >= cur->umax && old->smin <= cur->smin &&
	       old->smax >= cur->smax && old->u32_min <= cur->u32_min && old->u32_max >= cur->u32_max &&
	       old->s32_min <= cur->s32_min && old->s32_max >= cur->s32_max && tnum_in(old->var, cur->var);
}

static bool scalar_safe(const struct vf_env *e, const struct reg *old, const struct reg *cur, bool precise, struct idmap *m,
			enum equal_mode mode)
{
	if (unlikely(e->explore_alu_limits))
		return same_data(old, cur) && same_bounds(old, cur) && same_scalar_id(old->id, cur->id, m);
	if (!precise && mode == EQ_LOOSE)
		return true;
	if (old->id && (old->id & ID_ADD_MASK) != (cur->id & ID_ADD_MASK))
		return false;
	if ((old->id & ID_ADD_MASK) && old->off != cur->off)
		return false;
	return same_scalar_id(old->id, cur->id, m) && within(old, cur);
}

static bool pkt_safe(const struct reg *old, const struct reg *cur, struct idmap *m)
{
	/* the marks of branches are negative: no range at all */
	if (old->range < 0 || cur->range < 0) {
		if (old->range != cur->range)
			return false;
	} else if (old->range > cur->range) {
		return false;
	}
	return old->off == cur->off && same_id(old->id, cur->id, m) && within(old, cur);
}

/* `precise`: the exact range of the old scalar was relied on. */
static bool reg_safe(const struct vf_env *e, const struct reg *old, const struct reg *cur, bool precise, struct idmap *m,
		     enum equal_mode mode)
{
	if (mode == EQ_EXACT)
		return exact(old, cur, m);
	if (old->type == T_NONE)
		return mode == EQ_LOOSE || cur->type == T_NONE;
	if (old->type != cur->type)
		return false;
	switch (T_BASE(old->type)) {
	case T_SCALAR:
		return scalar_safe(e, old, cur, precise, m, mode);
	case T_MAP_KEY:
	case T_MAP_VALUE:
	case T_MEM:
	case T_BUF:
	case T_TP_BUFFER:
		return same_data(old, cur) && within(old, cur) && same_id(old->id, cur->id, m) &&
		       same_id(old->ref_id, cur->ref_id, m);
	case T_PKT:
	case T_PKT_META:
		return pkt_safe(old, cur, m);
	case T_STACK:
		return old->frameno == cur->frameno && exact(old, cur, m);
	case T_ARENA:
		return true;
	default:
		return exact(old, cur, m);
	}
}

/* ---- the stack ---- */

static const struct reg unknown_scalar = {
	.type = T_SCALAR,
	.var = { 0, U64_MAX },
	.smin = S64_MIN,
	.smax = S64_MAX,
	.umax = U64_MAX,
	.s32_min = S32_MIN,
	.s32_max = S32_MAX,
	.u32_max = U32_MAX,
};

static const struct slot no_slot;

/* The slot as one scalar: spilled in full width, or bytes of which nothing is known. NULL: neither. */
static const struct reg *slot_scalar(const struct vf_env *e, const struct slot *s)
{
	if (s->type[0] == SLOT_SPILL && s->reg.type == T_SCALAR)
		return &s->reg;
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (s->type[i] != SLOT_MISC && !(s->type[i] == SLOT_INVALID && e->allow_uninit_stack))
			return NULL;
	return &unknown_scalar;
}

static bool special_safe(const struct vf_env *e, const struct slot *old, const struct slot *cur, bool precise,
			 struct idmap *m, enum equal_mode mode)
{
	const struct reg *a = &old->reg, *b = &cur->reg;

	switch ((enum slot_type)old->type[SLOT_SIZE - 1]) {
	case SLOT_SPILL:
		return reg_safe(e, a, b, precise, m, mode);
	case SLOT_DYNPTR:
		return a->dyn_kind == b->dyn_kind && a->dyn_first == b->dyn_first &&
		       same_id(a->ref_id, b->ref_id, m);
	case SLOT_ITER:
		/* the depth only tells loops apart */
		return a->type == b->type && a->iter_btf == b->iter_btf && a->iter_id == b->iter_id &&
		       a->iter_state == b->iter_state && same_id(a->ref_id, b->ref_id, m);
	case SLOT_IRQ:
		return same_id(a->ref_id, b->ref_id, m) && a->irq_kind == b->irq_kind;
	case SLOT_MISC:
	case SLOT_ZERO:
	case SLOT_INVALID:
		return true;
	}
	return false;
}

static u64 types_of(const struct slot *s)
{
	u64 v;

	memcpy(&v, s->type, sizeof(v));
	return v;
}

#define ALL_MISC (0x0101010101010101ull * SLOT_MISC)
#define ALL_SPILL (0x0101010101010101ull * SLOT_SPILL)

static bool slot_safe(const struct vf_env *e, const struct slot *old, const struct slot *cur, bool precise, struct idmap *m,
		      enum equal_mode mode)
{
	u64 types = types_of(old);
	const struct reg *a, *b;

	if (mode != EQ_LOOSE && types != types_of(cur))
		return false;
	if (types == ALL_SPILL && types_of(cur) == ALL_SPILL)
		return reg_safe(e, &old->reg, &cur->reg, precise, m, mode);
	if (!types || (types == ALL_MISC && e->allow_uninit_stack))
		return true;
	a = b = NULL;
	for (u32 i = 0; i < SLOT_SIZE; i++) {
		u8 o = old->type[i], c = cur->type[i];

		if (o == SLOT_INVALID || (o == SLOT_MISC && e->allow_uninit_stack))
			continue;
		if (cur == &no_slot)
			return false;
		if (!a) {
			a = slot_scalar(e, old);
			b = slot_scalar(e, cur);
			if (a && b)
				return reg_safe(e, a, b, precise && a == &old->reg, m, mode);
			a = &unknown_scalar; /* asked */
		}
		if (o == SLOT_MISC && c == SLOT_ZERO)
			continue;
		if (o != c)
			return false;
		if (i == SLOT_SIZE - 1)
			return special_safe(e, old, cur, precise, m, mode);
	}
	return true;
}

static bool note_unlike(struct vf_env *e, const struct frame *old, u32 at, bool precise)
{
	e->unlike = (struct unlike){ .old = old->cells[at], .frame = (u8)old->frameno, .at = (u8)at, .precise = precise };
	return false;
}

/* The same in all, and tied to nothing: most slots of most states that are compared. */
static inline bool slot_identical(const struct slot *old, const struct slot *cur)
{
	u64 types = types_of(old);

	if (types != types_of(cur))
		return false;
	if (types == 0x0101010101010101ull * old->type[0] && old->type[0] != SLOT_SPILL)
		return old->type[0] <= SLOT_ZERO;
	return types == ALL_SPILL && !old->reg.id && !old->reg.ref_id && !memcmp(&old->reg, &cur->reg, sizeof(old->reg));
}

static bool stack_safe(struct vf_env *e, const struct frame *old, const struct frame *cur, struct idmap *m, enum equal_mode mode)
{
	const struct cell *nothing = &e->plain_cell[SLOT_INVALID];

	for (u32 k = 0; k < old->nslots; k++) {
		const struct slot *s, *c;
		bool precise;

		/* most slots of most checkpoints are dead */
		if (mode == EQ_LOOSE && old->cells[NREGS + k] == nothing)
			continue;
		s = frame_slot(old, k);
		c = k < cur->nslots ? &cur->stack[k] : &no_slot;
		if (slot_identical(s, c))
			continue;
		precise = slot_precise(old, k);
		if (!slot_safe(e, s, c, precise, m, mode))
			return note_unlike(e, old, NREGS + k, precise);
	}
	return true;
}

/* ---- states ---- */

static bool refs_safe(const struct vstate *old, const struct vstate *cur, struct idmap *m)
{
	if (old->nrefs != cur->nrefs || old->active_locks != cur->active_locks ||
	    old->active_preempt != cur->active_preempt || old->active_rcu != cur->active_rcu ||
	    !same_id(old->active_irq_id, cur->active_irq_id, m) || !same_id(old->lock_id, cur->lock_id, m) ||
	    old->lock_ptr != cur->lock_ptr)
		return false;
	for (u32 i = 0; i < old->nrefs; i++) {
		const struct ref *a = &old->refs[i], *b = &cur->refs[i];

		if (a->kind != b->kind || !same_id(a->id, b->id, m))
			return false;
		if (a->kind != REF_PTR && a->kind != REF_IRQ && a->obj != b->obj)
			return false;
	}
	return true;
}

static bool frame_safe(struct vf_env *e, const struct frame *old, const struct frame *cur, u32 insn,
		       struct idmap *m, enum equal_mode mode)
{
	u32 live = e->aux[insn].live_regs;

	for (; live; live &= live - 1) {
		u32 r = (u32)__builtin_ctz(live);

		if (!reg_safe(e, frame_reg(old, r), &cur->regs[r], reg_precise(old, r), m, mode))
			return note_unlike(e, old, r, reg_precise(old, r));
	}
	return stack_safe(e, old, cur, m, mode);
}

/* What needs no look at registers and slots: most states that differ do so here. */
static bool frames_comparable(const struct vstate *old, const struct vstate *cur, enum equal_mode mode)
{
	for (u32 i = 0; i <= old->curframe; i++) {
		const struct frame *a = old->frame[i], *b = cur->frame[i];

		if (a->callsite != b->callsite || a->callback_depth > b->callback_depth || (mode != EQ_LOOSE && a->nslots > b->nslots))
			return false;
	}
	return true;
}

bool still_unlike(const struct vf_env *e, const struct unlike *u, const struct vstate *cur, enum equal_mode mode)
{
	const struct frame *f;
	struct idmap m;

	if (!u->old || u->frame > cur->curframe)
		return false;
	m.n = 0; /* no renaming of ids so far: what fails now fails with any */
	m.fresh = e->id_gen;
	f = cur->frame[u->frame];
	if (u->at < NREGS)
		return !reg_safe(e, &u->old->slot.reg, &f->regs[u->at], u->precise, &m, mode);
	if (mode != EQ_LOOSE && u->at - NREGS >= f->nslots)
		return true;
	return !slot_safe(e, &u->old->slot, u->at - NREGS < f->nslots ? &f->stack[u->at - NREGS] : &no_slot, u->precise, &m,
			  mode);
}

/* Instruction at which frame number i of a state stands. */
u32 frame_insn(const struct vstate *s, u32 i)
{
	return i == s->curframe ? s->insn : s->frame[i + 1]->callsite;
}

bool states_equal(struct vf_env *e, struct vstate *old, struct vstate *cur, enum equal_mode mode)
{
	struct idmap m; /* pairs beyond n are never read */

	e->unlike.old = NULL;
	if (old->curframe != cur->curframe || (old->speculative && !cur->speculative) ||
	    old->in_sleepable != cur->in_sleepable || !frames_comparable(old, cur, mode))
		return false;
	m.n = 0;
	m.fresh = e->id_gen;
	if (!refs_safe(old, cur, &m))
		return false;
	for (u32 i = 0; i <= old->curframe; i++)
		if (!frame_safe(e, old->frame[i], cur->frame[i], frame_insn(old, i), &m, mode))
			return false;
	return true;
}

/* ---- loops of unknown length ---- */

static void widen(struct vf_env *e, const struct reg *old, bool precise, struct reg *cur, struct idmap *m)
{
	if (old->type != T_SCALAR || cur->type != T_SCALAR || precise || cur->precise || exact(old, cur, m))
		return;
	reg_mark_unknown(e, cur);
}

void prune_widen(struct vf_env *e, struct vstate *old, struct vstate *cur)
{
	struct idmap m;

	m.n = 0;
	m.fresh = e->id_gen;
	for (u32 i = old->curframe + 1; i-- > 0;) {
		const struct frame *a = old->frame[i];
		struct frame *b = cur->frame[i];
		u32 n = MIN(a->nslots, b->nslots);

		for (u32 r = 0; r < ARRAY_SIZE(a->regs); r++)
			widen(e, frame_reg(a, r), reg_precise(a, r), &b->regs[r], &m);
		for (u32 k = 0; k < n; k++)
			if (frame_slot(a, k)->type[SLOT_SIZE - 1] == SLOT_SPILL &&
			    b->stack[k].type[SLOT_SIZE - 1] == SLOT_SPILL)
				widen(e, &frame_slot(a, k)->reg, slot_precise(a, k), &b->stack[k].reg, &m);
	}
}
