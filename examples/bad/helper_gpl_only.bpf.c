/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: cannot call GPL-restricted function from non-GPL compatible program */
/* Some helpers are for programs under the GPL only; the license is a string in the object. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_switch")
int prog(void *ctx)
{
	return (int)bpf_ktime_get_ns() + bpf_get_stack(ctx, 0, 0, 0);
}

char _license[] SEC("license") = "Proprietary";
