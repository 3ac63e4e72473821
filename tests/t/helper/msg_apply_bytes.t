# bpf_msg_apply_bytes: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sk_msg msg_apply_bytes: plain
-- prog sk_msg
r6 = r1
r1 = r6
r2 = 0
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- accept

-- case sk_msg msg_apply_bytes: bytes=0
-- prog sk_msg
r6 = r1
r1 = r6
r2 = 0
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- accept

-- case sk_msg msg_apply_bytes: bytes=1
-- prog sk_msg
r6 = r1
r1 = r6
r2 = 1
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- accept

-- case sk_msg msg_apply_bytes: bytes=2
-- prog sk_msg
r6 = r1
r1 = r6
r2 = 2
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- accept

-- case sk_msg msg_apply_bytes: bytes=-1
-- prog sk_msg
r6 = r1
r1 = r6
r2 = -1
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- accept

-- case msg is a number
-- prog sk_msg
r6 = r1
r1 = 1
r2 = 0
call bpf_msg_apply_bytes
out:
r0 = 1
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
