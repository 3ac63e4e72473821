/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of global functions: what BTF types and tags ("arg:ctx", "arg:nonnull", ...) promise, and whether a call keeps it.
 *
 * A global function is verified once, for all arguments its declaration allows, and then believed at each call.
 * Invariant: what sub_args_check() lets through is inside what sub_args_from_btf() says; the two go by the same struct sub_arg.
 */
#include "verifier/kfunc.h"

enum { TAG_CTX = 1, TAG_TRUSTED = 2, TAG_NONNULL = 4, TAG_NULLABLE = 8, TAG_ARENA = 16, TAG_UNTRUSTED = 32 };
static const struct { const char *name; u32 bit; } tag_names[] = {
	{ "ctx", TAG_CTX }, { "trusted", TAG_TRUSTED }, { "nonnull", TAG_NONNULL }, { "nullable", TAG_NULLABLE },
	{ "arena", TAG_ARENA }, { "untrusted", TAG_UNTRUSTED },
};

static u32 kind_of(const struct btf *b, u32 id)
{
	return id ? btf_kind_of(btf_type(b, id)) : BTF_KIND_UNKN;
}

static bool is_number(u32 kind)
{
	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

static int read_tags(struct vf_env *e, const struct subprog *s, u32 arg, u32 *ret_tags)
{
	const struct btf *b = e->in->btf;
	u32 tag = 0;

	*ret_tags = 0;
	while ((tag = btf_decl_tag_next(b, s->func_id, (s32)arg, "arg:", tag))) {
		const char *name = btf_type_name(b, tag) + 4;
		u32 bit = 0;

		if (!s->global)
			return reject(e, REJ_SUB_TAG_STATIC, arg);
		for (u32 i = 0; i < ARRAY_SIZE(tag_names); i++)
			if (!strcmp(tag_names[i].name, name))
				bit = tag_names[i].bit;
		if (!bit)
			return reject(e, REJ_SUB_TAG_UNKNOWN, arg);
		*ret_tags |= bit;
	}
	return 0;
}

/* ---- arg:ctx: is the declared type one that this program type's context may have? ---- */

static bool ctx_name_ok(const struct vf_env *e, u32 kind, u64 size, const char *name)
{
	bool is_struct = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION, word = kind == BTF_KIND_INT && size == 8;

	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_PERF_EVENT:
		return is_struct && !strcmp(name, "pt_regs");
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return word;
	case BPF_PROG_TYPE_TRACING:
		if (e->in->attach_type == BPF_TRACE_ITER)
			return is_struct && !strncmp(name, "bpf_iter__", 10);
		return word || (e->in->attach_type == BPF_TRACE_RAW_TP && is_struct && !strcmp(name, "bpf_raw_tracepoint_args"));
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_EXT:
		return true;
	default:
		return false;
	}
}

static int check_ctx_type(struct vf_env *e, const struct btf *b, u32 ptr_id, u32 arg)
{
	u32 id = btf_type(b, ptr_id)->type;
	const struct btf_type *t;
	const char *name, *ctx;

	if (e->in->prog_type == BPF_PROG_TYPE_KPROBE || e->in->prog_type == BPF_PROG_TYPE_PERF_EVENT)
		for (u32 m = id; m; m = btf_type(b, m)->type) {
			u32 k = kind_of(b, m);

			if (k == BTF_KIND_TYPEDEF && !strcmp(btf_type_name(b, m), "bpf_user_pt_regs_t"))
				return 0;
			if (k != BTF_KIND_CONST && k != BTF_KIND_VOLATILE && k != BTF_KIND_RESTRICT && k != BTF_KIND_TYPE_TAG)
				break;
		}
	id = btf_skip_mods(b, id);
	if (!id)
		return 0; /* void * */
	t = btf_type(b, id);
	name = btf_str(b, t->name_off);
	if (!*name)
		return reject(e, REJ_SUB_CTX_NO_NAME, arg);
	if (ctx_name_ok(e, btf_kind_of(t), t->size, name))
		return 0;
	ctx = btf_ctx_name(e);
	if (!ctx)
		return reject(e, REJ_SUB_CTX_VOID, arg);
	if (btf_kind_of(t) == BTF_KIND_STRUCT && !strcmp(ctx, name))
		return 0;
	return reject(e, REJ_SUB_CTX_TYPE, arg, ctx);
}

/* ---- one argument ---- */

/* The kernel's struct that the pointer's target is a copy of, by name; 0 after a rejection. */
static u32 kernel_type(struct vf_env *e, const struct btf *b, u32 to, u32 arg, int *ret_err)
{
	const char *name = to ? btf_type_name(b, to) : "", *flavor = strstr(name, "___");
	char base[128];
	s32 id = -ENOENT;
	size_t n = flavor ? (size_t)(flavor - name) : strlen(name);

	if (!n) {
		*ret_err = reject(e, REJ_SUB_CAND_NAME, arg, btf_kind_word(b, to), "(anon)", -EINVAL);
		return 0;
	}
	if (e->in->kernel_btf && n < sizeof(base)) {
		memcpy(base, name, n);
		base[n] = 0;
		id = btf_find(e->in->kernel_btf, base, kind_of(b, to));
	}
	if (id > 0)
		return (u32)id;
	*ret_err = reject(e, REJ_SUB_CAND_ERROR, arg, btf_kind_word(b, to), name);
	return 0;
}

static int untrusted_arg(struct vf_env *e, const struct btf *b, u32 to, u32 arg, struct sub_arg *a)
{
	u32 kind = kind_of(b, to);
	int err = 0;

	if (!to || is_number(kind) || kind == BTF_KIND_FLOAT) {
		a->kind = ARG_MEM;
		a->flags = TF_RDONLY | TF_UNTRUSTED;
		return 0;
	}
	a->btf_id = kernel_type(e, b, to, arg, &err);
	if (err)
		return err;
	if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION)
		return reject(e, REJ_SUB_UNTRUSTED_REF, arg, btf_kind_word(b, to), btf_type_name(b, to));
	a->kind = ARG_BTF;
	a->flags = TF_UNTRUSTED;
	a->btf = e->in->kernel_btf;
	return 0;
}

static int trusted_arg(struct vf_env *e, const struct btf *b, u32 to, u32 arg, u32 tags, struct sub_arg *a)
{
	int err = 0;

	if (tags & TAG_NONNULL)
		return reject(e, REJ_SUB_TAG_MIX, arg);
	a->btf_id = kernel_type(e, b, to, arg, &err);
	a->btf = e->in->kernel_btf;
	a->kind = ARG_BTF;
	a->flags = TF_TRUSTED | (tags & TAG_NULLABLE ? TF_NULL : 0);
	return err;
}

/* Memory of the type's size, which the caller provides. */
static int memory_arg(struct vf_env *e, const struct btf *b, u32 to, u32 arg, u32 tags, struct sub_arg *a)
{
	s64 size = btf_size_of(b, to);

	if (tags & TAG_NULLABLE)
		return reject(e, REJ_SUB_TAG_MIX, arg);
	if (size < 0)
		return reject(e, REJ_ARG_SIZE_UNKNOWN, arg, btf_kind_word(b, to), to ? btf_type_name(b, to) : "", (long)size);
	a->kind = ARG_MEM;
	a->flags = tags & TAG_NONNULL ? 0 : TF_NULL;
	a->mem_size = (u32)size;
	return 0;
}

static int pointer_arg(struct vf_env *e, const struct subprog *s, u32 ptr_id, u32 arg, u32 tags, struct sub_arg *a)
{
	const struct btf *b = e->in->btf;
	u32 to = btf_skip_mods(b, btf_type(b, ptr_id)->type);

	if ((tags & TAG_CTX) || btf_is_ctx_ptr(e, b, ptr_id)) {
		if (tags & ~(u32)TAG_CTX)
			return reject(e, REJ_SUB_TAG_MIX, arg);
		a->kind = ARG_CTX;
		return tags & TAG_CTX ? check_ctx_type(e, b, ptr_id, arg) : 0;
	}
	if (to && !strcmp(btf_type_name(b, to), "bpf_dynptr")) {
		a->kind = ARG_DYNPTR;
		a->flags = TF_RDONLY;
		return tags ? reject(e, REJ_SUB_TAG_MIX, arg) : 0;
	}
	if (tags & TAG_TRUSTED)
		return trusted_arg(e, b, to, arg, tags, a);
	if (tags & TAG_UNTRUSTED) {
		if (tags & ~(u32)TAG_UNTRUSTED)
			return reject(e, REJ_SUB_TAG_UNTRUSTED_MIX, arg);
		return untrusted_arg(e, b, to, arg, a);
	}
	if (tags & TAG_ARENA) {
		a->kind = SUB_ARG_ARENA;
		return tags & ~(u32)TAG_ARENA ? reject(e, REJ_SUB_TAG_ARENA_MIX, arg) : 0;
	}
	return s->global ? memory_arg(e, b, to, arg, tags, a) : 1;
}

/* ---- the prototype ---- */

static int read_args(struct vf_env *e, struct subprog *s, const struct btf_type *proto, const char *name)
{
	const struct btf *b = e->in->btf;
	u32 n = btf_vlen_of(proto), tags;
	int err;

	for (u32 i = 0; i < n; i++) {
		struct sub_arg *a = &s->args[i];
		u32 id = btf_skip_mods(b, btf_params_of(proto)[i].type), kind = kind_of(b, id);

		memset(a, 0, sizeof(*a));
		err = read_tags(e, s, i, &tags);
		if (!err && kind == BTF_KIND_PTR) {
			err = pointer_arg(e, s, id, i, tags, a);
			if (err <= 0) {
				if (err)
					return err;
				continue;
			}
			err = 0;
		}
		if (err)
			return err;
		if (tags)
			return reject(e, REJ_SUB_TAG_NO_PTR, i);
		if (!is_number(kind))
			return s->global ? reject(e, REJ_SUB_ARG_TYPE, i, btf_kind_word(b, id), name) : -EINVAL;
		a->kind = ARG_ANYTHING;
	}
	s->nargs = n;
	s->args_cached = true;
	return 0;
}

static int read_proto(struct vf_env *e, struct subprog *s, u32 number)
{
	const struct btf *b = e->in->btf;
	const struct btf_type *f, *proto;
	const char *name;

	if (!b || !s->func_id)
		return s->global ? reject(e, REJ_SUB_NO_BTF) : -EINVAL;
	f = btf_type(b, s->func_id);
	if (!f || btf_kind_of(f) != BTF_KIND_FUNC)
		return reject(e, REJ_SUB_NOT_FUNC, number);
	name = btf_str(b, f->name_off);
	proto = btf_type(b, f->type);
	if (!proto || btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return reject(e, REJ_SUB_PROTO, name);
	if (btf_vlen_of(proto) > 5)
		return s->global ? reject(e, REJ_SUB_TOO_MANY, name, btf_vlen_of(proto), 5) : -EINVAL;
	if (!is_number(kind_of(b, btf_skip_mods(b, proto->type))))
		return s->global ? reject(e, REJ_SUB_RETURN_TYPE, name) : -EINVAL;
	return read_args(e, s, proto, name);
}

int sub_args_from_btf(struct vf_env *e, u32 subprog)
{
	struct subprog *s = &e->subs[subprog];
	u32 cause = e->rejected;
	s32 err_cause = e->rejected_errno;
	int err;

	if (s->args_cached)
		return 0;
	err = read_proto(e, s, subprog);
	if (err && !subprog) {
		/* The main program's own arguments are not taken from BTF: what was wrong with them refuses nothing. */
		e->rejected = cause;
		e->rejected_errno = err_cause;
	}
	return err;
}

/* ---- at a call ---- */

static int check_btf_arg(struct vf_env *e, const struct sub_arg *a, const struct reg *r, u32 regno)
{
	static const struct helper_spec no_helper = { .name = "" };
	struct arg_spec want = {
		.kind = ARG_BTF, .flags = a->flags & TF_NULL ? AF_NULL : 0, .btf_type = btf_type_name(a->btf, a->btf_id),
	};
	struct call_meta m = { .h = &no_helper };
	int err;

	if (reg_is_zero(r) && (a->flags & TF_NULL))
		return mark_precise(e, regno); /* other values must not be pruned against this one */
	err = reg_type_check(e, regno, &want, &m);
	return err ? err : func_arg_off(e, r, regno, &want);
}

static int check_arg(struct vf_env *e, const struct sub_arg *a, const struct reg *r, u32 regno)
{
	struct arg_spec any = { .kind = ARG_ANYTHING };
	int err;

	/* Untrusted pointers are read with probes: anything will do. */
	if (a->flags & TF_UNTRUSTED)
		return 0;
	switch (a->kind) {
	case ARG_ANYTHING:
		return r->type == T_SCALAR ? 0 : reject(e, REJ_KF_NOT_SCALAR, regno);
	case ARG_CTX:
		err = func_arg_off(e, r, regno, &any);
		return err || r->type == T_CTX ? err : reject(e, REJ_SUB_CTX_EXPECTED, regno - 1);
	case ARG_MEM:
		err = func_arg_off(e, r, regno, &any);
		if (err)
			return err;
		if (mem_fixed_arg(e, regno, a->mem_size))
			return -EINVAL;
		if (!(a->flags & TF_NULL) && (r->type & TF_NULL || reg_is_zero(r)))
			return reject(e, REJ_SUB_NOT_NULL, regno - 1);
		return reg_is_zero(r) ? mark_precise(e, regno) : 0;
	case SUB_ARG_ARENA:
		return r->type == T_ARENA || r->type == T_SCALAR ? 0 : reject(e, REJ_SUB_ARENA, regno);
	case ARG_DYNPTR:
		any.kind = ARG_DYNPTR;
		err = func_arg_off(e, r, regno, &any);
		return err ? err : dynptr_process(e, regno, e->insn, AF_RDONLY, 0);
	case ARG_BTF:
		return check_btf_arg(e, a, r, regno);
	default:
		return vf_bug(e, "unrecognized arg#%d type %d", regno - 1, a->kind);
	}
}

int sub_args_check(struct vf_env *e, u32 subprog, struct reg *regs)
{
	const struct subprog *s = &e->subs[subprog];
	int err = sub_args_from_btf(e, subprog);

	for (u32 i = 0; !err && i < s->nargs; i++)
		err = check_arg(e, &s->args[i], &regs[i + 1], i + 1);
	return err;
}
