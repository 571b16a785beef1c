#!/usr/bin/perl
# kernels.t - a kernel given as the folder where it was built or installed, and modules compressed in any way
use strict;
use warnings;
use lib 'tests/cli';
use File::Basename 'dirname';
use File::Path 'make_path';
use Test::More;
use Vmtap;

my $dir = dir();
my ($from) = glob 'build/kit/lib/modules/*';
plan skip_all => 'build/kit is missing: make kit' if !$from;
my ($release) = $from =~ m{([^/]+)$};
my %needs = map { /^(\S+): *(.*)/ ? ($1 => $2) : () } split /\n/, slurp("$from/modules.dep");

# What the kit guest and a root need, dummy for modprobe, and what these need
my %wanted;
sub want {
    my ($path) = @_;
    want($_) for $wanted{$path}++ ? () : split ' ', $needs{$path};
}
my $names = join '|', qw(virtio_pci virtio_console virtio_net virtio_rng virtio_blk erofs overlay dummy);
want($_) for grep { m{/(?:$names)\.ko$} } keys %needs;
my @modules = sort keys %wanted;

sub copy {
    my ($what, $to) = @_;
    make_path(dirname($to));
    system('cp', '-L', $what, $to) == 0 or die "cannot copy '$what'";
}

# A build: objects all over it, and no index. One without EROFS besides.
sub build {
    my ($name, $but) = @_;
    my @some = grep { !$but || !m{/$but\.ko$} } @modules;
    copy('build/kit/vmlinuz', "$dir/$name/arch/x86/boot/bzImage");
    copy("$from/$_", "$dir/$name/" . s{^kernel/}{}r) for @some;
    copy("$from/modules.builtin", "$dir/$name/modules.builtin");
    file("$name/modules.order", join '', map { s{^kernel/}{}r =~ s/ko$/o/r . "\n" } @some);
    return "$dir/$name";
}
my $build = build('linux');

# As drivers are that were built for a debugger; its sections come first
copy("$from/kernel/drivers/net/dummy.ko", "$build/drivers/net/big.ko");
truncate "$build/drivers/net/big.ko", 70 << 20 or die;
open my $order, '>>', "$build/modules.order" or die;
print $order "drivers/net/big.o\n";
close $order;
my $poor = build('poor', 'erofs');

# An installation, each module compressed in another way; Debian's depmod knows no .gz
my $packed = "$dir/packed";
my @tools = (['.xz', 'xz', '-q', '--check=crc32'], ['.zst', 'zstd', '-q', '--rm'], ['.gz', 'gzip']);
my %packed = map { $modules[$_] => $modules[$_] . $tools[$_ % @tools][0] } 0 .. $#modules;
copy('build/kit/vmlinuz', "$packed/boot/vmlinuz-$release");
for my $k (0 .. $#modules) {
    my $to = "$packed/lib/modules/$release/$modules[$k]";
    copy("$from/$modules[$k]", $to);
    my (undef, @command) = @{$tools[$k % @tools]};
    system(@command, $to) == 0 or die "cannot compress '$to'";
}
copy("$from/modules.builtin", "$packed/lib/modules/$release/modules.builtin");
file("packed/lib/modules/$release/modules.dep", join '', map { join(' ', "$packed{$_}:", map { $packed{$_} } split ' ', $needs{$_}) . "\n" } @modules);

make_path("$dir/root/$_") for qw(bin lib etc);
copy('build/kit/busybox', "$dir/root/bin/busybox");
symlink 'busybox', "$dir/root/bin/$_" for qw(sh modprobe);

my $r = vmtap(script(<<"END"));
vm(built, .image = "$dir/root", .kernel = "$build");
vm(installed, .kernel = "$packed");
test("of a build, with a root that finds its modules") {
	is(built.succeed("busybox uname -r"), "$release");
	built.succeed("modprobe dummy && busybox test -e /sys/module/dummy");
	is(built.succeed("busybox stat -c %s /lib/modules/$release/kernel/drivers/net/big.ko"), "73400320");
}
test("of an installation") {
	installed.succeed("grep -w virtio_net /proc/modules");
}
END
is $r->{status}, 0, 'kernels in folders boot' or diag "$r->{out}$r->{err}";
like $r->{out}, qr/^ok 1 - of a build/m, 'a build, its modules put together';
like $r->{out}, qr/^ok 2 - of an installation/m, 'an installation, modules of .xz, .zst and .gz';

sub refused {
    my ($fields, $want, $name, @env) = @_;
    my $told = vmtap(@env, 'VMTAP_CACHE=' . dir() . '/cache', script(qq{\nvm(m, $fields);\ntest("boots") { m.start(); }\n}));
    like $told->{out}, $want, $name;
    like $told->{out}, qr/t\d+\.c:2: machine 'm': /, '... at its line';
}

make_path("$dir/bin"); # all that the tests need but not these
refused(qq{.kernel = "$dir/root"}, qr/there is no kernel in the folder '.*root'/, 'a folder without a kernel');
refused(qq{.kernel = "$packed"}, qr/and there is no (?:xz|zstd) on this host/, 'modules that nothing here unpacks', "PATH=$dir/bin:/nonexistent",
    'VMTAP_QEMU=/usr/bin/qemu-system-x86_64');
refused(qq{.image = "$dir/root", .kernel = "$poor"}, qr/a guest needs erofs to mount its root.*module 'erofs' is neither built in nor there/s,
    'a module that is missing, and what for');
unlink "$poor/drivers/net/virtio_net.ko";
refused(qq{.kernel = "$poor"}, qr{drivers/net/virtio_net.ko': No such file}, 'a build that is not complete');
file('poor/modules.order', "../../etc/passwd\n");
refused(qq{.kernel = "$poor"}, qr{modules.order names '../../etc/passwd', which is no module}, 'a list that leads out of the tree');
refused(qq{.tpm = 1, .kernel = "} . file('vmlinux', slurp_vmlinux()) . '"', qr/is not a bzImage, and a machine with .tpm needs one/,
    'a vmlinux for a machine with a TPM') if grep { -x "$_/swtpm" } split /:/, $ENV{PATH};
done_testing;

# As little of one as is read before that
sub slurp_vmlinux {
    return "\x7fELF\2\1\1" . "\0" x 9 . "\2\0\x3e\0" . '.' x 44 . "Linux version 6.1.0-x (me\@here)\0";
}
