/* sysfs.h - finding a device by one of its attributes */
#ifndef AGENT_SYSFS_H
#define AGENT_SYSFS_H

/**
 * sysfs_find() - Find the entry of a class whose attribute has a value
 * @folder:	"/sys/block", "/sys/class/net", ...
 * @attribute:	Name of the file in an entry's folder
 * @value:	What its only line says
 *
 * Return: the entry's name, which the caller frees; NULL when there is none (yet)
 */
char *sysfs_find(const char *folder, const char *attribute, const char *value);

#endif
