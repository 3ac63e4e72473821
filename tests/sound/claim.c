/* SPDX-License-Identifier: BSD-2-Clause */
/* See claim.h. What a pointer may point to is asked of the runtime itself: the packet, the maps, the stack of the run. */
#include "sound/claim.h"

#include <stdio.h>

#include "helper/run_env.h"
#include "map/map.h"
#include "prog/prog.h"

static char why[256];

#define SAY(...) (snprintf(why, sizeof(why), __VA_ARGS__), why)

static const char *number_broken(const struct reg *r, u64 v)
{
	if ((v & ~r->var.mask) != r->var.value)
		return SAY("known bits: value %#llx mask %#llx", (unsigned long long)r->var.value, (unsigned long long)r->var.mask);
	if (v < r->umin || v > r->umax)
		return SAY("unsigned range %#llx..%#llx", (unsigned long long)r->umin, (unsigned long long)r->umax);
	if ((s64)v < r->smin || (s64)v > r->smax)
		return SAY("signed range %lld..%lld", (long long)r->smin, (long long)r->smax);
	if ((u32)v < r->u32_min || (u32)v > r->u32_max)
		return SAY("32-bit unsigned range %#x..%#x", r->u32_min, r->u32_max);
	if ((s32)(u32)v < r->s32_min || (s32)(u32)v > r->s32_max)
		return SAY("32-bit signed range %d..%d", r->s32_min, r->s32_max);
	return NULL;
}

/* A pointer that is `base` plus the claimed offset. */
static const char *offset_broken(const struct reg *r, u64 v, u64 base)
{
	return number_broken(r, v - base - (u64)(s64)r->off);
}

/* A map that the claim names is the map itself, unless it is the template of a map in a map. */
static const struct map *map_of_claim(const struct concrete *c, const struct map_desc *d)
{
	const struct prog *p = c->run->image->prog;

	for (u32 i = 0; i < p->nmaps; i++)
		if (&p->maps[i]->desc == d)
			return p->maps[i];
	return NULL;
}

static const char *value_of(const struct reg *r, u64 v, u64 first, u64 step, u64 n)
{
	if (!step || n > 100000)
		return NULL;
	for (u64 i = 0; i < n; i++)
		if (!offset_broken(r, v, first + i * step))
			return NULL;
	return SAY("no value of map %s lies at the claimed offset %d + %#llx/%#llx before it", r->map->name, r->off,
		   (unsigned long long)r->var.value, (unsigned long long)r->var.mask);
}

static const char *map_value_broken(const struct concrete *c, const struct reg *r, u64 v)
{
	const struct map *m = map_of_claim(c, r->map);
	u64 at = (u64)(uintptr_t)(m ? m->data : NULL);

	/* of maps of maps and of sockets it is the object itself that a lookup gives, before it is known not to be NULL */
	if (!m || m->desc.inner || map_spec[m->desc.type].value >= MV_FD)
		return NULL;
	switch (m->desc.type) {
	case BPF_MAP_TYPE_ARRAY:
		return value_of(r, v, at, m->stride, m->desc.max_entries);
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		for (u32 lane = 0; lane < m->ncpu; lane++)
			if (!value_of(r, v, at + m->lane * lane, m->stride, m->desc.max_entries))
				return NULL;
		return SAY("no lane of map %s has a value there", m->desc.name);
	default:
		if (v < (u64)(uintptr_t)m->base || v > (u64)(uintptr_t)m->base + m->file_size)
			return SAY("outside of the memory of map %s", m->desc.name);
		return NULL;
	}
}

/* What the program may see of its packet or message. */
struct span { u64 meta, data, end; };
static struct span packet_of(const struct concrete *c)
{
	const struct run_pkt *p = c->run->env->pkt;
	const struct run_msg *m = c->run->env->msg;

	if (m)
		return (struct span){ 0, (u64)(uintptr_t)m->md->data, (u64)(uintptr_t)m->md->data_end };
	return p ? (struct span){ (u64)(uintptr_t)p->meta, (u64)(uintptr_t)p->data, (u64)(uintptr_t)p->end } : (struct span){ 0, 0, 0 };
}

static const char *packet_broken(const struct concrete *c, const struct reg *r, u64 v)
{
	const struct span p = packet_of(c);
	bool meta = T_BASE(r->type) == T_PKT_META;
	u64 start, end, from = v - (u64)(s64)r->off;
	const char *w;

	if (!p.data)
		return SAY("there is no packet");
	start = meta ? p.meta : p.data;
	end = meta ? p.data : p.end;
	w = number_broken(r, from - start);
	if (w)
		return w;
	if (r->range > 0 && from + (u64)r->range > end)
		return SAY("%d bytes are claimed, %lld are there", r->range, (long long)(end - from));
	if (r->range == BEYOND_PKT_END && v <= end)
		return SAY("claimed beyond the end");
	if (r->range == AT_PKT_END && v < end)
		return SAY("claimed at or beyond the end");
	return NULL;
}

const char *claim_broken(const struct concrete *c, u32 base, const struct reg *r, u64 v)
{
	const struct map *m;

	if (r->type == T_SCALAR)
		return number_broken(r, v);
	if ((r->type & (TF_NULL | TF_UNTRUSTED)) && !v)
		return NULL;
	switch (T_BASE(r->type)) {
	case T_CTX:
		return offset_broken(r, v, (u64)(uintptr_t)c->run->ctx);
	case T_MAP:
		m = map_of_claim(c, r->map);
		if (m)
			return v == (u64)(uintptr_t)m ? NULL : SAY("it is not map %s", m->desc.name);
		m = (const struct map *)(uintptr_t)v;
		if (!m)
			return SAY("NULL where a map is claimed");
		return m->desc.value_size == r->map->value_size && m->desc.key_size == r->map->key_size ? NULL
												    : SAY("an inner map of another shape");
	case T_MAP_VALUE:
		return v ? map_value_broken(c, r, v) : SAY("NULL where a map value is claimed");
	case T_STACK:
		if (base + r->frameno >= c->nframes)
			return SAY("a frame that is gone");
		return offset_broken(r, v, c->frame[base + r->frameno].fp);
	case T_PKT:
	case T_PKT_META:
		return packet_broken(c, r, v);
	case T_PKT_END:
		return v && v == packet_of(c).end ? NULL : SAY("it is not the packet's end");
	case T_SOCKET: case T_SOCK_COMMON: case T_TCP_SOCK: case T_XDP_SOCK: case T_MEM: case T_MAP_KEY: case T_FLOW_KEYS:
	case T_TP_BUFFER: case T_BUF:
		return v ? NULL : SAY("NULL where a pointer is claimed");
	case T_BTF:
		/* only objects that programs made are surely there: what stands for the kernel's is a number of the test run's context */
		return v || !(r->type & TF_ALLOC) ? NULL : SAY("NULL where an object is claimed");
	case T_NONE: case T_SCALAR: case T_ARENA: case T_FUNC: case T_DYNPTR: case T_COUNT:
		break;
	}
	return NULL;
}

const char *claim_slot_broken(const struct concrete *c, u32 base, const struct slot *s, const u8 bytes[8], u64 *ret_value)
{
	u32 n = 0;
	u64 v = 0;

	/* type[7] is the lowest address */
	while (n < 8 && s->type[7 - n] == SLOT_SPILL)
		v |= (u64)bytes[n] << 8 * n, n++;
	*ret_value = v;
	for (u32 i = 0; i < 8; i++)
		if (s->type[7 - i] == SLOT_ZERO && bytes[i])
			return SAY("byte %u is %#x where zero is claimed", i, bytes[i]);
	if (!n || (n < 8 && s->reg.type != T_SCALAR))
		return NULL;
	if (n < 8) {
		/* the record is of the whole register, of which these bytes were stored */
		if (((v ^ s->reg.var.value) & ~s->reg.var.mask) << (64 - 8 * n))
			return SAY("known bits of %u bytes: value %#llx mask %#llx", n, (unsigned long long)s->reg.var.value,
				   (unsigned long long)s->reg.var.mask);
		if (n == 4 && ((u32)v < s->reg.u32_min || (u32)v > s->reg.u32_max))
			return SAY("32-bit unsigned range %#x..%#x", s->reg.u32_min, s->reg.u32_max);
		return NULL;
	}
	return claim_broken(c, base, &s->reg, v);
}

const char *claim_access_broken(const struct concrete *c, u32 base, const struct reg *r, u64 at, u32 size)
{
	const struct span p = packet_of(c);
	const struct map *m;
	u64 off;

	switch (T_BASE(r->type)) {
	case T_STACK:
		if (base + r->frameno >= c->nframes)
			return SAY("a frame that is gone");
		off = c->frame[base + r->frameno].fp - at;
		return off <= MAX_STACK && off >= size ? NULL : SAY("%u bytes at fp%+lld", size, -(long long)off);
	case T_PKT:
		return at >= p.data && at + size <= p.end ? NULL : SAY("outside of the packet");
	case T_PKT_META:
		return at >= p.meta && at + size <= p.data ? NULL : SAY("outside of the metadata");
	case T_MAP_VALUE:
		m = map_of_claim(c, r->map);
		if (!m || (m->desc.type != BPF_MAP_TYPE_ARRAY && m->desc.type != BPF_MAP_TYPE_PERCPU_ARRAY))
			return NULL;
		off = at - (u64)(uintptr_t)m->data;
		if (m->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY)
			off %= m->lane;
		return off / m->stride < m->desc.max_entries && off % m->stride + size <= m->desc.value_size
			       ? NULL
			       : SAY("%u bytes at byte %lld of the values of map %s", size, (long long)off, m->desc.name);
	case T_CTX: case T_MEM: case T_BUF: case T_MAP_KEY: case T_SOCKET: case T_SOCK_COMMON: case T_TCP_SOCK: case T_XDP_SOCK:
	case T_BTF: case T_FLOW_KEYS: case T_TP_BUFFER: case T_ARENA: case T_MAP: case T_FUNC: case T_DYNPTR: case T_PKT_END:
		return NULL;
	case T_NONE: case T_SCALAR: case T_COUNT:
		break;
	}
	return SAY("access through what is claimed to be no pointer");
}
