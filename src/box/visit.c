/* SPDX-License-Identifier: BSD-2-Clause */
/* Visitors of a box: `skep status`, `skep exec --box`, `skep attach`. Only the supervisor's own user (or root) gets an answer. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/priv.h"
#include "box/trace.h"
#include "hook/link.h"
#include "hook/perf.h"
#include "map/map.h"
#include "map/os.h"
#include "prog/prog.h"

#define PART ((size_t)60000) /* of a text, in one packet */

bool box_inside(struct box_hello *ret)
{
	/* not by libc's syscall(), which the command has for itself (libbpf's calls in this process) */
	return !os_call4(__NR_bpf, (long)BOX_HELLO, (long)(uintptr_t)ret, sizeof(*ret), 0) && ret->magic == BOX_HELLO;
}

/* ---- state as JSON ---- */
static void put_text(struct str *s, const char *text)
{
	str_putc(s, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_printf(s, "\\%c", *text);
		else if ((u8)*text < 0x20 || (u8)*text >= 0x7f)
			str_printf(s, "\\u%04x", (u8)*text);
		else
			str_putc(s, *text);
	}
	str_putc(s, '"');
}

void json_text(struct str *s, const char *key, const char *text)
{
	str_printf(s, "\"%s\":", key);
	put_text(s, text);
}

static void put_prog(struct str *s, struct prog *p)
{
	str_printf(s, "{\"id\":%u,", p->obj.id);
	json_text(s, "type", progtype_by_id(p->type) ? progtype_by_id(p->type)->name : "?");
	str_putc(s, ',');
	json_text(s, "name", p->name);
	str_printf(s, ",\"insns\":%u,\"jited\":%s,\"run_cnt\":%llu,\"run_time_ns\":%llu}", p->insn_cnt,
		   p->jited ? "true" : "false", (unsigned long long)__atomic_load_n(&p->stats.counted, __ATOMIC_RELAXED),
		   (unsigned long long)__atomic_load_n(&p->stats.time_ns, __ATOMIC_RELAXED));
}

static void put_map(struct str *s, struct map *m)
{
	str_printf(s, "{\"id\":%u,", m->obj.id);
	json_text(s, "type", map_spec[m->desc.type].name);
	str_putc(s, ',');
	json_text(s, "name", m->desc.name);
	str_printf(s, ",\"key_size\":%u,\"value_size\":%u,\"max_entries\":%u,\"memory\":%llu}", m->desc.key_size,
		   m->desc.value_size, m->desc.max_entries, (unsigned long long)map_memory(m));
}

static void put_link(struct str *s, const struct link *l)
{
	char at[600] = "";

	if (l->type == BPF_LINK_TYPE_RAW_TRACEPOINT)
		snprintf(at, sizeof(at), "%s", l->raw_tp.name);
	else if (l->type == BPF_LINK_TYPE_PERF_EVENT && l->perf.event && l->perf.event->path)
		snprintf(at, sizeof(at), "%s+0x%llx", l->perf.event->path, (unsigned long long)l->perf.event->at.offset);
	else if (l->type == BPF_LINK_TYPE_PERF_EVENT && l->perf.event)
		snprintf(at, sizeof(at), "%s", l->perf.event->at.name);
	else if (l->type == BPF_LINK_TYPE_ITER)
		snprintf(at, sizeof(at), "%s", l->iter.name);
	str_printf(s, "{\"id\":%u,", l->obj.id);
	json_text(s, "type", l->type < UAPI_LINK_TYPES ? link_spec[l->type].name : "?");
	str_printf(s, ",\"prog\":%u,", l->prog ? l->prog->obj.id : 0);
	json_text(s, "at", l->dead ? "(detached)" : at);
	str_putc(s, '}');
}

static void put_objects(struct box *b, struct str *s, enum obj_kind kind, const char *key)
{
	u32 id = 0;
	const char *sep = "";

	str_printf(s, ",\"%s\":[", key);
	while (!obj_next_id(&b->skep->tab, id, kind, &id)) {
		struct obj *o;

		if (obj_by_id(&b->skep->tab, id, kind, &o))
			continue;
		str_puts(s, sep);
		sep = ",";
		if (kind == OBJ_PROG)
			put_prog(s, prog_of(o));
		else if (kind == OBJ_MAP)
			put_map(s, map_of(o));
		else if (kind == OBJ_LINK)
			put_link(s, link_of(o));
		else
			str_printf(s, "{\"id\":%u}", id);
		obj_put(o);
	}
	str_putc(s, ']');
}

static void put_clients(struct box *b, struct str *s)
{
	const char *sep = "";

	str_puts(s, ",\"clients\":[");
	pthread_mutex_lock(&b->lock);
	for (u32 i = 0; i < BOX_CLIENTS; i++)
		for (struct client *c = b->clients[i]; c; c = c->next) {
			str_printf(s, "%s{\"pid\":%d,", sep, c->pid);
			json_text(s, "comm", client_name(c));
			str_printf(s, ",\"calls\":%llu}", (unsigned long long)__atomic_load_n(&c->calls, __ATOMIC_RELAXED));
			sep = ",";
		}
	pthread_mutex_unlock(&b->lock);
	str_putc(s, ']');
}

static void put_unprobed(struct box *b, struct str *s)
{
	const char *sep = "";
	char *line, *all, *at;

	trace_tell(b);
	pthread_mutex_lock(&b->lock);
	all = at = strdup(str_text(&b->unprobed));
	pthread_mutex_unlock(&b->lock);
	str_puts(s, ",\"unprobed\":[");
	while ((line = strsep(&at, "\n"))) {
		if (!*line)
			continue;
		str_puts(s, sep);
		put_text(s, line);
		sep = ",";
	}
	free(all);
	str_putc(s, ']');
}

/* As JSON. */
static void control_state(struct box *b, struct str *s)
{
	u64 calls = 0, failed = 0;

	for (u32 i = 0; i <= UAPI_CMDS; i++) {
		calls += b->ncalls[i];
		failed += b->nfailed[i];
	}
	obj_reap(&b->skep->tab);
	str_puts(s, "{\"schema\":\"skep.box/1\",");
	json_text(s, "name", b->name);
	str_printf(s, ",\"supervisor\":%d,\"command\":%d,\"up_ns\":%llu,\"commands\":%llu,\"failed\":%llu,\"stats\":%s",
		   (int)getpid(), (int)b->command, (unsigned long long)(clock_ns(CLOCK_REALTIME) - b->started_ns),
		   (unsigned long long)calls, (unsigned long long)failed, b->skep->stats_users ? "true" : "false");
	put_clients(b, s);
	put_objects(b, s, OBJ_PROG, "progs");
	put_objects(b, s, OBJ_MAP, "maps");
	put_objects(b, s, OBJ_LINK, "links");
	put_objects(b, s, OBJ_BTF, "btfs");
	put_unprobed(b, s);
	str_puts(s, "}\n");
}

/* ---- at the door ---- */
static int take_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void send_state(struct box *b, int to)
{
	struct str s = { 0 };
	u64 len;

	control_state(b, &s);
	len = s.len;
	if (send(to, &len, sizeof(len), MSG_NOSIGNAL) < 0)
		len = 0;
	for (size_t at = 0; at < len; at += PART)
		if (send(to, s.s + at, MIN(PART, s.len - at), MSG_NOSIGNAL) < 0)
			break;
	str_free(&s);
}

struct visitor {
	struct box_source source;
	bool counts;
};

static void leave(struct box *b, struct visitor *v)
{
	box_unpoll(b, &v->source);
	if (v->counts)
		__atomic_fetch_sub(&b->skep->stats_users, 1, __ATOMIC_RELAXED);
	close(v->source.fd);
	free(v);
}

struct trace_answer { s32 err; char why[500]; };

static void trace_for(struct box *b, int fd, pid_t pid)
{
	struct trace_answer a = { 0 };
	struct str why = { 0 };

	a.err = trace_join(b, pid, &why);
	snprintf(a.why, sizeof(a.why), "%s", str_text(&why));
	str_free(&why);
	send(fd, &a, sizeof(a), MSG_NOSIGNAL);
}

static void on_request(struct box *b, struct box_source *s, u32 events)
{
	struct visitor *v = s->ctx;
	char room[CMSG_SPACE(sizeof(int))];
	u32 word[2] = { 0 }, what;
	struct iovec iov = { word, sizeof(word) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	ssize_t n = recvmsg(s->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd = n > 0 ? take_fd(&m) : -1, err = -EINVAL;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	what = word[0];
	if (n != sizeof(what) && (n != sizeof(word) || what != VISIT_TRACE)) {
		leave(b, v);
	} else if (what == VISIT_TRACE) {
		trace_for(b, s->fd, (pid_t)word[1]);
	} else if (what == VISIT_STATUS) {
		send_state(b, s->fd);
	} else if (what == VISIT_JOIN && fd >= 0) {
		err = serve_start(b, fd);
		fd = -1;
		send(s->fd, &err, sizeof(err), MSG_NOSIGNAL);
	} else if (what == VISIT_COUNT && !v->counts) {
		v->counts = true;
		__atomic_fetch_add(&b->skep->stats_users, 1, __ATOMIC_RELAXED);
	} else if (what == VISIT_STOP) {
		box_stop(b); /* the visitor sees its connection end with the box */
	}
	if (fd >= 0)
		close(fd);
}

void control_visit(struct box *b, struct box_source *s, u32 events)
{
	struct ucred who = { .uid = (uid_t)-1 };
	struct timeval patience = { .tv_sec = 2 };
	socklen_t len = sizeof(who);
	struct visitor *v;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	/* one that does not read must not stop the main loop for good */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	v = calloc(1, sizeof(*v));
	if (!v || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) || (who.uid && who.uid != geteuid())) {
		free(v);
		close(fd);
		return;
	}
	v->source = (struct box_source){ .fd = fd, .fn = on_request, .ctx = v };
	if (box_poll(b, &v->source, EPOLLIN)) {
		free(v);
		close(fd);
	}
}

/* ---- the visitor's side ---- */
int control_send_fd(int to, int word, int fd)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } u = { .room = "" };
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = fd < 0 ? NULL : u.room,
			    .msg_controllen = fd < 0 ? 0 : sizeof(u.room) };

	if (fd >= 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == sizeof(word) ? 0 : -EPIPE;
}

int control_receive_fd(int from, int *ret_fd)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } u;
	int word = 0;
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.room, .msg_controllen = sizeof(u.room) };
	ssize_t n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);

	*ret_fd = n > 0 ? take_fd(&m) : -1;
	return n == sizeof(word) ? word : -ECHILD;
}

int control_send(int fd, u32 what)
{
	return control_send_fd(fd, (int)what, -1);
}

int control_status(int fd, char **ret)
{
	struct timeval patience = { .tv_sec = 5 };
	char *part = malloc(PART);
	struct str s = { 0 };
	ssize_t n = 1;
	u64 len = 0;

	if (!part)
		return -ENOMEM;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (control_send(fd, VISIT_STATUS) || recv(fd, &len, sizeof(len), 0) != sizeof(len))
		n = 0;
	while (n > 0 && s.len < len && (n = recv(fd, part, PART, 0)) > 0)
		str_putn(&s, part, (size_t)n);
	free(part);
	if (!s.len || s.failed || s.len != len) {
		str_free(&s);
		return -EPIPE;
	}
	*ret = s.s;
	return 0;
}

int control_join(int fd, int listener)
{
	int err = -EPIPE;

	if (control_send_fd(fd, VISIT_JOIN, listener) || recv(fd, &err, sizeof(err), 0) != sizeof(err))
		return -EPIPE;
	return err;
}

int control_trace(int fd, pid_t pid, struct str *why)
{
	u32 word[2] = { VISIT_TRACE, (u32)pid };
	struct trace_answer a = { .err = -EPIPE };

	if (send(fd, word, sizeof(word), MSG_NOSIGNAL) != sizeof(word) || recv(fd, &a, sizeof(a), 0) != sizeof(a))
		a.err = -EPIPE;
	else if (a.err)
		str_printf(why, "%.*s", (int)sizeof(a.why), a.why);
	return a.err;
}
