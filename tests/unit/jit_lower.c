/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lowering inlines gives what the calls give: lookups in arrays with every form of NULL check, the number of the CPU; on
 * both engines, through the front door. Small functions are inlined at all (t/lower says that results are those of calls).
 */
#include "unit/door_kit.h"

#include <errno.h>
#include <unistd.h>

#include "prog/prog.h"

static const u32 engines[] = { SKEP_ENGINE_JIT, SKEP_ENGINE_INTERP };

/* The result of one run on a packet whose first word is `word`. */
static u32 run(const char *text, int map, u32 word)
{
	u32 packet[16] = { word }, ret = ~0u;
	int fd = load_text(BPF_PROG_TYPE_XDP, text, map);

	CHECK_EQ(run_on(fd, packet, sizeof(packet), &ret), 0);
	close(fd);
	return ret;
}

#define EACH for (u32 e_ = 0; e_ < ARRAY_SIZE(engines); skep_free(s), e_++) \
	if ((s = door_new((struct skep_opts){ .engine = engines[e_] })))

/* r6: the packet's first word, in the slot of the key. */
#define KEY                                                                                             \
	"r2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\nr4 = r2\nr4 += 8\nr0 = 0\nif r4 > r3 goto end\n"     \
	"r6 = *(u32 *)(r2 +0)\n*(u32 *)(r10 -4) = r6\nr2 = r10\nr2 += -4\nr1 = map[m]\ncall map_lookup_elem\n"

static const char *const forms[] = {
	KEY "if r0 == 0 goto end\nr0 = *(u32 *)(r0 +0)\nend: exit\n",
	KEY "if r0 != 0 goto hit\nr0 = 0\ngoto end\nhit: r0 = *(u32 *)(r0 +0)\nend: exit\n",
	KEY "r7 = r0\nr0 = 0\nif r7 == 0 goto end\nr0 = *(u32 *)(r7 +0)\nend: exit\n",
	KEY "if r0 == 0 goto miss\nr0 = *(u32 *)(r0 +0)\nend: exit\nmiss: r0 = 0\ngoto end\n",
	/* a loop leads to the check as well */
	KEY "r8 = 3\nagain: if r0 == 0 goto end\nr8 += -1\nif r8 != 0 goto again\nr0 = *(u32 *)(r0 +0)\nend: exit\n",
	KEY "if r0 == 0 goto end\nr1 = *(u32 *)(r0 +0)\nr1 += r6\nr1 -= r6\n*(u32 *)(r0 +0) = r1\nr0 = r1\nend: exit\n",
};

static void lookups(u32 type, u32 value_size, u32 n)
{
	u8 value[256 * 64] = { 0 };

	EACH {
		int map = make_map(type, 4, value_size, n);

		CHECK(map >= 0);
		for (u32 i = 0; i < n; i++) {
			u32 v = 1000 + i;

			for (u32 c = 0; c + value_size <= sizeof(value); c += ROUND_UP(value_size, 8u))
				memcpy(value + c, &v, sizeof(v));
			CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, map, i, value), 0);
		}
		for (u32 f = 0; f < ARRAY_SIZE(forms); f++) {
			for (u32 i = 0; i < n; i++)
				CHECK_EQ(run(forms[f], map, i), 1000 + i);
			CHECK_EQ(run(forms[f], map, n), 0);
			CHECK_EQ(run(forms[f], map, n + 1), 0);
			CHECK_EQ(run(forms[f], map, 0x7fffffff), 0);
			CHECK_EQ(run(forms[f], map, 0x80000000), 0);
			CHECK_EQ(run(forms[f], map, 0xffffffff), 0);
		}
		close(map);
	}
}

TEST(lookups_in_arrays)
{
	lookups(BPF_MAP_TYPE_ARRAY, 4, 5);
	lookups(BPF_MAP_TYPE_ARRAY, 8, 4);
	lookups(BPF_MAP_TYPE_ARRAY, 20, 3);
	lookups(BPF_MAP_TYPE_PERCPU_ARRAY, 8, 3);
	lookups(BPF_MAP_TYPE_PERCPU_ARRAY, 12, 3);
}

TEST(lookups_with_constant_keys)
{
	u32 v[2] = { 77, 78 };

	EACH {
		int map = make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 2);

		CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, map, 0, &v[0]), 0);
		CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, map, 1, &v[1]), 0);
		CHECK_EQ(run("*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = map[m]\ncall map_lookup_elem\nif r0 == 0 goto end\n"
			     "r0 = *(u32 *)(r0 +0)\nend: exit\n", map, 0), 78);
		CHECK_EQ(run("*(u32 *)(r10 -4) = 2\nr2 = r10\nr2 += -4\nr1 = map[m]\ncall map_lookup_elem\nif r0 == 0 goto end\n"
			     "r0 = *(u32 *)(r0 +0)\nend: exit\n", map, 0), 0);
		close(map);
	}
}

TEST(the_cpu_is_the_runs)
{
	EACH {
		CHECK_EQ(run("call get_smp_processor_id\nr6 = r0\ncall get_smp_processor_id\nr0 -= r6\nexit\n", 0, 0), 0);
	}
}

/* Operations of this kind in the program as it is lowered. */
static u32 count(const struct bpf_insn *insns, u32 n, u16 op)
{
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (u64)(uintptr_t)insns, .insn_cnt = n,
			     .license = (u64)(uintptr_t) "GPL" };
	const struct image *img;
	struct skep_prog *p;
	u32 found = 0;
	int fd = cmd(BPF_PROG_LOAD, &a);

	CHECK(fd >= 0 && !skep_prog_get(s, fd, &p));
	img = &((struct prog *)(void *)p)->image;
	for (u32 i = 0; i < img->n; i++)
		found += img->ops[i].op == op;
	skep_prog_put(p);
	close(fd);
	return found;
}

#define MOV(d, k) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (d), .imm = (k) }
#define CALL_AT(off) { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = (off) }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

TEST(small_functions_are_not_called)
{
	const struct bpf_insn leaf[] = { MOV(1, 3), CALL_AT(2), CALL_AT(1), EXIT, MOV(0, 2), EXIT };
	const struct bpf_insn stack[] = { MOV(1, 3), CALL_AT(1), EXIT,
					  { .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8 }, MOV(0, 2), EXIT };
	const struct bpf_insn nested[] = { MOV(1, 3), CALL_AT(1), EXIT, CALL_AT(1), EXIT, MOV(0, 2), EXIT };

	EACH {
		CHECK_EQ(count(leaf, ARRAY_SIZE(leaf), OP_CALL_SUB), 0);
		CHECK_EQ(count(stack, ARRAY_SIZE(stack), OP_CALL_SUB), 1);
		CHECK_EQ(count(nested, ARRAY_SIZE(nested), OP_CALL_SUB), 1); /* the inner one is inlined */
	}
}
