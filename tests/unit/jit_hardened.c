/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hardened programs get: masks that hold for every offset, indirect jumps only in the thunk, a landing mark at each entry,
 * and no load at all without random numbers.
 */
#include "unit/jit_kit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Zydis/Zydis.h>

#include "lower/seq.h"
#include "skep/skep.h"

/* ---- masks ---- */
/* r0 = r1 +- r2 with the mask; r3 shows what became of the offset's register. */
static void mask_program(struct kit *k, bool add, u8 state, u32 limit, bool swapped)
{
	struct ins op = { .op = add ? OP_ADD64_X : OP_SUB64_X, .dst = swapped ? 2 : 1, .src = swapped ? 1 : 2 };
	struct seq s = { .n = 0 };

	lower_mask(&s, &op, state, limit);
	*k = (struct kit){ .ops = calloc(s.n + 8, sizeof(struct ins)) };
	k->ops[k->n++] = (struct ins){ .op = OP_LDX_DW, .dst = 2, .src = 1, .off = 8 };
	k->ops[k->n++] = (struct ins){ .op = OP_LDX_DW, .dst = 1, .src = 1 };
	memcpy(k->ops + k->n, s.op, s.n * sizeof(struct ins));
	k->n += s.n;
	k->ops[k->n++] = (struct ins){ .op = OP_MOV64_X, .dst = 0, .src = op.dst };
	k->ops[k->n++] = (struct ins){ .op = OP_EXIT };
	kit_find_subs(k, 0);
	CHECK_EQ(kit_compile(k, &kit_opts[3]), 0);
}

static void check_mask(bool add, bool neg, bool swapped, u32 limit)
{
	const u64 base = 0x7000000000001000;
	struct kit k;

	mask_program(&k, add, (u8)((swapped ? ALU_SAN_DST : ALU_SAN_SRC) | (neg ? ALU_SAN_NEG : 0)), limit, swapped);
	for (s64 off = -130; off <= 130; off++) {
		s64 size = neg ? -off : off;
		bool inside = size >= 0 && size <= (s64)limit;
		u64 arg[2] = { base, (u64)off };
		u64 want = inside ? base + (u64)(add ? off : -off) : base;

		CHECK_EQ(kit_go(&k.vm, arg), want);
		CHECK_EQ(kit_go(&k.jit, arg), want);
	}
	kit_drop(&k);
}

/* Exact for what the program does, the pointer itself for what only a mistaken prediction does. */
TEST(masks_hold_for_every_offset)
{
	for (u32 limit = 0; limit <= 64; limit++)
		for (u32 how = 0; how < 8; how++)
			if (!(how & 4) || how & 1) /* a scalar minus a pointer is nothing */
				check_mask(how & 1, how & 2, how & 4, limit);
}

/* ---- the code ---- */
static u64 nothing(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)r;
	return 0;
}

static void branchy(struct kit *k)
{
	static const struct ins ops[] = {
		{ .op = OP_MOV64_X, .dst = 6, .src = 1 },
		{ .op = OP_NOSPEC },
		{ .op = OP_CALL, .dst = 1, .imm64 = 0 },
		{ .op = OP_POLL },
		{ .op = OP_LDIMM64_FUNC, .dst = 2, .target = 14 },
		{ .op = OP_MOV64_K, .dst = 3, .imm = 3 },
		{ .op = OP_TAIL_CALL },
		{ .op = OP_NOSPEC },
		{ .op = OP_MAY_GOTO, .target = 10 },
		{ .op = OP_JA, .target = 8 },
		{ .op = OP_PROBE_DW, .dst = 0, .src = 6 },
		{ .op = OP_CALL_SUB, .target = 14 },
		{ .op = OP_LDABS_W, .imm = 4, .imm64 = 0 },
		{ .op = OP_EXIT },
		{ .op = OP_MOV64_K, .dst = 0, .imm = 1 },
		{ .op = OP_EXIT },
	};

	*k = (struct kit){ .ops = malloc(sizeof(ops)), .n = ARRAY_SIZE(ops) };
	memcpy(k->ops, ops, sizeof(ops));
	k->ops[2].imm64 = k->ops[12].imm64 = (u64)(uintptr_t)nothing;
	kit_find_subs(k, 64);
}

struct counts { u32 fences, indirect, endbr; };

static struct counts count(const u8 *code, u32 size)
{
	struct counts c = { 0 };
	ZydisDecoder d;
	ZydisDecodedInstruction i;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];

	ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (u32 at = 0; at < size; at += i.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, code + at, size - at, &i, op)))
			break; /* constants behind the code */
		c.fences += i.mnemonic == ZYDIS_MNEMONIC_LFENCE;
		c.endbr += i.mnemonic == ZYDIS_MNEMONIC_ENDBR64;
		c.indirect += (i.mnemonic == ZYDIS_MNEMONIC_CALL || i.mnemonic == ZYDIS_MNEMONIC_JMP) &&
			      op[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE;
	}
	return c;
}

#define ENDBR64 "\xf3\x0f\x1e\xfa"

TEST(no_indirect_jumps_but_in_the_thunk)
{
	const struct jit_opts hard = { .hardened = true }, soft = { 0 };
	struct counts with, without;
	struct kit k;

	if (!jit_available())
		SKIP("no executable memory");
	branchy(&k);
	CHECK_EQ(kit_compile(&k, &hard), 0);
	with = count(k.code.code, k.code.size);
	CHECK_EQ(with.indirect, 0);
	CHECK_EQ(with.fences, 3); /* two of the program's, one in the thunk */
	CHECK(!memcmp(k.code.entry, ENDBR64, 4));
	CHECK(!memcmp(k.code.call, ENDBR64, 4));
	CHECK(!memcmp(k.code.sub_entry[1], ENDBR64, 4));
	CHECK(!memcmp(k.code.hop, ENDBR64, 4) && k.code.hop != k.code.entry);
	CHECK_EQ(with.endbr, 4);
	jit_free(&k.code);
	CHECK_EQ(kit_compile(&k, &soft), 0);
	without = count(k.code.code, k.code.size);
	CHECK(without.indirect >= 2);
	CHECK_EQ(without.fences, 2);
	kit_drop(&k);
}

/* ---- random numbers ---- */
/* From here on getrandom fails in this process. */
static void no_random(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { ARRAY_SIZE(f), f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		_exit(77);
}

static int load_in(struct skep *s)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 42 }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .insns = (u64)(uintptr_t)insns,
			     .license = (u64)(uintptr_t)"GPL" };

	return skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
}

TEST(no_random_numbers_no_program)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct skep_opts o = { .sz = sizeof(o), .caps_set = 1, .flags = SKEP_F_UNPRIV_ALLOWED };
		struct skep *s;

		if (skep_new(&o, &s) || load_in(s) < 0)
			_exit(1);
		no_random();
		_exit(load_in(s) == -EIO ? 0 : 2);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no seccomp");
	CHECK_EQ(WEXITSTATUS(status), 0);
}
