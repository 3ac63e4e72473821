/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps: one shared-memory file per map, and the operations that bpf(2) and programs have on it.
 *
 * The file (a memfd, sealed against resizing) holds everything: first the part a client may mmap (array values, ring
 * buffer pages), then the tables of the type, and in its last page a struct map_head that describes it. It holds indices, never
 * pointers, and each index read from it is checked against this process's own copy of the limits, so a process that scribbles
 * over a map can spoil its contents and nothing else. struct map is the per-process view: addresses, limits, operations.
 *
 * Invariant: whatever instruction a writer is killed at, every element whose update returned stays, lookups never wait, and
 * other writers go on within 10 ms (map/lock.h). What map_prog_* reach is freestanding (DESIGN rule 10).
 */
#ifndef SKEP_MAP_MAP_H
#define SKEP_MAP_MAP_H

#include "isa/isa.h"
#include "obj/obj.h"
#include "spec/spec.h"

struct btf_record;
struct image;
struct map;
struct map_head;
struct map_self;
struct map_ops;
struct map_type;

/* ---- creation ---- */
struct map_attr {
	u32 type, key_size, value_size, max_entries, flags;
	u64 extra;
	u32 numa_node, ifindex;
	bool no_zero_seed;            /* the creator may not use BPF_F_ZERO_SEED (it lacks CAP_SYS_ADMIN) */
	char name[16];
	struct map *inner;            /* map-in-map: the template; only read */
	const struct btf *btf;        /* NULL: none */
	struct obj *btf_obj;          /* referenced while the map lives; NULL: none */
	u32 btf_key, btf_value, btf_vmlinux_value;
	struct btf_record *record;    /* special fields of the value; owned by the map once map_create returned 0 */
	const struct image *(*image_of)(struct obj *prog); /* prog_array: what a slot runs */
	/* prog_array: may this program enter? 0 or -EINVAL; NULL: any may */
	int (*prog_ok)(struct map *m, struct obj *prog);
};

/*
 * Everything Linux checks of BPF_MAP_CREATE after resolving descriptors and privileges (sys/ does those): -EINVAL, -E2BIG,
 * -ENOMEM, -EPERM, -ENOTSUPP, -EOPNOTSUPP. The caller holds the first reference.
 */
int map_create(struct objtab *t, const struct map_attr *a, struct map **ret);
/* A part of these checks alone, for who has others to make in between: what precedes privileges, or what allocation says. */
int map_check(const struct map_attr *a, bool alloc);
/* View a map by its file alone, in a process that has no object for it (the descriptor is only read). Not an object: detach it. */
int map_attach(int memfd, struct map **ret);
void map_detach(struct map *m);

/* ---- the per-process view ---- */
struct map {
	struct obj obj;               /* first: a map is an object */
	struct map_desc desc;
	const struct map_ops *ops;    /* programs' side */
	const struct map_type *type;  /* user space's side; NULL in an agent */
	struct map_head *head;        /* last page of the file: limits, counters, lock words */
	struct map_self *self;        /* who this process is to lock words; wiped by fork */
	u8 *base;                     /* file mapped whole; base[-8] holds a struct map * (the page before is ours) */
	u64 file_size;

	/* What inlined code needs: array value i of lane c is data + c * lane + i * stride. */
	u8 *data;
	u32 stride;                   /* bytes from element to element */
	u32 ncpu;                     /* lanes of a per-CPU map, else 1 */
	u64 lane;                     /* bytes from lane to lane */
	u32 index_mask;               /* array: max_entries rounded up to 2^n, minus 1 */

	/* Tables of the type, all inside the file; meaning in the type's own file. */
	u8 *nodes;
	void *table;                  /* hash: buckets; ids of fd-valued maps */
	u8 *aux;
	u32 node_size, nnodes, key_off, value_off, table_mask, aux_n;
	u32 key_len, value_len;       /* in the table: what desc says, or more where a descriptor stands for something */
	u64 seed;
	u32 pool_shards;
	void *(*lookup)(struct map *m, const void *key, u32 cpu); /* what map_prog_lookup does, made for this key size */
	u64 mmap_size;                /* bytes a client may map, 0: none */
	u32 user_value_size;          /* map_user_value_size() */
	bool plain;                   /* keys and values are bytes to bpf(2), and there are keys, or it is a queue */

	/* Objects in fd-valued maps, by slot, in this process: struct obj * with a reference each. */
	struct obj **objs;
	void *(*in_slot)(struct map *m, u32 slot, u32 id); /* the inner map of that number; NULL: there are none */
	const struct image **images;  /* prog_array */
	const struct image *(*image_of)(struct obj *prog);
	int (*prog_ok)(struct map *m, struct obj *prog);
	pthread_mutex_t objs_lock;    /* changes of objs and images */

	struct obj *btf_obj;
	struct btf_record *record;
	struct map_desc *inner_desc;  /* owned: template of a map-in-map */
	struct obj *inner_ref, *inner_btf; /* what inner_desc points into */
	struct perf_sink **sinks;     /* perf_event_array */
	struct perf_sink *(*sink)(struct map *m, u32 i); /* where sinks of other processes are found; NULL: only the above */
	u32 ring_owner;               /* ring: this process' number in its table; a guess, checked on use */
	struct obj *(*resolve)(struct map *m, u32 slot, u32 id); /* objects another process put here; NULL: unknown */
	const struct image *(*image_at)(struct map *m, u32 slot, u32 id); /* the same of what images holds; NULL: that is all */
	/* maps of sockets: what a program gets for a cookie, with a reference; NULL: it is closed */
	void *(*socket)(struct map *m, u64 cookie);
	bool (*socket_open)(u64 cookie);
	bool frozen;                  /* this view's data can no longer change: a private, read-only copy */
	u64 numa_flags;
	int wake_fd;                  /* ring buffers: eventfd to kick, -1: nobody listens */
	struct map_bell *bell;        /* where there is no such descriptor: who is told; NULL: nobody */
	/* special fields of a value that goes away (timers, kptrs...); NULL: nothing to do */
	void (*field_free)(struct map *m, void *value);
	/* user space let go of the map (last false), or it is about to be freed (last true); NULL: nothing to do */
	void (*gone)(struct map *m, bool last);
	struct ins_arena arena;       /* arena: what compiled code needs; user_va 0: nobody has mapped it yet */
	u64 arena_sink[4];
	void *user;                   /* for whoever made the map (devmap targets, struct_ops...) */
};

/*
 * What an element belongs to, where its key is a descriptor to bpf(2): the number that the kernel gives a socket (its cookie),
 * a task (the inode of its pidfd) or a cgroup (its id) and never again; a file's device, inode and time of birth.
 */
struct map_owner { u64 word[3]; };
enum map_names { MAP_NAMES_NOTHING, MAP_NAMES_SOCKET, MAP_NAMES_FILE, MAP_NAMES_TASK, MAP_NAMES_CGROUP, MAP_NAMES_XSK };

static inline struct map *map_of(struct obj *o) { return container_of(o, struct map, obj); }

/* ---- bpf(2)'s side; keys and values are plain memory of the size bpf(2) says ---- */
/* Bytes of a value as user space sees it: rounded up to 8 and times the possible CPUs for per-CPU maps, 4 for descriptors. */
u32 map_user_value_size(const struct map *m);
/* What an update's value names: OBJ_PROG or OBJ_MAP when it is a descriptor of that kind, else OBJ_NONE. */
enum obj_kind map_value_obj(const struct map *m);
/* What a key or a value names by descriptor: whoever serves bpf(2) puts a struct map_owner (of a value: its first word) there. */
enum map_names map_key_names(const struct map *m);
enum map_names map_value_names(const struct map *m);
/* value NULL where values name something: what Linux checks before it looks at the descriptor. */
u32 map_possible_cpus(void);

/* `key` is NULL iff key_size is 0 (queue, stack, bloom filter). A frozen map answers -EPERM to every change. */
int map_lookup(struct map *m, const void *key, void *value, u64 flags);
int map_update(struct map *m, const void *key, const void *value, u64 flags);
/* map_value_obj(m) != OBJ_NONE; takes its own reference. `o` NULL: only what is checked before the descriptor is looked at. */
int map_update_obj(struct map *m, const void *key, struct obj *o, u64 flags);
int map_delete(struct map *m, const void *key);
/*
 * Device and CPU maps: the value's second half names the program that frames redirected here go through, 0: none. An update takes a
 * reference to it (`prog` NULL: none is given) and stores its id; which programs may be there is the caller's to know.
 */
bool map_value_has_prog(const struct map *m);
bool map_is_lru(const struct map *m); /* which element goes when it is full depends on the processor of the update */
/* What stands under a key: the device (or the queue's size), and the program, referenced; NULL: none. False: nothing is there. */
bool map_device_target(struct map *m, u32 key, u32 *ret_first, struct obj **ret_prog);
/* What Linux says before it looks at the program. */
int map_update_check(struct map *m, const void *key, const void *value, u64 flags);
int map_update_with_prog(struct map *m, const void *key, const void *value, struct obj *prog, u64 flags);
int map_lookup_and_delete(struct map *m, const void *key, void *value, u64 flags);
int map_next_key(struct map *m, const void *key, void *next_key); /* key NULL: the first; -ENOENT at the end */
int map_freeze(struct map *m);
bool map_frozen(const struct map *m);

struct map_batch {
	const void *in_batch;  /* NULL: from the start; map_batch_token() bytes */
	void *out_batch;
	void *keys, *values;
	u32 count;             /* in: room or given; out: done */
	bool token;            /* out: out_batch was written */
	u64 elem_flags, flags;
	/* values that are descriptors: the object behind one, referenced */
	int (*obj_by_fd)(void *ctx, int fd, enum obj_kind kind, struct obj **ret);
	void *ctx;
};
u32 map_batch_token(const struct map *m);
int map_lookup_batch(struct map *m, struct map_batch *b);
int map_lookup_and_delete_batch(struct map *m, struct map_batch *b);
int map_update_batch(struct map *m, struct map_batch *b);
int map_delete_batch(struct map *m, struct map_batch *b);
u64 map_memory(const struct map *m); /* bytes, for /proc fdinfo's memlock */

/* ---- programs' side: freestanding; `cpu` is the run's lane ---- */
void *map_prog_lookup(struct map *m, const void *key, u32 cpu);
void *map_prog_lookup_percpu(struct map *m, const void *key, u32 cpu); /* NULL when cpu is out of range */
int map_prog_update(struct map *m, const void *key, const void *value, u64 flags, u32 cpu);
int map_prog_delete(struct map *m, const void *key, u32 cpu);
int map_prog_push(struct map *m, const void *value, u64 flags);
int map_prog_pop(struct map *m, void *value);   /* value is zeroed when it fails */
int map_prog_peek(struct map *m, void *value);  /* bloom_filter: is it in? 0 or -ENOENT */
/*
 * Call fn for each element until it returns non-zero; elements visited, or -EINVAL/-EOPNOTSUPP. `value` points into the map
 * (of lane `cpu` for per-CPU maps).
 */
typedef u64 (*map_visit)(struct map *m, const void *key, void *value, void *ctx);
s64 map_prog_for_each(struct map *m, map_visit fn, void *ctx, u64 flags, u32 cpu);
/* map-in-map: map_prog_lookup returns a struct map *. */
/* Maps of sockets: the cookie under a key, 0: none. */
u64 map_prog_socket(struct map *m, const void *key);
/* Storages: the owner's value, made (a copy of `value`, NULL: zeros) if there is none and `create`. NULL: none, or no room. */
void *map_prog_storage(struct map *m, const struct map_owner *o, const void *value, bool create, u32 cpu);
/* What was found last, for one thread: good for the same map and owner until something near it changes. All zero: nothing. */
struct map_hint { const struct map *map; const u32 *where; u32 seq; void *value; };
#define MAP_BUCKET_SHIFT 4
static inline void *map_hint_get(const struct map *m, const struct map_hint *h) /* NULL: look it up */
{
	u64 at = (u64)(uintptr_t)h->where - (u64)(uintptr_t)m->table;

	if (h->map != m || at >> MAP_BUCKET_SHIFT > m->table_mask)
		return NULL;
	return __atomic_load_n(h->where, __ATOMIC_RELAXED) == h->seq ? h->value : NULL;
}
void map_hint_prepare(struct map *m, const struct map_owner *o, struct map_hint *h); /* before that; value is NULL then */
/* prog_array: the image in a slot, or NULL. Lock-free. (The declaration of vm/abi.h, which this room does not see.) */
const struct image *prog_array_image(struct map *prog_array, u32 index);
/* Where that is read: NULL when *ret_id is 0, else what the place returned holds. Both live as long as the map. NULL: no slot. */
const struct image *const *prog_array_slot(const struct map *prog_array, u32 index, const u32 **ret_id);

/*
 * Arenas. Programs reach the bytes in the map's own mapping, by the low half of the address that user space has them at. Pages are
 * there when touched; which ones were asked for is in the file, and user space takes those it touches.
 */
const struct ins_arena *map_arena(struct map *m); /* NULL: its address is not known yet */
/* User space mapped `len` bytes of it here. -ERANGE: across a border of 4 GB; -EBUSY: it is elsewhere already. */
int map_arena_place(struct map *m, u64 user_va, u64 len);
u64 map_arena_alloc(struct map *m, u64 addr, u32 pages, s32 node, u64 flags); /* 0: none */
void map_arena_free(struct map *m, u64 addr, u32 pages);
int map_arena_reserve(struct map *m, u64 addr, u32 pages);

/* Tables of struct_ops: set and waiting for a link, or registered without one. */
enum map_ops_state { MAP_OPS_NONE, MAP_OPS_READY, MAP_OPS_IN_USE };
enum map_ops_state map_ops_state(const struct map *m);

/* bpf_spin_lock in a value, and BPF_F_LOCK: survives a dead holder. */
void map_spin_lock(struct map *m, u32 *word); /* m may be NULL */
void map_spin_unlock(u32 *word);

/* ---- ring buffers ---- */
/*
 * File: consumer page, producer page, then room for 2 * max_entries bytes of data that are *not* aliased: a record starts in
 * the first half and only its tail reaches the second, so linear addresses (pos & mask) + length work for producers and
 * consumers alike (libbpf maps exactly this), with one plain mapping.
 */
void *map_ring_reserve(struct map *m, u64 size, u64 flags);
void map_ring_submit(void *sample, u64 flags);
void map_ring_discard(void *sample, u64 flags);
int map_ring_output(struct map *m, const void *data, u64 size, u64 flags);
u64 map_ring_query(struct map *m, u64 what);
/* eventfd that becomes readable when the ring has something to read (made on first call), or -errno. Owned by the map. */
int map_ring_event_fd(struct map *m);
/*
 * Producers in processes that have no descriptor of the reader ring a bell in memory that they share with who serves it: it
 * sleeps on `rings` (a futex) while `sleepers` is set, and then asks each ring.
 */
struct map_bell { u32 rings, sleepers; };
void map_bell_ring(struct map_bell *b);
/* Was it rung for this ring? Then its eventfd is kicked. */
bool map_ring_rung(struct map *m);
/*
 * user_ringbuf, the other way round: fn gets each record that user space has committed, until it returns non-zero or 128 Ki
 * were looked at. Records seen by fn, -EBUSY when somebody else drains, -EINVAL/-E2BIG for what is no record.
 */
s64 map_user_ring_drain(struct map *m, u64 (*fn)(void *ctx, void *data, u32 size), void *ctx, u64 flags);
/* Consume in this process: fn gets each record; stops at its first non-zero return. Records consumed or fn's negative value. */
s64 map_ring_consume(struct map *m, int (*fn)(void *ctx, void *data, u32 size), void *ctx);

/* ---- perf event arrays ---- */
struct perf_sink;
struct perf_sink_ops {
	/* A sample made of two parts (raw data, then more). 0, -ENOSPC, -EBADFD... */
	int (*output)(struct perf_sink *s, const void *a, u32 na, const void *b, u32 nb, u32 cpu);
	int (*read)(struct perf_sink *s, u64 *value, u64 *enabled, u64 *running); /* NULL: -EINVAL */
	void (*get)(struct perf_sink *s);
	void (*put)(struct perf_sink *s);
};
struct perf_sink { const struct perf_sink_ops *ops; };
int map_perf_set(struct map *m, u32 index, struct perf_sink *s); /* NULL: remove; -ENOENT, -E2BIG */
/* Index may be BPF_F_CURRENT_CPU; -E2BIG, -ENOENT as Linux. */
int map_perf_output(struct map *m, u64 flags, const void *a, u32 na, const void *b, u32 nb, u32 cpu);
int map_perf_read(struct map *m, u64 flags, u64 *value, u64 *enabled, u64 *running, u32 cpu);
/* The word in the file that says whether, and when, a sink was set in a slot: another one each time; 0: none. */
u32 map_perf_mark(const struct map *m, u32 index);
/* What processes that write to one ring share, in a part of its control page that is reserved. */
#define MAP_PERF_SHARE 512
struct map_perf_share { u64 lock; u32 rung; };
static inline struct map_perf_share *map_perf_share(void *page) { return (void *)((u8 *)page + MAP_PERF_SHARE); }
/* A ring as perf_event_open(2)'s mmap gives it: control page and 2^n data pages at `page`. */
int map_perf_ring_write(void *page, u64 data_size, const void *a, u32 na, const void *b, u32 nb, bool overwrite);

/* ---- objects removed from fd-valued maps ---- */
/* The last descriptor and pin of user space are gone: prog arrays drop their programs, so that no circle keeps itself alive. */
void map_release_user(struct map *m);
/*
 * A program may still be using an inner map or program that was just removed: whoever runs programs installs how to wait. NULL
 * (default): dropped at once, right when programs run only while the map does not change.
 */
extern void (*map_retire)(struct obj *o);

/* ---- listing ---- */
/* Stack traces (stack_trace maps): id >= 0 or -errno; flags as bpf_get_stackid's. */
s64 map_stack_id(struct map *m, const u64 *ips, u32 n, u64 flags);

#endif
