/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of objects: references, ids, what fits into a map-in-map, perf event arrays. */
#include "map/kit.h"

static struct map_attr hash(u32 n)
{
	return (struct map_attr){ .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = n };
}

static struct map_attr outer(u32 type, struct map *inner)
{
	return (struct map_attr){ .type = type, .key_size = 4, .value_size = 4, .max_entries = 4, .inner = inner };
}

TEST(map_in_map)
{
	static const u32 types[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };

	for (u32 t = 0; t < 2; t++) {
		struct map *template = kit_map(hash(10)), *a = kit_map(hash(20)), *b = kit_map(hash(30)), *m, *wrong;
		struct map_attr bad = hash(10);
		u32 key = 1, id = 0;

		CHECK_EQ(kit_create(outer(types[t], NULL), &m), -EBADF);
		m = kit_map(outer(types[t], template));
		CHECK_EQ(kit_create(outer(types[t], m), &wrong), -EINVAL);
		kit_put(template);
		CHECK_EQ(map_value_obj(m), OBJ_MAP);
		CHECK_EQ(map_user_value_size(m), 4);
		CHECK_EQ(map_lookup(m, &key, &id, 0), -ENOENT);
		CHECK(!map_prog_lookup(m, &key, 0));
		CHECK_EQ(map_update_obj(m, &key, &a->obj, BPF_ANY), 0);
		CHECK_EQ(a->obj.refs, 2);
		CHECK_EQ(map_lookup(m, &key, &id, 0), 0);
		CHECK_EQ(id, a->obj.id);
		CHECK(map_prog_lookup(m, &key, 0) == a);
		CHECK_EQ(map_update_obj(m, &key, &b->obj, BPF_ANY), 0);
		CHECK_EQ(a->obj.refs, 1);
		CHECK_EQ(b->obj.refs, 2);
		CHECK(map_prog_lookup(m, &key, 0) == b);
		bad.value_size = 8;
		wrong = kit_map(bad);
		CHECK_EQ(map_update_obj(m, &key, &wrong->obj, BPF_ANY), -EINVAL);
		CHECK_EQ(wrong->obj.refs, 1);
		kit_put(wrong);
		CHECK_EQ(map_update_obj(m, &key, &a->obj, types[t] == BPF_MAP_TYPE_ARRAY_OF_MAPS ? BPF_NOEXIST : BPF_NOEXIST),
			 types[t] == BPF_MAP_TYPE_ARRAY_OF_MAPS ? -EINVAL : -EEXIST);
		CHECK_EQ(a->obj.refs, 1);
		CHECK_EQ(map_delete(m, &key), 0);
		CHECK_EQ(map_delete(m, &key), -ENOENT);
		CHECK_EQ(b->obj.refs, 1);
		for (key = 0; key < 4; key++)
			CHECK_EQ(map_update_obj(m, &key, &b->obj, BPF_ANY), 0);
		CHECK_EQ(map_update_obj(m, &key, &b->obj, BPF_ANY), -E2BIG);
		CHECK_EQ(b->obj.refs, 5);
		kit_put(m);
		CHECK_EQ(b->obj.refs, 1);
		kit_put(a);
		kit_put(b);
	}
}

/* Arrays inside must have the template's size, unless it says BPF_F_INNER_MAP. */
TEST(inner_sizes)
{
	struct map_attr in = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 2 };

	for (u32 f = 0; f < 2; f++) {
		struct map *template, *other, *m;
		u32 key = 0;

		in.flags = f ? BPF_F_INNER_MAP : 0;
		in.max_entries = 2;
		template = kit_map(in);
		in.max_entries = 3;
		other = kit_map(in);
		m = kit_map(outer(BPF_MAP_TYPE_ARRAY_OF_MAPS, template));
		CHECK_EQ(map_update_obj(m, &key, &template->obj, 0), 0);
		CHECK_EQ(map_update_obj(m, &key, &other->obj, 0), f ? 0 : -EINVAL);
		kit_put(m);
		kit_put(template);
		kit_put(other);
	}
}

static const struct image *fake_image(struct obj *o) { return (const void *)&o->refs; }
static int fake_ok(struct map *m, struct obj *o) { return (void)m, o->id % 2 ? -EINVAL : 0; }
static void fake_destroy(struct obj *o) { (void)o; }
static const struct obj_ops fake_ops = { .name = "prog", .destroy = fake_destroy };

TEST(prog_array)
{
	struct map_attr a = { .type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 3,
			      .image_of = fake_image, .prog_ok = fake_ok };
	struct map *m = kit_map(a);
	struct obj prog[2];
	u32 key = 1, id;

	for (u32 i = 0; i < 2; i++)
		CHECK_EQ(obj_init(&prog[i], kit_objtab(), OBJ_PROG, &fake_ops, -1), 0);
	CHECK_EQ(prog[1].id, 2);
	CHECK(!prog_array_image(m, 1));
	CHECK_EQ(map_update_obj(m, &key, &prog[0], 0), -EINVAL);
	CHECK_EQ(map_update_obj(m, &key, &prog[1], 0), 0);
	CHECK(prog_array_image(m, 1) == fake_image(&prog[1]));
	CHECK(!prog_array_image(m, 3));
	CHECK(!prog_array_image(m, ~0u));
	CHECK_EQ(map_lookup(m, &key, &id, 0), 0);
	CHECK_EQ(id, 2);
	CHECK_EQ(prog[1].refs, 2);
	key = 3;
	CHECK_EQ(map_update_obj(m, &key, &prog[1], 0), -E2BIG);
	CHECK_EQ(map_delete(m, &key), -E2BIG);
	map_release_user(m);
	CHECK_EQ(prog[1].refs, 1);
	CHECK(!prog_array_image(m, 1));
	key = 2;
	CHECK_EQ(map_update_obj(m, &key, &prog[1], 0), 0);
	kit_put(m);
	CHECK_EQ(prog[1].refs, 1);
	obj_put(&prog[0]);
	obj_put(&prog[1]);
}

static u32 sunk;
static int sink_output(struct perf_sink *s, const void *a, u32 na, const void *b, u32 nb, u32 cpu)
{
	(void)s;
	(void)a;
	(void)b;
	sunk += na + nb + cpu;
	return 0;
}

TEST(perf_event_array)
{
	static const struct perf_sink_ops ops = { .output = sink_output };
	struct map_attr a = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 2 };
	struct map *m = kit_map(a);
	struct perf_sink s = { &ops };
	u32 key = 1, v = 0;

	CHECK_EQ(map_lookup(m, &key, &v, 0), -ENOTSUPP);
	CHECK_EQ(map_delete(m, &key), -ENOENT);
	CHECK_EQ(map_perf_output(m, 1, "abc", 3, NULL, 0, 0), -ENOENT);
	CHECK_EQ(map_perf_set(m, 1, &s), 0);
	CHECK_EQ(map_perf_set(m, 2, &s), -E2BIG);
	CHECK_EQ(map_perf_output(m, 1, "abc", 3, "de", 2, 0), 0);
	CHECK_EQ(map_perf_output(m, BPF_F_CURRENT_CPU, "abc", 3, NULL, 0, 1), 0);
	CHECK_EQ(map_perf_output(m, BPF_F_CURRENT_CPU, "abc", 3, NULL, 0, 7), -E2BIG);
	CHECK_EQ(sunk, 5 + 3 + 1);
	CHECK_EQ(map_delete(m, &key), 0);
	CHECK_EQ(map_perf_output(m, 1, "abc", 3, NULL, 0, 0), -ENOENT);
	kit_put(m);
}
