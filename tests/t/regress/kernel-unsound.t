# Programs that Linux 6.18.44 accepts although a run can leave the proven range. Division by zero stands for the bad access.

-- case CVE-2026-43009: precision over atomic exchange
-- prog socket_filter flags=0x8
r6 = r1
r1 = -8
r0 = *(u32 *)(r6 +0)
if r0 == 0 goto join
r1 = 0
join:
*(u64 *)(r10 -16) = r1
*(u64 *)(r10 -8) = 0
*(u64 *)(r10 -24) = 0
r2 = 0
r2 = atomic64_xchg((u64 *)(r10 -16), r2)
r3 = r10
r3 += r2
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS
-- kernel differs "backtracking walks past the exchange and calls two different offsets the same"

-- case 32-bit comparison of a pointer with zero
-- prog socket_filter
-- map m array 4 8 1
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[m]
call bpf_map_lookup_elem
if r0 == 0 goto out
w1 = 0
if w0 != 0 goto out
r0 = 0
r0 /= 0
out:
r0 = 0
exit
-- reject REJ_DIV_ZERO
-- kernel differs "the low half of an address can be zero"

-- case number plus slice: the slice ends with its dynptr
-- prog sched_cls
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_ringbuf_reserve_dynptr
r1 = r10
r1 += -16
r2 = 0
r3 = 8
call bpf_dynptr_data
if r0 == 0 goto out
r6 = 0
r6 += r0
r1 = r10
r1 += -16
r2 = 0
call bpf_ringbuf_discard_dynptr
r0 = *(u32 *)(r6 +0)
exit
out:
r1 = r10
r1 += -16
r2 = 0
call bpf_ringbuf_discard_dynptr
r0 = 0
exit
-- reject REJ_INVALID_MEM "R6 invalid mem access 'scalar'"
-- kernel differs "the sum does not know whose slice it is, and outlives it"

-- case number plus frame pointer: the sum is in the callee's frame
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
call f
out:
r0 = 0
exit
f:
*(u64 *)(r10 -8) = r1
r6 = -8
r6 += r10
r2 = 0
*(u64 *)(r6 +0) = r2
r7 = *(u64 *)(r10 -8)
*(u64 *)(r7 +0) = r2
r0 = 0
exit
-- reject REJ_INVALID_MEM "R7 invalid mem access 'scalar'"
-- kernel differs "the sum has lost its frame's number: the store is booked to the caller's frame"

-- case what a branch says of a packet pointer is not said of what is made of it: minus
-- prog sched_cls
r9 = *(u32 *)(r1 +76)
r8 = *(u32 *)(r1 +80)
r9 += 256
if r9 >= r8 goto beyond
r0 = 0
exit
beyond:
r9 -= 256
if r9 < r8 goto within
r0 = 0
exit
within:
r0 = *(u8 *)(r9 +0)
r0 /= 0
exit
-- reject REJ_PKT_OUTSIDE
-- kernel differs "a pointer beyond the end stays beyond it whatever is taken from it"

-- case and plus a number that is not known
-- prog sched_cls
r9 = *(u32 *)(r1 +76)
r8 = *(u32 *)(r1 +80)
r6 = *(u32 *)(r1 +0)
r6 &= 255
r9 += 256
if r9 > r8 goto beyond
r0 = 0
exit
beyond:
r9 -= r6
if r9 <= r8 goto within
r0 = 0
exit
within:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO
-- kernel differs "the same"

-- case an iterator at fp-8 that is passed as the end of the stack
-- prog sched_cls
r1 = r10
r1 += -8
r2 = 0
r3 = 10
call bpf_iter_num_new#btf
r1 = r10
call bpf_iter_num_next#btf
r1 = r10
r1 += -8
call bpf_iter_num_destroy#btf
r0 = 0
exit
-- reject REJ_ITER_NOT_INIT
-- kernel differs "the slot of fp+0 is that of fp-8, by a division that rounds towards zero: the function writes above the frame"

-- case and so are interrupt flags
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r1 = r10
call bpf_local_irq_restore#btf
r0 = 0
exit
-- reject REJ_IRQ_NOT_INIT
-- kernel differs "the same"
