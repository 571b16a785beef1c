#!/usr/bin/perl
# kvm.t - KVM that fails: who is to blame is found out by running the same test under TCG
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

# The device has to be there; how fast it is does not matter, as QEMU is a stand-in whenever it is told to use it.
my $cache = dir() . '/cache';
my @env = ("VMTAP_CACHE=$cache", 'VMTAP_CANARY_MS=10000', 'VMTAP_ACCEL=auto');
my $one = script(qq{vm(m);\ntest("a") { m.succeed("true"); }\ntest("b") { m.succeed("true"); }\n});
my $r = vmtap(@env, 'VMTAP_QEMU=/bin/false', $one);
plan skip_all => "no KVM: $1" if $r->{out} =~ /^# accelerator: tcg \((.*)\)/m;

sub remembered { my @found = glob "$cache/host/*failed*"; return scalar @found }
sub comments { my ($text) = @_; return scalar(() = $r->{out} =~ /^# .*\Q$text\E/mg) }

# QEMU dies whatever it is to use
is $r->{status}, 3, 'QEMU that dies under KVM and under TCG: an infrastructure failure';
is comments('neither under KVM nor under TCG, so KVM is not to blame'), 1, '... said once';
is scalar(() = $r->{out} =~ /^not ok/mg), 2, '... of both tests';
is remembered(), 0, '... and not held against KVM';
like vmtap(@env, 'VMTAP_QEMU=/bin/false', $one)->{out}, qr/^# accelerator: kvm/m, '... which the next run uses';

# No QEMU at all
vmtap(@env, 'VMTAP_QEMU=' . dir() . '/nowhere', $one);
is remembered(), 0, 'no QEMU: not held against KVM';

# QEMU dies under KVM only
my $traces = dir() . '/traces';
my $broken = qemu_wrapper(qq{case "\$*" in *"-accel kvm"*) echo x >>$traces; echo "KVM broke" >&2; exit 1 ;; esac; exec "\$qemu" "\$@"});
$r = vmtap(@env[0, 1], "VMTAP_QEMU=$broken", '--accel=kvm', $one);
is $r->{status}, 3, 'KVM that was demanded is not left';
is remembered(), 0, '... nor remembered as broken';
my $setup = script(qq{vm(m);\nsetup { m.succeed("touch /run/x"); }\ntest("a") { m.succeed("test -e /run/x"); }\ntest("b") { m.succeed("test -e /run/x"); }\n});
for my $case (['a test', $one], ['a setup', $setup]) {
    my ($what, $path) = @$case;
    unlink $traces, glob "$cache/host/*failed*";
    $r = vmtap(@env, "VMTAP_QEMU=$broken", '-j1', $path);
    is $r->{status}, 0, "QEMU that dies under KVM in $what: runs again under TCG, and passes" or diag $r->{out}, $r->{err};
    is comments('KVM failed, so this and all later tests run under TCG: '), 1, '... said once';
    like $r->{out}, qr/KVM broke/, '... with the reason';
    is scalar(() = $r->{out} =~ /^  accel: "tcg"$/mg), 2, '... the points name what they ran on';
    is length slurp($traces), 2, '... KVM is tried once';
    is remembered(), 1, '... and its failure remembered';
}
$r = vmtap(@env, $one);
like $r->{out}, qr/^# accelerator: tcg \(an earlier run since this host booted found: .*KVM broke/m, '... for the next run';

done_testing;
