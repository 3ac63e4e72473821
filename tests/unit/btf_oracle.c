/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF against the running kernel: random BTF, valid and broken, goes to bpf(BPF_BTF_LOAD) and to our loader,
 * and errno and the whole log must be equal. Skipped where bpf(2) is not permitted. Deterministic: case i is
 * made from seed i.
 *
 * Environment: BTF_ORACLE_N cases (default 600), BTF_ORACLE_SEED first seed, BTF_ORACLE_DUMP=FILE writes the
 * first differing blob, BTF_ORACLE_FILE=FILE raw BTF to spoil instead of making types up.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "btf/btf.h"
#include "btf/gen.h"
#include "btf/priv.h"
#include "unit/btf_kit.h"
#include "unit/test.h"

#define LOG_SIZE (4u << 20)
#define TYPES	 64

/* ---- a random program's types ---- */

struct made {
	u32 kind, size;
};
struct maker {
	struct btf_build *g;
	struct made t[TYPES + 32];
	u32 want; /* types planned */
	u32 wild; /* percent of choices made without sense */
};

static const char *const good_names[] = {
	"a",	       "foo",	      "bar", "node", "lock", "head",
	"task_struct", "bpf_cpumask", "x.y", "_z",   "int",  "Long_name_with_0123456789",
	"T",
};
static const char *const special_names[] = {
	"bpf_spin_lock", "bpf_list_head", "bpf_list_node",     "bpf_rb_root",
	"bpf_rb_node",	 "bpf_refcount",  "bpf_res_spin_lock", "bpf_timer",
};
static const char *const bad_names[] = { "9x", "a b", "", "-", "caf\xe9", "a\x01", "\xd7", "?sec", "a/b" };
static const char *const tag_names[] = {
	"kptr",	     "kptr_untrusted",	  "percpu_kptr",       "uptr",
	"user",	     "contains:foo:node", "contains:bar:lock", "contains:foo:",
	"contains:", "arg:ctx",
};

static const char *name_of(struct maker *m, bool required)
{
	static char longname[600];

	if (chance(m->wild)) {
		if (chance(20)) {
			u32 n = 505 + rnd(12);

			memset(longname, 'n', n);
			longname[n] = '\0';
			return longname;
		}
		return bad_names[rnd(ARRAY_SIZE(bad_names))];
	}
	if (!required && chance(30))
		return "";
	if (chance(5))
		return special_names[rnd(ARRAY_SIZE(special_names))];
	return good_names[rnd(ARRAY_SIZE(good_names))];
}

static u32 next_id(struct maker *m)
{
	return btf_build_count(m->g);
}

static u32 note(struct maker *m, u32 id, u32 kind, u32 size)
{
	if (id < ARRAY_SIZE(m->t))
		m->t[id] = (struct made){ kind, size };
	return id;
}

#define KB(k)	   (1u << BTF_KIND_##k)
#define DECL_KINDS (KB(STRUCT) | KB(UNION) | KB(FUNC) | KB(VAR) | KB(TYPEDEF))
#define SIZED_KINDS                                                                                   \
	(KB(INT) | KB(PTR) | KB(ARRAY) | KB(STRUCT) | KB(UNION) | KB(ENUM) | KB(ENUM64) | KB(FLOAT) | \
	 KB(TYPEDEF) | KB(CONST) | KB(VOLATILE))

/* An id of one of the kinds, or now and then of anything, also of what does not exist yet or never will. */
static u32 ref(struct maker *m, u32 kinds)
{
	u32 n = next_id(m);

	if (chance(m->wild))
		return rnd(m->want + 3);
	if (chance(m->wild ? 4 : 1))
		return 1 + rnd(m->want);
	for (int i = 0; i < 40; i++) {
		u32 id = 1 + rnd(n);

		if (id < n && (kinds & 1u << m->t[id].kind) && (m->t[id].size || !(kinds & KB(INT))))
			return id;
	}
	return n > 1 ? 1 + rnd(n - 1) : 1;
}

/* Is there a type to refer to? If not, the wild ones go on all the same. */
static bool have(struct maker *m, u32 kinds)
{
	for (u32 id = 1; id < next_id(m); id++)
		if (kinds & 1u << m->t[id].kind)
			return true;
	return chance(m->wild);
}

static u32 size_of(struct maker *m, u32 id)
{
	return id < next_id(m) && id < ARRAY_SIZE(m->t) ? m->t[id].size : 4;
}

static void make_int(struct maker *m)
{
	static const u32 sizes[] = { 1, 2, 4, 8, 16 };
	u32 size = sizes[rnd(5)], enc = (u32[]){ 0, 1, 2, 4 }[rnd(4)], bits = size * 8, off = 0, id;

	if (chance(m->wild)) {
		enc = rnd(16);
		bits = rnd(140);
		off = rnd(40);
		size = rnd(18);
	} else if (chance(8)) {
		bits = 1 + rnd(size * 8);
	}
	id = btf_build_raw(m->g, name_of(m, true), BTF_KIND_INT, 0, false, size);
	btf_build_word(m->g, enc << 24 | off << 16 | bits);
	note(m, id, BTF_KIND_INT, bits == size * 8 ? size : 0);
}

static void make_struct(struct maker *m, bool is_union)
{
	u32 n = rnd(6), ids[6], at[6], bits[6], off = 0, end = 0, id = next_id(m),
	    kind = is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT;
	bool kflag = chance(30);

	for (u32 i = 0; i < n; i++) {
		u32 size;

		ids[i] = ref(m, SIZED_KINDS);
		size = size_of(m, ids[i]);
		bits[i] = 0;
		if (kflag && chance(40)) {
			ids[i] = ref(m, KB(INT) | KB(ENUM));
			size = size_of(m, ids[i]);
			bits[i] = 1 + rnd(chance(m->wild) ? 40 : MAX(MIN(size * 8, 32u), 1u));
		}
		off = (off + 7) / 8 * 8;
		if (size && chance(80))
			off = (off / 8 + MIN(size, 8u) - 1) / MIN(size, 8u) * MIN(size, 8u) * 8;
		at[i] = is_union ? 0 : off;
		if (chance(m->wild))
			at[i] = rnd(600);
		off = at[i] + (bits[i] ? bits[i] : size * 8);
		end = MAX(end, (off + 7) / 8);
	}
	if (chance(m->wild))
		end = rnd(end + 9);
	note(m, btf_build_raw(m->g, name_of(m, false), kind, n, kflag, end), kind, end);
	for (u32 i = 0; i < n; i++) {
		const char *name = chance(20) ? "" : name_of(m, false);

		btf_build_word(m->g, btf_build_str(m->g, name));
		btf_build_word(m->g, chance(m->wild / 2) ? id : ids[i]);
		btf_build_word(m->g, (kflag ? bits[i] << 24 : 0) | at[i]);
	}
}

static void make_enum(struct maker *m, bool wide)
{
	static const u32 sizes[] = { 1, 2, 4, 8 };
	u32 size = chance(m->wild) ? rnd(20) : sizes[rnd(4)], n = rnd(4);

	if (wide)
		note(m, btf_build_enum64(m->g, name_of(m, false), size, chance(50)), BTF_KIND_ENUM64, size);
	else
		note(m, btf_build_enum(m->g, name_of(m, false), size, chance(50)), BTF_KIND_ENUM, size);
	for (u32 i = 0; i < n; i++)
		btf_build_enumerator(m->g, name_of(m, true), (u64)rnd(~0u) << 32 | rnd(~0u));
}

static void make_proto(struct maker *m)
{
	u32 n = rnd(5);

	note(m, btf_build_proto(m->g, chance(30) ? 0 : ref(m, SIZED_KINDS)), BTF_KIND_FUNC_PROTO, 0);
	for (u32 i = 0; i < n; i++) {
		if (i == n - 1 && chance(15))
			btf_build_param(m->g, chance(m->wild) ? "va" : "", 0);
		else
			btf_build_param(m->g, name_of(m, chance(80)), ref(m, SIZED_KINDS));
	}
}

static void make_datasec(struct maker *m)
{
	static const char *const names[] = { ".data", ".bss", "license", ".maps", "?weird sec", "a\x02", "" };
	u32 n = rnd(4), vars[4], sizes[4], at[4], off = 0;

	for (u32 i = 0; i < n; i++) {
		vars[i] = ref(m, KB(VAR));
		sizes[i] = chance(m->wild) ? rnd(30) : MAX(size_of(m, vars[i]), 1u);
		off += chance(20) ? 4 : 0;
		at[i] = chance(m->wild) ? rnd(60) : off;
		off = at[i] + sizes[i];
	}
	note(m,
	     btf_build_datasec(m->g, names[rnd(chance(m->wild) ? 7 : 5)],
			       chance(m->wild) ? rnd(50)
			       : off	       ? off
					       : 4),
	     BTF_KIND_DATASEC, 0);
	for (u32 i = 0; i < n; i++)
		btf_build_secinfo(m->g, vars[i], at[i], sizes[i]);
}

static void make_ref(struct maker *m)
{
	static const u32 kinds[] = { BTF_KIND_PTR,	BTF_KIND_TYPEDEF,  BTF_KIND_CONST,
				     BTF_KIND_VOLATILE, BTF_KIND_RESTRICT, BTF_KIND_TYPE_TAG };
	u32 kind = kinds[rnd(6)],
	    to = chance(8) ? 0 : ref(m, kind == BTF_KIND_PTR ? ~0u : SIZED_KINDS | KB(TYPE_TAG)), id;
	const char *name = kind == BTF_KIND_TYPEDEF    ? name_of(m, true)
			   : kind == BTF_KIND_TYPE_TAG ? tag_names[rnd(5)]
						       : "";

	if (chance(m->wild / 2))
		name = name_of(m, false);
	id = btf_build_raw(m->g, name, kind, chance(m->wild / 4), chance(m->wild / 2), to);
	note(m, id, kind, kind == BTF_KIND_PTR ? 8 : size_of(m, to));
}

static void make_array(struct maker *m)
{
	u32 elem = ref(m, SIZED_KINDS), n = chance(10) ? 0 : chance(m->wild) ? rnd(~0u) : rnd(5);
	u32 id = btf_build_array(m->g, elem, chance(90) ? 1 : ref(m, KB(INT)), n);

	note(m, id, BTF_KIND_ARRAY, n * size_of(m, elem));
}

static void make_type(struct maker *m)
{
	u32 id, to;

	switch (rnd(16)) {
	case 0:
		make_int(m);
		break;
	case 1:
	case 2:
	case 3:
		make_struct(m, false);
		break;
	case 4:
		make_struct(m, true);
		break;
	case 5:
		make_array(m);
		break;
	case 6:
		make_enum(m, chance(40));
		break;
	case 8:
		if (!have(m, KB(FUNC_PROTO)))
			make_proto(m);
		note(m,
		     btf_build_func(m->g, name_of(m, true), ref(m, KB(FUNC_PROTO)),
				    rnd(chance(m->wild) ? 5 : 2)),
		     BTF_KIND_FUNC, 0);
		break;
	case 9:
		to = ref(m, SIZED_KINDS);
		note(m, btf_build_var(m->g, name_of(m, true), to, rnd(chance(m->wild) ? 4 : 2)), BTF_KIND_VAR,
		     size_of(m, to));
		break;
	case 10:
		if (have(m, KB(VAR)))
			make_datasec(m);
		break;
	case 7:
		make_proto(m);
		break;
	case 11:
		if (!have(m, DECL_KINDS))
			break;
		id = btf_build_raw(m->g, chance(m->wild) ? "" : tag_names[rnd(ARRAY_SIZE(tag_names))],
				   BTF_KIND_DECL_TAG, 0, chance(m->wild / 2), ref(m, DECL_KINDS));
		btf_build_word(m->g, chance(m->wild ? 50 : 95) ? ~0u : rnd(4));
		note(m, id, BTF_KIND_DECL_TAG, 0);
		break;
	case 12:
		id = btf_build_raw(m->g, name_of(m, true), BTF_KIND_FWD, 0, chance(50),
				   chance(m->wild) ? 4 : 0);
		note(m, id, BTF_KIND_FWD, 0);
		break;
	case 13: {
		u32 size = chance(m->wild) ? rnd(20) : (u32[]){ 2, 4, 8, 12, 16 }[rnd(5)];

		note(m, btf_build_float(m->g, name_of(m, true), size), BTF_KIND_FLOAT, size);
		break;
	}
	default:
		make_ref(m);
		break;
	}
}

/* The types special fields are made of, and a struct or two that use them, mostly rightly. */
static void make_special(struct maker *m)
{
	static const struct {
		const char *name;
		u32 size;
	} t[] = {
		{ "bpf_spin_lock", 4 },	 { "bpf_res_spin_lock", 4 }, { "bpf_list_head", 16 },
		{ "bpf_list_node", 24 }, { "bpf_rb_root", 16 },	     { "bpf_rb_node", 32 },
		{ "bpf_refcount", 4 },	 { "bpf_timer", 16 },
	};
	static const char *const members[] = { "lock",	"rlock", "head",  "node", "root",
					       "rnode", "ref",	 "timer", "ptr" };
	static const char *const kptrs[] = { "kptr", "kptr_untrusted", "percpu_kptr", "uptr", "user" };
	u32 ids[9], structs = 1 + rnd(3);

	for (u32 i = 0; i < 8; i++) {
		u32 size = chance(m->wild / 2) ? rnd(40) : t[i].size;

		ids[i] = note(m, btf_build_struct(m->g, t[i].name, size), BTF_KIND_STRUCT, size);
	}
	ids[8] = 0;
	for (u32 s = 0; s < structs; s++) {
		u32 n = 1 + rnd(6), off = 0, pick[6], at[6], id, target = next_id(m);
		const char *name = s == 0 ? "foo" : s == 1 ? "bar" : "outer";

		if (chance(60)) {
			/* struct { }, a tag, a pointer to it */
			if (chance(50))
				target = note(m,
					      btf_build_struct(m->g,
							       chance(50)   ? "task_struct"
							       : chance(50) ? "file"
									    : "mine",
							       8),
					      BTF_KIND_STRUCT, 8);
			else
				target = ref(m, KB(STRUCT));
			id = note(m, btf_build_type_tag(m->g, kptrs[rnd(5)], target), BTF_KIND_TYPE_TAG, 8);
			ids[8] = note(m, btf_build_ptr(m->g, id), BTF_KIND_PTR, 8);
		}
		if (chance(20)) {
			u32 k = chance(70) && ids[8] ? 8 : rnd(8);

			id = btf_build_array(m->g, ids[k], 1, 1 + rnd(4));
			note(m, id, BTF_KIND_ARRAY, 0);
			m->t[id].size = 0;
			ids[8] = ids[8] ? ids[8] : id;
		}
		for (u32 i = 0; i < n; i++) {
			pick[i] = rnd(ids[8] ? 9 : 8);
			off = (off + 7) / 8 * 8;
			at[i] = off + (chance(m->wild / 2) ? 4 : 0);
			off = at[i] + (pick[i] == 8 ? 8 : t[pick[i]].size);
		}
		id = note(m, btf_build_struct(m->g, name, off), BTF_KIND_STRUCT, off);
		for (u32 i = 0; i < n; i++)
			btf_build_member(m->g, members[pick[i]], ids[pick[i]], at[i] * 8, 0);
		for (u32 i = 0; i < n; i++)
			if ((pick[i] == 2 || pick[i] == 4) && !chance(m->wild / 2))
				note(m,
				     btf_build_decl_tag(m->g,
							chance(80) ? pick[i] == 2 ? "contains:foo:node"
										  : "contains:foo:rnode"
								   : tag_names[5 + rnd(4)],
							id, (s32)i),
				     BTF_KIND_DECL_TAG, 0);
	}
}

/* Spoil the bytes: a word of the types, a header field, a character, the length. */
static u32 spoil(u8 *data, u32 size)
{
	u32 at, word;

	switch (rnd(10)) {
	case 0:
		at = rnd(6) * 4;
		break;
	case 1:
		data[size - 1 - rnd(MIN(size, 60u))] = (u8)rnd(256);
		return size;
	case 2:
		return chance(50) ? size - rnd(MIN(size, 20u)) : rnd(size);
	default:
		at = size > 32 ? 24 + rnd((size - 28) / 4) * 4 : 0;
		break;
	}
	memcpy(&word, data + at, 4);
	switch (rnd(5)) {
	case 0:
		word ^= 1u << rnd(32);
		break;
	case 1:
		word = rnd(40);
		break;
	case 2:
		word += (u32)(rnd(5) - 2);
		break;
	case 3:
		word = rnd(~0u);
		break;
	default:
		word ^= 1u << (24 + rnd(8));
		break;
	}
	memcpy(data + at, &word, 4);
	return size;
}

/* A file of BTF, spoiled in up to three places. */
static u32 spoiled_file(u64 seed, const char *path, u8 *out)
{
	FILE *f = fopen(path, "r");
	u32 size = f ? (u32)fread(out, 1, 1u << 20, f) : 0;

	if (f)
		fclose(f);
	rng_state = seed * 0x5851f42d4c957f2dull + 1;
	for (u32 n = rnd(4); n && size; n--)
		size = spoil(out, size);
	return size;
}

static u32 make_case(u64 seed, u8 *out)
{
	struct maker m = { .g = btf_build_new(NULL) };
	const void *bytes;
	u32 size = 0;

	if (getenv("BTF_ORACLE_FILE")) {
		btf_build_free(m.g);
		return spoiled_file(seed, getenv("BTF_ORACLE_FILE"), out);
	}
	rng_state = seed * 0x5851f42d4c957f2dull + 1;
	m.wild = (u32[]){ 0, 0, 1, 1, 3, 8 }[rnd(6)];
	m.want = 2 + rnd(TYPES - 30);
	note(&m, btf_build_int(m.g, "int", 4, BTF_INT_SIGNED), BTF_KIND_INT, 4);
	if (chance(35))
		make_special(&m);
	while (next_id(&m) < m.want)
		make_type(&m);
	bytes = btf_build_done(m.g, &size);
	if (bytes)
		memcpy(out, bytes, size);
	btf_build_free(m.g);
	for (u32 n = chance(40) ? 1 + rnd(2) : 0; n && size; n--)
		size = spoil(out, size);
	return size;
}

/* ---- the two sides ---- */

static int kernel_load(const void *data, u32 size, u32 level, char *log)
{
	union bpf_attr a = { 0 };
	int fd;

	a.btf = (uintptr_t)data;
	a.btf_size = size;
	a.btf_log_buf = level ? (uintptr_t)log : 0;
	a.btf_log_size = level ? LOG_SIZE : 0;
	a.btf_log_level = level;
	log[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_BTF_LOAD, &a, sizeof(a));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void show_difference(u64 seed, const char *want, const char *got)
{
	size_t i = 0, line = 0;

	while (want[i] && want[i] == got[i]) {
		if (want[i] == '\n')
			line = i + 1;
		i++;
	}
	printf("#   case %llu: logs differ\n#     kernel: %.*s\n#     skep:   %.*s\n",
	       (unsigned long long)seed, (int)strcspn(want + line, "\n"), want + line,
	       (int)strcspn(got + line, "\n"), got + line);
}

static void dump(const u8 *data, u32 size)
{
	const char *path = getenv("BTF_ORACLE_DUMP");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	fwrite(data, 1, size, f);
	fclose(f);
}

static bool permitted(char *log)
{
	static const u8 nothing[8];
	int err = kernel_load(nothing, sizeof(nothing), 1, log);

	return err == -EINVAL && log[0];
}

TEST(random_btf_as_the_kernel)
{
	u64 n = env_number("BTF_ORACLE_N", 600), first = env_number("BTF_ORACLE_SEED", 1);
	char *log = malloc(LOG_SIZE);
	u8 *data = malloc(1u << 20);
	u32 accepted = 0, bad = 0, by_errno[600] = { 0 };

	if (!permitted(log)) {
		free(log);
		free(data);
		SKIP("bpf(BPF_BTF_LOAD) is not permitted here");
	}
	for (u64 seed = first; seed < first + n && bad < 20; seed++) {
		u32 size = make_case(seed, data);
		int want = kernel_load(data, size, 1, log), got;
		struct log l;
		struct btf *b = NULL;

		log_init(&l, LOG_LEVEL1);
		got = btf_load_as_618(data, size, kernel_types(), &l, &b);
		accepted += !want;
		by_errno[-want < 600 ? -want : 0]++;
		if (got != want || strcmp(log, str_text(&l.text))) {
			if (!bad++)
				dump(data, size);
			printf("#   case %llu: kernel %d, skep %d\n", (unsigned long long)seed, want, got);
			if (strcmp(log, str_text(&l.text)))
				show_difference(seed, log, str_text(&l.text));
		}
		btf_free(b);
		log_free(&l);
	}
	CHECK_EQ(bad, 0);
	printf("#   %llu cases, %u accepted", (unsigned long long)n, accepted);
	for (u32 e = 1; e < ARRAY_SIZE(by_errno); e++)
		if (by_errno[e])
			printf(", errno %u: %u", e, by_errno[e]);
	printf("\n");
	free(log);
	free(data);
}
