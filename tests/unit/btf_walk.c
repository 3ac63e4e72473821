/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Struct walks against the running kernel: a pointer cast to a random kernel struct is read at a random
 * offset; what the kernel's verifier says of the result (scalar, pointer to which struct, or which complaint)
 * must be what btf_struct_walk() says. Skipped where bpf(2) is not permitted. Environment: BTF_WALK_N cases
 * (default 1000), BTF_WALK_SEED.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "btf/priv.h"
#include "unit/btf_kit.h"
#include "unit/test.h"
#include "unit/walk_text.h"

/* r0 = (struct id *)ctx; r3 = *(r0 + off); then an error that keeps the log. */
static int kernel_walk(u32 cast, u32 id, s16 off, u8 code, char *log, u32 size)
{
	struct bpf_insn insns[] = {
		{ .code = 0xb7, .dst_reg = 2, .imm = (s32)id },
		{ .code = 0x85, .src_reg = 2, .imm = (s32)cast },
		{ .code = code, .dst_reg = 3, .src_reg = 0, .off = off },
		{ .code = 0xbf, .dst_reg = 0, .src_reg = 9 },
		{ .code = 0x95 },
	};
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS, .insn_cnt = 5, .log_level = 1, .log_size = size
	};

	a.insns = (uintptr_t)insns;
	a.license = (uintptr_t) "GPL";
	a.log_buf = (uintptr_t)log;
	log[0] = '\0';
	return syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)) < 0 ? -errno : 0;
}

/* Does the kernel's log say what the walk found? */
static bool agree(const struct btf *b, const char *log, int got, u32 next, u32 flags, const char *text)
{
	char want[300];
	const char *state = strstr(log, "\n2: ");

	if (got < 0)
		return strstr(log, text) && !strstr(log, "\n3: ");
	if (!state)
		return false;
	state = strstr(state, " R3");
	if (!state)
		return false;
	if (got == WALK_SCALAR && (flags & WALKF_PTR_MEM))
		snprintf(want, sizeof(want), "=rdonly_untrusted_mem(sz=0)");
	else if (got == WALK_SCALAR)
		snprintf(want, sizeof(want), "=scalar(");
	else
		snprintf(want, sizeof(want), "ptr_%s(", btf_type_name(b, next));
	return strstr(state, want) && strcspn(state, "\n") > (size_t)(strstr(state, want) - state);
}

TEST(walks_as_the_kernel)
{
	static const struct {
		u8 code;
		u32 size;
	} loads[] = { { 0x79, 8 }, { 0x79, 8 }, { 0x61, 4 }, { 0x69, 2 }, { 0x71, 1 } };
	u64 n = env_number("BTF_WALK_N", 1000), first = env_number("BTF_WALK_SEED", 1);
	u32 bad = 0, kinds[3] = { 0 }, refused = 0;
	const struct btf *b = kernel_types();
	static char log[65536];
	s32 cast = b ? btf_find(b, "bpf_rdonly_cast", BTF_KIND_FUNC) : -1;

	if (cast < 0 ||
	    (kernel_walk((u32)cast, 1, 0, 0x79, log, sizeof(log)), !strstr(log, "bpf_rdonly_cast")))
		SKIP("bpf(2) is not permitted here, or there is no bpf_rdonly_cast");
	for (u64 seed = first; seed < first + n && bad < 10; seed++) {
		u32 id, next = 0, flags = 0, pick;
		const char *field;
		char said[256] = "";
		struct btf_walk_bad nope;
		s32 off;
		int got;

		rng_state = seed * 0x5851f42d4c957f2dull + 9;
		do
			id = 1 + rnd(btf_type_count(b) - 1);
		while (btf_kind_of(btf_type(b, id)) != BTF_KIND_STRUCT || !*btf_type_name(b, id));
		off = (s32)rnd(MIN(btf_type(b, id)->size + 12, 30000u));
		if (rnd(3))
			off &= ~7;
		pick = rnd(ARRAY_SIZE(loads));
		kernel_walk((u32)cast, id, (s16)off, loads[pick].code, log, sizeof(log));
		got = btf_struct_walk(b, id, off, loads[pick].size, &next, &flags, &field, &nope);
		if (got < 0)
			walk_text(&nope, said, sizeof(said));
		refused += got < 0;
		if (got >= 0)
			kinds[got]++;
		if (!agree(b, log, got, next, flags, said)) {
			bad++;
			printf("#   case %llu: struct %s off %d size %u: skep %d, id %u %s\n#   "
			       "kernel:\n%s\n",
			       (unsigned long long)seed, btf_type_name(b, id), off, loads[pick].size, got,
			       next, said, log);
		}
	}
	CHECK_EQ(bad, 0);
	printf("#   %u scalars, %u pointers, %u refused\n", kinds[WALK_SCALAR], kinds[WALK_PTR], refused);
}
