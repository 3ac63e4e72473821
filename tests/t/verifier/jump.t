# Conditional jumps and what they teach.

-- case a pointer is compared with a number
-- prog socket_filter caps=bpf
r0 = 0
if r1 > 5 goto out
r0 = 1
out:
exit
-- reject REJ_PTR_COMPARE "R1 pointer comparison prohibited"

-- case two pointers of different kinds are compared
-- prog socket_filter caps=bpf
r0 = 0
if r1 == r10 goto out
r0 = 1
out:
exit
-- reject REJ_PTR_COMPARE

-- case a 32-bit comparison of a pointer
-- prog socket_filter caps=bpf
r0 = 0
if w1 > 5 goto out
r0 = 1
out:
exit
-- reject REJ_PTR_COMPARE

-- case unsigned bounds decide a branch
-- prog socket_filter
-- log "smax32=umax32=63"
r0 = *(u32 *)(r1 +0)
r0 &= 63
if r0 > 63 goto bad
r0 = 1
exit
bad:
r0 /= 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 1

-- case signed bounds decide a branch
-- prog socket_filter
r0 = *(u32 *)(r1 +0)
if r0 s> 5 goto a
if r0 s< -3 goto a
r0 += 3
if r0 > 8 goto bad
a:
r0 = 1
exit
bad:
r0 = 1
exit
-- accept

-- case the other side of a test of bits
-- prog socket_filter
r0 = *(u32 *)(r1 +0)
r0 &= 3
if r0 & 1 goto odd
if r0 == 3 goto bad
odd:
r0 = 0
exit
bad:
r0 = *(u64 *)(r10 -8)
exit
-- accept
