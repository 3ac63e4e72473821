/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Perf events as objects: what perf_event_open(2) gives. Software clocks, rings that programs write to (BPF_OUTPUT), tracepoints and
 * uprobes to attach programs to.
 *
 * An event is a memfd: a control page, then the data pages of its ring, as far as the client maps them, which
 * /proc/PID/maps tells when the event is first used.
 * Invariant: a program is in the list of the event's point exactly while the event has it (and, for clocks, is enabled; for
 * others, was not disabled).
 */
#ifndef SKEP_HOOK_PERF_H
#define SKEP_HOOK_PERF_H

#include <linux/perf_event.h>

#include "hook/link.h"
#include "map/map.h"

enum perf_kind { PERF_RING, PERF_CLOCK, PERF_COUNTER, PERF_TRACEPOINT, PERF_PROBE, PERF_KPROBE };

struct perf_event {
	struct obj obj;
	struct perf_sink sink;     /* as a value of a perf_event_array */
	struct hooks *hooks;
	struct perf_event_attr attr;
	enum perf_kind kind;
	struct hook_place at;
	char *path;                /* PROBE: as the client gave it; KPROBE: the function */
	u64 ref_ctr_offset;
	struct tracepoint *tp;     /* TRACEPOINT, and PROBE by uprobe_events */
	s32 pid, cpu;
	u32 opener;                /* process that opened it: whose mapping counts */
	pthread_mutex_t lock;      /* ring and program */
	bool enabled;
	bool off;                  /* disabled by command: a tracing event's program rests, too */
	u64 enabled_ns, since_ns;  /* time enabled so far; when it was last enabled */
	struct prog *prog;         /* referenced; NULL: none */
	u32 slot, link_id;
	u64 cookie;
	u8 *page;                  /* our mapping of the ring; NULL: not yet */
	u64 data_size;
	bool paused;
	int wake_fd;               /* eventfd kicked by records; -1: nobody asked */
	u64 count;                 /* atomic: samples, or records */
	u32 unwoken;               /* records since the last kick */
};

static inline struct perf_event *perf_of(struct obj *o) { return container_of(o, struct perf_event, obj); }

struct perf_want {
	struct perf_event_attr attr; /* zero beyond what the caller gave */
	s32 pid, cpu;                /* -1: any */
	u32 opener;
	const char *path;            /* uprobes: as given; full: how this process finds it. kprobes: the function; NULL: by address */
	const char *full;
};
/* Numbers of the dynamic event sources: the host's where it has them. */
u32 perf_type_uprobe(void);
u32 perf_type_kprobe(void);

int perf_event_new(struct hooks *h, struct objtab *tab, const struct perf_want *w, struct perf_event **ret, struct str *why);
/* BPF_LINK_CREATE and PERF_EVENT_IOC_SET_BPF (l NULL): 0, -EINVAL, -EEXIST, -EACCES, -EOPNOTSUPP... */
int perf_event_set_prog(struct perf_event *e, struct prog *p, u64 cookie, struct link *l, struct str *why);
void perf_event_drop_prog(struct perf_event *e);
int perf_event_enable(struct perf_event *e, bool on, struct str *why);
int perf_event_period(struct perf_event *e, u64 value);
/* The ids of the programs at its tracepoint (PERF_EVENT_IOC_QUERY_BPF): their number. */
u32 perf_event_query(struct perf_event *e, u32 *ids, u32 room);
/* What a program is attached to, in words of BPF_TASK_FD_QUERY and bpf_link_info: enum bpf_task_fd_type; 0: none. */
u32 perf_event_what(const struct perf_event *e, const char **ret_name, u64 *ret_offset);

/* Look for the mapping of a process when none was told. */
void perf_event_find_ring(struct perf_event *e, u32 pid);
/* An eventfd that is written to when there is something to read; owned by the event. -errno. */
int perf_event_wake_fd(struct perf_event *e);
/* A record has been written by others (a traced process): kick. */
void perf_event_kick(struct perf_event *e);
/* Bytes of the ring that wait for the reader. */
u64 perf_event_pending(const struct perf_event *e);
/* Count of samples, times enabled and running. */
void perf_event_read(struct perf_event *e, u64 *value, u64 *enabled, u64 *running);

#endif
