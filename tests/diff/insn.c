/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every row of insn.def, run with operands at the edges, on the kernel and on each engine: all registers and the memory
 * touched must agree. Then every opcode byte with every kind of field value: the verdicts must agree.
 *
 * One program serves all operand values: it is of type syscall, takes its operands from the context and writes what
 * it made there. Layout of the context: operands a, b, c; then the ten registers; then 8 bytes of memory.
 */
#include "kit.h"

#define CTX_A   0
#define CTX_B   8
#define CTX_C   16
#define CTX_REG 24
#define CTX_MEM 104
#define CTX_SIZE 112

#define SAVED_CTX (-8)        /* stack: the context pointer */
#define SAVED_REG(i) (-16 - 8 * (int)(i))
#define SLOT (-112)           /* stack: the memory operand */

struct operands {
	u64 a, b, c;
};

static struct prog prog;

/* A register's value that no operation leaves by chance. */
static u64 pattern(u32 reg)
{
	return 0x1111111111111111ull * reg + 0xa5;
}

static void load_operand(struct prog *p, u32 reg, int off)
{
	LD8(reg, 10, SAVED_CTX);
	LD8(reg, reg, off);
}

/* Registers get their patterns, dst the operand a, src b, memory c; `known` makes a and b constants to the verifier. */
static void prologue(struct prog *p, u32 dst, u32 src, const struct operands *known)
{
	STX8(10, SAVED_CTX, 1);
	load_operand(p, 0, CTX_C);
	STX8(10, SLOT, 0);
	for (u32 r = 0; r < 10; r++) {
		if (r == src && known)
			imm64(p, r, 0, known->b);
		else if (r == src)
			load_operand(p, r, CTX_B);
		else if (r == dst && known)
			imm64(p, r, 0, known->a);
		else if (r == dst)
			load_operand(p, r, CTX_A);
		else
			imm64(p, r, 0, pattern(r));
	}
}

/* Everything goes out to the context. */
static void epilogue(struct prog *p)
{
	for (u32 r = 0; r < 10; r++)
		STX8(10, SAVED_REG(r), r);
	LD8(1, 10, SAVED_CTX);
	for (u32 r = 0; r < 10; r++) {
		LD8(2, 10, SAVED_REG(r));
		STX8(1, CTX_REG + 8 * (int)r, 2);
	}
	LD8(2, 10, SLOT);
	STX8(1, CTX_MEM, 2);
	MOV_K(0, 0);
	EXIT();
}

static void emit_row(struct prog *p, u32 op, u32 dst, u32 src, s32 off, s32 imm)
{
	const struct op_info *o = &op_info[op];

	emit(p, o->code, dst, o->src.kind == FK_IS ? (u32)o->src.want : o->src.kind == FK_ZERO ? 0 : src,
	     o->off.kind == FK_IS ? o->off.want : o->off.kind == FK_ZERO ? 0 : off,
	     o->imm.kind == FK_IS ? o->imm.want : o->imm.kind == FK_ZERO ? 0 : imm);
}

/* Put the row with its surroundings. `off` moves the base pointer of memory operations, so that displacements vary. */
static void build(struct prog *p, u32 op, u32 dst, u32 src, s32 imm, s32 off, const struct operands *known)
{
	const struct op_info *o = &op_info[op];
	bool load = o->cls == IC_LDX || o->cls == IC_LOAD_ACQ;
	u32 base = load ? src : dst;

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	prologue(p, dst, src, known);
	switch (o->cls) {
	case IC_LDX:
	case IC_LOAD_ACQ:
	case IC_ST:
	case IC_STX:
	case IC_STORE_REL:
	case IC_ATOMIC:
		if (base != 10) {
			MOV_X(base, 10);
			ADD_K(base, SLOT - off);
		}
		emit_row(p, op, dst, src, base == 10 ? SLOT : off, imm);
		/* No pointers in the results. */
		if (base != 10 && !(load && dst == src))
			MOV_K(base, 0);
		break;
	case IC_JCC:
		ST8(10, SLOT, 0);
		emit_row(p, op, dst, src, 1, imm);
		emit(p, 0x05, 0, 0, 1, 0);
		ST8(10, SLOT, 1);
		break;
	case IC_JA:
		ST8(10, SLOT, 7);
		emit_row(p, op, 0, 0, 1, 1);
		ST8(10, SLOT, 1);
		break;
	default:
		emit_row(p, op, dst, src, 0, imm);
	}
	epilogue(p);
}

static void show_run(const char *what, const struct operands *in, const u64 *k, const u64 *s, const struct backend *be)
{
	static const char *const names[] = { "a", "b", "c", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9",
					     "mem" };

	printf("  %s: a %#llx, b %#llx, c %#llx\n", what, (unsigned long long)in->a, (unsigned long long)in->b,
	       (unsigned long long)in->c);
	for (u32 i = 0; i < CTX_SIZE / 8; i++)
		if (k[i] != s[i])
			printf("  %s: kernel %#llx, %s %#llx\n", names[i], (unsigned long long)k[i], be->name,
			       (unsigned long long)s[i]);
	list_prog(&prog);
}

/* Run the loaded program with these operands everywhere. */
static void run_operands(const char *what, int fds[BACKENDS], const struct operands *in)
{
	u64 out[BACKENDS][CTX_SIZE / 8];
	long err[BACKENDS] = { 0 };

	for (u32 i = 0; i < kit.nbe; i++) {
		struct run r = { .ctx_in = out[i], .ctx_size_in = CTX_SIZE, .ctx_out = out[i], .ctx_size_out = CTX_SIZE };

		memset(out[i], 0, CTX_SIZE);
		memcpy(out[i], in, sizeof(*in));
		/* A syscall program's context is read and written in place: ctx_in alone, as libbpf users do. */
		r.ctx_out = NULL;
		r.ctx_size_out = 0;
		err[i] = test_run(&kit.be[i], fds[i], &r);
		if (!err[i])
			err[i] = (long)r.retval;
	}
	for (u32 i = 1; i < kit.nbe; i++) {
		if (err[i] == err[0] && !memcmp(out[i], out[0], CTX_SIZE)) {
			kit_agree();
		} else if (kit_differ("%s: %s runs otherwise", what, kit.be[i].name)) {
			printf("  test run: kernel %ld, %s %ld\n", err[0], kit.be[i].name, err[i]);
			show_run(what, in, out[0], out[i], &kit.be[i]);
		}
	}
}

static void one_program(const char *what, const struct operands *ops, u32 nops)
{
	int fds[BACKENDS];

	kit_case(what);
	if (!load_all(&prog, what, what, fds))
		return;
	kit_agree();
	for (u32 i = 0; i < nops && fds[0] >= 0; i++)
		run_operands(what, fds, &ops[i]);
	close_all(fds);
}

/* Shift counts around the width, and the edges for the rest. */
static s32 edge_imm(const struct op_info *o)
{
	if ((o->cls == IC_ALU) && (o->sub == ALU_LSH || o->sub == ALU_RSH || o->sub == ALU_ARSH))
		return (s32)(below(o->width + 2));
	return s32_of(PICK(edges));
}

static u64 edge_value(void)
{
	return chance(75) ? PICK(edges) : rnd();
}

static bool runnable(u32 op)
{
	switch ((enum ins_class)op_info[op].cls) {
	case IC_ALU: case IC_MOV: case IC_END: case IC_LDX: case IC_ST: case IC_STX: case IC_ATOMIC: case IC_LOAD_ACQ:
	case IC_STORE_REL: case IC_JA: case IC_JCC:
		return true;
	default:
		return false;
	}
}

/* One row: all pairs of edges in one register pair, then other registers, immediates and displacements. */
static void row(u32 op)
{
	const struct op_info *o = &op_info[op];
	static struct operands all[ARRAY_SIZE(edges) * ARRAY_SIZE(edges)];
	u32 n = 0, more = (u32)kit.n;

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
			all[n++] = (struct operands){ edges[i], edges[j], edges[(i * 7 + j) % ARRAY_SIZE(edges)] };
	build(&prog, op, 6, 7, 1, 0, NULL);
	one_program(o->name, all, n);
	for (u32 k = 0; k < more; k++) {
		bool atomic = o->cls == IC_ATOMIC;
		u32 dst = below(10), src = below(10), few = 0;
		struct operands ops[8], *known = NULL;
		s32 off = (s32)below(64) * 8 - 256;

		if (o->cls == IC_LDX && chance(20))
			src = 10;
		if ((o->cls == IC_ST || o->cls == IC_STX || atomic || o->cls == IC_STORE_REL) && chance(20))
			dst = 10;
		/* The base of a store is an address: as the value it would differ from run to run. */
		if (dst == src && (o->cls == IC_STX || atomic || o->cls == IC_STORE_REL))
			src = (src + 1) % 10;
		for (; few < ARRAY_SIZE(ops); few++)
			ops[few] = (struct operands){ edge_value(), edge_value(), edge_value() };
		if (chance(25))
			known = ops;
		build(&prog, op, dst, src, edge_imm(o), off, known);
		one_program(o->name, ops, few);
	}
}

/* ---- rows that need surroundings of their own ---- */

static void packet_loads(u32 op)
{
	static const s32 at[] = { 0, 1, 2, 11, 12, 13, 14, 15, 23, 60, 61, 62, 63, 64, 65, 100, -1, -2, 0x7fffffff,
				  -0x100000, -0x100000 + 1, -0x100000 + 49, -0x100000 + 50, -0x200000, -0x200000 + 13,
				  -0x200000 + 63, -0x1000, -0x1000 + 4, -0x1000 + 20, -0x7fffffff - 1 };
	const struct op_info *o = &op_info[op];
	struct prog *p = &prog;
	u8 packet[64];

	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 37 + 0x81);
	packet[12] = 8;
	packet[13] = 0;
	packet[14] = 0x45;
	for (size_t i = 0; i < ARRAY_SIZE(at) * ARRAY_SIZE(at); i++) {
		s32 imm = at[i % ARRAY_SIZE(at)];
		int fds[BACKENDS];

		if (o->cls == IC_LDABS && i >= ARRAY_SIZE(at))
			break;
		prog_start(p, BPF_PROG_TYPE_SOCKET_FILTER);
		MOV_X(6, 1);
		MOV_K(7, at[i / ARRAY_SIZE(at)]);
		emit(p, o->code, 0, o->cls == IC_LDIND ? 7 : 0, 0, imm);
		EXIT();
		kit_case(o->name);
		if (!load_all(p, o->name, o->name, fds))
			continue;
		kit_agree();
		if (fds[0] < 0)
			continue;
		for (u32 b = 1; b < kit.nbe; b++) {
			struct run k = { .data_in = packet, .data_size_in = sizeof(packet) }, s = k;
			long ke = test_run(&kit.be[0], fds[0], &k), se = test_run(&kit.be[b], fds[b], &s);

			if (ke == se && k.retval == s.retval) {
				kit_agree();
			} else if (kit_differ("%s imm %d src %d: %s", o->name, imm, at[i / ARRAY_SIZE(at)], kit.be[b].name)) {
				printf("  kernel %s r0 %#x, %s %s r0 %#x\n", err_name(ke), k.retval, kit.be[b].name,
				       err_name(se), s.retval);
				list_prog(p);
			}
		}
		close_all(fds);
	}
}

static void subprogram_call(void)
{
	struct prog *p = &prog;
	static const struct operands ops[] = { { 1, 2, 3 }, { ~0ull, 5, 0x80000000 } };

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	prologue(p, 1, 2, NULL);
	emit(p, 0x85, 0, 1, 0, 0); /* patched below */
	u32 call = p->n - 1;

	for (u32 r = 1; r < 6; r++)
		MOV_K(r, 0);
	epilogue(p);
	p->insn[call].imm = (s32)(p->n - call - 1);
	/* The callee spoils what it may and what it must restore. */
	MOV_X(0, 1);
	emit(p, 0xaf, 0, 2, 0, 0);
	for (u32 r = 6; r < 10; r++)
		imm64(p, r, 0, 0xdeadbeef00000000 + r);
	STX8(10, -8, 6);
	STX8(10, -512 + 256, 7);
	EXIT();
	one_program("CALL_SUB", ops, ARRAY_SIZE(ops));
}

static void may_goto(void)
{
	struct prog *p = &prog;
	struct operands ops[16];

	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct operands){ edges[i], 0, 0 };
	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	prologue(p, 6, 7, NULL);
	emit(p, 0x57, 6, 0, 0, 0xff);
	MOV_K(7, 0);
	emit(p, 0x3d, 7, 6, 3, 0);      /* loop: if r7 >= r6 goto end */
	emit(p, 0xe5, 0, 0, 2, 0);      /* may_goto end */
	ADD_K(7, 1);
	emit(p, 0x05, 0, 0, -4, 0);     /* goto loop */
	epilogue(p);
	one_program("MAY_GOTO", ops, ARRAY_SIZE(ops));
}

static void helper_call(void)
{
	struct prog *p = &prog;
	static const struct operands ops[] = { { 1, 2, 3 } };

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	prologue(p, 1, 2, NULL);
	MOV_X(1, 10);
	ADD_K(1, SLOT);
	MOV_K(2, 8);
	MOV_X(3, 10);
	ADD_K(3, SLOT);
	MOV_K(3, 0);
	MOV_K(4, 0);
	MOV_K(5, 0);
	CALL_HELPER(113); /* probe_read_kernel of address 0: fails, and clears the destination */
	for (u32 r = 1; r < 6; r++)
		MOV_K(r, 0);
	epilogue(p);
	one_program("CALL", ops, ARRAY_SIZE(ops));
}

/* The meanings of ld_imm64: maps by descriptor and index, their values, functions. */
static void imm64_of_maps(u32 pseudo, const char *what, bool by_index, bool value)
{
	static const s32 at[] = { 0, 4, 8, 12, 15, 16, 24, -1, 0x7fffffff };

	for (size_t k = 0; k < (value ? ARRAY_SIZE(at) : 1); k++) {
		long fd[BACKENDS], loaded[BACKENDS];
		struct prog *p = &prog;

		kit_case(what);
		for (u32 i = 0; i < kit.nbe; i++) {
			u8 content[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
			u32 zero = 0;
			int fds[1];

			fd[i] = map_new(&kit.be[i], BPF_MAP_TYPE_ARRAY, 4, sizeof(content), 1, 0);
			map_op(&kit.be[i], BPF_MAP_UPDATE_ELEM, (int)fd[i], &zero, content, 0);
			fds[0] = (int)fd[i];
			prog_start(p, BPF_PROG_TYPE_SYSCALL);
			p->flags = BPF_F_SLEEPABLE;
			p->fd_array[i] = fds;
			MOV_X(6, 1);
			imm64(p, 1, pseudo, (by_index ? 0 : (u64)(u32)fd[i]) | (value ? (u64)(u32)at[k] << 32 : 0));
			if (!value) {
				ST8(10, -8, 0);
				MOV_X(2, 10);
				ADD_K(2, -8);
				CALL_HELPER(BPF_FUNC_map_lookup_elem);
				emit(p, 0x15, 0, 0, 2, 0);
				MOV_X(1, 0);
				emit(p, 0x05, 0, 0, 2, 0);
				MOV_K(0, 99);
				EXIT();
			}
			emit(p, 0x61, 0, 1, 0, 0);
			EXIT();
			loaded[i] = prog_load(&kit.be[i], p, NULL, 0);
		}
		for (u32 i = 1; i < kit.nbe; i++) {
			struct run a = { .ctx_in = NULL }, b = a;
			bool ok = (loaded[0] < 0) == (loaded[i] < 0) && (loaded[0] >= 0 || loaded[0] == loaded[i]);

			if (ok && loaded[0] >= 0)
				ok = test_run(&kit.be[0], (int)loaded[0], &a) == test_run(&kit.be[i], (int)loaded[i], &b) &&
				     a.retval == b.retval;
			if (ok)
				kit_agree();
			else if (kit_differ("%s at %d: kernel %s %#x, %s %s %#x", what, at[k], err_name(loaded[0]), a.retval,
					    kit.be[i].name, err_name(loaded[i]), b.retval))
				list_prog(p);
		}
		for (u32 i = 0; i < kit.nbe; i++) {
			close((int)fd[i]);
			if (loaded[i] >= 0)
				close((int)loaded[i]);
		}
	}
}

static void function_pointer(void)
{
	struct prog *p = &prog;
	static const struct operands ops[] = { { 0, 0, 0 }, { 5, 7, 1 }, { 33, 1, 100 } };

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	func_start(p);
	prologue(p, 6, 7, NULL);
	emit(p, 0x57, 6, 0, 0, 63);
	MOV_X(1, 6);
	imm64(p, 2, 4, 0); /* patched below */
	u32 at = p->n - 2;

	MOV_X(3, 10);
	ADD_K(3, SLOT);
	MOV_K(4, 0);
	CALL_HELPER(181); /* loop */
	for (u32 r = 1; r < 6; r++)
		MOV_K(r, 0);
	epilogue(p);
	p->insn[at].imm = (s32)(p->n - at - 1);
	func_start(p);
	LD8(3, 2, 0);
	emit(p, 0x0f, 3, 1, 0, 0);
	STX8(2, 0, 3);
	MOV_K(0, 0);
	emit(p, 0xa5, 1, 0, 1, 40); /* stop after 40 rounds */
	MOV_K(0, 1);
	EXIT();
	one_program("LDIMM64_FUNC", ops, ARRAY_SIZE(ops));
}

static void constants(void)
{
	static const struct operands none = { 0, 0, 0 };
	struct prog *p = &prog;

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		prog_start(p, BPF_PROG_TYPE_SYSCALL);
		p->flags = BPF_F_SLEEPABLE;
		prologue(p, 6, 7, NULL);
		imm64(p, (u32)(i % 10), 0, edges[i]);
		epilogue(p);
		one_program("LDIMM64", &none, 1);
	}
}

static void special(u32 op)
{
	const char *name = op_info[op].name;

	switch (op) {
	case OP_LDABS_B: case OP_LDABS_H: case OP_LDABS_W: case OP_LDIND_B: case OP_LDIND_H: case OP_LDIND_W:
		packet_loads(op);
		break;
	case OP_LDIMM64: case OP_LDIMM64_HI: constants(); break;
	case OP_LDIMM64_MAP_FD: imm64_of_maps(1, name, false, false); break;
	case OP_LDIMM64_MAP_VALUE: imm64_of_maps(2, name, false, true); break;
	case OP_LDIMM64_MAP_IDX: imm64_of_maps(5, name, true, false); break;
	case OP_LDIMM64_MAP_IDX_VALUE: imm64_of_maps(6, name, true, true); break;
	case OP_LDIMM64_FUNC: function_pointer(); break;
	case OP_MAY_GOTO: may_goto(); break;
	case OP_CALL: helper_call(); break;
	case OP_CALL_SUB: subprogram_call(); break;
	case OP_EXIT: break; /* every program ends with it */
	default:
		/* Arena casts, kernel functions and BTF variables need objects that are compared elsewhere. */
		kit.tally->skipped++;
	}
}

/* ---- every byte with every kind of field ---- */

static bool unsafe_here(u32 code)
{
	/* With pointers in registers a 32-bit comparison is judged wrongly by some kernels: not run, but not judged either. */
	return (code & 7) == 6 && (code & 0xf0) != 0;
}

static void field_values(void)
{
	static const u8 regs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15 };
	static const s16 offs[] = { 0, 1, -1, 2, 8, 16, 32, -8, -16, 64, 0x7fff, -0x8000 };
	static const s32 imms[] = { 0, 1, -1, 2, 8, 16, 32, 33, 63, 64, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe0, 0xe1,
				    0xf0, 0xf1, 0x100, 0x110, 0x101, 0x10000, 0x10001, 0x7fffffff, -0x7fffffff - 1 };
	struct prog *p = &prog;

	for (u64 k = 0; k < kit.n * 1000; k++) {
		u32 code = (u32)(k & 0xff), dst = PICK(regs), src = chance(50) ? 0 : PICK(regs);
		s32 off = chance(60) ? 0 : PICK(offs), imm = chance(40) ? 0 : PICK(imms);
		char what[64], kind[32];
		int fds[BACKENDS];

		prog_start(p, chance(50) ? BPF_PROG_TYPE_SOCKET_FILTER : BPF_PROG_TYPE_XDP);
		if (!unsafe_here(code)) {
			/* r6 the context, r7 the stack, the others numbers */
			MOV_X(6, 1);
			MOV_X(7, 10);
			ADD_K(7, -64);
		}
		for (int s = -8; s >= -64; s -= 8)
			ST8(10, s, 5);
		for (u32 r = 0; r < 10; r++)
			if (unsafe_here(code) || (r != 6 && r != 7))
				MOV_K(r, (s32)r);
		emit(p, code, dst, src, off, imm);
		if (code == 0x18)
			emit(p, chance(90) ? 0 : 1, 0, chance(90) ? 0 : 1, chance(90) ? 0 : 1, imm);
		MOV_K(0, 0);
		MOV_K(0, 0);
		MOV_K(0, 0);
		EXIT();
		snprintf(what, sizeof(what), "fields of code %#04x (src %u, off %d, imm %d)", code, src, off, imm);
		kit_case(what);
		snprintf(kind, sizeof(kind), "fields of code %#04x", code);
		if (load_all(p, kind, what, fds))
			kit_agree();
		close_all(fds);
	}
}

int main(int argc, char **argv)
{
	kit_start("insn", argc, argv, 24, 1u << JIT | 1u << INTERP);
	for (u32 op = 0; op < OP_COUNT; op++) {
		if (op_info[op].internal || !kit_wanted(op_info[op].name))
			continue;
		if (runnable(op))
			row(op);
		else
			special(op);
	}
	if (kit_wanted("fields"))
		field_values();
	return kit_end();
}
