/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A subsystem with a tracer, programs made of instructions and attached to places in files: what tests of hooks and their
 * benchmark share. Everything exits with a message when it fails.
 */
#ifndef SKEP_TESTS_HOOK_KIT_H
#define SKEP_TESTS_HOOK_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box/trace.h"
#include "hook/hook.h"
#include "map/map.h"
#include "patch/elf.h"
#include "prog/prog.h"

static struct objtab kit_tab;
static struct hooks *kit_hooks;
static struct tracer *kit_tracer;

static inline _Noreturn void kit_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "hook test: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static inline void kit_open(void)
{
	struct str why = { 0 };

	if (objtab_init(&kit_tab))
		kit_fail("no object table");
	kit_hooks = hooks_new(&kit_tab);
	if (!kit_hooks || tracer_new(kit_hooks, &kit_tracer, &why))
		kit_fail("no tracer: %s", str_text(&why));
}

static inline void kit_close(void) { tracer_free(kit_tracer); }

static inline struct map *kit_map(u32 type, u32 value_size, u32 n)
{
	struct map_attr a = { .type = type, .key_size = type == BPF_MAP_TYPE_RINGBUF ? 0 : 4,
			      .value_size = type == BPF_MAP_TYPE_RINGBUF ? 0 : value_size, .max_entries = n };
	struct map *m;
	int err;

	strcpy(a.name, "kit");
	err = map_create(&kit_tab, &a, &m);
	if (err)
		kit_fail("map: %s", strerror(-err));
	return m;
}

/* An array of one element, of eight counters; a counter over all lanes. */
static inline struct map *kit_counters(u32 type) { return kit_map(type, 64, 1); }
static inline u64 kit_count(struct map *m, u32 i)
{
	u64 *v = calloc(map_possible_cpus(), 64), sum = 0;
	u32 key = 0;

	if (!v || map_lookup(m, &key, v, 0))
		kit_fail("the counters are not there");
	for (u32 c = 0; c < m->ncpu; c++)
		sum += v[c * 8 + i];
	free(v);
	return sum;
}

static inline int kit_map_of_fd(void *cookie, int fd, struct map **ret)
{
	struct map **maps = cookie;

	*ret = map_of(obj_get(&maps[fd]->obj));
	return 0;
}

static inline struct prog *kit_prog(u32 type, const struct bpf_insn *insns, u32 n, struct map **maps)
{
	struct prog_attr a = { .name = "kit", .engine = ENGINE_AUTO, .cookie = maps, .map_of_fd = kit_map_of_fd };
	struct log log = { 0 };
	char text[16384] = "";
	struct prog *p;
	int err;

	a.vf.insns = insns;
	a.vf.insn_cnt = n;
	a.vf.prog_type = type;
	a.vf.gpl = true;
	a.vf.caps = ~0u;
	log_init(&log, 1);
	err = prog_load(&kit_tab, &a, &log, &p);
	log_deliver(&log, text, sizeof(text), NULL);
	log_free(&log);
	if (err)
		kit_fail("program: %s\n%s", strerror(-err), text);
	return p;
}

#define MOV64(d, s) ((struct bpf_insn){ .code = 0xbf, .dst_reg = d, .src_reg = s })
#define MOVI(d, i)  ((struct bpf_insn){ .code = 0xb7, .dst_reg = d, .imm = i })
#define ADDI(d, i)  ((struct bpf_insn){ .code = 0x07, .dst_reg = d, .imm = i })
#define STW(d, o, i) ((struct bpf_insn){ .code = 0x62, .dst_reg = d, .off = o, .imm = i })
#define STXDW(d, o, s) ((struct bpf_insn){ .code = 0x7b, .dst_reg = d, .off = o, .src_reg = s })
#define LDXDW(d, s, o) ((struct bpf_insn){ .code = 0x79, .dst_reg = d, .src_reg = s, .off = o })
#define LDMAP(d, i) ((struct bpf_insn){ .code = 0x18, .dst_reg = d, .src_reg = 1, .imm = i }), ((struct bpf_insn){ 0 })
#define LDVALUE(d, i, o) ((struct bpf_insn){ .code = 0x18, .dst_reg = d, .src_reg = 2, .imm = i }), ((struct bpf_insn){ .imm = o })
#define CALL(f)     ((struct bpf_insn){ .code = 0x85, .imm = f })
#define XADD(d, o, s) ((struct bpf_insn){ .code = 0xdb, .dst_reg = d, .off = o, .src_reg = s, .imm = 0 })
#define JEQI(r, i, o) ((struct bpf_insn){ .code = 0x15, .dst_reg = r, .imm = i, .off = o })
#define EXIT()      ((struct bpf_insn){ .code = 0x95 })

/* Counts its runs in a counter of an array, by an atomic addition. */
static inline struct prog *kit_counter(u32 type, struct map *m, u32 slot)
{
	struct bpf_insn insns[] = { LDVALUE(1, 0, (s32)slot * 8), MOVI(2, 1), XADD(1, 0, 2), MOVI(0, 0), EXIT() };

	return kit_prog(type, insns, ARRAY_SIZE(insns), &m);
}

/* Attach; the slot is what kit_detach() wants. */
static inline u32 kit_attach_place(struct hook_place at, struct prog *p, struct hook_ref ref)
{
	struct str why = { 0 };
	struct hook_tx tx;
	int err;

	ref.slot = hook_slot_new(kit_hooks, p);
	hook_begin(kit_hooks, &tx, &why);
	hook_append(&tx, hook_draft(&tx, &at), p, &ref);
	err = hook_commit(&tx);
	if (err)
		kit_fail("attach: %s %s", strerror(-err), str_text(&why));
	str_free(&why);
	return ref.slot;
}

static inline struct hook_place kit_place(u32 kind, const char *path, u64 offset)
{
	struct hook_place at = { .kind = kind, .offset = offset, .pid = -1, .cpu = -1 };
	struct stat st;

	if (stat(path, &st))
		kit_fail("%s: %s", path, strerror(errno));
	at.dev = st.st_dev;
	at.ino = st.st_ino;
	return at;
}

static inline void kit_detach(struct hook_place at, u32 slot)
{
	struct str why = { 0 };
	struct hook_tx tx;
	int err;

	hook_begin(kit_hooks, &tx, &why);
	hook_drop_slot(&tx, hook_draft(&tx, &at), slot);
	err = hook_commit(&tx);
	if (err)
		kit_fail("detach: %s %s", strerror(-err), str_text(&why));
	hook_slot_free(kit_hooks, slot);
	str_free(&why);
}

#endif
