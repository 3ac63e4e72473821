/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A descriptor of ours comes to be open in a stopped process that may not look into this one: of another user, or without /proc. It
 * makes a pair of sockets, of which we take one end, as its tracer may, and send the file through. Invariant: neither socket stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box/trace_stop.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct ferry {
	int pair[2];
	struct msghdr m;
	struct iovec v;
	char byte;
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c;
};
_Static_assert(sizeof(struct ferry) <= STOP_FERRY, "its memory is found by who calls");

static int send_file(int sock, const char *path, int flags)
{
	struct ferry f = { .byte = 0 };
	int file = open(path, flags | O_CLOEXEC), err = file < 0 ? -errno : 0;

	f.v = (struct iovec){ &f.byte, 1 };
	f.m = (struct msghdr){ .msg_iov = &f.v, .msg_iovlen = 1, .msg_control = &f.c, .msg_controllen = sizeof(f.c) };
	f.c.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&f.c.h), &file, sizeof(file));
	if (!err && sendmsg(sock, &f.m, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		err = -errno;
	if (file >= 0)
		close(file);
	return err;
}

/* Into the end that the process has under this number. */
static int send_into(pid_t pid, int end, int fd, int flags)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), sock, err;
	char path[40];

	if (pidfd < 0)
		return -errno;
	sock = (int)syscall(SYS_pidfd_getfd, pidfd, end, 0);
	err = sock < 0 ? -errno : 0;
	close(pidfd);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* opened anew: no more may be done with it than flags say */
	err = send_file(sock, path, flags);
	close(sock);
	return err;
}

static s64 receive(struct stop *s, u64 room, int sock)
{
	struct ferry f = { .byte = 0 };
	int fd;
	s64 n;

	f.v = (struct iovec){ (void *)(room + offsetof(struct ferry, byte)), 1 };
	f.m = (struct msghdr){ .msg_iov = (struct iovec *)(room + offsetof(struct ferry, v)), .msg_iovlen = 1,
			       .msg_control = (void *)(room + offsetof(struct ferry, c)), .msg_controllen = sizeof(f.c) };
	if (stop_write(s, room, &f, sizeof(f)))
		return -EFAULT;
	n = stop_syscall(s, SYS_recvmsg, (u64)sock, room + offsetof(struct ferry, m), MSG_CMSG_CLOEXEC | MSG_DONTWAIT, 0, 0, 0);
	if (n < 0)
		return n;
	if (stop_read(s, room, &f, sizeof(f)) || f.m.msg_controllen < CMSG_LEN(sizeof(fd)) || f.c.h.cmsg_type != SCM_RIGHTS)
		return -EMFILE; /* it may have no more descriptors */
	memcpy(&fd, CMSG_DATA(&f.c.h), sizeof(fd));
	return fd;
}

s64 stop_send(struct stop *s, u64 room, int fd, int flags)
{
	int pair[2];
	s64 ret = stop_syscall(s, SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, room, 0, 0);

	if (ret < 0)
		return ret;
	if (stop_read(s, room, pair, sizeof(pair)))
		return -EFAULT;
	ret = send_into(s->pid, pair[0], fd, flags);
	if (!ret)
		ret = receive(s, room, pair[1]);
	for (u32 i = 0; i < 2; i++)
		stop_syscall(s, SYS_close, (u64)pair[i], 0, 0, 0, 0, 0);
	return ret;
}

bool stop_same_pids(pid_t pid)
{
	struct stat ours, its;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return !stat("/proc/self/ns/pid", &ours) && !stat(path, &its) && ours.st_ino == its.st_ino;
}
