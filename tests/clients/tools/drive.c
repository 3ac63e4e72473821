/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drive OUT TOOL ARGUMENTS... -- COMMAND...: starts a tracing tool, its output in OUT, waits until it waits for events, runs the
 * command, and interrupts the tool. "PID" among the tool's arguments: the command's process, which then starts first and waits for
 * the tool. Ends as the command did; 124: the tool was not ready or did not end in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Does it sleep in a call in which tools wait for events? -1: it is gone. */
static int waits(pid_t pid)
{
	char path[40], buf[32] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0 || buf[0] < '0' || buf[0] > '9')
		return 0;
	switch (atoi(buf)) {
	case SYS_epoll_wait: case SYS_epoll_pwait: case SYS_poll: case SYS_ppoll: case SYS_nanosleep: case SYS_clock_nanosleep:
	case SYS_select: case SYS_pselect6:
		return 1;
	}
	return 0;
}

static pid_t start(char **argv, const char *out, int gate)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (out) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644), null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	if (gate >= 0) {
		char c;

		if (read(gate, &c, 1) < 0)
			_exit(126);
		close(gate);
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* 0: it ended by itself */
static int ended(pid_t pid, int ms)
{
	int status;

	for (; ms > 0; ms -= 10) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			return 0;
		nap(10);
	}
	return -1;
}

int main(int argc, char **argv)
{
	int split = 2, calm = 0, gate[2], status = 0, late = getenv("DRIVE_MS") ? atoi(getenv("DRIVE_MS")) : 100;
	char number[16];
	pid_t tool, command;

	while (split < argc && strcmp(argv[split], "--"))
		split++;
	if (split < 3 || split + 1 >= argc || pipe(gate))
		return 2;
	argv[split] = NULL;
	fcntl(gate[1], F_SETFD, FD_CLOEXEC);
	command = start(argv + split + 1, NULL, gate[0]);
	close(gate[0]);
	snprintf(number, sizeof(number), "%d", command);
	for (int i = 2; i < split; i++)
		if (!strcmp(argv[i], "PID"))
			argv[i] = number;
	tool = start(argv + 2, argv[1], -1);
	for (int i = 0; i < 500 && calm < 6; i++) {
		int w = waitpid(tool, &status, WNOHANG) ? -1 : waits(tool);

		if (w < 0)
			break;
		calm += w;
		nap(40);
	}
	if (calm < 6)
		fprintf(stderr, "drive: %s is not ready\n", argv[2]);
	if (write(gate[1], "", 1) < 0)
		return 2;
	waitpid(command, &status, 0);
	nap(late);
	kill(tool, SIGINT);
	if (ended(tool, 20000)) {
		fprintf(stderr, "drive: %s does not end\n", argv[2]);
		kill(tool, SIGKILL);
		waitpid(tool, NULL, 0);
		return 124;
	}
	if (calm < 6)
		return 124;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
