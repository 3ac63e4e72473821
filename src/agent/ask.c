/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the supervisor: for objects that maps hold, for what stands for kernel memory, for helpers that only it can run.
 *
 * A request is a slot in the control page that the asking thread owns until it sets it free again; the supervisor writes to it only
 * between taking it up (SERVED) and giving it back (DONE). Invariant: a thread waits only while the supervisor lives, and is marked
 * as waiting meanwhile: the supervisor may then change whatever it is to look at next.
 */
#include "agent/priv.h"

#include <errno.h>
#include <linux/futex.h>

#include "helper/ret.h"
#include "map/os.h"
#include "spec/helper_abi.h"

#define LOOK_NS 20000000 /* how often a waiting thread asks whether the supervisor is still there */
#define LOOKS   250u     /* until it takes back what nobody has taken up */

/* True: it was answered. */
static bool wait_for(struct agent_ctl *c, struct agent_req *q)
{
	struct os_time moment = { 0, LOOK_NS };
	u32 state, ready = AGENT_REQ_READY;

	for (u32 n = 0;; n++) {
		state = __atomic_load_n(&q->state, __ATOMIC_ACQUIRE);
		if (state == AGENT_REQ_DONE)
			return true;
		if (n >= LOOKS && state == AGENT_REQ_READY &&
		    __atomic_compare_exchange_n(&q->state, &ready, AGENT_REQ_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return false;
		syscall6(__NR_futex, (long)&q->state, FUTEX_WAIT, state, (long)&moment, 0, 0);
		if (!c->server || os_call4(__NR_kill, (long)c->server, 0, 0, 0) == -ESRCH)
			return __atomic_load_n(&q->state, __ATOMIC_ACQUIRE) == AGENT_REQ_DONE;
	}
}

struct agent_req *agent_ask_new(u32 kind)
{
	struct agent_ctl *c = agent_head.ctl;

	for (u32 i = 0; c->server && !agent_sealed && i < AGENT_REQS; i++) {
		struct agent_req *q = &c->req[i];
		u32 none = AGENT_REQ_FREE;

		if (__atomic_compare_exchange_n(&q->state, &none, AGENT_REQ_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			q->kind = kind;
			q->ret = 0;
			q->err = 0;
			q->size = 0;
			return q;
		}
	}
	return NULL;
}

bool agent_ask(struct agent_thread *t, struct agent_req *q)
{
	bool done;

	q->pid = (u32)os_call4(__NR_getpid, 0, 0, 0, 0);
	q->tid = (u32)os_call4(__NR_gettid, 0, 0, 0, 0);
	q->memory = agent_pid();
	t->waiting = 1;
	__atomic_store_n(&q->state, AGENT_REQ_READY, __ATOMIC_RELEASE);
	map_bell_ring(&agent_head.ctl->bell);
	done = wait_for(agent_head.ctl, q);
	t->waiting = 0;
	return done;
}

void agent_ask_end(struct agent_req *q) { __atomic_store_n(&q->state, AGENT_REQ_FREE, __ATOMIC_RELEASE); }

void agent_tell(struct agent_thread *t, u32 kind, u64 a, u64 b)
{
	struct agent_req *q = agent_ask_new(kind);

	if (!q)
		return;
	q->arg[0] = a;
	q->arg[1] = b;
	agent_ask(t, q);
	agent_ask_end(q);
}

static void tell_here(u32 kind, u64 a, u64 b)
{
	struct agent_thread *t = agent_current();

	if (t)
		agent_tell(t, kind, a, b);
}

/* ---- perf events: their rings are mapped when a program first writes to one ---- */
static int sink_output(struct perf_sink *s, const void *a, u32 na, const void *b, u32 nb, u32 cpu)
{
	struct agent_sink *k = (struct agent_sink *)(void *)s;
	int err;

	if (k->cpu >= 0 && (u32)k->cpu != cpu)
		return -EOPNOTSUPP; /* the event of another CPU */
	err = map_perf_ring_write(k->page, k->size, a, na, b, nb, k->overwrite);
	if (!__atomic_exchange_n(&map_perf_share(k->page)->rung, 1, __ATOMIC_SEQ_CST))
		map_bell_ring(&agent_head.ctl->bell);
	return err == -ENOSPC ? 0 : err;
}

static const struct perf_sink_ops sink_ops = { .output = sink_output };

struct perf_sink *agent_find_sink(struct map *m, u32 i)
{
	u32 mark = map_perf_mark(m, i);
	struct agent_sink *k = (struct agent_sink *)(void *)__atomic_load_n(&m->sinks[i], __ATOMIC_ACQUIRE);

	if (!mark)
		return NULL;
	if (!k || k->mark != mark) {
		tell_here(AGENT_REQ_SINK, m->obj.id, i);
		k = (struct agent_sink *)(void *)__atomic_load_n(&m->sinks[i], __ATOMIC_ACQUIRE);
	}
	if (!k || k->mark != mark)
		return NULL;
	k->sink.ops = &sink_ops;
	return &k->sink;
}

/* ---- maps and programs in maps: known by number, put here when first asked for ---- */
struct obj *agent_find_obj(struct map *m, u32 slot, u32 id)
{
	struct obj *o;

	tell_here(AGENT_REQ_OBJECT, m->obj.id, slot);
	o = __atomic_load_n(&m->objs[slot], __ATOMIC_ACQUIRE);
	return o && o->id == id ? o : NULL;
}

static inline const struct image *image_here(struct map *m, u32 slot, u32 id)
{
	const struct image *img = __atomic_load_n(&m->images[slot], __ATOMIC_ACQUIRE);

	return img && (u64)(uintptr_t)img->prog == id ? img : NULL;
}

const struct image *agent_find_image(struct map *m, u32 slot, u32 id)
{
	const struct image *img = image_here(m, slot, id);

	if (likely(img != NULL))
		return img;
	tell_here(AGENT_REQ_OBJECT, m->obj.id, slot);
	return image_here(m, slot, id);
}

/* ---- kernel memory ---- */
int agent_read_kernel(void *dst, u64 addr, u32 size)
{
	struct agent_thread *t = agent_current();
	struct agent_req *q;
	int err = -EFAULT;

	if (!t || size > AGENT_REQ_DATA || !(q = agent_ask_new(AGENT_REQ_READ)))
		return -EFAULT;
	q->arg[0] = addr;
	q->size = size;
	if (agent_ask(t, q) && !q->err) {
		memcpy(dst, q->data, size);
		err = 0;
	}
	agent_ask_end(q);
	return err;
}

/* ---- helpers that are run elsewhere ---- */
#define P(x) ((u64)(uintptr_t)(x))

/* `bytes`: copied along where an argument is data; may be NULL. */
static u64 remote(u32 which, struct run *run, const u64 arg[5], const void *bytes, u32 size, u64 failed)
{
	struct agent_thread *t = agent_current();
	struct agent_req *q = t && size <= AGENT_REQ_DATA ? agent_ask_new(AGENT_REQ_CALL) : NULL;
	u64 ret = failed;

	if (!q)
		return failed;
	q->arg[0] = which;
	q->arg[1] = P(run->image);
	memcpy(q->arg + 2, arg, 5 * sizeof(u64));
	q->size = size;
	if (size)
		memcpy(q->data, bytes, size);
	if (agent_ask(t, q))
		ret = q->err ? failed : q->ret;
	agent_ask_end(q);
	return ret;
}

#define REMOTE(name, failed, ...) remote(AGENT_REMOTE_##name, run, (const u64[5]){ __VA_ARGS__ }, NULL, 0, failed)
#define NOT_HERE ((u64)(s64)-EOPNOTSUPP)

u64 helper_get_current_cgroup_id(struct run *run) { return REMOTE(get_current_cgroup_id, 0, 0); }
u64 helper_get_current_ancestor_cgroup_id(u64 level, struct run *run)
{
	return REMOTE(get_current_ancestor_cgroup_id, 0, level);
}
u64 helper_current_task_under_cgroup(struct map *map, u64 index, struct run *run)
{
	return REMOTE(current_task_under_cgroup, NOT_HERE, P(map), index);
}
u64 helper_task_storage_get(struct map *map, void *task, const void *value, u64 flags, struct run *run)
{
	u32 size = value ? map->desc.value_size : 0;

	return remote(AGENT_REMOTE_task_storage_get, run, (const u64[5]){ P(map), P(task), value != NULL, flags }, value, size,
		      0);
}
u64 helper_task_storage_delete(struct map *map, void *task, struct run *run)
{
	return REMOTE(task_storage_delete, NOT_HERE, P(map), P(task));
}

/* ---- text ---- */
void agent_printk(struct run_env *env, const char *text, u32 len)
{
	struct agent_text *e;

	(void)env;
	len = MIN(len, AGENT_TEXT_MAX);
	e = agent_head.printk ? map_ring_reserve(agent_head.printk, sizeof(*e) + len, 0) : NULL;
	if (!e)
		return;
	e->tgid = agent_tgid();
	e->tid = agent_tid();
	memset(e->comm, 0, sizeof(e->comm));
	os_call4(__NR_prctl, 16 /* PR_GET_NAME */, (long)e->comm, 0, 0);
	memcpy(e->text, text, len);
	map_ring_submit(e, 0);
}
