/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talking to a box: from inside by a bpf(2) command that no kernel knows, from outside by its socket.
 *
 * One request, one answer (a packet of JSON text, or several, then the end).
 */
#ifndef SKEP_BOX_CONTROL_H
#define SKEP_BOX_CONTROL_H

#include <stdio.h>

#include "base/types.h"

/* bpf(BOX_HELLO, &hello, sizeof(hello)): 0 in a box. */
#define BOX_HELLO 0x736b6570u /* "skep" */
struct box_hello {
	u32 magic, version;
	char name[64];
};
/* Is this process in a box? */
bool box_inside(struct box_hello *ret);

/* What a visitor wants. With VISIT_JOIN the packet carries the descriptor of a filter's notifications. */
enum { VISIT_STATUS, VISIT_JOIN, VISIT_STOP };
struct box_visit { u32 what, size; };

/* Where boxes are. */
void control_base(char *out, size_t size);
/* The socket of a box: descriptor or -errno. */
int control_connect(const char *name);
/* Its state as JSON text, malloc'ed: 0 or -errno. */
int control_status(const char *name, char **ret);

#endif
