#!/usr/bin/perl
# new.t - the first minutes: vmtap new; vmtap doctor that boots, and that speaks to programs
use strict;
use warnings;
use lib 'tests/cli';
use Cwd 'abs_path';
use JSON::PP;
use Test::More;
BEGIN { $ENV{VMTAP} = abs_path($ENV{VMTAP} // 'build/vmtap') }
use Vmtap;

my $dir = dir() . '/a folder';
mkdir $dir;

# Run vmtap in that folder
sub there { return vmtap_under("cd '$dir' && ", @_) }

# ---- new ----

my $r = there('new');
is $r->{status}, 0, 'new writes a script';
is $r->{out}, '', '... stdout is left alone';
like $r->{err}, qr/wrote 'first\.c'\n.*run it: \Q$ENV{VMTAP}\E first\.c$/m, '... and says how to run it, with this vmtap';
ok -x "$dir/first.c", '... which is a program';
my $first = slurp("$dir/first.c");
like $first, qr{\A#!/usr/bin/env vmtap\n.*^vm\(server\);\n.*^setup \{}ms, '... in the dialect';
$r = there('first.c');
like $r->{out}, qr/^1\.\.2\n.*^ok 1 - the client gets the page\n.*^ok 2 - a page that is not there/ms, '... and passes as it is';
is there('repl', 'first.c', '--no-setup')->{status}, 0, '... the prompt reads it, too';

file('a folder/first.c', "mine\n");
$r = there('new');
is $r->{status}, 2, 'a file that exists: exit status 2';
like $r->{err}, qr/there is 'first\.c' already, which stays as it is/, '... told';
is slurp("$dir/first.c"), "mine\n", '... and it stays';
symlink 'nowhere', "$dir/link.c";
is there('new', 'link.c')->{status}, 2, 'a link to nowhere counts as one';
ok !-e "$dir/nowhere", '... and nothing is made through it';

like there('new', q{it's new.c})->{err}, qr/run it: \Q$ENV{VMTAP}\E 'it'\\''s new\.c'$/m, 'a name with blanks and a quote: what to type';
ok -e "$dir/it's new.c", '... it is there';
like there('new', '--', '-x.c')->{err}, qr/run it: \Q$ENV{VMTAP}\E -- -x\.c$/m, 'a name that looks like an option';
mkdir "$dir/im\"age";
is there('new', '--image', 'im"age', 'own.c')->{status}, 0, 'an image';
like slurp("$dir/own.c"), qr/^vm\(machine, \.image = "im\\042age"\);$/m, '... is named in the script, as C wants it';
like there('check', 'own.c')->{out}, qr/^own\.c: 2 tests, 1 machine$/m, '... which compiles';

for my $case (
    [['--image=no.tar'], qr/cannot open image 'no\.tar': No such file/, 'an image that is not there'],
    [['a.c', 'b.c'], qr/new takes one file, but there is 'b\.c'/, 'two names'],
    [['no/folder.c'], qr{cannot make 'no/folder\.c': No such file}, 'a folder that is not there'],
    [['--imag=x'], qr/did you mean '--image'/, 'a mistyped option'],
) {
    my ($args, $want, $name) = @$case;
    $r = there('new', @$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
}
ok !-e "$dir/a.c" && !-e "$dir/first.c.c", '... nothing is written';
is vmtap_under("ulimit -f 0; cd '$dir' && ", 'new', 'full.c')->{status}, 2, 'no room: exit status 2';
ok !-e "$dir/full.c", '... and no half of it stays';

# ---- doctor ----

# What it says as JSON: the whole, and its checks by name
sub doctor {
    my ($r) = @_;
    my $d = eval { decode_json($r->{out}) };
    ok $d, 'one object of JSON' or diag $r->{out};
    return $d, {map { $_->{name} => $_ } @{$d->{checks}}};
}

$r = vmtap('doctor', '--boot');
like $r->{out}, qr/^ok   boot +a guest was up and gone again in [0-9.]+ s \((tcg|kvm)\)$/m, 'doctor --boot boots a guest';
is $r->{status}, 0, '... exit status 0' or diag $r->{out};
unlike vmtap('doctor')->{out}, qr/boot  /, '... only when it is asked';

$r = vmtap('doctor', '--json');
my ($d, $check) = doctor($r);
is $r->{status}, 0, '... exit status 0';
ok $d->{ok} && $d->{schema} == 1, '... all is well';
is "vmtap $d->{vmtap}\n", vmtap('--version')->{out}, '... the version';
is_deeply [grep { !$check->{$_}{ok} } qw(kernel QEMU accelerator kit cache)], [], '... each check';
is_deeply [map { $_->{name} } @{$d->{checks}}], [vmtap('doctor')->{out} =~ /^(?:ok |BAD)  (\w+)/mg], '... the same as for a person';

my $dead = qemu_wrapper("echo '\"no\\machine' >&2; exit 1");
$r = vmtap("VMTAP_QEMU=$dead", 'VMTAP_CACHE=' . dir() . '/cache', 'doctor', '--json', '--boot');
($d, $check) = doctor($r);
is $r->{status}, 3, 'a QEMU that dies: exit status 3';
ok !$d->{ok} && !$check->{boot}{ok}, '... the whole is not well';
like $check->{boot}{text}, qr/QEMU of 'guest' died/, '... and the boot says why';
$r = vmtap('VMTAP_KIT=/nonexistent', 'doctor', '--boot', '--json');
($d, $check) = doctor($r);
ok !$check->{kit}{ok} && length $check->{kit}{hint}, 'no kit: told, with what helps';
ok !$check->{boot}{ok}, '... and nothing boots';
($d) = doctor(vmtap('VMTAP_SLOW=x', 'doctor', '--json'));
is $d->{checks}[0]{name}, 'environment', 'a variable that makes no sense is a check, too';

done_testing;
