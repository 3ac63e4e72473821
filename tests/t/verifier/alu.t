# Arithmetic on numbers and pointers.

-- case a register that was never written
-- prog socket_filter
r0 = r2
exit
-- reject REJ_NOT_READABLE "R2 !read_ok"

-- case r1 after a call
-- prog socket_filter
call bpf_ktime_get_ns
r0 = r1
exit
-- reject REJ_NOT_READABLE "R1 !read_ok"

-- case no result at the end
-- prog socket_filter
exit
-- reject REJ_NOT_READABLE "R0 !read_ok"

-- case division by the constant 0
-- prog socket_filter
r0 = 1
r0 /= 0
exit
-- reject REJ_DIV_ZERO

-- case remainder by the constant 0, 32 bits
-- prog socket_filter
r0 = 1
w0 %= 0
exit
-- reject REJ_DIV_ZERO

-- case signed division by the constant 0
-- prog socket_filter
r0 = 1
r0 s/= 0
exit
-- reject REJ_DIV_ZERO

-- case division by a register that is 0
-- prog socket_filter
r0 = 5
r1 = 0
r0 /= r1
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0

-- case shift by 64
-- prog socket_filter
r0 = 1
r0 <<= 64
exit
-- reject REJ_SHIFT "invalid shift 64"

-- case 32-bit shift by 32
-- prog socket_filter
r0 = 1
w0 >>= 32
exit
-- reject REJ_SHIFT "invalid shift 32"

-- case shift by -1
-- prog socket_filter
r0 = 1
r0 s>>= -1
exit
-- reject REJ_SHIFT "invalid shift -1"

-- case half a pointer is moved
-- prog socket_filter caps=bpf
w0 = w1
exit
-- reject REJ_PARTIAL_POINTER "R1 partial copy of pointer"

-- case a pointer is sign-extended
-- prog socket_filter caps=bpf
r0 = (s8)r1
exit
-- reject REJ_SEXT_POINTER "R1 sign-extension part of pointer"

-- case a pointer is negated
-- prog socket_filter caps=bpf
r1 = -r1
r0 = 0
exit
-- reject REJ_PTR_ARITH

-- case a pointer's bytes are swapped
-- prog socket_filter caps=bpf
r1 = be64 r1
r0 = 0
exit
-- reject REJ_PTR_ARITH

-- case a large constant is added to a pointer
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r0 += 0x20000001
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_CONST "math between map_value pointer and 536870913 is not allowed"

-- case a pointer moves out of the world in steps
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r0 += 0x1fffffff
r0 += 0x1fffffff
r0 = 0
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_OFF "map_value pointer offset 1073741822 is not allowed"

-- case a number without a lower bound is added to a pointer
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
r0 += r1
r0 = 0
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_UNBOUNDED

-- case a number that is far below is added to a pointer
-- prog socket_filter
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
if r1 s< -0x40000000 goto out
if r1 s> 5 goto out
r0 += r1
r0 = 0
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_RANGE

-- case 32-bit arithmetic on a pointer
-- prog socket_filter caps=bpf
r0 = r10
w0 += 4
r0 = 0
exit
-- reject REJ_PTR_MATH_32 "R0 32-bit pointer arithmetic prohibited"

-- case arithmetic before the comparison with NULL
-- prog socket_filter
-- map m hash 4 8 1
lookup m
r0 += 4
if r0 == 0 goto out
r0 = *(u32 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_PTR_MATH_NULL "R0 pointer arithmetic on map_value_or_null prohibited, null-check it first"

-- case arithmetic on a pointer to a map
-- prog socket_filter
-- map m array 4 8 1
r1 = map[m]
r1 += 8
r0 = 0
exit
-- reject REJ_PTR_MATH_TYPE "R1 pointer arithmetic on map_ptr prohibited"

-- case arithmetic on the end of the packet
-- prog xdp
r2 = *(u32 *)(r1 +4)
r2 += 8
r0 = 0
exit
-- reject REJ_PTR_MATH_TYPE "R2 pointer arithmetic on pkt_end prohibited"

-- case a number minus a pointer
-- prog socket_filter
r0 = 1
r0 -= r10
exit
-- reject REJ_PTR_SUB_SCALAR

-- case a stack pointer minus a variable
-- prog socket_filter
r0 = *(u32 *)(r1 +0)
r0 &= 7
r2 = r10
r2 -= r0
r0 = 0
exit
-- reject REJ_PTR_SUB_STACK

-- case bits of a pointer
-- prog socket_filter
r1 &= 7
r0 = 0
exit
-- reject REJ_PTR_BITWISE "R1 bitwise operator &= on pointer prohibited"

-- case a pointer is multiplied
-- prog socket_filter
r1 *= 2
r0 = 0
exit
-- reject REJ_PTR_OPERATOR "R1 pointer arithmetic with *= operator prohibited"

-- case two pointers are added
-- prog socket_filter
r1 += r10
r0 = 0
exit
-- reject REJ_PTR_PTR "R1 pointer += pointer prohibited"

-- case packet pointers are subtracted
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r3 -= r2
r0 = r3
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 14
