/* SPDX-License-Identifier: BSD-2-Clause */
/* Small text files: their beginning, and what is found in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "unit/test.h"

TEST(files)
{
	char name[] = "/tmp/base_text.XXXXXX", buf[6];
	int fd = mkstemp(name);

	CHECK(text_of(buf, sizeof(buf), "%s", name) == 0 && !buf[0]);
	CHECK(write(fd, "one two", 7) == 7);
	close(fd);
	CHECK(text_of(buf, sizeof(buf), "/%s", name + 1) == 5 && !strcmp(buf, "one t"));
	unlink(name);
	CHECK(text_of(buf, sizeof(buf), "%s", name) == -ENOENT && !buf[0]);
	CHECK(text_of(buf, sizeof(buf), "/tmp") == -EISDIR && !buf[0]);
	CHECK(text_of(buf, sizeof(buf), "/%0200d", 1) == -ENAMETOOLONG && !buf[0]);
}

TEST(lines)
{
	char text[] = "Name:\tPid:\nUmask:\t0022\nTPid: 9\nPid:\t77\nEmpty:", none[] = "";

	CHECK(text_number(text, "Pid", 10) == 77);
	CHECK(text_number(text, "Umask", 8) == 022);
	CHECK(text_number(text, "Name", 10) == 0 && text_number(text, "Na", 10) == 0);
	CHECK(!*text_value(text, "Empty") && !*text_value(text, "Other") && !*text_value(none, "Pid"));
	CHECK(!strncmp(text_value(text, "Name"), "\tPid:\n", 6));
}

TEST(stat)
{
	char text[] = "12 (a) b (c) R 3 4", none[] = "";

	CHECK(*text_stat(text, 3) == 'R' && *text_stat(text, 5) == '4');
	CHECK(!text_stat(text, 6) && !text_stat(none, 3));
}
