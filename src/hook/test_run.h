/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN: a program run on input that the caller gives, for every type that has a context one can give.
 * Semantics are Linux's where Linux has them (net/bpf/test_run.c's errnos, sizes, defaults).
 */
#ifndef SKEP_HOOK_TEST_RUN_H
#define SKEP_HOOK_TEST_RUN_H

#include "prog/prog.h"

struct run_env;
struct hooks;
struct run_task;
struct test_run {
	/* in: buffers of the caller, already copied; NULL when their size is 0 */
	const void *data_in, *ctx_in;
	u32 data_size_in, ctx_size_in;
	bool has_data_in, has_data_out, has_ctx_in, has_ctx_out; /* the caller gave a pointer, whatever its size */
	u32 duration_in;                 /* what the caller left in the result field: some types refuse it */
	bool beyond;                     /* also run types that Linux's test run refuses */
	u32 repeat, flags, cpu, batch_size;
	/* what bpf_sys_bpf and bpf_sys_close do (helper/run_env.h); NULL: refused */
	s64 (*sys_bpf)(struct run_env *env, u32 cmd, void *attr, u32 size);
	s64 (*sys_close)(struct run_env *env, int fd);
	void *cookie;
	struct str *printk;              /* where bpf_printk goes; NULL: where that of fired programs goes */
	struct hooks *hooks;             /* which say that; NULL: it is discarded */
	const struct run_task *task;     /* who asked for it; NULL: the calling thread */
	/* out: malloc'ed by test_run, freed by the caller */
	void *data_out, *ctx_out;
	u32 data_size_out, ctx_size_out;
	bool ctx_back;                   /* ctx_out goes back to where ctx_in came from (syscall programs) */
	bool only_retval;                /* the type reports nothing else */
	u32 retval, duration;            /* duration: mean ns per run */
	bool stopped;                    /* a run used up its budget (-ETIME) */
	const char *why;                 /* on failure, in words */
};

/* 0, -EINVAL, -ENOMEM, -EFAULT, -ENOTSUPP when the type cannot be test-run, ... */
int prog_test_run(struct prog *p, const struct btf *kernel_btf, struct test_run *t);

#endif
