/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading of session descriptions; see sdp.h. */
#include "protocols/sdp.h"

#include "protocols/err.h"

enum direction { DIRECTION_UNSAID = 0, DIRECTION_HELD, DIRECTION_OPEN };

/* What is known of a media section until all is read. */
struct section {
	enum direction direction;
	bool ice;
	struct sip_span mid;		/* of a media */
};

struct reading {
	struct str bytes;
	struct sdp *s;
	struct sdp_media *media;	/* NULL: the session's section */
	struct section session, sections[SDP_MEDIA_MAX];
	struct sip_span bundles[SDP_BUNDLES_MAX];
	uint8_t bundle_count;
	bool versioned;
};

static struct sip_span next_word(struct sip_lex *l)
{
	uint32_t from;

	while (sip_lex_take(l, ' '))
		;
	from = l->at;
	while (l->at < l->end && l->bytes.p[l->at] != ' ')
		l->at++;
	return sip_lex_since(l, from);
}

static struct str next_text(struct sip_lex *l)
{
	return sip_lex_text(l->bytes, next_word(l));
}

/* A literal of the type that was named; an IPv4-mapped one is of neither. */
static bool decode_literal(struct str type, struct str text, struct addr *out)
{
	bool six = str_find(text, 0, ':') < text.len;
	struct addr a;

	if (addr_decode(text, &a) || addr_is4(&a) == six)
		return false;
	*out = a;
	return str_eq(type, six ? STR("IP6") : STR("IP4"));
}

/* <nettype> <addrtype> <address>[/<ttl>[/<count>]] (RFC 8866 5.7) */
static int decode_connection(struct sip_lex *l, struct sdp_connection *out)
{
	struct sdp_connection c = {.is_addr = false};
	struct str net = next_text(l), type = next_text(l), text;
	struct sip_span word = next_word(l);
	size_t slash;

	if (word.len == 0 || next_word(l).len > 0)
		return ERR_SYNTAX;
	text = sip_lex_text(l->bytes, word);
	slash = str_find(text, 0, '/');
	c.addr = (struct sip_span){word.at, (uint32_t)slash};
	c.multicast = slash < text.len;
	if (str_eq(net, STR("IN")) && decode_literal(type, str_sub(text, 0, slash), &c.value)) {
		c.multicast = c.multicast || addr_is_multicast(&c.value);
		c.is_addr = !c.multicast;
	}
	*out = c;
	return 0;
}

/* One for the session; a media may have several, which stand for layers of multicast. */
static int read_connection(struct reading *r, struct sip_lex *l)
{
	struct sdp_connection *c = r->media ? &r->media->connection : &r->s->connection;
	struct sdp_connection layer;
	int err;

	if (c->addr.len == 0)
		return decode_connection(l, c);
	if (!r->media)
		return ERR_SYNTAX;
	err = decode_connection(l, &layer);
	c->multicast = true;
	c->is_addr = false;
	return err;
}

/* <username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>; names with blanks are
 * met, so the last three count. */
static int read_origin(struct reading *r, struct sip_lex *l)
{
	struct sip_span last[3] = {{0, 0}, {0, 0}, {0, 0}}, word;
	unsigned count = 0;

	while ((word = next_word(l)).len > 0) {
		last[0] = last[1];
		last[1] = last[2];
		last[2] = word;
		count++;
	}
	if (count < 6 || r->media || r->s->origin.len)
		return ERR_SYNTAX;
	r->s->origin = last[2];
	r->s->origin_is_addr = str_eq(sip_lex_text(r->bytes, last[0]), STR("IN")) &&
		decode_literal(sip_lex_text(r->bytes, last[1]), sip_lex_text(r->bytes, last[2]),
			&r->s->origin_addr);
	return 0;
}

static bool has_part(struct str proto, struct str part)
{
	while (proto.p) {
		if (str_eqi(str_split(&proto, '/'), part))
			return true;
	}
	return false;
}

/* By the names registered for <proto> (RFC 8866 8.2.2 and those who came later). */
static enum sdp_transport transport_of(struct str proto)
{
	struct str rest = proto, first = str_split(&rest, '/');

	if (has_part(proto, STR("TCP")))
		return SDP_TCP;
	if (str_eqi(first, STR("RTP")) || str_eqi(first, STR("UDP")) ||
	    str_eqi(first, STR("udptl")) || str_eqi(proto, STR("DTLS/SCTP")))
		return SDP_UDP;
	return SDP_OTHER_TRANSPORT;
}

/* <port>[/<number of ports>]; RTP takes two of each, the second for RTCP. */
static int decode_ports(struct sip_lex *l, struct sdp_media *m)
{
	struct sip_span word = next_word(l);
	struct str rest = sip_lex_text(l->bytes, word), text = str_split(&rest, '/');
	uint32_t port, count = 1, each = m->is_rtp ? 2 : 1;
	int err = str_u32(text, 0, 65535, &port);

	if (!err && rest.p)
		err = str_u32(rest, 1, 65535, &count);
	if (err)
		return err;
	if (count > 1 && port + count * each > 65536)
		return ERR_RANGE;
	m->port = (struct sip_span){word.at, (uint32_t)text.len};
	m->port_number = (uint16_t)port;
	m->count = (uint16_t)count;
	return 0;
}

/* <media> <port> <proto> <fmt> ... (RFC 8866 5.14) */
static int read_media(struct reading *r, struct sip_lex *l)
{
	struct sdp_media m = {.line = {l->at - 2, l->end - l->at + 2}};
	struct sip_lex ports;
	struct str kind = next_text(l), proto;
	int err;

	if (r->s->media_count == SDP_MEDIA_MAX)
		return ERR_FULL;
	ports = *l;
	next_word(l);
	proto = next_text(l);
	if (kind.len == 0 || proto.len == 0)
		return ERR_SYNTAX;
	m.transport = transport_of(proto);
	m.is_rtp = has_part(proto, STR("RTP"));
	m.formats = (struct sip_span){l->at, l->end - l->at};
	err = decode_ports(&ports, &m);
	if (err)
		return err;
	r->sections[r->s->media_count] = (struct section){.ice = false};
	r->media = &r->s->media[r->s->media_count++];
	*r->media = m;
	return 0;
}

/* <port> [<nettype> <addrtype> <address>] (RFC 3605 2.1) */
static int read_rtcp(struct reading *r, struct sip_lex *l)
{
	struct sip_span word = next_word(l);
	struct sip_lex more = *l;
	uint32_t port;
	int err = str_u32(sip_lex_text(l->bytes, word), 0, 65535, &port);

	if (!err && r->media->rtcp_port.len)
		err = ERR_SYNTAX;
	if (!err && next_word(&more).len > 0)
		err = decode_connection(l, &r->media->rtcp_connection);
	if (err)
		return err;
	r->media->rtcp_port = word;
	r->media->rtcp_port_number = (uint16_t)port;
	return 0;
}

static int read_group(struct reading *r, struct sip_lex *l)
{
	if (!str_eq(next_text(l), STR("BUNDLE")))
		return 0;
	if (r->bundle_count == SDP_BUNDLES_MAX)
		return ERR_FULL;
	r->bundles[r->bundle_count++] = (struct sip_span){l->at, l->end - l->at};
	return 0;
}

static bool read_section(struct section *section, struct str name)
{
	if (str_eq(name, STR("inactive")) || str_eq(name, STR("sendonly")) ||
	    str_eq(name, STR("recvonly")))
		section->direction = DIRECTION_HELD;
	else if (str_eq(name, STR("sendrecv")))
		section->direction = DIRECTION_OPEN;
	else if (str_eq(name, STR("candidate")) || str_eq(name, STR("ice-ufrag")))
		section->ice = true;
	else
		return false;
	return true;
}

static int read_attribute(struct reading *r, struct sip_lex *l)
{
	struct section *section = &r->session;
	struct str rest = str_sub(l->bytes, l->at, l->end - l->at), name = str_split(&rest, ':');

	if (r->media)
		section = &r->sections[r->s->media_count - 1];
	l->at += (uint32_t)name.len + (rest.p != NULL);
	if (read_section(section, name))
		return 0;
	if (!r->media)
		return str_eq(name, STR("group")) ? read_group(r, l) : 0;
	if (str_eq(name, STR("rtcp")))
		return read_rtcp(r, l);
	if (str_eq(name, STR("rtcp-mux")) || str_eq(name, STR("rtcp-mux-only")))
		r->media->rtcp_mux = true;
	else if (str_eq(name, STR("mid")))
		section->mid = next_word(l);
	return 0;
}

static int read_line(struct reading *r, struct sip_lex *l)
{
	char type = l->bytes.p[l->at];

	if (l->end - l->at < 2 || l->bytes.p[l->at + 1] != '=' || !sip_lex_is_alpha(type))
		return ERR_SYNTAX;
	l->at += 2;
	if (r->versioned == (type == 'v'))
		return ERR_SYNTAX;
	switch (type) {
	case 'v':
		r->versioned = str_eq(next_text(l), STR("0"));
		return r->versioned ? 0 : ERR_SYNTAX;
	case 'o':
		return read_origin(r, l);
	case 'c':
		return read_connection(r, l);
	case 'm':
		return read_media(r, l);
	case 'a':
		return read_attribute(r, l);
	}
	return 0;
}

/* The number of the group that names mid, from 1 on. */
static uint8_t bundle_of(const struct reading *r, struct sip_span mid)
{
	struct str text = sip_lex_text(r->bytes, mid);

	for (uint8_t i = 0; i < r->bundle_count && mid.len; i++) {
		struct sip_lex l = sip_lex_from(r->bytes, r->bundles[i]);
		for (struct str word = next_text(&l); word.len; word = next_text(&l)) {
			if (str_eq(word, text))
				return (uint8_t)(i + 1);
		}
	}
	return 0;
}

static void conclude(struct reading *r, uint32_t end)
{
	for (uint16_t i = r->s->media_count; i-- > 0;) {
		const struct section *own = &r->sections[i];
		struct sdp_media *m = &r->s->media[i];
		enum direction d = own->direction ? own->direction : r->session.direction;

		m->inactive = d == DIRECTION_HELD;
		m->has_ice = own->ice || r->session.ice;
		m->bundle = bundle_of(r, own->mid);
		m->lines.at = m->line.at + m->line.len;
		m->lines.len = end - m->lines.at;
		end = m->line.at;
	}
}

int sdp_decode(const struct sip_message *m, struct sip_span at, struct sdp *out)
{
	struct sdp s = {.media_count = 0};
	struct reading r = {.bytes = m->bytes, .s = &s};
	struct sip_lex l = sip_lex_from(m->bytes, at);

	while (l.at < l.end) {
		size_t lf = str_find((struct str){m->bytes.p, l.end}, l.at, '\n');
		struct sip_lex line = {m->bytes, l.at, (uint32_t)lf};
		int err = 0;

		if (line.end > line.at && m->bytes.p[line.end - 1] == '\r')
			line.end--;
		if (line.end > line.at)
			err = read_line(&r, &line);
		if (err)
			return err;
		l.at = (uint32_t)lf + (lf < l.end);
	}
	if (!r.versioned)
		return ERR_SYNTAX;
	conclude(&r, l.end);
	*out = s;
	return 0;
}

const struct sdp_connection *sdp_connection_of(const struct sdp *s, const struct sdp_media *media)
{
	if (media->connection.addr.len)
		return &media->connection;
	return s->connection.addr.len ? &s->connection : NULL;
}
