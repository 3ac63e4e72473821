/* SPDX-License-Identifier: BSD-2-Clause */
/* The program object: lifetime, identity, what is asked of it after loading. See prog.h. */
#include "prog/prog.h"

#include <errno.h>
#include <stdlib.h>

/* license.h's list: an interface of modules and programs alike. */
bool license_is_gpl(const char *license)
{
	static const char *const gpl[] = { "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
					   "Dual MPL/GPL" };

	for (size_t i = 0; i < ARRAY_SIZE(gpl); i++)
		if (!strcmp(license, gpl[i]))
			return true;
	return false;
}

const struct image *prog_image_of(struct obj *o)
{
	return &prog_of(o)->image;
}

int prog_bind_map(struct prog *p, struct map *m)
{
	struct map **maps;
	int err = 0;

	pthread_mutex_lock(&p->lock);
	for (u32 i = 0; i < p->nmaps; i++)
		if (p->maps[i] == m)
			goto out;
	maps = realloc(p->maps, (p->nmaps + 1) * sizeof(*maps));
	if (!maps) {
		err = -ENOMEM;
		goto out;
	}
	p->maps = maps;
	obj_get(&m->obj);
	p->maps[p->nmaps++] = m;
out:
	pthread_mutex_unlock(&p->lock);
	return err;
}

void prog_xlated(const struct prog *p, struct bpf_insn *out)
{
	memcpy(out, p->insns, p->insn_cnt * sizeof(*out));
}
