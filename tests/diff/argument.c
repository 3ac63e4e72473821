/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every pointer argument of every helper, from the helper table: a program that passes what is asked for and is accepted, and programs
 * that pass something else in its place: a number, NULL, memory nobody wrote, too little memory, the context, the stack, a map.
 * Every verdict is the running kernel's; of a helper that this kernel takes no call of at all, for a reason in alone.def, it is skep's
 * alone. An argument without an accepted and a refused program is a failure.
 */
#include "kit.h"
#include "spec/spec.h"

static struct prog prog;

/* ---- what programs pass ---- */
enum { M_ARRAY, M_RODATA, M_LOCK, M_TIMER, M_KPTR, M_PERCPU, M_RING, M_FIRST };

static const u32 more_maps[] = {
	BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_STACK_TRACE,
	BPF_MAP_TYPE_CGROUP_ARRAY, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_QUEUE,
	BPF_MAP_TYPE_USER_RINGBUF, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, BPF_MAP_TYPE_SK_STORAGE, BPF_MAP_TYPE_INODE_STORAGE,
	BPF_MAP_TYPE_TASK_STORAGE, UAPI_MAP_TYPE_CGRP_STORAGE, BPF_MAP_TYPE_CGROUP_STORAGE,
};
#define MAPS (M_FIRST + ARRAY_SIZE(more_maps))
static int map_fds[BACKENDS][MAPS];

static int map_btf(const struct backend *be, u32 type, u32 vs, u32 n, u32 flags, u32 value_type)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = 4;
	a.value_size = vs;
	a.max_entries = n;
	a.map_flags = flags;
	a.btf_fd = (u32)func_btf(be);
	a.btf_key_type_id = TYPE_INT;
	a.btf_value_type_id = value_type;
	return (int)be_bpf(be, BPF_MAP_CREATE, &a);
}

/* Those of objects want types of their keys and values. */
static bool is_storage(u32 type)
{
	return !map_shape(type).n && map_shape(type).flags == BPF_F_NO_PREALLOC;
}

static void make_maps(void)
{
	u32 zero = 0;

	for (u32 b = 0; b < kit.nbe; b++) {
		const struct backend *be = &kit.be[b];
		int *fd = map_fds[b];

		fd[M_ARRAY] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 512, 1, 0);
		fd[M_RODATA] = (int)map_new(be, BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_RDONLY_PROG);
		fd[M_LOCK] = map_btf(be, BPF_MAP_TYPE_ARRAY, 24, 1, 0, TYPE_LOCKED);
		fd[M_TIMER] = map_btf(be, BPF_MAP_TYPE_ARRAY, 24, 1, 0, TYPE_TIMED);
		fd[M_KPTR] = map_btf(be, BPF_MAP_TYPE_ARRAY, 8, 1, 0, TYPE_HOLDER);
		fd[M_PERCPU] = map_btf(be, BPF_MAP_TYPE_ARRAY, 8, 1, 0, TYPE_PERCPU_HOLDER);
		fd[M_RING] = (int)map_new(be, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
		for (u32 m = 0; m < ARRAY_SIZE(more_maps); m++)
			fd[M_FIRST + m] = is_storage(more_maps[m]) ?
				map_btf(be, more_maps[m], 8, 0, BPF_F_NO_PREALLOC, TYPE_U64) : (int)map_small(be, more_maps[m]);
		map_op(be, BPF_MAP_UPDATE_ELEM, fd[M_RODATA], &zero, (char[64]){ "n %d" }, 0);
		map_op(be, BPF_MAP_FREEZE, fd[M_RODATA], NULL, NULL, 0);
	}
}

static u32 map_type_of(u32 m)
{
	static const u32 first[M_FIRST] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY,
					    BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_RINGBUF };

	return m < M_FIRST ? first[m] : more_maps[m - M_FIRST];
}

/* A map that the helper takes. */
static u32 map_for(u32 need)
{
	for (u32 m = M_FIRST; need && m < MAPS; m++)
		if (map_spec_by_id(map_type_of(m))->helpers & need)
			return m;
	return need && (map_spec_by_id(BPF_MAP_TYPE_RINGBUF)->helpers & need) ? M_RING : M_ARRAY;
}

/* ---- where programs get typed pointers: what they attach to, and which argument it is ---- */
static struct place {
	const char *type, *on;
	u32 kind, prog, attach, arg;
	bool sleepable, meta;  /* meta: what the argument's first member points to */
	const char *member;    /* a member of the struct file that the argument points to */
	s32 id, off;
	s32 there;             /* id, whether the kernel takes programs there or not */
} places[] = {
	{ "task_struct", "btf_trace_sched_switch", BTF_KIND_TYPEDEF, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 1, false, false, NULL, 0, 0, 0 },
	{ "sk_buff", "btf_trace_kfree_skb", BTF_KIND_TYPEDEF, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, false, false, NULL, 0, 0, 0 },
	{ "cgroup", "btf_trace_cgroup_mkdir", BTF_KIND_TYPEDEF, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, false, false, NULL, 0, 0, 0 },
	{ "sock", "btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, false, false, NULL, 0, 0, 0 },
	{ "path", "vfs_getattr", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0, false, false, NULL, 0, 0, 0 },
	{ "file", "filp_close", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0, false, false, NULL, 0, 0, 0 },
	{ "file", "bpf_lsm_file_open", BTF_KIND_FUNC, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, true, false, NULL, 0, 0, 0 },
	{ "inode", "bpf_lsm_inode_unlink", BTF_KIND_FUNC, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, true, false, NULL, 0, 0, 0 },
	{ "path", "bpf_lsm_inode_getattr", BTF_KIND_FUNC, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, true, false, NULL, 0, 0, 0 },
	{ "task_struct", "bpf_lsm_task_alloc", BTF_KIND_FUNC, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, true, false, NULL, 0, 0, 0 },
	{ "linux_binprm", "bpf_lsm_bprm_check_security", BTF_KIND_FUNC, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, true, false, NULL, 0, 0, 0 },
	{ "seq_file", "bpf_iter_task", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 0, false, true, NULL, 0, 0, 0 },
	{ "task_struct", "bpf_iter_task", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 1, false, false, NULL, 0, 0, 0 },
	{ "file", "bpf_iter_task_file", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 3, false, false, NULL, 0, 0, 0 },
	{ "path", "bpf_iter_task_file", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 3, false, false, "f_path", 0, 0, 0 },
	{ "tcp_sock", "tcp_congestion_ops", BTF_KIND_STRUCT, BPF_PROG_TYPE_STRUCT_OPS, 0, 0, false, false, "cong_avoid", 0, 0, 0 },
	{ "xdp_buff", "xdp_do_redirect", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 1, false, false, NULL, 0, 0, 0 },
	{ "", "bpf_fentry_test1", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0, false, false, NULL, 0, 0, 0 },
	{ "", "bpf_fentry_test1", BTF_KIND_FUNC, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 0, false, false, NULL, 0, 0, 0 },
};
static s32 obj_drop; /* kernel function */

/* Bytes, or -1; members of members without a name count. */
static s32 member_offset(const struct btf *b, const struct btf_type *t, const char *member)
{
	for (u32 i = 0; t && btf_is_composite(t) && i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *name = btf__name_by_offset(b, m->name_off);
		s32 at = (s32)btf_member_bit_offset(t, i) / 8, inner = 0;

		if (!*name)
			inner = member_offset(b, btf__type_by_id(b, m->type), member);
		else if (strcmp(name, member))
			inner = -1;
		if (inner >= 0)
			return at + inner;
	}
	return -1;
}

/* Does the kernel take a program there that does nothing? */
static bool may_hook(const struct place *at)
{
	struct prog *p = &prog;
	long fd;

	prog_start(p, at->prog);
	p->attach = at->attach;
	p->on = (u32)at->id;
	MOV_K(0, 0);
	EXIT();
	fd = prog_load(&kit.be[KERNEL], p, NULL, 0);
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

/* Of a struct of functions the attach type is the number of a member, and no offset. */
static void find_member(struct btf *b, struct place *at)
{
	const struct btf_type *t = at->prog == BPF_PROG_TYPE_STRUCT_OPS ? btf__type_by_id(b, (u32)at->id) : NULL;

	if (!t) {
		at->off = member_offset(b, btf__type_by_id(b, (u32)btf__find_by_name_kind(b, "file", BTF_KIND_STRUCT)), at->member);
		return;
	}
	while (at->attach < btf_vlen(t) && strcmp(btf__name_by_offset(b, btf_members(t)[at->attach].name_off), at->member))
		at->attach++;
}

static void find_places(void)
{
	struct btf *b = btf__load_vmlinux_btf();

	for (u32 i = 0; b && i < ARRAY_SIZE(places); i++) {
		places[i].id = places[i].there = btf__find_by_name_kind(b, places[i].on, places[i].kind);
		if (places[i].member && places[i].id > 0)
			find_member(b, &places[i]);
		if (places[i].id <= 0 || !may_hook(&places[i]))
			places[i].id = 0;
	}
	obj_drop = b ? btf__find_by_name_kind(b, "bpf_obj_drop_impl", BTF_KIND_FUNC) : 0;
	btf__free(b);
}

/* ---- one program ---- */
enum wrong { RIGHT, W_NUMBER, W_NULL, W_CTX, W_STACK, W_UNWRITTEN, W_SHORT, W_MAP, W_READ_ONLY, WRONGS };
static const char *const wrong_name[WRONGS] = { "right", "a number", "NULL", "the context", "the stack", "unwritten", "short", "a map", "read only" };

/* r6 the context; what has to be made before stands in the stack below fp-320. */
struct setup { const struct helper_spec *h; const struct place *at; u32 type, attach, wrong_arg; enum wrong wrong; };

#define MEM (-64)      /* 64 written bytes */
#define UNWRITTEN (-320)
#define SLOT(k) (-328 - 8 * (s32)(k)) /* an argument that is kept */
#define DYN (-400)     /* a dynptr */

static void exit_if_null(struct prog *p)
{
	emit(p, 0x55, 0, 0, 2, 0);
	MOV_K(0, 0);
	EXIT();
}

/* An address on the stack. */
static void stack_at(struct prog *p, u32 r, s32 off)
{
	MOV_X(r, 10);
	ADD_K(r, off);
}

static void make_sock(struct prog *p, const struct setup *s, u32 k, bool full)
{
	if (s->at && !strcmp(s->at->type, "sock")) {
		LD8(0, 6, (s16)(8 * s->at->arg));
	} else {
		LD8(0, 6, s->type == BPF_PROG_TYPE_SOCK_OPS ? 184 : s->type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ? 64 :
			  s->type == BPF_PROG_TYPE_SK_LOOKUP ? 0 : s->type == BPF_PROG_TYPE_CGROUP_SOCKOPT ? 0 :
			  s->type == BPF_PROG_TYPE_SK_MSG ? 72 : 168);
		if (s->type != BPF_PROG_TYPE_CGROUP_SOCKOPT && s->type != BPF_PROG_TYPE_CGROUP_SOCK_ADDR && s->type != BPF_PROG_TYPE_SK_MSG)
			exit_if_null(p);
		if (full && s->type == BPF_PROG_TYPE_SCHED_CLS) {
			MOV_X(1, 0);
			CALL_HELPER(BPF_FUNC_sk_fullsock);
			exit_if_null(p);
		}
	}
	STX8(10, SLOT(k), 0);
}

static void make_found_sock(struct prog *p, u32 k)
{
	MOV_X(1, 6);
	stack_at(p, 2, MEM);
	MOV_K(3, 12);
	MOV_K(4, -1);
	MOV_K(5, 0);
	CALL_HELPER(BPF_FUNC_sk_lookup_tcp);
	exit_if_null(p);
	STX8(10, SLOT(k), 0);
}

static void make_typed(struct prog *p, const struct setup *s, const struct arg_spec *a, u32 k)
{
	if (s->at && a->btf_type && !strcmp(s->at->type, a->btf_type)) {
		LD8(0, 6, (s16)(8 * s->at->arg));
		if (s->at->meta)
			LD8(0, 0, 0);
		else if (s->at->attach == BPF_TRACE_ITER)
			exit_if_null(p);
		if (s->at->off)
			ADD_K(0, s->at->off);
	} else {
		CALL_HELPER(BPF_FUNC_get_current_task_btf);
	}
	STX8(10, SLOT(k), 0);
}

static void make_ring(struct prog *p, const struct arg_spec *a, u32 k)
{
	imm64(p, 1, 5, M_RING);
	MOV_K(2, 8);
	MOV_K(3, 0);
	if (a->kind == ARG_DYNPTR) {
		stack_at(p, 4, DYN);
		CALL_HELPER(BPF_FUNC_ringbuf_reserve_dynptr);
		return;
	}
	CALL_HELPER(BPF_FUNC_ringbuf_reserve);
	exit_if_null(p);
	STX8(10, SLOT(k), 0);
}

static bool dynptr_given(const struct arg_spec *a) { return a->kind == ARG_DYNPTR && !(a->flags & AF_UNINIT); }

/* What the right argument needs to be there. */
static void prepare(struct prog *p, const struct setup *s, u32 k)
{
	const struct arg_spec *a = &s->h->arg[k];

	switch (a->kind) {
	case ARG_SOCK_COMMON:
	case ARG_BTF_SOCK_COMMON:
		if (a->flags & AF_RELEASE)
			make_found_sock(p, k);
		else
			make_sock(p, s, k, false);
		break;
	case ARG_SOCKET: make_sock(p, s, k, true); break;
	case ARG_PERCPU_BTF:
		imm64(p, 1, 6, M_PERCPU);
		LD8(0, 1, 0);
		exit_if_null(p);
		STX8(10, SLOT(k), 0);
		break;
	case ARG_BTF:
		if (a->btf_type)
			make_typed(p, s, a, k);
		break;
	case ARG_RINGBUF_MEM: make_ring(p, a, k); break;
	case ARG_DYNPTR:
		if (!dynptr_given(a))
			break;
		if (a->flags & AF_DYN_RINGBUF) {
			make_ring(p, a, k);
		} else {
			imm64(p, 1, 6, M_ARRAY);
			MOV_K(2, 64);
			MOV_K(3, 0);
			stack_at(p, 4, DYN);
			CALL_HELPER(BPF_FUNC_dynptr_from_mem);
		}
		break;
	case ARG_TIMER:
		if (s->h->id != BPF_FUNC_timer_init) {
			imm64(p, 1, 6, M_TIMER);
			imm64(p, 2, 5, M_TIMER);
			MOV_K(3, 0);
			CALL_HELPER(BPF_FUNC_timer_init);
		}
		break;
	default: break;
	}
	if (s->h->id == BPF_FUNC_spin_unlock && !k) {
		imm64(p, 1, 6, M_LOCK);
		CALL_HELPER(BPF_FUNC_spin_lock);
	}
}

/* Values the verifier wants of plain arguments. */
static s32 plain_value(const struct helper_spec *h, u32 k)
{
	if (h->id == BPF_FUNC_timer_init || h->id == BPF_FUNC_strtol || h->id == BPF_FUNC_strtoul)
		return 0;
	return h->id == BPF_FUNC_csum_diff && k == 1 ? 8 : 0;
}

static void put_right(struct prog *p, const struct setup *s, u32 k, u32 *func_at)
{
	const struct arg_spec *a = &s->h->arg[k];
	u32 r = k + 1;

	switch (a->kind) {
	case ARG_CTX: MOV_X(r, 6); break;
	case ARG_MAP:
		imm64(p, r, 5, s->h->id == BPF_FUNC_timer_init ? (u32)M_TIMER : map_for(a->map_need));
		break;
	case ARG_MAP_KEY: case ARG_MAP_VALUE: case ARG_STACK_OR_NULL_CTX: stack_at(p, r, MEM); break;
	case ARG_MEM:
		if ((a->flags & AF_FIXED && a->fixed > 64) || s->h->id == BPF_FUNC_dynptr_from_mem)
			imm64(p, r, 6, M_ARRAY);
		else
			stack_at(p, r, MEM);
		break;
	case ARG_SIZE: case ARG_SIZE0: case ARG_ALLOC_SIZE:
		MOV_K(r, s->h->id == BPF_FUNC_fib_lookup ? 64 : s->h->id == BPF_FUNC_snprintf_btf || s->h->id == BPF_FUNC_seq_printf_btf ? 16 :
			 s->h->id == BPF_FUNC_perf_event_read_value || s->h->id == BPF_FUNC_perf_prog_read_value ? 24 :
			 s->h->id == BPF_FUNC_get_ns_current_pid_tgid || s->h->id == BPF_FUNC_tcp_check_syncookie ||
			 s->h->id == BPF_FUNC_tcp_gen_syncookie ? 20 : s->h->id == BPF_FUNC_sk_lookup_tcp ||
			 s->h->id == BPF_FUNC_sk_lookup_udp || s->h->id == BPF_FUNC_skc_lookup_tcp ? 12 : 8);
		break;
	case ARG_SPIN_LOCK: imm64(p, r, 6, M_LOCK); break;
	case ARG_TIMER: imm64(p, r, 6, M_TIMER); break;
	case ARG_KPTR: imm64(p, r, 6, M_KPTR); break;
	case ARG_BTF:
		if (!a->btf_type) {
			MOV_K(r, 0);
			break;
		}
		__attribute__((fallthrough));
	case ARG_SOCK_COMMON: case ARG_BTF_SOCK_COMMON: case ARG_SOCKET: case ARG_RINGBUF_MEM:
	case ARG_PERCPU_BTF: LD8(r, 10, (s16)SLOT(k)); break;
	case ARG_FUNC:
		*func_at = p->n;
		imm64(p, r, 4, 0);
		break;
	case ARG_CONST_STR: imm64(p, r, 6, M_RODATA); break;
	case ARG_DYNPTR: stack_at(p, r, DYN); break;
	default: MOV_K(r, plain_value(s->h, k)); break;
	}
}

static void put_wrong(struct prog *p, u32 k, enum wrong w)
{
	u32 r = k + 1;

	switch (w) {
	case W_NUMBER: MOV_K(r, 4097); break;
	case W_NULL: MOV_K(r, 0); break;
	case W_CTX: MOV_X(r, 6); break;
	case W_STACK: stack_at(p, r, MEM); break;
	case W_UNWRITTEN: stack_at(p, r, UNWRITTEN); break;
	case W_SHORT: stack_at(p, r, -1); break;
	case W_MAP: imm64(p, r, 5, M_ARRAY); break;
	default: imm64(p, r, 6, M_RODATA); break;
	}
}

/* What the call took is given back, so that only the arguments matter. */
static void give_back(struct prog *p, const struct helper_spec *h)
{
	u32 release = h->id == BPF_FUNC_ringbuf_reserve ? (u32)BPF_FUNC_ringbuf_discard : (u32)BPF_FUNC_sk_release;

	if (h->id == BPF_FUNC_ringbuf_reserve_dynptr) {
		stack_at(p, 1, DYN);
		MOV_K(2, 0);
		CALL_HELPER(BPF_FUNC_ringbuf_discard_dynptr);
	} else if (h->id == BPF_FUNC_spin_lock) {
		imm64(p, 1, 6, M_LOCK);
		CALL_HELPER(BPF_FUNC_spin_unlock);
	} else if (h->flags & HF_ACQUIRE) {
		emit(p, 0x15, 0, 0, 3, 0);
		MOV_X(1, 0);
		MOV_K(2, 0);
		if (h->id == BPF_FUNC_kptr_xchg)
			emit(p, 0x85, 0, 2, 0, obj_drop);
		else
			CALL_HELPER((s32)release);
	}
}

static void build(struct prog *p, const struct setup *s)
{
	const struct helper_spec *h = s->h;
	u32 func_at = 0;

	prog_start(p, s->type);
	func_start(p);
	p->attach = s->at ? s->at->attach : s->attach;
	p->on = s->at ? (u32)s->at->there : 0;
	p->flags = s->type == BPF_PROG_TYPE_SYSCALL || (s->at && s->at->sleepable && (h->flags & HF_SLEEP)) ? BPF_F_SLEEPABLE : 0;
	for (u32 b = 0; b < kit.nbe; b++)
		p->fd_array[b] = map_fds[b];
	MOV_X(6, 1);
	for (s32 off = -64; off < 0; off += 8)
		ST8(10, off, 1);
	for (u32 k = 0; k < 5; k++)
		prepare(p, s, k);
	for (u32 k = 0; k < 5 && h->arg[k].kind != ARG_NONE; k++)
		if (s->wrong && s->wrong_arg == k)
			put_wrong(p, k, s->wrong);
		else
			put_right(p, s, k, &func_at);
	CALL_HELPER((s32)h->id);
	give_back(p, h);
	for (u32 k = 0; k < 5; k++)
		if (dynptr_given(&h->arg[k]) && h->arg[k].flags & AF_DYN_RINGBUF && !(h->arg[k].flags & AF_RELEASE)) {
			stack_at(p, 1, DYN);
			MOV_K(2, 0);
			CALL_HELPER(BPF_FUNC_ringbuf_discard_dynptr);
		}
	MOV_K(0, s->type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ? 1 : 0);
	EXIT();
	if (func_at) {
		p->insn[func_at].imm = (s32)(p->n - func_at - 1);
		func_start(p);
		MOV_K(0, 0);
		EXIT();
	}
}

/* ---- the search for a program that is accepted ---- */
static u32 judge = KERNEL;

static bool accepted(const struct setup *s)
{
	long fd;

	build(&prog, s);
	fd = prog_load(&kit.be[judge], &prog, NULL, 0);
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static bool is_hook(u32 type)
{
	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM || type == BPF_PROG_TYPE_STRUCT_OPS;
}

static bool find_setup(struct setup *s)
{
	const struct helper_spec *h = s->h;

	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		s->type = places[i].prog;
		s->at = &places[i];
		s->h = helper_variant(h, s->type);
		if ((judge == KERNEL ? places[i].id : places[i].there) > 0 && accepted(s))
			return true;
	}
	s->at = NULL;
	for (s->type = 1; s->type < UAPI_PROG_TYPES; s->type++) {
		s->h = helper_variant(h, s->type);
		if (is_hook(s->type) || !progset_has(s->h->progs, s->type))
			continue;
		for (u32 a = 0; a < MAX(kit_nattach[s->type], 1u); a++) {
			s->attach = kit_nattach[s->type] ? kit_attach[s->type][a] : 0;
			if (accepted(s))
				return true;
		}
	}
	s->h = h;
	return false;
}

static bool is_pointer(const struct arg_spec *a)
{
	return a->kind != ARG_NONE && a->kind != ARG_ANYTHING && a->kind != ARG_SIZE && a->kind != ARG_SIZE0 &&
	       a->kind != ARG_ALLOC_SIZE && a->kind != ARG_CONST;
}

/* Why a kernel may accept no call of a helper, or NULL. */
static const char *why_alone(const struct helper_spec *h)
{
	static const struct { const char *name, *why; } rows[] = {
#define ALONE(name, why) { #name, why },
#include "diff/alone.def"
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, h->name))
			return rows[i].why;
	return NULL;
}

/* Skep's verdict, where the kernel has none: what is asked for is accepted. */
static void case_alone(const struct setup *s, const char *name, u32 *refused)
{
	char why[256];
	long fd = reason_of(&kit.be[JIT], &prog, why, sizeof(why));

	*refused += fd < 0;
	if (fd >= 0 || s->wrong != RIGHT)
		kit_agree();
	else
		kit_differ("%s: refused by skep: %s", name, why);
}

static void one_case(const struct setup *s, u32 *refused)
{
	char name[128], kind[96];
	int fds[BACKENDS];

	build(&prog, s);
	snprintf(name, sizeof(name), "helper %u %s arg %u %s type %u", s->h->id, s->h->name, s->wrong_arg + 1, wrong_name[s->wrong], s->type);
	snprintf(kind, sizeof(kind), "helper %u arg %u %s", s->h->id, s->wrong_arg + 1, wrong_name[s->wrong]);
	kit_case(name);
	if (!kit_wanted(name))
		return;
	if (judge != KERNEL) {
		case_alone(s, name, refused);
		return;
	}
	if (load_all(&prog, kind, name, fds)) {
		*refused += fds[KERNEL] < 0;
		kit_agree();
	}
	close_all(fds);
}

static void one_helper(const struct helper_spec *h)
{
	struct setup s = { .h = h };
	char why[256];
	u32 refused;

	if (kit.only && !strstr(h->name, kit.only) && !strstr(kit.only, h->name))
		return;
	judge = KERNEL;
	if (!find_setup(&s) && why_alone(h) && !kit.self) {
		printf("skep alone: %-22s %s\n", h->name, why_alone(h));
		judge = JIT;
		s = (struct setup){ .h = h };
		KIT_ADD(skipped, 1);
		if (!find_setup(&s))
			s.type = 0;
	}
	if (!s.type || s.type == UAPI_PROG_TYPES) {
		for (s.at = NULL, s.type = 1; s.type < UAPI_PROG_TYPES && !progset_has(h->progs, s.type); s.type++)
			;
		build(&prog, &s);
		reason_of(&kit.be[judge], &prog, why, sizeof(why));
		kit_differ("helper %u %s: no program that %s accepts (type %u: %s)", h->id, h->name, kit.be[judge].name, s.type, why);
		return;
	}
	for (u32 k = 0; k < 5 && s.h->arg[k].kind != ARG_NONE; k++) {
		if (!is_pointer(&s.h->arg[k]))
			continue;
		refused = 0;
		s.wrong_arg = k;
		for (s.wrong = RIGHT; s.wrong < WRONGS; s.wrong++)
			one_case(&s, &refused);
		if (!refused)
			kit_differ("helper %u %s: argument %u is never refused", h->id, h->name, k + 1);
	}
}

int main(int argc, char **argv)
{
	kit_start("argument", argc, argv, 1, 1u << JIT);
	find_attach_types();
	find_places();
	make_maps();
	for (u32 id = 1; id < UAPI_HELPERS; id++)
		if (helper_by_id(id))
			one_helper(helper_by_id(id));
	return kit_end();
}
