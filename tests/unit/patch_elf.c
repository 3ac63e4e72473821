/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF reader beside libelf on the system's files, its unwind tables beside symbols, Go's table, and hostile files: every byte
 * of a small one changed at random, at the end of readable memory. N: rounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patch/elf.h"
#include "unit/test.h"

static const char *const files[] = { "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/bin/bash",
				     "/usr/bin/python3", "/proc/self/exe" };

/* The file as it is, and one byte behind it nothing. */
static u8 *load(const char *path, u64 *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	u64 room;
	u8 *p;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	room = ((u64)st.st_size + 4095) & ~4095ull;
	p = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(p + room, 4096, PROT_NONE);
	p += room - (u64)st.st_size;
	if (read(fd, p, (size_t)st.st_size) != st.st_size)
		p = NULL;
	close(fd);
	*ret_size = (u64)st.st_size;
	return p;
}

static int count(void *arg, const struct patch_sym *sym)
{
	u64 *sum = arg;

	sum[0]++;
	sum[1] += sym->va * 3 + sym->size * 5 + strlen(sym->name);
	return 0;
}

static void libelf_count(Elf *e, u64 sum[2])
{
	for (Elf_Scn *s = NULL; (s = elf_nextscn(e, s));) {
		GElf_Shdr sh;
		Elf_Data *d = elf_getdata(s, NULL);

		gelf_getshdr(s, &sh);
		if (sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM)
			continue;
		for (u64 i = 1; i < sh.sh_size / sizeof(Elf64_Sym); i++) {
			GElf_Sym y;
			const char *name;

			gelf_getsym(d, (int)i, &y);
			name = elf_strptr(e, sh.sh_link, y.st_name);
			if ((GELF_ST_TYPE(y.st_info) != STT_FUNC && GELF_ST_TYPE(y.st_info) != STT_GNU_IFUNC) ||
			    y.st_shndx == SHN_UNDEF || !y.st_value || !name || !*name)
				continue;
			sum[0]++;
			sum[1] += y.st_value * 3 + y.st_size * 5 + strlen(name);
		}
	}
}

TEST(symbols_as_libelf_reads_them)
{
	elf_version(EV_CURRENT);
	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		u64 size, ours[2] = { 0 }, theirs[2] = { 0 };
		u8 *p = load(files[i], &size);
		struct patch_elf e;
		Elf *l;

		if (!p)
			continue;
		CHECK_EQ(patch_elf_open(p, size, &e), 0);
		l = elf_memory((char *)p, size);
		libelf_count(l, theirs);
		CHECK_EQ(patch_elf_functions(&e, count, ours), 0);
		CHECK(ours[0] > 50); /* the smallest is this program */
		CHECK_EQ(ours[0], theirs[0]);
		CHECK_EQ(ours[1], theirs[1]);
		elf_end(l);
	}
}

__attribute__((noinline, used)) static int a_local_function(int x) { return x * 3 + 1; }

struct walk { struct patch_elf *e; u64 n, last, sized, agree; };

static int one_range(void *arg, u64 start, u64 end)
{
	struct walk *w = arg;
	u64 s, f;

	w->n++;
	CHECK(start >= w->last && end > start);
	w->last = start;
	if (w->n % 37 == 0) {
		CHECK_EQ(patch_elf_bounds(w->e, start + (end - start) / 2, &s, &f), 0);
		CHECK(s == start && f == end);
		CHECK_EQ(patch_elf_bounds(w->e, start, &s, &f), 0);
		CHECK_EQ(s, start);
	}
	return 0;
}

static int symbol_range(void *arg, const struct patch_sym *sym)
{
	struct walk *w = arg;
	u64 s, f;

	if (!sym->size || sym->dynamic || patch_elf_bounds(w->e, sym->va, &s, &f))
		return 0;
	w->sized++;
	w->agree += s == sym->va && f == sym->va + sym->size;
	return 0;
}

TEST(bounds)
{
	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		struct walk w = { 0 };
		struct patch_elf e;
		u64 size;
		u8 *p = load(files[i], &size);

		if (!p || patch_elf_open(p, size, &e))
			continue;
		w.e = &e;
		CHECK_EQ(patch_elf_ranges(&e, one_range, &w), 0);
		CHECK(w.n > (i == ARRAY_SIZE(files) - 1 ? 50 : 1000)); /* this program is small */
		if (i == ARRAY_SIZE(files) - 1) {
			patch_elf_functions(&e, symbol_range, &w);
			CHECK(w.sized > 50);
			CHECK(w.agree * 100 > w.sized * 95);
		}
	}
}

TEST(names_addresses_offsets)
{
	struct patch_elf e;
	struct patch_sym sym, back;
	u64 size, off;
	u8 *p = load("/proc/self/exe", &size);

	CHECK_EQ(patch_elf_open(p, size, &e), 0);
	CHECK_EQ(patch_elf_find(&e, "a_local_function", &sym), 0);
	CHECK_EQ(patch_elf_find(&e, "no_such_function", &sym), -ENOENT);
	CHECK_EQ(patch_elf_find(&e, "a_local_function", &sym), 0);
	CHECK_EQ(patch_elf_at(&e, sym.va + 1, &back), 0);
	CHECK_STR(back.name, "a_local_function");
	CHECK_EQ(patch_elf_va_to_off(&e, sym.va, &off), 0);
	CHECK(patch_elf_bytes(&e, sym.va, sym.size) == p + off);
	CHECK(!memcmp(p + off, (const void *)(uintptr_t)a_local_function, sym.size));
	CHECK(!patch_elf_bytes(&e, 0x7fffffffffffull, 1));
	CHECK_EQ(patch_elf_va_to_off(&e, 0x7fffffffffffull, &off), -ENOENT);
	CHECK_EQ(patch_elf_open("not an ELF file at all, but long enough to be one: .................", 64, &e), -EINVAL);
}

struct names { u64 n, main, big; };

static int go_name(void *arg, const struct patch_sym *sym)
{
	struct names *s = arg;

	s->n++;
	s->main += !strcmp(sym->name, "main.main");
	s->big += sym->size > 1u << 20;
	return 0;
}

TEST(go_functions)
{
	const char *path = getenv("GO_FILE");
	struct names s = { 0 };
	struct patch_elf e;
	struct patch_sym sym, again;
	u64 size, from, to;
	u8 *p;

	if (!path)
		path = "/usr/lib/go-1.19/pkg/tool/linux_amd64/vet";
	p = load(path, &size);
	if (!p)
		SKIP("no Go program here (GO_FILE)");
	CHECK_EQ(patch_elf_open(p, size, &e), 0);
	CHECK(patch_go_is(&e));
	CHECK_EQ(patch_go_functions(&e, go_name, &s), 0);
	CHECK(s.n > 1000);
	CHECK_EQ(s.main, 1);
	CHECK_EQ(s.big, 0);
	CHECK_EQ(patch_elf_find(&e, "runtime.mallocgc", &sym), 0);
	CHECK_EQ(patch_elf_bounds(&e, sym.va + 5, &from, &to), 0);
	CHECK_EQ(from, sym.va);
	CHECK_EQ(patch_go_at(&e, sym.va + 5, &again), 0);
	CHECK_STR(again.name, "runtime.mallocgc");
}

static u64 sink;
static int touch_sym(void *arg, const struct patch_sym *sym) { (void)arg; sink += strlen(sym->name) + sym->va; return 0; }
static int touch_range(void *arg, u64 a, u64 b) { (void)arg; sink += a ^ b; return 0; }

static void everything(const u8 *p, u64 size)
{
	struct patch_elf e;
	struct patch_sym sym;
	u64 a, b, c;

	if (patch_elf_open(p, size, &e))
		return;
	patch_elf_functions(&e, touch_sym, NULL);
	patch_elf_ranges(&e, touch_range, NULL);
	patch_elf_bounds(&e, 0x1100, &a, &b);
	patch_elf_at(&e, 0x1100, &sym);
	patch_go_at(&e, 0x1100, &sym);
	for (u32 i = 0; i < 3 && !patch_elf_text(&e, i, &a, &b, &c); i++)
		sink += c ? (u64)p[b] + p[b + c - 1] : 0;
	patch_elf_va_to_off(&e, 0x1100, &a);
}

/* Changes bytes where structure is: the headers, section headers, unwind tables, else anywhere. */
static void hostile(const char *path, u64 rounds)
{
	u64 size, x = 88172645463325252ull;
	u8 *p = load(path, &size), *keep;
	struct patch_elf e;

	if (!p || patch_elf_open(p, size, &e))
		return;
	keep = malloc(size);
	memcpy(keep, p, size);
	for (u64 i = 0; i < rounds; i++) {
		for (u64 k = 0; k <= (x & 7); k++) {
			u64 at;

			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			switch (x >> 60 & 3) {
			case 0: at = x % 64; break;
			case 1: at = (e.phoff + x % (e.phnum * 56ull + 1)) % size; break;
			case 2: at = (e.shoff + x % (e.shnum * 64ull + 1)) % size; break;
			default: at = x % size; break;
			}
			p[at] = (u8)(x >> 32);
		}
		everything(p, size);
		everything(p + size - size / (1 + x % 5), size / (1 + x % 5));
		memcpy(p, keep, size);
	}
	free(keep);
}

TEST(hostile_files)
{
	const char *n = getenv("N");
	u64 rounds = n ? strtoull(n, NULL, 0) : 3000;

	hostile("/bin/true", rounds);
	hostile("/lib64/ld-linux-x86-64.so.2", rounds / 10);
	hostile("/proc/self/exe", rounds / 10);
	CHECK(sink);
}
