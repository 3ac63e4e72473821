/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP and tc attached by netlink: requests that name a program are answered here, the kernel never sees them. What is answered is
 * what a link would get: no packet passes by a box, so it is EOPNOTSUPP with the reason as extended acknowledgement.
 *
 * Stopping every sendto(2) for the few that are such requests would cost all clients. So the NETLINK_ROUTE sockets of processes that
 * have to do with BPF get descriptors from a range that the filter knows, and only calls on those stop (filter.c).
 * Invariant: a socket behaves as the kernel's but for these requests; where it cannot be placed there, it is the kernel's alone.
 */
#include "box/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box/decide_net.h"
#include "hook/link.h"

#define MAX_REQUEST 32768u
#define ALIGN4(n) (((n) + 3u) & ~3u)
#define ATTR_HEAD ((u32)sizeof(struct nlattr))

/* An answer that waits for the client to ask for it. */
struct answer {
	struct answer *next;
	u64 cookie; /* of the socket */
	pid_t pid;
	u32 len;
	u8 bytes[];
};
static struct answer *answers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- sockets ---- */
/* Has it asked for BPF, or is it a program that will (ip, tc)? */
static bool is_about_bpf(struct notif *n)
{
	char path[40], line[512];
	bool is = __atomic_load_n(&n->client->asks_bpf, __ATOMIC_RELAXED);
	FILE *f;

	if (is || __atomic_load_n(&n->client->plain, __ATOMIC_RELAXED))
		return is;
	snprintf(path, sizeof(path), "/proc/%d/maps", n->tid);
	f = fopen(path, "re");
	while (f && !is && fgets(line, sizeof(line), f))
		is = strstr(line, "/libbpf.so") != NULL;
	if (f)
		fclose(f);
	__atomic_store_n(&n->client->plain, !is, __ATOMIC_RELAXED);
	return is;
}

static int free_number(struct notif *n)
{
	char path[48];
	struct rlimit l;
	struct stat st;

	if (syscall(SYS_prlimit64, n->client->pid, RLIMIT_NOFILE, NULL, &l) || l.rlim_cur < NETLINK_FD_END)
		return -1;
	for (int fd = NETLINK_FD; fd < NETLINK_FD_END; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", n->tid, fd);
		if (lstat(path, &st) && errno == ENOENT)
			return fd;
	}
	return -1;
}

s64 netlink_socket(struct notif *n)
{
	int type = (int)n->args[1], at, fd;
	struct acting act;
	char path[40];
	struct stat a, b;
	struct who w;

	if (n->args[0] != AF_NETLINK || (u32)n->args[2] != NETLINK_ROUTE || !is_about_bpf(n))
		return BOX_PASS;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", n->tid);
	if (stat(path, &a) || stat("/proc/self/ns/net", &b) || a.st_ino != b.st_ino || !who_is(n, &w))
		return BOX_PASS;
	at = free_number(n);
	if (at < 0 || act_begin(n, &w, &act))
		return BOX_PASS;
	fd = socket(AF_NETLINK, type | SOCK_CLOEXEC, NETLINK_ROUTE);
	act_end(&act);
	if (fd < 0)
		return BOX_PASS;
	if (notif_replace(n, fd, at, type & SOCK_CLOEXEC))
		at = -1;
	close(fd);
	return at < 0 ? BOX_PASS : at;
}

bool netlink_is(u64 fd)
{
	return fd >= NETLINK_FD && fd < NETLINK_FD_END;
}

/* ---- requests ---- */
static const struct nlattr *attribute(const void *at, size_t len, u16 type, size_t *ret_len)
{
	const u8 *p = at;

	while (len >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)p;
		size_t step = ALIGN4((size_t)a->nla_len);

		if (a->nla_len < sizeof(*a) || a->nla_len > len)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*ret_len = a->nla_len - sizeof(*a);
			return a + 1;
		}
		if (step >= len)
			return NULL;
		p += step;
		len -= step;
	}
	return NULL;
}

static u32 number(const void *nest, size_t len, u16 type, u32 otherwise)
{
	size_t size = 0;
	const void *v = attribute(nest, len, type, &size);
	u32 ret = otherwise;

	if (v && size >= sizeof(ret))
		memcpy(&ret, v, sizeof(ret));
	return ret;
}

/* The program behind a client's descriptor, referenced; NULL: none (negative). 0 or -errno. */
static int program(struct notif *n, s32 theirs, u32 type, struct prog **ret, struct str *why)
{
	int fd = theirs < 0 ? -1 : client_fd(n->client, theirs), err;
	struct obj *o;

	*ret = NULL;
	if (theirs < 0)
		return 0;
	if (fd < 0)
		return -EBADF;
	err = obj_by_fd(&n->box->skep->tab, fd, OBJ_PROG, &o, NULL);
	close(fd);
	if (err)
		return -EINVAL;
	*ret = prog_of(o);
	err = (*ret)->type == type ? prog_ready(*ret) : -EINVAL;
	if (!err)
		return 0;
	str_printf(why, err == -EINVAL ? "the program is of another type" : "the program cannot be compiled");
	prog_put(*ret);
	*ret = NULL;
	return err;
}

static int set_xdp(struct notif *n, u32 ifindex, const void *nest, size_t len, struct str *why)
{
	struct prog *p = NULL, *expected = NULL;
	int err = program(n, (s32)number(nest, len, IFLA_XDP_FD, (u32)-1), BPF_PROG_TYPE_XDP, &p, why);

	if (!err)
		err = program(n, (s32)number(nest, len, IFLA_XDP_EXPECTED_FD, (u32)-1), BPF_PROG_TYPE_XDP, &expected, why);
	if (!err)
		err = xdp_set(n->box->skep->hooks, ifindex, p, expected, number(nest, len, IFLA_XDP_FLAGS, 0), why);
	prog_put(p);
	prog_put(expected);
	return err;
}

/* tc's own objects have no place here, whoever sees packets: links (tcx) do. */
static int refuse_tc(struct notif *n, struct str *why)
{
	int err = hook_served(n->box->skep->hooks, HOOK_NETDEV, why);

	if (!err)
		str_printf(why, "filters of tc are not here: attach by a tcx link");
	return -EOPNOTSUPP;
}

static bool has_kind(const void *at, size_t len, const char *kind)
{
	size_t size = 0;
	const char *k = (const void *)attribute(at, len, TCA_KIND, &size);

	return k && size == strlen(kind) + 1 && !memcmp(k, kind, size);
}

/* 1: the kernel's to answer; else what is answered. */
static int judge(struct notif *n, const struct nlmsghdr *h, struct str *why)
{
	const u8 *body = NLMSG_DATA(h);
	size_t room = h->nlmsg_len - NLMSG_HDRLEN, len = 0, in = 0;
	bool link = h->nlmsg_type == RTM_SETLINK || h->nlmsg_type == RTM_NEWLINK;
	size_t head = link ? sizeof(struct ifinfomsg) : sizeof(struct tcmsg);
	const void *nest;

	if (room < head)
		return 1;
	body += NLMSG_ALIGN(head);
	room -= MIN(room, NLMSG_ALIGN(head));
	switch (h->nlmsg_type) {
	case RTM_SETLINK: case RTM_NEWLINK:
		nest = attribute(body, room, IFLA_XDP, &len);
		if (!nest || !attribute(nest, len, IFLA_XDP_FD, &in))
			return 1;
		if (!(caller_known(notif_caller(n))->caps & (CAPB_NET_ADMIN | CAPB_SYS_ADMIN)))
			return -EPERM;
		return set_xdp(n, (u32)((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index, nest, len, why);
	case RTM_NEWTFILTER:
		nest = attribute(body, room, TCA_OPTIONS, &len);
		return has_kind(body, room, "bpf") && nest && attribute(nest, len, TCA_BPF_FD, &in) ? refuse_tc(n, why) : 1;
	case RTM_NEWQDISC:
		return has_kind(body, room, "clsact") ? refuse_tc(n, why) : 1;
	default:
		return 1;
	}
}

/* ---- answers ---- */
/* Those of processes that are gone are nobody's. Under lock. */
static void sweep(void)
{
	for (struct answer **p = &answers; *p;) {
		struct answer *a = *p;

		if (!syscall(SYS_tgkill, a->pid, a->pid, 0) || errno != ESRCH) {
			p = &a->next;
			continue;
		}
		*p = a->next;
		free(a);
	}
}

static s64 answer(struct notif *n, const struct sock *s, const struct nlmsghdr *h, int err, const char *why)
{
	int ext = 0;
	socklen_t size = sizeof(ext);
	u32 text, len;
	struct answer *a, **p;
	struct nlmsghdr *out;
	struct nlmsgerr *e;

	if (!err && !(h->nlmsg_flags & NLM_F_ACK))
		return 0;
	getsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &ext, &size);
	text = ext && err && *why ? (u32)strlen(why) + 1 : 0;
	len = NLMSG_LENGTH(sizeof(*e)) + (err ? h->nlmsg_len - NLMSG_HDRLEN : 0);
	len = NLMSG_ALIGN(len);
	a = calloc(1, sizeof(*a) + len + (text ? ATTR_HEAD + ALIGN4(text) : 0));
	if (!a)
		return -ENOBUFS;
	out = (void *)a->bytes;
	e = NLMSG_DATA(out);
	*out = (struct nlmsghdr){ .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = h->nlmsg_seq, .nlmsg_pid = (u32)n->client->pid,
				  .nlmsg_flags = (u16)(text ? NLM_F_ACK_TLVS : 0) };
	e->error = err;
	memcpy(&e->msg, h, err ? h->nlmsg_len : sizeof(*h)); /* a failure gives the request back */
	if (text) {
		struct nlattr *t = (void *)(a->bytes + len);

		*t = (struct nlattr){ .nla_type = NLMSGERR_ATTR_MSG, .nla_len = (u16)(ATTR_HEAD + text) };
		memcpy(t + 1, why, text);
		len += ATTR_HEAD + ALIGN4(text);
	}
	out->nlmsg_len = a->len = len;
	a->cookie = s->f.cookie;
	a->pid = n->client->pid;
	pthread_mutex_lock(&lock);
	sweep();
	for (p = &answers; *p; p = &(*p)->next)
		;
	*p = a;
	pthread_mutex_unlock(&lock);
	return 0;
}

s64 netlink_send(struct notif *n, const struct iovec *iov, u64 total)
{
	struct nlmsghdr *h;
	struct str why = { 0 };
	struct sock s;
	s64 ret = BOX_PASS;
	int err;

	if (total < NLMSG_HDRLEN || total > MAX_REQUEST || iov[0].iov_len != total || sock_take(n, (int)n->args[0], &s))
		return BOX_PASS;
	h = malloc(total);
	if (h && s.f.family == AF_NETLINK && !client_read(n->client, h, (u64)(uintptr_t)iov[0].iov_base, total) &&
	    h->nlmsg_len >= NLMSG_HDRLEN && h->nlmsg_len <= total) {
		err = judge(n, h, &why);
		if (err <= 0)
			ret = answer(n, &s, h, err, str_text(&why)) ? -ENOBUFS : (s64)total;
	}
	str_free(&why);
	free(h);
	sock_drop(&s);
	return ret;
}

/* The oldest answer that waits at the socket, taken off unless it is only looked at. */
static struct answer *next_answer(u64 cookie, bool peek)
{
	struct answer **p = &answers, *a;

	pthread_mutex_lock(&lock);
	while (*p && (*p)->cookie != cookie)
		p = &(*p)->next;
	a = *p;
	if (a && peek) {
		struct answer *copy = malloc(sizeof(*a) + a->len);

		if (copy)
			memcpy(copy, a, sizeof(*a) + a->len);
		a = copy;
	} else if (a) {
		*p = a->next;
	}
	pthread_mutex_unlock(&lock);
	return a;
}

static bool any_answer(void)
{
	return __atomic_load_n(&answers, __ATOMIC_RELAXED) != NULL;
}

/* Put it where the client wants it: bytes, or with MSG_TRUNC all there were. */
static s64 hand_over(struct notif *n, const struct answer *a, const struct iovec *iov, u32 niov, int flags, bool *ret_cut)
{
	u32 done = 0;

	for (u32 i = 0; i < niov && done < a->len; i++) {
		u32 part = (u32)MIN(iov[i].iov_len, (size_t)(a->len - done));

		if (part && client_write(n->client, (u64)(uintptr_t)iov[i].iov_base, a->bytes + done, part))
			return -EFAULT;
		done += part;
	}
	*ret_cut = done < a->len;
	return flags & MSG_TRUNC ? a->len : done;
}

static struct answer *waiting(struct notif *n, int flags)
{
	struct answer *a;
	struct sock s;

	if (!any_answer() || sock_take(n, (int)n->args[0], &s))
		return NULL;
	a = next_answer(s.f.cookie, flags & MSG_PEEK);
	sock_drop(&s);
	return a;
}

s64 netlink_recvmsg(struct notif *n)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct answer *a = waiting(n, (int)n->args[2]);
	struct iovec iov[8];
	struct msghdr h;
	bool cut = false;
	s64 ret;

	if (!a)
		return BOX_PASS;
	ret = client_read(n->client, &h, n->args[1], sizeof(h)) || h.msg_iovlen > ARRAY_SIZE(iov) ||
	      client_read(n->client, iov, (u64)(uintptr_t)h.msg_iov, h.msg_iovlen * sizeof(*iov)) ? -EFAULT : 0;
	if (!ret)
		ret = hand_over(n, a, iov, (u32)h.msg_iovlen, (int)n->args[2], &cut);
	if (ret >= 0) {
		if (h.msg_name &&
		    client_write(n->client, (u64)(uintptr_t)h.msg_name, &kernel, MIN(h.msg_namelen, (u32)sizeof(kernel))))
			ret = -EFAULT;
		h.msg_namelen = sizeof(kernel);
		h.msg_controllen = 0;
		h.msg_flags = cut ? MSG_TRUNC : 0;
		if (client_write(n->client, n->args[1], &h, sizeof(h)))
			ret = -EFAULT;
	}
	free(a);
	return ret;
}

s64 netlink_recvfrom(struct notif *n)
{
	const struct address kernel = { .a.sa_family = AF_NETLINK, .len = sizeof(struct sockaddr_nl) };
	struct iovec iov = { (void *)(uintptr_t)n->args[1], n->args[2] };
	struct answer *a = waiting(n, (int)n->args[3]);
	bool cut;
	s64 ret;

	if (!a)
		return BOX_PASS;
	ret = hand_over(n, a, &iov, 1, (int)n->args[3], &cut);
	if (ret >= 0 && n->args[4] && address_write(n, &kernel, n->args[4], n->args[5]))
		ret = -EFAULT;
	free(a);
	return ret;
}
