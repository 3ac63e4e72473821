# Kernel functions: sections, iterators, saved flags, types.

-- case an RCU section
-- prog sched_cls
call bpf_rcu_read_lock#btf
call bpf_rcu_read_unlock#btf
r0 = 0
exit
-- accept

-- case an RCU section is not ended
-- prog sched_cls
call bpf_rcu_read_lock#btf
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case an RCU section in an RCU section
-- prog sched_cls
call bpf_rcu_read_lock#btf
call bpf_rcu_read_lock#btf
call bpf_rcu_read_unlock#btf
call bpf_rcu_read_unlock#btf
r0 = 0
exit
-- reject REJ_RCU_NESTED

-- case the end of no RCU section
-- prog sched_cls
call bpf_rcu_read_unlock#btf
r0 = 0
exit
-- reject REJ_RCU_UNMATCHED

-- case preemption is not enabled again
-- prog sched_cls
call bpf_preempt_disable#btf
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case preemption is enabled once too often
-- prog sched_cls
call bpf_preempt_enable#btf
r0 = 0
exit
-- reject REJ_PREEMPT_UNMATCHED

-- case sleeping with preemption disabled
-- prog syscall flags=0x10
call bpf_preempt_disable#btf
r1 = r10
r1 += -8
r2 = 8
r3 = 0
call bpf_copy_from_user
call bpf_preempt_enable#btf
r0 = 0
exit
-- reject REJ_HELPER_SLEEP_IN

-- case an iterator over numbers
-- prog sched_cls
r6 = 0
r1 = r10
r1 += -8
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
again:
r1 = r10
r1 += -8
call bpf_iter_num_next#btf
if r0 == 0 goto done
r6 += 1
r6 &= 15
goto again
done:
r1 = r10
r1 += -8
call bpf_iter_num_destroy#btf
r0 = r6
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 5

-- case an iterator that is not destroyed
-- prog sched_cls
r1 = r10
r1 += -8
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case an iterator that was never made
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_iter_num_next#btf
r0 = 0
exit
-- reject REJ_ITER_NOT_INIT

-- case an iterator made twice
-- prog sched_cls
r1 = r10
r1 += -8
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r1 = r10
r1 += -8
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r0 = 0
exit
-- reject REJ_ITER_NOT_UNINIT

-- case an iterator that is not on the stack
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
out:
r0 = 0
exit
-- reject REJ_ITER_NOT_STACK

-- case an iterator that is misplaced
-- prog sched_cls
r1 = r10
r1 += -12
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r0 = 0
exit
-- reject REJ_STACK_OBJ_OFFSET

-- case an iterator at a variable place
-- prog sched_cls
r6 = *(u32 *)(r1 +0)
r6 &= 8
r1 = r10
r1 += -16
r1 += r6
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r0 = 0
exit
-- reject REJ_STACK_OBJ_VARIABLE

-- case the iterator's bytes are no number
-- prog sched_cls caps=bpf
r1 = r10
r1 += -8
r2 = 0
r3 = 5
call bpf_iter_num_new#btf
r6 = *(u64 *)(r10 -8)
r1 = r10
r1 += -8
call bpf_iter_num_destroy#btf
r0 = 0
exit
-- reject REJ_STACK_READ

-- case interrupts are disabled and enabled
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r1 = r10
r1 += -8
call bpf_local_irq_restore#btf
r0 = 0
exit
-- accept

-- case interrupts stay disabled
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r0 = 0
exit
-- reject REJ_IN_SECTION

-- case flags are restored that were never saved
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_restore#btf
r0 = 0
exit
-- reject REJ_IRQ_NOT_INIT

-- case flags are saved twice
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r0 = 0
exit
-- reject REJ_IRQ_NOT_UNINIT

-- case flags are restored out of order
-- prog sched_cls
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r1 = r10
r1 += -16
call bpf_local_irq_save#btf
r1 = r10
r1 += -8
call bpf_local_irq_restore#btf
r1 = r10
r1 += -16
call bpf_local_irq_restore#btf
r0 = 0
exit
-- reject REJ_IRQ_ORDER

-- case flags that are not on the stack
-- prog sched_cls
r1 = 0
call bpf_local_irq_save#btf
r0 = 0
exit
-- reject REJ_KF_IRQ_WHERE

-- case a type that is no function
-- prog sched_cls
raw 0x85 0 2 0 1
r0 = 0
exit
-- reject REJ_KF_NOT_FUNCTION "kernel btf_id 1 is not a function"

-- case a negative module
-- prog sched_cls
raw 0x85 0 2 -1 1
r0 = 0
exit
-- reject REJ_KF_OFF_NEGATIVE

-- case a module without descriptors
-- prog sched_cls
raw 0x85 0 2 1 1
r0 = 0
exit
-- reject REJ_KF_NO_FD_ARRAY

-- case programs without GPL
-- prog sched_cls license=BSD
call bpf_rcu_read_lock#btf
r0 = 0
exit
-- reject REJ_KF_GPL

-- case a function that is not for programs
-- prog sched_cls
call schedule#btf
r0 = 0
exit
-- reject REJ_KF_NOT_ALLOWED

-- case a function of another program type
-- prog socket_filter
call bpf_task_acquire#btf
r0 = 0
exit
-- reject REJ_KF_NOT_ALLOWED

-- case metadata needs a device
-- prog xdp
r2 = r10
r2 += -8
call bpf_xdp_metadata_rx_timestamp#btf
r0 = 2
exit
-- reject REJ_KF_DEV_BOUND

-- case a pointer where a number belongs
-- prog sched_cls
r1 = r10
r1 += -8
r2 = r10
r3 = 5
call bpf_iter_num_new#btf
r0 = 0
exit
-- reject REJ_KF_NOT_SCALAR "R2 is not a scalar"

-- case a function that sleeps in a program that does not
-- prog kprobe
r1 = r10
r1 += -8
r2 = 8
r3 = 0
r4 = 0
call bpf_copy_from_user_str#btf
r0 = 0
exit
-- reject REJ_KF_NEEDS_SLEEPABLE

-- case sleeping in an RCU section
-- prog syscall flags=0x10
call bpf_rcu_read_lock#btf
r1 = r10
r1 += -8
*(u64 *)(r10 -8) = 0
r2 = 8
r3 = 0
r4 = 0
call bpf_copy_from_user_str#btf
call bpf_rcu_read_unlock#btf
r0 = 0
exit
-- reject REJ_KF_SLEEP_IN

-- case a task is not released
-- prog syscall flags=0x10
r1 = 1
call bpf_task_from_pid#btf
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case a task that may be NULL is released
-- prog syscall flags=0x10
r1 = 1
call bpf_task_from_pid#btf
r1 = r0
call bpf_task_release#btf
r0 = 0
exit
-- reject REJ_KF_MAYBE_NULL

-- case a number is no task
-- prog syscall flags=0x10
r1 = 1
call bpf_task_release#btf
r0 = 0
exit
-- reject REJ_KF_PTR_TO

-- case our own task is not ours to release
-- prog syscall flags=0x10
call bpf_get_current_task_btf
r1 = r0
call bpf_task_release#btf
r0 = 0
exit
-- reject REJ_KF_RELEASE_NONE

-- case a task of another type
-- prog syscall flags=0x10
call bpf_get_current_task_btf
r1 = r0
call bpf_cgroup_acquire#btf
r0 = 0
exit
-- reject REJ_KF_OTHER_TYPE

-- case a field behind the task
-- prog syscall flags=0x10
call bpf_get_current_task_btf
r0 = *(u64 *)(r0 -8)
r0 = 0
exit
-- reject REJ_BTF_NEGATIVE

-- case a task at a variable offset
-- prog sched_cls
r6 = *(u32 *)(r1 +0)
call bpf_get_current_task_btf
r6 &= 8
r0 += r6
r0 = *(u64 *)(r0 +0)
r0 = 0
exit
-- reject REJ_BTF_VARIABLE

-- case a task is written
-- prog syscall flags=0x10
call bpf_get_current_task_btf
*(u64 *)(r0 +0) = 0
r0 = 0
exit
-- reject REJ_BTF_READ_ONLY

-- case a task's fields for GPL programs only
-- prog sched_cls license=BSD
call bpf_get_current_task_btf
r0 = *(u32 *)(r0 +0)
exit
-- reject REJ_GPL

-- case throwing
-- prog sched_cls
r1 = 0
call bpf_throw#btf
r0 = 0
exit
-- accept

-- case throwing from a callback
-- prog sched_cls
-- btf
r1 = 5
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
cb:
r1 = 0
call bpf_throw#btf
r0 = 0
exit
-- reject REJ_THROW_IN_CALLBACK

-- case throwing with a reference
-- prog sched_cls
-- map r ringbuf 0 0 4096
r1 = map[r]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve
r1 = 0
call bpf_throw#btf
r0 = 0
exit
-- reject REJ_REF_LEAK

-- case objects need the program's types
-- prog sched_cls
r1 = 1
r2 = 0
call bpf_obj_new_impl#btf
r0 = 0
exit
-- reject REJ_OBJ_NEW_NO_BTF

-- case objects are structs
-- prog sched_cls
-- btf
r1 = 1
r2 = 0
call bpf_obj_new_impl#btf
r0 = 0
exit
-- reject REJ_OBJ_NEW_STRUCT

-- case the type of an object is a constant
-- prog sched_cls
-- btf
r1 = *(u32 *)(r1 +0)
r2 = 0
call bpf_obj_new_impl#btf
r0 = 0
exit
-- reject REJ_KF_NOT_CONSTANT

-- case a type id beyond 32 bits
-- prog sched_cls
-- btf
r1 = 0x100000001 ll
r2 = 0
call bpf_obj_new_impl#btf
r0 = 0
exit
-- reject REJ_OBJ_NEW_RANGE

-- case an object is forgotten
-- prog sched_cls
-- btf
r1 = 4
r2 = 0
call bpf_obj_new_impl#btf
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case a cast to a type that is none
-- prog sched_cls
r2 = 99999999
call bpf_rdonly_cast#btf
r0 = 0
exit
-- reject REJ_CAST_UNKNOWN

-- case a cast to a number
-- prog sched_cls
r2 = 1
call bpf_rdonly_cast#btf
r0 = 0
exit
-- reject REJ_CAST_STRUCT

-- case read and never written
-- prog sched_cls
call bpf_cast_to_kern_ctx#btf
*(u32 *)(r0 +0) = 1
r0 = 0
exit
-- reject REJ_BTF_READ_ONLY
