/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firewall in memory has to behave as the kernel would, or the scenarios prove nothing. */
#include "gateway/fw_fake.h"

#include "protocols/err.h"
#include "protocols/map.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct seen {
	int calls;
	int err;
	size_t bad_count;
	uint32_t bad0;
	int lost, back, foreign;
	size_t dumped;
	uint64_t timeout_ms;
};

static struct loop *loop;
static struct fw *fw;
static struct seen seen;

static void on_done(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	(void)arg;
	seen.calls++;
	seen.err = err;
	seen.bad_count = bad_count;
	seen.bad0 = bad_count ? bad[0] : 0;
}

static void on_event(void *arg, enum fw_event event)
{
	(void)arg;
	seen.lost += event == FW_EVENT_LOST;
	seen.back += event == FW_EVENT_BACK;
	seen.foreign += event == FW_EVENT_FOREIGN;
}

static void on_each(void *arg, const struct fw_dumped *d)
{
	(void)arg;
	seen.dumped++;
	seen.timeout_ms = d->elem.timeout_ms;
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_new_virtual(1000);
	fw = fw_fake_new(loop);
	fw_watch(fw, on_event, NULL);
	memset(&seen, 0, sizeof(seen));
	return loop && fw ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	fw_free(fw);
	loop_free(loop);
	return 0;
}

static struct fw_hole hole(uint16_t external, uint16_t internal, uint64_t timeout_ms)
{
	return (struct fw_hole){
		.proto = MAP_PROTO_UDP,
		.external = {addr_from4(0xcb007102), external},
		.internal = {addr_from4(0xc0a8010a), internal},
		.remote = prefix_any4(),
		.timeout_ms = timeout_ms,
	};
}

static int apply_hole(const struct fw_hole *h, enum fw_elem_op op, bool rebuild)
{
	struct fw_elem elems[FW_HOLE_ELEMS];
	size_t n = fw_hole_elems(h, op, false, elems);

	seen.calls = 0;
	return fw_apply(fw, &(struct fw_batch){rebuild, elems, n}, on_done, NULL);
}

static void test_starts_without_table(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);

	(void)state;
	assert_int_equal(fw_dump(fw, on_each, on_done, NULL), 0);
	assert_int_equal(seen.err, ERR_NOT_FOUND);
	assert_int_equal(apply_hole(&h, FW_ELEM_ADD, false), 0);
	assert_int_equal(seen.err, ERR_NOT_FOUND);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 0);
}

static void on_sender(void *arg, const struct fw_sender *sender)
{
	*(struct fw_sender *)arg = *sender;
}

static void test_senders(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);
	const struct fw_sender sender = {.kind = FW_SENDER_SEEN, .proto = MAP_PROTO_UDP,
		.port = 5350, .ifindex = 3, .mac = {2}, .addr = addr_from4(0xc0a8010a)};
	struct fw_sender told = {.port = 0};

	(void)state;
	fw_fake_note(fw, &sender);
	assert_int_equal(fw_senders(fw, on_sender, on_done, &told), 0);
	assert_int_equal(seen.err, ERR_NOT_FOUND);
	assert_int_equal(told.port, 0);
	apply_hole(&h, FW_ELEM_ADD, true);
	assert_int_equal(fw_senders(fw, on_sender, on_done, &told), 0);
	assert_int_equal(seen.err, 0);
	assert_memory_equal(&told, &sender, sizeof(told));
	told.port = 0;
	fw_fake_forget_senders(fw);
	fw_senders(fw, on_sender, on_done, &told);
	assert_int_equal(told.port, 0);
	fw_fake_go(fw, true);
	assert_int_equal(fw_senders(fw, on_sender, on_done, &told), ERR_GONE);
}

static void test_probe(void **state)
{
	const struct fw_fake_calls *calls = fw_fake_calls(fw);
	const struct addr a = addr_from4(0xc0a8010a);
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};

	(void)state;
	assert_int_equal(fw_probe(fw, 3, &a, mac), 0);
	assert_int_equal(calls->last_probe.ifindex, 3);
	assert_true(calls->last_probe.has_mac && addr_eq(&calls->last_probe.addr, &a));
	assert_memory_equal(calls->last_probe.mac, mac, sizeof(mac));
	assert_int_equal(fw_probe(fw, 3, &a, NULL), 0);
	assert_false(calls->last_probe.has_mac);
	assert_int_equal(calls->probes, 2);
	fw_fake_go(fw, true);
	assert_int_equal(fw_probe(fw, 3, &a, NULL), ERR_GONE);
}

static void test_timeout(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);

	(void)state;
	apply_hole(&h, FW_ELEM_ADD, true);
	assert_int_equal(seen.err, 0);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 1);
	loop_advance(loop, 59000);
	fw_dump(fw, on_each, on_done, NULL);
	assert_int_equal(seen.dumped, 2);
	assert_int_equal(seen.timeout_ms, 1000);
	loop_advance(loop, 1000);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 0);
	seen.dumped = 0;
	fw_dump(fw, on_each, on_done, NULL);
	assert_int_equal(seen.dumped, 0);
	assert_int_equal(seen.err, 0);
}

static void test_renewal_keeps_counter(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);
	const uint8_t key[2] = {4000 >> 8, 4000 & 0xff};
	struct fw_dumped *d;

	(void)state;
	apply_hole(&h, FW_ELEM_ADD, true);
	d = fw_fake_find(fw, FW_SET_OPEN_UDP4, key);
	assert_non_null(d);
	d->packets = 7;
	loop_advance(loop, 50000);
	apply_hole(&h, FW_ELEM_ADD, false);
	loop_advance(loop, 50000);
	d = fw_fake_find(fw, FW_SET_OPEN_UDP4, key);
	assert_non_null(d);
	assert_int_equal(d->packets, 7);
	assert_int_equal(d->elem.timeout_ms, 10000);
}

static void test_other_target_is_refused(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000), other = hole(4000, 81, 60000);
	struct fw_elem elems[2 * FW_HOLE_ELEMS];
	size_t n;

	(void)state;
	apply_hole(&h, FW_ELEM_ADD, true);
	apply_hole(&other, FW_ELEM_ADD, false);
	assert_int_equal(seen.err, ERR_DENIED);
	assert_int_equal(seen.bad_count, 1);
	assert_int_equal(seen.bad0, 0);
	n = fw_hole_elems(&h, FW_ELEM_DEL, false, elems);
	n += fw_hole_elems(&other, FW_ELEM_ADD, false, elems + n);
	fw_apply(fw, &(struct fw_batch){false, elems, n}, on_done, NULL);
	assert_int_equal(seen.err, 0);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 1);
}

static void test_scripted_failure(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);
	const uint32_t bad[] = {1};

	(void)state;
	apply_hole(&h, FW_ELEM_ADD, true);
	apply_hole(&h, FW_ELEM_DEL, false);
	fw_fake_fail(fw, ERR_DENIED, bad, 1);
	apply_hole(&h, FW_ELEM_ADD, false);
	assert_int_equal(seen.err, ERR_DENIED);
	assert_int_equal(seen.bad0, 1);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 0);
	apply_hole(&h, FW_ELEM_ADD, false);
	assert_int_equal(seen.err, 0);
}

static void test_held_answers(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);

	(void)state;
	fw_fake_hold(fw);
	apply_hole(&h, FW_ELEM_ADD, true);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 1);
	fw_fake_release(fw);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.err, 0);
}

static void test_gone(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);

	(void)state;
	fw_fake_hold(fw);
	apply_hole(&h, FW_ELEM_ADD, true);
	fw_fake_go(fw, true);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.err, ERR_GONE);
	assert_int_equal(seen.lost, 1);
	assert_int_equal(apply_hole(&h, FW_ELEM_ADD, false), ERR_GONE);
	assert_int_equal(seen.calls, 0);
	fw_fake_go(fw, false);
	assert_int_equal(seen.back, 1);
	assert_int_equal(apply_hole(&h, FW_ELEM_ADD, false), 0);
}

static void on_way(void *arg, int err, int fd)
{
	*(int *)arg = fd;
	seen.calls++;
	seen.err = err;
}

/* One speaks with it at the loopback, and hears where a datagram was sent to. */
static void test_ways(void **state)
{
	const struct fw_way way = {.proto = MAP_PROTO_UDP, .port = 5060};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	_Alignas(struct cmsghdr) char room[256];
	char text[8];
	struct iovec iov = {text, sizeof(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
		.msg_controllen = sizeof(room)};
	int fd = -1, from = socket(AF_INET, SOCK_DGRAM, 0);
	bool told = false;

	(void)state;
	assert_int_equal(fw_way(fw, &way, on_way, &fd), 0);
	assert_int_equal(seen.err, 0);
	assert_int_equal(fw_fake_calls(fw)->last_way.port, 5060);
	to.sin_port = htons(fw_fake_calls(fw)->last_way_port);
	assert_int_equal(sendto(from, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(recvmsg(fd, &msg, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		told |= c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR &&
			memcmp(CMSG_DATA(c), &to, 8) == 0;
	assert_true(told);
	close(from);
	close(fd);
	fw_fake_refuse_ways(fw, ERR_UNSUPPORTED);
	assert_int_equal(fw_way(fw, &way, on_way, &fd), 0);
	assert_int_equal(seen.err, ERR_UNSUPPORTED);
	assert_int_equal(fd, -1);
	fw_fake_refuse_ways(fw, 0);
	fw_fake_hold(fw);
	assert_int_equal(fw_way(fw, &(struct fw_way){MAP_PROTO_TCP, true, 5060}, on_way, &fd), 0);
	fw_fake_go(fw, true);
	assert_int_equal(seen.err, ERR_GONE);
	assert_int_equal(fd, -1);
	assert_int_equal(fw_way(fw, &way, on_way, &fd), ERR_GONE);
}

static void test_foreign_flush(void **state)
{
	struct fw_hole h = hole(4000, 80, 60000);

	(void)state;
	apply_hole(&h, FW_ELEM_ADD, true);
	fw_fake_flush(fw);
	assert_int_equal(seen.foreign, 1);
	assert_int_equal(fw_fake_count(fw, FW_MAP_DNAT4), 0);
	apply_hole(&h, FW_ELEM_ADD, false);
	assert_int_equal(seen.err, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_starts_without_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_senders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renewal_keeps_counter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_target_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scripted_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_flush, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
