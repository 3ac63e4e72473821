# bpf_get_retval: results at the edges of its arguments, and each pointer refused when it is a number.

-- case cgroup_sock_addr get_retval: plain
-- prog cgroup_sock_addr attach=10
r6 = r1
call bpf_get_retval
out:
r0 = 1
exit
-- accept
