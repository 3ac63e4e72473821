/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lives of objects: what is closed is gone, with its descriptors, memory and id; what anybody still holds (a duplicate, a child, a
 * message under way, another object) stays; subsystems know nothing of each other.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/sys_kit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROUNDS 200
#define SANITIZED 1
#else
#define ROUNDS 10000
#define SANITIZED 0
#endif

/* A program that refers to a map; map < 0: to none. */
static int prog_make(struct skep *s, int map)
{
	struct bpf_insn in[] = { { .code = 0x18, .dst_reg = 1, .src_reg = map < 0 ? 0 : 1, .imm = map }, { .code = 0 },
				 { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = ptr(in);
	a.insn_cnt = 4;
	a.license = ptr("GPL");
	return skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
}

static int elem(struct skep *s, int cmd, int fd, u32 key, u32 *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)fd;
	a.key = ptr(&key);
	if (value)
		a.value = ptr(value);
	return skep_bpf_in(s, cmd, &a, sizeof(a));
}

static u32 id_of(struct skep *s, int fd)
{
	u32 info[2] = { 0 }; /* of every kind but BTF: type, id */
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (u32)fd;
	a.info.info_len = sizeof(info);
	a.info.info = ptr(info);
	CHECK_EQ(skep_bpf_in(s, BPF_OBJ_GET_INFO_BY_FD, &a, sizeof(a)), 0);
	return info[1];
}

static int fd_by_id(struct skep *s, int cmd, u32 id)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_id = id;
	return skep_bpf_in(s, cmd, &a, sizeof(a));
}

static bool map_lives(struct skep *s, u32 id)
{
	int fd = fd_by_id(s, BPF_MAP_GET_FD_BY_ID, id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static u32 count_ids(struct skep *s, int cmd)
{
	u32 n = 0, id = 0;

	for (;; n++) {
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.start_id = id;
		if (skep_bpf_in(s, cmd, &a, sizeof(a)))
			return n;
		id = a.next_id;
	}
}

static u32 open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	u32 n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Resident pages, or 0 when unreadable. */
static long pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident;
}

static int load_btf(struct skep *s)
{
	struct { struct { u16 magic; u8 version, flags; u32 hdr_len, type_off, type_len, str_off, str_len; } h; u32 type[4]; char str[8]; } b = {
		.h = { 0xeb9f, 1, 0, 24, 0, 16, 16, 8 }, .type = { 1, 1 << 24, 4, 32 }, .str = "\0int",
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.btf = ptr(&b);
	a.btf_size = 48;
	return skep_bpf_in(s, BPF_BTF_LOAD, &a, sizeof(a));
}

/* One of everything, used and closed in changing order. */
static void one_round(struct skep *s, u32 i)
{
	int array = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 64, 16, 0), hash = map_make(s, BPF_MAP_TYPE_HASH, 4, 8, 16, 0);
	int progs = map_make(s, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0), prog = prog_make(s, i & 1 ? array : progs);
	int btf = load_btf(s);
	u32 value[2] = { 1, 2 }, fd = (u32)prog;

	CHECK(array >= 0 && hash >= 0 && progs >= 0 && prog >= 0 && btf >= 0);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, hash, i, value), 0);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, progs, i & 3, &fd), 0); /* a circle: the program refers to the array it is in */
	CHECK(prog_make(s, 999) < 0);
	if (i & 2)
		close(prog), close(progs);
	else
		close(progs), close(prog);
	close(array), close(hash), close(btf);
}

TEST(nothing_is_left)
{
	struct skep *s = subsystem();
	u32 fds;
	long before, grown;

	for (u32 i = 0; i < ROUNDS / 4; i++) /* the allocator's own reserves and the tables' sizes settle */
		one_round(s, i);
	CHECK_EQ(count_ids(s, BPF_MAP_GET_NEXT_ID), 0);
	fds = open_fds();
	before = pages();
	for (u32 i = 0; i < ROUNDS; i++)
		one_round(s, i);
	CHECK_EQ(count_ids(s, BPF_MAP_GET_NEXT_ID), 0);
	CHECK_EQ(count_ids(s, BPF_PROG_GET_NEXT_ID), 0);
	CHECK_EQ(open_fds(), fds);
	grown = pages() - before;
	if (!SANITIZED && grown >= 256) {
		printf("#   %ld pages more after %u rounds\n", grown, ROUNDS);
		CHECK(grown < 256);
	}
	skep_free(s);
}

TEST(subsystems_leave_nothing)
{
	u32 fds = 0;
	long before = 0;

	for (u32 i = 0; i < (SANITIZED ? 14 : 70); i++) { /* each reads the kernel's types */
		struct skep *s = subsystem();

		if (i == 10) {
			skep_free(s);
			fds = open_fds();
			before = pages();
			continue;
		}
		/* left open: the subsystem's end is theirs, the descriptors are the client's */
		int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), prog = prog_make(s, map);
		CHECK(prog >= 0);
		skep_free(s);
		close(map), close(prog);
	}
	CHECK_EQ(open_fds(), fds);
	CHECK(SANITIZED || pages() - before < 256);
}

TEST(ids_end_with_the_last_close)
{
	struct skep *s = subsystem();
	int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), prog = prog_make(s, map), twin, again;
	u32 id = id_of(s, map), prog_id = id_of(s, prog);

	twin = dup(map);
	close(map);
	CHECK(map_lives(s, id));
	again = fd_by_id(s, BPF_MAP_GET_FD_BY_ID, id); /* an open file of its own */
	close(twin);
	CHECK(map_lives(s, id));
	close(again);
	CHECK(map_lives(s, id)); /* the program refers to it */
	close(prog);
	CHECK(!map_lives(s, id));
	CHECK_EQ(fd_by_id(s, BPF_PROG_GET_FD_BY_ID, prog_id), -ENOENT);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, map, 0, &id), -EBADF);
	skep_free(s);
}

/* A number that now means something else: another map, or no object at all. */
TEST(numbers_are_reused)
{
	struct skep *s = subsystem();
	int a = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), b, null;
	u32 one = 1, two = 2, v = 0;

	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, a, 0, &one), 0);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, a, 0, &v), 0);
	close(a);
	b = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	CHECK_EQ(b, a);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, b, 0, &v), 0);
	CHECK_EQ(v, 0);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, b, 0, &two), 0);
	/* dup2 over it, of another map and back */
	a = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, a, 0, &one), 0);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, b, 0, &v), 0);
	CHECK_EQ(v, 2);
	CHECK_EQ(dup2(a, b), b);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, b, 0, &v), 0);
	CHECK_EQ(v, 1);
	null = open("/dev/null", O_RDWR);
	CHECK_EQ(dup2(null, b), b);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, b, 0, &v), -EINVAL);
	close(null);
	close(b);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, b, 0, &v), -EBADF);
	close(a);
	skep_free(s);
}

TEST(read_only_twins)
{
	struct skep *s = subsystem();
	int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), ro;
	union bpf_attr a;
	u32 v = 7;

	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, map, 0, &v), 0);
	memset(&a, 0, sizeof(a));
	a.map_id = id_of(s, map);
	a.open_flags = BPF_F_RDONLY;
	ro = skep_bpf_in(s, BPF_MAP_GET_FD_BY_ID, &a, sizeof(a));
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, ro, 0, &v), 0);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, ro, 0, &v), -EPERM);
	CHECK_EQ(dup2(ro, map), map); /* what the number allowed before counts no more */
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, map, 0, &v), -EPERM);
	close(ro), close(map);
	skep_free(s);
}

TEST(children_hold_maps)
{
	struct skep *s = subsystem();
	int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 2, 0), go[2], status = -1;
	u32 id = id_of(s, map), v = 0;
	pid_t pid;
	char c;

	CHECK_EQ(pipe(go), 0);
	pid = fork();
	if (!pid) {
		u32 w = 5;

		if (read(go[0], &c, 1) != 1) /* the parent has closed its descriptor */
			_exit(1);
		_exit(elem(s, BPF_MAP_UPDATE_ELEM, map, 1, &w) ? 2 : 0);
	}
	close(map);
	CHECK(map_lives(s, id)); /* the child's is the same open file */
	CHECK_EQ(write(go[1], "x", 1), 1);
	map = fd_by_id(s, BPF_MAP_GET_FD_BY_ID, id);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, map, 1, &v), 0);
	CHECK_EQ(v, 5); /* shared memory: the child's update is here */
	close(map);
	CHECK(!map_lives(s, id));
	close(go[0]), close(go[1]);
	skep_free(s);
}

TEST(killed_children_let_go)
{
	struct skep *s = subsystem();
	int map = map_make(s, BPF_MAP_TYPE_HASH, 4, 4, 2, 0);
	u32 id = id_of(s, map);
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	close(map);
	CHECK(map_lives(s, id));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(!map_lives(s, id));
	skep_free(s);
}

/* A child's own objects: ids and descriptors are its own affair, the parent's subsystem stays as it was. */
TEST(children_make_objects)
{
	struct skep *s = subsystem();
	int keep = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), status = -1;
	pid_t pid = fork();

	if (!pid) {
		int m = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), p = prog_make(s, m);
		u32 v = 1;

		_exit(m < 0 || p < 0 || elem(s, BPF_MAP_UPDATE_ELEM, m, 0, &v) || elem(s, BPF_MAP_LOOKUP_ELEM, keep, 0, &v));
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(count_ids(s, BPF_MAP_GET_NEXT_ID), 1);
	CHECK_EQ(count_ids(s, BPF_PROG_GET_NEXT_ID), 0);
	close(keep);
	skep_free(s);
}

static int send_fd(int sock, int fd)
{
	char c = 'x', buf[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char c, buf[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
	int fd = -1;

	if (recvmsg(sock, &m, 0) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

TEST(messages_hold_maps)
{
	struct skep *s = subsystem();
	int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), sock[2], got;
	u32 id = id_of(s, map), v = 3;

	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, map, 0, &v), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	CHECK_EQ(send_fd(sock[0], map), 0);
	close(map);
	CHECK(map_lives(s, id)); /* nobody has a descriptor, the message has */
	got = receive_fd(sock[1]);
	CHECK(got >= 0);
	v = 0;
	CHECK_EQ(elem(s, BPF_MAP_LOOKUP_ELEM, got, 0, &v), 0);
	CHECK_EQ(v, 3);
	close(got);
	CHECK(!map_lives(s, id));
	close(sock[0]), close(sock[1]);
	skep_free(s);
}

TEST(subsystems_are_strangers)
{
	struct skep *a = subsystem(), *b = subsystem();
	int ma = map_make(a, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), mb = map_make(b, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	u32 v = 0;

	CHECK_EQ(id_of(a, ma), 1);
	CHECK_EQ(id_of(b, mb), 1);
	CHECK_EQ(elem(b, BPF_MAP_LOOKUP_ELEM, ma, 0, &v), -EINVAL);
	CHECK_EQ(elem(a, BPF_MAP_LOOKUP_ELEM, mb, 0, &v), -EINVAL);
	CHECK_EQ(elem(a, BPF_MAP_LOOKUP_ELEM, ma, 0, &v), 0);
	skep_free(a);
	CHECK_EQ(elem(b, BPF_MAP_LOOKUP_ELEM, mb, 0, &v), 0);
	CHECK_EQ(elem(b, BPF_MAP_LOOKUP_ELEM, ma, 0, &v), -EINVAL);
	CHECK_EQ(count_ids(b, BPF_MAP_GET_NEXT_ID), 1);
	close(ma), close(mb);
	skep_free(b);
}
