/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping updates of PCP; see pcp_update.h. */
#include "gateway/pcp_update.h"

#define COPIES 3
#define FIRST_GAP_MS 250
/* What is said must be true: the firewall gets this long to learn the new address. */
#define REPAIR_MS 100

/* The old address or nothing. */
static bool is_lost(const struct pcp_update *u, const struct pcp_client *p)
{
	const struct pcp_map *m = &p->msg.map;

	return m->prefer_failure && !addr_is_any(&m->suggested.addr) &&
	       !addr_eq(&m->suggested.addr, core_wan4(u->core));
}

static void closed(void *arg, const struct map_ans *ans)
{
	(void)arg;
	(void)ans;
}

/* The client believes what it was told, so there must be nothing. */
static void close_lost(const struct pcp_update *u, const struct pcp_client *p)
{
	struct pcp_msg msg = {.opcode = p->msg.opcode, .map = p->msg.map};
	struct map_req req;

	msg.map.prefer_failure = false;
	pcp_to_req(&msg, &p->path.remote.addr, &req);
	req.ifindex = p->path.ifindex;
	(void)core_request(u->core, &req, closed, NULL);
}

/* All filters of the opening, not only those of the last request. */
static void take_filters(const struct opening *o, struct pcp_map *m)
{
	m->clear_filters = false;
	m->filter_count = o->filters ? o->filters->count : 0;
	for (uint8_t i = 0; i < m->filter_count; i++)
		m->filters[i] = o->filters->at[i];
}

static void send_one(const struct pcp_update *u, struct pcp_client *p, const struct opening *o,
	const struct map_ans *ans)
{
	uint8_t bytes[PCP_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	take_filters(o, &p->msg.map);
	pcp_encode_update(&w, &p->msg, ans, core_epoch_s(u->core));
	(void)udp_send(&p->path, w.p, w.len);
}

/* One copy, if there is something to say by now. */
static void update(const struct pcp_update *u, struct pcp_client *p)
{
	const struct opening *o = core_opening_by_id(u->core, p->id);
	const struct lease *l = o ? opening_lease(o, MAP_ORIGIN_PCP) : NULL;
	struct map_ans ans = {.result = MAP_TAKEN};

	p->updates--;
	if (!l)
		return;
	if (opening_is4(o) && is_lost(u, p)) {
		send_one(u, p, o, &ans);
		if (p->updates == 0)
			close_lost(u, p);
	} else if (core_opening_active(u->core, o)) {
		ans.result = MAP_OK;
		ans.external = o->external;
		if (opening_is4(o))
			ans.external.addr = *core_wan4(u->core);
		ans.lifetime_s = core_lease_left_s(u->core, l);
		send_one(u, p, o, &ans);
	}
}

static void send_copies(void *arg)
{
	struct pcp_update *u = arg;
	struct pcp_client *places = u->clients->places;
	bool more = false;

	for (struct pcp_client *p = places; p < places + PCP_CLIENTS_MAX; p++) {
		if (p->id && p->updates > 0)
			update(u, p);
		more = more || p->updates > 0;
	}
	if (!more)
		return;
	loop_timer_set(u->loop, &u->timer, loop_now_ms(u->loop) + u->gap_ms);
	u->gap_ms *= 2;
}

static void start(struct pcp_update *u)
{
	u->timer.fn = send_copies;
	u->timer.arg = u;
	u->gap_ms = FIRST_GAP_MS;
	loop_timer_set(u->loop, &u->timer, loop_now_ms(u->loop) + REPAIR_MS);
}

/* Of IPv6 nothing has changed. */
static void begin(struct pcp_update *u)
{
	struct pcp_client *places = u->clients->places;

	for (struct pcp_client *p = places; p < places + PCP_CLIENTS_MAX; p++) {
		if (p->id && addr_is4(&p->msg.map.internal.addr))
			p->updates = COPIES;
	}
	start(u);
}

/* One who asks by himself meanwhile is noted anew, and hears nothing more. */
void pcp_update_opened(struct pcp_update *u, struct pcp_client *p)
{
	p->updates = COPIES;
	start(u);
}

void pcp_update_wan(struct pcp_update *u)
{
	const struct addr *now = core_wan4(u->core);
	struct addr before = u->wan4;

	pcp_update_end(u);
	if (addr_is_any(now))
		return;
	u->wan4 = *now;
	if (!addr_is_any(&before) && !addr_eq(&before, now))
		begin(u);
}

void pcp_update_end(struct pcp_update *u)
{
	loop_timer_stop(u->loop, &u->timer);
}
