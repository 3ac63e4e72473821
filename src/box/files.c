/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a client's path to an open file: rows of files.def, and bpf file systems, which are directories of the box (pins are marker
 * files there, sys/pin.c).
 *
 * Invariant: what is opened for a client lies in the box's directory or was made here; names are taken apart without following links.
 */
#include "box/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box/priv.h"

enum file_kind { KIND_TEXT, KIND_FILE, KIND_TREE };
struct row {
	const char *pattern;
	enum file_kind kind;
	int (*text)(struct notif *n, const struct match *m, struct str *out);
	int (*open)(struct notif *n, const struct match *m, int flags);
	const char *dir;
};
static const struct row rows[] = {
#define TEXT(p, fn) { .pattern = p, .kind = KIND_TEXT, .text = file_##fn },
#define FILE(p, fn) { .pattern = p, .kind = KIND_FILE, .open = file_##fn },
#define TREE(p, d) { .pattern = p, .kind = KIND_TREE, .dir = d },
#include "box/files.def"
};

void path_clean(char *path)
{
	char *to = path;

	for (const char *p = path; *p;) {
		size_t n;

		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		if (!n)
			break;
		if (n == 2 && !strncmp(p, "..", 2)) {
			while (to > path && *--to != '/')
				;
		} else if (n != 1 || *p != '.') {
			*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* Does the path fit? What follows a pattern's end is allowed for trees only. */
static bool fits(const struct row *r, const char *path, struct match *m)
{
	const char *p = r->pattern;
	u32 star = 0;

	while (*p && *path) {
		if (*p == '*') {
			size_t n = strcspn(path, "/");

			if (!n || n >= sizeof(m->star[0]) || star >= ARRAY_SIZE(m->star))
				return false;
			memcpy(m->star[star], path, n);
			m->star[star++][n] = '\0';
			path += n;
			p++;
		} else if (*p++ != *path++) {
			return false;
		}
	}
	return !*p && (!*path || (r->kind == KIND_TREE && *path == '/'));
}

int file_of_text(const char *name, const char *text, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), out;
	char path[40];

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < n;) {
		ssize_t got = write(fd, text + at, n - at);

		if (got <= 0) {
			close(fd);
			return -ENOMEM;
		}
		at += (size_t)got;
	}
	fchmod(fd, 0444);
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_RDONLY | O_CLOEXEC);
	if (out < 0)
		out = -errno;
	close(fd);
	return out;
}

void file_kernel_text(const char *path, const char *other, struct str *out)
{
	char part[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	bool any = false;

	while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0) {
		str_putn(out, part, (size_t)n);
		any = true;
	}
	if (fd >= 0)
		close(fd);
	if (!any && other)
		str_puts(out, other);
}

struct client *file_process(struct notif *n, const char *name)
{
	struct client *c = NULL;
	char *end;
	long pid;

	if (!strcmp(name, "self") || !strcmp(name, "thread-self"))
		return client_get(n->client);
	pid = strtol(name, &end, 10);
	if (*end || pid <= 0)
		return NULL;
	pthread_mutex_lock(&n->box->lock);
	for (c = n->box->clients[(u32)pid % BOX_CLIENTS]; c && c->pid != pid; c = c->next)
		;
	if (c)
		client_get(c);
	pthread_mutex_unlock(&n->box->lock);
	return c;
}

/* ---- bpf file systems ---- */
static struct mount *mount_of(struct files *f, const char *path)
{
	struct mount *best = NULL;

	for (struct mount *m = f->mounts; m; m = m->next) {
		size_t len = strlen(m->at);

		if (!strncmp(path, m->at, len) && (path[len] == '/' || !path[len]) && (!best || len > strlen(best->at)))
			best = m;
	}
	return best;
}

int files_mounted(struct box *b, const char *path, char *out, size_t size)
{
	struct files *f = b->files;
	struct mount *m;
	int ret = 0;

	pthread_mutex_lock(&f->lock);
	m = mount_of(f, path);
	if (m)
		ret = snprintf(out, size, "%s%s", m->dir, path + strlen(m->at)) < (int)size ? 1 : -ENAMETOOLONG;
	pthread_mutex_unlock(&f->lock);
	return ret;
}

static int add_mount(struct box *b, const char *at, const char *dir)
{
	struct mount *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->at = strdup(at);
	m->dir = strdup(dir);
	if (!m->at || !m->dir) {
		free(m->at);
		free(m->dir);
		free(m);
		return -ENOMEM;
	}
	pthread_mutex_lock(&b->files->lock);
	m->next = b->files->mounts;
	b->files->mounts = m;
	b->files->nmounts++;
	pthread_mutex_unlock(&b->files->lock);
	paths_tell(b);
	return 0;
}

int files_init(struct box *b)
{
	char dir[400];

	b->files = calloc(1, sizeof(*b->files));
	if (!b->files)
		return -ENOMEM;
	pthread_mutex_init(&b->files->lock, NULL);
	snprintf(dir, sizeof(dir), "%s/bpf", b->dir);
	return add_mount(b, "/sys/fs/bpf", dir);
}

/* mount("...", "/dir", "bpf"): one more bpf file system. Every other mount is the kernel's business. */
s64 box_mount(struct notif *n)
{
	char type[16], at[4096], dir[400];
	int err;

	if (!n->args[2] || client_string(n->client, type, n->args[2], sizeof(type)) < 0 || strcmp(type, "bpf"))
		return BOX_PASS;
	err = notif_path(n, -1, 1, at, sizeof(at));
	if (err)
		return err;
	path_clean(at);
	if (!n->box->opts.caps)
		return -EPERM;
	snprintf(dir, sizeof(dir), "%s/bpf-%u", n->box->dir, n->box->files->nmounts);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return add_mount(n->box, at, dir);
}

s64 box_umount(struct notif *n)
{
	struct files *f = n->box->files;
	char at[4096];
	struct mount **p, *m;

	if (notif_path(n, -1, 0, at, sizeof(at)))
		return BOX_PASS;
	path_clean(at);
	pthread_mutex_lock(&f->lock);
	for (p = &f->mounts; *p && strcmp((*p)->at, at); p = &(*p)->next)
		;
	m = *p;
	if (m)
		*p = m->next;
	pthread_mutex_unlock(&f->lock);
	if (!m)
		return BOX_PASS;
	free(m->at);
	free(m->dir);
	free(m);
	return 0;
}

/* ---- opening ---- */
/* Nothing in the box's directories may lead out of them. */
static int open_inside(const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (u32)flags | O_CLOEXEC, .mode = flags & O_CREAT ? mode & 07777 : 0,
				.resolve = RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Files below are pins: they hold no bytes to read. */
static int open_mounted(const char *real, int flags)
{
	struct stat st;

	if (!lstat(real, &st) && !S_ISDIR(st.st_mode) && !(flags & O_PATH))
		return -EIO;
	if (flags & O_CREAT)
		return -EPERM;
	return open_inside(real, flags, 0);
}

/* A directory of the box; what it shows is made when it is looked into. */
static int open_tree(struct notif *n, const struct row *r, const char *path, int flags)
{
	char real[4096];

	if (snprintf(real, sizeof(real), "%s/%s%s", n->box->dir, r->dir, path + strlen(r->pattern)) >= (int)sizeof(real))
		return -ENAMETOOLONG;
	files_fill(n->box, r->dir, path + strlen(r->pattern));
	if (flags & O_CREAT)
		return -EPERM;
	return open_inside(real, flags, 0);
}

static int open_row(struct notif *n, const struct row *r, const struct match *m, const char *path, int flags)
{
	struct str text = { 0 };
	int ret;

	switch (r->kind) {
	case KIND_TEXT:
		ret = r->text(n, m, &text);
		if (!ret && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH))
			ret = -EACCES;
		if (!ret)
			ret = file_of_text(strrchr(r->pattern, '/') + 1, str_text(&text), text.len);
		str_free(&text);
		return ret;
	case KIND_FILE:
		return r->open(n, m, flags);
	case KIND_TREE:
		return open_tree(n, r, path, flags);
	}
	return FILE_PASS;
}

int files_open(struct notif *n, const char *path, int flags)
{
	char real[4096];
	struct match m;
	int ret = files_mounted(n->box, path, real, sizeof(real));

	if (ret < 0)
		return ret;
	if (ret)
		return open_mounted(real, flags);
	if (!strncmp(path, "/sys/kernel/debug/tracing", 25)) { /* the same by its old name */
		snprintf(real, sizeof(real), "/sys/kernel%.4000s", path + 17);
		path = real;
	}
	ret = FILE_PASS;
	for (u32 i = 0; i < ARRAY_SIZE(rows) && ret == FILE_PASS; i++)
		if (fits(&rows[i], path, &m))
			ret = open_row(n, &rows[i], &m, path, flags);
	return ret;
}
