/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a map's file, viewing it, taking it apart. The rest of map/ works on a finished view.
 *
 * Invariant: a view's limits are this process's own copies, checked once here; the file's head is not trusted afterwards.
 */
#include "map/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "map/priv.h"

void (*map_retire)(struct obj *o);

/* One page, alone, so that a fork wipes nothing else. */
struct map_self *map_self_page(void)
{
	static struct map_self *page;
	struct map_self *p = __atomic_load_n(&page, __ATOMIC_ACQUIRE), *none = NULL;

	if (p)
		return p;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	madvise(p, 4096, MADV_WIPEONFORK);
	if (!__atomic_compare_exchange_n(&page, &none, p, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		munmap(p, 4096);
		p = none;
	}
	return p;
}

/* "0-3,8": the highest number and one. */
static u32 count_cpu_list(const char *text)
{
	u32 n = 0;

	for (const char *p = text; *p; p++)
		if (*p >= '0' && *p <= '9') {
			u32 cpu = (u32)strtoul(p, (char **)(uintptr_t)&p, 10);
			n = MAX(n, cpu + 1);
			p--;
		}
	return n;
}

static u32 read_cpu_list(const char *path)
{
	char text[256];

	text_of(text, sizeof(text), "%s", path);
	return count_cpu_list(text);
}

u32 map_kernel_cpus(void)
{
	u32 n = read_cpu_list("/sys/devices/system/cpu/kernel_max"); /* the highest number */

	return n ? n : 8192;
}

u32 map_possible_cpus(void)
{
	static u32 known;
	u32 n = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (likely(n))
		return n;
	n = read_cpu_list("/sys/devices/system/cpu/possible");
	if (!n)
		n = (u32)MAX(sysconf(_SC_NPROCESSORS_CONF), 1);
	__atomic_store_n(&known, n, __ATOMIC_RELAXED);
	return n;
}

u32 round_up_pow2(u32 n)
{
	if (n <= 1)
		return 1;
	return n > 1u << 31 ? 0 : 1u << (32 - __builtin_clz(n - 1));
}

int map_numa(const struct map_attr *a)
{
	return a->flags & BPF_F_NUMA_NODE ? (int)a->numa_node : -1;
}

bool map_access_ok(u32 flags)
{
	return (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) != (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);
}

static bool numa_online(u32 node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", node);
	return !node || !access(path, F_OK);
}

/* The checks Linux makes before it asks for privileges and memory. */
static int check_attr(const struct map_attr *a)
{
	const struct map_type *t;

	if (a->btf_vmlinux_value) {
		if (a->type != BPF_MAP_TYPE_STRUCT_OPS || a->btf_key || a->btf_value)
			return -EINVAL;
	} else if (a->btf_key && !a->btf_value) {
		return -EINVAL;
	}
	if (a->type != BPF_MAP_TYPE_BLOOM_FILTER && a->type != UAPI_MAP_TYPE_ARENA && a->extra)
		return -EINVAL;
	if ((a->flags & (BPF_F_RDONLY | BPF_F_WRONLY)) == (BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	if ((a->flags & BPF_F_NUMA_NODE) && a->numa_node != NUMA_ANY && !numa_online(a->numa_node))
		return -EINVAL;
	if (!a->type || a->type >= UAPI_MAP_TYPES)
		return -EINVAL;
	t = map_types[a->type];
	if (t->check) {
		int err = t->check(a);
		if (err)
			return err;
	}
	return 0;
}

/* Do the BTF types describe this map's keys and values? */
static int check_key_btf(const struct map_attr *a)
{
	const struct btf_type *key = a->btf_key ? btf_type(a->btf, btf_skip_mods(a->btf, a->btf_key)) : NULL;
	const struct btf_type *value;
	u32 bits;

	switch (map_types[a->type]->btf) {
	case BTF_ANSWER_EINVAL:
		return key ? 0 : -EINVAL;
	case BTF_NO_KEY:
		return key ? -EINVAL : 0;
	case BTF_NOT_SUPPORTED:
		return -ENOTSUPP;
	case BTF_ANY_KEY:
		return key ? 0 : -EINVAL;
	case BTF_STRUCT_KEY:
		return key && btf_kind_of(key) == BTF_KIND_STRUCT ? 0 : -EINVAL;
	case BTF_OPTIONAL:
		return 0;
	case BTF_INT_KEY:
	case BTF_ARRAY_KEY:
		break;
	}
	if (!key) { /* .bss, .data, .rodata */
		value = btf_type(a->btf, a->btf_value);
		return a->type == BPF_MAP_TYPE_ARRAY && a->max_entries == 1 && btf_kind_of(value) == BTF_KIND_DATASEC ?
			       0 : -EINVAL;
	}
	if (btf_kind_of(key) != BTF_KIND_INT)
		return -EINVAL;
	memcpy(&bits, key + 1, sizeof(bits));
	return BTF_INT_BITS(bits) == 32 && !BTF_INT_OFFSET(bits) ? 0 : -EINVAL;
}

static int check_btf(const struct map_attr *a)
{
	const struct map_spec *spec = map_spec_by_id(a->type);

	if (!a->btf || !a->btf_value)
		return 0;
	if (a->btf_key && btf_size_of(a->btf, a->btf_key) != (s64)a->key_size)
		return -EINVAL;
	if (!a->btf_key && map_types[a->type]->btf == BTF_ANSWER_EINVAL)
		return -EINVAL;
	if (btf_size_of(a->btf, a->btf_value) != (s64)a->value_size)
		return -EINVAL;
	if (a->record) {
		if (a->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
			return -EACCES;
		if (a->record->mask & ~spec->special_fields)
			return -EOPNOTSUPP;
	}
	return check_key_btf(a);
}

static void fill_head(struct map_head *h, const struct map_attr *a, const struct map_geom *g)
{
	u64 seed = 0;

	h->magic = MAP_MAGIC;
	h->version = MAP_VERSION;
	h->type = a->type;
	h->key_size = a->key_size;
	h->value_size = a->value_size;
	h->max_entries = g->max_entries ? g->max_entries : a->max_entries;
	h->flags = a->flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY);
	h->extra = a->extra;
	memcpy(h->name, a->name, sizeof(h->name));
	h->name[sizeof(h->name) - 1] = 0;
	h->ncpu = map_possible_cpus();
	if (!(a->flags & BPF_F_ZERO_SEED) && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uintptr_t)&seed * 0x9e3779b97f4a7c15ull;
	h->seed = seed;
}

/* Map the file with a page of ours in front of it, where a struct map * says whose it is. */
static int map_file(struct map *m, int fd, u64 size)
{
	u8 *at = mmap(NULL, size + MAP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	if (mmap(at + MAP_PAGE, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED &&
	    /* a frozen array: seen by processes that come later, changed by none */
	    mmap(at + MAP_PAGE, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		munmap(at, size + MAP_PAGE);
		return -ENOMEM;
	}
	m->base = at + MAP_PAGE;
	m->file_size = size;
	((struct map **)(void *)m->base)[-1] = m;
	return 0;
}

/*
 * Where things are follows from what the map is: worked out anew, so that a file whose head was written over cannot lead outside.
 */
static int geometry(struct map *m, struct map_geom *ret)
{
	const struct map_head *h = (void *)(m->base + m->file_size - MAP_PAGE);
	const struct map_attr a = { .type = h->type, .key_size = h->key_size, .value_size = h->value_size,
				    .max_entries = h->max_entries, .flags = h->flags, .extra = h->extra };
	int err;

	if (h->magic != MAP_MAGIC || h->version != MAP_VERSION || !a.type || a.type >= UAPI_MAP_TYPES ||
	    h->ncpu != map_possible_cpus())
		return -EINVAL;
	m->type = map_types[a.type];
	m->ops = map_ops[a.type];
	err = m->type->layout(&a, ret);
	return err ? err : ROUND_UP(ret->size, (u64)MAP_PAGE) + MAP_PAGE == m->file_size ? 0 : -EINVAL;
}

static int view_head(struct map *m)
{
	const struct map_head *h = (void *)(m->base + m->file_size - MAP_PAGE);
	struct map_geom g = { 0 };
	int err = geometry(m, &g);

	if (err)
		return err;
	m->head = (void *)(m->base + m->file_size - MAP_PAGE);
	m->desc = (struct map_desc){ .type = h->type, .id = h->id, .key_size = h->key_size, .value_size = h->value_size,
				     .max_entries = h->max_entries, .flags = h->flags, .extra = h->extra };
	memcpy(m->desc.name, h->name, sizeof(m->desc.name));
	m->desc.name[sizeof(m->desc.name) - 1] = 0;
	m->data = m->base + g.data;
	m->stride = g.stride;
	m->ncpu = m->ops->percpu ? h->ncpu : 1;
	m->lane = g.lane;
	m->index_mask = g.index_mask;
	m->nodes = m->base + g.nodes;
	m->table = m->base + g.table;
	m->aux = m->base + g.aux;
	m->aux_n = g.aux_n;
	m->node_size = g.node_size;
	m->nnodes = g.nnodes;
	m->key_off = g.key_off;
	m->value_off = g.value_off;
	m->table_mask = g.table_mask;
	m->mmap_size = g.mmap_size;
	m->seed = h->seed;
	m->key_len = g.key_len ? g.key_len : h->key_size;
	m->value_len = g.value_len ? g.value_len : h->value_size;
	m->pool_shards = MIN(h->ncpu, POOL_SHARDS);
	m->lookup = m->ops->lookup;
	map_view_sys(m);
	if (m->ops->pick)
		m->ops->pick(m);
	return 0;
}

/*
 * The verifier takes what it reads of such a map for constants. A client that mapped the file for writing before it was frozen
 * could still change it there; in this process it cannot any more.
 */
int map_own_copy(struct map *m)
{
	u64 size = m->file_size - MAP_PAGE;
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return -ENOMEM;
	memcpy(copy, m->base, size);
	if (mprotect(copy, size, PROT_READ) || mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, m->base) == MAP_FAILED) {
		munmap(copy, size);
		return -ENOMEM;
	}
	m->frozen = true;
	m->desc.rodata = m->data;
	return 0;
}

static int view_open(struct map *m, int fd, u64 size)
{
	int err;

	m->wake_fd = -1;
	pthread_mutex_init(&m->objs_lock, NULL);
	m->self = map_self_page();
	if (!m->self)
		return -ENOMEM;
	err = map_file(m, fd, size);
	if (err)
		return err;
	err = view_head(m);
	if (!err && m->type->view)
		err = m->type->view(m);
	if (!err && m->head->frozen && (m->desc.flags & BPF_F_RDONLY_PROG) && m->desc.type == BPF_MAP_TYPE_ARRAY)
		err = map_own_copy(m);
	return err;
}

static void view_close(struct map *m)
{
	if (m->gone)
		m->gone(m, true);
	if (m->type && m->type->destroy)
		m->type->destroy(m);
	if (m->base)
		munmap(m->base - MAP_PAGE, m->file_size + MAP_PAGE);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	if (m->record)
		btf_record_free(m->record);
	free(m->inner_desc);
	obj_put(m->btf_obj);
	pthread_mutex_destroy(&m->objs_lock);
	free(m);
}

static void destroy_obj(struct obj *o)
{
	view_close(map_of(o));
}

static void released_obj(struct obj *o)
{
	struct map *m = map_of(o);

	map_release_user(m);
	if (m->gone)
		m->gone(m, false);
}

static const struct obj_ops map_obj_ops = { .name = "map", .destroy = destroy_obj, .released = released_obj };

/* The file: as long as the layout says and one page more, which no one can change. */
static int make_file(const struct map_attr *a, struct map_geom *g, u64 *ret_size)
{
	char name[32];
	u64 size = ROUND_UP(g->size, (u64)MAP_PAGE) + MAP_PAGE;
	struct map_head *h;
	int fd;

	snprintf(name, sizeof(name), "bpf-map-%.15s", a->name);
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : -ENOMEM;
	fchmod(fd, 0600); /* a descriptor for reading stays one in other users' hands */
	if (size > S64_MAX || ftruncate(fd, (off_t)size))
		goto no_memory;
	h = mmap(NULL, MAP_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(size - MAP_PAGE));
	if (h == MAP_FAILED)
		goto no_memory;
	fill_head(h, a, g);
	munmap(h, MAP_PAGE);
	/* who has the map adds no seals of his own; freezing one that clients may map adds another (map_freeze) */
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | (g->mmap_size ? 0 : F_SEAL_SEAL));
	*ret_size = size;
	return fd;
no_memory:
	close(fd);
	return -ENOMEM;
}

static void describe(struct map *m, const struct map_attr *a)
{
	m->desc.id = m->obj.id;
	m->head->id = m->obj.id;
	m->desc.btf = a->btf;
	m->desc.btf_key = a->btf_key;
	m->desc.btf_value = a->btf_value;
	m->desc.record = a->record;
	m->desc.inner = m->inner_desc;
	m->record = a->record;
	m->numa_flags = (u64)(a->flags & BPF_F_NUMA_NODE ? a->numa_node : NUMA_ANY);
	m->image_of = a->image_of;
	m->prog_ok = a->prog_ok;
	m->btf_obj = a->btf_obj ? obj_get(a->btf_obj) : NULL;
}

int map_check(const struct map_attr *a, bool alloc)
{
	struct map_geom g = { 0 };

	return alloc ? map_types[a->type]->layout(a, &g) : check_attr(a);
}

int map_create(struct objtab *t, const struct map_attr *a, struct map **ret)
{
	struct map_geom g = { 0 };
	struct map *m;
	u64 size = 0;
	int fd, err;

	err = check_attr(a);
	if (!err)
		err = map_types[a->type]->layout(a, &g);
	if (!err)
		err = check_btf(a);
	if (err)
		return err;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	fd = make_file(a, &g, &size);
	if (fd < 0) {
		free(m);
		return fd;
	}
	err = view_open(m, fd, size);
	if (!err && m->type->init)
		err = m->type->init(m, a);
	if (!err)
		err = obj_init(&m->obj, t, OBJ_MAP, &map_obj_ops, fd);
	if (err) {
		close(fd);
		view_close(m);
		return err;
	}
	describe(m, a);
	*ret = m;
	return 0;
}

int map_attach(int memfd, struct map **ret)
{
	struct map *m;
	struct stat st;
	int err;

	if (fstat(memfd, &st))
		return -errno;
	if (st.st_size < 2 * (off_t)MAP_PAGE || st.st_size % MAP_PAGE)
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	err = view_open(m, memfd, (u64)st.st_size);
	if (err) {
		view_close(m);
		return err;
	}
	m->obj = (struct obj){ .ops = &map_obj_ops, .kind = OBJ_MAP, .refs = 1, .memfd = -1, .watch = -1 };
	*ret = m;
	return 0;
}

void map_detach(struct map *m)
{
	view_close(m);
}

u64 map_memory(const struct map *m)
{
	if (m->type->key_names) /* a file with holes: what was taken of it */
		return MAP_PAGE + (u64)m->head->pool.fresh * (m->node_size + sizeof(struct bucket)) + sizeof(*m);
	return m->file_size + sizeof(*m);
}
