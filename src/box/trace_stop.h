/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process held still: all its threads stopped by ptrace, its memory and registers ours, until it is let go.
 *
 * Everything here works on processes of the same user, without privileges. ptrace binds a thread to its tracer thread, so stopping,
 * working and letting go happen on one thread. Invariant: stop_end() leaves every thread as it was: the same registers, system
 * calls restarted as after a signal without handler, signal masks as they were, no descriptor or mapping that was not asked for.
 */
#ifndef SKEP_BOX_TRACE_STOP_H
#define SKEP_BOX_TRACE_STOP_H

#include <sys/types.h>
#include <sys/user.h>

#include "base/str.h"
#include "base/types.h"

/* Why not, in words; NULL: nobody asks. */
#define trace_say(why, ...) ((why) ? str_printf(why, __VA_ARGS__) : (void)0)

struct stop_thread {
	pid_t tid;
	bool stopped;             /* false: in a system call that signals do not interrupt; it cannot run before that ends */
	u64 pc, sp;               /* where that call returns to, with which stack */
	bool changed;             /* regs are to be written back */
	bool go;                  /* stop_step_some() is for this one */
	s8 inside;                /* in the agent? negative: not known (proc_inside()) */
	u64 below;                /* where its own stack is, if it is on the agent's; else 0. Known when `inside` is */
	struct user_regs_struct regs;
};

/* Of a signal handler that thread `th` is in: `at` is where the interrupted address is in it. See trace_stand.c. */
struct stop_frame { u64 at, ip; u32 th; };

struct stop {
	pid_t pid;
	int mem;                  /* /proc/PID/mem */
	struct stop_thread *th;   /* the first does what the process is to do for us */
	u32 n, cap;
	u64 vdso, sysinsn;        /* a syscall instruction in it */
	u64 mask;                 /* of the first thread, while it works for us; */
	bool working;             /* it was made to do something: its state is ours to restore */
	u64 room, work;           /* where its state is kept meanwhile, should this process be killed, and code that takes it up; 0: nowhere */
	u64 frame;                /* it is there */
	u64 since_ns;
	bool hurried;             /* its thread has priority until it ends */
	bool lifted;              /* the first thread's own seccomp filters do not see what it does for us */
	bool opens;               /* it has opened a file of this process, by /proc */
	struct stop_view *views;  /* of its memory, as long as nothing of it runs */
	struct stop_frame *frames;
	u32 nframes, framecap;
	bool framed;              /* they have been looked for, and no thread has run since */
};

/* Stop all threads of a process: 0, -ESRCH, -EPERM (`why` says), -EAGAIN: none can act now, -EIO, -ENOMEM. */
int stop_begin(struct stop *s, pid_t pid, struct str *why);
/* The same for a thread that this thread traces and that stands at the event of its execve (the only thread then). */
int stop_exec(struct stop *s, pid_t pid, struct str *why);
void stop_end(struct stop *s);
/*
 * A process that somebody else traces and holds at its execve: write a jump to itself where it will go on, so that it can be
 * stopped by us when it is let go. 0 and where, and what was there; -EOPNOTSUPP: it is not at such a place.
 */
int stop_park(pid_t pid, u64 *ret_at, u8 old[2]);
void stop_unpark(pid_t pid, u64 at, const u8 old[2]);
bool stop_is_held(pid_t pid); /* stopped by a tracer */
/* Let go of threads that could not be reached when they were to be, but for those of processes that are wanted. Are there any left? */
bool stop_linger(bool (*wanted)(void *arg, pid_t pid), void *arg);

/* Memory, code included: 0 or -EFAULT. */
int stop_read(const struct stop *s, u64 from, void *to, size_t n);
int stop_write(const struct stop *s, u64 to, const void *from, size_t n);
int stop_poke(pid_t pid, u64 to, const void *from, size_t n); /* of a process that runs */

/*
 * From now on a thread that works for us finds back by itself should this process be killed: STOP_ROOM bytes of its memory at `room`,
 * `work` a syscall instruction behind which it returns from a signal handler.
 */
#define STOP_ROOM 20480u
int stop_guard(struct stop *s, u64 room, u64 work);
void stop_unguard(struct stop *s);
/* A stopped thread is to go on elsewhere, whatever happens to this process. */
void stop_move(struct stop *s, u32 i, u64 to);
/* All that was decided about threads is true now: what they would come back to may go. */
void stop_flush(struct stop *s);

/* The first thread makes a system call: its result. -ESRCH: it died. */
s64 stop_syscall(struct stop *s, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
/*
 * Seccomp filters that are none of a process's own: those of this process, and of the box. May one of its threads be killed for a system
 * call? 2: it is in strict mode. For calls made by it such filters are set aside where that is allowed; elsewhere -EOPNOTSUPP.
 */
void stop_expect_filters(u32 n);
u32 stop_own_filters(void); /* of this process */
int stop_is_sealed(const struct stop *s);
/* A descriptor of this process becomes one of it, with the rights of `flags`, by STOP_FERRY bytes of its memory: its number there. */
#define STOP_FERRY 256u
s64 stop_send(struct stop *s, u64 room, int fd, int flags);
bool stop_same_pids(pid_t pid); /* numbers of processes mean the same there */
/* The first thread runs code there with rdi, on the stack given, until *word of this process (shared with it) is not `old`. */
int stop_call(struct stop *s, u64 at, u64 rdi, u64 stack, const u32 *word, u32 old);

/* Let threads (`go`) run for a moment, from where they cannot be left, and stop them again. 0 or -errno. */
int stop_step_some(struct stop *s);

#endif
