/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSDP (UDA 1.1 section 1): searches in; search replies and NOTIFY out, one datagram per target.
 * Sockets, delays, repetition, rate limits and who may ask are the business of serve_ssdp.
 *
 * A target is one of the 3 + 2d + k things an IGD advertises: upnp:rootdevice, the UDN and the
 * type of each of the three devices, the type of each service of the view.
 */
#ifndef PROTOCOLS_SSDP_H
#define PROTOCOLS_SSDP_H

#include "protocols/igd_table.h"
#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SSDP_PORT 1900
#define SSDP_GROUP4 "239.255.255.250"
#define SSDP_DATAGRAM_MAX 1500	/* longer searches are dropped; no reply of ours is longer */
#define SSDP_MX_MAX 5		/* UDA 1.1 section 1.3.3: more counts as this */
#define SSDP_MAX_AGE_S 1800
#define SSDP_TARGETS (1 + 2 * IGD_DEVICES + IGD_SERVICES)	/* bits of a mask of targets */

struct ssdp_search {
	struct str st;		/* slice of the datagram, not yet known to be any target */
	bool has_mx;		/* a search by multicast without it gets silence */
	uint32_t mx_s;		/* 0..SSDP_MX_MAX */
};

/* ERR_IGNORE: some other message (NOTIFY, replies). ERR_SYNTAX, ERR_RANGE, ERR_FULL: rubbish.
 * MAN may lack its quotes and the head its empty line, for libplum. */
int ssdp_decode(const void *bytes, size_t len, struct ssdp_search *out);

struct ssdp_notify {
	struct str nt;		/* slice of the datagram: what it is about */
};
/* An announcement that something is there (NTS ssdp:alive). ERR_IGNORE: some other message. */
int ssdp_decode_alive(const void *bytes, size_t len, struct ssdp_notify *out);

/* What an answer is made of. All text is ours and free of line ends. */
struct ssdp_self {
	enum igd_view view;
	struct igd_uuid uuid;
	struct str location;	/* of this view's description, by the address asked */
	struct str server;	/* "OS/version UPnP/1.1 product/version" */
	struct str date;	/* RFC 9110 section 5.6.7; empty while the clock is not set */
	uint32_t bootid;	/* 31 bits, rises at each start and address change */
	uint32_t configid;	/* igd_desc_config_id of this view */
};

/* Bit per target that has to answer; 0: silence. An older version than ours matches, a newer
 * does not. */
uint32_t ssdp_match(struct str st, enum igd_view view, const struct igd_uuid *uuid);
/* Bit per target of the view: what to announce. */
uint32_t ssdp_targets(enum igd_view view);

/* st is the search's, and matched this target. */
void ssdp_encode_reply(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str st);
/* host is the group with its port, as it stands in HOST: "239.255.255.250:1900". */
void ssdp_encode_alive(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str host);
void ssdp_encode_byebye(struct writer *w, const struct ssdp_self *self, unsigned target,
	struct str host);

#endif
