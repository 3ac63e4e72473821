/* SPDX-License-Identifier: BSD-2-Clause */
/* skep exec: run a command with skep in the place of the kernel's BPF. */
#include <stdlib.h>

#include "box/box.h"
#include "cli/cli.h"

struct exec_opts {
	struct cli_common common;
	const char *box, *btf, *caps, *log, *audit, *audit_key, *unpriv, *trust, *trace;
	bool unprivileged, keep, stats, accel, enforce, all_calls;
	u32 engine;
};

/* What a box is like is said by who makes it: an option about that, as it was given, or NULL. */
static const char *makers_option(const struct exec_opts *o)
{
	return o->btf ? "--btf" : o->caps ? "--caps" : o->unprivileged ? "--unprivileged" : o->unpriv ? "--unpriv-disabled" :
	       o->log ? "--log" : o->audit ? "--audit" : o->stats ? "--stats" : o->enforce ? "--enforce" : o->engine ? "--engine" :
	       o->trust ? "--trust" : o->all_calls ? "--all-syscalls" : NULL;
}

static int exec_run(void *opts, int argc, char **argv)
{
	const struct exec_opts *o = opts;
	struct box_opts b = { .name = o->box,
			      .btf_file = o->btf,
			      .caps = SKEP_CAP_ALL,
			      .unprivileged = o->unprivileged,
			      .unpriv_disabled = 2,
			      .log_file = o->log,
			      .audit_file = o->audit,
			      .audit_key_file = o->audit_key,
			      .keep = o->keep,
			      .stats = o->stats,
			      .engine = o->engine,
			      .accelerate = o->accel,
			      .enforce = o->enforce,
			      .trace = o->trace,
			      .all_calls = o->all_calls,
			      .maker = makers_option(o) };
	static char *shell[2];

	if (o->audit_key && !o->audit)
		return cli_error(EXIT_BOX_ERROR, "--audit-key goes with --audit");
	if (o->unprivileged)
		b.caps = 0;
	if (o->caps && !cli_caps(o->caps, &b.caps))
		return cli_error(EXIT_BOX_ERROR, "--caps takes a list of bpf, perfmon, net_admin, sys_admin, or all, or none");
	if (o->unpriv) {
		if (strlen(o->unpriv) != 1 || *o->unpriv < '0' || *o->unpriv > '2')
			return cli_error(EXIT_BOX_ERROR, "--unpriv-disabled takes 0, 1 or 2");
		b.unpriv_disabled = (u32)(*o->unpriv - '0');
	}
	if (o->trust && cli_trust(o->trust, EXIT_BOX_ERROR))
		return EXIT_BOX_ERROR;
	shell[0] = getenv("SHELL") ? getenv("SHELL") : (char *)(uintptr_t)"/bin/sh";
	argv[argc] = NULL; /* options were moved out of its way */
	b.argv = argc ? argv : shell;
	return box_run(&b);
}

static const struct cli_opt exec_options[] = {
	{ 'b', "box", OPT_TEXT, "NAME", "join the box NAME, or make it", offsetof(struct exec_opts, box) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types (default: the running kernel's)", offsetof(struct exec_opts, btf) },
	{ 0, "caps", OPT_TEXT, "LIST", "what clients may do: bpf,perfmon,net_admin,sys_admin, all (default), none",
	  offsetof(struct exec_opts, caps) },
	{ 'u', "unprivileged", OPT_FLAG, NULL, "clients are ordinary users without capabilities", offsetof(struct exec_opts, unprivileged) },
	{ 0, "unpriv-disabled", OPT_TEXT, "0|1|2", "sysctl kernel.unprivileged_bpf_disabled (default 2)", offsetof(struct exec_opts, unpriv) },
	{ 'k', "keep", OPT_FLAG, NULL, "the box stays when its last client is gone", offsetof(struct exec_opts, keep) },
	{ 'l', "log", OPT_TEXT, "FILE", "a JSON line for each command, with its result and the reason (-: stderr)", offsetof(struct exec_opts, log) },
	{ 0, "audit", OPT_TEXT, "FILE", "the same as a chain of hashes, checked by skep audit", offsetof(struct exec_opts, audit) },
	{ 0, "audit-key", OPT_TEXT, "FILE", "a secret for these hashes (16 to 4096 bytes): the chain cannot be made anew without it",
	  offsetof(struct exec_opts, audit_key) },
	{ 's', "stats", OPT_FLAG, NULL, "say at the end what was done", offsetof(struct exec_opts, stats) },
	{ 'e', "enforce", OPT_FLAG, NULL, "stop every call that programs may decide about (cgroup, LSM); nothing gets around them",
	  offsetof(struct exec_opts, enforce) },
	{ 'a', "accelerate", OPT_FLAG, NULL, "preload libskep-accel.so: map operations without system calls, file calls without a stop",
	  offsetof(struct exec_opts, accel) },
	{ 'T', "trace", OPT_TEXT, "PID,...", "events of these processes, which run outside, are seen in the box too",
	  offsetof(struct exec_opts, trace) },
	{ 0, "all-syscalls", OPT_FLAG, NULL, "system calls of code that no file has (JITs') are seen too, for 30 ns more each call",
	  offsetof(struct exec_opts, all_calls) },
	{ 0, "engine", OPT_CHOICE, "auto|jit|interp", "how programs run", offsetof(struct exec_opts, engine) },
	{ 0, "trust", OPT_TEXT, "FILE", "the certificate that signed programs and bpf_lookup_system_key() are checked with",
	  offsetof(struct exec_opts, trust) },
};

const struct cli_cmd cmd_exec = {
	.name = "exec",
	.args = "[--] [CMD [ARGS...]]",
	.summary = "run a command (default: a shell) with skep in the place of the kernel's BPF",
	.doc = "The command and all it starts share one subsystem of skep, a box; the kernel sees nothing of it. No privileges are\n"
	       "needed, and inside the box the command has those of root as far as BPF is concerned. Options for skep stand before CMD.\n"
	       "A box ends with its last client; one that is kept, by skep attach --stop or when the process that skep ps shows is told to (kill PID).\n"
	       "A process given by --trace, of the same user, runs on as it is: its functions, system calls, samples and children can be\n"
	       "attached to from the box as those of clients, until the box ends. Its own BPF stays the kernel's.",
	.opts = exec_options,
	.nopts = ARRAY_SIZE(exec_options),
	.size = sizeof(struct exec_opts),
	.run = exec_run,
	.tail = true,
	.exits = cli_box_exits,
	.error = EXIT_BOX_ERROR,
	.examples =
		(const struct cli_example[]){
			{ "exec -- bpftool prog load prog.bpf.o /sys/fs/bpf/p", "an unmodified tool" },
			{ "exec --log - -- ./loader", "every command with its result and reason" },
			{ "exec --trace 1234 -- bpftrace -e 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }'",
			  "a process that runs already" },
			{ "exec -b lab --keep -- sh", "a box that stays; enter it again with skep exec -b lab" },
			{ NULL, NULL } },
};
