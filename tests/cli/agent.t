#!/usr/bin/perl
# agent.t - a kit guest that is told to reboot
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $r = vmtap(script(qq{vm(m);\ntest("t") {\n\tm.succeed("reboot");\n\tm.execute("sleep 100");\n}\n}));
like $r->{out}, qr/at: "\S+\.c:4"/, 'reboot in the kit guest: the command itself ends well';
like $r->{out}, qr/'m' rebooted/, '... and the machine does reboot';

done_testing;
