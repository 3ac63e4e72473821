/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions about sockets: making, binding, connecting, listening, their names and options.
 *
 * Invariant: a call that is made here is made on a duplicate taken before the programs were asked, so it is on the socket they saw.
 */
#include "box/decide_net.h"
#include "box/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "helper/object.h"
#include "helper/run_env.h"
#include "hook/hook.h"
#include "hook/mirror.h"

#define MAX_OPTION 65536u
#define SHOWN_OPTION 4096 /* of an option's value to programs: a page */

/* ---- a client's socket ---- */
int sock_take(struct notif *n, int fd, struct sock *s)
{
	int err;

	*s = (struct sock){ .fd = client_fd(n->client, fd) };
	if (s->fd < 0)
		return s->fd;
	err = sk_ask(s->fd, &s->f);
	if (!err) {
		s->noted = sk_noted(s->f.cookie);
		err = sk_note(&s->f, (u32)n->client->pid, fd);
	}
	s->sk = err ? NULL : sk_get(s->f.cookie);
	if (!err && !s->sk)
		err = -EBADF;
	if (err)
		sock_drop(s);
	return err;
}

void sock_drop(struct sock *s)
{
	if (s->sk)
		object_put(s->sk);
	if (s->f.cookie && !s->noted)
		sk_forget(s->f.cookie);
	close(s->fd);
}

bool sock_blocks(const struct sock *s)
{
	return !(fcntl(s->fd, F_GETFL) & O_NONBLOCK);
}

s64 sock_patience(const struct sock *s, int name)
{
	struct timeval t = { 0, 0 };
	socklen_t len = sizeof(t);

	if (getsockopt(s->fd, SOL_SOCKET, name, &t, &len) || (!t.tv_sec && !t.tv_usec))
		return -1;
	return (s64)t.tv_sec * 1000 + t.tv_usec / 1000;
}

int address_read(struct notif *n, struct address *a, u64 from, u64 len)
{
	memset(a, 0, sizeof(*a));
	if (len > sizeof(a->all))
		return -EINVAL;
	a->len = (socklen_t)len;
	return len && client_read(n->client, &a->all, from, len) ? -EFAULT : 0;
}

int address_write(struct notif *n, const struct address *a, u64 to, u64 len_at)
{
	s32 room;

	if (client_read(n->client, &room, len_at, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (client_write(n->client, to, &a->all, MIN((size_t)room, (size_t)a->len)) ||
	    client_write(n->client, len_at, &a->len, sizeof(a->len)))
		return -EFAULT;
	return 0;
}

/* ---- asking ---- */
s64 judge_address(struct notif *n, const struct who *w, struct sock *s, struct address *a, u32 type4, u32 type6,
		  struct address *source, u32 *flags)
{
	bool six = a->a.sa_family == AF_INET6;
	struct bpf_sock_addr c = { .user_family = a->a.sa_family, .family = s->f.family, .type = s->f.type, .protocol = s->f.protocol,
				   .sk = (struct bpf_sock *)s->sk };
	struct hook_event ev = { .ctx = &c, .sk = s->sk };
	s64 ret;

	if (!is_inet(a) || (s->f.family != AF_INET && s->f.family != AF_INET6) || !decides_cgroup(n->box, six ? type6 : type4))
		return 0;
	if (six)
		memcpy(c.user_ip6, &a->in6.sin6_addr, 16);
	else
		c.user_ip4 = a->in.sin_addr.s_addr;
	c.user_port = a->in.sin_port; /* at the same place in both */
	ret = decide_cgroup(n, w, six ? type6 : type4, &ev);
	if (ret < 0)
		return ret;
	if (six)
		memcpy(&a->in6.sin6_addr, c.user_ip6, 16);
	else
		a->in.sin_addr.s_addr = c.user_ip4;
	a->in.sin_port = (in_port_t)c.user_port;
	if (source) {
		source->a.sa_family = a->a.sa_family;
		if (six)
			memcpy(&source->in6.sin6_addr, c.msg_src_ip6, 16);
		else
			source->in.sin_addr.s_addr = c.msg_src_ip4;
	}
	if (flags)
		*flags = ev.flags_out;
	return 0;
}

s64 judge_socket(struct notif *n, const struct who *w, struct sock *s, enum security what, u64 second, u64 third)
{
	struct mirrors m = { .btf = hook_btf(n->box->skep->hooks) };
	struct mirror sock;
	jmp_buf oom;
	s64 ret = -ENOMEM;

	if (!decides(n->box, what))
		return 0;
	m.arena.oom = &oom;
	if (!setjmp(oom)) {
		u64 args[3] = { 0, second, third };

		if (m.btf) {
			sock = mirror_new(&m, "socket");
			mirror_set(&m, sock, "type", &(u16){ s->f.type }, 2);
			mirror_u64(&m, sock, "sk", sk_handle(s->sk));
			args[0] = (u64)(uintptr_t)sock.mem;
		}
		ret = decide_security(n, w, what, args, ARRAY_SIZE(args));
	}
	arena_free(&m.arena);
	return ret;
}

static bool any_of(struct notif *n, enum security what, u32 type4, u32 type6)
{
	return decides(n->box, what) || decides_cgroup(n->box, type4) || decides_cgroup(n->box, type6);
}

/* ---- socket ---- */
/* Is the client in another network than sockets that are made here? */
static bool elsewhere(const struct notif *n)
{
	char theirs[40];
	struct stat a, b;

	snprintf(theirs, sizeof(theirs), "/proc/%d/ns/net", n->tid);
	return stat(theirs, &a) || stat("/proc/self/ns/net", &b) || a.st_ino != b.st_ino;
}

/* Everything asked about is in registers, so the kernel makes the socket, unless programs gave it marks. */
static s64 make_marked(struct notif *n, const struct who *w, const struct bpf_sock *s)
{
	struct acting act;
	int fd, err;

	if (elsewhere(n))
		return -EPERM;
	err = act_begin(n, w, &act);
	if (err)
		return err;
	fd = socket((int)n->args[0], (int)n->args[1], (int)n->args[2]);
	err = -errno;
	act_end(&act);
	if (fd < 0)
		return err;
	if ((s->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &s->mark, 4)) ||
	    (s->priority && setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &s->priority, 4)) ||
	    (s->bound_dev_if && setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &s->bound_dev_if, 4))) {
		err = -errno;
		close(fd);
		return err;
	}
	return notif_give(n, fd, n->args[1] & SOCK_CLOEXEC);
}

s64 box_socket(struct notif *n)
{
	int family = (int)n->args[0], type = (int)n->args[1] & 0xf;
	u64 args[4] = { (u32)family, (u32)type, (u32)n->args[2], 0 };
	struct sk sk = { .s = { .family = (u32)family, .type = (u32)type, .protocol = (u32)n->args[2], .state = BPF_TCP_CLOSE,
				.rx_queue_mapping = -1 } };
	struct hook_event ev = { .ctx = &sk.s, .sk = &sk };
	struct who w;
	s64 ret;

	if (!any_of(n, SEC_socket_create, BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET_SOCK_CREATE))
		return netlink_socket(n);
	if (!who_is(n, &w))
		return -EINTR;
	ret = decide_security(n, &w, SEC_socket_create, args, 4);
	if (ret || (family != AF_INET && family != AF_INET6))
		return ret ? ret : netlink_socket(n);
	if (!sk.s.protocol)
		sk.s.protocol = type == SOCK_STREAM ? IPPROTO_TCP : type == SOCK_DGRAM ? IPPROTO_UDP : 0;
	ret = decide_cgroup(n, &w, BPF_CGROUP_INET_SOCK_CREATE, &ev);
	if (ret < 0)
		return ret;
	if (sk.s.mark || sk.s.priority || sk.s.bound_dev_if)
		return make_marked(n, &w, &sk.s);
	return BOX_PASS;
}

/* Two sockets of one kind: asked once. The kernel makes them, from numbers in registers. */
s64 box_socketpair(struct notif *n)
{
	u64 args[4] = { (u32)n->args[0], n->args[1] & 0xf, (u32)n->args[2], 0 };
	struct who w;
	s64 ret;

	if (!decides(n->box, SEC_socket_create))
		return BOX_PASS;
	ret = who_is(n, &w) ? decide_security(n, &w, SEC_socket_create, args, 4) : -EINTR;
	return ret ? ret : BOX_PASS;
}

/* ---- connect, bind ---- */
/* Without blocking here for as long as the kernel would: for a moment the socket does not block. */
static s64 connect_waiting(struct notif *n, const struct sock *s, const struct address *a)
{
	int flags = fcntl(s->fd, F_GETFL), err;
	s64 patience = sock_patience(s, SO_SNDTIMEO), ret;
	socklen_t len = sizeof(err);

	if (flags & O_NONBLOCK || s->f.type != SOCK_STREAM)
		return connect(s->fd, &a->a, a->len) ? -errno : 0;
	fcntl(s->fd, F_SETFL, flags | O_NONBLOCK);
	err = connect(s->fd, &a->a, a->len) ? errno : 0;
	fcntl(s->fd, F_SETFL, flags);
	while (err == EAGAIN && s->f.family == AF_UNIX) { /* its queue is full, and nothing tells when it is not */
		ret = wait_for(n, -1, 0, 10);
		if (ret == -EINTR)
			return ret;
		fcntl(s->fd, F_SETFL, flags | O_NONBLOCK);
		err = connect(s->fd, &a->a, a->len) ? errno : 0;
		fcntl(s->fd, F_SETFL, flags);
	}
	if (err != EINPROGRESS)
		return -err;
	ret = wait_for(n, s->fd, POLLOUT, patience);
	if (ret)
		return ret == -EAGAIN ? -EINPROGRESS : ret;
	return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -errno : -err;
}

/* Names in the file system are the client's. */
static bool is_path(const struct address *a)
{
	return a->a.sa_family == AF_UNIX && a->len > sizeof(sa_family_t) && a->un.sun_path[0];
}

/* connect or bind, as the client. */
static s64 as_client(struct notif *n, const struct who *w, const struct sock *s, const struct address *a, bool to_bind)
{
	struct acting act;
	s64 ret = act_begin(n, w, &act);

	if (ret)
		return ret;
	ret = is_path(a) ? walk_enter(n, w) : 0;
	if (!ret)
		ret = to_bind ? bind(s->fd, &a->a, a->len) ? -errno : 0 : connect_waiting(n, s, a);
	if (is_path(a))
		walk_leave();
	act_end(&act);
	return ret;
}

/* What is asked of both: the socket, the address as the programs left it, whose call it is. */
struct naming {
	struct sock s;
	struct address a;
	struct who w;
	u32 flags; /* of the programs' answer */
};

/* 0: to be made in the client's place, with a socket to drop; or -errno. */
static s64 naming_begin(struct notif *n, struct naming *m, enum security sec, u32 type4, u32 type6)
{
	s64 ret;

	m->flags = 0;
	serve_slow(n->from);
	ret = sock_take(n, (int)n->args[0], &m->s);
	if (ret)
		return ret;
	ret = address_read(n, &m->a, n->args[1], (u32)n->args[2]);
	if (!ret && !who_is(n, &m->w))
		ret = -EINTR;
	if (!ret)
		ret = judge_socket(n, &m->w, &m->s, sec, (u64)(uintptr_t)&m->a.all, m->a.len);
	if (!ret)
		ret = judge_address(n, &m->w, &m->s, &m->a, type4, type6, NULL, &m->flags);
	if (ret)
		sock_drop(&m->s);
	return ret;
}

s64 box_connect(struct notif *n)
{
	struct naming m;
	s64 ret;

	if (!any_of(n, SEC_socket_connect, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT))
		return BOX_PASS;
	ret = naming_begin(n, &m, SEC_socket_connect, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT);
	if (ret)
		return ret;
	ret = as_client(n, &m.w, &m.s, &m.a, false);
	sock_drop(&m.s);
	return ret;
}

static s64 do_bind(struct notif *n, const struct naming *m, int fd)
{
	struct sock s = m->s;

	if (m->flags & 1 && is_inet(&m->a)) /* the program waives the check of privileged ports, as far as we may */
		return bind(fd, &m->a.a, m->a.len) ? -errno : 0;
	s.fd = fd;
	return as_client(n, &m->w, &s, &m->a, true);
}

/* ---- after a bind ---- */
/* Do programs see this bind? Of raw and ping sockets Linux does not ask them, nor when the port is left for later. */
static u32 bound_type(const struct naming *m)
{
	const struct sk_facts *f = &m->s.f;
	int later = 0;
	socklen_t len = sizeof(later);

	if ((f->type != SOCK_STREAM && f->type != SOCK_DGRAM) || !is_inet(&m->a) || f->bound ||
	    (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP && f->protocol != IPPROTO_UDPLITE))
		return UAPI_ATTACH_TYPES;
	if (!m->a.in.sin_port && !getsockopt(m->s.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, &len) && later)
		return UAPI_ATTACH_TYPES;
	return f->family == AF_INET ? BPF_CGROUP_INET4_POST_BIND :
	       f->family == AF_INET6 ? BPF_CGROUP_INET6_POST_BIND : UAPI_ATTACH_TYPES;
}

/* A socket to which the same addresses are free as to the client's. */
static int socket_like(const struct sock *s)
{
	static const struct { int level, name; } options[] = {
		{ SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_REUSEPORT }, { SOL_SOCKET, SO_BINDTOIFINDEX },
		{ IPPROTO_IP, IP_FREEBIND }, { IPPROTO_IP, IP_TRANSPARENT }, { IPPROTO_IPV6, IPV6_V6ONLY },
	};
	int fd = socket(s->f.family, s->f.type | SOCK_CLOEXEC, s->f.protocol);

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(options); i++) {
		int value = 0;
		socklen_t len = sizeof(value);

		if (!getsockopt(s->fd, options[i].level, options[i].name, &value, &len) && value)
			setsockopt(fd, options[i].level, options[i].name, &value, len); /* or the bind says why not */
	}
	return fd < 0 ? -errno : fd;
}

/*
 * Programs judge a bind that has succeeded, and what they refuse is not bound. A bind cannot be taken back from outside, so another
 * socket is bound first; when its address is allowed the client's own is bound to it. 0, -errno.
 */
static s64 judge_bound(struct notif *n, struct naming *m)
{
	struct address got = { .len = sizeof(got.all) };
	u32 type = bound_type(m);
	struct sk sk = *m->s.sk;
	struct hook_event ev = { .ctx = &sk.s, .sk = &sk };
	s64 ret;
	int fd;

	if (type == UAPI_ATTACH_TYPES || !decides_cgroup(n->box, type))
		return 0;
	fd = elsewhere(n) ? -EPERM : socket_like(&m->s);
	if (fd < 0)
		return fd;
	ret = do_bind(n, m, fd);
	if (!ret && getsockname(fd, &got.a, &got.len))
		ret = -errno;
	if (!ret) {
		sk.number = 0;
		sk.s.src_port = ntohs(got.in.sin_port);
		if (type == BPF_CGROUP_INET4_POST_BIND)
			sk.s.src_ip4 = got.in.sin_addr.s_addr;
		else
			memcpy(sk.s.src_ip6, &got.in6.sin6_addr, 16);
		ret = decide_cgroup(n, &m->w, type, &ev);
		m->a.in.sin_port = got.in.sin_port; /* of those that are free, this one */
	}
	close(fd);
	return ret;
}

s64 box_bind(struct notif *n)
{
	struct naming m;
	s64 ret;

	if (!any_of(n, SEC_socket_bind, BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND) &&
	    !decides_cgroup(n->box, BPF_CGROUP_INET4_POST_BIND) && !decides_cgroup(n->box, BPF_CGROUP_INET6_POST_BIND))
		return BOX_PASS;
	ret = naming_begin(n, &m, SEC_socket_bind, BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND);
	if (ret)
		return ret;
	ret = judge_bound(n, &m);
	if (!ret)
		ret = do_bind(n, &m, m.s.fd);
	sock_drop(&m.s);
	return ret;
}

/* ---- listen ---- */
s64 box_listen(struct notif *n)
{
	struct sock s;
	struct who w;
	s64 ret;

	if (!decides(n->box, SEC_socket_listen))
		return BOX_PASS;
	ret = sock_take(n, (int)n->args[0], &s);
	if (ret)
		return ret;
	ret = who_is(n, &w) ? judge_socket(n, &w, &s, SEC_socket_listen, n->args[1], 0) : -EINTR;
	if (!ret)
		ret = listen(s.fd, (int)n->args[1]) ? -errno : 0;
	sock_drop(&s);
	return ret;
}

/* ---- names ---- */
static s64 name_of(struct notif *n, bool peer)
{
	u32 type4 = peer ? BPF_CGROUP_INET4_GETPEERNAME : BPF_CGROUP_INET4_GETSOCKNAME;
	u32 type6 = peer ? BPF_CGROUP_INET6_GETPEERNAME : BPF_CGROUP_INET6_GETSOCKNAME;
	struct address a = { .len = sizeof(a.all) };
	struct sock s;
	struct who w;
	s64 ret;

	if (!decides_cgroup(n->box, type4) && !decides_cgroup(n->box, type6))
		return BOX_PASS;
	ret = sock_take(n, (int)n->args[0], &s);
	if (ret)
		return ret;
	ret = (peer ? getpeername(s.fd, &a.a, &a.len) : getsockname(s.fd, &a.a, &a.len)) ? -errno : 0;
	if (!ret && !who_is(n, &w))
		ret = -EINTR;
	if (!ret)
		ret = judge_address(n, &w, &s, &a, type4, type6, NULL, NULL);
	if (!ret)
		ret = address_write(n, &a, n->args[1], n->args[2]);
	sock_drop(&s);
	return ret;
}

s64 box_getpeername(struct notif *n) { return name_of(n, true); }
s64 box_getsockname(struct notif *n) { return name_of(n, false); }

/* ---- options ---- */
/* Values that name memory or descriptors of the caller: only the kernel can take them, by the numbers that were judged. */
static bool means_the_caller(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_ATTACH_FILTER || name == SO_ATTACH_BPF || name == SO_ATTACH_REUSEPORT_CBPF ||
		       name == SO_ATTACH_REUSEPORT_EBPF || name == 77 /* SO_PEERPIDFD */;
	return (level == IPPROTO_IP && name >= 64 && name < 192) || (level == IPPROTO_IPV6 && name >= 64 && name < 70) || /* tables */
	       (level == IPPROTO_TCP && name == 35 /* TCP_ZEROCOPY_RECEIVE */) || level == IPPROTO_SCTP || level == SOL_PACKET ||
	       level == SOL_XDP || level == SOL_RDS || level == SOL_ALG;
}

struct option {
	struct bpf_sockopt c;
	u8 *value;
	u32 len;
};

static s64 judge_option(struct notif *n, const struct who *w, struct sock *s, struct option *o, u32 type, s64 retval)
{
	struct hook_event ev = { .ctx = &o->c, .sk = s->sk, .retval = (s32)retval };
	s64 ret;

	o->c.sk = (struct bpf_sock *)s->sk;
	o->c.optval = o->value;
	o->c.optval_end = o->value + MIN(o->len, (u32)SHOWN_OPTION);
	o->c.optlen = (s32)o->len;
	o->c.retval = (s32)retval;
	ret = decide_cgroup(n, w, type, &ev);
	if (ret < 0 && (ret != retval || o->c.retval == (s32)retval))
		return ret;
	return o->c.retval == (s32)retval ? ret : o->c.retval; /* by bpf_set_retval(), or by the field */
}

static s64 set_option(struct notif *n, const struct who *w, struct sock *s, struct option *o)
{
	u32 len = (u32)n->args[4];
	struct acting act;
	s64 ret;

	o->c.level = (s32)n->args[1];
	o->c.optname = (s32)n->args[2];
	o->len = len;
	if (len > MAX_OPTION || (s32)len < 0)
		return -EINVAL;
	o->value = calloc(1, MAX(len, 16u));
	if (!o->value)
		return -ENOMEM;
	if (len && client_read(n->client, o->value, n->args[3], len))
		return -EFAULT;
	ret = judge_socket(n, w, s, SEC_socket_setsockopt, n->args[1], n->args[2]);
	if (!ret && decides_cgroup(n->box, BPF_CGROUP_SETSOCKOPT)) {
		ret = judge_option(n, w, s, o, BPF_CGROUP_SETSOCKOPT, 0);
		if (ret || o->c.optlen == -1) /* the program did it all by itself */
			return ret;
		if (o->c.optlen < -1 || (o->c.optlen > (s32)len && o->c.optlen > SHOWN_OPTION))
			return -EFAULT;
		if (o->c.optlen) /* 0: as it was given */
			len = MIN((u32)o->c.optlen, MAX(len, 16u));
	}
	if (!ret && means_the_caller(o->c.level, o->c.optname))
		return o->c.level == (s32)n->args[1] && o->c.optname == (s32)n->args[2] ? BOX_PASS : -EOPNOTSUPP;
	if (!ret)
		ret = act_begin(n, w, &act);
	if (ret)
		return ret;
	ret = setsockopt(s->fd, o->c.level, o->c.optname, o->value, len) ? -errno : 0;
	act_end(&act);
	return ret;
}

static s64 get_option(struct notif *n, const struct who *w, struct sock *s, struct option *o)
{
	socklen_t len;
	s32 room;
	s64 ret;

	o->c.level = (s32)n->args[1];
	o->c.optname = (s32)n->args[2];
	if (client_read(n->client, &room, n->args[4], sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	ret = judge_socket(n, w, s, SEC_socket_getsockopt, n->args[1], n->args[2]);
	if (ret || means_the_caller(o->c.level, o->c.optname))
		return ret ? ret : BOX_PASS;
	o->len = MIN((u32)room, MAX_OPTION);
	o->value = calloc(1, MAX(o->len, (u32)SHOWN_OPTION));
	if (!o->value)
		return -ENOMEM;
	len = o->len;
	ret = getsockopt(s->fd, o->c.level, o->c.optname, o->value, &len) ? -errno : 0;
	if (decides_cgroup(n->box, BPF_CGROUP_GETSOCKOPT)) {
		u32 had = o->len;

		o->len = ret ? MIN(had, (u32)SHOWN_OPTION) : len;
		ret = judge_option(n, w, s, o, BPF_CGROUP_GETSOCKOPT, ret);
		if (ret >= 0 && (o->c.optlen < 0 || o->c.optlen > (s32)MAX(had, o->len)))
			return -EFAULT;
		len = o->c.optlen ? (u32)o->c.optlen : len;
	}
	if (ret < 0)
		return ret;
	if ((len && client_write(n->client, n->args[3], o->value, MIN(len, (u32)room))) ||
	    client_write(n->client, n->args[4], &len, sizeof(len)))
		return -EFAULT;
	return ret;
}

static s64 option(struct notif *n, enum security what, u32 type,
		  s64 (*fn)(struct notif *, const struct who *, struct sock *, struct option *))
{
	struct option o = { .value = NULL };
	struct sock s;
	struct who w;
	s64 ret;

	if (!any_of(n, what, type, type))
		return BOX_PASS;
	ret = sock_take(n, (int)n->args[0], &s);
	if (ret)
		return ret;
	ret = who_is(n, &w) ? fn(n, &w, &s, &o) : -EINTR;
	free(o.value);
	sock_drop(&s);
	return ret;
}

s64 box_setsockopt(struct notif *n) { return option(n, SEC_socket_setsockopt, BPF_CGROUP_SETSOCKOPT, set_option); }
s64 box_getsockopt(struct notif *n) { return option(n, SEC_socket_getsockopt, BPF_CGROUP_GETSOCKOPT, get_option); }
