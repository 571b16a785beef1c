/* fields.c - what the fields of vm(), vm_array() and net() may say
 *
 * A value that means nothing, or that something later would silently cut, is
 * an error at the line of the declaration. A field that was given counts even
 * when its value is the one of a field that was not, 0 or "".
 */
#include "script/fields.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "script/call.h"
#include "script/compiled.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "wire/agent.h"

#define MEMORY_MIN	 16	    /* MiB; no kernel boots with less */
#define MEMORY_MAX	 (1L << 20) /* MiB; a mistyped unit, not a machine */
#define CPUS_MAX	 128
#define ROOM_MIN	 16	    /* MiB; a journal has 4 */
#define ROOM_MAX	 (1L << 20) /* MiB; a file of the host has the size of it, though not the blocks */
#define DISK_MAX	 (4L << 20) /* MiB: qemu/overlay.h's 4 TiB */
#define MTU_MIN		 576   /* RFC 791: what every host must accept */
#define MTU_MAX		 65535 /* what the length field of IP can say */
#define HOSTNAME_LABEL	 63    /* RFC 1123 */
#define TEXT_MAX	 1024  /* bytes of other texts: more is a mistake */
#define APPEND_MAX	 1536  /* bytes; x86 kernels read 2047, and vmtap has arguments of its own */

const char *fields_given(const char *given, const char *field)
{
	const size_t n = strlen(field);

	for (const char *p = given; *p; p++) {
		if (*p == '"') { /* a string: over it */
			while (*++p && *p != '"')
				if (*p == '\\' && p[1])
					p++;
			if (!*p)
				return NULL;
		} else if (*p == '.') {
			const char *word = p + 1 + strspn(p + 1, " ");

			if (strncmp(word, field, n) == 0 && strchr(" =", word[n]))
				return word + n + strspn(word + n, " =");
		}
	}
	return NULL;
}

/* A number that was given, even 0, must make sense. */
struct range {
	const char *field, *unit;
	long value, min, max;
};

static void check_range(const char *file, int line, const char *given, struct range r, struct diagnostics *d)
{
	if ((r.value || fields_given(given, r.field)) && (r.value < r.min || r.value > r.max))
		diagnose(d, file, line, ".%s is %ld%s: it must be %ld to %ld", r.field, r.value, r.unit, r.min, r.max);
}

/* A text that was given is not empty, and @max bytes at most. */
struct text {
	const char *field, *value;
	size_t max;
};

static void check_text(const struct vmtap_machine *m, struct text t, struct diagnostics *d)
{
	if (t.value && !*t.value)
		diagnose(d, m->file, m->line, ".%s is empty", t.field);
	else if (t.value && strlen(t.value) > t.max)
		diagnose(d, m->file, m->line, ".%s has %zu bytes: it can have %zu", t.field, strlen(t.value), t.max);
}

/* Return: whether @name is labels of letters, digits, '-' and '_' with dots between them. */
static bool is_hostname(const char *name)
{
	for (const char *p = name;; p++) {
		size_t n = 0;

		while (isalnum((unsigned char)p[n]) || p[n] == '-' || p[n] == '_')
			n++;
		if (n == 0 || n > HOSTNAME_LABEL || p[0] == '-' || p[n - 1] == '-')
			return false;
		p += n;
		if (*p != '.')
			return !*p;
	}
}

static void check_hostname(const struct vmtap_machine *m, struct diagnostics *d)
{
	const char *name = m->options.hostname;

	if (!name)
		return;
	if (m->count > 1)
		diagnose(d, m->file, m->line, ".hostname would be that of %ld machines: an array cannot have it", m->count);
	if (strcasecmp(name, "localhost") == 0)
		diagnose(d, m->file, m->line, ".hostname cannot be 'localhost': every machine is that to itself");
	else if (strlen(name) > WIRE_HOSTNAME_MAX)
		diagnose(d, m->file, m->line, ".hostname has %zu characters: Linux takes %d", strlen(name), WIRE_HOSTNAME_MAX);
	else if (!is_hostname(name))
		diagnose(d, m->file, m->line, ".hostname is '%s': a host name is letters, digits, '-' and '_', "
			 "with single dots between its parts of at most %d characters", name, HOSTNAME_LABEL);
}

/* Return: the elements of a list that ends with NULL, -1 when it does not within @max. */
static int count_list(const void *const *list, int max)
{
	for (int n = 0; n <= max; n++)
		if (!list[n])
			return n;
	return -1;
}

static void check_list(const struct vmtap_machine *m, const char *field, const void *list, int max,
		       struct diagnostics *d)
{
	const void *const *elements = list;
	int n = count_list(elements, max);

	if (n < 0) {
		diagnose(d, m->file, m->line, ".%s has more than %d elements", field, max);
		return;
	}
	if (n == 0 && fields_given(m->given, field))
		diagnose(d, m->file, m->line, ".%s is empty", field);
	while (++n <= max)
		if (elements[n]) {
			diagnose(d, m->file, m->line, ".%s has a null pointer before its end", field);
			return;
		}
}

static void check_nets(const struct vmtap_machine *m, struct diagnostics *d)
{
	struct net *const *nets = m->options.nets;

	for (size_t i = 0; i < VM_NETS_MAX && nets[i]; i++) {
		if (!nets[i]->name) {
			diagnose(d, m->file, m->line, ".nets has a network that net() did not declare");
			return;
		}
		for (size_t j = 0; j < i; j++)
			if (nets[j] == nets[i])
				diagnose(d, m->file, m->line, ".nets has '%s' twice", nets[i]->name);
	}
}

/* "path on the host:/path in the guest", of which each is one that can be. */
static const char *file_fault(const char *text)
{
	const char *colon = NULL;

	for (const char *p = text; (p = strstr(p, ":/")); p++)
		colon = p;
	if (!colon || colon == text)
		return "it must be \"path on the host:/path in the guest\"";
	if (strlen(colon + 1) >= PATH_MAX || colon - text >= PATH_MAX)
		return "a path is longer than Linux has them";
	if (text[strcspn(text, "*?[")] && text + strcspn(text, "*?[") < colon && colon[strlen(colon) - 1] != '/')
		return "what a pattern finds goes into a folder: the path in the guest must end with '/'";
	return NULL;
}

static void check_files(const struct vmtap_machine *m, struct diagnostics *d)
{
	for (size_t i = 0; i < VM_FILES_MAX && m->options.files[i]; i++) {
		const char *fault = file_fault(m->options.files[i]);

		if (fault)
			diagnose(d, m->file, m->line, ".files has '%.*s': %s", TEXT_MAX, m->options.files[i], fault);
	}
}

/* An empty element ends the list, so one in front of others hides them. */
static void check_disks(const struct vmtap_machine *m, struct diagnostics *d)
{
	const struct vm_disk *disks = m->options.disks;
	bool ended = false;

	if (!disks[0].size && !disks[0].file && fields_given(m->given, "disks"))
		diagnose(d, m->file, m->line, ".disks: the first disk has neither .size nor .file");
	for (int i = 0; i <= VM_DISKS_MAX; i++) {
		const struct vm_disk *k = &disks[i];

		if (!k->size && !k->file) {
			ended = true;
			continue;
		}
		if (ended || i == VM_DISKS_MAX) {
			diagnose(d, m->file, m->line, ended ? ".disks: a disk before the last one has neither .size nor .file" :
							      ".disks has more than %d elements", VM_DISKS_MAX);
			return;
		}
		if (k->size && k->file)
			diagnose(d, m->file, m->line, ".disks: disk%d has .size and .file: a file's size is its own", i);
		else if (k->file && !*k->file)
			diagnose(d, m->file, m->line, ".disks: .file of disk%d is empty", i);
		else if (!k->file && (k->size < 1 || k->size > DISK_MAX))
			diagnose(d, m->file, m->line, ".disks: .size of disk%d is %ld MiB: it must be 1 to %ld", i, k->size, DISK_MAX);
		else if (!k->file && k->readonly)
			diagnose(d, m->file, m->line, ".disks: disk%d is blank, and .readonly would leave it so", i);
	}
}

void fields_check_machine(const struct vmtap_machine *m, struct diagnostics *d)
{
	const struct vm_options *o = &m->options;
	static const char *const switches[] = {"snapshot", "keep", "reboot_ok", "display"};

	check_range(m->file, m->line, m->given, (struct range){"memory", " MiB", o->memory, MEMORY_MIN, MEMORY_MAX}, d);
	check_range(m->file, m->line, m->given, (struct range){"cpus", "", o->cpus, 1, CPUS_MAX}, d);
	check_range(m->file, m->line, m->given, (struct range){"root_size", " MiB", o->root_size, ROOM_MIN, ROOM_MAX}, d);
	check_text(m, (struct text){"image", o->image, PATH_MAX - 1}, d);
	check_text(m, (struct text){"kernel", o->kernel, PATH_MAX - 1}, d);
	check_text(m, (struct text){"initrd", o->initrd, PATH_MAX - 1}, d);
	check_text(m, (struct text){"append", o->append, APPEND_MAX}, d);
	check_text(m, (struct text){"cpu", o->cpu, TEXT_MAX}, d);
	check_text(m, (struct text){"hostname", o->hostname, TEXT_MAX}, d);
	check_text(m, (struct text){"clock", o->clock, TEXT_MAX}, d);
	check_text(m, (struct text){"provision", o->provision, CALL_ARGUMENT_MAX}, d);
	if (o->append && strpbrk(o->append, "\r\n"))
		diagnose(d, m->file, m->line, ".append is more than one line");
	if (o->clock && *o->clock && strcmp(o->clock, "host") != 0 && strcmp(o->clock, "virtual") != 0)
		diagnose(d, m->file, m->line, ".clock is '%.*s': it must be \"host\" or \"virtual\"", TEXT_MAX, o->clock);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		const char *given = fields_given(m->given, switches[i]);

		if (given && *given == '"')
			diagnose(d, m->file, m->line, ".%s is a text: it must be 0 or 1", switches[i]);
	}
	if (o->arch && strcmp(o->arch, CPU_NAME) != 0)
		diagnose(d, m->file, m->line, ".arch is '%.*s': this vmtap runs machines of " CPU_NAME, TEXT_MAX, o->arch);
	if (o->hostname && *o->hostname)
		check_hostname(m, d);
	check_text(m, (struct text){"firmware", o->firmware, TEXT_MAX}, d);
	if (o->firmware && *o->firmware && strcmp(o->firmware, "bios") != 0 && strcmp(o->firmware, "uefi") != 0)
		diagnose(d, m->file, m->line, ".firmware is '%.*s': it must be \"bios\" or \"uefi\"", TEXT_MAX, o->firmware);
	check_disks(m, d);
	check_list(m, "nets", o->nets, VM_NETS_MAX, d);
	check_list(m, "qemu", o->qemu, VM_QEMU_MAX, d);
	check_list(m, "env", o->env, VM_ENV_MAX, d);
	check_nets(m, d);
	check_list(m, "files", o->files, VM_FILES_MAX, d);
	check_files(m, d);
}

void fields_check_net(const struct vmtap_net *n, struct diagnostics *d)
{
	check_range(n->file, n->line, n->given, (struct range){"mtu", "", n->options.mtu, MTU_MIN, MTU_MAX}, d);
}
