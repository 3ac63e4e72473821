/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See ctx_json.h. A field is a number, an array of numbers, an IPv4 or IPv6 address as text, or "0x..." for numbers that JSON cannot hold.
 * Contexts without rows have "args" (raw tracepoints, functions), the names of registers, or "words" of 8 bytes. "data" is the packet, message
 * or option value, in hexadecimal digits.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uapi.h"
#include "cli/cli.h"
#include "cli/ctx_json.h"
#include "spec/spec.h"

#define MAX_CTX 65535u

/* Where the registers of a kprobe's context are. */
static const char *const reg_name[] = {
#ifdef __x86_64__
	"r15", "r14", "r13", "r12", "rbp",	"rbx", "r11", "r10",	"r9",  "r8", "rax",
	"rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs",  "eflags", "rsp", "ss",
#else
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",	 "x7",	"x8",  "x9",  "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
#endif
};

static const struct ctx_spec *spec_of(u32 type)
{
	return type < UAPI_PROG_TYPES ? progtype_spec[type].ctx : NULL;
}

bool ctx_takes_data(u32 type)
{
	return type == BPF_PROG_TYPE_SK_MSG || type == BPF_PROG_TYPE_SK_REUSEPORT || type == BPF_PROG_TYPE_CGROUP_SOCKOPT;
}

/* What the run puts there itself: pointers. */
static bool is_given(const struct ctx_field *f, u32 type)
{
	return (f->progs & PT_BIT(type)) && f->kind == CK_SCALAR;
}

/* ---- text and numbers to bytes ---- */
static bool put_number(u8 *to, u32 size, const json_t *v)
{
	const char *s = json_string_value(v);
	u64 n;
	char *end;

	if (json_is_integer(v) || json_is_boolean(v)) {
		n = json_is_integer(v) ? (u64)json_integer_value(v) : json_is_true(v);
	} else if (s) {
		struct in_addr a;
		if (size == 4 && inet_pton(AF_INET, s, &a) == 1) {
			memcpy(to, &a, 4);
			return true;
		}
		errno = 0;
		n = strtoull(s, &end, 0);
		if (!*s || *end || errno)
			return false;
	} else {
		return false;
	}
	if (size < 8 && n >> (8 * size) && (s64)n >> (8 * size - 1) != -1)
		return false;
	memcpy(to, &n, size);
	return true;
}

static bool put_field(u8 *ctx, const struct ctx_field *f, const json_t *v)
{
	const char *s = json_string_value(v);
	struct in6_addr a;

	if (s && f->count == 4 && f->size == 4 && inet_pton(AF_INET6, s, &a) == 1) {
		memcpy(ctx + f->off, &a, sizeof(a));
		return true;
	}
	if (!json_is_array(v))
		return put_number(ctx + f->off, f->size, v);
	if (json_array_size(v) > f->count)
		return false;
	for (u32 i = 0; i < json_array_size(v); i++)
		if (!put_number(ctx + f->off + i * f->size, f->size, json_array_get(v, i)))
			return false;
	return true;
}

static bool put_words(u8 *ctx, const json_t *v, u32 max)
{
	if (!json_is_array(v) || json_array_size(v) * 8 > max)
		return false;
	for (u32 i = 0; i < json_array_size(v); i++)
		if (!put_number(ctx + i * 8, 8, json_array_get(v, i)))
			return false;
	return true;
}

static bool put_hex(const char *s, u8 **ret, u32 *ret_len)
{
	u8 *p = malloc(strlen(s) / 2 + 1);
	u32 n = 0;

	while (p && *s) {
		char two[3] = { s[0], s[0] ? s[1] : '\0', '\0' };
		if (isspace((u8)*s) || *s == ':') {
			s++;
			continue;
		}
		if (!isxdigit((u8)two[0]) || !isxdigit((u8)two[1])) {
			free(p);
			return false;
		}
		p[n++] = (u8)strtoul(two, NULL, 16);
		s += 2;
	}
	free(*ret);
	*ret = p;
	*ret_len = n;
	return p != NULL;
}

/* ---- reading ---- */
/* Whether `key` is one of the context's, and its value fits. */
static bool put_member(const struct ctx_spec *c, u32 type, struct given *g, const char *key, const json_t *v, bool *ret_known)
{
	*ret_known = true;
	if (!strcmp(key, "data") && json_is_string(v))
		return put_hex(json_string_value(v), &g->data, &g->data_len);
	if (!strcmp(key, "bytes") && json_is_string(v)) {
		u8 *p = NULL;
		u32 n = 0;
		if (!put_hex(json_string_value(v), &p, &n) || n > MAX_CTX) {
			free(p);
			return false;
		}
		memcpy(g->ctx, p, n);
		g->ctx_len = n;
		free(p);
		return true;
	}
	for (u32 i = 0; i < c->nfields; i++)
		if (!strcmp(c->fields[i].name, key) && (c->fields[i].progs & PT_BIT(type)))
			return put_field(g->ctx, &c->fields[i], v);
	if (!strcmp(c->uapi, "pt_regs"))
		for (u32 i = 0; i < ARRAY_SIZE(reg_name); i++)
			if (!strcmp(reg_name[i], key))
				return put_number(g->ctx + 8 * i, 8, v);
	if (c->any_scalar && (!strcmp(key, "args") || !strcmp(key, "words"))) {
		if (!c->raw_args)
			g->ctx_len = (u32)json_array_size(v) * 8;
		return put_words(g->ctx, v, MIN(c->size, MAX_CTX));
	}
	*ret_known = false;
	return false;
}

static int read_object(const char *path, u32 type, const json_t *j, struct given *g)
{
	const struct ctx_spec *c = spec_of(type);
	const char *key;
	bool known;
	json_t *v;

	g->ctx = calloc(1, MAX_CTX + 8);
	if (!g->ctx)
		return cli_error(EX_INTERNAL, "out of memory");
	g->ctx_len = c->size > 4096 ? 0 : c->size;
	json_object_foreach((json_t *)j, key, v) {
		if (put_member(c, type, g, key, v, &known))
			continue;
		if (known)
			return cli_error(EX_BAD_INPUT, "%s: \"%s\": not a value that fits there", path, key);
		return cli_error(EX_BAD_INPUT,
				 "%s: \"%s\" is no field of struct %s for %s programs (skep run --ctx-template %s shows them)",
				 path, key, c->uapi, progtype_spec[type].name, progtype_spec[type].name);
	}
	return 0;
}

int ctx_read(const char *path, u32 type, struct given *ret)
{
	FILE *f = fopen(path, "re");
	json_error_t e;
	size_t n;
	json_t *j;
	int c, code;

	*ret = (struct given){ .ctx = NULL };
	if (!f)
		return cli_error(EX_BAD_INPUT, "%s: %s", path, strerror(errno));
	do
		c = getc(f);
	while (c != EOF && isspace(c));
	rewind(f);
	if (c != '{') {
		ret->ctx = calloc(1, MAX_CTX + 8);
		n = ret->ctx ? fread(ret->ctx, 1, MAX_CTX + 1, f) : 0;
		fclose(f);
		if (n > MAX_CTX)
			return cli_error(EX_BAD_INPUT, "%s: more than %u bytes", path, MAX_CTX);
		ret->ctx_len = (u32)n;
		return ret->ctx ? 0 : cli_error(EX_INTERNAL, "out of memory");
	}
	j = json_loadf(f, 0, &e);
	fclose(f);
	if (!j)
		return cli_error(EX_BAD_INPUT, "%s:%d: %s", path, e.line, e.text);
	code = spec_of(type) ? read_object(path, type, j, ret) : cli_error(EX_BAD_INPUT, "the program's type has no context");
	json_decref(j);
	return code;
}

/* ---- showing ---- */
static json_t *number_json(const u8 *p, u32 size)
{
	char text[24];
	u64 n = 0;

	memcpy(&n, p, size);
	if (n <= (u64)INT64_MAX)
		return json_integer((json_int_t)n);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)n);
	return json_string(text);
}

static json_t *numbers_json(const u8 *p, u32 size, u32 n)
{
	json_t *a = json_array();

	for (u32 i = 0; i < n; i++)
		json_array_append_new(a, number_json(p + i * size, size));
	return a;
}

json_t *ctx_json(u32 type, const u8 *ctx, u32 len)
{
	const struct ctx_spec *c = spec_of(type);
	json_t *j = json_object();

	for (u32 i = 0; c && i < c->nfields; i++) {
		const struct ctx_field *f = &c->fields[i];
		if (is_given(f, type) && (u32)f->off + (u32)f->size * f->count <= len)
			json_object_set_new(j, f->name, f->count > 1 ? numbers_json(ctx + f->off, f->size, f->count) :
								       number_json(ctx + f->off, f->size));
	}
	if (!c || !c->any_scalar)
		return j;
	if (!strcmp(c->uapi, "pt_regs"))
		for (u32 i = 0; i < ARRAY_SIZE(reg_name) && 8 * i + 8 <= len; i++)
			json_object_set_new(j, reg_name[i], number_json(ctx + 8 * i, 8));
	else
		json_object_set_new(j, c->raw_args ? "args" : "words", numbers_json(ctx, 8, len / 8));
	return j;
}

int ctx_template(const char *name)
{
	static const u8 zero[4096];

	for (u32 type = 1; type < UAPI_PROG_TYPES; type++) {
		const struct ctx_spec *c = spec_of(type);
		json_t *j;

		if (strcmp(progtype_spec[type].name, name))
			continue;
		if (!c || !c->size)
			return cli_error(EX_USAGE_, "%s programs have no context of their own", name);
		j = ctx_json(type, zero, c->size > 4096 ? 32 : c->size);
		if (progtype_spec[type].skb || type == BPF_PROG_TYPE_XDP || ctx_takes_data(type))
			json_object_set_new(j, "data", json_string(""));
		return cli_json(j);
	}
	return cli_error(EX_USAGE_, "no program type \"%s\" (skep progtypes lists them)", name);
}
