/* fuzz_oci.c - any bytes as a container's image
 *
 * An input is a list of pieces behind SEPARATOR. The first byte says what they are: 'L' for
 * what "config" has, then layers, in an archive whose sums are right; 'J' for
 * manifest.json, index.json, and blobs, each called by its sum, which "@0" to "@9" stand for.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/container.h"
#include "image/format.h"
#include "mend.h"
#include "../unit/tar_build.h"

#define SEPARATOR  "\n--\n"
#define PIECES_MAX 10

struct piece {
	const uint8_t *data;
	size_t n;
	char sum[SHA256_HEX];
};

static void sum_up(struct piece *p)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, p->data, p->n);
	sha256_hex(&s, p->sum);
}

static size_t split(const uint8_t *data, size_t n, struct piece pieces[PIECES_MAX])
{
	const uint8_t *end = data + n, *next;
	size_t count = 0;

	while (count < PIECES_MAX) {
		next = memmem(data, (size_t)(end - data), SEPARATOR, strlen(SEPARATOR));
		pieces[count++] = (struct piece){data, (size_t)((next ? next : end) - data), ""};
		if (!next)
			break;
		data = next + strlen(SEPARATOR);
	}
	return count;
}

static void add(struct buf *tar, const char *name, const void *data, size_t n)
{
	tar_build_head(tar, name, '0', 0644, "", n);
	tar_build_data(tar, data, n);
}

/* Layers, with a configuration and a manifest that are right. */
static void make_layers(struct buf *tar, struct piece *pieces, size_t count)
{
	cleanup_buf struct buf config = {0}, manifest = {0};
	struct piece p;

	buf_adds(&config, "{\"config\":");
	buf_add(&config, pieces[0].data, pieces[0].n);
	buf_adds(&config, ",\"rootfs\":{\"diff_ids\":[");
	buf_adds(&manifest, "\"Layers\":[");
	for (size_t k = 1; k < count; k++) {
		cleanup_free uint8_t *copy = xmalloc(pieces[k].n + 1);
		char name[24];

		memcpy(copy, pieces[k].data, pieces[k].n);
		mend_sums(copy, pieces[k].n);
		pieces[k].data = copy;
		sum_up(&pieces[k]);
		snprintf(name, sizeof(name), "%zu", k);
		add(tar, name, copy, pieces[k].n);
		buf_addf(&config, "%s\"sha256:%s\"", k > 1 ? "," : "", pieces[k].sum);
		buf_addf(&manifest, "%s\"%zu\"", k > 1 ? "," : "", k);
	}
	buf_adds(&config, "]}}");
	p = (struct piece){(const uint8_t *)config.data, config.len, ""};
	sum_up(&p);
	add(tar, p.sum, config.data, config.len);
	{
		cleanup_buf struct buf all = {0};

		buf_addf(&all, "[{\"Config\":\"%s\",%s]}]", p.sum, manifest.data);
		add(tar, "manifest.json", all.data, all.len);
	}
}

/* Pieces with the sums of those behind them in the place of "@0" and so on, the last first. */
static void make_json(struct buf *tar, struct piece *pieces, size_t count)
{
	static const char *const names[] = {"manifest.json", "index.json"};

	add(tar, "oci-layout", "{}", 2);
	for (size_t k = count; k-- > 0;) {
		cleanup_buf struct buf text = {0}, path = {0};

		for (size_t i = 0; i < pieces[k].n; i++) {
			size_t at = i + 1 < pieces[k].n && pieces[k].data[i] == '@' ? (size_t)pieces[k].data[i + 1] - '0' : 0;

			if (at > k && at < count) {
				buf_adds(&text, pieces[at].sum);
				i++;
			} else {
				buf_addc(&text, (char)pieces[k].data[i]);
			}
		}
		pieces[k].data = (const uint8_t *)buf_str(&text);
		pieces[k].n = text.len;
		sum_up(&pieces[k]);
		buf_addf(&path, "blobs/sha256/%s", pieces[k].sum);
		add(tar, k < 2 ? names[k] : path.data, buf_str(&text), text.len);
	}
}

static void load(const char *from, const char *to)
{
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	cleanup_buf struct buf run = {0};
	struct err err = {0};
	struct tree t;

	tree_init(&t);
	unlink(to);
	if (erofs_begin(&w, to, &err) < 0 ||
	    (container_load(from, &t, &w, &run, &err) == 0 && erofs_finish(&w, &t, &err) < 0))
		abort();
	if (!err.text[0] != (run.len > 0))
		abort(); /* a failure without a word, or words without a failure */
	tree_free(&t);
	unlink(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_fd int in = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_buf struct buf tar = {0};
	struct piece pieces[PIECES_MAX];
	char from[64], to[64];
	size_t count;

	if (n == 0)
		return 0;
	count = split(data + 1, n - 1, pieces);
	if (data[0] == 'L')
		make_layers(&tar, pieces, count);
	else
		make_json(&tar, pieces, count);
	tar_build_end(&tar);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", in);
	snprintf(to, sizeof(to), "/tmp/vmtap-fuzz-oci-%ld", (long)getpid());
	if (fd_write_all(in, tar.data, tar.len) < 0)
		abort();
	load(from, to);
	return 0;
}
