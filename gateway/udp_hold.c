/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places for held datagrams; see udp_hold.h. */
#include "gateway/udp_hold.h"

#include <stdlib.h>
#include <string.h>

struct place {
	struct udp_hold *hold;
	struct udp_path path;	/* door NULL: this place is free */
	size_t len;
	uint8_t bytes[UDP_PACKET_MAX];
};

struct udp_hold {
	struct udp_admit admit;
	udp_fn *deliver;
	void *arg;
	struct place places[WHOM_HELD_MAX];
};

struct udp_hold *udp_hold_new(const struct udp_admit *admit, udp_fn *deliver, void *arg)
{
	struct udp_hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return NULL;
	hold->admit = *admit;
	hold->deliver = deliver;
	hold->arg = arg;
	return hold;
}

static void on_found(void *arg, bool ok, bool known, const uint8_t mac[6])
{
	struct place *place = arg;
	struct udp_hold *hold = place->hold;
	struct udp_packet packet = {.path = place->path, .bytes = place->bytes, .len = place->len};

	(void)known;
	(void)mac;
	if (ok)
		hold->deliver(hold->arg, &packet);
	place->path.door = NULL;
}

void udp_hold_put(struct udp_hold *hold, const struct udp_packet *packet)
{
	struct place *place = hold->places;

	while (place < hold->places + WHOM_HELD_MAX && place->path.door)
		place++;
	if (place == hold->places + WHOM_HELD_MAX)
		return;
	*place = (struct place){.hold = hold, .path = packet->path, .len = packet->len};
	memcpy(place->bytes, packet->bytes, packet->len);
	if (hold->admit.wait(hold->admit.arg, packet->path.ifindex, &packet->path.remote.addr,
		    on_found, place))
		place->path.door = NULL;
}

void udp_hold_forget(struct udp_hold *hold, const struct udp_door *door)
{
	for (size_t i = 0; hold && i < WHOM_HELD_MAX; i++) {
		struct place *place = &hold->places[i];

		if (place->path.door != door)
			continue;
		hold->admit.forget(hold->admit.arg, place);
		place->path.door = NULL;
	}
}

void udp_hold_free(struct udp_hold *hold)
{
	free(hold);
}
