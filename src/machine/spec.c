/* spec.c - what a world is made of: the declarations, resolved */
#include "machine/spec.h"

#include "base/buf.h"

#define SPEC_GENERIC_NET 0xFD /* no network has this number (WORLD_NETS_MAX) */

void spec_generic_mac(size_t card, char out[ADDRESS_TEXT])
{
	address_mac(SPEC_GENERIC_NET, (int)card + 1, out);
}

void spec_command(const struct world_spec *w, size_t index, bool generic,
		  char macs[COMMAND_NICS_MAX][ADDRESS_TEXT], struct command *out)
{
	const struct machine_spec *m = &w->machines[index];

	*out = (struct command){
		.binary = w->qemu,
		.accel = w->accel->kind,
		.name = generic ? "template" : m->name,
		.memory = m->memory,
		.cpus = m->cpus,
		.cpu = m->cpu,
		.kernel = m->kernel,
		.initrd = m->initrd,
		.append = m->append,
		.root = m->root,
		.modules = m->modules,
		.nics = m->nnets,
		.extra = m->extra,
	};
	for (size_t i = 0; i < m->nnets; i++) {
		if (generic)
			spec_generic_mac(i, macs[i]);
		else
			address_mac(m->nets[i], (int)index + 1, macs[i]);
		out->macs[i] = macs[i];
	}
}

char *spec_hosts(const struct world_spec *w)
{
	struct buf b = {0};

	for (size_t i = 0; i < w->nmachines; i++) {
		const struct machine_spec *m = &w->machines[i];

		for (size_t n = 0; n < m->nnets; n++) {
			const struct net_spec *net = &w->nets[m->nets[n]];
			char ip[ADDRESS_TEXT];

			address_ip(&net->subnet, (int)i + 1, 0, ip);
			buf_addf(&b, "%s %s %s.%s\n", ip, m->hostname, m->hostname, net->name);
		}
	}
	return buf_steal(&b);
}
