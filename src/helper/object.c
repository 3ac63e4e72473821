/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that programs allocate: see object.h. */
#include "helper/object.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "btf/btf.h"
#include "helper/graph.h"
#include "helper/async.h"
#include "map/map.h"
#include "map/os.h"

#define SLAB (64u << 10)
#define OBJ_MAX 4088u          /* the largest object Linux's allocator gives */
#define PERCPU_OBJ_MAX 512u
#define LIVE 0x6f626a21u

struct field { u32 kind, off, node_off; };
struct cell { struct cell *next; u32 live, refs; };

struct layout {
	struct layout *next;
	u32 size, lane, stride, nfields;
	s32 refcount_off;      /* -1: the object counts no references of its own */
	bool percpu;
	bool lock;
	struct cell *free;
	struct field field[];
};

struct slab { const struct layout *layout; u64 pad; };

static struct layout *layouts;
static bool layouts_lock;

static void lock(bool *l)
{
	while (__atomic_test_and_set(l, __ATOMIC_ACQUIRE))
		os_relax();
}

static void unlock(bool *l)
{
	__atomic_clear(l, __ATOMIC_RELEASE);
}

/* ---- layouts ---- */
static bool layout_is(const struct layout *l, const struct btf_record *rec, u32 size, bool percpu)
{
	if (l->size != size || l->percpu != percpu || l->nfields != (rec ? rec->n : 0))
		return false;
	for (u32 i = 0; i < l->nfields; i++)
		if (l->field[i].kind != rec->fields[i].kind || l->field[i].off != rec->fields[i].off ||
		    l->field[i].node_off != rec->fields[i].node_off)
			return false;
	return true;
}

static struct layout *make_layout(const struct btf_record *rec, u32 size, bool percpu)
{
	u32 n = rec ? rec->n : 0;
	struct layout *l = calloc(1, sizeof(*l) + n * sizeof(l->field[0]));

	if (!l)
		return NULL;
	l->size = size;
	l->percpu = percpu;
	l->lane = ROUND_UP(size, 8u);
	l->stride = (u32)sizeof(struct cell) + (percpu ? l->lane * map_possible_cpus() : l->lane);
	l->stride = ROUND_UP(l->stride, 16u);
	l->refcount_off = rec ? rec->refcount_off : -1;
	l->nfields = n;
	for (u32 i = 0; i < n; i++)
		l->field[i] = (struct field){ rec->fields[i].kind, rec->fields[i].off, rec->fields[i].node_off };
	return l;
}

const struct layout *object_layout(const struct btf_record *rec, u32 size, bool percpu)
{
	struct layout *l;

	lock(&layouts_lock);
	for (l = layouts; l; l = l->next)
		if (layout_is(l, rec, size, percpu))
			break;
	if (!l) {
		l = make_layout(rec, size, percpu);
		if (l) {
			l->next = layouts;
			layouts = l;
		}
	}
	unlock(&layouts_lock);
	return l;
}

/* ---- places ---- */
static struct cell *cell_of(void *p)
{
	u8 *slab = (u8 *)((uintptr_t)p & ~(uintptr_t)(SLAB - 1));
	const struct layout *l = ((struct slab *)(void *)slab)->layout;
	u64 at = (u64)((u8 *)p - slab) - sizeof(struct slab);

	return (struct cell *)(void *)(slab + sizeof(struct slab) + at / l->stride * l->stride);
}

static struct layout *layout_of(void *p)
{
	union { const struct layout *c; struct layout *l; } u;

	u.c = ((struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB - 1)))->layout;
	return u.l;
}

static void *body(struct cell *c)
{
	return c + 1;
}

/* More places for a layout, whose lock is held. Slabs stay for good. */
static void grow(struct layout *l)
{
	u8 *p = mmap(NULL, 2 * SLAB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u8 *slab;

	if (p == MAP_FAILED)
		return;
	slab = (u8 *)ROUND_UP((uintptr_t)p, (uintptr_t)SLAB);
	if (slab > p)
		munmap(p, (size_t)(slab - p));
	munmap(slab + SLAB, (size_t)(p + SLAB - slab));
	((struct slab *)(void *)slab)->layout = l;
	for (u64 at = sizeof(struct slab); at + l->stride <= SLAB; at += l->stride) {
		struct cell *c = (struct cell *)(void *)(slab + at);
		c->next = l->free;
		l->free = c;
	}
}

static struct layout *writable(const struct layout *l)
{
	union { const struct layout *c; struct layout *l; } u = { l };

	return u.l;
}

static void init_fields(const struct layout *l, u8 *obj)
{
	for (u32 i = 0; i < l->nfields; i++) {
		u8 *f = obj + l->field[i].off;
		if (l->field[i].kind == FIELD_REFCOUNT)
			__atomic_store_n((u32 *)(void *)f, 1, __ATOMIC_RELEASE);
		else if (l->field[i].kind == FIELD_LIST_HEAD)
			list_init(f);
	}
}

void *object_new(const struct layout *cl)
{
	struct layout *l = writable(cl);
	struct cell *c;

	if (l->size > (l->percpu ? PERCPU_OBJ_MAX : OBJ_MAX) || l->stride > SLAB - sizeof(struct slab))
		return NULL;
	lock(&l->lock);
	if (!l->free)
		grow(l);
	c = l->free;
	if (c)
		l->free = c->next;
	unlock(&l->lock);
	if (!c)
		return NULL;
	memset(body(c), 0, l->stride - sizeof(*c));
	c->live = LIVE;
	c->refs = 1;
	init_fields(l, body(c));
	return body(c);
}

static void free_field(const struct field *f, u8 *at)
{
	switch (f->kind) {
	case FIELD_KPTR_REF:
	case FIELD_KPTR_PERCPU:
		object_put((void *)(uintptr_t)__atomic_exchange_n((u64 *)(void *)at, 0, __ATOMIC_ACQ_REL));
		break;
	case FIELD_LIST_HEAD:
		list_free(at);
		break;
	case FIELD_RB_ROOT:
		tree_free(at);
		break;
	case FIELD_TIMER:
	case FIELD_WORKQUEUE:
	case FIELD_TASK_WORK:
		async_free(at);
		break;
	default:
		break;
	}
}

/* The object's count: its own refcount field if it has one. */
static u32 *count_of(const struct layout *l, struct cell *c)
{
	return l->refcount_off < 0 ? &c->refs : (u32 *)(void *)((u8 *)body(c) + l->refcount_off);
}

/* Task handles and the like are no objects of ours; they are numbers beyond any user address. */
static bool is_handle(const void *p)
{
	return (uintptr_t)p >> 47;
}

void *object_start(void *p)
{
	return !p || is_handle(p) ? p : body(cell_of(p));
}

void object_put(void *p)
{
	struct layout *l;
	struct cell *c;

	if (!p || is_handle(p))
		return;
	l = layout_of(p);
	c = cell_of(p);
	if (c->live != LIVE || __atomic_sub_fetch(count_of(l, c), 1, __ATOMIC_ACQ_REL))
		return;
	for (u32 i = 0; i < l->nfields; i++)
		free_field(&l->field[i], (u8 *)body(c) + l->field[i].off);
	c->live = 0;
	lock(&l->lock);
	c->next = l->free;
	l->free = c;
	unlock(&l->lock);
}

void *object_ref(void *p)
{
	u32 *n, old;

	if (!p || is_handle(p))
		return p;
	n = count_of(layout_of(p), cell_of(p));
	old = __atomic_load_n(n, __ATOMIC_RELAXED);
	do {
		if (!old)
			return NULL;
	} while (!__atomic_compare_exchange_n(n, &old, old + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return p;
}

void *object_lane(void *p, u32 cpu)
{
	return p && cpu < map_possible_cpus() ? (u8 *)p + (u64)cpu * layout_of(p)->lane : NULL;
}

static void free_kinds(struct map *m, void *value, u32 kinds)
{
	const struct btf_record *r = m->record;

	for (u32 i = 0; r && i < r->n; i++) {
		struct field f = { r->fields[i].kind, r->fields[i].off, r->fields[i].node_off };
		if (f.kind & kinds)
			free_field(&f, (u8 *)value + f.off);
	}
}

void object_fields_free(struct map *m, void *value)
{
	free_kinds(m, value, ~0u);
}

static u64 visit(struct map *m, const void *key, void *value, void *kinds)
{
	(void)key;
	free_kinds(m, value, *(const u32 *)kinds);
	return 0;
}

void object_map_gone(struct map *m, bool last)
{
	u32 kinds = last ? ~0u : FIELD_TIMER | FIELD_WORKQUEUE | FIELD_TASK_WORK;

	if (!m->record || !(m->record->mask & kinds))
		return;
	for (u32 cpu = 0; cpu < m->ncpu; cpu++)
		map_prog_for_each(m, visit, &kinds, 0, cpu);
}
