/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs at network devices: XDP (one a device), tcx and netkit (ordered lists, each addition placed relative to a fellow).
 *
 * Invariant: the point of a device and attach type has the list as it stands here; a list's revision grows with each change.
 */
#include "hook/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>

#define MAX_PROGS 64 /* of Linux: 63 and the terminator */
#define F_BEFORE (1u << 3)
#define F_AFTER (1u << 4)
#define NONE (-ERANGE) /* no position named yet; positions go from -1 to the count */

struct entry {
	struct prog *prog;   /* referenced */
	struct link *link;
	u32 slot;
};

struct netdev_list {
	struct netdev_list *next;
	u32 ifindex, type;
	u64 revision;
	struct entry entry[MAX_PROGS];
	u32 n;
};

static struct netdev_list *list_find(struct hooks *h, u32 ifindex, u32 type)
{
	struct netdev_list *l = *hook_netdevs(h);

	while (l && (l->ifindex != ifindex || l->type != type))
		l = l->next;
	return l;
}

static struct netdev_list *list_get(struct hooks *h, u32 ifindex, u32 type)
{
	struct netdev_list *l = list_find(h, ifindex, type);

	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	*l = (struct netdev_list){ .ifindex = ifindex, .type = type, .revision = 1, .next = *hook_netdevs(h) };
	*hook_netdevs(h) = l;
	return l;
}

/* Have the point say what the list says. The transaction stays open. */
static int refresh(struct hook_tx *tx, const struct netdev_list *l)
{
	struct hook_place at = { .kind = HOOK_NETDEV, .sub = l->type, .number = l->ifindex };
	struct hook_point *pt = hook_draft(tx, &at);

	if (pt)
		hook_clear(pt);
	for (u32 i = 0; pt && i < l->n; i++) {
		struct hook_ref ref = { .pid = -1, .slot = l->entry[i].slot, .link_id = l->entry[i].link ? l->entry[i].link->obj.id : 0 };
		hook_append(tx, pt, l->entry[i].prog, &ref);
	}
	return hook_apply(tx);
}

/* ---- positions ---- */
static int exact(const struct netdev_list *l, const struct prog *p, const struct link *link)
{
	for (u32 i = 0; i < l->n; i++)
		if (l->entry[i].prog == p)
			return l->entry[i].link == link ? (int)i : -EBUSY;
	return -ENOENT;
}

/* Before (step -1) or after (+1) the anchor; without one, before the first or after the last. */
static int beside(const struct netdev_list *l, const struct anchor *a, int step)
{
	for (u32 i = 0; i < l->n; i++)
		if (a->prog && l->entry[i].prog == a->prog && (!a->link || l->entry[i].link == a->link))
			return (int)i + step;
	return a->prog ? -ENOENT : step < 0 ? -1 : (int)l->n;
}

/* All that was said of the position must agree. `idx`: what is known so far, or NONE. */
static int place(const struct netdev_list *l, const struct anchor *a, int idx, int *ret)
{
	const u32 flag[2] = { F_BEFORE, F_AFTER };

	for (int k = 0; k < 2; k++) {
		int at;
		if (!(a->flags & flag[k]))
			continue;
		at = beside(l, a, k ? 1 : -1);
		if (at < -1)
			return at;
		if (idx >= -1 && at != idx)
			return -ERANGE;
		idx = at;
	}
	*ret = idx;
	return 0;
}

/* The entry to replace or the position to insert at. */
static int find_place(const struct netdev_list *l, struct prog *p, struct link *link, struct prog *replace,
		      const struct anchor *a, bool *ret_replace, struct str *why)
{
	int idx = NONE, err;

	*ret_replace = a->flags & BPF_F_REPLACE;
	if (a->revision && a->revision != l->revision) {
		str_printf(why, "the device's list is at revision %llu", (unsigned long long)l->revision);
		return -ESTALE;
	}
	for (u32 i = 0; i < l->n; i++)
		if (l->entry[i].prog == p) {
			str_printf(why, "the program is attached there already");
			return -EEXIST;
		}
	if (a->err)
		return a->err;
	if (a->prog && a->prog->type != p->type)
		return -EINVAL;
	if (*ret_replace) {
		idx = exact(l, replace, link);
		if (idx < 0)
			return idx;
	} else if (l->n == MAX_PROGS - 1) {
		return -ERANGE;
	}
	err = place(l, a, idx, &idx);
	if (err)
		return err;
	if (idx < -1)
		return a->prog || a->flags ? -EINVAL : (int)l->n;
	if (!*ret_replace && a->flags & F_BEFORE && idx != (int)l->n)
		idx++;
	return idx;
}

int netdev_attach(struct hooks *h, u32 ifindex, struct prog *p, struct link *link, struct prog *replace, u32 type,
		  const struct anchor *a, struct str *why)
{
	struct netdev_list *l, *undo = malloc(sizeof(*undo));
	struct hook_tx tx;
	struct entry e = { p, link, 0 };
	bool over = false;
	int at, err;

	hook_begin(h, &tx, why);
	l = undo ? list_get(h, ifindex, type) : NULL;
	at = l ? find_place(l, p, link, replace, a, &over, why) : -ENOMEM;
	e.slot = at < 0 ? 0 : link ? link->slot : hook_slot_new(h, p);
	if (at < 0 || !e.slot) {
		free(undo);
		return hook_abort(&tx, at < 0 ? at : -ENOMEM);
	}
	*undo = *l;
	obj_get(&p->obj);
	if (!over)
		memmove(&l->entry[at + 1], &l->entry[at], (l->n++ - (u32)at) * sizeof(e));
	l->entry[at] = e;
	err = refresh(&tx, l);
	if (err) {
		*l = *undo;
		prog_put(p);
		if (!link)
			hook_slot_free(h, e.slot);
	} else {
		l->revision++;
		if (over) {
			if (!link)
				hook_slot_free(h, undo->entry[at].slot);
			prog_put(undo->entry[at].prog);
		}
	}
	hook_end(&tx);
	free(undo);
	return err;
}

static int take_out(struct hooks *h, struct hook_tx *tx, struct netdev_list *l, u32 at)
{
	struct entry e = l->entry[at];
	int err;

	memmove(&l->entry[at], &l->entry[at + 1], (--l->n - at) * sizeof(e));
	l->revision++;
	err = refresh(tx, l);
	if (!l->n)
		l->revision = 1; /* an empty list is forgotten */
	hook_end(tx);
	if (!e.link)
		hook_slot_free(h, e.slot);
	prog_put(e.prog);
	return err;
}

int netdev_detach(struct hooks *h, u32 ifindex, struct prog *p, u32 type, const struct anchor *a, struct str *why)
{
	struct netdev_list *l;
	struct hook_tx tx;
	int idx = NONE, err = 0;

	hook_begin(h, &tx, why);
	l = list_find(h, ifindex, type);
	if (!l || (!l->n && l->revision == 1))
		return hook_abort(&tx, -ENOENT);
	if (a->flags & BPF_F_REPLACE)
		return hook_abort(&tx, -EINVAL);
	if (a->revision && a->revision != l->revision)
		return hook_abort(&tx, -ESTALE);
	if (!l->n)
		return hook_abort(&tx, -ENOENT);
	err = a->err ? a->err : a->prog && p && a->prog->type != p->type ? -EINVAL : 0;
	if (!err && p) {
		idx = exact(l, p, NULL);
		err = idx < 0 ? idx : 0;
	}
	if (!err)
		err = place(l, a, idx, &idx);
	if (!err && idx < -1) {
		err = a->prog || a->flags ? -EINVAL : 0;
		idx = (int)l->n;
	}
	if (err)
		return hook_abort(&tx, err);
	idx = idx == -1 ? 0 : idx == (int)l->n ? idx - 1 : idx;
	if (l->entry[idx].link)
		return hook_abort(&tx, -EBUSY);
	return take_out(h, &tx, l, (u32)idx);
}

int netdev_query(struct hooks *h, u32 ifindex, u32 type, struct attach_list *ret)
{
	struct netdev_list *l;
	int err = 0;

	hook_lock(h);
	l = list_find(h, ifindex, type);
	ret->revision = l ? l->revision : 1;
	for (u32 i = 0; l && i < l->n && !err; i++)
		err = attach_list_add(ret, l->entry[i].prog->obj.id, l->entry[i].link ? l->entry[i].link->obj.id : 0, 0);
	hook_unlock(h);
	return err;
}

/* ---- links ---- */
static struct netdev_list *link_entry(struct link *l, u32 *ret_at)
{
	struct netdev_list *d = list_find(l->hooks, l->netdev.ifindex, l->attach_type);

	for (u32 i = 0; d && i < d->n; i++)
		if (d->entry[i].link == l) {
			*ret_at = i;
			return d;
		}
	return NULL;
}

static void netdev_release(struct link *l)
{
	struct netdev_list *d;
	struct hook_tx tx;
	u32 at;

	hook_begin(l->hooks, &tx, NULL);
	d = link_entry(l, &at);
	if (d)
		take_out(l->hooks, &tx, d, at);
	else
		hook_abort(&tx, 0);
}

/* Exchange the program of an entry of a link. */
static int exchange(struct link *l, struct prog *p, struct str *why)
{
	struct netdev_list *d;
	struct hook_tx tx;
	struct prog *was;
	u32 at;
	int err;

	hook_begin(l->hooks, &tx, why);
	d = link_entry(l, &at);
	if (!d)
		return hook_abort(&tx, -ENOENT);
	for (u32 i = 0; d->type != BPF_XDP && i < d->n; i++)
		if (d->entry[i].prog == p)
			return hook_abort(&tx, -EEXIST);
	was = d->entry[at].prog;
	obj_get(&p->obj);
	d->entry[at].prog = p;
	err = refresh(&tx, d);
	if (err)
		d->entry[at].prog = was;
	else
		d->revision++;
	hook_end(&tx);
	prog_put(err ? p : was);
	if (!err)
		link_set_prog(l, p);
	return err;
}

static bool device_gone(const struct link *l)
{
	char name[IF_NAMESIZE];

	return l->dead || !if_indextoname(l->netdev.ifindex, name);
}

static int tcx_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	if (device_gone(l))
		return -ENOLINK;
	if (old && l->prog != old)
		return -EPERM;
	if (l->prog == p)
		return 0;
	if (l->prog->type != p->type)
		return -EINVAL;
	return exchange(l, p, why);
}

static int xdp_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	if (device_gone(l))
		return -ENOLINK;
	if (old && l->prog != old)
		return -EPERM;
	if (l->prog->type != p->type || l->prog->attach_type != p->attach_type)
		return -EINVAL;
	return l->prog == p ? 0 : exchange(l, p, why);
}

const struct link_ops tcx_link_ops = { .release = netdev_release, .can_detach = true, .update = tcx_update };
const struct link_ops xdp_link_ops = { .release = netdev_release, .can_detach = true, .update = xdp_update };

/* ---- XDP ---- */
#ifndef XDP_FLAGS_REPLACE
#define XDP_FLAGS_REPLACE (1u << 4)
#endif
#define MODES (XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE | XDP_FLAGS_HW_MODE)

static bool one_mode(u32 flags)
{
	return __builtin_popcount(flags & MODES) <= 1;
}

static int xdp_program_ok(const struct prog *p, struct str *why)
{
	if (p->attach_type == BPF_XDP_DEVMAP || p->attach_type == BPF_XDP_CPUMAP) {
		str_printf(why, "programs for devmap and cpumap entries do not attach to devices");
		return -EINVAL;
	}
	return 0;
}

int xdp_link_attach(struct hooks *h, struct link *l, u32 ifindex, u32 flags, struct str *why)
{
	struct anchor none = { .flags = 0 };
	struct netdev_list *d;
	bool taken;
	int err;

	if (flags & ~MODES || !one_mode(flags)) {
		str_printf(why, "flags 0x%x: one of XDP_FLAGS_SKB_MODE, _DRV_MODE and _HW_MODE", flags);
		return -EINVAL;
	}
	if (flags & XDP_FLAGS_HW_MODE) {
		str_printf(why, "no device here runs programs by itself");
		return -EOPNOTSUPP;
	}
	hook_lock(h);
	d = list_find(h, ifindex, BPF_XDP);
	taken = d && d->n;
	hook_unlock(h);
	if (taken) {
		str_printf(why, "the device has an XDP program already");
		return -EBUSY;
	}
	err = xdp_program_ok(l->prog, why);
	l->netdev.flags = flags;
	return err ? err : netdev_attach(h, ifindex, l->prog, l, NULL, BPF_XDP, &none, why);
}

int xdp_set(struct hooks *h, u32 ifindex, struct prog *p, struct prog *expected, u32 flags, struct str *why)
{
	struct anchor none = { .flags = 0 };
	struct netdev_list *d;
	struct hook_tx tx;
	struct prog *cur;
	int err = 0;

	if (!one_mode(flags) || (expected && !(flags & XDP_FLAGS_REPLACE)))
		return -EINVAL;
	if (flags & XDP_FLAGS_HW_MODE)
		return -EOPNOTSUPP;
	hook_begin(h, &tx, why);
	d = list_get(h, ifindex, BPF_XDP);
	cur = d && d->n ? d->entry[0].prog : NULL;
	if (!d)
		err = -ENOMEM;
	else if (d->n && d->entry[0].link)
		err = -EBUSY;
	else if (flags & XDP_FLAGS_REPLACE && cur != expected)
		err = -EEXIST;
	else if (p && flags & XDP_FLAGS_UPDATE_IF_NOEXIST && cur)
		err = -EBUSY;
	else if (p)
		err = xdp_program_ok(p, why);
	if (err || p == cur)
		return hook_abort(&tx, err);
	if (cur) {
		err = take_out(h, &tx, d, 0);
		return err || !p ? err : netdev_attach(h, ifindex, p, NULL, NULL, BPF_XDP, &none, why);
	}
	hook_abort(&tx, 0);
	return netdev_attach(h, ifindex, p, NULL, NULL, BPF_XDP, &none, why);
}

void netdevs_free(struct hooks *h)
{
	struct netdev_list *l = *hook_netdevs(h), *next;

	for (; l; l = next) {
		next = l->next;
		for (u32 i = 0; i < l->n; i++)
			prog_put(l->entry[i].prog);
		free(l);
	}
	*hook_netdevs(h) = NULL;
}
