/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracepoints by id and name: those of spec/tracepoint.def and syscall.def, and those that clients make for uprobes by writing lines
 * to uprobe_events. What tracefs shows of them is made here as text.
 *
 * Invariant: an id means one tracepoint as long as the subsystem lives.
 */
#ifndef SKEP_HOOK_TRACEPOINT_H
#define SKEP_HOOK_TRACEPOINT_H

#include "hook/source.h"

struct tracepoint {
	u32 id;
	const char *group, *name;
	struct hook_place at;
	u32 record_size;        /* bytes that programs may read */
	const char *path;       /* uprobe_events: the probed file, as it was given; else NULL */
	u64 ref_ctr_offset;
	u32 users;              /* perf events that are open on it */
};

const struct tracepoint *tracepoint_by_id(struct hooks *h, u32 id);
const struct tracepoint *tracepoint_by_name(struct hooks *h, const char *group, const char *name);
/* All of them: i from 0 until NULL. Valid until uprobe_events changes. */
const struct tracepoint *tracepoint_at(struct hooks *h, u32 i);
/* Contents of events/GROUP/NAME/format. */
void tracepoint_format(struct hooks *h, const struct tracepoint *tp, struct str *out);
/* The system call's number by its tracepoints' name ("openat", "newstat"): -1 when there is none. */
int tracepoint_syscall(const char *name);
const char *tracepoint_syscall_name(u32 nr); /* NULL: none */
/* Why nothing is attached to one that skep does not have. */
void tracepoint_refuse(const char *name, struct str *why);

/*
 * Lines as clients write them to tracefs' uprobe_events ("p:GROUP/NAME PATH:0xOFFSET(0xREFCTR)", "r:...", "-:GROUP/NAME"). `root`: where the
 * client's files are ("/proc/PID/root", "" for this process's). 0, -EINVAL, -ENOENT, -EEXIST, -EBUSY.
 */
int uprobe_events_write(struct hooks *h, const char *text, size_t n, bool truncate, const char *root);
void uprobe_events_text(struct hooks *h, struct str *out);
void tracepoints_free(struct hooks *h);

#endif
