/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where probed code enters the agent.
 *
 * A trampoline (box/trace_site.c) skips the red zone, pushes rax and calls one of these; the return address tells which
 * site it is, by the word before the trampoline. The thread's block is what its gs base holds, which neither
 * glibc nor Go use; clone() copies it, so the block names the fs base of its owner. Reading these bases takes long: the block is
 * guessed by where the stack is, and they say whether that was right while the processor goes on with it. Everything is saved by
 * plain stores into the block, the flags by lahf and seto (pushf and popf cost more than all else), and the agent's own stack is
 * used from there on.
 * Invariant: registers, flags and the probed code's stack are as they were when a thunk returns; vector registers are never touched.
 */
#include "agent/layout.h"

	.text

.macro entry name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 4
\name:
.endm

/*
 * rcx = block, rax = flags as lahf and seto have them. What was in rcx and rdx is at -8(%rsp) and -16(%rsp). From here on the block is
 * busy: a signal handler that interrupts this, and comes to a probe, does not write to it.
 */
.macro find_block busy
	mov	%rcx, -8(%rsp)
	mov	%rdx, -16(%rsp)
	lahf
	seto	%al
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
6:	lea	-32(%rsp), %rsp
	call	find_slow
	lea	32(%rsp), %rsp
	jmp	7b
.previous
.endm

.macro save_others
	mov	%rbx, AT_BX(%rcx)
	mov	%rbp, AT_BP(%rcx)
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
	mov	%rax, THREAD_FLAGS(%rcx)
	mov	-8(%rsp), %rdx
	mov	%rdx, AT_CX(%rcx)
	mov	-16(%rsp), %rdx
	mov	%rdx, AT_DX(%rcx)
	lea	16+TRAMP_SKIP(%rsp), %rdx
	mov	%rdx, AT_SP(%rcx)
	mov	8(%rsp), %rdx
	mov	%rdx, AT_AX(%rcx)
.endm

/* Call C on the block's stack with the block, and rsi; comes back with rbx = block; rbp is restored by leave_block. */
.macro call_agent function
	mov	%rsp, THREAD_SP(%rcx)
	mov	%rcx, %rbx
	mov	%rcx, %rdi
	mov	%rsp, %rbp
	mov	THREAD_TOP(%rcx), %rsp
	call	\function
	mov	%rbp, %rsp              /* sooner there than from memory */
.endm

/*
 * The one program of a site, r8 its struct agent_ref, that wants nothing but its context: else on at \other. What agent_uprobe() and
 * run_plain() in C are for all others. rsi = site, rax = flags.
 */
.macro run_plain other
	mov	REF_PID(%r8), %edx
	test	%edx, %edx
	js	5f
	mov	agent_head+HEAD_SELF(%rip), %r9
	cmp	%edx, SELF_PID(%r9)
	jne	\other
5:	cmpq	$0, THREAD_UNWOUND(%rcx)
	jne	\other
	mov	SITE_ADDR(%rsi), %rdx
	mov	%rdx, AT_IP(%rcx)
	mov	%eax, %edx
	shr	$8, %edx
	and	$0xd5, %edx
	and	$1, %eax
	shl	$11, %eax
	lea	0x202(%rax,%rdx), %eax
	mov	%rax, AT_FL(%rcx)
	mov	%rsp, THREAD_SP(%rcx)
	mov	%rcx, %rbx
	lea	THREAD_REGS(%rcx), %rdi
	mov	THREAD_RUN(%rcx), %rsi
	mov	THREAD_TOP(%rcx), %rsp
	call	*REF_ENTRY(%r8)
	mov	THREAD_SP(%rbx), %rsp
.endm

/* All but rax, which the trampoline pops, and what the caller of this still needs: of that rbx is where leave_block looks for it. */
.macro restore_others
	mov	AT_BX(%rbx), %rdx
	mov	%rdx, -24(%rsp)
	mov	AT_CX(%rbx), %rcx
	mov	AT_SI(%rbx), %rsi
	mov	AT_DI(%rbx), %rdi
	mov	AT_R8(%rbx), %r8
	mov	AT_R9(%rbx), %r9
	mov	AT_R10(%rbx), %r10
	mov	AT_R11(%rbx), %r11
	mov	AT_DX(%rbx), %rdx
.endm
.macro restore_flags
	mov	THREAD_FLAGS(%rbx), %eax
	add	$127, %al
	sahf
.endm
.macro leave_block
	mov	AT_BP(%rbx), %rbp
	movl	$0, THREAD_BUSY(%rbx)   /* from here on it is another event's */
	mov	-24(%rsp), %rbx
.endm

/* The thread is in the agent already. edx: 0 unless it left it by a jump. rax, rcx and the saved words stay. */
.macro ask_nested
	lea	-32(%rsp), %rsp
	call	nested
	lea	32(%rsp), %rsp
	test	%edx, %edx
.endm
.macro leave_nested
	add	$127, %al
	sahf
	mov	-8(%rsp), %rcx
	mov	-16(%rsp), %rdx
.endm

/* Call C on the thread's own stack; the result comes in rdx, all else stays. */
.macro call_slow function
	push	%rax
	push	%rcx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbp
	mov	%rsp, %rbp
	lea	72+8+32(%rsp), %rsi     /* the thunk's stack pointer */
	mov	%rcx, %rdi
	and	$-16, %rsp
	call	\function
	mov	%rbp, %rsp
	mov	%rax, %rdx
	pop	%rbp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rcx
	pop	%rax
.endm
find_slow:
	call_slow agent_thread_slow
	mov	%rdx, %rcx
	ret
nested:
	call_slow agent_nested
	ret
real_return:
	call_slow agent_return_nested
	ret

/* ---- a function or instruction is reached ---- */
entry agent_uprobe_thunk
	find_block 9f
1:	save_others
	mov	(%rsp), %rdx
	mov	-AGENT_SITE_WORD(%rdx), %rsi
	mov	SITE_PLAIN(%rsi), %r8
	test	%r8, %r8
	jz	3f
	run_plain 3f
	restore_others
	restore_flags
	leave_block
	ret
3:	call_agent agent_uprobe
	restore_others
	restore_flags
	leave_block
	ret
9:	ask_nested
	jnz	1b
	leave_nested
	ret

/* The same where a function begins whose return is wanted: carry says whether to trap this one. Other flags are dead there. */
entry agent_function_thunk
	find_block 9f
1:	save_others
	mov	(%rsp), %rdx
	mov	-AGENT_SITE_WORD(%rdx), %rsi
	call_agent agent_function
	restore_others
	neg	%eax
	leave_block
	ret
9:	ask_nested
	jnz	1b
	leave_nested
	clc
	ret

/*
 * A function whose return is trapped has returned. The trampoline has made room for the real return address, which goes above
 * the saved rax and the red zone.
 */
entry agent_return_thunk
	find_block 9f
1:	save_others
	call_agent agent_return
	mov	THREAD_RA(%rbx), %rdx
	mov	%rdx, 16+TRAMP_SKIP(%rsp)
	restore_others
	restore_flags
	leave_block
	ret
9:	ask_nested
	jnz	1b
	lea	-32(%rsp), %rsp
	call	real_return
	lea	32(%rsp), %rsp
	mov	%rdx, 16+TRAMP_SKIP(%rsp)
	leave_nested
	ret

/*
 * ---- system calls ----
 * rcx and r11 are the kernel's to spoil. rcx = 0: make the call, else rax is its result. The number may not be changed.
 * A program that is alone gets its record, which is where the arguments are kept meanwhile, and no more is done.
 */
entry agent_sys_enter_thunk
	find_block 9f
	cmpl	$0, THREAD_VFORK(%rcx)
	jne	1f
	cmpl	$0, agent_head+HEAD_EXEC(%rip)
	jne	1f
	mov	agent_head+HEAD_SYS(%rip), %rdx
	mov	%rsi, THREAD_RECORD+24(%rcx)
	mov	8(%rsp), %rsi           /* the number */
	cmp	$SYS_MAX, %rsi
	jae	4f
	mov	SYS_PLAIN(%rdx,%rsi,8), %rdx
	test	%rdx, %rdx
	jz	4f
	mov	%rsi, THREAD_RECORD+8(%rcx)
	mov	%rsi, THREAD_NR(%rcx)
	mov	REF_PID(%rdx), %esi
	test	%esi, %esi
	jns	5f
2:	mov	%rdi, THREAD_RECORD+16(%rcx)
	mov	-16(%rsp), %rdi
	mov	%rdi, THREAD_RECORD+32(%rcx)
	mov	%r10, THREAD_RECORD+40(%rcx)
	mov	%r8, THREAD_RECORD+48(%rcx)
	mov	%r9, THREAD_RECORD+56(%rcx)
	mov	%rax, THREAD_FLAGS(%rcx)
	mov	%rsp, THREAD_SP(%rcx)
	mov	%rbx, AT_BX(%rcx)
	mov	%rcx, %rbx
	mov	THREAD_RUN(%rcx), %rsi
	lea	THREAD_RECORD(%rcx), %rdi
	mov	THREAD_TOP(%rcx), %rsp
	call	*REF_ENTRY(%rdx)
	mov	THREAD_SP(%rbx), %rsp
	mov	THREAD_FLAGS(%rbx), %rax
	mov	THREAD_RECORD+16(%rbx), %rdi
	mov	THREAD_RECORD+24(%rbx), %rsi
	mov	THREAD_RECORD+32(%rbx), %rdx
	mov	THREAD_RECORD+40(%rbx), %r10
	mov	THREAD_RECORD+48(%rbx), %r8
	mov	THREAD_RECORD+56(%rbx), %r9
	add	$127, %al
	sahf
	mov	AT_BX(%rbx), %rcx
	movl	$0, THREAD_BUSY(%rbx)
	mov	%rcx, %rbx
	mov	$0, %ecx
	ret
5:	mov	%rax, THREAD_FLAGS(%rcx)
	mov	agent_head+HEAD_SELF(%rip), %rax
	cmp	%esi, SELF_PID(%rax)
	mov	THREAD_FLAGS(%rcx), %rax
	je	2b
4:	mov	THREAD_RECORD+24(%rcx), %rsi
1:	save_others
	call_agent agent_sys_enter
	restore_others
	mov	%rax, %rcx
	restore_flags
	leave_block
	ret
9:	ask_nested
	jnz	1b
	leave_nested
	mov	$0, %ecx
	ret

entry agent_sys_exit_thunk
	find_block 9f
1:	save_others
	call_agent agent_sys_exit
	restore_others
	restore_flags
	leave_block
	ret
9:	ask_nested
	jnz	1b
	leave_nested
	ret

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
