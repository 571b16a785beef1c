# World.pm - running vmtap where there is next to nothing
#
# A world is a folder that becomes the root of a process: in it are the bundle, and what run() is asked for. Nothing else
# of this machine is there: no shell, no library, no /etc, no /dev/shm, no /dev/kvm, no /dev/urandom.
#
# A mount namespace holds it, so that nothing has to be taken down. It is entered as root, who then becomes nobody, or
# (user => 1) as nobody and a namespace of users, as on a machine where one is not root at all.
package World;
use strict;
use warnings;
use Exporter 'import';
use File::Temp 'tempdir';
use POSIX ();
use Test::More ();
use lib 'tests/world';
use Filter ();

our @EXPORT = qw(bundled cannot memory_limit passes run script skip_or_fail slurp world);

use constant {NOBODY => 65534, PATIENCE_S => 240};
use constant {CLONE_NEWNS => 0x20000, CLONE_NEWUSER => 0x10000000};
use constant {MS_RDONLY => 1, MS_NOSUID => 2, MS_NODEV => 4, MS_NOEXEC => 8, MS_REMOUNT => 32, MS_BIND => 4096,
    MS_REC => 16384, MS_PRIVATE => 1 << 18};

my $count = 0;

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    local $/;
    return scalar(<$f>) // '';
}

# What this machine cannot do is a failure in CI, and elsewhere the reason why the file is skipped.
sub cannot {
    my ($why) = @_;
    Test::More::plan(skip_all => $why) unless ($ENV{CI} // '') eq 'true';
    Test::More::fail($why);
    Test::More::done_testing();
    exit 1;
}

# A run() whose tests have passed, these among them
sub passes {
    my ($r, $name, @want) = @_;
    my @lacking = grep { $r->{out} !~ /^ok \d+ - (?:[^\n]*: )?\Q$_\E$/m } @want;
    Test::More::ok($r->{status} eq '0' && !@lacking, $name)
        or Test::More::diag("status $r->{status}, lacking: @lacking\n$r->{out}$r->{err}");
    return;
}

# In a SKIP block, as cannot()
sub skip_or_fail {
    my ($why, $tests) = @_;
    Test::More::skip($why, $tests) unless ($ENV{CI} // '') eq 'true';
    Test::More::fail($why) for 1 .. $tests;
    last SKIP;
}

# ---- limits of memory ----

my @groups;
END { rmdir for @groups }

# Make a cgroup whose processes may use so many bytes together; return its folder, or nothing where none can be made.
sub memory_limit {
    my ($bytes) = @_;
    for my $try (['memory/', 'memory.limit_in_bytes'], ['', 'memory.max']) {
        my $group = "/sys/fs/cgroup/$try->[0]vmtap-world-$$";
        mkdir $group or next;
        push @groups, $group;
        open my $f, '+<', "$group/$try->[1]" or next;
        return $group if defined syswrite $f, $bytes;
    }
    return;
}

# ---- what is run ----

# Whether it is the bundle: it is where there is one, unless VMTAP_PARTS is set
sub bundle { return $ENV{VMTAP_BUNDLE} // 'build/vmtap-x86_64' }
sub bundled { return -e bundle() && !$ENV{VMTAP_PARTS} }

# The bundle is one file; without it, the program comes with a kit and a QEMU beside it.
# Return: the program's name in the world, variables, and pairs of paths here and names there.
sub parts {
    return ('/vmtap', {}, [bundle(), '/vmtap']) if bundled();
    die "'" . bundle() . "' is missing: make bundle\n" if ($ENV{CI} // '') eq 'true' && !$ENV{VMTAP_PARTS};
    my @parts = (['build/vmtap', '/vmtap'], ['build/kit/', '/kit'], ['build/qemu/', '/qemu']);
    -e $_->[0] or die "'$_->[0]' is missing: make bundle; or make kit qemu\n" for @parts;
    return ('/vmtap', {VMTAP_KIT => '/kit', VMTAP_QEMU => '/qemu/qemu-system-x86_64'}, @parts);
}

# ---- a world ----

# A new one, with a /tmp of its own that anybody may write to, and a /cache. What is in these stays for the next run().
sub world {
    my $root = tempdir('vmtap-world-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $root;
    for my $dir ("$root/tmp", "$root/cache") {
        mkdir $dir;
        chmod 01777, $dir;
    }
    return {root => $root, tmp => "$root/tmp"};
}

# Write a script to a world's /tmp; return its name there.
sub script {
    my ($world, $text) = @_;
    my $name = '/tmp/t' . ++$count . '.c';
    open my $f, '>', "$world->{root}$name" or die "cannot write '$world->{root}$name': $!\n";
    print $f $text;
    close $f;
    return $name;
}

# Make place for what is going to be bound to a name.
sub make_place {
    my ($root, $here, $name) = @_;
    my $dir = $root;
    for my $part (grep { length } split m{/}, -d $here ? "$name/" : $name =~ s{[^/]*$}{}r) {
        $dir .= "/$part";
        mkdir $dir;
    }
    return if -d $here;
    open my $f, '>>', "$root$name" or die "cannot make '$root$name': $!\n";
    close $f;
}

# ---- inside the process that goes there ----

sub must { my ($done, $what) = @_; die "cannot $what: $!\n" unless $done; return }

# syscall() of a call by its name: numbers as numbers, texts as pointers to copies of them
sub call { my ($name, @args) = @_; return syscall(Filter::call_number($name), @args) }

sub mount {
    my ($from, $to, $type, $flags, $data) = @_;
    must(call('mount', $from, $to, $type, $flags, $data) == 0, "mount '$from' on '$to'");
}

sub bind_to { my ($from, $to) = @_; mount($from, $to, '', MS_BIND | MS_REC, '') }

# More flags for what is bound. Those that it has stay, as a namespace of users demands.
sub restrict { my ($path, $flags) = @_; mount('none', $path, '', MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | $flags, '') }

sub write_to {
    my ($path, $text) = @_;
    open my $f, '>', $path or die "cannot open '$path': $!\n";
    must(defined syswrite($f, $text), "write '$path'");
}

sub set_limit {
    my ($resource, $value) = @_;
    must(call('setrlimit', $resource, pack 'QQ', $value, $value) == 0, 'set a limit');
}

sub become_nobody {
    $) = NOBODY . ' ' . NOBODY;
    $( = NOBODY;
    must(POSIX::setuid(NOBODY) && $> == NOBODY, 'become nobody');
    call('prctl', 4, 1, 0, 0, 0); # PR_SET_DUMPABLE, without which /proc/self is root's
}

# A namespace of users, in which this user is itself and may change the root.
sub be_among_users {
    my ($more) = @_;
    my ($uid, $gid) = ($>, $) + 0);
    must(call('unshare', CLONE_NEWUSER | $more) == 0, 'make a namespace of users');
    write_to('/proc/self/setgroups', 'deny');
    write_to('/proc/self/gid_map', "$gid $gid 1");
    write_to('/proc/self/uid_map', "$uid $uid 1");
}

sub furnish {
    my ($world, $how, $bound) = @_;
    mount('none', '/', '', MS_REC | MS_PRIVATE, '');
    bind_to($world->{root}, $world->{root});
    bind_to($_->[0], "$world->{root}$_->[1]") for @$bound;
    mount('tmpfs', "$world->{root}/dev/shm", 'tmpfs', MS_NOSUID | MS_NODEV, "size=$how->{shm},mode=1777") if $how->{shm};
    bind_to($world->{tmp}, $world->{tmp});
    restrict($world->{tmp}, MS_NOEXEC) if $how->{noexec};
    restrict($world->{root}, MS_RDONLY) if $how->{read_only};
}

sub go_there {
    my ($world, $how, $bound) = @_;
    if ($> == 0) {
        must(call('unshare', CLONE_NEWNS) == 0, 'make a namespace of mounts');
        furnish($world, $how, $bound);
        if ($how->{user}) {
            become_nobody();
            be_among_users(0);
        }
    } else {
        be_among_users(CLONE_NEWNS);
        furnish($world, $how, $bound);
    }
    must(chroot($world->{root}) && chdir('/'), 'change the root');
    become_nobody() if $> == 0;
}

sub run_there {
    my ($world, $how, $bound, $command) = @_;
    open my $out, '>', $world->{out} or die "cannot write '$world->{out}': $!\n";
    open my $err, '>', $world->{err} or die "cannot write '$world->{err}': $!\n";
    write_to("$how->{cgroup}/cgroup.procs", $$) if $how->{cgroup};
    go_there($world, $how, $bound);
    must(call('sched_setaffinity', 0, 128, pack 'Q16', 1) >= 0, 'keep to one processor') if $how->{one_cpu};
    must(call('personality', 0x20000) >= 0, 'change the name of the kernel') if $how->{old_name}; # UNAME26
    set_limit(9, $how->{space}) if $how->{space}; # RLIMIT_AS
    %ENV = (VMTAP_ACCEL => 'tcg', %{$how->{env}});
    Filter::load(@{$how->{filter}}) if $how->{filter};
    open STDOUT, '>&', $out;
    open STDERR, '>&', $err;
    close STDIN;
    open STDIN, '<', '/dev/null' if $how->{null} // 1;
    exec {$command->[0]} @$command or die "cannot run '$command->[0]': $!\n";
}

# run() - Run vmtap in a world; {out, err, status}
#
#	how: user: from a namespace of users; proc, null => 0: without these; shm => '64m': a /dev/shm of that size;
#	files => {name => path here}: bound; read_only: all but /tmp; noexec: /tmp; one_cpu; space => bytes of address space; old_name: the kernel calls itself 2.6;
#	cgroup => memory_limit(); filter => rules of Filter.pm; env => variables, of which there are no others
sub run {
    my ($world, $how, @args) = @_;
    my ($program, $env, @bound) = parts();
    push @bound, ['/proc', '/proc'] if $how->{proc} // 1;
    push @bound, ['/dev/null', '/dev/null'] if $how->{null} // 1;
    push @bound, map { [$how->{files}{$_}, $_] } sort keys %{$how->{files} // {}};
    make_place($world->{root}, @$_) for @bound;
    make_place($world->{root}, '/tmp', '/dev/shm') if $how->{shm};
    $how = {%$how, env => {%$env, %{$how->{env} // {}}}};
    @$world{qw(out err)} = map { "$world->{tmp}/$_" } qw(stdout stderr);
    my $pid = fork() // die "cannot fork: $!\n";
    if (!$pid) {
        eval { run_there($world, $how, \@bound, [$program, @args]) };
        print STDERR "world: $@";
        POSIX::_exit(126);
    }
    local $SIG{ALRM} = sub { kill 'KILL', $pid };
    alarm PATIENCE_S;
    waitpid $pid, 0;
    alarm 0;
    my $status = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
    return {out => slurp($world->{out}), err => slurp($world->{err}), status => $status};
}

1;
