/* seed.c - the volume by which the agent comes into a machine that boots from its own disk
 *
 * Theory of operation
 *
 * ISO 9660 rather than FAT: it is a handful of tables, every kernel that reads the
 * CDs of clouds has it, and Linux lets all files of one without Rock Ridge be
 * executed. Names are upper-case, as the standard wants them; Linux shows them in
 * lower case and without the version, which is what cloud-init looks for.
 *
 * cloud-init runs bootcmd early in each boot. The agent becomes a unit of its own
 * where there is systemd, because what cloud-init starts ends with cloud-init; the
 * unit is no part of the usual order, so that it neither waits for the rest of
 * the boot nor is stopped before the rest of a shutdown.
 *
 * What a machine that lives for seconds has no use for is turned off: growing its
 * root, keys of every kind for sshd, DHCP on networks whose addresses the agent sets.
 * What the image's own configuration adds is the image's business.
 *
 * Source: ECMA-119; cloud-init's documentation, "NoCloud".
 */
#include "image/seed.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "store/store.h"
#include "wire/boot.h"

#define SEED_FORMAT "1"		/* raise it when other bytes are written for the same agent */
#define SEED_FILE   "seed.iso"
#define AGENT_MAX   (16u << 20) /* bytes */

/* ---- ISO 9660 ---- */

#define BLOCK	     2048u
#define RECORD	     33u /* bytes of a directory's record before the name */
#define DESCRIPTOR   16u /* block of the volume's descriptor; the end mark follows, */
#define TABLES	     18u /* the table of folders, in both orders of bytes, */
#define ROOT	     20u /* the one folder, and the files */

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

/* Numbers are there twice, the lowest byte first and last. */
static void put16_both(uint8_t *p, uint32_t v)
{
	put16(p, v);
	p[2] = p[1];
	p[3] = p[0];
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v);
	put16(p + 2, v >> 16);
}

static void put32_both(uint8_t *p, uint32_t v)
{
	put32(p, v);
	for (int i = 0; i < 4; i++)
		p[4 + i] = p[3 - i];
}

static uint32_t blocks(size_t bytes)
{
	return (uint32_t)((bytes + BLOCK - 1) / BLOCK);
}

/* Write a directory's record. Return: its bytes. */
static size_t put_record(uint8_t *p, const char *name, size_t n, uint32_t block, uint32_t size, uint8_t flags)
{
	static const uint8_t time[7] = {100, 1, 1}; /* 2000-01-01: the same bytes on each day */
	size_t length = RECORD + n + (n + 1) % 2;

	p[0] = (uint8_t)length;
	put32_both(p + 2, block);
	put32_both(p + 10, size);
	memcpy(p + 18, time, sizeof(time));
	p[25] = flags;
	put16_both(p + 28, 1);
	p[32] = (uint8_t)n;
	memcpy(p + 33, name, n);
	return length;
}

static void put_padded(uint8_t *p, const char *text, size_t room)
{
	memset(p, ' ', room);
	memcpy(p, text, strlen(text));
}

static void put_descriptor(uint8_t *p, const char *label, uint32_t total)
{
	static const char no_date[] = "0000000000000000";

	p[0] = 1;
	memcpy(p + 1, "CD001\1", 6);
	put_padded(p + 8, "", 32);
	put_padded(p + 40, label, 32);
	put32_both(p + 80, total);
	put16_both(p + 120, 1);
	put16_both(p + 124, 1);
	put16_both(p + 128, BLOCK);
	put32_both(p + 132, 10); /* bytes of the table of folders */
	put32(p + 140, TABLES);
	for (int i = 0; i < 4; i++)
		p[148 + i] = (uint8_t)((TABLES + 1) >> (24 - 8 * i));
	put_record(p + 156, "", 1, ROOT, BLOCK, 2);
	put_padded(p + 190, "", 813 - 190); /* who made it, and of what */
	for (int i = 0; i < 4; i++)
		memcpy(p + 813 + 17 * (size_t)i, no_date, 16);
	p[881] = 1;
	p[BLOCK] = 255; /* the end of descriptors */
	memcpy(p + BLOCK + 1, "CD001\1", 6);
}

/* The root is the one folder: number 1, and its own parent. */
static void put_tables(uint8_t *p)
{
	static const uint8_t little[] = {1, 0, ROOT, 0, 0, 0, 1, 0, 0, 0}, big[] = {1, 0, 0, 0, 0, ROOT, 0, 1, 0, 0};

	memcpy(p, little, sizeof(little));
	memcpy(p + BLOCK, big, sizeof(big));
}

void seed_write(const char *label, const struct seed_file *files, size_t n, struct buf *out)
{
	uint32_t next = ROOT + 1, total = next;
	uint8_t *image, *record;

	assert(n <= SEED_FILES_MAX && strlen(label) <= 32);
	for (size_t i = 0; i < n; i++)
		total += blocks(files[i].n);
	image = (uint8_t *)buf_reserve(out, (size_t)total * BLOCK);
	memset(image, 0, (size_t)total * BLOCK);
	put_descriptor(image + (size_t)DESCRIPTOR * BLOCK, label, total);
	put_tables(image + (size_t)TABLES * BLOCK);
	record = image + (size_t)ROOT * BLOCK;
	record += put_record(record, "", 1, ROOT, BLOCK, 2);
	record += put_record(record, "\1", 1, ROOT, BLOCK, 2);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *name = xasprintf("%s.;1", files[i].name);

		record += put_record(record, name, strlen(name), next, (uint32_t)files[i].n, 0);
		memcpy(image + (size_t)next * BLOCK, files[i].data, files[i].n);
		next += blocks(files[i].n);
	}
	assert(record <= image + (size_t)(ROOT + 1) * BLOCK);
	buf_commit(out, (size_t)total * BLOCK);
}

/* ---- what is on it ---- */

static const char user_data[] =
	"#cloud-config\n"
	"preserve_hostname: true\n"
	"manage_etc_hosts: false\n"
	"package_update: false\n"
	"growpart: {mode: 'off'}\n"
	"resize_rootfs: false\n"
	"ssh_deletekeys: false\n"
	"ssh_genkeytypes: [ed25519]\n"
	"bootcmd:\n"
	"- [sh, -c, '" BOOT_SEED_START "']\n";

static const char meta_data[] = "instance-id: vmtap\n";

static const char network_config[] =
	"version: 2\n"
	"ethernets:\n"
	"  vmtap:\n"
	"    match: {name: 'e*'}\n"
	"    dhcp4: false\n"
	"    dhcp6: false\n"
	"    optional: true\n";

static const char start[] =
	"# start - start vmtap's agent, which says hello to the host\n"
	"unit() {\n"
	"	systemd-run --quiet --no-block --unit=vmtap-agent --description=\"vmtap's agent\" \\\n"
	"		-p DefaultDependencies=no -p IgnoreOnIsolate=yes \"$@\" " BOOT_SEED_MOUNT "/agent serve\n"
	"}\n"
	"if [ -d /run/systemd/system ]; then\n"
	"	# A command that the kernel kills for its memory would end all of the unit; before systemd 243 it does not.\n"
	"	unit -p OOMPolicy=continue 2>/dev/null || unit\n"
	"	exit\n"
	"fi\n"
	"trap '' HUP # of a session that ends before setsid has begun another\n"
	"setsid " BOOT_SEED_MOUNT "/agent serve </dev/null >/dev/null 2>&1 &\n";

/* ---- the entry ---- */

struct making {
	const void *agent;
	size_t agent_len;
};

static int build(const char *dir, void *arg, struct err *err)
{
	const struct making *m = arg;
	const struct buf packed = {.data = (char *)m->agent, .len = m->agent_len};
	cleanup_buf struct buf agent = {0}, volume = {0};

	if (gzip_inflate("the agent", &packed, AGENT_MAX, &agent, err) < 0)
		return -1;
	seed_write(BOOT_SEED_LABEL,
		   (const struct seed_file[]){
			   {"AGENT", agent.data, agent.len},
			   {"META-DATA", meta_data, sizeof(meta_data) - 1},
			   {"NETWORK-CONFIG", network_config, sizeof(network_config) - 1},
			   {"START", start, sizeof(start) - 1},
			   {"USER-DATA", user_data, sizeof(user_data) - 1},
		   },
		   5, &volume);
	return store_write_file(dir, SEED_FILE, volume.data, volume.len, err);
}

static int key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct making *m = arg;
	struct sha256 k;

	(void)err;
	sha256_init(&k);
	sha256_add_str(&k, "seed " SEED_FORMAT);
	sha256_add(&k, m->agent, m->agent_len);
	sha256_add_str(&k, user_data);
	sha256_add_str(&k, network_config);
	sha256_add_str(&k, start);
	sha256_hex(&k, hex);
	return 0;
}

int seed_prepare(const char *store, const void *agent, size_t agent_len, char **path, struct err *err)
{
	struct making m = {agent, agent_len};
	const struct store_recipe recipe = {.kind = "seed", .what = "the agent's volume", .key = key, .build = build, .arg = &m};
	cleanup_free char *entry = NULL;
	char hex[SHA256_HEX];

	if (store_make(store, &recipe, hex, &entry, err) < 0)
		return -1;
	*path = path_join(entry, SEED_FILE);
	return 0;
}
