#!/usr/bin/perl
# freeze.t - our QEMU writes machines to files and is mapped back from them (vendor/qemu/frozen.h)
#
# Speaks with QEMU and with the agent itself, as vmtap's own use of this is tested elsewhere. FREEZE_THAWS is how often the
# first file is thawed: more of them look longer for what is rare.
use strict;
use warnings;
use lib 'tests/qemu';
use Frozen;
use Test::More;

my $thaws = $ENV{FREEZE_THAWS} // 25;

# ---- a kit guest ----

my $file = "$dir/kit";
my $m = boot('vm(a);');
my $before = holdings($m);
run($m, 'echo before >/tmp/file');
is freeze($m, $file), 'frozen', 'a running machine is frozen';
is run($m, 'cat /tmp/file; echo on'), "before\non\n", '... and runs on';
is_deeply qmp($m, 'query-status'), {running => JSON::PP::true, singlestep => JSON::PP::false, status => 'running'},
    '... as QMP says';
diag sprintf 'its file: %d MiB, %d on disk', (-s $file) >> 20, (stat $file)[12] >> 11;
check_copies($file, $thaws, 1, "$thaws copies are right");

my $one = thaw($file);
my $two = thaw($file);
configure($one, 'one');
configure($two, 'two');
run($_, 'hostname >/tmp/file') for $one, $two;
is run($one, 'cat /tmp/file') . run($two, 'cat /tmp/file') . run($m, 'cat /tmp/file'), "one\ntwo\nbefore\n",
    'copies that run at the same time do not see each other';
isnt run($one, 'head -c 16 /dev/urandom | md5sum'), run($two, 'head -c 16 /dev/urandom | md5sum'), '... nor draw the same numbers';
is run($one, 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo $i; gzip <bin/busybox | gunzip | cmp - bin/busybox && sleep 1 && echo right'),
    "20000\nright\n", '... and compute, and sleep, right';
my $after = holdings($one);
is $after->{$_}, $before->{$_}, "a copy is like a started QEMU: $_" for sort keys %$before;
is qmp($one, 'query-status')->{status}, 'running', 'QMP goes on in a copy';

# ---- copies of copies ----

my $copy = $one;
for my $depth (1 .. 3) {
    run($copy, "echo $depth >>/tmp/depth");
    is freeze($copy, "$dir/depth$depth"), 'frozen', "copy of depth $depth is frozen";
    end($copy);
    $copy = thaw("$dir/depth$depth");
    configure($copy, "depth$depth");
}
is run($copy, 'cat /tmp/file /tmp/depth; hostname'), "one\n1\n2\n3\ndepth3\n", 'what each did is there in the last';
check_copies("$dir/depth3", 5, 1, 'and its own copies are right');
is_deeply qmp($copy, 'quit'), {}, 'QMP ends it';
is_deeply ended($copy), [0, '', 0], '... well';

# ---- a machine that is paused ----

qmp($m, 'stop');
is freeze($m, "$dir/paused"), 'frozen', 'a paused machine is frozen';
is qmp($m, 'query-status')->{status}, 'paused', '... stays paused';
$copy = thaw("$dir/paused");
is qmp($copy, 'query-status')->{status}, 'paused', '... and so are its copies';
qmp($copy, 'cont');
is run($copy, 'echo on'), "on\n", '... until they are told';
end($copy);
qmp($m, 'cont');

# ---- refusals ----

sub changed {
    my ($change) = @_;
    system('cp', '--sparse=always', $file, "$dir/changed") == 0 or die;
    open my $f, '+<', "$dir/changed";
    $change->($f);
    close $f;
    return thaw("$dir/changed");
}

refused('a file that was cut', qr/cut, or is longer/, changed(sub { truncate $_[0], (-s $file) - 4096 }));
refused('an empty file', qr/no file of a frozen machine/, changed(sub { truncate $_[0], 0 }));
refused('a file of another kind', qr/no file of a frozen machine/, thaw($qemu));
refused("a bit of the tables flipped at $_", qr/tables of its file are damaged/, changed(sub { flip($_[0], $_) })) for 40, 200, 2000, 4000;
# With tables that are right in themselves, as frozen_sum() has it.
sub sum_again {
    my ($f) = @_;
    sysseek $f, 0, 0;
    sysread $f, my $table, 512 << 10;
    my @words = unpack 'q<*', substr $table, 0, unpack 'x12 V', $table;
    no warnings 'portable';
    use integer;
    my $sum = unpack 'q', pack 'Q', 0xcbf29ce484222325;
    for my $i (0 .. $#words) {
        $sum ^= $words[$i] if $i != 2;
        $sum *= unpack 'q', pack 'Q', 0x9e3779b97f4a7c15;
        $sum ^= ($sum >> 32) & 0xffffffff;
    }
    sysseek $f, 16, 0;
    syswrite $f, pack 'q', $sum;
}

sub put { my ($f, $at, $bytes) = @_; sysseek $f, $at, 0; syswrite $f, $bytes; sum_again($f) }

my $own = thaw($file);
is do { configure($own, 'x'); run($own, 'hostname') }, "x\n", 'what follows begins with a file that is right';
end($own);
is do { my $same = changed(sub { sum_again($_[0]) }); configure($same, 'y'); my $said = run($same, 'hostname'); end($same); $said }, "y\n",
    '... also when its sum is made again';
refused('another QEMU, by its build ID', qr/another QEMU has frozen it/, changed(sub { put($_[0], 32, 'x') }));
refused('a processor with other features', qr/frozen on a processor with other features/, changed(sub { put($_[0], 68, 'xxxx') }));
refused('another kernel', qr/it was frozen under Linux '2\.6\.39', and this is '\d/, changed(sub { put($_[0], 132, pack 'a72', '2.6.39') }));
refused('too many bases', qr/tables of its file are damaged/, changed(sub { put($_[0], 212, pack 'V', 3) }));
my $tables = substr text($file), 0, 512 << 10;
my ($at) = grep { unpack("x$_ x20 V", $tables) == 1 } map { 2416 + 32 * $_ } 0 .. unpack('x204 V', $tables) - 1;    # from the file itself
refused('memory that is behind the end of the file', qr/tables of its file are damaged/, changed(sub { put($_[0], $at + 24, pack 'Q', -s $file) }));
refused('memory of a file that there is not', qr/tables of its file are damaged/, changed(sub { put($_[0], $at + 20, pack 'V', 2) }));
refused('another version', qr/version \d+ of the format/, changed(sub { flip($_[0], 8) }));
refused('a descriptor that is missing', qr/descriptor 6 is not what it was/, do {
    my $net = delete $number{net};
    my $less = thaw($file);
    $number{net} = $net;
    $less->{net} = $less->{control};
    $less;
});
# The same code, another build ID.
my $other = "$dir/other";
system('cp', $qemu, $other) == 0 or die;
my $id = (`readelf -n $qemu` =~ /Build ID: ([0-9a-f]+)/)[0];
my $bytes = text($other);
flip(do { open my $f, '+<', $other; $f }, index($bytes, pack 'H*', $id));
open my $f, '<', $file;
refused('another QEMU', qr/another QEMU has frozen it/, spawn([$other, '-thaw', '50'], [$f, 50]));

my ($words, $null) = ('thaw', undef);
open $null, '+<', '/dev/null';
ask_freezer($m, $words, $null);
like receive($m, 'control', 'freezer'), qr/^cannot freeze: it was not asked/, 'a request that is none is refused';
open $null, '+<', '/dev/full';
ask_freezer($m, 'freeze', $null);
is receive($m, 'control', 'freezer'), 'cannot freeze: there is no room for it', 'a full disk is told';
is run($m, 'echo on'), "on\n", '... and the machine runs on';
ask_freezer($m, 'freeze', do { open my $f, '+>', "$dir/killed"; $f });
end($m);
$copy = thaw("$dir/killed");
like eval { configure($copy, 'x'); run($copy, 'echo on') } // text($copy->{errors}), qr/^on$|no file of a frozen machine/,
    'a machine that is killed while it is written leaves no file, or a whole one';
end($copy);

# ---- more processors, disks, networks ----

for my $cpus (2, 4, 8) {
    $m = boot("vm(a, .cpus = $cpus);");
    is freeze($m, $file), 'frozen', "a machine with $cpus processors is frozen";
    end($m);
    check_copies($file, $cpus == 4 ? 10 : 3, $cpus, '... and its copies are right');
    $copy = thaw($file);
    my $work = 'for i in $(seq 8); do (head -c 300000 /dev/zero | gzip | gunzip | md5sum) & done; wait';
    is run($copy, "($work) | sort -u | wc -l"), "1\n", '... on all of them';
    end($copy);
}

# Descriptors but those of files that each machine has its own of.
sub named { my ($m) = @_; return join "\n", grep { !/deleted|\/own/ } split /\n/, holdings($m)->{fds} }

system("head -c 8M /dev/urandom >$dir/read; truncate -s 16M $dir/write $dir/below $dir/own") == 0 or die;
$m = boot('vm(a, .image = "build/debian12-web.tar");', '-blockdev', "driver=file,node-name=r,filename=$dir/read,read-only=on", '-device',
    'virtio-blk-pci,drive=r', '-blockdev', "driver=file,node-name=w,filename=$dir/write", '-device', 'virtio-blk-pci,drive=w',
    '-netdev', 'user,id=u', '-device', 'virtio-net-pci,netdev=u', '-drive', "file=$dir/below,format=raw,if=none,id=s,snapshot=on",
    '-device', 'virtio-blk-pci,drive=s', '-blockdev', "driver=file,node-name=o,filename=$dir/own", '-device', 'virtio-blk-pci,drive=o');
run($m, 'for d in vdd vde vdf; do echo before >/dev/$d; done; sync; ip address add 10.0.2.15/24 dev eth1; ip link set eth1 up');
open my $alone, '<', "$dir/own";
ask_freezer($m, 'own', $alone);
is freeze($m, $file), 'frozen', 'a machine with disks and a user network is frozen';
run($m, 'for d in vde vdf; do echo after | dd bs=512 conv=sync of=/dev/$d oflag=direct; done');
refused('its disk, which the machine itself still writes', qr/write' is in use by another process/, thaw($file));
$before = holdings($m);
my $names = named($m);
end($m);
my $sum = (split ' ', `md5sum $dir/read`)[0];
for my $i (1 .. 3) {
    $copy = thaw($file);
    configure($copy, "m$i");
    is $copy && run($copy, 'md5sum </dev/vdc | cut -c1-32'), "$sum\n", "copy $i reads its disk";
    is run($copy, 'dd bs=512 count=1 if=/dev/vdd iflag=direct 2>/dev/null | head -n 1'), $i == 1 ? "before\n" : $i - 1 . "\n", '... its other disk';
    run($copy, "echo $i | dd bs=512 conv=sync of=/dev/vdd oflag=direct");
    like run($copy, 'ip neighbour flush dev eth1; echo -n | timeout 5 bash -c "cat >/dev/tcp/10.0.2.2/1" 2>&1; ip neighbour show 10.0.2.2; true'), qr/lladdr/,
        '... and reaches its network';
    is named($copy), $names, '... with the same descriptors, locks too' if $i == 1;
    end($copy);
}

# ---- disks of which each copy has its own: one without a name (the overlay of snapshot=on), one that was said to be ----

sub first { my ($m, $disk) = @_; return run($m, "dd bs=512 count=1 if=/dev/$disk iflag=direct 2>/dev/null | tr -d '\\000'") }

sub put_first { my ($m, $disk, $word) = @_; return run($m, "echo $word | dd bs=512 conv=sync of=/dev/$disk oflag=direct 2>/dev/null") }

unlink "$dir/own"; # no copy needs it
my $first = thaw($file);    # one at a time, as they share vdd
configure($first, 'one');
is first($first, $_), "before\n", "what a copy has on $_ is what the machine had when it was frozen" for 'vde', 'vdf';
put_first($first, $_, 'one') for 'vde', 'vdf';
run($first, 'head -c 9000000 /dev/urandom >/tmp/r; dd bs=1M if=/tmp/r of=/dev/vde seek=1 oflag=direct conv=sync 2>/dev/null');
is freeze($first, "$dir/two"), 'frozen', 'a copy is frozen with them';
end($first);
$copy = thaw("$dir/two");
is first($copy, $_), "one\n", "... and its own copy has on $_ what it wrote" for 'vde', 'vdf';
like run($copy, 'dd bs=1M skip=1 count=8 if=/dev/vde iflag=direct 2>/dev/null | cmp -n 8000000 - /tmp/r && echo same'), qr/same/, '... all of it';
end($copy);
$copy = thaw($file);
is first($copy, $_), "before\n", "... while another of the first has on $_ what it had" for 'vde', 'vdf';
is holdings($copy)->{fds} =~ tr/\n//, $before->{fds} =~ tr/\n//, '... with as many descriptors';
end($copy);
is text("$dir/below"), "\0" x (16 << 20), 'what is below an overlay is as it was';
done_testing;
