# bpf_sysctl_*: each buffer refused when it is a number.

-- case name and values are asked for, a value is set
-- prog cgroup_sysctl attach=18
r6 = r1
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -16
r3 = 16
r4 = 1
call bpf_sysctl_get_name
r1 = r6
r2 = r10
r2 += -16
r3 = 16
call bpf_sysctl_get_current_value
r1 = r6
r2 = r10
r2 += -16
r3 = 16
call bpf_sysctl_get_new_value
r1 = r6
r2 = r10
r2 += -16
r3 = 8
call bpf_sysctl_set_new_value
r0 = 1
exit
-- accept

-- case a number for the name
-- prog cgroup_sysctl attach=18
r2 = 1
r3 = 16
r4 = 0
call bpf_sysctl_get_name
r0 = 1
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp"

-- case a number for the current value
-- prog cgroup_sysctl attach=18
r2 = 1
r3 = 16
call bpf_sysctl_get_current_value
r0 = 1
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp"

-- case a number for the new value
-- prog cgroup_sysctl attach=18
r2 = 1
r3 = 16
call bpf_sysctl_get_new_value
r0 = 1
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp"

-- case a number as the value to set
-- prog cgroup_sysctl attach=18
r2 = 1
r3 = 16
call bpf_sysctl_set_new_value
r0 = 1
exit
-- reject REJ_ARG_TYPE "R2 type=scalar expected=fp"
