/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a point's programs in this process: what each gets to see, and how their results combine.
 *
 * Invariant: programs run in the order of the list that was current when the event began; a change during the event does not show.
 */
#include "hook/hook.h"
#include "hook/task.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grace.h"

#define TCX_NEXT (-1)
#define TC_ACT_MAX 7 /* TC_ACT_REDIRECT: the last that a program may answer with */

/* The event so far, over all programs. */
struct verdict {
	s64 ret;
	u32 flags;       /* results beyond "allowed" (congestion, privileged port), combined */
	bool done;       /* nobody else is asked */
	bool any;
};

/* bpf_perf_event_data as programs see it. */
struct perf_data {
	u64 regs[21];    /* struct pt_regs, x86-64 */
	u64 period, addr;
};

static void *context_of(u32 prog_type, const struct hook_event *ev, struct perf_data *pd)
{
	switch (prog_type) {
	case BPF_PROG_TYPE_KPROBE:
		return ev->regs;
	case BPF_PROG_TYPE_PERF_EVENT:
		if (!ev->regs)
			return NULL;
		memcpy(pd->regs, ev->regs, sizeof(pd->regs));
		pd->period = ev->period;
		pd->addr = ev->addr;
		return pd;
	case BPF_PROG_TYPE_TRACEPOINT:
		return ev->record;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
		return (void *)(uintptr_t)ev->args;
	default:
		return ev->ctx;
	}
}

static bool is_flagged(u32 attach)
{
	return attach == BPF_CGROUP_INET4_BIND || attach == BPF_CGROUP_INET6_BIND || attach == BPF_CGROUP_INET_EGRESS;
}

/* Programs of a cgroup: 0 forbids, whatever others say; they see each other's verdict as bpf_get_retval(). */
static void combine_cgroup(const struct hook_place *at, struct verdict *v, u64 r0, const struct run *run)
{
	u32 ret = (u32)r0;

	v->ret = (s32)run->retval;
	if (is_flagged(at->sub)) {
		v->flags |= ret >> 1;
		ret &= 1;
	}
	if (!ret && v->ret >= 0)
		v->ret = -EPERM;
}

static void combine_netdev(const struct hook_place *at, struct verdict *v, u64 r0)
{
	s32 ret = (s32)r0;

	v->ret = at->sub == BPF_XDP || ret <= TC_ACT_MAX ? ret : TCX_NEXT;
	v->done = v->ret != TCX_NEXT;
}

/* sk_lookup: a program that picks a socket wins over one that drops. */
static void combine_netns(struct verdict *v, u64 r0)
{
	if ((s32)r0 == SK_DROP)
		v->ret = SK_DROP;
	else if (!v->any)
		v->ret = SK_PASS;
}

static void combine(const struct hook_place *at, struct verdict *v, u64 r0, const struct run *run)
{
	switch (at->kind) {
	case HOOK_CGROUP:
		combine_cgroup(at, v, r0, run);
		break;
	case HOOK_LSM:
		v->ret = (s32)r0;
		v->done = v->ret != 0;
		break;
	case HOOK_NETDEV:
		combine_netdev(at, v, r0);
		break;
	case HOOK_NETNS:
		combine_netns(v, r0);
		break;
	case HOOK_NETFILTER:
		v->ret = (s32)r0;
		v->done = v->ret != 1; /* NF_ACCEPT */
		break;
	case HOOK_SOCKMAP:
	case HOOK_UPROBE: /* sessions */
		v->ret = (s32)r0;
		break;
	default:
		break;
	}
	v->any = true;
}

static void count(struct hooks *h, struct prog *p, u64 start)
{
	__atomic_fetch_add(&p->stats.runs, 1, __ATOMIC_RELAXED);
	if (!start || !hook_counts(h))
		return;
	__atomic_fetch_add(&p->stats.counted, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&p->stats.time_ns, clock_ns(CLOCK_MONOTONIC) - start, __ATOMIC_RELAXED);
}

static u32 lane(const struct hook_event *ev)
{
	int cpu = ev->cpu == U32_MAX ? sched_getcpu() : (int)ev->cpu;

	return cpu < 0 || (u32)cpu >= map_possible_cpus() ? 0 : (u32)cpu;
}

static void run_one(struct hooks *h, const struct hook_place *at, struct prog *p, const struct hook_ref *ref,
		    struct hook_event *ev, struct run_env *env, struct verdict *v)
{
	struct perf_data pd;
	void *ctx = context_of(p->runs_as, ev, &pd);
	struct run run;
	u64 start, r0;

	if (!ctx || *p->unrunnable)
		return;
	start = hook_counts(h) ? clock_ns(CLOCK_MONOTONIC) : 0;
	run_init(&run, &p->image, env);
	run.prog_type = p->runs_as;
	run.cookie = ref->cookie;
	run.cpu = lane(ev);
	run.retval = (u64)(s64)(v->any ? v->ret : ev->retval);
	grace_enter();
	r0 = run_image(&run, ctx);
	grace_leave();
	count(h, p, start);
	combine(at, v, r0, &run);
}

static bool wanted(const struct hook_ref *ref, const struct hook_event *ev)
{
	if (ref->pid < 0)
		return true;
	return ref->pid == (s32)(ev->task ? ev->task->tgid : (u32)getpid());
}

/* The verdict when no program has one: the last may be going while the event comes. */
static s64 unasked(const struct hook_place *at, const struct hook_event *ev)
{
	if (at->kind != HOOK_NETDEV)
		return ev->retval;
	return at->sub == BPF_XDP ? XDP_PASS : TCX_NEXT;
}

s64 hook_fire(struct hooks *h, struct hook_point *pt, struct hook_event *ev)
{
	const struct hook_place *at = hook_point_place(pt);
	struct run_env env = { .task = ev->task,
			       .sk = ev->sk,
			       .kernel_btf = hook_btf(h),
			       .kernel_read = task_kernel_read,
			       .pkt = ev->pkt,
			       .user_ip = ev->user_ip,
			       .user_fp = ev->user_fp,
			       .user_stack = ev->stack,
			       .user_nstack = ev->nstack,
			       .func_ip = at->kind <= HOOK_URETPROBE ? ev->user_ip : 0,
			       .func_args = ev->nargs,
			       .printk = ev->printk,
			       .printk_cookie = ev->printk_cookie };
	struct verdict v = { .ret = unasked(at, ev) };
	u32 token;
	const struct hook_list *l;

	if (at->kind == HOOK_CGROUP) {
		env.cgroup_id = at->number;
		env.attach_type = at->sub;
	}
	if (!env.printk)
		hook_printk_to(h, &env);
	token = hook_enter(h);
	l = hook_point_list(pt);
	for (u32 i = 0; l && i < l->n && !v.done; i++)
		if (wanted(&l->ref[i], ev))
			run_one(h, at, hook_point_prog(pt, l, i), &l->ref[i], ev, &env, &v);
	hook_leave(h, token);
	ev->retval = (s32)v.ret;
	ev->flags_out = v.flags;
	return v.any || at->kind == HOOK_NETDEV ? v.ret : 0;
}
