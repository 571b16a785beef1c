/* sysfs.c - finding a device by one of its attributes */
#include "agent/sysfs.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#define ATTRIBUTE_MAX 4096 /* bytes: sysfs gives a page */

static bool says(const char *path, const char *value)
{
	cleanup_buf struct buf text = {0};

	if (file_read(path, ATTRIBUTE_MAX, &text, NULL) < 0)
		return false;
	return strcspn(buf_str(&text), "\n") == strlen(value) && !strncmp(buf_str(&text), value, strlen(value));
}

char *sysfs_find(const char *folder, const char *attribute, const char *value)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	char *found = NULL;

	while (dir && !found && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s/%s", folder, e->d_name, attribute);

		if (e->d_name[0] != '.' && says(path, value))
			found = xstrdup(e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}
