// SPDX-License-Identifier: BSD-2-Clause
/* A marker that a program's author placed (USDT): its arguments, and the cookie given when it was attached. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct event { __u64 cookie; long first; __u32 narg, pid; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

SEC("usdt")
int marker(struct pt_regs *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->cookie = bpf_usdt_cookie(ctx);
	e->narg = bpf_usdt_arg_cnt(ctx);
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->first = 0;
	bpf_usdt_arg(ctx, 0, &e->first);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
