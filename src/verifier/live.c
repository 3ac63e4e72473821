/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which stack slots may still be read: by call chain, as marks of the walk propagated over the flow graph.
 *
 * An instance is a function reached by one chain of calls. For each of its instructions, and each frame of
 * the chain, it joins over all visits the slots read (may) and the slots written (must). Live before an
 * instruction = (live after - must) + may; a fixed point over the postorder, then handed to the call
 * instruction in the caller's instance. Invariant: when a checkpoint has no unfinished path, every read below
 * it is recorded and propagated.
 */
#include <stdio.h>

#include "verifier/env.h"

struct masks { u64 may_read, must_write, live; };

struct instance {
	struct instance *next;          /* of the hash bucket */
	u32 sites[MAX_FRAMES];          /* call instructions; the last one is the start of the function */
	u32 starts[MAX_FRAMES];
	u32 depth, sub, start, n;
	bool updated, must_dropped;
	struct masks *frame[MAX_FRAMES]; /* n each, made when needed */
	u64 *must_acc[MAX_FRAMES];       /* n each: written here or on every way on; only where somebody asks */
	bool *seen;                      /* n: must_write holds something */
	bool *queued;                    /* n */
	u32 *queue, nqueue;              /* instructions whose equation may no longer hold */
};

struct live {
	struct instance **bucket;        /* a power of two of them, no fewer than half the instances: chains of calls may be many */
	u32 nbuckets, ninstances;
	struct instance *cur;            /* of the state being walked; NULL: look it up */
	u64 written[MAX_FRAMES];         /* by this instruction */
	bool any_written;
	struct instance *query[MAX_FRAMES];
	u32 query_insn, query_depth;
	u32 *pred, *pred_at;             /* predecessors of i: pred[pred_at[i] .. pred_at[i + 1]) */
};

#define FEWEST_BUCKETS 64u

static struct live *live_of(struct vf_env *e)
{
	struct live *l = e->live;

	if (!l) {
		e->live = l = ARENA_NEW(&e->arena, struct live);
		l->nbuckets = FEWEST_BUCKETS;
		l->bucket = ARENA_ARRAY(&e->arena, struct instance *, FEWEST_BUCKETS);
	}
	return l;
}

static struct instance **bucket_of(struct live *l, const u32 *sites, u32 depth)
{
	u32 hash = depth;

	for (u32 i = 0; i <= depth; i++)
		hash = (hash ^ sites[i]) * 0x9e3779b1u;
	return &l->bucket[(hash ^ hash >> 16) & (l->nbuckets - 1)];
}

static void add_instance(struct vf_env *e, struct live *l, struct instance *in)
{
	struct instance **old = l->bucket, **b, *next;
	u32 n = l->nbuckets;

	if (++l->ninstances > 2 * n) {
		l->nbuckets = 4 * n;
		l->bucket = ARENA_ARRAY(&e->arena, struct instance *, l->nbuckets);
		for (u32 i = 0; i < n; i++)
			for (struct instance *it = old[i]; it; it = next) {
				next = it->next;
				b = bucket_of(l, it->sites, it->depth);
				it->next = *b;
				*b = it;
			}
	}
	b = bucket_of(l, in->sites, in->depth);
	in->next = *b;
	*b = in;
}

static struct instance *lookup(struct vf_env *e, const u32 *sites, const u32 *starts, u32 depth)
{
	struct live *l = live_of(e);
	struct instance *in;

	for (in = *bucket_of(l, sites, depth); in; in = in->next)
		if (in->depth == depth && !memcmp(in->sites, sites, (depth + 1) * sizeof(*sites)))
			return in;
	in = ARENA_NEW(&e->arena, struct instance);
	memcpy(in->sites, sites, (depth + 1) * sizeof(*sites));
	memcpy(in->starts, starts, (depth + 1) * sizeof(*starts));
	in->depth = depth;
	in->start = starts[depth];
	in->sub = sub_containing(e, in->start);
	in->n = e->subs[in->sub + 1].start - in->start;
	in->seen = ARENA_ARRAY(&e->arena, bool, in->n);
	in->queued = ARENA_ARRAY(&e->arena, bool, in->n);
	in->queue = arena_alloc_raw(&e->arena, in->n * sizeof(u32));
	add_instance(e, l, in);
	return in;
}

static struct instance *instance_of(struct vf_env *e, const struct vstate *s, u32 depth)
{
	u32 sites[MAX_FRAMES], starts[MAX_FRAMES];

	for (u32 i = 0; i <= depth; i++) {
		starts[i] = e->subs[s->frame[i]->subprog].start;
		sites[i] = i < depth ? s->frame[i + 1]->callsite : starts[i];
	}
	return lookup(e, sites, starts, depth);
}

static struct masks *masks_at(struct instance *in, u32 frame, u32 insn)
{
	return in->frame[frame] ? &in->frame[frame][insn - in->start] : NULL;
}

static struct masks *make_masks_at(struct vf_env *e, struct instance *in, u32 frame, u32 insn)
{
	if (!in->frame[frame])
		in->frame[frame] = ARENA_ARRAY(&e->arena, struct masks, in->n);
	return &in->frame[frame][insn - in->start];
}

/* ---- marks of the walk ---- */

static struct instance *cur_instance(struct vf_env *e)
{
	struct live *l = live_of(e);

	if (!l->cur)
		l->cur = instance_of(e, e->cur, e->cur->curframe);
	return l->cur;
}

void live_chain_changed(struct vf_env *e)
{
	live_of(e)->cur = NULL;
}

static void enqueue(struct instance *in, u32 insn)
{
	u32 k = insn - in->start;

	if (in->queued[k])
		return;
	in->queued[k] = true;
	in->queue[in->nqueue++] = insn;
}

static void note_read(struct vf_env *e, struct instance *in, u32 frame, u32 insn, u64 mask)
{
	struct masks *m = make_masks_at(e, in, frame, insn);
	u64 may = m->may_read | mask;

	if (may == m->may_read)
		return;
	if ((may | m->live) != m->live) {
		in->updated = true;
		enqueue(in, insn);
	}
	m->may_read = may;
}

/* Slots from..to (both included). */
void live_note_read(struct vf_env *e, u32 frameno, u32 slot_from, u32 slot_to)
{
	u64 mask = (slot_to >= 63 ? ~0ull : (2ull << slot_to) - 1) & ~((1ull << slot_from) - 1);

	note_read(e, cur_instance(e), frameno, e->insn, mask);
}

void live_note_write(struct vf_env *e, u32 frameno, u32 slot)
{
	struct live *l = live_of(e);

	l->written[frameno] |= 1ull << slot;
	l->any_written = true;
}

static void commit(struct vf_env *e, struct instance *in, u32 insn, const u64 *written)
{
	u32 k = insn - in->start;

	for (u32 f = 0; f <= in->depth; f++) {
		u64 mask = written[f], old;
		struct masks *m;

		if (!mask && (!in->seen[k] || !in->frame[f]))
			continue;
		m = make_masks_at(e, in, f, insn);
		old = m->must_write;
		if (in->seen[k])
			mask &= old;
		if (old != mask) {
			m->must_write = mask;
			in->updated = true;
			enqueue(in, insn);
		}
		if (old & ~mask)
			in->must_dropped = true;
	}
	in->seen[k] = true;
}

void live_begin_insn(struct vf_env *e)
{
	struct live *l = live_of(e);

	cur_instance(e);
	if (l->any_written)
		memset(l->written, 0, sizeof(l->written));
	l->any_written = false;
}

/* The chain of the instruction is the one at its beginning: a call changes it only afterwards. */
void live_end_insn(struct vf_env *e, u32 insn)
{
	struct live *l = live_of(e);

	if (l->cur)
		commit(e, l->cur, insn, l->written);
}

/* ---- propagation ---- */

static void log_chain(struct vf_env *e, const struct instance *in)
{
	vf_log(e, "(");
	for (u32 i = 0; i <= in->depth; i++)
		vf_log(e, "%s%u", i ? "," : "", in->sites[i]);
	vf_log(e, ") ");
}

static void log_slots(struct vf_env *e, u64 mask)
{
	const char *sep = "";

	for (u32 i = 0; i < 64; i++)
		if (mask & 1ull << i) {
			vf_log(e, "%s%d", sep, -(s32)(i + 1) * SLOT_SIZE);
			sep = ",";
		}
}

static void log_change(struct vf_env *e, const struct instance *in, const char *what, u32 frame, u32 insn,
		       u64 old, u64 new)
{
	if (old == new)
		return;
	log_chain(e, in);
	vf_log(e, "frame %u insn %u ", frame, insn);
	if (new & ~old) {
		vf_log(e, "+%s ", what);
		log_slots(e, new & ~old);
		vf_log(e, " ");
	}
	if (old & ~new) {
		vf_log(e, "-%s ", what);
		log_slots(e, old & ~new);
	}
	vf_log(e, "\n");
}

static bool update_insn(struct vf_env *e, struct instance *in, u32 frame, u32 insn)
{
	struct masks *m = masks_at(in, frame, insn);
	u64 after = 0, acc = ~0ull, live, *must_acc = in->must_acc[frame];
	u32 succ[2], n = insn_successors(e, insn, succ);
	bool changed;

	if (!n)
		return false;
	for (u32 k = 0; k < n; k++) {
		const struct masks *next = masks_at(in, frame, succ[k]);

		after |= next->live;
		acc &= must_acc[succ[k] - in->start];
	}
	acc |= m->must_write;
	live = (after & ~m->must_write) | m->may_read;
	must_acc += insn - in->start;
	changed = live != m->live || acc != *must_acc;
	if (unlikely(e->log->level & LOG_LEVEL2) &&
	    (m->may_read || m->must_write || insn == in->start || e->aux[insn].prune_point)) {
		log_change(e, in, "live", frame, insn, m->live, live);
		log_change(e, in, "written", frame, insn, *must_acc, acc);
	}
	m->live = live;
	*must_acc = acc;
	return changed;
}

/* What the function does to its callers' frames, the call instruction does. */
static void propagate_out(struct vf_env *e, struct instance *in)
{
	u64 written[MAX_FRAMES] = { 0 };
	u32 sites[MAX_FRAMES], depth = in->depth - 1, call = in->sites[depth];
	struct instance *outer;

	memcpy(sites, in->sites, sizeof(sites));
	sites[depth] = in->starts[depth];
	outer = lookup(e, sites, in->starts, depth);
	for (u32 f = 0; f <= depth; f++) {
		const struct masks *m = masks_at(in, f, in->start);

		if (!m)
			continue;
		written[f] = in->must_acc[f][0];
		note_read(e, outer, f, call, m->live);
	}
	commit(e, outer, call, written);
}

/* Every equation until none changes, as Linux does and logs it. */
static void solve_all(struct vf_env *e, struct instance *in)
{
	u32 from = e->subs[in->sub].postorder, to = e->subs[in->sub + 1].postorder, rounds = 0;
	bool changed;

	for (u32 f = 0; f <= in->depth; f++)
		if (in->frame[f] && !in->must_acc[f])
			in->must_acc[f] = ARENA_ARRAY(&e->arena, u64, in->n);
		else if (in->frame[f] && in->must_dropped)
			memset(in->must_acc[f], 0, in->n * sizeof(u64));
	do {
		rounds++;
		changed = false;
		for (u32 f = 0; f <= in->depth; f++)
			for (u32 i = from; in->frame[f] && i < to; i++)
				changed |= update_insn(e, in, f, e->postorder[i]);
	} while (changed);
	if (e->log->level & LOG_LEVEL2) {
		log_chain(e, in);
		vf_log(e, "live stack update done in %u iterations\n", rounds);
	}
}

static void find_predecessors(struct vf_env *e, struct live *l)
{
	u32 succ[2], n;

	l->pred_at = ARENA_ARRAY(&e->arena, u32, e->n + 2);
	l->pred = ARENA_ARRAY(&e->arena, u32, 2 * e->n);
	for (u32 k = 0; k < e->npostorder; k++) {
		n = insn_successors(e, e->postorder[k], succ);
		while (n)
			l->pred_at[succ[--n] + 2]++;
	}
	for (u32 i = 2; i < e->n + 2; i++)
		l->pred_at[i] += l->pred_at[i - 1];
	for (u32 k = 0; k < e->npostorder; k++) {
		n = insn_successors(e, e->postorder[k], succ);
		while (n)
			l->pred[l->pred_at[succ[--n] + 1]++] = e->postorder[k];
	}
}

/* Only the equations that may not hold, and what depends on them. Without must_acc: nobody outside asks. */
static void solve_queue(struct vf_env *e, struct instance *in)
{
	struct live *l = live_of(e);
	u32 succ[2];

	if (!l->pred)
		find_predecessors(e, l);
	while (in->nqueue) {
		u32 insn = in->queue[--in->nqueue], n = insn_successors(e, insn, succ);
		struct masks *m = masks_at(in, 0, insn);
		u64 live = 0;

		in->queued[insn - in->start] = false;
		if (!n)
			continue;
		while (n)
			live |= masks_at(in, 0, succ[--n])->live;
		live = (live & ~m->must_write) | m->may_read;
		if (live == m->live)
			continue;
		m->live = live;
		for (u32 k = l->pred_at[insn]; k < l->pred_at[insn + 1]; k++)
			enqueue(in, l->pred[k]);
	}
}

static void update_instance(struct vf_env *e, struct instance *in)
{
	if (!in->depth && !(e->log->level & LOG_LEVEL2)) {
		solve_queue(e, in);
		return;
	}
	solve_all(e, in);
	memset(in->queued, 0, in->n * sizeof(*in->queued));
	in->nqueue = 0;
	if (in->depth)
		propagate_out(e, in);
}

void live_update(struct vf_env *e)
{
	live_chain_changed(e);
	for (u32 f = e->cur->curframe + 1; f-- > 0;) {
		struct instance *in = instance_of(e, e->cur, f);

		if (!in->updated)
			continue;
		update_instance(e, in);
		in->updated = in->must_dropped = false;
	}
}

/* ---- questions ---- */

void live_query(struct vf_env *e, const struct vstate *s)
{
	struct live *l = live_of(e);

	for (u32 f = 0; f <= s->curframe; f++)
		l->query[f] = instance_of(e, s, f);
	l->query_depth = s->curframe;
	l->query_insn = s->insn;
}

/* Slots of a frame that may be read from the queried state on. */
u64 live_slots(struct vf_env *e, u32 frameno)
{
	struct live *l = live_of(e);
	struct instance *top = l->query[l->query_depth];
	const struct masks *m = masks_at(top, frameno, l->query_insn);
	u64 live = m ? m->live : 0;

	for (u32 i = frameno; i < l->query_depth; i++) {
		u32 site = top->sites[i];

		m = masks_at(l->query[i], frameno, e->aux[site].calls_callback ? site : site + 1);
		live |= m ? m->live : 0;
	}
	return live;
}

int live_compute(struct vf_env *e)
{
	live_of(e);
	return 0;
}
