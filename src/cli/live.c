/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs attached to live processes: libbpf attaches by section name, its system calls land in skep; what the programs send by
 * ring buffer, perf buffer and bpf_printk is printed as it comes, records as JSON by their BTF type.
 */
#include "cli/live.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/clock.h"
#include "box/live.h"
#include "cli/spawn.h"

#define MAX_LINKS 256
#define MAX_READERS 32
#define PERF_PAGES 16

struct reader {
	struct session *s;
	const char *map;
	u32 type;          /* of its records, 0: by size */
	struct perf_buffer *pb;
};
struct session {
	const struct live_run *o;
	struct live *live;
	struct bpf_object *obj;
	struct bpf_link *link[MAX_LINKS];
	u32 nlinks;
	struct ring_buffer *rb;
	struct reader reader[MAX_READERS];
	u32 nreaders;
	u64 records, lost;
	pthread_mutex_t out;
};

static volatile sig_atomic_t interrupted;
static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* ---- libbpf's other system calls ---- */
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;
	int ret = -ENOTTY;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (load_skep() && (request >> 8 & 0xff) == '$')
		ret = skep_perf_ioctl_in(load_skep(), fd, (unsigned)request, arg);
	if (ret == -ENOTTY)
		return __real_ioctl(fd, request, arg);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* Rings are files, which cannot be waited for: their eventfds can. */
int __real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	int wake = load_skep() ? skep_wake_fd(load_skep(), fd) : -1;

	if (wake >= 0 && ev)
		ev->events |= EPOLLET;
	return __real_epoll_ctl(epfd, op, wake >= 0 ? wake : fd, ev);
}

/* ---- records ---- */
static bool is_struct(const struct btf_type *t)
{
	return btf_is_struct(t) || btf_is_union(t);
}

/* The type of a map's records: its value type, a struct named like the map or "event", else the one struct of that size. */
static u32 record_type(const struct session *s, const struct reader *r, u32 size)
{
	const struct btf *b = bpf_object__btf(s->obj);
	u32 n = b ? btf__type_cnt(b) : 0, hit = 0, hits = 0;

	if (r->type)
		return r->type;
	for (u32 i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(b, i);
		const char *name = btf__name_by_offset(b, t->name_off);

		if (!is_struct(t) || !*name || t->size > size || ROUND_UP(t->size, 8u) < size)
			continue;
		if (!strcmp(name, "event") || !strcmp(name, "data_t") || !strcmp(name, r->map))
			return i;
		hits++;
		hit = i;
	}
	return hits == 1 ? hit : 0;
}

static void print_record(struct session *s, const struct reader *r, const void *data, u32 size, int cpu)
{
	u32 type = record_type(s, r, size);
	const struct btf *b = bpf_object__btf(s->obj);
	json_t *value = type ? value_json(b, type, data, (u32)MIN((u64)btf__type_by_id(b, type)->size, (u64)size))
			     : json_hex(data, size);
	json_t *line;
	char *text;

	pthread_mutex_lock(&s->out);
	s->records++;
	if (s->o->json) {
		line = json_pack("{s:s, s:o}", "map", r->map, "record", value);
		if (cpu >= 0)
			json_object_set_new(line, "cpu", json_integer(cpu));
		text = json_dumps(line, JSON_COMPACT | JSON_ENCODE_ANY);
		json_decref(line);
	} else {
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		json_decref(value);
	}
	if (text)
		printf(s->o->json ? "%s\n" : "%2$s %1$s\n", text, r->map);
	fflush(stdout);
	free(text);
	pthread_mutex_unlock(&s->out);
}

static int on_ring(void *ctx, void *data, size_t size)
{
	struct reader *r = ctx;

	print_record(r->s, r, data, (u32)size, -1);
	return 0;
}

static void on_perf(void *ctx, int cpu, void *data, u32 size)
{
	struct reader *r = ctx;

	print_record(r->s, r, data, size, cpu);
}

static void on_lost(void *ctx, int cpu, unsigned long long n)
{
	struct reader *r = ctx;

	(void)cpu;
	r->s->lost += n;
}

static void on_printk(void *ctx, const char *comm, u32 pid, const char *text, u32 len)
{
	struct session *s = ctx;

	while (len && text[len - 1] == '\n')
		len--;
	pthread_mutex_lock(&s->out);
	if (s->o->json) {
		json_t *line = json_pack("{s:s, s:i, s:s%}", "comm", comm, "tid", (int)pid, "printk", text, (size_t)len);
		char *out = line ? json_dumps(line, JSON_COMPACT) : NULL;
		if (out)
			puts(out);
		free(out);
		json_decref(line);
	} else {
		printf("%s-%u: %.*s\n", comm, pid, (int)len, text);
	}
	fflush(stdout);
	pthread_mutex_unlock(&s->out);
}

static int open_readers(struct session *s)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, s->obj) {
		struct reader *r = &s->reader[s->nreaders];
		u32 type = bpf_map__type(m);

		if (s->nreaders == MAX_READERS || (type != BPF_MAP_TYPE_RINGBUF && type != BPF_MAP_TYPE_PERF_EVENT_ARRAY))
			continue;
		*r = (struct reader){ .s = s, .map = bpf_map__name(m), .type = bpf_map__btf_value_type_id(m) };
		if (type == BPF_MAP_TYPE_RINGBUF) {
			int err = s->rb ? ring_buffer__add(s->rb, bpf_map__fd(m), on_ring, r) : 0;
			if (!s->rb)
				err = (s->rb = ring_buffer__new(bpf_map__fd(m), on_ring, r, NULL)) ? 0 : -errno;
			if (err)
				return cli_error(EX_INTERNAL, "%s: cannot read the ring buffer: %s", r->map, strerror(-err));
		} else {
			r->type = 0;
			r->pb = perf_buffer__new(bpf_map__fd(m), PERF_PAGES, on_perf, on_lost, r, NULL);
			if (!r->pb)
				return cli_error(EX_INTERNAL, "%s: cannot read the perf buffer: %s", r->map, strerror(errno));
		}
		s->nreaders++;
	}
	return 0;
}

static void read_all(struct session *s, int ms)
{
	if (s->rb)
		ring_buffer__poll(s->rb, ms);
	for (u32 i = 0; i < s->nreaders; i++)
		if (s->reader[i].pb)
			perf_buffer__poll(s->reader[i].pb, s->rb ? 0 : ms);
}

/* What is left, kicked for or not. */
static void drain(struct session *s)
{
	if (s->rb)
		ring_buffer__consume(s->rb);
	for (u32 i = 0; i < s->nreaders; i++)
		if (s->reader[i].pb)
			perf_buffer__consume(s->reader[i].pb);
}

/* ---- attaching ---- */
static int keep(struct session *s, struct bpf_program *p, struct bpf_link *l)
{
	int err = errno;

	if (!l) {
		const char *why = skep_reason();

		if (!*why && err == EOPNOTSUPP) /* libbpf knows no place for such a section */
			why = "its section names nothing that happens in a process; give it input: --pcap, --data or --ctx";
		return cli_error(err == EOPNOTSUPP ? EX_NOT_HERE : EX_BAD_INPUT, "%s (%s): cannot attach: %s",
				 bpf_program__name(p), bpf_program__section_name(p), *why ? why : strerror(err));
	}
	if (s->nlinks < MAX_LINKS)
		s->link[s->nlinks++] = l;
	return 0;
}

static int attach_event(struct session *s, struct bpf_program *p, struct perf_event_attr *a, pid_t pid, int cpu)
{
	int fd = skep_perf_event_open_in(load_skep(), a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		errno = -fd;
		return keep(s, p, NULL);
	}
	return keep(s, p, bpf_program__attach_perf_event(p, fd));
}

/* "tp/GROUP/NAME": by our own table of tracepoints, not the host's tracefs. */
static int attach_tracepoint(struct session *s, struct bpf_program *p)
{
	struct perf_event_attr a = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(a) };
	const char *group = strchr(bpf_program__section_name(p), '/'), *name = group ? strchr(group + 1, '/') : NULL;
	char text[128];

	if (!name)
		return cli_error(EX_BAD_INPUT, "%s: the section should be tracepoint/GROUP/NAME", bpf_program__name(p));
	snprintf(text, sizeof(text), "%.*s", (int)(name - group - 1), group + 1);
	a.config = live_tracepoint(s->live, text, name + 1);
	if (!a.config)
		return cli_error(EX_NOT_HERE,
				 "%s: tracepoint %s%s is not seen here: system calls and the life of processes are",
				 bpf_program__name(p), text, name);
	return attach_event(s, p, &a, -1, 0);
}

/* "kprobe/FUNCTION", "ksyscall/NAME" and their returns: by our own table of functions, not the host's tracefs and symbols. */
static int attach_kprobe(struct session *s, struct bpf_program *p)
{
	const char *sec = bpf_program__section_name(p), *name = strchr(sec, '/');
	struct perf_event_attr a = { .type = live_kprobe_type(), .size = sizeof(a), .config = !strncmp(sec, "kret", 4) };
	char func[128];

	if (!name)
		return cli_error(EX_BAD_INPUT, "%s (%s): the section should be kprobe/FUNCTION or ksyscall/NAME",
				 bpf_program__name(p), sec);
	if (strstr(sec, ".multi/") || strstr(sec, ".session/"))
		return keep(s, p, bpf_program__attach(p));
	snprintf(func, sizeof(func), "%s%s", strstr(sec, "syscall/") ? "__x64_sys_" : "", name + 1);
	a.config1 = (u64)(uintptr_t)func;
	return attach_event(s, p, &a, -1, 0);
}

/* "perf_event": samples of the process's CPU time. */
static int attach_samples(struct session *s, struct bpf_program *p, pid_t pid)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_CPU_CLOCK, .freq = 1,
				     .sample_freq = s->o->hz ? s->o->hz : 99 };

	return attach_event(s, p, &a, pid, -1);
}

static int attach_one(struct session *s, struct bpf_program *p, pid_t pid)
{
	switch (bpf_program__type(p)) {
	case BPF_PROG_TYPE_TRACEPOINT:
		return attach_tracepoint(s, p);
	case BPF_PROG_TYPE_PERF_EVENT:
		return attach_samples(s, p, pid);
	case BPF_PROG_TYPE_KPROBE:
		if (*bpf_program__section_name(p) == 'k')
			return attach_kprobe(s, p);
		return keep(s, p, bpf_program__attach(p));
	default:
		return keep(s, p, bpf_program__attach(p));
	}
}

/* A section that names no place is for programs that others tail call. */
static bool is_called(const struct bpf_program *p)
{
	return bpf_program__type(p) == BPF_PROG_TYPE_KPROBE && !strchr(bpf_program__section_name(p), '/');
}

static int attach_all(struct session *s, pid_t pid)
{
	struct bpf_program *p;
	int code = 0;

	bpf_object__for_each_program(p, s->obj) {
		if (s->o->prog ? strcmp(bpf_program__name(p), s->o->prog) != 0 : is_called(p))
			continue;
		code = attach_one(s, p, pid);
		if (code)
			break;
	}
	return code;
}

static int load(struct session *s)
{
	int code = 0, err;

	load_on(ON_SKEP);
	s->obj = load_open(s->o->object, s->o->btf, &code);
	if (!s->obj)
		return code;
	err = load_object(s->obj);
	if (err)
		return cli_error(EX_NEGATIVE, "%s: refused: %s (skep check says more)", s->o->object,
				 load_failure(err == -EAGAIN ? -EINVAL : err));
	return open_readers(s);
}

/* ---- the run ---- */
static void watch(struct session *s, struct spawn *child, pid_t pid)
{
	u64 end = s->o->seconds ? clock_ns(CLOCK_MONOTONIC) + s->o->seconds * 1000000000u : U64_MAX;

	while (!interrupted && clock_ns(CLOCK_MONOTONIC) < end) {
		if (s->nreaders)
			read_all(s, 50);
		else
			usleep(50000);
		drain(s);
		if (child->pid ? spawn_ended(child) : (kill(pid, 0) && errno == ESRCH))
			break;
	}
	usleep(100000); /* events that are on their way */
	drain(s);
}

static void close_session(struct session *s)
{
	for (u32 i = 0; i < s->nlinks; i++)
		bpf_link__destroy(s->link[i]);
	drain(s);
	for (u32 i = 0; i < s->nreaders; i++)
		perf_buffer__free(s->reader[i].pb);
	ring_buffer__free(s->rb);
}

static void show_end(struct session *s)
{
	s->lost += live_lost(s->live);
	if (s->o->json) {
		json_t *maps = maps_json(s->obj), *line = json_pack("{s:o, s:I, s:I}", "maps", maps, "records",
								    (json_int_t)s->records, "lost", (json_int_t)s->lost);
		char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
		if (text)
			puts(text);
		free(text);
		json_decref(line);
		return;
	}
	maps_print(s->obj);
	if (s->lost)
		fprintf(stderr, "skep: %llu events were lost\n", (unsigned long long)s->lost);
}

static int add_process(struct session *s, pid_t pid, bool before_exec)
{
	struct str why = { 0 };
	int err = live_add(s->live, pid, before_exec, &why), code = 0;

	if (err)
		code = cli_error(EX_NOT_HERE, "process %d: %s", (int)pid, why.len ? str_text(&why) : strerror(-err));
	str_free(&why);
	return code;
}

/* What was asked for and could not be had in the processes that came. */
static void complain(struct live *l)
{
	struct str what = { 0 };
	char *line, *rest;

	live_complaints(l, &what);
	rest = what.len ? strdup(str_text(&what)) : NULL;
	for (char *all = rest; (line = strsep(&all, "\n"));)
		if (*line)
			fprintf(stderr, "skep run: not probed: %s\n", line);
	free(rest);
	str_free(&what);
}

int live_run(const struct live_run *o)
{
	struct session s = { .o = o };
	struct spawn child = { 0 };
	struct str why = { 0 };
	int code;

	pthread_mutex_init(&s.out, NULL);
	code = load(&s);
	if (!code && live_new(load_skep(), o->all_calls, &s.live, &why))
		code = cli_error(EX_NOT_HERE, "no event sources: %s", str_text(&why));
	if (!code)
		live_printk(s.live, on_printk, &s);
	if (!code && o->cmd && spawn_stopped(&child, o->cmd))
		code = cli_error(EX_BAD_INPUT, "%s: %s", o->cmd, strerror(errno));
	if (!code && !o->cmd)
		code = add_process(&s, o->pid, false);
	if (!code)
		code = attach_all(&s, o->cmd ? child.pid : o->pid);
	if (!code && o->cmd) /* after attaching: the command's image is then met before its first instruction */
		code = add_process(&s, child.pid, true);
	if (!code) {
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		if (o->cmd)
			spawn_go(&child);
		else if (o->verbose || isatty(STDERR_FILENO))
			fprintf(stderr, "skep run: attached to process %d; Ctrl-C ends it\n", o->pid);
		watch(&s, &child, o->pid);
	}
	spawn_kill(&child);
	close_session(&s);
	if (!code)
		show_end(&s);
	if (s.live)
		complain(s.live);
	live_free(s.live);
	load_close(s.obj);
	str_free(&why);
	return code;
}
