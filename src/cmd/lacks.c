/* lacks.c - what of a test's .needs this host has not */
#include "cmd/lacks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "script/needs.h"

/* A datagram socket that is connected sends nothing: the kernel only looks for a route to the address. */
static bool has_route(const struct sockaddr *to, socklen_t length)
{
	cleanup_fd int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, to, length) == 0;
}

static bool has_internet(void)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};

	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	return has_route((struct sockaddr *)&v4, sizeof(v4)) || has_route((struct sockaddr *)&v6, sizeof(v6));
}

static bool has_command(const char *name)
{
	cleanup_free char *path = proc_find(name);

	return path != NULL;
}

/* Return: why @word is absent, which the caller frees, or NULL. */
static char *find_lack(const char *word, const struct lacks_host *host)
{
	long memory = needs_memory(word);

	if (memory > 0)
		return host->memory && host->memory < memory ? xasprintf("this host has %ld MiB", host->memory) : NULL;
	if (strcmp(word, "kvm") == 0)
		return host->accel && host->accel->kind != ACCEL_KVM ? xasprintf("tcg: %s", host->accel->reason) : NULL;
	if (strcmp(word, "internet") == 0)
		return has_internet() ? NULL : xstrdup("this host has no route to it");
	if (strcmp(word, "tpm") == 0)
		return has_command("swtpm") ? NULL : xstrdup("there is no command swtpm");
	return has_command(word) ? NULL : xstrdup("there is no such command");
}

bool lacks_find(const char *needs, const struct lacks_host *host, struct point *result)
{
	cleanup_buf struct buf reason = {0}, names = {0};
	char word[NEEDS_WORD_MAX];

	for (const char *at = needs ? needs : ""; needs_next(&at, word);) {
		cleanup_free char *why = find_lack(word, host);

		if (!why)
			continue;
		buf_addf(&reason, "%s%s (%s)", reason.len ? ", " : "needs ", word, why);
		buf_addf(&names, "%s%s", names.len ? ", " : "", word);
	}
	if (!names.len)
		return false;
	*result = (struct point){.verdict = VERDICT_SKIPPED, .reason = xstrdup(buf_str(&reason))};
	point_add_field(result, "needs", buf_str(&names));
	return true;
}
