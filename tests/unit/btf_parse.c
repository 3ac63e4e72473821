/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsing BTF: what loaders probe for, every complaint about the header and the sections, names, the kernel's
 * BTF, BTF on top of another, BTF that clang makes. Comparing with the running kernel is btf_oracle's affair.
 */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "btf/gen.h"
#include "unit/test.h"

static char last_line[1200];

/* Load; the last line of the log stays in last_line. */
static int load(const void *data, u32 size)
{
	struct btf *b = NULL;
	struct log l;
	const char *text, *nl;
	int err;

	log_init(&l, LOG_LEVEL1);
	err = btf_load(data, size, NULL, &l, &b);
	text = str_text(&l.text);
	while ((nl = strchr(text, '\n')) && nl[1])
		text = nl + 1;
	snprintf(last_line, sizeof(last_line), "%s", text);
	btf_free(b);
	log_free(&l);
	return err;
}

static int load_built(struct btf_build *g)
{
	u32 size = 0;
	const void *p = btf_build_done(g, &size);
	int err = load(p, size);

	btf_build_free(g);
	return err;
}

static struct btf_build *with_int(void)
{
	struct btf_build *g = btf_build_new(NULL);

	btf_build_int(g, "int", 4, BTF_INT_SIGNED);
	return g;
}

TEST(probes_of_loaders)
{
	struct btf_build *g;

	for (u32 linkage = BTF_FUNC_STATIC; linkage <= BTF_FUNC_GLOBAL; linkage++) {
		g = with_int();
		btf_build_proto(g, 0);
		btf_build_param(g, "a", 1);
		btf_build_func(g, "x", 2, linkage);
		CHECK_EQ(load_built(g), 0);
	}
	for (int i = 0; i < 2; i++) {
		g = with_int();
		btf_build_var(g, "x", 1, BTF_VAR_STATIC);
		btf_build_datasec(g, i ? "?.data" : "val", 4);
		btf_build_secinfo(g, 2, 0, 4);
		CHECK_EQ(load_built(g), 0);
	}
	g = btf_build_new(NULL);
	btf_build_float(g, "float", 4);
	CHECK_EQ(load_built(g), 0);
	for (int kflag = 0; kflag < 2; kflag++) {
		g = with_int();
		btf_build_var(g, "x", 1, BTF_VAR_STATIC);
		btf_build_raw(g, "tag", BTF_KIND_DECL_TAG, 0, kflag, 2);
		btf_build_word(g, ~0u);
		CHECK_EQ(load_built(g), 0);
		g = with_int();
		btf_build_raw(g, "tag", BTF_KIND_TYPE_TAG, 0, kflag, 1);
		btf_build_ptr(g, 2);
		CHECK_EQ(load_built(g), 0);
	}
	g = btf_build_new(NULL);
	btf_build_enum64(g, "e", 8, true);
	btf_build_enumerator(g, "v", 1ull << 40);
	CHECK_EQ(load_built(g), 0);
}

/* A blob with one int, to be spoiled. */
struct blob {
	struct btf_header h;
	u32 type[4];
	char strs[5];
	u8 room[16];
} __attribute__((packed));
#define BLOB_SIZE ((u32)offsetof(struct blob, room))

static struct blob good_blob(void)
{
	return (struct blob){
		.h = { .magic = BTF_MAGIC,
		       .version = 1,
		       .hdr_len = 24,
		       .type_len = 16,
		       .str_off = 16,
		       .str_len = 5 },
		.type = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32 },
		.strs = "\0int",
	};
}

#define EXPECT(change, size, err, text)            \
	do {                                       \
		struct blob b = good_blob();       \
		change;                            \
		CHECK_EQ(load(&b, (size)), (err)); \
		CHECK_STR(last_line, text);        \
	} while (0)

TEST(header_and_sections)
{
	EXPECT((void)b, BLOB_SIZE, 0, "[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n");
	EXPECT((void)b, 0, -EINVAL, "hdr_len not found");
	EXPECT((void)b, 7, -EINVAL, "hdr_len not found");
	EXPECT((void)b, 23, -EINVAL, "btf_header not found");
	EXPECT((b.h.hdr_len = 28, b.type[0] = 7), BLOB_SIZE, -E2BIG, "Unsupported btf_header");
	EXPECT(b.h.magic = 0x9feb, BLOB_SIZE, -EINVAL, "Invalid magic");
	EXPECT(b.h.version = 2, BLOB_SIZE, -524, "Unsupported version");
	EXPECT(b.h.flags = 1, BLOB_SIZE, -524, "Unsupported flags");
	EXPECT((void)b, 24, -EINVAL, "No data");
	EXPECT(b.h.str_off = 60, BLOB_SIZE, -EINVAL, "Invalid section offset");
	EXPECT((b.h.type_off = 4, b.h.str_off = 20), BLOB_SIZE, -EINVAL, "Unsupported section found");
	EXPECT(b.h.str_off = 12, BLOB_SIZE, -EINVAL, "Section overlap found");
	EXPECT(b.h.str_len = 6, BLOB_SIZE, -EINVAL, "Total section length too long");
	EXPECT(b.h.str_len = 4, BLOB_SIZE, -EINVAL, "Unsupported section found");
	EXPECT((b.h.str_off = 0, b.h.str_len = 5, b.h.type_off = 5), BLOB_SIZE, -EINVAL,
	       "String section is not at the end");
	EXPECT(b.strs[4] = 'x', BLOB_SIZE, -EINVAL, "Invalid string section");
	EXPECT(b.strs[0] = 'x', BLOB_SIZE, -EINVAL, "Invalid string section");
	EXPECT((b.h.type_len = 0, b.h.str_off = 0, b.h.str_len = 21, b.type[0] = 0), BLOB_SIZE, -EINVAL,
	       "No type found");
	EXPECT((b.type[0] = 3, b.h.type_len = 14, b.h.str_off = 14, b.h.str_len = 7), BLOB_SIZE, -EINVAL,
	       "[1] INT int meta_left:2 meta_needed:4\n");
	EXPECT((b.type[2] = 0, b.h.type_len = 8, b.h.str_off = 8, b.h.str_len = 13), BLOB_SIZE, -EINVAL,
	       "[1] meta_left:8 meta_needed:12");
	EXPECT(b.type[1] |= 0x40000000, BLOB_SIZE, -EINVAL, "[1] Invalid btf_info:41000000");
	EXPECT(b.type[1] = 20 << 24, BLOB_SIZE, -EINVAL, "[1] Invalid kind:20");
	EXPECT(b.type[0] = 5, BLOB_SIZE, -EINVAL, "[1] Invalid name_offset:5");
	EXPECT(b.type[3] |= 1 << 25, BLOB_SIZE, -524,
	       "[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=UNKN Unsupported encoding\n");
	CHECK_EQ(btf_load(last_line, (16u << 20) + 1, NULL, NULL, &(struct btf *){ NULL }), -E2BIG);
}

/* The header may have any length: types behind it are read aligned all the same. */
TEST(long_header)
{
	struct blob b = good_blob();
	u8 data[BLOB_SIZE + 3];
	struct btf *btf = NULL;

	b.h.hdr_len = 27;
	memset(data, 0, sizeof(data));
	memcpy(data, &b.h, 24);
	memcpy(data + 27, b.type, 21);
	CHECK_EQ(btf_parse(data, sizeof(data), NULL, false, NULL, &btf), 0);
	if (!btf)
		return;
	CHECK_EQ((uintptr_t)btf_type(btf, 1) % 4, 0);
	CHECK_STR(btf_type_name(btf, 1), "int");
	CHECK(!memcmp(btf_raw(btf, NULL), data, sizeof(data)));
	btf_free(btf);
}

TEST(loops_and_depth)
{
	struct btf_build *g = with_int();

	btf_build_typedef(g, "a", 3);
	btf_build_typedef(g, "b", 2);
	CHECK_EQ(load_built(g), -EEXIST);
	CHECK_STR(last_line, "[2] TYPEDEF a type_id=3 Loop detected\n");
	g = with_int();
	btf_build_struct(g, "s", 8);
	btf_build_member(g, "self", 2, 0, 0);
	CHECK_EQ(load_built(g), -EEXIST);
	g = with_int();
	btf_build_struct(g, "s", 8);
	btf_build_member(g, "self", 3, 0, 0);
	btf_build_ptr(g, 2);
	CHECK_EQ(load_built(g), 0);
	/* 32 types may wait for each other, 33 may not. */
	for (u32 n = 31; n <= 33; n++) {
		g = with_int();
		for (u32 i = 2; i < 2 + n; i++)
			btf_build_typedef(g, "t", i == 1 + n ? 1 : i + 1);
		CHECK_EQ(load_built(g), n == 31 ? 0 : n == 32 ? 0 : -E2BIG);
	}
	CHECK_STR(last_line, "[2] TYPEDEF t type_id=3 Exceeded max resolving depth:32\n");
}

TEST(reading)
{
	struct btf_build *g = with_int();
	struct btf *b = NULL;
	u32 size, arr, s, cst, var, vol;
	const void *p;

	arr = btf_build_array(g, btf_build_array(g, 1, 1, 3), 1, 5);
	cst = btf_build_mod(g, BTF_KIND_CONST, arr);
	vol = btf_build_mod(g, BTF_KIND_VOLATILE, cst);
	s = btf_build_struct(g, "s", 24);
	btf_build_member(g, "p", btf_build_count(g) + 3, 0, 0);
	btf_build_member(g, "f", 1, 64, 3);
	btf_build_member(g, "g", 1, 67, 7);
	var = btf_build_var(g, "v", s, BTF_VAR_STATIC);
	btf_build_decl_tag(g, "arg:ctx", s, 1);
	btf_build_decl_tag(g, "arg:nullable", s, 1);
	btf_build_ptr(g, 0);
	p = btf_build_done(g, &size);
	CHECK_EQ(btf_parse(p, size, NULL, false, NULL, &b), 0);
	btf_build_free(g);
	if (!b)
		return;
	CHECK_EQ(btf_size_of(b, arr), 60);
	CHECK_EQ(btf_size_of(b, vol), 60);
	CHECK_EQ(btf_skip_mods(b, vol), arr);
	CHECK_EQ(btf_size_of(b, var), 24);
	CHECK_EQ(btf_size_of(b, 0), -EINVAL);
	CHECK_EQ(btf_member_bit_off(btf_type(b, s), 2), 67);
	CHECK_EQ(btf_member_bitfield(btf_type(b, s), 2), 7);
	CHECK_EQ(btf_find(b, "s", BTF_KIND_STRUCT), s);
	CHECK_EQ(btf_find(b, "s", BTF_KIND_UNION), -ENOENT);
	CHECK_EQ(btf_find(b, "nope", BTF_KIND_STRUCT), -ENOENT);
	CHECK_STR(btf_decl_tag(b, s, 1, "arg:"), "ctx");
	CHECK(!btf_decl_tag(b, s, 0, "arg:"));
	CHECK(!btf_decl_tag(b, s, -1, "arg:"));
	CHECK_STR(btf_type_name(b, btf_decl_tag_next(b, s, 1, "arg:", btf_decl_tag_next(b, s, 1, "arg:", 0))),
		  "arg:nullable");
	CHECK(!btf_type(b, btf_type_count(b)));
	CHECK_STR(btf_str(b, 100000), "");
	btf_free(b);
}

TEST(split_btf)
{
	struct btf_build *g = with_int(), *m;
	struct btf *base = NULL, *mod = NULL;
	u32 size, s;
	const void *p = btf_build_done(g, &size);

	CHECK_EQ(btf_parse(p, size, NULL, true, NULL, &base), 0);
	m = btf_build_new(base);
	s = btf_build_struct(m, "in_module", 4);
	btf_build_member(m, "x", 1, 0, 0);
	p = btf_build_done(m, &size);
	for (int trusted = 0; trusted < 2; trusted++) {
		CHECK_EQ(btf_parse(p, size, base, trusted, NULL, &mod), 0);
		CHECK_EQ(s, 2);
		CHECK_EQ(btf_type_count(mod), 3);
		CHECK_EQ(btf_find(mod, "int", BTF_KIND_INT), 1);
		CHECK_EQ(btf_find(mod, "in_module", BTF_KIND_STRUCT), 2);
		CHECK_STR(btf_str(mod, btf_members_of(btf_type(mod, s))->name_off), "x");
		CHECK_EQ(btf_size_of(mod, s), 4);
		CHECK(btf_base(mod) == base);
		btf_free(mod);
	}
	btf_free(base);
	btf_build_free(g);
	btf_build_free(m);
}

TEST(trusted_is_not_blind)
{
	struct btf_build *g;
	struct btf *b = NULL;
	const void *p;
	u32 size;

	for (int i = 0; i < 5; i++) {
		g = with_int();
		switch (i) {
		case 0:
			btf_build_typedef(g, "t", 9);
			break; /* no such type */
		case 1:
			btf_build_typedef(g, "t", 2);
			break; /* itself */
		case 2:	       /* contains itself */
			btf_build_struct(g, "s", 8);
			btf_build_member(g, "x", 3, 0, 0);
			btf_build_array(g, 2, 1, 1);
			break;
		case 3:
			btf_build_func(g, "f", 1, 0);
			break; /* an int is no prototype */
		case 4:	       /* two pointers to each other */
			btf_build_ptr(g, 3);
			btf_build_ptr(g, 2);
			break;
		}
		p = btf_build_done(g, &size);
		CHECK_EQ(btf_parse(p, size, NULL, true, NULL, &b), -EINVAL);
		btf_build_free(g);
	}
}

static void *find_in_thread(void *b)
{
	return (void *)(intptr_t)btf_find(b, "task_struct", BTF_KIND_STRUCT);
}

TEST(kernel_btf)
{
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "r");
	char *buf = malloc(64u << 20);
	struct timespec t0, t1;
	struct btf *b = NULL;
	pthread_t th[4];
	void *got;
	size_t n;
	s32 id;

	if (!f) {
		free(buf);
		SKIP("no /sys/kernel/btf/vmlinux");
	}
	n = fread(buf, 1, 64u << 20, f);
	fclose(f);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	CHECK_EQ(btf_parse(buf, (u32)n, NULL, true, NULL, &b), 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	free(buf);
	if (!b)
		return;
	printf("#   %u types in %.1f ms\n", btf_type_count(b),
	       (double)(t1.tv_sec - t0.tv_sec) * 1e3 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e6);
	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, find_in_thread, b);
	id = btf_find(b, "task_struct", BTF_KIND_STRUCT);
	CHECK(id > 0 && btf_size_of(b, (u32)id) > 1000);
	CHECK_STR(btf_type_name(b, (u32)id), "task_struct");
	for (int i = 0; i < 4; i++) {
		pthread_join(th[i], &got);
		CHECK_EQ((intptr_t)got, id);
	}
	/* The index finds what a linear search finds. */
	for (u32 i = 1; i < btf_type_count(b); i += 997) {
		const struct btf_type *t = btf_type(b, i);
		s32 first;

		if (!t->name_off)
			continue;
		first = btf_find(b, btf_type_name(b, i), btf_kind_of(t));
		CHECK(first > 0 && (u32)first <= i &&
		      !strcmp(btf_type_name(b, (u32)first), btf_type_name(b, i)));
	}
	btf_free(b);
}

/* ---- clang's BTF ---- */

static const char source[] =
	"enum color { RED, GREEN = 5 }; enum big { HUGE = 0x100000000ull };\n"
	"struct inner { char name[16]; unsigned a:3, b:7; };\n"
	"typedef struct { struct inner in[4]; enum color c; enum big g; double d; int (*cb)(int, char *); "
	"union { int x; long y; }; } top_t;\n"
	"int out __attribute__((section(\".data.x\"))) = 3;\n"
	"top_t *keep;\n"
	"static __attribute__((noinline)) int f(top_t *p, int x) { return p->in[x & 3].name[0]; }\n"
	"__attribute__((section(\"xdp\"))) int prog(void *ctx) { return f(keep, out); }\n";

/* The section of an ELF file in memory, or NULL. */
static u8 *elf_section(u8 *file, size_t size, const char *name, u32 *ret_size)
{
	Elf64_Ehdr *e = (void *)file;
	Elf64_Shdr *s, *strs;

	if (size < sizeof(*e) || e->e_shoff + (u64)e->e_shnum * sizeof(*s) > size)
		return NULL;
	s = (void *)(file + e->e_shoff);
	strs = &s[e->e_shstrndx];
	for (u32 i = 0; i < e->e_shnum; i++)
		if (!strcmp((char *)file + strs->sh_offset + s[i].sh_name, name)) {
			*ret_size = (u32)s[i].sh_size;
			return file + s[i].sh_offset;
		}
	return NULL;
}

/* What a loader does before loading: sections get their sizes, variables their offsets. */
static void finish_datasecs(u8 *file, size_t size, struct btf *b, u8 *raw)
{
	for (u32 id = 1; id < btf_type_count(b); id++) {
		const struct btf_type *t = btf_type(b, id);
		struct btf_type *w = (void *)(raw + ((const u8 *)t - (const u8 *)btf_raw(b, NULL)));
		u32 sec_size = 0;

		if (btf_kind_of(t) == BTF_KIND_DATASEC &&
		    elf_section(file, size, btf_type_name(b, id), &sec_size))
			w->size = sec_size;
	}
}

TEST(btf_of_clang)
{
	char dir[] = "/tmp/btf-test-XXXXXX", cmd[300];
	u8 *file = calloc(1, 1 << 20), *raw;
	struct btf *b = NULL;
	u32 size = 0;
	size_t n;
	FILE *f;
	s32 id;

	if (!mkdtemp(dir) || system("clang --version >/dev/null 2>&1")) {
		free(file);
		SKIP("no clang");
	}
	snprintf(cmd, sizeof(cmd), "%s/t.c", dir);
	f = fopen(cmd, "w");
	fputs(source, f);
	fclose(f);
	snprintf(cmd, sizeof(cmd), "clang -target bpf -O2 -g -c %s/t.c -o %s/t.o", dir, dir);
	CHECK_EQ(system(cmd), 0);
	snprintf(cmd, sizeof(cmd), "%s/t.o", dir);
	f = fopen(cmd, "r");
	n = f ? fread(file, 1, 1 << 20, f) : 0;
	if (f)
		fclose(f);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	CHECK_EQ(system(cmd), 0);
	raw = elf_section(file, n, ".BTF", &size);
	CHECK(raw != NULL);
	if (raw) {
		CHECK_EQ(btf_parse(raw, size, NULL, true, NULL, &b), 0);
		finish_datasecs(file, n, b, raw);
		btf_free(b);
		b = NULL;
		CHECK_EQ(load(raw, size), 0);
		CHECK_EQ(btf_parse(raw, size, NULL, false, NULL, &b), 0);
	}
	if (b) {
		id = btf_find(b, "inner", BTF_KIND_STRUCT);
		CHECK(id > 0 && btf_size_of(b, (u32)id) == 20);
		id = btf_find(b, "top_t", BTF_KIND_TYPEDEF);
		CHECK(id > 0 && btf_size_of(b, (u32)id) == 120);
		CHECK(btf_find(b, "f", BTF_KIND_FUNC) > 0);
	}
	btf_free(b);
	free(file);
}
