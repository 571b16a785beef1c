#!/usr/bin/perl
# confine.t - what a running QEMU has: descriptors, variables, limits, system calls
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

sub status_of { my ($qemu, $field) = @_; return slurp("/proc/$qemu/status") =~ /^$field:\s*(\S+)/m ? $1 : '' }

# QEMUs that a process of ours has started, directly or not
sub qemus_of {
    my ($pid) = @_;
    my @children = map { m{(\d+)$} && status_of($1, 'PPid') eq $pid ? $1 : () } glob '/proc/[0-9]*';
    return map { slurp("/proc/$_/cmdline") =~ /\0(-nodefaults|-thaw)\0/ ? $_ : qemus_of($_) } @children;
}

# Start a machine and leave it there; return vmtap's process id and its QEMUs, once the machine is up.
sub running {
    my ($fields, @args) = @_;
    my $path = script("net(a);\nnet(b);\nvm(m, .nets = {&a, &b}$fields);\n"
        . qq{test("t") { m.succeed("true"); m.execute("echo it is up >/dev/console; sleep 1000"); }\n});
    my ($pid, $out) = start_vmtap_env(['CI_JOB_TOKEN=secret', 'QEMU_MARK=kept'], '--verbose', @args, $path);
    wait_for(120, sub { slurp("$out.err") =~ /m\|.*it is up/ }) or diag slurp("$out.err"), slurp($out);
    return ($pid, qemus_of($pid));
}

sub end { kill 'TERM', $_[0]; waitpid $_[0], 0 }

sub descriptors { return map { readlink($_) // () } glob "/proc/$_[0]/fd/*" }

my $doctor = vmtap('doctor')->{out};
my $filter = $doctor =~ /^ok   sandbox .*gives up/m;

for my $way ('from a template', '--cold') {
    my ($pid, $qemu, @more) = running('', $way eq '--cold' ? '--cold' : ());
    ok $qemu && !@more, "$way: one QEMU runs";
    is status_of($qemu, 'NoNewPrivs'), 1, '... which cannot gain privileges';
    SKIP: {
        skip 'QEMU or the kernel has no filter for system calls', 1 unless $filter;
        cmp_ok status_of($qemu, 'Seccomp_filters'), '>', status_of($$, 'Seccomp_filters'),
            '... nor make the system calls that it does not need';
    }
    is slurp("/proc/$qemu/environ") =~ /secret/ ? 'has' : 'has not', 'has not', '... has not our secrets';
    like slurp("/proc/$qemu/environ"), qr/(^|\0)QEMU_MARK=kept\0/, '... has what is meant for it';
    like slurp("/proc/$qemu/limits"), qr/^Max core file size\s+0\s+0\s/m, '... dumps no core';
    like slurp("/proc/$qemu/limits"), qr/^Max open files\s+1024\s+1024\s/m, '... opens 1024 files at most';
    my @fds = descriptors($qemu);
    is scalar(grep { m{^/dev/null$} } @fds), 2, '... reads and writes nothing';
    is scalar(grep { /^pipe:/ } @fds), 1, '... tells its errors through a pipe';
    # QMP, agent, console, two networks; one that was thawed can be frozen again
    my $thawed = slurp("/proc/$qemu/cmdline") =~ /\0-thaw\0/ ? 1 : 0;
    is scalar(grep { /^socket:/ } @fds), 5 + $thawed, '... has the sockets of its machine';
    my @files = grep { !m{^(/dev/null|pipe:|socket:|anon_inode:|/dev/kvm$|/dev/urandom$)} } @fds;
    is_deeply [grep { !m{/(ram|state)( \(deleted\))?$} } @files], [], '... and of files those of its memory only';
    end($pid);
}

# What starts programs asks for it
my ($pid, $qemu) = running(', .qemu = {"-sandbox", "off"}', '--cold');
is status_of($qemu, 'Seccomp_filters'), status_of($$, 'Seccomp_filters'), 'a -sandbox of the script takes the place of ours';
end($pid);

# A QEMU without the filter
my $cache = dir() . '/cache';
my $without = script(qq{vm(m);\ntest("t") { m.succeed("true"); }\n});
my $plain = file('plain', <<'EOT');
#!/bin/sh
case "$*" in *-sandbox*) echo "-sandbox support is not enabled in this QEMU binary" >&2; exit 1 ;; esac
exec qemu-system-x86_64 "$@"
EOT
chmod 0755, $plain;
my $r = vmtap("VMTAP_QEMU=$plain", "VMTAP_CACHE=$cache", '--cold', $without);
is $r->{status}, 0, 'a QEMU without -sandbox runs machines all the same';
$r = vmtap("VMTAP_QEMU=$plain", "VMTAP_CACHE=$cache", 'doctor');
like $r->{out}, qr/^ok   sandbox .*may make any system call.*\n.*--enable-seccomp/m, '... and doctor says so';

done_testing;
