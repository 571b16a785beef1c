#!/usr/bin/env vmtap
/* database.c - in the spirit of nixpkgs' postgresql.nix: a server, and two clients at the same time */
vm(db, .image = "../../build/debian12-services.tar", .memory = 512);
vm_array(client, 2, .image = "../../build/debian12-services.tar", .memory = 256);

static char *sql(struct vm *m, const char *statement)
{
	return m->succeed(fmt("psql -h db -U app -Atqc %q app", statement));
}

setup {
	start_all();
	db.succeed("echo \"listen_addresses = '*'\" >>/etc/postgresql/15/main/postgresql.conf; "
		   "echo 'host app app samenet trust' >>/etc/postgresql/15/main/pg_hba.conf");
	db.start_job("postgresql@15-main");
	db.wait_for_open_port(5432);
	db.succeed("runuser -u postgres -- psql -qc 'CREATE ROLE app LOGIN' -c 'CREATE DATABASE app OWNER app'");
	sql(&client[0], "CREATE TABLE account (name text PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0))");
	sql(&client[0], "INSERT INTO account VALUES ('alice', 100), ('bob', 0)");
}

test("what one client writes, the other reads") {
	is(sql(&client[1], "SELECT amount FROM account WHERE name = 'alice'"), "100");
	sql(&client[0], "UPDATE account SET amount = 70 WHERE name = 'alice'");
	is(sql(&client[1], "SELECT amount FROM account WHERE name = 'alice'"), "70");
}

test("a transaction is not seen before its end, and holds up who wants the same row") {
	struct job *first = client[0].spawn("psql -h db -U app -Atq app"), *second;

	job_write(first, "BEGIN;\nUPDATE account SET amount = amount - 30 WHERE name = 'alice';\nSELECT 'held';\n");
	ok(eventually(contains(job_output(first), "held"), 30));
	is(sql(&client[1], "SELECT amount FROM account WHERE name = 'alice'"), "100");
	second = client[1].spawn("psql -h db -U app -Atqc \"UPDATE account SET amount = amount - 50 WHERE name = 'alice'\" app");
	db.wait_until_succeeds("runuser -u postgres -- psql -Atqc \"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'\" | grep 1");
	ok(job_running(second));
	job_write(first, "COMMIT;\n\\q\n");
	is(job_wait(second).status, 0);
	is(sql(&client[0], "SELECT amount FROM account WHERE name = 'alice'"), "20");
}

test("a constraint is kept, whoever breaks it") {
	client[1].fail("psql -h db -U app -qc \"UPDATE account SET amount = -1 WHERE name = 'bob'\" app");
	is(sql(&client[0], "SELECT amount FROM account WHERE name = 'bob'"), "0");
}

test("a server that is killed keeps what was committed") {
	sql(&client[0], "INSERT INTO account VALUES ('carol', 5)");
	db.succeed("pkill -KILL -u postgres; ! pgrep -u postgres || sleep 1");
	db.succeed("systemctl reset-failed; systemctl restart postgresql@15-main");
	db.wait_for_open_port(5432);
	client[1].wait_until_succeeds("psql -h db -U app -Atqc \"SELECT amount FROM account WHERE name = 'carol'\" app | grep -x 5");
}
