/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2) itself: every command with attributes of every size, with rubbish behind them, with bad and wrong descriptors and
 * flags, for callers of several privileges: the errno must be the kernel's.
 *
 * Commands that would attach something get no descriptor they could attach: nothing changes on the machine.
 */
#include "kit.h"

/* 6.18's attr is longer than what the system's header knows. */
union big_attr {
	union bpf_attr a;
	u32 word[1100];
};

enum { FD_MAP, FD_HASH, FD_PROG, FD_FILE, FDS };
static int fds[BACKENDS][FDS];
static u64 buffer[1 << 14]; /* what pointers in attributes point to; its start is zero before each call */

/*
 * Which words of a command's attributes are descriptors and pointers: pointers are NULL or good here, because a function
 * of a library may not be asked about bad ones. `count` is a word that tells how much is read or written.
 */
static const struct shape {
	int cmd;
	s8 fd, pointer[9], count;
} shapes[] = {
	{ 1, 0, { 2, 4, -1 }, -1 }, { 2, 0, { 2, 4, -1 }, -1 }, { 3, 0, { 2, 4, -1 }, -1 }, { 4, 0, { 2, 4, -1 }, -1 },
	{ 21, 0, { 2, 4, -1 }, -1 }, { 22, 0, { 2, 4, -1 }, -1 },
	{ 10, 0, { 4, 6, 12, 14, -1 }, 2 },
	{ 15, 0, { 2, -1 }, 1 },
	{ 16, 0, { 4, 8, 10, 12, -1 }, 6 },
	{ 18, -1, { 0, 2, -1 }, 4 },
	{ 20, 1, { 4, -1 }, 3 },
	{ 24, 9, { 0, 2, 4, 6, -1 }, 8 }, { 25, 9, { 0, 2, 4, 6, -1 }, 8 }, { 26, 9, { 0, 2, 4, 6, -1 }, 8 },
	{ 27, 9, { 0, 2, 4, 6, -1 }, 8 },
	{ 37, 4, { 0, -1 }, 2 },
	{ 5, -1, { 2, 4, 8, 20, 24, 30, 32, 38, -1 }, -1 },
	{ 6, -1, { 0, -1 }, -1 }, { 7, -1, { 0, -1 }, -1 }, { 17, -1, { 0, -1 }, -1 },
};

static void open_fds(void)
{
	static struct prog two;
	struct prog *p = &two;

	prog_start(p, BPF_PROG_TYPE_SOCKET_FILTER);
	MOV_K(0, 0);
	EXIT();
	for (u32 b = 0; b < kit.nbe; b++) {
		fds[b][FD_MAP] = (int)map_new(&kit.be[b], BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
		fds[b][FD_HASH] = (int)map_new(&kit.be[b], BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
		fds[b][FD_PROG] = (int)prog_load(&kit.be[b], p, NULL, 0);
		fds[b][FD_FILE] = STDIN_FILENO;
	}
}

/* Commands that change the system when they succeed; they see only descriptors that are none. */
static bool attaches(int cmd)
{
	return cmd == BPF_PROG_ATTACH || cmd == BPF_PROG_DETACH || cmd == BPF_RAW_TRACEPOINT_OPEN || cmd == BPF_LINK_CREATE ||
	       cmd == BPF_OBJ_PIN || cmd == BPF_OBJ_GET || cmd == BPF_LINK_UPDATE;
}

/* Ids and what is there are the system's own affair: no answer to compare. */
static bool own_affair(int cmd, u32 first_word, bool first_is_fd)
{
	bool walks = cmd == BPF_PROG_GET_NEXT_ID || cmd == BPF_MAP_GET_NEXT_ID || cmd == BPF_BTF_GET_NEXT_ID ||
		     cmd == BPF_LINK_GET_NEXT_ID || cmd == BPF_PROG_GET_FD_BY_ID || cmd == BPF_MAP_GET_FD_BY_ID ||
		     cmd == BPF_BTF_GET_FD_BY_ID || cmd == BPF_LINK_GET_FD_BY_ID;

	return walks && (first_is_fd || first_word < 0x7fffff00);
}

static void compare(int cmd, const union big_attr *want, const u32 kind[16], u32 size, const char *what)
{
	static union big_attr at[BACKENDS];
	long r[BACKENDS] = { 0 };

	if (own_affair(cmd, want->word[0], kind[0] != 0))
		return;
	kit.doing = what;
	for (u32 b = 0; b < kit.nbe; b++) {
		at[b] = *want;
		memset(buffer, 0, 4096);
		for (u32 i = 0; i < 16; i++)
			if (kind[i])
				at[b].word[i] = (u32)fds[b][kind[i] - 1];
		r[b] = be_bpf_size(&kit.be[b], cmd, &at[b].a, size);
		if (r[b] > 0)
			close((int)r[b]);
		if (r[b] > 0)
			r[b] = 0;
	}
	for (u32 b = 1; b < kit.nbe; b++) {
		if (r[b] == r[0]) {
			kit_agree();
		} else if (r[b] == -EOPNOTSUPP) {
			kit.tally->skipped++; /* skep says that it does not do this */
		} else if (kit_differ("cmd %d, %s: kernel %s, %s %s", cmd, what, err_name(r[0]), kit.be[b].name,
				      err_name(r[b]))) {
			printf(" %s size %u, words", kit.as, size);
			for (u32 i = 0; i < 24; i++)
				printf(" %s%#x", i < 16 && kind[i] ? "fd:" : "", i < 16 && kind[i] ? kind[i] : want->word[i]);
			putchar('\n');
		}
	}
}

static const u32 no_fds[16];

static const struct shape *shape_of(int cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].cmd == cmd)
			return &shapes[i];
	return NULL;
}

static bool is_pointer(const struct shape *sh, u32 word)
{
	for (u32 i = 0; sh && i < ARRAY_SIZE(sh->pointer) && sh->pointer[i] >= 0; i++)
		if ((s32)word == sh->pointer[i] || (s32)word == sh->pointer[i] + 1)
			return true;
	return false;
}

static void sizes(int cmd)
{
	const struct shape *sh = shape_of(cmd);
	static const u32 size[] = { 0, 1, 3, 4, 7, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 56, 64, 72, 80, 100, 112, 116, 120, 124,
				    128, 136, 140, 144, 148, 152, 156, 160, 164, 168, 172, 176, 200, 256, 1024, 4095, 4096, 4097, 5000 };
	static union big_attr at;

	for (size_t i = 0; i < ARRAY_SIZE(size); i++) {
		memset(&at, 0, sizeof(at));
		compare(cmd, &at, no_fds, size[i], "all zero");
		if (size[i] < 4 || is_pointer(sh, (size[i] - 1) / 4))
			continue;
		/* One byte set, last or anywhere. */
		((u8 *)&at)[MIN(size[i], (u32)sizeof(at)) - 1] = 1;
		compare(cmd, &at, no_fds, size[i], "last byte set");
	}
	for (u32 i = 4; i < 200; i += 4) {
		memset(&at, 0, sizeof(at));
		if (is_pointer(sh, i / 4))
			continue;
		at.word[i / 4] = 1;
		compare(cmd, &at, no_fds, sizeof(union bpf_attr), "one word set");
		compare(cmd, &at, no_fds, 256, "one word set, long");
	}
}

static void fields(int cmd)
{
	static const u32 values[] = { 0, 1, 1, 2, 3, 4, 5, 8, 16, 64, 0xff, 0x100, 4096, 999, 0xffffffff, 0x7fffffff, 0x80000000 };
	const struct shape *sh = shape_of(cmd);
	static union big_attr at;

	/* No random program, map or types: those have tests of their own. */
	if (cmd == BPF_PROG_LOAD || cmd == BPF_MAP_CREATE || cmd == BPF_BTF_LOAD)
		return;
	for (u64 i = 0; i < kit.n * 100; i++) {
		u32 kind[16] = { 0 }, words = below(4);

		memset(&at, 0, sizeof(at));
		for (u32 w = 0; sh && w < ARRAY_SIZE(sh->pointer) && sh->pointer[w] >= 0; w++) {
			u64 p = ptr(buffer);

			if (chance(80))
				memcpy(&at.word[sh->pointer[w]], &p, 8);
		}
		while (words--) {
			u32 to = below(16);

			if (!is_pointer(sh, to))
				at.word[to] = PICK(values);
		}
		if (sh && sh->count >= 0)
			at.word[sh->count] &= 0xf;
		/* A small number could be a descriptor of the other side's. */
		for (u32 w = 0; w < 10; w++)
			if (((s32)w == (sh ? sh->fd : 0) || (cmd == BPF_PROG_BIND_MAP && w == 1)) && at.word[w] && at.word[w] < 64)
				at.word[w] = 999;
		if (!attaches(cmd) && chance(80))
			kind[sh && sh->fd >= 0 ? sh->fd : 0] = sh && sh->fd < 0 ? 0 : 1 + below(FDS);
		if (cmd == BPF_PROG_BIND_MAP && chance(70))
			kind[1] = 1 + below(FDS);
		/* Attaching needs a descriptor: none is open with such a number. */
		for (u32 w = 0; attaches(cmd) && w < 16; w++)
			if (at.word[w] < 64 && !is_pointer(sh, w))
				at.word[w] = 999;
		/* No test run for hours, nor of more than the buffer has. */
		if (cmd == BPF_PROG_TEST_RUN) {
			at.a.test.repeat &= 7;
			at.a.test.ctx_size_in &= 0xff;
			at.a.test.data_size_in &= 0xff;
		}
		compare(cmd, &at, kind, chance(80) ? sizeof(union bpf_attr) : below(20) * 8, "fields"); /* no half pointers */
	}
}

/* Loading a program: one thing wrong at a time. */
static void prog_fields(void)
{
	static const struct bpf_insn two[] = { { .code = 0xb7 }, { .code = 0x95 } };
	static const u32 counts[] = { 0, 1, 2, 3, 4096, 4097, 1000000, 1000001, 0xffffffff };
	static char log[256];
	static union big_attr at;

	for (u64 i = 0; i < kit.n * 200; i++) {
		memset(&at, 0, sizeof(at));
		at.a.prog_type = chance(70) ? BPF_PROG_TYPE_SOCKET_FILTER : below(UAPI_PROG_TYPES + 2);
		at.a.insn_cnt = chance(80) ? 2 : PICK(counts);
		at.a.insns = at.a.insn_cnt == 2 ? ptr(two) : ptr(buffer);
		at.a.license = ptr("GPL");
		/* More instructions than the buffer has. */
		if (at.a.insn_cnt == 1000000)
			continue;
		if (chance(15))
			at.a.log_level = below(20);
		if (chance(15))
			at.a.log_buf = ptr(log);
		if (chance(15))
			at.a.log_size = chance(50) ? sizeof(log) : below(200);
		if (chance(15))
			at.a.prog_flags = chance(50) ? 1u << below(12) : (u32)rnd();
		if (chance(10))
			at.a.kern_version = (u32)rnd();
		if (chance(10))
			memcpy(at.a.prog_name, chance(50) ? "good_name" : "bad name!", 9);
		if (chance(5))
			memset(at.a.prog_name, 'x', sizeof(at.a.prog_name));
		if (chance(5))
			at.a.expected_attach_type = below(UAPI_ATTACH_TYPES + 3);
		if (chance(5))
			at.a.prog_btf_fd = 999;
		if (chance(5))
			at.a.attach_btf_id = 1;
		if (chance(5))
			at.a.attach_prog_fd = 999;
		if (chance(5))
			at.a.func_info_cnt = 1;
		if (chance(5))
			at.a.func_info_rec_size = 8;
		if (chance(5))
			at.a.line_info_cnt = 1;
		if (chance(5))
			at.a.core_relo_cnt = 1;
		if (chance(3))
			at.a.prog_ifindex = below(3);
		/* Nor types that this kernel was built without. */
		if (at.a.prog_type > 0 && at.a.prog_type < UAPI_PROG_TYPES && !kit_nattach[at.a.prog_type])
			continue;
		if (at.a.prog_type == BPF_PROG_TYPE_TRACING || at.a.prog_type == BPF_PROG_TYPE_EXT ||
		    at.a.prog_type == BPF_PROG_TYPE_LSM || at.a.prog_type == BPF_PROG_TYPE_STRUCT_OPS)
			continue;
		compare(BPF_PROG_LOAD, &at, no_fds, chance(80) ? sizeof(union bpf_attr) : 48 + below(15) * 8, "program");
	}
}

static void all_commands(void)
{
	open_fds();
	for (int cmd = 0; cmd < UAPI_CMDS + 3; cmd++) {
		char name[32];

		snprintf(name, sizeof(name), "cmd%d.", cmd);
		if (!kit_wanted(name))
			continue;
		alarm(60);
		sizes(cmd);
		fields(cmd);
		if (cmd == BPF_PROG_LOAD)
			prog_fields();
	}
	for (u32 b = 0; b < kit.nbe; b++)
		for (u32 f = 0; f < FD_FILE; f++)
			close(fds[b][f]);
}

int main(int argc, char **argv)
{
	kit_start("syscall", argc, argv, 20, 1u << JIT);
	find_attach_types();
	all_commands();
	kit_as(" with BPF", CAP_BIT(CAP_BPF), all_commands);
	kit_as(" with BPF+PERFMON+NET_ADMIN", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_NET_ADMIN), all_commands);
	kit_as(" without capabilities", 0, all_commands);
	return kit_end();
}
