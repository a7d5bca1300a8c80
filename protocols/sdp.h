/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session descriptions (RFC 8866) as places in the bytes of a SIP body: connection addresses, media
 * lines, a=rtcp (RFC 3605), rtcp-mux (RFC 5761), BUNDLE (RFC 9143) and ICE (RFC 8839) as far as a
 * gateway has to know them. All else is passed by.
 */
#ifndef PROTOCOLS_SDP_H
#define PROTOCOLS_SDP_H

#include "protocols/sip.h"

#define SDP_MEDIA_MAX 16	/* m-lines read; a description with more is passed unchanged */
#define SDP_BUNDLES_MAX 8	/* groups of them: half, as a group of one is none */

struct sdp_connection {
	struct sip_span addr;		/* the address as text, without /ttl; absent: no c= here */
	bool is_addr;			/* a unicast literal of its address type: */
	struct addr value;
	bool multicast;			/* or with /ttl, or several c= that stand for layers */
};

enum sdp_transport { SDP_UDP, SDP_TCP, SDP_OTHER_TRANSPORT };

struct sdp_media {
	struct sip_span line;		/* of its m=, without the end of line */
	struct sip_span port;		/* the digits */
	uint16_t port_number;		/* 0: refused */
	uint16_t count;			/* ports (RTP pairs), 1 without "/n" */
	enum sdp_transport transport;	/* by its profile */
	bool is_rtp;			/* RTP/..., so RTCP goes with it */
	struct sdp_connection connection;	/* its own */
	struct sip_span rtcp_port;	/* a=rtcp: */
	uint16_t rtcp_port_number;	/* 0: absent */
	struct sdp_connection rtcp_connection;	/* of a=rtcp */
	bool rtcp_mux;
	bool has_ice;			/* candidates, or an ice-ufrag here or for the session */
	bool inactive;			/* a=inactive, sendonly or recvonly, of the session too */
	uint8_t bundle;			/* media of one bundle group have one number; 0: none */
	struct sip_span formats;	/* the <fmt>s at the end of its m=, blanks and all */
	struct sip_span lines;		/* those below its m=, up to the next */
};

struct sdp {
	struct sip_span origin;		/* the address of o= */
	bool origin_is_addr;
	struct addr origin_addr;
	struct sdp_connection connection;	/* of the session */
	uint16_t media_count;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/* The description within m.body (or a part of a multipart body, SIP-50) at this span. ERR_SYNTAX,
 * ERR_RANGE (a port), ERR_FULL (too many m-lines or groups): to be passed unchanged. */
int sdp_decode(const struct sip_message *m, struct sip_span at, struct sdp *out);
/* The connection that holds for a media line: its own, else the session's; NULL: none. */
const struct sdp_connection *sdp_connection_of(const struct sdp *s, const struct sdp_media *media);

#endif
