/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: where they were seen, what they are. See sk.h. */
#include "helper/sk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/handle.h"
#include "helper/object.h"
#include "helper/sk_priv.h"

#define SEEN_BUCKETS 1024u
#define TCP_CLOSE_ 7
#define TCP_ESTABLISHED_ 1
#define TCP_LISTEN_ 10

/* ---- where sockets were seen ---- */
struct seen {
	struct seen *next;
	u64 cookie, ino;
	u32 tgid;
	s32 fd;
};
static struct seen *seen[SEEN_BUCKETS];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static struct seen **seen_at(u64 cookie)
{
	return &seen[cookie * 0x9e3779b97f4a7c15ull >> 54];
}

static struct seen *seen_find(u64 cookie)
{
	struct seen *s = *seen_at(cookie);

	while (s && s->cookie != cookie)
		s = s->next;
	return s;
}

int sk_note(const struct sk_facts *f, u32 tgid, int there)
{
	struct seen *s;

	pthread_mutex_lock(&seen_lock);
	s = seen_find(f->cookie);
	if (!s) {
		s = malloc(sizeof(*s));
		if (s) {
			s->cookie = f->cookie;
			s->next = *seen_at(f->cookie);
			*seen_at(f->cookie) = s;
		}
	}
	if (s) {
		s->ino = f->ino;
		s->tgid = tgid;
		s->fd = there;
	}
	pthread_mutex_unlock(&seen_lock);
	return s ? 0 : -ENOMEM;
}

void sk_forget(u64 cookie)
{
	struct seen *gone = NULL;

	pthread_mutex_lock(&seen_lock);
	for (struct seen **p = seen_at(cookie); *p; p = &(*p)->next)
		if ((*p)->cookie == cookie) {
			gone = *p;
			*p = gone->next;
			break;
		}
	pthread_mutex_unlock(&seen_lock);
	free(gone);
}

bool sk_noted(u64 cookie)
{
	bool is;

	pthread_mutex_lock(&seen_lock);
	is = seen_find(cookie);
	pthread_mutex_unlock(&seen_lock);
	return is;
}

static u64 cookie_of(int fd)
{
	u64 cookie = 0;
	socklen_t n = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) ? 0 : cookie;
}

/* Closed under its number, but perhaps duplicated before: any descriptor of this process for the same socket. */
static COLD int search(u64 cookie, u64 ino)
{
	struct stat st;

	for (int fd = 0; fd < 4096; fd++)
		if (!fstat(fd, &st) && S_ISSOCK(st.st_mode) && st.st_ino == ino && cookie_of(fd) == cookie)
			return fd;
	return -ENOENT;
}

/* -EPERM: it may be there, but is not ours to look at. */
static int other_process_fd(u32 tgid, int there)
{
	int pidfd = (int)syscall(SYS_pidfd_open, tgid, 0), fd;

	if (pidfd < 0)
		return -ENOENT;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, there, 0);
	if (fd < 0)
		fd = errno == EPERM ? -EPERM : -ENOENT;
	close(pidfd);
	return fd;
}

static bool seen_get(u64 cookie, struct seen *ret)
{
	const struct seen *p;

	pthread_mutex_lock(&seen_lock);
	p = seen_find(cookie);
	if (p)
		*ret = *p;
	pthread_mutex_unlock(&seen_lock);
	return p;
}

int sk_fd(u64 cookie, bool *ret_close)
{
	struct seen s;
	int fd;

	*ret_close = false;
	if (!seen_get(cookie, &s))
		return -ENOENT;
	if (cookie_of(s.fd) == cookie) /* also where a forked process has it */
		return s.fd;
	if (s.tgid != (u32)getpid()) {
		fd = other_process_fd(s.tgid, s.fd);
		*ret_close = fd >= 0;
		if (fd >= 0 && cookie_of(fd) == cookie)
			return fd;
		if (fd >= 0)
			close(fd);
		*ret_close = false;
		if (fd == -EPERM)
			return fd;
	} else {
		fd = search(cookie, s.ino);
		if (fd >= 0) {
			sk_note(&(struct sk_facts){ .cookie = cookie, .ino = s.ino }, s.tgid, fd);
			return fd;
		}
	}
	sk_forget(cookie);
	return -ENOENT;
}

bool sk_held(u64 cookie)
{
	struct seen s;
	bool is;
	int fd;

	fd = seen_get(cookie, &s) ? other_process_fd(s.tgid, s.fd) : -1;
	is = fd >= 0 && cookie_of(fd) == cookie;
	if (fd >= 0)
		close(fd);
	return is;
}

bool sk_is_open(u64 cookie)
{
	bool to_close = false;
	int fd = sk_fd(cookie, &to_close);

	if (fd >= 0 && to_close)
		close(fd);
	return fd >= 0 || fd == -EPERM;
}

/* ---- what a socket is ---- */
static int option(int fd, int level, int name)
{
	int v = 0;
	socklen_t n = sizeof(v);

	return getsockopt(fd, level, name, &v, &n) ? 0 : v;
}

static u8 state_of(int fd, u16 family, u8 protocol, u8 type)
{
	struct sockaddr_storage peer;
	struct tcp_info info;
	socklen_t n = sizeof(info), pn = sizeof(peer);

	if (protocol == IPPROTO_TCP && (family == AF_INET || family == AF_INET6))
		return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) ? TCP_CLOSE_ : info.tcpi_state;
	if (type == SOCK_STREAM && option(fd, SOL_SOCKET, SO_ACCEPTCONN))
		return TCP_LISTEN_;
	return getpeername(fd, (struct sockaddr *)&peer, &pn) ? TCP_CLOSE_ : TCP_ESTABLISHED_;
}

static bool is_bound(int fd)
{
	union { struct sockaddr a; struct sockaddr_in in; struct sockaddr_in6 in6; struct sockaddr_storage s; } u;
	socklen_t n = sizeof(u);

	memset(&u, 0, sizeof(u));
	if (getsockname(fd, &u.a, &n))
		return false;
	return u.a.sa_family == AF_INET ? u.in.sin_port != 0 : u.a.sa_family == AF_INET6 && u.in6.sin6_port != 0;
}

int sk_ask(int fd, struct sk_facts *ret)
{
	struct stat st;

	*ret = (struct sk_facts){ .cookie = 0 };
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return fcntl(fd, F_GETFL) & O_PATH ? -EBADF : -ENOTSOCK;
	ret->cookie = cookie_of(fd);
	if (!ret->cookie)
		return -ENOTSOCK;
	ret->ino = st.st_ino;
	ret->family = (u16)option(fd, SOL_SOCKET, SO_DOMAIN);
	ret->type = (u8)option(fd, SOL_SOCKET, SO_TYPE);
	ret->protocol = (u8)option(fd, SOL_SOCKET, SO_PROTOCOL);
	ret->state = state_of(fd, ret->family, ret->protocol, ret->type);
	ret->bound = is_bound(fd);
	ret->reuseport = option(fd, SOL_SOCKET, SO_REUSEPORT) != 0;
	return 0;
}

static bool is_inet(const struct sk_facts *f) { return f->family == AF_INET || f->family == AF_INET6; }

int sk_for_sockmap(const struct sk_facts *f)
{
	if (is_inet(f) && f->type == SOCK_STREAM && f->protocol == IPPROTO_TCP)
		return f->state == TCP_ESTABLISHED_ || f->state == TCP_LISTEN_ ? 0 : -EOPNOTSUPP;
	if (is_inet(f) && f->type == SOCK_DGRAM && f->protocol == IPPROTO_UDP)
		return f->bound ? 0 : -EOPNOTSUPP;
	if (f->family == AF_UNIX && f->type == SOCK_STREAM)
		return f->state == TCP_ESTABLISHED_ ? 0 : -EOPNOTSUPP;
	if (f->family == AF_UNIX && f->type == SOCK_DGRAM)
		return 0;
	if (f->family == AF_VSOCK && (f->type == SOCK_STREAM || f->type == SOCK_SEQPACKET))
		return f->state == TCP_ESTABLISHED_ ? 0 : -EOPNOTSUPP;
	return -EOPNOTSUPP;
}

int sk_for_reuseport(const struct sk_facts *f)
{
	bool tcp = f->protocol == IPPROTO_TCP;

	if ((!tcp && f->protocol != IPPROTO_UDP) || !is_inet(f) || (f->type != SOCK_STREAM && f->type != SOCK_DGRAM))
		return -ENOTSUPP;
	return (tcp ? f->state == TCP_LISTEN_ : f->bound) && f->reuseport ? 0 : -EINVAL;
}

/* ---- objects ---- */
struct sk *sk_new(void)
{
	static const struct layout *layout;
	const struct layout *l = __atomic_load_n(&layout, __ATOMIC_ACQUIRE);

	if (!l) {
		l = object_layout(NULL, sizeof(struct sk), false);
		__atomic_store_n(&layout, l, __ATOMIC_RELEASE);
	}
	return l ? object_new(l) : NULL;
}

static void fill_address(struct bpf_sock *s, int fd)
{
	union { struct sockaddr a; struct sockaddr_in in; struct sockaddr_in6 in6; struct sockaddr_storage st; } u;
	socklen_t n = sizeof(u);

	memset(&u, 0, sizeof(u));
	if (!getsockname(fd, &u.a, &n) && u.a.sa_family == AF_INET) {
		s->src_ip4 = u.in.sin_addr.s_addr;
		s->src_port = ntohs(u.in.sin_port);
	} else if (u.a.sa_family == AF_INET6) {
		memcpy(s->src_ip6, &u.in6.sin6_addr, 16);
		s->src_port = ntohs(u.in6.sin6_port);
	}
	n = sizeof(u);
	memset(&u, 0, sizeof(u));
	if (!getpeername(fd, &u.a, &n) && u.a.sa_family == AF_INET) {
		s->dst_ip4 = u.in.sin_addr.s_addr;
		s->dst_port = u.in.sin_port;
	} else if (u.a.sa_family == AF_INET6) {
		memcpy(s->dst_ip6, &u.in6.sin6_addr, 16);
		s->dst_port = u.in6.sin6_port;
	}
}

static void fill(struct sk *sk, int fd)
{
	struct sk_facts f;
	struct stat st;

	if (sk_ask(fd, &f))
		return;
	sk->s.family = f.family;
	sk->s.type = f.type;
	sk->s.protocol = f.protocol;
	sk->s.state = f.state;
	sk->s.mark = (u32)option(fd, SOL_SOCKET, SO_MARK);
	sk->s.priority = (u32)option(fd, SOL_SOCKET, SO_PRIORITY);
	sk->s.bound_dev_if = (u32)option(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	sk->s.rx_queue_mapping = -1;
	fill_address(&sk->s, fd);
	sk->uid = fstat(fd, &st) ? 0 : st.st_uid;
	if (f.family == AF_XDP)
		sk_xsk_queue(sk, f.ino);
}

struct sk *sk_get(u64 cookie)
{
	bool to_close = false;
	int fd = sk_fd(cookie, &to_close);
	struct sk *sk = fd < 0 ? NULL : sk_new();

	if (sk) {
		sk->cookie = cookie;
		fill(sk, fd);
	}
	if (fd >= 0 && to_close)
		close(fd);
	return sk;
}

u64 sk_cookie(struct sk *sk)
{
	static u64 last = SK_OWN;
	u64 none = 0, c = __atomic_load_n(&sk->cookie, __ATOMIC_ACQUIRE);

	if (c)
		return c;
	c = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n(&sk->cookie, &none, c, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ? c : none;
}

void sk_fill_tcp(struct sk *sk, const struct tcp_info *i)
{
	sk->tcp = (struct bpf_tcp_sock){
		.snd_cwnd = i->tcpi_snd_cwnd, .srtt_us = i->tcpi_rtt << 3, .rtt_min = i->tcpi_min_rtt,
		.snd_ssthresh = i->tcpi_snd_ssthresh, .mss_cache = i->tcpi_snd_mss, .packets_out = i->tcpi_unacked,
		.retrans_out = i->tcpi_retrans, .total_retrans = i->tcpi_total_retrans, .segs_in = i->tcpi_segs_in,
		.data_segs_in = i->tcpi_data_segs_in, .segs_out = i->tcpi_segs_out, .data_segs_out = i->tcpi_data_segs_out,
		.lost_out = i->tcpi_lost, .sacked_out = i->tcpi_sacked, .bytes_received = i->tcpi_bytes_received,
		.bytes_acked = i->tcpi_bytes_acked, .dsack_dups = i->tcpi_dsack_dups, .delivered = i->tcpi_delivered,
		.delivered_ce = i->tcpi_delivered_ce, .icsk_retransmits = i->tcpi_retransmits,
	};
	sk->tcp_known = true;
}

bool sk_tcp(struct sk *sk)
{
	bool to_close = false;
	struct tcp_info info;
	socklen_t n = sizeof(info);
	int fd;

	if (sk->s.protocol != IPPROTO_TCP || (sk->s.family != AF_INET && sk->s.family != AF_INET6))
		return false;
	if (sk->tcp_known)
		return true;
	fd = sk_fd(sk->cookie, &to_close);
	memset(&info, 0, sizeof(info));
	if (fd < 0)
		return false;
	if (!getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n))
		sk_fill_tcp(sk, &info);
	if (to_close)
		close(fd);
	return sk->tcp_known;
}

/* ---- as addresses of the kernel's ---- */
#define HANDLES 4096u
static struct sk *by_number[HANDLES];
static u32 numbers;

u64 sk_handle(struct sk *sk)
{
	u32 n = __atomic_load_n(&sk->number, __ATOMIC_ACQUIRE);

	if (!n) {
		n = __atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED) % HANDLES;
		n = n ? n : 1;
		__atomic_store_n(&sk->number, n, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&by_number[n], sk, __ATOMIC_RELEASE);
	return handle_of(HANDLE_SOCK, n);
}

struct sk *sk_of(u64 ptr, u64 ctx)
{
	struct sk *sk;
	u32 n;

	if (handle_is(ptr, HANDLE_SOCK)) {
		n = handle_id(ptr);
		sk = n < HANDLES ? __atomic_load_n(&by_number[n], __ATOMIC_ACQUIRE) : NULL;
		return sk && sk->number == n ? sk : NULL;
	}
	return ptr != ctx && sk_is_plain(ptr) ? (struct sk *)(uintptr_t)ptr : NULL;
}
