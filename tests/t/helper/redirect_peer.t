# bpf_redirect_peer: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls redirect_peer: plain
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 0
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case sched_cls redirect_peer: ifindex=0
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 0
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case sched_cls redirect_peer: ifindex=1
-- prog sched_cls
r6 = r1
r1 = 1
r2 = 0
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case sched_cls redirect_peer: ifindex=99999
-- prog sched_cls
r6 = r1
r1 = 99999
r2 = 0
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case sched_cls redirect_peer: ifindex=-1
-- prog sched_cls
r6 = r1
r1 = -1
r2 = 0
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 7

-- case sched_cls redirect_peer: flags=1
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 1
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 2

-- case sched_cls redirect_peer: flags=2147483648
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 2147483648 ll
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 2

-- case sched_cls redirect_peer: flags=4294967296
-- prog sched_cls
r6 = r1
r1 = 0
r2 = 4294967296 ll
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 2

-- case sched_cls redirect_peer: flags=-1
-- prog sched_cls
r6 = r1
r1 = 0
r2 = -1
call bpf_redirect_peer
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 2
