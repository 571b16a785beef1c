#!/usr/bin/perl
# environment.t - machines that lack things: each is told by name, with what to do about it
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $plain = qq{test("needs no machine") { is(1, 1); }\n};
my $one = script(qq{vm(m);\n$plain test("needs one") { m.succeed("true"); }\n});

sub infra {
    my ($r, $want, $name) = @_;
    like $r->{out}, qr/^ok 1 - needs no machine$/m, "$name: other tests run";
    like $r->{out}, qr/^not ok 2 - needs one$/m, '... the test that needs it fails';
    like $r->{out}, qr/infra: true/, '... as an infrastructure failure';
    like $r->{out}, $want, '... by name';
    is $r->{status}, 3, '... exit status 3';
}

# QEMU
infra vmtap('PATH=/nonexistent', $one), qr/cannot find qemu-system-x86_64 on the PATH.*apt-get install/s, 'no QEMU';
my $r = vmtap('VMTAP_QEMU=/nonexistent/qemu', $one);
like $r->{err}, qr{VMTAP_QEMU is '/nonexistent/qemu', which cannot be run}, 'wrong VMTAP_QEMU: explained';
is $r->{status}, 2, '... exit status 2';
infra vmtap('VMTAP_QEMU=' . qemu_wrapper('echo "no such machine" >&2; exit 1'), $one),
    qr/QEMU of 'm' died while the machine was booting: exit status 1: no such machine/, 'QEMU that dies';

# Accelerators
$r = vmtap('VMTAP_KVM=/nonexistent/kvm', $one);
like $r->{out}, qr{^# accelerator: tcg \(there is no /nonexistent/kvm}m, 'no KVM: TCG, and why';
is $r->{status}, 0, '... and it works';
infra vmtap('VMTAP_KVM=/nonexistent/kvm', '--accel=kvm', $one), qr/KVM was demanded and cannot be used/,
    'KVM demanded';
SKIP: {
    skip 'there is no /dev/kvm', 4 unless -e '/dev/kvm';
    $r = vmtap('VMTAP_CANARY_MS=0.0001', '--filter=no machine', $one);
    like $r->{out}, qr{^# accelerator: tcg \(/dev/kvm .*(does not accelerate|may not be opened)}m,
        'KVM that pretends: TCG, and why';
    my $cache = dir() . '/accel';
    my $deaf = qemu_wrapper('case "$*" in *"-accel kvm"*) exec sleep 600 ;; esac; exec "$qemu" "$@"');
    my @env = ("VMTAP_CACHE=$cache", "VMTAP_QEMU=$deaf", 'VMTAP_CANARY_MS=100000');
    $r = vmtap(@env, 'VMTAP_BOOT_TIMEOUT=20', $one);
    like $r->{out}, qr/^# KVM failed, so this and all later tests run under TCG: 'm' did not boot within/m,
        'silence under KVM: another try under TCG';
    is $r->{status}, 0, '... which works';
    $r = vmtap(@env, '--filter=no machine', $one);
    like $r->{out}, qr/^# accelerator: tcg \(an earlier run since this host booted found/m, '... and is remembered';
}

# The file that a forbidden device is: mode 000, and not for root
my $forbidden = dir() . '/forbidden';
open my $f, '>', $forbidden;
close $f;
chmod 0, $forbidden;
chmod 0755, dir();
my @as_nobody = $> == 0 ? qw(setpriv --reuid=65534 --regid=65534 --clear-groups) : ();
my $doctor = `VMTAP_KVM=$forbidden VMTAP_CACHE=/tmp/vmtap-cli-$$ @as_nobody build/vmtap doctor`;
like $doctor, qr/^ok   accelerator  tcg: \Q$forbidden\E may not be opened.*\n.*udev/m, 'forbidden KVM: how to mend it';
system "rm -rf /tmp/vmtap-cli-$$";

# The kit and the cache
infra vmtap('VMTAP_KIT=/nonexistent', $one), qr{/nonexistent}, 'no kit';
infra vmtap('VMTAP_CACHE=/proc/nothing', $one), qr{/proc/nothing.*VMTAP_CACHE}s, 'cache that cannot be written';
my $full = 'mount -t tmpfs -o size=1m none /mnt && VMTAP_CACHE=/mnt/cache build/vmtap';
my $alone = $> == 0 ? 'unshare --mount' : 'unshare --user --map-root-user --mount';
SKIP: {
    skip 'no mount namespaces here', 2 if system "$alone true 2>/dev/null";
    my $out = `$alone sh -c '$full $one; echo status \$?; find /mnt -path "*/sums" -prune -o -path "*/host" -prune -o -type f -size +0 -print'`;
    like $out, qr/No space left on device/, 'full cache: told';
    like $out, qr/status 3\n\z/, '... exit status 3, and nothing half-written is left';
}

# Wrong values
for my $wrong (qw(VMTAP_SLOW=fast VMTAP_CANARY_MS=x VMTAP_BOOT_TIMEOUT=0)) {
    my ($name, $value) = split /=/, $wrong;
    $r = vmtap($wrong, $one);
    like $r->{err}, qr/$name is '$value'/, $wrong;
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... before anything runs';
}
$r = vmtap('VMTAP_ACCEL=tgc', $one);
like $r->{err}, qr/unknown accelerator 'tgc' in VMTAP_ACCEL.*did you mean 'tcg'/s, 'VMTAP_ACCEL=tgc';
is $r->{status}, 2, '... exit status 2';

# doctor
$r = vmtap('doctor');
like $r->{out}, qr/^ok   QEMU .*version/m, 'doctor: QEMU';
like $r->{out}, qr/^ok   kit /m, 'doctor: kit';
is $r->{status}, 0, '... all is well';
$r = vmtap('PATH=/nonexistent', 'VMTAP_KIT=/nonexistent', 'doctor');
like $r->{out}, qr/^BAD  QEMU .*\n.*apt-get/m, 'doctor: no QEMU';
like $r->{out}, qr/^BAD  kit /m, 'doctor: no kit';
is $r->{status}, 3, '... exit status 3';

done_testing;
