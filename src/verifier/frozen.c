/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States that no longer change: checkpoints, and branches that are not walked soon. A frozen frame is a list of cells, registers first,
 * then stack slots; a cell is shared by all that agree on it, and neighbours agree on most.
 *
 * Invariant: a cell's content never changes; what is said of a checkpoint afterwards (a scalar was relied on) is a bit of
 * its frame, and a cell that is forgotten is exchanged. A cell counts the frames that hold it.
 */
#include "verifier/env.h"

static const struct reg no_reg;

static u64 types_of(const struct slot *s)
{
	u64 v;

	memcpy(&v, s->type, sizeof(v));
	return v;
}

static struct cell *hold(struct cell *c)
{
	c->uses++;
	return c;
}

static void let_go(struct vf_env *e, struct cell *c)
{
	if (--c->uses)
		return;
	c->next = e->free_cells;
	e->free_cells = c;
}

/* The cell with this content: the one that the checkpoint before has there, or a new one. */
static struct cell *cell_of(struct vf_env *e, struct cell *before, const struct reg *r, u64 types)
{
	struct cell *c = e->free_cells;

	if (before && types_of(&before->slot) == types && !memcmp(&before->slot.reg, r, sizeof(*r)))
		return hold(before);
	if (c)
		e->free_cells = c->next;
	else
		c = arena_alloc_raw(&e->arena, sizeof(*c));
	c->slot.reg = *r;
	memcpy(c->slot.type, &types, sizeof(types));
	c->uses = 1;
	return c;
}

static struct cell *plain(struct vf_env *e, enum slot_type t)
{
	struct cell *c = &e->plain_cell[t];

	if (!c->uses) {
		c->uses = 1; /* for good */
		memset(c->slot.type, (int)t, SLOT_SIZE);
	}
	return hold(c);
}

static struct cell *freeze_reg(struct vf_env *e, struct cell *before, const struct reg *r)
{
	if (r->type == T_NONE && !memcmp(r, &no_reg, sizeof(*r)))
		return plain(e, SLOT_INVALID);
	return cell_of(e, before, r, 0);
}

static struct cell *freeze_slot(struct vf_env *e, struct cell *before, const struct slot *s)
{
	u64 types = types_of(s);

	switch ((enum slot_type)s->type[SLOT_SIZE - 1]) {
	case SLOT_INVALID:
	case SLOT_MISC:
	case SLOT_ZERO:
		/* plain data: the register means nothing */
		if (types == 0x0101010101010101ull * s->type[0])
			return plain(e, (enum slot_type)s->type[0]);
		return cell_of(e, before, &no_reg, types);
	case SLOT_SPILL:
	case SLOT_DYNPTR:
	case SLOT_ITER:
	case SLOT_IRQ:
		break;
	}
	return cell_of(e, before, &s->reg, types);
}

static void note_scalars(struct marks *m, const struct frame *f)
{
	u64 slots = 0;
	u32 regs = 0;

	for (u32 r = 0; r < BPF_REG_10; r++)
		regs |= (u32)(f->regs[r].type == T_SCALAR) << r;
	for (u32 k = 0; k < f->nslots; k++)
		slots |= (u64)(f->stack[k].type[SLOT_SIZE - 1] == SLOT_SPILL && f->stack[k].reg.type == T_SCALAR) << k;
	*m = (struct marks){ .scalar_regs = regs, .scalar_slots = slots };
}

static void freeze_frame(struct vf_env *e, struct frame **dst, const struct frame *src, const struct frame *before, struct marks *m)
{
	struct frame *f = *dst;
	struct cell **cells;
	u32 cap;

	if (!f)
		*dst = f = arena_alloc(&e->arena, offsetof(struct frame, regs));
	cells = f->cells;
	cap = f->cap;
	if (cap < NREGS + src->nslots) {
		cap = NREGS + ROUND_UP(src->nslots, 8);
		cells = arena_alloc_raw(&e->arena, cap * sizeof(struct cell *));
	}
	memcpy(f, src, offsetof(struct frame, regs));
	f->stack = NULL;
	f->cells = cells;
	f->cap = cap;
	f->marks = m;
	for (u32 r = 0; r < NREGS; r++)
		cells[r] = freeze_reg(e, before ? before->cells[r] : NULL, &src->regs[r]);
	for (u32 k = 0; k < src->nslots; k++)
		cells[NREGS + k] = freeze_slot(e, before && k < before->nslots ? before->cells[NREGS + k] : NULL, &src->stack[k]);
	if (m)
		note_scalars(m, src);
}

struct vstate *state_freeze(struct vf_env *e, const struct vstate *src, struct trail *t)
{
	const struct vstate *before = src->parent;
	struct vstate *s = e->free_frozen;
	struct frame *frames[MAX_FRAMES];
	struct ref *refs;
	u32 refcap;

	if (s)
		e->free_frozen = s->next;
	else
		s = ARENA_NEW(&e->arena, struct vstate);
	memcpy(frames, s->frame, sizeof(frames));
	refs = s->refs;
	refcap = s->refcap;
	for (u32 i = 0; i <= src->curframe; i++)
		freeze_frame(e, &frames[i], src->frame[i], before && i <= before->curframe ? before->frame[i] : NULL,
			     t ? &t->mark[i] : NULL);
	if (refcap < src->nrefs) {
		refcap = src->nrefs + 4;
		refs = arena_alloc_raw(&e->arena, refcap * sizeof(*refs));
	}
	if (src->nrefs)
		memcpy(refs, src->refs, src->nrefs * sizeof(*refs));
	*s = *src;
	memcpy(s->frame, frames, sizeof(frames));
	s->refs = refs;
	s->refcap = refcap;
	s->next = NULL;
	s->trail = t;
	if (t)
		s->hist = NULL;
	else if (s->hist)
		s->hist->uses++;
	return s;
}

struct vstate *state_thaw(struct vf_env *e, struct vstate *frozen)
{
	struct vstate *s = state_new(e), was = *s;

	*s = *frozen;
	memcpy(s->frame, was.frame, sizeof(s->frame));
	for (u32 i = 0; i <= s->curframe; i++) {
		const struct frame *src = frozen->frame[i];
		struct frame *f = s->frame[i];
		struct slot *stack;
		u32 cap;

		if (!f)
			s->frame[i] = f = ARENA_NEW(&e->arena, struct frame);
		frame_reserve(e, f, src->nslots);
		stack = f->stack;
		cap = f->cap;
		memcpy(f, src, offsetof(struct frame, regs));
		f->cells = NULL;
		f->stack = stack;
		f->cap = cap;
		for (u32 r = 0; r < NREGS; r++)
			f->regs[r] = src->cells[r]->slot.reg;
		for (u32 k = 0; k < src->nslots; k++)
			stack[k] = src->cells[NREGS + k]->slot;
	}
	s->refs = was.refs;
	s->refcap = was.refcap;
	if (s->refcap < s->nrefs) {
		s->refcap = s->nrefs + 4;
		s->refs = arena_alloc_raw(&e->arena, s->refcap * sizeof(*s->refs));
	}
	if (s->nrefs)
		memcpy(s->refs, frozen->refs, s->nrefs * sizeof(*s->refs));
	if (s->hist)
		s->hist->uses++;
	frozen_free(e, frozen);
	return s;
}

void frozen_free(struct vf_env *e, struct vstate *s)
{
	for (u32 i = 0; i <= s->curframe; i++) {
		struct frame *f = s->frame[i];

		for (u32 k = 0; k < NREGS + f->nslots; k++)
			let_go(e, f->cells[k]);
	}
	hist_put(e, s->hist);
	s->next = e->free_frozen;
	e->free_frozen = s;
}

void frozen_forget(struct vf_env *e, struct frame *f, u64 live_regs, u64 live_slots)
{
	f->marks->scalar_regs &= (u32)live_regs;
	f->marks->scalar_slots &= live_slots;
	for (u32 k = 0; k < NREGS - 1 + f->nslots; k++) {
		u32 at = k < NREGS - 1 ? k : k + 1; /* not the frame pointer */

		if ((at < NREGS ? live_regs >> at : live_slots >> (at - NREGS)) & 1)
			continue;
		let_go(e, f->cells[at]);
		f->cells[at] = plain(e, SLOT_INVALID);
	}
}
