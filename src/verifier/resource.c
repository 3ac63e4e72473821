/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program holds and must give back: references, locks, and sections (RCU, preemption, interrupts).
 *
 * Invariant: vstate.refs lists everything held on this path, in order of acquisition; nothing points to a released object; a
 * program ends with nothing held.
 */
#include "verifier/mem.h"

bool in_sleepable(const struct vf_env *e) { return e->sleepable_prog || (e->cur && e->cur->in_sleepable); }
bool in_rcu(const struct vf_env *e) { return e->cur->active_rcu || e->cur->active_locks || !in_sleepable(e); }

/* ---- references ---- */

static struct ref *ref_add(struct vf_env *e)
{
	struct vstate *s = e->cur;

	ARENA_GROW(&e->arena, s->refs, s->nrefs, s->refcap);
	memset(&s->refs[s->nrefs], 0, sizeof(*s->refs));
	return &s->refs[s->nrefs++];
}

static void ref_remove(struct vstate *s, u32 at)
{
	memmove(&s->refs[at], &s->refs[at + 1], (s->nrefs - at - 1) * sizeof(*s->refs));
	s->nrefs--;
}

int ref_acquire(struct vf_env *e, u32 insn, u32 *ret_id)
{
	struct ref *r = ref_add(e);

	r->kind = REF_PTR;
	r->id = new_id(e);
	r->insn = insn;
	*ret_id = r->id;
	return 0;
}

bool ref_find(const struct vstate *s, u32 id)
{
	for (u32 i = 0; i < s->nrefs; i++)
		if (s->refs[i].kind == REF_PTR && s->refs[i].id == id)
			return true;
	return false;
}

void reg_invalidate(struct vf_env *e, struct reg *r)
{
	/* Who may see pointers keeps the number it was; others lose the register. */
	if (e->allow_ptr_leaks)
		reg_mark_unknown(e, r);
	else
		reg_mark_none(r);
}

int ref_drop(struct vf_env *e, u32 ref_id)
{
	struct vstate *s = e->cur;

	for (u32 i = 0; i < s->nrefs; i++) {
		if (s->refs[i].kind != REF_PTR || s->refs[i].id != ref_id)
			continue;
		ref_remove(s, i);
		return 0;
	}
	return -EINVAL;
}

static void invalidate_ref(struct vf_env *e, struct reg *r, void *arg)
{
	if (r->ref_id == *(u32 *)arg)
		reg_invalidate(e, r);
}

int ref_release(struct vf_env *e, u32 ref_id)
{
	int err = ref_drop(e, ref_id);

	if (!err)
		state_each_reg(e, e->cur, invalidate_ref, &ref_id);
	return err;
}

static void invalidate_non_owning(struct vf_env *e, struct reg *r, void *arg)
{
	(void)arg;
	if ((r->type & TF_NON_OWN) && (r->type & TF_ALLOC))
		reg_invalidate(e, r);
}

/* Every non-owning reference: a lock was given up. */
static void drop_non_owning(struct vf_env *e)
{
	state_each_reg(e, e->cur, invalidate_non_owning, NULL);
}

/* ---- leaks ---- */

static int check_refs(struct vf_env *e, bool exception_exit)
{
	const struct vstate *s = e->cur;
	int err = 0;

	/* A function called may return what its caller will release. */
	if (!exception_exit && s->curframe)
		return 0;
	for (u32 i = 0; i < s->nrefs; i++) {
		const struct ref *r = &s->refs[i];

		if (r->kind != REF_PTR)
			continue;
		/* A struct_ops function may hand a reference back to the kernel. */
		if (e->in->prog_type == BPF_PROG_TYPE_STRUCT_OPS && !exception_exit && cur_regs(e)[0].ref_id == r->id)
			continue;
		err = reject(e, REJ_UNRELEASED, r->id, r->insn);
	}
	return err;
}

int check_resource_leak(struct vf_env *e, bool exception_exit, bool check_lock, const char *prefix)
{
	const struct vstate *s = e->cur;

	if (check_lock && s->active_locks)
		return reject(e, REJ_IN_SECTION, prefix, "bpf_spin_lock");
	if (check_refs(e, exception_exit))
		return reject(e, REJ_REF_LEAK, prefix);
	if (check_lock && s->active_irq_id)
		return reject(e, REJ_IN_SECTION, prefix, "bpf_local_irq_save");
	if (check_lock && s->active_rcu)
		return reject(e, REJ_IN_SECTION, prefix, "bpf_rcu_read_lock");
	if (check_lock && s->active_preempt)
		return reject(e, REJ_IN_SECTION, prefix, "bpf_preempt_disable");
	return 0;
}

/* ---- locks ---- */

static bool is_lock_ref(u8 kind) { return kind == REF_LOCK || kind == REF_RES_LOCK || kind == REF_RES_LOCK_IRQ; }

static bool lock_held(const struct vstate *s, u8 kind, u32 id, const void *obj)
{
	for (u32 i = 0; i < s->nrefs; i++)
		if (s->refs[i].kind == kind && s->refs[i].id == id && s->refs[i].obj == obj)
			return true;
	return false;
}

static int lock_take(struct vf_env *e, u8 kind, u32 id, const void *obj)
{
	struct vstate *s = e->cur;
	struct ref *r;

	if (kind == REF_LOCK) {
		for (u32 i = 0; i < s->nrefs; i++)
			if (s->refs[i].kind == REF_LOCK)
				return reject(e, REJ_TWO_LOCKS);
	} else if (lock_held(s, REF_RES_LOCK, id, obj) || lock_held(s, REF_RES_LOCK_IRQ, id, obj)) {
		return reject(e, REJ_AA_DEADLOCK);
	}
	r = ref_add(e);
	r->kind = kind;
	r->id = id;
	r->obj = obj;
	r->insn = e->insn;
	s->active_locks++;
	s->lock_id = id;
	s->lock_ptr = obj;
	return 0;
}

static int lock_give(struct vf_env *e, u8 kind, u32 id, const void *obj, const char *name)
{
	struct vstate *s = e->cur;
	const void *prev_obj = NULL;
	u32 prev_id = 0;

	if (!s->active_locks)
		return reject(e, REJ_UNLOCK_NONE, name);
	if (!lock_held(s, kind, id, obj))
		return reject(e, REJ_UNLOCK_OTHER, name);
	if (s->lock_id != id || s->lock_ptr != obj)
		return reject(e, REJ_UNLOCK_ORDER, name);
	for (u32 i = 0; i < s->nrefs; i++) {
		struct ref *r = &s->refs[i];

		if (r->kind == kind && r->id == id && r->obj == obj) {
			ref_remove(s, i);
			break;
		}
		if (is_lock_ref(r->kind)) {
			prev_id = r->id;
			prev_obj = r->obj;
		}
	}
	s->active_locks--;
	s->lock_id = prev_id;
	s->lock_ptr = prev_obj;
	drop_non_owning(e);
	return 0;
}

int lock_process(struct vf_env *e, u32 regno, bool is_lock, bool is_res, bool irq)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct map_desc *map = r->type == T_MAP_VALUE ? r->map : NULL;
	const char *name = is_res ? "bpf_res_spin" : "bpf_spin";
	const void *obj = map ? (const void *)map : (const void *)r->btf;
	const struct btf_record *rec;
	u8 kind = !is_res ? REF_LOCK : irq ? REF_RES_LOCK_IRQ : REF_RES_LOCK;
	s64 at = (s64)r->var.value + r->off;
	s32 where;

	if (!tnum_is_const(r->var))
		return reject(e, REJ_LOCK_NOT_CONST, regno, name);
	if (map && !map->btf)
		return reject(e, REJ_LOCK_NO_BTF, map->name, name);
	rec = reg_record(e, r);
	if (!rec || !(rec->mask & (is_res ? FIELD_RES_SPIN_LOCK : FIELD_SPIN_LOCK)))
		return reject(e, REJ_LOCK_NONE, map ? "map" : "local", map ? map->name : "kptr", name);
	where = is_res ? rec->res_spin_lock_off : rec->spin_lock_off;
	if (where != at)
		return reject(e, REJ_LOCK_OFFSET, (long long)at, name, where);
	return is_lock ? lock_take(e, kind, r->id, obj) : lock_give(e, kind, r->id, obj, name);
}

/* ---- timers and their like ---- */

int map_field_arg(struct vf_env *e, u32 regno, enum btf_field_kind kind)
{
	const struct reg *r = &cur_regs(e)[regno];
	const struct map_desc *m = r->map;
	const char *name = field_kind_name(kind);
	s64 at = (s64)r->var.value + r->off;
	s32 where = -1;

	if (!tnum_is_const(r->var))
		return reject(e, REJ_FIELD_NOT_CONST, regno, name);
	if (!m->btf)
		return reject(e, REJ_FIELD_NO_BTF, m->name, name);
	if (!m->record || !(m->record->mask & kind))
		return reject(e, REJ_FIELD_NONE, m->name, name);
	if (kind == FIELD_TIMER)
		where = m->record->timer_off;
	else if (kind == FIELD_WORKQUEUE)
		where = m->record->wq_off;
	else if (kind == FIELD_TASK_WORK)
		where = m->record->task_work_off;
	if (where != at)
		return reject(e, REJ_FIELD_OFFSET, (long long)at, name, where);
	return 0;
}

int timer_process(struct vf_env *e, u32 regno, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	int err = map_field_arg(e, regno, FIELD_TIMER);

	if (err)
		return err;
	if (m->map)
		return vf_bug(e, "Two map pointers in a timer helper");
	m->map = r->map;
	m->map_uid = r->map_uid;
	return 0;
}
