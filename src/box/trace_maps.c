/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of a process; functions of its files, which are remembered by device, inode and time of change.
 * Invariant: a file is read, never trusted: patch/elf.h checks every reference.
 */
#include "box/trace_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "patch/elf.h"
#include "patch/patch.h"

static int parse_line(char *line, struct vma *v)
{
	unsigned long long start, end, off, ino;
	unsigned major, minor;
	char perms[8] = "";
	int at = 0;

	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end, perms, &off, &major, &minor, &ino, &at) < 7)
		return -EINVAL;
	line[strcspn(line, "\n")] = 0;
	*v = (struct vma){ .start = start, .end = end, .off = off, .dev = makedev(major, minor), .ino = ino,
			   .read = perms[0] == 'r', .write = perms[1] == 'w', .exec = perms[2] == 'x',
			   .shared = perms[3] == 's', .path = at ? line + at : "" };
	return 0;
}

int maps_each(pid_t pid, int (*fn)(void *arg, const struct vma *v), void *arg)
{
	char path[32], *line = NULL;
	size_t cap = 0;
	int ret = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!ret && getline(&line, &cap, f) > 0) {
		struct vma v;

		if (!parse_line(line, &v))
			ret = fn(arg, &v);
	}
	free(line);
	fclose(f);
	return ret;
}

/* A file as the process names it. */
static int open_file(pid_t pid, const char *path)
{
	char full[4200];

	snprintf(full, sizeof(full), "/proc/%d/root%s", pid, path);
	return open(full, O_RDONLY | O_CLOEXEC);
}

bool maps_same_file(pid_t pid, const struct vma *v, u64 dev, u64 ino)
{
	char full[4200];
	struct stat st;

	if (v->ino != ino || !ino)
		return false;
	if (v->dev == dev)
		return true;
	snprintf(full, sizeof(full), "/proc/%d/root%s", pid, v->path);
	return !stat(full, &st) && st.st_dev == dev && st.st_ino == ino;
}

/* ---- gaps ---- */
struct gap { u64 addr, size, reach, last, best; };

static u64 distance(u64 a, u64 b) { return a > b ? a - b : b - a; }

static void offer(struct gap *g, u64 from, u64 to)
{
	u64 low, high;

	from = MAX(from, 0x10000u);
	if (to < from + g->size)
		return;
	low = from;
	high = to - g->size;
	/* the end that is nearer */
	if (distance(high, g->addr) < distance(low, g->addr))
		low = high;
	if (distance(low, g->addr) < g->reach && distance(low, g->addr) < distance(g->best, g->addr))
		g->best = low;
}

static int look_gap(void *arg, const struct vma *v)
{
	struct gap *g = arg;

	/* room for a stack or a heap to grow into stays */
	if (v->start > g->last)
		offer(g, g->last ? g->last + ((u64)1 << 20) : 0, strcmp(v->path, "[stack]") ? v->start : v->start - MIN(v->start, 1u << 24));
	g->last = v->end;
	if (!strcmp(v->path, "[heap]"))
		g->last += (u64)256 << 20;
	return 0;
}

u64 maps_gap(pid_t pid, u64 addr, u64 size, u64 reach)
{
	struct gap g = { .addr = addr, .size = size, .reach = reach };

	if (maps_each(pid, look_gap, &g))
		return 0;
	return g.best & ~(u64)4095;
}

/* ---- functions ---- */
struct range { u64 start, end; };
struct call { u64 at, func, func_end; s64 nr; };
struct module {
	struct module *next;
	u64 dev, ino;
	struct timespec changed;
	struct range *fn;         /* by address as linked */
	u32 n, cap;
	struct call *calls;       /* system call instructions */
	u32 ncalls, callcap;
	u64 bias_off[8][2];       /* executable segments: file offset, and address as linked */
	u32 nseg;
};
static struct module *modules;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int add_range(void *arg, u64 start, u64 end)
{
	struct module *m = arg;

	if (end <= start)
		return 0;
	if (m->n == m->cap) {
		u32 cap = m->cap ? m->cap * 2 : 1024;
		struct range *r = realloc(m->fn, cap * sizeof(*r));

		if (!r)
			return -ENOMEM;
		m->fn = r;
		m->cap = cap;
	}
	m->fn[m->n++] = (struct range){ start, end };
	return 0;
}

static int add_symbol(void *arg, const struct patch_sym *s) { return add_range(arg, s->va, s->va + s->size); }

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* The last function that begins at or before an address and holds it. */
static const struct range *function_at(const struct module *m, u64 va)
{
	const struct range *best = NULL;

	for (u32 lo = 0, hi = m->n; lo < hi;) {
		u32 mid = lo + (hi - lo) / 2;

		if (m->fn[mid].start <= va) {
			if (va < m->fn[mid].end)
				best = &m->fn[mid];
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return best;
}

/* Bytes that look like a system call are one if decoding from the function's start comes to them. */
static bool is_call(const struct patch_elf *e, const struct range *r, u64 va, s64 *ret_nr)
{
	const u8 *code = patch_elf_bytes(e, r->start, r->end - r->start);
	u64 at = 0, before = 0, size = r->end - r->start;
	struct patch_insn in;
	s32 nr = -1;

	while (code && at < va - r->start) {
		if (patch_decode(code + at, size - at, &in))
			return false;
		before = at;
		at += in.len;
	}
	if (!code || at != va - r->start || patch_decode(code + at, size - at, &in) || in.kind != PATCH_SYSCALL)
		return false;
	if (at - before == 5 && code[before] == 0xb8)
		memcpy(&nr, code + before + 1, 4);
	*ret_nr = nr;
	return true;
}

static void find_calls(struct module *m, const struct patch_elf *e)
{
	u64 va, off, size;

	for (u32 i = 0; !patch_elf_text(e, i, &va, &off, &size); i++) {
		const u8 *code = patch_elf_bytes(e, va, size), *p = code;

		while (p && (p = memmem(p, size - (u64)(p - code), "\x0f\x05", 2))) {
			u64 at = va + (u64)(p - code);
			const struct range *r = function_at(m, at);
			s64 nr;

			p++;
			if (!r || !is_call(e, r, at, &nr))
				continue;
			if (m->ncalls == m->callcap) {
				u32 cap = m->callcap ? m->callcap * 2 : 256;
				struct call *c = realloc(m->calls, cap * sizeof(*c));

				if (!c)
					return;
				m->calls = c;
				m->callcap = cap;
			}
			m->calls[m->ncalls++] = (struct call){ at, r->start, r->end, nr };
		}
	}
}

static void read_module(struct module *m, int fd, const struct stat *st)
{
	struct patch_elf e;
	void *at = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	u64 va, off, size;

	if (at == MAP_FAILED)
		return;
	if (!patch_elf_open(at, (u64)st->st_size, &e)) {
		for (u32 i = 0; m->nseg < ARRAY_SIZE(m->bias_off) && !patch_elf_text(&e, i, &va, &off, &size); i++) {
			m->bias_off[m->nseg][0] = off;
			m->bias_off[m->nseg++][1] = va;
		}
		patch_elf_ranges(&e, add_range, m);
		patch_elf_functions(&e, add_symbol, m);
		qsort(m->fn, m->n, sizeof(*m->fn), by_start);
		find_calls(m, &e);
	}
	munmap(at, (size_t)st->st_size);
}

/* Under the lock. */
static struct module *module_of(pid_t pid, const struct vma *v)
{
	struct module *m;
	struct stat st;
	int fd = open_file(pid, v->path);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || st.st_ino != v->ino || !S_ISREG(st.st_mode)) {
		close(fd);
		return NULL;
	}
	for (m = modules; m; m = m->next)
		if (m->dev == st.st_dev && m->ino == st.st_ino && !memcmp(&m->changed, &st.st_mtim, sizeof(m->changed)))
			break;
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (m) {
			m->dev = st.st_dev;
			m->ino = st.st_ino;
			m->changed = st.st_mtim;
			read_module(m, fd, &st);
			m->next = modules;
			modules = m;
		}
	}
	close(fd);
	return m;
}

/* What is added to an address as linked, for a mapping of the module. */
static bool bias_of(const struct module *m, const struct vma *v, u64 *ret)
{
	for (u32 i = 0; i < m->nseg; i++)
		if ((m->bias_off[i][0] & ~(u64)4095) <= v->off && (i + 1 == m->nseg || v->off < (m->bias_off[i + 1][0] & ~(u64)4095))) {
			*ret = v->start - (m->bias_off[i][1] + (v->off - m->bias_off[i][0]));
			return true;
		}
	return false;
}

struct search { pid_t pid; u64 addr, start, end; };

static int look_function(void *arg, const struct vma *v)
{
	struct search *s = arg;
	const struct range *r;
	struct module *m;
	u64 bias, va;

	if (s->addr < v->start || s->addr >= v->end)
		return 0;
	if (!v->ino || !(m = module_of(s->pid, v)) || !bias_of(m, v, &bias))
		return -ENOENT;
	va = s->addr - bias;
	r = function_at(m, va);
	if (r)
		s->start = r->start + bias, s->end = r->end + bias;
	return s->end ? 1 : -ENOENT;
}

int maps_function(pid_t pid, u64 addr, u64 *ret_start, u64 *ret_end)
{
	struct search s = { .pid = pid, .addr = addr };
	int got;

	pthread_mutex_lock(&lock);
	got = maps_each(pid, look_function, &s);
	pthread_mutex_unlock(&lock);
	if (got != 1)
		return got < 0 ? got : -ENOENT;
	*ret_start = s.start;
	*ret_end = s.end;
	return 0;
}

int maps_calls(pid_t pid, const struct vma *v, maps_call_fn fn, void *arg)
{
	struct module *m;
	u64 bias;
	int ret = 0;

	pthread_mutex_lock(&lock);
	m = module_of(pid, v);
	if (m && bias_of(m, v, &bias))
		for (u32 i = 0; i < m->ncalls && !ret; i++) {
			const struct call *c = &m->calls[i];

			if (c->at + bias >= v->start && c->at + bias < v->end)
				ret = fn(arg, c->at + bias, c->func + bias, c->func_end + bias, c->nr);
		}
	pthread_mutex_unlock(&lock);
	return ret;
}

void maps_forget(void)
{
	pthread_mutex_lock(&lock);
	while (modules) {
		struct module *m = modules;

		modules = m->next;
		free(m->fn);
		free(m->calls);
		free(m);
	}
	pthread_mutex_unlock(&lock);
}

u32 maps_padding(const u8 *bytes, u32 n)
{
	u32 k = 0;

	while (k < n && (bytes[n - 1 - k] == 0x90 || bytes[n - 1 - k] == 0xcc))
		k++;
	return k;
}
