/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The box seen from outside: its directory and socket, and what it says about itself.
 *
 * A box NAME lives in DIR/NAME (DIR: $XDG_RUNTIME_DIR/skep-boxes, else /tmp/skep-boxes-UID), which holds its socket and the
 * directory that stands for /sys/fs/bpf. Invariant: the directory belongs to the supervisor's user and nobody else may enter it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "box/control.h"
#include "box/priv.h"
#include "box/trace.h"
#include "map/map.h"

/* The number that a user of this user namespace has outside of it: directories of all users are in one place there. */
static unsigned outer_uid(unsigned uid)
{
	char text[1024], *at = text;
	unsigned inside, outside, n;
	int len;

	text_of(text, sizeof(text), "/proc/self/uid_map");
	for (; sscanf(at, "%u %u %u%n", &inside, &outside, &n, &len) == 3; at += len)
		if (uid - inside < n)
			return outside + (uid - inside);
	return uid;
}

void control_base(char *out, size_t size)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st = { .st_uid = geteuid() };

	/* whose this process is, also where geteuid() is told to be 0 */
	if (run && *run)
		snprintf(out, size, "%s/skep-boxes", run);
	else if (!stat("/proc/self", &st) || st.st_uid == geteuid())
		snprintf(out, size, "/tmp/skep-boxes-%u", outer_uid(st.st_uid));
}

/* A directory of ours alone: 0 or -errno. */
static int own_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -EPERM;
}

static int socket_address(const char *dir, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(a->sun_path, sizeof(a->sun_path), "%s/socket", dir) < (int)sizeof(a->sun_path) ? 0 : -ENAMETOOLONG;
}

/*
 * Who joins a box is at its supervisor's mercy: it must be our own or root's, whoever was first to make a directory of that name.
 * (In an ordinary user's box geteuid() says 0: whose this process is, /proc knows.)
 */
static bool is_ours(int fd)
{
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);
	struct stat st;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && !stat("/proc/self", &st) && (!who.uid || who.uid == st.st_uid);
}

/* A supervisor that is stuck lets nobody in: who asks all boxes passes it by. */
static int connect_as(const char *name, int flags)
{
	struct timeval patience = { .tv_sec = 2 };
	char base[200], dir[300];
	struct sockaddr_un a;
	int fd, err;

	control_base(base, sizeof(base));
	snprintf(dir, sizeof(dir), "%s/%s", base, name);
	err = socket_address(dir, &a);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	err = connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : is_ours(fd) ? 0 : -EPERM;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int control_connect(const char *name) { return connect_as(name, 0); }

/* A file in its directory says so: the filter of who joins is made before the box is asked anything. */
bool control_enforces(const char *name)
{
	char base[200], path[300];

	control_base(base, sizeof(base));
	snprintf(path, sizeof(path), "%s/%s/enforce", base, name);
	return !access(path, F_OK);
}

static void remove_below(const char *path)
{
	char below[4096];
	struct dirent *e;
	DIR *d;

	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >= (int)sizeof(below))
			continue;
		if (unlink(below)) {
			remove_below(below);
			rmdir(below);
		}
	}
	if (d)
		closedir(d);
}

static void remove_tree(const char *path)
{
	remove_below(path);
	rmdir(path);
}

/* Directories whose supervisor was killed: nobody answers at their socket. One that is too busy to answer lives. */
static void sweep(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *e;
	char path[512];

	while (d && (e = readdir(d))) {
		int fd, hold = -1;

		if (e->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", base, e->d_name) >= (int)sizeof(path))
			continue;
		fd = connect_as(e->d_name, SOCK_NONBLOCK);
		if (fd >= 0)
			close(fd);
		if (fd == -ENOENT || fd == -ECONNREFUSED) /* or is somebody making the box? */
			hold = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (hold >= 0 && !flock(hold, LOCK_EX | LOCK_NB))
			remove_tree(path);
		if (hold >= 0)
			close(hold);
	}
	if (d)
		closedir(d);
}

bool control_may_be_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < sizeof(((struct box *)NULL)->name);
}

#define LOCK_ATTEMPTS 200

/* The directory, locked for as long as this process lives: who sweeps leaves it alone before there is a socket. */
static int make_dir(const char *path)
{
	struct stat here, there;

	for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
		int err = own_dir(path), fd = err ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (err && err != -ENOENT)
			return err;
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &here) && !stat(path, &there) &&
		    here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
			remove_below(path); /* of one that was killed */
			return 0;
		}
		if (fd >= 0)
			close(fd);
		usleep(1000); /* somebody sweeps it at this moment, or makes a box of this name */
	}
	return -EEXIST;
}

int control_dir(struct box *b)
{
	char base[200], path[300];
	struct stat st;
	int err, fd;

	if (b->opts.name && !control_may_be_name(b->opts.name))
		return -EINVAL;
	control_base(base, sizeof(base));
	err = own_dir(base);
	if (err) {
		str_printf(&b->wrong, "boxes are in %s%s: %s", base, getenv("XDG_RUNTIME_DIR") ? " ($XDG_RUNTIME_DIR)" : "",
			   err == -EPERM ? "somebody else's, or open to others" : strerror(-err));
		return err;
	}
	sweep(base);
	if (b->opts.name)
		snprintf(b->name, sizeof(b->name), "%s", b->opts.name);
	else
		snprintf(b->name, sizeof(b->name), "%d", (int)getpid());
	fd = control_connect(b->name);
	if (fd >= 0) {
		close(fd);
		return -EEXIST;
	}
	snprintf(path, sizeof(path), "%s/%s", base, b->name);
	err = make_dir(path);
	if (err == -EEXIST)
		str_printf(&b->wrong, "the box %s is being made by somebody else at this moment: try again", b->name);
	if (err)
		return err;
	b->dir = strdup(path);
	if (b->opts.enforce) {
		snprintf(path, sizeof(path), "%s/%s/enforce", base, b->name);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		close(fd);
		*strrchr(path, '/') = '\0';
	}
	if (b->dir && !lstat(path, &st))
		b->dev = st.st_dev;
	return b->dir ? 0 : -ENOMEM;
}

static struct box_source door;

int control_open(struct box *b)
{
	struct sockaddr_un a;
	int err = socket_address(b->dir, &a), fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 16))
		return -errno;
	door = (struct box_source){ .fd = fd, .fn = control_visit };
	return box_poll(b, &door, 1 /* EPOLLIN */);
}

void control_close(struct box *b)
{
	if (b->dir)
		remove_tree(b->dir);
	free(b->dir);
}

s64 control_hello(struct notif *n)
{
	struct box_hello h = { .magic = BOX_HELLO, .version = 1 };

	snprintf(h.name, sizeof(h.name), "%s", n->box->name);
	if (n->args[2] != sizeof(h))
		return -EINVAL;
	return client_write(n->client, n->args[1], &h, sizeof(h));
}

/* Plain bytes as keys and values, nothing to be kept secret in them, and a descriptor for reading and writing. */
s64 control_fit(struct notif *n)
{
	int fd = client_fd(n->client, (int)n->args[1]), mode;
	const struct map *m;
	struct obj *o;
	s64 fit;

	if (fd < 0)
		return fd;
	if (n->box->log) { /* each command is a record */
		close(fd);
		return 0;
	}
	if (obj_by_fd(&n->box->skep->tab, fd, OBJ_MAP, &o, &mode)) {
		close(fd);
		return 0;
	}
	close(fd);
	m = map_of(o);
	switch (m->desc.type) {
	case BPF_MAP_TYPE_HASH: case BPF_MAP_TYPE_ARRAY: case BPF_MAP_TYPE_LRU_HASH: case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_PERCPU_HASH: case BPF_MAP_TYPE_PERCPU_ARRAY: case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		fit = mode == O_RDWR && !m->record;
		break;
	default:
		fit = 0;
	}
	obj_put(o);
	return fit;
}

/* ---- what happened ---- */
void control_print_stats(struct box *b, FILE *f)
{
	u64 calls = 0, failed = 0;

	for (u32 i = 0; i <= UAPI_CMDS; i++) {
		calls += b->ncalls[i];
		failed += b->nfailed[i];
	}
	fprintf(f, "skep box %s: %llu commands, %llu failed, %.3f s\n", b->name, (unsigned long long)calls,
		(unsigned long long)failed, (double)(clock_ns(CLOCK_REALTIME) - b->started_ns) / 1e9);
	if (calls)
		fprintf(f, "  %-28s %10s %10s\n", "command", "calls", "failed");
	for (u32 i = 0; i <= UAPI_CMDS; i++)
		if (b->ncalls[i])
			fprintf(f, "  %-28s %10llu %10llu\n", i < UAPI_CMDS ? cmd_spec[i].uapi : "unknown",
				(unsigned long long)b->ncalls[i], (unsigned long long)b->nfailed[i]);
	trace_tell(b);
	pthread_mutex_lock(&b->lock);
	if (b->unprobed.len)
		fprintf(f, "not probed:\n%s", str_text(&b->unprobed));
	pthread_mutex_unlock(&b->lock);
	fflush(f);
}
