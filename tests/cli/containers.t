#!/usr/bin/perl
# containers.t - containers' images, and other archives, as roots: booted, described, refused
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Container;
use Vmtap;

my $dir = dir();
$ENV{VMTAP_CACHE} = "$dir/store";
my $vmtap = $ENV{VMTAP} // "build/vmtap";
my $kit = $ENV{VMTAP_KIT} // 'build/kit';
my $run = '{"Env":["PATH=/opt/bin:/bin","GREETING=hello world"],"WorkingDir":"/srv/app","User":"app",'
    . '"Entrypoint":["/opt/bin/serve","it\'s"],"Cmd":["80"]}';

# What a shell in an image says
sub said {
    my ($image, $commands) = @_;
    my $in = file('commands', $commands);
    return scalar `$vmtap shell $image <$in 2>$dir/err` . slurp("$dir/err");
}

mkdir "$dir/$_" for qw(low up low/bin low/opt low/opt/bin low/etc low/d up/etc up/d);
system "cp $kit/busybox $dir/low/bin/sh && ln -s sh $dir/low/bin/cat && ln -s sh $dir/low/bin/ls && ln -s sh $dir/low/bin/id";
file('low/opt/bin/serve', "#!/bin/sh\necho serving \$*\n");
chmod 0755, "$dir/low/opt/bin/serve";
file("low/$_", "low\n") for qw(etc/both etc/gone d/low);
file("up/$_", "up\n") for qw(etc/both etc/.wh.gone d/up d/.wh..wh..opq);
my @layers = (layer("$dir/low.tar", "$dir/low"), layer("$dir/up.tar", "$dir/up"));

# One is booted, in the form that needs most to be right; the others have the same root.
my $docker = docker_archive("$dir/app.tar", $run, 'amd64', @layers);
is said($docker, <<'IN'), <<'OUT', 'a docker archive: its layers, its environment, its folder; nothing of it is started';
cat /etc/both /etc/gone 2>/dev/null; ls /d; id -u
pwd; echo "$GREETING, $PATH, $IMAGE_USER"
eval "$IMAGE_COMMAND"
IN
up
up
0
/srv/app
hello world, /opt/bin:/bin, app
serving it's 80
OUT
my $r = vmtap(script(qq{vm(app, .image = "$docker");\ntest("t") {\n\tis(app.succeed("pwd; echo \$GREETING"), "/srv/app\\nhello world");\n}\n}));
is $r->{status}, 0, '... and so has a command of a test' or diag $r->{out};

my $layout = layout("$dir/layout", 'gzip -c', $run, @layers);
system "tar -C $layout -cf $dir/layout.tar . && gzip -kf $dir/layout.tar $docker";
my @forms = ($docker, $layout, "$dir/layout.tar", "$dir/layout.tar.gz", "$docker.gz", "$docker.d");
push @forms, layout("$dir/zlayout", 'zstd -cq', $run, @layers) if `sh -c 'command -v zstd'`;
for my $form (@forms) {
    $r = vmtap('image', 'info', $form);
    is $r->{err}, '', "$form: nothing is wrong";
    like $r->{out}, qr/^content +15 files/m, '... all layers are in it';
    like $r->{out}, qr{^init +none.*^folder +/srv/app\n.*^variable +GREETING=hello world$}ms, '... it is told what commands have';
    like $r->{out}, qr{^command +'/opt/bin/serve' 'it'\\''s' '80'\nuser +app\nkernel +\S+, the kit's$}m, '... what is not started, and the kernel';
}
my @roots = glob "$dir/store/root/*";
is @roots, 3, 'what is not compressed as a whole is known by its configuration: one root for all of those';
change($docker, "$dir/bad1", "echo serving", "echo SERVING");

# What is refused, by which words
for my $case (
    ["$dir/bad1", qr/layer 1 of 2' is damaged: its SHA-256 is [0-9a-f]{64}, not $layers[0]{sum}$/m, 'a layer with another sum'],
    [change($docker, "$dir/bad2", 'GREETING', 'GREETINK'), qr/is damaged: the SHA-256 of '[0-9a-f]{64}.json' is/, 'a configuration'],
    [docker_archive("$dir/arm.tar", $run, 'arm64', @layers), qr{no image for linux/amd64 in it, but for linux/arm64\n.*pull it}, 'another processor'],
) {
    my ($image, $want, $name) = @$case;
    $r = vmtap("VMTAP_CACHE=$dir/other", 'image', 'info', $image);
    like $r->{err}, $want, "$name is told";
    is $r->{status}, 3, '... exit status 3';
}
unlike join(' ', glob "$dir/other/*/*"), qr/archive-/, 'nothing is left of what was refused';

# Other archives: the same root, by cpio and through programs of the host
system "cd $dir/low && find . | cpio --quiet -o -H newc >$dir/root.cpio";
system "gzip -kf $dir/root.cpio && xz -kf $dir/low.tar && zstd -qkf $dir/low.tar";
for my $image (grep {-s} map {"$dir/$_"} qw(root.cpio root.cpio.gz low.tar.xz low.tar.zst)) {
    like vmtap('image', 'info', $image)->{out}, qr/^content +14 files.*^kernel/ms, "$image is a root";
}
$r = vmtap("PATH=/nowhere", "VMTAP_CACHE=$dir/other", 'image', 'info', "$dir/low.tar.xz");
like $r->{err}, qr/is xz-compressed, and there is no xz on this host\n.*install it \(package xz-utils/, 'a missing program is named';
is $r->{status}, 3, '... exit status 3';

is vmtap('image', @$_)->{status}, 2, "image @$_: wrong" for [], ['info'], ['list', $docker], ['info', $docker, $docker];
done_testing;
