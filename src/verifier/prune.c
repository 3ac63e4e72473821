/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checkpoints: states kept at chosen instructions, so that a later arrival that is no worse stops there.
 *
 * When to keep one, when to drop one and how to compare inside loops follows Linux, because it decides which
 * programs stay below the limit. In a loop (a strongly connected component of the flow graph, by call chain)
 * marks of precision are incomplete until every path of the loop ended: there ranges are compared in full,
 * and arrivals that were stopped are kept as back-edges to propagate the marks through when the loop is left.
 * Invariant: a checkpoint with unfinished paths is only ever compared in full; `branches` counts them
 * exactly.
 */
#include <stdio.h>

#include "verifier/debug.h"
#include "verifier/prune.h"

#define UNPRIV_STATES 64
#define MAX_BACKEDGE_ROUNDS 64

/* A path that was stopped at a checkpoint whose marks are not complete. */
struct backedge { struct backedge *next; struct trail *equal; struct path_end end; };

/* A visit of a loop through one chain of calls. */
struct visit {
	struct visit *next;
	u32 sites[MAX_FRAMES], nsites, scc;
	struct vstate *entry;     /* first checkpoint inside; NULL: the loop was left */
	struct backedge *backedges;
	u32 nbackedges;
};

/* A checkpoint in its list, with what is asked of all of them at each arrival. */
struct kept {
	struct vstate *s;
	const struct visit *visit; /* s->visit */
	struct unlike unlike;      /* of the last comparison, once no path below is unfinished */
	u32 insn, misses, hits;
	u32 callback_depth;        /* of the top frame */
	u8 curframe;
	bool finished;             /* s->branches was seen to be 0, which it stays */
	bool cleaned;              /* dead registers and slots are forgotten */
};

struct list { struct kept *k; u32 n, cap; u32 nopen; /* not cleaned yet */ }; /* newest last */

struct prune {
	struct list **bucket;     /* by instruction and call site; n of them */
	struct visit **visits;    /* by loop */
	struct backedge *free_backedges;
	u32 explored, nevicted /* no longer compared, but some state's parent */, nbackedges;
	u64 last_walked;
	u32 last_jumps;
};

static struct prune *prune_of(struct vf_env *e)
{
	struct prune *p = e->prune;

	if (p)
		return p;
	p = ARENA_NEW(&e->arena, struct prune);
	p->bucket = ARENA_ARRAY(&e->arena, struct list *, e->n);
	p->visits = ARENA_ARRAY(&e->arena, struct visit *, e->nscc + 1);
	e->prune = p;
	return p;
}

static struct list *list_of(struct vf_env *e, u32 insn)
{
	struct list **l = &prune_of(e)->bucket[(insn ^ cur_frame(e)->callsite) % e->n];

	if (!*l)
		*l = ARENA_NEW(&e->arena, struct list);
	return *l;
}

static void note_peak(struct vf_env *e, const struct prune *p)
{
	e->peak_states = MAX(e->peak_states, p->explored + p->nevicted + p->nbackedges);
}

/* ---- trails ---- */

static struct trail *trail_new(struct vf_env *e, struct vstate *cur)
{
	u32 n = cur->curframe + 1;
	struct trail *t = e->free_trails[n - 1];

	if (t)
		e->free_trails[n - 1] = t->parent;
	else
		t = arena_alloc_raw(&e->arena, sizeof(*t) + n * sizeof(t->mark[0]));
	*t = (struct trail){ .parent = cur->parent ? cur->parent->trail : NULL,
			     .hist = cur->hist,
			     .first_insn = cur->first_insn,
			     .last_insn = cur->last_insn,
			     .subprog = cur->frame[0]->subprog,
			     .curframe = (u8)cur->curframe };
	cur->hist = NULL;
	cur->nhist = 0;
	if (t->parent) {
		t->parent->uses++;
		t->parent->ways++;
	}
	return t;
}

static void trail_put(struct vf_env *e, struct trail *t)
{
	if (--t->uses)
		return;
	t->parent = e->free_trails[t->curframe];
	e->free_trails[t->curframe] = t;
}

/* Nobody goes back through it any more, and so perhaps not through what is above either. */
static void trail_cut(struct vf_env *e, struct trail *t)
{
	while (t && t->finished && !t->ways) {
		struct trail *parent = t->parent;

		hist_put(e, t->hist);
		t->hist = NULL;
		t->parent = NULL;
		if (parent) {
			parent->ways--;
			trail_put(e, parent);
		}
		t = parent;
	}
}

/* ---- loops ---- */

/* The outermost loop that a state is in, and the calls that led there. False: in none. */
static bool chain_of(struct vf_env *e, const struct vstate *s, struct visit *ret)
{
	ret->nsites = 0;
	for (u32 i = 0; i <= s->curframe; i++) {
		u32 insn = frame_insn(s, i);

		ret->scc = e->aux[insn].scc;
		if (ret->scc)
			return true;
		ret->sites[ret->nsites++] = insn;
	}
	return false;
}

static struct visit *visit_of(struct vf_env *e, const struct visit *want)
{
	struct visit *v;

	for (v = prune_of(e)->visits[want->scc]; v; v = v->next)
		if (v->nsites == want->nsites &&
		    !memcmp(v->sites, want->sites, v->nsites * sizeof(*v->sites)))
			return v;
	return NULL;
}

static void log_visit(struct vf_env *e, const char *what, const struct visit *v)
{
	if (!(e->log->level & LOG_LEVEL2))
		return;
	vf_log(e, "SCC %s (", what);
	for (u32 i = 0; i < v->nsites && v->sites[i]; i++) /* Linux's list ends at a zero */
		vf_log(e, "%u,", v->sites[i]);
	vf_log(e, "%u)\n", v->scc);
}

static void enter_loop(struct vf_env *e, struct vstate *s)
{
	struct prune *p = prune_of(e);
	struct visit want, *v;

	if (!chain_of(e, s, &want))
		return;
	v = visit_of(e, &want);
	if (!v) {
		v = ARENA_NEW(&e->arena, struct visit);
		memcpy(v->sites, want.sites, sizeof(v->sites));
		v->nsites = want.nsites;
		v->scc = want.scc;
		v->next = p->visits[v->scc];
		p->visits[v->scc] = v;
	}
	s->visit = v;
	if (!v->entry) {
		v->entry = s;
		log_visit(e, "enter", v);
	}
}

/* Are marks of a checkpoint below a loop still to come? */
static bool marks_incomplete(const struct visit *v)
{
	return v && v->backedges;
}

static void log_propagated(struct vf_env *e, u32 frame, u32 regs, u64 slots)
{
	bool first = true;

	for (u32 k = 0; k < BPF_REG_10 + 64; k++) {
		bool is_reg = k < BPF_REG_10;
		u32 at = is_reg ? k : k - BPF_REG_10;

		if (!((is_reg ? regs : slots) >> at & 1))
			continue;
		if (first)
			vf_log(e, "frame %u: propagating ", frame);
		vf_log(e, "%s%s%d", first ? "" : ",", is_reg ? "r" : "fp", is_reg ? (s32)at : -(s32)(at + 1) * SLOT_SIZE);
		first = false;
	}
	if (!first)
		vf_log(e, "\n");
}

static int propagate_precision(struct vf_env *e, const struct trail *old, const struct path_end *cur, bool *ret_changed)
{
	struct want *w = precise_want(e);

	for (u32 f = old->curframe + 1; f-- > 0;) {
		const struct marks *m = &old->mark[f];

		w->regs[f] = m->precise_regs & m->scalar_regs;
		w->slots[f] = m->precise_slots & m->scalar_slots;
		if (unlikely(e->log->level & LOG_LEVEL2))
			log_propagated(e, f, w->regs[f], w->slots[f]);
	}
	return precise_go(e, cur, ret_changed);
}

static int propagate_backedges(struct vf_env *e, struct visit *v)
{
	struct prune *p = prune_of(e);
	bool changed;
	u32 rounds = 0;
	int err;

	do {
		if (rounds++ > MAX_BACKEDGE_ROUNDS) {
			if (e->log->level & LOG_LEVEL2)
				vf_log(e, "propagate_backedges: too many iterations\n");
			for (struct backedge *b = v->backedges; b; b = b->next)
				precise_all(e, &b->end);
			break;
		}
		changed = false;
		for (struct backedge *b = v->backedges; b; b = b->next) {
			err = propagate_precision(e, b->equal, &b->end, &changed);
			if (err)
				return err;
		}
	} while (changed);
	while (v->backedges) {
		struct backedge *b = v->backedges;

		v->backedges = b->next;
		hist_put(e, b->end.hist);
		trail_put(e, b->equal);
		if (b->end.above) {
			b->end.above->ways--;
			trail_cut(e, b->end.above);
			trail_put(e, b->end.above);
		}
		b->next = p->free_backedges;
		p->free_backedges = b;
	}
	return 0;
}

static int leave_loop(struct vf_env *e, struct vstate *s)
{
	struct prune *p = prune_of(e);
	struct visit *v = s->visit;

	if (!v || v->entry != s)
		return 0;
	log_visit(e, "exit", v);
	v->entry = NULL;
	p->nbackedges -= v->nbackedges;
	v->nbackedges = 0;
	return propagate_backedges(e, v);
}

static int add_backedge(struct vf_env *e, struct vstate *old, const struct vstate *cur)
{
	struct prune *p = prune_of(e);
	struct visit *v = old->visit;
	struct backedge *b;

	if (!v)
		return vf_bug(e, "add backedge: no SCC in verification path, insn_idx %u", old->insn);
	log_visit(e, "backedge", v);
	b = p->free_backedges;
	if (b)
		p->free_backedges = b->next;
	else
		b = arena_alloc_raw(&e->arena, sizeof(*b));
	*b = (struct backedge){ .next = v->backedges, .equal = old->trail, .end = path_end(cur) };
	b->equal->uses++;
	if (b->end.above) { /* an asynchronous callback has none before its first */
		b->end.above->uses++;
		b->end.above->ways++;
	}
	if (b->end.hist)
		b->end.hist->uses++;
	v->backedges = b;
	v->nbackedges++;
	p->nbackedges++;
	note_peak(e, p);
	return 0;
}

/* ---- the life of checkpoints ---- */

static void checkpoint_free(struct vf_env *e, struct vstate *s)
{
	s->trail->state = NULL;
	trail_put(e, s->trail);
	frozen_free(e, s);
}

/* Linux keeps those in loops to the end, and counts them so. */
static void free_if_unused(struct vf_env *e, struct vstate *s)
{
	bool incomplete = marks_incomplete(s->visit);

	if (!s->evicted || s->branches)
		return;
	if (!incomplete)
		prune_of(e)->nevicted--;
	if (!incomplete || !(e->log->level & LOG_LEVEL2)) /* whose log shows it with its marks */
		checkpoint_free(e, s);
}

int branch_done(struct vf_env *e, struct vstate *s)
{
	while (s) {
		struct vstate *parent = s->parent;
		int err;

		if (--s->branches)
			break;
		err = leave_loop(e, s);
		if (err)
			return err;
		if (s->trail) {
			s->trail->finished = true;
			trail_cut(e, s->trail);
			free_if_unused(e, s);
		}
		s = parent;
	}
	return 0;
}

void prune_reset(struct vf_env *e)
{
	struct prune *p = e->prune;

	if (!p)
		return;
	for (u32 i = 0; i < e->n; i++) {
		struct list *l = p->bucket[i];

		for (u32 j = 0; l && j < l->n; j++)
			checkpoint_free(e, l->k[j].s);
		if (l)
			l->n = l->nopen = 0;
	}
	memset(p->visits, 0, (e->nscc + 1) * sizeof(struct visit *));
	p->explored = p->nevicted = p->nbackedges = 0;
}

/* Dead registers and slots are forgotten: what remains is what the future looked at. */
static void clean(struct vf_env *e, struct vstate *s)
{
	live_query(e, s);
	for (u32 i = 0; i <= s->curframe; i++) {
		frozen_forget(e, s->frame[i], e->aux[frame_insn(s, i)].live_regs, live_slots(e, i));
	}
}

static bool same_callsites(const struct vstate *a, const struct vstate *b)
{
	if (a->curframe != b->curframe)
		return false;
	for (u32 i = 0; i <= a->curframe; i++)
		if (a->frame[i]->callsite != b->frame[i]->callsite)
			return false;
	return true;
}

static bool is_finished(struct kept *k)
{
	return k->finished || (k->finished = !k->s->branches);
}

static void clean_checkpoints(struct vf_env *e, struct list *l, u32 insn)
{
	for (u32 i = l->n; l->nopen && i-- > 0;) {
		struct kept *k = &l->k[i];

		if (k->cleaned || k->insn != insn || marks_incomplete(k->visit) || !is_finished(k) ||
		    !same_callsites(k->s, e->cur))
			continue;
		clean(e, k->s);
		k->cleaned = true;
		k->unlike.old = NULL;
		l->nopen--;
	}
}

struct vstate *prune_prev_entry(struct vf_env *e, struct vstate *cur, u32 insn)
{
	const struct list *l = list_of(e, insn);

	for (u32 i = l->n; i-- > 0;) {
		struct vstate *s = l->k[i].s;

		if (s->insn == insn && s->branches && cur && same_callsites(s, cur) && s->dfs_depth < cur->dfs_depth)
			return s;
	}
	return NULL;
}

/* ---- endless loops ---- */

static bool maybe_looping(const struct vstate *old, const struct vstate *cur)
{
	const struct frame *a, *b;

	if (old->curframe != cur->curframe)
		return false;
	a = old->frame[cur->curframe];
	b = cur->frame[cur->curframe];
	for (u32 r = 0; r < ARRAY_SIZE(a->regs); r++)
		if (!regs_identical(frame_reg(a, r), &b->regs[r]))
			return false;
	return true;
}

/* Another round of an iterator is no endless loop: it will be drained. */
static bool iter_depths_differ(const struct vstate *old, const struct vstate *cur)
{
	for (u32 i = 0; i <= old->curframe; i++)
		for (u32 k = 0; k < old->frame[i]->nslots; k++) {
			const struct slot *a = frame_slot(old->frame[i], k), *b = frame_slot(cur->frame[i], k);

			if (a->type[0] == SLOT_ITER && a->reg.iter_state == ITER_ACTIVE &&
			    a->reg.iter_depth != b->reg.iter_depth)
				return true;
		}
	return false;
}

static int reject_endless(struct vf_env *e, u32 insn, const struct vstate *old)
{
	int err;

	log_source_line(e, insn, "; ");
	err = reject(e, REJ_INFINITE_LOOP, insn);
	vf_log(e, "cur state:");
	state_print(e, e->cur, e->cur->curframe, true);
	vf_log(e, "old state:");
	state_print(e, old, e->cur->curframe, true);
	return err;
}

static bool iter_is_active(const struct vstate *cur)
{
	const struct reg *r = &cur->frame[cur->curframe]->regs[BPF_REG_1];
	const struct frame *f;
	u32 k;

	if (r->type != T_STACK)
		return false;
	f = cur->frame[r->frameno];
	k = slot_of(r->off + (s32)r->var.value);
	return k < f->nslots && f->stack[k].reg.iter_state == ITER_ACTIVE;
}

/* The first look, at what is at hand. */
static bool cannot_match(const struct kept *k, const struct vstate *cur)
{
	return k->curframe != cur->curframe || k->callback_depth > cur->frame[cur->curframe]->callback_depth;
}

enum verdict { MISS, HIT, HIT_LOOP, LOOKS_LIKE_LOOP, ENDLESS };

/* The checkpoint is on the current path: the path came round. */
static enum verdict compare_unfinished(struct vf_env *e, u32 insn, struct vstate *old)
{
	const struct frame *f = old->frame[old->curframe];
	struct vstate *cur = e->cur;
	const struct aux *a = &e->aux[insn];

	if (f->in_async_callback && f->async_entries != cur_frame(e)->async_entries)
		return LOOKS_LIKE_LOOP;
	if (a->is_iter_next)
		return states_equal(e, old, cur, EQ_RANGE) && iter_is_active(cur) ? HIT_LOOP
										  : LOOKS_LIKE_LOOP;
	if (ins_class(&e->ins[insn]) == IC_MAY_GOTO && old->may_goto_depth != cur->may_goto_depth &&
	    states_equal(e, old, cur, EQ_RANGE))
		return HIT_LOOP;
	if (a->calls_callback)
		return states_equal(e, old, cur, EQ_RANGE) ? HIT_LOOP : LOOKS_LIKE_LOOP;
	if (maybe_looping(old, cur) && states_equal(e, old, cur, EQ_EXACT) && !iter_depths_differ(old, cur) &&
	    old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_unroll_depth == cur->callback_unroll_depth)
		return ENDLESS;
	return LOOKS_LIKE_LOOP;
}

static enum verdict compare_finished(struct vf_env *e, struct kept *k)
{
	bool loop = marks_incomplete(k->visit);
	enum equal_mode mode = loop ? EQ_RANGE : EQ_LOOSE;

	if (still_unlike(e, &k->unlike, e->cur, mode))
		return MISS;
	if (!states_equal(e, k->s, e->cur, mode)) {
		k->unlike = e->unlike;
		return MISS;
	}
	return loop ? HIT_LOOP : HIT;
}

static enum verdict compare(struct vf_env *e, u32 insn, struct kept *k)
{
	if (cannot_match(k, e->cur))
		return is_finished(k) ? MISS : LOOKS_LIKE_LOOP;
	return is_finished(k) ? compare_finished(e, k) : compare_unfinished(e, insn, k->s);
}

/* The path ends in `old`. What it relied on, this path must not lose. */
static int stop_at(struct vf_env *e, u32 insn, struct vstate *old, bool loop)
{
	struct vstate *cur = e->cur;
	struct path_end end;
	int err;

	if (e->aux[insn].jmp_point)
		push_jmp_hist(e, cur, 0, 0);
	end = path_end(cur);
	err = propagate_precision(e, old->trail, &end, NULL);
	if (err || !loop)
		return err;
	return add_backedge(e, old, cur);
}

/* Forget that inherited scalars were precise: marks belong to the checkpoint that needs them. */
static void make_imprecise(struct vstate *s)
{
	for (u32 i = 0; i <= s->curframe; i++) {
		struct frame *f = s->frame[i];

		for (u32 r = 0; r < BPF_REG_10; r++)
			f->regs[r].precise = false;
		for (u32 k = 0; k < f->nslots; k++)
			if (f->stack[k].type[SLOT_SIZE - 1] == SLOT_SPILL)
				f->stack[k].reg.precise = false;
	}
}

static void add_checkpoint(struct vf_env *e, u32 insn, struct list *l)
{
	struct prune *p = prune_of(e);
	struct vstate *cur = e->cur, *s;
	struct trail *t;

	e->total_states++;
	p->explored++;
	note_peak(e, p);
	p->last_jumps = e->jumps;
	p->last_walked = e->walked;
	if (e->bpf_capable)
		make_imprecise(cur);
	t = trail_new(e, cur);
	s = state_freeze(e, cur, t);
	t->state = s;
	t->uses = 1;
	s->insn = insn;
	s->evicted = false;
	s->visit = NULL;
	enter_loop(e, s);
	cur->parent = s;
	cur->first_insn = insn;
	cur->dfs_depth = s->dfs_depth + 1;
	ARENA_GROW(&e->arena, l->k, l->n, l->cap);
	l->k[l->n++] = (struct kept){ .s = s,
				      .visit = s->visit,
				      .insn = insn,
				      .callback_depth = s->frame[s->curframe]->callback_depth,
				      .curframe = (u8)s->curframe };
	l->nopen++;
	if (unlikely(e->in->debug))
		debug_pair(e, VF_KEPT, insn, 0, s, false);
}

/* A checkpoint that rarely matches costs more than it saves. */
static bool is_useless(const struct vf_env *e, u32 insn, const struct kept *k)
{
	if (k->misses <= k->hits * 3 + 3)
		return false;
	return !e->aux[insn].force_checkpoint || !k->s->branches || k->misses > k->hits * 64 + 64;
}

static void evict(struct vf_env *e, struct list *l, u32 i)
{
	struct prune *p = prune_of(e);
	struct vstate *s = l->k[i].s;

	l->nopen -= !l->k[i].cleaned;
	l->n--;
	memmove(&l->k[i], &l->k[i + 1], (l->n - i) * sizeof(*l->k));
	s->evicted = true;
	p->nevicted++;
	p->explored--;
	free_if_unused(e, s);
}

int prune_at(struct vf_env *e, u32 insn, bool *ret_pruned)
{
	struct prune *p = prune_of(e);
	struct list *l = list_of(e, insn);
	u32 jumps = e->jumps - p->last_jumps, count = 0;
	u64 walked = e->walked - p->last_walked;
	bool force = e->test_state_freq || e->aux[insn].force_checkpoint || e->cur->nhist > 40;
	bool add = force || (jumps >= 2 && walked >= 8);

	clean_checkpoints(e, l, insn);
	for (u32 i = l->n; i-- > 0;) {
		struct kept *k = &l->k[i];
		enum verdict v;

		count++;
		if (k->insn != insn)
			continue;
		v = compare(e, insn, k);
		if (v == ENDLESS)
			return reject_endless(e, insn, k->s);
		if (v == HIT || v == HIT_LOOP) {
			k->hits++;
			*ret_pruned = true;
			if (unlikely(e->in->debug))
				debug_pair(e, VF_PRUNED, insn, e->prev_insn, k->s, v == HIT_LOOP);
			return stop_at(e, insn, k->s, v == HIT_LOOP);
		}
		/* in a loop, keep only some of the rounds */
		if (v == LOOKS_LIKE_LOOP && !force && jumps < 20 && walked < 100)
			add = false;
		k->misses += add;
		if (is_useless(e, insn, k))
			evict(e, l, i);
	}
	e->max_states_per_insn = MAX(e->max_states_per_insn, count);
	if ((!e->bpf_capable && count > UNPRIV_STATES) || !add)
		return 0;
	add_checkpoint(e, insn, l);
	return 0;
}
