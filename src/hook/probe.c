/* SPDX-License-Identifier: BSD-2-Clause */
/* Links to events: raw tracepoints, security hooks, perf events, many uprobes at once. */
#include "hook/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "btf/btf.h"
#include "hook/ksys.h"
#include "hook/perf.h"
#include "hook/tracepoint.h"

/* ---- raw tracepoints ---- */
static const struct { const char *name; enum hook_kind kind; } raw_tp[] = {
#define F(...)
#define FIELDS(...) 0
#define T(id, group, name, kind, raw, fields, print) { raw, HOOK_##kind },
#include "spec/tracepoint.def"
#undef F
#undef FIELDS
};

int raw_tp_place(struct hooks *h, const char *name, struct hook_place *ret, struct str *why)
{
	const struct btf *b = hook_btf(h);
	char type[160];
	u32 writable;

	*ret = (struct hook_place){ .kind = HOOK_NAMED };
	for (size_t i = 0; i < ARRAY_SIZE(raw_tp); i++)
		if (*raw_tp[i].name && !strcmp(raw_tp[i].name, name)) {
			ret->kind = raw_tp[i].kind;
			return 0;
		}
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (hook_declared(h, name, &writable))
		return 0;
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	if (b && btf_find(b, type, BTF_KIND_TYPEDEF) > 0) {
		tracepoint_refuse(name, why);
		return -EOPNOTSUPP;
	}
	str_printf(why, "there is no tracepoint %s", name);
	return -ENOENT;
}

static int attach_at(struct link *l, const struct hook_place *at, u64 func, struct str *why)
{
	struct hook_ref ref = { .pid = -1, .slot = l->slot, .link_id = l->obj.id, .cookie = l->cookie, .func = func };
	struct hook_point *pt;
	struct hook_tx tx;
	int err;

	hook_begin(l->hooks, &tx, why);
	pt = hook_draft(&tx, at);
	if (!pt)
		return hook_abort(&tx, -ENOMEM);
	hook_append(&tx, pt, l->prog, &ref);
	err = hook_commit(&tx);
	if (!err)
		l->raw_tp.at = *at;
	return err;
}

/* What a program may touch of a tracepoint: as many arguments as it has, and as much of the first as can be written there. */
static int raw_tp_fits(struct hooks *h, const struct prog *p, const char *name, struct str *why)
{
	const struct btf *b = hook_btf(h);
	char type[160];
	u32 args = 12, writable = 0;
	s32 id;

	hook_declared(h, name, &writable);
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = b ? btf_find(b, type, BTF_KIND_TYPEDEF) : -1;
	if (id > 0) { /* void (*)(void *, arguments) */
		const struct btf_type *t = btf_type(b, btf_skip_mods(b, (u32)id));

		t = t && btf_kind_of(t) == BTF_KIND_PTR ? btf_type(b, btf_skip_mods(b, t->type)) : NULL;
		if (t && btf_kind_of(t) == BTF_KIND_FUNC_PROTO && btf_vlen_of(t))
			args = btf_vlen_of(t) - 1;
	}
	if (p->max_ctx_off > args * sizeof(u64)) {
		str_printf(why, "the program reads more arguments than tracepoint %s has: %u", name, args);
		return -EINVAL;
	}
	if (p->max_tp_access > writable) {
		str_printf(why, "the program touches %u bytes behind the first argument of tracepoint %s: %u may be", p->max_tp_access,
			   name, writable);
		return -EINVAL;
	}
	return 0;
}

int raw_tp_attach(struct hooks *h, struct link *l, const char *name, u64 cookie, struct str *why)
{
	struct hook_place at;
	int err = raw_tp_place(h, name, &at, why);

	if (!err)
		err = raw_tp_fits(h, l->prog, name, why);
	if (err)
		return err;
	snprintf(l->raw_tp.name, sizeof(l->raw_tp.name), "%s", name);
	l->cookie = cookie;
	return attach_at(l, &at, 0, why);
}

/* "bpf_lsm_file_open", as BTF has it: the hook "file_open". */
int lsm_attach(struct hooks *h, struct link *l, const char *name, struct str *why)
{
	struct hook_place at = { .kind = HOOK_LSM };

	(void)h;
	snprintf(at.name, sizeof(at.name), "%s", !strncmp(name, "bpf_lsm_", 8) ? name + 8 : name);
	return attach_at(l, &at, 0, why);
}

int func_attach(struct hooks *h, struct link *l, const char *name, bool exit, u64 cookie, struct str *why)
{
	int nr = ksys_number(name);
	struct hook_place at;

	(void)h;
	if (nr < 0) {
		str_printf(why, "%s: " KSYS_ONLY, *name ? name : "fentry");
		return -EOPNOTSUPP;
	}
	at = ksys_place((u32)nr, exit);
	l->cookie = cookie;
	return attach_at(l, &at, ksys_address((u32)nr), why);
}

static void drop_at(struct link *l, const struct hook_place *at)
{
	struct hook_point *pt;
	struct hook_tx tx;

	hook_begin(l->hooks, &tx, NULL);
	pt = hook_draft(&tx, at);
	hook_drop_slot(&tx, pt, l->slot);
	hook_commit(&tx);
}

static void raw_tp_release(struct link *l)
{
	drop_at(l, &l->raw_tp.at);
}

const struct link_ops raw_tp_link_ops = { .release = raw_tp_release };

/* ---- perf events ---- */
static void perf_release(struct link *l)
{
	perf_event_drop_prog(l->perf.event);
}

static void perf_free(struct link *l)
{
	if (l->perf.event)
		obj_put(&l->perf.event->obj);
}

const struct link_ops perf_link_ops = { .release = perf_release, .free = perf_free };

/* ---- many places by one link ---- */
/* Puts the program at all its places, or takes it away. */
typedef void each_fn(struct link *l, struct hook_tx *tx, bool add);

static int change(struct hooks *h, struct link *l, struct str *why, each_fn *each, bool add)
{
	struct hook_tx tx;

	hook_begin(h, &tx, why);
	each(l, &tx, add);
	return hook_commit(&tx);
}

static void put(struct link *l, struct hook_tx *tx, struct hook_point *pt, const struct hook_ref *ref, bool add)
{
	if (pt && add)
		hook_append(tx, pt, l->prog, ref);
	else if (pt)
		hook_drop_slot(tx, pt, l->slot);
}

/* ---- many kprobes ---- */
static void each_call(struct link *l, struct hook_tx *tx, bool add)
{
	for (u32 i = 0; i < l->kprobe.n; i++) {
		const struct link_kprobe *k = &l->kprobe.at[i];
		struct hook_place at = ksys_place(k->nr, l->kprobe.flags & 1 /* BPF_F_KPROBE_MULTI_RETURN */);
		struct hook_ref ref = { .pid = -1, .slot = l->slot, .link_id = l->obj.id, .cookie = k->cookie,
					.func = ksys_address(k->nr) };

		put(l, tx, hook_draft(tx, &at), &ref, add);
	}
}

int kprobe_multi_attach(struct hooks *h, struct link *l, struct str *why) { return change(h, l, why, each_call, true); }
static void kprobe_release(struct link *l) { change(l->hooks, l, NULL, each_call, false); }

static void kprobe_free(struct link *l) { free(l->kprobe.at); }

const struct link_ops kprobe_link_ops = { .release = kprobe_release, .free = kprobe_free };

/* ---- many uprobes ---- */
#define RETURN 1u /* BPF_F_UPROBE_MULTI_RETURN */

/* Entry, return, or for sessions both. */
static void each_place(struct link *l, struct hook_tx *tx, bool add)
{
	bool session = l->prog->attach_type == ATTACH_TRACE_UPROBE_SESSION;
	u32 kinds = session ? 3 : l->uprobe.flags & RETURN ? 2 : 1;

	for (u32 i = 0; i < l->uprobe.n; i++)
		for (u32 k = 0; k < 2; k++) {
			struct hook_place at = { .kind = k ? HOOK_URETPROBE : HOOK_UPROBE, .dev = l->uprobe.dev, .ino = l->uprobe.ino,
						 .offset = l->uprobe.at[i].offset };
			struct hook_ref ref = { .pid = l->uprobe.pid ? l->uprobe.pid : -1,
						.slot = l->slot,
						.link_id = l->obj.id,
						.cookie = l->uprobe.at[i].cookie,
						.ref_ctr_offset = l->uprobe.at[i].ref_ctr_offset,
						.flags = session ? HOOK_F_SESSION : 0,
						.session = session ? (u64)l->obj.id << 32 | i : 0 };

			if (kinds >> k & 1)
				put(l, tx, hook_draft(tx, &at), &ref, add);
		}
}

int uprobe_multi_attach(struct hooks *h, struct link *l, struct str *why) { return change(h, l, why, each_place, true); }
static void uprobe_release(struct link *l) { change(l->hooks, l, NULL, each_place, false); }

static void uprobe_free(struct link *l)
{
	free(l->uprobe.at);
	free(l->uprobe.path);
}

const struct link_ops uprobe_link_ops = { .release = uprobe_release, .free = uprobe_free };
