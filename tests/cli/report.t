#!/usr/bin/perl
# report.t - what a run writes beside its TAP: JUnit, the summary, failures on stderr, GitHub's marks and page
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $store = dir() . '/store';
my @env = ("VMTAP_CACHE=$store", 'HARNESS_ACTIVE=', 'GITHUB_ACTIONS=', 'NO_COLOR=');
my $script = script(<<'END');
test("good") { note("a <note>"); }
test("bad") {
	is("one\ntwo", "three");
	subtest("inner") ok(0, "never");
}
test("left out") { skip("no <kvm>"); }
END

# JUnit
my $xml = dir() . '/report.xml';
my $r = vmtap(@env, "--junit=$xml", $script);
is $r->{status}, 1, 'the exit status is that of the tests';
like $r->{out}, qr/^1\.\.3$/m, '... and the TAP is there';
my $tree = `python3 -c 'import sys, xml.etree.ElementTree as E
for e in E.parse(sys.argv[1]).iter(): print(e.tag, sorted((k, v) for k, v in e.items() if k != "time"), (e.text or "").strip()[:9])' $xml 2>&1`;
like $tree, qr/^testsuites \[\('errors', '0'\), \('failures', '1'\), .*'skipped', '1'\), \('tests', '3'\)/m, 'the file parses, and counts';
like $tree, qr/^testcase .*\('file', '\Q$script\E'\), \('line', '2'\), \('name', 'bad'\)/m, '... a case has file and line';
like $tree, qr/^failure .*\('type', 'fail'\)\] at: /m, '... the failure its details';
like $tree, qr/^skipped \[\('message', 'no <kvm>'\)\]/m, '... the skip its reason';
like $tree, qr/^system-out \[\] a <note>/m, '... notes are output';
$r = vmtap(@env, '--junit=/proc/x/y.xml', $script);
like $r->{err}, qr/cannot write the JUnit report/, 'a report that cannot be written: explained';
is $r->{out} . $r->{status}, '3', '... before anything runs';
my ($pid, $out) = start_vmtap_env([@env], "--junit=$xml", '-j1', script(qq{test("a") { }\ntest("loops") { for (;;) ; }\n}));
wait_for(60, sub { slurp($out) =~ /^ok 1/m });
kill 'INT', $pid;
waitpid $pid, 0;
like slurp($xml), qr/tests="1" .*name="a"/s, 'a run that is interrupted leaves what it has';

# The end of a run, and failures where stdout is not read by the same person
$r = vmtap(@env, '-j1', $script);
like $r->{err}, qr/^# not ok 2 - bad\n#  \Q$script\E:3: /m, 'a failure is told on stderr';
like $r->{err}, qr/^# vmtap: 1 failed, 1 skipped, 1 passed in \d+\.\d s\n#   not ok 2 - bad  \(\Q$script\E:3\)\n#   1 skipped: no <kvm>\n#   again, what failed: vmtap --failed \Q$script\E$/m,
    '... and at the end all of them, what was skipped, and how to go on';
unlike $r->{err}, qr/\033/, '... without colours, where there is no terminal';
$r = vmtap($env[0], 'HARNESS_ACTIVE=1', '-j1', $script);
like $r->{err}, qr/^# not ok 2 - bad$/m, 'under a harness: failures';
unlike $r->{err}, qr/passed in/, '... but no summary';
my $same = `env -u HARNESS_ACTIVE VMTAP_CACHE=$store build/vmtap -j1 $script 2>&1`;
unlike $same, qr/^# not ok/m, 'one stream for both: a failure is told once';
like $same, qr/^# vmtap: 1 failed/m, '... with the summary';
my $tty = `env -u HARNESS_ACTIVE -u NO_COLOR TERM=xterm VMTAP_CACHE=$store script -qec 'build/vmtap -j1 $script' /dev/null </dev/null`;
like $tty, qr/\033\[1;31m1 failed\033\[0m, /, 'a terminal: colours';
$tty = `env -u HARNESS_ACTIVE NO_COLOR=1 TERM=xterm VMTAP_CACHE=$store script -qec 'build/vmtap -j1 $script' /dev/null </dev/null`;
unlike $tty, qr/\033\[1;31m/, '... but with NO_COLOR';
my $slow = script(qq{test("slow") { within(1.5) for (;;) ; }\n}); # long enough for a line that names it
for my $case (['TERM=xterm', 1], ['TERM=dumb', 0], ['TERM=', 0], ['-u TERM', 0]) {
    my ($term, $knows) = @$case;
    $tty = `env -u HARNESS_ACTIVE -u NO_COLOR $term VMTAP_CACHE=$store script -qec 'build/vmtap -j1 $slow' /dev/null </dev/null`;
    like $tty, qr/^# vmtap: .*1 failed/m, "a terminal of $term";
    is $tty =~ /\r\033\[K/ ? 1 : 0, $knows, $knows ? '... has a line that is written over' : '... has none';
    unlike $tty, qr/\033/, '... and no escape sequence' if !$knows;
}

# GitHub
my $page = file('page', "### before\n");
my $hostile = script(qq{test("bad, worse") { is("x\\n::error::forged\\n##[group]", "y"); }\n});
$r = vmtap($env[0], 'GITHUB_ACTIONS=true', "GITHUB_STEP_SUMMARY=$page", $hostile);
my @commands = $r->{err} =~ /^(::.*)$/mg;
is scalar(@commands), 1, 'GitHub: one mark a failure';
like $commands[0], qr/^::error file=\Q$hostile\E,line=1,title=bad%2C worse::[^\n]*forged/, '... at its line';
unlike $r->{err} . $r->{out}, qr/##\[/, '... and no other command';
like slurp($page), qr/^### before\n\n### vmtap: 1 failed, 0 skipped, 0 passed\n\n<details><summary>bad, worse</, 'the page of the run is added to';
$r = vmtap($env[0], 'GITHUB_ACTIONS=true', 'GITHUB_STEP_SUMMARY=/proc/x', $hostile);
like $r->{err}, qr/cannot write GITHUB_STEP_SUMMARY '\/proc\/x'/, '... or it is said why not';
$r = vmtap($env[0], 'GITHUB_ACTIONS=true', script(join '', map {"test(\"t$_\") { ok(0); }\n"} 1 .. 15));
is scalar(() = $r->{err} =~ /^::error/mg), 10, 'marks: as many as the service shows';
# What a host lacks
my $needy = script(<<'END');
test("a command") { ok(1); }
test("not there", .needs = "no-such-command") { ok(0); }
test("nor there", .needs = "sh, no-such-command") { ok(0); }
test("so much", .needs = "memory=1048576") { ok(0); }
test("no KVM", .needs = "kvm") { ok(0); }
END
$r = vmtap(@env, '--accel=tcg', "--junit=$xml", $needy);
is $r->{status}, 0, 'tests that the host cannot run are no failures';
like $r->{out}, qr/^ok 2 - not there # SKIP needs no-such-command \(there is no such command\)$/m, '... but skips with a reason';
like $r->{out}, qr/^ok 4 - so much # SKIP needs memory=1048576 \(this host has \d+ MiB\)$/m, '... memory';
like $r->{out}, qr/^ok 5 - no KVM # SKIP needs kvm \(tcg: asked for\)$/m, '... KVM, of a test without machines too';
like $r->{err}, qr/^#   2 did not run for want of no-such-command\n#   1 did not run for want of memory=1048576\n#   1 did not run for want of kvm$/m,
    '... and the summary counts them by what they wanted';

# What is expected to fail
my $todo = script(<<'END');
test("fails", .xfail = "issue 1") { ok(0); }
test("passes", .xfail = "issue 2") { ok(1); }
vm(m);
test("infra", .xfail = "issue 3") { m.start(); }
END
$r = vmtap(@env, 'GITHUB_ACTIONS=true', "--junit=$xml", "$todo:1", "$todo:2");
is $r->{status}, 0, 'an expected failure does not fail the run, nor does an unexpected pass';
like $r->{out}, qr/^not ok 1 - fails # TODO issue 1$/m, '... the one is TODO';
like $r->{out}, qr/^# passed though it was expected to fail: remove \.xfail or todo\(\)\nok 2 - passes # TODO issue 2$/m, '... so is the other';
like $r->{err}, qr/^#   ok 2 - passes  \(passed though it was expected to fail: remove/m, '... which the summary tells';
like $r->{err}, qr/^#   1 failed as expected: issue 1$/m, '... and counts what failed';
like $r->{err}, qr/^::notice file=\Q$todo\E,line=2,title=passes::passed though/m, '... a notice at its line';
unlike $r->{err}, qr/^::error/m, '... and no error';
like slurp($xml), qr/<skipped message="issue 1"\/>/, '... JUnit has a skip with that reason';
$r = vmtap(@env, 'VMTAP_QEMU=/bin/false', '--accel=tcg', "$todo:4");
is $r->{status}, 3, 'a failure of the infrastructure is not what is expected';
like $r->{out}, qr/^not ok 1 - infra$/m, '... and no TODO';

done_testing;
