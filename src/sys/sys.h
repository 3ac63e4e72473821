/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front door: bpf(2)'s commands over skep's objects.
 *
 * One row of spec/cmd.def is one function cmd_<name>(). Attributes are copied once; a command works on the copy. Whoever calls
 * (this process, or a client of the box) is a struct caller, so every tier means the same thing.
 */
#ifndef SKEP_SYS_SYS_H
#define SKEP_SYS_SYS_H

#include <pthread.h>

#include "base/str.h"
#include "btf/btf.h"
#include "obj/obj.h"
#include "spec/spec.h"
#include "sys/attr.h"

/* A BTF object: what BPF_BTF_LOAD makes. */
struct btf_obj {
	struct obj obj;
	struct btf *btf;  /* owned */
	char name[64];    /* "vmlinux", or "" for user space's */
	bool kernel;
};

/* In map_flags, prog_flags, btf_flags and open_flags: a BPF token is given. */
#define FLAG_TOKEN (1u << 16)

struct hooks;
struct map;
struct pins;
struct vf_debug;
struct vf_own;
struct own_type;
struct skep {
	struct objtab tab;
	struct btf *kernel_btf;        /* NULL: none */
	struct btf_obj *kernel_btf_obj; /* published object of the same */
	char *pin_dir;
	struct hooks *hooks;           /* attachments (hook/source.h) */
	struct pins *pins;             /* pinned paths to objects; owned by pin.c */
	u32 engine;                    /* SKEP_ENGINE_* */
	u64 run_budget;                /* ns */
	u32 harden, spectre;           /* SKEP_HARDEN_*, SKEP_SPECTRE_* */
	u32 caps;
	bool caps_set, unpriv_allowed, run_any;
	struct own_type *own_types;    /* newest first */
	u32 nown_types;
	u32 report;                    /* SKEP_REPORT_* */
	struct vf_debug *watch;        /* skep_watch(); NULL: nobody */
	int log_fd;                    /* failing commands; -1: none */
	u32 stats_users;               /* BPF_ENABLE_STATS */
	pthread_mutex_t lock;          /* pins and lazily made parts */
	s32 kernel_btf_err;            /* why there is no kernel BTF, when it was tried */
	bool kernel_btf_tried;
	char *btf_file;
};

/* Who makes a call, and how to reach its memory and descriptors. */
struct run_task;
struct caller {
	u32 caps;   /* enum cap_bit; uid, caps and pid: by caller_known() */
	u32 uid, pid;
	void (*identify)(struct caller *w); /* fills them in; NULL: they are known. Most commands never ask */
	/* 0 or -EFAULT */
	int (*copy_in)(struct caller *w, void *dst, u64 src, size_t n);
	int (*copy_out)(struct caller *w, u64 dst, const void *src, size_t n);
	/* identity of the caller's descriptor: 0 or -EBADF */
	int (*fd_ident)(struct caller *w, int fd, u64 *ret_dev, u64 *ret_ino, int *ret_mode);
	/* give it a descriptor of ours (consumed): the caller's number, or -errno */
	int (*fd_give)(struct caller *w, int fd);
	/* the same in the middle of its call, which goes on; and close what was given so: 0 or -errno. NULL for `direct` */
	int (*fd_add)(struct caller *w, int fd);
	int (*fd_close)(struct caller *w, int fd);
	/* its thread as programs see it that run in its place; NULL: the calling thread */
	void (*task)(struct caller *w, struct run_task *ret);
	/* its descriptor as one of this process, to be closed by us; or -errno. NULL: those of `direct` are ours already */
	int (*fd_take)(struct caller *w, int fd);
	/* be on its processor for the rest of the command, as the kernel is, if it is bound to one; NULL: the calling thread is its own */
	void (*join_cpu)(struct caller *w);
	/* what its path means here, where pins are: 0 or -errno. `dir`: descriptor or AT_FDCWD. NULL: as pin.c does it */
	int (*pin_path)(struct caller *w, int dir, const char *path, char *out, size_t size);
	bool direct; /* this process: pointers may be used in place */
};

struct call {
	struct skep *s;
	struct caller *who;
	union attr a;       /* copied, zero beyond `size` */
	u32 cmd, size;      /* size: bytes the caller gave, at most sizeof(a) */
	u64 uattr;          /* the caller's attr, for outputs */
	struct str *reason;
};

/* This process as a caller. */
struct caller sys_self(const struct skep *s);
/* Do it; >= 0 or -errno. `reason` (may be NULL) gets why not. */
int sys_bpf(struct skep *s, struct caller *who, u32 cmd, u64 uattr, u32 size, struct str *reason);

/* Fail with a reason in words: returns err. */
int call_fail(struct call *c, int err, const char *fmt, ...) PRINTF(3, 4);
/* What follows depends on the processor it is done on. */
static inline void call_join_cpu(const struct call *c)
{
	if (c->who->join_cpu)
		c->who->join_cpu(c->who);
}
static inline struct caller *caller_known(struct caller *w)
{
	void (*identify)(struct caller *) = w->identify;

	w->identify = NULL;
	if (identify)
		identify(w);
	return w;
}
bool call_capable(const struct call *c, u32 cap);
/* The privilege of the command's row: asked for by its body, because Linux looks at some arguments before. 0 or -EPERM. */
int call_need(struct call *c);
int call_in(struct call *c, void *dst, u64 src, size_t n);
int call_out(struct call *c, u64 dst, const void *src, size_t n);
/* Store into the caller's attr at the offset of a field, if the caller's attr reaches that far. */
int call_put_field(struct call *c, size_t off, const void *src, size_t n);
#define CALL_PUT(c, member) call_put_field(c, offsetof(union attr, member), &(c)->a.member, sizeof((c)->a.member))
/* A NUL-terminated string of at most `max` bytes with its terminator: 0, -EFAULT, -E2BIG. */
int call_in_string(struct call *c, char *dst, u64 src, size_t max);
/* Copy in into fresh memory (malloc): 0 and *ret, -EFAULT, -ENOMEM. */
int call_in_alloc(struct call *c, u64 src, size_t n, void **ret);
/* Object behind the caller's descriptor, referenced. */
int call_obj(struct call *c, int fd, enum obj_kind kind, struct obj **ret, int *ret_mode);
/* A token was given: what Linux says of a descriptor that is none (there are no tokens). */
int call_token(struct call *c, int fd);
int call_new_fd(struct call *c, struct obj *o, int flags);
/* An object name as Linux checks it (alphanumeric, '_' and '.'), NUL-terminated within n: 0 or -EINVAL. */
int check_name(const char *name, size_t n);
/* Linux's rule for info structures: bytes beyond what we know must be zero; returns what to copy. */
int call_info_tail(struct call *c, u64 info, u32 have, u32 given);

/* commands: see spec/cmd.def */
#define C(id, name, ...) int cmd_##name(struct call *c);
#define CU(id, name, ...)
#include "spec/cmd.def"

/* embed_hook.c: programs on a raw tracepoint run. Ours: the end of a test run, whose result they may change. */
#define SYS_TEST_FINISH "bpf_test_finish"
void sys_fire_tracepoint(struct skep *s, const char *name, const u64 *args, u32 nargs);

/* prog_call.c: what bpf_sys_bpf() and bpf_sys_close() do in a test run; env->sys_cookie: the struct call that runs it */
struct run_env;
s64 prog_sys_bpf(struct run_env *env, u32 cmd, void *attr, u32 size);
s64 prog_sys_close(struct run_env *env, int fd);

/* fast.c: lookup and update of this process, done, or else to be done by sys_bpf(). */
bool sys_elem_fast(struct skep *s, u32 cmd, const union bpf_attr *attr, u32 size);

/* Keep the report on the last refused program of this thread (both strings are taken over; NULL: none). skep.c */
void sys_set_report(struct str *text, struct str *json);

/* What this thread's last call came to: kept for skep_reason(), and logged when it failed. skep.c */
void sys_said(const struct skep *s, const char *what, int ret, const struct str *reason);

/*
 * perf_event_open(2) and the ioctls of its descriptors, as bpf(2) above: >= 0 or -errno. -ENOTTY: the descriptor is not of a perf event
 * of this subsystem, or the request is none of theirs.
 */
int sys_perf_event_open(struct skep *s, struct caller *who, u64 uattr, s32 pid, s32 cpu, int group_fd, u64 flags,
			struct str *reason);
int sys_perf_ioctl(struct skep *s, struct caller *who, int fd, u32 request, u64 arg, struct str *reason);

/* Put the perf event behind the caller's descriptor (at `value`) into a perf_event_array. */
int perf_map_update(struct call *c, struct map *m, const void *key, const void *value, u64 flags);

/* own_type.c: program types that the application has defined; NULL: the number is none of them. */
const struct vf_own *sys_own_type(const struct skep *s, u32 type);
/* Linux's or the application's; NULL: the number means nothing. */
const struct progtype_spec *sys_progtype(const struct skep *s, u32 type);
void sys_own_types_free(struct skep *s);

/* pin.c */
int pin_init(struct skep *s);
void pin_destroy(struct skep *s);
/* Let go of what lost its name in the file system. */
void pin_sweep(struct skep *s);
/* Rename a marker, or a directory of them: 0 or -errno. */
bool pin_may_remove(struct skep *s, const char *path, const struct caller *w); /* a pin, or all that are below: of none but theirs */
int pin_rename(struct skep *s, const char *old, const char *new);

/* Make an object of kernel types that are not vmlinux's, named as a module would be; takes `btf` over when it succeeds. */
int btf_publish(struct skep *s, struct btf *btf, const char *module, struct btf_obj **ret);

/* Kernel BTF, loaded on first need; NULL when there is none. */
const struct btf *sys_kernel_btf(struct skep *s);
bool sys_ksym_known(const char *name); /* ksym.c */

#endif
