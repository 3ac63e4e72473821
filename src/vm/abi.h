/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every engine and every helper agrees on: an executable image, and one run of it.
 *
 * Invariant: nothing here uses thread-local storage or a C library; a run is described by its struct run alone, which is
 * passed to every helper as its last (sixth) argument. Images are immutable once published.
 */
#ifndef SKEP_VM_ABI_H
#define SKEP_VM_ABI_H

#include "isa/isa.h"

struct run;
struct image;
struct map;

/* A helper or kfunc: five argument registers and the run. */
typedef u64 (*helper_fn)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

/* One BPF function of an image. */
struct image_sub {
	u32 start, end;   /* in image->ops */
	u32 stack;        /* bytes of stack it uses, multiple of 8 (16 in compiled code) */
	void *jit;        /* compiled entry with BPF's calling convention (r1-r5 in the target's registers), or NULL */
	bool callback;    /* its address is taken */
	bool exception_cb;
	bool tail_call_reachable;
};

/*
 * A program ready to run. `ops` are lowered: contexts, maps and calls hold native offsets and addresses. Owned by
 * struct prog; freed with it, after every run and every prog_array slot is gone.
 */
struct image {
	const struct ins *ops;
	u32 n;
	const struct image_sub *sub;
	u32 nsubs;
	u32 exception_sub;      /* index of the exception callback, ~0: none */
	bool throws;            /* it uses bpf_throw */
	bool may_throw;         /* so it does, or has a budget: runs set up a landing */
	bool may_tail_call;
	bool whole_index;       /* loaded without CAP_PERFMON: all 64 bits of a tail call's index count, else the low half */
	u64 (*entry)(void *ctx, struct run *run);  /* how to run it: compiled code, or vm_exec through a thunk */
	bool bare;              /* compiled, and needs no run: entry(ctx, NULL) will do */
	u64 (*tail)(void *ctx, struct run *run);   /* the same when it is tail called: entry, or run_landed */
	void *hop;              /* the same for a caller that is compiled: its compiler knows what is in place then (jit.h) */
	/* compiled code: calls sub with r1-r5 from outside an image (callbacks). NULL: interpreted */
	u64 (*jit_call)(void *sub, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);
	const void *code;       /* compiled bytes, for dumps; code_size */
	u32 code_size;
	const u32 *code_off;    /* compiled offset of each op, for dumps and line tables; n + 1 entries, or NULL */
	void *prog;             /* struct prog *, opaque here */
	struct streams *streams; /* its output (helper/stream.h); NULL: nobody can read any */
	u64 budget;             /* ns that a run may take, 0: any time; its operations then hold polls */
};

/* An exception unwinds to the frame that started the run. */
struct run_exit;

#define RUN_MAX_TAIL_CALLS 33
/*
 * may_goto: a frame's loops may go on for a quarter of a second; the clock is looked at every so many times. Kept in the
 * frame: the compiler knows the layout.
 */
#define RUN_LOOPS 0xffffu
#define RUN_LOOPS_NS 250000000ull
struct run_loops {
	u32 left;   /* 0: no more */
	u64 since;  /* 0: the clock was not looked at yet */
};
#define RUN_HELD 32
struct run;
struct run_held {
	void (*drop)(struct run *run, u64 what);
	u64 what;
};
/*
 * The deepest chain: 33 subprograms that tail call, below each of which the callers have used 256 bytes at most, and one
 * program of 512; and the interpreter's record of each of the frames.
 */
#define RUN_STACK (33 * 256 + 512 + 256 * 80)

struct run {
	const struct image *image;  /* running now; a tail call changes it */
	void *ctx;                  /* native context */
	u32 tail_left;              /* tail calls that may be made yet in this run, over all frames */
	u32 frames;                 /* open BPF frames in the interpreter */
	u8 *stack_top;              /* interpreter: end of free stack; grows down */
	struct run_exit *unwind;    /* innermost landing for exceptions, or NULL */
	u64 cookie;                 /* bpf_get_attach_cookie */
	s64 polls;                  /* programs with a budget: left until the clock is looked at */
	u64 poll_every, polled, deadline; /* so many then; when that was last, 0: not yet; when the run is to end */
	bool stopped;               /* the budget is used up: the run unwinds, or has */
	u32 nheld, unheld;          /* of held[]; what found no room there */
	struct run_env *env;        /* services of whoever runs the program (helper/run_env.h); never NULL */
	u32 cpu;                    /* lane of per-CPU maps */
	u32 prog_type;
	u8 redirect_kind;           /* what bpf_redirect* decided */
	u32 redirect_ifindex, redirect_flags;
	struct map *redirect_map;
	u64 redirect_key;
	u64 retval;                 /* bpf_set_retval / get_retval of cgroup programs */
	u64 scratch[8];             /* for helpers that return small memory */
	u8 stack[RUN_STACK] __attribute__((aligned(64))); /* interpreter frames */
	struct run_held held[RUN_HELD]; /* programs with a budget: what is to be given back if the run is stopped */
};

/* ---- services of vm/run.c ---- */
/* Prepare a run on stack memory: everything but `env` zero or default. */
void run_init(struct run *r, const struct image *img, struct run_env *env);
/* Run from the start with the native context; returns r0. Usable on any image, compiled or not. */
u64 run_image(struct run *r, void *ctx);
/* The same with a landing in any case: for programs whose tail calls go to entries. */
u64 run_image_landed(struct run *r, void *ctx);
/* Entry of programs that need a landing: r->image is it, the caller's frame is gone, and the caller may not have set one. */
u64 run_landed(void *ctx, struct run *r);
/* The interpreter, whatever the image offers. */
u64 vm_exec(void *ctx, struct run *r);
/*
 * Call a BPF function of the running image from a helper (callbacks). `handle` is what LD_FUNC put into the register.
 * Returns its r0.
 */
u64 run_callback(struct run *r, u64 handle, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5);
/*
 * The tail call of all engines: the image to continue with, or NULL when index, slot or count say no (then the program goes on).
 * Counts the call. map is a prog array; implemented through prog_array_get, given at link time by map/.
 */
const struct image *run_tail_call(struct run *r, struct map *prog_array, u64 index);
/* map/prog.c: the image in a slot, or NULL. Lock-free. */
const struct image *prog_array_image(struct map *prog_array, u32 index);
/* Operation POLL when run->polls is used up: returns, or the run ends with 0 and `stopped`. */
void run_poll(struct run *r);
/* The program holds something that `drop` gives back; and does no more: 0 is nothing. */
void run_hold(struct run *r, void (*drop)(struct run *run, u64 what), u64 what);
void run_unhold(struct run *r, u64 what);
/* Operation MAY_GOTO when l->left has come to 0: sets it anew if there is time left. */
void run_may_goto(struct run_loops *l);
/* bpf_throw: does not return to the program. */
void run_throw(struct run *r, u64 cookie) __attribute__((noreturn));
/* Guarded memory access for addresses a program computed: 0, or -EFAULT; never faults. `size` any. */
int probe_read(void *dst, u64 addr, u32 size);
/* Reads what stands for kernel memory, in the upper half of addresses; NULL: nothing does. 0 or -EFAULT. */
extern int (*probe_virtual)(void *dst, u64 addr, u32 size);
int probe_write(u64 addr, const void *src, u32 size);

#endif
