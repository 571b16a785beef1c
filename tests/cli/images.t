#!/usr/bin/perl
# images.t - images and kernels that cannot be booted are told before anything boots, at their line
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $dir = dir();

sub refused {
    my ($field, $want, $name) = @_;
    my $r = vmtap(script(qq{\nvm(m, $field);\ntest("boots") { m.start(); }\n}));
    like $r->{out}, $want, $name;
    like $r->{out}, qr/t\d+\.c:2: machine 'm': /, '... at its line';
    like $r->{out}, qr/infra: true/, '... as an infrastructure failure';
    is $r->{status}, 3, '... exit status 3';
}

mkdir "$dir/root";
file("root/hello", "hello\n" x 1000);
system "tar -C $dir/root -cf $dir/good.tar . && gzip -k $dir/good.tar";
system "tar -C $dir/root -cPf $dir/dots.tar --transform='s,hello,../../evil,' ./hello";

refused('.image = "/nonexistent.tar"', qr{cannot (open|read|find|stat) '/nonexistent.tar': No such file}, 'missing image');
refused('.image = "' . file('short.tar', substr(slurp("$dir/good.tar"), 0, 3000)) . '"', qr/truncated/, 'truncated tar');
refused('.image = "' . file('short.tar.gz', substr(slurp("$dir/good.tar.gz"), 0, 60)) . '"', qr/truncated/,
    'truncated tar.gz');
refused('.image = "' . file('nosum.tar.gz', substr(slurp("$dir/good.tar.gz"), 0, -4)) . '"', qr/truncated/,
    'tar.gz without the end of its sum');
refused('.image = "' . file('text.tar', "not a tar\n" x 200) . '"', qr/not a tar/, 'text');
refused('.image = "' . file('empty.tar', '') . '"', qr/empty/, 'empty file');
refused('.image = "' . file('disk.tar', "QFI\xfb\0\0\0\3" . "\0" x 1000) . '"', qr/qcow2/, 'qcow2 is recognised');
refused('.image = "' . file('ext4.img', "\0" x 1080 . "\x53\xef" . "\0" x 1000) . '"', qr/ext4 image/, 'ext4 is recognised');
mkdir "$dir/oci";
file("oci/$_", '{}') for qw(oci-layout index.json);
refused(qq{.image = "$dir/oci"}, qr{no image for linux/amd64 in it}, 'an OCI layout of nothing');
refused(qq{.image = "$dir/dots.tar"}, qr/'[^']*\.\.[^']*'/, 'member with ..');
refused('.kernel = "' . file('kernel', "no kernel\n" x 100) . '"', qr/is not a Linux kernel/, 'kernel that is not one');
refused('.kernel = "/nonexistent"', qr{'/nonexistent': No such file}, 'missing kernel');
system "mkfifo $dir/pipe";
refused(qq{.$_ = "$dir/pipe"}, qr{pipe' is neither a file nor a folder}, "a pipe as .$_") for qw(image kernel initrd);
refused('.image = "/dev/null"', qr{'/dev/null'}, 'device');

done_testing;
