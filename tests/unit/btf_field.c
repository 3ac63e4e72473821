/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields: records of known structs, and random map values against the running kernel, which tells
 * what it took for a special field by refusing to load from there. The comparison is skipped where bpf(2) is
 * not permitted. Environment: BTF_FIELD_N cases (default 400), BTF_FIELD_SEED.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "btf/gen.h"
#include "btf/priv.h"
#include "unit/btf_kit.h"
#include "unit/test.h"

/* Ids that base() makes. */
enum {
	INT = 1,
	LOCK,
	RLOCK,
	TIMER,
	WQ,
	TWORK,
	HEAD,
	NODE,
	ROOT,
	RNODE,
	REF,
	TASK,
	MINE,
	ELEM,
	TREE,
	P_TASK,
	P_UNTRUSTED,
	P_PERCPU,
	P_MINE,
	P_UPTR,
	P_USER,
	SPECIALS
};

static u32 tagged_ptr(struct btf_build *g, const char *tag, u32 to)
{
	return btf_build_ptr(g, btf_build_type_tag(g, tag, to));
}

static u32 ids[SPECIALS];

static struct btf_build *base(void)
{
	static const struct {
		const char *name;
		u32 size;
	} t[] = {
		{ "bpf_spin_lock", 4 },	 { "bpf_res_spin_lock", 4 }, { "bpf_timer", 16 },
		{ "bpf_wq", 16 },	 { "bpf_task_work", 8 },     { "bpf_list_head", 16 },
		{ "bpf_list_node", 24 }, { "bpf_rb_root", 16 },	     { "bpf_rb_node", 32 },
		{ "bpf_refcount", 4 },	 { "task_struct", 8 },	     { "mine", 8 },
	};
	struct btf_build *g = btf_build_new(NULL);

	ids[INT] = btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	for (u32 i = 0; i < ARRAY_SIZE(t); i++)
		ids[LOCK + i] = btf_build_struct(g, t[i].name, t[i].size);
	ids[ELEM] = btf_build_struct(g, "elem", 32);
	btf_build_member(g, "node", ids[NODE], 0, 0);
	btf_build_member(g, "x", ids[INT], 192, 0);
	ids[TREE] = btf_build_struct(g, "tree", 40);
	btf_build_member(g, "node", ids[RNODE], 0, 0);
	ids[P_TASK] = tagged_ptr(g, "kptr", ids[TASK]);
	ids[P_UNTRUSTED] = tagged_ptr(g, "kptr_untrusted", ids[TASK]);
	ids[P_PERCPU] = tagged_ptr(g, "percpu_kptr", ids[MINE]);
	ids[P_MINE] = tagged_ptr(g, "kptr", ids[MINE]);
	ids[P_UPTR] = tagged_ptr(g, "uptr", ids[MINE]);
	ids[P_USER] = tagged_ptr(g, "user", ids[MINE]);
	return g;
}

static struct btf *finish(struct btf_build *g)
{
	struct btf *b = NULL;
	u32 size;
	const void *p = btf_build_done(g, &size);

	CHECK_EQ(btf_load(p, size, NULL, NULL, &b), 0);
	btf_build_free(g);
	return b;
}

TEST(record_of_all_kinds)
{
	struct btf_build *g = base();
	u32 id = btf_build_struct(g, "value", 96);
	struct btf_record *r = NULL;
	struct btf *b;

	btf_build_member(g, "lock", ids[LOCK], 0, 0);
	btf_build_member(g, "timer", ids[TIMER], 64, 0);
	btf_build_member(g, "wq", ids[WQ], 192, 0);
	btf_build_member(g, "head", ids[HEAD], 320, 0);
	btf_build_member(g, "task", ids[P_TASK], 448, 0);
	btf_build_member(g, "root", ids[ROOT], 512, 0);
	btf_build_member(g, "ref", ids[REF], 640, 0);
	btf_build_member(g, "work", ids[TWORK], 704, 0);
	btf_build_decl_tag(g, "contains:elem:node", id, 3);
	btf_build_decl_tag(g, "contains:tree:node", id, 5);
	b = finish(g);
	CHECK_EQ(btf_record_of(b, id, ~0u, 96, NULL, &r), 0);
	CHECK(r && r->n == 8);
	if (!r || r->n != 8) {
		btf_free(b);
		return;
	}
	CHECK_EQ(r->spin_lock_off, 0);
	CHECK_EQ(r->timer_off, 8);
	CHECK_EQ(r->wq_off, 24);
	CHECK_EQ(r->refcount_off, 80);
	CHECK_EQ(r->task_work_off, 88);
	CHECK_EQ(r->res_spin_lock_off, -1);
	CHECK_EQ(btf_record_at(r, 40, ~0u)->kind, FIELD_LIST_HEAD);
	CHECK_EQ(btf_record_at(r, 40, ~0u)->target_id, ids[ELEM]);
	CHECK(btf_record_at(r, 40, ~0u)->target_record == btf_struct_record(b, ids[ELEM]));
	CHECK_EQ(btf_record_at(r, 56, FIELD_KPTR)->kind, FIELD_KPTR_REF);
	CHECK(!btf_record_at(r, 57, ~0u));
	CHECK(!btf_record_at(r, 56, FIELD_TIMER));
	CHECK(btf_record_equal(r, r));
	CHECK(!btf_record_equal(r, NULL));
	btf_record_free(r);
	btf_free(b);
}

TEST(records_refused)
{
	struct btf_build *g = base();
	struct btf_record *r = NULL;
	u32 two, over, no_tag, none;
	struct btf *b;

	two = btf_build_struct(g, "two", 32);
	btf_build_member(g, "a", ids[TIMER], 0, 0);
	btf_build_member(g, "b", ids[TIMER], 128, 0);
	over = btf_build_union(g, "over", 16);
	btf_build_member(g, "a", ids[TIMER], 0, 0);
	no_tag = btf_build_struct(g, "plain", 24);
	btf_build_member(g, "wq", ids[WQ], 0, 0);
	btf_build_member(g, "u", over, 64, 0);
	none = btf_build_struct(g, "none", 4);
	btf_build_member(g, "x", ids[INT], 0, 0);
	b = finish(g);
	CHECK_EQ(btf_record_of(b, two, ~0u, 32, NULL, &r), -E2BIG);
	CHECK_EQ(btf_record_of(b, ids[INT], ~0u, 4, NULL, &r), -EINVAL);
	CHECK_EQ(btf_record_of(b, none, ~0u, 4, NULL, &r), 0);
	CHECK(!r);
	/* Unions are not looked into, and a mask hides what it does not name. */
	CHECK_EQ(btf_record_of(b, no_tag, ~0u, 24, NULL, &r), 0);
	CHECK(r && r->n == 1 && r->mask == FIELD_WORKQUEUE);
	btf_record_free(r);
	CHECK_EQ(btf_record_of(b, no_tag, FIELD_TIMER, 24, NULL, &r), 0);
	CHECK(!r);
	/* A value smaller than the field it should hold. */
	CHECK_EQ(btf_record_of(b, no_tag, ~0u, 8, NULL, &r), -EFAULT);
	btf_free(b);
}

/* ---- against the kernel ---- */

static u32 field_size(u32 k)
{
	static const u8 size[SPECIALS] = {
		[INT] = 4,    [LOCK] = 4,   [RLOCK] = 4, [TIMER] = 16, [WQ] = 16,	  [TWORK] = 8,
		[HEAD] = 16,  [NODE] = 24,  [ROOT] = 16, [RNODE] = 32, [REF] = 4,	  [TASK] = 8,
		[MINE] = 8,   [ELEM] = 32,  [TREE] = 40, [P_TASK] = 8, [P_UNTRUSTED] = 8, [P_PERCPU] = 8,
		[P_MINE] = 8, [P_UPTR] = 8, [P_USER] = 8
	};

	return size[k];
}

/* A random struct of special members; *ret_id it. */
static struct btf_build *random_value(u32 *ret_id, u32 *ret_size)
{
	static const u8 likely_kinds[] = { INT,	   LOCK,	TIMER,	  WQ,	  HEAD, ROOT,
					   P_TASK, P_UNTRUSTED, P_PERCPU, P_MINE, TWORK };
	static const char *const tags[] = { "contains:elem:node", "contains:tree:node", "contains:elem:x",
					    "contains:nope:node", "contains:elem" };
	struct btf_build *g = base();
	u32 n = 1 + rnd(5), nest = 0, nest_size = 0, off = 0, id, kind[6], type[6], count[6], at[6];

	if (chance(30)) {
		/* an inner struct with a kptr and a number */
		u32 k = chance(70) ? P_TASK : likely_kinds[rnd(ARRAY_SIZE(likely_kinds))];

		nest_size = (field_size(k) + 7) / 8 * 8 + 8;
		nest = btf_build_struct(g, "inner", nest_size);
		btf_build_member(g, "f", ids[k], 0, 0);
		btf_build_member(g, "x", ids[INT], (nest_size - 8) * 8, 0);
		if (k == HEAD || k == ROOT)
			btf_build_decl_tag(g, tags[rnd(2)], nest, 0);
	}
	for (u32 i = 0; i < n; i++) {
		u32 size;

		kind[i] = chance(90) ? likely_kinds[rnd(ARRAY_SIZE(likely_kinds))] : 1 + rnd(SPECIALS - 1);
		type[i] = nest && chance(40) ? nest : ids[kind[i]];
		size = type[i] == nest && nest ? nest_size : field_size(kind[i]);
		if (nest && type[i] == nest)
			kind[i] = INT;
		count[i] = chance(15) ? rnd(chance(80) ? 5 : 13) : 1;
		if (count[i] != 1)
			type[i] = btf_build_array(g, type[i], ids[INT], count[i]);
		off = (off + 7) / 8 * 8;
		at[i] = off + (chance(4) ? 4 : 0);
		off = at[i] + size * count[i];
	}
	off = MAX((off + 7) / 8 * 8, 8u);
	id = btf_build_struct(g, "value", off);
	for (u32 i = 0; i < n; i++)
		btf_build_member(g, "m", type[i], (chance(2) && i ? at[i - 1] : at[i]) * 8, 0);
	for (u32 i = 0; i < n; i++)
		if ((kind[i] == HEAD || kind[i] == ROOT) && chance(95))
			btf_build_decl_tag(g, chance(90) ? tags[kind[i] == ROOT] : tags[rnd(5)], id, (s32)i);
	*ret_id = id;
	*ret_size = off;
	return g;
}

static int kernel_btf(const void *p, u32 size)
{
	union bpf_attr a = { 0 };

	a.btf = (uintptr_t)p;
	a.btf_size = size;
	return (int)syscall(SYS_bpf, BPF_BTF_LOAD, &a, sizeof(a));
}

static int kernel_map(int btf_fd, u32 id, u32 size)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = size, .max_entries = 1
	};

	a.btf_fd = (u32)btf_fd;
	a.btf_key_type_id = ids[INT];
	a.btf_value_type_id = id;
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

/* The kernel's complaint about a 4-byte load from the map's value at `off`; "" when it has none. */
static const char *kernel_load_at(int map_fd, u32 off)
{
	static char log[16384];
	struct bpf_insn insns[] = {
		{ .code = 0x18, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map_fd },
		{ 0 },
		{ .code = 0x61, .dst_reg = 0, .src_reg = 1, .off = (s16)off },
		{ .code = 0x95 },
	};
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS, .insn_cnt = 4, .log_level = 1, .log_size = sizeof(log)
	};
	int fd;

	a.insns = (uintptr_t)insns;
	a.license = (uintptr_t) "GPL";
	a.log_buf = (uintptr_t)log;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	if (fd < 0)
		return log;
	close(fd);
	return "";
}

static const char *const kind_text[] = {
	"bpf_spin_lock cannot",
	"bpf_timer cannot",
	"kptr access",
	"kptr access",
	"kptr access",
	"bpf_list_head cannot",
	"bpf_list_node cannot",
	"bpf_rb_root cannot",
	"bpf_rb_node cannot",
	"bpf_refcount cannot",
	"bpf_wq cannot",
	"uptr access",
	"bpf_res_spin_lock cannot",
	"bpf_task_work cannot",
};

/* Does the kernel see the fields of `r` (NULL: none) in the map's value, and no others? */
static bool same_fields(int map_fd, u32 size, const struct btf_record *r)
{
	for (u32 off = 0; off + 4 <= size; off += 4) {
		const char *got = kernel_load_at(map_fd, off), *want = NULL;

		for (u32 i = 0; r && i < r->n; i++)
			if (r->fields[i].off < off + 4 && off < r->fields[i].off + r->fields[i].size)
				want = kind_text[__builtin_ctz(r->fields[i].kind)];
		if (want ? !strstr(got, want) : *got) {
			printf("#   offset %u: want '%s', kernel: %s\n", off, want ? want : "", got);
			return false;
		}
	}
	return true;
}

TEST(map_values_as_the_kernel)
{
	u64 n = env_number("BTF_FIELD_N", 400), first = env_number("BTF_FIELD_SEED", 1);
	u32 mask = FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK | FIELD_TIMER | FIELD_KPTR | FIELD_GRAPH_ROOT |
		   FIELD_REFCOUNT | FIELD_WORKQUEUE | FIELD_UPTR | FIELD_TASK_WORK;
	u32 bad = 0, made = 0, with_record = 0, refused = 0, compared = 0;
	const struct btf *k = kernel_types();

	for (u64 seed = first; seed < first + n && bad < 10; seed++) {
		struct btf_record *r = NULL;
		struct btf *b = NULL;
		u32 id, value_size, size;
		const void *p;
		int fd, got, map;
		struct btf_build *g;

		rng_state = seed * 0x5851f42d4c957f2dull + 3;
		g = random_value(&id, &value_size);
		p = btf_build_done(g, &size);
		fd = kernel_btf(p, size);
		if (fd < 0 && errno == EPERM) {
			btf_build_free(g);
			SKIP("bpf(2) is not permitted here");
		}
		got = btf_load_as_618(p, size, k, NULL, &b);
		if (got != (fd < 0 ? -errno : 0)) {
			bad++;
			printf("#   case %llu: BTF_LOAD: skep %d\n", (unsigned long long)seed, got);
		}
		if (fd >= 0 && b) {
			got = btf_record_of(b, id, mask, value_size, k, &r);
			made++;
			with_record += r != NULL;
			refused += got != 0;
			/* Linux makes the map without special fields when they are wrong. */
			map = kernel_map(fd, id, value_size);
			if (map >= 0 && !same_fields(map, value_size, got ? NULL : r)) {
				bad++;
				printf("#   case %llu: skep %d\n", (unsigned long long)seed, got);
			}
			if (map >= 0)
				close(map);
			compared += map >= 0;
			if (!got)
				btf_record_free(r);
		}
		if (fd >= 0)
			close(fd);
		btf_free(b);
		btf_build_free(g);
	}
	CHECK_EQ(bad, 0);
	printf("#   %u values: %u with special fields, %u refused, %u maps compared\n", made, with_record,
	       refused, compared);
}
