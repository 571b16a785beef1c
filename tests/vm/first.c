#!/usr/bin/env vmtap
/* first.c - the first command of a copy, whose shell was loaded before the machine was saved, is like any other */
use("lib/shell.c");

vm(kit);
vm(other);
vm(web, .image = "build/debian12-web.tar");

/*
 * What a command can know of how it was started. The list of its descriptors comes first into a variable: a pipeline's
 * own pipe would come and go in it. Lines without an arrow are of a descriptor that was closed while ls looked at it.
 */
static const char *const surroundings =
	"env | sort; pwd; umask; ulimit -a; echo \"$0 $# $-\"; fds=$(ls -l /proc/$$/fd); echo \"$fds\" | sed -n 's/pipe:.*/pipe/; s/.* \\([0-9]* ->\\)/\\1/p'; "
	"grep -E '^(Sig[PBIC]|Shd|Cap|NoNew|Seccomp|TracerPid|Groups|Uid|Gid|Umask)' /proc/$$/status; cat /proc/$$/oom_score_adj; "
	"tr '\\0' '\\n' </proc/$$/cmdline | grep -v '^$'; hostname; cut -d' ' -f4,5,6 /proc/$$/stat | sed \"s/$$/itself/g\"";

static const char *const traced = "grep -l '^State:.*tracing' /proc/[0-9]*/status";

static void is_like_any_other(struct vm *m)
{
	const char *first = m->succeed(surroundings);

	is(m->succeed(surroundings), first);
	m->fail(traced);
}

/* The first copy of a new machine is made before a shell is loaded (cmd/freeze.h); of what a setup leaves every copy has one. */
setup("saved") {
	kit.start();
	web.start();
}

test("in the kit's guest, its shell was there before it", .from = "saved") {
	was_loaded_before(&kit);
}

test("in a Debian guest, its shell was there before it", .from = "saved") {
	was_loaded_before(&web);
}

test("in the kit's guest, it sees what any other sees") {
	is_like_any_other(&kit);
}

test("in a Debian guest, it sees what any other sees") {
	is_like_any_other(&web);
}

test("it knows the time") {
	long long before, told;

	kit.start();
	before = time(NULL);
	told = atoll(kit.succeed("date +%s"));
	ok(told >= before - 2 && told <= time(NULL) + 2);
}

test("two copies draw different numbers") {
	isnt(kit.succeed("echo $RANDOM $RANDOM $RANDOM"), other.succeed("echo $RANDOM $RANDOM $RANDOM"));
	isnt(kit.succeed("head -c 8 /dev/urandom | od -An -x"), other.succeed("head -c 8 /dev/urandom | od -An -x"));
}

test("its status, signal and output are its own") {
	struct result r = kit.execute("echo out; echo err >&2; kill -TERM $$");

	is(r.signal, SIGTERM);
	is(r.out, "out\n");
	is(r.err, "err\n");
}

test("one that is too long for the shell that waits") {
	is(kit.succeed(fmt("echo %05000d | wc -c", 7)), "5001");
	kit.fail(traced);
}

test("what a file just written changes is there") {
	web.write_file("/etc/ld.so.preload", "/nowhere.so\n");
	like(web.execute("true").err, "nowhere.so");
}

test("no shell keeps a machine from being shut down") {
	web.start();
	web.shutdown();
}
