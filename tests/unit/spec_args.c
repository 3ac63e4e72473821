/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers' contracts against the running kernel: a program built from a helper's row loads, and with one
 * argument spoiled it loads exactly when the row says so. Helpers that need objects (sockets, tasks, dynptrs,
 * callbacks) are not built.
 */
#include <sys/utsname.h>

#include "spec/spec.h"
#include "unit/kernel.h"
#include "unit/test.h"

enum spoil { SOUND, EMPTY, READ_ONLY, PACKET, ZERO_SIZE };
enum { R0, R1, R2, R3, R6 = 6, R9 = 9, FP = 10, KEY = -16, MEM = -128, BOTTOM = -512, CAPS_ALL = 15 };

static char log_buf[1 << 17];
static struct bpf_insn prog[160];
static u32 len;
static int maps[UAPI_MAP_TYPES], constant;

static void op(u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	struct bpf_insn i = { .code = code, .off = off, .imm = imm };

	i.dst_reg = dst & 15u;
	i.src_reg = src & 15u;
	prog[len++] = i;
}

static void set(u8 reg, s32 value)
{
	op(0xb7, reg, 0, 0, value);
}
static void copy(u8 dst, u8 src)
{
	op(0xbf, dst, src, 0, 0);
}

static void stack_at(u8 reg, s32 off)
{
	copy(reg, FP);
	op(0x07, reg, 0, 0, off);
}

static void map_ref(u8 reg, int fd, u8 kind)
{
	op(0x18, reg, kind, 0, fd);
	op(0, 0, 0, 0, 0);
}

static int load(u32 type, u32 attach)
{
	return kernel_verdict(type, attach, prog, len, log_buf, sizeof(log_buf));
}

/* ---- maps to pass ---- */

static int make_map(u32 type)
{
	union bpf_attr a = { 0 };

	a.map_type = type;
	a.key_size = type == MTYPE_QUEUE || type == MTYPE_STACK || type == MTYPE_BLOOM_FILTER ? 0 : 4;
	a.value_size = type == MTYPE_STACK_TRACE ? 64 : 4;
	a.max_entries = 1;
	if (type == MTYPE_RINGBUF || type == MTYPE_USER_RINGBUF) {
		a.key_size = a.value_size = 0;
		a.max_entries = 4096;
	}
	if (type == MTYPE_CGROUP_STORAGE) {
		a.key_size = 8;
		a.max_entries = 0;
	}
	a.inner_map_fd = map_spec[type].inner ? (u32)maps[MTYPE_ARRAY] : 0;
	return kernel_bpf(BPF_MAP_CREATE, &a);
}

/* A frozen, read-only string. */
static int make_constant(void)
{
	union bpf_attr a = { 0 };
	char text[64] = "abc";
	int fd;

	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = sizeof(text);
	a.max_entries = 1;
	a.map_flags = BPF_F_RDONLY_PROG;
	fd = kernel_bpf(BPF_MAP_CREATE, &a);
	if (fd < 0 || kernel_array_set(fd, text))
		return -1;
	memset(&a, 0, sizeof(a));
	a.map_fd = (u32)fd;
	return kernel_bpf(BPF_MAP_FREEZE, &a) ? -1 : fd;
}

static const char *set_up(void)
{
	struct utsname u;

	if (uname(&u) || strncmp(u.release, "6.18.", 5))
		return "the kernel is not Linux 6.18";
	maps[MTYPE_ARRAY] = make_map(MTYPE_ARRAY);
	constant = make_constant();
	if (maps[MTYPE_ARRAY] < 0 || constant < 0)
		return "bpf(2) is not permitted";
	for (u32 t = 1; t < UAPI_MAP_TYPES; t++)
		if (!maps[t])
			maps[t] = make_map(t);
	return NULL;
}

static int map_with(u32 need)
{
	for (u32 t = 1; t < UAPI_MAP_TYPES; t++)
		if (maps[t] > 0 && (map_spec[t].helpers & need))
			return maps[t];
	return -1;
}

/* ---- programs from rows ---- */

static bool sound_arg(const struct arg_spec *a, u8 reg, int map)
{
	switch (a->kind) {
	case ARG_ANYTHING:
	case ARG_STACK_OR_NULL_CTX:
		set(reg, 0);
		return true;
	case ARG_CTX:
		copy(reg, R6);
		return true;
	case ARG_MAP:
		map_ref(reg, map < 0 ? map_with(a->map_need) : map, BPF_PSEUDO_MAP_FD);
		return map >= 0 || map_with(a->map_need) >= 0;
	case ARG_MAP_KEY:
		stack_at(reg, KEY);
		return true;
	case ARG_MAP_VALUE:
	case ARG_MEM:
		stack_at(reg, MEM);
		return true;
	case ARG_SIZE:
	case ARG_SIZE0:
	case ARG_ALLOC_SIZE:
		set(reg, 8);
		return true;
	case ARG_CONST_STR:
		map_ref(reg, constant, BPF_PSEUDO_MAP_VALUE);
		return true;
	default:
		return false;
	}
}

static void spoilt_arg(u8 reg, enum spoil how)
{
	if (how == READ_ONLY)
		map_ref(reg, constant, BPF_PSEUDO_MAP_VALUE);
	else if (how == PACKET)
		copy(reg, R9);
	else
		set(reg, 0);
}

/* r9: 64 bytes of packet, or the end of the program. */
static void packet_in_r9(u32 type, s32 result)
{
	s16 data = type == PTYPE_XDP ? offsetof(struct xdp_md, data) : offsetof(struct __sk_buff, data);

	op(0x61, R9, R6, data, 0);
	op(0x61, R3, R6, (s16)(data + 4), 0);
	copy(R2, R9);
	op(0x07, R2, 0, 0, 64);
	op(0x3d, R3, R2, 2, 0);
	set(R0, result);
	op(0x95, 0, 0, 0, 0);
}

struct where {
	u32 type, asked, attach;
	s32 result;
};

/* A program that calls `h` with argument `which` spoilt; false when the row has kinds that are not built. */
static bool build(const struct helper_spec *h, const struct where *w, u32 which, enum spoil how, int map)
{
	len = 0;
	copy(R6, R1);
	for (s16 off = -8; off >= BOTTOM; off = (s16)(off - 8))
		op(0x7a, FP, 0, off, 0);
	if (how == PACKET)
		packet_in_r9(w->type, w->result);
	for (u32 i = 0; i < 5 && h->arg[i].kind; i++) {
		if (i == which && how != SOUND)
			spoilt_arg((u8)(i + 1), how);
		else if (!sound_arg(&h->arg[i], (u8)(i + 1), map))
			return false;
	}
	op(0x85, 0, 0, 0, h->id);
	set(R0, w->result);
	op(0x95, 0, 0, 0, 0);
	return !(h->flags & HF_ACQUIRE);
}

/* Some program that may call it, with the row's own contract. */
static bool find_place(const struct helper_spec *h, struct where *w)
{
	s32 min, max;

	for (w->type = 1; w->type < UAPI_PROG_TYPES; w->type++)
		for (w->asked = 0; w->asked < UAPI_ATTACH_TYPES; w->asked++) {
			if (w->asked && !(attach_spec[w->asked].progs & PT_BIT(w->type)))
				continue;
			if (progtype_attach_check(w->type, w->asked, &w->attach) ||
			    helper_allowed(h, w->type, w->attach, CAPS_ALL, false) ||
			    helper_variant(h, w->type) != h)
				continue;
			if ((h->flags & HF_SLEEP) && w->type != PTYPE_SYSCALL)
				continue;
			w->result = progtype_ret_range(w->type, w->attach, &min, &max) ? min : 0;
			len = 0;
			set(R0, w->result);
			op(0x95, 0, 0, 0, 0);
			if (!load(w->type, w->asked))
				return true;
		}
	return false;
}

/* Two helpers hang on how a kernel is built and locked down. */
static bool depends_on_build(const struct helper_spec *h)
{
	return h->id == BPF_FUNC_probe_write_user || h->id == BPF_FUNC_override_return;
}

static void expect(const struct helper_spec *h, const struct where *w, u32 which, enum spoil how, bool says)
{
	bool may;

	if (!build(h, w, which, how, -1))
		return;
	may = !load(w->type, w->asked);
	if (may != says)
		printf("#   %s in %s, argument %u, %d: kernel %d, table %d\n%s\n", h->name,
		       progtype_spec[w->type].name, which + 1, how, may, says, log_buf);
	CHECK(may == says);
}

static void check_arg(const struct helper_spec *h, const struct where *w, u32 i)
{
	const struct progtype_spec *p = &progtype_spec[w->type];
	const struct arg_spec *a = &h->arg[i];
	bool sized = a->kind == ARG_MEM && !(a->flags & AF_FIXED);

	if (a->kind == ARG_SIZE || a->kind == ARG_SIZE0 || a->kind == ARG_ALLOC_SIZE)
		expect(h, w, i, ZERO_SIZE, a->kind != ARG_SIZE);
	else if (a->kind != ARG_ANYTHING &&
		 !sized) /* NULL with a size of 8 is refused whatever the row says */
		expect(h, w, i, EMPTY, (a->flags & AF_NULL) || a->kind == ARG_STACK_OR_NULL_CTX);
	if (a->kind != ARG_MEM && a->kind != ARG_MAP_KEY && a->kind != ARG_MAP_VALUE)
		return;
	expect(h, w, i, READ_ONLY, !(a->flags & AF_WRITE));
	if (w->type == PTYPE_XDP || (p->skb && p->direct_pkt))
		expect(h, w, i, PACKET, h->flags & HF_PKT_ACCESS);
}

TEST(arguments)
{
	const char *why = set_up();
	struct where w;
	u32 built = 0;

	if (why)
		SKIP(why);
	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);

		if (depends_on_build(h) || !find_place(h, &w) || !build(h, &w, 0, SOUND, -1))
			continue;
		built++;
		expect(h, &w, 0, SOUND, true);
		for (u32 i = 0; i < 5 && h->arg[i].kind; i++)
			check_arg(h, &w, i);
	}
	CHECK(built > 130);
}

/* What the kernel says before it compares map and helper: the map has no keys, or is read-only for programs.
 */
static bool cannot_tell(void)
{
	static const char *const first[] = { "zero-sized read",	   "write into map forbidden",
					     "invalid arg_type",   "expected=",
					     "Sleepable programs", "arena's user",
					     "expected prog array" };

	for (u32 i = 0; i < ARRAY_SIZE(first); i++)
		if (strstr(log_buf, first[i]))
			return true;
	return false;
}

static bool table_allows(const struct helper_spec *h, u32 map_type, u32 prog_type)
{
	const struct map_spec *m = &map_spec[map_type];

	if (h->id == BPF_FUNC_map_update_elem && !(m->updaters & PT_BIT(prog_type)))
		return false;
	if (h->id == BPF_FUNC_map_delete_elem && !(m->deleters & PT_BIT(prog_type)))
		return false;
	return m->helpers & helper_map_need(h);
}

TEST(maps_and_helpers)
{
	const char *why = set_up();
	struct where w;
	u32 asked = 0;

	if (why)
		SKIP(why);
	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		const struct helper_spec *h = helper_by_id(id);

		if (!helper_map_need(h) || !find_place(h, &w))
			continue;
		for (u32 t = 1; t < UAPI_MAP_TYPES; t++) {
			bool may, says = table_allows(h, t, w.type);

			if (maps[t] <= 0 || !build(h, &w, 0, SOUND, maps[t]))
				continue;
			load(w.type, w.asked);
			if (cannot_tell())
				continue;
			may = !strstr(log_buf, "cannot pass map_type");
			asked++;
			if (may != says)
				printf("#   %s, %s: kernel %d, table %d\n%s\n", h->name, map_spec[t].name,
				       may, says, log_buf);
			CHECK(may == says);
		}
	}
	CHECK(asked > 500);
}
