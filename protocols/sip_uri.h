/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names hosts in SIP: URIs (RFC 3261 section 19.1), the addresses of Contact, Route, From and
 * the like (20.10), and Via (20.42), each with the places of its host and its port. Whatever could
 * be read in two ways is refused.
 */
#ifndef PROTOCOLS_SIP_URI_H
#define PROTOCOLS_SIP_URI_H

#include "protocols/addr.h"
#include "protocols/sip_lex.h"

/* host[:port] as it stands. */
struct sip_hostport {
	struct sip_span host;		/* with the brackets of an IPv6 reference */
	struct sip_span port;		/* the digits; absent: the default of the scheme */
	bool is_addr;			/* host is a literal, and no IPv4-mapped one: */
	struct addr addr;
	uint16_t port_number;		/* 0: absent */
};
struct sip_uri {
	struct sip_span whole;
	bool is_sip, is_sips;		/* neither: tel:, mailto: ...; nothing else is set */
	struct sip_span user;		/* without password */
	struct sip_hostport where;
	struct sip_span params;		/* from the first ';' to the '?' */
};
/* One element of Contact, Route, Record-Route, Path, Service-Route, or the one of From or To. */
struct sip_address {
	struct sip_span whole;		/* the element between commas, without blanks around it */
	bool star;			/* Contact: *; nothing else is set */
	struct sip_uri uri;
	struct sip_span params;		/* of the header, from the first ';' behind the URI */
};
struct sip_via {
	struct sip_span whole;
	struct sip_span transport;
	struct sip_hostport sent_by;
	struct sip_span params;
};

/* ERR_SYNTAX; ERR_RANGE: its port. */
int sip_uri_decode(struct str bytes, struct sip_span whole, struct sip_uri *out);
/* The element at l, up to a comma (of a list) or the end, where l then stands. */
int sip_uri_next_address(struct sip_lex *l, bool is_list, struct sip_address *out);
int sip_uri_next_via(struct sip_lex *l, struct sip_via *out);

#endif
