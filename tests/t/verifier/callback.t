# Functions that are called by helpers.

-- case a loop by callback
-- prog socket_filter
-- btf
*(u64 *)(r10 -8) = 0
r1 = 5
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r0 = *(u64 *)(r10 -8)
r0 &= 0xff
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += 2
*(u64 *)(r2 +0) = r3
r0 = 0
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 10

-- case a callback without BTF
-- prog socket_filter
r1 = 5
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r0 = 0
exit
-- reject REJ_FUNC_NO_INFO

-- case a callback that is the program itself
-- prog socket_filter
-- btf
r1 = 5
r2 = subprog[-3]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
-- reject REJ_CALL_DEST

-- case a callback returns 2
-- prog socket_filter
-- btf
r1 = 5
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r0 = 2
exit
-- reject REJ_RETURN_RANGE "At callback return the register R0 has smin=2 smax=2 should have been in [0, 1]"

-- case a callback returns a pointer
-- prog socket_filter
-- btf
r1 = 5
r2 = subprog[cb]
r3 = r10
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r0 = r2
exit
-- reject REJ_RETURN_STACK

-- case a number where a function belongs
-- prog socket_filter
r1 = 5
r2 = 0
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=func"

-- case walking a map that cannot be walked
-- prog socket_filter
-- btf
-- map m queue 0 8 4
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
cb:
r0 = 0
exit
-- reject REJ_CB_MAP

-- case packet loads in a callback
-- prog socket_filter
-- btf
*(u64 *)(r10 -8) = r1
r1 = 5
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r6 = *(u64 *)(r2 +0)
r0 = *(u8 *)skb[0]
r0 = 0
exit
-- reject REJ_LDABS_CALLBACK
-- kernel differs "walks on to the failing load's exit, and trips over its own checks"

-- case CVE-2026-98036: a counter that a callback moves is not constant
-- prog socket_filter
-- btf
*(u64 *)(r10 -8) = 0
*(u64 *)(r10 -16) = 0
r1 = 100
r2 = subprog[cb]
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r1 = *(u64 *)(r10 -8)
r2 = r10
r2 += -16
r2 += r1
r0 = *(u8 *)(r2 +0)
r0 = 0
exit
cb:
r3 = *(u64 *)(r2 +0)
r3 += 1
*(u64 *)(r2 +0) = r3
r0 = 0
exit
-- reject REJ_STACK_BOUNDS
