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
$r = lost(q{m.execute("reboot -f"); m.succeed("true");});
like $r->{out}, qr/'m' rebooted/, 'guest that reboots';

my $path = script(qq{vm(killed);\ntest("t") { killed.succeed("echo up; sleep 100"); }\n});
my ($pid, $out) = start_vmtap('--cold', $path);
my $qemu = wait_for(20, sub { my @q = left_over("-name\0killed"); @q ? (split ' ', $q[0])[0] : undef });
kill 'KILL', $qemu;
waitpid $pid, 0;
like slurp($out), qr/QEMU of 'killed' died while the machine was \w+: killed by signal 9/, 'QEMU that is killed';
is $? >> 8, 3, '... an infrastructure failure';

$r = lost(q{m.start();}, 'VMTAP_BOOT_TIMEOUT=1', 'VMTAP_QEMU=' . qemu_wrapper('exec sleep 100'));
like $r->{out}, qr/'m' did not boot within 1 s \(VMTAP_BOOT_TIMEOUT\) under tcg: it was still booting and its agent had not said hello/,
    'boot that stalls';
is $r->{status}, 3, '... an infrastructure failure';

$r = lost(q{m.crash(); m.shutdown(); m.start(); m.crash(); m.succeed("true");});
like $r->{out}, qr/'m' was shut down or crashed by this test; m\.start\(\) boots it afresh/, 'use after crash()';

$r = lost(q{within(3) { m.start(); } within(1) { m.succeed("echo slow >&2; sleep 50"); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/timed out/, 'deadline of a command';
$r = lost(q{within(1) { m.wait_for_open_port(99); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/argument: "99"/, 'deadline of a wait for a port, which is named';
$r = lost(q{m.start(); within(1) { m.execute("echo last words; sleep 50"); for (;;) ; }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/message: "within\(1\): the block took longer".*at: "\S+\.c:3".*last_call: "\S/s,
    'deadline of a block that goes on, with the words of its last call';
$r = lost(q{within(1) { if (m.execute("sleep 50").timed_out) note("the script sees it"); }}, 'VMTAP_SLOW=1');
like $r->{out}, qr/^# the script sees it/m, 'deadline of an execute(), which the script sees';
$r = vmtap('--timeout=6', 'VMTAP_SLOW=1', script(qq{vm(m);\ntest("t") { m.succeed("sleep 50"); }\n}));
like $r->{out}, qr/time limit of 6 s passed/, 'deadline of a test in a call';
$r = vmtap('--timeout=1', script(qq{test("t") {\n\tint n = 0;\n\tfor (;;)\n\t\tn++;\n}\n}));
like $r->{out}, qr/time limit.*at: "\S+\.c:4"/s, 'deadline of a test that computes';

done_testing;
