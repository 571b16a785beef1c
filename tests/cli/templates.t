#!/usr/bin/perl
# templates.t - templates and setups in the store: made once, rebuilt when damaged, never made of a failure
use strict;
use warnings;
use File::Copy 'copy';
use File::Path 'make_path';
use lib 'tests/cli';
use Cwd;
use Test::More;
use Time::HiRes 'time';
use Vmtap;

my $cache = dir() . '/cache';
my @env = ("VMTAP_CACHE=$cache", 'VMTAP_ACCEL=tcg');

sub entries { my @found = glob "$cache/$_[0]/*"; return @found }

sub told { return told_of($_[0]{err}) }

sub write_text {
    my ($path, $text) = @_;
    open my $f, '>', $path or die "cannot write '$path': $!";
    print $f $text;
    close $f;
}

my $one = script(qq{vm(m);\ntest("a") { m.succeed("true"); }\ntest("b") { m.succeed("true"); }\n});

# Two runners at once
my $started = time;
my ($pid1, $out1) = start_vmtap_env(\@env, $one);
my ($pid2, $out2) = start_vmtap_env(\@env, $one);
waitpid $_, 0 for $pid1, $pid2;
like slurp($_), qr/^ok 1 - a.*^ok 2 - b/ms, 'two runners at once: both pass' for $out1, $out2;
is scalar(() = entries('machine')), 1, '... and one template was made';

# From the template, and without
my $r = vmtap(@env, '--verbose', $one);
unlike $r->{err}, qr/SeaBIOS/, 'with a template nothing boots';
$r = vmtap(@env, '--verbose', '--cold', $one);
like $r->{err}, qr/SeaBIOS/, '--cold boots';
is $r->{status}, 0, '... and passes';

# Two tests in two runs are four machines
my $draw = q{note(m.succeed("echo generation $(cat /run/vmtap/generation)"));}
    . q{note(m.succeed("echo random $(head -c 16 /dev/urandom | od -An -x)"));}
    . q{note(m.succeed("echo boot_id $(cat /proc/sys/kernel/random/boot_id)"));};
my $drawing = script(qq{vm(m);\ntest("a") { $draw }\ntest("b") { $draw }\n});
my %drawn;
for (1 .. 2) { $drawn{$_}++ for vmtap(@env, $drawing)->{out} =~ /^# ((?:random|boot_id|generation) .*)/mg }
is scalar(grep(/random/, keys %drawn)), 4, 'each copy has random bytes of its own';
is scalar(grep(/generation [0-9a-f]{32}$/, keys %drawn)), 4, '... and a generation number';
is scalar(grep(/boot_id/, keys %drawn)), 4, '... and, before anybody has asked for it, a boot_id';

# Damage
my ($template) = entries('machine'); # with the machine's identity, made from the shared one
truncate "$template/state", 1000;
$r = vmtap(@env, $one);
is $r->{status}, 0, 'a state that was cut short: the test passes';
ok -s "$template/state" > 100_000, '... from a template that was made again';
open my $f, '+<', "$template/state";
print $f 'x' x 5000;
close $f;
$r = vmtap(@env, $one);
like $r->{err}, qr/is damaged: building it again/, 'a state that is nonsense is made again, and this is said';
is $r->{status}, 0, '... and the test passes';

# Damage that leaves size and time as they were
sub flip_bit {
    my ($path, $at) = @_;
    system 'touch', '-r', $path, dir() . '/times';
    open my $f, '+<:raw', $path or die;
    seek $f, $at, 0;
    read $f, my $byte, 1;
    seek $f, $at, 0;
    print $f chr(ord($byte) ^ 1);
    close $f;
    system 'touch', '-r', dir() . '/times', $path;
}
vmtap(@env, $one);
flip_bit("$template/state", 100_000);
$r = vmtap(@env, $one);
like $r->{err}, qr/machine\/\w+' is damaged: building it again/, 'a flipped bit in a state: made again, and this is said';
is $r->{status}, 0, '... and the test passes';
is vmtap(@env, 'cache', 'list', '--check')->{status}, 0, 'cache list --check: all is well';
flip_bit("$template/ram", 96 << 20); # of no consequence: the guest has no use for it yet
is told(vmtap(@env, $one)), '', 'a flipped bit in a memory is not looked for at each use';
$r = vmtap(@env, 'cache', 'list', '--check');
like $r->{out}, qr/^machine .* damaged$/m, '... but cache list --check finds it';
is $r->{status}, 1, '... exit status 1';
utime 1e9, 1e9, "$template/seal"; # not used since 2001, so not since the host was booted
$r = vmtap(@env, $one);
like $r->{err}, qr/machine\/\w+' is damaged: building it again/, '... and so does the first use after the host was booted';
is $r->{status}, 0, '... and the test passes';

# A cache that was carried elsewhere
my $moved = dir() . '/moved';
is vmtap(@env, 'cache', 'export', dir() . '/pack')->{status}, 0, 'export';
is vmtap("VMTAP_CACHE=$moved", 'cache', 'import', dir() . '/pack')->{status}, 0, '... and import in another folder';
$r = vmtap("VMTAP_CACHE=$moved", 'VMTAP_ACCEL=tcg', '--verbose', $one);
unlike $r->{err}, qr/SeaBIOS/, '... where nothing boots';
is $r->{status}, 0, '... and the test passes';
is_deeply [sort map { s{.*/}{}r } glob "$moved/machine/*"], [sort map { s{.*/}{}r } entries('machine')],
    '... from the template that came with it';

# The same names with other content are another machine
my $was = scalar(() = entries('machine'));
mkdir dir() . '/wrap';
my $relative = 'build/../' . ('../' x (() = Cwd::getcwd() =~ m{/}g)) . dir() =~ s{^/}{}r;
rename qemu_wrapper('exec "$qemu" "$@"'), dir() . '/wrap/q';
my @other = (@env, "VMTAP_QEMU=$relative/wrap/q");
vmtap(@other, $one);
is scalar(() = entries('machine')), $was + 1, 'a wrapper of QEMU at a relative path is another template';
$r = vmtap(@other, '--verbose', $one);
unlike $r->{err}, qr/SeaBIOS/, '... found again';
rename qemu_wrapper('VARIABLE=1; exec "$qemu" "$@"'), dir() . '/wrap/q';
$r = vmtap(@other, '--verbose', $one);
like $r->{err}, qr/SeaBIOS/, '... and made again when its content changes';

# QEMU that cannot save: a device that it cannot migrate
my $nvme = qq{vm(m, .qemu = {"-device", "nvme,serial=x"});\ntest("a") { m.succeed("true"); }\ntest("b") { m.succeed("true"); }\n};
$r = vmtap(@env, '-j2', script($nvme));
is scalar(() = $r->{err} =~ /m: no template, so this machine boots: QEMU cannot save this machine: .*nvme/g), 1,
    'QEMU that cannot save: said once';
is $r->{status}, 0, '... and the machine boots, for each test';

# QEMU that cannot resume what setup left
my $layered = script(qq{vm(m);\nsetup { m.succeed("touch /run/x"); }\n}
    . qq{test("a") { m.succeed("test -e /run/x"); }\ntest("b") { m.succeed("test -e /run/x"); }\n});
my $spoiled = dir() . '/spoiled';
$ENV{QEMU_SPOILED} = $spoiled;
my $sulks = qemu_wrapper('case "$*" in *setup/*ram,share=off*) [ -e $QEMU_SPOILED ] && { echo "bad section" >&2; exit 1; } ;; esac; exec "$qemu" "$@"');
my @layer = ('VMTAP_CACHE=' . dir() . '/fourth', 'VMTAP_ACCEL=tcg', "VMTAP_QEMU=$sulks");
is vmtap(@layer, $layered)->{status}, 0, 'a setup that can be resumed';
open $f, '>', $spoiled;
close $f;
$r = vmtap(@layer, '-j2', $layered);
is $r->{status}, 0, '... and then cannot: it runs before every test, which pass';
is scalar(() = $r->{err} =~ /setup runs before every test: 'm' cannot be resumed as setup left it: bad section/g), 1, '... said once';
is_deeply [glob dir() . '/fourth/setup/*'], [], '... and what it left is thrown away';

# QEMU 11 takes no file as "fd:". Seen through a go-between in front of an older one, which asks for "file:".
my $wire = dir() . '/wire';
my $eleven = qemu_wrapper(q{case "$*" in *share=off*-incoming*) exec perl -x "$0" "$qemu" "$@" ;; esac; exec "$qemu" "$@"
#!perl
use POSIX; use Socket; use IO::Handle;
socketpair my $near, my $far, AF_UNIX, SOCK_STREAM, 0;
open my $vmtap, '+<&=', 3;
if (!fork) {
    close $far;
    POSIX::close($_) for 4 .. 5, 14;
    $_->autoflush for $near, $vmtap;
    if (!fork) { while (sysread $near, my $said, 65536) { syswrite $vmtap, $said } exit }
    open my $log, '>>', $ENV{QEMU_WIRE};
    while (my $line = <$vmtap>) {
        if ($line =~ /"fd:14"/) { # QEMU answers in order: refused by itself, as a command that it does not know
            $line =~ s/migrate-incoming/migrate-incoming-of-a-file/;
        } elsif ($line =~ s{"file:/proc/self/fd/14"}{"fd:14"}) {
            syswrite $log, "file
";
        }
        syswrite $near, $line;
    }
    exit;
}
POSIX::dup2(fileno $far, 3);
close $near; close $far;
exec @ARGV;
__END__
});
$ENV{QEMU_WIRE} = $wire;
my @eleven = ('VMTAP_CACHE=' . dir() . '/fifth', 'VMTAP_ACCEL=tcg', "VMTAP_QEMU=$eleven");
$r = vmtap(@eleven, $one);
is $r->{status}, 0, 'a QEMU that wants "file:" instead of "fd:"';
is told($r), '', '... resumes';
like slurp($wire), qr/^file$/m, '... after it was asked that way';

# QEMU that saves, but cannot resume
my $dies = qemu_wrapper('case "$*" in *-incoming*) echo "bad section" >&2; exit 1 ;; esac; exec "$qemu" "$@"');
$r = vmtap('VMTAP_CACHE=' . dir() . '/third', 'VMTAP_ACCEL=tcg', "VMTAP_QEMU=$dies", $one);
like $r->{err}, qr/its template cannot be resumed, so it boots: bad section/, 'QEMU that cannot resume: said';
is $r->{status}, 0, '... and the machine boots';

# Another shape is another template
vmtap(@env, script(qq{vm(m, .memory = 160);\ntest("a") { m.succeed("true"); }\n}));
is scalar(() = entries('machine')), $was + 3, 'another memory size is another template';

# Provision: what it leaves free is not kept
my $before = 0;
for my $work ('true', 'head -c 30000000 /dev/urandom >/tmp/x && rm /tmp/x') {
    my %known = map { $_ => 1 } entries('machine');
    is vmtap(@env, script(qq{vm(m, .provision = "$work");\ntest("a") { m.succeed("true"); }\n}))->{status}, 0, "provision '$work'";
    my ($new) = grep { !$known{$_} } entries('machine');
    my $disk = (stat "$new/ram")[12] * 512;
    cmp_ok $disk, '<', $before + 10e6, '... what it wrote and removed is not kept' if $before;
    $before = $disk;
}

my $bad = script(qq{vm(m, .provision = "echo; echo trying; exit 7");\ntest("a") { m.succeed("true"); }\n});
$r = vmtap(@env, $bad);
like $r->{out}, qr/the \.provision of 'm' failed with exit status 7/, 'provision that fails: told';
like $r->{out}, qr/m\| trying/, '... with its output';
is scalar(() = entries('machine')), $was + 5, '... and not kept';

# Setup
my $text = qq{vm(m);\nsetup {\n\tm.succeed("(echo; echo ran) >/dev/console");\n\tm.succeed("false");\n}\n}
    . qq{test("a") { m.succeed("true"); }\ntest("b") { ok(1); }\n};
$r = vmtap(@env, '--verbose', script($text));
is scalar(() = $r->{out} =~ /message: "setup failed: .*exit status 1/g), 2, 'setup that fails fails its tests';
like $r->{out}, qr/at: "\S+\.c:4"/, '... at its line';
is scalar(() = $r->{err} =~ /^# vmtap: m\| ran/mg), 1, '... and ran once';
is scalar(() = entries('setup')), 0, '... and is not kept';
$text =~ s/"false"/"true"/;
my $good = script($text);
$r = vmtap(@env, '--verbose', $good);
is $r->{status}, 0, 'setup that succeeds';
is scalar(() = entries('setup')), 1, '... is kept';
$r = vmtap(@env, '--verbose', $good);
unlike $r->{err}, qr/m\| ran/, '... and does not run again';
$r = vmtap(@env, '--verbose', '--cold', $good);
is scalar(() = $r->{err} =~ /m\| ran/g), 2, '--cold: it runs before each test';

# An image that has a machine-id
my $image = dir() . '/image';
make_path map { "$image/$_" } qw(bin sbin etc);
copy('build/kit/busybox', "$image/bin/busybox") and chmod 0755, "$image/bin/busybox";
symlink 'busybox', "$image/bin/$_" for qw(sh cat sleep);
write_text("$image/sbin/init", "#!/bin/sh\nwhile :; do sleep 1000; done\n");
chmod 0755, "$image/sbin/init";
write_text("$image/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
$r = vmtap(@env, script(qq{vm(m, .image = "$image");\nvm(n, .image = "$image");\n}
    . qq{test("a") { is(m.succeed("cat /etc/machine-id"), n.succeed("cat /etc/machine-id")); }\n}));
is $r->{status}, 0, 'a machine-id that is in the image stays' or diag $r->{out};

done_testing;
