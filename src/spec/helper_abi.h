/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds of helper arguments, and the prototypes of helper bodies made from them: what the verifier asks (AK_) and what C type
 * the body gets (CT_) stand side by side, here only. Every body also gets the run it belongs to, as its last argument.
 */
#ifndef SKEP_SPEC_HELPER_ABI_H
#define SKEP_SPEC_HELPER_ABI_H

#include "base/types.h"

struct map;
struct run;

#define AK_ANY           .kind = ARG_ANYTHING
#define CT_ANY           u64
#define AK_CTX           .kind = ARG_CTX
#define CT_CTX           void *
#define AK_CTX_NULL      .kind = ARG_CTX, .flags = AF_NULL
#define CT_CTX_NULL      void *
#define AK_MAP(f)        .kind = ARG_MAP, .map_need = MH_##f
#define CT_MAP(f)        struct map *
#define AK_KEY           .kind = ARG_MAP_KEY
#define CT_KEY           const void *
#define AK_VALUE         .kind = ARG_MAP_VALUE
#define CT_VALUE         const void *
#define AK_VALUE_NULL    .kind = ARG_MAP_VALUE, .flags = AF_NULL
#define CT_VALUE_NULL    const void *
#define AK_VALUE_OUT     .kind = ARG_MAP_VALUE, .flags = AF_UNINIT | AF_WRITE
#define CT_VALUE_OUT     void *
#define AK_RD            .kind = ARG_MEM, .flags = AF_RDONLY
#define CT_RD            const void *
#define AK_RD_NULL       .kind = ARG_MEM, .flags = AF_RDONLY | AF_NULL
#define CT_RD_NULL       const void *
#define AK_WR            .kind = ARG_MEM, .flags = AF_WRITE
#define CT_WR            void *
#define AK_WR_NULL       .kind = ARG_MEM, .flags = AF_WRITE | AF_NULL
#define CT_WR_NULL       void *
#define AK_OUT           .kind = ARG_MEM, .flags = AF_UNINIT | AF_WRITE
#define CT_OUT           void *
#define AK_FIX_RD(n)     .kind = ARG_MEM, .flags = AF_FIXED | AF_RDONLY, .fixed = (n)
#define CT_FIX_RD(n)     const void *
#define AK_FIX_WR(n)     .kind = ARG_MEM, .flags = AF_FIXED | AF_WRITE | AF_ALIGNED, .fixed = (n)
#define CT_FIX_WR(n)     void *
#define AK_FIX_OUT(n)    .kind = ARG_MEM, .flags = AF_FIXED | AF_UNINIT | AF_WRITE | AF_ALIGNED, .fixed = (n)
#define CT_FIX_OUT(n)    void *
#define AK_SIZE          .kind = ARG_SIZE
#define CT_SIZE          u64
#define AK_SIZE0         .kind = ARG_SIZE0
#define CT_SIZE0         u64
#define AK_ALLOC         .kind = ARG_ALLOC_SIZE
#define CT_ALLOC         u64
#define AK_LOCK          .kind = ARG_SPIN_LOCK
#define CT_LOCK          void *
#define AK_TIMER         .kind = ARG_TIMER
#define CT_TIMER         void *
#define AK_KPTR          .kind = ARG_KPTR
#define CT_KPTR          void *
#define AK_KPTR_NEW      .kind = ARG_BTF, .flags = AF_NULL | AF_RELEASE
#define CT_KPTR_NEW      void *
#define AK_SOCK          .kind = ARG_SOCK_COMMON
#define CT_SOCK          void *
#define AK_SOCKET_NULL   .kind = ARG_SOCKET, .flags = AF_NULL
#define CT_SOCKET_NULL   void *
#define AK_BTF_SOCK      .kind = ARG_BTF_SOCK_COMMON
#define CT_BTF_SOCK      void *
#define AK_BTF_SOCK_NULL .kind = ARG_BTF_SOCK_COMMON, .flags = AF_NULL
#define CT_BTF_SOCK_NULL void *
#define AK_BTF_SOCK_END  .kind = ARG_BTF_SOCK_COMMON, .flags = AF_RELEASE
#define CT_BTF_SOCK_END  void *
#define AK_BTF(t)        .kind = ARG_BTF, .btf_type = #t
#define CT_BTF(t)        void *
#define AK_BTF_NULL(t)   .kind = ARG_BTF, .flags = AF_NULL, .btf_type = #t
#define CT_BTF_NULL(t)   void *
#define AK_PERCPU        .kind = ARG_PERCPU_BTF
#define CT_PERCPU        void *
#define AK_RINGMEM       .kind = ARG_RINGBUF_MEM, .flags = AF_RELEASE
#define CT_RINGMEM       void *
#define AK_FUNC          .kind = ARG_FUNC
#define CT_FUNC          u64
#define AK_CBCTX         .kind = ARG_STACK_OR_NULL_CTX
#define CT_CBCTX         void *
#define AK_STR           .kind = ARG_CONST_STR
#define CT_STR           const char *
#define AK_DYN           .kind = ARG_DYNPTR, .flags = AF_RDONLY
#define CT_DYN           void *
#define AK_DYN_NEW(k)    .kind = ARG_DYNPTR, .flags = AF_DYN_##k | AF_UNINIT | AF_WRITE
#define CT_DYN_NEW(k)    void *
#define AK_DYN_END(k)    .kind = ARG_DYNPTR, .flags = AF_DYN_##k | AF_RELEASE
#define CT_DYN_END(k)    void *

/* Prototypes of the bodies: u64 helper_NAME(arguments, struct run *). */
#define H0(id, n, r, ...) u64 helper_##n(struct run *run);
#define H1(id, n, r, T1, a1, ...) u64 helper_##n(CT_##T1 a1, struct run *run);
#define H2(id, n, r, T1, a1, T2, a2, ...) u64 helper_##n(CT_##T1 a1, CT_##T2 a2, struct run *run);
#define H3(id, n, r, T1, a1, T2, a2, T3, a3, ...)                                                      \
	u64 helper_##n(CT_##T1 a1, CT_##T2 a2, CT_##T3 a3, struct run *run);
#define H4(id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, ...)                                              \
	u64 helper_##n(CT_##T1 a1, CT_##T2 a2, CT_##T3 a3, CT_##T4 a4, struct run *run);
#define H5(id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, ...)                                      \
	u64 helper_##n(CT_##T1 a1, CT_##T2 a2, CT_##T3 a3, CT_##T4 a4, CT_##T5 a5, struct run *run);
#include "spec/helper.def"

/* Bodies as engines call them, five registers and the run: expand helper.def with these as H0..H5. */
#define HELPER_REGS u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run
#define HELPER_SHIM0(id, n, r, ...)                                                                    \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		(void)r1; (void)r2; (void)r3; (void)r4; (void)r5;                                      \
		return helper_##n(run);                                                                \
	}
#define HELPER_SHIM1(id, n, r, T1, a1, ...)                                                            \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		(void)r2; (void)r3; (void)r4; (void)r5;                                                \
		return helper_##n((CT_##T1)r1, run);                                                   \
	}
#define HELPER_SHIM2(id, n, r, T1, a1, T2, a2, ...)                                                    \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		(void)r3; (void)r4; (void)r5;                                                          \
		return helper_##n((CT_##T1)r1, (CT_##T2)r2, run);                                      \
	}
#define HELPER_SHIM3(id, n, r, T1, a1, T2, a2, T3, a3, ...)                                            \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		(void)r4; (void)r5;                                                                    \
		return helper_##n((CT_##T1)r1, (CT_##T2)r2, (CT_##T3)r3, run);                         \
	}
#define HELPER_SHIM4(id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, ...)                                    \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		(void)r5;                                                                              \
		return helper_##n((CT_##T1)r1, (CT_##T2)r2, (CT_##T3)r3, (CT_##T4)r4, run);            \
	}
#define HELPER_SHIM5(id, n, r, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, ...)                            \
	static u64 shim_##n(HELPER_REGS)                                                               \
	{                                                                                              \
		return helper_##n((CT_##T1)r1, (CT_##T2)r2, (CT_##T3)r3, (CT_##T4)r4, (CT_##T5)r5, run);\
	}

#endif
