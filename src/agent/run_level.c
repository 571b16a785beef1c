/* run_level.c - how far an init has come that has run levels: OpenRC, and SysV's as Debian has it */
#include "agent/run_level.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "wire/boot.h"

#define OPENRC_LEVEL	"/run/openrc/softlevel"
#define OPENRC_STARTING "/run/openrc/rc.starting"
#define LEVEL_MAX	256

#define UTMP	   "/run/utmp"
#define UTMP_MAX   (1 << 20)
#define RECORD	   384 /* bytes: glibc's struct utmp has them on all 64-bit processors; musl's has more */
#define RECORD_PID 4   /* where a record has its int32 ut_pid: of a level the character, and the one before it */
#define RUN_LVL	   1   /* ut_type, an int16 at its beginning */

#define COMMAND_MAX 1024 /* bytes of a process's command line that are looked at */

bool run_level_openrc(struct buf *seen)
{
	cleanup_buf struct buf level = {0};

	(void)file_read(OPENRC_LEVEL, LEVEL_MAX, &level, NULL);
	buf_addf(seen, "OpenRC is in run level '%.*s'", (int)strcspn(buf_str(&level), "\n"), buf_str(&level));
	return text_starts(buf_str(&level), "default") && !file_exists(OPENRC_STARTING);
}

char run_level_of_utmp(const void *records, size_t n)
{
	const char *r = records;
	char level = 0;

	for (; n >= RECORD; r += RECORD, n -= RECORD) {
		int16_t type;
		int32_t pid;

		memcpy(&type, r, sizeof(type));
		memcpy(&pid, r + RECORD_PID, sizeof(pid));
		if (type == RUN_LVL && isalnum(pid & 0x7f))
			level = (char)(pid & 0x7f);
	}
	return level;
}

/* Return: whether process @pid is a shell that runs BOOT_SYSV_RC. */
static bool is_rc(const char *pid)
{
	cleanup_buf struct buf command = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	(void)file_read(path, COMMAND_MAX, &command, NULL);
	for (size_t at = 0; at < command.len; at += strlen(command.data + at) + 1)
		if (!strcmp(command.data + at, BOOT_SYSV_RC))
			return true;
	return false;
}

static bool is_rc_running(void)
{
	DIR *processes = opendir("/proc");
	const struct dirent *e;
	bool runs = false;

	while (processes && !runs && (e = readdir(processes)))
		runs = isdigit((unsigned char)e->d_name[0]) && is_rc(e->d_name);
	if (processes)
		closedir(processes);
	return runs;
}

bool run_level_sysv(struct buf *seen)
{
	cleanup_buf struct buf records = {0};
	char level;

	(void)file_read(UTMP, UTMP_MAX, &records, NULL);
	level = run_level_of_utmp(records.data, records.len);
	if (!level)
		buf_adds(seen, "SysV's init is in no run level yet");
	else
		buf_addf(seen, "SysV's init is in run level %c", level);
	return level >= '1' && level <= '5' && !is_rc_running();
}
