/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What tests/hook/signals.c comes to. ONLY: which of the programs are there. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls, returns, enters, exits;

#if ONLY & 1
SEC("uprobe/" EXE ":probed")
int on_call(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}
#endif
#if ONLY & 2
SEC("uretprobe/" EXE ":probed")
int on_return(void *ctx)
{
	__sync_fetch_and_add(&returns, 1);
	return 0;
}
#endif
#if ONLY & 4
SEC("tp/syscalls/sys_enter_getppid")
int on_enter(void *ctx)
{
	__sync_fetch_and_add(&enters, 1);
	return 0;
}
#endif
#if ONLY & 8
SEC("tp/syscalls/sys_exit_getppid")
int on_exit(void *ctx)
{
	__sync_fetch_and_add(&exits, 1);
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
