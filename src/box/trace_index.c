/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sites of a process by address: one of them, or those of a range. There may be many thousands.
 *
 * Invariant: sites are appended, which the index follows when it is asked; who takes some out says so.
 */
#include <stdlib.h>

#include "box/trace_proc.h"

struct proc_site *proc_new_site(struct proc *p, u64 addr, u32 kind)
{
	struct proc_site *v = p->sites;

	if (p->nsites == p->sitecap) {
		u32 cap = p->sitecap ? p->sitecap * 2 : 32;

		v = realloc(v, cap * sizeof(*v));
		if (!v)
			return NULL;
		p->sites = v;
		p->sitecap = cap;
	}
	v[p->nsites] = (struct proc_site){ .addr = addr, .kind = kind };
	return &v[p->nsites++];
}

void proc_unindex(struct proc *p)
{
	p->indexed = 0;
	p->ordered = 0;
	if (p->index)
		memset(p->index, 0, p->nindex * sizeof(*p->index));
}

static u32 *slot_of(const struct proc *p, u64 addr, u32 kind)
{
	u32 i = (u32)((addr * 0x9e3779b97f4a7c15ull) >> 32) + kind;

	for (;; i++) {
		u32 *at = &p->index[i & (p->nindex - 1)];

		if (!*at || (p->sites[*at - 1].addr == addr && p->sites[*at - 1].kind == kind))
			return at;
	}
}

/* False: no memory. */
static bool follow(struct proc *p)
{
	if (p->nsites * 2 >= p->nindex) {
		u32 n = p->nindex ? p->nindex : 64;

		while (p->nsites * 2 >= n)
			n *= 2;
		free(p->index);
		p->index = calloc(n, sizeof(*p->index));
		p->nindex = p->index ? n : 0;
		p->indexed = 0;
	}
	for (; p->index && p->indexed < p->nsites; p->indexed++)
		*slot_of(p, p->sites[p->indexed].addr, p->sites[p->indexed].kind) = p->indexed + 1;
	return p->index;
}

struct proc_site *proc_site_at(struct proc *p, u64 addr, u32 kind)
{
	u32 at;

	if (follow(p)) {
		at = *slot_of(p, addr, kind);
		return at ? &p->sites[at - 1] : NULL;
	}
	for (u32 i = 0; i < p->nsites; i++)
		if (p->sites[i].addr == addr && p->sites[i].kind == kind)
			return &p->sites[i];
	return NULL;
}

static int by_address(const void *a, const void *b, void *sites)
{
	const struct proc_site *v = sites;
	u64 x = v[*(const u32 *)a].addr, y = v[*(const u32 *)b].addr;

	return x < y ? -1 : x > y;
}

u32 proc_first_site(struct proc *p, u64 addr)
{
	u32 lo = 0, hi = p->nsites;

	if (p->ordered != p->nsites) {
		u32 *v = realloc(p->order, p->nsites * sizeof(*v));

		if (!v)
			return ~0u;
		for (u32 i = 0; i < p->nsites; i++)
			v[i] = i;
		qsort_r(v, p->nsites, sizeof(*v), by_address, p->sites);
		p->order = v;
		p->ordered = p->nsites;
	}
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (p->sites[p->order[mid]].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
