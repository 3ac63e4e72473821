// SPDX-License-Identifier: BSD-2-Clause
/* An arena: a linked list with real pointers, in memory that user space sees at the same addresses. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16); /* pages */
	enum { arena_address = 0x1ull << 44 } map_extra;
} arena SEC(".maps");

extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *at, __u32 pages, int node, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void __arena *at, __u32 pages) __ksym;

struct node { struct node __arena *next; __u64 value; };

struct node __arena *head; /* a variable of the arena's own would do as well */

/* Builds 1..100 as a list and adds it up: 5050. */
SEC("syscall")
int list(void *ctx)
{
	struct node __arena *page = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0), *n;
	int total = 0;

	if (!page)
		return -1;
	head = NULL;
	for (int i = 0; i < 100; i++) {
		page[i].value = i + 1;
		page[i].next = head;
		head = &page[i];
	}
	n = head;
	for (int i = 0; i < 200 && n; i++) {
		total += n->value;
		n = n->next;
	}
	head = NULL;
	bpf_arena_free_pages(&arena, page, 1);
	return total;
}

char _license[] SEC("license") = "GPL";
