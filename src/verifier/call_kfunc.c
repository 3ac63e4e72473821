/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of kernel functions: found once per program, judged at each call.
 *
 * Duty: resolve what an instruction calls (BTF by descriptor, prototype, flags of its row, special rules), and walk a call in Linux's
 * order: conditions, arguments, callbacks, sections (RCU, preemption, interrupts), release, result.
 * Invariant: a function without a row in spec for this program type is never called.
 */
#include "verifier/kfunc.h"

#define MAX_KFUNCS 256
#define NO_KFUNC 0xffff

/* vf_env.kfunc */
struct kfunc_table {
	struct kfunc *f;
	u32 n;
	u16 *at; /* by instruction; NO_KFUNC: none */
};

static const struct { const char *name; u32 traits; } special[KFS_COUNT] = {
#define LIST KX_LIST
#define RBTREE KX_RBTREE
#define INSERT KX_INSERT
#define IN_LOCK KX_IN_LOCK
#define CB_SYNC KX_CB_SYNC
#define CB_ASYNC KX_CB_ASYNC
#define MOVES_PKT KX_MOVES_PKT
#define DEV_BOUND KX_DEV_BOUND
#define ITER_ONLY KX_ITER_ONLY
#define S(name, traits) [KFS_##name] = { "bpf_" #name, traits },
#include "verifier/kfunc_special.def"
};

/* ---- resolution ---- */

static int btf_of_call(struct vf_env *e, s16 off, const struct btf **ret_btf)
{
	int fd, err;

	if (!off) {
		if (!e->in->kernel_btf)
			return reject(e, REJ_KF_NO_BTF);
		*ret_btf = e->in->kernel_btf;
		return 0;
	}
	if (off < 0)
		return reject(e, REJ_KF_OFF_NEGATIVE);
	if (!e->in->fd_at || e->in->fd_at(e->in->cookie, (u32)off, &fd))
		return reject(e, REJ_KF_NO_FD_ARRAY);
	err = e->in->btf_by_fd ? e->in->btf_by_fd(e->in->cookie, fd, ret_btf) : -EBADF;
	if (err)
		return reject(e, REJ_KF_BTF_FD);
	return btf_is_kernel(*ret_btf) ? 0 : reject(e, REJ_KF_BTF_NOT_MODULE);
}

s32 vf_own_kfunc(const struct vf_own *own, const char *name)
{
	for (u32 i = 0; i < own->nkfuncs; i++)
		if (!strcmp(own->kfunc[i].name, name))
			return (s32)i;
	return -1;
}

static const struct kfunc_spec *own_kfunc(const struct vf_own *own, const char *name)
{
	s32 i = vf_own_kfunc(own, name);

	return i < 0 ? NULL : &own->kfunc[i];
}

static int describe(struct vf_env *e, const struct ins *i, struct kfunc *kf)
{
	const struct btf_type *t;
	int err = btf_of_call(e, i->off, &kf->btf);
	bool own;

	if (err)
		return err;
	kf->id = (u32)i->imm;
	kf->off = i->off;
	t = btf_type(kf->btf, kf->id);
	if (!t || btf_kind_of(t) != BTF_KIND_FUNC)
		return reject(e, REJ_KF_NOT_FUNCTION, kf->id);
	kf->name = btf_str(kf->btf, t->name_off);
	kf->proto = t->type;
	kf->type = btf_type(kf->btf, t->type);
	if (!kf->type || btf_kind_of(kf->type) != BTF_KIND_FUNC_PROTO)
		return reject(e, REJ_KF_NO_PROTO, kf->id);
	own = e->in->own && kf->btf == e->in->own->btf;
	kf->spec = own ? own_kfunc(e->in->own, kf->name) : kfunc_by_name(kf->name);
	kf->flags = kf->spec ? kf->spec->flags : 0;
	for (u32 s = 1; s < KFS_COUNT && !own; s++)
		if (!strcmp(special[s].name, kf->name)) {
			kf->special = (u8)s;
			kf->traits = special[s].traits;
		}
	return (kf->traits & KX_DEV_BOUND) && !e->in->dev_bound_ifindex ? reject(e, REJ_KF_DEV_BOUND) : 0;
}

static int resolve(struct vf_env *e, struct kfunc_table *tab, u32 insn)
{
	const struct ins *i = &e->ins[insn];
	int err;

	for (u32 k = 0; k < tab->n; k++)
		if (tab->f[k].id == (u32)i->imm && tab->f[k].off == i->off) {
			tab->at[insn] = (u16)k;
			return 0;
		}
	if (!i->imm && !i->off)
		return 0; /* the loader's mark for a call on a dead path: refused if it is walked */
	if (!e->in->gpl)
		return reject(e, REJ_KF_GPL);
	if (tab->n == MAX_KFUNCS)
		return reject(e, REJ_KF_TOO_MANY);
	err = describe(e, i, &tab->f[tab->n]);
	if (err)
		return err;
	tab->at[insn] = (u16)tab->n++;
	return 0;
}

int kfunc_resolve_all(struct vf_env *e)
{
	struct kfunc_table *tab = NULL;
	int err = 0;

	for (u32 i = 0; !err && i < e->n; i++) {
		if (e->ins[i].op != OP_CALL_KFUNC)
			continue;
		if (!tab) {
			tab = ARENA_NEW(&e->arena, struct kfunc_table);
			tab->f = ARENA_ARRAY(&e->arena, struct kfunc, MAX_KFUNCS);
			tab->at = ARENA_ARRAY(&e->arena, u16, e->n);
			memset(tab->at, 0xff, e->n * sizeof(*tab->at));
			e->kfunc = tab;
		}
		err = resolve(e, tab, i);
	}
	return err;
}

const struct kfunc *kfunc_at(struct vf_env *e, u32 insn)
{
	struct kfunc_table *tab = e->kfunc;

	return tab && tab->at[insn] != NO_KFUNC ? &tab->f[tab->at[insn]] : NULL;
}

static const struct kfunc *kfunc_of(struct vf_env *e, const struct ins *i)
{
	return kfunc_at(e, (u32)(i - e->ins));
}

bool kfunc_is_iter_next(struct vf_env *e, const struct ins *i)
{
	const struct kfunc *kf = kfunc_of(e, i);

	return kf && (kf->flags & KF_ITER_NEXT);
}

bool kfunc_is_callback_calling(struct vf_env *e, const struct ins *i)
{
	const struct kfunc *kf = kfunc_of(e, i);

	return kf && (kf->traits & KX_CB_SYNC);
}

bool kfunc_might_sleep(struct vf_env *e, const struct ins *i)
{
	const struct kfunc *kf = kfunc_of(e, i);

	return kf && (kf->flags & KF_SLEEPABLE);
}

bool kfunc_changes_pkt(struct vf_env *e, const struct ins *i)
{
	const struct kfunc *kf = kfunc_of(e, i);

	return kf && (kf->traits & KX_MOVES_PKT);
}

static bool allowed(struct vf_env *e, const struct kfunc *kf)
{
	if ((kf->traits & KX_ITER_ONLY) && e->in->attach_type != BPF_TRACE_ITER)
		return false;
	return kf->spec && progset_has(kf->spec->progs, e->in->prog_type);
}

s32 kfunc_nargs(struct vf_env *e, const struct ins *i)
{
	const struct kfunc *kf = kfunc_of(e, i);

	return kf && allowed(e, kf) ? (s32)btf_vlen_of(kf->type) : -1;
}

/* ---- callbacks ---- */

/* (map, key, value) of the map whose value is in the caller's register `regno`. */
static int value_callback(struct frame *caller, struct frame *callee, u32 regno, struct ret_range ret)
{
	static const u32 type[] = { T_MAP, T_MAP_KEY, T_MAP_VALUE };
	const struct map_desc *map = caller->regs[regno].map;

	for (u32 i = 1; i <= 3; i++) {
		reg_make_ptr(&callee->regs[i], type[i - 1]);
		callee->regs[i].map = map;
	}
	reg_mark_none(&callee->regs[4]);
	reg_mark_none(&callee->regs[5]);
	callee->in_async_callback = true;
	callee->cb_ret = ret;
	return 0;
}

static int wq_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	(void)e, (void)insn;
	return value_callback(caller, callee, 1, (struct ret_range){ 0, 0 });
}

static int task_work_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	(void)e, (void)insn;
	return value_callback(caller, callee, 3, (struct ret_range){ S32_MIN, S32_MAX });
}

static int callbacks(struct vf_env *e, struct kf_call *c)
{
	bool async = c->kf->traits & KX_CB_ASYNC;
	cb_args_fn args = c->kf->special == KFS_rbtree_add_impl ? rbtree_less_args :
			  c->kf->special == KFS_wq_set_callback_impl ? wq_args : task_work_args;
	int err;

	if (!(c->kf->traits & (KX_CB_SYNC | KX_CB_ASYNC)))
		return 0;
	/* What runs later runs in a task of its own, which may sleep. */
	err = push_callback(e, c->ins, c->insn, c->subprog, args, async, async);
	if (err)
		vf_log(e, "kfunc %s#%d failed callback verification\n", c->kf->name, (int)c->kf->id);
	return err;
}

/* ---- sections ---- */

static void end_rcu_reg(struct vf_env *e, struct reg *r, void *arg)
{
	(void)e, (void)arg;
	if (r->type & TF_RCU)
		r->type = (r->type & ~(u32)(TF_RCU | TF_NULL)) | TF_UNTRUSTED;
}

static void end_rcu(struct vf_env *e)
{
	struct vstate *s = e->cur;

	state_each_reg(e, s, end_rcu_reg, NULL);
	/* Iterators that needed the section cannot go on. */
	for (u32 i = 0; i <= s->curframe; i++)
		for (u32 k = 0; k < s->frame[i]->nslots; k++)
			if (s->frame[i]->stack[k].type[SLOT_SIZE - 1] == SLOT_ITER)
				end_rcu_reg(e, &s->frame[i]->stack[k].reg, NULL);
}

static int rcu_section(struct vf_env *e, const struct kf_call *c)
{
	bool lock = c->kf->special == KFS_rcu_read_lock, unlock = c->kf->special == KFS_rcu_read_unlock;
	struct vstate *s = e->cur;

	if (!s->active_rcu) {
		s->active_rcu = lock;
		return unlock ? reject(e, REJ_RCU_UNMATCHED, c->kf->name) : 0;
	}
	if (in_rbtree_less(e) && (lock || unlock))
		return reject(e, REJ_RCU_IN_LESS);
	if (lock)
		return reject(e, REJ_RCU_NESTED, c->kf->name);
	if (unlock) {
		end_rcu(e);
		s->active_rcu = 0;
	} else if (kf_is(c, KF_SLEEPABLE)) {
		return reject(e, REJ_KF_SLEEP_IN, c->kf->name, "rcu_read_lock");
	}
	return 0;
}

static int sections(struct vf_env *e, const struct kf_call *c)
{
	struct vstate *s = e->cur;
	int err = rcu_section(e, c);

	if (err)
		return err;
	if (c->kf->special == KFS_preempt_disable) {
		s->active_preempt++;
	} else if (c->kf->special == KFS_preempt_enable) {
		if (!s->active_preempt)
			return reject(e, REJ_PREEMPT_UNMATCHED, c->kf->name);
		s->active_preempt--;
	} else if (s->active_preempt && kf_is(c, KF_SLEEPABLE)) {
		return reject(e, REJ_KF_SLEEP_IN, c->kf->name, "non-preemptible");
	}
	if (s->active_irq_id && kf_is(c, KF_SLEEPABLE))
		return reject(e, REJ_KF_SLEEP_IN, c->kf->name, "IRQ-disabled");
	if (kf_is(c, KF_RCU_PROTECTED) && !in_rcu(e))
		return reject(e, REJ_KF_NEEDS_RCU, c->kf->name);
	return 0;
}

/* ---- the call ---- */

/* Taking a resilient lock can fail: that path holds nothing and has an error in R0. */
static int push_lock_failure(struct vf_env *e, const struct kf_call *c)
{
	struct vstate *s = push_branch(e, c->insn + 1, c->insn, false);
	struct reg *r;

	if (!s) {
		vf_log(e, "failed to push state for failed lock acquisition\n");
		return -E2BIG;
	}
	clear_caller_saved(e, s->frame[s->curframe]->regs);
	r = &s->frame[s->curframe]->regs[0];
	reg_mark_unknown(e, r);
	r->smin = r->s32_min = -4095;
	r->smax = r->s32_max = -1;
	reg_sync(r);
	return 0;
}

static int conditions(struct vf_env *e, const struct kf_call *c)
{
	const struct kfunc *kf = c->kf;

	if (!allowed(e, kf))
		return reject(e, REJ_KF_NOT_ALLOWED, kf->name);
	if (kf->special == KFS_res_spin_lock || kf->special == KFS_res_spin_lock_irqsave) {
		int err = push_lock_failure(e, c);

		if (err)
			return err;
	} else if (!strcmp(kf->name, "__bpf_trap")) {
		return reject(e, REJ_KF_TRAP);
	}
	if ((kf->flags & KF_DESTRUCTIVE) && !caps_grant(e->in->caps, CAPB_SYS_ADMIN))
		return reject(e, REJ_KF_DESTRUCTIVE);
	if ((kf->flags & KF_SLEEPABLE) && !in_sleepable(e))
		return reject(e, REJ_KF_NEEDS_SLEEPABLE, kf->name);
	return 0;
}

static int give_up(struct vf_env *e, struct kf_call *c)
{
	int err = 0;

	if (c->release_regno)
		err = ref_release(e, cur_regs(e)[c->release_regno].ref_id);
	else if (c->kf->traits & KX_INSERT)
		return graph_give(e);
	return err ? reject(e, REJ_KF_NOT_ACQUIRED, c->kf->name, c->kf->id) : 0;
}

/* The caller ends the path; what it may leave behind is checked here. */
static int throw_exception(struct vf_env *e)
{
	int err = e->exception_cb < 0 ? check_return_code(e, 1) : 0;

	if (!err)
		err = check_resource_leak(e, true, true, "bpf_throw");
	return err ? err : STEP_DONE;
}

int step_call_kfunc(struct vf_env *e, const struct ins *i, u32 *insn)
{
	struct kf_call c = { .ins = i, .insn = e->insn };
	int err;

	(void)insn;
	c.kf = kfunc_of(e, i);
	if (e->cur->active_locks && (!c.kf || i->off || !(c.kf->traits & KX_IN_LOCK)))
		return reject(e, REJ_KF_IN_LOCK);
	if (!c.kf)
		return i->imm ? vf_bug(e, "unresolved kfunc") : 0;
	e->fact[c.insn].kfunc_btf = c.kf->btf;
	e->fact[c.insn].kfunc_id = c.kf->id;
	scratch_reg(e, 0);
	err = conditions(e, &c);
	err = err ? err : kfunc_args(e, &c);
	err = err ? err : callbacks(e, &c);
	if (c.kf->special == KFS_session_cookie)
		c.r0_size = 8;
	err = err ? err : sections(e, &c);
	err = err ? err : give_up(e, &c);
	if (err)
		return err;
	if (c.kf->special == KFS_throw)
		return throw_exception(e);
	clear_caller_saved(e, cur_regs(e));
	err = kfunc_result(e, &c);
	if (!err && (c.kf->traits & KX_MOVES_PKT))
		clear_pkt_pointers(e);
	return err || !kf_is(&c, KF_ITER_NEXT) ? err : iter_next(e, &c);
}
