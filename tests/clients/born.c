/* SPDX-License-Identifier: BSD-2-Clause */
/* Twenty children, of each of which a call that is traced is the first that anybody sees. */
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			syscall(SYS_getppid);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
