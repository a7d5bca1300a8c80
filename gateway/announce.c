/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announcements of NAT-PMP and PCP; see announce.h. */
#include "gateway/announce.h"

#include "protocols/natpmp.h"
#include "protocols/pcp.h"

#define CLIENT_PORT 5350	/* where clients listen, RFC 6886 section 3.2.1 */
#define COPIES 10
#define FIRST_GAP_MS 250

static struct addr all_hosts(bool is4)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

	return is4 ? addr_from4(0xe0000001) : addr_from6_bytes(all_nodes);
}

/* To every LAN that is there; whom it does not reach will ask. */
static void send_all(const struct announce *a, bool is4, const struct writer *w)
{
	for (size_t i = 0; i < net_lan_count(a->net); i++) {
		struct udp_path path = {
			.door = a->door,
			.ifindex = net_lan(a->net, i)->ifindex,
			.local = is4 ? addr_any4() : addr_any6(),
			.remote = {all_hosts(is4), CLIENT_PORT},
		};

		if (path.ifindex > 0)
			(void)udp_send(&path, w->p, w->len);
	}
}

static void send_natpmp(const struct announce *a)
{
	uint8_t bytes[NATPMP_ANSWER_LEN];
	struct writer w = writer_to(bytes, sizeof(bytes));

	if (addr_is_any(core_wan4(a->core)))
		return;
	natpmp_encode_address(&w, core_wan4(a->core), core_epoch_s(a->core));
	send_all(a, true, &w);
}

static void send_pcp(const struct announce *a)
{
	uint8_t bytes[PCP_HEADER_LEN];
	struct writer w = writer_to(bytes, sizeof(bytes));

	pcp_encode_announce(&w, core_epoch_s(a->core));
	send_all(a, true, &w);
	send_all(a, false, &w);
	pcp_clients_send(a->clients, w.p, w.len);
}

static void send_copy(void *arg)
{
	struct announce *a = arg;

	if (a->natpmp)
		send_natpmp(a);
	if (a->pcp)
		send_pcp(a);
	if (--a->left == 0)
		return;
	loop_timer_set(a->loop, &a->timer, loop_now_ms(a->loop) + a->gap_ms);
	a->gap_ms *= 2;
}

void announce_begin(struct announce *a)
{
	a->timer.fn = send_copy;
	a->timer.arg = a;
	a->left = COPIES;
	a->gap_ms = FIRST_GAP_MS;
	loop_timer_set(a->loop, &a->timer, loop_now_ms(a->loop));
}

void announce_end(struct announce *a)
{
	loop_timer_stop(a->loop, &a->timer);
}
