/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of types share: the running kernel's types, and choices that a seed decides. */
#ifndef SKEP_TESTS_BTF_KIT_H
#define SKEP_TESTS_BTF_KIT_H

#include <stdio.h>
#include <stdlib.h>

#include "btf/btf.h"

static u64 rng_state; /* the seed */

/* A number below n. */
static inline u32 rnd(u32 n)
{
	u64 z = (rng_state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (u32)((z ^ (z >> 31)) >> 32) % n;
}

static inline bool chance(u32 percent)
{
	return rnd(100) < percent;
}

static inline u64 env_number(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

/* NULL: they cannot be read. Kept for the next call. */
static inline const struct btf *kernel_types(void)
{
	static struct btf *b;
	FILE *f = b ? NULL : fopen("/sys/kernel/btf/vmlinux", "re");
	char *buf;
	size_t n;

	if (!f)
		return b;
	buf = malloc(64u << 20);
	n = buf ? fread(buf, 1, 64u << 20, f) : 0;
	fclose(f);
	if (n && btf_parse(buf, (u32)n, NULL, true, NULL, &b))
		b = NULL;
	free(buf);
	return b;
}

#endif
