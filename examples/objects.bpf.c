/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects of the program's own: the three longest packets so far are kept in a tree, allocated one by one. A spin lock beside
 * the root protects it; what leaves the tree is freed by who took it out.
 */
#include <linux/pkt_cls.h>

#include "net.h"

#define KEEP 3
#define object_of(ptr, type, member) ((type *)((void *)(ptr) - __builtin_offsetof(type, member)))
#define contains(type, node) __attribute__((btf_decl_tag("contains:" #type ":" #node)))

struct bpf_rb_root { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));
struct bpf_rb_node { __u64 : 64; __u64 : 64; __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));

struct seen {
	__u64 bytes;
	struct bpf_rb_node node;
};

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       _Bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;

SEC(".bss.tree") __hidden struct bpf_spin_lock lock __attribute__((aligned(8)));
SEC(".bss.tree") __hidden struct bpf_rb_root root __attribute__((aligned(8))) contains(seen, node);

__u64 kept, shortest_dropped;

static _Bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return object_of(a, struct seen, node)->bytes < object_of(b, struct seen, node)->bytes;
}

SEC("tc")
int longest(struct __sk_buff *skb)
{
	struct seen *s = bpf_obj_new_impl(__builtin_btf_type_id(*(struct seen *)0, 0), 0);
	struct bpf_rb_node *out = 0;

	if (!s)
		return TC_ACT_SHOT;
	s->bytes = skb->len;
	bpf_spin_lock(&lock);
	bpf_rbtree_add_impl(&root, &s->node, less, 0, 0);
	if (++kept > KEEP) {
		kept--;
		out = bpf_rbtree_first(&root);
		if (out)
			out = bpf_rbtree_remove(&root, out);
	}
	bpf_spin_unlock(&lock);
	if (!out)
		return TC_ACT_OK;
	s = object_of(out, struct seen, node);
	shortest_dropped = s->bytes;
	bpf_obj_drop_impl(s, 0);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
