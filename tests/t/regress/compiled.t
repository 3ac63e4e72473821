# Programs that were compiled to something else than they say.

# the flags of r0 &= -2 answer `if r0 == 0` without a test: not after an immediate that is hidden by an xor
-- case a store of a constant between a sum and its test for zero
-- prog sched_cls
*(u64 *)(r10 -16) = 0
r0 = *(u32 *)(r1 +0)
r0 &= -2
*(u32 *)(r10 -8) = 2147483647
*(u64 *)(r10 -16) = 305419896
if r0 == 0 goto out
r0 = 7
out:
exit
-- accept
-- run data=00112233445566778899aabbccddeeff0011 -> 7

