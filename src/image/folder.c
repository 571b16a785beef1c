/* folder.c - files to read, on the host or inside an EROFS image */
#include "image/folder.h"

#include "base/file.h"
#include "base/mem.h"

const char *folder_name(const struct folder *f)
{
	return f->root ? f->root : f->image->path;
}

bool folder_has(const struct folder *f, const char *path)
{
	struct erofs_file file;
	cleanup_free char *full = NULL;

	if (!f->root)
		return erofs_stat(f->image, path, true, &file, NULL) == 0;
	full = path_join(f->root, path);
	return file_exists(full);
}

int folder_read(const struct folder *f, const char *path, size_t limit, struct buf *out, struct err *err)
{
	struct erofs_file file;
	cleanup_free char *full = NULL;

	if (!f->root) {
		if (erofs_stat(f->image, path, true, &file, err) < 0)
			return -1;
		return erofs_read(f->image, &file, limit, out, err);
	}
	full = path_join(f->root, path);
	return file_read(full, limit, out, err);
}
