#!/usr/bin/perl
# piped.t - an image that comes through standard input: docker export CONTAINER | vmtap shell -
use strict;
use warnings;
use lib 'tests/cli';
use File::Path 'make_path';
use Test::More;
use Vmtap;

my $dir = dir();
plan skip_all => 'build/kit is missing: make kit' if !-e 'build/kit/busybox';
make_path("$dir/root/$_") for qw(bin etc);
system("cp build/kit/busybox $dir/root/bin/busybox && ln -s busybox $dir/root/bin/sh && ln -s busybox $dir/root/bin/cat && ln -s busybox $dir/root/bin/hostname") == 0
    or die 'no root';
file('root/etc/mark', "this one\n");
system("tar -C $dir/root -cf $dir/root.tar .") == 0 or die 'no tar';
my $vmtap = $ENV{VMTAP} // 'build/vmtap';

sub piped { my ($command) = @_; my $out = `$command 2>$dir/err`; return {out => $out, err => slurp("$dir/err"), status => $? >> 8} }

my $r = piped("cat $dir/root.tar | $vmtap image info -");
like $r->{out}, qr/^image +-\nformat +a tar/m, 'image info - reads it';
like $r->{out}, qr/^boots by +vmtap shell -$/m, '... and calls it as it was called';
is $r->{status}, 0, '... exit status 0';

my $script = script(qq{vm_array(m, 2, .image = "-");\ntest("x") { is(m[1].succeed("cat /etc/mark"), "this one"); is(m[0].succeed("cat /etc/mark"), "this one"); }\n});
$r = piped("cat $dir/root.tar | $vmtap run $script");
like $r->{out}, qr/^ok 1 - x/m, '.image = "-" of several machines' or diag "$r->{out}$r->{err}";
$r = piped("gzip -c $dir/root.tar | setsid $vmtap shell -");
is $r->{status}, 0, 'shell - of a compressed one, and nobody there to type' or diag "$r->{out}$r->{err}";

$r = piped("$vmtap image info - </dev/null");
like $r->{err}, qr/there is no image in standard input: it is empty/, 'an empty one';
$r = piped("echo 'not an image, not at all' | $vmtap run $script");
like $r->{out}, qr/machine 'm\d': '-' is not a tar/, 'one that is none is called so';
unlike $r->{out}, qr{/proc/self}, '... and not by the place where it was kept';
done_testing;
