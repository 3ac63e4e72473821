/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attachments as the front door makes them: points and their lists (hook/source.h), changed in transactions; links.
 *
 * A transaction takes the attach lock, edits drafts of the lists of any number of points, asks their providers, and either all
 * drafts become the lists or nothing has happened.
 * Invariant: a list holds a reference to each of its programs; it is freed when no event can be looking at it any more.
 */
#ifndef SKEP_HOOK_HOOK_H
#define SKEP_HOOK_HOOK_H

#include <pthread.h>

#include "hook/source.h"

struct hooks *hooks_new(struct objtab *tab);
struct objtab *hooks_objects(const struct hooks *h);
void hooks_free(struct hooks *h);
struct cgroup_node;
struct list;
struct netdev_list;
struct single;
struct tracepoints;
/* Counts of runs and their time are wanted (BPF_ENABLE_STATS): asked per event. NULL: never. */
void hooks_stats(struct hooks *h, const u32 *users);
/* What other files keep per subsystem; under the attach lock. */
struct cgroup_node **hook_cgroups(struct hooks *h);
struct netdev_list **hook_netdevs(struct hooks *h);
struct single **hook_singles(struct hooks *h);
struct tracepoints **hook_tracepoints(struct hooks *h);
void hooks_kernel_btf(struct hooks *h, const struct btf *b);
bool hook_counts(const struct hooks *h);
const struct btf *hook_btf(const struct hooks *h);

/* One program of a draft. */
struct hook_item {
	struct prog *prog;      /* borrowed from who edits */
	struct hook_ref ref;    /* prog_id, prog_type and slot are filled in */
};

struct hook_tx {
	struct hooks *h;
	struct hook_point **pt; /* whose drafts were opened */
	u32 n, cap;
	struct list **old;      /* lists that were replaced */
	int err;                /* the first failure of an edit: commit gives it back */
	struct str *why;
};

void hook_begin(struct hooks *h, struct hook_tx *tx, struct str *why);
/* The draft of a point's list, opened on first use: NULL, and tx->err, when there is no memory. */
struct hook_point *hook_draft(struct hook_tx *tx, const struct hook_place *at);
u32 hook_draft_count(const struct hook_point *pt);
void hook_append(struct hook_tx *tx, struct hook_point *pt, struct prog *p, const struct hook_ref *ref);
void hook_clear(struct hook_point *pt);
/* Have the drafts take effect, or drop them when that fails: 0 or -errno. The lock is held until hook_end(). */
int hook_apply(struct hook_tx *tx);
void hook_end(struct hook_tx *tx);
/* Both. Dropping the drafts instead gives back `err`. */
int hook_commit(struct hook_tx *tx);
int hook_abort(struct hook_tx *tx, int err);

/* A number for an attachment, for its counters and to find it in lists. 0: no memory. */
u32 hook_slot_new(struct hooks *h, struct prog *p);
void hook_slot_free(struct hooks *h, u32 slot);
void hook_slot_prog(struct hooks *h, u32 slot, struct prog *p);
/* The attach lock, for attachments that have lists of their own beside (cgroups, devices). */
void hook_lock(struct hooks *h);
void hook_unlock(struct hooks *h);
/* Remove from these points, and from any the transaction adds, every item with this slot. */
void hook_drop_slot(struct hook_tx *tx, struct hook_point *pt, u32 slot);

/* Has an embedding program declared a tracepoint of this name? */
void hook_printk_to(struct hooks *h, struct run_env *env);
bool hook_declared(struct hooks *h, const char *name, u32 *ret_writable);

/* Is there somebody who makes events of this kind? 0 or -EOPNOTSUPP and why. */
int hook_served(struct hooks *h, enum hook_kind kind, struct str *why);

#endif
