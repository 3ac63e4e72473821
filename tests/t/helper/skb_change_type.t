# bpf_skb_change_type: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_change_type: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
call bpf_skb_change_type
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_type: type=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
call bpf_skb_change_type
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_type: type=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 1
call bpf_skb_change_type
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_type: type=3
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 3
call bpf_skb_change_type
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_type: type=4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4
call bpf_skb_change_type
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
call bpf_skb_change_type
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
