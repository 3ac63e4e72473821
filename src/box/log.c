/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients did: one JSON line a command (--log), and the same as a chain of hashes (--audit), in which each record holds the
 * hash of the one before, so that a cut, a change or another order shows.
 *
 * Invariant: records are written whole and in the order of their numbers, also where boxes share an audit file; a log that cannot
 * be written changes no result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/audit.h"
#include "box/priv.h"
#include "map/map.h"
#include "prog/prog.h"

struct box_log {
	pthread_mutex_t lock;
	int log, audit;
	char *path;    /* of the audit file */
	struct audit_key key;
	bool closed;   /* what comes from clients that were killed comes too late */
	u64 number;
	char last[65]; /* hash of the record before */
	off_t end;     /* of the audit file after our last record: another box may have written since */
};

static int open_file(const char *path)
{
	int fd;

	if (!path)
		return -1;
	if (!strcmp(path, "-"))
		return fcntl(2, F_DUPFD_CLOEXEC, 10);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int put_line(int fd, const struct str *s)
{
	for (size_t at = 0; at < s->len;) {
		ssize_t n = write(fd, s->s + at, s->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		at += (size_t)n;
	}
	return 0;
}

/* `body` is the inside of a JSON object. Under lock. */
static void put_audit(struct box_log *l, const struct str *body)
{
	struct str s = { 0 };
	char hash[65];

	audit_hash(&l->key, l->last, str_text(body), body->len, hash);
	str_printf(&s, "{%s,\"prev\":\"%s\",\"hash\":\"%s\"}\n", str_text(body), l->last, hash);
	put_line(l->audit, &s);
	memcpy(l->last, hash, sizeof(hash));
	str_free(&s);
}

/* An audit file that exists is continued: its last record's number and hash. 0, -EINVAL: it is no audit file. */
static int resume(struct box_log *l, const char *path, struct str *why)
{
	struct audit_end end;
	int err = audit_check(path, &l->key, NULL, why, &end);

	if (err == -ENOENT || (!err && !end.records))
		return 0;
	if (err)
		return err;
	l->number = end.number;
	memcpy(l->last, end.hash, sizeof(l->last));
	return 0;
}

/* Is our last record still where we left it? Others may go on behind it; what was cut or changed is to show. */
static bool stands(const struct box_log *l)
{
	char tail[68] = "";
	int fd = open(l->path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && l->end >= 67 && pread(fd, tail, 67, l->end - 67) == 67 && !strncmp(tail, l->last, 64);

	if (fd >= 0)
		close(fd);
	return is;
}

/* The audit file is ours until it is unlocked, and where we stand is its end. */
static void audit_lock(struct box_log *l)
{
	struct stat st;

	flock(l->audit, LOCK_EX);
	if (l->end && !fstat(l->audit, &st) && st.st_size > l->end && stands(l))
		resume(l, l->path, NULL);
}

static void audit_unlock(struct box_log *l)
{
	struct stat st;

	if (!fstat(l->audit, &st))
		l->end = st.st_size;
	flock(l->audit, LOCK_UN);
}

static void put_record(struct box_log *l, struct str *rest, bool last)
{
	struct str s = { 0 };

	pthread_mutex_lock(&l->lock);
	if (l->closed) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	l->closed = last;
	if (l->audit >= 0)
		audit_lock(l);
	str_printf(&s, "\"n\":%llu,", (unsigned long long)++l->number);
	str_putn(&s, str_text(rest), rest->len);
	if (l->audit >= 0) {
		put_audit(l, &s);
		audit_unlock(l);
	}
	if (l->log >= 0) {
		struct str line = { 0 };

		str_printf(&line, "{%s}\n", str_text(&s));
		put_line(l->log, &line);
		str_free(&line);
	}
	pthread_mutex_unlock(&l->lock);
	str_free(&s);
}

static int cannot(struct box *b, const char *path, int err)
{
	str_printf(&b->wrong, "%s: %s", path, strerror(-err));
	return err;
}

static int open_files(struct box *b, struct box_log *l)
{
	int err = audit_key_read(b->opts.audit_key_file, &l->key);

	if (err == -EINVAL)
		str_printf(&b->wrong, "%s: a key has %d to %d bytes", b->opts.audit_key_file, AUDIT_KEY_MIN, AUDIT_KEY_MAX);
	if (err)
		return err == -EINVAL ? err : cannot(b, b->opts.audit_key_file, err);
	l->log = open_file(b->opts.log_file);
	if (b->opts.log_file && l->log < 0)
		return cannot(b, b->opts.log_file, l->log);
	l->audit = open_file(b->opts.audit_file);
	if (b->opts.audit_file && l->audit < 0)
		return cannot(b, b->opts.audit_file, l->audit);
	if (!b->opts.audit_file)
		return 0;
	flock(l->audit, LOCK_EX); /* until the first record is written */
	err = resume(l, b->opts.audit_file, &b->wrong);
	if (err == -EINVAL)
		str_printf(&b->wrong, " (what is no audit file, or not whole, or has another key, is not continued)");
	return err ? b->wrong.len ? err : cannot(b, b->opts.audit_file, err) : 0;
}

int log_open(struct box *b)
{
	struct str s = { 0 };
	struct box_log *l;
	int err = 0;

	if (!b->opts.log_file && !b->opts.audit_file)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	pthread_mutex_init(&l->lock, NULL);
	memset(l->last, '0', 64);
	err = open_files(b, l);
	if (err) {
		free(l);
		return err;
	}
	if (l->audit >= 0)
		l->path = realpath(b->opts.audit_file, NULL); /* also from another working directory */
	b->log = l;
	str_printf(&s, "\"time\":%llu,\"event\":\"open\",\"supervisor\":%d,\"uid\":%u,", (unsigned long long)b->started_ns,
		   (int)getpid(), (unsigned)getuid());
	json_text(&s, "box", b->name);
	put_record(l, &s, false);
	str_free(&s);
	return 0;
}

void log_close(struct box *b)
{
	struct str s = { 0 };

	if (!b->log)
		return;
	str_printf(&s, "\"time\":%llu,\"event\":\"close\",", (unsigned long long)clock_ns(CLOCK_REALTIME));
	json_text(&s, "box", b->name);
	put_record(b->log, &s, true);
	str_free(&s);
}

void log_unprobed(struct box *b, const char *reason)
{
	struct str s = { 0 };

	str_printf(&s, "\"time\":%llu,\"event\":\"unprobed\",", (unsigned long long)clock_ns(CLOCK_REALTIME));
	json_text(&s, "reason", reason);
	put_record(b->log, &s, false);
	str_free(&s);
}

/* What it was about: "prog", id, name, tag. */
static void put_object(struct notif *n, struct str *s)
{
	struct obj *o;

	if (!n->obj_ino || obj_by_inode(&n->box->skep->tab, n->obj_dev, n->obj_ino, OBJ_NONE, &o))
		return;
	str_puts(s, ",");
	json_text(s, "object", o->ops->name);
	str_printf(s, ",\"id\":%u", o->id);
	if (o->kind == OBJ_PROG || o->kind == OBJ_MAP) {
		str_putc(s, ',');
		json_text(s, "name", o->kind == OBJ_PROG ? prog_of(o)->name : map_of(o)->desc.name);
	}
	if (o->kind == OBJ_PROG) {
		str_puts(s, ",\"tag\":\"");
		for (u32 i = 0; i < sizeof(prog_of(o)->tag); i++)
			str_printf(s, "%02x", prog_of(o)->tag[i]);
		str_putc(s, '"');
	}
	obj_put(o);
}

void log_call(struct notif *n, const char *name, int result, u64 began)
{
	u64 now = clock_ns(CLOCK_REALTIME);
	struct caller *w = caller_known(&n->who);
	struct str s = { 0 };

	str_printf(&s, "\"time\":%llu,\"ns\":%llu,\"pid\":%d,\"tid\":%d,\"uid\":%u,", (unsigned long long)began,
		   (unsigned long long)(now - began), n->client->pid, n->tid, w->uid);
	json_text(&s, "comm", client_name(n->client));
	str_putc(&s, ',');
	json_text(&s, "command", name);
	put_object(n, &s);
	str_printf(&s, ",\"result\":%d", result);
	if (result < 0) {
		const char *error = strerrorname_np(-result);

		str_putc(&s, ',');
		json_text(&s, "error", error ? error : "ENOTSUPP");
		str_putc(&s, ',');
		json_text(&s, "reason", str_text(&n->reason));
	}
	put_record(n->box->log, &s, false);
	str_free(&s);
}

void log_command(struct notif *n, u32 cmd, int result, u64 began)
{
	log_call(n, cmd < UAPI_CMDS ? cmd_spec[cmd].uapi : "unknown", result, began);
}

void note_attach(struct notif *n, int result)
{
	struct box *b = n->box;

	if (result < 0 && (result != -EOPNOTSUPP || !n->reason.len))
		return;
	pthread_mutex_lock(&b->lock);
	str_clear(&b->refused);
	if (result < 0)
		str_printf(&b->refused, "%s: %s", client_name(n->client), str_text(&n->reason));
	pthread_mutex_unlock(&b->lock);
}
