/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists and red-black trees of programs' objects: see graph.h. */
#include "helper/graph.h"

#include "helper/object.h"

/* ---- lists ---- */
void list_init(void *head)
{
	struct list_node *h = head;

	h->next = h->prev = h;
}

static struct list_node *head_of(void *head)
{
	struct list_node *h = head;

	if (!h->next)
		list_init(h);
	return h;
}

static void link_after(struct list_node *n, struct list_node *at)
{
	n->prev = at;
	n->next = at->next;
	at->next->prev = n;
	at->next = n;
}

bool list_add(void *head, void *node, bool back)
{
	struct list_node *h = head_of(head), *n = node;
	void *none = NULL;

	if (!__atomic_compare_exchange_n(&n->owner, &none, head, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	link_after(n, back ? h->prev : h);
	return true;
}

void *list_end(void *head, bool back)
{
	struct list_node *h = head_of(head), *n = back ? h->prev : h->next;

	return n == h ? NULL : n;
}

void *list_take(void *head, bool back)
{
	struct list_node *n = list_end(head, back);

	if (!n)
		return NULL;
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = n;
	__atomic_store_n(&n->owner, NULL, __ATOMIC_RELEASE);
	return n;
}

void list_free(void *head)
{
	void *n;

	while ((n = list_take(head, false)))
		object_put(n);
}

/* ---- trees: red-black, as Cormen, Leiserson, Rivest and Stein describe them; shapes equal Linux's ---- */
static bool red(const struct tree_node *n) { return n && (n->owner & 1); }
static void set_red(struct tree_node *n, bool on) { n->owner = (n->owner & ~(u64)1) | on; }

bool tree_has(const struct tree_root *t, const struct tree_node *n)
{
	return (n->owner & ~(u64)1) == (u64)(uintptr_t)t;
}

static void replace_child(struct tree_root *t, struct tree_node *old, struct tree_node *new)
{
	struct tree_node *p = old->parent;

	if (!p)
		t->top = new;
	else if (p->left == old)
		p->left = new;
	else
		p->right = new;
	if (new)
		new->parent = p;
}

static void rotate(struct tree_root *t, struct tree_node *n, bool left)
{
	struct tree_node *up = left ? n->right : n->left;
	struct tree_node *mid = left ? up->left : up->right;

	replace_child(t, n, up);
	if (left)
		n->right = mid, up->left = n;
	else
		n->left = mid, up->right = n;
	if (mid)
		mid->parent = n;
	n->parent = up;
}

static void fix_insert(struct tree_root *t, struct tree_node *n)
{
	while (red(n->parent)) {
		struct tree_node *p = n->parent, *g = p->parent;
		bool left = p == g->left;
		struct tree_node *uncle = left ? g->right : g->left;
		if (red(uncle)) {
			set_red(p, false);
			set_red(uncle, false);
			set_red(g, true);
			n = g;
			continue;
		}
		if (n == (left ? p->right : p->left)) {
			rotate(t, p, left);
			p = n;
		}
		set_red(p, false);
		set_red(g, true);
		rotate(t, g, !left);
		break;
	}
	set_red(t->top, false);
}

bool tree_add(struct tree_root *t, struct tree_node *n, bool (*less)(void *cookie, void *a, void *b), void *cookie)
{
	struct tree_node **link = &t->top, *parent = NULL;
	bool first = true;
	u64 none = 0;

	if (!__atomic_compare_exchange_n(&n->owner, &none, (u64)(uintptr_t)t | 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	while (*link) {
		parent = *link;
		if (less(cookie, n, parent)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	n->parent = parent;
	n->left = n->right = NULL;
	*link = n;
	if (first)
		t->first = n;
	fix_insert(t, n);
	return true;
}

static struct tree_node *next_of(struct tree_node *n)
{
	if (n->right) {
		for (n = n->right; n->left;)
			n = n->left;
		return n;
	}
	while (n->parent && n == n->parent->right)
		n = n->parent;
	return n->parent;
}

/* A black node is missing above x, a child of p. */
static void fix_remove(struct tree_root *t, struct tree_node *x, struct tree_node *p)
{
	while (p && !red(x)) {
		bool left = x == p->left;
		struct tree_node *s = left ? p->right : p->left, *near, *far;
		if (red(s)) {
			set_red(s, false);
			set_red(p, true);
			rotate(t, p, left);
			s = left ? p->right : p->left;
		}
		near = left ? s->left : s->right;
		far = left ? s->right : s->left;
		if (!red(near) && !red(far)) {
			set_red(s, true);
			x = p;
			p = p->parent;
			continue;
		}
		if (!red(far)) {
			set_red(near, false);
			set_red(s, true);
			rotate(t, s, !left);
			far = s;
			s = near;
		}
		set_red(s, red(p));
		set_red(p, false);
		set_red(far, false);
		rotate(t, p, left);
		return;
	}
	if (x)
		set_red(x, false);
}

void *tree_remove(struct tree_root *t, struct tree_node *n)
{
	struct tree_node *x, *p, *next;
	bool was_red = red(n);

	if (!tree_has(t, n))
		return NULL;
	if (t->first == n)
		t->first = next_of(n);
	if (!n->left || !n->right) {
		x = n->left ? n->left : n->right;
		p = n->parent;
		replace_child(t, n, x);
	} else {
		/* its successor takes its place and colour */
		for (next = n->right; next->left;)
			next = next->left;
		was_red = red(next);
		x = next->right;
		p = next->parent == n ? next : next->parent;
		if (next->parent != n) {
			replace_child(t, next, x);
			next->right = n->right;
			next->right->parent = next;
		}
		replace_child(t, n, next);
		next->left = n->left;
		next->left->parent = next;
		set_red(next, red(n));
	}
	if (!was_red)
		fix_remove(t, x, p);
	n->parent = n->left = n->right = NULL;
	__atomic_store_n(&n->owner, 0, __ATOMIC_RELEASE);
	return n;
}

void tree_free(void *root)
{
	struct tree_root *t = root;
	struct tree_node *n;

	while ((n = t->top)) {
		tree_remove(t, n);
		object_put(n);
	}
}
