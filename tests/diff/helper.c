/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers. First: may this program type call this helper with these privileges and this license? Every helper by every
 * program type, attach type and set of capabilities. Then the contracts of arguments: for every helper a search over kinds
 * of arguments, guided by which argument the kernel complains about; every step's verdict must agree.
 */
#include "kit.h"

static struct prog prog;

static struct kit_known known[] = {
	{ "helper 36", "probe_write_user is refused where the kernel is locked down" },
	{ "helper 58", "override_return needs a kernel built with kprobes" },
	{ NULL, NULL },
};

#define HELPERS_TRIED (UAPI_HELPERS + 4)

static u32 type_flags(u32 type)
{
	return type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
}

/* ---- who may call what ---- */

static void build_call(struct prog *p, u32 type, u32 attach, u32 helper, bool with_args, const char *license)
{
	prog_start(p, type);
	p->attach = attach;
	p->flags = type_flags(type);
	p->license = license;
	for (u32 r = 1; with_args && r < 6; r++)
		MOV_K(r, 0);
	CALL_HELPER((s32)helper);
	MOV_K(0, 1);
	EXIT();
}

static void may_call(u32 type, u32 attach, u32 helper, bool with_args, const char *license)
{
	char name[128], kind[96];
	int fds[BACKENDS];

	build_call(&prog, type, attach, helper, with_args, license);
	snprintf(name, sizeof(name), "call%s helper %u type %u attach %u%s%s", kit.as, helper, type, attach,
		 with_args ? " args 0" : "", strcmp(license, "GPL") ? " not GPL" : "");
	if (!kit_wanted(name))
		return;
	snprintf(kind, sizeof(kind), "call%s helper %u%s%s", kit.as, helper, with_args ? " args 0" : "",
		 strcmp(license, "GPL") ? " not GPL" : "");
	kit.doing = name;
	if (load_all(&prog, kind, name, fds))
		kit_agree();
	close_all(fds);
}

static void matrix(void)
{
	for (u32 type = 0; type < UAPI_PROG_TYPES; type++) {
		const u8 *attach = kit_attach[type];
		u32 n = kit_nattach[type];

		alarm(60);
		for (u32 a = 0; a < n; a++) {
			for (u32 h = 0; h < HELPERS_TRIED; h++) {
				may_call(type, attach[a], h, false, "GPL");
				may_call(type, attach[a], h, true, "GPL");
				if (!a)
					may_call(type, attach[a], h, true, "BSD");
			}
		}
	}
}

/* ---- contracts ---- */

enum arg {
	A_UNINIT, A_ZERO, A_EIGHT, A_SMALL, A_UNKNOWN, A_CTX, A_STACK, A_STACK_UNINIT, A_VALUE, A_VALUE_NULL, A_RODATA,
	A_PACKET, A_FUNC, A_MAP, /* A_MAP + n: map n */
};

/* Maps to pass; of the second programs only read. */
static const u32 map_types[] = {
	BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PROG_ARRAY,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_STACK_TRACE, BPF_MAP_TYPE_CGROUP_ARRAY, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_DEVMAP,
	BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_XSKMAP, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_QUEUE,
	BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_USER_RINGBUF, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
};
#define RDONLY 1u
#define MAPS ARRAY_SIZE(map_types)
#define KINDS (A_MAP + (u32)MAPS)

static int map_fds[BACKENDS][MAPS];
static bool map_missing[MAPS]; /* one side does not have the type */

static void make_maps(void)
{
	u32 zero = 0;

	for (u32 b = 0; b < kit.nbe; b++) {
		for (size_t m = 0; m < MAPS; m++) {
			long fd = m == RDONLY ? map_new(&kit.be[b], BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_RDONLY_PROG) :
						map_small(&kit.be[b], map_types[m]);

			map_fds[b][m] = (int)fd;
			map_missing[m] |= fd < 0;
			if (fd == -EOPNOTSUPP)
				kit.tally->skipped++;
			else if (fd < 0)
				kit_differ("map type %u cannot be made on %s: %s", map_types[m], kit.be[b].name, err_name(fd));
		}
		/* A constant string for the helpers that want one. */
		map_op(&kit.be[b], BPF_MAP_UPDATE_ELEM, map_fds[b][RDONLY], &zero, (char[64]){ "n %d" }, 0);
		map_op(&kit.be[b], BPF_MAP_FREEZE, map_fds[b][RDONLY], NULL, NULL, 0);
	}
}

/* Where a type's context keeps data and data_end; false when it has none. */
static bool packet_fields(u32 type, int *data, int *end)
{
	bool xdp = type == BPF_PROG_TYPE_XDP;

	*data = xdp ? 0 : 76;
	*end = xdp ? 4 : 80;
	return xdp || type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_CGROUP_SKB;
}

static void put_arg(struct prog *p, u32 r, u32 kind, u32 *func_at)
{
	switch (kind) {
	case A_UNINIT: break;
	case A_ZERO: MOV_K(r, 0); break;
	case A_EIGHT: MOV_K(r, 8); break;
	case A_SMALL: MOV_X(r, 9); break;
	case A_UNKNOWN: LD8(r, 10, -80); break;
	case A_CTX: MOV_X(r, 6); break;
	case A_STACK:
		MOV_X(r, 10);
		ADD_K(r, -64);
		break;
	case A_STACK_UNINIT:
		MOV_X(r, 10);
		ADD_K(r, -256);
		break;
	case A_VALUE: imm64(p, r, 6, 0); break;
	case A_VALUE_NULL: MOV_X(r, 8); break;
	case A_RODATA: imm64(p, r, 6, 1); break;
	case A_PACKET: MOV_X(r, 7); break;
	case A_FUNC:
		*func_at = p->n;
		imm64(p, r, 4, 0);
		break;
	default: imm64(p, r, 5, kind - A_MAP);
	}
}

/* r6 the context, r7 the packet or 0, r8 a map value or NULL, r9 a number from 0 to 7. */
static void build_contract(struct prog *p, u32 type, u32 helper, const u32 arg[6])
{
	u32 func_at = 0;
	int data, end;
	bool need[KINDS] = { false };

	for (u32 k = 1; k < 6; k++)
		need[arg[k]] = true;
	prog_start(p, type);
	if (need[A_FUNC])
		func_start(p);
	p->flags = type_flags(type);
	for (u32 b = 0; b < kit.nbe; b++)
		p->fd_array[b] = map_fds[b];
	MOV_X(6, 1);
	MOV_K(7, 0);
	for (int s = -8; s >= -64; s -= 8)
		ST8(10, s, 1);
	if (need[A_PACKET] && packet_fields(type, &data, &end)) {
		emit(p, 0x61, 7, 1, data, 0);
		emit(p, 0x61, 2, 1, end, 0);
		MOV_X(3, 7);
		ADD_K(3, 64);
		emit(p, 0xbd, 3, 2, 2, 0);
		MOV_K(0, 1);
		EXIT();
	}
	if (need[A_UNKNOWN] || need[A_SMALL] || need[A_VALUE_NULL]) {
		imm64(p, 1, 5, 0);
		MOV_X(2, 10);
		ADD_K(2, -64);
		CALL_HELPER(BPF_FUNC_map_lookup_elem);
		MOV_X(8, 0);
		imm64(p, 1, 6, 0);
		LD8(9, 1, 0);
		STX8(10, -80, 9);
		emit(p, 0x57, 9, 0, 0, 7);
	}
	for (u32 k = 2; k < 6; k++)
		put_arg(p, k, arg[k], &func_at);
	put_arg(p, 1, arg[1], &func_at);
	CALL_HELPER((s32)helper);
	MOV_K(0, 1);
	EXIT();
	if (func_at) {
		p->insn[func_at].imm = (s32)(p->n - func_at - 1);
		func_start(p);
		MOV_K(0, 0);
		EXIT();
	}
}

/* Tries every kind as argument k, and goes on to the next argument with those the kernel has no objection to. */
static void search_args(u32 type, u32 helper, u32 arg[6], u32 k)
{
	u32 went = 0;

	for (u32 kind = A_ZERO; kind < KINDS; kind++) {
		char name[128], what[64], why[256];
		int fds[BACKENDS];
		u32 blamed = 0;
		long verdict;

		if (kind >= A_MAP && map_missing[kind - A_MAP])
			continue;
		/* What comes before A_ZERO is not put: registers r1 to r5 hold nothing by then. */
		arg[k] = kind;
		build_contract(&prog, type, helper, arg);
		snprintf(name, sizeof(name), "contract helper %u type %u args %u %u %u %u %u", helper, type, arg[1], arg[2],
			 arg[3], arg[4], arg[5]);
		kit_case(name);
		if (kit_wanted(name)) {
			snprintf(what, sizeof(what), "contract helper %u arg %u", helper, k);
			if (load_all(&prog, what, name, fds))
				kit_agree();
			close_all(fds);
		}
		if (k == 5 || went == (k < 3 ? 2 : 1))
			continue;
		verdict = reason_of(&kit.be[KERNEL], &prog, why, sizeof(why));
		if (verdict < 0 && sscanf(why, "R%u", &blamed) == 1 && blamed == k + 1) {
			search_args(type, helper, arg, k + 1);
			went++;
		}
		for (u32 j = k + 1; j < 6; j++)
			arg[j] = A_UNINIT;
	}
	arg[k] = A_UNINIT;
}

static void contracts(void)
{
	static const u32 types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_SYSCALL,
				     BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_SOCK_OPS,
				     BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_TRACEPOINT };

	make_maps();
	for (size_t t = 0; t < ARRAY_SIZE(types) && t < kit.n; t++) {
		for (u32 h = 1; h < UAPI_HELPERS; h++) {
			u32 arg[6] = { 0 };
			long fd;

			/* Only where the helper exists: the matrix has compared the rest. */
			build_call(&prog, types[t], 0, h, false, "GPL");
			fd = prog_load(&kit.be[KERNEL], &prog, NULL, 0);
			if (fd >= 0)
				close((int)fd);
			if (fd == -EINVAL)
				continue;
			search_args(types[t], h, arg, 1);
		}
	}
}

int main(int argc, char **argv)
{
	const u64 bpf = CAP_BIT(CAP_BPF), net = CAP_BIT(CAP_NET_ADMIN), perf = CAP_BIT(CAP_PERFMON);

	kit_start("helper", argc, argv, 4, 1u << JIT);
	kit_known_list = known;
	find_attach_types();
	matrix();
	kit_as(" with BPF", bpf, matrix);
	kit_as(" with BPF+NET_ADMIN", bpf | net, matrix);
	kit_as(" with BPF+PERFMON", bpf | perf, matrix);
	kit_as(" with BPF+NET_ADMIN+PERFMON", bpf | net | perf, matrix);
	kit_as(" with SYS_ADMIN", CAP_BIT(CAP_SYS_ADMIN), matrix);
	kit_as(" without capabilities", 0, matrix);
	contracts();
	return kit_end();
}
