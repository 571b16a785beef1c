/* spec.c - what a world is made of: the declarations, resolved */
#include "machine/spec.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "wire/boot.h"

#define SPEC_GENERIC_NET 0xFD /* in the place of a network's number, from 0 */

static_assert(SPEC_NETS_MAX <= SPEC_GENERIC_NET, "no network has the number of the generic one");
static_assert(SPEC_MACHINES_MAX < 256 && SPEC_MACHINES_MAX <= ADDRESS_HOST_MAX, "a machine's number fits an address");
static_assert(COMMAND_NICS_MAX < 256, "a card's number fits a generic address");
static_assert(COMMAND_MAC_MAX >= ADDRESS_TEXT, "a card has room for an address");

void spec_generic_mac(size_t card, char out[ADDRESS_TEXT])
{
	address_mac(SPEC_GENERIC_NET, (int)card + 1, out);
}

/*
 * What the kernel's command line says of the disks that the agent looks for.
 * Without udev in the image a getty on the console would hold default.target up
 * for 90 s waiting for its device; with udev it would only cost time.
 */
static const struct known_disk {
	const char *serial, *id, *kernel_words;
} known_disks[] = {
	{BOOT_ROOT_SERIAL, "root", BOOT_ROOT "=" BOOT_ROOT_SERIAL " systemd.getty_auto=no"},
	{BOOT_MODULES_SERIAL, "modules", BOOT_MODULES "=" BOOT_MODULES_SERIAL},
};

void spec_add_disk(struct machine_spec *m, const struct spec_disk *d)
{
	assert(m->ndisks < COMMAND_DISKS_MAX);
	m->disks[m->ndisks++] = (struct spec_disk){
		.path = d->path ? xstrdup(d->path) : NULL,
		.format = xstrdup(d->format),
		.serial = xstrdup(d->serial),
		.read_only = d->read_only,
		.size = d->size,
	};
}

bool spec_boots_itself(const struct machine_spec *m)
{
	return !m->kernel && m->ndisks && strcmp(m->disks[0].serial, BOOT_DISK_SERIAL) == 0;
}

static void add_disk(const struct spec_disk *d, struct command_disk *out)
{
	*out = (struct command_disk){.id = d->serial, .path = d->path, .serial = d->serial, .read_only = d->read_only};
	if (strcmp(d->format, "raw") != 0)
		out->format = d->format;
	out->overlay = d->size ? "" : NULL; /* another one in each life: what is keyed knows that there is one */
	out->boots = strcmp(d->serial, BOOT_DISK_SERIAL) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(known_disks); i++) {
		if (strcmp(known_disks[i].serial, d->serial) != 0)
			continue;
		out->id = known_disks[i].id;
		out->kernel_words = known_disks[i].kernel_words;
	}
}

static void add_nics(const struct machine_spec *m, size_t index, bool generic, struct command *c)
{
	for (c->nnics = 0; c->nnics < m->nnets; c->nnics++) {
		char *mac = c->nics[c->nnics].mac;

		if (generic)
			spec_generic_mac(c->nnics, mac);
		else
			address_mac(m->nets[c->nnics], (int)index + 1, mac);
	}
}

void spec_command(const struct spec *w, size_t index, bool generic, struct command *out)
{
	const struct machine_spec *m = &w->machines[index];

	*out = (struct command){
		.arch = arch_host(),
		.binary = w->qemu,
		.accel = m->virtual_clock ? ACCEL_TCG : w->accel->kind, /* only there QEMU counts instructions */
		.virtual_clock = m->virtual_clock,
		.sandbox = w->sandbox,
		.name = generic ? "template" : m->name,
		.memory = m->memory,
		.cpus = m->cpus,
		.cpu = m->cpu,
		.kernel = m->kernel,
		.initrd = m->initrd,
		.words = m->words,
		.append = m->append,
		.firmware = m->firmware,
		.variables = m->variables,
		.display = m->display,
		.tpm = m->tpm,
		.changes = m->changes > 0,
		.extra = m->extra,
	};
	for (; out->ndisks < m->ndisks; out->ndisks++)
		add_disk(&m->disks[out->ndisks], &out->disks[out->ndisks]);
	add_nics(m, index, generic, out);
}

/* Return: whether @name, of @n bytes, is this word or its part before the first dot. */
static bool is_called(const char *word, const char *name, size_t n)
{
	return !strncasecmp(word, name, n) && (word[n] == '\0' || word[n] == '.');
}

/*
 * A name that a machine has beside its host name may be no other machine's: not
 * its host name, and where @label, not its name in the script nor its label either.
 */
static bool is_free(const struct spec *w, size_t own, const char *name, size_t n, bool label)
{
	for (size_t i = 0; i < w->nmachines; i++) {
		const struct machine_spec *m = &w->machines[i];

		if (i == own)
			continue;
		if (strlen(m->hostname) == n && !strncasecmp(m->hostname, name, n))
			return false;
		if (label && (is_called(m->hostname, name, n) || is_called(m->name, name, n)))
			return false;
	}
	return n != strlen("localhost") || strncasecmp(name, "localhost", n) != 0;
}

/* The host name's part before its first dot, and the name in the script. */
static void add_aliases(struct buf *b, const struct spec *w, size_t i)
{
	const struct machine_spec *m = &w->machines[i];
	size_t label = strcspn(m->hostname, ".");
	bool has_label = m->hostname[label] && label && is_free(w, i, m->hostname, label, true);
	size_t n = strlen(m->name);

	if (has_label)
		buf_addf(b, " %.*s", (int)label, m->hostname);
	if (strcasecmp(m->name, m->hostname) != 0 && is_free(w, i, m->name, n, false) &&
	    !(has_label && n == label && !strncasecmp(m->name, m->hostname, n)))
		buf_addf(b, " %s", m->name);
}

char *spec_hosts(const struct spec *w)
{
	struct buf b = {0};

	for (size_t i = 0; i < w->nmachines; i++) {
		const struct machine_spec *m = &w->machines[i];

		for (size_t n = 0; n < m->nnets; n++) {
			const struct net_spec *net = &w->nets[m->nets[n]];
			char ip[ADDRESS_TEXT];

			address_ip(&net->subnet, (int)i + 1, 0, ip);
			buf_addf(&b, "%s %s %s.%s", ip, m->hostname, m->hostname, net->name);
			add_aliases(&b, w, i);
			buf_addc(&b, '\n');
		}
	}
	return buf_steal(&b);
}
