/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text-case runner: programs with their expected verdict and results, one or more in a file (tests/t/README.md).
 *
 * Each case is loaded into skep twice (interpreter, JIT) and, where bpf(2) is permitted, into the running kernel, which must
 * agree unless the case says why it does not. Prints one line a failing case; the last line has the totals.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/isa.h"
#include "skep/skep.h"
#include "spec/spec.h"

#define MAX_MAPS 8
#define MAX_RUNS 16
#define LOG_SIZE (1u << 20)

struct map_line { char name[32]; u32 type, key, value, max, flags; };
struct run_line { u8 *ctx, *data; u32 nctx, ndata; s64 want; };
struct test_case {
	char name[128], text[65536];
	u32 type, attach, flags, caps;
	bool accept, license_bsd, no_kernel;
	char reject[64], msg[256], log[4][256], differs[256];
	u32 nlog;
	struct map_line map[MAX_MAPS];
	u32 nmaps;
	struct run_line run[MAX_RUNS];
	u32 nruns;
	int line;
};
enum side { INTERP, JIT, KERNEL, SIDES };
static const char *const side_name[] = { "interpreter", "JIT", "kernel" };

static struct skep *skep[2];
static bool kernel_ok;
static u32 passed, failed, skipped;
static const char *file;

static long bpf_on(enum side s, int cmd, union bpf_attr *attr)
{
	long r;

	if (s == KERNEL) {
		r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
		return r < 0 ? -errno : r;
	}
	return skep_bpf_in(skep[s], cmd, attr, sizeof(*attr));
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
		else if (!strcmp(word, "license=BSD"))
			c->license_bsd = true;
		else if (!strcmp(word, "caps=bpf"))
			c->caps = SKEP_CAP_BPF | SKEP_CAP_NET_ADMIN, c->no_kernel = true;
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
	if (sscanf(s, "%31s %31s %u %u %u %x", m->name, type, &m->key, &m->value, &m->max, &m->flags) < 5)
		return bad(c, line, "a map is: -- map NAME TYPE KEY VALUE MAX [FLAGS]");
	m->type = map_by_name(type);
	if (!m->type)
		return bad(c, line, "unknown map type");
	c->nmaps++;
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
	if (!strcmp(s, "accept")) {
		c->accept = true;
		return 0;
	}
	if (sscanf(s, "reject REJ_%63s", c->reject) == 1) {
		quoted(s, c->msg, sizeof(c->msg));
		return 0;
	}
	return bad(c, line, "unknown directive");
}

/* ---- running ---- */
static int map_fds[MAX_MAPS];
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

static int make_maps(const struct test_case *c, enum side s)
{
	for (u32 i = 0; i < c->nmaps; i++) {
		union bpf_attr a = { .map_type = c->map[i].type, .key_size = c->map[i].key, .value_size = c->map[i].value,
				     .max_entries = c->map[i].max, .map_flags = c->map[i].flags };
		map_fds[i] = (int)bpf_on(s, BPF_MAP_CREATE, &a);
		if (map_fds[i] < 0)
			return map_fds[i];
	}
	return 0;
}

static int load(const struct test_case *c, enum side s, char *log, char **ret_err)
{
	struct asm_opts o = { .helper_id = helper_id, .map_fd = map_fd };
	struct bpf_insn *insns = NULL;
	int n = isa_asm(c->text, &o, &insns, ret_err);
	union bpf_attr a = { .prog_type = c->type };
	long fd;

	if (n < 0)
		return -ENOEXEC;
	a.expected_attach_type = c->attach;
	a.prog_flags = c->flags;
	a.insns = (u64)(uintptr_t)insns;
	a.insn_cnt = (u32)n;
	a.license = (u64)(uintptr_t)(c->license_bsd ? "BSD" : "GPL");
	a.log_level = 2;
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

static int fail(const struct test_case *c, enum side s, const char *what, const char *detail)
{
	printf("not ok %s:%d: %s (%s): %s%s%s\n", file, c->line, c->name, side_name[s], what, *detail ? "\n" : "", detail);
	return -1;
}

/* The verdict and its words. The kernel's words are not compared where the case says that it differs. */
static int check_verdict(const struct test_case *c, enum side s, int fd, const char *log)
{
	if (s == KERNEL && *c->differs)
		return 0;
	if (c->accept && fd < 0)
		return fail(c, s, "refused", log);
	if (!c->accept && fd >= 0)
		return fail(c, s, "accepted", "");
	if (!c->accept && !log_has(log, c->msg))
		return fail(c, s, "refused for another reason", log);
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

static int run_on(const struct test_case *c, enum side s)
{
	static char log[LOG_SIZE];
	char *err = NULL;
	int fd, ret = 0;

	current = c;
	for (u32 i = 0; i < MAX_MAPS; i++)
		map_fds[i] = -1;
	if (make_maps(c, s))
		return fail(c, s, "cannot make its maps", s == KERNEL ? strerror(errno) : skep_reason());
	fd = load(c, s, log, &err);
	if (fd == -ENOEXEC && err)
		ret = fail(c, s, "does not assemble", err);
	else
		ret = check_verdict(c, s, fd, log);
	if (!ret && fd >= 0 && !(s == KERNEL && *c->differs))
		ret = check_runs(c, s, fd);
	free(err);
	if (fd >= 0)
		close(fd);
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
	for (int s = INTERP; s < SIDES && !ret; s++)
		if (s != KERNEL || (kernel_ok && !c->no_kernel))
			ret = run_on(c, (enum side)s);
	passed += !ret;
	failed += ret != 0;
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
			snprintf(c.name, sizeof(c.name), "%s", buf + 8);
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

int main(int argc, char **argv)
{
	for (u32 s = INTERP; s <= JIT; s++) {
		struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .flags = SKEP_F_RUN_ANY,
				       .engine = s == JIT ? SKEP_ENGINE_JIT : SKEP_ENGINE_INTERP };
		if (skep_new(&o, &skep[s])) {
			fprintf(stderr, "cannot start skep\n");
			return 5;
		}
	}
	kernel_ok = ask_kernel();
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	skep_free(skep[INTERP]);
	skep_free(skep[JIT]);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed != 0;
}
