# bpf_skb_ecn_set_ce: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_ecn_set_ce: plain
-- prog sched_cls
r6 = r1
r1 = r6
call bpf_skb_ecn_set_ce
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_ecn_set_ce: IPv6, plain
-- prog sched_cls
r6 = r1
r1 = r6
call bpf_skb_ecn_set_ce
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case cgroup_skb skb_ecn_set_ce: plain
-- prog cgroup_skb attach=0
r6 = r1
r1 = r6
call bpf_skb_ecn_set_ce
out:
r0 = 1
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
call bpf_skb_ecn_set_ce
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
