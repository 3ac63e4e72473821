# Records of ring buffers: reserved, submitted, discarded; as memory and as dynptrs.

-- case reserve and submit
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 16
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto none
*(u64 *)(r0 +8) = 7
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r1 = map[m]
r2 = 0
call bpf_ringbuf_query
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 24

-- case a discarded record still counts until it is passed
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 5
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto none
r1 = r0
r2 = 0
call bpf_ringbuf_discard
r1 = map[m]
r2 = 3
call bpf_ringbuf_query
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 16

-- case larger than the buffer
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 4096
r3 = 0
call bpf_ringbuf_reserve
if r0 == 0 goto none
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r0 = 1
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case flags
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 8
r3 = 1
call bpf_ringbuf_reserve
if r0 == 0 goto none
r1 = r0
r2 = 0
call bpf_ringbuf_submit
r0 = 1
none:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case a record that is kept
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r0 = 0
exit
-- reject REJ_REF_LEAK "Unreleased reference"

-- case submitting what is no record
-- prog sched_cls
r1 = 1
r2 = 0
call bpf_ringbuf_submit
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ringbuf_mem"

-- case as a dynptr: write, read back, submit
-- prog sched_cls
-- map m ringbuf 0 0 4096
*(u64 *)(r10 -8) = 0x11223344
r1 = map[m]
r2 = 24
r3 = 0
r4 = r10
r4 += -32
call bpf_ringbuf_reserve_dynptr
r6 = r0
r1 = r10
r1 += -32
r2 = 16
r3 = r10
r3 += -8
r4 = 8
r5 = 0
call bpf_dynptr_write
r6 += r0
r1 = r10
r1 += -16
r2 = 4
r3 = r10
r3 += -32
r4 = 17
r5 = 0
call bpf_dynptr_read
r6 += r0
r7 = *(u32 *)(r10 -16)
r1 = r10
r1 += -32
r2 = 0
call bpf_ringbuf_submit_dynptr
r0 = r6
r0 += r7
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x112233

-- case as a dynptr: beyond its end, and discarded
-- prog sched_cls
-- map m ringbuf 0 0 4096
*(u64 *)(r10 -8) = 0
r1 = map[m]
r2 = 24
r3 = 0
r4 = r10
r4 += -32
call bpf_ringbuf_reserve_dynptr
r1 = r10
r1 += -32
r2 = 17
r3 = r10
r3 += -8
r4 = 8
r5 = 0
call bpf_dynptr_write
r6 = r0
r1 = r10
r1 += -32
r2 = 0
call bpf_ringbuf_discard_dynptr
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -7

-- case as a dynptr: larger than the buffer gives a null one, which is to be given back
-- prog sched_cls
-- map m ringbuf 0 0 4096
r1 = map[m]
r2 = 5000
r3 = 0
r4 = r10
r4 += -32
call bpf_ringbuf_reserve_dynptr
r6 = r0
r1 = r10
r1 += -32
r2 = 0
call bpf_ringbuf_discard_dynptr
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -22

-- case a dynptr that is a number
-- prog sched_cls
r1 = 1
r2 = 0
call bpf_ringbuf_submit_dynptr
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected="
