#!/usr/bin/perl
# kernels.t - kernels of hosts that lack system calls, down to the oldest that src/base/oldest.h names
use strict;
use warnings;
use lib 'tests/world';
use Filter qw(DEADLY ENOSYS EPERM allow flags_newer_than newer_than refuse);
use Test::More;
use World;

my $oldest = slurp('src/base/oldest.h');
my ($version) = $oldest =~ /^#define OLDEST_KERNEL "([\d.]+)"$/m or die 'oldest.h names no kernel';
my @listed = $oldest =~ m{without it\n((?: \*\t.*\n)+)} ? $1 =~ /^ \*\t[\d.]+\t(\w+)/mg : ();
cmp_ok scalar(@listed), '>', 5, 'oldest.h has a table of calls';

my $world = world();
my $name = 'machines talk, are saved and come back';
my $two = script($world, <<"END");
vm(one);
vm(two);
setup { one.succeed("true"); }
test("$name") {
	start_all();
	one.succeed("ping -c 1 two");
	one.save("x");
	one.restore("x");
	one.succeed("true");
}
END
my $one = script($world, qq{vm(one);\ntest("a machine") { one.succeed("true"); }\n});
my %device = ('/dev/urandom' => '/dev/urandom'); # every machine has it, but getrandom() is enough where there is one

sub under { my ($filter, @args) = @_; return run($world, {filter => $filter, files => \%device}, 'run', @args) }

# The table is all that there is: another call of later kernels would end its process here.
passes(under([allow(@listed), newer_than($version, DEADLY)], $two), "what is newer than $version and asked for, oldest.h lists", $name);

# One at a time, and all that a kernel lacks, with nothing kept from before
for my $call (@listed) {
    passes(under([refuse(ENOSYS, $call)], $one), "without $call", 'a machine');
}
sub linux {
    my ($kernel, @how) = @_;
    return {filter => [flags_newer_than($kernel), newer_than($kernel, ENOSYS)], files => \%device, env => {VMTAP_CACHE => "/cache/linux-$kernel"}, @how};
}
for my $kernel ($version, '4.18', '5.3') { # that of CentOS 7, of RHEL 8, and the first with pidfds
    passes(run($world, linux($kernel), 'run', $two), "Linux $kernel", $name);
}
passes(run($world, linux($version, read_only => 1), 'run', $two), "Linux $version with a cache that is read-only", $name);
my $root = script($world, qq{vm(m, .image = "/image.tar");\ntest("a Debian root") { m.succeed("true"); }\n});
passes(run($world, linux($version, files => {%device, '/image.tar' => 'build/debian12-web.tar'}), 'run', $root), '... with an image',
    'a Debian root');
passes(run($world, linux($version), 'doctor'), '... with which doctor is content');
passes(under([newer_than($version, EPERM)], $two), 'all of it refused, as by a container that does not know it', $name);

# Calls of later kernels that a library may come to use
my @later = qw(pidfd_send_signal openat2 statx faccessat2 io_uring_setup landlock_create_ruleset userfaultfd membarrier
    renameat2 execveat preadv2 io_pgetevents epoll_pwait2 futex_waitv process_madvise mlock2);
passes(under([refuse(ENOSYS, @later)], $one), 'without what nothing asks for yet', 'a machine');

# What cannot be done without
my $other = world();
$one = script($other, slurp("$world->{root}$one"));
my $r = run($other, {filter => [newer_than($version, ENOSYS)]}, 'run', $one);
is $r->{status}, 3, "Linux $version without /dev/urandom: no machine";
like $r->{out}, qr{no random bytes here: neither getrandom\(\), which Linux has since 3\.17, nor /dev/urandom}, '... which is told';
$r = run($other, {filter => [refuse(ENOSYS, 'epoll_create1')]}, 'run', $one);
is $r->{status}, 3, 'without epoll: an infrastructure failure';
like "$r->{out}$r->{err}", qr/Function not implemented by this kernel \(Linux [\d.]+.*\).*vmtap needs what Linux \Q$version\E has/,
    '... which says what kernel it takes';
$r = run($other, {old_name => 1}, 'run', $one);
is $r->{status}, 3, 'a kernel that calls itself 2.6: no machine';
like $r->{out}, qr/this is Linux 2\.6\.\d+.*machines need \Q$version\E or newer/, '... which is told';
$r = run($other, {old_name => 1}, 'doctor');
like $r->{out}, qr/^BAD  kernel       this is Linux 2\.6\.\d+.*\n.*newer kernel$/m, '... by doctor, too';
is $r->{status}, 3, '... exit status 3';

done_testing;
