/* host.h - what this machine may use: processors and memory, cgroup limits (versions 1 and 2) honoured */
#ifndef BASE_HOST_H
#define BASE_HOST_H

/* Return: processors that this process may use at once, at least 1: affinity, and the cgroup's quota rounded up. */
int host_cpus(void);

/* Return: MiB that can be used without swapping or meeting a cgroup's limit; 0 when unknown. */
long host_memory_mib(void);

/* The same by /proc and /sys below folder @root; @cpus: by affinity. */
int host_cpus_in(const char *root, int cpus);
long host_memory_mib_in(const char *root);

/**
 * host_cgroup_cpus() - Processors from cgroup v2's cpu.max
 * @text:	"max 100000" or "150000 100000"
 * Return: quota / period rounded up, or 0 for no limit. Pure.
 */
int host_cgroup_cpus(const char *text);

/**
 * host_cgroup_path() - A process's group in /proc/PID/cgroup's text
 * @controller:	"memory", "cpu": of version 1; NULL for version 2
 * Return: its path ("/user.slice/x"), which the caller frees, or NULL. Pure.
 */
char *host_cgroup_path(const char *text, const char *controller);

/* Return: a field of /proc/meminfo's text in MiB, or -1. Pure. */
long host_meminfo_mib(const char *text, const char *field);

#endif
