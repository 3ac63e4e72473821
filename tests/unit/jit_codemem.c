/* SPDX-License-Identifier: BSD-2-Clause */
/* Nothing changes a compiled program, nor the operations that are interpreted: every way to write memory is tried on both. */
#include "unit/jit_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog/prog.h"
#include "skep/skep.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void compile(struct kit *k)
{
	struct ins *o = calloc(4, sizeof(*o));

	if (!o)
		abort();
	o[0] = (struct ins){ .op = OP_MOV64_K, .imm = 42 };
	o[1] = (struct ins){ .op = OP_EXIT };
	*k = (struct kit){ .ops = o, .n = 2 };
	kit_find_subs(k, 0);
	CHECK_EQ(kit_compile(k, &kit_opts[0]), 0);
	CHECK_EQ(kit_go(&k->jit, NULL), 42);
}

/* The signal that ends a child which does this, or 0. */
static int dies_of(void (*fn)(void *), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		fn(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void store(void *p)
{
	*(volatile u8 *)p = 0xc3;
}

static void load(void *p)
{
	(void)*(volatile u8 *)p;
}

TEST(a_store_into_code_kills)
{
	struct kit k;
	u8 *page;

	if (!jit_available())
		SKIP("no executable memory");
	compile(&k);
	page = (u8 *)k.code.mem.map;
	CHECK_EQ(dies_of(store, k.code.code), SIGSEGV);
	CHECK_EQ(dies_of(store, k.code.code + k.code.size - 1), SIGSEGV);
	/* the pages before and behind are not even readable */
	CHECK_EQ(dies_of(load, page), SIGSEGV);
	CHECK_EQ(dies_of(load, page + k.code.mem.map_size - 1), SIGSEGV);
	CHECK_EQ(dies_of(load, k.code.code), 0);
	kit_drop(&k);
}

static const u8 evil[4] = { 0xb8, 1, 2, 3 };

/* What is attacked. */
struct victim {
	u8 *at;
	size_t size;
	u64 (*run)(void); /* gives 42 */
};

static void by_mapping(const struct victim *v)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	u8 *at = (u8 *)((uintptr_t)v->at & ~(page - 1));

	errno = 0;
	CHECK(mprotect(at, page, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	CHECK(mprotect(at, page, PROT_READ | PROT_WRITE | PROT_EXEC) < 0 && errno == EACCES);
}

/* The file behind the mapping, opened anew through /proc. */
static void by_file(const struct victim *v)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	u64 start = (uintptr_t)v->at & ~(page - 1), end = ((uintptr_t)v->at + v->size + page - 1) & ~(page - 1);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%llx-%llx", (unsigned long long)start, (unsigned long long)end);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		CHECK(errno == EPERM || errno == EACCES || errno == ENOENT || errno == ETXTBSY);
		return;
	}
	CHECK(pwrite(fd, evil, sizeof(evil), 0) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 0) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 1 << 20) < 0 && errno == EPERM);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0 && errno == EPERM);
	CHECK(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	CHECK(fcntl(fd, F_GET_SEALS) & F_SEAL_SEAL);
	CHECK(fcntl(fd, F_ADD_SEALS, 0) < 0 && errno == EPERM);
	close(fd);
}

static void by_proc_mem(const struct victim *v)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	if (fd < 0)
		return;
	CHECK(pwrite(fd, evil, sizeof(evil), (off_t)(uintptr_t)v->at) < 0);
	close(fd);
}

static void by_system_call(const struct victim *v)
{
	struct iovec from = { (void *)(uintptr_t)evil, sizeof(evil) }, to = { v->at, sizeof(evil) };
	int fds[2];

	CHECK(process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0 && errno == EFAULT);
	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], evil, sizeof(evil)), 4);
	CHECK(read(fds[0], v->at, sizeof(evil)) < 0 && errno == EFAULT);
	close(fds[0]);
	close(fds[1]);
}

static void by_ptrace(const struct victim *v)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(v->run() == 42 ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSTOPPED(status)) {
		CHECK(ptrace(PTRACE_POKETEXT, pid, v->at, (void *)0x9090909090909090) < 0);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		CHECK(waitpid(pid, &status, 0) == pid);
	}
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void attack(const struct victim *v)
{
	u8 *before = malloc(v->size);

	if (!before)
		abort();
	memcpy(before, v->at, v->size);
	CHECK_EQ(dies_of(store, v->at), SIGSEGV);
	CHECK_EQ(dies_of(store, v->at + v->size - 1), SIGSEGV);
	by_mapping(v);
	by_file(v);
	by_proc_mem(v);
	by_system_call(v);
	by_ptrace(v);
	CHECK(!memcmp(before, v->at, v->size));
	CHECK_EQ(v->run(), 42);
	free(before);
}

static struct kit victim_kit;
static u64 run_code(void) { return kit_go(&victim_kit.jit, NULL); }

TEST(nothing_changes_code)
{
	bool sealed;

	if (!jit_available())
		SKIP("no executable memory");
	compile(&victim_kit);
	sealed = victim_kit.code.mem.sealed;
	if (sealed)
		attack(&(struct victim){ victim_kit.code.code, victim_kit.code.size, run_code });
	kit_drop(&victim_kit);
	if (!sealed)
		SKIP("this system has no sealed executable files");
}

static struct prog *victim_prog;
static u64 run_ops(void)
{
	kit_run.image = &victim_prog->image;
	run_init(&kit_run, &victim_prog->image, NULL);
	return vm_exec(NULL, &kit_run);
}

static void execute_ops(void *p)
{
	((void (*)(void))(uintptr_t)p)();
}

/* The operations of a program as it is loaded: alone when it is interpreted, beside its code when it is compiled. */
static void attack_operations(u32 engine)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .engine = engine };
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 42 }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .insns = (u64)(uintptr_t)insns,
			     .license = (u64)(uintptr_t)"GPL" };
	const struct codemem *m;
	struct skep_prog *p;
	struct skep *s;
	u8 *at;
	int fd;

	CHECK_EQ(skep_new(&o, &s), 0);
	fd = skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
	CHECK(fd >= 0 && !skep_prog_get(s, fd, &p));
	victim_prog = (struct prog *)(void *)p;
	m = engine == SKEP_ENGINE_INTERP ? &victim_prog->ro : &victim_prog->code.mem;
	at = (u8 *)(uintptr_t)victim_prog->image.ops;
	CHECK(at > (u8 *)m->map && at < (u8 *)m->map + m->map_size);
	if (m->sealed)
		attack(&(struct victim){ at, m->data ? m->data_size : m->size, run_ops });
	CHECK_EQ(dies_of(execute_ops, at), SIGSEGV);
	CHECK_EQ(dies_of(load, m->map), SIGSEGV);
	CHECK_EQ(dies_of(load, (u8 *)m->map + m->map_size - 1), SIGSEGV);
	if (m->data) /* the page between them */
		CHECK_EQ(dies_of(load, at + 4096), SIGSEGV);
	skep_prog_put(p);
	close(fd);
	skep_free(s);
}

TEST(nothing_changes_verified_instructions)
{
	attack_operations(SKEP_ENGINE_INTERP);
	if (!jit_available())
		SKIP("no executable memory");
	attack_operations(SKEP_ENGINE_JIT);
}

/* Never writable and executable, and no writable mapping of a code file. */
static void check_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		bool w = strstr(line, " rw") || strstr(line, " -w"), x = strstr(line, "wx");

		CHECK(!x);
		CHECK(!(w && strstr(line, "skep-code")));
	}
	if (f)
		fclose(f);
}

TEST(no_mapping_is_writable_and_executable)
{
	struct kit k[50];

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 i = 0; i < ARRAY_SIZE(k); i++) {
		compile(&k[i]);
		if (i % 10 == 0)
			check_maps();
	}
	for (u32 i = 0; i < ARRAY_SIZE(k); i++)
		kit_drop(&k[i]);
	check_maps();
}

/* Calls reach without a detour, which only code near to the library can do. */
TEST(code_lies_near_the_library)
{
	struct kit k;
	s64 away;

	if (!jit_available())
		SKIP("no executable memory");
	compile(&k);
	away = (s64)((uintptr_t)k.code.code - (uintptr_t)&jit_compile);
	CHECK(away < S32_MAX && away > S32_MIN);
	kit_drop(&k);
}

/* What is not code traps. */
TEST(holes_are_traps)
{
	struct kit k;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!jit_available())
		SKIP("no executable memory");
	compile(&k);
	for (u8 *p = (u8 *)k.code.mem.map + page; p < k.code.code; p++)
		CHECK(*p == 0xcc);
	for (u8 *p = k.code.code + k.code.size; p < (u8 *)k.code.mem.map + k.code.mem.map_size - page; p++)
		CHECK(*p == 0xcc);
	kit_drop(&k);
}

TEST(two_compilations_lie_apart)
{
	u32 same = 0;

	if (!jit_available())
		SKIP("no executable memory");
	for (u32 i = 0; i < 64; i++) {
		struct kit a, b;

		compile(&a);
		compile(&b);
		same += (uintptr_t)a.code.code % 4096 == (uintptr_t)b.code.code % 4096;
		kit_drop(&a);
		kit_drop(&b);
	}
	CHECK(same < 16);
}

/* ---- stacks ---- */
static struct kit endless;

static void *descend(void *arg)
{
	(void)arg;
	kit_go(&endless.jit, NULL);
	return NULL;
}

#define STACK (64u << 10)

/* | somebody's page | no access | stack | */
static void on_own_stack(void *p)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstack(&a, (u8 *)p + 2 * 4096, STACK);
	if (pthread_create(&t, &a, descend, NULL))
		_exit(1);
	pthread_join(t, NULL);
}

/* Frames are smaller than a page and are entered by a call, which writes: none steps over the page below a stack. */
TEST(frames_without_end_meet_the_guard_page)
{
	const struct ins ops[] = { { .op = OP_ST_DW, .dst = 10, .off = -512, .imm = 1 }, { .op = OP_CALL_SUB, .target = 0 },
				   { .op = OP_EXIT } };
	u8 *map = mmap(NULL, STACK + 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u32 changed = 0, last = 0;

	if (!jit_available())
		SKIP("no executable memory");
	CHECK(map != MAP_FAILED);
	CHECK_EQ(mprotect(map + 4096, 4096, PROT_NONE), 0);
	endless = (struct kit){ .ops = malloc(sizeof(ops)), .n = ARRAY_SIZE(ops) };
	memcpy(endless.ops, ops, sizeof(ops));
	kit_find_subs(&endless, 512);
	CHECK_EQ(kit_compile(&endless, &kit_opts[0]), 0);
	CHECK_EQ(dies_of(on_own_stack, map), SIGSEGV);
	for (u32 i = 0; i < 4096; i++)
		changed += map[i] != 0;
	CHECK_EQ(changed, 0);
	for (u32 i = 0; i < 1200; i++)
		last += map[2 * 4096 + i] != 0;
	CHECK(last); /* it went that far */
	kit_drop(&endless);
	munmap(map, STACK + 2 * 4096);
}

/* ---- where the system is stricter ---- */
static void without_code_files(void *arg)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { ARRAY_SIZE(f), f };
	const u64 data = 77;
	struct codemem m;

	(void)arg;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		_exit(0);
	if (codemem_reserve(4, sizeof(data), &m) || codemem_publish(&m, evil, 0xcc, &data))
		abort();
	if (m.sealed || memcmp(m.code, evil, 4) || memcmp(m.data, &data, sizeof(data)))
		abort();
	if (dies_of(store, m.code) != SIGSEGV || dies_of(store, m.data) != SIGSEGV || dies_of(execute_ops, m.data) != SIGSEGV ||
	    dies_of(load, m.data + 4096) != SIGSEGV || dies_of(load, m.map) != SIGSEGV)
		abort();
	codemem_free(&m);
	if (codemem_readonly(&data, sizeof(data), &m) || memcmp(m.code, &data, sizeof(data)) || dies_of(store, m.code) != SIGSEGV)
		abort();
}

/* vm.memfd_noexec=2: what is merely mapped so is still never writable and executable at once. */
TEST(does_with_mappings_where_files_may_not_be_executed)
{
	CHECK_EQ(dies_of(without_code_files, NULL), 0);
}

static void under_mdwe(void *arg)
{
	struct kit k;

	(void)arg;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		_exit(0);
	compile(&k);
	if (test_failures || !k.code.mem.sealed)
		abort();
}

/* Where no mapping may become executable that was writable. */
TEST(compiles_under_memory_deny_write_execute)
{
	if (!jit_available())
		SKIP("no executable memory");
	CHECK_EQ(dies_of(under_mdwe, NULL), 0);
}
