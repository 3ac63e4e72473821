/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional jumps: which ways are possible, and what each way teaches: bounds, bytes of the packet,
 * pointers that are not NULL.
 *
 * Invariant: what a compared register learns, every register of the same identity learns, in both states; and
 * a way that is not walked was impossible by facts marked precise.
 */
#include "verifier/jump.h"
#include "verifier/prune.h"

static bool is_pkt(u32 type)
{
	return T_BASE(type) == T_PKT || T_BASE(type) == T_PKT_META;
}

static bool is_pkt_any(const struct reg *r)
{
	return is_pkt(r->type) || r->type == T_PKT_END;
}

/* ---- linked scalars ---- */

static u64 linked_pack(const struct linked *l)
{
	u64 v = 0;

	for (u32 i = l->n; i-- > 0;)
		v = v << 10 | (u64)l->at[i].is_reg << 9 | (u64)l->at[i].index << 3 | l->at[i].frame;
	return v << 4 | l->n;
}

void linked_unpack(u64 v, struct linked *l)
{
	l->n = v & 15;
	v >>= 4;
	for (u32 i = 0; i < l->n; i++, v >>= 10) {
		l->at[i].frame = v & 7;
		l->at[i].index = v >> 3 & 63;
		l->at[i].is_reg = v >> 9 & 1;
	}
}

static void forget_id(struct reg *r)
{
	r->id = 0;
	r->off = 0;
}

static void collect(struct linked *l, struct reg *r, u32 id, u32 frame, u32 index, bool is_reg)
{
	if (r->type != T_SCALAR || (r->id & ~ID_ADD_MASK) != id)
		return;
	if (l->n < LINKED_MAX)
		l->at[l->n++] =
			(struct linked_at){ .frame = (u8)frame, .index = (u8)index, .is_reg = is_reg };
	else
		forget_id(r);
}

/* All live scalars of the state with this id; those beyond LINKED_MAX lose it. */
static void collect_linked(const struct vf_env *e, struct vstate *s, u32 id, struct linked *l)
{
	id &= ~ID_ADD_MASK;
	for (u32 i = s->curframe + 1; i-- > 0;) {
		u16 live = e->aux[frame_insn(s, i)].live_regs;
		struct frame *f = s->frame[i];

		for (u32 r = 0; r < BPF_REG_10; r++)
			if (live & 1u << r)
				collect(l, &f->regs[r], id, i, r, true);
		for (u32 k = 0; k < f->nslots; k++)
			if (f->stack[k].type[SLOT_SIZE - 1] == SLOT_SPILL)
				collect(l, &f->stack[k].reg, id, i, k, false);
	}
}

/* Two scalars of one identity differ by a constant at most: what is known of one is known of the other. */
static void sync_linked(struct vstate *s, const struct reg *known, const struct linked *l)
{
	for (u32 i = 0; i < l->n; i++) {
		struct frame *f = s->frame[l->at[i].frame];
		struct reg *r = l->at[i].is_reg ? &f->regs[l->at[i].index] : &f->stack[l->at[i].index].reg;
		s32 off = r->off;
		struct reg delta = { .type = T_SCALAR };
		u32 id = r->id;

		if (r == known || r->type != T_SCALAR || (id & ~ID_ADD_MASK) != (known->id & ~ID_ADD_MASK))
			continue;
		/* a distance of 32-bit additions says nothing of one of 64-bit additions */
		if (((id ^ known->id) & ID_ADD_MASK) == ID_ADD_MASK)
			continue;
		if ((!(id & ID_ADD_MASK) && !(known->id & ID_ADD_MASK)) || off == known->off) {
			*r = *known;
			continue;
		}
		reg_pin(&delta, (u64)((s64)off - known->off));
		*r = *known;
		r->off = off;
		r->id = id;
		scalar_add_unsynced(r, &delta);
		if ((id | known->id) & ID_ADD_CONST32)
			reg_zext32(r);
		reg_sync(r);
	}
}

/* ---- packet pointers ---- */

struct pkt_range { u32 type, id; s32 range; };

static void raise_range(struct vf_env *e, struct reg *r, void *arg)
{
	const struct pkt_range *p = arg;

	(void)e;
	if (r->type == p->type && r->id == p->id && r->range < p->range)
		r->range = p->range;
}

/* `p` was found to lie before the end (or not beyond it): that many bytes behind its base exist. */
static void grant_range(struct vf_env *e, struct vstate *s, const struct reg *p, bool open)
{
	struct pkt_range want = { .type = p->type, .id = p->id, .range = p->off + open };

	if (p->off < 0 || (p->off == 0 && open))
		return;
	if (p->umax > MAX_PACKET_OFF || p->umax + (u64)p->off > MAX_PACKET_OFF)
		return;
	state_each_reg(e, s, raise_range, &want);
}

static void mark_end(struct vstate *s, u32 regno, bool beyond)
{
	struct reg *r = &s->frame[s->curframe]->regs[regno];

	if (r->type == T_PKT)
		r->range = beyond ? BEYOND_PKT_END : AT_PKT_END;
}

static bool is_fresh_pkt(const struct reg *r)
{
	return r->type == T_PKT && !r->id && !r->off && tnum_equals_const(r->var, 0);
}

/*
 * "data + n > data_end" and its seven relatives. `here` is where the condition does not hold, `there` where
 * it does. Written from the pointer's side: `ptr cond end`.
 */
static bool match_pkt(struct vf_env *e, const struct ins *i, const struct reg *dst, const struct reg *src,
		      struct vstate *here, struct vstate *there)
{
	static const struct { bool grant_there, open, beyond, known; } rule[] = {
		[JC_GT] = { false, false, true, true },  /* not >: up to ptr is there; >: beyond */
		[JC_LT] = { true, true, false, true },
		[JC_GE] = { false, true, false, true },
		[JC_LE] = { true, false, true, true },
	};
	static const u8 flip[] = { [JC_GT] = JC_LT, [JC_LT] = JC_GT, [JC_GE] = JC_LE, [JC_LE] = JC_GE };
	u8 cond = ins_info(i)->sub;
	const struct reg *ptr = dst;
	u32 regno = i->dst;

	if (ins_info(i)->has_imm || ins_info(i)->width == 32 || cond >= ARRAY_SIZE(rule) || !rule[cond].known)
		return false;
	if ((dst->type == T_PKT_END && src->type == T_PKT) ||
	    (is_fresh_pkt(dst) && src->type == T_PKT_META)) {
		ptr = src;
		regno = i->src;
		cond = flip[cond];
	} else if (!(dst->type == T_PKT && src->type == T_PKT_END) &&
		   !(dst->type == T_PKT_META && is_fresh_pkt(src))) {
		return false;
	}
	grant_range(e, rule[cond].grant_there ? there : here, ptr, rule[cond].open);
	mark_end(rule[cond].grant_there ? here : there, regno, rule[cond].beyond);
	return true;
}

static void drop_pkt(struct vf_env *e, struct reg *r, void *arg)
{
	(void)arg;
	if (is_pkt_any(r) || (T_BASE(r->type) == T_MEM && (r->type & (TF_DYN_SKB | TF_DYN_XDP | TF_DYN_SKB_META))))
		reg_invalidate(e, r);
}

void clear_pkt_pointers(struct vf_env *e)
{
	state_each_reg(e, e->cur, drop_pkt, NULL);
}

/* ---- NULL ---- */

void mark_ptr_not_null(struct reg *r)
{
	const struct map_desc *m = r->map;

	if (T_BASE(r->type) != T_MAP_VALUE) {
		r->type &= ~(u32)TF_NULL;
		return;
	}
	r->type = T_MAP_VALUE;
	if (m->inner) {
		r->type = T_MAP;
		r->map = m->inner;
		/* which inner map it is: locks and timers must belong to the same one */
		if (m->inner->record &&
		    (m->inner->record->mask & (FIELD_TIMER | FIELD_WORKQUEUE | FIELD_TASK_WORK)))
			r->map_uid = r->id;
	} else if (m->type == BPF_MAP_TYPE_XSKMAP) {
		r->type = T_XDP_SOCK;
	} else if (m->type == BPF_MAP_TYPE_SOCKMAP || m->type == BPF_MAP_TYPE_SOCKHASH) {
		r->type = T_SOCKET;
	}
}

/* Its id tells which lock a pointer's object has. */
static bool may_have_lock(struct vf_env *e, const struct reg *r)
{
	const struct btf_record *rec;

	rec = reg_record(e, r);
	return rec && (rec->mask & (FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK));
}

struct null_mark { u32 id; bool is_null; };

static void settle_null(struct vf_env *e, struct reg *r, void *arg)
{
	const struct null_mark *m = arg;

	if (!(r->type & TF_NULL) || r->type == T_NONE || r->id != m->id || (!r->id && !(r->type & TF_RCU)))
		return;
	if (r->smin || r->smax || !tnum_equals_const(r->var, 0))
		return;
	if (r->off && !(r->type & (TF_ALLOC | TF_NON_OWN)))
		return;
	if (m->is_null) {
		r->type = T_SCALAR;
		r->id = 0;
		r->ref_id = 0;
		r->off = 0;
		r->raw1 = r->raw2 = r->raw3 = 0;
		return;
	}
	mark_ptr_not_null(r);
	if (!may_have_lock(e, r))
		r->id = 0;
}

static void forget_ref(struct vstate *s, u32 id)
{
	for (u32 i = 0; i < s->nrefs; i++) {
		if (s->refs[i].kind != REF_PTR || s->refs[i].id != id)
			continue;
		memmove(&s->refs[i], &s->refs[i + 1], (s->nrefs - i - 1) * sizeof(*s->refs));
		s->nrefs--;
		return;
	}
}

/* All registers with this id become non-null (or known zero when `is_null`) on state s. */
static void mark_ptr_or_null(struct vf_env *e, struct vstate *s, u32 regno, bool is_null)
{
	const struct reg *r = &s->frame[s->curframe]->regs[regno];
	struct null_mark m = { .id = r->id, .is_null = is_null };

	if (r->ref_id && r->ref_id == r->id && is_null)
		forget_ref(s, r->id);
	state_each_reg(e, s, settle_null, &m);
}

/* Equal pointers, one of which is not NULL: neither is the other. BTF pointers may be NULL whatever their
 * type says. */
static void match_null(const struct ins *i, const struct reg *dst, const struct reg *src,
		       struct reg *equal_regs)
{
	bool to_src = reg_not_null(dst) && (src->type & TF_NULL);
	bool to_dst = reg_not_null(src) && (dst->type & TF_NULL);

	if (T_BASE(src->type) == T_BTF || T_BASE(dst->type) == T_BTF)
		return;
	if (to_src)
		mark_ptr_not_null(&equal_regs[i->src]);
	if (to_dst)
		mark_ptr_not_null(&equal_regs[i->dst]);
}

/* ---- the jump ---- */

/* Under mistaken prediction the compared registers can be anything. */
int push_speculative(struct vf_env *e, const struct ins *i, u32 next)
{
	struct vstate *b = push_branch(e, next, e->insn, true);
	struct reg *regs;

	if (!b)
		return -EFAULT;
	if (!i)
		return 0;
	regs = b->frame[b->curframe]->regs;
	reg_mark_unknown(e, &regs[i->dst]);
	if (!ins_info(i)->has_imm)
		reg_mark_unknown(e, &regs[i->src]);
	return 0;
}

/* The operand registers: *b is the source register, or a register made of the immediate. */
static int operands(struct vf_env *e, const struct ins *i, struct reg **a, struct reg **b)
{
	struct reg *regs = cur_regs(e);
	u32 flags = 0;
	int err;

	err = reg_check(e, i->dst, USE_SRC);
	if (err)
		return err;
	*a = &regs[i->dst];
	if (ins_info(i)->has_imm) {
		*b = &e->fake[0];
		reg_set_known(*b, imm_u64(i->imm));
		(*b)->type = T_SCALAR;
	} else {
		err = reg_check(e, i->src, USE_SRC);
		if (err)
			return err;
		*b = &regs[i->src];
		if (!(is_pkt_any(*a) && is_pkt_any(*b)) && !e->allow_ptr_leaks && (*b)->type != T_SCALAR)
			return reject(e, REJ_PTR_COMPARE, i->src);
		if ((*b)->type == T_STACK)
			flags |= HIST_SRC_STACK;
	}
	if ((*a)->type == T_STACK)
		flags |= HIST_DST_STACK;
	return flags ? push_jmp_hist(e, e->cur, flags, 0) : 0;
}

static int one_way(struct vf_env *e, const struct ins *i, const struct reg *a, const struct reg *b,
		   bool taken)
{
	u32 other = taken ? e->insn + 1 : i->target;
	int err = 0;

	if (a->type == T_SCALAR)
		err = mark_precise(e, i->dst);
	if (!err && !ins_info(i)->has_imm && b->type == T_SCALAR)
		err = mark_precise(e, i->src);
	if (!err && !e->bypass_v1)
		err = push_speculative(e, i, other);
	if (err)
		return err;
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2))
		state_print_insn(e, e->insn);
	e->next = taken ? i->target : e->insn + 1;
	return 0;
}

static int check_sane(struct vf_env *e, struct reg *r, const char *where)
{
	if (likely(reg_sane(r)))
		return 0;
	if (e->test_reg_invariants) {
		vf_bug(e, "REG INVARIANTS VIOLATION (%s)", where);
		return -EFAULT;
	}
	reg_unbounded(r);
	return 0;
}

/* Both ways: `a`, `b` where the condition does not hold, `ta`, `tb` where it does. */
static int learn_bounds(struct vf_env *e, const struct ins *i, struct reg *a, struct reg *b, struct reg *ta,
			struct reg *tb)
{
	enum jmp_cond cond = (enum jmp_cond)ins_info(i)->sub;
	bool is32 = ins_info(i)->width == 32;
	int err;

	if (a->type != T_SCALAR || b->type != T_SCALAR)
		return 0;
	branch_assume_not(a, b, cond, is32);
	branch_assume(ta, tb, cond, is32);
	err = check_sane(e, ta, "true_reg1");
	err = err ? err : check_sane(e, tb, "true_reg2");
	err = err ? err : check_sane(e, a, "false_reg1");
	return err ? err : check_sane(e, b, "false_reg2");
}

static int link_both(struct vf_env *e, const struct ins *i, const struct reg *a, const struct reg *b,
		     struct linked *l)
{
	l->n = 0;
	if (!ins_info(i)->has_imm && b->type == T_SCALAR && b->id)
		collect_linked(e, e->cur, b->id, l);
	if (a->type == T_SCALAR && a->id)
		collect_linked(e, e->cur, a->id, l);
	return l->n > 1 ? push_jmp_hist(e, e->cur, 0, linked_pack(l)) : 0;
}

int step_jcc(struct vf_env *e, const struct ins *i, u32 *insn)
{
	const struct op_info *x = ins_info(i);
	bool is32 = x->width == 32, equality = x->sub == JC_EQ || x->sub == JC_NE;
	struct vstate *here = e->cur, *there;
	struct reg *a, *b, *ta, *tb, *there_regs;
	struct linked linked;
	int err, way;

	(void)insn;
	err = operands(e, i, &a, &b);
	if (err)
		return err;
	way = branch_taken(a, b, (enum jmp_cond)x->sub, is32);
	if (way >= 0)
		return one_way(e, i, a, b, way);
	err = link_both(e, i, a, b, &linked);
	if (err)
		return err;
	there = push_branch(e, i->target, e->insn, false);
	if (!there)
		return -EFAULT; /* Linux's errno for it */
	there_regs = there->frame[there->curframe]->regs;
	ta = &there_regs[i->dst];
	tb = x->has_imm ? &e->fake[1] : &there_regs[i->src];
	if (x->has_imm)
		e->fake[1] = e->fake[0];
	err = learn_bounds(e, i, a, b, ta, tb);
	if (err)
		return err;
	if (!x->has_imm && b->type == T_SCALAR && b->id) {
		sync_linked(here, b, &linked);
		sync_linked(there, tb, &linked);
	}
	if (a->type == T_SCALAR && a->id) {
		sync_linked(here, a, &linked);
		sync_linked(there, ta, &linked);
	}
	if (!is32 && !x->has_imm && a->type != T_SCALAR && b->type != T_SCALAR && equality)
		match_null(i, a, b, x->sub == JC_EQ ? there_regs : cur_regs(e));
	if (!is32 && x->has_imm && !i->imm && equality && (a->type & TF_NULL)) {
		mark_ptr_or_null(e, here, i->dst, x->sub == JC_NE);
		mark_ptr_or_null(e, there, i->dst, x->sub == JC_EQ);
	} else if (!match_pkt(e, i, a, b, here, there) && !e->allow_ptr_leaks && a->type != T_SCALAR) {
		return reject(e, REJ_PTR_COMPARE, i->dst);
	}
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2))
		state_print_insn(e, e->insn);
	return 0;
}
