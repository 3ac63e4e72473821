/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiler's frame: what each subprogram needs, then the target's code, sizes, memory. See jit.h. */
#include "jit/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/grace.h"
#include "jit/codemem.h"
#include "jit/target.h"

static const struct jit_target *target(void)
{
#if defined(__x86_64__)
	return &jit_x86_64;
#elif defined(__aarch64__)
	return &jit_arm64;
#else
	return NULL;
#endif
}

void *jit_hop(void)
{
	return target() ? target()->hop : NULL;
}

bool jit_available(void)
{
	return target() && codemem_available();
}

u64 jit_tail_goal(const struct lower_tail *t)
{
	const struct image *img;
	u64 goal;

	grace_enter(); /* who takes it out of the slot waits */
	img = __atomic_load_n((const struct image *const *)(uintptr_t)t->image, __ATOMIC_ACQUIRE);
	goal = img ? (u64)(uintptr_t)img->hop : 0;
	grace_leave();
	return goal;
}

static void survey_op(struct jit *j, const struct jit_target *t, struct jit_sub *s, const struct ins *i)
{
	u16 regs = (u16)(flow_uses(&j->flow, j->l, i) | flow_defs(i));
	bool outlined = !t->has_template(i->op);

	s->regs |= regs;
	s->outlines |= outlined;
	s->calls |= outlined;
	s->frame |= outlined || (regs >> BPF_REG_10 & 1);
	switch (ins_class(i)) {
	case IC_CALL:
	case IC_CALL_KFUNC:
	case IC_LDABS:
	case IC_LDIND:
		s->calls = j->need_run = true;
		break;
	case IC_CALL_SUB:
		s->calls = true;
		break;
	case IC_MAY_GOTO:
		s->may_goto = s->frame = true;
		break;
	case IC_INTERNAL:
		if (i->op == OP_TAIL_CALL)
			s->tail_calls = s->calls = j->need_run = true;
		else if (i->op == OP_GET_CPU || i->op == OP_POLL)
			j->need_run = true;
		break;
	default:
		break;
	}
}

static void survey(struct jit *j, const struct jit_target *t)
{
	const struct lowered *l = j->l;

	j->sub = ARENA_ARRAY(j->a, struct jit_sub, l->nsubs);
	for (u32 s = 0; s < l->nsubs; s++) {
		j->sub[s].stack = ROUND_UP(l->sub[s].stack, 16u);
		for (u32 i = l->sub[s].start; i < l->sub[s].end; i++)
			survey_op(j, t, &j->sub[s], &l->ops[i]);
	}
	for (u32 s = 0; s < l->nsubs; s++)
		for (u32 i = l->sub[s].start; i < l->sub[s].end; i++) {
			u32 callee;

			if (l->ops[i].op != OP_CALL_SUB)
				continue;
			/* whose tail call changes run->image, which the caller puts back */
			callee = flow_sub_at(l, l->ops[i].target);
			if (callee != FLOW_NONE && j->sub[callee].tail_calls)
				j->need_run = true;
		}
}

/* ---- `if c goto on; goto out; on:` is `if !c goto out` ---- */
/* Of a conditional jump; 0: none. */
static u16 opposite(u16 op)
{
	static const u8 cond[] = {
		[JC_EQ] = JC_NE,   [JC_NE] = JC_EQ,   [JC_GT] = JC_LE,	 [JC_LE] = JC_GT,   [JC_GE] = JC_LT,  [JC_LT] = JC_GE,
		[JC_SGT] = JC_SLE, [JC_SLE] = JC_SGT, [JC_SGE] = JC_SLT, [JC_SLT] = JC_SGE, [JC_SET] = JC_SET
	};
	const struct op_info *x = &op_info[op];

	if (x->sub == JC_SET)
		return 0;
	for (u16 o = 0; o < OP_COUNT; o++) {
		const struct op_info *y = &op_info[o];

		if (y->cls == IC_JCC && y->width == x->width && y->has_imm == x->has_imm && y->sub == cond[x->sub])
			return o;
	}
	return 0;
}

/* The jump that is all there is between a condition and its target, but for what nobody reads; 0: none. */
static u32 jump_around(const struct jit *j, u32 at)
{
	const struct ins *ops = j->l->ops;

	for (u32 i = at + 1; i < j->l->n && i < at + 4; i++) {
		u32 b = j->flow.block_at[i];

		if (b != FLOW_NONE && (j->flow.block[b].joined || i != at + 1))
			return 0;
		if (ins_class(&ops[i]) == IC_JA)
			return ops[at].target == i + 1 ? i : 0;
		if (!flow_is_pure(&ops[i]) || flow_defs(&ops[i]) & j->flow.live[i])
			return 0;
	}
	return 0;
}

/* Rewritten in a copy: what was given is the interpreter's too. */
static void straighten(struct jit *j, struct lowered *copy)
{
	const struct lowered *l = j->l;
	struct ins *ops = NULL;

	for (u32 i = 0; i < l->n; i++) {
		u32 ja = ins_class(&l->ops[i]) == IC_JCC ? jump_around(j, i) : 0;
		u16 op = ja ? opposite(l->ops[i].op) : 0;

		if (!op)
			continue;
		if (!ops) {
			ops = arena_alloc_raw(j->a, l->n * sizeof(*ops));
			memcpy(ops, l->ops, l->n * sizeof(*ops));
		}
		ops[i].op = op;
		ops[i].target = l->ops[ja].target;
		for (u32 k = i + 1; k <= ja; k++)
			ops[k] = (struct ins){ .op = OP_NOP };
	}
	if (!ops)
		return;
	*copy = *l;
	copy->ops = ops;
	j->l = copy;
	flow_analyse(copy, j->a, &j->flow);
}

static void emit_all(struct jit *j, const struct jit_target *t)
{
	emit_init(&j->e, j->a, j->l->n + 1 + j->l->nsubs);
	t->emit(j);
	emit_relax(&j->e, t);
}

/* Code for its final address in `m`: 0, or -errno with nothing kept. */
static int place(struct jit *j, const struct jit_target *t, size_t with, struct codemem *m, u8 **ret_bytes)
{
	u8 *bytes = arena_alloc_raw(j->a, j->e.size);
	int err = codemem_reserve(j->e.size, with, m);

	if (err)
		return err;
	err = emit_link(&j->e, t, (u64)(uintptr_t)m->code, bytes);
	if (err)
		codemem_free(m);
	*ret_bytes = bytes;
	return err;
}

/* What outlives the arena. */
static int describe(const struct jit *j, const struct codemem *m, struct jit_code *ret)
{
	const struct lowered *l = j->l;
	u32 *off = malloc((l->n + 1) * sizeof(*off));
	void **subs = malloc((l->nsubs + 1) * sizeof(*subs));

	if (!off || !subs) {
		free(off);
		free(subs);
		return -ENOMEM;
	}
	for (u32 i = 0; i <= l->n; i++)
		off[i] = emit_label_at(&j->e, i);
	for (u32 s = 0; s < l->nsubs; s++) {
		u32 at = emit_label_at(&j->e, jit_label_sub(j, s));

		subs[s] = m->code + at;
		if (l->sub[s].start < l->sub[s].end)
			off[l->sub[s].start] = at;
	}
	*ret = (struct jit_code){ .mem = *m, .code = m->code, .size = (u32)m->size, .code_off = off, .sub_entry = subs,
				  .entry = m->code + emit_label_at(&j->e, j->entry),
				  .call = m->code + emit_label_at(&j->e, j->call),
				  .hop = m->code + emit_label_at(&j->e, j->hop) };
	ret->needs_run = j->need_run;
	return 0;
}

/* From operations to sized code. */
static int translate(struct jit *j, const struct jit_target *t, struct lowered *copy)
{
	if (!t || !j->l->n || !j->l->nsubs)
		return -EOPNOTSUPP;
	flow_analyse(j->l, j->a, &j->flow);
	straighten(j, copy);
	survey(j, t);
	emit_all(j, t);
	return j->err;
}

int jit_compile(const struct lowered *l, const struct jit_opts *o, struct arena *a, size_t with, struct jit_code *ret)
{
	const struct jit_target *t = target();
	struct jit j = { .l = l, .o = o, .a = a };
	struct lowered copy;
	struct codemem m = { 0 };
	u8 *bytes;
	int err = translate(&j, t, &copy);

	if (err)
		return err;
	err = place(&j, t, with, &m, &bytes);
	if (err == -ERANGE) {
		j.far = true;
		emit_all(&j, t);
		err = j.err ? j.err : place(&j, t, with, &m, &bytes);
	}
	if (err)
		return err;
	err = describe(&j, &m, ret);
	if (err)
		codemem_free(&m);
	else
		ret->bytes = bytes;
	return err;
}

int jit_publish(struct jit_code *c, const void *data)
{
	int err = codemem_publish(&c->mem, c->bytes, target()->fill, data);

	c->bytes = NULL;
	return err;
}

/* ---- portable images ---- */
static bool same_ref(const struct lower_ref *a, const struct lower_ref *b)
{
	return a->kind == b->kind && a->id == b->id && a->map == b->map && a->off == b->off && a->name == b->name;
}

u32 jit_slot(struct jit *j, const struct lower_ref *r)
{
	u32 i = 0;

	while (i < j->nslots && !same_ref(&j->slot[i], r))
		i++;
	if (i == j->nslots) {
		ARENA_GROW(j->a, j->slot, j->nslots, j->slotcap);
		j->slot[j->nslots++] = *r;
	}
	return i;
}

static void find_refs(struct jit *j)
{
	j->ref_of = ARENA_ARRAY(j->a, u32, j->l->n);
	for (u32 i = 0; i < j->l->nrefs; i++)
		j->ref_of[j->l->ref[i].op] = i + 1;
}

/* Where the code starts in its pages: as random as they allow, in steps of what loops are aligned to. */
static int random_start(u32 room, u32 size, u32 *ret)
{
	u32 r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return -EIO;
	*ret = r % ((room - size) / 64 + 1) * 64;
	return 0;
}

static int portable_bytes(const struct jit *j, const struct jit_target *t, u32 start, struct jit_portable *p)
{
	const struct lowered *l = j->l;

	p->bytes = malloc(p->size);
	p->code_off = malloc((l->n + 1) * sizeof(*p->code_off));
	p->sub_entry = malloc(l->nsubs * sizeof(*p->sub_entry));
	p->slot = malloc((j->nslots + 1) * sizeof(*p->slot));
	if (!p->bytes || !p->code_off || !p->sub_entry || !p->slot)
		return -ENOMEM;
	memset(p->bytes, t->fill, p->size);
	for (u32 i = 0; i <= l->n; i++)
		p->code_off[i] = start + emit_label_at(&j->e, i);
	for (u32 s = 0; s < l->nsubs; s++)
		p->sub_entry[s] = start + emit_label_at(&j->e, jit_label_sub(j, s));
	if (j->nslots)
		memcpy(p->slot, j->slot, j->nslots * sizeof(*p->slot));
	return emit_link(&j->e, t, start, p->bytes + start);
}

/* Its frame: BPF's stack, six saved registers, the return address. */
static bool is_bare(const struct jit *j)
{
	const struct jit_sub *s = &j->sub[0];

	return j->l->nsubs == 1 && !j->need_run && !s->calls && !s->may_goto && s->stack + 7 * 8 <= JIT_BARE_STACK;
}

int jit_compile_portable(const struct lowered *l, const struct jit_opts *o, struct arena *a, struct jit_portable *ret)
{
	const struct jit_target *t = target();
	struct jit j = { .l = l, .o = o, .a = a, .portable = true };
	struct jit_portable p = { 0 };
	struct lowered copy;
	u32 start = 0;
	int err;

	find_refs(&j);
	err = translate(&j, t, &copy);
	if (err)
		return err;
	p.size = ROUND_UP(j.e.size, (u32)sysconf(_SC_PAGESIZE));
	p.nsubs = l->nsubs;
	p.nslots = j.nslots;
	err = random_start(p.size, j.e.size, &start);
	if (!err)
		err = portable_bytes(&j, t, start, &p);
	if (err) {
		jit_portable_free(&p);
		return err;
	}
	p.entry = start + emit_label_at(&j.e, j.entry);
	p.call = start + emit_label_at(&j.e, j.call);
	p.hop = start + emit_label_at(&j.e, j.hop);
	p.bare = is_bare(&j);
	p.reads_ctx = j.flow.sub_args[0] >> BPF_REG_1 & 1;
	*ret = p;
	return 0;
}

void jit_portable_free(struct jit_portable *p)
{
	free(p->bytes);
	free(p->code_off);
	free(p->sub_entry);
	free(p->slot);
	*p = (struct jit_portable){ 0 };
}

int jit_portable_file(const struct jit_portable *p)
{
	return codemem_file(p->bytes, p->size);
}

void jit_free(struct jit_code *c)
{
	codemem_free(&c->mem);
	free(c->code_off);
	free(c->sub_entry);
	*c = (struct jit_code){ 0 };
}
