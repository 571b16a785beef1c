/* host.c - what this machine may use, by the files of cgroup versions 1 and 2 */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"

static char root[32];

static void begin(void)
{
	strcpy(root, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
}

static void end(void)
{
	file_remove_tree(root);
}

static void put(const char *name, const char *text)
{
	cleanup_free char *path = path_join(root, name), *dir = path_dir(path);

	CHECK_INT(file_make_dirs(dir, NULL), 0);
	CHECK_INT(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

#define CGROUP "sys/fs/cgroup/"
#define MEMINFO "MemTotal:       16000000 kB\nMemFree:          100000 kB\nMemAvailable:    8192000 kB\n"
#define NO_LIMIT_V1 "9223372036854771712\n"

TEST(host, quotas_are_rounded_up)
{
	CHECK_INT(host_cgroup_cpus("max 100000\n"), 0);
	CHECK_INT(host_cgroup_cpus("200000 100000\n"), 2);
	CHECK_INT(host_cgroup_cpus("150000 100000\n"), 2);
	CHECK_INT(host_cgroup_cpus("1000 100000\n"), 1);
	CHECK_INT(host_cgroup_cpus("-1 100000"), 0);
	CHECK_INT(host_cgroup_cpus("100000 0"), 0);
	CHECK_INT(host_cgroup_cpus(""), 0);
}

TEST(host, meminfo_fields_are_whole_words)
{
	CHECK_INT(host_meminfo_mib(MEMINFO, "MemAvailable"), 8000);
	CHECK_INT(host_meminfo_mib(MEMINFO, "Mem"), -1);
	CHECK_INT(host_meminfo_mib("", "MemAvailable"), -1);
}

static void check_path(const char *text, const char *controller, const char *want)
{
	cleanup_free char *path = host_cgroup_path(text, controller);

	CHECK_STR(path ? path : "none", want);
}

TEST(host, groups_are_found_by_version_and_controller)
{
	static const char hybrid[] = "9:name=systemd:/user\n4:cpu,cpuacct:/a b\n3:cpuset:/set\n2:memory:/m\n0::/init.scope\n";

	check_path(hybrid, NULL, "/init.scope");
	check_path(hybrid, "cpu", "/a b");
	check_path(hybrid, "memory", "/m");
	check_path(hybrid, "pids", "none");
	check_path("0::/\n", NULL, "/");
	check_path("0::/\n", "cpu", "none");
	check_path("nonsense", NULL, "none");
	check_path("", NULL, "none");
}

TEST(host, without_groups_it_is_the_machine)
{
	begin();
	put("proc/meminfo", MEMINFO);
	CHECK_INT(host_memory_mib_in(root), 8000);
	CHECK_INT(host_cpus_in(root, 4), 4);
	CHECK_INT(host_cpus_in(root, 0), 1);
	end();
}

TEST(host, version_2_takes_the_tightest_level)
{
	begin();
	put("proc/meminfo", MEMINFO);
	put("proc/self/cgroup", "0::/outer/inner\n");
	put(CGROUP "outer/inner/cpu.max", "max 100000\n");
	put(CGROUP "outer/cpu.max", "250000 100000\n");
	put(CGROUP "outer/inner/memory.max", "max\n");
	put(CGROUP "outer/inner/memory.current", "1\n");
	put(CGROUP "outer/memory.max", "1073741824\n");
	put(CGROUP "outer/memory.current", "268435456\n");
	CHECK_INT(host_cpus_in(root, 8), 3);
	CHECK_INT(host_cpus_in(root, 2), 2);
	CHECK_INT(host_memory_mib_in(root), 768);
	end();
}

TEST(host, the_root_of_a_container_is_read)
{
	begin();
	put("proc/meminfo", MEMINFO);
	put("proc/self/cgroup", "0::/\n");
	put(CGROUP "cpu.max", "100000 100000\n");
	put(CGROUP "memory.max", "536870912\n");
	put(CGROUP "memory.current", "0\n");
	CHECK_INT(host_cpus_in(root, 8), 1);
	CHECK_INT(host_memory_mib_in(root), 512);
	end();
}

TEST(host, page_cache_that_can_be_dropped_is_room)
{
	begin();
	put("proc/meminfo", MEMINFO);
	put("proc/self/cgroup", "0::/g\n");
	put(CGROUP "g/memory.max", "1073741824\n");
	put(CGROUP "g/memory.current", "1073741824\n");
	put(CGROUP "g/memory.stat", "anon 536870912\nfile 536870912\ninactive_file 524288000\nactive_file 12582912\n");
	CHECK_INT(host_memory_mib_in(root), 500);
	put(CGROUP "g/memory.stat", "inactive_anon 0\n");
	CHECK_INT(host_memory_mib_in(root), 1); /* full: one test at a time */
	end();
}

TEST(host, version_1_is_read)
{
	begin();
	put("proc/meminfo", MEMINFO);
	put("proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n");
	put(CGROUP "cpu/docker/x/cpu.cfs_quota_us", "150000\n");
	put(CGROUP "cpu/docker/x/cpu.cfs_period_us", "100000\n");
	put(CGROUP "cpu/cpu.cfs_quota_us", "-1\n");
	put(CGROUP "cpu/cpu.cfs_period_us", "100000\n");
	put(CGROUP "memory/docker/x/memory.limit_in_bytes", "2147483648\n");
	put(CGROUP "memory/docker/x/memory.usage_in_bytes", "1610612736\n");
	put(CGROUP "memory/docker/x/memory.stat", "inactive_file 1\ntotal_inactive_file 536870912\n");
	put(CGROUP "memory/memory.limit_in_bytes", NO_LIMIT_V1);
	put(CGROUP "memory/memory.usage_in_bytes", "1610612736\n");
	CHECK_INT(host_cpus_in(root, 8), 2);
	CHECK_INT(host_memory_mib_in(root), 1024);
	end();
}

TEST(host, version_1_in_a_container_whose_path_is_not_mounted)
{
	begin();
	put("proc/meminfo", MEMINFO);
	put("proc/self/cgroup", "5:memory:/docker/0123\n4:cpu,cpuacct:/docker/0123\n");
	put(CGROUP "cpu/cpu.cfs_quota_us", "100000\n");
	put(CGROUP "cpu/cpu.cfs_period_us", "100000\n");
	put(CGROUP "memory/memory.limit_in_bytes", "536870912\n");
	put(CGROUP "memory/memory.usage_in_bytes", "0\n");
	CHECK_INT(host_cpus_in(root, 8), 1);
	CHECK_INT(host_memory_mib_in(root), 512);
	end();
}

TEST(host, this_machine_has_something)
{
	CHECK(host_cpus() >= 1);
	CHECK(host_memory_mib() > 0); /* /proc/meminfo is there */
}
