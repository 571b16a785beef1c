/* shell.c - the shell of a copy's first command */
use("cold.c");

/*
 * To be called first, in what a setup has left: at least the rest before the save (wait_quiet.c) has passed since the shell was
 * started. The first copy of a new machine has no such shell, and no such rest (cmd/freeze.h).
 */
void was_loaded_before(struct vm *m)
{
	if (is_cold())
		skip("--cold: nothing is saved, and no shell is loaded before");
	m->succeed("set -- $(cat /proc/$$/stat) && read up idle </proc/uptime && up=${up%.*}${up#*.} && test $((up - ${22})) -ge 20");
}
