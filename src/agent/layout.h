/* SPDX-License-Identifier: BSD-2-Clause */
/* Places in structures that assembly code knows: plain numbers, checked against the C declarations where those are. */
#ifndef SKEP_AGENT_LAYOUT_H
#define SKEP_AGENT_LAYOUT_H

#define AGENT_MAGIC     0x676b7370 /* "pskg" */
#define AGENT_REGS_SIZE 168

#define THREAD_FS       8
#define THREAD_BUSY     16
#define THREAD_SP       24
#define THREAD_TOP      32
#define THREAD_RA       40
#define THREAD_FLAGS    48
#define THREAD_REGS     56

#define AT_R15 (THREAD_REGS + 0)
#define AT_R14 (THREAD_REGS + 8)
#define AT_R13 (THREAD_REGS + 16)
#define AT_R12 (THREAD_REGS + 24)
#define AT_BP  (THREAD_REGS + 32)
#define AT_BX  (THREAD_REGS + 40)
#define AT_R11 (THREAD_REGS + 48)
#define AT_R10 (THREAD_REGS + 56)
#define AT_R9  (THREAD_REGS + 64)
#define AT_R8  (THREAD_REGS + 72)
#define AT_AX  (THREAD_REGS + 80)
#define AT_CX  (THREAD_REGS + 88)
#define AT_DX  (THREAD_REGS + 96)
#define AT_SI  (THREAD_REGS + 104)
#define AT_DI  (THREAD_REGS + 112)
#define AT_ORIG_AX (THREAD_REGS + 120)
#define AT_IP  (THREAD_REGS + 128)
#define AT_CS  (THREAD_REGS + 136)
#define AT_FL  (THREAD_REGS + 144)
#define AT_SP  (THREAD_REGS + 152)
#define AT_SS  (THREAD_REGS + 160)

#define THREAD_STRAYS  224        /* counts to 256 */
#define THREAD_SINCE   232

/* struct agent_site, struct agent_ref, struct agent_head, struct agent_self, struct agent_sys */
#define SITE_ADDR 0
#define SITE_BARE 8
#define REF_ENTRY 0
#define REF_PID 8
#define REF_READS 56
#define HEAD_SELF 32
#define HEAD_SYS 40
#define HEAD_EXEC 108
#define HEAD_UNWINDS 112
#define HEAD_VFORKS 116
#define SELF_PID 8
#define SYS_BARE 0
#define SYS_MAX 512
#define RECORD_SIZE 64

/* Stubs of the net (net.c): how many, their sizes, where their system call's result is. */
#define NET_STUBS     128
#define NET_STUB_SIZE 64
#define NET_AFTER     38

/* Blocks by the 64 kilobytes where a stack pointer is. */
#define NEAR_SHIFT 16
#define NEAR_MULT  0x9e3779b1
#define NEAR_BITS  8

/* What a trampoline leaves below the probed code's stack: its red zone, and what is pushed. */
#define TRAMP_SKIP 128
/* And a thunk below that: what C may change, rbx and rbp. */
#define THUNK_FRAME 88
/* From the return address of the trampoline's call back to the word that says which site it is. */
#define AGENT_SITE_WORD 20

#endif
