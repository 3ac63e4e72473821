/* SPDX-License-Identifier: BSD-2-Clause */
/* Map contents for people and programs: keys and values through their BTF, else as bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "cli/cli.h"

#define MAX_SHOWN 20 /* elements of one map printed without -j */

json_t *json_hex(const void *data, u32 size)
{
	char *hex = malloc(2 * (size_t)size + 1);
	json_t *j;

	if (!hex)
		return NULL;
	for (u32 i = 0; i < size; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", ((const u8 *)data)[i]);
	hex[2 * (size_t)size] = '\0';
	j = json_string(hex);
	free(hex);
	return j;
}

struct text { char *s; size_t len, cap; };

static void add_text(void *ctx, const char *fmt, va_list args)
{
	struct text *t = ctx;
	char line[1024];
	int n = vsnprintf(line, sizeof(line), fmt, args);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	if (t->len + (size_t)n + 1 > t->cap) {
		size_t cap = (t->len + (size_t)n + 1) * 2;
		char *s = realloc(t->s, cap);
		if (!s)
			return;
		t->s = s;
		t->cap = cap;
	}
	memcpy(t->s + t->len, line, (size_t)n + 1);
	t->len += (size_t)n;
}

static char *hex_text(const void *data, u32 size)
{
	char *s = malloc(3 * (size_t)size + 1);

	if (!s)
		return NULL;
	s[0] = '\0';
	for (u32 i = 0; i < size; i++)
		snprintf(s + 3 * (size_t)i, 4, i ? " %02x" : "%02x", ((const u8 *)data)[i]);
	return s;
}

/*
 * libbpf writes C initialisers with a cast before every value and a comma after it. For people: no casts, a space after a comma,
 * none before a brace. Quoted characters are left alone. Returns a new string, NULL: no memory.
 */
static char *tidy(const char *s)
{
	char *ret = malloc(2 * strlen(s) + 1), *out = ret, last = '=';

	if (!ret)
		return NULL;
	for (const char *p = s; *p; p++) {
		bool value_starts = last == '=' || last == '{' || last == '[' || last == ',';
		if (*p == '\'' && p[1] && p[2] == '\'') {
			memmove(out, p, 3);
			out += 3;
			p += 2;
			last = '\'';
			continue;
		}
		if (*p == '(' && value_starts) {
			p = strchr(p, ')');
			if (!p)
				break;
			continue;
		}
		if (*p == ',' && (p[1] == '}' || p[1] == ']'))
			continue;
		*out++ = *p;
		if (*p == ',')
			*out++ = ' ';
		if (*p != ' ')
			last = *p;
	}
	*out = '\0';
	return ret;
}

/* Value of a BTF type as text (one line or several), malloc'ed; without BTF: hex. */
static char *value_text(const struct btf *btf, u32 type_id, const void *data, u32 size)
{
	LIBBPF_OPTS(btf_dump_type_data_opts, o, .compact = true, .skip_names = false, .emit_zeroes = true);
	struct text t = { NULL, 0, 0 };
	struct btf_dump *d;
	char *nice;

	if (!btf || !type_id)
		return hex_text(data, size);
	d = btf_dump__new(btf, add_text, &t, NULL);
	if (!d || btf_dump__dump_type_data(d, type_id, data, size, &o) < 0 || !t.s) {
		btf_dump__free(d);
		free(t.s);
		return hex_text(data, size);
	}
	btf_dump__free(d);
	nice = tidy(t.s);
	free(t.s);
	return nice;
}

static json_t *int_json(const struct btf_type *t, const void *data)
{
	u32 enc = btf_int_encoding(t), bits = btf_int_bits(t);
	u64 v = 0;

	memcpy(&v, data, MIN(t->size, 8u));
	if (bits < 64)
		v &= ((u64)1 << bits) - 1;
	if (enc & BTF_INT_BOOL)
		return json_boolean(v != 0);
	if (enc & BTF_INT_SIGNED && bits && bits < 64 && v >> (bits - 1))
		v |= ~(((u64)1 << bits) - 1);
	return enc & BTF_INT_SIGNED || v <= (u64)INT64_MAX ? json_integer((json_int_t)v)
							   : json_sprintf("%llu", (unsigned long long)v);
}

static json_t *struct_json(const struct btf *btf, const struct btf_type *t, const u8 *data, u32 size)
{
	const struct btf_member *m = btf_members(t);
	json_t *o = json_object();

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 bit = btf_member_bit_offset(t, i), width = btf_member_bitfield_size(t, i);
		const char *name = btf__name_by_offset(btf, m[i].name_off);
		json_t *v;
		if (bit / 8 >= size)
			break;
		if (width) {
			u64 x = 0;
			memcpy(&x, data + bit / 8, MIN(8u, size - bit / 8));
			x = x >> bit % 8 & (width < 64 ? ((u64)1 << width) - 1 : ~(u64)0);
			v = json_integer((json_int_t)x);
		} else {
			v = value_json(btf, m[i].type, data + bit / 8, size - bit / 8);
		}
		if (*name)
			json_object_set_new(o, name, v);
		else if (json_is_object(v))
			json_object_update_new(o, v);
		else
			json_decref(v);
	}
	return o;
}

static bool is_char(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, (u32)btf__resolve_type(btf, id));

	return t && btf_is_int(t) && t->size == 1 && !strcmp(btf__name_by_offset(btf, t->name_off), "char");
}

static json_t *array_json(const struct btf *btf, const struct btf_type *t, const u8 *data, u32 size)
{
	const struct btf_array *a = btf_array(t);
	s64 step = btf__resolve_size(btf, a->type);
	json_t *list;

	if (is_char(btf, a->type)) {
		json_t *s = json_stringn((const char *)data, strnlen((const char *)data, MIN(a->nelems, size)));
		if (s)
			return s;
	}
	list = json_array();
	for (u32 i = 0; step > 0 && i < a->nelems && (u64)(i + 1) * (u64)step <= size; i++)
		json_array_append_new(list, value_json(btf, a->type, data + (u64)i * (u64)step, (u32)step));
	return list;
}

static json_t *enum_json(const struct btf *btf, const struct btf_type *t, const void *data)
{
	s32 v = 0;

	memcpy(&v, data, MIN(t->size, 4u));
	for (u32 i = 0; i < btf_vlen(t); i++)
		if (btf_enum(t)[i].val == v)
			return json_string(btf__name_by_offset(btf, btf_enum(t)[i].name_off));
	return json_integer(v);
}

json_t *value_json(const struct btf *btf, u32 type_id, const void *data, u32 size)
{
	int id = btf && type_id ? btf__resolve_type(btf, type_id) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (u32)id) : NULL;

	if (!t)
		return json_hex(data, size);
	if (btf_is_int(t) && t->size <= size)
		return int_json(t, data);
	if (btf_is_composite(t))
		return struct_json(btf, t, data, size);
	if (btf_is_array(t))
		return array_json(btf, t, data, size);
	if (btf_is_enum(t) && t->size <= size)
		return enum_json(btf, t, data);
	if (btf_is_datasec(t)) {
		json_t *o = json_object();
		const struct btf_var_secinfo *v = btf_var_secinfos(t);
		for (u32 i = 0; i < btf_vlen(t); i++) {
			const struct btf_type *var = btf__type_by_id(btf, v[i].type);
			if (var && v[i].offset + v[i].size <= size)
				json_object_set_new(o, btf__name_by_offset(btf, var->name_off),
						    value_json(btf, var->type, (const u8 *)data + v[i].offset, v[i].size));
		}
		return o;
	}
	return json_hex(data, size);
}

/* ---- whole maps ---- */
struct view {
	struct bpf_map *map;
	const struct btf *btf;
	int fd;
	u32 key_size, value_size, key_type, value_type, lanes;
	u8 *key, *next, *value;
};

static bool has_elements(enum bpf_map_type t)
{
	switch (t) {
	case BPF_MAP_TYPE_RINGBUF: case BPF_MAP_TYPE_USER_RINGBUF: case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_QUEUE: case BPF_MAP_TYPE_STACK: case BPF_MAP_TYPE_BLOOM_FILTER:
		return false;
	default:
		return true;
	}
}

static bool is_percpu(enum bpf_map_type t)
{
	return t == BPF_MAP_TYPE_PERCPU_ARRAY || t == BPF_MAP_TYPE_PERCPU_HASH || t == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool view_open(struct view *v, struct bpf_object *obj, struct bpf_map *m)
{
	u32 lanes = is_percpu(bpf_map__type(m)) ? (u32)libbpf_num_possible_cpus() : 1;

	*v = (struct view){ .map = m, .btf = bpf_object__btf(obj), .fd = bpf_map__fd(m), .key_size = bpf_map__key_size(m),
			    .value_size = bpf_map__value_size(m), .key_type = bpf_map__btf_key_type_id(m),
			    .value_type = bpf_map__btf_value_type_id(m), .lanes = lanes };
	if (v->fd < 0)
		return false;
	v->key = calloc(1, v->key_size + 1u);
	v->next = calloc(1, v->key_size + 1u);
	v->value = calloc(lanes, ROUND_UP(v->value_size, 8u) + 8u);
	return v->key && v->next && v->value;
}

static void view_close(struct view *v)
{
	free(v->key);
	free(v->next);
	free(v->value);
}

/* The next element; false at the end. Elements that vanish meanwhile are skipped. */
static bool view_next(struct view *v, bool *first)
{
	while (!bpf_map_get_next_key(v->fd, *first ? NULL : v->key, v->next)) {
		*first = false;
		memcpy(v->key, v->next, v->key_size);
		if (!bpf_map_lookup_elem(v->fd, v->key, v->value))
			return true;
	}
	return false;
}

static bool value_is_zero(const struct view *v)
{
	size_t n = v->lanes > 1 ? (size_t)v->lanes * ROUND_UP(v->value_size, 8u) : v->value_size;

	for (size_t i = 0; i < n; i++)
		if (v->value[i])
			return false;
	return true;
}

/* Global data: a line a variable. False when the value is no section of variables. */
static bool print_variables(const struct view *v)
{
	const struct btf_type *t = v->btf && v->value_type ? btf__type_by_id(v->btf, v->value_type) : NULL;

	if (!t || !btf_is_datasec(t))
		return false;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *s = &btf_var_secinfos(t)[i];
		const struct btf_type *var = btf__type_by_id(v->btf, s->type);
		char *text;
		if (!var || s->offset + s->size > v->value_size)
			continue;
		text = value_text(v->btf, var->type, v->value + s->offset, s->size);
		printf("    %s = %s\n", btf__name_by_offset(v->btf, var->name_off), text ? text : "?");
		free(text);
	}
	return true;
}

static void print_element(const struct view *v)
{
	char *key;

	if (print_variables(v))
		return;
	key = value_text(v->btf, v->key_type, v->key, v->key_size);

	printf("    %s: ", key ? key : "?");
	free(key);
	for (u32 c = 0; c < v->lanes; c++) {
		char *val = value_text(v->btf, v->value_type, v->value + c * ROUND_UP(v->value_size, 8u), v->value_size);
		if (v->lanes > 1)
			printf("%scpu%u %s", c ? ", " : "", c, val ? val : "?");
		else
			printf("%s", val ? val : "?");
		free(val);
	}
	putchar('\n');
}

void maps_print(struct bpf_object *obj)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, obj) {
		enum bpf_map_type type = bpf_map__type(m);
		bool first = true, array = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
		u32 shown = 0, more = 0;
		struct view v;

		if (!has_elements(type) || !strcmp(bpf_map__name(m), ".rodata") || strstr(bpf_map__name(m), ".rodata"))
			continue;
		if (view_open(&v, obj, m))
			while (view_next(&v, &first)) {
				if (array && value_is_zero(&v))
					continue;
				if (shown == MAX_SHOWN) {
					more++;
					continue;
				}
				if (!shown++)
					printf("  map %s (%s)\n", bpf_map__name(m), libbpf_bpf_map_type_str(type));
				print_element(&v);
			}
		if (more)
			printf("    ... and %u more (-j shows all)\n", more);
		view_close(&v);
	}
}

json_t *maps_json(struct bpf_object *obj)
{
	json_t *maps = json_array();
	struct bpf_map *m;

	bpf_object__for_each_map(m, obj) {
		json_t *j = json_pack("{s:s, s:s}", "name", bpf_map__name(m), "type", libbpf_bpf_map_type_str(bpf_map__type(m)));
		json_t *elems = json_array();
		bool first = true;
		struct view v;

		if (has_elements(bpf_map__type(m)) && view_open(&v, obj, m)) {
			while (view_next(&v, &first)) {
				json_t *values = json_array();
				for (u32 c = 0; c < v.lanes; c++)
					json_array_append_new(values, value_json(v.btf, v.value_type,
										 v.value + c * ROUND_UP(v.value_size, 8u),
										 v.value_size));
				json_array_append_new(elems, json_pack("{s:o, s:o}", "key",
								       value_json(v.btf, v.key_type, v.key, v.key_size),
								       v.lanes > 1 ? "values" : "value",
								       v.lanes > 1 ? json_incref(values) :
										     json_incref(json_array_get(values, 0))));
				json_decref(values);
			}
			view_close(&v);
		}
		json_object_set_new(j, "elements", elems);
		json_array_append_new(maps, j);
	}
	return maps;
}
