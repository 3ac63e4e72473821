/* SPDX-License-Identifier: BSD-2-Clause */
/* Holding a process still: see trace_stop.h. */
#include "box/trace_stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/text.h"

#define PATIENCE_NS 10000000000ull /* for a thread that runs to stop: on a busy machine it has to be given a processor first */
#define DOUBT_NS    2000000ull   /* until it is asked whether it can at all */

/* Threads that were told to stop and have not yet: of this tracer thread. */
static struct late { pid_t pid, tid; } *lingering;
static u32 nlingering, lingercap;

static void linger(pid_t pid, pid_t tid)
{
	if (nlingering == lingercap) {
		u32 cap = lingercap ? lingercap * 2 : 16;
		struct late *v = realloc(lingering, cap * sizeof(*v));

		if (!v)
			return; /* it stays stopped until this process ends */
		lingering = v;
		lingercap = cap;
	}
	lingering[nlingering++] = (struct late){ pid, tid };
}

static bool take_lingering(pid_t tid)
{
	for (u32 i = 0; i < nlingering; i++)
		if (lingering[i].tid == tid) {
			lingering[i] = lingering[--nlingering];
			return true;
		}
	return false;
}

bool stop_linger(bool (*wanted)(void *arg, pid_t pid), void *arg)
{
	for (u32 i = 0; i < nlingering;) {
		struct late l = lingering[i];
		pid_t got;
		int st;

		/* one that is wanted is had when it comes out of its call: it is not to run on first */
		if (wanted && wanted(arg, l.pid)) {
			i++;
			continue;
		}
		got = tracee_wait(l.tid, &st, WNOHANG);
		if (got == l.tid && WIFSTOPPED(st)) {
			int sig = st >> 16 ? 0 : WSTOPSIG(st);

			ptrace(PTRACE_DETACH, l.tid, NULL, (long)sig);
		}
		if (got)
			lingering[i] = lingering[--nlingering];
		else
			i++;
	}
	return nlingering;
}

/* ---- memory ---- */
static int open_mem(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int stop_poke(pid_t pid, u64 to, const void *from, size_t n)
{
	int mem = open_mem(pid);
	ssize_t got;

	if (mem < 0)
		return mem;
	got = pwrite(mem, from, n, (off_t)to);
	close(mem);
	return got == (ssize_t)n ? 0 : -EFAULT;
}

/*
 * Pages that were read are kept: functions lie side by side, and each is looked at several times. Nobody else writes to the memory
 * of a process that stands still; where its threads are let run all is forgotten.
 */
#define PAGE  4096u
#define VIEWS 256u
struct stop_view { u64 at; u8 bytes[PAGE]; }; /* at 0: none */

static struct stop_view *view_of(const struct stop *s, u64 page) { return &s->views[page / PAGE % VIEWS]; }

static void forget_views(struct stop *s)
{
	for (u32 i = 0; s->views && i < VIEWS; i++)
		s->views[i].at = 0;
}

int stop_read(const struct stop *s, u64 from, void *to, size_t n)
{
	if (!s->views || n > 16 * PAGE)
		return pread(s->mem, to, n, (off_t)from) == (ssize_t)n ? 0 : -EFAULT;
	while (n) {
		u64 off = from % PAGE, part = MIN(n, PAGE - off);
		struct stop_view *v = view_of(s, from);

		if (v->at != from - off) {
			v->at = pread(s->mem, v->bytes, PAGE, (off_t)(from - off)) == PAGE ? from - off : 0;
			if (!v->at)
				return -EFAULT;
		}
		memcpy(to, v->bytes + off, part);
		to = (u8 *)to + part;
		from += part;
		n -= part;
	}
	return 0;
}

int stop_write(const struct stop *s, u64 to, const void *from, size_t n)
{
	ssize_t got = pwrite(s->mem, from, n, (off_t)to);
	size_t left = got > 0 && s->views ? (size_t)got : 0;

	for (const u8 *p = from; left;) {
		u64 off = to % PAGE, part = MIN(left, PAGE - off);

		if (view_of(s, to)->at == to - off)
			memcpy(view_of(s, to)->bytes + off, p, part);
		p += part;
		to += part;
		left -= part;
	}
	return got == (ssize_t)n ? 0 : -EFAULT;
}

/* ---- a syscall instruction: the vDSO, which every process has alike, holds one ---- */
static u64 vdso_offset(void)
{
	static u64 known;
	const u8 *p = (const u8 *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);

	if (!p || known)
		return known;
	for (u64 i = 64; i < 8192; i++)
		if (p[i] == 0x0f && p[i + 1] == 0x05) {
			known = i;
			break;
		}
	return known;
}

static u64 vdso_of(pid_t pid)
{
	u64 aux[128][2] = { 0 };
	char path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, aux, sizeof(aux));
	close(fd);
	for (ssize_t i = 0; i < n / 16 && aux[i][0]; i++)
		if (aux[i][0] == AT_SYSINFO_EHDR)
			return aux[i][1];
	return 0;
}

static int find_sysinsn(struct stop *s)
{
	u64 vdso = vdso_of(s->pid), off = vdso_offset();
	u8 insn[2];

	if (!vdso || !off || stop_read(s, vdso + off, insn, 2) || insn[0] != 0x0f || insn[1] != 0x05)
		return -EOPNOTSUPP;
	s->vdso = vdso;
	s->sysinsn = vdso + off;
	return 0;
}

/* ---- stopping ---- */
/* Wait for one thread to stop. 0, -ESRCH: gone, -EAGAIN: not in time. Signals that arrive meanwhile are handed on later. */
static int wait_stop(pid_t tid, u64 patience, int *ret_status)
{
	u64 end = clock_ns(CLOCK_MONOTONIC) + patience;
	int st;

	for (u32 n = 0;; n++) {
		pid_t got = tracee_wait(tid, &st, patience == U64_MAX ? 0 : WNOHANG);

		if (got == tid) {
			*ret_status = st;
			return WIFSTOPPED(st) ? 0 : -ESRCH;
		}
		if (got < 0 && errno != EINTR)
			return -ESRCH;
		if (clock_ns(CLOCK_MONOTONIC) > end)
			return -EAGAIN;
		if (n < 20)
			sched_yield();
		else
			usleep(50);
	}
}

static bool known(const struct stop *s, pid_t tid)
{
	for (u32 i = 0; i < s->n; i++)
		if (s->th[i].tid == tid)
			return true;
	return false;
}

static int add_thread(struct stop *s, pid_t tid)
{
	if (s->n == s->cap) {
		u32 cap = s->cap ? s->cap * 2 : 16;
		struct stop_thread *t = realloc(s->th, cap * sizeof(*t));

		if (!t)
			return -ENOMEM;
		s->th = t;
		s->cap = cap;
	}
	s->th[s->n++] = (struct stop_thread){ .tid = tid };
	return 0;
}

/* State letter of a thread; 'X': gone. */
static char state_of(pid_t pid, pid_t tid)
{
	char text[512], *state;

	text_of(text, sizeof(text), "/proc/%d/task/%d/stat", pid, tid);
	state = text_stat(text, 3);
	return state ? *state : 'X';
}

static bool has_ended(pid_t pid, pid_t tid) { return strchr("ZX", state_of(pid, tid)); }
bool stop_is_held(pid_t pid) { return state_of(pid, pid) == 't'; }

/* Seize the threads that are not yet: how many there were, or -errno. */
static int seize_new(struct stop *s, struct str *why)
{
	char path[32];
	struct dirent *e;
	int n = 0, err = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", s->pid);
	d = opendir(path);
	if (!d)
		return -ESRCH;
	while (!err && (e = readdir(d))) {
		pid_t tid = (pid_t)atoi(e->d_name);

		if (tid <= 0 || known(s, tid))
			continue;
		if (!take_lingering(tid) && ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
			if (errno == ESRCH || has_ended(s->pid, tid))
				continue;
			err = -EPERM;
			trace_say(why, "process %d: it belongs to somebody else, or is traced already", s->pid);
			break;
		}
		err = add_thread(s, tid);
		if (!err)
			ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		n++;
	}
	closedir(d);
	return err ? err : n;
}

static void load_regs(struct stop_thread *t)
{
	t->changed = false;
	t->inside = -1;
	if (ptrace(PTRACE_GETREGS, t->tid, NULL, &t->regs))
		t->stopped = false;
}

/*
 * A signal that arrived in place of the stop asked for: put it back where it came from, and ask again, as any stop takes back the asking
 * for another.
 */
static int settle(pid_t tid, int st)
{
	while (st >> 16 != PTRACE_EVENT_STOP) {
		int sig = WSTOPSIG(st), err;

		if (st >> 16 || sig == (SIGTRAP | 0x80))
			sig = 0;
		if (ptrace(PTRACE_CONT, tid, NULL, (long)sig))
			return -ESRCH;
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		err = wait_stop(tid, PATIENCE_NS, &st);
		if (err)
			return err;
	}
	return 0;
}

/* The system call that a thread is in (-1: none that was made), and where it returns to. 0, -EOPNOTSUPP: in none, or -errno. */
static int call_of(pid_t pid, pid_t tid, int *ret_nr, u64 *ret_sp, u64 *ret_pc)
{
	char text[256], *pc, *sp;
	ssize_t n = text_of(text, sizeof(text), "/proc/%d/task/%d/syscall", pid, tid);

	if (n < 0)
		return (int)n;
	pc = strrchr(text, ' '); /* NR ARGS SP PC, or "running" */
	if (!pc)
		return -EOPNOTSUPP;
	*ret_nr = atoi(text);
	*ret_pc = strtoull(pc + 1, NULL, 16);
	*pc = 0;
	sp = strrchr(text, ' ');
	*ret_sp = sp ? strtoull(sp + 1, NULL, 16) : 0;
	return 0;
}

/* Is it in a system call that goes on although it was interrupted? And where that returns to. */
static bool unreachable(pid_t pid, pid_t tid, u64 *ret_sp, u64 *ret_pc)
{
	int nr;

	return call_of(pid, tid, &nr, ret_sp, ret_pc) == 0 && nr >= 0;
}

/* 0, -ESRCH: it ended, -EAGAIN: out of reach, -ETIMEDOUT: it runs. */
static int wait_thread(struct stop *s, struct stop_thread *t)
{
	int st, err = wait_stop(t->tid, DOUBT_NS, &st);

	for (u32 n = 0; err == -EAGAIN && n < PATIENCE_NS / DOUBT_NS; n++) {
		bool blocked = unreachable(s->pid, t->tid, &t->sp, &t->pc);

		/* one that has stopped by now, at the end of a call, looks like one that is blocked in it */
		err = wait_stop(t->tid, blocked ? 0 : DOUBT_NS, &st);
		if (err == -EAGAIN && blocked)
			return -EAGAIN;
	}
	if (err)
		return err == -EAGAIN ? -ETIMEDOUT : err;
	err = settle(t->tid, st);
	return err == -EAGAIN ? -ETIMEDOUT : err;
}

/* False: some thread runs on, and nobody knows where. */
static bool gather(struct stop *s, u32 from)
{
	for (u32 i = from; i < s->n;) {
		struct stop_thread *t = &s->th[i];
		int err = t->stopped ? 0 : wait_thread(s, t);

		if (err == -ETIMEDOUT)
			return false;
		if (err == -ESRCH) {
			s->th[i] = s->th[--s->n];
			continue;
		}
		if (!t->stopped && !err) {
			t->stopped = true;
			load_regs(t);
		}
		i++;
	}
	return true;
}

/* A thread that can act for the process comes first. */
static int choose(struct stop *s)
{
	for (u32 i = 0; i < s->n; i++)
		if (s->th[i].stopped) {
			struct stop_thread t = s->th[i];

			s->th[i] = s->th[0];
			s->th[0] = t;
			return 0;
		}
	return s->n ? -EAGAIN : -ESRCH;
}

/* While a process stands still its stopper waits for nobody else's turn; where that is allowed (CAP_SYS_NICE). */
static bool hurry(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	return sched_getscheduler(0) == SCHED_OTHER && !sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
}

static void hurry_no_more(void)
{
	const struct sched_param none = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_OTHER, &none);
}

static void let_go(struct stop *s)
{
	bool hurried = s->hurried;

	for (u32 i = 0; i < s->n; i++)
		if (!s->th[i].stopped)
			linger(s->pid, s->th[i].tid);
		else
			ptrace(PTRACE_DETACH, s->th[i].tid, NULL, NULL);
	free(s->th);
	free(s->views);
	free(s->frames);
	if (s->mem >= 0)
		close(s->mem);
	*s = (struct stop){ .mem = -1 };
	if (hurried)
		hurry_no_more();
}

int stop_begin(struct stop *s, pid_t pid, struct str *why)
{
	int n;

	*s = (struct stop){ .pid = pid, .mem = -1, .hurried = hurry(), .since_ns = clock_ns(CLOCK_MONOTONIC) };
	do {
		u32 from = s->n;

		n = seize_new(s, why);
		if (n >= 0 && !gather(s, from))
			n = -EAGAIN;
	} while (n > 0);
	if (n >= 0)
		n = choose(s);
	if (!n) {
		s->mem = open_mem(pid);
		s->views = calloc(VIEWS, sizeof(*s->views)); /* without it all is read each time */
		n = s->mem < 0 ? s->mem : find_sysinsn(s);
	}
	if (n) {
		if (why && !why->len)
			trace_say(why, "process %d: %s", pid, strerror(-n));
		let_go(s);
	}
	return n;
}

int stop_park(pid_t pid, u64 *ret_at, u8 old[2])
{
	static const u8 loop[2] = { 0xeb, 0xfe };
	u64 sp;
	int nr, mem, err = call_of(pid, pid, &nr, &sp, ret_at);

	if (err)
		return err;
	if (nr != SYS_execve && nr != SYS_execveat)
		return -EOPNOTSUPP;
	mem = open_mem(pid);
	if (mem < 0)
		return mem;
	err = -EOPNOTSUPP;
	if (pread(mem, old, 2, (off_t)*ret_at) == 2 && memcmp(old, loop, 2) && pwrite(mem, loop, 2, (off_t)*ret_at) == 2)
		err = 0;
	close(mem);
	return err;
}

void stop_unpark(pid_t pid, u64 at, const u8 old[2])
{
	if (stop_poke(pid, at, old, 2))
		kill(pid, 0); /* it is gone */
}

int stop_exec(struct stop *s, pid_t pid, struct str *why)
{
	int err, st;

	*s = (struct stop){ .pid = pid, .mem = -1, .since_ns = clock_ns(CLOCK_MONOTONIC) };
	err = add_thread(s, pid);
	if (err)
		return err;
	/* execve has not returned yet, and would set the result register: on to its end */
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || wait_stop(pid, U64_MAX, &st))
		return -ESRCH;
	s->th[0].stopped = true;
	load_regs(&s->th[0]);
	s->mem = open_mem(pid);
	s->views = calloc(VIEWS, sizeof(*s->views));
	err = s->mem < 0 ? s->mem : find_sysinsn(s);
	if (err) {
		if (why)
			trace_say(why, "process %d: %s", pid, strerror(-err));
		let_go(s);
	}
	return err;
}

/* ---- seccomp ---- */
#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif
static u32 expected_filters;

/* Its mode, and how many filters. */
static u32 seccomp_of(const char *path, u32 *ret_n)
{
	char text[4096];

	text_of(text, sizeof(text), "%s", path);
	*ret_n = (u32)text_number(text, "Seccomp_filters", 10);
	return (u32)text_number(text, "Seccomp", 10);
}

u32 stop_own_filters(void)
{
	u32 n;

	seccomp_of("/proc/self/status", &n);
	return n;
}

void stop_expect_filters(u32 n) { __atomic_store_n(&expected_filters, n, __ATOMIC_RELAXED); }

/* 0, 1: it has filters of its own, 2: strict mode. */
static int sealed(pid_t pid, pid_t tid)
{
	char path[64];
	u32 n, mode;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	mode = seccomp_of(path, &n);
	return mode == 1 ? 2 : mode == 2 && n > __atomic_load_n(&expected_filters, __ATOMIC_RELAXED);
}

int stop_is_sealed(const struct stop *s)
{
	int ret = 0;

	for (u32 i = 0; i < s->n; i++)
		ret = MAX(ret, sealed(s->pid, s->th[i].tid));
	return ret;
}

/* ---- the process works for us ---- */
/* A call that was interrupted is made again, as it would be after a signal that has no handler. */
static void restart(struct user_regs_struct *r)
{
	s64 ret = (s64)r->rax;

	if ((s64)r->orig_rax < 0)
		return;
	if (ret == -512 || ret == -513 || ret == -514) { /* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND */
		r->rax = r->orig_rax;
		r->rip -= 2;
	} else if (ret == -516) { /* ERESTART_RESTARTBLOCK */
		r->rax = (u64)-EINTR;
	}
}

/* What the kernel puts at the end of vector registers and before it, so that it takes them for ones of its own. */
struct fx_words { u32 magic, extended_size; u64 features; u32 size, padding[7]; };
#define FX_AT     464u
#define FX_MAGIC  0x46505853u
#define FX_MAGIC2 0x46505845u
#define FRAME_ALIGN 64u

static size_t vectors(pid_t tid, u8 *buf, size_t room)
{
	struct iovec v = { buf, room - 4 };
	struct fx_words w = { .magic = FX_MAGIC };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &v) || v.iov_len < 576)
		return 0;
	memcpy(&w.features, buf + FX_AT, 8); /* where ptrace says what there is */
	w.size = (u32)v.iov_len;
	w.extended_size = w.size + 4;
	memcpy(buf + FX_AT, &w, sizeof(w));
	memcpy(buf + v.iov_len, &(u32){ FX_MAGIC2 }, 4);
	return v.iov_len + 4;
}

/* The frame of a signal that interrupted the thread where it is. */
static int write_frame(struct stop *s)
{
	struct user_regs_struct r = s->th[0].regs;
	u8 vec[STOP_ROOM - 1024] __attribute__((aligned(64)));
	u64 fp = s->room, at;
	ucontext_t u;
	size_t n = vectors(s->th[0].tid, vec, sizeof(vec));

	memset(&u, 0, sizeof(u));
	restart(&r);
	const greg_t g[] = { [REG_R8] = (greg_t)r.r8,
			     [REG_R9] = (greg_t)r.r9,
			     [REG_R10] = (greg_t)r.r10,
			     [REG_R11] = (greg_t)r.r11,
			     [REG_R12] = (greg_t)r.r12,
			     [REG_R13] = (greg_t)r.r13,
			     [REG_R14] = (greg_t)r.r14,
			     [REG_R15] = (greg_t)r.r15,
			     [REG_RDI] = (greg_t)r.rdi,
			     [REG_RSI] = (greg_t)r.rsi,
			     [REG_RBP] = (greg_t)r.rbp,
			     [REG_RBX] = (greg_t)r.rbx,
			     [REG_RDX] = (greg_t)r.rdx,
			     [REG_RAX] = (greg_t)r.rax,
			     [REG_RCX] = (greg_t)r.rcx,
			     [REG_RSP] = (greg_t)r.rsp,
			     [REG_RIP] = (greg_t)r.rip,
			     [REG_EFL] = (greg_t)r.eflags,
			     [REG_CSGSFS] = (greg_t)(r.cs | r.ss << 48) };
	memcpy(u.uc_mcontext.gregs, g, sizeof(g));
	u.uc_flags = 6 | (n ? 1 : 0); /* UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS, UC_FP_XSTATE */
	u.uc_stack.ss_flags = 0x5a5a;  /* none that there are: the alternate stack stays as it is */
	u.uc_mcontext.fpregs = n ? (fpregset_t)fp : NULL;
	memcpy(&u.uc_sigmask, &s->mask, 8);
	at = s->room + ROUND_UP(n, FRAME_ALIGN) + 8;
	if ((n && stop_write(s, fp, vec, n)) || stop_write(s, at, &u, offsetof(ucontext_t, uc_sigmask) + 8))
		return -EFAULT;
	s->frame = at;
	return 0;
}

int stop_guard(struct stop *s, u64 room, u64 work)
{
	int err;

	s->room = ROUND_UP(room, FRAME_ALIGN);
	s->work = work;
	err = s->working ? write_frame(s) : 0;
	if (err)
		s->room = s->work = 0;
	return err;
}

void stop_unguard(struct stop *s) { s->room = s->work = s->frame = 0; }

static int begin_work(struct stop *s)
{
	u64 all = ~0ull;

	if (s->working)
		return 0;
	s->lifted = sealed(s->pid, s->th[0].tid);
	if (s->lifted && ptrace(PTRACE_SETOPTIONS, s->th[0].tid, NULL, PTRACE_O_SUSPEND_SECCOMP)) {
		s->lifted = false;
		return errno == ESRCH ? -ESRCH : -EOPNOTSUPP;
	}
	if (ptrace(PTRACE_GETSIGMASK, s->th[0].tid, (void *)8, &s->mask) ||
	    ptrace(PTRACE_SETSIGMASK, s->th[0].tid, (void *)8, &all))
		return -ESRCH;
	s->working = true;
	if (s->room && write_frame(s))
		stop_unguard(s);
	return 0;
}

/* To a place from where the thread goes on as if nothing had been: the interrupt's stop, after which calls are restarted. */
static int end_work(struct stop *s)
{
	pid_t tid = s->th[0].tid;
	int err, st;

	if (!s->working)
		return 0;
	forget_views(s);
	s->working = false;
	s->frame = 0;
	s->th[0].changed = true;
	ptrace(PTRACE_SETSIGMASK, tid, (void *)8, &s->mask);
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	if (ptrace(PTRACE_CONT, tid, NULL, NULL) || wait_stop(tid, U64_MAX, &st))
		return -ESRCH;
	err = settle(tid, st);
	if (s->lifted)
		ptrace(PTRACE_SETOPTIONS, tid, NULL, 0);
	s->lifted = false;
	return err;
}

static int to_next_stop(pid_t tid)
{
	int st;

	do
		if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL) || wait_stop(tid, U64_MAX, &st))
			return -ESRCH;
	while (st >> 16 || (WSTOPSIG(st) & 0x7f) != SIGTRAP);
	return 0;
}

s64 stop_syscall(struct stop *s, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	struct user_regs_struct r = s->th[0].regs;
	pid_t tid = s->th[0].tid;
	int err = begin_work(s);

	if (err)
		return err;
	forget_views(s);
	r.rip = s->frame ? s->work : s->sysinsn;
	r.rsp = s->frame ? s->frame : r.rsp;
	r.orig_rax = ~0ull;
	r.rax = (u64)nr;
	r.rdi = a, r.rsi = b, r.rdx = c, r.r10 = d, r.r8 = e, r.r9 = f;
	r.eflags &= ~(u64)0x100;
	if (ptrace(PTRACE_SETREGS, tid, NULL, &r) || to_next_stop(tid) || to_next_stop(tid) ||
	    ptrace(PTRACE_GETREGS, tid, NULL, &r))
		return -ESRCH;
	return (s64)r.rax;
}

int stop_call(struct stop *s, u64 at, u64 rdi, u64 stack, const u32 *word, u32 old)
{
	struct user_regs_struct r = s->th[0].regs;
	pid_t tid = s->th[0].tid;
	struct timespec moment = { 0, 2000000 };
	int err = begin_work(s), st;

	if (err)
		return err;
	forget_views(s);
	r.rip = at;
	r.orig_rax = ~0ull;
	r.rax = 0;
	r.rdi = rdi;
	r.rsi = s->frame;
	r.rsp = stack;
	r.eflags &= ~(u64)0x500;
	if (ptrace(PTRACE_SETREGS, tid, NULL, &r) || ptrace(PTRACE_CONT, tid, NULL, NULL))
		return -ESRCH;
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == old) {
		pid_t got;

		syscall(SYS_futex, word, FUTEX_WAIT, old, &moment, NULL, 0);
		got = __atomic_load_n(word, __ATOMIC_ACQUIRE) == old ? tracee_wait(tid, &st, WNOHANG) : 0;

		if (got < 0)
			return -ESRCH;
		if (got == tid) {
			if (!WIFSTOPPED(st))
				return -ESRCH;
			if (WSTOPSIG(st) == SIGSEGV || WSTOPSIG(st) == SIGILL)
				return -EFAULT; /* stays stopped; the caller gives up on it */
			ptrace(PTRACE_CONT, tid, NULL, NULL);
		}
	}
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	if (wait_stop(tid, U64_MAX, &st))
		return -ESRCH;
	return settle(tid, st);
}

static void write_back(struct stop *s)
{
	for (u32 i = 0; i < s->n; i++)
		if (s->th[i].stopped && s->th[i].changed) {
			ptrace(PTRACE_SETREGS, s->th[i].tid, NULL, &s->th[i].regs);
			s->th[i].changed = false;
		}
}

static void flush_thread(struct stop *s, u32 i)
{
	if (!i && s->working) {
		if (s->frame)
			write_frame(s);
	} else if (s->th[i].stopped && s->th[i].changed) {
		s->th[i].changed = ptrace(PTRACE_SETREGS, s->th[i].tid, NULL, &s->th[i].regs) != 0;
	}
}

void stop_flush(struct stop *s)
{
	for (u32 i = 0; i < s->n; i++)
		flush_thread(s, i);
}

void stop_move(struct stop *s, u32 i, u64 to)
{
	if (s->th[i].regs.rip == to)
		return;
	s->th[i].regs.rip = to;
	s->th[i].changed = true;
	flush_thread(s, i);
}

static int let_run(struct stop *s, u32 i)
{
	struct stop_thread *t = &s->th[i];
	int err = i ? 0 : end_work(s);

	if (!err && t->changed && ptrace(PTRACE_SETREGS, t->tid, NULL, &t->regs))
		err = -ESRCH;
	if (!err && ptrace(PTRACE_CONT, t->tid, NULL, NULL))
		err = -ESRCH;
	t->changed = false;
	t->stopped = false;
	return err;
}

int stop_step_some(struct stop *s)
{
	forget_views(s);
	s->framed = false;
	for (u32 i = 0; i < s->n; i++)
		s->th[i].go = s->th[i].go && s->th[i].stopped && !let_run(s, i);
	usleep(20);
	for (u32 i = 0; i < s->n; i++)
		if (s->th[i].go)
			ptrace(PTRACE_INTERRUPT, s->th[i].tid, NULL, NULL);
	for (u32 i = 0; i < s->n; i++) {
		struct stop_thread *t = &s->th[i];
		int err, st;

		if (!t->go)
			continue;
		err = wait_stop(t->tid, PATIENCE_NS, &st);
		if (!err)
			err = settle(t->tid, st);
		t->stopped = !err;
		if (!err)
			load_regs(t);
		else if (err != -ESRCH)
			return err;
	}
	return s->th[0].stopped ? 0 : -ESRCH;
}

void stop_end(struct stop *s)
{
	end_work(s);
	write_back(s);
	let_go(s);
}
