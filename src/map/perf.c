/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf_event_array and cgroup_array: arrays of things that are neither maps nor programs.
 *
 * A perf event is a struct perf_sink of this process: whoever makes events (a hook, the box, an embedding program) offers
 * output and reading. Invariant: the file's word of a slot is non-zero exactly when some process has set a sink there.
 */
#include "map/priv.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>

#define SAMPLE_MAX (64u << 10)

static u32 index_of(const void *key)
{
	u32 i;

	memcpy(&i, key, sizeof(i));
	return i;
}

static u32 *mark(const struct map *m, u32 i) { return (u32 *)(void *)(m->data + (u64)i * m->stride); }

static int slots_layout(const struct map_attr *a, struct map_geom *g)
{
	return map_types[BPF_MAP_TYPE_ARRAY]->layout(a, g);
}

static int perf_view(struct map *m)
{
	void *p = mmap(NULL, m->desc.max_entries * sizeof(void *), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	m->sinks = p;
	return 0;
}

static void perf_destroy(struct map *m)
{
	if (!m->sinks)
		return;
	for (u32 i = 0; i < m->desc.max_entries; i++)
		if (*mark(m, i) && m->sinks[i] && m->sinks[i]->ops->put)
			m->sinks[i]->ops->put(m->sinks[i]);
	munmap(m->sinks, m->desc.max_entries * sizeof(void *));
}

int map_perf_set(struct map *m, u32 i, struct perf_sink *s)
{
	static u32 sets;
	struct perf_sink *old;

	if (i >= m->desc.max_entries)
		return -E2BIG;
	pthread_mutex_lock(&m->objs_lock);
	if (s && s->ops->get)
		s->ops->get(s);
	old = __atomic_exchange_n(&m->sinks[i], s, __ATOMIC_ACQ_REL);
	__atomic_store_n(mark(m, i), s ? __atomic_add_fetch(&sets, 1, __ATOMIC_RELAXED) | 1u << 31 : 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&m->objs_lock);
	if (old && old->ops->put)
		old->ops->put(old);
	return s || old ? 0 : -ENOENT;
}

static int perf_remove(struct map *m, const void *key)
{
	return map_perf_set(m, index_of(key), NULL);
}

u32 map_perf_mark(const struct map *m, u32 i) { return __atomic_load_n(mark(m, i), __ATOMIC_ACQUIRE); }

/* The sink that flags (an index, or the current CPU) mean: 0, -E2BIG or -ENOENT. */
static int sink_of(struct map *m, u64 flags, u32 cpu, struct perf_sink **ret)
{
	u32 i = (flags & BPF_F_INDEX_MASK) == BPF_F_CURRENT_CPU ? cpu : (u32)(flags & BPF_F_INDEX_MASK);

	if (i >= m->desc.max_entries)
		return -E2BIG;
	*ret = m->sink ? m->sink(m, i) : __atomic_load_n(&m->sinks[i], __ATOMIC_ACQUIRE);
	return *ret ? 0 : -ENOENT;
}

int map_perf_output(struct map *m, u64 flags, const void *a, u32 na, const void *b, u32 nb, u32 cpu)
{
	struct perf_sink *s = NULL;
	int err = sink_of(m, flags, cpu, &s);

	return err ? err : s->ops->output(s, a, na, b, nb, cpu);
}

int map_perf_read(struct map *m, u64 flags, u64 *value, u64 *enabled, u64 *running, u32 cpu)
{
	struct perf_sink *s = NULL;
	int err = sink_of(m, flags, cpu, &s);

	if (err)
		return err;
	return s->ops->read ? s->ops->read(s, value, enabled, running) : -EINVAL;
}

/* ---- the ring a reader of perf events maps ---- */

static void ring_copy(u8 *data, u64 size, u64 at, const void *src, u32 n)
{
	u64 off = at & (size - 1), part = MIN(size - off, n);

	if (!n)
		return;
	memcpy(data + off, src, part);
	memcpy(data, (const u8 *)src + part, n - part);
}

static int ring_write(void *page, u64 data_size, const void *a, u32 na, const void *b, u32 nb, bool overwrite)
{
	struct perf_event_mmap_page *p = page;
	u8 *data = (u8 *)page + MAP_PAGE;
	u64 head = __atomic_load_n(&p->data_head, __ATOMIC_RELAXED), tail = __atomic_load_n(&p->data_tail, __ATOMIC_ACQUIRE);
	u32 raw = na + nb, body = ROUND_UP(raw + 4u, 8u);
	struct perf_event_header h = { .type = PERF_RECORD_SAMPLE, .size = (u16)(sizeof(h) + body) };
	u32 size = body - 4;
	u64 zero = 0;

	if (!data_size || (data_size & (data_size - 1)) || raw > SAMPLE_MAX - 64)
		return -E2BIG;
	if (!overwrite && head - tail + h.size > data_size)
		return -ENOSPC;
	ring_copy(data, data_size, head, &h, sizeof(h));
	ring_copy(data, data_size, head + sizeof(h), &size, sizeof(size));
	ring_copy(data, data_size, head + sizeof(h) + 4, a, na);
	ring_copy(data, data_size, head + sizeof(h) + 4 + na, b, nb);
	ring_copy(data, data_size, head + sizeof(h) + 4 + raw, &zero, body - 4 - raw);
	__atomic_store_n(&p->data_head, head + h.size, __ATOMIC_RELEASE);
	return 0;
}

int map_perf_ring_write(void *page, u64 data_size, const void *a, u32 na, const void *b, u32 nb, bool overwrite)
{
	struct map_perf_share *sh = map_perf_share(page);
	int err;

	if (lease_lock(&sh->lock, map_self_page()) < 0)
		return -ENOSPC;
	err = ring_write(page, data_size, a, na, b, nb, overwrite);
	lease_unlock(&sh->lock);
	return err;
}

/* No descriptor names a perf event here: whoever resolves those uses map_perf_set. */
static int not_mine(struct map *m, const void *key, const void *value, u64 flags)
{
	(void)value;
	if (flags != BPF_ANY)
		return -EINVAL;
	return index_of(key) >= m->desc.max_entries ? -E2BIG : -EBADF;
}

const struct map_ops map_ops_PERF_EVENT_ARRAY = { .lookup = NULL };
const struct map_type map_type_PERF_EVENT_ARRAY = {
	.ops = &map_ops_PERF_EVENT_ARRAY, .copy_in = not_mine, .remove_sys = perf_remove,
	.check = fd_array_check, .layout = slots_layout, .view = perf_view, .destroy = perf_destroy,
	.next_key = array_next_key, .btf = BTF_NOT_SUPPORTED,
};
