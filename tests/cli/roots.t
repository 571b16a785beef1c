#!/usr/bin/perl
# roots.t - roots as Buildroot and Yocto leave them, with BusyBox's init and an inittab: a tar, an initramfs, a file system, a disk
use strict;
use warnings;
use lib 'tests/cli';
use File::Path 'make_path';
use Test::More;
use Vmtap;

plan skip_all => 'build/kit is missing: make kit' if !-x 'build/kit/busybox';
my $dir = dir();
my $kernel = 'build/kit/vmlinuz';
my $root = "$dir/target";

# Buildroot's skeleton: board-independent inittab, fstab, rcS that runs what is numbered; of services an httpd
make_path(map { "$root/$_" } qw(bin sbin etc/init.d dev proc sys tmp run root var www));
system('cp', 'build/kit/busybox', "$root/bin/busybox") == 0 or die 'cannot copy BusyBox';
symlink 'busybox', "$root/bin/$_" for qw(sh mount mkdir cat ls echo wget httpd grep readlink sleep sync);
symlink '../bin/busybox', "$root/sbin/$_" for qw(init poweroff reboot halt swapoff);
file('target/etc/inittab', <<'END');
::sysinit:/bin/mount -t proc proc /proc
::sysinit:/bin/mount -o remount,rw /
::sysinit:/bin/mkdir -p /dev/pts /dev/shm
::sysinit:/bin/mount -a
::sysinit:/etc/init.d/rcS
::shutdown:/bin/sync
END
file('target/etc/fstab', <<'END');
proc		/proc		proc	defaults	0	0
devpts		/dev/pts	devpts	defaults,gid=5,mode=620,ptmxmode=0666	0	0
tmpfs		/dev/shm	tmpfs	mode=1777	0	0
tmpfs		/tmp		tmpfs	mode=1777	0	0
tmpfs		/run		tmpfs	mode=0755,nosuid,nodev	0	0
sysfs		/sys		sysfs	defaults	0	0
END
file('target/etc/init.d/rcS', "#!/bin/sh\nfor i in /etc/init.d/S??*; do \$i start; done\n");
file('target/etc/init.d/S50httpd', "#!/bin/sh\nhttpd -h /www\n");
file('target/www/index.html', "made by a cross-compiler\n");
file('target/etc/passwd', "root::0:0:root:/root:/bin/sh\n");
file('target/etc/group', "root:x:0:\n");
chmod 0755, map { "$root/etc/init.d/$_" } qw(rcS S50httpd);

sub made { system(@_) == 0 or die "cannot run '@_'" }
made("tar -C $root -cf $dir/rootfs.tar .");
made("mke2fs -q -t ext2 -d $root $dir/rootfs.ext2 16M 2>/dev/null");
# The same behind a table of partitions, as wic writes it
my $wic = file('core-image.wic', "\0" x 446 . "\0\0\0\0\x83\0\0\0" . pack('VV', 2048, 32768) . "\0" x 48 . "\x55\xaa");
truncate $wic, 17 << 20;
made("mke2fs -q -t ext4 -d $root -E offset=1048576 $wic 16M 2>/dev/null");
# An initramfs has an init of its own, which is for a kernel that has nothing mounted
file('target/init', "#!/bin/sh\nmount -t devtmpfs devtmpfs /dev\nexec /sbin/init \"\$@\"\n");
chmod 0755, "$root/init";
made("cd $root && find . | cpio --quiet -o -H newc | gzip -c >$dir/rootfs.cpio.gz");

my %image = (tar => '"rootfs.tar"', cpio => '"rootfs.cpio.gz"', ext2 => qq{"rootfs.ext2", .kernel = "$kernel"}, wic => qq{"core-image.wic", .kernel = "$kernel"});
my $text = join '', map { my $i = $image{$_} =~ s{^"}{"$dir/}r; qq{vm($_, .image = $i, .memory = 192, .ready = "80", .snapshot = 0);\n} } sort keys %image;
$text .= qq{test("$_") {\n\tis($_.succeed("cat /proc/1/comm; readlink /proc/1/exe; wget -qO- http://localhost/"), "init\\n/bin/busybox\\nmade by a cross-compiler");\n}\n}
    for sort keys %image;
$text .= qq{test("its end") {\n\ttar.succeed("echo x >/www/new");\n\ttar.shutdown();\n}\n};
my $r = vmtap('-j', 2, script($text));
is $r->{status}, 0, 'they boot by their own init, and are ready when their server is' or diag "$r->{out}$r->{err}";
like $r->{out}, qr/^ok \d - $_$/m, "... the $_" for sort(keys %image), 'its end';

# NixOS as its tarballs are: no /bin/sh until the init, a script in the store, has made one; programs are nowhere but in the store
my $nix = "$dir/nixos";
my ($box, $system) = map { "/nix/store/$_" } 'a' x 32 . '-busybox-1.36.1', 'b' x 32 . '-nixos-system-nixos-24.05';
make_path(map { "$nix$_" } "$box/bin", "$system/sw/bin", '/sbin', '/proc', '/sys', '/dev', '/run', '/tmp', '/etc', '/root');
made('cp', 'build/kit/busybox', "$nix$box/bin/busybox");
symlink 'busybox', "$nix$box/bin/$_" for qw(sh mkdir ln sleep readlink cat);
symlink "$box/bin/$_", "$nix$system/sw/bin/$_" for qw(sh readlink cat);
file('nixos/sbin/init', "#!$box/bin/sh\n$box/bin/mkdir -p /bin\n$box/bin/ln -s $box/bin/sh /bin/sh\n" .
    "$box/bin/ln -s $system /run/current-system\nwhile :; do $box/bin/sleep 1; done\n");
chmod 0755, "$nix/sbin/init";
$r = vmtap(script(<<"END"));
vm(nixos, .image = "$nix", .ready = "/run/current-system/sw", .snapshot = 0);
test("nixos") { is(nixos.succeed("readlink /run/current-system; cat /proc/1/comm"), "$system\\ninit"); }
END
is $r->{status}, 0, 'a root of /nix/store, whose programs a command finds' or diag "$r->{out}$r->{err}";

# What is said of them
like vmtap('image', 'info', "$dir/rootfs.tar")->{out}, qr{^init +/sbin/init \(BusyBox\)$}m, 'image info knows whose init it is';
# ... by what the agent asks, too, which waits for a run level where there is one
my $other = "$dir/other";
make_path(map { "$other/$_" } qw(sbin usr/sbin etc/init.d));
file('other/sbin/init', "an init\n");
for (['etc/inittab', '', 'an inittab alone is not of SysV'], ['etc/init.d/rc', ' (SysV)', 'with the script of its levels it is'],
    ['usr/sbin/openrc', ' (OpenRC)', 'OpenRC in /usr'], ['sbin/init', ' (systemd)', 'a script that becomes systemd']) {
    my ($path, $whose, $name) = @$_;
    file("other/$path", "#!/bin/sh\nexec systemd\n");
    chmod 0755, "$other/sbin/init";
    like vmtap('image', 'info', $other)->{out}, qr{^init +/sbin/init\Q$whose\E$}m, "... $name";
}
my $info = vmtap('image', 'info', "$dir/rootfs.cpio.gz")->{out};
like $info, qr/^format +a compressed archive$/m, '... the format';
like $info, qr/^loads +(?:\w.*\bvirtio_pci\b.*\berofs\b|none)/m, '... the modules that are loaded for it';
like vmtap('image', 'info', "$dir/rootfs.ext2")->{out}, qr/^content +ext4\nboots by +a kernel that is given as \.kernel$/m, '... of a file system, what boots it';
$r = vmtap(script(qq{vm(m, .image = "$dir/rootfs.ext2");\ntest("boots") { m.start(); }\n}));
like $r->{out}, qr/is a file system \(ext4\) without a boot loader.*give the kernel that goes with it as \.kernel/s, '... which a run without one says, too';
is $r->{status}, 3, '... exit status 3';

done_testing;
