/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that gives up system calls before its probed function is called: sealed MODE CALLS [SECONDS [BEFORE]]. Each call gets a string; in
 * the modes "filter" and "strict" any system call but write, exit and rt_sigreturn kills from then on. About so long passes in between, and before.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) int probed(const char *text)
{
	__asm__ volatile("" ::: "memory");
	return text[0];
}

static void seal(const char *how)
{
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_write), ALLOW(SYS_exit), ALLOW(SYS_rt_sigreturn),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(insns[0]), insns };

	if (!strcmp(how, "strict"))
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	else if (!strcmp(how, "filter") && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* Without the clock, which strict mode takes away too. */
static void pause_for(double s)
{
	for (volatile double i = 0; i < s * 2e8; i++)
		;
}

int main(int argc, char **argv)
{
	int calls = argc > 2 ? atoi(argv[2]) : 10, sum = 0;

	pause_for(argc > 4 ? atof(argv[4]) : 0);
	seal(argc > 1 ? argv[1] : "");
	write(1, "sealed\n", 7);
	pause_for(argc > 3 ? atof(argv[3]) : 0);
	for (int i = 0; i < calls; i++)
		sum += probed("text");
	write(1, sum == calls * 't' ? "survived\n" : "wrong\n", sum == calls * 't' ? 9 : 6);
	syscall(SYS_exit, 0);
}
