/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of PCP that were heard last; see pcp_clients.h. */
#include "gateway/pcp_clients.h"

static struct pcp_client *set_of(struct pcp_clients *c, uint32_t id)
{
	return &c->places[id % PCP_CLIENTS_SETS * PCP_CLIENTS_WAYS];
}

/* Its own place, a free one, or that of whom was heard longest ago. */
static struct pcp_client *place_for(struct pcp_clients *c, uint32_t id)
{
	struct pcp_client *set = set_of(c, id), *oldest = set;

	for (struct pcp_client *p = set; p < set + PCP_CLIENTS_WAYS; p++) {
		if (p->id == id)
			return p;
		if (p->used < oldest->used)
			oldest = p;
	}
	return oldest;
}

void pcp_clients_note(struct pcp_clients *c, const struct map_ans *ans,
	const struct udp_path *path, const struct pcp_msg *msg)
{
	struct pcp_client *p = place_for(c, ans->id);

	*p = (struct pcp_client){.id = ans->id, .used = ++c->clock, .path = *path, .msg = *msg};
	p->msg.request = STR_NONE;
	p->msg.map.has_descr = false;
	p->msg.map.has_set = msg->map.has_set && ans->set_size > 1;
	p->msg.map.set_size = ans->set_size;
}

void pcp_clients_forget(struct pcp_clients *c, uint32_t id)
{
	struct pcp_client *p = place_for(c, id);

	if (p->id == id)
		*p = (struct pcp_client){.id = 0};
}

static bool same_way(const struct udp_path *a, const struct udp_path *b)
{
	return a->remote.port == b->remote.port && a->ifindex == b->ifindex &&
	       addr_eq(&a->remote.addr, &b->remote.addr);
}

/* Somebody before it has the same way. */
static bool is_again(const struct pcp_clients *c, const struct pcp_client *p)
{
	for (const struct pcp_client *q = c->places; q < p; q++)
		if (q->stale && same_way(&q->path, &p->path))
			return true;
	return false;
}

void pcp_clients_doubt(struct pcp_clients *c)
{
	for (struct pcp_client *p = c->places; p < c->places + PCP_CLIENTS_MAX; p++)
		p->stale = p->id != 0;
}

void pcp_clients_send(const struct pcp_clients *c, const void *bytes, size_t len)
{
	for (const struct pcp_client *p = c->places; p < c->places + PCP_CLIENTS_MAX; p++)
		if (p->stale && !is_again(c, p))
			(void)udp_send(&p->path, bytes, len);
}
