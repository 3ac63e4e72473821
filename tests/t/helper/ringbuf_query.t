# bpf_ringbuf_query: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls ringbuf_query: plain
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 0
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_query: flags=1
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 1
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 4096

-- case sched_cls ringbuf_query: flags=2147483648
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 2147483648 ll
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_query: flags=4294967296
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 4294967296 ll
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case sched_cls ringbuf_query: flags=-1
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = -1
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case xdp ringbuf_query: plain
-- prog xdp
-- map m ringbuf 0 0 4096
r6 = r1
r1 = map[m]
r2 = 0
call bpf_ringbuf_query
out:
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> 0

-- case ringbuf is a number
-- prog sched_cls
-- map m ringbuf 0 0 4096
r6 = r1
r1 = 1
r2 = 0
call bpf_ringbuf_query
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"
