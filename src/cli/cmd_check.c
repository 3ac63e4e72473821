/* SPDX-License-Identifier: BSD-2-Clause */
/* skep check: does each program of these objects load, and if not, why? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "base/clock.h"
#include "cli/cli.h"

#define LOG_SIZE (16u << 20)
#define SMALL_LOG 8192u /* statistics only */

struct check_opts {
	struct cli_common common;
	const char *prog, *btf;
	u32 on;
	bool sarif;
};

/* One program's verdict on one target. */
struct verdict {
	int err;             /* 0: accepted, else negative errno */
	u32 insns;           /* of the program */
	u64 ns;
	struct log_facts log;
	char reason[512];    /* rejected: in one line */
	char *text;          /* the log */
	char *report;        /* skep's, on a refusal; NULL: none */
	json_t *report_json;
};

static bool is_program(const struct bpf_program *p, const char *name)
{
	return !strcmp(bpf_program__name(p), name) || !strcmp(bpf_program__section_name(p), name);
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
	start = clock_ns(CLOCK_MONOTONIC);
	err = bpf_object__load(obj);
	v->ns = clock_ns(CLOCK_MONOTONIC) - start;
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
	if (v->err && *skep_report(0)) {
		v->report = strdup(skep_report(0));
		v->report_json = json_loads(skep_report(1), 0, NULL);
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
		if (v->report_json)
			json_object_set(j, "report", v->report_json);
	}
	return j;
}

static void print_row(const char *prog, const char *where, const struct verdict *v)
{
	printf("%-30s %-7s %-9s %7u %9llu %7llu %6u %9llu\n", prog, where, v->err ? "REJECTED" : "accepted", v->insns,
	       (unsigned long long)v->log.insns, (unsigned long long)v->log.states, v->log.stack,
	       (unsigned long long)(v->log.time_us ? v->log.time_us : v->ns / 1000));
	if (v->err) {
		if (v->report) {
			for (const char *p = v->report; *p;) {
				size_t n = strcspn(p, "\n");
				printf("    %.*s\n", (int)n, p);
				p += n + (p[n] == '\n');
			}
			return;
		}
		printf("    %s\n", v->reason);
		if (*v->log.source)
			printf("    in: %s\n", v->log.source);
	}
}

struct tally { u32 accepted, rejected, differ; json_t *rows; };

/*
 * All programs in one load: the fast way, and the only one that fills arrays of programs. False when any of them fails: then
 * each is judged alone.
 */
static bool check_together(const char *path, const struct check_opts *o, struct verdict *v, u32 n)
{
	struct bpf_program *p;
	struct bpf_object *obj;
	char *logs = calloc(n, SMALL_LOG);
	int code = 0, err = -ENOMEM;
	u32 i = 0;
	u64 start;

	obj = logs ? load_open(path, o->btf, &code) : NULL;
	if (!obj) {
		free(logs);
		return false;
	}
	bpf_object__for_each_program(p, obj) {
		v[i] = (struct verdict){ .insns = 0 };
		bpf_program__set_autoload(p, !o->prog || is_program(p, o->prog));
		bpf_program__set_log_level(p, 4);
		bpf_program__set_log_buf(p, logs + (size_t)i++ * SMALL_LOG, SMALL_LOG);
	}
	start = clock_ns(CLOCK_MONOTONIC);
	err = bpf_object__load(obj);
	i = 0;
	bpf_object__for_each_program(p, obj) {
		v[i].ns = (clock_ns(CLOCK_MONOTONIC) - start) / n;
		v[i].insns = (u32)bpf_program__insn_cnt(p);
		log_read(logs + (size_t)i * SMALL_LOG, &v[i].log);
		i++;
	}
	bpf_object__close(obj);
	free(logs);
	return !err;
}

/* Every program of the object, on one target. */
static void check_all(const char *path, const struct check_opts *o, struct bpf_object *obj, struct verdict *v, u32 n)
{
	struct bpf_program *p;
	u32 i = 0;

	if (!o->common.verbose && check_together(path, o, v, n))
		return;
	bpf_object__for_each_program(p, obj) {
		if (!o->prog || is_program(p, o->prog))
			check_one(path, o, bpf_program__name(p), &v[i]);
		i++;
	}
}

/* Where two targets disagree, in words; NULL when they do not. */
static const char *difference(const struct verdict *a, const struct verdict *b, char *buf, size_t size)
{
	if (a->err != b->err) {
		snprintf(buf, size, "skep %s, kernel %s", a->err ? cli_errname(-a->err) : "accepts",
			 b->err ? cli_errname(-b->err) : "accepts");
		return buf;
	}
	return a->err && strcmp(a->log.line, b->log.line) ? "reasons" : NULL;
}

static void report_prog(const char *path, const struct check_opts *o, const struct bpf_program *p, struct verdict *v[2],
			struct tally *t)
{
	static const char *const name[] = { "skep", "kernel" };
	json_t *row = json_pack("{s:s, s:s, s:s}", "object", path, "program", bpf_program__name(p), "section",
				bpf_program__section_name(p));
	const struct verdict *first = v[0] ? v[0] : v[1];
	const char *diff;
	char buf[128];

	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++) {
		if (!v[on])
			continue;
		if (!o->common.json) {
			if (o->common.verbose && v[on]->text)
				printf("%s", v[on]->text);
			print_row(bpf_program__name(p), name[on], v[on]);
		}
		json_object_set_new(row, name[on], verdict_json(v[on]));
	}
	diff = v[0] && v[1] ? difference(v[0], v[1], buf, sizeof(buf)) : NULL;
	if (diff) {
		t->differ++;
		json_object_set_new(row, "different", json_string(diff));
		if (!o->common.json)
			printf("    DIFFERENT: %s\n", diff);
	}
	t->accepted += !first->err;
	t->rejected += first->err != 0;
	json_array_append_new(t->rows, row);
}

static int check_object(const char *path, const struct check_opts *o, struct tally *t)
{
	struct verdict *v[2] = { NULL, NULL };
	struct bpf_program *p;
	struct bpf_object *obj;
	u32 n = 0, i = 0;
	bool hit = false;
	int code = 0;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return code;
	bpf_object__for_each_program(p, obj) {
		hit |= !o->prog || is_program(p, o->prog);
		n++;
	}
	if (!hit) {
		bpf_object__close(obj);
		return cli_error(EX_USAGE_, "%s: no program \"%s\"", path, o->prog);
	}
	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++) {
		if (o->on != ON_BOTH && o->on != on)
			continue;
		v[on] = calloc(n, sizeof(*v[on]));
		if (!v[on])
			continue;
		load_on((enum target)on);
		check_all(path, o, obj, v[on], n);
	}
	load_on(ON_SKEP);
	if (!o->common.json)
		printf("%s\n", path);
	bpf_object__for_each_program(p, obj) {
		struct verdict *pair[2] = { v[0] ? &v[0][i] : NULL, v[1] ? &v[1][i] : NULL };
		if (!o->prog || is_program(p, o->prog))
			report_prog(path, o, p, pair, t);
		for (u32 k = 0; k < 2; k++)
			if (pair[k]) {
				free(pair[k]->text);
				free(pair[k]->report);
				json_decref(pair[k]->report_json);
			}
		i++;
	}
	free(v[0]);
	free(v[1]);
	bpf_object__close(obj);
	return 0;
}

/* ---- SARIF 2.1.0: one result a refused program, for editors and code hosts ---- */
static json_t *sarif_result(json_t *row, json_t *verdict)
{
	json_t *report = json_object_get(verdict, "report"), *at = json_object_get(report, "at");
	const char *file = json_string_value(json_object_get(at, "file"));
	const char *id = json_string_value(json_object_get(report, "id")), *fix = json_string_value(json_object_get(report, "fix"));
	const char *reason = json_string_value(json_object_get(verdict, "reason"));
	json_int_t line = json_integer_value(json_object_get(at, "line")), col = json_integer_value(json_object_get(at, "column"));
	json_t *r = json_pack("{s:s+, s:s, s:{s:s++++}}", "ruleId", "REJ_", id && *id ? id : "LOAD", "level", "error", "message", "text",
			      json_string_value(json_object_get(row, "program")), ": ", reason ? reason : "refused", fix && *fix ? ". " : "",
			      fix ? fix : "");

	if (file && *file)
		json_object_set_new(r, "locations",
				    json_pack("[{s:{s:{s:s}, s:{s:I, s:I}}}]", "physicalLocation", "artifactLocation", "uri", file,
					      "region", "startLine", line ? line : 1, "startColumn", col ? col : 1));
	return r;
}

static int print_sarif(json_t *rows)
{
	json_t *results = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *v = json_object_get(row, json_object_get(row, "skep") ? "skep" : "kernel");
		if (!strcmp(json_string_value(json_object_get(v, "verdict")), "rejected"))
			json_array_append_new(results, sarif_result(row, v));
	}
	json_decref(rows);
	return cli_json(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s}}, s:o}]}", "$schema",
				  "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver", "name",
				  "skep", "version", skep_version(), "results", results));
}

static int check_run(void *opts, int argc, char **argv)
{
	struct check_opts *o = opts;
	struct load_opts lo = { .btf_file = o->btf };
	struct tally t = { .rows = json_array() };
	int code, worst = 0;

	if (argc < 1)
		return cli_error(EX_USAGE_, "which object? (skep check OBJ...)");
	o->common.json |= o->sarif; /* nothing but the document on stdout */
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
	if (o->sarif)
		code = print_sarif(t.rows);
	else if (o->common.json)
		code = cli_json(json_pack("{s:s, s:o, s:i, s:i, s:i}", "schema", "skep.check/1", "programs", t.rows, "accepted",
					  t.accepted, "rejected", t.rejected, "different", t.differ));
	else
		json_decref(t.rows);
	if (!o->common.json && t.accepted + t.rejected > 1)
		printf("%u accepted, %u rejected%s\n", t.accepted, t.rejected, t.differ ? ", and skep and the kernel differ" : "");
	return worst ? worst : t.rejected || t.differ ? EX_NEGATIVE : code > 0 && o->common.json ? code : 0;
}

static const struct cli_opt check_options[] = {
	{ 'p', "prog", OPT_TEXT, "PROG", "only this program (name or section)", offsetof(struct check_opts, prog) },
	{ 0, "on", OPT_CHOICE, "skep|kernel|both", "who judges (default skep)", offsetof(struct check_opts, on) },
	{ 0, "sarif", OPT_FLAG, NULL, "print SARIF 2.1, for editors and code hosts", offsetof(struct check_opts, sarif) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types for CO-RE (default: the running kernel's; \"skep\": skep's own)", offsetof(struct check_opts, btf) },
};

const struct cli_cmd cmd_check = {
	.name = "check", .args = "OBJ...", .summary = "verify programs: verdict, cost, and why not",
	.doc = "One row a program: its verdict, instructions, instructions walked by the verifier, states kept, stack bytes, time. A\n"
	       "rejected one is followed by the verifier's reason and the source line. -v prints the whole log.",
	.opts = check_options, .nopts = ARRAY_SIZE(check_options), .size = sizeof(struct check_opts), .run = check_run,
};
