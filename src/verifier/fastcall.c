/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spills and fills that a compiler puts around calls that clobber fewer registers than the convention says.
 *
 * A pattern is "*(u64 *)(r10 - Y) = rX; call; rX = *(u64 *)(r10 - Y)" for slots below all others of the
 * function; the pairs can be removed when nothing else touches those slots. Invariant: only marks; the
 * contract is checked by the walk.
 */
#include "verifier/env.h"

#define CALL_CLOBBERS 0x3fu

static u32 helper_clobbers(const struct helper_spec *h)
{
	u32 mask = h->ret == RET_VOID ? 0 : 1;

	for (u32 i = 0; i < 5; i++)
		if (h->arg[i].kind != ARG_NONE)
			mask |= 2u << i;
	return mask;
}

/* Is slot access number k (from the call outwards) the matching pair? Fills *reg. */
static bool is_pair(const struct vf_env *e, u32 call, u32 k, s32 off, u32 *reg)
{
	const struct ins *stx = &e->ins[call - k], *ldx = &e->ins[call + k];

	*reg = stx->src;
	return stx->op == OP_STX_DW && ldx->op == OP_LDX_DW && stx->dst == BPF_REG_10 &&
	       ldx->src == BPF_REG_10 && stx->src == ldx->dst && stx->off == off && ldx->off == off;
}

static void mark_call(struct vf_env *e, struct subprog *s, u32 call, s32 lowest)
{
	const struct ins *in = &e->ins[call];
	const struct helper_spec *h = in->op == OP_CALL ? helper_by_id((u32)in->imm) : NULL;
	u32 free = 0, k, reg;
	bool inlined = false;
	s32 off = lowest, n;

	if (h && !helper_allowed(h, e->in->prog_type, e->in->attach_type, e->in->caps, e->sleepable_prog)) {
		free = CALL_CLOBBERS & ~helper_clobbers(h);
		inlined = h->flags & HF_FASTCALL;
	} else if (in->op == OP_CALL_KFUNC) {
		n = kfunc_nargs(e, in);
		if (n < 0)
			return;
		free = CALL_CLOBBERS & ~(((2u << n) - 2) | 1);
	}
	if (!free)
		return;
	for (k = 1; k <= 6; k++, off += SLOT_SIZE) {
		if (call < k || call + k >= e->n || e->aux[call - k + 1].jump_target ||
		    e->aux[call + k].jump_target)
			break;
		if (!is_pair(e, call, k, off, &reg) || !(free & 1u << reg))
			break;
		free &= ~(1u << reg);
		e->aux[call - k].fastcall_pattern = true;
		e->aux[call + k].fastcall_pattern = true;
	}
	if (k == 1)
		return;
	if (inlined)
		e->aux[call].fastcall_spills = (u16)(k - 1);
	else
		s->keep_fastcall_stack = true;
	s->fastcall_stack_off = MIN(s->fastcall_stack_off, off);
}

int pass_fastcall(struct vf_env *e)
{
	for (u32 k = 0; k < e->nsubs; k++) {
		struct subprog *s = &e->subs[k];
		s32 lowest = 0;

		for (u32 i = s->start; i < s[1].start; i++)
			if (e->ins[i].op == OP_STX_DW && e->ins[i].dst == BPF_REG_10)
				lowest = MIN(lowest, e->ins[i].off);
		for (u32 i = s->start; i < s[1].start; i++)
			if (ins_class(&e->ins[i]) == IC_CALL || ins_class(&e->ins[i]) == IC_CALL_KFUNC)
				mark_call(e, s, i, lowest);
	}
	return 0;
}

/* Pairs around calls that will be inlined go away, and with them the slots that nothing else uses. */
void drop_fastcall_slots(struct vf_env *e)
{
	for (u32 k = 0; k < e->nsubs; k++) {
		struct subprog *s = &e->subs[k];
		bool any = false;

		s->used_depth = s->stack_depth;
		for (u32 i = s->start; i < s[1].start; i++)
			any |= e->aux[i].fastcall_spills > 0;
		if (any && !s->keep_fastcall_stack)
			s->stack_depth = (u32)-s->fastcall_stack_off;
	}
}
