/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins: names that keep objects alive, in place of bpffs.
 *
 * A pin is a symbolic name in this subsystem; a marker file in the pin directory shows it to people and makes paths behave
 * (existence, parent directories, permissions, unlink). A path below /sys/fs/bpf means the same path below the pin directory.
 * Invariant: a pin is valid while its marker file exists, and the marker is locked while its process lives: one that can be
 * locked was left behind. Unlinking the marker drops the object.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys.h"

#define BPFFS "/sys/fs/bpf"

struct pin {
	struct pin *next;
	struct obj *obj; /* referenced */
	int fd;          /* the marker, locked */
	u32 uid;         /* whose it is: nobody else but root gets at it */
	char path[];
};
struct pins {
	struct pin *list;
};

static char *default_dir(void)
{
	const char *dir = getenv("SKEP_PIN_DIR"), *run = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];

	if (dir && *dir)
		return strdup(dir);
	if (run && *run)
		snprintf(path, sizeof(path), "%s/skep", run);
	else
		snprintf(path, sizeof(path), "/tmp/skep-%u", (unsigned)getuid());
	return strdup(path);
}

int pin_init(struct skep *s)
{
	if (!s->pin_dir)
		s->pin_dir = default_dir();
	s->pins = calloc(1, sizeof(*s->pins));
	return s->pin_dir && s->pins ? 0 : -ENOMEM;
}

void pin_destroy(struct skep *s)
{
	struct pin *p = s->pins ? s->pins->list : NULL;

	while (p) {
		struct pin *next = p->next;
		unlink(p->path); /* the object dies with the subsystem: leave no dead name behind */
		close(p->fd);
		obj_unpin(p->obj);
		free(p);
		p = next;
	}
	rmdir(s->pin_dir); /* when nothing else is in it */
	free(s->pins);
	free(s->pin_dir);
}

/* The directory of pins is made by who is first to pin, often in a place where others may make one of that name. */
static bool own_dir(const char *dir)
{
	struct stat st;

	return strncmp(dir, "/tmp/", 5) || (mkdir(dir, 0700) && errno != EEXIST) ||
	       (!lstat(dir, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid());
}

static void make_dirs(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

/* The marker's path for a client's path. */
static int map_path(struct call *c, const char *path, char out[PATH_MAX])
{
	size_t n = strlen(BPFFS);
	int len;

	if (!strncmp(path, BPFFS, n) && (path[n] == '/' || !path[n]))
		len = snprintf(out, PATH_MAX, "%s%s", c->s->pin_dir, path + n);
	else
		len = snprintf(out, PATH_MAX, "%s", path);
	return len < 0 || len >= PATH_MAX ? call_fail(c, -ENAMETOOLONG, "path is too long") : 0;
}

/* Under s->lock. Pins whose marker was unlinked are dropped on the way. */
static struct pin *find(struct skep *s, const char *path)
{
	struct pin **p = &s->pins->list, *hit = NULL;

	while (*p) {
		struct pin *it = *p;
		struct stat st;
		if (lstat(it->path, &st) && errno == ENOENT) {
			*p = it->next;
			close(it->fd);
			obj_unpin(it->obj);
			free(it);
			continue;
		}
		if (!strcmp(it->path, path))
			hit = it;
		p = &it->next;
	}
	return hit;
}

void pin_sweep(struct skep *s)
{
	pthread_mutex_lock(&s->lock);
	find(s, "");
	pthread_mutex_unlock(&s->lock);
}

static bool may_use(const struct pin *p, const struct caller *w)
{
	return !w->uid || w->uid == p->uid || w->caps & CAPB_SYS_ADMIN;
}

bool pin_may_remove(struct skep *s, const char *path, const struct caller *w)
{
	size_t n = strlen(path);
	bool may = true;

	pthread_mutex_lock(&s->lock);
	for (const struct pin *p = s->pins->list; p && may; p = p->next)
		may = strncmp(p->path, path, n) || (p->path[n] && p->path[n] != '/') || may_use(p, w);
	pthread_mutex_unlock(&s->lock);
	return may;
}

/* The pin, or one below a directory, under its new name. */
static int renamed(struct pin **at, const char *old, const char *new)
{
	size_t n = strlen(old);
	struct pin *p = *at, *q;

	if (strncmp(p->path, old, n) || (p->path[n] && p->path[n] != '/'))
		return 0;
	q = malloc(sizeof(*q) + strlen(new) + strlen(p->path + n) + 1);
	if (!q)
		return -ENOMEM;
	*q = *p;
	sprintf(q->path, "%s%s", new, p->path + n);
	*at = q;
	free(p);
	return 0;
}

int pin_rename(struct skep *s, const char *old, const char *new)
{
	int err;

	pthread_mutex_lock(&s->lock);
	err = rename(old, new) ? -errno : 0;
	if (!err)
		for (struct pin **p = &s->pins->list; *p; p = &(*p)->next)
			if (!strcmp((*p)->path, new)) { /* it was replaced */
				struct pin *gone = *p;

				*p = gone->next;
				close(gone->fd);
				obj_unpin(gone->obj);
				free(gone);
				break;
			}
	for (struct pin **p = &s->pins->list; *p && !err; p = &(*p)->next)
		err = renamed(p, old, new);
	pthread_mutex_unlock(&s->lock);
	return err;
}

#define PATH_FD (1u << 14) /* BPF_F_PATH_FD */

static int check_path_fd(struct call *c)
{
	return c->a.pin.path_fd && !(c->a.pin.file_flags & PATH_FD) ?
		       call_fail(c, -EINVAL, "path_fd is set without BPF_F_PATH_FD") : 0;
}

static int get_path(struct call *c, char out[PATH_MAX])
{
	char path[PATH_MAX], dir[PATH_MAX], link[48], whole[PATH_MAX];
	s32 fd = c->a.pin.path_fd;
	ssize_t n;
	int err;

	err = call_in_string(c, path, c->a.pin.pathname, sizeof(path));
	if (err)
		return err == -E2BIG ? -ENAMETOOLONG : err;
	if (!(c->a.pin.file_flags & PATH_FD))
		fd = AT_FDCWD;
	if (c->who->pin_path) {
		err = c->who->pin_path(c->who, fd, path, out, PATH_MAX);
		return err ? call_fail(c, err, "%s: cannot be pinned there: %s", path, strerror(-err)) : 0;
	}
	if (path[0] == '/' || fd == AT_FDCWD)
		return map_path(c, path, out);
	snprintf(link, sizeof(link), "/proc/%u/fd/%d", caller_known(c->who)->pid, fd);
	n = readlink(link, dir, sizeof(dir) - 1);
	if (n < 0)
		return call_fail(c, -EBADF, "path_fd %d is not a descriptor", fd);
	dir[n] = '\0';
	n = snprintf(whole, sizeof(whole), "%s/%s", dir, path);
	return n < PATH_MAX ? map_path(c, whole, out) : call_fail(c, -ENAMETOOLONG, "path is too long");
}

#define MARK "skep pin\n"

/* Is this open file a marker, and left behind by a process that is gone? */
static bool is_stale(int fd)
{
	char text[sizeof(MARK)] = "";

	return pread(fd, text, sizeof(text), 0) == sizeof(MARK) - 1 && !memcmp(text, MARK, sizeof(MARK) - 1) &&
	       !flock(fd, LOCK_EX | LOCK_NB);
}

/* A new marker, locked as long as the pin lives: descriptor or -errno. */
static int make_marker(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return -EEXIST;
		if (is_stale(fd))
			return fd;
		close(fd);
		return -EEXIST;
	}
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) || pwrite(fd, MARK, sizeof(MARK) - 1, 0) != sizeof(MARK) - 1) {
		int err = errno ? -errno : -EIO;
		unlink(path);
		close(fd);
		return err;
	}
	return fd;
}

static int add_pin(struct call *c, struct obj *o, const char *path)
{
	size_t n = strlen(path) + 1;
	struct pin *p = malloc(sizeof(*p) + n);
	int fd;

	if (!p)
		return -ENOMEM;
	fd = make_marker(path);
	if (fd < 0) {
		free(p);
		return call_fail(c, fd, "cannot create pin %s: %s", path, strerror(-fd));
	}
	memcpy(p->path, path, n);
	p->fd = fd;
	p->uid = caller_known(c->who)->uid;
	p->obj = obj_pin(o);
	p->next = c->s->pins->list;
	c->s->pins->list = p;
	return 0;
}

int cmd_obj_pin(struct call *c)
{
	char path[PATH_MAX];
	struct obj *o;
	int err;

	if (c->a.pin.file_flags & ~PATH_FD)
		return call_fail(c, -EINVAL, "file_flags 0x%x: only BPF_F_PATH_FD is known", c->a.pin.file_flags);
	err = check_path_fd(c);
	if (err)
		return err;
	if (call_obj(c, (int)c->a.pin.bpf_fd, OBJ_NONE, &o, NULL))
		return -EINVAL;
	err = o->kind == OBJ_BTF || o->kind == OBJ_STATS || o->kind == OBJ_PERF
		      ? call_fail(c, -EINVAL, "only maps, programs and links can be pinned")
		      : get_path(c, path);
	if (err) {
		obj_put(o);
		return err;
	}
	if (!c->who->pin_path && !strncmp(path, c->s->pin_dir, strlen(c->s->pin_dir))) {
		if (!own_dir(c->s->pin_dir)) {
			obj_put(o);
			return call_fail(c, -EPERM, "%s, where pins are kept, belongs to somebody else", c->s->pin_dir);
		}
		make_dirs(path);
	}
	pthread_mutex_lock(&c->s->lock);
	find(c->s, path); /* drop what was unlinked */
	err = add_pin(c, o, path);
	pthread_mutex_unlock(&c->s->lock);
	obj_put(o);
	return err;
}

/* Something is there that is no left-over marker. */
static bool foreign(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool yes = fd >= 0 ? !is_stale(fd) : errno != ENOENT;

	if (fd >= 0)
		close(fd);
	return yes;
}

int cmd_obj_get(struct call *c)
{
	const u32 rdonly = 1u << 3, wronly = 1u << 4;
	u32 flags = c->a.pin.file_flags;
	char path[PATH_MAX];
	struct obj *o = NULL;
	struct pin *p;
	int err, mode = O_RDWR;
	bool denied;

	if (c->a.pin.bpf_fd || (flags & ~(rdonly | wronly | PATH_FD)))
		return call_fail(c, -EINVAL, "bpf_fd must be 0 and file_flags 0x%x has unknown bits", flags);
	err = check_path_fd(c);
	if (err)
		return err;
	if ((flags & rdonly) && (flags & wronly))
		return call_fail(c, -EINVAL, "BPF_F_RDONLY and BPF_F_WRONLY exclude each other");
	err = get_path(c, path);
	if (err)
		return err;
	if (flags & rdonly)
		mode = O_RDONLY;
	else if (flags & wronly)
		mode = O_WRONLY;
	pthread_mutex_lock(&c->s->lock);
	p = find(c->s, path);
	denied = p && !may_use(p, caller_known(c->who));
	if (p && !denied)
		o = obj_get(p->obj);
	pthread_mutex_unlock(&c->s->lock);
	if (denied)
		return call_fail(c, -EACCES, "%s was pinned by another user", path);
	if (!o)
		return call_fail(c, foreign(path) ? -EACCES : -ENOENT, "no object of this subsystem is pinned at %s", path);
	err = call_new_fd(c, o, o->kind == OBJ_MAP ? mode : O_RDWR);
	obj_put(o);
	return err;
}
