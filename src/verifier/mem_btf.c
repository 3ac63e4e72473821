/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers with a BTF type: fields of kernel objects and of objects the program allocated, and kernel pointers kept in maps.
 *
 * Duty: decide what a load through such a pointer yields, and how far the new pointer may be trusted.
 * Invariant: trust never grows by a load unless trust.def names the field; what is not trusted may only be read, and a read may
 * fault and yield zero.
 */
#include "verifier/kfunc.h"

enum trust { TRUST_NONE, TRUST_TRUSTED, TRUST_TRUSTED_NULL, TRUST_RCU, TRUST_RCU_NULL };

static enum trust field_trust(const struct reg *r, const char *field)
{
	static const struct { const char *type, *field; enum trust how; } rows[] = {
#define T(t, f, how) { #t, #f, TRUST_##how },
#include "verifier/trust.def"
	};
	const char *type = btf_type_name(r->btf, r->btf_id);

	for (u32 i = 0; field && i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].field, field) && !strcmp(rows[i].type, type))
			return rows[i].how;
	return TRUST_NONE;
}

/* Modifiers of the pointer that was read from `field` of what r points to; `found`: those of the field's own declaration. */
static u32 loaded_flags(struct vf_env *e, const struct reg *r, const char *field, u32 found)
{
	const u32 trusted = TF_TRUSTED | TF_ALLOC | TF_NON_OWN | TF_RCU;
	enum trust how;

	if (r->type & TF_UNTRUSTED)
		return TF_UNTRUSTED;
	if (!reg_is_trusted(r) && !(r->type & TF_RCU))
		return found & ~trusted; /* old-style pointers: neither trusted nor marked */
	how = field_trust(r, field);
	if (how == TRUST_TRUSTED)
		return found | TF_TRUSTED;
	if (how == TRUST_TRUSTED_NULL)
		return found | TF_TRUSTED | TF_NULL;
	if (!in_rcu(e) || (r->type & TF_NULL))
		return TF_UNTRUSTED;
	if (how == TRUST_RCU)
		return found | TF_RCU;
	if (how == TRUST_RCU_NULL)
		return (found & ~(u32)TF_UNTRUSTED) | TF_RCU | TF_NULL;
	if (found & TF_RCU)
		return found | TF_NULL;
	if (found & (TF_PERCPU | TF_USER))
		return found;
	return found & ~trusted;
}

/* The register becomes what a typed load yields. */
void reg_load_btf(struct vf_env *e, struct reg *r, const struct btf *b, u32 id, u32 flags)
{
	reg_make_ptr(r, T_BTF | flags);
	r->btf = b;
	r->btf_id = id;
	if (flags & TF_NULL)
		r->id = new_id(e);
}

const struct btf_record *reg_record(struct vf_env *e, const struct reg *r)
{
	(void)e;
	if (T_BASE(r->type) == T_MAP_VALUE)
		return r->map->record;
	if (is_alloc_obj(r->type))
		return btf_struct_record(r->btf, r->btf_id);
	return NULL;
}

static int check_rights(struct vf_env *e, const struct reg *r, u32 regno, s32 off, u32 size, int rw)
{
	const char *name = btf_type_name(r->btf, r->btf_id);
	struct tnum_text text;

	if (!e->allow_ptr_leaks)
		return reject(e, REJ_BTF_PERFMON, name);
	if (!e->in->gpl && btf_is_kernel(r->btf))
		return reject(e, REJ_BTF_GPL, name);
	if (off < 0)
		return reject(e, REJ_BTF_NEGATIVE, regno, name, off);
	if (!tnum_equals_const(r->var, 0))
		return reject(e, REJ_BTF_VARIABLE, regno, name, off, tnum_text(&text, r->var));
	if (r->type & TF_USER)
		return reject(e, REJ_BTF_USER, regno, name, off);
	if (r->type & TF_PERCPU)
		return reject(e, REJ_BTF_PERCPU, regno, name, off);
	if (rw != MEM_WRITE)
		return 0;
	if (r->type & TF_UNTRUSTED)
		return reject(e, REJ_BTF_READ_ONLY);
	return is_alloc_obj(r->type) ? 0 : mem_btf_write(e, r, off, size);
}

/* Locks, nodes, references of an allocated object are not data. */
static int check_special_fields(struct vf_env *e, const struct reg *r, s32 off, u32 size)
{
	const struct btf_record *rec = btf_struct_record(r->btf, r->btf_id);

	if (!(r->type & (TF_NON_OWN | TF_RCU | TF_UNTRUSTED)) && !r->ref_id)
		return vf_bug(e, "allocated object without a reference");
	for (u32 i = 0; rec && i < rec->n; i++) {
		const struct btf_field *f = &rec->fields[i];

		if ((u32)off < f->off + f->size && f->off < (u32)off + size)
			return reject(e, REJ_OBJ_FIELD, field_kind_name(f->kind));
	}
	return 0;
}

int reject_walk(struct vf_env *e, const struct btf_walk_bad *b)
{
	switch (b->why) {
	case WALK_END_BEYOND:
		return reject(e, REJ_WALK_BEYOND, b->type, b->off, b->size);
	case WALK_END_NO_FIELD:
		return reject(e, REJ_WALK_NO_FIELD, b->type, (s32)b->off);
	case WALK_END_NO_SIZE:
		return reject(e, REJ_WALK_NO_SIZE, b->field);
	case WALK_END_PTR_PART:
		return reject(e, REJ_WALK_PTR_PART, b->field, b->at, b->type, b->off, b->size);
	case WALK_END_MEMBER:
		return reject(e, REJ_WALK_MEMBER, b->field, b->at, b->type, b->off, b->size);
	case WALK_END_NO_STRUCT:
		break;
	}
	return reject(e, REJ_WALK_NO_STRUCT, b->type);
}

int mem_btf_access(struct vf_env *e, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	const struct reg *r = &cur_regs(e)[regno];
	struct btf_walk_bad bad;
	const char *field = NULL;
	u32 id = 0, walk = 0, found = 0;
	int kind, err = check_rights(e, r, regno, off, size, rw);

	if (!err && (r->type & TF_ALLOC))
		err = check_special_fields(e, r, off, size);
	if (err)
		return err;
	/* A field that may be written was found by name. */
	if (rw == MEM_WRITE && !(r->type & TF_ALLOC))
		return 0;
	kind = btf_struct_walk(r->btf, r->btf_id, off, size, &id, &walk, &field, &bad);
	if (kind < 0)
		return reject_walk(e, &bad);
	if (rw != MEM_READ || value_reg < 0)
		return 0;
	/* A pointer in an object of the program's own types is whatever the program stored there. */
	if (kind != WALK_PTR || (r->type & TF_ALLOC)) {
		reg_mark_unknown(e, &cur_regs(e)[value_reg]);
		/* Behind a pointer to no struct may be anything: each read of it is a probe. */
		if (kind != WALK_PTR && (walk & WALKF_PTR_MEM))
			reg_make_ptr(&cur_regs(e)[value_reg], T_MEM | TF_RDONLY | TF_UNTRUSTED);
		return 0;
	}
	found |= walk & WALKF_USER ? TF_USER : 0;
	found |= walk & WALKF_PERCPU ? TF_PERCPU : 0;
	found |= walk & WALKF_RCU ? TF_RCU : 0;
	found |= walk & WALKF_UNTRUSTED ? TF_UNTRUSTED : 0;
	reg_load_btf(e, &cur_regs(e)[value_reg], r->btf, id, loaded_flags(e, r, field, found));
	return 0;
}

/* ---- kernel pointers in map values ---- */

/*
 * A field's pointee is the kernel's type of that name, if there is one; the record of a program's own struct was made before a kernel
 * was known.
 */
static const struct btf_field *settle_target(struct vf_env *e, const struct btf_field *f)
{
	const struct btf *k = e->in->kernel_btf;
	struct btf_field *own;
	s32 id;

	if (!k || !f->target_btf || btf_is_kernel(f->target_btf))
		return f;
	id = btf_find(k, btf_type_name(f->target_btf, f->target_id), btf_kind_of(btf_type(f->target_btf, f->target_id)));
	if (id <= 0)
		return f;
	own = ARENA_NEW(&e->arena, struct btf_field);
	*own = *f;
	own->target_btf = k;
	own->target_id = (u32)id;
	return own;
}

static bool freed_after_rcu(const struct btf_field *f)
{
	static const char *const names[] = {
#define O(t) #t,
#include "verifier/rcu_object.def"
	};
	const char *name;

	if (!btf_is_kernel(f->target_btf))
		return true; /* the program's own objects are */
	name = btf_type_name(f->target_btf, f->target_id);
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Modifiers of a kptr read by a plain load. */
static u32 kptr_flags(struct vf_env *e, const struct btf_field *f)
{
	bool safe = f->kind == FIELD_KPTR_PERCPU || (f->kind == FIELD_KPTR_REF && freed_after_rcu(f));
	const struct btf_record *rec;
	u32 flags = TF_NULL | TF_RCU;

	if (!safe || !in_rcu(e))
		return TF_NULL | TF_UNTRUSTED;
	if (f->kind == FIELD_KPTR_PERCPU)
		flags |= TF_PERCPU;
	else if (!btf_is_kernel(f->target_btf))
		flags |= TF_ALLOC;
	rec = btf_is_kernel(f->target_btf) ? NULL : btf_struct_record(f->target_btf, f->target_id);
	if (rec && (rec->mask & FIELD_GRAPH_NODE))
		flags |= TF_NON_OWN;
	return flags;
}

/* May the register's pointer be kept in this field? */
int kptr_match(struct vf_env *e, const struct btf_field *f, u32 regno)
{
	const struct reg *r = &cur_regs(e)[regno];
	u32 allowed = TF_NULL | TF_ALLOC | (f->kind == FIELD_KPTR_PERCPU ? TF_PERCPU : 0);
	const char *name = "", *target = btf_type_name(f->target_btf, f->target_id);
	bool ok = T_BASE(r->type) == T_BTF;

	if (ok && btf_is_kernel(r->btf))
		allowed = TF_NULL | TF_TRUSTED | TF_RCU | (f->kind == FIELD_KPTR_UNREF ? TF_UNTRUSTED : 0);
	ok = ok && !(T_FLAGS(r->type) & ~allowed) && (f->kind == FIELD_KPTR_PERCPU) == !!(r->type & TF_PERCPU);
	if (ok) {
		name = btf_type_name(r->btf, r->btf_id);
		if (ptr_offset_fixed(e, r, regno, true))
			return -EACCES;
		ok = btf_struct_ids_match(r->btf, r->btf_id, (u32)r->off, f->target_btf, f->target_id,
					  f->kind != FIELD_KPTR_UNREF);
	}
	if (ok)
		return 0;
	vf_log(e, "invalid kptr access, R%d type=%s%s ", (int)regno, reg_type_name(e, r->type), name);
	if (f->kind != FIELD_KPTR_UNREF)
		return reject(e, REJ_KPTR_TYPE, reg_type_name(e, T_BTF), target);
	vf_log(e, "expected=%s%s or ", reg_type_name(e, T_BTF), target);
	return reject(e, REJ_KPTR_TYPE_OR, reg_type_name(e, T_BTF | TF_UNTRUSTED), target);
}

static void load_uptr(struct vf_env *e, struct reg *r, const struct btf_field *f)
{
	s64 size = btf_size_of(f->target_btf, f->target_id);

	reg_make_ptr(r, T_MEM | TF_NULL);
	r->mem_size = size > 0 ? (u32)size : 0;
	r->id = new_id(e);
}

int mem_map_kptr_access(struct vf_env *e, u32 regno, s32 value_reg, u32 insn, const struct btf_field *f)
{
	const struct ins *i = &e->ins[insn];
	enum ins_class cls = ins_class(i);

	(void)regno;
	if ((cls != IC_LDX && cls != IC_ST && cls != IC_STX) || ins_info(i)->sx)
		return reject(e, REJ_KPTR_MODE);
	if (cls != IC_LDX && (f->kind & (FIELD_KPTR_REF | FIELD_KPTR_PERCPU)))
		return reject(e, REJ_KPTR_STORE);
	if (cls != IC_LDX && f->kind == FIELD_UPTR)
		return reject(e, REJ_UPTR_STORE);
	switch (cls) {
	case IC_LDX:
		if (f->kind == FIELD_UPTR)
			load_uptr(e, &cur_regs(e)[value_reg], f);
		else
			reg_load_btf(e, &cur_regs(e)[value_reg], f->target_btf, f->target_id, kptr_flags(e, f));
		return 0;
	case IC_STX:
		/* The zero that makes this store legal must not be pruned away. */
		if (reg_is_zero(&cur_regs(e)[value_reg]))
			return mark_precise(e, (u32)value_reg);
		return kptr_match(e, f, (u32)value_reg) ? -EACCES : 0;
	default:
		return i->imm ? reject(e, REJ_KPTR_STORE_IMM, f->off) : 0;
	}
}

int kptr_process(struct vf_env *e, u32 regno, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct btf_record *rec = reg_record(e, r);
	const struct btf_field *f;
	u32 off;

	if (!is_alloc_obj(r->type)) {
		if (!r->map->btf)
			return reject(e, REJ_KPTR_NO_BTF, r->map->name);
		m->map = r->map;
	}
	if (!tnum_is_const(r->var))
		return reject(e, REJ_KPTR_VARIABLE, regno);
	if (!rec || !(rec->mask & FIELD_KPTR))
		return reject(e, REJ_KPTR_NONE, regno);
	off = (u32)r->off + (u32)r->var.value;
	f = btf_record_at(rec, off, FIELD_KPTR);
	if (!f)
		return reject(e, REJ_KPTR_NOT_AT, off);
	if (f->kind == FIELD_KPTR_UNREF)
		return reject(e, REJ_KPTR_UNREF, off);
	m->kptr = settle_target(e, f);
	return 0;
}
