# Vmtap.pm - running vmtap from a Perl test and looking at what it did
package Vmtap;
use strict;
use warnings;
use Exporter 'import';
use File::Temp 'tempdir';

our @EXPORT = qw(vmtap vmtap_under script file start_vmtap start_vmtap_env slurp wait_for left_over dir qemu_wrapper
    terminal types shown sees terminal_modes told_of);

my $vmtap = $ENV{VMTAP} // 'build/vmtap'; # another build of it: tests/asan
my $dir = tempdir('vmtap-cli-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $count = 0;

# A folder that goes away at the end
sub dir { return $dir }

sub slurp {
    my ($path) = @_;
    open my $f, '<', $path or return '';
    local $/;
    return scalar(<$f>) // '';
}

# Write a file of these bytes in dir(); return its path
sub file {
    my ($name, $bytes) = @_;
    my $path = "$dir/$name";
    open my $f, '>:raw', $path or die "cannot write '$path': $!";
    print $f $bytes;
    close $f;
    return $path;
}

# Write a script; return its path
sub script {
    my ($text) = @_;
    return file('t' . ++$count . '.c', $text);
}

# Run a command without stdin, for at most a quarter of an hour. Return its stdout, stderr and exit status.
sub run_command {
    my @command = @_;
    my ($out, $err) = ("$dir/out", "$dir/err");
    my $pid = fork() // die "cannot fork: $!";
    if (!$pid) {
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        exec @command or die "cannot run $command[0]: $!";
    }
    local $SIG{ALRM} = sub { kill 'KILL', $pid };
    alarm 900;
    waitpid $pid, 0;
    alarm 0;
    return {out => slurp($out), err => slurp($err), status => $? & 127 ? 'signal ' . ($? & 127) : $? >> 8};
}

# Run vmtap. Leading "NAME=value" arguments are its environment. Return as run_command().
sub vmtap {
    my @args = @_;
    my %env;
    while (@args && $args[0] =~ /^([A-Z_]+)=(.*)$/s) { $env{$1} = $2; shift @args }
    local @ENV{keys %env} = values %env;
    return run_command($vmtap, @args);
}

# Run vmtap from a shell that has done something first: "ulimit -n 64; ". Return as run_command().
sub vmtap_under {
    my ($first, @args) = @_;
    return run_command('sh', '-c', $first . 'exec "$@"', 'sh', $vmtap, @args);
}

# Start vmtap in the background, its stdout in a file. Return its process id and the file.
sub start_vmtap {
    my @args = @_;
    my $out = "$dir/bg" . ++$count;
    my $pid = fork() // die "cannot fork: $!";
    if (!$pid) {
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', $out;
        open STDERR, '>', "$out.err";
        exec $vmtap, @args or die "cannot run $vmtap: $!";
    }
    return ($pid, $out);
}

# The same with an environment, a list of "NAME=value"
sub start_vmtap_env {
    my ($env, @args) = @_;
    my %env = map { split /=/, $_, 2 } @$env;
    local @ENV{keys %env} = values %env;
    return start_vmtap(@args);
}

# What a run has said, but for what it says only where it takes long
sub told_of { return $_[0] =~ s/^# vmtap: (?:still running: |waiting for process ).*\n//mgr }

# Call until it returns something true, at most that many seconds
sub wait_for {
    my ($seconds, $what) = @_;
    for (1 .. $seconds * 50) {
        my $r = $what->();
        return $r if $r;
        select undef, undef, undef, 0.02;
    }
    return;
}

# A command on a terminal of so many columns: script(1) has one. What is shown goes to a file, the keys come from the test.
my ($shown, $keys);

# With $patient what restores the terminal is another process than the command: it may be a moment later.
sub terminal {
    my ($columns, $command, $patient) = @_;
    my $wait = $patient ? "i=0; while [ \$i -lt 500 -a \"\$(stty -g)\" != \"\$(cat $dir/shown.before)\" ]; do i=\$((i + 1)); sleep 0.02; done; " : '';
    $shown = "$dir/shown";
    unlink $shown;
    open $keys, '|-', 'sh', '-c', 'exec timeout -k 5 400 script -qefc "$1" "$2" >/dev/null', 'sh', # what is typed may come too early, and be lost
        "stty rows 31 cols $columns; stty -g >$shown.before; $command; echo left=\$?; ${wait}stty -g >$shown.after", $shown
        or die "cannot run script: $!";
    $keys->autoflush(1);
}

sub types { print $keys @_ }
sub shown { return slurp($shown) }
sub sees { my ($what) = @_; return wait_for(100, sub { shown() =~ $what }) }

# Let it end. Return what the terminal's modes were before the command, and after it.
sub terminal_modes {
    close $keys;
    return slurp("$shown.before"), slurp("$shown.after");
}

# Processes whose command line contains a word
sub left_over {
    my ($word) = @_;
    my @found;
    for my $proc (glob '/proc/[0-9]*') {
        my $line = slurp("$proc/cmdline");
        next if $proc eq "/proc/$$" || $line !~ /\Q$word\E/;
        push @found, $proc =~ s{.*/}{}r . ' ' . $line =~ tr/\0/ /r;
    }
    return @found;
}

# A stand-in for QEMU: shell text that may end with exec "$qemu" "$@"; return its path. Of vmtap's environment it has
# what QEMU gets, so its variables begin with QEMU_. What is asked of QEMU before any machine, the real one answers.
sub qemu_wrapper {
    my ($text) = @_;
    my $path = "$dir/qemu" . ++$count;
    my $real = `sh -c 'command -v qemu-system-x86_64'`;
    chomp $real;
    open my $f, '>', $path or die "cannot write '$path': $!";
    print $f "#!/bin/sh\nqemu=$real\ncase \"\$*\" in *'-cpu help' | *'-thaw check='*) exec \$qemu \"\$@\" ;; esac\n$text\n";
    close $f;
    chmod 0755, $path;
    return $path;
}

1;
