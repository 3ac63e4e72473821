# bpf_skb_pull_data: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_pull_data: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
call bpf_skb_pull_data
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_pull_data: len=14
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 14
call bpf_skb_pull_data
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_pull_data: len=65
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 65
call bpf_skb_pull_data
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -12

-- case sched_cls skb_pull_data: len=70000
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 70000
call bpf_skb_pull_data
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -12

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
call bpf_skb_pull_data
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
