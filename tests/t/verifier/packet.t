# Packets: what was compared with the end may be read.

-- case no comparison
-- prog xdp
r2 = *(u32 *)(r1 +0)
r0 = *(u8 *)(r2 +0)
exit
-- reject REJ_PKT_BOUNDS "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)"

-- case one byte too many
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto out
r0 = *(u16 *)(r2 +13)
out:
r0 = 1
exit
-- reject REJ_PKT_BOUNDS

-- case what was compared
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto out
r0 = *(u8 *)(r2 +13)
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 0xdd

-- case below the packet
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto out
r0 = *(u8 *)(r2 -1)
out:
r0 = 1
exit
-- reject REJ_PKT_OUTSIDE

-- case a variable offset that was not compared
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r5 = *(u32 *)(r1 +12)
r5 &= 7
r4 = r2
r4 += r5
r0 = *(u8 *)(r4 +0)
exit
-- reject REJ_PKT_BOUNDS

-- case a variable offset that was compared
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r5 = *(u32 *)(r1 +12)
r5 &= 7
r2 += r5
r4 = r2
r4 += 2
r0 = 1
if r4 > r3 goto out
r0 = *(u16 *)(r2 +0)
r0 = 2
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 2

-- case a pointer after the packet changed
-- prog xdp
r6 = r1
r7 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r7
r4 += 14
r0 = 1
if r4 > r3 goto out
r2 = 0
call bpf_xdp_adjust_head
r0 = *(u8 *)(r7 +0)
out:
r0 = 1
exit
-- reject REJ_INVALID_MEM "R7 invalid mem access 'scalar'"

-- case socket filters have no packet pointers
-- prog socket_filter
r2 = *(u32 *)(r1 +76)
r0 = 0
exit
-- reject REJ_CTX_ACCESS

-- case a packet that may only be read
-- prog cgroup_skb
r2 = *(u32 *)(r1 +76)
r3 = *(u32 *)(r1 +80)
r4 = r2
r4 += 4
r0 = 0
if r4 > r3 goto out
*(u8 *)(r2 +0) = 1
out:
exit
-- reject REJ_PKT_WRITE "cannot write into packet"

-- case atomics on a packet
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 8
r0 = 1
if r4 > r3 goto out
r5 = 1
lock *(u32 *)(r2 +0) += r5
out:
exit
-- reject REJ_ATOMIC_STORE "BPF_ATOMIC stores into R2 pkt is not allowed"

-- case strict alignment
-- prog xdp flags=1
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto out
r0 = *(u32 *)(r2 +12)
out:
r0 = 1
exit
-- reject REJ_MISALIGNED_PKT

-- case strict alignment, words start two bytes off
-- prog xdp flags=1
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto out
r0 = *(u32 *)(r2 +4)
out:
r0 = 1
exit
-- reject REJ_MISALIGNED_PKT

-- case packet loads with r6 not the context
-- prog socket_filter
r6 = 0
r0 = *(u8 *)skb[0]
exit
-- reject REJ_LDABS_R6

-- case packet loads of another program type
-- prog xdp
r6 = r1
r0 = *(u8 *)skb[0]
exit
-- reject REJ_LDABS_TYPE

-- case a packet load
-- prog socket_filter
r6 = r1
r0 = *(u8 *)skb[1]
exit
-- accept
-- run data=00112233445566778899aabbccddeeff0123 -> 0xff

-- case a helper reads a packet that was not compared
-- prog xdp
-- map m array 4 8 1
r2 = *(u32 *)(r1 +0)
r1 = map[m]
call bpf_map_lookup_elem
r0 = 0
exit
-- reject REJ_PKT_BOUNDS

-- case an offset beyond 65535
-- prog xdp
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r2 += 70000
r4 = r2
r4 += 8
r0 = 1
if r4 > r3 goto out
r0 = *(u8 *)(r2 +0)
out:
r0 = 1
exit
-- reject REJ_PKT_BOUNDS

-- case what lies behind a pointer beyond the end is beyond it too
-- prog sched_cls
r9 = *(u32 *)(r1 +76)
r8 = *(u32 *)(r1 +80)
r9 += 8
if r9 > r8 goto beyond
r0 = 0
exit
beyond:
r9 += 8
if r9 <= r8 goto within
r0 = 0
exit
within:
r0 = 0
r0 /= 0
exit
-- accept
-- run data=00112233445566778899aabbccddeeff -> 0

-- case but what lies before it may be within
-- prog sched_cls
r9 = *(u32 *)(r1 +76)
r8 = *(u32 *)(r1 +80)
r9 += 8
if r9 > r8 goto beyond
r0 = 0
exit
beyond:
r9 += -8
if r9 <= r8 goto within
r0 = 0
exit
within:
r0 = 0
r0 /= 0
exit
-- reject REJ_DIV_ZERO
-- kernel differs "a pointer beyond the end stays beyond it whatever is added to it"
