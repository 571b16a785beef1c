/* main.c - vmtap's agent: /init of the initramfs, then the host's hand in the guest
 *
 * Read on in boot.c (from the kernel to a running guest), agent.c (requests),
 * and a file for each kind of request: exec, wait, files, configure, power.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/boot.h"
#include "agent/power.h"
#include "wire/boot.h"

#define PORT_WAIT_S 30  /* for the device to appear; a TCG guest on a busy host is slow */
#define LATE_WAIT_S 600 /* ... where udev has to load its driver first: the host knows better for how long it waits */

static bool joined; /* something else has booted the machine */

/* The last word: on the console, where the host reads when no agent speaks. */
static void __attribute__((noreturn)) give_up(const struct boot *boot, const struct err *err)
{
	dprintf(STDERR_FILENO, "vmtap: %s\n%s", err->text, buf_str(&boot->warnings));
	if (joined) { /* the machine is not ours to end: it may have been started twice, and the other is at the port */
		agent_log("%s", err->text);
		_exit(1);
	}
	tcdrain(STDERR_FILENO);
	power_off_now();
}

int main(int argc, char **argv, char **envp)
{
	struct boot boot = {0};
	struct err err = {0};
	int port;

	if (getpid() != 1 && (argc != 2 || strcmp(argv[1], "serve") != 0)) {
		fputs("vmtap's agent is the init of vmtap's guests, or is started in one as `agent serve`\n", stderr);
		return 2;
	}
	joined = getpid() != 1;
	if (joined)
		boot_join(&boot, argv);
	else if (boot_run(&boot, argv, envp, &err) < 0)
		give_up(&boot, &err);
	port = port_open(BOOT_PORT_NAME, boot.guest ? LATE_WAIT_S : PORT_WAIT_S, &err);
	if (port < 0)
		give_up(&boot, &err);
	agent_serve(port, boot.init, buf_str(&boot.warnings), boot.is_init, &err);
	give_up(&boot, &err);
}
