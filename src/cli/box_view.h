/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs that look at boxes share. */
#ifndef SKEP_CLI_BOX_VIEW_H
#define SKEP_CLI_BOX_VIEW_H

#include "cli/cli.h"

/* The box that is meant: `name`, or the one this process is in, or the only one. Connected: 0, or exit code after a message. */
int view_connect(const char *name, int *ret_fd);
/* Its state. NULL after a message. */
json_t *view_state(int fd);
/* Tables of programs, maps and links. `before` (may be NULL): the state a moment ago, for rates over `ns`. */
void view_print(const json_t *state, const json_t *before, u64 ns);
/* Names of all boxes of this user; those that answer. */
json_t *view_boxes(void);

#endif
