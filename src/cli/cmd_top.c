/* SPDX-License-Identifier: BSD-2-Clause */
/* skep top: the same as status, again and again, with rates. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/control.h"
#include "cli/box_view.h"

struct top_opts {
	struct cli_common common;
	u64 rounds, delay;
};

static int top_run(void *opts, int argc, char **argv)
{
	const struct top_opts *o = opts;
	json_t *before = NULL, *now;
	u64 then = 0;
	int fd, code;

	if (argc > 1)
		return cli_error(EX_USAGE_, "one box at a time");
	code = view_connect(argc ? argv[0] : NULL, &fd);
	if (code)
		return code;
	control_send(fd, VISIT_COUNT);
	for (u64 i = 0; !o->rounds || i < o->rounds; i++) {
		if (i)
			sleep((unsigned)(o->delay ? o->delay : 1));
		now = view_state(fd);
		if (!now) {
			code = i ? 0 : EX_NEGATIVE;
			break;
		}
		if (isatty(1))
			printf("\033[H\033[2J");
		view_print(now, before, before ? clock_ns(CLOCK_MONOTONIC) - then : 0);
		then = clock_ns(CLOCK_MONOTONIC);
		fflush(stdout);
		json_decref(before);
		before = now;
	}
	json_decref(before);
	close(fd);
	return code;
}

static const struct cli_opt top_options[] = {
	{ 'n', "rounds", OPT_COUNT, "N", "end after N tables", offsetof(struct top_opts, rounds) },
	{ 'd', "delay", OPT_COUNT, "SECONDS", "between tables (default 1)", offsetof(struct top_opts, delay) },
};

const struct cli_cmd cmd_top = {
	.name = "top", .args = "[BOX]", .summary = "watch the programs of a box run",
	.doc = "A table a second with runs per second and share of a CPU; Ctrl-C ends it. Run statistics are kept meanwhile.",
	.opts = top_options, .nopts = ARRAY_SIZE(top_options), .size = sizeof(struct top_opts), .run = top_run,
};
