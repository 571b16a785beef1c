#!/usr/bin/perl
# translations.t - translations.c with our QEMU
use strict;
use warnings;

$ENV{VMTAP_QEMU} = $ENV{OWN_QEMU} // 'build/own-qemu/qemu-system-x86_64';
$ENV{VMTAP_SLOW} //= 12;
exec 'build/vmtap', 'run', '--accel=tcg', 'tests/qemu/translations.c';
