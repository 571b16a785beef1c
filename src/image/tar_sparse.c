/* tar_sparse.c - where the data of a sparse member goes: GNU's own maps, and the one in front of the data of pax 1.0
 *
 * The maps of pax 0.0 and 0.1 are records of its extended header (tar_pax.c).
 */
#include "image/tar_member.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "image/tar.h"

/* In the plain header GNU's own format uses the room of the prefix. */
enum sparse_field {
	SPARSE_MAP = 386,
	SPARSE_EXTENDED = 482,
	SPARSE_REAL_SIZE = 483,
	SPARSE_PIECES = 4,
	SPARSE_MORE_EXTENDED = 504, /* in a block of further pieces */
	SPARSE_MORE_PIECES = 21,
	SPARSE_NUMBER = 12, /* bytes */
};

int tar_piece_add(struct tar_member *m, uint64_t offset, uint64_t len, struct err *err)
{
	const struct tar_piece *last = m->npieces ? &m->pieces[m->npieces - 1] : NULL;

	if (m->npieces >= TAR_SPARSE_MAX)
		return err_set(err, "its sparse map has more than %u pieces", TAR_SPARSE_MAX);
	if (offset > INT64_MAX || len > INT64_MAX || (last && offset < last->offset + last->len))
		return err_set(err, "its sparse map is not in order");
	if ((m->npieces & (m->npieces + 1)) == 0) /* room doubles when all of 2^k - 1 are used */
		m->pieces = xrealloc(m->pieces, (m->npieces + 1) * 2 * sizeof(*m->pieces));
	assert(m->pieces);
	m->pieces[m->npieces++] = (struct tar_piece){offset, len};
	return 0;
}

static int gnu_pieces(struct tar_member *m, const uint8_t *at, unsigned int n, struct err *err)
{
	while (n--) {
		int64_t offset, len;

		if (tar_number(at, SPARSE_NUMBER, &offset) < 0 || tar_number(at + SPARSE_NUMBER, SPARSE_NUMBER, &len) < 0 ||
		    offset < 0 || len < 0)
			return err_set(err, "its sparse map is damaged");
		if (at[0] && tar_piece_add(m, (uint64_t)offset, (uint64_t)len, err) < 0)
			return -1;
		at += 2 * SPARSE_NUMBER;
	}
	return 0;
}

/* Four pieces are in the header, more in blocks behind it. */
int tar_sparse_gnu(struct tar *t, const uint8_t *h, struct err *err)
{
	struct tar_member *m = &t->member;
	bool more = h[SPARSE_EXTENDED];
	int64_t size;

	if (tar_number(h + SPARSE_REAL_SIZE, SPARSE_NUMBER, &size) < 0) {
		err_set(err, "its size is not a number");
		return tar_fail(t, err);
	}
	if (gnu_pieces(m, h + SPARSE_MAP, SPARSE_PIECES, err) < 0)
		return tar_fail(t, err);
	while (more) {
		uint8_t block[TAR_BLOCK];
		ssize_t n = source_read(t->source, block, TAR_BLOCK, err);

		if (n < (ssize_t)TAR_BLOCK)
			return n < 0 ? -1 : tar_truncated(t, err);
		if (gnu_pieces(m, block, SPARSE_MORE_PIECES, err) < 0)
			return tar_fail(t, err);
		more = block[SPARSE_MORE_EXTENDED];
	}
	m->real_size = (uint64_t)size;
	m->is_sparse = true;
	m->type = '0';
	return 0;
}

/* Read a decimal line of a 1.0 map, byte by byte, as a map has few lines. */
static int map_line(struct tar *t, uint64_t *left, uint64_t *value, struct err *err)
{
	char line[24];
	size_t n = 0;

	while (n < sizeof(line) && *left) {
		ssize_t got = source_read(t->source, line + n, 1, err);

		if (got <= 0)
			return got < 0 ? -1 : tar_truncated(t, err);
		(*left)--;
		if (line[n++] == '\n')
			break;
	}
	if (n && line[n - 1] == '\n' && tar_decimal(line, line + n, '\n', value) == line + n)
		return 0;
	err_set(err, "its sparse map is damaged");
	return tar_fail(t, err);
}

/* pax 1.0: the map stands in front of the data, padded to whole blocks. */
static int map_read(struct tar *t, struct err *err)
{
	struct tar_member *m = &t->member;
	uint64_t left = m->size, count = 0, offset = 0, len = 0, pad;

	if (map_line(t, &left, &count, err) < 0)
		return -1;
	while (count--) {
		if (map_line(t, &left, &offset, err) < 0 || map_line(t, &left, &len, err) < 0)
			return -1;
		if (tar_piece_add(m, offset, len, err) < 0)
			return tar_fail(t, err);
	}
	pad = tar_padding(m->size - left);
	if (pad > left)
		pad = left;
	m->size = left - pad;
	return tar_skip(t, pad, err);
}

/* The pieces must fill the data and lie inside the file. */
static int check(const struct tar_member *m, struct err *err)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < m->npieces; k++) {
		sum += m->pieces[k].len;
		if (sum > m->size || m->pieces[k].offset + m->pieces[k].len > m->real_size)
			return err_set(err, "its sparse map does not fit its size");
	}
	if (sum != m->size)
		return err_set(err, "its sparse map does not fit its size");
	return 0;
}

int tar_sparse_map(struct tar *t, struct err *err)
{
	if (t->member.sparse_major == 1 && map_read(t, err) < 0)
		return -1;
	return check(&t->member, err) < 0 ? tar_fail(t, err) : 0;
}
