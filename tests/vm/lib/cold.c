/* cold.c - which way a machine's life begins */

/* Return: whether machines are booted for each test, as `make states-check` has it (tests/exec). */
bool is_cold(void)
{
	const char *told = env("VMTAP_RUN");

	return told && strstr(told, "--cold");
}
