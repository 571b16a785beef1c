#!/usr/bin/perl
# large.t - a root of 100,000 files, and of a file larger than the memory there is: 64 MB do, and a second run reads next to nothing
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

use constant {FILES => 100_000, LARGE => 300 << 20};

my $dir = dir();
$ENV{VMTAP_CACHE} = "$dir/store";

# A header of ustar's; of $size bytes, or of none
sub header {
    my ($name, $type, $size) = @_;
    my $h = pack 'a100 a8 a8 a8 a12 a12 A8 a1 a100 a8', $name, '0000644', '0000000', '0000000', sprintf('%011o', $size), '14000000000', '', $type, '', "ustar\00000";
    $h .= "\0" x (512 - length $h);
    substr($h, 148, 8) = sprintf "%06o\0 ", unpack '%32C*', $h;
    return $h;
}

# The large file is a hole, which is read as what it is: zeros
sub archive {
    my ($path) = @_;
    open my $f, '>:raw', $path or die "cannot write '$path': $!";
    print $f header('etc/', 5, 0);
    for my $i (1 .. FILES) {
        my $text = "file $i of many, as small as most of them are\n";
        print $f header("usr/share/" . $i % 300 . "/a-name-of-usual-length-$i", 0, length $text), $text, "\0" x (512 - length $text);
    }
    print $f header('large', 0, LARGE);
    $f->flush;
    truncate $f, LARGE + tell $f;
    seek $f, 0, 2;
    print $f "\0" x 1024;
    close $f or die "cannot write '$path': $!";
}

archive("$dir/large.tar");
mkdir "$dir/small";
mkdir "$dir/small/etc";
system('tar', '-C', "$dir/small", '-cf', "$dir/small.tar", '.') == 0 or die 'tar fails';
is vmtap('image', 'info', "$dir/small.tar")->{status}, 0, 'the kernel is taken apart before, which takes more memory than a root';

my $r = vmtap_under('ulimit -v 65536; ', 'image', 'info', "$dir/large.tar");
is $r->{status}, 0, '64 MB of address space are enough' or diag $r->{err};
my $files = FILES + 300 + 5;
like $r->{out}, qr/^content +$files files/m, '... for all of its files';

# What a process has read, by the kernel's account: from when it has ended until it is waited for (waitid(2), WNOWAIT)
sub bytes_read {
    my @command = @_;
    my $pid = fork() // die "cannot fork: $!";
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        exec $ENV{VMTAP} // 'build/vmtap', @command or die "cannot run it: $!";
    }
    my $info = "\0" x 128;
    syscall 247, 1, $pid, $info, 0x01000004, 0;
    my ($bytes) = slurp("/proc/$pid/io") =~ /^rchar: (\d+)$/m;
    waitpid $pid, 0;
    return $? ? undef : $bytes;
}

SKIP: {
    skip 'this kernel does not count what is read', 2 if slurp('/proc/self/io') !~ /^rchar: /;
    my ($small, $large) = map { bytes_read('image', 'info', "$dir/$_.tar") } qw(small large);
    cmp_ok $small, '<', 2_000_000, 'a second run reads what it must';
    cmp_ok $large, '<', $small + 500_000, '... and of an archive of ' . (-s "$dir/large.tar") . ' bytes next to nothing';
}

done_testing;
