#!/usr/bin/env vmtap
/* monitor.c - QEMU itself: its monitor, QMP and events */
vm(m);

test("the monitor says what it says") {
	like(m.monitor("info status"), "^VM status: running$");
	like(m.monitor("no such thing"), "unknown command: 'no'");
}

test("a QMP command returns JSON, and stops and resumes the machine") {
	like(m.qmp("{\"execute\": \"query-status\"}"), "\"status\": \"running\"");
	is(m.qmp("{\"execute\": \"stop\"}"), "{}");
	like(m.qmp("{\"execute\": \"query-status\"}"), "\"status\": \"paused\"");
	m.qmp("{\"execute\":\n\t\"human-monitor-command\", \"arguments\": {\"command-line\": \"cont\"}}");
	m.succeed("true");
}

test("an event is found once, by name or by what it says, whether it came before or comes later") {
	m.qmp("{\"execute\": \"stop\"}");
	m.qmp("{\"execute\": \"cont\"}");
	like(m.wait_for_qmp_event("STOP"), "\"event\": \"STOP\"");
	m.qmp("{\"execute\": \"system_powerdown\"}");
	m.wait_for_qmp_event("POWERDOWN", "event=POWERDOWN");
	m.wait_for_qmp_event("RESUME");
}

test("QEMU ends when it is told to, as by a power cut") {
	m.monitor("quit");
	m.start();
	m.succeed("true");
}

test("what QEMU does not take is a failure that says why", .xfail = "that is what it shows") {
	m.qmp("{\"execute\": \"no-such-command\"}");
}
