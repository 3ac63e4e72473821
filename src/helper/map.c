/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on maps and ring buffers: thin, the work is map/'s. */
#include <errno.h>
#include <stdlib.h>

#include "helper/dynptr.h"
#include "helper/packet.h"
#include "helper/ret.h"
#include "map/map.h"
#include "spec/helper_abi.h"
#include "vm/abi.h"

u64 helper_map_lookup_elem(struct map *map, const void *key, struct run *run)
{
	return RET_PTR(map_prog_lookup(map, key, run->cpu));
}

u64 helper_map_lookup_percpu_elem(struct map *map, const void *key, u64 cpu, struct run *run)
{
	(void)run;
	return RET_PTR(map_prog_lookup_percpu(map, key, (u32)cpu));
}

u64 helper_map_update_elem(struct map *map, const void *key, const void *value, u64 flags, struct run *run)
{
	return RET_INT_(map_prog_update(map, key, value, flags, run->cpu));
}

u64 helper_map_delete_elem(struct map *map, const void *key, struct run *run)
{
	return RET_INT_(map_prog_delete(map, key, run->cpu));
}

u64 helper_map_push_elem(struct map *map, const void *value, u64 flags, struct run *run)
{
	(void)run;
	return RET_INT_(map_prog_push(map, value, flags));
}

u64 helper_map_pop_elem(struct map *map, void *value, struct run *run)
{
	(void)run;
	return RET_INT_(map_prog_pop(map, value));
}

u64 helper_map_peek_elem(struct map *map, void *value, struct run *run)
{
	(void)run;
	return RET_INT_(map_prog_peek(map, value));
}

/* Lowering makes this an operation of its own (vm/, jit/); a call can only say that nothing was there. */
u64 helper_tail_call(void *ctx, struct map *prog_array_map, u64 index, struct run *run)
{
	(void)ctx, (void)prog_array_map, (void)index, (void)run;
	return RET_INT_(-ENOENT);
}

struct visit { struct run *run; u64 callback; void *ctx; };

static u64 visit_element(struct map *m, const void *key, void *value, void *ctx)
{
	const struct visit *v = ctx;

	return run_callback(v->run, v->callback, RET_PTR(m), RET_PTR(key), RET_PTR(value), RET_PTR(v->ctx), 0);
}

u64 helper_for_each_map_elem(struct map *map, u64 callback_fn, void *callback_ctx, u64 flags, struct run *run)
{
	struct visit v = { run, callback_fn, callback_ctx };

	if (flags)
		return RET_INT_(-EINVAL);
	return RET_INT_(map_prog_for_each(map, visit_element, &v, flags, run->cpu));
}

/* ---- ring buffers ---- */
u64 helper_ringbuf_output(struct map *ringbuf, const void *data, u64 size, u64 flags, struct run *run)
{
	(void)run;
	return RET_INT_(map_ring_output(ringbuf, data, size, flags));
}

u64 helper_ringbuf_reserve(struct map *ringbuf, u64 size, u64 flags, struct run *run)
{
	(void)run;
	return RET_PTR(map_ring_reserve(ringbuf, size, flags));
}

u64 helper_ringbuf_submit(void *data, u64 flags, struct run *run)
{
	(void)run;
	map_ring_submit(data, flags);
	return 0;
}

u64 helper_ringbuf_discard(void *data, u64 flags, struct run *run)
{
	(void)run;
	map_ring_discard(data, flags);
	return 0;
}

u64 helper_ringbuf_query(struct map *ringbuf, u64 flags, struct run *run)
{
	(void)run;
	return map_ring_query(ringbuf, flags);
}

/* Each record is given to the program as a dynptr that it can only read. */
static u64 drain_record(void *ctx, void *data, u32 size)
{
	const struct visit *v = ctx;
	struct dynptr d;

	dyn_set(&d, data, DYNT_LOCAL, size, true);
	return run_callback(v->run, v->callback, RET_PTR(&d), RET_PTR(v->ctx), 0, 0, 0);
}

u64 helper_user_ringbuf_drain(struct map *map, u64 callback_fn, void *ctx, u64 flags, struct run *run)
{
	struct visit v = { run, callback_fn, ctx };

	return RET_INT_(map_user_ring_drain(map, drain_record, &v, flags));
}

/* ---- perf events ---- */
u64 helper_perf_event_output(void *ctx, struct map *map, u64 flags, const void *data, u64 size, struct run *run)
{
	const struct run_pkt *p = run->env->pkt;
	u32 from_pkt = flags >> 32 & 0xfffff; /* BPF_F_CTXLEN: bytes of the packet to append */
	void *copy;
	s64 ret;

	(void)ctx;
	if (flags & ~(BPF_F_INDEX_MASK | (p ? 0xfffffull << 32 : 0)))
		return RET_INT_(-EINVAL);
	if (!from_pkt)
		return RET_INT_(map_perf_output(map, flags & BPF_F_INDEX_MASK, data, (u32)size, NULL, 0, run->cpu));
	if (from_pkt > pkt_len(p))
		return RET_INT_(-EFAULT);
	copy = malloc(from_pkt);
	if (!copy)
		return RET_INT_(-ENOMEM);
	pkt_copy(p, 0, copy, from_pkt, false);
	ret = map_perf_output(map, flags & BPF_F_INDEX_MASK, data, (u32)size, copy, from_pkt, run->cpu);
	free(copy);
	return RET_INT_(ret);
}
