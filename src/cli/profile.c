/* SPDX-License-Identifier: BSD-2-Clause */
/* Profiles as folded stacks, as a table, and in pprof's format. */
#include "cli/profile.h"

#include <stdlib.h>
#include <string.h>

int profile_folded(const struct profile *p, FILE *out)
{
	for (u32 i = 0; i < p->n; i++)
		fprintf(out, "%s %llu\n", p->row[i].stack, (unsigned long long)p->row[i].count);
	return ferror(out) ? -1 : 0;
}

/* ---- names ---- */
struct names { char **v; u64 *self, *total; u32 n, cap; u32 *mark; };

/* Number of a name, given on first sight; U32_MAX: no memory. A profile has thousands, not millions of them. */
static u32 name_of(struct names *t, const char *s, size_t len)
{
	for (u32 i = 0; i < t->n; i++)
		if (strlen(t->v[i]) == len && !memcmp(t->v[i], s, len))
			return i;
	if (t->n == t->cap) {
		u32 cap = t->cap * 2 + 64;
		char **v = realloc(t->v, cap * sizeof(*v));
		u64 *self = v ? realloc(t->self, cap * sizeof(*self)) : NULL,
		    *total = self ? realloc(t->total, cap * sizeof(*total)) : NULL;
		u32 *mark = total ? realloc(t->mark, cap * sizeof(*mark)) : NULL;

		t->v = v ? v : t->v;
		t->self = self ? self : t->self;
		t->total = total ? total : t->total;
		t->mark = mark ? mark : t->mark;
		if (!mark)
			return U32_MAX;
		t->cap = cap;
	}
	t->v[t->n] = strndup(s, len);
	t->self[t->n] = t->total[t->n] = 0;
	t->mark[t->n] = 0;
	return t->v[t->n] ? t->n++ : U32_MAX;
}

static void names_free(struct names *t)
{
	for (u32 i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	free(t->self);
	free(t->total);
	free(t->mark);
}

/* ---- the table: functions by their own samples ---- */
static const struct names *sorting;
static int by_self(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	if (sorting->self[x] != sorting->self[y])
		return sorting->self[x] > sorting->self[y] ? -1 : 1;
	return sorting->total[x] < sorting->total[y] ? 1 : -1;
}

static void count(struct names *t, const struct profile *p)
{
	for (u32 i = 0; i < p->n; i++) {
		const char *s = p->row[i].stack;

		while (*s) {
			size_t len = strcspn(s, ";");
			u32 k = name_of(t, s, len);
			if (k == U32_MAX)
				return;
			if (t->mark[k] != i + 1) /* once a stack, however often it recurs */
				t->total[k] += p->row[i].count;
			t->mark[k] = i + 1;
			if (!s[len])
				t->self[k] += p->row[i].count;
			s += len + (s[len] == ';');
		}
	}
}

int profile_table(const struct profile *p, FILE *out)
{
	struct names t = { NULL, NULL, NULL, 0, 0, NULL };
	u32 *order;

	count(&t, p);
	order = calloc(t.n + 1, sizeof(*order));
	for (u32 i = 0; order && i < t.n; i++)
		order[i] = i;
	sorting = &t;
	if (order)
		qsort(order, t.n, sizeof(*order), by_self);
	fprintf(out, "%s\n%8s %7s %8s %7s  %s\n", p->title, "self", "", "total", "", "function");
	for (u32 i = 0; order && i < t.n && i < 30; i++) {
		u32 k = order[i];
		if (!t.self[k] && i >= 10)
			break;
		fprintf(out, "%8llu %6.1f%% %8llu %6.1f%%  %s\n", (unsigned long long)t.self[k],
			p->samples ? 100.0 * (double)t.self[k] / (double)p->samples : 0, (unsigned long long)t.total[k],
			p->samples ? 100.0 * (double)t.total[k] / (double)p->samples : 0, t.v[k]);
	}
	free(order);
	names_free(&t);
	return ferror(out) ? -1 : 0;
}

/* ---- pprof: profile.proto ---- */
struct buf { u8 *p; size_t n, cap; };

static void put(struct buf *b, const void *data, size_t n)
{
	if (b->n + n > b->cap) {
		u8 *more = realloc(b->p, (b->n + n) * 2);
		if (!more)
			return;
		b->p = more;
		b->cap = (b->n + n) * 2;
	}
	memcpy(b->p + b->n, data, n);
	b->n += n;
}

static void varint(struct buf *b, u64 v)
{
	u8 byte;

	do {
		byte = (u8)(v & 0x7f) | (v > 0x7f ? 0x80 : 0);
		put(b, &byte, 1);
	} while (v >>= 7);
}

static void number(struct buf *b, u32 field, u64 v)
{
	varint(b, (u64)field << 3);
	varint(b, v);
}

static void bytes(struct buf *b, u32 field, const void *data, size_t n)
{
	varint(b, (u64)field << 3 | 2);
	varint(b, n);
	put(b, data, n);
}

static void message(struct buf *b, u32 field, struct buf *m)
{
	bytes(b, field, m->p ? (const void *)m->p : "", m->n);
	m->n = 0;
}

/* String table: names from 1 on, then these. */
enum { STR_SAMPLES = 0, STR_COUNT, STR_CPU, STR_NS, STRS };
static const char *const extra[STRS] = { "samples", "count", "cpu", "nanoseconds" };

static void value_type(struct buf *b, struct buf *m, u32 field, u64 base, u64 type, u64 unit)
{
	number(m, 1, base + type);
	number(m, 2, base + unit);
	message(b, field, m);
}

static void samples(struct buf *b, struct buf *m, struct names *t, const struct profile *p, u64 period)
{
	struct buf ids = { NULL, 0, 0 };

	for (u32 i = 0; i < p->n; i++) {
		const char *s = p->row[i].stack, *at = s + strlen(s);

		while (at > s) { /* innermost first */
			const char *begin = at;
			while (begin > s && begin[-1] != ';')
				begin--;
			varint(&ids, name_of(t, begin, (size_t)(at - begin)) + 1);
			at = begin > s ? begin - 1 : begin;
		}
		message(m, 1, &ids);
		varint(&ids, p->row[i].count);
		varint(&ids, p->row[i].count * period);
		message(m, 2, &ids);
		message(b, 2, m);
	}
	free(ids.p);
}

int profile_pprof(const struct profile *p, FILE *out)
{
	struct names t = { NULL, NULL, NULL, 0, 0, NULL };
	struct buf b = { NULL, 0, 0 }, m = { NULL, 0, 0 }, line = { NULL, 0, 0 };
	u64 period = p->hz ? 1000000000u / p->hz : 0, base;

	count(&t, p);
	base = t.n + 1;
	value_type(&b, &m, 1, base, STR_SAMPLES, STR_COUNT);
	value_type(&b, &m, 1, base, STR_CPU, STR_NS);
	samples(&b, &m, &t, p, period);
	for (u32 i = 0; i < t.n; i++) { /* a location and a function for each name */
		number(&line, 1, i + 1);
		number(&m, 1, i + 1);
		message(&m, 4, &line);
		message(&b, 4, &m);
	}
	for (u32 i = 0; i < t.n; i++) {
		number(&m, 1, i + 1);
		number(&m, 2, i + 1);
		message(&b, 5, &m);
	}
	bytes(&b, 6, "", 0);
	for (u32 i = 0; i < t.n; i++)
		bytes(&b, 6, t.v[i], strlen(t.v[i]));
	for (u32 i = 0; i < STRS; i++)
		bytes(&b, 6, extra[i], strlen(extra[i]));
	number(&b, 10, p->wall_ns);
	value_type(&b, &m, 11, base, STR_CPU, STR_NS);
	number(&b, 12, period);
	fwrite(b.p, 1, b.n, out);
	free(b.p);
	free(m.p);
	free(line.p);
	names_free(&t);
	return ferror(out) ? -1 : 0;
}
