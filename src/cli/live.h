/* SPDX-License-Identifier: BSD-2-Clause */
/* skep run -c and -P: attach every program of an object by its section, and print what they send. */
#ifndef SKEP_CLI_LIVE_H
#define SKEP_CLI_LIVE_H

#include "cli/cli.h"

struct live_run {
	const char *object, *btf, *prog; /* prog: this one alone; NULL: all */
	const char *cmd;
	pid_t pid;
	u64 seconds, hz;
	bool json, verbose, all_calls;
};
int live_run(const struct live_run *o);

#endif
