/* new.c - `vmtap new`: a first script, to be run as it is and then changed */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/visit.h"

#define DEFAULT_NAME "first.c"

struct new_options {
	const char *image;
};

const struct option cmd_new_options[] = {
	{"image", 0, OPTION_TEXT, "IMAGE", offsetof(struct new_options, image), "a tar, tar.gz or folder that the machine boots"},
	{0},
};

static const char head[] = "#!/usr/bin/env vmtap\n"
			   "/* The language: man vmtap-script, or `vmtap header`. This file is run by `vmtap FILE`. */\n";

/* Of BusyBox guests, both machines in three lines of shell. */
static const char two_guests[] =
	"vm(server);\n"
	"vm(client);\n"
	"\n"
	"/* Runs once; each test then begins with a copy of the machines as it left them. */\n"
	"setup {\n"
	"\tserver.write_file(\"/www/index.html\", \"hello\\n\");\n"
	"\tserver.succeed(\"httpd -h /www\");\n"
	"\tserver.wait_for_open_port(80);\n"
	"}\n"
	"\n"
	"test(\"the client gets the page\") {\n"
	"\tis(client.succeed(\"wget -qO- http://server/\"), \"hello\");\n"
	"}\n"
	"\n"
	"test(\"a page that is not there is an error\") {\n"
	"\tclient.fail(\"wget -qO- http://server/nothing\");\n"
	"}\n";

/* Of an image nothing is known but that it boots. */
static const char one_image[] =
	"\n"
	"test(\"it boots\") {\n"
	"\tmachine.succeed(\"test -e /etc\");\n"
	"\t/* machine.wait_for_unit(\"nginx.service\"); */\n"
	"}\n"
	"\n"
	"test(\"what a test writes is gone in the next\") {\n"
	"\tmachine.write_file(\"/tmp/note\", \"mine\");\n"
	"\tis(machine.read_file(\"/tmp/note\"), \"mine\");\n"
	"}\n";

static void compose(struct buf *out, const char *image)
{
	buf_adds(out, head);
	if (!image) {
		buf_adds(out, two_guests);
		return;
	}
	buf_adds(out, "vm(machine, .image = ");
	visit_quote_c(out, image);
	buf_adds(out, ");\n");
	buf_adds(out, one_image);
}

/* A file of that name is never written to. Return: 0, or -1. */
static int write_new(const char *path, const struct buf *text, struct err *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0777);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, "there is '%s' already, which stays as it is\nname another file", path);
	if (fd < 0)
		return err_errno(err, "cannot make '%s'", path);
	if (fd_write_all(fd, text->data, text->len) == 0)
		return 0;
	err_errno(err, "cannot write '%s'", path);
	unlink(path);
	return -1;
}

int cmd_new(char **argv)
{
	struct new_options o = {0};
	cleanup_buf struct buf text = {0};
	struct err err = {0};
	int n, status = cmd_parse("new", cmd_new_options, &o, argv, &n);
	const char *path;

	if (status >= 0)
		return status;
	path = n ? argv[0] : DEFAULT_NAME;
	if (n > 1)
		err_set(&err, "new takes one file, but there is '%s'", argv[1]);
	else if (o.image && access(o.image, R_OK) < 0)
		err_errno(&err, "cannot open image '%s'", o.image);
	if (err.text[0])
		return cmd_wrong("new", err.text);
	compose(&text, o.image);
	if (write_new(path, &text, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_WRONG;
	}
	buf_clear(&text);
	text_add_word(&text, program_invocation_name);
	buf_adds(&text, path[0] == '-' ? " -- " : " ");
	text_add_word(&text, path);
	log_line("wrote '%s'\nrun it: %s", path, buf_str(&text));
	return EXIT_PASSED;
}
