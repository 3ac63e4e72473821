/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack: spills and fills, bytes whose content is known, accesses at variable offsets, helpers that read or fill it.
 *
 * A slot of 8 bytes remembers for each byte whether it is unwritten, anything, zero or part of a spilled register.
 * Invariant: a byte is SPILL only while it holds that byte of the slot's register, ZERO only while it is zero; what is not
 * tracked degrades to MISC, never to something better.
 */
#include "verifier/mem.h"

static bool is_spillable(u32 type)
{
	enum reg_base b = T_BASE(type);

	return b != T_NONE && b != T_SCALAR && b != T_TP_BUFFER && b != T_DYNPTR;
}

static bool slot_is_special(const struct slot *s)
{
	u8 t = s->type[SLOT_SIZE - 1];

	return t == SLOT_SPILL || t == SLOT_DYNPTR || t == SLOT_ITER || t == SLOT_IRQ;
}

static u32 width_of(const struct reg *r) { return r->umax ? 64 - (u32)__builtin_clzll(r->umax) : 0; }

static u32 hist_flags(const struct frame *f, u32 slot)
{
	return HIST_STACK_ACCESS | (slot << HIST_SLOT_SHIFT) | f->frameno;
}

/* Accesses outside of a pattern that removes its own spills end the removal for the subprogram. */
static void check_fastcall_contract(struct vf_env *e, const struct frame *f, u32 insn, s32 off)
{
	struct subprog *s = &e->subs[f->subprog];

	if (s->fastcall_stack_off <= off || e->aux[insn].fastcall_pattern)
		return;
	s->fastcall_stack_off = INT16_MIN;
	for (u32 i = s->start; i < s[1].start; i++) {
		e->aux[i].fastcall_spills = 0;
		e->aux[i].fastcall_pattern = false;
	}
}

/* ---- bounds ---- */

static int slot_bounds(struct vf_env *e, s64 off, const struct frame *f, int rw)
{
	s64 lowest = rw == MEM_WRITE || e->allow_uninit_stack ? -MAX_STACK : -(s64)f->nslots * SLOT_SIZE;

	return off < lowest || off > -1 ? -EACCES : 0;
}

/* Bounds of an access, and room for it. `off` lacks the variable part. */
static int stack_bounds(struct vf_env *e, u32 regno, s32 off, s32 size, int rw)
{
	const struct reg *r = &cur_regs(e)[regno];
	struct frame *f = frame_of(e, r);
	const char *how = rw == MEM_READ ? " read from" : " write to";
	struct tnum_text t;
	s64 low, high;
	u32 need;
	int err;

	if (tnum_is_const(r->var)) {
		low = (s64)(r->var.value + (u64)(s64)off);
		high = low + size;
	} else {
		if (r->smax >= MAX_VAR_OFF || r->smin <= -MAX_VAR_OFF)
			return reject(e, REJ_STACK_UNBOUNDED, how, regno);
		low = r->smin + off;
		high = r->smax + off + size;
	}
	err = slot_bounds(e, low, f, rw);
	if (!err && high > 0)
		err = -EINVAL;
	if (!err && size < 0)
		err = -EFAULT;
	if (err) {
		if (tnum_is_const(r->var))
			reject(e, REJ_STACK_BOUNDS, how, regno, off, size);
		else
			reject(e, REJ_STACK_VAR_BOUNDS, how, regno, tnum_text(&t, r->var), off, size);
		return err;
	}
	need = (u32)ROUND_UP(-low, SLOT_SIZE);
	if (need > f->nslots * SLOT_SIZE)
		frame_grow(e, f, need / SLOT_SIZE);
	if (need > e->subs[f->subprog].stack_depth)
		e->subs[f->subprog].stack_depth = need;
	return 0;
}

/* ---- writes ---- */

static void byte_misc(u8 *t)
{
	if (*t != SLOT_ZERO && *t != SLOT_INVALID)
		*t = SLOT_MISC;
}

static void byte_scrub(u8 *t)
{
	if (*t != SLOT_INVALID)
		*t = SLOT_MISC;
}

/* Plain data is written over a slot: what it held as a whole is gone. */
static void scrub_special(struct slot *s)
{
	bool special = slot_is_special(s);

	s->reg.type = T_NONE;
	if (special)
		for (u32 i = 0; i < SLOT_SIZE; i++)
			byte_scrub(&s->type[i]);
}

static void spill(struct slot *s, const struct reg *r, u32 size)
{
	u32 i;

	s->reg = *r;
	for (i = SLOT_SIZE; i > SLOT_SIZE - size; i--)
		s->type[i - 1] = SLOT_SPILL;
	for (; i; i--)
		byte_misc(&s->type[i - 1]);
}

/* A spill and its source stay linked, so that what is learned of one holds for the other. */
static void link_before_copy(struct vf_env *e, struct reg *r)
{
	if (r->type != T_SCALAR)
		return;
	if (r->id & ID_ADD_MASK) {
		r->id = 0;
		r->off = 0;
	}
	if (!r->id && !tnum_is_const(r->var))
		r->id = new_id(e);
}

/* Spectre v4: a store that replaces what a speculative load must not see again. */
static void note_store_bypass(struct vf_env *e, u32 insn, const struct slot *s, s32 off, u32 size, const struct reg *r)
{
	bool barrier = r && is_spillable(r->type);

	for (u32 i = 0; i < size && !barrier; i++) {
		u8 t = s->type[slot_byte(off + (s32)i)];

		barrier = t != SLOT_MISC && t != SLOT_ZERO;
	}
	if (barrier)
		e->fact[insn].nospec_result = true;
}

static int write_data(struct vf_env *e, u32 insn, struct slot *s, s32 off, u32 size, s32 value_reg)
{
	const struct ins *i = &e->ins[insn];
	const struct reg *r = value_reg >= 0 ? &cur_regs(e)[value_reg] : NULL;
	u8 type = SLOT_MISC;

	scrub_special(s);
	if ((r && reg_is_zero(r)) || (!r && ins_class(i) == IC_ST && i->imm == 0)) {
		/* Not a spill, so nothing leads back from the zero to where it came from: pin it now. */
		if (r) {
			int err = mark_precise(e, (u32)value_reg);

			if (err)
				return err;
		}
		type = SLOT_ZERO;
	}
	for (u32 k = 0; k < size; k++)
		s->type[slot_byte(off + (s32)k)] = type;
	return 0;
}

static int write_fixed(struct vf_env *e, u32 insn, struct frame *f, s32 off, u32 size, s32 value_reg)
{
	struct reg *r = value_reg >= 0 ? &cur_regs(e)[value_reg] : NULL;
	const struct ins *i = &e->ins[insn];
	u32 n = slot_of(off);
	struct slot *s = &f->stack[n];
	bool whole = off % SLOT_SIZE == 0;
	int err;

	if (!e->allow_ptr_leaks && slot_is_spill(s) && !slot_is_scalar_spill(s) && size != SLOT_SIZE)
		return reject(e, REJ_CORRUPT_SPILL);
	if (!e->bypass_v4)
		note_store_bypass(e, insn, s, off, size, r);
	err = destroy_dynptr_or_iter(e, f, n);
	if (err)
		return err;
	check_fastcall_contract(e, f, insn, off);
	scratch_slot(e, n);
	if (size == SLOT_SIZE)
		live_note_write(e, f->frameno, n);
	if (r && whole && r->type == T_SCALAR && e->bpf_capable) {
		bool fits = width_of(r) <= 8 * size;

		if (fits)
			link_before_copy(e, r);
		spill(s, r, size);
		if (!fits)
			s->reg.id = 0; /* the slot holds a part of the value */
	} else if (!r && whole && ins_class(i) == IC_ST && e->bpf_capable) {
		struct reg *imm = &e->fake[0];

		memset(imm, 0, sizeof(*imm));
		imm->type = T_SCALAR;
		reg_set_known(imm, imm_u64(i->imm));
		spill(s, imm, size);
	} else if (r && is_spillable(r->type)) {
		if (size != SLOT_SIZE) {
			log_source_line(e, insn, "; ");
			return reject(e, REJ_SPILL_SIZE);
		}
		if (f != cur_frame(e) && r->type == T_STACK)
			return reject(e, REJ_SPILL_TO_CALLER);
		spill(s, r, size);
	} else {
		return write_data(e, insn, s, off, size, value_reg);
	}
	return push_jmp_hist(e, e->cur, hist_flags(f, n), 0);
}

/* One byte that a store at a variable offset may or may not reach. */
static int write_maybe(struct vf_env *e, u32 insn, struct frame *f, s32 at, bool zero, bool *zero_used)
{
	u32 n = slot_of(at);
	struct slot *s = &f->stack[n];
	u8 *t = &s->type[slot_byte(at)], new_type = SLOT_MISC;

	scratch_slot(e, n);
	/* Forgetting a pointer here would let the copy that was not overwritten leak. */
	if (!e->allow_ptr_leaks && *t != SLOT_MISC && *t != SLOT_ZERO)
		return reject(e, REJ_VAR_STORE_SPILL, insn, at);
	if (zero && *t == SLOT_SPILL && slot_is_scalar_spill(s) && tnum_equals_const(s->reg.var, 0)) {
		*zero_used = true;
		return 0;
	}
	scrub_special(s);
	if (zero && *t == SLOT_ZERO) {
		new_type = SLOT_ZERO;
		*zero_used = true;
	}
	if (*t == SLOT_INVALID && !e->allow_uninit_stack)
		return reject(e, REJ_VAR_STORE_UNINIT, insn, at);
	*t = new_type;
	return 0;
}

static int write_variable(struct vf_env *e, u32 insn, struct frame *f, u32 regno, s32 off, u32 size, s32 value_reg)
{
	const struct reg *p = &cur_regs(e)[regno], *v = value_reg >= 0 ? &cur_regs(e)[value_reg] : NULL;
	s32 low = (s32)(p->smin + off), high = (s32)(p->smax + off + size);
	bool zero, zero_used = false;
	int err;

	zero = v ? reg_is_zero(v) : ins_class(&e->ins[insn]) == IC_ST && e->ins[insn].imm == 0;
	for (s32 at = low; at < high; at++) {
		err = destroy_dynptr_or_iter(e, f, slot_of(at));
		if (err)
			return err;
	}
	check_fastcall_contract(e, f, insn, low);
	for (s32 at = low; at < high; at++) {
		err = write_maybe(e, insn, f, at, zero, &zero_used);
		if (err)
			return err;
	}
	return zero_used && value_reg >= 0 ? mark_precise(e, (u32)value_reg) : 0;
}

/* ---- reads ---- */

static int byte_readable(struct vf_env *e, const struct slot *s, s32 off, u32 i, u32 size)
{
	u8 t = s->type[slot_byte(off + (s32)i)];

	if (t == SLOT_MISC || t == SLOT_ZERO || (t == SLOT_INVALID && e->allow_uninit_stack))
		return 0;
	return reject(e, REJ_STACK_READ, off, i, size);
}

/* A register loaded from bytes that are no spill: zero if all are. */
static void load_bytes(struct vf_env *e, const struct frame *f, s32 low, s32 high, u32 dst)
{
	struct reg *r = &cur_regs(e)[dst];

	for (s32 at = low; at < high; at++) {
		scratch_slot(e, slot_of(at));
		if (f->stack[slot_of(at)].type[slot_byte(at)] != SLOT_ZERO) {
			reg_mark_unknown(e, r);
			return;
		}
	}
	reg_make_zero(e, r);
}

/* Part of a spilled scalar, or more than it, becomes a register. *ret_hist: it is the spilled register again. */
static int fill_part(struct vf_env *e, struct slot *s, s32 off, u32 size, u32 spilled, u32 dst, bool *ret_hist)
{
	struct reg *r = &cur_regs(e)[dst];
	u32 spill_cnt = 0, zero_cnt = 0;

	*ret_hist = true;
	if (size <= spilled && off % SLOT_SIZE == 0) {
		*r = s->reg;
		if (width_of(&s->reg) > size * 8) {
			r->id = 0;
			r->off = 0;
		}
		return 0;
	}
	for (u32 i = 0; i < size; i++) {
		u8 t = s->type[slot_byte(off + (s32)i)];

		if (t == SLOT_SPILL) {
			spill_cnt++;
			continue;
		}
		if (t == SLOT_ZERO)
			zero_cnt++;
		if (byte_readable(e, s, off, i, size))
			return -EACCES;
	}
	if (spill_cnt == size && tnum_equals_const(s->reg.var, 0)) {
		reg_make_zero(e, r);
		return 0;
	}
	if (zero_cnt == size)
		reg_make_zero(e, r);
	else
		reg_mark_unknown(e, r);
	*ret_hist = false;
	return 0;
}

static int read_spill(struct vf_env *e, struct frame *f, s32 off, u32 size, s32 dst)
{
	u32 n = slot_of(off), spilled = 1;
	struct slot *s = &f->stack[n];
	bool hist = true;
	int err;

	for (u32 i = SLOT_SIZE - 1; i > 0 && s->type[i - 1] == SLOT_SPILL; i--)
		spilled++;
	if (size != SLOT_SIZE || spilled != SLOT_SIZE) {
		if (s->reg.type != T_SCALAR) {
			log_source_line(e, e->insn, "; ");
			return reject(e, REJ_FILL_SIZE);
		}
		if (dst < 0)
			return 0;
		err = fill_part(e, s, off, size, spilled, (u32)dst, &hist);
		if (err)
			return err;
	} else if (dst >= 0) {
		cur_regs(e)[dst] = s->reg;
	} else if (!e->allow_ptr_leaks && s->reg.type != T_SCALAR) {
		return reject(e, REJ_LEAK_SPILL, off);
	}
	return hist ? push_jmp_hist(e, e->cur, hist_flags(f, n), 0) : 0;
}

static int read_fixed(struct vf_env *e, struct frame *f, s32 off, u32 size, s32 dst)
{
	u32 n = slot_of(off);
	struct slot *s = &f->stack[n];

	scratch_slot(e, n);
	check_fastcall_contract(e, cur_frame(e), e->insn, off);
	live_note_read(e, f->frameno, n, n);
	if (slot_is_spill(s))
		return read_spill(e, f, off, size, dst);
	for (u32 i = 0; i < size; i++)
		if (byte_readable(e, s, off, i, size))
			return -EACCES;
	if (dst >= 0)
		load_bytes(e, f, off, off + (s32)size, (u32)dst);
	return 0;
}

static int read_variable(struct vf_env *e, struct frame *f, u32 regno, s32 off, u32 size, u32 dst)
{
	const struct reg *p = &cur_regs(e)[regno];
	s32 low, high;
	int err;

	err = stack_range(e, regno, off, (s32)size, false, MEM_READ, NULL);
	if (err)
		return err;
	low = (s32)(p->smin + off);
	high = (s32)(p->smax + off);
	load_bytes(e, f, low, high + (s32)size, dst);
	check_fastcall_contract(e, f, e->insn, low);
	return 0;
}

int stack_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	const struct reg *p = &cur_regs(e)[regno];
	struct frame *f = frame_of(e, p);
	bool fixed = tnum_is_const(p->var);
	struct tnum_text t;
	int err = stack_bounds(e, regno, off, (s32)size, rw);

	if (err)
		return err;
	if (rw == MEM_WRITE) {
		if (fixed)
			return write_fixed(e, insn, f, off + (s32)p->var.value, size, value_reg);
		return write_variable(e, insn, f, regno, off, size, value_reg);
	}
	if (fixed)
		return read_fixed(e, f, off + (s32)p->var.value, size, value_reg);
	if (value_reg < 0)
		return reject(e, REJ_STACK_VAR_HELPER, tnum_text(&t, p->var), off, size);
	return read_variable(e, f, regno, off, size, (u32)value_reg);
}

/* ---- helpers on stack memory ---- */

/* The helper fills it: it need not be initialised, but it must not hold an object of the verifier's. */
static int range_to_fill(struct vf_env *e, struct frame *f, u32 regno, s32 low, s32 size, struct call_meta *m)
{
	for (s32 at = low; at < low + size; at++) {
		u32 n = slot_of(at);

		if (n >= f->nslots)
			continue;
		if (f->stack[n].type[slot_byte(at)] == SLOT_DYNPTR)
			return reject(e, REJ_DYNPTR_OVERWRITE, at);
	}
	m->access_size = (u32)size;
	m->regno = regno;
	return 0;
}

static int range_byte(struct vf_env *e, struct frame *f, u32 regno, s32 at, s32 low, s32 size, bool clobber)
{
	struct slot *s = &f->stack[slot_of(at)];
	u8 *t = &s->type[slot_byte(at)];
	const struct reg *p = &cur_regs(e)[regno];
	struct tnum_text txt;

	if (*t == SLOT_MISC)
		return 0;
	if (*t == SLOT_ZERO || (*t == SLOT_INVALID && e->allow_uninit_stack)) {
		if (clobber)
			*t = SLOT_MISC;
		return 0;
	}
	if (slot_is_spill(s) && (s->reg.type == T_SCALAR || e->allow_ptr_leaks)) {
		if (clobber) {
			reg_mark_unknown(e, &s->reg);
			for (u32 j = 0; j < SLOT_SIZE; j++)
				byte_scrub(&s->type[j]);
		}
		return 0;
	}
	if (tnum_is_const(p->var))
		return reject(e, REJ_STACK_ARG_READ, regno, low, at - low, size);
	return reject(e, REJ_STACK_ARG_VAR_READ, regno, tnum_text(&txt, p->var), at - low, size);
}

int stack_range(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok, int rw, struct call_meta *m)
{
	const struct reg *p = &cur_regs(e)[regno];
	struct frame *f = frame_of(e, p);
	bool clobber = rw == MEM_WRITE;
	struct tnum_text t;
	s32 low, high;
	int err;

	if (size == 0 && !zero_ok)
		return reject(e, REJ_ZERO_READ);
	err = stack_bounds(e, regno, off, size, rw);
	if (err)
		return err;
	if (tnum_is_const(p->var)) {
		low = high = (s32)p->var.value + off;
	} else {
		if (!e->bypass_v1)
			return reject(e, REJ_STACK_VAR_UNPRIV, regno, tnum_text(&t, p->var));
		/* Nobody knows which bytes would be filled. */
		m = NULL;
		low = (s32)(p->smin + off);
		high = (s32)(p->smax + off);
	}
	if (m && m->raw_mode)
		return range_to_fill(e, f, regno, low, high + size - low, m);
	for (s32 at = low; at < high + size; at++) {
		if (slot_of(at) >= f->nslots)
			return vf_bug(e, "stack of %u slots is too small for offset %d", f->nslots, at);
		err = range_byte(e, f, regno, at, low, size, clobber);
		if (err)
			return err;
		live_note_read(e, f->frameno, slot_of(at), slot_of(at));
	}
	return 0;
}
