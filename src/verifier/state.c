/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of the walk and their frames: made, copied and recycled (checkpoints: frozen.c). Copies cost what is used: the frames in use and the
 * stack slots touched.
 *
 * Invariant: every state lives in env->arena; a state on the free list keeps its frames' memory, and nothing
 * else of it is ever read. Frames above curframe hold memory only.
 */
#include "verifier/env.h"

#define MAX_SLOTS (MAX_STACK / SLOT_SIZE)

static struct vstate *take_state(struct vf_env *e)
{
	struct vstate *s = e->free_states;

	if (!s)
		return ARENA_NEW(&e->arena, struct vstate);
	e->free_states = s->next;
	return s;
}

/* Empty but for the memory it owns. */
static void wipe_state(struct vstate *s)
{
	struct frame *frames[MAX_FRAMES];
	struct ref *refs = s->refs;
	u32 refcap = s->refcap;

	memcpy(frames, s->frame, sizeof(frames));
	memset(s, 0, sizeof(*s));
	memcpy(s->frame, frames, sizeof(frames));
	s->refs = refs;
	s->refcap = refcap;
}

static void wipe_frame(struct frame *f)
{
	struct slot *stack = f->stack;
	u32 cap = f->cap;

	memset(f, 0, sizeof(*f));
	f->stack = stack;
	f->cap = cap;
}

struct vstate *state_new(struct vf_env *e)
{
	struct vstate *s = take_state(e);

	wipe_state(s);
	if (!s->frame[0])
		s->frame[0] = ARENA_NEW(&e->arena, struct frame);
	wipe_frame(s->frame[0]);
	return s;
}

void state_free(struct vf_env *e, struct vstate *s)
{
	hist_put(e, s->hist);
	s->hist = NULL;
	s->next = e->free_states;
	e->free_states = s;
}

void frame_reserve(struct vf_env *e, struct frame *f, u32 n)
{
	if (f->cap >= n)
		return;
	f->cap = MIN(ROUND_UP(n, 8), MAX_SLOTS);
	if (f->cap < n)
		f->cap = n;
	f->stack = arena_alloc_raw(&e->arena, f->cap * sizeof(*f->stack));
}

static void copy_frame(struct vf_env *e, struct frame **dst, const struct frame *src)
{
	struct slot *stack;
	u32 cap;

	if (!*dst)
		*dst = ARENA_NEW(&e->arena, struct frame);
	frame_reserve(e, *dst, src->nslots);
	stack = (*dst)->stack;
	cap = (*dst)->cap;
	memcpy(*dst, src, sizeof(**dst));
	(*dst)->stack = stack;
	(*dst)->cap = cap;
	if (src->nslots)
		memcpy(stack, src->stack, src->nslots * sizeof(*stack));
}

void state_copy(struct vf_env *e, struct vstate *dst, const struct vstate *src)
{
	struct frame *frames[MAX_FRAMES];
	struct ref *refs = dst->refs;
	u32 refcap = dst->refcap;

	memcpy(frames, dst->frame, sizeof(frames));
	for (u32 i = 0; i <= src->curframe; i++)
		copy_frame(e, &frames[i], src->frame[i]);
	if (refcap < src->nrefs) {
		refcap = src->nrefs + 4;
		refs = arena_alloc_raw(&e->arena, refcap * sizeof(*refs));
	}
	if (src->nrefs)
		memcpy(refs, src->refs, src->nrefs * sizeof(*refs));
	*dst = *src;
	if (dst->hist)
		dst->hist->uses++;
	memcpy(dst->frame, frames, sizeof(frames));
	dst->refs = refs;
	dst->refcap = refcap;
	dst->next = NULL;
}

void reg_mark_none(struct reg *r)
{
	memset(r, 0, sizeof(*r));
}

void frame_init_regs(struct vf_env *e, struct frame *f)
{
	struct reg *fp = &f->regs[BPF_REG_10];

	scratch_all(e);
	memset(f->regs, 0, sizeof(f->regs));
	fp->type = T_STACK;
	fp->frameno = (u8)f->frameno;
}

struct frame *frame_push(struct vf_env *e, struct vstate *s, u32 subprog, u32 callsite)
{
	u32 n = s->curframe + 1;
	struct frame *f;

	if (!s->frame[n])
		s->frame[n] = ARENA_NEW(&e->arena, struct frame);
	f = s->frame[n];
	wipe_frame(f);
	f->callsite = callsite;
	f->frameno = n;
	f->subprog = subprog;
	frame_init_regs(e, f);
	s->curframe = n;
	return f;
}

void frame_pop(struct vf_env *e, struct vstate *s)
{
	(void)e;
	s->curframe--;
}

void frame_grow(struct vf_env *e, struct frame *f, u32 nslots)
{
	struct slot *old = f->stack;

	if (nslots <= f->nslots)
		return;
	if (nslots > f->cap) {
		u32 n = f->nslots;

		frame_reserve(e, f, nslots);
		if (n)
			memcpy(f->stack, old, n * sizeof(*old));
	}
	memset(f->stack + f->nslots, 0, (nslots - f->nslots) * sizeof(*f->stack));
	f->nslots = nslots;
}

u32 new_id(struct vf_env *e)
{
	return ++e->id_gen;
}

void state_each_reg(struct vf_env *e, struct vstate *s, reg_visit_fn fn, void *arg)
{
	for (u32 i = 0; i <= s->curframe; i++) {
		struct frame *f = s->frame[i];

		for (u32 r = 0; r < ARRAY_SIZE(f->regs); r++)
			fn(e, &f->regs[r], arg);
		for (u32 k = 0; k < f->nslots; k++)
			if (f->stack[k].type[SLOT_SIZE - 1] == SLOT_SPILL)
				fn(e, &f->stack[k].reg, arg);
	}
}
