/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: memory that programs and user space share at one address; and struct_ops, the table of a kernel interface's programs.
 *
 * The arena's pages are the start of the file, there from the beginning and only taken when touched.
 * Invariant: an arena lies within one 4 GB window of addresses, so that 32 bits name a byte of it.
 */
#include "map/priv.h"

#include <errno.h>

#include "map/os.h"

#define NUMA_NODES 1024

static int arena_layout(const struct map_attr *a, struct map_geom *g)
{
	u64 bytes = (u64)a->max_entries * MAP_PAGE;

	if (a->key_size || a->value_size || !a->max_entries || !(a->flags & BPF_F_MMAPABLE) ||
	    map_flags_unknown(a))
		return -EINVAL;
	if (a->extra & (MAP_PAGE - 1))
		return -EINVAL;
	if (bytes > (u64)1 << 32)
		return -E2BIG;
	if (a->extra >> 32 != (a->extra + bytes - 1) >> 32)
		return -ERANGE;
	g->size = g->mmap_size = g->lane = bytes;
	g->aux_n = (a->max_entries + 63) / 64;
	g->aux = geom_add(g, (u64)g->aux_n * sizeof(u64));
	return 0;
}

static int arena_view(struct map *m)
{
	m->arena = (struct ins_arena){ .data = (u64)(uintptr_t)m->data,
				       .size = m->mmap_size,
				       .sink = (u64)(uintptr_t)m->arena_sink,
				       .user_va = m->desc.extra };
	m->desc.user_va = m->desc.extra;
	return 0;
}

const struct ins_arena *map_arena(struct map *m) { return m->arena.user_va ? &m->arena : NULL; }

int map_arena_place(struct map *m, u64 user_va, u64 len)
{
	if (m->arena.user_va)
		return m->arena.user_va == user_va && m->arena.size == len ? 0 : -EBUSY;
	if (!len || len > m->mmap_size || user_va >> 32 != (user_va + len - 1) >> 32)
		return -ERANGE;
	m->arena.size = len;
	m->arena.user_va = m->desc.user_va = user_va;
	return 0;
}

/* ---- pages: a bit for each that somebody asked for ---- */
static u64 *word_of(const struct map *m, u32 page) { return (u64 *)(void *)m->aux + page / 64; }
static bool taken(const struct map *m, u32 page) { return *word_of(m, page) >> page % 64 & 1; }

static void mark(struct map *m, u32 page, u32 n, bool take)
{
	for (; n; n--, page++) {
		if (take)
			*word_of(m, page) |= 1ull << page % 64;
		else
			*word_of(m, page) &= ~(1ull << page % 64);
	}
}

/* The first page from `page` on, of n, that somebody has touched (user space, by itself); n: none. */
static u32 touched(const struct map *m, u32 page, u32 n)
{
	const long seek_data = 3;
	long at;

	if (m->obj.memfd < 0)
		return n;
	at = os_call4(__NR_lseek, m->obj.memfd, (long)page * MAP_PAGE, seek_data, 0);
	return at < 0 || at >= ((long)page + n) * MAP_PAGE ? n : (u32)(at / MAP_PAGE) - page;
}

/* The smallest free run that holds n pages; ~0: none. */
static u32 best_run(const struct map *m, u32 n, u32 pages)
{
	u32 best = ~0u, best_len = ~0u, start = 0;

	for (u32 p = 0; p <= pages; p++) {
		if (p < pages && !(p % 64) && pages - p >= 64 && *word_of(m, p) == 0) {
			p += 63;
			continue;
		}
		if (p < pages && !taken(m, p))
			continue;
		if (p - start >= n && p - start < best_len) {
			best = start;
			best_len = p - start;
		}
		start = p + 1;
	}
	return best;
}

static u32 pages_of(const struct map *m) { return (u32)(m->arena.size / MAP_PAGE); }

static bool is_free(const struct map *m, u32 page, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (taken(m, page + i))
			return false;
	return touched(m, page, n) == n;
}

static u32 choose(struct map *m, u32 n)
{
	for (;;) {
		u32 page = best_run(m, n, pages_of(m)), used;

		if (page == ~0u)
			return page;
		used = touched(m, page, n);
		if (used == n)
			return page;
		mark(m, page + used, 1, true);
	}
}

u64 map_arena_alloc(struct map *m, u64 addr, u32 n, s32 node, u64 flags)
{
	u32 page = ((u32)addr - (u32)m->arena.user_va) / MAP_PAGE;

	if (flags || !n || n > pages_of(m) || node < -1 || node >= NUMA_NODES || (node > 0 && !m->numa_flags))
		return 0;
	if (addr && (addr & (MAP_PAGE - 1) || page > pages_of(m) - n))
		return 0;
	if (lease_lock(&m->head->lock, m->self) < 0)
		return 0;
	if (!addr)
		page = choose(m, n);
	else if (!is_free(m, page, n))
		page = ~0u;
	if (page != ~0u)
		mark(m, page, n, true);
	lease_unlock(&m->head->lock);
	return page == ~0u ? 0 : m->arena.user_va + (u64)page * MAP_PAGE;
}

void map_arena_free(struct map *m, u64 addr, u32 n)
{
	const long punch_hole_keep_size = 3;
	u32 page = ((u32)addr - (u32)m->arena.user_va) / MAP_PAGE;

	if (!n || !addr || (u32)addr < (u32)m->arena.user_va || page >= pages_of(m))
		return;
	n = MIN(n, pages_of(m) - page);
	if (lease_lock(&m->head->lock, m->self) < 0)
		return;
	mark(m, page, n, false);
	if (m->obj.memfd < 0 ||
	    os_call4(__NR_fallocate, m->obj.memfd, punch_hole_keep_size, (long)page * MAP_PAGE, (long)n * MAP_PAGE))
		shm_zero(m->data + (u64)page * MAP_PAGE, n * MAP_PAGE);
	lease_unlock(&m->head->lock);
}

int map_arena_reserve(struct map *m, u64 addr, u32 n)
{
	u32 page = ((u32)addr - (u32)m->arena.user_va) / MAP_PAGE;
	int err;

	if (!n)
		return 0;
	if (addr & (MAP_PAGE - 1) || page >= pages_of(m) || n > pages_of(m) - page)
		return -EINVAL;
	err = lease_lock(&m->head->lock, m->self);
	if (err < 0)
		return err;
	err = is_free(m, page, n) ? 0 : -EBUSY;
	if (!err)
		mark(m, page, n, true);
	lease_unlock(&m->head->lock);
	return err;
}

static int arena_push(struct map *m, const void *value, u64 flags)
{
	(void)m;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int arena_pop(struct map *m, void *value)
{
	(void)m;
	(void)value;
	return -EOPNOTSUPP;
}

static int ops_check(const struct map_attr *a)
{
	return a->key_size != sizeof(u32) || a->max_entries != 1 || map_flags_unknown(a) || !a->btf_vmlinux_value ? -EINVAL : 0;
}

/* The value, as bpf(2) shows it: 8 bytes of state, then the table. */
enum { OPS_INIT, OPS_INUSE, OPS_TOBEFREE, OPS_READY };
struct ops_state { u32 users, state; };

static int ops_layout(const struct map_attr *a, struct map_geom *g)
{
	g->data = geom_add(g, MAX(a->value_size, sizeof(struct ops_state)));
	return 0;
}

static struct ops_state *ops_state(const struct map *m) { return (struct ops_state *)(void *)m->data; }

enum map_ops_state map_ops_state(const struct map *m)
{
	u32 state = __atomic_load_n(&ops_state(m)->state, __ATOMIC_ACQUIRE);

	return state == OPS_READY ? MAP_OPS_READY : state == OPS_INUSE ? MAP_OPS_IN_USE : MAP_OPS_NONE;
}

static int ops_key(const void *key)
{
	u32 i;

	memcpy(&i, key, sizeof(i));
	return i ? -E2BIG : 0;
}

/* value NULL: may it be set? */
static int ops_update(struct map *m, const void *key, const void *value, u64 flags)
{
	int err = flags ? -EINVAL : ops_key(key);
	bool link = m->desc.flags & UAPI_F_LINK;
	u32 none = OPS_INIT;

	if (err || !value)
		return err ? err : ops_state(m)->state != OPS_INIT ? -EBUSY : 0;
	if (!__atomic_compare_exchange_n(&ops_state(m)->state, &none, link ? OPS_READY : OPS_INUSE, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return -EBUSY;
	shm_write(m->data + sizeof(struct ops_state), (const u8 *)value + sizeof(struct ops_state),
		  m->desc.value_size - (u32)sizeof(struct ops_state));
	ops_state(m)->users = !link;
	return 0;
}

static int ops_lookup(struct map *m, const void *key, void *value, u64 flags)
{
	(void)flags;
	if (ops_key(key))
		return -ENOENT;
	shm_read(value, m->data, m->desc.value_size);
	return 0;
}

static int ops_remove(struct map *m, const void *key)
{
	u32 used = OPS_INUSE;

	(void)key;
	if (m->desc.flags & UAPI_F_LINK)
		return -EOPNOTSUPP;
	if (__atomic_compare_exchange_n(&ops_state(m)->state, &used, OPS_TOBEFREE, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		ops_state(m)->users = 0;
		return 0;
	}
	return used == OPS_INIT ? -ENOENT : -EINPROGRESS;
}

static int ops_next(struct map *m, const void *key, void *next)
{
	(void)m;
	if (key && !ops_key(key))
		return -ENOENT;
	memset(next, 0, sizeof(u32));
	return 0;
}

const struct map_ops map_ops_ARENA = {
	.push = arena_push, .pop = arena_pop, .peek = arena_pop, .no_update = -EOPNOTSUPP,
	.no_delete = -EOPNOTSUPP,
};
const struct map_type map_type_ARENA = {
	.ops = &map_ops_ARENA, .layout = arena_layout, .view = arena_view,
	.no_lookup = -EINVAL, .no_next = -EOPNOTSUPP, .btf = BTF_OPTIONAL,
};
const struct map_ops map_ops_STRUCT_OPS = { .no_update = -EOPNOTSUPP, .no_delete = -EOPNOTSUPP };
const struct map_type map_type_STRUCT_OPS = {
	.ops = &map_ops_STRUCT_OPS, .check = ops_check, .layout = ops_layout, .copy_out = ops_lookup, .copy_in = ops_update,
	.remove_sys = ops_remove, .next_key = ops_next, .btf = BTF_ANSWER_EINVAL,
};
