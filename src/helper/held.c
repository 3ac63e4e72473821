/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kfuncs that take or give back what must not be left behind, as programs with a budget call them: they keep the run's
 * list of it, so that a run that is stopped gives all of it back.
 *
 * Invariant: what the verifier tracks as a reference or a lock and is more than a number here has a row.
 */
#include "helper/helper.h"
#include "helper/object.h"
#include "spec/spec.h"

#define PTR(r) ((void *)(uintptr_t)(r))

/* ---- how it is given back ---- */
static void call(helper_fn fn, u64 what, struct run *run)
{
	fn(what, 0, 0, 0, 0, run);
}

static void drop_record(struct run *run, u64 what) { call(helper_body(BPF_FUNC_ringbuf_discard), what, run); }
static void drop_dynptr(struct run *run, u64 what) { call(helper_body(BPF_FUNC_ringbuf_discard_dynptr), what, run); }
static void drop_sock(struct run *run, u64 what) { call(helper_body(BPF_FUNC_sk_release), what, run); }
static void drop_lock(struct run *run, u64 what) { call(helper_body(BPF_FUNC_spin_unlock), what, run); }
static void drop_res_lock(struct run *run, u64 what) { call(kfunc_body("bpf_res_spin_unlock"), what, run); }

static void drop_object(struct run *run, u64 what)
{
	(void)run;
	object_put(PTR(what));
}

/* Objects are known by their start, whatever pointer into them the program has. */
static u64 object(u64 p) { return (u64)(uintptr_t)object_start(PTR(p)); }

/* ---- rows: name, when it takes (a result, or an argument before the call), what it gives back before the call ---- */
#define BODY_helper(name) helper_body(BPF_FUNC_##name)
#define BODY_kfunc(name) kfunc_body(#name)
#define ROWS(TAKE_RESULT, TAKE_ARG, TAKE_IF_OK, GIVE, SWAP)                                             \
	TAKE_RESULT(helper, ringbuf_reserve, ret, drop_record)                                          \
	GIVE(helper, ringbuf_submit, r1)                                                                \
	GIVE(helper, ringbuf_discard, r1)                                                               \
	TAKE_ARG(helper, ringbuf_reserve_dynptr, r4, drop_dynptr)                                       \
	GIVE(helper, ringbuf_submit_dynptr, r1)                                                         \
	GIVE(helper, ringbuf_discard_dynptr, r1)                                                        \
	TAKE_ARG(helper, spin_lock, r1, drop_lock)                                                      \
	GIVE(helper, spin_unlock, r1)                                                                   \
	TAKE_IF_OK(kfunc, bpf_res_spin_lock, r1, drop_res_lock)                                         \
	TAKE_IF_OK(kfunc, bpf_res_spin_lock_irqsave, r1, drop_res_lock)                                 \
	GIVE(kfunc, bpf_res_spin_unlock, r1)                                                            \
	GIVE(kfunc, bpf_res_spin_unlock_irqrestore, r1)                                                 \
	TAKE_RESULT(helper, sk_lookup_tcp, ret, drop_sock)                                              \
	TAKE_RESULT(helper, sk_lookup_udp, ret, drop_sock)                                              \
	TAKE_RESULT(helper, skc_lookup_tcp, ret, drop_sock)                                             \
	GIVE(helper, sk_release, r1)                                                                    \
	SWAP(helper, kptr_xchg, r2, drop_object)                                                        \
	TAKE_RESULT(kfunc, bpf_obj_new_impl, object(ret), drop_object)                                  \
	TAKE_RESULT(kfunc, bpf_percpu_obj_new_impl, object(ret), drop_object)                           \
	TAKE_RESULT(kfunc, bpf_refcount_acquire_impl, object(ret), drop_object)                         \
	GIVE(kfunc, bpf_obj_drop_impl, object(r1))                                                      \
	GIVE(kfunc, bpf_percpu_obj_drop_impl, object(r1))                                               \
	GIVE(kfunc, bpf_list_push_front_impl, object(r2))                                               \
	GIVE(kfunc, bpf_list_push_back_impl, object(r2))                                                \
	GIVE(kfunc, bpf_rbtree_add_impl, object(r2))                                                    \
	TAKE_RESULT(kfunc, bpf_list_pop_front, object(ret), drop_object)                                \
	TAKE_RESULT(kfunc, bpf_list_pop_back, object(ret), drop_object)                                 \
	TAKE_RESULT(kfunc, bpf_rbtree_remove, object(ret), drop_object)                                 \
	TAKE_RESULT(kfunc, bpf_cpumask_create, object(ret), drop_object)                                \
	TAKE_RESULT(kfunc, bpf_cpumask_acquire, object(ret), drop_object)                               \
	GIVE(kfunc, bpf_cpumask_release, object(r1))                                                    \
	TAKE_RESULT(kfunc, bpf_crypto_ctx_create, object(ret), drop_object)                             \
	TAKE_RESULT(kfunc, bpf_crypto_ctx_acquire, object(ret), drop_object)                            \
	GIVE(kfunc, bpf_crypto_ctx_release, object(r1))                                                 \
	TAKE_RESULT(kfunc, bpf_lookup_user_key, object(ret), drop_object)                               \
	TAKE_RESULT(kfunc, bpf_lookup_system_key, object(ret), drop_object)                             \
	GIVE(kfunc, bpf_key_put, object(r1))

#define HEAD(kind, name)                                                                                \
	static u64 held_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)                 \
	{                                                                                               \
		const helper_fn body = BODY_##kind(name);                                               \
		u64 ret;
#define CALL ret = body(r1, r2, r3, r4, r5, run)
#define TAIL                                                                                            \
		return ret;                                                                             \
	}
#define TAKE_RESULT(kind, name, what, drop) HEAD(kind, name) CALL; run_hold(run, drop, what); TAIL
#define TAKE_ARG(kind, name, what, drop) HEAD(kind, name) CALL; run_hold(run, drop, what); TAIL
#define TAKE_IF_OK(kind, name, what, drop) HEAD(kind, name) CALL; if (!ret) run_hold(run, drop, what); TAIL
#define GIVE(kind, name, what) HEAD(kind, name) run_unhold(run, what); CALL; TAIL
#define SWAP(kind, name, arg, drop) HEAD(kind, name) run_unhold(run, object(arg)); CALL; run_hold(run, drop, object(ret)); TAIL
ROWS(TAKE_RESULT, TAKE_ARG, TAKE_IF_OK, GIVE, SWAP)

struct row {
	const char *name;
	helper_fn fn;
	u32 id; /* helpers; 0: a kfunc */
};
#define ID_helper(name) BPF_FUNC_##name
#define ID_kfunc(name) 0
#define ENTRY(kind, n, ...) { #n, held_##n, ID_##kind(n) },
static const struct row rows[] = { ROWS(ENTRY, ENTRY, ENTRY, ENTRY, ENTRY) };

helper_fn helper_body_held(u32 id)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].id && rows[i].id == id)
			return rows[i].fn;
	return helper_body(id);
}

helper_fn kfunc_body_held(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].id && !strcmp(rows[i].name, name))
			return kfunc_body(name) ? rows[i].fn : NULL;
	return kfunc_body(name);
}
