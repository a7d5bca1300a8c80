/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSDP announcements; see advertise.h. */
#include "gateway/advertise.h"

#include <sodium.h>

#define ALIVE_SETS 3
#define BYEBYE_GAP_MS 100	/* UDA 1.1 section 1.2.2: up to 100 ms at random */
#define ALIVE_GAP_MS 250	/* and as much again at random */
/* Before half of max-age, at random (UDA 1.1 section 1.2.2). */
#define AGAIN_MIN_MS (SSDP_MAX_AGE_S * 1000 / 3)
#define AGAIN_MAX_MS (SSDP_MAX_AGE_S * 1000 / 2)

struct group {
	struct addr addr;
	bool is4;
	bool link_local;	/* our source address, and so LOCATION */
	const char *host;
};

typedef void encode_fn(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str host);

static const struct group groups[ADVERTISE_GROUPS] = {
	{{{[10] = 0xff, 0xff, 239, 255, 255, 250}}, true, false, "239.255.255.250:1900"},
	{{{0xff, 0x02, [15] = 0x0c}}, false, true, "[ff02::c]:1900"},
	{{{0xff, 0x05, [15] = 0x0c}}, false, false, "[ff05::c]:1900"},
};

struct addr advertise_group(size_t i)
{
	return groups[i].addr;
}

static void send_group(const struct advertise *a, int ifindex, const struct group *group,
	enum igd_view view, encode_fn *encode)
{
	struct udp_path path = {a->door, ifindex, .remote = {group->addr, SSDP_PORT}};
	char location[UPNP_SELF_LOCATION_MAX];
	char bytes[SSDP_DATAGRAM_MAX];
	struct ssdp_self self;

	if (!net_addr_of(a->net, ifindex, group->is4, group->link_local, &path.local))
		return;
	upnp_self_at(a->self, view, &path.local, location, &self);
	for (unsigned target = 0; target < SSDP_TARGETS; target++) {
		struct writer w = writer_to(bytes, sizeof(bytes));

		if (!(ssdp_targets(view) >> target & 1))
			continue;
		encode(&w, &self, target, str_from(group->host));
		/* What cannot be sent now is said again. */
		(void)udp_send(&path, w.p, w.len);
	}
}

static void send_set(const struct advertise *a, enum igd_view view, encode_fn *encode)
{
	for (size_t i = 0; i < net_lan_count(a->net); i++) {
		int ifindex = net_lan(a->net, i)->ifindex;

		for (size_t k = 0; ifindex > 0 && k < ADVERTISE_GROUPS; k++)
			send_group(a, ifindex, &groups[k], view, encode);
	}
}

static void send_byebye(const struct advertise *a)
{
	send_set(a, IGD_V2, ssdp_encode_byebye);
	send_set(a, IGD_V1, ssdp_encode_byebye);
}

/* Sends one set; how long until the next. */
static uint32_t send_next(struct advertise *a)
{
	if (a->sent == 0) {
		a->self->bootid = core_next_boot_id(a->core);
		send_byebye(a);
		a->sent = 1;
		return randombytes_uniform(BYEBYE_GAP_MS);
	}
	if (a->sent > ALIVE_SETS)
		udp_rejoin(a->door);	/* switches forget who wants a group, too */
	send_set(a, IGD_V1, ssdp_encode_alive);
	if (a->sent < ALIVE_SETS) {
		a->sent++;
		return ALIVE_GAP_MS + randombytes_uniform(ALIVE_GAP_MS);
	}
	a->sent = ALIVE_SETS + 1;
	return AGAIN_MIN_MS + randombytes_uniform(AGAIN_MAX_MS - AGAIN_MIN_MS);
}

static void on_timer(void *arg)
{
	struct advertise *a = arg;
	uint32_t wait_ms = send_next(a);

	loop_timer_set(a->loop, &a->timer, loop_now_ms(a->loop) + wait_ms);
}

void advertise_begin(struct advertise *a, uint32_t wait_ms)
{
	a->timer.fn = on_timer;
	a->timer.arg = a;
	a->sent = 0;
	loop_timer_set(a->loop, &a->timer, loop_now_ms(a->loop) + wait_ms);
}

void advertise_end(struct advertise *a)
{
	loop_timer_stop(a->loop, &a->timer);
	if (a->sent > 0)
		send_byebye(a);
}
