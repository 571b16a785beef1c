#!/usr/bin/perl
# bundle.t - one file with kit and QEMU inside: it runs where there is nothing else, and a damaged one runs nothing
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $dir = dir();
chmod 0755, $dir;
my $one = script(qq{vm(m);\ntest("boots") { is(m.succeed("echo hello"), "hello"); }\n});
my $none = script(qq{test("needs no machine") { is(1, 1); }\n});

# ---- a kit with no more modules than a guest needs, so that packing it takes no minute ----
sub copy_modules {
    my ($from, $to) = @_;
    my %deps = map { /^([^:]+):(.*)/ ? ($1, [split ' ', $2]) : () } split /\n/, slurp("$from/modules.dep");
    my %name = map { (m{([^/.]+)\.ko} ? $1 =~ tr/-/_/r : $_) => $_ } keys %deps;
    my @want = grep { $_ } @name{qw(virtio_pci virtio_blk virtio_console virtio_net virtio_rng erofs overlay crc32c_generic)};
    my %need = map { $_ => 1 } map { ($_, @{$deps{$_}}) } @want;
    mkdir $to;
    system("cp $from/modules.* $to/") == 0 or die;
    file(substr("$to/modules.dep", length($dir) + 1), join '', map { "$_: @{$deps{$_}}\n" } sort keys %need);
    for my $module (sort keys %need) {
        system("cd $from && cp --parents $module $to/") == 0 or die;
    }
}

my ($version) = map { s{.*/}{}r } glob 'build/kit/lib/modules/*';
system("mkdir -p $dir/kit/lib/modules $dir/qemu/firmware && cp -L build/kit/vmlinuz build/kit/busybox build/kit/kit.id $dir/kit/") == 0 or die;
copy_modules("build/kit/lib/modules/$version", "$dir/kit/lib/modules/$version");

# QEMU is the one that is here; tests/qemu and `make bundle` are for ours.
chomp(my $real = `sh -c 'command -v qemu-system-x86_64'`);
file('qemu/qemu-system-x86_64', qq{#!/bin/sh\nexec $real "\$@"\n});
chmod 0755, "$dir/qemu/qemu-system-x86_64";
file('qemu/firmware/nothing.bin', 'firmware');
file('qemu/qemu.id', "a wrapper for the test\n");

# Run a command line where there is nothing but what is named. Return as vmtap().
sub bare {
    my ($env, $command, $first) = @_;
    my ($out, $err) = ("$dir/bare.out", "$dir/bare.err");
    my $status = system(($first // '') . "env -i PATH=/nonexistent VMTAP_ACCEL=tcg $env $command >$out 2>$err </dev/null");
    return {out => slurp($out), err => slurp($err), status => $status & 127 ? 'signal' : $status >> 8};
}

sub entries { return [sort map { s{.*/}{}r } glob "$_[0]/bundle/*"] }
sub left_in_tmp { return [grep { !/\.lock$/ } glob "$_[0]/tmp/*"] }

# ---- packing ----
my $r = vmtap('bundle', 'pack', '-o', "$dir/b", "--kit=$dir/kit", "--qemu=$dir/qemu");
is $r->{status}, 0, 'pack' or diag $r->{err};
my $b = "$dir/b";
my $size = -s $b;
my $program = -s ($ENV{VMTAP} // 'build/vmtap');
$r = vmtap('bundle', 'pack', '-o', "$dir/again", "--kit=$dir/kit", "--qemu=$dir/qemu");
is system('cmp', '-s', $b, "$dir/again"), 0, '... again: the same bytes';

$r = bare('', "$b bundle info");
is $r->{status}, 0, 'info';
like $r->{out}, qr/^kit +.*busybox.*^qemu +a wrapper for the test$/ms, '... what the parts are made of';
like $r->{out}, qr{^ +\d+ +\d+  [0-9a-f]{64}  \Q$_\E$}m, "... $_" for 'vmtap', 'kit/vmlinuz', "kit/modules-$version.erofs", 'qemu/firmware/nothing.bin';
like $r->{out}, qr/all sums are right$/, '... and the sums';
like((split /\n/, `tail -n 1 $b`)[0], qr/^vmtap-index \d{8} [0-9a-f]{64}$/, 'the last line is text');
my ($key) = `tail -n 1 $b` =~ /([0-9a-f]{64})/;

# ---- running ----
my $cache = "$dir/cache";
$r = bare("VMTAP_CACHE=$cache", "$b $none");
is $r->{status}, 0, 'a script without machines runs';
ok !-e "$cache/bundle", '... and nothing is unpacked for it';
is bare("VMTAP_CACHE=$cache", "$b --list $one")->{out}, "boots\n", '--list';
ok !-e "$cache/bundle", '... neither';
$r = bare("VMTAP_CACHE=$cache", "$b $one");
like $r->{out}, qr/^ok 1 - boots$/m, 'a machine boots with nothing on the PATH' or diag "$r->{out}$r->{err}";
is $r->{status}, 0, '... exit status 0';
is_deeply entries($cache), [$key], '... from one entry of the cache, under the key of the bundle';
my $first = (stat "$cache/bundle/$key/kit/vmlinuz")[9];
$r = bare("VMTAP_CACHE=$cache", "$b $one");
is $r->{status}, 0, 'a second run';
is_deeply [entries($cache), (stat "$cache/bundle/$key/kit/vmlinuz")[9]], [[$key], $first], '... unpacks nothing';
like $r->{err}, qr/^# vmtap: 1 passed in [\d.]+ s\n(#   .*\n)+\z/, '... and says no more than what took its time';
like bare("VMTAP_CACHE=$cache", "$b --dry-run $one")->{out}, qr{^\Q$cache/bundle/$key/qemu/qemu-system-x86_64\E }, '--dry-run shows its QEMU';

$r = bare("VMTAP_CACHE=$cache", "$b doctor");
like $r->{out}, qr/^ok   bundle +'\Q$b\E': \d+ files, \d+ MB unpacked$/m, 'doctor says that there is a bundle';
like $r->{out}, qr/^ok   QEMU +\Q$cache\E.*version/m, '... and that its QEMU is used';
like $r->{out}, qr/^ok   kit +\Q$cache\E/m, '... and its kit';
unlike vmtap('doctor')->{out}, qr/^\w+ +bundle /m, 'of a plain vmtap it says nothing';

# A root without modules gets those of the bundle
system("mkdir -p $dir/root/bin $dir/root/lib && cp $dir/kit/busybox $dir/root/bin/ && ln -s busybox $dir/root/bin/sh") == 0 or die;
my $root = script(qq{vm(m, .image = "$dir/root");\ntest("boots") { m.succeed("/bin/busybox ls /lib/modules/$version/modules.dep"); }\n});
$r = bare("VMTAP_CACHE=$cache", "$b $root");
is $r->{status}, 0, 'a root without modules has those of the bundle' or diag "$r->{out}$r->{err}";

# What is in the cache
like bare("VMTAP_CACHE=$cache", "$b cache list --check")->{out}, qr/^bundle +\Q@{[substr $key, 0, 12]}\E /m, 'cache list has it';
$r = bare("VMTAP_CACHE=$cache", "$b cache export $dir/pack");
is $r->{status}, 0, 'cache export';
vmtap("VMTAP_CACHE=$dir/imported", 'cache', 'import', "$dir/pack");
isnt "@{[glob \"$dir/imported/initrd/*\"]}", '', '... has what was made of it';
is_deeply entries("$dir/imported"), [], '... and not the bundle itself';

# Without a home
SKIP: {
    skip 'only root can be somebody else', 3 if $> != 0;
    my $uid = 200000 + $$;
    my $as = "setpriv --reuid=$uid --regid=$uid --clear-groups ";
    is bare('', "$b $one", $as)->{status}, 0, 'a user without a home and without rights';
    is_deeply entries("/tmp/vmtap-$uid"), [$key], '... has it in /tmp/vmtap-UID';
    ok !-w "/tmp/vmtap-$uid" || $> == 0, '... of its own';
    system "rm -rf /tmp/vmtap-$uid";
}

# Without even /tmp
SKIP: {
    skip 'only root can make a root folder', 6 if $> != 0;
    my $empty = "$dir/empty";
    system("mkdir -m 755 -p $empty/proc $empty/dev && mkdir -m 1777 $empty/cache && cp $b $empty/vmtap && cp $one $empty/t.c") == 0 or die;
    my $in = sub {
        my ($env, $args) = @_;
        my $out = `unshare --mount --pid --fork /bin/sh -c 'mount -t proc proc $empty/proc && touch $empty/dev/null && mount --bind /dev/null $empty/dev/null && c=\$(PATH=\$PATH:/usr/sbin command -v chroot); env -i $env \$c --userspec=4321:4321 $empty /vmtap $args; echo status \$?' 2>&1`;
        return $out;
    };
    my $out = $in->('VMTAP_CACHE=/cache/c VMTAP_ACCEL=tcg', 'bundle info');
    like $out, qr/all sums are right\nstatus 0$/, 'in a root with nothing but /proc and /dev/null: info';
    $out = $in->('VMTAP_CACHE=/cache/c', '--list t.c');
    like $out, qr/^boots\nstatus 0$/m, '... a script is read';
    $out = $in->('VMTAP_CACHE=/cache/c', 't.c');
    like $out, qr/^not ok 1 - boots\n.*^status 3$/ms, '... it is unpacked there, and its QEMU wants a shell in this test';
    is_deeply [map { s{.*/}{}r } glob "$empty/cache/c/bundle/*"], [$key], '... into one entry';
    $out = $in->('', 't.c');
    like $out, qr{cannot write '/tmp/vmtap-4321': No such file or directory.*set VMTAP_CACHE}s, '... and without a cache: what to do';
    like $out, qr/^status 2$/m, '... exit status 2';
}

# Two first runs at once
{
    my $cache = "$dir/two";
    my @pids = map {
        my $pid = fork() // die;
        if (!$pid) {
            open STDOUT, '>', "$dir/two.$_.out";
            open STDERR, '>', "$dir/two.$_.err";
            exec 'env', '-i', 'PATH=/nonexistent', "VMTAP_CACHE=$cache", 'VMTAP_ACCEL=tcg', $b, $one or die;
        }
        $pid;
    } 1, 2;
    for my $i (1, 2) {
        waitpid $pids[$i - 1], 0;
        is $?, 0, "two first runs at once: number $i";
        like slurp("$dir/two.$i.out"), qr/^ok 1 - boots$/m, '... passes';
    }
    is_deeply [entries($cache), left_in_tmp($cache)], [[$key], []], '... one entry, nothing left';
}

# ---- overrides ----
$r = bare("VMTAP_CACHE=$cache VMTAP_KIT=/nonexistent/kit", "$b $one");
like $r->{out}, qr{VMTAP_KIT is '/nonexistent/kit'.*infra: true}s, 'VMTAP_KIT overrides';
my $other = qemu_wrapper('exec "$qemu" "$@"');
like bare("VMTAP_CACHE=$cache VMTAP_QEMU=$other", "$b --dry-run $one")->{out}, qr/^\Q$other\E /, 'VMTAP_QEMU overrides';
$r = bare("VMTAP_CACHE=$dir/over VMTAP_QEMU=$other VMTAP_KIT=$dir/kit", "$b $one");
is $r->{status}, 0, 'both' or diag "$r->{out}$r->{err}";
is_deeply entries("$dir/over"), [], '... and nothing is unpacked';

# ---- caches that will not do ----
sub refused {
    my ($r, $want, $name) = @_;
    is $r->{status}, 3, "$name: exit status 3" or diag "$r->{out}$r->{err}";
    like $r->{out}, $want, '... says so, and what to do';
    like $r->{out}, qr/^  infra: true$/m, '... as the infrastructure\'s failure';
}
refused(bare('VMTAP_CACHE=/proc/nothing', "$b $one"), qr{cannot unpack '\Q$b\E'.*set VMTAP_CACHE to a folder that can be written}s,
    'a cache that cannot be written');
refused(bare("VMTAP_CACHE=$dir/limited", "sh -c 'ulimit -f 1024; exec $b $one'" =~ s/^sh/\/bin\/sh/r), qr{File too large.*ulimit -f}s, 'ulimit -f');
is_deeply [entries("$dir/limited"), left_in_tmp("$dir/limited")], [[], []], '... and nothing is left';
my $alone = $> == 0 ? 'unshare --mount' : 'unshare --user --map-root-user --mount';
SKIP: {
    skip 'no mount namespaces here', 17 if system "$alone true 2>/dev/null";
    my $mounted = sub {
        my ($options, $after) = @_;
        my $more = $options =~ s/^ro,// ? 'mount -o remount,ro /mnt; ' : '';
        my $out = `$alone /bin/sh -c 'mount -t tmpfs -o $options none /mnt && mkdir -m 700 /mnt/cache; $more env -i PATH=/nonexistent VMTAP_ACCEL=tcg VMTAP_CACHE=/mnt/cache $b $one; echo status \$?; find /mnt/cache/bundle /mnt/cache/tmp -mindepth 1' 2>&1`;
        my ($status) = $out =~ /^status (\d+)$/m;
        return {out => $out, err => '', status => $status};
    };
    $r = $mounted->('size=8m');
    refused($r, qr/there is no room for \d+ MB in '\/mnt\/cache': \d+ MB are free.*set VMTAP_CACHE to a folder on another disk/s, 'a full disk');
    like $r->{out}, qr/^status 3\n\z/m, '... and nothing is left';
    $r = $mounted->('ro,size=200m');
    refused($r, qr/Read-only file system.*set VMTAP_CACHE to a folder that can be written/s, 'a read-only cache');
    $r = $mounted->('noexec,size=200m');
    refused($r, qr/cannot run QEMU from the cache '\/mnt\/cache'.*noexec.*set VMTAP_CACHE to a folder on another file system/s, 'noexec');
    $r = $mounted->('size=400m');
    is $r->{status}, 0, 'memory is a cache like others' or diag $r->{out};
    # A read-only cache that has all of it
    my $out = `$alone /bin/sh -c 'mount --bind $cache /mnt && mount -o remount,bind,ro /mnt && env -i PATH=/nonexistent VMTAP_ACCEL=tcg VMTAP_CACHE=/mnt $b $one; echo status \$?' 2>&1`;
    like $out, qr/^status 0$/m, 'a read-only cache that has it' or diag $out;
}

# ---- another bundle beside this one ----
file('kit/kit.id', "another kit with busybox\n");
vmtap('bundle', 'pack', '-o', "$dir/newer", "--kit=$dir/kit", "--qemu=$dir/qemu");
my ($newer) = `tail -n 1 $dir/newer` =~ /([0-9a-f]{64})/;
is bare("VMTAP_CACHE=$cache", "$dir/newer $one")->{status}, 0, 'a newer bundle beside an older cache';
is_deeply entries($cache), [sort $key, $newer], '... has its own entry';
is bare("VMTAP_CACHE=$cache", "$b $one")->{status}, 0, '... and the older one still runs';

# ---- unpacking ----
$r = bare('', "$b bundle unpack $dir/x");
is $r->{status}, 0, 'unpack' or diag $r->{err};
is system('cmp', '-s', "$dir/x/vmtap", $ENV{VMTAP} // 'build/vmtap'), 0, '... the plain vmtap';
is system('cmp', '-s', "$dir/x/kit/vmlinuz", "$dir/kit/vmlinuz"), 0, '... the kernel';
$r = bare('', "$b bundle unpack $dir/x");
like $r->{err}, qr/'\Q$dir\E\/x' is there already/, '... never over what is there';
is $r->{status}, 3, '... exit status 3';
rename "$dir/x", "$dir/elsewhere";
$r = bare("VMTAP_CACHE=$dir/of-x", "$dir/elsewhere/vmtap $one");
is $r->{status}, 0, 'what was unpacked runs wherever it is' or diag "$r->{out}$r->{err}";
like bare("VMTAP_CACHE=$dir/of-x", "$dir/elsewhere/vmtap --dry-run $one")->{out}, qr{^\Q$dir/elsewhere/qemu/qemu-system-x86_64\E },
    '... with the QEMU beside it';
is_deeply entries("$dir/of-x"), [], '... and is no bundle';
$r = bare('', "$dir/elsewhere/vmtap bundle info");
like $r->{err}, qr/no bundle.*make bundle/s, '... as it says';
is $r->{status}, 2, '... exit status 2';

# ---- damage: nothing runs, and a word says why ----
my $bytes = slurp($b);
my $bad = "$dir/bad";
my $fresh = "$dir/fresh";
sub damaged {
    my ($want, $name, $script) = @_;
    my $r = bare("VMTAP_CACHE=$fresh", "$bad $script");
    like "$r->{err}$r->{out}", qr/$want.*download it again/s, "$name: told";
    is $r->{status}, 3, '... exit status 3';
    unlike $r->{out}, qr/^ok/m, '... and nothing passes';
    is_deeply [entries($fresh), left_in_tmp($fresh)], [[], []], '... and nothing is kept';
}
sub altered {
    my ($at, $want, $name, $script) = @_;
    file('bad', $bytes);
    chmod 0755, $bad;
    open my $f, '+<:raw', $bad or die;
    seek $f, $at, 0;
    print $f chr(ord(substr $bytes, $at, 1) ^ 4);
    close $f;
    damaged($want, $name, $script);
}
my $index = index($bytes, "vmtap-bundle 1\n", $program);
altered($index + 20, "'\Q$bad\E' was altered: the sum of its index", 'a byte of the index', $none);
altered($index, 'was altered: the sum of its index', 'its first byte', $none);
altered($size - 1, 'was altered: its last line', 'the last byte', $none);
altered($size - 30, 'was altered: ', 'the sum of the index', $none);
altered($size - 75, 'was altered: ', 'the length of the index', $none);
altered($program - 20, 'was altered: its program has another sum', 'a byte of the program', $none);
altered($program + int(($index - $program) * 0.9), "was altered: '[^']*' in it is damaged", 'a byte of the kit', $one);
altered(index($bytes, "a bundle's mark\n") + 16, 'was (altered|cut short)', 'what the program knows of its file', $none);
file('bad', $bytes . "\n");
damaged('was altered: it has \d+ bytes, and was made with \d+', 'a byte more', $none);

# Cut at every 64 KB, and at the last line: the longest first
my (@silent, @passed, @unclear);
truncate $bad, $size;
for my $n (reverse(map { $_ * 65536 } 1 .. int($size / 65536)), $size - 1, $size - 86, $size - 87, $index) {
    if ($n > -s $bad) {
        file('bad', substr $bytes, 0, $n);
    }
    truncate $bad, $n;
    my $r = bare("VMTAP_CACHE=$fresh", "$bad $none");
    push @passed, $n if !$r->{status} || $r->{out} =~ /^ok/m;
    push @unclear, "$n: status $r->{status}, $r->{err}" if $n >= $program && ($r->{status} ne 3 || $r->{err} !~ /was cut short: it has $n of its $size bytes\n.*download it again/);
}
is_deeply \@passed, [], 'a file that was cut at any 64 KB runs nothing';
is_deeply \@unclear, [], '... and says that it was cut, unless the program itself was';

# ---- what cannot be packed or asked ----
for my $case (
    [['bundle'], qr/say what to do with the bundle/, 'no verb'],
    [['bundle', 'inof'], qr/there is no 'vmtap bundle inof'/, 'mistyped verb'],
    [['bundle', 'info', 'x'], qr/takes no operand/, 'operand for info'],
    [['bundle', 'unpack'], qr/needs one folder/, 'unpack to nowhere'],
    [['bundle', 'unpack', '--kit=x', 'y'], qr/all options are of bundle pack/, 'option for unpack'],
    [['bundle', 'pack', '--kit=x'], qr/needs a file to write/, 'pack to nowhere'],
    [['bundle', 'pack', '-o', "$dir/no"], qr/needs something to pack/, 'pack nothing'],
    [['bundle', 'pack', '-o', "$dir/no", 'x'], qr/NAME=PATH/, 'a part without a name'],
    [['bundle', 'info'], qr/this vmtap is no bundle/, 'a plain vmtap'],
) {
    my ($args, $want, $name) = @$case;
    my $r = vmtap(@$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
}
# Packed by another program
$r = vmtap('bundle', 'pack', '-o', "$dir/small", "--kit=$dir/kit", '--gzip=libdeflate-gzip');
is $r->{status}, 0, 'packed by libdeflate' or diag $r->{err};
vmtap('bundle', 'pack', '-o', "$dir/plain", "--kit=$dir/kit");
cmp_ok -s "$dir/small", '<', -s "$dir/plain", '... it is smaller';
is system("$dir/small", 'bundle', 'unpack', "$dir/y"), 0, '... and unpacks';
is system('cmp', '-s', "$dir/y/kit/vmlinuz", "$dir/kit/vmlinuz"), 0, '... to the same';
for (['true', qr/'true' made no plain gzip file/], ['no-such-program', qr/there is no program 'no-such-program'.*leave --gzip out/s]) {
    my ($program, $words) = @$_;
    $r = vmtap('bundle', 'pack', '-o', "$dir/no", "--kit=$dir/kit", "--gzip=$program");
    like $r->{err}, $words, "a packer that is none: $program";
    ok !-e "$dir/no", '... writes nothing';
}

symlink 'vmlinuz', "$dir/kit/link";
$r = vmtap('bundle', 'pack', '-o', "$dir/no", "--kit=$dir/kit");
like $r->{err}, qr/kit\/link': it is a symbolic link/, 'a link is not packed';
unlink "$dir/kit/link";
$r = vmtap('bundle', 'pack', '-o', "$dir/no", "--kit=$dir/nothing");
like $r->{err}, qr/cannot open '\Q$dir\E\/nothing': No such file/, 'a kit that is not there';
$r = bare('', "$b bundle pack -o $dir/no --kit=$dir/kit");
like $r->{err}, qr/is a bundle already/, 'a bundle is not the program of another';
ok !-e "$dir/no", '... and nothing is written';

done_testing;
