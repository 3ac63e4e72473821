/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE by BPF_PROG_LOAD itself (core_relos, as light skeletons use it): programs with lists of relocations go to the running
 * kernel and to skep. The errno, the log, what is written back and the translated instructions must be equal.
 *
 * One relocation at a time against random types is unit/btf_relo's; here are lists, records and the program around them.
 */
#include "kit.h"

static struct btf *types;
static int btf_fd[BACKENDS];
static u32 t_int, t_u8, t_u32, t_u64, t_task, t_skb, t_gone, t_wrong, t_typedef, t_union, t_enum, t_enum64, t_enum_gone, t_anon, t_main,
	t_list, t_fwd;

static u32 str(const char *s)
{
	return (u32)btf__add_str(types, s);
}

static u32 struct_of(const char *name, u32 size)
{
	return (u32)btf__add_struct(types, name, size);
}

static void field(const char *name, u32 type, u32 bit, u32 bits)
{
	btf__add_field(types, name, (int)type, bit, bits);
}

/* The program's own view of the kernel's types: fewer members, in other places, under flavored names. */
static void make_types(void)
{
	u32 chars, ptr;

	types = btf__new_empty();
	t_int = (u32)btf__add_int(types, "int", 4, BTF_INT_SIGNED);
	t_u8 = (u32)btf__add_int(types, "unsigned char", 1, 0);
	t_u32 = (u32)btf__add_int(types, "unsigned int", 4, 0);
	t_u64 = (u32)btf__add_int(types, "unsigned long", 8, 0);
	chars = (u32)btf__add_array(types, (int)t_u32, (int)t_u8, 16);
	ptr = (u32)btf__add_ptr(types, 0);
	t_list = struct_of("list_head", 16);
	field("next", ptr, 0, 0);
	field("prev", ptr, 64, 0);
	t_task = struct_of("task_struct___mine", 64);
	field("pid", t_int, 0, 0);
	field("tgid", t_int, 32, 0);
	field("comm", chars, 64, 0);
	field("tasks", t_list, 192, 0);
	field("nowhere", t_int, 320, 0);
	field("flags", t_u32, 352, 0);
	field("start_time", t_u64, 384, 0);
	t_skb = struct_of("sk_buff", 16);
	field("len", t_u32, 0, 0);
	field("pkt_type", t_u8, 32, 3);
	field("ip_summed", t_u8, 35, 2);
	t_gone = struct_of("no_such_struct_here", 8);
	field("pid", t_int, 0, 0);
	t_wrong = struct_of("list_head___wrong", 8);
	field("next", t_int, 0, 0);
	t_typedef = (u32)btf__add_typedef(types, "pid_t", (int)t_int);
	t_union = (u32)btf__add_union(types, "nf_inet_addr", 16);
	t_enum = (u32)btf__add_enum(types, "bpf_map_type", 4);
	btf__add_enum_value(types, "BPF_MAP_TYPE_UNSPEC", 0);
	btf__add_enum_value(types, "BPF_MAP_TYPE_ARRAY___first", 77);
	btf__add_enum_value(types, "BPF_MAP_TYPE_OF_NOTHING", 78);
	t_enum64 = (u32)btf__add_enum64(types, "perf_callchain_context___wide", 8, false);
	btf__add_enum64_value(types, "PERF_CONTEXT_USER", 1ull << 40);
	btf__add_enum64_value(types, "PERF_CONTEXT_NEVER", 5);
	t_enum_gone = (u32)btf__add_enum(types, "no_such_enum_here", 4);
	btf__add_enum_value(types, "NO_SUCH_VALUE", 1);
	t_anon = struct_of("", 8);
	field("pid", t_int, 0, 0);
	t_fwd = (u32)btf__add_fwd(types, "file", BTF_FWD_STRUCT); /* a name of its own: the kernel keeps candidates by name */
	btf__add_func_proto(types, (int)t_int);
	t_main = (u32)btf__add_func(types, "main", BTF_FUNC_GLOBAL, (int)btf__type_cnt(types) - 1);
	btf__add_ptr(types, (int)t_task);
}

static void load_types(void)
{
	for (u32 b = 0; b < kit.nbe; b++) {
		union bpf_attr a = { 0 };
		u32 size;

		a.btf = ptr(btf__raw_data(types, &size));
		a.btf_size = size;
		btf_fd[b] = (int)be_bpf(&kit.be[b], BPF_BTF_LOAD, &a);
		if (btf_fd[b] < 0) {
			printf("not ok: %s does not take the types: %s\n", kit.be[b].name, err_name(btf_fd[b]));
			exit(1);
		}
	}
}

/* ---- a case ---- */

#define RELOS_MAX 40
#define RECORD    256
#define ROOM      (1u << 16)

static struct bpf_core_relo relos[RELOS_MAX];
static u32 nrelos;
static struct {
	u32 record, count; /* core_relo_rec_size, core_relo_cnt */
	u32 tail_at;       /* which record has something behind it, 1 the first */
	bool no_func, line, dead; /* dead: Linux takes out what is never reached */
	u32 level;
} how;

static struct prog the_prog;

static void start(u32 type)
{
	prog_start(&the_prog, type);
	nrelos = 0;
	memset(&how, 0, sizeof(how));
	how.record = sizeof(relos[0]);
	how.level = 1;
}

/* The instruction that comes next is to be changed. */
static void relo(u32 type, const char *access, u32 kind)
{
	if (nrelos < RELOS_MAX)
		relos[nrelos++] = (struct bpf_core_relo){ .insn_off = the_prog.n * 8, .type_id = type, .access_str_off = str(access),
							  .kind = (enum bpf_core_relo_kind)kind };
	how.count = nrelos;
}

/* Zeros stand behind the records. */
static u8 *records(void)
{
	static u8 room[ROOM];

	memset(room, 0, sizeof(room));
	for (u32 i = 0; i < nrelos && how.record <= RECORD; i++) {
		u8 *p = room + (size_t)i * how.record;

		memcpy(p, &relos[i], MIN((size_t)how.record, sizeof(relos[i])));
		if (how.tail_at == i + 1)
			p[how.record - 1] = 1;
	}
	return room;
}

struct outcome {
	long err;
	u32 record_after, ninsns;
	struct bpf_insn insn[256];
	char log[1 << 16];
};

static void load(const struct backend *be, struct outcome *o)
{
	const struct prog *p = &the_prog;
	struct bpf_func_info func = { 0, t_main };
	struct bpf_line_info line = { .insn_off = 0, .line_off = str("int main(void)"), .file_name_off = str("f.c") };
	union bpf_attr a = { 0 }, q = { 0 };
	struct bpf_prog_info info = { 0 };

	memset(o, 0, sizeof(*o));
	a.prog_type = p->type;
	a.insns = ptr(p->insn);
	a.insn_cnt = p->n;
	a.license = ptr("GPL");
	a.prog_btf_fd = (u32)btf_fd[be->at];
	if (!how.no_func) {
		a.func_info = ptr(&func);
		a.func_info_cnt = 1;
		a.func_info_rec_size = sizeof(func);
	}
	if (how.line) {
		a.line_info = ptr(&line);
		a.line_info_cnt = 1;
		a.line_info_rec_size = sizeof(line);
	}
	a.core_relos = ptr(records());
	a.core_relo_cnt = how.count;
	a.core_relo_rec_size = how.record;
	a.log_level = how.level;
	a.log_buf = ptr(o->log);
	a.log_size = sizeof(o->log);
	o->err = be_bpf(be, BPF_PROG_LOAD, &a);
	o->record_after = a.core_relo_rec_size;
	if (o->err < 0)
		return;
	info.xlated_prog_insns = ptr(o->insn);
	info.xlated_prog_len = sizeof(o->insn);
	q.info.bpf_fd = (u32)o->err;
	q.info.info = ptr(&info);
	q.info.info_len = sizeof(info);
	if (be_bpf(be, BPF_OBJ_GET_INFO_BY_FD, &q))
		o->err = -EIO;
	else
		close((int)o->err);
	o->ninsns = info.xlated_prog_len / 8;
	for (u32 i = 0; i < o->ninsns; i++)
		if (o->insn[i].code == (BPF_JMP | BPF_CALL))
			o->insn[i].imm = 0; /* where the kernel has the helper */
	o->err = MIN(o->err, 0l);
}

/* What is not to be compared: times, lists of the kernel's cache, when functions are found, reasons that only skep gives. */
static bool not_compared(const char *line, size_t n)
{
	static const char *const words[] = { "verification time", "processed ", "stack depth", "vmlinux_cand_cache", "module_cand_cache",
					     "func#", "trying to relocate unrecognized", "[" };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		const char *at = memmem(line, n, words[i], strlen(words[i]));

		if (at && (at == line || *words[i] == 't'))
			return true;
	}
	return false;
}

static void strip(char *log)
{
	char *out = log, *stuck = strstr(log, "core_reloprocessed ");

	if (stuck) /* that line of Linux has no end */
		stuck[9] = 0;
	for (char *line = log; *line;) {
		size_t n = strcspn(line, "\n");

		n += line[n] == '\n';
		if (!not_compared(line, n)) {
			memmove(out, line, n);
			out += n;
		}
		line += n;
	}
	*out = 0;
}

static void compare(const char *what)
{
	static struct outcome at[BACKENDS];

	kit_case(what);
	if (!kit_wanted(what))
		return;
	for (u32 b = 0; b < kit.nbe; b++) {
		load(&kit.be[b], &at[b]);
		strip(at[b].log);
	}
	kit.tally->accepted += !at[0].err;
	if (kit.only)
		printf("%s: %s\n%s", what, err_name(at[0].err), at[0].log);
	for (u32 b = 1; b < kit.nbe; b++) {
		const struct outcome *k = &at[0], *o = &at[b];

		if (k->err != o->err) {
			kit_differ("%s: kernel %s, %s %s", what, err_name(k->err), kit.be[b].name, err_name(o->err));
			printf("kernel:\n%s\n%s:\n%s\n", k->log, kit.be[b].name, o->log);
		} else if (k->record_after != o->record_after) {
			kit_differ("%s: core_relo_rec_size becomes %u, %s %u", what, k->record_after, kit.be[b].name, o->record_after);
		} else if (strcmp(k->log, o->log)) {
			kit_differ("%s: another log", what);
			printf("kernel:\n%s\n%s:\n%s\n", k->log, kit.be[b].name, o->log);
		} else if (!how.dead && (k->ninsns != o->ninsns || memcmp(k->insn, o->insn, k->ninsns * 8))) {
			kit_differ("%s: other instructions", what);
			for (u32 i = 0; i < MAX(k->ninsns, o->ninsns); i++)
				printf("  %2u: %016llx %016llx\n", i, *(const unsigned long long *)&k->insn[i],
				       *(const unsigned long long *)&o->insn[i]);
		} else {
			kit_agree();
		}
	}
}

/* ---- the cases ---- */

#define P struct prog *p = &the_prog

enum { BYTE_OFFSET, BYTE_SIZE, EXISTS, SIGNED, LSHIFT, RSHIFT, ID_LOCAL, ID_TARGET, T_EXISTS, T_SIZE, E_EXISTS, E_VALUE, MATCHES, KINDS };

struct access { const char *name; u32 type; const char *path; };

/* Ways to things that are there, are not, and are nonsense. */
static u32 accesses(struct access *a)
{
	const struct access list[] = {
		{ "pid", t_task, "0:0" }, { "comm", t_task, "0:2" }, { "comm[3]", t_task, "0:2:3" }, { "tasks.prev", t_task, "0:3:1" },
		{ "nowhere", t_task, "0:4" }, { "start_time", t_task, "0:6" }, { "second element", t_task, "1:0" },
		{ "pkt_type", t_skb, "0:1" }, { "ip_summed", t_skb, "0:2" }, { "gone", t_gone, "0:0" }, { "wrong type", t_wrong, "0:0" },
		{ "task", t_task, "0" }, { "typedef", t_typedef, "0" }, { "union", t_union, "0" }, { "int", t_int, "0" },
		{ "ENUM 0", t_enum, "0" }, { "ENUM ARRAY", t_enum, "1" }, { "ENUM gone", t_enum, "2" }, { "ENUM too far", t_enum, "3" },
		{ "ENUM64", t_enum64, "0" }, { "ENUM64 gone", t_enum64, "1" }, { "enum gone", t_enum_gone, "0" }, { "anonymous", t_anon, "0:0" },
		{ "forward", t_fwd, "0" }, { "function", t_main, "0" },
		{ "empty", t_task, "" }, { "letters", t_task, "pid" }, { "no colon", t_task, "0 0" }, { "ends in a colon", t_task, "0:" },
		{ "starts with a colon", t_task, ":0" }, { "two colons", t_task, "0::1" }, { "negative", t_task, "0:-1" },
		{ "negative element", t_task, "-1:0" }, { "spaces", t_task, "0: \t1" }, { "a minus alone", t_task, "0:-" },
		{ "longer than 64 bits", t_task, "0:18446744073709551617" }, { "space behind", t_task, "0:1 " },
		{ "hexadecimal", t_task, "0:0x1" }, { "too far", t_task, "0:7" }, { "huge", t_task, "0:4294967296" },
		{ "into an int", t_task, "0:0:0" }, { "array too far", t_task, "0:2:16" },
		{ "deep", t_task, "0:3:1:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0" },
		{ "void", 0, "0" }, { "no such type", 4000, "0" }, { "the largest type", 0xffffffff, "0" },
	};

	memcpy(a, list, sizeof(list));
	return ARRAY_SIZE(list);
}

/* All strings are there before the types are loaded. */
static void collect_strings(void)
{
	struct access list[64];

	for (u32 n = accesses(list); n--;)
		str(list[n].path);
	str("int main(void)");
	str("f.c");
}

/* What the compiler would have left in an immediate: Linux compares it for some kinds. */
static const s32 guesses[] = { 0, 1, 4, 8, 16, 24, 77 };

static void each_kind_and_access(void)
{
	struct access list[64];
	u32 n = accesses(list);
	char what[128];

	for (u32 kind = 0; kind <= KINDS; kind++) {
		for (u32 i = 0; i < n; i++) {
			P;

			start(BPF_PROG_TYPE_SOCKET_FILTER);
			relo(list[i].type, list[i].path, kind);
			MOV_K(0, guesses[below(ARRAY_SIZE(guesses))]);
			EXIT();
			snprintf(what, sizeof(what), "kind %u of %s", kind, list[i].name);
			compare(what);
			start(BPF_PROG_TYPE_SOCKET_FILTER);
			relo(list[i].type, list[i].path, kind);
			imm64(p, 0, 0, kind == E_VALUE ? 1ull << 40 : 0);
			EXIT();
			snprintf(what, sizeof(what), "kind %u of %s, 64 bits", kind, list[i].name);
			compare(what);
		}
	}
}

/* A field is read where the kernel has it, in the kernel's width; what is not there is never reached. */
static void read_fields(void)
{
	P;

	start(BPF_PROG_TYPE_RAW_TRACEPOINT);
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	MOV_X(6, 0);
	relo(t_task, "0:1", BYTE_OFFSET);
	emit(p, 0x61, 1, 6, 4, 0); /* tgid */
	relo(t_task, "0:6", BYTE_OFFSET);
	LD8(2, 6, 48);
	relo(t_task, "0:3:1", BYTE_OFFSET);
	LD8(3, 6, 32);
	relo(t_task, "0:4", EXISTS);
	MOV_K(4, 1);
	emit(p, 0x15, 4, 0, 1, 0);
	relo(t_task, "0:4", BYTE_OFFSET);
	emit(p, 0x61, 5, 6, 40, 0);
	relo(t_skb, "0:1", BYTE_SIZE);
	MOV_K(1, 1);
	relo(t_skb, "0:1", LSHIFT);
	MOV_K(2, 61);
	relo(t_skb, "0:1", RSHIFT);
	MOV_K(3, 61);
	MOV_K(0, 0);
	EXIT();
	how.dead = true;
	compare("fields of a task, one not there behind a question");

	start(BPF_PROG_TYPE_RAW_TRACEPOINT);
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	MOV_X(6, 0);
	relo(t_task, "0:1", BYTE_OFFSET);
	emit(p, 0x61, 1, 6, 4, 0);
	relo(t_task, "0:6", BYTE_OFFSET);
	LD8(2, 6, 48);
	relo(t_enum64, "0", E_VALUE);
	imm64(p, 4, 0, 1ull << 40);
	MOV_K(0, 0);
	EXIT();
	compare("fields of a task");

	start(BPF_PROG_TYPE_RAW_TRACEPOINT);
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	relo(t_task, "0:4", BYTE_OFFSET);
	emit(p, 0x61, 0, 0, 40, 0);
	MOV_K(0, 0);
	EXIT();
	compare("a field that is not there, reached");

	start(BPF_PROG_TYPE_RAW_TRACEPOINT);
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	relo(t_task, "0:0", BYTE_OFFSET);
	LD8(0, 0, 8); /* not where the local type has it */
	MOV_K(0, 0);
	EXIT();
	compare("an offset that is not the local one");

	start(BPF_PROG_TYPE_RAW_TRACEPOINT);
	CALL_HELPER(BPF_FUNC_get_current_task_btf);
	relo(t_task, "0:6", BYTE_OFFSET);
	emit(p, 0x61, 0, 0, 48, 0); /* a load of four bytes of eight */
	MOV_K(0, 0);
	EXIT();
	compare("a load narrower than the field");
}

/* Instructions that cannot be changed, or are changed otherwise than a load. */
static void other_instructions(void)
{
	static const u8 codes[] = { 0x07, 0x04, 0xb4, 0xb7, 0xbf, 0x61, 0x69, 0x71, 0x79, 0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b, 0x05,
				    0x15, 0x85, 0x95, 0xdb, 0x81, 0x18, 0xd4, 0x00, 0xff };
	static const u32 kinds[] = { BYTE_OFFSET, BYTE_SIZE, ID_TARGET, E_VALUE };
	char what[80];

	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (u32 i = 0; i < ARRAY_SIZE(codes); i++) {
			P;

			start(BPF_PROG_TYPE_SOCKET_FILTER);
			MOV_K(0, 0);
			relo(kinds[k] == E_VALUE ? t_enum : t_task, kinds[k] == E_VALUE ? "1" : kinds[k] == ID_TARGET ? "0" : "0:1", kinds[k]);
			emit(p, codes[i], 0, codes[i] == 0xbf ? 10 : 0, BPF_CLASS(codes[i]) == BPF_JMP ? 0 : 4, 4);
			if (codes[i] == 0x18)
				emit(p, 0, 0, 0, 0, 0);
			EXIT();
			snprintf(what, sizeof(what), "kind %u on instruction 0x%02x", kinds[k], codes[i]);
			compare(what);
		}
	}
}

static void simple(u32 many)
{
	P;

	start(BPF_PROG_TYPE_SOCKET_FILTER);
	for (u32 i = 0; i < many; i++) {
		relo(i % 2 ? t_task : t_enum, i % 2 ? "0" : "1", i % 2 ? T_EXISTS : E_VALUE);
		MOV_K(0, i % 2 ? 1 : 77);
	}
	EXIT();
}

/* Records: their size, number, what stands behind them, where they are. */
static void records_of_all_kinds(void)
{
	static const u32 sizes[] = { 0, 1, 4, 8, 12, 14, 15, 16, 17, 18, 20, 24, 32, 100, 248, 252, 253, 256, 1024, 0x80000000, 0xffffffff };
	static const u32 counts[] = { 0, 1, 2, 3, 4, 4096, 1 << 20, 0x7fffffff / 16, 0x7fffffff / 16 + 1, 0x80000000, 0xffffffff };
	static const u32 offs[] = { 1, 4, 7, 12, 16, 24, 32, 800, 0x7ffffff8, 0xfffffff8 };
	char what[80];

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (u32 tail = 0; tail < 3; tail++) {
			simple(2);
			how.record = sizes[i];
			how.tail_at = tail;
			snprintf(what, sizeof(what), "records of %u bytes, the last byte of record %u set", sizes[i], tail);
			if (!tail || (sizes[i] > 16 && sizes[i] <= RECORD))
				compare(what);
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
		simple(3);
		how.count = counts[i];
		snprintf(what, sizeof(what), "%u records said, 3 there, then zeros", counts[i]);
		compare(what);
	}
	for (u32 i = 0; i < ARRAY_SIZE(offs); i++) {
		simple(2);
		relos[1].insn_off = offs[i];
		snprintf(what, sizeof(what), "instruction at byte %u", offs[i]);
		compare(what);
	}
	simple(2);
	relos[1].insn_off = relos[0].insn_off;
	compare("two relocations of one instruction");
	simple(3);
	relos[0].insn_off = 16;
	relos[2].insn_off = 0;
	compare("out of order");
	simple(2);
	relos[1].access_str_off = 0x7fffffff;
	compare("an access string outside of the strings");
	simple(2);
	relos[0].type_id = 4000;
	relos[1].insn_off = 3;
	compare("two bad ones: the first is told");
	simple(40);
	compare("forty");
}

/* What has to be there beside them. */
static void around(void)
{
	simple(2);
	how.no_func = true;
	compare("without function and line information");
	simple(2);
	how.no_func = true;
	how.record = 3;
	compare("bad ones without function and line information");
	simple(2);
	how.no_func = how.line = true;
	compare("with line information only");
	simple(2);
	how.line = true;
	compare("with line information");
	simple(2);
	how.level = 0;
	compare("log_level 0 and a buffer");
	simple(2);
	how.level = 2;
	compare("log_level 2");
}

int main(int argc, char **argv)
{
	kit_start("core", argc, argv, 1, 1u << JIT);
	make_types();
	collect_strings();
	load_types();
	each_kind_and_access();
	read_fields();
	other_instructions();
	records_of_all_kinds();
	around();
	return kit_end();
}
