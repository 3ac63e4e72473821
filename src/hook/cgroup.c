/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs in cgroups: a list per cgroup and attach type, and what is effective where.
 *
 * A cgroup's effective list is its own programs, then its parent's and so on up; those of a cgroup without BPF_F_ALLOW_MULTI give way
 * to what is attached below. Programs with BPF_F_PREORDER run before all others, the root's first.
 * Invariant: the point of a cgroup has its effective list; a cgroup that was never attached to has no point and runs the list of
 * the nearest one above that has.
 */
#include "hook/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAX_PROGS 64
#define F_MULTI BPF_F_ALLOW_MULTI
#define F_OVERRIDE BPF_F_ALLOW_OVERRIDE
#define F_BEFORE (1u << 3)
#define F_AFTER (1u << 4)
#define F_LINK (1u << 13)
#define F_PREORDER (1u << 6)

struct entry {
	struct prog *prog;    /* referenced */
	struct link *link;    /* whose attachment it is; NULL: without */
	u32 flags, slot;
};

/* One attach type of one cgroup (for LSM_CGROUP: one security hook). */
struct group {
	struct group *next;
	u32 type;
	char name[64];
	u32 flags;            /* ALLOW_OVERRIDE or ALLOW_MULTI, of all its programs */
	u64 revision;
	struct entry entry[MAX_PROGS];
	u32 n;
};

struct cgroup_node {
	struct cgroup_node *next; /* chain that only grows: events walk it without a lock */
	u64 id;
	char *path, *mount;
	struct group *groups;
};

static bool alive(const struct cgroup_node *n)
{
	char full[4400];
	struct stat st;

	snprintf(full, sizeof(full), "%s%s", n->mount, n->path);
	return !stat(full, &st) && st.st_ino == n->id;
}

u64 cgroup_node_id(const struct cgroup_node *n)
{
	return alive(n) ? n->id : 0;
}

static struct cgroup_node *node_by_path(struct cgroup_node *first, const char *path, size_t len)
{
	struct cgroup_node *n = first;

	while (n && (strlen(n->path) != len || memcmp(n->path, path, len)))
		n = __atomic_load_n(&n->next, __ATOMIC_ACQUIRE);
	return n;
}

/* The node, made on first use; a path that another cgroup had before starts afresh. Under the attach lock. */
static struct cgroup_node *node_get(struct hooks *h, const struct cgroup_ref *cg)
{
	struct cgroup_node **head = hook_cgroups(h), *n;

	for (n = *head; n; n = n->next)
		if (n->id == cg->id && !strcmp(n->path, cg->path))
			return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->id = cg->id;
	n->path = strdup(cg->path);
	n->mount = strdup(cg->mount);
	if (!n->path || !n->mount) {
		free(n->path);
		free(n->mount);
		free(n);
		return NULL;
	}
	n->next = *head;
	__atomic_store_n(head, n, __ATOMIC_RELEASE);
	return n;
}

static struct group *group_find(struct cgroup_node *n, u32 type, const char *name)
{
	struct group *g = n ? n->groups : NULL;

	while (g && (g->type != type || strcmp(g->name, name)))
		g = g->next;
	return g;
}

static struct group *group_get(struct cgroup_node *n, u32 type, const char *name)
{
	struct group *g = group_find(n, type, name);

	if (g)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->type = type;
	snprintf(g->name, sizeof(g->name), "%s", name);
	g->revision = 1;
	g->next = n->groups;
	n->groups = g;
	return g;
}

/* The path's parent: its length, -1 when there is none. */
static int parent_len(const char *path, int len)
{
	if (len <= 1)
		return -1;
	while (path[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : 1;
}

/* The groups of a cgroup and those above it that have any, nearest first. */
static u32 chain_of(struct hooks *h, const char *path, u32 type, const char *name, struct group *out[], u32 room)
{
	u32 n = 0;

	for (int len = (int)strlen(path); len > 0 && n < room; len = parent_len(path, len)) {
		struct cgroup_node *node = node_by_path(*hook_cgroups(h), path, (size_t)len);
		struct group *g = group_find(node, type, name);
		if (g && g->n)
			out[n++] = g;
	}
	return n;
}
#define MAX_DEPTH 64

/* Does what is attached above let something be attached here? */
static bool hierarchy_allows(struct hooks *h, const char *path, u32 type, const char *name)
{
	struct group *g[MAX_DEPTH];
	int up = parent_len(path, (int)strlen(path));
	char parent[4096];

	if (up < 0)
		return true;
	snprintf(parent, sizeof(parent), "%.*s", up, path);
	if (!chain_of(h, parent, type, name, g, MAX_DEPTH))
		return true;
	return g[0]->flags & (F_MULTI | F_OVERRIDE); /* the nearest that has any decides */
}

/* The effective list, in the order programs run. Returns their number. */
static u32 effective(struct hooks *h, const char *path, u32 type, const char *name, struct entry *out, u32 room)
{
	struct group *g[MAX_DEPTH];
	u32 n = chain_of(h, path, type, name, g, MAX_DEPTH), cnt = 0, used = 0;
	bool take[MAX_DEPTH];

	for (u32 i = 0; i < n; i++) {
		take[i] = !cnt || g[i]->flags & F_MULTI;
		cnt += take[i] ? g[i]->n : 0;
	}
	for (u32 i = n; i-- > 0;) /* before all others: from the root down */
		for (u32 k = 0; take[i] && k < g[i]->n && used < room; k++)
			if (g[i]->entry[k].flags & F_PREORDER)
				out[used++] = g[i]->entry[k];
	for (u32 i = 0; i < n; i++)
		for (u32 k = 0; take[i] && k < g[i]->n && used < room; k++)
			if (!(g[i]->entry[k].flags & F_PREORDER))
				out[used++] = g[i]->entry[k];
	return used;
}

static bool below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strcmp(top, "/") || (!strncmp(path, top, n) && (!path[n] || path[n] == '/'));
}

/* Have the points of the cgroup and of those below it say what is effective there now. */
static void refresh(struct hooks *h, struct hook_tx *tx, const struct cgroup_node *top, u32 type, const char *name)
{
	enum { ROOM = MAX_PROGS * 8 };
	struct entry *e = malloc(ROOM * sizeof(*e));

	if (!e)
		tx->err = -ENOMEM;
	for (struct cgroup_node *n = *hook_cgroups(h); n && e; n = n->next) {
		struct hook_place at = { .kind = HOOK_CGROUP, .sub = type, .number = n->id };
		struct hook_point *pt;
		u32 cnt;

		if (n != top && (!below(n->path, top->path) || !group_find(n, type, name)))
			continue;
		snprintf(at.name, sizeof(at.name), "%s", name);
		pt = hook_draft(tx, &at);
		if (!pt)
			break;
		hook_clear(pt);
		cnt = effective(h, n->path, type, name, e, ROOM);
		for (u32 i = 0; i < cnt; i++) {
			struct hook_ref ref = { .pid = -1, .slot = e[i].slot, .link_id = e[i].link ? e[i].link->obj.id : 0,
						.flags = e[i].flags & F_PREORDER ? HOOK_F_PREORDER : 0 };
			hook_append(tx, pt, e[i].prog, &ref);
		}
	}
	free(e);
}

/* The position to insert at, or -errno. */
static int position(const struct group *g, bool is_link, const struct anchor *a)
{
	bool before = a->flags & F_BEFORE, after = a->flags & F_AFTER;

	if (a->flags & F_LINK || a->given) {
		if (before == after || !!(a->flags & F_LINK) != is_link)
			return -EINVAL;
		if (a->err)
			return a->err;
	} else if (g->n && before && after) {
		return -EINVAL;
	}
	if (!a->prog && !a->link)
		return before ? 0 : (int)g->n;
	for (u32 i = 0; i < g->n; i++) {
		const struct entry *e = &g->entry[i];
		if (a->link ? e->link != a->link : e->link || e->prog != a->prog)
			continue;
		if (!!(e->flags & F_PREORDER) != !!(a->flags & F_PREORDER))
			return -EINVAL;
		return (int)i + !before;
	}
	return -ENOENT;
}

/* The entry that is taken over, the number of entries when it is a new one, or -errno. */
static int take_over(const struct group *g, struct prog *p, struct link *l, struct prog *replace, bool multi)
{
	if (!multi)
		return g->n ? 0 : (int)g->n;
	for (u32 i = 0; i < g->n; i++)
		if ((!l && !g->entry[i].link && g->entry[i].prog == p && p != replace) || (l && g->entry[i].link == l))
			return -EINVAL;
	for (u32 i = 0; replace && i < g->n; i++)
		if (!g->entry[i].link && g->entry[i].prog == replace)
			return (int)i;
	return replace ? -ENOENT : (int)g->n;
}

static int check_attach(struct hooks *h, const struct cgroup_ref *cg, const struct group *g, bool replace, u32 type,
			const char *name, const struct anchor *a, struct str *why)
{
	u32 saved = a->flags & (F_MULTI | F_OVERRIDE);

	if (saved == (F_MULTI | F_OVERRIDE) || (a->flags & BPF_F_REPLACE && !(a->flags & F_MULTI)) ||
	    (a->flags & BPF_F_REPLACE && a->flags & (F_BEFORE | F_AFTER)) || replace != !!(a->flags & BPF_F_REPLACE)) {
		str_printf(why, "attach flags 0x%x contradict each other", a->flags);
		return -EINVAL;
	}
	if (a->revision && a->revision != g->revision) {
		str_printf(why, "the cgroup's list is at revision %llu", (unsigned long long)g->revision);
		return -ESTALE;
	}
	if (!hierarchy_allows(h, cg->path, type, name)) {
		str_printf(why, "a program attached further up without BPF_F_ALLOW_OVERRIDE or _MULTI does not allow any here");
		return -EPERM;
	}
	if (g->n && g->flags != saved) {
		str_printf(why, "programs are attached here with flags 0x%x, not 0x%x", g->flags, saved);
		return -EPERM;
	}
	return g->n >= MAX_PROGS ? -E2BIG : 0;
}

/* LSM programs in cgroups have a list for each security hook. */
static void group_name(const struct prog *p, u32 type, char name[64])
{
	name[0] = '\0';
	if (type == ATTACH_LSM_CGROUP && p)
		snprintf(name, 64, "%.63s", p->attach_name);
}

static int set_entry(struct hooks *h, struct group *g, u32 at, bool fresh, struct prog *p, struct link *l, u32 flags)
{
	struct entry *e = &g->entry[at];
	u32 slot = l ? l->slot : hook_slot_new(h, p);

	if (!slot)
		return -ENOMEM;
	if (fresh) {
		memmove(e + 1, e, (g->n - at) * sizeof(*e));
		g->n++;
	}
	obj_get(&p->obj);
	*e = (struct entry){ p, l, flags, slot };
	return 0;
}

static void drop_entry(struct hooks *h, const struct entry *e)
{
	if (!e->link)
		hook_slot_free(h, e->slot);
	prog_put(e->prog);
}

int cgroup_attach(struct hooks *h, const struct cgroup_ref *cg, struct prog *p, struct link *l, struct prog *replace, u32 type,
		  const struct anchor *a, struct str *why)
{
	u32 saved = a->flags & (F_MULTI | F_OVERRIDE);
	struct cgroup_node *n;
	struct group *g = NULL, *undo = malloc(sizeof(*undo));
	struct hook_tx tx;
	char name[64];
	int at, err;
	bool fresh;

	group_name(p, type, name);
	hook_begin(h, &tx, why);
	n = node_get(h, cg);
	g = n ? group_get(n, type, name) : NULL;
	err = undo && g ? check_attach(h, cg, g, replace, type, name, a, why) : -ENOMEM;
	if (err)
		goto out;
	at = take_over(g, p, l, replace, a->flags & F_MULTI);
	fresh = at == (int)g->n;
	if (at >= 0 && fresh)
		at = position(g, l, a);
	*undo = *g;
	err = at < 0 ? at : set_entry(h, g, (u32)at, fresh, p, l, a->flags);
	if (err)
		goto out;
	g->flags = saved;
	refresh(h, &tx, n, type, name);
	err = hook_apply(&tx);
	if (err) {
		drop_entry(h, &g->entry[at]);
		*g = *undo;
	} else {
		g->revision++;
		if (!fresh)
			drop_entry(h, &undo->entry[at]);
		if (l)
			l->cgroup.node = n;
	}
	free(undo);
	hook_end(&tx);
	return err;
out:
	free(undo);
	return hook_abort(&tx, err);
}

/* Take entry `at` out of a group. Ends the transaction. */
static int take_out(struct hooks *h, struct hook_tx *tx, struct cgroup_node *n, struct group *g, u32 at)
{
	struct entry e = g->entry[at];
	int err;

	memmove(&g->entry[at], &g->entry[at + 1], (--g->n - at) * sizeof(e));
	g->revision++;
	if (!g->n)
		g->flags = 0;
	refresh(h, tx, n, g->type, g->name);
	err = hook_commit(tx);
	drop_entry(h, &e);
	return err;
}

int cgroup_detach(struct hooks *h, const struct cgroup_ref *cg, struct prog *p, u32 type, u64 revision, struct str *why)
{
	struct cgroup_node *n;
	struct hook_tx tx;
	struct group *g;
	char name[64];
	u32 at = 0;

	group_name(p, type, name);
	hook_begin(h, &tx, why);
	n = node_get(h, cg);
	g = n ? group_get(n, type, name) : NULL;
	if (!g)
		return hook_abort(&tx, -ENOMEM);
	if (revision && revision != g->revision)
		return hook_abort(&tx, -ESTALE);
	if (!(g->flags & F_MULTI))
		return g->n ? take_out(h, &tx, n, g, 0) : hook_abort(&tx, -ENOENT);
	if (!p)
		return hook_abort(&tx, -EINVAL);
	while (at < g->n && (g->entry[at].link || g->entry[at].prog != p))
		at++;
	return at < g->n ? take_out(h, &tx, n, g, at) : hook_abort(&tx, -ENOENT);
}

int cgroup_query(struct hooks *h, const struct cgroup_ref *cg, u32 type, bool all, struct attach_list *ret)
{
	bool lsm = type == ATTACH_LSM_CGROUP;
	struct entry *e = malloc(MAX_PROGS * 8 * sizeof(*e));
	struct cgroup_node *n;
	int err = e ? 0 : -ENOMEM;
	u32 cnt;

	ret->revision = lsm || all ? 0 : 1;
	hook_lock(h);
	for (n = *hook_cgroups(h); n && n->id != cg->id; n = n->next)
		;
	if (all && e) {
		cnt = effective(h, cg->path, type, "", e, MAX_PROGS * 8);
		for (u32 i = 0; i < cnt && !err; i++)
			err = attach_list_add(ret, e[i].prog->obj.id, 0, 0);
	}
	for (struct group *g = n && !all ? n->groups : NULL; g && !err; g = g->next) {
		if (g->type != type)
			continue;
		if (!lsm) {
			ret->flags = g->flags;
			ret->revision = g->revision;
		}
		for (u32 i = 0; i < g->n && !err; i++)
			err = attach_list_add(ret, g->entry[i].prog->obj.id, g->entry[i].link ? g->entry[i].link->obj.id : 0,
					      g->flags);
	}
	hook_unlock(h);
	free(e);
	return err;
}

/* ---- links ---- */
static struct group *link_entry(struct link *l, u32 *ret_at)
{
	char name[64];
	struct group *g;

	group_name(l->prog, l->attach_type, name);
	g = l->cgroup.node ? group_find(l->cgroup.node, l->attach_type, name) : NULL;
	for (u32 i = 0; g && i < g->n; i++)
		if (g->entry[i].link == l) {
			*ret_at = i;
			return g;
		}
	return NULL;
}

static void cgroup_release(struct link *l)
{
	struct hook_tx tx;
	struct group *g;
	u32 at;

	hook_begin(l->hooks, &tx, NULL);
	g = link_entry(l, &at);
	if (g)
		take_out(l->hooks, &tx, l->cgroup.node, g, at);
	else
		hook_abort(&tx, 0);
}

static int cgroup_update(struct link *l, struct prog *p, struct prog *old, struct str *why)
{
	struct hook_tx tx;
	struct prog *was;
	struct group *g;
	u32 at;
	int err;

	hook_begin(l->hooks, &tx, why);
	if (l->dead || !l->cgroup.node || !alive(l->cgroup.node))
		return hook_abort(&tx, -ENOLINK);
	if (old && l->prog != old)
		return hook_abort(&tx, -EPERM);
	if (l->prog->type != p->type)
		return hook_abort(&tx, -EINVAL);
	g = link_entry(l, &at);
	if (!g)
		return hook_abort(&tx, -ENOENT);
	was = g->entry[at].prog;
	obj_get(&p->obj);
	g->entry[at].prog = p;
	refresh(l->hooks, &tx, l->cgroup.node, g->type, g->name);
	err = hook_apply(&tx);
	if (err)
		g->entry[at].prog = was;
	else
		g->revision++;
	prog_put(err ? p : was);
	if (!err)
		link_set_prog(l, p);
	hook_end(&tx);
	return err;
}

const struct link_ops cgroup_link_ops = { .release = cgroup_release, .can_detach = true, .update = cgroup_update };

/* ---- events ---- */
s64 hook_fire_cgroup(struct hooks *h, const char *path, u32 type, const char *name, struct hook_event *ev)
{
	struct hook_place at = { .kind = HOOK_CGROUP, .sub = type };
	u32 token;
	s64 ret = 0;

	if (!hook_any(h, HOOK_CGROUP))
		return 0;
	if (name)
		snprintf(at.name, sizeof(at.name), "%s", name);
	token = hook_enter(h);
	for (int len = (int)strlen(path); len > 0; len = parent_len(path, len)) {
		struct cgroup_node *n = node_by_path(__atomic_load_n(hook_cgroups(h), __ATOMIC_ACQUIRE), path, (size_t)len);
		struct hook_point *pt = NULL;

		if (n) {
			at.number = n->id;
			pt = hook_point_find(h, &at);
		}
		if (pt) {
			ret = hook_fire(h, pt, ev);
			break;
		}
	}
	hook_leave(h, token);
	return ret;
}

void cgroups_free(struct hooks *h)
{
	struct cgroup_node *n = *hook_cgroups(h), *next;

	for (; n; n = next) {
		next = n->next;
		for (struct group *g = n->groups, *gn; g; g = gn) {
			gn = g->next;
			for (u32 i = 0; i < g->n; i++)
				prog_put(g->entry[i].prog);
			free(g);
		}
		free(n->path);
		free(n->mount);
		free(n);
	}
	*hook_cgroups(h) = NULL;
}
