/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libskep(3), from the public header as it is: its comments are the text, its declarations the synopsis.
 *
 * Invariant: the header keeps to a form that is read here: comments begin at the left margin and stand above what they are about, a
 * declaration of a function begins with SKEP_API, and a section with a comment of dashes.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/man.h"
#include "skep/skep.h"

__asm__(".pushsection .rodata\n.globl api_header\n.hidden api_header\napi_header:\n.incbin \"include/skep/skep.h\"\n.byte 0\n.popsection");
extern const char api_header[];

/* What stands between two comments at the left margin, or empty lines. */
struct group {
	struct str comment;  /* its text, in one line a paragraph */
	struct str types;    /* declarations of types and constants, as they are */
	struct str functions; /* one a line */
};

static const char *line_end(const char *p)
{
	return p + strcspn(p, "\n");
}

static bool starts(const char *p, const char *with)
{
	return !strncmp(p, with, strlen(with));
}

/* The comment that begins at p: its words to `out`. Behind it. */
static const char *take_comment(const char *p, struct str *out)
{
	const char *end = strstr(p, "*/");
	bool space = false;

	for (p += 2; p < end; p++) {
		if (*p == '\n') { /* " * " of the next line */
			while (p + 1 < end && (isspace((unsigned char)p[1]) || p[1] == '*'))
				p++;
			space = true;
		} else if (isspace((unsigned char)*p)) {
			space = true;
		} else {
			str_puts(out, space && out->len ? " " : "");
			str_putc(out, *p);
			space = false;
		}
	}
	return end + 2;
}

/* A function's declaration, over as many lines as it takes, in one. Behind it. */
static const char *take_function(const char *p, struct group *g)
{
	const char *end = strchr(p, ';');
	bool space = false;

	for (p += strlen("SKEP_API "); p < end; p++) {
		bool blank = isspace((unsigned char)*p);

		if (!blank) {
			str_puts(&g->functions, space ? " " : "");
			str_putc(&g->functions, *p);
		}
		space = blank;
	}
	str_putc(&g->functions, '\n');
	return line_end(p);
}

/* "struct x;" tells the compiler of a name, and people nothing. */
static bool is_forward(const char *p)
{
	const char *end = line_end(p), *semi = memchr(p, ';', (size_t)(end - p));

	return starts(p, "struct ") && semi && !memchr(p, '{', (size_t)(end - p));
}

/* One declaration. Behind it, and its line. */
static const char *take_code(const char *p, struct group *g)
{
	const char *end;

	if (starts(p, "SKEP_API "))
		p = take_function(p, g);
	else if (!is_forward(p) && *p != '#')
		for (bool inside = true; inside; p = end + 1) { /* a definition ends with a brace at the margin, or in its line */
			end = line_end(p);
			str_putn(&g->types, p, (size_t)(end + 1 - p));
			inside = *p != '}' && !(end[-1] == ';' && !isspace((unsigned char)*p)) && end[1] &&
				 !memmem(p, (size_t)(end - p), "};", 2);
		}
	else
		p = line_end(p);
	return *p == '\n' ? p + 1 : p;
}

/* "int skep_f(int a, void (*b)(int, int))": the type, the name, and each argument. */
static void print_function(const char *f, size_t len, bool synopsis)
{
	const char *open = memchr(f, '(', len), *name = open, *end = f + len - 1, *from;
	struct str word = { 0 };
	int depth = 0;

	while (name > f && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
		name--;
	for (from = name; from > f && from[-1] == ' ';)
		from--;
	if (synopsis)
		printf(".Ft %.*s\n.Fn ", (int)(from - f), f);
	else
		printf(".It Fn ");
	printf("%.*s", (int)(open - name), name);
	for (from = open + 1, f = from; f <= end; f++) {
		depth += (*f == '(') - (*f == ')');
		if (f != end && (*f != ',' || depth))
			continue;
		str_clear(&word);
		str_putn(&word, from, (size_t)(f - from));
		putchar(' ');
		man_quoted(str_text(&word));
		from = f + 2;
	}
	putchar('\n');
	str_free(&word);
}

static void print_functions(const struct str *list, bool synopsis)
{
	for (const char *p = str_text(list); *p; p = line_end(p) + 1)
		print_function(p, (size_t)(line_end(p) - p), synopsis);
}

static void print_types(const char *p)
{
	printf(".Bd -literal\n");
	for (; *p; p++) {
		if (*p == '\\')
			fputs("\\e", stdout);
		else
			putchar(*p);
	}
	printf(".Ed\n");
}

/*
 * In the description: what it is about, and the text. Functions are items of a list, which *in_list says is open; `first`: nothing
 * stands between this and a heading.
 */
static void print_group(const struct group *g, bool first, bool *in_list)
{
	bool item = g->functions.len != 0;

	if (*in_list && !item)
		printf(".El\n");
	if (!*in_list && item)
		printf(".Bl -tag -width Ds\n");
	*in_list = item;
	if (item)
		print_functions(&g->functions, false);
	if (!item && g->comment.len && !first)
		printf(".Pp\n");
	if (g->comment.len) {
		man_text(str_text(&g->comment));
		putchar('\n');
	}
	if (g->types.len)
		print_types(str_text(&g->types));
}

static void group_free(struct group *g)
{
	str_free(&g->comment);
	str_free(&g->types);
	str_free(&g->functions);
}

/* The comments' pauses: what is said about one thing ends at an empty line or at the next comment. */
static const char *next_group(const char *p, struct group *g)
{
	*g = (struct group){ 0 };
	while (*p == '\n')
		p++;
	if (starts(p, "/*")) {
		p = take_comment(p, &g->comment);
		p += *p == '\n';
	}
	while (*p && *p != '\n' && !starts(p, "/*") && !starts(p, "#ifdef __cplusplus"))
		p = take_code(p, g);
	return p;
}

/* "---- title ----", which begins with a capital in print. */
static void print_section(const struct str *s)
{
	size_t len = s->len - strlen("----  ----");

	printf(".Ss %c%.*s\n", toupper((unsigned char)s->s[5]), (int)len - 1, s->s + 6);
}

static void each_group(const char *from, bool synopsis)
{
	bool in_list = false, first = false;
	struct group g;

	for (const char *p = from; *p && !starts(p, "#ifdef __cplusplus"); group_free(&g)) {
		p = next_group(p, &g);
		if (synopsis) {
			print_functions(&g.functions, true);
			continue;
		}
		if (starts(str_text(&g.comment), "---- ")) {
			printf("%s", in_list ? ".El\n" : "");
			in_list = false;
			first = true;
			print_section(&g.comment);
			str_clear(&g.comment);
		}
		if (g.comment.len || g.types.len || g.functions.len) {
			print_group(&g, first, &in_list);
			first = false;
		}
	}
	if (in_list)
		printf(".El\n");
}

void man_api_page(void)
{
	const char *head = strchr(api_header, '\n') + 1, *body = strstr(head, "#define SKEP_API");
	struct str intro = { 0 };
	const char *text;

	take_comment(head, &intro);
	text = strstr(str_text(&intro), ". ") + 2; /* behind the name of the whole */
	body = line_end(body) + 1;
	man_head("LIBSKEP", "3", "libskep", "Linux's eBPF in a process");
	printf(".Sh LIBRARY\nlibskep (pkg-config: skep; \\-lskep)\n.Sh SYNOPSIS\n.In skep/skep.h\n");
	each_group(body, true);
	printf(".Sh DESCRIPTION\n");
	man_text(text);
	putchar('\n');
	each_group(body, false);
	printf(".Sh SEE ALSO\n.Xr skep 1 ,\n.Xr bpf 2 ,\n.Xr skep-helpers 7 ,\n.Xr skep-maps 7 ,\n.Xr skep-progtypes 7\n");
	str_free(&intro);
}
