#!/usr/bin/perl
# standing.t - `vmtap attach --repl`: the variables of a test that stands still where it has failed
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $runtime = dir() . '/runtime';
mkdir $runtime;
$ENV{VMTAP_CACHE} = dir() . '/store';
$ENV{XDG_RUNTIME_DIR} = $runtime;
delete $ENV{CI};
my $vmtap = $ENV{VMTAP} // 'build/vmtap';

# What a prompt says to these lines
sub prompt {
    my ($lines, @args) = @_;
    my $in = file('input', $lines);
    my $out = `$vmtap attach --repl @args <$in 2>@{[dir()]}/err`;
    return {out => $out, err => slurp(dir() . '/err'), status => $? >> 8};
}
sub shows {
    my ($lines, $want, $name) = @_;
    my $r = prompt($lines);
    is $r->{out} =~ tr/\n/ /r, $want, $name;
    is $r->{err} . $r->{status}, '0', '... and nothing is wrong';
    return;
}

# Run a script until one test of it is kept. Return the process.
sub kept {
    my ($text) = @_;
    my ($pid, $out) = start_vmtap('run', '--keep=300', script($text));
    ok wait_for(400, sub { slurp("$out.err") =~ /is kept for|waits 300 s/ }), 'a test is kept' or diag slurp($out), slurp("$out.err");
    return $pid;
}

sub dismiss {
    my ($pid) = @_;
    system "$vmtap attach --end";
    waitpid $pid, 0;
    return;
}

# A call that fails in a helper
my $pid = kept(<<'END');
vm(one);
struct point { int x, y; };
union both { int i; char c; };
enum colour { RED, GREEN };
typedef struct { int hidden; } nameless;
static int count = 1;
static int twice(int x) { return 2 * x; }
static int depth;
static void look(const char *file, int n, struct point p)
{
	static int calls;
	double ratio = n / 2.0;
	char text[8] = "abc", *end = text + 1;
	int table[2][3] = {{1, 2, 3}, {4, 5, 6}}, *count = &table[1][2];
	enum colour c = GREEN;
	nameless secret = {1};
	bool yes = true;
	int (*call)(int) = twice;
	char *note = "mine";
	calls += n;
	if (n < 3) {
		look(file, n + 1, p);
	} else {
		struct point *inner = &p;
		int n = 40;
		for (int i = 0; i < 9; i++)
			if (i == 5)
				one.succeed(fmt("cat %s", file));
	}
	depth++;
}
test("fails") {
	union both b = {.i = 65};
	unsigned long size = 1ul << 40;
	const char *depth = "hidden by the variable of all";
	count = 7;
	one.succeed("echo here >/root/file");
	look("/root/none", 1, (struct point){3, 4});
}
END
shows("i\nn\ninner->x\nratio\nfile\n", '5 40 3 1.5 /root/none ', 'variables of the block, of what is around it, parameters');
shows("p.y\nend\ntable[1][0]\nc == GREEN\nyes\ncall(21)\ntext[0]\n", '4 bc 4 1 true 42 97 ',
    '... structures, arrays, an enumeration, a function');
shows("*count\ncount == &table[1][2]\nnote\n", '6 1 mine ', '... also where they hide what has their name');
shows("b.i\nb.c\nsize\n", '65 65 1099511627776 ', '... those of the caller');
shows("depth\n", '0 ', '... which do not hide what is outside of all functions');
shows("n = 3;\nn\nfile = \"/root/file\";\none.read_file(file)\ni + n\n", '3 here  8 ', 'what a prompt does to them, it sees');
shows("n\nfile\n", '40 /root/none ', '... and the next one finds them as they were');
shows("int n = 1, more = i;\nn + more\n", '6 ', 'a variable of the prompt\'s takes a name');
like prompt("calls\n")->{err}, qr/'calls' undeclared/, 'a static variable of a function is not told of';
like prompt("secret\n")->{err}, qr/'secret' undeclared/, 'a type that has no name cannot be told';
my $r = prompt("*(int *)0\n\"on\"\n");
is $r->{out}, "on\n", 'a line that crashes ends nothing';
like $r->{err}, qr/^crashed: access through a null pointer/m, '... and is told';
my @two = map { my $n = $_; my $in = file("input$n", "n = $n;\none.succeed(\"sleep 1\");\nn\n"); open my $f, '-|', "$vmtap attach --repl <$in" or die; $f } 1, 2;
is join('', map { local $/; scalar readline $_ } @two), "1\n2\n", 'two at a time, each with his own';

# The process that stands still goes away
my @ours = map { (split ' ')[0] } left_over(dir());
my %has_child = map { (slurp("/proc/$_/stat") =~ /\) \S (\d+)/ ? $1 : 0) => 1 } @ours;
my ($stands) = grep { !$has_child{$_} && slurp("/proc/$_/stat") =~ /^(\d+) \(vmtap\) \S \d+ (\d+) (\d+) / && $1 == $2 && $1 != $3 } @ours;
kill 'KILL', $stands;
$r = prompt("count\none.succeed(\"cat /root/file\")\n");
is $r->{out}, "1\nhere\n", 'without it, the script is read again';
like $r->{err}, qr/the process of "fails" has ended: its variables are as the script begins with them/, '... which is told';
dismiss($pid);

# A check, which a test would go on after
$pid = kept(<<'END');
vm(one);
test("fails") {
	one.start();
	int seen = 3;
	subtest("part") {
		const char *what = "part";
		is(seen, 4);
		seen = 5;
	}
	seen = 6;
}
END
shows("seen\nwhat\n", '3 part ', 'a check: the script stands still there');
dismiss($pid);

# The script crashes
$pid = kept(<<'END');
vm(one);
test("crashes") {
	int *nowhere = NULL, i = 8;
	one.start();
	*nowhere = i;
}
END
shows("i\nnowhere\n", '8 NULL ', 'a crash in the script\'s own code');
dismiss($pid);
$pid = kept(<<'END');
vm(one);
test("overflows") { volatile char room[100]; one.start(); room[0] = 1; void again(void); again(); }
void again(void) { volatile char room[4096]; room[0] = 1; again(); room[1] = 1; }
END
like prompt("1\n")->{err}, qr/the process of "overflows" has ended/, 'a stack that is used up leaves nothing';
dismiss($pid);

# A script that waits
$pid = kept(<<'END');
vm(one);
test("waits") {
	int i = 1;
	one.start();
	one.interact();
	is(i, 1);
}
END
shows("i = 2;\ni\n", '2 ', 'interact(): the variables where it waits');
waitpid $pid, 0;
is $? >> 8, 0, '... which goes on with its own';
ok wait_for(60, sub { !left_over(dir()) }), 'no process is left' or diag join "\n", left_over(dir());
done_testing;
