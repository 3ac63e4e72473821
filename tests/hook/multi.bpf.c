/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Programs that tests/hook/multi.c attaches to its own functions: many at once, with cookies; sessions; programs on programs. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 hits, cookies, entered, returned, right;

SEC("kprobe/multi")
int multi(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&hits, 1);
	__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(ctx));
	return 0;
}

extern bool bpf_session_is_return(void) __ksym;
extern __u64 *bpf_session_cookie(void) __ksym;

/* The returns of odd calls are not wanted. */
SEC("kprobe/session")
int session(struct pt_regs *ctx)
{
	__u64 *cookie = bpf_session_cookie();

	if (!bpf_session_is_return()) {
		__sync_fetch_and_add(&entered, 1);
		*cookie = PT_REGS_PARM1(ctx) * 2 + 1;
		return PT_REGS_PARM1(ctx) % 2;
	}
	__sync_fetch_and_add(&returned, 1);
	if (*cookie == PT_REGS_RC(ctx) && *cookie % 4 == 1)
		__sync_fetch_and_add(&right, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
