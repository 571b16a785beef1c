#!/usr/bin/perl
# places.t - a frozen machine is thawed wherever a QEMU may run, and is confined as that one would be
use strict;
use warnings;
use lib 'tests/qemu';
use Frozen;
use lib 'tests/world';
use Test::More;
use World qw(memory_limit skip_or_fail);

my $file = "$dir/kit";
my $m = boot('vm(a);');
is freeze($m, $file), 'frozen', 'a machine is frozen';

sub lives {
    my ($name, $copy) = @_;
    is eval { configure($copy, 'x'); run($copy, 'hostname; echo $((6 * 7))') } // $@, "x\n42\n", $name;
    return $copy;
}

# ---- address spaces ----

end(lives('addresses as the kernel likes', thaw($file))) for 1 .. 10;
end(lives('without randomized addresses', thaw_by(['setarch', '-R'], $file)));
end(lives('in the older order of addresses', thaw_by(['setarch', '-L'], $file)));
end(lives('with another size of the stack', thaw_by(['sh', '-c', 'ulimit -s 1048576 && exec "$@"', 'sh'], $file)));

# ---- users and mounts ----

my $copy;

SKIP: {
    $> == 0 or skip 'only root becomes another user, and mounts', 4;
    chmod 0755, $dir;
    $copy = lives('as a user who may nothing', thaw_by(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'], $file));
    like text("/proc/$copy->{pid}/status"), qr/^Uid:\s+65534\s+65534.*^NoNewPrivs:\s+1/ms, '... who it stays';
    end($copy);
    mkdir "$dir/noexec";
    my $mount = "mount -t tmpfs -o noexec none $dir/noexec && cp --sparse=always $file $dir/noexec/ && exec \"\$@\" 9<$dir/noexec/kit";
    $copy = lives('from a file that may not be executed', spawn(['unshare', '-m', 'sh', '-c', $mount, 'sh', $qemu, '-thaw', '9']));
    is freeze($copy, "$dir/again"), 'frozen', '... and frozen again';
    end($copy);
    end(lives('... and thawed', thaw("$dir/again")));
}

# ---- containers, and limits of memory ----

# Perl puts itself under the filter, or into the group, and becomes QEMU.
sub under { my ($how) = @_; return ['perl', '-Itests/world', '-MFilter', '-e', "$how; exec \@ARGV or die", '--'] }

$copy = lives("under Docker's default profile", thaw_by(under('Filter::load(Filter::docker())'), $file));
is freeze($copy, "$dir/docker"), 'frozen', '... and frozen again';
end($copy);
end(lives('... and thawed there', thaw_by(under('Filter::load(Filter::docker())'), "$dir/docker")));
my ($space) = text("/proc/$m->{pid}/status") =~ /^VmSize:\s+(\d+)/m;
$copy = lives('in as much address space as the machine has, and a tenth', thaw_by(['prlimit', '--as=' . int(1024 * 1.1 * $space)], $file));
is freeze($copy, "$dir/again"), 'frozen', '... and frozen there';
end($copy);
refused('less address space than it needs', qr/memory cannot be mapped/, thaw_by(['prlimit', '--as=' . 256 * $space], $file));
SKIP: {
    my $group = memory_limit(64 << 20) or skip_or_fail('no cgroup can be made here', 2);
    $copy = lives('in 64 MB of memory (a cgroup)', thaw_by(under("open my \$f, '>', '$group/cgroup.procs'; syswrite \$f, \$\$; close \$f"), $file));
    like text("/proc/$copy->{pid}/cgroup"), qr/vmtap-world/, '... in which it is';
    end($copy);
}

# ---- the sandbox ----

$copy = lives('a copy of a machine with a sandbox', thaw($file));
for ([$m, 'a QEMU'], [$copy, 'a copy of it']) {
    my ($q, $name) = @$_;
    like text("/proc/$q->{pid}/status"), qr/^Seccomp:\s+2$/m, "$name filters its system calls";
    is scalar(grep { !/^Seccomp:\s+2$/m } map { text("$_/status") } glob "/proc/$q->{pid}/task/*"), 0, '... in every thread';
    qmp($q, 'migrate', {uri => "exec:cat >$dir/ran"});
    my $status = '';
    for (1 .. 1200) { # the process that was to run it is killed, which QEMU notices a moment later
        $status = qmp($q, 'query-migrate')->{status} // '';
        last if $status =~ /failed|completed/;
        select undef, undef, undef, 0.05;
    }
    is $status, 'failed', '... and runs no program';
    is run($q, 'echo on'), "on\n", '... and goes on';
}
ok !-e "$dir/ran", 'no program was there';
done_testing;
