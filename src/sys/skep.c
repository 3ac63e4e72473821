/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subsystems, the process's own calls, and the default subsystem behind skep_bpf(): the public entry points that are
 * neither commands nor runs.
 */
#include "skep/skep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/grace.h"
#include "helper/key.h"
#include "hook/hook.h"
#include "map/map.h"
#include "sys/relay.h"
#include "sys/sys.h"

/* ---- this process as a caller ---- */
/* Addresses no object can have: answered with EFAULT, as a kernel would, instead of a crash. */
static bool plausible(u64 p, size_t n)
{
	return p >= 4096 && n < ((u64)1 << 47) && p < ((u64)1 << 47) - n;
}

static int self_in(struct caller *w, void *dst, u64 src, size_t n)
{
	(void)w;
	if (!plausible(src, n))
		return -EFAULT;
	memcpy(dst, (const void *)(uintptr_t)src, n);
	return 0;
}

static int self_out(struct caller *w, u64 dst, const void *src, size_t n)
{
	(void)w;
	if (!plausible(dst, n))
		return -EFAULT;
	memcpy((void *)(uintptr_t)dst, src, n);
	return 0;
}

static int self_ident(struct caller *w, int fd, u64 *ret_dev, u64 *ret_ino, int *ret_mode)
{
	struct stat st;
	int mode;

	(void)w;
	if (fstat(fd, &st))
		return -EBADF;
	mode = fcntl(fd, F_GETFL);
	if (mode < 0)
		return -EBADF;
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	*ret_mode = mode & O_ACCMODE;
	return 0;
}

static int self_give(struct caller *w, int fd)
{
	(void)w;
	return fd;
}

/* The effective capabilities now: clients drop and raise them between calls. */
static u32 self_caps(void)
{
	static const struct { u8 cap; u8 bit; } map[] = { { 21, CAPB_SYS_ADMIN }, { 12, CAPB_NET_ADMIN },
							   { 38, CAPB_PERFMON }, { 39, CAPB_BPF } };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 }, { 0 } };
	u32 caps = 0;

	if (syscall(SYS_capget, &h, d))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (d[map[i].cap / 32].effective & 1u << map[i].cap % 32)
			caps |= map[i].bit;
	return caps;
}

static void identify(struct caller *w)
{
	w->uid = (u32)getuid();
	w->pid = (u32)getpid();
	w->caps = self_caps();
}

static void identify_but_caps(struct caller *w)
{
	w->uid = (u32)getuid();
	w->pid = (u32)getpid();
}

struct caller sys_self(const struct skep *s)
{
	return (struct caller){ .caps = s->caps, .identify = s->caps_set ? identify_but_caps : identify,
				.copy_in = self_in, .copy_out = self_out, .fd_ident = self_ident, .fd_give = self_give,
				.direct = true };
}

/* ---- subsystems ---- */
static bool env_is(const char *name, const char *value)
{
	const char *v = getenv(name);

	return v && !strcmp(v, value);
}

static int open_log(const char *file)
{
	const char *name = file ? file : getenv("SKEP_LOG");

	if (!name || !*name)
		return -1;
	if (!strcmp(name, "-"))
		return dup(2);
	return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Inner maps and programs that a map lets go: somebody may be using them. */
static void put_obj(void *o)
{
	obj_put(o);
}

static void retire(struct obj *o)
{
	grace_defer(put_obj, o);
}

int skep_new(const struct skep_opts *opts, struct skep **ret_skep)
{
	struct skep_opts o = { 0 };
	struct skep *s;
	int err;

	if (opts) {
		if (opts->sz < sizeof(size_t))
			return -EINVAL;
		memcpy(&o, opts, MIN(opts->sz, sizeof(o)));
		for (size_t i = sizeof(o); i < opts->sz; i++)
			if (((const u8 *)opts)[i])
				return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	map_retire = retire;
	s->caps = o.caps;
	s->caps_set = o.caps_set != 0;
	s->engine = o.engine;
	s->run_budget = o.run_budget;
	s->harden = o.harden;
	s->spectre = o.spectre;
	s->report = o.report ? o.report : env_is("SKEP_REPORT", "1") ? SKEP_REPORT_LOG : SKEP_REPORT_OFF;
	s->unpriv_allowed = (o.flags & SKEP_F_UNPRIV_ALLOWED) != 0 || env_is("SKEP_UNPRIVILEGED", "1");
	s->run_any = (o.flags & SKEP_F_RUN_ANY) != 0;
	s->log_fd = open_log(o.log_file);
	s->btf_file = o.btf_file ? strdup(o.btf_file) : NULL;
	s->pin_dir = o.pin_dir ? strdup(o.pin_dir) : NULL;
	err = objtab_init(&s->tab);
	if (!err)
		err = (s->hooks = hooks_new(&s->tab)) ? 0 : -ENOMEM;
	if (!err) {
		hooks_stats(s->hooks, &s->stats_users);
		err = hook_declare(s->hooks, SYS_TEST_FINISH, sizeof(s32));
		if (!err)
			err = relay_start(s);
		if (o.flags & SKEP_F_FIRES)
			hook_accept(s->hooks, ~(u64)0);
	}
	if (!err && o.flags & SKEP_F_HEARS_CLOSES)
		err = objtab_hear_closes(&s->tab);
	if (!err)
		err = pin_init(s);
	if (!err && s->btf_file && (!sys_kernel_btf(s)))
		err = s->kernel_btf_err ? s->kernel_btf_err : -ENOENT;
	if (err) {
		skep_free(s);
		return err;
	}
	*ret_skep = s;
	return 0;
}

void skep_free(struct skep *s)
{
	if (!s)
		return;
	pin_destroy(s);
	grace_flush(true);
	if (s->kernel_btf_obj)
		obj_put(&s->kernel_btf_obj->obj);
	objtab_drop(&s->tab); /* links leave their targets */
	hooks_free(s->hooks);
	sys_own_types_free(s);
	grace_flush(true); /* what went with the objects */
	objtab_destroy(&s->tab);
	if (s->log_fd >= 0)
		close(s->log_fd);
	free(s->btf_file);
	free(s->watch);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- commands ---- */
static __thread char last_reason[512];

const char *skep_reason(void)
{
	return last_reason;
}

static __thread char *last_report[2]; /* text, JSON; owned */

const char *skep_report(int json)
{
	const char *r = last_report[json != 0];

	return r ? r : "";
}

void sys_set_report(struct str *text, struct str *json)
{
	free(last_report[0]);
	free(last_report[1]);
	last_report[0] = text ? text->s : NULL;
	last_report[1] = json ? json->s : NULL;
}

static void write_log(const struct skep *s, const char *what, int err, const char *why)
{
	char line[800];
	int n = snprintf(line, sizeof(line), "skep: %s: %s (%s)\n", what, *why ? why : "no reason given",
			 strerrorname_np(-err) ? strerrorname_np(-err) : "ENOTSUPP");

	if (n > 0 && write(s->log_fd, line, MIN((size_t)n, sizeof(line) - 1)) < 0)
		return; /* a log that cannot be written must not change a verdict */
}

void sys_said(const struct skep *s, const char *what, int ret, const struct str *reason)
{
	if (ret >= 0 && !last_reason[0])
		return;
	snprintf(last_reason, sizeof(last_reason), "%s", ret < 0 ? str_text(reason) : "");
	if (ret < 0 && s->log_fd >= 0)
		write_log(s, what, ret, last_reason);
}

int skep_bpf_in(struct skep *s, int cmd, union bpf_attr *attr, unsigned size)
{
	struct caller who;
	struct str reason = { 0 };
	int ret;

	if (((cmd >= BPF_MAP_LOOKUP_ELEM && cmd <= BPF_MAP_DELETE_ELEM) || cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM) && sys_elem_fast(s, (u32)cmd, attr, size)) {
		sys_said(s, "", 0, &reason);
		return 0;
	}
	who = sys_self(s);
	ret = sys_bpf(s, &who, (u32)cmd, (u64)(uintptr_t)attr, size, &reason);
	if (ret < 0 && cmd != BPF_PROG_LOAD && s->report)
		sys_set_report(NULL, NULL); /* the report is on this failure, and there is none */
	sys_said(s, (u32)cmd < UAPI_CMDS ? cmd_spec[cmd].uapi : "bpf(2)", ret, &reason);
	str_free(&reason);
	return ret;
}

void skep_closed(struct skep *s, unsigned from, unsigned to)
{
	if (s)
		obj_fds_closed(&s->tab, from, to);
}

static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static struct skep *default_skep;
static struct skep_opts default_opts = { .sz = sizeof(struct skep_opts) };

struct skep *skep_default_if_made(void)
{
	return __atomic_load_n(&default_skep, __ATOMIC_ACQUIRE);
}

int skep_configure(const struct skep_opts *opts)
{
	int err = 0;

	pthread_mutex_lock(&default_lock);
	if (default_skep)
		err = -EBUSY;
	else if (!opts || opts->sz < sizeof(size_t) || opts->sz > sizeof(default_opts))
		err = -EINVAL;
	else
		memcpy(&default_opts, opts, opts->sz);
	pthread_mutex_unlock(&default_lock);
	return err;
}

struct skep *skep_default(void)
{
	struct skep *s = __atomic_load_n(&default_skep, __ATOMIC_ACQUIRE);

	if (s)
		return s;
	pthread_mutex_lock(&default_lock);
	if (!default_skep && !skep_new(&default_opts, &s))
		__atomic_store_n(&default_skep, s, __ATOMIC_RELEASE);
	s = default_skep;
	pthread_mutex_unlock(&default_lock);
	return s;
}

int skep_bpf(int cmd, union bpf_attr *attr, unsigned size)
{
	struct skep *s = skep_default();
	int ret = s ? skep_bpf_in(s, cmd, attr, size) : -ENOMEM;

	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

const char *skep_version(void)
{
	return SKEP_VERSION;
}

int skep_trust(const void *cert, size_t size)
{
	return key_trust(cert, size);
}
