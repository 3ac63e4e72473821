/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE relocations against the running kernel: random ways into the kernel's own structs, mirrored in local
 * BTF with changes, are applied by btf_core_apply() and by BPF_PROG_LOAD (core_relos). Log, errno and the
 * patched instruction must be equal. Skipped where bpf(2) is not permitted or the kernel's BTF cannot be
 * read.
 *
 * Environment: BTF_RELO_N cases (default 300), BTF_RELO_SEED first seed, BTF_RELO_V=1 lists them,
 * BTF_RELO_DUMP=FILE writes the local BTF of the first difference.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "btf/gen.h"
#include "btf/priv.h"
#include "unit/btf_kit.h"
#include "unit/test.h"

#define LOG_SIZE (1u << 20)

/* ---- mirroring a kernel type, or most of it ---- */

struct mirror {
	struct btf_build *g;
	const struct btf *k;
	char path[256]; /* access string */
	u32 ints[5];	/* u8 u16 u32 u64, and signed int */
};

static void step(struct mirror *m, u32 idx)
{
	size_t n = strlen(m->path);

	snprintf(m->path + n, sizeof(m->path) - n, "%s%u", n ? ":" : "", idx);
}

static u32 flavored(struct mirror *m, const char *name)
{
	char text[200];

	if (!*name || !chance(30))
		return btf_build_str(m->g, name);
	snprintf(text, sizeof(text), "%s___%s", name, chance(50) ? "old" : "v2");
	return btf_build_str(m->g, text);
}

static u32 an_int(struct mirror *m, u32 size, bool is_signed)
{
	return is_signed && size == 4 ? m->ints[4]
				      : m->ints[size == 1   ? 0
						: size == 2 ? 1
						: size == 4 ? 2
							    : 3];
}

static u32 mirror_type(struct mirror *m, u32 kid, u32 depth, bool follow);

static u32 mirror_enum(struct mirror *m, const struct btf_type *t)
{
	bool wide = btf_kind_of(t) == BTF_KIND_ENUM64;
	u32 n = btf_vlen_of(t), keep = MIN(n, 6u), first = n > keep ? rnd(n - keep + 1) : 0;
	u32 id = btf_build_raw(m->g, "", btf_kind_of(t), keep, btf_kflag_of(t), t->size);

	for (u32 i = first; i < first + keep; i++) {
		u32 name = wide ? btf_enums64_of(t)[i].name_off : btf_enums_of(t)[i].name_off;

		btf_build_word(m->g, chance(10) ? btf_build_str(m->g, "NOT_THERE")
						: flavored(m, btf_str(m->k, name)));
		btf_build_word(m->g, chance(80) ? (wide ? btf_enums64_of(t)[i].val_lo32
							: (u32)btf_enums_of(t)[i].val)
						: rnd(100));
		if (wide)
			btf_build_word(m->g, btf_enums64_of(t)[i].val_hi32);
	}
	return id;
}

/* One member of the struct, where others of the program's own may stand before it. */
static u32 mirror_struct(struct mirror *m, const struct btf_type *t, u32 depth, bool follow)
{
	u32 n = btf_vlen_of(t), pick = n ? rnd(n) : 0, dummies = rnd(3), id, member = 0, size = 8, bits = 0,
	    type_size = 0;
	bool is_union = btf_kind_of(t) == BTF_KIND_UNION;
	const char *name = n ? btf_str(m->k, btf_members_of(t)[pick].name_off) : "";

	if (is_union)
		dummies = 0;
	if (n) {
		const struct btf_type *mt;
		u32 to = btf_members_of(t)[pick].type;

		bits = btf_member_bitfield(t, pick);
		mt = btf_type(m->k, btf_skip_mods(m->k, to));
		if (follow)
			step(m, dummies);
		if (bits)
			member = an_int(m, mt->size, false);
		else
			member = mirror_type(m, to, depth + 1, follow);
		type_size = 4096; /* more than enough: only BTF_LOAD could mind */
		size = dummies * 8 +
		       (u32)MIN(btf_size_of(m->k, to) > 0 ? (u64)btf_size_of(m->k, to) : 8,
				(u64)type_size * 256) +
		       16;
	}
	id = btf_build_raw(m->g, "", is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT, 0, false, size);
	for (u32 i = 0; i < dummies; i++)
		btf_build_member(m->g, i ? "dummy2" : "dummy1", m->ints[3], i * 64, 0);
	if (n)
		btf_build_member(m->g, chance(7) && *name ? "not_there" : name,
				 chance(5) ? m->ints[rnd(4)] : member,
				 is_union ? 0 : dummies * 64 + (bits ? rnd(3) : 0), bits);
	return id;
}

static u32 mirror_type(struct mirror *m, u32 kid, u32 depth, bool follow)
{
	const struct btf_type *t = btf_type(m->k, btf_skip_mods(m->k, kid));
	u32 id;

	switch (btf_kind_of(t)) {
	case BTF_KIND_INT:
		if (follow && chance(10))
			step(m, 0);
		return t->size > 8 ? m->ints[3]
				   : an_int(m, chance(85) ? t->size : 4,
					    BTF_INT_ENCODING(btf_int_of(t)) & BTF_INT_SIGNED);
	case BTF_KIND_ARRAY: {
		u32 len = btf_array_of(t)->nelems;
		bool into = follow && chance(60);

		if (into)
			step(m, chance(90) && len ? rnd(len) : len);
		id = mirror_type(m, btf_array_of(t)->type, depth, into);
		return btf_build_array(m->g, id, m->ints[2], chance(90) ? len : len / 2);
	}
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (depth > 5)
			return m->ints[2];
		return mirror_struct(m, t, depth, follow && (chance(80) || !depth));
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return mirror_enum(m, t);
	default:
		return btf_build_ptr(m->g, 0);
	}
}

/* ---- a case: BTF, relocation, instruction ---- */

struct test_case {
	struct btf_build *g;
	const u8 *btf;
	u32 btf_size;
	struct bpf_core_relo relo;
	struct bpf_insn insn[4];
	u32 n, func;
};

/* A random named kernel type of a kind the relocation is about. */
static u32 pick_root(const struct btf *k, u32 kind)
{
	for (u32 tries = 0; tries < 2000000; tries++) {
		u32 id = 1 + rnd(btf_type_count(k) - 1), tk = btf_kind_of(btf_type(k, id));
		bool want = tk == BTF_KIND_STRUCT || tk == BTF_KIND_UNION;

		if (kind >= 6 && kind != 10 && kind != 11)
			want |= tk == BTF_KIND_ENUM || tk == BTF_KIND_TYPEDEF || tk == BTF_KIND_INT;
		if (kind == 10 || kind == 11)
			want = tk == BTF_KIND_ENUM || tk == BTF_KIND_ENUM64;
		if (want && *btf_type_name(k, id))
			return id;
	}
	return 1;
}

static void make_insn(struct test_case *c)
{
	static const u8 loads[] = { 0x61, 0x69, 0x71, 0x79, 0x62, 0x63, 0x7b, 0x07, 0xb4, 0xbf };
	u32 how = rnd(10);

	c->n = 0;
	if (how < 4) {
		c->insn[c->n++] = (struct bpf_insn){ .code = 0xb7 };
	} else if (how < 5) {
		c->insn[c->n++] = (struct bpf_insn){ .code = 0x18 };
		c->insn[c->n++] = (struct bpf_insn){ 0 };
	} else {
		c->insn[c->n++] = (struct bpf_insn){ .code = loads[rnd(chance(80) ? 4 : ARRAY_SIZE(loads))],
						     .src_reg = 1 };
		if (BPF_CLASS(c->insn[0].code) != BPF_LDX)
			c->insn[0].src_reg = 0;
	}
	c->insn[c->n++] = (struct bpf_insn){ .code = 0xbf, .src_reg = 9 }; /* refused: the log stays */
	c->insn[c->n++] = (struct bpf_insn){ .code = 0x95 };
}

static bool make_case(struct test_case *c, const struct btf *k)
{
	struct mirror m = { .g = btf_build_new(NULL), .k = k };
	u32 kind = rnd(chance(98) ? 13 : 14), root = pick_root(k, kind), id;
	const struct btf_type *t = btf_type(k, root);

	c->g = m.g;
	m.ints[4] = btf_build_int(m.g, "int", 4, BTF_INT_SIGNED);
	m.ints[0] = btf_build_int(m.g, "unsigned char", 1, 0);
	m.ints[1] = btf_build_int(m.g, "unsigned short", 2, 0);
	m.ints[2] = btf_build_int(m.g, "unsigned int", 4, 0);
	m.ints[3] = btf_build_int(m.g, "unsigned long", 8, 0);
	id = btf_build_proto(m.g, m.ints[4]);
	c->func = btf_build_func(m.g, "prog", id, BTF_FUNC_GLOBAL);
	step(&m, chance(95) ? 0 : rnd(3));
	if (btf_kind_of(t) == BTF_KIND_TYPEDEF) {
		id = mirror_type(&m, t->type, 0, false);
		id = btf_build_typedef(m.g, btf_type_name(k, root), id);
	} else if (btf_kind_of(t) == BTF_KIND_INT) {
		id = btf_build_raw(m.g, btf_type_name(k, root), BTF_KIND_INT, 0, false, t->size);
		btf_build_word(m.g, btf_int_of(t));
	} else {
		id = mirror_type(&m, root, 0, kind < 6);
	}
	if (kind == 10 || kind == 11)
		snprintf(m.path, sizeof(m.path), "%u", rnd(MAX(1u, MIN(6u, btf_vlen_of(t)))));
	else if (kind >= 6 && kind < 13)
		snprintf(m.path, sizeof(m.path), "%s", chance(97) ? "0" : "0:1");
	c->relo = (struct bpf_core_relo){ .type_id = id,
					  .access_str_off = btf_build_str(m.g, m.path),
					  .kind = kind };
	/* The root was made without a name: it gets it now, flavor and all. */
	if (btf_kind_of(t) != BTF_KIND_TYPEDEF && btf_kind_of(t) != BTF_KIND_INT &&
	    btf_build_count(m.g) == id + 1) {
		u32 name = flavored(&m, btf_type_name(k, root));
		u8 *p = (u8 *)(uintptr_t)btf_build_done(m.g, &c->btf_size);
		struct btf *b = NULL;
		const struct btf_type *local;

		if (!p || btf_parse(p, c->btf_size, NULL, true, NULL, &b))
			return false;
		local = btf_type(b, id);
		p += (const u8 *)local - (const u8 *)btf_raw(b, NULL);
		memcpy(p, &name, sizeof(name));
		c->btf = (const u8 *)p - ((const u8 *)local - (const u8 *)btf_raw(b, NULL));
		btf_free(b);
	} else {
		c->btf = btf_build_done(m.g, &c->btf_size);
	}
	make_insn(c);
	return c->btf;
}

/* Put the value the program's compiler would have put: our own complaint says which. */
static void settle_value(struct test_case *c, const struct btf *local, const struct btf *k)
{
	struct bpf_insn copy[4];
	struct log l;
	const char *exp;
	u64 v;

	memcpy(copy, c->insn, sizeof(copy));
	log_init(&l, LOG_LEVEL1);
	btf_core_apply(&l, local, k, &c->relo, 0, copy, c->n);
	exp = strstr(str_text(&l.text), ", exp ");
	if (exp && chance(97)) {
		v = strtoull(exp + 6, NULL, 10);
		if (BPF_CLASS(c->insn[0].code) == BPF_ALU64 || BPF_CLASS(c->insn[0].code) == BPF_ALU) {
			c->insn[0].imm = (s32)v;
		} else if (BPF_CLASS(c->insn[0].code) == BPF_LD) {
			c->insn[0].imm = (s32)v;
			c->insn[1].imm = (s32)(v >> 32);
		} else {
			c->insn[0].off = (s16)v;
		}
	}
	log_free(&l);
}

/* attr of BPF_PROG_LOAD by offset: the system's header may be older than core_relos. */
static int kernel_load(const struct test_case *c, int btf_fd, char *log)
{
	u8 attr[160] = { 0 };
	struct {
		u32 insn_off, type_id;
	} func = { 0, c->func };
	u64 insns = (uintptr_t)c->insn, license = (uintptr_t) "GPL", logp = (uintptr_t)log,
	    funcs = (uintptr_t)&func, relos = (uintptr_t)&c->relo;
	u32 type = BPF_PROG_TYPE_SOCKET_FILTER, level = 1, size = LOG_SIZE, one = 1, eight = 8,
	    relo_size = sizeof(c->relo);
	int fd;

	memcpy(attr + 0, &type, 4);
	memcpy(attr + 4, &c->n, 4);
	memcpy(attr + 8, &insns, 8);
	memcpy(attr + 16, &license, 8);
	memcpy(attr + 24, &level, 4);
	memcpy(attr + 28, &size, 4);
	memcpy(attr + 32, &logp, 8);
	memcpy(attr + 72, &btf_fd, 4);
	memcpy(attr + 76, &eight, 4);
	memcpy(attr + 80, &funcs, 8);
	memcpy(attr + 88, &one, 4);
	memcpy(attr + 116, &one, 4);	   /* core_relo_cnt */
	memcpy(attr + 128, &relos, 8);	   /* core_relos */
	memcpy(attr + 136, &relo_size, 4); /* core_relo_rec_size */
	log[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, attr, 144);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int kernel_btf_load(const struct test_case *c)
{
	union bpf_attr a = { 0 };

	a.btf = (uintptr_t)c->btf;
	a.btf_size = c->btf_size;
	return (int)syscall(SYS_bpf, BPF_BTF_LOAD, &a, sizeof(a));
}

static const char *load_width[] = { "u32", "u16", "u8", "u64" };

/* What the kernel's listing of the first instruction must say after patching, or NULL when it is not checked.
 */
static const char *listing(const struct bpf_insn *in)
{
	static char text[80];

	if (in->code == 0xb7)
		snprintf(text, sizeof(text), "0: (b7) r0 = %d ", in->imm);
	else if (in->code == 0x18)
		snprintf(text, sizeof(text), "0: (18) r0 = 0x%llx",
			 (unsigned long long)((u32)in[0].imm | (u64)(u32)in[1].imm << 32));
	else if (in->code == 0x85)
		snprintf(text, sizeof(text), "0: (85) call unknown#%d", in->imm);
	else if (BPF_CLASS(in->code) == BPF_LDX)
		snprintf(text, sizeof(text), "0: (%02x) r0 = *(%s *)(r1 %+d)", in->code,
			 load_width[BPF_SIZE(in->code) >> 3], in->off);
	else
		return NULL;
	return text;
}

static bool same(const struct test_case *c, int got, const char *ours, int want, const char *theirs)
{
	/* This refusal has a reason only here. */
	const char *extra = strstr(ours, "prog '': relo #0: trying to relocate unrecognized"), *line;
	size_t n = extra ? (size_t)(extra - ours) : strlen(ours);

	if (strncmp(ours, theirs, n))
		return false;
	if (got)
		return got == want;
	line = listing(c->insn);
	return !line || strstr(theirs + n, line);
}

static void dump(const struct test_case *c)
{
	FILE *f = fopen(getenv("BTF_RELO_DUMP"), "w");

	if (f) {
		fwrite(c->btf, 1, c->btf_size, f);
		fclose(f);
	}
}

TEST(relocations_as_the_kernel)
{
	u64 n = env_number("BTF_RELO_N", 300), first = env_number("BTF_RELO_SEED", 1), seen[14] = { 0 };
	const struct btf *k = kernel_types();
	char *log = malloc(LOG_SIZE);
	u32 bad = 0, done = 0, applied = 0, poisoned = 0;

	for (u64 seed = first; k && seed < first + n && bad < 10; seed++) {
		struct test_case c = { 0 };
		struct btf *local = NULL;
		struct log l;
		int fd = -1, want, got;

		rng_state = seed * 0x2545f4914f6cdd1dull + 7;
		if (make_case(&c, k) && !btf_load(c.btf, c.btf_size, k, NULL, &local))
			fd = kernel_btf_load(&c);
		if (fd < 0 && local && errno == EPERM) {
			btf_build_free(c.g);
			btf_free(local);
			k = NULL;
			break;
		}
		if (fd >= 0) {
			settle_value(&c, local, k);
			want = kernel_load(&c, fd, log);
			log_init(&l, LOG_LEVEL1);
			got = btf_core_apply(&l, local, k, &c.relo, 0, c.insn, c.n);
			done++;
			seen[MIN(c.relo.kind, 13u)]++;
			applied += !got;
			poisoned += !got && c.insn[0].imm == 195896080;
			if (env_number("BTF_RELO_V", 0))
				printf("#   case %llu: %d\n%s\n", (unsigned long long)seed, got,
				       str_text(&l.text));
			if (!same(&c, got, str_text(&l.text), want, log)) {
				if (!bad++ && getenv("BTF_RELO_DUMP"))
					dump(&c);
				printf("#   case %llu: kernel %d, skep %d\n#   skep:\n%s\n#   "
				       "kernel:\n%.1500s\n",
				       (unsigned long long)seed, want, got, str_text(&l.text), log);
			}
			log_free(&l);
			close(fd);
		}
		btf_free(local);
		btf_build_free(c.g);
	}
	free(log);
	if (!k)
		SKIP("bpf(2) is not permitted here, or the kernel's BTF cannot be read");
	CHECK_EQ(bad, 0);
	CHECK(done > 0);
	printf("#   %u relocations, %u applied, %u of them poisoned; by kind:", done, applied, poisoned);
	for (u32 i = 0; i < 14; i++)
		printf(" %llu", (unsigned long long)seen[i]);
	printf("\n");
}
