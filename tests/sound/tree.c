/* SPDX-License-Identifier: BSD-2-Clause */
/* See tree.h. Every verification of the process is watched: the linker wraps vf_verify(). */
#include "sound/tree.h"

#include <stdlib.h>

u64 record_limit = 300000;
bool record_off;

/* Pointers to nodes by the verifier's checkpoints, which are reused: the last word counts. */
#define TABLE 65536
#define MAX_BRANCHES 8192
struct entry { const struct vstate *state; struct node *node; };

struct recorder {
	struct record *r;
	struct node *cur;          /* what was walked last on this path; NULL: the next node is a root */
	bool new_path, async;
	const struct vstate *kept; /* a checkpoint of what the next node has */
	struct node *branch[MAX_BRANCHES]; /* where the waiting branches left, as the verifier stacks them; NULL: a callback that runs later */
	struct entry kept_at[TABLE];
	u32 nkept;
};

static struct record *last;

static struct entry *find(struct entry *t, u32 *n, const struct vstate *s, bool make)
{
	u32 h = (u32)(((uintptr_t)s >> 4) * 2654435761u) % TABLE;

	while (t[h].state && t[h].state != s)
		h = (h + 1) % TABLE;
	if (!t[h].state && make) {
		if (++*n > TABLE / 2)
			return NULL;
		t[h].state = s;
	}
	return t[h].state ? &t[h] : NULL;
}

static void give_up(struct recorder *k, const char *why)
{
	k->r->incomplete = true;
	k->r->why = why;
}

/* A register or slot as it is, with what was marked of it later. */
static struct slot whole_slot(const struct frame *f, u32 k)
{
	struct slot s = *frame_slot(f, k);

	s.reg.precise = slot_precise(f, k);
	return s;
}

static struct reg whole_reg(const struct frame *f, u32 i)
{
	struct reg r = *frame_reg(f, i);

	r.precise = reg_precise(f, i);
	return r;
}

static const struct claim_stack *copy_stack(struct record *r, const struct frame *f, const struct claim_stack *was)
{
	struct claim_stack *s;
	bool same = was && was->n == f->nslots;

	for (u32 i = 0; same && i < f->nslots; i++) {
		struct slot now = whole_slot(f, i);

		same = !memcmp(was->s[i], &now, sizeof(now));
	}
	if (same)
		return was;
	s = arena_alloc(&r->arena, sizeof(*s) + f->nslots * sizeof(s->s[0]));
	s->n = f->nslots;
	for (u32 i = 0; i < f->nslots; i++) {
		struct slot now = whole_slot(f, i);

		if (was && i < was->n && !memcmp(was->s[i], &now, sizeof(now))) {
			s->s[i] = was->s[i];
		} else {
			struct slot *n = arena_alloc_raw(&r->arena, sizeof(*n));

			*n = now;
			s->s[i] = n;
		}
	}
	return s;
}

static const struct claim_frame *copy_frame(struct record *r, const struct frame *f, const struct claim_frame *was)
{
	struct claim_frame new = { .callsite = f->callsite, .subprog = f->subprog, .in_callback = f->in_callback }, *c;
	bool same = was && was->callsite == f->callsite && was->subprog == f->subprog;

	for (u32 i = 0; i < 11; i++) {
		struct reg now = whole_reg(f, i);

		if (was && !memcmp(was->reg[i], &now, sizeof(now))) {
			new.reg[i] = was->reg[i];
		} else {
			struct reg *n = arena_alloc_raw(&r->arena, sizeof(*n));

			*n = now;
			new.reg[i] = n;
			same = false;
		}
	}
	new.stack = copy_stack(r, f, was ? was->stack : NULL);
	if (same && new.stack == was->stack)
		return was;
	c = ARENA_NEW(&r->arena, struct claim_frame);
	*c = new;
	return c;
}

static struct node *add_node(struct recorder *k, u32 insn, const struct vstate *s, const struct node *like)
{
	struct record *r = k->r;
	struct node *n = ARENA_NEW(&r->arena, struct node), *up = k->cur;

	n->insn = insn;
	n->nframes = (u8)(s->curframe + 1);
	n->frame = ARENA_ARRAY(&r->arena, const struct claim_frame *, n->nframes);
	for (u32 i = 0; i < n->nframes; i++)
		n->frame[i] = copy_frame(r, s->frame[i], like && i < like->nframes ? like->frame[i] : NULL);
	for (u32 i = 0; i < s->nrefs; i++)
		n->nrefs = (u16)(n->nrefs + (s->refs[i].kind == REF_PTR));
	n->nlocks = (u16)s->active_locks;
	if (up) {
		if (up->last)
			up->last->next = n;
		else
			up->child = n;
		up->last = n;
	} else {
		ARENA_GROW(&r->arena, r->root, r->nroots, r->rootcap);
		r->root[r->nroots++] = (struct root){ insn, n, k->async };
	}
	if (++r->nodes > record_limit)
		give_up(k, "the walk is too long to be kept");
	return n;
}

static void on_step(struct recorder *k, const struct vf_event *ev)
{
	struct node *n = add_node(k, ev->insn, ev->state, k->cur);

	k->cur = n;
	if (k->kept) {
		struct entry *x = find(k->kept_at, &k->nkept, k->kept, true);

		if (x)
			x->node = n;
		else
			give_up(k, "too many checkpoints");
		k->kept = NULL;
	}
}

static void on_pruned(struct recorder *k, struct vf_env *e, const struct vf_event *ev)
{
	struct entry *x = find(k->kept_at, &k->nkept, ev->other, false);
	struct node *n;

	if (!x) {
		give_up(k, "a checkpoint that nobody made");
		return;
	}
	n = add_node(k, ev->insn, ev->other, x->node);
	n->to = x->node;
	n->whole = ev->whole;
	for (u32 i = 0; i < n->nframes; i++) {
		u32 at = i + 1 == n->nframes ? ev->insn : ev->other->frame[i + 1]->callsite;

		n->live[i] = e->aux[at].live_regs;
	}
}

static void on_event(void *cookie, struct vf_env *e, const struct vf_event *ev)
{
	struct recorder *k = cookie;

	if (k->r->incomplete)
		return;
	switch (ev->kind) {
	case VF_BEGIN:
		k->cur = NULL;
		k->async = false;
		break;
	case VF_STEP:
		if (!ev->speculative)
			on_step(k, ev);
		break;
	case VF_BRANCH:
		k->branch[e->nbranches - 1] = k->cur;
		break;
	case VF_POPPED:
		k->cur = k->branch[e->nbranches];
		k->branch[e->nbranches] = NULL;
		k->async = !k->cur;
		k->kept = NULL;
		break;
	case VF_PRUNED:
		if (!ev->speculative)
			on_pruned(k, e, ev);
		break;
	case VF_KEPT:
		if (!ev->speculative)
			k->kept = ev->other;
		break;
	case VF_REJECTED:
		break;
	}
}

int __real_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats);
int __wrap_vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof, struct vf_stats *ret_stats)
{
	/* who watches already explains a refusal */
	struct recorder *k = record_off || in->debug ? NULL : calloc(1, sizeof(*k));
	struct vf_debug debug = { k, on_event };
	struct vf_input watched = *in;
	struct record *r;
	jmp_buf oom;
	int err;

	record_free(record_take());
	if (!k)
		return __real_vf_verify(in, log, ret_proof, ret_stats);
	r = k->r = calloc(1, sizeof(*r));
	if (!r || setjmp(oom))
		abort();
	r->arena.oom = &oom;
	watched.debug = &debug;
	err = __real_vf_verify(&watched, log, ret_proof, ret_stats);
	free(k);
	if (err) {
		record_free(r);
		return err;
	}
	snprintf(r->name, sizeof(r->name), "%s", in->name && *in->name ? in->name : "?");
	r->n = (*ret_proof)->n;
	r->ins = ARENA_ARRAY(&r->arena, struct ins, r->n + 1);
	memcpy(r->ins, (*ret_proof)->ins, r->n * sizeof(*r->ins));
	r->nsubs = (*ret_proof)->nsubs;
	r->sub = ARENA_ARRAY(&r->arena, struct sub_fact, r->nsubs + 1);
	memcpy(r->sub, (*ret_proof)->sub, r->nsubs * sizeof(*r->sub));
	r->arena.oom = NULL;
	last = r;
	return 0;
}

struct record *record_take(void)
{
	struct record *r = last;

	last = NULL;
	return r;
}

void record_free(struct record *r)
{
	if (!r)
		return;
	arena_free(&r->arena);
	free(r);
}
