/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs in the target between a rewritten site and a handler, for functions and static probes.
 *
 * The path of a hit: two words of the target's stack, its thread's block at the gs base, all registers by plain stores into a
 * struct patch_regs on the block's stack, the handler, all registers back. `busy` is set before the block's stack is used and
 * cleared after it was left, so a signal that hits another site in between finds it set and passes by.
 *
 * Invariant: nothing of the target is changed but the two (three) words below its stack pointer, or below its red zone.
 */
#include <errno.h>

#include "patch/asm.h"
#include "patch/patch.h"

#define T(field) ((s32)offsetof(struct patch_thread, field))
#define R(field) ((s32)offsetof(struct patch_regs, field))
#define SHADOW(field) (T(shadow) + (s32)offsetof(struct patch_shadow, field))

_Static_assert(sizeof(struct patch_regs) == 168 && sizeof(struct patch_shadow) == 32, "layouts that code relies on");

static const u8 reg_at[16] = {
	[RAX] = R(ax), [RCX] = R(cx), [RDX] = R(dx), [RBX] = R(bx), [RSP] = R(sp), [RBP] = R(bp), [RSI] = R(si), [RDI] = R(di),
	[R8] = R(r8), [R9] = R(r9), [R10] = R(r10), [R11] = R(r11), [R12] = R(r12), [R13] = R(r13), [R14] = R(r14), [R15] = R(r15),
};

void a_thread(struct patch_asm *a, u8 block, u8 scratch, u32 slow[2])
{
	OP(a, 0xf3, (u8)(0x48 | block >> 3), 0x0f, 0xae, (u8)(0xc8 | (block & 7)));     /* rdgsbase */
	a_test(a, block);
	slow[0] = a_jcc_ahead(a, CC_E);
	OP(a, 0xf3, (u8)(0x48 | scratch >> 3), 0x0f, 0xae, (u8)(0xc0 | (scratch & 7))); /* rdfsbase */
	a_cmp_mem(a, block, T(fs), scratch);
	slow[1] = a_jcc_ahead(a, CC_NE);
}

/* Two loads of four bytes: one of eight would wait for the last store to `busy` to leave the store buffer. */
void a_unless_idle(struct patch_asm *a, u8 block, u8 scratch)
{
	a_load32(a, scratch, block, T(busy));
	a_or_mem32(a, scratch, block, T(off));
}

void a_save(struct patch_asm *a, u8 frame, u32 but)
{
	for (u8 r = 0; r < 16; r++)
		if (!(but >> r & 1))
			a_store(a, frame, reg_at[r], r);
}

void a_restore(struct patch_asm *a, u32 but)
{
	for (u8 r = 0; r < 16; r++)
		if (r != RSP && !(but >> r & 1))
			a_load(a, r, RSP, reg_at[r]);
}

void a_handler(struct patch_asm *a, u64 fn, u64 probe)
{
	a_mov(a, RDI, RSP);
	a_mov_imm(a, RSI, probe);
	a_call(a, fn);
}

/* Jumps of a probe's stub that are bound in its cold part. */
struct probe_jumps {
	u32 slow[2], skip, changed, full;
	u64 go, push, no_return;
};

static void full_test(struct patch_asm *a)
{
	s32 most = PATCH_SHADOWS;

	a_load32(a, RCX, RAX, T(shadows));
	OP(a, 0x81, 0xf9); /* cmp ecx, most */
	a_bytes(a, &most, 4);
}

/* The return address goes to the shadow stack; the function will return to runtime.ret_entry. */
static void take_return(struct patch_asm *a, const struct patch_runtime *rt, u64 probe, struct probe_jumps *j)
{
	a_gs_load(a, RAX, T(self));
	full_test(a);
	j->full = a_jcc_ahead(a, CC_AE);
	j->push = a_here(a);
	OP(a, 0x48, 0x89, 0xca, 0x48, 0xc1, 0xe2, 0x05, 0x48, 0x01, 0xc2); /* rdx = rax + (rcx << 5) */
	a_load(a, RSI, RSP, R(sp));
	a_load(a, RDI, RSI, 0);
	a_store(a, RDX, SHADOW(sp), RSI);
	a_store(a, RDX, SHADOW(ret), RDI);
	a_mov_imm(a, RDI, probe);
	a_store(a, RDX, SHADOW(probe), RDI);
	a_load(a, RDI, RAX, T(data));
	a_store(a, RDX, SHADOW(data), RDI);
	OP(a, 0xff, 0xc1); /* inc ecx */
	a_store32(a, RAX, T(shadows), RCX);
	a_address(a, RDI, rt->ret_entry);
	a_store(a, RSI, 0, RDI);
}

static void probe_hot(struct patch_asm *a, const struct patch_plan *p, const struct patch_runtime *rt,
		      const struct patch_stub *stub, struct probe_jumps *j)
{
	if (!p->plain) {
		a_lea(a, RSP, RSP, -RED_ZONE);
		OP(a, 0x9c); /* pushfq */
	}
	a_push(a, RAX);
	a_push(a, RCX);
	a_thread(a, RAX, RCX, j->slow);
	j->go = a_here(a);
	a_unless_idle(a, RAX, RCX);
	j->skip = a_jcc_ahead(a, CC_NE);
	a_store32_imm(a, RAX, T(busy), 1);
	a_load(a, RCX, RAX, T(frame));
	a_save(a, RCX, 1u << RAX | 1u << RCX | 1u << RSP);
	a_load(a, RDX, RSP, 8);
	a_store(a, RCX, R(ax), RDX);
	a_load(a, RDX, RSP, 0);
	a_store(a, RCX, R(cx), RDX);
	if (p->plain) {
		a_store_imm(a, RCX, R(flags), 0x246);
		a_lea(a, RDX, RSP, 16);
	} else {
		a_load(a, RDX, RSP, 16);
		a_store(a, RCX, R(flags), RDX);
		a_lea(a, RDX, RSP, 24 + RED_ZONE);
		OP(a, 0xfc); /* cld */
	}
	a_store(a, RCX, R(sp), RDX);
	a_address(a, RDX, p->site);
	a_store(a, RCX, R(ip), RDX);
	a_store_imm(a, RCX, R(orig_ax), -1);
	a_mov(a, RSP, RCX);
	if (stub->enter)
		a_handler(a, stub->enter, stub->probe);
	if (stub->event == PATCH_RETURN) {
		u32 no = 0;

		if (stub->enter) {
			a_test(a, RAX);
			no = a_jcc_ahead(a, CC_NE);
		}
		take_return(a, rt, stub->probe, j);
		if (no)
			a_bind(a, no);
		j->no_return = a_here(a);
	}
	if (stub->writes) {
		a_address(a, RDX, p->site);
		a_cmp_mem(a, RSP, R(ip), RDX);
		j->changed = a_jcc_ahead(a, CC_NE);
	}
	a_restore(a, stub->writes ? 0 : CALLEE_SAVED);
	if (!p->plain) {
		a_push_mem(a, RSP, R(flags));
		OP(a, 0x9d); /* popfq */
	}
	a_load(a, RSP, RSP, R(sp));
	a_gs_store32_imm(a, T(busy), 0);
}

/* The handler chose where to go on. That address is returned to, from below the red zone. */
static void go_elsewhere(struct patch_asm *a, const struct probe_jumps *j)
{
	a_bind(a, j->changed);
	a_load(a, RAX, RSP, R(sp));
	a_load(a, RCX, RSP, R(ip));
	a_lea(a, RAX, RAX, -8 - RED_ZONE);
	a_store(a, RAX, 0, RCX);
	a_store(a, RSP, R(sp), RAX);
	a_restore(a, 0);
	a_push_mem(a, RSP, R(flags));
	OP(a, 0x9d);
	a_load(a, RSP, RSP, R(sp));
	a_gs_store32_imm(a, T(busy), 0);
	OP(a, 0xc2, RED_ZONE, 0); /* ret RED_ZONE */
}

/* Everything that is rarely run; `body` is where the moved instructions are. */
static void probe_cold(struct patch_asm *a, const struct patch_plan *p, const struct patch_runtime *rt,
		       const struct patch_stub *stub, const struct probe_jumps *j, u64 body)
{
	u64 out;

	a_bind(a, j->skip);
	a_inc_mem(a, RAX, T(skipped));
	out = a_here(a);
	a_pop(a, RCX);
	a_pop(a, RAX);
	if (!p->plain) {
		OP(a, 0x9d);
		a_bytes(a, "\x48\x8d\xa4\x24\x80\x00\x00\x00", 8); /* lea rsp, [rsp + RED_ZONE] */
	}
	a_jmp(a, body);

	a_bind(a, j->slow[0]);
	a_bind(a, j->slow[1]);
	a_call(a, rt->new_block);
	a_test(a, RAX);
	a_jcc(a, CC_NE, j->go);
	a_jmp(a, out);

	if (stub->writes)
		go_elsewhere(a, j);
	if (stub->event != PATCH_RETURN)
		return;
	a_bind(a, j->full);
	if (rt->shadow_full) {
		a_mov(a, RDI, RAX);
		a_load(a, RSI, RSP, R(sp));
		a_address(a, RDX, rt->ret_entry);
		a_call(a, rt->shadow_full);
		a_gs_load(a, RAX, T(self));
		full_test(a);
		a_jcc(a, CC_B, j->push);
	}
	a_inc_mem(a, RAX, T(skipped));
	a_jmp(a, j->no_return);
}

/* --- What all sites share --- */

/* Called with nothing but rax, rcx and the flags to spare. Gives the block in rax, or 0. */
static void new_block(struct patch_asm *a, struct patch_runtime *rt)
{
	static const u8 saved[] = { RDI, RSI, RDX, R8, R9, R10, R11 };
	s32 last_error = -4096;
	u32 fail, done = 0;

	for (u32 i = 0; i < ARRAY_SIZE(saved); i++)
		a_push(a, saved[i]);
	a_mov_imm(a, RAX, 9);                 /* mmap(0, size, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0) */
	OP(a, 0x31, 0xff);
	a_mov_imm(a, RSI, rt->thread_size);
	a_mov_imm(a, RDX, 3);
	a_mov_imm(a, R10, 0x22);
	OP(a, 0x49, 0x83, 0xc8, 0xff);        /* or r8, -1 */
	OP(a, 0x45, 0x31, 0xc9);
	OP(a, 0x0f, 0x05);
	OP(a, 0x48, 0x3d);                    /* cmp rax, -4096 */
	a_bytes(a, &last_error, 4);
	fail = a_jcc_ahead(a, CC_A);
	a_store(a, RAX, T(self), RAX);
	OP(a, 0xf3, 0x48, 0x0f, 0xae, 0xc1);  /* rdfsbase rcx */
	a_store(a, RAX, T(fs), RCX);
	a_lea(a, RCX, RAX, (s32)rt->thread_size - FRAME);
	a_store(a, RAX, T(frame), RCX);
	a_store_imm(a, RCX, R(cs), 0x33);     /* for good */
	a_store_imm(a, RCX, R(ss), 0x2b);
	OP(a, 0xf3, 0x48, 0x0f, 0xae, 0xd8);  /* wrgsbase rax */
	if (rt->thread_new) {
		a_store32_imm(a, RAX, T(busy), 1);
		a_mov(a, RDX, RSP);
		a_mov(a, RSP, RCX);
		a_push(a, RDX);
		a_push(a, RAX);
		a_mov(a, RDI, RAX);
		OP(a, 0xfc);
		a_call(a, rt->thread_new);
		a_pop(a, RAX);
		a_pop(a, RSP);
		a_store32_imm(a, RAX, T(busy), 0);
	}
	done = a_jmp_ahead(a);
	a_bind(a, fail);
	OP(a, 0x31, 0xc0);
	a_bind(a, done);
	for (u32 i = ARRAY_SIZE(saved); i--;)
		a_pop(a, saved[i]);
	OP(a, 0xc3);
}

/* A thread returns that this block knows nothing of. rax: the block or 0; rax, rcx, rdx and the slot are on the stack. */
static void ret_lost(struct patch_asm *a, const struct patch_runtime *rt)
{
	static const u8 saved[] = { RSI, RDI, R8, R9, R10, R11 };
	u32 none;

	if (!rt->ret_missing) {
		OP(a, 0x0f, 0x0b);
		return;
	}
	for (u32 i = 0; i < ARRAY_SIZE(saved); i++)
		a_push(a, saved[i]);
	a_mov(a, RDI, RAX);
	a_lea(a, RSI, RSP, 8 * ARRAY_SIZE(saved) + 24);
	a_push(a, RBP);
	a_mov(a, RBP, RSP);
	OP(a, 0x48, 0x83, 0xe4, 0xf0); /* and rsp, -16 */
	a_call(a, rt->ret_missing);
	a_mov(a, RSP, RBP);
	a_pop(a, RBP);
	a_test(a, RAX);
	none = a_jcc_ahead(a, CC_E);
	a_store(a, RSP, 8 * ARRAY_SIZE(saved) + 24, RAX);
	for (u32 i = ARRAY_SIZE(saved); i--;)
		a_pop(a, saved[i]);
	a_pop(a, RDX);
	a_pop(a, RCX);
	a_pop(a, RAX);
	OP(a, 0xc3);
	a_bind(a, none);
	OP(a, 0x0f, 0x0b);
}

/* An instruction with the operand [rax + rcx + disp]. */
static void indexed(struct patch_asm *a, u8 rex, u8 opcode, u8 reg, s32 disp)
{
	if (rex)
		OP(a, rex);
	OP(a, opcode, (u8)(0x84 | reg << 3), 0x08);
	a_bytes(a, &disp, 4);
}

/*
 * Finds the entry of the slot that was returned through, the newest first, and takes it away. Leaves on the stack: data, probe, rdx,
 * rcx, rax, and in the slot the return address. Entries above it stay (frames that were jumped over, or of other stacks) until
 * they are pruned; free ones at the top go.
 */
static u32 find_entry(struct patch_asm *a)
{
	u64 next, trim;
	u32 missing, empty, live, none = 0;

	a_lea(a, RDX, RSP, 24);
	a_load32(a, RCX, RAX, T(shadows));
	OP(a, 0xc1, 0xe1, 0x05);                  /* shl ecx, 5 */
	next = a_here(a);
	OP(a, 0x83, 0xe9, 0x20);                  /* sub ecx, 32 */
	missing = a_jcc_ahead(a, CC_B);
	indexed(a, 0x48, 0x39, RDX, SHADOW(sp));  /* cmp */
	a_jcc(a, CC_NE, next);
	indexed(a, 0x48, 0x8b, RDX, SHADOW(ret)); /* mov rdx, */
	a_store(a, RSP, 24, RDX);
	indexed(a, 0, 0xff, 6, SHADOW(probe));    /* push */
	indexed(a, 0, 0xff, 6, SHADOW(data));
	indexed(a, 0x48, 0xc7, 0, SHADOW(sp));    /* mov qword, 0 */
	a_bytes(a, &none, 4);
	a_load32(a, RCX, RAX, T(shadows));
	OP(a, 0xc1, 0xe1, 0x05);
	trim = a_here(a);
	OP(a, 0x85, 0xc9);                        /* test ecx, ecx */
	empty = a_jcc_ahead(a, CC_E);
	indexed(a, 0x48, 0x83, 7, SHADOW(sp) - 32); /* cmp qword, 0 */
	OP(a, 0);
	live = a_jcc_ahead(a, CC_NE);
	OP(a, 0x83, 0xe9, 0x20);
	a_jmp(a, trim);
	a_bind(a, empty);
	a_bind(a, live);
	OP(a, 0xc1, 0xe9, 0x05);                  /* shr ecx, 5 */
	a_store32(a, RAX, T(shadows), RCX);
	return missing;
}

static void ret_entry(struct patch_asm *a, const struct patch_runtime *rt)
{
	u32 slow[2], missing, skip, none;
	u64 again;

	a_lea(a, RSP, RSP, -8);
	a_push(a, RAX);
	a_push(a, RCX);
	a_push(a, RDX);
	a_thread(a, RAX, RCX, slow);
	again = a_here(a);
	missing = find_entry(a);
	a_unless_idle(a, RAX, RCX);
	skip = a_jcc_ahead(a, CC_NE);
	a_store32_imm(a, RAX, T(busy), 1);
	a_load(a, RCX, RAX, T(frame));
	a_save(a, RCX, 1u << RAX | 1u << RCX | 1u << RDX | 1u << RSP);
	a_load(a, RDX, RSP, 0);
	a_store(a, RAX, T(data), RDX);
	a_load(a, RSI, RSP, 8);
	for (u32 i = 0; i < 4; i++) {
		static const u8 from_stack[] = { R(dx), R(cx), R(ax), R(ip) };

		a_load(a, RDX, RSP, (s32)(16 + 8 * i));
		a_store(a, RCX, from_stack[i], RDX);
	}
	a_lea(a, RDX, RSP, 48);
	a_store(a, RCX, R(sp), RDX);
	a_store_imm(a, RCX, R(flags), 0x246);
	a_store_imm(a, RCX, R(orig_ax), -1);
	a_mov(a, RSP, RCX);
	if (rt->returned) {
		a_mov(a, RDI, RSP);
		a_call(a, rt->returned);
	}
	a_load(a, RAX, RSP, R(sp));
	a_load(a, RCX, RSP, R(ip));
	a_store(a, RAX, -8, RCX);
	a_restore(a, CALLEE_SAVED);
	a_load(a, RSP, RSP, R(sp));
	a_gs_store32_imm(a, T(busy), 0);
	OP(a, 0xff, 0x64, 0x24, 0xf8); /* jmp [rsp - 8]: a ret would spoil the predictions of all callers' */

	a_bind(a, skip);
	a_inc_mem(a, RAX, T(skipped));
	a_lea(a, RSP, RSP, 16);
	a_pop(a, RDX);
	a_pop(a, RCX);
	a_pop(a, RAX);
	OP(a, 0xc3);

	a_bind(a, slow[0]);
	a_bind(a, slow[1]);
	a_call(a, rt->new_block);
	a_test(a, RAX);
	none = a_jcc_ahead(a, CC_E);
	a_jmp(a, again);
	a_bind(a, none);
	a_bind(a, missing);
	ret_lost(a, rt);
}

int patch_emit_runtime(struct patch_runtime *rt, u64 at, u8 *buf, u32 cap, u32 *ret_len)
{
	struct patch_asm a = { .buf = buf, .cap = cap, .addr = at };

	if (rt->thread_size < 32768 || rt->thread_size & 4095 || rt->thread_size > (u32)S32_MAX)
		return -EINVAL;
	rt->new_block = a_here(&a);
	new_block(&a, rt);
	while (a.n & 15 && !a.err)
		OP(&a, 0xcc);
	rt->ret_entry = a_here(&a);
	ret_entry(&a, rt);
	if (a.err)
		return a.err;
	rt->code = at;
	rt->len = a.n;
	*ret_len = a.n;
	return 0;
}

/* --- Trampolines --- */

static void note(struct patch_plan *p, u32 old, u32 at)
{
	if (p->nmap < PATCH_MAX_MAP)
		p->map[p->nmap++] = (struct patch_move){ (u8)old, (u16)at };
}

/* Moves the instructions from `from` to `to` (offsets in the covered bytes). */
static void move_all(struct patch_asm *a, struct patch_plan *p, u32 from, u32 to)
{
	for (u32 at = from; at < to && !a->err;) {
		struct patch_insn in;

		if (patch_decode(p->old + at, to - at, &in)) {
			a->err = -EILSEQ;
			return;
		}
		note(p, at, a->n);
		a_move(a, p->old + at, &in, p->start + at);
		at += in.len;
	}
}

/* The bytes of the site: a jump to the trampoline, direct or by way of the padding, or int3. */
static int site_bytes(struct patch_plan *p)
{
	struct patch_asm jump = { .buf = p->new, .cap = sizeof(p->new), .addr = p->start };
	struct patch_asm far = { .buf = p->new_pad, .cap = sizeof(p->new_pad), .addr = p->pad };

	switch (p->form) {
	case PATCH_JMP5:
		a_jmp(&jump, p->entry_at);
		return jump.err;
	case PATCH_JMP2:
		OP(&jump, 0xeb, (u8)(p->pad - p->start - 2));
		a_jmp(&far, p->entry_at);
		return far.err;
	default:
		p->new[0] = 0xcc;
		return 0;
	}
}

int patch_emit(struct patch_plan *p, const struct patch_runtime *rt, const struct patch_stub *stub, u64 at, u8 *buf, u32 cap)
{
	struct patch_asm a = { .buf = buf, .cap = cap, .addr = at };
	u32 behind = (u32)p->before + p->at_len;
	struct probe_jumps j = { 0 };
	struct call_jumps c = { 0 };
	u64 body;
	int err;

	if (stub->event == PATCH_RETURN && (!p->entry || !rt->ret_entry))
		return -EINVAL;
	if (stub->event == PATCH_CALLING && (p->at_len != 2 || memcmp(p->old + p->before, "\x0f\x05", 2)))
		return -EINVAL;
	p->nmap = 0;
	move_all(&a, p, 0, p->before);
	note(p, p->before, a.n);
	if (stub->event == PATCH_CALLING) {
		a_call_hot(&a, p, stub, &c);
		body = a_here(&a);
	} else {
		probe_hot(&a, p, rt, stub, &j);
		body = a_here(&a);
		move_all(&a, p, p->before, behind);
	}
	move_all(&a, p, behind, p->covered);
	note(p, p->covered, a.n);
	a_jmp(&a, p->start + p->covered);
	if (stub->event == PATCH_CALLING) {
		a_call_cold(&a, p, rt, stub, &c, body);
		for (u32 i = 0; i < ARRAY_SIZE(c.after) && c.after[i]; i++)
			note(p, behind, c.after[i]);
	} else {
		probe_cold(&a, p, rt, stub, &j, body);
	}
	p->tramp = p->entry_at = at;
	err = a.err ? a.err : site_bytes(p);
	if (err)
		return err;
	p->tramp_len = a.n;
	return 0;
}
