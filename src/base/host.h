/* host.h - what this machine is and may use: its kernel, processors and memory, cgroup limits (versions 1 and 2) honoured */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stddef.h>

/**
 * host_fault() - What of this host makes it impossible to run a machine
 *
 * Return: in words, with a hint, or NULL; found out once, and never freed
 */
const char *host_fault(void);

/* Return: whether a kernel's release ("4.18.0-553.el8_10.x86_64") is OLDEST_KERNEL or newer (oldest.h). Pure. */
int host_kernel_is_new_enough(const char *release);

/* Fill @out with random bytes: getrandom(2), before Linux 3.17 /dev/urandom. Return: 0, or -1 with errno. */
int host_random(void *out, size_t n);

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
