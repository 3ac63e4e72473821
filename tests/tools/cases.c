/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text-case runner: programs with their expected verdict and results, one or more in a file (tests/t/README.md).
 *
 * Each case is loaded into skep three times (interpreter, JIT, hardened JIT) and, where bpf(2) is permitted, into the running kernel, which must
 * agree unless the case says why it does not. A refusal must fit the text of the row that the case names, and have the kernel's errno.
 * Prints one line a failing case; the last line has the totals. With --show: what each side says, for writing cases.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/isa.h"
#include "skep/skep.h"
#include "spec/spec.h"

#define MAX_MAPS 8
#define MAX_RUNS 16
#define MAX_TYPES 24
#define MAX_INFOS 8
#define MAX_FUNCS 260
#define LOG_SIZE (4u << 20)

struct map_line { char name[32]; u32 type, key, value, max, flags; char fields[80]; };
struct run_line { u8 *ctx, *data; u32 nctx, ndata; s64 want; };
struct type_line { char name[32], kind[16], rest[160]; };
struct func_line { u32 nr; char linkage[8], types[100]; };
struct tag_line { u32 nr; int arg; char value[64]; };
struct test_case {
	char name[128], text[65536];
	u32 type, attach, flags, priv;
	bool accept, license_bsd, btf, global, quiet, root;
	char on[64]; /* what it attaches to, by name in the kernel's types */
	char reject[64], msg[256], log[4][256], differs[256];
	u32 nlog;
	struct map_line map[MAX_MAPS];
	u32 nmaps;
	struct run_line run[MAX_RUNS];
	u32 nruns;
	struct type_line type_line[MAX_TYPES];
	struct func_line func[MAX_TYPES];
	struct tag_line tag[MAX_TYPES];
	u32 ntypes, nfuncs, ntags;
	struct bpf_func_info func_info[MAX_INFOS]; /* as the case has them, malformed */
	struct bpf_line_info line_info[MAX_INFOS];
	u32 nfunc_info, nline_info, func_rec, line_rec;
	int line;
};
enum side { INTERP, JIT, HARDENED, KERNEL, SIDES };
static const char *const side_name[] = { "interpreter", "JIT", "hardened JIT", "kernel" };

/* Who loads: everything, no CAP_PERFMON and CAP_SYS_ADMIN, nothing at all (where the system lets users load programs). */
enum priv { ALL, BPF_ONLY, NOBODY, PRIVS };
static const char *const priv_name[] = { "caps=all", "caps=bpf", "caps=none" };
static const u64 priv_caps[] = { 0, 1ull << CAP_BPF | 1ull << CAP_NET_ADMIN, 0 };

static struct skep *skep[PRIVS][KERNEL];
static enum priv loader;
static bool kernel_ok, kernel_users_ok, show;
static u32 passed, failed, skipped;
static const char *file;

static long bpf_on(enum side s, int cmd, union bpf_attr *attr)
{
	long r;

	if (s == KERNEL) {
		r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
		return r < 0 ? -errno : r;
	}
	return skep_bpf_in(skep[loader][s], cmd, attr, sizeof(*attr));
}

extern int capget(struct __user_cap_header_struct *head, struct __user_cap_data_struct *set);
extern int capset(struct __user_cap_header_struct *head, const struct __user_cap_data_struct *set);

/* This process goes on with other privileges; what it was permitted to have it can take back. */
static int become(enum priv p)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (capget(&head, d))
		return -errno;
	for (int i = 0; i < 2; i++)
		d[i].effective = p == ALL ? d[i].permitted : (u32)(priv_caps[p] >> 32 * i) & d[i].permitted;
	return capset(&head, d) ? -errno : 0;
}

/* ---- parsing ---- */
static int bad(const struct test_case *c, int line, const char *what)
{
	printf("not ok %s:%d: %s: %s\n", file, line, c->name, what);
	failed++;
	return -1;
}

static u8 *hex_bytes(const char *s, u32 *ret_n)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF") / 2;
	u8 *b = calloc(1, n + 1);

	for (size_t i = 0; b && i < n; i++) {
		char byte[3] = { s[2 * i], s[2 * i + 1], 0 };
		b[i] = (u8)strtoul(byte, NULL, 16);
	}
	*ret_n = (u32)n;
	return b;
}

static void quoted(const char *s, char *out, size_t n)
{
	const char *a = strchr(s, '"'), *b = a ? strrchr(a + 1, '"') : NULL;

	out[0] = '\0';
	if (a && b)
		snprintf(out, n, "%.*s", (int)(b - a - 1), a + 1);
}

static u32 type_by_name(const char *s)
{
	for (u32 i = 1; i < UAPI_PROG_TYPES; i++)
		if (!strcmp(progtype_spec[i].name, s))
			return i;
	return 0;
}

static u32 map_by_name(const char *s)
{
	for (u32 i = 1; i < UAPI_MAP_TYPES; i++)
		if (map_spec[i].name && !strcmp(map_spec[i].name, s))
			return i;
	return 0;
}

static int parse_prog(struct test_case *c, const char *s, int line)
{
	char type[64] = "", *word, copy[512], *save = NULL;
	const char *rest;

	sscanf(s, "%63s", type);
	c->type = type_by_name(type);
	if (!c->type)
		return bad(c, line, "unknown program type");
	rest = strstr(s, type) + strlen(type);
	snprintf(copy, sizeof(copy), "%s", rest);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strncmp(word, "attach=", 7))
			c->attach = (u32)strtoul(word + 7, NULL, 0);
		else if (!strncmp(word, "flags=", 6))
			c->flags = (u32)strtoul(word + 6, NULL, 0);
		else if (!strncmp(word, "on=", 3))
			snprintf(c->on, sizeof(c->on), "%.60s", word + 3);
		else if (!strcmp(word, "quiet"))
			c->quiet = true;
		else if (!strcmp(word, "license=BSD"))
			c->license_bsd = true;
		else if (!strcmp(word, priv_name[BPF_ONLY]))
			c->priv = BPF_ONLY;
		else if (!strcmp(word, priv_name[NOBODY]))
			c->priv = NOBODY;
		else
			return bad(c, line, "unknown word after the program type");
	}
	return 0;
}

static int parse_run(struct test_case *c, const char *s, int line)
{
	struct run_line *r = &c->run[c->nruns];
	const char *p, *arrow = strstr(s, "->");

	if (c->nruns == MAX_RUNS || !arrow)
		return bad(c, line, "a run is: -- run [ctx=HEX] [data=HEX] -> RESULT");
	*r = (struct run_line){ .want = strtoll(arrow + 2, NULL, 0) };
	p = strstr(s, "ctx=");
	if (p)
		r->ctx = hex_bytes(p + 4, &r->nctx);
	p = strstr(s, "data=");
	if (p)
		r->data = hex_bytes(p + 5, &r->ndata);
	c->nruns++;
	return 0;
}

static int parse_map(struct test_case *c, const char *s, int line)
{
	struct map_line *m = &c->map[c->nmaps];
	char type[32];

	if (c->nmaps == MAX_MAPS)
		return bad(c, line, "too many maps");
	*m = (struct map_line){ .flags = 0 };
	if (sscanf(s, "%31s %31s %u %u %u %x %79s", m->name, type, &m->key, &m->value, &m->max, &m->flags, m->fields) < 5)
		return bad(c, line, "a map is: -- map NAME TYPE KEY VALUE MAX [FLAGS [FIELDS]]");
	if (*m->fields && strncmp(m->fields, "frozen:", 7))
		c->btf = true;
	m->type = map_by_name(type);
	if (!m->type)
		return bad(c, line, "unknown map type");
	c->nmaps++;
	return 0;
}

/* Types and functions of the program's BTF, and infos that are not made from the instructions. */
static int parse_types(struct test_case *c, const char *s, int line)
{
	struct type_line *t = &c->type_line[c->ntypes];
	struct func_line *f = &c->func[c->nfuncs];
	struct tag_line *g = &c->tag[c->ntags];
	int n = 0;

	c->btf = true;
	if (c->ntypes == MAX_TYPES || c->nfuncs == MAX_TYPES || c->ntags == MAX_TYPES)
		return bad(c, line, "too many types");
	if (sscanf(s, "type %31s %15s %159[^\n]", t->name, t->kind, t->rest) >= 2)
		c->ntypes++;
	else if (sscanf(s, "func %u %7s %99[^\n]", &f->nr, f->linkage, f->types) == 3)
		c->nfuncs++;
	else if (sscanf(s, "tag %u %d %63s", &g->nr, &g->arg, g->value) == 3)
		c->ntags++;
	else if (sscanf(s, "func_info %u%n", &c->func_rec, &n) == 1)
		for (int k = 0; c->nfunc_info < MAX_INFOS; n += k, c->nfunc_info++) {
			struct bpf_func_info *i = &c->func_info[c->nfunc_info];
			if (sscanf(s + n, " %u:%u%n", &i->insn_off, &i->type_id, &k) != 2)
				break;
		}
	else if (sscanf(s, "line_info %u%n", &c->line_rec, &n) == 1)
		for (int k = 0; c->nline_info < MAX_INFOS; n += k, c->nline_info++) {
			struct bpf_line_info *i = &c->line_info[c->nline_info];
			if (sscanf(s + n, " %u:%u%n", &i->insn_off, &i->line_off, &k) != 2)
				break;
		}
	else
		return bad(c, line, "a type, func, tag, func_info or line_info lacks something");
	return 0;
}

/* One "-- word rest" line. */
static int directive(struct test_case *c, const char *s, int line)
{
	if (!strncmp(s, "prog ", 5))
		return parse_prog(c, s + 5, line);
	if (!strncmp(s, "map ", 4))
		return parse_map(c, s + 4, line);
	if (!strncmp(s, "run", 3))
		return parse_run(c, s + 3, line);
	if (!strncmp(s, "log ", 4) && c->nlog < 4) {
		quoted(s, c->log[c->nlog++], sizeof(c->log[0]));
		return 0;
	}
	if (!strncmp(s, "kernel differs", 14)) {
		quoted(s, c->differs, sizeof(c->differs));
		return 0;
	}
	if (!strcmp(s, "btf") || !strcmp(s, "btf global")) {
		c->btf = true;
		c->global = s[3] != '\0';
		return 0;
	}
	if (!strncmp(s, "needs root", 10)) {
		c->root = true;
		return 0;
	}
	if (!strcmp(s, "accept")) {
		c->accept = true;
		return 0;
	}
	if (!strncmp(s, "type ", 5) || !strncmp(s, "func", 4) || !strncmp(s, "tag ", 4) || !strncmp(s, "line_info", 9))
		return parse_types(c, s, line);
	if (sscanf(s, "reject REJ_%63s", c->reject) == 1) {
		quoted(s, c->msg, sizeof(c->msg));
		return 0;
	}
	return bad(c, line, "unknown directive");
}

/* ---- running ---- */
static int map_fds[MAX_MAPS], btf_fd; /* one BTF: that objects are of the same type as those of a map */
static u32 btf_first_func;
static const struct test_case *current;

static int map_fd(void *cookie, const char *name)
{
	(void)cookie;
	for (u32 i = 0; i < current->nmaps; i++)
		if (!strcmp(current->map[i].name, name))
			return map_fds[i];
	return -1;
}

static int helper_id(void *cookie, const char *name)
{
	(void)cookie;
	return helper_id_by_name(name);
}

/* ---- BTF, for cases that need one ---- */
/*
 * Every function of the program is "static int fN(u64 a)", or not static, the first one is main, where no func line says otherwise; the fields a
 * map's value can have are: a spin lock, a number, a timer (struct value), or a type of the case. Ids are the order of building: these,
 * those of the type lines, the prototypes of the func lines, the functions, the tags.
 */
enum { BTF_INT = 1, BTF_U64, BTF_LOCK, BTF_TIMER, BTF_MAIN_PROTO, BTF_SUB_PROTO, BTF_LOCKED, BTF_TIMED, BTF_FIRST_FUNC };

static const struct { const char *name; u32 id; } base_types[] = {
	{ "void", 0 }, { "int", BTF_INT }, { "u64", BTF_U64 }, { "lock", BTF_LOCK }, { "timer", BTF_TIMER },
};

/* The id of a type of the case, or of a type that all have; numbers are themselves. */
static int type_id(const struct test_case *c, const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(base_types); i++)
		if (!strcmp(base_types[i].name, name))
			return (int)base_types[i].id;
	for (u32 i = 0; i < c->ntypes; i++)
		if (!strcmp(c->type_line[i].name, name))
			return (int)(BTF_FIRST_FUNC + i);
	return atoi(name);
}

/* "struct NAME SIZE [FIELD:TYPE:OFFSET]...", "-" is no name */
static void add_struct(struct btf *b, const struct test_case *c, const char *rest)
{
	char name[64] = "", field[64], type[32];
	u32 size = 0, off;
	int n = 0;

	sscanf(rest, "%63s %u%n", name, &size, &n);
	btf__add_struct(b, strcmp(name, "-") ? name : "", size);
	for (const char *p = rest + n; sscanf(p, " %63[^: ]:%31[^:]:%u%n", field, type, &off, &n) == 3; p += n)
		btf__add_field(b, field, type_id(c, type), off * 8, 0);
}

static void add_type(struct btf *b, const struct test_case *c, const struct type_line *t)
{
	char one[64] = "", two[64] = "";

	sscanf(t->rest, "%63s %63s", one, two);
	if (!strcmp(t->kind, "ptr"))
		btf__add_ptr(b, type_id(c, one));
	else if (!strcmp(t->kind, "const"))
		btf__add_const(b, type_id(c, one));
	else if (!strcmp(t->kind, "fwd"))
		btf__add_fwd(b, one, BTF_FWD_STRUCT);
	else if (!strcmp(t->kind, "typedef"))
		btf__add_typedef(b, one, type_id(c, two));
	else if (!strcmp(t->kind, "type_tag"))
		btf__add_type_tag(b, one, type_id(c, two));
	else if (!strcmp(t->kind, "struct"))
		add_struct(b, c, t->rest);
	else /* "decl_tag VALUE TYPE FIELD" */
		btf__add_decl_tag(b, one, type_id(c, two), atoi(strrchr(t->rest, ' ') + 1));
}

/* "RESULT [ARGUMENT]..." */
static int add_proto(struct btf *b, const struct test_case *c, const char *types)
{
	char one[32], name[16];
	int n = 0, id = -1;

	for (int i = 0; sscanf(types, "%31s%n", one, &n) == 1; i++, types += n) {
		snprintf(name, sizeof(name), "a%d", i);
		if (!i)
			id = btf__add_func_proto(b, type_id(c, one));
		else
			btf__add_func_param(b, name, type_id(c, one));
	}
	return id;
}

static struct btf *make_btf(const struct test_case *c, u32 *ret_first)
{
	struct btf *b = btf__new_empty();
	int proto[MAX_TYPES] = { 0 };
	char name[16];

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned long long", 8, 0);
	btf__add_struct(b, "bpf_spin_lock", 4);
	btf__add_field(b, "val", BTF_INT, 0, 0);
	btf__add_struct(b, "bpf_timer", 16);
	btf__add_field(b, "a", BTF_U64, 0, 0);
	btf__add_field(b, "b", BTF_U64, 64, 0);
	btf__add_func_proto(b, BTF_INT);
	btf__add_func_param(b, "ctx", BTF_U64);
	btf__add_func_proto(b, BTF_INT);
	btf__add_func_param(b, "a", BTF_U64);
	btf__add_struct(b, "locked", 16);
	btf__add_field(b, "lock", BTF_LOCK, 0, 0);
	btf__add_field(b, "n", BTF_INT, 32, 0);
	btf__add_field(b, "x", BTF_U64, 64, 0);
	btf__add_struct(b, "timed", 24);
	btf__add_field(b, "t", BTF_TIMER, 0, 0);
	btf__add_field(b, "x", BTF_U64, 128, 0);
	for (u32 i = 0; i < c->ntypes; i++)
		add_type(b, c, &c->type_line[i]);
	for (u32 i = 0; i < c->nfuncs; i++)
		proto[i] = add_proto(b, c, c->func[i].types);
	*ret_first = btf__type_cnt(b);
	for (u32 i = 0; i < MAX_FUNCS; i++) {
		bool global = !i || c->global;
		int type = i ? BTF_SUB_PROTO : BTF_MAIN_PROTO;
		for (u32 j = 0; j < c->nfuncs; j++)
			if (c->func[j].nr == i) {
				global = !strcmp(c->func[j].linkage, "global");
				type = proto[j];
			}
		snprintf(name, sizeof(name), i ? "f%u" : "main", i);
		btf__add_func(b, name, global ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC, type);
	}
	for (u32 i = 0; i < c->ntags; i++)
		btf__add_decl_tag(b, c->tag[i].value, (int)(*ret_first + c->tag[i].nr), c->tag[i].arg);
	return b;
}

static int load_btf(const struct test_case *c, enum side s, u32 *ret_first)
{
	struct btf *b = make_btf(c, ret_first);
	union bpf_attr a = { .btf_log_level = 0 };
	u32 size = 0;
	int fd;

	a.btf = (u64)(uintptr_t)btf__raw_data(b, &size);
	a.btf_size = size;
	fd = (int)bpf_on(s, BPF_BTF_LOAD, &a);
	btf__free(b);
	return fd;
}

static int by_start(const void *a, const void *b)
{
	const struct bpf_func_info *x = a, *y = b;

	return x->insn_off < y->insn_off ? -1 : x->insn_off > y->insn_off;
}

/* Where functions begin: targets of calls and of function addresses. Returns how many there are. */
static u32 find_funcs(const struct bpf_insn *insn, u32 n, struct bpf_func_info *f, u32 max)
{
	u32 k = 1;

	f[0] = (struct bpf_func_info){ 0 };
	for (u32 i = 0; i < n; i++) {
		bool call = insn[i].code == (BPF_JMP | BPF_CALL) && insn[i].src_reg == BPF_PSEUDO_CALL;
		bool addr = insn[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insn[i].src_reg == BPF_PSEUDO_FUNC;
		u32 to = i + 1 + (u32)insn[i].imm, j;

		for (j = 0; j < k && f[j].insn_off != to; j++)
			;
		if ((call || addr) && j == k && k < max)
			f[k++] = (struct bpf_func_info){ .insn_off = to };
	}
	qsort(f, k, sizeof(*f), by_start);
	return k;
}

/* The element of a map that programs only read and nobody writes any more: "frozen:HEX". */
static int freeze(enum side s, int fd, const char *hex)
{
	u32 zero = 0, n = 0;
	u8 *value = hex_bytes(hex, &n);
	union bpf_attr a = { .map_fd = (u32)fd, .key = (u64)(uintptr_t)&zero, .value = (u64)(uintptr_t)value };
	long err = bpf_on(s, BPF_MAP_UPDATE_ELEM, &a);

	free(value);
	a = (union bpf_attr){ .map_fd = (u32)fd };
	return err ? (int)err : (int)bpf_on(s, BPF_MAP_FREEZE, &a);
}

static int make_maps(const struct test_case *c, enum side s)
{
	int ret;

	btf_fd = c->btf ? load_btf(c, s, &btf_first_func) : -1;
	ret = c->btf && btf_fd < 0 ? btf_fd : 0;

	for (u32 i = 0; i < c->nmaps && !ret; i++) {
		const struct map_line *m = &c->map[i];
		union bpf_attr a = { .map_type = m->type, .key_size = m->key, .value_size = m->value, .max_entries = m->max,
				     .map_flags = m->flags };
		bool frozen = !strncmp(m->fields, "frozen:", 7), bare = frozen || !strcmp(m->fields, "unmapped");
		if (m->type == UAPI_MAP_TYPE_ARENA && !bare)
			a.map_extra = (1ull << 44) + 65536; /* where user space would have it */
		if (*m->fields && !bare) {
			a.btf_fd = (u32)btf_fd;
			a.btf_key_type_id = BTF_INT;
			a.btf_value_type_id = !strcmp(m->fields, "timer") ? BTF_TIMED : !strcmp(m->fields, "lock") ? BTF_LOCKED :
					      (u32)type_id(c, m->fields);
		}
		if (i && (m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || m->type == BPF_MAP_TYPE_HASH_OF_MAPS))
			a.inner_map_fd = (u32)map_fds[i - 1];
		map_fds[i] = (int)bpf_on(s, BPF_MAP_CREATE, &a);
		ret = map_fds[i] < 0 ? map_fds[i] : frozen ? freeze(s, map_fds[i], m->fields + 7) : 0;
	}
	return ret;
}

/*
 * What the assembler does not write: "raw CODE DST SRC OFF IMM" is any eight bytes, and NAME#btf the number of a kernel
 * function. Lines are rewritten, raw ones to an instruction that is replaced after assembly.
 */
#define RAW_IMM 0x5ec0de00u
static struct bpf_insn raw[512];
static u32 nraw;

static s32 kernel_type(const char *name, u32 kind)
{
	static struct btf *vmlinux;

	if (!vmlinux)
		vmlinux = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	return vmlinux ? btf__find_by_name_kind(vmlinux, name, kind) : -1;
}

/* What "on=" names: a function, a tracepoint's typedef, "struct:NAME", "typedef:NAME", "#ID". */
static s32 target_type(const char *on)
{
	if (*on == '#')
		return atoi(on + 1);
	if (!strncmp(on, "struct:", 7))
		return kernel_type(on + 7, BTF_KIND_STRUCT);
	if (!strncmp(on, "typedef:", 8))
		return kernel_type(on + 8, BTF_KIND_TYPEDEF);
	return kernel_type(on, strncmp(on, "btf_trace_", 10) ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF);
}

/* "repeat N: LINE": the line N times, "{M+i}" in it being M, M+1... */
static size_t repeat(const char *line, u32 i, char *out, size_t size)
{
	const char *brace = strchr(line, '{'), *end = brace ? strchr(brace, '}') : NULL;

	if (!end)
		return (size_t)snprintf(out, size, "%s", line);
	return (size_t)snprintf(out, size, "%.*s%ld%s", (int)(brace - line), line, strtol(brace + 1, NULL, 0) + (long)i, end + 1);
}

/* One line, without its end; false: a kernel function is asked for and there are no kernel types. */
static bool rewrite_line(const char *line, char *out, size_t size, size_t *at)
{
	unsigned code, dst, src;
	char name[128];
	int off, n = 0;
	unsigned reg;
	long long imm;

	if (sscanf(line, " raw %x %u %u %i %lli", &code, &dst, &src, &off, &imm) == 5 && nraw < ARRAY_SIZE(raw)) {
		raw[nraw] = (struct bpf_insn){ .code = (u8)code, .dst_reg = (u8)(dst & 15), .src_reg = (u8)(src & 15),
					       .off = (s16)off, .imm = (s32)imm };
		*at += (size_t)snprintf(out + *at, size - *at, "w0 = 0x%x\n", RAW_IMM + nraw++);
	} else if (sscanf(line, " lookup %127[a-z0-9_]%n", name, &n) == 1 && n) {
		*at += (size_t)snprintf(out + *at, size - *at, "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = map[%s]\n"
				"call bpf_map_lookup_elem\n", name);
	} else if (sscanf(line, " r%u = type %127[a-z0-9_]%n", &reg, name, &n) == 2 && n) {
		*at += (size_t)snprintf(out + *at, size - *at, "r%u = %d\n", reg, type_id(current, name));
	} else if (sscanf(line, " call %127[a-z0-9_]#btf%n", name, &n) == 1 && n) {
		s32 id = kernel_type(name, BTF_KIND_FUNC);
		if (id <= 0)
			return false;
		*at += (size_t)snprintf(out + *at, size - *at, "call %s#%d\n", name, id);
	} else {
		*at += (size_t)snprintf(out + *at, size - *at, "%s\n", line);
	}
	return true;
}

static bool rewrite(const char *text, char *out, size_t size)
{
	char line[1024], one[1100];
	size_t at = 0;

	nraw = 0;
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		u32 times = 1;
		int skip = 0;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		sscanf(line, " repeat %u: %n", &times, &skip);
		for (u32 i = 0; i < times && at < size - sizeof(one); i++) {
			snprintf(one, sizeof(one), "%s", line);
			if (skip)
				repeat(line + skip, i, one, sizeof(one));
			if (!rewrite_line(one, out, size, &at))
				return false;
		}
	}
	return true;
}

#define CANNOT_ASK (-ENOPKG)

static int load(const struct test_case *c, enum side s, char *log, char **ret_err)
{
	static char text[1u << 20];
	struct bpf_func_info funcs[MAX_FUNCS];
	struct bpf_line_info lines[MAX_INFOS + 1];
	struct asm_opts o = { .helper_id = helper_id, .map_fd = map_fd };
	struct bpf_insn *insns = NULL;
	union bpf_attr a = { .prog_type = c->type };
	u32 first = btf_first_func;
	int n;
	long fd;

	if (*c->on) {
		s32 id = target_type(c->on);
		if (id <= 0)
			return CANNOT_ASK;
		a.attach_btf_id = (u32)id;
	}
	if (!rewrite(c->text, text, sizeof(text)))
		return CANNOT_ASK;
	n = isa_asm(text, &o, &insns, ret_err);
	if (n < 0)
		return -ENOEXEC;
	for (int i = 0; i < n; i++)
		if (insns[i].code == (BPF_ALU | BPF_MOV | BPF_K) && (u32)insns[i].imm - RAW_IMM < nraw)
			insns[i] = raw[(u32)insns[i].imm - RAW_IMM];
	if (c->btf) {
		a.func_info_cnt = find_funcs(insns, (u32)n, funcs, ARRAY_SIZE(funcs));
		a.func_info_rec_size = sizeof(funcs[0]);
		a.func_info = (u64)(uintptr_t)funcs;
		a.prog_btf_fd = (u32)btf_fd;
		for (u32 i = 0; i < a.func_info_cnt; i++)
			funcs[i].type_id = first + i;
	}
	if (c->func_rec) {
		a.func_info_cnt = c->nfunc_info;
		a.func_info_rec_size = c->func_rec;
		for (u32 i = 0; i < c->nfunc_info; i++)
			funcs[i] = (struct bpf_func_info){ c->func_info[i].insn_off, c->func_info[i].type_id + first };
		memset(&funcs[c->nfunc_info], 0xff, sizeof(funcs[0])); /* what a longer record has behind */
	}
	if (c->line_rec) {
		memcpy(lines, c->line_info, sizeof(c->line_info));
		memset(&lines[c->nline_info], 0xff, sizeof(lines[0]));
		a.line_info_cnt = c->nline_info;
		a.line_info_rec_size = c->line_rec;
		a.line_info = (u64)(uintptr_t)lines;
	}
	a.expected_attach_type = c->attach;
	a.prog_flags = c->flags;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = (u32)n;
	a.license = (u64)(uintptr_t)(c->license_bsd ? "BSD" : "GPL");
	a.log_level = c->quiet ? 1 : 2;
	a.log_buf = (u64)(uintptr_t)log;
	a.log_size = LOG_SIZE;
	log[0] = '\0';
	fd = bpf_on(s, BPF_PROG_LOAD, &a);
	free(insns);
	return (int)fd;
}

static bool log_has(const char *log, const char *text)
{
	return !*text || strstr(log, text) != NULL;
}

/* Does a line of the log fit the row's text, whatever its arguments are? */
static bool fits(const char *text, const char *line, const char *end)
{
	if (!*text)
		return true;
	if (*text == '%' && text[1] != '%') {
		text++;
		while (strchr("0123456789lz-.", *text))
			text++;
		text++;
		for (; line <= end; line++)
			if (fits(text, line, end))
				return true;
		return false;
	}
	text += *text == '%';
	return line < end && *line == *text && fits(text + 1, line + 1, end);
}

static bool log_fits(const char *log, const char *text)
{
	for (const char *p = log; *p; p++) {
		const char *end = p + strcspn(p, "\n");
		bool two_lines = strchr(text, '\n') != NULL;
		const char *tail = strncmp(text, "expected=", 9) ? p : strstr(p, "expected="); /* of a line of others */
		if (tail && tail <= end && fits(text, tail, two_lines ? p + strlen(p) : end))
			return true;
		p = end;
		if (!*p)
			break;
	}
	return false;
}

static const struct reject_spec *row_of(const struct test_case *c)
{
	for (u32 id = REJ_NONE + 1; id < REJ_COUNT; id++)
		if (!strcmp(reject_spec[id].id, c->reject))
			return &reject_spec[id];
	return NULL;
}

static int fail(const struct test_case *c, enum side s, const char *what, const char *detail)
{
	printf("not ok %s:%d: %s (%s): %s%s%s\n", file, c->line, c->name, side_name[s], what, *detail ? "\n" : "", detail);
	return -1;
}

/* The verdict and its words. The kernel's words are not compared where the case says that it differs. */
static int check_verdict(const struct test_case *c, enum side s, int fd, const char *log)
{
	static int said; /* errno of the engine before */
	char text[80];

	/* with masks for everybody a privileged program may be refused */
	if (s == HARDENED && fd < 0)
		return 0;
	if (s == KERNEL && (*c->differs || (fd == -EPERM && !*log && c->priv == ALL))) /* or may not load this type here */
		return 0;
	if (c->accept && fd < 0)
		return fail(c, s, "refused", log);
	if (!c->accept && fd >= 0)
		return fail(c, s, "accepted", "");
	if (!c->accept && (!log_has(log, c->msg) || !log_fits(log, row_of(c)->text)))
		return fail(c, s, "refused for another reason", log);
	if (s == KERNEL && fd < 0 && fd != said) {
		snprintf(text, sizeof(text), "refused with errno %d, skep with %d", -fd, -said);
		return fail(c, s, text, "");
	}
	said = fd < 0 ? fd : 0;
	for (u32 i = 0; i < c->nlog; i++)
		if (!log_has(log, c->log[i]))
			return fail(c, s, c->log[i], log);
	return 0;
}

static int check_runs(const struct test_case *c, enum side s, int fd)
{
	for (u32 i = 0; i < c->nruns; i++) {
		const struct run_line *r = &c->run[i];
		static u8 out[65536];
		char text[160];
		union bpf_attr a = { .test = { .prog_fd = (u32)fd, .data_in = (u64)(uintptr_t)r->data, .data_size_in = r->ndata,
					       .ctx_in = (u64)(uintptr_t)(r->nctx ? r->ctx : NULL), .ctx_size_in = r->nctx } };
		if (r->ndata) {
			a.test.data_out = (u64)(uintptr_t)out;
			a.test.data_size_out = sizeof(out);
		}
		long err = bpf_on(s, BPF_PROG_TEST_RUN, &a);
		if (err == -ENOTSUPP && s == KERNEL)
			return 0;
		if (err || (u32)a.test.retval != (u32)r->want) {
			snprintf(text, sizeof(text), "run %u: errno %ld, returned %d, want %lld", i + 1, -err, (s32)a.test.retval,
				 (long long)r->want);
			return fail(c, s, text, err && s != KERNEL ? skep_reason() : "");
		}
	}
	return 0;
}

/* The last words before the statistics. */
static void show_side(const struct test_case *c, enum side s, int fd, const char *log)
{
	const char *end = strstr(log, "\nprocessed "), *p;
	int lines = 0;

	if (s == JIT || s == HARDENED)
		return;
	if (!end)
		end = log + strlen(log);
	for (p = end; p > log && lines < 3; p--)
		lines += p[-1] == '\n' && p != end;
	printf("%-46s %-12s %4d | %.*s\n", c->name, side_name[s], fd > 0 ? 0 : fd, (int)(end - p), p);
}

/* 0, -1 after a failure, 1: cannot be asked here. */
static int run_on(const struct test_case *c, enum side s)
{
	static char log[LOG_SIZE];
	char *err = NULL;
	int fd, ret = 0;

	current = c;
	for (u32 i = 0; i < MAX_MAPS; i++)
		map_fds[i] = -1;
	if (s == KERNEL && become(loader))
		return 1;
	fd = make_maps(c, s);
	if (!fd)
		fd = load(c, s, log, &err);
	else
		ret = fail(c, s, "cannot make its maps", s == KERNEL ? strerror(errno) : skep_reason());
	become(ALL);
	if (show)
		show_side(c, s, fd, err ? err : log);
	if (ret)
		;
	else if (fd == CANNOT_ASK)
		ret = 1;
	else if (fd == -ENOEXEC && err)
		ret = fail(c, s, "does not assemble", err);
	else
		ret = check_verdict(c, s, fd, log);
	if (!ret && fd >= 0 && !(s == KERNEL && *c->differs))
		ret = check_runs(c, s, fd);
	free(err);
	if (fd >= 0)
		close(fd);
	if (btf_fd >= 0)
		close(btf_fd);
	for (u32 i = 0; i < c->nmaps; i++)
		if (map_fds[i] >= 0)
			close(map_fds[i]);
	return ret;
}

static void run_case(struct test_case *c)
{
	int ret = 0;

	if (!c->type)
		return;
	if (!c->accept && !*c->reject) {
		bad(c, c->line, "says neither accept nor reject");
		return;
	}
	if (!c->accept && !row_of(c)) {
		bad(c, c->line, "there is no such rejection");
		return;
	}
	loader = (enum priv)c->priv;
	ret = c->root && geteuid() != 0;
	for (int s = INTERP; s < SIDES && (!ret || show); s++)
		if (s != KERNEL || (kernel_ok && (c->priv != NOBODY || kernel_users_ok)))
			ret = run_on(c, (enum side)s);
	passed += !ret;
	failed += ret < 0;
	skipped += ret > 0;
	for (u32 i = 0; i < c->nruns; i++) {
		free(c->run[i].ctx);
		free(c->run[i].data);
	}
}

static void run_file(const char *path)
{
	static struct test_case c;
	FILE *f = fopen(path, "r");
	char buf[1024];
	int line = 0;

	file = path;
	memset(&c, 0, sizeof(c));
	if (!f) {
		printf("not ok %s: %s\n", path, strerror(errno));
		failed++;
		return;
	}
	while (fgets(buf, sizeof(buf), f)) {
		line++;
		buf[strcspn(buf, "\n")] = '\0';
		if (!strncmp(buf, "-- case ", 8)) {
			run_case(&c);
			memset(&c, 0, sizeof(c));
			snprintf(c.name, sizeof(c.name), "%.120s", buf + 8);
			c.line = line;
		} else if (!strncmp(buf, "-- ", 3)) {
			if (directive(&c, buf + 3, line))
				c.type = 0;
		} else if (buf[0] != '#' && strlen(c.text) + strlen(buf) + 2 < sizeof(c.text)) {
			strcat(strcat(c.text, buf), "\n");
		}
	}
	run_case(&c);
	fclose(f);
}

static bool ask_kernel(void)
{
	struct bpf_insn i[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr a = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .insns = (u64)(uintptr_t)i,
			     .license = (u64)(uintptr_t)"GPL" };
	long fd = bpf_on(KERNEL, BPF_PROG_LOAD, &a);

	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static int start(enum priv p, enum side s)
{
	static const u32 caps[] = { SKEP_CAP_ALL, SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN, 0 };
	struct skep_opts o = { .sz = sizeof(o), .caps = caps[p], .caps_set = 1, .flags = SKEP_F_RUN_ANY | SKEP_F_UNPRIV_ALLOWED,
			       .engine = s == INTERP ? SKEP_ENGINE_INTERP : SKEP_ENGINE_JIT,
			       .harden = s == HARDENED ? SKEP_HARDEN_ALL : SKEP_HARDEN_UNPRIVILEGED,
			       .spectre = s == HARDENED ? SKEP_SPECTRE_ON : SKEP_SPECTRE_AUTO };

	return skep_new(&o, &skep[p][s]);
}

int main(int argc, char **argv)
{
	for (u32 i = 0; i < PRIVS * KERNEL; i++)
		if (start((enum priv)(i / KERNEL), (enum side)(i % KERNEL))) {
			fprintf(stderr, "cannot start skep\n");
			return 5;
		}
	kernel_ok = ask_kernel();
	if (kernel_ok && !become(NOBODY)) {
		kernel_users_ok = ask_kernel();
		become(ALL);
	}
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--show"))
			show = true;
		else
			run_file(argv[i]);
	for (u32 i = 0; i < PRIVS * 2; i++)
		skep_free(skep[i / KERNEL][i % KERNEL]);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed != 0;
}
