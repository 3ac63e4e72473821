/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register arithmetic: scalars by scalar.c, pointers here; and the masks that keep pointers inside their
 * objects when the CPU guesses wrong.
 *
 * Invariant: a pointer stays a pointer only through additions and subtractions whose result lies within
 * +-2^29 of its object.
 */
#include <stdlib.h>

#include "verifier/jump.h"

/* Why pointer arithmetic cannot be masked. */
enum {
	CAN = 0,
	WHY_BOUNDS = -1001,
	WHY_TYPE = -1002,
	WHY_PATHS = -1003,
	WHY_LIMIT = -1004,
	WHY_STACK = -1005
};

static bool is_pointer(const struct vf_env *e, const struct reg *r)
{
	return !e->allow_ptr_leaks && r->type != T_SCALAR;
}

static void forget_id(struct reg *r)
{
	r->id = 0;
	r->off = 0;
}

static struct insn_fact *cur_fact(struct vf_env *e)
{
	return &e->fact[e->insn];
}

static int check_sane(struct vf_env *e, struct reg *r)
{
	if (likely(r->type != T_SCALAR || reg_sane(r)))
		return 0;
	if (e->test_reg_invariants) {
		vf_bug(e, "REG INVARIANTS VIOLATION (alu)");
		return -EFAULT;
	}
	reg_unbounded(r);
	return 0;
}

/* ---- moves ---- */

/* Copies of an unknown value are tied by an id, so that what is learned of one is learned of all. */
static void tie_copies(struct vf_env *e, struct reg *src)
{
	if (src->type != T_SCALAR)
		return;
	if (src->id & ID_ADD_MASK)
		forget_id(src);
	if (!src->id && !tnum_is_const(src->var))
		src->id = new_id(e);
}

static int step_cast(struct vf_env *e, const struct ins *i)
{
	struct reg *dst = &cur_regs(e)[i->dst];

	reg_mark_unknown(e, dst);
	if (i->imm == 1)
		dst->type = T_ARENA; /* into the program's view of the arena: a 32-bit offset */
	return 0;
}

static int mov64(struct vf_env *e, const struct ins *i, struct reg *dst, struct reg *src)
{
	u32 sx = ins_info(i)->sx;
	bool fits;

	if (!sx) {
		tie_copies(e, src);
		*dst = *src;
		return 0;
	}
	if (is_pointer(e, src))
		return reject(e, REJ_SEXT_POINTER, i->src);
	if (src->type != T_SCALAR) {
		reg_mark_unknown(e, dst);
		return 0;
	}
	fits = src->umax < 1ull << (sx - 1);
	if (fits)
		tie_copies(e, src);
	*dst = *src;
	if (!fits)
		forget_id(dst);
	reg_sext64(dst, sx / 8);
	return 0;
}

static int mov32(struct vf_env *e, const struct ins *i, struct reg *dst, struct reg *src)
{
	u32 sx = ins_info(i)->sx;
	bool fits;

	if (is_pointer(e, src))
		return reject(e, REJ_PARTIAL_POINTER, i->src);
	if (src->type != T_SCALAR) {
		reg_mark_unknown(e, dst);
	} else {
		fits = sx ? src->umax < 1ull << (sx - 1) : src->umax <= U32_MAX;
		if (fits)
			tie_copies(e, src);
		*dst = *src;
		if (!fits)
			forget_id(dst);
		if (sx)
			reg_sext32(dst, sx / 8);
	}
	reg_zext32(dst);
	reg_sync(dst);
	return 0;
}

int step_mov(struct vf_env *e, const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	struct reg *regs = cur_regs(e), *dst;
	int err = 0;

	if (x->cls == IC_CAST && !e->has_arena)
		return reject(e, REJ_CAST_NO_ARENA);
	if (!x->has_imm || x->cls == IC_CAST)
		err = reg_check(e, i->src, USE_SRC);
	err = err ? err : reg_check(e, i->dst, USE_DST_NO_MARK);
	if (err)
		return err;
	dst = &regs[i->dst];
	if (x->cls == IC_CAST)
		return step_cast(e, i);
	if (x->has_imm) {
		reg_mark_unknown(e, dst);
		reg_set_known(dst, x->width == 64 ? imm_u64(i->imm) : (u32)i->imm);
		return 0;
	}
	err = x->width == 64 ? mov64(e, i, dst, &regs[i->src]) : mov32(e, i, dst, &regs[i->src]);
	return err ? err : check_sane(e, dst);
}

/* The register of an operation that has no other operand; *ret NULL: it holds no number, and what comes out is not known. */
static int changed_alone(struct vf_env *e, const struct ins *i, struct reg **ret)
{
	struct reg *r = &cur_regs(e)[i->dst];
	int err = reg_check(e, i->dst, USE_SRC);

	*ret = NULL;
	if (err)
		return err;
	if (is_pointer(e, r))
		return reject(e, REJ_PTR_ARITH, i->dst);
	if (r->type != T_SCALAR)
		return reg_check(e, i->dst, USE_DST);
	*ret = r;
	return reg_check(e, i->dst, USE_DST_NO_MARK);
}

int step_end(struct vf_env *e, const struct ins *i)
{
	struct reg *r;
	int err = changed_alone(e, i, &r);

	if (err || !r)
		return err;
	scalar_swap(r, (enum swap_kind)ins_info(i)->sub, (u32)i->imm);
	if (ins_info(i)->sub != SWAP_TO_LE || i->imm != 64)
		forget_id(r);
	return check_sane(e, r);
}

static int step_neg(struct vf_env *e, const struct ins *i)
{
	struct reg *r;
	int err = changed_alone(e, i, &r);

	if (err || !r)
		return err;
	scalar_neg(r, ins_info(i)->width == 32);
	forget_id(r);
	return check_sane(e, r);
}

/* ---- masks against mistaken prediction (Spectre v1) ---- */

static bool needs_masking(const struct vf_env *e, const struct ins *i)
{
	u8 op = ins_info(i)->sub;

	return (op == ALU_ADD || op == ALU_SUB) && !e->bypass_v1 && !ins_info(i)->has_imm;
}

/* Bytes from the pointer to the end of its object, in the direction it moves. */
static int ptr_limit(const struct reg *p, bool left, u32 *ret_limit)
{
	u32 max, limit;

	if (p->type == T_STACK) {
		max = MAX_STACK + left;
		limit = (u32)-(s32)(p->var.value + (u64)(s64)p->off);
	} else if (p->type == T_MAP_VALUE) {
		max = p->map->value_size;
		limit = (u32)(left ? (u64)p->smin : p->umax) + (u32)p->off;
	} else {
		return WHY_TYPE;
	}
	if (limit >= max)
		return WHY_LIMIT;
	*ret_limit = limit;
	return CAN;
}

/* The instruction is masked once for all paths: they must agree. */
static int note_mask(u8 *state, u32 *limit, u8 want_state, u32 want_limit)
{
	if (*state && (*state != want_state || *limit != want_limit))
		return WHY_PATHS;
	*state = want_state;
	*limit = want_limit;
	return CAN;
}

struct mask { u8 state; u32 limit; bool left; };

/* Before the operation: the widest move the mask must allow; and the path where it cuts the offset to 0. */
static int mask_before(struct vf_env *e, const struct ins *i, const struct reg *ptr, const struct reg *off,
		       struct reg *dst, struct mask *m)
{
	bool imm = tnum_is_const(off->var), neg = off->smin < 0, in_dst = ptr == dst;
	struct reg saved;
	int err;

	if (!needs_masking(e, i))
		return CAN;
	if (!e->cur->speculative) {
		u8 state = (u8)((neg ? ALU_SAN_NEG : 0) | (imm ? ALU_SAN_IMM : 0) |
				(in_dst ? ALU_SAN_SRC : ALU_SAN_DST));
		u32 limit;

		if (!imm && (off->smin < 0) != (off->smax < 0))
			return WHY_BOUNDS;
		m->left = ins_info(i)->sub == ALU_ADD ? neg : !neg;
		err = ptr_limit(ptr, m->left, &limit);
		if (err)
			return err;
		if (!imm)
			e->explore_alu_limits = true;
		err = note_mask(&m->state, &m->limit, state, limit);
		if (err)
			return err;
	}
	if (imm)
		return CAN;
	if (!in_dst) {
		saved = *dst;
		*dst = *ptr;
	}
	err = push_speculative(e, NULL, e->insn + 1);
	if (!in_dst)
		*dst = saved;
	return err ? WHY_STACK : CAN;
}

/* After it: the mask is narrowed to the move that was seen. */
static int mask_after(struct vf_env *e, const struct ins *i, const struct reg *dst, const struct mask *m)
{
	struct insn_fact *f = cur_fact(e);
	u32 limit;
	int err;

	if (!needs_masking(e, i) || e->cur->speculative)
		return CAN;
	err = ptr_limit(dst, m->left, &limit);
	if (err)
		return err;
	return note_mask(&f->alu_state, &f->alu_limit, m->state, (u32)abs((s32)(m->limit - limit)));
}

static int mask_reject(struct vf_env *e, const struct ins *i, int why, const struct reg *off,
		       const struct reg *dst)
{
	const char *op = ins_info(i)->sub == ALU_ADD ? "add" : "sub";

	switch (why) {
	case WHY_BOUNDS:
		return reject(e, REJ_MASK_BOUNDS, off == dst ? i->dst : i->src);
	case WHY_TYPE:
		return reject(e, REJ_MASK_TYPE, off == dst ? i->src : i->dst);
	case WHY_PATHS:
		return reject(e, REJ_MASK_PATHS, i->dst, op);
	case WHY_LIMIT:
		return reject(e, REJ_MASK_LIMIT, i->dst, op);
	default:
		return reject(e, REJ_MASK_PUSH, i->dst);
	}
}

/* Without CAP_PERFMON a pointer may not even be made to point outside. */
static int check_masked_result(struct vf_env *e, const struct ins *i, const struct reg *dst)
{
	s32 off = dst->off + (s32)dst->var.value;

	if (e->bypass_v1)
		return 0;
	if (dst->type == T_STACK) {
		if (!tnum_is_const(dst->var))
			return reject(e, REJ_MASK_STACK_VAR, i->dst, (unsigned long long)dst->var.value,
				      (unsigned long long)dst->var.mask, off);
		if (off >= 0 || off < -MAX_STACK)
			return reject(e, REJ_MASK_STACK_RANGE, i->dst, off);
	}
	if (dst->type == T_MAP_VALUE && mem_map_access(e, i->dst, dst->off, 1, false, 0))
		return reject(e, REJ_MASK_MAP_RANGE, i->dst);
	return 0;
}

/* ---- pointers ---- */

static const char *const op_text[] = {
	[ALU_ADD] = "+=", [ALU_SUB] = "-=",  [ALU_MUL] = "*=",	[ALU_DIV] = "/=",    [ALU_SDIV] = "/=",
	[ALU_OR] = "|=",  [ALU_AND] = "&=",  [ALU_LSH] = "<<=", [ALU_RSH] = ">>=",   [ALU_NEG] = "neg",
	[ALU_MOD] = "%=", [ALU_SMOD] = "%=", [ALU_XOR] = "^=",	[ALU_ARSH] = "s>>=",
};

static int check_offset(struct vf_env *e, const struct reg *r, u32 type)
{
	s64 val = (s64)r->var.value;

	if (tnum_is_const(r->var) && (val >= MAX_VAR_OFF || val <= -MAX_VAR_OFF))
		return reject(e, REJ_PTR_MATH_CONST, reg_type_name(e, type), (long long)val);
	if (r->off >= MAX_VAR_OFF || r->off <= -MAX_VAR_OFF)
		return reject(e, REJ_PTR_MATH_OFF, reg_type_name(e, type), r->off);
	if (r->smin == S64_MIN)
		return reject(e, REJ_PTR_MATH_UNBOUNDED, reg_type_name(e, type));
	if (r->smin >= MAX_VAR_OFF || r->smin <= -MAX_VAR_OFF)
		return reject(e, REJ_PTR_MATH_RANGE, (long long)r->smin, reg_type_name(e, type));
	return 0;
}

/* Also what a branch has shown of a pointer, that it is at the end or beyond: it holds for that pointer and what lies behind it. */
static void drop_range(struct reg *dst)
{
	dst->raw1 = dst->raw2 = dst->raw3 = 0;
}

static bool is_pkt(const struct reg *r)
{
	return T_BASE(r->type) == T_PKT || T_BASE(r->type) == T_PKT_META;
}

/* `p` and `dst` may be the same register. */
static void ptr_add(struct vf_env *e, struct reg *dst, const struct reg *p, const struct reg *v)
{
	s64 off = (s64)p->off + v->smin;
	bool pkt = is_pkt(p);

	if (pkt && dst->range < 0 && (!tnum_is_const(v->var) || v->smin < 0))
		drop_range(dst);
	if (tnum_is_const(v->var) && off == (s32)off) {
		dst->off = (s32)off;
		return;
	}
	if (__builtin_add_overflow(p->smin, v->smin, &dst->smin) |
	    __builtin_add_overflow(p->smax, v->smax, &dst->smax)) {
		dst->smin = S64_MIN;
		dst->smax = S64_MAX;
	}
	if (__builtin_add_overflow(p->umin, v->umin, &dst->umin) |
	    __builtin_add_overflow(p->umax, v->umax, &dst->umax)) {
		dst->umin = 0;
		dst->umax = U64_MAX;
	}
	dst->var = tnum_add(p->var, v->var);
	if (pkt) {
		dst->id = new_id(e);
		drop_range(dst);
	}
}

static void ptr_sub(struct vf_env *e, struct reg *dst, const struct reg *v)
{
	s64 off = (s64)dst->off - v->smin;

	if (is_pkt(dst) && dst->range < 0)
		drop_range(dst);
	if (tnum_is_const(v->var) && off == (s32)off) {
		dst->off = (s32)off;
		return;
	}
	if (__builtin_sub_overflow(dst->smin, v->smax, &dst->smin) |
	    __builtin_sub_overflow(dst->smax, v->smin, &dst->smax)) {
		dst->smin = S64_MIN;
		dst->smax = S64_MAX;
	}
	if (dst->umin < v->umax) {
		dst->umin = 0;
		dst->umax = U64_MAX;
	} else {
		dst->umin -= v->umax;
		dst->umax -= v->umin;
	}
	dst->var = tnum_sub(dst->var, v->var);
	if (is_pkt(dst)) {
		dst->id = new_id(e);
		if (v->smin < 0)
			drop_range(dst);
	}
}

/* Whitelist of what may be added to. */
static bool may_move(const struct reg *p, const struct reg *off, u8 op)
{
	bool known = tnum_is_const(off->var);

	switch (T_BASE(p->type)) {
	case T_CTX:
	case T_MAP_VALUE:
	case T_MAP_KEY:
	case T_STACK:
	case T_PKT_META:
	case T_PKT:
	case T_TP_BUFFER:
	case T_BTF:
	case T_MEM:
	case T_BUF:
	case T_FUNC:
	case T_DYNPTR:
		return true;
	case T_FLOW_KEYS:
		return known;
	case T_MAP:
		return known && off->smin == 0 && op == ALU_ADD;
	default:
		return false;
	}
}

static void set_unbounded32(struct reg *r)
{
	r->u32_min = 0;
	r->u32_max = U32_MAX;
	r->s32_min = S32_MIN;
	r->s32_max = S32_MAX;
}

/* The pointer operand's type and the operator, before anything is computed. 1: the result is an unknown
 * scalar. */
static int check_ptr_op(struct vf_env *e, const struct ins *i, const struct reg *p, const struct reg *off)
{
	u8 op = ins_info(i)->sub;
	bool known = tnum_is_const(off->var);

	if ((known && (off->smin != off->smax || off->umin != off->umax)) || off->smin > off->smax ||
	    off->umin > off->umax)
		return 1;
	if (ins_info(i)->width != 64) {
		if (op == ALU_SUB && e->allow_ptr_leaks)
			return 1;
		return reject(e, REJ_PTR_MATH_32, i->dst);
	}
	if (p->type & TF_NULL)
		return reject(e, REJ_PTR_MATH_NULL, i->dst, reg_type_name(e, p->type));
	if (!may_move(p, off, op))
		return reject(e, REJ_PTR_MATH_TYPE, i->dst, reg_type_name(e, p->type));
	return 0;
}

/* dst := ptr op off, where one of them is in dst. `off` must not be dst itself: the caller copies it. */
static int alu_ptr(struct vf_env *e, const struct ins *i, const struct reg *ptr, const struct reg *off,
		   bool off_in_dst)
{
	struct reg *dst = &cur_regs(e)[i->dst];
	struct mask mask = { 0 };
	u8 op = ins_info(i)->sub;
	struct reg p = *ptr;
	int err = check_ptr_op(e, i, ptr, off);

	if (err == 1) {
		reg_mark_unknown(e, dst);
		return 0;
	}
	if (err)
		return err;
	if (dst != ptr)
		*dst = *ptr;
	if (T_BASE(p.type) == T_MEM && (p.type & TF_UNTRUSTED))
		return 0; /* read by probes: wherever it points */
	err = check_offset(e, off, p.type);
	err = err ? err : check_offset(e, &p, p.type);
	if (err)
		return err;
	err = mask_before(e, i, off_in_dst ? ptr : dst, off, dst, &mask);
	if (err)
		return mask_reject(e, i, err, off_in_dst ? dst : off, dst);
	set_unbounded32(dst);
	switch (op) {
	case ALU_ADD:
		ptr_add(e, dst, &p, off);
		break;
	case ALU_SUB:
		if (off_in_dst)
			return reject(e, REJ_PTR_SUB_SCALAR, i->dst);
		if (p.type == T_STACK)
			return reject(e, REJ_PTR_SUB_STACK, i->dst);
		ptr_sub(e, dst, off);
		break;
	case ALU_AND:
	case ALU_OR:
	case ALU_XOR:
		return reject(e, REJ_PTR_BITWISE, i->dst, op_text[op]);
	default:
		return reject(e, REJ_PTR_OPERATOR, i->dst, op_text[op]);
	}
	err = check_offset(e, dst, p.type);
	if (err)
		return err;
	reg_sync(dst);
	err = check_masked_result(e, i, dst);
	if (err)
		return err;
	err = mask_after(e, i, dst, &mask);
	return err ? mask_reject(e, i, err, off_in_dst ? dst : off, dst) : 0;
}

/* ---- scalars ---- */

/* A value that is 0 or -1 and gets masked is walked as two constants: clang makes "x ? a : b" of it. */
static int fork_all_or_nothing(struct vf_env *e, const struct ins *i, struct reg *dst)
{
	bool is64 = dst->smin == -1 && dst->smax == 0;
	struct vstate *b;
	struct reg *other;

	if (!is64 && !(dst->s32_min == -1 && dst->s32_max == 0))
		return 0;
	b = push_branch(e, e->insn, e->insn, false);
	if (!b)
		return -EFAULT;
	other = &b->frame[b->curframe]->regs[i->dst];
	if (is64) {
		reg_set_known(other, 0);
		reg_set_known(dst, U64_MAX);
		return 0;
	}
	other->var = tnum_const_subreg(other->var, 0);
	other->s32_min = other->s32_max = 0;
	other->u32_min = other->u32_max = 0;
	dst->var = tnum_const_subreg(dst->var, U32_MAX);
	dst->s32_min = dst->s32_max = -1;
	dst->u32_min = dst->u32_max = U32_MAX;
	return 0;
}

/* x += constant: still tied to its copies, by that distance. Only once, and only as far as 32 bits reach. */
static void link_by_distance(struct reg *dst, const struct reg *src, bool sub, bool is32)
{
	s64 val = is32 ? (s32)(u32)src->var.value : (s64)src->var.value;

	if ((dst->id & ID_ADD_MASK) || val < S32_MIN || val > S32_MAX || (sub && val == S32_MIN)) {
		forget_id(dst);
		return;
	}
	dst->id |= is32 ? ID_ADD_CONST32 : ID_ADD_CONST;
	dst->off = (s32)(sub ? -val : val);
}

static int alu_scalar(struct vf_env *e, const struct ins *i, struct reg *dst, const struct reg *src)
{
	u8 op = ins_info(i)->sub;
	bool is32 = ins_info(i)->width == 32;
	bool same = !ins_info(i)->has_imm && i->src == i->dst;
	bool linked =
		e->bpf_capable && (op == ALU_ADD || op == ALU_SUB) && dst->id && !same &&
		(is32 ? tnum_subreg_is_const(src->var) && dst->umax <= U32_MAX : tnum_is_const(src->var));
	int err;

	if (needs_masking(e, i)) {
		struct insn_fact *f = cur_fact(e);

		err = note_mask(&f->alu_state, &f->alu_limit, ALU_SAN_NON_POINTER, 0);
		if (err)
			return mask_reject(e, i, err, NULL, NULL);
	}
	if ((op == ALU_AND || op == ALU_OR) && tnum_is_const(src->var)) {
		err = fork_all_or_nothing(e, i, dst);
		if (err)
			return err;
	}
	scalar_alu(dst, src, (enum alu_op)op, is32);
	if (linked)
		link_by_distance(dst, src, op == ALU_SUB, is32);
	else
		forget_id(dst);
	return 0;
}

static int alu_regs(struct vf_env *e, const struct ins *i)
{
	struct reg *regs = cur_regs(e), *dst = &regs[i->dst], *src = &e->fake[0], off;
	bool imm = ins_info(i)->has_imm;
	int err = 0;

	if (imm) {
		reg_set_known(src, imm_u64(i->imm));
		src->type = T_SCALAR;
	} else {
		src = &regs[i->src];
	}
	if (dst->type == T_ARENA || src->type == T_ARENA) {
		if (dst->type != T_ARENA)
			*dst = *src;
		return 0;
	}
	if (src->type != T_SCALAR && dst->type != T_SCALAR) {
		if (ins_info(i)->sub != ALU_SUB || !e->allow_ptr_leaks)
			return reject(e, REJ_PTR_PTR, i->dst, op_text[ins_info(i)->sub]);
		reg_mark_unknown(e, dst);
		return 0;
	}
	if (src->type != T_SCALAR) {
		err = mark_precise(e, i->dst);
		off = *dst;
		return err ? err : alu_ptr(e, i, src, &off, true);
	}
	if (dst->type != T_SCALAR) {
		if (!imm)
			err = mark_precise(e, i->src);
		off = *src;
		return err ? err : alu_ptr(e, i, dst, &off, false);
	}
	if (dst->precise && !imm)
		err = mark_precise(e, i->src);
	return err ? err : alu_scalar(e, i, dst, src);
}

int step_alu(struct vf_env *e, const struct ins *i)
{
	const struct op_info *x = ins_info(i);
	int err = 0;

	if (x->sub == ALU_NEG)
		return step_neg(e, i);
	if (!x->has_imm)
		err = reg_check(e, i->src, USE_SRC);
	err = err ? err : reg_check(e, i->dst, USE_SRC);
	if (err)
		return err;
	switch ((enum alu_op)x->sub) {
	case ALU_DIV:
	case ALU_SDIV:
	case ALU_MOD:
	case ALU_SMOD:
		if (x->has_imm && !i->imm)
			return reject(e, REJ_DIV_ZERO);
		break;
	case ALU_LSH:
	case ALU_RSH:
	case ALU_ARSH:
		if (x->has_imm && (i->imm < 0 || i->imm >= x->width))
			return reject(e, REJ_SHIFT, i->imm);
		break;
	default:
		break;
	}
	err = reg_check(e, i->dst, USE_DST_NO_MARK);
	err = err ? err : alu_regs(e, i);
	return err ? err : check_sane(e, &cur_regs(e)[i->dst]);
}
