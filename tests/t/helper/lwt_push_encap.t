# bpf_lwt_push_encap: results at the edges of its arguments, and each pointer refused when it is a number.

-- case lwt_xmit lwt_push_encap: plain
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: type=0
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: type=1
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 1
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: type=3
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 3
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: type=4
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 4
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: len=4
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 4
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: len=28
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 28
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case lwt_xmit lwt_push_encap: len=64
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
*(u64 *)(r10 -56) = 93
*(u64 *)(r10 -48) = 101
*(u64 *)(r10 -40) = 109
*(u64 *)(r10 -32) = 117
*(u64 *)(r10 -24) = 125
*(u64 *)(r10 -16) = 133
*(u64 *)(r10 -8) = 141
r1 = r6
r2 = 0
r3 = r10
r3 += -64
r4 = 64
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- accept

-- case skb is a number
-- prog lwt_xmit
r6 = r1
*(u64 *)(r10 -64) = 85
r1 = 1
r2 = 0
r3 = r10
r3 += -64
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"

-- case hdr is a number
-- prog lwt_xmit
r6 = r1
r1 = r6
r2 = 0
r3 = 1
r4 = 8
call bpf_lwt_push_encap
out:
r0 = 0
exit
-- reject REJ_ARG_TYPE "R3 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"
