/* gzip.c - inflating gzip streams (RFC 1952) with zlib */
#include "base/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"

#define GZIP_INPUT   (256 * 1024) /* bytes a read(2) */
#define GZIP_FORMAT  (15 + 16)	  /* zlib: largest window, gzip header and sum */
#define GZIP_GROWTH  (256 * 1024) /* bytes a step, inflating to memory */

struct gzip {
	z_stream z;
	const char *name;
	int fd;
	bool done;	/* no more members */
	bool inside;	/* of a member */
	uint64_t taken; /* compressed bytes read */
	uint64_t left;	/* that may still be read */
	uint8_t input[GZIP_INPUT];
};

static struct gzip *gzip_new(int fd, const char *name)
{
	struct gzip *g = xcalloc(1, sizeof(*g));

	g->fd = fd;
	g->name = name;
	g->inside = true;
	if (inflateInit2(&g->z, GZIP_FORMAT) != Z_OK)
		xmalloc(SIZE_MAX / 2); /* only memory can be missing: end as mem.h says */
	return g;
}

struct gzip *gzip_open(int fd, uint64_t max, const char *name)
{
	struct gzip *g = gzip_new(fd, name);

	g->left = max;
	return g;
}

void gzip_close(struct gzip *g)
{
	if (g)
		inflateEnd(&g->z);
	free(g);
}

/* More input. Return: bytes there now, 0 at the end of the file, or -1. */
static ssize_t gzip_fill(struct gzip *g, struct err *err)
{
	ssize_t n;

	if (g->z.avail_in || g->fd < 0)
		return g->z.avail_in;
	n = fd_read_full(g->fd, g->input, g->left < sizeof(g->input) ? (size_t)g->left : sizeof(g->input));
	if (n < 0)
		return err_errno(err, "cannot read '%s'", g->name);
	g->z.next_in = g->input;
	g->z.avail_in = (unsigned int)n;
	g->taken += (uint64_t)n;
	g->left -= (uint64_t)n;
	return n;
}

static unsigned long long gzip_at(const struct gzip *g)
{
	return (unsigned long long)(g->taken - g->z.avail_in);
}

/* Between members: another one, padding, or the end. */
static int gzip_member(struct gzip *g, struct err *err)
{
	ssize_t n = gzip_fill(g, err);

	while (n > 0 && *g->z.next_in == 0) {
		g->z.next_in++;
		g->z.avail_in--;
		n = gzip_fill(g, err);
	}
	if (n < 0)
		return -1;
	if (n == 0)
		g->done = true;
	else if (*g->z.next_in != 0x1f)
		return err_set(err, "'%s' is damaged: there is something else behind the gzip stream, at byte %llu",
			       g->name, gzip_at(g));
	inflateReset(&g->z);
	g->inside = !g->done;
	return 0;
}

ssize_t gzip_read(struct gzip *g, void *out, size_t n, struct err *err)
{
	g->z.next_out = out;
	g->z.avail_out = (unsigned int)n;
	while (g->z.avail_out == n && !g->done) {
		ssize_t have = g->inside ? gzip_fill(g, err) : 1;
		int r;

		if (have < 0 || (!g->inside && gzip_member(g, err) < 0))
			return -1;
		if (g->done)
			break;
		if (have == 0)
			return err_set(err, "'%s' is truncated: the gzip stream stops at byte %llu", g->name,
				       gzip_at(g));
		r = inflate(&g->z, Z_NO_FLUSH);
		if (r == Z_STREAM_END)
			g->inside = false;
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return err_set(err, "'%s' is damaged: %s at byte %llu of the gzip stream", g->name,
				       g->z.msg ? g->z.msg : "bad data", gzip_at(g));
	}
	return (ssize_t)(n - g->z.avail_out);
}

int gzip_inflate(const char *name, const struct buf *in, size_t limit, struct buf *out, struct err *err)
{
	struct gzip *g = gzip_new(-1, name);
	size_t start = out->len;
	ssize_t n;

	g->z.next_in = (uint8_t *)in->data;
	g->z.avail_in = (unsigned int)in->len;
	g->taken = in->len;
	while ((n = gzip_read(g, buf_reserve(out, GZIP_GROWTH), GZIP_GROWTH, err)) > 0) {
		buf_commit(out, (size_t)n);
		if (out->len - start > limit) {
			n = err_set(err, "'%s' inflates to more than %zu bytes", name, limit);
			break;
		}
	}
	gzip_close(g);
	return n < 0 ? -1 : 0;
}
