/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One object for many kernels: the loader fills these externs from the kernel's version and configuration before the
 * load, so the verifier sees constants and drops the branches that are not for this kernel. A weak one that does not
 * exist becomes 0.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned long CONFIG_HZ __kconfig __weak;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig __weak;
extern const int CONFIG_NO_SUCH_OPTION __kconfig __weak;

struct args {
	__u32 version;
	__u32 hz;
	__u32 bpf;
	__u32 missing;
	__u64 ticks_per_day;
};

SEC("syscall")
int show(struct args *a)
{
	a->version = (__u32)LINUX_KERNEL_VERSION;
	a->hz = (__u32)CONFIG_HZ;
	a->bpf = CONFIG_BPF_SYSCALL == TRI_YES;
	a->missing = (__u32)CONFIG_NO_SUCH_OPTION;
	a->ticks_per_day = 0;
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 14, 0))
		a->ticks_per_day = (__u64)CONFIG_HZ * 86400;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
