# SYN cookies without a socket: what is made is recognised, anything else is not. Cookies differ from kernel to kernel.

-- case an IPv4 cookie comes back
-- prog xdp
*(u64 *)(r10 -24) = 0x45
*(u64 *)(r10 -16) = 0x0a000001
*(u32 *)(r10 -8) = 0x0a000002
*(u64 *)(r10 -48) = 0x50005555
*(u64 *)(r10 -40) = 0x0250
*(u32 *)(r10 -32) = 0
*(u8 *)(r10 -36) = 0x50
r1 = r10
r1 += -24
r2 = r10
r2 += -48
r3 = 20
call bpf_tcp_raw_gen_syncookie_ipv4
if r0 s< 0 goto out
r6 = r0
w1 = w6
w1 += 1
r1 = be32 r1
*(u32 *)(r10 -40) = r1
r1 = *(u32 *)(r10 -44)
r1 = be32 r1
w1 += 1
r1 = be32 r1
*(u32 *)(r10 -44) = r1
r1 = r10
r1 += -24
r2 = r10
r2 += -48
call bpf_tcp_raw_check_syncookie_ipv4
if r0 != 0 goto out
r0 = r6
r0 >>= 32
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 536

-- case a number that is no IPv4 cookie
-- prog xdp
*(u64 *)(r10 -24) = 0x45
*(u64 *)(r10 -16) = 0x0a000001
*(u32 *)(r10 -8) = 0x0a000002
*(u64 *)(r10 -48) = 0x50005555
*(u64 *)(r10 -40) = 0x0250
*(u32 *)(r10 -32) = 0
r1 = r10
r1 += -24
r2 = r10
r2 += -48
call bpf_tcp_raw_check_syncookie_ipv4
exit
-- accept
-- run data=00112233445566778899aabbccdd -> -13
