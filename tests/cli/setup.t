#!/usr/bin/perl
# setup.t - a setup that does not pass, and worlds that end without a word
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my @env = ('VMTAP_CACHE=' . dir() . '/cache', 'VMTAP_ACCEL=tcg');

sub worlds {
    my ($pid) = @_;
    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        push @found, $1 if slurp($stat) =~ /^(\d+) \(.*\) \S $pid /;
    }
    return @found;
}

# skip() in setup skips every test of the script, saved or not
my $skips = script(qq{vm(m);\nsetup { m.start(); skip("not today"); }\ntest("a") { ok(0); }\ntest("b") { ok(0); }\n});
for my $how ([], ['--cold'], ['-j2']) {
    my $r = vmtap(@env, @$how, $skips);
    is scalar(() = $r->{out} =~ /^ok \d - [ab] # SKIP not today$/mg), 2, "skip() in setup (@$how): every test is skipped";
    is $r->{status}, 0, '... exit status 0';
    is $r->{err} =~ s/^# vmtap: still running: .*\n//mgr, '', '... and nothing is said of the setup'; # a slow host is told what still runs
}
is_deeply [glob dir() . '/cache/setup/*'], [], '... and nothing is kept';

# A setup that fails is told once, and takes its tests with it
my $page = file('page', '');
my $fails = script(qq{vm(m);\nsetup { printf("told\\n"); is("one\\ntwo", "one\\n2"); }\nsetup("more") { ok(0); }\n} . join '', map {qq{test("$_") { ok(0); }\n}} qw(a b c));
my $r = vmtap(@env, 'HARNESS_ACTIVE=', 'GITHUB_ACTIONS=true', "GITHUB_STEP_SUMMARY=$page", '--json=' . dir() . '/events', $fails);
like $r->{out}, qr/^not ok 1 - a\n  ---\n  message: "setup failed: .*?^  diff: \|$/ms, 'a setup that fails: its first test tells it';
is scalar(() = $r->{out} =~ /^  told_by: 1\n  \.\.\.$/mg), 2, '... the others are short, and name that one';
is_deeply [$r->{err} =~ /^# (not ok \d - \w)$/mg], ['not ok 1 - a'], '... on stderr, too, it is told once';
like $r->{err}, qr/^# vmtap: 3 failed in [^\n]*\n#   not ok 1 - a  \([^\n]*:2\)\n#   not ok 2 - b  \(with 1: the setup of both\)\n#   not ok 3 - c  \(with 1/m, '... the end counts all';
is scalar(() = $r->{err} =~ /^::error /mg), 1, '... GitHub gets one mark';
like slurp($page), qr/3 failed.*^2 more failed with their setup\.$/ms, '... and a word on the page';
like slurp(dir() . '/events'), qr/"name":"c"[^\n]*"told_by":1/, '... programs can tell them';

# A world that is killed is the infrastructure's failure, in a setup as in a body
my $long = 'm.succeed("sleep 1000");';
for my $case (['setup', qq{vm(m);\nsetup { $long }\ntest("a") { ok(1); }\n}, qr/message: "setup failed: its process ended: killed by signal 9/],
              ['body', qq{vm(m);\ntest("a") { $long }\n}, qr/message: "the world's process ended without a verdict: killed by signal 9/]) {
    my ($where, $text, $message) = @$case;
    my ($pid, $out) = start_vmtap_env(\@env, script($text));
    my $world = wait_for(60, sub { left_over('qemu-system') ? (worlds($pid))[0] : undef });
    kill 'KILL', $world;
    waitpid $pid, 0;
    is $? >> 8, 3, "a world that is killed in a $where: exit status 3";
    like slurp($out), $message, '... with its reason';
    like slurp($out), qr/^  infra: true$/m, '... marked';
}

# A world that is stopped does not stop the run
my ($pid, $out) = start_vmtap_env([@env, 'VMTAP_SLOW=0.02', 'VMTAP_BOOT_TIMEOUT=1'], '-j1',
    script(qq{vm(unused); /* VMTAP_SLOW is of an accelerator */\ntest("stopped", .timeout = 1) { for (;;) ; }\ntest("next") { ok(1); }\n}));
my $world = wait_for(60, sub { (worlds($pid))[0] });
kill 'STOP', $world;
waitpid $pid, 0;
is $? >> 8, 3, 'a world that is stopped: exit status 3';
like slurp($out), qr/^not ok 1 - stopped\n.*message: "the world's process ended without a verdict: killed after \d+ s, past all time limits.*infra: true/ms, '... and says so';
like slurp($out), qr/^ok 2 - next/m, '... and the next test runs';
ok !kill(0, $world), '... and it is gone';

done_testing;
