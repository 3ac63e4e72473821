/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seccomp filter that stops clients: made from calls.def, one block a row.
 *
 * Invariant: there is no way around it for bpf(2): the 32-bit entries of the same machine (i386, x32) are refused with ENOSYS.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "box/netlink.h"
#include "box/ours.h"
#include "box/priv.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define NOTIF_FD_SYNC_WAKE_UP 1ull
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_RESTRICT_SELF 446

#if defined(__x86_64__)
#define ARCH_HERE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#define I386_BPF 357
#define I386_PERF_EVENT_OPEN 336
#else
#define ARCH_HERE AUDIT_ARCH_AARCH64
#endif

#define ARG_LOW(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define ARG_HIGH(i) (ARG_LOW(i) + 4)
#define NOTIFY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)
#define PASS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(off) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (u32)(off))
/* The number in A is n: go on, else skip `skip`. */
#define IS(n, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (u32)(n), 0, skip)
/* A bit of A is set: skip `skip`. */
#define HAS(bits, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (u32)(bits), skip, 0)

/* Blocks of the rows' conditions: each ends with verdicts, and has A as it likes. */
static const struct sock_filter when_ANY[] = { NOTIFY };
static const struct sock_filter when_VROOT[] = { NOTIFY }; /* only in boxes whose clients play root */
static const struct sock_filter when_RROOT[] = { NOTIFY }; /* only where they do not */
static const struct sock_filter when_ENFORCE[] = { NOTIFY }; /* only in boxes that enforce decisions */
static const struct sock_filter when_MEMLOCK[] = { LOAD(ARG_LOW(0)), IS(RLIMIT_MEMLOCK, 1), NOTIFY, PASS };
static const struct sock_filter when_MEMLOCK2[] = { LOAD(ARG_LOW(1)), IS(RLIMIT_MEMLOCK, 1), NOTIFY, PASS };
/* ioctl: the class of the request is '$', perf's */
static const struct sock_filter when_IOC_PERF[] = {
	LOAD(ARG_LOW(1)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00), IS(0x2400, 1), NOTIFY, PASS,
};
/* looking at a path that does not begin in a directory of the caller's: nothing that is served does */
static const struct sock_filter when_ATCWD[] = { LOAD(ARG_LOW(0)), IS(AT_FDCWD, 1), NOTIFY, PASS };
/* the same, but for descriptors themselves: argument 3 or 2 lacks AT_EMPTY_PATH */
static const struct sock_filter when_NAMED3[] = {
	LOAD(ARG_LOW(0)), IS(AT_FDCWD, 3), LOAD(ARG_LOW(3)), HAS(AT_EMPTY_PATH, 1), NOTIFY, PASS,
};
static const struct sock_filter when_NAMED2[] = {
	LOAD(ARG_LOW(0)), IS(AT_FDCWD, 3), LOAD(ARG_LOW(2)), HAS(AT_EMPTY_PATH, 1), NOTIFY, PASS,
};
/* poll and select of something: argument 1 or 0 is no 0 */
static const struct sock_filter when_SOME1[] = { LOAD(ARG_LOW(1)), IS(0, 1), PASS, NOTIFY };
static const struct sock_filter when_SOME0[] = { LOAD(ARG_LOW(0)), IS(0, 1), PASS, NOTIFY };
/* argument 0 is a descriptor of the range of netlink.c: the last four instructions of a block */
#define NETLINK0                                                                          \
	LOAD(ARG_LOW(0)), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NETLINK_FD_END, 2, 0),      \
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NETLINK_FD, 0, 1), NOTIFY, PASS
/* a message that begins a connection, or is on such a descriptor; without --enforce others are the kernel's */
static const struct sock_filter when_SEND3[] = { LOAD(ARG_LOW(3)), HAS(MSG_FASTOPEN, 3), NETLINK0 };
static const struct sock_filter when_SEND2[] = { LOAD(ARG_LOW(2)), HAS(MSG_FASTOPEN, 3), NETLINK0 };
static const struct sock_filter when_NETLINK[] = { NETLINK0 };
/* prctl about capabilities */
static const struct sock_filter when_CAPS[] = {
	LOAD(ARG_LOW(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_CAPBSET_READ, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_CAPBSET_DROP, 1, 0), IS(PR_CAP_AMBIENT, 1), NOTIFY, PASS,
};

static const struct { u32 nr; const struct sock_filter *when; u32 n; bool path; } rows[] = {
#define SYS(name, cond, fn) { __NR_##name, when_##cond, ARRAY_SIZE(when_##cond), false },
#define PATH(name, cond, fn, argument) { __NR_##name, when_##cond, ARRAY_SIZE(when_##cond), true },
#include "box/calls.def"
};

static const struct sock_filter head[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
#if defined(__x86_64__)
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_HERE, 5, 0),
	LOAD(offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, I386_BPF, 1, 0),
	IS(I386_PERF_EVENT_OPEN, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	PASS,
	LOAD(offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, X32_BIT | __NR_bpf, 1, 0),
	IS(X32_BIT | __NR_perf_event_open, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	PASS,
#else
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_HERE, 1, 0),
	PASS,
	LOAD(offsetof(struct seccomp_data, nr)),
#endif
};

/* Nothing of the machine's other entries passes where decisions are enforced. */
static const struct sock_filter closed_head[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_HERE, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	LOAD(offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

static bool wanted(const struct sock_filter *when, bool virtual_root, bool enforce)
{
	if (when == when_VROOT || when == when_CAPS)
		return virtual_root;
	if (when == when_RROOT)
		return !virtual_root;
	if (when == when_SEND2 || when == when_SEND3 || when == when_NETLINK)
		return !enforce;
	return when != when_ENFORCE || enforce;
}

/* A call with a path passes when it is marked (ours.h). A: the call's number, before and after. */
static u32 pass_marked(struct sock_filter *out)
{
	u32 n = 5;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].path)
			continue;
		out[n++] = (struct sock_filter)IS(rows[i].nr, 1);
		out[n++] = (struct sock_filter)PASS;
	}
	out[0] = (struct sock_filter)LOAD(ARG_LOW(5));
	out[1] = (struct sock_filter)IS((u32)BOX_MARK, (u8)(n - 2));
	out[2] = (struct sock_filter)LOAD(ARG_HIGH(5));
	out[3] = (struct sock_filter)IS((u32)(BOX_MARK >> 32), (u8)(n - 4));
	out[4] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr));
	out[n++] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr));
	return n;
}

static u32 build(struct sock_filter *out, bool virtual_root, bool enforce)
{
	u32 n = enforce ? ARRAY_SIZE(closed_head) : ARRAY_SIZE(head);

	memcpy(out, enforce ? closed_head : head, n * sizeof(*out));
	if (!enforce)
		n += pass_marked(out + n);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!wanted(rows[i].when, virtual_root, enforce))
			continue;
		out[n++] = (struct sock_filter)IS(rows[i].nr, (u8)rows[i].n);
		memcpy(out + n, rows[i].when, rows[i].n * sizeof(*out));
		n += rows[i].n;
	}
	out[n++] = (struct sock_filter)PASS;
	return n;
}

/*
 * Who could look into a process outside of the box, or stop one, could have it make any call: the supervisor, the launcher, a shell of the
 * same user. A Landlock domain forbids that, root included: here one that concerns signals, as it leaves files and mounts alone (Linux 6.12).
 */
static void fence(void)
{
	const struct { u64 fs, net, scoped; } rules = { 0, 0, 2 /* LANDLOCK_SCOPE_SIGNAL */ };
	long fd = syscall(NR_LANDLOCK_CREATE_RULESET, &rules, sizeof(rules), 0);

	if (fd < 0)
		return;
	syscall(NR_LANDLOCK_RESTRICT_SELF, fd, 0);
	close((int)fd);
}

int filter_install(bool virtual_root, bool enforce)
{
	struct sock_filter insns[ARRAY_SIZE(head) + 6 + 10 * ARRAY_SIZE(rows) + 1];
	struct sock_fprog prog = { .len = (u16)build(insns, virtual_root, enforce), .filter = insns };
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (enforce)
		fence();
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0 && errno == EINVAL) /* before Linux 5.19 */
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	return fd < 0 ? -errno : (int)fd;
}

bool filter_killable(void)
{
	static int known; /* 1: yes, -1: no */
	struct utsname u;
	int major = 0, minor = 0;

	if (!known) {
		if (!uname(&u))
			sscanf(u.release, "%d.%d", &major, &minor);
		__atomic_store_n(&known, major > 5 || (major == 5 && minor >= 19) ? 1 : -1, __ATOMIC_RELAXED);
	}
	return __atomic_load_n(&known, __ATOMIC_RELAXED) > 0;
}

u32 filter_tune(int listener)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, NOTIF_FD_SYNC_WAKE_UP) ? 0 : FILTER_SYNC_WAKE;
}
