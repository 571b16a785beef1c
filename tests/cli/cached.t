#!/usr/bin/perl
# cached.t - --cached: a test that has passed is not run again, unless something that it depends on has changed
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $cache = dir() . '/cache';
my @env = ("VMTAP_CACHE=$cache", 'VMTAP_ACCEL=tcg');
my $passed = qr/^  cached: "passed \d{4}-\d\d-\d\d \d\d:\d\d UTC"$/m;
my $ran = qr/^  cached: "no: no earlier pass with these inputs"$/m;

sub entries { my @found = glob "$cache/result/*"; return @found }
sub count { my ($r, $what) = @_; return scalar(() = $r->{out} =~ /$what/g) }

# Two runs of a script: the second run's output
sub twice {
    my $path = script($_[0]);
    vmtap(@env, '--cached', $path);
    return vmtap(@env, '--cached', $path);
}

# Passes, and nothing else
my $text = qq{test("passes") { note("it runs"); }\ntest("fails") { ok(0); }\ntest("skips") { skip("no"); }\n};
my $mixed = script($text);
my $r = vmtap(@env, $mixed);
unlike $r->{out}, qr/cached:/, 'without --cached nothing is said';
is scalar(() = entries()), 0, '... and nothing is kept';
$r = vmtap(@env, '--cached', $mixed);
is count($r, $ran), 3, 'first run: every test says that it ran';
is scalar(() = entries()), 1, '... and one result is kept';
$r = vmtap(@env, '--cached', $mixed);
like $r->{out}, qr/^ok 1 - passes\n  ---\n$passed/m, 'second run: the pass is from the cache';
unlike $r->{out}, qr/it runs/, '... and did not run';
is count($r, $ran), 2, '... the failure and the skip are tried again';
is $r->{status}, 1, '... and fail again';
like vmtap(@env, $mixed)->{out}, qr/it runs/, 'without --cached it runs';
my $other = script(qq{test("another script") { ok(1); }\n});
is count(vmtap(@env, '--cached', $mixed, $other), $passed), 1, 'its name in a run of several scripts does not matter';

# What changes the key
is count(vmtap(@env, '--cached', '--timeout=7', $mixed), $passed), 0, 'another limit: runs';
is count(vmtap(@env, '--cached', '--cold', $mixed), $passed), 0, '--cold: runs';
open my $f, '>>', $mixed;
print $f "// a word more\n";
close $f;
is count(vmtap(@env, '--cached', $mixed), $passed), 0, 'a changed script: runs';
open $f, '>', dir() . '/lib.c';
print $f "static int answer(void) { return 42; }\n";
close $f;
my $user = script(qq{use("lib.c");\ntest("t") { is(answer(), 42); }\n});
vmtap(@env, '--cached', $user);
is count(vmtap(@env, '--cached', $user), $passed), 1, 'a script that uses another: from the cache';
open $f, '>', dir() . '/lib.c';
print $f "static int answer(void) { return 6 * 7; }\n";
close $f;
is count(vmtap(@env, '--cached', $user), $passed), 0, '... until the other changes';

# Removing
system "rm -r $_" for entries();
is count(vmtap(@env, '--cached', $user), $ran), 1, 'a result that was removed: runs';
is count(vmtap(@env, '--cached', $user), $passed), 1, '... and is kept again';
vmtap(@env, 'cache', 'prune', '--all');
is count(vmtap(@env, '--cached', $user), $ran), 1, 'after cache prune --all: runs';
my ($entry) = entries();
truncate "$entry/passed", 3;
is count(vmtap(@env, '--cached', $user), $passed), 0, 'a damaged result: runs';

# What no key can cover
for my $case (
    ['getenv("HOME");', qr/:1 uses 'getenv'/],
    ['env("HOME");', qr/:1 uses 'env'/],
    ['fopen("/etc/hostname", "r");', qr/:1 uses 'fopen'/],
    ['time(NULL);', qr/:1 uses 'time'/],
) {
    my ($call, $why) = @$case;
    $r = twice(qq{test("t") { $call }\n});
    like $r->{out}, qr/cached: "no: \S+$why, whose answer may change"/, "never cached: $call";
}
like twice(qq{test("t") { note("time(NULL)"); /* getenv */ }\n})->{out}, $passed, '... but in strings and comments';
like twice(qq{#!/usr/bin/env vmtap\ntest("t") { double time = 3; is(time, 3); }\n})->{out}, $passed,
    '... and in a first line with #!, and as the name of a variable';
like twice(qq{#define JOIN(a, b) a##b\ntest("t") { JOIN(ti, me)(NULL); }\n})->{out}, qr/:1 uses 'time'/,
    'never cached: a name that the preprocessor puts together';

# Machines
my $vm = qq{vm(m);\nsetup {\n\tm.succeed("(echo; echo setup ran) >/dev/console");\n}\n}
    . qq{test("a") { m.succeed("true"); }\ntest("b") { m.succeed("true"); }\n};
my $one = script($vm);
$r = vmtap(@env, '--cached', $one);
is $r->{status}, 0, 'a machine with a setup: passes';
vmtap(@env, 'cache', 'export', dir() . '/pack', 'result');
$r = vmtap(@env, '--cached', '--verbose', $one);
is count($r, $passed), 2, '... and is from the cache';
unlike $r->{out} . $r->{err}, qr/qemu:|m\|/, '... without a machine';
my $qemu = qemu_wrapper('exec "$qemu" "$@"');
$r = vmtap(@env, "VMTAP_QEMU=$qemu", '--cached', $one);
is count($r, $ran), 2, 'another QEMU: runs';
$r = vmtap(@env, '--cached', script($vm =~ s/vm\(m\)/vm(m, .qemu = { "-rtc", "base=utc" })/r));
like $r->{out}, qr/cached: "no: machine 'm' has arguments of \.qemu, which may name files"/, '.qemu: never cached';
$r = vmtap(@env, '--cached', script($vm =~ s/vm\(m\)/vm(m, .image = "\/nonexistent.tar")/r));
is count($r, qr/cached: "no:/), 0, 'a setup that fails is not talked about';
is $r->{status}, 3, '... and fails its tests';
my $cold = dir() . '/elsewhere';
vmtap("VMTAP_CACHE=$cold", 'cache', 'import', dir() . '/pack');
is count(vmtap("VMTAP_CACHE=$cold", 'VMTAP_ACCEL=tcg', '--cached', $one), $passed), 2,
    'results that were exported count in another cache';

# A cache that cannot be written
$r = vmtap('VMTAP_CACHE=/proc/nothing', '--cached', $other);
like $r->{out}, qr{^ok 1.*cached: "no: .*'/proc/nothing}ms, 'a cache that cannot be written: told';
is $r->{status}, 0, '... and the test passes';

done_testing;
