/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep: Linux's eBPF in user space. The embedding interface.
 *
 * A *subsystem* (struct skep) is what a kernel is to bpf(2): objects, ids, pins. Any number may exist in a process; there is
 * no global state but the default subsystem of skep_bpf(). All functions are thread-safe unless they say otherwise.
 * Errors are negative errno values unless a function says otherwise; a result (ret_*) is written on success only. Text that is
 * returned belongs to skep, text that is passed to the caller, who may free it when the function returns; lengths are in bytes.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEP_API __attribute__((visibility("default")))

struct skep;

/* Options of a subsystem. Zero-initialise, set sz = sizeof(struct skep_opts); fields added later read as zero. */
struct skep_opts {
	size_t sz;
	const char *btf_file;  /* kernel types for CO-RE, kfuncs and BTF pointers; NULL: /sys/kernel/btf/vmlinux, else skep's own */
	const char *pin_dir;   /* stands for /sys/fs/bpf; NULL: $SKEP_PIN_DIR, else $XDG_RUNTIME_DIR/skep, else /tmp/skep-UID */
	uint32_t caps;         /* SKEP_CAP_*: what callers of skep_bpf_in() may do; 0 with caps_set == 0: as the process has */
	uint32_t caps_set;     /* 1: `caps` is meant */
	uint32_t flags;        /* SKEP_F_* */
	const char *log_file;  /* a line for each failing command, with the reason; NULL: $SKEP_LOG ("-" is stderr), else none */
	uint32_t engine;       /* SKEP_ENGINE_* */
	uint32_t report;       /* SKEP_REPORT_*; 0: as SKEP_REPORT=1 in the environment says, else off */
	/*
	 * How long a run of a program may take, in nanoseconds; 0: any time. A run that takes longer is stopped at a call or
	 * a loop without a known end: it returns 0, and what it held (locks, ring buffer records, objects) is given back.
	 */
	uint64_t run_budget;
	uint32_t harden;       /* SKEP_HARDEN_*: whose constants compiled code hides */
	uint32_t spectre;      /* SKEP_SPECTRE_*: whose programs get masks, barriers and retpolines */
};
enum { SKEP_HARDEN_UNPRIVILEGED, SKEP_HARDEN_ALL, SKEP_HARDEN_OFF }; /* sysctl net.core.bpf_jit_harden = 1, 2, 0 */
/* Those loaded without SKEP_CAP_PERFMON; all (some that are fine otherwise are refused then); none, as with mitigations=off. */
enum { SKEP_SPECTRE_AUTO, SKEP_SPECTRE_ON, SKEP_SPECTRE_OFF };
enum { SKEP_REPORT_OFF, SKEP_REPORT_KEEP /* for skep_report() */, SKEP_REPORT_LOG /* and inside program logs */ };
enum { SKEP_CAP_BPF = 1, SKEP_CAP_PERFMON = 2, SKEP_CAP_NET_ADMIN = 4, SKEP_CAP_SYS_ADMIN = 8, SKEP_CAP_ALL = 15 };
enum { SKEP_ENGINE_AUTO, SKEP_ENGINE_JIT, SKEP_ENGINE_INTERP };
enum {
	SKEP_F_UNPRIV_ALLOWED = 1, /* as sysctl unprivileged_bpf_disabled=0; also by SKEP_UNPRIVILEGED=1 in the environment */
	SKEP_F_RUN_ANY = 2,        /* BPF_PROG_TEST_RUN also for types where Linux answers ENOTSUPP */
	SKEP_F_HEARS_CLOSES = 4,   /* the process reports what it closes to skep_closed(): commands need no system call then */
	SKEP_F_FIRES = 8,          /* the process fires attached programs itself (skep_fire_*()): attaching anywhere succeeds */
};

/*
 * Make a subsystem, to be freed by skep_free(). `opts` (NULL: all zero) is copied. Returns 0, -ENOMEM, -EMFILE, -EINVAL (sz; or a
 * field that this version does not know is set), or why btf_file cannot be used: -ENOENT and what else opening gives, -EINVAL for what
 * is no BTF.
 */
SKEP_API int skep_new(const struct skep_opts *opts, struct skep **ret_skep);
/*
 * Free it with all its objects. No run, command or event of another thread may be in progress, and what skep_prog_get(), skep_map_get()
 * and skep_ops_get() gave is to be put back before. NULL is fine.
 */
SKEP_API void skep_free(struct skep *s);

/*
 * bpf(2) in the default subsystem of the process, made on first use: returns what bpf(2) returns (descriptor, 0 or -1 with errno).
 * Commands, attributes and errors are those of Linux 6.18. Pointers in attr must be valid, as for a function of libc. Descriptors are the
 * caller's, to close(2).
 */
SKEP_API int skep_bpf(int cmd, union bpf_attr *attr, unsigned size);
/* The same in a given subsystem, returning a negative errno instead of -1. */
SKEP_API int skep_bpf_in(struct skep *s, int cmd, union bpf_attr *attr, unsigned size);
/* Why the last failing command of this thread failed, in words; "" if it did not. Valid until the thread's next command. */
SKEP_API const char *skep_reason(void);

/*
 * The report on the last program that this thread's subsystem refused, if it keeps reports: where in the source, what was known, where
 * the value came from, the path, the fix. Text, or (json not 0) one JSON object. "" when there is none. Valid until the thread's next
 * failing command.
 */
SKEP_API const char *skep_report(int json);

/* ---- watching the verifier ---- */
enum {
	SKEP_WALK_BEGIN,    /* the walk of a function begins at `insn`: the program's, or a global function's by itself */
	SKEP_WALK_STEP,     /* `insn` is about to be walked */
	SKEP_WALK_BRANCH,   /* the jump at `insn` goes both ways: what begins at `to` is walked later */
	SKEP_WALK_PRUNED,   /* the path ends at `insn`: what is known there was walked before */
	SKEP_WALK_POPPED,   /* the path has ended; another one begins at `insn`, from the jump at `to` */
	SKEP_WALK_REJECTED, /* at `insn` */
};
#define SKEP_NAME_LEN 16
struct skep_walk {
	uint32_t kind, insn, to;
	uint32_t insns;      /* of the program */
	uint32_t frame;      /* depth of calls */
	uint32_t speculative;
	const char *name;    /* of the program, as loaded: at most SKEP_NAME_LEN - 1 characters */
	void *env;           /* skep's */
	const void *state;
};
/*
 * `fn` sees every verification of the subsystem's later loads, in the thread that loads; NULL: nobody does. What it gets is valid
 * during the call. Not to be called while another thread loads. Returns 0 or -ENOMEM.
 */
SKEP_API int skep_watch(struct skep *s, void (*fn)(void *cookie, const struct skep_walk *w), void *cookie);
/*
 * Text on what is watched, in a buffer of the thread that is valid until its next call: what is known here (a line a frame: registers
 * and stack as in the verifier's log), or the instruction at `insn`.
 */
SKEP_API const char *skep_walk_state(const struct skep_walk *w);
SKEP_API const char *skep_walk_insn(const struct skep_walk *w, uint32_t insn);
/* Where a jump at `insn` may lead, UINT32_MAX: it is none. */
SKEP_API uint32_t skep_walk_target(const struct skep_walk *w, uint32_t insn);
struct skep_line {
	const char *file, *text; /* valid as long as the load goes on */
	uint32_t line, column;
};
/* The source line of an instruction. Returns 0, or -ENOENT without line info. */
SKEP_API int skep_walk_line(const struct skep_walk *w, uint32_t insn, struct skep_line *ret_line);

/*
 * What the default subsystem is made with, if called before its first use; until then the texts in it must stay. Returns 0, -EBUSY (it
 * is made already), -EINVAL (sz).
 */
SKEP_API int skep_configure(const struct skep_opts *opts);
/* The default subsystem, made if it is not yet; NULL: it could not be made. It lives as long as the process, and is not to be freed. */
SKEP_API struct skep *skep_default(void);
/* The default subsystem, but NULL as long as nobody used it. */
SKEP_API struct skep *skep_default_if_made(void);
/*
 * With SKEP_F_HEARS_CLOSES: descriptors `from` to `to` are about to be closed, or to be replaced (dup2). Call it *before*; a
 * descriptor that is closed silently could be taken for the object it was. libskep-preload.so does it for whole programs.
 */
SKEP_API void skep_closed(struct skep *s, unsigned from, unsigned to);

/* ---- running a program directly ---- */
struct skep_prog; /* a loaded program */
/*
 * The program behind a descriptor of the subsystem, compiled if it is not yet, and referenced: release it with skep_prog_put(); the
 * descriptor may be closed meanwhile. Returns 0, -EBADF, -EINVAL (not a program), -EOPNOTSUPP (it calls something skep has no body for),
 * -ENOMEM.
 */
SKEP_API int skep_prog_get(struct skep *s, int fd, struct skep_prog **ret_prog);
/* Release what skep_prog_get() gave, after the last run by it. NULL is fine. */
SKEP_API void skep_prog_put(struct skep_prog *p);
/*
 * Packet in and out of skep_prog_run_packet() and skep_fire_packet(), the caller's. data points into a buffer [buf, buf + buf_size) with
 * head room before and tail room behind, so that a program may grow the packet; after the run data and len describe the packet as the
 * program left it.
 */
struct skep_packet {
	void *buf;
	size_t buf_size;     /* bytes */
	void *data;          /* the first byte of its Ethernet header */
	uint32_t len;        /* bytes */
	uint32_t ifindex, rx_queue; /* where it came in, as programs are told */
};
/*
 * Run an XDP program (or any skb type: socket filter, tc, cgroup_skb) on a packet; returns its result register. Any number of threads may
 * run a program at a time, each with a packet of its own. That the program is of such a type is not checked.
 */
SKEP_API uint32_t skep_prog_run_packet(struct skep_prog *p, struct skep_packet *pkt);
/*
 * Run a program whose context is the caller's memory as it is (tracepoint, raw tracepoint, kprobe's pt_regs, syscall, a type of the
 * application's own): as large as the type's context, or as the program was found to read (a tracepoint's record). Threads as above.
 */
SKEP_API uint64_t skep_prog_run_raw(struct skep_prog *p, void *ctx);

/* ---- program types of an application's own ---- */
/* A function of the application that programs of the type may call, as a kfunc: `extern ... __ksym;` in the program. */
struct skep_kfunc {
	const char *name;    /* of a FUNC in the type's BTF, which says what it takes and returns */
	uint64_t (*fn)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t); /* arguments as they are in registers */
	uint32_t flags;      /* SKEP_KFUNC_* */
};
enum { SKEP_KFUNC_ACQUIRE = 1, SKEP_KFUNC_RELEASE = 2, SKEP_KFUNC_RET_NULL = 4, SKEP_KFUNC_TRUSTED_ARGS = 8, SKEP_KFUNC_SLEEPABLE = 16 };
struct skep_type {
	size_t sz;           /* sizeof(struct skep_type) */
	const char *name;    /* for messages */
	const void *btf;     /* the application's types: a .BTF section, as clang -g -target bpf makes it of a header */
	uint32_t btf_size;
	const char *ctx;     /* the struct of them that programs get a pointer to */
	const char *const *writable; /* its members that programs may change; NULL-terminated, NULL: none */
	/* two 8-byte members that are the bounds of a buffer, read and checked like an XDP program's packet; NULL: there is none */
	const char *data, *data_end;
	uint32_t data_writable;
	int32_t ret_min, ret_max; /* what programs may return; ret_min > ret_max: anything */
	const struct skep_kfunc *kfuncs;
	uint32_t nkfuncs;
};
/*
 * Define a program type of this subsystem: *ret_type is its number for BPF_PROG_LOAD (libbpf: bpf_program__set_type()). Its programs are
 * verified like those of built-in types: members are read and written with their sizes, functions called with their types. They
 * are run with skep_prog_run_raw(prog, pointer to the struct). Pointers among the members cannot be read. `t` is copied; the type is
 * kept until skep_free(). To be called before programs are loaded by other threads. Returns 0, -EINVAL (skep_reason() says what is
 * wrong), -ENOENT (a name is not in the BTF), -ENOSPC (8 types are the most), -ENOMEM.
 */
SKEP_API int skep_type_define(struct skep *s, const struct skep_type *t, uint32_t *ret_type);

/* ---- using a map directly: no system call, any number of threads ---- */
struct skep_map;
/*
 * The map behind a descriptor of the subsystem, referenced: release it with skep_map_put(); the descriptor may be closed meanwhile. Returns
 * 0, -EBADF, -EINVAL (not a map).
 */
SKEP_API int skep_map_get(struct skep *s, int fd, struct skep_map **ret_map);
/* Release what skep_map_get() or skep_ops_get() gave. NULL is fine. */
SKEP_API void skep_map_put(struct skep_map *m);
/*
 * As BPF_MAP_LOOKUP_ELEM, _UPDATE_ELEM and _DELETE_ELEM, with their errors (-ENOENT, -EEXIST, -E2BIG, -ENOMEM, -EINVAL, -EBUSY). Keys and
 * values are the caller's, of the map's sizes. Values of per-CPU maps are as bpf(2) has them: one a possible CPU, each rounded up to
 * 8 bytes. Keys and values that are descriptors (maps of maps or programs, storages) go by bpf(2) alone: -ENOTSUPP, which is 524.
 */
SKEP_API int skep_map_lookup(struct skep_map *m, const void *key, void *value, uint64_t flags);
SKEP_API int skep_map_update(struct skep_map *m, const void *key, const void *value, uint64_t flags);
SKEP_API int skep_map_delete(struct skep_map *m, const void *key);
/*
 * As BPF_MAP_GET_NEXT_KEY: the key after `key` (NULL, or one that is not there: the first). Returns 0, -ENOENT at the end, or its other
 * errors.
 */
SKEP_API int skep_map_next_key(struct skep_map *m, const void *key, void *next_key);
/*
 * A struct_ops map that was updated: call the program of a member ("ssthresh") as the interface's owner does, with up to 12 arguments; its
 * result is in *ret. Returns 0, -ENOENT (the member has none), -EINVAL (not such a map; more arguments), -EOPNOTSUPP (as skep_prog_get()).
 */
SKEP_API int skep_ops_call(struct skep_map *m, const char *member, const uint64_t *args, uint32_t nargs, uint64_t *ret);
/* The table registered for an interface ("tcp_congestion_ops"), by a link or without; put it with skep_map_put(). Returns 0, -ENOENT: none is. */
SKEP_API int skep_ops_get(struct skep *s, const char *interface, struct skep_map **ret_map);

/* ---- attaching and firing ---- */
/*
 * Programs are attached with bpf(2) commands (skep_bpf_in: BPF_LINK_CREATE, BPF_PROG_ATTACH...) and perf events. In a subsystem made with
 * SKEP_F_FIRES the process is what makes events happen: it calls one of these where its own code passes. All are cheap when
 * nothing is attached, run programs in Linux's order with Linux's rules for results, and may be called by any thread.
 */
struct perf_event_attr;
/*
 * perf_event_open(2): a descriptor, to be closed by the caller, or its errors; and the ioctls of it (-ENOTTY: not a perf event of the
 * subsystem).
 */
SKEP_API int skep_perf_event_open_in(struct skep *s, struct perf_event_attr *attr, int pid, int cpu, int group_fd,
				     unsigned long flags);
SKEP_API int skep_perf_ioctl_in(struct skep *s, int fd, unsigned request, unsigned long arg);
/*
 * An eventfd that is readable when the ring of the perf event (or ring buffer map) behind `fd` got something. It is the object's, and
 * not to be closed. Else -EBADF, -EINVAL (neither of them), -EMFILE.
 */
SKEP_API int skep_wake_fd(struct skep *s, int fd);

/* Declare a tracepoint that programs attach to by name (BPF_RAW_TRACEPOINT_OPEN). Returns 0, -EEXIST, -EINVAL (of 128 bytes or more), -ENOMEM. */
SKEP_API int skep_tracepoint(struct skep *s, const char *name);
/* The tracepoint has happened, with up to 12 arguments (more are dropped). Also "sys_enter", "sched_process_exec" and so on; others are nothing. */
SKEP_API void skep_fire_tracepoint(struct skep *s, const char *name, const uint64_t *args, unsigned nargs);
/*
 * A packet at a device: attach_type BPF_XDP, BPF_TCX_INGRESS...; the verdict (XDP_PASS or TC_ACT_UNSPEC = -1 when nothing is attached). The
 * packet comes back as programs left it.
 */
SKEP_API int64_t skep_fire_packet(struct skep *s, uint32_t ifindex, uint32_t attach_type, struct skep_packet *pkt);
/*
 * A decision about a process of a cgroup (its path below the hierarchy's mount, "/" is the root): 0 or -errno. ctx is the structure of the
 * attach type's programs (struct bpf_sock_addr, bpf_sock, bpf_sockopt...), which they may change; NULL for none.
 */
SKEP_API int64_t skep_fire_cgroup(struct skep *s, const char *cgroup, uint32_t attach_type, void *ctx);
/* A security hook ("file_open"), with up to 12 arguments: 0 or the first program's refusal, -errno. */
SKEP_API int64_t skep_fire_lsm(struct skep *s, const char *hook, const uint64_t *args, unsigned nargs);

/*
 * Trust this certificate (PEM or DER), in all subsystems of the process: the system's rings of keys hold it (bpf_lookup_system_key(),
 * keyring_id 0 to 2 of BPF_PROG_LOAD). Rings of users are the kernel's. Returns 0, -EBADMSG (not a certificate), -ENOPKG (there is no
 * OpenSSL 3), -ENOMEM.
 */
SKEP_API int skep_trust(const void *cert, size_t size);

/* skep's own kernel types as BTF, for where the running kernel's cannot be read, for the caller to free(). Returns 0 or -ENOMEM. */
SKEP_API int skep_own_btf(void **ret_data, uint32_t *ret_size);

/* The library's, as in "0.1.0". */
SKEP_API const char *skep_version(void);

#ifdef __cplusplus
}
#endif
#endif
