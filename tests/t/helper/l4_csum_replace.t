# bpf_l4_csum_replace: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls l4_csum_replace: plain
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 1
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: offset=14
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 14
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=57
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 57
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: offset=65536
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 65536
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: offset=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = -1
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: from=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: from=4660
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 4660
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: to=0
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: to=17185
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 17185
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: flags=1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 1
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: flags=2147483648
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 2147483648 ll
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: flags=4294967296
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = 4294967296 ll
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: flags=-1
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 0
r3 = 0
r4 = 0
r5 = -1
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: offset=24, flags=2, from=1, to=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 1
r4 = 2
r5 = 2
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=24, flags=4, from=1, to=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 1
r4 = 2
r5 = 4
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=24, flags=0, from=0, to=9
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 9
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=24, flags=18
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 0
r5 = 18
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=24, flags=34, to=7
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 7
r5 = 34
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=25, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 25
r3 = 0
r4 = 0
r5 = 2
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: offset=63, flags=2
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 63
r3 = 0
r4 = 0
r5 = 2
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -14

-- case sched_cls l4_csum_replace: offset=24, flags=3
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 0
r5 = 3
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls l4_csum_replace: offset=24, flags=130
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 0
r5 = 130
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=40, flags=34
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 40
r3 = 0
r4 = 0
r5 = 34
call bpf_l4_csum_replace
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls l4_csum_replace: offset=24, flags=98
-- prog sched_cls
r6 = r1
r1 = r6
r2 = 24
r3 = 0
r4 = 0
r5 = 98
call bpf_l4_csum_replace
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
r4 = 0
r5 = 0
call bpf_l4_csum_replace
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
