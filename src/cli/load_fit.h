/* SPDX-License-Identifier: BSD-2-Clause */
/* What load.c needs of load_fit.c; the rest is in cli.h. */
#ifndef SKEP_CLI_LOAD_FIT_H
#define SKEP_CLI_LOAD_FIT_H

#include <bpf/libbpf.h>

#include "base/types.h"

/* "TYPE" or "TYPE:ATTACH" for programs whose section says nothing; false: no such type. */
bool fit_type(const char *name);
/* NULL with errno and libbpf's messages. */
const char *fit_unsound(void); /* why the last object was not even given to libbpf; "": it was */
struct bpf_object *fit_open(const char *path, const char *core_btf);
/* bpf(2) of libbpf passes here: before BPF_PROG_LOAD and BPF_MAP_CREATE, and after every call. */
void fit_prog_load(union bpf_attr *attr);
void fit_map_create(union bpf_attr *attr);
void fit_called(u32 cmd, const union bpf_attr *attr, long ret, const char *why);

#endif
