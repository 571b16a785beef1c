/* tar_pax.c - the fields of tar headers, and pax's extended ones */
#include "image/tar_member.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/tar.h"

void tar_member_free(struct tar_member *m)
{
	struct tree owner = {.inodes = xcalloc(1, sizeof(struct inode))};

	*owner.inodes = m->attributes;
	owner.inodes->next = NULL;
	tree_free(&owner);
	free(m->path);
	free(m->link);
	free(m->sparse_path);
	free(m->pieces);
	*m = (struct tar_member){0};
}

/* Base-256: the first byte is 0x80 (or 0xff: negative), the rest a big-endian number. */
static int number_binary(const uint8_t *field, size_t n, int64_t *value)
{
	uint64_t v = field[0] == 0xff ? UINT64_MAX : (uint64_t)field[0] & 0x3f;

	for (size_t k = 1; k < n; k++) {
		uint64_t top = v >> 55;

		if (top != 0 && top != 0x1ff)
			return -1;
		v = v << 8 | field[k];
	}
	*value = (int64_t)v;
	return 0;
}

int tar_number(const uint8_t *field, size_t n, int64_t *value)
{
	uint64_t v = 0;
	size_t k = 0;

	if (field[0] & 0x80)
		return number_binary(field, n, value);
	while (k < n && field[k] == ' ')
		k++;
	for (; k < n && field[k] >= '0' && field[k] <= '7'; k++) {
		if (v >> 60)
			return -1;
		v = v << 3 | (uint64_t)(field[k] - '0');
	}
	if (k < n && field[k] != ' ' && field[k] != '\0')
		return -1;
	*value = (int64_t)v;
	return 0;
}

const char *tar_decimal(const char *p, const char *end, char end_char, uint64_t *value)
{
	uint64_t v = 0;
	const char *start = p;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (v > (UINT64_MAX >> 1) / 10 - 1)
			return NULL;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (p == start || p == end || *p != end_char)
		return NULL;
	*value = v;
	return p + 1;
}

/* The whole value must be a decimal number. */
static int pax_number(const char *value, uint64_t *out, struct err *err)
{
	const char *end = value + strlen(value);

	if (tar_decimal(value, end + 1, '\0', out) != end + 1)
		return err_set(err, "its pax header has the bad number '%.40s'", value);
	return 0;
}

/* "SECONDS[.FRACTION]", negative before 1970. */
static int pax_time(struct tar_member *m, const char *value, struct err *err)
{
	const char *dot = strchr(value, '.');
	cleanup_free char *whole = xstrndup(value, dot ? (size_t)(dot - value) : strlen(value));
	bool negative = whole[0] == '-';
	uint32_t unit = 100000000, ns = 0;
	uint64_t seconds;

	if (pax_number(whole + negative, &seconds, err) < 0)
		return -1;
	for (const char *p = dot ? dot + 1 : ""; *p >= '0' && *p <= '9'; p++, unit /= 10)
		ns += unit * (uint32_t)(*p - '0');
	m->mtime = negative ? -(int64_t)seconds : (int64_t)seconds;
	m->mtime_nsec = ns;
	if (negative && ns) {
		m->mtime--;
		m->mtime_nsec = 1000000000 - ns;
	}
	m->have |= TAR_HAVE_MTIME;
	return 0;
}

static int pax_size(struct tar_member *m, const char *value, struct err *err)
{
	m->have |= TAR_HAVE_SIZE;
	return pax_number(value, &m->size, err);
}

static int pax_id(uint32_t *id, const char *value, struct err *err)
{
	uint64_t v;

	if (pax_number(value, &v, err) < 0)
		return -1;
	if (v > UINT32_MAX)
		return err_set(err, "its owner %s is more than 32 bits", value);
	*id = (uint32_t)v;
	return 0;
}

static int pax_uid(struct tar_member *m, const char *value, struct err *err)
{
	m->have |= TAR_HAVE_UID;
	return pax_id(&m->uid, value, err);
}

static int pax_gid(struct tar_member *m, const char *value, struct err *err)
{
	m->have |= TAR_HAVE_GID;
	return pax_id(&m->gid, value, err);
}

static int pax_text(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
	return 0;
}

static int pax_path(struct tar_member *m, const char *value, struct err *err)
{
	(void)err;
	return pax_text(&m->path, value);
}

static int pax_linkpath(struct tar_member *m, const char *value, struct err *err)
{
	(void)err;
	return pax_text(&m->link, value);
}

/* In sparse members "path" is a made-up name for old readers: this one is real. */
static int pax_sparse_name(struct tar_member *m, const char *value, struct err *err)
{
	(void)err;
	return pax_text(&m->sparse_path, value);
}

static int pax_sparse_size(struct tar_member *m, const char *value, struct err *err)
{
	m->is_sparse = true;
	return pax_number(value, &m->real_size, err);
}

static int pax_sparse_major(struct tar_member *m, const char *value, struct err *err)
{
	uint64_t v;

	if (pax_number(value, &v, err) < 0)
		return -1;
	if (v > 1)
		return err_set(err, "it is sparse in format %s, which is not known", value);
	m->sparse_major = (unsigned int)v;
	m->is_sparse = true;
	return 0;
}

/* 0.0 has the pieces as pairs of records: the offset opens one. */
static int pax_sparse_offset(struct tar_member *m, const char *value, struct err *err)
{
	uint64_t v;

	return pax_number(value, &v, err) < 0 ? -1 : tar_piece_add(m, v, 0, err);
}

static int pax_sparse_bytes(struct tar_member *m, const char *value, struct err *err)
{
	uint64_t v;

	if (pax_number(value, &v, err) < 0)
		return -1;
	if (!m->npieces || v > INT64_MAX)
		return err_set(err, "its sparse map is not in order");
	m->pieces[m->npieces - 1].len = v;
	return 0;
}

/* 0.1 has them all in one record: "offset,len,offset,len". */
static int pax_sparse_map(struct tar_member *m, const char *value, struct err *err)
{
	const char *p = value, *end = value + strlen(value) + 1;
	uint64_t offset, len;

	m->npieces = 0;
	free(steal(m->pieces));
	while (p && p < end && *p) {
		const char *next = tar_decimal(p, end, ',', &offset);

		p = next ? tar_decimal(next, end, ',', &len) : NULL;
		if (!p && next)
			p = tar_decimal(next, end, '\0', &len);
		if (p && tar_piece_add(m, offset, len, err) < 0)
			return -1;
	}
	return p ? 0 : err_set(err, "its sparse map '%.40s' is damaged", value);
}

static const struct pax_key {
	const char *key;
	int (*apply)(struct tar_member *m, const char *value, struct err *err);
} pax_keys[] = {
	{"path", pax_path},
	{"linkpath", pax_linkpath},
	{"size", pax_size},
	{"uid", pax_uid},
	{"gid", pax_gid},
	{"mtime", pax_time},
	{"GNU.sparse.major", pax_sparse_major},
	{"GNU.sparse.name", pax_sparse_name},
	{"GNU.sparse.size", pax_sparse_size},
	{"GNU.sparse.realsize", pax_sparse_size},
	{"GNU.sparse.offset", pax_sparse_offset},
	{"GNU.sparse.numbytes", pax_sparse_bytes},
	{"GNU.sparse.map", pax_sparse_map},
};

/* Keys that are not known are skipped, as POSIX says; values of attributes are any bytes. */
static int pax_record(struct tar_member *m, const char *key, const char *value, size_t n, struct err *err)
{
	static const char xattr[] = "SCHILY.xattr.";

	if (strncmp(key, xattr, sizeof(xattr) - 1) == 0)
		return tree_xattr(&m->attributes, key + sizeof(xattr) - 1, value, n, err);
	for (size_t k = 0; k < ARRAY_SIZE(pax_keys); k++) {
		if (strcmp(key, pax_keys[k].key) != 0)
			continue;
		if (strlen(value) != n)
			return err_set(err, "its pax header has a NUL in '%s'", key);
		if (n == 0) /* as if it were not there */
			return 0;
		return pax_keys[k].apply(m, value, err);
	}
	return 0;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts all of that. */
int tar_pax(struct tar_member *m, char *text, size_t n, struct err *err)
{
	char *p = text, *end = text + n;

	while (p < end && *p) {
		uint64_t len;
		const char *key = tar_decimal(p, end, ' ', &len);
		char *equals, *last;

		if (!key || len > (uint64_t)(end - p) || p + len <= key || p[len - 1] != '\n')
			return err_set(err, "its pax header is damaged");
		last = p + len - 1;
		equals = memchr(key, '=', (size_t)(last - key));
		if (!equals)
			return err_set(err, "its pax header is damaged");
		*equals = *last = '\0';
		if (pax_record(m, key, equals + 1, (size_t)(last - equals - 1), err) < 0)
			return -1;
		p += len;
	}
	return 0;
}
