/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as bpf(2) sees them: single elements, batches, freezing, mapping.
 *
 * Invariant: checks come in Linux's order, so that of several errors the same one is told.
 */
#include "map/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "map/here.h"
#include "map/priv.h"

u32 map_user_value_size(const struct map *m) { return m->user_value_size; }

void map_view_sys(struct map *m)
{
	const struct map_type *t = m->type;

	m->user_value_size = m->desc.value_size;
	if (m->ops->percpu)
		m->user_value_size = ROUND_UP(m->desc.value_size, 8u) * map_possible_cpus();
	else if (map_spec_by_id(m->desc.type)->value == MV_FD)
		m->user_value_size = sizeof(u32);
	m->plain = t->obj_kind == OBJ_NONE && !t->key_names && !t->value_names && (m->desc.key_size || t->queue) &&
		   m->desc.type != BPF_MAP_TYPE_STRUCT_OPS;
}

enum obj_kind map_value_obj(const struct map *m) { return m->type->obj_kind; }
enum map_names map_key_names(const struct map *m) { return m->type->key_names; }
enum map_names map_value_names(const struct map *m) { return m->type->value_names; }

bool map_frozen(const struct map *m) { return m->frozen || __atomic_load_n(&m->head->frozen, __ATOMIC_ACQUIRE); }

/* BPF_F_LOCK needs a lock in the value. */
static int check_lock(const struct map *m, u64 flags)
{
	return (flags & BPF_F_LOCK) && !value_has_lock(m) ? -EINVAL : 0;
}

static int or_notsupp(int err) { return err ? err : -ENOTSUPP; }

static int copy_value(struct map *m, const void *key, void *value, u64 flags)
{
	void *at;

	if (m->type->queue)
		return m->ops->peek(m, value);
	if (m->type->copy_out)
		return m->type->copy_out(m, key, value, flags);
	if (!m->ops->lookup)
		return or_notsupp(m->type->no_lookup);
	at = m->ops->lookup(m, key, cpu_here());
	if (!at)
		return -ENOENT;
	if (flags & BPF_F_LOCK)
		value_out_locked(m, value, at);
	else
		value_out(m, value, at);
	return 0;
}

int map_lookup(struct map *m, const void *key, void *value, u64 flags)
{
	int err;

	if (flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	err = check_lock(m, flags);
	return err ? err : copy_value(m, key, value, flags);
}

static int set_value(struct map *m, const void *key, const void *value, u64 flags)
{
	if (m->type->queue)
		return m->ops->push(m, value, flags);
	if (m->type->copy_in)
		return m->type->copy_in(m, key, value, flags);
	if (!m->ops->update)
		return or_notsupp(m->ops->no_update);
	return m->ops->update(m, key, value, flags, cpu_here());
}

int map_update(struct map *m, const void *key, const void *value, u64 flags)
{
	int err;

	if (map_frozen(m))
		return -EPERM;
	err = check_lock(m, flags);
	return err ? err : set_value(m, key, value, flags);
}

int map_update_obj(struct map *m, const void *key, struct obj *o, u64 flags)
{
	int err;

	if (map_frozen(m))
		return -EPERM;
	err = check_lock(m, flags);
	if (err)
		return err;
	if (!m->type->set_obj)
		return -ENOTSUPP;
	return m->type->set_obj(m, key, o, flags);
}

static int remove_one(struct map *m, const void *key)
{
	if (m->type->remove_sys)
		return m->type->remove_sys(m, key);
	return m->ops->remove ? m->ops->remove(m, key, cpu_here()) : or_notsupp(m->ops->no_delete);
}

int map_delete(struct map *m, const void *key)
{
	if (map_frozen(m))
		return -EPERM;
	return remove_one(m, key);
}

int map_lookup_and_delete(struct map *m, const void *key, void *value, u64 flags)
{
	int err;

	if (flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	if (map_frozen(m))
		return -EPERM;
	if (flags && m->type->queue && m->ops->pop)
		return -EINVAL;
	err = check_lock(m, flags);
	if (err)
		return err;
	if (m->type->queue && m->ops->pop && !m->desc.key_size && m->type->take == NULL)
		return m->desc.type == BPF_MAP_TYPE_BLOOM_FILTER ? -ENOTSUPP : m->ops->pop(m, value);
	return m->type->take ? m->type->take(m, key, value, flags) : -ENOTSUPP;
}

int map_next_key(struct map *m, const void *key, void *next_key)
{
	return m->type->next_key ? m->type->next_key(m, key, next_key) : or_notsupp(m->type->no_next);
}

/* A frozen array of one value that programs may only read is a constant to the verifier. */
int map_freeze(struct map *m)
{
	u32 no = 0;

	if (m->desc.type == BPF_MAP_TYPE_STRUCT_OPS || m->record)
		return -ENOTSUPP;
	if (map_frozen(m))
		return -EPERM;
	if (!__atomic_compare_exchange_n(&m->head->frozen, &no, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -EBUSY;
	/* Our own mapping stays writable; no new writable one can be made by anybody, nor can a client forbid that. */
	if (m->mmap_size && m->obj.memfd >= 0 && fcntl(m->obj.memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) &&
	    !(fcntl(m->obj.memfd, F_GET_SEALS) & F_SEAL_FUTURE_WRITE)) {
		__atomic_store_n(&m->head->frozen, 0, __ATOMIC_RELEASE);
		return -EACCES;
	}
	if ((m->desc.flags & BPF_F_RDONLY_PROG) && m->desc.type == BPF_MAP_TYPE_ARRAY)
		return map_own_copy(m);
	return 0;
}

/* ---- batches ---- */

u32 map_batch_token(const struct map *m)
{
	return m->type->batch_out ? sizeof(u32) : m->desc.key_size;
}

static int check_batch(const struct map *m, const struct map_batch *b)
{
	return b->elem_flags & ~(u64)BPF_F_LOCK ? -EINVAL : check_lock(m, b->elem_flags);
}

static int generic_lookup_batch(struct map *m, struct map_batch *b)
{
	u32 room = b->count, ks = m->desc.key_size, vs = map_user_value_size(m), n = 0;
	int err = check_batch(m, b);
	u8 *prev, *key;
	bool have = b->in_batch != NULL;

	if (err || !room)
		return err;
	b->count = 0;
	prev = malloc(2 * (size_t)ks);
	if (!prev)
		return -ENOMEM;
	key = prev + ks;
	if (have)
		memcpy(prev, b->in_batch, ks);
	while (n < room) {
		err = m->type->next_key(m, have ? prev : NULL, key);
		if (err)
			break;
		err = copy_value(m, key, (u8 *)b->values + (u64)n * vs, b->elem_flags);
		if (err && err != -ENOENT)
			goto out;
		if (!err)
			memcpy((u8 *)b->keys + (u64)n++ * ks, key, ks);
		memcpy(prev, key, ks);
		have = true;
	}
	b->count = n;
	b->token = n && b->out_batch;
	if (b->token)
		memcpy(b->out_batch, prev, ks);
out:
	free(prev);
	return err;
}

int map_lookup_batch(struct map *m, struct map_batch *b)
{
	if (m->type->batch_out)
		return m->type->batch_out(m, b, false);
	return m->type->batch ? generic_lookup_batch(m, b) : -ENOTSUPP;
}

int map_lookup_and_delete_batch(struct map *m, struct map_batch *b)
{
	if (map_frozen(m))
		return -EPERM;
	return m->type->batch_out ? m->type->batch_out(m, b, true) : -ENOTSUPP;
}

static int update_one(struct map *m, struct map_batch *b, const void *key, const void *value)
{
	struct obj *o;
	s32 fd;
	int err;

	if (m->type->obj_kind == OBJ_NONE)
		return set_value(m, key, value, b->elem_flags);
	memcpy(&fd, value, sizeof(fd));
	if (!b->obj_by_fd)
		return -EBADF;
	err = m->type->set_obj(m, key, NULL, b->elem_flags);
	if (!err)
		err = b->obj_by_fd(b->ctx, fd, m->type->obj_kind, &o);
	if (err)
		return err;
	err = m->type->set_obj(m, key, o, b->elem_flags);
	obj_put(o);
	return err;
}

int map_update_batch(struct map *m, struct map_batch *b)
{
	u32 n, todo = b->count, ks = m->desc.key_size, vs = map_user_value_size(m);
	int err;

	if (map_frozen(m))
		return -EPERM;
	if (!m->type->batch_change)
		return -ENOTSUPP;
	err = check_batch(m, b);
	if (err || !todo)
		return err;
	for (n = 0; n < todo; n++) {
		err = update_one(m, b, (u8 *)b->keys + (u64)n * ks, (u8 *)b->values + (u64)n * vs);
		if (err)
			break;
	}
	b->count = n;
	return err;
}

int map_delete_batch(struct map *m, struct map_batch *b)
{
	u32 n, todo = b->count;
	int err;

	if (map_frozen(m))
		return -EPERM;
	if (!m->type->batch_change || m->type->no_batch_delete || (!m->ops->remove && !m->type->remove_sys))
		return -ENOTSUPP;
	err = check_batch(m, b);
	if (err || !todo)
		return err;
	for (n = 0; n < todo; n++) {
		err = remove_one(m, (u8 *)b->keys + (u64)n * m->desc.key_size);
		if (err)
			break;
	}
	b->count = n;
	return err;
}
