/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on the options and the address of a real socket: those that Linux lets programs touch, set and read through the
 * socket's descriptor, wherever that is. A socket that nobody holds any more answers -EINVAL, as one of no such kind.
 */
#include <errno.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/ret.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "spec/helper_abi.h"

#define ANY_SIZE 0u

/* What programs may name: level, option, length of its value, whether it can be set. */
static const struct option { s32 level, name; u32 size; bool set; } options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 4, true }, { SOL_SOCKET, SO_SNDBUF, 4, true }, { SOL_SOCKET, SO_RCVBUF, 4, true },
	{ SOL_SOCKET, SO_KEEPALIVE, 4, true }, { SOL_SOCKET, SO_PRIORITY, 4, true }, { SOL_SOCKET, SO_RCVLOWAT, 4, true },
	{ SOL_SOCKET, SO_MARK, 4, true }, { SOL_SOCKET, SO_MAX_PACING_RATE, 4, true }, { SOL_SOCKET, SO_BINDTOIFINDEX, 4, true },
	{ SOL_SOCKET, SO_TXREHASH, 4, true }, { SOL_SOCKET, SO_BINDTODEVICE, ANY_SIZE, true },
	{ IPPROTO_TCP, TCP_NODELAY, 4, true }, { IPPROTO_TCP, TCP_MAXSEG, 4, true }, { IPPROTO_TCP, TCP_KEEPIDLE, 4, true },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 4, true }, { IPPROTO_TCP, TCP_KEEPCNT, 4, true }, { IPPROTO_TCP, TCP_SYNCNT, 4, true },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP, 4, true }, { IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 4, true },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 4, true }, { IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4, true }, { IPPROTO_TCP, TCP_SAVE_SYN, 4, true },
	{ IPPROTO_TCP, TCP_CONGESTION, ANY_SIZE, true }, { IPPROTO_TCP, TCP_SAVED_SYN, ANY_SIZE, false },
	{ IPPROTO_IP, IP_TOS, 4, true }, { IPPROTO_IPV6, IPV6_TCLASS, 4, true }, { IPPROTO_IPV6, 70 /* IPV6_AUTOFLOWLABEL */, 4, true },
};

static bool allowed(s32 level, s32 name, u64 size, bool set)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].level == level && options[i].name == name)
			return (!options[i].size || options[i].size == size) && (!set || options[i].set);
	return false;
}

/* The real socket behind a helper's argument; -EINVAL. */
static int descriptor(void *ptr, const struct run *run, bool *ret_close)
{
	struct sk *sk = ptr == run->ctx ? run->env->sk : sk_of(RET_PTR(ptr), RET_PTR(run->ctx));
	int fd = sk && sk->cookie ? sk_fd(sk->cookie, ret_close) : -1;

	return fd < 0 ? -EINVAL : fd;
}

u64 helper_setsockopt(void *bpf_socket, u64 level, u64 optname, const void *optval, u64 optlen, struct run *run)
{
	bool to_close = false;
	int fd, err;

	if (!allowed((s32)level, (s32)optname, (u32)optlen, true))
		return RET_INT_(-EINVAL);
	fd = descriptor(bpf_socket, run, &to_close);
	if (fd < 0)
		return RET_INT_(fd);
	err = setsockopt(fd, (s32)level, (s32)optname, optval, (socklen_t)optlen) ? -errno : 0;
	if (to_close)
		close(fd);
	return RET_INT_(err);
}

u64 helper_getsockopt(void *bpf_socket, u64 level, u64 optname, void *optval, u64 optlen, struct run *run)
{
	socklen_t n = (socklen_t)optlen;
	bool to_close = false;
	int fd = -EINVAL, err;

	if (allowed((s32)level, (s32)optname, (u32)optlen, false))
		fd = descriptor(bpf_socket, run, &to_close);
	if (fd < 0) {
		memset(optval, 0, (u32)optlen);
		return RET_INT_(fd);
	}
	err = getsockopt(fd, (s32)level, (s32)optname, optval, &n) ? -errno : 0;
	if (to_close)
		close(fd);
	if (err)
		memset(optval, 0, (u32)optlen);
	else if (n < (u32)optlen)
		memset((u8 *)optval + n, 0, (u32)optlen - n);
	return RET_INT_(err);
}

/* Before it connects: to an address, with the port left open (which the program must not choose without a right to). */
u64 helper_bind(void *ctx, const void *addr, u64 addr_len, struct run *run)
{
	const u16 family = addr_len >= 2 ? *(const u16 *)addr : 0;
	bool to_close = false;
	int fd, err, one = 1;

	if ((family == AF_INET && addr_len < sizeof(struct sockaddr_in)) ||
	    (family == AF_INET6 && addr_len < 24 /* SIN6_LEN_RFC2133 */))
		return RET_INT_(-EINVAL);
	if (family != AF_INET && family != AF_INET6)
		return RET_INT_(-EAFNOSUPPORT);
	fd = descriptor(ctx, run, &to_close);
	if (fd < 0)
		return RET_INT_(fd);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	err = bind(fd, addr, (socklen_t)addr_len) ? -errno : 0;
	if (to_close)
		close(fd);
	return RET_INT_(err);
}
