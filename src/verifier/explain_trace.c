/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbering the values on a path: see explain_trace.h. */
#include "verifier/explain_trace.h"

#include <stdlib.h>

#define DEPTH 16
#define SLOTS (MAX_STACK / SLOT_SIZE)

struct tframe { u32 reg[11], slot[SLOTS]; };
struct build { struct trace *t; struct tframe f[DEPTH]; u32 depth; bool failed; };

static bool grow(void *vec, u32 n, u32 *cap, size_t elem)
{
	void **v = vec, *p;
	u32 more = *cap ? *cap * 2 : 256;

	if (n < *cap)
		return true;
	p = realloc(*v, more * elem);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

static u32 make(struct build *b, struct tval v)
{
	struct trace *t = b->t;

	if (!grow(&t->val, t->nvals, &t->valcap, sizeof(*t->val))) {
		b->failed = true;
		return 0;
	}
	t->val[t->nvals] = v;
	return t->nvals++;
}

/* The slot of an access through r10; -1: none, or not of this function's stack. */
static s32 slot_at(const struct ins *i, u32 reg)
{
	return reg == BPF_REG_10 && i->off < 0 && i->off >= -MAX_STACK ? (s32)slot_of(i->off) : -1;
}

static void enter(struct build *b, u32 step, bool callback)
{
	struct tframe *from = &b->f[b->depth], *to;

	if (b->depth + 1 == DEPTH)
		return;
	to = &b->f[++b->depth];
	*to = (struct tframe){ 0 };
	for (u32 k = 1; k <= 5; k++)
		to->reg[k] = callback ? make(b, (struct tval){ .kind = TV_ARG, .reg = (u8)k, .step = step }) : from->reg[k];
	to->reg[10] = make(b, (struct tval){ .kind = TV_ARG, .reg = 10, .step = step });
}

static void after_call(struct build *b, u32 step, u32 result)
{
	struct tframe *f = &b->f[b->depth];

	f->reg[0] = result;
	for (u32 k = 1; k <= 5; k++)
		f->reg[k] = make(b, (struct tval){ .kind = TV_LOST, .reg = (u8)k, .step = step });
}

/* Slots that the call was given a pointer to hold what it wrote there. */
static void written_by_call(struct build *b, u32 step)
{
	struct tframe *f = &b->f[b->depth];

	for (u32 k = 1; k <= 5; k++) {
		struct tptr p = trace_pointer(b->t, f->reg[k]);
		const struct tval *base = &b->t->val[p.base];
		if (base->kind == TV_ARG && base->reg == 10 && !p.var && p.off < 0 && p.off >= -MAX_STACK)
			f->slot[slot_of((s32)p.off)] = make(b, (struct tval){ .kind = TV_CALL, .step = step });
	}
}

static void on_call(struct build *b, u32 step, const struct ins *i)
{
	struct trace *t = b->t;
	struct tframe *f = &b->f[b->depth];
	u32 next = step + 1 < t->len ? t->path[step + 1] : U32_MAX;
	struct tcall c = { .step = step };

	memcpy(c.arg, f->reg, sizeof(c.arg));
	if (!grow(&t->call, t->ncalls, &t->callcap, sizeof(*t->call)))
		b->failed = true;
	else
		t->call[t->ncalls++] = c;
	if (next != U32_MAX && next != t->path[step] + 1) { /* into the function, or into a callback */
		enter(b, step, ins_class(i) != IC_CALL_SUB);
		return;
	}
	written_by_call(b, step);
	after_call(b, step, make(b, (struct tval){ .kind = TV_CALL, .step = step }));
}

static void on_return(struct build *b, u32 step)
{
	u32 result = b->f[b->depth].reg[0];

	if (!b->depth)
		return;
	b->depth--;
	after_call(b, step, result);
}

static void on_load(struct build *b, u32 step, const struct ins *i)
{
	struct tframe *f = &b->f[b->depth];
	s32 slot = slot_at(i, i->src);
	struct tval v = { .kind = TV_LOAD, .step = step, .a = f->reg[i->src], .off = i->off, .size = ins_info(i)->size,
			  .field = b->t->e->fact[b->t->path[step]].field };

	if (slot >= 0 && f->slot[slot]) {
		if (ins_info(i)->size == 8) {
			f->reg[i->dst] = f->slot[slot];
			return;
		}
		v = (struct tval){ .kind = TV_CUT, .step = step, .a = f->slot[slot], .size = ins_info(i)->size };
	}
	f->reg[i->dst] = make(b, v);
}

static void on_store(struct build *b, u32 step, const struct ins *i)
{
	struct tframe *f = &b->f[b->depth];
	s32 slot = slot_at(i, i->dst);

	if (slot < 0)
		return;
	if (ins_class(i) == IC_ST)
		f->slot[slot] = make(b, (struct tval){ .kind = TV_CONST, .step = step, .imm = i->imm });
	else if (ins_info(i)->size == 8)
		f->slot[slot] = f->reg[i->src];
	else
		f->slot[slot] =
			make(b, (struct tval){ .kind = TV_CUT, .step = step, .a = f->reg[i->src], .size = ins_info(i)->size });
}

static void on_alu(struct build *b, u32 step, const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	struct tframe *f = &b->f[b->depth];
	bool moves = x->width == 64 && (x->sub == ALU_ADD || x->sub == ALU_SUB) && ins_class(i) == IC_ALU;
	struct tval v = { .kind = moves ? TV_ADD : TV_OP, .step = step, .a = f->reg[i->dst], .size = x->width / 8 };

	if (x->has_imm)
		v.imm = x->sub == ALU_SUB ? -(s64)i->imm : i->imm;
	else if (ins_class(i) == IC_ALU)
		v.b = f->reg[i->src];
	f->reg[i->dst] = make(b, v);
}

static void on_mov(struct build *b, u32 step, const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	struct tframe *f = &b->f[b->depth];

	if (x->has_imm)
		f->reg[i->dst] = make(b, (struct tval){ .kind = TV_CONST, .step = step, .imm = i->imm });
	else if (x->width == 64 && !x->sx)
		f->reg[i->dst] = f->reg[i->src];
	else
		f->reg[i->dst] = make(b, (struct tval){ .kind = TV_CUT, .step = step, .a = f->reg[i->src],
							.size = x->sx ? x->sx / 8 : 4 });
}

static void take_step(struct build *b, u32 step)
{
	const struct ins *i = trace_ins(b->t, step);
	struct tframe *f = &b->f[b->depth];

	switch (ins_class(i)) {
	case IC_MOV: on_mov(b, step, i); return;
	case IC_ALU: case IC_END: on_alu(b, step, i); return;
	case IC_LDX: case IC_LOAD_ACQ: on_load(b, step, i); return;
	case IC_ST: case IC_STX: case IC_STORE_REL: on_store(b, step, i); return;
	case IC_CALL: case IC_CALL_SUB: case IC_CALL_KFUNC: on_call(b, step, i); return;
	case IC_LDABS: case IC_LDIND:
		after_call(b, step, make(b, (struct tval){ .kind = TV_CALL, .step = step }));
		return;
	case IC_EXIT: on_return(b, step); return;
	case IC_LDIMM64:
		f->reg[i->dst] = make(b, (struct tval){ .kind = TV_CONST, .step = step, .imm = (s64)i->imm64 });
		return;
	case IC_ATOMIC: case IC_CAST:
		for (u32 k = 0; k < 10; k++)
			if (isa_writes(i) & 1u << k)
				f->reg[k] =
					make(b, (struct tval){
							.kind = TV_LOAD, .step = step, .a = f->reg[i->dst], .off = i->off });
		return;
	case IC_LDIMM64_HI: case IC_JA: case IC_JCC: case IC_MAY_GOTO: case IC_INTERNAL:
		return;
	}
}

bool trace_build(struct trace *t, const struct vf_env *e, const u32 *path, u32 len)
{
	struct build *b = calloc(1, sizeof(*b));

	*t = (struct trace){ .e = e, .path = path, .len = len, .step = calloc(len ? len : 1, sizeof(*t->step)) };
	if (!b || !t->step)
		goto fail;
	b->t = t;
	make(b, (struct tval){ .kind = TV_UNKNOWN });
	for (u32 k = 1; k <= 10; k++)
		b->f[0].reg[k] = k <= 5 || k == 10 ? make(b, (struct tval){ .kind = TV_ARG, .reg = (u8)k }) : 0;
	for (u32 s = 0; s < len && !b->failed; s++) {
		const struct ins *i = trace_ins(t, s);
		const struct tframe *f = &b->f[b->depth];
		t->step[s].dst = i->dst <= 10 ? f->reg[i->dst] : 0;
		t->step[s].src = !ins_info(i)->has_imm && i->src <= 10 ? f->reg[i->src] : 0;
		if (s + 1 == len)
			memcpy(t->now, f->reg, sizeof(t->now));
		else
			take_step(b, s);
	}
	if (b->failed)
		goto fail;
	free(b);
	return true;
fail:
	free(b);
	trace_free(t);
	return false;
}

void trace_free(struct trace *t)
{
	free(t->step);
	free(t->val);
	free(t->call);
	*t = (struct trace){ 0 };
}

/* ---- questions ---- */
const struct helper_spec *trace_helper(const struct trace *t, u32 step)
{
	const struct ins *i = trace_ins(t, step);

	return ins_class(i) == IC_CALL ? helper_by_id((u32)i->imm) : NULL;
}

u32 trace_root(const struct trace *t, u32 v)
{
	const struct tval *x = &t->val[v];

	while ((x->kind == TV_CUT || ((x->kind == TV_ADD || x->kind == TV_OP) && !x->b)) && x->a) {
		v = x->a;
		x = &t->val[v];
	}
	return v;
}

/* Does a pointer come first? Of two values added, the one that leads to a pointer's source is the base. */
static bool leads_to_pointer(const struct trace *t, u32 v)
{
	const struct tval *x = &t->val[trace_root(t, v)];

	if (x->kind == TV_ADD)
		return leads_to_pointer(t, x->a) || leads_to_pointer(t, x->b);
	if (x->kind == TV_CONST)
		return ins_is_ldimm64(trace_ins(t, x->step)) && trace_ins(t, x->step)->op != OP_LDIMM64_BTF_ID &&
		       t->e->fact[t->path[x->step]].map;
	return (x->kind == TV_LOAD && x->field && x->field->kind != CK_SCALAR) ||
	       (x->kind == TV_ARG && (x->reg == 10 || x->reg == 1)) ||
	       (x->kind == TV_CALL && trace_helper(t, x->step) && trace_helper(t, x->step)->ret >= RET_MAP_VALUE);
}

struct tptr trace_pointer(const struct trace *t, u32 v)
{
	struct tptr p = { .base = v };
	const struct tval *x;

	while ((x = &t->val[p.base])->kind == TV_ADD) {
		if (!x->b) {
			p.off += x->imm;
			p.base = x->a;
			continue;
		}
		bool second = !leads_to_pointer(t, x->a) && leads_to_pointer(t, x->b);
		if (!p.var) {
			p.var = second ? x->a : x->b;
			p.var_step = x->step;
		}
		p.base = second ? x->b : x->a;
	}
	return p;
}

bool trace_same_memory(const struct trace *t, u32 v, u32 u)
{
	const struct tval *x = &t->val[trace_root(t, v)], *y = &t->val[trace_root(t, u)];
	struct tptr p, q;

	if (x == y || x->kind != TV_LOAD || y->kind != TV_LOAD || x->size != y->size)
		return false;
	p = trace_pointer(t, x->a);
	q = trace_pointer(t, y->a);
	return p.base && p.base == q.base && p.var == q.var && p.off + x->off == q.off + y->off;
}
