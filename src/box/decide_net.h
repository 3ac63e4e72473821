/* SPDX-License-Identifier: BSD-2-Clause */
/* Between decide_net.c and decide_msg.c. */
#ifndef SKEP_BOX_DECIDE_NET_H
#define SKEP_BOX_DECIDE_NET_H

#include <netinet/in.h>
#include <sys/un.h>

#include "box/decide.h"
#include "helper/sk.h"

/* A client's socket while a call on it is served. */
struct sock {
	int fd;            /* our duplicate */
	struct sk_facts f;
	struct sk *sk;     /* as programs see it */
	bool noted;        /* it was known before */
};
/* 0, -EBADF, -ENOTSOCK, -EPERM. */
int sock_take(struct notif *n, int fd, struct sock *s);
void sock_drop(struct sock *s);

struct address {
	union {
		struct sockaddr a;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage all;
	};
	socklen_t len;
};
static inline bool is_inet(const struct address *a)
{
	return (a->a.sa_family == AF_INET && a->len >= sizeof(a->in)) || (a->a.sa_family == AF_INET6 && a->len >= 24);
}
/* What the kernel says of a length: 0, -EINVAL, -EFAULT. */
int address_read(struct notif *n, struct address *a, u64 from, u64 len);
/* As a call gives addresses back: what fits, and the length it has. */
int address_write(struct notif *n, const struct address *a, u64 to, u64 len_at);

/*
 * The programs of a cgroup about an address: type4 or type6 by its family. They may change it; `source` (NULL: none) is the
 * address to send from. 0, -errno; *flags: what else they said.
 */
s64 judge_address(struct notif *n, const struct who *w, struct sock *s, struct address *a, u32 type4, u32 type6,
		  struct address *source, u32 *flags);
/* A security hook about the socket, with two more numbers. */
s64 judge_socket(struct notif *n, const struct who *w, struct sock *s, enum security what, u64 second, u64 third);
/* What a blocking call on it waits at most: milliseconds, -1 for ever. `name`: SO_RCVTIMEO or SO_SNDTIMEO. */
s64 sock_patience(const struct sock *s, int name);
bool sock_blocks(const struct sock *s);

#endif
