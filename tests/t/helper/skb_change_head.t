# bpf_skb_change_head: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_change_head: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_head: len=14
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 14
r3 = 0
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_head: len=65
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 65
r3 = 0
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_change_head: len=70000
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 70000
r3 = 0
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_head: flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_head: flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 2147483648 ll
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_head: flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 4294967296 ll
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_change_head: flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = -1
call bpf_skb_change_head
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
r3 = 0
call bpf_skb_change_head
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
