/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs in processes ask of the supervisor while they run: rings of perf events, maps and programs in maps, what stands for
 * kernel memory, helpers of agent/remote.def; and the text that they print.
 *
 * Invariant: addresses that come from a process are looked up in what was put there (values of maps, views, images), never followed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "box/trace_priv.h"
#include "helper/helper.h"
#include "helper/kernel_object.h"
#include "helper/run_env.h"
#include "hook/hook.h"
#include "hook/perf.h"
#include "hook/task.h"

/* ---- changes of what is in the process, while a thread of it waits ---- */
/* A parent that waits for its vfork child cannot be stopped, nor run: the child acts. */
static int begin(struct tracer *t, struct proc *p, const struct agent_req *q, struct stop *s)
{
	int err = stop_begin(s, (pid_t)q->pid, NULL);

	if (err)
		return err;
	/* what it is made to do may be the first that its box sees of it (tracer_add) */
	__atomic_store_n(&t->working, (pid_t)q->pid, __ATOMIC_RELEASE);
	proc_guard(p, &t->blob, s);
	return 0;
}

static void end(struct tracer *t, struct proc *p, struct stop *s)
{
	p->gen++;
	stop_write(s, p->base + t->blob.exp->head + offsetof(struct agent_head, gen), &p->gen, 4);
	__atomic_store_n(&t->working, 0, __ATOMIC_RELEASE);
	stop_end(s);
}

/* ---- perf events ---- */
/* A program in the process writes to a slot whose event it does not know. */
static void give_sink(struct tracer *t, struct proc *p, const struct agent_req *q)
{
	u32 id = (u32)q->arg[0], slot = (u32)q->arg[1];
	const struct proc_map *pm = proc_map_by_id(p, id);
	struct map *m = pm ? pm->map : NULL;
	struct perf_sink *sink =
		m && slot < m->desc.max_entries && m->sinks ? __atomic_load_n(&m->sinks[slot], __ATOMIC_ACQUIRE) : NULL;
	struct perf_event *e = sink ? container_of(sink, struct perf_event, sink) : NULL;
	struct proc_sink k;
	struct stop s;

	if (!e || e->kind != PERF_RING)
		return;
	perf_event_find_ring(e, e->opener);
	if (!__atomic_load_n(&e->page, __ATOMIC_ACQUIRE))
		return; /* nobody reads it yet */
	k = (struct proc_sink){ .fd = e->obj.memfd, .size = e->data_size, .mark = map_perf_mark(m, slot), .cpu = e->cpu,
				.overwrite = e->attr.write_backward };
	if (begin(t, p, q, &s))
		return;
	if (!proc_add_sink(p, &t->blob, &s, id, slot, &k))
		keep_add(&t->events, &e->obj);
	end(t, p, &s);
}

/* ---- maps and programs in maps ---- */
static void give_obj(struct tracer *t, struct proc *p, const struct agent_req *q)
{
	u32 id = (u32)q->arg[0], slot = (u32)q->arg[1];
	const struct proc_map *m = proc_map_by_id(p, id);
	struct stop s;

	if (!m || slot >= m->ntable || begin(t, p, q, &s))
		return;
	proc_add_obj(p, &t->blob, &s, m, slot, NULL);
	proc_rings(t, p);
	end(t, p, &s);
}

void proc_rings(struct tracer *t, struct proc *p)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i].map->desc.type == BPF_MAP_TYPE_RINGBUF && p->maps[i].map != t->blob.printk)
			tracer_ring(t, p->maps[i].map);
}

/* ---- helpers ---- */
static const struct remote { u32 helper; char ret; const char *args; } remotes[AGENT_REMOTES] = {
#define R(n, r, a) [AGENT_REMOTE_##n] = { .helper = BPF_FUNC_##n, .ret = (r), .args = (a) },
#include "agent/remote.def"
};

static struct map *map_at(const struct proc *p, u64 view)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i].at == view)
			return p->maps[i].map;
	return NULL;
}

/* Between a map's file there and here; 0: it is in none. */
static u64 value_here(const struct proc *p, u64 at)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (at - p->maps[i].file < p->maps[i].size)
			return (u64)(uintptr_t)p->maps[i].map->base + (at - p->maps[i].file);
	return 0;
}

static u64 value_there(const struct proc *p, u64 at)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (at - (u64)(uintptr_t)p->maps[i].map->base < p->maps[i].size)
			return p->maps[i].file + (at - (u64)(uintptr_t)p->maps[i].map->base);
	return 0;
}

/* The program whose image runs there, referenced. */
static struct prog *prog_at(const struct tracer *t, const struct proc *p, u64 image)
{
	struct obj *o;

	for (u32 i = 0; i < p->nprogs; i++)
		if (p->progs[i].image == image && !obj_by_id(hooks_objects(t->hooks), p->progs[i].id, OBJ_PROG, &o))
			return prog_of(o);
	return NULL;
}

/* The arguments as they are here: 0 or -EFAULT. */
static int translate(const struct proc *p, const struct remote *r, const struct agent_req *q, const u8 *data, u64 arg[5])
{
	struct map *m = NULL;

	for (u32 i = 0; r->args[i]; i++) {
		u64 a = q->arg[2 + i];

		switch (r->args[i]) {
		case 'v':
			arg[i] = value_here(p, a);
			break;
		case 'm':
			m = map_at(p, a);
			arg[i] = (u64)(uintptr_t)m;
			break;
		case 'd':
			arg[i] = a ? (u64)(uintptr_t)data : 0;
			if (a && (!m || q->size < m->desc.value_size))
				return -EFAULT;
			continue;
		default:
			arg[i] = a;
			continue;
		}
		if (!arg[i])
			return -EFAULT;
	}
	return 0;
}

static void call_here(struct tracer *t, struct proc *p, struct agent_req *q)
{
	const struct remote *r = q->arg[0] < AGENT_REMOTES ? &remotes[q->arg[0]] : NULL;
	helper_fn fn = r ? helper_body(r->helper) : NULL;
	struct run_task task = { .tid = q->tid, .tgid = q->pid, .mem_fd = -1 };
	struct run_env env = { .task = &task };
	struct prog *prog = fn ? prog_at(t, p, q->arg[1]) : NULL;
	u8 data[AGENT_REQ_DATA];
	struct run *run = prog ? malloc(sizeof(*run)) : NULL;
	u64 arg[5] = { 0 };

	q->err = -EFAULT;
	if (run) {
		memcpy(data, q->data, sizeof(data)); /* the process may change its own */
		run_init(run, &prog->image, &env);
		run->prog_type = prog->type;
		q->err = translate(p, r, q, data, arg);
		if (!q->err)
			q->ret = fn(arg[0], arg[1], arg[2], arg[3], arg[4], run);
		if (r->ret == 'v')
			q->ret = q->err ? 0 : value_there(p, q->ret);
	}
	free(run);
	prog_put(prog);
}

/* ---- all of them ---- */
bool tracer_give(struct tracer *t, struct proc *p, struct agent_req *q)
{
	switch (q->kind) {
	case AGENT_REQ_SINK:
		give_sink(t, p, q);
		return true;
	case AGENT_REQ_OBJECT:
		give_obj(t, p, q);
		return true;
	case AGENT_REQ_READ:
		q->err = q->size <= AGENT_REQ_DATA ? kernel_object_read(q->data, q->arg[0], q->size) : -EFAULT;
		return true;
	case AGENT_REQ_CALL:
		call_here(t, p, q);
		return true;
	default:
		return false;
	}
}

/* ---- text ---- */
static int one_text(void *ctx, void *data, u32 size)
{
	const struct agent_text *e = data;
	struct run_task task = { .mem_fd = -1 };
	struct run_env env = { .task = &task };

	if (size < sizeof(*e))
		return 0;
	task.tid = e->tid;
	task.tgid = e->tgid;
	memcpy(task.comm, e->comm, sizeof(task.comm));
	task.comm[sizeof(task.comm) - 1] = 0;
	hook_printk_to(ctx, &env);
	if (env.printk)
		env.printk(&env, e->text, size - (u32)sizeof(*e));
	return 0;
}

void tracer_texts(struct tracer *t)
{
	if (t->hooks && t->blob.printk)
		map_ring_consume(t->blob.printk, one_text, t->hooks);
}
