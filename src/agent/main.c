/* main.c - vmtap's agent: /init of the initramfs, then the host's hand in the guest
 *
 * Read on in boot.c (from the kernel to a running guest), agent.c (requests),
 * and a file for each kind of request: exec, wait, files, configure, power.
 */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/boot.h"
#include "agent/power.h"
#include "wire/boot.h"

/* The last word: on the console, where the host reads when no agent speaks. */
static void __attribute__((noreturn)) give_up(const struct boot *boot, const struct err *err)
{
	dprintf(STDERR_FILENO, "vmtap: %s\n%s", err->text, buf_str(&boot->warnings));
	tcdrain(STDERR_FILENO);
	power_off_now();
}

int main(int argc, char **argv, char **envp)
{
	struct boot boot = {0};
	struct err err = {0};
	int port;

	(void)argc;
	if (getpid() != 1) {
		fputs("vmtap's agent is the init of vmtap's guests and does nothing else\n", stderr);
		return 2;
	}
	if (boot_run(&boot, argv, envp, &err) < 0)
		give_up(&boot, &err);
	port = port_open(BOOT_PORT_NAME, &err);
	if (port < 0)
		give_up(&boot, &err);
	agent_serve(port, boot.init, buf_str(&boot.warnings), boot.is_init, &err);
	give_up(&boot, &err);
}
