#!/usr/bin/env vmtap
/* configured.c - the files that make a copy itself stay what they are: a mount, a link; mode, owner; a root that is only read */
use("lib/cold.c");

/*
 * A copy is told its name when it is one, and .provision ran before that. A machine that cannot be configured is booted
 * instead: it has its name from the beginning.
 */
#define BEFORE "hostname >/tmp/before; "

vm(mounted, .provision = BEFORE "cp /etc/hosts /tmp/hosts && mount --bind /tmp/hosts /etc/hosts");
vm(linked, .provision = BEFORE "mkdir /etc/own && mv /etc/hosts /etc/own/ && ln -s own/hosts /etc/hosts && chmod 600 /etc/own/hosts && chown 7:8 /etc/own/hosts; "
			"echo none >/etc/own/name && rm -f /etc/hostname && ln -s own/name /etc/hostname");
vm(readonly, .provision = BEFORE "rm -f /etc/hostname; echo 0123456789abcdef0123456789abcdef >/etc/machine-id; mount -o remount,ro /");

static void is_a_copy(struct vm *m)
{
	bool same = !strcmp(m->succeed("cat /tmp/before"), m->succeed("hostname"));

	is(same, is_cold());
}

test("a hosts file that is mounted") {
	is_a_copy(&mounted);
	is(mounted.succeed("cat /tmp/hosts"), mounted.succeed("cat /etc/hosts"));
	mounted.succeed("grep -w linked /etc/hosts");
}

test("a hosts file and a host name that are links") {
	is_a_copy(&linked);
	is(linked.succeed("readlink /etc/hosts; readlink /etc/hostname"), "own/hosts\nown/name");
	is(linked.succeed("stat -c '%a %u:%g' /etc/own/hosts; cat /etc/own/name"),
	   is_cold() ? "600 7:8\nnone" : "600 7:8\nlinked"); /* what was booted had its name before .provision */
	linked.succeed("grep -w mounted /etc/hosts");
}

test("a root that is only read") {
	is_a_copy(&readonly);
	readonly.fail("touch /new");
	if (!is_cold())
		ok(strcmp(readonly.succeed("cat /etc/machine-id"), "0123456789abcdef0123456789abcdef"));
	readonly.succeed("grep -w linked /etc/hosts && grep -w readonly /etc/hosts");
}
