vm(kept, .keep = 1, .root_size = 16, .reboot_ok = 1);
vm(none, .root_size = 0);
vm(tiny, .keep = 1, .root_size = 15);
vm(huge, .root_size = 1048577);
vm(negative, .root_size = -1);
vm(text, .keep = "yes");
vm(texts, .reboot_ok = "yes");

test("x") {
	kept.reboot();
	kept.suspend();
	kept.wakeup();
}
