/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progs: each program of each object, loaded alone by skep and by the running kernel, and what differs.
 * Usage: progs [-u] [-l] [-t SECONDS] OBJ...    (-u: also without capabilities, where the object's annotations ask for it;
 * -l: compare the whole log too)
 *
 * One line a run, fields separated by tabs: object, program, p|u, classes of difference or "=", skep's verdict and last words,
 * the kernel's, instructions walked by each, processor time in BPF_PROG_LOAD of each, in ns. "-": the kernel refuses to be asked (EPERM without
 * a word: this machine's does so for programs on its own functions).
 * Classes: V verdict, E errno, W words, M a message that the annotations expect and only the kernel says, R result of the test
 * run, L log, X a crash or a run that takes too long, A (with -) other than the annotations say. Annotations are the declaration tags of Linux's selftests.
 * Invariant: an object is judged in a process of its own, so that none can disturb the others; nothing stays loaded.
 */
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>

#include "tools/wrap.h"

#define LOG_SIZE (16u << 20)
#define MAX_MSGS 64
#define NO_VERDICT 4095 /* the program never came to bpf(2) */

enum { SKEP, KERNEL };

/* ---- bpf(2), one way or the other ---- */
static struct skep *skep;
static int side;
static const void *watched_log; /* the load that is being judged has this log */
static struct { int err; u64 ns; bool seen; } judged;

static long wrapped_bpf(long cmd, union bpf_attr *attr, long size)
{
	u64 start = thread_ns();
	long ret = bpf_of(side == KERNEL ? NULL : skep, cmd, attr, size);

	if (cmd == BPF_PROG_LOAD && watched_log && attr->log_buf == (u64)(uintptr_t)watched_log) {
		judged.ns = thread_ns() - start;
		judged.err = ret < 0 ? errno : 0;
		judged.seen = true;
	}
	return ret;
}

/* ---- annotations ---- */
struct spec {
	const char *msgs[2][MAX_MSGS]; /* privileged, without capabilities */
	u32 nmsgs[2];
	bool asked[2], fails[2], run[2], auxiliary;
	long retval[2];
	u32 log_level, flags;
};

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

static long retval_of(const char *s)
{
	return !strcmp(s, "INT_MIN") ? INT_MIN : !strcmp(s, "POINTER_VALUE") ? (long)0xcafe4a11 : !strcmp(s, "TEST_DATA_LEN") ? 64 :
	       strtol(s, NULL, 0);
}

static u32 flag_of(const char *s)
{
	static const struct { const char *name; u32 bit; } names[] = {
		{ "BPF_F_STRICT_ALIGNMENT", 1 }, { "BPF_F_ANY_ALIGNMENT", 2 }, { "BPF_F_TEST_RND_HI32", 4 }, { "BPF_F_TEST_STATE_FREQ", 8 },
		{ "BPF_F_SLEEPABLE", 16 }, { "BPF_F_XDP_HAS_FRAGS", 32 }, { "BPF_F_TEST_REG_INVARIANTS", 128 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(s, names[i].name))
			return names[i].bit;
	return (u32)strtoul(s, NULL, 0);
}

static void add_msg(struct spec *sp, int mode, const char *s)
{
	s = strchr(s, '=');
	if (s && sp->nmsgs[mode] < MAX_MSGS)
		sp->msgs[mode][sp->nmsgs[mode]++] = s + 1;
}

static void read_tag(struct spec *sp, const char *t)
{
	const char *v;

	if (!(t = after(t, "comment:test_")))
		return;
	if (!strcmp(t, "expect_success") || !strcmp(t, "expect_failure"))
		sp->asked[0] = true, sp->fails[0] = t[7] == 'f';
	else if (!strcmp(t, "expect_success_unpriv") || !strcmp(t, "expect_failure_unpriv"))
		sp->asked[1] = true, sp->fails[1] = t[7] == 'f';
	else if (!strcmp(t, "auxiliary"))
		sp->auxiliary = true;
	else if ((v = after(t, "expect_msg=")))
		add_msg(sp, 0, v);
	else if ((v = after(t, "expect_msg_unpriv=")))
		add_msg(sp, 1, v);
	else if ((v = after(t, "log_level=")))
		sp->log_level = (u32)strtoul(v, NULL, 0);
	else if ((v = after(t, "prog_flags=")))
		sp->flags |= flag_of(v);
	else if ((v = after(t, "retval=")))
		sp->run[0] = true, sp->retval[0] = retval_of(v);
	else if ((v = after(t, "retval_unpriv=")))
		sp->run[1] = true, sp->retval[1] = retval_of(v);
}

static void read_spec(const struct bpf_object *obj, const struct bpf_program *p, struct spec *sp)
{
	const struct btf *btf = bpf_object__btf(obj);
	s32 id = btf ? btf__find_by_name_kind(btf, bpf_program__name(p), BTF_KIND_FUNC) : -1;

	memset(sp, 0, sizeof(*sp));
	for (u32 i = 1; id > 0 && i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (btf_is_decl_tag(t) && t->type == (u32)id && btf_decl_tag(t)->component_idx == -1)
			read_tag(sp, btf__name_by_offset(btf, t->name_off));
	}
}

/* Verbatim text with extended regular expressions between {{ and }}. */
static const char *find_msg(const char *log, const char *msg)
{
	char pattern[1024];
	bool in_regex = false;
	regmatch_t m;
	regex_t re;
	size_t n = 0;

	if (!strstr(msg, "{{"))
		return (log = strstr(log, msg)) ? log + strlen(msg) : NULL;
	for (; *msg && n < sizeof(pattern) - 3; msg++) {
		if (!strncmp(msg, in_regex ? "}}" : "{{", 2)) {
			in_regex = !in_regex;
			msg++;
			continue;
		}
		if (!in_regex && strchr(".[]\\()*+?{}|^$", *msg))
			pattern[n++] = '\\';
		pattern[n++] = *msg;
	}
	pattern[n] = '\0';
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE))
		return NULL;
	n = (size_t)regexec(&re, log, 1, &m, 0);
	regfree(&re);
	return n ? NULL : log + m.rm_eo;
}

/* The first message that the log lacks, in order; NULL: all there. */
static const char *missing_msg(const struct spec *sp, int mode, const char *log)
{
	for (u32 i = 0; i < sp->nmsgs[mode] && log; i++)
		if (!(log = find_msg(log, sp->msgs[mode][i])))
			return sp->msgs[mode][i];
	return NULL;
}

/* ---- one load ---- */
struct outcome {
	int err;
	u64 ns, walked;
	long retval;
	int run_err;
	char words[512];
	char *log;
};

static bool is_statistics(const char *l)
{
	return !strncmp(l, "processed ", 10) || !strncmp(l, "verification time", 17) || !strncmp(l, "stack depth", 11);
}

static void last_words(const char *log, char *out, size_t size)
{
	const char *end;

	out[0] = '\0';
	for (; *log; log = *end ? end + 1 : end) {
		end = strchrnul(log, '\n');
		if (end > log && !is_statistics(log))
			snprintf(out, size, "%.*s", (int)MIN((size_t)(end - log), size - 1), log);
	}
	for (; *out; out++)
		if (*out == '\t')
			*out = ' ';
}

static u64 walked(const char *log)
{
	const char *p, *last = NULL;

	for (p = log; (p = strstr(p, "processed ")); p++)
		last = p;
	return last ? strtoull(last + 10, NULL, 10) : 0;
}

static bool unprivileged_map(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return !(bpf_map__map_flags(map) & BPF_F_ZERO_SEED);
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return true;
	default:
		return false;
	}
}

/* Sizes that a tool would set before it loads. */
static void prepare_map(struct bpf_map *map, int mode)
{
	enum bpf_map_type type = bpf_map__type(map);

	if (mode && !unprivileged_map(map))
		bpf_map__set_autocreate(map, false);
	if (!bpf_map__max_entries(map) && !(bpf_map__map_flags(map) & 1) && type != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
	    type != BPF_MAP_TYPE_STRUCT_OPS)
		bpf_map__set_max_entries(map, 4096);
	if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
		bpf_map__set_value_size(map, 127 * 8);
}

static void capabilities(bool drop)
{
	static const u32 bits[] = { 12 /* NET_ADMIN */, 21 /* SYS_ADMIN */, 38 /* PERFMON */, 39 /* BPF */ };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (__real_syscall(SYS_capget, &h, d))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++) {
		u32 *e = &d[bits[i] / 32].effective, bit = 1u << bits[i] % 32;

		*e = drop ? *e & ~bit : *e | (d[bits[i] / 32].permitted & bit);
	}
	__real_syscall(SYS_capset, &h, d);
}

static void run_it(const struct bpf_program *p, struct outcome *o)
{
	u8 in[64] = { 0 }, out[256] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, t, .data_in = in, .data_size_in = sizeof(in), .data_out = out, .data_size_out = sizeof(out),
		    .repeat = 1);
	LIBBPF_OPTS(bpf_test_run_opts, bare);
	bool plain = bpf_program__type(p) == BPF_PROG_TYPE_SYSCALL;

	o->run_err = bpf_prog_test_run_opts(bpf_program__fd(p), plain ? &bare : &t) ? -errno : 0;
	o->retval = (s32)(plain ? bare.retval : t.retval);
}

static void load(const char *path, const char *name, const struct spec *sp, int mode, u32 level, struct outcome *o)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *it, *p;
	struct bpf_map *map;
	struct spec other;
	int err;

	o->err = NO_VERDICT;
	o->log[0] = '\0';
	o->words[0] = '\0';
	if (!obj)
		return;
	bpf_object__for_each_program(it, obj) {
		read_spec(obj, it, &other);
		bpf_program__set_autoload(it, other.auxiliary || !strcmp(bpf_program__name(it), name));
	}
	p = bpf_object__find_program_by_name(obj, name);
	if (mode)
		capabilities(true);
	bpf_object__for_each_map(map, obj)
		prepare_map(map, mode);
	bpf_program__set_log_level(p, level);
	bpf_program__set_log_buf(p, o->log, LOG_SIZE);
	bpf_program__set_flags(p, bpf_program__flags(p) | sp->flags);
	watched_log = o->log;
	judged.seen = false;
	err = bpf_object__load(obj);
	watched_log = NULL;
	if (judged.seen) {
		o->err = judged.err;
		o->ns = judged.ns;
	}
	if (!judged.seen && err)
		snprintf(o->words, sizeof(o->words), "(not loaded: %s%s%s)", strerror(errno), side == SKEP ? ": " : "",
			 side == SKEP ? skep_reason() : "");
	if (!err && mode >= 0 && sp->run[mode])
		run_it(p, o);
	bpf_object__close(obj);
	if (mode)
		capabilities(false);
	if (judged.seen) {
		last_words(o->log, o->words, sizeof(o->words));
		o->walked = walked(o->log);
	}
}

/* ---- what differs ---- */
static bool compare_logs;

/* Addresses of maps differ, and columns behind them. */
static bool lines_differ(const char *a, const char *b)
{
	for (; *a != '\n' && *b != '\n' && *a && *b; a++, b++) {
		if (!strncmp(a, " = 0x", 5) && !strncmp(b, " = 0x", 5)) {
			a += 5 + strspn(a + 5, "0123456789abcdef");
			b += 5 + strspn(b + 5, "0123456789abcdef");
			a += strspn(a, " ") - 1;
			b += strspn(b, " ") - 1;
			continue;
		}
		if (*a != *b)
			return true;
	}
	return (*a && *a != '\n') || (*b && *b != '\n');
}

/* The first lines that differ, statistics aside; false: none. */
static bool logs_differ(const char *a, const char *b, const char **ret_a, const char **ret_b)
{
	for (; *a || *b; a += strcspn(a, "\n"), a += *a != 0, b += strcspn(b, "\n"), b += *b != 0) {
		*ret_a = a;
		*ret_b = b;
		if (!(is_statistics(a) && is_statistics(b)) && lines_differ(a, b))
			return true;
	}
	return false;
}

/* KEEP=PREFIX in the environment: the last logs as PREFIX.skep and PREFIX.kernel. */
static void keep_log(const char *log)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s.%s", getenv("KEEP"), side == SKEP ? "skep" : "kernel");
	f = fopen(path, "w");
	if (!f)
		return;
	fputs(log, f);
	fclose(f);
}

static void judge(const char *path, const char *name, const struct spec *sp, int mode)
{
	static struct outcome o[2];
	char classes[16] = "", *c = classes;
	const char *miss[2] = { NULL, NULL }, *line[2];
	bool annotated = sp->nmsgs[mode] || sp->asked[mode];
	u32 level = annotated ? (sp->log_level ? sp->log_level : 1) | 4 : 4;

	for (side = SKEP; side <= (getenv("ALONE") ? SKEP : KERNEL); side++) {
		char *log = o[side].log ? o[side].log : malloc(LOG_SIZE);

		o[side] = (struct outcome){ .log = log };
		load(path, name, sp, mode, compare_logs ? 2 | 4 : level, &o[side]);
		if (o[side].err && o[side].err != NO_VERDICT && o[side].err != EPERM && level == 4 && !compare_logs) {
			u64 ns = o[side].ns;

			load(path, name, sp, mode, 1 | 4, &o[side]);
			o[side].ns = ns;
		}
		miss[side] = annotated ? missing_msg(sp, mode, o[side].log) : NULL;
		if (getenv("KEEP"))
			keep_log(o[side].log);
	}
	side = SKEP;
	if (o[1].err == EPERM && !*o[1].log && !mode) {
		*c++ = '-';
		if (sp->asked[0] && (sp->fails[0] != !!o[0].err || miss[0]))
			*c++ = 'A';
	}
	if (*classes == '-')
		;
	else if (compare_logs && (o[0].err == ENOSPC || o[1].err == ENOSPC))
		*c++ = '?'; /* the log did not fit */
	else if (!o[0].err != !o[1].err)
		*c++ = 'V';
	else if (o[0].err != o[1].err)
		*c++ = 'E';
	if (o[0].err && o[1].err && *o[1].log && strcmp(o[0].words, o[1].words))
		*c++ = 'W';
	if (miss[0] && !miss[1])
		*c++ = 'M';
	if (!o[0].err && !o[1].err && sp->run[mode] &&
	    (o[0].run_err != o[1].run_err || (!o[0].run_err && o[0].retval != o[1].retval)))
		*c++ = 'R';
	if (compare_logs && !*classes && logs_differ(o[0].log, o[1].log, &line[0], &line[1]))
		*c++ = 'L';
	*c = '\0';
	printf("%s\t%s\t%c\t%s", path, name, "pu"[mode], *classes ? classes : "=");
	for (u32 i = 0; i < 2; i++)
		printf("\t%d %s", o[i].err, o[i].words);
	printf("\t%llu %llu\t%llu %llu", (unsigned long long)o[0].walked, (unsigned long long)o[1].walked,
	       (unsigned long long)o[0].ns, (unsigned long long)o[1].ns);
	if ((strchr(classes, 'M') || strchr(classes, 'A')) && miss[0])
		printf("\tlacks: %s", miss[0]);
	if (strchr(classes, 'R'))
		printf("\tresult %ld (%d), kernel %ld (%d)", o[0].retval, o[0].run_err, o[1].retval, o[1].run_err);
	if (strchr(classes, 'L'))
		printf("\tlog: %.*s | %.*s", (int)strcspn(line[0], "\n"), line[0], (int)strcspn(line[1], "\n"), line[1]);
	printf("\n");
	fflush(stdout);
}

static void judge_object(const char *path, bool unprivileged)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *p;
	struct spec sp;

	if (!obj) {
		printf("%s\t-\tp\t=\t%d (not opened)\t%d\t0 0\t0 0\n", path, NO_VERDICT, NO_VERDICT);
		return;
	}
	bpf_object__for_each_program(p, obj) {
		if (bpf_program__type(p) == BPF_PROG_TYPE_UNSPEC)
			continue;
		read_spec(obj, p, &sp);
		judge(path, bpf_program__name(p), &sp, 0);
		if (unprivileged && sp.asked[1])
			judge(path, bpf_program__name(p), &sp, 1);
	}
	bpf_object__close(obj);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return getenv("VERBOSE") && level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

int main(int argc, char **argv)
{
	struct skep_opts so = { .sz = sizeof(so) };
	bool unprivileged = false;
	unsigned seconds = 300;
	int opt;

	while ((opt = getopt(argc, argv, "ult:")) != -1) {
		if (opt == 'u')
			unprivileged = true, so.flags |= SKEP_F_UNPRIV_ALLOWED;
		else if (opt == 'l')
			compare_logs = true;
		else if (opt == 't')
			seconds = (unsigned)atoi(optarg);
		else
			return 2;
	}
	libbpf_set_print(quiet);
	for (int i = optind; i < argc; i++) {
		int status = 0;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			/* of processor time: the machine may be busy */
			setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = (time_t)seconds }, NULL);
			alarm(20 * seconds);
			if (skep_new(&so, &skep))
				_exit(3);
			judge_object(argv[i], unprivileged);
			exit(0);
		}
		waitpid(pid, &status, 0);
		if (status)
			printf("%s\t-\tp\tX\t%d ended by status %d\t0\t0 0\t0 0\n", argv[i], NO_VERDICT, status);
	}
	return 0;
}
