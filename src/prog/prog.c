/* SPDX-License-Identifier: BSD-2-Clause */
/* The program object: lifetime, identity, what is asked of it after loading. See prog.h. */
#include "prog/prog.h"

#include <errno.h>
#include <stdlib.h>

/* license.h's list: an interface of modules and programs alike. */
bool license_is_gpl(const char *license)
{
	static const char *const gpl[] = { "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
					   "Dual MPL/GPL" };

	for (size_t i = 0; i < ARRAY_SIZE(gpl); i++)
		if (!strcmp(license, gpl[i]))
			return true;
	return false;
}

const struct image *prog_image_of(struct obj *o)
{
	return &prog_of(o)->image;
}

static bool holds_programs(const struct map *m)
{
	return m->desc.type == BPF_MAP_TYPE_PROG_ARRAY || m->desc.type == BPF_MAP_TYPE_DEVMAP ||
	       m->desc.type == BPF_MAP_TYPE_CPUMAP;
}

/* What must be equal, in one word that is never 0. */
static u64 kind_of(const struct prog *p, const struct map *m)
{
	progset by_target = PT_BIT(BPF_PROG_TYPE_TRACING) | PT_BIT(BPF_PROG_TYPE_LSM) | PT_BIT(BPF_PROG_TYPE_EXT) |
			    PT_BIT(BPF_PROG_TYPE_STRUCT_OPS);
	u64 kind = (u64)1 << 63 | (u64)p->runs_as << 8 | (u64)p->jited << 1 | !!(p->flags & BPF_F_XDP_HAS_FRAGS);

	if (m->desc.type == BPF_MAP_TYPE_PROG_ARRAY)
		kind |= (u64)(p->attach_type & 0xff) << 16;
	if (PT_BIT(p->runs_as) & by_target)
		kind |= (u64)p->attach_proto << 24;
	return kind;
}

int prog_uses_map(const struct prog *p, struct map *m)
{
	u64 kind = kind_of(p, m), owner = 0;

	if (!holds_programs(m) ||
	    __atomic_compare_exchange_n(&m->desc.owner, &owner, kind, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return 0;
	return owner == kind ? 0 : -EINVAL;
}

int prog_enters_map(struct map *m, struct obj *prog)
{
	struct prog *p = prog_of(prog);
	int err = prog_uses_map(p, m);

	return err ? err : *p->unrunnable ? -EOPNOTSUPP : prog_ready(p);
}

int prog_bind_map(struct prog *p, struct map *m)
{
	struct map **maps;
	int err = 0;

	pthread_mutex_lock(&p->lock);
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i] == m)
			goto out;
	maps = realloc(p->maps, (p->nmaps + 1) * sizeof(*maps));
	if (!maps) {
		err = -ENOMEM;
		goto out;
	}
	p->maps = maps;
	obj_get(&m->obj);
	p->maps[p->nmaps++] = m;
out:
	pthread_mutex_unlock(&p->lock);
	return err;
}

static bool is_live(const struct image_sub *s) { return s->start < s->end; }

u32 prog_funcs(const struct prog *p)
{
	u32 n = 0;

	for (u32 k = 0; k < p->image.nsubs; k++)
		n += is_live(&p->image.sub[k]);
	return n;
}

u32 prog_func_op(const struct prog *p, u32 func)
{
	for (u32 k = 0; k < p->image.nsubs; k++)
		if (is_live(&p->image.sub[k]) && !func--)
			return p->image.sub[k].start;
	return p->image.n;
}

u32 prog_func_of(const struct prog *p, u32 insn)
{
	u32 n = 0;

	for (u32 k = 1; k < p->image.nsubs; k++)
		n += is_live(&p->image.sub[k]) && p->op_from[p->image.sub[k].start] <= insn;
	return n;
}

/* A call of a function says in `off` where to, and which function that is in `imm`, by which tools find its name and address. */
void prog_xlated(const struct prog *p, struct bpf_insn *out)
{
	memcpy(out, p->insns, p->insn_cnt * sizeof(*out));
	for (u32 i = 0; i < p->insn_cnt; i++) {
		if (out[i].code != (BPF_JMP | BPF_CALL) || out[i].src_reg != BPF_PSEUDO_CALL)
			continue;
		out[i].off = (s16)out[i].imm;
		out[i].imm = (s32)prog_func_of(p, i + 1 + (u32)p->insns[i].imm);
	}
}
