/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE, "compile once, run everywhere": this file declares only the fields of the kernel's task_struct it wants. Their
 * offsets here are wrong on purpose of brevity; the loader finds the real ones in the target's BTF by name and patches
 * the instructions. bpf_core_field_exists() asks whether a field is there at all.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_struct {
	int map_count;
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *real_parent;
	struct mm_struct *mm;
};

/* A name with three underscores is another view of the same type: here a field that only old kernels have. */
struct task_struct___old {
	long state;
};
#pragma clang attribute pop

struct parent {
	__u32 pid;
	__u32 tgid;
	__u32 parent_tgid;
	__u32 maps;
	char comm[16];
	__u32 old_kernel;
	__u32 comm_size;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct parent);
} parents SEC(".maps");

/* sched_process_exec: (struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct parent p = {};

	p.pid = (__u32)BPF_CORE_READ(task, pid);
	p.tgid = (__u32)BPF_CORE_READ(task, tgid);
	p.parent_tgid = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	p.maps = (__u32)BPF_CORE_READ(task, mm, map_count);
	BPF_CORE_READ_STR_INTO(&p.comm, task, comm);
	p.old_kernel = bpf_core_field_exists(struct task_struct___old, state);
	p.comm_size = (__u32)bpf_core_field_size(struct task_struct, comm);
	bpf_map_update_elem(&parents, &p.tgid, &p, BPF_ANY);
	return 0;
}

/* The same for whoever runs this program now. */
struct parent me;

SEC("raw_tp/sys_enter")
int on_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	me.pid = (__u32)BPF_CORE_READ(task, pid);
	me.tgid = (__u32)BPF_CORE_READ(task, tgid);
	me.parent_tgid = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&me.comm, task, comm);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
