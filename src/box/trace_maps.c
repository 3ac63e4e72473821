/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of a process; functions of its files, which are remembered by device, inode and time of change.
 * Invariant: a file is read, never trusted: patch/elf.h checks every reference.
 */
#include "box/trace_maps.h"

#include <elf.h>
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

#include "agent/agent.h"
#include "patch/elf.h"
#include "patch/patch.h"

/* ---- mappings ---- */
static u64 number(const char **at, u32 base)
{
	u64 v = 0;

	for (;; ++*at) {
		u32 c = (u8)**at, digit = c - '0' < 10 ? c - '0' : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10 : 99;

		if (digit >= base)
			return v;
		v = v * base + digit;
	}
}

/* START-END rwxp OFFSET MAJOR:MINOR INODE PATH */
static void parse_line(char *line, struct vma *v)
{
	const char *at = line;
	u32 major;

	*v = (struct vma){ 0 };
	v->start = number(&at, 16);
	at += *at == '-';
	v->end = number(&at, 16);
	at += *at == ' ';
	for (; *at && *at != ' '; at++) {
		v->read |= *at == 'r';
		v->write |= *at == 'w';
		v->exec |= *at == 'x';
		v->shared |= *at == 's';
	}
	at += *at == ' ';
	v->off = number(&at, 16);
	at += *at == ' ';
	major = (u32)number(&at, 16);
	at += *at == ':';
	v->dev = makedev(major, (u32)number(&at, 16));
	at += *at == ' ';
	v->ino = number(&at, 10);
	v->path = at + strspn(at, " ");
}

/* The whole text, terminated; NULL and errno. */
static char *read_maps(pid_t pid)
{
	size_t have = 0, cap = 65536;
	char path[32], *text;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = malloc(cap);
	while (text && (n = read(fd, text + have, cap - have - 1)) > 0) {
		char *more;

		have += (size_t)n;
		if (cap - have > 16384)
			continue;
		more = realloc(text, cap *= 2);
		if (!more) {
			free(text);
			errno = ENOMEM;
		}
		text = more;
	}
	if (text && n < 0) {
		free(text);
		text = NULL;
	}
	if (text)
		text[have] = 0;
	close(fd);
	return text;
}

int maps_open(struct maps *m, pid_t pid)
{
	u32 cap = 1;
	char *line, *end;

	*m = (struct maps){ .pid = pid, .text = read_maps(pid) };
	if (!m->text)
		return errno ? -errno : -ENOMEM;
	for (line = m->text; (line = strchr(line, '\n')); line++)
		cap++;
	m->v = calloc(cap, sizeof(*m->v));
	if (!m->v) {
		maps_close(m);
		return -ENOMEM;
	}
	for (line = m->text; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		parse_line(line, &m->v[m->n++]);
	}
	return 0;
}

void maps_close(struct maps *m)
{
	free(m->v);
	free(m->text);
	*m = (struct maps){ 0 };
}

int maps_each(pid_t pid, int (*fn)(void *arg, struct vma *v), void *arg)
{
	struct maps m;
	int ret = maps_open(&m, pid);

	if (ret)
		return ret;
	for (u32 i = 0; i < m.n && !ret; i++)
		ret = fn(arg, &m.v[i]);
	maps_close(&m);
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

static int look_gap(void *arg, struct vma *v)
{
	struct gap *g = arg;

	/* room for a stack or a heap to grow into stays */
	if (v->start > g->last)
		offer(g, g->last ? g->last + ((u64)1 << 20) : 0,
		      strcmp(v->path, "[stack]") ? v->start : v->start - MIN(v->start, 1u << 24));
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
struct call { u64 at; s64 nr; struct maps_func func; };
struct unwinder { u64 at; u32 what; };
struct segment { u64 off, va, size; u8 *targets; }; /* executable; targets: patch_text.targets, or NULL */
struct module {
	struct module *next;
	u64 dev, ino;
	struct timespec changed;
	struct maps_func *fn;     /* by address as linked */
	u32 n, cap;
	struct call *calls;       /* system call instructions */
	u32 ncalls, callcap;
	struct unwinder unwinder[8];
	u32 nunwinders;
	struct segment seg[8];
	u32 nseg;
};
static struct module *modules;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A file while it is read. */
struct reading { struct module *m; struct patch_elf e; };

static const struct segment *segment_at(const struct module *m, u64 va)
{
	for (u32 i = 0; i < m->nseg; i++)
		if (va - m->seg[i].va < m->seg[i].size)
			return &m->seg[i];
	return NULL;
}

static int read_file(void *arg, u64 addr, void *buf, u32 n)
{
	const u8 *p = patch_elf_bytes(arg, addr, n);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, n);
	return 0;
}

/* The function that holds an address, as the file has it. */
static int describe(struct reading *r, u64 va, struct patch_func *f, struct maps_func *ret, u32 *ret_off)
{
	const struct segment *g = segment_at(r->m, va);
	int err = g ? patch_elf_func(&r->e, va, 0, f, ret_off) : -ENOENT;

	if (err)
		return err;
	*ret = (struct maps_func){ .start = f->addr, .end = f->addr + f->size, .pad = f->pad, .tail = f->tail,
				   .text = { .addr = g->va, .size = g->size, .targets = g->targets } };
	f->read = read_file;
	f->arg = &r->e;
	return 0;
}

static int add_range(void *arg, u64 start, u64 end)
{
	struct reading *r = arg;
	struct module *m = r->m;
	struct patch_func f;
	struct maps_func found;
	u32 off;

	if (end <= start || describe(r, start, &f, &found, &off))
		return 0;
	if (m->n && m->fn[m->n - 1].start == found.start)
		return 0; /* another name */
	if (m->n == m->cap) {
		u32 cap = m->cap ? m->cap * 2 : 1024;
		struct maps_func *v = realloc(m->fn, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		m->fn = v;
		m->cap = cap;
	}
	m->fn[m->n++] = found;
	return 0;
}

static u32 unwinds(const char *name)
{
	static const char *const names[] = { "_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_Resume_or_Rethrow",
					     "_Unwind_ForcedUnwind", "_Unwind_Backtrace", "_ULx86_64_init_local" };

	if (*name != '_')
		return AGENT_UNWINDS_NOT;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return AGENT_UNWINDS;
	return strcmp(name, "__cxa_begin_catch") ? AGENT_UNWINDS_NOT : AGENT_CAUGHT;
}

static int add_symbol(void *arg, const struct patch_sym *s)
{
	struct module *m = ((struct reading *)arg)->m;
	u32 what = unwinds(s->name);

	for (u32 i = 0; what && i < m->nunwinders; i++)
		if (m->unwinder[i].at == s->va)
			what = 0;
	if (what && m->nunwinders < ARRAY_SIZE(m->unwinder))
		m->unwinder[m->nunwinders++] = (struct unwinder){ s->va, what };
	return add_range(arg, s->va, s->va + s->size);
}

static int by_start(const void *a, const void *b)
{
	const struct maps_func *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

#define OVERLAP 16u /* functions that may begin inside of another one */

/* The shortest of those that hold an address, of the last ones that begin at or before it. */
static const struct maps_func *function_at(const struct module *m, u64 va)
{
	const struct maps_func *best = NULL;
	u32 lo = 0, hi = m->n;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (m->fn[mid].start <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (u32 i = lo; i-- && lo - i <= OVERLAP;)
		if (va < m->fn[i].end && (!best || m->fn[i].end - m->fn[i].start < best->end - best->start))
			best = &m->fn[i];
	return best;
}

static void add_call(void *arg, u64 va, const struct patch_insn *in)
{
	struct module *m = arg;

	(void)in;
	if (m->ncalls == m->callcap) {
		u32 cap = m->callcap ? m->callcap * 2 : 256;
		struct call *v = realloc(m->calls, cap * sizeof(*v));

		if (!v)
			return;
		m->calls = v;
		m->callcap = cap;
	}
	m->calls[m->ncalls++] = (struct call){ .at = va, .nr = -1 };
}

/* Its function, and the number if the instruction before it loads that and no branch comes between. */
static void look_at_call(struct reading *r, struct call *c)
{
	struct patch_plan p;
	struct patch_func f;
	u32 off;

	if (describe(r, c->at, &f, &c->func, &off))
		return;
	f.text = &c->func.text;
	if (!patch_plan(&f, off, PATCH_BACKWARD, &p))
		c->nr = p.nr;
}

static void scan(struct reading *r, struct segment *g)
{
	struct patch_text t = { .bytes = patch_elf_bytes(&r->e, g->va, g->size), .addr = g->va, .size = g->size };

	t.targets = t.bytes ? calloc(1, patch_text_bytes(g->size)) : NULL;
	if (!t.targets)
		return;
	patch_elf_scan(&r->e, 0, &t, 1u << PATCH_SYSCALL, add_call, r->m);
	g->targets = t.targets;
}

static void read_elf(struct reading *r)
{
	struct module *m = r->m;
	u64 va, off, size;

	for (u32 i = 0; m->nseg < ARRAY_SIZE(m->seg) && !patch_elf_text(&r->e, i, &va, &off, &size); i++)
		m->seg[m->nseg++] = (struct segment){ .off = off, .va = va, .size = size };
	for (u32 i = 0; i < m->nseg; i++)
		scan(r, &m->seg[i]);
	for (u32 i = 0; i < m->ncalls; i++)
		look_at_call(r, &m->calls[i]);
	patch_elf_ranges(&r->e, add_range, r);
	patch_elf_functions(&r->e, add_symbol, r);
	qsort(m->fn, m->n, sizeof(*m->fn), by_start);
}

/* The file that was read last, from which more may be asked for. */
static struct copy { const struct module *of; u8 *at; size_t size; struct patch_elf e; } last;

static void forget_copy(void)
{
	if (last.at)
		munmap(last.at, last.size);
	last = (struct copy){ 0 };
}

/* A copy: who may shorten the file meanwhile does not end us. */
static bool copy_file(const struct module *m, int fd, const struct stat *st)
{
	size_t size = (size_t)st->st_size, have = 0;
	u8 *at;

	if (last.of == m)
		return true;
	forget_copy();
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return false;
	while (have < size) {
		ssize_t n = pread(fd, at + have, size - have, (off_t)have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (patch_elf_open(at, have, &last.e)) {
		munmap(at, size);
		return false;
	}
	last.of = m;
	last.at = at;
	last.size = size;
	return true;
}

static void read_module(struct module *m, int fd, const struct stat *st)
{
	struct reading r = { .m = m };

	if (!copy_file(m, fd, st))
		return;
	r.e = last.e;
	read_elf(&r);
}

static struct module *find_module(pid_t pid, const struct vma *v)
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

/* Under the lock. */
static struct module *module_of(pid_t pid, struct vma *v)
{
	if (!v->looked)
		v->module = find_module(pid, v);
	v->looked = true;
	return v->module;
}

/* What is added to an address as linked, for a mapping of the module. */
static bool bias_of(const struct module *m, const struct vma *v, u64 *ret)
{
	for (u32 i = 0; i < m->nseg; i++)
		if ((m->seg[i].off & ~(u64)4095) <= v->off && (i + 1 == m->nseg || v->off < (m->seg[i + 1].off & ~(u64)4095))) {
			*ret = v->start - (m->seg[i].va + (v->off - m->seg[i].off));
			return true;
		}
	return false;
}

static struct maps_func moved(const struct maps_func *f, u64 bias)
{
	struct maps_func m = *f;

	m.start += bias;
	m.end += bias;
	m.text.addr += bias;
	return m;
}

int maps_function(pid_t pid, struct vma *v, u64 addr, struct maps_func *ret)
{
	const struct maps_func *f = NULL;
	struct module *m;
	u64 bias;

	pthread_mutex_lock(&lock);
	m = v->ino ? module_of(pid, v) : NULL;
	if (m && bias_of(m, v, &bias))
		f = function_at(m, addr - bias);
	if (f)
		*ret = moved(f, bias);
	pthread_mutex_unlock(&lock);
	return f ? 0 : -ENOENT;
}

#define BIG_LIBRARY ((off_t)24 << 20)

/*
 * Reading a library of a hundred megabytes (compilers' are) to find that it makes no system calls takes seconds: those are passed
 * by. Programs are not, whatever their size: a static one makes them itself.
 */
static bool may_call(pid_t pid, const struct vma *v)
{
	u8 head[4096];
	Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)head;
	struct stat st;
	bool ret = false;
	int fd = open_file(pid, v->path);
	ssize_t n;

	if (fd < 0)
		return false;
	n = pread(fd, head, sizeof(head), 0);
	if (!fstat(fd, &st) && n >= (ssize_t)sizeof(*h)) {
		ret = st.st_size < BIG_LIBRARY || h->e_type != ET_DYN;
		for (u32 i = 0; !ret && i < h->e_phnum && h->e_phoff + (i + 1) * sizeof(Elf64_Phdr) <= (u64)n; i++)
			ret = ((Elf64_Phdr *)(void *)(head + h->e_phoff))[i].p_type == PT_INTERP;
	}
	close(fd);
	return ret;
}

int maps_calls(pid_t pid, struct vma *v, maps_call_fn fn, void *arg)
{
	struct module *m;
	u64 bias;
	int ret = 0;

	pthread_mutex_lock(&lock);
	m = may_call(pid, v) ? module_of(pid, v) : NULL;
	if (m && bias_of(m, v, &bias))
		for (u32 i = 0; i < m->ncalls && !ret; i++) {
			const struct call *c = &m->calls[i];
			struct maps_func f = moved(&c->func, bias);

			if (c->at + bias >= v->start && c->at + bias < v->end)
				ret = fn(arg, c->at + bias, &f, c->nr);
		}
	pthread_mutex_unlock(&lock);
	return ret;
}

/* The module's file is the copy at hand. */
static bool have_copy(pid_t pid, const struct vma *v, const struct module *m)
{
	struct stat st;
	int fd = last.of == m ? -1 : open_file(pid, v->path);
	bool ret = last.of == m;

	if (fd >= 0) {
		ret = !fstat(fd, &st) && copy_file(m, fd, &st);
		close(fd);
	}
	return ret;
}

int maps_exits(pid_t pid, struct vma *v, u64 addr, u64 *ret, u32 cap, bool *ret_go)
{
	struct module *m;
	int n = -EOPNOTSUPP;
	u64 bias;

	*ret_go = false;
	pthread_mutex_lock(&lock);
	m = v->ino ? module_of(pid, v) : NULL;
	if (m && bias_of(m, v, &bias) && have_copy(pid, v, m)) {
		n = patch_elf_exits(&last.e, addr - bias, ret, cap);
		*ret_go = patch_go_is(&last.e);
		for (int i = 0; i < n; i++)
			ret[i] += bias;
	}
	pthread_mutex_unlock(&lock);
	return n;
}

void maps_unwinders(pid_t pid, struct vma *v, void (*fn)(void *arg, u64 addr, u32 unwinds, const struct maps_func *f),
		    void *arg)
{
	struct module *m;
	u64 bias;

	pthread_mutex_lock(&lock);
	m = v->ino ? module_of(pid, v) : NULL;
	for (u32 i = 0; m && i < m->nunwinders && bias_of(m, v, &bias); i++)
		if (m->unwinder[i].at + bias - v->start < v->end - v->start) {
			const struct maps_func *f = function_at(m, m->unwinder[i].at);
			struct maps_func there = f ? moved(f, bias) : (struct maps_func){ 0 };

			fn(arg, m->unwinder[i].at + bias, m->unwinder[i].what, &there);
		}
	pthread_mutex_unlock(&lock);
}

void maps_forget(void)
{
	pthread_mutex_lock(&lock);
	forget_copy();
	while (modules) {
		struct module *m = modules;

		modules = m->next;
		for (u32 i = 0; i < m->nseg; i++)
			free(m->seg[i].targets);
		free(m->fn);
		free(m->calls);
		free(m);
	}
	pthread_mutex_unlock(&lock);
}
