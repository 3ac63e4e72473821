# bpf_skb_change_tail: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_change_tail: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_change_tail: len=14
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 14
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_tail: IPv6, len=14
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 14
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_change_tail: len=65
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 65
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_tail: IPv6, len=65
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 65
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_change_tail: len=70000
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 70000
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, len=70000
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 70000
r3 = 0
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_change_tail: flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_change_tail: flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 2147483648 ll
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 2147483648 ll
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_change_tail: flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 4294967296 ll
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 4294967296 ll
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_change_tail: flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = -1
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_tail: IPv6, flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = -1
call bpf_skb_change_tail
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
r3 = 0
call bpf_skb_change_tail
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
