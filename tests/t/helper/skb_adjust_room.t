# bpf_skb_adjust_room: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls skb_adjust_room: mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=0, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=0, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=4, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=4, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=20, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-4, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-4, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-20, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-20, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=-30, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -30
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-30, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -30
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=-64, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -64
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -524

-- case sched_cls skb_adjust_room: IPv6, len_diff=-64, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -64
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=4096, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4096
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_adjust_room: IPv6, len_diff=4096, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4096
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -14

-- case sched_cls skb_adjust_room: len_diff=-4096, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4096
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_adjust_room: IPv6, len_diff=-4096, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4096
r3 = 1
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -14

-- case sched_cls skb_adjust_room: flags=1, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, flags=1, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: flags=2147483648, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 2147483648 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=2147483648, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 2147483648 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: flags=4294967296, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 4294967296 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=4294967296, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 4294967296 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: flags=-1, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = -1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=-1, mode=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = -1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=20
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=20
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-20
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-20
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=-30
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -30
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-30
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -30
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=-64
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -64
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -524

-- case sched_cls skb_adjust_room: IPv6, len_diff=-64
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -64
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=4096
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4096
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_adjust_room: IPv6, len_diff=4096
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 4096
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -14

-- case sched_cls skb_adjust_room: len_diff=-4096
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4096
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls skb_adjust_room: IPv6, len_diff=-4096
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -4096
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -14

-- case sched_cls skb_adjust_room: mode=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, mode=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: mode=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 2
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -524

-- case sched_cls skb_adjust_room: IPv6, mode=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 2
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 2147483648 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 2147483648 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 4294967296 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 4294967296 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = -1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = -1
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=20, mode=1, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 2
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 2
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=20, mode=1, flags=6
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 6
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1, flags=6
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 6
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=40, mode=1, flags=4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 40
r3 = 1
r4 = 4
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=40, mode=1, flags=4
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 40
r3 = 1
r4 = 4
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=28, mode=1, flags=18
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 28
r3 = 1
r4 = 18
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=28, mode=1, flags=18
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 28
r3 = 1
r4 = 18
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=28, mode=1, flags=26
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 28
r3 = 1
r4 = 26
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=28, mode=1, flags=26
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 28
r3 = 1
r4 = 26
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=20, mode=1, flags=66
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 66
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1, flags=66
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 66
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=34, mode=1, flags=1008806316530991170
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 34
r3 = 1
r4 = 1008806316530991170 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=34, mode=1, flags=1008806316530991170
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 34
r3 = 1
r4 = 1008806316530991170 ll
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-20, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-20, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=-20, mode=1, flags=256
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 256
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -524

-- case sched_cls skb_adjust_room: IPv6, len_diff=-20, mode=1, flags=256
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 256
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=-8, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -8
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=-8, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -8
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case sched_cls skb_adjust_room: len_diff=20, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1, flags=128
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 128
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=-20, mode=1, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 2
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=-20, mode=1, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -20
r3 = 1
r4 = 2
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -524

-- case sched_cls skb_adjust_room: len_diff=20, mode=1, flags=512
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 512
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls skb_adjust_room: IPv6, len_diff=20, mode=1, flags=512
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 20
r3 = 1
r4 = 512
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> -22

-- case sched_cls skb_adjust_room: len_diff=8, mode=0, flags=32
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 8
r3 = 0
r4 = 32
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls skb_adjust_room: IPv6, len_diff=8, mode=0, flags=32
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 8
r3 = 0
r4 = 32
call bpf_skb_adjust_room
out:
exit
-- accept
-- run data=00000000000000000000000086dd600000000010113f20010db800000000000000000000000120010db800000000000000000000000200350035001e0000abab -> 0

-- case skb is a number
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
r3 = 0
r4 = 0
call bpf_skb_adjust_room
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
