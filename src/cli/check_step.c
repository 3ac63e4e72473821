/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep check --step: walk along with the verifier. It stops before an instruction is walked, at breakpoints, and at the refusal.
 *
 * Invariant: commands come from stdin, one a line, so that a script can drive it; an empty line repeats the last one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/check.h"

#define MAX_BREAKS 64
#define LOG_SIZE (16u << 20)

enum mode { STOP_NEXT, STOP_BREAK, STOP_PATH, STOP_NEVER };

struct brk { u32 insn, line; }; /* an instruction, or (line != 0) a source line */

struct stepper {
	char name[128];          /* of the program */
	enum mode mode;
	struct brk brk[MAX_BREAKS];
	u32 nbreaks, shown_line, max_depth; /* max_depth: "next" does not stop in calls */
	u64 steps, paths;
	u32 *path;               /* instructions of the current path */
	u32 len, cap;
	struct { u32 insn, len; } *pending;
	u32 npending, pending_cap;
	char last[128];
	bool tty;
};

static const char *const help =
	"  s [N]           walk N instructions (1)\n"
	"  n               the same, but not into calls\n"
	"  c               go on to the next breakpoint, or the end\n"
	"  u               go on until another path is taken up\n"
	"  b INSN | :LINE  break before an instruction, or at a source line\n"
	"  d               delete all breakpoints\n"
	"  r               what is known here: registers and stack of every frame\n"
	"  l               instructions around this one\n"
	"  p               the path: its branches so far\n"
	"  q               stop looking; the verdict follows\n";

static void show_line(struct stepper *t, const struct skep_walk *w)
{
	struct skep_line l;

	if (skep_walk_line(w, w->insn, &l) || l.line == t->shown_line)
		return;
	t->shown_line = l.line;
	printf("; %s @ %s:%u\n", l.text + strspn(l.text, " \t"), strrchr(l.file, '/') ? strrchr(l.file, '/') + 1 : l.file,
	       l.line);
}

static void show_insn(const struct skep_walk *w, u32 insn, const char *mark)
{
	const char *text = skep_walk_insn(w, insn);

	if (*text)
		printf("%s%4u: %s\n", mark, insn, text);
}

static void show_around(const struct skep_walk *w)
{
	u32 from = w->insn > 6 ? w->insn - 6 : 0;

	for (u32 i = from; i < w->insns && i < w->insn + 8; i++)
		show_insn(w, i, i == w->insn ? "=> " : "   ");
}

static void show_state(const struct skep_walk *w)
{
	printf("%s", skep_walk_state(w));
}

static void show_path(const struct stepper *t, const struct skep_walk *w)
{
	for (u32 i = 0; i + 1 < t->len; i++) {
		u32 to = skep_walk_target(w, t->path[i]);
		struct skep_line l = { .text = "" };

		if (to == UINT32_MAX)
			continue;
		skep_walk_line(w, t->path[i], &l);
		printf("   %4u %s %u   %s\n", t->path[i], t->path[i + 1] == to ? "jumps to" : "goes on to", t->path[i + 1],
		       l.text + strspn(l.text, " \t"));
	}
}

static void add_break(struct stepper *t, const char *arg)
{
	bool line = *arg == ':';
	char *end;
	unsigned long n = strtoul(arg + line, &end, 10);

	if (end == arg + line || *end || t->nbreaks == MAX_BREAKS) {
		printf("a breakpoint is an instruction (b 12) or a source line (b :34), at most %d of them\n", MAX_BREAKS);
		return;
	}
	t->brk[t->nbreaks++] = line ? (struct brk){ UINT32_MAX, (u32)n } : (struct brk){ (u32)n, 0 };
}

static bool at_break(const struct stepper *t, const struct skep_walk *w)
{
	struct skep_line l = { .line = 0 };

	if (t->nbreaks)
		skep_walk_line(w, w->insn, &l);
	for (u32 i = 0; i < t->nbreaks; i++)
		if (t->brk[i].insn == w->insn || (t->brk[i].line && t->brk[i].line == l.line))
			return true;
	return false;
}

/* One command. False: go on walking. */
static bool command(struct stepper *t, const struct skep_walk *w, char *line)
{
	char *arg = line + 1 + strspn(line + 1, " \t");

	arg[strcspn(arg, " \t\n")] = '\0';
	switch (*line) {
	case 's':
		t->steps = *arg ? strtoull(arg, NULL, 10) : 1;
		t->mode = STOP_NEXT;
		t->max_depth = UINT32_MAX;
		return false;
	case 'n':
		t->steps = 1;
		t->mode = STOP_NEXT;
		t->max_depth = w->frame;
		return false;
	case 'c': t->mode = STOP_BREAK; return false;
	case 'u': t->mode = STOP_PATH; return false;
	case 'q': t->mode = STOP_NEVER; return false;
	case 'b': add_break(t, arg); return true;
	case 'd': t->nbreaks = 0; return true;
	case 'r': show_state(w); return true;
	case 'l': show_around(w); return true;
	case 'p': show_path(t, w); return true;
	default: printf("%s", help); return true;
	}
}

static void talk(struct stepper *t, const struct skep_walk *w)
{
	char line[128];

	for (;;) {
		if (t->tty)
			printf("(skep) ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			t->mode = STOP_NEVER;
			return;
		}
		if (*line == '\n' && *t->last)
			snprintf(line, sizeof(line), "%s", t->last);
		else
			snprintf(t->last, sizeof(t->last), "%s", line);
		if (!command(t, w, line))
			return;
	}
}

static bool grow(void *vec, u32 n, u32 *cap, size_t elem)
{
	void **v = vec, *p;

	if (n < *cap)
		return true;
	p = realloc(*v, (*cap ? *cap * 2 : 256) * elem);
	if (!p)
		return false;
	*v = p;
	*cap = *cap ? *cap * 2 : 256;
	return true;
}

static void on_step(struct stepper *t, const struct skep_walk *w)
{
	bool stop;

	if (grow(&t->path, t->len, &t->cap, sizeof(*t->path)))
		t->path[t->len++] = w->insn;
	stop = at_break(t, w) && t->mode != STOP_NEVER;
	if (t->mode == STOP_NEXT && w->frame <= t->max_depth && (!t->steps || --t->steps == 0))
		stop = true;
	if (!stop)
		return;
	show_line(t, w);
	show_insn(w, w->insn, "=> ");
	talk(t, w);
}

static void on_popped(struct stepper *t, const struct skep_walk *w)
{
	while (t->npending) {
		t->npending--;
		if (t->pending[t->npending].insn == w->insn) {
			t->len = t->pending[t->npending].len;
			break;
		}
	}
	t->paths++;
	if (t->mode == STOP_NEVER || t->mode == STOP_BREAK)
		return;
	t->shown_line = 0;
	printf("-- the path has ended; another begins at %u, from the jump at %u%s\n", w->insn, w->to,
	       w->speculative ? " (speculative)" : "");
	if (t->mode == STOP_PATH) {
		t->mode = STOP_NEXT;
		t->steps = 1;
		t->max_depth = UINT32_MAX;
	}
}

static void on_event(void *cookie, const struct skep_walk *w)
{
	struct stepper *t = cookie;

	if (strncmp(w->name, t->name, SKEP_NAME_LEN - 1) != 0)
		return; /* libbpf asks what bpf(2) can do */
	switch (w->kind) {
	case SKEP_WALK_BEGIN:
		t->len = t->npending = 0;
		if (w->insn && t->mode != STOP_NEVER)
			printf("-- the global function at %u is walked by itself\n", w->insn);
		return;
	case SKEP_WALK_STEP: on_step(t, w); return;
	case SKEP_WALK_BRANCH:
		if (grow(&t->pending, t->npending, &t->pending_cap, sizeof(*t->pending))) {
			t->pending[t->npending].insn = w->to;
			t->pending[t->npending++].len = t->len;
		}
		return;
	case SKEP_WALK_PRUNED:
		if (t->mode != STOP_NEVER && t->mode != STOP_BREAK)
			printf("-- %u: what is known here was walked before\n", w->insn);
		return;
	case SKEP_WALK_POPPED: on_popped(t, w); return;
	case SKEP_WALK_REJECTED:
		t->mode = STOP_NEVER;
		return;
	}
}

int check_step(const char *path, const struct check_opts *o)
{
	struct stepper t = { .mode = STOP_NEXT, .steps = 1, .max_depth = UINT32_MAX, .tty = isatty(0) && isatty(1) };
	struct bpf_object *obj;
	struct bpf_program *p;
	int code = 0, err;
	char *log;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return code;
	p = load_pick(obj, o->prog);
	snprintf(t.name, sizeof(t.name), "%s", p ? bpf_program__name(p) : "");
	load_close(obj);
	log = p ? malloc(LOG_SIZE) : NULL;
	if (!log)
		return p ? cli_error(EX_INTERNAL, "out of memory") : EX_USAGE_;
	skep_watch(load_skep(), on_event, &t);
	err = check_load(path, o, t.name, 4, log, LOG_SIZE, NULL);
	skep_watch(load_skep(), NULL, NULL);
	if (err && *skep_report(0))
		printf("%s", skep_report(0));
	else if (err)
		printf("REJECTED: %s\n", skep_reason());
	else
		printf("accepted: %llu paths; %s", (unsigned long long)t.paths + 1,
		       strstr(log, "processed ") ? strstr(log, "processed ") : "\n");
	free(t.path);
	free(t.pending);
	free(log);
	return err ? EX_NEGATIVE : 0;
}
