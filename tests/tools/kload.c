/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kload: what the running kernel says to objects. Usage: kload [-v] [--bad DIR] OBJ...
 *
 * Loads every program of every object through libbpf's own path (real bpf(2)) and prints a line for each object. With --bad
 * each must be refused, with the text that the REJECT comment of DIR/NAME.c announces somewhere in the verifier's log.
 * Exit status: 0 all as expected, 1 not, 2 usage, 3 bpf(2) is not permitted here. Invariant: nothing stays loaded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/types.h"

#define LOG_SIZE (1u << 24)

static bool verbose;
static char log_buf[LOG_SIZE];

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return verbose && level <= LIBBPF_INFO ? vfprintf(stderr, fmt, ap) : 0;
}

static bool permitted(void)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, NULL, "GPL", insns, 2, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The text between "REJECT: " and the end of the comment in DIR/NAME.bpf.c; malloc'ed, NULL if there is none. */
static char *announced(const char *dir, const char *obj)
{
	const char *base = strrchr(obj, '/') ? strrchr(obj, '/') + 1 : obj;
	char path[4096], line[512], *text = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%.*s.c", dir, (int)strcspn(base, "."), base);
	f = fopen(path, "r");
	if (!f) {
		snprintf(path, sizeof(path), "%s/%.*s.bpf.c", dir, (int)strcspn(base, "."), base);
		f = fopen(path, "r");
	}
	if (!f)
		return NULL;
	while (!text && fgets(line, sizeof(line), f)) {
		char *p = strstr(line, "REJECT: "), *end = p ? strstr(p, " */") : NULL;

		if (end)
			text = strndup(p + 8, (size_t)(end - p) - 8);
	}
	fclose(f);
	return text;
}

/* The last line of the log that is not statistics: what the refusal says. */
static const char *last_words(char *log)
{
	const char *best = "";

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11) && *line)
			best = line;
	return best;
}

static struct bpf_object *open_object(const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log_buf, .kernel_log_size = sizeof(log_buf),
		    .kernel_log_level = verbose ? 6 : 4);
	struct bpf_object *obj = bpf_object__open_file(path, &opts);

	log_buf[0] = 0;
	return obj;
}

/* Returns true when the outcome is the expected one. */
static bool try_object(const char *path, const char *bad_dir)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct bpf_object *obj = open_object(path);
	char *want = NULL;
	bool ok = false;
	int err;

	if (!obj) {
		printf("cannot open %s: %s\n", path, strerror(errno));
		return false;
	}
	err = bpf_object__load(obj);
	if (verbose)
		fputs(log_buf, stdout);
	if (!bad_dir) {
		ok = !err;
		if (ok) {
			struct bpf_program *p;

			printf("accepted %s:", name);
			bpf_object__for_each_program(p, obj)
				printf(" %s(%zu)", bpf_program__name(p), bpf_program__insn_cnt(p));
			putchar('\n');
		} else {
			printf("REFUSED  %s: %s: %s\n", name, strerror(-err), last_words(log_buf));
		}
	} else {
		want = announced(bad_dir, path);
		ok = err && want && strstr(log_buf, want);
		printf("%s %s: %s\n", !err ? "ACCEPTED" : ok ? "refused " : "OTHERWISE", name,
		       err ? last_words(log_buf) : "");
		if (!ok)
			printf("         announced: %s\n", want ? want : "(nothing)");
	}
	free(want);
	bpf_object__close(obj);
	return ok;
}

int main(int argc, char **argv)
{
	const char *bad_dir = NULL;
	int n = 0, good = 0, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-v")) {
			verbose = true;
		} else if (!strcmp(argv[i], "--bad") && i + 1 < argc) {
			bad_dir = argv[++i];
		} else {
			fprintf(stderr, "usage: kload [-v] [--bad SOURCE_DIR] OBJ...\n");
			return 2;
		}
	}
	libbpf_set_print(quiet);
	if (!permitted()) {
		fprintf(stderr, "kload: bpf(2) is not permitted here: %s\n", strerror(errno));
		return 3;
	}
	for (; i < argc; i++, n++)
		good += try_object(argv[i], bad_dir);
	printf("%d as expected, %d not\n", good, n - good);
	return good != n;
}
