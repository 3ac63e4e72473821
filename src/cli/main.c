/* SPDX-License-Identifier: BSD-2-Clause */
/* skep(1): find the verb, parse its options by its table, run it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

const struct cli_cmd *const cli_verbs[CLI_NVERBS] = {
#define CLI_CMD(name) &cmd_##name,
#include "cli/verbs.def"
#undef CLI_CMD
};

const struct cli_opt cli_common_opts[] = {
	{ 'j', "json", OPT_FLAG, NULL, "print one JSON document", offsetof(struct cli_common, json) },
	{ 'v', "verbose", OPT_FLAG, NULL, "say more: the verifier's log, every packet", offsetof(struct cli_common, verbose) },
	{ 'h', "help", OPT_FLAG, NULL, "print this help", offsetof(struct cli_common, help) },
};
const u32 cli_ncommon_opts = ARRAY_SIZE(cli_common_opts);

const struct cli_exit cli_exits[] = {
	{ "0", "success or accepted" }, { "1", "refused or different" }, { "2", "usage" },
	{ "3", "not possible here" },	{ "4", "bad input" },		 { "5", "internal error" },
	{ NULL, NULL },
};
const struct cli_exit cli_box_exits[] = {
	{ "125", "skep itself failed" }, { "126", "the command cannot be run" }, { "127", "there is no such command" },
	{ "any other", "the command's" }, { NULL, NULL },
};

static const char *verb_name = "skep";

int cli_error(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", verb_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

const char *cli_errname(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : err == ENOTSUPP ? "ENOTSUPP" : "an unknown error";
}

int cli_json(json_t *doc)
{
	int bad = json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	bad |= putchar('\n') == EOF;
	bad |= fflush(stdout);
	json_decref(doc);
	return bad ? cli_error(EX_INTERNAL, "cannot write the result: %s", strerror(errno)) : 0;
}

static void help_opts(const struct cli_opt *o, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o[i].letter ? "-" : " ", o[i].letter ? o[i].letter : ' ',
			 o[i].letter ? ", " : "  ", o[i].name, o[i].arg ? " " : "", o[i].arg ? o[i].arg : "");
		printf("  %-34s %s\n", left, o[i].help);
	}
}

static void help_examples(const struct cli_example *e)
{
	size_t width = 0;

	for (u32 i = 0; e[i].cmd; i++)
		width = MAX(width, strlen(e[i].cmd));
	printf("\nexamples:\n");
	for (u32 i = 0; e[i].cmd; i++)
		printf("  skep %-*s  %s\n", (int)width, e[i].cmd, e[i].what);
}

static void cli_help(const struct cli_cmd *c)
{
	const struct cli_exit *e = c->exits ? c->exits : cli_exits;

	printf("usage: skep %s [options]%s%s\n%s\n\noptions:\n", c->name, *c->args ? " " : "", c->args, c->summary);
	help_opts(c->opts, c->nopts);
	help_opts(cli_common_opts, cli_ncommon_opts);
	if (c->doc)
		printf("\n%s\n", c->doc);
	if (c->examples)
		help_examples(c->examples);
	printf("\nexit status:");
	for (u32 i = 0; e[i].code; i++)
		printf("%s %s %s", i ? "," : "", e[i].code, e[i].what);
	putchar('\n');
}

static void usage(FILE *f)
{
	fprintf(f, "usage: skep VERB [options] ARGS        (skep VERB --help says more)\n\n"
		   "Linux's eBPF in user space: verify, run and inspect real BPF objects, without root.\n\n");
	for (u32 i = 0; i < CLI_NVERBS; i++)
		fprintf(f, "  %-11s %s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
	fprintf(f, "  %-11s %s\n", "version", "print the version");
}

static const struct cli_opt *find_opt(const struct cli_opt *o, u32 n, const char *arg, size_t len)
{
	for (u32 i = 0; i < n; i++)
		if (len == 1 ? o[i].letter == *arg : strlen(o[i].name) == len && !strncmp(o[i].name, arg, len))
			return &o[i];
	return NULL;
}

/* "1000", "10k", "2M": a count. */
static bool parse_count(const char *s, u64 *ret)
{
	char *end;
	u64 v;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (end == s || *s == '-' || errno)
		return false;
	if (*end == 'k' && !end[1])
		v *= 1000;
	else if (*end == 'M' && !end[1])
		v *= 1000000;
	else if (*end)
		return false;
	*ret = v;
	return true;
}

static int set_choice(const struct cli_opt *o, void *opts, const char *value)
{
	const char *p = o->arg;

	for (u32 i = 0; *p; i++) {
		size_t n = strcspn(p, "|");
		if (n == strlen(value) && !strncmp(p, value, n)) {
			memcpy((char *)opts + o->off, &i, sizeof(i));
			return 0;
		}
		p += n + (p[n] == '|');
	}
	return cli_error(EX_USAGE_, "--%s takes %s, not \"%s\"", o->name, o->arg, value);
}

static int set_opt(const struct cli_opt *o, void *opts, const char *value)
{
	char *at = (char *)opts + o->off;
	bool yes = true;
	u64 n;

	switch ((enum opt_kind)o->kind) {
	case OPT_FLAG:
		memcpy(at, &yes, sizeof(yes));
		return 0;
	case OPT_TEXT:
		memcpy(at, &value, sizeof(value));
		return 0;
	case OPT_COUNT:
		if (!parse_count(value, &n))
			return cli_error(EX_USAGE_, "--%s takes a number, not \"%s\"", o->name, value);
		memcpy(at, &n, sizeof(n));
		return 0;
	case OPT_CHOICE:
		return set_choice(o, opts, value);
	}
	return EX_INTERNAL;
}

/* Options may stand anywhere; "--" ends them. The rest is moved to the front of argv. */
static int parse(const struct cli_cmd *c, void *opts, int argc, char **argv, int *ret_rest)
{
	int rest = 0;
	bool only_args = false;

	for (int i = 0; i < argc; i++) {
		char *a = argv[i];
		const struct cli_opt *o;
		const char *value = NULL;
		size_t len;
		int err;

		only_args |= c->tail && (a[0] != '-' || !a[1]);
		if (only_args || a[0] != '-' || !a[1]) {
			argv[rest++] = a;
			continue;
		}
		if (!strcmp(a, "--")) {
			only_args = true;
			continue;
		}
		a += a[1] == '-' ? 2 : 1;
		len = strcspn(a, "=");
		if (argv[i][1] != '-' && len > 1 && a[len] != '=') { /* -p5 */
			value = a + 1;
			len = 1;
		} else if (a[len] == '=') {
			value = a + len + 1;
		}
		o = find_opt(c->opts, c->nopts, a, len);
		if (!o)
			o = find_opt(cli_common_opts, ARRAY_SIZE(cli_common_opts), a, len);
		if (!o)
			return cli_error(EX_USAGE_, "no option %s (see skep %s --help)", argv[i], c->name);
		if (o->kind != OPT_FLAG && !value && ++i >= argc)
			return cli_error(EX_USAGE_, "--%s needs a value (%s)", o->name, o->arg);
		if (o->kind != OPT_FLAG && !value)
			value = argv[i];
		if (o->kind == OPT_FLAG && value)
			return cli_error(EX_USAGE_, "--%s takes no value", o->name);
		err = set_opt(o, opts, value);
		if (err)
			return err;
	}
	*ret_rest = rest;
	return 0;
}

static int run_verb(const struct cli_cmd *c, int argc, char **argv)
{
	struct cli_common *opts = calloc(1, c->size);
	static char full[32];
	int code, rest = 0;

	if (!opts)
		return cli_error(EX_INTERNAL, "out of memory");
	snprintf(full, sizeof(full), "skep %s", c->name);
	verb_name = full;
	code = parse(c, opts, argc, argv, &rest);
	if (code && c->error)
		code = c->error;
	if (!code && opts->help)
		cli_help(c);
	else if (!code)
		code = c->run(opts, rest, argv);
	free(opts);
	skep_free(load_skep());
	if (fflush(stdout) && !code)
		code = cli_error(EX_INTERNAL, "cannot write the result: %s", strerror(errno));
	return code;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EX_USAGE_;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EX_OK_;
	}
	if (!strcmp(argv[1], "version") || !strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("skep %s\n", skep_version());
		return EX_OK_;
	}
	for (u32 i = 0; i < CLI_NVERBS; i++)
		if (!strcmp(argv[1], cli_verbs[i]->name))
			return run_verb(cli_verbs[i], argc - 2, argv + 2);
	return cli_error(EX_USAGE_, "no verb \"%s\" (skep --help lists them)", argv[1]);
}
