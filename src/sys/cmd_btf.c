/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_BTF_LOAD, and the kernel's types as a BTF object of the subsystem. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "helper/kernel_object.h"
#include "hook/hook.h"
#include "skep/skep.h"
#include "sys/sys.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define SYSFS_MAGIC 0x62656572u

static void btf_destroy(struct obj *o)
{
	struct btf_obj *b = container_of(o, struct btf_obj, obj);

	btf_free(b->btf);
	free(b);
}

static const struct obj_ops btf_obj_ops = { .name = "btf", .destroy = btf_destroy };

/* Takes over `btf` when it succeeds. */
static int publish(struct skep *s, struct btf *btf, bool kernel, struct btf_obj **ret)
{
	struct btf_obj *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->btf = btf;
	b->kernel = kernel;
	if (kernel)
		strcpy(b->name, "vmlinux");
	err = obj_init(&b->obj, &s->tab, OBJ_BTF, &btf_obj_ops, -1);
	if (err) {
		free(b);
		return err;
	}
	*ret = b;
	return 0;
}

int btf_publish(struct skep *s, struct btf *btf, const char *module, struct btf_obj **ret)
{
	int err = publish(s, btf, true, ret);

	if (!err)
		snprintf((*ret)->name, sizeof((*ret)->name), "%s", module);
	return err;
}

static int read_file(const char *path, void **ret, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	size_t cap, at = 0;
	u8 *buf = NULL;

	if (fd < 0)
		return -errno;
	cap = !fstat(fd, &st) && st.st_size > 0 ? (size_t)st.st_size + 1 : (size_t)1 << 20;
	for (;;) {
		u8 *p = buf && at < cap ? buf : realloc(buf, cap); /* sysfs gives a page a time */
		ssize_t n;
		if (!p) {
			err = -ENOMEM;
			break;
		}
		buf = p;
		n = read(fd, buf + at, cap - at);
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		at += (size_t)n;
		if (at == cap)
			cap *= 2;
	}
	close(fd);
	if (err) {
		free(buf);
		return err;
	}
	*ret = buf;
	*ret_size = at;
	return 0;
}

/* Straight from the kernel where it lets its types be mapped (6.16). */
static int map_kernel_btf(struct log *log, struct btf **ret)
{
	int fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC), err = -ENODEV;
	struct statfs fs;
	struct stat st;
	void *map;

	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &fs) && (u32)fs.f_type == SYSFS_MAGIC && !fstat(fd, &st) && st.st_size > 0 && st.st_size < U32_MAX) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
		if (map != MAP_FAILED) {
			err = btf_adopt(map, (u32)st.st_size, log, ret);
			if (err)
				munmap(map, (size_t)st.st_size);
		}
	}
	close(fd);
	return err;
}

static int read_kernel_btf(const char *path, struct log *log, struct btf **ret)
{
	size_t size = 0;
	void *data = NULL;
	u32 own;
	int err = read_file(path ? path : KERNEL_BTF, &data, &size);

	if (err && !path) {
		err = skep_own_btf(&data, &own);
		size = err ? 0 : own;
	}
	if (err)
		return err;
	err = btf_parse(data, (u32)size, NULL, true, log, ret);
	free(data);
	return err;
}

static int load_kernel_btf(struct skep *s, const char *path)
{
	struct btf *btf;
	struct log log;
	int err;

	log_init(&log, 0);
	err = path || map_kernel_btf(&log, &btf) ? read_kernel_btf(path, &log, &btf) : 0;
	log_free(&log);
	if (err)
		return err;
	err = publish(s, btf, true, &s->kernel_btf_obj);
	if (err) {
		btf_free(btf);
		return err;
	}
	s->kernel_btf = btf;
	return 0;
}

const struct btf *sys_kernel_btf(struct skep *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->kernel_btf_tried) {
		s->kernel_btf_tried = true;
		s->kernel_btf_err = load_kernel_btf(s, s->btf_file);
		kernel_object_types(s->kernel_btf);
		hooks_kernel_btf(s->hooks, s->kernel_btf);
	}
	pthread_mutex_unlock(&s->lock);
	return s->kernel_btf;
}

int cmd_btf_load(struct call *c)
{
	struct attr_btf_load *a = &c->a.btf_load;
	struct btf_obj *b;
	struct btf *btf;
	struct log log;
	void *data;
	int err, full;
	char *text;

	if (a->flags & ~FLAG_TOKEN)
		return call_fail(c, -EINVAL, "btf_flags 0x%x has unknown bits", a->flags);
	if (a->flags & FLAG_TOKEN)
		return call_token(c, a->token_fd);
	err = call_need(c);
	if (err)
		return err;
	if (a->btf_size > (16u << 20))
		return call_fail(c, -E2BIG, "BTF of %u bytes is larger than 16 MiB", a->btf_size);
	if ((a->log_level || a->log_buf || a->log_size) &&
	    (!a->log_buf || !a->log_level || (a->log_level & ~(u32)LOG_MASK) || a->log_size > U32_MAX >> 2 || !a->log_size))
		return call_fail(c, -EINVAL, "log level %u, buffer and size %u do not go together", a->log_level, a->log_size);
	err = call_in_alloc(c, a->btf, a->btf_size, &data);
	if (err)
		return err;
	log_init(&log, a->log_level ? a->log_level : LOG_LEVEL1); /* without a log its text becomes the reason */
	err = btf_load(data, a->btf_size, sys_kernel_btf(c->s), &log, &btf);
	free(data);
	if (err)
		call_fail(c, err, "%s", log.text.len ? str_text(&log.text) : strerror(-err));
	if (a->log_level) {
		text = malloc(a->log_size);
		if (text) {
			full = log_deliver(&log, text, a->log_size, &a->log_true_size);
			size_t n = strnlen(text, a->log_size - 1) + 1;
			if (call_out(c, a->log_buf, text, n))
				full = -EFAULT;
			free(text);
			CALL_PUT(c, btf_load.log_true_size);
			if (full && !err) {
				btf_free(btf);
				err = full;
			}
		}
	}
	log_free(&log);
	if (err)
		return err;
	err = publish(c->s, btf, false, &b);
	if (err) {
		btf_free(btf);
		return err;
	}
	err = call_new_fd(c, &b->obj, O_RDONLY);
	obj_put(&b->obj);
	return err;
}
