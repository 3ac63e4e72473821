# bpf_sys_bpf: results at the edges of its arguments, and each pointer refused when it is a number.

-- case syscall sys_bpf: plain
-- prog syscall flags=0x10
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 0
r2 = r10
r2 += -64
r3 = 8
call bpf_sys_bpf
out:
exit
-- accept

-- case attr is a number
-- prog syscall flags=0x10
r6 = r1
r1 = 0
r2 = 1
r3 = 8
call bpf_sys_bpf
out:
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
