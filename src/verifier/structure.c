/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be said of a program before its control flow: opcodes, subprograms, jumps that stay inside, maps.
 *
 * Invariant: after these passes every jump target is an instruction of the same subprogram, every subprogram
 * ends in an exit or a jump, and each LDIMM64_MAP_* has its map.
 */
#include <stdlib.h>

#include "verifier/env.h"

#define TRACING_TYPES                                                              \
	(PT_BIT(BPF_PROG_TYPE_KPROBE) | PT_BIT(BPF_PROG_TYPE_TRACEPOINT) |         \
	 PT_BIT(BPF_PROG_TYPE_PERF_EVENT) | PT_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT) | \
	 PT_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE))

int pass_decode(struct vf_env *e)
{
	e->n = e->in->insn_cnt;
	e->ins = arena_alloc_raw(&e->proof->arena, e->n * sizeof(*e->ins));
	e->proof->ins = e->ins;
	e->proof->n = e->n;
	e->decode_err = ARENA_ARRAY(&e->arena, u8, e->n);
	e->aux = ARENA_ARRAY(&e->arena, struct aux, e->n);
	e->fact = e->proof->fact = ARENA_ARRAY(&e->proof->arena, struct insn_fact, e->n);
	isa_decode_lax(e->in->insns, e->n, e->ins, e->decode_err);
	return 0;
}

/* ---- subprograms ---- */

u32 sub_containing(const struct vf_env *e, u32 insn)
{
	u32 lo = 0, hi = e->nsubs;

	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (e->subs[mid].start <= insn)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

s32 sub_starting(const struct vf_env *e, u32 insn)
{
	u32 i;

	if (!e->nsubs || insn >= e->n)
		return -1;
	i = sub_containing(e, insn);
	return e->subs[i].start == insn ? (s32)i : -1;
}

static int add_subprog(struct vf_env *e, u32 start)
{
	u32 i;

	if (start >= e->n)
		return reject(e, REJ_CALL_DEST);
	if (sub_starting(e, start) >= 0)
		return 0;
	if (e->nsubs >= MAX_SUBPROGS)
		return reject(e, REJ_TOO_MANY_SUBPROGS);
	for (i = e->nsubs++; i && e->subs[i - 1].start > start; i--)
		e->subs[i] = e->subs[i - 1];
	memset(&e->subs[i], 0, sizeof(e->subs[i]));
	e->subs[i].start = start;
	return 0;
}

/* Tags on a function itself that begin with the prefix. */
static u32 count_tags(const struct btf *b, u32 func, const char *prefix)
{
	u32 n = 0;

	for (u32 id = 1; id < btf_type_count(b); id++) {
		const struct btf_type *t = btf_type(b, id);

		if (btf_kind_of(t) == BTF_KIND_DECL_TAG && t->type == func &&
		    ((const struct btf_decl_tag *)(t + 1))->component_idx == -1)
			n += !strncmp(btf_type_name(b, id), prefix, strlen(prefix));
	}
	return n;
}

/* Instruction of the function that the main program's BTF tag names as its exception callback; 0: there is
 * none. */
static int find_exception_cb(struct vf_env *e, u32 *ret_insn)
{
	const struct btf *b = e->in->btf;
	const char *name;
	s32 id;

	*ret_insn = 0;
	if (!e->nfunc_info)
		return 0;
	name = btf_decl_tag(b, e->func_info[0].type_id, -1, "exception_callback:");
	if (!name)
		return 0;
	if (count_tags(b, e->func_info[0].type_id, "exception_callback:") > 1)
		return reject(e, REJ_EXC_CB_MANY);
	id = btf_find(b, name, BTF_KIND_FUNC);
	if (id < 0)
		return reject(e, REJ_EXC_CB_NOT_FOUND, name);
	if (btf_vlen_of(btf_type(b, (u32)id)) != BTF_FUNC_GLOBAL)
		return reject(e, REJ_EXC_CB_LINKAGE, name);
	for (u32 i = 0; i < e->nfunc_info; i++) {
		if (e->func_info[i].type_id != (u32)id)
			continue;
		*ret_insn = e->func_info[i].insn_off;
		if (!*ret_insn)
			return reject(e, REJ_EXC_CB_MAIN);
	}
	return *ret_insn ? 0 : reject(e, REJ_EXC_CB_NO_INFO);
}

static int collect_subprogs(struct vf_env *e)
{
	u32 cb;
	int err = add_subprog(e, 0);

	for (u32 i = 0; !err && i < e->n; i++) {
		enum ins_class c = ins_class(&e->ins[i]);

		if (e->ins[i].op != OP_LDIMM64_FUNC && c != IC_CALL_SUB && c != IC_CALL_KFUNC)
			continue;
		if (!e->bpf_capable)
			return reject(e, REJ_CALLS_NEED_BPF);
		if (c != IC_CALL_KFUNC)
			err = add_subprog(e, i + (u32)e->ins[i].imm + 1);
	}
	err = err ? err : kfunc_resolve_all(e);
	err = err ? err : find_exception_cb(e, &cb);
	if (err)
		return err;
	e->exception_cb = -1;
	if (cb) {
		err = add_subprog(e, cb);
		if (err)
			return err;
		e->exception_cb = sub_starting(e, cb);
		e->subs[e->exception_cb].is_exception_cb = true;
	}
	e->subs[e->nsubs].start = e->n;
	if (e->log->level & LOG_LEVEL2)
		for (u32 i = 0; i < e->nsubs; i++)
			vf_log(e, "func#%u @%u\n", i, e->subs[i].start);
	return 0;
}

static bool is_tail_call(const struct ins *i)
{
	const struct helper_spec *h = i->op == OP_CALL ? helper_by_id((u32)i->imm) : NULL;

	return h && (h->flags & HF_TAIL_CALL);
}

/* Does the opcode byte jump, whatever else is wrong with the instruction? */
static bool byte_jumps(u8 code)
{
	u8 cls = BPF_CLASS(code), op = BPF_OP(code);

	return (cls == BPF_JMP || cls == BPF_JMP32) && op != BPF_EXIT && op != BPF_CALL;
}

/* Instructions that may end a subprogram although they are no exit count as jumps to its exit. */
static void mark_leaving(struct vf_env *e, const struct subprog *s)
{
	u32 exit = 0;

	for (u32 i = s->start; i < s[1].start; i++)
		if (ins_class(&e->ins[i]) == IC_EXIT)
			exit = i;
	for (u32 i = s->start; i < s[1].start; i++) {
		enum ins_class c = ins_class(&e->ins[i]);

		if (c == IC_LDABS || c == IC_LDIND || is_tail_call(&e->ins[i]))
			e->aux[i].leaves_to = exit;
	}
}

static int check_jumps(struct vf_env *e, u32 sub)
{
	struct subprog *s = &e->subs[sub];
	u32 start = s->start, end = s[1].start;

	for (u32 i = start; i < end; i++) {
		const struct ins *in = &e->ins[i];
		enum ins_class c = ins_class(in);
		s32 off = in->off;
		u32 target = i + 1 + (u32)off;

		if (op_is_jump(in->op))
			target = in->target;
		if (is_tail_call(in))
			s->has_tail_call = s->tail_call_reachable = true;
		if (c == IC_LDABS || c == IC_LDIND)
			s->has_ld_abs = true;
		if (byte_jumps(e->in->insns[i].code) && (target < start || target >= end))
			return reject(e, REJ_JUMP_RANGE, i, (s32)target);
		if (i == end - 1 && c != IC_EXIT && c != IC_JA)
			return reject(e, REJ_LAST_INSN);
	}
	if (sub && (s->has_tail_call || s->has_ld_abs))
		mark_leaving(e, s);
	return 0;
}

int pass_subprogs(struct vf_env *e)
{
	int err = collect_subprogs(e);

	for (u32 i = 0; !err && i < e->nsubs; i++)
		err = check_jumps(e, i);
	return err;
}

/* ---- maps ---- */

static bool sleepable_may_use(const struct map_desc *m)
{
	const struct map_spec *s = map_spec_by_id(m->type);

	return !s || s->sleep_ok;
}

static int check_map_fits(struct vf_env *e, const struct map_desc *m)
{
	u32 special = m->record ? m->record->mask : 0;
	bool tracing = TRACING_TYPES & PT_BIT(e->in->prog_type);

	if ((special & FIELD_GRAPH_ROOT) && tracing)
		return reject(e, REJ_MAP_TRACING_GRAPH);
	if (special & (FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK)) {
		if (e->in->prog_type == BPF_PROG_TYPE_SOCKET_FILTER)
			return reject(e, REJ_MAP_FILTER_LOCK);
		if (tracing)
			return reject(e, REJ_MAP_TRACING, "bpf_spin_lock");
	}
	if ((special & FIELD_TIMER) && tracing)
		return reject(e, REJ_MAP_TRACING, "bpf_timer");
	if ((special & FIELD_WORKQUEUE) && tracing)
		return reject(e, REJ_MAP_TRACING, "bpf_wq");
	if (m->type == BPF_MAP_TYPE_STRUCT_OPS)
		return reject(e, REJ_MAP_STRUCT_OPS);
	if (e->sleepable_prog && !sleepable_may_use(m))
		return reject(e, REJ_MAP_SLEEPABLE);
	return 0;
}

/* Only maps seen for the first time. */
static int check_new_map(struct vf_env *e, const struct map_desc *m)
{
	const struct map_spec *s = map_spec_by_id(m->type);

	if (s && (s->helpers & MH_LOCAL_STORAGE))
		for (u32 i = 0; i + 1 < e->proof->nmaps; i++)
			if (e->proof->maps[i]->type == m->type)
				return reject(e, REJ_ONE_CGROUP_STORAGE);
	if (m->type != UAPI_MAP_TYPE_ARENA)
		return 0;
	if (e->has_arena)
		return reject(e, REJ_ONE_ARENA);
	if (!e->allow_ptr_leaks || !e->bpf_capable)
		return reject(e, REJ_ARENA_CAPS);
	e->has_arena = true;
	if (!m->user_va)
		return reject(e, REJ_ARENA_ADDRESS);
	return 0;
}

static int use_map(struct vf_env *e, int fd, const struct map_desc **ret_map)
{
	struct proof *p = e->proof;
	const struct map_desc *m;
	int err;

	err = e->in->map_by_fd ? e->in->map_by_fd(e->in->cookie, fd, &m) : -EBADF;
	if (err) {
		reject(e, REJ_MAP_FD, fd);
		return err;
	}
	*ret_map = m;
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i] == m)
			return check_map_fits(e, m);
	if (p->nmaps >= MAX_USED_MAPS)
		return reject(e, REJ_TOO_MANY_MAPS, MAX_USED_MAPS);
	if (!p->maps)
		p->maps = ARENA_ARRAY(&p->arena, const struct map_desc *, MAX_USED_MAPS);
	p->maps[p->nmaps++] = m;
	err = check_map_fits(e, m);
	return err ? err : check_new_map(e, m);
}

static int check_map_value(struct vf_env *e, const struct map_desc *m, u32 off)
{
	const struct map_spec *s = map_spec_by_id(m->type);
	int err = 0;

	if (off >= MAX_VAR_OFF)
		return reject(e, REJ_MAP_VALUE_OFF, off);
	if (m->type == UAPI_MAP_TYPE_ARENA)
		return 0;
	if (!s || !(s->helpers & MH_DIRECT_VALUE))
		return reject(e, REJ_MAP_NO_DIRECT_VALUE);
	if (m->max_entries != 1)
		err = -ENOTSUPP;
	else if (off >= m->value_size)
		err = -EINVAL;
	if (err)
		reject(e, REJ_MAP_VALUE_RANGE, m->value_size, off);
	return err;
}

static int resolve_map(struct vf_env *e, u32 i)
{
	const struct ins *in = &e->ins[i];
	struct insn_fact *fact = &e->fact[i];
	bool by_index = in->op == OP_LDIMM64_MAP_IDX || in->op == OP_LDIMM64_MAP_IDX_VALUE;
	bool value = in->op == OP_LDIMM64_MAP_VALUE || in->op == OP_LDIMM64_MAP_IDX_VALUE;
	int fd = in->imm, err = 0;

	if (by_index) {
		err = e->in->fd_at ? e->in->fd_at(e->in->cookie, (u32)in->imm, &fd) : -EPROTO;
		if (err == -EPROTO)
			return reject(e, REJ_FD_IDX);
	}
	err = err ? err : use_map(e, fd, &fact->map);
	if (err || !value)
		return err;
	fact->map_off = (u32)(in->imm64 >> 32);
	return check_map_value(e, fact->map, fact->map_off);
}

/* ---- kernel variables ---- */

static bool is_percpu_var(const struct btf *b, u32 id)
{
	s32 sec = btf_find(b, ".data..percpu", BTF_KIND_DATASEC);
	const struct btf_type *t = sec > 0 ? btf_type(b, (u32)sec) : NULL;

	for (u32 i = 0; t && i < btf_vlen_of(t); i++)
		if (btf_secinfos_of(t)[i].type == id)
			return true;
	return false;
}

static int resolve_btf_id(struct vf_env *e, u32 i)
{
	u32 id = (u32)e->ins[i].imm, kind;
	int fd = s32_of(e->ins[i].imm64 >> 32);
	const struct btf *b = e->in->kernel_btf;
	struct aux *a = &e->aux[i];
	const struct btf_type *t;
	s64 size;

	if (fd && (!e->in->btf_by_fd || e->in->btf_by_fd(e->in->cookie, fd, &b)))
		return reject(e, REJ_MODULE_BTF_FD);
	if (!b)
		return reject(e, REJ_NO_KERNEL_BTF);
	e->fact[i].kfunc_btf = b;
	t = btf_type(b, id);
	if (!t)
		return reject(e, REJ_LDIMM64_BTF_ID, id);
	kind = btf_kind_of(t);
	if (kind != BTF_KIND_VAR && kind != BTF_KIND_FUNC)
		return reject(e, REJ_LDIMM64_BTF_KIND, id);
	if (e->in->ksym_known && btf_is_kernel(b) && !e->in->ksym_known(btf_type_name(b, id)))
		return reject(e, REJ_LDIMM64_KSYM, btf_type_name(b, id));
	if (kind == BTF_KIND_FUNC) {
		a->var_type = T_MEM | TF_RDONLY;
		return 0;
	}
	a->var_btf_id = t->type;
	if (is_percpu_var(b, id)) {
		a->var_type = T_BTF | TF_PERCPU;
		return 0;
	}
	kind = btf_kind_of(btf_type(b, btf_skip_mods(b, t->type)));
	a->var_type = T_BTF;
	if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION)
		return 0;
	size = btf_size_of(b, t->type);
	if (size < 0)
		return reject(e, REJ_LDIMM64_VAR_SIZE, btf_type_name(b, btf_skip_mods(b, t->type)),
			      (long)size);
	a->var_type = T_MEM | TF_RDONLY;
	a->var_mem_size = (u32)size;
	return 0;
}

int pass_ldimm64(struct vf_env *e)
{
	int err = 0;

	for (u32 i = 0; !err && i < e->n; i++) {
		const struct bpf_insn *raw = &e->in->insns[i];
		enum decode_err de = e->decode_err[i];

		if (de == DE_OPCODE && BPF_CLASS(raw->code) == BPF_LDX && BPF_MODE(raw->code) != BPF_MEM &&
		    BPF_MODE(raw->code) != UAPI_MEMSX)
			return reject(e, REJ_RESERVED, "LDX");
		if (de == DE_OPCODE)
			return reject(e, REJ_OPCODE, raw->code);
		if (ins_is_ldimm64(&e->ins[i])) {
			if (de == DE_LDIMM64_CUT || de == DE_LDIMM64_HI)
				return reject(e, REJ_LDIMM64);
			if (isa_err_is_early(de, raw))
				return reject(e, REJ_LDIMM64_KIND);
			if (e->ins[i].op == OP_LDIMM64_BTF_ID)
				err = resolve_btf_id(e, i);
			else if (e->ins[i].op != OP_LDIMM64 && e->ins[i].op != OP_LDIMM64_FUNC)
				err = resolve_map(e, i);
			i++;
		} else if (isa_err_is_early(de, raw)) {
			return reject(e, REJ_RESERVED, "LDX");
		}
	}
	return err;
}
