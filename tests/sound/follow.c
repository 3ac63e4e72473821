/* SPDX-License-Identifier: BSD-2-Clause */
/* See follow.h. */
#include "sound/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "isa/isa.h"
#include "sound/claim.h"

/* One place in the tree that the run may be at: what is claimed before node->insn, and what is loose. */
struct place {
	const struct node *node;
	u16 loose[MAX_FRAMES];
	u8 loose_byte[MAX_FRAMES][MAX_STACK]; /* [0] is fp-1 */
};
#define MAX_PLACES 32
/* The walk of one function: the program's, or a global function's that was verified by itself. */
struct level {
	u32 base; /* frame of the run that is frame 0 of the claims */
	struct place place[MAX_PLACES];
	u32 n;
};

static const struct prog *prog;
static const struct record *rec;
static u8 *has_ops; /* instructions that were lowered to something */
static struct concrete now;
static struct level level[MAX_FRAMES + 1];
static u32 nlevels;
static bool off;    /* this run is no longer followed */
static const struct run *the_run; /* others (timers) go on beside it */
static u32 last_insn;
static bool left;   /* the last instruction ended its frame */

struct follow_stats follow_stats;
const char *follow_what = "";
u64 follow_step_limit = 100000;

static char broken[512]; /* why the last place tried does not fit */
static char reasons[4][512]; /* of the first places that the run was at */

void follow(const struct prog *p, const struct record *r)
{
	free(has_ops);
	has_ops = NULL;
	prog = NULL;
	rec = NULL;
	if (!p || !r || r->incomplete || !p->image.ops)
		return;
	for (u32 i = 0; i < r->nsubs; i++)
		if (r->sub[i].is_exception_cb)
			return; /* a throw leaves the tree */
	prog = p;
	rec = r;
	has_ops = calloc(r->n + 1, 1);
	for (u32 i = 0; has_ops && i < p->image.n; i++)
		if (p->op_from[i] < r->n)
			has_ops[p->op_from[i]] = 1;
}

void follow_run(void)
{
	nlevels = 0;
	now.nframes = 0;
	off = !rec;
	the_run = NULL;
	left = false;
	follow_stats.steps = 0;
}

/* ---- reports ---- */

static void print_claim(const struct node *n)
{
	for (u32 f = 0; f < n->nframes; f++)
		for (u32 i = 0; i < 11; i++) {
			const struct reg *r = n->frame[f]->reg[i];

			if (r->type != T_NONE)
				printf("#     frame %u r%u: type %#x off %d var %#llx/%#llx id %u%s\n", f, i, r->type, r->off,
				       (unsigned long long)r->var.value, (unsigned long long)r->var.mask, r->id,
				       r->precise ? " precise" : "");
		}
}

static void violation(const char *what)
{
	printf("not ok %s: %s\n", follow_what, what);
	printf("#   after instruction %u: %s\n", last_insn, broken);
	for (u32 i = 0; nlevels && i < ARRAY_SIZE(reasons) && i < level[nlevels - 1].n; i++)
		printf("#   place %u: %s\n", i + 1, reasons[i]);
	for (u32 i = 0; i < rec->n; i++) {
		struct str s = { 0 };

		if (ins_class(&rec->ins[i]) == IC_LDIMM64_HI)
			continue;
		isa_disasm(&s, &rec->ins[i], i, NULL);
		printf("#   %4u: %s\n", i, str_text(&s));
		str_free(&s);
	}
	if (nlevels && level[nlevels - 1].n)
		print_claim(level[nlevels - 1].place[0].node);
	printf("#   registers:");
	for (u32 i = 0; now.nframes && i < 11; i++)
		printf(" %#llx", (unsigned long long)now.frame[now.nframes - 1].r[i]);
	printf("\n");
	fflush(stdout);
	follow_stats.violations++;
	off = true;
}

static void lose(void)
{
	follow_stats.lost++;
	off = true;
}

/* ---- values against claims ---- */

static bool reg_fits(const struct place *p, u32 base, u32 f, u32 i)
{
	const struct reg *r = p->node->frame[f]->reg[i];
	const char *why;

	if (r->type == T_NONE || p->loose[f] >> i & 1)
		return true;
	why = claim_broken(&now, base, r, now.frame[base + f].r[i]);
	if (why)
		snprintf(broken, sizeof(broken), "at %u, frame %u: r%u is %#llx, claimed type %#x: %s", p->node->insn, f, i,
			 (unsigned long long)now.frame[base + f].r[i], r->type, why);
	return !why;
}

/* Is a byte of the slot loose? */
static bool slot_loose(const struct place *p, u32 f, u32 k)
{
	static const u8 none[SLOT_SIZE];

	return memcmp(&p->loose_byte[f][k * SLOT_SIZE], none, SLOT_SIZE);
}

static bool slots_fit(const struct place *p, u32 base, u32 f)
{
	const struct claim_stack *s = p->node->frame[f]->stack;

	for (u32 k = 0; k < s->n; k++) {
		const u8 *at = (const u8 *)(uintptr_t)now.frame[base + f].fp - 8 * (k + 1);
		const char *why;
		u64 v;

		if (slot_loose(p, f, k))
			continue;
		why = claim_slot_broken(&now, base, s->s[k], at, &v);
		if (why) {
			snprintf(broken, sizeof(broken), "at %u, frame %u: fp-%u is %#llx, claimed type %#x: %s", p->node->insn, f,
				 8 * (k + 1), (unsigned long long)v, s->s[k]->reg.type, why);
			return false;
		}
	}
	return true;
}

/* Outer frames keep r6-r9 and their stack. */
static bool place_fits(const struct place *p, u32 base)
{
	const struct node *n = p->node;

	if (base + n->nframes != now.nframes) {
		snprintf(broken, sizeof(broken), "at %u: %u frames, claimed %u", n->insn, now.nframes - base, n->nframes);
		return false;
	}
	for (u32 f = 0; f < n->nframes; f++) {
		for (u32 i = f + 1 == n->nframes ? 0 : 6; i < 11; i++)
			if (!reg_fits(p, base, f, i))
				return false;
		if (!slots_fit(p, base, f))
			return false;
	}
	return true;
}

/* ---- jumps to checkpoints ---- */

/*
 * What a checkpoint claims of a value: inside, or loose where nothing depends on it (imprecise, dead); false: it depends on it, and it
 * is outside.
 */
static bool settle(const struct node *hop, const struct reg *r, const char *why, bool *loose)
{
	if (r->type == T_NONE) {
		*loose = true;
		return true;
	}
	if (!why)
		return true;
	if (r->type == T_SCALAR && !r->precise && !hop->whole) {
		*loose = true;
		return true;
	}
	return false;
}

/* Do all that share a number with this claim have values that fit together with v? */
static bool links_hold(const struct node *hop, u32 base, const struct reg *r, u64 v)
{
	u32 id = r->id & ~(u32)ID_ADD_MASK;

#define FITS(o, w) (((o)->id & ~(u32)ID_ADD_MASK) != id || (o)->type != T_SCALAR ||                              \
		    (u32)((w) - (u64)(s64)((o)->id & ID_ADD_MASK ? (o)->off : 0)) ==                                  \
			    (u32)(v - (u64)(s64)(r->id & ID_ADD_MASK ? r->off : 0)))
	for (u32 f = 0; id && f < hop->nframes; f++) {
		const struct claim_frame *cf = hop->frame[f];

		for (u32 i = f + 1 == hop->nframes ? 0 : 6; i < 10; i++)
			if ((hop->live[f] >> i & 1) && !FITS(cf->reg[i], now.frame[base + f].r[i]))
				return false;
		for (u32 k = 0; k < cf->stack->n; k++) {
			const struct slot *o = cf->stack->s[k];
			u64 w;

			memcpy(&w, (const u8 *)(uintptr_t)now.frame[base + f].fp - 8 * (k + 1), sizeof(w));
			if (o->type[7] == SLOT_SPILL && !FITS(&o->reg, w))
				return false;
		}
	}
#undef FITS
	return true;
}

static bool enter_checkpoint(struct place *p, const struct node *hop, u32 base)
{
	if (base + hop->nframes != now.nframes)
		return false;
	for (u32 f = 0; f < hop->nframes; f++) {
		const struct claim_frame *cf = hop->frame[f];
		u16 was = p->loose[f];

		for (u32 i = f + 1 == hop->nframes ? 0 : 6; i < 10; i++) {
			const char *why = cf->reg[i]->type == T_NONE ? NULL : claim_broken(&now, base, cf->reg[i], now.frame[base + f].r[i]);
			/* what is loose stays so unless it is inside what is claimed here, together with all that is linked to it */
			bool loose = (was >> i & 1) && cf->reg[i]->type == T_SCALAR && !cf->reg[i]->precise &&
				     (why || !links_hold(hop, base, cf->reg[i], now.frame[base + f].r[i]));

			if (!(hop->live[f] >> i & 1))
				loose = true;
			else if (!loose && !settle(hop, cf->reg[i], why, &loose)) {
				snprintf(broken, sizeof(broken), "at %u the checkpoint that the path ends in claims of r%u (%#llx), type %#x: %s",
					 hop->insn, i, (unsigned long long)now.frame[base + f].r[i], cf->reg[i]->type, why);
				return false;
			}
			p->loose[f] = (u16)((p->loose[f] & ~(1u << i)) | (u32)loose << i);
		}
		for (u32 k = 0; k < 64; k++) {
			const struct slot *s = k < cf->stack->n ? cf->stack->s[k] : NULL;
			const u8 *at = (const u8 *)(uintptr_t)now.frame[base + f].fp - 8 * (k + 1);
			bool loose, was_loose = slot_loose(p, f, k);
			const char *why;
			u64 v;

			if (!s || (s->type[7] == SLOT_INVALID && s->type[0] == SLOT_INVALID)) {
				loose = true; /* dead */
			} else if (was_loose && !(s->type[7] == SLOT_SPILL && s->reg.type == T_SCALAR &&
						  (s->reg.precise || (!claim_slot_broken(&now, base, s, at, &v) &&
								      links_hold(hop, base, &s->reg, v))))) {
				loose = true;
			} else {
				why = claim_slot_broken(&now, base, s, at, &v);
				loose = why && s->type[7] == SLOT_SPILL && s->reg.type == T_SCALAR && !s->reg.precise && !hop->whole;
				if (why && !loose) {
					snprintf(broken, sizeof(broken), "at %u the checkpoint that the path ends in claims of fp-%u: %s", hop->insn,
						 8 * (k + 1), why);
					return false;
				}
			}
			if (loose != was_loose)
				memset(&p->loose_byte[f][k * SLOT_SIZE], loose, SLOT_SIZE);
			for (u32 j = 0; s && j < SLOT_SIZE; j++)
				if (s->type[j] == SLOT_MISC)
					p->loose_byte[f][k * SLOT_SIZE + j] = 0; /* any number is inside */
		}
	}
	p->node = hop->to;
	return true;
}

/* ---- from place to place ---- */

static u32 memory_reg(const struct ins *i)
{
	enum ins_class c = ins_class(i);

	return c == IC_LDX || c == IC_LOAD_ACQ ? i->src : i->dst;
}

static bool touches_memory(enum ins_class c)
{
	return c == IC_LDX || c == IC_LOAD_ACQ || c == IC_ST || c == IC_STX || c == IC_ATOMIC || c == IC_STORE_REL;
}

/* Everything that shares the number of a loose operand of a comparison may have been narrowed by it. */
static void loosen_linked(struct place *p, u32 id)
{
	const struct node *n = p->node;

	id &= ~(u32)ID_ADD_MASK;
	for (u32 f = 0; id && f < n->nframes; f++) {
		for (u32 i = 0; i < 10; i++)
			if (n->frame[f]->reg[i]->type == T_SCALAR && (n->frame[f]->reg[i]->id & ~(u32)ID_ADD_MASK) == id)
				p->loose[f] |= (u16)(1u << i);
		for (u32 k = 0; k < n->frame[f]->stack->n; k++) {
			const struct slot *s = n->frame[f]->stack->s[k];

			if (s->type[7] == SLOT_SPILL && s->reg.type == T_SCALAR && (s->reg.id & ~(u32)ID_ADD_MASK) == id)
				memset(&p->loose_byte[f][k * SLOT_SIZE], 1, SLOT_SIZE);
		}
	}
}

/* The bytes of the stack that an access through this pointer may touch: in which frame (-1: none), from, how many, exactly those? */
struct touched { s32 frame; u32 from, n; bool exact; };
static struct touched bytes_of(const struct reg *r, s32 insn_off, u32 size)
{
	s64 at = r->off + (s64)insn_off + (s64)r->var.value;

	if (T_BASE(r->type) != T_STACK)
		return (struct touched){ .frame = -1 };
	if (r->var.mask || at < -MAX_STACK || at + size > 0)
		return (struct touched){ (s32)r->frameno, 0, MAX_STACK, false };
	return (struct touched){ (s32)r->frameno, (u32)-(at + size), size, true };
}

static bool any_loose(const struct place *p, const struct touched *t)
{
	for (u32 i = 0; t->frame >= 0 && i < t->n; i++)
		if (p->loose_byte[t->frame][t->from + i])
			return true;
	return false;
}

/* A store: what it writes is loose, or not any more where it certainly wrote. */
static void store_loose(struct place *p, const struct touched *t, bool loose)
{
	if (t->frame >= 0 && (loose || t->exact))
		memset(&p->loose_byte[t->frame][t->from], loose, t->n);
}

/* What executing node->insn makes loose, or no longer. */
static void spread(struct place *p)
{
	const struct node *n = p->node;
	const struct ins *i = &rec->ins[n->insn];
	u32 f = n->nframes - 1u;
	u16 *l = &p->loose[f], dst = (u16)(1u << i->dst), src = (u16)(1u << i->src);
	const struct op_info *x = ins_info(i);
	bool reg_src = !x->has_imm;
	struct touched t;
	bool loose;
	u16 got;

	switch (ins_class(i)) {
	case IC_MOV: case IC_CAST:
		loose = reg_src && (*l & src);
		*l = (u16)((*l & ~dst) | (loose ? dst : 0));
		return;
	case IC_ALU:
		if (reg_src && (*l & src))
			*l |= dst;
		return;
	case IC_END: case IC_ST: case IC_JA: case IC_MAY_GOTO: case IC_LDIMM64_HI: case IC_INTERNAL:
		if (ins_class(i) != IC_ST)
			return;
		t = bytes_of(n->frame[f]->reg[i->dst], i->off, x->size);
		store_loose(p, &t, false);
		return;
	case IC_LDX: case IC_LOAD_ACQ:
		t = bytes_of(n->frame[f]->reg[i->src], i->off, x->size);
		loose = any_loose(p, &t);
		*l = (u16)((*l & ~dst) | (loose ? dst : 0));
		return;
	case IC_STX: case IC_ATOMIC: case IC_STORE_REL:
		t = bytes_of(n->frame[f]->reg[i->dst], i->off, x->size);
		got = ins_class(i) != IC_ATOMIC || !(x->imm.want & BPF_FETCH) ? 0 : x->imm.want == BPF_CMPXCHG ? 1 : src;
		loose = *l & src;
		*l &= (u16)~got; /* fetched from elsewhere: any number */
		if (any_loose(p, &t)) {
			*l |= got;
			loose |= ins_class(i) == IC_ATOMIC;
		}
		store_loose(p, &t, loose);
		return;
	case IC_LDIMM64:
		*l &= (u16)~dst;
		return;
	case IC_LDABS: case IC_LDIND: case IC_CALL: case IC_CALL_KFUNC:
		*l &= (u16)~0x3fu;
		return;
	case IC_JCC:
		if ((*l & dst) || (reg_src && (*l & src))) {
			*l |= dst;
			loosen_linked(p, n->frame[f]->reg[i->dst]->id);
			if (reg_src) {
				*l |= src;
				loosen_linked(p, n->frame[f]->reg[i->src]->id);
			}
		}
		return;
	case IC_CALL_SUB:
		if (n->nframes < MAX_FRAMES) {
			p->loose[f + 1] = *l & 0x3e;
			memset(p->loose_byte[f + 1], 0, MAX_STACK);
		}
		*l &= (u16)~0x3fu;
		return;
	case IC_EXIT:
		if (f)
			p->loose[f - 1] = (u16)((p->loose[f - 1] & ~0x3fu) | (*l & 1u));
		return;
	}
}

struct search { struct level *l; u32 insn; struct place found[MAX_PLACES]; u32 n, tried; };

static void try_child(struct search *s, const struct place *from, const struct node *c, u32 depth);
static void add_forks(struct search *s, const struct place *p, u32 depth);

/* All children of `from` (which was executed) that the run may be at now. */
static void look(struct search *s, const struct place *from, u32 depth)
{
	for (const struct node *c = from->node->child; c; c = c->next)
		try_child(s, from, c, depth);
}

static void try_child(struct search *s, const struct place *from, const struct node *c, u32 depth)
{
	struct place p = *from;
	const struct node *was = from->node;
	const struct claim_frame *top = was->frame[was->nframes - 1u];
	bool back = ins_class(&rec->ins[was->insn]) == IC_EXIT && top->in_callback && c->nframes + 1u == was->nframes &&
		    c->insn == top->callsite;
	bool silent = back || !has_ops[c->insn];

	if (depth > 64)
		return;
	if (c->nframes > was->nframes && ins_class(&rec->ins[was->insn]) != IC_CALL_SUB) {
		p.loose[was->nframes] = 0; /* a callback's frame is a new one */
		memset(p.loose_byte[was->nframes], 0, MAX_STACK);
	}
	if (c->insn == s->insn && !back) {
		s->tried++;
		if (c->to) {
			if (!enter_checkpoint(&p, c, s->l->base))
				return;
		} else {
			p.node = c;
		}
		if (!place_fits(&p, s->l->base) || s->n == MAX_PLACES)
			return;
		for (u32 i = 0; i < s->n; i++)
			if (s->found[i].node == p.node && !memcmp(s->found[i].loose, p.loose, sizeof(p.loose)) &&
			    !memcmp(s->found[i].loose_byte, p.loose_byte, sizeof(p.loose_byte)))
				return;
		s->found[s->n++] = p;
		add_forks(s, &p, depth);
		return;
	}
	if (!silent)
		return;
	/* An instruction that does nothing here, or the way back into a helper that calls. What is claimed is looked at later. */
	if (c->to) {
		/* between two calls of a callback only the callers' frames are there */
		u32 frames = now.nframes;
		bool ok;

		if (back)
			now.nframes = s->l->base + c->nframes;
		ok = enter_checkpoint(&p, c, s->l->base);
		now.nframes = frames;
		if (!ok)
			return;
	} else {
		p.node = c;
	}
	if (!back)
		spread(&p);
	look(s, &p, depth + 1);
}

/* The walk may have taken an operation apart: for each of the two values that its operand can have, it is walked once more. */
static void add_forks(struct search *s, const struct place *p, u32 depth)
{
	for (const struct node *c = p->node->child; c; c = c->next)
		if (c->insn == p->node->insn && ins_class(&rec->ins[c->insn]) == IC_ALU)
			try_child(s, p, c, depth + 1);
}

/* A global function that was verified by itself is called: a level of its own. */
static bool enter_global(u32 insn)
{
	for (u32 i = 0; i < rec->nroots && nlevels <= MAX_FRAMES; i++) {
		struct level *l = &level[nlevels];

		if (rec->root[i].insn != insn || rec->root[i].async)
			continue;
		*l = (struct level){ .base = now.nframes - 1 };
		l->place[0].node = rec->root[i].node;
		l->n = 1;
		nlevels++;
		if (!place_fits(&l->place[0], l->base))
			violation("the arguments of a function are not as it was verified");
		return true;
	}
	return false;
}

static void advance(u32 insn)
{
	static struct search s;
	struct level *l;

	/* global functions that have returned */
	while (nlevels > 1 && now.nframes <= level[nlevels - 1].base)
		nlevels--;
	l = &level[nlevels - 1];
	s.l = l;
	s.insn = insn;
	s.n = s.tried = 0;
	for (u32 i = 0; i < l->n; i++) {
		struct place p = l->place[i];

		broken[0] = 0;
		spread(&p);
		look(&s, &p, 0);
		if (i < ARRAY_SIZE(reasons))
			snprintf(reasons[i], sizeof(reasons[i]), "%s", broken);
	}
	if (s.n) {
		memcpy(l->place, s.found, s.n * sizeof(s.found[0]));
		l->n = s.n;
		return;
	}
	if (!s.tried && enter_global(insn))
		return;
	if (!s.tried) {
		for (u32 i = 0; getenv("SOUND_DEBUG") && i < l->n; i++) {
			const struct node *n = l->place[i].node;

			printf("# at %u frames %u callback %d callsite %u; now %u; %s\n", n->insn, n->nframes,
			       n->frame[n->nframes - 1]->in_callback, n->frame[n->nframes - 1]->callsite, now.nframes, broken);
			for (const struct node *c = n->child; c; c = c->next) {
				printf("#   child %u frames %u to %u whole %d\n", c->insn, c->nframes, c->to ? c->to->insn : 0, c->whole);
				for (const struct node *d = c->to ? c->to->child : c->child; d; d = d->next)
					printf("#     then %u frames %u\n", d->insn, d->nframes);
			}
		}
		snprintf(broken, sizeof(broken), "instruction %u is reached, where the walk did not go", insn);
		violation("the run left the walk");
		return;
	}
	violation("a value is outside of its claim");
}

/* The memory that the instruction is about to touch. */
static void check_access(u32 insn, const u64 *r)
{
	const struct ins *i = &rec->ins[insn];
	const struct level *l = &level[nlevels - 1];
	const char *why = NULL;

	if (off || !touches_memory(ins_class(i)))
		return;
	for (u32 k = 0; k < l->n; k++) {
		const struct node *n = l->place[k].node;
		u32 reg = memory_reg(i);

		if (l->place[k].loose[n->nframes - 1u] >> reg & 1)
			why = "an address that nothing is claimed of";
		else
			why = claim_access_broken(&now, l->base, n->frame[n->nframes - 1u]->reg[reg], r[reg] + (u64)(s64)i->off,
						  ins_info(i)->size);
		if (!why)
			return;
	}
	snprintf(broken, sizeof(broken), "at %u: %s", insn, why ? why : "?");
	violation("memory that the pointer does not reach");
}

/*
 * Frames by the interpreter's register file, one for each time that the runtime enters the program, and by frame pointer: both stacks
 * grow down.
 */
static void update_frames(u64 *r)
{
	u32 n = now.nframes;

	if (left && n)
		n--;
	while (n && (now.frame[n - 1].file < r || (now.frame[n - 1].file == r && now.frame[n - 1].fp < r[10])))
		n--;
	if (!n || now.frame[n - 1].file != r || now.frame[n - 1].fp != r[10]) {
		if (n == MAX_FRAMES) {
			lose();
			return;
		}
		now.frame[n].fp = r[10];
		now.frame[n].file = r;
		n++;
	}
	now.nframes = n;
	memcpy(now.frame[n - 1].r, r, sizeof(now.frame[0].r));
}

void follow_step(struct run *run, const struct ins *pc, u64 *r)
{
	size_t k = (size_t)(pc - run->image->ops);
	u32 insn;

	if (off || !rec || (the_run && run != the_run))
		return;
	the_run = run;
	if (++follow_stats.steps > follow_step_limit)
		_exit(0); /* in a child of its own; what it said so far stands */
	if (run->image != &prog->image) {
		lose(); /* another program, by a tail call */
		return;
	}
	insn = prog->op_from[k];
	if (k && prog->op_from[k - 1] == insn)
		return;
	now.run = run;
	update_frames(r);
	if (off)
		return;
	if (!nlevels) {
		if (!enter_global(insn))
			lose();
	} else {
		advance(insn);
	}
	last_insn = insn;
	left = ins_class(&rec->ins[insn]) == IC_EXIT;
	if (!off)
		check_access(insn, r);
}
