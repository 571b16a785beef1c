#!/usr/bin/perl
# templates.t - templates and setups in the store: made once, rebuilt when damaged, never made of a failure
use strict;
use warnings;
use File::Copy 'copy';
use File::Path 'make_path';
use lib 'tests/cli';
use Test::More;
use Time::HiRes 'time';
use Vmtap;

my $cache = dir() . '/cache';
my @env = ("VMTAP_CACHE=$cache", 'VMTAP_ACCEL=tcg');

sub entries { my @found = glob "$cache/$_[0]/*"; return @found }

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
my $draw = q{note(m.succeed("echo random $(head -c 16 /dev/urandom | od -An -x)"));}
    . q{note(m.succeed("echo boot_id $(cat /proc/sys/kernel/random/boot_id)"));};
my $drawing = script(qq{vm(m);\ntest("a") { $draw }\ntest("b") { $draw }\n});
my %drawn;
for (1 .. 2) { $drawn{$_}++ for vmtap(@env, $drawing)->{out} =~ /^# ((?:random|boot_id) .*)/mg }
is scalar(grep(/random/, keys %drawn)), 4, 'each copy has random bytes of its own';
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

# QEMU that saves, but cannot resume
my $dies = qemu_wrapper('case "$*" in *-incoming*) echo "bad section" >&2; exit 1 ;; esac; exec "$qemu" "$@"');
$r = vmtap('VMTAP_CACHE=' . dir() . '/third', 'VMTAP_ACCEL=tcg', "VMTAP_QEMU=$dies", $one);
like $r->{err}, qr/its template cannot be resumed: bad section/, 'QEMU that cannot resume: said';
is $r->{status}, 0, '... and the machine boots';

# Another shape is another template
vmtap(@env, script(qq{vm(m, .memory = 160);\ntest("a") { m.succeed("true"); }\n}));
is scalar(() = entries('machine')), 2, 'another memory size is another template';

# Provision
my $bad = script(qq{vm(m, .provision = "echo; echo trying; exit 7");\ntest("a") { m.succeed("true"); }\n});
$r = vmtap(@env, $bad);
like $r->{out}, qr/the \.provision of 'm' failed with exit status 7/, 'provision that fails: told';
like $r->{out}, qr/m\| trying/, '... with its output';
is scalar(() = entries('machine')), 2, '... and not kept';

# Setup
my $text = qq{vm(m);\nsetup {\n\tm.succeed("(echo; echo ran) >/dev/console");\n\tm.succeed("false");\n}\n}
    . qq{test("a") { m.succeed("true"); }\ntest("b") { ok(1); }\n};
$r = vmtap(@env, '--verbose', script($text));
is scalar(() = $r->{out} =~ /message: "setup failed: .*exit status 1/g), 2, 'setup that fails fails its tests';
like $r->{out}, qr/at: "\S+\.c:4"/, '... at its line';
is scalar(() = $r->{err} =~ /m\| ran/g), 1, '... and ran once';
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
