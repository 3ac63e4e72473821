/* SPDX-License-Identifier: BSD-2-Clause */
/* gobpf and old cilium/ebpf: a section a map, and a path behind the words; bpf_load: an inner map by its number. */
#include "old.h"

struct with_path SEC("maps/counts") counts = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 16 };
struct with_path SEC("maps/events") events = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 4 };

SEC("kprobe/sys_open")
int entry(void *ctx)
{
	unsigned long n = count(&counts, 3);

	output(ctx, &events, 0xffffffff, &n, sizeof(n));
	return 0;
}

SEC("kretprobe/sys_open")
int leave(void *ctx)
{
	return count(&counts, 4);
}

char _license[] SEC("license") = "GPL";
unsigned _version SEC("version") = 0xfffffffe;
