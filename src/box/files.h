/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that are served: files.def, and directories that stand for mounted bpf file systems. */
#ifndef SKEP_BOX_FILES_H
#define SKEP_BOX_FILES_H

#include <errno.h>
#include <sys/stat.h>

#include "box/box.h"

/* What the stars of a pattern stood for. */
struct match { char star[4][128]; };
/* Let the kernel do it, after all: no error that anything here makes. */
#define FILE_PASS (-EXFULL)

/* Where bpf file systems are, for clients: `at`, backed by the directory `dir`. */
struct mount {
	struct mount *next;
	char *at, *dir;
};
struct files {
	pthread_mutex_t lock;
	struct mount *mounts;
	u32 nmounts;
	char root[64];   /* where supervisor paths of clients begin; "" */
};

/* The path as the box has it: 1 and the real path when it lies in a bpf file system, 0 when not. `path` is absolute. */
int files_mounted(struct box *b, const char *path, char *out, size_t size);
/* Without "//", "/./" and "/../"; in place. Absolute paths. */
void path_clean(char *path);

/*
 * Open what a client calls `path`: a descriptor of ours, -errno, or FILE_PASS. `flags` as open(2); O_PATH: to look at only.
 */
int files_open(struct notif *n, const char *path, int flags);
/* See that a directory of the box shows what it should. */
void files_fill(struct box *b, const char *dir, const char *below);

/* A sealed memfd with this contents, opened for reading: descriptor or -errno. */
int file_of_text(const char *name, const char *text, size_t n);
/* Text of one of the kernel's files, or `other` when it cannot be read. */
void file_kernel_text(const char *path, const char *other, struct str *out);
/* The process a /proc/NAME of the caller means ("self", "123"); a client, referenced, or NULL. */
struct client *file_process(struct notif *n, const char *name);

#define TEXT(pattern, fn) int file_##fn(struct notif *n, const struct match *m, struct str *out);
#define FILE(pattern, fn) int file_##fn(struct notif *n, const struct match *m, int flags);
#define TREE(pattern, dir)
#include "box/files.def"

#endif
