# Rejections that need some preparation.

-- case no byte is asked for where one must be
-- prog socket_filter
r2 = 0
r3 = r10
r3 += -8
r4 = 0
call bpf_skb_load_bytes
r0 = 0
exit
-- reject REJ_ZERO_SIZE

-- case the stack is moved out of in one step
-- prog socket_filter caps=bpf
r3 = r10
r3 += -600
r0 = 0
exit
-- reject REJ_MASK_STACK_RANGE

-- case flow keys may not be NULL
-- prog sched_cls
r1 = 0
r2 = 0
r3 = 0
call bpf_skb_set_tunnel_key
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case a kernel function's object that may be NULL goes to a helper
-- prog syscall flags=0x10
r1 = 1
call bpf_task_from_pid#btf
r1 = r0
call bpf_task_pt_regs
r0 = 0
exit
-- reject REJ_ARG_TYPE "R1 type=ptr_or_null_ expected=ptr_, trusted_ptr_, rcu_ptr_"

-- case two locks
-- prog sched_cls
-- map m array 4 16 1 0 lock
-- map n array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
lookup n
if r0 == 0 goto out
r7 = r0
r1 = r6
call bpf_spin_lock
r1 = r7
call bpf_spin_lock
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
-- reject REJ_CALL_IN_LOCK

-- case a callback returns a number that is not known
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
r0 = r1
exit
-- reject REJ_RETURN_RANGE

-- case a callback returns a map value
-- prog socket_filter
-- btf
-- map m array 4 8 1
r1 = map[m]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
cb:
r0 = r3
exit
-- reject REJ_CB_NOT_SCALAR

-- case the callback of a timer returns 1
-- prog sched_cls
-- btf
-- map m array 4 24 1 0 timer
lookup m
if r0 == 0 goto out
r1 = r0
r2 = subprog[cb]
call bpf_timer_set_callback
out:
r0 = 0
exit
cb:
r0 = 1
exit
-- reject REJ_RETURN_RANGE

-- case a format in a map that programs alone cannot change
-- prog socket_filter
-- map m array 4 8 1 80
r3 = map[m][0]+0
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 8
r4 = r1
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_STR_NOT_RDONLY

-- case a function address of the program itself
-- prog socket_filter
-- btf
r0 = 0
if r0 == 1 goto +4
r1 = 5
r2 = subprog[-4]
r3 = 0
exit
-- reject REJ_FUNC_NOT_STATIC

-- case a program that is no callback
-- prog socket_filter
-- btf
r1 = subprog[f]
r0 = 0
exit
f:
r0 = 0
exit
-- accept

-- case an atomic on a number
-- prog socket_filter
r1 = 8
r2 = 1
lock *(u64 *)(r1 +0) += r2
r0 = 0
exit
-- reject REJ_INVALID_MEM

-- case writable tracepoints at a variable place
-- prog raw_tracepoint_writable
r2 = *(u64 *)(r1 +0)
r3 = *(u64 *)(r1 +8)
r3 &= 8
r2 += r3
r0 = *(u64 *)(r2 +0)
r0 = 0
exit
-- reject REJ_BUF_VARIABLE

-- case a context field's helper in a section
-- prog sched_cls
-- map m array 4 24 1 0 timer
r6 = r1
lookup m
if r0 == 0 goto out
r1 = r6
r2 = 0
r3 = r0
r4 = 24
call bpf_skb_load_bytes
out:
r0 = 0
exit
-- reject REJ_FIELD_DIRECT

-- case a function's address is asked for in the wrong program
-- prog tracepoint
call bpf_get_func_ip
r0 = 0
exit
-- reject REJ_FUNC_IP

-- case constants in arithmetic without the privilege
-- prog socket_filter caps=bpf
-- map m array 4 64 1
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
if r1 s> 8 goto out
if r1 s< -8 goto out
r0 += r1
r0 = *(u8 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_MASK_BOUNDS

-- case a store at an index, without privilege
-- prog socket_filter caps=none
*(u64 *)(r10 -16) = 0
r2 = *(u32 *)(r1 +0)
r2 &= 7
r3 = r10
r3 += -16
r3 += r2
*(u8 *)(r3 +0) = 1
r0 = 0
exit
-- reject REJ_MASK_STACK_VAR

-- case a kernel function with a number of a constant that is none
-- prog sched_cls
r2 = *(u32 *)(r1 +0)
call bpf_rdonly_cast#btf
r0 = 0
exit
-- reject REJ_KF_NOT_CONSTANT

-- case the context of a kernel function
-- prog sched_cls
r1 = r10
call bpf_cast_to_kern_ctx#btf
r0 = 0
exit
-- reject REJ_KF_NOT_CTX

-- case a dynptr of a packet in a program that may only read it
-- prog cgroup_skb
r6 = r1
r2 = 0
r3 = r10
r3 += -16
call bpf_dynptr_from_skb#btf
r1 = r10
r1 += -16
r2 = 0
r3 = 0
r4 = 4
call bpf_dynptr_slice_rdwr#btf
r0 = 0
exit
-- reject REJ_SLICE_WRITE

-- case a slice's size is a constant
-- prog sched_cls
r7 = *(u32 *)(r1 +0)
r2 = 0
r3 = r10
r3 += -16
call bpf_dynptr_from_skb#btf
r1 = r10
r1 += -16
r2 = 0
r3 = 0
r4 = r7
call bpf_dynptr_slice#btf
r0 = 0
exit
-- reject REJ_KF_NOT_CONSTANT

-- case bytes of no iterator are given to next
-- prog sched_cls
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
call bpf_iter_num_next#btf
r0 = 0
exit
-- reject REJ_ITER_NOT_INIT

-- case crypto needs privileges and sleep
-- prog sched_cls
r1 = 0
call bpf_cpumask_release#btf
r0 = 0
exit
-- reject REJ_KF_NOT_ALLOWED

-- case a program throws while it holds a lock
-- prog sched_cls
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r1 = r0
call bpf_spin_lock
r1 = 0
call bpf_throw#btf
out:
r0 = 0
exit
-- reject REJ_KF_IN_LOCK

-- case a map value in a kernel function that takes a number's address
-- prog sched_cls
r1 = 0
r2 = 0
call bpf_list_push_front_impl#btf
r0 = 0
exit
-- reject REJ_KF_ARG_ROOT

-- case resilient locks in order
-- prog sched_cls
call bpf_res_spin_lock#btf
r0 = 0
exit
-- reject REJ_KF_LOCK_WHERE

-- case a function that is not destructive for everyone
-- prog tracepoint
call crash_kexec#btf
r0 = 0
exit
-- reject REJ_KF_NOT_ALLOWED

-- case an RCU section that a function leaves open
-- prog sched_cls
call f
call bpf_rcu_read_unlock#btf
r0 = 0
exit
f:
call bpf_rcu_read_lock#btf
r0 = 0
exit
-- accept

-- case tail calls in RCU sections
-- prog sched_cls
-- map t prog_array 4 4 1
r6 = r1
call bpf_rcu_read_lock#btf
r1 = r6
r2 = map[t]
r3 = 0
call bpf_tail_call
call bpf_rcu_read_unlock#btf
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case an arena of a loader without rights
-- prog syscall flags=0x10 caps=bpf
-- map a arena 0 0 4 400
r1 = map[a]
r0 = 0
exit
-- reject REJ_ARENA_CAPS

-- case an arena that is not mapped
-- prog syscall flags=0x10
-- map a arena 0 0 4 400 unmapped
r1 = map[a]
r0 = 0
exit
-- reject REJ_ARENA_ADDRESS

