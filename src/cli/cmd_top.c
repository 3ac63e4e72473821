/* SPDX-License-Identifier: BSD-2-Clause */
/* skep top: the same as status, again and again, with rates. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/control.h"
#include "cli/box_view.h"

struct top_opts {
	struct cli_common common;
	u64 rounds, delay;
};

/* ---- the terminal: keys as they are pressed, and as it was when we end ---- */
static struct termios before_us;
static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static bool terminal_begin(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct termios t;

	if (!isatty(0) || !isatty(1) || tcgetattr(0, &before_us))
		return false;
	t = before_us;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return !tcsetattr(0, TCSANOW, &t);
}

/* Until the next table is due: false when that is not wanted any more. */
static bool terminal_wait(bool keys, u64 seconds)
{
	u64 end = clock_ns(CLOCK_MONOTONIC) + seconds * 1000000000u, now;
	struct pollfd p = { .fd = 0, .events = POLLIN };
	char key;

	if (!keys) {
		sleep((unsigned)seconds);
		return true;
	}
	while (!ended && (now = clock_ns(CLOCK_MONOTONIC)) < end)
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) > 0 && (read(0, &key, 1) != 1 || key == 'q' || key == 4))
			return false;
	return !ended;
}

static int top_run(void *opts, int argc, char **argv)
{
	const struct top_opts *o = opts;
	json_t *before = NULL, *now;
	bool keys;
	u64 then = 0;
	int fd, code;

	if (argc > 1)
		return cli_error(EX_USAGE_, "one box at a time");
	code = view_connect(argc ? argv[0] : NULL, &fd);
	if (code)
		return code;
	control_send(fd, VISIT_COUNT);
	keys = terminal_begin();
	for (u64 i = 0; !o->rounds || i < o->rounds; i++) {
		if (i && !terminal_wait(keys, o->delay ? o->delay : 1))
			break;
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
	if (keys)
		tcsetattr(0, TCSANOW, &before_us);
	json_decref(before);
	close(fd);
	return code;
}

static const struct cli_opt top_options[] = {
	{ 'n', "rounds", OPT_COUNT, "N", "end after N tables", offsetof(struct top_opts, rounds) },
	{ 'd', "delay", OPT_COUNT, "SECONDS", "between tables (default 1)", offsetof(struct top_opts, delay) },
};

const struct cli_cmd cmd_top = {
	.name = "top",
	.args = "[BOX]",
	.summary = "watch the programs of a box run",
	.doc = "A table a second with runs per second and share of a CPU; q or Ctrl-C ends it. Run statistics are kept meanwhile.",
	.opts = top_options,
	.nopts = ARRAY_SIZE(top_options),
	.size = sizeof(struct top_opts),
	.run = top_run,
};
