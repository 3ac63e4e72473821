/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies between a map's file and plain memory.
 *
 * Invariant: memory in the file is only touched by relaxed atomic words, so an aligned word is never seen half written, as in
 * Linux. Special fields (locks, timers, kptrs) are never copied: they stay where they live and read as zero.
 */
#include "map/priv.h"

void shm_write(void *shm, const void *src, u32 n)
{
	u8 *d = shm;
	const u8 *s = src;

	for (; n >= 8; n -= 8, d += 8, s += 8) {
		u64 v;
		__builtin_memcpy(&v, s, 8);
		__atomic_store_n((u64 *)(void *)d, v, __ATOMIC_RELAXED);
	}
	if (n & 4) {
		u32 v;
		__builtin_memcpy(&v, s, 4);
		__atomic_store_n((u32 *)(void *)d, v, __ATOMIC_RELAXED);
		d += 4, s += 4;
	}
	if (n & 2) {
		u16 v;
		__builtin_memcpy(&v, s, 2);
		__atomic_store_n((u16 *)(void *)d, v, __ATOMIC_RELAXED);
		d += 2, s += 2;
	}
	if (n & 1)
		__atomic_store_n(d, *s, __ATOMIC_RELAXED);
}

void shm_read(void *dst, const void *shm, u32 n)
{
	u8 *d = dst;
	const u8 *s = shm;

	for (; n >= 8; n -= 8, d += 8, s += 8) {
		u64 v = __atomic_load_n((const u64 *)(const void *)s, __ATOMIC_RELAXED);
		__builtin_memcpy(d, &v, 8);
	}
	if (n & 4) {
		u32 v = __atomic_load_n((const u32 *)(const void *)s, __ATOMIC_RELAXED);
		__builtin_memcpy(d, &v, 4);
		d += 4, s += 4;
	}
	if (n & 2) {
		u16 v = __atomic_load_n((const u16 *)(const void *)s, __ATOMIC_RELAXED);
		__builtin_memcpy(d, &v, 2);
		d += 2, s += 2;
	}
	if (n & 1)
		*d = __atomic_load_n(s, __ATOMIC_RELAXED);
}

void shm_zero(void *shm, u32 n)
{
	u8 *d = shm;

	for (; n >= 8; n -= 8, d += 8)
		__atomic_store_n((u64 *)(void *)d, 0, __ATOMIC_RELAXED);
	for (; n; n--, d++)
		__atomic_store_n(d, 0, __ATOMIC_RELAXED);
}

/* The parts of a value between its special fields, one at a time. */
struct part { u32 field, off, len; };

static bool next_part(const struct map *m, struct part *p)
{
	const struct btf_record *r = m->record;
	u32 n = r ? r->n : 0, end;

	p->off += p->len;
	p->len = 0;
	while (p->off < m->value_len) {
		if (p->field < n && r->fields[p->field].off <= p->off) {
			p->off = MAX(p->off, r->fields[p->field].off + r->fields[p->field].size);
			p->field++;
			continue;
		}
		end = p->field < n ? r->fields[p->field].off : m->value_len;
		p->len = MIN(end, m->value_len) - p->off;
		return true;
	}
	return false;
}

void value_in(struct map *m, void *shm, const void *src)
{
	struct part p = { 0, 0, 0 };

	if (likely(!m->record)) {
		shm_write(shm, src, m->value_len);
		return;
	}
	while (next_part(m, &p))
		shm_write((u8 *)shm + p.off, (const u8 *)src + p.off, p.len);
}

void value_out(struct map *m, void *dst, const void *shm)
{
	struct part p = { 0, 0, 0 };

	if (likely(!m->record)) {
		shm_read(dst, shm, m->value_len);
		return;
	}
	memset(dst, 0, m->value_len);
	while (next_part(m, &p))
		shm_read((u8 *)dst + p.off, (const u8 *)shm + p.off, p.len);
}

bool value_has_lock(const struct map *m) { return m->record && m->record->spin_lock_off >= 0; }

static u32 *value_lock(struct map *m, const void *shm)
{
	return (u32 *)(void *)((u8 *)(uintptr_t)shm + m->record->spin_lock_off);
}

void value_in_locked(struct map *m, void *shm, const void *src)
{
	map_spin_lock(m, value_lock(m, shm));
	value_in(m, shm, src);
	map_spin_unlock(value_lock(m, shm));
}

void value_out_locked(struct map *m, void *dst, const void *shm)
{
	map_spin_lock(m, value_lock(m, shm));
	value_out(m, dst, shm);
	map_spin_unlock(value_lock(m, shm));
}

void value_gone(struct map *m, void *shm)
{
	if (unlikely(m->field_free != NULL))
		m->field_free(m, shm);
}

void lanes_in(struct map *m, u64 off, const void *src)
{
	u32 room = value_room(m);

	for (u32 cpu = 0; cpu < m->ncpu; cpu++)
		shm_write(m->data + cpu * m->lane + off, (const u8 *)src + (u64)cpu * room, room);
}

void lanes_out(struct map *m, void *dst, u64 off)
{
	u32 room = value_room(m);

	for (u32 cpu = 0; cpu < m->ncpu; cpu++)
		shm_read((u8 *)dst + (u64)cpu * room, m->data + cpu * m->lane + off, room);
}
