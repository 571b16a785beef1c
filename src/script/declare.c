/* declare.c - what a script declares: tests, machines, networks
 *
 * The macros of vmtap.h put a constant structure into a section for each; the
 * sections are read here in the order of the file, and checked: a wrong name
 * or an impossible size is an error at its line, before anything boots.
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/address.h"
#include "script/compiled.h"
#include "script/fields.h"
#include "script/fields_guest.h"
#include "script/internals.h"
#include "script/needs.h"
#include "script/vary.h"
#include "wire/agent.h"

#define NAME_MAX_LENGTH ((size_t)63) /* RFC 1123: a label of a host name */
#define TIMEOUT_MIN	1e-3 /* s */
#define TIMEOUT_MAX	1e6 /* s, eleven days */
#define LINE_MAX_LENGTH 512 /* bytes of a source line that are searched */

static void check_name(const struct vmtap_machine *m, const char *name, struct diagnostics *d)
{
	const size_t digits = m->count > 10 ? 2 : m->count >= 0; /* of the number of an array's element */
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
	else if (strlen(name) + digits > NAME_MAX_LENGTH)
		diagnose(d, m->file, m->line, "the name '%s' is longer than %zu characters", name, NAME_MAX_LENGTH - digits);
}

static const char *hostname_of(const struct script_machine *m)
{
	return m->options->hostname ? m->options->hostname : m->name;
}

/* Tell of a machine before @m with the same name or host name. */
static void check_unique(const struct script *s, const struct script_machine *m, struct diagnostics *d)
{
	for (const struct script_machine *other = s->machines; other < m; other++) {
		if (strcmp(other->name, m->name) == 0) {
			diagnose(d, m->file, m->line, "there are two machines '%s'; the other is at %s:%d", m->name,
				 other->file, other->line);
			return;
		}
		/* Elements of one array: fields.c has told. */
		if (strcasecmp(hostname_of(other), hostname_of(m)) == 0 && other->options != m->options) {
			diagnose(d, m->file, m->line, "the machines '%s' and '%s' have one host name, '%s'; "
				 "the other is at %s:%d", other->name, m->name, hostname_of(m), other->file, other->line);
			return;
		}
	}
}

static void add_machine(struct script *s, const struct vmtap_machine *m, long element, struct diagnostics *d)
{
	struct script_machine *added = &s->machines[s->machine_count];
	char *name = m->count >= 0 ? xasprintf("%s%ld", m->name, element) : xstrdup(m->name);
	const struct vmtap_machine *is = variant_apply(s->variant, m, name);

	if (is != m)
		fields_check_machine(is, d);
	*added = (struct script_machine){
		.name = name,
		.declared = m->name,
		.options = &is->options,
		.file = m->file,
		.line = m->line,
		.cold = fields_given(is->given, "snapshot") && !is->options.snapshot,
	};
	check_unique(s, added, d);
	s->objects[s->machine_count++] = m->machines + element;
}

static void read_machines(struct script *s, struct diagnostics *d)
{
	size_t bytes;
	const struct vmtap_machine *m = internals_section(s->code, "vmtap_machines", &bytes);

	s->machines = xcalloc(SCRIPT_MACHINES_MAX, sizeof(*s->machines));
	s->objects = xcalloc(SCRIPT_MACHINES_MAX, sizeof(*s->objects));
	for (size_t i = 0; i < bytes / sizeof(*m); i++, m++) {
		long n = m->count < 0 ? 1 : m->count;

		check_name(m, m->name, d);
		fields_check_machine(m, d);
		fields_check_guest(m, d);
		if (n == 0)
			diagnose(d, m->file, m->line, "the array '%s' has no machines", m->name);
		if (n > SCRIPT_MACHINES_MAX - (long)s->machine_count) {
			diagnose(d, m->file, m->line, "more than %d machines are declared", SCRIPT_MACHINES_MAX);
			return;
		}
		for (long element = 0; element < n; element++)
			add_machine(s, m, element, d);
	}
}

/* Tell of a network before number @n that has the same name, or addresses of its subnet. */
static void check_unique_net(const struct script *s, const struct subnet *subnets, size_t n, struct diagnostics *d)
{
	const struct script_net *net = &s->nets[n];

	for (size_t i = 0; i < n; i++) {
		const struct script_net *other = &s->nets[i];
		int bits = subnets[i].bits < subnets[n].bits ? subnets[i].bits : subnets[n].bits;
		char a[ADDRESS_TEXT], b[ADDRESS_TEXT];

		if (strcmp(other->name, net->name) == 0) {
			diagnose(d, net->file, net->line, "there are two networks '%s'; the other is at %s:%d",
				 net->name, other->file, other->line);
			return;
		}
		if (!bits || (subnets[i].base ^ subnets[n].base) >> (32 - bits))
			continue;
		address_ip(&subnets[i], 0, 1, a);
		address_ip(&subnets[n], 0, 1, b);
		diagnose(d, net->file, net->line, "the networks '%s' (%s) and '%s' (%s) share addresses; the other is at "
			 "%s:%d", other->name, a, net->name, b, other->file, other->line);
		return;
	}
}

/* Read the subnet of network @i; one that is wrong gets 0 bits. */
static struct subnet read_subnet(const struct vmtap_net *n, size_t i, struct diagnostics *d)
{
	struct subnet subnet = {0};
	struct err err = {0};

	if (address_subnet(n->options.subnet, (int)i, &subnet, &err) < 0) {
		diagnose(d, n->file, n->line, "%s", err.text);
		return (struct subnet){0};
	}
	if (subnet.base >> 24 == 0 || subnet.base >> 24 == 127 || subnet.base >> 24 >= 224)
		diagnose(d, n->file, n->line, "bad subnet '%s': its addresses are not for hosts", n->options.subnet);
	return subnet;
}

const char *script_net_name(const struct net *n)
{
	return n->name;
}

static void read_nets(struct script *s, struct diagnostics *d)
{
	struct subnet subnets[SCRIPT_NETS_MAX];
	size_t bytes;
	const struct vmtap_net *n = internals_section(s->code, "vmtap_nets", &bytes);

	s->nets = xcalloc(SCRIPT_NETS_MAX, sizeof(*s->nets));
	s->net_objects = xcalloc(SCRIPT_NETS_MAX, sizeof(*s->net_objects));
	for (size_t i = 0; i < bytes / sizeof(*n); i++, n++) {
		n->net->name = n->name;
		if (i >= SCRIPT_NETS_MAX) {
			if (i == SCRIPT_NETS_MAX)
				diagnose(d, n->file, n->line, "more than %d networks are declared", SCRIPT_NETS_MAX);
			continue;
		}
		s->nets[i] = (struct script_net){n->name, &n->options, n->file, n->line};
		s->net_objects[i] = n->net;
		s->net_count = i + 1;
		fields_check_net(n, d);
		subnets[i] = read_subnet(n, i, d);
		check_unique_net(s, subnets, i, d);
	}
}

/* tcc lets the address of a text into a number: its bits are a tiny or a huge one. */
static void check_timeout(const struct script *s, const struct vmtap_test *t, struct diagnostics *d)
{
	char line[LINE_MAX_LENGTH];
	const char *value;

	if (t->timeout >= TIMEOUT_MIN && t->timeout <= TIMEOUT_MAX)
		return;
	sources_line(&s->sources, t->file, t->line, line, sizeof(line));
	value = fields_given(line, "timeout");
	if (!value)
		diagnose(d, t->file, t->line, "behind the name of a test come its fields, each with a dot: .timeout = 60");
	else if (*value == '"')
		diagnose(d, t->file, t->line, ".timeout is a text: it must be a number of seconds");
	else
		diagnose(d, t->file, t->line, ".timeout is %g seconds: it must be 0 (the default) or %g to %g",
			 t->timeout, TIMEOUT_MIN, TIMEOUT_MAX);
}

static void check_needs(const struct vmtap_test *t, struct diagnostics *d)
{
	cleanup_free char *fault = t->needs ? needs_fault(t->needs) : NULL;

	if (fault)
		diagnose(d, t->file, t->line, "%s %s", t->name ? ".needs" : "needs()", fault);
}

/* Return: what @t and each needs() of the script ask for, or NULL. */
static const char *join_needs(const struct vmtap_test *tests, size_t n, const struct vmtap_test *t)
{
	struct buf all = {0}; /* lives as long as the script */

	for (size_t i = 0; i < n; i++)
		if (tests[i].needs && (!tests[i].run || &tests[i] == t))
			buf_addf(&all, "%s%s", all.len ? ", " : "", tests[i].needs);
	return all.len ? buf_str(&all) : NULL;
}

/* "oom, units": each word is one that HEALTH tells of, or "all". */
static void check_health(const struct vmtap_test *t, struct diagnostics *d)
{
	static const char *const names[] = {WIRE_HEALTH_NAMES, "all"};

	for (const char *at = t->health; *at;) {
		size_t n = strcspn(at, ", "), i = 1;

		while (i < ARRAY_SIZE(names) && (strlen(names[i]) != n || memcmp(names[i], at, n) != 0))
			i++;
		if (i == ARRAY_SIZE(names)) {
			diagnose(d, t->file, t->line, ".health says '%.*s': it must be oops, warning, lockdep, hung, oom, coredump, "
				 "units or all, with commas between them", (int)n, at);
			return;
		}
		at += n;
		at += strspn(at, ", ");
	}
}

static void check_test(const struct script *s, const struct vmtap_test *t, struct diagnostics *d)
{
	if (!*t->name || strpbrk(t->name, "\r\n"))
		diagnose(d, t->file, t->line, "the name of a test is one line that is not empty");
	if (t->skip && !*t->skip)
		diagnose(d, t->file, t->line, ".skip is empty: it must say why");
	if (t->xfail && !*t->xfail)
		diagnose(d, t->file, t->line, ".xfail is empty: it must say why");
	if (t->health)
		check_health(t, d);
	if (t->timeout != 0)
		check_timeout(s, t, d);
	for (size_t i = 0; i < s->test_count; i++)
		if (strcmp(s->tests[i].name, t->name) == 0)
			diagnose(d, t->file, t->line, "there are two tests \"%s\"; the other is at %s:%d", t->name,
				 s->tests[i].file, s->tests[i].line);
}

static void read_tests(struct script *s, struct diagnostics *d)
{
	size_t bytes;
	const struct vmtap_test *all = internals_section(s->code, "vmtap_tests", &bytes), *t = all;
	size_t n = bytes / sizeof(*t);

	if (n > SCRIPT_TESTS_MAX) {
		diagnose(d, s->path, 1, "more than %d tests are in it", SCRIPT_TESTS_MAX);
		return;
	}
	s->tests = xcalloc(n + 1, sizeof(*s->tests));
	s->bodies = xcalloc(n + 1, sizeof(*s->bodies));
	s->setups = xcalloc(n + 1, sizeof(*s->setups));
	for (size_t i = 0; i < n; i++, t++) {
		check_needs(t, d);
		if (!t->name && t->run)
			s->setups[s->setup_count++] = t->run;
		if (!t->name || t->stage)
			continue;
		check_test(s, t, d);
		s->bodies[s->test_count] = t->run;
		s->tests[s->test_count++] =
			(struct script_test){t->name, t->file, t->line, t->timeout, t->skip, join_needs(all, n, t), t->xfail, SCRIPT_BASE, t->health};
	}
}

void declare_read(struct script *s, struct diagnostics *d)
{
	read_nets(s, d);
	read_machines(s, d);
	read_tests(s, d);
	stages_read(s, d);
	diagnose_sort(d);
}
