/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_LOAD, BPF_PROG_TEST_RUN, BPF_PROG_BIND_MAP. The order of checks is Linux's: it decides the errno. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "hook/test_run.h"
#include "prog/prog.h"
#include "skep/skep.h"
#include "sys/sys.h"

#define MAX_INSNS 1000000u
#define MAX_INSNS_UNPRIV 4096u
#define FLAGS_KNOWN 0xffu       /* BPF_F_STRICT_ALIGNMENT .. BPF_F_TEST_REG_INVARIANTS */
#define FLAG_TOKEN (1u << 16)
#define MAX_FD_ARRAY 64u

/* What a load copied in; freed as one. */
struct load_bufs {
	struct bpf_insn *insns;
	void *func_info, *line_info, *core_relos;
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
	free(b->core_relos);
	free(b->fds);
	obj_put(b->btf_obj);
	obj_put(b->attach_obj);
}

static int map_of_fd(void *cookie, int fd, struct map **ret)
{
	struct load_bufs *b = cookie;
	struct obj *o;
	int err = call_obj(b->c, fd, OBJ_MAP, &o, NULL);

	if (!err)
		*ret = container_of(o, struct map, obj);
	return err;
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

/* Types that must say at load where they attach; others may leave it 0. */
static int check_attach_type(struct call *c, struct vf_input *vf)
{
	progset bit = PT_BIT(vf->prog_type);
	bool enforced = false, listed = false;

	if (vf->prog_type == BPF_PROG_TYPE_CGROUP_SOCK && !vf->attach_type)
		vf->attach_type = BPF_CGROUP_INET_SOCK_CREATE;
	if (vf->prog_type == BPF_PROG_TYPE_SK_REUSEPORT && !vf->attach_type)
		vf->attach_type = BPF_SK_REUSEPORT_SELECT;
	for (u32 i = 0; i < UAPI_ATTACH_TYPES; i++)
		if (attach_spec[i].expected && (attach_spec[i].progs & bit)) {
			enforced = true;
			listed |= i == vf->attach_type;
		}
	if (vf->prog_type == BPF_PROG_TYPE_SYSCALL || vf->prog_type == BPF_PROG_TYPE_EXT)
		enforced = true, listed = !vf->attach_type;
	if (enforced && !listed)
		return call_fail(c, -EINVAL, "expected_attach_type %u does not fit this program type", vf->attach_type);
	return 0;
}

static int resolve_attach_btf(struct call *c, struct load_bufs *b, struct vf_input *vf)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	int err;

	vf->attach_btf_id = a->attach_btf_id;
	if (a->attach_fd) {
		err = call_obj(c, (int)a->attach_fd, OBJ_NONE, &b->attach_obj, NULL);
		if (err)
			return -EINVAL;
		if (b->attach_obj->kind == OBJ_BTF)
			vf->attach_btf = container_of(b->attach_obj, struct btf_obj, obj)->btf;
		else if (b->attach_obj->kind == OBJ_PROG)
			vf->attach_btf = prog_of(b->attach_obj)->btf;
		else
			return call_fail(c, -EINVAL, "attach descriptor is neither a program nor BTF");
	} else if (a->attach_btf_id) {
		vf->attach_btf = sys_kernel_btf(c->s);
		if (!vf->attach_btf)
			return call_fail(c, -EINVAL, "attach_btf_id needs the kernel's BTF, and there is none");
	}
	return 0;
}

static int copy_infos(struct call *c, struct load_bufs *b, struct vf_input *vf)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	int err;

	if (a->prog_btf_fd || a->func_info_cnt || a->line_info_cnt) {
		if (!a->prog_btf_fd)
			return 0; /* the verifier says what is missing */
		err = call_obj(c, (int)a->prog_btf_fd, OBJ_BTF, &b->btf_obj, NULL);
		if (err)
			return err;
		struct btf_obj *bo = container_of(b->btf_obj, struct btf_obj, obj);
		if (bo->kernel)
			return call_fail(c, -EACCES, "prog_btf_fd is the kernel's BTF");
		vf->btf = bo->btf;
	}
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

/* CO-RE done by the "kernel": relocations given with the load (light skeletons). */
static int apply_core_relos(struct call *c, struct load_bufs *b, const struct vf_input *vf, struct log *log)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	int err;

	if (!a->core_relo_cnt || (!a->func_info_cnt && !a->line_info_cnt))
		return 0; /* without them Linux does not look at relocations at all */
	if (!vf->btf || a->core_relo_cnt > MAX_INSNS || a->core_relo_rec_size < sizeof(struct bpf_core_relo) ||
	    a->core_relo_rec_size > 252 || a->core_relo_rec_size % 4)
		return call_fail(c, -EINVAL, "core_relos need prog_btf_fd and records of 16 to 252 bytes");
	err = call_in_alloc(c, a->core_relos, (size_t)a->core_relo_cnt * a->core_relo_rec_size, &b->core_relos);
	for (u32 i = 0; !err && i < a->core_relo_cnt; i++) {
		const u8 *rec = (const u8 *)b->core_relos + (size_t)i * a->core_relo_rec_size;
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
	char *text;
	int full;

	if (!a->log_level)
		return 0;
	a->log_true_size = (u32)(log->total + 1);
	CALL_PUT(c, prog_load.log_true_size);
	if (!a->log_buf)
		return 0;
	text = malloc(a->log_size);
	if (!text)
		return -ENOMEM;
	full = log_deliver(log, text, a->log_size, &a->log_true_size);
	if (call_out(c, a->log_buf, text, strnlen(text, a->log_size - 1) + 1))
		full = -EFAULT;
	free(text);
	return full;
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

static int copy_program(struct call *c, struct load_bufs *b)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	void *insns;
	int err = call_in_alloc(c, a->insns, (size_t)a->insn_cnt * sizeof(struct bpf_insn), &insns);

	if (err)
		return err;
	b->insns = insns;
	/* longer licenses are cut, as Linux does */
	for (size_t i = 0; i < sizeof(b->license) - 1; i++) {
		err = call_in(c, &b->license[i], a->license + i, 1);
		if (err || !b->license[i])
			return err;
	}
	return 0;
}

static int load(struct call *c, struct load_bufs *b, struct log *log)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	const struct progtype_spec *t = progtype_by_id(a->prog_type);
	struct prog_attr pa = { .name = a->prog_name, .uid = c->who->uid, .cookie = b, .map_of_fd = map_of_fd,
				.btf_of_fd = btf_of_fd, .fd_at = fd_at,
				.engine = (enum engine)c->s->engine };
	struct vf_input *vf = &pa.vf;
	struct vf_report *report = NULL;
	struct prog *p;
	int err;

	*vf = (struct vf_input){ .insn_cnt = a->insn_cnt, .prog_type = a->prog_type, .attach_type = a->expected_attach_type,
				 .prog_flags = a->prog_flags, .caps = c->who->caps, .name = a->prog_name };
	err = resolve_attach_btf(c, b, vf);
	if (!err)
		err = t ? check_attach_type(c, vf) : 0;
	if (!err)
		err = copy_program(c, b);
	if (err)
		return err;
	if (!t)
		return call_fail(c, -EINVAL, "%u is not a program type", a->prog_type);
	err = check_name(a->prog_name, sizeof(a->prog_name));
	if (err)
		return call_fail(c, err, "prog_name may have letters, digits, '_' and '.' only, and at most 15 of them");
	err = check_log_attr(c);
	if (!err)
		err = copy_infos(c, b, vf);
	if (!err)
		err = apply_core_relos(c, b, vf, log);
	if (err)
		return err;
	vf->insns = b->insns;
	vf->gpl = license_is_gpl(b->license);
	vf->kernel_btf = sys_kernel_btf(c->s);
	pa.btf_obj = b->btf_obj;
	if (c->s->report)
		pa.ret_report = &report;
	err = prog_load(&c->s->tab, &pa, log, &p);
	if (report)
		keep_report(c, report, log);
	vf_report_free(report);
	if (err)
		return err;
	err = call_new_fd(c, &p->obj, O_RDWR);
	prog_put(p);
	return err;
}

int cmd_prog_load(struct call *c)
{
	const struct attr_prog_load *a = &c->a.prog_load;
	struct load_bufs b = { .c = c };
	struct log log;
	int err, full;

	obj_reap(&c->s->tab);
	if (a->prog_flags & ~(FLAGS_KNOWN | FLAG_TOKEN))
		return call_fail(c, -EINVAL, "prog_flags 0x%x has unknown bits", a->prog_flags);
	if (a->prog_flags & FLAG_TOKEN)
		return call_fail(c, -EINVAL, "BPF tokens are not implemented");
	err = check_privilege(c, progtype_by_id(a->prog_type));
	if (err)
		return err;
	/* Without the caller's log the text is kept all the same: it is the reason. */
	log_init(&log, a->log_level & LOG_MASK ? a->log_level & LOG_MASK : 0);
	err = load(c, &b, &log);
	if (err < 0)
		reason_from_log(c, err, &log);
	full = deliver_log(c, &log);
	if (full && err < 0)
		err = full;
	bufs_free(&b);
	log_free(&log);
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

/* Copy a result out: what fits, its full size, and -ENOSPC when it was cut. */
static int put_result(struct call *c, u64 dst, u32 room, const void *src, u32 n)
{
	int err;

	if (!dst)
		return 0;
	err = call_out(c, dst, src, room && room < n ? room : n);
	return err ? err : room && room < n ? -ENOSPC : 0;
}

static int finish_test_run(struct call *c, struct test_run *t)
{
	struct attr_test_run *a = &c->a.test;
	u32 data_room = a->data_size_out, ctx_room = a->ctx_size_out;
	int err, err2;

	a->retval = t->retval;
	if (t->only_retval) {
		err = t->ctx_back ? call_out(c, a->ctx_in, t->ctx_out, t->ctx_size_out) : 0;
		return CALL_PUT(c, test.retval) ? -EFAULT : err;
	}
	err = put_result(c, a->data_out, data_room, t->data_out, t->data_size_out);
	a->data_size_out = t->data_size_out;
	a->duration = t->duration;
	if (err == -EFAULT)
		return err;
	if (CALL_PUT(c, test.data_size_out) || CALL_PUT(c, test.retval) || CALL_PUT(c, test.duration))
		return -EFAULT;
	err2 = put_result(c, a->ctx_out, ctx_room, t->ctx_out, t->ctx_size_out);
	if (a->ctx_out || t->ctx_size_out) {
		a->ctx_size_out = t->ctx_size_out;
		if (CALL_PUT(c, test.ctx_size_out))
			return -EFAULT;
	}
	return err ? err : err2;
}

int cmd_prog_test_run(struct call *c)
{
	struct attr_test_run *a = &c->a.test;
	struct test_run t = { .data_size_in = a->data_size_in, .ctx_size_in = a->ctx_size_in, .repeat = a->repeat,
			      .flags = a->flags, .cpu = a->cpu, .batch_size = a->batch_size, .duration_in = a->duration,
			      .has_data_in = a->data_in != 0, .has_data_out = a->data_out != 0, .has_ctx_in = a->ctx_in != 0,
			      .has_ctx_out = a->ctx_out != 0, .beyond = c->s->run_any };
	void *data = NULL, *ctx = NULL;
	struct obj *o;
	int err;

	if ((a->ctx_size_in && !a->ctx_in) || (!a->ctx_size_in && a->ctx_in) || (a->ctx_size_out && !a->ctx_out) ||
	    (!a->ctx_size_out && a->ctx_out))
		return call_fail(c, -EINVAL, "a context pointer and its size go together");
	err = call_obj(c, (int)a->prog_fd, OBJ_PROG, &o, NULL);
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
	if (!err) {
		err = prog_test_run(prog_of(o), c->s->kernel_btf, &t);
		if (err && t.why)
			call_fail(c, err, "%s", t.why);
		else if (!err)
			err = finish_test_run(c, &t);
	}
	obj_put(o);
	free(data);
	free(ctx);
	free(t.data_out);
	free(t.ctx_out);
	return err;
}
