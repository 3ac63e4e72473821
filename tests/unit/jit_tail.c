/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tail calls to slots whose place is known: they follow every change of the slot, count, and land what throws. Two parts: images made
 * by hand, and programs through the front door while another thread updates and deletes the slot.
 */
#include "unit/jit_kit.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "prog/prog.h"
#include "skep/skep.h"

static u64 throws(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	run_throw(r, 77);
}

static u32 slot_id;
static const struct image *slot_image;

static void make(struct kit *k, const struct ins *ops, u32 n, const struct jit_opts *o)
{
	static struct lower_tail tail;
	struct lowered l;
	jmp_buf oom;

	*k = (struct kit){ .ops = malloc(n * sizeof(*ops)), .n = n };
	memcpy(k->ops, ops, n * sizeof(*ops));
	kit_find_subs(k, 0);
	tail = (struct lower_tail){ .id = (u64)(uintptr_t)&slot_id, .image = (u64)(uintptr_t)&slot_image };
	l = (struct lowered){ .ops = k->ops, .n = n, .sub = k->lsub, .nsubs = k->nsubs, .exception_sub = ~0u, .tail = &tail, .ntails = 1 };
	k->arena = (struct arena){ .oom = &oom };
	if (setjmp(oom))
		abort();
	for (u32 i = 0; i < k->nsubs; i++)
		k->lsub[i].stack = 64;
	CHECK_EQ(jit_compile(&l, o, &k->arena, 0, &k->code), 0);
	CHECK_EQ(jit_publish(&k->code, NULL), 0);
	arena_free(&k->arena);
	k->jsub[0] = (struct image_sub){ .end = n, .jit = k->code.sub_entry[0] };
	k->jit = (struct image){ .ops = k->ops, .n = n, .sub = k->jsub, .nsubs = 1, .exception_sub = ~0u };
	memcpy(&k->jit.entry, &k->code.entry, sizeof(k->jit.entry));
	k->jit.tail = k->jit.entry;
	k->jit.hop = k->code.hop;
}

/* Whatever was in the slot when the code was made. */
static void follow_slot(struct kit *a, struct kit *b, struct kit *t)
{
	u64 ctx = 1234;

	slot_image = &b->jit;
	slot_id = 0;
	CHECK_EQ(kit_go(&a->jit, &ctx), 5); /* deleted by another process */
	CHECK_EQ(kit_run.tail_left, RUN_MAX_TAIL_CALLS);
	slot_id = 9;
	CHECK_EQ(kit_go(&a->jit, &ctx), 1234);
	CHECK_EQ(kit_run.tail_left, RUN_MAX_TAIL_CALLS - 1);
	slot_image = NULL;
	CHECK_EQ(kit_go(&a->jit, &ctx), 5);
	slot_image = &a->jit; /* until there are no more */
	CHECK_EQ(kit_go(&a->jit, &ctx), 5);
	CHECK_EQ(kit_run.tail_left, 0);
	slot_image = &t->jit;
	CHECK_EQ(kit_go(&a->jit, &ctx), 77);
	CHECK(!kit_run.unwind);
}

TEST(by_hand)
{
	const struct ins calls[] = { { .op = OP_MOV64_X, .dst = 6, .src = 1 }, { .op = OP_TAIL_CALL, .imm = 1 },
				     { .op = OP_MOV64_K, .dst = 0, .imm = 5 }, { .op = OP_EXIT } };
	const struct ins called[] = { { .op = OP_LDX_DW, .dst = 0, .src = 1 }, { .op = OP_EXIT } };
	const struct ins thrower[] = { { .op = OP_CALL, .imm64 = (u64)(uintptr_t)throws }, { .op = OP_EXIT } };

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++) {
		struct kit a[3], b, t;

		slot_image = NULL;
		make(&a[0], calls, ARRAY_SIZE(calls), &kit_opts[o]);
		make(&b, called, ARRAY_SIZE(called), &kit_opts[o]);
		make(&t, thrower, ARRAY_SIZE(thrower), &kit_opts[o]);
		t.jit.throws = t.jit.may_throw = true;
		t.jit.tail = run_landed;
		t.jit.hop = jit_hop();
		slot_image = &b.jit;
		make(&a[1], calls, ARRAY_SIZE(calls), &kit_opts[o]);
		slot_image = &t.jit;
		make(&a[2], calls, ARRAY_SIZE(calls), &kit_opts[o]);
		for (u32 i = 0; i < ARRAY_SIZE(a); i++) {
			follow_slot(&a[i], &b, &t);
			kit_drop(&a[i]);
		}
		kit_drop(&b);
		kit_drop(&t);
	}
	slot_image = NULL;
}

/* ---- frames of every shape ---- */
enum { USES_R6 = 1, SAVED = 15, STACK = 16, HELPER = 32, FROM_SUB = 64, CALLERS = 128, CALLEES = 64 };

static u32 misaligned;
/* C functions are called with the stack they may expect. */
static __attribute__((noinline)) u64 aligned(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)r;
	misaligned += ((uintptr_t)__builtin_frame_address(0) & 15) != 0;
	return 0;
}

static u32 begin(struct ins *o, u32 shape)
{
	u32 n = 0;

	if (shape & HELPER) {
		o[n++] = (struct ins){ .op = OP_MOV64_X, .dst = 6, .src = 1 };
		o[n++] = (struct ins){ .op = OP_CALL, .dst = 1, .imm64 = (u64)(uintptr_t)aligned };
		o[n++] = (struct ins){ .op = OP_MOV64_X, .dst = 1, .src = 6 };
	}
	for (u32 i = 0; i < 4; i++)
		if (shape >> i & 1)
			o[n++] = (struct ins){ .op = OP_MOV64_K, .dst = (u8)(6 + i), .imm = 100 << i };
	if (shape & STACK)
		o[n++] = (struct ins){ .op = OP_ST_DW, .dst = 10, .off = -8, .imm = 5000 };
	return n;
}

/* r0 += what begin() left */
static u32 end(struct ins *o, u32 n, u32 shape)
{
	for (u32 i = 0; i < 4; i++)
		if (shape >> i & 1)
			o[n++] = (struct ins){ .op = OP_ADD64_X, .dst = 0, .src = (u8)(6 + i) };
	if (shape & STACK) {
		o[n++] = (struct ins){ .op = OP_LDX_DW, .dst = 1, .src = 10, .off = -8 };
		o[n++] = (struct ins){ .op = OP_ADD64_X, .dst = 0, .src = 1 };
	}
	o[n++] = (struct ins){ .op = OP_EXIT };
	return n;
}

static u64 sum_of(u32 shape)
{
	return (shape & SAVED) * 100 + (shape & STACK ? 5000 : 0);
}

static void make_callee(struct kit *k, u32 shape, const struct jit_opts *o)
{
	struct ins ops[24];
	u32 n = begin(ops, shape);

	ops[n++] = (struct ins){ .op = OP_LDX_DW, .dst = 0, .src = 1 };
	make(k, ops, end(ops, n, shape), o);
}

/* From a subprogram with another set of registers, when it is one's turn. */
static void make_caller(struct kit *k, u32 shape, const struct jit_opts *o)
{
	struct ins ops[32];
	u32 n = begin(ops, shape), call = n++;

	ops[call] = (struct ins){ .op = OP_TAIL_CALL, .imm = 1 };
	if (!(shape & FROM_SUB)) {
		ops[n++] = (struct ins){ .op = OP_MOV64_K, .dst = 0, .imm = 7 };
		make(k, ops, end(ops, n, shape), o);
		return;
	}
	n = end(ops, n, shape);
	ops[n] = ops[call];
	ops[call] = (struct ins){ .op = OP_CALL_SUB, .target = n };
	if (shape & USES_R6) {
		ops[n + 1] = ops[n];
		ops[n++] = (struct ins){ .op = OP_MOV64_K, .dst = 7, .imm = 1 };
	}
	ops[n + 1] = (struct ins){ .op = OP_MOV64_K, .dst = 0, .imm = 7 };
	ops[n + 2] = (struct ins){ .op = OP_EXIT };
	make(k, ops, n + 3, o);
}

/* With values of ours in all registers that a C function keeps; ~0: they were not kept. */
static u64 go_keeping(const struct image *img, void *ctx)
{
	run_init(&kit_run, img, NULL);
#if defined(__x86_64__)
	u64 ret, kept, arg = (u64)(uintptr_t)ctx;
	struct run *run = &kit_run;
	u64 (*entry)(void *, struct run *) = img->entry;

	__asm__ volatile("push %%rbx\npush %%rbp\npush %%r12\npush %%r13\npush %%r14\npush %%r15\n"
			 "mov %%rsp, %%rbx\nand $-16, %%rsp\npush %%rbx\npush %%rbx\n"
			 "mov %%rsp, %%rbx\nlea 1(%%rbx), %%rbp\nlea 2(%%rbx), %%r12\nlea 3(%%rbx), %%r13\n"
			 "lea 4(%%rbx), %%r14\nlea 5(%%rbx), %%r15\ncall *%%rdx\n"
			 "xor %%ecx, %%ecx\ncmp %%rsp, %%rbx\njne 1f\nsub %%rbx, %%rbp\nsub %%rbx, %%r12\nsub %%rbx, %%r13\n"
			 "sub %%rbx, %%r14\nsub %%rbx, %%r15\ncmp $1, %%rbp\njne 1f\ncmp $2, %%r12\njne 1f\ncmp $3, %%r13\njne 1f\n"
			 "cmp $4, %%r14\njne 1f\ncmp $5, %%r15\njne 1f\ninc %%ecx\n1:\n"
			 "pop %%rbx\nmov %%rbx, %%rsp\npop %%r15\npop %%r14\npop %%r13\npop %%r12\npop %%rbp\npop %%rbx\n"
			 : "+D"(arg), "+S"(run), "=c"(kept), "=a"(ret), "+d"(entry)
			 :
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return kept ? ret : ~(u64)0;
#else
	return run_image(&kit_run, ctx);
#endif
}

TEST(frames_of_every_shape)
{
	static struct kit caller[CALLERS], callee[CALLEES];
	u64 ctx = 1234567;

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++) {
		for (u32 i = 0; i < CALLEES; i++)
			make_callee(&callee[i], i, &kit_opts[o]);
		for (u32 i = 0; i < CALLERS; i++) { /* each expects one of them */
			slot_image = &callee[i % CALLEES].jit;
			make_caller(&caller[i], i, &kit_opts[o]);
		}
		for (u32 i = 0; i < CALLERS * CALLEES; i++) {
			u32 from = i % CALLERS, to = i / CALLERS;
			u64 back = from & FROM_SUB ? sum_of(from) : 0;

			slot_id = i & 1 || to;
			slot_image = &callee[to].jit;
			CHECK_EQ(go_keeping(&caller[from].jit, &ctx), slot_id ? ctx + sum_of(to) + back : 7 + sum_of(from));
			CHECK(kit_run.image == (slot_id && !(from & FROM_SUB) ? &callee[to].jit : &caller[from].jit));
		}
		CHECK_EQ(misaligned, 0);
		for (u32 i = 0; i < CALLERS; i++)
			kit_drop(&caller[i]);
		for (u32 i = 0; i < CALLEES; i++)
			kit_drop(&callee[i]);
	}
}

/* ---- through the front door ---- */
#define MOV(d, k) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (d), .imm = (k) }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

static struct skep *s;

static int load(const struct bpf_insn *insns, u32 n)
{
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (u64)(uintptr_t)insns, .insn_cnt = n,
			     .license = (u64)(uintptr_t)"GPL" };

	return skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
}

static int returning(s32 v)
{
	const struct bpf_insn insns[] = { MOV(0, v), EXIT };

	return load(insns, ARRAY_SIZE(insns));
}

static int calling(int map, u32 index)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map }, { 0 },
		MOV(3, (s32)index), { .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call }, MOV(0, 100), EXIT };

	return load(insns, ARRAY_SIZE(insns));
}

static int set(int map, u32 index, int prog)
{
	union bpf_attr a = { .map_fd = (u32)map, .key = (u64)(uintptr_t)&index, .value = prog < 0 ? 0 : (u64)(uintptr_t)&prog };

	return skep_bpf_in(s, prog < 0 ? BPF_MAP_DELETE_ELEM : BPF_MAP_UPDATE_ELEM, &a, sizeof(a));
}

static u32 go(int prog)
{
	u8 packet[64] = { 0 };
	union bpf_attr a = { .test = { .prog_fd = (u32)prog, .data_in = (u64)(uintptr_t)packet, .data_size_in = sizeof(packet) } };

	CHECK_EQ(skep_bpf_in(s, BPF_PROG_TEST_RUN, &a, sizeof(a)), 0);
	return a.test.retval;
}

static struct { int map, one, two; bool stop; } work;

static void *change(void *arg)
{
	(void)arg;
	for (u32 i = 0; !__atomic_load_n(&work.stop, __ATOMIC_RELAXED); i++) {
		/* programs come and go as well: what runs must outlive its slot */
		int fresh = returning(3);

		CHECK(!set(work.map, 1, i % 2 ? work.one : work.two));
		sched_yield();
		CHECK(!set(work.map, 1, fresh));
		close(fresh);
		CHECK(!set(work.map, 1, -1));
	}
	return NULL;
}

static void follow(u32 engine, u32 spectre)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .engine = engine, .spectre = spectre };
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 2 };
	u32 seen[4] = { 0 }, runs = 0;
	pthread_t t;
	int prog;

	CHECK_EQ(skep_new(&o, &s), 0);
	work.map = skep_bpf_in(s, BPF_MAP_CREATE, &a, sizeof(a));
	work.one = returning(1);
	work.two = returning(2);
	prog = calling(work.map, 1);
	CHECK(prog >= 0);
	CHECK_EQ(go(prog), 100);
	CHECK(!set(work.map, 1, work.one));
	CHECK_EQ(go(prog), 1);
	CHECK(!set(work.map, 1, work.two));
	CHECK_EQ(go(prog), 2);
	CHECK(!set(work.map, 1, -1));
	CHECK_EQ(go(prog), 100);
	CHECK(!set(work.map, 1, prog)); /* 33 of itself, then on */
	CHECK_EQ(go(prog), 100);
	CHECK(!set(work.map, 0, work.one));
	CHECK_EQ(go(prog), 100);
	work.stop = false;
	CHECK_EQ(pthread_create(&t, NULL, change, NULL), 0);
	for (time_t end = time(NULL) + 60; time(NULL) < end && !(runs > 20000 && seen[0] && seen[1] && seen[2] && seen[3]); runs++) {
		u32 r = go(prog);

		CHECK(r == 100 || (r >= 1 && r <= 3));
		seen[r == 100 ? 0 : r & 3]++;
	}
	__atomic_store_n(&work.stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
	close(prog);
	close(work.one);
	close(work.two);
	close(work.map);
	skep_free(s);
}

TEST(slots_that_change)
{
	follow(SKEP_ENGINE_INTERP, SKEP_SPECTRE_AUTO);
	if (!jit_available())
		SKIP("no executable memory");
	follow(SKEP_ENGINE_JIT, SKEP_SPECTRE_AUTO);
	follow(SKEP_ENGINE_JIT, SKEP_SPECTRE_ON);
}
