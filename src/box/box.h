/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The box: one subsystem of skep that stands for the kernel's in a tree of processes.
 *
 * Their system calls that touch BPF are stopped by a seccomp filter and answered here, by the *supervisor*. A row of calls.def
 * is a call that is stopped and the function that answers it; a row of files.def is a path that is served.
 * Invariant: what a client says is copied once and decided on the copy; a call that is let through to the kernel (BOX_PASS) never
 * carries a decision. A client may die or lie at any moment: nothing but its own call is lost.
 */
#ifndef SKEP_BOX_BOX_H
#define SKEP_BOX_BOX_H

#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/types.h>

#include "base/str.h"
#include "skep/skep.h"
#include "sys/sys.h"

struct box;
struct client;
struct notif;
struct src;
struct box_page;

/* What `skep exec` was asked for. */
struct box_opts {
	const char *name;         /* of the box; NULL: its number */
	const char *btf_file;     /* kernel types; NULL: the running kernel's */
	u32 caps;                 /* CAPB_*: what clients may do at most */
	bool unprivileged;        /* clients are who they are; nobody plays root */
	u32 unpriv_disabled;      /* sysctl kernel.unprivileged_bpf_disabled: 0, 1, 2 */
	const char *log_file, *audit_file, *audit_key_file;
	bool keep;                /* the box outlives its clients */
	const char *maker;        /* an option that was given and is for who makes a box, not for who joins one; NULL: none */
	bool must_exist;          /* join `name`, do not make it */
	bool stats;               /* say at the end what was done */
	bool accelerate;          /* load the accelerator into clients */
	bool enforce;             /* stop all calls that programs may decide about */
	bool all_calls;           /* events of system calls of code that no file has, too */
	const char *trace;        /* numbers of processes outside whose events are wanted too, by commas; NULL: none */
	u32 engine;
	char *const *argv;        /* the command */
};

/* ---- clients ---- */
struct exec_file { dev_t dev; ino_t ino; };

/* A process (thread group) that has made a call. Freed when it has exited and nobody looks at it. */
struct client {
	struct client *next;      /* chain of box->clients */
	struct box *box;
	u32 refs;                 /* atomic */
	pid_t pid;                /* thread group, in the supervisor's namespace */
	pid_t last;               /* atomic: its thread that called last: lives while it is served, also when the first thread has ended */
	int pidfd;                /* of the process; survives execve */
	int mem;                  /* /proc/PID/mem of its memory now; -1: closed by execve, opened again on need */
	bool gone;                /* it has exited: in no table any more. Under box->lock */
	u32 caps;                 /* CAPB_* it has not given up (virtual root; see identity.c) */
	/*
	 * What the kernel said of its first thread; 0: nothing yet, or it may have changed. Atomic: IDENTITY_KNOWN | caps << 32 | uid
	 */
	u64 identity;
	u64 calls;                /* atomic */
	u32 near;                 /* atomic: what it reads around the attributes of an element command; see command.c */
	char comm[16];            /* read it by client_name() */
	bool renamed;             /* execve: comm is to be read again */
	struct exec_file images[8];   /* what it may be after its last execve; see decide_image() */
	u32 nimages;
	bool asks_bpf;            /* it has called bpf(2); atomic */
	bool plain;               /* the program it is has no libbpf: looked up once, see netlink.c; atomic */
	u64 closed_dev, closed_ino; /* what stands for descriptors that were closed in its place; 0: nothing does */
	int closed_fd;
	void *trace;              /* of the tracing side (trace*.c) */
};

/*
 * The client that makes a call (made on first sight), referenced. NULL: it died meanwhile. With `believe`, n->believed may say
 * that it is who had this number last: that process may have ended a moment ago, and nobody was told yet.
 */
struct client *client_of(struct notif *n, bool believe);
bool client_sure(struct notif *n); /* n->client is who it is, whoever it was taken for; false: it died */
bool client_certain(struct notif *n); /* ask, if it was only believed; false: it is somebody else (BOX_SURE) */
bool client_known(struct box *b, pid_t pid); /* has the process made a call? */
struct client *client_get(struct client *c);
void client_put(struct client *c);
const char *client_name(struct client *c);
/* Does a signal wait for the thread that it does not block (and has a handler for)? */
bool client_signalled(pid_t tid, bool handled);
/* Its memory. 0, -EFAULT; -ESRCH: it is gone. */
int client_read(struct client *c, void *dst, u64 src, size_t n);
int client_write(struct client *c, u64 dst, const void *src, size_t n);
/* A string of at most `max` bytes with its NUL: its length, -EFAULT, -ENAMETOOLONG. */
int client_string(struct client *c, char *dst, u64 src, size_t max);
/* A duplicate of its descriptor: ours, close-on-exec; -EBADF; -EPERM: nobody may take descriptors here (containers). */
int client_fd(struct client *c, int fd);

/*
 * Who wants to know of processes. All functions may be NULL; each is called on the thread that saw the event, without locks.
 * A process is seen at its first stopped call; execve always is one.
 */
struct box_watcher {
	struct box_watcher *next; /* box.c's */
	void *ctx;
	/* first stopped call of the process: `c` is stopped until this returns */
	void (*seen)(void *ctx, struct client *c);
	/*
	 * It is about to call execve: the thread `tid` is stopped before the call, which goes on when this returns (it may fail).
	 * To meet the new image seize the process here (PTRACE_SEIZE | PTRACE_O_TRACEEXEC) from the thread that will wait for it.
	 */
	void (*exec)(void *ctx, struct client *c, pid_t tid);
	void (*exited)(void *ctx, struct client *c);
	/* mmap and munmap are not stopped: the agent sees them in the process. */
};
void box_watch(struct box *b, struct box_watcher *w); /* before the first client runs, or any time after */

/* ---- the supervisor ---- */
#define BOX_CLIENTS 256  /* chains */
#define BOX_THREADS 1024 /* threads whose process was asked for, by number */
struct listener; /* one seccomp filter's notifications */

struct box {
	struct skep *skep;         /* the subsystem; skep->hooks has its attachments */
	struct box_opts opts;
	char name[64];
	dev_t dev;                 /* where dir is */
	char *dir;                 /* of run-time files (socket, served directories); removed at the end */
	bool real_root;            /* the supervisor has the kernel's privileges: clients keep the identity the kernel gave them */
	pthread_mutex_t lock;      /* clients, watchers, listeners */
	struct client *clients[BOX_CLIENTS];
	u32 nclients;
	struct { pid_t tid, pid; } threads[BOX_THREADS]; /* a guess, checked on use */
	struct box_watcher *watchers;
	struct listener *listeners;
	pid_t command;             /* the first client */
	bool ended;                /* it has, and its status was told */
	u32 stopping;              /* looks after its last clients since it was told to end; 0: it was not */
	int loop;                  /* epoll of the main loop; see box_poll() */
	struct box_log *log;       /* --log and --audit; NULL: none */
	struct events *events;     /* who waits for which ring: events.c */
	struct files *files;       /* served contents: files.c */
	struct src *src;           /* clocks and process life: src.h */
	struct decide *decide;     /* who decides about calls: decide.h */
	struct str wrong;          /* why it could not be set up, if that can be said better than by an errno */
	struct str unprobed;       /* processes that could not be probed, a line each: trace_box.c. Under lock */
	struct str refused;        /* why the last attachment could not be made; empty: it could. Under lock */
	struct tracer *tracer;     /* functions and system calls of clients: trace.h; NULL: none on this machine */
	struct box_page *page;     /* what accelerated clients see, and its file */
	int page_fd;
	u64 started_ns;
	u64 ncalls[UAPI_CMDS + 1], nfailed[UAPI_CMDS + 1]; /* atomic */
};

/* What `skep exec` ends with when it is not the command that ended, as env(1). */
enum { EXIT_BOX_ERROR = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };
/* Run a command in a box: exit status as env(1) gives it. */
int box_run(const struct box_opts *o);

/*
 * The main loop calls fn(ctx) whenever `fd` is readable (or hung up), on the main thread. 0 or -errno. box_unpoll() before it is
 * closed, on the main thread.
 */
struct box_source {
	int fd;
	void (*fn)(struct box *b, struct box_source *s, u32 events);
	void *ctx;
};
int box_poll(struct box *b, struct box_source *s, u32 events);
void box_unpoll(struct box *b, struct box_source *s);

/* ---- one stopped system call ---- */
/* Memory of the client that was read before it was asked for; and, while `on`, how far around `base` it is asked for. */
#define AHEAD_MAX 1024u
struct ahead { u8 *bytes; u64 at, base; u32 len, before, after; bool on; };

enum notif_reply { N_OPEN /* not answered yet */, N_DONE };

struct notif {
	struct caller who;         /* first use of who.*: by notif_caller() */
	struct box *box;
	struct listener *from;
	struct client *client;     /* referenced while the call is served */
	u64 id;
	pid_t tid;
	u32 nr, arch;
	u64 args[6];
	enum notif_reply reply;
	bool believed;             /* client is who had this number last (client_of); with `doubt` something shows that it has ended */
	bool doubt;
	struct ahead ahead;
	bool moved;                /* this thread serves it on its processor */
	struct str reason;         /* of a command that failed */
	u64 obj_dev, obj_ino;      /* the object it was last about, for the log; 0: none */
};

/* Results of a row's function, beside 0.. and -errno: let the kernel do it; it is answered already; ask once more, not `believed`. */
#define BOX_PASS ((s64)1 << 62)
#define BOX_DONE (BOX_PASS + 1)
#define BOX_SURE (BOX_PASS + 2)
typedef s64 (*notif_fn)(struct notif *n);

/* The client as who calls bpf(2). */
struct caller *notif_caller(struct notif *n);
/* Is the call still waiting? False: its thread was killed, and its number may be somebody else's. */
bool notif_alive(const struct notif *n);
/* Answer with a descriptor of ours, which is consumed: BOX_DONE or -errno. Cannot leak: the kernel does both or nothing. */
s64 notif_give(struct notif *n, int fd, bool cloexec);
/* Put a descriptor of ours (not consumed) in place of the client's number `at`, without answering: 0 or -errno. */
int notif_replace(struct notif *n, int fd, int at, bool cloexec);
/* Path argument at args[i] relative to the directory descriptor in args[dir] (dir < 0: none), absolute: 0 or -errno. */
int notif_path(struct notif *n, int dir, int i, char *out, size_t size);

/* Rows of calls.def. */
#define SYS(name, when, fn) s64 box_##fn(struct notif *n);
#include "box/calls.def"

#endif
