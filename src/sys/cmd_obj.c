/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of every kind by id and in words: *_GET_NEXT_ID, *_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "prog/prog.h"
#include "sys/attach.h"
#include "sys/sys.h"

/* ---- ids ---- */
static int next_id(struct call *c, enum obj_kind kind)
{
	u32 id;
	int err;

	if (c->a.id.id >= (u32)S32_MAX)
		return call_fail(c, -EINVAL, "start_id %u is out of range", c->a.id.id);
	err = call_need(c);
	if (err)
		return err;
	obj_reap(&c->s->tab);
	if (kind == OBJ_BTF)
		sys_kernel_btf(c->s); /* it has an id too */
	err = obj_next_id(&c->s->tab, c->a.id.id, kind, &id);
	if (err)
		return call_fail(c, err, "no id after %u", c->a.id.id);
	c->a.id.next_id = id;
	return CALL_PUT(c, id.next_id);
}

int cmd_prog_get_next_id(struct call *c) { return next_id(c, OBJ_PROG); }
int cmd_map_get_next_id(struct call *c) { return next_id(c, OBJ_MAP); }
int cmd_btf_get_next_id(struct call *c) { return next_id(c, OBJ_BTF); }
int cmd_link_get_next_id(struct call *c) { return next_id(c, OBJ_LINK); }

static int fd_by_id(struct call *c, enum obj_kind kind, int mode)
{
	struct obj *o;
	int err = call_need(c);

	if (err)
		return err;
	obj_reap(&c->s->tab);
	err = obj_by_id(&c->s->tab, c->a.id.id, kind, &o);
	if (err)
		return call_fail(c, err, "there is no such object with id %u", c->a.id.id);
	err = call_new_fd(c, o, mode);
	obj_put(o);
	return err;
}

int cmd_prog_get_fd_by_id(struct call *c) { return fd_by_id(c, OBJ_PROG, O_RDWR); }
int cmd_link_get_fd_by_id(struct call *c) { return fd_by_id(c, OBJ_LINK, O_RDWR); }

int cmd_btf_get_fd_by_id(struct call *c)
{
	if (c->a.id.open_flags & FLAG_TOKEN)
		return call_token(c, c->a.id.token_fd);
	if (c->a.id.open_flags)
		return call_fail(c, -EINVAL, "open_flags 0x%x must be 0", c->a.id.open_flags);
	return fd_by_id(c, OBJ_BTF, O_RDONLY);
}

int cmd_map_get_fd_by_id(struct call *c)
{
	u32 flags = c->a.id.open_flags;
	int err;

	if (flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY))
		return call_fail(c, -EINVAL, "open_flags 0x%x: BPF_F_RDONLY or BPF_F_WRONLY", flags);
	err = call_need(c);
	if (err)
		return err;
	if (flags == (BPF_F_RDONLY | BPF_F_WRONLY))
		return call_fail(c, -EINVAL, "BPF_F_RDONLY and BPF_F_WRONLY exclude each other");
	return fd_by_id(c, OBJ_MAP, flags & BPF_F_RDONLY ? O_RDONLY : flags & BPF_F_WRONLY ? O_WRONLY : O_RDWR);
}

/* ---- information ---- */
/* struct bpf_prog_info of Linux 6.18. */
struct prog_info {
	u32 type, id;
	u8 tag[8];
	u32 jited_prog_len, xlated_prog_len;
	u64 jited_prog_insns, xlated_prog_insns, load_time;
	u32 created_by_uid, nr_map_ids;
	u64 map_ids;
	char name[16];
	u32 ifindex, gpl_compatible;
	u64 netns_dev, netns_ino;
	u32 nr_jited_ksyms, nr_jited_func_lens;
	u64 jited_ksyms, jited_func_lens;
	u32 btf_id, func_info_rec_size;
	u64 func_info;
	u32 nr_func_info, nr_line_info;
	u64 line_info, jited_line_info;
	u32 nr_jited_line_info, line_info_rec_size, jited_line_info_rec_size, nr_prog_tags;
	u64 prog_tags, run_time_ns, run_cnt, recursion_misses;
	u32 verified_insns, attach_btf_obj_id, attach_btf_id;
};

/* Copy an array to the caller as far as its room goes; the count becomes the true one. */
static int put_array(struct call *c, u64 dst, u32 *count, u32 have, const void *src, u32 elem)
{
	u32 room = *count;

	*count = have;
	return dst && room ? call_out(c, dst, src, (size_t)MIN(room, have) * elem) : 0;
}

static int put_code(struct call *c, const struct prog *p, struct prog_info *i)
{
	u32 room = i->xlated_prog_len, bytes = p->insn_cnt * (u32)sizeof(struct bpf_insn);
	struct bpf_insn *insns;
	int err;

	i->xlated_prog_len = bytes;
	if (room && i->xlated_prog_insns) {
		insns = malloc(bytes);
		if (!insns)
			return -ENOMEM;
		prog_xlated(p, insns);
		err = call_out(c, i->xlated_prog_insns, insns, MIN(room, bytes));
		free(insns);
		if (err)
			return err;
	}
	room = i->jited_prog_len;
	i->jited_prog_len = p->image.code_size;
	if (room && i->jited_prog_insns && p->image.code)
		return call_out(c, i->jited_prog_insns, p->image.code, MIN(room, p->image.code_size));
	return 0;
}

static int put_maps(struct call *c, struct prog *p, struct prog_info *i)
{
	u32 *ids, n;
	int err;

	pthread_mutex_lock(&p->lock);
	n = p->nmaps;
	ids = calloc(n ? n : 1, sizeof(*ids));
	for (u32 k = 0; ids && k < n; k++)
		ids[k] = p->maps[k]->obj.id;
	pthread_mutex_unlock(&p->lock);
	if (!ids)
		return -ENOMEM;
	err = put_array(c, i->map_ids, &i->nr_map_ids, n, ids, sizeof(*ids));
	free(ids);
	return err;
}

/* Records as the loader gave them, cut or padded to the caller's record size. */
static int put_records(struct call *c, u64 dst, u32 *count, u32 *rec, const void *src, u32 have, u32 own)
{
	u32 room = *count, step = *rec ? *rec : own;

	*count = have;
	*rec = own;
	for (u32 i = 0; dst && i < MIN(room, have); i++) {
		int err = call_out(c, dst + (u64)i * step, (const u8 *)src + (size_t)i * own, MIN(step, own));
		if (err)
			return err;
	}
	return 0;
}

/* Compiled offset of a function; the first one begins with the image. */
static u32 func_off(const struct prog *p, u32 i)
{
	u32 op = prog_func_op(p, i);

	return op >= p->image.n ? p->image.code_size : i ? p->image.code_off[op] : 0;
}

/* Functions lie in the image as in the program, so each ends where the next begins. */
static int put_functions(struct call *c, const struct prog *p, struct prog_info *i)
{
	bool each = p->jited && p->image.code_off;
	u32 n = !p->jited ? 0 : each ? prog_funcs(p) : 1, *lens = calloc(n + 1, sizeof(*lens));
	u64 *addrs = calloc(n + 1, sizeof(*addrs));
	int err = lens && addrs ? 0 : -ENOMEM;

	for (u32 k = 0; !err && k < n; k++) {
		u32 from = each ? func_off(p, k) : 0;

		addrs[k] = (u64)(uintptr_t)p->image.code + from;
		lens[k] = (each ? func_off(p, k + 1) : p->image.code_size) - from;
	}
	if (!err)
		err = put_array(c, i->jited_ksyms, &i->nr_jited_ksyms, n, addrs, sizeof(*addrs));
	if (!err)
		err = put_array(c, i->jited_func_lens, &i->nr_jited_func_lens, n, lens, sizeof(*lens));
	free(addrs);
	free(lens);
	if (!err)
		err = put_array(c, i->prog_tags, &i->nr_prog_tags, 1, p->tag, sizeof(p->tag));
	return err;
}

/*
 * Tools want a function's lines inside of it and each behind the one before: where instructions took no code of their own, lines move
 * by some bytes. False: there are more lines than bytes.
 */
static bool spread_lines(u64 *at, u32 n, u64 end)
{
	u64 start = n ? at[0] : 0;

	for (u32 k = 1; k < n; k++)
		at[k] = MAX(at[k], at[k - 1] + 1);
	for (u32 k = n; k-- && at[k] >= end; end--)
		at[k] = end - 1;
	return !n || at[0] == start;
}

static u32 line_insn(const struct prog *p, u32 k)
{
	u32 insn;

	memcpy(&insn, (const u8 *)p->line_info + (size_t)k * p->line_info_rec, sizeof(insn));
	return insn;
}

/* Address of the code of each line record: of the first operation that came from the record's instruction or a later one. */
static bool line_addresses(const struct prog *p, u32 n, u64 *addrs)
{
	u64 code = (u64)(uintptr_t)p->image.code;
	u32 op = 0, from = 0, func = 0;

	for (u32 k = 0; k <= n; k++) {
		u32 now = k < n ? prog_func_of(p, line_insn(p, k)) : prog_funcs(p);

		if (now != func) {
			if (!spread_lines(addrs + from, k - from, code + func_off(p, func + 1)))
				return false;
			from = k;
			func = now;
		}
		if (k == n)
			break;
		while (op < p->image.n && p->op_from[op] < line_insn(p, k))
			op++;
		addrs[k] = code + p->image.code_off[op];
	}
	return true;
}

static int put_jited_lines(struct call *c, const struct prog *p, struct prog_info *i)
{
	u32 n = p->jited && p->image.code_off ? p->line_info_cnt : 0;
	u64 *addrs = calloc(n + 1, sizeof(*addrs));
	int err;

	if (!addrs)
		return -ENOMEM;
	if (n && !line_addresses(p, n, addrs))
		n = 0;
	err = put_array(c, i->jited_line_info, &i->nr_jited_line_info, n, addrs, sizeof(*addrs));
	i->jited_line_info_rec_size = sizeof(u64);
	free(addrs);
	return err;
}

/* The BTF object that what it attaches to is a type of. */
static u32 target_btf(struct call *c, const struct prog *p)
{
	if (!p->attach_btf_id)
		return 0;
	if (p->attach_obj && p->attach_obj->kind == OBJ_PROG)
		return prog_of(p->attach_obj)->btf_id;
	if (p->attach_obj)
		return p->attach_obj->id;
	return c->s->kernel_btf_obj ? c->s->kernel_btf_obj->obj.id : 0;
}

static int prog_info(struct call *c, struct prog *p, u64 dst, u32 len)
{
	struct prog_info i = { 0 };
	int err = call_in(c, &i, dst, len);

	if (err)
		return err;
	prog_ready(p); /* or it says that there is no code */
	i.type = p->type;
	i.id = p->obj.id;
	i.load_time = p->load_time;
	i.created_by_uid = p->uid;
	i.gpl_compatible = p->gpl;
	i.ifindex = 0;
	i.netns_dev = i.netns_ino = 0;
	memcpy(i.tag, p->tag, sizeof(i.tag));
	memcpy(i.name, p->name, sizeof(i.name));
	i.btf_id = p->btf_id;
	i.attach_btf_id = p->attach_btf_id;
	i.attach_btf_obj_id = target_btf(c, p);
	i.verified_insns = (u32)p->vf.walked;
	i.run_cnt = __atomic_load_n(&p->stats.counted, __ATOMIC_RELAXED);
	i.run_time_ns = __atomic_load_n(&p->stats.time_ns, __ATOMIC_RELAXED);
	i.recursion_misses = __atomic_load_n(&p->stats.misses, __ATOMIC_RELAXED);
	err = put_maps(c, p, &i);
	if (!err)
		err = put_code(c, p, &i);
	if (!err)
		err = put_records(c, i.func_info, &i.nr_func_info, &i.func_info_rec_size, p->func_info, p->func_info_cnt,
				  p->func_info_rec);
	if (!err)
		err = put_records(c, i.line_info, &i.nr_line_info, &i.line_info_rec_size, p->line_info, p->line_info_cnt,
				  p->line_info_rec);
	if (!err)
		err = put_functions(c, p, &i);
	if (!err)
		err = put_jited_lines(c, p, &i);
	return err ? err : call_out(c, dst, &i, len);
}

struct map_info {
	u32 type, id, key_size, value_size, max_entries, map_flags;
	char name[16];
	u32 ifindex, btf_vmlinux_value_type_id;
	u64 netns_dev, netns_ino;
	u32 btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
	u64 map_extra, hash;
	u32 hash_size;
};

/* Of an array's contents, when asked for. */
static int put_hash(struct call *c, const struct map *m, const struct map_info *i)
{
	u8 sum[32];

	if (!i->hash)
		return i->hash_size ? call_fail(c, -EINVAL, "hash_size without hash") : 0;
	if (m->desc.type != BPF_MAP_TYPE_ARRAY || i->hash_size != sizeof(sum))
		return call_fail(c, -EINVAL, "only arrays have a hash, and it has 32 bytes");
	if (!map_frozen(m))
		return call_fail(c, -EPERM, "the hash of a map that may change");
	sha256(m->data, (size_t)m->stride * m->desc.max_entries, sum);
	return call_out(c, i->hash, sum, sizeof(sum));
}

/* What does not concern the map stays as the caller gave it, as in Linux 6.18. */
static int map_info(struct call *c, const struct map *m, u64 dst, u32 len)
{
	const struct map_desc *d = &m->desc;
	struct map_info i = { 0 };
	int err = call_in(c, &i, dst, len);

	if (err)
		return err;
	i.type = d->type;
	i.id = m->obj.id;
	i.key_size = d->key_size;
	i.value_size = d->value_size;
	i.max_entries = d->max_entries;
	i.map_flags = d->flags;
	i.map_extra = d->extra;
	i.btf_vmlinux_value_type_id = 0;
	memcpy(i.name, d->name, sizeof(i.name));
	if (m->btf_obj) {
		i.btf_id = m->btf_obj->id;
		i.btf_key_type_id = d->btf_key;
		i.btf_value_type_id = d->btf_value;
	}
	err = put_hash(c, m, &i);
	return err ? err : call_out(c, dst, &i, len);
}

struct btf_info {
	u64 btf;
	u32 btf_size, id;
	u64 name;
	u32 name_len, kernel_btf;
};

static int btf_info(struct call *c, const struct btf_obj *b, u64 dst, u32 len)
{
	struct btf_info i = { 0 };
	u32 size, room, n;
	const void *raw = btf_raw(b->btf, &size);
	int err = call_in(c, &i, dst, len);

	if (err)
		return err;
	room = i.btf_size;
	if (i.btf)
		err = call_out(c, i.btf, raw, MIN(room, size));
	i.btf_size = size;
	i.id = b->obj.id;
	i.kernel_btf = b->kernel;
	n = (u32)strlen(b->name);
	if (!err && i.name && !i.name_len)
		return call_fail(c, -EINVAL, "a name buffer without a length");
	if (!err && i.name && i.name_len) {
		u32 fit = MIN(n, i.name_len - 1);
		err = call_out(c, i.name, b->name, fit);
		if (!err)
			err = call_out(c, i.name + fit, "", 1);
		if (!err && fit < n)
			err = -ENOSPC;
	}
	i.name_len = n;
	return err == -EFAULT ? err : call_out(c, dst, &i, len) ? -EFAULT : err;
}

int cmd_obj_get_info_by_fd(struct call *c)
{
	static const u32 known[OBJ_KINDS] = { [OBJ_MAP] = sizeof(struct map_info), [OBJ_PROG] = sizeof(struct prog_info),
					      [OBJ_BTF] = sizeof(struct btf_info), [OBJ_LINK] = LINK_INFO_SIZE };
	struct attr_info *a = &c->a.info;
	struct obj *o;
	u32 len;
	int err = call_obj(c, (int)a->bpf_fd, OBJ_NONE, &o, NULL);

	if (err == -EBADF)
		return call_fail(c, -EBADFD, "descriptor %d is closed", (int)a->bpf_fd);
	if (err)
		return err;
	err = call_info_tail(c, a->info, known[o->kind], a->info_len);
	len = MIN(a->info_len, known[o->kind]);
	if (!err && o->kind == OBJ_PROG)
		err = prog_info(c, prog_of(o), a->info, len);
	else if (!err && o->kind == OBJ_MAP)
		err = map_info(c, container_of(o, struct map, obj), a->info, len);
	else if (!err && o->kind == OBJ_BTF)
		err = btf_info(c, container_of(o, struct btf_obj, obj), a->info, len);
	else if (!err && o->kind == OBJ_LINK)
		err = link_info(c, link_of(o), a->info, len);
	else if (!err)
		err = call_fail(c, -EINVAL, "there is no information on this");
	a->info_len = len;
	if (!err)
		err = CALL_PUT(c, info.info_len);
	obj_put(o);
	return err;
}

/* ---- statistics ---- */
/* Run statistics are kept while one of these is open. */
struct stats_switch {
	struct obj obj;
	struct skep *s;
};

static void stats_off(struct obj *o)
{
	struct stats_switch *w = container_of(o, struct stats_switch, obj);

	__atomic_fetch_sub(&w->s->stats_users, 1, __ATOMIC_RELAXED);
	free(w);
}

static const struct obj_ops stats_ops = { .name = "stats", .destroy = stats_off };

int cmd_enable_stats(struct call *c)
{
	u32 type;
	struct stats_switch *w;
	int err = call_need(c);

	if (err)
		return err;
	memcpy(&type, c->a.bytes, sizeof(type));
	if (type)
		return call_fail(c, -EINVAL, "statistics of type %u: only BPF_STATS_RUN_TIME (0) is known", type);
	obj_reap(&c->s->tab);
	w = calloc(1, sizeof(*w));
	if (!w)
		return call_fail(c, -ENOMEM, "out of memory");
	w->s = c->s;
	err = obj_init(&w->obj, &c->s->tab, OBJ_STATS, &stats_ops, -1);
	if (err) {
		free(w);
		return call_fail(c, err, "cannot make a descriptor: %s", strerror(-err));
	}
	__atomic_fetch_add(&c->s->stats_users, 1, __ATOMIC_RELAXED);
	err = call_new_fd(c, &w->obj, O_RDWR);
	obj_put(&w->obj);
	return err;
}
