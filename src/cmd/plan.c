/* plan.c - the scripts of a run, compiled, as a list of tests in order */
#include "cmd/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"
#include "cmd/carried.h"
#include "cmd/piped.h"
#include "cmd/texts.h"
#include "base/text.h"
#include "image/boot_disk.h"
#include "image/embedded.h"
#include "image/guest.h"
#include "qemu/confine.h"
#include "qemu/firmware.h"
#include "qemu/freezer.h"
#include "machine/tpm.h"
#include "script/needs.h"
#include "script/script.h"
#include "script/types.h"

#define MEMORY_KIT  128 /* MiB */
#define MEMORY_ROOT 512
#define MTU_DEFAULT 1500
#define TPM_OLD	    1.2 /* of .tpm */
#define ROOM_DEFAULT 4096 /* MiB, for a root that is kept: what is not used of it takes no room on the host */

static_assert(GUEST_DISKS_MAX <= COMMAND_DISKS_MAX, "every disk of a guest is one of its machine");
static_assert(SCRIPT_MACHINES_MAX == SPEC_MACHINES_MAX, "a world has room for a script's machines");
static_assert(SCRIPT_NETS_MAX == SPEC_NETS_MAX, "a world has room for a script's networks");
static_assert(VM_DISKS_MAX == GUEST_MORE_MAX, "a guest gets all the disks that a script gives it");
static_assert(VM_NETS_MAX == COMMAND_NICS_MAX, "QEMU gets a card for each network of a machine");

/* ---- the list ---- */

static void add_test(struct plan *p, struct plan_file *f, size_t index)
{
	struct plan_test *t;

	p->tests = xrealloc(p->tests, (p->ntests + 1) * sizeof(*p->tests));
	t = &p->tests[p->ntests++];
	*t = (struct plan_test){.file = f, .index = index};
	if (f->script) {
		const struct script_test *s = script_test(f->script, index);

		t->own_name = plan_own_name(f, index);
		t->line = s->line;
		t->timeout = s->timeout;
		t->skip = s->skip;
		t->needs = s->needs;
		t->xfail = s->xfail;
		t->health = s->health;
	}
	if (f->error)
		t->name = xasprintf("%s compiles%s", f->path, f->variant_name);
	else
		t->name = xasprintf("%s%s%s", p->several ? f->path : "", p->several ? ": " : "", t->own_name);
}

/* Compile a script, in a variant or (NULL) as it is, and put it at the end of the list, which moves. */
static struct plan_file *add_file(struct plan *p, const struct operand *from, const struct variant *v)
{
	struct buf name = {0};
	struct err err = {0};
	struct plan_file *f;

	p->files = xrealloc(p->files, (p->nfiles + 1) * sizeof(*p->files));
	f = &p->files[p->nfiles++];
	if (v && v->count) {
		buf_adds(&name, " [");
		variant_describe(v, &name);
		buf_adds(&name, "]");
	}
	buf_str(&name);
	*f = (struct plan_file){.path = from->path, .variant = v, .variant_name = buf_steal(&name), .lines = from->lines,
				.nlines = from->nlines, .begun = SCRIPT_NOTHING};
	(void)host_random(&f->loaded, sizeof(f->loaded));
	if (script_compile(f->path, v, &f->script, &err) < 0) {
		f->script = NULL;
		f->error = xstrdup(err.text);
	}
	return f;
}

/* A script to be run without a test was begun, or is another's file. People at a prompt want its machines. */
static void want_tests(struct plan_file *f)
{
	if (!f->script || script_test_count(f->script))
		return;
	f->script = NULL;
	f->error = xasprintf("%s:1: error: there is no test in it; write: test(\"name\") { ... }", f->path);
}

/* The points of a script, which does not move any more. */
static void list_tests(struct plan *p, struct plan_file *f)
{
	size_t n = f->error ? 1 : script_test_count(f->script);

	for (size_t i = 0; i < n; i++)
		add_test(p, f, i);
}

/* Add a script in all its variants; as it is stays alone when nothing of it is varied, or it does not compile. */
static int add_variants(struct plan *p, const struct operand *from, const struct varies *v, struct err *err)
{
	const struct script *as_it_is = add_file(p, from, NULL)->script;
	struct variant next;

	if (!as_it_is || !variant_make(v, as_it_is, 0, &next) || !next.count)
		return 0;
	p->nfiles--;
	for (size_t i = 0; variant_make(v, as_it_is, i, &next); i++) {
		struct variant *kept = xmalloc(sizeof(*kept));

		if (i == VARIANTS_MAX)
			return err_set(err, "--vary makes more than %d variants of '%s'", VARIANTS_MAX, from->path);
		*kept = next;
		add_file(p, from, kept);
	}
	return 0;
}

/* Return: the name of a machine of the scripts that was probably meant, or NULL. */
static const char *find_near(const struct plan *p, const char *name)
{
	const char **names = xcalloc(p->nfiles * SCRIPT_MACHINES_MAX + 1, sizeof(*names));
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < p->nfiles; i++)
		for (size_t k = 0; p->files[i].script && k < script_machine_count(p->files[i].script); k++)
			names[n++] = script_machine(p->files[i].script, k)->declared;
	near = text_nearest(name, names);
	free(names);
	return near;
}

/* Tell of a machine that is varied and that no script has; one that did not compile may have it. */
static int check_machines(const struct plan *p, const struct varies *v, struct err *err)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct vary *vary = &v->list[i];
		const char *near = vary->machine ? find_near(p, vary->machine) : NULL;
		bool found = false;

		for (size_t k = 0; k < p->nfiles; k++)
			found |= !p->files[k].script || vary_concerns(vary, p->files[k].script);
		if (found)
			continue;
		if (!vary->machine)
			return err_set(err, "--vary=%s: no script has a machine", vary->text);
		err_set(err, "--vary=%s: no script has a machine '%s'", vary->text, vary->machine);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	return 0;
}

int plan_make_varied(struct plan *p, const struct operands *o, const struct varies *v, struct err *err)
{
	*p = (struct plan){.several = o->count > 1};
	for (size_t i = 0; i < o->count; i++)
		if (add_variants(p, &o->list[i], v, err) < 0)
			return -1;
	if (check_machines(p, v, err) < 0)
		return -1;
	for (size_t i = 0; i < p->nfiles; i++) {
		want_tests(&p->files[i]);
		list_tests(p, &p->files[i]);
	}
	return 0;
}

void plan_make(struct plan *p, char *path)
{
	*p = (struct plan){.several = false};
	add_file(p, &(struct operand){.path = path}, NULL);
	list_tests(p, &p->files[0]);
}

char *plan_own_name(const struct plan_file *f, size_t index)
{
	return xasprintf("%s%s", script_test(f->script, index)->name, f->variant_name);
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
		printf("%s%s: ", f->path, f->variant_name);
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

char *plan_find_path(const char *file, const char *path)
{
	cleanup_free char *dir = path_dir(file);
	cleanup_free char *beside = path_join(dir, path);

	return file_exists(beside) ? steal(beside) : xstrdup(path);
}

/* What .files says, packed. Return: 0, with @path NULL without any; or -1. */
static int carry_files(const struct script_machine *from, const struct settings *s, const struct machine_spec *m,
		       char **path, struct err *err)
{
	uint64_t most = (uint64_t)m->memory << 20, size = 0;

	*path = NULL;
	if (!from->options->files[0])
		return 0;
	if (carried_pack(s->store, from->file, from->options->files, path, &size, err) < 0)
		return -1;
	if (size <= most / 3) /* in its memory twice while it boots */
		return 0;
	err_set(err, ".files has %llu MiB, too much for a machine with %d MiB of memory", (unsigned long long)size >> 20, m->memory);
	return err_hint(err, "give it three times as much .memory, or put large things into its image");
}

/* Return: the image's path, which the caller frees, or NULL: standard input is none. */
static char *find_image(const struct script_machine *from, const struct settings *s, struct err *err)
{
	const char *piped;

	if (!piped_is_meant(from->options->image))
		return plan_find_path(from->file, from->options->image);
	piped = piped_image(s->store, err);
	return piped ? xstrdup(piped) : NULL;
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
			.file = d[n].file ? plan_find_path(from->file, d[n].file) : NULL,
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

static int check_parts(const struct guest_spec *g, const struct settings *s, const struct machine_spec *m, struct err *err)
{
	bool disk = g->image && boot_disk_is(g->image);

	if (m->tpm && tpm_missing())
		return err_set(err, "%s", tpm_missing());
	if (g->firmware && (!disk || g->kernel))
		return err_set(err, ".firmware is what a disk is booted by, %s", disk ? "and here .kernel is" : "and .image is none");
	return s->kit || disk || (g->image && g->kernel) ? 0 : err_set(err, "%s", s->kit_missing);
}

static int prepare_files(const struct plan_file *f, const struct settings *s, size_t i, struct guest_files *files, struct err *err)
{
	const struct script_machine *from = script_machine(f->script, i);
	const struct machine_spec *m = &f->world.machines[i];
	const struct vm_options *o = from->options;
	cleanup_free char *image = o->image ? find_image(from, s, err) : NULL;
	cleanup_free char *kernel = o->kernel ? plan_find_path(from->file, o->kernel) : NULL;
	cleanup_free char *initrd = o->initrd ? plan_find_path(from->file, o->initrd) : NULL, *carried = NULL;
	cleanup_buf struct buf users = {0}, env = {0};
	struct guest_more more[VM_DISKS_MAX] = {{0}};
	struct guest_spec g = {
		.image = image, .kernel = kernel, .initrd = initrd, .kit = s->kit, .store = s->store, .firmware = o->firmware,
		.screen = m->display, .sleeps = script_may_suspend(f->script), .changes = m->changes > 0, .tpm = m->tpm != TPM_NONE,
		.initrd_top = command_initrd_top(m->tpm, m->memory), .users = &users, .env = &env, .more = more};
	int r;

	if ((o->image && !image) || check_parts(&g, s, m, err) < 0 || carry_files(from, s, m, &carried, err) < 0)
		return -1;
	texts_users(o, &users);
	texts_env(o, &env);
	g.files = carried;
	g.agent = embedded_agent(&g.agent_len);
	g.nmore = find_disks(from, more);
	r = guest_prepare(&g, files, err);
	for (size_t d = 0; d < g.nmore; d++)
		free((char *)more[d].file);
	return r;
}

int plan_prepare(const struct plan_file *f, const struct settings *s, size_t i, struct err *err)
{
	const struct script_machine *from = script_machine(f->script, i);
	struct machine_spec *m = &f->world.machines[i];
	cleanup_guest_files struct guest_files files = {0};

	if (prepare_files(f, s, i, &files, err) < 0 || (files.uefi && plan_add_firmware(m, err) < 0)) {
		piped_name(err);
		return err_wrap(err, "%s:%d: machine '%s'", from->file, from->line, from->name);
	}
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
		.ready = o->ready,
		.tpm = o->tpm == 0 ? TPM_NONE : o->tpm == TPM_OLD ? TPM_1_2 : TPM_2_0,
		.virtual_clock = o->clock && strcmp(o->clock, "virtual") == 0,
		.cold = from->cold,
		.keep = o->keep,
		.may_reboot = o->keep || o->reboot_ok,
		.changes = o->root_size > 0 ? o->root_size : o->keep ? ROOM_DEFAULT : 0,
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
