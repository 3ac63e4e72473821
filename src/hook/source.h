/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between "a program is attached to X" (this room) and "X has happened" (whoever sees it): points, their lists, providers.
 *
 * A *point* is one place where events come from: an instruction of a file, a system call's entry, the clock of a CPU. All
 * programs attached there, by whatever command, are its *list*, in the order they run. A *provider* (the box, the agent's
 * manager, an embedding program) says which kinds of points it can make happen and is told of every change of their lists; it
 * either calls hook_fire(), or runs the programs by itself where the event is (inside a traced process) from a copy of the list.
 *
 * Invariant: a list is immutable once published, and holds numbers only (struct hook_ref), so it can be copied into memory that
 * is shared with other processes as it is. While a provider has a list with programs in it, those programs and the point live.
 */
#ifndef SKEP_HOOK_SOURCE_H
#define SKEP_HOOK_SOURCE_H

#include "base/str.h"
#include "helper/run_env.h"
#include "prog/prog.h"

struct hooks;      /* one subsystem's points and providers: struct skep has one */
struct hook_point; /* one place */

enum hook_kind {
	HOOK_UPROBE,       /* file, offset: the instruction there is about to run */
	HOOK_URETPROBE,    /* file, offset: the function that begins there returns */
	HOOK_SYS_ENTER,    /* number: tracepoints syscalls/sys_enter_* */
	HOOK_SYS_EXIT,     /* number: syscalls/sys_exit_* */
	HOOK_RAW_ENTER,    /* every call: raw_syscalls/sys_enter, raw tracepoint sys_enter */
	HOOK_RAW_EXIT,     /* every call: raw_syscalls/sys_exit, raw tracepoint sys_exit */
	HOOK_FORK,         /* sched/sched_process_fork */
	HOOK_EXEC,         /* sched/sched_process_exec */
	HOOK_EXIT,         /* sched/sched_process_exit, of each thread */
	HOOK_SAMPLE,       /* clock: a perf event of software type, with a period or a frequency */
	HOOK_CGROUP,       /* cgroup (number: id), `sub`: attach type. A decision */
	HOOK_LSM,          /* name: security hook "file_open"... A decision */
	HOOK_NETDEV,       /* device (number: ifindex), `sub`: attach type BPF_XDP, tcx, netkit. A decision */
	HOOK_NETNS,        /* network namespace (number: inode), `sub`: attach type BPF_SK_LOOKUP, BPF_FLOW_DISSECTOR */
	HOOK_NETFILTER,    /* `sub`: protocol family << 8 | hook. A decision */
	HOOK_SOCKMAP,      /* socket map (number: id), `sub`: attach type */
	HOOK_NAMED,        /* name: a tracepoint that an embedding program or a test declares */
	HOOK_KINDS
};

/* Where events come from: the identity of a point. Fields that the kind does not name are 0. */
struct hook_place {
	u32 kind;          /* enum hook_kind */
	u32 sub;
	u64 number;        /* of a system call, a cgroup, a device... */
	u64 dev, ino;      /* file: st_dev and st_ino */
	u64 offset;        /* in the file, of the probed instruction */
	char name[128];    /* LSM, NAMED: "file_open"; SYS_*: "openat" */
	/* SAMPLE: each perf event is a point of its own (number: its id) */
	u64 period;        /* nanoseconds between samples, or samples a second with `freq` */
	bool freq;
	s32 pid;           /* SAMPLE: this process; -1: any */
	s32 cpu;           /* SAMPLE: this CPU; -1: any */
};

enum { /* hook_ref.flags */
	HOOK_F_SESSION = 1,    /* uprobe session: one program at entry and return; a non-zero result at entry skips the return */
	HOOK_F_SLEEPABLE = 2,
	HOOK_F_PREORDER = 4,   /* cgroup: runs before the programs of the cgroup's descendants */
	HOOK_F_LEGACY = 8,     /* attached by a perf event, not by a link */
};

/* One program in a list. Numbers only; a name for each object, no pointer. */
struct hook_ref {
	u32 prog_id, link_id;  /* link_id 0: attached without a link */
	u32 prog_type;         /* says what the context is: registers (KPROBE), record (TRACEPOINT), arguments (RAW_*, TRACING) */
	u32 flags;             /* HOOK_F_* */
	u64 cookie;            /* bpf_get_attach_cookie */
	s32 pid;               /* only events of this process (thread group); -1: of any */
	u32 slot;              /* small number of the attachment, for counters: unique in the subsystem while attached */
	u64 ref_ctr_offset;    /* uprobes: file offset of a 16-bit counter to increment while attached (USDT), 0: none */
	u64 session;           /* sessions: what entry and return have in common */
	u64 func;              /* SYS_*: on the kernel's function of the call, which is here (hook/ksys.h); 0: on its tracepoint */
};

struct hook_list {
	u32 n;
	u32 gen;               /* grows with each list of the point */
	struct hook_ref ref[]; /* in the order they run */
};

/* ---- providers ---- */
struct hook_provider {
	const char *name;      /* "agent", for messages */
	u64 kinds;             /* bit set: 1 << enum hook_kind */
	void *ctx;
	/*
	 * The lists of these points are about to become these (hook_point_next()): from none to some, from some to others, or to none.
	 * Called one call at a time (the subsystem's attach lock is held: attach nothing from within; hook_fire() on any thread goes
	 * on). When 0 is returned all events from then on use the new lists, and no program that is in none of them is running or
	 * will run. On -errno nothing has changed; `why` may say why. A change that only takes programs away must not fail.
	 */
	int (*update)(void *ctx, struct hook_point *const *pt, u32 n, struct str *why);
	/* May this place be attached to at all (a file that is not there, a clock it cannot offer)? 0 or -errno and why; NULL: yes. */
	int (*check)(void *ctx, const struct hook_place *at, struct str *why);
};

/* Several providers may serve one kind: each is told, and an attachment holds when at least one took it. 0, -ENOMEM. */
int hook_provider_add(struct hooks *h, const struct hook_provider *p);
/* It sees nothing any more; its points' lists stay and go to a later provider of their kinds. Not from within update(). */
void hook_provider_del(struct hooks *h, const struct hook_provider *p);
/*
 * With no provider for a kind attaching fails with -EOPNOTSUPP. With this, attaching to such points succeeds as if there were one
 * whose events never come: for tests, and for a subsystem whose owner calls hook_fire() by itself.
 */
void hook_accept(struct hooks *h, u64 kinds);

/*
 * Declare a tracepoint of one's own (kind HOOK_NAMED), which programs attach to as raw tracepoint: 0, -EEXIST, -ENOMEM. Who declares
 * fires: hook_fire() with `args`. Of what the first argument points to programs for writable tracepoints may change `writable` bytes.
 */
int hook_declare(struct hooks *h, const char *name, u32 writable);
/* Where bpf_printk of programs that hook_fire() runs goes, unless the event says. */
void hook_printk(struct hooks *h, void (*fn)(struct run_env *env, const char *text, u32 len), void *cookie);

/* The point at a place if it has programs, or NULL. Valid inside a read section, and as long as it has programs. */
struct hook_point *hook_point_find(struct hooks *h, const struct hook_place *at);
/* Is anything attached to any point of this kind? One load: for fast paths. */
bool hook_any(const struct hooks *h, enum hook_kind kind);
const struct hook_place *hook_point_place(const struct hook_point *pt);
/* What events run now; and, inside update(), what they are to run. NULL: nothing. Valid in a read section and inside update(). */
const struct hook_list *hook_point_list(const struct hook_point *pt);
const struct hook_list *hook_point_next(const struct hook_point *pt);
/* Program i of that list. */
struct prog *hook_point_prog(const struct hook_point *pt, const struct hook_list *l, u32 i);

/* Read section: lists that are seen inside stay valid until it is left. Cheap, nests, any thread; never blocks. */
u32 hook_enter(struct hooks *h);
void hook_leave(struct hooks *h, u32 token);

/* ---- events that the supervisor (or an embedding program) fires by itself ---- */
/*
 * What happened. A program gets the member that its type reads; an event that lacks it is not seen by that program. Contexts that
 * programs may write (sock_addr, sockopt, skb) are passed in `ctx` and changed in place.
 */
struct hook_event {
	const struct run_task *task;   /* whose event; NULL: the calling thread's */
	void *regs;                    /* KPROBE, and what PERF_EVENT begins with: struct pt_regs of the architecture */
	void *record; u32 record_size; /* TRACEPOINT: the record as its format file says, beginning with the 8 common bytes */
	const u64 *args; u32 nargs;    /* RAW_TRACEPOINT, TRACING, LSM */
	void *ctx;                     /* any other type: its native context (spec/ctx_native.h) */
	struct run_pkt *pkt;           /* network types: the packet behind the context */
	struct sk *sk;                 /* the socket that the context is or is about; NULL: none */
	u64 period, addr;              /* PERF_EVENT: sample_period and address */
	u64 user_ip, user_fp; /* where the thread was, for stack ids; 0: unknown */
	const u64 *stack; u32 nstack;  /* the user stack, when it was sampled with the event; innermost first */
	s32 retval;                    /* decisions: in and out, what bpf_get_retval() gives (0 or -errno) */
	u32 flags_out;                 /* decisions: what programs said beyond "allowed" (bind: waive the port check) */
	void (*printk)(struct run_env *env, const char *text, u32 len); /* trace_pipe; NULL: the subsystem's */
	void *printk_cookie;
	u32 cpu;                       /* lane of per-CPU maps; ~0: the calling thread's */
};
/*
 * Run the point's programs. Returns the combined result by the rule of the place's kind: 0 for plain events; for decisions 0
 * (go on) or -errno; for networks the verdict. Async-signal-unsafe; any thread.
 */
s64 hook_fire(struct hooks *h, struct hook_point *pt, struct hook_event *ev);

/* Where programs run elsewhere: add to the counts of the attachment in this slot. */
void hook_account(struct hooks *h, u32 slot, u64 runs, u64 time_ns, u64 missed);

#endif
