/* SPDX-License-Identifier: BSD-2-Clause */
/* What is put into a traced process: the agent, views of maps, images of programs. See trace_proc.h. */
#include "box/trace_proc.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "box/trace_blob.h"
#include "map/map.h"

#define PAGE       4096u
#define HEAP_SIZE  ((u64)32 << 20)
#define IMAGE_SIZE ((u64)16 << 20)
#define BOOT_STACK 65536u  /* at the heap's start: what the process runs on while it works for us */
#define CMD_SIZE   (sizeof(struct agent_cmd) * (PROC_CMDS + 1))
#define CMD_ROOM   (BOOT_STACK + CMD_SIZE + STOP_FERRY) /* at the end: what descriptors are passed by */

static void *grow(void *vec, u32 n, u32 *cap, size_t size)
{
	u32 more = *cap ? *cap * 2 : 16;
	void *p = n < *cap ? vec : realloc(vec, more * size);

	if (p && n >= *cap)
		*cap = more;
	return p;
}

/* ---- heap: pieces of doubling sizes, kept book of here ---- */
static u32 class_of(u64 size)
{
	u32 c = 0;

	while (c + 1 < PROC_CLASSES && (u64)32 << c < size)
		c++;
	return c;
}

u64 proc_alloc(struct proc *p, u64 size)
{
	u32 c = class_of(size);
	struct piece *f = p->free[c];
	u64 at, room = (u64)32 << c;

	if (room < size)
		return 0;
	if (f) {
		at = f->at;
		p->free[c] = f->next;
		free(f);
		return at;
	}
	if (p->heap_end - p->heap < room)
		return 0;
	at = p->heap;
	p->heap += room;
	return at;
}

void proc_release(struct proc *p, u64 at, u64 size)
{
	struct piece *f = at ? malloc(sizeof(*f)) : NULL;
	u32 c = class_of(size);

	if (!f)
		return; /* lost to this process; nothing else is */
	*f = (struct piece){ at, p->free[c] };
	p->free[c] = f;
}

/* ---- commands ---- */
static u32 add_cmd(struct proc *p, struct agent_cmd c)
{
	if (p->ncmds >= PROC_CMDS - 1)
		return 0;
	p->cmd[p->ncmds++] = c;
	return p->ncmds; /* counted from 1 */
}

#define SYS_CMD(n, ...) ((struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = (n), .arg = { __VA_ARGS__ } })

static u64 cmd_at(const struct proc *p) { return p->heap_end + BOOT_STACK; }

/* Let the process do them: 0 or -errno; single results are in p->cmd[].ret. */
static int run_cmds(struct proc *p, const struct blob *b, struct stop *s)
{
	u32 n = p->ncmds, done = __atomic_load_n(&b->ctl->done, __ATOMIC_ACQUIRE);
	int err;

	if (!n)
		return 0;
	p->cmd[n] = (struct agent_cmd){ .op = AGENT_CMD_END };
	p->ncmds = 0;
	err = stop_write(s, cmd_at(p), p->cmd, (n + 1) * sizeof(p->cmd[0]));
	if (!err)
		err = stop_call(s, p->base + b->exp->call, cmd_at(p), cmd_at(p), &b->ctl->done, done);
	if (!err)
		err = stop_read(s, cmd_at(p), p->cmd, n * sizeof(p->cmd[0]));
	for (u32 i = 0; !err && i < n; i++)
		if (p->cmd[i].op == AGENT_CMD_SYSCALL && p->cmd[i].ret < 0)
			err = (int)p->cmd[i].ret;
		else if (p->cmd[i].op == AGENT_CMD_MAP && p->cmd[i].ret)
			err = (int)p->cmd[i].ret;
	return err;
}

static u64 path_at(const struct proc *p) { return cmd_at(p) + CMD_SIZE; }

static int put_path(struct proc *p, struct stop *s, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	return stop_write(s, path_at(p), path, sizeof(path));
}

/* A descriptor of ours is opened there now: its number. */
static s64 open_there(struct proc *p, struct stop *s, int fd, int flags)
{
	s64 ret = put_path(p, s, fd);

	if (!ret)
		ret = stop_syscall(s, SYS_openat, (u64)AT_FDCWD, path_at(p), (u64)(flags | O_CLOEXEC), 0, 0, 0);
	if (ret >= 0)
		s->opens = true;
	else if (ret == -EACCES || ret == -EPERM || (ret == -ENOENT && stop_same_pids(p->pid)))
		ret = stop_send(s, path_at(p), fd, flags);
	return ret;
}

/* Can it open that? Asked in a way that leaves no descriptor there, should skep be killed now. A filter of its own may tell the calls apart. */
static bool opens_by_path(struct proc *p, struct stop *s, int fd, int flags)
{
	u64 mode = (flags & O_ACCMODE) == O_RDWR ? R_OK | W_OK : R_OK;

	if (!s->opens && !stop_is_sealed(s) && !put_path(p, s, fd))
		s->opens = !stop_syscall(s, SYS_faccessat2, (u64)AT_FDCWD, path_at(p), mode, AT_EACCESS, 0, 0);
	return s->opens;
}

/* The same as a command, the one of its kind in a list. */
static int add_open(struct proc *p, struct stop *s, int fd, int flags, u32 *ret)
{
	bool by_path = opens_by_path(p, s, fd, flags);
	s64 there = by_path ? put_path(p, s, fd) : open_there(p, s, fd, flags);

	if (there < 0)
		return (int)there;
	*ret = add_cmd(p, by_path ? SYS_CMD(SYS_openat, (u64)AT_FDCWD, path_at(p), (u64)(flags | O_CLOEXEC)) :
				     (struct agent_cmd){ .op = AGENT_CMD_VALUE, .arg = { (u64)there } });
	return 0;
}

/* ---- the agent itself ---- */
static void lay_out(struct proc *p, const struct blob *b, u64 base)
{
	u64 at = base;

	p->base = base;
	p->text = at, at += b->text;
	p->data = at, at += b->data;
	p->self = at, at += PAGE;
	p->ctl = at, at += ROUND_UP(sizeof(struct agent_ctl), PAGE);
	p->gates = at, at += PROC_GATES * PATCH_GATE;
	p->image = at, at += IMAGE_SIZE;
	p->image_end = at;
	p->heap = at, at += HEAP_SIZE;
	p->heap_end = at;
	at += ROUND_UP(CMD_ROOM, PAGE);
	p->size = at - base;
}

static bool has_rdpid(void)
{
	u32 a, b, c = 0, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_RDPID);
}

static int write_data(struct proc *p, const struct blob *b, struct stop *s)
{
	u8 *data = blob_data(b, p->base);
	struct agent_head *h;
	int err;

	if (!data)
		return -ENOMEM;
	h = (struct agent_head *)(void *)(data + (b->exp->head - b->text));
	*h = (struct agent_head){
		.magic = AGENT_MAGIC, .base = p->base, .size = p->size, .ctl = (struct agent_ctl *)p->ctl,
		.self = (struct agent_self *)p->self, .vdso_clock = b->vdso_clock ? s->vdso + b->vdso_clock : 0,
		.known_pid = (u32)p->pid, .has_rdpid = has_rdpid(), .ncpu = map_possible_cpus(),
		.exec_nr = p->fresh ? SYS_execve : 0,
	};
	err = stop_write(s, p->data, data, b->data);
	free(data);
	return err;
}

static int map_text(struct proc *p, const struct blob *b, struct stop *s)
{
	s64 fd = open_there(p, s, b->text_fd, O_RDONLY), at;

	if (fd < 0)
		return (int)fd;
	at = stop_syscall(s, SYS_mmap, p->text, b->text, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, (u64)fd, 0);
	stop_syscall(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
	return at < 0 ? (int)at : 0;
}

/* Control page, the page that forks wipe, helpers' addresses. */
static int finish(struct proc *p, const struct blob *b, struct stop *s)
{
	u64 table = proc_alloc(p, sizeof(p->helper)), size = p->gates - p->ctl;
	u32 fd;
	int err = table ? add_open(p, s, b->ctl_fd, O_RDWR, &fd) : -ENOMEM;

	if (err)
		return err;
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_mmap, .from = { [4] = (u8)fd },
				       .arg = { p->ctl, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED } });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_close, .from = { [0] = (u8)fd } });
	add_cmd(p, SYS_CMD(SYS_madvise, p->self, PAGE, MADV_WIPEONFORK));
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SELF });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_HELPERS, .arg = { table, PROC_BODIES } });
	err = run_cmds(p, b, s);
	if (!err)
		err = stop_read(s, table, p->helper, sizeof(p->helper));
	proc_release(p, table, sizeof(p->helper));
	return err;
}

void proc_guard(const struct proc *p, const struct blob *b, struct stop *s)
{
	stop_guard(s, p->heap_end, p->base + b->exp->work); /* below the stack there, which is larger by far than what it holds */
}

/* Blocks for the threads that there are, and no system call of the agent's own from here on. */
static int seal(struct proc *p, const struct blob *b, struct stop *s)
{
	int err = 0;

	for (u32 i = 0; !err && i < s->n; i++) {
		if (s->th[i].stopped)
			add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_THREAD,
						       .arg = { s->th[i].regs.fs_base, (u64)s->th[i].tid } });
		if (p->ncmds == PROC_CMDS / 2)
			err = run_cmds(p, b, s);
	}
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SEAL });
	return err ? err : run_cmds(p, b, s);
}

int proc_inject(struct proc *p, const struct blob *b, struct stop *s, struct str *why)
{
	int err, sealed = stop_is_sealed(s);
	s64 at;

	if (sealed > 1) {
		trace_say(why, "process %d: it is in seccomp's strict mode, where every system call of an agent would kill it",
			  p->pid);
		return -EOPNOTSUPP;
	}
	lay_out(p, b, 0);
	at = stop_syscall(s, SYS_mmap, 0, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~0ull, 0);
	if (at == -EOPNOTSUPP && sealed) {
		trace_say(
			why,
			"process %d: its own seccomp filter may kill it for system calls that it does not make by itself; only "
			"root (CAP_SYS_ADMIN, and no filter of its own) can set that aside",
			p->pid);
		return (int)at;
	}
	if (at < 0) {
		trace_say(why, "process %d: no memory for the agent: %s", p->pid, strerror((int)-at));
		return (int)at;
	}
	lay_out(p, b, (u64)at);
	err = map_text(p, b, s);
	if (!err)
		proc_guard(p, b, s);
	if (!err)
		err = write_data(p, b, s);
	if (!err)
		err = finish(p, b, s);
	if (!err && sealed)
		err = seal(p, b, s);
	if (err) {
		trace_say(why, "process %d: the agent cannot be put into it: %s", p->pid, strerror(-err));
		stop_unguard(s);
		stop_syscall(s, SYS_munmap, p->base, p->size, 0, 0, 0, 0);
		p->base = 0;
	}
	return err;
}

static u64 head_at(const struct proc *p, const struct blob *b) { return p->base + b->exp->head; }

/*
 * Blocks of threads: the agent's list. Calls fn for each; stops at non-zero. They go from the list's end on (proc_eject()): it ends
 * where there is none any more, and where one was there may be something of the process's own.
 */
static int each_block(const struct proc *p, const struct blob *b, const struct stop *s,
		      int (*fn)(void *arg, u64 at, const struct agent_thread *t), void *arg)
{
	const size_t part = offsetof(struct agent_thread, env);
	struct agent_head h;
	union { struct agent_thread t; u8 bytes[1]; } *u;
	u64 at;
	int err = stop_read(s, head_at(p, b), &h, sizeof(h));

	u = malloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	at = (u64)(uintptr_t)h.threads;
	for (u32 n = 0; !err && at && n < 100000; n++) {
		if (stop_read(s, at, u->bytes, part) || (u64)(uintptr_t)u->t.self != at)
			break;
		err = fn(arg, at, &u->t);
		at = (u64)(uintptr_t)u->t.next;
	}
	free(u);
	return err;
}

/* The block of a thread: at its gs base, or (where the process uses gs itself) found by its number. */
struct search { const struct stop_thread *th; struct agent_thread *t; };

static bool is_block_of(const struct agent_thread *t, const struct stop_thread *th)
{
	return th->regs.fs_base ? t->fs == th->regs.fs_base : t->tid == (u32)th->tid;
}

static int is_block(void *arg, u64 at, const struct agent_thread *t)
{
	struct search *f = arg;

	(void)at;
	if (!is_block_of(t, f->th))
		return 0;
	memcpy(f->t, t, offsetof(struct agent_thread, env));
	return 1;
}

struct agent_thread *proc_block(const struct proc *p, const struct blob *b, const struct stop *s, const struct stop_thread *th)
{
	union { struct agent_thread t; u8 bytes[1]; } *u = malloc(sizeof(*u));
	u64 at = th->regs.gs_base;
	struct search f = { th, &u->t };

	if (!u)
		return NULL;
	if (at && !stop_read(s, at, u->bytes, offsetof(struct agent_thread, env)) && (u64)(uintptr_t)u->t.self == at &&
	    at - p->base >= p->size && is_block_of(&u->t, th))
		return &u->t;
	if (each_block(p, b, s, is_block, &f) == 1)
		return &u->t;
	free(u);
	return NULL;
}

struct unmap { struct stop *s; u64 *at; u32 n, cap; };

/* Functions that are yet to return to a trampoline get their addresses back. */
static void give_back(const struct unmap *u, u64 at, const struct agent_thread *t)
{
	struct agent_shadow e;
	struct agent_site site;
	u64 now;

	for (u32 i = 0; i < t->nshadow && i < AGENT_SHADOW; i++)
		if (!stop_read(u->s, at + offsetof(struct agent_thread, shadow) + i * sizeof(e), &e, sizeof(e)) && e.sp &&
		    !stop_read(u->s, (u64)(uintptr_t)e.site, &site, sizeof(site)) && site.ret_at &&
		    !stop_read(u->s, e.sp, &now, 8) && now == site.ret_at)
			stop_write(u->s, e.sp, &e.ra, 8);
}

static int forget_block(void *arg, u64 at, const struct agent_thread *t)
{
	struct unmap *u = arg;
	u64 *v;

	if (t->busy)
		return 1;
	for (u32 i = 0; i < u->s->n; i++)
		if (!u->s->th[i].stopped && (u32)u->s->th[i].tid == t->tid)
			return 1; /* its gs leads here, and cannot be changed now */
	for (u32 i = 0; i < u->s->n; i++)
		if (u->s->th[i].stopped && u->s->th[i].regs.gs_base == at) {
			u->s->th[i].regs.gs_base = 0;
			u->s->th[i].changed = true;
		}
	give_back(u, at, t);
	v = grow(u->at, u->n, &u->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	u->at = v;
	v[u->n++] = at;
	return 0;
}

/* Is all of the range mapped, as something that was put there? */
struct ours { u64 at, end; };

static int find_ours(void *arg, struct vma *v)
{
	struct ours *o = arg;
	bool file = strstr(v->path, "memfd:"), code = !*v->path && v->exec && !v->write;

	if (v->end <= o->at || v->start >= o->end)
		return 0;
	/* the page in front of a map's file may lie in one mapping with what is before it */
	return file || code || (!*v->path && v->write && v->end == o->at + PAGE) ? 0 : 1;
}

/*
 * What lies outside of the reservation, by the records of it. Each is taken out of the list when it is gone: of one that was gone already
 * when a supervisor was killed, the process may have mapped something there since.
 */
static int unmap_ranges(struct proc *p, const struct blob *b, struct stop *s, bool doubt)
{
	const u64 first = head_at(p, b) + offsetof(struct agent_head, ranges);
	struct agent_range r;
	u64 at;
	int err = stop_read(s, first, &at, 8);

	for (u32 n = 0; !err && at && n < 1000000; n++, at = r.next) {
		struct ours o;

		err = stop_read(s, at, &r, sizeof(r));
		if (err)
			break;
		o = (struct ours){ r.at, r.at + r.size };
		if (!doubt || !maps_each(p->pid, find_ours, &o))
			stop_syscall(s, SYS_munmap, r.at, r.size, 0, 0, 0, 0);
		doubt = false; /* the others are named as they are mapped */
		err = stop_write(s, first, &r.next, 8);
	}
	return err;
}

/*
 * The mappings go by system calls of the stopped thread, in the end by a bare munmap. In an order in which each moment can be taken over
 * from (proc_clean()): what is named in the head or in a list is there, but for the last one of the blocks and the first of the ranges.
 */
static int eject(struct proc *p, const struct blob *b, struct stop *s, bool doubt)
{
	struct unmap u = { .s = s };
	int err;

	err = net_off(p, b, s);
	if (!err)
		err = proc_quiet(p, b, s);
	if (!err)
		err = stand_off_net(p, b, s);
	if (!err)
		err = stand_clear(p, b, s);
	if (!err)
		err = each_block(p, b, s, forget_block, &u);
	if (!err) {
		stop_flush(s);
		while (u.n)
			stop_syscall(s, SYS_munmap, u.at[--u.n], AGENT_BLOCK_SIZE, 0, 0, 0, 0);
		err = unmap_ranges(p, b, s, doubt);
	}
	free(u.at);
	if (err)
		return err > 0 ? -EBUSY : err;
	stop_unguard(s);
	stop_syscall(s, SYS_munmap, p->base, p->size, 0, 0, 0, 0);
	p->base = 0;
	return 0;
}

int proc_eject(struct proc *p, const struct blob *b, struct stop *s) { return eject(p, b, s, false); }

void proc_forget(struct proc *p)
{
	for (u32 c = 0; c < PROC_CLASSES; c++)
		while (p->free[c]) {
			struct piece *f = p->free[c];

			p->free[c] = f->next;
			free(f);
		}
	for (u32 i = 0; i < p->nmaps; i++)
		obj_put(&p->maps[i].map->obj);
	for (u32 i = 0; i < p->ntexts; i++)
		free(p->texts[i].taken);
	free(p->texts);
	while (p->spare) {
		struct piece *f = p->spare;

		p->spare = f->next;
		free(f);
	}
	p->placed = p->ranges = 0;
	p->leaving = p->unwinds = p->net = false;
	p->ngates = 0;
	p->texts = NULL;
	p->ntexts = 0;
	free(p->calls);
	p->calls = NULL;
	p->nmaps = p->nprogs = p->nsites = p->nareas = p->ncmds = 0;
	proc_unindex(p);
	p->base = 0;
}

static void *copy_of(const void *p, u32 n, size_t size)
{
	void *c = malloc(n * size + 1);

	if (c)
		memcpy(c, p ? p : "", n * size);
	return c;
}

int proc_copy(struct proc *p, const struct proc *from)
{
	struct proc own = *p;

	*p = *from;
	p->next = own.next;
	p->pid = own.pid;
	p->start = own.start;
	p->ncmds = 0;
	p->pending = p->execing = p->broken = false;
	memset(p->free, 0, sizeof(p->free)); /* what was free there is lost here */
	p->spare = NULL;
	p->texts = NULL;
	p->ntexts = 0;
	p->ready = NULL;
	p->nready = p->readycap = 0;
	p->index = p->order = NULL;
	p->nindex = p->indexed = p->ordered = 0;
	p->maps = copy_of(from->maps, p->mapcap = p->nmaps, sizeof(*p->maps));
	p->progs = copy_of(from->progs, p->progcap = p->nprogs, sizeof(*p->progs));
	p->sites = copy_of(from->sites, p->sitecap = p->nsites, sizeof(*p->sites));
	p->areas = copy_of(from->areas, p->areacap = p->nareas, sizeof(*p->areas));
	p->calls = from->calls ? copy_of(from->calls, 1, sizeof(*p->calls)) : NULL;
	if (!p->maps || !p->progs || !p->sites || !p->areas || (from->calls && !p->calls)) {
		free(p->maps);
		free(p->progs);
		free(p->sites);
		free(p->areas);
		free(p->calls);
		*p = own;
		return -ENOMEM;
	}
	for (u32 i = 0; i < p->nmaps; i++)
		obj_get(&p->maps[i].map->obj);
	return 0;
}

int proc_peek(pid_t pid, u64 from, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)from, n };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

void proc_free(struct proc *p)
{
	proc_forget(p);
	proc_unprepare(p);
	free(p->index);
	free(p->order);
	free(p->maps);
	free(p->progs);
	free(p->sites);
	free(p->areas);
	free(p);
}

/* ---- records ---- */
int proc_note_range(struct proc *p, const struct blob *b, struct stop *s, u64 at, u64 size)
{
	struct agent_range r = { p->ranges, at, size };
	u64 to = proc_alloc(p, sizeof(r));
	int err = to ? stop_write(s, to, &r, sizeof(r)) : -ENOMEM;

	if (!err)
		err = stop_write(s, head_at(p, b) + offsetof(struct agent_head, ranges), &to, 8);
	if (!err)
		p->ranges = to;
	return err;
}

/* The last one that was noted is not there. */
void proc_unnote_range(struct proc *p, const struct blob *b, struct stop *s)
{
	u64 next, at = p->ranges;

	if (!stop_read(s, at, &next, 8) && !stop_write(s, head_at(p, b) + offsetof(struct agent_head, ranges), &next, 8)) {
		p->ranges = next;
		proc_release(p, at, sizeof(struct agent_range));
	}
}

#define RECORDS 64u /* had at once */

/* More of them, in the list and unused. */
static int more_records(struct proc *p, const struct blob *b, struct stop *s)
{
	struct agent_placed *v = calloc(RECORDS, sizeof(*v));
	u64 at = v ? proc_alloc(p, RECORDS * sizeof(*v)) : 0;
	int err = at ? 0 : -ENOMEM;

	for (u32 i = 0; !err && i < RECORDS; i++)
		v[i].next = i ? at + (i - 1) * sizeof(*v) : p->placed;
	if (!err)
		err = stop_write(s, at, v, RECORDS * sizeof(*v));
	free(v);
	if (err)
		return err;
	at += (RECORDS - 1) * sizeof(*v);
	err = stop_write(s, head_at(p, b) + offsetof(struct agent_head, placed), &at, 8);
	if (err)
		return err;
	p->placed = at;
	for (u32 i = 0; i < RECORDS; i++, at -= sizeof(*v)) {
		struct piece *f = malloc(sizeof(*f));

		if (!f)
			return i ? 0 : -ENOMEM;
		*f = (struct piece){ at, p->spare };
		p->spare = f;
	}
	return 0;
}

int proc_note_site(struct proc *p, const struct blob *b, struct stop *s, struct proc_site *site)
{
	int err = p->spare ? 0 : more_records(p, b, s);
	struct piece *spare = p->spare;

	if (err)
		return err;
	site->remote = spare->at;
	p->spare = spare->next;
	free(spare);
	return 0;
}

/* ---- what another supervisor left ---- */
static int find_text(void *arg, struct vma *v)
{
	*(u64 *)arg = v->start;
	return v->exec && strstr(v->path, "memfd:skep-agent");
}

static int read_placed(struct proc *p, struct stop *s, u64 at)
{
	struct agent_placed r;

	for (u32 n = 0; at && n < 1000000; n++, at = r.next) {
		struct proc_site *v;

		if (stop_read(s, at, &r, sizeof(r)))
			return -EFAULT;
		if (!r.plan.tramp && !r.counter)
			continue;
		if (r.plan.len > sizeof(r.plan.new) || r.plan.nmap > PATCH_MAX_MAP)
			return -EFAULT;
		v = proc_new_site(p, r.site.addr, r.site.kind);
		if (!v)
			return -ENOMEM;
		v->remote = at;
		v->plan = r.plan;
		v->tramp = r.plan.tramp;
		v->returns = r.returns;
		v->ref_ctr = r.counter;
	}
	return 0;
}

static int read_ranges(struct proc *p, struct stop *s, u64 at)
{
	struct agent_range r;

	for (u32 n = 0; at && n < 1000000; n++, at = r.next) {
		struct proc_area *v = grow(p->areas, p->nareas, &p->areacap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		p->areas = v;
		if (stop_read(s, at, &r, sizeof(r)))
			return -EFAULT;
		v[p->nareas++] = (struct proc_area){ .at = r.at, .size = r.size, .used = r.size, .pun = true };
	}
	return 0;
}

/* The same build, and nobody there who minds it. */
static int abandoned(struct proc *p, const struct blob *b, struct stop *s, struct agent_head *h, struct str *why)
{
	static const struct agent_head none;
	struct agent_exports e;
	struct agent_ctl c;
	u64 base = 0;

	if (maps_each(p->pid, find_text, &base) != 1)
		return -ENOENT;
	if (stop_read(s, base, &e, sizeof(e)) || memcmp(&e, b->exp, sizeof(e))) {
		trace_say(why, "process %d: another build of skep traces it, or did when it was killed", p->pid);
		return -EBUSY;
	}
	lay_out(p, b, base);
	proc_guard(p, b, s);
	if (stop_read(s, head_at(p, b), h, sizeof(*h)))
		return -EBUSY;
	if (!memcmp(h, &none, sizeof(none)))
		return 0; /* no more than its code was there */
	if (h->magic != AGENT_MAGIC || h->base != base || h->size != p->size ||
	    stop_read(s, p->ctl, &c, offsetof(struct agent_ctl, req))) {
		trace_say(why, "process %d: something that is not skep's agent looks like it", p->pid);
		return -EBUSY;
	}
	if (c.server && proc_start_time((pid_t)c.server) == c.server_start) {
		trace_say(why, "process %d: skep %u traces it", p->pid, c.server);
		return -EBUSY;
	}
	return 0;
}

static bool any_site(const struct proc_site *site) { return site->plan.tramp; }

int proc_clean(pid_t pid, const struct blob *b, struct stop *s, struct str *why)
{
	struct proc *p = calloc(1, sizeof(*p));
	struct agent_head h;
	int err, first = 0;

	if (!p)
		return -ENOMEM;
	p->pid = pid;
	err = abandoned(p, b, s, &h, why);
	if (!err)
		err = read_placed(p, s, h.placed);
	if (!err)
		err = read_ranges(p, s, h.ranges);
	p->net = !err && h.net;
	if (!err)
		sites_restore(p, b, s, any_site);
	for (u32 i = 0; !err && i < p->nsites; i++) {
		int one = site_remove(p, b, s, &p->sites[i]);

		site_uncount(p, s, &p->sites[i]);
		first = first ? first : one;
	}
	err = err ? err : first;
	if (!err)
		err = eject(p, b, s, true);
	if (err && why && !why->len)
		trace_say(why, "process %d: what a skep that was killed left in it cannot be taken out now: %s", pid,
			  strerror(-err));
	proc_free(p);
	return err == -ENOENT ? 0 : err ? -EBUSY : 0;
}

/* ---- maps ---- */
/* Does the agent have what programs do with such a map? */
static bool map_works(const struct proc *p, const struct blob *b, struct stop *s, const struct map *m)
{
	u64 ops = 0;

	return !stop_read(s, p->base + b->exp->map_ops + m->desc.type * 8, &ops, 8) && ops;
}

/* The view as the agent completes it: offsets in place of pointers. */
static int put_view(struct stop *s, u64 at, const struct map *m, u64 bell, u64 table)
{
	struct map v = *m;
	u64 base = (u64)(uintptr_t)m->base;
#define REBASE(field) v.field = m->field ? (void *)((u64)(uintptr_t)m->field - base) : NULL
	REBASE(head);
	REBASE(data);
	REBASE(nodes);
	REBASE(table);
	REBASE(aux);
#undef REBASE
	memset(&v.obj, 0, sizeof(v.obj));
	v.obj.id = m->obj.id;
	v.obj.memfd = -1;
	v.ops = NULL;
	v.type = NULL;
	v.self = NULL;
	v.base = NULL;
	v.desc.btf = NULL;
	v.objs = m->objs && !m->images ? (struct obj **)table : NULL;
	v.images = m->images ? (const struct image **)table : NULL;
	v.record = NULL;
	v.inner_desc = NULL;
	v.btf_obj = v.inner_ref = v.inner_btf = NULL;
	v.sinks = m->sinks ? (struct perf_sink **)table : NULL;
	v.resolve = NULL;
	v.in_slot = NULL;
	v.image_of = NULL;
	v.prog_ok = NULL;
	v.field_free = NULL;
	v.gone = NULL;
	v.user = NULL;
	v.ring_owner = 0;
	v.wake_fd = -1;
	v.bell = (struct map_bell *)bell;
	return stop_write(s, at, &v, sizeof(v));
}

/* What a map holds beside numbers: addresses by slot. */
static u32 table_slots(const struct map *m)
{
	if (!m->sinks && !m->objs)
		return 0;
	return m->objs && m->nnodes ? m->nnodes + 1 : m->desc.max_entries;
}

static int make_table(struct proc *p, struct stop *s, u32 n, u64 *ret)
{
	void *zero = calloc(n, 8);
	int err = zero && (*ret = proc_alloc(p, n * 8ull)) ? stop_write(s, *ret, zero, n * 8ull) : -ENOMEM;

	free(zero);
	return err;
}

/* The event that is in the slot now: its ring is mapped, and the slot says where. */
int proc_add_sink(struct proc *p, const struct blob *b, struct stop *s, u32 map_id, u32 slot, const struct proc_sink *k)
{
	struct agent_sink v = { .size = k->size, .mark = k->mark, .cpu = k->cpu, .overwrite = k->overwrite };
	const struct proc_map *m = proc_map_by_id(p, map_id);
	u32 fd, ring;
	u64 at;
	int err;

	if (!m || slot >= m->ntable)
		return -ENOENT;
	at = proc_alloc(p, sizeof(v));
	err = at ? add_open(p, s, k->fd, O_RDWR, &fd) : -ENOMEM;
	if (err)
		return err;
	ring = add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_mmap, .from = { [4] = (u8)fd },
					      .arg = { 0, k->size + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED } });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_close, .from = { [0] = (u8)fd } });
	err = run_cmds(p, b, s);
	if (err)
		return err;
	v.page = (u8 *)p->cmd[ring - 1].ret;
	err = proc_note_range(p, b, s, (u64)p->cmd[ring - 1].ret, k->size + PAGE);
	if (!err)
		err = stop_write(s, at, &v, sizeof(v));
	return err ? err : stop_write(s, m->table + slot * 8ull, &at, 8);
}

const struct proc_map *proc_map_by_id(const struct proc *p, u32 id)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i].map->obj.id == id)
			return &p->maps[i];
	return NULL;
}

/* ---- maps and programs in maps ---- */
/* What slot `i` refers to, referenced; or NULL. */
static struct obj *object_in(struct map *m, u32 i)
{
	struct obj *o;

	pthread_mutex_lock(&m->objs_lock);
	o = m->objs[i] ? obj_get(m->objs[i]) : NULL;
	pthread_mutex_unlock(&m->objs_lock);
	return o;
}

int proc_add_obj(struct proc *p, const struct blob *b, struct stop *s, const struct proc_map *pm, u32 slot, struct str *why)
{
	const u64 table = pm->table;
	const struct proc_prog *prog;
	struct obj *o;
	u64 at = 0;
	int err;

	if (slot >= pm->ntable || !pm->map->objs)
		return -ENOENT;
	o = object_in(pm->map, slot);
	if (!o)
		return -ENOENT;
	if (o->kind == OBJ_MAP) {
		err = proc_add_map(p, b, s, map_of(o), &at, why);
	} else {
		err = proc_prog(p, b, s, prog_of(o), &prog, why);
		at = err ? 0 : prog->image;
	}
	obj_put(o);
	return err ? err : stop_write(s, table + slot * 8ull, &at, 8);
}

#define FILL_MAX 4096u /* of a map's slots: what lies behind comes when it is asked for */

static int fill_map(struct proc *p, const struct blob *b, struct stop *s, u32 which, struct str *why)
{
	u32 n = MIN(p->maps[which].ntable, FILL_MAX);
	int err = 0;

	for (u32 i = 0; !err && i < n && p->maps[which].map->objs; i++) {
		u64 has = 0;

		if (!__atomic_load_n(&p->maps[which].map->objs[i], __ATOMIC_ACQUIRE) ||
		    stop_read(s, p->maps[which].table + i * 8ull, &has, 8) || has)
			continue;
		err = proc_add_obj(p, b, s, &p->maps[which], i, why);
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

int proc_fill(struct proc *p, const struct blob *b, struct stop *s, struct str *why)
{
	int err = 0;

	for (u32 i = 0; !err && i < p->nmaps; i++) /* there may be more of them at the end than now */
		if (p->maps[i].map->objs)
			err = fill_map(p, b, s, i, why);
	return err;
}

int proc_add_map(struct proc *p, const struct blob *b, struct stop *s, struct map *m, u64 *ret, struct str *why)
{
	bool fixed = m->frozen;
	u64 view, range, table = 0, prot = fixed ? PROT_READ : PROT_READ | PROT_WRITE;
	struct proc_map *v;
	u32 fd, at, ntable = table_slots(m);
	int err;

	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i].map == m) {
			*ret = p->maps[i].at;
			return 0;
		}
	if (!map_works(p, b, s, m)) { /* or nothing that they could do */
		trace_say(why, "map %s: programs in other processes cannot use maps of type %s", m->desc.name,
			   map_spec_by_id(m->desc.type)->name);
		return -EOPNOTSUPP;
	}
	v = grow(p->maps, p->nmaps, &p->mapcap, sizeof(*v));
	view = proc_alloc(p, sizeof(*m));
	if (!v || !view)
		return -ENOMEM;
	p->maps = v;
	err = ntable ? make_table(p, s, ntable, &table) : 0;
	if (!err)
		err = put_view(s, view, m, p->ctl + offsetof(struct agent_ctl, bell), table);
	range = proc_alloc(p, sizeof(struct agent_range));
	if (!err)
		err = range ? stop_write(s, range, &(struct agent_range){ .size = m->file_size + PAGE }, sizeof(struct agent_range)) :
			      -ENOMEM;
	if (err) {
		trace_say(why, "map %s: no room for it in process %d", m->desc.name, p->pid);
		return err;
	}
	err = add_open(p, s, m->obj.memfd, fixed ? O_RDONLY : O_RDWR, &fd);
	if (err) {
		trace_say(why, "map %s cannot be opened in process %d: %s", m->desc.name, p->pid, strerror(-err));
		return err;
	}
	/* in front of the file a page that says which map it is */
	at = add_cmd(p, SYS_CMD(SYS_mmap, 0, m->file_size + PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, ~0ull, 0));
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_mmap, .from = { [0] = (u8)at, [4] = (u8)fd },
				       .arg = { PAGE, m->file_size, prot, MAP_SHARED | MAP_FIXED } });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_close, .from = { [0] = (u8)fd } });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_MAP, .from = { [1] = (u8)at }, .arg = { view, PAGE, range } });
	err = run_cmds(p, b, s);
	if (stop_read(s, head_at(p, b) + offsetof(struct agent_head, ranges), &p->ranges, 8) && !err)
		err = -EFAULT;
	if (err) {
		trace_say(why, "map %s cannot be mapped in process %d: %s", m->desc.name, p->pid, strerror(-err));
		proc_release(p, view, sizeof(*m));
		return err;
	}
	p->maps[p->nmaps++] = (struct proc_map){ map_of(obj_get(&m->obj)), view, (u64)p->cmd[at - 1].ret + PAGE, m->file_size,
						 table, ntable };
	*ret = view;
	return 0;
}

static u64 file_of(const struct proc *p, u64 view)
{
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i].at == view)
			return p->maps[i].file;
	return 0;
}

/* ---- programs ---- */
static u64 kfunc_there(const struct proc *p, const char *name)
{
	const struct kfunc_spec *k = kfunc_by_name(name);

	return k ? p->helper[UAPI_HELPERS + (u32)(k - kfunc_spec)] : 0;
}

/* Text goes through a ring that all processes share. */
static int want_printk(struct proc *p, const struct blob *b, struct stop *s, struct str *why)
{
	u64 view;
	int err = b->printk ? proc_add_map(p, b, s, b->printk, &view, why) : 0;

	return err || !b->printk ? err : stop_write(s, head_at(p, b) + offsetof(struct agent_head, printk), &view, 8);
}

static int slot_value(struct proc *p, const struct blob *b, struct stop *s, const struct lower_ref *r, u64 *ret, struct str *why)
{
	struct map *m = (struct map *)(uintptr_t)r->map;
	u64 view = 0;
	int err = 0;

	*ret = 0;
	switch ((enum lower_ref_kind)r->kind) {
	case LREF_HELPER:
		if (r->id == BPF_FUNC_trace_printk || r->id == BPF_FUNC_trace_vprintk)
			err = want_printk(p, b, s, why);
		if (err)
			return err;
		*ret = r->id < UAPI_HELPERS ? p->helper[r->id] : 0;
		if (!*ret)
			trace_say(why, "helper %s is not available inside processes",
				  helper_by_id(r->id) ? helper_by_id(r->id)->name : "?");
		return *ret ? 0 : -EOPNOTSUPP;
	case LREF_MAP:
	case LREF_MAP_VALUE:
	case LREF_MAP_LOOKUP:
	case LREF_MAP_MAPS:
	case LREF_MAP_IN_SLOT:
		err = proc_add_map(p, b, s, m, &view, why);
		if (err)
			return err;
		*ret = view;
		if (r->kind == LREF_MAP_VALUE)
			*ret = file_of(p, view) + (u64)(m->data - m->base) + r->off;
		else if (r->kind == LREF_MAP_LOOKUP)
			err = stop_read(s, view + offsetof(struct map, lookup), ret, 8);
		else if (r->kind == LREF_MAP_MAPS)
			err = stop_read(s, view + offsetof(struct map, objs), ret, 8);
		else if (r->kind == LREF_MAP_IN_SLOT)
			err = stop_read(s, view + offsetof(struct map, in_slot), ret, 8);
		return err;
	case LREF_OP:
		return stop_read(s, p->base + b->exp->bodies + r->id * 8, ret, 8);
	case LREF_SERVICE:
		*ret = p->base + (r->id == JIT_TAIL_CALL ? b->exp->tail_call : r->id == JIT_POLL ? b->exp->poll : b->exp->may_goto);
		return 0;
	case LREF_ARENA:
		err = proc_add_map(p, b, s, m, &view, why);
		if (err)
			return err;
		*ret = r->off ? view + offsetof(struct map, arena_sink) + (r->off == LREF_ARENA_WRITES ? 16 : 0) :
				file_of(p, view) + (u64)(m->data - m->base);
		return 0;
	case LREF_KFUNC:
		*ret = kfunc_there(p, r->name);
		if (!*ret)
			trace_say(why, "kernel function %s is not available inside processes", r->name);
		return *ret ? 0 : -EOPNOTSUPP;
	case LREF_BTF:
		trace_say(why, "%s is not available inside processes", r->name);
		return -EOPNOTSUPP;
	default:
		trace_say(why, "the program needs what other processes do not have");
		return -EOPNOTSUPP;
	}
}

/* The sealed pages and, below them, the table. */
static int map_image(struct proc *p, const struct blob *b, struct stop *s, const struct jit_portable *j, u64 at)
{
	int fd = jit_portable_file(j), err;
	u32 n;

	if (fd < 0)
		return fd;
	err = add_open(p, s, fd, O_RDONLY, &n);
	if (err) {
		close(fd);
		return err;
	}
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_mmap, .from = { [4] = (u8)n },
				       .arg = { at, j->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED } });
	add_cmd(p, (struct agent_cmd){ .op = AGENT_CMD_SYSCALL, .nr = SYS_close, .from = { [0] = (u8)n } });
	err = run_cmds(p, b, s);
	close(fd);
	return err;
}

/* struct image and its subprograms. */
static int put_image(struct proc *p, struct stop *s, const struct prog *prog, const struct jit_portable *j, u64 at, u64 *ret)
{
	u64 subs = proc_alloc(p, sizeof(struct image_sub) * prog->image.nsubs), img = proc_alloc(p, sizeof(struct image));
	struct image i = prog->image;
	int err = subs && img ? 0 : -ENOMEM;

	i.ops = NULL;
	i.sub = (const struct image_sub *)subs;
	i.entry = (u64 (*)(void *, struct run *))(at + j->entry);
	i.tail = i.entry; /* runs there have a landing when they may tail call */
	i.hop = (void *)(at + j->hop);
	i.jit_call = (u64 (*)(void *, u64, u64, u64, u64, u64, struct run *))(at + j->call);
	i.code = NULL;
	i.code_off = NULL;
	i.prog = (void *)(uintptr_t)prog->obj.id; /* what tells it from a later one in the same slot */
	for (u32 k = 0; !err && k < prog->image.nsubs; k++) {
		struct image_sub sub = prog->image.sub[k];

		sub.jit = (void *)(at + j->sub_entry[k]);
		err = stop_write(s, subs + k * sizeof(sub), &sub, sizeof(sub));
	}
	if (!err)
		err = stop_write(s, img, &i, sizeof(i));
	*ret = img;
	return err;
}

/* Its values live in lanes: only one run at a time may be in one. */
static bool needs_lane(const struct prog *prog)
{
	for (u32 i = 0; i < prog->nmaps; i++) {
		const struct map_desc *inner = prog->maps[i]->inner_desc;

		if (prog->maps[i]->ncpu > 1 || (inner && map_spec_by_id(inner->type)->value == MV_PERCPU))
			return true;
	}
	return prog->image.may_tail_call; /* to whatever is there by then */
}

/* Does it ask for the processor it runs on, or call what may? */
static bool needs_cpu(const struct prog *prog, const struct jit_portable *j)
{
	for (u32 i = 0; i < prog->image.n; i++)
		if (prog->image.ops[i].op == OP_GET_CPU)
			return true;
	for (u32 i = 0; i < j->nslots; i++)
		if (j->slot[i].kind != LREF_MAP && j->slot[i].kind != LREF_MAP_VALUE)
			return true;
	return needs_lane(prog);
}

static int place_prog(struct proc *p, const struct blob *b, struct stop *s, const struct prog *prog,
		      const struct jit_portable *j, struct proc_prog *ret, struct str *why)
{
	u64 table = ROUND_UP(j->nslots * 8ull, PAGE), at = p->image + table, *slots;
	int err = 0;

	if (p->image_end - p->image < table + j->size)
		return -ENOMEM;
	slots = calloc(table / 8 + 1, 8);
	if (!slots)
		return -ENOMEM;
	for (u32 i = 0; !err && i < j->nslots; i++)
		err = slot_value(p, b, s, &j->slot[i], &slots[table / 8 - 1 - i], why);
	if (!err && table)
		err = stop_write(s, p->image, slots, table);
	free(slots);
	if (!err)
		err = map_image(p, b, s, j, at);
	if (!err)
		err = put_image(p, s, prog, j, at, &ret->image);
	if (err)
		return err;
	ret->id = prog->obj.id;
	ret->entry = at + j->entry;
	ret->flags = (needs_lane(prog) ? AGENT_NEEDS_LANE : 0) | (needs_cpu(prog, j) ? AGENT_NEEDS_CPU : 0) |
		     (prog->image.may_throw || prog->image.may_tail_call ? AGENT_MAY_THROW : 0);
	ret->bare = j->bare;
	ret->reads = j->reads_ctx;
	ret->at = p->image;
	ret->size = table + j->size;
	p->image += ret->size;
	return 0;
}

void proc_prepare(struct proc *p, struct prog *prog)
{
	struct proc_ready *v;

	for (u32 i = 0; i < p->nprogs; i++)
		if (p->progs[i].id == prog->obj.id)
			return;
	for (u32 i = 0; i < p->nready; i++)
		if (p->ready[i].id == prog->obj.id)
			return;
	v = grow(p->ready, p->nready, &p->readycap, sizeof(*v));
	if (!v)
		return;
	p->ready = v;
	v[p->nready] = (struct proc_ready){ .id = prog->obj.id };
	if (!prog_portable(prog, &v[p->nready].image)) /* else the reason is asked for later */
		p->nready++;
}

void proc_unprepare(struct proc *p)
{
	for (u32 i = 0; i < p->nready; i++)
		jit_portable_free(&p->ready[i].image);
	free(p->ready);
	p->ready = NULL;
	p->nready = p->readycap = 0;
}

static bool take_ready(struct proc *p, u32 id, struct jit_portable *ret)
{
	for (u32 i = 0; i < p->nready; i++)
		if (p->ready[i].id == id) {
			*ret = p->ready[i].image;
			p->ready[i] = p->ready[--p->nready];
			return true;
		}
	return false;
}

int proc_prog(struct proc *p, const struct blob *b, struct stop *s, struct prog *prog, const struct proc_prog **ret,
	      struct str *why)
{
	struct jit_portable j = { 0 };
	struct proc_prog *v;
	int err;

	for (u32 i = 0; i < p->nprogs; i++)
		if (p->progs[i].id == prog->obj.id) {
			*ret = &p->progs[i];
			return 0;
		}
	v = grow(p->progs, p->nprogs, &p->progcap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->progs = v;
	err = take_ready(p, prog->obj.id, &j) ? 0 : prog_portable(prog, &j);
	if (err) {
		trace_say(why, "program %s cannot be compiled for other processes: %s", prog->name,
			   *prog->unrunnable ? prog->unrunnable : strerror(-err));
		return err;
	}
	err = place_prog(p, b, s, prog, &j, &p->progs[p->nprogs], why);
	jit_portable_free(&j);
	if (err)
		return err;
	*ret = &p->progs[p->nprogs++];
	return 0;
}
