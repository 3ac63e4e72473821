/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists and trees of objects the program allocated: who owns a node, and under which lock.
 *
 * A program owns what it allocated or took out. Putting a node in gives ownership to the list or tree; the program keeps a
 * non-owning pointer, good until the lock is released.
 * Invariant: a root is touched only while the lock beside it (same map value, same object) is held; a node goes only into roots
 * made for its type and for that member of it.
 */
#include "verifier/kfunc.h"

static bool lock_beside(const struct vstate *s, const struct reg *r)
{
	const void *obj = T_BASE(r->type) == T_MAP_VALUE ? (const void *)r->map : (const void *)r->btf;

	for (u32 i = 0; i < s->nrefs; i++) {
		u8 kind = s->refs[i].kind;

		if ((kind == REF_LOCK || kind == REF_RES_LOCK || kind == REF_RES_LOCK_IRQ) && s->refs[i].id == r->id &&
		    s->refs[i].obj == obj)
			return true;
	}
	return false;
}

static bool is_owned_object(const struct reg *r)
{
	return r->type == (T_BTF | TF_ALLOC);
}

int graph_root_arg(struct vf_env *e, u32 regno, struct kf_call *c, u32 kind)
{
	const struct reg *r = &cur_regs(e)[regno];
	const char *name = field_kind_name(kind);
	const struct btf_record *rec;
	const struct btf_field *f;
	u32 off;

	if (r->type != T_MAP_VALUE && !is_owned_object(r))
		return reject(e, REJ_KF_ARG_ROOT, regno - 1);
	if (is_owned_object(r) && !r->ref_id)
		return reject(e, REJ_KF_NOT_REFERENCED);
	if (!(c->kf->traits & (kind == FIELD_LIST_HEAD ? KX_LIST : KX_RBTREE)))
		return vf_bug(e, "%s head arg for unknown kfunc", name);
	if (!tnum_is_const(r->var))
		return reject(e, REJ_FIELD_NOT_CONST, regno, name);
	rec = reg_record(e, r);
	off = (u32)r->off + (u32)r->var.value;
	f = rec ? btf_record_at(rec, off, kind) : NULL;
	if (!f)
		return reject(e, REJ_KF_NOT_AT, name, off);
	if (!lock_beside(e->cur, r)) {
		if (e->cur->active_locks)
			vf_log(e, "held lock and object are not in the same allocation\n");
		return reject(e, REJ_KF_LOCK_NOT_HELD, rec->spin_lock_off, name);
	}
	if (c->root)
		return vf_bug(e, "repeating %s arg", name);
	c->root = f;
	return 0;
}

static int check_node_owner(struct vf_env *e, const struct reg *r, u32 regno, const struct kf_call *c, u32 kind)
{
	if (kind == FIELD_LIST_NODE || (c->kf->traits & KX_INSERT)) {
		if (!is_owned_object(r))
			return reject(e, REJ_KF_ARG_OBJECT, regno - 1);
		return r->ref_id ? 0 : reject(e, REJ_KF_NOT_REFERENCED);
	}
	if (!is_non_owning(r->type) && !r->ref_id)
		return reject(e, REJ_KF_NODE_OWNED, c->kf->name);
	return in_rbtree_less(e) ? reject(e, REJ_KF_IN_LESS, c->kf->name) : 0;
}

int graph_node_arg(struct vf_env *e, u32 regno, struct kf_call *c, u32 kind)
{
	const struct reg *r = &cur_regs(e)[regno];
	const char *name = field_kind_name(kind), *root_name;
	const struct btf_field *root = c->root;
	const struct btf_record *rec;
	u32 off;
	int err = check_node_owner(e, r, regno, c, kind);

	if (err)
		return err;
	if (!root)
		return vf_bug(e, "%s arg without its root", name);
	root_name = field_kind_name(root->kind);
	if (!tnum_is_const(r->var))
		return reject(e, REJ_FIELD_NOT_CONST, regno, name);
	off = (u32)r->off + (u32)r->var.value;
	rec = reg_record(e, r);
	if (!rec || !btf_record_at(rec, off, kind))
		return reject(e, REJ_KF_NOT_AT, name, off);
	if (!btf_struct_ids_match(r->btf, r->btf_id, 0, root->target_btf, root->target_id, true))
		return reject(e, REJ_KF_NODE_TYPE, root_name, name, root->node_off,
			      btf_type_name(root->target_btf, root->target_id), off, btf_type_name(r->btf, r->btf_id));
	c->arg_btf = r->btf;
	c->arg_id = r->btf_id;
	if (off != root->node_off)
		return reject(e, REJ_KF_NODE_OFFSET, off, name, root->node_off,
			      btf_type_name(root->target_btf, root->target_id));
	return 0;
}

void reg_make_node(struct reg *r, const struct btf_field *root)
{
	reg_make_ptr(r, T_BTF | TF_ALLOC);
	r->btf = root->target_btf;
	r->btf_id = root->target_id;
	r->off = (s32)root->node_off;
}

int reg_set_non_owning(struct vf_env *e, struct reg *r)
{
	const struct btf_record *rec = reg_record(e, r);

	if (!e->cur->active_locks || (r->type & TF_NON_OWN))
		return vf_bug(e, "non-owning reference without a lock, or twice");
	r->type |= TF_NON_OWN;
	if (rec && rec->refcount_off >= 0)
		r->type |= TF_RCU;
	return 0;
}

struct give { u32 ref_id; int err; };

static void give_reg(struct vf_env *e, struct reg *r, void *arg)
{
	struct give *g = arg;

	if (r->ref_id != g->ref_id || g->err)
		return;
	r->ref_id = 0;
	g->err = reg_set_non_owning(e, r);
}

int graph_give(struct vf_env *e)
{
	struct reg *node = &cur_regs(e)[2];
	struct give g = { .ref_id = node->ref_id };

	if (!g.ref_id || !ref_find(e->cur, g.ref_id))
		return vf_bug(e, "inserting a node that is not owned");
	state_each_reg(e, e->cur, give_reg, &g);
	return g.err ? g.err : ref_drop(e, g.ref_id);
}

/* ---- the comparison callback of bpf_rbtree_add ---- */

bool in_rbtree_less(struct vf_env *e)
{
	const struct frame *f = cur_frame(e);
	const struct kfunc *kf;

	if (!e->cur->curframe || !f->in_callback || f->callsite >= e->n)
		return false;
	kf = kfunc_at(e, f->callsite);
	return kf && (kf->traits & KX_RBTREE);
}

int rbtree_less_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	const struct reg *root = &caller->regs[1];
	const struct btf_record *rec = reg_record(e, root);
	const struct btf_field *f = rec ? btf_record_at(rec, (u32)root->off, FIELD_RB_ROOT) : NULL;
	int err = 0;

	(void)insn;
	if (!f || !f->target_id)
		return -EFAULT;
	for (u32 i = 1; !err && i <= 2; i++) {
		reg_make_node(&callee->regs[i], f);
		err = reg_set_non_owning(e, &callee->regs[i]);
	}
	for (u32 i = 3; i <= 5; i++)
		reg_mark_none(&callee->regs[i]);
	callee->in_callback = true;
	callee->cb_ret = (struct ret_range){ 0, 1 };
	return err;
}
