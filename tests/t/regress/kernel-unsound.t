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
