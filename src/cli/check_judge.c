/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging the programs of one object on skep, on the running kernel, or both: see check.h.
 *
 * Invariant: a program's verdict never depends on its neighbours': where a load of all of them fails, each is loaded alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "base/clock.h"
#include "cli/check.h"

#define LOG_SIZE (16u << 20)
#define SMALL_LOG 8192u /* statistics only */
#define MAX_LOGGED 20000u /* a kernel takes minutes to write a million instructions down */

/* One program's verdict on one target. */
struct verdict {
	int err;             /* 0: accepted, else negative errno */
	u32 insns;           /* of the program */
	u64 ns;
	struct log_facts log;
	char reason[512];    /* rejected: in one line */
	char *text;          /* the log, when it is wanted */
	char *report;        /* skep's, on a refusal; NULL: none */
	json_t *report_json;
};

bool check_wanted(const struct bpf_program *p, const struct check_opts *o)
{
	return !o->prog || !strcmp(bpf_program__name(p), o->prog) || !strcmp(bpf_program__section_name(p), o->prog);
}

int check_load(const char *path, const struct check_opts *o, const char *name, u32 level, char *log, size_t size, u32 *ret_insns)
{
	struct bpf_program *p, *it;
	struct bpf_object *obj;
	int code = 0, err;

	do {
		obj = load_open(path, o->btf, &code);
		if (!obj)
			return -EINVAL;
		bpf_object__for_each_program(it, obj)
			bpf_program__set_autoload(it, !strcmp(bpf_program__name(it), name));
		p = bpf_object__find_program_by_name(obj, name);
		log[0] = '\0';
		bpf_program__set_log_level(p, level);
		bpf_program__set_log_buf(p, log, size);
		err = load_object(obj);
		if (ret_insns)
			*ret_insns = (u32)bpf_program__insn_cnt(p);
		/* the program is in, but an array that was to hold its neighbours could not be filled without them */
		if (err && strstr(load_messages(), "failed to initialize slot"))
			err = 0;
		load_close(obj);
	} while (err == -EAGAIN);
	return err;
}

/* Load the object with this program alone. */
static int try_load(const char *path, const struct check_opts *o, enum target on, const char *name, u32 level, char *log,
		    struct verdict *v)
{
	u64 start = clock_ns(CLOCK_MONOTONIC);
	int err = check_load(path, o, name, level, log, LOG_SIZE, &v->insns);

	v->ns = clock_ns(CLOCK_MONOTONIC) - start;
	if (err)
		snprintf(v->reason, sizeof(v->reason), "%s", load_reason() ? load_reason() : on == ON_SKEP ? skep_reason() : "");
	return err;
}

/* Only the log of a second load names the source line when there is no report. */
static void source_by_log(const char *path, const struct check_opts *o, enum target on, const char *name, char *log,
			  struct verdict *v)
{
	u64 insns = v->log.insns;

	try_load(path, o, on, name, 2 | 4, log, v);
	log_read(log, &v->log);
	if (!v->log.insns)
		v->log.insns = insns;
}

static const char *report_source(const json_t *report)
{
	const char *s = json_string_value(json_object_get(json_object_get(report, "at"), "source"));

	return s ? s : "";
}

static void check_one(const char *path, const struct check_opts *o, enum target on, const char *name, struct verdict *v)
{
	u32 level = o->common.verbose ? 2 : 4;
	char *log = malloc(LOG_SIZE);

	*v = (struct verdict){ .text = log };
	if (!log) {
		v->err = -ENOMEM;
		return;
	}
	v->err = try_load(path, o, on, name, level, log, v);
	log_read(log, &v->log);
	if (v->err && on == ON_SKEP && load_needs_log(v->log.line) && !o->common.verbose)
		source_by_log(path, o, on, name, log, v);
	else if (v->err && on == ON_SKEP && *skep_report(0)) {
		v->report = strdup(skep_report(0));
		v->report_json = json_loads(skep_report(1), 0, NULL);
		snprintf(v->log.source, sizeof(v->log.source), "%s", report_source(v->report_json));
	} else if (v->err && !o->common.verbose && v->log.insns < MAX_LOGGED) { /* the kernel */
		source_by_log(path, o, on, name, log, v);
	}
	if (v->err && *v->log.line)
		memcpy(v->reason, v->log.line, sizeof(v->reason));
	else if (v->err && !*v->reason)
		snprintf(v->reason, sizeof(v->reason), "%.400s", *load_messages() ? load_messages() : strerror(-v->err));
	v->reason[strcspn(v->reason, "\n")] = '\0';
	if (v->err && load_explain(v->reason, sizeof(v->reason))) { /* the report is about what stands in its place */
		free(v->report);
		json_decref(v->report_json);
		v->report = NULL;
		v->report_json = NULL;
	}
	if (!o->common.verbose) {
		free(v->text);
		v->text = NULL;
	}
}

static json_t *verdict_json(const struct verdict *v)
{
	json_t *j =
		json_pack("{s:s, s:I, s:I, s:I, s:i, s:I}", "verdict", v->err ? "rejected" : "accepted", "insns",
			  (json_int_t)v->insns, "walked", (json_int_t)v->log.insns, "states", (json_int_t)v->log.states,
			  "stack", (int)v->log.stack, "time_us", (json_int_t)(v->log.time_us ? v->log.time_us : v->ns / 1000));

	if (v->err) {
		json_object_set_new(j, "errno", json_integer(-v->err));
		json_object_set_new(j, "reason", json_string(v->reason));
		json_object_set_new(j, "source", json_string(v->log.source));
		if (v->report_json)
			json_object_set(j, "report", v->report_json);
		if (v->report)
			json_object_set_new(j, "_report", json_string(v->report));
	}
	if (v->text)
		json_object_set_new(j, "_log", json_string(v->text));
	return j;
}

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
		bpf_program__set_autoload(p, check_wanted(p, o));
		bpf_program__set_log_level(p, 4);
		bpf_program__set_log_buf(p, logs + (size_t)i++ * SMALL_LOG, SMALL_LOG);
	}
	start = clock_ns(CLOCK_MONOTONIC);
	err = load_object(obj);
	i = 0;
	bpf_object__for_each_program(p, obj) {
		v[i].ns = (clock_ns(CLOCK_MONOTONIC) - start) / n;
		v[i].insns = (u32)bpf_program__insn_cnt(p);
		log_read(logs + (size_t)i * SMALL_LOG, &v[i].log);
		i++;
	}
	load_close(obj);
	free(logs);
	return !err;
}

/* Every program of the object, on one target. */
static void check_all(const char *path, const struct check_opts *o, enum target on, struct bpf_object *obj, struct verdict *v,
		      u32 n)
{
	struct bpf_program *p;
	u32 i = 0;

	if (!o->common.verbose && check_together(path, o, v, n))
		return;
	bpf_object__for_each_program(p, obj) {
		if (check_wanted(p, o))
			check_one(path, o, on, bpf_program__name(p), &v[i]);
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
	return a->err && strcmp(a->reason, b->reason) && strcmp(a->log.line, b->log.line) ? "reasons" : NULL;
}

static json_t *prog_json(const char *path, const struct bpf_program *p, struct verdict *v[2])
{
	static const char *const name[] = { "skep", "kernel" };
	json_t *row = json_pack("{s:s, s:s, s:s}", "object", path, "program", bpf_program__name(p), "section",
				bpf_program__section_name(p));
	const char *diff;
	char buf[128];

	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++)
		if (v[on])
			json_object_set_new(row, name[on], verdict_json(v[on]));
	diff = v[0] && v[1] ? difference(v[0], v[1], buf, sizeof(buf)) : NULL;
	if (diff)
		json_object_set_new(row, "different", json_string(diff));
	return row;
}

static json_t *judged_json(const char *path, const struct check_opts *o, struct bpf_object *obj, struct verdict *v[2])
{
	json_t *rows = json_array();
	struct bpf_program *p;
	u32 i = 0;

	bpf_object__for_each_program(p, obj) {
		struct verdict *pair[2] = { v[0] ? &v[0][i] : NULL, v[1] ? &v[1][i] : NULL };
		if (check_wanted(p, o))
			json_array_append_new(rows, prog_json(path, p, pair));
		for (u32 k = 0; k < 2; k++)
			if (pair[k]) {
				free(pair[k]->text);
				free(pair[k]->report);
				json_decref(pair[k]->report_json);
			}
		i++;
	}
	return json_pack("{s:s, s:o, s:s}", "object", path, "programs", rows, "_notes", load_notes(obj));
}

json_t *check_judge(const char *path, const struct check_opts *o)
{
	struct verdict *v[2] = { NULL, NULL };
	struct bpf_program *p;
	struct bpf_object *obj;
	json_t *judged;
	u32 n = 0;
	bool hit = false;
	int code = 0;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return json_pack("{s:s, s:i}", "object", path, "code", code);
	bpf_object__for_each_program(p, obj) {
		hit |= check_wanted(p, o);
		n++;
	}
	if (!hit) {
		load_close(obj);
		code = cli_error(EX_USAGE_, "%s: no program \"%s\"", path, o->prog);
		return json_pack("{s:s, s:i}", "object", path, "code", code);
	}
	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++) {
		if (o->on != ON_BOTH && o->on != on)
			continue;
		v[on] = calloc(n, sizeof(*v[on]));
		if (!v[on])
			continue;
		load_on((enum target)on);
		check_all(path, o, (enum target)on, obj, v[on], n);
	}
	load_on(ON_SKEP);
	judged = judged_json(path, o, obj, v);
	free(v[0]);
	free(v[1]);
	load_close(obj);
	return judged;
}
