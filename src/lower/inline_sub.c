/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small subprograms, put where they are called: static functions that call no other, keep to r0-r5 and use no stack.
 *
 * Invariant: to what is around, a body is as a call: it changes r0-r5 only, and no frame is missed by what it calls. Its instructions'
 * facts hold for every caller, as the verifier has walked all of them.
 */
#include "lower/seq.h"

#define BODY_INSNS 24
#define BODY_CALLS 2 /* of helpers, which may become twenty operations each */

enum { BODY_UNKNOWN, BODY_FITS, BODY_NOT };

#define KEPT ((u16)(0xf << BPF_REG_6 | 1 << BPF_REG_10))

static bool plain_helper(const struct ins *i)
{
	const struct helper_spec *h = helper_by_id((u32)i->imm);

	return h && !(h->flags & HF_TAIL_CALL) && i->imm != BPF_FUNC_loop;
}

static bool insn_fits(const struct lowering *l, u32 at)
{
	const struct ins *i = &l->p->ins[at];

	if (l->p->fact[at].mem == MF_ARENA)
		return false;
	switch (ins_class(i)) {
	case IC_ALU: case IC_MOV: case IC_END: case IC_LDX: case IC_ST: case IC_STX: case IC_ATOMIC: case IC_LOAD_ACQ:
	case IC_STORE_REL: case IC_JA: case IC_JCC: case IC_EXIT: case IC_LDIMM64_HI:
		break;
	case IC_LDIMM64:
		if (ins_info(i)->sub == IMM64_FUNC)
			return false;
		break;
	case IC_CALL:
		return plain_helper(i);
	default:
		return false;
	}
	return !((isa_reads(i) | isa_writes(i)) & KEPT);
}

static bool fits(const struct lowering *l, u32 sub)
{
	const struct sub_fact *s = &l->p->sub[sub];
	u32 calls = 0;

	/* a global function is verified apart and may be replaced; masks make bodies long */
	if (!sub || s->is_global || s->is_async_callback || s->is_exception_cb || s->stack || s->has_tail_call || s->has_ld_abs ||
	    s->end - s->start > BODY_INSNS || l->o->hardened)
		return false;
	for (u32 at = s->start; at < s->end; at++) {
		calls += ins_class(&l->p->ins[at]) == IC_CALL;
		if (l->p->fact[at].walked && !insn_fits(l, at))
			return false;
	}
	return calls <= BODY_CALLS;
}

bool lower_has_body(const struct lowering *l, u32 sub)
{
	if (l->body[sub] == BODY_UNKNOWN)
		l->body[sub] = fits(l, sub) ? BODY_FITS : BODY_NOT;
	return l->body[sub] == BODY_FITS;
}

int lower_body(struct lowering *l, struct seq *s, u32 sub)
{
	const struct sub_fact *f = &l->p->sub[sub];
	u32 first = s->n, at[BODY_INSNS];

	for (u32 i = f->start; i < f->end; i++) {
		int err;

		at[i - f->start] = s->n;
		err = l->p->fact[i].walked ? lower_one(l, s, i) : 0;
		if (err)
			return err;
	}
	if (s->n > first && s->op[s->n - 1].op == OP_EXIT)
		s->n--; /* on to what follows the call, and so does whoever jumps here */
	for (u32 k = first; k < s->n; k++) {
		struct ins *op = &s->op[k];

		if (op->op == OP_EXIT)
			*op = (struct ins){ .op = OP_JA, .target = s->n };
		else if (op_is_jump(op->op) && !seq_is_local(s, k))
			op->target = at[op->target - f->start];
		else
			continue;
		seq_local(s, k);
	}
	return 0;
}
