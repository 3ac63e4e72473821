/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arena: bump memory for one verification, lowering or compilation.
 *
 * Invariant: everything allocated dies together in arena_free(). Running out is not an error value: it
 * jumps to the arena's out-of-memory point, because a room that drops all its memory at once has nothing
 * to unwind. Every user sets `oom` with setjmp() before the first allocation.
 */
#ifndef SKEP_BASE_ARENA_H
#define SKEP_BASE_ARENA_H

#include <setjmp.h>

#include "base/types.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first; owned */
	u8 *next, *end;             /* free part of the newest block */
	size_t used;                /* bytes of all blocks, for statistics */
	size_t limit;               /* 0: none; else exceeding it is out-of-memory */
	jmp_buf *oom;               /* where to go when memory or the limit is exhausted; required */
};

/* A zeroed arena is valid and empty. arena_free() of an empty arena is a no-op. */
void arena_free(struct arena *a);

/* Zeroed memory aligned to 16 bytes; never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* The same without zeroing, for what is overwritten at once. */
void *arena_alloc_raw(struct arena *a, size_t size);

/* What a pass needs for itself: everything allocated after a mark is given back by arena_release(). */
struct arena_mark { struct arena_block *block; u8 *next; };
static inline struct arena_mark arena_mark(const struct arena *a) { return (struct arena_mark){ a->blocks, a->next }; }
void arena_release(struct arena *a, struct arena_mark m);

char *arena_strdup(struct arena *a, const char *s);

#define ARENA_NEW(a, type) ((type *)arena_alloc(a, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc(a, sizeof(type) * (size_t)(n)))

/*
 * Growable array in an arena: the old copy stays behind as garbage, which doubling bounds by the final size.
 * ARENA_GROW makes room for element number n (0-based) in `p` whose capacity is `cap`.
 */
#define ARENA_GROW(a, p, n, cap)                                                                        \
	do {                                                                                            \
		if ((size_t)(n) >= (size_t)(cap))                                                       \
			(p) = arena_grow(a, p, sizeof(*(p)), (size_t)(n), &(cap));                      \
	} while (0)
void *arena_grow(struct arena *a, void *old, size_t elem, size_t need, u32 *cap);

#endif
