/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differences of verdicts: which known class they belong to, and the smallest program that still shows them.
 *
 * Invariant: a reduced program differs in the same way: same verdicts, same messages but for numbers.
 */
#ifndef SKEP_DIFF_REDUCE_H
#define SKEP_DIFF_REDUCE_H

#include <ctype.h>

#include "world.h"

/* rand.c's: a run of the program on every back end. */
static bool runs_differ(const void *input);

/* A message with its numbers blanked: what kind of refusal it is. */
static inline void blank_numbers(char *s)
{
	char *to = s;

	for (char *c = s; *c; c++) {
		if (isdigit((unsigned char)*c)) {
			if (to == s || to[-1] != 'N')
				*to++ = 'N';
			continue;
		}
		*to++ = *c;
	}
	*to = 0;
	s[60] = 0;
}

/* A difference of verdicts: who says what. */
struct dispute {
	u32 other;
	long kernel, skep;
	char kernel_why[256], skep_why[256];
};

static long verdict(const struct backend *be)
{
	long fd = prog_load(be, &prog, NULL, 0);

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static void describe(struct dispute *d, u32 other)
{
	memset(d, 0, sizeof(*d));
	d->other = other;
	d->kernel = verdict(&kit.be[KERNEL]);
	d->skep = verdict(&kit.be[other]);
	reason_of(&kit.be[KERNEL], &prog, d->kernel_why, sizeof(d->kernel_why));
	reason_of(&kit.be[other], &prog, d->skep_why, sizeof(d->skep_why));
	blank_numbers(d->kernel_why);
	blank_numbers(d->skep_why);
	/* What an accepted program's log says last means nothing. */
	if (d->kernel >= 0)
		d->kernel_why[0] = 0;
	if (d->skep >= 0)
		d->skep_why[0] = 0;
}

/* Does the program, as it is now, still show the difference? In verdicts (d), or in a run on an input. */
static bool still_differs(const struct dispute *d, const void *input)
{
	struct dispute now;

	if (!d)
		return runs_differ(input);
	describe(&now, d->other);
	return !memcmp(&now, d, sizeof(now));
}

/*
 * Replace by `goto +0` whatever the difference does not need: spans first, then single instructions. Where runs differ, what a
 * function writes to its stack first stays: the kernel lets privileged programs read what they never wrote.
 */
static void reduce(const struct dispute *d, const void *input)
{
	static struct bpf_insn saved[MAX_INSNS];
	/* Programs that are too complex take a second each: they stay as they are. */
	bool progress = !d || (d->kernel != -E2BIG && d->skep != -E2BIG && d->kernel != -EFAULT);

	alarm(300);
	for (u32 round = 0; progress && round < 4; round++) {
		progress = false;
		for (u32 span = 32; span; span /= 2) {
			for (u32 i = 0; i < prog.n; i += span) {
				u32 n = MIN(span, prog.n - i);
				bool any = false;

				/* Halves of ld_imm64 stay together. */
				if (i && prog.insn[i - 1].code == 0x18)
					continue;
				if (prog.insn[i + n - 1].code == 0x18)
					n++;
				memcpy(saved, prog.insn, prog.n * sizeof(*saved));
				for (u32 j = i; j < i + n && j < prog.n; j++) {
					if (!d && prog.insn[j].code == 0x7a && prog.insn[j].dst_reg == 10)
						continue;
					any |= prog.insn[j].code != 0x05 || prog.insn[j].off;
					prog.insn[j] = (struct bpf_insn){ .code = 0x05 };
				}
				if (any && still_differs(d, input))
					progress = true;
				else
					memcpy(prog.insn, saved, prog.n * sizeof(*saved));
			}
		}
	}
}

/* The program without its `goto +0`; jumps are closed up. */
static void squeeze(void)
{
	static struct prog small;
	static u32 new_at[MAX_INSNS + 1];
	u32 n = 0;

	small = prog;
	for (u32 i = 0; i < prog.n; i++) {
		bool hi = i && prog.insn[i - 1].code == 0x18;

		new_at[i] = n;
		n += hi || !(prog.insn[i].code == 0x05 && !prog.insn[i].off);
	}
	new_at[prog.n] = n;
	small.n = 0;
	for (u32 i = 0; i < prog.n; i++) {
		struct bpf_insn in = prog.insn[i];
		bool hi = i && prog.insn[i - 1].code == 0x18;
		s64 to;

		if (new_at[i] == new_at[i + 1])
			continue;
		if (!hi && ((in.code & 7) == 5 || (in.code & 7) == 6) && in.code != 0x85 && in.code != 0x95) {
			to = (s64)i + 1 + in.off;
			if (to >= 0 && to <= (s64)prog.n)
				in.off = (s16)((s64)new_at[to] - new_at[i] - 1);
		} else if (!hi && ((in.code == 0x85 && in.src_reg == 1) || (in.code == 0x18 && in.src_reg == 4))) {
			to = (s64)i + 1 + in.imm;
			if (to >= 0 && to <= (s64)prog.n)
				in.imm = (s32)((s64)new_at[to] - new_at[i] - 1);
		}
		small.insn[small.n++] = in;
	}
	for (u32 f = 0; f < small.nfuncs; f++)
		small.func_at[f] = new_at[small.func_at[f]];
	prog = small;
}

/* ---- known classes ---- */

/* Is there an equality of low halves: of two registers, or with zero? */
static bool low_halves(void)
{
	for (u32 i = 0; i < prog.n; i++) {
		const struct bpf_insn *in = &prog.insn[i];

		if (((in->code == 0x16 || in->code == 0x56) && !in->imm) || in->code == 0x1e || in->code == 0x5e)
			return true;
	}
	return false;
}

/* Is there an atomic operation that returns what was there? */
static bool fetches(void)
{
	for (u32 i = 0; i < prog.n; i++)
		if ((prog.insn[i].code == 0xdb || prog.insn[i].code == 0xc3) && (prog.insn[i].imm & BPF_FETCH))
			return true;
	return false;
}

/* Is every branch walked speculatively, too? */
static bool speculates(void)
{
	return *kit.as;
}

struct class { const char *name; long kernel, skep; const char *kernel_why, *skep_why, *why; bool (*has)(void); };
#define ANY 1
static const struct class classes[] = {
#define C(name, kernel, skep, kernel_why, skep_why, why) { #name, kernel, skep, kernel_why, skep_why, why, NULL },
#define C_IF(has, name, kernel, skep, kernel_why, skep_why, why) { #name, kernel, skep, kernel_why, skep_why, why, has },
#include "classes.def"
};

/* The class of a difference, or -1. */
static s32 class_of(const struct dispute *d)
{
	for (u32 i = 0; i < ARRAY_SIZE(classes); i++) {
		const struct class *c = &classes[i];

		if ((c->kernel == ANY || c->kernel == d->kernel) && (c->skep == ANY || c->skep == d->skep) &&
		    strstr(d->kernel_why, c->kernel_why) && strstr(d->skep_why, c->skep_why) && (!c->has || c->has()))
			return (s32)i;
	}
	return -1;
}

#endif
