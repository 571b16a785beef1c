/* check.c - `vmtap check`: compile scripts and list what they declare, booting nothing */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/plan.h"

const struct option cmd_check_options[] = {{0}};

int cmd_check(char **argv)
{
	struct operands o;
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("check", cmd_check_options, NULL, argv, &n);
	int wrong = 0;

	if (status >= 0)
		return status;
	if (operands_read(&o, argv, &err) < 0)
		return cmd_wrong("check", err.text);
	plan_make(&p, &o);
	plan_print(&p);
	fflush(stdout); /* before what follows on stderr, where both are the same pipe */
	for (size_t i = 0; i < p.nfiles; i++) {
		if (p.files[i].error) {
			fprintf(stderr, "%s\n", p.files[i].error);
			wrong = 1;
		}
	}
	return wrong ? EXIT_WRONG : EXIT_PASSED;
}
