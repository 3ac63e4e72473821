/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging what sockets receive: see relay.h. */
#include "sys/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/grace.h"
#include "helper/object.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "hook/source.h"
#include "map/map.h"
#include "sys/sys.h"

#define ROOM (256u << 10) /* bytes judged at once */
#define HEADROOM 256u
#define SEND_MS 1000
#define RETRY_MS 10       /* until the application has read what lies before */
#define HELD_MS 50        /* how long a socket that its client has closed stays open here */

enum { PARSER, VERDICT, MSG, KINDS };
static const u32 attach_of[KINDS] = { BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT, BPF_SK_MSG_VERDICT };

struct member {
	struct member *next;
	u64 cookie;
	u32 links;                  /* places in maps */
	struct prog *prog[KINDS];   /* referenced; NULL: none */
	u32 giver[KINDS];           /* id of the map that it came from */
	u64 judged;                 /* bytes of the stream that were */
	bool watched;
	int own;                    /* our duplicate of a client's socket, as long as that holds it; -1: it is this process's */
};

static struct {
	pthread_mutex_t lock;
	struct member *first;
	int epoll;
	u32 foreign;                /* members of clients */
	s32 pid;                    /* whose thread it is; 0: nobody's */
	u8 *buf;
} relay = { .lock = PTHREAD_MUTEX_INITIALIZER, .epoll = -1 };

static struct member *find(u64 cookie)
{
	struct member *m = relay.first;

	while (m && m->cookie != cookie)
		m = m->next;
	return m;
}

/* Closing it takes it out of the epoll set when nobody else has it open; it is taken out by hand all the same. */
static void let_go(struct member *m)
{
	if (m->own < 0)
		return;
	epoll_ctl(relay.epoll, EPOLL_CTL_DEL, m->own, NULL);
	close(m->own);
	m->own = -1;
	m->watched = false;
	relay.foreign--;
}

/* It is nobody's any more; its programs are the caller's to put, without the lock: what goes with them may be a map of sockets. */
static void drop(struct member *gone)
{
	let_go(gone);
	for (struct member **p = &relay.first; *p; p = &(*p)->next)
		if (*p == gone) {
			*p = gone->next;
			break;
		}
	free(gone);
}

/* ---- one piece of a stream ---- */
/* How far the stream has come, and how much of it lies in the socket. */
static bool position(int fd, u64 *ret_received, u32 *ret_queued)
{
	struct tcp_info info;
	u64 before = ~0ull;
	int queued = 0;

	/* both at one time: nothing arrived between */
	for (;;) {
		socklen_t n = sizeof(info);
		memset(&info, 0, sizeof(info));
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n))
			return false;
		if (info.tcpi_bytes_received == before)
			break;
		before = info.tcpi_bytes_received;
		if (ioctl(fd, FIONREAD, &queued))
			return false;
	}
	*ret_received = before;
	*ret_queued = (u32)queued;
	return true;
}

static void fill_context(struct __sk_buff *s, struct sk *sk)
{
	s->family = sk->s.family;
	s->remote_port = sk->s.dst_port;
	s->local_port = sk->s.src_port;
	s->remote_ip4 = sk->s.dst_ip4;
	s->local_ip4 = sk->s.src_ip4;
	memcpy(s->remote_ip6, sk->s.dst_ip6, 16);
	memcpy(s->local_ip6, sk->s.src_ip6, 16);
	s->protocol = sk->s.family == AF_INET ? htons(0x0800) : htons(0x86dd);
	s->sk = &sk->s;
}

/* Run it on `n` bytes; the bytes and *ret_to (where the verdict sends them, 0: nowhere) may change. */
static s32 judge(struct prog *p, struct sk *sk, u8 *data, u32 *n, u64 *ret_to)
{
	struct native_skb ctx = { .skb = { 0 } };
	struct run_pkt pkt = { .native = &ctx.pkt, .skb = &ctx.skb, .buf = data - HEADROOM, .limit = data + *n + HEADROOM };
	struct run_env env = { .pkt = &pkt, .sk = sk };
	struct run run;
	s32 ret;

	pkt.data = pkt.meta = pkt.network = data;
	pkt.end = data + *n;
	fill_context(&ctx.skb, sk);
	pkt_publish(&pkt);
	run_init(&run, &p->image, &env);
	run.prog_type = p->type;
	grace_enter();
	ret = (s32)run_image(&run, &ctx);
	grace_leave();
	__atomic_fetch_add(&p->stats.runs, 1, __ATOMIC_RELAXED);
	if (pkt.data != data)
		memmove(data, pkt.data, (size_t)(pkt.end - pkt.data));
	*n = (u32)(pkt.end - pkt.data);
	*ret_to = run.redirect_kind == 3 && !(run.redirect_flags & BPF_F_INGRESS) ? run.redirect_key : 0;
	return ret;
}

static void send_all(u64 cookie, const u8 *data, u32 n)
{
	bool to_close = false;
	int fd = cookie ? sk_fd(cookie, &to_close) : -1;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (fd >= 0 && n) {
		ssize_t sent = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			data += sent;
			n -= (u32)sent;
		} else if (errno != EAGAIN || poll(&p, 1, SEND_MS) <= 0) {
			break;
		}
	}
	if (fd >= 0 && to_close)
		close(fd);
}

enum piece { PIECE_DONE, PIECE_NONE, PIECE_LATER };

/* The next message of the socket's stream. */
static enum piece one_piece(struct member *m, int fd, struct sk *sk)
{
	u8 *data = relay.buf + HEADROOM;
	u64 received, to = 0;
	u32 queued, fresh, before, n, out;
	s32 len, verdict;
	ssize_t got;

	if (!position(fd, &received, &queued) || received <= m->judged)
		return PIECE_NONE;
	if (received - m->judged > queued)
		m->judged = received - queued; /* somebody was faster */
	fresh = (u32)(received - m->judged);
	before = queued - fresh;
	if (queued > ROOM)
		m->judged = received; /* so much that it cannot be looked at at once */
	if (!fresh || queued > ROOM)
		return PIECE_NONE;
	got = recv(fd, data, queued, MSG_PEEK | MSG_DONTWAIT);
	if (got < 0 || (u32)got < queued)
		return PIECE_NONE;
	n = fresh;
	if (m->prog[PARSER]) {
		len = judge(m->prog[PARSER], sk, data + before, &n, &to);
		if (len <= 0 || (u32)len > fresh)
			return PIECE_NONE; /* more has to arrive first */
		n = (u32)len;
	}
	out = n;
	verdict = judge(m->prog[VERDICT], sk, data + before, &out, &to);
	if (verdict == SK_PASS && !to) {
		m->judged += n;
		return PIECE_DONE;
	}
	if (before)
		return PIECE_LATER;
	if (recv(fd, relay.buf + HEADROOM + ROOM, n, MSG_DONTWAIT) != (ssize_t)n)
		return PIECE_NONE;
	m->judged += n;
	if (verdict == SK_PASS)
		send_all(to, data, out);
	return PIECE_DONE;
}

/* All that has arrived. True: some has to wait. */
static bool serve(u64 cookie)
{
	struct member *m = find(cookie);
	bool to_close = false;
	enum piece p = PIECE_NONE;
	struct sk *sk;
	int fd;

	if (!m || !m->prog[VERDICT])
		return false;
	fd = m->own >= 0 ? m->own : sk_fd(cookie, &to_close);
	sk = fd < 0 ? NULL : sk_get(cookie);
	if (sk && !to_close)
		while ((p = one_piece(m, fd, sk)) == PIECE_DONE)
			;
	if (sk)
		object_put(sk);
	if (fd >= 0 && to_close)
		close(fd);
	return p == PIECE_LATER;
}

static void *thread_main(void *arg)
{
	struct epoll_event e[16];
	bool later = false;

	(void)arg;
	for (;;) {
		int n = epoll_wait(relay.epoll, e, ARRAY_SIZE(e),
				   later ? RETRY_MS : __atomic_load_n(&relay.foreign, __ATOMIC_RELAXED) ? HELD_MS : -1);

		pthread_mutex_lock(&relay.lock);
		for (struct member *m = relay.first; m && n <= 0; m = m->next)
			if (m->own >= 0 && !sk_held(m->cookie))
				let_go(m);
		for (int i = 0; i < n; i++)
			later |= serve(e[i].data.u64);
		if (n <= 0 && later) {
			later = false;
			for (struct member *m = relay.first; m; m = m->next)
				later |= serve(m->cookie);
		}
		pthread_mutex_unlock(&relay.lock);
	}
	return NULL;
}

/* The lock is held. A forked child has the table and no thread. */
static int ensure_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	if (relay.pid == getpid())
		return 0;
	relay.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!relay.buf)
		relay.buf = malloc(2 * (ROOM + HEADROOM));
	if (relay.epoll < 0 || !relay.buf)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, thread_main, NULL);
	pthread_attr_destroy(&attr);
	if (!err)
		relay.pid = getpid();
	return -err;
}

static int watch(struct member *m)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = m->cookie };
	bool to_close = false;
	int fd, err = ensure_thread();
	u32 queued;

	fd = err ? err : sk_fd(m->cookie, &to_close);
	if (fd < 0)
		return fd;
	if (!m->watched && position(fd, &m->judged, &queued)) {
		m->judged -= MIN(m->judged, (u64)queued);
		m->watched = !epoll_ctl(relay.epoll, EPOLL_CTL_ADD, fd, &e);
		if (m->watched && to_close) { /* of a client of the box */
			m->own = fd;
			relay.foreign++;
			to_close = false;
		}
	}
	if (to_close)
		close(fd);
	return 0;
}

/* ---- joining and leaving ---- */
static struct prog *program_of(struct skep *s, const struct map *m, u32 type)
{
	struct hook_place at = { .kind = HOOK_SOCKMAP, .sub = type, .number = m->obj.id };
	u32 token = hook_enter(s->hooks);
	struct hook_point *pt = hook_point_find(s->hooks, &at);
	const struct hook_list *l = pt ? hook_point_list(pt) : NULL;
	struct prog *p = l && l->n ? hook_point_prog(pt, l, 0) : NULL;

	if (p)
		obj_get(&p->obj);
	hook_leave(s->hooks, token);
	return p;
}

int relay_link(struct skep *s, struct map *map, u64 cookie)
{
	struct prog *prog[KINDS];
	struct member *m;
	int err = 0;

	for (u32 i = 0; i < KINDS; i++)
		prog[i] = program_of(s, map, attach_of[i]);
	if (!prog[VERDICT])
		prog[VERDICT] = program_of(s, map, 38 /* BPF_SK_SKB_VERDICT */);
	pthread_mutex_lock(&relay.lock);
	m = find(cookie);
	for (u32 i = 0; m && i < KINDS; i++)
		if (prog[i] && m->prog[i])
			err = -EBUSY;
	if (!m && !err) {
		m = calloc(1, sizeof(*m));
		err = m ? 0 : -ENOMEM;
		if (m) {
			m->cookie = cookie;
			m->own = -1;
			m->next = relay.first;
			relay.first = m;
		}
	}
	if (!err) {
		m->links++;
		for (u32 i = 0; i < KINDS; i++)
			if (prog[i]) {
				m->prog[i] = prog[i];
				m->giver[i] = map->obj.id;
				prog[i] = NULL;
			}
		if (m->prog[VERDICT])
			err = watch(m);
	}
	pthread_mutex_unlock(&relay.lock);
	for (u32 i = 0; i < KINDS; i++)
		prog_put(prog[i]);
	return err;
}

void relay_unlink(const struct map *map, u64 cookie)
{
	struct prog *given[KINDS] = { NULL };
	struct member *m;

	if (!cookie)
		return;
	pthread_mutex_lock(&relay.lock);
	m = find(cookie);
	if (m)
		m->links--;
	for (u32 i = 0; m && i < KINDS; i++)
		if (m->prog[i] && (m->giver[i] == map->obj.id || !m->links)) {
			given[i] = m->prog[i];
			m->prog[i] = NULL;
		}
	if (m && !m->links)
		drop(m);
	pthread_mutex_unlock(&relay.lock);
	for (u32 i = 0; i < KINDS; i++)
		prog_put(given[i]);
}

void relay_map_gone(struct map *m, bool last)
{
	u8 key[512], next[512];
	bool have = false;

	if (!last || m->desc.key_size > sizeof(key))
		return;
	/* no more than there can be: who wrote into the map's memory may have made rings of its lists */
	for (u32 n = m->desc.max_entries; n && !map_next_key(m, have ? key : NULL, next); n--) {
		memcpy(key, next, m->desc.key_size);
		have = true;
		relay_unlink(m, map_prog_socket(m, key));
	}
}

/* ---- programs of a map ---- */
static int update(void *ctx, struct hook_point *const *pt, u32 n, struct str *why)
{
	(void)ctx, (void)pt, (void)n, (void)why;
	return 0; /* sockets that join from now on take them over */
}

int relay_start(struct skep *s)
{
	static const struct hook_provider provider = { .name = "sockets of this process", .kinds = 1ull << HOOK_SOCKMAP, .update = update };

	return hook_provider_add(s->hooks, &provider);
}
