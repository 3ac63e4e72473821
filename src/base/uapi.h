/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's bpf(2) interface: the system's <linux/bpf.h>, plus what Linux 6.18 has and that header (Debian 12: 6.1)
 * lacks, as plain numbers and our own struct declarations. Facts of an interface, no text of the kernel.
 */
#ifndef SKEP_BASE_UAPI_H
#define SKEP_BASE_UAPI_H

#include <linux/bpf.h>
#include <linux/bpf_common.h>
#include <linux/btf.h>

#include "base/types.h"

/* A type or command that the header may lack gets its number under our own name when it is missing there. */
enum {
	UAPI_PROG_TYPE_NETFILTER = 32, UAPI_PROG_TYPES = 33,
	UAPI_MAP_TYPE_CGRP_STORAGE = 32, UAPI_MAP_TYPE_ARENA = 33, UAPI_MAP_TYPES = 34,
	UAPI_CMD_TOKEN_CREATE = 36, UAPI_CMD_PROG_STREAM_READ = 37, UAPI_CMDS = 38,
	UAPI_ATTACH_TYPES = 58,
	UAPI_LINK_TYPES = 15,
	UAPI_HELPERS = 212, /* helper ids 1..211 */
};

/* Flags of MAP_CREATE newer than the header. */
#define UAPI_F_LINK             (1u << 13)
#define UAPI_F_VTYPE_BTF_OBJ_FD (1u << 15)
#define UAPI_F_SEGV_ON_FAULT    (1u << 17)
#define UAPI_F_NO_USER_CONV     (1u << 18)

/* Instruction encodings newer than the header. */
#define UAPI_MEMSX     0x80 /* LDX mode: sign-extending load */
#define UAPI_PSEUDO_KFUNC_CALL 2

#endif
