/* SPDX-License-Identifier: BSD-2-Clause */
/* Values kept for tasks, sockets, inodes and cgroups: see storage.h. */
#include "helper/storage.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "helper/object.h"
#include "helper/ret.h"
#include "map/map.h"
#include "spec/helper_abi.h"
#include "vm/abi.h"

#define BUCKETS 256u

struct kept {
	struct kept *next;      /* in the bucket */
	u64 owner;              /* 0: deleted; its memory is for the map's next value */
	const struct map *map;
	u64 value[];
};

static struct kept *bucket[BUCKETS];
static u32 used;                /* values there are; without any, an owner's end costs nothing */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Values of one map share a bucket chain by owner; deleted ones wait in the map's own chain. */
static struct kept **chain(u64 owner, const struct map *m)
{
	u64 h = (owner ? owner >> 3 : RET_PTR(m) >> 6) * 0x9e3779b97f4a7c15ull;

	return &bucket[h >> 56];
}

static struct kept *find(u64 owner, const struct map *m)
{
	struct kept *k;

	for (k = *chain(owner, m); k; k = k->next)
		if (k->owner == owner && k->map == m)
			break;
	return k;
}

/* Off its chain. */
static void take_off(struct kept *k)
{
	struct kept **p = chain(k->owner, k->map);

	while (*p != k)
		p = &(*p)->next;
	*p = k->next;
}

static void put_on(struct kept *k, u64 owner)
{
	struct kept **p;

	k->owner = owner;
	p = chain(owner, k->map);
	k->next = *p;
	*p = k;
}

static struct kept *make(struct map *m, u64 owner, const void *value)
{
	struct kept *k = find(0, m);
	u32 size = ROUND_UP(m->desc.value_size, 8u);

	if (k)
		take_off(k);
	else
		k = calloc(1, sizeof(*k) + size);
	if (!k)
		return NULL;
	k->map = m;
	memset(k->value, 0, size);
	if (value)
		memcpy(k->value, value, m->desc.value_size);
	put_on(k, owner);
	used++;
	return k;
}

static void discard(struct kept *k)
{
	union { const struct map *c; struct map *m; } u = { k->map };

	take_off(k);
	if (u.m->record)
		object_fields_free(u.m, k->value);
	put_on(k, 0);
	used--;
}

static u64 get(struct map *m, u64 owner, const void *value, u64 flags)
{
	struct kept *k;

	if (!owner || flags & ~(u64)BPF_LOCAL_STORAGE_GET_F_CREATE)
		return 0;
	pthread_mutex_lock(&lock);
	k = find(owner, m);
	if (!k && (flags & BPF_LOCAL_STORAGE_GET_F_CREATE))
		k = make(m, owner, value);
	pthread_mutex_unlock(&lock);
	return k ? RET_PTR(k->value) : 0;
}

static u64 drop(struct map *m, u64 owner)
{
	struct kept *k;

	if (!owner)
		return RET_INT_(-EINVAL);
	pthread_mutex_lock(&lock);
	k = find(owner, m);
	if (k)
		discard(k);
	pthread_mutex_unlock(&lock);
	return k ? 0 : RET_INT_(-ENOENT);
}

void storage_owner_gone(u64 owner)
{
	if (!__atomic_load_n(&used, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&lock);
	for (struct kept *k = *chain(owner, NULL), *next; k; k = next) {
		next = k->next;
		if (k->owner == owner)
			discard(k);
	}
	pthread_mutex_unlock(&lock);
}

void storage_map_gone(struct map *m)
{
	const u32 keepers = MH_LOCAL_STORAGE | MH_SK_STORAGE | MH_INODE_STORAGE | MH_TASK_STORAGE | MH_CGRP_STORAGE;

	if (!(map_spec[m->desc.type].helpers & keepers))
		return;
	pthread_mutex_lock(&lock);
	for (u32 i = 0; i < BUCKETS; i++)
		for (struct kept *k = bucket[i], *next; k; k = next) {
			next = k->next;
			if (k->map != m)
				continue;
			used -= k->owner != 0;
			if (k->owner && m->record)
				object_fields_free(m, k->value);
			take_off(k);
			free(k);
		}
	pthread_mutex_unlock(&lock);
}

/* The value of the cgroup that the event is judged for: one a run, made when it is first asked for. */
u64 helper_get_local_storage(struct map *map, u64 flags, struct run *run)
{
	static u64 spare[65536 / 8]; /* the verifier promised a pointer: without memory, a value that everybody shares */
	u64 value = get(map, RET_PTR(run->env), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	(void)flags;
	return value ? value : RET_PTR(spare);
}

#define STORAGE(name)                                                                                   \
	u64 helper_##name##_storage_get(struct map *map, void *owner, const void *value, u64 flags,     \
					struct run *run)                                                \
	{                                                                                               \
		(void)run;                                                                              \
		return get(map, RET_PTR(owner), value, flags);                                          \
	}                                                                                               \
	u64 helper_##name##_storage_delete(struct map *map, void *owner, struct run *run)               \
	{                                                                                               \
		(void)run;                                                                              \
		return drop(map, RET_PTR(owner));                                                       \
	}
STORAGE(sk)
STORAGE(inode)
STORAGE(task)
STORAGE(cgrp)
