/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Look-ups in arrays of maps, and in the arrays found there, which stand in the program: on every engine, hardened or not, for slots that
 * hold a map, hold another now, hold none, are not there, or were set by another process.
 */
#include "unit/door_kit.h"

#include <unistd.h>

#include "map/map.h"

#define SLOTS 4
#define ELEMENTS 3

/* The packet's words are the slot and the element: 100 and the element's value, 10 without one, 1 without a map. */
#define GET "*(u64 *)(r10 -8) = 0\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall skb_load_bytes\n"
#define FIND "r1 = map[m]\nr2 = r10\nr2 += -8\ncall map_lookup_elem\n"
#define LOOK "r1 = r0\nr2 = r10\nr2 += -4\ncall map_lookup_elem\nif r0 != 0 goto there\nr0 = 10\nexit\nthere:\n"
#define SHOW "r0 = *(u64 *)(r0 +0)\nr0 += 100\nexit\n"
#define NONE "none:\nr0 = 1\nexit\n"
static const char *const forms[] = {
	GET FIND "if r0 == 0 goto none\n" LOOK SHOW NONE,
	GET FIND "if r0 != 0 goto map\n" NONE "map:\n" LOOK SHOW,
	GET FIND "r1 = 5\nif r0 == 0 goto none\n" LOOK SHOW NONE,
};
static const char constant[] = /* the element's check is no part of it: it is always there */
	GET FIND "if r0 == 0 goto none\n"
	"r6 = 2\n*(u32 *)(r10 -8) = r6\nr1 = r0\nr2 = r10\nr2 += -8\ncall map_lookup_elem\n" SHOW NONE;

static u32 run(int prog, u32 slot, u32 element)
{
	u32 pkt[16] = { slot, element }, ret = ~0u;

	CHECK_EQ(run_on(prog, pkt, sizeof(pkt), &ret), 0);
	return ret;
}

static int make_array(u32 value_size, u32 flags)
{
	union bpf_attr a = { 0 };

	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = value_size;
	a.max_entries = ELEMENTS;
	a.map_flags = flags;
	return cmd(BPF_MAP_CREATE, &a);
}

static int make_inner(u32 flags, u64 first)
{
	int map = make_array(8, flags);

	for (u32 i = 0; i < ELEMENTS; i++) {
		u64 v = first + i;

		CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, map, i, &v), 0);
	}
	return map;
}

static int make_outer(int inner)
{
	union bpf_attr a = { 0 };

	a.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	a.key_size = a.value_size = 4;
	a.max_entries = SLOTS;
	a.inner_map_fd = (u32)inner;
	return cmd(BPF_MAP_CREATE, &a);
}

/* As another process sets it that shares the map's memory: the number alone. */
static void set_elsewhere(int outer, u32 slot, int inner)
{
	struct skep_map *o, *i;

	CHECK_EQ(skep_map_get(s, outer, &o), 0);
	CHECK_EQ(skep_map_get(s, inner, &i), 0);
	*(u32 *)(void *)(((struct map *)(void *)o)->data + 8 * slot) = ((struct map *)(void *)i)->obj.id;
	skep_map_put(o);
	skep_map_put(i);
}

static void check(const char *text, u32 flags, bool always)
{
	int a = make_inner(flags, 1000), b = make_inner(flags, 2000), outer = make_outer(a), prog = load_text(BPF_PROG_TYPE_SCHED_CLS, text, outer);
	int other = make_array(16, flags);

	CHECK_EQ(run(prog, 1, 0), 1);
	CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, outer, 1, &a), 0);
	for (u32 e = 0; e < ELEMENTS; e++)
		CHECK_EQ(run(prog, 1, e), 1100 + (always ? 2 : e));
	for (u32 e = ELEMENTS; !always && e; e <<= 15)
		CHECK_EQ(run(prog, 1, e), 10);
	CHECK_EQ(elem(BPF_MAP_UPDATE_ELEM, outer, 1, &b), 0);
	CHECK_EQ(run(prog, 1, 2), 2102);
	CHECK_EQ(elem(BPF_MAP_DELETE_ELEM, outer, 1, NULL), 0);
	CHECK_EQ(run(prog, 1, 2), 1);
	set_elsewhere(outer, SLOTS - 1, b);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(run(prog, SLOTS - 1, 2), 2102);
	set_elsewhere(outer, 0, other); /* which is no such map */
	CHECK_EQ(run(prog, 0, 2), 1);
	CHECK_EQ(run(prog, SLOTS, 2), 1);
	CHECK_EQ(run(prog, ~0u, 2), 1);
	close(prog);
	close(outer);
	close(a);
	close(b);
	close(other);
}

TEST(maps_in_arrays)
{
	for (u32 how = 0; how < 4; how++) {
		s = door_new((struct skep_opts){ .engine = how & 1 ? SKEP_ENGINE_INTERP : SKEP_ENGINE_AUTO,
						 .spectre = how & 2 ? SKEP_SPECTRE_ON : SKEP_SPECTRE_OFF });
		for (u32 f = 0; f < ARRAY_SIZE(forms); f++)
			for (u32 own_size = 0; own_size < 2; own_size++)
				check(forms[f], own_size ? BPF_F_INNER_MAP : 0, false);
		check(constant, 0, true);
		skep_free(s);
	}
}
