/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that programs allocate: references, what special fields hold, lists, trees.
 *
 * Duty: compilers of this machine leave out the tag of pointers in maps, so kptrs are tested here and not by an object file.
 * Invariant: every object made is given back, which the address of the next one of its layout shows.
 */
#include "unit/test.h"

#include "btf/btf.h"
#include "helper/graph.h"
#include "helper/object.h"
#include "map/map.h"

/* A node of a list and of a tree, with a reference count and a pointer to another object. */
struct node {
	u64 key;
	struct list_node l;
	struct tree_node t;
	u64 kptr;
	u32 refs;
};

static struct btf_field fields[] = {
	{ .kind = FIELD_LIST_NODE, .off = offsetof(struct node, l), .size = 24 },
	{ .kind = FIELD_RB_NODE, .off = offsetof(struct node, t), .size = 32 },
	{ .kind = FIELD_KPTR_REF, .off = offsetof(struct node, kptr), .size = 8 },
	{ .kind = FIELD_REFCOUNT, .off = offsetof(struct node, refs), .size = 4 },
};
static struct btf_record record = { .n = 4, .refcount_off = offsetof(struct node, refs), .fields = fields };

static const struct layout *node_layout(void)
{
	return object_layout(&record, sizeof(struct node), false);
}

TEST(layouts_are_shared)
{
	CHECK(node_layout() == node_layout());
	CHECK(node_layout() != object_layout(NULL, sizeof(struct node), false));
	CHECK(object_layout(NULL, 8, true) != object_layout(NULL, 8, false));
}

TEST(references)
{
	struct node *n = object_new(node_layout());

	CHECK_EQ(n->refs, 1);
	CHECK(object_ref(n) == n);
	CHECK(object_ref(&n->l) == &n->l); /* an interior pointer is the same object */
	CHECK_EQ(n->refs, 3);
	object_put(n);
	object_put(&n->t);
	CHECK_EQ(n->refs, 1);
	object_put(n);
	CHECK(object_ref(n) == NULL); /* it is gone, and its place still says so */
	CHECK(object_new(node_layout()) == n);
	object_put(n);
}

TEST(too_large)
{
	CHECK(object_new(object_layout(NULL, 5000, false)) == NULL);
	CHECK(object_new(object_layout(NULL, 513, true)) == NULL);
}

TEST(what_an_object_holds_goes_with_it)
{
	struct node *outer = object_new(node_layout()), *inner = object_new(node_layout());

	outer->kptr = (u64)(uintptr_t)inner;
	object_put(outer);
	CHECK(object_ref(inner) == NULL);
	CHECK_EQ(outer->kptr, 0);
}

TEST(what_a_value_holds_goes_with_it)
{
	static struct btf_field in_value[] = { { .kind = FIELD_KPTR_REF, .off = 8, .size = 8 },
					       { .kind = FIELD_LIST_HEAD, .off = 16, .size = 16 },
					       { .kind = FIELD_RB_ROOT, .off = 32, .size = 16 } };
	static struct btf_record of_value = { .n = 3, .refcount_off = -1, .fields = in_value };
	struct map m = { .record = &of_value };
	struct node *n[3];
	u64 value[6] = { 0 };

	for (u32 i = 0; i < 3; i++)
		n[i] = object_new(node_layout());
	value[1] = (u64)(uintptr_t)n[0];
	CHECK(list_add(&value[2], &n[1]->l, true));
	CHECK(tree_add((struct tree_root *)&value[4], &n[2]->t, NULL, NULL));
	object_fields_free(&m, value);
	CHECK_EQ(value[1], 0);
	for (u32 i = 0; i < 3; i++)
		CHECK(object_ref(n[i]) == NULL);
}

TEST(lists)
{
	struct node *a = object_new(node_layout()), *b = object_new(node_layout());
	u64 head[2] = { 0, 0 }, other[2] = { 0, 0 };

	CHECK(list_take(head, false) == NULL);
	CHECK(list_add(head, &a->l, false));
	CHECK(!list_add(other, &a->l, false));
	CHECK(list_add(head, &b->l, false));
	CHECK(list_end(head, false) == &b->l);
	CHECK(list_end(head, true) == &a->l);
	CHECK(list_take(head, true) == &a->l);
	CHECK(list_take(head, true) == &b->l);
	CHECK(list_take(head, true) == NULL);
	object_put(a);
	object_put(b);
}

static bool less(void *cookie, void *a, void *b)
{
	(void)cookie;
	return container_of((struct tree_node *)a, struct node, t)->key < container_of((struct tree_node *)b, struct node, t)->key;
}

/* Black height below n; -1: the colours are wrong. */
static int black_height(const struct tree_node *n)
{
	int l, r;

	if (!n)
		return 0;
	l = black_height(n->left);
	r = black_height(n->right);
	if (l < 0 || l != r || ((n->owner & 1) && ((n->left && n->left->owner & 1) || (n->right && n->right->owner & 1))))
		return -1;
	return l + !(n->owner & 1);
}

TEST(trees_stay_balanced_and_ordered)
{
	static struct node *n[500];
	struct tree_root t = { NULL, NULL };
	u64 last = 0;

	for (u32 i = 0; i < 500; i++) {
		n[i] = object_new(node_layout());
		n[i]->key = i * 7919u % 500;
		CHECK(tree_add(&t, &n[i]->t, less, NULL));
		CHECK(black_height(t.top) >= 0);
	}
	for (u32 i = 0; i < 500; i += 3) {
		CHECK(tree_remove(&t, &n[i]->t) == &n[i]->t);
		CHECK(tree_remove(&t, &n[i]->t) == NULL);
		CHECK(black_height(t.top) >= 0);
		object_put(n[i]);
	}
	while (t.first) {
		struct node *f = container_of(t.first, struct node, t);
		CHECK(f->key >= last);
		last = f->key;
		tree_remove(&t, t.first);
		CHECK(black_height(t.top) >= 0);
		object_put(f);
	}
	CHECK(t.top == NULL);
}

TEST(per_cpu_objects)
{
	u64 *p = object_new(object_layout(NULL, 24, true));

	for (u32 cpu = 0; cpu < map_possible_cpus(); cpu++)
		CHECK(object_lane(p, cpu) == (u8 *)p + 24 * cpu);
	CHECK(object_lane(p, map_possible_cpus()) == NULL);
	object_put(p);
}
