#!/usr/bin/perl
# licenses.t - vmtap licenses: all that is inside has a version, a licence and a source; texts where there are any
use strict;
use warnings;
use lib 'tests/cli';
use File::Copy;
use Test::More;
use Vmtap;

my $there = dir() . '/share/vmtap';
system "mkdir -p $there/../../bin $there/kit $there/licenses";
copy('build/vmtap', dir() . '/bin/vmtap') and chmod 0755, dir() . '/bin/vmtap' or die;
for my $file ('licenses/qemu', 'licenses/GPL-2') { file("share/vmtap/$file", "text of $file\n") }

# The vmtap that has these beside itself
sub licenses {
    my ($env, @args) = @_;
    my ($out, $err) = (dir() . '/l.out', dir() . '/l.err');
    my $status = system "env $env " . dir() . "/bin/vmtap licenses @args >$out 2>$err";
    return {out => slurp($out), err => slurp($err), status => $status >> 8};
}

sub pinned {
    my ($name) = @_;
    return slurp('vendor/pins') =~ /^\Q$name\E +(\S+)/m ? $1 : die "no pin of $name";
}

# ---- the program ----
my $r = licenses('');
is $r->{status}, 0, 'exit status 0';
is $r->{err}, '', '... in silence';
for my $case (['musl', 'MIT AND BSD-2-Clause'], ['tcc', 'LGPL-2.1-or-later AND .*'], ['zlib', 'Zlib']) {
    my ($name, $licence) = @$case;
    like $r->{out}, qr/^  $name +\Q@{[pinned($name)]}\E +$licence$/m, "$name, as pinned, and its licence";
}
like $r->{out}, qr/^The sources of all of it.*: vmtap-\d+\.\d+\.\d+-sources\.tar,/m, 'where the sources are';
like $r->{out}, qr/$_/, "notices: $_" for 'Rich Felker, et al', 'Permission is hereby granted', 'Ville Laurikari', 'Redistributions in binary form',
    'Jean-loup Gailly and Mark Adler', 'The origin of this software must not be misrepresented', 'Fabrice Bellard', 'GNU Lesser General';
like $r->{out}, qr/^QEMU is the machine's own, '/m, "QEMU is the machine's";

# ---- a kit and a QEMU ----
like $r->{out}, qr{^in the kit '[^']*/share/vmtap/kit': it does not say what it is made of \(no kit\.id\)$}m, 'a kit without kit.id';
file('share/vmtap/kit/kit.id', "linux-source-6.1 6.1.192-2, busybox 1:1.35.0-4+deb12u1 unpinned, musl 1.2.3, strange 7, rules 0123456789abcdef\n");
mkdir dir() . '/q';
file('q/qemu-system-x86_64', "#!/bin/sh\n") and chmod 0755, dir() . '/q/qemu-system-x86_64';
file('q/qemu.id', "qemu 1:7.2+dfsg-7+deb12u18, libslirp 4.7.0-1, glibc 2.36-9+deb12u14, rules 0123456789abcdef\n");
$r = licenses('VMTAP_QEMU=' . dir() . '/q/qemu-system-x86_64');
like $r->{out}, qr{^in the kit '[^']*/share/vmtap/kit':\n  linux-source-6\.1 +6\.1\.192-2 +GPL-2\.0-only WITH Linux-syscall-note\n}m, 'the kernel';
like $r->{out}, qr/^  busybox +1:1\.35\.0-4\+deb12u1 unpinned +GPL-2\.0-only\n  musl +1\.2\.3 +MIT/m, 'BusyBox, and that it is not what is pinned';
like $r->{out}, qr/^  strange +7 +unknown to this vmtap$/m, 'what has no licence is named';
unlike $r->{out}, qr/0123456789abcdef/, 'how it was built is no part of it';
like $r->{out}, qr{^in the QEMU '\Q@{[dir()]}\E/q':\n  qemu +1:7\.2\S+ +GPL-2\.0-only\n  libslirp +4\.7\.0-1 +BSD-3-Clause AND MIT\n  glibc +2\.36\S+ +LGPL-2\.1-or-later\n}m,
    'QEMU and its libraries';

# ---- texts ----
like $r->{out}, qr/^Their texts, each by `vmtap licenses NAME`: GPL-2 qemu$/m, 'which texts there are';
is licenses('', 'GPL-2')->{out}, "text of licenses/GPL-2\n", 'a text';
for my $case (['nothing', qr/there is no text 'nothing'/], ['../kit/kit.id', qr/there is no text/], ['a b', qr/takes one name, but there is 'b'/]) {
    my ($args, $want) = @$case;
    $r = licenses('', $args);
    like $r->{err}, $want, "licenses $args: told";
    is $r->{status}, 2, '... exit status 2';
}
system "rm -r $there/licenses";
unlike licenses('')->{out}, qr/Their texts/, 'no texts: not spoken of';
$r = licenses('', 'qemu');
like $r->{err}, qr/this vmtap has no texts inside or beside its kit\n.*make licenses/, '... and told who asks, with what to do';
is $r->{status}, 2, '... exit status 2';

# ---- the table ----
for my $line (grep { !/^(#|$)/ } split /\n/, slurp('vendor/licenses')) {
    my ($package, $text, $licence) = split ' ', $line, 3;
    like $licence, qr/^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$/, "vendor/licenses: $package";
    like slurp('ci/licenses'), qr/^\t\t\Q$text\E (pinned|source|changes|binary) /m, '... has a text';
}

done_testing;
