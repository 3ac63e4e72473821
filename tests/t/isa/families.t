# A few instructions of every family with their results, to be read; edges of every row are tests/unit/vm_oracle and jit_oracle.

-- case 64-bit arithmetic
-- prog sched_cls
r0 = 100
r0 += 7
r0 -= 2
r0 *= 3
r0 /= 5
r0 %= 60
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 3

-- case 32-bit arithmetic clears the upper half
-- prog sched_cls
r0 = -1
w0 += 1
r0 += 9
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 9

-- case signed division and remainder
-- prog sched_cls
r0 = -7
r0 s/= 2
r1 = -7
r1 s%= 2
r0 *= 10
r0 += r1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -31

-- case unsigned division is unsigned
-- prog sched_cls
r0 = -7
r0 /= 2
r0 >>= 60
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7

-- case bits
-- prog sched_cls
r0 = 0xf0
r0 |= 0x0f
r0 &= 0x3c
r0 ^= 0xff
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0xc3

-- case shifts
-- prog sched_cls
r0 = -16
r1 = r0
r1 >>= 60
r0 s>>= 2
r0 += r1
r0 <<= 1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 22

-- case moves with sign extension
-- prog sched_cls
r1 = 0x80
r0 = (s8)r1
r2 = 0x8000
r2 = (s16)r2
r0 += r2
r3 = 0x80000000 ll
r3 = (s32)r3
r3 s>>= 31
r0 += r3
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -32897

-- case byte order
-- prog sched_cls
r0 = 0x11223344
r0 = bswap32 r0
r1 = 0x1122
r1 = be16 r1
r0 ^= r1
r0 = le32 r0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x44330000

-- case loads of every width, with and without sign
-- prog sched_cls
r1 = 0x80818283f4f5f6f7 ll
*(u64 *)(r10 -8) = r1
r0 = *(u8 *)(r10 -8)
r2 = *(s8 *)(r10 -8)
r0 += r2
r2 = *(u16 *)(r10 -8)
r0 ^= r2
r2 = *(s16 *)(r10 -8)
r0 ^= r2
r2 = *(u32 *)(r10 -4)
r0 ^= r2
r2 = *(s32 *)(r10 -4)
r0 ^= r2
r0 &= 0x7fffffff
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x7fff00ee

-- case stores of every width
-- prog sched_cls
*(u64 *)(r10 -8) = 0
*(u8 *)(r10 -8) = 1
*(u16 *)(r10 -6) = 0x202
*(u32 *)(r10 -4) = 0x3030303
r0 = *(u64 *)(r10 -8)
r1 = r0
r1 >>= 32
r0 += r1
w0 = w0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x05050304

-- case jumps, signed and unsigned
-- prog sched_cls
r0 = 0
r1 = -1
if r1 > 1 goto a
exit
a:
r0 |= 1
if r1 s< 1 goto b
exit
b:
r0 |= 2
if w1 == 0xffffffff goto c
exit
c:
r0 |= 4
if r1 & 0x10 goto d
exit
d:
r0 |= 8
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 15

-- case a long jump
-- prog sched_cls
r0 = 1
gotol far
near:
r0 += 1
exit
far:
r0 = 40
goto near
-- accept
-- run data=00112233445566778899aabbccdd -> 41

-- case atomics
-- prog sched_cls
*(u64 *)(r10 -8) = 10
r1 = 5
lock *(u64 *)(r10 -8) += r1
r2 = 3
r2 = atomic64_fetch_or((u64 *)(r10 -8), r2)
r3 = 100
r3 = atomic64_xchg((u64 *)(r10 -8), r3)
r0 = 100
r4 = 7
r0 = atomic64_cmpxchg((u64 *)(r10 -8), r0, r4)
r0 += r2
r0 += r3
r1 = *(u64 *)(r10 -8)
r0 += r1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 137

-- case acquire and release
-- prog sched_cls
r1 = 42
*(u64 *)(r10 -8) = 0
store_release((u32 *)(r10 -8), r1)
r0 = load_acquire((u32 *)(r10 -8))
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 42

-- case packet loads in network order
-- prog sched_cls
r6 = r1
r0 = *(u16 *)skb[2]
r7 = 4
r8 = r0
r0 = *(u8 *)skb[r7 + 1]
r0 += r8
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0x2288

-- case a packet load behind the end returns 0
-- prog sched_cls
r6 = r1
r0 = *(u32 *)skb[9000]
r0 = 5
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case functions
-- prog sched_cls
r1 = 3
r2 = 4
call f
r0 += 1
exit
f:
r1 *= r2
r0 = r1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 13
