/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who opens which file: two tracepoints of the openat system call, joined by thread. The event goes to user space
 * through a ring buffer. A tracepoint's context is the record that /sys/kernel/tracing/events/.../format describes.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* syscalls/sys_enter_openat: eight common bytes, then the number and the arguments, each in 8 bytes. */
struct sys_enter {
	__u64 common;
	__s32 nr;
	__u32 pad;
	__u64 args[6];
};

struct sys_exit {
	__u64 common;
	__s32 nr;
	__u32 pad;
	__s64 ret;
};

struct open {
	__u64 start_ns;
	__s32 dirfd;
	__s32 flags;
	char path[64];
};

struct event {
	__u32 pid;
	__u32 tid;
	__s64 ret;
	__u64 took_ns;
	char comm[16];
	char path[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct open);
} pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

const volatile __u32 only_pid = 0;
__u64 lost;

SEC("tracepoint/syscalls/sys_enter_openat")
int enter(struct sys_enter *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id;
	struct open o = {};

	if (only_pid && only_pid != id >> 32)
		return 0;
	o.start_ns = bpf_ktime_get_ns();
	o.dirfd = (__s32)ctx->args[0];
	o.flags = (__s32)ctx->args[2];
	/* The path lies in the traced process: it is copied, never followed. */
	bpf_probe_read_user_str(o.path, sizeof(o.path), (const void *)ctx->args[1]);
	bpf_map_update_elem(&pending, &tid, &o, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_openat")
int leave(struct sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id;
	struct open *o = bpf_map_lookup_elem(&pending, &tid);
	struct event *e;

	if (!o)
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		goto out;
	}
	e->pid = (__u32)(id >> 32);
	e->tid = tid;
	e->ret = ctx->ret;
	e->took_ns = bpf_ktime_get_ns() - o->start_ns;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	__builtin_memcpy(e->path, o->path, sizeof(e->path));
	bpf_ringbuf_submit(e, 0);
out:
	bpf_map_delete_elem(&pending, &tid);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
