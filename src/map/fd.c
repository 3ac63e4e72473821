/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps whose values are objects: prog_array, array_of_maps, and what hash_of_maps shares with them.
 *
 * The file holds ids; which object that is in this process stands in tables of the process, slot by slot, each entry with a
 * reference. Invariant: an entry is set before its id can be seen and cleared after; an id whose entry is missing or is
 * another object (another process wrote it) is looked up by number.
 */
#include "base/nospec.h"
#include "map/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

void objs_put(struct obj *o)
{
	if (!o)
		return;
	if (map_retire)
		map_retire(o);
	else
		obj_put(o);
}

static void *table_of(u64 n)
{
	void *p = mmap(NULL, n * sizeof(void *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static u32 objs_used(const struct map *m)
{
	if (m->desc.type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return m->desc.max_entries;
	return m->nnodes + 1;
}

void objs_destroy(struct map *m)
{
	u32 n = objs_used(m);

	if (!m->objs)
		return;
	if (m->desc.type == BPF_MAP_TYPE_HASH_OF_MAPS) {
		for (u32 i = 1; i <= m->head->pool.fresh && i < n; i++)
			obj_put(m->objs[i]);
		for (u32 i = n - POOL_EXTRA; i < n && i < n - POOL_EXTRA + m->head->pool.extra_fresh + 1; i++)
			if (i > m->head->pool.fresh)
				obj_put(m->objs[i]);
	} else {
		for (u32 i = 0; i < n; i++)
			if (*(u32 *)(void *)(m->data + (u64)i * m->stride))
				obj_put(m->objs[i]);
	}
	munmap(m->objs, n * sizeof(void *));
	if (m->images)
		munmap(m->images, n * sizeof(void *));
	obj_put(m->inner_ref);
	obj_put(m->inner_btf);
}

/* ---- inner maps ---- */

int of_maps_init(struct map *m, const struct map_attr *a)
{
	struct map *inner = a->inner;
	const struct map_spec *spec;

	if (!inner)
		return -EBADF;
	if (inner->inner_desc)
		return -EINVAL;
	spec = map_spec_by_id(inner->desc.type);
	if (!spec || !spec->inner_ok)
		return -ENOTSUPP;
	m->inner_desc = malloc(sizeof(*m->inner_desc));
	if (!m->inner_desc)
		return -ENOMEM;
	*m->inner_desc = inner->desc;
	m->inner_desc->id = 0;
	m->inner_desc->name[0] = '\0'; /* it stands for any map of this kind */
	m->inner_desc->rodata = NULL;
	/* The template itself may go; its special fields are described in its memory, so then it stays. */
	if (inner->record)
		m->inner_ref = obj_get(&inner->obj);
	if (inner->btf_obj)
		m->inner_btf = obj_get(inner->btf_obj);
	return 0;
}

static bool inner_fits(const struct map_desc *want, const struct map *m)
{
	const struct map_desc *d = &m->desc;
	bool sized = d->type == BPF_MAP_TYPE_ARRAY || d->type == BPF_MAP_TYPE_XSKMAP;

	if (want->type != d->type || want->key_size != d->key_size || want->value_size != d->value_size ||
	    want->flags != d->flags)
		return false;
	if ((want->record || d->record) && (!want->record || !d->record || !btf_record_equal(want->record, d->record)))
		return false;
	return !sized || (want->flags & BPF_F_INNER_MAP) || want->max_entries == d->max_entries;
}

int objs_check(struct map *m, struct obj *o)
{
	if (m->type->obj_kind == OBJ_MAP)
		return o->kind == OBJ_MAP && m->inner_desc && inner_fits(m->inner_desc, map_of(o)) ? 0 : -EINVAL;
	return m->prog_ok ? m->prog_ok(m, o) : 0;
}

/*
 * What slot i, which says `id`, is here. Another process may have set it: then ask by number, once. Programs rely on what the template
 * says, and the file may say anything.
 */
static COLD struct obj *resolve(struct map *m, u32 i, u32 id)
{
	struct obj *o = NULL;

	if (!m->obj.tab || obj_by_id(m->obj.tab, id, m->type->obj_kind, &o))
		return NULL;
	if (objs_check(m, o)) {
		obj_put(o);
		return NULL;
	}
	pthread_mutex_lock(&m->objs_lock);
	if (!m->objs[i]) {
		__atomic_store_n(&m->objs[i], o, __ATOMIC_RELEASE);
	} else {
		obj_put(o);
		o = m->objs[i]->id == id ? m->objs[i] : NULL;
	}
	pthread_mutex_unlock(&m->objs_lock);
	return o;
}

void *objs_map(struct map *m, u32 i, u32 id)
{
	struct obj *o = __atomic_load_n(&m->objs[i], __ATOMIC_ACQUIRE);

	if (!id)
		return NULL;
	if (unlikely(!o || o->id != id))
		o = m->resolve ? m->resolve(m, i, id) : NULL;
	return o ? map_of(o) : NULL;
}

int objs_view(struct map *m, u32 n)
{
	m->objs = table_of(n);
	m->resolve = resolve;
	m->in_slot = objs_map;
	return m->objs ? 0 : -ENOMEM;
}

/* ---- arrays ---- */

int fd_array_check(const struct map_attr *a)
{
	if (a->value_size != sizeof(u32))
		return -EINVAL;
	if (a->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EINVAL;
	return array_check(a);
}

static u32 *slot_id(const struct map *m, u32 i) { return (u32 *)(void *)(m->data + (u64)i * m->stride); }

static u32 index_of(const void *key)
{
	u32 i;

	memcpy(&i, key, sizeof(i));
	return i;
}

static int array_view(struct map *m)
{
	int err = objs_view(m, m->desc.max_entries);

	if (!err && m->type->obj_kind == OBJ_PROG) {
		m->images = table_of(m->desc.max_entries);
		if (!m->images)
			return -ENOMEM;
	}
	return err;
}

static void set_slot(struct map *m, u32 i, struct obj *o)
{
	const struct image *img = o && m->images && m->image_of ? m->image_of(o) : NULL;
	struct obj *old;

	pthread_mutex_lock(&m->objs_lock);
	old = m->objs[i];
	if (!o)
		__atomic_store_n(slot_id(m, i), 0, __ATOMIC_RELEASE);
	if (m->images)
		__atomic_store_n(&m->images[i], img, __ATOMIC_RELEASE);
	__atomic_store_n(&m->objs[i], o, __ATOMIC_RELEASE);
	if (o)
		__atomic_store_n(slot_id(m, i), o->id, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&m->objs_lock);
	objs_put(old);
}

static int array_set_obj(struct map *m, const void *key, struct obj *o, u64 flags)
{
	u32 i = index_of(key);
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (i >= m->desc.max_entries)
		return -E2BIG;
	if (!o)
		return 0;
	err = objs_check(m, o);
	if (err)
		return err;
	set_slot(m, i, obj_get(o));
	return 0;
}

static int array_remove(struct map *m, const void *key)
{
	u32 i = index_of(key);

	if (i >= m->desc.max_entries)
		return -E2BIG;
	if (!__atomic_load_n(slot_id(m, i), __ATOMIC_ACQUIRE))
		return -ENOENT;
	set_slot(m, i, NULL);
	return 0;
}

static int array_copy_out(struct map *m, const void *key, void *value, u64 flags)
{
	u32 i = index_of(key), id;

	(void)flags;
	if (i >= m->desc.max_entries)
		return -ENOENT;
	id = __atomic_load_n(slot_id(m, i), __ATOMIC_ACQUIRE);
	memcpy(value, &id, sizeof(id));
	return id ? 0 : -ENOENT;
}

static HOT void *array_lookup(struct map *m, const void *key, u32 cpu)
{
	u32 i = index_of(key), id;
	struct obj *o;

	(void)cpu;
	if (unlikely(i >= m->desc.max_entries))
		return NULL;
	i = index_nospec(i, m->desc.max_entries);
	id = __atomic_load_n(slot_id(m, i), __ATOMIC_ACQUIRE);
	o = __atomic_load_n(&m->objs[i], __ATOMIC_ACQUIRE);
	return likely(o && o->id == id) ? map_of(o) : objs_map(m, i, id);
}

HOT const struct image *prog_array_image(struct map *m, u32 i)
{
	u32 id;

	if (unlikely(i >= m->desc.max_entries))
		return NULL;
	i = index_nospec(i, m->desc.max_entries);
	id = __atomic_load_n(slot_id(m, i), __ATOMIC_ACQUIRE);
	if (!id)
		return NULL;
	return unlikely(m->image_at != NULL) ? m->image_at(m, i, id) : __atomic_load_n(&m->images[i], __ATOMIC_ACQUIRE);
}

const struct image *const *prog_array_slot(const struct map *m, u32 i, const u32 **ret_id)
{
	if (m->desc.type != BPF_MAP_TYPE_PROG_ARRAY || !m->images || i >= m->desc.max_entries)
		return NULL;
	*ret_id = slot_id(m, i);
	return &m->images[i];
}

void map_release_user(struct map *m)
{
	if (m->desc.type != BPF_MAP_TYPE_PROG_ARRAY)
		return;
	for (u32 i = 0; i < m->desc.max_entries; i++)
		if (__atomic_load_n(slot_id(m, i), __ATOMIC_ACQUIRE))
			set_slot(m, i, NULL);
}

static int array_of_layout(const struct map_attr *a, struct map_geom *g)
{
	return map_types[BPF_MAP_TYPE_ARRAY]->layout(a, g);
}

const struct map_ops map_ops_PROG_ARRAY = { .lookup = NULL };
const struct map_type map_type_PROG_ARRAY = {
	.ops = &map_ops_PROG_ARRAY, .check = fd_array_check, .layout = array_of_layout,
	.view = array_view, .destroy = objs_destroy, .remove_sys = array_remove, .next_key = array_next_key,
	.copy_out = array_copy_out, .set_obj = array_set_obj, .btf = BTF_ANSWER_EINVAL,
	.obj_kind = OBJ_PROG,
};
const struct map_ops map_ops_ARRAY_OF_MAPS = {
	.lookup = array_lookup,
};
const struct map_type map_type_ARRAY_OF_MAPS = {
	.ops = &map_ops_ARRAY_OF_MAPS, .check = fd_array_check, .layout = array_of_layout,
	.init = of_maps_init, .view = array_view, .destroy = objs_destroy, .remove_sys = array_remove,
	.next_key = array_next_key, .copy_out = array_copy_out, .set_obj = array_set_obj,
	.btf = BTF_NOT_SUPPORTED, .batch = true, .batch_change = true, .no_batch_delete = true, .obj_kind = OBJ_MAP,
};
