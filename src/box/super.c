/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of a box: three processes. The *launcher* is what the user started; it waits and ends as the command ends. The *supervisor*
 * serves; it lives until the last client is gone (or for ever, --keep). The *command* is the first client, in the launcher's process
 * group, so that the terminal treats it as if it had been started directly.
 *
 * Invariant: the command runs no instruction of its own program before the supervisor serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "box/decide.h"
#include "box/priv.h"
#include "box/trace.h"
#include "box/src.h"

/* Supervisor to launcher. */
struct word {
	u32 what; /* WORD_* */
	s32 value;
};
enum { WORD_PID, WORD_STATUS };

static int complain(const char *what, int err)
{
	fprintf(stderr, "skep exec: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return EXIT_BOX_ERROR;
}

/* Each of the processes of --trace, for a box that begins or (by a connection) for one that runs. Exit status after a message, or 0. */
static int trace_others(const struct box_opts *o, struct box *b, int door)
{
	const char *at = o->trace;
	struct str why = { 0 };

	while (at && *at) {
		char *end;
		long pid = strtol(at, &end, 10);
		int err = pid <= 0 || pid > S32_MAX || (*end && *end != ',') ? -EINVAL : 0;

		if (err) {
			fprintf(stderr, "skep exec: --trace takes the numbers of processes, as in --trace 12,34\n");
			return EXIT_BOX_ERROR;
		}
		err = b ? trace_join(b, (pid_t)pid, &why) : control_trace(door, (pid_t)pid, &why);
		if (err) {
			fprintf(stderr, "skep exec: --trace: %s\n", why.len ? str_text(&why) : strerror(-err));
			str_free(&why);
			return EXIT_BOX_ERROR;
		}
		at = *end ? end + 1 : end;
	}
	str_free(&why);
	return 0;
}

/*
 * What comes from a keyboard or a manager while a command is being started waits: it meets the command, or who passes it on to it, and not
 * one of three processes that know nothing of each other yet.
 */
static sigset_t users_mask;

static void hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, &users_mask);
}

static void release_signals(void) { sigprocmask(SIG_SETMASK, &users_mask, NULL); }

/* ---- the command ---- */
/* The library beside this program, or where it is installed. */
static void preload_accelerator(void)
{
	static const char *const places[] = { "/libskep-accel.so", "/../lib/libskep-accel.so" };
	char self[4096], path[4200], all[8500];
	const char *others = getenv("LD_PRELOAD");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s%s", self, places[i]);
		if (access(path, R_OK))
			continue;
		snprintf(all, sizeof(all), "%s%s%.4000s", path, others && *others ? ":" : "", others ? others : "");
		setenv("LD_PRELOAD", all, 1);
		return;
	}
	fprintf(stderr, "skep exec: libskep-accel.so is not beside %s: not accelerated\n", self);
}

/* The command can tell where it is: $SKEP_BOX, and the prompt of a shell. */
static void set_environment(const struct box_opts *o)
{
	const char *base = strrchr(o->argv[0], '/'), *old = getenv("PS1");
	char name[64], prompt[300];
	size_t n;

	if (o->name)
		snprintf(name, sizeof(name), "%s", o->name);
	else
		snprintf(name, sizeof(name), "%d", (int)getppid());
	setenv("SKEP_BOX", name, 1);
	base = base ? base + 1 : o->argv[0];
	n = strlen(base);
	if (n < 2 || strcmp(base + n - 2, "sh") || !isatty(0)) /* scripts show no prompt */
		return;
	snprintf(prompt, sizeof(prompt), "(skep %s) %.200s", name, old && *old ? old : "$ ");
	setenv("PS1", prompt, 1);
	snprintf(prompt, sizeof(prompt), "skep %s", name);
	setenv("debian_chroot", prompt, 1); /* what Debian's bash start-up file puts before its own prompt */
}

/* The listener, or why there is none. A filter that enforces stops sendmsg(2) already: then its number goes over. */
static int tell_listener(int to_super, int fd, bool enforce)
{
	int word = fd < 0 ? fd : fd + 1;

	if (fd < 0 || !enforce)
		return control_send_fd(to_super, fd < 0 ? fd : 0, fd);
	return write(to_super, &word, sizeof(word)) == sizeof(word) ? 0 : -EPIPE;
}

/* In the child: under the filter, and then wait until it is served. */
static _Noreturn void become_command(const struct box_opts *o, int to_super, int go)
{
	struct box_hello hello;
	char c, how = 'n';
	int fd = filter_install(geteuid() && !o->unprivileged, o->enforce);

	if (tell_listener(to_super, fd, o->enforce) || read(go, &c, 1) != 1)
		syscall(SYS_exit, EXIT_BOX_ERROR); /* the supervisor says why, and is gone: exit_group(2) would wait for it */
	if (fd >= 0)
		close(fd);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* where only ancestors may look: who joins a box is not its child */
	if (!box_inside(&hello)) /* the call did not arrive */
		how = trap_install() ? 'f' : 't';
	if (write(to_super, &how, 1) != 1 || (how != 'n' && read(go, &c, 1) != 1))
		syscall(SYS_exit, EXIT_BOX_ERROR);
	if (o->accelerate)
		preload_accelerator();
	set_environment(o);
	release_signals();
	execvp(o->argv[0], o->argv);
	fprintf(stderr, "skep exec: %s: %s\n", o->argv[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

/* A command that waits for its supervisor. */
struct start {
	pid_t pid;
	int listener; /* its filter's notifications */
	int up, go;   /* from it, to it */
};

static int fetch_listener(struct start *s, int theirs)
{
	int pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);

	if (pidfd < 0)
		return -errno;
	s->listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	close(pidfd);
	if (s->listener >= 0)
		return 0;
	kill(s->pid, SIGKILL);
	return -EACCES; /* nor could decisions be enforced */
}

/* Fork the command and fetch its listener: 0 or -errno. */
static int start_command(const struct box_opts *o, struct start *s)
{
	int up[2], go[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, up) || pipe2(go, O_CLOEXEC))
		return -errno;
	s->pid = fork();
	if (s->pid < 0)
		return -errno;
	if (!s->pid) {
		close(up[0]);
		close(go[1]);
		become_command(o, up[1], go[0]);
	}
	close(up[1]);
	close(go[0]);
	s->up = up[0];
	s->go = go[1];
	s->listener = -1;
	err = control_receive_fd(s->up, &s->listener);
	return err > 0 ? fetch_listener(s, err - 1) : err ? err : s->listener < 0 ? -ECHILD : 0;
}

/* It is served now: let it find out whether its calls arrive, and become the command. 0, or exit status after a message. */
static int let_it_run(struct start *s)
{
	char how = 0;
	int err;

	if (write(s->go, "", 1) != 1 || read(s->up, &how, 1) != 1)
		return complain("the command did not start", ECHILD);
	if (how == 'f')
		return complain("another filter takes bpf(2) away from this process, and cannot be overruled", EPERM);
	if (how == 't') {
		err = trap_start(s->pid);
		if (err)
			return complain("another filter takes bpf(2) away from this process, and tracing it is not allowed", err);
		if (write(s->go, "", 1) != 1)
			return complain("the command did not start", ECHILD);
	}
	close(s->up);
	close(s->go);
	return 0;
}

/* ---- the supervisor ---- */
static struct box_source child, launcher;
static int to_launcher = -1;

static void tell(u32 what, s32 value)
{
	struct word w = { what, value };

	if (to_launcher >= 0 && write(to_launcher, &w, sizeof(w)) != sizeof(w))
		return; /* it is gone; on_launcher() sees that */
}

/* From now on nobody waits for this process: hold nothing that others wait to see closed. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (chdir("/"))
		return;
}

void box_may_end(struct box *b)
{
	if (b->ended && !b->listeners && !b->opts.keep)
		loop_stop(b);
}

/* ---- ending a box that has clients: they are asked, then killed, as none of them could go on without who serves it ---- */
#define STOP_LOOK_MS 100
#define STOP_ASKED   20 /* looks until they are killed, */
#define STOP_GIVE_UP 50 /* and until the box ends nevertheless */
static struct box_source stop_clock;

static void on_stop_clock(struct box *b, struct box_source *s, u32 events)
{
	u64 ticks;

	(void)events;
	if (read(s->fd, &ticks, sizeof(ticks)) < 0)
		return;
	if (++b->stopping > STOP_ASKED)
		clients_signal(b, SIGKILL); /* each time, as they may have children that were not seen yet */
	if (b->stopping > STOP_GIVE_UP || (!b->nclients && serve_deserted(b)))
		loop_stop(b);
}

void box_stop(struct box *b)
{
	const struct itimerspec every = { { 0, STOP_LOOK_MS * 1000000 }, { 0, STOP_LOOK_MS * 1000000 } };

	if (b->stopping)
		return;
	b->stopping = 1;
	b->opts.keep = false;
	clients_signal(b, SIGTERM);
	stop_clock = (struct box_source){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .fn = on_stop_clock };
	if (stop_clock.fd < 0 || timerfd_settime(stop_clock.fd, 0, &every, NULL) || box_poll(b, &stop_clock, EPOLLIN))
		loop_stop(b);
	box_may_end(b);
}

static volatile sig_atomic_t told_to_end;

/* A tool that could not attach tells of an error number at best. */
static void tell_refused(struct box *b, int status)
{
	pthread_mutex_lock(&b->lock);
	if (WIFEXITED(status) && WEXITSTATUS(status) && b->refused.len)
		fprintf(stderr, "skep exec: %s\n", str_text(&b->refused));
	pthread_mutex_unlock(&b->lock);
}

/* Reap: the command's status goes to the launcher, orphans that became ours just vanish. */
static void on_child(struct box *b, struct box_source *s, u32 events)
{
	char drain[256];
	int status;
	pid_t pid;

	(void)events;
	while (read(s->fd, drain, sizeof(drain)) > 0)
		;
	if (told_to_end)
		box_stop(b);
	/* the command first: behind a stop of another tracee its end would not be seen */
	while ((!b->ended && (pid = child_ended(P_PID, b->command, &status)) > 0) || (pid = child_ended(P_ALL, 0, &status)) > 0) {
		if (pid != b->command)
			continue;
		b->ended = true;
		if (b->opts.stats)
			control_print_stats(b, stderr);
		tell_refused(b, status);
		if (!b->opts.keep && serve_deserted(b)) { /* who waits for the command finds processes outside as they were, and its log whole */
			if (b->opts.trace)
				trace_close(b);
			log_close(b);
		}
		tell(WORD_STATUS, status);
		if (to_launcher >= 0) {
			box_unpoll(b, &launcher);
			close(to_launcher);
			to_launcher = -1;
		}
		let_go();
		box_may_end(b);
	}
}

/* The launcher was killed: as if the command itself had been. */
static void on_launcher(struct box *b, struct box_source *s, u32 events)
{
	(void)events;
	box_unpoll(b, s);
	close(to_launcher);
	to_launcher = -1;
	kill(b->command, SIGKILL);
}

static int child_pipe[2];

static void on_signal(int sig)
{
	int saved = errno;

	told_to_end |= sig == SIGTERM;
	if (write(child_pipe[1], "", 1) < 0)
		errno = 0; /* full: it will be read */
	errno = saved;
}

static void set_signals(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static int watch_children(struct box *b)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP };

	if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK) || sigaction(SIGCHLD, &sa, NULL) || sigaction(SIGTERM, &sa, NULL))
		return -errno;
	child = (struct box_source){ .fd = child_pipe[0], .fn = on_child };
	return box_poll(b, &child, EPOLLIN);
}

static void raise_limits(void)
{
	struct rlimit l;

	if (!getrlimit(RLIMIT_NOFILE, &l)) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* The subsystem and everything around it. */
static int open_box(struct box *b, const struct box_opts *o)
{
	struct skep_opts so = { .sz = sizeof(so), .btf_file = o->btf_file, .caps = SKEP_CAP_ALL, .caps_set = 1,
				.flags = o->unpriv_disabled ? 0 : SKEP_F_UNPRIV_ALLOWED, .engine = o->engine };
	char pins[4096];
	int err;

	pthread_mutex_init(&b->lock, NULL);
	b->opts = *o;
	b->real_root = !geteuid();
	b->started_ns = clock_ns(CLOCK_REALTIME);
	err = control_dir(b);
	if (err)
		return err;
	snprintf(pins, sizeof(pins), "%s/bpf", b->dir);
	if (mkdir(pins, 0755) && errno != EEXIST)
		return -errno;
	so.pin_dir = pins;
	err = skep_new(&so, &b->skep);
	if (err && o->btf_file)
		str_printf(&b->wrong, "%s: %s", o->btf_file, err == -EINVAL ? "is no kernel BTF" : strerror(-err));
	if (!err)
		err = src_new(b->skep->hooks, &b->src);
	if (!err)
		err = decide_init(b);
	if (!err)
		err = trace_open(b);
	if (!err)
		err = loop_init(b);
	if (!err)
		err = events_init(b);
	if (!err)
		printk_init(b);
	if (!err)
		err = log_open(b);
	if (!err)
		err = paths_init(b);
	if (!err)
		err = files_init(b);
	if (!err)
		err = control_open(b);
	return err ? err : watch_children(b);
}

/* The command waits under a filter that nobody will serve, where not even its end would be let through. */
static _Noreturn void give_up(const struct start *s, int code)
{
	kill(s->pid, SIGKILL);
	_exit(code);
}

static _Noreturn void supervise(const struct box_opts *o, int launcher_fd)
{
	static struct box box;
	struct start start;
	int err;

	to_launcher = launcher_fd;
	err = start_command(o, &start); /* first: it inherits what the user's shell set */
	box.command = start.pid;
	setpgid(0, 0);
	set_signals();
	release_signals();
	raise_limits();
	prctl(PR_SET_NAME, "skep-box", 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (err == -EBUSY)
		_exit(complain("another supervisor (not skep's) already takes this process's calls", err));
	if (err == -EACCES)
		_exit(complain("--enforce needs descriptors of its clients, which nobody may take here", err));
	if (err)
		_exit(complain("cannot install the filter", err));
	err = open_box(&box, o);
	if (!err)
		err = serve_start(&box, start.listener);
	if (err && box.wrong.len)
		fprintf(stderr, "skep exec: %s\n", str_text(&box.wrong));
	else if (err)
		complain("cannot set up the box", err);
	if (err)
		give_up(&start, EXIT_BOX_ERROR);
	if (o->enforce)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* clients, who may be the same user, do not look into who decides */
	launcher = (struct box_source){ .fd = launcher_fd, .fn = on_launcher };
	box_poll(&box, &launcher, EPOLLHUP | EPOLLRDHUP);
	tell(WORD_PID, box.command);
	err = trace_others(o, &box, -1);
	if (!err)
		err = let_it_run(&start);
	if (err) {
		control_close(&box);
		give_up(&start, err);
	}
	loop_run(&box);
	clients_forget_all(&box);
	log_close(&box);
	control_close(&box);
	trace_close(&box);
	src_free(box.src);
	skep_free(box.skep);
	_exit(0);
}

/* ---- the launcher ---- */
static volatile sig_atomic_t command_pid;

static void forward(int sig)
{
	if (command_pid > 0)
		kill((pid_t)command_pid, sig);
}

/* End as the command did. */
static int end_like(int status)
{
	struct rlimit no_core = { 0, 0 };
	int sig;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	sig = WTERMSIG(status);
	setrlimit(RLIMIT_CORE, &no_core); /* the command's own core is enough */
	signal(sig, SIG_DFL);
	raise(sig);
	return 128 + sig;
}

static void launcher_signals(void)
{
	static const int forwarded[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

	signal(SIGINT, SIG_IGN); /* the terminal sends them to the command as well, which decides */
	signal(SIGQUIT, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		signal(forwarded[i], forward);
}

/* From here on signals go to the command; also those that came before there was one. */
static void command_is(pid_t pid)
{
	sigset_t waiting;

	sigpending(&waiting);
	command_pid = pid;
	if (sigismember(&waiting, SIGINT))
		kill(pid, SIGINT);
	if (sigismember(&waiting, SIGQUIT))
		kill(pid, SIGQUIT);
	launcher_signals();
	release_signals();
}

static int wait_for_command(int fd)
{
	struct word w;

	for (;;) {
		ssize_t n = read(fd, &w, sizeof(w));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(w))
			return EXIT_BOX_ERROR; /* the supervisor has said why */
		if (w.what != WORD_PID)
			return end_like(w.value);
		command_is(w.value);
	}
}

/* The command in a box that runs already: 125 or its own end. */
static int join(const struct box_opts *o, int box)
{
	struct box_opts as_the_box = *o;
	struct start start;
	int status, err = trace_others(o, NULL, box);

	if (err)
		return err;
	as_the_box.enforce = control_enforces(o->name);
	hold_signals();
	err = start_command(&as_the_box, &start);

	if (!err)
		err = control_join(box, start.listener);
	close(box);
	if (err)
		return complain("cannot join the box", err);
	close(start.listener);
	command_is(start.pid);
	err = let_it_run(&start);
	if (err)
		return err;
	while (waitpid(start.pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain("lost the command", errno);
	return end_like(status);
}

/* In a box already: its supervisor serves what we start, as everything else there. */
static int run_inside(const struct box_opts *o, const struct box_hello *h)
{
	if (o->name && strcmp(o->name, h->name)) {
		fprintf(stderr, "skep exec: this process is in box %s already, and cannot enter %s\n", h->name, o->name);
		return EXIT_BOX_ERROR;
	}
	if (o->maker) {
		fprintf(stderr, "skep exec: %s is for who makes a box, and this process is in box %s already\n", o->maker, h->name);
		return EXIT_BOX_ERROR;
	}
	if (o->trace) {
		int door = control_connect(h->name), err = trace_others(o, NULL, door);

		if (err)
			return err;
		close(door);
	}
	execvp(o->argv[0], o->argv);
	fprintf(stderr, "skep exec: %s: %s\n", o->argv[0], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

int box_run(const struct box_opts *o)
{
	struct box_hello hello;
	int pair[2], box;
	pid_t pid;

	if (box_inside(&hello))
		return run_inside(o, &hello);
	box = o->name ? control_connect(o->name) : -ENOENT;
	if (!o->must_exist && o->name && !control_may_be_name(o->name)) {
		fprintf(stderr, "skep exec: a box cannot be called \"%s\": 1 to 63 characters without /, the first not a dot\n", o->name);
		return EXIT_BOX_ERROR;
	}
	if (box < 0 && o->must_exist) {
		fprintf(stderr, "skep attach: there is no box \"%s\" (skep ps lists them)\n", o->name);
		return EXIT_BOX_ERROR;
	}
	if (box >= 0 && o->maker) {
		fprintf(stderr, "skep exec: box %s runs already, and %s is for who makes it (skep attach --stop %s ends it)\n", o->name,
			o->maker, o->name);
		return EXIT_BOX_ERROR;
	}
	if (box >= 0)
		return join(o, box);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return complain("no socket", errno);
	fflush(NULL);
	hold_signals();
	pid = fork();
	if (pid < 0)
		return complain("cannot fork", errno);
	if (!pid) {
		close(pair[0]);
		supervise(o, pair[1]);
	}
	close(pair[1]);
	return wait_for_command(pair[0]);
}
