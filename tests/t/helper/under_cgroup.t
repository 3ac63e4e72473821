# bpf_current_task_under_cgroup and bpf_skb_under_cgroup: an array of cgroups that is empty, indices beyond it, wrong pointers.

-- case an empty place, for the task
-- prog sched_cls
-- map cgroups cgroup_array 4 4 2
r1 = map[cgroups]
r2 = 1
call bpf_current_task_under_cgroup
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -11

-- case beyond the array, for the task
-- prog sched_cls
-- map cgroups cgroup_array 4 4 2
r1 = map[cgroups]
r2 = 2
call bpf_current_task_under_cgroup
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -7

-- case an empty place, for the packet
-- prog sched_cls
-- map cgroups cgroup_array 4 4 2
r2 = map[cgroups]
r3 = 0
call bpf_skb_under_cgroup
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -11

-- case beyond the array, for the packet
-- prog sched_cls
-- map cgroups cgroup_array 4 4 2
r2 = map[cgroups]
r3 = 7
call bpf_skb_under_cgroup
exit
-- accept
-- run data=000000000000000000000000080045000032000100004011f9c60a0000010a00000200350035001e0000000102030405060708090a0b0c0d0e0f101112131415 -> -7

-- case the map is a number
-- prog sched_cls
r1 = 0
r2 = 0
call bpf_current_task_under_cgroup
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=map_ptr"

-- case another kind of map
-- prog sched_cls
-- map m array 4 4 2
r1 = map[m]
r2 = 0
call bpf_current_task_under_cgroup
exit
-- reject REJ_MAP_FUNC

-- case the packet is a number
-- prog sched_cls
-- map cgroups cgroup_array 4 4 2
r1 = 1
r2 = map[cgroups]
r3 = 0
call bpf_skb_under_cgroup
exit
-- reject REJ_ARG_TYPE "R1 type=scalar expected=ctx"
