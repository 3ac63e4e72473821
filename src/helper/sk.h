/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets as programs see them. A struct sk is what each pointer to a struct bpf_sock points to, other than a context that
 * is itself a socket: what the kernel says of a real socket when the program asked, with the number that tells it from all others.
 *
 * skep keeps no socket of anybody's open. It remembers where one was seen (process and descriptor) and, before it uses that,
 * compares the number. Lookups by address are answered by the kernel (sock_diag): they find the host's real sockets.
 * Invariant: a struct sk's memory is type-stable (helper/object.h); the ones of test runs live on the runner's stack and are
 * never released.
 */
#ifndef SKEP_HELPER_SK_H
#define SKEP_HELPER_SK_H

#include "base/types.h"
#include "base/uapi.h"

#define SK_OWN ((u64)1 << 62) /* set in numbers of skep's own: sockets of test runs */

struct sk {
	struct bpf_sock s;           /* first: this is what programs hold */
	struct bpf_tcp_sock tcp;
	struct { u32 queue_id; } xsk;
	u64 cookie;                  /* 0: one of its own on first need (sk_cookie) */
	u32 uid;
	u32 number;                  /* as an address of the kernel's (HANDLE_SOCK), 0: none yet */
	bool tcp_known;              /* tcp is filled in */
};

/* What a descriptor of ours says about a socket. -ENOTSOCK, -EBADF. */
struct sk_facts { u64 cookie, ino; u16 family; u8 type, protocol, state; bool bound, reuseport; };
int sk_ask(int fd, struct sk_facts *ret);
/* Remember it: `there` is its descriptor in process `tgid` (this one's, or a client's). 0 or -ENOMEM. */
int sk_note(const struct sk_facts *f, u32 tgid, int there);
/* Has it been, and forget it. */
bool sk_noted(u64 cookie);
bool sk_held(u64 cookie); /* by another process, where it was seen */
void sk_forget(u64 cookie);
/* Is it still open where it was seen? */
bool sk_is_open(u64 cookie);
/* May a sockmap hold it (-EOPNOTSUPP), may a reuseport array (-ENOTSUPP, -EINVAL)? */
int sk_for_sockmap(const struct sk_facts *f);
int sk_for_reuseport(const struct sk_facts *f);
/* A descriptor of it in this process, to be closed if *ret_close; -ENOENT: it is not open any more, or nobody knows where. */
int sk_fd(u64 cookie, bool *ret_close);

/* The socket of this number as an object with one reference (object_put), or NULL. */
struct sk *sk_get(u64 cookie);
u64 sk_cookie(struct sk *sk);
/* By address, as bpf_sk_lookup_*: in the calling process's network namespace. An object with one reference, or NULL. */
struct sk *sk_find(u8 protocol, const struct bpf_sock_tuple *t, u32 size);
/* Fill in what TCP says of the connection; false: it is none, or nobody can tell. */
bool sk_tcp(struct sk *sk);
/* The listener of a connection in the making: the listening socket at its own address. */
struct sk *sk_listener(const struct sk *sk);
/* The object of a socket pointer that a program has: an address of skep's or the kernel's (handle). NULL: it is the context. */
struct sk *sk_of(u64 ptr, u64 ctx);
static inline bool sk_is_plain(u64 ptr) { return ptr && !(ptr >> 47); } /* an address of ours: struct sk, or the context */
/* The pointer that stands for it where a program reads the kernel's struct sock. 0: no room. */
u64 sk_handle(struct sk *sk);

#endif
