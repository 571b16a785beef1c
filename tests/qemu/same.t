#!/usr/bin/perl
# same.t - a thawed machine is, to the byte, what one is that was resumed from a migration state of the same moment
#
# Two machines are made of one that is stopped: that state loaded into a new QEMU, and the same frozen and thawed. Before
# they go on, all of their memory, registers and devices must be the same. After they have worked all of it must be the same
# again, where nothing but the work changes memory (alone.S: no interrupts, no clock). In a Linux guest each tick of its clock
# changes memory, and so does when it came: what the kernel keeps for itself, tables, stacks, what processes have of their
# own, and what is left in free pages differs from one run to the next. What files have in memory may not.
use strict;
use warnings;
use lib 'tests/qemu';
use Frozen;
use Digest::SHA qw(sha256);
use Test::More;

my $page = 4096;

sub slurp { my ($path) = @_; open my $f, '<:raw', $path or die "$path: $!"; local $/; return scalar <$f> }

sub memory {
    my ($m, $mib) = @_;
    my $path = "$dir/memory";
    qmp($m, 'pmemsave', {val => 0, size => $mib << 20, filename => $path});
    return slurp($path);
}

# What a stopped machine is made of. Devices' states have the clock's time, which is the same only before they go on.
sub content {
    my ($m, $mib, $devices) = @_;
    my %c = (memory => unpack 'H*', sha256(memory($m, $mib)));
    $c{$_} = qmp($m, 'human-monitor-command', {'command-line' => "info $_"}) for qw(registers pic);
    return \%c if !$devices;
    qmp($m, 'xen-save-devices-state', {filename => "$dir/devices"}); # of Xen's it is the name alone
    $c{devices} = unpack 'H*', sha256(slurp("$dir/devices"));
    return \%c;
}

sub same { my ($name, $x, $y) = @_; is $x->{$_}, $y->{$_}, "$name: $_" for sort keys %$x }

# Return: of a stopped machine, which ends, one that is resumed and one that is thawed. @command: of its QEMU
sub both {
    my ($m, @command) = @_;
    is freeze($m, "$dir/frozen"), 'frozen', 'a stopped machine is frozen';
    is migrate($m, "$dir/state"), 'completed', '... and its state is written';
    end($m);
    my $resumed = spawn([@command, '-incoming', 'fd:60'], [opened("$dir/state"), 60]);
    message($resumed);
    qmp($resumed, 'qmp_capabilities');
    select undef, undef, undef, 0.01 while qmp($resumed, 'query-status')->{status} eq 'inmigrate';
    return ($resumed, thaw("$dir/frozen"));
}

# ---- nothing but work ----

system("as --32 -o $dir/alone.o tests/qemu/alone.S && ld -m elf_i386 -e 0 -Ttext=0xffff0000 --oformat binary -o $dir/rom $dir/alone.o") == 0
    or BAIL_OUT('there are no binutils');
my @clock = ('-rtc', 'base=2000-01-01,clock=vm');    # else a device's state has the host's time
my @command = ($qemu, qw(-nodefaults -no-user-config -display none -machine q35 -accel tcg -m 16), @clock, '-bios', "$dir/rom",
    map { split / / } "-chardev socket,id=qmp,fd=$number{qmp} -mon chardev=qmp,mode=control -chardev socket,id=console,fd=$number{console}",
    "-serial chardev:console -device vmtap-freezer,control=$number{control}");
my $m = spawn(\@command);
message($m);
qmp($m, 'qmp_capabilities');
my $said = '';
$said .= receive($m, 'console', 'passes') while length $said < 3;
qmp($m, 'stop');
$said .= receive($m, 'console', 'more') while IO::Select->new($m->{console})->can_read(0);
unlike $said, qr/!/, 'the machine is in the midst of its work';
my ($resumed, $thawed) = both($m, @command);
same('before they go on', content($thawed, 16, 1), content($resumed, 16, 1));
for ($resumed, $thawed) {
    qmp($_, 'cont');
    my $rest = $said;
    $rest .= receive($_, 'console', 'rest') until $rest =~ /!/;
    is $rest, '.' x 12 . '!', 'all of its work is done';
    select undef, undef, undef, 0.01 until qmp($_, 'human-monitor-command', {'command-line' => 'info registers'}) =~ /HLT=1/;
    qmp($_, 'stop');
}
same('after their work', content($thawed, 16), content($resumed, 16));
end($_) for $resumed, $thawed;

# ---- Linux ----

my ($mib, $vm) = (128, 'vm(a);');
my %flag = (lru => 5, slab => 7, buddy => 10, anon => 12, unevictable => 18, nopage => 20, pgtable => 26);

sub kind {
    my ($flags) = @_;
    my %is = map { $_ => $flags >> $flag{$_} & 1 } keys %flag;
    return $is{nopage} ? 'no page' : $is{buddy} ? 'free' : $is{slab} ? 'slab' : $is{pgtable} ? 'page tables' : $is{anon} ? "processes'"
        : $is{lru} || $is{unevictable} ? 'of files' : "the kernel's";
}

my $work = 'cd /tmp; seq 100000 | gzip >z; gunzip <z | md5sum >sum; cp -r /bin copied; i=0; while [ $i -lt 300 ]; do echo $i >f$i; i=$((i + 1)); done;'
    . ' dd if=/dev/zero bs=65536 count=64 2>/dev/null | tr "\\\\000" x >x; (md5sum x; gzip <x | gunzip | md5sum) >>sum; rm f1*; sync; cat sum';

# Let it work; stop it. Return: what it has said, its pages, and of what kind each is.
sub worked {
    my ($m) = @_;
    my %r;
    configure($m, 'same', 'entropy of thirty-two bytes here');
    $r{said} = run($m, $work);
    my $flags = run($m, 'cat /proc/kpageflags');
    qmp($m, 'stop');
    my $bytes = memory($m, $mib);
    $r{pages} = [unpack "(a$page)*", $bytes];
    $r{kinds} = [map { kind($_) } unpack 'Q<*', $flags];
    return \%r;
}

# How often each content is in the pages of files.
sub files {
    my ($r) = @_;
    my %n;
    $r->{kinds}[$_] eq 'of files' and $n{sha256($r->{pages}[$_])}++ for 0 .. $#{$r->{pages}};
    return \%n;
}

$m = boot($vm, @clock);
qmp($m, 'stop');
($resumed, $thawed) = both($m, command($vm), @clock);
same('a Linux guest, before they go on', content($thawed, $mib, 1), content($resumed, $mib, 1));
qmp($_, 'cont') for $resumed, $thawed;
my ($x, $y) = map { worked($_) } $thawed, $resumed;
like $x->{said}, qr/^(?:[0-9a-f]{32}  \S+\n){3}/, 'it has worked';
is $x->{said}, $y->{said}, '... with the same result';
my ($of_x, $of_y) = map { files($_) } $x, $y;
cmp_ok scalar(keys %$of_x), '>', 500, 'there are files in its memory';
my @only = map { my ($p, $q) = @$_; scalar grep { ($q->{$_} // 0) != $p->{$_} } keys %$p } [$of_x, $of_y], [$of_y, $of_x];
is "@only", '0 0', '... whose content is the same in every page';
my (%differ, %all);
for my $i (0 .. $#{$x->{pages}}) {
    $all{$x->{kinds}[$i]}++;
    $differ{$x->{kinds}[$i]}++ if $x->{pages}[$i] ne $y->{pages}[$i];
}
diag 'pages that differ, of all of that kind: ' . join ', ', map { "$_ " . ($differ{$_} // 0) . "/$all{$_}" } sort keys %all;
end($_) for $resumed, $thawed;
done_testing;
