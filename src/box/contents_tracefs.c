/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracefs as clients see it: ids and formats of tracepoints (hook/tracepoint.h), uprobe_events, and trace_pipe, where bpf_printk goes.
 *
 * A client writes to uprobe_events into a pipe, which is read before anything else of tracefs is looked at. Directories are real ones
 * in the box's directory, made when one is first opened; their files are empty, since each is served by a row of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ksym.h"
#include "box/files.h"
#include "box/priv.h"
#include "helper/run_env.h"
#include "hook/ksys.h"
#include "hook/perf.h"
#include "hook/tracepoint.h"

static struct hooks *hooks(struct notif *n) { return n->box->skep->hooks; }

/* ---- uprobe_events ---- */
/* An open file that a client writes lines to. */
struct writer {
	struct writer *next;
	int fd;
	pid_t pid;
	bool truncate;
};
static struct writer *writers;
static pthread_mutex_t writers_lock = PTHREAD_MUTEX_INITIALIZER;

/* Take in what was written so far. */
static void drain_writers(struct hooks *h)
{
	struct writer **p, *w;
	char text[4096], root[40];
	ssize_t n;

	pthread_mutex_lock(&writers_lock);
	for (p = &writers; (w = *p);) {
		while ((n = recv(w->fd, text, sizeof(text), MSG_DONTWAIT)) > 0) {
			snprintf(root, sizeof(root), "/proc/%d/root", w->pid);
			uprobe_events_write(h, text, (size_t)n, w->truncate, root);
			w->truncate = false;
		}
		if (n < 0 && errno == EAGAIN) {
			p = &w->next;
			continue;
		}
		*p = w->next; /* closed */
		close(w->fd);
		free(w);
	}
	pthread_mutex_unlock(&writers_lock);
}

int file_uprobe_events(struct notif *n, const struct match *m, int flags)
{
	struct writer *w;
	int pair[2];

	(void)m;
	drain_writers(hooks(n));
	if ((flags & O_ACCMODE) == O_RDONLY || flags & O_PATH) {
		struct str text = { 0 };
		int fd;

		uprobe_events_text(hooks(n), &text);
		fd = file_of_text("uprobe_events", str_text(&text), text.len);
		str_free(&text);
		return fd;
	}
	w = calloc(1, sizeof(*w));
	if (!w || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		free(w);
		return -ENOMEM;
	}
	*w = (struct writer){ .fd = pair[0], .pid = n->client->pid, .truncate = flags & O_TRUNC };
	pthread_mutex_lock(&writers_lock);
	w->next = writers;
	writers = w;
	pthread_mutex_unlock(&writers_lock);
	return pair[1];
}

/* ---- tracepoints ---- */
static const struct tracepoint *tracepoint_of(struct notif *n, const struct match *m)
{
	drain_writers(hooks(n));
	return tracepoint_by_name(hooks(n), m->star[0], m->star[1]);
}

int file_event_id(struct notif *n, const struct match *m, struct str *out)
{
	const struct tracepoint *tp = tracepoint_of(n, m);

	if (!tp) { /* who asks for the number is about to attach to it */
		tracepoint_refuse(m->star[1], &n->reason);
		note_attach(n, -EOPNOTSUPP);
		return -ENOENT;
	}
	str_printf(out, "%u\n", tp->id);
	return 0;
}

int file_event_format(struct notif *n, const struct match *m, struct str *out)
{
	const struct tracepoint *tp = tracepoint_of(n, m);

	if (!tp)
		return -ENOENT;
	tracepoint_format(hooks(n), tp, out);
	return 0;
}

int file_event_enable(struct notif *n, const struct match *m, struct str *out)
{
	if (!tracepoint_of(n, m))
		return -ENOENT;
	str_puts(out, "0\n");
	return 0;
}

int file_available_events(struct notif *n, const struct match *m, struct str *out)
{
	const struct tracepoint *tp;

	(void)m;
	drain_writers(hooks(n));
	for (u32 i = 0; (tp = tracepoint_at(hooks(n), i)); i++)
		str_printf(out, "%s:%s\n", tp->group, tp->name);
	return 0;
}

/* ---- functions ---- */
int file_functions(struct notif *n, const struct match *m, struct str *out)
{
	char name[64];

	(void)n;
	(void)m;
	for (u32 nr = 0; nr < 512; nr++)
		if (ksys_name(nr, name, sizeof(name)))
			str_printf(out, "%s\n", name);
	return 0;
}

/* No kprobe has a tracepoint of its own: there are none, and none can be made. */
int file_kprobe_events(struct notif *n, const struct match *m, int flags)
{
	(void)n;
	(void)m;
	return (flags & O_ACCMODE) == O_RDONLY || flags & O_PATH ? file_of_text("kprobe_events", "", 0) : -EOPNOTSUPP;
}

/* None of those that are offered is forbidden. */
int file_kprobe_blacklist(struct notif *n, const struct match *m, struct str *out)
{
	(void)n;
	(void)m;
	(void)out;
	return 0;
}

static void read_symbols(struct str *out)
{
	struct ksym k;
	FILE *f;

	for (u32 nr = 0; nr < 512; nr++)
		if (ksys_name(nr, k.name, sizeof(k.name)))
			str_printf(out, "%016llx T %s\n", (unsigned long long)ksys_address(nr), k.name);
	f = ksym_open();
	while (ksym_next(f, &k))
		if (ksys_number(k.name) < 0)
			str_puts(out, k.line);
	if (f)
		fclose(f);
}

/*
 * Tools look for functions there before they ask for them: where the kernel hides its symbols, those that can be probed are shown. Some
 * open it several times while they start: a text of a moment ago is as good.
 */
#define SYMBOLS_NS 2000000000ull

int file_kallsyms(struct notif *n, const struct match *m, struct str *out)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct str text;
	static u64 made;
	u64 now = clock_ns(CLOCK_MONOTONIC);

	(void)n;
	(void)m;
	if (!ksys_hidden())
		return FILE_PASS;
	pthread_mutex_lock(&lock);
	if (!text.len || text.failed || now - made > SYMBOLS_NS) {
		str_free(&text);
		read_symbols(&text);
		made = clock_ns(CLOCK_MONOTONIC);
	}
	str_putn(out, text.s, text.len);
	pthread_mutex_unlock(&lock);
	return 0;
}

static void make_file(const char *dir, const char *name)
{
	char path[4400];
	int fd;

	snprintf(path, sizeof(path), "%.4300s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

/* Makes `name` in `dir` and gives its path. */
static void make_dir(char *path, const char *dir, const char *name)
{
	snprintf(path, 4400, "%.2000s/%s", dir, name);
	mkdir(path, 0755);
}

/* What is in the directory of events, of a group's events, of one event. */
static void fill_events(struct hooks *h, const char *events, const char *group, const char *event)
{
	const struct tracepoint *tp;
	const char *last = "";
	char dir[4400], path[4400];

	for (u32 i = 0; (tp = tracepoint_at(h, i)); i++) {
		if (*group && strcmp(tp->group, group))
			continue;
		if (strcmp(tp->group, last))
			make_dir(dir, events, tp->group);
		last = tp->group;
		if (!*group || (*event && strcmp(tp->name, event)))
			continue;
		make_dir(path, dir, tp->name);
		if (*event) {
			make_file(path, "id");
			make_file(path, "format");
			make_file(path, "enable");
		}
	}
}

/* As deep as is looked: there are thousands of files in all. */
void files_fill(struct box *b, const char *dir, const char *below)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char path[4400], events[4400], group[128] = "", event[128] = "";

	if (strcmp(dir, "tracing"))
		return;
	pthread_mutex_lock(&lock);
	make_dir(path, b->dir, dir);
	make_dir(events, path, "events");
	make_file(path, "available_events");
	make_file(path, "available_filter_functions");
	make_file(path, "kprobe_events");
	make_file(path, "uprobe_events");
	make_file(path, "trace_pipe");
	if (!strncmp(below, "/events", 7)) {
		sscanf(below + 7, "/%127[^/]/%127[^/]", group, event);
		fill_events(b->skep->hooks, events, group, event);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- event sources ---- */
int file_pmu_type(struct notif *n, const struct match *m, struct str *out)
{
	bool uprobe = !strcmp(m->star[0], "uprobe");

	(void)n;
	if (!uprobe && strcmp(m->star[0], "kprobe"))
		return FILE_PASS;
	str_printf(out, "%u\n", uprobe ? perf_type_uprobe() : perf_type_kprobe());
	return 0;
}

int file_pmu_retprobe(struct notif *n, const struct match *m, struct str *out)
{
	(void)n;
	if (strcmp(m->star[0], "uprobe") && strcmp(m->star[0], "kprobe"))
		return FILE_PASS;
	str_puts(out, "config:0\n");
	return 0;
}

int file_pmu_ref_ctr(struct notif *n, const struct match *m, struct str *out)
{
	(void)n;
	if (strcmp(m->star[0], "uprobe"))
		return FILE_PASS;
	str_puts(out, "config:32-63\n");
	return 0;
}

/* ---- trace_pipe ---- */
static int pipe_fds[2] = { -1, -1 };
static pthread_once_t pipe_once = PTHREAD_ONCE_INIT;

static void make_pipe(void)
{
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
		pipe_fds[0] = pipe_fds[1] = -1;
	else
		fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20);
}

/* A line for trace_pipe, as bpf_printk of a program makes it. */
static void box_printk(struct box *b, const char *comm, pid_t pid, const char *text, size_t n)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);
	char line[700];
	int len;

	(void)b;
	pthread_once(&pipe_once, make_pipe);
	while (n && text[n - 1] == '\n')
		n--;
	len = snprintf(line, sizeof(line), "%16s-%-7d [%03u] ...21 %5llu.%06llu: bpf_trace_printk: %.*s\n", comm, pid,
		       (unsigned)sched_getcpu(), (unsigned long long)(now / 1000000000),
		       (unsigned long long)(now / 1000 % 1000000), (int)MIN(n, (size_t)600), text);
	if (write(pipe_fds[1], line, MIN((size_t)len, sizeof(line) - 1)) < 0)
		return; /* nobody has read for long: the newest is lost */
}

static void on_printk(struct run_env *env, const char *text, u32 len)
{
	struct box *b = env->printk_cookie;
	char comm[17] = "skep";
	pid_t pid = getpid();

	if (env->task) {
		pid = (pid_t)env->task->tid;
		snprintf(comm, sizeof(comm), "%.16s", env->task->comm);
	}
	box_printk(b, comm, pid, text, len);
}

void printk_init(struct box *b) { hook_printk(b->skep->hooks, on_printk, b); }

int file_trace_pipe(struct notif *n, const struct match *m, int flags)
{
	char path[40];
	int fd;

	(void)n;
	(void)m;
	pthread_once(&pipe_once, make_pipe);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe_fds[0]);
	fd = open(path, (flags & O_PATH) | O_RDONLY | O_CLOEXEC | (flags & O_NONBLOCK));
	return fd < 0 ? -errno : fd;
}
