/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching and detaching while four threads run through the site: no wrong result, no lost thread. One-instruction sites change while
 * everybody runs, others in a stopped world (here: threads held in a signal handler, their saved instruction pointers moved).
 * CYCLES: how many.
 */
#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "unit/test.h"
#include "unit/patch_kit.h"

enum { THREADS = 4 };

/* sum of two with heads of one instruction, of several, a moved call, a moved branch; red zone and flags over the middle. */
__asm__(".text\n.p2align 4\n"
	"l_nop5: .byte 0x0f,0x1f,0x44,0,0\n lea (%rdi,%rsi),%rax\n ret\nl_nop5_end:\n.p2align 4\n"
	"l_multi: push %rbx\n mov %rdi,%rbx\n add %rsi,%rbx\n mov %rbx,%rax\n pop %rbx\n ret\nl_multi_end:\n.p2align 4\n"
	"l_one: nop\n nop\n nop\n nop\n nop\n lea (%rdi,%rsi),%rax\n ret\nl_one_end:\n.p2align 4\n"
	"l_branch: test %rdi,%rdi\n je 1f\n lea (%rdi,%rsi),%rax\n ret\n1: mov %rsi,%rax\n ret\nl_branch_end:\n.p2align 4\n"
	"l_call: push %rax\n nop\n nop\n call l_add\n pop %rcx\n ret\nl_call_end:\n.p2align 4\n"
	"l_add: lea (%rdi,%rsi),%rax\n nop\n ret\nl_add_end:\n.p2align 4\n"
	"l_tiny_pad: int3\n int3\n int3\n int3\n int3\n int3\n int3\n int3\n"
	"l_tiny: mov %edi,%eax\n 1: add %esi,%eax\n ret\n jmp 1b\nl_tiny_end:\n.p2align 4\n"
	"l_mid: mov %rdi,%rax\n mov %rax,-8(%rsp)\n cmp %rsi,%rdi\nl_mid_at: mov $0,%ecx\n adc -8(%rsp),%rcx\n sbb $0,%rcx\n"
	" mov -8(%rsp),%rax\n add %rsi,%rax\n ret\nl_mid_end:\n.p2align 4\n");
#define FN(n) extern u64 n(u64, u64); extern const u8 n##_end[]
FN(l_nop5); FN(l_multi); FN(l_one); FN(l_branch); FN(l_call); FN(l_add); FN(l_tiny); FN(l_mid);
extern const u8 l_tiny_pad[], l_mid_at[];

static u64 (*volatile victim)(u64, u64);
static atomic_ulong calls, wrong, hits;
static atomic_bool quit;

static void KIT_BARE on_hit(struct patch_regs *r, u64 probe)
{
	(void)r, (void)probe;
	hits++;
}

static void *caller(void *arg)
{
	u64 x = (u64)(uintptr_t)arg * 1000, n = 0;

	while (!quit) {
		for (u32 i = 0; i < 1000; i++, x++)
			if (victim(x & 0xffffff, i) != (x & 0xffffff) + i)
				wrong++;
		n += 1000;
	}
	calls += n;
	return NULL;
}

/* --- A stopped world --- */

static pthread_t threads[THREADS];
static ucontext_t *held[THREADS];
static atomic_uint nheld, stops, moved;
static atomic_bool holding;

static void nap(void) { nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL); }

static void on_hold(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)si;
	held[nheld++] = uc;
	while (holding)
		nap();
	nheld--;
}

static int stop(void *arg)
{
	(void)arg;
	holding = true;
	for (u32 i = 0; i < THREADS; i++)
		pthread_kill(threads[i], SIGUSR1);
	while (nheld != THREADS)
		nap();
	stops++;
	return 0;
}

static int go_on(void *arg)
{
	(void)arg;
	holding = false;
	while (nheld)
		nap();
	return 0;
}

static int each_ip(void *arg, int (*fn)(const struct patch_plan *, u64, u64 *), const struct patch_plan *p)
{
	(void)arg;
	for (u32 i = 0; i < THREADS; i++) {
		u64 ip = (u64)held[i]->uc_mcontext.gregs[REG_RIP], to;
		int err = fn(p, ip, &to);

		if (err)
			return err;
		moved += to != ip;
		held[i]->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
	}
	return 0;
}

static void run(u64 (*fn)(u64, u64), struct patch_func f, u32 off, bool running, u8 want_form)
{
	struct patch_ops ops = kit_ops;
	const char *env = getenv("CYCLES");
	u32 cycles = env ? (u32)strtoul(env, NULL, 0) : running ? 300 : 40;
	static struct patch_plan plans[32];
	static u32 n;
	struct patch_plan *p = &plans[n++];
	u64 start, traps = kit_traps;
	int err = 0;

	CHECK_EQ(kit_start(), 0);
	ops.traps = running;
	ops.stop = stop;
	ops.start = go_on;
	ops.each_ip = each_ip;
	CHECK_EQ(patch_plan(&f, off, 0, p), 0);
	CHECK_EQ(p->form, want_form);
	CHECK_EQ(kit_emit(p, &(struct patch_stub){ .event = PATCH_ENTER, .enter = (u64)(uintptr_t)on_hit }), 0);
	victim = fn;
	quit = false;
	hits = calls = wrong = stops = moved = 0;
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, caller, (void *)i);
	start = clock_ns(CLOCK_MONOTONIC);
	for (u32 i = 0; i < cycles && !err; i++) {
		err = patch_apply(p, &ops);
		if (i % 16 == 0)
			sched_yield();
		ops.traps = running || i & 1; /* a jump goes while everybody runs, whatever it covers */
		if (!err)
			err = patch_remove(p, &ops);
		ops.traps = running;
	}
	start = clock_ns(CLOCK_MONOTONIC) - start;
	CHECK_EQ(err, 0);
	CHECK_EQ(patch_apply(p, &ops), 0);
	while (!hits)
		sched_yield();
	CHECK_EQ(patch_remove(p, &ops), 0);
	quit = true;
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(wrong, 0);
	CHECK(hits > 0);
	CHECK(!memcmp((const void *)(uintptr_t)p->start, p->old, p->len));
	if (p->form == PATCH_JMP2)
		CHECK(!memcmp((const void *)(uintptr_t)p->pad, p->old_pad, 5));
	printf("#   %u cycles, %llu us each: %lu calls, %lu hits, %llu int3 hits, %u stops, %u threads moved\n", cycles,
	       (unsigned long long)(start / 1000 / cycles), (unsigned long)calls, (unsigned long)hits, (unsigned long long)(kit_traps - traps),
	       (unsigned)stops, (unsigned)moved);
}

__attribute__((constructor)) static void setup(void)
{
	struct sigaction sa = { .sa_sigaction = on_hold, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(SIGUSR1, &sa, NULL);
}

#define F(n) kit_func(n, n##_end)
TEST(one_instruction_running) { run(l_nop5, F(l_nop5), 0, true, PATCH_JMP5); }
TEST(one_instruction_stopped) { run(l_nop5, F(l_nop5), 0, false, PATCH_JMP5); }
TEST(several_instructions) { run(l_multi, F(l_multi), 0, false, PATCH_JMP5); }
TEST(five_nops) { run(l_one, F(l_one), 0, false, PATCH_JMP5); }
TEST(branch_moved) { run(l_branch, F(l_branch), 0, false, PATCH_JMP5); }
TEST(call_moved) { run(l_call, F(l_call), 0, false, PATCH_JMP5); }
TEST(in_the_middle) { run(l_mid, F(l_mid), (u32)(l_mid_at - (const u8 *)l_mid), true, PATCH_JMP5); }
TEST(int3_only) { run(l_tiny, F(l_tiny), 0, true, PATCH_TRAP); }

TEST(padding)
{
	struct patch_func f = F(l_tiny);

	f.pad = (u32)((const u8 *)l_tiny - l_tiny_pad);
	run(l_tiny, f, 0, false, PATCH_JMP2);
}
