#!/usr/bin/perl
# carried.t - .files: what changes the machine and what does not, and what is missing
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my @env = ('VMTAP_CACHE=' . dir() . '/cache', 'VMTAP_ACCEL=tcg', 'HARNESS_ACTIVE=1');
mkdir dir() . "/$_" for 'build', 'build/pages';
file('build/app', 'one');
file('build/pages/index', 'welcome');
my $t = script(qq{vm(m, .files = { "build/app:/usr/bin/app", "build/pages:/srv/pages" });\ntest("t") { m.start(); }\n});

# Return: the machine's initramfs, which is a part of the key of its template.
sub initrd {
    my $r = vmtap(@env, '--dry-run', $t);
    return $r->{out} =~ /-initrd (\S+)/ ? $1 : "none: $r->{out}$r->{err}";
}

my $one = initrd();
like $one, qr{/initrd/[0-9a-f]{64}/}, 'it is part of what the machine starts from';
utime 1e9, 1e9, dir() . "/build/$_" for 'app', 'pages/index', 'pages';
is initrd(), $one, 'what was built again and is the same changes nothing';
chmod 0755, dir() . '/build/app';
isnt my $two = initrd(), $one, 'a mode does,';
file('build/pages/index', 'hello');
isnt my $three = initrd(), $two, '... what is in a file of a folder,';
symlink 'index', dir() . '/build/pages/start';
isnt my $four = initrd(), $three, '... and what is in the folder';
unlink dir() . '/build/pages/start';
is initrd(), $three, 'what was before is had again';

# Missing: told at the machine's line, and nothing boots
my $r = vmtap(@env, script(<<'END'));
vm(a, .files = { "build/ap:/usr/bin/app" });
vm(b, .files = { "build/*.deb:/opt/" });
vm(c, .memory = 16, .files = { "large:/srv/large" });
test("a") { a.start(); }
test("b") { b.start(); }
test("c") { c.start(); }
END
is $r->{status}, 3, 'a file that is not there is no failure of the test';
like $r->{out}, qr/^  message: "a\.start: \S+:1: machine 'a': 'build\/ap' \(\.files\) is not there"$/m, '... what, and at which line';
like $r->{out}, qr/^    > it is looked for beside the script, then from the current folder$/m, '... and where it was looked for';
like $r->{out}, qr/^  message: "b\.start: \S+:2: machine 'b': nothing is called 'build\/\*\.deb' \(\.files\)"$/m, 'a pattern that finds nothing';
like $r->{out}, qr/^  message: "c\.start: \S+:3: machine 'c': 'large' \(\.files\) is not there"$/m, 'another one';
file('large', 'x' x (6 << 20));
$r = vmtap(@env, script(qq{vm(c, .memory = 16, .files = { "large:/srv/large" });\ntest("c") { c.start(); }\n}));
like $r->{out}, qr/machine 'c': \.files has 6 MiB, too much for a machine with 16 MiB of memory"$/m, 'more than the machine has memory for';
is_deeply [glob dir() . '/cache/template/*'], [], 'none of this has booted anything';
done_testing;
