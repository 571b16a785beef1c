#!/usr/bin/perl
# clangd.t - `vmtap header --clangd` writes what clangd needs to understand scripts
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $folder = dir() . '/project';
mkdir $_ for $folder, "$folder/below";
my $r = vmtap('header', '--clangd', $folder);
is_deeply [split /\n/, $r->{out}], [map { "$folder/$_" } 'vmtap.h', 'compile_flags.txt', '.clangd'], 'it says what it wrote';
is slurp("$folder/vmtap.h"), vmtap('header')->{out}, 'the header is the one that is printed';
$r = vmtap('header', '--clangd', $folder);
is "$r->{status} $r->{out}$r->{err}", '0 ', 'again: nothing to be written';
file('project/vmtap.h', (split /\n/, slurp("$folder/vmtap.h"))[0] . "\nof another version\n");
is vmtap('header', '--clangd', $folder)->{out}, "$folder/vmtap.h\n", 'a header of another version is replaced';

file('project/.clangd', "Index:\n  Background: Skip\n");
$r = vmtap('header', '--clangd', $folder);
like $r->{err}, qr/'\Q$folder\E\/\.clangd' is there and says something else.*add to it:.*Suppress: \[pp_invalid_directive\]/s, 'settings of the user are not replaced, and told what lacks';
is $r->{status}, 2, '... exit status 2';
is slurp("$folder/.clangd"), "Index:\n  Background: Skip\n", '... and stay';
unlink "$folder/.clangd";
vmtap('header', '--clangd', $folder);
like vmtap('header', '--clangd', "$folder/nowhere")->{err}, qr/nowhere.*No such file/, 'a folder that is not there';
like vmtap('header', '--clangd', $folder, 'more')->{err}, qr/header takes no operand, but there is 'more'/, 'a second folder';

SKIP: {
    skip 'there is no clangd (ci/setup check)', 4 unless grep { -x "$_/clangd" } split /:/, $ENV{PATH};
    my $check = sub { my ($path) = @_; return scalar `cd $folder && timeout 120 clangd --check=$path 2>&1` };
    file("project/$_", slurp('tests/examples/hello.c')) for 'good.c', 'below/good.c';
    like $check->('good.c'), qr/All checks completed, 0 errors/, 'clangd understands a script, with its first line';
    like $check->('below/good.c'), qr/All checks completed, 0 errors/, '... and one in a folder below';
    file('project/bad.c', qq{vm(m);\ntest("x") { m.suceed("true"); }\n});
    like $check->('bad.c'), qr/no member named 'suceed' in 'struct vm'/, '... and finds what is wrong';
    unlink "$folder/.clangd";
    unlike $check->('good.c'), qr/All checks completed, 0 errors/, 'the settings are needed';
}

done_testing;
