/* plan.c - the scripts of a run, compiled, as a list of tests in order */
#include "cmd/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"
#include "image/boot_disk.h"
#include "image/embedded.h"
#include "image/guest.h"
#include "qemu/confine.h"
#include "qemu/firmware.h"
#include "qemu/freezer.h"
#include "script/needs.h"
#include "script/script.h"
#include "script/types.h"

#define MEMORY_KIT  128 /* MiB */
#define MEMORY_ROOT 512
#define MTU_DEFAULT 1500

static_assert(GUEST_DISKS_MAX <= COMMAND_DISKS_MAX, "every disk of a guest is one of its machine");
static_assert(SCRIPT_MACHINES_MAX == SPEC_MACHINES_MAX, "a world has room for a script's machines");
static_assert(SCRIPT_NETS_MAX == SPEC_NETS_MAX, "a world has room for a script's networks");
static_assert(VM_DISKS_MAX == GUEST_MORE_MAX, "a guest gets all the disks that a script gives it");
static_assert(VM_NETS_MAX == COMMAND_NICS_MAX, "QEMU gets a card for each network of a machine");

/* ---- the list ---- */

static void add_test(struct plan *p, struct plan_file *f, const char *name, size_t index)
{
	struct plan_test *t;

	p->tests = xrealloc(p->tests, (p->ntests + 1) * sizeof(*p->tests));
	t = &p->tests[p->ntests++];
	*t = (struct plan_test){.file = f, .index = index};
	if (f->script) {
		const struct script_test *s = script_test(f->script, index);

		t->own_name = s->name;
		t->line = s->line;
		t->timeout = s->timeout;
		t->skip = s->skip;
		t->needs = s->needs;
		t->xfail = s->xfail;
		t->health = s->health;
	}
	t->name = p->nfiles > 1 && f->script ? xasprintf("%s: %s", f->path, name) : xstrdup(name);
}

static void add_file(struct plan *p, struct plan_file *f)
{
	struct err err = {0};

	if (script_compile(f->path, &f->script, &err) < 0) {
		cleanup_free char *name = xasprintf("%s compiles", f->path);

		f->script = NULL;
		f->error = xstrdup(err.text);
		add_test(p, f, name, 0);
		return;
	}
	for (size_t i = 0; i < script_test_count(f->script); i++)
		add_test(p, f, script_test(f->script, i)->name, i);
}

void plan_make(struct plan *p, const struct operands *o)
{
	*p = (struct plan){.nfiles = o->count};
	p->files = xcalloc(p->nfiles, sizeof(*p->files));
	for (size_t i = 0; i < p->nfiles; i++) {
		const struct operand *from = &o->list[i];

		p->files[i] = (struct plan_file){.path = from->path, .lines = from->lines, .nlines = from->nlines, .begun = SCRIPT_NOTHING};
		(void)host_random(&p->files[i].loaded, sizeof(p->files[i].loaded));
		add_file(p, &p->files[i]);
	}
}

bool plan_needs(const struct plan *p, const char *word)
{
	for (size_t i = 0; i < p->ntests; i++)
		if (needs_has(p->tests[i].needs, word))
			return true;
	return false;
}

bool plan_has_machines(const struct plan *p)
{
	for (size_t i = 0; i < p->nfiles; i++)
		if (p->files[i].script && script_machine_count(p->files[i].script))
			return true;
	return false;
}

static void print_count(size_t n, const char *thing, const char *after)
{
	printf("%zu %s%s%s", n, thing, n == 1 ? "" : "s", after);
}

void plan_print(const struct plan *p)
{
	for (size_t i = 0; i < p->nfiles; i++) {
		const struct plan_file *f = &p->files[i];

		if (!f->script)
			continue;
		printf("%s: ", f->path);
		print_count(script_test_count(f->script), "test", ", ");
		print_count(script_machine_count(f->script), "machine", "\n");
		for (size_t t = 0; t < p->ntests; t++)
			if (p->tests[t].file == f)
				printf("  %s\n", script_test(f->script, p->tests[t].index)->name);
	}
}

/* ---- networks ---- */

static void resolve_nets(struct plan_file *f)
{
	size_t n = script_net_count(f->script);
	struct spec *w = &f->world;

	w->nets = xcalloc(n ? n : 1, sizeof(*w->nets));
	w->nnets = n ? n : 1;
	w->nets[0] = (struct net_spec){.name = "lan", .mtu = MTU_DEFAULT};
	address_subnet(NULL, 0, &w->nets[0].subnet, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct script_net *s = script_net(f->script, i);
		long mtu = s->options->mtu;

		w->nets[i].name = s->name;
		w->nets[i].mtu = mtu > 0 ? (int)mtu : MTU_DEFAULT;
		address_subnet(s->options->subnet, (int)i, &w->nets[i].subnet, NULL); /* checked when it was read */
	}
}

/* Return: why machine @host (from 1) gets no address on network @n, or NULL; the caller frees it. */
static char *find_net_fault(const struct plan_file *f, size_t n, int host)
{
	const struct script_net *s = n < script_net_count(f->script) ? script_net(f->script, n) : NULL;

	if (!s || host < (1 << (32 - f->world.nets[n].subnet.bits)) - 1) /* the default one has room */
		return NULL;
	return xasprintf("%s:%d: network '%s': subnet '%s' has no address for machine number %d", s->file, s->line,
			 s->name, s->options->subnet, host);
}

static void resolve_cards(struct plan_file *f, const struct vm_options *o, struct machine_spec *m)
{
	const struct spec *w = &f->world;

	for (size_t i = 0; i < VM_NETS_MAX && o->nets[i]; i++)
		for (size_t n = 0; n < w->nnets; n++)
			if (strcmp(w->nets[n].name, script_net_name(o->nets[i])) == 0)
				m->nets[m->nnets++] = (int)n;
	if (!o->nets[0])
		m->nets[m->nnets++] = 0;
	for (size_t i = 0; i < m->nnets && !m->broken; i++)
		m->broken = find_net_fault(f, (size_t)m->nets[i], (int)(m - w->machines) + 1);
}

/* ---- machines ---- */

/* A path in a script is looked for beside the script, then from the current folder; the caller frees it. */
static char *find_path(const char *script_file, const char *path)
{
	cleanup_free char *dir = path_dir(script_file);
	cleanup_free char *beside = path_join(dir, path);

	return file_exists(beside) ? steal(beside) : xstrdup(path);
}

int plan_add_firmware(struct machine_spec *m, struct err *err)
{
	const struct firmware *f = firmware_find(err);

	if (!f)
		return -1;
	m->firmware = f->code;
	m->variables = f->variables;
	return 0;
}

/* Read .disks. Return: how many there are; the files' names are the caller's to free. */
static size_t find_disks(const struct script_machine *from, struct guest_more more[VM_DISKS_MAX])
{
	const struct vm_disk *d = from->options->disks;
	size_t n = 0;

	for (; n < VM_DISKS_MAX && (d[n].size || d[n].file); n++)
		more[n] = (struct guest_more){
			.file = d[n].file ? find_path(from->file, d[n].file) : NULL,
			.size = (uint64_t)d[n].size << 20,
			.read_only = d[n].readonly,
		};
	return n;
}

static void take_files(struct machine_spec *m, struct guest_files *f)
{
	m->kernel = steal(f->kernel);
	m->initrd = steal(f->initrd);
	m->words = steal(f->words);
	for (size_t i = 0; i < f->ndisks; i++) {
		struct guest_disk *d = &f->disks[i];

		spec_add_disk(m, &(struct spec_disk){d->path, (char *)d->format, d->serial, d->read_only, d->size});
	}
	m->prepared = true;
}

int plan_prepare(const struct plan_file *f, const struct settings *s, size_t i, struct err *err)
{
	const struct script_machine *from = script_machine(f->script, i);
	const struct vm_options *o = from->options;
	struct machine_spec *m = &f->world.machines[i];
	cleanup_free char *image = o->image ? find_path(from->file, o->image) : NULL;
	cleanup_free char *kernel = o->kernel ? find_path(from->file, o->kernel) : NULL;
	cleanup_free char *initrd = o->initrd ? find_path(from->file, o->initrd) : NULL;
	bool disk = image && boot_disk_is(image), without_kit = disk || (image && kernel);
	struct guest_more more[VM_DISKS_MAX] = {{0}};
	struct guest_spec g = {
		.image = image, .kernel = kernel, .initrd = initrd, .kit = s->kit, .store = s->store,
		.screen = m->display, .firmware = o->firmware, .more = more};
	cleanup_guest_files struct guest_files files = {0};
	int r;

	g.agent = embedded_agent(&g.agent_len);
	g.nmore = find_disks(from, more);
	if (!s->kit && !without_kit)
		r = err_set(err, "%s", s->kit_missing);
	else if (o->firmware && (!disk || kernel))
		r = err_set(err, ".firmware is what a disk is booted by, %s", disk ? "and here .kernel is" : "and .image is none");
	else
		r = guest_prepare(&g, &files, err);
	for (size_t d = 0; d < g.nmore; d++)
		free((char *)more[d].file);
	if (r < 0 || (files.uefi && plan_add_firmware(m, err) < 0))
		return err_wrap(err, "%s:%d: machine '%s'", from->file, from->line, from->name);
	take_files(m, &files);
	return 0;
}

static void describe_machine(struct plan_file *f, size_t i)
{
	const struct script_machine *from = script_machine(f->script, i);
	const struct vm_options *o = from->options;
	struct machine_spec *m = &f->world.machines[i];

	*m = (struct machine_spec){
		.name = from->name,
		.hostname = o->hostname ? o->hostname : from->name,
		.append = o->append,
		.cpu = o->cpu,
		.provision = o->provision,
		.virtual_clock = o->clock && strcmp(o->clock, "virtual") == 0,
		.cold = from->cold,
		.memory = o->memory > 0 ? (int)o->memory : o->image ? MEMORY_ROOT : MEMORY_KIT,
		.display = o->display,
		.cpus = o->cpus > 0 ? (int)o->cpus : 1,
		.extra = o->qemu[0] ? (char *const *)o->qemu : NULL,
	};
	resolve_cards(f, o, m);
}

void plan_describe(struct plan_file *f, const struct settings *s)
{
	struct spec *w = &f->world;

	if (f->described || !f->script)
		return;
	f->described = true;
	w->qemu = host_fault() ? NULL : s->qemu;
	w->qemu_missing = host_fault() ? host_fault() : s->qemu_missing;
	w->store = s->store;
	w->nmachines = script_machine_count(f->script);
	w->sandbox = w->nmachines && w->qemu && confine_sandbox_works(w->store, w->qemu);
	w->freezer = w->nmachines && w->qemu && s->frozen && freezer_works(w->store, w->qemu);
	w->machines = xcalloc(w->nmachines, sizeof(*w->machines));
	resolve_nets(f);
	for (size_t i = 0; i < w->nmachines; i++)
		describe_machine(f, i);
}

void plan_resolve(struct plan_file *f, const struct settings *s)
{
	plan_describe(f, s);
	for (size_t i = 0; i < f->world.nmachines; i++) {
		struct machine_spec *m = &f->world.machines[i];
		struct err err = {0};

		if (!m->broken && !m->prepared && plan_prepare(f, s, i, &err) < 0)
			m->broken = xstrdup(err.text);
	}
}
