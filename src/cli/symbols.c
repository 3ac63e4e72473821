/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses to names: see symbols.h. */
#include "cli/symbols.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sym { u64 addr, size; char *name; };
struct file {
	struct file *next;
	char *path;
	struct sym *sym;
	u32 n, cap;
	struct { u64 vaddr, off, size; } seg[8]; /* what is loaded */
	u32 nseg;
};
struct mapping { u64 from, to, off; struct file *file; char label[32]; };
struct process {
	struct process *next;
	u32 pid, n, cap;
	struct mapping *map;
	struct file jit;             /* perf-PID.map: addresses are the process's */
	u64 jit_size;                /* of that file when it was read */
	bool reread;
};
struct symbols {
	struct file *files;
	struct process *procs;
};

struct symbols *symbols_new(void)
{
	elf_version(EV_CURRENT);
	return calloc(1, sizeof(struct symbols));
}

/* ---- files ---- */
static bool add_sym(struct file *f, u64 addr, u64 size, const char *name)
{
	struct sym *more;

	if (f->n == f->cap) {
		more = realloc(f->sym, (f->cap * 2 + 256) * sizeof(*more));
		if (!more)
			return false;
		f->sym = more;
		f->cap = f->cap * 2 + 256;
	}
	f->sym[f->n] = (struct sym){ addr, size, strdup(name) };
	return f->sym[f->n++].name != NULL;
}

static int by_addr(const void *a, const void *b)
{
	const struct sym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_section(struct file *f, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);

	for (size_t i = 0; d && sh->sh_entsize && i < sh->sh_size / sh->sh_entsize; i++) {
		GElf_Sym s;
		const char *name;

		if (!gelf_getsym(d, (int)i, &s) || GELF_ST_TYPE(s.st_info) != STT_FUNC || !s.st_value)
			continue;
		name = elf_strptr(elf, sh->sh_link, s.st_name);
		if (name && *name && !add_sym(f, s.st_value, s.st_size, name))
			return;
	}
}

static void read_elf(struct file *f, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *scn = NULL;
	size_t n = 0;

	if (!elf)
		return;
	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n && f->nseg < 8; i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD) {
			f->seg[f->nseg].vaddr = ph.p_vaddr;
			f->seg[f->nseg].off = ph.p_offset;
			f->seg[f->nseg++].size = ph.p_filesz;
		}
	}
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		if (gelf_getshdr(scn, &sh) && (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
			read_section(f, elf, scn, &sh);
	}
	elf_end(elf);
	if (f->n)
		qsort(f->sym, f->n, sizeof(*f->sym), by_addr);
}

/* Through the process's root: its files may not be ours. */
static struct file *file_get(struct symbols *s, u32 pid, const char *path)
{
	struct file *f;
	char full[4200];
	int fd;

	for (f = s->files; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->path = strdup(path))) {
		free(f);
		return NULL;
	}
	snprintf(full, sizeof(full), "/proc/%u/root%s", pid, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		read_elf(f, fd);
		close(fd);
	}
	f->next = s->files;
	s->files = f;
	return f;
}

/* A C++ name (and Rust's older ones) as it was written, where libstdc++ is there to ask: in its place. */
static const char *plain(struct sym *y)
{
	static char *(*demangle)(const char *name, char *room, size_t *size, int *status);
	static bool asked;
	char *text;
	int status;

	if (strncmp(y->name, "_Z", 2))
		return y->name;
	if (!asked) {
		void *so = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL), *at = so ? dlsym(so, "__cxa_demangle") : NULL;

		memcpy(&demangle, &at, sizeof(at));
		asked = true;
	}
	text = demangle ? demangle(y->name, NULL, NULL, &status) : NULL;
	if (text) {
		free(y->name);
		y->name = text;
	}
	return y->name;
}

static const char *lookup(const struct file *f, u64 addr)
{
	u32 lo = 0, hi = f->n;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;
		if (f->sym[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* several names may begin there, some without a size */
	for (u32 i = lo; i-- > 0 && i + 8 > lo;) {
		struct sym *y = &f->sym[i];
		if (addr < y->addr + y->size || (!y->size && (lo == f->n || addr < f->sym[lo].addr)))
			return plain(y);
	}
	return NULL;
}

/* ---- processes ---- */
static void file_clear(struct file *f)
{
	for (u32 i = 0; i < f->n; i++)
		free(f->sym[i].name);
	free(f->sym);
	f->sym = NULL;
	f->n = f->cap = 0;
}

/* Runtimes append to it while they run: read again when it has grown. False: it has not. */
static bool read_jit(struct process *p)
{
	char path[64], line[1024], name[900];
	unsigned long long addr, size;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%u.map", p->pid);
	if (stat(path, &st) || (u64)st.st_size == p->jit_size)
		return false;
	p->jit_size = (u64)st.st_size;
	file_clear(&p->jit);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %llx %899[^\n]", &addr, &size, name) == 3)
			add_sym(&p->jit, addr, size, name);
	if (f)
		fclose(f);
	if (p->jit.n)
		qsort(p->jit.sym, p->jit.n, sizeof(*p->jit.sym), by_addr);
	return true;
}

static struct process *process(struct symbols *s, u32 pid, bool make)
{
	struct process *p = s->procs;

	while (p && p->pid != pid)
		p = p->next;
	if (p || !make)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->next = s->procs;
	s->procs = p;
	return p;
}

static void add_mapping(struct symbols *s, struct process *p, u64 from, u64 to, u64 off, const char *path)
{
	const char *base = strrchr(path, '/');
	struct mapping *m;
	u32 k = 0;

	for (u32 i = 0; i < p->n; i++) /* what it covers is gone */
		if (p->map[i].to <= from || p->map[i].from >= to)
			p->map[k++] = p->map[i];
	p->n = k;
	if (p->n == p->cap) {
		m = realloc(p->map, (p->cap * 2 + 32) * sizeof(*m));
		if (!m)
			return;
		p->map = m;
		p->cap = p->cap * 2 + 32;
	}
	m = &p->map[p->n++];
	*m = (struct mapping){ from, to, off, *path == '/' && strcmp(path, "//anon") ? file_get(s, p->pid, path) : NULL, "" };
	if (*path == '[')
		snprintf(m->label, sizeof(m->label), "%.31s", path);
	else if (m->file && base)
		snprintf(m->label, sizeof(m->label), "[%.29s]", base + 1);
}

void symbols_mapped(struct symbols *s, u32 pid, u64 from, u64 size, u64 off, const char *path)
{
	struct process *p = process(s, pid, true);

	if (p)
		add_mapping(s, p, from, from + size, off, path);
}

void symbols_forked(struct symbols *s, u32 pid, u32 parent)
{
	struct process *from = process(s, parent, false), *p = from ? process(s, pid, true) : NULL;

	if (!p || p->n)
		return;
	p->map = malloc((from->n + 1) * sizeof(*p->map));
	if (!p->map)
		return;
	memcpy(p->map, from->map, from->n * sizeof(*p->map));
	p->n = from->n;
	p->cap = from->n + 1;
}

void symbols_process(struct symbols *s, u32 pid)
{
	char name[48], line[4600], path[4200];
	unsigned long long from, to, off;
	struct process *p;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%u/maps", pid);
	f = fopen(name, "re");
	p = f ? process(s, pid, true) : NULL;
	while (p && fgets(line, sizeof(line), f)) {
		char perms[8];

		*path = '\0';
		if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %4199[^\n]", &from, &to, perms, &off, path) >= 4 && perms[2] == 'x')
			add_mapping(s, p, from, to, off, path);
	}
	if (f)
		fclose(f);
	if (p)
		read_jit(p);
}

static const struct mapping *find(const struct process *p, u64 addr)
{
	for (u32 i = 0; i < p->n; i++)
		if (addr >= p->map[i].from && addr < p->map[i].to)
			return &p->map[i];
	return NULL;
}

const char *symbols_name(struct symbols *s, u32 pid, u64 addr, char *room, size_t n)
{
	struct process *p = process(s, pid, false);
	const struct mapping *m;
	const char *name = NULL;
	u64 off;

	m = p ? find(p, addr) : NULL;
	if (p && !m && !p->reread) { /* mapped since */
		p->reread = true;
		symbols_process(s, pid);
		m = find(p, addr);
	}
	if (p && (!m || !m->file)) {
		name = lookup(&p->jit, addr);
		if (!name && read_jit(p))
			name = lookup(&p->jit, addr);
		if (name)
			return name;
	}
	if (!m)
		return "[unknown]";
	off = addr - m->from + m->off;
	for (u32 i = 0; m->file && i < m->file->nseg && !name; i++)
		if (off >= m->file->seg[i].off && off < m->file->seg[i].off + m->file->seg[i].size)
			name = lookup(m->file, off - m->file->seg[i].off + m->file->seg[i].vaddr);
	if (name)
		return name;
	snprintf(room, n, "%s", *m->label ? m->label : "[anonymous]");
	return room;
}

void symbols_free(struct symbols *s)
{
	while (s && s->files) {
		struct file *f = s->files;
		s->files = f->next;
		file_clear(f);
		free(f->path);
		free(f);
	}
	while (s && s->procs) {
		struct process *p = s->procs;
		s->procs = p->next;
		file_clear(&p->jit);
		free(p->map);
		free(p);
	}
	free(s);
}
