/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map values and maps themselves: bounds, rights, special fields, constants, and the map object's own fields.
 *
 * Invariant: no load, store or helper reaches a special field (lock, timer, kptr...) but by the way made for it; a value read as
 * a constant can never change again.
 */
#include "verifier/mem.h"

const char *field_kind_name(u32 kind)
{
	switch ((enum btf_field_kind)kind) {
	case FIELD_SPIN_LOCK: return "bpf_spin_lock";
	case FIELD_RES_SPIN_LOCK: return "bpf_res_spin_lock";
	case FIELD_TIMER: return "bpf_timer";
	case FIELD_WORKQUEUE: return "bpf_wq";
	case FIELD_TASK_WORK: return "bpf_task_work";
	case FIELD_KPTR_UNREF:
	case FIELD_KPTR_REF: return "kptr";
	case FIELD_KPTR_PERCPU: return "percpu_kptr";
	case FIELD_UPTR: return "uptr";
	case FIELD_LIST_HEAD: return "bpf_list_head";
	case FIELD_LIST_NODE: return "bpf_list_node";
	case FIELD_RB_ROOT: return "bpf_rb_root";
	case FIELD_RB_NODE: return "bpf_rb_node";
	case FIELD_REFCOUNT: return "bpf_refcount";
	default: return "unknown";
	}
}

int map_rights(struct vf_env *e, u32 regno, s32 off, s32 size, int rw)
{
	const struct map_desc *m = cur_regs(e)[regno].map;

	if (rw == MEM_WRITE && (m->flags & BPF_F_RDONLY_PROG))
		return reject(e, REJ_MAP_WRITE, m->value_size, off, size);
	if (rw == MEM_READ && (m->flags & BPF_F_WRONLY_PROG))
		return reject(e, REJ_MAP_READ, m->value_size, off, size);
	return 0;
}

/* The access may touch the field: only a whole kptr, at a known place, by an instruction, is in order. */
static int field_touched(struct vf_env *e, const struct reg *r, const struct btf_field *f, s32 off, s32 size, bool direct)
{
	const char *name = field_kind_name(f->kind);

	if (!(f->kind & (FIELD_KPTR | FIELD_UPTR)))
		return reject(e, REJ_FIELD_DIRECT, name);
	if (!direct)
		return reject(e, REJ_FIELD_HELPER, name);
	if (!tnum_is_const(r->var))
		return reject(e, REJ_FIELD_VARIABLE, name);
	if (f->off != (u64)off + r->var.value)
		return reject(e, REJ_FIELD_MISALIGNED, name, f->off, (unsigned long long)((u64)off + r->var.value));
	if (size != 8)
		return reject(e, REJ_FIELD_SIZE, name);
	return 0;
}

int map_bounds(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok, bool direct)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct btf_record *rec = r->map->record;
	int err = mem_region(e, regno, off, size, r->map->value_size, zero_ok);

	if (err || !rec)
		return err;
	for (u32 i = 0; i < rec->n; i++) {
		const struct btf_field *f = &rec->fields[i];

		if (r->smin + off >= (s64)f->off + f->size || (s64)f->off >= (s64)r->umax + off + size)
			continue;
		err = field_touched(e, r, f, off, size, direct);
		if (err)
			return err;
	}
	return 0;
}

int mem_map_access(struct vf_env *e, u32 regno, s32 off, u32 size, bool zero_ok, int rw)
{
	int err = map_rights(e, regno, off, (s32)size, rw);

	return err ? err : map_bounds(e, regno, off, (s32)size, zero_ok, false);
}

/* The value bytes at `off`, as the load would leave them in a register. */
static u64 constant_at(const struct map_desc *m, u32 off, u32 size, bool sext)
{
	u64 v = 0;

	memcpy(&v, (const u8 *)m->rodata + off, size);
	if (sext)
		v = (u64)((s64)(v << (64 - size * 8)) >> (64 - size * 8));
	return v;
}

int map_value_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool sext)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct map_desc *m = r->map;
	const struct btf_field *kptr = NULL;
	struct reg *val;
	u64 at;
	int err = map_rights(e, regno, off, (s32)size, rw);

	if (!err)
		err = map_bounds(e, regno, off, (s32)size, false, true);
	if (err)
		return err;
	mem_note(e, insn, MF_MAP_VALUE);
	at = (u64)off + r->var.value;
	if (tnum_is_const(r->var) && m->record)
		kptr = btf_record_at(m->record, (u32)at, FIELD_KPTR | FIELD_UPTR);
	if (kptr)
		return mem_map_kptr_access(e, regno, value_reg, insn, kptr);
	if (rw != MEM_READ || value_reg < 0)
		return 0;
	val = &cur_regs(e)[value_reg];
	if (tnum_is_const(r->var) && m->rodata) {
		u64 known = constant_at(m, (u32)at, size, sext);

		reg_make_ptr(val, T_SCALAR);
		reg_set_known(val, known);
	} else {
		reg_mark_unknown(e, val);
	}
	return 0;
}

/* ---- fields of the map object itself ---- */

int map_ptr_access(struct vf_env *e, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	const struct map_spec *spec = map_spec_by_id(cur_regs(e)[regno].map->type);
	const char *name = spec && spec->kernel ? spec->kernel : "bpf_map", *field;
	const struct btf *b = e->in->kernel_btf;
	struct reg *val;
	u32 id, flags = 0;
	struct btf_walk_bad bad;
	s32 map_id;
	int err;

	if (!b)
		return reject(e, REJ_MAP_PTR_NO_BTF);
	map_id = btf_find(b, name, BTF_KIND_STRUCT);
	if (map_id < 0)
		return reject(e, REJ_MAP_PTR_TYPE, cur_regs(e)[regno].map->type);
	if (!e->allow_ptr_leaks)
		return reject(e, REJ_MAP_PTR_PERFMON, name);
	if (off < 0)
		return reject(e, REJ_MAP_PTR_NEGATIVE, regno, name, off);
	if (rw != MEM_READ)
		return reject(e, REJ_MAP_PTR_WRITE, name);
	err = btf_struct_walk(b, (u32)map_id, off, size, &id, &flags, &field, &bad);
	if (err < 0)
		return reject_walk(e, &bad);
	mem_note(e, e->insn, MF_OPAQUE);
	if (value_reg < 0)
		return 0;
	val = &cur_regs(e)[value_reg];
	if (err == WALK_SCALAR) {
		reg_mark_unknown(e, val);
		return 0;
	}
	reg_make_ptr(val, T_BTF);
	val->btf = b;
	val->btf_id = id;
	return 0;
}

/* ---- constant strings ---- */

const char *map_str_at(const struct reg *r)
{
	return (const char *)r->map->rodata + r->off + r->var.value;
}

int map_const_str(struct vf_env *e, u32 regno)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct map_desc *m = r->map;
	u32 at;
	int err;

	if (r->type != T_MAP_VALUE)
		return -EINVAL;
	if (!(m->flags & BPF_F_RDONLY_PROG) || !m->rodata)
		return reject(e, REJ_STR_NOT_RDONLY, regno);
	if (!tnum_is_const(r->var))
		return reject(e, REJ_STR_NOT_CONST, regno);
	err = map_bounds(e, regno, r->off, (s32)m->value_size - r->off, false, false);
	if (err)
		return err;
	at = (u32)r->off + (u32)r->var.value;
	if (!memchr(map_str_at(r), 0, m->value_size - at))
		return reject(e, REJ_STR_UNTERMINATED);
	return 0;
}
