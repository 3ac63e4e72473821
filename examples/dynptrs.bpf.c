// SPDX-License-Identifier: BSD-2-Clause
/* Dynptrs: memory whose size is known at run time, in a ring buffer and in a map's value, with checked reads and writes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[64]);
} store SEC(".maps");

/* What was written is what is read: 0, or the number of the step that went wrong. */
SEC("syscall")
int round_trip(void *ctx)
{
	__u32 key = 0, in = 0x12345678, out = 0;
	char *value = bpf_map_lookup_elem(&store, &key);
	struct bpf_dynptr d;

	if (!value || bpf_dynptr_from_mem(value, 64, 0, &d))
		return 1;
	if (bpf_dynptr_write(&d, 10, &in, sizeof(in), 0) || bpf_dynptr_read(&out, sizeof(out), &d, 10, 0) || out != in)
		return 2;
	if (bpf_dynptr_write(&d, 62, &in, sizeof(in), 0) != -7 /* E2BIG */)
		return 3;
	return 0;
}

/* A record whose size is no constant. */
SEC("syscall")
int record(void *ctx)
{
	__u32 size = 16 + (bpf_get_prandom_u32() & 31), *slot;
	struct bpf_dynptr d;
	int wrong = 0;

	if (bpf_ringbuf_reserve_dynptr(&ring, size, 0, &d)) {
		bpf_ringbuf_discard_dynptr(&d, 0); /* a failed one is given back too */
		return 1;
	}
	slot = bpf_dynptr_data(&d, 0, sizeof(*slot));
	if (slot)
		*slot = size;
	else
		wrong = 2;
	bpf_ringbuf_submit_dynptr(&d, 0);
	return wrong;
}

char _license[] SEC("license") = "GPL";
