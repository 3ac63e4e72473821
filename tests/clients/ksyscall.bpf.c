// SPDX-License-Identifier: BSD-2-Clause
/* Probes on the kernel's functions of system calls, in every way that objects ask for them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* As the kernel's types have it: the fields' names and places come from there when it is loaded. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
} __attribute__((preserve_access_index));
#define __VMLINUX_H__
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

int me;
long entered[4], paths[4], left[4], results;
char wanted[32] = "/nonexistent/ksyscall";

static int mine(void) { return bpf_get_current_pid_tgid() >> 32 == me; }

static void enter(int i, const void *path)
{
	char got[32] = "";

	if (!mine())
		return;
	__sync_fetch_and_add(&entered[i], 1);
	bpf_probe_read_user_str(got, sizeof(got), path);
	for (int k = 0; k < 22; k++)
		if (got[k] != wanted[k])
			return;
	__sync_fetch_and_add(&paths[i], 1);
}

static void leave(int i, long ret)
{
	if (mine() && ret == -2)
		__sync_fetch_and_add(&left[i], 1);
}

SEC("ksyscall/openat")
int BPF_KSYSCALL(by_ksyscall, int dfd, const char *path)
{
	enter(0, path);
	return 0;
}

SEC("kretsyscall/openat")
int BPF_KRETPROBE(by_kretsyscall, long ret)
{
	leave(0, ret);
	return 0;
}

SEC("kprobe/__x64_sys_openat")
int by_kprobe(struct pt_regs *ctx)
{
	const struct pt_regs *user = (const void *)PT_REGS_PARM1(ctx);
	unsigned long path = 0;

	bpf_probe_read_kernel(&path, sizeof(path), &user->si);
	enter(1, (const void *)path);
	return 0;
}

SEC("kretprobe/__x64_sys_openat")
int by_kretprobe(struct pt_regs *ctx)
{
	leave(1, PT_REGS_RC(ctx));
	return 0;
}

SEC("kprobe.multi/__x64_sys_openat*")
int by_multi(struct pt_regs *ctx)
{
	const struct pt_regs *user = (const void *)PT_REGS_PARM1(ctx);
	unsigned long path = 0;

	bpf_probe_read_kernel(&path, sizeof(path), &user->si);
	enter(2, (const void *)path);
	return 0;
}

SEC("kretprobe.multi/__x64_sys_openat*")
int by_retmulti(struct pt_regs *ctx)
{
	leave(2, PT_REGS_RC(ctx));
	return 0;
}

SEC("fentry/__x64_sys_openat")
int by_fentry(unsigned long long *ctx)
{
	const struct pt_regs *user = (const void *)ctx[0];
	unsigned long path = 0;

	bpf_probe_read_kernel(&path, sizeof(path), &user->si);
	enter(3, (const void *)path);
	return 0;
}

SEC("fexit/__x64_sys_openat")
int by_fexit(unsigned long long *ctx)
{
	unsigned long long ret = 0;

	leave(3, (long)ctx[1]);
	if (mine() && bpf_get_func_arg_cnt(ctx) == 1 && !bpf_get_func_ret(ctx, &ret) && ret == ctx[1])
		__sync_fetch_and_add(&results, 1);
	return 0;
}

/* Of the kernel's other functions none is seen. */
SEC("?kprobe/vfs_read")
int elsewhere(struct pt_regs *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
