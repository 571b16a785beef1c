#!/usr/bin/perl
# signals.t - whatever ends vmtap in the middle of a boot, no QEMU, no process and no file is left
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $tmp = dir() . '/tmp';
mkdir $tmp;

for my $signal (qw(INT TERM HUP KILL)) {
    my $name = "m" . lc $signal;
    my $path = script(qq{vm($name);\ntest("boots") { $name.start(); $name.succeed("sleep 1000"); }\ntest("later") { ok(1); }\n});
    local $ENV{TMPDIR} = $tmp;
    my ($pid, $out) = start_vmtap($path);
    my $qemu = wait_for(20, sub { my @q = left_over("-name\0$name"); @q ? $q[0] : undef });
    ok $qemu, "SIG$signal: QEMU is running";
    kill $signal, $pid;
    waitpid $pid, 0;
    my $status = $?;
    ok wait_for(5, sub { !left_over("-name\0$name") }), '... and is gone afterwards';
    ok wait_for(5, sub { !left_over($path) }), '... and so are all of our processes';
    is_deeply [glob "$tmp/*"], [], '... no file is left';
    next if $signal eq 'KILL';
    like slurp($out), qr/^Bail out! interrupted by signal/m, '... the harness is told';
    is $status >> 8, 3, '... exit status 3';
}

done_testing;
