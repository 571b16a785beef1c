#!/usr/bin/perl
# cache.t - `vmtap cache`: list, prune, export, import, and the limit
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $dir = dir();
my $cache = "$dir/cache";
my @env = ("VMTAP_CACHE=$cache");

# An entry of each kind by a real run: root, initrd and what comes with them. The image is of our own making, and small.
mkdir "$dir/root";
mkdir "$dir/root/sbin";
for my $n (1 .. 3) {
    open my $f, '>', "$dir/root/file$n" or die;
    print $f "line $n\n" x 50000;
    close $f;
}
system "tar -C $dir/root -cf $dir/root.tar . && touch -d '1 hour ago' $dir/root.tar";
my $script = script(qq{vm(m, .image = "$dir/root.tar");\ntest("t") { within(1) m.start(); }\n});
my @no_boot = ('VMTAP_BOOT_TIMEOUT=1', 'VMTAP_QEMU=' . qemu_wrapper('exec sleep 100'));

sub entries {
    my ($at) = @_;
    my @all = grep { !m{/sums/} } glob "$at/*/" . '[0-9a-f]' x 64;
    return @all;
}

# Options and operands
for my $case (
    [[], qr/say what to do with the cache/, 'no verb'],
    [['lst'], qr/there is no 'vmtap cache lst'.*did you mean 'vmtap cache list'/s, 'mistyped verb'],
    [['list', 'x'], qr/takes no operand/, 'operand too many'],
    [['export'], qr/needs a file to write/, 'export without a file'],
    [['import'], qr/needs one file to read/, 'import without a file'],
    [['import', 'a', 'b'], qr/needs one file to read/, 'import of two'],
    [['prune', '--max=4G'], qr/'4G' is not a number of MB/, 'bad size'],
    [['list', '--all'], qr/are options of cache prune/, 'option of another verb'],
    [['export', '--check', "$dir/x"], qr/--check is an option of cache list and cache prune/, '--check of another verb'],
    [['export', "$dir/x", '../up'], qr/a kind is a word/, 'bad kind'],
    [['export', "$dir/x", 'root', 'templates'], qr/there is no kind 'templates'.*did you mean 'template'/s, 'mistyped kind'],
    [['export', "$dir/x", 'nonsense'], qr/there is no kind 'nonsense'.*kinds are root, .*\bmachine, setup, result, frozen/s, 'unknown kind'],
) {
    my ($args, $want, $name) = @$case;
    my $r = vmtap(@env, 'cache', @$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... stdout is left alone';
}
my $r = vmtap(@env, 'VMTAP_CACHE_MAX=lots', 'cache', 'list');
like $r->{err}, qr/VMTAP_CACHE_MAX is 'lots', not a number of MB/, 'bad VMTAP_CACHE_MAX: explained';
is $r->{status}, 2, '... exit status 2';

# Empty
$r = vmtap(@env, 'cache', 'list');
like $r->{out}, qr/^0 entries, 0\.0 MB of at most \d+ MB in '\Q$cache\E'$/m, 'a cache that does not exist is empty';
is vmtap(@env, 'cache', 'prune', '--all')->{status}, 0, '... and can be pruned';

# Every kind of the manual can be exported, an empty cache included
my @kinds = slurp('src/cmd/vmtap.1') =~ /^Kinds:\n(.*?)\n(?:\.It |Beside )/ms ? $1 =~ /^\.Pa (\w+)/mg : ();
is vmtap(@env, 'cache', 'export', "$dir/all", @kinds)->{status}, 0, "export of @kinds";
unlink "$dir/all";

# Filled, and not rebuilt
vmtap(@env, @no_boot, $script);
my @first = entries($cache);
ok @first >= 2, 'a run leaves entries' or diag "@first";
my %inode = map { $_ => (stat)[1] } @first;
vmtap(@env, @no_boot, $script);
is_deeply {map { $_ => (stat)[1] } entries($cache)}, \%inode, 'a second run uses the same';
$r = vmtap(@env, 'cache', 'list');
like $r->{out}, qr/^root +[0-9a-f]{12} +[\d.]+ +[\d.]+ +(now|\d+ \w+ ago) +-$/m, 'list: kind, key, sizes, use';
is $r->{status}, 0, '... exit status 0';

# In use, while a run waits for its machine
my $slow = script(qq{vm(m, .image = "$dir/root.tar");\ntest("t") { m.start(); }\n});
{
    local @ENV{qw(VMTAP_CACHE VMTAP_BOOT_TIMEOUT VMTAP_QEMU)} = ($cache, 60, $no_boot[1] =~ s/^VMTAP_QEMU=//r);
    my ($pid) = start_vmtap($slow);
    my $busy = wait_for(60, sub { vmtap(@env, 'cache', 'list')->{out} =~ /^root .* in use$/m });
    ok $busy, 'list: in use while a run uses it';
    $r = vmtap(@env, 'cache', 'prune', '--all');
    like $r->{out}, qr/\(\d+ in use\)/, 'prune --all leaves what is in use';
    ok scalar(grep({m{/root/}} entries($cache))), '... where it is';
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

# Export and import
my $pack = "$dir/pack";
vmtap(@env, @no_boot, $script);
@first = entries($cache);
$r = vmtap(@env, 'cache', 'export', $pack);
like $r->{err}, qr/exported \d+ entries, [\d.]+ MB/, 'export says what it did';
is $r->{out}, '', '... not on stdout';
is system("gzip -t < $pack"), 0, '... in a file that gzip knows';
vmtap(@env, 'cache', 'export', "$dir/roots", 'root');
ok -s "$dir/roots" && -s "$dir/roots" < -s $pack, 'export of one kind is smaller';
my $other = "$dir/elsewhere/deep/cache";
$r = vmtap("VMTAP_CACHE=$other", 'cache', 'import', $pack);
is $r->{status}, 0, 'import elsewhere' or diag $r->{err};
is_deeply [map { s{.*/(\w+/\w+)$}{$1}r } entries($other)], [map { s{.*/(\w+/\w+)$}{$1}r } @first], '... of all entries';

# ... hits there, for a copy of the image at another place, of another time
system "mkdir $dir/moved && cp $dir/root.tar $dir/moved/root.tar && touch -d '2 hours ago' $dir/moved/root.tar";
my %there = map { $_ => (stat)[1] } entries($other);
vmtap("VMTAP_CACHE=$other", @no_boot, script(slurp($script) =~ s{\Q$dir\E/root.tar}{$dir/moved/root.tar}r));
is_deeply {map { $_ => (stat)[1] } entries($other)}, \%there, 'a moved cache hits for a moved image';

# ... by pipe
is system("VMTAP_CACHE=$cache build/vmtap cache export - 2>$dir/err | VMTAP_CACHE=$dir/piped build/vmtap cache import - 2>>$dir/err"),
    0, 'export - | import -';
is scalar(my @piped = entries("$dir/piped")), scalar(@first), '... brings all entries';

# What is no pack
sub refused {
    my ($file, $want, $name) = @_;
    my ($before, $tmp) = (join(' ', entries($other)), join ' ', glob "$other/tmp/*");
    my $r = vmtap("VMTAP_CACHE=$other", 'cache', 'import', $file);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 3, '... exit status 3';
    is join(' ', entries($other)), $before, '... nothing is imported';
    is join(' ', glob "$other/tmp/*"), $tmp, '... or left behind';
}
system "rm -rf $other/root $other/initrd";
refused(file('cut', substr(slurp($pack), 0, (-s $pack) / 2)), qr/'\Q$dir\E\/cut' is truncated/, 'truncated pack');
refused(file('text', 'hello'), qr/it is not an export of a vmtap cache/, 'text');
refused(file('none', ''), qr/it is not an export of a vmtap cache/, 'empty file');
refused("$dir/missing", qr/cannot open '\Q$dir\E\/missing': No such file/, 'missing file');
system "gzip -c $dir/root.tar > $dir/root.tar.gz";
refused("$dir/root.tar.gz", qr/it is gzip-compressed, but not an export/, 'another gzip file');
is vmtap(@env, 'cache', 'export', "$dir/no/such/folder")->{status}, 3, 'export to nowhere: exit status 3';

# Damage is seen, and mended by the next run
my ($image) = glob "$cache/root/*/root.erofs";
truncate $image, 5000;
like vmtap(@env, 'cache', 'list')->{out}, qr/^root .* damaged$/m, 'list: damaged';
$r = vmtap(@env, 'cache', 'export', "$dir/rest");
like $r->{err}, qr/1 entries are damaged/, 'export leaves it out';
vmtap(@env, @no_boot, $script);
ok -s $image > 400000, 'a run builds it again';

# A clock that jumped back: what was used in the future is no reason to rebuild or to fail
utime 3000000000, 3000000000, "$cache/clock", glob "$cache/root/*/seal";
%inode = map { $_ => (stat)[1] } entries($cache);
vmtap(@env, @no_boot, $script);
is_deeply {map { $_ => (stat)[1] } entries($cache)}, \%inode, 'uses in the future: nothing is rebuilt';
like vmtap(@env, 'cache', 'list')->{out}, qr/^root .* now +-$/m, '... and they were just now';

# The limit
vmtap(@env, 'VMTAP_CACHE_MAX=0', 'cache', 'prune');
is join(' ', entries($cache)), '', 'VMTAP_CACHE_MAX=0: prune keeps nothing';
vmtap(@env, 'VMTAP_CACHE_MAX=0', @no_boot, $script);
is vmtap(@env, 'VMTAP_CACHE_MAX=0', 'cache', 'prune')->{status}, 0, '... and a run works all the same';
vmtap(@env, @no_boot, $script);
$r = vmtap(@env, 'cache', 'prune', '--max=1000');
like $r->{out}, qr/^removed 0 entries, 0\.0 MB; [\d.]+ MB remain$/, 'prune --max that is not reached';
$r = vmtap(@env, 'cache', 'prune', '--all');
like $r->{out}, qr/^removed \d+ entries, [\d.]+ MB; 0\.0 MB remain$/, 'prune --all';
is join(' ', entries($cache)), '', '... leaves nothing';

# Filesystems: works on each; a read-only one serves what it has; a full one says so
sub on {
    my ($name, $mount, $do) = @_;
    my @ns = $> == 0 ? qw(unshare -m) : qw(unshare -rm);
  SKIP: {
        skip "$name cannot be mounted here", 1 if system("@ns sh -c '$mount' >/dev/null 2>&1");
        my $at = "$dir/mnt";
        my $out = `@ns sh -c 'set -e; $mount; $do' 2>&1`;
        is $?, 0, $name or diag $out;
    }
}
mkdir "$dir/mnt";
vmtap(@env, 'cache', 'import', $pack);
vmtap(@env, 'cache', 'export', "$dir/small", 'root', 'initrd');
$ENV{VMTAP_CACHE_MAX} = 1000;
$pack = "$dir/small";
my $use = "export VMTAP_CACHE=$dir/mnt/cache; v=build/vmtap; \$v cache import $pack; \$v cache list | grep -q \"^root.*-\$\"; "
    . "\$v cache export $dir/again; \$v cache prune --all | grep -q \" 0.0 MB remain\"; \$v cache import $dir/again; "
    . "test -s $dir/mnt/cache/root/*/root.erofs";
on 'tmpfs', "mount -t tmpfs none $dir/mnt", $use;
on 'overlayfs', "mount -t tmpfs none $dir/mnt; mkdir $dir/mnt/l $dir/mnt/u $dir/mnt/w; "
    . "mount -t overlay none -olowerdir=$dir/mnt/l,upperdir=$dir/mnt/u,workdir=$dir/mnt/w $dir/mnt", $use;
on 'overlayfs with the entries in a lower layer', "mount -t tmpfs none $dir/mnt; cd $dir/mnt; mkdir l u w; cd - >/dev/null; "
    . "VMTAP_CACHE=$dir/mnt/l/cache build/vmtap cache import $pack; "
    . "mount -t overlay none -olowerdir=$dir/mnt/l,upperdir=$dir/mnt/u,workdir=$dir/mnt/w $dir/mnt",
    $use;
on 'ext4', "truncate -s 64M $dir/disk; mkfs.ext4 -qF $dir/disk; mount -o loop $dir/disk $dir/mnt", $use;
on 'a full disk: an import that does not fit leaves nothing',
    "mount -t tmpfs -o size=600k none $dir/mnt",
    "export VMTAP_CACHE=$dir/mnt/cache; ! build/vmtap cache import $pack 2>$dir/full; "
    . "grep -q \"No space left on device\" $dir/full; test -z \"\$(ls -A $dir/mnt/cache/tmp)\"; "
    . "build/vmtap cache list | grep -q \"^0 entries\"";
on 'a read-only disk: list and export work, prune says that it cannot',
    "mount -t tmpfs none $dir/mnt; VMTAP_CACHE=$dir/mnt/cache build/vmtap cache import $pack; mount -o remount,ro $dir/mnt",
    "export VMTAP_CACHE=$dir/mnt/cache; build/vmtap cache list | grep -q \"^root\"; build/vmtap cache export $dir/again; "
    . "! build/vmtap cache prune --all 2>$dir/ro; grep -q \"cannot remove\" $dir/ro; ! build/vmtap cache import $pack 2>$dir/ro; "
    . "grep -q \"Read-only file system\" $dir/ro";

done_testing;
