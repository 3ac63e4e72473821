/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the memory rooms (mem.c, mem_*.c) and the call rooms (call*.c, resource.c) share among themselves.
 *
 * Invariant: a check here is a whitelist over a register's base type and modifiers; what it does not name, it refuses.
 */
#ifndef SKEP_VERIFIER_MEM_H
#define SKEP_VERIFIER_MEM_H

#include "verifier/env.h"

/* Text of a tristate number in messages: "(0x0; 0xff)". */
struct tnum_text { char s[48]; };
const char *tnum_text(struct tnum_text *buf, struct tnum t);

static inline bool is_pkt(u32 type) { return type == T_PKT || type == T_PKT_META; }
static inline bool is_pkt_any(u32 type)
{
	return T_BASE(type) == T_PKT || T_BASE(type) == T_PKT_META || T_BASE(type) == T_PKT_END;
}
static inline bool is_sock(u32 type)
{
	return type == T_SOCKET || type == T_SOCK_COMMON || type == T_TCP_SOCK || type == T_XDP_SOCK;
}
static inline bool may_be_null(u32 type) { return type & TF_NULL; }
static inline bool slot_is_spill(const struct slot *s) { return s->type[SLOT_SIZE - 1] == SLOT_SPILL; }
static inline bool slot_is_scalar_spill(const struct slot *s)
{
	return slot_is_spill(s) && s->reg.type == T_SCALAR;
}
/* Without CAP_PERFMON nothing but a scalar may leave the program. */
static inline bool leaks_pointer(struct vf_env *e, u32 regno)
{
	return !e->allow_ptr_leaks && cur_regs(e)[regno].type != T_SCALAR;
}
static inline struct frame *frame_of(struct vf_env *e, const struct reg *r) { return e->cur->frame[r->frameno]; }

/* A pointer of this type with no offset: nothing else of the old value stays. */
static inline void reg_make_ptr(struct reg *r, u32 type)
{
	r->off = 0;
	r->raw1 = r->raw2 = r->raw3 = 0;
	r->id = r->ref_id = 0;
	r->frameno = 0;
	reg_set_known(r, 0);
	r->type = type;
	r->precise = false;
}
static inline void reg_make_zero(struct vf_env *e, struct reg *r)
{
	reg_make_ptr(r, T_SCALAR);
	r->precise = !e->bpf_capable;
}

/* Remember what kind of memory an instruction touches (enum mem_fact). */
void mem_note(struct vf_env *e, u32 insn, enum mem_fact kind);
/* The field of a context or object that is touched; NULL: none that a row names. */
void mem_note_field(struct vf_env *e, u32 insn, const struct ctx_field *f);

/* ---- mem.c ---- */
/* [off, off+size) with the register's variable part lies in a region of `mem_size` bytes. */
int mem_region(struct vf_env *e, u32 regno, s32 off, s32 size, u32 mem_size, bool zero_ok);
int mem_alignment(struct vf_env *e, const struct reg *r, s32 off, u32 size, bool strict_once);
/* mem_helper_access() and mem_size_arg() with the call's facts: raw mode, and where the helper will write. */
int mem_arg_access(struct vf_env *e, u32 regno, s32 size, int rw, bool zero_ok, struct call_meta *m);
int mem_arg_size(struct vf_env *e, u32 regno, int rw, bool zero_ok, struct call_meta *m);

/* ---- mem_stack.c ---- */
int stack_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg);
/* A helper reads or fills stack memory; `m` may be NULL. */
int stack_range(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok, int rw, struct call_meta *m);

/* ---- mem_ctx.c ---- */
int ctx_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool sext);
int sock_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size);
/* The function the program attaches to returns nothing. */
bool attach_is_void(const struct vf_env *e);
/* Values a security hook's program may return. False: any. */
bool lsm_return_range(const struct vf_env *e, struct ret_range *ret_range);
/* The context of this program type has no table: any byte a loader provides. */
bool ctx_is_plain(const struct vf_env *e);

/* ---- mem_btf.c ---- */
int reject_walk(struct vf_env *e, const struct btf_walk_bad *b); /* an access that hits no field */

/* ---- mem_pkt.c ---- */
int pkt_access(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok);
/* May this program read or write packets through pointers; `m`: through a helper. */
bool pkt_allowed(struct vf_env *e, const struct call_meta *m, int rw);
int flow_keys_access(struct vf_env *e, s32 off, u32 size);

/* ---- mem_map.c ---- */
int map_rights(struct vf_env *e, u32 regno, s32 off, s32 size, int rw);
int map_bounds(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok, bool direct);
int map_value_access(struct vf_env *e, u32 insn, u32 regno, s32 off, u32 size, int rw, s32 value_reg, bool sext);
int map_ptr_access(struct vf_env *e, u32 regno, s32 off, u32 size, int rw, s32 value_reg);
int map_const_str(struct vf_env *e, u32 regno);
/* Bytes of a constant string argument that map_const_str() accepted. */
const char *map_str_at(const struct reg *r);
const char *field_kind_name(u32 kind);

/* ---- attach.c ---- */
/* The kernel may be asked for a path's name where the program attaches: no lock of the file system's is held there. */
bool attach_may_name_path(const struct vf_env *e);

/* ---- call.c ---- */
void clear_caller_saved(struct vf_env *e, struct reg *regs);
/* What follows a tail call: going on, and for a function also returning from it. */
int tail_call_leaves(struct vf_env *e, u32 *insn);

#endif
