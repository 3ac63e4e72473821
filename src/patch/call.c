/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub of a system call site.
 *
 * While the kernel runs the call, nothing of ours is on a stack: the thread's registers are its own again, and the leave handler
 * begins anew from what the kernel returned. So vfork's child may return on its parent's stack, rt_sigreturn finds its
 * frame, a signal handler's calls nest, execve just ends. A call that the kernel restarts is restarted at the syscall instruction
 * of the stub: handlers see it once, with its final result.
 *
 * rcx, r11 and the flags are free here: the instruction overwrites two of them, and compilers give up the third.
 */
#include "patch/asm.h"
#include "patch/patch.h"

#define T(field) ((s32)offsetof(struct patch_thread, field))
#define R(field) ((s32)offsetof(struct patch_regs, field))

enum { NR_RT_SIGRETURN = 15, NR_CLONE = 56, NR_CLONE3 = 435 }; /* of x86-64 */
enum { CLONE_VM_BIT = 0x100, CLONE_VFORK_BIT = 0x4000 };

static void do_syscall(struct patch_asm *a, struct call_jumps *j)
{
	OP(a, 0x0f, 0x05);
	for (u32 i = 0; i < ARRAY_SIZE(j->after) - 1; i++) {
		if (!j->after[i]) {
			j->after[i] = a->n;
			return;
		}
	}
}

/*
 * Behind a clone: a child that shares memory has its parent's gs base and must not use its block. The parent of a vfork waits, and
 * a child with a copy of the memory has a copy of the block: both go on with what they have.
 */
static void new_thread(struct patch_asm *a, u32 nr)
{
	s32 vm = CLONE_VM_BIT, vfork = CLONE_VFORK_BIT;
	u32 parent, copy, waits;

	a_test(a, RAX);
	parent = a_jcc_ahead(a, CC_NE);
	if (nr == NR_CLONE)
		OP(a, 0xf7, 0xc7); /* test edi, */
	else
		OP(a, 0xf7, 0x07); /* test dword [rdi], */
	a_bytes(a, &vm, 4);
	copy = a_jcc_ahead(a, CC_E);
	if (nr == NR_CLONE)
		OP(a, 0xf7, 0xc7);
	else
		OP(a, 0xf7, 0x07);
	a_bytes(a, &vfork, 4);
	waits = a_jcc_ahead(a, CC_NE);
	OP(a, 0x31, 0xc9, 0xf3, 0x48, 0x0f, 0xae, 0xd9); /* xor ecx, ecx; wrgsbase rcx */
	a_bind(a, parent);
	a_bind(a, copy);
	a_bind(a, waits);
}

/* The frame at rcx from the target's registers; r11 is free afterwards. rax is left out or stored by the caller. */
static void frame(struct patch_asm *a)
{
	a_load(a, RCX, R11, T(frame));
	a_save(a, RCX, 1u << RAX | 1u << RCX | 1u << R11);
	a_store_imm(a, RCX, R(flags), 0x246);
	a_store_imm(a, RCX, R(r11), 0x246);
}

static void frame_ip(struct patch_asm *a, const struct patch_plan *p)
{
	a_address(a, R11, p->site + p->at_len);
	a_store(a, RCX, R(ip), R11);
	a_store(a, RCX, R(cx), R11);
}

/* Remembers the number in rax for the leave handler, with the stack pointer as the key. Block in r11; uses rcx. */
static void remember(struct patch_asm *a)
{
	s32 at = T(nested);
	u32 room;

	a_load32(a, RCX, R11, T(nested_n));
	OP(a, 0x83, 0xf9, PATCH_NESTED); /* cmp ecx, */
	room = a_jcc_ahead(a, CC_B);
	OP(a, 0x31, 0xc9);
	a_bind(a, room);
	OP(a, 0xff, 0xc1);               /* inc ecx */
	a_store32(a, R11, T(nested_n), RCX);
	OP(a, 0xc1, 0xe1, 0x04);         /* shl ecx, 4 */
	at -= (s32)sizeof(struct patch_nested);
	OP(a, 0x49, 0x89, 0xa4, 0x0b);   /* mov [r11 + rcx + at], rsp */
	a_bytes(a, &at, 4);
	at += (s32)offsetof(struct patch_nested, nr);
	OP(a, 0x49, 0x89, 0x84, 0x0b);   /* mov [r11 + rcx + at], rax */
	a_bytes(a, &at, 4);
}

/* The other way: orig_ax of the frame at rcx. Block in r11; uses rax, rdx. Those above the one found are over. */
static void recall(struct patch_asm *a, struct call_jumps *j)
{
	s32 at = T(nested);
	u64 next;

	a_load32(a, RAX, R11, T(nested_n));
	next = a_here(a);
	OP(a, 0x83, 0xe8, 0x01);                     /* sub eax, 1 */
	j->lost = a_jcc_ahead(a, CC_B);
	OP(a, 0x89, 0xc2, 0xc1, 0xe2, 0x04);         /* edx = eax << 4 */
	OP(a, 0x49, 0x39, 0xa4, 0x13);               /* cmp [r11 + rdx + at], rsp */
	a_bytes(a, &at, 4);
	a_jcc(a, CC_NE, next);
	a_store32(a, R11, T(nested_n), RAX);
	at += (s32)offsetof(struct patch_nested, nr);
	OP(a, 0x49, 0x8b, 0x94, 0x13);               /* mov rdx, [r11 + rdx + at] */
	a_bytes(a, &at, 4);
	a_store(a, RCX, R(orig_ax), RDX);
	j->known = a_here(a);
}

static bool numbered(const struct patch_plan *p) { return p->nr >= 0; }

static void enter(struct patch_asm *a, const struct patch_plan *p, const struct patch_stub *stub, struct call_jumps *j)
{
	s32 imm;

	a_thread(a, R11, RCX, j->slow);
	j->go = a_here(a);
	a_unless_idle(a, R11, RCX);
	j->passed = a_jcc_ahead(a, CC_NE);
	if (stub->enter) {
		a_store32_imm(a, R11, T(busy), 1);
		frame(a);
		frame_ip(a, p);
		a_store(a, RCX, R(orig_ax), RAX);
		a_store_imm(a, RCX, R(ax), -38); /* ENOSYS, as the kernel shows it */
		a_mov(a, RSP, RCX);
		a_handler(a, stub->enter, stub->probe);
		a_test(a, RAX);
		j->refused = a_jcc_ahead(a, CC_NE);
		a_restore(a, CALLEE_SAVED | 1u << RAX | 1u << RCX | 1u << R11);
		a_load(a, RAX, RSP, R(orig_ax));
		a_load(a, RSP, RSP, R(sp));
	}
	if (stub->leave && !numbered(p)) {
		if (stub->enter)
			a_gs_load(a, R11, T(self));
		remember(a);
	}
	if (stub->enter)
		a_gs_store32_imm(a, T(busy), 0);
	if (numbered(p))
		return;
	OP(a, 0x3d); /* cmp eax, */
	imm = NR_CLONE;
	a_bytes(a, &imm, 4);
	j->clone = a_jcc_ahead(a, CC_E);
	OP(a, 0x3d);
	imm = NR_CLONE3;
	a_bytes(a, &imm, 4);
	j->clone3 = a_jcc_ahead(a, CC_E);
}

void a_call_hot(struct patch_asm *a, const struct patch_plan *p, const struct patch_stub *stub, struct call_jumps *j)
{
	if (stub->enter || !numbered(p))
		enter(a, p, stub, j);
	do_syscall(a, j);
	if (p->nr == NR_CLONE || p->nr == NR_CLONE3)
		new_thread(a, (u32)p->nr);
	j->leave = a_here(a);
	if (!stub->leave || p->nr == NR_RT_SIGRETURN)
		return;
	a_thread(a, R11, RCX, j->leave_slow);
	j->leave_go = a_here(a);
	a_unless_idle(a, R11, RCX);
	j->leave_passed = a_jcc_ahead(a, CC_NE);
	a_store32_imm(a, R11, T(busy), 1);
	frame(a);
	a_store(a, RCX, R(ax), RAX);
	if (numbered(p))
		a_store_imm(a, RCX, R(orig_ax), p->nr);
	else
		recall(a, j);
	frame_ip(a, p);
	a_mov(a, RSP, RCX);
	a_handler(a, stub->leave, stub->probe);
	a_restore(a, CALLEE_SAVED | 1u << RCX | 1u << R11);
	a_load(a, RSP, RSP, R(sp));
	a_gs_store32_imm(a, T(busy), 0);
}

/* Makes the block (it comes in r11), goes on at `go`, or without events behind this. */
static void slow(struct patch_asm *a, const struct patch_runtime *rt, const u32 from[2], u64 go)
{
	a_bind(a, from[0]);
	a_bind(a, from[1]);
	a_lea(a, RSP, RSP, -RED_ZONE);
	a_push(a, RAX);
	a_call(a, rt->new_block);
	a_mov(a, R11, RAX);
	a_pop(a, RAX);
	a_lea(a, RSP, RSP, RED_ZONE);
	a_test(a, R11);
	a_jcc(a, CC_NE, go);
}

void a_call_cold(struct patch_asm *a, const struct patch_plan *p, const struct patch_runtime *rt, const struct patch_stub *stub,
		 struct call_jumps *j, u64 body)
{
	if (j->go) {
		slow(a, rt, j->slow, j->go);
		a_bind(a, j->passed);
		do_syscall(a, j);
		if (p->nr == NR_CLONE || p->nr == NR_CLONE3)
			new_thread(a, (u32)p->nr);
		a_jmp(a, body);
	}
	if (j->clone) {
		a_bind(a, j->clone);
		do_syscall(a, j);
		new_thread(a, NR_CLONE);
		a_jmp(a, j->leave);
		a_bind(a, j->clone3);
		do_syscall(a, j);
		new_thread(a, NR_CLONE3);
		a_jmp(a, j->leave);
	}
	if (j->refused) { /* the result is in the frame, and so are the arguments */
		a_bind(a, j->refused);
		if (stub->leave)
			a_handler(a, stub->leave, stub->probe);
		a_restore(a, CALLEE_SAVED | 1u << RCX | 1u << R11);
		a_load(a, RSP, RSP, R(sp));
		a_gs_store32_imm(a, T(busy), 0);
		a_jmp(a, body);
	}
	if (j->leave_go) {
		slow(a, rt, j->leave_slow, j->leave_go);
		a_bind(a, j->leave_passed);
		a_jmp(a, body);
	}
	if (j->lost) {
		a_bind(a, j->lost);
		a_store_imm(a, RCX, R(orig_ax), -1);
		a_jmp(a, j->known);
	}
}
