/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking into structs by offset: what an access yields, and Linux's words when it yields nothing. */
#include <errno.h>

#include "btf/gen.h"
#include "unit/test.h"
#include "unit/walk_text.h"

enum {
	INT = 1,
	U8,
	LONG,
	TARGET,
	P_TARGET,
	P_VOID,
	P_USER,
	P_RCU,
	INNER,
	UNION,
	ARR_INNER,
	ARR_U8,
	FLEX,
	OUTER,
	BITS,
	FLEX_STRUCT,
	FLEX_INNER,
	ONE,
	P_CONST,
	COUNT
};
static u32 id[COUNT];

/*
 *  struct target { int a; };
 *  struct inner { long x; struct target *p; };                          16 bytes
 *  union u { struct target *p; long n; };
 *  union one { struct target *p; };
 *  struct bits { int a:3, b:5; char c; };                                4
 *  struct outer { int a; unsigned char buf[12]; struct inner in[2][2]; union u u; struct target __user *us;
 * struct target __rcu *rc; void *v; struct bits bits; char hole...; union one one; }; struct flex { int n;
 * unsigned char data[]; }; struct flex_inner { int n; long; struct inner i[]; };
 */
static struct btf *types(bool kernel)
{
	struct btf_build *g = btf_build_new(NULL);
	struct btf *b = NULL;
	u32 size, a;
	const void *p;

	id[INT] = btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	id[U8] = btf_build_int(g, "unsigned char", 1, 0);
	id[LONG] = btf_build_int(g, "long", 8, BTF_INT_SIGNED);
	id[TARGET] = btf_build_struct(g, "target", 4);
	btf_build_member(g, "a", id[INT], 0, 0);
	id[P_TARGET] = btf_build_ptr(g, id[TARGET]);
	id[P_VOID] = btf_build_ptr(g, 0);
	a = btf_build_type_tag(g, "user", id[TARGET]);
	id[P_USER] = btf_build_ptr(g, a);
	a = btf_build_type_tag(g, "rcu", id[TARGET]);
	id[P_RCU] = btf_build_ptr(g, a);
	a = btf_build_mod(g, BTF_KIND_CONST, id[TARGET]);
	a = btf_build_ptr(g, a);
	id[P_CONST] = btf_build_mod(g, BTF_KIND_CONST, a);
	id[INNER] = btf_build_struct(g, "inner", 16);
	btf_build_member(g, "x", id[LONG], 0, 0);
	btf_build_member(g, "p", id[P_CONST], 64, 0);
	id[UNION] = btf_build_union(g, "u", 8);
	btf_build_member(g, "p", id[P_TARGET], 0, 0);
	btf_build_member(g, "n", id[LONG], 0, 0);
	id[ONE] = btf_build_union(g, "one", 8);
	btf_build_member(g, "p", id[P_TARGET], 0, 0);
	id[BITS] = btf_build_struct(g, "bits", 4);
	btf_build_member(g, "a", id[INT], 0, 3);
	btf_build_member(g, "b", id[INT], 3, 5);
	btf_build_member(g, "c", id[U8], 8, 0);
	a = btf_build_array(g, id[INNER], id[INT], 2);
	id[ARR_INNER] = btf_build_array(g, a, id[INT], 2);
	id[ARR_U8] = btf_build_array(g, id[U8], id[INT], 12);
	id[OUTER] = btf_build_struct(g, "outer", 128);
	btf_build_member(g, "a", id[INT], 0, 0);
	btf_build_member(g, "buf", id[ARR_U8], 32, 0);
	btf_build_member(g, "in", id[ARR_INNER], 128, 0);
	btf_build_member(g, "u", id[UNION], 640, 0);
	btf_build_member(g, "us", id[P_USER], 704, 0);
	btf_build_member(g, "rc", id[P_RCU], 768, 0);
	btf_build_member(g, "v", id[P_VOID], 832, 0);
	btf_build_member(g, "bits", id[BITS], 896, 0);
	btf_build_member(g, "one", id[ONE], 960, 0);
	a = btf_build_array(g, id[U8], id[INT], 0);
	id[FLEX_STRUCT] = btf_build_struct(g, "flex", 4);
	btf_build_member(g, "n", id[INT], 0, 0);
	btf_build_member(g, "data", a, 32, 0);
	a = btf_build_array(g, id[INNER], id[INT], 0);
	id[FLEX_INNER] = btf_build_struct(g, "flex_inner", 8);
	btf_build_member(g, "n", id[INT], 0, 0);
	btf_build_member(g, "data", a, 64, 0);
	p = btf_build_done(g, &size);
	CHECK_EQ(btf_parse(p, size, NULL, kernel, NULL, &b), 0);
	btf_build_free(g);
	return b;
}

static void expect(const struct btf *b, u32 type, s32 off, u32 size, int want, u32 want_id, u32 want_flags,
		   const char *text)
{
	u32 got_id = 0, flags = 0;
	const char *field = NULL;
	char said[256] = "";
	struct btf_walk_bad bad;
	int got;

	got = btf_struct_walk(b, type, off, size, &got_id, &flags, &field, &bad);
	if (got < 0)
		walk_text(&bad, said, sizeof(said));
	if (got != want || (want > 0 && got_id != want_id) || (want >= 0 && flags != want_flags) ||
	    strcmp(said, text))
		printf("#   off %d size %u: got %d id %u flags %u '%s'\n", off, size, got, got_id, flags, said);
	CHECK_EQ(got, want);
	if (want > 0)
		CHECK_EQ(got_id, want_id);
	if (want >= 0)
		CHECK_EQ(flags, want_flags);
	CHECK_STR(said, text);
}

TEST(walks)
{
	struct btf *b = types(true);

	expect(b, id[OUTER], 0, 4, WALK_SCALAR, 0, 0, "");
	expect(b, id[OUTER], 1, 1, WALK_SCALAR, 0, 0, "");
	/* an array of bytes is scratch space, but its end is its end */
	expect(b, id[OUTER], 8, 8, WALK_SCALAR, 0, 0, "");
	expect(b, id[OUTER], 12, 8, -EINVAL, 0, 0,
	       "access beyond the end of member buf (mend:16) in struct outer with off 12 size 8");
	/* arrays of arrays of structs */
	expect(b, id[OUTER], 16 + 3 * 16, 8, WALK_SCALAR, 0, 0, "");
	expect(b, id[OUTER], 16 + 3 * 16 + 8, 8, WALK_PTR, id[TARGET], 0, "");
	expect(b, id[OUTER], 16 + 8, 4, -EINVAL, 0, 0,
	       "cannot access ptr member p with moff 8 in struct inner with off 8 size 4");
	/* unions, tags */
	expect(b, id[OUTER], 80, 8, WALK_PTR, id[TARGET], WALKF_UNTRUSTED, "");
	expect(b, id[OUTER], 120, 8, WALK_PTR, id[TARGET], 0, "");
	expect(b, id[OUTER], 88, 8, WALK_PTR, id[TARGET], WALKF_USER, "");
	expect(b, id[OUTER], 96, 8, WALK_PTR, id[TARGET], WALKF_RCU, "");
	expect(b, id[OUTER], 104, 8, WALK_SCALAR, 0, WALKF_PTR_MEM | WALKF_UNTRUSTED, "");
	/* bit fields: the byte they share, and what lies behind */
	expect(b, id[OUTER], 112, 1, WALK_SCALAR, 0, 0, "");
	expect(b, id[OUTER], 113, 1, WALK_SCALAR, 0, 0, "");
	expect(b, id[OUTER], 114, 1, -EINVAL, 0, 0, "struct bits doesn't have field at offset 2");
	expect(b, id[OUTER], 116, 4, -EINVAL, 0, 0, "struct outer doesn't have field at offset 116");
	/* outside */
	expect(b, id[OUTER], 128, 1, -EINVAL, 0, 0, "access beyond struct outer at off 128 size 1");
	expect(b, id[OUTER], -4, 4, -EINVAL, 0, 0, "access beyond struct outer at off 4294967292 size 4");
	expect(b, id[INT], 0, 4, -EINVAL, 0, 0, "Type 'int' is not a struct");
	/* nested structs, asked for with size 0 */
	expect(b, id[OUTER], 16, 0, WALK_STRUCT, id[INNER], 0, "");
	expect(b, id[OUTER], 32, 0, WALK_STRUCT, id[INNER], 0, "");
	expect(b, id[OUTER], 112, 0, WALK_STRUCT, id[BITS], 0, "");
	btf_free(b);
}

TEST(flexible_arrays)
{
	struct btf *b = types(true);

	expect(b, id[FLEX_STRUCT], 100, 8, WALK_SCALAR, 0, 0, "");
	expect(b, id[FLEX_INNER], 8 + 16 * 5 + 8, 8, WALK_PTR, id[TARGET], 0, "");
	expect(b, id[FLEX_INNER], 8 + 16 * 5 + 4, 8, -EINVAL, 0, 0,
	       "access beyond the end of member x (mend:8) in struct inner with off 4 size 8");
	btf_free(b);
	b = types(false);
	expect(b, id[FLEX_STRUCT], 100, 8, -EINVAL, 0, 0, "access beyond struct flex at off 100 size 8");
	btf_free(b);
}

TEST(ids_match)
{
	struct btf *b = types(true), *other = types(true);

	CHECK(btf_struct_ids_match(b, id[OUTER], 0, b, id[OUTER], true));
	CHECK(!btf_struct_ids_match(b, id[OUTER], 16, b, id[INNER], true));
	CHECK(btf_struct_ids_match(b, id[OUTER], 16, b, id[INNER], false));
	CHECK(btf_struct_ids_match(b, id[OUTER], 48, b, id[INNER], false));
	CHECK(!btf_struct_ids_match(b, id[OUTER], 24, b, id[INNER], false));
	CHECK(!btf_struct_ids_match(b, id[OUTER], 0, b, id[INNER], false));
	CHECK(!btf_struct_ids_match(b, id[OUTER], 16, other, id[INNER], false));
	CHECK(!btf_struct_ids_match(b, id[OUTER], 4096, b, id[INNER], false));
	btf_free(b);
	btf_free(other);
}

TEST(flavors)
{
	CHECK(btf_same_name("task_struct", "task_struct___old"));
	CHECK(btf_same_name("a___b___c", "a___b___d"));
	CHECK(!btf_same_name("a___b___c", "a___b")); /* only the last suffix is a flavor */
	CHECK(!btf_same_name("a____b", "a"));
	CHECK(!btf_same_name("___x", ""));
	CHECK(!btf_same_name("task", "task_struct"));
	CHECK(!btf_same_name("a___", "a"));
}
