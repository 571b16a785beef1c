#!/usr/bin/perl
# narrow.t - containers and small machines: little memory, one processor, what may not be written, run or called
use strict;
use warnings;
use lib 'tests/world';
use Filter ();
use Test::More;
use World;

my $world = world();
my $name = 'two machines';
my $two = script($world, qq{vm(one);\nvm(two);\ntest("$name") { start_all(); one.succeed("ping -c 1 two"); }\n});
my @run = ('run', $two);
my @boot = ('run', '--cold', script($world, qq{vm(m);\ntest("a machine") { m.succeed("true"); }\n}));

passes(run($world, {read_only => 1}, @run), 'all but /tmp is read-only', $name);
passes(run($world, {one_cpu => 1}, @run), 'one processor', $name);

# Memory
passes(run($world, {shm => '64m'}, @run), '64 MB of /dev/shm', $name);
passes(run($world, {shm => '64m', env => {VMTAP_CACHE => '/dev/shm/cache'}}, 'run', $boot[-1]), '... with the cache in it', 'a machine');
passes(run($world, {space => 1 << 30}, @run), '1 GB of address space for each process (ulimit -v)', $name);
SKIP: {
    my $cgroup = memory_limit(1 << 30) or skip_or_fail('no cgroup can be made here', 2);
    passes(run($world, {cgroup => $cgroup}, @run), '1 GB of memory for all of them (a cgroup)', $name);
    passes(run($world, {cgroup => $cgroup}, @boot), '... booted', 'a machine');
}

# What may be run
my %elsewhere = (VMTAP_CACHE => '/cache/of-nobody');
if (bundled()) { # its QEMU is run from the cache
    my $r = run($world, {noexec => 1}, @run);
    is $r->{status}, 3, 'nothing in /tmp may be run: no machine';
    like $r->{out}, qr{cannot run QEMU from the cache '/tmp/vmtap-\d+': no program may run on its file system.*noexec.*set VMTAP_CACHE}s,
        '... and what is needed is told';
}
passes(run($world, {noexec => 1, env => bundled() ? \%elsewhere : {}}, @boot), 'nothing in /tmp may be run, but where the cache is', 'a machine');

# What may be called
passes(run($world, {filter => [Filter::docker()], env => {VMTAP_CACHE => '/tmp/docker'}}, @boot), "Docker's default profile", 'a machine');
passes(run($world, {filter => [Filter::docker()]}, @run), '... from templates', $name);
my @unknown = qw(clone3 close_range copy_file_range epoll_pwait2 faccessat2 futex_waitv landlock_add_rule
    landlock_create_ruleset landlock_restrict_self memfd_secret openat2 pidfd_open pidfd_send_signal process_mrelease rseq);
passes(run($world, {filter => [Filter::docker(@unknown)]}, @run), '... of a Docker that refuses what it does not know', $name);

done_testing;
