/* right: ok, the guest only prints the words and its kernel is well; other tools took any console text for the fact */
vm(m);

test("a console text about a panic is no panic", .timeout = 400) {
	m.succeed("echo 'checking that the log has no Kernel panic - not syncing' >/dev/console");
	m.succeed("echo '<2>a test quotes: Kernel panic - not syncing: VFS' >/dev/kmsg");
	m.succeed("sleep 3"); /* for as long as QEMU is given to end after such words */
	is(m.succeed("echo alive"), "alive");
}

test("nor are the kernel's own words in somebody's mouth", .timeout = 400) {
	m.succeed("echo 'Kernel panic - not syncing: Attempted to kill init!' >/dev/console");
	m.succeed("sleep 3");
	is(m.succeed("echo alive"), "alive");
}
