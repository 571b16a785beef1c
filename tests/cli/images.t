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

# What an image says of itself may not lead to other files of the host; what would not boot is told before QEMU starts.
my $secret = file('secret', 'x' x 1000);
my $based = pack('a4NQ>NNQ>NNQ>', "QFI\xfb", 3, 200, length $secret, 16, 1 << 30, 0, 2, 196608);
refused('.image = "' . file('based.qcow2', $based . "\0" x (200 - length $based) . $secret . "\0" x 1000) . '"',
    qr/only what differs from another image, '\Q$secret\E', and vmtap opens no file that an image names.*qemu-img convert/s,
    'a qcow2 that is based on another file');
refused('.image = "' . file('cut.qcow2', "QFI\xfb\0\0\0\3") . '"', qr/is cut short: it ends at byte 8/, 'a qcow2 that was cut short');
refused('.image = "' . file('old.qcow', "QFI\xfb\0\0\0\1" . "\0" x 1000) . '"', qr/qcow image of version 1/, 'an old qcow');
refused('.image = "' . file('ext4.img', "\0" x 1080 . "\x53\xef" . "\0" x 966) . '"', qr/is a file system \(ext4\) without a boot loader/,
    'a file system alone');
my $data = file('data.img', "\0" x 446 . "\0" x 4 . "\x83" . "\0" x 3 . pack('VV', 1, 1) . "\0" x 48 . "\x55\xaa" . "\0" x 512);
refused(qq{.image = "$data"}, qr/has no boot loader: .*is it a disk for data\? give it as \.disks/s, 'a disk for data');
refused(qq{.image = "$dir/good.tar", .firmware = "bios"}, qr/\.firmware is what a disk is booted by, and \.image is none/,
    'a firmware for what is no disk');
refused('.disks = { { .size = 1 }, { .file = "/nonexistent" } }', qr{cannot open '/nonexistent': No such file}, 'a further disk that is missing');

my $info = vmtap('image', 'info', $data);
like $info->{out}, qr/^format +a disk with a partition table\nsize +0\.0 MB\ndisk +0\.0 MB\npartition +1: 0\.0 MB, unknown content$/m,
    'image info shows what is on a disk';
like $info->{out}, qr/^boots by +nothing: it has no boot loader$/m, '... and what would boot it';
is $info->{status}, 0, '... exit status 0';
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
