/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Go's own table of functions (pclntab), which is in every Go program, stripped or not: names and exact bounds.
 *
 * Layouts by version: 1.2 to 1.15 entries are (address, offset) of 8 bytes each behind a header of 16, names relative to the table;
 * from 1.16 the header has offsets of the parts; from 1.18 entries are 4 bytes, relative to the start of the text.
 */
#include <elf.h>
#include <errno.h>

#include "patch/elf.h"

enum { GO_1_2 = 0xfffffffb, GO_1_16 = 0xfffffffa, GO_1_18 = 0xfffffff0, GO_1_20 = 0xfffffff1 };

static bool take(const struct patch_elf *e, u64 at, void *to, u64 n)
{
	const struct patch_go *g = &e->go;

	if (at > g->size || n > g->size - at || g->at > e->size || g->size > e->size - g->at)
		return false;
	memcpy(to, e->data + g->at + at, n);
	return true;
}

static u64 field(const struct patch_elf *e, u64 at, u32 width)
{
	u64 v = 0;

	return take(e, at, &v, width) ? v : U64_MAX;
}

bool patch_go_open(struct patch_elf *e)
{
	struct patch_go *g = &e->go;
	u32 magic = (u32)field(e, 0, 4);

	if (field(e, 7, 1) != 8)
		return false;
	g->nfunc = field(e, 8, 8);
	g->width = 8;
	switch (magic) {
	case GO_1_2:
		g->text = g->names = 0;
		g->funcs = 16;
		break;
	case GO_1_16:
		g->text = 0;
		g->names = field(e, 24, 8);
		g->funcs = field(e, 56, 8);
		break;
	case GO_1_18:
	case GO_1_20:
		if (field(e, 24, 8)) /* not filled in where the loader does it */
			g->text = field(e, 24, 8);
		g->names = field(e, 32, 8);
		g->funcs = field(e, 64, 8);
		g->width = 4;
		break;
	default:
		return false;
	}
	return g->names < g->size && g->funcs < g->size && g->nfunc < (g->size - g->funcs) / (2u * g->width);
}

static u64 entry(const struct patch_elf *e, u64 i)
{
	return e->go.text + field(e, e->go.funcs + i * 2 * e->go.width, e->go.width);
}

static bool function(const struct patch_elf *e, u64 i, struct patch_sym *ret)
{
	const struct patch_go *g = &e->go;
	u64 off = field(e, g->funcs + i * 2 * g->width + g->width, g->width), base = g->names || g->width == 4 ? g->funcs : 0;
	u64 va = entry(e, i), next = entry(e, i + 1), name;
	s32 nameoff;

	if (off > g->size || !take(e, base + off + g->width, &nameoff, 4) || nameoff < 0)
		return false;
	name = g->names + (u64)nameoff;
	if (name >= g->size)
		return false;
	for (u64 k = name; e->data[g->at + k]; k++)
		if (k + 1 >= g->size)
			return false;
	*ret = (struct patch_sym){ .name = (const char *)e->data + g->at + name, .va = va, .size = next > va ? next - va : 0,
				   .type = STT_FUNC, .bind = STB_GLOBAL };
	return true;
}

int patch_go_functions(struct patch_elf *e, patch_sym_fn fn, void *arg)
{
	struct patch_sym sym;

	if (!patch_go_is(e))
		return -ENOENT;
	for (u64 i = 0; i < e->go.nfunc; i++) {
		int err = function(e, i, &sym) ? fn(arg, &sym) : 0;

		if (err)
			return err;
	}
	return 0;
}

int patch_go_at(struct patch_elf *e, u64 va, struct patch_sym *ret)
{
	u64 low = 0, high;

	if (!patch_go_is(e) || !e->go.nfunc)
		return -ENOENT;
	high = e->go.nfunc;
	while (high - low > 1) {
		u64 mid = low + (high - low) / 2;

		if (entry(e, mid) <= va)
			low = mid;
		else
			high = mid;
	}
	if (!function(e, low, ret) || va - ret->va >= ret->size)
		return -ENOENT;
	return 0;
}
