/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2) and execve(2) of clients. One front door: sys_bpf() decides what a command means, here it is only carried. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "box/decide.h"
#include "box/ours.h"
#include "box/priv.h"
#include "box/src.h"

/*
 * Commands on one element. They begin with a descriptor, which only a process that lives can have: a client who is believed to be who it
 * is (n->believed) has shown it when one was found.
 */
static bool is_elem(u32 cmd)
{
	return cmd == BPF_MAP_LOOKUP_ELEM || cmd == BPF_MAP_UPDATE_ELEM || cmd == BPF_MAP_DELETE_ELEM || cmd == BPF_MAP_GET_NEXT_KEY;
}

/*
 * Most callers have attributes, key and value together on their stack, at the same distances each time: then all is copied at once, as
 * far as the last command of its kind looked (and no page beyond).
 */
static void read_ahead(struct notif *n)
{
	u32 near = __atomic_load_n(&n->client->near, __ATOMIC_RELAXED), size = (u32)n->args[2];
	u32 before = near >> 16, len = before + MAX(near & 0xffff, size);
	u64 base = n->args[1], at = base - before;
	struct ahead *a = &n->ahead;

	a->on = true;
	a->base = base;
	if (len > size && size <= AHEAD_MAX && at >> 12 == (at + len - 1) >> 12 && !client_read(n->client, a->bytes, at, len)) {
		a->at = at;
		a->len = len;
	}
}

static void note_read(struct notif *n)
{
	u32 near = n->ahead.before << 16 | n->ahead.after;

	if (near != __atomic_load_n(&n->client->near, __ATOMIC_RELAXED))
		__atomic_store_n(&n->client->near, near, __ATOMIC_RELAXED);
}

/* Commands that take microseconds: the others first make sure that somebody else listens. */
static bool is_quick(u32 cmd)
{
	return is_elem(cmd) || cmd == BPF_MAP_FREEZE || cmd == BPF_OBJ_GET_INFO_BY_FD || cmd >= UAPI_CMDS;
}

/* Does it attach a program, in earnest? By a kprobe_multi link bpftrace asks, at each start, whether there are such links. */
static bool is_attach(struct notif *n, u32 cmd)
{
	u32 type = 0;

	if (cmd == BPF_LINK_CREATE)
		return client_read(n->client, &type, n->args[1] + offsetof(union bpf_attr, link_create.attach_type), sizeof(type)) ||
		       type != BPF_TRACE_KPROBE_MULTI;
	return cmd == BPF_RAW_TRACEPOINT_OPEN || cmd == BPF_PROG_ATTACH;
}

s64 box_bpf(struct notif *n)
{
	struct box *b = n->box;
	u32 cmd = (u32)n->args[0], row = MIN(cmd, (u32)UAPI_CMDS);
	u64 began = b->log ? clock_ns(CLOCK_REALTIME) : 0;
	bool attaches;
	int ret;

	if ((!is_elem(cmd) || decides(b, SEC_bpf)) && !client_certain(n))
		return BOX_SURE;
	if (cmd == BOX_HELLO)
		return control_hello(n);
	if (cmd == BOX_FIT)
		return control_fit(n);
	if (cmd == BOX_PAGE)
		return paths_page(n);
	if (!__atomic_load_n(&n->client->asks_bpf, __ATOMIC_RELAXED))
		__atomic_store_n(&n->client->asks_bpf, true, __ATOMIC_RELAXED);
	if (!is_quick(cmd))
		serve_slow(n->from);
	if (decides(b, SEC_bpf)) {
		u64 args[4] = { cmd, 0, (u32)n->args[2], 0 };
		struct who w;

		ret = who_is(n, &w) ? (int)decide_security(n, &w, SEC_bpf, args, ARRAY_SIZE(args)) : -EINTR;
		if (ret)
			return ret;
	}
	if (is_elem(cmd))
		read_ahead(n);
	attaches = !is_elem(cmd) && is_attach(n, cmd);
	ret = sys_bpf(b->skep, notif_caller(n), cmd, n->args[1], (u32)n->args[2], b->log || attaches ? &n->reason : NULL);
	if (n->believed && n->doubt) /* it had no such memory, or no such descriptor, and nothing was done */
		return BOX_SURE;
	if (n->ahead.on)
		note_read(n);
	__atomic_fetch_add(&b->ncalls[row], 1, __ATOMIC_RELAXED);
	if (ret < 0)
		__atomic_fetch_add(&b->nfailed[row], 1, __ATOMIC_RELAXED);
	if (b->log)
		log_command(n, cmd, ret, began);
	if (attaches)
		note_attach(n, ret);
	return ret;
}

s64 box_execve(struct notif *n)
{
	struct box_watcher *w;

	int dirfd = n->nr == __NR_execveat ? (int)n->args[0] : AT_FDCWD, flags = n->nr == __NR_execveat ? (int)n->args[4] : 0;
	s64 ret = decide_exec(n, dirfd, n->args[n->nr == __NR_execveat], flags);

	if (ret != BOX_PASS)
		return ret;
	client_exec(n->client);
	identity_forget(n, true);
	__atomic_store_n(&n->client->plain, false, __ATOMIC_RELAXED);
	pthread_mutex_lock(&n->box->lock);
	w = n->box->watchers;
	pthread_mutex_unlock(&n->box->lock);
	if (w)
		serve_slow(n->from);
	for (; w; w = w->next)
		if (w->exec)
			w->exec(w->ctx, n->client, n->tid);
	return BOX_PASS;
}

/* What it has become is seen to (decide_image) before there are more of it. */
s64 box_born(struct notif *n)
{
	(void)n;
	return BOX_PASS;
}

/* A record of the kernel's tells of its end, but not how, and later than it can be asked. */
s64 box_exit_group(struct notif *n)
{
	src_told_end(n->box->src, n->client->pid, (u32)(n->args[0] & 0xff) << 8);
	return BOX_PASS;
}
