/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probed code that is interrupted, at any instruction of what a probe does, by a signal handler that comes to probes too. Every register
 * is checked behind each probe. signals SECONDS: prints "ok" and how often it was interrupted, or which register changed.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Calls `probed` with numbers from `base` on in all registers: 0, or the number of the first that is another afterwards. */
uint64_t with_registers(uint64_t base);
__asm__(".text\n"
	".globl with_registers, probed\n"
	".type with_registers, @function\n"
	".type probed, @function\n"
	"probed:\n"
	"	nopl 0(%rax)\n"
	"	nopl 0(%rax)\n"
	"	stc\n"
	"	ret\n"
	"	.fill 16, 1, 0x90\n"
	".size probed, .-probed\n"
	"with_registers:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
	"	mov %rdi, %rax\n"
	"	lea 1(%rax), %rcx; lea 2(%rax), %rdx; lea 3(%rax), %rbx; lea 4(%rax), %rbp; lea 5(%rax), %rsi; lea 6(%rax), %rdi\n"
	"	lea 7(%rax), %r8; lea 8(%rax), %r9; lea 9(%rax), %r10; lea 10(%rax), %r11; lea 11(%rax), %r12; lea 12(%rax), %r13\n"
	"	lea 13(%rax), %r14; lea 14(%rax), %r15\n"
	"	call probed\n"
	"	jnc 2f\n"
	"	cmp (%rsp), %rax; jne 3f\n"
	"	sub %rax, %rcx; cmp $1, %rcx; jne 1f; sub %rax, %rdx; mov %rdx, %rcx; cmp $2, %rcx; jne 1f\n"
	"	sub %rax, %rbx; mov %rbx, %rcx; cmp $3, %rcx; jne 1f; sub %rax, %rbp; mov %rbp, %rcx; cmp $4, %rcx; jne 1f\n"
	"	sub %rax, %rsi; mov %rsi, %rcx; cmp $5, %rcx; jne 1f; sub %rax, %rdi; mov %rdi, %rcx; cmp $6, %rcx; jne 1f\n"
	"	sub %rax, %r8; mov %r8, %rcx; cmp $7, %rcx; jne 1f; sub %rax, %r9; mov %r9, %rcx; cmp $8, %rcx; jne 1f\n"
	"	sub %rax, %r10; mov %r10, %rcx; cmp $9, %rcx; jne 1f; sub %rax, %r11; mov %r11, %rcx; cmp $10, %rcx; jne 1f\n"
	"	sub %rax, %r12; mov %r12, %rcx; cmp $11, %rcx; jne 1f; sub %rax, %r13; mov %r13, %rcx; cmp $12, %rcx; jne 1f\n"
	"	sub %rax, %r14; mov %r14, %rcx; cmp $13, %rcx; jne 1f; sub %rax, %r15; mov %r15, %rcx; cmp $14, %rcx; jne 1f\n"
	"	xor %eax, %eax\n"
	"	jmp 4f\n"
	"1:	mov $1, %eax\n" /* some register */
	"	jmp 4f\n"
	"2:	mov $2, %eax\n" /* the flags */
	"	jmp 4f\n"
	"3:	mov $3, %eax\n" /* rax */
	"4:	pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static volatile uint64_t interrupted, bad;
static int parent;

static void handler(int sig)
{
	uint64_t r = with_registers(1000000);

	(void)sig;
	if (r)
		bad = r;
	if (getppid() != parent)
		bad = 4;
	interrupted++;
}

int main(int argc, char **argv)
{
	struct itimerspec it = { { 0, 40000 }, { 0, 40000 } };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t t;

	parent = getppid();
	sigaction(SIGUSR1, &sa, NULL);
	if (timer_create(CLOCK_MONOTONIC, &ev, &t) || timer_settime(t, 0, &it, NULL))
		return 2;
	for (uint64_t i = 0; !bad && (i % 1024 || time(NULL) < end); i++) {
		uint64_t r = with_registers(i);

		if (r)
			bad = r;
		if (i % 4 == 0 && getppid() != parent)
			bad = 4;
	}
	timer_delete(t);
	if (bad)
		printf("wrong: %llu\n", (unsigned long long)bad);
	else
		printf("ok %llu\n", (unsigned long long)interrupted);
	return bad != 0;
}
