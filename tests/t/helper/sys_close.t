# bpf_sys_close: results at the edges of its arguments, and each pointer refused when it is a number.

-- case syscall sys_close: plain
-- prog syscall flags=0x10
r6 = r1
r1 = 0
call bpf_sys_close
out:
exit
-- accept
