#!/usr/bin/perl
# bases.t - the file of a frozen machine has only what others have not, and is refused without them (vendor/qemu/bases.c)
use strict;
use warnings;
use lib 'tests/qemu';
use Frozen;
use Digest::SHA;
use Test::More;

my $memory = 128 << 20;

sub disk { my ($path) = @_; return (stat $path)[12] * 512 }

# All that a stopped machine is made of, as far as QEMU tells: sums of its memory, and its registers.
sub content {
    my ($m) = @_;
    qmp($m, 'stop');
    my $path = "$dir/memory";
    qmp($m, 'pmemsave', {val => 0, size => $memory, filename => $path});
    my %c = (memory => Digest::SHA->new(256)->addfile($path)->hexdigest, size => -s $path);
    $c{$_} = qmp($m, 'human-monitor-command', {'command-line' => "info $_"}) for qw(registers pic lapic irq);
    return \%c;
}

my $busy = 'head -c 3000000 /dev/urandom >/tmp/random; gzip </tmp/random | gunzip | cmp - /tmp/random && md5sum </tmp/random | cut -c1-32';

my $m = boot('vm(a);');
is freeze($m, "$dir/root"), 'frozen', 'a machine is frozen whole';
end($m);

my $one = thaw("$dir/root");
configure($one, 'one');
my $sum = run($one, $busy);
is freeze($one, "$dir/whole"), 'frozen', 'its copy is frozen without a base';
is freeze($one, "$dir/child", "$dir/root"), 'frozen', '... and with one';
cmp_ok disk("$dir/child"), '<', disk("$dir/whole") / 2, '... which is less than half of it';
diag sprintf 'MB on disk: %.1f whole, %.1f with a base', disk("$dir/whole") / 1e6, disk("$dir/child") / 1e6;
check_copies("$dir/child", 10, 1, 'copies are right', "$dir/root");
my $two = thaw("$dir/child", "$dir/root");
is run($two, 'md5sum </tmp/random | cut -c1-32; hostname'), "${sum}one\n", '... and know what their parent did';

# ---- to the byte ----

qmp($one, 'stop');
is freeze($one, "$dir/stopped", "$dir/root"), 'frozen', 'one that was stopped after its work is frozen';
my $is = content($one);
is $is->{size}, $memory, 'its memory can be read';
my $copy = thaw("$dir/stopped", "$dir/root");
is_deeply content($copy), $is, '... and that of a copy is the same, and its registers';
end($_) for $one, $copy;

# ---- no bases of bases ----

run($two, 'echo two >/tmp/two');
is freeze($two, "$dir/grandchild", "$dir/root"), 'frozen', 'a copy of a copy is frozen';
end($two);
unlink "$dir/child";
check_copies("$dir/grandchild", 3, 1, '... and does not need its parent', "$dir/root");
$copy = thaw("$dir/grandchild", "$dir/root");
is run($copy, 'cat /tmp/two; md5sum </tmp/random | cut -c1-32'), "two\n$sum", '... of which it has all';
is freeze($copy, "$dir/both", "$dir/root", "$dir/grandchild"), 'frozen', 'two files may be bases';
end($copy);
cmp_ok disk("$dir/both"), '<', disk("$dir/grandchild"), '... which is less again';
check_copies("$dir/both", 3, 1, '... and right', "$dir/root", "$dir/grandchild");
$copy = thaw("$dir/both", "$dir/root", "$dir/grandchild");
is freeze($copy, "$dir/alone"), 'frozen', 'none need be';
end($copy);
check_copies("$dir/alone", 3, 1, '... and then it needs no other');

# ---- refusals ----

refused('a base that is missing', qr/base 1 of its file is missing/, thaw("$dir/grandchild"));
refused('one of two', qr/base 2 of its file is missing/, thaw("$dir/both", "$dir/root"));
refused('another file', qr/base 1 of its file is not as it was/, thaw("$dir/grandchild", "$dir/alone"));
refused('in the wrong order', qr/base 1 of its file is not as it was/, thaw("$dir/both", "$dir/grandchild", "$dir/root"));
system('cp', '--sparse=always', "$dir/root", "$dir/copy") == 0 or die;
refused('the same content of another time', qr/base 1 of its file is not as it was/, thaw("$dir/grandchild", "$dir/copy"));
system('touch', '-r', "$dir/root", "$dir/copy") == 0 or die;
check_copies("$dir/grandchild", 1, 1, 'the same file elsewhere will do', "$dir/copy");
truncate "$dir/root", 1 << 20;
refused('a base that was cut', qr/base 1 of its file is not as it was/, thaw("$dir/grandchild", "$dir/root"));
done_testing;
