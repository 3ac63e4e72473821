/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hit costs: a call of a tiny function, bare and with a probe of each kind, interleaved in one run; medians of the
 * differences. Handlers are empty, or count (one locked add, as a counting program does). `make bench-patch`.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/patch_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { ROUNDS = 31, CALLS = 100000 };

__asm__(".text\n.p2align 6\n"
	"b_bare: push %rbp\n mov %rsp,%rbp\n lea (%rdi,%rsi),%rax\n pop %rbp\n ret\nb_bare_end:\n.p2align 6\n"
	"b_empty: push %rbp\n mov %rsp,%rbp\n lea (%rdi,%rsi),%rax\n pop %rbp\n ret\nb_empty_end:\n.p2align 6\n"
	"b_count: push %rbp\n mov %rsp,%rbp\n lea (%rdi,%rsi),%rax\n pop %rbp\n ret\nb_count_end:\n.p2align 6\n"
	"b_mid: push %rbp\n mov %rsp,%rbp\nb_mid_at: lea (%rdi,%rsi),%rax\n pop %rbp\n ret\n nop\n nop\nb_mid_end:\n.p2align 6\n"
	"b_ret: push %rbp\n mov %rsp,%rbp\n lea (%rdi,%rsi),%rax\n pop %rbp\n ret\nb_ret_end:\n.p2align 6\n"
	"b_both: push %rbp\n mov %rsp,%rbp\n lea (%rdi,%rsi),%rax\n pop %rbp\n ret\nb_both_end:\n.p2align 6\n"
	"b_usdt: nop\n lea (%rdi,%rsi),%rax\n nop\n ret\nb_usdt_end:\n.p2align 6\n"
	"b_sys: mov $110,%eax\n syscall\n ret\nb_sys_end:\n.p2align 6\n"
	"b_sys1: mov $110,%eax\n syscall\n ret\nb_sys1_end:\n.p2align 6\n"
	"b_sys2: mov $110,%eax\n syscall\n ret\nb_sys2_end:\n.p2align 6\n"
	"b_sysn: mov %edi,%eax\n nop\n syscall\n nop\n nop\n nop\n ret\nb_sysn_end:\n.p2align 6\n");
#define FN(n) extern u64 n(u64, u64); extern const u8 n##_end[]
FN(b_bare); FN(b_empty); FN(b_count); FN(b_mid); FN(b_ret); FN(b_both); FN(b_usdt); FN(b_sys); FN(b_sys1); FN(b_sys2); FN(b_sysn);
extern const u8 b_mid_at[];

static u64 count;
static u64 KIT_BARE empty(struct patch_regs *r, u64 probe) { (void)r, (void)probe; return 0; }
static u64 KIT_BARE counting(struct patch_regs *r, u64 probe)
{
	(void)r, (void)probe;
	__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	return 0;
}

#define A(f) (u64)(uintptr_t)(f)
static const struct row {
	const char *what;
	u64 (*fn)(u64, u64);
	const u8 *end, *at;
	u64 (*bare)(u64, u64);
	u8 event;
	bool enter, leave, counts;
	double most; /* ns that it may cost */
} rows[] = {
	{ "uprobe, empty", b_empty, b_empty_end, 0, b_bare, PATCH_ENTER, true, false, false, 8 },
	{ "uprobe, counting", b_count, b_count_end, 0, b_bare, PATCH_ENTER, true, false, true, 10 },
	{ "in a function, empty (flags)", b_mid, b_mid_end, b_mid_at, b_bare, PATCH_ENTER, true, false, false, 12 },
	{ "uretprobe, empty", b_ret, b_ret_end, 0, b_bare, PATCH_RETURN, false, false, false, 30 },
	{ "uprobe and uretprobe, counting", b_both, b_both_end, 0, b_bare, PATCH_RETURN, true, false, true, 40 },
	{ "static probe, one-byte nop", b_usdt, b_usdt_end, 0, b_bare, PATCH_ENTER, true, false, false, 12 },
	{ "getppid, enter", b_sys1, b_sys1_end, (const u8 *)b_sys1 + 5, b_sys, PATCH_CALLING, true, false, true, 15 },
	{ "getppid, enter and exit", b_sys2, b_sys2_end, (const u8 *)b_sys2 + 5, b_sys, PATCH_CALLING, true, true, true, 30 },
	{ "getppid, both, number unknown", b_sysn, b_sysn_end, (const u8 *)b_sysn + 3, b_sys, PATCH_CALLING, true, true, true, 30 },
};

static double batch(u64 (*fn)(u64, u64))
{
	u64 start = clock_ns(CLOCK_THREAD_CPUTIME_ID), sum = 0;

	for (u32 i = 0; i < CALLS; i++)
		sum += fn(110, i);
	__asm__ volatile("" ::"r"(sum));
	return (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / CALLS;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, u32 n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

int main(void)
{
	static struct patch_plan plans[ARRAY_SIZE(rows)];
	int bad = 0;

	kit_rt.returned = A(empty);
	if (kit_start())
		return 1;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct patch_func f = kit_func(r->fn, r->end);
		struct patch_stub s = { .event = r->event, .enter = r->enter ? r->counts ? A(counting) : A(empty) : 0,
					.leave = r->leave ? A(counting) : 0 };

		if (patch_plan(&f, r->at ? (u32)(r->at - f.code) : 0, PATCH_BACKWARD, &plans[i]) || kit_emit(&plans[i], &s) ||
		    patch_apply(&plans[i], &kit_ops)) {
			printf("%s: cannot be attached\n", r->what);
			return 1;
		}
	}
	printf("%-34s %8s %8s %8s %6s  trampoline\n", "", "bare ns", "with ns", "a hit", "most");
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		double bare[ROUNDS], with[ROUNDS], cost;

		batch(rows[i].fn);
		for (u32 k = 0; k < ROUNDS; k++) {
			bare[k] = batch(rows[i].bare);
			with[k] = batch(rows[i].fn);
		}
		cost = median(with, ROUNDS) - median(bare, ROUNDS);
		printf("%-34s %8.2f %8.2f %8.2f %6.0f  %u bytes%s\n", rows[i].what, median(bare, ROUNDS), median(with, ROUNDS), cost,
		       rows[i].most, plans[i].tramp_len, cost > rows[i].most ? "  OVER" : "");
		bad += cost > rows[i].most;
	}
	return bad != 0;
}
