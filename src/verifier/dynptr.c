/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: pointers with a size known only at run time, kept in two stack slots that only helpers and kfuncs may touch.
 *
 * Duty: make, check and end them, and end what was borrowed from them (slices). The record is in the slot of the lower address.
 * Invariant: a slot is SLOT_DYNPTR in all its bytes or in none; a store over one half ends the whole; a dynptr that holds a
 * reference cannot be overwritten.
 */
#include "verifier/kfunc.h"

static const struct { u32 arg_flag, type_flag; const char *name; } kinds[] = {
	[DYN_NONE]     = { 0, 0, "" },
	[DYN_LOCAL]    = { AF_DYN_LOCAL, TF_DYN_LOCAL, "local" },
	[DYN_RINGBUF]  = { AF_DYN_RINGBUF, TF_DYN_RINGBUF, "ringbuf" },
	[DYN_SKB]      = { AF_DYN_SKB, TF_DYN_SKB, "skb" },
	[DYN_XDP]      = { AF_DYN_XDP, TF_DYN_XDP, "xdp" },
	[DYN_SKB_META] = { AF_DYN_SKB_META, TF_DYN_SKB_META, "skb_meta" },
	[DYN_FILE]     = { AF_DYN_FILE, TF_DYN_FILE, "file" },
};

static u8 kind_of_arg(u32 arg_flags)
{
	for (u32 k = DYN_LOCAL; k < ARRAY_SIZE(kinds); k++)
		if (arg_flags & kinds[k].arg_flag)
			return (u8)k;
	return DYN_NONE;
}

u32 dynptr_type_flag(u8 kind)
{
	return kinds[kind].type_flag;
}

static bool holds_reference(u8 kind)
{
	return kind == DYN_RINGBUF;
}

int stack_obj_slot(struct vf_env *e, const struct reg *r, const char *what, u32 nslots)
{
	s32 off;
	u32 slot;

	if (!tnum_is_const(r->var))
		return reject(e, REJ_STACK_OBJ_VARIABLE, what);
	off = s32_of((u64)r->off + r->var.value);
	if (off % SLOT_SIZE)
		return reject(e, REJ_STACK_OBJ_OFFSET, what, off);
	/* The frame's end itself: a slot beyond the stack. Linux 6.18 takes it for the slot below, which is unsound. */
	if (!off && nslots == 1)
		return -ERANGE;
	slot = slot_of(off);
	if (off >= 0 || slot + 1 < nslots)
		return reject(e, REJ_STACK_OBJ_OFFSET, what, off);
	return slot < frame_of(e, r)->nslots ? (int)slot : -ERANGE;
}

static int dynptr_slot(struct vf_env *e, const struct reg *r)
{
	return stack_obj_slot(e, r, "dynptr", DYNPTR_SLOTS);
}

const struct reg *dynptr_record(struct vf_env *e, u32 regno)
{
	const struct reg *r = &cur_regs(e)[regno];
	int slot;

	if (r->type == T_DYNPTR)
		return r;
	slot = dynptr_slot(e, r);
	return slot < 0 ? NULL : &frame_of(e, r)->stack[slot].reg;
}

/* ---- making and ending ---- */

static void set_slot(struct vf_env *e, struct frame *f, u32 slot, u8 type)
{
	memset(f->stack[slot].type, type, SLOT_SIZE);
	scratch_slot(e, slot);
	live_note_write(e, f->frameno, slot);
}

static void make_record(struct reg *r, u8 kind, bool first, u32 id)
{
	reg_make_ptr(r, T_DYNPTR);
	r->id = id;
	r->dyn_kind = kind;
	r->dyn_first = first;
}

/* A callback's or global function's argument: a dynptr that the callee may read, not replace. */
void dynptr_make_const(struct vf_env *e, struct reg *r, u8 kind)
{
	make_record(r, kind, true, new_id(e));
}

static void wipe(struct vf_env *e, struct frame *f, u32 slot)
{
	for (u32 s = slot - 1; s <= slot; s++) {
		set_slot(e, f, s, SLOT_INVALID);
		reg_mark_none(&f->stack[s].reg);
	}
}

static void end_slice(struct vf_env *e, struct reg *r, void *id)
{
	if ((r->type == T_MEM || r->type == (T_MEM | TF_NULL)) && r->dynptr_id == *(const u32 *)id)
		reg_invalidate(e, r);
}

int destroy_dynptr_or_iter(struct vf_env *e, struct frame *f, u32 slot)
{
	u32 id;

	if (slot >= f->nslots || f->stack[slot].type[0] != SLOT_DYNPTR)
		return 0;
	if (!f->stack[slot].reg.dyn_first)
		slot++;
	if (holds_reference(f->stack[slot].reg.dyn_kind))
		return reject(e, REJ_DYNPTR_REFERENCED);
	id = f->stack[slot].reg.id;
	wipe(e, f, slot);
	state_each_reg(e, e->cur, end_slice, &id);
	return 0;
}

static int make(struct vf_env *e, const struct reg *r, u8 kind, u32 insn, u32 clone_ref_id)
{
	struct frame *f = frame_of(e, r);
	int slot = dynptr_slot(e, r), err;
	u32 id, ref = clone_ref_id;

	if (slot < 0)
		return slot;
	/* What is there may be one dynptr, or halves of two. */
	err = destroy_dynptr_or_iter(e, f, (u32)slot);
	err = err ? err : destroy_dynptr_or_iter(e, f, (u32)slot - 1);
	if (err)
		return err;
	if (kind == DYN_NONE)
		return vf_bug(e, "a dynptr of no kind");
	id = new_id(e);
	set_slot(e, f, (u32)slot, SLOT_DYNPTR);
	set_slot(e, f, (u32)slot - 1, SLOT_DYNPTR);
	make_record(&f->stack[slot].reg, kind, true, id);
	make_record(&f->stack[slot - 1].reg, kind, false, id);
	if (!holds_reference(kind))
		return 0;
	if (!ref) {
		err = ref_acquire(e, insn, &ref);
		if (err)
			return err;
	}
	f->stack[slot].reg.ref_id = ref;
	f->stack[slot - 1].reg.ref_id = ref;
	return 0;
}

int dynptr_release(struct vf_env *e, u32 regno)
{
	const struct reg *r = &cur_regs(e)[regno];
	struct frame *f = frame_of(e, r);
	int slot = dynptr_slot(e, r), err;
	u32 ref;

	if (slot < 0)
		return slot;
	if (!holds_reference(f->stack[slot].reg.dyn_kind)) {
		wipe(e, f, (u32)slot);
		return 0;
	}
	ref = f->stack[slot].reg.ref_id;
	/* Slices of it and of its clones end with the reference, the clones' slots below. */
	err = ref_release(e, ref);
	if (err)
		return err;
	for (u32 s = 1; s < f->nslots; s++) {
		if (f->stack[s].reg.ref_id != ref)
			continue;
		if (f->stack[s].type[0] != SLOT_DYNPTR)
			return vf_bug(e, "a dynptr's reference in another slot");
		if (f->stack[s].reg.dyn_first)
			wipe(e, f, s);
	}
	return 0;
}

/* ---- as an argument ---- */

static bool can_be_made(struct vf_env *e, const struct reg *r)
{
	int slot;

	if (r->type == T_DYNPTR)
		return false;
	slot = dynptr_slot(e, r);
	return slot >= 0 || slot == -ERANGE;
}

static bool is_made(struct vf_env *e, const struct reg *r)
{
	const struct frame *f = frame_of(e, r);
	int slot;

	if (r->type == T_DYNPTR)
		return true;
	slot = dynptr_slot(e, r);
	if (slot < 1 || !f->stack[slot].reg.dyn_first)
		return false;
	for (u32 i = 0; i < SLOT_SIZE; i++)
		if (f->stack[slot].type[i] != SLOT_DYNPTR || f->stack[slot - 1].type[i] != SLOT_DYNPTR)
			return false;
	return true;
}

int dynptr_process(struct vf_env *e, u32 regno, u32 insn, u32 arg_flags, u32 clone_ref_id)
{
	struct reg *r = &cur_regs(e)[regno];
	u8 kind = kind_of_arg(arg_flags);
	int err = 0;

	if (r->type != T_STACK && r->type != T_DYNPTR)
		return reject(e, REJ_DYNPTR_ARG, regno - 1);
	if (arg_flags & AF_UNINIT) {
		if (!can_be_made(e, r))
			return reject(e, REJ_DYNPTR_NOT_UNINIT);
		for (s32 off = 0; !err && off < DYNPTR_SLOTS * SLOT_SIZE; off += SLOT_SIZE)
			err = mem_access(e, insn, regno, off, 8, MEM_WRITE, -1, false, false);
		return err ? err : make(e, r, kind, insn, clone_ref_id);
	}
	if (r->type == T_DYNPTR && !(arg_flags & AF_RDONLY))
		return reject(e, REJ_DYNPTR_CONST);
	if (!is_made(e, r))
		return reject(e, REJ_DYNPTR_NOT_INIT, regno - 1);
	if (kind != DYN_NONE && dynptr_record(e, regno)->dyn_kind != kind)
		return reject(e, REJ_DYNPTR_KIND, kinds[kind].name, regno - 1);
	if (r->type == T_STACK) {
		u32 slot = (u32)dynptr_slot(e, r);

		live_note_read(e, r->frameno, slot - 1, slot);
		scratch_slot(e, slot);
		scratch_slot(e, slot - 1);
	}
	return 0;
}
