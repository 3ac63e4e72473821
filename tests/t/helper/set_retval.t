# bpf_set_retval: results at the edges of its arguments, and each pointer refused when it is a number.

-- case cgroup_sock_addr set_retval: plain
-- prog cgroup_sock_addr attach=10
r6 = r1
r1 = 0
call bpf_set_retval
out:
r0 = 1
exit
-- accept

-- case cgroup_sock_addr set_retval: retval=0
-- prog cgroup_sock_addr attach=10
r6 = r1
r1 = 0
call bpf_set_retval
out:
r0 = 1
exit
-- accept

-- case cgroup_sock_addr set_retval: retval=1
-- prog cgroup_sock_addr attach=10
r6 = r1
r1 = 1
call bpf_set_retval
out:
r0 = 1
exit
-- accept

-- case cgroup_sock_addr set_retval: retval=-1
-- prog cgroup_sock_addr attach=10
r6 = r1
r1 = -1
call bpf_set_retval
out:
r0 = 1
exit
-- accept

-- case cgroup_sock_addr set_retval: retval=-4096
-- prog cgroup_sock_addr attach=10
r6 = r1
r1 = -4096
call bpf_set_retval
out:
r0 = 1
exit
-- accept
