# bpf_perf_event_read: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls perf_event_read: plain
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_read: flags=1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 1
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case sched_cls perf_event_read: flags=2147483648
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 2147483648 ll
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -7

-- case sched_cls perf_event_read: flags=4294967296
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 4294967296 ll
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case sched_cls perf_event_read: flags=-1
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = -1
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -22

-- case xdp perf_event_read: plain
-- prog xdp
-- map m perf_event_array 4 4 2
r6 = r1
r1 = map[m]
r2 = 0
call bpf_perf_event_read
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -2

-- case map is a number
-- prog sched_cls
-- map m perf_event_array 4 4 2
r6 = r1
r1 = 1
r2 = 0
call bpf_perf_event_read
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"
