/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Portable images: the same sealed pages, mapped at two places with two tables, run with what each table says; and they hold no
 * address of this process.
 */
#include "unit/jit_kit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/outline.h"

#define PLACES 2

struct place {
	u8 *map, *base;
	size_t size;
	struct image image;
	struct image_sub sub[KIT_SUBS];
};

static u64 one(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r) { (void)r; return a + b + c + d + e + 1; }
static u64 two(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *r) { (void)r; return a + b + c + d + e + 2; }
static u64 calls_back(u64 f, u64 a, u64 c, u64 d, u64 e, struct run *r)
{
	(void)c, (void)d, (void)e;
	return run_callback(r, f, a, a, 0, 0, 0) + run_callback(r, f, a, 1, 0, 0, 0);
}

static u64 values[PLACES][4];
/* What the tables of the two places hold: the second differs in everything that may differ. */
static u64 slot_value(const struct lower_ref *r, u32 place)
{
	switch ((enum lower_ref_kind)r->kind) {
	case LREF_HELPER:
		return r->id == 7 ? (u64)(uintptr_t)calls_back : (u64)(uintptr_t)(place ? two : one);
	case LREF_KFUNC:
		return (u64)(uintptr_t)(place ? one : two);
	case LREF_MAP_VALUE:
		return (u64)(uintptr_t)values[place] + r->off;
	case LREF_MAP:
		return r->map + place;
	case LREF_OP:
		return (u64)(uintptr_t)vm_body_of[r->id];
	case LREF_SERVICE:
		CHECK_EQ(r->id, JIT_TAIL_CALL);
		return (u64)(uintptr_t)run_tail_call;
	default:
		CHECK(!"a slot nobody asked for");
		return 0;
	}
}

/* | inaccessible | table | image | inaccessible | */
static void map_at(struct place *at, const struct jit_portable *p, int fd, u32 place)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), table = ROUND_UP(p->nslots * 8, page);
	u64 *slots;

	at->size = 2 * page + table + p->size;
	at->map = mmap(NULL, at->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at->base = at->map + page + table;
	if (table)
		CHECK_EQ(mprotect(at->map + page, table, PROT_READ | PROT_WRITE), 0);
	slots = (u64 *)(void *)at->base;
	for (u32 i = 0; i < p->nslots; i++)
		slots[-1 - (s64)i] = slot_value(&p->slot[i], place);
	if (table)
		CHECK_EQ(mprotect(at->map + page, table, PROT_READ), 0);
	CHECK(mmap(at->base, p->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0) == at->base);
}

static void image_at(struct place *at, const struct kit *k, const struct jit_portable *p)
{
	void *entry = at->base + p->entry, *call = at->base + p->call;

	at->image = (struct image){ .ops = k->ops, .n = k->n, .sub = at->sub, .nsubs = k->nsubs, .exception_sub = ~0u };
	memcpy(&at->image.entry, &entry, sizeof(entry));
	at->image.tail = at->image.entry;
	at->image.hop = at->base + p->hop;
	memcpy(&at->image.jit_call, &call, sizeof(call));
	for (u32 s = 0; s < k->nsubs; s++)
		at->sub[s] = (struct image_sub){ .start = k->lsub[s].start, .end = k->lsub[s].end, .stack = k->lsub[s].stack,
						 .jit = at->base + p->sub_entry[s] };
}

static void check_no_addresses(const struct jit_portable *p, const u64 *addr, u32 n)
{
	for (u32 i = 0; i + 8 <= p->size; i++)
		for (u32 k = 0; k < n; k++)
			CHECK(memcmp(p->bytes + i, &addr[k], 8) && memcmp(p->bytes + i, &addr[k], 4));
}

static int portable(struct kit *k, const struct jit_opts *o, struct lower_ref *ref, u32 nrefs, struct jit_portable *ret)
{
	struct lowered l = { .ops = k->ops, .n = k->n, .sub = k->lsub, .nsubs = k->nsubs, .exception_sub = ~0u, .ref = ref,
			     .nrefs = nrefs };
	jmp_buf oom;
	int err;

	k->arena = (struct arena){ .oom = &oom };
	if (setjmp(oom))
		abort();
	err = jit_compile_portable(&l, o, &k->arena, ret);
	arena_free(&k->arena);
	return err;
}

/* Runs the operations at both places; their results must be want[]. */
static void both(const struct ins *ops, u32 n, struct lower_ref *ref, u32 nrefs, void *ctx, const u64 want[PLACES])
{
	const u64 mine[] = { (u64)(uintptr_t)one, (u64)(uintptr_t)two, (u64)(uintptr_t)values[0], 0x7777777711111111,
			     (u64)(uintptr_t)vm_body_of[OP_PROBE_DW], (u64)(uintptr_t)run_tail_call };

	for (u32 o = 0; o < ARRAY_SIZE(kit_opts); o++) {
		struct kit k = { .ops = malloc(n * sizeof(*ops)), .n = n };
		struct place at[PLACES] = { 0 };
		struct jit_portable p;
		int fd;

		memcpy(k.ops, ops, n * sizeof(*ops));
		kit_find_subs(&k, 64);
		CHECK_EQ(portable(&k, &kit_opts[o], ref, nrefs, &p), 0);
		CHECK(p.size % (u32)sysconf(_SC_PAGESIZE) == 0);
		check_no_addresses(&p, mine, ARRAY_SIZE(mine));
		fd = jit_portable_file(&p);
		CHECK(fd >= 0);
		for (u32 i = 0; i < PLACES; i++) {
			map_at(&at[i], &p, fd, i);
			image_at(&at[i], &k, &p);
		}
		CHECK(at[0].base != at[1].base);
		for (u32 i = 0; i < PLACES; i++) {
			CHECK_EQ(kit_go(&at[i].image, ctx), want[i]);
			munmap(at[i].map, at[i].size);
		}
		CHECK_EQ(pwrite(fd, "x", 1, 0), -1);
		CHECK_EQ(errno, EPERM);
		close(fd);
		jit_portable_free(&p);
		free(k.ops);
	}
}

TEST(helpers_and_kfuncs_are_the_tables)
{
	const struct ins ops[] = {
		{ .op = OP_MOV64_K, .dst = 1, .imm = 10 }, { .op = OP_MOV64_K, .dst = 2, .imm = 20 },
		{ .op = OP_MOV64_K, .dst = 3 }, { .op = OP_MOV64_K, .dst = 4 }, { .op = OP_MOV64_K, .dst = 5 },
		{ .op = OP_CALL, .imm64 = 0x7777777711111111 }, /* never called */
		{ .op = OP_MOV64_X, .dst = 6, .src = 0 },
		{ .op = OP_MOV64_K, .dst = 1, .imm = 100 }, { .op = OP_MOV64_K, .dst = 2 },
		{ .op = OP_MOV64_K, .dst = 3 }, { .op = OP_MOV64_K, .dst = 4 }, { .op = OP_MOV64_K, .dst = 5 },
		{ .op = OP_CALL_KFUNC, .imm64 = 0x7777777711111111 },
		{ .op = OP_LSH64_K, .dst = 0, .imm = 16 },
		{ .op = OP_ADD64_X, .dst = 0, .src = 6 },
		{ .op = OP_EXIT },
	};
	struct lower_ref ref[] = { { .op = 5, .kind = LREF_HELPER, .id = 3 },
				   { .op = 12, .kind = LREF_KFUNC, .name = "k" } };

	both(ops, ARRAY_SIZE(ops), ref, ARRAY_SIZE(ref), NULL, (u64[]){ (102 << 16) + 31, (101 << 16) + 32 });
}

/* r0 = values[1] + the map's handle; values[2]++ */
TEST(maps_and_values_are_the_tables)
{
	const struct ins ops[] = {
		{ .op = OP_LDIMM64, .dst = 6, .imm64 = 0x7777777711111111 },
		{ .op = OP_LDX_DW, .dst = 0, .src = 6, .off = 0 },
		{ .op = OP_LDIMM64, .dst = 7, .imm64 = 0x7777777711111111 },
		{ .op = OP_ADD64_X, .dst = 0, .src = 7 },
		{ .op = OP_LDIMM64, .dst = 8, .imm64 = 0x7777777711111111 },
		{ .op = OP_LDX_DW, .dst = 2, .src = 8, .off = 8 },
		{ .op = OP_ADD64_K, .dst = 2, .imm = 1 },
		{ .op = OP_STX_DW, .dst = 8, .src = 2, .off = 8 },
		{ .op = OP_LDIMM64, .dst = 9, .imm64 = 0x100000000 }, /* a plain number */
		{ .op = OP_ADD64_X, .dst = 0, .src = 9 },
		{ .op = OP_EXIT },
	};
	struct lower_ref ref[] = { { .op = 0, .kind = LREF_MAP_VALUE, .map = 0x5000, .off = 8 },
				   { .op = 2, .kind = LREF_MAP, .map = 0x5000 },
				   { .op = 4, .kind = LREF_MAP_VALUE, .map = 0x5000, .off = 8 } };
	const u64 want[PLACES] = { 0x100000000 + 0x5000 + 11, 0x100000000 + 0x5001 + 22 };

	memset(values, 0, sizeof(values));
	values[0][1] = 11;
	values[1][1] = 22;
	both(ops, ARRAY_SIZE(ops), ref, ARRAY_SIZE(ref), NULL, want);
	CHECK_EQ(values[0][2], ARRAY_SIZE(kit_opts));
	CHECK_EQ(values[1][2], ARRAY_SIZE(kit_opts));
}

TEST(outlined_operations)
{
	const struct ins ops[] = {
		{ .op = OP_MOV64_X, .dst = 6, .src = 1 },
		{ .op = OP_PROBE_DW, .dst = 0, .src = 6 },
		{ .op = OP_MOV64_K, .dst = 7, .imm = 16 },
		{ .op = OP_PROBE_DW, .dst = 7, .src = 7 }, /* faults: 0 */
		{ .op = OP_ADD64_X, .dst = 0, .src = 7 },
		{ .op = OP_EXIT },
	};
	u64 here = 0x1234;

	both(ops, ARRAY_SIZE(ops), NULL, 0, &here, (u64[]){ 0x1234, 0x1234 });
}

/* The callback calls a subprogram: 5 + 5 and 5 + 1; then that is called once more: + 1000. */
TEST(subprograms_and_callbacks)
{
	const struct ins ops[] = {
		{ .op = OP_LDIMM64_FUNC, .dst = 1, .target = 9 },
		{ .op = OP_MOV64_K, .dst = 2, .imm = 5 },
		{ .op = OP_CALL, .dst = 3, .imm64 = 0x7777777711111111 },
		{ .op = OP_MOV64_X, .dst = 6, .src = 0 },
		{ .op = OP_MOV64_K, .dst = 1, .imm = 1000 },
		{ .op = OP_MOV64_K, .dst = 2 },
		{ .op = OP_CALL_SUB, .target = 11 },
		{ .op = OP_ADD64_X, .dst = 0, .src = 6 },
		{ .op = OP_EXIT },
		{ .op = OP_CALL_SUB, .target = 11 },
		{ .op = OP_EXIT },
		{ .op = OP_MOV64_X, .dst = 0, .src = 1 },
		{ .op = OP_ADD64_X, .dst = 0, .src = 2 },
		{ .op = OP_EXIT },
	};
	struct lower_ref ref[] = { { .op = 2, .kind = LREF_HELPER, .id = 7 } };

	both(ops, ARRAY_SIZE(ops), ref, ARRAY_SIZE(ref), NULL, (u64[]){ 1016, 1016 });
}

TEST(what_has_no_reference_is_refused)
{
	struct ins ops[] = { { .op = OP_CALL, .dst = 1, .imm64 = 0x1000 }, { .op = OP_EXIT } };
	struct kit k = { .ops = ops, .n = 2 };
	struct jit_portable p;

	kit_find_subs(&k, 0);
	CHECK_EQ(portable(&k, &kit_opts[0], NULL, 0, &p), -EINVAL);
}
