/* SPDX-License-Identifier: BSD-2-Clause */
/* skep status: programs, maps and links of a box. */
#include <unistd.h>

#include "cli/box_view.h"

static int status_run(void *opts, int argc, char **argv)
{
	const struct cli_common *o = opts;
	json_t *state;
	int fd, code;

	if (argc > 1)
		return cli_error(EX_USAGE_, "one box at a time");
	code = view_connect(argc ? argv[0] : NULL, &fd);
	if (code)
		return code;
	state = view_state(fd);
	close(fd);
	if (!state)
		return EX_NEGATIVE;
	if (o->json)
		return cli_json(state);
	view_print(state, NULL, 0);
	json_decref(state);
	return 0;
}

const struct cli_cmd cmd_status = {
	.name = "status",
	.args = "[BOX]",
	.summary = "show the programs, maps and links of a box",
	.doc = "Without a name: the box this command runs in, or the only one there is. Runs and times are counted while skep top or a\n"
	       "client has statistics enabled.",
	.size = sizeof(struct cli_common),
	.run = status_run,
};
