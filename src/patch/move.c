/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving one instruction: its copy does at another address what it did at its own.
 *
 * Branches go where they went, widened to 32 bits. A call leaves its own return address, as unwinders and the callee know it:
 * the address is stored, then jumped.
 */
#include <errno.h>

#include "patch/asm.h"
#include "patch/patch.h"

/*
 * Pushes an address without touching a register or a flag. By a call, so that the processor's stack of predicted returns keeps in
 * step with the program's; what it predicts is the jump behind it.
 */
static void push_address(struct patch_asm *a, u64 addr)
{
	OP(a, 0xe8, 5, 0, 0, 0);
	a_jmp(a, addr);
	a_store32_imm(a, RSP, 0, s32_of(addr));
	a_store32_imm(a, RSP, 4, s32_of(addr >> 32));
}

/* The bytes themselves; a displacement relative to the instruction pointer follows the distance. */
static void copy(struct patch_asm *a, const u8 *bytes, const struct patch_insn *in, u64 from)
{
	u64 to = a_here(a);
	u8 buf[15];

	memcpy(buf, bytes, in->len);
	if (in->rip_at) {
		s64 disp = in->disp + (s64)(from - to);
		s32 disp32 = s32_of((u64)disp);

		if (disp != disp32 && !a->err)
			a->err = -ERANGE;
		memcpy(buf + in->rip_at, &disp32, 4);
	}
	if (in->kind == PATCH_CALL_IND)
		buf[in->modrm_at] ^= (2 ^ 0x4) << 3; /* call to jmp */
	a_bytes(a, buf, in->len);
}

/* Copies one instruction from `from` to the end of `a`. */
static void a_move(struct patch_asm *a, const u8 *bytes, const struct patch_insn *in, u64 from)
{
	u64 next = from + in->len, to = next + (u64)in->disp;

	switch (in->kind) {
	case PATCH_JMP:
		a_jmp(a, to);
		break;
	case PATCH_JCC:
		a_jcc(a, in->opcode & 15, to);
		break;
	case PATCH_CALL:
		push_address(a, next);
		a_jmp(a, to);
		break;
	case PATCH_CALL_IND:
		push_address(a, next);
		copy(a, bytes, in, from);
		break;
	case PATCH_LOOP: /* taken: over a jump that goes on, to the long one */
		a_bytes(a, bytes, in->rel_at);
		OP(a, 2, 0xeb, 5);
		a_jmp(a, to);
		break;
	case PATCH_XBEGIN: {
		s64 rel = (s64)(to - (a_here(a) + in->len));
		s32 rel32 = s32_of((u64)rel);

		if (in->imm_size != 4 || rel != rel32)
			a->err = a->err ? a->err : -ERANGE;
		a_bytes(a, bytes, in->rel_at);
		a_bytes(a, &rel32, 4);
		break;
	}
	default:
		copy(a, bytes, in, from);
		break;
	}
}

void patch_note(struct patch_plan *p, const struct patch_asm *a, u32 old)
{
	if (p->nmap < PATCH_MAX_MAP)
		p->map[p->nmap++] = (struct patch_move){ (u8)old, (u16)a->n };
}

void patch_copy(struct patch_plan *p, struct patch_asm *a, u32 from, u32 to)
{
	struct patch_insn in;

	for (u32 at = from; at < to; at += in.len) {
		if (patch_decode(p->old + at, p->covered - at, &in)) {
			a->err = -EILSEQ;
			return;
		}
		patch_note(p, a, at);
		a_move(a, p->old + at, &in, p->start + at);
	}
}
