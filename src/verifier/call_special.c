/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no column of a helper's row can say: callbacks and their arguments, format strings, dynptrs behind results.
 *
 * Runs after the arguments were checked and before the caller's registers are forgotten. Invariant: a callback's registers hold
 * what the helper passes, and nothing else is initialised.
 */
#include "verifier/mem.h"

/* ---- arguments of callbacks ---- */

static void arg_map_ptr(struct reg *r, const struct reg *from, u32 type)
{
	reg_make_ptr(r, type);
	r->map = from->map;
	r->map_uid = from->map_uid;
}

static void no_args_from(struct frame *callee, u32 first)
{
	for (u32 i = first; i <= 5; i++)
		reg_mark_none(&callee->regs[i]);
}

static void is_callback(struct frame *callee)
{
	callee->in_callback = true;
	callee->cb_ret = (struct ret_range){ 0, 1 };
}

/* long cb(struct bpf_map *map, void *key, void *value, void *ctx) */
static int for_each_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	const struct reg *map = &caller->regs[1];
	const struct map_spec *s = map_spec_by_id(map->map->type);

	(void)insn;
	if (!s || !(s->helpers & MH_FOREACH))
		return reject(e, REJ_CB_MAP);
	callee->regs[1] = *map;
	arg_map_ptr(&callee->regs[2], map, T_MAP_KEY);
	arg_map_ptr(&callee->regs[3], map, T_MAP_VALUE);
	callee->regs[4] = caller->regs[3];
	no_args_from(callee, 5);
	is_callback(callee);
	return 0;
}

/* long cb(u32 index, void *ctx) */
static int loop_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	(void)insn;
	reg_mark_unknown(e, &callee->regs[1]);
	callee->regs[1].precise = false;
	callee->regs[2] = caller->regs[3];
	no_args_from(callee, 3);
	is_callback(callee);
	return 0;
}

/* int cb(struct bpf_map *map, void *key, struct bpf_timer *timer) */
static int timer_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	const struct reg timer = caller->regs[1];

	(void)e;
	(void)insn;
	arg_map_ptr(&callee->regs[1], &timer, T_MAP);
	arg_map_ptr(&callee->regs[2], &timer, T_MAP_KEY);
	arg_map_ptr(&callee->regs[3], &timer, T_MAP_VALUE);
	no_args_from(callee, 4);
	callee->in_async_callback = true;
	callee->cb_ret = (struct ret_range){ 0, 0 };
	return 0;
}

/* long cb(struct task_struct *task, struct vm_area_struct *vma, void *ctx) */
static int find_vma_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	s32 id = e->in->kernel_btf ? btf_find(e->in->kernel_btf, "vm_area_struct", BTF_KIND_STRUCT) : -ENOENT;

	(void)insn;
	if (id < 0)
		return reject(e, REJ_ARG_NO_BTF, 2, "vm_area_struct");
	callee->regs[1] = caller->regs[1];
	reg_make_ptr(&callee->regs[2], T_BTF);
	callee->regs[2].btf = e->in->kernel_btf;
	callee->regs[2].btf_id = (u32)id;
	callee->regs[3] = caller->regs[4];
	no_args_from(callee, 4);
	is_callback(callee);
	return 0;
}

/* long cb(const struct bpf_dynptr *dynptr, void *ctx) */
static int user_ringbuf_args(struct vf_env *e, struct frame *caller, struct frame *callee, u32 insn)
{
	(void)insn;
	reg_mark_none(&callee->regs[0]);
	dynptr_make_const(e, &callee->regs[1], DYN_LOCAL);
	callee->regs[2] = caller->regs[3];
	no_args_from(callee, 3);
	is_callback(callee);
	return 0;
}

/* ---- bpf_loop ---- */

static bool loop_flags_zero(struct vf_env *e)
{
	return reg_is_zero(&cur_regs(e)[4]) && !mark_precise(e, 4);
}

/* Every path calls the same callback with flags 0: lower/ may turn the call into a loop. */
static void note_loop(struct vf_env *e, const struct call_meta *m)
{
	struct aux *a = &e->aux[m->insn];
	struct insn_fact *fact = &e->fact[m->insn];

	if (!a->loop_seen) {
		a->loop_seen = true;
		fact->callee = m->subprog;
		a->loop_bad = !loop_flags_zero(e);
	} else if (!a->loop_bad) {
		a->loop_bad = !loop_flags_zero(e) || fact->callee != m->subprog;
	}
	fact->loop_inline = !a->loop_bad;
}

static int loop(struct vf_env *e, struct call_meta *m)
{
	int err;

	note_loop(e, m);
	/* The count decides below whether one more iteration is walked. */
	err = mark_precise(e, 1);
	if (err)
		return err;
	if (cur_frame(e)->callback_depth < cur_regs(e)[1].umax)
		return push_callback(e, m->ins, m->insn, m->subprog, loop_args, false, false);
	cur_frame(e)->callback_depth = 0;
	if (e->log->level & LOG_LEVEL2)
		vf_log(e, "frame%d bpf_loop iteration limit reached\n", e->cur->curframe);
	return 0;
}

/* ---- format strings ---- */

/* One conversion behind '%'; NULL when it is none, *nargs counts what it takes. Plain text of Linux's bprintf subset. */
static const char *conversion(const char *p, u32 *nargs)
{
	u32 size = 4;

	if (*p == '%')
		return p + 1;
	while (*p && strchr("0+- ", *p) && *p)
		p++;
	while (*p >= '0' && *p <= '9')
		p++;
	(*nargs)++;
	if (*p == 'p') {
		if ((p[1] == 'k' || p[1] == 'u') && p[2] == 's')
			return p + 3;
		if (p[1] == 0 || strchr(" \t\n,.;:!?)]}\"'%|/-_", p[1]) || p[1] == 'K' || p[1] == 'x' || p[1] == 's' ||
		    p[1] == 'S' || p[1] == 'B')
			return p[1] && strchr("KxsSB", p[1]) ? p + 2 : p + 1;
		if ((p[1] == 'i' || p[1] == 'I') && (p[2] == '4' || p[2] == '6'))
			return p + 3;
		return NULL;
	}
	if (*p == 's' || *p == 'c')
		return p + 1;
	if (*p == 'l') {
		p++;
		size = 8;
		if (*p == 'l')
			p++;
	}
	(void)size;
	return *p && strchr("iduxX", *p) ? p + 1 : NULL;
}

static int check_format(struct vf_env *e, const char *fmt, u32 max_args)
{
	u32 nargs = 0;

	for (const char *p = fmt; *p;) {
		if (((u8)*p < 0x20 && !strchr("\t\n\v\f\r", *p)) || *p == 0x7f)
			return reject(e, REJ_FORMAT);
		if (*p++ != '%')
			continue;
		p = conversion(p, &nargs);
		if (!p || nargs > max_args)
			return reject(e, REJ_FORMAT);
	}
	return 0;
}

static int snprintf_args(struct vf_env *e)
{
	const struct reg *len = &cur_regs(e)[5];

	if (len->var.value % 8)
		return -EINVAL;
	return check_format(e, map_str_at(&cur_regs(e)[3]), (u32)(len->var.value / 8));
}

/* ---- dynptrs ---- */

static const struct reg *dynptr_arg(struct vf_env *e, const struct call_meta *m)
{
	for (u32 i = 0; i < 5; i++)
		if (m->h->arg[i].kind == ARG_DYNPTR)
			return dynptr_record(e, i + 1);
	return NULL;
}

static int dynptr_result(struct vf_env *e, struct call_meta *m)
{
	const struct reg *d = dynptr_arg(e, m);

	if (!d)
		return vf_bug(e, "no dynptr arg found");
	if (m->dynptr_id || m->ref_id)
		return vf_bug(e, "dynptr id or reference already set");
	m->dynptr_id = d->id;
	m->ref_id = d->ref_id;
	return 0;
}

/* ---- the table ---- */

static int get_local_storage(struct vf_env *e)
{
	/* It cannot return an error, so it must not have a reason to. */
	if (!reg_is_zero(&cur_regs(e)[2]))
		return reject(e, REJ_STORAGE_FLAGS);
	return mark_precise(e, 2);
}

static int set_retval(struct vf_env *e)
{
	if (e->in->prog_type == BPF_PROG_TYPE_LSM && e->in->attach_type == BPF_LSM_CGROUP && attach_is_void(e))
		return reject(e, REJ_SET_RETVAL_VOID);
	return 0;
}

static int dynptr_write(struct vf_env *e, struct call_meta *m)
{
	const struct reg *d = dynptr_arg(e, m);

	if (!d || d->dyn_kind == DYN_NONE)
		return vf_bug(e, "no dynptr arg found");
	if (d->dyn_kind == DYN_SKB || d->dyn_kind == DYN_SKB_META)
		m->moves_pkt = true; /* with it go the slices of the packet */
	return 0;
}

static int dynptr_from_mem(struct vf_env *e, const struct call_meta *m)
{
	if (m->h->arg[0].kind != ARG_MEM || cur_regs(e)[1].type == T_MAP_VALUE)
		return 0;
	return reject(e, REJ_DYNPTR_MEM, reg_type_name(e, cur_regs(e)[1].type));
}

int helper_special(struct vf_env *e, struct call_meta *m, u32 *insn)
{
	(void)insn;
	switch ((enum helper_special)m->special) {
	case HS_TAIL_CALL:
		return check_resource_leak(e, false, true, "tail_call");
	case HS_FOR_EACH:
		return push_callback(e, m->ins, m->insn, m->subprog, for_each_args, false, false);
	case HS_LOOP:
		return loop(e, m);
	case HS_FIND_VMA:
		return push_callback(e, m->ins, m->insn, m->subprog, find_vma_args, false, false);
	case HS_TIMER_SET_CB:
		return push_callback(e, m->ins, m->insn, m->subprog, timer_args, true, false);
	case HS_USER_RINGBUF:
		return push_callback(e, m->ins, m->insn, m->subprog, user_ringbuf_args, false, false);
	case HS_SNPRINTF:
		return snprintf_args(e);
	case HS_GET_LOCAL_STORAGE:
		return get_local_storage(e);
	case HS_SET_RETVAL:
		return set_retval(e);
	case HS_DYNPTR_DATA:
		return dynptr_result(e, m);
	case HS_DYNPTR_WRITE:
		return dynptr_write(e, m);
	case HS_DYNPTR_INIT:
		return dynptr_from_mem(e, m);
	default:
		return 0;
	}
}
