#!/usr/bin/perl
# stages.t - setups with names: each is made once, begins as its parent left all machines, and tests begin there
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my @env = ('VMTAP_CACHE=' . dir() . '/cache', 'VMTAP_ACCEL=tcg', 'VMTAP_FROZEN=' . ($ENV{VMTAP_FROZEN} // 1));
my $script = script(<<'END');
vm(m);
vm(other);
static void add(const char *what) { m.succeed(fmt("echo %s >>/run/trail; echo MADE-%s >/dev/console", what, what)); }
static const char *trail(void) { return m.succeed("tr '\n' ' ' </run/trail"); }

setup { add("base"); }
setup("child", .from = "parent") { add("child"); }
setup("parent") { add("parent"); other.succeed("echo kept >/run/x"); }
setup("idle", .from = "parent") {}

test("a child", .from = "child") { is(trail(), "base parent child "); is(other.read_file("/run/x"), "kept\n"); add("test"); }
test("a child again", .from = "child") { is(trail(), "base parent child "); is(other.succeed("hostname"), "other"); }
test("a parent", .from = "parent") { is(trail(), "base parent "); add("test"); }
test("a parent again", .from = "parent") { is(trail(), "base parent "); }
test("base") { is(trail(), "base "); }
test("idle", .from = "idle") { is(trail(), "base parent "); is(other.read_file("/run/x"), "kept\n"); }
END

# How often each setup ran, as the console tells; --verbose shows the command as well.
sub made {
    my ($r) = @_;
    my %n;
    $n{$_}++ for $r->{err} =~ /MADE-(base|parent|child)\b(?! >)/g;
    return join ' ', "status $r->{status}:", map { "$_ " . ($n{$_} // 0) } qw(base parent child);
}

my $first = vmtap(@env, '--verbose', '-f', '[^e]$', $script);
is made($first), 'status 0: base 1 parent 1 child 1', 'each setup is made once' or diag($first->{out});
is made(vmtap(@env, '--verbose', '-f', 'a child|base', $script)), 'status 0: base 0 parent 0 child 0', '... and not again in the next run';
my $r = vmtap(@env, '-f', 'idle', $script);
is $r->{status}, 0, 'what a setup does not touch is as its parent left it';
like $r->{out} . $r->{err}, qr/setup "idle" runs before every test, because .*: it used no machine/, '... and one that uses none is not saved';
is made(vmtap(@env, '--cold', '--verbose', '-f', 'a child$', $script)), 'status 0: base 1 parent 1 child 1', '--cold: each test runs all that lead to it';

$r = vmtap(@env, script(<<'END'));
vm(m);
setup("parent") { m.succeed("false"); }
setup("child", .from = "parent") { m.succeed("true"); }
test("a", .from = "child") { m.succeed("true"); }
test("b", .from = "parent") { m.succeed("true"); }
test("c") { m.succeed("true"); }
END
like $r->{out}, qr/^not ok 1 - a\n.*message: "setup \\"parent\\" failed: .*^not ok 2 - b\n.*message: "setup \\"parent\\" failed: .*^ok 3 - c/ms,
    'a setup that failed fails what begins with it, by name, and nothing else';
done_testing;
