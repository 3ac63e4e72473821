# Programs that name what they attach to: the target's type decides what they get.

-- case no target
-- prog tracing attach=24
r0 = 0
exit
-- reject REJ_ATTACH_NO_ID

-- case a target that is no typedef
-- prog tracing attach=23 on=schedule
r0 = 0
exit
-- reject REJ_ATTACH_NOT_TYPEDEF

-- case a security hook by a name that is none
-- prog lsm attach=27 on=schedule
r0 = 0
exit
-- reject REJ_LSM_HOOK

-- case security programs are GPL
-- prog lsm attach=27 on=bpf_lsm_file_open license=BSD
r0 = 0
exit
-- reject REJ_LSM_GPL

-- case a kernel function is replaced
-- prog ext on=schedule
r0 = 0
exit
-- reject REJ_ATTACH_EXT_KERNEL

-- case a function whose result may not be changed
-- prog tracing attach=26 on=schedule
r0 = 0
exit
-- reject REJ_ATTACH_MODIFY "schedule() is not modifiable"

-- case a function that never sleeps
-- prog tracing attach=24 on=schedule flags=0x10
r0 = 0
exit
-- reject REJ_ATTACH_NOT_SLEEPABLE "schedule is not sleepable"

-- case the argument of a function
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +0)
r0 = 0
exit
-- accept

-- case more arguments than the function has
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +200)
r0 = 0
exit
-- reject REJ_CTX_ACCESS

-- case entry programs return 0
-- prog tracing attach=24 on=vfs_fsync
r0 = 1
exit
-- reject REJ_RETURN_RANGE

-- case behind an argument
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +0)
r0 = *(u64 *)(r1 +9000)
r0 = 0
exit
-- reject REJ_WALK_BEYOND "access beyond struct file at off 9000 size 8"

-- case more than a member
-- prog tracing attach=24 on=inet_bind
r1 = *(u64 *)(r1 +8)
r0 = *(u32 *)(r1 +0)
r0 = 0
exit
-- reject REJ_WALK_MEMBER "access beyond the end of member sa_family (mend:2) in struct sockaddr with off 0 size 4"

-- case less than a pointer
-- prog tracing attach=24 on=inet_sendmsg
r1 = *(u64 *)(r1 +8)
r0 = *(u32 *)(r1 +0)
r0 = 0
exit
-- reject REJ_WALK_PTR_PART "cannot access ptr member msg_name with moff 0 in struct msghdr with off 0 size 4"

-- case where no member is
-- prog tracing attach=24 on=do_send_sig_info
r1 = *(u64 *)(r1 +8)
r0 = *(u32 *)(r1 +12)
r0 = 0
exit
-- reject REJ_WALK_NO_FIELD "doesn't have field at offset 12"

-- case below an argument
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +0)
r0 = *(u64 *)(r1 -8)
r0 = 0
exit
-- reject REJ_BTF_NEGATIVE

-- case an argument at a variable offset
-- prog tracing attach=24 on=vfs_fsync
r2 = *(u64 *)(r1 +0)
r3 = *(u64 *)(r1 +8)
r3 &= 8
r2 += r3
r0 = *(u64 *)(r2 +0)
r0 = 0
exit
-- reject REJ_BTF_VARIABLE

-- case an argument is written
-- prog tracing attach=24 on=vfs_fsync
r2 = *(u64 *)(r1 +0)
*(u64 *)(r2 +0) = 0
r0 = 0
exit
-- reject REJ_BTF_READ_ONLY

-- case an argument's fields for GPL programs only
-- prog tracing attach=24 on=vfs_fsync license=BSD
r2 = *(u64 *)(r1 +0)
r0 = *(u64 *)(r2 +0)
r0 = 0
exit
-- reject REJ_BTF_GPL

-- case an argument of another type is passed
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +0)
r2 = 0
r3 = 0
call bpf_sock_from_file
r0 = 0
exit
-- accept

-- case a file where a task belongs
-- prog tracing attach=24 on=vfs_fsync
r1 = *(u64 *)(r1 +0)
call bpf_task_pt_regs
r0 = 0
exit
-- reject REJ_ARG_BTF_TYPE

-- case a context where a file belongs
-- prog tracing attach=24 on=vfs_fsync
call bpf_sock_from_file
r0 = 0
exit
-- reject REJ_ARG_TYPE

-- case a function that never returns
-- prog tracing attach=25 on=do_exit
r0 = 0
exit
-- reject REJ_NORETURN

-- case a helper fills an argument
-- prog tracing attach=24 on=vfs_fsync
r3 = *(u64 *)(r1 +0)
r1 = r3
r2 = 8
r3 = 0
call bpf_probe_read_kernel
r0 = 0
exit
-- reject REJ_ARG_TYPE
