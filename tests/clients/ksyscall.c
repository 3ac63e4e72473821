/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaches what ksyscall.bpf.c has, makes a known number of system calls, and compares. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ksyscall.skel.h"

#define CALLS 100
static int failed;

static void result(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failed |= !ok;
}

static void calls(void)
{
	for (int i = 0; i < CALLS; i++)
		if (openat(AT_FDCWD, "/nonexistent/ksyscall", O_RDONLY) >= 0)
			failed = 1;
}

static long entered(const struct ksyscall_bpf *sk)
{
	const volatile long *n = sk->bss->entered;

	return n[0] + n[1] + n[2] + n[3];
}

/* A program that is loaded, and refused where it would attach. */
static int refused(struct ksyscall_bpf *sk)
{
	struct bpf_link *l = bpf_program__attach_kprobe(sk->progs.elsewhere, false, "vfs_read");
	int err = l ? 0 : errno;

	bpf_link__destroy(l);
	return err == EOPNOTSUPP;
}

int main(void)
{
	static const char *const how[] = { "ksyscall", "kprobe", "kprobe.multi", "fentry" };
	struct ksyscall_bpf *sk = ksyscall_bpf__open();
	long before = -1, now = 0;
	char what[64];

	if (!sk)
		return 1;
	bpf_program__set_autoload(sk->progs.elsewhere, true);
	bpf_program__set_autoattach(sk->progs.elsewhere, false);
	if (ksyscall_bpf__load(sk))
		return 1;
	sk->bss->me = getpid();
	result(!ksyscall_bpf__attach(sk), "attach");
	calls();
	for (int i = 0; i < 4; i++) {
		snprintf(what, sizeof(what), "%s: entries and their paths", how[i]);
		result(sk->bss->entered[i] >= CALLS && sk->bss->paths[i] == CALLS, what);
		snprintf(what, sizeof(what), "%s: results", how[i]);
		result(sk->bss->left[i] >= CALLS, what);
	}
	result(sk->bss->results >= CALLS, "fexit: bpf_get_func_ret");
	result(refused(sk), "another function is refused");
	ksyscall_bpf__detach(sk);
	for (int i = 0; i < 100 && before != now; i++) { /* a close is seen a moment later */
		usleep(20000);
		before = entered(sk);
		calls();
		now = entered(sk);
	}
	result(before == now, "detached");
	ksyscall_bpf__destroy(sk);
	return failed;
}
