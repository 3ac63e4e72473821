/* SPDX-License-Identifier: BSD-2-Clause */
/* Firing attached programs, and perf events, for an application that embeds skep: see skep.h. */
#include <errno.h>
#include <stdio.h>

#include "hook/link.h"
#include "hook/perf.h"
#include "skep/skep.h"
#include "sys/embed.h"
#include "sys/sys.h"

#define MAX_ARGS 12

int skep_perf_event_open_in(struct skep *s, struct perf_event_attr *attr, int pid, int cpu, int group_fd, unsigned long flags)
{
	struct caller who = sys_self(s);
	struct str reason = { 0 };
	int ret = sys_perf_event_open(s, &who, (u64)(uintptr_t)attr, pid, cpu, group_fd, flags, &reason);

	sys_said(s, "perf_event_open(2)", ret, &reason);
	str_free(&reason);
	return ret;
}

int skep_perf_ioctl_in(struct skep *s, int fd, unsigned request, unsigned long arg)
{
	struct caller who = sys_self(s);
	struct str reason = { 0 };
	int ret = sys_perf_ioctl(s, &who, fd, request, arg, &reason);

	if (ret != -ENOTTY)
		sys_said(s, "perf ioctl", ret, &reason);
	str_free(&reason);
	return ret;
}

int skep_wake_fd(struct skep *s, int fd)
{
	struct obj *o;
	int ret = obj_by_fd(&s->tab, fd, OBJ_NONE, &o, NULL);

	if (ret)
		return ret;
	if (o->kind == OBJ_PERF)
		ret = perf_event_wake_fd(perf_of(o));
	else if (o->kind == OBJ_MAP && map_of(o)->desc.type == BPF_MAP_TYPE_RINGBUF)
		ret = map_ring_event_fd(map_of(o));
	else
		ret = -EINVAL;
	obj_put(o);
	return ret;
}

int skep_tracepoint(struct skep *s, const char *name)
{
	return hook_declare(s->hooks, name, 0);
}

/* The lookup and the event are one read section, so the point stays. */
static s64 fire_at(struct skep *s, const struct hook_place *at, struct hook_event *ev, s64 nothing)
{
	struct hook_point *pt;
	s64 ret = nothing;
	u32 token;

	if (!hook_any(s->hooks, at->kind))
		return nothing;
	token = hook_enter(s->hooks);
	pt = hook_point_find(s->hooks, at);
	if (pt)
		ret = hook_fire(s->hooks, pt, ev);
	hook_leave(s->hooks, token);
	return ret;
}

/* Programs may read all the arguments their type has. */
static void take_args(u64 room[MAX_ARGS], const uint64_t *args, unsigned nargs)
{
	memset(room, 0, MAX_ARGS * sizeof(*room));
	memcpy(room, args, MIN(nargs, (unsigned)MAX_ARGS) * sizeof(*room));
}

void skep_fire_tracepoint(struct skep *s, const char *name, const uint64_t *args, unsigned nargs)
{
	sys_fire_tracepoint(s, name, args, nargs);
}

void sys_fire_tracepoint(struct skep *s, const char *name, const u64 *args, u32 nargs)
{
	u64 room[MAX_ARGS];
	struct hook_event ev = { .args = room, .nargs = MIN(nargs, (unsigned)MAX_ARGS), .cpu = U32_MAX };
	struct hook_place at;

	if (raw_tp_place(s->hooks, name, &at, NULL))
		return;
	if (!hook_any(s->hooks, (enum hook_kind)at.kind))
		return;
	take_args(room, args, nargs);
	fire_at(s, &at, &ev, 0);
}

int64_t skep_fire_packet(struct skep *s, uint32_t ifindex, uint32_t attach_type, struct skep_packet *pkt)
{
	struct hook_place at = { .kind = HOOK_NETDEV, .sub = attach_type, .number = ifindex };
	bool is_xdp = attach_type == BPF_XDP;
	struct hook_event ev = { .cpu = U32_MAX };
	struct embed_packet e;
	s64 ret;

	if (!hook_any(s->hooks, HOOK_NETDEV))
		return is_xdp ? XDP_PASS : -1;
	embed_packet_begin(&e, pkt, ifindex, is_xdp);
	ev.ctx = &e.ctx;
	ev.pkt = &e.run;
	ret = fire_at(s, &at, &ev, is_xdp ? XDP_PASS : -1);
	embed_packet_end(&e, pkt);
	return ret;
}

int64_t skep_fire_cgroup(struct skep *s, const char *cgroup, uint32_t attach_type, void *ctx)
{
	u8 none[256] = { 0 }; /* programs may write to it */
	struct hook_event ev = { .ctx = ctx ? ctx : none, .cpu = U32_MAX };

	return hook_fire_cgroup(s->hooks, cgroup, attach_type, NULL, &ev);
}

int64_t skep_fire_lsm(struct skep *s, const char *hook, const uint64_t *args, unsigned nargs)
{
	struct hook_place at = { .kind = HOOK_LSM };
	u64 room[MAX_ARGS];
	struct hook_event ev = { .args = room, .nargs = MIN(nargs, (unsigned)MAX_ARGS), .cpu = U32_MAX };

	if (!hook_any(s->hooks, HOOK_LSM))
		return 0;
	snprintf(at.name, sizeof(at.name), "%s", hook);
	take_args(room, args, nargs);
	return fire_at(s, &at, &ev, 0);
}
