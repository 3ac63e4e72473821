# The stack: 512 bytes a function, what was written is what may be read.

-- case a word that was never written
-- prog socket_filter caps=bpf
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_STACK_BOUNDS

-- case half of it was written
-- prog socket_filter caps=bpf
*(u32 *)(r10 -8) = 0
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_STACK_READ "invalid read from stack off -8+4 size 8"

-- case below the frame
-- prog socket_filter
*(u64 *)(r10 -520) = 0
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R10 off=-520 size=8"

-- case above the frame
-- prog socket_filter
*(u64 *)(r10 +0) = 0
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case the lowest word of the frame
-- prog socket_filter
*(u64 *)(r10 -512) = 5
r0 = *(u64 *)(r10 -512)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 5

-- case a misaligned word
-- prog socket_filter
*(u64 *)(r10 -12) = 0
r0 = 0
exit
-- reject REJ_MISALIGNED

-- case a pointer is stored in four bytes
-- prog socket_filter caps=bpf
*(u32 *)(r10 -8) = r1
r0 = 0
exit
-- reject REJ_SPILL_SIZE

-- case a pointer is read back in four bytes
-- prog socket_filter caps=bpf
*(u64 *)(r10 -8) = r1
r0 = *(u32 *)(r10 -8)
exit
-- reject REJ_FILL_SIZE

-- case part of a stored pointer is overwritten
-- prog socket_filter caps=bpf
*(u64 *)(r10 -8) = r1
*(u8 *)(r10 -5) = 0
r0 = 0
exit
-- reject REJ_CORRUPT_SPILL

-- case the caller gets a pointer to the stack below
-- prog socket_filter
r1 = r10
r1 += -8
*(u64 *)(r10 -8) = 0
call f
exit
f:
r2 = r10
*(u64 *)(r1 +0) = r2
r0 = 0
exit
-- reject REJ_SPILL_TO_CALLER

-- case a function returns a pointer to its stack
-- prog socket_filter
call f
r0 = 0
exit
f:
r0 = r10
exit
-- reject REJ_RETURN_STACK

-- case an index without bounds
-- prog socket_filter
r2 = *(u32 *)(r1 +0)
r3 = r10
r3 += r2
r0 = *(u8 *)(r3 -512)
exit
-- reject REJ_STACK_UNBOUNDED

-- case an index that may leave the stack
-- prog socket_filter
r2 = *(u32 *)(r1 +0)
r2 &= 63
r3 = r10
r3 += r2
r3 += -32
*(u8 *)(r3 +0) = 1
r0 = 0
exit
-- reject REJ_STACK_VAR_BOUNDS

-- case an index into an array that is written
-- prog socket_filter
*(u64 *)(r10 -8) = 0
*(u64 *)(r10 -16) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 7
r3 = r10
r3 += r2
r0 = *(u8 *)(r3 -16)
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case atomics at a variable offset
-- prog socket_filter
*(u64 *)(r10 -8) = 0
*(u64 *)(r10 -16) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 8
r3 = r10
r3 += r2
r3 += -16
r4 = 1
lock *(u64 *)(r3 +0) += r4
r0 = 0
exit
-- reject REJ_STACK_VAR_HELPER

-- case without privileges the stack has constant offsets
-- prog socket_filter caps=bpf
*(u64 *)(r10 -8) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 7
r3 = r10
r3 += r2
r0 = *(u8 *)(r3 -8)
exit
-- reject REJ_MASK_STACK_VAR

-- case without privileges a stack pointer stays within the stack
-- prog socket_filter caps=bpf
r3 = r10
r3 += 8
r0 = 0
exit
-- reject REJ_MASK_STACK_RANGE

-- case a variable store over a stored pointer
-- prog socket_filter caps=bpf
*(u64 *)(r10 -16) = r1
*(u64 *)(r10 -8) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 8
r3 = r10
r3 += -16
r3 += r2
r4 = 1
*(u8 *)(r3 +0) = r4
r0 = 0
exit
-- reject REJ_MASK_STACK_VAR

-- case a helper reads what was never written
-- prog socket_filter caps=bpf
-- map m array 4 8 1
r1 = map[m]
r2 = r10
r2 += -4
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case a helper reads below the frame
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m]
r2 = r10
r2 += -516
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case a helper gets a variable place, not all of it written
-- prog socket_filter caps=bpf
-- map m array 4 8 1
*(u64 *)(r10 -8) = 0
r3 = *(u32 *)(r1 +0)
r3 &= 8
r2 = r10
r2 += -16
r2 += r3
r1 = map[m]
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_MASK_STACK_VAR

-- case a helper writes over a stored pointer
-- prog socket_filter caps=bpf
*(u64 *)(r10 -8) = r1
r2 = 0
r3 = r10
r3 += -8
r4 = 8
call bpf_skb_load_bytes
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_CORRUPT_SPILL


-- case a word of which nothing was written
-- prog socket_filter caps=bpf
*(u64 *)(r10 -16) = 0
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_STACK_READ

-- case a word of which half was written
-- prog socket_filter caps=bpf
*(u32 *)(r10 -8) = 0
r0 = *(u64 *)(r10 -8)
exit
-- reject REJ_STACK_READ

-- case a helper reads bytes that were not written
-- prog socket_filter caps=bpf
-- map m array 4 8 1
*(u64 *)(r10 -16) = 0
r1 = map[m]
r2 = r10
r2 += -8
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_STACK_ARG_READ

-- case a helper reads a stored pointer
-- prog socket_filter caps=bpf
-- map m array 4 8 1
*(u64 *)(r10 -8) = r10
r1 = map[m]
r2 = r10
r2 += -8
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_STACK_ARG_READ

-- case one function with more than 512 bytes
-- prog socket_filter
r2 = r10
r2 += -520
r0 = *(u64 *)(r2 +0)
exit
-- reject REJ_STACK_BOUNDS

-- case an index into a region that is not all written, by a helper
-- prog socket_filter
-- map m array 4 8 1
*(u64 *)(r10 -24) = 0
r3 = *(u32 *)(r1 +0)
r3 &= 8
r2 = r10
r2 += -16
r2 += r3
r1 = map[m]
call bpf_map_lookup_elem
r0 = 0
exit
-- accept

-- case an index over a stored pointer, written
-- prog socket_filter
*(u64 *)(r10 -16) = r1
*(u64 *)(r10 -8) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 8
r3 = r10
r3 += -16
r3 += r2
r4 = 1
*(u8 *)(r3 +0) = r4
r0 = *(u64 *)(r10 -16)
r0 = *(u8 *)(r0 +0)
exit
-- reject REJ_INVALID_MEM
