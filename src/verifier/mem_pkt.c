/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets through pointers, and the flow dissector's keys.
 *
 * A packet pointer may be followed only as far as a comparison with the packet's end has proven (reg.range, in bytes from the
 * pointer's variable part). Invariant: the range was proven for this very id and offset since the packet last moved.
 */
#include "verifier/mem.h"

bool pkt_allowed(struct vf_env *e, const struct call_meta *m, int rw)
{
	/* Socket option values are ordinary memory, helpers may have them all. */
	if (e->in->prog_type == BPF_PROG_TYPE_CGROUP_SOCKOPT)
		return true;
	if (!e->type->direct_pkt || (rw == MEM_WRITE && !e->type->pkt_write))
		return false;
	return m ? m->pkt_access : true;
}

int pkt_access(struct vf_env *e, u32 regno, s32 off, s32 size, bool zero_ok)
{
	const struct reg *r = &cur_regs(e)[regno];
	u64 last;
	int err = 0;

	/* The range starts behind the variable part, so only the fixed offset is compared with it. */
	if (r->smin < 0)
		return reject(e, REJ_MIN_NEGATIVE_INDEX, regno);
	if (r->range < 0)
		err = -EINVAL;
	else if (off < 0 || size < 0 || (size == 0 && !zero_ok) || (s64)off + size > r->range)
		err = reject(e, REJ_PKT_BOUNDS, off, size, regno, r->id, off, r->range);
	if (err) {
		reject(e, REJ_PKT_OUTSIDE, regno);
		return err;
	}
	last = (u64)off + r->umax + (u64)size - 1;
	if (size && last > e->proof->max_pkt_off)
		e->proof->max_pkt_off = (u32)last;
	return 0;
}

int flow_keys_access(struct vf_env *e, s32 off, u32 size)
{
	if (off < 0 || (u64)off + size > sizeof(struct bpf_flow_keys))
		return reject(e, REJ_FLOW_KEYS_BOUNDS, off, size);
	return 0;
}
