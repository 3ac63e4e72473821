/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load transaction: resolve -> verify -> lower -> compile -> publish. Every step has its undo; a failure leaves nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "btf/btf.h"
#include "helper/helper.h"
#include "helper/object.h"
#include "lower/lower.h"
#include "prog/engine.h"

/* State of one load: objects met on the way are collected here and moved into the program on success. */
struct load {
	const struct prog_attr *a;
	struct map **maps;
	u32 nmaps, mapcap;
	struct obj **btfs;
	u32 nbtfs, btfcap;
	struct proof *proof;
	struct arena arena;    /* lowering and compilation */
	struct lowered low;
	struct prog *prog;
};

static int keep(void *vec, u32 *n, u32 *cap, void *item)
{
	void ***v = vec;

	if (*n == *cap) {
		u32 more = *cap ? *cap * 2 : 8;
		void **p = realloc(*v, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		*v = p;
		*cap = more;
	}
	(*v)[(*n)++] = item;
	return 0;
}

/* ---- what the verifier asks ---- */
static int map_by_fd(void *cookie, int fd, const struct map_desc **ret)
{
	struct load *l = cookie;
	struct map *m;
	int err = l->a->map_of_fd(l->a->cookie, fd, &m);

	if (err)
		return err;
	for (u32 i = 0; i < l->nmaps; i++)
		if (l->maps[i] == m) {
			obj_put(&m->obj);
			*ret = &m->desc;
			return 0;
		}
	err = keep(&l->maps, &l->nmaps, &l->mapcap, m);
	if (err) {
		obj_put(&m->obj);
		return err;
	}
	*ret = &m->desc;
	return 0;
}

static int btf_by_fd(void *cookie, int fd, const struct btf **ret)
{
	struct load *l = cookie;
	struct obj *o;
	int err = l->a->btf_of_fd(l->a->cookie, fd, &o, ret);

	if (err)
		return err;
	err = keep(&l->btfs, &l->nbtfs, &l->btfcap, o);
	if (err)
		obj_put(o);
	return err;
}

static int fd_at(void *cookie, u32 index, int *ret_fd)
{
	struct load *l = cookie;

	return l->a->fd_at ? l->a->fd_at(l->a->cookie, index, ret_fd) : -EPROTO;
}

static int verify(struct load *l, struct log *log, struct vf_stats *stats)
{
	struct vf_input in = l->a->vf;
	int err;

	in.cookie = l;
	in.map_by_fd = map_by_fd;
	in.btf_by_fd = btf_by_fd;
	in.fd_at = fd_at;
	err = vf_verify(&in, log, &l->proof, stats);
	if (err && !in.refused && l->a->ret_report && vf_explain(&in, l->a->ret_report))
		*l->a->ret_report = NULL;
	return err;
}

/* ---- what lowering asks ---- */
static u64 helper_addr(void *cookie, u32 id)
{
	const struct load *l = cookie;

	return (u64)(uintptr_t)(l->a->budget ? helper_body_held(id) : helper_body(id));
}

static u64 kfunc_addr(void *cookie, const struct btf *b, u32 id, const char *name)
{
	const struct load *l = cookie;

	const struct vf_own *own = l->a->vf.own;
	s32 i = own && b == own->btf ? vf_own_kfunc(own, name) : -1;

	(void)id;
	if (i >= 0)
		return own->kfunc_addr[i];
	return (u64)(uintptr_t)(l->a->budget ? kfunc_body_held(name) : kfunc_body(name));
}

static u64 map_addr(void *cookie, const struct map_desc *m)
{
	(void)cookie;
	return (u64)(uintptr_t)container_of(m, struct map, desc);
}

/* Of an arena, programs get the address that user space sees. */
static u64 map_value_addr(void *cookie, const struct map_desc *m, u32 off)
{
	const struct map *map = container_of(m, struct map, desc);

	(void)cookie;
	if (m->type == UAPI_MAP_TYPE_ARENA)
		return m->user_va + off;
	return map->data ? (u64)(uintptr_t)map->data + off : 0;
}

/* A template says all but where its maps' values are, unless their number is each map's own. */
static int inner_array(const struct map_desc *desc, struct lower_array *ret)
{
	if (desc->type != BPF_MAP_TYPE_ARRAY || desc->flags & BPF_F_INNER_MAP)
		return -EOPNOTSUPP;
	*ret = (struct lower_array){ .data = offsetof(struct map, data), .stride = ROUND_UP(desc->value_size, 8u),
				     .max_entries = desc->max_entries, .lanes = 1, .inner = true };
	return 0;
}

static int map_array(void *cookie, const struct map_desc *desc, bool inner, struct lower_array *ret)
{
	const struct map *m = container_of(desc, struct map, desc);
	bool percpu = desc->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	(void)cookie;
	if (inner)
		return inner_array(desc, ret);
	if (desc->type != BPF_MAP_TYPE_ARRAY && !percpu)
		return -EOPNOTSUPP;
	*ret = (struct lower_array){ .data = (u64)(uintptr_t)m->data, .lane = m->lane, .stride = m->stride,
				     .max_entries = desc->max_entries, .lanes = m->ncpu,
				     .percpu = percpu };
	return 0;
}

static int map_of_maps(void *cookie, const struct map_desc *desc, struct lower_maps *ret)
{
	const struct map *m = container_of(desc, struct map, desc);

	(void)cookie;
	if (desc->type != BPF_MAP_TYPE_ARRAY_OF_MAPS || m->stride != 8)
		return -EOPNOTSUPP;
	*ret = (struct lower_maps){ .ids = (u64)(uintptr_t)m->data, .maps = (u64)(uintptr_t)m->objs,
				    .in_slot = (u64)(uintptr_t)m->in_slot,
				    .id_off = offsetof(struct map, obj.id), .max_entries = desc->max_entries };
	return 0;
}

static u64 lookup_addr(void *cookie, const struct map_desc *desc)
{
	(void)cookie;
	return (u64)(uintptr_t)container_of(desc, struct map, desc)->lookup;
}

static int tail_slot(void *cookie, const struct map_desc *m, u32 index, struct lower_tail *ret)
{
	const u32 *id;
	const struct image *const *image = prog_array_slot(container_of(m, struct map, desc), index, &id);

	(void)cookie;
	if (!image)
		return -EOPNOTSUPP;
	*ret = (struct lower_tail){ .id = (u64)(uintptr_t)id, .image = (u64)(uintptr_t)image };
	return 0;
}

static u64 btf_addr(void *cookie, const struct btf *b, u32 id)
{
	const struct btf_type *t = b ? btf_type(b, id) : NULL;

	(void)cookie;
	return t && btf_kind_of(t) == BTF_KIND_FUNC ? (u64)(uintptr_t)kfunc_body(btf_type_name(b, id)) : 0;
}

static u64 obj_layout(void *cookie, const struct btf_record *rec, u32 size, bool percpu)
{
	(void)cookie;
	return (u64)(uintptr_t)object_layout(rec, size, percpu);
}

static u64 arena(void *cookie, const struct map_desc *m)
{
	(void)cookie;
	return (u64)(uintptr_t)map_arena(container_of(m, struct map, desc));
}

static int do_lower(struct load *l)
{
	struct lower_opts o = { .cookie = l,
				.helper_addr = helper_addr,
				.kfunc_addr = kfunc_addr,
				.map_addr = map_addr,
				.map_value_addr = map_value_addr,
				.map_array = map_array,
				.map_of_maps = map_of_maps,
				.map_lookup = lookup_addr,
				.arena = arena,
				.tail_slot = tail_slot,
				.btf_addr = btf_addr,
				.obj_layout = obj_layout,
				.hardened = l->proof->strict_spec,
				.budget = l->a->budget != 0 };
	int err = lower(l->proof, &o, &l->arena, &l->low);

	return err;
}

/* ---- the object ---- */
static void prog_destroy(struct obj *obj)
{
	struct prog *p = prog_of(obj);

	for (u32 i = 0; i < p->nmaps; i++)
		obj_put(&p->maps[i]->obj);
	for (u32 i = 0; i < p->nbtfs; i++)
		obj_put(p->btfs[i]);
	obj_put(p->attach_obj);
	engine_free(p);
	free(p->maps);
	free(p->btfs);
	free(p->insns);
	free(p->func_info);
	free(p->line_info);
	pthread_mutex_destroy(&p->lock);
	streams_free(&p->streams);
	free(p);
}

static const struct obj_ops prog_obj_ops = { .name = "prog", .destroy = prog_destroy };

/* First 8 bytes of the SHA-256 of the instructions with map references zeroed, as Linux 6.18. */
static int compute_tag(struct prog *p, const struct prog_attr *a)
{
	struct bpf_insn *copy = malloc(a->vf.insn_cnt * sizeof(*copy));
	u8 digest[32];

	if (!copy)
		return -ENOMEM;
	memcpy(copy, a->vf.insns, a->vf.insn_cnt * sizeof(*copy));
	for (u32 i = 0; i < a->vf.insn_cnt; i++) {
		bool map = copy[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			   (copy[i].src_reg == BPF_PSEUDO_MAP_FD || copy[i].src_reg == BPF_PSEUDO_MAP_VALUE);
		if (!map || i + 1 >= a->vf.insn_cnt)
			continue;
		copy[i].imm = 0;
		copy[++i].imm = 0;
	}
	sha256(copy, a->vf.insn_cnt * sizeof(*copy), digest);
	memcpy(p->tag, digest, sizeof(p->tag));
	free(copy);
	return 0;
}

static void *copy_of(const void *src, size_t n)
{
	void *p = src && n ? malloc(n) : NULL;

	return p ? memcpy(p, src, n) : NULL;
}

/* Instructions for dumps: maps by id, and no addresses. */
static int keep_insns(struct prog *p, const struct load *l)
{
	const struct vf_input *in = &l->a->vf;

	p->insns = copy_of(in->insns, in->insn_cnt * sizeof(*p->insns));
	if (!p->insns)
		return -ENOMEM;
	p->insn_cnt = in->insn_cnt;
	for (u32 i = 0; i < p->insn_cnt; i++) {
		const struct ins *ins = &l->proof->ins[i];
		u8 kind = op_info[ins->op].sub;
		if (!ins_is_ldimm64(ins) || kind == IMM64_CONST || kind == IMM64_FUNC)
			continue;
		if (l->proof->fact[i].map) {
			p->insns[i].src_reg = kind == IMM64_MAP_VALUE || kind == IMM64_MAP_IDX_VALUE ? BPF_PSEUDO_MAP_VALUE :
												       BPF_PSEUDO_MAP_FD;
			p->insns[i].imm = (s32)l->proof->fact[i].map->id;
		}
	}
	return 0;
}

static int keep_infos(struct prog *p, const struct vf_input *in)
{
	size_t func = (size_t)in->func_info_rec * in->func_info_cnt, line = (size_t)in->line_info_rec * in->line_info_cnt;

	p->func_info = copy_of(in->func_info, func);
	p->line_info = copy_of(in->line_info, line);
	if ((func && in->func_info && !p->func_info) || (line && in->line_info && !p->line_info))
		return -ENOMEM;
	p->func_info_rec = in->func_info_rec;
	p->func_info_cnt = p->func_info ? in->func_info_cnt : 0;
	p->line_info_rec = in->line_info_rec;
	p->line_info_cnt = p->line_info ? in->line_info_cnt : 0;
	return 0;
}

/* Prototype of the function that is attached to. */
static u32 attach_proto(const struct vf_input *in)
{
	const struct btf_type *t = in->attach_btf && in->attach_btf_id ? btf_type(in->attach_btf, in->attach_btf_id) : NULL;

	return t && btf_kind_of(t) == BTF_KIND_FUNC ? t->type : 0;
}

/* The name of the type it attaches to; tracepoints' are typedefs with a prefix. */
static void name_target(struct prog *p)
{
	const char *name = p->attach_btf && p->attach_btf_id ? btf_type_name(p->attach_btf, p->attach_btf_id) : NULL;

	if (name && !strncmp(name, "btf_trace_", 10))
		name += 10;
	if (name)
		snprintf(p->attach_name, sizeof(p->attach_name), "%s", name);
}

/* Maps of programs that it refers to must hold its kind. */
static int claim_maps(struct load *l, const struct prog *p)
{
	for (u32 i = 0; i < l->nmaps; i++) {
		int err = prog_uses_map(p, l->maps[i]);
		if (err && l->a->reason)
			str_printf(l->a->reason,
				   "map \"%s\" holds programs of another kind (type, attach type, engine or fragments)",
				   l->maps[i]->desc.name);
		if (err)
			return err;
	}
	return 0;
}

static int make_prog(struct load *l, struct prog *p)
{
	const struct prog_attr *a = l->a;
	int err;

	p->spec = a->vf.own ? a->vf.own->type : progtype_by_id(a->vf.prog_type);
	p->type = a->vf.prog_type;
	p->runs_as = a->target_type ? a->target_type : p->type;
	/* types that do not care may have any number: all that are none are one */
	p->attach_type = MIN(a->vf.attach_type, (u32)UAPI_ATTACH_TYPES);
	p->attach_proto = attach_proto(&a->vf);
	p->attach_btf_id = a->vf.attach_btf_id;
	p->attach_btf = a->vf.attach_btf;
	if (a->attach_obj)
		p->attach_obj = obj_get(a->attach_obj);
	name_target(p);
	p->flags = a->vf.prog_flags;
	p->uid = a->uid;
	p->gpl = a->vf.gpl;
	p->sleepable = l->proof->sleepable;
	p->max_ctx_off = l->proof->max_ctx_off;
	p->max_rdonly = l->proof->max_rdonly;
	p->max_rdwr = l->proof->max_rdwr;
	p->max_tp_access = l->proof->max_tp_access;
	strncpy(p->name, a->name, sizeof(p->name) - 1);
	p->load_time = clock_ns(CLOCK_BOOTTIME);
	p->btf = a->vf.btf;
	p->btf_id = a->btf_obj ? a->btf_obj->id : 0;
	err = compute_tag(p, a);
	if (!err)
		err = keep_insns(p, l);
	if (!err)
		err = keep_infos(p, &a->vf);
	if (err)
		return err;
	err = engine_make(p, a, l->proof->strict_spec, &l->low);
	if (!err)
		err = claim_maps(l, p);
	if (*p->unrunnable)
		p->jited = false;
	return err;
}

/* The steps after a verdict that may run out of arena memory. */
static int lower_and_make(struct load *l, struct prog *p)
{
	jmp_buf oom;
	int err;

	l->arena.oom = &oom;
	if (setjmp(oom))
		return -ENOMEM;
	err = do_lower(l);
	if (err == -EOPNOTSUPP) {
		snprintf(p->unrunnable, sizeof(p->unrunnable), "skep has no %s", l->low.missing);
		err = 0;
	}
	return err ? err : make_prog(l, p);
}

static void load_free(struct load *l)
{
	for (u32 i = 0; i < l->nmaps; i++)
		obj_put(&l->maps[i]->obj);
	for (u32 i = 0; i < l->nbtfs; i++)
		obj_put(l->btfs[i]);
	free(l->maps);
	free(l->btfs);
	vf_proof_free(l->proof);
	arena_free(&l->arena);
}

/* Free a program that was never published. */
static void prog_discard(struct prog *p)
{
	p->nmaps = p->nbtfs = 0;
	prog_destroy(&p->obj);
}

int prog_load(struct objtab *tab, const struct prog_attr *a, struct log *log, struct prog **ret_prog)
{
	struct load l = { .a = a };
	struct vf_stats stats = { 0 };
	struct prog *p;
	int err;

	err = verify(&l, log, &stats);
	if (err)
		goto out;
	p = calloc(1, sizeof(*p));
	if (!p) {
		err = -ENOMEM;
		goto out;
	}
	pthread_mutex_init(&p->lock, NULL);
	streams_init(&p->streams);
	if (a->btf_obj) {
		err = keep(&l.btfs, &l.nbtfs, &l.btfcap, a->btf_obj);
		if (!err)
			obj_get(a->btf_obj);
	}
	if (!err)
		err = lower_and_make(&l, p);
	if (!err)
		err = obj_init(&p->obj, tab, OBJ_PROG, &prog_obj_ops, -1);
	if (err) {
		prog_discard(p);
		goto out;
	}
	p->vf = stats;
	p->maps = l.maps;
	p->nmaps = l.nmaps;
	p->btfs = l.btfs;
	p->nbtfs = l.nbtfs;
	l.maps = NULL;
	l.btfs = NULL;
	l.nmaps = l.nbtfs = 0;
	*ret_prog = p;
out:
	load_free(&l);
	return err;
}
