# Published bugs of Linux's value tracking. The unsafe step is a division by the constant 0 or a misread of the stack: a verifier that
# thinks it unreachable accepts, a sound one refuses. Cases that are accepted must give the right result on every engine.

-- case CVE-2017-16995: a 32-bit move of -1 is not the 64-bit -1
-- prog socket_filter
w2 = -1
if r2 != -1 goto differs
r0 = 0
exit
differs:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2017-16996: cut to 32 bits means cut
-- prog socket_filter
r6 = 0x100000001 ll
w6 += 0
if r6 == 1 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2017-17853: shifting what may be negative
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
if r6 s>= 0 goto out
r6 >>= 32
if r6 > 0x7fffffff goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2017-17854: a pointer's offset does not overflow
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r0 += 0x1fffffff
r0 += 0x1fffffff
r0 += 0x1fffffff
r0 += 0x1fffffff
r0 += 0x1fffffff
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_OFF

-- case CVE-2017-17863: nor does a stack pointer's
-- prog socket_filter
r1 = r10
r1 += 0x7fffffff
r1 += 0x7fffffff
r1 += 2
*(u64 *)(r1 +0) = 0
r0 = 0
exit
-- reject REJ_PTR_MATH_CONST

-- case CVE-2018-18445: 32-bit shifts shift 32 bits
-- prog socket_filter
r6 = 2
w6 <<= 31
w6 >>= 31
if r6 == 0 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2020-8835: 64-bit bounds say little about the lower half
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
if r6 == 0 goto out
r1 = 0x100000001 ll
if r6 > r1 goto out
if w6 != 5 goto out
w6 = w6
if r6 == 5 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2020-27194: 32-bit bounds of OR
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
if r6 == 0 goto out
r1 = 0x600000000 ll
if r6 > r1 goto out
r6 |= 0
w7 = w6
if r7 == 5 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2021-3490: AND with known lower halves
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r6 <<= 32
r6 += 1
r1 = 0x100000002 ll
r6 &= r1
w8 = w6
if r8 == 0 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2021-3490: XOR with known lower halves
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r6 <<= 32
r6 += 1
r1 = 0x100000001 ll
r6 ^= r1
w8 = w6
if r8 == 0 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2021-31440: a signed minimum says nothing about 32 bits
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
if r6 s< 1 goto out
if w6 s< 0 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2021-3444: a remainder by 0 keeps 32 bits of the dividend
-- prog sched_cls
r6 = -1
r7 = 0
w6 %= w7
r6 >>= 31
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 1

-- case CVE-2021-3600: the divisor has 32 bits
-- prog sched_cls
r6 = 7
r7 = 0x100000000 ll
w6 /= w7
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case CVE-2021-45402: half a pointer stays one
-- prog socket_filter caps=bpf
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
w6 = w10
*(u64 *)(r0 +0) = r6
out:
r0 = 0
exit
-- reject REJ_PARTIAL_POINTER

-- case CVE-2021-4159: a stack index without bounds
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
r2 = r10
r2 += r1
*(u8 *)(r2 -8) = 0
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_UNBOUNDED

-- case CVE-2023-52676: stack offsets near the end of 32 bits
-- prog socket_filter
r2 = r10
r2 += -2147483648
r0 = *(u8 *)(r2 -1)
exit
-- reject REJ_PTR_MATH_CONST

-- case CVE-2024-41003: a register compared with itself
-- prog socket_filter
r6 = *(u32 *)(r1 +0)
if r6 < r6 goto sink
if r6 == r6 goto out
sink:
r0 = 0
exit
out:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2024: linked scalars wrap at 32 bits
-- prog socket_filter
call bpf_get_prandom_u32
w6 = w0
r7 = r6
w7 += 10
if w6 >= 0xfffffff0 goto high
r0 = 0
exit
high:
if r7 < 10 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2026-53092: a register added to itself is no longer linked
-- prog socket_filter
call bpf_get_prandom_u32
r6 = r0
r7 = r6
r6 += r6
if r7 != 1 goto out
if r6 != 3 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case 2026: OR of a sign
-- prog socket_filter
call bpf_get_prandom_u32
r6 = r0
r6 <<= 32
r6 s>>= 63
r6 |= 8
if r6 == -1 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case CVE-2025-39748: a test of bits leaves the range as it is
-- prog socket_filter
call bpf_get_prandom_u32
r6 = r0
r6 &= 3
if r6 & 1 goto odd
r0 = 0
exit
odd:
if r6 == 3 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case a test of bits sign-extends its constant
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r6 = *(u64 *)(r0 +0)
r6 >>= 32
r6 <<= 32
if r6 & 0x80000000 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case a 32-bit arithmetic shift fills with bit 31
-- prog sched_cls
r6 = 0x80000000 ll
w6 s>>= 31
r0 = r6
r0 >>= 4
r0 &= 0xffff
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0xffff

-- case sign extension of a byte
-- prog socket_filter
call bpf_get_prandom_u32
r6 = (s8)r0
if r6 s< -128 goto out
if r6 == -1 goto sink
out:
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case the negative of the smallest number is negative
-- prog socket_filter
r6 = 0x8000000000000000 ll
r6 = -r6
if r6 s< 0 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case the smallest number by -1
-- prog sched_cls
r6 = 0x80000000 ll
w1 = -1
w6 s/= w1
r0 = r6
r0 >>= 31
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 1

-- case shifts by a register count modulo the width
-- prog sched_cls
r6 = 1
r7 = 33
w6 <<= w7
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 2

-- case a swap of 16 bits cuts
-- prog sched_cls
r0 = 0x12345678
r0 = be16 r0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x7856

-- case a 32-bit exchange clears the upper half of r0
-- prog sched_cls
*(u64 *)(r10 -8) = -1
r0 = -1
r1 = 5
r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r1)
r0 >>= 16
r0 >>= 16
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case what an exchange returns is not what was put there
-- prog socket_filter
*(u64 *)(r10 -8) = 1
r0 = 0
r1 = 0
r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r1)
if r0 == 1 goto sink
r0 = 0
exit
sink:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO
