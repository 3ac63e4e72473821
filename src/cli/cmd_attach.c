/* SPDX-License-Identifier: BSD-2-Clause */
/* skep attach: a shell, or a command, in a box that runs. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "box/box.h"
#include "box/control.h"
#include "cli/cli.h"

#define STOP_PATIENCE_MS 10000

struct attach_opts {
	struct cli_common common;
	bool stop;
};

static int attach_run(void *opts, int argc, char **argv)
{
	const struct attach_opts *o = opts;
	struct box_opts b = { .caps = SKEP_CAP_ALL, .must_exist = true };
	static char *shell[2];
	int fd;

	if (!argc)
		return cli_error(EXIT_BOX_ERROR, "which box? (skep ps lists them)");
	if (o->stop) {
		fd = control_connect(argv[0]);
		if (fd < 0 || control_send(fd, VISIT_STOP))
			return cli_error(EXIT_BOX_ERROR, "there is no box \"%s\" (skep ps lists them)", argv[0]);
		while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, STOP_PATIENCE_MS) < 0 && errno == EINTR)
			; /* it ends with the box */
		close(fd);
		return 0;
	}
	shell[0] = getenv("SHELL") ? getenv("SHELL") : (char *)(uintptr_t)"/bin/sh";
	argv[argc] = NULL;
	b.name = argv[0];
	b.argv = argc > 1 ? argv + 1 : shell;
	return box_run(&b);
}

static const struct cli_opt attach_options[] = {
	{ 0, "stop", OPT_FLAG, NULL, "end the box instead, and its clients first: SIGTERM, and after two seconds SIGKILL",
	  offsetof(struct attach_opts, stop) },
};

const struct cli_cmd cmd_attach = {
	.name = "attach", .args = "BOX [CMD [ARGS...]]", .summary = "run a command (default: a shell) in a box that runs",
	.doc = "The command sees the programs, maps and links of the box: skep attach BOX bpftool prog.",
	.opts = attach_options, .nopts = ARRAY_SIZE(attach_options), .size = sizeof(struct attach_opts), .run = attach_run,
	.tail = true, .exits = cli_box_exits, .error = EXIT_BOX_ERROR,
};
