# Rejections of several rooms: stores at variable places, callbacks, helpers at particular attach points.

-- case the main function as callback
-- prog socket_filter
-- func 0 static int u64
main:
r1 = 5
r2 = subprog[main]
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
-- reject REJ_FUNC_MAIN
-- kernel differs "walks main in main until the frames run out"

-- case a kernel object that a helper may write into
-- prog tracing attach=23 on=btf_trace_sched_switch
r6 = *(u64 *)(r1 +8)
r1 = r6
r2 = 8
r3 = 0
call bpf_probe_read_kernel
r0 = 0
exit
-- reject REJ_ARG_MAY_WRITE

-- case a function's address in a program that is at no function
-- prog tracing attach=23 on=btf_trace_sched_switch
call bpf_get_func_ip
r0 = 0
exit
-- reject REJ_FUNC_IP_TRAMPOLINE

-- case the result of a hook that returns nothing
-- prog lsm attach=43 on=bpf_lsm_sk_free_security
r1 = 0
call bpf_set_retval
r0 = 1
exit
-- reject REJ_SET_RETVAL_VOID

-- case the caller's dynptr is given up
-- prog sched_cls
-- map r user_ringbuf 0 0 4096
-- btf
r1 = map[r]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_user_ringbuf_drain
r0 = 0
exit
cb:
r2 = 0
call bpf_ringbuf_submit_dynptr
r0 = 0
exit
-- reject REJ_RELEASE_CONST_DYNPTR

-- case the caller's dynptr is made anew
-- prog sched_cls
-- map r user_ringbuf 0 0 4096
-- map o ringbuf 0 0 4096
-- btf
r1 = map[r]
r2 = subprog[cb]
r3 = 0
r4 = 0
call bpf_user_ringbuf_drain
r0 = 0
exit
cb:
r4 = r1
r1 = map[o]
r2 = 8
r3 = 0
call bpf_ringbuf_reserve_dynptr
r0 = 0
exit
-- reject REJ_DYNPTR_NOT_UNINIT

-- case an iterator whose RCU section has ended
-- prog sched_cls
call bpf_rcu_read_lock#btf
r1 = r10
r1 += -24
r2 = 0
r3 = 1
call bpf_iter_task_new#btf
call bpf_rcu_read_unlock#btf
r1 = r10
r1 += -24
call bpf_iter_task_next#btf
r1 = r10
r1 += -24
call bpf_iter_task_destroy#btf
r0 = 0
exit
-- reject REJ_ITER_RCU

-- case a resilient lock twice
-- prog sched_cls
-- type rs struct bpf_res_spin_lock 4 val:int:0
-- type v struct v 8 l:rs:0
-- map m array 4 8 1 0 v
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r6
call bpf_res_spin_lock#btf
if r0 != 0 goto out
r1 = r6
call bpf_res_spin_lock#btf
if r0 != 0 goto out
out:
r0 = 0
exit
-- reject REJ_AA_DEADLOCK

-- case resilient locks given up out of order
-- prog sched_cls
-- type rs struct bpf_res_spin_lock 4 val:int:0
-- type v struct v 8 l:rs:0
-- map m array 4 8 1 0 v
-- map n array 4 8 1 0 v
lookup m
if r0 == 0 goto out
r6 = r0
lookup n
if r0 == 0 goto out
r7 = r0
r1 = r6
call bpf_res_spin_lock#btf
if r0 != 0 goto out
r1 = r7
call bpf_res_spin_lock#btf
if r0 != 0 goto one
r1 = r6
call bpf_res_spin_unlock#btf
r1 = r7
call bpf_res_spin_unlock#btf
goto out
one:
r1 = r6
call bpf_res_spin_unlock#btf
out:
r0 = 0
exit
-- reject REJ_UNLOCK_ORDER

-- case a trap
-- prog sched_cls
call __bpf_trap#btf
exit
-- reject REJ_KF_TRAP

-- case a format with a conversion that BPF lacks
-- prog kprobe
-- map f array 4 8 1 80 frozen:2571000000000000
r3 = map[f][0]+0
r1 = r10
r1 += -16
r2 = 16
r4 = 0
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_FORMAT

-- case a format without its end
-- prog kprobe
-- map f array 4 8 1 80 frozen:6161616161616161
r3 = map[f][0]+0
r1 = r10
r1 += -16
r2 = 16
r4 = 0
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_STR_UNTERMINATED

-- case a format at a variable place
-- prog sched_cls
-- map f array 4 8 1 80 frozen:6161616161616100
r6 = *(u32 *)(r1 +0)
r6 &= 3
r3 = map[f][0]+0
r3 += r6
r1 = r10
r1 += -16
r2 = 16
r4 = 0
r5 = 0
call bpf_snprintf
r0 = 0
exit
-- reject REJ_STR_NOT_CONST

-- case a dynptr that is a number
-- prog sched_cls
r1 = 5
call bpf_dynptr_size#btf
r0 = 0
exit
-- reject REJ_DYNPTR_ARG

-- case a function that RCU protects, outside
-- prog syscall flags=0x10
r1 = r10
r1 += -24
r2 = 0
r3 = 1
call bpf_iter_task_new#btf
r1 = r10
r1 += -24
call bpf_iter_task_destroy#btf
r0 = 0
exit
-- reject REJ_KF_NEEDS_RCU

-- case flags of an interrupt section, given to a lock's function
-- prog sched_cls
-- type rs struct bpf_res_spin_lock 4 val:int:0
-- type v struct v 8 l:rs:0
-- map m array 4 8 1 0 v
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r10
r1 += -8
call bpf_local_irq_save#btf
r1 = r6
r2 = r10
r2 += -16
call bpf_res_spin_lock_irqsave#btf
if r0 != 0 goto out
r1 = r6
r2 = r10
r2 += -8
call bpf_res_spin_unlock_irqrestore#btf
out:
r0 = 0
exit
-- reject REJ_IRQ_CLASS

-- case the stack's last byte and on, without CAP_PERFMON
-- prog socket_filter caps=bpf
r6 = 8
r1 = r10
r1 += -512
r1 += r6
r0 = 0
exit
-- reject REJ_MASK_LIMIT

-- case a storage's helper within that storage's functions
-- prog tracing attach=24 on=bpf_sk_storage_free
-- map s sk_storage 4 4 0 1 int
r2 = *(u64 *)(r1 +0)
r1 = map[s]
r3 = 0
r4 = 0
call bpf_sk_storage_get
r0 = 0
exit
-- reject REJ_HELPER_PROBE

-- case tasks of a cgroup, where locks may be held
-- prog sched_cls
r1 = r10
r1 += -24
r2 = 0
r3 = 0
call bpf_iter_css_task_new#btf
r0 = 0
exit
-- reject REJ_KF_CSS_ITER
