// SPDX-License-Identifier: BSD-2-Clause
/* The measured hash of a program that is about to run (IMA): a sleepable program of a security hook. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct file;
struct linux_binprm {
	struct file *file;
} __attribute__((preserve_access_index));

struct event { __u32 pid; int algorithm; __u8 hash[64]; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(executed, struct linux_binprm *bprm)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->algorithm = bpf_ima_file_hash(bprm->file, e->hash, sizeof(e->hash));
	if (e->algorithm < 0)
		bpf_ringbuf_discard(e, 0);
	else
		bpf_ringbuf_submit(e, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
