/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a client is, for bpf(2).
 *
 * A supervisor that is privileged itself leaves clients the identity that the kernel gave them: a client may do what its real
 * effective capabilities and the box (--caps) both allow. In an ordinary user's box clients have no privileges to ask about: they
 * begin as root with what the box allows, and what they give up (capset) is remembered here, inherited by their children.
 * Invariant: nothing a client says about itself is believed; it can only give up.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "box/priv.h"

/* Linux's numbers of the capabilities bpf(2) asks for. */
static const struct { u8 cap; u8 bit; } cap_bits[] = {
	{ 21, CAPB_SYS_ADMIN }, { 12, CAPB_NET_ADMIN }, { 38, CAPB_PERFMON }, { 39, CAPB_BPF },
};

static u32 bits_of(u64 caps)
{
	u32 bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cap_bits); i++)
		if (caps >> cap_bits[i].cap & 1)
			bits |= cap_bits[i].bit;
	return bits;
}

void identity_init(struct client *c)
{
	struct client *up;
	char text[2048];
	u64 parent;

	c->caps = c->box->opts.caps;
	if (c->box->real_root || c->box->opts.unprivileged)
		return;
	text_of(text, sizeof(text), "/proc/%d/status", c->pid);
	parent = text_number(text, "PPid", 10);
	pthread_mutex_lock(&c->box->lock);
	for (up = c->box->clients[parent % BOX_CLIENTS]; up && up->pid != (pid_t)parent; up = up->next)
		;
	if (up)
		c->caps &= up->caps;
	pthread_mutex_unlock(&c->box->lock);
}

u64 identity_caps(pid_t tid, u64 effective)
{
	char path[40];
	struct stat own, its;

	if (!effective)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", tid);
	return stat("/proc/self/ns/user", &own) || stat(path, &its) || own.st_ino != its.st_ino ? 0 : effective;
}

#define IDENTITY_KNOWN ((u64)1 << 63)
#define IDENTITY_ASK 1 /* another thread makes an execve: whoever is first, and how often, ask */

/* What /proc says of the thread now, or 0. */
static u64 ask_kernel(struct notif *n)
{
	char text[2048];
	u64 eff;

	if (text_of(text, sizeof(text), "/proc/%d/status", n->tid) <= 0)
		return 0;
	eff = identity_caps(n->tid, text_number(text, "CapEff", 16));
	if (!notif_alive(n))
		return 0;
	return IDENTITY_KNOWN | (u64)bits_of(eff) << 32 | (u32)text_number(text, "Uid", 10);
}

/*
 * Asking costs as much as serving the call. The answer is kept for a process's first thread, whose number is its own as long as
 * it lives; all that changes it (box_identity, execve) is stopped.
 */
void identity_fill(struct notif *n)
{
	bool first = n->tid == n->client->pid;
	struct caller *w = &n->who;
	u64 id, none = 0;

	w->pid = (u32)n->client->pid;
	w->uid = 0;
	w->caps = n->client->caps;
	if (!n->box->real_root && !n->box->opts.unprivileged)
		return;
	id = first ? __atomic_load_n(&n->client->identity, __ATOMIC_ACQUIRE) : 0;
	if (!id) {
		id = ask_kernel(n);
		if (first && id)
			__atomic_compare_exchange_n(&n->client->identity, &none, id, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	} else if (id == IDENTITY_ASK) {
		id = ask_kernel(n);
	}
	w->uid = (u32)id;
	w->caps = !id ? 0 : n->box->real_root ? n->box->opts.caps & (u32)(id >> 32 & 0xffff) : n->box->opts.caps;
}

/* The thread is about to change who it is, as far as the kernel lets it. */
void identity_forget(struct notif *n, bool exec)
{
	bool first = n->tid == n->client->pid;
	u64 old = __atomic_load_n(&n->client->identity, __ATOMIC_ACQUIRE);

	if (first ? exec || old != IDENTITY_ASK : exec)
		__atomic_store_n(&n->client->identity, first ? 0 : IDENTITY_ASK, __ATOMIC_RELEASE);
}

s64 box_identity(struct notif *n)
{
	identity_forget(n, false);
	return BOX_PASS;
}

/* ---- playing root: only in boxes of ordinary users ---- */
s64 box_zero(struct notif *n)
{
	(void)n;
	return 0;
}

s64 box_zeros(struct notif *n)
{
	const u32 zero = 0;

	for (int i = 0; i < 3; i++)
		if (client_write(n->client, n->args[i], &zero, sizeof(zero)))
			return -EFAULT;
	return 0;
}

/* All capabilities there are, but for those bpf(2) asks for: of them what is given. */
static u64 all_caps(u32 bits)
{
	u64 all = ((u64)1 << 41) - 1;

	for (size_t i = 0; i < ARRAY_SIZE(cap_bits); i++)
		if (!(bits & cap_bits[i].bit))
			all &= ~((u64)1 << cap_bits[i].cap);
	return all;
}

struct cap_head { u32 version; s32 pid; };
struct cap_data { u32 effective, permitted, inheritable; };
#define CAP_VERSION_3 0x20080522u

s64 box_capget(struct notif *n)
{
	u64 eff = all_caps(n->client->caps), perm = all_caps(n->box->opts.caps);
	struct cap_data d[2] = { { (u32)eff, (u32)perm, 0 }, { (u32)(eff >> 32), (u32)(perm >> 32), 0 } };
	struct cap_head h;

	if (client_read(n->client, &h, n->args[0], sizeof(h)))
		return -EFAULT;
	if (h.version != CAP_VERSION_3)
		return BOX_PASS;
	return n->args[1] ? client_write(n->client, n->args[1], d, sizeof(d)) : 0;
}

/* What is not effective is given up; it can be taken again, as permitted capabilities can. */
s64 box_capset(struct notif *n)
{
	struct cap_data d[2];
	struct cap_head h;

	if (n->box->real_root)
		return box_identity(n); /* its capabilities are the kernel's */
	if (client_read(n->client, &h, n->args[0], sizeof(h)) || client_read(n->client, d, n->args[1], sizeof(d)))
		return -EFAULT;
	if (h.version != CAP_VERSION_3)
		return BOX_PASS;
	__atomic_store_n(&n->client->caps, n->box->opts.caps & bits_of(d[0].effective | (u64)d[1].effective << 32),
			 __ATOMIC_RELAXED);
	return 0;
}

s64 box_prctl(struct notif *n)
{
	if (n->args[0] == PR_CAPBSET_READ)
		return n->args[1] < 41 ? (s64)(all_caps(n->box->opts.caps) >> n->args[1] & 1) : -EINVAL;
	return 0;
}

/* ---- limits ---- */
/* Locked memory is not charged here; raising its limit succeeds, as for root. Lowering it concerns the kernel as well. */
s64 box_prlimit(struct notif *n)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (!n->args[2] || (n->args[0] && n->args[0] != (u64)n->client->pid))
		return BOX_PASS;
	if (n->args[3] && client_write(n->client, n->args[3], &none, sizeof(none)))
		return -EFAULT;
	return 0;
}

s64 box_setrlimit(struct notif *n)
{
	(void)n;
	return 0;
}

/* Its requests would pass by the filter. */
s64 box_io_uring(struct notif *n)
{
	(void)n;
	return -ENOSYS;
}
