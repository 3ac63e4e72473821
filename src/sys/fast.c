/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The element commands of this process, the short way: no copies of attributes, keys and values, no words for reasons.
 *
 * Invariant: what succeeds here is what the long way would have done; whatever is not plainly fine goes the long way from the
 * start, which also says why.
 */
#include <fcntl.h>

#include "base/grace.h"
#include "map/map.h"
#include "sys/sys.h"

#define ELEM_SIZE ((u32)(offsetof(struct attr_elem, flags) + sizeof(u64)))

static u64 word_at(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool tail_is_zero(const u8 *a, u32 from, u32 to)
{
	u64 any = 0;

	for (; from + 32 <= to; from += 32)
		any |= word_at(a + from) | word_at(a + from + 8) | word_at(a + from + 16) | word_at(a + from + 24);
	for (; from + 8 <= to; from += 8)
		any |= word_at(a + from);
	for (; from < to; from++)
		any |= a[from];
	return !any;
}

static bool plausible(u64 p, u32 n)
{
	return p >= 4096 && p < ((u64)1 << 47) - n;
}

bool sys_elem_fast(struct skep *s, u32 cmd, const union bpf_attr *attr, u32 size)
{
	const struct attr_elem *a = (const void *)attr;
	int mode, err = -1;
	struct obj *o;
	struct map *m;
	void *value;

	if (size < ELEM_SIZE || size > sizeof(union attr) || !plausible((u64)(uintptr_t)attr, size) ||
	    !tail_is_zero((const u8 *)a, ELEM_SIZE, size) || (cmd == BPF_MAP_DELETE_ELEM && a->value) || a->flags > BPF_EXIST ||
	    (a->flags && cmd != BPF_MAP_UPDATE_ELEM))
		return false;
	grace_enter();
	o = obj_peek(&s->tab, (int)a->map_fd, OBJ_MAP, &mode);
	if (!o)
		goto out;
	m = map_of(o);
	value = (void *)(uintptr_t)a->value;
	if (mode != O_RDWR || !m->plain || !(m->desc.key_size ? plausible(a->key, m->desc.key_size) : !a->key) ||
	    (cmd != BPF_MAP_DELETE_ELEM && !plausible(a->value, m->user_value_size)))
		err = -1;
	else if (cmd == BPF_MAP_LOOKUP_ELEM)
		err = map_lookup(m, (const void *)(uintptr_t)a->key, value, 0);
	else if (cmd == BPF_MAP_UPDATE_ELEM)
		err = map_update(m, (const void *)(uintptr_t)a->key, value, a->flags);
	else if (cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM)
		err = map_lookup_and_delete(m, (const void *)(uintptr_t)a->key, value, 0);
	else if (m->desc.key_size)
		err = map_delete(m, (const void *)(uintptr_t)a->key);
out:
	grace_leave();
	return !err;
}
