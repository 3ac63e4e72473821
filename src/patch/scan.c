/* SPDX-License-Identifier: BSD-2-Clause */
/* One pass over a module's text: where branches go, where instructions of some kind are. */
#include <errno.h>

#include "patch/patch.h"

static void mark(u8 *bits, u64 i) { bits[i >> 3] = (u8)(bits[i >> 3] | 1u << (i & 7)); }

/* An address taken with lea counts as a branch target: it may be a label. */
static bool refers_to_code(const struct patch_insn *in)
{
	return in->rel_at || (in->rip_at && in->space == PATCH_LEGACY && !in->map && in->opcode == 0x8d);
}

void patch_text_scan(struct patch_text *t, u64 from, u64 to, u32 kinds, patch_site_fn site, void *arg)
{
	struct patch_insn in;

	to = MIN(to, t->size);
	for (u64 at = from; at < to; at += in.len) {
		if (patch_decode(t->bytes + at, to - at, &in)) {
			in.len = 1;
			continue;
		}
		if (t->starts)
			mark(t->starts, at);
		if (t->targets && refers_to_code(&in)) {
			u64 target = at + in.len + (u64)in.disp;

			if (target < t->size)
				mark(t->targets, target);
		}
		if (site && kinds >> in.kind & 1)
			site(arg, t->addr + at, &in);
	}
}

void patch_text_take(struct patch_text *t, const struct patch_plan *p, bool take)
{
	for (u64 i = 0; t->taken && i < p->holds; i++) {
		u64 at = p->start - t->addr + i;

		if (at >= t->size)
			continue;
		if (take)
			mark(t->taken, at);
		else
			t->taken[at >> 3] = (u8)(t->taken[at >> 3] & ~(1u << (at & 7)));
	}
}

u32 patch_find(const struct patch_func *f, u32 kinds, u32 *offs, u32 n)
{
	struct patch_insn in;
	u32 found = 0;

	for (u32 at = 0; at < f->size; at += in.len) {
		if (patch_decode(f->code + at, f->size - at, &in)) {
			in.len = 1;
			continue;
		}
		if (kinds >> in.kind & 1 && found++ < n)
			offs[found - 1] = at;
	}
	return found;
}
