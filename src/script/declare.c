/* declare.c - what a script declares: tests, machines, networks
 *
 * The macros of vmtap.h put a constant structure into a section for each; the
 * sections are read here in the order of the file, and checked: a wrong name
 * or an impossible size is an error at its line, before anything boots.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "net/address.h"
#include "script/compiled.h"
#include "script/internals.h"

#define NAME_MAX_LENGTH 63	   /* RFC 1123: a label of a host name */
#define MEMORY_MIN	16	   /* MiB; no kernel boots with less */
#define MEMORY_MAX	(1L << 20) /* MiB; a mistyped unit, not a machine */
#define CPUS_MAX	128
#define MTU_MIN		576   /* RFC 791: what every host must accept */
#define MTU_MAX		65535 /* what the length field of IP can say */
#define TIMEOUT_MAX	1e6   /* s, eleven days */

/* Return: the machine that is called @name, NULL for none. */
static const struct script_machine *find_machine(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->machine_count; i++)
		if (strcmp(s->machines[i].name, name) == 0)
			return &s->machines[i];
	return NULL;
}

static void check_name(const struct vmtap_machine *m, const char *name, struct diagnostics *d)
{
	const char *p = name;

	if (strcmp(name, "localhost") == 0) {
		diagnose(d, m->file, m->line, "a machine cannot be called 'localhost': every machine is that to itself");
		return;
	}
	while (islower((unsigned char)*p) || (p > name && (isdigit((unsigned char)*p) || *p == '_' || *p == '-')))
		p++;
	if (*p || p == name)
		diagnose(d, m->file, m->line,
			 "a machine cannot be called '%s': a host name is lower-case letters, digits and '_', "
			 "and starts with a letter", name);
	else if (strlen(name) > NAME_MAX_LENGTH)
		diagnose(d, m->file, m->line, "the name '%s' is longer than %d characters", name, NAME_MAX_LENGTH);
}

/* Is .field = among the fields as they were written? */
static bool is_given(const char *given, const char *field)
{
	const size_t n = strlen(field);

	for (const char *p = given; *p; p++) {
		if (*p == '"') { /* a string: over it */
			while (*++p && *p != '"')
				if (*p == '\\' && p[1])
					p++;
			if (!*p)
				return false;
		} else if (*p == '.') {
			const char *word = p + 1 + strspn(p + 1, " ");

			if (strncmp(word, field, n) == 0 && strchr(" =", word[n]))
				return true;
		}
	}
	return false;
}

/* A number that was given, even 0, must make sense. */
struct range {
	const char *field, *unit;
	long value, min, max;
};

static void check_range(const char *file, int line, const char *given, struct range r, struct diagnostics *d)
{
	if ((r.value || is_given(given, r.field)) && (r.value < r.min || r.value > r.max))
		diagnose(d, file, line, ".%s is %ld%s: it must be %ld to %ld", r.field, r.value, r.unit, r.min, r.max);
}

/* A field that is "" is a mistake, not a default. */
static void check_text(const struct vmtap_machine *m, const char *field, const char *value, struct diagnostics *d)
{
	if (value && !*value)
		diagnose(d, m->file, m->line, ".%s is empty", field);
}

static void check_options(const struct vmtap_machine *m, struct diagnostics *d)
{
	const struct vm_options *o = &m->options;

	check_range(m->file, m->line, m->given,
		    (struct range){"memory", " MiB", o->memory, MEMORY_MIN, MEMORY_MAX}, d);
	check_range(m->file, m->line, m->given, (struct range){"cpus", "", o->cpus, 1, CPUS_MAX}, d);
	check_text(m, "image", o->image, d);
	check_text(m, "kernel", o->kernel, d);
	check_text(m, "initrd", o->initrd, d);
	check_text(m, "cpu", o->cpu, d);
	check_text(m, "hostname", o->hostname, d);
	check_text(m, "provision", o->provision, d);
}

static void add_machine(struct script *s, const struct vmtap_machine *m, size_t element,
			struct diagnostics *d)
{
	char *name = m->count ? xasprintf("%s%zu", m->name, element) : xstrdup(m->name);
	const struct script_machine *other = find_machine(s, name);

	if (other)
		diagnose(d, m->file, m->line, "there are two machines '%s'; the other is at %s:%d", name, other->file,
			 other->line);
	s->objects[s->machine_count] = m->machines + element;
	s->machines[s->machine_count++] = (struct script_machine){
		name, &m->options, m->file, m->line, is_given(m->given, "snapshot") && !m->options.snapshot};
}

static void read_machines(struct script *s, struct diagnostics *d)
{
	size_t bytes;
	const struct vmtap_machine *m = internals_section(s->code, "vmtap_machines", &bytes);

	s->machines = xcalloc(SCRIPT_MACHINES_MAX, sizeof(*s->machines));
	s->objects = xcalloc(SCRIPT_MACHINES_MAX, sizeof(*s->objects));
	for (size_t i = 0; i < bytes / sizeof(*m); i++, m++) {
		size_t n = m->count ? m->count : 1;

		check_name(m, m->name, d);
		check_options(m, d);
		if (n > SCRIPT_MACHINES_MAX - s->machine_count) {
			diagnose(d, m->file, m->line, "more than %d machines are declared", SCRIPT_MACHINES_MAX);
			return;
		}
		for (size_t element = 0; element < n; element++)
			add_machine(s, m, element, d);
	}
}

static void read_nets(struct script *s, struct diagnostics *d)
{
	size_t bytes;
	const struct vmtap_net *n = internals_section(s->code, "vmtap_nets", &bytes);

	s->nets = xcalloc(SCRIPT_NETS_MAX, sizeof(*s->nets));
	for (size_t i = 0; i < bytes / sizeof(*n); i++, n++) {
		struct subnet subnet;
		struct err err = {0};

		if (s->net_count == SCRIPT_NETS_MAX) {
			diagnose(d, n->file, n->line, "more than %d networks are declared", SCRIPT_NETS_MAX);
			return;
		}
		for (size_t j = 0; j < s->net_count; j++)
			if (strcmp(s->nets[j].name, n->name) == 0)
				diagnose(d, n->file, n->line, "there are two networks '%s'; the other is at %s:%d",
					 n->name, s->nets[j].file, s->nets[j].line);
		check_range(n->file, n->line, n->given, (struct range){"mtu", "", n->options.mtu, MTU_MIN, MTU_MAX},
			    d);
		if (address_subnet(n->options.subnet, (int)i, &subnet, &err) < 0)
			diagnose(d, n->file, n->line, "%s", err.text);
		n->net->name = n->name;
		s->nets[s->net_count++] = (struct script_net){n->name, &n->options, n->file, n->line};
	}
}

static void check_test(const struct script *s, const struct vmtap_test *t, struct diagnostics *d)
{
	if (!*t->name || strpbrk(t->name, "\r\n"))
		diagnose(d, t->file, t->line, "the name of a test is one line that is not empty");
	if (!(t->timeout >= 0 && t->timeout <= TIMEOUT_MAX))
		diagnose(d, t->file, t->line, ".timeout is %g seconds: it must be 0 (the default) to %g", t->timeout,
			 TIMEOUT_MAX);
	for (size_t i = 0; i < s->test_count; i++)
		if (strcmp(s->tests[i].name, t->name) == 0)
			diagnose(d, t->file, t->line, "there are two tests \"%s\"; the other is at %s:%d", t->name,
				 s->tests[i].file, s->tests[i].line);
}

static void read_tests(struct script *s, struct diagnostics *d)
{
	size_t bytes;
	const struct vmtap_test *t = internals_section(s->code, "vmtap_tests", &bytes);
	size_t n = bytes / sizeof(*t);

	if (n > SCRIPT_TESTS_MAX) {
		diagnose(d, s->path, 1, "more than %d tests are in it", SCRIPT_TESTS_MAX);
		return;
	}
	s->tests = xcalloc(n + 1, sizeof(*s->tests));
	s->bodies = xcalloc(n + 1, sizeof(*s->bodies));
	s->setups = xcalloc(n + 1, sizeof(*s->setups));
	for (size_t i = 0; i < n; i++, t++) {
		if (!t->name) {
			s->setups[s->setup_count++] = t->run;
			continue;
		}
		check_test(s, t, d);
		s->bodies[s->test_count] = t->run;
		s->tests[s->test_count++] =
			(struct script_test){t->name, t->file, t->line, t->timeout, t->skip};
	}
	if (!s->test_count)
		diagnose(d, s->path, 1, "there is no test in it; write: test(\"name\") { ... }");
}

void declare_read(struct script *s, struct diagnostics *d)
{
	read_nets(s, d);
	read_machines(s, d);
	read_tests(s, d);
}
