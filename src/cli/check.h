/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep check in parts: judging an object (check_judge.c), remembering its verdicts (check_cache.c), many objects on all cores
 * (check_jobs.c), and looking at one verification closely (check_html.c, check_step.c).
 *
 * Invariant: what is known of an object is one JSON value, wherever it was found out: in this process, in another, or in the cache.
 * {"object", "programs": [{"object", "program", "section", "skep": VERDICT, "kernel": VERDICT, "different"}]}, or {"object", "code"} when it could
 * not be judged (the message was printed). Members whose names begin with '_' are for people and are not printed as JSON.
 */
#ifndef SKEP_CLI_CHECK_H
#define SKEP_CLI_CHECK_H

#include "cli/cli.h"

struct check_opts {
	struct cli_common common;
	const char *prog, *btf, *caps, *html, *type;
	u32 on;         /* enum target */
	u64 jobs;       /* 0: one a core */
	bool sarif, step, no_cache;
};

/* Judge every program of the object (or o->prog alone). Needs load_setup(). */
json_t *check_judge(const char *path, const struct check_opts *o);
/* Is it the program asked for, by name or section? Everything is when nothing was asked for. */
bool check_wanted(const struct bpf_program *p, const struct check_opts *o);
/* Load the program alone, with the log of this level; 0 or -errno. `log` has `size` bytes. *ret_insns may be NULL. */
int check_load(const char *path, const struct check_opts *o, const char *name, u32 level, char *log, size_t size, u32 *ret_insns);

/* Verdicts of this object under these options found earlier; NULL: none. The cache is a convenience: it never fails. */
json_t *check_cache_get(const char *path, const struct check_opts *o);
void check_cache_put(const char *path, const struct check_opts *o, json_t *judged);

/* Judge them all; `done` sees each in the order given, and owns it. Exit code. */
int check_jobs(char **paths, size_t n, const struct check_opts *o, void (*done)(void *cookie, json_t *judged), void *cookie);

/* One page about the programs of the object: source, instructions, states, paths. Exit code. */
int check_html(const char *path, const struct check_opts *o);
/* Walk along with the verifier, by commands on stdin. Exit code. */
int check_step(const char *path, const struct check_opts *o);

#endif
