/* SPDX-License-Identifier: BSD-2-Clause */
/* skep prof: where a command or a process spends its time, as folded stacks, pprof, or a flame graph. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "box/prof.h"
#include "cli/cli.h"
#include "cli/profile.h"
#include "cli/spawn.h"
#include "cli/symbols.h"

struct prof_opts {
	struct cli_common common;
	const char *cmd, *pid, *out;
	u64 hz, seconds;
	u32 format;
	bool by_pid;
};
enum { AUTO, FOLDED, PPROF, SVG, HTML, TABLE };

static volatile sig_atomic_t interrupted;
static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void seen(void *ctx, u32 pid)
{
	symbols_process(ctx, pid);
}

static void mapped(void *ctx, u32 pid, u64 from, u64 size, u64 off, const char *path)
{
	symbols_mapped(ctx, pid, from, size, off, path);
}

static void forked(void *ctx, u32 pid, u32 parent)
{
	symbols_forked(ctx, pid, parent);
}

/* ---- stacks to names ---- */
static int by_stack(const void *a, const void *b)
{
	return strcmp(((const struct folded *)a)->stack, ((const struct folded *)b)->stack);
}

static char *fold(const struct prof_stack *s, struct symbols *sy, bool by_pid)
{
	struct str out = { 0 };
	char room[64];

	str_puts(&out, s->comm);
	if (by_pid)
		str_printf(&out, "-%u", s->pid);
	for (u32 i = s->n; i-- > 0;) {
		/* a return address is behind its call, which may be the last of its function */
		const char *name = symbols_name(sy, s->pid, s->ip[i] - (i != 0), room, sizeof(room));
		str_puts(&out, ";");
		for (const char *p = name; *p; p++)
			str_putn(&out, *p == ';' ? ":" : p, 1);
	}
	return out.s;
}

/* Rows of equal names become one. */
static int collect(const struct prof_stack *s, struct symbols *sy, bool by_pid, struct profile *p)
{
	u32 n = 0, k = 0;

	for (const struct prof_stack *x = s; x; x = x->next)
		n++;
	p->row = calloc(n + 1, sizeof(*p->row));
	if (!p->row)
		return -ENOMEM;
	for (; s; s = s->next) {
		char *stack = fold(s, sy, by_pid);
		if (stack)
			p->row[p->n++] = (struct folded){ stack, s->count };
	}
	qsort(p->row, p->n, sizeof(*p->row), by_stack);
	for (u32 i = 0; i < p->n; i++)
		if (k && !strcmp(p->row[k - 1].stack, p->row[i].stack)) {
			p->row[k - 1].count += p->row[i].count;
			free(p->row[i].stack);
		} else {
			p->row[k++] = p->row[i];
		}
	p->n = k;
	return 0;
}

/* ---- output ---- */
static u32 format_of(const struct prof_opts *o)
{
	static const struct { const char *end; u32 format; } by_name[] = {
		{ ".folded", FOLDED }, { ".txt", FOLDED }, { ".pb", PPROF }, { ".pprof", PPROF }, { ".svg", SVG }, { ".html", HTML },
	};

	if (o->format != AUTO)
		return o->format;
	for (size_t i = 0; o->out && i < ARRAY_SIZE(by_name); i++) {
		size_t n = strlen(o->out), m = strlen(by_name[i].end);
		if (n > m && !strcmp(o->out + n - m, by_name[i].end))
			return by_name[i].format;
	}
	return o->out ? FOLDED : TABLE;
}

static int write_out(const struct prof_opts *o, const struct profile *p)
{
	static int (*const writer[])(const struct profile *, FILE *) = { [FOLDED] = profile_folded,
									 [PPROF] = profile_pprof,
									 [SVG] = profile_svg,
									 [HTML] = profile_html,
									 [TABLE] = profile_table };
	FILE *f = o->out ? fopen(o->out, "we") : stdout;
	int err;

	if (!f)
		return cli_error(EX_BAD_INPUT, "%s: %s", o->out, strerror(errno));
	err = writer[format_of(o)](p, f);
	if (f != stdout ? fclose(f) : fflush(f))
		err = -1;
	if (err)
		return cli_error(EX_INTERNAL, "%s: %s", o->out ? o->out : "standard output", strerror(errno));
	if (o->out || o->common.verbose)
		fprintf(stderr, "skep: %s%s%s\n", p->title, o->out ? ": " : "", o->out ? o->out : "");
	return 0;
}

static int prof_json(const struct profile *p)
{
	json_t *rows = json_array();

	for (u32 i = 0; i < p->n; i++)
		json_array_append_new(rows,
				      json_pack("{s:s, s:I}", "stack", p->row[i].stack, "count", (json_int_t)p->row[i].count));
	return cli_json(json_pack("{s:s, s:I, s:I, s:I, s:o}", "schema", "skep.prof/1", "samples", (json_int_t)p->samples,
				  "lost", (json_int_t)p->lost, "hz", (json_int_t)p->hz, "stacks", rows));
}

/* ---- the verb ---- */
static void sample(struct prof *p, struct symbols *sy, const struct prof_opts *o, struct spawn *child, pid_t pid)
{
	const struct prof_events ev = { .ctx = sy, .seen = seen, .mapped = mapped, .forked = forked };
	u64 end = o->seconds ? clock_ns(CLOCK_MONOTONIC) + o->seconds * 1000000000u : U64_MAX;

	while (!interrupted && clock_ns(CLOCK_MONOTONIC) < end) {
		prof_poll(p, 100, &ev);
		if (child ? spawn_ended(child) : (kill(pid, 0) && errno == ESRCH))
			break;
	}
	prof_poll(p, 0, &ev);
}

static int finish(const struct prof_opts *o, struct prof *p, struct symbols *sy, u64 hz, u64 started)
{
	struct profile out = { .hz = hz, .wall_ns = clock_ns(CLOCK_MONOTONIC) - started };
	const struct prof_stack *s = prof_stacks(p, &out.samples, &out.lost);
	int code = collect(s, sy, o->by_pid, &out) ? cli_error(EX_INTERNAL, "out of memory") : 0;

	snprintf(out.title, sizeof(out.title), "%s: %llu samples at %llu Hz in %.1f s%s", o->cmd ? o->cmd : o->pid,
		 (unsigned long long)out.samples, (unsigned long long)hz, (double)out.wall_ns / 1e9,
		 out.lost ? ", some lost" : "");
	if (!code)
		code = o->common.json ? prof_json(&out) : write_out(o, &out);
	for (u32 i = 0; i < out.n; i++)
		free(out.row[i].stack);
	free(out.row);
	return code;
}

static int prof_verb(void *opts, int argc, char **argv)
{
	const struct prof_opts *o = opts;
	u64 hz = o->hz ? o->hz : 99, started = clock_ns(CLOCK_MONOTONIC);
	struct spawn child = { 0 };
	struct symbols *sy;
	const char *why = "";
	struct prof *p;
	pid_t pid;
	int code = 0;

	(void)argv;
	if (argc || !o->cmd == !o->pid)
		return cli_error(EX_USAGE_, "what? (skep prof -c 'CMD ARGS' or skep prof -P PID)");
	if (hz > 10000)
		return cli_error(EX_USAGE_, "--hz is at most 10000");
	pid = o->pid ? (pid_t)atoi(o->pid) : 0;
	if (o->cmd && spawn_stopped(&child, o->cmd))
		return cli_error(EX_BAD_INPUT, "%s: %s", o->cmd, strerror(errno));
	sy = symbols_new();
	if (prof_new(pid ? pid : child.pid, (u32)hz, &p, &why)) {
		spawn_kill(&child);
		symbols_free(sy);
		return cli_error(EX_NOT_HERE, "cannot sample: %s", why);
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (o->cmd)
		spawn_go(&child);
	sample(p, sy, o, o->cmd ? &child : NULL, pid);
	code = finish(o, p, sy, hz, started);
	spawn_kill(&child);
	prof_free(p);
	symbols_free(sy);
	return code;
}

static const struct cli_opt prof_options[] = {
	{ 'c', "command", OPT_TEXT, "CMD", "run this command (by the shell) and profile it and its children", offsetof(struct prof_opts, cmd) },
	{ 'P', "pid", OPT_TEXT, "PID", "profile this process until it ends or Ctrl-C", offsetof(struct prof_opts, pid) },
	{ 'o', "output", OPT_TEXT, "FILE", "write there: .folded, .pb (pprof), .svg or .html says the format", offsetof(struct prof_opts, out) },
	{ 'f', "format", OPT_CHOICE, "auto|folded|pprof|svg|html|table", "the format (default: by the file's name; a table without file)",
	  offsetof(struct prof_opts, format) },
	{ 0, "hz", OPT_COUNT, "N", "samples a second of CPU time (default 99)", offsetof(struct prof_opts, hz) },
	{ 0, "seconds", OPT_COUNT, "N", "stop after so long", offsetof(struct prof_opts, seconds) },
	{ 0, "by-pid", OPT_FLAG, NULL, "keep processes of one name apart", offsetof(struct prof_opts, by_pid) },
};

const struct cli_cmd cmd_prof = {
	.name = "prof",
	.args = "",
	.summary = "sample user stacks of a command or process: folded, pprof, flame graph",
	.doc = "Samples a command with all its children, or a running process, by the CPU time they take, with user stacks by frame pointer.\n"
	       "Needs no privileges for one's own processes (kernel.perf_event_paranoid at most 2). Names come from symbol tables and from\n"
	       "/tmp/perf-PID.map, which node, Java and Python write when asked.",
	.opts = prof_options,
	.nopts = ARRAY_SIZE(prof_options),
	.size = sizeof(struct prof_opts),
	.run = prof_verb,
	.examples =
		(const struct cli_example[]){ { "prof -c 'make -j2' -o make.html", "a flame graph one can search and zoom" },
					      { "prof -P 1234 --seconds 10", "the functions that take most time" },
					      { "prof -P 1234 --seconds 10 -o p.pb && pprof -top p.pb", "for pprof" },
					      { NULL, NULL } },
};
