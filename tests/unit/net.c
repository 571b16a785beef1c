/* net.c - addresses and the switch */
#include "unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "net/address.h"
#include "net/faults.h"
#include "net/switch.h"

/* ---- addresses ---- */

TEST(address, default_networks_count_up)
{
	struct subnet s;
	char text[ADDRESS_TEXT];

	CHECK_INT(address_subnet(NULL, 0, &s, NULL), 0);
	address_ip(&s, 2, 1, text);
	CHECK_STR(text, "192.168.1.2/24");
	CHECK_INT(address_subnet(NULL, 2, &s, NULL), 0);
	address_ip(&s, 1, 0, text);
	CHECK_STR(text, "192.168.3.1");
}

TEST(address, named_subnet_is_taken)
{
	struct subnet s;
	char text[ADDRESS_TEXT];

	CHECK_INT(address_subnet("10.9.0.0/16", 5, &s, NULL), 0);
	address_ip(&s, 3, 1, text);
	CHECK_STR(text, "10.9.0.3/16");
}

TEST(address, bad_subnets_are_refused)
{
	static const char *const bad[] = {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/7",
					  "10.0.0.1/24", "10.0.0/24", "a/24", "10.0.0.0/24x"};
	struct subnet s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(address_subnet(bad[i], 0, &s, NULL), -1);
}

TEST(address, mac_names_network_and_machine)
{
	char text[ADDRESS_TEXT];

	address_mac(0, 2, text);
	CHECK_STR(text, "52:54:00:12:01:02");
}

/* ---- switch ---- */

#define PORTS 3

struct lab {
	struct loop loop;
	struct net_switch *sw;
	int wire[PORTS]; /* the machines' ends */
};

static void lab_open(struct lab *l)
{
	struct err err = {0};

	CHECK_INT(loop_init(&l->loop, &err), 0);
	l->sw = switch_new(&l->loop);
	for (int i = 0; i < PORTS; i++) {
		int ours;

		CHECK_INT(switch_socketpair(&ours, &l->wire[i], &err), 0);
		CHECK_INT(switch_attach(l->sw, ours, i, &err), i);
	}
}

static void lab_close(struct lab *l)
{
	switch_free(l->sw);
	loop_free(&l->loop);
	for (int i = 0; i < PORTS; i++)
		fd_close(&l->wire[i]);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

#define DRAIN 100 /* times that the loop looks for what is ready, after it has run */

static void run_ms(struct lab *l, uint64_t ms)
{
	struct timer t = {.expired = stop, .arg = &l->loop};
	struct err err = {0};

	loop_timer(&l->loop, &t, clock_now() + ms * NS_PER_MS);
	CHECK_INT(loop_run(&l->loop, &err), 0);
	for (int i = 0; i < DRAIN; i++) /* on a busy host the time may be over before anything was looked at */
		CHECK_INT(loop_poll(&l->loop, NULL), 0);
}

/* An Ethernet frame from machine @from to machine @to (0xFF: broadcast), @n bytes. */
static void send_frame(struct lab *l, int from, int to, size_t n)
{
	uint8_t frame[2000] = {0};

	memset(frame, to == 0xFF ? 0xFF : 2, 6);
	memset(frame + 6, 2, 6);
	if (to != 0xFF)
		frame[5] = (uint8_t)to;
	frame[11] = (uint8_t)from;
	CHECK_INT(send(l->wire[from], frame, n, MSG_DONTWAIT), n);
}

/* Take one frame. Return: its size, or -1 when none waits. */
static ssize_t take(struct lab *l, int at)
{
	static uint8_t frame[SWITCH_FRAME_MAX];

	return recv(l->wire[at], frame, sizeof(frame), MSG_DONTWAIT);
}

/* Return: how many frames wait at a machine; they are taken. */
static int received(struct lab *l, int at)
{
	int n = 0;

	while (take(l, at) > 0)
		n++;
	return n;
}

/* Send frames from machine 0 to machine 1 until it is held back, at most @max. Return: how many. */
static int flood(struct lab *l, int max)
{
	static const uint8_t frame[1500] = {2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 0};
	int sent = 0;

	while (sent < max && send(l->wire[0], frame, sizeof(frame), MSG_DONTWAIT) > 0)
		sent++;
	return sent;
}

#define ROUNDS 20000 /* of a millisecond and more: the limit of a test that would never end */

TEST(switch, unknown_destination_is_flooded_and_a_learned_one_is_not)
{
	struct lab l;

	lab_open(&l);
	send_frame(&l, 0, 1, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 1) * 10 + received(&l, 2), 11);
	send_frame(&l, 1, 0, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 0) * 10 + received(&l, 2), 10);
	lab_close(&l);
}

TEST(switch, broadcast_reaches_all_but_its_sender)
{
	struct lab l;

	lab_open(&l);
	send_frame(&l, 2, 0xFF, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 0) + received(&l, 1), 2);
	CHECK_INT(received(&l, 2), 0);
	lab_close(&l);
}

TEST(switch, runts_are_refused_and_their_port_stays)
{
	struct lab l;

	lab_open(&l);
	send_frame(&l, 0, 1, 13);
	send_frame(&l, 0, 1, 0);
	send_frame(&l, 0, 1, 14); /* a header alone is a frame */
	run_ms(&l, 5);
	CHECK_INT(take(&l, 1), 14);
	CHECK_INT(received(&l, 1), 0);
	CHECK_INT(switch_stats(l.sw)->refused, 2);
	lab_close(&l);
}

TEST(switch, giants_are_refused_and_the_largest_frame_is_not)
{
	static const uint8_t frame[SWITCH_FRAME_MAX + 5000] = {2, 2, 2, 2, 2, 1, 2};
	static const size_t sizes[] = {SWITCH_FRAME_MAX + 1, SWITCH_FRAME_MAX + 5000, SWITCH_FRAME_MAX};
	struct lab l;

	lab_open(&l);
	for (size_t i = 0; i < 3; i++) {
		CHECK_INT(send(l.wire[0], frame, sizes[i], MSG_DONTWAIT), sizes[i]);
		run_ms(&l, 5);
	}
	CHECK_INT(take(&l, 1), SWITCH_FRAME_MAX);
	CHECK_INT(received(&l, 1), 0);
	CHECK_INT(switch_stats(l.sw)->refused, 2);
	lab_close(&l);
}

TEST(switch, forged_addresses_fill_the_table_and_no_more)
{
	uint8_t frame[60] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 6};
	struct lab l;

	lab_open(&l);
	for (int i = 0; i < SWITCH_LEARNED_MAX + 100; i++) {
		frame[10] = (uint8_t)(i >> 8);
		frame[11] = (uint8_t)i;
		CHECK_INT(send(l.wire[2], frame, sizeof(frame), MSG_DONTWAIT), sizeof(frame));
		if (i % 64 == 0)
			run_ms(&l, 1);
	}
	run_ms(&l, 5);
	received(&l, 0);
	received(&l, 1);
	send_frame(&l, 0, 1, 60); /* neither is known: to all */
	run_ms(&l, 5);
	CHECK_INT(received(&l, 1), 1);
	switch_detach(l.sw, 2); /* its addresses go with it */
	send_frame(&l, 1, 0, 60);
	send_frame(&l, 0, 1, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 1) * 10 + received(&l, 0), 11);
	CHECK_INT(switch_stats(l.sw)->forwarded, 1);
	lab_close(&l);
}

TEST(switch, a_new_sender_does_not_take_the_place_of_an_unknown_destination)
{
	uint8_t frame[60] = {2, 9, 9, 9, 9, 9, 2}; /* always to the same one, from another one each time */
	struct lab l;

	lab_open(&l);
	for (unsigned i = 0; i < SWITCH_LEARNED_MAX; i++) {
		frame[10] = (uint8_t)(i >> 8);
		frame[11] = (uint8_t)i;
		CHECK_INT(send(l.wire[0], frame, sizeof(frame), MSG_DONTWAIT), sizeof(frame));
		CHECK_INT(loop_poll(&l.loop, NULL), 0);
		CHECK_INT(take(&l, 1), sizeof(frame));
		CHECK_INT(take(&l, 2), sizeof(frame));
	}
	CHECK_INT(switch_stats(l.sw)->flooded, SWITCH_LEARNED_MAX);
	lab_close(&l);
}

TEST(switch, deaf_port_stops_nobody_and_is_served_again_when_it_hears)
{
	int total = 0, got = 0, heard = -1;
	struct lab l;

	lab_open(&l);
	send_frame(&l, 1, 0, 60); /* from now on 0's frames for 1 go to 1 alone */
	run_ms(&l, 5);
	received(&l, 0);
	received(&l, 2);
	for (int round = 0; round < ROUNDS && switch_stats(l.sw)->dropped == 0; round++) {
		total += flood(&l, 100);
		run_ms(&l, 1);
	}
	CHECK(switch_stats(l.sw)->dropped > 0);
	send_frame(&l, 0, 2, 60); /* where 2 is, is not known: to both */
	total++;
	for (int round = 0; round < ROUNDS && heard < 0; round++) {
		run_ms(&l, 1);
		heard = take(&l, 2);
	}
	CHECK_INT(heard, 60);
	CHECK_INT(received(&l, 2), 0);

	for (int round = 0; round < ROUNDS && got + (int)switch_stats(l.sw)->dropped < total; round++) {
		got += received(&l, 1);
		run_ms(&l, 1);
	}
	CHECK_INT(got + (int)switch_stats(l.sw)->dropped, total); /* what was queued has come */
	CHECK(got >= SWITCH_QUEUE_MAX);
	CHECK_INT(flood(&l, 1), 1);
	got = 0;
	for (int round = 0; round < ROUNDS && got == 0; round++) {
		run_ms(&l, 1);
		got = received(&l, 1);
	}
	CHECK_INT(got, 1);
	lab_close(&l);
}

/* What is on its way comes at one moment, and may be more than a queue's limit. */
TEST(switch, deaf_port_with_more_than_its_queue_stops_nobody)
{
	const struct switch_stats *stats;
	int sent = 0, got = 0, heard = -1;
	struct lab l;

	lab_open(&l);
	stats = switch_stats(l.sw);
	send_frame(&l, 1, 0, 60);
	run_ms(&l, 5);
	received(&l, 0);
	switch_faults(l.sw)->delay = 1000 * NS_PER_S;
	for (int round = 0; round < ROUNDS && stats->received <= SWITCH_HELD_MAX; round++) {
		sent += flood(&l, 100);
		CHECK_INT(loop_poll(&l.loop, NULL), 0);
	}
	switch_heal(l.sw); /* all of them at once */
	send_frame(&l, 2, 0, 60);
	for (int round = 0; round < ROUNDS && heard < 0; round++) {
		run_ms(&l, 1);
		heard = (int)take(&l, 0);
	}
	CHECK_INT(heard, 60);
	for (int round = 0; round < ROUNDS && got + (int)stats->dropped < sent; round++) {
		got += received(&l, 1);
		run_ms(&l, 1);
	}
	CHECK(got >= SWITCH_HELD_MAX); /* none of those, but what came when it was known to be deaf */
	CHECK_INT(got + (int)stats->dropped, sent);
	send_frame(&l, 0, 1, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 1), 1);
	lab_close(&l);
}

TEST(switch, a_wire_that_breaks_keeps_its_number)
{
	int fds[2], ours, theirs, broken;
	struct lab l;

	lab_open(&l);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	broken = switch_attach(l.sw, fds[0], 3, NULL);
	send_frame(&l, 0, 0xFF, 60);
	run_ms(&l, 5);
	close(fds[1]); /* with a frame that was not read: our end gets ECONNRESET */
	run_ms(&l, 5);
	CHECK_INT(switch_socketpair(&ours, &theirs, NULL), 0);
	CHECK(switch_attach(l.sw, ours, 4, NULL) != broken);
	switch_detach(l.sw, broken); /* as its machine does when it ends, which costs no other its port */
	send_frame(&l, 0, 0xFF, 60);
	run_ms(&l, 5);
	CHECK(recv(theirs, fds, sizeof(fds), MSG_DONTWAIT) > 0);
	close(theirs);
	lab_close(&l);
}

TEST(switch, deaf_port_can_be_detached)
{
	struct lab l;

	lab_open(&l);
	for (int round = 0; round < ROUNDS && switch_stats(l.sw)->dropped == 0; round++) {
		flood(&l, 100);
		received(&l, 2);
		run_ms(&l, 1);
	}
	switch_detach(l.sw, 1);
	do /* what was sent before, however slow the host is */
		run_ms(&l, 5);
	while (received(&l, 2));
	send_frame(&l, 0, 2, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 2), 1);
	lab_close(&l);
}

TEST(switch, full_port_can_be_detached)
{
	struct lab l;

	lab_open(&l);
	send_frame(&l, 1, 0, 60);
	run_ms(&l, 5);
	while (flood(&l, 100) == 100)
		run_ms(&l, 1);
	switch_detach(l.sw, 1); /* senders are held back for it, and its time runs */
	run_ms(&l, SWITCH_PATIENCE / NS_PER_MS + 5);
	CHECK(received(&l, 2) > 0); /* 1 is not known any longer: to all */
	do
		run_ms(&l, 5);
	while (received(&l, 2));
	send_frame(&l, 0, 2, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 2), 1);
	CHECK_INT(switch_stats(l.sw)->dropped, 0);
	lab_close(&l);
}

TEST(switch, slow_reader_holds_the_sender_back_and_loses_nothing)
{
	int sent = 0, got = 0;
	struct lab l;

	lab_open(&l);
	fd_close(&l.wire[2]); /* two machines are enough */
	run_ms(&l, 1);
	for (int round = 0; round < 1000; round++) { /* longer than a deaf port is waited for */
		sent += flood(&l, 4000 - sent);
		run_ms(&l, 1);
		got += take(&l, 1) > 0;
	}
	CHECK(sent > 1000 && sent < 4000); /* held back */
	for (int round = 0; round < ROUNDS && got < sent; round++) {
		got += received(&l, 1);
		run_ms(&l, 1);
	}
	CHECK_INT(got, sent);
	CHECK_INT(switch_stats(l.sw)->dropped, 0);
	lab_close(&l);
}

TEST(switch, machine_that_left_is_forgotten)
{
	struct lab l;

	lab_open(&l);
	send_frame(&l, 1, 0, 60);
	run_ms(&l, 5);
	received(&l, 0);
	received(&l, 2);
	switch_detach(l.sw, 1);
	send_frame(&l, 0, 1, 60);
	run_ms(&l, 5);
	CHECK_INT(received(&l, 2), 1); /* flooded again */
	lab_close(&l);
}

/* ---- what a test does to a network ---- */

#define FRAMES 1000

/* Return: how many of so many frames between two machines are lost. */
static int count_lost(struct faults *f, int a, int b)
{
	struct faults_link l = {0};
	int lost = 0;

	for (int i = 0; i < FRAMES; i++)
		lost += faults_decide(f, a, b, &l, 100, NS_PER_S).copies == 0;
	return lost;
}

TEST(faults, a_good_network_does_nothing)
{
	struct faults f = {0};
	struct faults_link l = {0};
	struct fate fate = faults_decide(&f, 0, 1, &l, 100, NS_PER_S);

	CHECK(faults_none(&f));
	CHECK_INT(fate.copies, 1);
	CHECK_INT(fate.due, 0);
	CHECK_INT(fate.bit, -1);
}

TEST(faults, probabilities_are_kept_and_a_seed_repeats_them)
{
	struct faults f = {.loss = 0.25}, same = {.loss = 0.25}, other = {.loss = 0.25};
	int lost;

	faults_seed(&f, 7);
	faults_seed(&same, 7);
	faults_seed(&other, 8);
	lost = count_lost(&f, 0, 1);
	CHECK(lost > FRAMES / 5 && lost < FRAMES * 3 / 10);
	CHECK_INT(count_lost(&same, 0, 1), lost);
	CHECK(count_lost(&other, 0, 1) != lost);
	f.loss = 1;
	CHECK_INT(count_lost(&f, 0, 1), FRAMES);
	f.loss = 0;
	CHECK_INT(count_lost(&f, 0, 1), 0);
}

TEST(faults, a_cut_is_of_one_pair_both_ways)
{
	struct faults f = {0};

	CHECK(faults_part(&f, 1, 2));
	CHECK_INT(count_lost(&f, 1, 2) + count_lost(&f, 2, 1), 2 * FRAMES);
	CHECK_INT(count_lost(&f, 1, 3) + count_lost(&f, 3, 2), 0);
	for (int i = 0; i < FAULTS_CUTS_MAX; i++)
		CHECK(faults_part(&f, 2, 1));
	for (int i = 1; i < FAULTS_CUTS_MAX; i++)
		CHECK(faults_part(&f, 5, 10 + i));
	CHECK(!faults_part(&f, 6, 7));
	faults_heal(&f);
	CHECK(faults_none(&f));
}

TEST(faults, jitter_keeps_the_order_and_the_bounds)
{
	struct faults f = {.delay = 20 * NS_PER_MS, .jitter = 10 * NS_PER_MS};
	struct faults_link l = {0};
	uint64_t last = 0;

	for (uint64_t i = 0; i < FRAMES; i++) {
		uint64_t now = NS_PER_S + i * NS_PER_MS, due = faults_decide(&f, 0, 1, &l, 100, now).due;

		CHECK(due >= now + 10 * NS_PER_MS && due <= now + 30 * NS_PER_MS);
		CHECK(due >= last);
		last = due;
	}
}

TEST(faults, a_rate_spaces_frames)
{
	struct faults f = {.rate = 1000000};
	struct faults_link l = {0};

	CHECK_INT(faults_decide(&f, 0, 1, &l, 1000, NS_PER_S).due, NS_PER_S + 8 * NS_PER_MS);
	CHECK_INT(faults_decide(&f, 0, 1, &l, 500, NS_PER_S).due, NS_PER_S + 12 * NS_PER_MS);
	CHECK_INT(faults_decide(&f, 0, 1, &l, 125, 2 * NS_PER_S).due, 2 * NS_PER_S + NS_PER_MS);
}

TEST(faults, a_wrong_bit_is_behind_the_addresses)
{
	struct faults f = {.corrupt = 1};
	struct faults_link l = {0};

	for (int i = 0; i < FRAMES; i++) {
		long bit = faults_decide(&f, 0, 1, &l, 16, NS_PER_S).bit;

		CHECK(bit >= 0 && bit < 16);
	}
	CHECK_INT(faults_decide(&f, 0, 1, &l, 14, NS_PER_S).bit, -1);
}

TEST(switch, a_delayed_frame_comes_later_and_a_lost_one_never)
{
	struct lab l;

	lab_open(&l);
	switch_faults(l.sw)->delay = 40 * NS_PER_MS;
	send_frame(&l, 0, 0xFF, 60);
	CHECK_INT(loop_poll(&l.loop, NULL), 0);
	CHECK_INT(received(&l, 1), 0);
	run_ms(&l, 60);
	CHECK_INT(received(&l, 1), 1);
	switch_faults(l.sw)->loss = 1;
	send_frame(&l, 0, 0xFF, 60);
	run_ms(&l, 60);
	CHECK_INT(received(&l, 1), 0);
	CHECK_INT(switch_stats(l.sw)->lost, PORTS - 1);
	lab_close(&l);
}

TEST(switch, what_is_on_its_way_arrives_when_all_is_healed_or_goes_with_its_port)
{
	struct lab l;

	lab_open(&l);
	switch_faults(l.sw)->delay = 3600 * NS_PER_S;
	switch_faults(l.sw)->duplicate = 1;
	send_frame(&l, 0, 0xFF, 60);
	run_ms(&l, 5);
	switch_detach(l.sw, 2);
	switch_heal(l.sw);
	CHECK_INT(received(&l, 1), 2);
	switch_faults(l.sw)->delay = 3600 * NS_PER_S;
	send_frame(&l, 0, 0xFF, 60);
	run_ms(&l, 5);
	lab_close(&l); /* with a frame on its way */
}

TEST(switch, a_slow_network_holds_its_senders_back_and_loses_nothing)
{
	struct lab l;
	int sent, got = 0;

	lab_open(&l);
	switch_faults(l.sw)->delay = 3600 * NS_PER_S;
	for (sent = 0; sent < 2 * SWITCH_HELD_MAX; sent++) {
		int more = flood(&l, 1);

		if (!more)
			break;
		CHECK_INT(loop_poll(&l.loop, NULL), 0);
	}
	CHECK(sent < 2 * SWITCH_HELD_MAX);
	switch_detach(l.sw, 2);
	switch_heal(l.sw);
	for (int i = 0; i < ROUNDS && got < sent; i++) {
		run_ms(&l, 1);
		got += received(&l, 1);
	}
	CHECK_INT(got, sent);
	lab_close(&l);
}

TEST(switch, a_capture_has_each_frame_once)
{
	struct lab l;
	cleanup_buf struct buf file = {0};
	char path[] = "/tmp/unit-net-XXXXXX";
	int fd = mkstemp(path);

	lab_open(&l);
	CHECK_INT(switch_capture(l.sw, "/no/such/folder/x", NULL), -1);
	CHECK_INT(switch_capture(l.sw, path, NULL), 0);
	send_frame(&l, 0, 0xFF, 60);
	send_frame(&l, 1, 0xFF, 70);
	run_ms(&l, 5);
	CHECK_INT(file_read(path, 1 << 20, &file, NULL), 0);
	CHECK_INT(file.len, 24 + 16 + 60 + 16 + 70);
	CHECK(memcmp(file.data, "\x4d\x3c\xb2\xa1\2\0\4\0", 8) == 0);
	CHECK(memcmp(file.data + 24 + 8, "\74\0\0\0\74\0\0\0", 8) == 0);
	unlink(path);
	close(fd);
	lab_close(&l);
}

TEST(switch, a_capture_waits_for_no_reader)
{
	struct lab l;
	char path[] = "/tmp/unit-net-XXXXXX";

	lab_open(&l);
	CHECK(mkdtemp(path) != NULL);
	CHECK_INT(rmdir(path), 0);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(switch_capture(l.sw, path, NULL), -1);
	unlink(path);
	lab_close(&l);
}
