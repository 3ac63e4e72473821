# bpf_msg_pull_data, push, pop: pointers into the message end with them; the context is no number.

-- case a range is pulled, and read after it was checked again
-- prog sk_msg
r6 = r1
r2 = 0
r3 = 8
r4 = 0
call bpf_msg_pull_data
r1 = *(u64 *)(r6 +0)
r2 = *(u64 *)(r6 +8)
r3 = r1
r3 += 8
r0 = 1
if r3 > r2 goto out
r0 = *(u8 *)(r1 +7)
r0 = 1
out:
exit
-- accept

-- case an old pointer after bytes were pushed
-- prog sk_msg
r6 = r1
r7 = *(u64 *)(r6 +0)
r8 = *(u64 *)(r6 +8)
r3 = r7
r3 += 8
r0 = 1
if r3 > r8 goto out
r1 = r6
r2 = 0
r3 = 8
r4 = 0
call bpf_msg_push_data
r0 = *(u8 *)(r7 +0)
r0 = 1
out:
exit
-- reject REJ_INVALID_MEM "R7 invalid mem access 'scalar'"

-- case a number is pulled from
-- prog sk_msg
r1 = 1
r2 = 0
r3 = 8
r4 = 0
call bpf_msg_pull_data
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case a number is popped from
-- prog sk_msg
r1 = 1
r2 = 0
r3 = 8
r4 = 0
call bpf_msg_pop_data
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case what is pushed and popped is seen in the message
-- prog sk_msg
r6 = r1
r2 = 2
r3 = 4
r4 = 0
call bpf_msg_push_data
r7 = *(u32 *)(r6 +68)
r1 = r6
r2 = 0
r3 = 5
r4 = 0
call bpf_msg_pop_data
r1 = *(u64 *)(r6 +0)
r2 = *(u64 *)(r6 +8)
r3 = r1
r3 += 2
r0 = 0
if r3 > r2 goto out
r0 = *(u8 *)(r1 +1)
r0 <<= 8
r0 |= r7
out:
exit
-- accept
-- run data=1122334455667788 -> 13068
