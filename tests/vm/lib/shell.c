/* shell.c - the shell of a copy's first command */

/* To be called first: some of the rest before the save (wait_quiet.c), 0.2 s where there is time for it, has passed since the shell was started. */
void was_loaded_before(struct vm *m)
{
	m->succeed("set -- $(cat /proc/$$/stat) && read up idle </proc/uptime && up=${up%.*}${up#*.} && test $((up - ${22})) -ge 5");
}
