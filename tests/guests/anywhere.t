#!/usr/bin/perl
# anywhere.t - the same script on Debian 12 and 13 with systemd, on one with SysV's init, and on BusyBox with OpenRC
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my @images = map { "build/$_.tar" } qw(debian12-web debian13-web debian12-sysv openrc);
my @env = ('VMTAP_CACHE=' . dir() . '/store', 'VMTAP_SLOW=12');

my $r = vmtap(@env, '--vary', 'image=' . join(',', @images), 'tests/examples/anywhere.c');
is $r->{status}, 0, 'all of it passes' or diag $r->{out}, $r->{err};
for my $image (@images) {
    like $r->{out}, qr/^ok \d+ - \Q$_\E \[image=\Q$image\E\]$/m, "$image: $_"
        for "the client reads the server's page", 'alice can run firefox, root cannot';
}

my $vmtap = $ENV{VMTAP} // 'build/vmtap';

# Ready is who has started what his run level wants, without a word of the script
for (['debian12-sysv', 'cat /run/nginx.pid; runlevel', qr/^\d+\nN 2$/], ['openrc', 'cat /run/nginx-openrc.pid /run/openrc/softlevel', qr/^\d+\ndefault$/]) {
    my ($image, $command, $want) = @$_;
    my $told = file("$image.sh", "$command\n");
    like join('', `VMTAP_SLOW=12 VMTAP_CACHE=@{[dir()]}/store $vmtap shell build/$image.tar <$told 2>&1`), $want, "$image: its services run when it is ready";
}

# A Debian without systemd has another init, which is known
like vmtap(@env, 'image', 'info', 'build/debian12-sysv.tar')->{out}, qr/^init +\S+ \(SysV\)$/m, 'image info knows whose init it is';
done_testing;
