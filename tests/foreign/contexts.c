/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that show what they find in a given context: tests/cli/ctx.sh. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* connections to 10.0.0.1:80 go to 127.0.0.1:8080 */
SEC("cgroup/connect4")
int redirect(struct bpf_sock_addr *ctx)
{
	if (ctx->user_ip4 == bpf_htonl(0x0a000001) && ctx->user_port == bpf_htons(80)) {
		ctx->user_ip4 = bpf_htonl(0x7f000001);
		ctx->user_port = bpf_htons(8080);
	}
	return 1;
}

SEC("kprobe/f")
int registers(struct pt_regs *ctx)
{
	return ctx->rdi * 10 + ctx->rsi;
}

SEC("raw_tp/f")
int arguments(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[0] + ctx->args[1];
}

SEC("sk_msg")
int message(struct sk_msg_md *ctx)
{
	char *p = ctx->data, *end = ctx->data_end;

	return p + 2 <= end ? p[0] + p[1] : ctx->size;
}

SEC("xdp")
int queue(struct xdp_md *ctx)
{
	return ctx->rx_queue_index == 0 && ctx->ingress_ifindex == 1 ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int mark(struct __sk_buff *ctx)
{
	ctx->cb[1] = ctx->mark + 1;
	return ctx->mark == 7 ? 0 : 2;
}

SEC("syscall")
int words(unsigned long long *ctx)
{
	ctx[1] = ctx[0] * 2;
	return 0;
}

char _license[] SEC("license") = "GPL";
