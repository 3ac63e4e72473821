/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures, through libpcap: all packets of a file in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "cli/capture.h"

void capture_free(struct capture *c)
{
	for (u32 i = 0; i < c->n; i++)
		free(c->pkt[i].data);
	free(c->pkt);
	*c = (struct capture){ 0 };
}

static int add_packet(struct capture *c, u32 *cap, const struct pcap_pkthdr *h, const u8 *data)
{
	struct packet *p;

	if (c->n == *cap) {
		u32 more = *cap ? *cap * 2 : 256;
		p = realloc(c->pkt, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		c->pkt = p;
		*cap = more;
	}
	p = &c->pkt[c->n];
	p->data = malloc(h->caplen + 1u);
	if (!p->data)
		return -ENOMEM;
	memcpy(p->data, data, h->caplen);
	p->len = h->caplen;
	p->orig = h->len;
	p->ts_ns = (u64)h->ts.tv_sec * 1000000000ull + (u64)h->ts.tv_usec; /* opened with nanoseconds */
	c->n++;
	return 0;
}

int capture_read(const char *path, struct capture *ret)
{
	char err[PCAP_ERRBUF_SIZE];
	struct capture c = { 0 };
	struct pcap_pkthdr *h;
	const u8 *data;
	u32 cap = 0;
	pcap_t *p;
	int got;

	if (access(path, R_OK))
		return cli_error(EX_BAD_INPUT, "%s: %s", path, strerror(errno));
	p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
	if (!p)
		return cli_error(EX_BAD_INPUT, "%s: not a capture file: %s", path, err);
	c.linktype = pcap_datalink(p);
	if (c.linktype != DLT_EN10MB) {
		pcap_close(p);
		return cli_error(EX_BAD_INPUT, "%s: link type %s; programs get Ethernet frames, so the capture must hold them",
				 path, pcap_datalink_val_to_name(c.linktype));
	}
	while ((got = pcap_next_ex(p, &h, &data)) == 1)
		if (add_packet(&c, &cap, h, data)) {
			pcap_close(p);
			capture_free(&c);
			return cli_error(EX_INTERNAL, "%s: out of memory after %u packets", path, c.n);
		}
	if (got == PCAP_ERROR) {
		int code = cli_error(EX_BAD_INPUT, "%s: after packet %u: %s", path, c.n, pcap_geterr(p));
		pcap_close(p);
		capture_free(&c);
		return code;
	}
	pcap_close(p);
	*ret = c;
	return 0;
}

int capture_write(const char *path, const struct capture *c)
{
	pcap_t *p = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *d = p ? pcap_dump_open(p, path) : NULL;
	int code = 0;

	if (!d) {
		code = cli_error(EX_BAD_INPUT, "%s", p ? pcap_geterr(p) : "out of memory");
		goto out;
	}
	for (u32 i = 0; i < c->n; i++) {
		struct pcap_pkthdr h = { .caplen = c->pkt[i].len, .len = MAX(c->pkt[i].orig, c->pkt[i].len) };
		h.ts.tv_sec = (time_t)(c->pkt[i].ts_ns / 1000000000ull);
		h.ts.tv_usec = (suseconds_t)(c->pkt[i].ts_ns % 1000000000ull);
		pcap_dump((u8 *)d, &h, c->pkt[i].data);
	}
	if (pcap_dump_flush(d) || ferror(pcap_dump_file(d))) {
		code = cli_error(EX_INTERNAL, "%s: cannot write: %s", path, strerror(errno));
		unlink(path);
	}
	pcap_dump_close(d);
out:
	if (p)
		pcap_close(p);
	return code;
}
