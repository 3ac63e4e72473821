/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a process stands still when something is attached to it, and how long it takes to attach to thousands of functions.
 *
 * A child runs eight threads. Each round attaches a counting program, first to one function (the agent goes in), then to a second one
 * (it is there), then takes both away; the tracer says how long the process was stopped. Then five thousand functions at once.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "base/child.h"
#include "hook/kit.h"
#include "stat.h"

#include <signal.h>

#define ROUNDS  15u
#define THREADS 8

/* ---- the traced child: functions by the thousand, all alike and none the same ---- */
#define F1(n)   __attribute__((noinline)) u64 many_##n(u64 x); u64 many_##n(u64 x) { __asm__ volatile("nopl 0(%%rax)" : "+r"(x)); return x + 0x##n; }
#define F10(n)  F1(n##0) F1(n##1) F1(n##2) F1(n##3) F1(n##4) F1(n##5) F1(n##6) F1(n##7) F1(n##8) F1(n##9)
#define F100(n) F10(n##0) F10(n##1) F10(n##2) F10(n##3) F10(n##4) F10(n##5) F10(n##6) F10(n##7) F10(n##8) F10(n##9)
#define F1K(n)  F100(n##0) F100(n##1) F100(n##2) F100(n##3) F100(n##4) F100(n##5) F100(n##6) F100(n##7) F100(n##8) F100(n##9)
F1K(1) F1K(2) F1K(3) F1K(4) F1K(5)

static void *busy(void *arg)
{
	volatile u64 *sum = arg;

	for (u64 i = 0;; i++)
		*sum = many_1000(*sum) ^ many_1001(i);
	return NULL;
}

static pid_t start_child(void)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		kit_fail("pipe");
	pid = fork();
	if (!pid) {
		static u64 sum[THREADS];
		pthread_t t;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (u32 i = 1; i < THREADS; i++)
			if (pthread_create(&t, NULL, busy, &sum[i]))
				_exit(1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		busy(&sum[0]);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		kit_fail("the traced process did not begin");
	return pid;
}

/* ---- places ---- */
struct list { struct patch_elf *e; u64 *off; u32 n, cap; };

static int add(void *arg, const struct patch_sym *s)
{
	struct list *l = arg;

	if (l->n < l->cap && !strncmp(s->name, "many_", 5) && !patch_elf_va_to_off(l->e, s->va, &l->off[l->n]))
		l->n++;
	return 0;
}

static char self[4096];

static u32 find_functions(u64 *off, u32 n)
{
	struct list l = { .off = off, .cap = n };
	FILE *f = fopen(self, "re");
	struct patch_elf e;
	long size;
	u8 *at;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) <= 0 || !(at = malloc((size_t)size)))
		kit_fail("%s", self);
	rewind(f);
	if (fread(at, 1, (size_t)size, f) != (size_t)size || patch_elf_open(at, (u64)size, &e))
		kit_fail("%s is no ELF file", self);
	fclose(f);
	l.e = &e;
	patch_elf_functions(&e, add, &l);
	free(at);
	return l.n;
}

/* ---- rounds ---- */
static void show(const char *what, double *v, u32 n, const char *goal)
{
	stat_sort(v, n);
	printf("%-44s %8.2f %8.2f %8.2f   %s\n", what, v[0], v[n / 2], v[n - 1], goal);
}

static double now_ms(void) { return stat_now(CLOCK_MONOTONIC) / 1e6; }

/* Milliseconds of standing still since it was asked last. */
static double stopped(void)
{
	static u64 last;
	struct tracer_stats st;
	double ms;

	tracer_stats(kit_tracer, &st);
	ms = (double)(st.stop_ns - last) / 1e6;
	last = st.stop_ns;
	return ms;
}

static double attach_many(const u64 *off, u32 n, struct prog *p, u32 slot, bool away)
{
	double begin = now_ms();
	struct str why = { 0 };
	struct hook_tx tx;
	int err;

	hook_begin(kit_hooks, &tx, &why);
	for (u32 i = 0; i < n; i++) {
		struct hook_place at = kit_place(HOOK_UPROBE, self, off[i]);
		struct hook_ref ref = { .pid = -1, .slot = slot };

		if (away)
			hook_drop_slot(&tx, hook_draft(&tx, &at), slot);
		else
			hook_append(&tx, hook_draft(&tx, &at), p, &ref);
	}
	err = hook_commit(&tx);
	if (err)
		kit_fail("%u functions: %s %s", n, strerror(-err), str_text(&why));
	return now_ms() - begin;
}

int main(void)
{
	static u64 off[5000];
	double first[ROUNDS], second[ROUNDS], gone[ROUNDS], all[ROUNDS], all_stop[ROUNDS], none[ROUNDS], none_stop[ROUNDS];
	struct str why = { 0 };
	struct prog *p;
	u32 n, slot;
	pid_t pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		kit_fail("no /proc");
	n = find_functions(off, ARRAY_SIZE(off));
	pid = start_child();
	kit_open();
	p = kit_counter(BPF_PROG_TYPE_KPROBE, kit_counters(BPF_MAP_TYPE_ARRAY), 0);
	if (tracer_add(kit_tracer, pid, &why))
		kit_fail("%s", str_text(&why));
	for (u32 i = 0; i < ROUNDS; i++) {
		struct hook_place a = kit_place(HOOK_UPROBE, self, off[0]), b = kit_place(HOOK_UPROBE, self, off[1]);
		u32 sa, sb;

		sa = kit_attach_place(a, p, (struct hook_ref){ .pid = pid });
		first[i] = stopped();
		sb = kit_attach_place(b, p, (struct hook_ref){ .pid = pid });
		second[i] = stopped();
		kit_detach(a, sa);
		kit_detach(b, sb);
		gone[i] = stopped();
	}
	slot = hook_slot_new(kit_hooks, p);
	for (u32 i = 0; i < ROUNDS / 3; i++) {
		all[i] = attach_many(off, n, p, slot, false);
		all_stop[i] = stopped();
		none[i] = attach_many(off, n, p, slot, true);
		none_stop[i] = stopped();
	}
	printf("%-44s %8s %8s %8s\n", "milliseconds", "least", "median", "most");
	show("8 threads stop for: a first function", first, ROUNDS, "goal 5");
	show("one more", second, ROUNDS, "goal 5");
	show("both away", gone, ROUNDS, "");
	printf("%u functions at once\n", n);
	show("attach", all, ROUNDS / 3, "goal 1000");
	show("of that the threads stop", all_stop, ROUNDS / 3, "");
	show("detach", none, ROUNDS / 3, "");
	show("of that the threads stop", none_stop, ROUNDS / 3, "");
	kill(pid, SIGKILL);
	kit_close();
	return 0;
}
