/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same commands to skep's maps and to the running kernel's, with equal answers: errno, contents, order where it is defined.
 * Skipped where bpf(2) is not permitted. Random, with fixed seeds; DIFF_SEED adds to them, DIFF_ROUNDS multiplies the work.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "map/kit.h"

static u32 rng;
static u32 rnd(u32 n)
{
	rng = rng * 1664525 + 1013904223;
	return (u32)((u64)(rng >> 4) * n >> 28);
}

static u32 env_u32(const char *name, u32 def)
{
	const char *s = getenv(name);

	return s ? (u32)strtoul(s, NULL, 0) : def;
}

/* ---- the kernel ---- */

/* BPF_MAP_CREATE's part of union bpf_attr that is used here. */
struct kcreate {
	u32 type, key_size, value_size, max_entries, flags, inner_fd, numa;
	char name[16];
	u32 ifindex, btf_fd, btf_key, btf_value, btf_vmlinux;
	u64 extra;
};

static int kbpf(int cmd, void *attr, u32 size)
{
	long ret = syscall(__NR_bpf, cmd, attr, size);

	return ret < 0 ? -errno : (int)ret;
}

static int kcreate(const struct map_attr *a, int inner_fd)
{
	struct kcreate k = { .type = a->type, .key_size = a->key_size, .value_size = a->value_size,
			     .max_entries = a->max_entries, .flags = a->flags, .inner_fd = (u32)inner_fd,
			     .numa = a->numa_node, .extra = a->extra };

	return kbpf(BPF_MAP_CREATE, &k, sizeof(k));
}

static int kelem(int cmd, int fd, const void *key, const void *value, u64 flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)fd;
	a.key = (u64)(uintptr_t)key;
	a.value = (u64)(uintptr_t)value;
	a.flags = flags;
	return kbpf(cmd, &a, sizeof(a));
}

static int kbatch(int cmd, int fd, struct map_batch *b)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (u32)fd;
	a.batch.keys = (u64)(uintptr_t)b->keys;
	a.batch.values = (u64)(uintptr_t)b->values;
	a.batch.in_batch = (u64)(uintptr_t)b->in_batch;
	a.batch.out_batch = (u64)(uintptr_t)b->out_batch;
	a.batch.count = b->count;
	a.batch.elem_flags = b->elem_flags;
	err = kbpf(cmd, &a, sizeof(a));
	b->count = a.batch.count;
	return err;
}

static bool permitted(void)
{
	struct map_attr a = { .type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 4, .max_entries = 1 };
	int fd = kcreate(&a, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ---- creation ---- */

static u32 pick(const u32 *v, u32 n) { return v[rnd(n)]; }
#define PICK(...) pick((const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / 4)

static struct map_attr random_attr(u32 type)
{
	struct map_attr a = { .type = type };

	a.key_size = PICK(0, 1, 3, 4, 4, 4, 4, 5, 8, 8, 12, 16, 20, 260, 261, 512, 513);
	a.value_size = PICK(0, 1, 4, 4, 4, 4, 7, 8, 8, 8, 9, 16, 32, 64, 1016, 1024, 32760, 32768, 32776, 65408, 65409, 4194304,
			    4194305, 0x7fffffff, 0x80000000, 0xffffffff);
	a.max_entries = PICK(0, 1, 1, 2, 3, 7, 100, 4096, 4096, 8192, 4097, 0x80000000, 0x80000001, 0xffffffff);
	if (rnd(3))
		for (u32 i = rnd(3); i; i--)
			a.flags |= 1u << rnd(14);
	if (type == BPF_MAP_TYPE_LPM_TRIE && rnd(4))
		a.flags |= BPF_F_NO_PREALLOC;
	a.flags &= ~(u32)(BPF_F_NUMA_NODE | 1u << 13);
	if (!rnd(20)) {
		a.flags |= BPF_F_NUMA_NODE;
		a.numa_node = PICK(0, 0, 7, 0xffffffff);
	}
	if (!rnd(4) || type == BPF_MAP_TYPE_BLOOM_FILTER)
		a.extra = PICK(0, 0, 1, 5, 15, 16, 4096);
	return a;
}

/* Real memory that the kernel would take at once. */
static bool too_big(const struct map_attr *a)
{
	u64 each = (u64)a->key_size + a->value_size + 64, n = MAX((u64)a->max_entries, 1u);
	bool table = a->max_entries < 0x80000000u || a->type == BPF_MAP_TYPE_RINGBUF || a->type == BPF_MAP_TYPE_ARRAY;

	return table ? each * n > (64u << 20) : a->type != BPF_MAP_TYPE_HASH && a->type != BPF_MAP_TYPE_LRU_HASH;
}

TEST(creation)
{
	u32 rounds = 15000 * env_u32("DIFF_ROUNDS", 1), made = 0, shown = 0;
	struct map_attr in = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	struct map *inner, *m;
	int inner_fd;

	if (!permitted())
		SKIP("bpf(2) is not permitted");
	inner = kit_map(in);
	inner_fd = kcreate(&in, 0);
	rng = 1 + env_u32("DIFF_SEED", 0);
	for (u32 i = 0; i < rounds && shown < 20; i++) {
		struct map_attr a = random_attr(i % (UAPI_MAP_TYPES + 1));
		int want, got;

		if (too_big(&a))
			continue;
		a.inner = inner;
		got = kit_create(a, &m);
		if (!got)
			kit_put(m);
		want = kcreate(&a, inner_fd);
		if (want >= 0) {
			close(want);
			want = 0;
			made++;
		}
		if (got != want && want != -ENOMEM) {
			printf("#   type %u key %u value %u entries %u flags %#x extra %#llx numa %u: %d, kernel %d\n", a.type,
			       a.key_size, a.value_size, a.max_entries, a.flags, (unsigned long long)a.extra, a.numa_node,
			       got, want);
			shown++;
		}
	}
	CHECK_EQ(shown, 0);
	CHECK(made > 200);
	kit_put(inner);
	close(inner_fd);
}

/* ---- commands ---- */

struct pair {
	struct map *m;
	int fd;
	u32 ks, vs, keys;
	struct map *inner[2];
	int inner_fd[2];
};

static u32 complaints;
static void complain(const struct pair *p, const char *what, s64 got, s64 want)
{
	if (complaints++ < 20)
		printf("#   type %u, %s: %lld, kernel %lld\n", p->m->desc.type, what, (long long)got, (long long)want);
}
static void same(const struct pair *p, const char *what, s64 got, s64 want)
{
	if (got != want)
		complain(p, what, got, want);
}

static void some_key(const struct pair *p, u8 *key)
{
	u32 n = rnd(p->keys);

	memset(key, 0, p->ks);
	if (p->m->desc.type == BPF_MAP_TYPE_LPM_TRIE) {
		u32 len = rnd(20) ? rnd((p->ks - 4) * 8 + 1) : rnd(300);
		memcpy(key, &len, 4);
		for (u32 i = 4; i < p->ks; i++)
			key[i] = (u8)(rnd(256) & 0x81);
		return;
	}
	memcpy(key, &n, MIN(p->ks, 4u));
	if (p->ks > 4)
		key[p->ks - 1] = (u8)n;
}

static void some_value(const struct pair *p, u8 *value)
{
	for (u32 i = 0; i < p->vs; i++)
		value[i] = (u8)rnd(256);
	if (p->m->desc.type == BPF_MAP_TYPE_DEVMAP || p->m->desc.type == BPF_MAP_TYPE_DEVMAP_HASH) {
		memset(value, 0, p->vs);
		value[0] = (u8)PICK(0, 1, 1, 1, 99);
	}
	if (p->m->desc.type == BPF_MAP_TYPE_CPUMAP) {
		u32 q = PICK(0, 16385, 0, 20000);
		memset(value, 0, p->vs);
		memcpy(value, &q, 4);
	}
}

static bool ordered(u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LPM_TRIE ||
	       type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK || type == BPF_MAP_TYPE_DEVMAP ||
	       type == BPF_MAP_TYPE_CPUMAP || type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_RINGBUF ||
	       type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_XSKMAP || type == BPF_MAP_TYPE_SOCKMAP;
}

static u8 key[512], value[70000], value2[70000], next1[512], next2[512];

static void *key_arg(const struct pair *p) { return p->ks ? key : NULL; }

static int update_both(struct pair *p, u64 flags, int *want)
{
	u32 i = rnd(2);

	if (map_value_obj(p->m) == OBJ_MAP) {
		*want = kelem(BPF_MAP_UPDATE_ELEM, p->fd, key_arg(p), &p->inner_fd[i], flags);
		return map_update_obj(p->m, key_arg(p), &p->inner[i]->obj, flags);
	}
	*want = kelem(BPF_MAP_UPDATE_ELEM, p->fd, key_arg(p), value, flags);
	return map_update(p->m, key_arg(p), value, flags);
}

static void one_command(struct pair *p)
{
	static const u64 some_flags[] = { 0, 0, 0, 0, 0, 1, 2, 1, 2, 3, 4, 5, 8, 1ull << 40 };
	u64 flags = some_flags[rnd(ARRAY_SIZE(some_flags))];
	u32 type = p->m->desc.type;
	int got, want;

	some_key(p, key);
	switch (rnd(10)) {
	case 0: case 1: case 2: case 3:
		if (map_value_obj(p->m) == OBJ_PROG || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			break;
		some_value(p, value);
		got = update_both(p, flags, &want);
		same(p, "update", got, want);
		break;
	case 4: case 5: case 6:
		memset(value, 0xaa, p->vs);
		memset(value2, 0xaa, p->vs);
		flags = rnd(8) ? 0 : flags;
		got = map_lookup(p->m, key_arg(p), value, flags);
		want = kelem(BPF_MAP_LOOKUP_ELEM, p->fd, key_arg(p), value2, flags);
		same(p, "lookup", got, want);
		if (!got && !want && map_value_obj(p->m) == OBJ_NONE && memcmp(value, value2, p->vs))
			complain(p, "lookup's value", value[0], value2[0]);
		break;
	case 7:
		got = map_delete(p->m, key_arg(p));
		want = kelem(BPF_MAP_DELETE_ELEM, p->fd, key_arg(p), NULL, 0);
		same(p, "delete", got, want);
		break;
	case 8:
		flags = rnd(4) ? 0 : flags;
		got = map_lookup_and_delete(p->m, key_arg(p), value, flags);
		want = kelem(BPF_MAP_LOOKUP_AND_DELETE_ELEM, p->fd, key_arg(p), value2, flags);
		same(p, "lookup_and_delete", got, want);
		if (!got && !want && memcmp(value, value2, p->vs))
			complain(p, "lookup_and_delete's value", value[0], value2[0]);
		break;
	case 9:
		if (!ordered(type))
			break;
		got = map_next_key(p->m, rnd(5) && p->ks ? key : NULL, next1);
		want = kelem(BPF_MAP_GET_NEXT_KEY, p->fd, NULL, next2, 0);
		/* the same choice of NULL or not */
		if (p->ks) {
			bool with = rnd(2);
			got = map_next_key(p->m, with ? key : NULL, next1);
			want = kelem(BPF_MAP_GET_NEXT_KEY, p->fd, with ? key : NULL, next2, 0);
		}
		same(p, "next_key", got, want);
		if (!got && !want && memcmp(next1, next2, p->ks))
			complain(p, "next_key's key", next1[0], next2[0]);
		break;
	default:
		break;
	}
}

/* Every key of the kernel's is here, and there are no others. */
static void same_contents(struct pair *p)
{
	u32 n = 0;
	bool have = false;

	if (!p->ks)
		return;
	for (;;) {
		int err = kelem(BPF_MAP_GET_NEXT_KEY, p->fd, have ? next1 : NULL, next2, 0), got, want;

		if (err)
			break;
		memcpy(next1, next2, p->ks);
		have = true;
		n++;
		want = kelem(BPF_MAP_LOOKUP_ELEM, p->fd, next1, value2, 0);
		got = map_lookup(p->m, next1, value, 0);
		same(p, "contents", got, want);
		if (!got && !want && map_value_obj(p->m) == OBJ_NONE && memcmp(value, value2, p->vs))
			complain(p, "contents' value", value[0], value2[0]);
		if (n > 100000)
			break;
	}
	if (p->m->type && map_next_key(p->m, NULL, next2) != -ENOTSUPP)
		same(p, "elements", kit_count(p->m), n);
}

static void batches(struct pair *p)
{
	u32 n = 1 + rnd(20), room = p->m->desc.max_entries + 50;
	u8 *keys = calloc(room, p->ks), *v1 = calloc(room, p->vs), *k2 = calloc(room, p->ks), *v2 = calloc(room, p->vs);
	u8 token1[512] = { 0 }, token2[512] = { 0 };
	struct map_batch a, b;
	int got, want;

	for (u32 i = 0; i < n; i++) {
		some_key(p, keys + (size_t)i * p->ks);
		some_value(p, v1 + (size_t)i * p->vs);
	}
	a = b = (struct map_batch){ .keys = keys, .values = v1, .count = n, .elem_flags = rnd(5) ? 0 : rnd(9) };
	got = map_update_batch(p->m, &a);
	want = kbatch(BPF_MAP_UPDATE_BATCH, p->fd, &b);
	same(p, "update_batch", got, want);
	if (got != -ENOTSUPP)
		same(p, "update_batch's count", a.count, b.count);
	for (u32 i = 0; i < n; i++)
		some_key(p, keys + (size_t)i * p->ks);
	a = b = (struct map_batch){ .keys = keys, .count = n, .elem_flags = rnd(5) ? 0 : rnd(9) };
	got = map_delete_batch(p->m, &a);
	want = kbatch(BPF_MAP_DELETE_BATCH, p->fd, &b);
	same(p, "delete_batch", got, want);
	if (got != -ENOTSUPP)
		same(p, "delete_batch's count", a.count, b.count);
	for (u32 take = 0; take < 2; take++) {
		a = (struct map_batch){ .keys = keys, .values = v1, .count = room, .out_batch = token1 };
		b = (struct map_batch){ .keys = k2, .values = v2, .count = room, .out_batch = token2 };
		got = take ? map_lookup_and_delete_batch(p->m, &a) : map_lookup_batch(p->m, &a);
		want = kbatch(take ? BPF_MAP_LOOKUP_AND_DELETE_BATCH : BPF_MAP_LOOKUP_BATCH, p->fd, &b);
		same(p, take ? "lookup_and_delete_batch" : "lookup_batch", got, want);
		if (got != -ENOTSUPP)
			same(p, "lookup_batch's count", a.count, b.count);
		if (ordered(p->m->desc.type) && got != -ENOTSUPP &&
		    (memcmp(keys, k2, (size_t)a.count * p->ks) || memcmp(v1, v2, (size_t)a.count * p->vs)))
			complain(p, "lookup_batch's elements", 0, 0);
	}
	free(keys);
	free(v1);
	free(k2);
	free(v2);
}

static void run_pair(struct map_attr a, u32 commands, u32 seed)
{
	struct map_attr in = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1 };
	struct pair p = { .ks = a.key_size, .keys = a.max_entries + a.max_entries / 2 + 3 };

	rng = seed;
	for (u32 i = 0; i < 2; i++) {
		p.inner[i] = kit_map(in);
		p.inner_fd[i] = kcreate(&in, 0);
	}
	a.inner = p.inner[0];
	p.m = kit_map(a);
	p.fd = kcreate(&a, p.inner_fd[0]);
	p.vs = map_user_value_size(p.m);
	CHECK(p.fd >= 0);
	for (u32 i = 0; i < commands && complaints < 20; i++) {
		one_command(&p);
		if (i % 500 == 499)
			same_contents(&p);
		if (i % 997 == 996 && map_value_obj(p.m) == OBJ_NONE && a.key_size && p.m->desc.type != BPF_MAP_TYPE_LRU_HASH)
			batches(&p);
	}
	if (p.m->desc.type != BPF_MAP_TYPE_RINGBUF) {
		same(&p, "freeze", map_freeze(p.m), kelem(BPF_MAP_FREEZE, p.fd, NULL, NULL, 0));
		for (u32 i = 0; i < 50; i++)
			one_command(&p);
		same(&p, "freeze again", map_freeze(p.m), kelem(BPF_MAP_FREEZE, p.fd, NULL, NULL, 0));
	}
	CHECK_EQ(complaints, 0);
	kit_put(p.m);
	close(p.fd);
	for (u32 i = 0; i < 2; i++) {
		kit_put(p.inner[i]);
		close(p.inner_fd[i]);
	}
}

static void run_type(u32 type, u32 ks, u32 vs, u32 n, u32 flags)
{
	struct map_attr a = { .type = type, .key_size = ks, .value_size = vs, .max_entries = n, .flags = flags };
	u32 seed = 77 + env_u32("DIFF_SEED", 0);

	if (!permitted())
		SKIP("bpf(2) is not permitted");
	complaints = 0;
	/* each change of a map-in-map makes the kernel wait for all its CPUs */
	run_pair(a, (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS ? 400 : 4000) *
		 env_u32("DIFF_ROUNDS", 1), seed);
}

TEST(array)
{
	run_type(BPF_MAP_TYPE_ARRAY, 4, 8, 10, 0);
	run_type(BPF_MAP_TYPE_ARRAY, 4, 13, 10, BPF_F_RDONLY_PROG);
	run_type(BPF_MAP_TYPE_ARRAY, 4, 100, 1, BPF_F_MMAPABLE);
}
TEST(percpu_array)
{
	run_type(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 10, 0);
	run_type(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 13, 10, 0);
}
TEST(hash)
{
	run_type(BPF_MAP_TYPE_HASH, 4, 8, 20, 0);
	run_type(BPF_MAP_TYPE_HASH, 8, 20, 50, BPF_F_NO_PREALLOC);
	run_type(BPF_MAP_TYPE_HASH, 13, 300, 1, 0);
	run_type(BPF_MAP_TYPE_HASH, 100, 1, 7, BPF_F_WRONLY_PROG);
}
TEST(percpu_hash)
{
	run_type(BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 20, 0);
	run_type(BPF_MAP_TYPE_PERCPU_HASH, 8, 20, 50, BPF_F_NO_PREALLOC);
}
TEST(lpm_trie)
{
	run_type(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 20, BPF_F_NO_PREALLOC);
	run_type(BPF_MAP_TYPE_LPM_TRIE, 20, 8, 50, BPF_F_NO_PREALLOC);
	run_type(BPF_MAP_TYPE_LPM_TRIE, 5, 3, 30, BPF_F_NO_PREALLOC);
	run_type(BPF_MAP_TYPE_LPM_TRIE, 260, 3, 30, BPF_F_NO_PREALLOC);
}
TEST(queue) { run_type(BPF_MAP_TYPE_QUEUE, 0, 12, 10, 0); }
TEST(stack) { run_type(BPF_MAP_TYPE_STACK, 0, 7, 10, 0); }
TEST(ringbuf) { run_type(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0); }
TEST(array_of_maps) { run_type(BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 5, 0); }
TEST(hash_of_maps) { run_type(BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 5, 0); }
TEST(prog_array) { run_type(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 5, 0); }
TEST(perf_event_array) { run_type(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 5, 0); }
TEST(devmap) { run_type(BPF_MAP_TYPE_DEVMAP, 4, 4, 5, 0); }
TEST(devmap_hash) { run_type(BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 5, 0); }
TEST(cpumap) { run_type(BPF_MAP_TYPE_CPUMAP, 4, 4, 5, 0); }
TEST(stack_trace) { run_type(BPF_MAP_TYPE_STACK_TRACE, 4, 64, 5, 0); }

/* ---- LRU: on one CPU, which element goes is Linux's choice to the last one ---- */

static void on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void same_choice(struct map_attr a, u32 commands, u32 seed)
{
	struct pair p = { .ks = a.key_size };

	rng = seed;
	p.m = kit_map(a);
	p.fd = kcreate(&a, 0);
	p.keys = p.m->desc.max_entries * 2;
	p.vs = map_user_value_size(p.m);
	for (u32 i = 0; i < commands && complaints < 5; i++) {
		u32 r = rnd(10);

		some_key(&p, key);
		some_value(&p, value);
		if (r < 6) {
			u64 flags = rnd(3);
			same(&p, "update", map_update(p.m, key, value, flags),
			     kelem(BPF_MAP_UPDATE_ELEM, p.fd, key, value, flags));
		} else if (r < 7) {
			same(&p, "delete", map_delete(p.m, key), kelem(BPF_MAP_DELETE_ELEM, p.fd, key, NULL, 0));
		} else {
			same(&p, "lookup", map_lookup(p.m, key, value, 0),
			     kelem(BPF_MAP_LOOKUP_ELEM, p.fd, key, value2, 0));
		}
		if (i % 200 == 199)
			same_contents(&p);
	}
	CHECK_EQ(complaints, 0);
	kit_put(p.m);
	close(p.fd);
}

TEST(lru_choice)
{
	if (!permitted())
		SKIP("bpf(2) is not permitted");
	on_one_cpu();
	complaints = 0;
	for (u32 n = 1; n < 2000 && !complaints; n = n * 2 + n / 3 + 1)
		for (u32 f = 0; f < 4; f++) {
			struct map_attr a = { .type = f & 1 ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_LRU_HASH,
					      .key_size = 4, .value_size = 8, .max_entries = n,
					      .flags = f & 2 ? BPF_F_NO_COMMON_LRU : 0 };

			if (a.flags && n < map_possible_cpus())
				continue;
			same_choice(a, (2000 + n * 10) * env_u32("DIFF_ROUNDS", 1), n + f + env_u32("DIFF_SEED", 0));
			if (complaints)
				printf("#   with %u entries, flags %#x\n", n, a.flags);
		}
}
