/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every system call site of the C library that this process uses, rewritten: what processes, threads and signals do stays the
 * same, and handlers see each call enter and leave, with its number and result.
 */
#include <link.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "patch/elf.h"
#include "unit/test.h"
#include "unit/patch_kit.h"

enum { CALLS = 512, SITES = 900 };

static atomic_ulong enters[CALLS], leaves[CALLS], unknown, strange;
static struct patch_plan plans[SITES];
static u32 nplans, form[PATCH_TRAP + 1], nsingle, unnumbered;
static atomic_long refuse_nr = -1, change_nr = -1;

static u64 KIT_BARE on_enter(struct patch_regs *r, u64 probe)
{
	if (r->orig_ax >= CALLS || probe != 0xabcdef0123)
		strange++;
	else
		enters[r->orig_ax]++;
	if ((s64)r->orig_ax == refuse_nr) {
		r->ax = (u64)-EPERM;
		return 1;
	}
	if ((s64)r->orig_ax == change_nr)
		r->di = 12345;
	return 0;
}

static void KIT_BARE on_leave(struct patch_regs *r, u64 probe)
{
	(void)probe;
	if (r->orig_ax == ~0ull)
		unknown++;
	else if (r->orig_ax >= CALLS)
		strange++;
	else
		leaves[r->orig_ax]++;
}

static struct { struct patch_elf e; u64 bias; u64 sites[SITES]; u32 n; const u8 *image; } libc;

static int find_libc(struct dl_phdr_info *i, size_t n, void *path)
{
	(void)n;
	if (!strstr(i->dlpi_name, "libc.so"))
		return 0;
	libc.bias = i->dlpi_addr;
	strcpy(path, i->dlpi_name);
	return 1;
}

static void site(void *arg, u64 addr, const struct patch_insn *in)
{
	(void)arg, (void)in;
	if (libc.n < SITES)
		libc.sites[libc.n++] = addr;
}

static struct patch_text text;

static int read_self(void *arg, u64 addr, void *buf, u32 n)
{
	(void)arg;
	return pread(kit_mem, buf, n, (off_t)addr) == (ssize_t)n ? 0 : -EFAULT;
}

static int open_libc(void)
{
	char path[256];
	u64 va, off, size;
	struct stat st;
	int fd, err;

	if (!dl_iterate_phdr(find_libc, path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -ENOENT;
	libc.image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	err = patch_elf_open(libc.image, (u64)st.st_size, &libc.e);
	if (err)
		return err;
	err = patch_elf_text(&libc.e, 0, &va, &off, &size);
	if (err)
		return err;
	text = (struct patch_text){ .bytes = (const u8 *)(uintptr_t)(libc.bias + va), .addr = libc.bias + va, .size = size,
				    .targets = calloc(1, patch_text_bytes(size)), .taken = calloc(1, patch_text_bytes(size)) };
	kit_near = libc.bias;
	patch_elf_scan(&libc.e, libc.bias, &text, 1u << PATCH_SYSCALL, site, NULL);
	return 0;
}

static int rewrite_all(void)
{
	const struct patch_stub stub = { .event = PATCH_CALLING, .enter = (u64)(uintptr_t)on_enter, .leave = (u64)(uintptr_t)on_leave,
					 .probe = 0xabcdef0123 };
	int err = kit_start();

	for (u32 i = 0; i < libc.n && !err; i++) {
		struct patch_plan *p = &plans[nplans];
		u64 start, end;
		struct patch_func f;

		err = patch_elf_bounds(&libc.e, libc.sites[i] - libc.bias, &start, &end);
		if (err)
			break;
		f = (struct patch_func){ .code = patch_elf_bytes(&libc.e, start, end - start), .addr = start + libc.bias,
					 .size = (u32)(end - start), .text = &text, .read = read_self };
		err = patch_plan(&f, (u32)(libc.sites[i] - f.addr), PATCH_BACKWARD, p);
		if (err) {
			printf("#   %llx: %s\n", (unsigned long long)(libc.sites[i] - libc.bias), patch_why(err));
			break;
		}
		form[p->form]++;
		nsingle += p->single;
		unnumbered += p->nr < 0;
		err = kit_emit(p, &stub);
		if (!err)
			err = patch_apply(p, &kit_ops);
		patch_text_take(&text, p, true);
		nplans++;
	}
	return err;
}

/* --- What is done with it --- */

static atomic_int signals;
static void on_signal(int sig) { (void)sig; signals++; getppid(); }
static void *thread(void *arg)
{
	for (int i = 0; i < 200; i++) {
		if (getppid() < 1 || syscall(SYS_gettid) < 1)
			return NULL;
		sched_yield();
	}
	return arg;
}

static void threads(void)
{
	pthread_t t[4];

	for (int round = 0; round < 5; round++) {
		for (long i = 0; i < 4; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, thread, (void *)(i + 1)), 0);
		for (long i = 0; i < 4; i++) {
			void *got;

			CHECK_EQ(pthread_join(t[i], &got), 0);
			CHECK_EQ((long)got, i + 1);
		}
	}
}

static void children(void)
{
	char sh[] = "sh", c[] = "-c", what[] = "exit 7", *const argv[] = { sh, c, what, NULL };
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(getppid() > 0 ? 5 : 6);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 5);
	CHECK_EQ(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, NULL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 7);
	for (int i = 0; i < 3; i++) {
		pid = vfork();
		if (!pid) {
			if (i == 1)
				execv("/no/such/file", argv);
			if (i == 2)
				execv("/bin/sh", argv);
			_exit(9);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(WEXITSTATUS(status), i == 2 ? 7 : 9);
	}
	CHECK_EQ(system("exit 3") >> 8, 3);
}

static void with_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct timespec ms = { 0, 20000000 };
	int p[2];
	char c;
	pid_t pid;

	signals = 0;
	sigaction(SIGALRM, &sa, NULL);
	CHECK_EQ(pipe(p), 0);
	pid = fork();
	if (!pid) {
		struct timespec t = { 0, 30000000 };

		nanosleep(&t, NULL);
		_exit(write(p[1], "x", 1) != 1);
	}
	setitimer(ITIMER_REAL, &every, NULL);
	CHECK_EQ(read(p[0], &c, 1), 1);          /* restarted each time */
	CHECK(signals > 3);
	CHECK_EQ(nanosleep(&ms, NULL), -1);      /* not restarted */
	CHECK_EQ(errno, EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK_EQ(nanosleep(&ms, NULL), 0);
	waitpid(pid, NULL, 0);
	close(p[0]);
	close(p[1]);
}

static void work(void)
{
	CHECK_EQ(getppid(), syscall(SYS_getppid));
	CHECK_EQ(getpid(), syscall(SYS_getpid));
	CHECK_EQ(close(-1), -1);
	CHECK_EQ(errno, EBADF);
	threads();
	children();
	with_signals();
}

TEST(the_whole_c_library)
{
	u64 ppid, tid;

	if (open_libc())
		SKIP("no libc.so");
	CHECK(libc.n > 300);
	CHECK_EQ(rewrite_all(), 0);
	printf("#   %u sites: %u jumps (%u in one instruction), %u by padding, %u over bytes that stay, %u int3; %u without a number\n", nplans, form[PATCH_JMP5],
	       nsingle, form[PATCH_JMP2], form[PATCH_PUN], form[PATCH_TRAP], unnumbered);
	CHECK_EQ(nplans, libc.n);
	CHECK_EQ(form[PATCH_TRAP], 0);

	ppid = enters[SYS_getppid];
	tid = enters[SYS_gettid];
	for (u32 i = 0; i < 100; i++) {
		getppid();
		syscall(SYS_gettid);
	}
	CHECK_EQ(enters[SYS_getppid] - ppid, 100);
	CHECK_EQ(enters[SYS_gettid] - tid, 100);
	CHECK_EQ(leaves[SYS_getppid], enters[SYS_getppid]);
	CHECK_EQ(leaves[SYS_gettid], enters[SYS_gettid]);
	work();
	CHECK(enters[SYS_clone3] >= 20);
	CHECK(enters[SYS_clone] >= 2);
	CHECK(enters[SYS_vfork] >= 3);
	CHECK(enters[SYS_rt_sigreturn] > 5);
	CHECK(enters[SYS_getppid] >= 4000);
	CHECK_EQ(enters[SYS_wait4], leaves[SYS_wait4]);
	CHECK_EQ(strange, 0);
	CHECK_EQ(unknown, 0);
	CHECK_EQ(kit_thread()->skipped, 0);
	CHECK_EQ(kit_thread()->busy, 0);

	refuse_nr = SYS_getppid;
	CHECK_EQ(getppid(), -EPERM);
	CHECK_EQ(syscall(SYS_getppid), -1);
	CHECK_EQ(errno, EPERM);
	refuse_nr = -1;
	change_nr = SYS_close;
	CHECK_EQ(close(0), -1);
	CHECK_EQ(errno, EBADF);
	change_nr = -1;
	CHECK(getppid() > 0);

	for (u32 i = 0; i < nplans; i++)
		CHECK_EQ(patch_remove(&plans[i], &kit_ops), 0);
	ppid = enters[SYS_getppid];
	work();
	CHECK_EQ(enters[SYS_getppid], ppid);
}
