#!/usr/bin/perl
# signals.t - whatever ends vmtap in the middle of a boot or of making a template, no QEMU, no process and no file is left
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $tmp = dir() . '/tmp';
mkdir $tmp;

# Start vmtap, send it the signal once its QEMU runs (known by a word of its command line), look at what is left.
sub ended {
    my ($what, $signal, $word, @args) = @_;
    my $path = script(qq{vm(victim);\ntest("boots") { victim.start(); victim.succeed("sleep 1000"); }\ntest("later") { ok(1); }\n});
    my ($pid, $out) = start_vmtap(@args, $path);
    ok wait_for(20, sub { left_over($word) }), "SIG$signal, $what: QEMU is running";
    kill $signal, $pid;
    waitpid $pid, 0;
    my $status = $?;
    ok wait_for(5, sub { !left_over($word) }), '... and is gone afterwards';
    ok wait_for(5, sub { !left_over($path) }), '... and so are all of our processes';
    is_deeply [glob "$tmp/*"], [], '... no file is left';
    return if $signal eq 'KILL';
    like slurp($out), qr/^Bail out! interrupted by signal/m, '... the harness is told';
    is $status >> 8, 3, '... exit status 3';
}

my $cache = dir() . '/cache';
for my $signal (qw(INT TERM HUP KILL)) {
    local $ENV{TMPDIR} = $tmp;
    ended('boot', $signal, "-name\0victim", '--cold');
    local $ENV{VMTAP_CACHE} = $cache;
    ended('template', $signal, "mem-path=$cache");
    is_deeply [glob "$cache/template/*"], [], '... no half of a template is kept';
}
my $r = vmtap("VMTAP_CACHE=$cache", script(qq{vm(m);\ntest("boots") { m.start(); }\n}));
is $r->{status}, 0, 'the next run makes its template';
is_deeply [glob "$cache/tmp/*/*"], [], '... and clears away what those before it left';

done_testing;
