# Published bugs without a case elsewhere. Division by zero stands for the bad access: who reaches it was wrong about a value.

-- case CVE-2017-17852: 32-bit arithmetic is not 64-bit arithmetic
-- prog socket_filter
r6 = 4294967295 ll
w6 += 1
if r6 == 0 goto zero
r0 = 0
exit
zero:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2017-17857: a stack pointer of unknown offset is no pointer to a known slot
-- prog socket_filter caps=bpf
r6 = *(u32 *)(r1 +0)
r6 &= 8
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += r6
r2 += -16
*(u64 *)(r2 +0) = r10
r0 = 0
exit
-- reject REJ_MASK_STACK_VAR

-- case CVE-2017-17862: what no branch reaches is not run, and what a comparison of constants skips is not judged
-- prog socket_filter
r0 = 7
r6 = 5
if r6 == 5 goto out
r0 /= r10
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7

-- case CVE-2017-17864: a pointer is not told by a comparison with a number
-- prog socket_filter caps=bpf
r0 = 0
if r10 == 5 goto out
r0 = 1
out:
exit
-- reject REJ_PTR_COMPARE

-- case CVE-2021-3490: OR with known lower halves
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r6 <<= 32
r6 += 1
r7 = 4294967298 ll
r6 |= r7
w8 = w6
if r8 == 3 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2023: a sign-extending load is signed
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(s8 *)(r0 +0)
if r6 s< 0 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2024: a difference that wraps has no bounds
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
if r6 > 10 goto out
r7 = 5
r7 -= r6
if r7 > 5 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2024: a product that wraps has no bounds
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r7 = 4294967296 ll
if r6 > r7 goto out
r6 *= r6
if r6 == 0 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2026: links to different bases are different states
-- prog socket_filter flags=0x8
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r7 = *(u64 *)(r0 +0)
r8 = *(u32 *)(r0 +0)
r9 = r0
if r8 == 0 goto other
r3 = r6
r3 += 1
goto join
other:
r3 = r7
r3 += 1
join:
if r6 > 3 goto out
r9 += r3
r0 = *(u8 *)(r9 +0)
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_UNBOUNDED

-- case CVE-2026-93125: sizes have 64 bits
-- prog sched_cls
r6 = r1
r2 = r10
r2 += -8
*(u64 *)(r10 -8) = 0
r1 = r2
r2 = 4294967304 ll
r3 = r1
r4 = 8
r5 = 0
call bpf_csum_diff
r0 = 0
exit
-- reject REJ_UNBOUNDED_SIZE

-- case CVE-2026-98019: a zero that was taken for NULL is precise
-- prog sched_cls flags=0x8
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r7 = 1
if r6 == 0 goto join
r7 = 0
join:
r1 = r7
r2 = 0
r3 = r10
r3 += -8
r4 = 8
r5 = 0
call bpf_csum_diff
r0 = 0
exit
-- reject REJ_ARG_TYPE
-- kernel differs "it does not remember that the zero mattered, and takes a 1 for a pointer"

-- case CVE-2026-98085: a packet load that fails ends the function with 0
-- prog socket_filter
-- btf
r6 = r1
call f
if r0 == 0 goto bad
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
f:
r6 = r1
r0 = *(u8 *)skb[0]
r0 = 1
exit
-- reject REJ_DIV_ZERO

-- case CVE-2026-98084: what a callback does not touch is followed through the call
-- prog socket_filter flags=0x8
-- btf
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r7 = 600
if r6 == 0 goto join
r7 = -8
join:
r1 = 3
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
r3 = r10
r3 += r7
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
cb:
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case CVE-2026-90217: iterators of two types are two states
-- prog socket_filter flags=0x8
r6 = *(u32 *)(r1 +0)
*(u64 *)(r10 -32) = 0
if r6 == 0 goto bits
r1 = r10
r1 += -24
r2 = 0
r3 = 3
call bpf_iter_num_new#btf
goto join
bits:
r1 = r10
r1 += -24
r2 = r10
r2 += -32
r3 = 1
call bpf_iter_bits_new#btf
join:
r1 = r10
r1 += -24
call bpf_iter_num_destroy#btf
r0 = 0
exit
-- reject REJ_ITER_NOT_INIT

-- case CVE-2021-33200: masks that get tighter on one path
-- prog socket_filter caps=bpf
-- map m array 4 64 1
r7 = *(u32 *)(r1 +0)
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
r1 &= 31
r2 = r0
if r7 == 0 goto add
r2 += 8
r1 &= 15
add:
r2 += r1
r0 = *(u8 *)(r2 +0)
out:
r0 = 0
exit
-- reject REJ_MASK_PATHS

-- case CVE-2024-50164: a helper writes what programs may only read
-- prog sched_cls
-- map ro array 4 8 1 80
r6 = r1
lookup ro
if r0 == 0 goto out
r3 = r0
r1 = r6
r2 = 1
r4 = 0
r5 = 0
call bpf_check_mtu
out:
r0 = 0
exit
-- reject REJ_MAP_WRITE

-- case CVE-2024-58237: a packet pointer does not survive a tail call in a function
-- prog sched_cls
-- btf
-- map progs prog_array 4 4 1
r6 = r1
r7 = *(u32 *)(r6 +76)
r8 = *(u32 *)(r6 +80)
r2 = r7
r2 += 8
if r2 > r8 goto out
r1 = r6
call f
r0 = *(u8 *)(r7 +0)
out:
r0 = 0
exit
f:
r2 = map[progs]
r3 = 0
call bpf_tail_call
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case CVE-2023-52452: the stack that nobody wrote
-- prog socket_filter caps=bpf
r0 = *(u64 *)(r10 -8)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case CVE-2026-98043: a pointer of unbounded offset may be NULL
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r0 += r6
if r0 == 0 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_PTR_MATH_UNBOUNDED

-- case CVE-2026-98134: equal to what may be NULL is not NULL either way
-- prog socket_filter
-- map m hash 4 8 1
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[m]
call bpf_map_lookup_elem
r6 = r0
*(u32 *)(r10 -4) = 1
r2 = r10
r2 += -4
r1 = map[m]
call bpf_map_lookup_elem
if r0 != r6 goto out
r0 = *(u64 *)(r6 +0)
out:
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case CVE-2026-98044: no packet loads in callbacks
-- prog socket_filter
-- btf
r6 = r1
r1 = 3
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r6 = r2
r0 = *(u8 *)skb[0]
r0 = 0
exit
-- reject REJ_LDABS_CALLBACK
-- kernel differs "it looks at R6 first, with the same verdict"

-- case CVE-2026-93144: no store through an untrusted kernel pointer
-- prog raw_tracepoint
call bpf_get_current_task_btf
*(u64 *)(r0 +0) = 0
r0 = 0
exit
-- reject REJ_BTF_READ_ONLY

-- case CVE-2026-98075: the main function is no callback
-- prog socket_filter
-- btf
start:
r1 = 3
r2 = subprog[start]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
-- reject REJ_FUNC_NOT_STATIC

-- case CVE-2024-53125: what is linked keeps a clean upper half
-- prog socket_filter flags=0x4
r6 = *(u32 *)(r1 +0)
w7 = w6
w8 = w6
if w7 != 60 goto out
r0 = r8
r0 >>= 32
exit
out:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case a reference leaks on one branch
-- prog sched_cls
-- map rb ringbuf 0 0 4096
r6 = *(u32 *)(r1 +0)
r1 = map[rb]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
if r6 == 0 goto out
r1 = r0
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_REF_LEAK

-- case a record is submitted twice
-- prog sched_cls
-- map rb ringbuf 0 0 4096
r1 = map[rb]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto out
r6 = r0
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r1 = r6
r2 = 0
call bpf_ringbuf_submit
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case CVE-2026-53090: a read behind a packet load that fails is a read all the same
-- prog socket_filter
r6 = r1
*(u64 *)(r10 -8) = 0
r7 = 600
r0 = *(u8 *)skb[0]
if r0 == 5 goto join
r7 = -8
join:
r0 = *(u8 *)skb[1]
r3 = r10
r3 += r7
r0 = *(u8 *)(r3 +0)
r0 = 0
exit
-- reject REJ_STACK_BOUNDS

-- case 2023: a store at an unknown offset hits every spill it may hit
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u32 *)(r0 +0)
r6 &= 8
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -16
r2 += r6
r1 = 9
*(u64 *)(r2 +0) = r1
r1 = *(u64 *)(r10 -16)
if r1 != 0 goto bad
out:
r0 = 0
exit
bad:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2024-43910: a constant dynptr is passed as it came
-- prog socket_filter
-- btf
-- map urb user_ringbuf 0 0 4096
r1 = map[urb]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_user_ringbuf_drain
r0 = 0
exit
cb:
r3 = r1
r3 += 8
r1 = r10
r1 += -8
r2 = 8
r4 = 0
r5 = 0
call bpf_dynptr_read
r0 = 0
exit
-- reject REJ_MODIFIED_PTR

-- case CVE-2026-98033: a callback over inner maps sees the map it was called for
-- prog socket_filter
-- btf
-- map m array 4 8 1
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
cb:
r0 = *(u64 *)(r3 +8)
r0 = 0
exit
-- reject REJ_MAP_VALUE_BOUNDS

-- case CVE-2017-9150: no addresses in the log of who may not see them
-- prog socket_filter caps=bpf
-- map m array 4 8 1
r1 = map[m]
r0 = 0
exit
-- accept
-- log "(18) r1 = 0x0"

-- case CVE-2026-72402: nor in what it says of registers
-- prog socket_filter caps=bpf
-- map m array 4 8 1
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[m]
call bpf_map_lookup_elem
if r0 == 0 goto out
r0 += 4
out:
r0 = 0
exit
-- accept
-- log "(18) r1 = 0x0"
-- log "R0=map_value(ks=4,vs=8,off=4)"
