/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of tracing programs: call stacks, counters, the traced function's arguments.
 *
 * There is no kernel stack: asking for it fails as it does in Linux when a stack cannot be walked. A user stack is walked by frame
 * pointers, from where the event says or else from here.
 */
#include <errno.h>

#include "helper/current.h"
#include "helper/handle.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "map/map.h"
#include "spec/helper_abi.h"

#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FRAMES 127u
#define SKIP(flags) ((u32)(flags) & BPF_F_SKIP_FIELD_MASK)

/* Addresses of the stack, innermost first, without the first `skip`. */
static u32 walk(const struct run *run, u64 *ip, u32 room, u32 skip)
{
	u64 fp = run->env->user_fp, frame[2];
	u32 n = 0, seen = 0;

	if (run->env->user_stack) { /* the event brought it */
		for (seen = skip; seen < run->env->user_nstack && n < room; seen++)
			ip[n++] = run->env->user_stack[seen];
		return n;
	}
	if (run->env->user_ip) {
		if (!skip && room)
			ip[n++] = run->env->user_ip;
		seen = 1;
		if (run->env->user_ra) {
			if (skip <= 1 && n < room)
				ip[n++] = run->env->user_ra;
			seen = 2;
		}
	} else {
		fp = (u64)(uintptr_t)__builtin_frame_address(0);
	}
	for (; seen < MAX_FRAMES && n < room; seen++) {
		if (fp & 7 || current_read(run, frame, sizeof(frame), fp) || !frame[1])
			break;
		if (seen >= skip)
			ip[n++] = frame[1];
		if (frame[0] <= fp)
			break; /* frames of callers lie above */
		fp = frame[0];
	}
	return n;
}

u64 helper_get_stackid(void *ctx, struct map *map, u64 flags, struct run *run)
{
	u64 ip[MAX_FRAMES];
	u32 n;

	(void)ctx;
	if (flags & ~(u64)(BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID))
		return RET_INT_(-EINVAL);
	if (!(flags & BPF_F_USER_STACK))
		return RET_INT_(-EFAULT);
	n = walk(run, ip, MAX_FRAMES, SKIP(flags));
	return n ? RET_INT_(map_stack_id(map, ip, n, flags)) : RET_INT_(-EFAULT);
}

/* With build ids asked for, each frame says that it has none, and its address. */
static u64 stack_out(void *buf, u64 size, u64 flags, const struct run *run)
{
	const bool build_id = flags & BPF_F_USER_BUILD_ID;
	u32 each = build_id ? sizeof(struct bpf_stack_build_id) : 8, n;
	u64 ip[MAX_FRAMES];

	n = walk(run, ip, (u32)MIN(size / each, (u64)MAX_FRAMES), SKIP(flags));
	memset(buf, 0, size);
	if (!build_id) {
		memcpy(buf, ip, n * 8);
		return n * 8;
	}
	for (u32 i = 0; i < n; i++)
		((struct bpf_stack_build_id *)buf)[i] =
			(struct bpf_stack_build_id){ .status = BPF_STACK_BUILD_ID_IP, .ip = ip[i] };
	return n * each;
}

static u64 get_stack(void *buf, u64 size, u64 flags, bool other_task, struct run *run)
{
	u32 each = flags & BPF_F_USER_BUILD_ID ? sizeof(struct bpf_stack_build_id) : 8;
	bool user = flags & BPF_F_USER_STACK;
	int err = 0;

	if (flags & ~(u64)(BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_USER_BUILD_ID) ||
	    (!user && (flags & BPF_F_USER_BUILD_ID)) || (u32)size % each)
		err = -EINVAL;
	else if (user && other_task)
		err = -EOPNOTSUPP;
	else if (!user)
		err = -EFAULT;
	if (!err)
		return stack_out(buf, (u32)size, flags, run);
	memset(buf, 0, (u32)size);
	return RET_INT_(err);
}

u64 helper_get_stack(void *ctx, void *buf, u64 size, u64 flags, struct run *run)
{
	(void)ctx;
	return get_stack(buf, size, flags, false, run);
}

u64 helper_get_task_stack(void *task, void *buf, u64 size, u64 flags, struct run *run)
{
	return get_stack(buf, size, flags, handle_id((u64)(uintptr_t)task) != current_tid(run), run);
}

/* ---- counters ---- */
u64 helper_perf_event_read(struct map *map, u64 flags, struct run *run)
{
	u64 value = 0, enabled, running;
	int err = flags & ~(u64)BPF_F_INDEX_MASK ? -EINVAL : map_perf_read(map, flags, &value, &enabled, &running, run->cpu);

	return err ? RET_INT_(err) : value;
}

u64 helper_perf_event_read_value(struct map *map, u64 flags, void *buf, u64 buf_size, struct run *run)
{
	struct bpf_perf_event_value v = { 0, 0, 0 };
	u64 counter = 0, enabled = 0, running = 0;
	int err = -EINVAL;

	if (buf_size == sizeof(v) && !(flags & ~(u64)BPF_F_INDEX_MASK))
		err = map_perf_read(map, flags, &counter, &enabled, &running, run->cpu);
	memset(buf, 0, buf_size);
	if (err)
		return RET_INT_(err);
	v = (struct bpf_perf_event_value){ counter, enabled, running };
	memcpy(buf, &v, sizeof(v));
	return 0;
}

u64 helper_perf_prog_read_value(void *ctx, void *buf, u64 buf_size, struct run *run)
{
	struct perf_sink *event = run->env->event;
	u64 counter = 0, enabled = 0, running = 0;
	int err = -EINVAL;

	(void)ctx;
	if (buf_size == sizeof(struct bpf_perf_event_value) && event && event->ops->read)
		err = event->ops->read(event, &counter, &enabled, &running);
	memset(buf, 0, buf_size);
	if (!err)
		memcpy(buf, &(struct bpf_perf_event_value){ counter, enabled, running }, sizeof(struct bpf_perf_event_value));
	return RET_INT_(err);
}

/* Branch records: as on a processor that keeps none. */
u64 helper_get_branch_snapshot(void *entries, u64 size, struct run *run)
{
	(void)run;
	memset(entries, 0, (u32)size);
	return RET_INT_(-ENOENT);
}

u64 helper_read_branch_records(void *ctx, void *buf, u64 size, u64 flags, struct run *run)
{
	(void)ctx, (void)run, (void)buf, (void)size;
	return RET_INT_(flags & ~(u64)BPF_F_GET_BRANCH_RECORDS_SIZE ? -EINVAL : -ENOENT);
}

/* ---- the traced function: the context is the array of its arguments, behind which its result lies ---- */
u64 helper_get_func_arg(void *ctx, u64 n, void *value, struct run *run)
{
	if ((u32)n >= run->env->func_args)
		return RET_INT_(-EINVAL);
	memcpy(value, (u64 *)ctx + (u32)n, 8);
	return 0;
}

u64 helper_get_func_ret(void *ctx, void *value, struct run *run)
{
	if (!run->env->func_returned)
		return RET_INT_(-EOPNOTSUPP);
	memcpy(value, (u64 *)ctx + run->env->func_args, 8);
	return 0;
}

u64 helper_get_func_arg_cnt(void *ctx, struct run *run)
{
	(void)ctx;
	return run->env->func_args;
}
