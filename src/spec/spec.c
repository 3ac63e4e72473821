/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Program types, attach types, links, commands, map types and rejections, expanded from their rows.
 *
 * Invariant: a row's place in its file is its number in bpf(2).
 */
#include "spec/spec.h"

#include <errno.h>

#include "btf/btf.h"
#include "spec/row.h"

/* Columns of ranges of R0. */
#define R(min, max) .ret_min = (min), .ret_max = (max)
#define ANY         .ret_min = 1, .ret_max = 0
#define SAME        ANY

bool caps_grant(u32 have, u32 need)
{
	return (have & CAPB_SYS_ADMIN) || (have & need) == need;
}

/* ---- program types ---- */

enum {
	UNPRIV = 1, NET = 2, SKB = 4, LDABS = 8, PKT = 16, PKTW = 32, TRACE = 64, RUN = 128, GIVEN = 256,
};

/* The table refers to contexts by name; each is defined in context.c. */
#define P(id, name_, c, ...) extern const struct ctx_spec context_##c;
#include "spec/progtype.def"

enum { PERFMON = CAPB_PERFMON, NET_ADMIN = CAPB_NET_ADMIN };
#define P(id, name_, c, caps_, traits, ret, attach, doc_, why)                                         \
	{ .name = (name_), .uapi = "BPF_PROG_TYPE_" #id, .doc = (doc_), .why_not = (why),              \
	  .ctx = &context_##c, .caps = (caps_) | (((traits) & UNPRIV) ? 0 : CAPB_BPF),                 \
	  .net = !!((traits) & NET), .skb = !!((traits) & SKB), .ld_abs = !!((traits) & LDABS),        \
	  .direct_pkt = !!((traits) & PKT), .pkt_write = !!((traits) & PKTW),                          \
	  .test_run = !!((traits) & RUN), .tracing = !!((traits) & TRACE),                             \
	  .given = !!((traits) & GIVEN), .default_attach = (attach), ret },
const struct progtype_spec progtype_spec[UAPI_PROG_TYPES] = {
#include "spec/progtype.def"
};

const struct progtype_spec *progtype_by_id(u32 type)
{
	return type > 0 && type < UAPI_PROG_TYPES ? &progtype_spec[type] : NULL;
}

bool progset_has(progset set, u32 type)
{
	if (type < UAPI_PROG_TYPES)
		return set & PT_BIT(type);
	return type - PROGTYPE_OWN < PROGTYPE_OWN_MAX && ((set & ALL) == ALL || (set & PT_BIT(type)));
}

/* ---- attach types ---- */

enum { MAY = 0, MUST = 1 };
#define A(id, name_, progs_, loading, ret, target_, doc_, why)                                         \
	{ .name = (name_), .uapi = "BPF_" #id, .doc = (doc_), .why_not = (why), .progs = (progs_),     \
	  .expected = (loading), .target = TARGET_##target_, ret },
const struct attach_spec attach_spec[UAPI_ATTACH_TYPES + 1] = {
#include "spec/attach.def"
	[UAPI_ATTACH_TYPES] = { .name = "an unknown attach type", .uapi = "?", .doc = "", .ret_min = 1 },
};

int progtype_attach_check(u32 type, u32 attach, u32 *ret_attach)
{
	const struct progtype_spec *p = progtype_by_id(type);
	bool enforced = type == PTYPE_SYSCALL || type == PTYPE_EXT, listed = false;

	if (!p)
		return -EINVAL;
	if (!attach)
		attach = p->default_attach;
	if (enforced)
		listed = !attach;
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++)
		if (attach_spec[i].expected && (attach_spec[i].progs & PT_BIT(type))) {
			enforced = true;
			listed |= i == attach;
		}
	if (enforced && !listed)
		return -EINVAL;
	*ret_attach = attach;
	return 0;
}

bool progtype_ret_range(u32 type, u32 attach, s32 *ret_min, s32 *ret_max)
{
	const struct progtype_spec *p = progtype_by_id(type);
	const struct attach_spec *a = attach < UAPI_ATTACH_TYPES ? &attach_spec[attach] : NULL;

	if (!p)
		return false;
	if (a && (a->progs & PT_BIT(type)) && a->ret_min <= a->ret_max) {
		*ret_min = a->ret_min;
		*ret_max = a->ret_max;
		return true;
	}
	if (p->ret_min > p->ret_max)
		return false;
	*ret_min = p->ret_min;
	*ret_max = p->ret_max;
	return true;
}

/* ---- links, commands ---- */

#define L(id, name_, doc_, why)                                                                        \
	{ .name = (name_), .uapi = "BPF_LINK_TYPE_" #id, .doc = (doc_), .why_not = (why) },
const struct link_spec link_spec[UAPI_LINK_TYPES] = {
#include "spec/link.def"
};

#define C(id, name_, end, last, caps_, doc_) CU(id, name_, end, last, caps_, doc_, NULL)
#define CU(id, name_, end, last, caps_, doc_, why)                                                     \
	{ .name = #name_, .uapi = "BPF_" #id, .doc = (doc_), .why_not = (why), .last_field = (last),   \
	  .attr_end = (end), .caps = (caps_) },
const struct cmd_spec cmd_spec[UAPI_CMDS] = {
#include "spec/cmd.def"
};

/* ---- map types ---- */

enum { IS_OUTER = 1, INNER = 2, SLEEP = 4 };
#define M(id, name_, value_, caps_, traits, helpers_, flags, fields, updaters_, deleters_, kernel_, doc_, why)  \
	{ .name = (name_), .uapi = "BPF_MAP_TYPE_" #id, .doc = (doc_), .why_not = (why),               \
	  .value = MV_##value_, .caps = (caps_), .inner = !!((traits) & IS_OUTER),                     \
	  .inner_ok = !!((traits) & INNER),                                                            \
	  .sleep_ok = !!((traits) & SLEEP), .helpers = (helpers_), .create_flags = (flags),            \
	  .special_fields = (fields), .updaters = (updaters_), .deleters = (deleters_), .kernel = (kernel_) },
const struct map_spec map_spec[UAPI_MAP_TYPES] = {
	{ .uapi = "BPF_MAP_TYPE_UNSPEC" },
#include "spec/map.def"
};

const struct map_spec *map_spec_by_id(u32 type)
{
	return type > 0 && type < UAPI_MAP_TYPES ? &map_spec[type] : NULL;
}

/* ---- rejections ---- */

#undef R
#define R(id_, err_, text_, hint_)                                                                     \
	[REJ_##id_] = { .id = #id_, .err = (err_), .text = (text_), .hint = (hint_) },
const struct reject_spec reject_spec[REJ_COUNT] = {
	[REJ_NONE] = { .id = "NONE", .text = "" },
#include "spec/reject.def"
};

/* ---- rows stand where the system's header says, as far as it knows them ---- */

#define SAME_NUMBER(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours)
SAME_NUMBER(PTYPE_XDP, BPF_PROG_TYPE_XDP);
SAME_NUMBER(PTYPE_SK_LOOKUP, BPF_PROG_TYPE_SK_LOOKUP);
SAME_NUMBER(PTYPE_SYSCALL, BPF_PROG_TYPE_SYSCALL);
SAME_NUMBER(PTYPE_NETFILTER, UAPI_PROG_TYPE_NETFILTER);
SAME_NUMBER(ATTACH_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR);
SAME_NUMBER(ATTACH_TRACE_ITER, BPF_TRACE_ITER);
SAME_NUMBER(ATTACH_SK_LOOKUP, BPF_SK_LOOKUP);
SAME_NUMBER(ATTACH_LSM_CGROUP, BPF_LSM_CGROUP);
SAME_NUMBER(ATTACH_TRACE_UPROBE_SESSION, UAPI_ATTACH_TYPES - 1);
SAME_NUMBER(MTYPE_LRU_HASH, BPF_MAP_TYPE_LRU_HASH);
SAME_NUMBER(MTYPE_SK_STORAGE, BPF_MAP_TYPE_SK_STORAGE);
SAME_NUMBER(MTYPE_USER_RINGBUF, BPF_MAP_TYPE_USER_RINGBUF);
SAME_NUMBER(MTYPE_ARENA, UAPI_MAP_TYPE_ARENA);

/* ---- arguments of tracepoints ---- */

enum { A0 = 1, A1 = 2, A2 = 4, A3 = 8, A4 = 16, A9 = 512 };
static const struct { const char *name; u16 nullable, error; } tparg[] = {
#define T(n, nullable_, error_) { #n, nullable_, error_ },
#include "spec/tparg.def"
};

u32 tracepoint_arg(const char *name, u32 arg)
{
	for (u32 i = 0; i < ARRAY_SIZE(tparg); i++)
		if (!strcmp(tparg[i].name, name))
			return (tparg[i].nullable >> arg & 1 ? TPARG_NULL : 0) | (tparg[i].error >> arg & 1 ? TPARG_ERROR : 0);
	return 0;
}

bool iter_object_trusted(const char *iter)
{
#define I(n) if (!strcmp(iter, #n)) return true;
#include "spec/tparg.def"
	return false;
}
