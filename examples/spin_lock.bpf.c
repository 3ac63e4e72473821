/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spin lock inside a map value: two fields change together, and nobody sees one without the other. User space reads
 * such a value whole with BPF_F_LOCK. While the lock is held the program may call nothing but bpf_spin_unlock().
 *
 * The second program does the same for one counter without a lock, by atomic operations.
 */
#include "net.h"

struct bucket {
	struct bpf_spin_lock lock;
	__u32 tokens;
	__u64 last;  /* packet number of the last refill */
	__u64 passed;
	__u64 refused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

const volatile __u32 burst = 4;
const volatile __u32 refill_every = 256;

__u64 clock; /* counts packets: a clock that is the same in every run */

SEC("tc")
int limit(struct __sk_buff *skb)
{
	__u32 key = skb->len & 63;
	struct bucket *b, fresh = { .tokens = burst };
	__u64 now = __sync_fetch_and_add(&clock, 1);
	int ok = 0;

	b = bpf_map_lookup_elem(&buckets, &key);
	if (!b) {
		bpf_map_update_elem(&buckets, &key, &fresh, BPF_NOEXIST);
		b = bpf_map_lookup_elem(&buckets, &key);
		if (!b)
			return 2;
	}
	bpf_spin_lock(&b->lock);
	if (now - b->last >= refill_every) {
		b->tokens = burst;
		b->last = now;
	}
	if (b->tokens) {
		b->tokens--;
		b->passed++;
		ok = 1;
	} else {
		b->refused++;
	}
	bpf_spin_unlock(&b->lock);
	return ok ? 0 : 2; /* TC_ACT_OK, TC_ACT_SHOT */
}

__u64 highest, swaps, owner;
__u32 bits;

SEC("tc")
int atomics(struct __sk_buff *skb)
{
	__u64 len = skb->len, old = highest;

	/* Raise the maximum: retry when somebody else was faster, a bounded number of times. */
	for (int i = 0; i < 4 && len > old; i++) {
		__u64 was = __sync_val_compare_and_swap(&highest, old, len);

		if (was == old) {
			__sync_fetch_and_add(&swaps, 1);
			break;
		}
		old = was;
	}
	__sync_fetch_and_or(&bits, 1u << (len & 31));
	__sync_fetch_and_and(&bits, 0x7fffffff);
	__sync_fetch_and_xor(&bits, 1);
	return (int)__sync_lock_test_and_set(&owner, len) ? 0 : 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
