/* SPDX-License-Identifier: BSD-2-Clause */
/* Return probes: values, nesting, tail calls, frames that a longjmp skips, unwinders, and a shadow stack that is full. */
#include <execinfo.h>
#include <setjmp.h>

#include "unit/test.h"
#include "unit/patch_kit.h"

static u64 nreturns, last_ax, last_ip, last_probe, last_sp, nenters, last_data, skip;

static u64 KIT_BARE on_enter(struct patch_regs *r, u64 probe)
{
	u64 gs;

	(void)probe;
	nenters++;
	__asm__("mov %%gs:0, %0" : "=r"(gs));
	((struct patch_thread *)(uintptr_t)gs)->data = r->di * 7;
	return skip;
}

static void KIT_BARE on_return(struct patch_regs *r, u64 probe)
{
	u64 gs;

	nreturns++;
	last_ax = r->ax;
	last_ip = r->ip;
	last_sp = r->sp;
	last_probe = probe;
	__asm__("mov %%gs:0, %0" : "=r"(gs));
	last_data = ((struct patch_thread *)(uintptr_t)gs)->data;
}

__attribute__((noinline, noclone)) static u64 leaf(u64 x) { __asm__ volatile("" : "+r"(x)); return x + 1; }
__attribute__((noinline, noclone)) static u64 fib(u64 n) { __asm__ volatile("" : "+r"(n)); return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__attribute__((noinline, noclone)) static double real(double a, double b) { __asm__ volatile("" : "+x"(a)); return a * 3 + b; }
struct pair { u64 a, b; };
__attribute__((noinline, noclone)) static struct pair two(u64 x) { __asm__ volatile("" : "+r"(x)); return (struct pair){ x, x * 2 }; }
__asm__(".text\n.p2align 4\n.globl tail\ntail: lea 1(%rdi),%rdi\n nop\n nop\n jmp tail_target\ntail_end:\n.globl tail_end\n.p2align 4\n"
	".globl tail_target\ntail_target: lea 100(%rdi),%rax\n nop\n nop\n ret\ntail_target_end:\n.globl tail_target_end\n");
extern u64 tail(u64);
extern u64 tail_target(u64);
extern const u8 tail_end[], tail_target_end[];
static jmp_buf out;
__attribute__((noinline, noclone)) static u64 thrower(u64 x) { if (x) longjmp(out, 1); return x; }
static void *frames[64];
__attribute__((noinline, noclone)) static int tracer(int n) { int k = backtrace(frames, n); __asm__ volatile("" : "+r"(k)); return k; }

/* A function's end: the compiler gives no label, so the first ret or jmp after which padding comes. */
static struct patch_func func(const void *fn)
{
	struct patch_func f = { .code = fn, .addr = (u64)(uintptr_t)fn, .size = 400 };
	struct patch_insn in;

	for (u32 at = 0; at < 400 && !patch_decode(f.code + at, 400 - at, &in); at += in.len) {
		if ((in.kind == PATCH_RET || in.kind == PATCH_JMP) && (((u64)(uintptr_t)fn + at + in.len) & 15) == 0)
			return f.size = at + in.len, f;
		if (in.kind == PATCH_RET && (f.code[at + in.len] == 0x0f || f.code[at + in.len] == 0x66 || f.code[at + in.len] == 0x90))
			return f.size = at + in.len, f;
	}
	return f;
}

static struct patch_plan *probe(const void *fn, u64 id, bool enter)
{
	struct patch_plan *p = calloc(1, sizeof(*p));
	struct patch_func f = func(fn);
	struct patch_stub stub = { .event = PATCH_RETURN, .enter = enter ? (u64)(uintptr_t)on_enter : 0, .probe = id };

	if (!kit_rt.returned)
		kit_rt.returned = (u64)(uintptr_t)on_return;
	CHECK_EQ(kit_start(), 0);
	CHECK_EQ(patch_plan(&f, 0, 0, p), 0);
	CHECK_EQ(kit_emit(p, &stub), 0);
	CHECK_EQ(patch_apply(p, &kit_ops), 0);
	nreturns = nenters = skip = 0;
	return p;
}

static void unprobe(struct patch_plan *p)
{
	CHECK_EQ(patch_remove(p, &kit_ops), 0);
	CHECK_EQ(kit_thread()->busy, 0);
}

TEST(value_and_place)
{
	struct patch_plan *p = probe(leaf, 0x77, true);
	u64 x = leaf(41);

	CHECK_EQ(x, 42);
	CHECK_EQ(nreturns, 1);
	CHECK_EQ(last_ax, 42);
	CHECK_EQ(last_probe, 0x77);
	CHECK_EQ(last_data, 41 * 7);
	CHECK(last_ip > (u64)(uintptr_t)main - 100000 && last_ip < (u64)(uintptr_t)main + 100000);
	CHECK_EQ(kit_thread()->shadows, 0);
	skip = 1;
	CHECK_EQ(leaf(1), 2);
	CHECK_EQ(nreturns, 1);
	CHECK_EQ(nenters, 2);
	unprobe(p);
}

TEST(recursion)
{
	struct patch_plan *p = probe(fib, 1, true);
	u64 n;

	CHECK_EQ(fib(15), 610);
	CHECK_EQ(nreturns, nenters);
	n = nreturns;
	CHECK(n > 100);
	CHECK_EQ(kit_thread()->shadows, 0);
	unprobe(p);
	CHECK_EQ(fib(15), 610);
	CHECK_EQ(nreturns, n);
}

TEST(removed_while_inside)
{
	/* The return of a call that began before the removal still comes, and goes where it should. */
	struct patch_plan *p = probe(tail, 5, false), *q = probe(tail_target, 6, false);

	patch_remove(p, &kit_ops);
	patch_remove(q, &kit_ops);
	CHECK_EQ(tail(1), 102);
	CHECK_EQ(nreturns, 0);
}

TEST(floats_and_pairs)
{
	struct patch_plan *p = probe(real, 2, true), *q = probe(two, 3, true);
	struct pair v;

	CHECK(real(2.5, 1.25) == 8.75);
	CHECK_EQ(nreturns, 1);
	v = two(21);
	CHECK_EQ(v.a, 21);
	CHECK_EQ(v.b, 42);
	CHECK_EQ(nreturns, 2);
	unprobe(p);
	unprobe(q);
}

TEST(tail_calls_chain)
{
	struct patch_plan *p = probe(tail, 10, false), *q = probe(tail_target, 11, false);

	CHECK_EQ(tail(1), 102);
	CHECK_EQ(nreturns, 2);       /* the callee's, then its caller's, at the same place */
	CHECK_EQ(last_probe, 10);
	CHECK_EQ(kit_thread()->shadows, 0);
	unprobe(p);
	unprobe(q);
}

TEST(longjmp_over_frames)
{
	struct patch_plan *p = probe(thrower, 20, false), *q = probe(leaf, 21, false);

	for (volatile int i = 0; i < 2000; i++) { /* far more than the shadow stack has room for */
		if (!setjmp(out))
			thrower(1);
		if (leaf((u64)i) != (u64)i + 1)
			CHECK(0);
	}
	CHECK_EQ(nreturns, 2000);
	CHECK_EQ(thrower(0), 0);
	CHECK_EQ(nreturns, 2001);
	CHECK_EQ(kit_thread()->skipped, 0);
	unprobe(p);
	unprobe(q);
}

static u64 deep(u64 n);
__attribute__((noinline, noclone)) static u64 deep(u64 n) { u64 r = n ? deep(n - 1) : 0; __asm__ volatile("" : "+r"(r)); return r + 1; }

TEST(deeper_than_the_shadow_stack)
{
	struct patch_plan *p = probe(deep, 30, false);
	u64 lost;

	CHECK_EQ(leaf(1), 2);
	if (kit_thread())
		kit_thread()->shadows = 0; /* of frames that were jumped over */
	lost = kit_thread() ? kit_thread()->skipped : 0;
	CHECK_EQ(deep(999), 1000);
	CHECK_EQ(nreturns, PATCH_SHADOWS);
	CHECK_EQ(kit_thread()->skipped - lost, 1000 - PATCH_SHADOWS);
	CHECK_EQ(kit_thread()->shadows, 0);
	unprobe(p);
}

TEST(unwinders_see_true_addresses)
{
	struct patch_plan *p;
	int plain, given, taken;
	void *want[64];

	backtrace(frames, 1);
	plain = tracer(64);
	memcpy(want, frames, sizeof(want));
	p = probe(tracer, 40, false);
	taken = tracer(64);
	CHECK_EQ(nreturns, 1);
	CHECK(taken != plain || memcmp(want + 1, frames + 1, 8 * (size_t)plain - 8)); /* why it has to be undone */
	unprobe(p);

	/* leaf's caller is probed too: give back, look, take again. */
	struct patch_thread *t = kit_thread();
	u64 slot[4] = { kit_rt.ret_entry, 0x1111, kit_rt.ret_entry, 0x2222 };

	t->shadow[0] = (struct patch_shadow){ .sp = (u64)(uintptr_t)&slot[2], .ret = 0x3333 };
	t->shadow[1] = (struct patch_shadow){ .sp = (u64)(uintptr_t)&slot[0], .ret = 0x4444 };
	t->shadow[2] = (struct patch_shadow){ .sp = (u64)(uintptr_t)&slot[0], .ret = kit_rt.ret_entry };
	t->shadows = 3;
	patch_shadow_restore(t, (u64)(uintptr_t)slot, kit_rt.ret_entry);
	CHECK(slot[0] == 0x4444 && slot[1] == 0x1111 && slot[2] == 0x3333 && slot[3] == 0x2222);
	patch_shadow_again(t, (u64)(uintptr_t)slot, kit_rt.ret_entry);
	CHECK(slot[0] == kit_rt.ret_entry && slot[1] == 0x1111 && slot[2] == kit_rt.ret_entry);
	t->shadows = 0;
	given = tracer(64);
	CHECK_EQ(given, plain);
}

static u64 KIT_BARE missing(struct patch_thread *t, u64 sp)
{
	u64 gs;

	(void)t;
	__asm__("mov %%gs:0, %0" : "=r"(gs));
	for (u32 i = 0; i < 8; i++)
		if (((struct patch_thread *)(uintptr_t)gs)->shadow[i + 100].sp == sp)
			return ((struct patch_thread *)(uintptr_t)gs)->shadow[i + 100].ret;
	return 0;
}


/* The entry is not where it should be (another thread's block): the agent is asked. */
__attribute__((noinline, noclone)) static u64 moves(u64 x)
{
	struct patch_thread *t = kit_thread();

	t->shadow[100] = t->shadow[0];
	t->shadows = 0;
	return x + 9;
}

TEST(entry_of_another_thread)
{
	struct patch_plan *p;
	u32 len;
	u8 buf[2048];

	CHECK_EQ(kit_start(), 0);
	kit_rt.ret_missing = (u64)(uintptr_t)missing;
	CHECK_EQ(patch_emit_runtime(&kit_rt, (u64)(uintptr_t)kit_arena + kit_used, buf, sizeof(buf), &len), 0);
	CHECK_EQ(kit_write(NULL, (u64)(uintptr_t)kit_arena + kit_used, buf, len), 0);
	kit_used += (len + 63) & ~63u;
	p = probe(moves, 50, false);
	CHECK_EQ(moves(1), 10);
	CHECK_EQ(nreturns, 0);
	unprobe(p);
}
