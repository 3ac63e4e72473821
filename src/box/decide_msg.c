/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions about datagrams: whom they go to, and whom they seem to come from. Boxes of `skep exec --enforce` only.
 *
 * While a program judges what is sent every message is sent from here, whatever socket it is on: which socket a descriptor names,
 * and where a message says it goes, could be changed before the kernel looks. Received datagrams are UDP's alone: there programs
 * change a name and forbid nothing.
 */
#include "box/decide_net.h"
#include "box/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PIECE 262144u /* bytes that are copied at once; the largest datagram is smaller */
#define MAX_CONTROL 4096u
#define MAX_FDS 253 /* SCM_MAX_FD */

/* A client's struct msghdr with the copies that were made of it. */
struct message {
	struct address name;
	struct iovec iov[1024]; /* in its memory */
	u32 niov;
	u64 total;
	u8 *piece;
	u8 control[MAX_CONTROL] __attribute__((aligned(8)));
	u64 control_len;
	int fd[MAX_FDS];        /* ours, for those it sends */
	u32 nfds;
};

static struct message *message_new(void)
{
	struct message *m = calloc(1, sizeof(*m));

	if (m)
		m->piece = malloc(PIECE);
	if (m && !m->piece) {
		free(m);
		m = NULL;
	}
	return m;
}

static void message_free(struct message *m)
{
	for (u32 i = 0; i < m->nfds; i++)
		close(m->fd[i]);
	free(m->piece);
	free(m);
}

static int message_vector(struct notif *n, struct message *m, u64 from, u64 count)
{
	if (count > ARRAY_SIZE(m->iov))
		return -EMSGSIZE;
	if (count && client_read(n->client, m->iov, from, count * sizeof(*m->iov)))
		return -EFAULT;
	m->niov = (u32)count;
	for (u32 i = 0; i < m->niov; i++) {
		if (m->iov[i].iov_len > (size_t)S64_MAX - m->total)
			return -EINVAL;
		m->total += m->iov[i].iov_len;
	}
	return 0;
}

/* Bytes [at, at + n) of its data from or to the piece. */
static int message_copy(struct notif *n, const struct message *m, u64 at, u64 len, bool out)
{
	u64 done = 0;

	for (u32 i = 0; i < m->niov && done < len; i++) {
		u64 size = m->iov[i].iov_len, part;
		u64 base = (u64)(uintptr_t)m->iov[i].iov_base;

		if (at >= size) {
			at -= size;
			continue;
		}
		part = MIN(size - at, len - done);
		if (out ? client_write(n->client, base + at, m->piece + done, part)
			: client_read(n->client, m->piece + done, base + at, part))
			return -EFAULT;
		done += part;
		at = 0;
	}
	return 0;
}

/* Descriptors that it sends become ours; of credentials only the process has to become ours too. */
static int message_control(struct notif *n, struct message *m)
{
	struct msghdr h = { .msg_control = m->control, .msg_controllen = m->control_len };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		int *fd = (int *)(void *)CMSG_DATA(c);
		size_t cnt = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > m->control_len - (size_t)((u8 *)c - m->control))
			return -EINVAL;
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && cnt)
			*fd = (int)getpid();
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < cnt; i++) {
			int ours = m->nfds < MAX_FDS ? client_fd(n->client, fd[i]) : -EINVAL;

			if (ours < 0)
				return ours;
			m->fd[m->nfds++] = fd[i] = ours;
		}
	}
	return 0;
}

/* A struct msghdr of its memory. `in`: with the control data it sends. */
static int message_read(struct notif *n, struct message *m, const struct msghdr *h, bool in)
{
	int err = 0;

	if (h->msg_name && in)
		err = address_read(n, &m->name, (u64)(uintptr_t)h->msg_name, h->msg_namelen);
	if (!err)
		err = message_vector(n, m, (u64)(uintptr_t)h->msg_iov, h->msg_iovlen);
	if (err || !in || !h->msg_control || !h->msg_controllen)
		return err;
	if (h->msg_controllen > MAX_CONTROL)
		return -ENOBUFS;
	m->control_len = h->msg_controllen;
	if (client_read(n->client, m->control, (u64)(uintptr_t)h->msg_control, m->control_len))
		return -EFAULT;
	return message_control(n, m);
}

/* ---- sending ---- */
static bool is_mapped(const struct address *a)
{
	return a->a.sa_family == AF_INET6 && is_inet(a) && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static void unmap(struct address *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = a->in6.sin6_port };

	memcpy(&in.sin_addr, &a->in6.sin6_addr.s6_addr[12], 4);
	a->in = in;
	a->len = sizeof(in);
}

static void map_again(struct address *a)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = a->in.sin_port };

	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6.sin6_addr.s6_addr[12], &a->in.sin_addr, 4);
	a->in6 = in6;
	a->len = sizeof(in6);
}

/* The address to send from, which goes with the message. */
static int send_from(struct message *m, const struct address *source)
{
	struct msghdr h = { .msg_control = m->control, .msg_controllen = MAX_CONTROL };
	bool six = source->a.sa_family == AF_INET6;
	struct in_pktinfo p4 = { .ipi_spec_dst = source->in.sin_addr };
	struct in6_pktinfo p6 = { .ipi6_addr = source->in6.sin6_addr };
	static const struct in6_addr none;
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	if (six ? !memcmp(&source->in6.sin6_addr, &none, 16) : !source->in.sin_addr.s_addr)
		return 0;
	if (m->control_len)
		return -EINVAL; /* it brought control data of its own */
	c->cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = six ? CMSG_LEN(sizeof(p6)) : CMSG_LEN(sizeof(p4));
	memcpy(CMSG_DATA(c), six ? (void *)&p6 : (void *)&p4, six ? sizeof(p6) : sizeof(p4));
	m->control_len = six ? CMSG_SPACE(sizeof(p6)) : CMSG_SPACE(sizeof(p4));
	return 0;
}

static s64 judge_send(struct notif *n, const struct who *w, struct sock *s, struct message *m)
{
	struct address source = { .len = 0 };
	bool mapped = is_mapped(&m->name), named = m->name.len && s->f.protocol == IPPROTO_UDP;
	s64 ret;

	if (!named || !is_inet(&m->name))
		return 0;
	if (mapped)
		unmap(&m->name);
	ret = judge_address(n, w, s, &m->name, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG, &source, NULL);
	if (!ret && source.a.sa_family)
		ret = send_from(m, &source);
	if (mapped && m->name.a.sa_family == AF_INET)
		map_again(&m->name);
	return ret;
}

/* All of a stream's data or one datagram, waiting as the client would. */
static s64 send_all(struct notif *n, const struct sock *s, struct message *m, int flags)
{
	bool waits = !(flags & MSG_DONTWAIT) && sock_blocks(s), stream = s->f.type == SOCK_STREAM;
	s64 patience = sock_patience(s, SO_SNDTIMEO), ret;
	u64 done = 0;

	if (m->total > PIECE && !stream)
		return -EMSGSIZE;
	do {
		struct iovec v = { m->piece, (size_t)MIN(m->total - done, (u64)PIECE) };
		struct msghdr h = { .msg_name = m->name.len ? &m->name.all : NULL,
				    .msg_namelen = m->name.len,
				    .msg_iov = &v,
				    .msg_iovlen = 1,
				    .msg_control = m->control_len && !done ? m->control : NULL,
				    .msg_controllen = done ? 0 : m->control_len };

		if (message_copy(n, m, done, v.iov_len, false))
			return done ? (s64)done : -EFAULT;
		ret = sendmsg(s->fd, &h, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
		if (ret < 0 && errno == EAGAIN && waits) {
			ret = wait_for(n, s->fd, POLLOUT, patience);
			if (ret)
				return done ? (s64)done : ret;
			continue;
		}
		if (ret < 0)
			return done ? (s64)done : -errno;
		done += (u64)ret;
		if (!waits && stream && ret < (s64)v.iov_len)
			break;
	} while (stream && done < m->total);
	return (s64)done;
}

static s64 send_one(struct notif *n, const struct who *w, struct sock *s, struct message *m, int flags)
{
	struct acting act;
	s64 ret = judge_socket(n, w, s, SEC_socket_sendmsg, 0, m->total);

	if (!ret)
		ret = judge_send(n, w, s, m);
	if (!ret && m->name.a.sa_family == AF_UNIX && m->name.len)
		ret = walk_enter(n, w);
	if (!ret)
		ret = act_begin(n, w, &act);
	if (!ret) {
		ret = send_all(n, s, m, flags);
		act_end(&act);
	}
	walk_leave();
	if (ret == -EPIPE && !(flags & MSG_NOSIGNAL))
		syscall(SYS_tgkill, n->client->pid, n->tid, SIGPIPE);
	return ret;
}

/* May a message begin a connection? Those are judged by connect(2) alone here. */
static bool begins_connection(struct notif *n, u64 flags)
{
	return flags & MSG_FASTOPEN && (decides(n->box, SEC_socket_connect) || decides_cgroup(n->box, BPF_CGROUP_INET4_CONNECT) ||
					decides_cgroup(n->box, BPF_CGROUP_INET6_CONNECT));
}

static bool judges_sending(struct notif *n)
{
	return decides(n->box, SEC_socket_sendmsg) || decides_cgroup(n->box, BPF_CGROUP_UDP4_SENDMSG) ||
	       decides_cgroup(n->box, BPF_CGROUP_UDP6_SENDMSG);
}

/* A message whose parts are read by `get`, which says 0 or -errno. */
static s64 send_call(struct notif *n, int flags, s64 (*get)(struct notif *, struct message *))
{
	struct message *m;
	struct sock s;
	struct who w;
	s64 ret;

	if (begins_connection(n, (u32)flags))
		return -EOPNOTSUPP;
	if (!judges_sending(n))
		return BOX_PASS;
	serve_slow(n->from);
	ret = sock_take(n, (int)n->args[0], &s);
	if (ret)
		return ret;
	m = message_new();
	ret = !m ? -ENOMEM : who_is(n, &w) ? get(n, m) : -EINTR;
	if (!ret)
		ret = send_one(n, &w, &s, m, flags);
	if (m)
		message_free(m);
	sock_drop(&s);
	return ret;
}

static s64 get_sendto(struct notif *n, struct message *m)
{
	m->iov[0] = (struct iovec){ (void *)(uintptr_t)n->args[1], n->args[2] };
	m->niov = 1;
	m->total = n->args[2];
	return n->args[4] ? address_read(n, &m->name, n->args[4], (u32)n->args[5]) : 0;
}

static s64 get_sendmsg(struct notif *n, struct message *m)
{
	struct msghdr h;

	return client_read(n->client, &h, n->args[1], sizeof(h)) ? -EFAULT : message_read(n, m, &h, true);
}

s64 box_sendto(struct notif *n)
{
	struct iovec iov = { (void *)(uintptr_t)n->args[1], n->args[2] };
	s64 ret = netlink_is(n->args[0]) ? netlink_send(n, &iov, n->args[2]) : BOX_PASS;

	return ret == BOX_PASS ? send_call(n, (int)n->args[3], get_sendto) : ret;
}

s64 box_sendmsg(struct notif *n)
{
	struct iovec iov;
	struct msghdr h;
	s64 ret = BOX_PASS;

	if (netlink_is(n->args[0]) && !client_read(n->client, &h, n->args[1], sizeof(h)) && h.msg_iovlen &&
	    !client_read(n->client, &iov, (u64)(uintptr_t)h.msg_iov, sizeof(iov)))
		ret = netlink_send(n, &iov, iov.iov_len);
	return ret == BOX_PASS ? send_call(n, (int)n->args[2], get_sendmsg) : ret;
}

static s64 send_many(struct notif *n, const struct who *w, struct sock *s)
{
	u32 count = MIN((u32)n->args[2], 1024u), i;
	s64 ret = 0;

	for (i = 0; i < count && !ret; i++) {
		u64 at = n->args[1] + i * sizeof(struct mmsghdr);
		struct message *m = message_new();
		struct mmsghdr h;

		ret = !m ? -ENOMEM : client_read(n->client, &h, at, sizeof(h)) ? -EFAULT : message_read(n, m, &h.msg_hdr, true);
		if (!ret)
			ret = send_one(n, w, s, m, (int)n->args[3]);
		if (m)
			message_free(m);
		if (ret < 0)
			break;
		h.msg_len = (u32)ret;
		ret = client_write(n->client, at + offsetof(struct mmsghdr, msg_len), &h.msg_len, sizeof(h.msg_len));
	}
	return i ? i : ret;
}

s64 box_sendmmsg(struct notif *n)
{
	struct sock s;
	struct who w;
	s64 ret;

	if (begins_connection(n, n->args[3]))
		return -EOPNOTSUPP;
	if (!judges_sending(n))
		return BOX_PASS;
	serve_slow(n->from);
	ret = sock_take(n, (int)n->args[0], &s);
	if (ret)
		return ret;
	ret = who_is(n, &w) ? send_many(n, &w, &s) : -EINTR;
	sock_drop(&s);
	return ret;
}

/* ---- receiving ---- */
/* One datagram into h and the client's memory: bytes or -errno. */
static s64 receive(struct notif *n, const struct who *w, struct sock *s, struct message *m, struct msghdr *h, int flags,
		   s64 patience)
{
	struct iovec v = { m->piece, (size_t)MIN(m->total, (u64)PIECE) };
	bool waits = !(flags & MSG_DONTWAIT) && sock_blocks(s);
	struct msghdr got;
	s64 ret;

	for (;;) {
		got = (struct msghdr){ .msg_name = &m->name.all,
				       .msg_namelen = sizeof(m->name.all),
				       .msg_iov = &v,
				       .msg_iovlen = 1,
				       .msg_control = m->control,
				       .msg_controllen = MIN(h->msg_controllen, (size_t)MAX_CONTROL) };
		ret = recvmsg(s->fd, &got, flags | MSG_DONTWAIT);
		if (ret >= 0 || errno != EAGAIN || !waits)
			break;
		ret = wait_for(n, s->fd, POLLIN, patience);
		if (ret)
			return ret;
	}
	if (ret < 0)
		return -errno;
	if (message_copy(n, m, 0, MIN((u64)ret, v.iov_len), true))
		return -EFAULT;
	m->name.len = got.msg_namelen;
	if (m->name.len && judge_address(n, w, s, &m->name, BPF_CGROUP_UDP4_RECVMSG, BPF_CGROUP_UDP6_RECVMSG, NULL, NULL) < 0)
		m->name.len = 0;
	if (got.msg_controllen && h->msg_control &&
	    client_write(n->client, (u64)(uintptr_t)h->msg_control, m->control, got.msg_controllen))
		return -EFAULT;
	h->msg_controllen = got.msg_controllen;
	h->msg_flags = got.msg_flags;
	return ret;
}

/* The socket of a call that may be judged: 0, BOX_PASS, -errno. */
static s64 receiver(struct notif *n, struct sock *s)
{
	s64 ret;

	if (!decides_cgroup(n->box, BPF_CGROUP_UDP4_RECVMSG) && !decides_cgroup(n->box, BPF_CGROUP_UDP6_RECVMSG))
		return BOX_PASS;
	serve_slow(n->from);
	ret = sock_take(n, (int)n->args[0], s);
	if (ret)
		return ret;
	if (s->f.protocol == IPPROTO_UDP && (s->f.family == AF_INET || s->f.family == AF_INET6))
		return 0;
	sock_drop(s);
	return BOX_PASS;
}

s64 box_recvfrom(struct notif *n)
{
	struct msghdr h = { .msg_controllen = 0 };
	struct message *m;
	struct sock s;
	struct who w;
	s64 ret = netlink_is(n->args[0]) ? netlink_recvfrom(n) : BOX_PASS;

	if (ret != BOX_PASS)
		return ret;
	ret = receiver(n, &s);
	if (ret)
		return ret;
	m = message_new();
	if (m) {
		m->iov[0] = (struct iovec){ (void *)(uintptr_t)n->args[1], n->args[2] };
		m->niov = 1;
		m->total = n->args[2];
	}
	ret = !m ? -ENOMEM : who_is(n, &w) ? receive(n, &w, &s, m, &h, (int)n->args[3], sock_patience(&s, SO_RCVTIMEO)) : -EINTR;
	if (ret >= 0 && n->args[4] && n->args[5] && address_write(n, &m->name, n->args[4], n->args[5]))
		ret = -EFAULT;
	if (m)
		message_free(m);
	sock_drop(&s);
	return ret;
}

/* One message described by a struct msghdr at `at`. */
static s64 receive_at(struct notif *n, const struct who *w, struct sock *s, u64 at, int flags, s64 patience)
{
	struct message *m = message_new();
	struct msghdr h;
	u32 room = 0;
	s64 ret = !m ? -ENOMEM : client_read(n->client, &h, at, sizeof(h)) ? -EFAULT : message_read(n, m, &h, false);

	if (!ret) {
		room = h.msg_namelen;
		ret = receive(n, w, s, m, &h, flags, patience);
	}
	if (ret >= 0) {
		h.msg_namelen = m->name.len;
		if ((h.msg_name && client_write(n->client, (u64)(uintptr_t)h.msg_name, &m->name.all, MIN(room, m->name.len))) ||
		    client_write(n->client, at, &h, sizeof(h)))
			ret = -EFAULT;
	}
	if (m)
		message_free(m);
	return ret;
}

s64 box_recvmsg(struct notif *n)
{
	struct sock s;
	struct who w;
	s64 ret = netlink_is(n->args[0]) ? netlink_recvmsg(n) : BOX_PASS;

	if (ret != BOX_PASS)
		return ret;
	ret = receiver(n, &s);
	if (ret)
		return ret;
	ret = who_is(n, &w) ? receive_at(n, &w, &s, n->args[1], (int)n->args[2], sock_patience(&s, SO_RCVTIMEO)) : -EINTR;
	sock_drop(&s);
	return ret;
}

s64 box_recvmmsg(struct notif *n)
{
	u32 count = MIN((u32)n->args[2], 1024u), i;
	int flags = (int)n->args[3];
	struct timespec t;
	struct sock s;
	struct who w;
	u64 end = U64_MAX;
	s64 ret = receiver(n, &s);

	if (ret)
		return ret;
	if (n->args[4] && !client_read(n->client, &t, n->args[4], sizeof(t)))
		end = clock_ns(CLOCK_MONOTONIC) + (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
	if (!who_is(n, &w))
		ret = -EINTR;
	for (i = 0; i < count && !ret && (!i || clock_ns(CLOCK_MONOTONIC) < end); i++) {
		u64 at = n->args[1] + i * sizeof(struct mmsghdr);
		u32 len;

		ret = receive_at(n, &w, &s, at, flags & ~MSG_WAITFORONE, sock_patience(&s, SO_RCVTIMEO));
		if (ret < 0)
			break;
		len = (u32)ret;
		ret = client_write(n->client, at + offsetof(struct mmsghdr, msg_len), &len, sizeof(len));
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	sock_drop(&s);
	return i ? i : ret;
}
