/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: attachments that are objects, with an id, descriptors and pins; and the attachments without a link beside them.
 *
 * Each kind of target has its own file with what Linux checks there, in Linux's order: it decides the errno. Descriptors were resolved
 * by the front door. Invariant: a link that is not dead is in the list of its target; the end of its last descriptor takes it out.
 */
#ifndef SKEP_HOOK_LINK_H
#define SKEP_HOOK_LINK_H

#include "hook/hook.h"

struct link;
struct perf_event;

struct link_ops {
	void (*release)(struct link *l); /* take it out of its target, if it is in; the attach lock is not held */
	void (*free)(struct link *l);    /* what the link owns; NULL: nothing */
	bool can_detach;                 /* BPF_LINK_DETACH exists for it */
	/* Exchange the program, which the link references then. `old` NULL: whatever it is. NULL: -EINVAL */
	int (*update)(struct link *l, struct prog *prog, struct prog *old, struct str *why);
};

/* What BPF_LINK_CREATE can attach at many places. */
struct link_kprobe { u64 cookie; u32 nr; };
struct link_uprobe { u64 offset, ref_ctr_offset, cookie; };

struct link {
	struct obj obj;
	const struct link_ops *ops;
	struct hooks *hooks;
	struct prog *prog;        /* referenced; NULL: struct_ops */
	u32 type, attach_type;    /* BPF_LINK_TYPE_* */
	u32 slot;
	u64 cookie;
	bool dead;                /* detached */
	union {
		struct { char name[128]; struct hook_place at; } raw_tp;
		struct { struct cgroup_node *node; } cgroup;
		struct { u32 ifindex, flags; } netdev;
		struct { u64 ino; } netns;
		struct { u32 pf, hooknum, flags; s32 priority; } netfilter;
		struct { struct perf_event *event; } perf;
		struct { struct map *map; } map; /* sockmap, struct_ops; referenced */
		struct {
			struct link_uprobe *at; /* owned */
			char *path;             /* owned: as its target is found now */
			u64 dev, ino;
			u32 n, flags;
			s32 pid;
		} uprobe;
		struct { struct link_kprobe *at; /* owned */ u32 n, flags; } kprobe;
		struct { u32 target_obj, target_btf; struct prog *target; } tracing;
		struct {
			const char *name;       /* of the target */
			u32 target;             /* index in iter.def */
			struct map *map;        /* referenced; NULL: none */
			u64 cgroup_id;
			u32 order, tid, pid;
		} iter;
	};
};

static inline struct link *link_of(struct obj *o) { return container_of(o, struct link, obj); }
/* A link that is in no target yet. Takes a reference to the program (may be NULL). 0, -ENOMEM... */
int link_new(struct hooks *h, struct objtab *tab, u32 type, u32 attach_type, const struct link_ops *ops, struct prog *p,
	     struct link **ret);
/* For update(): the link holds another program from now on. */
void link_set_prog(struct link *l, struct prog *p);
int link_detach(struct link *l);
int link_update(struct link *l, struct prog *prog, struct prog *old, struct str *why);

/* Where among its fellows something is to stand: relative_fd and the flags that go with it, resolved. */
struct anchor {
	u32 flags;            /* BPF_F_BEFORE, AFTER, REPLACE, ID, LINK, ALLOW_MULTI... as given */
	bool given;           /* a descriptor or id was given, or BPF_F_ID */
	struct prog *prog;    /* borrowed; NULL: none */
	struct link *link;
	int err;              /* resolving it failed so: reported when its turn comes */
	u64 revision;         /* expected; 0: any */
};
/* What BPF_PROG_QUERY tells of a target; arrays are malloc'ed. */
struct attach_list {
	u32 n, flags;
	u64 revision;
	u32 *prog, *link;     /* ids; links 0 where there is none */
	u32 *prog_flags;
};
void attach_list_free(struct attach_list *l);
int attach_list_add(struct attach_list *l, u32 prog, u32 link, u32 flags);

/* ---- cgroup.c ---- */
struct cgroup_ref { u64 id; char path[4096]; /* below the mount: "/" or "/a/b" */ char mount[256]; };
int cgroup_attach(struct hooks *h, const struct cgroup_ref *cg, struct prog *p, struct link *l, struct prog *replace, u32 type,
		  const struct anchor *a, struct str *why);
int cgroup_detach(struct hooks *h, const struct cgroup_ref *cg, struct prog *p, u32 type, u64 revision, struct str *why);
int cgroup_query(struct hooks *h, const struct cgroup_ref *cg, u32 type, bool effective, struct attach_list *ret);
u64 cgroup_node_id(const struct cgroup_node *n); /* 0: the cgroup is gone */
extern const struct link_ops cgroup_link_ops;
/*
 * An event in a cgroup (its path below the mount): the programs of the nearest cgroup above that has any. `name`: of the security hook,
 * for BPF_LSM_CGROUP, else NULL. As hook_fire(); 0 when there is nothing.
 */
s64 hook_fire_cgroup(struct hooks *h, const char *path, u32 type, const char *name, struct hook_event *ev);
void cgroups_free(struct hooks *h);

/* ---- netdev.c: XDP, tcx, netkit ---- */
int netdev_attach(struct hooks *h, u32 ifindex, struct prog *p, struct link *l, struct prog *replace, u32 type,
		  const struct anchor *a, struct str *why);
int netdev_detach(struct hooks *h, u32 ifindex, struct prog *p, u32 type, const struct anchor *a, struct str *why);
int netdev_query(struct hooks *h, u32 ifindex, u32 type, struct attach_list *ret);
int xdp_link_attach(struct hooks *h, struct link *l, u32 ifindex, u32 flags, struct str *why);
/* As netlink sets it: `p` NULL takes it off. expected: -1 none, else the program that must be there (with XDP_FLAGS_REPLACE). */
int xdp_set(struct hooks *h, u32 ifindex, struct prog *p, struct prog *expected, u32 flags, struct str *why);
extern const struct link_ops tcx_link_ops, xdp_link_ops;
void netdevs_free(struct hooks *h);

/* ---- single.c: targets with few programs: namespaces, socket maps, netfilter ---- */
int netns_link_attach(struct hooks *h, struct link *l, u64 ino, struct str *why);
int netns_attach(struct hooks *h, u64 ino, u32 type, struct prog *p, struct str *why);
int netns_detach(struct hooks *h, u64 ino, u32 type, struct prog *p, struct str *why);
int netns_query(struct hooks *h, u64 ino, u32 type, struct attach_list *ret);
int sockmap_attach(struct hooks *h, struct map *m, u32 type, struct prog *p, struct link *l, struct str *why);
int sockmap_detach(struct hooks *h, struct map *m, u32 type, struct prog *p, struct str *why);
int sockmap_query(struct hooks *h, struct map *m, u32 type, struct attach_list *ret);
int netfilter_attach(struct hooks *h, struct link *l, struct str *why);
extern const struct link_ops netns_link_ops, sockmap_link_ops, netfilter_link_ops;
void singles_free(struct hooks *h);

/* ---- probe.c: raw tracepoints, many uprobes ---- */
/* The raw tracepoint of this name: 0, -ENOENT; -EOPNOTSUPP and why when only a kernel has it. */
int raw_tp_place(struct hooks *h, const char *name, struct hook_place *ret, struct str *why);
int raw_tp_attach(struct hooks *h, struct link *l, const char *name, u64 cookie, struct str *why);
int uprobe_multi_attach(struct hooks *h, struct link *l, struct str *why); /* l->uprobe is filled in */
int lsm_attach(struct hooks *h, struct link *l, const char *name, struct str *why);
int kprobe_multi_attach(struct hooks *h, struct link *l, struct str *why); /* l->kprobe is filled in */
/* fentry, fexit of a kernel function: -EOPNOTSUPP and why when it is none of those that are seen. */
int func_attach(struct hooks *h, struct link *l, const char *name, bool exit, u64 cookie, struct str *why);
extern const struct link_ops raw_tp_link_ops, kprobe_link_ops, uprobe_link_ops, perf_link_ops;

#endif
