/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_LOAD, BPF_PROG_TEST_RUN, BPF_PROG_BIND_MAP. The order of checks is Linux's: it decides the errno. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "helper/key.h"
#include "helper/run_env.h"
#include "hook/test_run.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/attach.h"
#include "sys/sys.h"

#define MAX_INSNS 1000000u
#define MAX_INSNS_UNPRIV 4096u
#define FLAGS_KNOWN 0xffu       /* BPF_F_STRICT_ALIGNMENT .. BPF_F_TEST_REG_INVARIANTS */
#define FLAG_DEV_BOUND (1u << 6) /* BPF_F_XDP_DEV_BOUND_ONLY */

/* What a load copied in; freed as one. */
struct load_bufs {
	struct bpf_insn *insns;
	void *func_info, *line_info;
	s32 *fds;                /* fd_array, when its length was given */
	struct obj *btf_obj, *attach_obj;
	struct call *c;
	char license[128];
};

static void bufs_free(struct load_bufs *b)
{
	free(b->insns);
	free(b->func_info);
	free(b->line_info);
	free(b->fds);
	obj_put(b->btf_obj);
	obj_put(b->attach_obj);
}

/* Where the caller has mapped its arena, if it left the choice of an address to mmap(2). */
static void arena_place(struct call *c, struct map *m)
{
	unsigned long long from, to, off, ino;
	unsigned int major, minor;
	char path[32], line[512];
	struct stat st;
	FILE *f;

	if (m->desc.type != UAPI_MAP_TYPE_ARENA || map_arena(m) || fstat(m->obj.memfd, &st))
		return;
	snprintf(path, sizeof(path), "/proc/%u/maps", caller_known(c->who)->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %*s %llx %x:%x %llu", &from, &to, &off, &major, &minor, &ino) != 6 || off)
			continue;
		/* the map's own view of its file is longer, with tables behind the pages */
		if (ino == st.st_ino && makedev(major, minor) == st.st_dev && from != (u64)(uintptr_t)m->base &&
		    to - from <= m->mmap_size && !map_arena_place(m, from, to - from))
			break;
	}
	if (f)
		fclose(f);
}

static int map_of_fd(void *cookie, int fd, struct map **ret)
{
	struct load_bufs *b = cookie;
	struct obj *o;
	int err = call_obj(b->c, fd, OBJ_MAP, &o, NULL);

	if (err)
		return err;
	*ret = container_of(o, struct map, obj);
	arena_place(b->c, *ret);
	return 0;
}

static int btf_of_fd(void *cookie, int fd, struct obj **ret_obj, const struct btf **ret)
{
	struct load_bufs *b = cookie;
	struct obj *o;
	int err = call_obj(b->c, fd, OBJ_BTF, &o, NULL);

	if (err)
		return err;
	*ret_obj = o;
	*ret = container_of(o, struct btf_obj, obj)->btf;
	return 0;
}

static int fd_at(void *cookie, u32 index, int *ret_fd)
{
	struct load_bufs *b = cookie;
	struct call *c = b->c;
	u64 array = c->a.prog_load.fd_array;
	s32 fd;
	int err;

	if (!array)
		return call_fail(c, -EPROTO, "an instruction refers to fd_array[%u], but there is no fd_array", index);
	err = call_in(c, &fd, array + (u64)index * sizeof(fd), sizeof(fd));
	if (!err)
		*ret_fd = fd;
	return err;
}

static u32 caps_for(const struct progtype_spec *t)
{
	return t->caps & (u32)~CAPB_BPF;
}

static int check_privilege(struct call *c, const struct progtype_spec *t)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	bool bpf = call_capable(c, CAPB_BPF);
	u32 max = bpf ? MAX_INSNS : MAX_INSNS_UNPRIV;

	if (!bpf && !c->s->unpriv_allowed)
		return call_fail(c, -EPERM, "loading programs needs CAP_BPF (unprivileged BPF is off)");
	if (!a->insn_cnt || a->insn_cnt > max)
		return call_fail(c, -E2BIG, "%u instructions: a program has 1 to %u of them%s", a->insn_cnt, max,
				 bpf ? "" : " without CAP_BPF");
	if (a->prog_type != BPF_PROG_TYPE_SOCKET_FILTER && a->prog_type != BPF_PROG_TYPE_CGROUP_SKB && !bpf)
		return call_fail(c, -EPERM, "programs of type %u need CAP_BPF", a->prog_type);
	if (t && !call_capable(c, caps_for(t)))
		return call_fail(c, -EPERM, "programs of type %s need %s", t->name,
				 t->net ? "CAP_NET_ADMIN" : "CAP_PERFMON");
	return 0;
}

/* Types that must say at load where they attach; others may leave it 0. Those of an application have no such types. */
static int check_attach_type(struct call *c, struct vf_input *vf)
{
	if (progtype_by_id(vf->prog_type) && progtype_attach_check(vf->prog_type, vf->attach_type, &vf->attach_type))
		return call_fail(c, -EINVAL, "expected_attach_type %u does not fit this program type", vf->attach_type);
	return 0;
}

/* What it attaches to, by type id: a program, or a BTF object (the kernel's when none is given). */
static int resolve_attach_btf(struct call *c, struct load_bufs *b, struct vf_input *vf)
{
	const struct attr_prog_load *a = &c->a.prog_load;

	vf->attach_btf_id = a->attach_btf_id;
	if (a->attach_fd) {
		if (call_obj(c, (int)a->attach_fd, OBJ_NONE, &b->attach_obj, NULL))
			return -EINVAL;
		if (b->attach_obj->kind == OBJ_PROG) {
			vf->attach_btf = prog_of(b->attach_obj)->btf;
			return 0;
		}
		if (b->attach_obj->kind != OBJ_BTF)
			return call_fail(c, -EINVAL, "attach descriptor is neither a program nor BTF");
		if (!container_of(b->attach_obj, struct btf_obj, obj)->kernel)
			return call_fail(c, -ENOTSUPP, "attach_btf_obj_fd must be the kernel's BTF");
		vf->attach_btf = container_of(b->attach_obj, struct btf_obj, obj)->btf;
	} else if (a->attach_btf_id) {
		vf->attach_btf = sys_kernel_btf(c->s);
		if (!vf->attach_btf)
			return call_fail(c, -EINVAL, "attach_btf_id needs the kernel's BTF, and there is none");
	}
	return 0;
}

/* Only these types attach to a function by its type id, and two of them to a program's. */
static int check_target(struct call *c, const struct load_bufs *b, const struct vf_input *vf)
{
	progset bit = vf->prog_type < 64 ? PT_BIT(vf->prog_type) : 0,
		to_prog = PT_BIT(BPF_PROG_TYPE_TRACING) | PT_BIT(BPF_PROG_TYPE_EXT);
	bool prog = b->attach_obj && b->attach_obj->kind == OBJ_PROG;

	if (vf->attach_btf_id &&
	    (vf->attach_btf_id > 0xfffff || !(bit & (to_prog | PT_BIT(BPF_PROG_TYPE_LSM) | PT_BIT(BPF_PROG_TYPE_STRUCT_OPS)))))
		return call_fail(c, -EINVAL, "attach_btf_id %u: too large, or not for this program type", vf->attach_btf_id);
	if (vf->attach_btf && !prog && !vf->attach_btf_id)
		return call_fail(c, -EINVAL, "a BTF object to attach to without attach_btf_id");
	if (prog && !(bit & to_prog))
		return call_fail(c, -EINVAL, "programs of this type do not attach to programs");
	return 0;
}

/* Programs for one device: offloaded to it, or only bound. */
static int check_device(struct call *c)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	bool xdp = a->prog_type == BPF_PROG_TYPE_XDP, bound = a->prog_flags & FLAG_DEV_BOUND;
	char name[IF_NAMESIZE];

	if (!a->prog_ifindex)
		return 0;
	if ((!xdp && a->prog_type != BPF_PROG_TYPE_SCHED_CLS) || (a->prog_flags & ~(FLAG_DEV_BOUND | BPF_F_XDP_HAS_FRAGS)) ||
	    (a->prog_flags & BPF_F_XDP_HAS_FRAGS && !bound) || (bound && !xdp))
		return call_fail(c, -EINVAL, "prog_ifindex does not go with this program type or prog_flags 0x%x", a->prog_flags);
	if (!if_indextoname(a->prog_ifindex, name))
		return call_fail(c, -EINVAL, "prog_ifindex %u: no such device", a->prog_ifindex);
	return call_fail(c, -EOPNOTSUPP, "device %s takes no programs of its own here", name);
}

static int copy_infos(struct call *c, struct load_bufs *b, struct vf_input *vf)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	int err;

	if (!a->func_info_cnt && !a->line_info_cnt)
		return 0; /* Linux does not look at prog_btf_fd then */
	err = call_obj(c, (int)a->prog_btf_fd, OBJ_BTF, &b->btf_obj, NULL);
	if (err)
		return err;
	if (container_of(b->btf_obj, struct btf_obj, obj)->kernel)
		return call_fail(c, -EACCES, "prog_btf_fd is the kernel's BTF");
	vf->btf = container_of(b->btf_obj, struct btf_obj, obj)->btf;
	vf->func_info_rec = a->func_info_rec_size;
	vf->func_info_cnt = a->func_info_cnt;
	vf->line_info_rec = a->line_info_rec_size;
	vf->line_info_cnt = a->line_info_cnt;
	/* Sizes are the verifier's to judge; only plausible ones are copied. */
	if (a->func_info_cnt && a->func_info_rec_size <= 256 && a->func_info_cnt <= MAX_INSNS) {
		err = call_in_alloc(c, a->func_info, (size_t)a->func_info_rec_size * a->func_info_cnt, &b->func_info);
		if (err)
			return err;
	}
	if (a->line_info_cnt && a->line_info_rec_size <= 256 && a->line_info_cnt <= MAX_INSNS) {
		err = call_in_alloc(c, a->line_info, (size_t)a->line_info_rec_size * a->line_info_cnt, &b->line_info);
		if (err)
			return err;
	}
	vf->func_info = b->func_info;
	vf->line_info = b->line_info;
	return 0;
}

#define CORE_RELO_MAX 252 /* bytes of a record */

/* Records of relocations: more of the caller's than we know must be zero. */
static int check_core_tail(struct call *c, const u8 *rec, struct log *log)
{
	struct attr_prog_load *a = &c->a.prog_load;

	for (u32 i = sizeof(struct bpf_core_relo); i < a->core_relo_rec_size; i++) {
		if (!rec[i])
			continue;
		if (log_on(log))
			log_printf(log, "nonzero tailing record in core_relo");
		a->core_relo_rec_size = sizeof(struct bpf_core_relo);
		return CALL_PUT(c, prog_load.core_relo_rec_size) ? -EFAULT : -E2BIG;
	}
	return 0;
}

/*
 * CO-RE done by the "kernel": relocations given with the load (light skeletons). Each is applied before the next is looked at, so
 * a bad one is told whatever comes behind it.
 */
static int apply_core_relos(struct call *c, const struct load_bufs *b, const struct vf_input *vf, struct log *log)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	const u32 size = a->core_relo_rec_size, count = a->core_relo_cnt;
	u8 rec[CORE_RELO_MAX];
	int err = 0;

	if (!count || (!a->func_info_cnt && !a->line_info_cnt))
		return 0; /* without them Linux does not look at relocations at all */
	if (!vf->btf || count > S32_MAX / sizeof(struct bpf_core_relo) || size < sizeof(struct bpf_core_relo) || size > sizeof(rec) ||
	    size % 4)
		return call_fail(c, -EINVAL, "core_relos need prog_btf_fd and records of 16 to %zu bytes", sizeof(rec));
	for (u32 i = 0; !err && i < count; i++) {
		err = call_in(c, rec, a->core_relos + (u64)i * size, size);
		if (!err)
			err = check_core_tail(c, rec, log);
		if (!err)
			err = btf_core_apply(log, vf->btf, sys_kernel_btf(c->s), rec, i, b->insns, vf->insn_cnt);
	}
	return err;
}

static int check_log_attr(struct call *c)
{
	const struct attr_prog_load *a = &c->a.prog_load;

	if (!!a->log_buf != !!a->log_size || (a->log_buf && !a->log_level) || (a->log_level & ~(u32)LOG_MASK) ||
	    a->log_size > U32_MAX >> 2)
		return call_fail(c, -EINVAL, "log_level %u, log_buf and log_size %u do not go together", a->log_level,
				 a->log_size);
	return 0;
}

/* The log goes out whatever the verdict; a log that does not fit is an error of its own, as in Linux. */
static int deliver_log(struct call *c, struct log *log)
{
	struct attr_prog_load *a = &c->a.prog_load;
	u32 room = (u32)MIN((u64)a->log_size, log->total + 1);
	int full = 0;
	char *text;

	a->log_true_size = a->log_level ? (u32)(log->total + 1) : 0;
	if (a->log_buf) {
		text = malloc(room);
		if (!text)
			return call_fail(c, -ENOMEM, "out of memory for the log");
		full = log_deliver(log, text, room, NULL);
		if (call_out(c, a->log_buf, text, strnlen(text, room - 1) + 1))
			full = -EFAULT;
		free(text);
	}
	return CALL_PUT(c, prog_load.log_true_size) ? -EFAULT : full;
}

/* The last line before the statistics says why. */
static void reason_from_log(struct call *c, int err, struct log *log)
{
	const char *text = str_text(&log->text), *end = text + log->text.len, *line;

	if (!c->reason || c->reason->len)
		return;
	while (end > text) {
		while (end > text && end[-1] == '\n')
			end--;
		for (line = end; line > text && line[-1] != '\n'; line--)
			;
		if (end > line && strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11)) {
			str_putn(c->reason, line, (size_t)(end - line));
			return;
		}
		end = line;
	}
	str_printf(c->reason, "refused: %s", strerror(-err));
}

/* The report on a refusal: kept for skep_report(), and put into the log before its statistics when asked for. */
static void keep_report(struct call *c, struct vf_report *r, struct log *log)
{
	struct str text = { 0 }, json = { 0 };

	vf_report_text(r, &text);
	vf_report_json(r, &json);
	if (c->s->report == SKEP_REPORT_LOG && log_on(log)) {
		const char *s = str_text(&log->text), *at = strstr(s, "\nverification time ");
		struct str all = { 0 };
		if (!at)
			at = strstr(s, "\nprocessed ");
		at = at ? at + 1 : s + log->text.len;
		str_putn(&all, s, (size_t)(at - s));
		str_puts(&all, str_text(&text));
		str_puts(&all, at);
		log->total += all.len - log->text.len;
		str_free(&log->text);
		log->text = all;
	}
	sys_set_report(&text, &json);
}

#define MAX_SIGNATURE 8192u

/* Are these instructions, as they were given, what somebody trusted has signed? */
static int check_signature(struct call *c, const struct load_bufs *b)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	struct keyring ring;
	void *sig;
	int err;

	if (!a->signature)
		return 0;
	if (a->signature_size > MAX_SIGNATURE)
		return call_fail(c, -EINVAL, "a signature of %u bytes: at most %u", a->signature_size, MAX_SIGNATURE);
	if (keyring_system((u64)(s64)a->keyring_id, &ring) && keyring_user(a->keyring_id, false, &ring))
		return call_fail(c, -EINVAL, "keyring_id %d: no such key ring", a->keyring_id);
	if (call_in_alloc(c, a->signature, a->signature_size, &sig))
		return call_fail(c, -ENOMEM, "the signature cannot be copied");
	err = keyring_valid(&ring);
	if (!err)
		err = pkcs7_verify(b->insns, (size_t)a->insn_cnt * sizeof(struct bpf_insn), sig, a->signature_size, &ring);
	free(sig);
	if (!err)
		return 0;
	return call_fail(c, err, "the signature does not hold: %s",
			 err == -EBADMSG ? "it is no detached PKCS#7 signature" :
			 err == -ENOKEY ? "no key of the ring made it" :
			 err == -ENOPKG ? "it is of a kind that cannot be checked here (OpenSSL 3 is needed)" :
			 "these are not the instructions that were signed, or not by this key");
}

static int copy_program(struct call *c, struct load_bufs *b)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	void *insns;
	int err = call_in_alloc(c, a->insns, (size_t)a->insn_cnt * sizeof(struct bpf_insn), &insns);

	if (err)
		return err;
	b->insns = insns;
	/* longer licenses are cut, as Linux does */
	err = call_in_string(c, b->license, a->license, sizeof(b->license) - 1);
	b->license[sizeof(b->license) - 1] = '\0';
	if (err && err != -E2BIG)
		return err;
	if (c->reason)
		str_clear(c->reason);
	return check_signature(c, b);
}

/* What Linux looks at before its verifier starts: no log is written until then. */
static int before_verifier(struct call *c, struct load_bufs *b, struct vf_input *vf)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	const struct progtype_spec *t = sys_progtype(c->s, a->prog_type);
	int err = resolve_attach_btf(c, b, vf);

	if (!err)
		err = check_target(c, b, vf);
	if (!err && t)
		err = check_attach_type(c, vf);
	if (!err)
		err = copy_program(c, b);
	if (!err)
		err = check_device(c);
	if (err)
		return err;
	if (!t)
		return call_fail(c, -EINVAL, "%u is not a program type", a->prog_type);
	if (check_name(a->prog_name, sizeof(a->prog_name)))
		return call_fail(c, -EINVAL, "prog_name may have letters, digits, '_' and '.' only, and at most 15 of them");
	return check_log_attr(c);
}

static int verify_and_make(struct call *c, struct load_bufs *b, struct prog_attr *pa, struct log *log, struct prog **ret)
{
	struct vf_input *vf = &pa->vf;
	struct vf_report *report = NULL;
	int err = copy_infos(c, b, vf);

	vf->debug = c->s->watch;
	vf->own = sys_own_type(c->s, vf->prog_type);

	vf->refused = err ? err : apply_core_relos(c, b, vf, log);
	vf->insns = b->insns;
	vf->gpl = license_is_gpl(b->license);
	vf->kernel_btf = sys_kernel_btf(c->s);
	vf->ncpus = map_possible_cpus();
	vf->ksym_known = sys_ksym_known;
	pa->btf_obj = b->btf_obj;
	pa->reason = c->reason;
	if (c->s->report)
		pa->ret_report = &report;
	err = prog_load(&c->s->tab, pa, log, ret);
	sys_set_report(NULL, NULL);
	if (report)
		keep_report(c, report, log);
	vf_report_free(report);
	return err;
}

static int load(struct call *c, struct load_bufs *b)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	struct prog_attr pa = { .name = a->prog_name,
				.uid = caller_known(c->who)->uid,
				.cookie = b,
				.map_of_fd = map_of_fd,
				.btf_of_fd = btf_of_fd,
				.fd_at = fd_at,
				.engine = (enum engine)c->s->engine,
				.budget = c->s->run_budget,
				.harden = (enum harden)c->s->harden };
	struct prog *p = NULL;
	struct log log;
	int err, full;

	pa.vf = (struct vf_input){ .insn_cnt = a->insn_cnt, .prog_type = a->prog_type, .attach_type = a->expected_attach_type,
				   .prog_flags = a->prog_flags, .caps = c->who->caps, .name = a->prog_name };
	pa.vf.mitigations = c->s->spectre;
	err = before_verifier(c, b, &pa.vf);
	if (err)
		return err;
	pa.attach_obj = b->attach_obj;
	if (b->attach_obj && b->attach_obj->kind == OBJ_PROG && a->prog_type == BPF_PROG_TYPE_EXT)
		pa.target_type = prog_of(b->attach_obj)->runs_as;
	/* Without the caller's log the verdict's words are kept all the same: they are the reason. */
	log_init(&log, a->log_level ? a->log_level : LOG_STATS);
	err = verify_and_make(c, b, &pa, &log, &p);
	if (err)
		reason_from_log(c, err, &log);
	full = deliver_log(c, &log);
	if (full)
		err = call_fail(c, full,
				full == -ENOSPC ? "the log needs %llu bytes, log_size is %u" : "the log cannot be delivered",
				(unsigned long long)log.total + 1, a->log_size);
	log_free(&log);
	if (!err)
		err = call_new_fd(c, &p->obj, O_RDWR);
	prog_put(p);
	return err;
}

int cmd_prog_load(struct call *c)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	struct load_bufs b = { .c = c };
	int err;

	obj_reap(&c->s->tab);
	if (a->prog_flags & ~(FLAGS_KNOWN | FLAG_TOKEN))
		return call_fail(c, -EINVAL, "prog_flags 0x%x has unknown bits", a->prog_flags);
	if (a->prog_flags & FLAG_TOKEN)
		return call_token(c, a->prog_token_fd);
	err = check_privilege(c, sys_progtype(c->s, a->prog_type));
	if (err)
		return err;
	err = load(c, &b);
	bufs_free(&b);
	return err;
}

int cmd_prog_bind_map(struct call *c)
{
	struct obj *p, *m;
	int err;

	if (c->a.bind.flags)
		return call_fail(c, -EINVAL, "flags must be 0");
	err = call_obj(c, (int)c->a.bind.prog_fd, OBJ_PROG, &p, NULL);
	if (err)
		return err;
	err = call_obj(c, (int)c->a.bind.map_fd, OBJ_MAP, &m, NULL);
	if (!err) {
		err = prog_bind_map(prog_of(p), container_of(m, struct map, obj));
		obj_put(m);
	}
	obj_put(p);
	return err;
}

/* ---- streams ---- */
struct stream_to { struct call *c; u64 at; };

static int stream_out(void *to, const char *text, u32 len)
{
	const struct stream_to *t = to;

	return call_out(t->c, t->at, text, len);
}

int cmd_prog_stream_read_by_fd(struct call *c)
{
	struct stream_to to = { c, c->a.stream.buf };
	struct prog *p;
	int err = call_prog(c, (int)c->a.stream.prog_fd, &p);

	if (err)
		return err;
	err = (int)stream_take(&p->streams, c->a.stream.id, c->a.stream.len, stream_out, &to);
	prog_put(p);
	return err == -ENOENT ? call_fail(c, err, "stream_id must be 1 (output) or 2 (errors)") : err;
}

/* Copy a result out: what fits, its full size, and -ENOSPC when it was cut. */
static int put_result(struct call *c, u64 dst, u32 room, const void *src, u32 n)
{
	int err;

	if (!dst)
		return 0;
	err = call_out(c, dst, src, room && room < n ? room : n);
	return err ? err : room && room < n ? -ENOSPC : 0;
}

/* The end of a test run is an event: programs on the raw tracepoint bpf_test_finish see its result and may change it. */
static int test_finished(struct call *c, int err)
{
	s32 result = err;
	u64 args[12] = { (u64)(uintptr_t)&result };

	sys_fire_tracepoint(c->s, SYS_TEST_FINISH, args, ARRAY_SIZE(args));
	return result;
}

static int finish_test_run(struct call *c, struct test_run *t)
{
	struct attr_test_run *a = &c->a.test;
	u32 data_room = a->data_size_out, ctx_room = a->ctx_size_out;
	int err;

	a->retval = t->retval;
	if (t->only_retval) {
		err = t->ctx_back ? call_out(c, a->ctx_in, t->ctx_out, t->ctx_size_out) : 0;
		return CALL_PUT(c, test.retval) ? -EFAULT : err;
	}
	err = put_result(c, a->data_out, data_room, t->data_out, t->data_size_out);
	a->data_size_out = t->data_size_out;
	a->duration = t->duration;
	if (err != -EFAULT && (CALL_PUT(c, test.data_size_out) || CALL_PUT(c, test.retval) || CALL_PUT(c, test.duration)))
		err = -EFAULT;
	err = test_finished(c, err);
	if (err)
		return err;
	err = put_result(c, a->ctx_out, ctx_room, t->ctx_out, t->ctx_size_out);
	if (a->ctx_out || t->ctx_size_out) {
		a->ctx_size_out = t->ctx_size_out;
		if (CALL_PUT(c, test.ctx_size_out))
			return -EFAULT;
	}
	return err;
}

/* BPF_ENABLE_STATS: runs and the time they took, if somebody wants to know. */
static int run_counted(struct call *c, struct prog *p, struct test_run *t)
{
	u64 start, runs = t->repeat ? t->repeat : 1;
	int err;

	if (__atomic_load_n(&c->s->stats_users, __ATOMIC_RELAXED))
		obj_reap(&c->s->tab); /* its descriptor may be closed */
	if (!__atomic_load_n(&c->s->stats_users, __ATOMIC_RELAXED))
		return prog_test_run(p, c->s->kernel_btf, t);
	start = clock_ns(CLOCK_MONOTONIC);
	err = prog_test_run(p, c->s->kernel_btf, t);
	if (!err) {
		__atomic_fetch_add(&p->stats.counted, runs, __ATOMIC_RELAXED);
		__atomic_fetch_add(&p->stats.time_ns, t->duration ? t->duration * runs : clock_ns(CLOCK_MONOTONIC) - start,
				   __ATOMIC_RELAXED);
	}
	return err;
}

int cmd_prog_test_run(struct call *c)
{
	struct attr_test_run *a = &c->a.test;
	struct test_run t = { .data_size_in = a->data_size_in,
			      .ctx_size_in = a->ctx_size_in,
			      .repeat = a->repeat,
			      .flags = a->flags,
			      .cpu = a->cpu,
			      .batch_size = a->batch_size,
			      .duration_in = a->duration,
			      .has_data_in = a->data_in != 0,
			      .has_data_out = a->data_out != 0,
			      .has_ctx_in = a->ctx_in != 0,
			      .has_ctx_out = a->ctx_out != 0,
			      .beyond = c->s->run_any,
			      .sys_bpf = prog_sys_bpf,
			      .sys_close = prog_sys_close,
			      .cookie = c,
			      .hooks = c->s->hooks };
	struct run_task task;
	void *data = NULL, *ctx = NULL;
	struct prog *p;
	int err;

	if ((a->ctx_size_in && !a->ctx_in) || (!a->ctx_size_in && a->ctx_in) || (a->ctx_size_out && !a->ctx_out) ||
	    (!a->ctx_size_out && a->ctx_out))
		return call_fail(c, -EINVAL, "a context pointer and its size go together");
	err = call_prog(c, (int)a->prog_fd, &p);
	if (err)
		return err;
	if (a->data_size_in > (64u << 20) || a->ctx_size_in > (1u << 20))
		err = call_fail(c, -E2BIG, "input of %u bytes, context of %u: too large", a->data_size_in, a->ctx_size_in);
	if (!err && a->data_in)
		err = call_in_alloc(c, a->data_in, a->data_size_in, &data);
	if (!err && a->ctx_in)
		err = call_in_alloc(c, a->ctx_in, a->ctx_size_in, &ctx);
	t.data_in = data;
	t.ctx_in = ctx;
	if (!err && c->who->task) {
		c->who->task(c->who, &task);
		t.task = &task;
	}
	if (!err) {
		call_join_cpu(c);
		err = run_counted(c, p, &t);
		if (err && t.why)
			call_fail(c, err, "%s", t.why);
		else if (!err)
			err = finish_test_run(c, &t);
	}
	prog_put(p);
	free(data);
	free(ctx);
	free(t.data_out);
	free(t.ctx_out);
	return err;
}
