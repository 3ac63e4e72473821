/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of helpers, by their contract rows alone.
 *
 * Duty: may the program call it here; does each argument fit its kind; what the call leaves behind. What no column can say is in
 * call_special.c. Invariant: a helper sees only memory that the row says it may see, of the size it will use; r1 to r5 are
 * gone after the call.
 */
#include "verifier/kfunc.h"

/* ---- which register types an argument kind takes ---- */

static const u32 sock_types[] = { T_SOCK_COMMON, T_SOCKET, T_TCP_SOCK, T_XDP_SOCK, 0 };
static const u32 btf_sock_types[] = { T_SOCK_COMMON, T_SOCKET, T_TCP_SOCK, T_XDP_SOCK, T_BTF, T_BTF | TF_TRUSTED, 0 };
static const u32 mem_types[] = { T_STACK, T_PKT, T_PKT_META, T_MAP_KEY, T_MAP_VALUE, T_MEM, T_MEM | TF_RINGBUF, T_BUF,
				 T_BTF | TF_TRUSTED, 0 };
static const u32 lock_types[] = { T_MAP_VALUE, T_BTF | TF_ALLOC, 0 };
static const u32 socket_types[] = { T_SOCKET, 0 };
static const u32 scalar_types[] = { T_SCALAR, 0 };
static const u32 ctx_types[] = { T_CTX, 0 };
static const u32 ringbuf_types[] = { T_MEM | TF_RINGBUF, 0 };
static const u32 map_types[] = { T_MAP, 0 };
static const u32 btf_types[] = { T_BTF, T_BTF | TF_TRUSTED, T_BTF | TF_RCU, 0 };
static const u32 percpu_types[] = { T_BTF | TF_PERCPU, T_BTF | TF_PERCPU | TF_RCU, T_BTF | TF_PERCPU | TF_TRUSTED, 0 };
static const u32 func_types[] = { T_FUNC, 0 };
static const u32 stack_types[] = { T_STACK, 0 };
static const u32 map_value_types[] = { T_MAP_VALUE, 0 };
static const u32 dynptr_types[] = { T_STACK, T_DYNPTR, 0 };

static const u32 *types_for(u8 kind)
{
	switch ((enum arg_kind)kind) {
	case ARG_MAP_KEY: case ARG_MAP_VALUE: case ARG_MEM: return mem_types;
	case ARG_SIZE: case ARG_SIZE0: case ARG_ALLOC_SIZE: case ARG_CONST: return scalar_types;
	case ARG_MAP: return map_types;
	case ARG_CTX: return ctx_types;
	case ARG_SOCK_COMMON: return sock_types;
	case ARG_BTF_SOCK_COMMON: return btf_sock_types;
	case ARG_SOCKET: return socket_types;
	case ARG_BTF: return btf_types;
	case ARG_SPIN_LOCK: case ARG_KPTR: return lock_types;
	case ARG_RINGBUF_MEM: return ringbuf_types;
	case ARG_PERCPU_BTF: return percpu_types;
	case ARG_FUNC: return func_types;
	case ARG_STACK_OR_NULL_CTX: return stack_types;
	case ARG_CONST_STR: case ARG_TIMER: return map_value_types;
	case ARG_DYNPTR: return dynptr_types;
	case ARG_NONE: case ARG_ANYTHING: break;
	}
	return NULL;
}

static bool arg_may_be_null(const struct arg_spec *a)
{
	return (a->flags & AF_NULL) || a->kind == ARG_STACK_OR_NULL_CTX;
}

static int wrong_type(struct vf_env *e, u32 regno, const u32 *types)
{
	/* One message in pieces: the name of a type lives until the next one is asked for. */
	vf_log(e, "R%d type=%s expected=", regno, reg_type_name(e, cur_regs(e)[regno].type));
	for (u32 i = 0; types[i + 1]; i++)
		vf_log(e, "%s, ", reg_type_name(e, types[i]));
	while (types[1])
		types++;
	return reject(e, REJ_ARG_TYPE, reg_type_name(e, types[0]));
}

/* ---- typed kernel pointers ---- */

static int btf_arg_match(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	const char *want = a->kind == ARG_BTF_SOCK_COMMON ? "sock_common" : a->btf_type;
	/* A release must get the object itself; sockets of every kind start with a sock_common. */
	bool strict = (a->flags & AF_RELEASE) && a->kind != ARG_BTF_SOCK_COMMON;
	s32 id;

	if (may_be_null(r->type) && (!arg_may_be_null(a) || (a->flags & AF_RELEASE)))
		return reject(e, REJ_ARG_MAYBE_NULL, regno);
	if (m->special == HS_KPTR_XCHG)
		return kptr_match(e, m->kptr, regno) ? -EACCES : 0;
	id = e->in->kernel_btf && want ? btf_find(e->in->kernel_btf, want, BTF_KIND_STRUCT) : -ENOENT;
	if (id < 0)
		return reject(e, REJ_ARG_NO_BTF, regno, want ? want : "");
	if (!btf_struct_ids_match(r->btf, r->btf_id, (u32)r->off, e->in->kernel_btf, (u32)id, strict))
		return reject(e, REJ_ARG_BTF_TYPE, regno, btf_type_name(r->btf, r->btf_id), want);
	return 0;
}

static int btf_arg_check(struct vf_env *e, u32 regno, const struct arg_spec *a, const u32 *types, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];

	if (types == mem_types) {
		if (a->flags & AF_RDONLY)
			return 0;
		return reject(e, REJ_ARG_MAY_WRITE, m->h->name, regno, reg_type_name(e, r->type));
	}
	switch (r->type & ~(u32)TF_NULL) {
	case T_BTF:
	case T_BTF | TF_TRUSTED:
	case T_BTF | TF_RCU:
		return btf_arg_match(e, regno, a, m);
	case T_BTF | TF_ALLOC:
	case T_BTF | TF_ALLOC | TF_PERCPU:
		if (m->special == HS_KPTR_XCHG && regno == 2)
			return kptr_match(e, m->kptr, regno) ? -EACCES : 0;
		if (a->kind == ARG_SPIN_LOCK || a->kind == ARG_KPTR)
			return 0;
		return vf_bug(e, "allocated object in R%d", regno);
	case T_BTF | TF_PERCPU:
	case T_BTF | TF_PERCPU | TF_RCU:
	case T_BTF | TF_PERCPU | TF_TRUSTED:
		return 0;
	default:
		return vf_bug(e, "invalid PTR_TO_BTF_ID register for type match");
	}
}

int reg_type_check(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	const u32 *types = types_for(a->kind);
	u32 type = r->type;

	if (!types)
		return vf_bug(e, "unsupported arg type %d", a->kind);
	/* What the argument tolerates does not count. */
	if (a->flags & AF_RDONLY)
		type &= ~(u32)TF_RDONLY;
	if (arg_may_be_null(a))
		type &= ~(u32)TF_NULL;
	if (a->kind == ARG_MEM)
		type &= ~(u32)TF_DYN_MASK;
	/* Objects of the program's own may be exchanged into a map. */
	if (m->special == HS_KPTR_XCHG && regno == 2 && (type & TF_ALLOC))
		type &= ~(u32)(TF_ALLOC | TF_PERCPU);
	for (u32 i = 0; types[i]; i++)
		if (types[i] == type)
			return T_BASE(r->type) == T_BTF ? btf_arg_check(e, regno, a, types, m) : 0;
	return wrong_type(e, regno, types);
}

int func_arg_off(struct vf_env *e, const struct reg *r, u32 regno, const struct arg_spec *a)
{
	if (a->flags & AF_RELEASE) {
		if (a->kind == ARG_DYNPTR && r->type == T_STACK)
			return 0;
		if (r->off)
			return reject(e, REJ_RELEASE_OFFSET, regno);
		return ptr_offset_fixed(e, r, regno, false);
	}
	switch (r->type) {
	case T_STACK: case T_PKT: case T_PKT_META: case T_MAP_KEY: case T_MAP_VALUE: case T_MEM: case T_MEM | TF_RDONLY:
	case T_MEM | TF_RINGBUF: case T_BUF: case T_BUF | TF_RDONLY: case T_ARENA: case T_SCALAR:
		return 0;
	case T_BTF: case T_BTF | TF_ALLOC: case T_BTF | TF_TRUSTED: case T_BTF | TF_RCU: case T_BTF | TF_ALLOC | TF_NON_OWN:
	case T_BTF | TF_ALLOC | TF_NON_OWN | TF_RCU:
		return ptr_offset_fixed(e, r, regno, true);
	default:
		return ptr_offset_fixed(e, r, regno, false);
	}
}

/* ---- arguments by kind ---- */

/* Maps whose constant keys in range always have a value. An inner map that may be of any size says so, and its template says nothing. */
static bool lookup_never_fails(const struct map_desc *m)
{
	return (m->type == MTYPE_ARRAY || m->type == MTYPE_PERCPU_ARRAY) && !(m->flags & BPF_F_INNER_MAP);
}

/* The key when it is a constant on the stack: zero bytes, or a spilled constant of just its size. */
static int constant_key(struct vf_env *e, u32 regno, u32 key_size, struct call_meta *m)
{
	const struct reg *p = &cur_regs(e)[regno];
	struct frame *f;
	struct slot *s;
	u32 n, first, zeros = 0, spilled = 0;
	s32 off;
	int err;

	if (!e->bpf_capable || p->type != T_STACK || !tnum_is_const(p->var))
		return 0;
	f = frame_of(e, p);
	off = p->off + (s32)p->var.value;
	n = slot_of(off);
	if (n >= f->nslots)
		return 0;
	s = &f->stack[n];
	first = slot_byte(off);
	while (zeros <= first && s->type[first - zeros] == SLOT_ZERO)
		zeros++;
	if (zeros >= key_size) {
		m->const_key = 0;
		m->const_key_set = true;
		return 0;
	}
	if (!slot_is_scalar_spill(s))
		return 0;
	while (spilled <= first && s->type[first - spilled] == SLOT_SPILL)
		spilled++;
	if (spilled != key_size || !tnum_is_const(s->reg.var))
		return 0;
	err = mark_precise_slot(e, p->frameno, n);
	if (err)
		return err;
	m->const_key = (s64)s->reg.var.value;
	m->const_key_set = true;
	return 0;
}

static int arg_map(struct vf_env *e, const struct reg *r, struct call_meta *m)
{
	/* A timer and its map must come from the same lookup: the map of another inner map would outlive it. */
	if (m->map && (m->map != r->map || m->map_uid != r->map_uid))
		return reject(e, REJ_TIMER_MAP, m->map_uid, r->map_uid);
	m->map = r->map;
	m->map_uid = r->map_uid;
	return 0;
}

static int arg_map_key(struct vf_env *e, u32 regno, struct call_meta *m)
{
	int err;

	if (!m->map)
		return reject(e, REJ_NO_MAP_FOR, "key");
	err = mem_arg_access(e, regno, (s32)m->map->key_size, MEM_READ, false, NULL);
	if (err || !lookup_never_fails(m->map))
		return err;
	return constant_key(e, regno, m->map->key_size, m);
}

static int arg_map_value(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	if (arg_may_be_null(a) && reg_is_zero(&cur_regs(e)[regno]))
		return 0;
	if (!m->map)
		return reject(e, REJ_NO_MAP_FOR, "value");
	m->raw_mode = a->flags & AF_UNINIT;
	return mem_arg_access(e, regno, (s32)m->map->value_size, a->flags & AF_WRITE ? MEM_WRITE : MEM_READ, false, m);
}

static int arg_mem(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	int err;

	/* Memory whose size is the next argument is checked there. */
	m->raw_mode = a->flags & AF_UNINIT;
	if (!(a->flags & AF_FIXED))
		return 0;
	err = mem_arg_access(e, regno, a->fixed, a->flags & AF_WRITE ? MEM_WRITE : MEM_READ, false, m);
	if (!err && (a->flags & AF_ALIGNED))
		err = mem_alignment(e, &cur_regs(e)[regno], 0, a->fixed, true);
	return err;
}

static int arg_const(struct vf_env *e, u32 regno, u64 *ret_value)
{
	const struct reg *r = &cur_regs(e)[regno];

	if (!tnum_is_const(r->var))
		return reject(e, REJ_NOT_CONST, regno);
	*ret_value = r->var.value;
	return mark_precise(e, regno);
}

static int arg_by_kind(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	int rw;

	switch ((enum arg_kind)a->kind) {
	case ARG_MAP:
		return arg_map(e, r, m);
	case ARG_MAP_KEY:
		return arg_map_key(e, regno, m);
	case ARG_MAP_VALUE:
		return arg_map_value(e, regno, a, m);
	case ARG_PERCPU_BTF:
		if (!r->btf_id)
			return reject(e, REJ_BAD_BTF_ID, regno);
		m->ret_btf = r->btf;
		m->ret_btf_id = r->btf_id;
		return 0;
	case ARG_SPIN_LOCK:
		if (in_rbtree_less(e))
			return reject(e, REJ_LOCK_IN_LESS);
		if (m->h->flags & HF_LOCK)
			return lock_process(e, regno, true, false, false);
		return lock_process(e, regno, false, false, false);
	case ARG_TIMER:
		return timer_process(e, regno, m);
	case ARG_FUNC:
		m->subprog = r->subprog;
		return 0;
	case ARG_MEM:
		return arg_mem(e, regno, a, m);
	case ARG_SIZE:
	case ARG_SIZE0:
		rw = m->h->arg[regno - 2].flags & AF_WRITE ? MEM_WRITE : MEM_READ;
		return mem_arg_size(e, regno, rw, a->kind == ARG_SIZE0, m);
	case ARG_DYNPTR:
		return dynptr_process(e, regno, m->insn, a->flags, 0);
	case ARG_ALLOC_SIZE:
		return arg_const(e, regno, &m->mem_size);
	case ARG_CONST:
		m->const_set = true;
		return arg_const(e, regno, &m->const_value);
	case ARG_CONST_STR:
		return map_const_str(e, regno);
	case ARG_KPTR:
		return kptr_process(e, regno, m);
	case ARG_NONE: case ARG_ANYTHING: case ARG_CTX: case ARG_SOCK_COMMON: case ARG_SOCKET: case ARG_BTF_SOCK_COMMON:
	case ARG_BTF: case ARG_RINGBUF_MEM: case ARG_STACK_OR_NULL_CTX:
		return 0;
	}
	return 0;
}

/* The argument gives up a reference: it must hold one. */
static int arg_release(struct vf_env *e, u32 regno, const struct arg_spec *a, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];

	if (a->kind == ARG_DYNPTR) {
		const struct slot *s;
		int slot;

		if (r->type != T_STACK)
			return reject(e, REJ_RELEASE_CONST_DYNPTR);
		slot = stack_obj_slot(e, r, "dynptr", DYNPTR_SLOTS);
		s = slot < 0 ? NULL : &frame_of(e, r)->stack[slot];
		if (!s || s->type[SLOT_SIZE - 1] != SLOT_DYNPTR || !s->reg.ref_id)
			return reject(e, REJ_RELEASE_DYNPTR, regno);
	} else if (!r->ref_id && !reg_is_zero(r)) {
		return reject(e, REJ_RELEASE_UNREF, regno);
	}
	if (m->release_regno)
		return vf_bug(e, "more than one release argument");
	m->release_regno = regno;
	return 0;
}

/* What an argument is depends on the map for two kinds of values. */
static int arg_of_map(struct vf_env *e, struct call_meta *m, struct arg_spec *a)
{
	const struct map_spec *s;

	if (!m->map)
		return reject(e, REJ_NO_MAP_FOR, "type");
	s = map_spec_by_id(m->map->type);
	if (s && (s->helpers & (MH_SOCK_REDIRECT | MH_SOCK_REDIRECT_HASH))) {
		if (a->flags & (AF_UNINIT | AF_WRITE | AF_NULL))
			return reject(e, REJ_SOCKMAP_ARG);
		a->kind = ARG_BTF_SOCK_COMMON;
	} else if (m->map->type == MTYPE_BLOOM_FILTER) {
		a->flags &= (u16)~(AF_UNINIT | AF_WRITE); /* looked for, not filled in */
	}
	return 0;
}

static int check_arg(struct vf_env *e, u32 regno, struct call_meta *m)
{
	struct arg_spec a = m->h->arg[regno - 1];
	const struct reg *r = &cur_regs(e)[regno];
	int err;

	if (a.kind == ARG_NONE)
		return 0;
	err = reg_check(e, regno, USE_SRC);
	if (err)
		return err;
	if (a.kind == ARG_ANYTHING)
		return leaks_pointer(e, regno) ? reject(e, REJ_LEAK_HELPER, regno) : 0;
	if (is_pkt(r->type) && !pkt_allowed(e, m, MEM_READ))
		return reject(e, REJ_HELPER_PKT);
	if (a.kind == ARG_MAP_VALUE) {
		err = arg_of_map(e, m, &a);
		if (err)
			return err;
	}
	if (reg_is_zero(r) && arg_may_be_null(&a)) {
		/* Accepted because it is 0: other values must not be pruned against this one. */
		err = mark_precise(e, regno);
	} else {
		err = reg_type_check(e, regno, &a, m);
		if (!err)
			err = func_arg_off(e, r, regno, &a);
	}
	if (!err && (a.flags & AF_RELEASE))
		err = arg_release(e, regno, &a, m);
	if (err)
		return err;
	if (r->ref_id && a.kind != ARG_KPTR) {
		if (m->ref_id)
			return vf_bug(e, "more than one arg with ref_obj_id R%d %u %u", regno, r->ref_id, m->ref_id);
		m->ref_id = r->ref_id;
	}
	return arg_by_kind(e, regno, &a, m);
}

/* ---- which helpers go with which maps ---- */

static bool may_update_sockets(struct vf_env *e, const struct map_spec *s, u32 need)
{
	progset who = need & MH_UPDATE ? s->updaters : s->deleters, all = PT_BIT(UAPI_PROG_TYPES) - 1;
	u32 type = e->in->prog_type;

	if (!(need & (MH_UPDATE | MH_DELETE)) || who == all)
		return true;
	if ((who & PT_BIT(type)) && (type != BPF_PROG_TYPE_TRACING || e->in->attach_type == BPF_TRACE_ITER))
		return true;
	reject(e, REJ_SOCKMAP_UPDATE);
	return false;
}

static int map_helper_match(struct vf_env *e, const struct call_meta *m)
{
	const struct map_spec *s;
	u32 need;

	if (!m->map)
		return 0;
	s = map_spec_by_id(m->map->type);
	need = helper_map_need(m->h);
	if (s && (!need || (s->helpers & need)) && may_update_sockets(e, s, need))
		return 0;
	return reject(e, REJ_MAP_FUNC, m->map->type, m->h->name, m->func_id);
}

/* ---- facts for lower/ ---- */

static bool writes_map(const struct helper_spec *h)
{
	u32 need = helper_map_need(h);

	if (need & (MH_UPDATE | MH_DELETE | MH_POP))
		return true;
	return (need & MH_QUEUE) && h->arg[1].kind == ARG_MAP_VALUE && !(h->arg[1].flags & AF_UNINIT);
}

/* One of the program's own, or the template that stands for the inner maps of a map of maps. */
static void set_map(const struct vf_env *e, struct insn_fact *fact, const struct map_desc *m)
{
	fact->map = m;
	for (u32 i = 0; i < e->proof->nmaps; i++) {
		fact->call_const_map |= e->proof->maps[i] == m;
		fact->call_inner_map |= e->proof->maps[i]->inner == m;
	}
}

static int record_map(struct vf_env *e, const struct call_meta *m)
{
	struct insn_fact *fact = &e->fact[m->insn];

	if (!(m->h->flags & (HF_MAP_OPS | HF_TAIL_CALL)))
		return 0;
	if (!m->map)
		return vf_bug(e, "no map for %s", m->h->name);
	if ((m->map->flags & BPF_F_RDONLY_PROG) && writes_map(m->h))
		return reject(e, REJ_MAP_WRITE_HELPER);
	if (!fact->map) {
		set_map(e, fact, m->map);
	} else if (fact->map != m->map) {
		e->aux[m->insn].map_ptr_poison = true;
		fact->call_const_map = fact->call_inner_map = false;
	}
	return 0;
}

static void record_key(struct aux *a, struct insn_fact *fact, bool known, u64 key)
{
	if (!known || key > U32_MAX || (a->map_key_seen && fact->key != (u32)key))
		a->map_key_poison = true;
	a->map_key_seen = true;
	fact->key = (u32)key;
	fact->key_const = !a->map_key_poison;
}

static int record_keys(struct vf_env *e, const struct call_meta *m)
{
	struct aux *a = &e->aux[m->insn];
	struct insn_fact *fact = &e->fact[m->insn];
	const struct reg *r = &cur_regs(e)[3];
	bool known;

	if (!(m->h->flags & HF_TAIL_CALL)) {
		if (m->map && lookup_never_fails(m->map))
			record_key(a, fact, m->const_key_set && m->const_key >= 0 && m->const_key < m->map->max_entries,
				   (u64)m->const_key);
		return 0;
	}
	if (!(helper_map_need(m->h) & map_spec_by_id(m->map->type)->helpers))
		return reject(e, REJ_TAIL_CALL_MAP);
	known = reg_is_const(r) && r->var.value < m->map->max_entries;
	record_key(a, fact, known, r->var.value);
	return known ? mark_precise(e, 3) : 0;
}

/* ---- after the arguments ---- */

static void kptr_given_up(struct vf_env *e, struct reg *r, void *arg)
{
	u32 ref = *(u32 *)arg;

	if (r->ref_id != ref)
		return;
	if (in_rcu(e) && (r->type & TF_ALLOC) && (r->type & TF_PERCPU)) {
		/* Others may free it now, but not before this section ends. */
		r->ref_id = 0;
		r->type = (r->type & ~(u32)TF_ALLOC) | TF_RCU;
	} else {
		reg_invalidate(e, r);
	}
}

static int release(struct vf_env *e, struct call_meta *m)
{
	const struct arg_spec *a = &m->h->arg[m->release_regno - 1];
	int err = -EINVAL;

	if (a->kind == ARG_DYNPTR) {
		err = dynptr_release(e, m->release_regno);
	} else if (m->special == HS_KPTR_XCHG && m->ref_id) {
		err = ref_drop(e, m->ref_id);
		if (!err)
			state_each_reg(e, e->cur, kptr_given_up, &m->ref_id);
	} else if (m->ref_id) {
		err = ref_release(e, m->ref_id);
	} else if (reg_is_zero(&cur_regs(e)[m->release_regno])) {
		err = 0;
	}
	return err ? reject(e, REJ_NOT_ACQUIRED, m->h->name, m->func_id) : 0;
}

void clear_caller_saved(struct vf_env *e, struct reg *regs)
{
	(void)e;
	for (u32 i = 0; i <= 5; i++)
		reg_mark_none(&regs[i]);
}

/* ---- results ---- */

static int result_mem_or_btf(struct vf_env *e, struct reg *r, const struct call_meta *m, u32 flags)
{
	u32 id = btf_skip_mods(m->ret_btf, m->ret_btf_id);
	const struct btf_type *t = btf_type(m->ret_btf, id);
	s64 size;

	if (t && btf_kind_of(t) == BTF_KIND_STRUCT) {
		reg_make_ptr(r, T_BTF | (flags & ~(u32)TF_RDONLY));
		r->btf = m->ret_btf;
		r->btf_id = m->ret_btf_id;
		return 0;
	}
	size = btf_size_of(m->ret_btf, id);
	if (size < 0)
		return reject(e, REJ_RET_SIZE, btf_type_name(m->ret_btf, id), (long)size);
	reg_make_ptr(r, T_MEM | flags);
	r->mem_size = (u32)size;
	return 0;
}

static int result_btf(struct vf_env *e, struct reg *r, const struct call_meta *m, u32 flags)
{
	const struct helper_spec *h = m->h;
	s32 id;

	if (h->ret == RET_KPTR) {
		reg_make_ptr(r, T_BTF | flags);
		r->btf = m->kptr->target_btf;
		r->btf_id = m->kptr->target_id;
		if (!btf_is_kernel(r->btf))
			r->type |= TF_ALLOC | (m->kptr->kind == FIELD_KPTR_PERCPU ? TF_PERCPU : 0);
		return 0;
	}
	id = e->in->kernel_btf && h->btf_type ? btf_find(e->in->kernel_btf, h->btf_type, BTF_KIND_STRUCT) : -ENOENT;
	if (id <= 0)
		return reject(e, REJ_RET_TYPE, h->ret, h->name, m->func_id);
	reg_make_ptr(r, T_BTF | flags | (h->flags & HF_TRUSTED ? TF_TRUSTED : 0));
	r->btf = e->in->kernel_btf;
	r->btf_id = (u32)id;
	return 0;
}

static int result_map_value(struct vf_env *e, struct reg *r, const struct call_meta *m, u32 flags)
{
	if (!m->map)
		return vf_bug(e, "no map for %s", m->h->name);
	/* by the key alone: who names a CPU as well may name one that is not there */
	if (m->const_key_set && m->const_key >= 0 && m->const_key < m->map->max_entries && lookup_never_fails(m->map) &&
	    m->h->arg[2].kind == ARG_NONE)
		flags &= ~(u32)TF_NULL;
	reg_make_ptr(r, T_MAP_VALUE | flags);
	r->map = m->map;
	r->map_uid = m->map_uid;
	if (!(flags & TF_NULL) && m->map->record && (m->map->record->mask & (FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK)))
		r->id = new_id(e);
	return 0;
}

static int result(struct vf_env *e, const struct call_meta *m)
{
	struct reg *r = &cur_regs(e)[0];
	u32 flags = (m->h->flags & HF_NULL ? TF_NULL : 0) | (m->h->flags & HF_RDONLY_RET ? TF_RDONLY : 0);

	switch ((enum ret_kind)m->h->ret) {
	case RET_INT:
		reg_mark_unknown(e, r);
		return 0;
	case RET_VOID:
		reg_mark_none(r);
		return 0;
	case RET_MAP_VALUE:
		return result_map_value(e, r, m, flags);
	case RET_SOCKET:
		reg_make_ptr(r, T_SOCKET | flags);
		return 0;
	case RET_SOCK_COMMON:
		reg_make_ptr(r, T_SOCK_COMMON | flags);
		return 0;
	case RET_TCP_SOCK:
		reg_make_ptr(r, T_TCP_SOCK | flags);
		return 0;
	case RET_MEM:
	case RET_DYNPTR_MEM:
		reg_make_ptr(r, T_MEM | flags);
		r->mem_size = (u32)m->mem_size;
		return 0;
	case RET_RINGBUF_MEM:
		reg_make_ptr(r, T_MEM | TF_RINGBUF | flags);
		r->mem_size = (u32)m->mem_size;
		return 0;
	case RET_MEM_OR_BTF:
		return result_mem_or_btf(e, r, m, flags);
	case RET_BTF:
	case RET_KPTR:
		return result_btf(e, r, m, flags);
	}
	return reject(e, REJ_RET_TYPE, m->h->ret, m->h->name, m->func_id);
}

/* Is this call's result a reference? Lookups of socket maps are, of other maps not. */
static bool acquires(const struct call_meta *m)
{
	const struct map_spec *s = m->map ? map_spec_by_id(m->map->type) : NULL;

	if (m->h->flags & HF_ACQUIRE)
		return true;
	return m->h->ret == RET_MAP_VALUE && s && s->value == MV_SOCK;
}

static int result_identity(struct vf_env *e, const struct call_meta *m)
{
	struct reg *r = &cur_regs(e)[0];
	u32 id;
	int err;

	if (may_be_null(r->type))
		r->id = new_id(e);
	if (m->h->flags & HF_DYNPTR_REF)
		r->dynptr_id = m->dynptr_id;
	if (m->h->flags & (HF_PTR_CAST | HF_DYNPTR_REF)) {
		r->ref_id = m->ref_id;
	} else if (acquires(m)) {
		err = ref_acquire(e, m->insn, &id);
		if (err)
			return err;
		r->id = id;
		r->ref_id = id;
	}
	return 0;
}

#define MAX_ERRNO 4095
static void refine_result(struct vf_env *e, const struct call_meta *m)
{
	const struct helper_spec *h = m->h;
	struct reg *r = &cur_regs(e)[0];

	if (h->ret != RET_INT)
		return;
	if (h->flags & HF_REFINES_RET) {
		r->smax = m->msize_max;
		r->s32_max = (s32)m->msize_max;
		r->smin = r->s32_min = -MAX_ERRNO;
		reg_sync(r);
	} else if (h->flags & HF_CONST_RANGE) {
		s32 max = h->flags & HF_RET_CPU && e->in->ncpus ? (s32)e->in->ncpus - 1 : h->ret_max;

		r->smin = r->s32_min = h->ret_min;
		r->smax = r->s32_max = max;
		if (h->ret_min >= 0) {
			r->umin = r->u32_min = (u32)h->ret_min;
			r->umax = r->u32_max = (u32)max;
		}
		reg_sync(r);
	}
}

/* ---- the call ---- */

static int check_func_ip(struct vf_env *e, const struct call_meta *m)
{
	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
		return 0;
	case BPF_PROG_TYPE_TRACING:
		if (e->in->attach_type == BPF_TRACE_FENTRY || e->in->attach_type == BPF_TRACE_FEXIT ||
		    e->in->attach_type == BPF_MODIFY_RETURN)
			return 0;
		return reject(e, REJ_FUNC_IP_TRAMPOLINE, m->func_id);
	default:
		return reject(e, REJ_FUNC_IP, m->func_id, e->in->prog_type);
	}
}

/* Helpers that a program type has at some of its targets alone. */
static bool target_may_call(const struct vf_env *e, const struct helper_spec *h)
{
	static const struct { const char *helper; u32 type; const char *target; } only[] = {
#define O(helper, type, target) { #helper, BPF_PROG_TYPE_##type, #target },
#include "verifier/helper_at.def"
	};
	static const struct { const char *helper, *target, *member; } never[] = {
#define N(helper, target, member) { #helper, #target, #member },
#include "verifier/helper_at.def"
	};
	const struct btf *b = e->in->attach_btf;
	const struct btf_type *t = b ? btf_type(b, e->in->attach_btf_id) : NULL;
	const char *target = t ? btf_str(b, t->name_off) : "", *member = "";
	bool listed = false, found = false;

	if (t && btf_kind_of(t) == BTF_KIND_STRUCT && e->in->attach_type < btf_vlen_of(t))
		member = btf_str(b, btf_members_of(t)[e->in->attach_type].name_off);
	for (u32 i = 0; i < ARRAY_SIZE(only); i++)
		if (only[i].type == e->in->prog_type && !strcmp(only[i].helper, h->name)) {
			listed = true;
			found |= !strcmp(only[i].target, target);
		}
	for (u32 i = 0; i < ARRAY_SIZE(never); i++)
		if (!strcmp(never[i].helper, h->name) && !strcmp(never[i].target, target) && !strcmp(never[i].member, member))
			return false;
	return found || !listed;
}

/* Helpers that only some of the functions a program can attach to allow. */
static bool probe_may_call(struct vf_env *e, const struct helper_spec *h)
{
	const char *name;
	u32 type = e->in->prog_type;

	if (h->special == HS_D_PATH)
		return attach_may_name_path(e);
	if (h->special != HS_SK_STORAGE || (type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_SYSCALL))
		return true;
	switch (e->in->attach_type) {
	case BPF_TRACE_ITER:
	case BPF_TRACE_RAW_TP:
		return true;
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT: /* not of its own kind: it would wait for itself */
		name = e->in->attach_btf ? btf_type_name(e->in->attach_btf, e->in->attach_btf_id) : "";
		return strncmp(name, "bpf_sk_storage", 14) != 0;
	default:
		return false;
	}
}

static int may_call(struct vf_env *e, const struct helper_spec *h, u32 id)
{
	int err;

	if (id == 0 || id >= UAPI_HELPERS)
		return reject(e, REJ_INVALID_FUNC, h ? h->name : "unknown", id);
	err = h ? helper_allowed(h, e->in->prog_type, e->in->attach_type, e->in->caps, e->sleepable_prog) : -EINVAL;
	if (!err && (e->in->prog_type == BPF_PROG_TYPE_TRACING || e->in->prog_type == BPF_PROG_TYPE_STRUCT_OPS) &&
	    !target_may_call(e, h))
		err = -EINVAL;
	if (err) {
		reject(e, REJ_HELPER_TYPE, h ? h->name : "unknown", id);
		return err;
	}
	if (!e->in->gpl && (helper_variant(h, e->in->prog_type)->flags & HF_GPL))
		return reject(e, REJ_GPL);
	if (!probe_may_call(e, h))
		return reject(e, REJ_HELPER_PROBE);
	h = helper_variant(h, e->in->prog_type);
	if (!in_sleepable(e) && (h->flags & HF_SLEEP))
		return reject(e, REJ_HELPER_SLEEP);
	if (!(h->flags & HF_SLEEP))
		return 0;
	if (e->cur->active_rcu)
		return reject(e, REJ_HELPER_SLEEP_IN, h->name, id, "rcu_read_lock region");
	if (e->cur->active_preempt)
		return reject(e, REJ_HELPER_SLEEP_IN, h->name, id, "non-preemptible region");
	if (e->cur->active_irq_id)
		return reject(e, REJ_HELPER_SLEEP_IN, h->name, id, "IRQ-disabled region");
	return 0;
}

int step_call_helper(struct vf_env *e, const struct ins *i, u32 *insn)
{
	const struct helper_spec *h = helper_by_id((u32)i->imm);
	struct call_meta m = { .h = h, .ins = i, .insn = e->insn, .func_id = (u32)i->imm };
	int err;

	if (e->cur->active_locks && !(h && (h->flags & (HF_UNLOCK | HF_IN_LOCK))))
		return reject(e, REJ_CALL_IN_LOCK);
	err = may_call(e, h, m.func_id);
	if (err)
		return err;
	m.special = h->special;
	m.h = h = helper_variant(h, e->in->prog_type);
	m.pkt_access = h->flags & HF_PKT_ACCESS;
	for (u32 regno = 1; regno <= 5; regno++) {
		err = check_arg(e, regno, &m);
		if (err)
			return err;
	}
	err = record_map(e, &m);
	if (!err)
		err = record_keys(e, &m);
	for (u32 k = 0; k < m.access_size && !err; k++)
		err = mem_access(e, m.insn, m.regno, (s32)k, 1, MEM_WRITE, -1, false, false);
	if (!err && m.release_regno)
		err = release(e, &m);
	if (!err)
		err = helper_special(e, &m, insn);
	if (err)
		return err;
	clear_caller_saved(e, cur_regs(e));
	err = result(e, &m);
	if (!err)
		err = result_identity(e, &m);
	if (err)
		return err;
	refine_result(e, &m);
	err = map_helper_match(e, &m);
	if (!err && m.special == HS_GET_FUNC_IP)
		err = check_func_ip(e, &m);
	if (err)
		return err;
	scratch_reg(e, 0);
	if (h->flags & HF_TAIL_CALL)
		return tail_call_leaves(e, insn);
	if ((h->flags & HF_MOVES_PKT) || m.moves_pkt)
		clear_pkt_pointers(e);
	return 0;
}
