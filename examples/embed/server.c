/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small HTTP server that asks an eBPF program about every request. The program is of the server's own type: its context is struct
 * request, and it may call request_header(). It is replaced while the server runs: SIGHUP loads the object anew.
 *
 *	server FILTER.bpf.o [PORT]
 *
 * Four threads answer; each takes a reference on the filter that is current, so a replaced one lives until its last run has ended. A
 * filter that is refused changes nothing; the reason is printed.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "request.h"
#include "skep/skep.h"

#define THREADS 4
#define MAX_REQUEST 4096

/* types.bpf.c, compiled: its BTF says what struct request and request_header() are. */
__asm__(".pushsection .rodata\ntypes_object: .incbin \"" TYPES_OBJECT "\"\ntypes_object_end:\n.popsection");
extern const char types_object[], types_object_end[];

static struct skep *skep;
static uint32_t request_type;

/* libbpf's calls of bpf(2) go to skep: the program is linked with -Wl,--wrap=syscall. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;
	int ret;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number != SYS_bpf)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	ret = skep_bpf_in(skep, (int)a[0], (union bpf_attr *)a[1], (unsigned)a[2]);
	errno = ret < 0 ? -ret : errno;
	return ret < 0 ? -1 : ret;
}

/* ---- a request ---- */
struct exchange {
	struct request r;      /* first: what the filter gets */
	char text[MAX_REQUEST + 1];
};

/* request_header() as filters call it: the verifier has checked that the sizes are those of memory they own. */
static uint64_t request_header(uint64_t r, uint64_t name, uint64_t name_size, uint64_t value, uint64_t size)
{
	const struct exchange *x = (const void *)r;
	size_t len = strnlen((const char *)name, name_size);

	for (const char *p = strstr(x->text, "\r\n"); p && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
		const char *v = p + 2 + len;
		size_t n;
		if (strncasecmp(p + 2, (const char *)name, len) || *v != ':')
			continue;
		v += 1 + strspn(v + 1, " ");
		n = strcspn(v, "\r\n");
		if (n >= size)
			break;
		memcpy((char *)value, v, n);
		((char *)value)[n] = '\0';
		return n;
	}
	return (uint64_t)-1;
}

/* ---- the filter ---- */
/* libbpf's last warning: why an object cannot be loaded, when it is not skep that refuses. */
static char message[512];

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN)
		vsnprintf(message, sizeof(message), fmt, ap);
	return 0;
}

struct filter {
	struct skep_prog *prog;
	struct bpf_object *obj;
	unsigned users;
};
static struct filter *current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct filter *filter_get(void)
{
	struct filter *f;

	pthread_mutex_lock(&lock);
	f = current;
	f->users++;
	pthread_mutex_unlock(&lock);
	return f;
}

static void filter_put(struct filter *f)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --f->users == 0;
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	skep_prog_put(f->prog);
	bpf_object__close(f->obj);
	free(f);
}

static struct filter *filter_load(const char *path)
{
	struct filter *f = calloc(1, sizeof(*f));
	struct bpf_program *p;

	f->users = 1;
	f->obj = bpf_object__open_file(path, NULL);
	p = f->obj ? bpf_object__next_program(f->obj, NULL) : NULL;
	if (!p || bpf_program__set_type(p, (enum bpf_prog_type)request_type) || bpf_object__load(f->obj) ||
	    skep_prog_get(skep, bpf_program__fd(p), &f->prog)) {
		fprintf(stderr, "%s is refused:\n%s\n", path, *skep_report(0) ? skep_report(0) : *skep_reason() ? skep_reason() : message);
		bpf_object__close(f->obj);
		free(f);
		return NULL;
	}
	return f;
}

static void filter_replace(const char *path)
{
	struct filter *f = filter_load(path), *old;

	if (!f)
		return;
	pthread_mutex_lock(&lock);
	old = current;
	current = f;
	pthread_mutex_unlock(&lock);
	if (old)
		filter_put(old);
	fprintf(stderr, "filter: %s\n", path);
}

/* ---- serving ---- */
static void parse(struct exchange *x, size_t n, const struct sockaddr_in *from)
{
	char *path = memchr(x->text, ' ', n), *end = path ? strchr(path + 1, ' ') : NULL;

	memset(&x->r, 0, sizeof(x->r));
	x->text[n] = '\0';
	x->r.address = from->sin_addr.s_addr;
	x->r.port = ntohs(from->sin_port);
	x->r.method = (uint16_t)((unsigned char)x->text[0] << 8 | (unsigned char)x->text[1]);
	x->r.header_bytes = (uint32_t)n;
	if (end) {
		x->r.data = (uint64_t)(uintptr_t)(path + 1);
		x->r.data_end = (uint64_t)(uintptr_t)end;
	}
}

static void answer(int fd, const struct sockaddr_in *from)
{
	static const char *const status[] = { "200 OK", "403 Forbidden", "503 Service Unavailable" };
	struct exchange x;
	struct filter *f;
	size_t n = 0;
	uint64_t verdict;
	char out[160];

	for (ssize_t k; n < MAX_REQUEST && (k = read(fd, x.text + n, MAX_REQUEST - n)) > 0;) {
		n += (size_t)k;
		x.text[n] = '\0';
		if (strstr(x.text, "\r\n\r\n"))
			break;
	}
	parse(&x, n, from);
	f = filter_get();
	verdict = skep_prog_run_raw(f->prog, &x.r);
	filter_put(f);
	n = (size_t)snprintf(out, sizeof(out), "HTTP/1.0 %s\r\nX-Mark: %u\r\nContent-Length: 0\r\n\r\n", status[verdict], x.r.mark);
	if (write(fd, out, n) < 0)
		perror("write");
}

static void *serve(void *cookie)
{
	int listener = *(int *)cookie;

	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		int fd = accept(listener, (struct sockaddr *)&from, &len);
		if (fd < 0)
			continue;
		answer(fd, &from);
		close(fd);
	}
	return NULL;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	socklen_t len = sizeof(a);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128) || getsockname(fd, (struct sockaddr *)&a, &len)) {
		perror("listen");
		exit(1);
	}
	printf("http://127.0.0.1:%u/\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static int define_type(void)
{
	static const char *const writable[] = { "mark", NULL };
	static const struct skep_kfunc functions[] = { { "request_header", request_header, 0 } };
	struct bpf_object *obj = bpf_object__open_mem(types_object, (size_t)(types_object_end - types_object), NULL);
	struct skep_type t = { .sz = sizeof(t), .name = "request", .ctx = "request", .writable = writable, .data = "data",
			       .data_end = "data_end", .ret_min = REQUEST_ALLOW, .ret_max = REQUEST_LATER, .kfuncs = functions, .nkfuncs = 1 };
	int err;

	t.btf = btf__raw_data(bpf_object__btf(obj), &t.btf_size);
	err = skep_type_define(skep, &t, &request_type);
	bpf_object__close(obj);
	return err;
}

int main(int argc, char **argv)
{
	struct skep_opts o = { .sz = sizeof(o), .caps = SKEP_CAP_ALL, .caps_set = 1, .report = SKEP_REPORT_KEEP };
	pthread_t thread[THREADS];
	sigset_t hup;
	int listener, sig;

	if (argc < 2) {
		fprintf(stderr, "usage: server FILTER.bpf.o [PORT]\n");
		return 2;
	}
	libbpf_set_print(keep_message);
	if (skep_new(&o, &skep) || define_type()) {
		fprintf(stderr, "server: %s\n", skep_reason());
		return 1;
	}
	filter_replace(argv[1]);
	if (!current)
		return 1;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigaddset(&hup, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &hup, NULL);
	listener = listen_on(argc > 2 ? (uint16_t)atoi(argv[2]) : 0);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, serve, &listener))
			return 1;
	while (!sigwait(&hup, &sig) && sig == SIGHUP)
		filter_replace(argv[1]);
	return 0;
}
