/* SPDX-License-Identifier: BSD-2-Clause */
/* Constant blinding: a number that a program chose is nowhere in its code. */
#include "unit/jit_kit.h"

__attribute__((weak)) const struct image *prog_array_image(struct map *m, u32 index)
{
	(void)m;
	(void)index;
	return NULL;
}

static const struct jit_opts blind = { .blind = true }, plain;

/* Every operation that holds a constant, with this one. */
static void build(struct kit *k, u32 c)
{
	struct ins *o = calloc(OP_COUNT * 4 + 16, sizeof(*o));
	u32 n = 0;

	if (!o)
		abort();
	for (u8 r = 0; r < 10; r++)
		o[n++] = (struct ins){ .op = OP_MOV64_K, .dst = r, .imm = r + 1 };
	for (u16 op = 0; op < OP_COUNT; op++) {
		const struct op_info *x = &op_info[op];

		if (op == OP_LDIMM64) {
			o[n++] = (struct ins){ .op = op, .dst = 5, .imm64 = (u64)c << 32 | c };
			o[n++] = (struct ins){ .op = op, .dst = 6, .imm64 = c };
			o[n++] = (struct ins){ .op = op, .dst = 7, .imm64 = (u64)c << 16 };
			o[n++] = (struct ins){ .op = op, .dst = 8, .imm64 = (u64)(s64)(s32)c };
		} else if (x->cls == IC_ST) {
			o[n++] = (struct ins){ .op = op, .dst = 10, .off = -8, .imm = (s32)c };
		} else if (x->has_imm && (x->cls == IC_ALU || x->cls == IC_MOV)) {
			o[n++] = (struct ins){ .op = op, .dst = (u8)(n % 10), .imm = (s32)c };
			o[n++] = (struct ins){ .op = OP_STX_DW, .dst = 10, .src = (u8)((n - 1) % 10), .off = -16 };
		} else if (x->has_imm && x->cls == IC_JCC) {
			o[n] = (struct ins){ .op = op, .dst = (u8)(n % 10), .imm = (s32)c };
			o[n].target = n + 1;
			n++;
		}
	}
	for (u8 r = 1; r < 10; r++)
		o[n++] = (struct ins){ .op = OP_XOR64_X, .dst = 0, .src = r };
	o[n++] = (struct ins){ .op = OP_EXIT };
	*k = (struct kit){ .ops = o, .n = n };
	kit_find_subs(k, 64);
}

#if defined(__aarch64__)
/* As halves of two moves into one register. */
static u32 occurrences(const struct kit *k, u32 c)
{
	const u32 *w = (const u32 *)(const void *)k->code.code;
	u32 n = 0;

	for (u32 i = 0; i + 1 < k->code.size / 4; i++)
		n += (w[i] >> 5 & 0xffff) == (c & 0xffff) && (w[i + 1] >> 5 & 0xffff) == c >> 16 && (w[i] & 0x1f800000) == 0x12800000 &&
		     (w[i + 1] & 0x1f800000) == 0x12800000;
	return n;
}
#else
static u32 occurrences(const struct kit *k, u32 c)
{
	u32 n = 0;

	for (u32 at = 0; at + 4 <= k->code.size; at++)
		n += !memcmp(k->code.code + at, &c, 4);
	return n;
}
#endif

static const u32 chosen[] = { 0x90909090, 0x3c909090, 0x0f0bcd80, 0xdeadbeef, 0x7fffffff, 0x80000001, 0x12345678, 0xfee1dead };

TEST(no_chosen_constant_is_in_the_code)
{
	u32 found = 0, control = 0;

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 c = 0; c < ARRAY_SIZE(chosen); c++) {
		struct kit k;
		u64 want;

		build(&k, chosen[c]);
		CHECK_EQ(kit_compile(&k, &plain), 0);
		control += occurrences(&k, chosen[c]);
		want = kit_go(&k.vm, NULL);
		CHECK(kit_go(&k.jit, NULL) == want);
		for (u32 i = 0; i < 200; i++) {
			jit_free(&k.code);
			CHECK_EQ(kit_compile(&k, &blind), 0);
			found += occurrences(&k, chosen[c]);
			CHECK(kit_go(&k.jit, NULL) == want);
		}
		kit_drop(&k);
	}
	CHECK(control > 100);
	CHECK_EQ(found, 0);
}

TEST(two_blinded_compilations_differ)
{
	struct kit a, b;
	u32 differ = 0, n;

	if (!jit_available())
		SKIP("no executable memory");
	build(&a, 0x90909090);
	build(&b, 0x90909090);
	CHECK_EQ(kit_compile(&a, &blind), 0);
	CHECK_EQ(kit_compile(&b, &blind), 0);
	n = MIN(a.code.size, b.code.size);
	for (u32 i = 0; i < n; i++)
		differ += a.code.code[i] != b.code.code[i];
	CHECK(differ * 100 / n >= 30);
	kit_drop(&a);
	kit_drop(&b);
}

/* A test for zero that needs no instruction, as the flags still tell; what lies between may need an xor of its own now. */
TEST(hidden_constants_leave_no_wrong_flags)
{
	static const struct ins between[] = {
		{ .op = OP_ST_W, .dst = 10, .off = -8, .imm = 0x7fffffff }, { .op = OP_ST_DW, .dst = 10, .off = -8, .imm = -0x7ffffff },
		{ .op = OP_MOV64_K, .dst = 2, .imm = 0x12345678 }, { .op = OP_ADD64_K, .dst = 2, .imm = 0x12345678 },
		{ .op = OP_MUL64_K, .dst = 2, .imm = 0x12345 }, { .op = OP_LDIMM64, .dst = 2, .imm64 = 0x123456789abc },
		{ .op = OP_STX_DW, .dst = 10, .src = 2, .off = -8 }, { .op = OP_LDX_W, .dst = 2, .src = 10, .off = -16 },
	};

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 b = 0; b < ARRAY_SIZE(between); b++)
		for (u32 v = 0; v < 2; v++) {
			struct ins ops[] = { { .op = OP_ST_DW, .dst = 10, .off = -16, .imm = 9 },
					     { .op = OP_MOV64_K, .dst = 2, .imm = 1 },
					     { .op = OP_LDX_DW, .dst = 0, .src = 1 }, { .op = OP_AND64_K, .dst = 0, .imm = -2 },
					     between[b], { .op = OP_STX_DW, .dst = 10, .src = 2, .off = -8 },
					     { .op = OP_JEQ_K, .dst = 0, .target = 8 },
					     { .op = OP_MOV64_K, .dst = 0, .imm = 7 }, { .op = OP_EXIT } };
			u64 ctx = v * 2;
			struct kit k = { .ops = malloc(sizeof(ops)), .n = ARRAY_SIZE(ops) };

			memcpy(k.ops, ops, sizeof(ops));
			kit_find_subs(&k, 64);
			CHECK_EQ(kit_compile(&k, &blind), 0);
			CHECK_EQ(kit_go(&k.jit, &ctx), v ? 7 : 0);
			CHECK_EQ(kit_go(&k.vm, &ctx), v ? 7 : 0);
			kit_drop(&k);
		}
}
