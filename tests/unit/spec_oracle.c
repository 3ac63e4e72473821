/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the running kernel what the tables say: who may call which helper, who may touch which byte of a
 * context. Needs bpf(2), root, and Linux 6.18, whose facts the tables are.
 */
#include <linux/capability.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "btf/btf.h"
#include "spec/spec.h"
#include "unit/kernel.h"
#include "unit/test.h"

static char log_buf[65536];
static u32 caps = CAPB_BPF | CAPB_PERFMON | CAPB_NET_ADMIN | CAPB_SYS_ADMIN;

static int load(u32 type, u32 attach, const struct bpf_insn *insns, u32 n)
{
	return kernel_verdict(type, attach, insns, n, log_buf, sizeof(log_buf));
}

static const char *cannot_ask(void)
{
	const struct bpf_insn prog[] = { { .code = 0xb7 }, { .code = 0x95 } };
	struct utsname u;

	if (uname(&u) || strncmp(u.release, "6.18.", 5))
		return "the kernel is not Linux 6.18";
	return load(BPF_PROG_TYPE_SOCKET_FILTER, 0, prog, 2) ? "bpf(2) is not permitted" : NULL;
}

/* A kind of program the kernel loads here: its result when there is nothing to say is `ret`. */
struct kind {
	u32 type, asked, attach;
	s32 ret;
};

static bool loads(u32 type, u32 attach, struct kind *k)
{
	struct bpf_insn prog[] = { { .code = 0xb7 }, { .code = 0x95 } };
	s32 min, max;

	if (attach && !(attach_spec[attach].progs & PT_BIT(type)))
		return false;
	*k = (struct kind){ .type = type, .asked = attach };
	if (progtype_attach_check(type, attach, &k->attach))
		return false;
	k->ret = progtype_ret_range(type, k->attach, &min, &max) ? min : 0;
	prog[0].imm = k->ret;
	return !load(type, attach, prog, 2);
}

static u32 each_kind(u32 (*differs)(const struct kind *k))
{
	u32 bad = 0;
	struct kind k;

	for (u32 type = 1; type < UAPI_PROG_TYPES; type++)
		for (u32 attach = 0; attach < UAPI_ATTACH_TYPES; attach++)
			if (loads(type, attach, &k))
				bad += differs(&k);
	return bad;
}

/* Two helpers hang on how a kernel is built and locked down. */
static bool depends_on_build(u32 id)
{
	return id == BPF_FUNC_probe_write_user || id == BPF_FUNC_override_return;
}

static u32 helpers_differ(const struct kind *k)
{
	struct bpf_insn prog[] = { { .code = 0x85 }, { .code = 0xb7, .imm = k->ret }, { .code = 0x95 } };
	u32 bad = 0;

	for (u32 id = 1; id < UAPI_HELPERS; id++) {
		bool may, says;

		if (depends_on_build(id))
			continue;
		prog[0].imm = (s32)id;
		load(k->type, k->asked, prog, 3);
		may = !strstr(log_buf, "program of this type cannot use") && !strstr(log_buf, "unknown func");
		says = !helper_allowed(helper_by_id(id), k->type, k->attach, caps, false);
		if (may != says) {
			printf("#   %s in %s, attach type %u: kernel %d, table %d\n", helper_by_id(id)->name,
			       progtype_spec[k->type].name, k->asked, may, says);
			bad++;
		}
	}
	return bad;
}

enum { READ, WRITE, READ_SX, WAYS };

static bool kernel_lets(const struct kind *k, u32 off, u32 size, int way)
{
	static const u8 width[9] = { [1] = 0x10, [2] = 0x08, [4] = 0x00, [8] = 0x18 };
	struct bpf_insn prog[4] = { { .code = 0xb7, .dst_reg = 2 } };
	u8 code = (u8)((way == WRITE ? 0x63 : way == READ ? 0x61 : 0x81) | width[size]);

	prog[1] = way == WRITE
			  ? (struct bpf_insn){ .code = code, .dst_reg = 1, .src_reg = 2, .off = (s16)off }
			  : (struct bpf_insn){ .code = code, .dst_reg = 2, .src_reg = 1, .off = (s16)off };
	prog[2] = (struct bpf_insn){ .code = 0xb7, .imm = k->ret };
	prog[3] = (struct bpf_insn){ .code = 0x95 };
	return !load(k->type, k->asked, prog, 4);
}

static u32 access_differs(const struct kind *k, u32 off)
{
	const struct ctx_spec *c = progtype_spec[k->type].ctx;
	u32 bad = 0;

	for (u32 size = 1; size <= 8; size *= 2)
		for (int way = READ; way < WAYS; way++) {
			const struct ctx_field *f = NULL;
			struct ctx_access a = { .off = off,
						.size = size,
						.write = way == WRITE,
						.sign_extend = way == READ_SX,
						.prog_type = k->type,
						.attach_type = k->attach,
						.caps = caps };
			bool may, says;

			if (way == READ_SX && size == 8)
				continue;
			may = kernel_lets(k, off, size, way);
			says = !ctx_access_check(c, &a, &f);
			if (may != says) {
				printf("#   %s+%u size %u way %d in %s, attach type %u: kernel %d, table "
				       "%d\n",
				       c->uapi, off, size, way, progtype_spec[k->type].name, k->asked, may,
				       says);
				bad++;
			}
		}
	return bad;
}

static u32 contexts_differ(const struct kind *k)
{
	u32 size = progtype_spec[k->type].ctx->size, bad = 0;

	for (u32 off = 0; off < MIN(size + 24, 300u); off++)
		bad += access_differs(k, off);
	for (u32 off = MAX(size - 16, 300u); size > 300 && off < size + 16 && off < 32768; off++)
		bad += access_differs(k, off);
	return bad;
}

/* ---- kernel functions ---- */

static struct btf *kernel_types;

/* Of these the loader asks something else first, or the kernel may be built without them. */
static bool cannot_tell(const struct kfunc_spec *f)
{
	return strstr(f->name, "metadata_rx") || strstr(f->name, "pkcs7");
}

static u32 kfuncs_differ(const struct kind *k)
{
	struct bpf_insn prog[] = { { .code = 0x85, .src_reg = 2 },
				   { .code = 0xb7, .imm = k->ret },
				   { .code = 0x95 } };
	u32 bad = 0;

	if (k->type == PTYPE_KPROBE)
		return 0; /* session functions hang on the attach type */
	for (u32 i = 0; i < kfunc_count; i++) {
		s32 id = btf_find(kernel_types, kfunc_spec[i].name, BTF_KIND_FUNC);
		bool may, says = kfunc_spec[i].progs & PT_BIT(k->type);

		if (id < 0 || cannot_tell(&kfunc_spec[i]))
			continue;
		prog[0].imm = id;
		load(k->type, k->asked, prog, 3);
		may = !strstr(log_buf, "is not allowed");
		if (may != says) {
			printf("#   %s in %s: kernel %d, table %d\n", kfunc_spec[i].name,
			       progtype_spec[k->type].name, may, says);
			bad++;
		}
	}
	return bad;
}

static struct btf *read_kernel_types(void)
{
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "r");
	char *data = f ? malloc(64u << 20) : NULL;
	size_t n = data ? fread(data, 1, 64u << 20, f) : 0;
	struct btf *b = NULL;

	if (n && btf_parse(data, (u32)n, NULL, true, NULL, &b))
		b = NULL;
	free(data);
	if (f)
		fclose(f);
	return b;
}

TEST(kfuncs_as_root)
{
	const char *why = cannot_ask();
	u32 bad = 0;
	struct kind k;

	if (why)
		SKIP(why);
	kernel_types = read_kernel_types();
	if (!kernel_types)
		SKIP("no kernel BTF");
	for (u32 type = 1; type < UAPI_PROG_TYPES;
	     type++) /* one attach type each: the functions hang on the type */
		for (u32 attach = 0; attach < UAPI_ATTACH_TYPES; attach++)
			if (loads(type, attach, &k)) {
				bad += kfuncs_differ(&k);
				break;
			}
	CHECK_EQ(bad, 0);
	btf_free(kernel_types);
}

TEST(every_kfunc_of_the_kernel_has_a_row)
{
	struct btf *b = read_kernel_types();
	u32 missing = 0, seen = 0;

	if (!b)
		SKIP("no kernel BTF");
	for (u32 id = 1; id < btf_type_count(b); id++) {
		const struct btf_type *t = btf_type(b, id);

		if (btf_kind_of(t) != BTF_KIND_DECL_TAG || strcmp(btf_type_name(b, id), "bpf_kfunc"))
			continue;
		seen++;
		if (!kfunc_by_name(btf_type_name(b, t->type))) {
			printf("#   %s\n", btf_type_name(b, t->type));
			missing++;
		}
	}
	btf_free(b);
	if (!seen)
		SKIP("this kernel does not mark its functions");
	CHECK_EQ(missing, 0);
}

/* ---- map types ---- */

/* The smallest map of a type, plus flags; 0 flags: those it cannot do without. */
static int make_map(u32 type, u32 flags, int inner)
{
	static const struct {
		u32 key, value, n, flags;
	} odd[UAPI_MAP_TYPES] = {
		[MTYPE_STACK_TRACE] = { 4, 64, 4, 0 },
		[MTYPE_LRU_HASH] = { 4, 4, 64, 0 },
		[MTYPE_LRU_PERCPU_HASH] = { 4, 4, 64, 0 },
		[MTYPE_LPM_TRIE] = { 8, 4, 1, BPF_F_NO_PREALLOC },
		[MTYPE_CGROUP_STORAGE] = { 8, 4, 0, 0 },
		[MTYPE_PERCPU_CGROUP_STORAGE] = { 8, 4, 0, 0 },
		[MTYPE_QUEUE] = { 0, 4, 1, 0 },
		[MTYPE_STACK] = { 0, 4, 1, 0 },
		[MTYPE_BLOOM_FILTER] = { 0, 4, 1, 0 },
		[MTYPE_RINGBUF] = { 0, 0, 4096, 0 },
		[MTYPE_USER_RINGBUF] = { 0, 0, 4096, 0 },
		[MTYPE_ARENA] = { 0, 0, 1, BPF_F_MMAPABLE },
	};
	union bpf_attr a = { 0 };
	bool usual = !odd[type].value && !odd[type].n;

	a.map_type = type;
	a.key_size = usual ? 4 : odd[type].key;
	a.value_size = usual ? 4 : odd[type].value;
	a.max_entries = usual ? 1 : odd[type].n;
	a.map_flags = odd[type].flags ^ flags;
	a.inner_map_fd = map_spec[type].inner ? (u32)inner : 0;
	return kernel_bpf(BPF_MAP_CREATE, &a);
}

static bool made(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

TEST(map_flags)
{
	const char *why = cannot_ask();
	int inner = why ? -1 : kernel_array(4), fd;

	if (why)
		SKIP(why);
	for (u32 type = 1; type < UAPI_MAP_TYPES; type++) {
		fd = make_map(type, 0, inner);
		if (fd < 0)
			continue; /* needs BTF, or a privilege this machine withholds */
		for (u32 bit = 0; bit < 20; bit++) {
			bool may = made(make_map(type, 1u << bit, inner)),
			     says = map_spec[type].create_flags >> bit & 1;

			/* Flags that a type cannot do without, or takes only where another one is set. */
			if ((type == MTYPE_LPM_TRIE && bit == 0) || (type == MTYPE_ARENA && bit == 10))
				continue;
			if (may != says)
				printf("#   %s flag %u: kernel %d, table %d\n", map_spec[type].name, bit, may,
				       says);
			CHECK(may == says);
		}
		CHECK_EQ(made(make_map(MTYPE_ARRAY_OF_MAPS, 0, fd)), map_spec[type].inner_ok);
		close(fd);
	}
	close(inner);
}

/* ---- with fewer privileges ---- */

static u32 (*const cell_tests[])(const struct kind *k) = { helpers_differ, contexts_differ };
enum { HELPERS, CONTEXTS };

static u32 all_kinds_differ(u32 which)
{
	return each_kind(cell_tests[which]);
}

/* fn(arg) in a child that keeps only the privileges `keep`: its result, at most 200; 255 when that failed. */
static u32 with_caps(u32 keep, u32 (*fn)(u32 arg), u32 arg)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	u64 mask = (keep & CAPB_BPF ? 1ull << CAP_BPF : 0) | (keep & CAPB_PERFMON ? 1ull << CAP_PERFMON : 0) |
		   (keep & CAPB_NET_ADMIN ? 1ull << CAP_NET_ADMIN : 0);
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		data[0].effective = data[0].permitted = (u32)mask;
		data[1].effective = data[1].permitted = (u32)(mask >> 32);
		caps = keep;
		status = syscall(__NR_capset, &head, data) ? 255 : (int)MIN(fn(arg), 200u);
		fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 255;
	return (u32)WEXITSTATUS(status);
}

/* ---- program types ---- */

static u32 ranges_differ(const struct kind *k)
{
	struct bpf_insn prog[] = { { .code = 0xb7 }, { .code = 0x95 } };
	u32 bad = 0;
	s32 min, max;
	bool bound = progtype_ret_range(k->type, k->attach, &min, &max);

	for (s32 r0 = -2; r0 < 6; r0++) {
		bool may, says = !bound || (r0 >= min && r0 <= max);

		prog[0].imm = r0;
		may = !load(k->type, k->asked, prog, 2);
		if (may != says) {
			printf("#   %s, attach type %u, result %d: kernel %d, table %d\n",
			       progtype_spec[k->type].name, k->asked, r0, may, says);
			bad++;
		}
	}
	return bad;
}

static u32 privileges_differ(u32 type)
{
	u32 attach;
	struct kind k;

	for (attach = 0; attach < UAPI_ATTACH_TYPES && !loads(type, attach, &k); attach++)
		;
	return (attach < UAPI_ATTACH_TYPES) != caps_grant(caps, progtype_spec[type].caps);
}

TEST(return_ranges)
{
	const char *why = cannot_ask();

	if (why)
		SKIP(why);
	CHECK_EQ(each_kind(ranges_differ), 0);
}

/* Every set of privileges, for the types that load here with all of them. */
TEST(load_privileges)
{
	const char *why = cannot_ask();
	struct kind k;

	if (why)
		SKIP(why);
	for (u32 type = 1; type < UAPI_PROG_TYPES; type++) {
		u32 attach;

		for (attach = 0; attach < UAPI_ATTACH_TYPES && !loads(type, attach, &k); attach++)
			;
		for (u32 keep = 1; attach < UAPI_ATTACH_TYPES && keep < 8; keep += 2) {
			u32 bad = with_caps(keep, privileges_differ, type);

			if (bad)
				printf("#   %s with privileges %u\n", progtype_spec[type].name, keep);
			CHECK_EQ(bad, 0);
		}
	}
}

TEST(helpers_as_root)
{
	const char *why = cannot_ask();

	if (why)
		SKIP(why);
	CHECK_EQ(each_kind(helpers_differ), 0);
}

TEST(helpers_with_fewer_capabilities)
{
	const char *why = cannot_ask();

	if (why)
		SKIP(why);
	CHECK_EQ(with_caps(CAPB_BPF | CAPB_NET_ADMIN, all_kinds_differ, HELPERS), 0);
	CHECK_EQ(with_caps(CAPB_BPF | CAPB_PERFMON, all_kinds_differ, HELPERS), 0);
	CHECK_EQ(with_caps(CAPB_BPF, all_kinds_differ, HELPERS), 0);
}

TEST(contexts_as_root)
{
	const char *why = cannot_ask();

	if (why)
		SKIP(why);
	CHECK_EQ(each_kind(contexts_differ), 0);
}

TEST(contexts_with_fewer_capabilities)
{
	const char *why = cannot_ask();

	if (why)
		SKIP(why);
	CHECK_EQ(with_caps(CAPB_BPF | CAPB_NET_ADMIN, all_kinds_differ, CONTEXTS), 0);
	CHECK_EQ(with_caps(CAPB_BPF, all_kinds_differ, CONTEXTS), 0);
}
