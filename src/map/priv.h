/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of map/ share: the head page of a map's file, the row of operations of a map type, pools of nodes.
 *
 * Invariant: indices are 1-based and 0 means none; an index from the file is compared with struct map's own limit before use.
 */
#ifndef SKEP_MAP_PRIV_H
#define SKEP_MAP_PRIV_H

#include "map/lock.h"
#include "btf/btf.h"
#include "map/map.h"

#define MAP_MAGIC   0x70656b73u /* "skep" */
#define MAP_VERSION 1
#define MAP_PAGE    4096u
#define MAP_LINE    64u
#define POOL_SHARDS 16u
/* Nodes beyond max_entries, for replacements in flight: more writers than this at once wait for one another. */
#define POOL_EXTRA  128u

/* Limits of the kernel that sizes are checked against. */
#define KMALLOC_MAX  ((u64)4 << 20)
#define PERCPU_MAX   (32u << 10)
#define NUMA_ANY     (~0u)

/* Where things are in the file. Offsets are multiples of 64; the head is the last page. */
struct map_geom {
	u64 size;                    /* without the head page */
	u64 mmap_size;               /* from offset 0, what a client may map */
	u64 data, lane, nodes, table, aux;
	u32 stride, node_size, nnodes, key_off, value_off, table_mask, index_mask, aux_n;
	u32 max_entries;             /* 0: as asked for */
	u32 key_len, value_len;      /* 0: as asked for */
};

/* Free nodes: stacks of indices, tagged against reuse between load and swap, and a border of never used ones. */
struct pool_stack { u64 top __attribute__((aligned(64))); /* tag << 32 | index */ };
struct pool {
	struct pool_stack shard[POOL_SHARDS];
	struct pool_stack extra;
	u32 fresh __attribute__((aligned(64)));
	u32 extra_fresh;
	u32 lost;                    /* a writer died: nodes may belong to nobody */
	u32 fails;
	u32 rounds;                  /* sweeps so far */
};

struct map_head {
	u32 magic, version;
	u32 type, key_size, value_size, max_entries, flags, id;
	u64 extra;
	char name[16];
	u32 ncpu, pad;
	u64 seed;
	u32 frozen;
	lease lock __attribute__((aligned(64))); /* the type's one lock: trie, queue, reservations */
	u32 seq;                     /* trie: changes whenever a node may be reused */
	u32 root, count;
	u32 free_node, free_joint;   /* trie */
	u64 ends __attribute__((aligned(64)));   /* queue: head << 32 | tail */
	u64 pending;                 /* ring: oldest record not yet committed */
	u32 rung;                    /* ring: somebody rang for it (map_ring_rung) */
	struct pool pool __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct map_head) <= MAP_PAGE, "the head is one page");

/* First words of every node of a hash or trie; key and value follow at key_off and value_off. */
struct node {
	u32 next;                    /* in the bucket */
	u32 hash;
	u32 link;                    /* in a free stack; LRU: towards the tail of its list */
	u32 meta;                    /* LRU: place, see lru.c */
};

struct bucket {
	lease lock;
	u32 head;
	u32 seq;                     /* odd or even alike: changes before a node of this bucket may be reused */
};
_Static_assert(sizeof(struct bucket) == 1 << MAP_BUCKET_SHIFT, "map.h knows the size");
/* Only who holds the lock writes it. */
static inline void bucket_moves(struct bucket *b)
{
	__atomic_store_n(&b->seq, __atomic_load_n(&b->seq, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}

/* LRU nodes: links of the list it is on besides, and who took it off the free list last. */
struct lru_node {
	struct node n;               /* link: towards the tail */
	u32 prev;                    /* towards the head */
	u32 owner;                   /* lease_short of the process that has it in flight */
};

enum check_btf { BTF_ANSWER_EINVAL, BTF_NO_KEY, BTF_OPTIONAL, BTF_NOT_SUPPORTED, BTF_ARRAY_KEY, BTF_INT_KEY, BTF_ANY_KEY,
		 BTF_STRUCT_KEY };

/*
 * What programs can do with a map of a type: freestanding, so that the agent, which links only what these reach, is made of
 * the same sources. -errno in no_*: what a missing operation answers; 0: -ENOTSUPP.
 */
struct map_ops {
	void *(*lookup)(struct map *m, const void *key, u32 cpu);
	int (*update)(struct map *m, const void *key, const void *value, u64 flags, u32 cpu);
	int (*remove)(struct map *m, const void *key, u32 cpu);
	int (*push)(struct map *m, const void *value, u64 flags);
	int (*pop)(struct map *m, void *value);
	int (*peek)(struct map *m, void *value);
	s64 (*for_each)(struct map *m, map_visit fn, void *ctx, u32 cpu);
	void (*pick)(struct map *m);    /* set m->lookup to one made for this map; NULL: none better than lookup */
	int no_update, no_delete;
	bool percpu;
};
extern const struct map_ops *const map_ops[UAPI_MAP_TYPES];

/* What user space and whoever makes maps can do besides. */
struct map_type {
	const struct map_ops *ops;
	int (*check)(const struct map_attr *a);                     /* before privileges: limits and flags; NULL: none */
	int (*layout)(const struct map_attr *a, struct map_geom *g); /* sizes; may refuse */
	int (*init)(struct map *m, const struct map_attr *a);       /* first contents; NULL: zero memory is right */
	int (*view)(struct map *m);                                 /* the process's own tables; NULL: none */
	void (*destroy)(struct map *m);
	int (*next_key)(struct map *m, const void *key, void *next);

	/* where it is not made of map_ops */
	int (*copy_out)(struct map *m, const void *key, void *value, u64 flags);
	int (*copy_in)(struct map *m, const void *key, const void *value, u64 flags);
	int (*take)(struct map *m, const void *key, void *value, u64 flags);
	int (*remove_sys)(struct map *m, const void *key);
	int (*set_obj)(struct map *m, const void *key, struct obj *o, u64 flags);
	int (*batch_out)(struct map *m, struct map_batch *b, bool take);

	int no_lookup, no_next; /* as in map_ops */
	enum obj_kind obj_kind;
	enum map_names key_names, value_names;
	enum check_btf btf;
	bool batch;          /* generic batches made of single operations */
	bool batch_change;   /* update and delete batches */
	bool no_batch_delete;       /* though elements can be deleted one by one */
	bool queue;          /* update pushes, lookup peeks, lookup_and_delete pops */
};
extern const struct map_type *const map_types[UAPI_MAP_TYPES];

/* ---- cmd.c: what a view needs for bpf(2) ---- */
void map_view_sys(struct map *m);

/* ---- map.c ---- */
/* Is there a flag that maps of the type are not made with? */
static inline bool map_flags_unknown(const struct map_attr *a)
{
	return a->flags & ~map_spec[a->type].create_flags;
}
static inline u64 geom_add(struct map_geom *g, u64 bytes)
{
	u64 at = g->size;

	g->size += ROUND_UP(bytes, (u64)MAP_LINE);
	return at;
}
/* A frozen array that programs may only read: put a copy of its values, of this process alone, where they were. */
int map_own_copy(struct map *m);
/* Programs' operations of each type: some are made of another's. */
#define M(id, ...) extern const struct map_ops map_ops_##id;
#include "spec/map.def"
u32 map_kernel_cpus(void);       /* CPUs the kernel was built for: how long a cpumap may be */
u32 round_up_pow2(u32 n);        /* 0 when it does not fit */
int map_numa(const struct map_attr *a); /* node asked for, NUMA_ANY: none */
bool map_access_ok(u32 flags);
static inline u32 value_room(const struct map *m) { return ROUND_UP(m->value_len, 8u); }

/* ---- value.c: copies between the file and plain memory; special fields stay where they are ---- */
void shm_write(void *shm, const void *src, u32 n);
void shm_read(void *dst, const void *shm, u32 n);
void shm_zero(void *shm, u32 n);
void value_in(struct map *m, void *shm, const void *src);
void value_out(struct map *m, void *dst, const void *shm);        /* special fields read as zero */
void value_in_locked(struct map *m, void *shm, const void *src);
void value_out_locked(struct map *m, void *dst, const void *shm);
void value_gone(struct map *m, void *shm);                         /* frees what special fields hold */
void hash_value_gone(struct map *m, u32 i);                        /* of an element, all lanes */
bool value_has_lock(const struct map *m);
/* per-CPU: all lanes, each rounded up to 8, as bpf(2) shows them */
void lanes_in(struct map *m, u64 off, const void *src);
void lanes_out(struct map *m, void *dst, u64 off);

static inline u32 load32(const u32 *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
/* The number, or one below n: a division only for what a file should not say. */
static inline u32 below(u32 v, u32 n) { return likely(v < n) ? v : v % n; }

/* ---- pool.c ---- */
static inline struct node *node_at(const struct map *m, u32 i)
{
	return (struct node *)(void *)(m->nodes + (u64)i * m->node_size);
}
static inline u32 node_check(const struct map *m, u32 i) { return likely(i <= m->nnodes) ? i : 0; }
static inline void *node_key(const struct map *m, struct node *n) { return (u8 *)n + m->key_off; }
static inline void *node_value(const struct map *m, struct node *n) { return (u8 *)n + m->value_off; }
u32 pool_get(struct map *m, u32 cpu);   /* 0: none left */
void pool_put(struct map *m, u32 i, u32 cpu);
u32 pool_get_extra(struct map *m);
void pool_put_extra(struct map *m, u32 i);
void pool_reset(struct map *m);         /* all locks held: every stack empty, everything used */

/* ---- hash.c, lru.c ---- */
struct bucket *hash_bucket(const struct map *m, u32 hash);
u32 hash_key(const struct map *m, const void *key);
int hash_check(const struct map_attr *a);
int hash_layout(const struct map_attr *a, struct map_geom *g);
int bucket_got(struct map *m, struct bucket *b, int got); /* the lock, but not at once */
static inline int bucket_lock(struct map *m, struct bucket *b)
{
	int got = lease_lock(&b->lock, m->self);

	return likely(got == LEASE_OK) ? 0 : bucket_got(m, b, got);
}
u32 bucket_find(const struct map *m, struct bucket *b, u32 hash, const void *key, u32 **ret_link);
void hash_fill(struct map *m, u32 i, u32 hash, const void *key, const void *value, u32 cpu, bool all_lanes);
void hash_set_lanes(struct map *m, u32 i, const void *value, u32 cpu, bool all_lanes);
void hash_copy(struct map *m, u32 i, void *value, u64 flags); /* as bpf(2) shows it */
void bucket_unlink(struct map *m, struct bucket *b, u32 *link, u32 i);
u32 hash_find(struct map *m, const void *key);
void *hash_value(struct map *m, u32 i, u32 cpu);
int hash_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu, bool all_lanes);
int hash_update_flags(u64 flags, bool found);
int hash_sys_lookup(struct map *m, const void *key, void *value, u64 flags);
int hash_next(struct map *m, const void *key, void *next);
s64 hash_for_each(struct map *m, map_visit fn, void *ctx, u32 cpu);
int hash_batch(struct map *m, struct map_batch *b, bool take);
int lru_init(struct map *m, const struct map_attr *a);
void lru_layout(const struct map_attr *a, struct map_geom *g);
u32 lru_get(struct map *m, u32 hash, u32 cpu); /* 0: none, not even by eviction */
bool lru_spare(const struct map *m, u32 cpu);  /* lru_get() and lru_put() after it would change nothing */
void lru_put(struct map *m, u32 i);
void lru_touch(struct map *m, u32 i);
bool lru_unhash(struct map *m, u32 i); /* take it out of its bucket; false when it is in none */
static inline struct lru_node *lru_at(const struct map *m, u32 i) { return (struct lru_node *)(void *)node_at(m, i); }

/* ---- array.c ---- */
int array_check(const struct map_attr *a);
int array_next_key(struct map *m, const void *key, void *next);

/* ---- fd.c: maps whose values are objects ---- */
void objs_put(struct obj *o);
int objs_view(struct map *m, u32 n);
void objs_destroy(struct map *m);
int objs_check(struct map *m, struct obj *o); /* may it be a value here? */
void *objs_map(struct map *m, u32 i, u32 id); /* the inner map in slot i; freestanding */
int of_maps_init(struct map *m, const struct map_attr *a);
int fd_array_check(const struct map_attr *a);

#endif
