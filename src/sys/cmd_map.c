/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map commands: what bpf(2) checks before a map sees a request. Keys and values are copied; a map never touches the
 * caller's memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/object.h"
#include "helper/owner.h"
#include "helper/sk.h"
#include "map/map.h"
#include "prog/prog.h"
#include "sys/relay.h"
#include "sys/struct_ops.h"
#include "sys/attach.h"
#include "sys/sys.h"

#define SMALL 256 /* keys and values up to here need no allocation */

static const char *map_why(int err)
{
	switch (err) {
	case -ENOENT: return "no such element";
	case -EEXIST: return "the element exists";
	case -E2BIG: return "the map is full, or the index is beyond its end";
	case -EINVAL: return "this map type refuses the key, the value or the flags";
	case -ENOTSUPP: return "this map type does not have the operation";
	default: return strerror(-err);
	}
}

/* ---- creation ---- */
static int resolve_inner(struct call *c, struct map_attr *m)
{
	struct obj *o;
	int err;

	if (!map_spec[m->type].inner)
		return 0;
	err = call_obj(c, (int)c->a.map_create.inner_map_fd, OBJ_MAP, &o, NULL);
	if (!err)
		m->inner = map_of(o);
	return err;
}

static int resolve_btf(struct call *c, struct map_attr *m)
{
	const struct attr_map_create *a = &c->a.map_create;
	const struct map_spec *spec = &map_spec[m->type];
	struct btf_obj *b;
	s64 key, value;
	int err;

	if (!a->btf_key_type_id && !a->btf_value_type_id && !a->btf_vmlinux_value_type_id)
		return 0;
	err = call_obj(c, (int)a->btf_fd, OBJ_BTF, &m->btf_obj, NULL);
	if (err)
		return err;
	b = container_of(m->btf_obj, struct btf_obj, obj);
	if (b->kernel)
		return call_fail(c, -EACCES, "a map's BTF cannot be the kernel's");
	if (!a->btf_value_type_id)
		return 0;
	m->btf = b->btf;
	key = m->btf_key ? btf_size_of(b->btf, m->btf_key) : (s64)m->key_size;
	value = btf_size_of(b->btf, m->btf_value);
	if (key < 0 || (u64)key != m->key_size)
		return call_fail(c, -EINVAL, "BTF says the key has %lld bytes, key_size says %u", (long long)key, m->key_size);
	if (value < 0 || (u64)value != m->value_size)
		return call_fail(c, -EINVAL, "BTF says the value has %lld bytes, value_size says %u", (long long)value,
				 m->value_size);
	err = btf_record_of(b->btf, m->btf_value, FIELD_MAP_VALUE, m->value_size, sys_kernel_btf(c->s), &m->record);
	if (err == -ENOMEM)
		return err;
	if (err)
		m->record = NULL; /* as in Linux: such a map is made, and has no special fields to use */
	if (m->record && (m->record->mask & ~spec->special_fields))
		return call_fail(c, -EOPNOTSUPP, "maps of type %s cannot hold these special fields", spec->name);
	if (m->record && (!call_capable(c, CAPB_BPF) || m->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)))
		return call_fail(c, call_capable(c, CAPB_BPF) ? -EACCES : -EPERM,
				 "special fields need CAP_BPF and a map that programs may read and write");
	return 0;
}

static int refused(struct call *c, const struct map_attr *m, int err)
{
	const struct map_spec *spec = map_spec_by_id(m->type);

	return call_fail(c, err, "a %s map with key_size %u, value_size %u, max_entries %u, map_flags 0x%x is refused: %s",
			 spec ? spec->name : "?", m->key_size, m->value_size, m->max_entries, m->flags, map_why(err));
}

/* What comes before privileges: the attributes by themselves. */
static int check_attr(struct call *c, const struct map_attr *m)
{
	const struct attr_map_create *a = &c->a.map_create;
	int err;

	if (a->btf_vmlinux_value_type_id &&
	    (a->map_type != BPF_MAP_TYPE_STRUCT_OPS || a->btf_key_type_id || a->btf_value_type_id))
		return call_fail(c, -EINVAL, "btf_vmlinux_value_type_id is for struct_ops maps only");
	if (a->btf_key_type_id && !a->btf_value_type_id)
		return call_fail(c, -EINVAL, "btf_key_type_id without btf_value_type_id");
	if (!map_spec_by_id(a->map_type))
		return call_fail(c, -EINVAL, "%u is not a map type", a->map_type);
	err = map_check(m, false);
	if (err)
		return refused(c, m, err);
	return a->map_flags & FLAG_TOKEN ? call_token(c, a->map_token_fd) : 0;
}

/* May the caller have such a map, and can one be made here? */
static int check_allowed(struct call *c)
{
	const struct attr_map_create *a = &c->a.map_create;
	const struct map_spec *spec = map_spec_by_id(a->map_type);
	char name[IF_NAMESIZE];

	if (!call_capable(c, CAPB_BPF) && !c->s->unpriv_allowed)
		return call_fail(c, -EPERM, "creating maps needs CAP_BPF (unprivileged BPF is off)");
	if (!call_capable(c, spec->caps))
		return call_fail(c, -EPERM, "maps of type %s need more privileges", spec->name);
	if (!a->map_ifindex)
		return 0;
	if (!call_capable(c, CAPB_SYS_ADMIN))
		return call_fail(c, -EPERM, "a map on a device (map_ifindex) needs CAP_SYS_ADMIN");
	if ((a->map_type != BPF_MAP_TYPE_HASH && a->map_type != BPF_MAP_TYPE_ARRAY) || !if_indextoname(a->map_ifindex, name))
		return call_fail(c, -EINVAL, "map_ifindex %u: no such device, or not for maps of type %s", a->map_ifindex,
				 spec->name);
	return call_fail(c, -EOPNOTSUPP, "device %s holds no maps", name);
}

/* A struct_ops map's value is the kernel's structure bpf_struct_ops_NAME around the interface it implements. */
static int check_struct_ops(struct call *c, const struct map_attr *m)
{
	const struct btf *k = m->btf_vmlinux_value ? sys_kernel_btf(c->s) : NULL;
	const char *name = k && btf_type(k, m->btf_vmlinux_value) ? btf_type_name(k, m->btf_vmlinux_value) : "";

	if (m->type != BPF_MAP_TYPE_STRUCT_OPS)
		return 0;
	if (strncmp(name, "bpf_struct_ops_", 15))
		return call_fail(c, -ENOTSUPP, "btf_vmlinux_value_type_id %u is no struct bpf_struct_ops_* of the kernel's BTF",
				 m->btf_vmlinux_value);
	if (btf_size_of(k, m->btf_vmlinux_value) != (s64)m->value_size)
		return call_fail(c, -EINVAL, "struct %s has another size than value_size %u", name, m->value_size);
	return 0;
}

/* Everything but the map itself, in Linux's order. */
static int prepare(struct call *c, struct map_attr *m)
{
	int err = check_attr(c, m);

	if (!err)
		err = check_allowed(c);
	if (!err)
		err = resolve_inner(c, m);
	if (err)
		return err;
	err = map_check(m, true);
	if (err)
		return refused(c, m, err);
	err = check_struct_ops(c, m);
	if (err)
		return err;
	if (check_name(m->name, sizeof(m->name)))
		return call_fail(c, -EINVAL, "map_name may have letters, digits, '_' and '.' only, and at most 15 of them");
	return resolve_btf(c, m);
}

static bool in_sockmap(const struct map *m)
{
	return m->desc.type == BPF_MAP_TYPE_SOCKMAP || m->desc.type == BPF_MAP_TYPE_SOCKHASH;
}

/* What a program gets for a socket in a map. */
static void *socket_for_program(struct map *m, u64 cookie)
{
	struct sk *sk = sk_get(cookie);

	return sk && map_value_names(m) == MAP_NAMES_XSK ? (void *)&sk->xsk : sk;
}

int cmd_map_create(struct call *c)
{
	const struct attr_map_create *a = &c->a.map_create;
	struct map_attr m = { .type = a->map_type, .key_size = a->key_size, .value_size = a->value_size,
			      .max_entries = a->max_entries, .flags = a->map_flags & ~FLAG_TOKEN, .extra = a->map_extra,
			      .numa_node = a->map_flags & BPF_F_NUMA_NODE ? a->numa_node : ~0u, .ifindex = a->map_ifindex,
			      .btf_key = a->btf_key_type_id, .btf_value = a->btf_value_type_id,
			      .btf_vmlinux_value = a->btf_vmlinux_value_type_id, .image_of = prog_image_of,
			      .prog_ok = prog_enters_map,
			      .no_zero_seed = (a->map_flags & BPF_F_ZERO_SEED) && !call_capable(c, CAPB_SYS_ADMIN) };
	struct map *map;
	int err;

	obj_reap(&c->s->tab);
	memcpy(m.name, a->map_name, sizeof(m.name));
	err = prepare(c, &m);
	if (!err) {
		err = map_create(&c->s->tab, &m, &map);
		if (err)
			refused(c, &m, err);
	}
	if (err)
		btf_record_free(m.record);
	obj_put(m.btf_obj);
	if (m.inner)
		obj_put(&m.inner->obj);
	if (err)
		return err;
	map->field_free = map->record ? object_fields_free : NULL;
	map->gone = object_map_gone;
	if (m.type == BPF_MAP_TYPE_STRUCT_OPS) {
		map->gone = ops_map_gone;
		err = ops_map_init(map, sys_kernel_btf(c->s), m.btf_vmlinux_value);
	}
	if (in_sockmap(map))
		map->gone = relay_map_gone;
	map->socket = socket_for_program;
	map->socket_open = sk_is_open;
	err = err ? call_fail(c, err, "the kernel's type is no table of functions") :
	      call_new_fd(c, &map->obj, m.flags & BPF_F_RDONLY ? O_RDONLY : m.flags & BPF_F_WRONLY ? O_WRONLY : O_RDWR);
	obj_put(&map->obj);
	return err;
}

/* ---- elements ---- */
/* One element command's map and memory. */
struct elem {
	struct map *m;
	void *key, *value;
	u32 value_size;
	u64 small[2 * SMALL / 8];
	void *big;
};

static void elem_end(struct elem *e)
{
	obj_put(e->m ? &e->m->obj : NULL);
	free(e->big);
}

/* The map behind the descriptor, if it may be used so. */
static int elem_begin(struct call *c, struct elem *e, int fd, int need)
{
	struct obj *o;
	int mode, err;
	size_t key, total;

	e->m = NULL;
	e->big = NULL; /* the rest is set below: this is the path of every element */
	err = call_obj(c, fd, OBJ_MAP, &o, &mode);
	if (err)
		return err;
	e->m = map_of(o);
	if ((need & 1 && mode == O_WRONLY) || (need & 2 && mode == O_RDONLY))
		return call_fail(c, -EPERM, "the descriptor is open for %s only", mode == O_RDONLY ? "reading" : "writing");
	if (need & 2 && map_frozen(e->m))
		return call_fail(c, -EPERM, "the map is frozen");
	e->value_size = map_user_value_size(e->m);
	key = ROUND_UP((size_t)e->m->key_len, 8);
	total = key + e->value_size;
	if (total > sizeof(e->small)) {
		e->big = malloc(total);
		if (!e->big)
			return -ENOMEM;
	}
	e->key = e->big ? e->big : e->small;
	e->value = (u8 *)e->key + key;
	return 0;
}

static int owner_of_key(struct call *c, enum map_names what, int number, struct map_owner *ret);

static int elem_key(struct call *c, struct elem *e)
{
	s32 fd;

	if (map_key_names(e->m))
		return call_in(c, &fd, c->a.elem.key, sizeof(fd)) ? -EFAULT : owner_of_key(c, map_key_names(e->m), fd, e->key);
	if (e->m->desc.key_size)
		return call_in(c, e->key, c->a.elem.key, e->m->desc.key_size);
	if (c->a.elem.key)
		return call_fail(c, -EINVAL, "the map has no keys: key must be NULL");
	e->key = NULL;
	return 0;
}

/* Lookups know one flag; Linux looks at it before the descriptor. */
static int bad_flags(struct call *c, u64 flags)
{
	return flags & ~(u64)BPF_F_LOCK ?
		       call_fail(c, -EINVAL, "flags 0x%llx: only BPF_F_LOCK is known", (unsigned long long)flags) : 0;
}

static int bad_lock(struct call *c, const struct elem *e, u64 flags)
{
	if (flags & BPF_F_LOCK && !(e->m->desc.record && e->m->desc.record->mask & FIELD_SPIN_LOCK))
		return call_fail(c, -EINVAL, "BPF_F_LOCK needs a bpf_spin_lock in the value");
	return 0;
}

static int elem_fail(struct call *c, const struct elem *e, int err)
{
	if (!err || (c->reason && c->reason->len)) /* why is known already */
		return err;
	return call_fail(c, err, "%s map \"%s\": %s", map_spec[e->m->desc.type].name, e->m->desc.name, map_why(err));
}

int cmd_map_lookup_elem(struct call *c)
{
	struct elem e;
	int err = bad_flags(c, c->a.elem.flags);

	if (err)
		return err;
	err = elem_begin(c, &e, (int)c->a.elem.map_fd, 1);
	if (!err)
		err = bad_lock(c, &e, c->a.elem.flags);
	if (!err)
		err = elem_key(c, &e);
	/* a bloom filter's question is in the value */
	if (!err && e.m->desc.type == BPF_MAP_TYPE_BLOOM_FILTER)
		err = call_in(c, e.value, c->a.elem.value, e.value_size);
	if (!err)
		err = elem_fail(c, &e, map_lookup(e.m, e.key, e.value, c->a.elem.flags));
	if (!err)
		err = call_out(c, c->a.elem.value, e.value, e.value_size);
	elem_end(&e);
	return err;
}

/* The value of an fd-valued map names an object. */
static int update_obj(struct call *c, struct elem *e)
{
	struct obj *o;
	s32 fd;
	int err;

	err = map_update_obj(e->m, e->key, NULL, c->a.elem.flags);
	if (err)
		return err;
	memcpy(&fd, e->value, sizeof(fd));
	err = call_obj(c, fd, map_value_obj(e->m), &o, NULL);
	if (err)
		return err;
	err = map_update_obj(e->m, e->key, o, c->a.elem.flags);
	obj_put(o);
	return err;
}

/* ---- keys and values that name something by descriptor ---- */
/* The caller's descriptor as one of ours. */
static int take_fd(struct call *c, int fd, bool *ret_close)
{
	u64 dev, ino;
	int mode, err = fd < 0 ? -EBADF : c->who->fd_ident(c->who, fd, &dev, &ino, &mode);

	*ret_close = !c->who->direct;
	if (err)
		return call_fail(c, -EBADF, "%d is no open descriptor", fd);
	if (c->who->direct)
		return fd;
	if (!c->who->fd_take)
		return call_fail(c, -EOPNOTSUPP, "descriptors of this caller cannot be looked into");
	fd = c->who->fd_take(c->who, fd);
	return fd < 0 ? call_fail(c, fd, "the caller's descriptor cannot be taken: %s", strerror(-fd)) : fd;
}

static const char *name_of(enum map_names what)
{
	static const char *const name[] = { "anything",		 "a socket", "a file",
					    "a process (pidfd)", "a cgroup", "an AF_XDP socket" };

	return name[what];
}

static int owner_of_key(struct call *c, enum map_names what, int number, struct map_owner *ret)
{
	struct sk_facts f;
	bool to_close;
	int err, fd = take_fd(c, number, &to_close);

	if (fd < 0)
		return fd;
	err = owner_by_fd(what, fd, ret);
	if (!err && what == MAP_NAMES_SOCKET) {
		err = sk_ask(fd, &f);
		if (!err)
			err = sk_note(&f, caller_known(c->who)->pid, number);
	}
	if (to_close)
		close(fd);
	return err ? call_fail(c, err, "descriptor %d is not %s that lives", number, name_of(what)) : 0;
}

/* Is the socket in a map of this type? */
static bool is_in(struct call *c, u32 type, u64 cookie)
{
	struct obj *o;
	bool found = false;
	u32 key;

	for (u32 id = 0; !found && !obj_next_id(&c->s->tab, id, OBJ_MAP, &id);) {
		if (obj_by_id(&c->s->tab, id, OBJ_MAP, &o))
			continue;
		for (key = 0; map_of(o)->desc.type == type && key < map_of(o)->desc.max_entries && !found; key++)
			found = map_prog_socket(map_of(o), &key) == cookie;
		obj_put(o);
	}
	return found;
}

/* May the map hold this socket? A socket is in reuseport arrays once, and then in no sockmap. */
static int check_kind(struct call *c, struct map *m, const void *key, const struct sk_facts *f)
{
	u64 there = map_prog_socket(m, key);
	int err;

	if (map_value_names(m) == MAP_NAMES_XSK)
		return f->family == AF_XDP ? 0 : -EOPNOTSUPP;
	if (m->desc.type != BPF_MAP_TYPE_REUSEPORT_SOCKARRAY) {
		err = sk_for_sockmap(f);
		return !err && is_in(c, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, f->cookie) ? -EBUSY : err;
	}
	there = there && sk_is_open(there);
	if (c->a.elem.flags == (there ? BPF_NOEXIST : BPF_EXIST))
		return there ? -EEXIST : -ENOENT;
	err = sk_for_reuseport(f);
	return !err && (is_in(c, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, f->cookie) || is_in(c, BPF_MAP_TYPE_SOCKMAP, f->cookie)) ?
		       -EBUSY : err;
}

static int socket_of_value(struct call *c, const struct elem *e, int number, u64 *ret)
{
	struct sk_facts f;
	bool to_close;
	int err, fd = take_fd(c, number, &to_close);

	if (fd < 0)
		return fd;
	err = sk_ask(fd, &f);
	if (err) {
		call_fail(c, err, "descriptor %d is no socket", number);
	} else {
		err = check_kind(c, e->m, e->key, &f);
		if (!err)
			err = sk_note(&f, caller_known(c->who)->pid, number);
		if (err)
			call_fail(c, err, "this %s map does not take the socket: its kind, its state, or another map has it",
				  map_spec[e->m->desc.type].name);
	}
	if (to_close)
		close(fd);
	*ret = f.cookie;
	return err;
}

/* A descriptor as a sockmap's value is one of 4 or 8 bytes without sign. */
static int fd_of_value(struct call *c, const struct elem *e)
{
	u64 fd = 0;

	memcpy(&fd, e->value, MIN(e->value_size, 8u));
	if (fd > S32_MAX &&
	    (e->value_size == 8 || map_spec[e->m->desc.type].helpers & (MH_SOCK_REDIRECT | MH_SOCK_REDIRECT_HASH)))
		return call_fail(c, -EINVAL, "the value %llu can be no descriptor", (unsigned long long)fd);
	return fd > S32_MAX ? -1 : (int)fd;
}

/* The socket takes over the map's programs; the one whose place it takes loses them. */
static int join_sockmap(struct call *c, struct elem *e, u64 cookie)
{
	u64 before;
	int err;

	if (c->a.elem.flags > BPF_EXIST)
		return -EINVAL;
	if (e->m->desc.type == BPF_MAP_TYPE_SOCKMAP && *(const u32 *)e->key >= e->m->desc.max_entries)
		return -E2BIG;
	err = relay_link(c->s, e->m, cookie);
	if (err)
		return call_fail(c, err, "the socket cannot take over the map's programs: it has some already");
	before = map_prog_socket(e->m, e->key);
	err = map_update(e->m, e->key, &cookie, c->a.elem.flags);
	relay_unlink(e->m, err ? cookie : before);
	return err;
}

static int update_named(struct call *c, struct elem *e)
{
	enum map_names what = map_value_names(e->m);
	struct map_owner o;
	int err = map_update(e->m, e->key, NULL, c->a.elem.flags), fd;

	if (err)
		return err;
	fd = fd_of_value(c, e);
	if (fd == -EINVAL)
		return fd;
	err = what == MAP_NAMES_CGROUP ? owner_of_key(c, what, fd, &o) : socket_of_value(c, e, fd, &o.word[0]);
	if (err || !in_sockmap(e->m))
		return err ? err : map_update(e->m, e->key, &o, c->a.elem.flags);
	return join_sockmap(c, e, o.word[0]);
}

/* A place to redirect frames to, with a program that they go through there: one that was loaded for that. */
static int update_redirect(struct call *c, struct elem *e)
{
	bool cpu = e->m->desc.type == BPF_MAP_TYPE_CPUMAP;
	struct prog *p = NULL;
	u32 value[2];
	int err;

	memcpy(value, e->value, sizeof(value));
	err = (s32)value[1] > 0 ? map_update_check(e->m, e->key, value, c->a.elem.flags) : 0;
	if (err)
		return err;
	if ((s32)value[1] > 0 && (value[0] || !cpu)) {
		err = value[0] ? call_prog(c, (int)value[1], &p) : -EINVAL;
		if (!err && (p->type != BPF_PROG_TYPE_XDP || p->attach_type != (cpu ? BPF_XDP_CPUMAP : BPF_XDP_DEVMAP)))
			err = call_fail(c, -EINVAL, "the program is not an XDP program for entries of %s maps",
					cpu ? "CPU" : "device");
		if (err) {
			prog_put(p);
			return cpu ? -ENOMEM : -EINVAL;
		}
	}
	err = map_update_with_prog(e->m, e->key, value, p ? &p->obj : NULL, c->a.elem.flags);
	prog_put(p);
	return err;
}

int cmd_map_update_elem(struct call *c)
{
	struct elem e;
	int err = elem_begin(c, &e, (int)c->a.elem.map_fd, 2);

	if (!err)
		err = bad_lock(c, &e, c->a.elem.flags);
	if (!err)
		err = elem_key(c, &e);
	if (!err)
		err = call_in(c, e.value, c->a.elem.value, e.value_size);
	if (!err) {
		if (map_is_lru(e.m))
			call_join_cpu(c);
		if (map_value_has_prog(e.m))
			err = update_redirect(c, &e);
		else if (e.m->desc.type == BPF_MAP_TYPE_STRUCT_OPS)
			err = ops_map_update(c, e.m, e.key, e.value, c->a.elem.flags);
		else if (e.m->desc.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			err = perf_map_update(c, e.m, e.key, e.value, c->a.elem.flags);
		else
			err = map_value_obj(e.m) != OBJ_NONE ? update_obj(c, &e) : map_value_names(e.m) ? update_named(c, &e) :
				      map_update(e.m, e.key, e.value, c->a.elem.flags);
		elem_fail(c, &e, err);
	}
	elem_end(&e);
	return err;
}

int cmd_map_delete_elem(struct call *c)
{
	struct elem e;
	int err = elem_begin(c, &e, (int)c->a.elem.map_fd, 2);

	if (!err)
		err = elem_key(c, &e);
	if (!err) {
		u64 before = in_sockmap(e.m) ? map_prog_socket(e.m, e.key) : 0;
		err = elem_fail(c, &e, map_delete(e.m, e.key));
		if (!err)
			relay_unlink(e.m, before);
	}
	elem_end(&e);
	return err;
}

int cmd_map_get_next_key(struct call *c)
{
	struct elem e;
	int err = elem_begin(c, &e, (int)c->a.elem.map_fd, 1);
	void *next = NULL;

	if (!err && c->a.elem.key)
		err = elem_key(c, &e);
	if (!err) {
		next = malloc(e.m->desc.key_size + 1u);
		err = next ? elem_fail(c, &e, map_next_key(e.m, c->a.elem.key ? e.key : NULL, next)) : -ENOMEM;
	}
	if (!err)
		err = call_out(c, c->a.elem.value, next, e.m->desc.key_size);
	free(next);
	elem_end(&e);
	return err;
}

int cmd_map_lookup_and_delete_elem(struct call *c)
{
	struct elem e;
	int err = bad_flags(c, c->a.elem.flags);

	if (err)
		return err;
	err = elem_begin(c, &e, (int)c->a.elem.map_fd, 3);
	if (!err)
		err = bad_lock(c, &e, c->a.elem.flags);
	if (!err)
		err = elem_key(c, &e);
	if (!err)
		err = elem_fail(c, &e, map_lookup_and_delete(e.m, e.key, e.value, c->a.elem.flags));
	if (!err)
		err = call_out(c, c->a.elem.value, e.value, e.value_size);
	elem_end(&e);
	return err;
}

int cmd_map_freeze(struct call *c)
{
	struct obj *o;
	int mode, err = call_obj(c, (int)c->a.elem.map_fd, OBJ_MAP, &o, &mode);

	if (err)
		return err;
	if (mode == O_RDONLY)
		err = call_fail(c, -EPERM, "the descriptor is open for reading only");
	else
		err = map_freeze(map_of(o));
	if (err == -EBUSY)
		call_fail(c, err, "somebody has the map mapped for writing");
	else if (err == -EPERM && map_frozen(map_of(o)))
		call_fail(c, err, "the map is frozen already");
	else if (err == -EACCES)
		call_fail(c, err, "somebody has sealed the map's file against being frozen");
	else if (err && c->reason && !c->reason->len)
		call_fail(c, err, "the map cannot be frozen: %s", strerror(-err));
	obj_put(o);
	return err;
}

/* ---- batches ---- */
typedef int (*batch_fn)(struct map *m, struct map_batch *b);
struct batch {
	struct elem e;
	struct map_batch b;
	void *keys, *values, *token, *out_token;
	u32 room; /* elements that keys and values hold */
};

#define BATCH_STEP 1024u /* changes are copied in by so many, so that a wrong count reads no further than the first error */

static void batch_end(struct batch *b)
{
	free(b->keys);
	free(b->values);
	free(b->token);
	free(b->out_token);
	elem_end(&b->e);
}

static int batch_fd(void *ctx, int fd, enum obj_kind kind, struct obj **ret)
{
	return call_obj(ctx, fd, kind, ret, NULL);
}

/*
 * Asked with no elements an operation says whether it is there and knows the flags, which is what Linux checks first. With
 * elements to come the caller's count is zero from here on until it is known.
 */
static int batch_begin(struct call *c, struct batch *b, int need, bool change, batch_fn fn)
{
	const struct attr_batch *a = &c->a.batch;
	size_t token;
	u32 none = 0;
	int err = elem_begin(c, &b->e, (int)a->map_fd, need);

	if (err)
		return err;
	b->b = (struct map_batch){ .elem_flags = a->elem_flags, .flags = a->flags };
	err = fn(b->e.m, &b->b);
	if (err)
		return elem_fail(c, &b->e, err);
	if (!a->count)
		return 0;
	if (call_put_field(c, offsetof(union attr, batch.count), &none, sizeof(none)))
		return -EFAULT;
	b->room = MIN(a->count, change ? BATCH_STEP : b->e.m->desc.max_entries + 1);
	token = map_batch_token(b->e.m);
	b->keys = malloc((size_t)b->room * b->e.m->desc.key_size + 1);
	b->values = malloc((size_t)b->room * b->e.value_size + 1);
	b->token = malloc(token + 1);
	b->out_token = malloc(token + 1);
	if (!b->keys || !b->values || !b->token || !b->out_token)
		return call_fail(c, -ENOMEM, "out of memory for %u elements", b->room);
	return 0;
}

static int batch_count(struct call *c, u32 n)
{
	c->a.batch.count = n;
	return CALL_PUT(c, batch.count) ? -EFAULT : 0;
}

/* Results, the token, the count: also at the end (-ENOENT), as Linux. */
static int batch_results(struct call *c, struct batch *b, int err)
{
	const struct attr_batch *a = &c->a.batch;
	u32 n = b->b.count;
	int fault = call_out(c, a->keys, b->keys, (size_t)n * b->e.m->desc.key_size);

	if (!fault)
		fault = call_out(c, a->values, b->values, (size_t)n * b->e.value_size);
	if (!fault && b->b.token)
		fault = call_out(c, a->out_batch, b->out_token, map_batch_token(b->e.m));
	if (!fault)
		fault = batch_count(c, n);
	return fault ? fault : elem_fail(c, &b->e, err);
}

static int lookup_batch(struct call *c, int need, batch_fn fn)
{
	const struct attr_batch *a = &c->a.batch;
	struct batch b = { .keys = NULL };
	int err = batch_begin(c, &b, need, false, fn);

	if (!err && a->count && a->in_batch)
		err = call_in(c, b.token, a->in_batch, map_batch_token(b.e.m));
	if (!err && a->count) {
		b.b = (struct map_batch){ .in_batch = a->in_batch ? b.token : NULL, .out_batch = b.out_token, .keys = b.keys,
					  .values = b.values, .count = b.room, .elem_flags = a->elem_flags, .flags = a->flags };
		err = batch_results(c, &b, fn(b.e.m, &b.b));
	}
	batch_end(&b);
	return err;
}

int cmd_map_lookup_batch(struct call *c) { return lookup_batch(c, 1, map_lookup_batch); }
int cmd_map_lookup_and_delete_batch(struct call *c) { return lookup_batch(c, 3, map_lookup_and_delete_batch); }

static int change_batch(struct call *c, bool values, batch_fn fn)
{
	const struct attr_batch *a = &c->a.batch;
	struct batch b = { .keys = NULL };
	int err = batch_begin(c, &b, 2, true, fn);
	u32 done = 0, total = a->count;
	size_t ks, vs;

	if (err || !total) {
		batch_end(&b);
		return err;
	}
	ks = b.e.m->desc.key_size;
	vs = b.e.value_size;
	if (values && map_is_lru(b.e.m))
		call_join_cpu(c);
	while (!err && done < total) {
		u32 n = MIN(total - done, b.room);

		err = call_in(c, b.keys, a->keys + done * ks, n * ks);
		if (!err && values)
			err = call_in(c, b.values, a->values + done * vs, n * vs);
		if (err)
			break;
		b.b = (struct map_batch){ .keys = b.keys, .values = b.values, .count = n, .elem_flags = a->elem_flags,
					  .flags = a->flags, .obj_by_fd = batch_fd, .ctx = c };
		err = elem_fail(c, &b.e, fn(b.e.m, &b.b));
		done += b.b.count;
	}
	if (batch_count(c, done))
		err = -EFAULT;
	batch_end(&b);
	return err;
}

int cmd_map_update_batch(struct call *c) { return change_batch(c, true, map_update_batch); }
int cmd_map_delete_batch(struct call *c) { return change_batch(c, false, map_delete_batch); }
