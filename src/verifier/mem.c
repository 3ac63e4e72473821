/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads, stores and atomics: which pointer may be used for what.
 *
 * Duty: dispatch an access to the room of its pointer's type; alignment and bounds of plain regions; memory arguments of
 * helpers. Invariant: an access is accepted only if every byte it can touch, for every value its pointer can have, belongs to
 * the object the pointer was made for.
 */
#include <stdio.h>

#include "verifier/mem.h"

#define MAX_ACCESS_SIZE (1 << 29)

const char *tnum_text(struct tnum_text *buf, struct tnum t)
{
	if (t.mask)
		snprintf(buf->s, sizeof(buf->s), "(0x%llx; 0x%llx)", (unsigned long long)t.value, (unsigned long long)t.mask);
	else
		snprintf(buf->s, sizeof(buf->s), t.value <= UINT16_MAX ? "%llu" : "0x%llx", (unsigned long long)t.value);
	return buf->s;
}

/*
 * What a path under mistaken prediction would touch is no fact: such a path may end at the very next check, and code is made for those
 * that run.
 */
void mem_note(struct vf_env *e, u32 insn, enum mem_fact kind)
{
	u8 *m = &e->fact[insn].mem;

	if (e->cur->speculative)
		return;
	if (*m == MF_NONE || *m == kind)
		*m = (u8)kind;
	else if (*m == MF_OPAQUE || kind == MF_OPAQUE)
		*m = MF_OPAQUE; /* nothing of ours may be seen on either path */
	else if (*m == MF_PROBE || kind == MF_PROBE)
		*m = MF_PROBE; /* faults must be survived on either path */
	else
		*m = MF_MEM;
}

void mem_note_field(struct vf_env *e, u32 insn, const struct ctx_field *f)
{
	if (!e->cur->speculative)
		e->fact[insn].field = f;
}

/* ---- alignment ---- */

static const char *align_name(u32 type)
{
	switch (type) {
	case T_FLOW_KEYS: return "flow keys ";
	case T_MAP_KEY: return "key ";
	case T_MAP_VALUE: return "value ";
	case T_CTX: return "context ";
	case T_STACK: return "stack ";
	case T_SOCKET: return "sock ";
	case T_SOCK_COMMON: return "sock_common ";
	case T_TCP_SOCK: return "tcp_sock ";
	case T_XDP_SOCK: return "xdp_sock ";
	default: return "";
	}
}

/* Ethernet headers are 14 bytes: packets start at 2 modulo 4, so that IP headers are aligned. */
#define PKT_IP_ALIGN 2

int mem_alignment(struct vf_env *e, const struct reg *r, s32 off, u32 size, bool strict_once)
{
	bool strict = e->strict_align || strict_once;
	struct tnum_text t;
	struct tnum at;

	if (r->type == T_ARENA)
		return 0;
	if (is_pkt(r->type)) {
		if (!strict || size == 1)
			return 0;
		at = tnum_add(r->var, tnum_const((u64)(s64)(PKT_IP_ALIGN + r->off + off)));
		if (tnum_is_aligned(at, size))
			return 0;
		return reject(e, REJ_MISALIGNED_PKT, PKT_IP_ALIGN, tnum_text(&t, r->var), r->off, off, size);
	}
	/* Tracking of spills relies on aligned stack accesses. */
	if (r->type == T_STACK)
		strict = true;
	if (!strict || size == 1)
		return 0;
	at = tnum_add(r->var, tnum_const((u64)((s64)r->off + off)));
	if (tnum_is_aligned(at, size))
		return 0;
	return reject(e, REJ_MISALIGNED, align_name(r->type), tnum_text(&t, r->var), r->off, off, size);
}

/* ---- plain regions ---- */

static int region_at(struct vf_env *e, u32 regno, s64 off, s32 size, u32 mem_size, bool zero_ok)
{
	const struct reg *r = &cur_regs(e)[regno];

	if (off >= 0 && (size > 0 || (size == 0 && zero_ok)) && (u64)off + (u64)size <= mem_size)
		return 0;
	switch (r->type) {
	case T_MAP_KEY:
		return reject(e, REJ_MAP_KEY_BOUNDS, mem_size, (s32)off, size);
	case T_MAP_VALUE:
		return reject(e, REJ_MAP_VALUE_BOUNDS, mem_size, (s32)off, size);
	case T_PKT:
	case T_PKT_META:
	case T_PKT_END:
		return reject(e, REJ_PKT_BOUNDS, (s32)off, size, regno, r->id, (s32)off, mem_size);
	default:
		return reject(e, REJ_MEM_BOUNDS, mem_size, (s32)off, size);
	}
}

int mem_region(struct vf_env *e, u32 regno, s32 off, s32 size, u32 mem_size, bool zero_ok)
{
	const struct reg *r = &cur_regs(e)[regno];
	s64 low;
	int err;

	if (r->smin < 0 && (r->smin == S64_MIN || off + r->smin != (s64)(s32)(off + r->smin) || r->smin + off < 0))
		return reject(e, REJ_MIN_NEGATIVE_INDEX, regno);
	low = (s64)(s32)((u64)r->smin + (u64)(s64)off);
	err = region_at(e, regno, low, size, mem_size, zero_ok);
	if (err)
		return reject(e, REJ_MIN_OUTSIDE, regno);
	if (r->umax >= MAX_VAR_OFF)
		return reject(e, REJ_UNBOUNDED_ACCESS, regno);
	err = region_at(e, regno, (s64)r->umax + off, size, mem_size, zero_ok);
	if (err)
		return reject(e, REJ_MAX_OUTSIDE, regno);
	return 0;
}

int ptr_offset_fixed(struct vf_env *e, const struct reg *r, u32 regno, bool fixed_ok)
{
	struct tnum_text t;

	if (r->off < 0)
		return reject(e, REJ_NEGATIVE_OFF_PTR, reg_type_name(e, r->type), regno, r->off);
	if (!fixed_ok && r->off)
		return reject(e, REJ_MODIFIED_PTR, reg_type_name(e, r->type), regno, r->off);
	if (!tnum_is_const(r->var) || r->var.value)
		return reject(e, REJ_VARIABLE_PTR, reg_type_name(e, r->type), tnum_text(&t, r->var));
	return 0;
}

/* Buffers whose size is only known when the program attaches: a constant offset, remembered. */
static int mem_buf_access(struct vf_env *e, u32 regno, s32 off, u32 size)
{
	const struct reg *r = &cur_regs(e)[regno];
	const char *what = T_BASE(r->type) == T_TP_BUFFER ? "tracepoint" : r->type & TF_RDONLY ? "rdonly" : "rdwr";
	struct tnum_text t;

	if (off < 0)
		return reject(e, REJ_BUF_BOUNDS, regno, what, off, size);
	if (!tnum_is_const(r->var) || r->var.value)
		return reject(e, REJ_BUF_VARIABLE, regno, off, tnum_text(&t, r->var));
	if (T_BASE(r->type) == T_TP_BUFFER && (u32)off + size > e->proof->max_tp_access)
		e->proof->max_tp_access = (u32)off + size;
	if (T_BASE(r->type) == T_BUF) {
		u32 *max = r->type & TF_RDONLY ? &e->proof->max_rdonly : &e->proof->max_rdwr;
		*max = MAX(*max, (u32)off + size);
	}
	return 0;
}

/* ---- one access ---- */

/* Without CAP_PERFMON no pointer may be stored where others can see it. */
static int no_leak(struct vf_env *e, int rw, s32 value_reg, const char *where)
{
	if (rw == MEM_WRITE && value_reg >= 0 && leaks_pointer(e, (u32)value_reg))
		return reject(e, REJ_LEAK_STORE, value_reg, where);
	return 0;
}

static void value_unknown(struct vf_env *e, s32 value_reg)
{
	if (value_reg >= 0)
		reg_mark_unknown(e, &cur_regs(e)[value_reg]);
}

static int refuse_write(struct vf_env *e, u32 regno)
{
	return reject(e, REJ_CANNOT_WRITE, regno, reg_type_name(e, cur_regs(e)[regno].type));
}

static int plain_mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	const struct reg *r = &cur_regs(e)[regno];
	bool rdonly = r->type & TF_RDONLY, untrusted = rdonly && (r->type & TF_UNTRUSTED);
	int err;

	if (may_be_null(r->type))
		return reject(e, REJ_INVALID_MEM, regno, reg_type_name(e, r->type));
	if (rw == MEM_WRITE && rdonly)
		return refuse_write(e, regno);
	err = no_leak(e, rw, value_reg, "mem");
	if (err)
		return err;
	mem_note(e, insn, untrusted ? MF_PROBE : MF_MEM);
	/* Untrusted memory is read by loads that survive a fault: any address will do. */
	if (!untrusted) {
		err = mem_region(e, regno, off, (s32)size, r->mem_size, false);
		if (err)
			return err;
	}
	if (rw == MEM_READ || rdonly)
		value_unknown(e, value_reg);
	return 0;
}

static int buf_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	bool rdonly = cur_regs(e)[regno].type & TF_RDONLY;
	int err;

	if (rdonly && rw == MEM_WRITE)
		return refuse_write(e, regno);
	err = mem_buf_access(e, regno, off, size);
	if (err)
		return err;
	mem_note(e, insn, MF_MEM);
	if (rdonly || rw == MEM_READ)
		value_unknown(e, value_reg);
	return 0;
}

static int packet_mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	int err;

	if (rw == MEM_WRITE && !pkt_allowed(e, NULL, rw))
		return reject(e, REJ_PKT_WRITE);
	err = no_leak(e, rw, value_reg, "packet");
	if (!err)
		err = pkt_access(e, regno, off, (s32)size, false);
	if (err)
		return err;
	mem_note(e, insn, MF_PKT);
	if (rw == MEM_READ)
		value_unknown(e, value_reg);
	return 0;
}

static int map_key_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	int err;

	if (rw == MEM_WRITE)
		return reject(e, REJ_KEY_WRITE, regno);
	err = mem_region(e, regno, off, (s32)size, cur_regs(e)[regno].map->key_size, false);
	if (err)
		return err;
	mem_note(e, insn, MF_MEM);
	value_unknown(e, value_reg);
	return 0;
}

static int btf_mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	u32 type = cur_regs(e)[regno].type;
	/* only objects that programs made are surely there: what stands for the kernel's may be a number given to a test run */
	bool good = (type & TF_ALLOC) && !(type & TF_UNTRUSTED);
	int err = mem_btf_access(e, regno, off, size, rw, value_reg);

	if (!err)
		mem_note(e, insn, good ? MF_MEM : MF_PROBE);
	return err;
}

static int flow_keys_mem_access(struct vf_env *e, u32 insn, s32 off, u32 size, int rw, s32 value_reg)
{
	int err = no_leak(e, rw, value_reg, "flow keys");

	if (!err)
		err = flow_keys_access(e, off, size);
	if (err)
		return err;
	mem_note(e, insn, MF_MEM);
	if (rw == MEM_READ)
		value_unknown(e, value_reg);
	return 0;
}

static int sock_mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg)
{
	int err;

	if (rw == MEM_WRITE)
		return refuse_write(e, regno);
	err = sock_access(e, insn, regno, off, size);
	if (err)
		return err;
	mem_note(e, insn, MF_SOCK);
	value_unknown(e, value_reg);
	return 0;
}

/* The pointer types whose modifiers must all be absent. */
static int mem_access_plain(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool sext)
{
	const struct reg *r = &cur_regs(e)[regno];
	int err;

	switch (r->type) {
	case T_MAP_KEY:
		return map_key_access(e, insn, regno, off, size, rw, value_reg);
	case T_MAP_VALUE:
		err = no_leak(e, rw, value_reg, "map");
		return err ? err : map_value_access(e, insn, regno, off, size, rw, value_reg, sext);
	case T_CTX:
		err = no_leak(e, rw, value_reg, "ctx");
		return err ? err : ctx_access(e, insn, regno, off, size, rw, value_reg, sext);
	case T_STACK:
		mem_note(e, insn, MF_STACK);
		return stack_access(e, insn, regno, off, size, rw, value_reg);
	case T_PKT:
	case T_PKT_META:
		return packet_mem_access(e, insn, regno, off, size, rw, value_reg);
	case T_FLOW_KEYS:
		return flow_keys_mem_access(e, insn, off, size, rw, value_reg);
	case T_SOCKET:
	case T_SOCK_COMMON:
	case T_TCP_SOCK:
	case T_XDP_SOCK:
		return sock_mem_access(e, insn, regno, off, size, rw, value_reg);
	case T_TP_BUFFER:
		err = mem_buf_access(e, regno, off, size);
		if (err)
			return err;
		mem_note(e, insn, MF_MEM);
		if (rw == MEM_READ)
			value_unknown(e, value_reg);
		return 0;
	case T_MAP:
		return map_ptr_access(e, regno, off, size, rw, value_reg);
	case T_ARENA:
		mem_note(e, insn, MF_ARENA);
		if (rw == MEM_READ)
			value_unknown(e, value_reg);
		return 0;
	default:
		return reject(e, REJ_INVALID_MEM, regno, reg_type_name(e, r->type));
	}
}

int mem_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool strict_once, bool sext)
{
	const struct reg *r = &cur_regs(e)[regno];
	struct reg *val;
	int err = mem_alignment(e, r, off, size, strict_once);

	if (err)
		return err;
	off = (s32)((u32)off + (u32)r->off);
	if (T_BASE(r->type) == T_MEM)
		err = plain_mem_access(e, insn, regno, off, size, rw, value_reg);
	else if (T_BASE(r->type) == T_BTF && !may_be_null(r->type))
		err = btf_mem_access(e, insn, regno, off, size, rw, value_reg);
	else if (T_BASE(r->type) == T_BUF && !may_be_null(r->type))
		err = buf_access(e, insn, regno, off, size, rw, value_reg);
	else
		err = mem_access_plain(e, insn, regno, off, size, rw, value_reg, sext);
	if (err)
		return err;
	if (size == 8 || value_reg < 0 || rw != MEM_READ)
		return 0;
	val = &cur_regs(e)[value_reg];
	if (val->type != T_SCALAR)
		return 0;
	if (sext)
		reg_sext64(val, size);
	else
		reg_truncate(val, size);
	return 0;
}

/* ---- instructions ---- */

/* Types whose accesses are lowered by type: an instruction must not meet two of them. */
static bool type_is_lowered(u32 type)
{
	switch (T_BASE(type)) {
	case T_CTX: case T_SOCKET: case T_SOCK_COMMON: case T_TCP_SOCK: case T_XDP_SOCK: case T_BTF: case T_ARENA:
		return true;
	default:
		return type == (T_MEM | TF_RDONLY | TF_UNTRUSTED);
	}
}

static int note_ptr_type(struct vf_env *e, u32 type, bool trust_may_differ)
{
	struct aux *a = &e->aux[e->insn];

	if (!a->ptr_type_set) {
		a->ptr_type = type;
		a->ptr_type_set = true;
		return 0;
	}
	if (type == a->ptr_type || (!type_is_lowered(type) && !type_is_lowered(a->ptr_type)))
		return 0;
	if (trust_may_differ && T_BASE(type) == T_BTF && T_BASE(a->ptr_type) == T_BTF) {
		a->ptr_type = T_BTF | TF_UNTRUSTED;
		return 0;
	}
	if (trust_may_differ && (T_BASE(type) == T_BTF || T_BASE(type) == T_MEM) &&
	    (T_BASE(a->ptr_type) == T_BTF || T_BASE(a->ptr_type) == T_MEM)) {
		a->ptr_type = T_MEM | TF_RDONLY | TF_UNTRUSTED;
		return 0;
	}
	return reject(e, REJ_MIXED_POINTERS);
}

static int load(struct vf_env *e, const struct ins *i, bool strict_once, bool trust_may_differ)
{
	const struct op_info *o = ins_info(i);
	u32 type;
	int err;

	err = reg_check(e, i->src, USE_SRC);
	if (!err)
		err = reg_check(e, i->dst, USE_DST_NO_MARK);
	if (err)
		return err;
	type = cur_regs(e)[i->src].type;
	err = mem_access(e, e->insn, i->src, i->off, o->size, MEM_READ, i->dst, strict_once, o->sx != 0);
	return err ? err : note_ptr_type(e, type, trust_may_differ);
}

static int store_reg(struct vf_env *e, const struct ins *i, bool strict_once)
{
	u32 type;
	int err;

	err = reg_check(e, i->src, USE_SRC);
	if (!err)
		err = reg_check(e, i->dst, USE_SRC);
	if (err)
		return err;
	type = cur_regs(e)[i->dst].type;
	err = mem_access(e, e->insn, i->dst, i->off, ins_info(i)->size, MEM_WRITE, i->src, strict_once, false);
	return err ? err : note_ptr_type(e, type, false);
}

int step_load(struct vf_env *e, const struct ins *i)
{
	return load(e, i, false, true);
}

int step_store(struct vf_env *e, const struct ins *i)
{
	u32 type;
	int err;

	if (ins_class(i) == IC_STX)
		return store_reg(e, i, false);
	err = reg_check(e, i->dst, USE_SRC);
	if (err)
		return err;
	type = cur_regs(e)[i->dst].type;
	err = mem_access(e, e->insn, i->dst, i->off, ins_info(i)->size, MEM_WRITE, -1, false, false);
	return err ? err : note_ptr_type(e, type, false);
}

/* Objects shown through field tables, and packets, have no atomics. */
static bool atomic_ok(u32 type)
{
	return type != T_CTX && !is_pkt(type) && type != T_FLOW_KEYS && !is_sock(type);
}

static int atomic_rmw(struct vf_env *e, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	s32 load_reg = -1;
	int err;

	err = reg_check(e, i->src, USE_SRC);
	if (!err)
		err = reg_check(e, i->dst, USE_SRC);
	if (err)
		return err;
	if (o->sub == AT_CMPXCHG) {
		err = reg_check(e, 0, USE_SRC);
		if (err)
			return err;
		if (leaks_pointer(e, 0))
			return reject(e, REJ_LEAK_STORE, 0, "mem");
	}
	if (leaks_pointer(e, i->src))
		return reject(e, REJ_LEAK_STORE, i->src, "mem");
	if (!atomic_ok(cur_regs(e)[i->dst].type))
		return reject(e, REJ_ATOMIC_STORE, i->dst, reg_type_name(e, cur_regs(e)[i->dst].type));
	if (o->sub >= AT_FETCH_ADD) {
		load_reg = o->sub == AT_CMPXCHG ? 0 : i->src;
		err = reg_check(e, (u32)load_reg, USE_DST);
		if (err)
			return err;
	}
	/* Readable at all, then what the fetched value is, then writable. */
	err = mem_access(e, e->insn, i->dst, i->off, o->size, MEM_READ, -1, true, false);
	if (!err && load_reg >= 0)
		err = mem_access(e, e->insn, i->dst, i->off, o->size, MEM_READ, load_reg, true, false);
	if (!err)
		err = note_ptr_type(e, cur_regs(e)[i->dst].type, false);
	if (!err)
		err = mem_access(e, e->insn, i->dst, i->off, o->size, MEM_WRITE, -1, true, false);
	return err;
}

int step_atomic(struct vf_env *e, const struct ins *i)
{
	u32 type;
	int err;

	switch (ins_class(i)) {
	case IC_LOAD_ACQ:
		type = cur_regs(e)[i->src].type; /* the load may overwrite it */
		err = load(e, i, true, false);
		if (err)
			return err;
		if (!atomic_ok(type))
			return reject(e, REJ_ATOMIC_LOAD, i->src, reg_type_name(e, type));
		return 0;
	case IC_STORE_REL:
		err = store_reg(e, i, true);
		if (err)
			return err;
		type = cur_regs(e)[i->dst].type;
		if (!atomic_ok(type))
			return reject(e, REJ_ATOMIC_STORE, i->dst, reg_type_name(e, type));
		return 0;
	default:
		return atomic_rmw(e, i);
	}
}

/* ---- memory arguments of helpers and kfuncs ---- */

static int ctx_arg_access(struct vf_env *e, u32 regno, s32 size, int rw, bool zero_ok)
{
	if (size == 0)
		return zero_ok ? 0 : -EACCES;
	return mem_access(e, e->insn, regno, size - 1, 1, rw, -1, false, false);
}

int mem_arg_access(struct vf_env *e, u32 regno, s32 size, int rw, bool zero_ok, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	int err;

	switch (T_BASE(r->type)) {
	case T_PKT:
	case T_PKT_META:
		return pkt_access(e, regno, r->off, size, zero_ok);
	case T_MAP_KEY:
		if (rw == MEM_WRITE)
			return refuse_write(e, regno);
		return mem_region(e, regno, r->off, size, r->map->key_size, false);
	case T_MAP_VALUE:
		err = map_rights(e, regno, r->off, size, rw);
		return err ? err : map_bounds(e, regno, r->off, size, zero_ok, false);
	case T_MEM:
		if ((r->type & TF_RDONLY) && rw == MEM_WRITE)
			return refuse_write(e, regno);
		return mem_region(e, regno, r->off, size, r->mem_size, zero_ok);
	case T_BUF:
		if ((r->type & TF_RDONLY) && rw == MEM_WRITE)
			return refuse_write(e, regno);
		return mem_buf_access(e, regno, r->off, (u32)size);
	case T_STACK:
		return stack_range(e, regno, r->off, size, zero_ok, rw, m);
	case T_BTF:
		return mem_btf_access(e, regno, r->off, (u32)size, rw, -1);
	case T_CTX:
		if (ctx_is_plain(e))
			return ctx_arg_access(e, regno, size, rw, zero_ok);
		break;
	default:
		break;
	}
	if (zero_ok && size == 0 && reg_is_zero(r))
		return mark_precise(e, regno);
	/* One message in two pieces: the name of a type lives until the next one is asked for. */
	vf_log(e, "R%d type=%s ", regno, reg_type_name(e, r->type));
	return reject(e, REJ_EXPECTED_FP, reg_type_name(e, T_STACK));
}

int mem_arg_size(struct vf_env *e, u32 regno, int rw, bool zero_ok, struct call_meta *m)
{
	const struct reg *r = &cur_regs(e)[regno];
	int err;

	if (m)
		m->msize_max = (s64)r->umax;
	/* What a call with a variable size leaves unwritten must have been written before. */
	if (!tnum_is_const(r->var))
		m = NULL;
	if (r->smin < 0)
		return reject(e, REJ_MIN_NEGATIVE_SIZE, regno);
	if (r->umin == 0 && !zero_ok)
		return reject(e, REJ_ZERO_SIZE, regno, (long long)r->umin, (long long)r->umax);
	if (r->umax >= MAX_ACCESS_SIZE)
		return reject(e, REJ_UNBOUNDED_SIZE, regno);
	err = mem_arg_access(e, regno - 1, (s32)r->umax, rw, zero_ok, m);
	return err ? err : mark_precise(e, regno);
}

int mem_helper_access(struct vf_env *e, u32 regno, u32 size, int rw, bool zero_ok, bool uninit_ok)
{
	struct call_meta m = { .raw_mode = uninit_ok };

	return mem_arg_access(e, regno, (s32)size, rw, zero_ok, &m);
}

int mem_size_arg(struct vf_env *e, u32 regno, int rw, bool zero_ok, bool uninit_ok)
{
	struct call_meta m = { .raw_mode = uninit_ok };

	return mem_arg_size(e, regno, rw, zero_ok, &m);
}
