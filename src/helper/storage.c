/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on values that maps keep for tasks, sockets, inodes and cgroups: see storage.h. */
#include "helper/storage.h"

#include <errno.h>

#include "helper/owner.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "spec/helper_abi.h"

/* ---- values of owners that have ended ---- */
struct ended { struct map *map; struct map_owner owner; bool found; };

static u64 look(struct map *m, const void *key, void *value, void *ctx)
{
	struct ended *e = ctx;

	(void)value;
	memcpy(&e->owner, key, sizeof(e->owner));
	e->found = owner_ended(map_key_names(m), &e->owner);
	return e->found;
}

/* There is no room: make some. False: all owners live. */
static bool sweep(struct map *m)
{
	struct ended e = { .map = m, .found = true };
	bool any = false;

	while (e.found) {
		e.found = false;
		map_prog_for_each(m, look, &e, 0, 0);
		if (e.found && map_prog_delete(m, &e.owner, 0))
			break;
		any |= e.found;
	}
	return any;
}

static u64 get(enum map_names what, struct map *m, u64 owner, const void *value, u64 flags, const struct run *run)
{
	bool create = flags & BPF_LOCAL_STORAGE_GET_F_CREATE;
	struct map_owner o;
	void *at;

	if (flags & ~(u64)BPF_LOCAL_STORAGE_GET_F_CREATE || !owner_by_ptr(what, owner, run, &o))
		return 0;
	at = map_prog_storage(m, &o, value, create, run->cpu);
	if (!at && create && sweep(m))
		at = map_prog_storage(m, &o, value, true, run->cpu);
	return RET_PTR(at);
}

static __attribute__((noinline)) u64 find_of_socket(struct map *m, u64 owner, struct sk *sk, const void *value, u64 flags,
						    const struct run *run)
{
	struct run_env *env = run->env;
	struct map_owner o;
	void *at;

	if (flags > BPF_LOCAL_STORAGE_GET_F_CREATE || !sk)
		return get(MAP_NAMES_SOCKET, m, owner, value, flags, run);
	o = (struct map_owner){ { sk_cookie(sk), 0, 0 } };
	env->hint_cookie = o.word[0];
	map_hint_prepare(m, &o, &env->hint);
	at = (void *)(uintptr_t)get(MAP_NAMES_SOCKET, m, owner, value, flags, run);
	if (at)
		env->hint.value = at;
	return RET_PTR(at);
}

/* Programs ask for the same socket's value again and again. */
static inline u64 get_of_socket(struct map *m, u64 owner, const void *value, u64 flags, const struct run *run)
{
	const struct run_env *env = run->env;
	u64 ctx = RET_PTR(run->ctx), cookie;
	struct sk *sk = owner == ctx ? env->sk : sk_is_plain(owner) ? (struct sk *)(uintptr_t)owner : sk_of(owner, ctx);
	void *at;

	if (likely(flags <= BPF_LOCAL_STORAGE_GET_F_CREATE && sk)) {
		cookie = __atomic_load_n(&sk->cookie, __ATOMIC_RELAXED);
		at = cookie && cookie == env->hint_cookie ? map_hint_get(m, &env->hint) : NULL;
		if (likely(at != NULL))
			return RET_PTR(at);
	}
	return find_of_socket(m, owner, sk, value, flags, run);
}

static u64 drop(enum map_names what, struct map *m, u64 owner, const struct run *run)
{
	struct map_owner o;

	if (!owner || !owner_by_ptr(what, owner, run, &o))
		return RET_INT_(-EINVAL);
	return RET_INT_(map_prog_delete(m, &o, run->cpu));
}

void storage_run_gone(struct map *const *maps, u32 n, const struct sk *sk)
{
	static const struct bpf_cgroup_storage_key none;
	struct map_owner o = { { sk->cookie, 0, 0 } };

	for (u32 i = 0; i < n; i++) {
		if (map_key_names(maps[i]) == MAP_NAMES_SOCKET && sk->cookie)
			map_prog_delete(maps[i], &o, 0);
		if (map_spec[maps[i]->desc.type].helpers & MH_LOCAL_STORAGE)
			map_prog_delete(maps[i], &none, 0);
	}
}

/* The value of the cgroup that the event is judged for; of the run, where there is none. Made when it is first asked for. */
u64 helper_get_local_storage(struct map *map, u64 flags, struct run *run)
{
	static u64 spare[65536 / 8]; /* the verifier promised a pointer: without room, a value that everybody shares */
	struct bpf_cgroup_storage_key k;
	void *at;

	(void)flags;
	memset(&k, 0, sizeof(k));
	k.cgroup_inode_id = run->env->cgroup_id;
	k.attach_type = run->env->attach_type;
	at = map_prog_lookup(map, &k, run->cpu);
	if (!at) {
		map_prog_update(map, &k, NULL, BPF_NOEXIST, run->cpu);
		at = map_prog_lookup(map, &k, run->cpu);
	}
	return RET_PTR(at ? at : spare);
}

#define STORAGE(name, what, get_it)                                                                     \
	u64 helper_##name##_storage_get(struct map *map, void *owner, const void *value, u64 flags,     \
					struct run *run)                                                \
	{                                                                                               \
		return get_it;                                                                          \
	}                                                                                               \
	u64 helper_##name##_storage_delete(struct map *map, void *owner, struct run *run)               \
	{                                                                                               \
		return drop(what, map, RET_PTR(owner), run);                                            \
	}
STORAGE(sk, MAP_NAMES_SOCKET, get_of_socket(map, RET_PTR(owner), value, flags, run))
STORAGE(inode, MAP_NAMES_FILE, get(MAP_NAMES_FILE, map, RET_PTR(owner), value, flags, run))
STORAGE(task, MAP_NAMES_TASK, get(MAP_NAMES_TASK, map, RET_PTR(owner), value, flags, run))
STORAGE(cgrp, MAP_NAMES_CGROUP, get(MAP_NAMES_CGROUP, map, RET_PTR(owner), value, flags, run))
