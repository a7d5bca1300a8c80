/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of PCP that were heard last; see pcp_clients.h. */
#include "gateway/pcp_clients.h"

#include <string.h>

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

static bool same_mapping(const struct pcp_map *a, const struct pcp_map *b)
{
	return a->proto == b->proto && a->internal.port == b->internal.port &&
	       addr_eq(&a->internal.addr, &b->internal.addr) &&
	       memcmp(a->nonce, b->nonce, sizeof(a->nonce)) == 0;
}

/* Its own place, or that of whom was heard longest ago. */
void pcp_clients_wait(struct pcp_clients *c, const struct udp_path *path,
	const struct pcp_msg *msg)
{
	struct pcp_client *place = c->waiting;

	for (struct pcp_client *p = c->waiting; p < c->waiting + PCP_CLIENTS_WAITING; p++) {
		if (p->used < place->used)
			place = p;
		if (p->used == 0 || !same_mapping(&p->msg.map, &msg->map))
			continue;
		place = p;
		break;
	}
	*place = (struct pcp_client){.used = ++c->clock, .path = *path, .msg = *msg};
	place->msg.request = STR_NONE;
}

static bool waits_for(const struct pcp_client *p, const struct opening *o, const struct lease *l)
{
	const struct pcp_map *m = &p->msg.map;

	return p->used != 0 && m->proto == o->proto && m->internal.port == o->internal.port &&
	       addr_eq(&m->internal.addr, &o->internal.addr) && l->has_nonce &&
	       memcmp(m->nonce, l->nonce, sizeof(m->nonce)) == 0;
}

struct pcp_client *pcp_clients_granted(struct pcp_clients *c, const struct opening *o)
{
	const struct lease *l = opening_lease(o, MAP_ORIGIN_PCP);

	for (struct pcp_client *p = c->waiting; l && p < c->waiting + PCP_CLIENTS_WAITING; p++) {
		const struct map_ans ans = {.id = o->id, .set_size = 1};
		if (!waits_for(p, o, l))
			continue;
		pcp_clients_note(c, &ans, &p->path, &p->msg);
		p->used = 0;
		return place_for(c, o->id);
	}
	return NULL;
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
