/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's lib/test_bpf.c on skep's engines: its tables of eBPF programs, which no verifier sees, interpreted and compiled in every
 * way. TEST_BPF names the tables, cut from that file when the test is built.
 */
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wformat"
#include "linux/test_bpf.h"
#include TEST_BPF
#undef R0
#undef R1
#undef R2
#undef R3
#undef R4
#undef R5
#undef R6
#undef R7
#undef R8
#undef R9
#undef R10

#include "unit/jit_kit.h"

#define NTAIL ARRAY_SIZE(tail_call_tests)
#define STACK 512

/* Stands in for map/'s, which is not linked. */
struct map {
	const struct image *slot[NTAIL + 1];
};

__attribute__((weak)) const struct image *prog_array_image(struct map *m, u32 index)
{
	return index < ARRAY_SIZE(m->slot) ? m->slot[index] : NULL;
}

/* The last is the interpreter. */
#define ENGINES (ARRAY_SIZE(kit_opts) + 1)
static const char *const engine_name[ENGINES] = { "compiled", "compiled, first x86-64", "compiled, constants hidden", "compiled, hardened",
						  "compiled, all of these", "interpreted" };
static u32 passed, failed, skipped;

static u64 some_helper(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)r;
	return (u64)bpf_test_func(1);
}

/* The kernel's operations that are no instructions of eBPF, as such; and lowered. */
static bool prepare(struct kit *k, struct bpf_insn *in, u32 n, struct map *array, u32 self)
{
	u32 at;

	for (u32 i = 0; i < n; i++) {
		if (in[i].code == (BPF_JMP | BPF_TAIL_CALL))
			in[i] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call };
		else if (in[i].code == (BPF_JMP | BPF_CALL) && in[i].src_reg == BPF_PSEUDO_CALL)
			in[i] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns };
		else if (in[i].code == (BPF_ALU | BPF_MOV | BPF_X) && in[i].imm == BPF_ZEXT_IMM)
			in[i].imm = 0;
		else if (array && in[i].code == (BPF_ALU | BPF_MOV | BPF_K) && in[i].imm == TAIL_CALL_MARKER) {
			in[i].imm = in[i].off == TAIL_CALL_NULL ? (s32)NTAIL : in[i].off == TAIL_CALL_INVALID ? (s32)NTAIL + 1 :
				    (s32)self + in[i].off;
			in[i].off = 0;
		}
	}
	*k = (struct kit){ .n = n, .ops = calloc(n, sizeof(*k->ops)) };
	if (isa_decode(in, n, k->ops, &at) != DE_OK)
		return false;
	for (u32 i = 0; i < n; i++) {
		struct ins *o = &k->ops[i];

		if (o->op == OP_CALL && o->imm == BPF_FUNC_tail_call)
			o->op = OP_TAIL_CALL;
		else if (o->op == OP_CALL)
			o->imm64 = (u64)(uintptr_t)some_helper;
		else if (array && o->op == OP_LDIMM64 && (u32)o->imm64 == TAIL_CALL_MARKER)
			o->imm64 = (u64)(uintptr_t)array;
	}
	kit_find_subs(k, STACK);
	return true;
}

static int compile(struct kit *k, u32 engine)
{
	int err;

	jit_free(&k->code);
	err = kit_compile(k, &kit_opts[engine % ARRAY_SIZE(kit_opts)]);
	k->vm.may_tail_call = k->jit.may_tail_call = true;
	return err;
}

static const struct image *image_of(const struct kit *k, u32 engine)
{
	return engine == ENGINES - 1 ? &k->vm : &k->jit;
}

static void result(const char *name, u32 engine, u32 sub, u32 got, u32 want)
{
	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("#   %s (%s), run %u: %#x, want %#x\n", name, engine_name[engine], sub, got, want);
}

static u32 length(const struct bpf_insn *in)
{
	u32 n = MAX_INSNS;

	while (n > 1 && !in[n - 1].code && !in[n - 1].imm)
		n--;
	return n;
}

/* ---- the table of programs ---- */
static void one_run(struct bpf_test *t, const struct kit *k, u32 engine, u32 sub)
{
	void *data = NULL;
	u32 ret = 0;
	u32 times = t->fill_helper ? 1 : 3;

	if (!(t->aux & FLAG_NO_DATA)) {
		data = calloc(1, (size_t)MAX(t->test[sub].data_size, MAX_DATA));
		if (!(t->aux & FLAG_LARGE_MEM))
			memcpy(data, t->data, MAX_DATA);
	}
	for (u32 i = 0; i < times; i++)
		ret = (u32)kit_go(image_of(k, engine), data);
	free(data);
	result(t->descr, engine, sub, ret, t->test[sub].result);
}

static void one_test(struct bpf_test *t)
{
	struct bpf_insn *in = t->u.insns_int;
	struct kit k;
	u32 n;

	if ((t->aux & TEST_TYPE_MASK) != INTERNAL)
		return;
	if (t->fill_helper && t->fill_helper(t) < 0) {
		printf("#   %s: cannot be made\n", t->descr);
		failed++;
		return;
	}
	n = t->fill_helper ? t->u.ptr.len : length(in);
	in = t->fill_helper ? t->u.ptr.insns : in;
	if (!prepare(&k, in, n, NULL, 0)) {
		printf("# %s: an instruction that is none\n", t->descr);
		skipped++;
	} else {
		for (u32 e = 0; e < ENGINES; e++) {
			if (compile(&k, e)) {
				result(t->descr, e, 0, 0, 1);
				continue;
			}
			for (u32 sub = 0; sub < MAX_SUBTESTS; sub++)
				if (!sub || t->test[sub].data_size || t->test[sub].result)
					one_run(t, &k, e, sub);
		}
	}
	kit_drop(&k);
	if (t->fill_helper)
		kfree(t->u.ptr.insns);
}

/* ---- tail calls ---- */
static void tail_calls(u32 engine)
{
	static struct kit kit[NTAIL];
	static struct map array;

	for (u32 i = 0; i < NTAIL; i++) {
		struct bpf_insn in[MAX_INSNS];

		memcpy(in, tail_call_tests[i].insns, sizeof(in));
		if (!prepare(&kit[i], in, length(in), &array, i) || compile(&kit[i], engine))
			result(tail_call_tests[i].descr, engine, 0, 0, 1);
		array.slot[i] = image_of(&kit[i], engine);
	}
	for (u32 i = 0; i < NTAIL; i++) {
		const struct tail_call_test *t = &tail_call_tests[i];
		u32 ret = 0, state = 0;

		for (u32 run = 0; run < MAX_TESTRUNS; run++)
			ret = (u32)kit_go(array.slot[i], t->flags & FLAG_NEED_STATE ? &state : NULL);
		result(t->descr, engine, i, t->flags & FLAG_RESULT_IN_STATE ? state : ret, (u32)t->result);
	}
	for (u32 i = 0; i < NTAIL; i++)
		kit_drop(&kit[i]);
}

static void sum_up(const char *what, u32 n)
{
	printf("# %u %s: %u results as wanted, %u not, %u skipped\n", n, what, passed, failed, skipped);
	CHECK(!failed && !skipped && passed >= n * ENGINES);
	passed = failed = skipped = 0;
}

TEST(programs)
{
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(tests); i++) {
		n += (tests[i].aux & TEST_TYPE_MASK) == INTERNAL;
		one_test(&tests[i]);
	}
	sum_up("programs", n);
}

TEST(tail_calls)
{
	for (u32 e = 0; e < ENGINES; e++)
		tail_calls(e);
	sum_up("tail calls", NTAIL);
}
