/* SPDX-License-Identifier: BSD-2-Clause */
/* Perf events as objects: see perf.h. */
#include "hook/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "hook/ksys.h"
#include "hook/tracepoint.h"

#define PAGE 4096u
#define RING_MAX ((u64)64 << 20) /* data bytes; sparse until written */
#define MAX_PROGS 64             /* at one tracepoint, as Linux */

/* ---- numbers of event sources ---- */
static u32 type_of(const char *name, u32 otherwise)
{
	char text[16];

	return text_of(text, sizeof(text), "/sys/bus/event_source/devices/%s/type", name) > 0 ? (u32)atoi(text) : otherwise;
}

u32 perf_type_uprobe(void)
{
	static u32 type;

	if (!type)
		type = type_of("uprobe", 9);
	return type;
}

u32 perf_type_kprobe(void)
{
	static u32 type;

	if (!type)
		type = type_of("kprobe", perf_type_uprobe() == 8 ? 9 : 8);
	return type;
}

/* ---- the ring ---- */
static void ring_init(struct perf_event *e)
{
	struct perf_event_mmap_page *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, e->obj.memfd, 0);

	if (p == MAP_FAILED)
		return;
	p->version = 0;
	p->size = offsetof(struct perf_event_mmap_page, __reserved);
	p->data_offset = PAGE;
	munmap(p, PAGE);
}

/* The client has mapped `len` bytes of it. */
static void perf_event_mapped(struct perf_event *e, u64 len)
{
	u64 data = len > PAGE ? len - PAGE : 0;
	void *p;

	if (e->kind != PERF_RING && e->kind != PERF_CLOCK && e->kind != PERF_COUNTER)
		return;
	if (!data || (data & (data - 1)) || data > RING_MAX)
		return;
	pthread_mutex_lock(&e->lock);
	if (!e->page) {
		p = mmap(NULL, PAGE + data, PROT_READ | PROT_WRITE, MAP_SHARED, e->obj.memfd, 0);
		if (p != MAP_FAILED) {
			((struct perf_event_mmap_page *)p)->data_size = data;
			e->data_size = data;
			__atomic_store_n(&e->page, p, __ATOMIC_RELEASE);
		}
	}
	pthread_mutex_unlock(&e->lock);
}

void perf_event_find_ring(struct perf_event *e, u32 pid)
{
	char path[48], line[512];
	FILE *f;

	if (__atomic_load_n(&e->page, __ATOMIC_ACQUIRE))
		return;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		u64 from, to, off, ino;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64, &from, &to, &off, &ino) == 4 &&
		    ino == e->obj.ino && !off && strstr(line, "memfd:"))
			perf_event_mapped(e, to - from);
	}
	if (f)
		fclose(f);
}

int perf_event_wake_fd(struct perf_event *e)
{
	pthread_mutex_lock(&e->lock);
	if (e->wake_fd < 0)
		e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_unlock(&e->lock);
	return e->wake_fd < 0 ? -errno : e->wake_fd;
}

void perf_event_kick(struct perf_event *e)
{
	int fd = __atomic_load_n(&e->wake_fd, __ATOMIC_ACQUIRE);
	u64 one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return; /* its count is full: it is readable */
}

u64 perf_event_pending(const struct perf_event *e)
{
	const struct perf_event_mmap_page *p = (const void *)__atomic_load_n(&e->page, __ATOMIC_ACQUIRE);

	return p ? __atomic_load_n(&p->data_head, __ATOMIC_ACQUIRE) - __atomic_load_n(&p->data_tail, __ATOMIC_ACQUIRE) : 0;
}

/* bpf_perf_event_output(): what a program sends. */
static int sink_output(struct perf_sink *s, const void *a, u32 na, const void *b, u32 nb, u32 cpu)
{
	struct perf_event *e = container_of(s, struct perf_event, sink);
	bool kick = false;
	int err;

	if (e->kind != PERF_RING)
		return -EINVAL;
	if (e->cpu >= 0 && (u32)e->cpu != cpu)
		return -EOPNOTSUPP; /* the event of another CPU */
	if (!__atomic_load_n(&e->page, __ATOMIC_ACQUIRE))
		perf_event_find_ring(e, e->opener);
	pthread_mutex_lock(&e->lock);
	__atomic_fetch_add(&e->count, 1, __ATOMIC_RELAXED);
	err = !e->page || e->paused ? 0 : map_perf_ring_write(e->page, e->data_size, a, na, b, nb, e->attr.write_backward);
	if (!err && e->page)
		kick = ++e->unwoken >= MAX(e->attr.watermark ? 1u : e->attr.wakeup_events, 1u);
	if (kick || err == -ENOSPC)
		e->unwoken = 0;
	pthread_mutex_unlock(&e->lock);
	if (kick || err == -ENOSPC)
		perf_event_kick(e);
	return err == -ENOSPC ? 0 : err; /* lost, and counted so: the program is not told, as in Linux */
}

void perf_event_read(struct perf_event *e, u64 *value, u64 *enabled, u64 *running)
{
	pthread_mutex_lock(&e->lock);
	*enabled = *running = e->enabled_ns + (e->enabled ? clock_ns(CLOCK_MONOTONIC) - e->since_ns : 0);
	*value = e->kind == PERF_CLOCK ? *enabled : __atomic_load_n(&e->count, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&e->lock);
}

static int sink_read(struct perf_sink *s, u64 *value, u64 *enabled, u64 *running)
{
	perf_event_read(container_of(s, struct perf_event, sink), value, enabled, running);
	return 0;
}

static void sink_get(struct perf_sink *s) { obj_get(&container_of(s, struct perf_event, sink)->obj); }
static void sink_put(struct perf_sink *s) { obj_put(&container_of(s, struct perf_event, sink)->obj); }

static const struct perf_sink_ops sink_ops = { .output = sink_output, .read = sink_read, .get = sink_get, .put = sink_put };

/* ---- the program ---- */
static bool is_tracing(const struct perf_event *e)
{
	return e->kind == PERF_TRACEPOINT || e->kind == PERF_PROBE || e->kind == PERF_KPROBE;
}

/*
 * A clock's program runs while the event is enabled, a tracepoint's as long as it is there. Tools disable an event before they close
 * it, and count on no run after that; a close is seen a moment later than it is made, so a tracing event's program ends here.
 */
static bool runs(const struct perf_event *e)
{
	return e->prog && (is_tracing(e) ? !e->off : e->enabled);
}

/* Programs of other events at the same place stay. */
static int publish(struct perf_event *e, struct str *why)
{
	struct hook_ref ref = { .pid = -1, .slot = e->slot, .link_id = e->link_id, .cookie = e->cookie,
				.ref_ctr_offset = e->ref_ctr_offset, .flags = e->link_id ? 0 : HOOK_F_LEGACY };
	struct hook_point *pt;
	struct hook_tx tx;

	/* the pid of a tracepoint's or kprobe's event says whose records are wanted, not where programs run */
	if (e->kind == PERF_PROBE || e->kind == PERF_CLOCK)
		ref.pid = e->pid;
	if (e->kind == PERF_KPROBE)
		ref.func = ksys_address((u32)e->at.number);
	hook_begin(e->hooks, &tx, why);
	pt = hook_draft(&tx, &e->at);
	if (!pt)
		return hook_abort(&tx, -ENOMEM);
	hook_drop_slot(&tx, pt, e->slot);
	if (runs(e)) {
		if (is_tracing(e) && hook_draft_count(pt) >= MAX_PROGS)
			return hook_abort(&tx, -E2BIG);
		hook_append(&tx, pt, e->prog, &ref);
	}
	return hook_commit(&tx);
}

static int check_prog(const struct perf_event *e, const struct prog *p, struct str *why)
{
	u32 need = e->kind == PERF_TRACEPOINT ? BPF_PROG_TYPE_TRACEPOINT :
		   is_tracing(e) ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_PERF_EVENT;

	if (p->type != need) {
		str_printf(why, "this event takes programs of type %s, not %s", progtype_spec[need].name, p->spec->name);
		return -EINVAL;
	}
	if (e->prog) {
		str_printf(why, "the event has a program already");
		return -EEXIST;
	}
	if (e->kind == PERF_TRACEPOINT && p->max_ctx_off > e->tp->record_size) {
		str_printf(why, "the program reads %u bytes of the record, which has %u", p->max_ctx_off, e->tp->record_size);
		return -EACCES;
	}
	return 0;
}

int perf_event_set_prog(struct perf_event *e, struct prog *p, u64 cookie, struct link *l, struct str *why)
{
	int err;

	pthread_mutex_lock(&e->lock);
	err = check_prog(e, p, why);
	if (!err)
		err = hook_served(e->hooks, e->at.kind, why);
	if (!err) {
		e->slot = l ? l->slot : hook_slot_new(e->hooks, p);
		err = e->slot ? 0 : -ENOMEM;
	}
	if (!err) {
		e->prog = prog_of(obj_get(&p->obj));
		e->cookie = cookie;
		e->link_id = l ? l->obj.id : 0;
		err = publish(e, why);
		if (err) {
			prog_put(e->prog);
			e->prog = NULL;
			if (!l)
				hook_slot_free(e->hooks, e->slot);
		}
	}
	pthread_mutex_unlock(&e->lock);
	return err;
}

void perf_event_drop_prog(struct perf_event *e)
{
	struct prog *p;

	pthread_mutex_lock(&e->lock);
	p = e->prog;
	e->prog = NULL;
	if (p) {
		publish(e, NULL);
		if (!e->link_id)
			hook_slot_free(e->hooks, e->slot);
	}
	pthread_mutex_unlock(&e->lock);
	prog_put(p);
}

int perf_event_enable(struct perf_event *e, bool on, struct str *why)
{
	int err = 0;

	if (on)
		perf_event_find_ring(e, e->opener);
	pthread_mutex_lock(&e->lock);
	if (e->enabled != on) {
		e->enabled = on;
		if (on)
			e->since_ns = clock_ns(CLOCK_MONOTONIC);
		else
			e->enabled_ns += clock_ns(CLOCK_MONOTONIC) - e->since_ns;
		if (e->prog && !is_tracing(e))
			err = publish(e, why);
		if (err)
			e->enabled = !on;
	}
	if (!err && e->off == on && is_tracing(e)) {
		e->off = !on;
		if (e->prog)
			err = publish(e, why);
		if (err)
			e->off = on;
	}
	pthread_mutex_unlock(&e->lock);
	return err;
}

int perf_event_period(struct perf_event *e, u64 value)
{
	struct prog *p;
	int err = 0;

	if (e->kind != PERF_CLOCK || !e->attr.sample_period || !value)
		return -EINVAL;
	if (e->attr.freq ? value > 100000 : value >> 63)
		return -EINVAL;
	pthread_mutex_lock(&e->lock);
	p = e->prog;
	if (p) { /* the place changes: leave the old one first */
		e->prog = NULL;
		publish(e, NULL);
		e->prog = p;
	}
	e->attr.sample_period = value;
	e->at.period = value;
	if (p)
		err = publish(e, NULL);
	pthread_mutex_unlock(&e->lock);
	return err;
}

u32 perf_event_query(struct perf_event *e, u32 *ids, u32 room)
{
	u32 token = hook_enter(e->hooks), n = 0;
	struct hook_point *pt = hook_point_find(e->hooks, &e->at);
	const struct hook_list *l = pt ? hook_point_list(pt) : NULL;

	for (u32 i = 0; l && i < l->n; i++) {
		if (l->ref[i].prog_type != BPF_PROG_TYPE_TRACEPOINT)
			continue; /* raw tracepoints are elsewhere in Linux */
		if (n < room)
			ids[n] = l->ref[i].prog_id;
		n++;
	}
	hook_leave(e->hooks, token);
	return n;
}

u32 perf_event_what(const struct perf_event *e, const char **ret_name, u64 *ret_offset)
{
	enum { RAW_TP, TP, KPROBE, KRETPROBE, UPROBE, URETPROBE };

	*ret_offset = 0;
	*ret_name = NULL;
	if (e->kind == PERF_TRACEPOINT) {
		*ret_name = e->tp->name;
		return TP;
	}
	if (e->kind != PERF_PROBE && e->kind != PERF_KPROBE)
		return RAW_TP;
	*ret_name = e->path;
	if (e->kind == PERF_KPROBE)
		return e->at.kind == HOOK_SYS_EXIT ? KRETPROBE : KPROBE;
	*ret_offset = e->at.offset;
	return e->at.kind == HOOK_URETPROBE ? URETPROBE : UPROBE;
}

/* ---- life ---- */
static void perf_destroy(struct obj *o)
{
	struct perf_event *e = perf_of(o);

	perf_event_drop_prog(e);
	if (e->tp)
		__atomic_fetch_sub(&e->tp->users, 1, __ATOMIC_RELAXED);
	if (e->page)
		munmap(e->page, PAGE + e->data_size);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	pthread_mutex_destroy(&e->lock);
	free(e->path);
	free(e);
}

static const struct obj_ops perf_obj_ops = { .name = "perf", .destroy = perf_destroy };

static int want_software(struct perf_event *e, const struct perf_want *w, struct str *why)
{
	switch (w->attr.config) {
	case PERF_COUNT_SW_BPF_OUTPUT:
		e->kind = PERF_RING;
		e->at = (struct hook_place){ .kind = HOOK_SAMPLE, .pid = w->pid, .cpu = w->cpu, .sub = PERF_COUNT_SW_BPF_OUTPUT };
		return 0;
	case PERF_COUNT_SW_CPU_CLOCK:
	case PERF_COUNT_SW_TASK_CLOCK:
		e->kind = PERF_CLOCK;
		e->at = (struct hook_place){ .kind = HOOK_SAMPLE,
					     .period = w->attr.sample_period,
					     .freq = w->attr.freq,
					     .pid = w->pid,
					     .cpu = w->cpu,
					     .sub = (u32)w->attr.config };
		return 0;
	default:
		break;
	}
	if (w->attr.config > PERF_COUNT_SW_BPF_OUTPUT) {
		str_printf(why, "there is no software event %llu", (unsigned long long)w->attr.config);
		return -ENOENT;
	}
	if (w->attr.config != PERF_COUNT_SW_DUMMY && w->attr.sample_period) {
		str_printf(why, "samples of software event %llu: only clocks are seen here", (unsigned long long)w->attr.config);
		return -EOPNOTSUPP;
	}
	e->kind = PERF_COUNTER;
	e->at = (struct hook_place){ .kind = HOOK_SAMPLE, .pid = w->pid, .cpu = w->cpu, .sub = (u32)w->attr.config };
	return 0;
}

static int want_tracepoint(struct perf_event *e, const struct perf_want *w, struct str *why)
{
	const struct tracepoint *tp = tracepoint_by_id(e->hooks, (u32)MIN(w->attr.config, (u64)U32_MAX));

	if (!tp) {
		str_printf(why, "there is no tracepoint with id %llu", (unsigned long long)w->attr.config);
		return -EINVAL;
	}
	e->tp = (struct tracepoint *)(uintptr_t)tp;
	e->at = tp->at;
	e->kind = tp->path ? PERF_PROBE : PERF_TRACEPOINT;
	e->ref_ctr_offset = tp->ref_ctr_offset;
	if (tp->path)
		e->path = strdup(tp->path);
	return 0;
}

static int want_uprobe(struct perf_event *e, const struct perf_want *w, struct str *why)
{
	struct stat st;

	if (!w->path || !*w->path || stat(w->full, &st)) {
		int err = w->path && *w->path ? -errno : -EINVAL;
		str_printf(why, "uprobe: cannot find %s", w->path ? w->path : "a path");
		return err;
	}
	if (!S_ISREG(st.st_mode)) {
		str_printf(why, "uprobe: %s is not a regular file", w->path);
		return -EINVAL;
	}
	e->kind = PERF_PROBE;
	e->at = (struct hook_place){ .kind = w->attr.config & 1 ? HOOK_URETPROBE : HOOK_UPROBE,
				     .dev = st.st_dev,
				     .ino = st.st_ino,
				     .offset = w->attr.config2 };
	e->ref_ctr_offset = w->attr.config >> 32;
	e->path = strdup(w->path);
	return e->path ? 0 : -ENOMEM;
}

static int want_kprobe(struct perf_event *e, const struct perf_want *w, struct str *why)
{
	int nr = w->path ? ksys_number(w->path) : ksys_at(w->attr.config2);
	char name[64];

	if (nr < 0 || (w->path && w->attr.config2)) {
		str_printf(why, "kprobe %s: " KSYS_ONLY ", at their first instruction", w->path ? w->path : "by address");
		return -EOPNOTSUPP;
	}
	ksys_name((u32)nr, name, sizeof(name));
	e->kind = PERF_KPROBE;
	e->at = ksys_place((u32)nr, w->attr.config & 1);
	e->path = strdup(name);
	return e->path ? 0 : -ENOMEM;
}

static int want(struct perf_event *e, const struct perf_want *w, struct str *why)
{
	if (w->attr.type == PERF_TYPE_SOFTWARE)
		return want_software(e, w, why);
	if (w->attr.type == PERF_TYPE_TRACEPOINT)
		return want_tracepoint(e, w, why);
	if (w->attr.type == perf_type_uprobe())
		return want_uprobe(e, w, why);
	if (w->attr.type == perf_type_kprobe())
		return want_kprobe(e, w, why);
	str_printf(why, "perf events of type %u: the processor's counters are not here", w->attr.type);
	return -ENOENT;
}

int perf_event_new(struct hooks *h, struct objtab *tab, const struct perf_want *w, struct perf_event **ret, struct str *why)
{
	struct perf_event *e = calloc(1, sizeof(*e));
	int fd, err;

	if (!e)
		return -ENOMEM;
	e->hooks = h;
	e->wake_fd = -1;
	err = want(e, w, why);
	fd = err ? -1 : memfd_create("[perf_event]", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!err && (fd < 0 || ftruncate(fd, is_tracing(e) ? PAGE : (off_t)(PAGE + RING_MAX))))
		err = -errno;
	if (!err) {
		fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
		err = obj_init(&e->obj, tab, OBJ_PERF, &perf_obj_ops, fd);
	}
	if (err) {
		if (fd >= 0)
			close(fd);
		free(e->path);
		free(e);
		return err;
	}
	pthread_mutex_init(&e->lock, NULL);
	e->attr = w->attr;
	e->pid = w->pid;
	e->cpu = w->cpu;
	e->opener = w->opener;
	e->sink.ops = &sink_ops;
	if (e->tp)
		__atomic_fetch_add(&e->tp->users, 1, __ATOMIC_RELAXED);
	if (e->at.kind == HOOK_SAMPLE)
		e->at.number = e->obj.id;
	ring_init(e);
	if (!w->attr.disabled)
		perf_event_enable(e, true, why);
	*ret = e;
	return 0;
}
