/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A traced process as the supervisor keeps it: where the agent is in it, what was put there, which code was rewritten.
 *
 * Everything about a process happens while it is stopped (trace_stop.h). Invariant: what this says is in the process is there;
 * a step that fails leaves the process as it was before.
 */
#ifndef SKEP_BOX_TRACE_PROC_H
#define SKEP_BOX_TRACE_PROC_H

#include "agent/agent.h"
#include "box/trace_maps.h"
#include "box/trace_stop.h"
#include "hook/source.h"
#include "patch/patch.h"

#define PROC_CLASSES 16u     /* sizes of heap pieces: 32 << class */
#define PROC_CMDS    64u
#define PROC_GATES   16384u
#define PROC_EXITS   12u     /* return instructions of a function that are rewritten; of one with more its return is trapped */

#define K(...) +1
#define KU(...) +1
enum { PROC_KFUNCS = 0
#include "spec/kfunc.def"
};
#define PROC_BODIES (UAPI_HELPERS + PROC_KFUNCS)

struct point;
struct piece { u64 at; struct piece *next; };

/* A map, or a program's image, that is in the process. */
/* `table`: of `ntable` addresses of the objects in it, for map-in-map and prog arrays. */
struct proc_map { struct map *map; u64 at, file; u64 size; u64 table; u32 ntable; };
struct proc_ready { u32 id; struct jit_portable image; };
struct proc_prog { u32 id; u64 image, entry; u32 flags; u64 at, size; bool bare, reads; };

/* Room for trampolines near some code. */
struct proc_area { u64 at, size, used; u64 free; bool pun; }; /* pun: a page for jumps that could go nowhere else */

/*
 * A list in the process: whose, and which generation. `plain`: type of its only program, if that wants nothing but its context, else 0;
 * `bare`: it calls nothing either.
 */
struct proc_list { u64 at, id; u32 gen, n, plain; bool bare; };

struct proc_site {
	u64 addr;              /* of the probed instruction */
	u64 remote;            /* struct agent_placed */
	struct proc_list enter, leave, exit;
	u64 tramp;             /* 0: none. Kept, where functions may return to it, when the code is the original again */
	struct patch_plan plan; /* plan.tramp 0: the code is the original */
	u32 kind;              /* enum agent_site_kind */
	u64 ret_at;            /* where trapped returns go */
	bool returns;          /* the trampoline can trap the return */
	bool records;          /* it remembers calls; their returns are seen at the function's return instructions */
	u64 entry;             /* of the function whose return instruction this is */
	s32 exit_at[PROC_EXITS]; /* of a function that is left by its return instructions alone: where these are from it */
	s32 nexits;            /* 0: not looked for yet, negative: it is not one */
	bool go, no_exits;     /* Go's; some return instruction cannot be rewritten */
	u32 unwinds, want_unwinds; /* enum agent_unwinds */
	u64 host;              /* address of the site whose jump covers it: its event is in that one's trampoline, as long as that is there */
	bool hosts;            /* such sites */
	u64 gate;              /* where its system call is made; 0: in the trampoline */
	u64 behind;            /* in the trampoline, behind it */
	bool want_gate;
	u64 ref_ctr;           /* address of a counter that was incremented; 0: none */
	struct maps_func func; /* around it; end 0: not known */
	const struct point *want_enter, *want_leave, *want_exit; /* while the process is brought in step */
	bool wanted, want_returns;
	bool hopeless;         /* its code cannot be rewritten */
	bool restored;         /* its code is the original again, the rest of its removal is to come */
};

/* Lists on system calls: struct agent_sys at `at`, as one array. */
struct proc_calls { u64 at; u32 n; struct proc_list list[2 + 2 * AGENT_SYSCALLS]; };

struct proc {
	struct proc *next;
	pid_t pid;
	u64 start;             /* time it started: tells a recycled number */
	u64 base, text, data, self, ctl, gates, heap, heap_end, size; /* the reservation, in this order */
	u64 image, image_end;  /* room for images */
	u64 helper[PROC_BODIES]; /* by number, behind them kernel functions by row */
	struct piece *free[PROC_CLASSES];
	struct piece *spare;   /* records of sites that are no more */
	u64 placed, ranges;    /* the last record of each list */
	bool unwinds;          /* some site unwinds, and the agent knows */
	bool net, want_net;    /* system calls of unknown code are caught */
	u32 ngates;
	struct proc_map *maps;
	u32 nmaps, mapcap;
	struct proc_prog *progs;
	u32 nprogs, progcap;
	struct proc_ready *ready; /* programs that will be put there, compiled before the process is stopped */
	u32 nready, readycap;
	struct proc_site *sites;
	u32 nsites, sitecap;
	u32 *index, nindex, indexed; /* numbers + 1 of the first `indexed` sites, hashed by address (trace_index.c) */
	u32 *order, ordered;         /* all sites by address, when ordered == nsites */
	u32 wants;                   /* sites that are to be made: room for their trampolines is had at once */
	struct proc_area *areas;
	u32 nareas, areacap;
	struct patch_text *texts; /* of modules with sites: which bytes these cover */
	u32 ntexts;
	struct proc_calls *calls; /* NULL: none */
	struct agent_cmd cmd[PROC_CMDS];
	u32 ncmds;
	u32 gen;               /* of all this: grows with each change, and is written there too */
	bool leaving;          /* nothing is attached, but some thread is in the agent; when to try again, and how long to wait then */
	u64 leave_at, leave_wait;
	bool replan;           /* what it should be is to be found again */
	bool pending;          /* could not be brought in step when that was tried */
	bool fresh;            /* stands at the end of an execve */
	bool execing;          /* about to be another program */
	u64 parked, parked_ns; /* it is to wait there until it can be stopped, since then; 0: no */
	u8 parked_old[2];
	bool suspect;          /* may be another program by now */
	bool broken;           /* holds what nobody knows any more: left alone from then on */
};

/* What all processes share: the blob, the control page. One a supervisor. */
struct blob {
	int text_fd, ctl_fd;
	struct objtab tab;     /* of what is in processes and in no client's sight */
	bool has_tab;
	struct map *printk;    /* the ring that text goes through */
	struct agent_ctl *ctl;
	const u8 *elf;
	u64 text, data;        /* sizes, whole pages */
	const struct agent_exports *exp;
	u64 vdso_clock;        /* offset in the vDSO */
};
int blob_open(struct blob *b, struct str *why);
void blob_close(struct blob *b);

/* What the process does for us from now on it finds back from should we be killed. */
void proc_guard(const struct proc *p, const struct blob *b, struct stop *s);
/* Put the agent into a stopped process: 0 or -errno. */
int proc_inject(struct proc *p, const struct blob *b, struct stop *s, struct str *why);
/*
 * An agent that a supervisor left behind when it was killed goes, and what it had rewritten is as before. 0; -EBUSY: that one lives, or a
 * thread is in the agent, or it is of another build.
 */
int proc_clean(pid_t pid, const struct blob *b, struct stop *s, struct str *why);
/* Records of what is outside of the reservation: see struct agent_placed. */
int proc_note_range(struct proc *p, const struct blob *b, struct stop *s, u64 at, u64 size); /* before it is mapped, where that is known */
void proc_unnote_range(struct proc *p, const struct blob *b, struct stop *s);
int proc_note_site(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site);
/* Take it out again, after the last site is gone. -EBUSY: a thread cannot be got out of it now. */
int proc_eject(struct proc *p, const struct blob *b, struct stop *s);
/* A forked child has all its parent has. 0, -ENOMEM. */
int proc_copy(struct proc *p, const struct proc *parent);
int proc_peek(pid_t pid, u64 from, void *to, size_t n);
/* Nothing is in the process any more. */
void proc_forget(struct proc *p);
void proc_free(struct proc *p);

/* ---- trace_index.c: the sites of a process ---- */
struct proc_site *proc_new_site(struct proc *p, u64 addr, u32 kind); /* NULL: no memory */
struct proc_site *proc_site_at(struct proc *p, u64 addr, u32 kind);  /* NULL: none */
/* Number of the first site at or behind an address in p->order, which holds p->nsites then; ~0: no memory. */
u32 proc_first_site(struct proc *p, u64 addr);
/* Sites were taken out of the list or moved in it. */
void proc_unindex(struct proc *p);

/* Heap of the process: 0 when it is full. */
u64 proc_start_time(pid_t pid); /* 0: no such process */
u64 proc_alloc(struct proc *p, u64 size);
void proc_release(struct proc *p, u64 at, u64 size);

/* Have a program compiled for it while it runs, if it is not there yet; forget what was not used. */
void proc_prepare(struct proc *p, struct prog *prog);
void proc_unprepare(struct proc *p);
/* A program there, with its maps: 0 or -errno. */
int proc_prog(struct proc *p, const struct blob *b, struct stop *s, struct prog *prog, const struct proc_prog **ret,
	      struct str *why);
int proc_add_map(struct proc *p, const struct blob *b, struct stop *s, struct map *m, u64 *ret, struct str *why);
/* What a slot of a map holds now, a map or a program, is put there too. 0, -ENOENT: nothing, -errno. */
int proc_add_obj(struct proc *p, const struct blob *b, struct stop *s, const struct proc_map *m, u32 slot, struct str *why);
/* All that maps in the process hold. 0 or what kept the first one out. */
int proc_fill(struct proc *p, const struct blob *b, struct stop *s, struct str *why);
const struct proc_map *proc_map_by_id(const struct proc *p, u32 id);
struct proc_sink { int fd; u64 size; u32 mark; s32 cpu; bool overwrite; };
int proc_add_sink(struct proc *p, const struct blob *b, struct stop *s, u32 map_id, u32 slot, const struct proc_sink *k);
/* A copy of the block of a stopped thread, up to its `env`; NULL: it has none. To be freed. */
struct agent_thread *proc_block(const struct proc *p, const struct blob *b, const struct stop *s, const struct stop_thread *th);

/* ---- trace_net.c: system calls of code that no file has ---- */
int net_gate(struct proc *p, struct stop *s, u64 *ret);
int net_open_gate(struct stop *s, u64 gate, u64 back);
/* Of a thread in a system call that was caught: where it is without us. False: elsewhere. */
bool net_stub_back(const struct proc *p, const struct blob *b, const struct stop *s, u64 ip, u64 *ret);
/* For all threads: 0, -EAGAIN: some have it not yet; -EOPNOTSUPP. Off: 0, -EBUSY. */
int net_on(struct proc *p, const struct blob *b, struct stop *s, struct str *why);
int net_off(struct proc *p, const struct blob *b, struct stop *s);

/* ---- trace_stand.c ---- */
/* Is this thread in the agent? */
bool proc_inside(const struct proc *p, const struct blob *b, const struct stop *s, u32 i);
/* Each thread has been seen outside of the agent: what a list that was replaced held is not run any more. 0, -EBUSY. */
int proc_quiet(struct proc *p, const struct blob *b, struct stop *s);
/* Let threads go on until none is in the agent, nor where it `stays` (or NULL). 0, -EBUSY, -ESRCH. */
int stand_leave(struct proc *p, const struct blob *b, struct stop *s, bool (*stays)(const struct proc *p, u64 ip));
/* Find s->frames, as long as no thread has run since. 0, -ENOMEM. */
int stand_look(const struct proc *p, const struct blob *b, struct stop *s);
/* Nobody comes back to what was put into the process: 0, -EBUSY, -ENOMEM. */
int stand_clear(const struct proc *p, const struct blob *b, struct stop *s);
/* May the code be changed with the threads where they are? 0, or -EAGAIN. Then they are moved to where it is done. */
int stand_may_change(const struct proc *p, const struct blob *b, struct stop *s, const struct patch_plan *plan);
/* Threads in calls of the net's stubs go back to their own code: when it is off. */
int stand_off_net(const struct proc *p, const struct blob *b, struct stop *s);
void stand_forward(struct stop *s, const struct patch_plan *plan);
/* The code is as it was: threads go back to it. -EAGAIN: some cannot. */
int stand_back(const struct proc *p, const struct blob *b, struct stop *s, const struct patch_plan *plan);

/* ---- trace_site.c ---- */
/* Rewrite the code at site->addr, kind and returns given: 0 or -errno. */
int site_insert(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site, struct str *why);
/* What kind of a place it is now, and whether its one program is all there is to it. */
int site_mark(struct stop *s, const struct proc_site *site);
/* USDT semaphores: the counter at `at` says that somebody listens; and no more. */
void site_count(struct stop *s, struct proc_site *site, u64 at);
void site_uncount(struct proc *p, struct stop *s, struct proc_site *site);
/* Put the code back. -EAGAIN: a thread is in the trampoline, which stays. */
int site_remove(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site);
/* The code alone, of all sites that go; and threads leave them, all at once. site_remove() does the rest. */
void sites_restore(struct proc *p, const struct blob *b, struct stop *s, bool (*goes)(const struct proc_site *site));

#endif
