/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts and sockets: what a program sees of the object it runs on, field by field, through spec's tables.
 *
 * Duty: may this program type, attach type and privilege touch these bytes, and what does a load yield. Programs with typed
 * arguments (tracing, LSM, struct_ops) get them from the BTF of the function they attach to.
 * Invariant: an access hits exactly one field, in a width that field allows; pointers are never read in part or written.
 */
#include <stdio.h>

#include "verifier/kfunc.h"
#include "verifier/mem.h"

bool ctx_is_plain(const struct vf_env *e)
{
	const struct ctx_spec *c = e->type->ctx;

	return !c || c->any_scalar || c->raw_args;
}

/* ---- fields of a table ---- */

/* Register type of a field's value; T_SCALAR for plain data. */
static u32 field_type(const struct ctx_field *f)
{
	switch ((enum ctx_kind)f->kind) {
	case CK_SCALAR: return T_SCALAR;
	case CK_PKT: return T_PKT;
	case CK_PKT_END: return T_PKT_END;
	case CK_PKT_META: return T_PKT_META;
	case CK_SK: return T_SOCK_COMMON | TF_NULL;
	case CK_SOCKET: return T_SOCKET;
	case CK_SOCKET_NULL: return T_SOCKET | TF_NULL;
	case CK_FLOW_KEYS: return T_FLOW_KEYS;
	case CK_TP_BUFFER: return T_TP_BUFFER;
	case CK_BUF_RDWR: return T_BUF | TF_NULL;
	case CK_BUF_RDONLY: return T_BUF | TF_RDONLY | TF_NULL;
	case CK_PTR_BTF: return T_BTF | TF_TRUSTED;
	}
	return T_SCALAR;
}

/* What a load from the context puts into a register. */
struct ctx_value {
	u32 type;
	const struct btf *btf;
	u32 btf_id;
	bool is_retval;
};

static bool table_access(struct vf_env *e, u32 insn, const struct ctx_spec *c, s32 off, u32 size, int rw, bool sext,
			 struct ctx_value *v)
{
	const struct ctx_access a = { .off = off, .size = size, .write = rw == MEM_WRITE, .sign_extend = sext,
				      .prog_type = e->in->prog_type, .attach_type = e->in->attach_type,
				      .caps = e->in->caps };
	const struct ctx_field *f;
	s32 id;

	if (ctx_access_check(c, &a, &f))
		return false;
	/* Tracepoints differ in size: the loader knows better than the table. */
	if (!f && e->in->ctx_size && (u32)off + size > e->in->ctx_size)
		return false;
	mem_note_field(e, insn, f);
	if (!f)
		return true;
	v->type = field_type(f);
	if (f->kind != CK_PTR_BTF)
		return true;
	id = e->in->kernel_btf ? btf_find(e->in->kernel_btf, f->btf_type, BTF_KIND_STRUCT) : -ENOENT;
	if (id < 0)
		return false;
	v->btf = e->in->kernel_btf;
	v->btf_id = (u32)id;
	return true;
}

/* ---- typed arguments ---- */

/* Prototype of what the program attaches to; NULL: five untyped arguments. *ret_skip: leading parameters not passed. */
static const struct btf_type *attach_proto(const struct vf_env *e, u32 *ret_skip)
{
	const struct btf *b = e->in->attach_btf;
	const struct btf_type *t;

	*ret_skip = 0;
	if (!b || !e->in->attach_btf_id)
		return NULL;
	t = btf_type(b, e->in->attach_btf_id);
	if (t && btf_kind_of(t) == BTF_KIND_STRUCT) {
		/* struct_ops: the attach type is the number of the member implemented. */
		if (e->in->attach_type >= btf_vlen_of(t))
			return NULL;
		t = btf_type(b, btf_skip_mods(b, btf_members_of(t)[e->in->attach_type].type));
	} else if (t && btf_kind_of(t) == BTF_KIND_TYPEDEF) {
		/* btf_trace_NAME: pointer to a function whose first parameter is the tracepoint's own. */
		*ret_skip = 1;
		t = btf_type(b, t->type);
	}
	if (t && btf_kind_of(t) == BTF_KIND_PTR)
		t = btf_type(b, t->type);
	if (t && btf_kind_of(t) == BTF_KIND_FUNC)
		t = btf_type(b, t->type);
	return t && btf_kind_of(t) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

/* Which parameter the 8 bytes at `off` belong to: structures by value take more than one register. */
static u32 arg_at(const struct btf *b, const struct btf_type *proto, u32 off)
{
	u32 end = 0, n;

	if (!proto)
		return off / 8;
	n = btf_vlen_of(proto);
	for (u32 i = 0; i <= n; i++) {
		u32 id = i < n ? btf_params_of(proto)[i].type : proto->type;
		s64 size = btf_size_of(b, id);

		end += size > 0 ? (u32)ROUND_UP((u64)size, 8) : 8;
		if (off < end)
			return i;
	}
	return n + 1;
}

static bool is_small_int(const struct btf_type *t)
{
	u32 k = btf_kind_of(t);

	return (k == BTF_KIND_INT && t->size <= 8) || k == BTF_KIND_ENUM || k == BTF_KIND_ENUM64 || k == BTF_KIND_STRUCT;
}

static bool args_trusted(const struct vf_env *e)
{
	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_TRACING:
		return e->in->attach_type == BPF_TRACE_RAW_TP || e->in->attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return lsm_args_trusted(e);
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* Modifiers from type tags between a pointer and its target; *ret_id: the target behind them. */
static u32 pointer_tags(const struct btf *b, u32 id, u32 *ret_id)
{
	const struct btf_type *t = btf_type(b, id);
	u32 flags = 0;

	while (t && (btf_kind_of(t) == BTF_KIND_TYPE_TAG || btf_kind_of(t) == BTF_KIND_CONST ||
		     btf_kind_of(t) == BTF_KIND_VOLATILE || btf_kind_of(t) == BTF_KIND_TYPEDEF ||
		     btf_kind_of(t) == BTF_KIND_RESTRICT)) {
		if (btf_kind_of(t) == BTF_KIND_TYPE_TAG) {
			const char *tag = btf_str(b, t->name_off);

			if (!strcmp(tag, "user"))
				flags |= TF_USER;
			else if (!strcmp(tag, "percpu"))
				flags |= TF_PERCPU;
		}
		id = t->type;
		t = btf_type(b, id);
	}
	*ret_id = id;
	return flags;
}

static bool name_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !strcmp(s + n - k, suffix);
}

static bool is_iter(const struct vf_env *e)
{
	return e->in->prog_type == BPF_PROG_TYPE_TRACING && e->in->attach_type == BPF_TRACE_ITER;
}

/* Parameters of NAME__MEMBER, the kernel's stand-in for a member, can say more than the member's own. */
static bool stub_says_nullable(const struct vf_env *e, u32 arg)
{
	const struct btf *b = e->in->attach_btf;
	const struct btf_type *t = btf_type(b, e->in->attach_btf_id), *stub;
	char name[160];
	s32 id;

	if (e->in->prog_type != BPF_PROG_TYPE_STRUCT_OPS || btf_kind_of(t) != BTF_KIND_STRUCT)
		return false;
	snprintf(name, sizeof(name), "%s__%s", btf_str(b, t->name_off),
		 btf_str(b, btf_members_of(t)[e->in->attach_type].name_off));
	id = btf_find(b, name, BTF_KIND_FUNC);
	stub = id > 0 ? btf_type(b, btf_type(b, (u32)id)->type) : NULL;
	return stub && arg < btf_vlen_of(stub) && name_ends(btf_str(b, btf_params_of(stub)[arg].name_off), "__nullable");
}

/* The last call of an iterator has no object; its session data is there always, and so is the map whose elements it walks. */
static bool iter_arg_nullable(const struct btf *b, u32 id, u32 arg, bool last)
{
	return arg > 0 && (last || strcmp(btf_type_name(b, id), "bpf_map") != 0);
}

static bool pointer_arg(struct vf_env *e, const struct btf_type *ptr, u32 arg, bool last, const char *pname,
			const char *tname, struct ctx_value *v)
{
	const struct btf *b = e->in->attach_btf;
	u32 id, tags = pointer_tags(b, ptr->type, &id), tp = 0;
	const struct btf_type *t = btf_type(b, id);

	if (id == 0 && is_iter(e)) {
		/* A map's key or value; how large it is shows when the iterator is made for a map. */
		v->type = T_BUF | TF_NULL | (!strcmp(pname, "key") ? TF_RDONLY : 0);
		return true;
	}
	if (id == 0 || (t && btf_kind_of(t) == BTF_KIND_INT))
		return true; /* void * and int *: only a number to us */
	if (!t || (btf_kind_of(t) != BTF_KIND_STRUCT && btf_kind_of(t) != BTF_KIND_UNION)) {
		vf_log(e, "func '%s' arg%d type %s is not a struct\n", tname, arg, t ? "UNKNOWN" : "void");
		return false;
	}
	v->type = T_BTF | tags;
	if (args_trusted(e))
		v->type |= TF_TRUSTED;
	if (e->in->prog_type == BPF_PROG_TYPE_TRACING && e->in->attach_type == BPF_TRACE_RAW_TP)
		tp = tracepoint_arg(tname, arg);
	if (name_ends(pname, "__nullable") || (tp & TPARG_NULL) || stub_says_nullable(e, arg))
		v->type |= TF_NULL;
	if (is_iter(e) && iter_arg_nullable(b, id, arg, last)) {
		v->type |= TF_NULL;
		if (strncmp(tname, "bpf_iter_", 9) || !iter_object_trusted(tname + 9))
			v->type &= ~(u32)TF_TRUSTED;
	} else {
		vf_log(e, "func '%s' arg%d has btf_id %d type %s '%s'\n", tname, arg, id, btf_kind_word(b, id),
		       btf_str(b, t->name_off));
	}
	if (tp & TPARG_ERROR) {
		vf_log(e, "marking pointer arg%d as scalar as it may encode error", arg);
		v->type = T_SCALAR;
		return true;
	}
	v->btf = b;
	v->btf_id = e->in->prog_type == BPF_PROG_TYPE_STRUCT_OPS ? struct_ops_arg_type(e, b, id) : id;
	return true;
}

/* Which return value may be read behind the arguments; returns its type id, 0: a plain number, -1: none. */
static s32 retval_arg(struct vf_env *e, const struct btf_type *proto, struct ctx_value *v)
{
	switch (e->in->attach_type) {
	case BPF_LSM_MAC:
		v->is_retval = true;
		return proto ? (s32)proto->type : 0;
	case BPF_LSM_CGROUP:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		return proto ? (s32)proto->type : 0;
	default:
		return -1;
	}
}

/* A function's name, a tracepoint's, or of a set of operations that of the member. */
static const char *target_name(const struct vf_env *e, const struct btf *b)
{
	const struct btf_type *t = btf_type(b, e->in->attach_btf_id);
	const char *name = btf_type_name(b, e->in->attach_btf_id);

	if (t && btf_kind_of(t) == BTF_KIND_STRUCT && e->in->attach_type < btf_vlen_of(t))
		return btf_str(b, btf_members_of(t)[e->in->attach_type].name_off);
	if (e->in->prog_type == BPF_PROG_TYPE_TRACING && e->in->attach_type == BPF_TRACE_RAW_TP &&
	    !strncmp(name, "btf_trace_", 10))
		name += 10;
	return name;
}

static bool typed_access(struct vf_env *e, s32 off, u32 size, struct ctx_value *v)
{
	const struct btf *b = e->in->attach_btf;
	u32 skip, arg, nargs, id = 0;
	const struct btf_type *proto = attach_proto(e, &skip), *t;
	const char *tname = b ? target_name(e, b) : "", *pname = "";

	if (off % 8) {
		vf_log(e, "func '%s' offset %d is not multiple of 8\n", tname, off);
		return false;
	}
	arg = arg_at(b, proto, (u32)off);
	nargs = proto ? btf_vlen_of(proto) - skip : 5;
	if (arg < nargs && proto) {
		const struct btf_param *p = &btf_params_of(proto)[arg + skip];

		id = p->type;
		pname = btf_str(b, p->name_off);
	} else if (arg >= nargs) {
		s32 ret = arg > nargs ? -1 : retval_arg(e, proto, v);

		if (ret < 0) {
			vf_log(e, "func '%s' doesn't have %d-th argument\n", tname, arg + 1);
			return false;
		}
		id = (u32)ret;
	}
	if (!id)
		return true;
	t = btf_type(b, btf_skip_mods(b, id));
	if (is_small_int(t))
		return true;
	if (btf_kind_of(t) != BTF_KIND_PTR) {
		vf_log(e, "func '%s' arg%d '%s' has type %s. Only pointer access is allowed\n", tname, arg,
		       btf_str(b, t->name_off), "UNKNOWN");
		return false;
	}
	if (size != 8) {
		vf_log(e, "func '%s' size %d must be 8\n", tname, size);
		return false;
	}
	return pointer_arg(e, t, arg, arg + 1 == nargs, pname, tname, v);
}

/* Arguments of what the program attaches to: typed, where the target's prototype is known. */
static bool has_typed_args(const struct vf_env *e)
{
	u32 type = e->in->prog_type;

	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM || type == BPF_PROG_TYPE_STRUCT_OPS;
}

bool attach_is_void(const struct vf_env *e)
{
	u32 skip;
	const struct btf_type *proto = attach_proto(e, &skip);

	return proto && proto->type == 0;
}

/* Hooks whose result is a truth value instead of an error number. */
static bool lsm_hook_is_bool(const char *name)
{
	static const char *const hooks[] = { "bpf_lsm_inode_xattr_skipcap", "bpf_lsm_audit_rule_known",
					     "bpf_lsm_xfrm_state_pol_flow_match" };

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(name, hooks[i]))
			return true;
	return false;
}

bool lsm_return_range(const struct vf_env *e, struct ret_range *ret_range)
{
	const char *name = e->in->attach_btf ? btf_type_name(e->in->attach_btf, e->in->attach_btf_id) : "";

	*ret_range = lsm_hook_is_bool(name) ? (struct ret_range){ 0, 1 } : (struct ret_range){ -4095, 0 };
	return true;
}

static void load_value(struct vf_env *e, struct reg *r, const struct ctx_value *v)
{
	struct ret_range range;

	if (v->type == T_SCALAR) {
		reg_mark_unknown(e, r);
		if (v->is_retval && lsm_return_range(e, &range)) {
			r->s32_min = range.min;
			r->s32_max = range.max;
			r->smin = range.min;
			r->smax = range.max;
			reg_sync(r);
		}
		return;
	}
	reg_make_ptr(r, v->type);
	if (may_be_null(v->type))
		r->id = new_id(e);
	if (T_BASE(v->type) == T_BTF) {
		r->btf = v->btf;
		r->btf_id = v->btf_id;
	}
}

int ctx_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool sext)
{
	const struct ctx_spec *c = e->type->ctx;
	struct ctx_value v = { .type = T_SCALAR };
	bool ok;
	int err = ptr_offset_fixed(e, &cur_regs(e)[regno], regno, false);

	if (err)
		return err;
	ok = c && table_access(e, insn, c, off, size, rw, sext, &v);
	if (ok && has_typed_args(e))
		ok = typed_access(e, off, size, &v);
	if (!ok) {
		err = reject(e, REJ_CTX_ACCESS, off, size);
		log_source_line(e, insn, "; ");
		return err;
	}
	mem_note(e, insn, MF_CTX);
	if ((u32)off + size > e->proof->max_ctx_off)
		e->proof->max_ctx_off = (u32)off + size;
	if (rw == MEM_READ && value_reg >= 0)
		load_value(e, &cur_regs(e)[value_reg], &v);
	return 0;
}

/* ---- sockets: the same tables, all read-only ---- */

static enum ctx_obj object_of(u32 type)
{
	switch (type) {
	case T_SOCKET: return OBJ_SOCK;
	case T_SOCK_COMMON: return OBJ_SOCK_COMMON;
	case T_TCP_SOCK: return OBJ_TCP_SOCK;
	default: return OBJ_XDP_SOCK;
	}
}

int sock_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct ctx_spec *c = obj_spec[object_of(r->type)];
	const struct ctx_access a = { .off = off, .size = size, .prog_type = e->in->prog_type,
				      .attach_type = e->in->attach_type, .caps = e->in->caps };
	const struct ctx_field *f;

	if (r->smin < 0)
		return reject(e, REJ_MIN_NEGATIVE_INDEX, regno);
	if (!c || ctx_access_check(c, &a, &f))
		return reject(e, REJ_SOCK_ACCESS, regno, reg_type_name(e, r->type), off, size);
	mem_note_field(e, insn, f);
	return 0;
}
