/* agent_health.c - what the kernel's messages tell of */
#include "unit.h"

#include "agent/health.h"

TEST(health, each_kind_by_its_words)
{
	CHECK_INT(health_kind("BUG: kernel NULL pointer dereference, address: 0000000000000000"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("kernel BUG at fs/ext4/inode.c:123!"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("Oops: 0002 [#1] PREEMPT SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("general protection fault, probably for non-canonical address 0xdead: 0000 [#1]"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("stack segment: 0001 [#2] SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("Oops: invalid opcode: 0000 [#1] SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(health_kind("WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2"), WIRE_HEALTH_WARNING);
	CHECK_INT(health_kind("WARNING: kernel/x.c:1 at f+0x1/0x2, CPU#0: sh/1"), WIRE_HEALTH_WARNING);
	CHECK_INT(health_kind("WARNING: possible circular locking dependency detected"), WIRE_HEALTH_LOCKDEP);
	CHECK_INT(health_kind("INFO: possible recursive locking detected"), WIRE_HEALTH_LOCKDEP);
	CHECK_INT(health_kind("WARNING: suspicious RCU usage"), WIRE_HEALTH_LOCKDEP);
	CHECK_INT(health_kind("INFO: task cat:123 blocked for more than 120 seconds."), WIRE_HEALTH_HUNG);
	CHECK_INT(health_kind("Out of memory: Killed process 80 (tail) total-vm:66664kB"), WIRE_HEALTH_OOM);
	CHECK_INT(health_kind("Memory cgroup out of memory: Killed process 80 (tail)"), WIRE_HEALTH_OOM);
	CHECK_INT(health_kind("a.out[12]: segfault at 0 ip 000055 sp 00007f error 6 in a.out"), WIRE_HEALTH_COREDUMP);
	CHECK_INT(health_kind("traps: a.out[12] general protection fault ip:55 sp:7f error:0 in a.out"), WIRE_HEALTH_COREDUMP);
}

TEST(health, what_all_kernels_say_is_nothing)
{
	CHECK_INT(health_kind(""), 0);
	CHECK_INT(health_kind("Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on"), 0);
	CHECK_INT(health_kind("WARNING: Spectre v2 mitigation leaves CPU vulnerable"), 0);
	CHECK_INT(health_kind("ACPI BIOS Warning (bug): Incorrect checksum in table"), 0);
	CHECK_INT(health_kind("rcu: INFO: rcu_sched self-detected stall on CPU"), 0);
	CHECK_INT(health_kind("Freeing unused kernel image memory: 2048K"), 0);
	CHECK_INT(health_kind("pci 0000:00:1f.0: 0 [mem 0x0-0xf]"), 0);
	CHECK_INT(health_kind("systemd[1]: BUG: not the kernel's"), 0);
}
