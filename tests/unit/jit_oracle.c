/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled code gives the interpreter's results, which are the kernel's (vm_oracle.c): every row with edge operands. */
#include "unit/vm_cases.h"

#include "unit/jit_kit.h"

/* Stands in for map/: nothing here tail calls. */
__attribute__((weak)) const struct image *prog_array_image(struct map *prog_array, u32 index)
{
	(void)prog_array;
	(void)index;
	return NULL;
}

static u64 want[CASES_OUT], got[CASES_OUT], in[ARRAY_SIZE(cases_in)];

static void compare(struct batch *b, u16 op, const struct jit_opts *o)
{
	struct kit k = { .n = b->n };
	int err;

	memcpy(in, cases_in, sizeof(in));
	k.ops = batch_lower(b, in, want);
	kit_find_subs(&k, 512);
	err = kit_compile(&k, o);
	CHECK_EQ(err, 0);
	if (err)
		return;
	memset(want, 0, sizeof(want));
	memset(got, 0, sizeof(got));
	CHECK_EQ(kit_go(&k.jit, NULL), 0);
	memcpy(got, want, sizeof(got));
	memset(want, 0, sizeof(want));
	CHECK_EQ(kit_go(&k.vm, NULL), 0);
	for (u32 i = 0; i < b->nout; i++)
		if (want[i] != got[i] && test_failures++ < 20)
			printf("# %s%s%s%s: result %u is 0x%llx, the interpreter's 0x%llx\n", op_info[op].name,
			       o->baseline ? " baseline" : "", o->blind ? " blind" : "", o->hardened ? " hardened" : "", i,
			       (unsigned long long)got[i], (unsigned long long)want[i]);
	kit_drop(&k);
}

TEST(rows_compute_what_the_interpreter_computes)
{
	struct batch b = { 0 };
	u32 cases = 0;

	if (!jit_available())
		SKIP("no executable memory");
	batch_alloc(&b);
	for (u16 op = 0; op < OP_COUNT; op++) {
		if (!build_case(&b, op))
			continue;
		for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++)
			compare(&b, op, &kit_opts[o]);
		cases += b.nout;
	}
	printf("# %u results compared, five ways each\n", cases);
	batch_free(&b);
}
