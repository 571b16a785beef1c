/* fuzz_tar.c - any bytes as an image: recognised, inflated, loaded as a tar; what loads is read back */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/format.h"
#include "mend.h"

#define READ_MAX (1 << 20) /* bytes of a file; sparse ones can be enormous */

static void read_back(const char *path, const struct tree *t)
{
	cleanup_erofs_image struct erofs_image e = {.fd = -1};
	cleanup_buf struct buf out = {0};
	struct erofs_file f;

	if (erofs_open(&e, path, NULL) < 0)
		abort(); /* what we wrote must be good */
	for (const struct node *n = t->root->child; n; n = n->next) {
		if (erofs_stat(&e, n->name, false, &f, NULL) < 0 || f.mode != (n->inode->mode & 0xffff))
			abort();
		buf_clear(&out);
		if ((S_ISREG(f.mode) || S_ISLNK(f.mode)) && f.size <= READ_MAX && erofs_read(&e, &f, READ_MAX, &out, NULL) < 0)
			abort();
	}
}

/*
 * A mutation breaks the sum of its header, and few would get past it: sums are
 * mended, but in inputs of odd length.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_free uint8_t *copy = xmalloc(n);
	cleanup_fd int in = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	char from[64], to[64];
	cleanup_buf struct buf run = {0};
	const struct format *format;
	struct err err = {0};
	struct tree t;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", in);
	snprintf(to, sizeof(to), "/tmp/vmtap-fuzz-%ld", (long)getpid());
	unlink(to);
	memcpy(copy, data, n);
	if (n % 2 == 0)
		mend_sums(copy, n);
	if (fd_write_all(in, copy, n) < 0)
		abort();
	tree_init(&t);
	format = format_find(from, &err);
	if (format && erofs_begin(&w, to, &err) == 0 && format->load(from, &(struct format_target){&t, &w, &run}, &err) == 0 &&
	    format_check_tree(from, &t, &err) == 0 && erofs_finish(&w, &t, &err) == 0)
		read_back(to, &t);
	else if (!err.text[0])
		abort(); /* a failure without a word */
	tree_free(&t);
	unlink(to);
	return 0;
}
