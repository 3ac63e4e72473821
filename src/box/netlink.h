/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs attached by netlink: see netlink.c. */
#ifndef SKEP_BOX_NETLINK_H
#define SKEP_BOX_NETLINK_H

#include <sys/uio.h>

#include "box/box.h"

/* Descriptors of clients that calls on netlink sockets are told by: below the usual limit of 1,024. */
#define NETLINK_FD 1008
#define NETLINK_FD_END 1024

/* All: BOX_PASS when it is the kernel's business. */
s64 netlink_socket(struct notif *n);
bool netlink_is(u64 fd);
s64 netlink_send(struct notif *n, const struct iovec *iov, u64 total);
s64 netlink_recvmsg(struct notif *n);
s64 netlink_recvfrom(struct notif *n);

#endif
