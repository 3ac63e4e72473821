/* SPDX-License-Identifier: BSD-2-Clause */
/* Links as objects: life, exchange of the program, detaching. What they are attached to is in the files of the targets. */
#include "hook/link.h"

#include <errno.h>
#include <stdlib.h>

static void link_destroy(struct obj *o)
{
	struct link *l = link_of(o);

	if (!l->dead)
		l->ops->release(l);
	if (l->ops->free)
		l->ops->free(l);
	hook_slot_free(l->hooks, l->slot);
	prog_put(l->prog);
	free(l);
}

static const struct obj_ops link_obj_ops = { .name = "link", .destroy = link_destroy };

int link_new(struct hooks *h, struct objtab *tab, u32 type, u32 attach_type, const struct link_ops *ops, struct prog *p,
	     struct link **ret)
{
	struct link *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	err = obj_init(&l->obj, tab, OBJ_LINK, &link_obj_ops, -1);
	if (err) {
		free(l);
		return err;
	}
	l->ops = ops;
	l->hooks = h;
	l->type = type;
	l->attach_type = attach_type;
	l->dead = true; /* until it is attached */
	if (p) {
		obj_get(&p->obj);
		l->prog = p;
		l->slot = hook_slot_new(h, p);
		if (!l->slot) {
			obj_put(&l->obj);
			return -ENOMEM;
		}
	}
	*ret = l;
	return 0;
}

void link_set_prog(struct link *l, struct prog *p)
{
	struct prog *old = l->prog;

	obj_get(&p->obj);
	l->prog = p;
	hook_slot_prog(l->hooks, l->slot, p);
	prog_put(old);
}

int link_detach(struct link *l)
{
	if (!l->ops->can_detach)
		return -EOPNOTSUPP;
	if (!__atomic_exchange_n(&l->dead, true, __ATOMIC_ACQ_REL))
		l->ops->release(l);
	return 0;
}

int link_update(struct link *l, struct prog *prog, struct prog *old, struct str *why)
{
	if (!l->ops->update) {
		str_printf(why, "a %s link keeps its program", link_spec[l->type].name);
		return -EINVAL;
	}
	return l->ops->update(l, prog, old, why);
}

void attach_list_free(struct attach_list *l)
{
	free(l->prog);
	free(l->link);
	free(l->prog_flags);
}

int attach_list_add(struct attach_list *l, u32 prog, u32 link, u32 flags)
{
	if (l->n % 16 == 0) {
		size_t size = (l->n + 16) * sizeof(u32);
		u32 *a = realloc(l->prog, size), *b = a ? realloc(l->link, size) : NULL,
		    *c = b ? realloc(l->prog_flags, size) : NULL;

		l->prog = a ? a : l->prog;
		l->link = b ? b : l->link;
		l->prog_flags = c ? c : l->prog_flags;
		if (!c)
			return -ENOMEM;
	}
	l->prog[l->n] = prog;
	l->link[l->n] = link;
	l->prog_flags[l->n++] = flags;
	return 0;
}
