/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel events on sets of threads, and what is known of the threads: see src_priv.h. */
#include "box/src_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/syscall.h"
#include "base/text.h"
#include "hook/task.h"
#include "map/map.h"

#define PAGE 4096u

u32 src_cpus(void)
{
	return map_possible_cpus();
}

/* ---- threads ---- */
struct pids { pid_t *v; u32 n, cap; };

static int add(struct pids *p, pid_t pid)
{
	pid_t *more;

	if (p->n == p->cap) {
		more = realloc(p->v, (p->cap * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->v = more;
		p->cap = p->cap * 2 + 64;
	}
	p->v[p->n++] = pid;
	return 0;
}

static bool has(const struct pids *p, pid_t pid)
{
	for (u32 i = 0; i < p->n; i++)
		if (p->v[i] == pid)
			return true;
	return false;
}

static pid_t parent_of(pid_t pid)
{
	char text[512], *parent;

	text_of(text, sizeof(text), "/proc/%d/stat", pid);
	parent = text_stat(text, 4);
	return parent ? atoi(parent) : 0;
}

/* All processes of the machine in the order of /proc; parents come before children but for numbers that wrapped. */
static int descendants(struct pids *set)
{
	DIR *d = opendir("/proc");
	struct pids all = { NULL, 0, 0 };
	struct dirent *e;
	bool grown = true;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (*e->d_name >= '1' && *e->d_name <= '9')
			add(&all, (pid_t)atoi(e->d_name));
	closedir(d);
	while (grown) {
		grown = false;
		for (u32 i = 0; i < all.n; i++) {
			pid_t up = all.v[i] ? parent_of(all.v[i]) : 0;
			if (!up || (up != getpid() && !has(set, up)))
				continue;
			add(set, all.v[i]);
			all.v[i] = 0;
			grown = true;
		}
	}
	free(all.v);
	return 0;
}

static void threads_of(struct pids *out, pid_t pid)
{
	char path[48];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (*e->d_name != '.')
			add(out, (pid_t)atoi(e->d_name));
	if (d)
		closedir(d);
}

int src_threads(struct src *s, pid_t only, pid_t **ret, u32 *ret_n)
{
	struct pids procs = { NULL, 0, 0 }, out = { NULL, 0, 0 };

	if (only > 0) {
		add(&procs, only);
	} else {
		descendants(&procs);
		for (u32 i = 0; i < s->ngiven; i++)
			if (!has(&procs, s->given[i]))
				add(&procs, s->given[i]);
	}
	for (u32 i = 0; i < procs.n; i++)
		threads_of(&out, procs.v[i]);
	free(procs.v);
	*ret = out.v;
	*ret_n = out.n;
	return 0;
}

/* ---- taps ---- */
/* The kernel's own: libc's syscall() leads to skep in programs that hold libbpf. */
static long kernel_perf_open(struct perf_event_attr *attr, pid_t tid, u32 cpu)
{
	return syscall6(SYS_perf_event_open, (long)attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC, 0);
}

static int tap_fd(struct tap *t, int fd)
{
	int *more;

	if (t->n == t->cap) {
		more = realloc(t->fds, (t->cap * 2 + 8) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->fds = more;
		t->cap = t->cap * 2 + 8;
	}
	if (!t->n) {
		void *p = mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			return -errno;
		t->ring = p;
	} else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, t->fds[0])) {
		return -errno;
	}
	t->fds[t->n++] = fd;
	return 0;
}

int tap_open(struct tap *t, u32 cpu, const struct perf_event_attr *attr, const pid_t *tids, u32 n, struct str *why)
{
	int err = 0;

	*t = (struct tap){ .attr = *attr, .cpu = cpu };
	for (u32 i = 0; i < n; i++) {
		long fd = kernel_perf_open(&t->attr, tids[i], cpu);
		int e = fd < 0 ? (int)fd : tap_fd(t, (int)fd);

		if (e && fd >= 0)
			close((int)fd);
		if (e && e != -ESRCH)
			err = e;
	}
	if (t->n || !err)
		return 0;
	str_printf(why, "perf_event_open(2) says %s: see kernel.perf_event_paranoid", strerror(-err));
	return err;
}

void tap_close(struct tap *t)
{
	if (t->ring)
		munmap(t->ring, (RING_PAGES + 1) * PAGE);
	for (u32 i = t->n; i-- > 0;)
		close(t->fds[i]);
	free(t->fds);
	*t = (struct tap){ .cpu = t->cpu };
}

void tap_drain(struct tap *t, tap_fn fn, void *ctx)
{
	struct perf_event_mmap_page *p = (void *)t->ring;
	const u64 size = RING_PAGES * PAGE;
	u64 tail, head;
	u8 rec[65536] __attribute__((aligned(8)));

	if (!p)
		return;
	head = __atomic_load_n(&p->data_head, __ATOMIC_ACQUIRE);
	tail = p->data_tail;
	while (tail < head) {
		const u8 *data = t->ring + PAGE;
		struct perf_event_header h;
		u64 at = tail & (size - 1), part;

		memcpy(&h, data + at, sizeof(h)); /* headers are aligned: never across the end */
		if (h.size < sizeof(h))
			break;
		part = MIN(size - at, (u64)h.size);
		memcpy(rec, data + at, part);
		memcpy(rec + part, data, h.size - part);
		if (h.type == PERF_RECORD_LOST)
			t->lost += ((const u64 *)(const void *)(rec + sizeof(h)))[1];
		else
			fn(ctx, &h, rec + sizeof(h), h.size - (u32)sizeof(h));
		tail += h.size;
	}
	__atomic_store_n(&p->data_tail, tail, __ATOMIC_RELEASE);
}

/* ---- samples ---- */
#define REGS 0xff0fffull /* of enum perf_event_x86_regs: ax to ss, r8 to r15 */

void sample_attr(struct perf_event_attr *a)
{
	a->sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN |
			 PERF_SAMPLE_REGS_USER;
	a->sample_regs_user = REGS;
	a->exclude_callchain_kernel = 1;
	a->exclude_kernel = 1; /* what anybody may do with one's own processes */
	a->exclude_hv = 1;
}

/* From the order of perf's registers to struct pt_regs'. */
static void to_pt_regs(const u64 *r, u64 out[21])
{
	enum { AX, BX, CX, DX, SI, DI, BP, SP, IP, FLAGS, CS, SS, R8 };
	const u64 in[21] = { r[R8 + 7], r[R8 + 6], r[R8 + 5], r[R8 + 4], r[BP],	   r[BX], r[R8 + 3],
			     r[R8 + 2], r[R8 + 1], r[R8],     r[AX],	 r[CX],	   r[DX], r[SI],
			     r[DI],	(u64)-1,   r[IP],     r[CS],	 r[FLAGS], r[SP], r[SS] };

	memcpy(out, in, sizeof(in));
}

bool sample_parse(const struct perf_event_header *h, const u8 *body, struct sample *ret)
{
	struct { u32 pid, tid; u64 time; u32 cpu, res; u64 period, nr; } fixed;
	const u64 *w;
	u32 left = h->size - (u32)sizeof(*h);

	if (h->type != PERF_RECORD_SAMPLE || left < sizeof(fixed))
		return false;
	memcpy(&fixed, body, sizeof(fixed));
	left -= (u32)sizeof(fixed);
	w = (const u64 *)(const void *)(body + sizeof(fixed));
	if (fixed.nr > left / 8)
		return false;
	*ret = (struct sample){ .pid = fixed.pid, .tid = fixed.tid, .cpu = fixed.cpu, .time = fixed.time, .period = fixed.period };
	for (u64 i = 0; i < fixed.nr && ret->nstack < STACK_MAX; i++)
		if (w[i] < PERF_CONTEXT_MAX) /* not a marker */
			ret->stack[ret->nstack++] = w[i];
	w += fixed.nr;
	left -= (u32)fixed.nr * 8;
	if (left >= 8 + 20 * 8 && w[0] != PERF_SAMPLE_REGS_ABI_NONE)
		to_pt_regs(w + 1, ret->regs);
	return true;
}

/* ---- what is known of threads ---- */
/* PIDFD_GET_INFO, which the system's headers may not know */
struct pidfd_exit { u64 mask, cgroup; u32 ids[11]; s32 exit_code; };
#define PIDFD_EXIT ((u64)8)
#define PIDFD_ASK  _IOWR(0xff, 11, struct pidfd_exit)

static void read_ids(u32 tid, struct run_task *t)
{
	char text[512];

	if (text_of(text, sizeof(text), "/proc/%u/status", tid) <= 0)
		return;
	t->tgid = (u32)text_number(text, "Tgid", 10);
	t->uid = (u32)text_number(text, "Uid", 10);
	t->gid = (u32)text_number(text, "Gid", 10);
}

static struct src_task **slot(struct src *s, u32 tid)
{
	struct src_task **p = &s->tasks[tid % ARRAY_SIZE(s->tasks)];

	while (*p && (*p)->t.tid != tid)
		p = &(*p)->next;
	return p;
}

struct run_task *task_seen(struct src *s, u32 tid, u32 tgid)
{
	struct src_task **p = slot(s, tid), *t = *p;

	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		t->t.tid = tid;
		t->t.tgid = tgid ? tgid : tid;
		t->t.mem_fd = -1;
		t->pidfd = -1;
		if (tid) {
			struct task_facts f;

			read_ids(tid, &t->t);
			if (task_read_facts(t->t.tgid, tid, &f)) {
				memcpy(t->t.comm, f.comm, sizeof(t->t.comm));
				t->t.ppid = f.ppid;
				t->t.start_ns = f.start_ns;
			}
		} else {
			strcpy(t->t.comm, "swapper/0");
		}
		*p = t;
	}
	return &t->t;
}

void task_named(struct src *s, u32 tid, const char *comm)
{
	struct src_task *t = *slot(s, tid);

	if (!t)
		return;
	memset(t->t.comm, 0, sizeof(t->t.comm)); /* programs see all 16 bytes */
	snprintf(t->t.comm, sizeof(t->t.comm), "%.15s", comm);
}

void task_watch(struct src *s, u32 tid)
{
	struct src_task *t = *slot(s, tid);

	if (t && t->pidfd < 0 && t->t.tid == t->t.tgid)
		t->pidfd = (int)syscall(SYS_pidfd_open, tid, 0);
}

void task_told_end(struct src *s, u32 tid, u32 code)
{
	struct src_task *t = *slot(s, tid);

	if (t) {
		t->t.exit_code = code;
		t->told = true;
	}
}

/* The last field of /proc/TID/stat: set from when a task begins to end until its parent has asked; then it has no parent there. */
static bool code_in_proc(const struct run_task *t, u32 *ret)
{
	char text[1024], *parent, *code;

	text_of(text, sizeof(text), "/proc/%u/task/%u/stat", t->tgid, t->tid);
	parent = text_stat(text, 4);
	code = text_stat(text, 52);
	if (!code || !atoi(parent))
		return false;
	*ret = (u32)strtoul(code, NULL, 10);
	return true;
}

void task_ended(struct src *s, u32 tid)
{
	struct src_task *t = *slot(s, tid);
	struct pidfd_exit i = { .mask = PIDFD_EXIT };

	if (!t || t->told || code_in_proc(&t->t, &t->t.exit_code))
		return;
	/* from Linux 6.15 on a process can be asked after its end */
	if (t->pidfd >= 0 && !ioctl(t->pidfd, PIDFD_ASK, &i) && (i.mask & PIDFD_EXIT))
		t->t.exit_code = (u32)i.exit_code;
	else if (__atomic_load_n(&s->tells, __ATOMIC_RELAXED) && t->t.tid == t->t.tgid)
		t->t.exit_code = SIGKILL; /* it had no time to say anything */
}

void task_gone(struct src *s, u32 tid)
{
	struct src_task **p = slot(s, tid), *t = *p;

	if (!t)
		return;
	*p = t->next;
	if (t->pidfd >= 0)
		close(t->pidfd);
	free(t);
}

void tasks_free(struct src *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->tasks); i++)
		while (s->tasks[i]) {
			struct src_task *t = s->tasks[i];
			s->tasks[i] = t->next;
			if (t->pidfd >= 0)
				close(t->pidfd);
			free(t);
		}
}
