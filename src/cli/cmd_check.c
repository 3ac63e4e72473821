/* SPDX-License-Identifier: BSD-2-Clause */
/* skep check: does each program of these objects load, and if not, why? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <bpf/bpf.h>

#include "cli/cli.h"

#define LOG_SIZE (16u << 20)

struct check_opts {
	struct cli_common common;
	const char *prog, *btf;
	u32 on;
};

/* One program's verdict on one target. */
struct verdict {
	int err;             /* 0: accepted, else negative errno */
	u32 insns;           /* of the program */
	u64 ns;
	struct log_facts log;
	char reason[512];    /* rejected: in one line */
	char *text;          /* the log */
};

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

/* Load the object with this program alone. The log level is libbpf's to pass on. */
static int try_load(const char *path, const struct check_opts *o, const char *name, u32 level, char *log, struct verdict *v)
{
	struct bpf_program *p, *it;
	struct bpf_object *obj;
	int code = 0, err;
	u64 start;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return -EINVAL;
	bpf_object__for_each_program(it, obj)
		bpf_program__set_autoload(it, !strcmp(bpf_program__name(it), name));
	p = bpf_object__find_program_by_name(obj, name);
	log[0] = '\0';
	bpf_program__set_log_level(p, level);
	bpf_program__set_log_buf(p, log, LOG_SIZE);
	start = now_ns();
	err = bpf_object__load(obj);
	v->ns = now_ns() - start;
	v->insns = (u32)bpf_program__insn_cnt(p);
	if (err)
		snprintf(v->reason, sizeof(v->reason), "%s", skep_reason());
	/* the program is in, but an array that was to hold its neighbours could not be filled without them */
	if (err && strstr(load_messages(), "failed to initialize slot"))
		err = 0;
	bpf_object__close(obj);
	return err;
}

static void check_one(const char *path, const struct check_opts *o, const char *name, struct verdict *v)
{
	u32 level = o->common.verbose ? 2 : 4;
	char *log = malloc(LOG_SIZE);

	*v = (struct verdict){ .text = log };
	if (!log) {
		v->err = -ENOMEM;
		return;
	}
	v->err = try_load(path, o, name, level, log, v);
	log_read(log, &v->log);
	if (v->err && !o->common.verbose) {
		/* again, for the words */
		struct log_facts stats = v->log;
		try_load(path, o, name, 2 | 4, log, v);
		log_read(log, &v->log);
		if (!v->log.insns)
			v->log.insns = stats.insns;
	}
	if (v->err && *v->log.line)
		memcpy(v->reason, v->log.line, sizeof(v->reason));
	else if (v->err && !*v->reason)
		snprintf(v->reason, sizeof(v->reason), "%.400s", *load_messages() ? load_messages() : strerror(-v->err));
	v->reason[strcspn(v->reason, "\n")] = '\0';
}

static json_t *verdict_json(const struct verdict *v)
{
	json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:i, s:I}", "verdict", v->err ? "rejected" : "accepted", "insns",
			      (json_int_t)v->insns, "walked", (json_int_t)v->log.insns, "states", (json_int_t)v->log.states, "stack",
			      (int)v->log.stack, "time_us", (json_int_t)(v->log.time_us ? v->log.time_us : v->ns / 1000));

	if (v->err) {
		json_object_set_new(j, "errno", json_integer(-v->err));
		json_object_set_new(j, "reason", json_string(v->reason));
		json_object_set_new(j, "source", json_string(v->log.source));
	}
	return j;
}

static void print_row(const char *prog, const char *where, const struct verdict *v)
{
	printf("%-30s %-7s %-9s %7u %9llu %7llu %6u %9llu\n", prog, where, v->err ? "REJECTED" : "accepted", v->insns,
	       (unsigned long long)v->log.insns, (unsigned long long)v->log.states, v->log.stack,
	       (unsigned long long)(v->log.time_us ? v->log.time_us : v->ns / 1000));
	if (v->err) {
		printf("    %s\n", v->reason);
		if (*v->log.source)
			printf("    in: %s\n", v->log.source);
	}
}

struct tally { u32 accepted, rejected, differ; json_t *rows; };

/* One program on each asked target. */
static void check_prog(const char *path, const struct check_opts *o, const char *name, const char *sec, struct tally *t)
{
	json_t *row = json_pack("{s:s, s:s, s:s}", "object", path, "program", name, "section", sec);
	struct verdict v[2];
	int verdicts = 0;

	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++) {
		if (o->on != ON_BOTH && o->on != on)
			continue;
		load_on((enum target)on);
		check_one(path, o, name, &v[verdicts]);
		if (!o->common.json) {
			if (o->common.verbose && v[verdicts].text)
				printf("%s", v[verdicts].text);
			print_row(name, on == ON_SKEP ? "skep" : "kernel", &v[verdicts]);
		}
		json_object_set_new(row, on == ON_SKEP ? "skep" : "kernel", verdict_json(&v[verdicts]));
		verdicts++;
	}
	load_on(ON_SKEP);
	if (verdicts == 2 && v[0].err != v[1].err) {
		t->differ++;
		if (!o->common.json)
			printf("    DIFFERENT: skep %s, kernel %s\n", v[0].err ? strerrorname_np(-v[0].err) : "accepts",
			       v[1].err ? strerrorname_np(-v[1].err) : "accepts");
	} else if (verdicts == 2 && v[0].err && strcmp(v[0].log.line, v[1].log.line)) {
		t->differ++;
		if (!o->common.json)
			printf("    DIFFERENT reasons\n");
	}
	t->accepted += !v[0].err;
	t->rejected += v[0].err != 0;
	json_array_append_new(t->rows, row);
	for (int i = 0; i < verdicts; i++)
		free(v[i].text);
}

static int check_object(const char *path, const struct check_opts *o, struct tally *t)
{
	struct bpf_program *p;
	struct bpf_object *obj;
	bool hit = false;
	int code = 0;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return code;
	if (!o->common.json)
		printf("%s\n", path);
	bpf_object__for_each_program(p, obj) {
		const char *name = bpf_program__name(p);
		if (o->prog && strcmp(o->prog, name) && strcmp(o->prog, bpf_program__section_name(p)))
			continue;
		hit = true;
		check_prog(path, o, name, bpf_program__section_name(p), t);
	}
	bpf_object__close(obj);
	return hit ? 0 : cli_error(EX_USAGE_, "%s: no program \"%s\"", path, o->prog);
}

static int check_run(void *opts, int argc, char **argv)
{
	const struct check_opts *o = opts;
	struct load_opts lo = { .btf_file = o->btf };
	struct tally t = { .rows = json_array() };
	int code, worst = 0;

	if (argc < 1)
		return cli_error(EX_USAGE_, "which object? (skep check OBJ...)");
	code = load_setup(&lo);
	if (code)
		return code;
	if (o->on != ON_SKEP && !kernel_allowed())
		return cli_error(EX_NOT_HERE, "the running kernel refuses bpf(2) to this user: --on %s needs CAP_BPF",
				 o->on == ON_KERNEL ? "kernel" : "both");
	if (!o->common.json)
		printf("%-30s %-7s %-9s %7s %9s %7s %6s %9s\n", "program", "on", "verdict", "insns", "walked", "states", "stack",
		       "time us");
	for (int i = 0; i < argc; i++) {
		code = check_object(argv[i], o, &t);
		if (code > worst)
			worst = code;
	}
	if (o->common.json)
		code = cli_json(json_pack("{s:s, s:o, s:i, s:i, s:i}", "schema", "skep.check/1", "programs", t.rows, "accepted",
					  t.accepted, "rejected", t.rejected, "different", t.differ));
	else if (t.accepted + t.rejected > 1)
		printf("%u accepted, %u rejected%s\n", t.accepted, t.rejected, t.differ ? ", and skep and the kernel differ" : "");
	return worst ? worst : t.rejected || t.differ ? EX_NEGATIVE : code > 0 && o->common.json ? code : 0;
}

static const struct cli_opt check_options[] = {
	{ 'p', "prog", OPT_TEXT, "PROG", "only this program (name or section)", offsetof(struct check_opts, prog) },
	{ 0, "on", OPT_CHOICE, "skep|kernel|both", "who judges (default skep)", offsetof(struct check_opts, on) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types for CO-RE (default: the running kernel's)", offsetof(struct check_opts, btf) },
};

const struct cli_cmd cmd_check = {
	.name = "check", .args = "OBJ...", .summary = "verify programs: verdict, cost, and why not",
	.doc = "One row a program: its verdict, instructions, instructions walked by the verifier, states kept, stack bytes, time. A\n"
	       "rejected one is followed by the verifier's reason and the source line. -v prints the whole log.",
	.opts = check_options, .nopts = ARRAY_SIZE(check_options), .size = sizeof(struct check_opts), .run = check_run,
};
