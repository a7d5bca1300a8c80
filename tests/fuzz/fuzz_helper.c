/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon gone bad against the helper: a row of messages (two bytes of length in network order,
 * then so many bytes) over a real socket, the firewall in memory behind. Whatever it says, what is
 * in force leads to hosts of the LAN 192.168.1.0/24 only, by ports that are not the router's, and
 * has an end.
 */
#include "gateway/fw_fake.h"
#include "gateway/helper.h"
#include "gateway/helper_wire.h"
#include "protocols/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROUTER 0xc0a80101
#define WAN 0xcb007102

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_wan_if(void *arg, uint32_t ifindex)
{
	(void)arg;
	return ifindex == 2;
}

static bool is_wan4(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_to4(a) == WAN;
}

static bool is_lan_host(void *arg, const struct addr *a)
{
	(void)arg;
	return (addr_to4(a) & 0xffffff00) == 0xc0a80100 && addr_to4(a) != ROUTER;
}

static bool is_lan_prefix(void *arg, const struct prefix *p)
{
	(void)arg;
	return addr_to4(&p->addr) == 0xc0a80100 && p->len == 120;
}

static bool is_own_port(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	(void)proto;
	return port < 1024;
}

static bool is_lan_source(void *arg, int ifindex, const struct addr *a)
{
	return ifindex == 3 && is_lan_host(arg, a);
}

static bool is_door(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	return proto == 17 && port == 5351;
}

static bool is_sip_port(void *arg, uint16_t port)
{
	(void)arg;
	return port == 5060;
}

static void check_target(const uint8_t data[FW_DATA_MAX])
{
	struct reader r = reader_from(data, FW_DATA_MAX);
	uint32_t host = reader_u32(&r);

	assert((host & 0xffffff00) == 0xc0a80100 && host != ROUTER);
}

static void check_in_force(void *arg, const struct fw_dumped *d)
{
	const struct fw_elem *e = &d->elem;
	struct reader key = reader_from(e->key, sizeof(e->key));

	(void)arg;
	assert(e->timeout_ms > 0 && e->timeout_ms <= HELPER_CHECK_TIMEOUT_MAX_MS);
	if (e->set == FW_MAP_DNAT4 || e->set == FW_MAP_DNAT4_HOST)
		check_target(e->data);
	/* Their keys begin with the host whose packets they rewrite. */
	if (e->set == FW_MAP_SNAT4 || e->set == FW_MAP_PEER4)
		check_target(e->key);
	if (e->set == FW_SET_OPEN_TCP4 || e->set == FW_SET_OPEN_UDP4)
		assert(reader_u16(&key) >= 1024);
	/* No IPv6 host is on this LAN. */
	assert(e->set != FW_SET_OPEN6 && e->set != FW_SET_OPEN6_HOST &&
	       e->set != FW_SET_OPEN6_RANGE);
}

/* Whom the kernel drops, and whom it asks. */
static void check_hosts(struct fw *fake)
{
	const struct fw_fake_calls *calls = fw_fake_calls(fake);
	const struct fw_fake_probe *probe = &calls->last_probe;

	assert(fw_fake_count(fake, FW_SET_DOOR) <= 1);
	assert(fw_fake_count(fake, FW_SET_BOUND6) == 0 && fw_fake_count(fake, FW_SET_KNOWN6) == 0);
	assert(fw_fake_count(fake, FW_SET_PHONE6) == 0);
	assert(fw_fake_count(fake, FW_SET_SIP_PORT) <= 1);
	for (uint32_t port = 0; port < 1024; port++) {
		const uint8_t key[FW_KEY_MAX] = {(uint8_t)(port >> 8), (uint8_t)port};
		assert(!fw_fake_find(fake, FW_SET_PLACE_TCP4, key));
	}
	assert(calls->ways == 0 || calls->last_way.port == 5060 ||
	       (calls->last_way.is6 && calls->last_way.proto == 17 &&
		calls->last_way.port >= 1024));
	if (calls->probes == 0)
		return;
	assert(is_lan_source(NULL, probe->ifindex, &probe->addr));
	assert(!probe->has_mac || (probe->mac[0] & 1) == 0);
}

static void ignore_answer(void *arg, int err, const uint32_t *bad, size_t bad_count)
{
	(void)arg;
	(void)err;
	(void)bad;
	(void)bad_count;
}

/* A name of the kernel's choice, gone with the socket. */
static int listen_somewhere(struct sockaddr_un *name, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	*len = sizeof(*name);
	assert(fd >= 0 && bind(fd, (struct sockaddr *)name, sizeof(sa_family_t)) == 0);
	assert(getsockname(fd, (struct sockaddr *)name, len) == 0 && listen(fd, 1) == 0);
	return fd;
}

static void read_answers(int fd)
{
	uint8_t bytes[WIRE_MESSAGE_MAX];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void talk(struct loop *loop, int fd, struct reader r)
{
	const struct wire_head head = {.type = WIRE_HELLO, .count = 1, .size = 24};
	const struct wire_hello hello = {WIRE_VERSION, sizeof(struct fw_elem),
		sizeof(struct fw_dumped)};
	uint8_t greeting[sizeof(head) + sizeof(hello)];

	memcpy(greeting, &head, sizeof(head));
	memcpy(greeting + sizeof(head), &hello, sizeof(hello));
	(void)!send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL);
	while (r.left > 0) {
		struct reader message = reader_sub(&r, reader_u16(&r));

		if (r.bad || send(fd, message.p, message.left, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		/* Accept and greet, the message, a second look. */
		for (int i = 0; i < 3; i++)
			loop_once(loop, 0);
		loop_advance(loop, HELPER_SECOND_LOOK_MS);
		read_answers(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loop *loop = loop_new_virtual(1000);
	struct fw *fake = fw_fake_new(loop);
	struct log log = {.level = LOG_LEVEL_ERROR, .fd = -1};
	struct sockaddr_un name;
	socklen_t len;
	struct helper_config config = {
		.listen_fd = listen_somewhere(&name, &len),
		.peer = geteuid(),
		.backend = fake,
		.facts = {
			.is_wan_if = is_wan_if,
			.is_wan4 = is_wan4,
			.was_wan4 = is_wan4,
			.is_lan_host = is_lan_host,
			.is_lan_prefix = is_lan_prefix,
			.is_lan_source = is_lan_source,
			.is_own_port = is_own_port,
			.is_door = is_door,
			.is_sip_port = is_sip_port,
			.places = true,
			.displaced_min = 61000,
			.displaced_max = 61999,
		},
		.log = &log,
	};
	struct helper *helper = helper_new(loop, &config);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert(helper && connect(fd, (struct sockaddr *)&name, len) == 0);
	talk(loop, fd, reader_from(data, size));
	fw_dump(fake, check_in_force, ignore_answer, NULL);
	check_hosts(fake);
	close(fd);
	helper_free(helper);
	fw_free(fake);
	loop_free(loop);
	close(config.listen_fd);
	return 0;
}
