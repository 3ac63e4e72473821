/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Look-ups in arrays of maps, and in the arrays found there, which stand in the program: on every engine, hardened or not, for slots that
 * hold a map, hold another now, hold none, are not there, or were set by another process.
 */
#include <errno.h>
#include <unistd.h>

#include "isa/isa.h"
#include "map/map.h"
#include "unit/sys_kit.h"

#define SLOTS 4
#define ELEMENTS 3

/* The packet's words are the slot and the element: 100 and the element's value, 10 without one, 1 without a map. */
#define GET "*(u64 *)(r10 -8) = 0\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall 26\n"
#define FIND "r1 = map[fd:0]\nr2 = r10\nr2 += -8\ncall 1\n"
#define LOOK "r1 = r0\nr2 = r10\nr2 += -4\ncall 1\nif r0 != 0 goto there\nr0 = 10\nexit\nthere:\n"
#define SHOW "r0 = *(u64 *)(r0 +0)\nr0 += 100\nexit\n"
#define NONE "none:\nr0 = 1\nexit\n"
static const char *const forms[] = {
	GET FIND "if r0 == 0 goto none\n" LOOK SHOW NONE,
	GET FIND "if r0 != 0 goto map\n" NONE "map:\n" LOOK SHOW,
	GET FIND "r1 = 5\nif r0 == 0 goto none\n" LOOK SHOW NONE,
};
static const char constant[] = /* the element's check is no part of it: it is always there */
	GET FIND "if r0 == 0 goto none\n"
	"r6 = 2\n*(u32 *)(r10 -8) = r6\nr1 = r0\nr2 = r10\nr2 += -8\ncall 1\n" SHOW NONE;

static int load(struct skep *s, const char *text, int outer)
{
	struct bpf_insn *in;
	char *err;
	union bpf_attr a;
	int n = isa_asm(text, NULL, &in, &err), fd;

	CHECK(n > 0);
	for (int i = 0; i < n; i++)
		if (in[i].code == 0x18 && in[i].src_reg == BPF_PSEUDO_MAP_FD)
			in[i].imm = outer;
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	a.insns = ptr(in);
	a.insn_cnt = (u32)n;
	a.license = ptr("GPL");
	fd = skep_bpf_in(s, BPF_PROG_LOAD, &a, sizeof(a));
	CHECK(fd >= 0);
	free(in);
	return fd;
}

static u32 run(struct skep *s, int prog, u32 slot, u32 element)
{
	u32 pkt[16] = { slot, element };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (u32)prog;
	a.test.data_in = ptr(pkt);
	a.test.data_size_in = sizeof(pkt);
	CHECK_EQ(skep_bpf_in(s, BPF_PROG_TEST_RUN, &a, sizeof(a)), 0);
	return a.test.retval;
}

static int elem(struct skep *s, enum bpf_cmd cmd, int map, u32 key, const void *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)map;
	a.key = ptr(&key);
	a.value = ptr(value);
	return skep_bpf_in(s, (int)cmd, &a, sizeof(a));
}

static int make_inner(struct skep *s, u32 flags, u64 first)
{
	int map = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 8, ELEMENTS, flags);

	for (u32 i = 0; i < ELEMENTS; i++) {
		u64 v = first + i;

		CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, map, i, &v), 0);
	}
	return map;
}

static int make_outer(struct skep *s, int inner)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	a.key_size = a.value_size = 4;
	a.max_entries = SLOTS;
	a.inner_map_fd = (u32)inner;
	return skep_bpf_in(s, BPF_MAP_CREATE, &a, sizeof(a));
}

/* As another process sets it that shares the map's memory: the number alone. */
static void set_elsewhere(struct skep *s, int outer, u32 slot, int inner)
{
	struct skep_map *o, *i;

	CHECK_EQ(skep_map_get(s, outer, &o), 0);
	CHECK_EQ(skep_map_get(s, inner, &i), 0);
	*(u32 *)(void *)(((struct map *)(void *)o)->data + 8 * slot) = ((struct map *)(void *)i)->obj.id;
	skep_map_put(o);
	skep_map_put(i);
}

static void check(struct skep *s, const char *text, u32 flags, bool always)
{
	int a = make_inner(s, flags, 1000), b = make_inner(s, flags, 2000), outer = make_outer(s, a), prog = load(s, text, outer);
	int other = map_make(s, BPF_MAP_TYPE_ARRAY, 4, 16, ELEMENTS, flags);

	CHECK_EQ(run(s, prog, 1, 0), 1);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, outer, 1, &a), 0);
	for (u32 e = 0; e < ELEMENTS; e++)
		CHECK_EQ(run(s, prog, 1, e), 1100 + (always ? 2 : e));
	for (u32 e = ELEMENTS; !always && e; e <<= 15)
		CHECK_EQ(run(s, prog, 1, e), 10);
	CHECK_EQ(elem(s, BPF_MAP_UPDATE_ELEM, outer, 1, &b), 0);
	CHECK_EQ(run(s, prog, 1, 2), 2102);
	CHECK_EQ(elem(s, BPF_MAP_DELETE_ELEM, outer, 1, NULL), 0);
	CHECK_EQ(run(s, prog, 1, 2), 1);
	set_elsewhere(s, outer, SLOTS - 1, b);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(run(s, prog, SLOTS - 1, 2), 2102);
	set_elsewhere(s, outer, 0, other); /* which is no such map */
	CHECK_EQ(run(s, prog, 0, 2), 1);
	CHECK_EQ(run(s, prog, SLOTS, 2), 1);
	CHECK_EQ(run(s, prog, ~0u, 2), 1);
	close(prog);
	close(outer);
	close(a);
	close(b);
	close(other);
}

TEST(maps_in_arrays)
{
	for (u32 how = 0; how < 4; how++) {
		struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1,
				       .engine = how & 1 ? SKEP_ENGINE_INTERP : SKEP_ENGINE_AUTO,
				       .spectre = how & 2 ? SKEP_SPECTRE_ON : SKEP_SPECTRE_OFF };
		struct skep *s;

		CHECK_EQ(skep_new(&o, &s), 0);
		for (u32 f = 0; f < ARRAY_SIZE(forms); f++)
			for (u32 own_size = 0; own_size < 2; own_size++)
				check(s, forms[f], own_size ? BPF_F_INNER_MAP : 0, false);
		check(s, constant, 0, true);
		skep_free(s);
	}
}
