// SPDX-License-Identifier: BSD-2-Clause
/* Programs that may sleep: user memory is read although its page is not there, however long that takes. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} names SEC(".maps");

/* The file name that a function of user space gets. */
SEC("uprobe.s")
int BPF_KPROBE(called, const char *name)
{
	char *copy = bpf_ringbuf_reserve(&names, 256, 0);

	if (!copy)
		return 0;
	if (bpf_copy_from_user(copy, 256, name))
		bpf_ringbuf_discard(copy, 0);
	else
		bpf_ringbuf_submit(copy, 0);
	return 0;
}

/* Nothing is at address 8: -14 (EFAULT). */
SEC("syscall")
int nowhere(void *ctx)
{
	__u64 value;

	return bpf_copy_from_user(&value, sizeof(value), (void *)8);
}

char _license[] SEC("license") = "GPL";
