/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map operations without a system call, for libc clients in a box. A map is a file that any process which has the descriptor may view
 * (map/map.h); which maps are fit for it (no descriptors as values, no special fields) the supervisor says, once a descriptor.
 *
 * Invariant: what is not the plain case (an unknown number, strange flags, an attribute with a tail) goes to the supervisor, which
 * decides everything; here nothing is refused that it would allow, nor allowed that it would refuse.
 */
#include "accel.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "box/control.h"
#include "map/map.h"
#include "map/os.h"
#include "sys/attr.h"

#define SLOTS 1024

/* What a number is: a view of a map, or known to be none. */
struct slot {
	u32 busy;        /* a thread looks at it */
	bool unfit;
	struct view *view;
};
struct view {
	struct map *m;
	u32 refs;        /* atomic: the slot's, and operations that run */
};
static struct slot slots[SLOTS];
static bool in_box;

int accel_init(void)
{
	struct box_hello hello;

	in_box = !os_call4(__NR_bpf, (long)BOX_HELLO, (long)(uintptr_t)&hello, sizeof(hello), 0) && hello.magic == BOX_HELLO;
	if (in_box)
		paths_init();
	return in_box;
}

static void lock(struct slot *s)
{
	while (__atomic_exchange_n(&s->busy, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(struct slot *s) { __atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE); }

static void put(struct view *v)
{
	if (v && !__atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL)) {
		map_detach(v->m);
		free(v);
	}
}

void accel_closed(unsigned from, unsigned to)
{
	for (unsigned i = from; in_box && i <= to && i < SLOTS; i++) {
		struct view *v;

		if (!__atomic_load_n(&slots[i].view, __ATOMIC_RELAXED) && !slots[i].unfit)
			continue;
		lock(&slots[i]);
		v = slots[i].view;
		slots[i].view = NULL;
		slots[i].unfit = false;
		unlock(&slots[i]);
		put(v);
	}
}

/* First use of a number: ask what it is, and look at the map. */
static struct view *view_fd(int fd, struct slot *s)
{
	long fit = os_call4(__NR_bpf, (long)BOX_FIT, fd, 0, 0);
	struct view *v = fit > 0 ? calloc(1, sizeof(*v)) : NULL;

	if (!v || map_attach(fd, &v->m)) {
		free(v);
		s->unfit = true;
		return NULL;
	}
	v->refs = 1;
	s->view = v;
	return v;
}

static struct view *get(int fd)
{
	struct slot *s;
	struct view *v;

	if (fd < 0 || fd >= SLOTS || slots[fd].unfit)
		return NULL;
	s = &slots[fd];
	lock(s);
	v = s->view ? s->view : s->unfit ? NULL : view_fd(fd, s);
	if (v)
		__atomic_fetch_add(&v->refs, 1, __ATOMIC_RELAXED);
	unlock(s);
	return v;
}

int accel_bpf(long cmd, const void *attr, unsigned long size, long *ret)
{
	struct attr_elem a = { 0 };
	struct view *v;
	const void *key;
	void *value;

	if (!in_box || (u32)cmd - BPF_MAP_LOOKUP_ELEM > BPF_MAP_GET_NEXT_KEY - BPF_MAP_LOOKUP_ELEM ||
	    size < offsetof(struct attr_elem, flags) || size > sizeof(union attr)) /* flags are left away by who walks through keys */
		return 0;
	memcpy(&a, attr, MIN(size, sizeof(a)));
	if (a.flags > (cmd == BPF_MAP_UPDATE_ELEM ? (u64)BPF_EXIST : 0) || (!a.key && cmd != BPF_MAP_GET_NEXT_KEY) ||
	    (!a.value && cmd != BPF_MAP_DELETE_ELEM))
		return 0;
	for (size_t i = sizeof(a); i + 8 <= size; i += 8)
		if (*(const u64 *)(const void *)((const u8 *)attr + i))
			return 0;
	v = get((int)a.map_fd);
	if (!v)
		return 0;
	key = (const void *)(uintptr_t)a.key;
	value = (void *)(uintptr_t)a.value;
	if (cmd == BPF_MAP_LOOKUP_ELEM)
		*ret = map_lookup(v->m, key, value, 0);
	else if (cmd == BPF_MAP_UPDATE_ELEM)
		*ret = map_update(v->m, key, value, a.flags);
	else if (cmd == BPF_MAP_DELETE_ELEM)
		*ret = map_delete(v->m, key);
	else
		*ret = map_next_key(v->m, key, value);
	put(v);
	return 1;
}
