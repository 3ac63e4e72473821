/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arena: see arena.h. Blocks are an eighth of what there is, 64 KiB to 2 MiB, so that little stays unused. Large ones come
 * with their pages: a big verification touches many megabytes once, and one fault for each page would take half its time.
 */
#include "base/arena.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)2 << 20)
#define MAPPED ((size_t)256 << 10) /* blocks from this size on */
#define PAGE ((size_t)4096)
#define ALIGN 16

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(ALIGN) u8 data[];
};

/* Small blocks that were given back, for the next arena: a small program's load would mostly be the heap's growing and shrinking. */
static _Atomic(struct arena_block *) spare[4];

static struct arena_block *take_spare(void)
{
	struct arena_block *b = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(spare) && !b; i++)
		if (atomic_load_explicit(&spare[i], memory_order_relaxed))
			b = atomic_exchange(&spare[i], NULL);
	return b;
}

static bool keep_spare(struct arena_block *b)
{
	for (u32 i = 0; i < ARRAY_SIZE(spare); i++) {
		struct arena_block *none = NULL;

		if (atomic_compare_exchange_strong(&spare[i], &none, b))
			return true;
	}
	return false;
}

static struct arena_block *get_block(size_t size)
{
	struct arena_block *b = size == BLOCK_MIN ? take_spare() : NULL;
	void *p;

	if (b)
		return b;
	if (size < MAPPED)
		return malloc(sizeof(struct arena_block) + size);
	p = mmap(NULL, sizeof(struct arena_block) + size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | (size <= BLOCK_MAX + PAGE ? MAP_POPULATE : 0), -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static void give_back(struct arena_block *b)
{
	if (b->size == BLOCK_MIN && keep_spare(b))
		return;
	if (b->size < MAPPED)
		free(b);
	else
		munmap(b, sizeof(*b) + b->size);
}

void arena_free(struct arena *a)
{
	struct arena_block *b = a->blocks;

	while (b) {
		struct arena_block *older = b->older;

		give_back(b);
		b = older;
	}
	a->blocks = NULL;
	a->next = a->end = NULL;
	a->used = 0;
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->blocks != m.block) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		a->used -= b->size;
		give_back(b);
	}
	a->next = m.next;
	a->end = m.block ? m.block->data + m.block->size : NULL;
}

static void new_block(struct arena *a, size_t size)
{
	size_t want = MIN(MAX(a->used / 8, BLOCK_MIN), BLOCK_MAX);
	struct arena_block *b;

	if (want < size)
		want = size;
	if (a->limit && (a->used > a->limit || want > a->limit - a->used))
		longjmp(*a->oom, 1);
	if (want >= MAPPED)
		want = ROUND_UP(want + sizeof(*b), PAGE) - sizeof(*b);
	b = get_block(want);
	if (!b)
		longjmp(*a->oom, 1);
	b->older = a->blocks;
	b->size = want;
	a->blocks = b;
	a->used += want;
	a->next = b->data;
	a->end = b->data + want;
}

void *arena_alloc_raw(struct arena *a, size_t size)
{
	u8 *p;

	if (unlikely(size > SIZE_MAX / 2))
		longjmp(*a->oom, 1);
	size = ROUND_UP(size, ALIGN);
	if (unlikely((size_t)(a->end - a->next) < size))
		new_block(a, size);
	p = a->next;
	a->next += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_alloc_raw(a, size), 0, size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc_raw(a, n), s, n);
}

void *arena_grow(struct arena *a, void *old, size_t elem, size_t need, u32 *cap)
{
	size_t n = MAX((size_t)*cap * 2, need + 8);
	u8 *p;

	if (n > U32_MAX || n > SIZE_MAX / 2 / elem)
		longjmp(*a->oom, 1);
	p = arena_alloc_raw(a, n * elem);
	if (*cap)
		memcpy(p, old, *cap * elem);
	memset(p + *cap * elem, 0, (n - *cap) * elem);
	*cap = (u32)n;
	return p;
}
