# bpf_get_current_task: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls get_current_task: plain
-- prog sched_cls
r6 = r1
call bpf_get_current_task
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case xdp get_current_task: plain
-- prog xdp
r6 = r1
call bpf_get_current_task
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1
