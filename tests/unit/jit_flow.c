/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control flow of compiled code: calls, tail calls between engines, callbacks, exceptions, packet loads, guarded memory, branch
 * distances. The interpreter's results are wanted (vm_flow.c compares those with the kernel's).
 */
#include "unit/jit_kit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* A prog array for tests; stands in for map/'s when that is not linked. */
struct map {
	const struct image *slot[4];
};

__attribute__((weak)) const struct image *prog_array_image(struct map *m, u32 index)
{
	return index < ARRAY_SIZE(m->slot) ? m->slot[index] : NULL;
}

static const struct jit_opts *opts = &kit_opts[0];

struct bind {
	s32 helper;
	helper_fn fn;
};

/* Assembles, binds helper calls (12: tail call), map addresses and compiles. */
static void build(struct kit *k, const char *text, const struct bind *b, struct map *array, u64 *value)
{
	struct bpf_insn *insns;
	char *err = NULL;
	int n = isa_asm(text, NULL, &insns, &err);
	u32 at = 0;

	if (n < 0) {
		printf("# %s\n", err);
		abort();
	}
	*k = (struct kit){ .n = (u32)n, .ops = calloc((u32)n, sizeof(*k->ops)) };
	if (!k->ops || isa_decode(insns, k->n, k->ops, &at) != DE_OK)
		abort();
	free(insns);
	for (u32 i = 0; i < k->n; i++) {
		struct ins *o = &k->ops[i];

		if (o->op == OP_LDIMM64_MAP_FD)
			o->imm64 = (u64)(uintptr_t)array;
		else if (o->op == OP_LDIMM64_MAP_VALUE)
			o->imm64 = (u64)(uintptr_t)value;
		else if (o->op == OP_CALL && o->imm == 12)
			o->op = OP_TAIL_CALL;
		for (const struct bind *x = b; x && x->fn && o->op == OP_CALL; x++)
			if (x->helper == o->imm)
				o->imm64 = (u64)(uintptr_t)x->fn;
	}
	kit_find_subs(k, 64);
	CHECK_EQ(kit_compile(k, opts), 0);
}

static u64 go(const struct image *img, void *ctx)
{
	u64 ret = kit_go(img, ctx);

	CHECK(kit_run.stack_top == kit_run.stack + sizeof(kit_run.stack));
	CHECK_EQ(kit_run.frames, 0);
	CHECK(!kit_run.unwind);
	return ret;
}

/* Every test runs with every way to compile. */
#define EACH for (opts = kit_opts; opts < kit_opts + ARRAY_SIZE(kit_opts); opts++)

static u64 weigh(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	CHECK(r == &kit_run);
	CHECK((uintptr_t)__builtin_frame_address(0) % 16 == 0);
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e;
}

TEST(helpers_get_five_arguments_and_the_run)
{
	struct bind b[] = { { 1, weigh }, { 0 } };
	struct kit k;

	EACH {
		build(&k, "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\nr6 = 6\ncall 1\nr0 += r6\nexit", b, NULL, NULL);
		CHECK_EQ(go(&k.jit, NULL), 54327);
		kit_drop(&k);
		build(&k, "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\nr6 = 6\nr7 = 7\ncall 1\nr0 += r6\nr0 += r7\nexit", b, NULL, NULL);
		CHECK_EQ(go(&k.jit, NULL), 54334);
		kit_drop(&k);
		build(&k, "*(u64 *)(r10 -8) = 1\nr2 = r10\nr2 += -8\nr1 = *(u64 *)(r2 +0)\nr2 = 2\nr3 = 3\nr4 = r1\nr5 = r4\ncall 1\nexit",
		      b, NULL, NULL);
		CHECK_EQ(go(&k.jit, NULL), 11321);
		kit_drop(&k);
	}
}

TEST(calls_nest_and_keep_what_they_must)
{
	static const char text[] = "r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\n*(u64 *)(r10 -8) = 5\nr1 = 7\ncall fac\n"
				   "r1 = *(u64 *)(r10 -8)\nr0 += r1\nr0 += r6\nr0 += r7\nr0 += r8\nr0 += r9\nexit\n"
				   "fac: if r1 s> 1 goto more\nr0 = 1\nexit\n"
				   "more: r6 = r1\n*(u64 *)(r10 -8) = r1\nr1 += -1\ncall fac\nr1 = *(u64 *)(r10 -8)\n"
				   "r9 = 99\nr0 *= r1\nif r1 == r6 goto +1\nr0 = -1\nexit\n";
	struct kit k;

	EACH {
		build(&k, text, NULL, NULL, NULL);
		CHECK_EQ(go(&k.jit, NULL), 5040 + 5 + 10);
		kit_drop(&k);
	}
}

static const char self_tail_call[] = "r6 = r1\nr7 = map[fd:9]\nr0 = map[fd:8][0]+0\nr1 = *(u64 *)(r0 +0)\nr1 += 1\n"
				     "*(u64 *)(r0 +0) = r1\nr1 = r6\nr2 = r7\nr3 = 0\ncall 12\nr0 = 123\nexit\n";

TEST(tail_calls_stop_where_the_kernel_stops)
{
	struct map array = { { NULL } };
	u64 counter;
	struct kit k;

	EACH {
		build(&k, self_tail_call, NULL, &array, &counter);
		array.slot[0] = NULL;
		counter = 0;
		CHECK_EQ(go(&k.jit, NULL), 123);
		CHECK_EQ(counter, 1);
		array.slot[0] = &k.jit;
		counter = 0;
		CHECK_EQ(go(&k.jit, NULL), 123);
		CHECK_EQ(counter, 34);
		/* from compiled code into the interpreter, and the other way round */
		array.slot[0] = &k.vm;
		counter = 0;
		CHECK_EQ(go(&k.jit, NULL), 123);
		CHECK_EQ(counter, 34);
		array.slot[0] = &k.jit;
		counter = 0;
		CHECK_EQ(go(&k.vm, NULL), 123);
		CHECK_EQ(counter, 34);
		kit_drop(&k);
	}
}

TEST(tail_calls_pass_the_context)
{
	struct map array = { { NULL } };
	struct kit p, q;
	u64 ctx = 42;

	EACH {
		build(&p, "r6 = r1\nr7 = 7\nr1 = r6\nr2 = map[fd:9]\nr3 = 1\ncall 12\nr0 = r7\nr1 = *(u64 *)(r6 +0)\nr0 += r1\nexit\n", NULL,
		      &array, NULL);
		build(&q, "r0 = *(u64 *)(r1 +0)\nexit\n", NULL, NULL, NULL);
		array.slot[1] = NULL;
		CHECK_EQ(go(&p.jit, &ctx), 49);
		array.slot[1] = &q.jit;
		CHECK_EQ(go(&p.jit, &ctx), 42);
		array.slot[1] = &q.vm;
		CHECK_EQ(go(&p.jit, &ctx), 42);
		CHECK(kit_run.image == &q.vm);
		kit_drop(&p);
		kit_drop(&q);
	}
}

TEST(tail_calls_from_subprograms_return_to_the_caller)
{
	struct map array = { { NULL } };
	struct kit p, q;

	EACH {
		build(&p,
		      "r6 = 5\n*(u64 *)(r10 -8) = 6\ncall sub\nr0 += r6\nr1 = *(u64 *)(r10 -8)\nr0 += r1\n"
		      "r6 = r0\ncall last\nr0 += r6\nexit\n"
		      "sub: r2 = map[fd:9]\nr3 = 1\ncall 12\nr0 = 1\nexit\nlast: r0 = 1000\nexit\n",
		      NULL, &array, NULL);
		build(&q, "r6 = 7\n*(u64 *)(r10 -64) = 1\nr0 = 100\nexit\n", NULL, NULL, NULL);
		array.slot[1] = NULL;
		CHECK_EQ(go(&p.jit, NULL), 1012);
		array.slot[1] = &q.jit;
		CHECK_EQ(go(&p.jit, NULL), 1111);
		CHECK(kit_run.image == &p.jit);
		array.slot[1] = &q.vm;
		CHECK_EQ(go(&p.jit, NULL), 1111);
		CHECK(kit_run.image == &p.jit);
		CHECK_EQ(kit_run.tail_left, RUN_MAX_TAIL_CALLS - 1);
		kit_drop(&p);
		kit_drop(&q);
	}
}

static u64 repeat(u64 n, u64 fn, u64 ctx, u64 flags, u64 unused, struct run *r)
{
	(void)flags;
	(void)unused;
	for (u64 i = 0; i < n; i++)
		if (run_callback(r, fn, i, ctx, 0, 0, 0))
			return i + 1;
	return n;
}

static const char sum_text[] = "*(u64 *)(r10 -8) = 0\nr1 = 10\nr2 = subprog[add]\nr3 = r10\nr3 += -8\nr4 = 0\nr6 = 3\n"
			       "call 181\nr7 = r0\nr0 = *(u64 *)(r10 -8)\nr0 += r6\nr0 += r7\nexit\n"
			       "add: r3 = *(u64 *)(r2 +0)\nr3 += r1\n*(u64 *)(r2 +0) = r3\nr6 = r1\n*(u64 *)(r10 -8) = 99\n"
			       "r0 = 0\nif r6 != 7 goto out\nr0 = 1\nout: exit\n";

TEST(helpers_call_back)
{
	struct bind b[] = { { 181, repeat }, { 0 } };
	struct kit k;

	EACH {
		build(&k, sum_text, b, NULL, NULL);
		CHECK_EQ(go(&k.jit, NULL), 28 + 3 + 8);
		kit_drop(&k);
	}
}

static u64 throw(u64 cookie, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)b, (void)c, (void)d, (void)e;
	run_throw(r, cookie);
}

TEST(exceptions_unwind_everything)
{
	static const char text[] = "r1 = 10\nr2 = subprog[cb]\nr3 = 0\nr4 = 0\nr6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\ncall 181\nr0 = 1\nexit\n"
				   "cb: r1 += 40\nif r1 < 43 goto ok\ncall sub\nok: r0 = 0\nexit\n"
				   "sub: r6 = 9\nr7 = 9\nr8 = 9\nr9 = 9\ncall 9\nr0 = 2\nexit\n"
				   "handler: r0 = r1\nr0 *= 2\nexit\n";
	struct bind b[] = { { 181, repeat }, { 9, throw }, { 0 } };
	struct kit k;

	EACH {
		build(&k, text, b, NULL, NULL);
		k.jit.may_throw = true;
		CHECK_EQ(go(&k.jit, NULL), 43);
		kit_drop(&k);
		build(&k, "r1 = 50\ncall 9\nr1 = subprog[handler]\nr0 = 0\nexit\nhandler: r0 = r1\nr0 *= 2\nexit\n", b, NULL, NULL);
		k.jit.may_throw = true;
		k.jit.exception_sub = 1;
		CHECK_EQ(go(&k.jit, NULL), 100);
		kit_drop(&k);
	}
}

TEST(may_goto_lets_a_loop_run_so_long)
{
	u64 turns;
	struct kit k;

	EACH {
		build(&k, "r0 = 0\nloop: may_goto out\nr0 += 1\ngoto loop\nout: exit", NULL, NULL, NULL);
		turns = go(&k.jit, NULL);
		CHECK(turns > RUN_LOOPS && turns % RUN_LOOPS == 0);
		kit_drop(&k);
	}
}

static u8 packet[64];

static u64 pkt_load(u64 ctx, u64 off, u64 size, u64 a, u64 b, struct run *r)
{
	u64 v = 0;

	(void)a, (void)b, (void)r;
	CHECK(ctx == (u64)(uintptr_t)packet);
	if (off > sizeof(packet) || size > sizeof(packet) - off)
		return (u64)-EFAULT;
	for (u64 i = 0; i < size; i++)
		v = v << 8 | packet[off + i];
	return v;
}

TEST(packet_loads_are_the_interpreters)
{
	static const char *const form[] = { "r0 = *(u8 *)skb[%d]",	"r0 = *(u16 *)skb[%d]",	     "r0 = *(u32 *)skb[%d]",
					    "r0 = *(u8 *)skb[r2 + %d]", "r0 = *(u16 *)skb[r2 + %d]", "r0 = *(u32 *)skb[r7 + %d]" };

	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 37 + 0x81);
	EACH for (u32 f = 0; f < ARRAY_SIZE(form); f++) {
		for (s32 off = 0; off < 70; off += 1 + off / 9) {
			char text[256];
			struct kit k;
			int n;

			n = snprintf(text, sizeof(text), "r6 = r1\nr2 = 3\nr7 = r2\n");
			n += snprintf(text + n, sizeof(text) - (size_t)n, form[f], off);
			snprintf(text + n, sizeof(text) - (size_t)n, "\nr0 ^= 0x55\nexit\n");
			build(&k, text, NULL, NULL, NULL);
			k.ops[3].imm64 = (u64)(uintptr_t)pkt_load;
			jit_free(&k.code);
			CHECK_EQ(kit_compile(&k, opts), 0);
			CHECK_EQ(go(&k.jit, packet), go(&k.vm, packet));
			kit_drop(&k);
		}
	}
}

TEST(casts_change_the_address_space)
{
	struct kit k;

	EACH {
		build(&k, "r2 = r1\nr0 = addr_space_cast(r2, 0, 1)\nexit\n", NULL, NULL, NULL);
		CHECK_EQ(go(&k.jit, (void *)0x7fff12345678), 0x12345678);
		kit_drop(&k);
		build(&k, "r2 = r1\nr0 = addr_space_cast(r2, 1, 0)\nexit\n", NULL, NULL, NULL);
		k.ops[1].imm64 = 0x7eee00000000;
		jit_free(&k.code);
		CHECK_EQ(kit_compile(&k, opts), 0);
		CHECK_EQ(go(&k.jit, (void *)0xdead12345678), 0x7eee12345678);
		CHECK_EQ(go(&k.jit, NULL), 0);
		kit_drop(&k);
	}
}

/* Guarded loads are outlined, and keep every register. */
TEST(bad_addresses_do_not_fault)
{
	long page = sysconf(_SC_PAGESIZE);
	u8 *m = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kit k;

	CHECK(m != MAP_FAILED);
	CHECK_EQ(mprotect(m + page, (size_t)page, PROT_NONE), 0);
	memset(m, 0xff, (size_t)page);
	EACH {
		build(&k, "r3 = 3\nr4 = 4\nr5 = 5\nr6 = 6\nr7 = r1\nr7 += 2\nr0 = *(s8 *)(r1 +0)\nr2 = *(u64 *)(r1 +4096)\nr0 += r2\n"
			  "r0 += r3\nr0 += r4\nr0 += r5\nr0 += r6\nr2 = *(u8 *)(r7 +0)\nr0 += r2\nexit\n", NULL, NULL, NULL);
		k.ops[6].op = OP_PROBESX_B;
		k.ops[7].op = OP_PROBE_DW;
		jit_free(&k.code);
		CHECK_EQ(kit_compile(&k, opts), 0);
		CHECK_EQ(go(&k.jit, m), -1 + 18 + 255);
		kit_drop(&k);
	}
	munmap(m, (size_t)page * 2);
}

/* ---- branches ---- */
static struct ins mk(u16 op, u8 d, s32 imm)
{
	return (struct ins){ .op = op, .dst = d, .imm = imm };
}

/*
 * A jump over `pad` operations of known size and one back over as many: r0 says what ran. 1: not jumped, 2: jumped forward,
 * 4: came back.
 */
static void jump_over(u32 pad, u16 filler, u16 jump)
{
	struct kit k = { 0 };
	u32 n = 0, fwd, back;
	struct ins *o = calloc(pad * 2 + 32, sizeof(*o));

	if (!o)
		abort();
	k.ops = o;
	o[n++] = mk(OP_MOV64_K, 0, 0);
	o[n++] = mk(OP_MOV64_K, 6, 1);
	fwd = n;
	o[n++] = mk(jump, 6, 1);
	back = n;
	o[n++] = mk(OP_ADD64_K, 0, 4);
	for (u32 i = 0; i < pad; i++) {
		o[n] = mk(filler, 10, 0);
		o[n++].off = -8;
	}
	o[n++] = mk(OP_ADD64_K, 0, 16);
	o[n++] = mk(OP_EXIT, 0, 0);
	o[fwd].target = n;
	o[n++] = mk(OP_ADD64_K, 0, 2);
	o[n] = mk(jump, 6, 1);
	o[n++].target = back;
	o[n++] = mk(OP_MOV64_K, 0, -1);
	o[n++] = mk(OP_EXIT, 0, 0);
	k.n = n;
	kit_find_subs(&k, 64);
	CHECK_EQ(kit_compile(&k, opts), 0);
	CHECK_EQ(go(&k.jit, NULL), 22);
	kit_drop(&k);
}

TEST(branches_reach_any_distance)
{
	EACH {
		/* fillers of 3 to 9 bytes: every distance around the limit of short jumps */
		for (u32 pad = 8; pad < 50; pad++) {
			jump_over(pad, OP_ST_B, OP_JEQ_K);
			jump_over(pad, OP_ST_H, OP_JGE_K);
			jump_over(pad, OP_ST_W, OP_JEQ32_K);
			jump_over(pad, OP_ST_DW, OP_JSLE_K);
			jump_over(pad, OP_NOSPEC, OP_JEQ_K);
		}
		for (u32 pad = 1000; pad < 300000; pad *= 3)
			jump_over(pad, OP_ST_DW, OP_JEQ_K);
	}
}

/* Branches that are each at the border of what fits, so that each that grows makes others grow. */
TEST(branches_grow_until_none_must)
{
	EACH for (u32 gap = 50; gap < 70; gap++) {
		struct kit k = { 0 };
		u32 count = 600, n = 0;
		struct ins *o = calloc(count + 8, sizeof(*o));

		if (!o)
			abort();
		o[n++] = mk(OP_MOV64_K, 0, 0);
		for (u32 i = 0; i < count; i++) {
			o[n] = mk(OP_JEQ_K, 0, 1); /* never */
			o[n].target = MIN(n + gap, count + 1);
			n++;
		}
		o[n++] = mk(OP_MOV64_K, 0, 7);
		o[n++] = mk(OP_EXIT, 0, 0);
		k.ops = o;
		k.n = n;
		kit_find_subs(&k, 0);
		CHECK_EQ(kit_compile(&k, opts), 0);
		CHECK_EQ(go(&k.jit, NULL), 7);
		kit_drop(&k);
	}
}

TEST(offsets_of_operations_grow)
{
	struct kit k;

	opts = &kit_opts[0];
	build(&k, "r0 = 1\nr1 = 5\nl: r0 += r1\nr1 += -1\nif r1 != 0 goto l\nexit\n", NULL, NULL, NULL);
	CHECK_EQ(go(&k.jit, NULL), 16);
	CHECK_EQ(k.code.code_off[0], 0);
	for (u32 i = 0; i < k.n; i++)
		CHECK(k.code.code_off[i] <= k.code.code_off[i + 1]);
	CHECK(k.code.code_off[k.n] <= k.code.size);
	kit_drop(&k);
}

static bool has_bytes(const struct kit *k, u8 a, u8 b)
{
	for (u32 i = 0; i + 1 < k->code.size; i++)
		if (k->code.code[i] == a && k->code.code[i + 1] == b)
			return true;
	return false;
}

static void count_bytes(const struct jit_opts *o, u32 *branches, u32 *fences)
{
	struct map array = { { NULL } };
	u64 counter = 0;
	struct kit k;

	opts = o;
	build(&k, self_tail_call, NULL, &array, &counter);
	*branches += has_bytes(&k, 0xff, 0xe0) || has_bytes(&k, 0xff, 0xd0);
	*fences += has_bytes(&k, 0x0f, 0xae);
	kit_drop(&k);
}

/* Other bytes may look like one by chance, but not in image after image at another address. */
TEST(hardened_code_has_no_indirect_branches)
{
	static const struct jit_opts hardened = { .hardened = true };
	u32 plain = 0, hard = 0, plain_fences = 0, fences = 0;

#if !defined(__x86_64__)
	SKIP("its retpolines are x86-64's");
#endif
	for (u32 i = 0; i < 10; i++) {
		count_bytes(&kit_opts[0], &plain, &plain_fences);
		count_bytes(&hardened, &hard, &fences);
	}
	CHECK_EQ(plain, 10);
	CHECK(hard < 5);
	CHECK(plain_fences < 5);
	CHECK_EQ(fences, 10);
}
