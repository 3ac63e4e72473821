/* SPDX-License-Identifier: BSD-2-Clause */
/* skep check: does each program of these objects load, and if not, why? */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/check.h"

/* ---- which objects ---- */
struct paths { char **v; size_t n, cap; bool failed; };
static struct paths *walking; /* nftw() has no cookie */

static void paths_add(struct paths *p, const char *path)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		char **v = realloc(p->v, cap * sizeof(*v));
		if (!v) {
			p->failed = true;
			return;
		}
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n] = strdup(path);
	p->failed |= !p->v[p->n];
	p->n += p->v[p->n] != NULL;
}

/* The name of a section; "" when it cannot be read. */
static void section_name(int fd, const Elf64_Ehdr *h, u32 name, char *out, size_t size)
{
	Elf64_Shdr str;
	ssize_t n = -1;

	if (pread(fd, &str, sizeof(str), (off_t)(h->e_shoff + h->e_shstrndx * sizeof(str))) == sizeof(str))
		n = pread(fd, out, size - 1, (off_t)(str.sh_offset + name));
	out[n > 0 ? n : 0] = '\0';
}

/* A BPF object with programs: others in a directory (types alone, other machines' objects) are passed by. */
static bool has_programs(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found = false;
	char name[8];
	Elf64_Shdr sh;
	Elf64_Ehdr h;

	if (fd < 0)
		return false;
	if (pread(fd, &h, sizeof(h), 0) == sizeof(h) && !memcmp(h.e_ident, ELFMAG, SELFMAG) && h.e_machine == EM_BPF &&
	    h.e_shentsize == sizeof(sh))
		for (u32 i = 0; i < h.e_shnum && !found; i++) {
			if (pread(fd, &sh, sizeof(sh), (off_t)(h.e_shoff + i * sizeof(sh))) != sizeof(sh) ||
			    sh.sh_type != SHT_PROGBITS || !(sh.sh_flags & SHF_EXECINSTR) || !sh.sh_size)
				continue;
			section_name(fd, &h, sh.sh_name, name, sizeof(name));
			found = strcmp(name, ".text") != 0;
		}
	close(fd);
	return found;
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)where;
	if (kind == FTW_F && has_programs(path))
		paths_add(walking, path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A directory stands for the BPF objects in it, in order of their names. Exit code. */
static int paths_of(struct paths *p, const char *arg)
{
	size_t before = p->n;
	struct stat st;

	if (stat(arg, &st) || !S_ISDIR(st.st_mode)) {
		paths_add(p, arg);
		return 0;
	}
	walking = p;
	if (nftw(arg, visit, 32, FTW_PHYS))
		return cli_error(EX_BAD_INPUT, "%s: %s", arg, strerror(errno));
	if (p->n == before)
		return cli_error(EX_BAD_INPUT, "%s: no BPF objects in this directory", arg);
	qsort(p->v + before, p->n - before, sizeof(*p->v), by_name);
	return 0;
}

/* ---- showing verdicts ---- */
struct tally {
	const struct check_opts *o;
	u32 accepted, rejected, differ, cached;
	bool headed;
	json_t *rows;
	int worst;
};

static const char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s ? s : "";
}

static unsigned long long number_of(const json_t *j, const char *name)
{
	return (unsigned long long)json_integer_value(json_object_get(j, name));
}

static bool is_rejected(const json_t *verdict)
{
	return !strcmp(text_of(verdict, "verdict"), "rejected");
}

static void print_row(const char *prog, const char *where, const json_t *v)
{
	bool rejected = is_rejected(v);
	const char *p = text_of(v, "_report");

	printf("%s%-30s %-7s %-9s %7llu %9llu %7llu %6llu %9llu\n", text_of(v, "_log"), prog, where,
	       rejected ? "REJECTED" : "accepted", number_of(v, "insns"), number_of(v, "walked"), number_of(v, "states"),
	       number_of(v, "stack"), number_of(v, "time_us"));
	if (!rejected)
		return;
	if (!*p) {
		printf("    %s\n", text_of(v, "reason"));
		if (*text_of(v, "source"))
			printf("    in: %s\n", text_of(v, "source"));
	}
	while (*p) {
		size_t n = strcspn(p, "\n");
		printf("    %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/* What is for people is no part of the document. */
static void drop_private(json_t *verdict)
{
	json_object_del(verdict, "_report");
	json_object_del(verdict, "_log");
}

static void show_program(struct tally *t, json_t *row)
{
	static const char *const name[] = { "skep", "kernel" };
	const json_t *first = json_object_get(row, "skep") ? json_object_get(row, "skep") : json_object_get(row, "kernel");
	const char *diff = text_of(row, "different");

	for (u32 on = ON_SKEP; on <= ON_KERNEL; on++) {
		json_t *v = json_object_get(row, name[on]);
		if (v && !t->o->common.json)
			print_row(text_of(row, "program"), name[on], v);
		drop_private(v);
	}
	if (*diff && !t->o->common.json)
		printf("    DIFFERENT: %s\n", diff);
	t->differ += *diff != 0;
	t->rejected += is_rejected(first);
	t->accepted += !is_rejected(first);
	if (t->rows)
		json_array_append(t->rows, row);
}

static void show_object(void *cookie, json_t *judged)
{
	const json_t *programs = json_object_get(judged, "programs");
	struct tally *t = cookie;
	json_t *row;
	size_t i;
	int code = (int)number_of(judged, "code");

	if (code > t->worst)
		t->worst = code;
	if (programs && !t->o->common.json) {
		if (!t->headed)
			printf("%-30s %-7s %-9s %7s %9s %7s %6s %9s\n", "program", "on", "verdict", "insns", "walked", "states",
			       "stack", "time us");
		t->headed = true;
		printf("%s\n", text_of(judged, "object"));
		for (const char *p = text_of(judged, "_notes"); *p; p += strcspn(p, "\n") + 1)
			printf("    note: %.*s\n", (int)strcspn(p, "\n"), p);
	}
	json_array_foreach(programs, i, row)
		show_program(t, row);
	t->cached += json_is_true(json_object_get(judged, "_cached"));
	json_decref(judged);
}

/* ---- SARIF 2.1.0: one result a refused program, for editors and code hosts ---- */
static json_t *sarif_result(json_t *row, json_t *verdict)
{
	json_t *report = json_object_get(verdict, "report"), *at = json_object_get(report, "at");
	const char *file = json_string_value(json_object_get(at, "file"));
	const char *id = json_string_value(json_object_get(report, "id")),
		   *fix = json_string_value(json_object_get(report, "fix"));
	const char *reason = json_string_value(json_object_get(verdict, "reason"));
	json_int_t line = json_integer_value(json_object_get(at, "line")),
		   col = json_integer_value(json_object_get(at, "column"));
	json_t *r = json_pack("{s:s+, s:s, s:{s:s++++}}", "ruleId", "REJ_", id && *id ? id : "LOAD", "level", "error",
			      "message", "text", json_string_value(json_object_get(row, "program")), ": ",
			      reason ? reason : "refused", fix && *fix ? ". " : "", fix ? fix : "");

	if (file && *file)
		json_object_set_new(r, "locations",
				    json_pack("[{s:{s:{s:s}, s:{s:I, s:I}}}]", "physicalLocation", "artifactLocation", "uri",
					      file, "region", "startLine", line ? line : 1, "startColumn", col ? col : 1));
	return r;
}

static int print_sarif(const json_t *rows)
{
	json_t *results = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *v = json_object_get(row, json_object_get(row, "skep") ? "skep" : "kernel");
		if (!strcmp(json_string_value(json_object_get(v, "verdict")), "rejected"))
			json_array_append_new(results, sarif_result(row, v));
	}
	return cli_json(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s}}, s:o}]}", "$schema",
				  "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver",
				  "name", "skep", "version", skep_version(), "results", results));
}

/* ---- the verb ---- */
static int finish(struct tally *t)
{
	const struct check_opts *o = t->o;
	int code = 0;

	if (o->sarif)
		code = print_sarif(t->rows);
	else if (o->common.json)
		code = cli_json(json_pack("{s:s, s:O, s:i, s:i, s:i}", "schema", "skep.check/1", "programs", t->rows, "accepted",
					  t->accepted, "rejected", t->rejected, "different", t->differ));
	else if (t->accepted + t->rejected > 1)
		printf("%u accepted, %u rejected%s%s\n", t->accepted, t->rejected,
		       t->differ ? ", and skep and the kernel differ" : "", t->cached ? " (some known from before)" : "");
	json_decref(t->rows);
	return t->worst ? t->worst : t->rejected || t->differ ? EX_NEGATIVE : code;
}

static int check_all(const struct check_opts *o, char **paths, size_t n)
{
	struct tally t = { .o = o, .rows = o->common.json ? json_array() : NULL };
	int code;

	if (o->on != ON_SKEP && !kernel_allowed())
		return cli_error(EX_NOT_HERE, "the running kernel refuses bpf(2) to this user: --on %s needs CAP_BPF",
				 o->on == ON_KERNEL ? "kernel" : "both");
	code = check_jobs(paths, n, o, show_object, &t);
	if (code > t.worst)
		t.worst = code;
	return finish(&t);
}

static int look_closely(const struct check_opts *o, const char *path)
{
	struct load_opts lo = { .btf_file = o->btf, .caps = o->caps, .type = o->type };
	int code = load_setup(&lo);

	if (code)
		return code;
	return o->step ? check_step(path, o) : check_html(path, o);
}

static int check_run(void *opts, int argc, char **argv)
{
	struct check_opts *o = opts;
	struct paths p = { 0 };
	int code = 0;

	if (argc < 1)
		return cli_error(EX_USAGE_, "which object? (skep check OBJ...)");
	o->common.json |= o->sarif; /* nothing but the document on stdout */
	for (int i = 0; i < argc && !code; i++)
		code = paths_of(&p, argv[i]);
	if (!code && p.failed)
		code = cli_error(EX_INTERNAL, "out of memory");
	if (!code && (o->step || o->html) && p.n != 1)
		code = cli_error(EX_USAGE_, "%s looks at one object at a time", o->step ? "--step" : "--html");
	if (!code)
		code = o->step || o->html ? look_closely(o, p.v[0]) : check_all(o, p.v, p.n);
	for (size_t i = 0; i < p.n; i++)
		free(p.v[i]);
	free(p.v);
	return code;
}

static const struct cli_opt check_options[] = {
	{ 'p', "prog", OPT_TEXT, "PROG", "only this program (name or section)", offsetof(struct check_opts, prog) },
	{ 0, "on", OPT_CHOICE, "skep|kernel|both", "who judges (default skep)", offsetof(struct check_opts, on) },
	{ 0, "caps", OPT_TEXT, "LIST", "as a loader with these: bpf,perfmon,net_admin,sys_admin, all (default), none", offsetof(struct check_opts, caps) },
	{ 0, "type", OPT_TEXT, "TYPE[:ATTACH]", "programs whose section says no type are of this one", offsetof(struct check_opts, type) },
	{ 0, "sarif", OPT_FLAG, NULL, "print SARIF 2.1, for editors and code hosts", offsetof(struct check_opts, sarif) },
	{ 0, "html", OPT_TEXT, "FILE", "write a page: source, instructions, states, all paths", offsetof(struct check_opts, html) },
	{ 0, "step", OPT_FLAG, NULL, "walk along with the verifier, with breakpoints", offsetof(struct check_opts, step) },
	{ 0, "jobs", OPT_COUNT, "N", "objects judged at a time (default: one a core)", offsetof(struct check_opts, jobs) },
	{ 0, "no-cache", OPT_FLAG, NULL, "judge again what is known from before", offsetof(struct check_opts, no_cache) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types for CO-RE (default: the running kernel's; \"skep\": skep's own)", offsetof(struct check_opts, btf) },
};

const struct cli_cmd cmd_check = {
	.name = "check",
	.args = "OBJ|DIR...",
	.summary = "verify programs: verdict, cost, and why not",
	.doc = "One row a program: its verdict, instructions, instructions walked by the verifier, states kept, stack bytes, time. A\n"
	       "rejected one is followed by a report: the source line, what is known there, where the value came from, the path\n"
	       "taken and what to change. -v prints the whole log instead. A directory stands for all BPF objects in it; objects\n"
	       "are judged on all cores. skep's verdicts are kept in $XDG_CACHE_HOME/skep (~/.cache/skep) by the contents of\n"
	       "object, kernel types and skep itself, so unchanged objects cost nothing; that directory may be removed at any time.\n"
	       "\n"
	       "--html FILE writes one self-contained page with every path the verifier walked, the failing one marked. --step stops\n"
	       "before each instruction the verifier walks; \"help\" there lists its commands.",
	.opts = check_options,
	.nopts = ARRAY_SIZE(check_options),
	.size = sizeof(struct check_opts),
	.run = check_run,
	.examples = (const struct cli_example[]){
		{ "check prog.bpf.o", "does it load, at what cost; if not, why, and what to do" },
		{ "check prog.bpf.o --on both", "what the running kernel says, beside it" },
		{ "check build/ --sarif >check.sarif", "all objects below a directory, for code hosts" },
		{ "check prog.bpf.o --html page.html", "every path that was walked, to look at" },
		{ NULL, NULL } },
};
