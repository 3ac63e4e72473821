/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions: what is attached, whom an event is about, acting as a client. See decide.h. */
#include "box/decide.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "hook/link.h"

#define LOOK_MS 20 /* how often a waiting call looks after its client */

enum where { WHERE_NONE, WHERE_BOX, WHERE_ENFORCE };

static const u8 cgroup_where[UAPI_ATTACH_TYPES] = {
#define CGROUP(type, where) [BPF_CGROUP_##type] = WHERE_##where,
#define SECURITY(name, where)
#include "box/decide.def"
};

static const struct { const char *name; u8 where; } security[] = {
#define CGROUP(type, where)
#define SECURITY(name, where) { #name, WHERE_##where },
#include "box/decide.def"
};

static const char *const never[UAPI_ATTACH_TYPES] = {
#define CGROUP(type, where)
#define SECURITY(name, where)
#define NEVER(type, why) [BPF_CGROUP_##type] = why,
#include "box/decide.def"
};

struct decide {
	struct hook_provider provider;
	struct box *box;
	u32 cgroups[UAPI_ATTACH_TYPES], securities[SECURITIES]; /* points with programs; atomic */
	u64 own_caps;
};

static int security_of(const char *name)
{
	for (u32 i = 0; i < SECURITIES; i++)
		if (!strcmp(security[i].name, name))
			return (int)i;
	return -1;
}

static u32 *counter(struct decide *d, const struct hook_place *at)
{
	bool named = at->kind == HOOK_LSM || at->sub == ATTACH_LSM_CGROUP;
	int s = named ? security_of(at->name) : -1;

	return named ? s < 0 ? NULL : &d->securities[s] : at->sub < UAPI_ATTACH_TYPES ? &d->cgroups[at->sub] : NULL;
}

/* Programs run on the thread that serves the call, inside a read section of the list: there is nothing to prepare. */
static int update(void *ctx, struct hook_point *const *pt, u32 n, struct str *why)
{
	(void)why;
	for (u32 i = 0; i < n; i++) {
		const struct hook_list *now = hook_point_list(pt[i]), *next = hook_point_next(pt[i]);
		u32 *count = counter(ctx, hook_point_place(pt[i]));

		if (count && !(now && now->n) != !(next && next->n))
			__atomic_fetch_add(count, next && next->n ? 1u : (u32)-1, __ATOMIC_RELEASE);
	}
	paths_tell(((const struct decide *)ctx)->box);
	return 0;
}

/* Calls are made on duplicates of clients' descriptors, which containers may forbid to take. */
static bool may_take(const struct box *b)
{
	int pidfd = (int)syscall(SYS_pidfd_open, b->command, 0), fd;
	bool may;

	if (pidfd < 0)
		return true; /* the first client has ended: nobody to try it on */
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	may = fd >= 0 || errno == EBADF || errno == ESRCH;
	if (fd >= 0)
		close(fd);
	close(pidfd);
	return may;
}

static int check(void *ctx, const struct hook_place *at, struct str *why)
{
	const struct decide *d = ctx;
	bool named = at->kind == HOOK_LSM || at->sub == ATTACH_LSM_CGROUP;
	int s = named ? security_of(at->name) : -1;
	enum where w = named			     ? s < 0 ? WHERE_NONE : security[s].where
		       : at->sub < UAPI_ATTACH_TYPES ? cgroup_where[at->sub]
						     : WHERE_NONE;
	const char *what = named ? at->name : at->sub < UAPI_ATTACH_TYPES ? attach_spec[at->sub].name : "this attach type";

	if (w == WHERE_NONE) {
		const char *reason = named || at->sub >= UAPI_ATTACH_TYPES ? NULL : never[at->sub];

		str_printf(why, "%s: %s; see docs/BOX.md for what programs may decide about", what,
			   reason ? reason : "no call of a process tells of this");
		return -EOPNOTSUPP;
	}
	if (w == WHERE_ENFORCE && !d->box->opts.enforce) {
		str_printf(why, "%s: this box does not stop the calls it is about; start it with skep exec --enforce", what);
		return -EOPNOTSUPP;
	}
	if (!may_take(d->box)) {
		str_printf(why, "%s: descriptors of clients may not be taken here (a container without pidfd_getfd)", what);
		return -EOPNOTSUPP;
	}
	return 0;
}

static u64 own_caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct c[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	syscall(SYS_capget, &h, c);
	return c[0].effective | (u64)c[1].effective << 32;
}

static void set_caps(u64 effective, u64 permitted)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct c[2] = { { (u32)effective, (u32)permitted, 0 },
					       { (u32)(effective >> 32), (u32)(permitted >> 32), 0 } };

	syscall(SYS_capset, &h, c);
}

int decide_init(struct box *b)
{
	struct decide *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	b->decide = d;
	d->box = b;
	d->own_caps = own_caps();
	d->provider = (struct hook_provider){ .name = "decisions", .ctx = d, .update = update, .check = check,
					      .kinds = (u64)1 << HOOK_CGROUP | (u64)1 << HOOK_LSM };
	return hook_provider_add(b->skep->hooks, &d->provider);
}

/*
 * Rules that a client makes for itself do not bind what the supervisor does in its place: where it does, Landlock is one that was not
 * enabled, as clients know it from some kernels, so that nobody believes in a wall that is none.
 */
s64 box_landlock(struct notif *n)
{
	const struct decide *d = n->box->decide;
	bool any = n->box->opts.enforce;

	for (u32 i = 0; i < UAPI_ATTACH_TYPES && !any; i++)
		any = __atomic_load_n(&d->cgroups[i], __ATOMIC_ACQUIRE);
	for (u32 i = 0; i < SECURITIES && !any; i++)
		any = __atomic_load_n(&d->securities[i], __ATOMIC_ACQUIRE);
	return any ? -EOPNOTSUPP : BOX_PASS;
}

bool decides_cgroup(const struct box *b, u32 attach_type)
{
	return __atomic_load_n(&b->decide->cgroups[attach_type], __ATOMIC_ACQUIRE);
}

bool decides(const struct box *b, enum security s)
{
	return __atomic_load_n(&b->decide->securities[s], __ATOMIC_ACQUIRE);
}

/* ---- whom it is about ---- */
static void four(char *at, u32 out[4])
{
	for (int i = 0; i < 4; i++)
		out[i] = (u32)strtoul(at, &at, 10);
}

bool who_is(struct notif *n, struct who *w)
{
	char text[4096], *end;

	if (text_of(text, sizeof(text), "/proc/%d/status", n->tid) <= 0)
		return false;
	w->task = (struct run_task){ .tid = (u32)n->tid, .tgid = (u32)n->client->pid, .mem_fd = -1 };
	sscanf(text_value(text, "Name"), " %15[^\n]", w->task.comm);
	w->task.ppid = (u32)text_number(text, "PPid", 10);
	four(text_value(text, "Uid"), w->uid);
	four(text_value(text, "Gid"), w->gid);
	w->task.uid = w->uid[0];
	w->task.gid = w->gid[0];
	w->caps = identity_caps(n->tid, text_number(text, "CapEff", 16));
	w->umask = (u32)text_number(text, "Umask", 8);
	end = text_value(text, "Groups");
	for (w->ngroups = 0; w->ngroups < ARRAY_SIZE(w->groups); w->ngroups++) {
		end += strspn(end, " \t");
		if (*end < '0' || *end > '9')
			break;
		w->groups[w->ngroups] = (u32)strtoul(end, &end, 10);
	}
	if (!cgroup_of_task((u32)n->client->pid, w->cgroup, sizeof(w->cgroup)))
		snprintf(w->cgroup, sizeof(w->cgroup), "/");
	return notif_alive(n); /* all of this was the client's */
}

/* ---- asking ---- */
s64 decide_cgroup(struct notif *n, const struct who *w, u32 attach_type, struct hook_event *ev)
{
	ev->task = &w->task;
	ev->cpu = U32_MAX;
	return decides_cgroup(n->box, attach_type) ? hook_fire_cgroup(n->box->skep->hooks, w->cgroup, attach_type, NULL, ev) : 0;
}

s64 decide_security(struct notif *n, const struct who *w, enum security s, const u64 *args, u32 nargs)
{
	struct hooks *h = n->box->skep->hooks;
	struct hook_place at = { .kind = HOOK_LSM };
	u64 room[12] = { 0 };
	struct hook_event ev = { .task = &w->task, .args = room, .nargs = nargs, .cpu = U32_MAX };
	struct hook_point *pt;
	s64 ret = 0;
	u32 token;

	if (!decides(n->box, s))
		return 0;
	memcpy(room, args, nargs * sizeof(*args));
	snprintf(at.name, sizeof(at.name), "%s", security[s].name);
	token = hook_enter(h);
	pt = hook_point_find(h, &at);
	if (pt)
		ret = hook_fire(h, pt, &ev);
	hook_leave(h, token);
	if (!ret) {
		ev.retval = 0;
		ret = hook_fire_cgroup(h, w->cgroup, ATTACH_LSM_CGROUP, security[s].name, &ev);
	}
	return ret < 0 ? ret : 0;
}

/* ---- acting as a client ---- */
/*
 * Only where the supervisor has more rights than its client can a client differ from it. The system calls themselves, not libc's
 * functions, which would change all threads.
 */
int act_begin(const struct notif *n, const struct who *w, struct acting *a)
{
	const struct decide *d = n->box->decide;
	long got;

	*a = (struct acting){ .on = n->box->real_root && (w->uid[1] || w->uid[3] || (w->caps & d->own_caps) != d->own_caps) };
	if (!a->on)
		return 0;
	got = syscall(SYS_getgroups, ARRAY_SIZE(a->groups), a->groups);
	a->ngroups = got < 0 ? 0 : (u32)got;
	if (syscall(SYS_setgroups, w->ngroups, w->groups) || syscall(SYS_setresgid, -1, w->gid[3], -1) ||
	    syscall(SYS_setresuid, -1, w->uid[3], -1)) {
		act_end(a);
		return -EPERM;
	}
	set_caps(w->caps & d->own_caps, d->own_caps);
	return 0;
}

void act_end(const struct acting *a)
{
	if (!a->on)
		return;
	syscall(SYS_setresuid, -1, 0, -1); /* what is permitted becomes effective again */
	syscall(SYS_setresgid, -1, 0, -1);
	syscall(SYS_setgroups, a->ngroups, a->groups);
}

int wait_for(struct notif *n, int fd, short events, s64 ms)
{
	u64 end = ms < 0 ? U64_MAX : clock_ns(CLOCK_MONOTONIC) + (u64)ms * 1000000u;
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		u64 now = clock_ns(CLOCK_MONOTONIC), left = now < end ? (end - now) / 1000000u : 0;

		if (poll(&p, 1, (int)MIN(left, (u64)LOOK_MS)) > 0)
			return 0;
		if (now >= end)
			return -EAGAIN;
		if (!notif_alive(n) || client_signalled(n->tid, true))
			return -EINTR;
	}
}
