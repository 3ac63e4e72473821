/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs' streams beside the running kernel's: bpf_stream_vprintk_impl() with formats and values of all kinds, right and wrong, and
 * BPF_PROG_STREAM_READ_BY_FD: results, errno and text must be equal; and bpf_snprintf() with the same formats, whose text every kernel
 * gives. Skipped where the kernel has no streams.
 */
#include "kit.h"

#define STREAM_MAX 100000
#define VALUE 256 /* of the map: the format */

static s32 kfunc;
static int map[BACKENDS], text_map[BACKENDS];
static struct prog the_prog;
static u64 values[12];

struct args { u32 stream, off, len; bool null; };

#define SNPRINTF 99 /* as stream */

/* r0 = bpf_stream_vprintk_impl(stream, the map's text, values on the stack, len) */
static void make(const struct backend *be, const struct args *x)
{
	struct prog *p = &the_prog;

	prog_start(p, BPF_PROG_TYPE_SYSCALL);
	p->flags = BPF_F_SLEEPABLE;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		imm64(p, 1, 0, values[i]);
		STX8(10, (s32)i * 8 - 96, 1);
	}
	if (x->stream == SNPRINTF) {
		emit(p, 0x18, 1, 2, 0, text_map[be->at]);
		emit(p, 0, 0, 0, 0, 0);
		MOV_K(2, (s32)x->off);
		emit(p, 0x18, 3, 2, 0, map[be->at]);
		emit(p, 0, 0, 0, 0, 0);
		MOV_X(4, 10);
		ADD_K(4, -96);
		MOV_K(5, (s32)x->len);
		CALL_HELPER(BPF_FUNC_snprintf);
		EXIT();
		return;
	}
	emit(p, 0xb4, 1, 0, 0, (s32)x->stream);
	emit(p, 0x18, 2, 2, 0, map[be->at]); /* the map's value itself */
	emit(p, 0, 0, 0, 0, (s32)x->off);
	if (x->null) {
		MOV_K(3, 0);
	} else {
		MOV_X(3, 10);
		ADD_K(3, -96);
	}
	MOV_K(4, (s32)x->len);
	MOV_K(5, 0);
	emit(p, 0x85, 0, 2, 0, kfunc);
	EXIT();
}

/* A constant to programs: the format. */
static bool set_text(const char *fmt)
{
	u8 value[VALUE] = { 0 };
	u32 key = 0;

	snprintf((char *)value, sizeof(value), "%s", fmt);
	for (u32 b = 0; b < kit.nbe; b++) {
		union bpf_attr a = { 0 };

		if (map[b] > 0)
			close(map[b]);
		map[b] = (int)map_new(&kit.be[b], BPF_MAP_TYPE_ARRAY, 4, VALUE, 1, BPF_F_RDONLY_PROG);
		a.map_fd = (u32)map[b];
		if (map[b] < 0 || map_op(&kit.be[b], BPF_MAP_UPDATE_ELEM, map[b], &key, value, 0) ||
		    be_bpf(&kit.be[b], BPF_MAP_FREEZE, &a))
			return false;
	}
	return true;
}

static long read_stream(const struct backend *be, u32 fd, u32 id, char *buf, u32 len)
{
	struct { u64 buf; u32 len, id, fd; u8 rest[124]; } a = { .buf = ptr(buf), .len = len, .id = id, .fd = fd };

	return be_bpf_size(be, 37, (union bpf_attr *)(void *)&a, 20);
}

struct outcome { long load, run, got[6]; u32 retval; char text[6][2048]; };

/* Runs it some times, then reads both streams, in pieces. */
static void go(const struct backend *be, const struct args *x, u32 times, struct outcome *o)
{
	static const struct { u32 id, len; } reads[6] = { { 1, 7 }, { 1, 2000 }, { 1, 2000 }, { 2, 2000 }, { 3, 2000 }, { 0, 0 } };
	const u32 zero = 0;
	int fd;

	memset(o, 0, sizeof(*o));
	make(be, x);
	o->load = prog_load(be, &the_prog, NULL, 0);
	fd = (int)o->load;
	o->load = MIN(o->load, 0l);
	if (fd < 0)
		return;
	for (u32 i = 0; i < times; i++) {
		struct run r = { 0 };

		o->run = test_run(be, fd, &r);
		o->retval = r.retval;
	}
	if (x->stream == SNPRINTF) {
		map_op(be, BPF_MAP_LOOKUP_ELEM, text_map[be->at], &zero, o->text[0], 0);
		map_op(be, BPF_MAP_UPDATE_ELEM, text_map[be->at], &zero, o->text[1], 0);
	}
	for (u32 i = 0; i < ARRAY_SIZE(reads) && x->stream != SNPRINTF; i++)
		o->got[i] = read_stream(be, (u32)fd, reads[i].id, o->text[i], reads[i].len);
	close(fd);
}

/* A kernel that cannot allocate in any context (-ENOMEM) has nothing to print into: it judges formats and counts, and that is all. */
static bool dry;

static bool same_but_text(const struct outcome *kernel, const struct outcome *o)
{
	bool ran = kernel->load == o->load && kernel->run == o->run;

	return ran && ((int)kernel->retval == -ENOMEM ? !o->retval : kernel->retval == o->retval) && kernel->got[4] == o->got[4] &&
	       kernel->got[5] == o->got[5];
}

static void find_dry(void)
{
	const struct args x = { .stream = 1, .len = 8 };
	static struct outcome o;

	if (!set_text("x"))
		return;
	go(&kit.be[0], &x, 1, &o);
	dry = (int)o.retval == -ENOMEM;
}

static void compare(const char *what, const struct args *x, u32 times)
{
	static struct outcome at[BACKENDS];

	kit_case(what);
	if (!kit_wanted(what))
		return;
	for (u32 b = 0; b < kit.nbe; b++)
		go(&kit.be[b], x, times, &at[b]);
	kit.tally->accepted += !at[0].load;
	if (kit.only) {
		char why[300];

		make(&kit.be[0], x);
		reason_of(&kit.be[0], &the_prog, why, sizeof(why));
		printf("%s: %s\n", what, why);
	}
	for (u32 b = 1; b < kit.nbe; b++) {
		if (!memcmp(&at[b], &at[0], sizeof(at[0]))) {
			kit_agree();
			continue;
		}
		if (dry && x->stream != SNPRINTF && same_but_text(&at[0], &at[b])) {
			kit.tally->skipped++;
			continue;
		}
		kit_differ("%s: %s", what, kit.be[b].name);
		for (u32 i = 0; i <= b; i += b) {
			printf("  %s: load %ld, run %ld, returned %d; read", kit.be[i].name, at[i].load, at[i].run, (int)at[i].retval);
			for (u32 k = 0; k < 6; k++)
				printf(" %ld", at[i].got[k]);
			printf("; \"%s\" \"%.200s\" \"%s\"\n", at[i].text[0], at[i].text[1], at[i].text[3]);
		}
	}
}

static void formats(void)
{
	static const char *const fmts[] = {
		"plain", "", "%d", "%5d|%-5d|%05d", "%x %X %u %i", "%ld %lu %lx %lld %llu %llx", "%c%c", "%%", "100%% of %d\n", "%s", "%p", "%px",
		"%pK", "%ps", "%pS", "%pi4", "%pI4", "%pi6", "%pI6", "%pks", "%pus", "%", "%d %", "%y", "%f", "%n", "%hd", "%hhd", "%zu", "%jd",
		"%.3d", "%*d", "%10s", "%-10s|", "%3c|", "%020d", "%+d", "% d", "%#x", "\ttabs\r\n", "\x01", "\x7f", "\x80", "%d%d%d%d%d%d%d%d%d%d%d%d",
		"%d%d%d%d%d%d%d%d%d%d%d%d%d", "%lc", "%300d", "%-300d|", "%0300d", "%300x", "%-20lx|", "%-020d|", "%0-20d|", "%i%li%lli",
	};
	char what[128];

	for (u32 i = 0; i < ARRAY_SIZE(fmts); i++)
		for (u32 n = 0; n <= 13; n += n == 2 ? 10 : 1) {
			struct args x = { .stream = 1 + (i & 1), .len = n * 8 };

			for (u32 k = 0; k < 12; k++)
				values[k] = strchr(fmts[i], 's') || strchr(fmts[i], 'p') ? 0 : PICK(edges);
			if (!set_text(fmts[i]))
				continue;
			snprintf(what, sizeof(what), "\"%.40s\" with %u values", fmts[i], n);
			compare(what, &x, 1 + i % 3);
			for (u32 room = 1; room <= 600; room = room * 7 + 3) {
				struct args y = { .stream = SNPRINTF, .off = room, .len = n * 8 };

				snprintf(what, sizeof(what), "snprintf \"%.40s\" with %u values, %u bytes", fmts[i], n, room);
				compare(what, &y, 1);
			}
		}
}

/* Which bytes a format may have. */
static void bytes(void)
{
	char fmt[8], what[64];

	for (u32 c = 1; c < 256; c++) {
		struct args x = { .stream = 1, .len = 8 };

		snprintf(fmt, sizeof(fmt), "a%cb", (char)c);
		if (!set_text(fmt))
			return;
		snprintf(what, sizeof(what), "byte 0x%02x", c);
		compare(what, &x, 1);
		x = (struct args){ .stream = SNPRINTF, .off = 16, .len = 8 };
		snprintf(what, sizeof(what), "snprintf, byte 0x%02x", c);
		compare(what, &x, 1);
	}
}

static void arguments(void)
{
	static const u32 streams[] = { 0, 1, 2, 3, 0x7fffffff, 0xffffffff }, lens[] = { 0, 1, 7, 8, 12, 16, 96, 97, 104, 256, 257, 4096 };
	char what[128];

	for (u32 k = 0; k < 12; k++)
		values[k] = k + 1;
	if (!set_text("n %d m %d\n"))
		return;
	for (u32 s = 0; s < ARRAY_SIZE(streams); s++)
		for (u32 l = 0; l < ARRAY_SIZE(lens); l++)
			for (u32 null = 0; null < 2; null++) {
				struct args x = { .stream = streams[s], .len = lens[l], .null = null };

				snprintf(what, sizeof(what), "stream %d, %u bytes of values%s", (int)streams[s], lens[l], null ? ", NULL" : "");
				compare(what, &x, 1);
			}
	for (u32 off = 0; off < VALUE + 8; off += 37) {
		struct args x = { .stream = 1, .off = off, .len = 16 };

		snprintf(what, sizeof(what), "format %u bytes into the value", off);
		compare(what, &x, 1);
	}
}

/* Until it is full: nobody reads. */
static void room(void)
{
	static const u32 widths[] = { 1, 50, 200, 333 };
	char fmt[16], what[64];

	for (u32 i = 0; i < ARRAY_SIZE(widths); i++) {
		struct args x = { .stream = 2, .len = 8 };

		snprintf(fmt, sizeof(fmt), "%%%ud", widths[i]);
		if (!set_text(fmt))
			return;
		for (s32 by = -2; by <= 2; by++) {
			u32 times = widths[i] < 50 ? 3000 : (u32)((s32)(STREAM_MAX / widths[i]) + by);

			snprintf(what, sizeof(what), "%u bytes %u times", widths[i], times);
			compare(what, &x, times);
		}
	}
}

/* The command's own arguments. */
static void commands(void)
{
	struct { u64 buf; u32 len, id, fd, more[33]; } a;
	static const u32 sizes[] = { 0, 4, 8, 12, 16, 19, 20, 21, 24, 100, 152 };
	char buf[16];

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		for (u32 fd = 0; fd < 3; fd++)
			for (u32 more = 0; more < 2; more++) {
				long r[BACKENDS];

				for (u32 b = 0; b < kit.nbe; b++) {
					memset(&a, 0, sizeof(a));
					a.buf = ptr(buf);
					a.len = sizeof(buf);
					a.id = 1;
					a.fd = fd == 0 ? (u32)map[b] : fd == 1 ? 0xffffffff : 0;
					a.more[1] = more;
					r[b] = be_bpf_size(&kit.be[b], 37, (union bpf_attr *)(void *)&a, sizes[i]);
					if (b && r[b] != r[0])
						kit_differ("read, size %u, fd %u, more %u: kernel %s, %s %s", sizes[i], fd, more, err_name(r[0]),
							   kit.be[b].name, err_name(r[b]));
					else if (b)
						kit_agree();
				}
			}
}

/* What was printed is what is read, in the order it was printed in, whatever the kernel has to say. */
static void whole_text(void)
{
	static struct outcome o;
	const struct args x = { .stream = 1, .len = 96 };

	if (!set_text("n %d m %-3llu|\n"))
		return;
	for (u32 b = dry; b < kit.nbe; b++) {
		go(&kit.be[b], &x, 3, &o);
		if (o.got[0] == 7 && o.got[1] == 26 && !o.got[2] && !o.got[3] && !strcmp(o.text[0], "n 1 m 2") &&
		    !strcmp(o.text[1], "  |\nn 1 m 2  |\nn 1 m 2  |\n"))
			kit_agree();
		else if (kit_differ("%s: another text is read than was printed", kit.be[b].name))
			printf("  %ld %ld %ld \"%s\" \"%s\"\n", o.got[0], o.got[1], o.got[2], o.text[0], o.text[1]);
	}
}

int main(int argc, char **argv)
{
	struct btf *kernel = btf__parse("/sys/kernel/btf/vmlinux", NULL);

	kit_start("stream", argc, argv, 1, 1u << JIT | 1u << INTERP);
	kfunc = kernel ? btf__find_by_name_kind(kernel, "bpf_stream_vprintk_impl", BTF_KIND_FUNC) : -1;
	btf__free(kernel);
	if (kfunc <= 0) {
		printf("stream: this kernel has no bpf_stream_vprintk_impl\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	for (u32 b = 0; b < kit.nbe; b++)
		text_map[b] = (int)map_new(&kit.be[b], BPF_MAP_TYPE_ARRAY, 4, 1024, 1, 0);
	find_dry();
	formats();
	bytes();
	arguments();
	whole_text();
	room();
	commands();
	return kit_end();
}
