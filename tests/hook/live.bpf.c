/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What happens to tests/hook/busy: one program for each kind of event. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

enum kind { FORK, EXEC, EXIT, WAIT, WORK, RAW, KINDS };
struct event {
	__u32 pid, kind;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[16]);
	__type(value, __u64);
} samples SEC(".maps");

static __always_inline void counted(__u32 kind)
{
	__u64 *n = bpf_map_lookup_elem(&count, &kind);

	if (n)
		__sync_fetch_and_add(n, 1);
}

int tell(__u32 kind, struct event *unused)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	counted(kind);
	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->kind = kind;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tracepoint/sched/sched_process_fork")
int on_fork(void *ctx)
{
	return tell(FORK, 0);
}

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct event e = { .kind = EXEC };

	bpf_printk("exec %d", 7);
	bpf_get_current_comm(e.comm, sizeof(e.comm));
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return tell(EXEC, 0);
}

SEC("raw_tracepoint/sched_process_exec")
int on_exec_raw(void *ctx)
{
	counted(RAW);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int on_exit(void *ctx)
{
	return tell(EXIT, 0);
}

SEC("tracepoint/syscalls/sys_enter_wait4")
int on_wait(void *ctx)
{
	counted(WAIT);
	return 0;
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	char comm[16];
	__u64 one = 1, *n;

	bpf_get_current_comm(comm, sizeof(comm));
	n = bpf_map_lookup_elem(&samples, comm);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&samples, comm, &one, BPF_ANY);
	return 0;
}

char _license[] SEC("license") = "GPL";
