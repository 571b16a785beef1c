/* agent_kmsg.c - what the kernel's messages tell of
 *
 * Reports are worded as the sources of Linux 6.1 have it, and shorter; slub's, the list's and the traps are those of a guest with that.
 */
#include "unit.h"

#include "agent/kmsg.h"
#include "base/mem.h"

TEST(kmsg, each_kind_by_its_words)
{
	CHECK_INT(kmsg_kind("BUG: kernel NULL pointer dereference, address: 0000000000000000"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("kernel BUG at fs/ext4/inode.c:123!"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("Oops: 0002 [#1] PREEMPT SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("general protection fault, probably for non-canonical address 0xdead: 0000 [#1]"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("stack segment: 0001 [#2] SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("divide error: 0000 [#3] PREEMPT SMP NOPTI"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("general protection fault, maybe for address 0x0: 0000 [#4] PREEMPT SMP NOPTI"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("Oops: invalid opcode: 0000 [#1] SMP"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("BUG: scheduling while atomic: sh/71/0x00000002"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("BUG: spinlock recursion on CPU#0, sh/71"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("BUG: KASAN: slab-out-of-bounds in f+0x1/0x2 [m]"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("BUG kmalloc-64 (Tainted: G    B     ): Right Redzone overwritten"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("UBSAN: array-index-out-of-bounds in lib/test_ubsan.c:60:6"), WIRE_HEALTH_OOPS);
	CHECK_INT(kmsg_kind("WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2"), WIRE_HEALTH_WARNING);
	CHECK_INT(kmsg_kind("WARNING: kernel/x.c:1 at f+0x1/0x2, CPU#0: sh/1"), WIRE_HEALTH_WARNING);
	CHECK_INT(kmsg_kind("WARNING: at f+0x1/0x2, CPU#0: sh/1"), WIRE_HEALTH_WARNING);
	CHECK_INT(kmsg_kind("INFO: task cat:123 blocked for more than 120 seconds."), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("INFO: task cat:123 is blocked on a mutex likely owned by task sh:1."), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [sh:71]"), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("NMI watchdog: Watchdog detected hard LOCKUP on cpu 1"), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 2"), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!"), WIRE_HEALTH_HUNG);
	CHECK_INT(kmsg_kind("Out of memory: Killed process 80 (tail) total-vm:66664kB"), WIRE_HEALTH_OOM);
	CHECK_INT(kmsg_kind("Out of memory (oom_kill_allocating_task): Killed process 80 (tail) total-vm:66664kB"), WIRE_HEALTH_OOM);
	CHECK_INT(kmsg_kind("Memory cgroup out of memory: Killed process 80 (tail)"), WIRE_HEALTH_OOM);
	CHECK_INT(kmsg_kind("Out of memory and no killable processes..."), WIRE_HEALTH_OOM);
	CHECK_INT(kmsg_kind("a.out[12]: segfault at 0 ip 000055 sp 00007f error 6 in a.out"), WIRE_HEALTH_COREDUMP);
	CHECK_INT(kmsg_kind("traps: a.out[12] general protection fault ip:55 sp:7f error:0 in a.out"), WIRE_HEALTH_COREDUMP);
}

TEST(kmsg, all_that_lockdep_says)
{
	static const char *const heads[] = {
		"WARNING: possible circular locking dependency detected",
		"WARNING: possible recursive locking detected",
		"WARNING: possible irq lock inversion dependency detected",
		"WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
		"WARNING: SOFTIRQ-READ-safe -> SOFTIRQ-READ-unsafe lock order detected",
		"WARNING: inconsistent lock state",
		"WARNING: suspicious RCU usage",
		"WARNING: bad unlock balance detected!",
		"WARNING: bad contention detected!",
		"WARNING: held lock freed!",
		"WARNING: sh/71 still has locks held!",
		"WARNING: lock held when returning to user space!",
		"WARNING: Nested lock was not taken",
		"WARNING: chain_key collision",
		"INFO: trying to register non-static key.",
		"BUG: MAX_LOCKDEP_ENTRIES too low!",
		"[ BUG: Invalid wait context ]",
		"INFO: possible recursive locking detected",
		"[ INFO: possible circular locking dependency detected ]",
		"[ BUG: bad unlock balance detected! ]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (kmsg_kind(heads[i]) != WIRE_HEALTH_LOCKDEP)
			CHECK_STR(heads[i], "lockdep's");
}

TEST(kmsg, what_all_kernels_say_is_nothing)
{
	CHECK_INT(kmsg_kind(""), 0);
	CHECK_INT(kmsg_kind("Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on"), 0);
	CHECK_INT(kmsg_kind("WARNING: Spectre v2 mitigation leaves CPU vulnerable"), 0);
	CHECK_INT(kmsg_kind("WARNING: BIOS bug: CPU MTRRs don't cover all of memory, losing 12MB of RAM."), 0);
	CHECK_INT(kmsg_kind("WARNING: unknown SP base reg 2 at f+0x1/0x2"), 0);
	CHECK_INT(kmsg_kind("ACPI BIOS Warning (bug): Incorrect checksum in table"), 0);
	CHECK_INT(kmsg_kind("rcu: INFO: rcu_sched self-detected stall on CPU"), 0);
	CHECK_INT(kmsg_kind("INFO: NMI handler (f) took too long to run: 1.234 msecs"), 0);
	CHECK_INT(kmsg_kind("INFO: lockdep is turned off."), 0);
	CHECK_INT(kmsg_kind("traps: PANIC: double fault, error_code: 0x0"), 0);
	CHECK_INT(kmsg_kind("Freeing unused kernel image memory: 2048K"), 0);
	CHECK_INT(kmsg_kind("pci 0000:00:1f.0: 0 [mem 0x0-0xf]"), 0);
	CHECK_INT(kmsg_kind("systemd[1]: BUG: not the kernel's"), 0);
}

/* ---- records ---- */

static struct buf heard;

static void told(void *arg, enum wire_health kind, const char *text)
{
	static const char *const names[] = {WIRE_HEALTH_NAMES};

	(void)arg;
	buf_addf(&heard, "%s{%s}", names[kind], text);
}

/* Return: what is told of records without their heads, each behind its priority; until the next call. */
static const char *reports(const char *const *records, size_t n)
{
	struct kmsg k = {.told = told};

	buf_clear(&heard);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *record = xasprintf("%c,%zu,1234567,-;%s\n SUBSYSTEM=x\n", records[i][0], i, records[i] + 1);

		kmsg_record(&k, record);
	}
	kmsg_flush(&k);
	kmsg_free(&k);
	return buf_str(&heard);
}

#define REPORTS(...) reports((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

TEST(kmsg, lockdep_is_quoted_to_the_end_of_its_stack)
{
	CHECK_STR(REPORTS("6lo: up", "4", "4======================================================",
			  "4WARNING: possible circular locking dependency detected", "46.1.0 #1 Not tainted",
			  "4------------------------------------------------------", "4sh/71 is trying to acquire lock:",
			  "4ffff88 (a){+.+.}-{3:3}, at: f+0x1/0x2", "4\\x0abut task is already holding lock:",
			  "4ffff89 (b){+.+.}-{3:3}, at: g+0x1/0x2", "4\\x0awhich lock already depends on the new lock.\\x0a",
			  "4\\x0athe existing dependency chain (in reverse order) is:", "4\\x0a-> #1 (b){+.+.}-{3:3}:",
			  "4       mutex_lock_nested+0x1b/0x20", "4       CPU0                    CPU1",
			  "4\\x0a *** DEADLOCK ***\\x0a", "41 lock held by sh/71:", "4 #0: ffff89 (b){+.+.}-{3:3}, at: g+0x1/0x2",
			  "4\\x0astack backtrace:", "4CPU: 0 PID: 71 Comm: sh Not tainted 6.1.0 #1", "4Call Trace:", "4 <TASK>",
			  "4 f+0x1/0x2", "4 </TASK>", "6lo: down"),
		  "lockdep{WARNING: possible circular locking dependency detected\n6.1.0 #1 Not tainted\n"
		  "------------------------------------------------------\nsh/71 is trying to acquire lock:\n"
		  "ffff88 (a){+.+.}-{3:3}, at: f+0x1/0x2\nbut task is already holding lock:\nffff89 (b){+.+.}-{3:3}, at: g+0x1/0x2\n"
		  "which lock already depends on the new lock.\nthe existing dependency chain (in reverse order) is:\n"
		  "-> #1 (b){+.+.}-{3:3}:\n       mutex_lock_nested+0x1b/0x20\n       CPU0                    CPU1\n"
		  " *** DEADLOCK ***\n1 lock held by sh/71:\n #0: ffff89 (b){+.+.}-{3:3}, at: g+0x1/0x2\n"
		  "stack backtrace:\nCPU: 0 PID: 71 Comm: sh Not tainted 6.1.0 #1\nCall Trace:\n <TASK>\n f+0x1/0x2\n </TASK>}");
}

TEST(kmsg, a_report_right_behind_another_is_one_of_its_own)
{
	CHECK_STR(REPORTS("3BUG: sleeping function called from invalid context at mm/x.c:1", "3in_atomic(): 1, pid: 71, name: sh",
			  "4================================================",
			  "4WARNING: lock held when returning to user space!", "4sh/71 is leaving the kernel with locks still held!",
			  "1BUG: kernel NULL pointer dereference, address: 0000000000000000", "1#PF: supervisor read access in kernel mode",
			  "4Oops: 0000 [#1] PREEMPT SMP", "4---[ end trace 0000000000000000 ]---", "6lo: up",
			  "3INFO: task cat:72 blocked for more than 1 seconds.", "6 </TASK>", "6lo: down",
			  "3INFO: task cat:73 blocked for more than 1 seconds."),
		  "oops{BUG: sleeping function called from invalid context at mm/x.c:1\nin_atomic(): 1, pid: 71, name: sh}"
		  "lockdep{WARNING: lock held when returning to user space!\nsh/71 is leaving the kernel with locks still held!}"
		  "oops{BUG: kernel NULL pointer dereference, address: 0000000000000000\n#PF: supervisor read access in kernel mode\n"
		  "Oops: 0000 [#1] PREEMPT SMP\n---[ end trace 0000000000000000 ]---}"
		  "hung{INFO: task cat:72 blocked for more than 1 seconds.\n </TASK>}"
		  "hung{INFO: task cat:73 blocked for more than 1 seconds.}");
}

TEST(kmsg, checkers_of_memory_end_with_a_rule)
{
	CHECK_STR(REPORTS("3==================================================================",
			  "3BUG: KFENCE: use-after-free read in f+0x1/0x2 [m]\\x0a", "3Use-after-free read at 0xffff88 (in kfence-#9):",
			  "3==================================================================", "6lo: up",
			  "3=============================================================================",
			  "3BUG kmalloc-64 (Tainted: P      D    OE     ): Right Redzone overwritten",
			  "3-----------------------------------------------------------------------------\\x0a",
			  "30xffff8880058abbc0-0xffff8880058abbc0 @offset=3008. First byte 0x1 instead of 0xcc",
			  "3Object 0xffff8880058abb80 @offset=2944 fp=0x0000000000000000\\x0a",
			  "3Redzone  ffff8880058abbc0: 01 cc cc cc cc cc cc cc                          ........",
			  "3=============================================================================",
			  "3BUG kmalloc-64 (Tainted: P    B D    OE     ): Object already free"),
		  "oops{BUG: KFENCE: use-after-free read in f+0x1/0x2 [m]\nUse-after-free read at 0xffff88 (in kfence-#9):}"
		  "oops{BUG kmalloc-64 (Tainted: P      D    OE     ): Right Redzone overwritten\n"
		  "-----------------------------------------------------------------------------\n"
		  "0xffff8880058abbc0-0xffff8880058abbc0 @offset=3008. First byte 0x1 instead of 0xcc\n"
		  "Object 0xffff8880058abb80 @offset=2944 fp=0x0000000000000000\n"
		  "Redzone  ffff8880058abbc0: 01 cc cc cc cc cc cc cc                          ........}"
		  "oops{BUG kmalloc-64 (Tainted: P    B D    OE     ): Object already free}");
}

TEST(kmsg, what_a_warning_or_a_bug_is_about_stands_in_front_of_it)
{
	CHECK_STR(REPORTS("6lo: up", "4------------[ cut here ]------------", "4list_add corruption. prev is NULL.",
			  "4WARNING: CPU: 0 PID: 71 at lib/list_debug.c:23 f+0x1/0x2", "4---[ end trace 0000000000000000 ]---"),
		  "warning{list_add corruption. prev is NULL.\nWARNING: CPU: 0 PID: 71 at lib/list_debug.c:23 f+0x1/0x2\n"
		  "---[ end trace 0000000000000000 ]---}");
	CHECK_STR(REPORTS("0usercopy: Kernel memory overwrite attempt detected to SLUB object 'x' (offset 0, size 9)!",
			  "4------------[ cut here ]------------", "2kernel BUG at mm/usercopy.c:101!",
			  "4---[ end trace 0000000000000000 ]---"),
		  "oops{usercopy: Kernel memory overwrite attempt detected to SLUB object 'x' (offset 0, size 9)!\n"
		  "kernel BUG at mm/usercopy.c:101!\n---[ end trace 0000000000000000 ]---}");
	CHECK_STR(REPORTS("3list_add corruption. next->prev should be prev (ffffffffc0257010), but was ffffffffc0257000. (next=ffffffffc0257010).",
			  "4------------[ cut here ]------------", "2kernel BUG at lib/list_debug.c:27!",
			  "4invalid opcode: 0000 [#1] PREEMPT SMP NOPTI", "4---[ end trace 0000000000000000 ]---"),
		  "oops{list_add corruption. next->prev should be prev (ffffffffc0257010), but was ffffffffc0257000. (next=ffffffffc0257010).\n"
		  "kernel BUG at lib/list_debug.c:27!\ninvalid opcode: 0000 [#1] PREEMPT SMP NOPTI\n---[ end trace 0000000000000000 ]---}");
	CHECK_STR(REPORTS("3sda: an error of its own", "6lo: up", "4------------[ cut here ]------------",
			  "2kernel BUG at mm/usercopy.c:101!"),
		  "oops{kernel BUG at mm/usercopy.c:101!}");
}

TEST(kmsg, other_facilities_are_passed_over_and_text_is_as_it_was)
{
	struct kmsg k = {.told = told};
	char users[] = "12,5,1,-;BUG: said by a program\n", mine[] = "1,6,1,-;BUG: \\x09 \\xc3\\xa4 \\x5cx41 \\x00 \\xzz\n", bad[] = "no record";

	buf_clear(&heard);
	kmsg_record(&k, users);
	kmsg_record(&k, bad);
	kmsg_record(&k, mine);
	kmsg_flush(&k);
	CHECK_STR(buf_str(&heard), "oops{BUG: \t \xc3\xa4 \\x41 \\x00 \\xzz}");
	kmsg_free(&k);
}

TEST(kmsg, a_report_without_an_end_is_cut)
{
	struct kmsg k = {.told = told};

	buf_clear(&heard);
	for (size_t i = 0; i < 100; i++) {
		cleanup_free char *record = xasprintf("4,%zu,1,-;%s%1000d\n", i, i ? "" : "WARNING: possible recursive locking detected", 0);

		kmsg_record(&k, record);
	}
	CHECK(heard.len > KMSG_REPORT_MAX - 2000 && heard.len < KMSG_REPORT_MAX);
	kmsg_flush(&k);
	kmsg_free(&k);
	buf_free(&heard);
}
