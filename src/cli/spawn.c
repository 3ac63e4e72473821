/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that wait: see spawn.h. */
#include "cli/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int spawn_stopped(struct spawn *s, const char *cmd)
{
	char text[4096], byte;
	int p[2];

	/* without a shell in between where the command is one: it is the process one asked for */
	snprintf(text, sizeof(text), "%s%s", strpbrk(cmd, ";&|()<>\n`") ? "" : "exec ", cmd);
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
		execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(127);
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
	if (!s->ended && s->pid > 0 && waitpid(s->pid, &s->status, WNOHANG) == s->pid)
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
	while (waitpid(s->pid, &s->status, 0) < 0 && errno == EINTR)
		;
	s->ended = true;
}
