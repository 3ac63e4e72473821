/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls with a path: those that mean something of the box are answered from files.c, all others go on to the kernel.
 *
 * Invariant: deciding that a path is not ours costs one read of the client's memory. (The kernel reads the path again: a client that
 * changes it meanwhile deceives only itself, by getting the kernel's file.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "box/decide.h"
#include "box/files.h"
#include "box/ours.h"
#include "box/priv.h"

#define BPF_FS 0xcafe4a11
#define TRACE_FS 0x74726163

static bool could_be_ours(const struct files *f, const char *path) { return path_could_be_ours(path, f->nmounts > 1); }

/* What accelerated clients go by. */
void paths_tell(struct box *b)
{
	bool all = b->files->nmounts > 1 || decides_open(b);

	if (b->page)
		__atomic_store_n(&b->page->all_stop, all, __ATOMIC_RELEASE);
}

/* A page of its own for the box: clients may read it. */
int paths_init(struct box *b)
{
	int fd = memfd_create("skep-box", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *page = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, 4096))
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED || fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	b->page = page;
	b->page_fd = fd;
	return 0;
}

s64 paths_page(struct notif *n)
{
	int fd = n->box->opts.enforce ? -1 : dup(n->box->page_fd);

	return fd < 0 ? -EOPNOTSUPP : notif_give(n, fd, true);
}

/*
 * The path argument, cleaned, if it may be ours: 0, BOX_PASS: let the kernel see to it, or BOX_SURE: ask again, and know who the client
 * is. What is not ours goes to the kernel, whoever it is.
 */
static s64 path_arg(struct notif *n, int i, char path[4096])
{
	if (client_string(n->client, path, n->args[i], 4096) < 0)
		return n->believed ? BOX_SURE : BOX_PASS;
	if (!could_be_ours(n->box->files, path))
		return BOX_PASS;
	if (!client_certain(n))
		return BOX_SURE;
	path_clean(path);
	return 0;
}

/* ---- opening ---- */
/* One copy of the path serves both: what is not ours programs may decide about. */
static s64 do_open(struct notif *n, int at, const struct open_call *o)
{
	char given[4096], path[4096];
	int fd = FILE_PASS, len = client_string(n->client, given, n->args[at], sizeof(given));

	if (n->believed && (len < 0 || could_be_ours(n->box->files, given) || decides_open(n->box)))
		return BOX_SURE;
	if (len < 0) /* memory that cannot be read now may be when the kernel looks */
		return decides_open(n->box) ? len : BOX_PASS;
	if (could_be_ours(n->box->files, given)) {
		memcpy(path, given, strlen(given) + 1);
		path_clean(path);
		fd = files_open(n, path, (int)o->flags & ~(O_CLOEXEC | O_NOFOLLOW | O_NOCTTY));
	}
	if (fd == FILE_PASS)
		return decide_open(n, given, o);
	return fd < 0 ? fd : notif_give(n, fd, o->flags & O_CLOEXEC);
}

s64 box_open(struct notif *n)
{
	return do_open(n, 0, &(struct open_call){ .dirfd = AT_FDCWD, .flags = (u32)n->args[1], .mode = n->args[2] });
}

s64 box_openat(struct notif *n)
{
	return do_open(n, 1, &(struct open_call){ .dirfd = (int)n->args[0], .flags = (u32)n->args[2], .mode = n->args[3] });
}

s64 box_openat2(struct notif *n)
{
	struct open_call o = { .dirfd = (int)n->args[0] };

	if (client_read(n->client, &o.flags, n->args[2], 3 * sizeof(u64)))
		return n->believed ? BOX_SURE : decides_open(n->box) ? -EFAULT : BOX_PASS;
	return do_open(n, 1, &o);
}

/* ---- looking ---- */
/* A descriptor to look at what the path argument names, or what to answer: BOX_PASS, BOX_SURE, -errno. */
static s64 look(struct notif *n, int at)
{
	char path[4096];
	s64 ret = path_arg(n, at, path);

	if (ret)
		return ret;
	ret = files_open(n, path, O_PATH);
	return ret == FILE_PASS ? BOX_PASS : ret;
}

static s64 do_stat(struct notif *n, int at, u64 out)
{
	s64 found = look(n, at);
	int fd = (int)found, err;
	struct stat st;

	if (found < 0 || found >= BOX_PASS)
		return found;
	err = fstat(fd, &st) ? -errno : 0;
	if (!err && S_ISREG(st.st_mode) && st.st_dev == n->box->dev)
		st.st_size = 0; /* a pin */
	close(fd);
	return err ? err : client_write(n->client, out, &st, sizeof(st));
}

s64 box_stat(struct notif *n) { return do_stat(n, 0, n->args[1]); }
s64 box_newfstatat(struct notif *n) { return do_stat(n, 1, n->args[2]); }

s64 box_statx(struct notif *n)
{
	s64 found = look(n, 1);
	int fd = (int)found, err;
	struct statx st;

	if (found < 0 || found >= BOX_PASS)
		return found;
	err = statx(fd, "", AT_EMPTY_PATH, (unsigned)n->args[3], &st) ? -errno : 0;
	if (!err && S_ISREG(st.stx_mode) && makedev(st.stx_dev_major, st.stx_dev_minor) == n->box->dev)
		st.stx_size = 0;
	close(fd);
	return err ? err : client_write(n->client, n->args[4], &st, sizeof(st));
}

/* What may be opened may be read; only directories and pins may be written to. */
static s64 do_access(struct notif *n, int at, int mode)
{
	s64 found = look(n, at);
	int fd = (int)found;
	struct stat st;

	if (found < 0 || found >= BOX_PASS)
		return found;
	if (fstat(fd, &st))
		st.st_mode = 0;
	close(fd);
	return (mode & W_OK && !(st.st_mode & 0222)) || (mode & X_OK && !(st.st_mode & 0111)) ? -EACCES : 0;
}

s64 box_access(struct notif *n) { return do_access(n, 0, (int)n->args[1]); }
s64 box_faccessat(struct notif *n) { return do_access(n, 1, (int)n->args[2]); }

static s64 put_statfs(struct notif *n, u64 out, long type)
{
	struct statfs st = { .f_type = type, .f_bsize = 4096, .f_namelen = 255, .f_frsize = 4096 };

	return client_write(n->client, out, &st, sizeof(st));
}

s64 box_statfs(struct notif *n)
{
	char path[4096], real[4096];
	int fd;

	if (path_arg(n, 0, path))
		return BOX_PASS;
	if (files_mounted(n->box, path, real, sizeof(real))) {
		struct stat st;

		return lstat(real, &st) ? -errno : put_statfs(n, n->args[1], BPF_FS);
	}
	if (strncmp(path, "/sys/kernel/tracing", 19) && strncmp(path, "/sys/kernel/debug/tracing", 25))
		return BOX_PASS;
	fd = files_open(n, path, O_PATH);
	if (fd == FILE_PASS)
		return BOX_PASS;
	if (fd < 0)
		return fd;
	close(fd);
	return put_statfs(n, n->args[1], TRACE_FS);
}

s64 box_fstatfs(struct notif *n)
{
	char link[40], path[4096];
	int fd = client_fd(n->client, (int)n->args[0]);
	size_t len = strlen(n->box->dir);
	ssize_t got;

	if (fd < 0)
		return BOX_PASS;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof(path) - 1);
	close(fd);
	path[got > 0 ? got : 0] = '\0';
	if (strncmp(path, n->box->dir, len) || strncmp(path + len, "/bpf", 4))
		return BOX_PASS;
	return put_statfs(n, n->args[1], BPF_FS);
}

/* ---- links of /proc: what a descriptor is ---- */
static const char *const object_link[OBJ_KINDS] = {
	[OBJ_MAP] = "anon_inode:bpf-map", [OBJ_PROG] = "anon_inode:bpf-prog", [OBJ_BTF] = "anon_inode:btf",
	[OBJ_LINK] = "anon_inode:bpf_link", [OBJ_STATS] = "anon_inode:bpf-stats",
};

static s64 do_readlink(struct notif *n, int at, u64 out, u64 size)
{
	char path[4096], who[32];
	const char *text = NULL;
	struct client *c;
	struct obj *o;
	s64 ret = path_arg(n, at, path);
	int fd = -1;

	if (ret)
		return ret;
	if (sscanf(path, "/proc/%31[^/]/fd/%d", who, &fd) != 2)
		return BOX_PASS;
	c = file_process(n, who);
	fd = c ? client_fd(c, fd) : -1;
	client_put(c);
	if (fd < 0)
		return BOX_PASS;
	if (!obj_by_fd(&n->box->skep->tab, fd, OBJ_NONE, &o, NULL)) {
		text = object_link[o->kind];
		obj_put(o);
	}
	close(fd);
	if (!text)
		return BOX_PASS;
	size = MIN(size, strlen(text));
	return client_write(n->client, out, text, size) ? -EFAULT : (s64)size;
}

s64 box_readlink(struct notif *n) { return do_readlink(n, 0, n->args[1], n->args[2]); }
s64 box_readlinkat(struct notif *n) { return do_readlink(n, 1, n->args[2], n->args[3]); }

/* ---- changing bpf file systems ---- */
static bool mounted_arg(struct notif *n, int at, char real[4096])
{
	char path[4096];

	return !path_arg(n, at, path) && files_mounted(n->box, path, real, 4096) == 1;
}

static s64 do_mkdir(struct notif *n, int at, mode_t mode)
{
	char real[4096];

	if (!mounted_arg(n, at, real))
		return decide_mkdir(n, at ? (int)n->args[0] : AT_FDCWD, at, mode);
	return mkdir(real, mode | 0700) ? -errno : 0;
}

s64 box_mkdir(struct notif *n) { return do_mkdir(n, 0, (mode_t)n->args[1]); }
s64 box_mkdirat(struct notif *n) { return do_mkdir(n, 1, (mode_t)n->args[2]); }

static s64 do_unlink(struct notif *n, int at, int flags)
{
	char real[4096];

	if (!mounted_arg(n, at, real))
		return decide_remove(n, at ? (int)n->args[0] : AT_FDCWD, at, flags);
	if (!pin_may_remove(n->box->skep, real, caller_known(notif_caller(n))))
		return -EPERM;
	if (unlinkat(AT_FDCWD, real, flags))
		return -errno;
	pin_sweep(n->box->skep);
	return 0;
}

/* Within a bpf file system a pin may get another name. */
static s64 do_rename(struct notif *n, int from, int to, u64 flags)
{
	char old[4096], new[4096];
	bool is_old = mounted_arg(n, from, old), is_new = mounted_arg(n, to, new);
	struct stat st;

	if (!is_old && !is_new)
		return decide_rename(n, (const int[2]){ from ? (int)n->args[0] : AT_FDCWD, from ? (int)n->args[2] : AT_FDCWD },
				     from, to, flags);
	if (!is_old || !is_new)
		return -EXDEV;
	if (flags & ~(u64)RENAME_NOREPLACE)
		return -EINVAL;
	if (flags && !lstat(new, &st))
		return -EEXIST;
	notif_caller(n);
	if (!pin_may_remove(n->box->skep, old, caller_known(&n->who)) || !pin_may_remove(n->box->skep, new, caller_known(&n->who)))
		return -EPERM;
	return pin_rename(n->box->skep, old, new);
}

s64 box_rename(struct notif *n) { return do_rename(n, 0, 1, 0); }
s64 box_renameat(struct notif *n) { return do_rename(n, 1, 3, n->nr == __NR_renameat2 ? n->args[4] : 0); }

/* Links lead out of the box's directories, or into them: there are none. */
static s64 do_link(struct notif *n, int from, int to)
{
	char path[4096];

	return (from >= 0 && mounted_arg(n, from, path)) || mounted_arg(n, to, path) ? -EACCES : BOX_PASS;
}

s64 box_link(struct notif *n) { return do_link(n, n->nr == __NR_link ? 0 : -1, 1); }
s64 box_linkat(struct notif *n) { return do_link(n, 1, 3); }
s64 box_symlinkat(struct notif *n) { return do_link(n, -1, 2); }

s64 box_unlink(struct notif *n) { return do_unlink(n, 0, 0); }
s64 box_rmdir(struct notif *n) { return do_unlink(n, 0, AT_REMOVEDIR); }
s64 box_unlinkat(struct notif *n) { return do_unlink(n, 1, (int)n->args[2]); }
