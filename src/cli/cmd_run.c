/* SPDX-License-Identifier: BSD-2-Clause */
/* skep run: a program of an object on packets or a context, on skep, on the running kernel, or on both with differences. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/str.h"
#include "base/uapi.h"
#include "cli/cli.h"
#include "cli/ctx_json.h"
#include "cli/live.h"

#define MAX_OUT 65536u
#define NOT_TESTABLE 524 /* ENOTSUPP */

struct run_opts {
	struct cli_common common;
	const char *prog, *pcap, *data, *ctx, *pcap_out, *btf, *trust;
	const char *cmd, *pid, *type, *template;
	u64 repeat, budget, seconds, hz;
	u32 engine, harden, spectre, on;
	bool live, all_calls;
	struct given given; /* what --ctx says */
};

/* One input's outcome. */
struct outcome {
	int err;
	u32 retval, ns;
	u8 *out;
	u32 out_len;
	u8 *ctx;
	u32 ctx_len;
};

/* One target's run over all inputs. */
struct side {
	const char *name;
	struct bpf_object *obj;
	int fd;
	enum bpf_prog_type type;
	struct outcome *res;
	u64 total_ns;
	struct str stream[2]; /* what it printed there: output, errors */
};

static const char *verdict_name(enum bpf_prog_type type, u32 v)
{
	static const char *const xdp[] = { "XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT" };
	static const char *const tc[] = { "TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN",
					  "TC_ACT_QUEUED", "TC_ACT_REPEAT", "TC_ACT_REDIRECT", "TC_ACT_TRAP" };
	static char number[16];

	if (type == BPF_PROG_TYPE_XDP && v < ARRAY_SIZE(xdp))
		return xdp[v];
	if ((type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT) && v < ARRAY_SIZE(tc))
		return tc[v];
	if ((type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT) && v == U32_MAX)
		return "TC_ACT_UNSPEC";
	if (type == BPF_PROG_TYPE_CGROUP_SKB)
		return v == 1 ? "allow" : v == 0 ? "deny" : "other";
	snprintf(number, sizeof(number), "%d", (s32)v);
	return number;
}

static bool takes_packets(enum bpf_prog_type t)
{
	switch (t) {
	case BPF_PROG_TYPE_XDP: case BPF_PROG_TYPE_SCHED_CLS: case BPF_PROG_TYPE_SCHED_ACT: case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_CGROUP_SKB: case BPF_PROG_TYPE_LWT_IN: case BPF_PROG_TYPE_LWT_OUT: case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL: case BPF_PROG_TYPE_FLOW_DISSECTOR:
		return true;
	default:
		return false;
	}
}

static int read_bytes(const char *path, struct packet *p)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st)) {
		if (fd >= 0)
			close(fd);
		return cli_error(EX_BAD_INPUT, "%s: %s", path, strerror(errno));
	}
	if (st.st_size > MAX_OUT) {
		close(fd);
		return cli_error(EX_BAD_INPUT, "%s: %lld bytes are too many for one run (at most %u)", path,
				 (long long)st.st_size, MAX_OUT);
	}
	p->data = calloc(1, (size_t)st.st_size + 1);
	if (p->data)
		n = read(fd, p->data, (size_t)st.st_size);
	close(fd);
	if (!p->data || n < 0)
		return cli_error(EX_BAD_INPUT, "%s: %s", path, p->data ? strerror(errno) : "out of memory");
	p->len = p->orig = (u32)n;
	return 0;
}

/* Inputs: the capture's packets, one file's bytes, the context's data, or nothing (programs that need none). */
static int read_inputs(struct run_opts *o, enum bpf_prog_type type, struct capture *in)
{
	bool packets = takes_packets(type);
	int code = o->ctx ? ctx_read(o->ctx, type, &o->given) : 0;

	if (code)
		return code;
	if ((o->pcap != NULL) + (o->data != NULL) + (o->given.data != NULL) > 1)
		return cli_error(EX_USAGE_, "--pcap, --data and the context's \"data\" exclude each other");
	if (!packets && (o->pcap || o->data) && !ctx_takes_data(type))
		return cli_error(EX_USAGE_, "this program takes no packets: give its context with --ctx");
	if (packets && !o->pcap && !o->data && !o->given.data)
		return cli_error(EX_USAGE_, "this program needs packets: give --pcap FILE or --data FILE");
	if (o->live && type != BPF_PROG_TYPE_XDP)
		return cli_error(EX_USAGE_, "--live is for XDP programs");
	if (o->pcap)
		return capture_read(o->pcap, in);
	in->pkt = calloc(1, sizeof(*in->pkt));
	if (!in->pkt)
		return cli_error(EX_INTERNAL, "out of memory");
	in->n = 1;
	if (o->given.data) {
		in->pkt->data = o->given.data;
		in->pkt->len = in->pkt->orig = o->given.data_len;
	}
	return o->data ? read_bytes(o->data, in->pkt) : 0;
}

static int load_side(const struct run_opts *o, const char *path, enum target on, struct side *s)
{
	struct bpf_program *p = NULL;
	int code;

	*s = (struct side){ .name = on == ON_SKEP ? "skep" : "kernel", .fd = -1 };
	load_on(on);
	code = load_program(path, o->btf, o->prog, &s->obj, &p);
	if (code)
		return code;
	s->fd = bpf_program__fd(p);
	s->type = bpf_program__type(p);
	return 0;
}

/* Does the type run in Linux's BPF_PROG_TEST_RUN with repeat and results? */
static bool plain_ctx(enum bpf_prog_type t)
{
	return t == BPF_PROG_TYPE_RAW_TRACEPOINT || t == BPF_PROG_TYPE_SYSCALL || t == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE;
}

/* The context that was given; where a packet is, an XDP program's says so. */
static void put_ctx(const struct side *s, const struct run_opts *o, const struct packet *in, struct outcome *r,
		    struct bpf_test_run_opts *t)
{
	r->ctx_len = o->given.ctx_len;
	r->ctx = calloc(1, r->ctx_len + 8u);
	if (!r->ctx || !r->ctx_len)
		return;
	memcpy(r->ctx, o->given.ctx, r->ctx_len);
	if (s->type == BPF_PROG_TYPE_XDP && r->ctx_len >= 8 && !((u32 *)(void *)r->ctx)[1])
		((u32 *)(void *)r->ctx)[1] = in->len;
	t->ctx_in = r->ctx;
	t->ctx_size_in = r->ctx_len;
	if (!plain_ctx(s->type)) {
		t->ctx_out = r->ctx;
		t->ctx_size_out = r->ctx_len;
	}
}

static void run_one(const struct side *s, const struct run_opts *o, const struct packet *in, struct outcome *r)
{
	LIBBPF_OPTS(bpf_test_run_opts, t);
	bool packets = takes_packets(s->type), data = packets || in->len;

	put_ctx(s, o, in, r, &t);
	if (data) {
		t.data_in = in->data;
		t.data_size_in = in->len;
		if (!o->live) {
			r->out = malloc(MAX_OUT);
			t.data_out = r->out;
			t.data_size_out = r->out ? MAX_OUT : 0;
		}
	}
	if (o->live) {
		t.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		t.ctx_out = NULL;
		t.ctx_size_out = 0;
	}
	if (packets || !plain_ctx(s->type))
		t.repeat = (int)(o->repeat ? o->repeat : 1);
	r->err = bpf_prog_test_run_opts(s->fd, &t);
	r->retval = t.retval;
	r->ns = t.duration;
	r->out_len = data && r->out && !r->err ? t.data_size_out : 0;
}

/* bpf_stream_printk() of the program. Kernels before 6.17 have no such command: then there is nothing to take. */
static void take_streams(struct side *s)
{
	char buf[4096];

	for (u32 i = 0; i < ARRAY_SIZE(s->stream); i++) {
		struct { u64 buf; u32 len, id, fd; } a = { (u64)(uintptr_t)buf, sizeof(buf), i + 1, (u32)s->fd };
		long n;

		while ((n = syscall(SYS_bpf, UAPI_CMD_PROG_STREAM_READ, &a, 20)) > 0)
			str_putn(&s->stream[i], buf, (size_t)n);
	}
}

/* Each line behind a bar. */
static void print_streams(const struct side *s)
{
	static const char *const names[] = { "output", "errors" };

	for (u32 i = 0; i < ARRAY_SIZE(s->stream); i++) {
		const char *line = str_text(&s->stream[i]);

		if (*line)
			printf("  %s of the program:\n", names[i]);
		while (*line) {
			size_t n = strcspn(line, "\n");

			printf("  | %.*s\n", (int)n, line);
			line += n + (line[n] == '\n');
		}
	}
}

static int run_side(struct side *s, const struct run_opts *o, const struct capture *in)
{
	u32 failed = 0;

	s->res = calloc(in->n ? in->n : 1, sizeof(*s->res));
	if (!s->res)
		return cli_error(EX_INTERNAL, "out of memory");
	for (u32 i = 0; i < in->n; i++) {
		run_one(s, o, &in->pkt[i], &s->res[i]);
		failed += s->res[i].err != 0;
		s->total_ns += s->res[i].ns;
	}
	if (in->n && failed == in->n && !o->pcap) {
		int err = -s->res[0].err;
		const char *why = !strcmp(s->name, "skep") ? skep_reason() : strerror(err);
		return cli_error(err == NOT_TESTABLE || err == EPERM ? EX_NOT_HERE : EX_BAD_INPUT,
				 "%s cannot run it on this input: %s", s->name,
				 err == NOT_TESTABLE && !*why ? "the type has no test run" : why);
	}
	take_streams(s);
	return 0;
}

static void free_side(struct side *s, u32 n)
{
	for (u32 i = 0; s->res && i < n; i++) {
		free(s->res[i].out);
		free(s->res[i].ctx);
	}
	free(s->res);
	for (u32 i = 0; i < ARRAY_SIZE(s->stream); i++)
		str_free(&s->stream[i]);
	load_close(s->obj);
}

/* ---- results ---- */
struct tally { u32 value, count, refused; u64 ns, bytes; };

static u32 tally_of(const struct side *s, const struct capture *in, struct tally **ret)
{
	struct tally *t = calloc(in->n + 1u, sizeof(*t));
	u32 n = 0;

	for (u32 i = 0; t && i < in->n; i++) {
		const struct outcome *r = &s->res[i];
		u32 k = 0;
		while (k < n && (t[k].refused != (r->err != 0) || (!r->err && t[k].value != r->retval)))
			k++;
		if (k == n)
			t[n++] = (struct tally){ .value = r->retval, .refused = r->err != 0 };
		t[k].count++;
		t[k].ns += r->ns;
		t[k].bytes += in->pkt[i].len;
	}
	*ret = t;
	return t ? n : 0;
}

static void print_tally(const struct side *s, const struct capture *in)
{
	struct tally *t;
	u32 n = tally_of(s, in, &t), ran = 0;

	printf("%-16s %10s %12s %12s\n", "verdict", "packets", "bytes", "ns/packet");
	for (u32 i = 0; i < n; i++) {
		ran += t[i].refused ? 0 : t[i].count;
		if (t[i].refused)
			printf("%-16s %10u %12llu %12s\n", "(not runnable)", t[i].count, (unsigned long long)t[i].bytes, "-");
		else
			printf("%-16s %10u %12llu %12.1f\n", verdict_name(s->type, t[i].value), t[i].count,
			       (unsigned long long)t[i].bytes, (double)t[i].ns / t[i].count);
	}
	printf("%u packets on %s, %.1f ns each\n", ran, s->name, ran ? (double)s->total_ns / ran : 0.0);
	free(t);
}

static void print_hex(const u8 *p, u32 n)
{
	for (u32 i = 0; i < n; i += 16) {
		printf("    %04x ", i);
		for (u32 k = i; k < i + 16 && k < n; k++)
			printf(" %02x", p[k]);
		putchar('\n');
	}
}

/* What the program changed in its context, by name; without names the bytes. */
static void print_ctx(const struct side *s, const struct run_opts *o, const struct outcome *r)
{
	json_t *before = ctx_json(s->type, o->given.ctx, r->ctx_len), *after = ctx_json(s->type, r->ctx, r->ctx_len), *v;
	const char *key;
	u32 changed = 0;

	json_object_foreach(after, key, v) {
		char *text;
		if (json_equal(v, json_object_get(before, key)) || !strcmp(key, "words"))
			continue;
		text = json_dumps(v, JSON_ENCODE_ANY);
		printf("%s    %s = %s\n", changed++ ? "" : "  context after the run:\n", key, text ? text : "?");
		free(text);
	}
	if (!json_object_size(after) || json_object_get(after, "words")) {
		printf("  context after the run:\n");
		print_hex(r->ctx, MIN(r->ctx_len, 256u));
	}
	json_decref(before);
	json_decref(after);
}

static void print_side(const struct side *s, const struct run_opts *o, const struct capture *in)
{
	const struct outcome *r = s->res;

	if (o->pcap) {
		if (o->common.verbose)
			for (u32 i = 0; i < in->n; i++)
				printf("packet %u: %u bytes -> %s%s\n", i + 1, in->pkt[i].len,
				       r[i].err ? strerror(-r[i].err) : verdict_name(s->type, r[i].retval),
				       !r[i].err && (r[i].out_len != in->pkt[i].len ||
						     memcmp(r[i].out, in->pkt[i].data, r[i].out_len))
					       ? ", rewritten"
					       : "");
		print_tally(s, in);
		print_streams(s);
		return;
	}
	printf("returned %d (%s) on %s", (s32)r->retval, verdict_name(s->type, r->retval), s->name);
	if (r->ns)
		printf(", %u ns a run", r->ns);
	putchar('\n');
	if (r->out && (r->out_len != in->pkt->len || memcmp(r->out, in->pkt->data, r->out_len))) {
		printf("  %s after the run: %u bytes (before: %u)\n", takes_packets(s->type) ? "packet" : "data", r->out_len,
		       in->pkt->len);
		print_hex(r->out, MIN(r->out_len, 256u));
	}
	if (r->ctx_len && memcmp(r->ctx, o->given.ctx, r->ctx_len))
		print_ctx(s, o, r);
	print_streams(s);
}

static json_t *side_json(const struct side *s, const struct run_opts *o, const struct capture *in)
{
	json_t *j = json_pack("{s:s, s:I, s:I}", "on", s->name, "inputs", (json_int_t)in->n, "total_ns", (json_int_t)s->total_ns);
	json_t *list = json_array(), *counts = json_object();
	struct tally *t;
	u32 n = tally_of(s, in, &t);

	for (u32 i = 0; i < n; i++)
		json_object_set_new(counts, t[i].refused ? "not_runnable" : verdict_name(s->type, t[i].value),
				    json_integer(t[i].count));
	free(t);
	for (u32 i = 0; i < in->n && (o->common.verbose || in->n == 1); i++) {
		const struct outcome *r = &s->res[i];
		json_t *e = json_pack("{s:i, s:i, s:I, s:I}", "input", i + 1, "errno", -r->err, "retval", (json_int_t)r->retval,
				      "ns", (json_int_t)r->ns);
		if (r->out)
			json_object_set_new(e, "data_out", json_hex(r->out, r->out_len));
		if (r->ctx_len)
			json_object_set_new(e, "ctx_out", json_hex(r->ctx, r->ctx_len));
		if (r->ctx_len)
			json_object_set_new(e, "ctx", ctx_json(s->type, r->ctx, r->ctx_len));
		json_array_append_new(list, e);
	}
	if (s->stream[0].len)
		json_object_set_new(j, "output", json_pack("s%", str_text(&s->stream[0]), s->stream[0].len));
	if (s->stream[1].len)
		json_object_set_new(j, "errors", json_pack("s%", str_text(&s->stream[1]), s->stream[1].len));
	json_object_set_new(j, "verdicts", counts);
	json_object_set_new(j, "runs", list);
	return j;
}

/* Differences between the two sides, input by input; returns how many. */
static u32 compare(const struct side *a, const struct side *b, const struct capture *in, json_t *list, bool print)
{
	u32 n = 0;

	for (u32 i = 0; i < in->n; i++) {
		const struct outcome *x = &a->res[i], *y = &b->res[i];
		const char *what = NULL;
		if (x->err != y->err)
			what = "errno";
		else if (!x->err && x->retval != y->retval)
			what = "return value";
		else if (x->out_len != y->out_len || (x->out_len && memcmp(x->out, y->out, x->out_len)))
			what = "packet";
		else if (x->ctx_len && memcmp(x->ctx, y->ctx, x->ctx_len))
			what = "context";
		if (!what)
			continue;
		if (print && n < 20)
			printf("DIFFERENT input %u: %s: %s %d (errno %d, %u bytes), %s %d (errno %d, %u bytes)\n", i + 1, what,
			       a->name, (s32)x->retval, -x->err, x->out_len, b->name, (s32)y->retval, -y->err, y->out_len);
		json_array_append_new(list, json_pack("{s:i, s:s}", "input", i + 1, "what", what));
		n++;
	}
	return n;
}

/* Values that are ids of programs and maps are each side's own. */
static bool holds_ids(const char *type)
{
	return !strcmp(type, "prog_array") || !strcmp(type, "array_of_maps") || !strcmp(type, "hash_of_maps");
}

/* a += b, number by number, through objects and arrays: per-CPU values count for all CPUs, because a run may move between them. */
static void add_numbers(json_t *a, json_t *b)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_integer(a)) {
		json_integer_set(a, json_integer_value(a) + json_integer_value(b));
	} else if (json_is_array(a)) {
		json_array_foreach(a, i, v)
			add_numbers(v, json_array_get(b, i));
	} else if (json_is_object(a)) {
		json_object_foreach(a, key, v)
			add_numbers(v, json_object_get(b, key));
	}
}

/* Elements without their order, and with one value for all CPUs: an object from key to value. */
static json_t *as_set(json_t *map)
{
	json_t *set = json_object(), *e;
	size_t i;

	json_array_foreach(json_object_get(map, "elements"), i, e) {
		char *key = json_dumps(json_object_get(e, "key"), JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		json_t *values = json_object_get(e, "values");
		json_t *v = json_deep_copy(values ? json_array_get(values, 0) : json_object_get(e, "value"));
		for (size_t k = 1; k < json_array_size(values); k++)
			add_numbers(v, json_array_get(values, k));
		if (key)
			json_object_set_new(set, key, v);
		free(key);
	}
	return set;
}

static bool maps_equal(json_t *a, json_t *b)
{
	json_t *x = as_set(a), *y = as_set(b);
	bool equal = json_equal(x, y);

	json_decref(x);
	json_decref(y);
	return equal;
}

/* Maps by name, each side's contents as JSON. */
static u32 compare_maps(struct side *a, struct side *b, json_t *list, bool print)
{
	json_t *x, *y, *m;
	u32 n = 0;
	size_t i;

	load_on(ON_SKEP);
	x = maps_json(a->obj);
	load_on(ON_KERNEL);
	y = maps_json(b->obj);
	load_on(ON_SKEP);
	json_array_foreach(x, i, m) {
		json_t *k = json_array_get(y, i);
		if (maps_equal(m, k) || holds_ids(json_string_value(json_object_get(m, "type"))))
			continue;
		n++;
		if (print)
			printf("DIFFERENT map %s\n", json_string_value(json_object_get(m, "name")));
		json_array_append_new(list, json_pack("{s:s, s:O, s:O}", "map", json_string_value(json_object_get(m, "name")),
						      a->name, json_object_get(m, "elements"), b->name,
						      json_object_get(k, "elements")));
	}
	json_decref(x);
	json_decref(y);
	return n;
}

static int write_packets(const struct side *s, const struct run_opts *o, const struct capture *in)
{
	struct capture out = { .pkt = calloc(in->n + 1u, sizeof(*out.pkt)) };
	int code;

	if (!out.pkt)
		return cli_error(EX_INTERNAL, "out of memory");
	for (u32 i = 0; i < in->n; i++) {
		if (s->res[i].err)
			continue;
		out.pkt[out.n++] = (struct packet){ .data = s->res[i].out, .len = s->res[i].out_len, .orig = s->res[i].out_len,
						    .ts_ns = in->pkt[i].ts_ns };
	}
	code = capture_write(o->pcap_out, &out);
	free(out.pkt);
	return code;
}

static int report(struct side *side, int n, const struct run_opts *o, const struct capture *in)
{
	json_t *doc = json_pack("{s:s}", "schema", "skep.run/1"), *sides = json_array(), *diff = json_array();
	u32 differ = 0;
	int code = 0;

	for (int i = 0; i < n; i++) {
		if (!o->common.json)
			print_side(&side[i], o, in);
		else
			json_array_append_new(sides, side_json(&side[i], o, in));
	}
	load_on(!strcmp(side[0].name, "kernel") ? ON_KERNEL : ON_SKEP);
	if (o->common.json)
		json_object_set_new(doc, "maps", maps_json(side[0].obj));
	else
		maps_print(side[0].obj);
	if (n == 2) {
		differ = compare(&side[0], &side[1], in, diff, !o->common.json);
		differ += compare_maps(&side[0], &side[1], diff, !o->common.json);
		if (!o->common.json && !differ)
			printf("skep and the kernel agree on every return value, packet and map\n");
	}
	json_object_set_new(doc, "sides", sides);
	json_object_set_new(doc, "differences", diff);
	if (o->common.json)
		code = cli_json(doc);
	else
		json_decref(doc);
	return code ? code : differ ? EX_NEGATIVE : 0;
}

static int run_verb(void *opts, int argc, char **argv)
{
	struct run_opts *o = opts;
	struct load_opts lo = { .btf_file = o->btf, .engine = o->engine, .budget_ms = o->budget, .type = o->type,
				.harden = o->harden, .spectre = o->spectre };
	struct side side[2] = { { .obj = NULL }, { .obj = NULL } };
	struct capture in = { 0 };
	int n = 0, code;

	if (o->template)
		return ctx_template(o->template);
	if (argc != 1)
		return cli_error(EX_USAGE_, argc ? "one object at a time" : "which object? (skep run OBJ ...)");
	if (o->repeat > 100000000)
		return cli_error(EX_USAGE_, "--repeat is at most 100M");
	code = load_setup(&lo);
	if (!code && o->trust)
		code = cli_trust(o->trust, EX_BAD_INPUT);
	if (code)
		return code;
	if (o->cmd || o->pid) {
		struct live_run l = { .object = argv[0], .btf = o->btf, .prog = o->prog, .cmd = o->cmd, .pid = o->pid ? atoi(o->pid) : 0,
				      .seconds = o->seconds, .hz = o->hz, .json = o->common.json, .verbose = o->common.verbose,
				      .all_calls = o->all_calls };
		return o->cmd && o->pid ? cli_error(EX_USAGE_, "-c and -P exclude each other") : live_run(&l);
	}
	if (o->on != ON_SKEP && !kernel_allowed())
		return cli_error(EX_NOT_HERE, "the running kernel refuses bpf(2) to this user: --on %s needs CAP_BPF",
				 o->on == ON_KERNEL ? "kernel" : "both");
	for (u32 on = ON_SKEP; on <= ON_KERNEL && !code; on++) {
		if (o->on != ON_BOTH && o->on != on)
			continue;
		code = load_side(o, argv[0], (enum target)on, &side[n++]);
		if (!code && n == 1)
			code = read_inputs(o, side[0].type, &in);
		if (!code)
			code = run_side(&side[n - 1], o, &in);
	}
	if (!code)
		code = report(side, n, o, &in);
	if ((!code || code == EX_NEGATIVE) && o->pcap_out) {
		int wrote = takes_packets(side[0].type) ? write_packets(&side[0], o, &in) :
							  cli_error(EX_USAGE_, "--pcap-out: the program has no packets");
		code = wrote ? wrote : code;
	}
	for (int i = 0; i < n; i++)
		free_side(&side[i], in.n);
	free(o->given.ctx);
	capture_free(&in);
	return code;
}

static const struct cli_opt run_options[] = {
	{ 'p', "prog", OPT_TEXT, "PROG", "the program (name or section); needed if there are several",
	  offsetof(struct run_opts, prog) },
	{ 0, "type", OPT_TEXT, "TYPE[:ATTACH]", "programs whose section says no type are of this one", offsetof(struct run_opts, type) },
	{ 'c', "command", OPT_TEXT, "CMD", "attach the object's programs by their sections and run this command", offsetof(struct run_opts, cmd) },
	{ 'P', "pid", OPT_TEXT, "PID", "attach to this process, until it ends or Ctrl-C", offsetof(struct run_opts, pid) },
	{ 0, "seconds", OPT_COUNT, "N", "with -c and -P: stop after so long", offsetof(struct run_opts, seconds) },
	{ 0, "hz", OPT_COUNT, "N", "with -c and -P: samples a second for perf_event programs (default 99)", offsetof(struct run_opts, hz) },
	{ 0, "all-syscalls", OPT_FLAG, NULL, "with -c and -P: system calls of code that no file has (JITs') are seen too",
	  offsetof(struct run_opts, all_calls) },
	{ 0, "pcap", OPT_TEXT, "FILE", "run on every packet of this capture", offsetof(struct run_opts, pcap) },
	{ 0, "data", OPT_TEXT, "FILE", "run on one packet: the file's bytes", offsetof(struct run_opts, data) },
	{ 0, "ctx", OPT_TEXT, "FILE", "run on this context: JSON by the names of its fields, or its bytes", offsetof(struct run_opts, ctx) },
	{ 0, "ctx-template", OPT_TEXT, "TYPE", "print such a file for a program type, to fill in", offsetof(struct run_opts, template) },
	{ 0, "live", OPT_FLAG, NULL, "XDP: frames really travel (--repeat of them); nothing comes back", offsetof(struct run_opts, live) },
	{ 0, "repeat", OPT_COUNT, "N", "runs per input, for timing (default 1)", offsetof(struct run_opts, repeat) },
	{ 0, "engine", OPT_CHOICE, "auto|jit|interp", "how skep runs it", offsetof(struct run_opts, engine) },
	{ 0, "budget", OPT_COUNT, "MS", "stop a run that takes longer (milliseconds)", offsetof(struct run_opts, budget) },
	{ 0, "harden", OPT_CHOICE, "unprivileged|all|off", "whose constants compiled code hides", offsetof(struct run_opts, harden) },
	{ 0, "spectre", OPT_CHOICE, "auto|on|off", "masks and barriers: unprivileged programs (auto), all, none",
	  offsetof(struct run_opts, spectre) },
	{ 0, "pcap-out", OPT_TEXT, "FILE", "write the packets as the program left them", offsetof(struct run_opts, pcap_out) },
	{ 0, "on", OPT_CHOICE, "skep|kernel|both", "where to run (default skep); both prints every difference",
	  offsetof(struct run_opts, on) },
	{ 0, "btf", OPT_TEXT, "FILE", "kernel types for CO-RE (default: the running kernel's; \"skep\": skep's own)", offsetof(struct run_opts, btf) },
	{ 0, "trust", OPT_TEXT, "FILE", "the certificate that bpf_lookup_system_key() finds", offsetof(struct run_opts, trust) },
};

const struct cli_cmd cmd_run = {
	.name = "run", .args = "OBJ", .summary = "run a program on packets or a context and show what it did",
	.doc = "Loads the whole object, runs one program, prints verdicts, time and the maps (through their BTF). Programs that\n"
	       "rewrite packets or contexts show the result.\n"
	       "\n"
	       "With -c or -P nothing is made up: the object's programs are attached by their sections to what a command or a process\n"
	       "does, what they report is printed as it comes, and the maps at the end.",
	.opts = run_options, .nopts = ARRAY_SIZE(run_options), .size = sizeof(struct run_opts), .run = run_verb,
	.examples = (const struct cli_example[]){
		{ "run xdp.bpf.o --pcap traffic.pcap", "every packet of a capture: verdicts and time" },
		{ "run xdp.bpf.o --pcap traffic.pcap --on both", "the same in the running kernel, with every difference" },
		{ "run --ctx-template sk_lookup >ctx.json", "a context to fill in" },
		{ "run lookup.bpf.o -p NAME --ctx ctx.json", "one run on it" },
		{ "run trace.bpf.o -c 'ls -l'", "attached to a command" },
		{ NULL, NULL } },
};
