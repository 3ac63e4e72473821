/* SPDX-License-Identifier: BSD-2-Clause */
/* What tracing tools trace in tests: functions, static probes of the C library, system calls, each a known number of times. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, used))

struct pair { int first, second; char name[16]; };
static volatile long sink;
static jmp_buf env;

FUNCTION long work(long a, long b)
{
	sink += a;
	return a * 2 + b;
}
FUNCTION int named(const char *name, int n)
{
	sink += n;
	return (int)strlen(name);
}
FUNCTION int pairs(struct pair *p)
{
	sink++;
	return p->first + p->second;
}
FUNCTION long recurse(long n) { return n ? recurse(n - 1) + 1 : sink % 1; }
FUNCTION long six(long a, long b, long c, long d, long e, long f)
{
	sink++;
	return a + b + c + d + e + f;
}
FUNCTION void leaves(void) { longjmp(env, 1); }
FUNCTION long inner(long n)
{
	sink++;
	return n;
}
FUNCTION long outer(long n) { return inner(n + 1) + 1; }

/* A static probe, as <sys/sdt.h> makes it: a nop, and a note that says where it is and where its arguments are. */
#define PROBE(name, a, b) __asm__ volatile( \
	"990:	nop\n" \
	".pushsection .note.stapsdt,\"?\",\"note\"\n" \
	".balign 4\n.4byte 992f-991f, 994f-993f, 3\n991: .asciz \"stapsdt\"\n992: .balign 4\n" \
	"993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte 0\n" \
	".asciz \"traced\"\n.asciz \"" #name "\"\n.asciz \"8@%0 -4@%1\"\n994: .balign 4\n.popsection\n" \
	".ifndef _.stapsdt.base\n.pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n.endif\n" \
	: : "r"(a), "r"(b))

static void functions(void)
{
	static const char *const names[] = { "bee", "comb", "honey", "skep", "wax" };
	struct pair p = { 3, 4, "queen" };

	for (long i = 0; i < 1000; i++)
		work(i, i % 7);
	for (int i = 0; i < 50; i++)
		named(names[i % 5], i);
	for (int i = 0; i < 10; i++) {
		p.second = i;
		pairs(&p);
	}
	recurse(20);
	for (long i = 0; i < 5; i++)
		six(i, 2, 3, 4, 5, 6);
	for (long i = 0; i < 8; i++)
		outer(i);
	for (int i = 0; i < 12; i++)
		PROBE(called, (long)i * 10, -(i % 3));
	for (int i = 0; i < 4; i++)
		if (!setjmp(env))
			leaves();
}

static void calls(void)
{
	struct timespec moment = { 0, 1000000 };
	char path[64], bytes[512] = "";
	int fd = open("/dev/null", O_RDWR);

	for (int i = 0; i < 7; i++)
		getppid();
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/none/%d", i);
		if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
			exit(1);
	}
	for (size_t i = 1; i <= 256; i *= 2)
		if (write(fd, bytes, i) != (ssize_t)i || read(fd, bytes, i))
			exit(1);
	for (int i = 0; i < 3; i++)
		kill(getpid(), 0);
	for (int i = 0; i < 2; i++)
		nanosleep(&moment, NULL);
	close(fd);
	close(-1);
}

static void children(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid) {
			inner(100);
			_exit(i);
		}
		waitpid(pid, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	functions();
	calls();
	if (argc > 1 && !strcmp(argv[1], "forks"))
		children();
	return 0;
}
