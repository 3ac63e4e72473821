# bpf_skb_vlan_push: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_vlan_push: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_proto=129
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 129
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_proto=43144
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 43144
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_proto=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_tci=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_tci=5
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 5
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_vlan_push: vlan_tci=4095
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 4095
call bpf_skb_vlan_push
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
r3 = 0
call bpf_skb_vlan_push
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
