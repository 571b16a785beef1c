#!/usr/bin/env vmtap
/* journal.c - the journal of a copy whose image keeps it on disk */
use("lib/identity.c");

/* What an image with /var/log/journal does at its boot, here done after it: the journal moves there from /run. */
vm(m, .image = "build/debian12-web.tar",
   .provision = "mkdir -p /var/log/journal && systemctl restart systemd-journald && journalctl --flush && logger before && journalctl --sync");
vm(other, .image = "build/debian12-web.tar",
   .provision = "mkdir -p /var/log/journal && systemctl restart systemd-journald && journalctl --flush && logger before && journalctl --sync");

static void has_its_journal(struct vm *v)
{
	v->succeed("test ! -e /run/log/journal/$(cat /etc/machine-id)/system.journal");
	v->succeed("test -e /var/log/journal/$(cat /etc/machine-id)/system.journal");
	like(v->succeed("logger after && journalctl --sync && journalctl --boot --no-pager"), "before(.|\n)*after");
	v->succeed("journalctl --rotate && logger later && journalctl --sync");
	like(v->succeed("journalctl --boot --no-pager"), "before(.|\n)*after(.|\n)*later");
	unlike(v->succeed("journalctl --boot --unit=systemd-journald --no-pager"), "Failed");
}

test("what was said before the copy was made and after it is in one journal, on disk") {
	has_its_journal(&m);
	has_its_journal(&other);
	isnt(machine_id(&m), machine_id(&other));
}
