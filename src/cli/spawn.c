/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that wait: see spawn.h. */
#include "base/child.h"
#include "cli/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without a shell in between where the command is just words: it is the process one asked for. */
static _Noreturn void exec_command(const char *cmd)
{
	char *text = strdup(cmd), *argv[256];
	int n = 0;

	if (!strpbrk(cmd, ";&|()<>\n`'\"\\$*?[#~=%{") && text)
		for (char *w = strtok(text, " \t"); w && n < 255; w = strtok(NULL, " \t"))
			argv[n++] = w;
	argv[n] = NULL;
	if (n)
		execvp(argv[0], argv);
	else
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
	fprintf(stderr, "skep: %s: %s\n", n ? argv[0] : "/bin/sh", strerror(errno));
	_exit(127);
}

int spawn_stopped(struct spawn *s, const char *cmd)
{
	char byte;
	int p[2];

	if (pipe2(p, 02000000 /* O_CLOEXEC */))
		return -1;
	s->pid = fork();
	if (s->pid < 0) {
		close(p[0]);
		close(p[1]);
		return -1;
	}
	if (!s->pid) {
		close(p[1]);
		if (read(p[0], &byte, 1) != 1)
			_exit(126);
		exec_command(cmd);
	}
	close(p[0]);
	s->go = p[1];
	s->ended = false;
	return 0;
}

void spawn_go(struct spawn *s)
{
	if (write(s->go, "", 1) != 1)
		s->ended = true;
	close(s->go);
	s->go = -1;
}

bool spawn_ended(struct spawn *s)
{
	if (!s->ended && s->pid > 0 && child_ended(P_PID, s->pid, &s->status) == s->pid)
		s->ended = true;
	return s->ended;
}

void spawn_kill(struct spawn *s)
{
	if (s->pid <= 0 || s->ended)
		return;
	if (s->go >= 0)
		close(s->go);
	kill(s->pid, SIGTERM);
	while (!child_ended(P_PID, s->pid, &s->status))
		usleep(1000);
	s->ended = true;
}
