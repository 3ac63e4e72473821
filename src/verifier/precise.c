/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Precision: which scalars' exact ranges the proof relied on.
 *
 * Scalars are imprecise until a value decides something: an offset, a size, a branch not taken. Then the walk
 * is retraced, instruction by instruction along the recorded history, from the use to what the value was made
 * of; each checkpoint passed on the way gets the registers and slots marked. Invariant: a checkpoint's
 * unmarked scalars can be replaced by any value without changing the verdict on what lies below it. What
 * cannot be retraced marks everything.
 */
#include "verifier/jump.h"
#include "verifier/prune.h"

#define ARGS 0x3eu /* r1-r5 */

struct want *precise_want(struct vf_env *e)
{
	struct want *w = e->precise;

	if (!w)
		e->precise = w = ARENA_NEW(&e->arena, struct want);
	memset(w, 0, sizeof(*w));
	return w;
}

int push_jmp_hist(struct vf_env *e, struct vstate *s, u32 flags, u64 linked)
{
	struct jmp_hist *h = e->cur_hist;

	if (h) {
		h->flags |= flags;
		h->linked |= linked;
		return 0;
	}
	h = e->free_hist;
	if (h)
		e->free_hist = h->older;
	else
		h = arena_alloc_raw(&e->arena, sizeof(*h));
	*h = (struct jmp_hist){
		.older = s->hist, .idx = e->insn, .prev = e->prev_insn, .flags = flags, .uses = 1, .linked = linked
	};
	s->hist = h;
	s->nhist++;
	e->cur_hist = h;
	return 0;
}

void hist_put(struct vf_env *e, struct jmp_hist *h)
{
	while (h && !--h->uses) {
		struct jmp_hist *older = h->older;

		h->older = e->free_hist;
		e->free_hist = h;
		h = older;
	}
}

static bool is_empty(const struct want *w)
{
	u64 any = 0;

	for (u32 i = 0; i <= w->frame; i++)
		any |= w->regs[i] | w->slots[i];
	return !any;
}

static bool has(const struct want *w, u32 reg)
{
	return w->regs[w->frame] & 1u << reg;
}

static void add(struct want *w, u32 reg)
{
	w->regs[w->frame] |= 1u << reg;
}

static void drop(struct want *w, u32 reg)
{
	w->regs[w->frame] &= ~(1u << reg);
}

/* ---- text ---- */

static void log_masks(struct vf_env *e, u32 regs, u64 slots)
{
	const char *sep = "";

	vf_log(e, "regs=");
	for (u32 i = 0; i < 11; i++)
		if (regs & 1u << i) {
			vf_log(e, "%sr%u", sep, i);
			sep = ",";
		}
	vf_log(e, " stack=");
	sep = "";
	for (u32 i = 0; i < 64; i++)
		if (slots & 1ull << i) {
			vf_log(e, "%s%d", sep, -(s32)(i + 1) * SLOT_SIZE);
			sep = ",";
		}
}

/* ---- one instruction back ---- */

/* Registers whose ranges were learned together at this jump are needed together. */
static void sync_linked(struct want *w, const struct jmp_hist *h)
{
	struct linked l;
	bool any = false;

	linked_unpack(h->linked, &l);
	for (u32 i = 0; i < l.n; i++)
		any |= l.at[i].is_reg ? !!(w->regs[l.at[i].frame] & 1u << l.at[i].index) :
					!!(w->slots[l.at[i].frame] & 1ull << l.at[i].index);
	for (u32 i = 0; any && i < l.n; i++) {
		if (l.at[i].is_reg)
			w->regs[l.at[i].frame] |= 1u << l.at[i].index;
		else
			w->slots[l.at[i].frame] |= 1ull << l.at[i].index;
	}
}

static void back_load(struct want *w, u32 reg, const struct jmp_hist *h)
{
	if (!has(w, reg))
		return;
	drop(w, reg);
	/* only the stack keeps what was written */
	if (h && (h->flags & HIST_STACK_ACCESS))
		w->slots[h->flags & HIST_FRAME_MASK] |= 1ull
							<< (h->flags >> HIST_SLOT_SHIFT & HIST_SLOT_MASK);
}

static int back_store(struct want *w, const struct ins *i, bool from_reg, const struct jmp_hist *h)
{
	u64 slot;
	u32 f;

	/* a scalar as the address: left over from a subtraction of pointers */
	if (has(w, i->dst))
		return -ENOTSUPP;
	if (!h || !(h->flags & HIST_STACK_ACCESS))
		return 0;
	f = h->flags & HIST_FRAME_MASK;
	slot = 1ull << (h->flags >> HIST_SLOT_SHIFT & HIST_SLOT_MASK);
	if (!(w->slots[f] & slot))
		return 0;
	w->slots[f] &= ~slot;
	if (from_reg)
		add(w, i->src);
	return 0;
}

static int back_call_sub(struct vf_env *e, struct want *w, const struct ins *i)
{
	s32 sub = sub_starting(e, i->target);
	u32 args;

	if (sub < 0)
		return -EFAULT;
	if (e->subs[sub].global) {
		if (w->regs[w->frame] & ARGS)
			return -ENOTSUPP;
		drop(w, BPF_REG_0);
		return 0;
	}
	/* the callee's beginning: its arguments are the caller's */
	if ((w->regs[w->frame] & ~ARGS) || w->slots[w->frame] || !w->frame)
		return -ENOTSUPP;
	args = w->regs[w->frame];
	w->regs[w->frame] = 0;
	w->frame--;
	w->regs[w->frame] |= args;
	return 0;
}

/* From the beginning of a callback to the call that calls back; its arguments were made there. */
static int back_callback(struct want *w)
{
	if ((w->regs[w->frame] & ~ARGS) || w->slots[w->frame] || !w->frame)
		return -ENOTSUPP;
	w->regs[w->frame] = 0;
	w->frame--;
	return 0;
}

/* Into a function from behind; `next` is what follows the call. */
static int back_exit(struct vf_env *e, struct want *w, u32 next)
{
	bool from_call = next != U32_MAX && next && ins_class(&e->ins[next - 1]) == IC_CALL_SUB;
	bool r0 = from_call && has(w, BPF_REG_0);

	if ((from_call && (w->regs[w->frame] & ARGS)) || w->frame == MAX_FRAMES - 1)
		return -ENOTSUPP;
	drop(w, BPF_REG_0);
	w->frame++;
	if (r0)
		add(w, BPF_REG_0);
	return 0;
}

static int back_call(struct vf_env *e, struct want *w, u32 idx, u32 next)
{
	const struct ins *i = &e->ins[idx];

	if (e->aux[idx].calls_callback && idx + 1 != next)
		return back_callback(w);
	if (ins_class(i) == IC_CALL_KFUNC && !i->imm)
		return -ENOTSUPP;
	drop(w, BPF_REG_0);
	if (w->regs[w->frame] & ARGS)
		return -ENOTSUPP;
	/* a tail call that left the function: its result is nobody's value */
	return e->aux[idx].leaves_to && idx + 1 != next ? back_exit(e, w, U32_MAX) : 0;
}

static void back_jcc(struct want *w, const struct ins *i, const struct jmp_hist *h)
{
	if (ins_info(i)->has_imm || (!has(w, i->dst) && !has(w, i->src)))
		return;
	if (!h || !(h->flags & HIST_SRC_STACK))
		add(w, i->src);
	if (!h || !(h->flags & HIST_DST_STACK))
		add(w, i->dst);
}

static void back_alu(struct want *w, const struct ins *i)
{
	const struct op_info *x = ins_info(i);

	if (!has(w, i->dst))
		return;
	if (x->cls == IC_MOV || x->cls == IC_CAST)
		drop(w, i->dst);
	if (x->cls != IC_END && !x->has_imm && i->src != BPF_REG_10 &&
	    !(x->cls == IC_ALU && x->sub == ALU_NEG))
		add(w, i->src);
	if (x->cls == IC_CAST && i->src != BPF_REG_10)
		add(w, i->src);
}

static bool fetches(const struct ins *i)
{
	return ins_info(i)->sub >= AT_FETCH_ADD;
}

static int back_one(struct vf_env *e, u32 idx, u32 next, const struct jmp_hist *h, struct want *w)
{
	const struct ins *i = &e->ins[idx];
	int err = 0;

	if (i->op == OP_LDIMM64_HI)
		return 0;
	if (unlikely(e->log->level & LOG_LEVEL2)) {
		vf_log(e, "mark_precise: frame%u: ", w->frame);
		log_masks(e, w->regs[w->frame], w->slots[w->frame]);
		vf_log(e, " before %u: ", idx);
		log_insn(e, idx);
	}
	if (unlikely(h && h->linked))
		sync_linked(w, h);
	switch (ins_class(i)) {
	case IC_ALU:
	case IC_MOV:
	case IC_CAST:
	case IC_END:
		back_alu(w, i);
		break;
	case IC_LDX:
	case IC_LOAD_ACQ:
		back_load(w, i->dst, h);
		break;
	case IC_ATOMIC:
		if (fetches(i))
			back_load(w, ins_info(i)->sub == AT_CMPXCHG ? BPF_REG_0 : i->src, h);
		else
			err = back_store(w, i, true, h);
		break;
	case IC_ST:
		err = back_store(w, i, false, h);
		break;
	case IC_STX:
	case IC_STORE_REL:
		err = back_store(w, i, true, h);
		break;
	case IC_JCC:
		back_jcc(w, i, h);
		break;
	case IC_CALL_SUB:
		return back_call_sub(e, w, i);
	case IC_CALL:
	case IC_CALL_KFUNC:
		err = back_call(e, w, idx, next);
		break;
	case IC_EXIT:
		return back_exit(e, w, next);
	case IC_LDIMM64:
		drop(w, i->dst);
		return 0;
	case IC_LDABS:
	case IC_LDIND:
		/* falls through, or leaves the function with r0 = 0 */
		if (has(w, BPF_REG_0))
			return -ENOTSUPP;
		return next != idx + 1 ? back_exit(e, w, U32_MAX) : 0;
	case IC_JA:
	case IC_MAY_GOTO:
	case IC_LDIMM64_HI:
	case IC_INTERNAL:
		break;
	}
	if (!err && unlikely(h && h->linked))
		sync_linked(w, h);
	return err;
}

/* ---- marks ---- */

static void log_forced(struct vf_env *e, u32 frame, const char *what, int n)
{
	vf_log(e, "force_precise: frame%u: forcing %s%d to be precise\n", frame, what, n);
}

void precise_all(struct vf_env *e, const struct path_end *from)
{
	bool log2 = e->log->level & LOG_LEVEL2;

	if (log2)
		vf_log(e, "mark_precise: frame%u: falling back to forcing all scalars precise\n", from->curframe);
	for (struct trail *t = from->above; t; t = t->parent)
		for (u32 i = 0; i <= t->curframe; i++) {
			struct marks *m = &t->mark[i];

			for (u32 r = 0; log2 && r < BPF_REG_10; r++)
				if ((m->scalar_regs & ~m->precise_regs) & 1u << r)
					log_forced(e, i, "r", (int)r);
			for (u32 k = 0; log2 && k < 64; k++)
				if ((m->scalar_slots & ~m->precise_slots) & 1ull << k)
					log_forced(e, i, "fp", -(int)(k + 1) * SLOT_SIZE);
			m->precise_regs |= m->scalar_regs;
			m->precise_slots |= m->scalar_slots;
		}
}

/* Mark what is wanted of one frame; what is marked already, or no scalar, needs no retracing beyond. */
static bool mark_frame(struct marks *m, u32 *regs, u64 *slots)
{
	*regs &= m->scalar_regs & ~m->precise_regs;
	*slots &= m->scalar_slots & ~m->precise_slots;
	m->precise_regs |= *regs;
	m->precise_slots |= *slots;
	return *regs | *slots;
}

static bool mark_trail(struct vf_env *e, struct trail *t, struct want *w)
{
	bool changed = false;

	for (u32 i = w->frame + 1; i-- > 0;) {
		changed |= mark_frame(&t->mark[i], &w->regs[i], &w->slots[i]);
		if (likely(!(e->log->level & LOG_LEVEL2)))
			continue;
		vf_log(e, "mark_precise: frame%u: parent state ", i);
		log_masks(e, w->regs[i], w->slots[i]);
		vf_log(e, ": ");
		if (t->state)
			state_print(e, t->state, i, true);
	}
	return changed;
}

/* The beginning of a global function: its arguments are anything. */
static int at_entry(struct vf_env *e, const struct trail *t, const struct want *w)
{
	if (t->curframe || !t->subprog || w->slots[0] || (w->regs[0] & ~ARGS))
		return vf_bug(e, "backtracking func entry subprog %u reg_mask %x stack_mask %llx", t->subprog, w->regs[0],
			      (unsigned long long)w->slots[0]);
	return 0;
}

/* Has the instruction nothing to do with what is wanted? Most of those of a path have not. */
static bool is_unrelated(const struct vf_env *e, u32 i, const struct jmp_hist *h, const struct want *w)
{
	if (e->touched[i] & (w->regs[w->frame] | RETRACE))
		return false;
	if (!h)
		return true;
	return !h->linked && !((h->flags & HIST_STACK_ACCESS) &&
			       (w->slots[h->flags & HIST_FRAME_MASK] >> (h->flags >> HIST_SLOT_SHIFT & HIST_SLOT_MASK) & 1));
}

/* Back through one part of the path. 0: go on above it; 1: nothing is wanted any more; -errno. */
static int retrace(struct vf_env *e, const struct jmp_hist *h, u32 last, u32 first, u32 *next, bool *skip, struct want *w)
{
	bool all = e->log->level & LOG_LEVEL2; /* which tells of each */
	u32 i = last;
	int err;

	for (;;) {
		const struct jmp_hist *here = h && h->idx == i ? h : NULL;

		if (*skip || (!all && is_unrelated(e, i, here, w))) {
			*skip = false;
		} else {
			err = back_one(e, i, *next, here, w);
			if (err)
				return err;
			if (is_empty(w))
				return 1;
		}
		*next = i;
		if (i == first && (!h || (!h->older && h->idx == i)))
			return 0;
		if (here) {
			i = here->prev;
			h = h->older;
		} else {
			i--;
		}
		if (i >= e->n)
			return -ENOTSUPP;
	}
}

static void log_retrace(struct vf_env *e, const struct want *w, u32 last, u32 first, u32 next)
{
	if (unlikely(e->log->level & LOG_LEVEL2))
		vf_log(e, "mark_precise: frame%u: last_idx %d first_idx %d subseq_idx %d \n", w->frame, (s32)last, (s32)first,
		       (s32)next);
}

int precise_go(struct vf_env *e, const struct path_end *from, bool *ret_changed)
{
	const struct jmp_hist *h = from->hist;
	struct want *w = e->precise;
	struct trail *t = from->above;
	u32 last = from->insn, first = from->first_insn, next = U32_MAX;
	bool skip = true;
	int err;

	if (!e->bpf_capable)
		return 0;
	w->frame = from->curframe;
	if (is_empty(w))
		return 0;
	for (;;) {
		log_retrace(e, w, last, first, next);
		err = retrace(e, h, last, first, &next, &skip, w);
		if (err == -ENOTSUPP) {
			precise_all(e, from);
			if (ret_changed)
				*ret_changed = true;
			return 0;
		}
		if (err)
			return err < 0 ? err : 0;
		if (!t)
			break;
		if (mark_trail(e, t, w) && ret_changed)
			*ret_changed = true;
		if (is_empty(w))
			return 0;
		next = first;
		last = t->last_insn;
		first = t->first_insn;
		h = t->hist;
		if (last == U32_MAX) {
			log_retrace(e, w, last, first, next);
			return at_entry(e, t, w);
		}
		t = t->parent;
	}
	precise_all(e, from);
	return 0;
}

int mark_precise(struct vf_env *e, u32 regno)
{
	struct path_end from = path_end(e->cur);
	struct want *w = precise_want(e);

	w->regs[from.curframe] = 1u << regno;
	return precise_go(e, &from, NULL);
}

int mark_precise_slot(struct vf_env *e, u32 frameno, u32 slot)
{
	struct path_end from = path_end(e->cur);
	struct want *w = precise_want(e);

	w->slots[frameno] = 1ull << slot;
	return precise_go(e, &from, NULL);
}
