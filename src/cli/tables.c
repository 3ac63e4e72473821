/* SPDX-License-Identifier: BSD-2-Clause */
/* skep helpers, kfuncs, maps, insns, progtypes, explain: the tables of spec/ and isa/ as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "cli/cli.h"
#include "isa/isa.h"
#include "spec/spec.h"

struct table_opts {
	struct cli_common common;
	bool status;
};

/* "why_not" as a word: what skep does with the row. */
static const char *state_of(const char *why_not)
{
	return why_not ? why_not : "works";
}

static json_t *row(const char *name, const char *doc, const char *why_not)
{
	json_t *j = json_pack("{s:s, s:s, s:b}", "name", name, "doc", doc ? doc : "", "works", why_not == NULL);

	if (why_not)
		json_object_set_new(j, "why_not", json_string(why_not));
	return j;
}

/* `what` is the verb too. A list that was asked for names and has none of them is wrong usage. */
static int finish(const struct table_opts *o, const char *what, json_t *rows, u32 works, u32 total, char **names)
{
	if (!total) {
		json_decref(rows);
		return cli_error(EX_USAGE_, "nothing called \"%s\" (skep %s lists all)", names[0], what);
	}
	if (o->common.json)
		return cli_json(json_pack("{s:s, s:o, s:i, s:i}", "schema", "skep.table/1", what, rows, "works", works, "total",
					  total));
	printf("%u of %u work\n", works, total);
	json_decref(rows);
	return 0;
}

/* A name given as argument selects rows. */
static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcasecmp(argv[i], name) || (!strncasecmp(argv[i], "bpf_", 4) && !strcasecmp(argv[i] + 4, name)))
			return true;
	return argc == 0;
}

void cli_helper_proto(struct str *s, const struct helper_spec *h)
{
	static const char *const kind[] = {
		[ARG_ANYTHING] = "u64", [ARG_CTX] = "ctx", [ARG_MAP] = "map", [ARG_MAP_KEY] = "key",
		[ARG_MAP_VALUE] = "value", [ARG_MEM] = "mem", [ARG_SIZE] = "size", [ARG_SIZE0] = "size",
		[ARG_FUNC] = "func", [ARG_DYNPTR] = "dynptr",
	};

	str_printf(s, "bpf_%s(", h->name);
	for (int i = 0; i < 5 && h->arg[i].kind != ARG_NONE; i++) {
		const struct arg_spec *a = &h->arg[i];
		const char *k = a->kind < ARRAY_SIZE(kind) && kind[a->kind] ? kind[a->kind] : "ptr";
		str_printf(s, "%s%s%s%s%s", i ? ", " : "", k, a->name ? " " : "", a->name ? a->name : "",
			   a->flags & AF_NULL ? "?" : "");
	}
	str_puts(s, ")");
}

static int helpers_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	struct str s = { 0 };
	u32 works = 0, total = 0;

	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);
		if (!h || !wanted(h->name, argc, argv))
			continue;
		json_t *j = row(h->name, h->doc, h->why_not);
		str_clear(&s);
		cli_helper_proto(&s, h);
		json_object_set_new(j, "id", json_integer(id));
		json_object_set_new(j, "prototype", json_string(str_text(&s)));
		json_array_append_new(rows, j);
		total++;
		works += !h->why_not;
		if (!o->common.json && o->status)
			printf("%3u %-34s %s\n", id, h->name, state_of(h->why_not));
		else if (!o->common.json)
			printf("%3u %-64s %s\n", id, str_text(&s), h->doc);
	}
	str_free(&s);
	return finish(o, "helpers", rows, works, total, argv);
}

static int kfuncs_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	u32 works = 0, total = 0;

	for (u32 i = 0; i < kfunc_count; i++) {
		const struct kfunc_spec *k = &kfunc_spec[i];
		json_t *j;

		if (!wanted(k->name, argc, argv))
			continue;
		j = row(k->name, k->doc, k->why_not);
		json_object_set_new(j, "prototype", json_string(k->proto));
		json_array_append_new(rows, j);
		total++;
		works += !k->why_not;
		if (!o->common.json && o->status)
			printf("%-38s %s\n", k->name, state_of(k->why_not));
		else if (!o->common.json)
			printf("%s\n    %s\n", k->proto, k->doc);
	}
	return finish(o, "kfuncs", rows, works, total, argv);
}

static int maps_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	u32 works = 0, total = 0;

	for (u32 id = 1; id < UAPI_MAP_TYPES; id++) {
		const struct map_spec *m = map_spec_by_id(id);
		if (!m || !wanted(m->name, argc, argv))
			continue;
		json_array_append_new(rows, row(m->name, m->doc, m->why_not));
		total++;
		works += !m->why_not;
		if (!o->common.json)
			printf("%2u %-22s %s\n", id, m->name, o->status ? state_of(m->why_not) : m->doc);
	}
	return finish(o, "maps", rows, works, total, argv);
}

/* The context's fields that this type may touch: "  data_end  4 bytes at 4  r-". */
static void print_fields(u32 id, const struct progtype_spec *t)
{
	for (u32 i = 0; t->ctx && i < t->ctx->nfields; i++) {
		const struct ctx_field *f = &t->ctx->fields[i];
		if (f->progs & PT_BIT(id))
			printf("     %-18s %3u bytes at %3u  %s%s\n", f->name, f->size * MAX(f->count, 1u), f->off,
			       f->access & CF_R ? "r" : "-", (f->writers & PT_BIT(id)) ? "w" : "-");
	}
}

static int progtypes_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	u32 works = 0, total = 0;

	for (u32 id = 1; id < UAPI_PROG_TYPES; id++) {
		const struct progtype_spec *t = progtype_by_id(id);
		json_t *j;

		if (!t || !wanted(t->name, argc, argv))
			continue;
		j = row(t->name, t->doc, t->given ? NULL : t->why_not);
		if (t->given)
			json_object_set_new(j, "given_contexts_only", json_string(t->why_not));
		json_array_append_new(rows, j);
		total++;
		works += !t->why_not || t->given;
		if (!o->common.json)
			printf("%2u %-24s %s%s\n", id, t->name, o->status && t->given ? "works on given contexts; " : "",
			       o->status ? state_of(t->why_not) : t->doc);
		if (!o->common.json && o->common.verbose)
			print_fields(id, t);
	}
	return finish(o, "progtypes", rows, works, total, argv);
}

static int insns_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	u32 total = 0;

	for (u32 op = 0; op < OP_COUNT; op++) {
		const struct op_info *i = &op_info[op];
		if (i->internal || !wanted(i->name, argc, argv))
			continue;
		json_array_append_new(rows, json_pack("{s:s, s:i, s:s, s:s, s:s}", "name", i->name, "opcode", i->code, "text",
						      i->text, "section", i->section, "group", i->group));
		total++;
		if (!o->common.json)
			printf("%02x %-22s %-36s %-12s %s\n", i->code, i->name, i->text, i->group, i->section);
	}
	return finish(o, "insns", rows, total, total, argv);
}

static int explain_run(void *opts, int argc, char **argv)
{
	const struct table_opts *o = opts;
	json_t *rows = json_array();
	u32 hits = 0;

	for (u32 id = REJ_NONE + 1; id < REJ_COUNT; id++) {
		const struct reject_spec *r = &reject_spec[id];
		bool hit = argc == 0;
		for (int i = 0; i < argc; i++)
			hit |= !strcasecmp(argv[i], r->id) ||
			       (!strncasecmp(argv[i], "REJ_", 4) && !strcasecmp(argv[i] + 4, r->id));
		if (!hit)
			continue;
		hits++;
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "id", r->id, "errno", cli_errname(r->err), "text",
						      r->text, "hint", r->hint));
		if (!o->common.json && argc)
			printf("REJ_%s (%s)\n  %s\n\n%s\n", r->id, cli_errname(r->err), r->text, r->hint);
		else if (!o->common.json)
			printf("REJ_%-28s %-7s %s\n", r->id, cli_errname(r->err), r->text);
	}
	if (!hits) {
		json_decref(rows);
		return cli_error(EX_USAGE_, "no rejection called \"%s\" (skep explain lists them)", argv[0]);
	}
	if (o->common.json)
		return cli_json(json_pack("{s:s, s:o}", "schema", "skep.explain/1", "rejections", rows));
	json_decref(rows);
	return 0;
}

static const struct cli_opt status_options[] = {
	{ 0, "status", OPT_FLAG, NULL, "say which work here, and why the others do not", offsetof(struct table_opts, status) },
};

#define TABLE(verb, fn, args_, summary_, opts_, n)                                                              \
	const struct cli_cmd cmd_##verb = { .name = #verb, .args = args_, .summary = summary_, .opts = opts_, .nopts = n, \
					    .size = sizeof(struct table_opts), .run = fn }

TABLE(helpers, helpers_run, "[NAME...]", "list the helper functions", status_options, 1);
TABLE(kfuncs, kfuncs_run, "[NAME...]", "list the kernel functions that programs may call", status_options, 1);
TABLE(maps, maps_run, "[TYPE...]", "list the map types", status_options, 1);
TABLE(progtypes, progtypes_run, "[TYPE...]", "list the program types", status_options, 1);
TABLE(insns, insns_run, "[NAME...]", "list the instructions", NULL, 0);
TABLE(explain, explain_run, "[REJ_ID...]", "what a rejection means and what to do", NULL, 0);
