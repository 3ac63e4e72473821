/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that tries to get around what was decided, or at what is not its own. `escape CASE [ARG]` says what it got, one line a try. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long got)
{
	printf("%s: %s\n", what, got < 0 ? strerror(errno) : "done");
	fflush(stdout);
}

/* Arguments in memory that comes and goes. */
static char *page;
static int file;
static volatile int stop;

static void *come_and_go(void *arg)
{
	(void)arg;
	while (!stop) {
		munmap(page, 4096);
		for (volatile int i = 0; i < 2000; i++)
			;
		mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
		for (volatile int i = 0; i < 2000; i++)
			;
	}
	return NULL;
}

static pthread_t flicker(const void *data, size_t n)
{
	pthread_t t;

	file = memfd_create("page", 0);
	if (ftruncate(file, 4096))
		exit(3);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	memcpy(page, data, n);
	pthread_create(&t, NULL, come_and_go, NULL);
	return t;
}

static void open_name(const char *name)
{
	pthread_t t = flicker(name, strlen(name) + 1);
	int got = 0;

	for (int i = 0; i < 4000; i++)
		got += open(page, O_RDONLY) >= 0;
	stop = 1;
	pthread_join(t, NULL);
	printf("name: %d\n", got);
}

static void open_how(const char *name)
{
	struct open_how how = { .flags = O_RDONLY };
	pthread_t t = flicker(&how, sizeof(how));
	int got = 0;

	for (int i = 0; i < 4000; i++)
		got += syscall(SYS_openat2, AT_FDCWD, name, page, sizeof(how)) >= 0;
	stop = 1;
	pthread_join(t, NULL);
	printf("how: %d\n", got);
}

static void exec_name(const char *name)
{
	int got = 0;

	for (int i = 0; i < 40; i++) {
		int status;
		pid_t p = fork();

		if (!p) {
			flicker(name, strlen(name) + 1);
			for (int k = 0; k < 60; k++)
				execl(page, name, (char *)NULL);
			_exit(99);
		}
		waitpid(p, &status, 0);
		got += WIFEXITED(status) && !WEXITSTATUS(status);
	}
	printf("program: %d\n", got);
}

/* Nobody may look into this process: then not even its arguments can be judged. */
static void hide(const char *name)
{
	prctl(PR_SET_DUMPABLE, 0);
	if (!fork()) {
		printf("hidden: %s\n", open(name, O_RDONLY) < 0 ? "refused" : "done");
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

/* Capabilities in a user namespace of its own are none outside. */
static void own_namespace(const char *name)
{
	say("outside", open(name, O_RDONLY));
	if (unshare(CLONE_NEWUSER)) {
		puts("inside: Permission denied");
		return;
	}
	say("inside", open(name, O_RDONLY));
}

static void look(const char *who)
{
	static const char *const files[] = { "mem", "maps", "fd/0", "fd/3", "cwd", "environ" };
	pid_t pid = atoi(who);
	char path[64], c;
	struct iovec here = { &c, 1 }, there = { &here, 1 };
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	say("ptrace", ptrace(PTRACE_SEIZE, pid, 0, 0));
	say("memory", process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT ? -1 : 0);
	say("descriptor", syscall(SYS_pidfd_getfd, pidfd, 0, 0));
	say("signal", kill(pid, 0));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		say(files[i], open(path, O_RDONLY));
	}
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	say("status", open(path, O_RDONLY));
}

/* Control data that claims to be longer than it is, at the end of the room there is for it. */
static void control_data(void)
{
	union { char room[4096]; struct cmsghdr align; } u = { .room = "" };
	struct cmsghdr *last = (void *)(u.room + sizeof(u) - sizeof(*last)), *first = &u.align;
	struct iovec v = { "x", 1 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = u.room, .msg_controllen = sizeof(u) };
	int p[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	*first = (struct cmsghdr){ .cmsg_level = 0, .cmsg_len = sizeof(u) - sizeof(*last) };
	*last = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = 1 << 20 };
	say("rights", sendmsg(p[0], &h, 0));
	last->cmsg_type = SCM_CREDENTIALS;
	last->cmsg_len = CMSG_LEN(12);
	say("credentials", sendmsg(p[0], &h, 0));
	last->cmsg_len = (size_t)-1;
	say("length", sendmsg(p[0], &h, 0));
}

/* Signals to a process that has other numbers here than where it is judged. */
static void in_namespace(void)
{
	int status;
	pid_t pid;

	if (unshare((geteuid() ? CLONE_NEWUSER : 0) | CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		say("unshare", -1);
	pid = fork();
	if (!pid) { /* 1 there; all others end with it */
		if (!fork()) { /* 2 */
			setpgid(0, 0);
			prctl(PR_SET_NAME, "guarded");
			for (;;)
				pause();
		}
		usleep(200000);
		say("one", kill(2, 0));
		say("thread", syscall(SYS_tgkill, 2, 2, 0));
		say("group", kill(-2, 0));
		say("all", kill(-1, 0));
		say("nobody", kill(3, 0));
		say("itself", kill(1, 0));
		exit(0);
	}
	waitpid(pid, &status, 0);
}

/* A box made for others to join: who sends the descriptor of its filter there is in our hands. */
static void spoof(const char *dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char room[CMSG_SPACE(sizeof(int))], word[8];
	struct iovec v = { word, sizeof(word) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0), c;

	umask(0);
	chdir(dir);
	mkdir("skep-boxes", 0755);
	mkdir("skep-boxes/lab", 0777);
	strcpy(a.sun_path, "skep-boxes/lab/socket");
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 4))
		exit(3);
	c = accept(s, NULL, NULL);
	puts(recvmsg(c, &h, 0) > 0 ? h.msg_controllen ? "a descriptor" : "a word" : "nothing came");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";

	if (!strcmp(what, "name"))
		open_name(arg);
	else if (!strcmp(what, "how"))
		open_how(arg);
	else if (!strcmp(what, "exec"))
		exec_name(arg);
	else if (!strcmp(what, "hide"))
		hide(arg);
	else if (!strcmp(what, "namespace"))
		own_namespace(arg);
	else if (!strcmp(what, "look"))
		look(arg);
	else if (!strcmp(what, "spoof"))
		spoof(arg);
	else if (!strcmp(what, "numbers"))
		in_namespace();
	else if (!strcmp(what, "landlock")) /* which rules there are: whether one can have any */
		say(what, syscall(444, NULL, 0, 1));
	else if (!strcmp(what, "control"))
		control_data();
	else
		return 2;
	return 0;
}
