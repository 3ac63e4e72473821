/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that a refused walk through a struct is reported by. */
#include <stdio.h>

#include "btf/btf.h"
#include "spec/spec.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void walk_text(const struct btf_walk_bad *b, char *out, size_t size)
{
	switch (b->why) {
	case WALK_END_BEYOND:
		snprintf(out, size, reject_spec[REJ_WALK_BEYOND].text, b->type, b->off, b->size);
		break;
	case WALK_END_NO_FIELD:
		snprintf(out, size, reject_spec[REJ_WALK_NO_FIELD].text, b->type, (s32)b->off);
		break;
	case WALK_END_NO_SIZE:
		snprintf(out, size, reject_spec[REJ_WALK_NO_SIZE].text, b->field);
		break;
	case WALK_END_PTR_PART:
		snprintf(out, size, reject_spec[REJ_WALK_PTR_PART].text, b->field, b->at, b->type, b->off, b->size);
		break;
	case WALK_END_MEMBER:
		snprintf(out, size, reject_spec[REJ_WALK_MEMBER].text, b->field, b->at, b->type, b->off, b->size);
		break;
	case WALK_END_NO_STRUCT:
		snprintf(out, size, reject_spec[REJ_WALK_NO_STRUCT].text, b->type);
		break;
	}
}
