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

# As vmtap(), of a shell's command line
sub shell {
    my ($command) = @_;
    my ($out, $err) = (dir() . '/shell.out', dir() . '/shell.err');
    my $status = system "$command >$out 2>$err";
    return {out => slurp($out), err => slurp($err), status => $status & 127 ? 'signal' : $status >> 8};
}

# QEMU; `make qemu` may have put one beside the binary, so another copy of that is asked
my $vmtap = $ENV{VMTAP} // 'build/vmtap';
my $far = dir() . '/far';
system "mkdir $far; cp $vmtap $far/vmtap";
infra shell("PATH=/nonexistent VMTAP_KIT=build/kit $far/vmtap $one"), qr/cannot find qemu-system-x86_64 on the PATH.*apt-get install/s, 'no QEMU';
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
    like $r->{out}, qr{^# accelerator: tcg \(/dev/kvm .*(does not accelerate|never ended|may not be opened)}m,
        'KVM that pretends: TCG, and why';
    my $cache = dir() . '/accel';
    my $deaf = qemu_wrapper('case "$*" in *"-accel kvm"*) exec sleep 600 ;; esac; exec "$qemu" "$@"');
    my @env = ("VMTAP_CACHE=$cache", "VMTAP_QEMU=$deaf", 'VMTAP_CANARY_MS=100000');
    $r = vmtap(@env, 'VMTAP_BOOT_TIMEOUT=40', $one);
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
    my $out = `$alone sh -c '$full $one; echo status \$?; find /mnt -path "*/sums" -prune -o -path "*/host" -prune -o -path "*/failed" -prune -o -type f -size +0 -print'`;
    like $out, qr/No space left on device/, 'full cache: told';
    like $out, qr/status 3\n\z/, '... exit status 3, and nothing half-written is left';
}

# The cache is what machines boot: not one that somebody else could have filled
my $no_machine = script($plain);
sub mistrusted {
    my ($command, $want, $name) = @_;
    my $out = `$command 2>&1; echo status \$?`;
    like $out, $want, "$name: told";
    like $out, qr/decides what machines boot: .*VMTAP_CACHE/, '... with what to do';
    like $out, qr/^status 2$/m, '... exit status 2';
    unlike $out, qr/^ok/m, '... before anything runs';
}
my $loose = dir() . '/loose';
mkdir $loose;
chmod 0777, $loose;
mistrusted("VMTAP_CACHE=$loose build/vmtap $no_machine",
    qr/other users may write to the cache folder '\Q$loose\E' \(its mode is 777\)/, 'a cache that anybody may write to');
mistrusted("VMTAP_CACHE=$no_machine build/vmtap $no_machine",
    qr/the cache '\Q$no_machine\E' is a file, not a folder/, 'a file');
chmod 0775, $loose;
is vmtap("VMTAP_CACHE=$loose", $no_machine)->{status}, 0, 'a cache that is shared with a group is used';
SKIP: {
    skip 'only root can be somebody else', 19 if $> != 0;
    my $uid = 100000 + $$;
    my $shared = "/tmp/vmtap-$uid";
    my $as = "setpriv --reuid=$uid --regid=$uid --clear-groups env -u HOME -u XDG_CACHE_HOME -u VMTAP_CACHE";
    mistrusted("chmod 0755 $loose; chown 1234 $loose; $as VMTAP_CACHE=$loose build/vmtap $no_machine",
        qr/the cache folder '\Q$loose\E' belongs to user 1234, not to user $uid/, "another user's cache");
    chown 0, 0, $loose;
    like `$as VMTAP_CACHE=$loose build/vmtap $no_machine 2>&1; echo status \$?`, qr/^status 0$/m, "root's is read";
    like `$as build/vmtap $no_machine 2>&1; echo status \$?`, qr/^status 0$/m, 'without HOME the cache is in /tmp';
    my @st = lstat $shared;
    is sprintf('%o %d', $st[2] & 07777, $st[4]), "700 $uid", '... its own, and closed';
    system "chmod 770 $shared";
    mistrusted("$as build/vmtap $no_machine", qr/other users may write to .*mode is 770/,
        '... or it is refused: open to its group');
    system "rm -rf $shared; mkdir $shared; chown 1234 $shared";
    mistrusted("$as build/vmtap $no_machine", qr/'\Q$shared\E' belongs to user 1234/, "another's folder");
    my $target = dir() . '/of-uid';
    system "rm -rf $shared; mkdir $target; chown $uid $target; ln -s $target $shared; chown -h $uid $shared";
    mistrusted("$as build/vmtap $no_machine", qr/'\Q$shared\E' is a symbolic link, not a folder/, 'a link');
    system "rm -rf $shared";
}
my $open = dir() . '/open';
system "umask 0; VMTAP_CACHE=$open build/vmtap --cached --accel=tcg $no_machine >/dev/null 2>&1";
isnt `find $open -type f`, '', 'a run without a umask fills the cache';
is `find $open -perm /022`, '', '... with nothing that others may write to';

# A kit that is there and cannot be read
my $bin = dir() . '/bin';
system "mkdir -p $bin $bin/locked/kit; cp build/vmtap $bin; ln -s locked/kit $bin/kit; chmod 0 $bin/locked";
like `@as_nobody $bin/vmtap doctor`,
    qr{^BAD  kit          cannot use the kit '\Q$bin\E/kit' -> 'locked/kit': Permission denied\n.*VMTAP_KIT}m,
    'a kit that may not be read: named, with its target';
chmod 0755, "$bin/locked";
infra vmtap("VMTAP_KIT=$no_machine", $one), qr{VMTAP_KIT is '\Q$no_machine\E': Not a directory}, 'VMTAP_KIT is a file';
$r = vmtap("VMTAP_QEMU=$bin", $one);
like $r->{err}, qr{VMTAP_QEMU is '\Q$bin\E', which cannot be run: Is a directory}, 'VMTAP_QEMU is a folder';
is $r->{status}, 2, '... exit status 2';

# Limits of the process
infra shell("ulimit -f 1024; VMTAP_CACHE=$open/limited build/vmtap $one"),
    qr/cannot write '[^']*': File too large.*the file size limit \(ulimit -f\)/s, 'ulimit -f';
infra shell("ulimit -n 20; build/vmtap $one"), qr/raise the limit on open files \(ulimit -n 20\)/, 'ulimit -n 20';
is shell("ulimit -n 64; build/vmtap $one")->{status}, 0, 'ulimit -n 64 is enough for a machine';

# What a guest says is no command of a CI service and no escape sequence, on neither stream
my $loud = script(<<'END');
vm(m);
test("t") {
	m.succeed("printf 'a ##[error]b\\n::error::c\\n##vso[d]\\033[31me\\n' >/dev/console");
	m.execute("printf '##[error]f\\n' >&2");
	m.shutdown();
	ok(0);
}
END
$r = vmtap('GITHUB_ACTIONS=true', '-v', $loud);
like $r->{err}, qr/^# vmtap: m\| a ## \[error\]b$/m, 'a console under GITHUB_ACTIONS: commands are broken';
(my $both = "$r->{out}$r->{err}") =~ s/^::error file=\Q$loud\E,line=6,title=t::not true: 0\n//m; # our own mark
unlike $both, qr/##\[|##vso\[|^::|\e/m, '... all of them, and no escape sequence is left';

# Wrong values
for my $wrong (qw(VMTAP_SLOW=fast VMTAP_CANARY_MS=x VMTAP_BOOT_TIMEOUT=0 VMTAP_CACHE_MAX=abc VMTAP_FROZEN=yes)) {
    my ($name, $value) = split /=/, $wrong;
    $r = vmtap($wrong, $one);
    like $r->{err}, qr/$name is '$value'/, $wrong;
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... before anything runs';
}
is vmtap('VMTAP_SLOW=fast', 'cache', 'list')->{status}, 2, '... whatever the command';
is vmtap('VMTAP_ACCEL=tgc', '--accel=tcg', $one)->{status}, 2, '... also where an option overrides it';
$r = vmtap('VMTAP_ACCEL=tgc', $one);
like $r->{err}, qr/unknown accelerator 'tgc' in VMTAP_ACCEL.*did you mean 'tcg'/s, 'VMTAP_ACCEL=tgc';
is $r->{status}, 2, '... exit status 2';

# doctor
$r = vmtap('doctor');
like $r->{out}, qr/^ok   QEMU .*version/m, 'doctor: QEMU';
like $r->{out}, qr/^ok   kit /m, 'doctor: kit';
is $r->{status}, 0, '... all is well';
$r = shell("PATH=/nonexistent VMTAP_KIT=/nonexistent $far/vmtap doctor");
like $r->{out}, qr/^BAD  QEMU .*\n.*apt-get/m, 'doctor: no QEMU';
my $mute = file('mute', "#!/bin/sh\ncase \"\$*\" in --version) exec sleep 1000 ;; esac\nexit 1\n");
chmod 0755, $mute;
like vmtap("VMTAP_QEMU=$mute", 'doctor')->{out}, qr/^BAD  QEMU .*does not answer --version/m,
    'doctor: a QEMU that does not end';
like $r->{out}, qr/^BAD  kit /m, 'doctor: no kit';
is $r->{status}, 3, '... exit status 3';

done_testing;
