/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets: a run that takes too long is stopped on both engines, wherever it is, and gives back what it holds; one that does not
 * is as without. may_goto ends loops after a quarter of a second.
 */
#include "unit/jit_kit.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/door_kit.h"

static const u32 engines[] = { SKEP_ENGINE_JIT, SKEP_ENGINE_INTERP };

static int load(const char *text, int map) { return load_text(BPF_PROG_TYPE_XDP, text, map); }

/* 0 and the result, or -errno; how long it took in *ret_ns. */
static int run(int fd, u32 *ret, u64 *ret_ns)
{
	u8 packet[64] = { 0 };
	u64 start = clock_ns(CLOCK_MONOTONIC);
	int err = run_on(fd, packet, sizeof(packet), ret);

	*ret_ns = clock_ns(CLOCK_MONOTONIC) - start;
	return err;
}

#define MS 1000000ull
#define EACH(budget)                                                                                    \
	for (u32 e_ = 0; e_ < ARRAY_SIZE(engines); skep_free(s), e_++)                                  \
		if ((s = door_new((struct skep_opts){ .engine = engines[e_], .run_budget = budget })))

/* Loops without end; may_goto alone ends them after a quarter of a second. */
#define FOREVER(l) l ": may_goto out_" l "\nr6 += 1\nr6 &= 0xffff\ngoto " l "\nout_" l ": "

TEST(a_run_that_takes_too_long_is_stopped)
{
	static const char *const endless[] = {
		"r6 = 0\n" FOREVER("a") "r0 = 7\nexit\n",
		"call sub\nr0 = 7\nexit\nsub: r6 = 0\n" FOREVER("a") "r0 = 7\nexit\n",
		"r6 = 0\nl: may_goto out\ncall get_prandom_u32\ncall ktime_get_ns\ngoto l\nout: r0 = 7\nexit\n",
	};

	for (u32 i = 0; i < ARRAY_SIZE(endless); i++)
		EACH(20 * MS) {
			int fd = load(endless[i], -1);
			u32 ret;
			u64 ns;

			CHECK_EQ(run(fd, &ret, &ns), -ETIME);
			CHECK(ns >= 20 * MS && ns < 240 * MS);
			CHECK(strstr(skep_reason(), "budget"));
			close(fd);
		}
}

TEST(a_run_that_does_not_is_as_without)
{
	EACH(10000 * MS) {
		int fd = load("r0 = 0\nr1 = 0\nl: r0 += r1\nr0 &= 0xffff\nr1 += 1\nif r1 < 100000 goto l\nexit\n", -1);
		u32 ret, want = 0;
		u64 ns;

		for (u32 i = 0; i < 100000; i++)
			want = (want + i) & 0xffff;
		CHECK_EQ(run(fd, &ret, &ns), 0);
		CHECK_EQ(ret, want);
		close(fd);
	}
}

/* A record that stays reserved would be in the way of all later ones. */
TEST(what_is_held_is_given_back)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	EACH(20 * MS) {
		int ring = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (u32)page);
		int fd = load("r1 = map[m]\nr2 = 24\nr3 = 0\ncall ringbuf_reserve\nr7 = r0\nif r0 == 0 goto none\nr6 = 0\n"
			      FOREVER("a") "r1 = r7\nr2 = 0\ncall ringbuf_submit\nnone: r0 = 1\nexit\n", ring);
		const u32 *head = mmap(NULL, page, PROT_READ, MAP_SHARED, ring, (off_t)(2 * page));
		u32 ret;
		u64 ns;

		CHECK(head != MAP_FAILED);
		for (u32 i = 0; i < 3; i++) {
			CHECK_EQ(run(fd, &ret, &ns), -ETIME);
			CHECK_EQ(head[i * 8], BPF_RINGBUF_DISCARD_BIT | 24);
		}
		munmap((void *)(uintptr_t)head, page);
		close(fd);
		close(ring);
	}
}

/* ---- callbacks ---- */
static u32 returned;

/* Calls back as long as it is told to, as bpf_loop does. */
static u64 calls_back(u64 callback, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	u64 n = 0;

	(void)b, (void)c, (void)d, (void)e;
	while (!run_callback(r, callback, n, 0, 0, 0, 0))
		n++;
	returned++;
	return n;
}

static u32 dropped;
static void drop(struct run *run, u64 what)
{
	(void)run;
	dropped += (u32)what;
}

static u64 takes(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)b, (void)c, (void)d, (void)e;
	run_hold(r, drop, a);
	return a;
}

/* On every engine: the callback has returned to its helper, `held` was given back, and nothing is left of the run. */
static void is_stopped(const struct ins *ops, u32 n, u32 held)
{
	for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++) {
		struct kit k = { .ops = malloc(n * sizeof(*ops)), .n = n };
		struct image *img[] = { &k.vm, &k.jit };

		memcpy(k.ops, ops, n * sizeof(*ops));
		kit_find_subs(&k, 64);
		CHECK_EQ(kit_compile(&k, &kit_opts[o]), 0);
		for (u32 i = 0; i < ARRAY_SIZE(img); i++) {
			img[i]->budget = 5 * MS;
			img[i]->may_throw = true;
			returned = dropped = 0;
			CHECK_EQ(kit_go(img[i], NULL), 0);
			CHECK(kit_run.stopped);
			CHECK_EQ(returned, 1);
			CHECK_EQ(dropped, held);
			CHECK_EQ(kit_run.frames, 0);
			CHECK(kit_run.stack_top == kit_run.stack + sizeof(kit_run.stack));
			CHECK(!kit_run.unwind);
		}
		kit_drop(&k);
	}
}

/* The helper in between returns by itself, the program behind it does not go on. */
TEST(callbacks_return_to_their_helpers)
{
	const struct ins ops[] = {
		{ .op = OP_MOV64_K, .dst = 1, .imm = 5 },
		{ .op = OP_CALL, .dst = 2, .imm64 = (u64)(uintptr_t)takes },
		{ .op = OP_LDIMM64_FUNC, .dst = 1, .target = 7 },
		{ .op = OP_POLL },
		{ .op = OP_CALL, .dst = 2, .imm64 = (u64)(uintptr_t)calls_back },
		{ .op = OP_POLL },
		{ .op = OP_JA, .target = 5 },
		{ .op = OP_MOV64_K, .dst = 1, .imm = 9 },
		{ .op = OP_CALL, .dst = 2, .imm64 = (u64)(uintptr_t)takes },
		{ .op = OP_POLL },
		{ .op = OP_JA, .target = 9 },
	};

	is_stopped(ops, ARRAY_SIZE(ops), 14);
}

/* The callback itself is short. */
TEST(callbacks_without_end_are_stopped)
{
	const struct ins ops[] = {
		{ .op = OP_LDIMM64_FUNC, .dst = 1, .target = 4 },
		{ .op = OP_CALL, .dst = 2, .imm64 = (u64)(uintptr_t)calls_back },
		{ .op = OP_MOV64_K, .dst = 0, .imm = 7 },
		{ .op = OP_EXIT },
		{ .op = OP_MOV64_K, .dst = 0 },
		{ .op = OP_EXIT },
	};

	is_stopped(ops, ARRAY_SIZE(ops), 0);
}

TEST(polls_change_no_register)
{
	struct ins ops[48];
	u32 n = 0;

	for (u32 r = 0; r < 10; r++)
		ops[n++] = (struct ins){ .op = OP_LDIMM64, .dst = (u8)r, .imm64 = 0x0101010101010101ull << r };
	ops[n++] = (struct ins){ .op = OP_POLL };
	for (u32 r = 1; r < 10; r++)
		ops[n++] = (struct ins){ .op = OP_XOR64_X, .dst = 0, .src = (u8)r };
	ops[n++] = (struct ins){ .op = OP_EXIT };
	for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++) {
		struct kit k = { .ops = malloc(n * sizeof(*ops)), .n = n };
		u64 want = 0;

		for (u32 r = 0; r < 10; r++)
			want ^= 0x0101010101010101ull << r;
		memcpy(k.ops, ops, n * sizeof(*ops));
		kit_find_subs(&k, 0);
		CHECK_EQ(kit_compile(&k, &kit_opts[o]), 0);
		for (u32 slow = 0; slow < 2; slow++) {
			run_init(&kit_run, &k.jit, NULL);
			kit_run.polls = !slow;
			CHECK_EQ(run_image(&kit_run, NULL), want);
		}
		kit_drop(&k);
	}
}

TEST(may_goto_ends_after_a_quarter_of_a_second)
{
	EACH(0) {
		int fd = load("r6 = 0\nloop: may_goto out\nr6 += 1\ngoto loop\nout: r0 = r6\nr0 >>= 16\nexit\n", -1);
		u32 ret;
		u64 ns;

		CHECK_EQ(run(fd, &ret, &ns), 0);
		CHECK(ns >= 250 * MS && ns < 2500 * MS);
		CHECK(ret > 1);
		close(fd);
	}
}
