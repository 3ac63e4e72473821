/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a place can take a jump, and which instructions it covers.
 *
 * Invariant: no byte that is rewritten, but the first, is one that control can come to: not by a direct branch of this function
 * or of the module, not by a jump table, not by a return from a call that is covered. Where that is not certain, one byte is
 * rewritten (int3).
 */
#include <errno.h>

#include "patch/patch.h"

enum { NEAR = 32 }; /* bytes around the site that matter */

struct sweep {
	const struct patch_func *f;
	u32 off;
	u64 near;          /* bit i: control may come to byte off - NEAR + i */
	u32 prev[NEAR];    /* where the instructions before the site begin, nearest first */
	u32 nprev;
	bool boundary;     /* an instruction begins at the site */
	bool holes;        /* some bytes did not decode */
	bool indirect;     /* jumps through a register or a table */
	bool loops;        /* own branches to the site */
};

static void come_to(struct sweep *s, u64 target)
{
	u64 i = target - s->off + NEAR;

	if (i < 2 * NEAR)
		s->near |= 1ull << i;
}

static bool comes_to(const struct sweep *s, u32 from, u32 to)
{
	for (u32 at = from; at < to; at++) {
		u32 i = at + NEAR - s->off;

		if (i >= 2 * NEAR || s->near >> i & 1)
			return true;
	}
	return false;
}

static bool taken(const struct patch_func *f, u32 from, u32 to)
{
	const struct patch_text *t = f->text;

	for (u64 at = from; t && t->taken && at < to; at++) {
		u64 b = f->addr + at - t->addr;

		if (b < t->size && t->taken[b >> 3] >> (b & 7) & 1)
			return true;
	}
	return false;
}

static int decode(const struct patch_func *f, u32 at, struct patch_insn *in)
{
	return patch_decode(f->code + at, (u64)f->size + f->tail - at, in);
}

static void sweep_insn(struct sweep *s, u32 at, const struct patch_insn *in)
{
	if (at == s->off)
		s->boundary = true;
	if (at < s->off && s->off - at < NEAR) {
		u32 n = MIN(s->nprev, (u32)NEAR - 1);

		memmove(s->prev + 1, s->prev, n * sizeof(s->prev[0]));
		s->prev[0] = at;
		s->nprev = n + 1;
	}
	if (in->rel_at) {
		u64 target = at + in->len + (u64)in->disp;

		come_to(s, target);
		if (target == s->off && in->kind != PATCH_CALL)
			s->loops = true;
	}
	if (in->rip_at && !in->map && in->opcode == 0x8d && in->space == PATCH_LEGACY)
		come_to(s, at + in->len + (u64)in->disp);
	if (in->kind == PATCH_JMP_IND && !in->rip_at)
		s->indirect = true;
}

static void sweep(struct sweep *s, const struct patch_func *f, u32 off)
{
	const struct patch_text *t = f->text;
	struct patch_insn in;

	*s = (struct sweep){ .f = f, .off = off };
	for (u32 at = 0; at < f->size; at += in.len) {
		if (patch_decode(f->code + at, f->size - at, &in)) {
			s->holes = true;
			s->nprev = 0;
			in.len = 1;
			continue;
		}
		sweep_insn(s, at, &in);
	}
	if (t && t->targets) {
		for (u32 i = 0; i < 2 * NEAR; i++) {
			u64 b = f->addr + off + i - NEAR - t->addr;

			if (b < t->size && t->targets[b >> 3] >> (b & 7) & 1)
				s->near |= 1ull << i;
		}
	}
}

/* --- Jump tables --- */

/* Entries of a table that may begin at `table`: offsets from it (32 bits), or addresses. Ends where nothing of the function is met. */
static void read_table(struct sweep *s, u64 table, u32 width)
{
	const struct patch_func *f = s->f;
	u32 strange = 0;
	u8 chunk[256];

	for (u32 at = 0; at < 16384 && strange < 16; at += sizeof(chunk)) {
		if (f->read(f->arg, table + at, chunk, sizeof(chunk)))
			return;
		for (u32 i = 0; i < sizeof(chunk) && strange < 16; i += width) {
			s32 rel;
			u64 to;

			memcpy(&to, chunk + i, width);
			if (width == 4) {
				memcpy(&rel, chunk + i, 4);
				to = table + (u64)(s64)rel;
			}
			strange = to - f->addr < f->size ? 0 : strange + 1;
			come_to(s, to - f->addr);
		}
	}
}

/* Every address that the function takes may be that of a table. */
static void jump_tables(struct sweep *s)
{
	const struct patch_func *f = s->f;
	struct patch_insn in;

	for (u32 at = 0; at < f->size; at += in.len) {
		if (patch_decode(f->code + at, f->size - at, &in)) {
			in.len = 1;
			continue;
		}
		if (in.rip_at && in.kind == PATCH_OTHER && !in.map && in.opcode == 0x8d) {
			u64 table = f->addr + at + in.len + (u64)in.disp;

			if (table - f->addr >= f->size) {
				read_table(s, table, 4);
				read_table(s, table, 8);
			}
		} else if (in.modrm_at && in.modrm < 0x40 && (in.modrm & 7) == 4 && (in.sib & 7) == 5) {
			s32 disp; /* an absolute table: disp32(, index, 8) */

			memcpy(&disp, f->code + at + in.modrm_at + 2, 4);
			read_table(s, (u64)(s64)disp, in.sib >> 6 == 2 ? 4 : 8);
		}
	}
}

/* --- Windows --- */

/* Can a copy of this run elsewhere and do the same? */
static bool movable(const struct patch_insn *in)
{
	if (in->rel_at && in->prefix & PATCH_P_66 && !(in->rex & 8))
		return false; /* the two makers disagree on its size */
	if (in->rip_at && in->prefix & PATCH_P_67)
		return false;
	if (in->kind == PATCH_CALL_IND) {
		bool far = (in->modrm >> 3 & 7) == 3, memory = in->modrm < 0xc0;
		bool stack = memory ? (in->modrm & 7) == 4 && (in->sib & 7) == 4 && !(in->rex & 1)
				    : (in->modrm & 7) == 4 && !(in->rex & 1);

		return !far && !stack; /* the return address is pushed first */
	}
	return true;
}

static bool goes_on(u8 kind)
{
	return kind != PATCH_JMP && kind != PATCH_JMP_IND && kind != PATCH_RET && kind != PATCH_STOP;
}

/*
 * Whole instructions from `from` so that `min` bytes can be rewritten and everything before `end` is moved. Gives their bytes.
 * -ENOSPC: control may come inside, or there is not that much.
 */
static int cover(const struct sweep *s, u32 from, u32 end, u32 min, u32 *ret_covered, bool *ret_single)
{
	const struct patch_func *f = s->f;
	u32 at = from, stop = MAX(end, from + min), first = 0;
	bool dead = false;

	/* Who comes to a site behind the rewritten bytes would pass it by unseen. */
	if (comes_to(s, from + 1, s->off > from ? MAX(from + min, s->off + 1) : from + min))
		return -ENOSPC;
	while (at < stop) {
		struct patch_insn in;

		if (at >= f->size + f->tail || decode(f, at, &in))
			return -ENOSPC;
		if (dead || at >= f->size) {
			if (in.kind != PATCH_NOP && in.kind != PATCH_INT3)
				return -ENOSPC;
		} else {
			if (in.kind == PATCH_INT3)
				return -EBUSY;
			if (!movable(&in))
				return -EOPNOTSUPP;
			if ((in.kind == PATCH_CALL || in.kind == PATCH_CALL_IND) && at + in.len < stop)
				return -ENOSPC; /* the return would land inside */
			dead = !goes_on(in.kind);
		}
		if (!first)
			first = in.len;
		at += in.len;
	}
	if (at - from > PATCH_MAX_COVER || taken(f, from, at))
		return -ENOSPC;
	*ret_covered = at - from;
	*ret_single = first >= min;
	return 0;
}

/* Is the padding before the function free, and within reach of a short jump at `from`? */
static bool padding(const struct patch_func *f, u32 from)
{
	u32 at = 0;

	if (f->pad < 5 || from + 2 + 5 > 128)
		return false;
	while (at < f->pad) {
		struct patch_insn in;

		if (patch_decode(f->code - f->pad + at, f->pad - at, &in) || (in.kind != PATCH_NOP && in.kind != PATCH_INT3))
			return false;
		at += in.len;
	}
	return true;
}

static void take(struct patch_plan *p, const struct sweep *s, u32 from, u8 form, u32 len, u32 covered, bool single)
{
	p->holds = (u8)MAX(covered, len);
	p->start = s->f->addr + from;
	p->form = form;
	p->len = (u8)len;
	p->covered = (u8)covered;
	p->single = single;
	p->before = (u8)(s->off - from);
	memcpy(p->old, s->f->code + from, covered);
}

/*
 * The instruction alone is rewritten, to a jump that ends in bytes of the instructions behind it: whoever comes to those finds what
 * was there. Prefixes before the jump make it reach further into them.
 */
static int plan_pun(const struct sweep *s, u32 len, struct patch_plan *p)
{
	const struct patch_func *f = s->f;
	u32 hold = MIN(len - 1 + 5u, 8u), room = f->size + f->tail + f->more - s->off;

	hold = MIN(hold, room);
	if (len > 4 || hold < 5 || taken(f, s->off, s->off + hold))
		return -ENOSPC;
	take(p, s, s->off, PATCH_PUN, len, len, true);
	memcpy(p->new, f->code + s->off, hold);
	p->holds = (u8)hold;
	return 0;
}

/* Low bytes of the displacement that are tried, where they can be chosen: spread over what they reach. */
static u32 pun_low(u32 nfree, u32 i)
{
	return nfree ? (i * 0x9e3779b1u) >> (32 - 8 * nfree) & 0xffffff : 0;
}

bool patch_pun(struct patch_plan *p, u32 which, u64 *ret_to)
{
	static const u8 tries[] = { 1, 4, 16, 64 };
	u8 behind[8];

	memcpy(behind, p->new + p->len, sizeof(behind) - p->len);
	for (u32 pad = 0; pad < p->len && pad + 5 <= p->holds; pad++) {
		u32 nfree = p->len - 1u - pad, low, n = tries[nfree];
		u8 *at = p->new;
		s32 disp;

		if (which >= n) {
			which -= n;
			continue;
		}
		low = pun_low(nfree, which);
		memset(at, 0x3e, pad); /* means nothing before a direct jump */
		at[pad] = 0xe9;
		memcpy(at + pad + 1, &low, nfree);
		memcpy(at + p->len, behind, sizeof(behind) - p->len);
		memcpy(&disp, at + pad + 1, 4);
		*ret_to = p->start + pad + 5 + (u64)(s64)disp;
		return true;
	}
	return false;
}

/* A five-byte jump: at the site, or (asked for) at an instruction before it; best where one instruction holds it all. */
static int plan_jump(const struct sweep *s, u32 end, u32 flags, struct patch_plan *p)
{
	u32 covered;
	bool single;
	int err = cover(s, s->off, end, 5, &covered, &single);

	if (!err)
		take(p, s, s->off, PATCH_JMP5, 5, covered, single);
	if (!err && single)
		return 0;
	if (!(flags & PATCH_BACKWARD))
		return err;
	for (u32 i = 0; i < s->nprev && s->off - s->prev[i] <= 16; i++) {
		if (cover(s, s->prev[i], end, 5, &covered, &single))
			continue;
		if (err || single)
			take(p, s, s->prev[i], PATCH_JMP5, 5, covered, single);
		err = 0;
		if (single)
			break;
	}
	return err;
}

static s32 syscall_nr(const struct sweep *s)
{
	const u8 *c = s->f->code + s->prev[0];
	u32 n = s->off - s->prev[0];
	s32 nr;

	if (!s->nprev || comes_to(s, s->off, s->off + 1))
		return -1;
	if (n == 5 && c[0] == 0xb8)
		memcpy(&nr, c + 1, 4);
	else if (n == 7 && c[0] == 0x48 && c[1] == 0xc7 && c[2] == 0xc0)
		memcpy(&nr, c + 3, 4);
	else if (n == 2 && (c[0] == 0x31 || c[0] == 0x33) && c[1] == 0xc0)
		nr = 0;
	else
		return -1;
	return nr < 0 ? -1 : nr;
}

int patch_plan(const struct patch_func *f, u32 off, u32 flags, struct patch_plan *ret)
{
	struct patch_plan p = { .nr = -1 };
	struct patch_insn in;
	struct sweep s;
	u32 end, covered;
	bool single;
	int err;

	if (off >= f->size)
		return -EINVAL;
	if (decode(f, off, &in) || off + in.len > f->size)
		return -EILSEQ;
	if (in.kind == PATCH_INT3)
		return -EBUSY;
	if (taken(f, off, off + in.len))
		return -EEXIST;
	if (!movable(&in))
		return -EOPNOTSUPP;
	sweep(&s, f, off);
	if (!s.boundary && !s.holes)
		return -EILSEQ;
	if (s.indirect && f->read)
		jump_tables(&s);
	end = off + in.len;
	p.site = f->addr + off;
	p.entry = !off || (off == 4 && !memcmp(f->code, "\xf3\x0f\x1e\xfa", 4));
	p.plain = p.entry && !s.loops && !s.holes;
	if (in.kind == PATCH_SYSCALL)
		p.nr = syscall_nr(&s);
	err = -ENOSPC;
	if (s.boundary)
		err = plan_jump(&s, end, flags, &p);
	if (!err && !p.single && (s.holes || (s.indirect && !f->read)))
		err = -ENOSPC;
	if (err && s.boundary && !(flags & PATCH_NO_PAD) && padding(f, off) && !cover(&s, off, end, 2, &covered, &single) &&
	    (single || (!s.holes && (!s.indirect || f->read)))) {
		take(&p, &s, off, PATCH_JMP2, 2, covered, single);
		p.pad = f->addr - 5;
		memcpy(p.old_pad, f->code - 5, 5);
		err = 0;
	}
	if (err && (s.boundary || s.holes) && flags & PATCH_MAY_PUN)
		err = plan_pun(&s, in.len, &p);
	if (err) {
		if (flags & PATCH_ONLY_JUMP)
			return -ENOSPC;
		take(&p, &s, off, PATCH_TRAP, 1, in.len, true);
	}
	*ret = p;
	return 0;
}

const char *patch_why(int err)
{
	switch (err) {
	case 0: return "no obstacle";
	case -EINVAL: return "not inside of the function";
	case -EILSEQ: return "no instruction begins there";
	case -EBUSY: return "another breakpoint is there";
	case -EOPNOTSUPP: return "the instruction there cannot be moved";
	case -ENOSPC: return "no room for a jump";
	case -EEXIST: return "it is covered by another site";
	case -ERANGE: return "the trampoline is too far away";
	}
	return "unknown obstacle";
}

/* --- Threads inside of what changes --- */

int patch_ip_forward(const struct patch_plan *p, u64 ip, u64 *ret_ip)
{
	u64 off = ip - p->start;

	*ret_ip = ip;
	if (!off || off >= p->len)
		return 0;
	if (p->gate && ip == p->site + 2) { /* a call that is made again: by the instruction before */
		*ret_ip = p->gate + 2;
		return 0;
	}
	for (u32 i = 0; i < p->nmap; i++) {
		if (p->map[i].old == off) {
			*ret_ip = p->tramp + p->map[i].at;
			return 0;
		}
	}
	return -EAGAIN;
}

int patch_ip_back(const struct patch_plan *p, u64 ip, u64 *ret_ip)
{
	u64 at = ip - p->tramp;

	*ret_ip = ip;
	if (p->gate && (ip == p->gate || ip == p->gate + 2)) {
		*ret_ip = p->site + (ip - p->gate);
		return 0;
	}
	if (at >= p->tramp_len)
		return p->gate && ip - p->gate < PATCH_GATE ? -EAGAIN : -ENOENT;
	for (u32 i = 0; i < p->nmap; i++) {
		if (p->map[i].at == at) {
			*ret_ip = p->start + p->map[i].old;
			return 0;
		}
	}
	return -EAGAIN;
}
