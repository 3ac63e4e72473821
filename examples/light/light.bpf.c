/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE by the kernel: in a light skeleton (`bpftool gen skeleton -L`) no ELF file and no libbpf is left at run time. A loader
 * program makes the maps and loads the programs, and the relocations go with BPF_PROG_LOAD (core_relos), which applies them.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Members in other places than the running kernel's: unpatched, every read would be wrong. */
struct task_struct___light {
	char comm[16];
	int tgid;
	int pid;
	struct task_struct___light *real_parent;
} __attribute__((preserve_access_index));

struct task_struct___gone {
	long no_such_member;
} __attribute__((preserve_access_index));

struct no_such_struct___light {
	int x;
} __attribute__((preserve_access_index));

enum bpf_map_type___light { BPF_MAP_TYPE_RINGBUF___light = 9999 };

int tgid, pid, parent, exists = -1, type_exists = -1, comm_size, ring_type;
char comm[16];

SEC("raw_tp/sys_enter")
int look(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct___light *task = (void *)bpf_get_current_task();

	tgid = BPF_CORE_READ(task, tgid);
	pid = BPF_CORE_READ(task, pid);
	parent = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	exists = bpf_core_field_exists(struct task_struct___gone, no_such_member);
	type_exists = bpf_core_type_exists(struct no_such_struct___light);
	comm_size = bpf_core_field_size(struct task_struct___light, comm);
	ring_type = (int)bpf_core_enum_value(enum bpf_map_type___light, BPF_MAP_TYPE_RINGBUF___light);
	/* Never reached, so that it cannot be relocated does no harm. */
	if (bpf_core_field_exists(struct task_struct___gone, no_such_member))
		return (int)BPF_CORE_READ((struct task_struct___gone *)task, no_such_member);
	return 7;
}

char _license[] SEC("license") = "Dual BSD/GPL";
