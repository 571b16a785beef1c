#!/usr/bin/perl
# prepare.t - while an image is built, or another run is waited for that builds it, vmtap goes on
use strict;
use warnings;
use Fcntl ':flock';
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $cache = dir() . '/cache';
my $machine = script(qq{vm(m);\ntest("boots") { m.succeed("true"); }\n});
is vmtap("VMTAP_CACHE=$cache", $machine)->{status}, 0, 'a run that builds what its machine boots from';
my ($initrd) = glob "$cache/initrd/*";
my $key = $initrd =~ s{.*/}{}r;

# Another run builds it for ever: so it seems, as we have its lock.
my $other = dir() . '/other';
mkdir $_ for $other, "$other/tmp";
sub lock_it {
    open my $f, '>', "$other/tmp/initrd-$key.lock" or die;
    flock $f, LOCK_EX or die;
    return $f;
}
# Wait until a child of the run has that lock's file open, too
sub waits {
    my ($pid) = @_;
    return wait_for(60, sub {
        for my $fd (glob '/proc/[0-9]*/fd/*') {
            next if (readlink($fd) // '') !~ /initrd-$key\.lock/;
            return 1 if slurp($fd =~ s{fd/.*}{stat}r) =~ /^\d+ \(.*\) \S $pid /;
        }
        return;
    });
}

# The end of another script's test is seen meanwhile
my $go = dir() . '/go';
my $quick = script(qq{static int there(void) { FILE *f = fopen("$go", "r"); if (f) fclose(f); return f != NULL; }\n}
    . qq{test("quick") { for (int i = 0; i < 400000000 && !there(); i++) ; ok(there()); }\n});
my $lock = lock_it();
my ($pid, $out) = start_vmtap_env(["VMTAP_CACHE=$other"], '-j2', $quick, $machine);
ok waits($pid), 'an image is waited for';
file('go', '');
ok wait_for(60, sub { slurp($out) =~ /^ok 1 - \S+: quick/m }), '... another test ends, and its point is printed';
unlike slurp($out), qr/boots/, '... before the image is there';
close $lock;
waitpid $pid, 0;
is $? >> 8, 0, '... the other run is done: the machine boots';
is told_of(slurp("$out.err")), '', '... and nothing is said of it';

# Signals are heard
for my $signal (qw(INT TERM HUP)) {
    unlink glob "$other/initrd/*/*";
    rmdir $_ for glob "$other/initrd/*";
    my $held = lock_it();
    my ($p, $o) = start_vmtap_env(["VMTAP_CACHE=$other"], $machine);
    ok waits($p), "SIG$signal while an image is waited for";
    kill $signal, $p;
    waitpid $p, 0;
    is $? >> 8, 3, '... exit status 3';
    like slurp($o), qr/^Bail out! interrupted by signal/m, '... and the harness is told';
    is_deeply [left_over($machine)], [], '... and no process is left';
}

# What cannot be prepared is told as ever, for the tests that use it
my $r = vmtap("VMTAP_CACHE=$cache", script(qq{vm(m, .image = "nowhere.tar");\nvm(good);\n}
    . qq{test("bad") { m.start(); }\ntest("good") { good.succeed("true"); }\n}));
like $r->{out}, qr/^not ok 1 - bad.*message: .*:1: machine 'm': cannot open '.*nowhere\.tar'.*^ok 2 - good/ms,
    'an image that is not there: told, and the other machine boots';
is $r->{status}, 3, '... an infrastructure failure';

done_testing;
