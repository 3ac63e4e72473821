/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The soundness check, put between a program that loads through skep and skep itself: whatever is accepted is run on many inputs by
 * the checking interpreter, in a child that may crash or hang, and what it did to its maps is undone.
 *
 * Linked into the text-case runner, the command and the random test; the linker wraps skep_bpf_in() and vf_verify().
 * SOUND_INPUTS: runs a program, 8 by default. Totals are printed at the end; violations make the exit status 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map/map.h"
#include "skep/skep.h"
#include "sound/follow.h"
#include "sys/sys.h"
#include "vm/interp.h"

static struct totals { u64 accepted, followed, runs, ran, steps, violations, lost, too_long, died, large; } *totals;
static u64 rng = 0x9e3779b97f4a7c15ull;

static u64 rnd(void)
{
	u64 z = rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u64 number(void)
{
	static const u64 edges[] = { 0, 1, 2, 7, 8, 15, 16, 31, 63, 64, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
				     0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
				     0xffffffffffffffff, 0xffffffff80000000, 0xffffffff00000000 };

	switch (rnd() % 4) {
	case 0: return edges[rnd() % ARRAY_SIZE(edges)];
	case 1: return rnd() % 64;
	case 2: return edges[rnd() % ARRAY_SIZE(edges)] + rnd() % 5 - 2;
	default: return rnd() >> rnd() % 64;
	}
}

static void scribble(u8 *to, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		u64 v = number();

		memcpy(to + i, &v, MIN((size_t)8, n - i));
	}
}

/* ---- inputs ---- */

/* Numbers that user space could have put there: not where the runtime keeps fields of its own. */
static void fill_map(struct map *m)
{
	bool plain = (m->desc.type == BPF_MAP_TYPE_ARRAY || m->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY) && !m->record &&
		     !m->desc.rodata && !m->frozen && m->data && m->desc.value_size;
	u8 key[64] = { 0 };
	u8 *value;

	if (plain) {
		for (u32 i = 0; i < m->desc.max_entries && i < 64; i++)
			for (u32 lane = 0; lane < (m->desc.type == BPF_MAP_TYPE_ARRAY ? 1 : m->ncpu); lane++)
				scribble(m->data + lane * m->lane + (u64)i * m->stride, m->desc.value_size);
		return;
	}
	if ((m->desc.type != BPF_MAP_TYPE_HASH && m->desc.type != BPF_MAP_TYPE_LRU_HASH) || m->record || m->desc.key_size > sizeof(key))
		return;
	value = calloc(1, map_user_value_size(m) + 8);
	for (u32 i = 0; value && i < 4; i++) {
		scribble(value, map_user_value_size(m));
		map_update(m, key, value, 0);
		key[0]++;
	}
	free(value);
}

static const u8 packet_heads[][34] = {
	{ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 },
	{ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x46, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 },
	{ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 6, 64, 0xfe, 0x80 },
	{ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 8, 0, 0x45, 0, 0, 40 },
};

int __real_skep_bpf_in(struct skep *s, int cmd, union bpf_attr *attr, unsigned size);

/* One run. Which parts of an input a type wants is found by trying. */
static bool run_once(struct skep *s, const struct prog *p, int fd)
{
	static u8 ctx[512], data[1024], out[4096];
	u32 n = 34 + (u32)(rnd() % 300);
	union bpf_attr a;
	int err;

	for (u32 i = 0; i < p->nmaps; i++)
		fill_map(p->maps[i]);
	scribble(ctx, sizeof(ctx));
	scribble(data, sizeof(data));
	memcpy(data, packet_heads[rnd() % ARRAY_SIZE(packet_heads)], sizeof(packet_heads[0]));
	for (u32 kind = 0; kind < 3; kind++) {
		memset(&a, 0, sizeof(a));
		a.test.prog_fd = (u32)fd;
		if (kind == 0) {
			a.test.data_in = (u64)(uintptr_t)data;
			a.test.data_size_in = n;
			a.test.data_out = (u64)(uintptr_t)out;
			a.test.data_size_out = sizeof(out);
		} else {
			a.test.ctx_in = (u64)(uintptr_t)ctx;
			a.test.ctx_size_in = kind == 1 ? 96 : MAX(p->max_ctx_off, 256u);
		}
		follow_run();
		err = __real_skep_bpf_in(s, BPF_PROG_TEST_RUN, &a, sizeof(a));
		if (!err || follow_stats.steps) {
			__atomic_fetch_add(&totals->steps, follow_stats.steps, __ATOMIC_RELAXED);
			return true;
		}
	}
	return false;
}

/* ---- one accepted program ---- */

/* A fault of its own ends the child as it should; a signal that the program sent itself ends it in peace. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code <= 0)
		_exit(0);
	signal(sig, SIG_DFL);
}

static void child(struct skep *s, struct prog *p, const struct record *r, int fd)
{
	u32 inputs = getenv("SOUND_INPUTS") ? (u32)atoi(getenv("SOUND_INPUTS")) : 8;

	for (int i = 1; i < 32; i++)
		sigaction(i, &(struct sigaction){ .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO }, NULL);
	signal(SIGALRM, SIG_DFL);
	alarm(10);
	/* whatever engine it was loaded for */
	p->image.entry = p->image.tail = vm_exec;
	p->image.jit_call = NULL;
	follow(p, r);
	for (u32 i = 0; i < inputs && !follow_stats.violations; i++) {
		__atomic_fetch_add(&totals->runs, 1, __ATOMIC_RELAXED);
		if (!run_once(s, p, fd))
			break;
		__atomic_fetch_add(&totals->ran, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&totals->lost, follow_stats.lost, __ATOMIC_RELAXED);
	__atomic_fetch_add(&totals->violations, follow_stats.violations, __ATOMIC_RELAXED);
	fflush(stdout);
	_exit(0);
}

static void check_program(struct skep *s, int fd, const struct record *r)
{
	static char what[256];
	struct skep_prog *sp;
	struct prog *p;
	u8 *saved[64] = { NULL };
	int status;
	pid_t pid;

	if (skep_prog_get(s, fd, &sp))
		return; /* it calls what skep has no body for */
	p = (struct prog *)(void *)sp;
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i]->desc.type == MTYPE_ARENA) {
			skep_prog_put(sp); /* what it writes there cannot be undone */
			return;
		}
	snprintf(what, sizeof(what), "%s (program type %u)", r->name, p->type);
	follow_what = what;
	for (u32 i = 0; i < p->nmaps && i < ARRAY_SIZE(saved); i++) {
		const struct map *m = p->maps[i];

		saved[i] = m->base && !m->frozen && !m->desc.rodata && m->file_size < 1 << 20 ? malloc(m->file_size) : NULL;
		if (saved[i])
			memcpy(saved[i], m->base, m->file_size);
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(s, p, r, fd);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status)) {
		int sig = WTERMSIG(status);

		if (sig == SIGALRM) {
			totals->too_long++;
		} else if (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGABRT) { /* others it may send itself */
			totals->died++;
			printf("not ok %s: the run ended by signal %d\n", what, sig);
		}
	}
	totals->followed++;
	for (u32 i = 0; i < p->nmaps && i < ARRAY_SIZE(saved); i++) {
		if (saved[i])
			memcpy(p->maps[i]->base, saved[i], p->maps[i]->file_size);
		free(saved[i]);
	}
	skep_prog_put(sp);
}

int __wrap_skep_bpf_in(struct skep *s, int cmd, union bpf_attr *attr, unsigned size);
int __wrap_skep_bpf_in(struct skep *s, int cmd, union bpf_attr *attr, unsigned size)
{
	int ret;
	struct record *r;

	record_free(record_take());
	ret = __real_skep_bpf_in(s, cmd, attr, size);
	r = record_take();
	if (cmd != BPF_PROG_LOAD || ret < 0 || !r) {
		record_free(r);
		return ret;
	}
	totals->accepted++;
	if (r->incomplete)
		totals->large++;
	else
		check_program(s, ret, r);
	record_free(r);
	return ret;
}

/* ---- the process ---- */

static pid_t owner;

static __attribute__((constructor)) void begin(void)
{
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		abort();
	owner = getpid();
}

static __attribute__((destructor)) void end(void)
{
	const struct totals *t = totals;

	if (getpid() != owner)
		return;
	printf("sound: %llu programs accepted, %llu followed (%llu too large), %llu runs, %llu instructions checked, %llu runs left the tree, "
	       "%llu too long, %llu died: %llu violations\n",
	       (unsigned long long)t->accepted, (unsigned long long)t->followed, (unsigned long long)t->large, (unsigned long long)t->ran,
	       (unsigned long long)t->steps, (unsigned long long)t->lost, (unsigned long long)t->too_long, (unsigned long long)t->died,
	       (unsigned long long)t->violations);
	fflush(stdout);
	if (t->violations || t->died)
		_exit(1);
}
