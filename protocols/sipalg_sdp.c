/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Media of messages; see sipalg_sdp.h. */
#include "protocols/sipalg_sdp.h"

#include "protocols/err.h"
#include "protocols/sdp_find.h"

static bool is_at(const struct sdp_connection *c, const struct addr *addr)
{
	return c && c->is_addr && addr_eq(&c->value, addr);
}

static bool has_ice(const struct sdp *s)
{
	for (uint16_t i = 0; i < s->media_count; i++) {
		if (s->media[i].has_ice)
			return true;
	}
	return false;
}

/* One that needs a public port. */
static bool is_ours(const struct sdp *s, const struct sdp_media *m, const struct addr *lan)
{
	return m->transport == SDP_UDP && m->port_number >= SIPALG_PORT_MIN &&
	       is_at(sdp_connection_of(s, m), lan);
}

static uint32_t ports_of(const struct sdp_media *m)
{
	uint32_t count = m->is_rtp ? m->count * 2u : m->count, room = 65536u - m->port_number;

	return count < room ? count : room;
}

/* RTCP that is said to be at the phone too (RFC 3605). */
static bool has_rtcp(const struct sdp_media *m, const struct addr *lan)
{
	const struct sdp_connection *c = &m->rtcp_connection;

	return m->rtcp_port_number >= SIPALG_PORT_MIN && (c->addr.len == 0 || is_at(c, lan));
}

static bool is_in_run(const struct sdp_media *m, uint16_t port)
{
	return port >= m->port_number && port - m->port_number < (int)ports_of(m);
}

/* The stream that begins at the port, else one whose run has it. */
static const struct sipalg_stream *find(const struct sipalg_streams *list, uint16_t port)
{
	const struct sipalg_stream *hit = NULL;

	for (uint16_t i = 0; i < list->count; i++) {
		const struct sipalg_stream *s = &list->at[i];
		if (port == s->port)
			return s;
		if (port > s->port && port - s->port < s->count)
			hit = s;
	}
	return hit;
}

/* The port outside for one of the phone's; 0: none. */
static uint16_t external_of(const struct sipalg_streams *list, uint16_t port)
{
	const struct sipalg_stream *s = find(list, port);

	return s && s->external ? (uint16_t)(s->external + (port - s->port)) : 0;
}

static int add(struct sipalg_streams *list, uint16_t port, uint32_t count, bool pair)
{
	struct sipalg_stream *s = NULL;

	for (uint16_t i = 0; i < list->count; i++) {
		if (list->at[i].port == port)
			s = &list->at[i];
	}
	if (!s) {
		if (list->count == SIPALG_STREAMS_MAX)
			return ERR_FULL;
		s = &list->at[list->count++];
		*s = (struct sipalg_stream){.port = port};
	}
	if (count > SIPALG_PORTS_MAX)
		return ERR_FULL;
	s->count = count > s->count ? (uint16_t)count : s->count;
	s->pair = s->pair || pair;
	return 0;
}

static int add_media(const struct sdp *s, const struct sdp_media *m, const struct addr *lan,
	struct sipalg_streams *list)
{
	bool apart = has_rtcp(m, lan) && !is_in_run(m, m->rtcp_port_number);
	int err;

	if (!is_ours(s, m, lan))
		return 0;
	err = add(list, m->port_number, ports_of(m), m->is_rtp);
	return !err && apart ? add(list, m->rtcp_port_number, 1, false) : err;
}

static bool are_few(const struct sipalg_streams *list)
{
	unsigned ports = 0;

	for (uint16_t i = 0; i < list->count; i++)
		ports += list->at[i].count;
	return ports <= SIPALG_PORTS_MAX;
}

int sipalg_sdp_streams(const struct sip_message *m, const struct addr *lan,
	struct sipalg_streams *out)
{
	struct sipalg_streams list = {.count = 0};
	struct sip_span at[SDP_FIND_MAX];
	size_t found = sdp_find(m, at, SDP_FIND_MAX);

	for (size_t i = 0; i < found; i++) {
		struct sdp s;
		int err = sdp_decode(m, at[i], &s);

		for (uint16_t k = 0; !err && k < s.media_count && !has_ice(&s); k++)
			err = add_media(&s, &s.media[k], lan, &list);
		if (err)
			return err;
	}
	if (!are_few(&list))
		return ERR_FULL;
	*out = list;
	return 0;
}

static void edit_connection(const struct sdp_connection *c, const struct addr *lan,
	const struct addr *wan, struct sip_edits *edits)
{
	if (is_at(c, lan))
		sip_edit_addr(edits, c->addr, wan);
}

static void edit_media(const struct sdp_media *m, uint16_t port, uint16_t rtcp,
	struct sip_edits *edits)
{
	sip_edit_number(edits, m->port, port);
	if (rtcp)
		sip_edit_number(edits, m->rtcp_port, rtcp);
}

struct place {
	const struct addr *lan, *wan;
	const struct sipalg_streams *streams;
};

static bool is_mapped(const struct sdp *s, const struct sdp_media *m, const struct place *p)
{
	return is_ours(s, m, p->lan) && external_of(p->streams, m->port_number);
}

static void edit_one(const struct sdp *s, const struct place *p, struct sip_edits *edits)
{
	bool any = false;

	for (uint16_t i = 0; i < s->media_count; i++) {
		const struct sdp_media *m = &s->media[i];
		uint16_t rtcp = 0;

		if (!is_mapped(s, m, p))
			continue;
		any = true;
		if (has_rtcp(m, p->lan))
			rtcp = external_of(p->streams, m->rtcp_port_number);
		edit_media(m, external_of(p->streams, m->port_number), rtcp, edits);
		edit_connection(&m->connection, p->lan, p->wan, edits);
		if (rtcp)
			edit_connection(&m->rtcp_connection, p->lan, p->wan, edits);
	}
	if (!any)
		return;
	edit_connection(&s->connection, p->lan, p->wan, edits);
	if (s->origin_is_addr && addr_eq(&s->origin_addr, p->lan))
		sip_edit_addr(edits, s->origin, p->wan);
}

int sipalg_sdp_edit(const struct sip_message *m, const struct addr *lan,
	const struct sipalg_streams *streams, const struct addr *wan, struct sip_edits *edits)
{
	struct place p = {lan, wan, streams};
	struct sip_span at[SDP_FIND_MAX];
	size_t found = sdp_find(m, at, SDP_FIND_MAX);

	for (size_t i = 0; i < found; i++) {
		struct sdp s;
		int err = sdp_decode(m, at[i], &s);

		if (err)
			return err;
		if (!has_ice(&s))
			edit_one(&s, &p, edits);
	}
	return 0;
}

/* A description for a phone, and where its media lead in this LAN. */
struct back {
	const struct sdp *s;
	const struct addr *wan;
	const struct sipalg_places *places;
	struct endpoint lan[SDP_MEDIA_MAX], rtcp[SDP_MEDIA_MAX];	/* port 0: not here */
};

static struct endpoint place_of(const struct back *b, uint32_t port)
{
	struct endpoint e;

	if (port < SIPALG_PORT_MIN || port > UINT16_MAX ||
	    !b->places->find(b->places->arg, (uint16_t)port, &e) ||
	    addr_is4(&e.addr) != addr_is4(b->wan))
		return (struct endpoint){.port = 0};
	return e;
}

/* The first of the ports' place, when the others stand behind it there too. */
static struct endpoint run_of(const struct back *b, const struct sdp_media *m)
{
	struct endpoint first = place_of(b, m->port_number);
	uint32_t count = ports_of(m);
	bool whole = count <= SIPALG_PORTS_MAX;

	for (uint32_t i = 1; whole && first.port && i < count; i++) {
		struct endpoint e = place_of(b, m->port_number + i);
		whole = e.port == first.port + i && addr_eq(&e.addr, &first.addr);
	}
	return whole ? first : (struct endpoint){.port = 0};
}

/* RTCP with an address of its own may be elsewhere and then stays. */
static void look_at(struct back *b, uint16_t i)
{
	const struct sdp_media *m = &b->s->media[i];
	bool apart = m->rtcp_connection.addr.len > 0;
	struct endpoint lan, rtcp = {.port = 0};

	if (!is_ours(b->s, m, b->wan))
		return;
	lan = run_of(b, m);
	if (has_rtcp(m, b->wan))
		rtcp = place_of(b, m->rtcp_port_number);
	if (m->rtcp_port_number && !apart && (!rtcp.port || !addr_eq(&rtcp.addr, &lan.addr)))
		return;
	b->lan[i] = lan;
	b->rtcp[i] = rtcp;
}

/* Who has no c= of its own goes by the session's: all to one phone, or none. */
static struct addr share(struct back *b)
{
	struct addr shared = addr_any6();
	bool split = false;

	for (uint16_t i = 0; i < b->s->media_count; i++) {
		const struct sdp_media *m = &b->s->media[i];
		if (m->connection.addr.len || !m->port_number)
			continue;
		split = split || !b->lan[i].port ||
			(!addr_is_any(&shared) && !addr_eq(&shared, &b->lan[i].addr));
		shared = b->lan[i].addr;
	}
	if (!split)
		return shared;
	for (uint16_t i = 0; i < b->s->media_count; i++) {
		if (!b->s->media[i].connection.addr.len)
			b->lan[i].port = 0;
	}
	return addr_any6();
}

static void edit_back(struct back *b, struct sip_edits *edits)
{
	struct addr shared;

	for (uint16_t i = 0; i < b->s->media_count; i++)
		look_at(b, i);
	shared = share(b);
	for (uint16_t i = 0; i < b->s->media_count; i++) {
		const struct sdp_media *m = &b->s->media[i];
		if (!b->lan[i].port)
			continue;
		edit_media(m, b->lan[i].port, b->rtcp[i].port, edits);
		edit_connection(&m->connection, b->wan, &b->lan[i].addr, edits);
		if (b->rtcp[i].port)
			edit_connection(&m->rtcp_connection, b->wan, &b->rtcp[i].addr, edits);
	}
	if (!addr_is_any(&shared))
		edit_connection(&b->s->connection, b->wan, &shared, edits);
}

void sipalg_sdp_back(const struct sip_message *m, const struct addr *wan,
	const struct sipalg_places *places, struct sip_edits *edits)
{
	struct sip_span at[SDP_FIND_MAX];
	size_t found = addr_is_host(wan) ? sdp_find(m, at, SDP_FIND_MAX) : 0;

	for (size_t i = 0; i < found; i++) {
		struct sdp s;

		if (sdp_decode(m, at[i], &s) == 0 && !has_ice(&s))
			edit_back(&(struct back){.s = &s, .wan = wan, .places = places}, edits);
	}
}

static size_t add_peer(const struct sdp_connection *c, struct addr *out, size_t count, size_t max)
{
	if (!c || !c->is_addr || !addr_is_host(&c->value) || count == max)
		return count;
	for (size_t i = 0; i < count; i++) {
		if (addr_eq(&out[i], &c->value))
			return count;
	}
	out[count] = c->value;
	return count + 1;
}

size_t sipalg_sdp_peers(const struct sip_message *m, struct addr *out, size_t max)
{
	struct sip_span at[SDP_FIND_MAX];
	size_t found = sdp_find(m, at, SDP_FIND_MAX), count = 0;

	for (size_t i = 0; i < found; i++) {
		struct sdp s;

		if (sdp_decode(m, at[i], &s))
			continue;
		for (uint16_t k = 0; k < s.media_count; k++) {
			const struct sdp_media *media = &s.media[k];
			if (!media->port_number)
				continue;
			count = add_peer(sdp_connection_of(&s, media), out, count, max);
			count = add_peer(&media->rtcp_connection, out, count, max);
		}
	}
	return count;
}
