# What programs may not attach to, and struct_ops members that take none.

-- case a type that does not exist
-- prog tracing attach=24 on=#1000000
r0 = 0
exit
-- reject REJ_ATTACH_ID

-- case a tracepoint by the name of another typedef
-- prog tracing attach=23 on=typedef:pid_t
r0 = 0
exit
-- reject REJ_ATTACH_WRONG_NAME

-- case a struct, as a function
-- prog tracing attach=24 on=struct:task_struct
r0 = 0
exit
-- reject REJ_ATTACH_NOT_FUNC

-- case a function that tracing itself calls
-- prog tracing attach=24 on=migrate_disable
r0 = 0
exit
-- reject REJ_ATTACH_NEVER

-- case a function of variable arguments
-- prog tracing attach=24 on=seq_printf
r0 = 0
exit
-- reject REJ_ATTACH_VARARGS

-- case a security hook that is off
-- prog lsm attach=27 on=bpf_lsm_vm_enough_memory
r0 = 0
exit
-- reject REJ_LSM_OFF

-- case struct_ops programs are GPL
-- prog struct_ops on=struct:tcp_congestion_ops license=BSD
r0 = 0
exit
-- reject REJ_STRUCT_OPS_GPL

-- case a struct that takes no programs
-- prog struct_ops on=struct:task_struct
r0 = 0
exit
-- reject REJ_STRUCT_OPS_NONE

-- case a member that does not exist
-- prog struct_ops on=struct:tcp_congestion_ops attach=1000
r0 = 0
exit
-- reject REJ_STRUCT_OPS_MEMBER

-- case a member that is no function
-- prog struct_ops on=struct:tcp_congestion_ops attach=14
r0 = 0
exit
-- reject REJ_STRUCT_OPS_NO_FUNC

-- case a member that takes no program
-- prog struct_ops on=struct:tcp_congestion_ops attach=10
r0 = 0
exit
-- reject REJ_STRUCT_OPS_OFF

-- case a kernel object's field that may not be written
-- prog struct_ops on=struct:tcp_congestion_ops attach=0
r1 = *(u64 *)(r1 +0)
r2 = 0
*(u32 *)(r1 +0) = r2
r0 = 0
exit
-- reject REJ_BTF_NO_WRITE

-- case a kernel object, without CAP_PERFMON
-- prog sched_cls caps=bpf
call bpf_cast_to_kern_ctx#btf
r1 = *(u64 *)(r0 +0)
r0 = 0
exit
-- reject REJ_BTF_PERFMON

-- case a function of thirteen arguments
-- prog tracing attach=24 on=__clk_hw_register_mux
r0 = 0
exit
-- reject REJ_ATTACH_DISTILL

-- case a function that takes a large struct
-- prog tracing attach=24 on=ZSTD_CCtx_setParams
r0 = 0
exit
-- reject REJ_ATTACH_DISTILL_ARG

-- case a function that returns a struct
-- prog tracing attach=24 on=ZSTD_cParam_getBounds
r0 = 0
exit
-- reject REJ_ATTACH_DISTILL_RET
