# bpf_get_smp_processor_id: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls get_smp_processor_id: plain
-- prog sched_cls
r6 = r1
call bpf_get_smp_processor_id
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1

-- case xdp get_smp_processor_id: plain
-- prog xdp
r6 = r1
call bpf_get_smp_processor_id
if r0 s< 0 goto out
r0 = 1
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 1
