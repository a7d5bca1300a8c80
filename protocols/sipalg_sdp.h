/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SIP gateway does about the media of a phone's message: first the streams that want a
 * public port are listed, then, when the shell has ports for them, the descriptions are edited. A
 * stream is a place of the phone, not a line of a description: the same place has the same port
 * whatever message names it and however often (SIP-59, SIP-63).
 */
#ifndef PROTOCOLS_SIPALG_SDP_H
#define PROTOCOLS_SIPALG_SDP_H

#include "protocols/sdp.h"
#include "protocols/sip_edit.h"

#define SIPALG_STREAMS_MAX 8	/* places of one message; with more it is passed unchanged */
#define SIPALG_PORTS_MAX 32	/* ports of one message: two pairs for each,
	as layered codecs take */
#define SIPALG_PORT_MIN 1024	/* media below is no media, and nobody's to open (SIP-78) */

struct sipalg_stream {
	uint16_t port;			/* of the phone */
	uint16_t count;			/* ports from there on that want an equal run outside */
	bool pair;			/* RTP at port, RTCP at the next: even and odd (SIP-55) */
	uint16_t external;		/* filled in by the shell; 0: refused, the line is left */
};
struct sipalg_streams {
	uint16_t count;
	struct sipalg_stream at[SIPALG_STREAMS_MAX];
};

/* Of all descriptions of a message the phone sent from lan. None are wanted by what is held by ICE,
 * refused (port 0), not over UDP, or not at lan (SIP-52, SIP-54, SIP-60, SIP-85). ERR_FULL (too
 * many streams or ports) and what sdp_decode() says: nothing is to be opened or changed. */
int sipalg_sdp_streams(const struct sip_message *m, const struct addr *lan,
	struct sipalg_streams *out);
/* Names wan and the external ports where the streams' own stood, and wan for lan in c= and o= of a
 * description that has such a stream. Call sip_edit_length() afterwards. */
int sipalg_sdp_edit(const struct sip_message *m, const struct addr *lan,
	const struct sipalg_streams *streams, const struct addr *wan, struct sip_edits *edits);
/* The hosts that a message of the peer names for media, of a=rtcp too, each once: those who may
 * send (SIP-72). More than max are not told. */
size_t sipalg_sdp_peers(const struct sip_message *m, struct addr *out, size_t max);
/* Of a message to the phone: media at wan and a port behind which is another phone of this LAN
 * leads to that phone itself, RTCP too (SIP-65). Media that would be torn apart is left as it is:
 * ports that lead to several places, and all that share a c= when one of them has to stay there.
 * o= stays: it leads nowhere, and has to be the same for the whole session (SIP-53). find tells the
 * phone's place behind a port of ours; false: there is none. No edits: it names nobody here, or
 * cannot be read. Call sip_edit_length() afterwards. */
typedef bool sipalg_place_fn(void *arg, uint16_t external, struct endpoint *lan);
struct sipalg_places {
	sipalg_place_fn *find;
	void *arg;
};
void sipalg_sdp_back(const struct sip_message *m, const struct addr *wan,
	const struct sipalg_places *places, struct sip_edits *edits);

#endif
