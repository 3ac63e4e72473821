# bpf_get_hash_recalc: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls get_hash_recalc: plain
-- prog sched_cls
r6 = r1
r1 = r6
call bpf_get_hash_recalc
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
call bpf_get_hash_recalc
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
