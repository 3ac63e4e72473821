/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep completion: a script that completes verbs, options and their choices in bash, made from the option rows.
 *
 * Invariant: the script holds no list of its own; what takes a value that is no choice is completed as a file.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void words(const struct cli_opt *o, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (o[i].letter)
			printf(" -%c", o[i].letter);
		printf(" --%s", o[i].name);
	}
}

/* "-p|--prog": as a pattern of case. */
static void pattern(const struct cli_cmd *c, const struct cli_opt *o)
{
	printf("\t%s:--%s", c->name, o->name);
	if (o->letter)
		printf("|%s:-%c", c->name, o->letter);
	putchar(')');
}

/* What the word after an option is: one of its choices, or a file. */
static void values(const struct cli_cmd *c)
{
	for (u32 i = 0; i < c->nopts; i++) {
		const struct cli_opt *o = &c->opts[i];

		if (o->kind == OPT_FLAG)
			continue;
		pattern(c, o);
		if (o->kind != OPT_CHOICE) {
			printf(" return ;;\n");
			continue;
		}
		printf(" list=\"");
		for (const char *p = o->arg; *p; p++)
			putchar(*p == '|' ? ' ' : *p);
		printf("\" ;;\n");
	}
}

static void bash(void)
{
	printf("# skep(1) in bash; made by: skep completion\n"
	       "_skep()\n{\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} list= i\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tlist=\"");
	for (u32 i = 0; i < CLI_NVERBS; i++)
		printf("%s ", cli_verbs[i]->name);
	printf("--help --version\"\n"
	       "\t\tCOMPREPLY=($(compgen -W \"$list\" -- \"$word\"))\n\t\treturn\n\tfi\n"
	       "\t# behind -- stands another command\n"
	       "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	       "\t\tif [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
	       "\t\t\tdeclare -F _command_offset >/dev/null && _command_offset $((i + 1))\n\t\t\treturn\n\t\tfi\n\tdone\n"
	       "\tcase $verb:$last in\n");
	for (u32 i = 0; i < CLI_NVERBS; i++)
		values(cli_verbs[i]);
	printf("\tesac\n"
	       "\t[ -n \"$list\" ] || case $verb:$word in\n");
	for (u32 i = 0; i < CLI_NVERBS; i++) {
		printf("\t%s:-*) list=\"", cli_verbs[i]->name);
		words(cli_common_opts, cli_ncommon_opts);
		words(cli_verbs[i]->opts, cli_verbs[i]->nopts);
		printf("\" ;;\n");
	}
	printf("\tesac\n"
	       "\t[ -z \"$list\" ] || COMPREPLY=($(compgen -W \"$list\" -- \"$word\"))\n"
	       "}\n"
	       "complete -o default -F _skep skep\n");
}

static int completion_run(void *opts, int argc, char **argv)
{
	(void)opts;
	if (argc > 1 || (argc && strcmp(argv[0], "bash")))
		return cli_error(EX_USAGE_, "only bash is known: skep completion bash");
	bash();
	return 0;
}

const struct cli_cmd cmd_completion = {
	.name = "completion",
	.args = "[bash]",
	.summary = "print a script that completes skep's words in bash",
	.doc = "make install puts it where bash-completion(7) finds it; else: source <(skep completion).",
	.size = sizeof(struct cli_common),
	.run = completion_run,
};
