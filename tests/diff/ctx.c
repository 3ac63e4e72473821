/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Context access: every program type and attach type, every offset from 8 below the context to 8 beyond the largest,
 * every size, loaded, stored and added to. The verdicts must be those of the kernel. The same again for a caller without
 * CAP_PERFMON, which some fields need.
 */
#include "kit.h"

static struct prog prog;

static struct kit_known known[] = {
	{ "ctx type 5 attach 0 ldx below 0: kernel ok", "Linux compares the offset as unsigned by mistake and lets a tracepoint read "
							"what lies before its record" },
	{ NULL, NULL },
};

/* What is done at an offset. */
enum access { LDX, LDSX, STX, ST, ADD, ACCESSES };
static const char *const access_name[] = { "ldx", "ldsx", "stx", "st", "add" };
static const u8 size_bits[] = { 0x10, 0x08, 0x00, 0x18 }; /* 1, 2, 4, 8 bytes */

static bool build(struct prog *p, u32 type, u32 attach, int off, u32 log_size, enum access what)
{
	u8 bits = size_bits[log_size];

	prog_start(p, type);
	p->attach = attach;
	p->flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0;
	switch (what) {
	case LDX:
		emit(p, 0x61 | bits, 2, 1, off, 0);
		break;
	case LDSX:
		if (log_size == 3)
			return false;
		emit(p, 0x81 | bits, 2, 1, off, 0);
		break;
	case STX:
		MOV_K(2, 0);
		emit(p, 0x63 | bits, 1, 2, off, 0);
		break;
	case ST:
		emit(p, 0x62 | bits, 1, 0, off, 0);
		break;
	default:
		if (log_size < 2)
			return false;
		MOV_K(2, 0);
		emit(p, 0xc3 | bits, 1, 2, off, 0);
	}
	MOV_K(0, 1);
	EXIT();
	return true;
}

static void one(u32 type, u32 attach, int off, u32 log_size, enum access what)
{
	char name[128], kind[96];
	int fds[BACKENDS];

	if (!build(&prog, type, attach, off, log_size, what))
		return;
	snprintf(name, sizeof(name), "ctx%s type %u attach %u off %d %s%u", kit.as, type, attach, off, access_name[what],
		 8u << log_size);
	if (!kit_wanted(name))
		return;
	if (off < 0 && (what == LDX || what == LDSX))
		snprintf(kind, sizeof(kind), "ctx%s type %u attach %u ldx below 0", kit.as, type, attach);
	else
		snprintf(kind, sizeof(kind), "ctx%s type %u attach %u %s%u", kit.as, type, attach, access_name[what],
			 8u << log_size);
	kit.doing = name;
	if (load_all(&prog, kind, name, fds))
		kit_agree();
	close_all(fds);
}

/* Far offsets matter where the size of the context is not the type's to say. */
static const int far[] = { 2040, 2044, 2048, 4088, 4096, 8184, 8188, 8192, 16384, 32760, 32764, 32767 };

static void all_types(void)
{
	for (u32 type = 0; type < UAPI_PROG_TYPES; type++) {
		const u8 *attach = kit_attach[type];
		u32 n = kit_nattach[type];

		for (u32 a = 0; a < n; a++) {
			alarm(60);
			for (u32 size = 0; size < 4; size++) {
				for (u32 what = 0; what < ACCESSES; what++) {
					for (int off = -8; off < 264; off++)
						one(type, attach[a], off, size, what);
					for (size_t f = 0; f < ARRAY_SIZE(far); f++)
						one(type, attach[a], far[f], size, what);
				}
			}
		}
	}
}

int main(int argc, char **argv)
{
	kit_start("ctx", argc, argv, 1, 1u << JIT);
	kit_known_list = known;
	find_attach_types();
	all_types();
	kit_as(" without PERFMON", CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), all_types);
	return kit_end();
}
