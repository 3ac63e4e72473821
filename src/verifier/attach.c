/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program attaches to: is there such a function, hook or member, and may a program of this kind run there?
 *
 * Duty: judge the target by its BTF before the walk. Programs' arguments and results follow from it (mem_ctx.c, call.c).
 * Invariant: what cannot be judged by BTF and by attach_rule.def (is the function patched in, does it exist in this process) is left
 * to the attach itself, which refuses honestly.
 */
#include <stdio.h>

#include "verifier/kfunc.h"

enum rule { LSM_SLEEPS, LSM_STALE, LSM_OFF, NEVER, NO_RETURN, OVERRULE, SLEEPS, D_PATH };

static bool has_rule(const char *name, enum rule rule)
{
	static const struct { const char *name; enum rule rule; } rows[] = {
#define A(function, what) { #function, what },
#include "verifier/attach_rule.def"
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].rule == rule && !strcmp(rows[i].name, name))
			return true;
	return false;
}

bool attach_may_name_path(const struct vf_env *e)
{
	const char *name = e->in->attach_btf ? btf_type_name(e->in->attach_btf, e->in->attach_btf_id) : "";

	if (e->in->prog_type == BPF_PROG_TYPE_LSM)
		return has_rule(name, LSM_SLEEPS);
	return (e->in->prog_type == BPF_PROG_TYPE_TRACING && e->in->attach_type == BPF_TRACE_ITER) || has_rule(name, D_PATH);
}

static bool is_syscall(const char *name)
{
	return !strncmp(name, "__x64_sys_", 10) || !strncmp(name, "__ia32_sys_", 11) || !strncmp(name, "__arm64_sys_", 12);
}

/* ---- struct_ops ---- */

static bool member_is_function(const struct btf *b, const struct btf_member *m)
{
	const struct btf_type *t = btf_type(b, btf_skip_mods(b, m->type));

	if (!t || btf_kind_of(t) != BTF_KIND_PTR)
		return false;
	t = btf_type(b, btf_skip_mods(b, t->type));
	return t && btf_kind_of(t) == BTF_KIND_FUNC_PROTO;
}

static int check_struct_ops(struct vf_env *e)
{
	const struct btf *b = e->in->attach_btf ? e->in->attach_btf : e->in->kernel_btf;
	u32 id = e->in->attach_btf_id, member = e->in->attach_type;
	const struct btf_type *t;
	const char *name;
	char wrapper[160];
	int err;

	if (!e->in->gpl)
		return reject(e, REJ_STRUCT_OPS_GPL);
	if (!id)
		return -ENOTSUPP;
	t = b && id ? btf_type(b, id) : NULL;
	name = t ? btf_str(b, t->name_off) : "";
	/* The kernel keeps struct bpf_struct_ops_NAME for each struct it takes functions for. */
	snprintf(wrapper, sizeof(wrapper), "bpf_struct_ops_%s", name);
	if (!t || btf_kind_of(t) != BTF_KIND_STRUCT || btf_find(b, wrapper, BTF_KIND_STRUCT) < 0)
		return reject(e, REJ_STRUCT_OPS_NONE, id);
	if (member >= btf_vlen_of(t))
		return reject(e, REJ_STRUCT_OPS_MEMBER, member, name);
	if (!member_is_function(b, &btf_members_of(t)[member]))
		return reject(e, REJ_STRUCT_OPS_NO_FUNC, btf_str(b, btf_members_of(t)[member].name_off), member, name);
	err = struct_ops_takes(name, btf_str(b, btf_members_of(t)[member].name_off), e->sleepable_prog);
	if (err)
		reject(e, REJ_STRUCT_OPS_OFF, btf_str(b, btf_members_of(t)[member].name_off), name);
	return err;
}

/* ---- prototypes ---- */

/* Bytes of a value passed on to the program, or -EINVAL. */
static s64 passed_size(const struct btf *b, u32 id, u32 *ret_kind)
{
	const struct btf_type *t;

	id = btf_skip_mods(b, id);
	t = id ? btf_type(b, id) : NULL;
	*ret_kind = t ? btf_kind_of(t) : BTF_KIND_UNKN;
	switch (*ret_kind) {
	case BTF_KIND_UNKN:
		return 0;
	case BTF_KIND_PTR:
		return 8;
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return t->size;
	default:
		return -EINVAL;
	}
}

static int check_proto(struct vf_env *e, const struct btf *b, const struct btf_type *proto, const char *name, s64 *ret_size)
{
	u32 n = btf_vlen_of(proto), kind;
	s64 size = passed_size(b, proto->type, &kind);

	if (n > 12)
		return reject(e, REJ_ATTACH_DISTILL, name, n);
	if (size < 0 || kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION)
		return reject(e, REJ_ATTACH_DISTILL_RET, name, btf_kind_word(b, btf_skip_mods(b, proto->type)));
	*ret_size = size;
	for (u32 i = 0; i < n; i++) {
		u32 id = btf_params_of(proto)[i].type;

		if (i == n - 1 && !id)
			return reject(e, REJ_ATTACH_VARARGS, name);
		size = passed_size(b, id, &kind);
		if (size < 0 || size > 16)
			return reject(e, REJ_ATTACH_DISTILL_ARG, name, i, btf_kind_word(b, btf_skip_mods(b, id)));
		if (!size)
			return reject(e, REJ_ATTACH_VOID_ARG, name);
	}
	return 0;
}

/* ---- functions ---- */

static int check_sleepable(struct vf_env *e, const char *name)
{
	bool ok = e->in->prog_type == BPF_PROG_TYPE_LSM ? has_rule(name, LSM_SLEEPS) :
							   is_syscall(name) || has_rule(name, SLEEPS);

	return ok ? 0 : reject(e, REJ_ATTACH_NOT_SLEEPABLE, name);
}

static int check_modify(struct vf_env *e, const char *name, bool of_prog)
{
	if (of_prog)
		return reject(e, REJ_ATTACH_MODIFY_PROG);
	if (is_syscall(name) || !strncmp(name, "security_", 9) || has_rule(name, OVERRULE))
		return 0;
	return reject(e, REJ_ATTACH_MODIFY, name);
}

static int check_lsm(struct vf_env *e, const char *name)
{
	if (!e->in->gpl)
		return reject(e, REJ_LSM_GPL);
	if (has_rule(name, LSM_OFF))
		return reject(e, REJ_LSM_OFF, e->in->attach_btf_id, name);
	if (strncmp(name, "bpf_lsm_", 8))
		return reject(e, REJ_LSM_HOOK, e->in->attach_btf_id, name);
	return 0;
}

/* ---- replacements of functions ---- */

static const struct btf_type *func_proto(const struct btf *b, const struct btf_type *func)
{
	const struct btf_type *t = btf_type(b, func->type);

	return t && btf_kind_of(t) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

static bool is_struct(const struct btf_type *t)
{
	return t && (btf_kind_of(t) == BTF_KIND_STRUCT || btf_kind_of(t) == BTF_KIND_UNION);
}

/* A parameter's types, modifiers aside: a number of the same size, or a pointer to a structure of the same name. */
static int match_arg(struct vf_env *e, u32 n, const struct btf *a, u32 a_id, const char *a_name, const struct btf *b, u32 b_id,
		     const char *b_name)
{
	const struct btf_type *t = btf_type(a, btf_skip_mods(a, a_id)), *u = btf_type(b, btf_skip_mods(b, b_id));
	u32 kind;

	if (!t || !u)
		return -EINVAL;
	kind = btf_kind_of(t);
	if (t->info != u->info)
		return reject(e, REJ_EXT_ARG_KIND, n, a_name, btf_kind_word(a, btf_skip_mods(a, a_id)), b_name,
			      btf_kind_word(b, btf_skip_mods(b, b_id)));
	if (kind != BTF_KIND_PTR && kind != BTF_KIND_ARRAY && kind != BTF_KIND_FWD && t->size != u->size)
		return reject(e, REJ_EXT_ARG_SIZE, n, a_name, t->size, b_name, u->size);
	if (kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64)
		return 0;
	if (kind != BTF_KIND_PTR)
		return reject(e, REJ_EXT_ARG_TYPE, n, a_name);
	t = btf_type(a, btf_skip_mods(a, t->type));
	u = btf_type(b, btf_skip_mods(b, u->type));
	if (!is_struct(t))
		return reject(e, REJ_EXT_NO_CTX, n, a_name);
	if (!is_struct(u))
		return reject(e, REJ_EXT_NO_CTX, n, b_name);
	if (strcmp(btf_str(a, t->name_off), btf_str(b, u->name_off)))
		return reject(e, REJ_EXT_CTX_NAME, n, a_name, btf_str(a, t->name_off), b_name, btf_str(b, u->name_off));
	return 0;
}

/* The program's main function must be declared as the function of `b` that it replaces. */
static int check_replacement(struct vf_env *e, const struct btf *b, const struct btf_type *target, const char *name)
{
	const struct btf *own = e->in->btf;
	const struct btf_type *func, *p, *q, *ret_p, *ret_q;
	const char *own_name;

	if (!own || !e->nfunc_info)
		return reject(e, REJ_EXT_NO_INFO);
	func = btf_type(own, e->func_info[0].type_id);
	if (!func || btf_kind_of(func) != BTF_KIND_FUNC)
		return -EINVAL;
	own_name = btf_str(own, func->name_off);
	if (btf_vlen_of(func) != BTF_FUNC_GLOBAL)
		return reject(e, REJ_EXT_NOT_GLOBAL, own_name);
	if (btf_vlen_of(target) != BTF_FUNC_GLOBAL)
		return reject(e, REJ_EXT_NOT_GLOBAL, name);
	p = func_proto(own, func);
	q = func_proto(b, target);
	if (!p || !q)
		return -EINVAL;
	if (btf_vlen_of(p) != btf_vlen_of(q))
		return reject(e, REJ_EXT_NARGS, own_name, btf_vlen_of(p), name, btf_vlen_of(q));
	ret_p = btf_type(own, btf_skip_mods(own, p->type));
	ret_q = btf_type(b, btf_skip_mods(b, q->type));
	if (!ret_p || !ret_q)
		return -EINVAL;
	if (ret_p->info != ret_q->info)
		return reject(e, REJ_EXT_RETURN, btf_kind_word(own, btf_skip_mods(own, p->type)), own_name,
			      btf_kind_word(b, btf_skip_mods(b, q->type)), name);
	for (u32 i = 0; i < btf_vlen_of(p); i++) {
		int err = match_arg(e, i, own, btf_params_of(p)[i].type, own_name, b, btf_params_of(q)[i].type, name);
		if (err)
			return err;
	}
	return 0;
}

static int check_function(struct vf_env *e, const struct btf *b, const struct btf_type *t, const char *name)
{
	bool of_prog = !btf_is_kernel(b), at_exit;
	u32 type = e->in->attach_type;
	const struct btf_type *proto;
	s64 ret_size = 0;
	int err;

	if (btf_kind_of(t) != BTF_KIND_FUNC)
		return reject(e, REJ_ATTACH_NOT_FUNC, e->in->attach_btf_id);
	if (e->in->prog_type == BPF_PROG_TYPE_EXT) {
		err = check_replacement(e, b, t, name);
		if (err)
			return err;
	}
	proto = btf_type(b, t->type);
	if (!proto || btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return reject(e, REJ_ATTACH_PROTO, e->in->attach_btf_id);
	err = check_proto(e, b, proto, name, &ret_size);
	if (err)
		return err;
	if (type == BPF_TRACE_ITER)
		return strncmp(name, "bpf_iter_", 9) ? -EINVAL : 0;
	at_exit = type == BPF_TRACE_FEXIT || type == BPF_MODIFY_RETURN;
	if (ret_size > 8 && (at_exit || e->in->prog_type == BPF_PROG_TYPE_LSM))
		return reject(e, REJ_ATTACH_RET_SIZE, name);
	if (e->sleepable_prog)
		err = check_sleepable(e, name);
	else if (type == BPF_MODIFY_RETURN)
		err = check_modify(e, name, of_prog);
	if (err)
		return err;
	if (e->in->prog_type == BPF_PROG_TYPE_LSM)
		return check_lsm(e, name);
	if (e->in->prog_type == BPF_PROG_TYPE_TRACING && has_rule(name, NEVER))
		return reject(e, REJ_ATTACH_NEVER, name);
	return at_exit && has_rule(name, NO_RETURN) ? reject(e, REJ_NORETURN) : 0;
}

/* btf_trace_NAME: a typedef of a pointer to the tracepoint's function. */
static int check_tracepoint(struct vf_env *e, const struct btf *b, const struct btf_type *t, const char *name)
{
	if (!btf_is_kernel(b))
		return reject(e, REJ_ATTACH_ONLY_PROGS);
	if (btf_kind_of(t) != BTF_KIND_TYPEDEF)
		return reject(e, REJ_ATTACH_NOT_TYPEDEF, e->in->attach_btf_id);
	if (strncmp(name, "btf_trace_", 10))
		return reject(e, REJ_ATTACH_WRONG_NAME, e->in->attach_btf_id, name);
	t = btf_type(b, t->type);
	if (t && btf_kind_of(t) == BTF_KIND_PTR)
		t = btf_type(b, t->type);
	return t && btf_kind_of(t) == BTF_KIND_FUNC_PROTO ? 0 : reject(e, REJ_ATTACH_PROTO, e->in->attach_btf_id);
}

static int check_target(struct vf_env *e)
{
	const struct btf *b = e->in->attach_btf ? e->in->attach_btf : e->in->kernel_btf;
	u32 id = e->in->attach_btf_id;
	const struct btf_type *t;
	const char *name;

	if (!id)
		return reject(e, REJ_ATTACH_NO_ID);
	if (!b)
		return reject(e, REJ_ATTACH_NO_BTF);
	t = btf_type(b, id);
	if (!t)
		return reject(e, REJ_ATTACH_ID, id);
	name = btf_str(b, t->name_off);
	if (!*name)
		return reject(e, REJ_ATTACH_NO_NAME, id);
	if (e->in->prog_type == BPF_PROG_TYPE_EXT && btf_is_kernel(b))
		return reject(e, REJ_ATTACH_EXT_KERNEL);
	if (e->in->prog_type == BPF_PROG_TYPE_EXT)
		return check_function(e, b, t, name);
	switch (e->in->attach_type) {
	case BPF_TRACE_RAW_TP:
		return check_tracepoint(e, b, t, name);
	case BPF_TRACE_ITER:
	case BPF_MODIFY_RETURN:
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
		return check_function(e, b, t, name);
	default:
		return -EINVAL;
	}
}

static bool type_can_sleep(const struct vf_env *e)
{
	u32 attach = e->in->attach_type;

	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_TRACING:
		return attach == BPF_TRACE_FENTRY || attach == BPF_TRACE_FEXIT || attach == BPF_MODIFY_RETURN ||
		       attach == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return attach != BPF_LSM_CGROUP;
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

bool lsm_args_trusted(const struct vf_env *e)
{
	const struct btf *b = e->in->attach_btf ? e->in->attach_btf : e->in->kernel_btf;

	return !b || !e->in->attach_btf_id || !has_rule(btf_type_name(b, e->in->attach_btf_id), LSM_STALE);
}

int pass_attach(struct vf_env *e)
{
	u32 type = e->in->prog_type;

	if (type == BPF_PROG_TYPE_SYSCALL)
		return e->sleepable_prog ? 0 : reject(e, REJ_SYSCALL_SLEEPABLE);
	if (e->sleepable_prog && !type_can_sleep(e))
		return reject(e, REJ_NOT_SLEEPABLE_TYPE);
	if (type == BPF_PROG_TYPE_STRUCT_OPS)
		return check_struct_ops(e);
	if (type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_LSM && type != BPF_PROG_TYPE_EXT)
		return 0;
	return check_target(e);
}
