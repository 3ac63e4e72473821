# bpf_get_func_ip: results at the edges of its arguments, and each pointer refused when it is a number.

-- case raw_tracepoint get_func_ip: plain
-- prog raw_tracepoint
r6 = r1
r1 = r6
call bpf_get_func_ip
if r0 s< 0 goto out
r0 = 1
out:
exit
-- reject REJ_FUNC_IP "func bpf_get_func_ip#173 not supported for program type 17"

-- case syscall get_func_ip: plain
-- prog syscall flags=0x10
r6 = r1
r1 = r6
call bpf_get_func_ip
if r0 s< 0 goto out
r0 = 1
out:
exit
-- reject REJ_FUNC_IP "func bpf_get_func_ip#173 not supported for program type 31"

-- case ctx is a number
-- prog raw_tracepoint
r6 = r1
r1 = 1
call bpf_get_func_ip
out:
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
