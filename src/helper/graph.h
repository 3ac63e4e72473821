/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists and trees of programs' objects, in bpf_list_head, bpf_list_node, bpf_rb_root and bpf_rb_node.
 *
 * Invariant: a node's owner is the head or root it is linked in, and NULL when it is in none. Whoever calls holds the lock.
 */
#ifndef SKEP_HELPER_GRAPH_H
#define SKEP_HELPER_GRAPH_H

#include "base/types.h"

struct list_node { struct list_node *next, *prev; void *owner; }; /* a head is its first two words; all 0: empty */
struct tree_node { struct tree_node *parent, *left, *right; u64 owner; }; /* owner: root | red */
struct tree_root { struct tree_node *top, *first; };

void list_init(void *head);
void list_free(void *head);
void tree_free(void *root);
bool list_add(void *head, void *node, bool back); /* false: it is in a list already */
void *list_take(void *head, bool back);
void *list_end(void *head, bool back);
/* less(cookie, a, b): is a before b? */
bool tree_add(struct tree_root *t, struct tree_node *n, bool (*less)(void *cookie, void *a, void *b), void *cookie);
void *tree_remove(struct tree_root *t, struct tree_node *n); /* NULL: not in this tree */
bool tree_has(const struct tree_root *t, const struct tree_node *n);

#endif
