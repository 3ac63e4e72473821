# Global functions: what their types and tags promise, and callers that do not keep it.

-- case a global function returns a pointer
-- prog sched_cls
-- type p ptr int
-- func 1 global p u64
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_RETURN_TYPE

-- case six arguments
-- prog sched_cls
-- func 1 global int u64 u64 u64 u64 u64 u64
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TOO_MANY

-- case a tag that nobody knows
-- prog sched_cls
-- type p ptr int
-- func 1 global int p
-- tag 1 0 arg:lucky
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_UNKNOWN

-- case a context that may be NULL
-- prog sched_cls
-- type p ptr void
-- func 1 global int p
-- tag 1 0 arg:ctx
-- tag 1 0 arg:nullable
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_MIX

-- case a trusted pointer that is tagged nonnull
-- prog sched_cls
-- type t struct task_struct 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:trusted
-- tag 1 0 arg:nonnull
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_MIX

-- case memory that is tagged nullable
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:nullable
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_MIX

-- case an arena pointer with another tag
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:arena
-- tag 1 0 arg:nonnull
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_ARENA_MIX

-- case an untrusted pointer with another tag
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:untrusted
-- tag 1 0 arg:nonnull
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_UNTRUSTED_MIX

-- case a number with a pointer's tag
-- prog sched_cls
-- func 1 global int u64
-- tag 1 0 arg:nonnull
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_TAG_NO_PTR

-- case a context of another type
-- prog sched_cls
-- type t struct other 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:ctx
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CTX_TYPE "arg#0 should be `struct __sk_buff *`"

-- case a context of a type without a name
-- prog sched_cls
-- type t struct - 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:ctx
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CTX_NO_NAME

-- case a context of a program that has none
-- prog lsm on=bpf_lsm_file_open attach=27
-- type t struct other 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:ctx
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CTX_VOID

-- case a kernel type without a name
-- prog sched_cls
-- type t struct - 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:trusted
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CAND_NAME

-- case a kernel type that does not exist
-- prog sched_cls
-- type t struct no_such_struct_anywhere 8 a:u64:0
-- type p ptr t
-- func 1 global int p
-- tag 1 0 arg:trusted
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CAND_ERROR

-- case memory of unknown size
-- prog sched_cls
-- type t fwd other
-- type p ptr t
-- func 1 global int p
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_ARG_SIZE_UNKNOWN

-- case a struct as argument
-- prog sched_cls
-- type t struct other 8 a:u64:0
-- func 1 global int t
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_ARG_TYPE

-- case a number for a context
-- prog sched_cls
-- type p ptr void
-- func 1 global int p
-- tag 1 0 arg:ctx
r1 = 0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CTX_EXPECTED

-- case the stack for a context
-- prog sched_cls
-- type p ptr void
-- func 1 global int p
-- tag 1 0 arg:ctx
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_CTX_EXPECTED

-- case NULL for memory that is never NULL
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:nonnull
r1 = 0
call f
r0 = 0
exit
f:
r0 = *(u64 *)(r1 +0)
exit
-- reject REJ_SUB_NOT_NULL
-- kernel differs "takes the number 0 for memory that is never NULL, and reads there"

-- case a map value that may be NULL for memory that is never NULL
-- prog sched_cls
-- map m hash 4 8 1
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:nonnull
lookup m
r1 = r0
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_NOT_NULL

-- case the stack for an arena pointer
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
-- tag 1 0 arg:arena
r1 = r10
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_SUB_ARENA

-- case a pointer for a number
-- prog sched_cls
-- func 1 global int u64
r1 = r10
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_GLOBAL_ARGS

-- case memory that is too small
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
*(u32 *)(r10 -4) = 0
r1 = r10
r1 += -4
call f
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_GLOBAL_ARGS

-- case memory, passed and checked
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
*(u64 *)(r10 -8) = 7
r1 = r10
r1 += -8
call f
exit
f:
r0 = 0
if r1 == 0 goto out
r0 = *(u64 *)(r1 +0)
out:
exit
-- accept
-- run data=00112233445566778899aabbccdd -> 7

-- case memory that is not checked for NULL
-- prog sched_cls
-- type p ptr u64
-- func 1 global int p
*(u64 *)(r10 -8) = 7
r1 = r10
r1 += -8
call f
exit
f:
r0 = *(u64 *)(r1 +0)
exit
-- reject REJ_INVALID_MEM "R1 invalid mem access 'mem_or_null'"

-- case a global function returns a pointer for its number
-- prog sched_cls
-- btf global
r1 = 0
call f
r0 = 0
exit
f:
r0 = r10
exit
-- reject REJ_SUB_RETURN

-- case a global function while a lock is held
-- prog sched_cls
-- btf global
-- map m array 4 16 1 0 lock
lookup m
if r0 == 0 goto out
r6 = r0
r1 = r0
call bpf_spin_lock
r1 = 0
call f
r1 = r6
call bpf_spin_unlock
out:
r0 = 0
exit
f:
r0 = 0
exit
-- reject REJ_GLOBAL_IN_LOCK
