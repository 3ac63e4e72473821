/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures and errors: what pcap.c shares with the rest (libpcap's and the kernel's struct bpf_insn cannot meet). */
#ifndef SKEP_CLI_CAPTURE_H
#define SKEP_CLI_CAPTURE_H

#include "base/types.h"

/* Exit codes, the same for every verb. */
enum { EX_OK_ = 0, EX_NEGATIVE = 1, EX_USAGE_ = 2, EX_NOT_HERE = 3, EX_BAD_INPUT = 4, EX_INTERNAL = 5 };

/* One line on stderr: "skep VERB: what". Returns `code`. */
int cli_error(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct packet { u8 *data; u32 len, orig; u64 ts_ns; };
struct capture { struct packet *pkt; u32 n; int linktype; };
/* All packets of an Ethernet capture. Exit code, after its message. */
int capture_read(const char *path, struct capture *ret);
void capture_free(struct capture *c);
/* Write packets as a capture (little-endian, nanoseconds): exit code, after its message; an unfinished file is removed. */
int capture_write(const char *path, const struct capture *c);

#endif
