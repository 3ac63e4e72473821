/* SPDX-License-Identifier: BSD-2-Clause */
/* mdoc(7), as the pages are written in. */
#ifndef SKEP_CLI_MAN_H
#define SKEP_CLI_MAN_H

/* Text that troff takes literally: no control lines, no escapes, a new line for each sentence. Not empty. */
void man_text(const char *s);
/* The same as a macro's argument: one word, quoted. */
void man_quoted(const char *s);
/* Up to the name and the one line about it. */
void man_head(const char *title, const char *section, const char *name, const char *what);

/* libskep(3): man_api.c. */
void man_api_page(void);

#endif
