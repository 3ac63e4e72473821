/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts and objects behind pointers, field by field, and the one judge of an access to them.
 *
 * Invariant: rows of a structure stand in the order of their offsets and do not overlap.
 */
#include <errno.h>
#include <linux/bpf_perf_event.h>

#include "spec/ctx_native.h"
#include "spec/row.h"
#include "spec/spec.h"

enum { /* access column */
	R = CF_R, W = CF_W, N = CF_NARROW, X = CF_WIDE, NS = CF_NARROW | CF_START, NW = CF_NARROW_W,
	U32 = CF_U32, MIN2 = CF_MIN2, CAPR = CF_BPF_R, CAPW = CF_BPF_W,
};

#define SIZE_OF(s, f) ((u16)sizeof(((struct s *)0)->f))
#define ROW(s, f, esize, kind_, access_, progs_, writers_, attach_, attach_w_)                         \
	{ .name = #f, .off = offsetof(struct s, f), .size = (esize),                                   \
	  .count = (u16)(SIZE_OF(s, f) / (esize)),                                                     \
	  .native_off = offsetof(struct s, f), .native_size = (esize), .kind = CK_##kind_,             \
	  .access = (access_), .progs = (progs_), .writers = (writers_),                               \
	  .attach = (attach_), .attach_w = (attach_w_) },
#define IS_F(s, f, ...)  ROW(s, f, SIZE_OF(s, f), __VA_ARGS__)
#define IS_FA(s, f, ...) ROW(s, f, 4, __VA_ARGS__)
#define IS_FP(s, f, kind_, slot, access_, progs_)                                                      \
	{ .name = #f, .off = offsetof(struct s, f), .size = 4, .count = 1,                             \
	  .native_off = (u16)(ROUND_UP(sizeof(struct s), 8) + 8 * (slot)), .native_size = 8,           \
	  .kind = CK_##kind_, .access = (access_), .progs = (progs_) },
#define IS_FX(s, f, off_, size_, count_, kind_, access_)                                               \
	{ .name = #f, .off = (off_), .size = (size_), .count = (count_), .native_off = (off_),         \
	  .native_size = (size_), .kind = CK_##kind_, .access = (access_),                             \
	  .progs = ALL },
/* As an object behind a pointer: read only, whatever the program. */
#define OBJ_F(s, f, kind_, access_, ...)  ROW(s, f, SIZE_OF(s, f), kind_, (access_) & ~W, ALL, 0, 0, 0)
#define OBJ_FA(s, f, kind_, access_, ...) ROW(s, f, 4, kind_, (access_) & ~W, ALL, 0, 0, 0)

static const struct ctx_field skb_fields[] = {
#define F IS_F
#define FA IS_FA
#define FP IS_FP
#include "spec/ctx_skb.def"
};
static const struct ctx_field xdp_fields[] = {
#define F IS_F
#define FA IS_FA
#define FP IS_FP
#include "spec/ctx_xdp.def"
};
static const struct ctx_field sock_fields[] = {
#define F IS_F
#define FO IS_F
#define FA IS_FA
#include "spec/ctx_sock.def"
};
static const struct ctx_field sock_addr_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_sock_addr.def"
};
static const struct ctx_field sock_ops_fields[] = {
#define F IS_F
#define FA IS_FA
#define FX IS_FX
#include "spec/ctx_sock_ops.def"
};
static const struct ctx_field sk_msg_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_sk_msg.def"
};
static const struct ctx_field sk_lookup_fields[] = {
#define F IS_F
#define FA IS_FA
#define FX IS_FX
#include "spec/ctx_sk_lookup.def"
};
static const struct ctx_field sk_reuseport_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_sk_reuseport.def"
};
static const struct ctx_field cgroup_dev_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_cgroup_dev.def"
};
static const struct ctx_field sysctl_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_sysctl.def"
};
static const struct ctx_field sockopt_fields[] = {
#define F IS_F
#define FA IS_FA
#include "spec/ctx_sockopt.def"
};
static const struct ctx_field obj_sock_fields[] = {
#define F OBJ_F
#define FO OBJ_F
#define FA OBJ_FA
#include "spec/ctx_sock.def"
};
static const struct ctx_field obj_sock_common_fields[] = {
#define F OBJ_F
#define FO(...)
#define FA OBJ_FA
#include "spec/ctx_sock.def"
};
static const struct ctx_field obj_tcp_sock_fields[] = {
#define F OBJ_F
#define FA OBJ_FA
#include "spec/ctx_tcp_sock.def"
};
static const struct ctx_field obj_xdp_sock_fields[] = {
#define F OBJ_F
#define FA OBJ_FA
#include "spec/ctx_xdp_sock.def"
};
/* Structures of one or two rows, and those that the system's header lacks. */
#define NUMBERED(f, off_, size_, count_, kind_, access_, type)                                         \
	{ .name = (f), .btf_type = (type), .off = (off_), .size = (size_), .count = (count_),          \
	  .native_off = (off_), .native_size = (size_), .kind = CK_##kind_, .access = (access_),       \
	  .progs = ALL },
static const struct ctx_field nf_fields[] = {
	NUMBERED("state", 0, 8, 1, PTR_BTF, R, "nf_hook_state")
	NUMBERED("skb", 8, 8, 1, PTR_BTF, R, "sk_buff")
};
static const struct ctx_field lirc_fields[] = {
	NUMBERED("sample", 0, 4, 1, SCALAR, R, NULL)
};
static const struct ctx_field perf_event_fields[] = {
	NUMBERED("regs", 0, 8, 21, SCALAR, R, NULL)
	NUMBERED("sample_period", 168, 8, 1, SCALAR, R|N, NULL)
	NUMBERED("addr", 176, 8, 1, SCALAR, R|N, NULL)
};
static const struct ctx_field raw_tp_w_fields[] = {
	NUMBERED("args[0]", 0, 8, 1, TP_BUFFER, R, NULL)
};

/* Sizes of structures that exist on the kernel's side only. */
enum { PT_REGS_SIZE = 168, TRACE_RECORD_MAX = 8192, ARGS_SIZE = 8 * 12 };

#define STRUCT(var, s, extra)                                                                          \
	extern const struct ctx_spec context_##var;                                                    \
	const struct ctx_spec context_##var = { .uapi = #s, .size = sizeof(struct s),                  \
		.native_size = ROUND_UP(sizeof(struct s), 8) + (extra), .nfields = ARRAY_SIZE(var##_fields), \
		.fields = var##_fields };
#define OTHER(var, name, size_, ...)                                                                   \
	extern const struct ctx_spec context_##var;                                                    \
	const struct ctx_spec context_##var = { .uapi = (name), .size = (size_),                       \
		.native_size = (size_), __VA_ARGS__ };
#define ROWS(f)           .nfields = ARRAY_SIZE(f), .fields = (f)
#define SCALARS(min, max) .any_scalar = true, .raw_min = (min), .raw_max = (max)

STRUCT(skb,          __sk_buff,          sizeof(struct native_pkt))
STRUCT(xdp,          xdp_md,             sizeof(struct native_pkt))
STRUCT(sock,         bpf_sock,           0)
STRUCT(sock_addr,    bpf_sock_addr,      0)
STRUCT(sk_msg,       sk_msg_md,          0)
STRUCT(sk_lookup,    bpf_sk_lookup,      0)
STRUCT(sk_reuseport, sk_reuseport_md,    0)
STRUCT(cgroup_dev,   bpf_cgroup_dev_ctx, 0)
STRUCT(sysctl,       bpf_sysctl,         0)
STRUCT(sockopt,      bpf_sockopt,        0)
OTHER(sock_ops,   "bpf_sock_ops",        224, ROWS(sock_ops_fields))
OTHER(perf_event, "bpf_perf_event_data", 184, ROWS(perf_event_fields))
OTHER(nf,         "bpf_nf_ctx",          16,  ROWS(nf_fields))
OTHER(lirc,       "u32",                 4,   ROWS(lirc_fields))
OTHER(pt_regs,    "pt_regs",     PT_REGS_SIZE, SCALARS(0, PT_REGS_SIZE))
OTHER(tracepoint, "trace_event", TRACE_RECORD_MAX, SCALARS(8, TRACE_RECORD_MAX))
OTHER(raw_tp,     "bpf_raw_tracepoint_args", ARGS_SIZE, SCALARS(0, ARGS_SIZE), .raw_args = true)
OTHER(raw_tp_w,   "bpf_raw_tracepoint_args", ARGS_SIZE, SCALARS(0, ARGS_SIZE), .raw_args = true,
      ROWS(raw_tp_w_fields))
OTHER(tracing,    "u64[]",       ARGS_SIZE, SCALARS(0, ARGS_SIZE), .raw_args = true)
OTHER(syscall,    "void",        65535, SCALARS(0, 65535), .any_write = true)
OTHER(none,       "void",        0)

#define OBJECT(var, s)                                                                                 \
	static const struct ctx_spec var = { .uapi = #s, .size = sizeof(struct s), ROWS(var##_fields) };
OBJECT(obj_sock_common, bpf_sock)
OBJECT(obj_sock,        bpf_sock)
OBJECT(obj_tcp_sock,    bpf_tcp_sock)
OBJECT(obj_xdp_sock,    bpf_xdp_sock)
const struct ctx_spec *const obj_spec[OBJ_COUNT] = {
	[OBJ_SOCK_COMMON] = &obj_sock_common,
	[OBJ_SOCK] = &obj_sock,
	[OBJ_TCP_SOCK] = &obj_tcp_sock,
	[OBJ_XDP_SOCK] = &obj_xdp_sock,
};

_Static_assert(offsetof(struct native_skb, pkt) == ROUND_UP(sizeof(struct __sk_buff), 8), "ctx_skb.def");
_Static_assert(offsetof(struct native_xdp, pkt) == ROUND_UP(sizeof(struct xdp_md), 8), "ctx_xdp.def");

const struct ctx_field *ctx_field_at(const struct ctx_spec *c, u32 off, u32 prog_type)
{
	for (u32 i = 0; i < c->nfields; i++) {
		const struct ctx_field *f = &c->fields[i];
		u32 end = (u32)f->off + (u32)f->size * f->count;

		if (off >= f->off && off < end && (f->progs & PT_BIT(prog_type)))
			return f;
	}
	return NULL;
}

/* May a field be read or written `size` bytes wide at `off`, which is within it and aligned? */
static bool size_fits(const struct ctx_field *f, u32 off, u32 size, bool write)
{
	u32 end = (u32)f->off + (u32)f->size * f->count;

	if (size == f->size)
		return true;
	if (size < f->size) {
		if ((f->access & CF_MIN2) && size < 2)
			return false;
		if ((f->access & CF_START) && off != f->off)
			return false;
		return f->access & (write ? CF_NARROW_W : CF_NARROW);
	}
	if ((f->access & CF_U32) && size == 4 && !write)
		return off == f->off;
	return (f->access & CF_WIDE) && size == 8 && off + size <= end;
}

static bool field_allows(const struct ctx_field *f, const struct ctx_access *a)
{
	u64 attach = a->write && f->attach_w ? f->attach_w : f->attach;
	u32 cap = a->write ? CF_BPF_W : CF_BPF_R;

	if (!(f->access & (a->write ? CF_W : CF_R)))
		return false;
	if (a->write && !(f->writers & PT_BIT(a->prog_type)))
		return false;
	if (attach && !(attach & attach_bit(a->attach_type)))
		return false;
	if ((f->access & cap) && !caps_grant(a->caps, CAPB_BPF))
		return false;
	if (a->sign_extend && f->kind != CK_SCALAR)
		return false;
	return size_fits(f, (u32)a->off, a->size, a->write);
}

int ctx_access_check(const struct ctx_spec *c, const struct ctx_access *a, const struct ctx_field **ret_field)
{
	const struct ctx_field *f;

	if (a->off < 0 || a->off >= c->size || a->off % a->size)
		return -EACCES;
	f = ctx_field_at(c, (u32)a->off, a->prog_type);
	/* Among raw arguments a row claims its first byte only. */
	if (f && c->any_scalar && a->off != f->off)
		f = NULL;
	if (f) {
		if (!field_allows(f, a))
			return -EACCES;
	} else {
		if (!c->any_scalar || (a->write && !c->any_write))
			return -EACCES;
		if (a->off < c->raw_min || a->off + a->size > c->raw_max)
			return -EACCES;
	}
	*ret_field = f;
	return 0;
}
