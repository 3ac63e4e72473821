/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every failing command says why, in words: each kind of failure by a provocation of its own, and then random attributes, of
 * which none may fail without a reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit/sys_kit.h"

static struct skep *all, *none, *unpriv; /* all privileges; none; none, but unprivileged BPF is on */

static struct skep *with_caps(u32 caps, u32 flags)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = caps, .caps_set = 1, .flags = flags, .log_file = "/dev/null" };
	struct skep *s = NULL;

	CHECK_EQ(skep_new(&o, &s), 0);
	return s;
}

static void start(void)
{
	if (all)
		return;
	all = with_caps(SKEP_CAP_ALL, 0);
	none = with_caps(0, 0);
	unpriv = with_caps(0, SKEP_F_UNPRIV_ALLOWED);
}

static void check_failed(long ret, int err, const char *word, int line)
{
	const char *why = skep_reason();

	if (ret == err && *why && strstr(why, word))
		return;
	test_failures++;
	printf("#   %s:%d: %ld, want %d; the reason \"%s\" should have \"%s\"\n", __FILE__, line, ret, err, why, word);
	if (ret > 0)
		close((int)ret);
}

/* FAILS(subsystem, command, -errno, "words of the reason", fields of union bpf_attr...) */
#define FAILS(s, cmd, err, word, ...)                                                                   \
	do {                                                                                            \
		union bpf_attr a_;                                                                      \
		memset(&a_, 0, sizeof(a_));                                                             \
		a_ = (union bpf_attr){ __VA_ARGS__ };                                                   \
		check_failed(skep_bpf_in(s, cmd, &a_, sizeof(a_)), err, word, __LINE__);                \
	} while (0)

static const struct bpf_insn two[] = { { .code = 0xb7 }, { .code = 0x95 } };

static int prog_make(u32 type)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = ptr(two);
	a.insn_cnt = 2;
	a.license = ptr("GPL");
	return skep_bpf_in(all, BPF_PROG_LOAD, &a, sizeof(a));
}

TEST(the_call_itself)
{
	union { union bpf_attr a; u8 bytes[5000]; } big;

	start();
	memset(&big, 0, sizeof(big));
	check_failed(skep_bpf_in(all, 999, &big.a, sizeof(big.a)), -EINVAL, "not a command", __LINE__);
	check_failed(skep_bpf_in(all, BPF_MAP_CREATE, &big.a, 4097), -E2BIG, "page", __LINE__);
	big.bytes[300] = 1;
	check_failed(skep_bpf_in(all, BPF_MAP_CREATE, &big.a, 400), -E2BIG, "byte 300", __LINE__);
	big.bytes[300] = 0;
	big.bytes[100] = 1;
	check_failed(skep_bpf_in(all, BPF_MAP_FREEZE, &big.a, 120), -EINVAL, "map_fd", __LINE__);
	check_failed(skep_bpf_in(all, BPF_MAP_CREATE, NULL, 20), -EFAULT, "cannot read", __LINE__);
}

TEST(success_has_no_reason)
{
	int fd;

	start();
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "not a map type", .map_type = 99);
	fd = map_make(all, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	CHECK(fd >= 0);
	CHECK_STR(skep_reason(), "");
	close(fd);
}

TEST(map_create)
{
	int fd;

	start();
	fd = open("/dev/null", O_RDONLY);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "key_size 3", .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 3, .value_size = 4, .max_entries = 1);
	FAILS(all, BPF_MAP_CREATE, -E2BIG, "hash", .map_type = BPF_MAP_TYPE_HASH, .key_size = 1u << 30, .value_size = 4, .max_entries = 1);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "map_flags", .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4,
	      .max_entries = 1, .map_flags = 1u << 30);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "key_type_id", .map_type = BPF_MAP_TYPE_HASH, .btf_key_type_id = 1);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "struct_ops", .map_type = BPF_MAP_TYPE_HASH, .btf_vmlinux_value_type_id = 1);
	FAILS(all, BPF_MAP_CREATE, -EBADF, "999", .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1,
	      .btf_fd = 999, .btf_value_type_id = 1);
	FAILS(all, BPF_MAP_CREATE, -EBADF, "999", .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4,
	      .max_entries = 1, .inner_map_fd = 999);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "not a map", .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4,
	      .max_entries = 1, .inner_map_fd = (u32)fd);
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "map_name", .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
	      .max_entries = 1, .map_name = "a-b");
	FAILS(all, BPF_MAP_CREATE, -EINVAL, "device", .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1,
	      .map_ifindex = 99999);
	FAILS(none, BPF_MAP_CREATE, -EPERM, "CAP_BPF", .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1);
	FAILS(unpriv, BPF_MAP_CREATE, -EPERM, "privileges", .map_type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 4, .max_entries = 1);
	FAILS(unpriv, BPF_MAP_CREATE, -EPERM, "hash", .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1,
	      .map_flags = BPF_F_ZERO_SEED);
	close(fd);
}

TEST(map_elements)
{
	int array, hash, ro, progs, queue;
	u32 key = 1, bad = 1;
	u64 value = 0;

	start();
	array = map_make(all, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	hash = map_make(all, BPF_MAP_TYPE_HASH, 4, 8, 1, 0);
	ro = map_make(all, BPF_MAP_TYPE_HASH, 4, 8, 1, BPF_F_RDONLY);
	progs = map_make(all, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0);
	queue = map_make(all, BPF_MAP_TYPE_QUEUE, 0, 8, 1, 0);
#define E .key = ptr(&key), .value = ptr(&value)
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EBADF, "999", .map_fd = 999, E);
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EINVAL, "not a map", .map_fd = 0, E);
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EINVAL, "flags", .map_fd = (u32)hash, E, .flags = 1);
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EINVAL, "bpf_spin_lock", .map_fd = (u32)hash, E, .flags = BPF_F_LOCK);
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EFAULT, "cannot read", .map_fd = (u32)hash, .value = ptr(&value));
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -ENOENT, "no such element", .map_fd = (u32)hash, E);
	FAILS(all, BPF_MAP_LOOKUP_ELEM, -EINVAL, "NULL", .map_fd = (u32)queue, E);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -EPERM, "reading", .map_fd = (u32)ro, E);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -E2BIG, "array", .map_fd = (u32)array, E);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -ENOENT, "hash", .map_fd = (u32)hash, E, .flags = BPF_EXIST);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -EINVAL, "flags", .map_fd = (u32)hash, E, .flags = 99);
	key = 0;
	memcpy(&value, &bad, sizeof(bad));
	FAILS(all, BPF_MAP_UPDATE_ELEM, -EINVAL, "not a program", .map_fd = (u32)progs, E);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -EFAULT, "cannot read", .map_fd = (u32)hash, .key = ptr(&key));
	FAILS(all, BPF_MAP_DELETE_ELEM, -EINVAL, "array", .map_fd = (u32)array, .key = ptr(&key));
	FAILS(all, BPF_MAP_DELETE_ELEM, -ENOENT, "hash", .map_fd = (u32)hash, .key = ptr(&key));
	FAILS(all, BPF_MAP_GET_NEXT_KEY, -ENOENT, "hash", .map_fd = (u32)hash, .next_key = ptr(&value));
	FAILS(all, BPF_MAP_LOOKUP_AND_DELETE_ELEM, -ENOTSUPP, "does not have", .map_fd = (u32)array, E);
	FAILS(all, BPF_MAP_FREEZE, -EPERM, "reading", .map_fd = (u32)ro);
	FAILS(all, BPF_MAP_FREEZE, -EBADF, "999", .map_fd = 999);
	FAILS(all, BPF_MAP_LOOKUP_BATCH, -ENOTSUPP, "does not have", .batch = { .map_fd = (u32)queue, .count = 1 });
	FAILS(all, BPF_MAP_LOOKUP_BATCH, -EINVAL, "flags", .batch = { .map_fd = (u32)hash, .count = 1, .flags = 1 });
	FAILS(all, BPF_MAP_UPDATE_BATCH, -EFAULT, "cannot read", .batch = { .map_fd = (u32)hash, .count = 1 });
	FAILS(all, BPF_MAP_DELETE_BATCH, -EBADF, "999", .batch = { .map_fd = 999, .count = 1 });
	{
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.map_fd = (u32)hash;
		CHECK_EQ(skep_bpf_in(all, BPF_MAP_FREEZE, &a, sizeof(a)), 0);
	}
	FAILS(all, BPF_MAP_FREEZE, -EPERM, "frozen", .map_fd = (u32)hash);
	FAILS(all, BPF_MAP_UPDATE_ELEM, -EPERM, "frozen", .map_fd = (u32)hash, E);
	close(array), close(hash), close(ro), close(progs), close(queue);
}

#define TWO .insns = ptr(two), .insn_cnt = 2, .license = ptr("GPL")
TEST(prog_load)
{
	static const struct bpf_insn no_exit[] = { { .code = 0xb7 } }, no_r0[] = { { .code = 0x95 } };
	static const struct bpf_insn bad_map[] = { { .code = 0x18, .dst_reg = 1, .src_reg = 1, .imm = 999 }, { .code = 0 },
						   { .code = 0xb7 }, { .code = 0x95 } };
	char tiny[4];

	start();
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "prog_flags", .prog_type = 1, TWO, .prog_flags = 1u << 20);
	FAILS(all, BPF_PROG_LOAD, -E2BIG, "instructions", .prog_type = 1, .insns = ptr(two), .license = ptr("GPL"));
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "program type", .prog_type = 99, TWO);
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "prog_name", .prog_type = 1, TWO, .prog_name = "a-b");
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "log_level", .prog_type = 1, TWO, .log_level = 99);
	FAILS(all, BPF_PROG_LOAD, -ENOSPC, "log needs", .prog_type = 1, TWO, .log_level = 1, .log_buf = ptr(tiny), .log_size = 4);
	FAILS(all, BPF_PROG_LOAD, -EFAULT, "cannot read", .prog_type = 1, .insn_cnt = 2, .license = ptr("GPL"));
	FAILS(all, BPF_PROG_LOAD, -EFAULT, "cannot read", .prog_type = 1, .insn_cnt = 2, .insns = ptr(two));
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "expected_attach_type", .prog_type = BPF_PROG_TYPE_CGROUP_SKB, TWO, .expected_attach_type = 30);
	FAILS(all, BPF_PROG_LOAD, -EBADF, "999", .prog_type = 1, TWO, .prog_btf_fd = 999, .func_info_cnt = 1, .func_info_rec_size = 8);
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "attach_btf_id", .prog_type = 1, TWO, .attach_btf_id = 1);
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "999", .prog_type = 1, TWO, .attach_prog_fd = 999);
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "prog_ifindex", .prog_type = 1, TWO, .prog_ifindex = 1);
	FAILS(all, BPF_PROG_LOAD, -EINVAL, "exit", .prog_type = 1, .insns = ptr(no_exit), .insn_cnt = 1, .license = ptr("GPL"));
	FAILS(all, BPF_PROG_LOAD, -EACCES, "R0 !read_ok", .prog_type = 1, .insns = ptr(no_r0), .insn_cnt = 1, .license = ptr("GPL"));
	FAILS(all, BPF_PROG_LOAD, -EBADF, "999", .prog_type = 1, .insns = ptr(bad_map), .insn_cnt = 4, .license = ptr("GPL"));
	FAILS(none, BPF_PROG_LOAD, -EPERM, "CAP_BPF", .prog_type = 1, TWO);
	FAILS(unpriv, BPF_PROG_LOAD, -EPERM, "CAP_BPF", .prog_type = BPF_PROG_TYPE_XDP, TWO);
}

TEST(kinds_in_prog_arrays)
{
	int progs, filter, xdp;
	u32 key = 0;

	start();
	progs = map_make(all, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0);
	filter = prog_make(BPF_PROG_TYPE_SOCKET_FILTER);
	xdp = prog_make(BPF_PROG_TYPE_XDP);
	{
		struct bpf_insn uses[] = { { .code = 0x18, .dst_reg = 2, .src_reg = 1, .imm = progs }, { .code = 0 },
					   { .code = 0xb7 }, { .code = 0x95 } };
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.map_fd = (u32)progs;
		a.key = ptr(&key);
		a.value = ptr(&filter);
		CHECK_EQ(skep_bpf_in(all, BPF_MAP_UPDATE_ELEM, &a, sizeof(a)), 0);
		FAILS(all, BPF_MAP_UPDATE_ELEM, -EINVAL, "prog_array", .map_fd = (u32)progs, .key = ptr(&key), .value = ptr(&xdp));
		FAILS(all, BPF_PROG_LOAD, -EINVAL, "another kind", .prog_type = BPF_PROG_TYPE_XDP, .insns = ptr(uses), .insn_cnt = 4,
		      .license = ptr("GPL"));
	}
	close(progs), close(filter), close(xdp);
}

TEST(other_commands)
{
	char path[] = "/nowhere/at/all";
	int xdp, map;
	u8 info[8] = { 0 };

	start();
	xdp = prog_make(BPF_PROG_TYPE_XDP);
	map = map_make(all, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	FAILS(all, BPF_PROG_TEST_RUN, -EINVAL, "context", .test = { .prog_fd = (u32)xdp, .ctx_size_in = 4 });
	FAILS(all, BPF_PROG_TEST_RUN, -EBADF, "999", .test = { .prog_fd = 999 });
	FAILS(all, BPF_PROG_TEST_RUN, -EINVAL, "", .test = { .prog_fd = (u32)xdp, .data_size_in = 4, .data_in = ptr(info) });
	FAILS(all, BPF_OBJ_PIN, -EINVAL, "999", .pathname = ptr(path), .bpf_fd = 999);
	FAILS(all, BPF_OBJ_PIN, -EINVAL, "file_flags", .pathname = ptr(path), .bpf_fd = (u32)map, .file_flags = 1);
	FAILS(all, BPF_OBJ_PIN, -EFAULT, "cannot read", .bpf_fd = (u32)map);
	FAILS(all, BPF_OBJ_PIN, -ENOENT, "/nowhere", .pathname = ptr(path), .bpf_fd = (u32)map);
	FAILS(all, BPF_OBJ_GET, -ENOENT, "/nowhere", .pathname = ptr(path));
	FAILS(all, BPF_OBJ_GET, -EINVAL, "bpf_fd", .pathname = ptr(path), .bpf_fd = (u32)map);
	FAILS(all, BPF_OBJ_GET_INFO_BY_FD, -EBADFD, "999", .info = { .bpf_fd = 999 });
	FAILS(all, BPF_OBJ_GET_INFO_BY_FD, -EINVAL, "object", .info = { .bpf_fd = 0 });
	FAILS(all, BPF_OBJ_GET_INFO_BY_FD, -E2BIG, "page", .info = { .bpf_fd = (u32)map, .info_len = 5000, .info = ptr(info) });
	FAILS(all, BPF_PROG_GET_NEXT_ID, -EINVAL, "range", .start_id = 0xffffffff);
	FAILS(all, BPF_LINK_GET_NEXT_ID, -ENOENT, "no id", .start_id = 1);
	FAILS(none, BPF_PROG_GET_NEXT_ID, -EPERM, "privileges", .start_id = 0);
	FAILS(all, BPF_PROG_GET_FD_BY_ID, -ENOENT, "no such", .prog_id = 999999);
	FAILS(all, BPF_MAP_GET_FD_BY_ID, -EINVAL, "open_flags", .map_id = 1, .open_flags = 1);
	FAILS(none, BPF_BTF_GET_FD_BY_ID, -EPERM, "privileges", .btf_id = 1);
	FAILS(all, BPF_BTF_LOAD, -EINVAL, "", .btf = ptr(info), .btf_size = 8);
	FAILS(all, BPF_BTF_LOAD, -EINVAL, "log", .btf = ptr(info), .btf_size = 8, .btf_log_level = 1);
	FAILS(none, BPF_BTF_LOAD, -EPERM, "privileges", .btf = ptr(info), .btf_size = 8);
	FAILS(all, BPF_PROG_BIND_MAP, -EBADF, "999", .prog_bind_map = { .prog_fd = 999, .map_fd = (u32)map });
	FAILS(all, BPF_PROG_BIND_MAP, -EINVAL, "not a map", .prog_bind_map = { .prog_fd = (u32)xdp, .map_fd = (u32)xdp });
	close(xdp), close(map);
}

static u32 rnd(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

/* Attributes of any content: who fails, says why; pointers are good ones or NULL. */
TEST(random_attributes)
{
	static u64 memory[1 << 13];
	static const s8 pointers[UAPI_CMDS][10] = {
		[1] = { 2, 4 }, [2] = { 2, 4 }, [3] = { 2, 4 }, [4] = { 2, 4 }, [21] = { 2, 4 }, [5] = { 2, 4, 8, 20, 24, 30, 32, 38 },
		[10] = { 4, 6, 12, 14 }, [15] = { 2 }, [16] = { 4, 8, 10, 12 }, [18] = { 0, 2 }, [20] = { 4 },
		[24] = { 0, 2, 4, 6 }, [25] = { 0, 2, 4, 6 }, [26] = { 0, 2, 4, 6 }, [27] = { 0, 2, 4, 6 }, [37] = { 0 },
		[6] = { 0 }, [7] = { 0 }, [17] = { 0 },
	};
	union { union bpf_attr a; u32 word[44]; } at;
	u64 seed = 1, failed = 0;
	int fds[3];

	start();
	fds[0] = map_make(all, BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	fds[1] = map_make(all, BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	fds[2] = prog_make(BPF_PROG_TYPE_SOCKET_FILTER);
#define RND(n) rnd(&seed, n)
	for (u32 i = 0; i < 200000; i++) {
		u32 cmd = RND(UAPI_CMDS), n = RND(6);
		struct skep *s = RND(4) ? all : unpriv;
		bool silent;
		long r;

		memset(&at, 0, sizeof(at));
		while (n--)
			at.word[RND(30)] = RND(3) ? RND(40) : 1u << RND(32);
		if (cmd == BPF_MAP_CREATE) /* no memory for gigabytes, and no descriptor is kept */
			at.a.key_size &= 0xff, at.a.value_size &= 0xff, at.a.max_entries &= 0xff;
		for (u32 k = 0; k < 10 && (!k || pointers[cmd][k]) && (k || pointers[cmd][0] || pointers[cmd][1]); k++) {
			u64 p = RND(4) ? ptr(memory) : 0;
			memcpy(&at.word[pointers[cmd][k]], &p, 8);
		}
		if (cmd == 37 || cmd == 6 || cmd == 7 || cmd == 17) {
			u64 p = RND(4) ? ptr(memory) : 0;
			memcpy(at.word, &p, 8);
		}
		if (RND(2))
			at.word[cmd >= 24 && cmd <= 27 ? 9 : 0] = cmd == 6 || cmd == 7 || cmd == 5 || cmd == 18 || cmd == 17 ? at.word[0] : (u32)fds[RND(3)];
		if (cmd == 10)
			at.word[2] &= 63, at.word[3] &= 63, at.word[8] &= 7, at.word[10] &= 63, at.word[11] &= 63;
		if (cmd == 5)
			at.word[1] &= 0xff, at.word[19] &= 63, at.word[22] &= 63, at.word[7] &= 0xff, at.word[23] &= 63, at.word[26] &= 63,
			at.word[29] &= 63, at.word[34] &= 63;
		if (cmd == 15)
			at.word[1] &= 0xff;
		if (cmd >= 24 && cmd <= 27)
			at.word[8] &= 15;
		if (cmd == 18)
			at.word[4] &= 0xff, at.word[5] &= 0xff;
		memset(memory, 0, 512);
		r = skep_bpf_in(s, (int)cmd, &at.a, sizeof(at));
		silent = r < 0 && !*skep_reason();
		if (silent && test_failures < 20)
			printf("#   command %u fails with %ld and says nothing\n", cmd, r);
		CHECK(!silent);
		failed += r < 0;
		if (r > 2 && r != fds[0] && r != fds[1] && r != fds[2])
			close((int)r);
	}
	CHECK(failed > 100000);
}
