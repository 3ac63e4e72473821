/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the kernel's objects by the addresses that stand for them (helper/handle.h): the fields of spec/kernel_field.def, of the
 * real process, file, socket... behind the address. Everything else is a bad address, never zeros.
 */
#ifndef SKEP_HELPER_KERNEL_OBJECT_H
#define SKEP_HELPER_KERNEL_OBJECT_H

#include "base/types.h"

struct btf;

/* Where the fields lie, by the types that programs of this process relocate against. The first that say so hold for all. */
void kernel_object_types(const struct btf *b);
/* 0 or -EFAULT: not an address of an object that is there, or not (all of) a field that is known. */
int kernel_object_read(void *dst, u64 addr, u32 size);

#endif
