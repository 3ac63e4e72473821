# Kernel pointers in maps, objects that a program allocates, lists and trees.

-- case a kernel pointer in a map, loaded
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
out:
r0 = 0
exit
-- accept

-- case a kernel pointer in a map, passed to a helper
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
-- map n array 4 16 1
lookup m
if r0 == 0 goto out
r1 = r10
r1 += -16
*(u64 *)(r1 +0) = 0
*(u64 *)(r1 +8) = 0
r3 = r0
r2 = r10
r2 += -4
r1 = map[n]
r4 = 0
call bpf_map_update_elem
out:
r0 = 0
exit
-- reject REJ_FIELD_HELPER

-- case a kernel pointer in a map at a variable place
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +8)
r1 &= 8
r0 += r1
r2 = *(u64 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_FIELD_VARIABLE

-- case half a kernel pointer and what is behind
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +4)
out:
r0 = 0
exit
-- reject REJ_FIELD_MISALIGNED

-- case half a kernel pointer
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u32 *)(r0 +0)
out:
r0 = 0
exit
-- reject REJ_FIELD_SIZE

-- case a referenced kernel pointer, overwritten
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = 0
*(u64 *)(r0 +0) = r1
out:
r0 = 0
exit
-- reject REJ_KPTR_STORE

-- case a kernel pointer, overwritten with a number
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
*(u64 *)(r0 +0) = 1
out:
r0 = 0
exit
-- reject REJ_KPTR_STORE_IMM

-- case a kernel pointer, overwritten with a number in a register
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +8)
*(u64 *)(r0 +0) = r1
out:
r0 = 0
exit
-- reject REJ_KPTR_TYPE

-- case a kernel pointer, overwritten with zero
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
*(u64 *)(r0 +0) = 0
out:
r0 = 0
exit
-- accept

-- case an atomic access to a kernel pointer
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = 1
lock *(u64 *)(r0 +0) += r1
out:
r0 = 0
exit
-- reject REJ_KPTR_MODE

-- case a kernel pointer exchanged that is not referenced
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_KPTR_UNREF

-- case a number exchanged as a kernel pointer
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r1 += 8
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_KPTR_NOT_AT

-- case a kernel pointer exchanged at a variable place
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +8)
r1 &= 8
r0 += r1
r1 = r0
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_KPTR_VARIABLE

-- case a value without types, exchanged
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_KPTR_NO_BTF

-- case a value without kernel pointers, exchanged
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 4 1 0 int
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_KPTR_NONE

-- case what may be NULL exchanged into a map
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
r2 = 0
call bpf_kptr_xchg
r1 = r6
r2 = r0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_ARG_MAYBE_NULL

-- case a reference that is not released
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_kptr_xchg
out:
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case a kernel pointer that is lent, released
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
if r1 == 0 goto out
call bpf_task_release#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_TRUSTED

-- case a reference released twice
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 0
call bpf_kptr_xchg
if r0 == 0 goto out
r6 = r0
r1 = r6
call bpf_task_release#btf
r1 = r6
call bpf_task_release#btf
out:
r0 = 0
exit
-- reject REJ_KF_PTR_TO

-- case a user pointer, overwritten
-- prog kprobe
-- type o struct other 8 a:u64:0
-- type g type_tag uptr o
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m task_storage 4 16 0 1 v
call bpf_get_current_task_btf
r1 = map[m]
r2 = r0
r3 = 0
r4 = 1
call bpf_task_storage_get
if r0 == 0 goto out
r1 = 0
*(u64 *)(r0 +0) = r1
out:
r0 = 0
exit
-- reject REJ_UPTR_STORE

-- case a task that nobody vouches for, acquired
-- prog sched_cls
-- type task struct task_struct 8 a:u64:0
-- type g type_tag kptr_untrusted task
-- type p ptr g
-- type v struct v 16 t:p:0 x:u64:8
-- map m array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r1 = *(u64 *)(r0 +0)
if r1 == 0 goto out
call bpf_task_acquire#btf
if r0 == 0 goto out
r1 = r0
call bpf_task_release#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_RCU

-- case a map where memory is expected
-- prog sched_cls
-- map m array 4 8 1
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 8
r3 = 0
r4 = r10
r4 += -16
call bpf_dynptr_from_mem
r1 = r10
r1 += -16
r2 = 0
r3 = map[m]
r4 = 8
call bpf_dynptr_slice#btf
out:
r0 = 0
exit
-- reject REJ_KF_PTR_TYPE

-- case a work queue of no map value
-- prog sched_cls
-- map m array 4 8 1
*(u64 *)(r10 -16) = 0
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -16
r2 = map[m]
r3 = 0
call bpf_wq_init#btf
r0 = 0
exit
-- reject REJ_KF_NOT_MAP_VALUE

-- case a work queue with a number for its map
-- prog sched_cls
-- type w struct bpf_wq 16 a:u64:0 b:u64:8
-- type v struct v 24 w:w:0 x:u64:16
-- map m array 4 24 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r2 = 5
r3 = 0
call bpf_wq_init#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_MAP

-- case a work queue with another map
-- prog sched_cls
-- type w struct bpf_wq 16 a:u64:0 b:u64:8
-- type v struct v 24 w:w:0 x:u64:16
-- map m array 4 24 1 0 v
-- map n array 4 24 1 0 v
lookup m
if r0 == 0 goto out
r1 = r0
r2 = map[n]
r3 = 0
call bpf_wq_init#btf
out:
r0 = 0
exit
-- reject REJ_KF_WQ_MAP

-- case a name that is no constant
-- prog lsm on=bpf_lsm_file_open attach=27 flags=0x10
r1 = *(u64 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -8
r3 = r10
r3 += -24
call bpf_get_file_xattr#btf
r0 = 0
exit
-- reject REJ_KF_NOT_STR

-- case task work with another map
-- prog perf_event
-- type w struct bpf_task_work 8 a:u64:0
-- type v struct v 16 w:w:0 x:u64:8
-- map m array 4 16 1 0 v
-- map n array 4 16 1 0 v
lookup m
if r0 == 0 goto out
r6 = r0
call bpf_get_current_task_btf
r1 = r0
r2 = r6
r3 = map[n]
r4 = subprog[cb]
r5 = 0
call bpf_task_work_schedule_signal_impl#btf
out:
r0 = 0
exit
cb:
r0 = 0
exit
-- reject REJ_KF_TASK_WORK_MAP
