/* SPDX-License-Identifier: BSD-2-Clause */
/* A libbpf client as people write them: a skeleton, global data, ring buffer and perf buffer read through epoll, a timer. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

#include "skeleton.skel.h"

struct event { unsigned long long seq, payload; };
static struct skeleton_bpf *sk;
static unsigned long long seen, disorder, wrong;
static int failed;

static void result(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failed |= !ok;
}

static int run(struct bpf_program *p)
{
	char packet[64] = "";
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = packet, .data_size_in = sizeof(packet), .repeat = 1);

	return bpf_prog_test_run_opts(bpf_program__fd(p), &o) ? -1 : (int)o.retval;
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct event *e = data;

	(void)ctx;
	disorder += size != sizeof(*e) || e->seq != seen;
	wrong += e->payload != e->seq * 3;
	seen++;
	return 0;
}

static void on_sample(void *ctx, int cpu, void *data, __u32 size)
{
	const struct event *e = data;

	(void)ctx;
	(void)cpu;
	wrong += size < sizeof(*e) || e->payload != 8;
	seen++;
}

#define RECORDS 20000
static void *produce(void *arg)
{
	(void)arg;
	for (int i = 0; i < RECORDS; i++) {
		while (run(sk->progs.to_ring) != 2)
			usleep(100); /* full: the reader is behind */
		if (i % 5000 == 0)
			usleep(3000); /* let it sleep, so that it must be woken */
	}
	return NULL;
}

static void test_ring(void)
{
	struct ring_buffer *rb = ring_buffer__new(bpf_map__fd(sk->maps.ring), on_record, NULL, NULL);
	pthread_t t;
	int idle = 0;

	result(rb != NULL, "ring_buffer__new");
	if (!rb)
		return;
	pthread_create(&t, NULL, produce, NULL);
	while (seen < RECORDS && idle < 3)
		idle = ring_buffer__poll(rb, 2000) > 0 ? 0 : idle + 1;
	pthread_join(t, NULL);
	result(seen == RECORDS && !disorder && !wrong, "ring buffer: each record once, in order");
	if (seen != RECORDS)
		printf("# %llu of %d records, %llu out of order, %llu wrong\n", seen, RECORDS, disorder, wrong);
	result(sk->bss->sent == RECORDS, "global data is shared with the program");
	ring_buffer__free(rb);
}

static void test_perf(void)
{
	struct perf_buffer *pb = perf_buffer__new(bpf_map__fd(sk->maps.perf), 8, on_sample, NULL, NULL, NULL);
	int ok = 0;

	result(pb != NULL, "perf_buffer__new");
	if (!pb)
		return;
	seen = wrong = 0;
	sk->data->data_var = 8;
	for (int i = 0; i < 100; i++)
		ok += run(sk->progs.to_perf) == 2;
	for (int i = 0; i < 10 && seen < 100; i++)
		perf_buffer__poll(pb, 500);
	result(ok == 100 && seen == 100 && !wrong, "perf buffer: all samples");
	if (seen != 100)
		printf("# %d sent, %llu seen, %llu wrong\n", ok, seen, wrong);
	perf_buffer__free(pb);
}

static void on_alarm(int sig) { (void)sig; }

/* poll(2) and select(2) on the ring itself, beside a pipe. */
static void test_poll(void)
{
	struct ring_buffer *rb = ring_buffer__new(bpf_map__fd(sk->maps.ring), on_record, NULL, NULL);
	int pipes[2], fd = bpf_map__fd(sk->maps.ring);
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval in = { .it_value.tv_usec = 50000 };
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN } };
	struct timeval now = { 0, 0 };
	fd_set set;

	if (!rb || pipe(pipes))
		return result(0, "poll");
	p[1] = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	ring_buffer__consume(rb);
	result(poll(p, 2, 20) == 0, "poll: an empty ring is not ready");
	run(sk->progs.to_ring);
	result(poll(p, 2, 5000) == 1 && p[0].revents == POLLIN && !p[1].revents, "poll: a record makes it ready");
	FD_ZERO(&set);
	FD_SET(fd, &set);
	result(select(fd + 1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(fd, &set), "select: it is ready");
	ring_buffer__consume(rb);
	result(select(fd + 1, &set, NULL, NULL, &now) == 0 && !FD_ISSET(fd, &set), "select: it is empty again");
	if (write(pipes[1], "x", 1) != 1)
		return;
	result(poll(p, 2, -1) == 1 && p[1].revents == POLLIN, "poll: another descriptor is ready");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &in, NULL);
	result(poll(p, 1, 5000) < 0 && errno == EINTR, "poll: a signal ends the wait");
	ring_buffer__free(rb);
}

int main(void)
{
	sk = skeleton_bpf__open();
	if (!sk)
		return 1;
	sk->rodata->step = 3;
	result(!skeleton_bpf__load(sk), "the skeleton loads");
	if (failed)
		return 1;
	test_ring();
	test_poll();
	test_perf();
	result(!run(sk->progs.arm), "a timer starts");
	usleep(100000);
	result(sk->bss->fired == 1, "the timer fires");
	skeleton_bpf__destroy(sk);
	return failed;
}
