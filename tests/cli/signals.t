#!/usr/bin/perl
# signals.t - whatever ends vmtap in the middle of a boot or of making a template, no QEMU, no process and no file is left
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $victim = "victim$$"; # this suite may run twice at a time, of two trees
my $vmtap = $ENV{VMTAP} // 'build/vmtap';
my $tmp = dir() . '/tmp';
mkdir $tmp;

# Start vmtap, send it the signal once its QEMU runs (known by a word of its command line), look at what is left.
sub ended {
    my ($what, $signal, $word, @args) = @_;
    my $path = script(qq{vm($victim);\ntest("boots") { $victim.start(); $victim.succeed("sleep 1000"); }\ntest("later") { ok(1); }\n});
    my ($pid, $out) = start_vmtap(@args, $path);
    ok wait_for(60, sub { left_over($word) }), "SIG$signal, $what: QEMU is running";
    kill $signal, $pid;
    waitpid $pid, 0;
    my $status = $?;
    ok wait_for(60, sub { !left_over($word) }), '... and is gone afterwards';
    ok wait_for(60, sub { !left_over($path) }), '... and so are all of our processes';
    is_deeply [glob "$tmp/*"], [], '... no file is left';
    return if $signal eq 'KILL';
    like slurp($out), qr/^Bail out! interrupted by signal/m, '... the harness is told';
    is $status >> 8, 3, '... exit status 3';
}

my $cache = dir() . '/cache';
for my $signal (qw(INT TERM HUP KILL)) {
    local $ENV{TMPDIR} = $tmp;
    ended('boot', $signal, "-name\0$victim", '--cold');
    local $ENV{VMTAP_CACHE} = $cache;
    ended('template', $signal, "$cache/kernel/");
    is_deeply [glob "$cache/template/*"], [], '... no half of a template is kept';
    next if $signal eq 'KILL';
    is_deeply [glob "$cache/tmp/*"], [], '... nor what was done of it';
}
ok scalar(glob "$cache/tmp/*"), 'SIGKILL leaves the folder of a template in the making';
is vmtap("VMTAP_CACHE=$cache", script(qq{test("no machine") { ok(1); }\n}))->{status}, 0, '... and the next run, whatever it does,';
is_deeply [glob "$cache/tmp/*"], [], '... clears it away';

# A setup in the making, and a test that ends while its machine's template is being made
my $text = qq{vm(m);\nsetup { m.succeed("true"); m.succeed("touch /run/x; sleep 1000"); }\ntest("a") { ok(1); }\n};
my ($pid) = start_vmtap_env(["VMTAP_CACHE=$cache"], script($text));

# Its memory is in the entry that is made, or it was thawed.
sub is_set_up { return left_over("mem-path=$cache/tmp") || grep { slurp($_) =~ m{\Q$cache\E/frozen/} } glob '/proc/[0-9]*/maps' }
ok wait_for(60, sub { is_set_up() && glob "$cache/machine/*" }), 'setup: QEMU is running';
kill 'TERM', $pid;
waitpid $pid, 0;
is_deeply [glob "$cache/tmp/*"], [], 'SIGTERM, setup: nothing is left in the cache';
my $r = vmtap("VMTAP_CACHE=$cache", script(qq{vm(m, .memory = 160);\ntest("a", .timeout = 1) { m.start(); }\n}));
like $r->{out}, qr/^not ok/m, 'a test whose time is up while the template of its machine is made';
is_deeply [glob "$cache/tmp/*"], [], '... leaves nothing there';

$r = vmtap("VMTAP_CACHE=$cache", script(qq{vm(m);\ntest("boots") { m.start(); }\n}));
is $r->{status}, 0, 'the next run makes its template';

# A reader that takes nothing: vmtap waits for it, but not when it is to end
my $full = script(qq{vm($victim);\ntest("much") { for (int i = 0; i < 190; i++) note(fmt("%01000d", i)); }\n}
    . qq{test("later") { $victim.succeed("sleep 1000"); }\n});
for my $signal (qw(INT TERM HUP)) {
    pipe my $reader, my $writer or die;
    my $pid = fork() // die;
    if (!$pid) {
        open STDOUT, '>&', $writer;
        open STDERR, '>', dir() . '/stalled.err';
        exec $vmtap, '-j2', '--cold', $full or die;
    }
    close $writer;
    my $waiting = sub { my $n = pack 'L', 0; ioctl $reader, 0x541B, $n; return unpack('L', $n) > 60_000 };    # FIONREAD
    ok wait_for(60, $waiting), "SIG$signal, stdout is full";
    ok wait_for(60, sub { left_over("-name\0$victim") }), '... and a machine runs' if $signal eq 'INT';
    kill $signal, $pid;
    ok wait_for(60, sub { waitpid($pid, 1) == $pid }), '... vmtap ends';
    is $? >> 8, 3, '... exit status 3';
    is_deeply [left_over($full)], [], '... and none of its processes is left';
    is_deeply [left_over("-name\0$victim")], [], '... nor a machine';
}

# A reader that takes all, but late, gets all: nothing of a point is lost
{
    pipe my $reader, my $writer or die;
    my $pid = fork() // die;
    if (!$pid) {
        open STDOUT, '>&', $writer;
        exec $vmtap, '-f', 'much', $full or die;
    }
    close $writer;
    my $n = pack 'L', 0;
    wait_for(60, sub { ioctl $reader, 0x541B, $n; return unpack('L', $n) > 60_000 });
    local $/;
    my $text = <$reader>;
    waitpid $pid, 0;
    is scalar(() = $text =~ /^# 0{800,}/mg), 190, 'a slow reader gets every note';
    like $text, qr/^ok 1 - much$/m, '... and the point';
}

done_testing;
