/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a function returns: its return instructions, if it leaves by these alone.
 *
 * A function that is probed there keeps its return address as it is, so whoever walks its stack (an exception, a debugger, a garbage
 * collector) sees what it always does. Code that it jumps to, a part that compilers moved away (.cold) or another function that
 * returns for it, is followed; the agent knows by the stack whose return it is. Invariant: what may leave to code that is not known is
 * refused.
 */
#include <errno.h>

#include "patch/elf.h"
#include "patch/patch.h"

#define MAX_PARTS 8
#define MEMORY    4 /* instructions that are looked back at */

struct part { u64 start, end; };
struct exits {
	struct patch_elf *e;
	struct part part[MAX_PARTS];
	u32 nparts;
	u64 *ret;
	u32 n, cap;
	struct patch_insn last[MEMORY];
	u32 seen;
};

/* Is it known what a branch to this address comes to? */
static bool follow(struct exits *x, u64 to)
{
	u64 start, end;

	for (u32 i = 0; i < x->nparts; i++)
		if (to - x->part[i].start < x->part[i].end - x->part[i].start)
			return true;
	if (x->nparts == MAX_PARTS || patch_elf_bounds(x->e, to, &start, &end))
		return false;
	x->part[x->nparts++] = (struct part){ start, end };
	return true;
}

static u32 modrm_reg(const struct patch_insn *in) { return (in->modrm >> 3 & 7) | (in->rex & 4 ? 8u : 0); }
static u32 modrm_rm(const struct patch_insn *in) { return (in->modrm & 7) | (in->rex & 1 ? 8u : 0); }

/* The jump of a switch: through a table in memory, or to what was just computed from one. */
static bool by_table(const struct exits *x, const struct patch_insn *in)
{
	u32 reg = modrm_rm(in);

	if (in->modrm < 0xc0)
		return in->modrm < 0x40 && (in->modrm & 7) == 4 && (in->sib & 7) == 5;
	for (u32 i = 1; i <= MEMORY && i <= x->seen; i++) {
		const struct patch_insn *was = &x->last[(x->seen - i) % MEMORY];

		if (was->map || was->modrm < 0xc0)
			continue;
		if ((was->opcode == 0x01 && modrm_rm(was) == reg) || (was->opcode == 0x03 && modrm_reg(was) == reg))
			return true;
	}
	return false;
}

static int look(struct exits *x, u64 at, const struct patch_insn *in, bool go)
{
	switch (in->kind) {
	case PATCH_RET:
		if (in->map || (in->opcode != 0xc3 && in->opcode != 0xc2))
			return -EOPNOTSUPP;
		if (x->n == x->cap)
			return -ENOSPC;
		x->ret[x->n++] = at;
		return 0;
	case PATCH_JMP:
	case PATCH_JCC:
	case PATCH_LOOP:
		return go || follow(x, at + in->len + (u64)in->disp) ? 0 : -EOPNOTSUPP;
	case PATCH_JMP_IND:
		return go || by_table(x, in) ? 0 : -EOPNOTSUPP;
	case PATCH_XBEGIN:
		return -EOPNOTSUPP;
	default:
		return 0;
	}
}

static int scan(struct exits *x, struct part p, bool go)
{
	const u8 *code = patch_elf_bytes(x->e, p.start, p.end - p.start);
	struct patch_insn in;
	int err = code ? 0 : -EOPNOTSUPP;

	x->seen = 0;
	for (u64 at = p.start; !err && at < p.end; at += in.len) {
		if (patch_decode(code + (at - p.start), p.end - at, &in))
			return -EOPNOTSUPP;
		err = look(x, at, &in, go);
		x->last[x->seen++ % MEMORY] = in;
	}
	return err;
}

int patch_elf_exits(struct patch_elf *e, u64 va, u64 *ret, u32 cap)
{
	struct exits x = { .e = e, .ret = ret, .cap = cap, .nparts = 1 };
	bool go = patch_go_is(e);
	int err = patch_elf_bounds(e, va, &x.part[0].start, &x.part[0].end);

	if (err || x.part[0].start != va)
		return -EOPNOTSUPP;
	for (u32 i = 0; !err && i < x.nparts; i++)
		err = scan(&x, x.part[i], go);
	return err ? err : (int)x.n;
}
