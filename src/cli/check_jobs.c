/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many objects on all cores. Each worker is a process with a subsystem of its own, which takes the next object until there is none;
 * what it finds comes back through a pipe, as a line of JSON.
 *
 * Invariant: results are handed on in the order of the objects. A worker that dies costs the object it was at, which is reported, and
 * is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/check.h"

#define MAX_JOBS 64

struct worker {
	pid_t pid;
	int fd;          /* its results; -1: it has ended */
	struct str buf;  /* what came, up to an unfinished line */
};

/* Seen by all processes. */
struct shared {
	size_t next;              /* atomic: object nobody has taken yet */
	size_t at[MAX_JOBS];      /* object each worker is at, plus 1; 0: none */
};

struct pool {
	char **paths;
	size_t n, told;           /* objects handed on */
	const struct check_opts *o;
	struct shared *shared;
	struct worker w[MAX_JOBS];
	u32 nworkers;
	json_t **judged;          /* n; NULL: not there yet, or handed on */
	void (*done)(void *cookie, json_t *judged);
	void *cookie;
};

/* NULL: *ret_code says why, and it was printed. */
static json_t *judge(const char *path, const struct check_opts *o, int *ret_code)
{
	struct load_opts lo = { .btf_file = o->btf, .caps = o->caps, .type = o->type };
	bool may_be = !load_not_object(path); /* anything else may be huge: it is not hashed */
	json_t *j = may_be ? check_cache_get(path, o) : NULL;

	if (j)
		return j;
	if (!load_skep()) {
		*ret_code = load_setup(&lo);
		if (*ret_code)
			return NULL;
	}
	j = check_judge(path, o);
	if (may_be)
		check_cache_put(path, o, j);
	return j;
}

/* ---- a worker ---- */
static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static int work(struct pool *p, u32 me, int fd)
{
	int code = 0;
	size_t i;

	while ((i = __atomic_fetch_add(&p->shared->next, 1, __ATOMIC_RELAXED)) < p->n) {
		json_t *j;
		char *line;
		bool ok;

		p->shared->at[me] = i + 1;
		j = judge(p->paths[i], p->o, &code);
		if (!j) {
			p->shared->at[me] = 0;
			return code;
		}
		json_object_set_new(j, "_index", json_integer((json_int_t)i));
		line = json_dumps(j, JSON_COMPACT);
		ok = line && write_all(fd, line, strlen(line)) && write_all(fd, "\n", 1);
		p->shared->at[me] = 0;
		free(line);
		json_decref(j);
		if (!ok)
			return EX_INTERNAL;
	}
	return 0;
}

static int start_worker(struct pool *p, u32 me)
{
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	p->shared->at[me] = 0;
	pid = fork();
	if (pid < 0) {
		close(fd[0]);
		close(fd[1]);
		return -errno;
	}
	if (!pid) {
		int code;
		/* with a read end of its own, a write would wait for ever when the collector is gone */
		close(fd[0]);
		for (u32 i = 0; i < p->nworkers; i++)
			if (p->w[i].fd >= 0)
				close(p->w[i].fd);
		code = work(p, me, fd[1]);
		skep_free(load_skep());
		fflush(stderr);
		_exit(code);
	}
	close(fd[1]);
	p->w[me] = (struct worker){ .pid = pid, .fd = fd[0] };
	return 0;
}

/* ---- the collector ---- */
static void tell(struct pool *p)
{
	while (p->told < p->n && p->judged[p->told]) {
		json_t *j = p->judged[p->told];
		p->judged[p->told++] = NULL;
		p->done(p->cookie, j);
	}
}

static void take_lines(struct pool *p, struct worker *w)
{
	char *line = w->buf.s, *end;
	size_t rest;

	while (line && (end = memchr(line, '\n', w->buf.len - (size_t)(line - w->buf.s)))) {
		json_t *j = json_loadb(line, (size_t)(end - line), 0, NULL);
		size_t i = (size_t)json_integer_value(json_object_get(j, "_index"));
		json_object_del(j, "_index");
		if (i < p->n && !p->judged[i])
			p->judged[i] = j;
		line = end + 1;
	}
	if (!line)
		return;
	rest = w->buf.len - (size_t)(line - w->buf.s);
	memmove(w->buf.s, line, rest);
	w->buf.len = rest;
}

/* The end of a worker: its exit code; the object a crash was at is answered for. */
static int reap(struct pool *p, u32 me)
{
	struct worker *w = &p->w[me];
	size_t at = p->shared->at[me];
	int status = 0;

	close(w->fd);
	w->fd = -1;
	str_free(&w->buf);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (at && at <= p->n && !p->judged[at - 1]) {
		int code = cli_error(EX_INTERNAL, "%s: the process that judged it was ended by %s", p->paths[at - 1],
				     WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "an error");
		p->judged[at - 1] = json_pack("{s:s, s:i}", "object", p->paths[at - 1], "code", code);
		return start_worker(p, me) ? EX_INTERNAL : 0;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_INTERNAL;
}

static int collect(struct pool *p)
{
	char buf[65536];
	int worst = 0;

	for (;;) {
		struct pollfd pf[MAX_JOBS];
		u32 open = 0;
		for (u32 i = 0; i < p->nworkers; i++) {
			pf[i] = (struct pollfd){ .fd = p->w[i].fd, .events = POLLIN };
			open += p->w[i].fd >= 0;
		}
		if (!open)
			return worst;
		if (poll(pf, p->nworkers, -1) < 0 && errno != EINTR)
			return EX_INTERNAL;
		for (u32 i = 0; i < p->nworkers; i++) {
			ssize_t n;
			if (p->w[i].fd < 0 || !pf[i].revents)
				continue;
			n = read(p->w[i].fd, buf, sizeof(buf));
			if (n > 0) {
				str_putn(&p->w[i].buf, buf, (size_t)n);
				take_lines(p, &p->w[i]);
			} else if (n == 0 || errno != EINTR) {
				int code = reap(p, i);
				worst = code > worst ? code : worst;
			}
		}
		tell(p);
	}
}

static u32 how_many(const struct check_opts *o, size_t n)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = o->jobs ? o->jobs : cores > 0 ? (size_t)cores : 1;

	jobs = MIN(jobs, n);
	return (u32)MIN(jobs, (size_t)MAX_JOBS);
}

/* In this process. */
static int one_by_one(char **paths, size_t n, const struct check_opts *o, void (*done)(void *, json_t *), void *cookie)
{
	int code = 0;

	for (size_t i = 0; i < n && !code; i++) {
		json_t *j = judge(paths[i], o, &code);
		if (j)
			done(cookie, j);
	}
	return code;
}

int check_jobs(char **paths, size_t n, const struct check_opts *o, void (*done)(void *cookie, json_t *judged), void *cookie)
{
	struct pool p = { .paths = paths, .n = n, .o = o, .done = done, .cookie = cookie, .nworkers = how_many(o, n) };
	int code = 0;

	/* even one object has a process of its own: what reads it may not survive it. -j 1 asks for none */
	if (!n || o->jobs == 1)
		return one_by_one(paths, n, o, done, cookie);
	p.judged = calloc(n, sizeof(json_t *));
	p.shared = mmap(NULL, sizeof(*p.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!p.judged || p.shared == MAP_FAILED) {
		free(p.judged);
		return cli_error(EX_INTERNAL, "out of memory");
	}
	for (u32 i = 0; i < p.nworkers; i++)
		p.w[i].fd = -1;
	for (u32 i = 0; i < p.nworkers && !code; i++)
		if (start_worker(&p, i))
			code = cli_error(EX_INTERNAL, "cannot start another process: %s", strerror(errno));
	if (!code)
		code = collect(&p);
	for (u32 i = 0; i < p.nworkers; i++)
		if (p.w[i].fd >= 0) {
			p.shared->at[i] = 0;
			kill(p.w[i].pid, SIGKILL);
			reap(&p, i);
		}
	if (!code && p.told < n)
		code = cli_error(EX_INTERNAL, "%zu of %zu objects were not judged", n - p.told, n);
	munmap(p.shared, sizeof(*p.shared));
	free(p.judged);
	return code;
}
