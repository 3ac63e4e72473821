# bpf_kallsyms_lookup_name: results at the edges of its arguments, and each pointer refused when it is a number.

-- case syscall kallsyms_lookup_name: plain
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -2

-- case syscall kallsyms_lookup_name: name_sz=0
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 0
r3 = 0
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case syscall kallsyms_lookup_name: name_sz=4
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 4
r3 = 0
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -2

-- case syscall kallsyms_lookup_name: name_sz=28
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 28
r3 = 0
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -2

-- case syscall kallsyms_lookup_name: name_sz=64
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 64
r3 = 0
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -2

-- case syscall kallsyms_lookup_name: flags=1
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 1
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case syscall kallsyms_lookup_name: flags=2147483648
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 2147483648 ll
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case syscall kallsyms_lookup_name: flags=4294967296
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 4294967296 ll
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -2

-- case syscall kallsyms_lookup_name: flags=-1
-- needs root "the kernel hides its addresses"
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -128) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = -1
r4 = r10
r4 += -128
call bpf_kallsyms_lookup_name
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run ctx=00000000000000000000000000000000 -> -22

-- case name is a number
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 8
r3 = 0
r4 = r10
r4 += -64
call bpf_kallsyms_lookup_name
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

-- case res is a number
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r10
r1 += -64
r2 = 8
r3 = 0
r4 = 1
call bpf_kallsyms_lookup_name
out:
exit
-- reject REJ_ARG_TYPE "R4 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
