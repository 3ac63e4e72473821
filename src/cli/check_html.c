/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep check --html: everything the verifier did to the programs of an object, as one page that needs nothing else.
 *
 * Invariant: the page (check.html) is text; what was recorded is one JSON value put in place of its mark.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/check.h"

#define LOG_SIZE (64u << 10)
#define KEEP_STEPS 16000u /* of more, the first half and the last half are kept */
#define MARK "/*DATA*/null"

__asm__(".pushsection .rodata\n.globl check_page\n.hidden check_page\ncheck_page:\n.incbin \"src/cli/check.html\"\n.byte 0\n.popsection");
extern const char check_page[];

struct step { u32 insn, state, path; };
struct path { u32 start; s32 from, parent, at, first; bool spec; const char *end; };
struct pending { u32 insn; s32 path, at; };

/* One program's verification as it is watched. */
struct record {
	const char *name;
	json_t *insns, *line, *lines, *states;
	struct step *steps;
	struct path *paths;
	struct pending *pending;
	u32 nsteps, steps_cap, npaths, paths_cap, npending, pending_cap;
	u64 dropped;
	s32 failed;
	bool lost; /* out of memory: what is there is shown */
};

static bool room(struct record *r, void *vec, u32 n, u32 *cap, size_t elem)
{
	void **v = vec, *p;
	u32 more = *cap ? *cap * 2 : 256;

	if (n < *cap)
		return true;
	p = realloc(*v, more * elem);
	if (!p) {
		r->lost = true;
		return false;
	}
	*v = p;
	*cap = more;
	return true;
}

/* Index of the source line of an instruction in `lines`, appended when it is new; -1: none. */
static int line_index(struct record *r, const struct skep_walk *w, u32 insn)
{
	struct skep_line l;
	json_t *have;
	size_t i;

	if (skep_walk_line(w, insn, &l))
		return -1;
	json_array_foreach(r->lines, i, have)
		if ((u32)json_integer_value(json_array_get(have, 1)) == l.line &&
		    !strcmp(json_string_value(json_array_get(have, 0)), l.file))
			return (int)i;
	json_array_append_new(r->lines, json_pack("[s, i, s]", l.file, (int)l.line, l.text));
	return (int)json_array_size(r->lines) - 1;
}

static void record_program(struct record *r, const struct skep_walk *w)
{
	if (json_array_size(r->insns))
		return;
	for (u32 i = 0; i < w->insns; i++) {
		const char *text = skep_walk_insn(w, i);
		json_array_append_new(r->insns, *text ? json_string(text) : json_null());
		json_array_append_new(r->line, json_integer(line_index(r, w, i)));
	}
}

static void begin_path(struct record *r, u32 start, s32 from, s32 parent, s32 at, bool spec)
{
	if (room(r, &r->paths, r->npaths, &r->paths_cap, sizeof(*r->paths)))
		r->paths[r->npaths++] = (struct path){ .start = start, .from = from, .parent = parent, .at = at, .spec = spec,
						       .first = (s32)r->nsteps, .end = "ends" };
}

static void drop_middle(struct record *r)
{
	u32 from = KEEP_STEPS / 2, n = KEEP_STEPS / 4;

	memmove(r->steps + from, r->steps + from + n, (r->nsteps - from - n) * sizeof(*r->steps));
	r->nsteps -= n;
	r->dropped += n;
	for (u32 i = 0; i < r->npaths; i++) {
		struct path *p = &r->paths[i];
		p->at -= p->at >= (s32)(from + n) ? (s32)n : p->at >= (s32)from ? p->at - (s32)from + 1 : 0;
		p->first -= p->first >= (s32)(from + n) ? (s32)n : p->first >= (s32)from ? p->first - (s32)from : 0;
	}
	for (u32 i = 0; i < r->npending; i++) {
		struct pending *p = &r->pending[i];
		p->at -= p->at >= (s32)(from + n) ? (s32)n : p->at >= (s32)from ? p->at - (s32)from + 1 : 0;
	}
}

static void on_step(struct record *r, const struct skep_walk *w)
{
	if (r->nsteps == KEEP_STEPS)
		drop_middle(r);
	if (!room(r, &r->steps, r->nsteps, &r->steps_cap, sizeof(*r->steps)))
		return;
	json_array_append_new(r->states, json_string(skep_walk_state(w)));
	r->steps[r->nsteps++] = (struct step){ w->insn, (u32)json_array_size(r->states) - 1, r->npaths - 1 };
}

static void on_popped(struct record *r, const struct skep_walk *w)
{
	struct pending from = { .path = -1, .at = -1 };

	while (r->npending) {
		from = r->pending[--r->npending];
		if (from.insn == w->insn)
			break;
	}
	begin_path(r, w->insn, (s32)w->to, from.path, from.at, w->speculative);
}

static void on_event(void *cookie, const struct skep_walk *w)
{
	struct record *r = cookie;

	if (strncmp(w->name, r->name, SKEP_NAME_LEN - 1) != 0)
		return; /* libbpf asks what bpf(2) can do */
	record_program(r, w);
	switch (w->kind) {
	case SKEP_WALK_BEGIN:
		r->npending = 0;
		begin_path(r, w->insn, -1, -1, -1, false);
		return;
	case SKEP_WALK_STEP: on_step(r, w); return;
	case SKEP_WALK_BRANCH:
		if (room(r, &r->pending, r->npending, &r->pending_cap, sizeof(*r->pending)))
			r->pending[r->npending++] = (struct pending){ w->to, (s32)r->npaths - 1, (s32)r->nsteps - 1 };
		return;
	case SKEP_WALK_PRUNED:
		if (r->npaths)
			r->paths[r->npaths - 1].end = "known from before";
		return;
	case SKEP_WALK_POPPED: on_popped(r, w); return;
	case SKEP_WALK_REJECTED:
		r->failed = (s32)w->insn;
		if (r->npaths)
			r->paths[r->npaths - 1].end = "REJECTED";
		return;
	}
}

static json_t *record_json(struct record *r, const char *section, int err, const char *log)
{
	const char *stats = strstr(log, "processed ");
	json_t *steps = json_array(), *paths = json_array();

	for (u32 i = 0; i < r->nsteps; i++)
		json_array_append_new(steps, json_pack("[i, i, i]", r->steps[i].insn, r->steps[i].state, r->steps[i].path));
	for (u32 i = 0; i < r->npaths; i++) {
		const struct path *p = &r->paths[i];
		json_array_append_new(paths, json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:s}", "start", p->start, "from",
						       p->from, "parent", p->parent, "at", p->at, "first", p->first, "spec",
						       p->spec, "end", p->end));
	}
	return json_pack("{s:s, s:s, s:b, s:s, s:s%, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "name", r->name, "section",
			 section, "rejected", err != 0, "report", err ? *skep_report(0) ? skep_report(0) : skep_reason() : "",
			 "stats", stats ? stats : "", stats ? strcspn(stats, "\n") : (size_t)0, "failed", err ? r->failed : -1,
			 "dropped", (json_int_t)r->dropped, "insns", r->insns, "line", r->line, "lines", r->lines, "states",
			 r->states, "steps", steps, "paths", paths);
}

static json_t *watch_program(const char *path, const struct check_opts *o, const struct bpf_program *p)
{
	struct record r = { .name = bpf_program__name(p), .insns = json_array(), .line = json_array(), .lines = json_array(),
			    .states = json_array(), .failed = -1 };
	char *log = calloc(1, LOG_SIZE);
	json_t *j;
	int err;

	if (!log)
		return NULL;
	skep_watch(load_skep(), on_event, &r);
	err = check_load(path, o, r.name, 4, log, LOG_SIZE, NULL);
	skep_watch(load_skep(), NULL, NULL);
	j = record_json(&r, bpf_program__section_name(p), err, log);
	free(r.steps);
	free(r.paths);
	free(r.pending);
	free(log);
	return j;
}

static int write_page(const char *file, json_t *doc)
{
	/* "</script>" inside a string would end the script: slashes are escaped */
	char *text = json_dumps(doc, JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_ENSURE_ASCII);
	const char *mark = strstr(check_page, MARK);
	FILE *f = fopen(file, "we");
	bool ok = text && mark && f;

	if (!f)
		return cli_error(EX_BAD_INPUT, "%s: %s", file, strerror(errno));
	ok = ok && fwrite(check_page, (size_t)(mark - check_page), 1, f) == 1 && fputs(text, f) >= 0 &&
	     fputs(mark + strlen(MARK), f) >= 0;
	ok &= !fclose(f);
	free(text);
	return ok ? 0 : cli_error(EX_INTERNAL, "%s: cannot be written: %s", file, strerror(errno));
}

int check_html(const char *path, const struct check_opts *o)
{
	json_t *programs = json_array(), *doc, *row;
	struct bpf_program *p;
	struct bpf_object *obj;
	u32 rejected = 0, accepted;
	int code = 0;
	size_t i;

	obj = load_open(path, o->btf, &code);
	if (!obj)
		return code;
	bpf_object__for_each_program(p, obj)
		if (check_wanted(p, o))
			json_array_append_new(programs, watch_program(path, o, p));
	load_close(obj);
	if (!json_array_size(programs)) {
		json_decref(programs);
		return cli_error(EX_USAGE_, "%s: no program \"%s\"", path, o->prog ? o->prog : "");
	}
	json_array_foreach(programs, i, row)
		rejected += json_is_true(json_object_get(row, "rejected"));
	accepted = (u32)json_array_size(programs) - rejected;
	doc = json_pack("{s:s, s:s, s:o}", "object", path, "version", skep_version(), "programs", programs);
	code = write_page(o->html, doc);
	json_decref(doc);
	if (!code)
		printf("%s: %u accepted, %u rejected; see %s\n", path, accepted, rejected, o->html);
	return code ? code : rejected ? EX_NEGATIVE : 0;
}
