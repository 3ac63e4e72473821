/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of type struct_ops: a kernel interface whose functions are programs. An update checks the table as Linux does and registers
 * it here, or makes it ready for a link that does: who owns the interface (an embedding application) finds the table that is
 * registered and calls its programs through skep_ops_call().
 *
 * Invariant: the programs of a table are referenced until the map is freed; a table never changes once it is set.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/grace.h"
#include "helper/run_env.h"
#include "hook/link.h"
#include "map/map.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/struct_ops.h"
#include "sys/attach.h"
#include "sys/sys.h"

struct ops_table {
	const struct btf *btf;
	u32 value_type, type;    /* struct bpf_struct_ops_NAME, and the struct NAME in it */
	u32 data_off;            /* of that */
	u32 n;                   /* its members */
	struct prog *prog[];     /* by member, referenced */
};

static u32 members(const struct btf *b, u32 id) { return BTF_INFO_VLEN(btf_type(b, id)->info); }

/* The struct that the interface is: the member `data`. */
static const struct btf_member *data_member(const struct btf *b, u32 value_type)
{
	const struct btf_member *m = btf_members_of(btf_type(b, value_type));

	for (u32 i = 0; i < members(b, value_type); i++)
		if (!strcmp(btf_str(b, m[i].name_off), "data"))
			return &m[i];
	return NULL;
}

int ops_map_init(struct map *m, const struct btf *b, u32 value_type)
{
	const struct btf_member *d = data_member(b, value_type);
	struct ops_table *t;
	u32 type, n;

	if (!d)
		return -EINVAL;
	type = btf_skip_mods(b, d->type);
	if (btf_kind_of(btf_type(b, type)) != BTF_KIND_STRUCT)
		return -EINVAL;
	n = members(b, type);
	t = calloc(1, sizeof(*t) + n * sizeof(t->prog[0]));
	if (!t)
		return -ENOMEM;
	t->btf = b;
	t->value_type = value_type;
	t->type = type;
	t->data_off = d->offset / 8;
	t->n = n;
	m->user = t;
	return 0;
}

void ops_map_gone(struct map *m, bool last)
{
	struct ops_table *t = m->user;

	if (!last || !t)
		return;
	for (u32 i = 0; i < t->n; i++)
		prog_put(t->prog[i]);
	free(t);
	m->user = NULL;
}

/* ---- what an update is checked for ---- */
static bool all_zero(const u8 *p, s64 n)
{
	while (n-- > 0)
		if (*p++)
			return false;
	return true;
}

/* Bytes of a struct that belong to no member. */
static bool holes_are_zero(const struct btf *b, u32 id, const u8 *p)
{
	const struct btf_member *m = btf_members_of(btf_type(b, id));
	bool flag = btf_type(b, id)->info >> 31;
	s64 at = 0, size = btf_size_of(b, id);

	for (u32 i = 0; i < members(b, id); i++) {
		s64 off = (flag ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset) / 8;
		if (off > at && !all_zero(p + at, off - at))
			return false;
		at = off + btf_size_of(b, m[i].type);
	}
	return at >= size || all_zero(p + at, size - at);
}

static bool is_function(const struct btf *b, u32 type)
{
	const struct btf_type *t = btf_type(b, btf_skip_mods(b, type));

	return btf_kind_of(t) == BTF_KIND_PTR && btf_kind_of(btf_type(b, btf_skip_mods(b, t->type))) == BTF_KIND_FUNC_PROTO;
}

/* One member: a program's descriptor becomes its id, other pointers must be NULL. */
static int take_member(struct call *c, const struct ops_table *t, u32 i, u8 *data, struct prog **ret)
{
	const struct btf_member *m = &btf_members_of(btf_type(t->btf, t->type))[i];
	const struct btf_type *mt = btf_type(t->btf, btf_skip_mods(t->btf, m->type));
	const char *name = btf_str(t->btf, m->name_off);
	u8 *at = data + m->offset / 8;
	struct prog *p;
	u64 fd = 0;
	int err;

	if (btf_kind_of(mt) != BTF_KIND_PTR)
		return 0;
	memcpy(&fd, at, 8);
	if (!fd)
		return 0;
	if (!is_function(t->btf, m->type))
		return call_fail(c, -EINVAL, "member %s is a pointer and no function: it must be NULL", name);
	err = call_prog(c, (int)fd, &p);
	if (err)
		return err;
	if (p->type != BPF_PROG_TYPE_STRUCT_OPS || p->attach_btf_id != t->type || p->attach_type != i) {
		prog_put(p);
		return call_fail(c, -EINVAL, "the program for member %s is for something else", name);
	}
	fd = p->obj.id;
	memcpy(at, &fd, 8);
	*ret = p;
	return 0;
}

int ops_map_update(struct call *c, struct map *m, const void *key, u8 *value, u64 flags)
{
	struct ops_table *t = m->user;
	struct prog **prog;
	int err = map_update(m, key, NULL, flags & ~(u64)BPF_F_LOCK ? flags : 0);

	if (flags || (err && err != -EBUSY))
		return flags ? -EINVAL : err;
	if (!holes_are_zero(t->btf, t->value_type, value) || !holes_are_zero(t->btf, t->type, value + t->data_off) ||
	    !all_zero(value, 8))
		return call_fail(c, -EINVAL, "bytes that belong to no member, or to the state, must be zero");
	if (err)
		return call_fail(c, err, "the table is set already");
	prog = calloc(t->n + 1, sizeof(struct prog *));
	if (!prog)
		return -ENOMEM;
	for (u32 i = 0; i < t->n && !err; i++)
		err = take_member(c, t, i, value + t->data_off, &prog[i]);
	if (!err)
		err = map_update(m, key, value, 0);
	for (u32 i = 0; i < t->n; i++) {
		if (err)
			prog_put(prog[i]);
		else
			t->prog[i] = prog[i];
	}
	free(prog);
	return err;
}

/* ---- links ---- */
static pthread_mutex_t moving = PTHREAD_MUTEX_INITIALIZER; /* which map a link has */

static struct map *link_takes(struct link *l, struct map *m)
{
	struct map *was = l->map.map;

	l->map.map = m;
	return was;
}

static void ops_release(struct link *l)
{
	struct map *was;

	pthread_mutex_lock(&moving);
	was = link_takes(l, NULL);
	pthread_mutex_unlock(&moving);
	if (was)
		obj_put(&was->obj);
}

const struct link_ops ops_link_ops = { .release = ops_release, .can_detach = true };

int ops_link_map(struct call *c, int fd, struct map **ret)
{
	struct obj *o;
	struct map *m;
	int err = call_obj(c, fd, OBJ_MAP, &o, NULL);

	if (err)
		return err;
	m = map_of(o);
	if (m->desc.type == BPF_MAP_TYPE_STRUCT_OPS && (m->desc.flags & UAPI_F_LINK) && map_ops_state(m) == MAP_OPS_READY) {
		*ret = m;
		return 0;
	}
	obj_put(o);
	return call_fail(c, -EINVAL, "the map is no struct_ops map that was made for a link (BPF_F_LINK) and has its table");
}

int ops_link_update(struct call *c, struct link *l)
{
	const struct attr_link_update *a = &c->a.link_update;
	struct obj *new = NULL, *old = NULL;
	struct map *m = NULL, *was = NULL;
	int err = call_obj(c, (int)a->new_fd, OBJ_MAP, &new, NULL);

	if (!err && a->flags & BPF_F_REPLACE)
		err = call_obj(c, (int)a->old_fd, OBJ_MAP, &old, NULL);
	else if (!err && a->old_fd)
		err = call_fail(c, -EINVAL, "old_map_fd is set without BPF_F_REPLACE");
	if (!err)
		err = ops_link_map(c, (int)a->new_fd, &m);
	if (!err) {
		pthread_mutex_lock(&moving);
		if (!l->map.map)
			err = call_fail(c, -ENOLINK, "the link was detached");
		else if (old && map_of(old) != l->map.map)
			err = call_fail(c, -EPERM, "the link has another map than old_map_fd");
		else if (((struct ops_table *)m->user)->type != ((struct ops_table *)l->map.map->user)->type)
			err = call_fail(c, -EINVAL, "the new map is for another interface");
		else
			was = link_takes(l, m);
		pthread_mutex_unlock(&moving);
		obj_put(err ? &m->obj : &was->obj);
	}
	obj_put(old);
	obj_put(new);
	return err;
}

/* ---- for whoever owns the interface ---- */

/* The map of a link, or a map that is registered by itself, if it is for this interface; referenced. */
static struct map *registered(struct obj *o, const char *interface)
{
	struct map *m = o->kind == OBJ_MAP ? map_of(o) : NULL;
	const struct ops_table *t;

	if (o->kind == OBJ_LINK && link_of(o)->ops == &ops_link_ops)
		m = link_of(o)->map.map;
	else if (m && (m->desc.type != BPF_MAP_TYPE_STRUCT_OPS || map_ops_state(m) != MAP_OPS_IN_USE))
		m = NULL;
	t = m ? m->user : NULL;
	if (!t || strcmp(btf_type_name(t->btf, t->type), interface))
		return NULL;
	obj_get(&m->obj);
	return m;
}

int skep_ops_get(struct skep *s, const char *interface, struct skep_map **ret_map)
{
	static const enum obj_kind kinds[] = { OBJ_LINK, OBJ_MAP };
	struct map *m = NULL;

	pthread_mutex_lock(&moving);
	for (size_t k = 0; k < ARRAY_SIZE(kinds) && !m; k++)
		for (u32 id = 0; !m && !obj_next_id(&s->tab, id, kinds[k], &id);) {
			struct obj *o;

			if (obj_by_id(&s->tab, id, kinds[k], &o))
				continue;
			m = registered(o, interface);
			pthread_mutex_unlock(&moving);
			obj_put(o);
			pthread_mutex_lock(&moving);
		}
	pthread_mutex_unlock(&moving);
	if (!m)
		return -ENOENT;
	*ret_map = (struct skep_map *)(void *)m;
	return 0;
}

int skep_ops_call(struct skep_map *map, const char *member, const uint64_t *args, uint32_t nargs, uint64_t *ret)
{
	struct map *m = (struct map *)(void *)map;
	const struct ops_table *t = m->user;
	struct run_env env = { .pkt = NULL };
	u64 ctx[13] = { 0 };
	struct run run;
	u32 i = 0;

	if (m->desc.type != BPF_MAP_TYPE_STRUCT_OPS || !t || nargs > 12)
		return -EINVAL;
	while (i < t->n && strcmp(btf_str(t->btf, btf_members_of(btf_type(t->btf, t->type))[i].name_off), member))
		i++;
	if (i == t->n || !t->prog[i])
		return -ENOENT;
	if (*t->prog[i]->unrunnable)
		return -EOPNOTSUPP;
	memcpy(ctx, args, nargs * sizeof(u64));
	run_init(&run, &t->prog[i]->image, &env);
	run.prog_type = t->prog[i]->type;
	grace_enter();
	*ret = run_image(&run, ctx);
	grace_leave();
	__atomic_fetch_add(&t->prog[i]->stats.runs, 1, __ATOMIC_RELAXED);
	return 0;
}
