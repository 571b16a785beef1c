#!/usr/bin/perl
# machines.t - the ways in which a machine can be lost are told apart, at once, with its last words
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

# Run one test on machine m; return what TAP says of it.
sub lost {
    my ($body, @env) = @_;
    return vmtap(@env, script(qq{vm(m);\ntest("t") {\n$body\n}\ntest("later") { is(1, 1); }\n}));
}

my $r = lost(q{m.execute("echo last words >/dev/console; echo c >/proc/sysrq-trigger");});
like $r->{out}, qr/message: .*the kernel of 'm' panicked: .*Kernel panic/, 'panic';
like $r->{out}, qr/> m\| .*last words/, '... with the last words of the console';
like $r->{out}, qr/at: "\S+\.c:3"/, '... at its line';
like $r->{out}, qr/^ok 2 - later/m, '... and the other tests run';
is $r->{status}, 1, '... a failure of the test';

$r = lost(q{m.execute("poweroff -f"); m.succeed("true");});
like $r->{out}, qr/'m' powered itself off/, 'guest that powers itself off';
like $r->{out}, qr/'m' powered itself off; m\.start\(\) boots it afresh/, '... and what to do about it';
$r = lost(q{m.execute("reboot -f"); m.succeed("true");});
like $r->{out}, qr/message: .*'m' rebooted while it was up/, 'guest that reboots';
like $r->{out}, qr/\.reboot_ok = 1 boots it afresh/, '... and what to do about it';

# What comes after the last call, a text that is no panic, too much output: tests/reports/01, 02, 03, 09.

# Machines that nobody started
$r = vmtap(script(qq{vm(a);\nvm_array(node, 2);\ntest("t") { a.succeed("ping -c 1 -W 1 node1"); }\n}));
like $r->{out}, qr/never_started: "node0, node1"/, 'a failed command, while others were never started';

my $name = "killed$$"; # this suite may run twice at a time, of two trees
my $path = script(qq{vm($name);\ntest("t") { $name.succeed("echo up; sleep 100"); }\n});
my ($pid, $out) = start_vmtap('--cold', $path);
my $qemu = wait_for(60, sub { my @q = left_over("-name\0$name"); @q ? (split ' ', $q[0])[0] : undef });
kill 'KILL', $qemu;
waitpid $pid, 0;
like slurp($out), qr/QEMU of '$name' died while the machine was \w+: killed by signal 9/, 'QEMU that is killed';
is $? >> 8, 3, '... an infrastructure failure';

($pid, $out) = start_vmtap('--cold', $path);
$qemu = wait_for(60, sub { my @q = left_over("-name\0$name"); @q ? (split ' ', $q[0])[0] : undef });
kill 'TERM', $qemu;
waitpid $pid, 0;
like slurp($out), qr/QEMU of '$name' was told from outside to end|QEMU of '$name' died/, 'QEMU that is told to end';
is $? >> 8, 3, '... an infrastructure failure';

# A wrapper that does not exec
my $cache = dir() . '/wrapped';
$r = vmtap("VMTAP_CACHE=$cache", 'VMTAP_QEMU=' . qemu_wrapper('"$qemu" "$@"'), script(qq{vm(wrapped);\ntest("t") { wrapped.succeed("true"); }\n}));
is $r->{status}, 0, 'a wrapper of QEMU that does not exec it';
is_deeply [left_over($cache)], [], '... leaves nothing behind';

# A checkpoint that QEMU cannot resume
my $sulks = qemu_wrapper('case "$*" in *-incoming*) [ -e ' . dir() . '/sulk ] && { echo "bad section" >&2; exit 1; } ;; esac; exec "$qemu" "$@"');
$r = vmtap("VMTAP_QEMU=$sulks", '--cold', script(qq{vm(m);\ntest("t") { m.save("x"); m.restore("x"); is(m.succeed("echo y"), "y"); }\n}));
is $r->{status}, 0, 'a checkpoint';
file('sulk', '');
$r = vmtap("VMTAP_QEMU=$sulks", '--cold', script(qq{vm(m);\ntest("t") {\n m.save("x");\n m.restore("x");\n}\n}));
like $r->{out}, qr/message: "m\.restore: 'm' cannot be resumed as save\(\) kept it: bad section"\n  .*at: "\S+:4"/s,
    'a checkpoint that cannot be resumed: no restore() that has booted instead';

# A machine that QEMU cannot save runs on
$r = vmtap('--cold', script(qq{vm(m, .qemu = {"-device", "nvme,serial=x"});\ntest("t") {\n\tsubtest("s")\n\t\tm.save("x");\n\tm.succeed("true");\n\tm.restore("x");\n}\n}));
like $r->{out}, qr/message: "m\.save: the machine cannot be saved: .*nvme.*at: "\S+:4"/s, 'a machine that QEMU cannot save';
like $r->{out}, qr/also_failed: ".*:6: m\.restore: nothing was saved as 'x' in this test"/, '... runs on, and nothing is restored';

# Nobody but a person or the OOM killer does that
my $asleep = script(qq{test("t") { for (;;) ; }\n});
($pid, $out) = start_vmtap($asleep);
my $script = wait_for(60, sub { my %p = map { (split ' ')[0] => 1 } left_over($asleep); delete $p{$pid};
    my @deep = grep { my $s = slurp("/proc/$_/stat"); my ($pp) = $s =~ /\) \S (\d+)/; $pp && $p{$pp} } keys %p; $deep[0] });
kill 'KILL', $script;
waitpid $pid, 0;
like slurp($out), qr/the script process ended in the middle of the test: killed by signal 9/, 'a script that is killed';
is $? >> 8, 3, '... an infrastructure failure';

$r = lost(q{m.start();}, 'VMTAP_BOOT_TIMEOUT=1', 'VMTAP_QEMU=' . qemu_wrapper('exec sleep 100'));
like $r->{out}, qr/'m' did not boot within 1 s \(VMTAP_BOOT_TIMEOUT\) under tcg: it was still booting and its agent had not said hello/,
    'boot that stalls';
is $r->{status}, 3, '... an infrastructure failure';

$r = lost(q{m.crash(); m.shutdown(); m.start(); m.crash(); m.succeed("true");});
like $r->{out}, qr/'m' was shut down or crashed by this test; m\.start\(\) boots it afresh/, 'use after crash()';

$r = lost(q{m.start(); within(1) { m.succeed("echo slow >&2; sleep 50"); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/timed out/, 'deadline of a command';
$r = lost(q{m.start(); within(1) { m.wait_for_open_port(99); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/argument: "99"/, 'deadline of a wait for a port, which is named';
$r = lost(q{m.start(); within(1) { m.execute("echo last words; sleep 50"); for (;;) ; }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/message: "within\(1\): the block took longer".*at: "\S+\.c:3".*last_call: "\S/s,
    'deadline of a block that goes on, with the words of its last call';
$r = lost(q{m.start(); within(1) { if (m.execute("sleep 50").timed_out) note("the script sees it"); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/^# the script sees it/m, 'deadline of an execute(), which the script sees';
$r = vmtap('--timeout=6', 'VMTAP_SLOW=1', script(qq{vm(m);\ntest("t") { m.succeed("sleep 50"); }\n}));
like $r->{out}, qr/time limit of 6 s passed/, 'deadline of a test in a call';
$r = vmtap('--timeout=20', 'VMTAP_SLOW=1', script(qq{vm(m);\ntest("t") {\n\tm.execute("halt -f");\n\tm.succeed("true");\n}\n}));
like $r->{out}, qr/time limit of 20 s passed: the agent of 'm' does not answer.*at: "\S+\.c:3"/s,
    'deadline of a test in a guest that stands still: at the line that waited';
$r = vmtap('--timeout=6', 'VMTAP_SLOW=1',
    script(qq{vm(m);\ntest("t") {\n\tsubtest("s") {\n\t\tm.execute("sleep 50");\n\t\tnote("not reached");\n\t}\n\tnote("nor this");\n}\n}));
like $r->{out}, qr/time limit of 6 s passed.*at: "\S+\.c:4"/s, 'deadline of a test in a command whose end is no failure: at its line';
unlike $r->{out}, qr/not reached|nor this/, '... and the test ends there';
$r = vmtap('--timeout=1', script(qq{test("t") {\n\tint n = 0;\n\tfor (;;)\n\t\tn++;\n}\n}));
like $r->{out}, qr/time limit.*at: "\S+\.c:4"/s, 'deadline of a test that computes';

done_testing;
