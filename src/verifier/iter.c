/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects on the stack that pairs of kfuncs open and close: iterators (new, next, destroy) and saved interrupt flags.
 *
 * Duty: follow their life, and make loops over iterators converge: `next` goes on with "drained" and leaves "one more" pending,
 * where what differs from the round before and decides nothing is forgotten (prune_widen).
 * Invariant: an open iterator and a saved flag each hold a reference, so none is left behind; flags are restored in reverse order.
 */
#include "verifier/kfunc.h"

/* ---- iterators ---- */

/* The iterator's struct behind parameter `regno` of the call, or -EINVAL. */
static s64 iter_type(const struct kfunc *kf, u32 regno)
{
	const struct btf_type *t;
	u32 id;

	if (btf_vlen_of(kf->type) < regno)
		return -EINVAL;
	t = btf_type(kf->btf, btf_skip_mods(kf->btf, btf_params_of(kf->type)[regno - 1].type));
	if (!t || btf_kind_of(t) != BTF_KIND_PTR)
		return -EINVAL;
	id = btf_skip_mods(kf->btf, t->type);
	t = btf_type(kf->btf, id);
	if (!t || btf_kind_of(t) != BTF_KIND_STRUCT || strncmp(btf_str(kf->btf, t->name_off), "bpf_iter_", 9))
		return -EINVAL;
	return id;
}

static bool iter_can_open(struct vf_env *e, const struct reg *r, u32 nslots)
{
	int slot = stack_obj_slot(e, r, "iter", nslots);

	if (slot < 0)
		return slot == -ERANGE;
	for (u32 i = 0; i < nslots; i++)
		for (u32 b = 0; b < SLOT_SIZE; b++)
			if (frame_of(e, r)->stack[slot - (int)i].type[b] == SLOT_ITER)
				return false;
	return true;
}

static int iter_open(struct vf_env *e, const struct reg *r, struct kf_call *c, u32 id, u32 nslots)
{
	struct frame *f = frame_of(e, r);
	int slot = stack_obj_slot(e, r, "iter", nslots), err;
	u32 ref, flags = 0;

	if (slot < 0)
		return slot;
	err = ref_acquire(e, c->insn, &ref);
	if (err)
		return err;
	if (kf_is(c, KF_RCU_PROTECTED))
		flags = in_rcu(e) ? TF_RCU : TF_UNTRUSTED;
	for (u32 i = 0; i < nslots; i++) {
		struct slot *s = &f->stack[(u32)slot - i];

		reg_make_ptr(&s->reg, T_STACK | flags);
		s->reg.ref_id = i ? 0 : ref;
		s->reg.iter_btf = c->kf->btf;
		s->reg.iter_id = id;
		s->reg.iter_state = ITER_ACTIVE;
		memset(s->type, SLOT_ITER, SLOT_SIZE);
		scratch_slot(e, (u32)slot - i);
		live_note_write(e, f->frameno, (u32)slot - i);
	}
	return 0;
}

/* 0, -EINVAL: not an open iterator of that type, -EPROTO: its RCU section has ended. */
static int iter_is_open(struct vf_env *e, const struct reg *r, const struct btf *b, u32 id, u32 nslots)
{
	int slot = stack_obj_slot(e, r, "iter", nslots);

	for (u32 i = 0; slot >= 0 && i < nslots; i++) {
		const struct slot *s = &frame_of(e, r)->stack[(u32)slot - i];

		if (s->reg.type & TF_UNTRUSTED)
			return -EPROTO;
		if (!i != !!s->reg.ref_id || s->reg.iter_btf != b || s->reg.iter_id != id)
			return -EINVAL;
		for (u32 k = 0; k < SLOT_SIZE; k++)
			if (s->type[k] != SLOT_ITER)
				return -EINVAL;
	}
	return slot < 0 ? -EINVAL : 0;
}

static int iter_close(struct vf_env *e, const struct reg *r, u32 nslots)
{
	struct frame *f = frame_of(e, r);
	int slot = stack_obj_slot(e, r, "iter", nslots), err;

	if (slot < 0)
		return slot;
	err = ref_release(e, f->stack[slot].reg.ref_id);
	for (u32 i = 0; i < nslots; i++) {
		struct slot *s = &f->stack[(u32)slot - i];

		reg_mark_none(&s->reg);
		memset(s->type, SLOT_INVALID, SLOT_SIZE);
		scratch_slot(e, (u32)slot - i);
		live_note_write(e, f->frameno, (u32)slot - i);
	}
	return err;
}

int iter_arg(struct vf_env *e, u32 regno, struct kf_call *c)
{
	const struct reg *r = &cur_regs(e)[regno];
	s64 id = iter_type(c->kf, regno);
	const char *name;
	u32 nslots;
	int err = 0, slot;

	if (r->type != T_STACK)
		return reject(e, REJ_ITER_NOT_STACK, regno - 1);
	if (id < 0)
		return reject(e, REJ_ITER_TYPE, regno - 1);
	name = btf_type_name(c->kf->btf, (u32)id) + 9;
	nslots = btf_type(c->kf->btf, (u32)id)->size / SLOT_SIZE;
	if (kf_is(c, KF_ITER_NEW)) {
		if (!iter_can_open(e, r, nslots))
			return reject(e, REJ_ITER_NOT_UNINIT, name, regno - 1);
		for (u32 i = 0; !err && i < nslots; i++)
			err = mem_access(e, c->insn, regno, (s32)(i * SLOT_SIZE), 8, MEM_WRITE, -1, false, false);
		return err ? err : iter_open(e, r, c, (u32)id, nslots);
	}
	err = iter_is_open(e, r, c->kf->btf, (u32)id, nslots);
	if (err == -EPROTO)
		return reject(e, REJ_ITER_RCU, c->kf->name);
	if (err)
		return reject(e, REJ_ITER_NOT_INIT, name, regno - 1);
	slot = stack_obj_slot(e, r, "iter", nslots);
	live_note_read(e, r->frameno, (u32)slot - nslots + 1, (u32)slot);
	for (u32 i = 0; i < nslots; i++)
		scratch_slot(e, (u32)slot - i);
	c->iter.slot = (u32)slot;
	c->iter.frameno = r->frameno;
	c->ref_id = frame_of(e, r)->stack[slot].reg.ref_id;
	return kf_is(c, KF_ITER_DESTROY) ? iter_close(e, r, nslots) : 0;
}

static struct reg *record_in(struct vstate *s, const struct kf_call *c)
{
	return &s->frame[c->iter.frameno]->stack[c->iter.slot].reg;
}

const struct reg *iter_record(struct vf_env *e, const struct kf_call *c)
{
	return record_in(e->cur, c);
}

int iter_next(struct vf_env *e, struct kf_call *c)
{
	struct reg *it = record_in(e->cur, c), *r0;
	struct vstate *prev, *more;

	if (it->iter_state == ITER_NONE)
		return vf_bug(e, "next of an iterator that is not open");
	if (it->iter_state == ITER_ACTIVE) {
		prev = prune_prev_entry(e, e->cur->parent, c->insn);
		more = push_branch(e, c->insn + 1, c->insn, false);
		if (!more)
			return -ENOMEM; /* Linux's errno for it */
		record_in(more, c)->iter_depth++;
		if (prev)
			prune_widen(e, prev, more);
		mark_ptr_not_null(&more->frame[more->curframe]->regs[0]);
	}
	/* This path goes on where the iterator has run out. */
	it = record_in(e->cur, c);
	it->iter_state = ITER_DRAINED;
	r0 = &cur_regs(e)[0];
	reg_mark_known_zero(e, r0);
	return 0;
}

/* ---- saved interrupt flags ---- */

static int irq_slot(struct vf_env *e, const struct reg *r)
{
	return stack_obj_slot(e, r, "irq_flag", 1);
}

static void irq_mark(struct vf_env *e, struct frame *f, u32 slot, u8 type)
{
	memset(f->stack[slot].type, type, SLOT_SIZE);
	scratch_slot(e, slot);
	live_note_write(e, f->frameno, slot);
}

static int irq_save(struct vf_env *e, u32 regno, u32 insn, u8 irq_class)
{
	struct reg *r = &cur_regs(e)[regno];
	struct vstate *s = e->cur;
	struct frame *f = frame_of(e, r);
	int slot = irq_slot(e, r), err;

	for (u32 i = 0; slot >= 0 && i < SLOT_SIZE; i++)
		if (f->stack[slot].type[i] == SLOT_IRQ)
			return reject(e, REJ_IRQ_NOT_UNINIT, regno - 1);
	if (slot < 0 && slot != -ERANGE)
		return reject(e, REJ_IRQ_NOT_UNINIT, regno - 1);
	err = mem_access(e, insn, regno, 0, 8, MEM_WRITE, -1, false, false);
	if (err)
		return err;
	slot = irq_slot(e, r);
	if (slot < 0)
		return slot;
	ARENA_GROW(&e->arena, s->refs, s->nrefs, s->refcap);
	s->refs[s->nrefs] = (struct ref){ .kind = REF_IRQ, .id = new_id(e), .insn = insn };
	s->active_irq_id = s->refs[s->nrefs++].id;
	reg_make_ptr(&f->stack[slot].reg, T_STACK);
	f->stack[slot].reg.ref_id = s->active_irq_id;
	f->stack[slot].reg.irq_kind = irq_class;
	irq_mark(e, f, (u32)slot, SLOT_IRQ);
	return 0;
}

/* Only the flag saved last may be restored. */
static int irq_drop_ref(struct vf_env *e, u32 id)
{
	struct vstate *s = e->cur;
	u32 before = 0, at = s->nrefs, insn = 0;

	for (u32 i = 0; i < s->nrefs && at == s->nrefs; i++) {
		if (s->refs[i].kind != REF_IRQ)
			continue;
		if (s->refs[i].id == s->active_irq_id)
			insn = s->refs[at = i].insn;
		else
			before = s->refs[i].id;
	}
	if (id != s->active_irq_id)
		return reject(e, REJ_IRQ_ORDER, s->active_irq_id, insn);
	if (at == s->nrefs)
		return vf_bug(e, "an interrupt flag without its reference");
	memmove(&s->refs[at], &s->refs[at + 1], (s->nrefs - at - 1) * sizeof(*s->refs));
	s->nrefs--;
	s->active_irq_id = before;
	return 0;
}

static int irq_restore(struct vf_env *e, u32 regno, u8 irq_class)
{
	static const char *const class_name[] = { [IRQ_NATIVE] = "native", [IRQ_LOCK] = "lock" };
	struct reg *r = &cur_regs(e)[regno];
	struct frame *f = frame_of(e, r);
	int slot = irq_slot(e, r), err;

	for (u32 i = 0; slot >= 0 && i < SLOT_SIZE; i++)
		if (f->stack[slot].type[i] != SLOT_IRQ)
			return reject(e, REJ_IRQ_NOT_INIT, regno - 1);
	if (slot < 0 || !f->stack[slot].reg.ref_id)
		return reject(e, REJ_IRQ_NOT_INIT, regno - 1);
	live_note_read(e, r->frameno, (u32)slot, (u32)slot);
	scratch_slot(e, (u32)slot);
	if (f->stack[slot].reg.irq_kind != irq_class)
		return reject(e, REJ_IRQ_CLASS, class_name[f->stack[slot].reg.irq_kind], class_name[irq_class]);
	err = irq_drop_ref(e, f->stack[slot].reg.ref_id);
	if (err)
		return err;
	reg_mark_none(&f->stack[slot].reg);
	irq_mark(e, f, (u32)slot, SLOT_INVALID);
	return 0;
}

int irq_flag_arg(struct vf_env *e, u32 regno, u32 insn, u8 irq_class, bool save)
{
	return save ? irq_save(e, regno, insn, irq_class) : irq_restore(e, regno, irq_class);
}
