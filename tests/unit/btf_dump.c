/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as C initialisers and as JSON, names of types, and what happens when the data are short or the types
 * absurd. */
#include <errno.h>

#include "base/str.h"
#include "btf/gen.h"
#include "unit/test.h"

enum {
	INT = 1,
	CHAR,
	UCHAR,
	BOOL,
	LONG,
	U128,
	E,
	E64,
	FLOAT,
	DOUBLE,
	S,
	P,
	NAME,
	ARR,
	FLAGS,
	TD,
	U,
	FN,
	VAR,
	SEC,
	CONSTP,
	COUNT
};
static u32 id[COUNT];

static struct btf *types(void)
{
	struct btf_build *g = btf_build_new(NULL);
	struct btf *b = NULL;
	u32 size, a;
	const void *p;

	id[INT] = btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	id[CHAR] = btf_build_int(g, "char", 1, BTF_INT_SIGNED);
	id[UCHAR] = btf_build_int(g, "unsigned char", 1, 0);
	id[BOOL] = btf_build_int(g, "_Bool", 1, BTF_INT_BOOL);
	id[LONG] = btf_build_int(g, "unsigned long", 8, 0);
	id[U128] = btf_build_int(g, "unsigned __int128", 16, 0);
	id[E] = btf_build_enum(g, "color", 4, true);
	btf_build_enumerator(g, "RED", 0);
	btf_build_enumerator(g, "NEG", (u64)-5);
	id[E64] = btf_build_enum64(g, "big", 8, false);
	btf_build_enumerator(g, "HUGE", 1ull << 40);
	id[FLOAT] = btf_build_float(g, "float", 4);
	id[DOUBLE] = btf_build_float(g, "double", 8);
	id[NAME] = btf_build_array(g, id[CHAR], id[INT], 8);
	id[ARR] = btf_build_array(g, btf_build_array(g, id[INT], id[INT], 2), id[INT], 2);
	id[P] = btf_build_ptr(g, btf_build_count(g) + 1);
	id[S] = btf_build_struct(g, "event", 32);
	btf_build_member(g, "pid", id[INT], 0, 0);
	btf_build_member(g, "color", id[E], 32, 0);
	btf_build_member(g, "name", id[NAME], 64, 0);
	btf_build_member(g, "next", id[P], 128, 0);
	btf_build_member(g, "ok", id[BOOL], 192, 0);
	btf_build_member(g, "", btf_build_count(g) + 0, 224, 0);
	id[U] = btf_build_union(g, "", 4);
	btf_build_member(g, "u", id[INT], 0, 0);
	btf_build_member(g, "b", id[UCHAR], 0, 0);
	id[FLAGS] = btf_build_struct(g, "flags", 4);
	btf_build_member(g, "a", id[INT], 0, 3);
	btf_build_member(g, "b", id[LONG], 3, 10);
	btf_build_member(g, "c", id[E], 13, 4);
	id[TD] = btf_build_typedef(g, "event_t", id[S]);
	a = btf_build_proto(g, id[INT]);
	btf_build_param(g, "e", id[P]);
	btf_build_param(g, "", 0);
	id[FN] = btf_build_func(g, "fn", a, BTF_FUNC_GLOBAL);
	id[VAR] = btf_build_var(g, "counter", id[INT], BTF_VAR_STATIC);
	id[SEC] = btf_build_datasec(g, ".data", 8);
	btf_build_secinfo(g, id[VAR], 4, 4);
	a = btf_build_mod(g, BTF_KIND_CONST, id[CHAR]);
	a = btf_build_ptr(g, a);
	id[CONSTP] = btf_build_mod(g, BTF_KIND_CONST, a);
	p = btf_build_done(g, &size);
	CHECK_EQ(btf_parse(p, size, NULL, true, NULL, &b), 0);
	btf_build_free(g);
	return b;
}

#define EXPECT(type, data, size, flags, err, text)                                    \
	do {                                                                          \
		struct str out_ = { 0 };                                              \
		CHECK_EQ(btf_dump_value(&out_, b, id[type], data, size, flags), err); \
		CHECK_STR(str_text(&out_), text);                                     \
		str_free(&out_);                                                      \
	} while (0)
#define C_ BTF_DUMP_COMPACT
#define J_ (BTF_DUMP_COMPACT | BTF_DUMP_JSON)

TEST(scalars)
{
	struct btf *b = types();
	s32 i = -7;
	u64 ptr = 0xffff8880deadbeef, big = 1ull << 40, wide[2] = { 1, 2 };
	float f = 1.5f;
	double nan = __builtin_nan("");

	EXPECT(INT, &i, 4, C_, 0, "-7");
	EXPECT(INT, &i, 3, C_, -E2BIG, "");
	EXPECT(BOOL, "\1", 1, C_, 0, "true");
	EXPECT(BOOL, "\7", 1, J_, 0, "7");
	EXPECT(P, &ptr, 8, C_, 0, "0xffff8880deadbeef");
	EXPECT(P, &ptr, 8, J_, 0, "\"0xffff8880deadbeef\"");
	EXPECT(P, "\0\0\0\0\0\0\0", 8, C_, 0, "NULL");
	EXPECT(E64, &big, 8, C_, 0, "HUGE");
	EXPECT(E, "\xfb\xff\xff\xff", 4, J_, 0, "\"NEG\"");
	EXPECT(E, "\xfa\xff\xff\xff", 4, J_, 0, "-6");
	EXPECT(FLOAT, &f, 4, C_, 0, "1.5");
	EXPECT(DOUBLE, &nan, 8, J_, 0, "null");
	EXPECT(U128, wide, 16, C_, 0, "0x20000000000000001");
	EXPECT(U128, wide, 16, J_, 0, "\"0x20000000000000001\"");
	EXPECT(FN, &i, 4, C_, -EINVAL, "");
	btf_free(b);
}

TEST(strings)
{
	struct btf *b = types();

	EXPECT(NAME, "bash\0\0\0", 8, C_, 0, "\"bash\"");
	EXPECT(NAME, "a\"\\\n\t\0\0", 8, J_, 0, "\"a\\\"\\\\\\n\\t\"");
	EXPECT(NAME, "gr\xc3\xbc\xc3\x9f\0", 8, J_, 0, "\"gr\xc3\xbc\xc3\x9f\"");
	/* Bytes behind the terminator, or that no text has: numbers, so that nothing is lost. */
	EXPECT(NAME, "ab\0d\0\0\0", 8, J_, 0, "[97,98,0,100,0,0,0,0]");
	EXPECT(NAME, "ab\0d\0\0\0", 8, C_, 0, "{97, 98, 0, 100}");
	EXPECT(NAME, "\xff\1\0\0\0\0\0", 8, C_, 0, "{-1, 1}");
	EXPECT(NAME, "\0\0\0\0\0\0\0", 8, C_, 0, "\"\"");
	btf_free(b);
}

TEST(groups)
{
	struct btf *b = types();
	struct {
		s32 pid, color;
		char name[8];
		u64 next;
		u8 ok, pad[3];
		s32 u;
	} ev = { .pid = 7, .name = "x", .u = 258 }, zero = { 0 };
	u32 flags = 5 | 1000 << 3 | 11 << 13;
	s32 arr[4] = { 0, 2, 0, 0 };

	EXPECT(TD, &ev, 32, C_, 0, "{.pid = 7, .name = \"x\", .u = 258, .b = 2}");
	EXPECT(S, &ev, 32, J_, 0,
	       "{\"pid\":7,\"color\":\"RED\",\"name\":\"x\",\"next\":\"0x0\",\"ok\":false,\"u\":258,\"b\":"
	       "2}");
	EXPECT(S, &ev, 32, C_ | BTF_DUMP_ZERO, 0,
	       "{.pid = 7, .color = RED, .name = \"x\", .next = NULL, .ok = false, .u = 258, .b = 2}");
	EXPECT(S, &ev, 32, C_ | BTF_DUMP_NAMES, 0,
	       "(struct event){.pid = (int)7, .name = (char [8])\"x\", .u = (int)258, .b = (unsigned "
	       "char)2}");
	EXPECT(S, &zero, 32, C_, 0, "{}");
	EXPECT(S, &ev, 31, C_, -E2BIG, "");
	EXPECT(FLAGS, &flags, 4, C_, 0, "{.a = -3, .b = 1000, .c = NEG}");
	EXPECT(ARR, arr, 16, C_, 0, "{{0, 2}}");
	EXPECT(ARR, arr, 16, J_, 0, "[[0,2],[0,0]]");
	EXPECT(SEC, arr, 8, J_, 0, "{\"counter\":2}");
	EXPECT(SEC, arr, 7, J_, -E2BIG, "");
	EXPECT(ARR, arr, 16, 0, 0, "{\n\t{\n\t\t0,\n\t\t2\n\t}\n}");
	EXPECT(FLAGS, &flags, 4, BTF_DUMP_JSON, 0, "{\n\t\"a\": -3,\n\t\"b\": 1000,\n\t\"c\": \"NEG\"\n}");
	btf_free(b);
}

TEST(names)
{
	static const struct {
		int type;
		const char *name;
	} want[] = {
		{ S, "struct event" },	{ P, "struct event *" },
		{ NAME, "char [8]" },	{ ARR, "int [2][2]" },
		{ TD, "event_t" },	{ FN, "int fn(struct event *e, ...)" },
		{ VAR, "int counter" }, { CONSTP, "const char *const" },
		{ U, "union {...}" },
	};
	struct btf *b = types();

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		struct str s = { 0 };

		btf_dump_type_name(&s, b, id[want[i].type]);
		CHECK_STR(str_text(&s), want[i].name);
		str_free(&s);
	}
	btf_free(b);
}

TEST(pointers_to_functions_and_arrays)
{
	struct btf_build *g = btf_build_new(NULL);
	struct str s = { 0 };
	struct btf *b = NULL;
	u32 size, i, arr, fn, pfn, parr;
	const void *p;

	i = btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	arr = btf_build_array(g, i, i, 3);
	parr = btf_build_ptr(g, arr);
	fn = btf_build_proto(g, parr);
	pfn = btf_build_ptr(g, fn);
	arr = btf_build_array(g, pfn, i, 4);
	p = btf_build_done(g, &size);
	CHECK_EQ(btf_parse(p, size, NULL, true, NULL, &b), 0);
	btf_dump_type_name(&s, b, arr);
	CHECK_STR(str_text(&s), "int (*(*[4])(void))[3]");
	str_free(&s);
	btf_free(b);
	btf_build_free(g);
}

/* Types that would print for ever are given up. */
TEST(absurd_types)
{
	struct btf_build *g = btf_build_new(NULL);
	static const u8 data[64];
	struct str s = { 0 };
	struct btf *b = NULL;
	u32 size, last, deep;
	const void *p;

	last = btf_build_struct(g, "s0", 0);
	for (int level = 0; level < 30; level++) {
		u32 next = btf_build_struct(g, "s", 0);

		btf_build_member(g, "a", last, 0, 0);
		btf_build_member(g, "b", last, 0, 0);
		last = next;
	}
	deep = last;
	for (int level = 0; level < 200; level++) {
		u32 next = btf_build_struct(g, "d", 8);

		btf_build_member(g, "in", deep, 0, 0);
		deep = next;
	}
	p = btf_build_done(g, &size);
	CHECK_EQ(btf_parse(p, size, NULL, true, NULL, &b), 0);
	str_puts(&s, "before");
	CHECK_EQ(btf_dump_value(&s, b, last, data, 64, BTF_DUMP_JSON), -E2BIG);
	CHECK_EQ(btf_dump_value(&s, b, deep, data, 64, BTF_DUMP_JSON), -E2BIG);
	CHECK_STR(str_text(&s), "before");
	CHECK(btf_align_of(b, last) == 1);
	str_free(&s);
	btf_free(b);
	btf_build_free(g);
}
