/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of kernel functions: what each parameter's type and name ask for, and whether the register gives it.
 *
 * Duty: classify a parameter (a table, in Linux's order: the first row that fits decides), then check the register by its class.
 * Invariant: what no class takes is refused; a kfunc that wants trusted arguments gets no pointer that may be NULL, stale or
 * of another type.
 */
#include "verifier/kfunc.h"

enum arg_class {
	KA_BAD, /* refused; already logged */
	KA_CTX, KA_NULL, KA_ALLOC, KA_REFCOUNTED, KA_DYNPTR, KA_ITER, KA_LIST_HEAD, KA_LIST_NODE, KA_RB_ROOT, KA_RB_NODE, KA_STR,
	KA_MAP, KA_WQ, KA_TASK_WORK, KA_IRQ_FLAG, KA_RES_LOCK, KA_BTF, KA_CALLBACK, KA_MEM, KA_MEM_SIZE,
};

/* One parameter of the call. */
struct param {
	u32 index, regno, nparams;
	const struct btf_param *p;
	const struct btf_type *type; /* behind modifiers */
	u32 type_id, ref_id;         /* pointers: of what they point to, behind modifiers */
	const char *ref_name;
};

static bool has_suffix(const struct btf *b, const struct btf_param *p, const char *suffix)
{
	const char *name = btf_str(b, p->name_off);
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && !strcmp(name + n - k, suffix);
}

static bool is_scalar_type(const struct btf_type *t)
{
	u32 k = btf_kind_of(t);

	return k == BTF_KIND_INT || k == BTF_KIND_ENUM || k == BTF_KIND_ENUM64;
}

static bool is_struct_type(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_STRUCT || btf_kind_of(t) == BTF_KIND_UNION;
}

bool btf_scalar_struct(struct vf_env *e, const struct btf *b, u32 id, u32 depth)
{
	const struct btf_type *t = btf_type(b, id), *m;

	if (!is_struct_type(t))
		return false;
	for (u32 i = 0; i < btf_vlen_of(t); i++) {
		u32 mid = btf_skip_mods(b, btf_members_of(t)[i].type);

		m = btf_type(b, mid);
		if (is_struct_type(m)) {
			if (depth >= 3) {
				vf_log(e, "max struct nesting depth exceeded\n");
				return false;
			}
			if (!btf_scalar_struct(e, b, mid, depth + 1))
				return false;
			continue;
		}
		if (btf_kind_of(m) == BTF_KIND_ARRAY) {
			if (!btf_array_of(m)->nelems)
				return false;
			m = btf_type(b, btf_skip_mods(b, btf_array_of(m)->type));
		}
		if (!is_scalar_type(m))
			return false;
	}
	return true;
}

/* BTF behind a register of a type that stands for a kernel object; false: it does not. */
static bool reg_btf_type(struct vf_env *e, const struct reg *r, const struct btf **ret_btf, u32 *ret_id)
{
	static const char *const kernel_name[T_COUNT] = {
		[T_SOCKET] = "sock", [T_SOCK_COMMON] = "sock_common", [T_TCP_SOCK] = "tcp_sock", [T_MAP] = "bpf_map",
	};
	const char *name = kernel_name[T_BASE(r->type)];
	s32 id;

	if (T_BASE(r->type) == T_BTF) {
		*ret_btf = r->btf;
		*ret_id = r->btf_id;
		return true;
	}
	if (!name || !e->in->kernel_btf)
		return false;
	id = btf_find(e->in->kernel_btf, name, BTF_KIND_STRUCT);
	*ret_btf = e->in->kernel_btf;
	*ret_id = id > 0 ? (u32)id : 0;
	return true;
}

/* ---- classification ---- */

/* Rows by suffix of the name or by struct pointed to; the order decides. */
static const struct { u8 cls; const char *suffix, *type; } named[] = {
	{ KA_ALLOC,      "__alloc", NULL },
	{ KA_REFCOUNTED, "__refcounted_kptr", NULL },
	{ KA_DYNPTR,     NULL, "bpf_dynptr" },
	{ KA_ITER,       "__iter", NULL },
	{ KA_LIST_HEAD,  NULL, "bpf_list_head" },
	{ KA_LIST_NODE,  NULL, "bpf_list_node" },
	{ KA_RB_ROOT,    NULL, "bpf_rb_root" },
	{ KA_RB_NODE,    NULL, "bpf_rb_node" },
	{ KA_STR,        "__str", NULL },
	{ KA_MAP,        "__map", NULL },
	{ KA_WQ,         NULL, "bpf_wq" },
	{ KA_TASK_WORK,  NULL, "bpf_task_work" },
	{ KA_IRQ_FLAG,   "__irq_flag", NULL },
	{ KA_RES_LOCK,   NULL, "bpf_res_spin_lock" },
};

static enum arg_class class_by_name(const struct kf_call *c, const struct param *p)
{
	const struct btf *b = c->kf->btf;
	bool is_struct = p->ref_id && btf_kind_of(btf_type(b, p->ref_id)) == BTF_KIND_STRUCT;

	for (u32 i = 0; i < ARRAY_SIZE(named); i++) {
		if (named[i].cls == KA_ITER && kf_is(c, KF_ITER_NEW | KF_ITER_NEXT | KF_ITER_DESTROY)) {
			if (!p->index)
				return KA_ITER;
			continue;
		}
		if (named[i].suffix ? has_suffix(b, p->p, named[i].suffix) : is_struct && !strcmp(p->ref_name, named[i].type))
			return (enum arg_class)named[i].cls;
	}
	return KA_BAD;
}

/* Is the next parameter this one's size? */
static bool sized_by_next(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	const struct btf *b = c->kf->btf;
	const struct btf_param *next = p->p + 1;

	if (p->index + 1 >= p->nparams || cur_regs(e)[p->regno + 1].type != T_SCALAR)
		return false;
	return is_scalar_type(btf_type(b, btf_skip_mods(b, next->type))) &&
	       (has_suffix(b, next, "__sz") || has_suffix(b, next, "__szk"));
}

static enum arg_class class_of(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	const struct btf *b = c->kf->btf, *unused_btf;
	const struct reg *r = &cur_regs(e)[p->regno];
	const struct btf_type *ref = btf_type(b, p->ref_id);
	enum arg_class cls;
	u32 unused_id;
	bool sized;

	if (c->kf->special == KFS_cast_to_kern_ctx || btf_is_ctx_ptr(e, b, p->type_id))
		return KA_CTX;
	if (has_suffix(b, p->p, "__nullable") && reg_is_zero(r))
		return KA_NULL;
	cls = class_by_name(c, p);
	if (cls != KA_BAD)
		return cls;
	if (reg_btf_type(e, r, &unused_btf, &unused_id)) {
		if (is_struct_type(ref))
			return KA_BTF;
		reject(e, REJ_KF_PTR_TYPE, c->kf->name, p->index, btf_kind_word(b, p->ref_id), p->ref_name);
		return KA_BAD;
	}
	if (btf_kind_of(ref) == BTF_KIND_FUNC_PROTO)
		return KA_CALLBACK;
	sized = sized_by_next(e, c, p);
	if (!is_scalar_type(ref) && !(p->ref_id && btf_scalar_struct(e, b, p->ref_id, 0)) && !(sized && !p->ref_id)) {
		reject(e, REJ_KF_PTR_TO, p->index, btf_kind_word(b, p->ref_id), p->ref_name, sized ? "void, " : "");
		return KA_BAD;
	}
	return sized ? KA_MEM_SIZE : KA_MEM;
}

/* ---- scalars ---- */

static int scalar_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct btf *b = c->kf->btf;
	const char *name = btf_str(b, p->p->name_off);
	const struct reg *r = &cur_regs(e)[p->regno];
	bool rdonly = !strcmp(name, "rdonly_buf_size");

	if (r->type != T_SCALAR)
		return reject(e, REJ_KF_NOT_SCALAR, p->regno);
	if (has_suffix(b, p->p, "__k")) {
		if (c->const_set)
			return vf_bug(e, "only one constant argument permitted");
		if (!tnum_is_const(r->var))
			return reject(e, REJ_KF_NOT_CONSTANT, p->regno);
		c->const_set = true;
		c->const_value = r->var.value;
		return mark_precise(e, p->regno);
	}
	if (!rdonly && strcmp(name, "rdwr_buf_size"))
		return 0;
	c->r0_rdonly |= rdonly;
	if (c->r0_size)
		return reject(e, REJ_KF_TWO_SIZES);
	if (!tnum_is_const(r->var))
		return reject(e, REJ_KF_NOT_CONST, p->regno);
	if (r->var.value > U32_MAX)
		return reject(e, REJ_KF_SIZE_RANGE, p->regno);
	c->r0_size = r->var.value;
	return mark_precise(e, p->regno);
}

/* ---- pointers, by class ---- */

static int map_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	const struct btf_record *rec;

	if (T_BASE(r->type) == T_BTF)
		return 0; /* a map found by its type, e.g. by an iterator */
	if (T_BASE(r->type) != T_MAP || !r->map)
		return reject(e, REJ_KF_NOT_MAP, p->regno);
	rec = r->map->record;
	/* The map whose value holds the work queue: inner maps of one outer map are told apart by uid. */
	if (c->map && rec && (rec->mask & (FIELD_WORKQUEUE | FIELD_TASK_WORK)) && (c->map != r->map || c->map_uid != r->map_uid))
		return reject(e, rec->task_work_off >= 0 ? REJ_KF_TASK_WORK_MAP : REJ_KF_WQ_MAP, c->map_uid, r->map_uid);
	c->map = r->map;
	c->map_uid = r->map_uid;
	return 0;
}

static int trusted_enough(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];

	if (!kf_is(c, KF_TRUSTED_ARGS | KF_RELEASE | KF_RCU) || reg_is_trusted(r))
		return 0;
	if (!kf_is(c, KF_RCU))
		return reject(e, REJ_KF_NOT_TRUSTED, p->regno);
	return r->type & TF_RCU ? 0 : reject(e, REJ_KF_NOT_RCU, p->regno);
}

static int ctx_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];

	if (r->type != T_CTX)
		return reject(e, REJ_KF_NOT_CTX, p->index, reg_type_name(e, r->type));
	if (c->kf->special != KFS_cast_to_kern_ctx)
		return 0;
	c->ret_id = btf_kernel_ctx(e);
	return c->ret_id ? 0 : -EINVAL;
}

static int alloc_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	bool percpu = r->type == (T_BTF | TF_ALLOC | TF_PERCPU);

	if (r->type != (T_BTF | TF_ALLOC) && !percpu)
		return reject(e, REJ_KF_ARG_OBJECT, p->index);
	if (c->kf->special != (percpu ? KFS_percpu_obj_drop_impl : KFS_obj_drop_impl))
		return reject(e, REJ_KF_ARG_DROP, p->index, percpu ? "percpu_obj_drop_impl" : "obj_drop_impl");
	if (!r->ref_id)
		return reject(e, REJ_KF_NOT_REFERENCED);
	c->arg_btf = r->btf;
	c->arg_id = r->btf_id;
	return 0;
}

static int refcounted_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	const struct btf_record *rec;

	if (!is_alloc_obj(r->type))
		return reject(e, REJ_KF_NOT_OWNING, p->index);
	c->owning_ref = !(r->type & TF_NON_OWN) && r->ref_id;
	rec = reg_record(e, r);
	if (!rec || rec->refcount_off < 0)
		return reject(e, REJ_KF_NO_REFCOUNT, p->index);
	c->arg_btf = r->btf;
	c->arg_id = r->btf_id;
	return 0;
}

static int dynptr_arg(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	static const u32 made[KFS_COUNT] = {
		[KFS_dynptr_from_skb] = AF_DYN_SKB,
		[KFS_dynptr_from_xdp] = AF_DYN_XDP,
		[KFS_dynptr_from_skb_meta] = AF_DYN_SKB_META,
	};
	static const u32 cloned[] = {
		[DYN_LOCAL] = AF_DYN_LOCAL, [DYN_RINGBUF] = AF_DYN_RINGBUF, [DYN_SKB] = AF_DYN_SKB, [DYN_XDP] = AF_DYN_XDP,
		[DYN_SKB_META] = AF_DYN_SKB_META, [DYN_FILE] = AF_DYN_FILE,
	};
	const struct reg *r = &cur_regs(e)[p->regno];
	u32 flags = made[c->kf->special], clone_ref = 0;
	int err;

	if (r->type == T_DYNPTR)
		flags |= AF_RDONLY;
	if (has_suffix(c->kf->btf, p->p, "__uninit"))
		flags |= AF_UNINIT;
	if (c->kf->special == KFS_dynptr_clone && (flags & AF_UNINIT)) {
		if (c->dyn.kind == DYN_NONE)
			return vf_bug(e, "no dynptr type for parent of clone");
		flags |= cloned[c->dyn.kind];
		clone_ref = c->dyn.ref_id;
	}
	err = dynptr_process(e, p->regno, c->insn, flags, clone_ref);
	if (!err && !(flags & AF_UNINIT)) {
		const struct reg *rec = dynptr_record(e, p->regno);

		c->dyn.id = rec->id;
		c->dyn.kind = rec->dyn_kind;
		c->dyn.ref_id = rec->ref_id;
	}
	return err;
}

static int css_task_iter_ok(struct vf_env *e)
{
	bool ok = e->in->prog_type == BPF_PROG_TYPE_LSM || in_sleepable(e) ||
		  (e->in->prog_type == BPF_PROG_TYPE_TRACING && e->in->attach_type == BPF_TRACE_ITER);

	return ok ? 0 : reject(e, REJ_KF_CSS_ITER);
}

/* Two struct names that differ by the suffix that forbids casting: nf_conn and nf_conn___init. */
static bool nocast_alias(const char *a, const char *b)
{
	size_t n = strlen(a), k = strlen(b), short_len = MIN(n, k);
	const char *longer = n > k ? a : b;

	return n != k && MAX(n, k) == short_len + 7 && !strncmp(a, b, short_len) && !strcmp(longer + short_len, "___init");
}

static int btf_arg(struct vf_env *e, struct kf_call *c, const struct param *p, u32 want_id, const char *want_name)
{
	const u32 trusted = TF_TRUSTED | TF_ALLOC | TF_NON_OWN;
	const struct reg *r = &cur_regs(e)[p->regno];
	const struct btf *b;
	const char *name;
	bool strict, same, unsafe = (T_FLAGS(r->type) & ~trusted) && !(r->type & TF_RCU);
	u32 id = 0;

	if (!reg_btf_type(e, r, &b, &id) || (T_BASE(r->type) == T_BTF && unsafe)) {
		vf_log(e, "arg#%d is %s ", (int)p->index, reg_type_name(e, r->type));
		return reject(e, REJ_KF_EXPECTED, reg_type_name(e, T_BASE(r->type) | (T_FLAGS(r->type) & trusted)));
	}
	id = btf_skip_mods(b, id);
	name = btf_type_name(b, id);
	strict = (kf_is(c, KF_RELEASE) && r->ref_id) || nocast_alias(name, want_name);
	same = btf_struct_ids_match(b, id, (u32)r->off, c->kf->btf, want_id, strict);
	if (!same && !btf_is_projection(want_name, name))
		return reject(e, REJ_KF_OTHER_TYPE, c->kf->name, p->index, btf_kind_word(c->kf->btf, want_id), want_name,
			      p->regno, btf_kind_word(b, id), name);
	return 0;
}

/* ---- memory ---- */

/* Memory that may be NULL is checked as if it were not; the call takes NULL. */
static int mem_both_ways(struct vf_env *e, u32 regno, u32 size_regno, u32 size)
{
	struct reg *r = &cur_regs(e)[regno], saved = *r;
	int err = 0;

	if (saved.type & TF_NULL)
		mark_ptr_not_null(r);
	for (int rw = MEM_READ; !err && rw <= MEM_WRITE; rw++)
		err = size_regno ? mem_size_arg(e, size_regno, rw, true, false) :
				   mem_helper_access(e, regno, size, rw, true, false);
	if (saved.type & TF_NULL)
		cur_regs(e)[regno] = saved;
	return err;
}

int mem_fixed_arg(struct vf_env *e, u32 regno, u32 size)
{
	return reg_is_zero(&cur_regs(e)[regno]) ? 0 : mem_both_ways(e, regno, 0, size);
}

static int mem_arg(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	s64 size = btf_size_of(c->kf->btf, p->ref_id);

	if (size < 0)
		return reject(e, REJ_ARG_SIZE_UNKNOWN, p->index, btf_kind_word(c->kf->btf, p->ref_id), p->ref_name, (long)size);
	return mem_fixed_arg(e, p->regno, (u32)size);
}

static int mem_size_pair(struct vf_env *e, struct kf_call *c, const struct param *p)
{
	const struct btf *b = c->kf->btf;
	const struct reg *size = &cur_regs(e)[p->regno + 1];
	int err;

	if (!reg_is_zero(&cur_regs(e)[p->regno]) || !has_suffix(b, p->p, "__opt")) {
		err = mem_both_ways(e, p->regno, p->regno + 1, 0);
		if (err) {
			vf_log(e, "arg#%d arg#%d memory, len pair leads to invalid memory access\n", (int)p->index,
			       (int)p->index + 1);
			return err;
		}
	}
	if (!has_suffix(b, p->p + 1, "__szk"))
		return 0;
	if (c->const_set)
		return vf_bug(e, "only one constant argument permitted");
	if (!tnum_is_const(size->var))
		return reject(e, REJ_KF_NOT_CONSTANT, p->regno + 1);
	c->const_set = true;
	c->const_value = size->var.value;
	return 0;
}

/* ---- dispatch ---- */

static int field_arg(struct vf_env *e, struct kf_call *c, const struct param *p, enum btf_field_kind kind)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	int err;

	if (r->type != T_MAP_VALUE)
		return reject(e, REJ_KF_NOT_MAP_VALUE, p->index);
	err = map_field_arg(e, p->regno, kind);
	if (!err && c->map)
		return vf_bug(e, "two map pointers in a kfunc call");
	c->map = r->map;
	c->map_uid = r->map_uid;
	return err;
}

static int lock_arg(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	bool lock = c->kf->special == KFS_res_spin_lock || c->kf->special == KFS_res_spin_lock_irqsave;
	bool irq = c->kf->special == KFS_res_spin_lock_irqsave || c->kf->special == KFS_res_spin_unlock_irqrestore;

	if (r->type != T_MAP_VALUE && r->type != (T_BTF | TF_ALLOC))
		return reject(e, REJ_KF_LOCK_WHERE, p->index);
	return lock_process(e, p->regno, lock, true, irq);
}

static int irq_arg(struct vf_env *e, const struct kf_call *c, const struct param *p)
{
	bool save = c->kf->special == KFS_local_irq_save || c->kf->special == KFS_res_spin_lock_irqsave;
	bool native = c->kf->special == KFS_local_irq_save || c->kf->special == KFS_local_irq_restore;

	if (cur_regs(e)[p->regno].type != T_STACK)
		return reject(e, REJ_KF_IRQ_WHERE, p->index);
	return irq_flag_arg(e, p->regno, c->insn, native ? IRQ_NATIVE : IRQ_LOCK, save);
}

static int arg_by_class(struct vf_env *e, struct kf_call *c, const struct param *p, enum arg_class cls)
{
	const struct reg *r = &cur_regs(e)[p->regno];
	s32 map_id;
	int err;

	switch (cls) {
	case KA_CTX:        return ctx_arg(e, c, p);
	case KA_ALLOC:      return alloc_arg(e, c, p);
	case KA_REFCOUNTED: return refcounted_arg(e, c, p);
	case KA_DYNPTR:     return dynptr_arg(e, c, p);
	case KA_LIST_HEAD:  return graph_root_arg(e, p->regno, c, FIELD_LIST_HEAD);
	case KA_RB_ROOT:    return graph_root_arg(e, p->regno, c, FIELD_RB_ROOT);
	case KA_LIST_NODE:  return graph_node_arg(e, p->regno, c, FIELD_LIST_NODE);
	case KA_RB_NODE:    return graph_node_arg(e, p->regno, c, FIELD_RB_NODE);
	case KA_BTF:        return btf_arg(e, c, p, p->ref_id, p->ref_name);
	case KA_MEM:        return mem_arg(e, c, p);
	case KA_MEM_SIZE:   return mem_size_pair(e, c, p);
	case KA_WQ:         return field_arg(e, c, p, FIELD_WORKQUEUE);
	case KA_TASK_WORK:  return field_arg(e, c, p, FIELD_TASK_WORK);
	case KA_IRQ_FLAG:   return irq_arg(e, c, p);
	case KA_RES_LOCK:   return lock_arg(e, c, p);
	case KA_ITER:
		err = c->kf->special == KFS_iter_css_task_new ? css_task_iter_ok(e) : 0;
		return err ? err : iter_arg(e, p->regno, c);
	case KA_MAP:
		map_id = btf_find(c->kf->btf, "bpf_map", BTF_KIND_STRUCT);
		return btf_arg(e, c, p, map_id > 0 ? (u32)map_id : 0, "bpf_map");
	case KA_CALLBACK:
		if (r->type != T_FUNC)
			return reject(e, REJ_KF_NOT_FUNC, p->index);
		c->subprog = r->subprog;
		return 0;
	case KA_STR:
		return r->type == T_MAP_VALUE ? map_const_str(e, p->regno) : reject(e, REJ_KF_NOT_STR, p->index);
	case KA_NULL:
		return 0;
	case KA_BAD:
		break;
	}
	return vf_bug(e, "unknown kfunc argument class %d", cls);
}

static int check_offset(struct vf_env *e, const struct reg *r, u32 regno, const struct arg_spec *how)
{
	struct reg anything = { .type = T_NONE };

	if (r->type != T_NONE)
		return func_arg_off(e, r, regno, how);
	/* Nothing was ever written there: as good as any offset. */
	anything.var = TNUM_UNKNOWN;
	return ptr_offset_fixed(e, &anything, regno, false);
}

static int pointer_arg(struct vf_env *e, struct kf_call *c, struct param *p, enum arg_class *ret_cls)
{
	const struct btf *b = c->kf->btf;
	const struct reg *r = &cur_regs(e)[p->regno];
	struct arg_spec how = { .kind = ARG_NONE };
	enum arg_class cls;
	int err = 0;

	if (btf_kind_of(p->type) != BTF_KIND_PTR)
		return reject(e, REJ_KF_ARG_KIND, p->index, btf_kind_word(b, p->type_id));
	if (kf_is(c, KF_TRUSTED_ARGS | KF_RELEASE | KF_RCU) && (reg_is_zero(r) || (r->type & TF_NULL)) &&
	    !has_suffix(b, p->p, "__nullable"))
		return reject(e, REJ_KF_MAYBE_NULL, p->index);
	/* Passing zero is what made this call legal: paths with other values must not be pruned by it. */
	if (reg_is_zero(r)) {
		err = mark_precise(e, p->regno);
		if (err)
			return err;
	}
	if (r->ref_id) {
		if (kf_is(c, KF_RELEASE) && c->ref_id)
			return vf_bug(e, "more than one arg with a reference, R%d %u %u", p->regno, r->ref_id, c->ref_id);
		c->ref_id = r->ref_id;
		if (kf_is(c, KF_RELEASE)) {
			c->release_regno = p->regno;
			how.flags |= AF_RELEASE;
		}
	}
	p->ref_id = btf_skip_mods(b, p->type->type);
	p->ref_name = btf_type_name(b, p->ref_id);
	cls = *ret_cls = class_of(e, c, p);
	if (cls == KA_BAD)
		return -EINVAL;
	if (cls == KA_NULL)
		return 0;
	if (cls == KA_MAP)
		err = map_arg(e, c, p);
	if (!err && (cls == KA_MAP || cls == KA_ALLOC || cls == KA_BTF))
		err = trusted_enough(e, c, p);
	err = err ? err : check_offset(e, r, p->regno, &how);
	return err ? err : arg_by_class(e, c, p, cls);
}

int kfunc_args(struct vf_env *e, struct kf_call *c)
{
	const struct btf *b = c->kf->btf;
	struct param p = { .nparams = btf_vlen_of(c->kf->type) };
	enum arg_class cls;
	int err;

	if (p.nparams > 5)
		return reject(e, REJ_KF_TOO_MANY_ARGS, c->kf->name, p.nparams, 5);
	for (; p.index < p.nparams; p.index++) {
		p.p = &btf_params_of(c->kf->type)[p.index];
		p.regno = p.index + 1;
		p.type_id = btf_skip_mods(b, p.p->type);
		p.type = btf_type(b, p.type_id);
		cls = KA_BAD;
		if (has_suffix(b, p.p, "__ign"))
			continue;
		if (has_suffix(b, p.p, "__prog")) {
			if (c->arg_prog)
				return vf_bug(e, "only one program argument per kfunc");
			c->arg_prog = true;
			continue;
		}
		err = is_scalar_type(p.type) ? scalar_arg(e, c, &p) : pointer_arg(e, c, &p, &cls);
		if (err < 0)
			return err;
		/* The size went with its memory. */
		if (cls == KA_MEM_SIZE)
			p.index++;
	}
	if (kf_is(c, KF_RELEASE) && !c->release_regno)
		return reject(e, REJ_KF_RELEASE_NONE, c->kf->name);
	return 0;
}
