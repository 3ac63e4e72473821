/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory shared with user space (needs clang 19): an arena at an address said by a constant, with variables of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
	__uint(type, 33);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
	enum { address = 0x1ull << 44 } map_extra;
} arena SEC(".maps");

int __arena first = 40;
int __arena numbers[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

SEC("syscall")
int sum(void *ctx)
{
	int total = first;

	for (int i = 0; i < 8; i++)
		total += numbers[i];
	first = total;
	return total;
}

char _license[] SEC("license") = "GPL";
