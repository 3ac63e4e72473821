/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that changes the arguments of calls while they are decided on: the port of an address, the name of a file, the socket
 * and the file that a descriptor means. Usage: rewrite ALLOWED-PORT DENIED-PORT ALLOWED-FILE DENIED-FILE (names of one length).
 * Ends with 0 when what is denied was never reached.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int stop;
static struct sockaddr_in to;
static in_port_t port[2];
static char name[256];
static const char *names[2];

static void *flip(void *arg)
{
	(void)arg;
	while (!stop)
		for (int i = 0; i < 2; i++) {
			to.sin_port = port[i];
			memcpy(name, names[i], strlen(names[i]));
		}
	return NULL;
}

static int listener(in_port_t at)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = at, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128)) {
		perror("listen");
		exit(3);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int tries, reached = 0, refused = 0, passed = 0, l[2];
	struct stat denied, st;
	pthread_t t;

	if (argc != 5)
		return 3;
	port[0] = htons((unsigned short)atoi(argv[1]));
	port[1] = htons((unsigned short)atoi(argv[2]));
	names[0] = argv[3];
	names[1] = argv[4];
	strcpy(name, argv[3]);
	to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port[0], .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (stat(argv[4], &denied))
		return 3;
	l[0] = listener(port[0]);
	l[1] = listener(port[1]);
	pthread_create(&t, NULL, flip, NULL);
	for (tries = 0; tries < 1000; tries++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), r = connect(fd, (struct sockaddr *)&to, sizeof(to));

		if (r && errno != EINPROGRESS && errno != EAGAIN)
			refused++;
		else if (!getpeername(fd, (struct sockaddr *)&peer, &len)) {
			passed++;
			reached += peer.sin_port == port[1];
		}
		close(fd);
		for (int i = 0; i < 2; i++)
			while ((fd = accept(l[i], NULL, NULL)) >= 0) /* so that queues never fill */
				close(fd);
	}
	for (tries = 0; tries < 1000; tries++) {
		int fd = open(name, O_RDONLY);

		if (fd < 0) {
			refused++;
			continue;
		}
		passed++;
		reached += !fstat(fd, &st) && st.st_ino == denied.st_ino && st.st_dev == denied.st_dev;
		close(fd);
	}
	stop = 1;
	pthread_join(t, NULL);
	printf("reached %d, %s, %s\n", reached, refused ? "some refused" : "none refused", passed ? "some passed" : "none passed");
	if (getenv("CLOSED") && syscall(SYS_io_uring_setup, 1, NULL) != -1)
		reached++;
#if defined(__x86_64__)
	if (getenv("CLOSED")) { /* another entry of the same machine: getpid of i386 */
		long ret = 20;

		__asm__ volatile("int $0x80" : "+a"(ret) : : "memory");
		reached += ret != -ENOSYS;
	}
#endif
	return reached || !refused || !passed;
}
