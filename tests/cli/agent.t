#!/usr/bin/perl
# agent.t - what the agent says of an image's init and of its units, and a kit guest that is told to reboot
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $r = vmtap(script(qq{vm(m);\ntest("t") {\n\tm.succeed("reboot");\n\tm.execute("sleep 100");\n}\n}));
like $r->{out}, qr/at: "\S+\.c:4"/, 'reboot in the kit guest: the command itself ends well';
like $r->{out}, qr/'m' rebooted/, '... and the machine does reboot';

# An image with a shell and this init.
my $dir = dir();
my $n = 0;

sub image {
    my ($command) = @_;
    my $root = "$dir/root" . ++$n;
    system("mkdir -p $root/bin $root/sbin && cp build/kit/busybox $root/bin && ln -s busybox $root/bin/sh && cd $root/sbin && $command && "
          . "tar -C $root -cf $root.tar .") == 0 or die;
    return "$root.tar";
}

sub boots {
    my ($image, $body, $append) = @_;
    $append = $append ? qq{, .append = "$append"} : '';
    return vmtap('--cold', script(qq{vm(m, .image = "$image"$append);\ntest("t") {\n$body\n}\n}));
}

my $shell = q{m.succeed("/bin/busybox true"); is(m.succeed("/bin/busybox cat /proc/1/comm"), "init");};

$r = boots(image('ln -s ../lib/systemd/systemd init'), $shell);
is $r->{status}, 0, 'image whose init is a dangling link boots';
like $r->{err}, qr{m: cannot run the init '/sbin/init': it is a link to '\.\./lib/systemd/systemd': No such file or directory},
    '... and the link and its target are told';
like $r->{err}, qr{vmtap's own does}, '... and what runs instead';

$r = boots(image('touch init'), $shell);
is $r->{status}, 0, 'image whose init may not be executed boots';
like $r->{err}, qr{m: cannot run the init '/sbin/init': Permission denied}, '... and that is told';

$r = boots(image('printf "#!/bin/nothing\n" >init && chmod +x init'), $shell);
is $r->{status}, 0, 'image whose init has no interpreter boots';
like $r->{err}, qr{m: cannot run the init '/sbin/init': No such file or directory}, '... and that is told';

$r = boots(image('true'), $shell);
is $r->{status}, 0, 'image without an init boots';
unlike $r->{err}, qr/init/, '... which needs no words';

$r = boots(image('true'), $shell, 'vmtap.init=/sbin/mine');
like $r->{out}, qr{cannot run the init '/sbin/mine'}, 'init that was asked for and is not there';
isnt $r->{status}, 0, '... which ends the boot';

# Why a unit is not active.
SKIP: {
    skip 'there is no build/debian12-web.tar (make images)', 7 unless -e 'build/debian12-web.tar';
    $r = vmtap(script(<<'END'));
vm(m, .image = "build/debian12-web.tar");

static void unit(const char *name, const char *text)
{
	m.write_file(fmt("/run/systemd/system/%s.service", name), text);
}

test("t") {
	unit("needs", "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=/bin/sleep 100\n");
	unit("fails", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
	unit("condition", "[Unit]\nConditionPathExists=/nope\n[Service]\nType=oneshot\nExecStart=/bin/true\n");
	unit("assertion", "[Unit]\nAssertPathExists=/nope\n[Service]\nExecStart=/bin/sleep 100\n");
	unit("ended", "[Service]\nExecStart=/bin/true\n");
	unit("never", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.execute("systemctl daemon-reload; for u in needs condition assertion ended; do systemctl start $u; done; systemctl mask --runtime ssh");
	subtest("1") m.wait_for_unit("needs");
	subtest("2") m.wait_for_unit("fails");
	subtest("3") m.wait_for_unit("condition");
	subtest("4") m.wait_for_unit("assertion");
	subtest("5") m.wait_for_unit("ended");
	subtest("6") m.wait_for_unit("never");
	subtest("7") m.wait_for_unit("ssh");
}
END
    like $r->{out}, qr/unit 'needs.service' was not started: it needs 'fails.service', which failed/, 'failed dependency';
    like $r->{out}, qr/unit 'fails.service' failed/, 'failed unit';
    like $r->{out}, qr/unit 'condition.service' was not started: its condition does not hold/, 'unmet condition';
    like $r->{out}, qr/unit 'assertion.service' was not started: its assertion does not hold/, 'failed assertion';
    like $r->{out}, qr/unit 'ended.service' was started, and has ended without a failure/, 'service that ended';
    like $r->{out}, qr/unit 'never.service' is inactive and no job is queued that would start it/, 'unit that nobody started';
    like $r->{out}, qr/unit 'ssh.service' is masked/, 'masked unit';
}

done_testing;
