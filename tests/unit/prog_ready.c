/* SPDX-License-Identifier: BSD-2-Clause */
/* Between a load and the first use of a program: when it is compiled, by which of many threads, and what if that fails. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jit/jit.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/sys.h"
#include "unit/test.h"

#define INS(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define THREADS 4
#define INFO_SIZE 128

static struct skep *sub;

static int bpf(int cmd, union bpf_attr *a)
{
	return skep_bpf_in(sub, cmd, a, sizeof(*a));
}

static void setup(u32 engine, u32 harden)
{
	struct skep_opts o = { .sz = sizeof(o), .engine = engine, .caps = SKEP_CAP_ALL, .caps_set = 1, .harden = harden };

	CHECK_EQ(skep_new(&o, &sub), 0);
}

/* Returns n, by a function of its own. */
static int load(s32 n)
{
	const struct bpf_insn in[] = { INS(0xb7, 1, 0, 0, n), INS(0x85, 0, 1, 0, 1), INS(0x95, 0, 0, 0, 0),
				       INS(0xbf, 0, 1, 0, 0), INS(0x95, 0, 0, 0, 0) };
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (u64)(uintptr_t)in, .insn_cnt = ARRAY_SIZE(in),
			     .license = (u64)(uintptr_t)"GPL" };

	return bpf(BPF_PROG_LOAD, &a);
}

/* Looked at without being taken. */
static struct prog *look(int fd)
{
	struct obj *o;

	if (obj_by_fd(&sub->tab, fd, OBJ_PROG, &o, NULL))
		return NULL;
	obj_put(o);
	return prog_of(o);
}

static int run(int fd, u32 *ret)
{
	static u8 pkt[64];
	union bpf_attr a = { .test = { .prog_fd = (u32)fd, .data_in = (u64)(uintptr_t)pkt, .data_size_in = sizeof(pkt) } };
	int err = bpf(BPF_PROG_TEST_RUN, &a);

	*ret = a.test.retval;
	return err;
}

static u32 jited_len(int fd)
{
	u8 info[INFO_SIZE] = { 0 };
	union bpf_attr a = { .info = { .bpf_fd = (u32)fd, .info = (u64)(uintptr_t)info, .info_len = sizeof(info) } };
	u32 len = 0;

	CHECK_EQ(bpf(BPF_OBJ_GET_INFO_BY_FD, &a), 0);
	memcpy(&len, info + 16, sizeof(len));
	return len;
}

TEST(a_load_compiles_nothing_until_it_is_used)
{
	int fd[2];
	u32 ret;

	setup(SKEP_ENGINE_AUTO, SKEP_HARDEN_OFF);
	fd[0] = load(7);
	fd[1] = load(8);
	CHECK(fd[0] >= 0 && fd[1] >= 0);
	CHECK(!look(fd[0])->ready && !look(fd[0])->code.code && !look(fd[0])->ro.map);
	CHECK_EQ(run(fd[0], &ret), 0);
	CHECK_EQ(ret, 7);
	CHECK(look(fd[0])->ready && !look(fd[0])->waiting && !look(fd[1])->ready);
	CHECK_EQ(jited_len(fd[1]) != 0, jit_available());
	CHECK(look(fd[1])->ready);
	close(fd[0]);
	close(fd[1]);
	skep_free(sub);
}

/* No random numbers, no load: so what needs them is done by the load. */
TEST(hidden_constants_are_compiled_by_the_load)
{
	int fd;

	if (!jit_available())
		SKIP("no executable memory");
	setup(SKEP_ENGINE_AUTO, SKEP_HARDEN_ALL);
	fd = load(7);
	CHECK(fd >= 0 && look(fd)->ready && look(fd)->jit_opts.blind);
	close(fd);
	skep_free(sub);
}

/* What was changed in between is not run by anybody, and the rest of the program's life goes on. */
TEST(changed_instructions_are_not_run)
{
	static const u32 engine[] = { SKEP_ENGINE_AUTO, SKEP_ENGINE_INTERP };

	for (u32 e = 0; e < ARRAY_SIZE(engine); e++) {
		struct skep_prog *p;
		struct ins *ops;
		u32 ret;
		int fd;

		setup(engine[e], SKEP_HARDEN_OFF);
		fd = load(7);
		CHECK(fd >= 0);
		ops = look(fd)->waiting;
		ops[0].imm ^= 1;
		CHECK_EQ(run(fd, &ret), -EFAULT);
		CHECK_EQ(skep_prog_get(sub, fd, &p), -EFAULT);
		CHECK_EQ(jited_len(fd), 0);
		ops[0].imm ^= 1;
		CHECK_EQ(run(fd, &ret), 0);
		CHECK_EQ(ret, 7);
		close(fd);
		skep_free(sub);
	}
}

/* It says so, and later, when there is memory again, the same program runs. */
TEST(out_of_memory_is_an_answer)
{
	struct rlimit old, none;
	u32 ret;
	int fd;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	SKIP("sanitizers need address space of their own");
#endif
	if (!jit_available())
		SKIP("no executable memory");
	setup(SKEP_ENGINE_AUTO, SKEP_HARDEN_OFF);
	fd = load(7);
	CHECK(fd >= 0 && !getrlimit(RLIMIT_AS, &old));
	none = (struct rlimit){ .rlim_cur = 1 << 20, .rlim_max = old.rlim_max };
	CHECK_EQ(setrlimit(RLIMIT_AS, &none), 0);
	ret = (u32)run(fd, &ret);
	setrlimit(RLIMIT_AS, &old);
	CHECK_EQ((s32)ret, -ENOMEM);
	CHECK(!look(fd)->ready);
	CHECK_EQ(run(fd, &ret), 0);
	CHECK_EQ(ret, 7);
	close(fd);
	skep_free(sub);
}

/* As an application may that has loaded what it needs. */
static void forbid_code(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { ARRAY_SIZE(f), f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		_exit(77);
}

TEST(without_executable_memory_it_is_interpreted)
{
	static const u32 engine[] = { SKEP_ENGINE_AUTO, SKEP_ENGINE_JIT };

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 e = 0; e < ARRAY_SIZE(engine); e++) {
		int status = 0, fd;
		pid_t pid;

		setup(engine[e], SKEP_HARDEN_OFF);
		fd = load(7);
		CHECK(fd >= 0);
		pid = fork();
		if (!pid) {
			u32 ret = 0;
			int err;

			forbid_code();
			err = run(fd, &ret);
			_exit(engine[e] == SKEP_ENGINE_JIT ? err != -EPERM : err || ret != 7 || !look(fd)->ro.map || look(fd)->image.code);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		close(fd);
		skep_free(sub);
	}
}

/* ---- threads ---- */
#define PROGS 64
static int shared[PROGS];
static u32 at_start, bad;

/* In turn: a test run, a run by the handle, and questions about its code. */
static void use(u32 way, u32 k)
{
	struct skep_prog *p;
	u32 ret = 0;
	u64 ctx[32] = { 0 };
	bool fine = false;

	switch (way % 3) {
	case 0:
		fine = !run(shared[k], &ret) && ret == k;
		break;
	case 1:
		fine = !skep_prog_get(sub, shared[k], &p) && skep_prog_run_raw(p, ctx) == k;
		if (fine)
			skep_prog_put(p);
		break;
	case 2:
		fine = (jited_len(shared[k]) != 0) == jit_available();
		break;
	}
	if (!fine)
		__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
}

static void *user(void *arg)
{
	u32 me = (u32)(uintptr_t)arg;

	__atomic_fetch_add(&at_start, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&at_start, __ATOMIC_RELAXED) < THREADS)
		;
	for (u32 k = 0; k < PROGS; k++)
		for (u32 i = 0; i < 3; i++)
			use(me + i, k);
	return NULL;
}

TEST(many_threads_use_a_new_program)
{
	pthread_t t[THREADS];

	setup(SKEP_ENGINE_AUTO, SKEP_HARDEN_OFF);
	for (u32 k = 0; k < PROGS; k++) {
		shared[k] = load((s32)k);
		CHECK(shared[k] >= 0);
	}
	for (u32 i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, user, (void *)(uintptr_t)i), 0);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(bad, 0);
	for (u32 k = 0; k < PROGS; k++)
		close(shared[k]);
	skep_free(sub);
}
