/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where probed code enters the agent.
 *
 * A trampoline (box/trace_site.c) skips the red zone, pushes rax and calls one of these; the return address tells which
 * site it is, by the word before the trampoline. What C may change is kept in a frame on the probed code's own stack, the flags
 * by lahf and seto (pushf and popf cost more than all else). A program that calls nothing runs there and then: it needs nothing of
 * the thread's, and may be interrupted by a signal handler that comes to it again. All others run on the agent's own
 * stack, in the thread's block: that is what its gs base holds, which neither glibc nor Go use; clone() copies it, so the
 * block names the fs base of its owner. Reading these bases takes long: the block is guessed by where the stack is, and they say whether
 * that was right while the processor goes on with it.
 * Invariant: registers, flags and the probed code's stack are as they were when a thunk returns; vector registers are never touched.
 */
#include "agent/layout.h"

	.text

.macro entry name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 6
\name:
.endm

/* ---- the frame: of THUNK_FRAME bytes, above it the return address and what the trampoline pushed ---- */
#define F_CX 0
#define F_DX 8
#define F_SI 16
#define F_DI 24
#define F_R8 32
#define F_R9 40
#define F_R10 48
#define F_R11 56
#define F_FL 64
#define F_BX 72
#define F_BP 80
#define F_RET THUNK_FRAME
#define F_AX (THUNK_FRAME + 8)
#define F_TOP (THUNK_FRAME + 16 + TRAMP_SKIP)

/* eax = flags as lahf and seto have them. */
.macro enter_frame
	lea	-THUNK_FRAME(%rsp), %rsp
	mov	%rcx, F_CX(%rsp)
	mov	%rdx, F_DX(%rsp)
	mov	%rsi, F_SI(%rsp)
	mov	%rdi, F_DI(%rsp)
	mov	%r8, F_R8(%rsp)
	mov	%r9, F_R9(%rsp)
	mov	%r10, F_R10(%rsp)
	mov	%r11, F_R11(%rsp)
	lahf
	seto	%al
	mov	%eax, F_FL(%rsp)
.endm

.macro restore_flags
	mov	F_FL(%rsp), %eax
	add	$127, %al
	sahf
.endm

/* All but rax, which the trampoline pops, and the flags. */
.macro leave_frame keep_cx=0
.if !\keep_cx
	mov	F_CX(%rsp), %rcx
.endif
	mov	F_DX(%rsp), %rdx
	mov	F_SI(%rsp), %rsi
	mov	F_DI(%rsp), %rdi
	mov	F_R8(%rsp), %r8
	mov	F_R9(%rsp), %r9
	mov	F_R10(%rsp), %r10
	mov	F_R11(%rsp), %r11
	lea	THUNK_FRAME(%rsp), %rsp
	ret
.endm

/* ---- the block ---- */
/* Registers that C has changed. */
.macro load_args
	mov	F_SI(%rbp), %rsi
	mov	F_DI(%rbp), %rdi
	mov	F_R8(%rbp), %r8
	mov	F_R9(%rbp), %r9
	mov	F_R10(%rbp), %r10
	mov	F_R11(%rbp), %r11
.endm

/*
 * rcx = block, rbp = the frame, rbx and rbp of the probed code in it; rax and rdx are lost. From here on the block is busy: a signal
 * handler that interrupts this, and comes to a probe, does not write to it.
 */
.macro find_block busy
	mov	%rbx, F_BX(%rsp)
	mov	%rbp, F_BP(%rsp)
	mov	%rsp, %rbp
	mov	%esp, %ecx
	shr	$NEAR_SHIFT, %ecx
	imul	$NEAR_MULT, %ecx, %ecx
	lea	agent_near(%rip), %rdx
	shr	$32-NEAR_BITS, %ecx
	mov	(%rdx,%rcx,8), %rcx
	rdgsbase %rdx
	test	%rcx, %rcx
	jz	8f
	cmp	%rdx, %rcx
	jne	8f
	rdfsbase %rdx
	cmp	%rdx, THREAD_FS(%rcx)
	jne	6f
7:	cmpl	$0, THREAD_BUSY(%rcx)
	jne	\busy
	movq	$0, THREAD_SINCE(%rcx)
	movl	$1, THREAD_BUSY(%rcx)
.subsection 1
8:	mov	%rdx, %rcx
	test	%rcx, %rcx
	jz	6f
	rdfsbase %rdx
	cmp	%rdx, THREAD_FS(%rcx)
	jne	6f
	incb	THREAD_STRAYS(%rcx)
	jnz	7b
6:	mov	%rcx, %rdi
	call	find_slow
	mov	%rax, %rcx
	load_args
	jmp	7b
.previous
.endm

/* What the probed code has in its registers, for programs; rax and rdx are lost. */
.macro show_regs
	mov	%rbx, AT_BX(%rcx)
	mov	F_BP(%rbp), %rax
	mov	%rax, AT_BP(%rcx)
	mov	%rsi, AT_SI(%rcx)
	mov	%rdi, AT_DI(%rcx)
	mov	%r8, AT_R8(%rcx)
	mov	%r9, AT_R9(%rcx)
	mov	%r10, AT_R10(%rcx)
	mov	%r11, AT_R11(%rcx)
	mov	%r12, AT_R12(%rcx)
	mov	%r13, AT_R13(%rcx)
	mov	%r14, AT_R14(%rcx)
	mov	%r15, AT_R15(%rcx)
	mov	F_FL(%rbp), %eax
	mov	%rax, THREAD_FLAGS(%rcx)
	mov	F_CX(%rbp), %rax
	mov	%rax, AT_CX(%rcx)
	mov	F_DX(%rbp), %rax
	mov	%rax, AT_DX(%rcx)
	mov	F_AX(%rbp), %rax
	mov	%rax, AT_AX(%rcx)
	lea	F_TOP(%rbp), %rax
	mov	%rax, AT_SP(%rcx)
.endm

/* Call C on the block's stack with the block, and rsi; comes back with rbx = block. */
.macro call_agent function
	mov	%rsp, THREAD_SP(%rcx)
	mov	%rcx, %rbx
	mov	%rcx, %rdi
	mov	THREAD_TOP(%rcx), %rsp
	call	\function
	mov	%rbp, %rsp
.endm

.macro leave_block
	movl	$0, THREAD_BUSY(%rbx)   /* from here on it is another event's */
	mov	F_BX(%rsp), %rbx
	mov	F_BP(%rsp), %rbp
.endm

/* The thread is in the agent already. eax: 0 unless it left it by a jump. The block's address stays. */
.macro ask_nested
	mov	%rcx, %rbx
	mov	%rcx, %rdi
	call	nested
	mov	%rbx, %rcx
	mov	F_BX(%rbp), %rbx
	load_args
	test	%eax, %eax
.endm
.macro leave_nested
	mov	F_BP(%rsp), %rbp
.endm

/* C on the thread's own stack, with rdi and the frame; all that it may change has been kept. */
.macro call_slow function
	mov	%rbp, %rsi
	and	$-16, %rsp
	call	\function
	lea	-8(%rbp), %rsp
	ret
.endm
find_slow:
	call_slow agent_thread_slow
nested:
	call_slow agent_nested
real_return:
	call_slow agent_return_nested

/* Which site it is. */
.macro this_site reg
	mov	F_RET(%rsp), \reg
	mov	-AGENT_SITE_WORD(\reg), \reg
.endm

/* Is the program in r8 to see what this process does? edx is lost; else on at \no. */
.macro check_pid no
	mov	REF_PID(%r8), %edx
	test	%edx, %edx
	js	5f
	cmpl	$0, agent_head+HEAD_VFORKS(%rip)
	jne	\no
	mov	agent_head+HEAD_SELF(%rip), %rcx
	cmp	%edx, SELF_PID(%rcx)
	jne	\no
5:
.endm

/* ---- a function or instruction is reached ---- */
/*
 * The one program of a site that calls nothing, and nothing else is to be done: it runs here, with registers where it asks for
 * them.
 */
entry agent_uprobe_thunk
	enter_frame
	this_site %rsi
	mov	SITE_BARE(%rsi), %r8
	test	%r8, %r8
	jz	3f
	cmpl	$0, agent_head+HEAD_UNWINDS(%rip)
	jne	3f
	check_pid 3f
	cmpl	$0, REF_READS(%r8)
	jne	4f
	call	*REF_ENTRY(%r8)
2:	restore_flags
	leave_frame
4:	lea	-AGENT_REGS_SIZE(%rsp), %rsp
#define R(at) (at - THREAD_REGS)(%rsp)
#define G(at) (AGENT_REGS_SIZE + at)(%rsp)
	mov	%r15, R(AT_R15)
	mov	%r14, R(AT_R14)
	mov	%r13, R(AT_R13)
	mov	%r12, R(AT_R12)
	mov	%rbp, R(AT_BP)
	mov	%rbx, R(AT_BX)
	mov	%r11, R(AT_R11)
	mov	%r10, R(AT_R10)
	mov	%r9, R(AT_R9)
	mov	%rdi, R(AT_DI)
	mov	G(F_R8), %rdx
	mov	%rdx, R(AT_R8)
	mov	G(F_AX), %rdx
	mov	%rdx, R(AT_AX)
	mov	G(F_CX), %rdx
	mov	%rdx, R(AT_CX)
	mov	G(F_DX), %rdx
	mov	%rdx, R(AT_DX)
	mov	G(F_SI), %rdx
	mov	%rdx, R(AT_SI)
	movq	$-1, R(AT_ORIG_AX)
	mov	SITE_ADDR(%rsi), %rdx
	mov	%rdx, R(AT_IP)
	movq	$0x33, R(AT_CS)
	lea	G(F_TOP), %rdx
	mov	%rdx, R(AT_SP)
	movq	$0x2b, R(AT_SS)
	mov	%eax, %edx
	shr	$8, %edx
	and	$0xd5, %edx
	and	$1, %eax
	shl	$11, %eax
	lea	0x202(%rax,%rdx), %eax
	mov	%rax, R(AT_FL)
	mov	%rsp, %rdi
	call	*REF_ENTRY(%r8)
	lea	AGENT_REGS_SIZE(%rsp), %rsp
	jmp	2b
3:	mov	F_SI(%rsp), %rsi
	mov	F_R8(%rsp), %r8
	find_block 9f
1:	show_regs
	this_site %rsi
	call_agent agent_uprobe
	leave_block
	jmp	2b
9:	ask_nested
	jnz	1b
	leave_nested
	jmp	2b

/* The same where a function begins whose return is wanted: carry says whether to trap this one. Other flags are dead there. */
entry agent_function_thunk
	enter_frame
	find_block 9f
1:	lea	F_TOP(%rbp), %rax
	mov	%rax, AT_SP(%rcx)
	this_site %rsi
	call_agent agent_function
	cmp	$2, %eax                /* programs are to run */
	je	4f
2:	leave_block
	neg	%eax
	leave_frame
4:	mov	%rbx, %rcx
	mov	F_BX(%rbp), %rbx
	load_args
	show_regs
	this_site %rsi
	call_agent agent_any_function
	jmp	2b
9:	ask_nested
	jnz	1b
	leave_nested
	restore_flags
	clc
	leave_frame

/*
 * A function whose return is trapped has returned. The trampoline has made room for the real return address, which goes above
 * the saved rax and the red zone.
 */
entry agent_return_thunk
	enter_frame
	find_block 9f
1:	show_regs
	call_agent agent_return
	mov	THREAD_RA(%rbx), %rdx
	mov	%rdx, F_TOP(%rsp)
	leave_block
2:	restore_flags
	leave_frame
9:	ask_nested
	jnz	1b
	mov	%rcx, %rdi
	call	real_return
	mov	%rax, F_TOP(%rsp)
	leave_nested
	jmp	2b

/*
 * ---- system calls ----
 * rcx and r11 are the kernel's to spoil. rcx = 0: make the call, else rax is its result. The number may not be changed.
 * A program that is alone and calls nothing runs at once where nobody looks at the call's end, with its record where it asks for it.
 */
entry agent_sys_only_thunk
	enter_frame
	cmpl	$0, agent_head+HEAD_EXEC(%rip)
	jne	3f
	mov	F_AX(%rsp), %rcx        /* the number */
	mov	agent_head+HEAD_SYS(%rip), %rdx
	cmp	$SYS_MAX, %rcx
	jae	3f
	mov	SYS_BARE(%rdx,%rcx,8), %r8
	test	%r8, %r8
	jz	3f
	check_pid 3f
	cmpl	$0, REF_READS(%r8)
	jne	4f
	call	*REF_ENTRY(%r8)
2:	restore_flags
	mov	$0, %ecx
	leave_frame 1
4:	lea	-RECORD_SIZE(%rsp), %rsp
	mov	%rdi, 16(%rsp)
	mov	%rsi, 24(%rsp)
	mov	%r10, 40(%rsp)
	mov	%r9, 56(%rsp)
	movq	$0, (%rsp)
	mov	RECORD_SIZE+F_AX(%rsp), %rdx
	mov	%rdx, 8(%rsp)
	mov	RECORD_SIZE+F_DX(%rsp), %rdx
	mov	%rdx, 32(%rsp)
	mov	RECORD_SIZE+F_R8(%rsp), %rdx
	mov	%rdx, 48(%rsp)
	mov	%rsp, %rdi
	call	*REF_ENTRY(%r8)
	lea	RECORD_SIZE(%rsp), %rsp
	jmp	2b
3:	mov	F_R8(%rsp), %r8
	jmp	enter_call

entry agent_sys_enter_thunk
	enter_frame
enter_call:
	find_block 9f
1:	show_regs
	call_agent agent_sys_enter
	mov	%rax, %rcx
	test	%eax, %eax
	jnz	7f
2:	leave_block
	restore_flags
	leave_frame 1
7:	mov	AT_AX(%rbx), %rdx
	mov	%rdx, F_AX(%rsp)
	jmp	2b
9:	ask_nested
	jnz	1b
	leave_nested
	restore_flags
	mov	$0, %ecx
	leave_frame 1

entry agent_sys_exit_thunk
	enter_frame
	find_block 9f
1:	show_regs
	call_agent agent_sys_exit
	leave_block
2:	restore_flags
	leave_frame
9:	ask_nested
	jnz	1b
	leave_nested
	jmp	2b

/* ---- the net: see net.c. Each stub is a trampoline for one address ---- */
	.globl	agent_net_stubs, agent_sigreturn
	.hidden	agent_net_stubs, agent_sigreturn
	.p2align 6
agent_net_stubs:
	.set	net_i, 0
.rept NET_STUBS
	lea	-TRAMP_SKIP(%rsp), %rsp
	push	%rax
	call	agent_sys_enter_thunk
	pop	%rax
	lea	TRAMP_SKIP(%rsp), %rsp
	jrcxz	1f
	jmp	2f
	.org	agent_net_stubs + net_i * NET_STUB_SIZE + NET_AFTER - 2, 0xcc
1:	syscall
	lea	-TRAMP_SKIP(%rsp), %rsp
	push	%rax
	call	agent_sys_exit_thunk
	pop	%rax
	lea	TRAMP_SKIP(%rsp), %rsp
2:	jmp	*agent_net_at + 8*net_i(%rip)
	.set	net_i, net_i + 1
	.org	agent_net_stubs + net_i * NET_STUB_SIZE, 0xcc
.endr
agent_sigreturn:
	mov	$15, %eax
	syscall

/*
 * ---- the supervisor has a thread work for it ----
 * Should it be killed meanwhile the thread goes on where it was: what it comes to is the return from a signal handler, whose frame is
 * the thread's state as it was found. After a system call: rsp = the frame. Commands: rdi = they, rsi = the frame, on a stack the
 * supervisor chose; ends asleep, to be moved elsewhere.
 */
entry agent_work_thunk
	syscall
	mov	$15, %eax               /* rt_sigreturn */
	syscall
	ud2
entry agent_call_thunk
	cld
	mov	%rsi, %rbx
	and	$-16, %rsp
	call	agent_call
	mov	%rbx, %rsp
	mov	$15, %eax
	syscall
	ud2

	.section .note.GNU-stack, "", @progbits
