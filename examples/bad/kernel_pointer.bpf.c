/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R1 invalid mem access 'scalar' */
/* A kprobe's registers are numbers: the kernel's memory behind them is read with bpf_probe_read_kernel(). */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

struct file_like {
	__u64 mode, flags;
};

SEC("kprobe/vfs_open")
int prog(struct pt_regs *ctx)
{
	struct file_like *file = (void *)ctx->rdi;

	return file->flags & 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
