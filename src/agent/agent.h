/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent (a blob inside a traced process) and the supervisor agree on: memory that one writes and the other reads.
 *
 * The supervisor puts everything the agent works with into the process from outside: the blob, views of maps, images, sites
 * and lists. The agent only runs: an event enters by a thunk of entry.S, which saves the registers in the thread's block,
 * changes to the block's stack and calls agent.c. Invariant: a site or list that a thread may be looking at is never changed, only
 * replaced by one store; what was replaced is reused after every thread was seen outside of the agent.
 */
#ifndef SKEP_AGENT_AGENT_H
#define SKEP_AGENT_AGENT_H

#include "agent/layout.h"
#include "helper/run_env.h"
#include "map/map.h"
#include "map/lock.h"
#include "patch/patch.h"
#include "vm/abi.h"

/* The machine's registers as programs see them: struct pt_regs of x86-64. */
struct agent_regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
_Static_assert(sizeof(struct agent_regs) == AGENT_REGS_SIZE, "entry.S knows the order");

/* ---- the control page, shared by the supervisor and all its processes ---- */
#define AGENT_LANES 1024u
#define AGENT_SLOTS 8192u
/* What a process asks of the supervisor, and waits for while that is alive. */
enum agent_req_kind {
	AGENT_REQ_MAPPED,      /* code was mapped */
	AGENT_REQ_FORKED,      /* this is a new process; arg: its parent */
	AGENT_REQ_EXEC,        /* execve is next */
	AGENT_REQ_SINK,        /* a perf event is in a map; arg: the map's number, the slot */
	AGENT_REQ_OBJECT,      /* a map or program is in a map; arg: the map's number, the slot */
	AGENT_REQ_READ,        /* of what stands for kernel memory; arg: address; size */
	AGENT_REQ_CALL,        /* a helper of agent/remote.def; arg: which, the image, the arguments */
};
enum agent_req_state { AGENT_REQ_FREE, AGENT_REQ_TAKEN, AGENT_REQ_READY, AGENT_REQ_SERVED, AGENT_REQ_DONE };
#define AGENT_REQ_DATA 256u
struct agent_req {
	u32 state, kind, pid, tid;
	u32 memory;            /* in whose memory it runs: a child of vfork in its parent's */
	u64 arg[7], ret;
	u32 size;              /* of data */
	s32 err;
	u8 data[AGENT_REQ_DATA];
};
#define AGENT_REQS 64u

enum agent_remote {
#define R(name, ...) AGENT_REMOTE_##name,
#include "agent/remote.def"
	AGENT_REMOTES
};

/* What bpf_trace_printk writes to the ring that all processes share. */
struct agent_text { u32 tgid, tid; char comm[16]; char text[]; };
#define AGENT_TEXT_MAX 1024u

struct agent_ctl {
	struct map_bell bell;  /* a ring was written to, or a process wants something */
	u32 done;              /* futex: grows when a called routine has finished */
	u32 nlanes;
	u32 server;            /* process that serves requests; 0: none any more */
	u64 server_start;      /* when that started, as /proc says */
	struct agent_req req[AGENT_REQS];
	lease lane[AGENT_LANES];  /* per-CPU values: held while a program runs that uses them */
	u64 missed[AGENT_SLOTS];  /* by attachment: events not seen by its program (the thread was already in one) */
};

/* ---- programs at a site ---- */
enum { AGENT_NEEDS_LANE = 1, AGENT_MAY_THROW = 2, AGENT_NEEDS_CPU = 4, AGENT_SESSION = 8 };
struct agent_ref {
	u64 (*entry)(void *ctx, struct run *run);
	s32 pid;               /* only events of this process; -1: any */
	u32 prog_type;
	const struct image *image;
	u64 cookie;
	u64 session;           /* what a call's entry and return have in common; 0: no session */
	u64 func;              /* calls: address of the kernel's function that the program is on; 0: on the tracepoint */
	u32 flags, slot;
	u32 reads, pad;        /* its context */
};
_Static_assert(offsetof(struct agent_ref, entry) == REF_ENTRY && offsetof(struct agent_ref, pid) == REF_PID &&
	       offsetof(struct agent_ref, reads) == REF_READS,
	       "entry.S knows these places");
struct agent_list {
	u32 n, gen;
	u32 sessions, pad;     /* some program is of a session */
	struct agent_ref ref[];
};

enum agent_site_kind { AGENT_UPROBE, AGENT_SYSCALL };
/* A function that is about to read the stack, or one that is called when it was read and left. */
enum agent_unwinds { AGENT_UNWINDS_NOT, AGENT_UNWINDS, AGENT_CAUGHT };
struct agent_site {
	u64 addr;                        /* of the probed instruction, in this process */
	/*
	 * The only program there, if nothing else is to be done. Of `enter`, one that calls nothing; of `leave`, where returns are
	 * remembered, and (at a return instruction of a function whose calls are remembered) of `exit`: one that wants its context alone.
	 */
	const struct agent_ref *bare, *plain, *plain_exit;
	const struct agent_list *enter;  /* NULL: none */
	const struct agent_list *leave;  /* functions: programs that see the return */
	const struct agent_list *exit;   /* at a return instruction: programs that see the return of the function at `entry` */
	u64 entry;                       /* 0: whatever was entered */
	u64 ret_at;                      /* functions: where a trapped return goes; 0: it is seen at its return instructions */
	u32 kind;
	u32 begins;                      /* a function begins here: its return address is on top of the stack */
	u32 unwinds;                     /* enum agent_unwinds */
	u32 special;                     /* it unwinds or has an exit list */
};
_Static_assert(offsetof(struct agent_site, addr) == SITE_ADDR && offsetof(struct agent_site, bare) == SITE_BARE,
	       "entry.S knows these places");

/*
 * What was put into the process outside of the reservation, in lists that begin in the head: whoever finds an agent whose supervisor is
 * gone takes it out by these. A record is there before what it tells of is.
 */
struct agent_placed {
	struct agent_site site;
	u64 counter;           /* address of a counter that was incremented; 0: none */
	u64 returns;
	struct patch_plan plan; /* tramp 0: the code is the original */
	u64 next;              /* struct agent_placed; all before it is written at once */
};
struct agent_range { u64 next, at, size; };

/* Programs on system calls; by number in tables of their own. */
#define AGENT_SYSCALLS 512u
struct agent_sys {
	/* The only program on the entry of that call, if it calls nothing and nothing else is to be done. */
	const struct agent_ref *bare[AGENT_SYSCALLS];
	const struct agent_list *raw_enter, *raw_exit;
	const struct agent_list *enter[AGENT_SYSCALLS], *exit[AGENT_SYSCALLS];
};

/* A perf event's ring, for programs here to write to. */
struct agent_sink { struct perf_sink sink; u8 *page; u64 size; u32 mark; s32 cpu; bool overwrite; };

/* ---- a thread's block ---- */
#define AGENT_SESSIONS 3u
struct agent_session { u64 id, cookie; }; /* id 0: none, or its return is not wanted */
struct agent_shadow { u64 sp, ra; const struct agent_site *site; u64 sessions; struct agent_session session[AGENT_SESSIONS]; };
#define AGENT_SHADOW 256u

struct agent_thread {
	struct agent_thread *self;
	u64 fs;                /* whose block: the thread's fs base */
	u32 busy, nshadow;     /* busy: a program runs */
	u64 saved_sp;          /* of the interrupted thread, while busy; where a program was entered */
	u64 stack_top;
	u64 ra;                /* where to go on after a return */
	u64 flags;             /* as lahf and seto have them */
	struct agent_regs regs;
	u8 strays;             /* counts how often agent_near led elsewhere */
	u64 busy_since;        /* when something else came to a probe for the first time during this event; 0: nothing did */
	u64 unwound;           /* where the stack was when trapped returns were given back to be read; 0: they are in place */
	u32 in_vfork;          /* a child may be running in this block */
	u64 record[RECORD_SIZE / 8]; /* context of programs on system calls */
	u64 sys_nr;            /* of the call between its entry and its exit */
	u32 waiting;           /* for the supervisor: looks at no list */
	u32 tid, pid;          /* as last asked for; pid tells a fork */
	u32 seals;             /* in a call that gives up system calls */
	u64 vfork_nr;
	u64 missed;
	struct agent_session session[AGENT_SESSIONS]; /* of the call that runs its entry or return programs */
	struct agent_thread *next;
	struct run_env env;
	struct agent_shadow shadow[AGENT_SHADOW];
	struct run run;        /* last but the stack: big */
};
#define AGENT_SPARES 8u        /* blocks for threads that come when none can be made */
#define AGENT_NOBODY (~0ull)   /* their fs */
#define AGENT_STACK (192u << 10)
#define AGENT_BLOCK_SIZE (ROUND_UP(sizeof(struct agent_thread), 4096u) + AGENT_STACK)
_Static_assert(offsetof(struct agent_thread, fs) == THREAD_FS && offsetof(struct agent_thread, busy) == THREAD_BUSY &&
	       offsetof(struct agent_thread, saved_sp) == THREAD_SP && offsetof(struct agent_thread, stack_top) == THREAD_TOP &&
	       offsetof(struct agent_thread, ra) == THREAD_RA &&
	       offsetof(struct agent_thread, flags) == THREAD_FLAGS && offsetof(struct agent_thread, regs) == THREAD_REGS &&
	       offsetof(struct agent_thread, strays) == THREAD_STRAYS && offsetof(struct agent_thread, busy_since) == THREAD_SINCE,
	       "entry.S knows these places");

/* ---- the blob's head: at the start of its data, written by the supervisor, but for `threads` ---- */
struct agent_self { struct map_self who; u32 pid; }; /* in a page that fork wipes */

/* As rt_sigaction(2) has it. */
struct agent_action { u64 handler, flags, restorer, mask; };

struct agent_head {
	u64 magic;
	u64 base, size;              /* the reservation */
	struct agent_ctl *ctl;
	struct agent_self *self;
	struct agent_sys *sys;
	struct agent_thread *threads;
	struct map *printk;          /* ring buffer that bpf_trace_printk writes to; NULL: discarded */
	u64 vdso_clock;              /* __vdso_clock_gettime; 0: none */
	u64 placed, ranges;          /* struct agent_placed, struct agent_range */
	u32 gen;                     /* of what the supervisor has put here */
	u32 known_pid;               /* whose memory this is: another than the process's own in a child that was forked */
	u32 has_rdpid;
	u32 ncpu;                    /* possible */
	u32 clone_nr;                /* the last call that made a thread: what a new one comes out of */
	u32 exec_nr;                 /* the process has just come out of this call; 0: that was told */
	u32 unwinds;                 /* some site unwinds: see agent_thread.unwound */
	u32 vforks;                  /* threads whose in_vfork is set */
	u32 net, pad;                /* system calls of unknown code are caught (net.c) */
	struct agent_action action;  /* the program's own for SIGSYS, meanwhile */
};

_Static_assert(offsetof(struct agent_head, self) == HEAD_SELF && offsetof(struct agent_self, pid) == SELF_PID &&
	       offsetof(struct agent_head, sys) == HEAD_SYS && offsetof(struct agent_head, exec_nr) == HEAD_EXEC &&
	       offsetof(struct agent_head, unwinds) == HEAD_UNWINDS && offsetof(struct agent_head, vforks) == HEAD_VFORKS &&
	       offsetof(struct agent_sys, bare) == SYS_BARE && AGENT_SYSCALLS == SYS_MAX,
	       "entry.S knows these places");

/* What the supervisor finds in the blob by this table, at its start. Offsets from the blob's base. */
struct agent_exports {
	u32 magic, head;
	u32 uprobe, function, ret, sys_only, sys_enter, sys_exit, call, work;
	u32 net_stubs, net_at, sigsys, sigreturn;
	u32 map_ops, tail_call, bodies, poll, may_goto;
};

/*
 * A list of things that the agent does for the supervisor: one stop of the thread for many of them. `from[i]`: the result of that
 * command, counted from 1, is added to argument i.
 */
enum agent_cmd_op {
	AGENT_CMD_END,
	AGENT_CMD_SYSCALL,
	AGENT_CMD_HELPERS, /* arg[0]: array of arg[1] u64: addresses of helpers by number, then kfuncs by row; 0: not here */
	AGENT_CMD_VALUE,   /* arg[0] is the result */
	AGENT_CMD_THREAD,  /* a block for the thread arg[1] with fs base arg[0] */
	AGENT_CMD_SELF,    /* it finds out who it is, before a child of vfork asks in its memory */
	AGENT_CMD_SEAL,    /* from now on the agent makes no system calls of its own */
	/* arg[0]: struct map whose pointers are offsets from arg[1], where its file is mapped; arg[2]: struct agent_range with the size of it
	 * and of the page before it, which is put into the list */
	AGENT_CMD_MAP,
};
struct agent_cmd { u32 op; s32 nr; s64 ret; u64 arg[6]; u8 from[8]; };

#endif
