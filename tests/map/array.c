/* SPDX-License-Identifier: BSD-2-Clause */
/* Laws of array and percpu_array, and of mapping an array. */
#include <fcntl.h>

#include "map/kit.h"

static struct law array(u32 type, u32 value_size, u32 n, u32 flags)
{
	return (struct law){ .attr = { .type = type, .key_size = 4, .value_size = value_size, .max_entries = n, .flags = flags },
			     .keys = n, .array = true };
}

#define EACH_ARRAY(law_call)                                                                              \
	do {                                                                                              \
		static const u32 values[] = { 4, 8, 1, 20, 1000 };                                        \
		for (u32 v_ = 0; v_ < ARRAY_SIZE(values); v_++)                                           \
			for (u32 f_ = 0; f_ < 2; f_++) {                                                  \
				struct law l = array(f_ ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY, values[v_], 60, 0); \
				law_call;                                                                 \
			}                                                                                 \
	} while (0)

TEST(elements)
{
	EACH_ARRAY(if (l.attr.value_size > 1) law_elements(&l));
}
TEST(flags) { EACH_ARRAY(if (l.attr.type == BPF_MAP_TYPE_ARRAY) law_flags(&l)); }
TEST(batch) { EACH_ARRAY(if (l.attr.value_size > 1) law_batch(&l, false)); }

TEST(bounds)
{
	EACH_ARRAY({
		struct map *m = kit_map(l.attr);

		CHECK_EQ(kit_update(&l, m, 60, 1, 0), -E2BIG);
		CHECK_EQ(kit_lookup(&l, m, 60), -ENOENT);
		CHECK_EQ(kit_lookup(&l, m, ~0u), -ENOENT);
		CHECK_EQ(kit_delete(&l, m, 1), -EINVAL);
		kit_put(m);
	});
}

TEST(concurrent)
{
	struct law l = array(BPF_MAP_TYPE_ARRAY, 8, 64, 0);

	law_concurrent(&l, false, 4, 20000);
	law_concurrent(&l, true, 20, 1000);
}

TEST(killed)
{
	struct law l = array(BPF_MAP_TYPE_ARRAY, 8, 64, 0);

	law_killed(&l, 30);
}

TEST(lanes)
{
	struct law l = array(BPF_MAP_TYPE_PERCPU_ARRAY, 8, 4, 0);
	struct map *m = kit_map(l.attr);
	u32 key = 2, n = map_possible_cpus();
	u64 values[4096], v = 7;

	CHECK_EQ(map_prog_update(m, &key, &v, BPF_ANY, 0), 0);
	CHECK_EQ(map_lookup(m, &key, values, 0), 0);
	for (u32 c = 0; c < n; c++)
		CHECK_EQ(values[c], c ? 0 : 7);
	for (u32 c = 0; c < n; c++)
		values[c] = c + 100;
	CHECK_EQ(map_update(m, &key, values, 0), 0);
	for (u32 c = 0; c < n; c++) {
		u64 *p = map_prog_lookup(m, &key, c);
		CHECK(p && *p == c + 100);
		CHECK(p == map_prog_lookup_percpu(m, &key, c));
	}
	CHECK(!map_prog_lookup_percpu(m, &key, n));
	kit_put(m);
}

/* A client maps the descriptor it was given: values at offset 0, 8 bytes apart. */
TEST(mapped)
{
	struct law l = array(BPF_MAP_TYPE_ARRAY, 4, 1000, BPF_F_MMAPABLE);
	struct map *m = kit_map(l.attr);
	u64 size = 8192;
	u32 *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->obj.memfd, 0);

	CHECK_EQ(m->mmap_size, size);
	CHECK(p != MAP_FAILED);
	p[2 * 10] = 1234;
	CHECK_EQ(kit_lookup(&l, m, 10), 1234);
	CHECK_EQ(kit_update(&l, m, 11, 55, 0), 0);
	CHECK_EQ(p[2 * 11], 55);
	munmap(p, size);
	CHECK_EQ(map_freeze(m), 0);
	CHECK(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->obj.memfd, 0) == MAP_FAILED);
	CHECK_EQ(kit_lookup(&l, m, 11), 55);
	kit_put(m);
}

/* A client has the map's file: it can add no seals, or only such that freezing says that it cannot. */
TEST(seals)
{
	struct map *m = kit_map(array(BPF_MAP_TYPE_ARRAY, 8, 60, 0).attr);

	CHECK(fcntl(m->obj.memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) && errno == EPERM);
	CHECK_EQ(map_freeze(m), 0);
	kit_put(m);
	m = kit_map(array(BPF_MAP_TYPE_ARRAY, 8, 60, BPF_F_MMAPABLE).attr);
	CHECK_EQ(fcntl(m->obj.memfd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	CHECK_EQ(map_freeze(m), -EACCES);
	CHECK(!map_frozen(m));
	kit_put(m);
	m = kit_map(array(BPF_MAP_TYPE_ARRAY, 8, 60, BPF_F_MMAPABLE).attr);
	CHECK_EQ(fcntl(m->obj.memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL), 0);
	CHECK_EQ(map_freeze(m), 0); /* which is what it has become */
	kit_put(m);
}

TEST(rodata)
{
	struct law l = array(BPF_MAP_TYPE_ARRAY, 64, 1, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
	struct map *m = kit_map(l.attr);

	CHECK_EQ(kit_update(&l, m, 0, 3, 0), 0);
	CHECK(!m->desc.rodata);
	CHECK_EQ(map_freeze(m), 0);
	CHECK(m->desc.rodata && *(const u32 *)m->desc.rodata == 3);
	CHECK_EQ(kit_lookup(&l, m, 0), 3);
	kit_put(m);
}

/* Who could write before it was frozen can write still, but not what programs here take for constant. */
TEST(constants_stay)
{
	struct law l = array(BPF_MAP_TYPE_ARRAY, 64, 1, BPF_F_RDONLY_PROG);
	struct map *m = kit_map(l.attr), *other = NULL;
	u32 *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, m->obj.memfd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(kit_update(&l, m, 0, 3, 0), 0);
	CHECK_EQ(*p, 3);
	CHECK_EQ(map_freeze(m), 0);
	*p = 4;
	CHECK_EQ(kit_lookup(&l, m, 0), 3);
	CHECK_EQ(*(const u32 *)m->desc.rodata, 3);
	CHECK_EQ(*(u32 *)map_prog_lookup(m, &(u32){ 0 }, 0), 3);
	CHECK_EQ(kit_update(&l, m, 0, 5, 0), -EPERM);
	CHECK_EQ(map_attach(m->obj.memfd, &other), 0);
	if (other) {
		CHECK_EQ(kit_lookup(&l, other, 0), 4);
		*p = 6;
		CHECK_EQ(kit_lookup(&l, other, 0), 4);
		map_detach(other);
	}
	munmap(p, 4096);
	kit_put(m);
}
