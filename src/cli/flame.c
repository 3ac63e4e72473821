/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flame graphs: one self-contained SVG, or the same in a page. Width is samples, height is depth; a click zooms into a frame, typing in the
 * page's field marks names. Rows of the profile are sorted, so equal prefixes lie side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/profile.h"

#define WIDTH 1200.0
#define ROW 17
#define TOP 40
#define MIN_WIDTH 0.3 /* narrower frames are not drawn */

struct drawing {
	const struct profile *p;
	FILE *out;
	u64 total;
	u32 depth;       /* of the deepest stack */
};

/* The frame at a depth of a stack: its begin and length. */
static const char *frame_at(const char *s, u32 depth, size_t *len)
{
	for (; depth && *s; depth--) {
		s += strcspn(s, ";");
		s += *s == ';';
	}
	*len = strcspn(s, ";");
	return s;
}

static u32 depth_of(const char *s)
{
	u32 n = 1;

	for (; *s; s++)
		n += *s == ';';
	return n;
}

static void escaped(FILE *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(s[i], out); break;
		}
}

/* Warm colours, the same for the same name. */
static void colour(const char *s, size_t n, char out[24])
{
	u32 h = 5381;

	for (size_t i = 0; i < n; i++)
		h = h * 33 + (u8)s[i];
	snprintf(out, 24, "rgb(%u,%u,%u)", 205 + h % 50, 80 + (h >> 8) % 130, (h >> 16) % 55);
}

static void draw_frame(const struct drawing *d, u64 from, u64 count, u32 depth, const char *s, size_t n)
{
	double x = (double)from / (double)d->total * WIDTH, w = (double)count / (double)d->total * WIDTH;
	u32 y = TOP + (d->depth - depth) * ROW, fit = w > 20 ? (u32)((w - 6) / 6.6) : 0;
	char fill[24];

	if (w < MIN_WIDTH)
		return;
	colour(s, n, fill);
	fprintf(d->out, "<g class=\"f\" data-x=\"%.2f\" data-w=\"%.2f\" data-y=\"%u\"><title>", x, w, y);
	escaped(d->out, s, n);
	fprintf(d->out,
		" (%llu samples, %.2f%%)</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"%s\"/><text x=\"%.2f\" y=\"%u\">",
		(unsigned long long)count, 100.0 * (double)count / (double)d->total, x, y, w, ROW - 1, fill, x + 3, y + 12);
	if (fit >= 3) {
		escaped(d->out, s, n <= fit ? n : fit - 2);
		if (n > fit)
			fputs("..", d->out);
	}
	fputs("</text></g>\n", d->out);
}

/* Rows lo..hi share their first `depth` frames. */
static void draw(const struct drawing *d, u32 lo, u32 hi, u32 depth, u64 from)
{
	for (u32 i = lo; i < hi;) {
		size_t n, m;
		const char *s = frame_at(d->p->row[i].stack, depth, &n);
		u64 count = 0;
		u32 k = i;

		if (!n) { /* the stack ends here */
			from += d->p->row[i++].count;
			continue;
		}
		for (; k < hi; k++) {
			const char *t = frame_at(d->p->row[k].stack, depth, &m);
			if (m != n || memcmp(s, t, n))
				break;
			count += d->p->row[k].count;
		}
		draw_frame(d, from, count, depth + 1, s, n);
		if ((double)count / (double)d->total * WIDTH >= MIN_WIDTH)
			draw(d, i, k, depth + 1, from);
		from += count;
		i = k;
	}
}

static const char script[] =
	"(function(){var svg=document.currentScript.ownerSVGElement||document.querySelector('svg'),W=1200,"
	"fs=[].slice.call(svg.querySelectorAll('g.f'));"
	"function num(g,k){return parseFloat(g.getAttribute('data-'+k))}"
	"function name(g){return g.firstChild.textContent.replace(/ \\([0-9]+ samples.*/,'')}"
	"function place(g,x,w){var r=g.querySelector('rect'),t=g.querySelector('text'),n=name(g),fit=Math.floor((w-6)/6.6);"
	"r.setAttribute('x',x);r.setAttribute('width',Math.max(w,0));t.setAttribute('x',x+3);"
	"t.textContent=fit<3?'':n.length<=fit?n:n.slice(0,fit-2)+'..'}"
	"function zoom(z){var zx=num(z,'x'),zw=num(z,'w'),zy=num(z,'y');fs.forEach(function(g){var x=num(g,'x'),w=num(g,'w'),y=num(g,'y');"
	"if(y>zy&&x<=zx+0.01&&x+w>=zx+zw-0.01){g.style.display='';place(g,0,W);g.style.opacity=0.5}"
	"else if(x>=zx-0.01&&x+w<=zx+zw+0.01&&y<=zy){g.style.display='';g.style.opacity=1;place(g,(x-zx)/zw*W,w/zw*W)}"
	"else g.style.display='none'})}"
	"function reset(){fs.forEach(function(g){g.style.display='';g.style.opacity=1;place(g,num(g,'x'),num(g,'w'))})}"
	"fs.forEach(function(g){g.addEventListener('click',function(e){e.stopPropagation();zoom(g)})});"
	"svg.addEventListener('click',reset);"
	"window.skepFind=function(q){q=q.toLowerCase();fs.forEach(function(g){var r=g.querySelector('rect'),hit=q&&name(g).toLowerCase().indexOf(q)>=0;"
	"r.style.fill=hit?'rgb(120,60,220)':''})}})();";

int profile_svg(const struct profile *p, FILE *out)
{
	struct drawing d = { .p = p, .out = out };
	u32 height;

	for (u32 i = 0; i < p->n; i++) {
		u32 n = depth_of(p->row[i].stack);
		d.total += p->row[i].count;
		d.depth = n > d.depth ? n : d.depth;
	}
	height = TOP + (d.depth + 1) * ROW + 10;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" font-family=\"monospace\" "
		"font-size=\"11\">\n<style>g.f{cursor:pointer}g.f:hover rect{stroke:#000;stroke-width:.7}text{pointer-events:none}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fffdf6\"/>\n<text x=\"10\" y=\"20\" font-size=\"14\">",
		(int)WIDTH, height, (int)WIDTH, height);
	escaped(out, p->title, strlen(p->title));
	fputs("</text>\n", out);
	if (d.total)
		draw(&d, 0, p->n, 0, 0);
	fprintf(out, "<script>//<![CDATA[\n%s\n//]]></script>\n</svg>\n", script);
	return ferror(out) ? -1 : 0;
}

int profile_html(const struct profile *p, FILE *out)
{
	int err;

	fputs("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>", out);
	escaped(out, p->title, strlen(p->title));
	fputs("</title><style>body{margin:12px;font-family:sans-serif;background:#fffdf6}svg{width:100%;height:auto}</style></head><body>\n"
	      "<p><input placeholder=\"mark functions\" oninput=\"skepFind(this.value)\"> a click on a frame zooms, one beside them zooms out</p>\n",
	      out);
	err = profile_svg(p, out);
	fputs("</body></html>\n", out);
	return err || ferror(out) ? -1 : 0;
}
