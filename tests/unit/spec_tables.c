/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables are total, consistent, and numbered as the running kernel numbers things, where its BTF can be
 * read. */
#include "base/log.h"
#include "btf/btf.h"
#include "spec/ctx_native.h"
#include "spec/spec.h"
#include "unit/btf_kit.h"
#include "unit/test.h"

TEST(progtypes_total)
{
	for (u32 i = 0; i < UAPI_PROG_TYPES; i++) {
		const struct progtype_spec *p = &progtype_spec[i];

		CHECK(p->name && p->uapi && p->doc && p->ctx);
		CHECK(!p->why_not || *p->why_not);
		CHECK(p->default_attach == 0 || (attach_spec[p->default_attach].progs & PT_BIT(i)));
	}
	CHECK(!progtype_by_id(0) && progtype_by_id(UAPI_PROG_TYPES - 1) && !progtype_by_id(UAPI_PROG_TYPES));
	CHECK_STR(progtype_by_id(BPF_PROG_TYPE_XDP)->name, "xdp");
}

TEST(attach_types_total)
{
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++) {
		CHECK(attach_spec[i].name && attach_spec[i].uapi && attach_spec[i].doc);
		CHECK(attach_spec[i].progs && !(attach_spec[i].progs & ~(PT_BIT(UAPI_PROG_TYPES) - 1)));
	}
}

TEST(commands_total)
{
	for (u32 i = 0; i < UAPI_CMDS; i++) {
		CHECK(cmd_spec[i].name && cmd_spec[i].uapi && cmd_spec[i].doc && cmd_spec[i].last_field);
		CHECK(cmd_spec[i].attr_end >= 4 && cmd_spec[i].attr_end <= 168 &&
		      cmd_spec[i].attr_end % 4 == 0);
	}
	for (u32 i = 0; i < UAPI_LINK_TYPES; i++)
		CHECK(link_spec[i].name && link_spec[i].uapi && link_spec[i].doc);
}

TEST(maps_total)
{
	for (u32 i = 1; i < UAPI_MAP_TYPES; i++) {
		const struct map_spec *m = map_spec_by_id(i);

		CHECK(m && m->name && m->uapi && m->doc && m->helpers);
		CHECK(!(m->inner && m->inner_ok));
	}
	CHECK(!map_spec_by_id(0) && !map_spec_by_id(UAPI_MAP_TYPES));
}

/* Every argument that needs a partner has one, every flag its argument. */
static void check_contract(const struct helper_spec *h)
{
	bool release = false, func = false, map = false;

	for (u32 i = 0; i < 5; i++) {
		const struct arg_spec *a = &h->arg[i];

		if (a->kind == ARG_MEM && !(a->flags & AF_FIXED))
			CHECK(i < 4 && (h->arg[i + 1].kind == ARG_SIZE || h->arg[i + 1].kind == ARG_SIZE0));
		if (a->kind == ARG_SIZE || a->kind == ARG_SIZE0)
			CHECK(i > 0 && h->arg[i - 1].kind == ARG_MEM);
		if (a->kind == ARG_MAP_KEY || a->kind == ARG_MAP_VALUE)
			CHECK(map);
		if (a->kind != ARG_NONE)
			CHECK(a->name && (i == 0 || h->arg[i - 1].kind != ARG_NONE));
		map |= a->kind == ARG_MAP;
		func |= a->kind == ARG_FUNC;
		release |= !!(a->flags & AF_RELEASE);
	}
	CHECK(func == !!(h->flags & (HF_SYNC_CB | HF_ASYNC_CB)));
	if (h->flags & HF_RELEASE)
		CHECK(release);
	if (h->ret == RET_MAP_VALUE)
		CHECK(map);
	if (h->ret == RET_BTF)
		CHECK(h->btf_type != NULL);
}

TEST(helpers_total)
{
	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);

		CHECK(h && h->doc && h->id == id);
		if (!h)
			continue;
		CHECK_EQ(helper_id_by_name(h->name), id);
		check_contract(h);
		for (u32 t = 1; t < UAPI_PROG_TYPES; t++)
			check_contract(helper_variant(h, t));
	}
	CHECK(!helper_by_id(0) && !helper_by_id(UAPI_HELPERS));
	CHECK_EQ(helper_id_by_name("bpf_map_lookup_elem"), BPF_FUNC_map_lookup_elem);
	CHECK_EQ(helper_id_by_name("no_such_helper"), -1);
}

TEST(kfuncs_named_once)
{
	CHECK(kfunc_count > 200);
	for (u32 i = 0; i < kfunc_count; i++) {
		CHECK(kfunc_by_name(kfunc_spec[i].name) == &kfunc_spec[i]);
		CHECK(kfunc_spec[i].doc && strstr(kfunc_spec[i].proto, kfunc_spec[i].name));
	}
}

static void check_rows(const struct ctx_spec *c)
{
	u32 end = 0;

	for (u32 i = 0; i < c->nfields; i++) {
		const struct ctx_field *f = &c->fields[i];

		CHECK(f->off >= end);
		end = (u32)f->off + (u32)f->size * f->count;
		CHECK(f->name && f->count && f->access && end <= c->size);
		if (c->native_size)
			CHECK(f->native_off + f->native_size <= c->native_size);
	}
}

TEST(contexts_in_order)
{
	for (u32 t = 1; t < UAPI_PROG_TYPES; t++)
		check_rows(progtype_spec[t].ctx);
	for (u32 i = 0; i < OBJ_COUNT; i++)
		check_rows(obj_spec[i]);
	CHECK_EQ(ctx_field_at(progtype_spec[PTYPE_XDP].ctx, 4, PTYPE_XDP)->native_off,
		 offsetof(struct native_xdp, pkt.data_end));
	CHECK_EQ(ctx_field_at(progtype_spec[PTYPE_SCHED_CLS].ctx, 76, PTYPE_SCHED_CLS)->native_off,
		 offsetof(struct native_skb, pkt.data));
}

TEST(privileges)
{
	u32 attach;
	s32 min, max;

	CHECK(caps_grant(CAPB_SYS_ADMIN, CAPB_BPF | CAPB_NET_ADMIN) &&
	      !caps_grant(CAPB_BPF, CAPB_BPF | CAPB_PERFMON));
	CHECK_EQ(progtype_attach_check(PTYPE_CGROUP_SOCK, 0, &attach), 0);
	CHECK_EQ(attach, BPF_CGROUP_INET_SOCK_CREATE);
	CHECK(progtype_attach_check(PTYPE_CGROUP_SOCK_ADDR, 0, &attach) < 0);
	CHECK_EQ(progtype_attach_check(PTYPE_XDP, 1000, &attach), 0);
	CHECK(progtype_ret_range(PTYPE_CGROUP_SKB, ATTACH_CGROUP_INET_EGRESS, &min, &max) && max == 3);
	CHECK(!progtype_ret_range(PTYPE_XDP, ATTACH_TRACE_FENTRY, &min, &max));
}

/* ---- numbers, as the running kernel's BTF has them ---- */

/* Value of an enumerator of a named enum, or -1. */
static s64 enumerator(const struct btf *b, const char *type, const char *name)
{
	s32 id = btf_find(b, type, BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf_type(b, (u32)id) : NULL;

	for (u32 i = 0; t && i < btf_vlen_of(t); i++)
		if (!strcmp(btf_str(b, btf_enums_of(t)[i].name_off), name))
			return btf_enums_of(t)[i].val;
	return -1;
}

/* An enumerator that an older kernel lacks proves nothing. */
#define CHECK_NUMBER(type, uapi, number)            \
	do {                                        \
		s64 v_ = enumerator(b, type, uapi); \
		if (v_ >= 0)                        \
			CHECK_EQ(v_, number);       \
	} while (0)

TEST(numbers_are_the_kernels)
{
	const struct btf *b = kernel_types();
	char name[64];

	if (!b)
		SKIP("no kernel BTF");
	CHECK_EQ(enumerator(b, "bpf_prog_type", "BPF_PROG_TYPE_XDP"), PTYPE_XDP);
	for (u32 i = 0; i < UAPI_PROG_TYPES; i++)
		CHECK_NUMBER("bpf_prog_type", progtype_spec[i].uapi, i);
	for (u32 i = 0; i < UAPI_MAP_TYPES; i++)
		CHECK_NUMBER("bpf_map_type", map_spec[i].uapi, i);
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++)
		CHECK_NUMBER("bpf_attach_type", attach_spec[i].uapi, i);
	for (u32 i = 0; i < UAPI_CMDS; i++)
		CHECK_NUMBER("bpf_cmd", cmd_spec[i].uapi, i);
	for (u32 i = 0; i < UAPI_LINK_TYPES; i++)
		CHECK_NUMBER("bpf_link_type", link_spec[i].uapi, i);
	for (u32 i = 1; i < UAPI_HELPERS; i++) {
		snprintf(name, sizeof(name), "BPF_FUNC_%s", helper_spec[i].name);
		CHECK_NUMBER("bpf_func_id", name, i);
	}
}

/* Behind the next parameter of that name, or NULL. */
static const char *behind_param(const char *params, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(params, name); at; at = strstr(at + 1, name))
		if ((at[-1] == ' ' || at[-1] == '*') && (at[n] == ',' || at[n] == ')'))
			return at + n;
	return NULL;
}

/* A prototype's parameters are those of the kernel's function, by number and name: suffixes of names are
 * contract. */
static void check_prototype(const struct btf *b, const struct kfunc_spec *f)
{
	s32 id = btf_find(b, f->name, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf_type(b, btf_type(b, (u32)id)->type) : NULL;
	const char *params = strstr(f->proto, "(");

	for (u32 i = 0; t && i < btf_vlen_of(t); i++) {
		const char *name = btf_str(b, btf_params_of(t)[i].name_off), *at = behind_param(params, name);

		if (!at)
			printf("#   %s: no %s\n", f->proto, name);
		CHECK(at != NULL);
		params = at ? at : params;
	}
	if (t && btf_vlen_of(t) && !strstr(f->proto, "(*"))
		CHECK_STR(params, ")");
}

TEST(kfunc_prototypes)
{
	const struct btf *b = kernel_types();

	if (!b || btf_find(b, "bpf_task_work_schedule_signal_impl", BTF_KIND_FUNC) < 0)
		SKIP("no BTF of Linux 6.18");
	for (u32 i = 0; i < kfunc_count; i++)
		check_prototype(b, &kfunc_spec[i]);
}
