/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the supervisor share with each other and with nobody else. */
#ifndef SKEP_BOX_PRIV_H
#define SKEP_BOX_PRIV_H

#include <sched.h>
#include <stdio.h>

#include "box/box.h"
#include "box/control.h"

/* ---- filter.c ---- */
/* Put this process (and all it will start) under the filter: descriptor of its notifications, or -errno. */
int filter_install(bool virtual_root, bool enforce);
bool filter_killable(void); /* do only fatal signals end a call that was taken off? */
/* Which of the kernel's conveniences are there, for `skep status`: flags of FILTER_*. */
enum { FILTER_WAIT_KILLABLE = 1, FILTER_SYNC_WAKE = 2 };
u32 filter_tune(int listener); /* what could be set on a listener */


/* ---- trap.c: where an outer filter swallows bpf(2) ---- */
int trap_install(void);          /* this process's swallowed calls are trapped from now on: 0 or -errno */
int trap_start(pid_t first);     /* have the traps of a process and all it starts turned into notifications: 0 or -errno */

/* ---- serve.c ---- */
struct listener {
	struct listener *next;
	struct box *box;
	int fd;
	u32 idle, threads;         /* atomic: blocked in RECV; alive, and the main loop as one */
	u32 want;                  /* atomic: how many are to be idle; see note_begun() */
	u32 cpus;                  /* threads that can run at once */
	cpu_set_t where;           /* and where */
	u32 run, begun;            /* atomic: calls served since the last slow one; all that were begun */
	bool hung_up;              /* nobody is under the filter any more; atomic */
	bool unwatched;            /* atomic: parked threads sleep until the next call; see park() */
	u32 parked, wakes;         /* threads that wait until one is wanted; how many were called. Under lock */
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct box_source hup;     /* the last task under the filter is gone */
};
/* Serve a filter's notifications from now on. `fd` is taken over. 0 or -errno. */
int serve_start(struct box *b, int fd);
bool serve_deserted(struct box *b); /* nobody is under any filter of the box any more */
/* This thread may take long: see that another one listens. */
void serve_slow(struct listener *l);

/* ---- client.c ---- */
void clients_forget_all(struct box *b);
void clients_signal(struct box *b, int sig);
/* It is about to be another program: its memory will be another. */
void client_exec(struct client *c);

/* ---- paths.c ---- */
int paths_init(struct box *b);
void paths_tell(struct box *b);    /* who decides about files or what is mounted has changed */
s64 paths_page(struct notif *n);   /* a client asks for the page of ours.h */

/* ---- super.c ---- */
void box_may_end(struct box *b); /* if nobody is left */
void box_stop(struct box *b);    /* it ends, and its clients before it. On the main thread */

/* ---- identity.c ---- */
void identity_init(struct client *c);
void identity_fill(struct notif *n); /* who.uid, who.pid, who.caps */
u64 identity_caps(pid_t tid, u64 effective); /* of a thread's capabilities those it has here, not in a user namespace of its own */
void identity_forget(struct notif *n, bool exec); /* it may become somebody else */

/* ---- loop.c ---- */
int loop_init(struct box *b);
void loop_run(struct box *b); /* until loop_stop() */
void loop_stop(struct box *b);

/* ---- control.c: who looks into the box from outside ---- */
int control_dir(struct box *b);  /* b->name and b->dir */
int control_open(struct box *b); /* the socket visitors come to */
void control_close(struct box *b);
s64 control_hello(struct notif *n); /* a client asks whether it is in a box */
s64 control_fit(struct notif *n);   /* and whether it may use a map itself */
void control_print_stats(struct box *b, FILE *f);
void control_visit(struct box *b, struct box_source *s, u32 events); /* somebody came */

void json_text(struct str *s, const char *key, const char *text); /* "key":"text" */

/* ---- log.c: --log and --audit ---- */
int log_open(struct box *b); /* fails with the reason in b->wrong */
void log_close(struct box *b);
void log_unprobed(struct box *b, const char *reason); /* programs see nothing of some process */
void log_command(struct notif *n, u32 cmd, int result, u64 began);
void log_call(struct notif *n, const char *name, int result, u64 began); /* another call that skep answers */
/* What came of an attempt to attach: of one that cannot be is told when the command fails (super.c). n->reason: why. */
void note_attach(struct notif *n, int result);

/* ---- events.c ---- */
int events_init(struct box *b);
#define EVENTS_TICK_MS 2
bool events_awake(const struct box *b); /* events_tick() wants to be called every EVENTS_TICK_MS */
void events_tick(struct box *b);
bool events_any(const struct box *b); /* has a client ever got a ring? */
void events_seen(struct box *b, u64 dev, u64 ino); /* it got this object */
bool events_is_ring(const struct obj *o);
int events_wake_fd(struct obj *o);
u64 events_pending(struct obj *o, u64 *ret_reader); /* bytes that wait, and where the reader is */

/* ---- contents_tracefs.c ---- */
void printk_init(struct box *b);

/* ---- files.c ---- */
int files_init(struct box *b);

#endif
