/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile callers: every command of bpf(2) with attributes that are nearly right. `attr -n N [--seed N]`.
 *
 * The caller is another process as far as skep can tell: its memory is reached by functions, of which most addresses say EFAULT. Each
 * batch is a child, in a directory and process space of its own where that is permitted, so that whatever a command does stays there.
 * Invariant: no crash, no hang, no leak: a child that dies is reported with the attributes it died of.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/uapi.h"
#include "skep/skep.h"
#include "sys/sys.h"

#define ROOM   65536u
#define BASE   0x10000000ull
#define BATCH  20000u

static u8 *room;    /* the caller's memory */
static u64 rng;
static int fds[64]; /* what it has opened */
static struct state { u64 done, ok; u32 cmd, size; u8 attr[256]; } *now; /* shared with the parent */

static u64 rnd(void)
{
	u64 z = rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
static u32 below(u32 n) { return (u32)(rnd() % n); }

/* ---- the caller ---- */

static void *reach(u64 p, size_t n)
{
	return p >= BASE && n <= ROOM && p - BASE <= ROOM - n ? room + (p - BASE) : NULL;
}

static int copy_in(struct caller *w, void *dst, u64 src, size_t n)
{
	void *p = reach(src, n);

	(void)w;
	if (!p)
		return -EFAULT;
	memcpy(dst, p, n);
	return 0;
}

static int copy_out(struct caller *w, u64 dst, const void *src, size_t n)
{
	void *p = reach(dst, n);

	(void)w;
	if (!p)
		return -EFAULT;
	memcpy(p, src, n);
	return 0;
}

static int fd_ident(struct caller *w, int fd, u64 *ret_dev, u64 *ret_ino, int *ret_mode)
{
	struct stat st;
	int mode = fcntl(fd, F_GETFL);

	(void)w;
	if (mode < 0 || fstat(fd, &st))
		return -EBADF;
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	*ret_mode = mode & O_ACCMODE;
	return 0;
}

static int fd_give(struct caller *w, int fd)
{
	u32 at = below(ARRAY_SIZE(fds));

	(void)w;
	if (fds[at] > 0)
		close(fds[at]);
	fds[at] = fd;
	return fd;
}

static int fd_take(struct caller *w, int fd)
{
	(void)w;
	fd = dup(fd);
	return fd < 0 ? -EBADF : fd;
}

static struct caller caller_now(void)
{
	static const u32 caps[] = { CAPB_SYS_ADMIN | CAPB_BPF | CAPB_PERFMON | CAPB_NET_ADMIN, CAPB_BPF | CAPB_NET_ADMIN, CAPB_BPF, 0 };

	return (struct caller){ .caps = caps[below(8) ? 0 : below(4)], .uid = 1000, .pid = (u32)getpid(), .copy_in = copy_in,
				.copy_out = copy_out, .fd_ident = fd_ident, .fd_give = fd_give, .fd_take = fd_take };
}

/* ---- attributes ---- */

static u64 number(void)
{
	static const u64 n[] = { 0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 255, 256, 4095, 4096, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
				 0xfffffff0, 0x100000000, 0x7fffffffffffffff, 0xffffffffffffffff };

	switch (below(6)) {
	case 0: return (u64)(u32)fds[below(ARRAY_SIZE(fds))];
	case 1: return BASE + below(ROOM);
	case 2: return BASE + ROOM - below(64);
	case 3: return below(40);
	default: return n[below(ARRAY_SIZE(n))];
	}
}

static int a_fd(void)
{
	for (u32 i = 0; i < 8; i++) {
		int fd = fds[below(ARRAY_SIZE(fds))];

		if (fd > 0)
			return fd;
	}
	return -1;
}

/* Programs that load, so that there are some. */
static u32 put_program(u64 at)
{
	struct bpf_insn *i = (struct bpf_insn *)(void *)(room + (at - BASE));
	u32 n = 0;

#define PUT(c, d, s, o, k) (i[n++] = (struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (s16)(o), .imm = (s32)(k) })
	if (below(2)) {
		PUT(0x7a, 10, 0, -8, 0);
		PUT(0xbf, 2, 10, 0, 0);
		PUT(0x07, 2, 0, 0, -8);
		PUT(0x18, 1, 1, 0, a_fd());
		PUT(0, 0, 0, 0, 0);
		PUT(0x85, 0, 0, 0, 1 + below(3));
	}
	PUT(0xb7, 0, 0, 0, below(3));
	PUT(0x95, 0, 0, 0, 0);
#undef PUT
	if (!below(4)) {
		u8 *b = (u8 *)&i[below(n)];

		b[below(8)] ^= (u8)(1u << below(8));
	}
	return n;
}

static u32 put_btf(u64 at)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h), .type_len = 16 + 12 + 12, .str_off = 40, .str_len = 8 };
	u32 types[] = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32, 0, BTF_KIND_FUNC_PROTO << 24, 1, 5, BTF_KIND_FUNC << 24 | 1, 2 };
	u8 *p = room + (at - BASE);

	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), types, sizeof(types));
	memcpy(p + sizeof(h) + sizeof(types), "\0int\0f\0", 8);
	for (u32 i = below(4); i--;)
		p[below((u32)(sizeof(h) + sizeof(types) + 8))] ^= (u8)(1u << below(8));
	return (u32)(sizeof(h) + sizeof(types) + 8);
}

/* What a caller that knows the command would pass. */
static void draft(union bpf_attr *a, u32 cmd)
{
	u64 mem = BASE + below(ROOM / 2) / 8 * 8;

	memset(a, 0, sizeof(*a));
	switch (cmd) {
	case BPF_MAP_CREATE:
		a->map_type = 1 + below(UAPI_MAP_TYPES);
		a->key_size = below(4) ? 4 : 8;
		a->value_size = below(4) ? 8 : 4;
		a->max_entries = a->map_type == BPF_MAP_TYPE_RINGBUF || a->map_type == BPF_MAP_TYPE_USER_RINGBUF ? 4096 : 1 + below(16);
		if (a->map_type == BPF_MAP_TYPE_RINGBUF || a->map_type == BPF_MAP_TYPE_USER_RINGBUF)
			a->key_size = a->value_size = 0;
		if (a->map_type == BPF_MAP_TYPE_LPM_TRIE)
			a->map_flags = BPF_F_NO_PREALLOC, a->key_size = 8;
		a->inner_map_fd = (u32)a_fd();
		return;
	case BPF_PROG_LOAD:
		a->prog_type = 1 + below(UAPI_PROG_TYPES);
		a->insns = mem;
		a->insn_cnt = put_program(mem);
		memcpy(room, "GPL", 4);
		a->license = BASE;
		if (below(4) == 0) {
			a->log_level = below(5);
			a->log_buf = BASE + ROOM / 2;
			a->log_size = 128 + below(4096);
		}
		return;
	case BPF_BTF_LOAD:
		a->btf = mem;
		a->btf_size = put_btf(mem);
		return;
	case BPF_PROG_TEST_RUN:
		a->test.prog_fd = (u32)a_fd();
		a->test.data_in = a->test.data_out = mem;
		a->test.data_size_in = a->test.data_size_out = 14 + below(200);
		return;
	case BPF_OBJ_PIN: case BPF_OBJ_GET:
		snprintf((char *)room + 64, 64, "%s/p%u", below(2) ? "." : "/sys/fs/bpf", below(8));
		a->pathname = BASE + 64;
		a->bpf_fd = (u32)a_fd();
		return;
	case BPF_MAP_LOOKUP_BATCH: case BPF_MAP_LOOKUP_AND_DELETE_BATCH: case BPF_MAP_UPDATE_BATCH: case BPF_MAP_DELETE_BATCH:
		a->batch.map_fd = (u32)a_fd();
		a->batch.keys = mem;
		a->batch.values = mem + 1024;
		a->batch.in_batch = below(2) ? mem + 4096 : 0;
		a->batch.out_batch = mem + 8192;
		a->batch.count = below(20);
		return;
	case BPF_OBJ_GET_INFO_BY_FD:
		a->info.bpf_fd = (u32)a_fd();
		a->info.info = mem;
		a->info.info_len = 16 + below(256);
		return;
	case BPF_LINK_CREATE:
		a->link_create.prog_fd = (u32)a_fd();
		a->link_create.target_fd = (u32)a_fd();
		a->link_create.attach_type = below(UAPI_ATTACH_TYPES);
		return;
	default:
		a->map_fd = (u32)a_fd();
		a->key = mem;
		a->value = mem + 256;
	}
}

static void spoil(union bpf_attr *a, u8 *b, u32 cmd)
{
	for (u32 k = below(4); k--;) {
		u64 v = number();

		if (below(2))
			memcpy(b + below(40) * 4, &v, 4);
		else
			memcpy(b + below(20) * 8, &v, 8);
	}
	/* a caller may run its own program as long as it likes */
	if (cmd == BPF_PROG_TEST_RUN)
		a->test.repeat %= 16;
	/* and may make maps as large as it likes */
	if (cmd == BPF_MAP_CREATE) {
		a->max_entries %= 1u << 16;
		a->value_size = a->value_size > 4096 && below(4) ? 64 : a->value_size;
		if ((u64)a->max_entries * a->value_size > 1 << 20)
			a->max_entries = 4;
	}
}

static void one(struct skep *s)
{
	static const u8 often[] = { BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_PROG_TEST_RUN, BPF_BTF_LOAD, BPF_OBJ_GET_INFO_BY_FD, BPF_MAP_UPDATE_ELEM };
	struct caller who = caller_now();
	struct str reason = { 0 };
	union { union bpf_attr a; u8 room[256]; } big; /* longer than this system's header knows */
	u32 cmd = below(3) ? below(UAPI_CMDS + 2) : often[below(ARRAY_SIZE(often))], size;
	int ret;

	memset(&big, 0, sizeof(big));
	draft(&big.a, cmd);
	spoil(&big.a, big.room, cmd);
	size = below(8) ? 168 : below(200);
	now->cmd = cmd;
	now->size = size;
	memcpy(now->attr, big.room, sizeof(now->attr));
	memcpy(room + ROOM - 512, big.room, sizeof(big));
	alarm(20);
	ret = sys_bpf(s, &who, cmd, BASE + ROOM - 512, size, &reason);
	now->done++;
	now->ok += ret >= 0;
	if (ret < 0 && !reason.len && cmd < UAPI_CMDS)
		now->size |= 1u << 31; /* refused without a word: told at the end */
	str_free(&reason);
}

/* ---- children ---- */

/*
 * Nothing outside can be reached by name or number. What is not permitted is done without. The first process of a new process space
 * does the work; its parent passes on how it ended.
 */
static void hide(const char *dir)
{
	char proc[64];
	int status;
	pid_t pid;

	snprintf(proc, sizeof(proc), "%s/proc", dir);
	mkdir(proc, 0700);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET)) {
		if (chdir(dir))
			_exit(3);
		return;
	}
	pid = fork();
	if (pid) {
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			_exit(3);
		_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("proc", proc, "proc", 0, NULL) || chroot(dir) || chdir("/"))
		_exit(3);
}

static void batch(const char *dir, u64 n)
{
	struct skep_opts o = { .sz = sizeof(o), .caps_set = 1, .caps = SKEP_CAP_ALL, .pin_dir = "/pins", .flags = SKEP_F_UNPRIV_ALLOWED | SKEP_F_RUN_ANY };
	struct skep *s;

	room = calloc(1, ROOM);
	memset(fds, 0, sizeof(fds));
	hide(dir);
	if (!room || skep_new(&o, &s))
		_exit(4);
	for (u64 i = 0; i < n; i++)
		one(s);
	for (u32 i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] > 0)
			close(fds[i]);
	skep_free(s);
	free(room);
	exit(0); /* looks for leaks where that is built in */
}

int main(int argc, char **argv)
{
	u64 n = 20000, seed = 1, failed = 0, done = 0;
	char dir[] = "/tmp/skep-attr-XXXXXX", cmd[64];
	int status;

	for (int i = 1; i + 1 < argc; i += 2)
		*(!strcmp(argv[i], "-n") ? &n : &seed) = strtoull(argv[i + 1], NULL, 0);
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED || !mkdtemp(dir))
		return 5;
	for (u64 b = 0; done < n && failed < 20; b++) {
		pid_t pid;

		rng = (seed << 20) + b * 0x632be59bd9b4e019ull;
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			batch(dir, MIN(n - done, (u64)BATCH));
		done += BATCH;
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !status)
			continue;
		failed++;
		printf("not ok batch %llu of seed %llu: %s %d, at command %u (%s), size %u, attributes:", (unsigned long long)b,
		       (unsigned long long)seed, WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		       now->cmd, now->cmd < UAPI_CMDS ? cmd_spec[now->cmd].name : "?", now->size & 0xffff);
		for (u32 i = 0; i < 160; i += 4)
			printf(" %02x%02x%02x%02x", now->attr[i + 3], now->attr[i + 2], now->attr[i + 1], now->attr[i]);
		printf("\n");
	}
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd))
		failed++;
	printf("%llu commands, %llu of them succeeded\n%llu passed, %llu failed, 0 skipped\n", (unsigned long long)now->done,
	       (unsigned long long)now->ok, (unsigned long long)now->done, (unsigned long long)failed);
	return failed != 0;
}
