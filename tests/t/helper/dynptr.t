# Dynptrs to a map's value and to packets.

-- case a value: made, written, read, looked at
-- prog sched_cls
-- map m array 4 32 1
lookup m
if r0 == 0 goto none
r6 = r0
r1 = r0
r2 = 32
r3 = 0
r4 = r10
r4 += -32
call bpf_dynptr_from_mem
r7 = r0
*(u64 *)(r10 -8) = 0x55
r1 = r10
r1 += -32
r2 = 8
r3 = r10
r3 += -8
r4 = 8
r5 = 0
call bpf_dynptr_write
r7 += r0
r1 = r10
r1 += -32
r2 = 8
r3 = 4
call bpf_dynptr_data
if r0 == 0 goto none
r0 = *(u32 *)(r0 +0)
r0 += r7
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x55

-- case flags of dynptr_from_mem
-- prog sched_cls
-- map m array 4 32 1
lookup m
if r0 == 0 goto none
r1 = r0
r2 = 32
r3 = 1
r4 = r10
r4 += -32
call bpf_dynptr_from_mem
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case data beyond the end
-- prog sched_cls
-- map m array 4 32 1
lookup m
if r0 == 0 goto none
r1 = r0
r2 = 32
r3 = 0
r4 = r10
r4 += -32
call bpf_dynptr_from_mem
r1 = r10
r1 += -32
r2 = 30
r3 = 4
call bpf_dynptr_data
if r0 == 0 goto none
r0 = 1
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case dynptr_from_mem of the stack
-- prog sched_cls
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r3 = 0
r4 = r10
r4 += -32
call bpf_dynptr_from_mem
exit
-- reject REJ_DYNPTR_MEM "Unsupported reg type fp for bpf_dynptr_from_mem data"

-- case reading what is no dynptr
-- prog sched_cls
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r3 = r10
r3 += -32
r4 = 0
r5 = 0
call bpf_dynptr_read
exit
-- reject REJ_DYNPTR_NOT_INIT "Expected an initialized dynptr as arg #2"

-- case a read beyond the end changes nothing
-- prog sched_cls
-- map m array 4 32 1
lookup m
if r0 == 0 goto none
r1 = r0
r2 = 22
r3 = 0
r4 = r10
r4 += -32
call bpf_dynptr_from_mem
*(u64 *)(r10 -8) = 77
r1 = r10
r1 += -8
r2 = 8
r3 = r10
r3 += -32
r4 = 20
r5 = 0
call bpf_dynptr_read
r1 = *(u64 *)(r10 -8)
r0 *= -1000
r0 += r1
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7077
