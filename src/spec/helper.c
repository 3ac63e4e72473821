/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers' contracts, expanded from helper.def, and who may call them.
 *
 * Invariant: helper_spec[id] is the row of Linux's helper id; only [0] is empty.
 */
#include "spec/helper_abi.h"

#include <errno.h>

#include "spec/row.h"
#include "spec/spec.h"

enum { /* flags column */
	NULLABLE = HF_NULL, GPL = HF_GPL, SLEEPS = HF_SLEEP, MOVES_PKT = HF_MOVES_PKT, ACQUIRE = HF_ACQUIRE,
	RELEASE = HF_RELEASE, SYNC_CB = HF_SYNC_CB, ASYNC_CB = HF_ASYNC_CB, TAIL_CALL = HF_TAIL_CALL,
	PKT = HF_PKT_ACCESS, LOCK = HF_LOCK, UNLOCK = HF_UNLOCK, IN_LOCK = HF_IN_LOCK,
	REFINES = HF_REFINES_RET, TRUSTED = HF_TRUSTED,
	RDONLY = HF_RDONLY_RET, FAST = HF_FASTCALL, RANGE = HF_CONST_RANGE, MAP_OPS = HF_MAP_OPS,
	DYNPTR_REF = HF_DYNPTR_REF, CAST = HF_PTR_CAST, STORAGE = HF_STORAGE_GET, CPUS = HF_RET_CPU,
};
enum { /* caps column */
	BPF = CAPB_BPF, PERFMON = CAPB_BPF | CAPB_PERFMON, SYS_ADMIN = CAPB_SYS_ADMIN,
	NOT_SYSCALL = CAPB_NOT_SYSCALL,
};
/* ret column. The number of CPUs is below Linux's largest, or that of the machine where it is known. */
#define RT_INT         .ret = RET_INT
#define RT_CPU         .ret = RET_INT, .ret_min = 0, .ret_max = 8191
#define RT_VOID        .ret = RET_VOID
#define RT_MAP_VALUE   .ret = RET_MAP_VALUE
#define RT_SOCKET      .ret = RET_SOCKET
#define RT_TCP_SOCK    .ret = RET_TCP_SOCK
#define RT_SOCK_COMMON .ret = RET_SOCK_COMMON
#define RT_RINGBUF_MEM .ret = RET_RINGBUF_MEM
#define RT_MEM_OR_BTF  .ret = RET_MEM_OR_BTF
#define RT_DYNPTR_MEM  .ret = RET_DYNPTR_MEM
#define RT_KPTR        .ret = RET_KPTR
#define RT_BTF(t)      .ret = RET_BTF, .btf_type = #t

#define ARG(T, a) { .name = #a, AK_##T }
#define ROW(id_, n, r, args, progs_, attach_, caps_, flags_, special_, doc_, why_)                     \
	{ .name = #n, .id = (id_), .doc = (doc_), .why_not = (why_), RT_##r, .arg = { UNWRAP args },   \
	  .progs = (progs_), .attach = (attach_), .caps = (caps_),                                     \
	  .flags = (flags_), .special = HS_##special_ },
#define UNWRAP(...) __VA_ARGS__
#define IS_H(id, n, r, args, p, at, c, f, s, doc, w) [id] = ROW(id, n, r, args, p, at, c, f, s, doc, NULL)
#define IS_U(id, n, r, args, p, at, c, f, s, doc, w) [id] = ROW(id, n, r, args, p, at, c, f, s, doc, w)
#define IS_V(id, n, r, args, p, f)                   ROW(id, n, r, args, p, 0, 0, f, NONE, NULL, NULL)

#define EXPAND0(as, id, n, r, ...) as(id, n, r, ({ .kind = ARG_NONE }), __VA_ARGS__)
#define EXPAND1(as, id, n, r, T1, a1, ...) as(id, n, r, (ARG(T1, a1)), __VA_ARGS__)
#define EXPAND2(as, id, n, r, T1, a1, T2, a2, ...) as(id, n, r, (ARG(T1, a1), ARG(T2, a2)), __VA_ARGS__)
#define EXPAND3(as, id, n, r, T1, a1, T2, a2, T3, a3, ...)                                             \
	as(id, n, r, (ARG(T1, a1), ARG(T2, a2), ARG(T3, a3)), __VA_ARGS__)
#define EXPAND4(as, id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, ...)                                     \
	as(id, n, r, (ARG(T1, a1), ARG(T2, a2), ARG(T3, a3), ARG(T4, a4)), __VA_ARGS__)
#define EXPAND5(as, id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, ...)                             \
	as(id, n, r, (ARG(T1, a1), ARG(T2, a2), ARG(T3, a3), ARG(T4, a4), ARG(T5, a5)), __VA_ARGS__)

/* clang-format off */
#define H0(...) EXPAND0(IS_H, __VA_ARGS__)
#define H1(...) EXPAND1(IS_H, __VA_ARGS__)
#define H2(...) EXPAND2(IS_H, __VA_ARGS__)
#define H3(...) EXPAND3(IS_H, __VA_ARGS__)
#define H4(...) EXPAND4(IS_H, __VA_ARGS__)
#define H5(...) EXPAND5(IS_H, __VA_ARGS__)
#define U0(...) EXPAND0(IS_U, __VA_ARGS__)
#define U1(...) EXPAND1(IS_U, __VA_ARGS__)
#define U2(...) EXPAND2(IS_U, __VA_ARGS__)
#define U3(...) EXPAND3(IS_U, __VA_ARGS__)
#define U4(...) EXPAND4(IS_U, __VA_ARGS__)
#define U5(...) EXPAND5(IS_U, __VA_ARGS__)
const struct helper_spec helper_spec[UAPI_HELPERS] = {
#include "spec/helper.def"
};

/* The same file once more for the variants; only contract, id and program types count in them. */
#define V0(...) EXPAND0(IS_V, __VA_ARGS__)
#define V1(...) EXPAND1(IS_V, __VA_ARGS__)
#define V2(...) EXPAND2(IS_V, __VA_ARGS__)
#define V3(...) EXPAND3(IS_V, __VA_ARGS__)
#define V4(...) EXPAND4(IS_V, __VA_ARGS__)
#define V5(...) EXPAND5(IS_V, __VA_ARGS__)
static const struct helper_spec variants[] = {
#include "spec/helper.def"
};
/* clang-format on */

const struct helper_spec *helper_by_id(u32 id)
{
	return id < UAPI_HELPERS && helper_spec[id].name ? &helper_spec[id] : NULL;
}

int helper_id_by_name(const char *name)
{
	if (!strncmp(name, "bpf_", 4))
		name += 4;
	for (u32 id = 1; id < UAPI_HELPERS; id++)
		if (helper_spec[id].name && !strcmp(helper_spec[id].name, name))
			return (int)id;
	return -1;
}

/* Has the program type an attach type in the set? */
static bool owns_attach(u32 prog_type, u64 set)
{
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++)
		if ((set & attach_bit(i)) && (attach_spec[i].progs & PT_BIT(prog_type)))
			return true;
	return false;
}

int helper_allowed(const struct helper_spec *h, u32 prog_type, u32 attach_type, u32 caps, bool sleepable)
{
	u32 need = h->caps & ~(u32)CAPB_NOT_SYSCALL;

	(void)sleepable;
	if (!progset_has(h->progs, prog_type))
		return -EINVAL;
	if (h->attach && !(h->attach & attach_bit(attach_type)) && owns_attach(prog_type, h->attach))
		return -EINVAL;
	if ((h->caps & CAPB_NOT_SYSCALL) && prog_type == PTYPE_SYSCALL)
		need = 0;
	return caps_grant(caps, need) ? 0 : -EINVAL;
}

const struct helper_spec *helper_variant(const struct helper_spec *h, u32 prog_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		if (variants[i].id == h->id && (variants[i].progs & PT_BIT(prog_type)))
			return &variants[i];
	return h;
}

u32 helper_map_need(const struct helper_spec *h)
{
	for (u32 i = 0; i < ARRAY_SIZE(h->arg); i++)
		if (h->arg[i].kind == ARG_MAP)
			return h->arg[i].map_need;
	return 0;
}

