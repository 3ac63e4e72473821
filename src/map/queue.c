/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue and stack: a ring of max_entries + 1 values, pushed at the head; a queue pops at the tail, a stack at the head.
 *
 * Invariant: head and tail are one word, so each operation takes effect by one store; one place is always free, and the value goes
 * there before that store. A holder of the lock killed anywhere leaves either the old or the new contents.
 */
#include "map/priv.h"

#include <errno.h>

static int queue_check(const struct map_attr *a)
{
	if (!a->max_entries || a->key_size || !a->value_size ||
	    map_flags_unknown(a) || !map_access_ok(a->flags))
		return -EINVAL;
	if (a->value_size > KMALLOC_MAX)
		return -E2BIG;
	if (a->max_entries >= U32_MAX / a->value_size)
		return -E2BIG;
	return 0;
}

static int queue_layout(const struct map_attr *a, struct map_geom *g)
{
	g->stride = a->value_size > 4 ? ROUND_UP(a->value_size, 8u) : round_up_pow2(a->value_size);
	g->lane = ((u64)a->max_entries + 1) * g->stride;
	g->data = geom_add(g, g->lane);
	return 0;
}

static u32 step(const struct map *m, u32 i) { return i >= m->desc.max_entries ? 0 : i + 1; }
static u32 back(const struct map *m, u32 i) { return i && i <= m->desc.max_entries ? i - 1 : m->desc.max_entries; }
static void *slot(const struct map *m, u32 i)
{
	return m->data + (u64)(i > m->desc.max_entries ? 0 : i) * m->stride;
}

/* A stolen lock needs no repair. */
static int lock(struct map *m)
{
	int got = lease_lock(&m->head->lock, m->self);

	return got < 0 ? got : 0;
}

static int queue_push(struct map *m, const void *value, u64 flags)
{
	u32 head, tail;
	u64 ends;
	int err;

	if ((flags & BPF_NOEXIST) || flags > BPF_EXIST)
		return -EINVAL;
	err = lock(m);
	if (err)
		return err;
	ends = __atomic_load_n(&m->head->ends, __ATOMIC_RELAXED);
	head = (u32)(ends >> 32);
	tail = (u32)ends;
	if (step(m, head) == tail) {
		if (!(flags & BPF_EXIST)) {
			err = -E2BIG;
			goto out;
		}
		tail = step(m, tail); /* the oldest makes room */
	}
	shm_write(slot(m, head), value, m->desc.value_size);
	__atomic_store_n(&m->head->ends, (u64)step(m, head) << 32 | tail, __ATOMIC_RELEASE);
out:
	lease_unlock(&m->head->lock);
	return err;
}

static int get(struct map *m, void *value, bool newest, bool take)
{
	u32 head, tail, i;
	u64 ends;
	int err = lock(m);

	if (err) {
		memset(value, 0, m->desc.value_size);
		return err;
	}
	ends = __atomic_load_n(&m->head->ends, __ATOMIC_RELAXED);
	head = (u32)(ends >> 32);
	tail = (u32)ends;
	if (head == tail) {
		memset(value, 0, m->desc.value_size);
		err = -ENOENT;
	} else {
		i = newest ? back(m, head) : tail;
		shm_read(value, slot(m, i), m->desc.value_size);
		if (take)
			__atomic_store_n(&m->head->ends, newest ? (u64)i << 32 | tail : (u64)head << 32 | step(m, tail),
					 __ATOMIC_RELEASE);
	}
	lease_unlock(&m->head->lock);
	return err;
}

static int queue_pop(struct map *m, void *value) { return get(m, value, false, true); }
static int queue_peek(struct map *m, void *value) { return get(m, value, false, false); }
static int stack_pop(struct map *m, void *value) { return get(m, value, true, true); }
static int stack_peek(struct map *m, void *value) { return get(m, value, true, false); }

const struct map_ops map_ops_QUEUE = {
	.push = queue_push, .pop = queue_pop, .peek = queue_peek, .no_update = -EINVAL,
	.no_delete = -EINVAL,
};
const struct map_type map_type_QUEUE = {
	.ops = &map_ops_QUEUE, .check = queue_check, .layout = queue_layout, .no_next = -EINVAL,
	.btf = BTF_ANSWER_EINVAL, .queue = true,
};
const struct map_ops map_ops_STACK = {
	.push = queue_push, .pop = stack_pop, .peek = stack_peek, .no_update = -EINVAL,
	.no_delete = -EINVAL,
};
const struct map_type map_type_STACK = {
	.ops = &map_ops_STACK, .check = queue_check, .layout = queue_layout, .no_next = -EINVAL,
	.btf = BTF_ANSWER_EINVAL, .queue = true,
};
