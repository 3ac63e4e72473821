# Dynptrs: memory of a size that is only known at run time.

-- case made, written, read
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r1 = r10
r1 += -24
r2 = 0
*(u64 *)(r10 -32) = 77
r3 = r10
r3 += -32
r4 = 8
r5 = 0
call bpf_dynptr_write
r1 = r10
r1 += -32
r2 = 8
r3 = r10
r3 += -24
r4 = 0
r5 = 0
call bpf_dynptr_read
r0 = *(u64 *)(r10 -32)
exit
out:
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 77

-- case never made
-- prog sched_cls
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -16
r2 = 0
r3 = 8
call bpf_dynptr_data
r0 = 0
exit
-- reject REJ_DYNPTR_NOT_INIT

-- case not on the stack
-- prog sched_cls
-- map m array 4 16 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
r3 = 8
call bpf_dynptr_data
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=map_value expected=fp, dynptr_ptr"

-- case CVE-2023-39191: overwritten in part
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
*(u64 *)(r10 -24) = 0
r1 = r10
r1 += -24
r2 = 0
r3 = 8
call bpf_dynptr_data
out:
r0 = 0
exit
-- reject REJ_DYNPTR_NOT_INIT

-- case CVE-2023-39191: read directly
-- prog sched_cls caps=bpf
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r0 = *(u64 *)(r10 -24)
out:
r0 = 0
exit
-- reject REJ_STACK_READ

-- case of the stack
-- prog sched_cls
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r0 = 0
exit
-- reject REJ_DYNPTR_MEM

-- case a referenced one is overwritten
-- prog sched_cls
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_ringbuf_reserve_dynptr
*(u64 *)(r10 -16) = 0
r0 = 0
exit
-- reject REJ_DYNPTR_REFERENCED

-- case made where one is
-- prog sched_cls
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_ringbuf_reserve_dynptr
r1 = map[r]
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_ringbuf_reserve_dynptr
r0 = 0
exit
-- reject REJ_DYNPTR_REFERENCED

-- case of another kind
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r1 = r10
r1 += -24
r2 = 0
call bpf_ringbuf_submit_dynptr
out:
r0 = 0
exit
-- reject REJ_RELEASE_DYNPTR

-- case released twice
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
call bpf_ringbuf_submit_dynptr
r1 = r10
r1 += -16
r2 = 0
call bpf_ringbuf_submit_dynptr
r0 = 0
exit
-- reject REJ_RELEASE_DYNPTR

-- case a helper fills memory that holds one
-- prog sched_cls
-- map m array 4 8 1
r6 = r1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r1 = r6
r2 = 0
r3 = r10
r3 += -24
r4 = 8
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_DYNPTR_OVERWRITE

-- case at an odd place
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -20
call bpf_dynptr_from_mem
out:
r0 = 0
exit
-- reject REJ_STACK_OBJ_OFFSET

-- case a slice that may be NULL
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -24
call bpf_dynptr_from_mem
r1 = r10
r1 += -24
r2 = 0
r3 = 8
call bpf_dynptr_data
r0 = *(u64 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case made beyond the stack
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -32768
call bpf_dynptr_from_mem
out:
r0 = 0
exit
-- reject REJ_STACK_BOUNDS "invalid write to stack R4 off=-32768 size=8"

-- case what is given up is no dynptr's place: both reasons are told
-- prog sched_cls
r1 = r10
r1 += -12
r2 = 0
call bpf_ringbuf_submit_dynptr
r0 = 0
exit
-- reject REJ_RELEASE_DYNPTR
-- log "cannot pass in dynptr at an offset=-12"

-- case a function that this type may not call reads, for all that is known, every argument
-- prog kprobe
r2 = 0
r3 = r10
r3 += -16
call bpf_dynptr_from_xdp#btf
r0 = 0
exit
-- reject REJ_KF_NOT_ALLOWED
-- log "      0: .1..45.... (b7) r2 = 0"
