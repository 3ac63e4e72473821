/* SPDX-License-Identifier: BSD-2-Clause */
/* A command that waits before its first instruction until what observes it is ready. */
#ifndef SKEP_CLI_SPAWN_H
#define SKEP_CLI_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct spawn { pid_t pid; int go; bool ended; int status; };

/* `cmd` will run, by the shell if it is more than words; it waits for spawn_go(). 0, or -1 and errno. */
int spawn_stopped(struct spawn *s, const char *cmd);
void spawn_go(struct spawn *s);
/* Has it ended (s->status)? Does not wait. */
bool spawn_ended(struct spawn *s);
/* End it if it runs, and wait. Fine for one that never was. */
void spawn_kill(struct spawn *s);

#endif
