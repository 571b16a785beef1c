/* agent_sysfs.c - a device is found by what one of its attributes says */
#include "unit.h"

#include <stdlib.h>

#include "agent/sysfs.h"
#include "base/file.h"
#include "base/mem.h"

static char folder[] = "/tmp/vmtap-unit-XXXXXX";

static void add(const char *device, const char *serial)
{
	cleanup_free char *dir = path_join(folder, device);
	cleanup_free char *path = path_join(dir, "serial");

	CHECK_INT(file_make_dirs(dir, NULL), 0);
	CHECK_INT(file_write_atomic(path, serial, strlen(serial), 0644, NULL), 0);
}

static void check_found(const char *serial, const char *want)
{
	cleanup_free char *found = sysfs_find(folder, "serial", serial);

	CHECK_STR(found ? found : "none", want);
}

TEST(sysfs, the_whole_line_counts_with_a_newline_or_without)
{
	CHECK(mkdtemp(folder) != NULL);
	add("vda", "vmtap-roots");
	add("vdb", "vmtap-root");
	add("vdc", "vmtap-modules\n");
	add(".hidden", "hidden");
	check_found("vmtap-root", "vdb");
	check_found("vmtap-modules", "vdc");
	check_found("vmtap-", "none");
	check_found("hidden", "none");
	file_remove_tree(folder);
	check_found("vmtap-root", "none");
}
