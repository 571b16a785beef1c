/* spec.c - the names by which machines find each other */
#include "unit.h"

#include "base/mem.h"
#include "machine/spec.h"

/* Two or three machines on one network, "name" and "hostname" in turn. Return: their lines, which the caller frees. */
static char *hosts(size_t n, const char *const names[][2])
{
	struct net_spec net = {.name = "lan"};
	struct machine_spec machines[3] = {0};
	struct spec w = {.machines = machines, .nmachines = n, .nets = &net, .nnets = 1};

	address_subnet(NULL, 0, &net.subnet, NULL);
	for (size_t i = 0; i < n; i++)
		machines[i] = (struct machine_spec){.name = names[i][0], .hostname = names[i][1], .nnets = 1};
	return spec_hosts(&w);
}

#define CHECK_HOSTS(want, ...)                                                                 \
	do {                                                                                   \
		static const char *const names_[][2] = {__VA_ARGS__};                          \
		cleanup_free char *hosts_ = hosts(ARRAY_SIZE(names_), names_);                 \
		CHECK_STR(hosts_, want);                                                       \
	} while (0)

TEST(spec, a_long_name_has_a_short_one_and_the_script_s)
{
	CHECK_HOSTS("192.168.1.1 web.example.com web.example.com.lan web one\n192.168.1.2 two two.lan\n",
		    {"one", "web.example.com"}, {"two", "two"});
	CHECK_HOSTS("192.168.1.1 web.example.com web.example.com.lan web\n", {"web", "web.example.com"});
}

TEST(spec, what_another_machine_is_called_is_nobody_s_second_name)
{
	CHECK_HOSTS("192.168.1.1 web.a web.a.lan one\n192.168.1.2 web.b web.b.lan two\n", {"one", "web.a"},
		    {"two", "web.b"});
	CHECK_HOSTS("192.168.1.1 Web.a Web.a.lan one\n192.168.1.2 web web.lan\n", {"one", "Web.a"}, {"web", "web"});
	CHECK_HOSTS("192.168.1.1 two two.lan one\n192.168.1.2 x x.lan\n", {"one", "two"}, {"two", "x"});
	CHECK_HOSTS("192.168.1.1 web.a web.a.lan one\n192.168.1.2 db db.lan web\n", {"one", "web.a"}, {"web", "db"});
}

TEST(spec, localhost_stays_oneself)
{
	CHECK_HOSTS("192.168.1.1 localhost.a localhost.a.lan one\n", {"one", "localhost.a"});
}
