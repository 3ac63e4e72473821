/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep man: the manual pages, printed from what makes the command (option rows), the verifier (tables of spec/ and isa/) and the library
 * (its header: man_api.c).
 *
 * Invariant: no page holds a fact of its own; a page that is not written here is `skep VERB --help` in mdoc(7).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/man.h"
#include "isa/isa.h"
#include "spec/spec.h"

void man_text(const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		bool sentence = *s == ' ' && s[-1] == '.' && s[1] >= 'A' && s[1] <= 'Z';

		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(sentence ? '\n' : *s);
		start = sentence || *s == '\n';
	}
}

void man_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++)
		if (*s == '"')
			fputs("\\(dq", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s == '\n' ? ' ' : *s);
	putchar('"');
}

void man_head(const char *title, const char *section, const char *name, const char *what)
{
	time_t now = getenv("SOURCE_DATE_EPOCH") ? (time_t)strtoll(getenv("SOURCE_DATE_EPOCH"), NULL, 10) : time(NULL);
	char date[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%B %d, %Y", &tm);
	printf(".Dd %s\n.Dt %s %s\n.Os skep %s\n.Sh NAME\n.Nm ", date, title, section, skep_version());
	man_quoted(name);
	printf("\n.Nd ");
	man_text(what);
	putchar('\n');
}

static void heading(const char *s)
{
	printf(".Sh %s\n", s);
}

/* An entry of a list: its head, and then its text. */
static void item(const char *left, const char *right)
{
	printf(".It Sy ");
	man_quoted(left);
	putchar('\n');
	man_text(right && *right ? right : "(no text)");
	putchar('\n');
}

static void paragraphs(const char *s)
{
	for (const char *p = s; *p;) {
		const char *gap = strstr(p, "\n\n");
		size_t n = gap ? (size_t)(gap - p) : strlen(p);
		char *one = strndup(p, n);

		if (!one)
			return;
		man_text(one);
		free(one);
		printf("%s", gap ? "\n.Pp\n" : "\n");
		p += n + (gap ? 2 : 0);
	}
}

static void options(const struct cli_opt *o, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		printf(".It ");
		if (o[i].letter)
			printf("Fl %c%s%s , ", o[i].letter, o[i].arg ? " Ar " : "", o[i].arg ? o[i].arg : "");
		printf("Fl \\-%s", o[i].name);
		if (o[i].arg) {
			printf(" Ar ");
			man_quoted(o[i].arg);
		}
		putchar('\n');
		man_text(o[i].help);
		putchar('\n');
	}
}

static void exit_status(const struct cli_exit *e)
{
	heading("EXIT STATUS");
	printf(".Bl -tag -width 4n\n");
	for (; e->code; e++)
		item(e->code, e->what);
	printf(".El\n");
}

static void verb_page(const struct cli_cmd *c)
{
	char name[64], title[64];

	snprintf(name, sizeof(name), "skep-%s", c->name);
	snprintf(title, sizeof(title), "SKEP-%s", c->name);
	for (char *p = title; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	man_head(title, "1", name, c->summary);
	heading("SYNOPSIS");
	printf(".Nm \"skep %s\"\n.Op Ar options\n", c->name);
	if (*c->args) {
		printf(".Ar ");
		man_quoted(c->args);
		putchar('\n');
	}
	heading("DESCRIPTION");
	paragraphs(c->doc ? c->doc : c->summary);
	printf(".Pp\nThe options are:\n.Bl -tag -width Ds\n");
	options(c->opts, c->nopts);
	options(cli_common_opts, cli_ncommon_opts);
	printf(".El\n");
	exit_status(c->exits ? c->exits : cli_exits);
	if (c->examples) {
		heading("EXAMPLES");
		for (u32 i = 0; c->examples[i].cmd; i++) {
			man_text(c->examples[i].what);
			printf(":\n.Dl skep ");
			man_text(c->examples[i].cmd);
			printf("\n%s", c->examples[i + 1].cmd ? ".Pp\n" : "");
		}
	}
	heading("SEE ALSO");
	printf(".Xr skep 1\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct cli_cmd *const *)a)->name, (*(const struct cli_cmd *const *)b)->name);
}

static void see_also(void)
{
	const struct cli_cmd *sorted[CLI_NVERBS];

	memcpy(sorted, cli_verbs, sizeof(sorted));
	qsort(sorted, CLI_NVERBS, sizeof(*sorted), by_name);
	for (u32 i = 0; i < CLI_NVERBS; i++)
		printf(".Xr skep-%s 1 ,\n", sorted[i]->name);
	printf(".Xr libskep 3 ,\n.Xr skep-helpers 7 ,\n.Xr skep-insns 7 ,\n.Xr skep-kfuncs 7 ,\n.Xr skep-maps 7 ,\n.Xr skep-progtypes 7 ,\n.Xr skep-rejects 7\n");
}

static void main_page(void)
{
	man_head("SKEP", "1", "skep", "Linux's eBPF in user space");
	heading("SYNOPSIS");
	printf(".Nm skep\n.Ar verb\n.Op Ar options\n.Op Ar argument ...\n");
	heading("DESCRIPTION");
	printf("Verifies, runs and inspects real BPF objects, without root and without the kernel's help.\n"
	       ".Pp\nThe verbs are:\n.Bl -tag -width progtypes\n");
	for (u32 i = 0; i < CLI_NVERBS; i++)
		item(cli_verbs[i]->name, cli_verbs[i]->summary);
	printf(".El\n");
	exit_status(cli_exits);
	heading("SEE ALSO");
	see_also();
}

/* ---- section 7: the tables ---- */

static void status(const char *doc, const char *why_not, const char *label)
{
	man_text(doc ? doc : "");
	if (why_not) {
		printf("\n.Em \"%s:\"\n", label);
		man_text(why_not);
		putchar('.');
	}
	putchar('\n');
}

static void helpers_page(void)
{
	struct str s = { 0 };

	man_head("SKEP-HELPERS", "7", "skep-helpers", "helper functions of eBPF programs");
	heading("DESCRIPTION");
	printf("What programs may call by number, as Linux defines it.\n.Bl -tag -width Ds\n");
	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);

		if (!h)
			continue;
		str_clear(&s);
		cli_helper_proto(&s, h);
		str_printf(&s, " #%u", id);
		printf(".It Sy ");
		man_quoted(str_text(&s));
		putchar('\n');
		status(h->doc, h->why_not, "Not here");
	}
	printf(".El\n");
	str_free(&s);
}

static void kfuncs_page(void)
{
	man_head("SKEP-KFUNCS", "7", "skep-kfuncs", "kernel functions that eBPF programs may call");
	heading("DESCRIPTION");
	printf("What programs may call by name and type, as Linux defines it.\n.Bl -tag -width Ds\n");
	for (u32 i = 0; i < kfunc_count; i++) {
		printf(".It Sy ");
		man_quoted(kfunc_spec[i].proto);
		putchar('\n');
		status(kfunc_spec[i].doc, kfunc_spec[i].why_not, "Not here");
	}
	printf(".El\n");
}

static void maps_page(void)
{
	man_head("SKEP-MAPS", "7", "skep-maps", "map types of eBPF");
	heading("DESCRIPTION");
	printf("The kinds of maps, as Linux defines them.\n.Bl -tag -width Ds\n");
	for (u32 id = 1; id < UAPI_MAP_TYPES; id++) {
		const struct map_spec *m = map_spec_by_id(id);

		if (m) {
			printf(".It Sy %s Pq %s\n", m->name, m->uapi);
			status(m->doc, m->why_not, "Not here");
		}
	}
	printf(".El\n");
}

static void progtypes_page(void)
{
	man_head("SKEP-PROGTYPES", "7", "skep-progtypes", "program types of eBPF");
	heading("DESCRIPTION");
	printf("The kinds of programs, as Linux defines them.\n.Bl -tag -width Ds\n");
	for (u32 id = 1; id < UAPI_PROG_TYPES; id++) {
		const struct progtype_spec *t = progtype_by_id(id);

		if (t) {
			printf(".It Sy %s Pq %s\n", t->name, t->uapi);
			status(t->doc, t->why_not, t->given ? "Runs on given contexts only" : "Not here");
		}
	}
	printf(".El\n");
}

static void insns_page(void)
{
	man_head("SKEP-INSNS", "7", "skep-insns", "instructions of eBPF");
	heading("DESCRIPTION");
	printf("Opcode, text and section of RFC 9669.\n"
	       "In the texts %%d and %%s are registers, %%i, %%x and %%l constants, %%o an offset, %%j and %%k distances,\n"
	       "%%a address spaces, %%c what is called.\n.Bl -tag -width Ds\n");
	for (u32 op = 0; op < OP_COUNT; op++) {
		const struct op_info *i = &op_info[op];
		char left[128];

		if (i->internal)
			continue;
		snprintf(left, sizeof(left), "%02x %s", i->code, i->name);
		printf(".It Sy ");
		man_quoted(left);
		putchar('\n');
		man_text(i->text);
		printf("%s(%s, ", *i->text ? "\n" : "", i->group);
		man_text(i->section);
		printf(")\n");
	}
	printf(".El\n");
}

static void rejects_page(void)
{
	man_head("SKEP-REJECTS", "7", "skep-rejects", "why programs are refused");
	heading("DESCRIPTION");
	printf("The verifier's messages, the error that comes with each, and what to do.\n.Bl -tag -width Ds\n");
	for (u32 id = REJ_NONE + 1; id < REJ_COUNT; id++) {
		const struct reject_spec *r = &reject_spec[id];

		printf(".It Sy ");
		man_quoted(r->text);
		putchar('\n');
		man_text(r->hint);
		printf("\n.Pq REJ_%s , Er %s\n", r->id, strerrorname_np(r->err));
	}
	printf(".El\n");
}

static const struct { const char *name, *file; void (*print)(void); } pages[] = {
	{ "skep", "skep.1", main_page },
	{ "libskep", "libskep.3", man_api_page },
	{ "helpers", "skep-helpers.7", helpers_page },
	{ "kfuncs", "skep-kfuncs.7", kfuncs_page },
	{ "maps", "skep-maps.7", maps_page },
	{ "insns", "skep-insns.7", insns_page },
	{ "progtypes", "skep-progtypes.7", progtypes_page },
	{ "rejects", "skep-rejects.7", rejects_page },
};

static void list_pages(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		printf("%s\n", pages[i].file);
	for (u32 i = 0; i < CLI_NVERBS; i++)
		printf("skep-%s.1\n", cli_verbs[i]->name);
}

/* A page is named as it is listed, or by its verb or table alone: there the table wins. */
static bool print_page(const char *name)
{
	char file[64];

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (!strcmp(name, pages[i].name) || !strcmp(name, pages[i].file)) {
			pages[i].print();
			return true;
		}
	for (u32 i = 0; i < CLI_NVERBS; i++) {
		snprintf(file, sizeof(file), "skep-%s.1", cli_verbs[i]->name);
		if (!strcmp(name, cli_verbs[i]->name) || !strcmp(name, file)) {
			verb_page(cli_verbs[i]);
			return true;
		}
	}
	return false;
}

static int man_run(void *opts, int argc, char **argv)
{
	(void)opts;
	if (argc > 1)
		return cli_error(EX_USAGE_, "one page at a time");
	if (!argc)
		list_pages();
	else if (!print_page(argv[0]))
		return cli_error(EX_USAGE_, "no page called \"%s\" (skep man lists them)", argv[0]);
	return 0;
}

const struct cli_cmd cmd_man = {
	.name = "man",
	.args = "[PAGE]",
	.summary = "print a manual page in mdoc; without a name list the pages",
	.doc = "The pages are made from the same tables as the command and the verifier.",
	.size = sizeof(struct cli_common),
	.run = man_run,
};
