/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talking to a box: from inside by a bpf(2) command that no kernel knows, from outside by its socket.
 *
 * One request, one answer (a packet of JSON text, or several, then the end).
 */
#ifndef SKEP_BOX_CONTROL_H
#define SKEP_BOX_CONTROL_H

#include <stdio.h>
#include <sys/types.h>

#include "base/str.h"
#include "base/types.h"

/* bpf(BOX_HELLO, &hello, sizeof(hello)): 0 in a box. */
#define BOX_HELLO 0x736b6570u /* "skep" */
struct box_hello {
	u32 magic, version;
	char name[64];
};
/* bpf(BOX_FIT, fd): 1 when the map may be used through its shared memory, 0 when only by bpf(2). */
#define BOX_FIT 0x736b6571u
/* Is this process in a box? */
bool box_inside(struct box_hello *ret);

/*
 * What a visitor wants, any number of times on one connection. STATUS: the answer's length as u64, then the text in packets. JOIN: the
 * packet carries the descriptor of a filter's notifications; the answer is an s32, 0 or -errno. COUNT: run statistics are kept as
 * long as the connection. STOP: the box ends. TRACE: a process number follows, whose events are to be the box's; the answer is an s32,
 * 0 or -errno, and why not.
 */
enum { VISIT_STATUS, VISIT_JOIN, VISIT_COUNT, VISIT_STOP, VISIT_TRACE };
/* a request is a u32 of these */

/* Where boxes are. */
void control_base(char *out, size_t size);
bool control_may_be_name(const char *name);
/* The socket of a box: descriptor or -errno. */
int control_connect(const char *name);
/* Its state as JSON text, malloc'ed, over a connection: 0 or -errno. */
int control_status(int fd, char **ret);
/* Have its filter served there: 0 or -errno. */
int control_join(int fd, int listener);
/* Have it trace a process: 0 or -errno and why. */
int control_trace(int fd, pid_t pid, struct str *why);
int control_send(int fd, u32 what);
bool control_enforces(const char *name); /* was it made by `skep exec --enforce`? */
/* A word, and a descriptor unless it is negative. 0, -EPIPE; what came, -ECHILD: nothing. */
int control_send_fd(int to, int word, int fd);
int control_receive_fd(int from, int *ret_fd);

#endif
