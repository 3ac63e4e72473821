/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions on programs' objects: allocation, lists, trees; locks that give up, work items. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "btf/btf.h"
#include "helper/async.h"
#include "helper/graph.h"
#include "helper/handle.h"
#include "helper/kfunc.h"
#include "helper/object.h"
#include "map/map.h"
#include "spec/helper_abi.h"

/* ---- objects; r2 of the first is the layout, which lowering puts there ---- */
BODY(bpf_obj_new_impl) { (void)r1, UNUSED3; return RET_PTR(object_new(PTR(r2))); }
BODY(bpf_percpu_obj_new_impl) { (void)r1, UNUSED3; return RET_PTR(object_new(PTR(r2))); }
BODY(bpf_obj_drop_impl) { UNUSED2; object_put(PTR(r1)); return 0; }
BODY(bpf_percpu_obj_drop_impl) { UNUSED2; object_put(PTR(r1)); return 0; }
BODY(bpf_refcount_acquire_impl) { UNUSED2; return object_ref(PTR(r1)) ? r1 : 0; }

u64 helper_kptr_xchg(void *dst, void *ptr, struct run *run)
{
	(void)run;
	return __atomic_exchange_n((u64 *)dst, RET_PTR(ptr), __ATOMIC_ACQ_REL);
}

u64 helper_per_cpu_ptr(void *percpu_ptr, u64 cpu, struct run *run)
{
	(void)run;
	return RET_PTR(object_lane(percpu_ptr, (u32)cpu));
}

u64 helper_this_cpu_ptr(void *percpu_ptr, struct run *run)
{
	return RET_PTR(object_lane(percpu_ptr, run->cpu));
}

/* ---- lists: what is in one already stays there, and the reference given is dropped ---- */
static u64 push(u64 head, u64 node, bool back)
{
	if (list_add(PTR(head), PTR(node), back))
		return 0;
	object_put(PTR(node));
	return RET_INT_(-EINVAL);
}

BODY(bpf_list_push_front_impl) { UNUSED3; return push(r1, r2, false); }
BODY(bpf_list_push_back_impl) { UNUSED3; return push(r1, r2, true); }
BODY(bpf_list_pop_front) { UNUSED2; return RET_PTR(list_take(PTR(r1), false)); }
BODY(bpf_list_pop_back) { UNUSED2; return RET_PTR(list_take(PTR(r1), true)); }
BODY(bpf_list_front) { UNUSED2; return RET_PTR(list_end(PTR(r1), false)); }
BODY(bpf_list_back) { UNUSED2; return RET_PTR(list_end(PTR(r1), true)); }

/* ---- trees ---- */
struct less { struct run *run; u64 callback; };

static bool is_less(void *cookie, void *a, void *b)
{
	const struct less *l = cookie;

	return run_callback(l->run, l->callback, RET_PTR(a), RET_PTR(b), 0, 0, 0) != 0;
}

BODY(bpf_rbtree_add_impl)
{
	struct less l = { run, r3 };

	(void)r4, (void)r5;
	if (tree_add(PTR(r1), PTR(r2), is_less, &l))
		return 0;
	object_put(PTR(r2));
	return RET_INT_(-EINVAL);
}

BODY(bpf_rbtree_remove) { UNUSED3; return RET_PTR(tree_remove(PTR(r1), PTR(r2))); }
BODY(bpf_rbtree_first) { UNUSED2; return RET_PTR(((struct tree_root *)PTR(r1))->first); }
BODY(bpf_rbtree_root) { UNUSED2; return RET_PTR(((struct tree_root *)PTR(r1))->top); }

static u64 child(u64 root, u64 node, bool left)
{
	const struct tree_node *n = PTR(node);

	return tree_has(PTR(root), n) ? RET_PTR(left ? n->left : n->right) : 0;
}

BODY(bpf_rbtree_left) { UNUSED3; return child(r1, r2, true); }
BODY(bpf_rbtree_right) { UNUSED3; return child(r1, r2, false); }

/* ---- locks that give up: the word is the holder's thread ---- */
#define GIVE_UP_NS 250000000ull

static u64 res_lock(u32 *word)
{
	u32 me = (u32)syscall(SYS_gettid), none = 0;
	u64 start = 0;

	while (!__atomic_compare_exchange_n(word, &none, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (none == me)
			return RET_INT_(-EDEADLK);
		if (!start)
			start = clock_ns(CLOCK_MONOTONIC);
		else if (clock_ns(CLOCK_MONOTONIC) - start > GIVE_UP_NS)
			return RET_INT_(-ETIMEDOUT);
		none = 0;
	}
	return 0;
}

BODY(bpf_res_spin_lock) { UNUSED2; return res_lock(PTR(r1)); }
BODY(bpf_res_spin_unlock) { UNUSED2; __atomic_store_n((u32 *)PTR(r1), 0, __ATOMIC_RELEASE); return 0; }
BODY(bpf_res_spin_lock_irqsave) { UNUSED3; *(u64 *)PTR(r2) = 0; return res_lock(PTR(r1)); }
BODY(bpf_res_spin_unlock_irqrestore) { UNUSED2; __atomic_store_n((u32 *)PTR(r1), 0, __ATOMIC_RELEASE); return 0; }

/* ---- timers ---- */
static u64 init(void *at, enum async_kind kind, struct map *map, s32 off, u32 clock)
{
	if (!obj_has_user(&map->obj))
		return RET_INT_(-EPERM); /* nobody would ever end it */
	return RET_INT_(async_init(at, kind, map, (u8 *)at - off, clock));
}

u64 helper_timer_init(void *timer, struct map *map, u64 flags, struct run *run)
{
	u32 clock = (u32)flags & 15;

	(void)run;
	if (flags >= 16 || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return RET_INT_(-EINVAL);
	return init(timer, ASYNC_TIMER, map, map->record->timer_off, clock);
}

u64 helper_timer_set_callback(void *timer, u64 callback_fn, struct run *run)
{
	return RET_INT_(async_set_callback(timer, callback_fn, run));
}

u64 helper_timer_start(void *timer, u64 nsecs, u64 flags, struct run *run)
{
	const u64 absolute = 1, pinned = 2;

	(void)run;
	return flags & ~(absolute | pinned) ? RET_INT_(-EINVAL) : RET_INT_(async_start(timer, nsecs, flags & absolute));
}

u64 helper_timer_cancel(void *timer, struct run *run)
{
	(void)run;
	return RET_INT_(async_cancel(timer));
}

/* ---- work items ---- */
BODY(bpf_wq_init)
{
	struct map *map = PTR(r2);

	UNUSED4;
	return (u32)r3 ? RET_INT_(-EINVAL) : init(PTR(r1), ASYNC_WORK, map, map->record->wq_off, CLOCK_MONOTONIC);
}

BODY(bpf_wq_set_callback_impl)
{
	(void)r4, (void)r5;
	return (u32)r3 ? RET_INT_(-EINVAL) : RET_INT_(async_set_callback(PTR(r1), r2, run));
}

BODY(bpf_wq_start)
{
	UNUSED3;
	return (u32)r2 ? RET_INT_(-EINVAL) : RET_INT_(async_start(PTR(r1), 0, false));
}

/* ---- work for tasks: soon, whether it interrupts the task's sleep or not ---- */
static u64 task_work(u64 task, u64 work, struct map *map, u64 callback, struct run *run)
{
	if (!obj_has_user(&map->obj))
		return RET_INT_(-EPERM);
	return RET_INT_(async_task_work(PTR(work), map, (u8 *)PTR(work) - map->record->task_work_off, handle_id(task), callback, run));
}

BODY(bpf_task_work_schedule_signal_impl) { (void)r5; return task_work(r1, r2, PTR(r3), r4, run); }
BODY(bpf_task_work_schedule_resume_impl) { (void)r5; return task_work(r1, r2, PTR(r3), r4, run); }
