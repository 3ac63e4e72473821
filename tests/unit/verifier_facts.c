/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the proof says about loads, stores and calls: lower/ and the engines rely on it, so it must hold on every path.
 */
#include <errno.h>

#include "isa/isa.h"
#include "unit/test.h"
#include "verifier/verify.h"

/* Maps by descriptor number; the inner template is nobody's map. */
static struct map_desc inner = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4 };
static struct map_desc outer = { .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 2,
				 .inner = &inner };
static struct map_desc array = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 8 };
static struct map_desc other = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 8 };
static struct map_desc hash = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 16, .max_entries = 8 };
static const u8 text[8] = { 1, 2, 3, 4, 0x80, 0xff, 0xff, 0xff };
static struct map_desc rodata = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
				  .flags = BPF_F_RDONLY_PROG, .rodata = text };
enum { OUTER = 10, ARRAY, OTHER, HASH, RODATA };

static int map_by_fd(void *cookie, int fd, const struct map_desc **ret_map)
{
	static struct map_desc *const maps[] = { &outer, &array, &other, &hash, &rodata };

	(void)cookie;
	if (fd < OUTER || fd > RODATA)
		return -EBADF;
	*ret_map = maps[fd - OUTER];
	return 0;
}

static int named_map(void *cookie, const char *name)
{
	static const char *const names[] = { "outer", "array", "other", "hash", "rodata" };

	(void)cookie;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (int)(OUTER + i);
	return -1;
}

static int helper_id(void *cookie, const char *name)
{
	(void)cookie;
	return helper_id_by_name(name);
}

static struct bpf_insn *insns;

/* Verify a program's text; NULL when it is refused, with the log if that was not to be. */
static struct proof *verify(const char *src, u32 type, u32 caps, bool refusal)
{
	const struct asm_opts opts = { .helper_id = helper_id, .map_fd = named_map };
	struct vf_input in = { .prog_type = type, .caps = caps, .gpl = true, .name = "", .map_by_fd = map_by_fd };
	struct proof *p = NULL;
	struct vf_stats stats;
	struct log log;
	char *err;
	int n;

	free(insns);
	insns = NULL;
	n = isa_asm(src, &opts, &insns, &err);
	if (n < 0) {
		printf("# %s\n", err);
		CHECK(!"assembles");
		return NULL;
	}
	in.insns = insns;
	in.insn_cnt = (u32)n;
	log_init(&log, LOG_LEVEL1);
	if (vf_verify(&in, &log, &p, &stats) && !refusal)
		printf("# %s\n", str_text(&log.text));
	log_free(&log);
	return p;
}

static struct proof *prove(const char *src, u32 type, u32 caps)
{
	return verify(src, type, caps, false);
}

static bool refused(const char *src, u32 type, u32 caps)
{
	struct proof *p = verify(src, type, caps, true);

	vf_proof_free(p);
	return !p;
}

/* Instruction of the nth call of a helper. */
static u32 call_at(const struct proof *p, u32 nth)
{
	for (u32 i = 0; i < p->n; i++)
		if (p->ins[i].op == OP_CALL && !nth--)
			return i;
	return 0;
}

/* Linux, and so we, know a constant key only in the low half of a stack slot. */
#define KEY "r2 = r10\n r2 += -8\n"
#define ALL_CAPS (CAPB_BPF | CAPB_PERFMON | CAPB_NET_ADMIN | CAPB_SYS_ADMIN)

TEST(an_inner_map_is_no_constant_map)
{
	struct proof *p = prove("*(u32 *)(r10 -8) = 0\n r1 = map[outer]\n" KEY "call bpf_map_lookup_elem\n"
				"if r0 == 0 goto out\n r1 = r0\n" KEY "call bpf_map_lookup_elem\n"
				"out:\n r0 = 0\n exit\n", BPF_PROG_TYPE_XDP, ALL_CAPS);

	CHECK(p);
	if (!p)
		return;
	CHECK(p->fact[call_at(p, 0)].call_const_map && p->fact[call_at(p, 0)].map == &outer);
	CHECK(!p->fact[call_at(p, 1)].call_const_map);
	CHECK_EQ(p->nmaps, 1);
	vf_proof_free(p);
}

TEST(two_paths_with_two_maps)
{
	struct proof *p = prove("r6 = *(u32 *)(r1 +12)\n *(u32 *)(r10 -8) = 1\n r1 = map[array]\n if r6 == 7 goto go\n"
				"r1 = map[other]\n go:\n" KEY "call bpf_map_lookup_elem\n r0 = 0\n exit\n",
				BPF_PROG_TYPE_XDP, ALL_CAPS);
	const struct insn_fact *f = p ? &p->fact[call_at(p, 0)] : NULL;

	CHECK(p);
	if (!p)
		return;
	CHECK(!f->call_const_map);
	CHECK(f->key_const && f->key == 1);
	vf_proof_free(p);
}

TEST(keys_that_differ_or_miss)
{
	struct proof *p = prove("r6 = *(u32 *)(r1 +12)\n *(u32 *)(r10 -8) = 1\n if r6 == 7 goto go\n *(u32 *)(r10 -8) = 2\n"
				"go:\n r1 = map[array]\n" KEY "call bpf_map_lookup_elem\n r0 = 0\n exit\n",
				BPF_PROG_TYPE_XDP, ALL_CAPS);

	CHECK(p && p->fact[call_at(p, 0)].call_const_map && !p->fact[call_at(p, 0)].key_const);
	vf_proof_free(p);
	/* In range the value is always there; out of range it never is, and must be compared with NULL. */
	p = prove("*(u32 *)(r10 -8) = 7\n r1 = map[array]\n" KEY "call bpf_map_lookup_elem\n r0 = *(u64 *)(r0 +8)\n exit\n",
		  BPF_PROG_TYPE_XDP, ALL_CAPS);
	CHECK(p && p->fact[call_at(p, 0)].key_const && p->fact[call_at(p, 0)].key == 7);
	vf_proof_free(p);
	CHECK(refused("*(u32 *)(r10 -8) = 8\n r1 = map[array]\n" KEY "call bpf_map_lookup_elem\n r0 = *(u64 *)(r0 +8)\n exit\n",
		     BPF_PROG_TYPE_XDP, ALL_CAPS));
	CHECK(refused("*(u32 *)(r10 -8) = 7\n r1 = map[hash]\n" KEY "call bpf_map_lookup_elem\n r0 = *(u64 *)(r0 +8)\n exit\n",
		     BPF_PROG_TYPE_XDP, ALL_CAPS));
}

TEST(a_constant_key_is_precise)
{
	/* Two paths meet before the lookup; the one whose key is out of range must not be pruned against the other. */
	CHECK(refused("r6 = *(u32 *)(r1 +12)\n r7 = 1\n if r6 == 7 goto go\n r7 = 100\n go:\n *(u32 *)(r10 -8) = r7\n"
		     "r1 = map[array]\n" KEY "call bpf_map_lookup_elem\n r0 = *(u64 *)(r0 +8)\n exit\n",
		     BPF_PROG_TYPE_XDP, ALL_CAPS));
}

TEST(kinds_of_memory)
{
	struct proof *p = prove("r2 = *(u32 *)(r1 +0)\n"   /* 0 context */
				"r3 = *(u32 *)(r1 +4)\n"   /* 1 */
				"*(u64 *)(r10 -8) = 5\n"   /* 2 stack */
				"r4 = r2\n r4 += 8\n if r4 > r3 goto out\n"
				"r5 = *(u8 *)(r2 +7)\n"    /* 6 packet */
				"r6 = map[rodata][0]+0\n"
				"r5 = *(u8 *)(r6 +1)\n"    /* 9 map value */
				"out:\n r0 = 2\n exit\n", BPF_PROG_TYPE_XDP, ALL_CAPS);

	CHECK(p);
	if (!p)
		return;
	CHECK_EQ(p->fact[0].mem, MF_CTX);
	CHECK(p->fact[0].field && !strcmp(p->fact[0].field->name, "data"));
	CHECK_EQ(p->fact[2].mem, MF_STACK);
	CHECK_EQ(p->fact[6].mem, MF_PKT);
	CHECK_EQ(p->fact[9].mem, MF_MAP_VALUE);
	CHECK_EQ(p->max_pkt_off, 7);
	CHECK_EQ(p->max_ctx_off, 8);
	vf_proof_free(p);
}

TEST(frozen_values_are_constants)
{
	/* The branch that cannot be is dead: it would divide by 0. */
	struct proof *p = prove("r6 = map[rodata][0]+0\n r7 = *(u16 *)(r6 +2)\n if r7 == 0x403 goto out\n r0 = 1\n r0 /= 0\n"
				"out:\n r0 = *(s8 *)(r6 +4)\n if r0 s< 0 goto end\n r0 /= 0\n end:\n r0 = 2\n exit\n",
				BPF_PROG_TYPE_XDP, ALL_CAPS);

	CHECK(p);
	if (!p)
		return;
	CHECK(!p->fact[5].walked);
	vf_proof_free(p);
	CHECK(refused("r6 = map[rodata][0]+0\n *(u8 *)(r6 +0) = 1\n r0 = 0\n exit\n", BPF_PROG_TYPE_XDP, ALL_CAPS));
}

TEST(stores_that_need_a_barrier)
{
	struct proof *p = prove("*(u64 *)(r10 -8) = r1\n *(u64 *)(r10 -16) = 0\n *(u64 *)(r10 -16) = 1\n r0 = 0\n exit\n",
				BPF_PROG_TYPE_SOCKET_FILTER, CAPB_BPF);

	CHECK(p);
	if (!p)
		return;
	CHECK(p->strict_spec);
	CHECK(p->fact[0].nospec_result); /* a pointer */
	CHECK(p->fact[1].nospec_result); /* what was there is unknown */
	vf_proof_free(p);
	p = prove("*(u64 *)(r10 -8) = r1\n r0 = 0\n exit\n", BPF_PROG_TYPE_SOCKET_FILTER, ALL_CAPS);
	CHECK(p && !p->fact[0].nospec_result);
	vf_proof_free(p);
}

TEST(stack_of_functions_adds_up)
{
	struct proof *p = prove("*(u64 *)(r10 -256) = 0\n call f\n r0 = 0\n exit\n f:\n *(u64 *)(r10 -256) = 0\n r0 = 0\n exit\n",
				BPF_PROG_TYPE_XDP, ALL_CAPS);

	CHECK(p);
	if (!p)
		return;
	CHECK_EQ(p->sub[0].stack, 256);
	CHECK_EQ(p->sub[1].stack, 256);
	vf_proof_free(p);
	CHECK(refused("*(u64 *)(r10 -264) = 0\n call f\n r0 = 0\n exit\n f:\n *(u64 *)(r10 -256) = 0\n r0 = 0\n exit\n",
		     BPF_PROG_TYPE_XDP, ALL_CAPS));
	/* Tracing programs never run twice at once on a CPU: their functions have stacks of their own. */
	p = prove("*(u64 *)(r10 -512) = 0\n call f\n r0 = 0\n exit\n f:\n *(u64 *)(r10 -512) = 0\n r0 = 0\n exit\n",
		  BPF_PROG_TYPE_KPROBE, ALL_CAPS);
	CHECK(p);
	vf_proof_free(p);
}
