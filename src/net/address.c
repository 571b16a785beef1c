/* address.c - the addresses of machines on the networks of a world */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int address_subnet(const char *text, int index, struct subnet *out, struct err *err)
{
	char host[ADDRESS_TEXT] = "";
	const char *slash = text ? strchr(text, '/') : NULL;
	struct in_addr a;
	char *end;
	long bits;

	if (!text) {
		*out = (struct subnet){.base = 0xC0A80000u + ((uint32_t)index + 1) * 256, .bits = 24};
		return 0;
	}
	if (slash && (size_t)(slash - text) < sizeof(host))
		memcpy(host, text, (size_t)(slash - text));
	if (!slash || inet_pton(AF_INET, host, &a) != 1) {
		err_set(err, "bad subnet '%s'", text);
		return err_hint(err, "write it as \"10.1.0.0/16\"");
	}
	bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits < 8 || bits > 30)
		return err_set(err, "bad subnet '%s': the prefix length must be 8 to 30", text);
	*out = (struct subnet){.base = ntohl(a.s_addr), .bits = (int)bits};
	if (out->base & ((1u << (32 - bits)) - 1))
		return err_set(err, "bad subnet '%s': the address has bits beyond the prefix", text);
	return 0;
}

void address_ip(const struct subnet *s, int host, int prefix, char out[ADDRESS_TEXT])
{
	struct in_addr a = {.s_addr = htonl(s->base + (uint32_t)host)};
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &a, text, sizeof(text));
	if (prefix)
		snprintf(out, ADDRESS_TEXT, "%s/%d", text, s->bits);
	else
		snprintf(out, ADDRESS_TEXT, "%s", text);
}

void address_ip6(int index, int host, int prefix, char out[ADDRESS_TEXT])
{
	snprintf(out, ADDRESS_TEXT, "2001:db8:%u::%u%s", (unsigned)index + 1, (unsigned)host, prefix ? "/64" : "");
}

void address_mac(int index, int host, char out[ADDRESS_TEXT])
{
	snprintf(out, ADDRESS_TEXT, "52:54:00:12:%02x:%02x", (unsigned)(index + 1) & 0xFF, (unsigned)host & 0xFF);
}
