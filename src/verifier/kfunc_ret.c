/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results of kernel functions: what R0 holds after the call, by prototype, flags and what the arguments said.
 *
 * Invariant: a pointer in R0 is trusted only when the kernel vouches for it; one that may be NULL says so and has an id of its own;
 * one that was acquired has a reference.
 */
#include "verifier/kfunc.h"

#define PERCPU_MAX 512 /* bytes of a per-CPU object */

/* A struct and nothing else: a union has no identity to hand out. */
static bool is_struct(const struct btf *b, u32 id)
{
	return id && btf_kind_of(btf_type(b, id)) == BTF_KIND_STRUCT;
}

static bool is_node(const struct kf_call *c, u32 id, const char *name)
{
	return is_struct(c->kf->btf, id) && !strcmp(btf_type_name(c->kf->btf, id), name);
}

static bool may_be_null_result(const struct kf_call *c)
{
	/* Another reference to what one holds already always succeeds. */
	return kf_is(c, KF_RET_NULL) && !(c->kf->special == KFS_refcount_acquire_impl && c->owning_ref);
}

static int new_object(struct vf_env *e, struct kf_call *c, struct reg *r)
{
	bool percpu = c->kf->special == KFS_percpu_obj_new_impl;
	const struct btf *b = e->in->btf;
	const struct btf_type *t;
	u32 id = (u32)c->const_value;

	if (c->const_value > U32_MAX)
		return reject(e, REJ_OBJ_NEW_RANGE);
	if (!b)
		return reject(e, REJ_OBJ_NEW_NO_BTF);
	t = btf_type(b, id);
	if (!t || !is_struct(b, id))
		return reject(e, REJ_OBJ_NEW_STRUCT);
	if (percpu && t->size > PERCPU_MAX)
		return reject(e, REJ_PERCPU_SIZE, t->size, PERCPU_MAX);
	if (percpu && !btf_scalar_struct(e, b, id, 0))
		return reject(e, REJ_PERCPU_SCALARS);
	if (percpu && btf_struct_record(b, id))
		return reject(e, REJ_PERCPU_FIELDS);
	reg_make_ptr(r, T_BTF | TF_ALLOC | (percpu ? TF_PERCPU : 0));
	r->btf = b;
	r->btf_id = id;
	e->fact[c->insn].obj_size = t->size;
	e->fact[c->insn].obj_percpu = percpu;
	e->fact[c->insn].obj_record = btf_struct_record(b, id);
	return 0;
}

static int cast_result(struct vf_env *e, struct kf_call *c, struct reg *r)
{
	const struct btf *b = c->kf->btf;

	if (!c->const_value) {
		reg_make_ptr(r, T_MEM | TF_RDONLY | TF_UNTRUSTED);
		return 0;
	}
	if (c->const_value > U32_MAX || !btf_type(b, (u32)c->const_value))
		return reject(e, REJ_CAST_UNKNOWN, (long long)c->const_value);
	if (!is_struct(b, (u32)c->const_value) && btf_kind_of(btf_type(b, (u32)c->const_value)) != BTF_KIND_UNION)
		return reject(e, REJ_CAST_STRUCT);
	reg_load_btf(e, r, b, (u32)c->const_value, TF_UNTRUSTED);
	return 0;
}

static int slice_result(struct vf_env *e, struct kf_call *c, struct reg *r)
{
	bool rdonly = c->kf->special == KFS_dynptr_slice;

	if (!c->const_set || !c->dyn.id)
		return vf_bug(e, "a slice without its size or dynptr");
	if (!rdonly && !pkt_allowed(e, NULL, MEM_WRITE))
		return reject(e, REJ_SLICE_WRITE);
	reg_make_ptr(r, T_MEM | dynptr_type_flag(c->dyn.kind) | (rdonly ? TF_RDONLY : 0));
	r->mem_size = (u32)c->const_value;
	r->dynptr_id = c->dyn.id;
	return 0;
}

/* 1: R0 is made by a rule of its own; 0: by the general rules. */
static int special_result(struct vf_env *e, struct kf_call *c, struct reg *r, u32 to)
{
	int err = 0;

	switch ((enum kf_special)c->kf->special) {
	case KFS_obj_new_impl:
	case KFS_percpu_obj_new_impl:
		err = new_object(e, c, r);
		break;
	case KFS_refcount_acquire_impl:
		reg_make_ptr(r, T_BTF | TF_ALLOC);
		r->btf = c->arg_btf;
		r->btf_id = c->arg_id;
		break;
	case KFS_cast_to_kern_ctx:
		reg_load_btf(e, r, c->kf->btf, c->ret_id, TF_TRUSTED);
		break;
	case KFS_rdonly_cast:
		err = cast_result(e, c, r);
		break;
	case KFS_dynptr_slice:
	case KFS_dynptr_slice_rdwr:
		err = slice_result(e, c, r);
		break;
	default:
		if (!is_node(c, to, "bpf_list_node") && !is_node(c, to, "bpf_rb_node"))
			return 0;
		if (!c->root)
			return vf_bug(e, "a node from no list or tree");
		reg_make_node(r, c->root);
		break;
	}
	return err ? err : 1;
}

static int memory_result(struct vf_env *e, struct kf_call *c, struct reg *r, u32 to)
{
	s64 size = btf_size_of(c->kf->btf, to);

	if (!c->r0_size && size > 0) {
		c->r0_size = (u64)size;
		c->r0_rdonly = true;
	}
	if (!c->r0_size)
		return reject(e, REJ_KF_RETURN, c->kf->name, btf_kind_word(c->kf->btf, to), btf_type_name(c->kf->btf, to));
	reg_make_ptr(r, T_MEM | (c->r0_rdonly ? TF_RDONLY : 0) | (kf_is(c, KF_RCU_PROTECTED) ? TF_RCU : 0));
	r->mem_size = (u32)c->r0_size;
	/* The memory goes with the object it belongs to. */
	r->ref_id = c->ref_id;
	return 0;
}

static void object_result(struct vf_env *e, struct kf_call *c, struct reg *r, u32 to)
{
	u32 flags = 0; /* a reference makes it trusted */

	if (c->kf->special == KFS_get_kmem_cache)
		flags = TF_UNTRUSTED;
	else if (kf_is(c, KF_RCU_PROTECTED))
		flags = TF_RCU;
	else if (kf_is(c, KF_ITER_NEXT))
		flags = iter_record(e, c)->type & TF_RCU ? TF_RCU : TF_TRUSTED;
	reg_load_btf(e, r, c->kf->btf, to, flags);
}

static bool has_lock(struct vf_env *e, const struct reg *r)
{
	const struct btf_record *rec = reg_record(e, r);

	return rec && (rec->mask & (FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK));
}

static int pointer_result(struct vf_env *e, struct kf_call *c, struct reg *r, u32 to)
{
	int special = special_result(e, c, r, to), err = 0;
	u32 id;

	if (special < 0)
		return special;
	if (!special && !to)
		reg_mark_unknown(e, r); /* void *: no better than a number */
	else if (!special && !is_struct(c->kf->btf, to))
		err = memory_result(e, c, r, to);
	else if (!special)
		object_result(e, c, r, to);
	if (err)
		return err;
	if (may_be_null_result(c)) {
		r->type |= TF_NULL;
		r->id = new_id(e);
	}
	if (kf_is(c, KF_ACQUIRE)) {
		err = ref_acquire(e, c->insn, &id);
		if (err)
			return err;
		if (may_be_null_result(c))
			r->id = id;
		r->ref_id = id;
	} else if (is_node(c, to, "bpf_list_node") || is_node(c, to, "bpf_rb_node")) {
		err = reg_set_non_owning(e, r);
	}
	if (!err && has_lock(e, r) && !r->id)
		r->id = new_id(e);
	return err;
}

int kfunc_result(struct vf_env *e, struct kf_call *c)
{
	const struct btf *b = c->kf->btf;
	struct reg *r = &cur_regs(e)[0];
	u32 id = btf_skip_mods(b, c->kf->type->type), kind = id ? btf_kind_of(btf_type(b, id)) : BTF_KIND_UNKN;
	u32 to = kind == BTF_KIND_PTR ? btf_skip_mods(b, btf_type(b, id)->type) : 0;

	if (kf_is(c, KF_ACQUIRE) && !(kind == BTF_KIND_PTR && is_struct(b, to)) && c->kf->special != KFS_obj_new_impl &&
	    c->kf->special != KFS_percpu_obj_new_impl && c->kf->special != KFS_refcount_acquire_impl)
		return reject(e, REJ_KF_ACQUIRE_RETURN);
	if (kind == BTF_KIND_PTR)
		return pointer_result(e, c, r, to);
	if (kind == BTF_KIND_UNKN)
		return 0;
	reg_mark_unknown(e, r);
	if (c->kf->special == KFS_res_spin_lock || c->kf->special == KFS_res_spin_lock_irqsave)
		reg_mark_known_zero(e, r); /* failure is a path of its own */
	return 0;
}
