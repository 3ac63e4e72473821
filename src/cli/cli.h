/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command: one verb is one file with one struct cli_cmd; its option rows make parsing, --help and the man page.
 *
 * Results go to stdout, everything else to stderr; with -j stdout holds exactly one JSON document.
 */
#ifndef SKEP_CLI_CLI_H
#define SKEP_CLI_CLI_H

#include <bpf/libbpf.h>
#include <jansson.h>

#include "cli/capture.h"
#include "skep/skep.h"

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_COUNT, OPT_CHOICE };
struct cli_opt {
	char letter;         /* 'p', or 0 */
	const char *name;    /* "prog" */
	u8 kind;             /* enum opt_kind */
	const char *arg;     /* "PROG": name of the value; OPT_CHOICE: "skep|kernel|both" */
	const char *help;
	size_t off;          /* in the verb's option structure: bool, const char *, u64, u32 (index of the choice) */
};

struct cli_example { const char *cmd, *what; };
struct cli_exit { const char *code, *what; }; /* lists end with a NULL code */

struct cli_cmd {
	const char *name, *args, *summary, *doc; /* doc: paragraphs of the manual page */
	const struct cli_opt *opts;
	u32 nopts;
	size_t size;         /* of the option structure; starts with struct cli_common */
	int (*run)(void *opts, int argc, char **argv); /* exit code */
	const struct cli_example *examples; /* ends with a NULL cmd */
	const struct cli_exit *exits; /* NULL: cli_exits */
	int error;           /* exit code for wrong usage; 0: EX_USAGE_ */
	bool tail;           /* the first argument ends the options: the rest is another command's */
};

/* Options every verb has. */
struct cli_common { bool json, verbose, help; };
extern const struct cli_opt cli_common_opts[];
extern const u32 cli_ncommon_opts;
extern const struct cli_exit cli_exits[];     /* of most verbs */
extern const struct cli_exit cli_box_exits[]; /* of those that run a command in a box */

#define CLI_CMD(name) extern const struct cli_cmd cmd_##name;
#include "cli/verbs.def"
#undef CLI_CMD
#define CLI_CMD(name) CLI_VERB_##name,
enum {
#include "cli/verbs.def"
	CLI_NVERBS
};
#undef CLI_CMD
extern const struct cli_cmd *const cli_verbs[CLI_NVERBS]; /* in the order of `skep --help` */

const char *cli_errname(int err); /* "EINVAL"; knows Linux's own 524 too */
struct str;
struct helper_spec;
/* "bpf_NAME(kind name, ...)" */
void cli_helper_proto(struct str *s, const struct helper_spec *h);
/* Print and free the document. 0, or EX_INTERNAL when stdout is full. */
int cli_json(json_t *doc);

/* ---- loading objects: load.c, load_fit.c ---- */
enum target { ON_SKEP, ON_KERNEL, ON_BOTH };
/* bpf(2) of libbpf in this process goes there. */
void load_on(enum target t);
enum target load_target(void);
struct skep *load_skep(void);

struct load_opts {
	const char *btf_file;
	const char *type; /* of programs whose section says none; NULL: guess */
	const char *caps; /* what the loader may do; NULL: everything */
	u32 engine;
	u64 budget_ms;         /* of a run, 0: any time */
	u32 harden, spectre;   /* SKEP_HARDEN_*, SKEP_SPECTRE_* */
	bool quiet;
};
/* "bpf,perfmon": a list of capabilities, as the kernel or bpftool name them, to SKEP_CAP_*. False: it is none. */
bool cli_caps(const char *list, u32 *ret);
/* Set up skep once for the process; exit code. */
int load_setup(const struct load_opts *o);
/* Put the certificate in a file into the system's rings of trusted keys: 0, or `code` after a message. */
int cli_trust(const char *path, int code);
/* Is there a file to read? 0, or EX_BAD_INPUT after a message. */
int load_readable(const char *path);
/* Why the file is no BPF object, by its first bytes; NULL: it may be one. */
const char *load_not_object(const char *path);
/* Open an ELF object, refusing with one clear line what is no BPF object. NULL after an error; *ret_code is the exit code. */
struct bpf_object *load_open(const char *path, const char *btf_file, int *ret_code);
/* Load it all. 0 or -errno; -EAGAIN: a map cannot be made, which is left out when the object is opened and loaded once more. */
int load_object(struct bpf_object *obj);
/* Why the last load_object() failed, when it was libbpf that gave up; NULL: bpf(2) refused something. */
const char *load_reason(void);
/* Why it failed, whoever it was, in one line. */
const char *load_failure(int err);
/*
 * Open the object and load the program of this name (NULL: the only one) with all others that are accepted; those that are not are named.
 * Exit code.
 */
int load_program(const char *path, const char *btf_file, const char *name, struct bpf_object **ret_obj,
		 struct bpf_program **ret_prog);
void load_close(struct bpf_object *obj);
/* What of the object was left out, a line each; "" mostly. Valid as long as the object. */
const char *load_notes(const struct bpf_object *obj);
/* The verifier's line about an instruction of the last object that stands for what cannot be loaded: in words. False: it is another. */
bool load_explain(char *line, size_t size);
/* Is it the line about a CO-RE relocation in vain? Only libbpf knows which, and says it in a whole log. */
bool load_needs_log(const char *line);
/* May this user ask the running kernel? */
bool kernel_allowed(void);
/* Program of the object by name or section; the only one when `name` is NULL. NULL after a message. */
struct bpf_program *load_pick(struct bpf_object *obj, const char *name);
/* Last messages of libbpf, for errors. */
const char *load_messages(void);

/* What a verifier log tells. */
struct log_facts {
	u64 insns, states;
	u32 stack;
	u64 time_us;
	char line[512];     /* last line before the statistics: the rejection */
	char source[512];   /* last source line shown before it, "" without line info */
};
void log_read(const char *log, struct log_facts *f);

/* ---- values ---- */
struct btf;
json_t *value_json(const struct btf *btf, u32 type_id, const void *data, u32 size);
json_t *json_hex(const void *data, u32 size);
/* Contents of the object's maps: printed, or as JSON. Internal maps that are empty are left out. */
void maps_print(struct bpf_object *obj);
json_t *maps_json(struct bpf_object *obj);

#endif
